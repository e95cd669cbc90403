#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check.py - `check` finds nothing where all agree

The recordings in pcaps/ were made while server and client wrote their logs:
log and capture agree but for what TRUE lists, with its reason.  What is
planted into them is found: planted.py.
"""
import datetime
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import report
from report import Failed, REMARKS, TMP, blocks, check, found, tell

# Log, number of the pair, kind: differences that are true.
TRUE = {
    # Exim logs the reply to RSET behind a chunk, and closes without it
    ('exim-bdat.server.log', 1, 'reply-never-arrived'),
    # a bare LF before the dot: two mails to Postfix 3.7, one to others
    ('postfix-bare.server.log', 2, 'smuggling'),
}
# Logs that hold sessions of another place than the capture's, or of none.
ELSEWHERE = {
    'dovecot-lmtp-postfix.client.log': 'its mails go over a socket of UNIX',
}
# Logs of no known format.
UNKNOWN = {
    'dovecot-lmtp.server.log', 'dovecot-lmtp-postfix.server.log',
}


# --- what agrees ------------------------------------------------------------

def unexpected(name, report):
    for i, f in found(report):
        agrees = report['pairs'][i]['verdict'] != 'differs'
        if agrees and f['kind'] in REMARKS:
            continue
        if (name, i, f['kind']) not in TRUE:
            yield 'pair %d: %s: %s' % (i, f['kind'], f['left_text'] or
                                       f['right_text'])
    for i, p in enumerate(report['pairs']):
        if p['verdict'] == 'differs' and not p['findings']:
            yield 'pair %d differs, but not in what' % i


def agree(path, capture, client):
    """What is wrong with a recording, '' if nothing is; None: no log."""
    name = os.path.basename(path)
    left = blocks(path) if client else [path]
    if not left or name in UNKNOWN or name in ELSEWHERE:
        return None
    report, _ = check(left, [capture])
    wrong = list(unexpected(name, report))
    alone = report['left_only'] + ([] if client else report['right_only'])
    # Of a client's log only those that are no log are in the capture alone.
    wrong += ['%s is %s' % (o['id'], o['reason']) for o in alone
              if o['reason'] == 'unexplained']
    if not report['pairs']:
        wrong.append('no session was paired')
    return '; '.join(wrong)


def recordings():
    for capture in sorted(glob.glob('pcaps/*.pcap')):
        for kind in 'server', 'client':
            path = '%s.%s.log' % (capture[:-5], kind)
            if os.path.exists(path):
                yield path, capture, kind == 'client'


def check_recordings():
    for path, capture, client in recordings():
        name = 'check-' + os.path.basename(path)
        try:
            wrong = agree(path, capture, client)
        except (Failed, ValueError) as e:
            wrong = str(e)
        if wrong is not None:
            tell(name, wrong)


# --- clocks -----------------------------------------------------------------

STAMP = re.compile(r'(?m)^(\w\w\w [ \d]\d \d\d:\d\d:\d\d) ')


def shift(text, seconds_at):
    """The times of a log of Postfix, each by seconds_at(line)."""
    lines = text.split('\n')
    for i, line in enumerate(lines):
        m = STAMP.match(line)
        if m:
            t = datetime.datetime.strptime('2026 ' + m.group(1),
                                           '%Y %b %d %H:%M:%S')
            t += datetime.timedelta(seconds=seconds_at(i))
            lines[i] = t.strftime('%b %d %H:%M:%S') + line[15:]
    return '\n'.join(lines)


def clock_of(name, seconds_at):
    with open('pcaps/%s.server.log' % name, 'rb') as f:
        text = f.read().decode('latin-1')
    path = '%s/shifted.log' % TMP
    with open(path, 'wb') as f:
        f.write(shift(text, seconds_at).encode('latin-1'))
    report, status = check([path], ['pcaps/%s.pcap' % name])
    if status != 0:
        raise Failed('status %d, clock %s' % (status, report['clock']))
    return [round(c['offset'] / 10) * 10 for c in report['clock']]


def check_clocks():
    cases = [('hours', lambda i: 7 * 3600, [25200]),
             ('early', lambda i: -40, [-40]),
             ('days', lambda i: -86400 * 3, [-259200])]
    with open('pcaps/postfix-refusals.server.log', 'rb') as f:
        middle = f.read().count(b'\n') // 2
    cases.append(('summer', lambda i: 3600 if i > middle else 0, [0, 3600]))
    for name, seconds_at, want in cases:
        try:
            got = clock_of('postfix-refusals', seconds_at)
        except Failed as e:
            got = e
        tell('check-clock-' + name, '' if got == want else got)


check_recordings()
check_clocks()
sys.exit(report.failed)
