#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# clocks.sh - wrong clocks, parts of captures, lost frames, by clocks.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip clocks 'no python3'
	exit 0
}
exec python3 tests/e2e/clocks.py
