#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# check.sh - the command `check`: statuses, options, what agrees, what is found
. tests/lib.sh

log=pcaps/postfix-plain.server.log
exim=pcaps/exim-plain.server.log

exits check-agrees 0 "$SMTPWIRE" check "$log" "$capture"
has check-agrees-text '^2 pairs: 2 agree, 0 differ, 0 cannot' "$TMP/out"
exits check-agrees-vs 0 "$SMTPWIRE" check "$log" --vs "$capture"
exits check-itself 0 "$SMTPWIRE" check "$capture" "$capture"
exits check-help 0 "$SMTPWIRE" check --help
exits check-nothing 2 "$SMTPWIRE" check
exits check-one 2 "$SMTPWIRE" check "$capture"
exits check-three 2 "$SMTPWIRE" check "$log" "$log" "$capture"
exits check-no-left 2 "$SMTPWIRE" check --vs "$capture"
exits check-no-right 2 "$SMTPWIRE" check "$log" --vs
exits check-stdin-twice 2 "$SMTPWIRE" check - - <"$capture"
exits check-form 2 "$SMTPWIRE" check -f jsonl "$log" "$capture"
exits check-unknown-kind 2 "$SMTPWIRE" check --ignore nonsense "$log" \
	"$capture"
has check-unknown-kind-others ' reply-never-arrived$' "$TMP/err"
for n in 0 0.5 -1 2h; do
	exits "check-offset-$n" 2 "$SMTPWIRE" check --max-offset "$n" "$log" \
		"$capture"
	has "check-offset-$n-told" "offset $n: must be a whole number of seconds from 1 on" \
		"$TMP/err"
done
exits check-vs-twice 2 "$SMTPWIRE" check "$log" --vs "$capture" --vs "$capture"
has check-vs-twice-said 'vs stands between the two sides, once' "$TMP/err"
exits check-several 0 "$SMTPWIRE" check "$log" "$exim" --vs "$capture" \
	pcaps/exim-plain.pcap
has check-several-pairs '^4 pairs: 4 agree' "$TMP/out"

# 3: what cannot be read beats what differs
exits check-unreadable 3 "$SMTPWIRE" check "$log" "$TMP/none"
has check-unreadable-named 'none: ' "$TMP/err"
# of a side of which nothing was read it is not known what it lacks
is check-unreadable-silent '' "$(cat "$TMP/out")"
has check-unreadable-why 'nothing of the right side could be read' "$TMP/err"
exits check-unreadable-quiet 3 "$SMTPWIRE" check -q "$TMP/none" "$capture"
has check-unreadable-quiet-named 'none: cannot be opened' "$TMP/err"
exits check-unreadable-kept 3 "$SMTPWIRE" check -f json -o "$TMP/kept" \
	"$log" "$TMP/none"
is check-unreadable-no-file no "$([ -e "$TMP/kept" ] && echo yes || echo no)"

# a side without sessions agrees with another, but not silently
head -c 24 "$capture" >"$TMP/empty.pcap"
exits check-sessionless 0 "$SMTPWIRE" check "$TMP/empty.pcap" "$TMP/empty.pcap"
for side in left right; do
	has "check-sessionless-$side" "warning: the $side side holds no $(
		)SMTP session: $TMP/empty.pcap\$" "$TMP/err"
done
exits check-sessionless-one 1 "$SMTPWIRE" check "$log" --vs "$TMP/empty.pcap" \
	"$TMP/empty.pcap" "$TMP/empty.pcap" "$TMP/empty.pcap"
has check-sessionless-others 'the right side holds .*empty.pcap and 1 more$' \
	"$TMP/err"
lacks check-sessionless-not-left 'the left side holds' "$TMP/err"
exits check-sessionless-some 0 "$SMTPWIRE" check "$log" --vs "$TMP/empty.pcap" \
	"$capture"
lacks check-sessionless-none 'holds no SMTP session' "$TMP/err"
exits check-sessionless-quiet 0 "$SMTPWIRE" check -q "$TMP/empty.pcap" \
	"$TMP/empty.pcap"
is check-sessionless-quiet-nothing '' "$(cat "$TMP/err")"
exits check-sessionless-unread 3 "$SMTPWIRE" check "$TMP/none" "$capture"
lacks check-sessionless-unread-none 'holds no SMTP session' "$TMP/err"

