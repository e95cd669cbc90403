#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bad_input.sh - what must not hurt; see bad_input.py
cd "$(dirname "$0")/../.." || exit 2
command -v python3 >/dev/null || {
	echo "skip e2e/bad_input: no python3"
	exit 0
}
exec python3 tests/e2e/bad_input.py
