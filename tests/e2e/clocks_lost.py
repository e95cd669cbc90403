#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clocks_lost.py - frames that were not captured are no difference

Of generated captures 5 % to 30 % of the frames are taken out by chance.  Held
against the server's log, against the whole capture and against one that lacks
other frames nothing may differ; and each transcript must not tell what was
not: commands, messages and which command a reply answers are those of the
whole capture, or not told.
"""
import collections
import os
import random
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import report
from report import Failed, TMP, check, found, read, tell

SEEDS, SESSIONS = 21, 300
RATES = 0.05, 0.1, 0.3
LOG, WHOLE = TMP + '/lost.log', TMP + '/whole.pcap'


def generate(seed):
    subprocess.run([TMP + '/gen', '--sessions', str(SESSIONS), '--size', '3',
                    '--seed', str(seed), '--log', LOG, '-o', WHOLE],
                   check=True)


def lose(path, rate, seed):
    chance = random.Random(seed)
    with open(WHOLE, 'rb') as f:
        octets = f.read()
    kept, at = [octets[:24]], 24
    while at < len(octets):
        end = at + 16 + struct.unpack_from('<I', octets, at + 8)[0]
        if chance.random() >= rate:
            kept.append(octets[at:end])
        at = end
    with open(path, 'wb') as f:
        f.write(b''.join(kept))
    return path


# --- check ------------------------------------------------------------------

def agreeing(left, right):
    r, status = check([left], [right])
    kinds = {f['kind'] for _, f in found(r)}
    if r['summary']['differs'] or status:
        return '%d differ: %s; status %d' % (r['summary']['differs'],
                                             sorted(kinds), status)
    if kinds != {'capture-gap'}:
        return 'found %s' % (sorted(kinds) or 'nothing')
    return '' if len(r['pairs']) == SESSIONS else \
        '%d pairs' % len(r['pairs'])


def check_findings():
    wrong = {'log': [], 'whole': [], 'both': []}
    for seed in range(1, SEEDS + 1):
        rate = RATES[seed % len(RATES)]
        generate(seed)
        part = lose(TMP + '/part.pcap', rate, seed)
        other = lose(TMP + '/other.pcap', rate, seed + 1000)
        for name, left, right in (('log', LOG, part), ('whole', part, WHOLE),
                                  ('both', part, other)):
            what = agreeing(left, right)
            if what:
                wrong[name].append('seed %d: %s' % (seed, what))
    for name, what in wrong.items():
        tell('lost-' + name, '; '.join(what))


# --- read -------------------------------------------------------------------

def by_client(path):
    return {(s['client']['ip'], s['client']['port']): s for s in read(path)}


def commands(s):
    return collections.Counter(
        e['line'] for e in s['events'] if e['kind'] == 'command' and
        # the end of a line: that is known to be no whole one
        not {'truncated', 'after-gap'} <= set(e['flags']))


def answers(s):
    """Each reply with the command that it answers."""
    by_n, told = {e['n']: e for e in s['events']}, collections.Counter()
    for e in s['events']:
        if e['kind'] == 'reply' and e['to'] and \
                by_n[e['to']]['kind'] == 'command':
            told[by_n[e['to']]['line'], '\n'.join(e['lines'])] += 1
    return told


def untrue(part, whole):
    if commands(part) - commands(whole):
        return 'commands %s' % list(commands(part) - commands(whole))[:2]
    if answers(part) - answers(whole):
        return 'replies %s' % list(answers(part) - answers(whole))[:2]
    if len(part['messages']) > len(whole['messages']):
        return '%d messages' % len(part['messages'])
    for field in 'sha256', 'message_id':
        true = {m[field] for m in whole['messages']} | {None}
        if any(m[field] not in true for m in part['messages']):
            return field
    return ''


def check_transcripts():
    wrong = []
    for seed in range(101, 110):
        generate(seed)
        whole = by_client(WHOLE)
        part = by_client(lose(TMP + '/part.pcap', RATES[seed % len(RATES)],
                              seed))
        for client, s in part.items():
            what = untrue(s, whole[client])
            if what:
                wrong.append('seed %d, %s: %s' % (seed, s['id'], what))
    tell('lost-transcripts', '; '.join(wrong))


def main():
    try:
        check_findings()
        check_transcripts()
    except Failed as e:
        tell('lost', e)
    sys.exit(report.failed)


main()
