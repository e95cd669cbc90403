#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# confine.sh - what a process that was taken over could do (`live`: live.py)
. tests/lib.sh

escape=${O:?}/tests/fault/escape.so
case $O in
*release) ;;
*)
	skip confine "processes of this build are not confined"
	exit 0
	;;
esac
if [ ! -e "$escape" ]; then
	skip confine "$escape is not built"
	exit 0
fi

# Landlock's number is the same everywhere; without it files stay open.
if python3 -c 'import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 1)' 2>"$TMP/err"; then
	refused='escape: 13 13 1 1 1 1'
else
	refused='escape: .* 1 1 1 1'
	skip confine-files "the kernel has no Landlock"
fi

exits read 0 env LD_PRELOAD="$escape" "$SMTPWIRE" read -q "$capture" \
	--eml "$TMP/mails" -w "$TMP/kept" --rotate-size 1K
has read-refused "^$refused\$" "$TMP/err"
is read-mails 2 "$(find "$TMP/mails" -name '*.eml' | wc -l)"
is read-rotated yes "$([ "$(find "$TMP" -name 'kept*' | wc -l)" -gt 1 ] &&
	echo yes)"
exits check 0 env LD_PRELOAD="$escape" "$SMTPWIRE" check -q \
	"${capture%.pcap}.server.log" "$capture"
has check-refused "^$refused\$" "$TMP/err"
