#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# planted.sh - what is planted into the recordings is found, by planted.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip planted 'no python3'
	exit 0
}
exec python3 tests/e2e/planted.py