# who was refused did not connect, whatever a saved transcript tells beside
"$SMTPWIRE" read -q -f jsonl "$capture" >"$TMP/saved.jsonl"
sed 's/"ending":"quit"/"ending":"refused"/; s/"code":220/"code":554/' \
	"$TMP/saved.jsonl" >"$TMP/refused.jsonl"
exits check-attempt 1 "$SMTPWIRE" check -q "$TMP/refused.jsonl" \
	"$TMP/saved.jsonl"
has check-attempt-words '\* tried to connect  *|  *[0-9]* \* connected$' \
	"$TMP/out"

# the account of both sides, why one has no session
exits check-account 1 "$SMTPWIRE" check --ports 26 "$log" "$capture"
has check-account-left '418  log lines' "$TMP/err"
has check-account-right '42  frames of other ports' "$TMP/err"
has check-account-hint 'no session: --any-port finds' "$TMP/err"
exits check-account-quiet 1 "$SMTPWIRE" check -q --ports 26 "$log" "$capture"
is check-account-quiet-nothing '' "$(cat "$TMP/err")"
echo nonsense >"$TMP/junk"
exits check-junk 3 "$SMTPWIRE" check "$TMP/junk" "$capture"
exits check-junk-beside 3 "$SMTPWIRE" check "$log" "$TMP/junk" --vs \
	"$capture"
printf '{"transcript":1}\n{"transcript":1,"id":5}\n' >"$TMP/none.jsonl"
exits check-no-transcript 3 "$SMTPWIRE" check "$TMP/none.jsonl" \
	"$TMP/none.jsonl"
has check-no-transcript-said 'none of its lines is a transcript' "$TMP/err"
has check-no-transcript-line 'none.jsonl: line 2: the field' "$TMP/err"
"$SMTPWIRE" check "$log" "$TMP/junk" --vs "$capture" >"$TMP/out" 2>"$TMP/err"
has check-junk-others-read '^2 pairs: 2 agree' "$TMP/out"
exits check-full 4 "$SMTPWIRE" check -o "$TMP" "$log" "$capture"
if [ -c /dev/full ]; then
	"$SMTPWIRE" check "$log" "$capture" >/dev/full 2>"$TMP/err"
	is check-disk-full 4 $?
	has check-disk-full-said 'cannot write' "$TMP/err"
fi

# one difference: the server's log tells another code
sed 's/250 2\.1\.5 Ok/550 5.1.1 No/' "$log" >"$TMP/changed.log"
exits check-differs 1 "$SMTPWIRE" check "$TMP/changed.log" "$capture"
has check-differs-text 'reply-code-changed' "$TMP/out"
has check-differs-quotes 'left : 550 5.1.1 No' "$TMP/out"
exits check-ignored 0 "$SMTPWIRE" check --ignore reply-code-changed \
	"$TMP/changed.log" "$capture"
exits check-ignored-else 1 "$SMTPWIRE" check --ignore message-missing \
	"$TMP/changed.log" "$capture"
exits check-only 1 "$SMTPWIRE" check --only reply-code-changed \
	"$TMP/changed.log" "$capture"
exits check-only-else 0 "$SMTPWIRE" check --only command-missing \
	"$TMP/changed.log" "$capture"
"$SMTPWIRE" check --context 1 "$TMP/changed.log" "$capture" >"$TMP/near"
"$SMTPWIRE" check --context 50 "$TMP/changed.log" "$capture" >"$TMP/far"
is check-context less "$(test "$(wc -l <"$TMP/near")" -lt \
	"$(wc -l <"$TMP/far")" && echo less || echo more)"
exits check-both-ways 1 "$SMTPWIRE" check "$capture" "$TMP/changed.log"
"$SMTPWIRE" check -q "$TMP/changed.log" "$capture" >"$TMP/out" 2>&1
is check-no-colour 0 "$(grep -c "$(printf '\033')" "$TMP/out")"
"$SMTPWIRE" check -o "$TMP/written" "$TMP/changed.log" "$capture"
is check-written same "$(cmp -s "$TMP/out" "$TMP/written" && echo same)"
# explanations are broken at blanks, which do not end a line
exits check-wrapped 1 "$SMTPWIRE" check pcaps/exim-bdat.server.log \
	pcaps/exim-bdat.pcap
