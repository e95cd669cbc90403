#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# planted_formats.sh - differences in logs that no recording has, by
# planted_formats.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip planted-formats 'no python3'
	exit 0
}
exec python3 tests/e2e/planted_formats.py
