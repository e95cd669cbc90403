#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# status.sh - exit status and messages of the command
. tests/lib.sh

exits no-command 2 "$SMTPWIRE"
has no-command-usage '^usage: smtpwire' "$TMP/err"
exits unknown-command 2 "$SMTPWIRE" frobnicate
has unknown-command-named 'frobnicate: no such command' "$TMP/err"
exits help 0 "$SMTPWIRE" --help
has help-lists-read 'smtpwire read' "$TMP/out"
exits file-as-command 2 "$SMTPWIRE" "$capture"
has file-as-command-told "'smtpwire read $capture' tells" "$TMP/err"
for c in read live check formats explain; do
	"$SMTPWIRE" $c --help >"$TMP/expected"
	exits "help-$c" 0 "$SMTPWIRE" help $c
	is "help-$c-same" '' "$(cmp "$TMP/expected" "$TMP/out" 2>&1)"
done
exits help-unknown 2 "$SMTPWIRE" help frobnicate
exits form-as-format 2 "$SMTPWIRE" read --format jsonl "$capture"
has form-as-format-told 'the form of the output is -f$' "$TMP/err"
exits version 0 "$SMTPWIRE" --version
has version-number '^smtpwire [0-9]*\.[0-9]*\.[0-9]*$' "$TMP/out"
exits read-version 0 "$SMTPWIRE" read -V
exits read-help 0 "$SMTPWIRE" read --help
is read-help-quiet '' "$(cat "$TMP/err")"
exits formats 0 "$SMTPWIRE" formats
has formats-pcapng '^  pcapng' "$TMP/out"
has formats-iis 'iis-w3c' "$TMP/out"
has formats-times '^      times   UTC, 1 ms$' "$TMP/out"
has formats-no-times '^      times   none$' "$TMP/out"
exits formats-no-operand 2 "$SMTPWIRE" formats x

exits explain 0 "$SMTPWIRE" explain 550 5.1.1 rcpt
has explain-code '^  550 .*no such mailbox' "$TMP/out"
has explain-enhanced '^  5.1.1 .*does not exist' "$TMP/out"
has explain-retry '^  retry .*refused again' "$TMP/out"
has explain-fit '^  expected .*failures' "$TMP/out"
exits explain-verb 0 "$SMTPWIRE" explain 354 RCPT
has explain-unexpected 'not to be expected' "$TMP/out"
"$SMTPWIRE" explain 550 5.1.1 RCPT >"$TMP/ordered"
for words in '550 RCPT 5.1.1' 'RCPT 550 5.1.1' '5.1.1 RCPT 550'; do
	# shellcheck disable=SC2086 # three words
	exits "explain-order-$words" 0 "$SMTPWIRE" explain $words
	is "explain-order-$words-same" '' \
		"$(cmp "$TMP/ordered" "$TMP/out" 2>&1)"
done
for words in '550 550' '550 5.1.1 4.2.2' 'RCPT 550 DATA' '550 DATA 5.1' \
	7.1.1 DATA; do
	# shellcheck disable=SC2086 # one word or more
	exits "explain-refused-$words" 2 "$SMTPWIRE" explain $words
done
has explain-no-code 'CODE: is missing' "$TMP/err"
exits explain-enhanced-alone 0 "$SMTPWIRE" explain 4.2.2
is explain-enhanced-alone-told "4.2.2: temporary failure
  4.2.2     the mailbox is full
  about     the mailbox
  retry     the same again later may succeed" "$(cat "$TMP/out")"
exits explain-enhanced-verb 0 "$SMTPWIRE" explain 5.7.1 mail
has explain-enhanced-so '^  so ' "$TMP/out"
exits explain-000 0 "$SMTPWIRE" explain 000
exits explain-help 0 "$SMTPWIRE" explain --help
has explain-commands 'STARTTLS' "$TMP/out"
exits explain-nothing 2 "$SMTPWIRE" explain
for words in 55 5501 abc '550 5.1' '550 5.1.1.' '550 GET' \
	'550 5.1.1 RCPT x' 3.1.1 5.1 '5.1.1 4.2.2'; do
	# shellcheck disable=SC2086 # they are several arguments
	exits "explain-wrong-$(echo "$words" | tr ' ' _)" 2 \
		"$SMTPWIRE" explain $words
