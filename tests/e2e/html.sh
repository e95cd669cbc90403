#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# html.sh - the page of -f html as a file; browser.sh looks at it
. tests/lib.sh

log=pcaps/postfix-plain.server.log
page=$TMP/page.html

exits html-read 0 "$SMTPWIRE" read -q -f html -o "$page" "$capture"
exits html-check 0 "$SMTPWIRE" check -f html -o "$TMP/check.html" "$log" \
	"$capture"
exits html-stdout 0 "$SMTPWIRE" check -f html "$log" "$capture"
is html-same same "$(cmp -s "$TMP/out" "$TMP/check.html" && echo same)"
is html-begins '<!doctype html>' "$(head -n 1 "$page")"
is html-ends '</html>' "$(tail -n 1 "$page")"
sed 's/250 2\.1\.5 Ok/550 5.1.1 No/' "$log" >"$TMP/changed.log"
exits html-differs 1 "$SMTPWIRE" check -f html -o "$page" "$TMP/changed.log" \
	"$capture"
exits html-empty 0 "$SMTPWIRE" read -q -f html --id ffffffffffffffff \
	"$capture"
has html-empty-whole '^</html>' "$TMP/out"
exits html-form 2 "$SMTPWIRE" check -f htm "$log" "$capture"

# A page that fetches something, or makes markup of strings, is none.
lacks html-no-address 'https\{0,1\}://[^w"]' "$page"
lacks html-no-import '@import\|url(\|src=\|<link\|<iframe' "$page"
lacks html-no-markup \
	'innerHTML\|outerHTML\|insertAdjacentHTML\|document\.write\|eval(' \
	"$page"
has html-policy "default-src 'none'" "$page"
# Nothing that was recorded stands in it in clear.
lacks html-no-content 'bob@example\|5\.1\.1' "$page"
is html-scripts 0 "$(grep -c '</script>.*</script>' "$page")"

# An attempt is told in the words that text has for it.
if command -v node >/dev/null; then
	"$SMTPWIRE" read -q --attempts -f html -o "$TMP/attempts.html" \
		pcaps/postfix-attempts.pcap
	exits html-attempts 0 node tests/e2e/page_words.mjs \
		"$TMP/attempts.html"
	is html-attempts-tried 3 "$(grep -cx 'tried to connect' "$TMP/out")"
	is html-attempts-connected 1 "$(grep -cx connected "$TMP/out")"
else
	skip html-attempts 'no node'
fi

# What cannot be written is told, and leaves nothing.
if [ -c /dev/full ]; then
	"$SMTPWIRE" read -q -f html "$capture" >/dev/full 2>"$TMP/err"
	is html-disk-full 4 $?
	has html-disk-full-said 'cannot write' "$TMP/err"
fi
exits html-tmpdir 4 env TMPDIR="$TMP/none" "$SMTPWIRE" read -q -f html \
	-o "$TMP/not.html" "$capture"
has html-tmpdir-said 'temporary file' "$TMP/err"
is html-tmpdir-nothing none "$([ -e "$TMP/not.html" ] || echo none)"
exits html-tmpdir-check 4 env TMPDIR="$TMP/none" "$SMTPWIRE" check -f html \
	"$log" "$capture"
# Empty is as if it were not set.
exits html-tmpdir-empty 0 env TMPDIR= "$SMTPWIRE" read -q -f html "$capture"
exits html-tmpdir-empty-check 0 env TMPDIR= "$SMTPWIRE" check -f html \
	"$log" "$capture"

command -v python3 >/dev/null || {
	skip html-unpacked 'no python3'
	exit 0
}
exec python3 tests/e2e/html.py "$TMP/check.html" "$page"
