#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# scale.sh - captures of any size, any number of sessions; see scale.py
#
#	scale.sh [SMTPWIRE [FOLDER]]
: "${CC:=cc}"
cd "$(dirname "$0")/../.." || exit 2
program=${1:-${SMTPWIRE:-${O:-build/release}/smtpwire}}
folder=${2:-${BUILD:-build}/bench}
mkdir -p "$folder" || exit 2
"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$folder/gen" tests/bench/gen.c ||
	exit 2
exec python3 tests/bench/scale.py "$program" "$folder/gen" "$folder"
