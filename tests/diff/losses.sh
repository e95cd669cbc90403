#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# losses.sh - recordings with frames lost tell nothing that was not; see
# losses.py.  SEEDS=N tries more than the few that are always tried.
cd "$(dirname "$0")/../.." || exit 2
command -v python3 >/dev/null || {
	echo "skip diff/losses: no python3"
	exit 0
}
exec python3 tests/diff/losses.py
