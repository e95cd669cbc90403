#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# frames.sh - what -w keeps is read as the same sessions
. tests/lib.sh

# kept NAME FILE OPTION...
kept()
{
	name=$1
	file=$2
	shift 2
	"$SMTPWIRE" read -q -f jsonl --normal "$@" -w "$TMP/kept.pcapng" \
		"$file" >"$TMP/expected"
	"$SMTPWIRE" read -q -f jsonl --normal "$@" "$TMP/kept.pcapng" \
		>"$TMP/actual"
	is "$name" yes "$(cmp -s "$TMP/expected" "$TMP/actual" && echo yes)"
	is "$name-some" yes "$([ -s "$TMP/expected" ] && echo yes)"
}

for f in plain cooked lossy snapped starttls attempts; do
	kept "$f" "pcaps/postfix-$f.pcap" --attempts --threads 1
done
kept threads pcaps/relay-exim-postfix.pcap --threads 3
# An octet of options for the fuzzer stands in front of these.
for f in n-fragments.pcapng r-ack-first.netmon2.1 d-any-port.pcap; do
	tail -c +2 "tests/fuzz/corpus/wire/$f" >"$TMP/$f"
	kept "$f" "$TMP/$f" --any-port
done
# Comments stay with their frames.
if command -v editcap >"$TMP/out" && editcap -a 20:'Here it hung.' -a 21:odd \
	pcaps/postfix-plain.pcap "$TMP/comments.pcapng" 2>"$TMP/err"; then
	kept comments "$TMP/comments.pcapng"
	has comment 'Here it hung\.' "$TMP/actual"
	kept comments-chosen "$TMP/comments.pcapng" --host 192.0.2.10
	has comment-chosen 'Here it hung\.' "$TMP/actual"
	if command -v tshark >"$TMP/out"; then
		tshark -r "$TMP/kept.pcapng" -Y frame.comment -T fields \
			-e frame.number -e frame.comment >"$TMP/told" \
			2>"$TMP/err"
		is comments-read '20 Here it hung. 21 odd' \
			"$(tr '\n\t' '  ' <"$TMP/told" | sed 's/ $//')"
	fi
else
	skip comments "editcap is not there, or writes none"
fi

# Only what is of interest is kept.
"$SMTPWIRE" read -q -w "$TMP/none.pcapng" --ports 2525 "$capture" >"$TMP/out"
"$SMTPWIRE" read -q -w "$TMP/all.pcapng" "$capture" >"$TMP/out"
is other-ports yes "$([ "$(wc -c <"$TMP/none.pcapng")" -lt 100 ] &&
	[ "$(wc -c <"$TMP/all.pcapng")" -gt 1000 ] && echo yes)"
# shellcheck disable=SC2012 # of one file, whose name is ours
is mode -rw------- "$(ls -l "$TMP/all.pcapng" | cut -c 1-10)"
if command -v capinfos >"$TMP/out"; then
	exits capinfos 0 capinfos "$TMP/all.pcapng"
	has capinfos-frames 'Number of packets: *42' "$TMP/out"
else
	skip capinfos "it is not installed"
fi

# Rotation: the files are one traffic again.
large=pcaps/relay-exim-postfix.pcap
"$SMTPWIRE" read -q -f jsonl --normal "$large" >"$TMP/expected"
mkdir "$TMP/size" "$TMP/time" "$TMP/keep"
"$SMTPWIRE" read -q -w "$TMP/size/f" --rotate-size 10K "$large" >"$TMP/out"
is size yes "$([ "$(find "$TMP/size" -type f | wc -l)" -gt 5 ] && echo yes)"
is size-limit '' "$(find "$TMP/size" -size +30k)"
"$SMTPWIRE" read -q -f jsonl --normal "$TMP"/size/f* >"$TMP/actual"
is size-same yes "$(cmp -s "$TMP/expected" "$TMP/actual" && echo yes)"
"$SMTPWIRE" read -q -f jsonl --normal -w "$TMP/time/f" --rotate-time 1m \
	"$capture" "$large" >"$TMP/expected"
