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

# Who captures is stopped (Ctrl-C), and so is this: what came is told.
python3 - "$SMTPWIRE" "$capture" "$TMP/file" >"$TMP/result" 2>&1 <<'END'
import array
import fcntl
import signal
import subprocess
import sys
import termios
import time

PROGRAM, CAPTURE, WHOLE = sys.argv[1:]
with open(CAPTURE, "rb") as f:
    octets = f.read()
with open(WHOLE, "rb") as f:
    whole = f.read()
at = 24
while at < len(octets) // 4:
    at += 16 + int.from_bytes(octets[at + 8:at + 12], "little")
head, rest = octets[:at], octets[at:]


class Reader:
    """One that has read the head, and its signal's number."""

    def __init__(self, number, action=signal.SIG_DFL):
        self.number = number
        self.process = subprocess.Popen(
            [PROGRAM, "read", "-q", "-f", "jsonl", "--normal", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            preexec_fn=lambda: signal.signal(number, action))
        self.write(head)
        left = array.array("i", [1])
        while left[0]:
            time.sleep(0.05)
            fcntl.ioctl(self.process.stdin, termios.FIONREAD, left)

    def write(self, some):
        while some:
            some = some[self.process.stdin.write(some):]

    def signal(self):
        self.process.send_signal(self.number)

    def ends(self, close=True):
        """Status and output, of a writer that is there still or not."""
        if close:
            self.process.stdin.close()
            self.process.stdin = None
        told = self.process.stdout.read()
        return self.process.wait(60), told


r = Reader(signal.SIGINT)
r.signal()
status, told = r.ends()
print("cut", status, told != whole and b'"ending":"input-ended"' in told)

r = Reader(signal.SIGTERM)
r.signal()
time.sleep(0.2)
r.write(rest)
print("rest", r.ends(close=False) == (0, whole))

r = Reader(signal.SIGINT)
r.signal()
while r.process.poll() is None:
    time.sleep(0.1)
    r.signal()
print("twice", r.ends()[0] == -signal.SIGINT)

r = Reader(signal.SIGINT, signal.SIG_IGN)
r.signal()
time.sleep(1.3)
r.write(rest)
print("ignored", r.ends() == (0, whole))
END
is stopped-told 'cut 0 True' "$(grep cut "$TMP/result")"
is stopped-rest 'rest True' "$(grep rest "$TMP/result")"
is stopped-twice 'twice True' "$(grep twice "$TMP/result")"
is stopped-ignored 'ignored True' "$(grep ignored "$TMP/result")"

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
