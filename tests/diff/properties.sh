#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# properties.sh - one traffic, however it was sent and captured; see
# properties.py.  SEEDS=N tries more than the few that are always tried.
cd "$(dirname "$0")/../.." || exit 2
command -v python3 >/dev/null || {
	echo "skip diff/properties: no python3"
	exit 0
}
exec python3 tests/diff/properties.py
