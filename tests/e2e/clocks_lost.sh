#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# clocks_lost.sh - captures that lack a part of the frames, by clocks_lost.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip clocks-lost 'no python3'
	exit 0
}
"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$TMP/gen" tests/bench/gen.c || exit 1
exec python3 tests/e2e/clocks_lost.py
