#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# runner.sh - what tests/run makes of what tests say
. tests/lib.sh

# ends NAME STATUS LAST-LINE SCRIPT-LINE: a test of this one line
ends()
{
	printf '%s\n' "$4" >"$TMP/$1.sh"
	status=0
	tests/run "$TMP/build" "$TMP/$1.sh" >"$TMP/out" 2>"$TMP/err" ||
		status=$?
	is "$1" "$2 $3" "$status $(tail -n 1 "$TMP/out")"
}

mkdir -p "$TMP/build/logs"
ends passed 0 "1 passed, 0 failed, 0 skipped" "echo 'ok it'"
ends failed 1 "0 passed, 1 failed, 0 skipped" "echo 'not ok it: wrong'"
# A machine on which something may not be tried has not failed.
ends skipped 0 "0 passed, 0 failed, 1 skipped" "echo 'skip it: no root'"
ends said-nothing 1 "0 passed, 1 failed, 0 skipped" "true"
ends broke-off 1 "1 passed, 1 failed, 0 skipped" "echo 'ok it'; exit 3"
