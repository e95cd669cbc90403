#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# memory.sh - sessions that grow as much as they can take no more than
# --memory, and no session beside them is lost
. tests/lib.sh

command -v python3 >/dev/null || {
	skip memory 'no python3'
	exit 0
}
exec python3 tests/e2e/memory.py
