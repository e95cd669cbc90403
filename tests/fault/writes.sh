#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# writes.sh - each output, when a write of it fails: the status is 4, the
# output is named, and no file under its final name is half of one
. tests/lib.sh
. tests/fault/lib.sh

log=tests/data/iis-w3c/relay.log
whole=$TMP/whole
new=$TMP/new
mkdir "$whole" "$new" "$TMP/tmp"
export TMPDIR="$TMP/tmp"

# each file in $new is, octet for octet, one of $whole
check_files()
{
	for f in "$new"/* "$new"/.[!.]*; do
		[ -e "$f" ] || continue
		cmp -s "$f" "$whole/${f##*/}" && continue
		fail "$1" "${f##*/} is no whole file"
		return
	done
	ok "$1"
}

# fails NAME OUTPUT COMMAND...: from each of its writes on, some of them if
# they are many
fails()
{
	of=$1
	output=$2
	shift 2
	rm -rf "${whole:?}"/* "${new:?}"/*
	faulty write:1000000:EIO "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	mv "$new"/* "$whole"/ 2>"$TMP/err2"
	last=$(cat "$TMP/count")
	is "$of-writes" yes "$([ "$last" -gt 0 ] && echo yes)"
	step=$(((last + 2) / 3))
	for what in ENOSPC EIO; do
		k=1
		while [ $k -le "$last" ]; do
			exits "$of-$what-$k" 4 faulty "write:$k:$what" "$@"
			has "$of-$what-$k-told" "^smtpwire: .*$output" \
				"$TMP/err"
			check_files "$of-$what-$k-whole"
			rm -rf "${new:?}"/*
			k=$((k + step))
		done
	done
	exits "$of-EINTR" "$status_right" faulty write:1:EINTR "$@"
	is "$of-EINTR-same" '' "$(diff -r "$whole" "$new" 2>&1)"
	rm -rf "${new:?}"/*
	exits "$of-short" "$status_right" faulty write:1:short "$@"
	is "$of-short-same" '' "$(diff -r "$whole" "$new" 2>&1)"
	rm -rf "${new:?}"/*
}

# ends NAME COMMAND...: nobody reads any more, which is no failure
ends()
{
	of=$1
	shift
	rm -rf "${new:?}"/*
	exits "$of-pipe" 0 faulty write:1:EPIPE "$@"
	is "$of-pipe-quiet" '' "$(cat "$TMP/err")"
}

set -- "$SMTPWIRE" read -q --threads 1
status_right=0
for form in text jsonl html; do
	fails "o-$form" o "$@" -f $form -o "$new/o" "$capture"
	fails "stdout-$form" 'standard output' "$@" -f $form "$capture"
	ends "stdout-$form" "$@" -f $form "$capture"
done
fails account account "$@" -o /dev/null --account "$new/account" "$log"
fails eml '' "$@" -o /dev/null --eml "$new" "$capture"
fails mbox '/\(mbox\|null\): ' "$@" -o /dev/null --mbox "$new/mbox" \
	"$capture"
fails frames '/\(frames.*\|null\): ' "$@" -o /dev/null \
	-w "$new/frames" "$capture"
fails selected '/\(frames.*\|null\|temporary file\): ' "$@" \
	-o /dev/null -w "$new/frames" --failed "$capture"
fails rotated '/\(frames.*\|null\): ' "$@" -o /dev/null \
	-w "$new/frames" --rotate-size 2K "$capture"
fails sort '' "$@" -o "$new/o" --sort start "$capture"
fails threads '/\(mbox\|null\): ' "$SMTPWIRE" read -q --threads 2 \
	-o /dev/null --mbox "$new/mbox" "$capture"
for form in text json html; do
	status_right=0
	fails "check-$form" o "$SMTPWIRE" check -q -f $form -o "$new/o" \
		"$capture" "$capture"
	fails "check-stdout-$form" 'standard output' "$SMTPWIRE" check -q \
		-f $form "$capture" "$capture"
	ends "check-$form" "$SMTPWIRE" check -q -f $form "$capture" "$capture"
done
# These go through stdio, whose writes do not come past the preload.
python3 - "$SMTPWIRE" <<'END'
import os
import subprocess
import sys

def run(words, out):
    p = subprocess.run([sys.argv[1]] + words, stdout=out, check=False,
                       stderr=subprocess.PIPE)
    return p.returncode, p.stderr.decode()

def tell(name, good, why):
    print(f"ok {name}" if good else f"not ok {name}: {why}")

for words in (["formats"], ["explain", "550"], ["--help"], ["--version"],
              ["read", "--help"], ["live", "-D"]):
    name = "-".join(w.strip("-") for w in words)
    with open("/dev/full", "wb") as full:
        got = run(words, full)
    tell(f"{name}-full", got[0] == 4 and "standard output: " in got[1] and
         "No space" in got[1], got)
    end, out = os.pipe()
    os.close(end)
    got = run(words, out)
    os.close(out)
    tell(f"{name}-pipe", got == (0, ""), got)
END
is no-temporary '' "$(ls -A "$TMP/tmp")"
