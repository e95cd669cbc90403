#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# mbox.sh - what --mbox writes, by mbox.py
. tests/lib.sh

exits folder 4 "$SMTPWIRE" read --mbox "$TMP" "$capture"
has folder-told 'cannot write: Is a directory' "$TMP/err"
exits no-folder 4 "$SMTPWIRE" read --mbox "$TMP/none/x" "$capture"
has no-folder-told 'none/x: cannot write: No such' "$TMP/err"
if [ -c /dev/full ]; then
	exits full 4 "$SMTPWIRE" read --mbox /dev/full "$capture"
	has full-told '/dev/full: cannot write: No space' "$TMP/err"
fi
# A disk that is full in the middle: what was there stays.
echo before >"$TMP/kept"
(
	trap '' XFSZ
	ulimit -f 1
	exec "$SMTPWIRE" read -q --mbox "$TMP/kept" pcaps/*-plain.pcap \
		>"$TMP/out" 2>"$TMP/err"
)
is limited 4 $?
has limited-told 'kept: cannot write: File too large' "$TMP/err"
is limited-kept before "$(cat "$TMP/kept")"
is limited-left '' "$(find "$TMP" -name '*.part')"
# Nothing could be read: nothing is emptied.
exits unread 3 "$SMTPWIRE" read -q --mbox "$TMP/kept" "$TMP/absent"
is unread-kept before "$(cat "$TMP/kept")"
"$SMTPWIRE" read -q --mbox /dev/stdout -o "$TMP/out" "$capture" |
	cat >"$TMP/piped"
"$SMTPWIRE" read -q --mbox "$TMP/plain" "$capture" >"$TMP/out"
is pipe yes "$(cmp -s "$TMP/piped" "$TMP/plain" && echo yes)"
has pipe-some '^From ' "$TMP/plain"

# What a log or a saved transcript does not hold is not left out silently.
lacking='holds messages without their content, which are not written'
"$SMTPWIRE" read -q -f jsonl -o "$TMP/saved.jsonl" "$capture"
log=pcaps/postfix-plain.server.log
for o in --eml --mbox; do
	for input in "$TMP/saved.jsonl" $log \
		pcaps/relay-sendmail-opensmtpd.server.log; do
		name=lacking$o-${input##*/}
		rm -rf "$TMP/empty"
		exits "$name" 0 "$SMTPWIRE" read "$o" "$TMP/empty" "$input"
		is "$name-told" 1 "$(grep -c "warning: $input: $lacking" \
			"$TMP/err")"
		exits "$name-unselected" 0 "$SMTPWIRE" read --rcpt no-one@ \
			"$o" "$TMP/empty" "$input"
		lacks "$name-unselected-none" "$lacking" "$TMP/err"
		exits "$name-unasked" 0 "$SMTPWIRE" read "$input"
		lacks "$name-unasked-none" "$lacking" "$TMP/err"
	done
	exits "held$o" 0 "$SMTPWIRE" read "$o" "$TMP/empty" "$capture" \
		pcaps/sendmail-plain.server.log
	lacks "held$o-none" "$lacking" "$TMP/err"
	# A session in two files, and two logs of one format.
	exits "lacking$o-logs" 0 "$SMTPWIRE" read "$o" "$TMP/empty" \
		tests/data/exchange-connector/RECV202301111?-1.LOG $log \
		pcaps/postfix-large.server.log
	is "lacking$o-logs-told" 3 "$(grep -c "$lacking$" "$TMP/err")"
done

command -v python3 >/dev/null || {
	skip mbox 'no python3'
	exit 0
}
exec python3 tests/e2e/mbox.py
