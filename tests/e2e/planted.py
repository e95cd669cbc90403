#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""planted.py - what is planted into a recording is found, and nothing else

Into one session of a recording one difference at a time is put: into the
log of its server, into that of its client, or into the capture, as a box
between the two hosts would; also into the transcripts of these, saved as JSON
Lines.  Held against the untouched record of the other side, and it against
the planted one, `check` must find it under its name, on its side, in its
session, and nothing else.

The table at the end counts for each kind of finding and each format how often
it was planted and found; planted.txt gives the reason for each field of it
that is empty.
"""
import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import report
from planting import (Base, FORMATS, alone, attempt, check_table, hold,
                      serial)
from plants import (PAIRS, PLANTS, WIRE_PLANTS, plant_behind_starttls,
                    plant_smuggling, plant_unacknowledged,
                    turns_to_tls)
from records import LogRecord, WireRecord, sessions
from report import TMP, blocks, check, found, tell
from wirefile import Capture

# Format, recording, its log, number of the client's command in it.
LOGS = [
    ('postfix', 'postfix-plain', 'server', None),
    ('exim', 'exim-plain', 'server', None),
    ('opensmtpd', 'opensmtpd-plain', 'server', None),
    ('sendmail', 'sendmail-plain', 'server', None),
    ('swaks', 'postfix-plain', 'client', 1),
    ('swaks', 'exim-plain', 'client', 1),
    ('curl', 'postfix-clients', 'client', 0),
    ('msmtp', 'postfix-clients', 'client', 1),
    ('smtplib', 'postfix-clients', 'client', 2),
    ('postfix-client', 'relay-postfix-exim', 'client', None),
    ('exim-client', 'relay-exim-postfix', 'client', 0),
    ('sendmail-verbose', 'relay-sendmail-opensmtpd', 'client', 1),
    ('opensmtpd-client', 'relay-opensmtpd-sendmail', 'client', None),
]
WIRES = ['postfix-plain', 'exim-plain', 'opensmtpd-plain', 'sendmail-plain']


# --- two captures, both made; sessions of one side --------------------------

def try_pair(how):
    planted, other, want = how()
    path = '%s/other-%d.pcap' % (TMP, next(serial))
    others = other.save(path)
    base = Base(others, others)
    target = base.partners.get(planted.session['id'])
    wrong = hold(planted, want, others, target, base)
    os.unlink(path)
    return 'planted-' + how.__name__[5:], wrong


def without_session(server, kind):
    """One in the middle is taken out of the log, or of the capture."""
    log, wire = ('pcaps/%s-refusals.%s' % (server, e)
                 for e in ('server.log', 'pcap'))
    base = Base.of([log], [wire])
    gone = sessions([log])[5]
    path = '%s/planted-%d' % (TMP, next(serial))
    if kind == 'log':
        with open(log, 'rb') as f:
            lines = f.read().split(b'\n')
        del lines[gone['source']['first'] - 1:gone['source']['last']]
        with open(path, 'wb') as f:
            f.write(b'\n'.join(lines))
        want, r = base.partners[gone['id']], check([path], [wire])[0]
    else:
        number = [s for s in sessions([wire]) if s['id'] ==
                  base.partners[gone['id']]][0]['source']['first']
        capture = Capture(wire)
        capture.drop(capture.flow(capture.frames[number - 1]))
        capture.save(path)
        want, r = gone['id'], check([log], [path])[0]
    os.unlink(path)
    name = 'planted-alone-%s-%s' % (server, kind)
    if alone(r) != base.alone | {want}:
        return name, 'alone are %s, not %s' % (sorted(alone(r)), want)
    more = [f['kind'] for i, f in found(r)
            if (r['pairs'][i]['right'], f['kind']) not in base.found]
    return name, 'found %s' % more if more else ''


# --- the log of one side against that of the other ---------------------------

def log_against_log(form, recording, side, block):
    other = 'client' if side == 'server' else 'server'
    others = blocks('pcaps/%s.%s.log' % (recording, other))
    for how in PLANTS:
        yield (attempt, '%s-%s-%s' % (form, recording, other),
               lambda: LogRecord(form, recording, side, block), how, others,
               other)


# --- all of it --------------------------------------------------------------

def jobs():
    for form, recording, side, block in LOGS:
        if form not in FORMATS:
            FORMATS.append(form)
        for how in PLANTS:
            yield (attempt, '%s-%s' % (form, recording),
                   lambda f=form, r=recording, s=side, b=block:
                   LogRecord(f, r, s, b), how,
                   ['pcaps/%s.pcap' % recording], 'wire')
    for form, recording, side, block in LOGS:
        yield from log_against_log(form, recording, side, block)
    for recording in WIRES:
        def make(r=recording):
            return WireRecord(r)
        name = 'pcap-%s-' % recording
        for how in PLANTS + WIRE_PLANTS:
            # To a capture that has the acknowledgment it did arrive.
            if how is not plant_unacknowledged:
                yield (attempt, name + 'wire', make, how,
                       ['pcaps/%s.pcap' % recording], 'wire')
            yield (attempt, name + 'server', make, how,
                   ['pcaps/%s.server.log' % recording], 'server')
            if recording in WIRES[:2]:
                yield (attempt, name + 'client', make, how,
                       blocks('pcaps/%s.client.log' % recording), 'client')
    for recording in 'postfix-plain', 'exim-plain':
        yield (attempt, recording, lambda r=recording: WireRecord(r),
               plant_smuggling, ['pcaps/%s.server.log' % recording],
               'server')
    for server in 'postfix', 'exim', 'sendmail':
        name = server + '-starttls'
        yield (attempt, name, lambda n=name: WireRecord(n, turns_to_tls),
               plant_behind_starttls, ['pcaps/%s.server.log' % name],
               'server')
    for how in PAIRS:
        yield try_pair, how
    for server in 'postfix', 'exim', 'opensmtpd', 'sendmail':
        yield without_session, server, 'log'
        yield without_session, server, 'pcap'


def main():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, wrong in pool.map(lambda j: j[0](*j[1:]), list(jobs())):
            if wrong is not None:
                tell(name, wrong)
    check_table(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             'planted.txt'))
    sys.exit(report.failed)


main()
