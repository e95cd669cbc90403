#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""live_check.py - an interface, and a log that grows beside it

A recording of refusals is sent again, session by session, and the log that its
server wrote is written again, with the times of now.  Run by live_check.sh, in
a network namespace of its own.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, 'lib'))
# pylint: disable=wrong-import-position
import live
from live import Watch, read_lines, report, same, wait_for
from wirefile import ACK, SYN, Capture

RECORDING = 'pcaps/postfix-refusals'
GRACE_S = 3


def wire_sessions():
    """The frames of each session."""
    capture = Capture(RECORDING + '.pcap')
    return [capture.flow(f) for f in capture.frames
            if f.tcp and f.flags & (SYN | ACK) == SYN]


def log_sessions():
    """The lines of each session, without their times."""
    with open(RECORDING + '.server.log', encoding='utf-8') as f:
        lines = [line[15:] for line in f]
    first = [i for i, s in enumerate(lines) if ']: connect from' in s]
    last = [i for i, s in enumerate(lines) if ']: disconnect from' in s]
    return [lines[a:b + 1] for a, b in zip(first, last)]


def replay():
    """Send the sessions whose numbers come on standard input."""
    flows = wire_sessions()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(('vb', 0))
        for line in sys.stdin:
            for frame in flows[int(line)]:
                s.send(bytes(frame.octets))
            print('sent', flush=True)


class Wire:
    """Who sends frames at the other end."""

    def __init__(self, peer):
        self.process = subprocess.Popen(
            peer.within() + [sys.executable, __file__, 'replay'], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, number):
        print(number, file=self.process.stdin, flush=True)
        self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Log:
    """What the server writes."""

    def __init__(self, folder, name='mail.log'):
        self.name = os.path.join(folder, name)
        self.sessions = log_sessions()

    def write(self, lines, name=None):
        now = time.strftime('%b %e %H:%M:%S', time.gmtime())
        with open(name or self.name, 'a', encoding='utf-8') as f:
            f.write(''.join(now + line for line in lines))

    def tell(self, number, alter=lambda s: s):
        self.write([alter(s) for s in self.sessions[number]])

    def rename(self):
        os.rename(self.name, self.name + '.1')

    def cut(self):
        shutil.copy(self.name, self.name + '.2')
        os.truncate(self.name, 0)


def told(name):
    return [json.loads(line) for line in read_lines(name + '.out')]


def wait_told(name, count):
    """So many objects were told; false: they are not."""
    return wait_for(lambda: len(read_lines(name + '.out')) >= count)


def has_open(watch, name):
    """Does it read that file?"""
    folder = f'/proc/{watch.process.pid}/fd'
    return any(os.path.realpath(os.path.join(folder, fd)) == name
               for fd in os.listdir(folder))


def both(wire, log, number, alter=lambda s: s):
    wire.send(number)
    log.tell(number, alter)


# --- tests -------------------------------------------------------------------

