# SPDX-License-Identifier: GPL-2.0-or-later
"""planting.py - plant one difference into a record, and judge what is found

A table counts for each kind of finding and each format how often it was
planted and found; a file gives the reason for each field that is empty.
"""
import itertools
import os

import report
from records import CannotShow, sessions
from report import Failed, KINDS, TMP, check, found, tell

# --- the table --------------------------------------------------------------

table = {}
FORMATS = []


def counted(kinds, form):
    if form not in FORMATS:
        FORMATS.append(form)
    for kind in kinds:
        table[kind, form] = table.get((kind, form), 0) + 1


def reasons(path):
    with open(path, encoding='utf-8') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                kind, forms, why = line.split(None, 2)
                for form in forms.split(','):
                    yield kind, form, why.strip()


def check_table(path):
    """Each field of the table is filled, or has its reason in that file."""
    unused = set()
    empty = {(k, f) for k in KINDS for f in FORMATS if (k, f) not in table}
    for kind, form, _ in reasons(path):
        if (kind, form) not in empty:
            unused.add('%s %s' % (kind, form))
        empty.discard((kind, form))
    tell(os.path.basename(path)[:-4] + '-all', sorted('%s %s' % e for e in empty))
    tell(os.path.basename(path)[:-4] + '-reasons', sorted(unused))
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
