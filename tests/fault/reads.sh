#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# reads.sh - inputs of each kind that cannot be read, or not to their end
. tests/lib.sh
. tests/fault/lib.sh

log=tests/data/iis-w3c/relay.log
cp tests/fuzz/corpus/capture/netmon23 "$TMP/in.cap"
cp tests/fuzz/corpus/capture/pcapng "$TMP/in.pcapng"
cp tests/fuzz/corpus/capture/snoop "$TMP/in.snoop"
cp tests/fuzz/corpus/capture/erf "$TMP/in.erf"
tar -cf "$TMP/in.tar" "$capture" "$log" || exit 1
tar -czf "$TMP/in.tgz" "$capture" "$log" || exit 1
gzip -c "$capture" >"$TMP/in.gz" || exit 1
python3 - "$TMP/in.zip" "$capture" "$log" <<'END' || exit 1
import sys
import zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
    for name in sys.argv[2:]:
        z.write(name)
END
"$SMTPWIRE" read -q -f jsonl "$log" >"$TMP/in.jsonl" || exit 1
mkdir "$TMP/folder" "$TMP/tmp"
cp "$log" "$TMP/folder/in.log"
export TMPDIR="$TMP/tmp"

# told NAME STATUS: what could not be read is named
told()
{
	if [ "$2" -gt 3 ] || [ "$2" = 2 ]; then
		fail "$1" "status $2; $(tail -n 1 "$TMP/err")"
	elif ! grep -q "$base.*Input/output error" "$TMP/err"; then
		fail "$1" "nothing said: $(head -n 1 "$TMP/err")"
	else
		ok "$1"
	fi
}

# at_each NAME COMMAND...: the reads of $base fail, from each of some on, or
# end there
at_each()
{
	of=$1
	shift
	faulty "read:1000000:EIO:$base" "$@" >"$TMP/out" 2>"$TMP/err"
	last=$(cat "$TMP/count")
	step=$(((last + 3) / 4))
	k=1
	while [ $k -le "$last" ]; do
		status=0
		faulty "read:$k:EIO:$base" "$@" >"$TMP/out" 2>"$TMP/err" ||
			status=$?
		told "$of-unreadable-$k" $status
		status=0
		faulty "read:$k:cut:$base" "$@" >"$TMP/out" 2>"$TMP/err" ||
			status=$?
		case $status in
		[013]) ok "$of-cut-$k" ;;
		*) fail "$of-cut-$k" "status $status" ;;
		esac
		[ $status != 3 ] || has "$of-cut-$k-named" "$base: " "$TMP/err"
		k=$((k + step))
	done
}

for input in "$capture" "$log" "$TMP"/in.*; do
	base=${input##*/}
	"$SMTPWIRE" read -q -f jsonl "$input" >"$TMP/want" || exit 1
	for what in short EINTR; do
		exits "$base-$what" 0 faulty "read:1:$what:$base" \
			"$SMTPWIRE" read -q -f jsonl "$input"
		is "$base-$what-same" '' "$(cmp "$TMP/want" "$TMP/out" 2>&1)"
	done
	exits "$base-first" 3 faulty "read:1:EIO:$base" "$SMTPWIRE" read \
		-q -o "$TMP/new" "$input"
	has "$base-first-told" "$base.*Input/output error" "$TMP/err"
	is "$base-first-nothing" no "$([ -e "$TMP/new" ] || echo no)"
	at_each "$base" "$SMTPWIRE" read -f jsonl "$input"
done
base=in.log
at_each folder "$SMTPWIRE" read "$TMP/folder"
base=relay.log
at_each check-left "$SMTPWIRE" check "$log" --vs "$log" "$capture"

# A pipe: what it is called in /proc ends so.
base=]
for input in "$capture" "$TMP/in.tgz" "$log"; do
	of=pipe-${input##*/}
	"$SMTPWIRE" read -q -f jsonl - <"$input" >"$TMP/want"
	for what in short EINTR; do
		# shellcheck disable=SC2002 # a pipe, and no file
		cat "$input" | faulty "read:1:$what:]" "$SMTPWIRE" read -q \
			-f jsonl - >"$TMP/got"
		is "$of-$what" '' "$(cmp "$TMP/want" "$TMP/got" 2>&1)"
	done
	for k in 1 2; do
		status=0
		# shellcheck disable=SC2002 # a pipe, and no file
		cat "$input" | faulty "read:$k:EIO:]" "$SMTPWIRE" read - \
			>"$TMP/out" 2>"$TMP/err" || status=$?
		[ "$(cat "$TMP/count")" -ge $k ] || continue
		has "$of-$k-told" '^smtpwire: .*-: .*Input/output error' \
			"$TMP/err"
	done
done
is no-temporary '' "$(ls -A "$TMP/tmp")"
