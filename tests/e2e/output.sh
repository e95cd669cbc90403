#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# output.sh - where output goes, and what happens when it cannot
. tests/lib.sh

"$SMTPWIRE" read -q "$capture" >"$TMP/plain"

exits file 0 "$SMTPWIRE" read -q -o "$TMP/o.txt" "$capture"
is file-same '' "$(cmp "$TMP/plain" "$TMP/o.txt" 2>&1)"
is file-not-stdout '' "$(cat "$TMP/out")"
exits file-anew 0 "$SMTPWIRE" read -q -o "$TMP/o.txt" "$capture"
is file-anew-same '' "$(cmp "$TMP/plain" "$TMP/o.txt" 2>&1)"
exits dash 0 "$SMTPWIRE" read -q -o - "$capture"
is dash-same '' "$(cmp "$TMP/plain" "$TMP/out" 2>&1)"
exits stdout-device 0 "$SMTPWIRE" read -q -o /dev/stdout "$capture"
is stdout-device-same '' "$(cmp "$TMP/plain" "$TMP/out" 2>&1)"
exits null-device 0 "$SMTPWIRE" read -q -o /dev/null "$capture"

# "-" is standard output for frames and mailbox, too, if the sessions are not
# told there.
for o in -w --mbox; do
	for to in '' '-o -'; do
		# shellcheck disable=SC2086 # no words or two
		exits "dash$o$to" 2 "$SMTPWIRE" read "$o" - $to "$capture"
		has "dash$o$to-told" "$o -: the sessions are told there" \
			"$TMP/err"
	done
	exits "dash$o-live" 2 "$SMTPWIRE" live -i lo "$o" -
	"$SMTPWIRE" read -q -o /dev/null "$o" "$TMP/dash" "$capture"
	exits "dash$o-file" 0 "$SMTPWIRE" read -q -o /dev/null "$o" - \
		"$capture"
	is "dash$o-file-same" '' "$(cmp "$TMP/dash" "$TMP/out" 2>&1)"
	"$SMTPWIRE" read -q -o /dev/null "$o" - "$capture" | cat >"$TMP/out"
	is "dash$o-pipe-same" '' "$(cmp "$TMP/dash" "$TMP/out" 2>&1)"
	is "dash$o-none" no "$([ -e ./- ] && echo yes || echo no)"
done

# Of a variable that is not set an empty name is left: that is no folder.
for o in -o -w --eml --mbox --account; do
	exits "empty$o" 2 "$SMTPWIRE" read "$o" '' "$capture"
	has "empty$o-told" "^smtpwire read: $o: the name is empty\$" "$TMP/err"
done
exits empty-check 2 "$SMTPWIRE" check -o '' "$capture" "$capture"
exits empty-live 2 "$SMTPWIRE" live -q -i lo --eml ''

# Two outputs are not one file, nor is one an input, whatever they are called.
cp "$capture" "$TMP/in.pcap"
ln -s in.pcap "$TMP/in.link"
ln "$TMP/in.pcap" "$TMP/in.hard"
# one_file NAME OPTIONS... INPUT: refused, and nothing is written
one_file()
{
	of=$1
	shift
	exits "one-file-$of" 2 "$SMTPWIRE" "$@"
	has "one-file-$of-told" 'they are one file\|it is the input' "$TMP/err"
	is "one-file-$of-none" "" "$(find "$TMP" -name one -o -name one.part)"
}
one_file mbox read -q -o "$TMP/one" --mbox "$TMP/one" "$capture"
has one-file-both "^smtpwire read: -o $TMP/one, --mbox $TMP/one: " "$TMP/err"
one_file account read -q -o "$TMP/one" --account "$TMP/./one" "$capture"
one_file frames read -q -w "$TMP/one" --mbox "$TMP/../${TMP##*/}/one" \
	-o /dev/null "$capture"
one_file eml read -q --eml "$TMP/one/" -o "$TMP/one" "$capture"
one_file live live -q -i lo -o "$TMP/one" --account "$TMP/one"
one_file live-log live -q -i lo -o "$TMP/one" --check "$TMP/one"
one_file there read -q -o "$TMP/in.link" --mbox "$TMP/in.hard" "$capture"
one_file input read -q -w "$TMP/in.pcap" "$TMP/in.pcap"
one_file input-link read -q -o "$TMP/in.link" "$capture" "$TMP/in.pcap"
one_file check check -q -o "$TMP/in.pcap" "$capture" "$TMP/in.pcap"
is one-file-input-same '' "$(cmp "$capture" "$TMP/in.pcap" 2>&1)"
exits one-file-device 0 "$SMTPWIRE" read -q -o /dev/null -w /dev/null \
	--mbox /dev/null --account /dev/null "$capture"
