#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# netmon.sh - Network Monitor files of all versions and media, by netmon.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip netmon 'no python3'
	exit 0
}
exec python3 tests/e2e/netmon.py