is time 2 "$(find "$TMP/time" -type f | wc -l)"
"$SMTPWIRE" read -q -f jsonl --normal "$TMP"/time/f* >"$TMP/actual"
is time-same yes "$(cmp -s "$TMP/expected" "$TMP/actual" && echo yes)"
"$SMTPWIRE" read -q -w "$TMP/keep/f" --rotate-size 10K --keep 2 "$large" \
	>"$TMP/out"
is keep 3 "$(find "$TMP/keep" -type f | wc -l)"

# What is there is overwritten, and a pipe is written as one file.
mkdir "$TMP/over"
cp "$TMP/all.pcapng" "$TMP/over/f"
"$SMTPWIRE" read -q -w "$TMP/over/f" --rotate-size 10K "$large" >"$TMP/out"
"$SMTPWIRE" read -q -f jsonl --normal "$large" >"$TMP/expected"
"$SMTPWIRE" read -q -f jsonl --normal "$TMP"/over/f* >"$TMP/actual"
is overwritten yes "$(cmp -s "$TMP/expected" "$TMP/actual" && echo yes)"
mkfifo "$TMP/pipe"
cat "$TMP/pipe" >"$TMP/piped" &
exits pipe 0 "$SMTPWIRE" read -q -w "$TMP/pipe" --rotate-size 2K "$large"
wait $!
"$SMTPWIRE" read -q -f jsonl --normal "$TMP/piped" >"$TMP/actual"
is pipe-same yes "$(cmp -s "$TMP/expected" "$TMP/actual" && echo yes)"
is pipe-stays '' "$(find "$TMP" -name 'pipe.*')"

# What others write to standard output as well is written behind theirs.
(
	echo theirs
	"$SMTPWIRE" read -q -o /dev/null -w /dev/stdout "$large"
) >"$TMP/shared"
is stdout theirs "$(head -n 1 "$TMP/shared")"
tail -n +2 "$TMP/shared" >"$TMP/behind"
"$SMTPWIRE" read -q -f jsonl --normal "$TMP/behind" >"$TMP/actual"
is stdout-same yes "$(cmp -s "$TMP/expected" "$TMP/actual" && echo yes)"

