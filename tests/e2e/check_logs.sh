#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# check_logs.sh - logs that were written together agree, by check_logs.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip check-logs 'no python3'
	exit 0
}
exec python3 tests/e2e/check_logs.py