exits one-file-stdout 0 "$SMTPWIRE" read -q --mbox /dev/stdout \
	-o /dev/null --account /dev/stdout "$capture"
exits one-file-each 0 "$SMTPWIRE" read -q -w "$TMP/two.w" -o "$TMP/two.o" \
	--mbox "$TMP/two.mbox" --account "$TMP/two.account" "$TMP/in.pcap"

if timeout -s INT 1 "$SMTPWIRE" live -q -i lo -o /dev/null 2>"$TMP/err" ||
	[ ! -s "$TMP/err" ]; then
	timeout -s INT 2 "$SMTPWIRE" live -q -i lo -w - -o /dev/null \
		2>"$TMP/err" | cat >"$TMP/out"
	is dash-live-user '' "$(cat "$TMP/err")"
	is dash-live 28 "$(head -c 28 "$TMP/out" | wc -c)"
else
	skip dash-live "nothing can be captured here"
fi

ln -s o.txt "$TMP/link"
chmod 640 "$TMP/o.txt"
exits link 0 "$SMTPWIRE" read -q -f jsonl -o "$TMP/link" "$capture"
is link-stays yes "$([ -L "$TMP/link" ] && echo yes)"
has link-followed '^{"transcript":1' "$TMP/o.txt"
is mode-stays 640 "$(stat -c %a "$TMP/o.txt")"

mkfifo "$TMP/fifo"
timeout 600 cat "$TMP/fifo" >"$TMP/through" &
exits fifo 0 "$SMTPWIRE" read -q -o "$TMP/fifo" "$capture"
wait
is fifo-same '' "$(cmp "$TMP/plain" "$TMP/through" 2>&1)"

# Nothing could be read: what was there before stays.
echo before >"$TMP/kept"
exits kept 3 "$SMTPWIRE" read -q -o "$TMP/kept" "$TMP/absent.pcap"
is kept-content before "$(cat "$TMP/kept")"

exits no-folder 4 "$SMTPWIRE" read -o "$TMP/absent/o.txt" "$capture"
has no-folder-named 'absent/o.txt.*No such file' "$TMP/err"
exits eml-no-folder 4 "$SMTPWIRE" read --eml "$TMP/absent/eml" "$capture"
exits account 0 "$SMTPWIRE" read -q --account "$TMP/a.json" "$capture"
has account-json '^{' "$TMP/a.json"
is account-parses '' "$(python3 -m json.tool "$TMP/a.json" 2>&1 >/dev/null)"
# It counts the lines that were cut, of either side.
python3 tests/cases/build.py tests/cases/d-overlong-lines.case -o "$TMP" \
	>/dev/null
exits account-cut 0 "$SMTPWIRE" read -q --account "$TMP/a.json" \
	"$TMP/d-overlong-lines.pcap"
has account-lines-cut '"limit_lines_cut":3' "$TMP/a.json"
# A link to standard output, as /dev/stdout is one, is written through.
ln -s /proc/self/fd/1 "$TMP/stdout"
"$SMTPWIRE" read -q -f jsonl --account "$TMP/stdout" "$capture" |
	cat >"$TMP/piped"
"$SMTPWIRE" read -q -f jsonl --account "$TMP/stdout" "$capture" >"$TMP/direct"
is account-link yes "$([ -L "$TMP/stdout" ] && echo yes)"
has account-piped '^{"account":1' "$TMP/piped"
is account-behind 2 "$(grep -c '^{"transcript":1' "$TMP/piped")"
is account-direct yes "$(cmp -s "$TMP/piped" "$TMP/direct" && echo yes)"
ln -s "$TMP/nothing" "$TMP/dangling"
exits account-dangling 4 "$SMTPWIRE" read -q --account "$TMP/dangling" \
	"$capture"
is account-dangling-link yes "$([ -L "$TMP/dangling" ] && echo yes)"
exits account-no-folder 4 "$SMTPWIRE" read -q --account "$TMP/absent/a" \
	"$capture"

exits eml 0 "$SMTPWIRE" read -q --eml "$TMP/eml" "$capture"
is eml-files yes "$(ls "$TMP"/eml/*.eml >/dev/null && echo yes)"
is eml-private 700 "$(stat -c %a "$TMP/eml")"

# A folder that has the name of a message is told as one.
for f in "$TMP"/eml/*.eml; do
	mkdir -p "$TMP/taken/${f##*/}"
