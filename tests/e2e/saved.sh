#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# saved.sh - transcripts that were saved as JSON Lines, read back
. tests/lib.sh

for name in exim-auth relay-exim-exim postfix-bdat exim-bare dovecot-lmtp; do
	"$SMTPWIRE" read -q -f jsonl --ports 24,25 "pcaps/$name.pcap" \
		>"$TMP/saved.jsonl"
	exits "again-$name" 0 "$SMTPWIRE" read -q -f jsonl \
		"$TMP/saved.jsonl"
	is "same-$name" same "$(cmp "$TMP/saved.jsonl" "$TMP/out" &&
		echo same)"
done
"$SMTPWIRE" read -q -f jsonl tests/data/iis-w3c/relay.log >"$TMP/log.jsonl"
exits again-log 0 "$SMTPWIRE" read -q -f jsonl "$TMP/log.jsonl"
is same-log same "$(cmp "$TMP/log.jsonl" "$TMP/out" && echo same)"

"$SMTPWIRE" read -q -f jsonl pcaps/exim-auth.pcap >"$TMP/saved.jsonl"
"$SMTPWIRE" read -q pcaps/exim-auth.pcap >"$TMP/text"
exits as-text 0 "$SMTPWIRE" read -q "$TMP/saved.jsonl"
is as-text-same same "$(cmp "$TMP/text" "$TMP/out" && echo same)"
gzip -c "$TMP/saved.jsonl" >"$TMP/saved.jsonl.gz"
exits compressed 0 sh -c \
	"cat '$TMP/saved.jsonl.gz' | '$SMTPWIRE' read -q -f jsonl -"
is compressed-same same "$(cmp "$TMP/saved.jsonl" "$TMP/out" && echo same)"
exits filtered 0 "$SMTPWIRE" read -q --failed -f jsonl "$TMP/saved.jsonl"
is filtered-fewer yes "$([ "$(wc -l <"$TMP/out")" -lt \
	"$(wc -l <"$TMP/saved.jsonl")" ] && echo yes)"

# The account counts their messages, as it did when the capture was read.
for input in pcaps/postfix-lossy.pcap pcaps/exim-limits.pcap \
	tests/data/iis-w3c/relay.log pcaps/sendmail-plain.server.log; do
	name=${input##*/}
	"$SMTPWIRE" read -q -f jsonl --account "$TMP/first.json" \
		-o "$TMP/saved-messages.jsonl" "$input"
	"$SMTPWIRE" read -q -f jsonl --account "$TMP/again.json" -o /dev/null \
		"$TMP/saved-messages.jsonl"
	is "account-$name" \
		"$(grep -o '"messages[a-z_]*":[0-9]*' "$TMP/first.json")" \
		"$(grep -o '"messages[a-z_]*":[0-9]*' "$TMP/again.json")"
done

# What is no transcript is named by its line, and the others are told.
{
	head -n 1 "$TMP/saved.jsonl"
	echo '{"transcript":1,"id":7}'
	echo
	tail -n 1 "$TMP/saved.jsonl"
	tail -n 1 "$TMP/saved.jsonl" | head -c 300
} >"$TMP/bad.jsonl"
exits bad 0 "$SMTPWIRE" read -f jsonl "$TMP/bad.jsonl"
is bad-others 2 "$(wc -l <"$TMP/out")"
has bad-line 'bad.jsonl: line 2: ' "$TMP/err"
has bad-cut 'bad.jsonl: line 5' "$TMP/err"

# Values take 80 times the memory of their line: a tenth of this is read.
if command -v python3 >/dev/null; then
	for n in 300000 3000000; do
		python3 -c 'import sys
print("{\"transcript\":1,\"x\":[{}%s]}" % (",{}" * int(sys.argv[1])))' "$n" \
			>"$TMP/values.jsonl"
		cat "$TMP/saved.jsonl" >>"$TMP/values.jsonl"
		exits "values-$n" 0 "$SMTPWIRE" read -f jsonl "$TMP/values.jsonl"
		is "values-$n-rest" "$(wc -l <"$TMP/saved.jsonl")" \
			"$(grep -c '^{"transcript":1,' "$TMP/out")"
	done
	has values-said 'line 1 holds more values than 512 MiB' "$TMP/err"
else
	skip values 'no python3'
fi
