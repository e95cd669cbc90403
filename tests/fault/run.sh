#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh - reads and writes that fail, are cut short or interrupted
. tests/lib.sh

. tests/fault/lib.sh

log=tests/data/iis-w3c/relay.log

# same NAME FAULT: what it says of $input through the fault is what it says
# without it
same()
{
	if faulty "$2" "$SMTPWIRE" read -f jsonl -q "$input" >"$TMP/got" \
		2>"$TMP/err" && cmp -s "$TMP/want" "$TMP/got"; then
		ok "$1"
	else
		fail "$1" "$(head -n 1 "$TMP/err")"
	fi
}

gzip -c "$capture" >"$TMP/capture.gz" || exit 1
for input in "$capture" "$TMP/capture.gz" "$log"; do
	base=${input##*/}
	"$SMTPWIRE" read -f jsonl -q "$input" >"$TMP/want" || exit 1
	same "short-reads-$base" "read:1:short:$base"
	same "interrupted-reads-$base" "read:1:EINTR:$base"
	same "short-writes-$base" "write:1:short"
	same "interrupted-writes-$base" "write:1:EINTR"
	exits "unreadable-$base" 3 \
		faulty "read:1:EIO:$base" "$SMTPWIRE" read "$input"
	has "unreadable-$base-told" "$base.*Input/output error" "$TMP/err"
	faulty "read:1000000:EIO:$base" "$SMTPWIRE" read -q "$input" \
		>/dev/null
	last=$(cat "$TMP/count")
	# What was read is told, and that more could not be.
	faulty "read:$last:EIO:$base" "$SMTPWIRE" read -o "$TMP/cut" \
		"$input" 2>"$TMP/err"
	has "unreadable-at-last-$base" "$base.*Input/output error" "$TMP/err"
	rm -f "$TMP/cut"
done

# Not one file under its final name when it cannot be written.
for what in write:1:ENOSPC write:1:EIO fsync:1:EIO rename:1:ENOSPC; do
	[ "${what%%:*}" = rename ] && : >"$TMP/new.jsonl"
	exits "output-$what" 4 faulty "$what" \
		"$SMTPWIRE" read -q -f jsonl -o "$TMP/new.jsonl" "$capture"
	if [ -s "$TMP/new.jsonl" ]; then
		fail "output-$what-none" "there is a file"
	else
		ok "output-$what-none"
	fi
	is "output-$what-no-rest" "" \
		"$(find "$TMP" -name '*new.jsonl*' ! -name new.jsonl)"
	rm -f "$TMP/new.jsonl"
done

# The same for each message; the count of writes is that of a good run.
"$SMTPWIRE" read -q --eml "$TMP/mails" "$capture" >"$TMP/want" || exit 1
exits eml-short 0 faulty write:1:short \
	"$SMTPWIRE" read -q --eml "$TMP/short" "$capture"
if diff -r "$TMP/mails" "$TMP/short" >"$TMP/diff"; then
	ok eml-short-same
else
	fail eml-short-same "$(head -n 1 "$TMP/diff")"
fi
mkdir "$TMP/full" || exit 1
for what in write:1:ENOSPC write:1:EIO; do
	exits "eml-$what" 4 faulty "$what" \
		"$SMTPWIRE" read -q --eml "$TMP/full" -o /dev/null "$capture"
	is "eml-$what-none" "" "$(ls -A "$TMP/full")"
	rm -rf "$TMP/full"
	mkdir "$TMP/full" || exit 1
done
# A name that is taken is replaced at once or not at all.
exits eml-rename 4 faulty rename:1:EIO \
	"$SMTPWIRE" read -q --eml "$TMP/mails" -o /dev/null "$capture"
if diff -r "$TMP/mails" "$TMP/short" >"$TMP/diff"; then
	ok eml-rename-none
else
	fail eml-rename-none "$(head -n 1 "$TMP/diff")"
fi

# A message whose session was still open when writing failed has no name: the
# record lacks nothing of it.
cat >"$TMP/open.case" <<'EOF'
conn open client=192.0.2.2:40002
hello
envelope
C: Subject: open\r\n\r\n\{text 20000}
conn over client=192.0.2.1:40001
hello
envelope
C: Subject: over\r\n\r\n\{text 800}.\r\n
S 250 ok
bye
noise 60000
use open
C: .\r\n
S 250 ok
bye
== expect
EOF
python3 tests/cases/build.py "$TMP/open.case" -o "$TMP" >/dev/null || exit 1
exits eml-open 4 faulty write:1:ENOSPC:-0.part \
	"$SMTPWIRE" read -q --eml "$TMP/full" -o /dev/null "$TMP/open.pcap"
is eml-open-none "" "$(ls -A "$TMP/full")"
