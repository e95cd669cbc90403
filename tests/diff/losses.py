#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""losses.py - recordings with frames lost tell nothing that was not

Of each recording in pcaps/ 3 %, 10 % or 30 % of the frames are taken out by
chance, a seed each.  The transcripts of what is left must not contradict those
of the whole: commands, replies, which command a reply answers, and of each
message with a Message-ID its sender, recipients, their codes, its own and its
queue id are those of the whole, or not told.

What may differ is known: lines that are masked or truncated; what RULES gives
to the oldest of its kind (421; 334, 235 and 535 to AUTH); the verdict of LMTP
where LHLO is lost; and what EXCEPT names.
"""
import collections
import concurrent.futures
import glob
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(os.environ.get('SMTPWIRE', os.path.join(
    os.environ.get('O', 'build/release'), 'smtpwire')))
SEEDS = int(os.environ.get('SEEDS') or 9)
RATES = 0.03, 0.1, 0.3
# Recording, what: why it may be otherwise.
EXCEPT = {
    ('postfix-postscreen', 'replies'): 'the greeting of several lines',
    ('sendmail-auth-refused', 'replies'): 'quotes what was never seen',
    ('exim-greeting', 'answers'): 'a refusal of what came too early',
    ('exim-pipelining', 'message'): 'two contents joined by one gap',
    ('exim-pipelining', 'commands'): 'content sent octet by octet',
    ('exim-pipelining', 'answers'): 'content sent octet by octet',
    ('postfix-pipelining', 'commands'): 'content sent octet by octet',
    ('postfix-pipelining', 'answers'): 'content sent octet by octet',
    ('sendmail-pipelining', 'commands'): 'content sent octet by octet',
    ('sendmail-pipelining', 'answers'): 'content sent octet by octet',
    ('opensmtpd-pipelining', 'commands'): 'a line that the end cuts',
}


def frames(path):
    """The file's header, and its records; None: it is no pcap."""
    with open(path, 'rb') as f:
        octets = f.read()
    if octets[:4] not in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1'):
        return None
    records, at = [], 24
    while at + 16 <= len(octets):
        end = at + 16 + struct.unpack_from('<I', octets, at + 8)[0]
        records.append(octets[at:end])
        at = end
    return octets[:24], records


def read(octets):
    with tempfile.NamedTemporaryFile(suffix='.pcap') as f:
        f.write(octets)
        f.flush()
        p = subprocess.run([PROGRAM, 'read', '-q', '--any-port', '-f',
                            'jsonl', f.name], capture_output=True,
                           timeout=600, check=False)
    if p.returncode:
        raise RuntimeError(p.stderr.decode('utf-8', 'replace')[-200:])
    return [json.loads(line) for line in p.stdout.splitlines()]


def ends(s):
    return tuple(s[side][what] for side in ('client', 'server')
                 for what in ('ip', 'port'))


# --- what must not be contradicted ------------------------------------------

def plain(text, e):
    return '***' not in text and 'truncated' not in e['flags']


def commands(s):
    return collections.Counter(
        e['line'] for e in s['events'] if e['kind'] == 'command' and
        e['line'] and plain(e['line'], e))


def text_of(e):
    return '\n'.join(e['lines'])


def replies(s):
    return collections.Counter(
        text_of(e) for e in s['events'] if e['kind'] == 'reply' and
        plain(text_of(e), e))


def answers(s):
    by_n, told = {e['n']: e for e in s['events']}, collections.Counter()
    for e in s['events']:
        if e['kind'] != 'reply' or not e['to'] or e['code'] == 421:
            continue
        to = by_n[e['to']]
        if to['kind'] == 'command' and to['line'] and \
                plain(to['line'], to) and plain(text_of(e), e) and \
                not to['line'].upper().startswith(('AUTH', 'X-EXPS')):
            told[to['line'], text_of(e)] += 1
    return told


def untrue_message(m, true, lmtp):
    for field in 'from', 'queue_id':
        if m[field] is not None and m[field] != true[field]:
            return '%s %s' % (field, m[field])
    if m['code'] not in (None, true['code'], 421) and not lmtp:
        return 'code %s' % m['code']
    codes = collections.defaultdict(set)
    for r in true['recipients']:
        codes[r['to']].add(r['code'])
    for r in m['recipients']:
        if r['to'] is not None and (r['to'] not in codes or
                                    r['code'] not in codes[r['to']] | {None}):
            return '%s %s' % (r['to'], r['code'])
    return ''


def untrue(part, whole):
    """What the part tells that is not so: a kind and a text."""
    for what in commands, replies, answers:
        more = what(part) - what(whole)
        if more:
            yield what.__name__, list(more)[0]
    by_id = collections.defaultdict(list)
    for m in whole['messages']:
        by_id[m['message_id']].append(m)
    for m in part['messages']:
        same = by_id[m['message_id']] if m['message_id'] else []
        wrong = untrue_message(m, same[0], whole['protocol'] == 'lmtp') \
            if len(same) == 1 else ''
        if wrong:
            yield 'message', wrong


# --- all recordings ---------------------------------------------------------

def look_at(path):
    """What is wrong of a recording, '' if nothing is; None: it is not one."""
    name, wrong = os.path.basename(path)[:-5], []
    parts = frames(path)
    if not parts:
        return None
    whole = collections.defaultdict(list)
    for s in read(parts[0] + b''.join(parts[1])):
        whole[ends(s)].append(s)
    for seed in range(SEEDS):
        chance = random.Random(seed)
        rate = RATES[seed % len(RATES)]
        for s in read(parts[0] + b''.join(
                f for f in parts[1] if chance.random() >= rate)):
            # ports that were used again: which of them it is nobody knows
            if len(whole[ends(s)]) != 1:
                continue
            wrong += ['seed %d, port %s: %s: %s' %
                      (seed, s['client']['port'], kind, text)
                      for kind, text in untrue(s, whole[ends(s)][0])
                      if (name, kind) not in EXCEPT]
    return '; '.join(wrong)


def main():
    failed = False
    paths = sorted(glob.glob('pcaps/*.pcap'))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, wrong in zip(paths, pool.map(look_at, paths)):
            if wrong is None:
                continue
            name = 'diff/losses/' + os.path.basename(path)[:-5]
            if wrong:
                failed = True
                print('not ok %s: %s' % (name, ' '.join(wrong.split())[:300]))
            else:
                print('ok ' + name)
            sys.stdout.flush()
    sys.exit(failed)


main()
