#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh - every case of this folder; prints ok, not ok or skip for each
#
# SMTPWIRE names the program (default: BUILD/smtpwire).

cd "$(dirname "$0")/../.." || exit 2
: "${BUILD:=build}"
: "${SMTPWIRE:=${O:-$BUILD/release}/smtpwire}"
export BUILD SMTPWIRE
if ! command -v python3 >/dev/null; then
	echo "skip cases: no python3"
	exit 0
fi
if [ ! -x "$SMTPWIRE" ]; then
	echo "not ok cases: $SMTPWIRE is not built"
	exit 1
fi
[ $# -gt 0 ] || set -- tests/cases/*.case
exec python3 tests/cases/match.py "$@"