# What was there stays until all is read, and if the run is killed, what it had
# is beside it.
mkdir "$TMP/killed"
mkfifo "$TMP/endless"
echo before >"$TMP/killed/f"
"$SMTPWIRE" read -q -w "$TMP/killed/f" "$TMP/endless" >"$TMP/out" &
exec 3>"$TMP/endless"
cat "$capture" >&3
tries=0
while [ ! -s "$TMP/out" ] && [ $tries -lt 600 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
is killed-before before "$(cat "$TMP/killed/f")"
kill -9 $!
wait $! 2>"$TMP/err" || :
exec 3>&-
is killed before "$(cat "$TMP/killed/f")"
"$SMTPWIRE" read -q -f jsonl --normal "$capture" >"$TMP/expected"
"$SMTPWIRE" read -q -f jsonl --normal "$TMP"/killed/f.*.part >"$TMP/actual"
is killed-beside yes "$(cmp -s "$TMP/expected" "$TMP/actual" && echo yes)"

# Nothing could be read: what was there stays, too.
exits unread 3 "$SMTPWIRE" read -q -w "$TMP/killed/f" "$TMP/absent"
is unread-stays before "$(cat "$TMP/killed/f")"

# chosen NAME COUNT FILE OPTION...: by what was kept of the sessions that the
# options select these are told, and no others
chosen()
{
	name=$1
	count=$2
	shift 2
	"$SMTPWIRE" read -q -f jsonl --normal -w "$TMP/kept.pcapng" "$@" \
		>"$TMP/expected"
	"$SMTPWIRE" read -q -f jsonl --normal --any-port --attempts \
		"$TMP/kept.pcapng" >"$TMP/actual"
	is "$name" yes "$(cmp -s "$TMP/expected" "$TMP/actual" && echo yes)"
	is "$name-some" "$count" "$(wc -l <"$TMP/actual" | tr -d ' ')"
}

for threads in 1 3; do
	chosen "from-$threads" 3 "$large" --from alice --threads "$threads"
done
chosen one 1 "$large" --id 5c87f3b9945202df
chosen failed 2 "$large" --failed --sort start
chosen no-session 0 "$large" --from nobody
chosen two-files 4 "$large" "$capture" --until 2026-11-21T22:42:07.1Z
# Two connections of the same ports; IP's fragments are always kept.
tail -c +2 tests/fuzz/corpus/wire/r-ports-reused.pcap >"$TMP/reused.pcap"
chosen reused 1 "$TMP/reused.pcap" --any-port --id 36ddba80528c9e44
"$SMTPWIRE" read -q -w "$TMP/kept.pcapng" --any-port --id 30d31eaec7b3eabf \
	"$TMP/reused.pcap" >"$TMP/out"
is reused-first 1 "$("$SMTPWIRE" read -q -f jsonl --any-port \
	"$TMP/kept.pcapng" | wc -l | tr -d ' ')"
chosen fragments 1 "$TMP/n-fragments.pcapng" --any-port --host 192.0.2
exits chosen-no-room 4 env TMPDIR="$TMP/none" "$SMTPWIRE" read \
	-w "$TMP/kept.pcapng" --failed "$capture"
has chosen-no-room-told 'cannot make a temporary file' "$TMP/err"
exits chosen-live 2 "$SMTPWIRE" live -i lo -w "$TMP/x" --failed
has chosen-live-told 'read -w selects, from what was kept' "$TMP/err"

# More files in one second than are tried when others have their names.
if command -v python3 >"$TMP/out"; then
	python3 - >"$TMP/many.pcap" <<-'END'
		import struct, sys
		out = sys.stdout.buffer
		ip = bytes((0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2,
		            1, 192, 0, 2, 2)) + struct.pack(
		    ">HHIIBBHHH", 2000, 25, 1, 0, 0x50, 2, 100, 0, 0)
		out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535,
		                      101))
		for i in range(1100):
		    out.write(struct.pack("<IIII", 1, i, 40, 40) + ip)
	END
	mkdir "$TMP/many"
	exits many 0 "$SMTPWIRE" read -q -w "$TMP/many/f" --rotate-size 1 \
		"$TMP/many.pcap"
	is many-files 1100 "$(find "$TMP/many" -type f | wc -l)"
	exits taken 4 "$SMTPWIRE" read -q -w "$TMP/many/f" --rotate-size 1 \
		"$TMP/many.pcap"
	has taken-told 'many/f: cannot write: File exists' "$TMP/err"
else
	skip many "python3 is not installed"
fi

# What has no frames is told, once an input.
frameless='holds sessions without their frames, which are not written'
log=pcaps/postfix-plain.server.log
"$SMTPWIRE" read -q -f jsonl "$capture" >"$TMP/saved.jsonl"
for input in "$TMP/saved.jsonl" $log; do
	name=frameless-${input##*/}
	exits "$name" 0 "$SMTPWIRE" read -w "$TMP/few.pcapng" "$input" \
		"$capture"
	is "$name-told" 1 "$(grep -c "warning: $input: $frameless$" \
		"$TMP/err")"
	lacks "$name-others" "warning: $capture" "$TMP/err"
	exits "$name-unselected" 0 "$SMTPWIRE" read --rcpt no-one@ \
		-w "$TMP/few.pcapng" "$input"
	lacks "$name-unselected-none" "$frameless" "$TMP/err"
	exits "$name-unasked" 0 "$SMTPWIRE" read "$input"
	lacks "$name-unasked-none" "$frameless" "$TMP/err"
done
exits frameless-both 0 "$SMTPWIRE" read -w "$TMP/few.pcapng" $log \
	"$TMP/saved.jsonl"
is frameless-both-told 2 "$(grep -c "$frameless" "$TMP/err")"

exits no-folder 4 "$SMTPWIRE" read -w "$TMP/none/x" "$capture"
has no-folder-told 'none/x: cannot write: No such' "$TMP/err"
if [ -c /dev/full ]; then
	exits full 4 "$SMTPWIRE" read -w /dev/full "$capture"
	has full-told '/dev/full: cannot write: No space' "$TMP/err"
fi
for value in 0 x 1w -1 '' 99999999d; do
	exits "time-$value" 2 "$SMTPWIRE" read --rotate-time "$value" \
		"$capture"
done