done
exits eml-folder 4 "$SMTPWIRE" read -q --eml "$TMP/taken" "$capture"
has eml-folder-told "taken/.*eml: Is a directory" "$TMP/err"

# A full disk: /dev/full, and files that may grow to 0 octets.
exits full 4 "$SMTPWIRE" read -o /dev/full "$capture"
has full-told 'No space left' "$TMP/err"
exits full-stdout 4 sh -c "'$SMTPWIRE' read '$capture' >/dev/full"
exits full-help 4 sh -c "'$SMTPWIRE' read --help >/dev/full"
exits full-formats 4 sh -c "'$SMTPWIRE' formats >/dev/full"
exits full-explain 4 sh -c "'$SMTPWIRE' explain 250 >/dev/full"
exits full-account 4 "$SMTPWIRE" read -q --account /dev/full "$capture"
echo before >"$TMP/small"
status=0
(
	ulimit -f 0
	exec "$SMTPWIRE" read -q -o "$TMP/small" "$capture"
) 2>/dev/null || status=$?
is limit 4 $status
is limit-nothing-half before "$(cat "$TMP/small")"
# limited_frames NAME OPTION...: the frames of -w on a full disk
limited_frames()
{
	of=$1
	shift
	echo before >"$TMP/small.pcapng"
	status=0
	(
		ulimit -f 0
		exec "$SMTPWIRE" read -q -w "$TMP/small.pcapng" "$@" \
			"$capture"
	) >/dev/null 2>&1 || status=$?
	is "$of" 4 $status
	is "$of-nothing-half" before "$(cat "$TMP/small.pcapng")"
}
limited_frames limit-frames
limited_frames limit-frames-rotated --rotate-size 2K
status=0
(
	ulimit -f 0
	exec "$SMTPWIRE" read -q --eml "$TMP/limited" "$capture"
) >/dev/null 2>&1 || status=$?
is limit-eml 4 $status
is limit-eml-nothing-half '' "$(find "$TMP/limited" -type f)"
is no-parts '' "$(find "$TMP" -name '*.part')"

# A file system that is really full, where we may make one.
mkdir "$TMP/disk"
if mount -t tmpfs -o size=16k tmpfs "$TMP/disk" 2>/dev/null; then
	head -c 16384 /dev/zero >"$TMP/disk/filler" 2>/dev/null
	exits disk 4 "$SMTPWIRE" read -q -o "$TMP/disk/o.txt" "$capture"
	is disk-nothing-half filler "$(ls "$TMP/disk")"
	exits disk-frames 4 "$SMTPWIRE" read -q -w "$TMP/disk/f.pcapng" \
		"$capture"
	is disk-frames-nothing-half filler "$(ls "$TMP/disk")"
	# Room for what is there, but not for what would replace it.
	"$SMTPWIRE" read -q -w "$TMP/before.pcapng" "$capture" >/dev/null
	head -c 8000 /dev/zero >"$TMP/disk/filler"
	cp "$TMP/before.pcapng" "$TMP/disk/f.pcapng"
	exits disk-selected 4 "$SMTPWIRE" read -q -w "$TMP/disk/f.pcapng" \
		--host 192 "$capture"
	is disk-selected-stays '' "$(cmp "$TMP/before.pcapng" \
		"$TMP/disk/f.pcapng" 2>&1)"
	umount "$TMP/disk"
else
	skip disk 'no file system can be mounted here'
fi

exits closed 4 sh -c "'$SMTPWIRE' read -q '$capture' >&-"

# Mail is for who reads the capture, whatever the umask.
mkdir "$TMP/own"
(umask 0 && "$SMTPWIRE" read -q --eml "$TMP/own" --mbox "$TMP/own/mbox" \
	"$capture" >/dev/null)
is own-only 600 "$(stat -c %a "$TMP"/own/* | sort -u)"

# A message and the account are written as a whole each, not octet by octet,
# since others write to the same place (tcpdump, in a pipe).
python3 - "$SMTPWIRE" "$capture" >"$TMP/result" <<'END'
import socket
import subprocess
import sys

ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
subprocess.run([sys.argv[1], "read", sys.argv[2], "no-such-file"],
               stdout=subprocess.DEVNULL, stderr=theirs, check=False)
theirs.close()
print(*[m.split(maxsplit=1)[0].decode()
        for m in iter(lambda: ours.recv(65536), b"")])
END
is whole-messages 'smtpwire: account:' "$(cat "$TMP/result")"
