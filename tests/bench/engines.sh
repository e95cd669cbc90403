#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# engines.sh - what each TCP engine recovers; see engines.py
#
#	engines.sh [SMTPWIRE [FOLDER]]
: "${CC:=cc}"
cd "$(dirname "$0")/../.." || exit 2
program=${1:-${SMTPWIRE:-${O:-build/release}/smtpwire}}
folder=${2:-${BUILD:-build}/bench}
lacks=$("$program" --version | sed -n 's/^engine nids (\(.*\))$/\1/p')
if [ -n "$lacks" ]; then
	echo "compare-engines: $lacks" >&2
	exit 1
fi
mkdir -p "$folder" || exit 2
"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$folder/gen" tests/bench/gen.c ||
	exit 2
exec python3 tests/bench/engines.py "$program" "$folder/gen" "$folder"
