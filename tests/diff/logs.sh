#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# logs.sh - the logs in pcaps/ beside the captures of the same sessions
cd "$(dirname "$0")/../.." || exit 2
command -v python3 >/dev/null || {
	echo "skip diff/logs: no python3"
	exit 0
}
exec python3 tests/diff/logs.py
