#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# live_check.sh - `live --check`: logs that grow, by live_check.py
. tests/lib.sh

exits grace-alone 2 "$SMTPWIRE" live -i lo --grace 5
has grace-alone-told 'no log is named' "$TMP/err"
exits select 2 "$SMTPWIRE" live -i lo --check "$TMP/x" --failed
exits follow 2 "$SMTPWIRE" live -i lo --check "$TMP/x" --follow
exits explain 2 "$SMTPWIRE" live -i lo --check "$TMP/x" --explain
exits normal 2 "$SMTPWIRE" live -i lo --check "$TMP/x" --normal -f jsonl
exits stdin 2 "$SMTPWIRE" live -i lo --check -
exits no-grace 2 "$SMTPWIRE" live -i lo --check "$TMP/x" --grace 0

if [ "$(id -u)" != 0 ] || ! unshare -n true 2>"$TMP/err"; then
	skip live-check "making network namespaces takes root"
	exit 0
fi
exits format 2 "$SMTPWIRE" live -i lo --check "$TMP/x" --format none
for p in ip nsenter python3; do
	if ! command -v "$p" >"$TMP/out"; then
		skip live-check "$p is not installed"
		exit 0
	fi
done
exec unshare -n python3 tests/e2e/live_check.py
