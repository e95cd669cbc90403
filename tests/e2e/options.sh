#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# options.sh - help and manual list the same options
. tests/lib.sh

man=src/man/smtpwire.1

# options COMMAND
options()
{
	"$SMTPWIRE" "$1" --help | sed -n 's/^  .*--\([a-z-]*\).*/--\1/p
		s/^  -\([a-zA-Z]\) .*/-\1/p' | sort
}

options read >"$TMP/read"
options check >"$TMP/check"
options live >"$TMP/live"
sort -u "$TMP/read" "$TMP/check" "$TMP/live" >"$TMP/help"
# .It Fl o Ar FILE , Fl -output Ar FILE
sed -n '/^\.Sh OPTIONS/,/^\.Sh EXIT/p' $man | sed -n 's/^\.It //p' |
	sed -n 's/.*Fl -\([a-z-]*\).*/--\1/p; t
	s/^Fl \([a-zA-Z]\).*/-\1/p' | sort -u >"$TMP/man"
is manual "$(cat "$TMP/help")" "$(cat "$TMP/man")"
is manual-not-empty yes "$([ "$(wc -l <"$TMP/man")" -gt 20 ] && echo yes)"

# Every option that help lists is taken, with the value that fits.
while read -r o; do
	case $o in
	-f) value=text ;;
	--output | --account) value=$TMP/some ;;
	--eml) value=$TMP/eml ;;
	--mbox) value=$TMP/mbox ;;
	--filter) value=tcp ;;
	--format) value=iis-w3c ;;
	--tz) value=+02:00 ;;
	--date-order) value=dmy ;;
	--since) value=1970-01-02 ;;
	--until) value='2100-01-01 10:00' ;;
	--ports) value=25,2000-2010 ;;
	--engine) value=native ;;
	--vlan) value=strict ;;
	--memory) value=64M ;;
	--threads) value=2 ;;
	--sort) value=start ;;
	--id) value=0 ;;
	--from | --rcpt | --host | --subject | --message-id | --queue-id)
		value=x
		;;
	--ignore | --only) value=smuggling,reply-missing ;;
	--max-offset) value=60 ;;
	--context) value=1 ;;
	--interface) value=lo ;;
	--count) value=10 ;;
	--buffer) value=1M ;;
	--check) value=$TMP/log ;;
	--grace) value=30 ;;
	--user) value=root ;;
	-w) value=$TMP/frames.pcapng ;;
	--rotate-size) value=1M ;;
	--rotate-time) value=5m ;;
	--keep) value=3 ;;
	*) value= ;;
	esac
	case $o in # of the file of -w
	--rotate-size | --rotate-time | --keep) frames="-w $TMP/frames.pcapng" ;;
	*) frames= ;;
	esac
	# shellcheck disable=SC2086 # no word if there is no value
	if grep -qxe "$o" "$TMP/read"; then
		exits "read$o" 0 "$SMTPWIRE" read "$o" ${value:+"$value"} \
			$frames "$capture"
		if [ -n "$frames" ]; then
			exits "read$o-alone" 2 "$SMTPWIRE" read "$o" "$value" \
				-o "$TMP/sessions" "$capture"
			has "read$o-alone-said" "$o: it concerns the file of -w" \
				"$TMP/err"
		fi
	fi
	# shellcheck disable=SC2086 # no word if there is no value
	if grep -qxe "$o" "$TMP/check"; then
		exits "check$o" 0 "$SMTPWIRE" check "$o" ${value:+"$value"} \
			"$capture" "$capture"
	fi
	# It is parsed before it is found that live takes no file.
	# shellcheck disable=SC2086 # no word if there is no value
	if grep -qxe "$o" "$TMP/live" && ! [ "$o" = --help ] &&
		! [ "$o" = --version ]; then
		exits "live$o" 2 "$SMTPWIRE" live "$o" ${value:+"$value"} \
			$frames x
		has "live$o-taken" 'reads no files' "$TMP/err"
	fi
done <"$TMP/help"

# The beginning of a long option is enough if no other begins so.
exits short-name 0 "$SMTPWIRE" read --quie --fail "$capture"
exits short-name-value 0 "$SMTPWIRE" read --quie --thr=1 "$capture"
for o in --no --no=1; do
	exits "ambiguous$o" 2 "$SMTPWIRE" read "$o" "$capture"
	has "ambiguous$o-told" \
	    ": $o: ambiguous, it begins --no-hash, --no-times, --normal, --no-progress\$" "$TMP/err"
done
exits ambiguous-not 2 "$SMTPWIRE" read --nothing "$capture"
has ambiguous-not-told ': --nothing: no such option$' "$TMP/err"
exits exact-name 0 "$SMTPWIRE" read -q --id 0 "$capture"

# No line of help is wider than a terminal.
for command in '' read live check formats explain; do
	# shellcheck disable=SC2086 # no word if there is no command
	"$SMTPWIRE" $command --help
done >"$TMP/wide"
"$SMTPWIRE" formats >>"$TMP/wide"
is width '' "$(expand "$TMP/wide" | grep -E '.{80}')"

# A log that records times tells their zone.
is times '' "$("$SMTPWIRE" formats | awk '/^  [^ ]/ { name = $1; records = 0 }
	/^      times   / { if (records && $2 == "none" && NF == 2) print name
		next }
	/ times( |$)/ { records = 1 }')"

# README and manual know every log, and how many there are.
"$SMTPWIRE" formats | sed -n '/^Logs/,$s/^  \([a-z][a-z0-9-]*\) .*/\1/p' \
	>"$TMP/logs"
is logs-counted "$(wc -l <"$TMP/logs") kinds" \
	"$(sed -n 's/^| logs | \([0-9]* kinds\), .*/\1/p' README.md)"
is logs-in-readme '' "$(while read -r l; do
	sed -n '/^## Logs/,/^## /s/^| \([^|]*\) |.*/\1,/p' README.md |
		grep -q "\`$l\`," || echo "$l"
done <"$TMP/logs")"
is logs-in-manual '' "$(while read -r l; do
	grep -qx "\.It Cm $l" $man || grep -q "^\.Cm $l\b" $man || echo "$l"
done <"$TMP/logs")"
