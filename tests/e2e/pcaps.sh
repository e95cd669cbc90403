#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pcaps.sh - every recorded capture is whole, and read without a word
. tests/lib.sh

if (cd pcaps && sha256sum --quiet -c SHA256SUMS) >"$TMP/sums" 2>&1; then
	ok sums
else
	fail sums "$(head -n 1 "$TMP/sums")"
fi
for f in pcaps/*.pcap pcaps/*/*.pcap; do
	name=${f#pcaps/}
	name=${name%.pcap}
	if ! "$SMTPWIRE" read -f jsonl --any-port --attempts --eml "$TMP/eml" \
		"$f" >"$TMP/out" 2>"$TMP/err"; then
		fail "$name" "$(tail -n 1 "$TMP/err")"
	elif grep -q 'warning' "$TMP/err"; then
		fail "$name" "$(grep 'warning' "$TMP/err" | head -n 1)"
	elif ! [ -s "$TMP/out" ]; then
		fail "$name" 'no session'
	else
		ok "$name"
	fi
done
