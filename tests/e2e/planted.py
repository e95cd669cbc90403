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
import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position
import report
from plants import (PAIRS, PLANTS, WIRE_PLANTS, plant_behind_starttls,
                    plant_smuggling, plant_unacknowledged,
                    turns_to_tls)
from records import CannotShow, LogRecord, WireRecord, sessions
from report import Failed, KINDS, TMP, blocks, check, found, tell
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


# --- the table --------------------------------------------------------------

table = {}
FORMATS = []


def counted(kinds, form):
    if form not in FORMATS:
        FORMATS.append(form)
    for kind in kinds:
        table[kind, form] = table.get((kind, form), 0) + 1


def reasons():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        'planted.txt')
    with open(path, encoding='utf-8') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                kind, forms, why = line.split(None, 2)
                for form in forms.split(','):
                    yield kind, form, why.strip()


def check_table():
    """Each field of the table is filled, or has its reason."""
    unused = set()
    empty = {(k, f) for k in KINDS for f in FORMATS if (k, f) not in table}
    for kind, form, _ in reasons():
        if (kind, form) not in empty:
            unused.add('%s %s' % (kind, form))
        empty.discard((kind, form))
    tell('planted-all', sorted('%s %s' % e for e in empty))
    tell('planted-reasons', sorted(unused))
    print(' ' * 24 + ' '.join(f[:10].rjust(10) for f in FORMATS))
    for kind in KINDS:
        print(kind.ljust(24) + ' '.join(str(table.get((kind, f), '.')).rjust(
            10) for f in FORMATS))


# --- judging ----------------------------------------------------------------

def name_side(side, planted):
    """`planted` or `other` as the report names it."""
    if side is None:
        return None
    left = (side == 'planted') == (planted == 'left')
    return 'left' if left else 'right'


def named(want, record, other):
    """A reply that the server's log has and the other does not never
    arrived."""
    want = dict(want)
    if 'reply-missing' in want:
        has = other if want['reply-missing'] == 'planted' else record
        lacks = record if has is other else other
        if has == 'server' and lacks != 'server':
            want['reply-never-arrived'] = want.pop('reply-missing')
    return want


def alone(r):
    return {o['id'] for o in r['left_only'] + r['right_only']
            if o['reason'] == 'unexplained'}


class Base:
    """What `check` says of two records before anything is planted."""
    known = {}

    def __init__(self, paths, others):
        r, _ = check(paths, others)
        self.partners = {p['left']: p['right'] for p in r['pairs']}
        self.found = {(r['pairs'][i]['right'], f['kind'])
                      for i, f in found(r)}
        self.differs = {p['right'] for p in r['pairs']
                        if p['verdict'] == 'differs'}
        self.alone = alone(r)

    @classmethod
    def of(cls, paths, others):
        key = tuple(paths), tuple(others)
        if key not in cls.known:
            cls.known[key] = cls(paths, others)
        return cls.known[key]


def judge(r, want, planted, target, base):
    """Is what was planted found in this session, and nothing else?"""
    other = 'right' if planted == 'left' else 'left'
    got = {}
    for i, f in found(r):
        session = r['pairs'][i][other]
        if (session, f['kind']) in base.found:
            continue
        if session != target:
            return '%s in another session' % f['kind']
        if f['kind'] in got:
            return '%s twice' % f['kind']
        got[f['kind']] = f['side']
    sides = {k: name_side(s, planted) for k, s in want.items()}
    if got != sides:
        return 'found %s, not %s' % (got or 'nothing', sides)
    differs = set(base.differs)
    if not set(want) <= report.REMARKS:
        differs.add(target)
    if {p[other] for p in r['pairs'] if p['verdict'] == 'differs'} != differs:
        return 'other pairs differ'
    if len(alone(r)) != len(base.alone):
        return 'a session is alone'
    return ''


def compare(files, want, others, target, base, both=True):
    r, _ = check(files, others)
    wrong = judge(r, want, 'left', target, base)
    if both and not wrong:
        r, _ = check(others, files)
        wrong = judge(r, want, 'right', target, base)
    return wrong


serial = itertools.count()


def save_jsonl(files):
    path = '%s/planted-%d.jsonl' % (TMP, next(serial))
    with open(path, 'wb') as f:
        f.write(report.run('read', '-f', 'jsonl', *files).stdout)
    return path


def hold(record, want, others, target, base):
    """Is it found in the planted record, and in its transcripts?"""
    path = '%s/planted-%d' % (TMP, next(serial))
    files = record.save(path)
    wrong = compare(files, want, others, target, base)
    if not wrong:
        counted(want, record.form)
        saved = save_jsonl(files)
        wrong = compare([saved], want, others, target, base, False)
        os.unlink(saved)
        if wrong:
            return 'as JSON Lines: ' + wrong
        counted(want, 'jsonl')
    os.unlink(path)
    return wrong


def try_one(make, how, others, other_side):
    """Plant once, compare; '' if it was found, None if it cannot be."""
    try:
        record = make()
        base = Base.of(record.paths, others)
        target = base.partners.get(record.session['id'])
        if target is None:
            return 'the session has no partner'
        if any(session == target for session, _ in base.found):
            return 'something is found before it is planted'
        record.other = [s for s in sessions(others)
                        if s['id'] == target][0]
        want = named(how(record), record.side, other_side)
    except CannotShow:
        return None
    return hold(record, want, others, target, base)


def attempt(name, make, how, others, other_side):
    try:
        wrong = try_one(make, how, others, other_side)
    except (Failed, ValueError) as e:
        wrong = e
    return 'planted-%s-%s' % (how.__name__[6:], name), wrong


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
    check_table()
    sys.exit(report.failed)


main()
