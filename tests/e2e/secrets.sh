#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# secrets.sh - what AUTH bore is in no output, whatever form it has
. tests/lib.sh

if ! command -v python3 >/dev/null; then
	skip secrets 'no python3'
	exit 0
fi
python3 tests/cases/build.py tests/cases/a-echo-older.case -o "$TMP" \
	>"$TMP/out" || fail build "$(cat "$TMP/out")"
wire=$TMP/a-echo-older.pcap
log=tests/data/postfix-notice/secrets.mail
# As it is sent, in any letters, and decoded.
secrets='AGFsaW|c2VjcmV0|correcthorse|secret123'

# clean NAME ARGUMENT...: of smtpwire; nothing that it writes tells one
clean()
{
	name=$1
	shift
	rm -rf "$TMP/written"
	mkdir "$TMP/written"
	"$SMTPWIRE" "$@" >"$TMP/written/out" 2>"$TMP/written/err" </dev/null
	is "$name-is-told" yes "$([ -s "$TMP/written/out" ] && echo yes)"
	is "$name" '' "$(grep -r -i -E "$secrets" "$TMP/written")"
}

for file in "$wire" "$log"; do
	for form in text jsonl; do # a page holds these lines, packed
		clean "read-$form-${file##*.}" read -f "$form" --explain \
			--account "$TMP/written/account" \
			--eml "$TMP/written/eml" "$file"
	done
	exits "shown-${file##*.}" 0 "$SMTPWIRE" read -q --show-secrets "$file"
	is "shown-all-${file##*.}" 4 "$(grep -o -i -E "$secrets" "$TMP/out" |
		tr '[:upper:]' '[:lower:]' | sort -u | wc -l)"
done
for form in text json; do
	clean "check-$form" check -f "$form" "$log" "$wire"
done
