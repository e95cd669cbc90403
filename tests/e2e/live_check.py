#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""live_check.py - an interface, and a log that grows beside it

A recording of refusals is sent again, session by session, and the log that its
server wrote is written again, with the times of now.  Each test has a pair of
interfaces of its own, so that they run side by side.  Run by live_check.sh, in
a network namespace of its own.
"""
import json
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, 'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import live
from live import Watch, read_lines, report, same, wait_for
from wirefile import ACK, SYN, Capture

RECORDING = 'pcaps/postfix-refusals'
# Longer than a busy machine keeps a test from writing the log of what it sent.
GRACE_S = 6
LONG_GRACE_S = 90


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


class Wire:
    """Two ends of a wire: frames are sent at one, and watched at the other."""

    flows = wire_sessions()

    def __init__(self, name):
        self.watched = name + 'a'
        live.ip(f'link add {name}a type veth peer name {name}b')
        for end in 'ab':
            live.ip(f'link set {name}{end} up')
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((name + 'b', 0))

    def send(self, number):
        for frame in self.flows[number]:
            self.socket.send(bytes(frame.octets))


class Log:
    """What the server writes."""

    def __init__(self, folder, name='mail.log'):
        self.name = os.path.join(folder, name)
        self.sessions = log_sessions()
        self.written = 0

    def write(self, lines, name=None):
        now = time.strftime('%b %e %H:%M:%S', time.gmtime())
        with open(name or self.name, 'a', encoding='utf-8') as f:
            f.write(''.join(now + line for line in lines))
        self.written += len(lines)

    def tell(self, number, alter=lambda s: s):
        self.write([alter(s) for s in self.sessions[number]])

    def rename(self):
        os.rename(self.name, self.name + '.1')

    def cut(self):
        shutil.copy(self.name, self.name + '.2')
        os.truncate(self.name, 0)


def lines_read(watch):
    """Of the log so far, by the account."""
    before = watch.err().count('of the logs:')
    watch.tell(signal.SIGUSR1)
    wait_for(lambda: watch.err().count('of the logs:') > before)
    counts = re.findall(r'(\d+)  log lines$', watch.err().rpartition(
        'of the logs:')[2], re.M)
    return int(counts[0]) if counts else 0


def wait_read(watch, log):
    """Until it has read what was written."""
    return wait_for(lambda: lines_read(watch) >= log.written)


def both(wire, log, number, alter=lambda s: s):
    wire.send(number)
    log.tell(number, alter)


# --- tests -------------------------------------------------------------------

def disturb(wire, log, watch):
    """The log comes, is renamed in the middle of a session, and is cut."""
    both(wire, log, 3)
    wire.send(4)
    half = len(log.sessions[4]) // 2
    log.write(log.sessions[4][:half])
    report('begun', '' if wait_read(watch, log) else 'not read')
    log.rename()
    log.write(log.sessions[4][half:half + 20], log.name + '.1')
    time.sleep(0.2)
    log.write(log.sessions[4][half + 20:])
    both(wire, log, 7)
    both(wire, log, 8)
    # What is cut off unread is lost.
    report('renamed', '' if wait_read(watch, log) else 'not read')
    log.cut()
    both(wire, log, 9)


class Case:
    """A log, a folder that the watcher may write, and what it tells."""

    def __init__(self, name, wire, folder, grace_s=GRACE_S):
        self.name = name
        self.log = Log(folder)
        self.account = os.path.join(folder, 'account.json')
        out = os.path.join(folder, 'check.jsonl')
        self.watch = Watch(
            name, '--check', self.log.name, '--grace', str(grace_s), '-f',
            'jsonl', '-o', out, '--account', self.account,
            interface=wire.watched, user=None)
        os.remove(live.path(name + '.out'))
        os.symlink(out, live.path(name + '.out'))

    def wait(self, what, count):
        """Until so many objects were told."""
        report(f'{self.name}-{what}', '' if wait_for(
            lambda: len(read_lines(self.name + '.out')) >= count)
            else 'not told')

    def end(self, *counts):
        """All that was told, but the summary, of which these are the numbers
        of pairs, those that agree and differ, and what is on one side."""
        same(self.name + '-status', int(sum(counts[2:]) > 0),
             self.watch.stop())
        told = [json.loads(s) for s in read_lines(self.name + '.out')]
        last = told.pop()
        same(self.name + '-summary', counts,
             tuple(last['summary'][k] for k in (
                 'pairs', 'agrees', 'differs', 'left_only', 'right_only')))
        same(self.name + '-counted',
             [counts[0] + counts[3], counts[0] + counts[4]],
             [last[s]['sessions'] for s in ('left', 'right')])
        same(self.name + '-left-over', [[0, 0]] * 4,
             [last[k] for k in ('waiting', 'early', 'other', 'given_up')])
        report(self.name + '-clock', [c for c in last['clock']
                                      if abs(c['offset']) > 60])
        check_accounts(self, told + [last])
        return told


def test_differences(wire, folder):
    """All that may befall a log, and then a reply that it tells otherwise."""
    case = Case('differs', wire, folder, LONG_GRACE_S)
    report('absent', '' if wait_for(
        lambda: 'mail.log: No such file' in case.watch.err())
        else case.watch.err())
    disturb(wire, case.log, case.watch)
    # Nothing was wrong before, so that this is the first that is told.
    both(wire, case.log, 6, lambda s: re.sub(
        r'(> [^ ]*: )(450|550) ', r'\g<1>452 ', s))
    case.wait('told', 1)
    told = case.end(6, 5, 1, 0, 0)
    same('differs-alone', 1, len(told))
    same('differs-verdict', 'differs', told[0]['pair']['verdict'])
    same('differs-kinds', {'reply-code-changed'},
         {f['kind'] for f in told[0]['pair']['findings']} -
         {'reply-text-changed'})
    same('differs-sides', ['log', 'wire'],
         [told[0][s]['source']['kind'] for s in ('left', 'right')])


def wait_alone(case, send):
    """What is sent is told as alone, when the grace is over."""
    begin = time.monotonic()
    send()
    case.wait('told', 1)
    waited = time.monotonic() - begin
    report(case.name + '-grace', not GRACE_S <= waited <= GRACE_S + 40 and
           waited)


def test_never_logged(wire, folder):
    """A session that the log does not have, and has too late."""
    case = Case('unlogged', wire, folder)
    both(wire, case.log, 3)
    wait_alone(case, lambda: wire.send(10))
    case.log.tell(10)
    case.wait('late', 2)
    only, late = case.end(2, 2, 0, 0, 0)
    same('unlogged-only', ('right', 'unexplained', 'wire'),
         (only['only']['side'], only['only']['reason'],
          only['session']['source']['kind']))
    same('unlogged-late', (True, 'agrees', only['only']['id']),
         (late['late'], late['pair']['verdict'], late['pair']['right']))


def test_never_sent(wire, folder):
    """A session that the log alone has."""
    case = Case('unsent', wire, folder)
    both(wire, case.log, 3)
    # What a log tells in the first 2 s may have begun before.
    time.sleep(2.2)
    wait_alone(case, lambda: case.log.tell(0))
    told = case.end(1, 1, 0, 1, 0)
    same('unsent-only', [('left', 'unexplained', 'log')],
         [(o['only']['side'], o['only']['reason'],
           o['session']['source']['kind']) for o in told])


def check_accounts(case, lines):
    """What is written is as the schemas say, and tells all of the log."""
    with open(case.account, encoding='utf-8') as f:
        account = json.load(f)
    same(case.name + '-lines', [case.log.written] * 2,
         [account['logs']['lines'], lines[-1]['account']['lines']])
    same(case.name + '-frames', (0, True), (
        account['logs']['frames'], account['frames'] > 0))
    same(case.name + '-sessions', lines[-1]['left']['sessions'],
         account['logs']['sessions'])
    for file, values in (('live', lines), ('account', [account])):
        live.fits(f'{case.name}-schema-{file}', file, values)


def test_before(wire, folder):
    """What stands in the log at first is none of it; text, two logs."""
    old, new = Log(folder, 'old.log'), Log(folder, 'new.log')
    for number in range(3, 9):
        old.tell(number)
    # One that goes on.
    old.write(old.sessions[9][:100])
    watch = Watch('before', '--check', old.name, '--check', new.name,
                  '--grace', str(GRACE_S), '--user', 'nobody',
                  interface=wire.watched, user=None)
    both(wire, old, 10)
    both(wire, new, 11)
    old.write(old.sessions[9][100:])
    # Longer than the grace of a session that is over when its log is silent.
    time.sleep(GRACE_S + 3)
    same('before-nothing', [], read_lines('before.out'))
    same('before-status', 0, watch.stop())
    lines = read_lines('before.out')
    report('before-summary', '2 pairs: 2 agree, 0 differ, 0 cannot be '
           'decided' not in lines and lines)
    report('before-early', 'perhaps begun before this run: 1 left, 0 right'
           not in lines and lines)


def test_refused(wire, folder):
    """A log that the user may not read."""
    name = os.path.join(folder, 'secret.log')
    with open(name, 'w', encoding='ascii'):
        os.chmod(name, 0o600)
    watch = Watch('unreadable', '--check', name, interface=wire.watched,
                  user=None)
    same('unreadable', 3, watch.wait())
    report('unreadable-told', 'secret.log: cannot read: Permission denied'
           not in watch.err() and watch.err())


def test_no_log(wire, folder):
    """What is no log is told: at once what stood there, else at the end."""
    there, late = (os.path.join(folder, n) for n in ('a.pcap', 'late.pcap'))
    shutil.copy(RECORDING + '.pcap', there)
    watch = Watch('no-log', '--check', there, '--check', late,
                  interface=wire.watched, user=None)
    known = 'no log of a known format so far (see smtpwire formats)'
    report('no-log-at-once', '' if wait_for(
        lambda: f'warning: {there}: {known}' in watch.err())
        else watch.err())
    with open(there, 'rb') as f, open(late, 'wb') as to:
        to.write(f.read(100))
    time.sleep(1)
    same('no-log-status', 0, watch.stop())
    same('no-log-told', [1, 1], [watch.err().count(
        f'warning: {name}: {known}') for name in (there, late)])


def run(test, name):
    try:
        with tempfile.TemporaryDirectory(dir='/tmp') as folder:
            shutil.chown(folder, 'nobody')
            test(Wire(name), folder)
    # pylint: disable=broad-except  # the other tests go on
    except Exception as e:
        report(test.__name__, repr(e))


def main():
    threads = [threading.Thread(target=run, args=(test, f'v{i}'))
               for i, test in enumerate((
                   test_differences, test_never_logged, test_never_sent,
                   test_before, test_refused,
                   test_no_log))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


main()
