#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# proxy.sh - captures on both sides of a proxy that rewrites, by proxy.py
. tests/lib.sh

for program in python3 tcpdump unshare ip; do
	command -v $program >/dev/null || {
		skip proxy "no $program"
		exit 0
	}
done
if [ "$(id -u)" != 0 ] || ! unshare -n true 2>"$TMP/err"; then
	skip proxy 'needs root and network namespaces'
	exit 0
fi
exec unshare -n python3 tests/e2e/proxy.py
