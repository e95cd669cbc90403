#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# counts.sh - instructions per megabyte against those recorded; see counts.py
#
#	counts.sh SMTPWIRE FOLDER [--record]
: "${CC:=cc}"
cd "$(dirname "$0")/../.." || exit 2
program=$1
folder=$2
mkdir -p "$folder" || exit 2
for name in gen gen_logs; do
	"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$folder/$name" \
		"tests/bench/$name.c" || exit 2
done
shift 2
exec python3 tests/bench/counts.py "$program" "$folder/gen" \
	"$folder/gen_logs" "$folder" "$@"
