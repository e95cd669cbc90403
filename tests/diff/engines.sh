#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# engines.sh - both TCP engines tell the same; see engines.py
cd "$(dirname "$0")/../.." || exit 2
: "${CC:=cc}"
: "${SMTPWIRE:=${O:-${BUILD:-build}/release}/smtpwire}"
export SMTPWIRE
command -v python3 >/dev/null || {
	echo "skip diff/engines: no python3"
	exit 0
}
lacks=$("$SMTPWIRE" --version | sed -n 's/^engine nids (\(.*\))$/\1/p')
if [ -n "$lacks" ]; then
	echo "skip diff/engines: $lacks"
	exit 0
fi
t=$(mktemp -d) || exit 2
trap 'rm -rf "$t"' EXIT
"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$t/gen" tests/bench/gen.c || exit 1
python3 tests/diff/engines.py "$t/gen" "$t" "$@"
