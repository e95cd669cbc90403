#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tshark.sh - the captures in pcaps/ as tshark sees them
cd "$(dirname "$0")/../.." || exit 2
command -v python3 >/dev/null || {
	echo "skip diff/tshark: no python3"
	exit 0
}
exec python3 tests/diff/tshark.py
