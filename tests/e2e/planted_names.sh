#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# planted_names.sh - what shows in the frames of one side, by planted_names.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip planted-names 'no python3'
	exit 0
}
exec python3 tests/e2e/planted_names.py
