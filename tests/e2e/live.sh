#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# live.sh - the command `live`, in network namespaces of its own
. tests/lib.sh

exits live-help 0 "$SMTPWIRE" live --help
exits live-nothing 2 "$SMTPWIRE" live
has live-nothing-told 'no interface is named' "$TMP/err"
exits live-file 2 "$SMTPWIRE" live -i lo "$capture"
exits live-html 2 "$SMTPWIRE" live -i lo -f html
exits live-follow-filter 2 "$SMTPWIRE" live -i lo --follow --failed
for n in 0 -1 x; do
	exits "live-count-$n" 2 "$SMTPWIRE" live -i lo -c "$n"
	has "live-count-$n-told" "count $n: must be a whole number of frames from 1 on" \
		"$TMP/err"
	exits "live-buffer-$n" 2 "$SMTPWIRE" live -i lo --buffer "$n"
done
exits live-list 0 "$SMTPWIRE" live -D
has live-list-lo '^lo  *up 127\.0\.0\.1' "$TMP/out"

if [ "$(id -u)" != 0 ] || ! unshare -n true 2>"$TMP/err"; then
	skip live "making network namespaces takes root"
	exit 0
fi
# What the user that root became may not make is told as that.
folder=$(mktemp -d /tmp/smtpwire-live-XXXXXX)
chmod 755 "$folder"
exits live-mails 4 timeout 20 "$SMTPWIRE" live -i lo --eml "$folder/mails"
has live-mails-told "^smtpwire: $folder/mails: cannot write: Permission" \
	"$TMP/err"
has live-mails-user 'chown nobody FOLDER' "$TMP/err"
rmdir "$folder"
for p in ip tc nsenter setpriv tcpdump python3; do
	if ! command -v "$p" >"$TMP/out"; then
		skip live "$p is not installed"
		exit 0
	fi
done
exec unshare -n python3 tests/e2e/live.py
