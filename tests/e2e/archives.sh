#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# archives.sh - captures and logs in zip, tar and 7z, by archives.py
. tests/lib.sh

command -v python3 >/dev/null || {
	skip archives 'no python3'
	exit 0
}
exec python3 tests/e2e/archives.py
