#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build_dist.sh - the archive of the sources builds, installs, and goes away
. tests/lib.sh

: "${CC:=cc}" "${MAKE:=make}"
if [ ! -e .git ]; then
	# The archive's own tests would begin another round.
	skip dist 'an archive, not a repository'
	exit 0
fi
exits dist 0 "$MAKE" -s --no-print-directory dist BUILD="$TMP/build"
archive=$(cat "$TMP/out")
cp "$archive" "$TMP/first.tar.gz"
exits dist-again 0 "$MAKE" -s --no-print-directory dist BUILD="$TMP/build"
is same-twice '' "$(cmp "$archive" "$TMP/first.tar.gz" 2>&1)"
tar -tzf "$archive" >"$TMP/list"
has has-makefile '/Makefile$' "$TMP/list"
has has-captures '/pcaps/.*\.pcap$' "$TMP/list"
lacks no-build '/build/' "$TMP/list"
exits distcheck 0 "$MAKE" -s --no-print-directory distcheck \
	BUILD="$TMP/build" CC="$CC" DISTCHECK=lint-layers