done
exits explain-json 0 "$SMTPWIRE" read -q -f jsonl --explain \
	pcaps/exim-refusals.pcap
has explain-json-text '"flags":\[\],"explanation":"permanent failure: ' \
	"$TMP/out"
exits explain-text 0 "$SMTPWIRE" read -q --explain \
	pcaps/exim-refusals.pcap
has explain-line '^           =  permanent failure: ' "$TMP/out"

printf '#Software: Microsoft Exchange Server\n#Log-type: POP3 Log\n' \
	>"$TMP/pop3.log"
exits stranger 3 "$SMTPWIRE" read "$TMP/pop3.log"
has stranger-named 'pop3.log: a protocol log of the Exchange POP3 service, not SMTP$' \
	"$TMP/err"
has stranger-account '^ *nothing was read$' "$TMP/err"

# Nothing but other ports: what to do about that is said.
"$SMTPWIRE" read --ports 99 pcaps/relay-postfix-exim.pcap >"$TMP/out" 2>"$TMP/err"
has no-port '^ *no session: --any-port finds those of other ports' "$TMP/err"
"$SMTPWIRE" read pcaps/relay-postfix-exim.pcap >"$TMP/out" 2>"$TMP/err"
is ports "" "$(grep any-port "$TMP/err")"

exits read-nothing 2 "$SMTPWIRE" read
has read-nothing-told 'no file' "$TMP/err"
is read-nothing-clean '' "$(cat "$TMP/out")"

# Each wrong value: option, value.
while read -r option value; do
	exits "wrong$option" 2 "$SMTPWIRE" read "$option" "$value" "$capture"
	has "wrong$option-told" "$option" "$TMP/err"
done <<END
-f xml
--since yesterday
--since 2004-02-30
--since 2004-02-20T25:00
--until 2004-13-01
--until 20040220
--tz Europe/Paris
--tz +25:00
--date-order ydm
--ports 0
--ports 25,
--ports 70000
--ports 30-20
--vlan maybe
--memory 0
--memory 10X
--memory 99999999999999999999
--sort end
--id xyz
END
exits wrong-filter 2 "$SMTPWIRE" read --filter 'tcp prt 25' "$capture"
exits wrong-format 2 "$SMTPWIRE" read --format no-such "$capture"
exits unknown-option 2 "$SMTPWIRE" read --no-such "$capture"
exits missing-argument 2 "$SMTPWIRE" read "$capture" --eml
exits superfluous-argument 2 "$SMTPWIRE" read --failed=yes "$capture"
has hint "Try 'smtpwire read --help'" "$TMP/err"

exits good 0 "$SMTPWIRE" read "$capture"
has good-session '^session 1 ' "$TMP/out"
is good-account yes "$([ -s "$TMP/err" ] && echo yes)"
exits quiet 0 "$SMTPWIRE" read -q "$capture"
is quiet-silent '' "$(cat "$TMP/err")"

exits absent 3 "$SMTPWIRE" read "$TMP/absent.pcap"
has absent-named 'absent\.pcap.*No such file' "$TMP/err"
exits folder 3 "$SMTPWIRE" read "$TMP"
has folder-named "$TMP" "$TMP/err"
: >"$TMP/empty"
exits empty 3 "$SMTPWIRE" read "$TMP/empty"
has empty-named 'empty' "$TMP/err"
printf 'This is not a capture.\n' >"$TMP/text"
exits no-capture 3 "$SMTPWIRE" read "$TMP/text"
has no-capture-named 'text' "$TMP/err"
exits absent-and-good 3 "$SMTPWIRE" read "$TMP/absent.pcap" "$capture"
has absent-and-good-session '^session 1 ' "$TMP/out"
if [ "$(id -u)" != 0 ]; then
	cp "$capture" "$TMP/locked"
	chmod 0 "$TMP/locked"
	exits unreadable 3 "$SMTPWIRE" read "$TMP/locked"
else
	skip unreadable 'root may read everything'
fi

# A name with an escape sequence does not reach the terminal.
exits escape 3 "$SMTPWIRE" read "$TMP/$(printf '\033[31mred')"
lacks escape-shown "$(printf '\033')" "$TMP/err"
