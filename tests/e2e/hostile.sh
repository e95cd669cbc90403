#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hostile.sh - nothing that strangers put into names, fields, lines and
# comments does anything but stand there, see hostile.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip hostile 'no python3'
	exit 0
}
exec python3 tests/e2e/hostile.py
