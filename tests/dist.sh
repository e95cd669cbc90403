#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# dist.sh - the sources as an archive
#
#   tests/dist.sh NAME-VERSION ARCHIVE.tar.gz
#
# What git knows; in an unpacked archive, all that is there.  The same sources
# give the same archive.
set -eu
name=$1
archive=$2
list=$(mktemp)
trap 'rm -f "$list"' EXIT

if git rev-parse --is-inside-work-tree >/dev/null 2>&1 &&
	[ -e .git ]; then
	git ls-files --cached | while IFS= read -r f; do
		[ ! -e "$f" ] || printf '%s\n' "$f"
	done >"$list"
	when=$(git log -1 --format=%ct)
else
	find . -name build -prune -o -type f -print | sed 's|^\./||' >"$list"
	when=$(stat -c %Y Makefile)
fi

LC_ALL=C sort "$list" | tar -c --no-recursion --format=ustar \
	--owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	--mtime="@$when" --transform="s|^|$name/|" -T - | gzip -9n >"$archive"
