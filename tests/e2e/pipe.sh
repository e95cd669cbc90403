#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pipe.sh - standard input, pipes, and readers that go away
. tests/lib.sh

# The name of the input is in the transcript, what was read is not.
set -- "$SMTPWIRE" read -q -f jsonl --normal

"$@" "$capture" >"$TMP/file"
"$@" - <"$capture" >"$TMP/redirected"
is redirected '' "$(cmp "$TMP/file" "$TMP/redirected" 2>&1)"
# shellcheck disable=SC2002 # a pipe, and no file
cat "$capture" | "$@" - >"$TMP/piped"
is piped '' "$(cmp "$TMP/file" "$TMP/piped" 2>&1)"
# shellcheck disable=SC2002 # a pipe, and no file
cat "$capture" | dd bs=1 2>/dev/null | "$@" - >"$TMP/trickled"
is trickled '' "$(cmp "$TMP/file" "$TMP/trickled" 2>&1)"
mkfifo "$TMP/fifo"
cat "$capture" >"$TMP/fifo" &
"$@" "$TMP/fifo" >"$TMP/named"
wait
is fifo '' "$(cmp "$TMP/file" "$TMP/named" 2>&1)"
for p in gzip xz zstd bzip2 lz4; do
	if ! command -v $p >/dev/null; then
		skip "compressed-$p" "no $p"
		continue
	fi
	$p -c <"$capture" | "$@" - >"$TMP/compressed"
	is "compressed-$p" '' "$(cmp "$TMP/file" "$TMP/compressed" 2>&1)"
done

# Of a second one nothing would be left.
exits twice 2 "$SMTPWIRE" read -q - "$capture" -
has twice-told '^smtpwire read: standard input can be read once only$' \
	"$TMP/err"

# A session is told as it ends, while the input goes on: its writer waits.
mkfifo "$TMP/waits"
"$SMTPWIRE" read -q - <"$TMP/waits" >"$TMP/live" &
reader=$!
exec 3>"$TMP/waits"
cat "$capture" >&3
i=0
while [ ! -s "$TMP/live" ] && [ $i -lt 1200 ]; do
	sleep 0.1
	i=$((i + 1))
done
has told-at-once '^session 1 ' "$TMP/live"
is goes-on yes "$(kill -0 $reader && echo yes)"
# Meanwhile: its heap is to lie in large pages, where there are any.
case $O in
*/asan | */tsan) skip large-pages "no heap of its own" ;;
*)	if [ -d /sys/kernel/mm/transparent_hugepage ]; then
		awk '/^[0-9a-f]+-[0-9a-f]+ / { heap = /\[heap\]/ }
		    heap && /^VmFlags:/' "/proc/$reader/smaps" >"$TMP/flags"
		has large-pages ' hg ' "$TMP/flags"
	else
		skip large-pages "the kernel has none"
	fi ;;
esac
exec 3>&-
wait $reader
is ends-with-writer 0 $?

# What the heap grows by for thousands of sessions does, too.
heap() { # octets of it, and of these in small pages
	awk '/^[0-9a-f]+-[0-9a-f]+ / { heap = /\[heap\]/ }
	    heap && /^Size:/ { size += $2 * 1024; last = $2 * 1024 }
	    heap && /^VmFlags:/ && !/ hg / { small += last }
	    END { print size + 0, small + 0 }' "/proc/$1/smaps"
}
case $O in
*/asan | */tsan) skip large-pages-grown "no heap of its own" ;;
*)	if [ -d /sys/kernel/mm/transparent_hugepage ]; then
		PYTHONPATH=tests/e2e python3 -c '
import os, struct, sys, time
from flood import Connection, dialogue
out = sys.stdout.buffer
out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
for i in range(10000):
    out.write(dialogue(1700000000000000 + i * 10,
        Connection(struct.pack(">I", 0x0a000000 + i), 1024 + i)))
out.flush()
while not os.path.exists(sys.argv[1]):
    time.sleep(0.1)' "$TMP/seen" >"$TMP/waits" &
		"$SMTPWIRE" read -q -f jsonl --threads 1 - <"$TMP/waits" \
		    >"$TMP/live" &
		reader=$!
		i=0
		grown=no
		while [ $grown = no ] && [ $i -lt 300 ]; do
			sleep 0.1
			i=$((i + 1))
			# all but the pages at both ends
			heap $reader >"$TMP/heap"
			read -r size small <"$TMP/heap"
			[ "$size" -gt 50000000 ] && [ "$small" -le 8192 ] &&
				grown=yes
		done
		: >"$TMP/seen"
		wait $reader
		is large-pages-grown yes $grown
	else
		skip large-pages-grown "the kernel has none"
	fi ;;
esac

# The reader goes away: quiet, and no failure.
python3 - "$SMTPWIRE" "$capture" >"$TMP/result" 2>&1 <<'END'
import os
import subprocess
import sys

read, write = os.pipe()
os.close(read)
p = subprocess.run([sys.argv[1], "read", sys.argv[2]], stdout=write,
                   stderr=subprocess.PIPE, check=False)
print(p.returncode, p.stderr.decode())
END
is broken-pipe 0 "$(tr -d ' \n' <"$TMP/result")"
exits head 0 sh -c "'$SMTPWIRE' read -q '$capture' | head -n 1"
has head-line '^session 1 ' "$TMP/out"
