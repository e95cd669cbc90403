#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clocks.py - `check` where clocks are wrong and captures are not whole

The two sessions of a recording are repeated over six hours, each time with
another port and other queue ids, in the log of the server and in the capture.
Then the log's clock is set wrong, or of the capture something is lost.
"""
import datetime
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import report
from report import Failed, TMP, check, found, tell
from wirefile import Capture

TIMES, APART = 120, 180			# seconds
QUEUE_ID = re.compile(r'queued as (\w+)')


def ids_of(text):
    return sorted(set(QUEUE_ID.findall(text)))


def renamed(text, ids, i):
    """Of repetition i: other ids of the same length."""
    for n, old in enumerate(ids):
        text = text.replace(old, ('%X' % (i * 16 + n + 0xA000)).rjust(
            len(old), 'F'))
    return text


def capture_of(text, path, keep=lambda i, n: True):
    """keep: which frames of which repetition were captured."""
    c, ids = Capture('pcaps/postfix-plain.pcap'), ids_of(text)
    once, c.frames = c.frames, []
    port = once[0].source[-2:]
    ports = sorted({f.source[-2:] for f in once} |
                   {f.target[-2:] for f in once})
    for i in range(TIMES):
        for n, frame in enumerate(once):
            if not keep(i, n):
                continue
            f = frame.copy()
            f.ns += i * APART * 10 ** 9
            for at in f.tcp, f.tcp + 2:
                port = int.from_bytes(f.octets[at:at + 2], 'big')
                if port != 25:
                    port = 20000 + 4 * i + ports.index(
                        bytes(f.octets[at:at + 2]))
                    f.octets[at:at + 2] = port.to_bytes(2, 'big')
            f.put(renamed(f.payload.decode('latin-1'), ids, i).encode(
                'latin-1'))
            f.seal()
            c.frames.append(f)
    c.frames.sort(key=lambda f: f.ns)
    c.save(path)
    return [path]


def log_of(text, path, clock=lambda t: 0, name=lambda i: i):
    """clock: what the log's clock is wrong by, so many seconds after the
    start; name: whose queue ids repetition i bears."""
    ids, out = ids_of(text), []
    for i in range(TIMES):
        for line in renamed(text, ids, name(i)).splitlines():
            t = datetime.datetime.strptime('2026 ' + line[:15],
                                           '%Y %b %d %H:%M:%S')
            t += datetime.timedelta(seconds=i * APART + clock(i * APART))
            out.append(t.strftime('%b %d %H:%M:%S') + line[15:])
    with open(path, 'w', encoding='latin-1') as f:
        f.write('\n'.join(out) + '\n')
    return [path]


def agreeing(r, pairs=2 * TIMES):
    if len(r['pairs']) != pairs:
        return '%d pairs' % len(r['pairs'])
    if found(r) or any(p['verdict'] != 'agrees' for p in r['pairs']):
        return '%d do not agree' % sum(p['verdict'] != 'agrees'
                                       for p in r['pairs'])
    alone = r['left_only'] + r['right_only']
    return '%d are alone' % len(alone) if alone else ''


def near(r, want, drift=0.0):
    """Offsets to within the log's resolution, and the fraction of a second
    that the recording itself has."""
    got = [c['offset'] for c in r['clock']]
    if len(got) != len(want) or any(abs(g - w) > 1.5
                                    for g, w in zip(got, want)):
        return 'offsets %s, not %s' % (got, want)
    drifts = [c['drift'] for c in r['clock']]
    if any(abs(d - drift) > max(0.25 * drift, 2e-5) for d in drifts):
        return 'drifts %s, not %s' % (drifts, drift)
    return ''


HALF = TIMES * APART // 2
CLOCKS = [
    # name, what the log's clock is wrong by, offsets, drift
    ('right', lambda t: 0, [0], 0),
    ('hours', lambda t: 7 * 3600, [25200], 0),
    ('early', lambda t: -40, [-40], 0),
    ('days', lambda t: -3 * 86400, [-259200], 0),
    ('drift', lambda t: 200e-6 * t, [0], 200e-6),
    ('slow', lambda t: 3600 - 0.001 * t, [3600], -0.001),
    ('summer', lambda t: 3600 if t >= HALF else 0, [0, 3600], 0),
    ('winter', lambda t: 0 if t >= HALF else 3600, [3600, 0], 0),
]


def check_clocks(text, wire):
    for name, clock, offsets, drift in CLOCKS:
        log = log_of(text, TMP + '/clock.log', clock)
        for where, files in ('', (log, wire)), ('-turned', (wire, log)):
            r, _ = check(*files)
            wrong = agreeing(r)
            if not wrong and not where:
                wrong = near(r, offsets, drift)
            tell('clocks-' + name + where, wrong)


def check_wrong_pairs(text, wire):
    """Every tenth bears the ids of one some hours away."""
    log = log_of(text, TMP + '/clock.log', lambda t: 7200,
                 lambda i: (i + 60) % TIMES if i % 10 == 0 else i)
    r, _ = check(log, wire)
    tell('clocks-wrong-pairs', near(r, [7200]))


def check_part(text):
    """The capture begins late, inside of a session, and ends early."""
    log = log_of(text, TMP + '/clock.log', lambda t: 3600)
    wire = capture_of(text, TMP + '/part.pcap', lambda i, n:
                      (30, 10) <= (i, n) <= (100, 15))
    r, status = check(log, wire)
    reasons = {o['reason'] for o in r['left_only']}
    wrong = near(r, [3600])
    if not wrong and (reasons != {'outside-other-time'} or r['right_only']):
        wrong = 'alone: %s' % (reasons or r['right_only'])
    differing = [p for p in r['pairs'] if p['verdict'] == 'differs']
    if not wrong and (differing or status):
        wrong = 'status %d: %s' % (status, differing[:1])
    tell('clocks-part', wrong)


def check_lost(text):
    """5 % of the frames are not in the capture."""
    log = log_of(text, TMP + '/clock.log')
    for seed in 1, 2, 3:
        chance = random.Random(seed)
        wire = capture_of(text, TMP + '/lost.pcap',
                          lambda i, n, c=chance: c.random() >= 0.05)
        for where, files in ('', (log, wire)), ('-turned', (wire, log)):
            r, status = check(*files)
            kinds = {f['kind'] for _, f in found(r)}
            wrong = ''
            if r['summary']['differs'] or status:
                wrong = '%d differ: %s; status %d' % (
                    r['summary']['differs'], sorted(kinds), status)
            elif kinds - {'capture-gap'} or not kinds:
                wrong = 'found %s' % (sorted(kinds) or 'nothing')
            elif len(r['pairs']) != 2 * TIMES:
                wrong = '%d pairs' % len(r['pairs'])
            tell('clocks-lost-%d%s' % (seed, where), wrong)


def main():
    with open('pcaps/postfix-plain.server.log', encoding='latin-1') as f:
        text = f.read()
    try:
        wire = capture_of(text, TMP + '/clock.pcap')
        check_clocks(text, wire)
        check_wrong_pairs(text, wire)
        check_part(text)
        check_lost(text)
    except Failed as e:
        tell('clocks', e)
    sys.exit(report.failed)


main()