def test_differences(wire, folder):
    """All that may befall a log, and what is told of it."""
    log = Log(folder)
    out = os.path.join(folder, 'check.jsonl')
    watch = Watch('check', '--check', log.name, '--grace', str(GRACE_S),
                  '-f', 'jsonl', '-o', out, '--context', '0', user=None)
    report('check-absent', '' if wait_for(
        lambda: 'mail.log: No such file' in watch.err()) else watch.err())
    live_out = live.path('check.out')
    os.remove(live_out)
    os.symlink(out, live_out)
    # The log comes, is renamed in the middle of a session, and is cut.
    both(wire, log, 3)
    wire.send(4)
    half = len(log.sessions[4]) // 2
    log.write(log.sessions[4][:half])
    wait_for(lambda: has_open(watch, log.name))
    log.rename()
    log.write(log.sessions[4][half:half + 20], log.name + '.1')
    time.sleep(0.2)
    log.write(log.sessions[4][half + 20:])
    both(wire, log, 7)
    both(wire, log, 8)
    # It is looked at four times a second.
    time.sleep(1.5)
    log.cut()
    both(wire, log, 9)
    time.sleep(3)
    same('check-agree', [], told('check'))
    # Only now something is wrong.
    both(wire, log, 6, lambda s: re.sub(
        r'(> [^ ]*: )(450|550) ', r'\g<1>452 ', s))
    report('check-changed', '' if wait_told('check', 1) else 'not told')
    changed = told('check')[0]['pair']
    same('check-verdict', 'differs', changed['verdict'])
    same('check-kinds', {'reply-code-changed'},
         {f['kind'] for f in changed['findings']} - {'reply-text-changed'})
    same('check-sides', ['log', 'wire'],
         [told('check')[0][s]['source']['kind'] for s in ('left', 'right')])
    wire.send(10)
    sent = time.monotonic()
    report('check-never-logged', '' if wait_told('check', 2) else 'not told')
    waited = time.monotonic() - sent
    report('check-grace', not GRACE_S - 0.1 <= waited <= GRACE_S + 4 and
           waited)
    only = told('check')[1]
    same('check-only', ('right', 'unexplained', 'wire'),
         (only['only']['side'], only['only']['reason'],
          only['session']['source']['kind']))
    log.tell(0)
    report('check-never-sent', '' if wait_told('check', 3) else 'not told')
    same('check-only-log', 'left', told('check')[2]['only']['side'])
    log.tell(10)
    report('check-late', '' if wait_told('check', 4) else 'not told')
    late = told('check')[3]
    same('check-late-is', (True, 'agrees', only['only']['id']),
         (late['late'], late['pair']['verdict'], late['pair']['right']))
    same('check-status', 1, watch.stop())
    check_summary(told('check')[4:])


def check_summary(rest):
    same('check-last', 1, len(rest))
    last = rest[0]
    same('check-summary', (7, 6, 1, 1, 0),
         tuple(last['summary'][k] for k in (
             'pairs', 'agrees', 'differs', 'left_only', 'right_only')))
    same('check-counted', [8, 7], [last[s]['sessions']
                                   for s in ('left', 'right')])
    same('check-left-over', [[0, 0]] * 4,
         [last[k] for k in ('waiting', 'early', 'other', 'given_up')])
    report('check-clock', [c for c in last['clock']
                           if abs(c['offset']) > 5])


def test_before(wire, folder):
    """What stands in the log at first is none of it; text, two logs."""
    old, new = Log(folder, 'old.log'), Log(folder, 'new.log')
    for number in range(3, 9):
        old.tell(number)
    # One that goes on.
    old.write(old.sessions[9][:100])
    watch = Watch('before', '--check', old.name, '--check', new.name,
                  '--grace', '1', '--user', 'nobody', user=None)
    both(wire, old, 10)
    both(wire, new, 11)
    old.write(old.sessions[9][100:])
    time.sleep(2)
    same('before-nothing', [], read_lines('before.out'))
    same('before-status', 0, watch.stop())
    lines = read_lines('before.out')
    report('before-summary', '2 pairs: 2 agree, 0 differ, 0 cannot be '
           'decided' not in lines and lines)
    report('before-early', 'perhaps begun before this run: 1 left, 0 right'
           not in lines and lines)


def test_refused(folder):
    """A log that the user may not read."""
    name = os.path.join(folder, 'secret.log')
    with open(name, 'w', encoding='ascii'):
        os.chmod(name, 0o600)
    watch = Watch('unreadable', '--check', name, user=None)
    same('unreadable', 3, watch.wait())
    report('unreadable-told', 'secret.log: cannot read: Permission denied'
           not in watch.err() and watch.err())


def main():
    peer = live.Peer()
    wire = Wire(peer)
    try:
        with tempfile.TemporaryDirectory(dir='/tmp') as folder:
            shutil.chown(folder, 'nobody')
            test_before(wire, folder)
            test_differences(wire, folder)
            test_refused(folder)
    finally:
        wire.end()
        peer.end()


if sys.argv[1:] == ['replay']:
    replay()
else:
    main()
