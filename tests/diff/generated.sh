#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# generated.sh - what many hosts said, captured in several ways; see
# generated.py
cd "$(dirname "$0")/../.." || exit 2
: "${CC:=cc}"
command -v python3 >/dev/null || {
	echo "skip diff/generated: no python3"
	exit 0
}
t=$(mktemp -d) || exit 2
trap 'rm -rf "$t"' EXIT
"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$t/gen" tests/bench/gen.c || exit 1
python3 tests/diff/generated.py "$t/gen" "$t"
