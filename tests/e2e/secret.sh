#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# secret.sh - what keys the tables of connections is another in each run
. tests/lib.sh

# kept N: run N, and the first octets that -w put aside for the sessions that
# are selected: in front of each frame stands its connection under that key
kept()
{
	mkdir "$TMP/tmp-$1"
	rm -f "$TMP/in"
	mkfifo "$TMP/in"
	TMPDIR=$TMP/tmp-$1 "$SMTPWIRE" read -q --failed -w "$TMP/frames-$1" \
		"$TMP/in" >"$TMP/out-$1" &
	reader=$!
	exec 3>"$TMP/in"
	cat pcaps/relay-exim-postfix.pcap >&3
	tries=0
	while [ $tries -lt 600 ]; do
		for fd in "/proc/$reader/fd"/*; do
			case $(readlink "$fd") in
			"$TMP/tmp-$1"/smtpwire-*)
				head -c 16384 "$fd" >"$TMP/kept-$1" ;;
			esac
		done
		[ "$(wc -c <"$TMP/kept-$1")" = 16384 ] && break
		sleep 0.1
		tries=$((tries + 1))
	done 2>"$TMP/err"
	exec 3>&-
	wait $reader
	is "run-$1" 0 $?
}

kept 1
kept 2
python3 - "$TMP/kept-1" "$TMP/kept-2" <<'END2'
import struct
import sys


def frames(path):
    """(key, all else) of each frame that is there whole."""
    with open(path, 'rb') as f:
        octets = f.read()
    at = 0
    while at + 48 <= len(octets):
        key, *head, size, note = struct.unpack_from('=QQqIIQQ', octets, at)
        yield key, (head, octets[at + 48:at + 48 + size + note])
        at += 48 + size + note


def tell(name, good, why):
    print(f'ok {name}' if good else f'not ok {name}: {why}')


(one, first), (two, second) = [zip(*frames(p)) for p in sys.argv[1:]]
tell('same-frames', first == second and len(first) > 20, len(first))
tell('same-connections', [one.index(k) for k in one] ==
     [two.index(k) for k in two], 'not told apart alike')
tell('other-keys', not set(one) & set(two), set(one) & set(two))
END2
is same-sessions '' "$(cmp "$TMP/out-1" "$TMP/out-2" 2>&1)"
is same-kept '' "$(cmp "$TMP/frames-1" "$TMP/frames-2" 2>&1)"
