#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# format.sh - which files clang-format would change
#
# A report: versions of clang-format differ in small things, so that only
# FORMAT_STRICT=1 makes it a failure.
set -u
: "${CLANG_FORMAT:=clang-format}"
n=0
total=0
for f in "$@"; do
	total=$((total + 1))
	"$CLANG_FORMAT" "$f" | cmp -s - "$f" && continue
	n=$((n + 1))
	if [ "${V:-0}" = 1 ] || [ "${FORMAT_STRICT:-0}" = 1 ]; then
		echo "$f: clang-format would change it"
	fi
done
echo "format: $n of $total files differ from .clang-format"
[ "${FORMAT_STRICT:-0}" != 1 ] || [ "$n" = 0 ]
