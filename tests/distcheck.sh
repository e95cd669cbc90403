#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# distcheck.sh - does the archive build, pass its tests, install, go away?
#
#   tests/distcheck.sh ARCHIVE.tar.gz NAME-VERSION "TARGETS"
set -eu
# What the calling make was told must not reach the unpacked one.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BUILD MODE O DESTDIR PREFIX
archive=$1
name=$2
targets=$3
: "${MAKE:=make}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tar -xzf "$archive" -C "$folder"
cd "$folder/$name"
before=$(find . -type f | sort | xargs cat | cksum)

# shellcheck disable=SC2086 # targets is a list of words
for t in all $targets; do
	"$MAKE" --no-print-directory "$t"
done
"$MAKE" -s --no-print-directory install DESTDIR="$folder/root" PREFIX=/usr
[ -x "$folder/root/usr/bin/smtpwire" ]
"$MAKE" -s --no-print-directory uninstall DESTDIR="$folder/root" PREFIX=/usr
left=$(find "$folder/root" ! -type d)
if [ -n "$left" ]; then
	echo "distcheck: uninstall leaves $left" >&2
	exit 1
fi
"$MAKE" -s --no-print-directory distclean
after=$(find . -type f | sort | xargs cat | cksum)
if [ "$before" != "$after" ]; then
	echo "distcheck: the sources changed, or distclean leaves files" >&2
	exit 1
fi
echo "distcheck: $archive is good"
