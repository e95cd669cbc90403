#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# check_tls.sh - a log against a recording that turns to TLS: what is planted
# behind STARTTLS is found, and nothing where nothing is
. tests/lib.sh

wire=pcaps/postfix-starttls.pcap
log=pcaps/postfix-starttls.server.log

# Nothing planted: the remark on what was pipelined behind STARTTLS is true.
exits tls-untouched 0 "$SMTPWIRE" check "$log" "$wire"
has tls-untouched-findings '^findings: commands-after-starttls 1$' "$TMP/out"

# Another EHLO and its reply, for which the wire has no records: one session.
awk '/< client\.example\.net\[2001:db8::10\]: QUIT/ && !done {
	done = 1
	for (i = 0; i < 4; i++) {
		q = $0; sub(/QUIT/, "EHLO client.example.net", q); print q
		q = $0; sub(/< /, "> ", q); sub(/QUIT/, "250 mx.example.org", q)
		print q
	}
} { print }' "$log" >"$TMP/more.log"
exits tls-more-turns 0 "$SMTPWIRE" check "$TMP/more.log" "$wire"
has tls-more-turns-pairs '^9 pairs: 2 agree, 0 differ, 7 cannot' "$TMP/out"
has tls-more-turns-found 'reply-never-arrived 1' "$TMP/out"
has tls-more-turns-text '250 mx.example.org' "$TMP/out"
exits tls-more-turns-right 0 "$SMTPWIRE" check "$wire" "$TMP/more.log"
has tls-more-turns-right-found 'reply-never-arrived 1' "$TMP/out"
exits tls-more-turns-ignored 0 "$SMTPWIRE" check --ignore \
	reply-never-arrived "$TMP/more.log" "$wire"
is tls-more-turns-ignored-found 0 "$(grep -c never-arrived "$TMP/out")"

# The same from transcripts of the wire: they tell the turns as well.
"$SMTPWIRE" read -q -f jsonl -o "$TMP/wire.jsonl" "$wire"
exits tls-saved 0 "$SMTPWIRE" check "$TMP/more.log" "$TMP/wire.jsonl"
has tls-saved-found 'reply-never-arrived 1' "$TMP/out"

# 354 of one session is logged half a minute later.
awk '/> client\.example\.net\[2001:db8::10\]: 354 / && !done {
	done = 1; sub(/22:36:../, "22:36:49")
} { print }' "$log" >"$TMP/late.log"
exits tls-late 0 "$SMTPWIRE" check "$TMP/late.log" "$wire"
has tls-late-found '^findings: order-changed 1,' "$TMP/out"
has tls-late-pairs '^9 pairs: 2 agree, 0 differ, 7 cannot' "$TMP/out"

# A capture that ends in the middle of TLS shows nothing of what came behind.
head -c 9000 "$wire" >"$TMP/cut.pcap"
"$SMTPWIRE" check "$log" "$TMP/cut.pcap" >"$TMP/out" 2>"$TMP/err"
is tls-cut 0 "$(grep -c -e never-arrived -e order-changed -e differs \
	"$TMP/out")"