is check-wrapped-blanks 0 "$(grep -c ' $' "$TMP/out")"
exits check-near 0 "$SMTPWIRE" check --max-offset 3600 "$log" "$capture"
# the log's clock is an hour behind: too far, if that is not allowed
sed 's/ 21:/ 20:/' "$log" >"$TMP/behind.log"
exits check-behind 0 "$SMTPWIRE" check "$TMP/behind.log" "$capture"
exits check-behind-allowed 0 "$SMTPWIRE" check --max-offset 4000 \
	"$TMP/behind.log" "$capture"
"$SMTPWIRE" check --max-offset 60 -f json "$TMP/behind.log" "$capture" \
	>"$TMP/out"
has check-behind-refused '"clock":\[\]' "$TMP/out"

# what cannot be decided says why
"$SMTPWIRE" check pcaps/postfix-starttls.server.log \
	pcaps/postfix-starttls.pcap >"$TMP/out"
is check-undecided-why 7 "$(grep -c '^  TLS hides the dialogue' "$TMP/out")"

# clocks at both ends of what 64 bits of nanoseconds hold
"$SMTPWIRE" read -f jsonl pcaps/postfix-starttls.server.log 2>"$TMP/err" |
	sed 's/"time":"2026-..-..T/"time":"1677-10-01T/g' >"$TMP/first.jsonl"
"$SMTPWIRE" read -f jsonl pcaps/postfix-starttls.pcap 2>"$TMP/err" |
	sed 's/"time":"2026-..-..T/"time":"2262-04-01T/g' >"$TMP/last.jsonl"
exits check-far-apart 0 "$SMTPWIRE" check "$TMP/first.jsonl" "$TMP/last.jsonl"
exits check-far-apart-back 0 "$SMTPWIRE" check "$TMP/last.jsonl" \
	"$TMP/first.jsonl"

# sessions of a server that the log is not of, which it cannot have; those of
# its own server it should have
readdress() { # V4 V6: last octets of the addresses, in octal
	LC_ALL=C sed "s/\\o300\\o000\\o002\\o$1/\\o300\\o000\\o002\\o143/g
		s/\\o000\\o000\\o000\\o$2/\\o000\\o000\\o000\\o143/g" \
		pcaps/exim-plain.pcap
}
readdress 031 045 >"$TMP/other.pcap"
readdress 377 020 >"$TMP/own.pcap"
exits check-elsewhere 0 "$SMTPWIRE" check "$exim" --vs pcaps/exim-plain.pcap \
	"$TMP/other.pcap"
has check-elsewhere-told 'one side only: 0 left, 2 right; 0 of them' "$TMP/out"
exits check-elsewhere-own 1 "$SMTPWIRE" check "$exim" --vs \
	pcaps/exim-plain.pcap "$TMP/own.pcap"
has check-elsewhere-own-told 'one side only: 0 left, 1 right; 1 of them' \
	"$TMP/out"

# A side without sessions is what was read of it.
printf '%s\n' '#Software: Microsoft Internet Information Services 6.0' \
	'#Fields: date time c-ip s-ip s-port cs-method sc-status' \
	>"$TMP/empty.log"
exits check-empty 1 "$SMTPWIRE" check "$TMP/empty.log" pcaps/exim-plain.pcap
has check-empty-log '^left:  0 sessions (log) of ' "$TMP/out"
printf '\324\303\262\241\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0' \
	>"$TMP/empty.pcap"
exits check-empty-wire 1 "$SMTPWIRE" check "$TMP/empty.pcap" pcaps/exim-plain.pcap
has check-empty-capture '^left:  0 sessions (wire) of ' "$TMP/out"

# What a peer said is not taken for words of the report.
"$SMTPWIRE" read -q -f jsonl pcaps/exim-plain.pcap >"$TMP/said.jsonl"
sed 's/"verb":"QUIT","argument":"","line":"QUIT"/"verb":null,"argument":null,"line":"[message 1: x]"/' \
	"$TMP/said.jsonl" >"$TMP/fooled.jsonl"
exits check-fooled 1 "$SMTPWIRE" check "$TMP/said.jsonl" "$TMP/fooled.jsonl"
has check-fooled-command ' C QUIT .* C .x5bmessage 1: x\]$' "$TMP/out"

command -v python3 >/dev/null || {
	skip check-recordings 'no python3'
	exit 0
}
exec python3 tests/e2e/check.py
