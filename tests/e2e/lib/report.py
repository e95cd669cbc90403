# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py - run `check` and `read`, and know the form of the report"""
import functools
import json
import os
import re
import subprocess
import sys
import threading

PROGRAM = os.environ['SMTPWIRE']
TMP = os.environ['TMP']

# A client whose output is no log: tests/record/clients/talk.py.
NO_LOG = re.compile(rb'talk\.py ')
# What is told of a session that agrees too: what the client did is no
# difference between the records.
REMARKS = {'smuggling', 'commands-after-starttls', 'early-talker',
           'timeout-client', 'timeout-server', 'mtu-black-hole',
           'capture-gap'}
# TRANSCRIPT's list, in its order.
KINDS = [
    'command-missing', 'command-changed', 'recipient-missing',
    'reply-missing', 'reply-code-changed', 'reply-text-changed',
    'order-changed', 'message-missing', 'message-size-changed',
    'message-content-changed', 'header-changed', 'address-changed',
    'capture-gap', 'reply-never-arrived', 'greeting-masked', 'verb-masked',
    'starttls-stripped', 'extension-removed', 'timeout-client',
    'timeout-server', 'mtu-black-hole', 'smuggling',
    'commands-after-starttls', 'early-talker']


class Failed(Exception):
    pass


failed = False


def tell(name, wrong):
    global failed
    if wrong:
        failed = True
        print('not ok %s: %s' % (name, ' '.join(str(wrong).split())[:300]))
    else:
        print('ok %s' % name)
    sys.stdout.flush()


def run(command, *arguments):
    return subprocess.run([PROGRAM, command, '-q', *arguments],
                          capture_output=True, check=False,
                          stdin=subprocess.DEVNULL)


def read(*arguments):
    """Sessions of these files as JSON objects."""
    p = run('read', '-f', 'jsonl', *arguments)
    if p.returncode:
        raise Failed(p.stderr.decode('utf-8', 'replace')[-200:])
    return [json.loads(line) for line in p.stdout.splitlines()]


def check(left, right, *options):
    p = run('check', '-f', 'json', *options, *left, '--vs', *right)
    if p.returncode not in (0, 1, 3) or not p.stdout:
        raise Failed('status %d: %s' % (p.returncode,
                     p.stderr.decode('utf-8', 'replace')[-200:]))
    report = json.loads(p.stdout)
    shape(report)
    if p.returncode != 3 and p.returncode != expected_status(report):
        raise Failed('status %d does not fit the report' % p.returncode)
    return report, p.returncode


# --- the form of the report -------------------------------------------------

FIELDS = ['check', 'left', 'right', 'clock', 'notes', 'pairs', 'left_only',
          'right_only', 'summary']
PAIR = ['left', 'right', 'paired_by', 'confidence', 'verdict', 'findings',
        'undecided_by']
FINDING = ['kind', 'side', 'left_event', 'right_event', 'left_at', 'right_at',
           'message', 'recipient', 'left_text', 'right_text', 'explanation']
SUMMARY = ['pairs', 'agrees', 'differs', 'undecidable', 'left_only',
           'right_only', 'findings']


def keys(what, o, names):
    if list(o)[:len(names)] != names:
        raise Failed('fields of %s are %s' % (what, list(o)))


def shape(r):
    keys('the report', r, FIELDS)
    for side in 'left', 'right':
        keys('a side', r[side], ['files', 'kind', 'sessions'])
    for c in r['clock']:
        keys('the clock', c, ['from', 'to', 'offset', 'drift', 'pairs',
                              'spread'])
    for p in r['pairs']:
        keys('a pair', p, PAIR)
        if not 0 <= p['confidence'] <= 1:
            raise Failed('confidence %s' % p['confidence'])
        for f in p['findings']:
            keys('a finding', f, FINDING)
            if f['kind'] not in KINDS:
                raise Failed('a finding of kind ' + f['kind'])
            if not f['explanation']:
                raise Failed('a finding without explanation')
    for o in r['left_only'] + r['right_only']:
        keys('a session of one side', o, ['id', 'reason'])
    keys('the summary', r['summary'], SUMMARY)
    count(r)


def count(r):
    s = r['summary']
    for verdict in 'agrees', 'differs', 'undecidable':
        n = sum(p['verdict'] == verdict for p in r['pairs'])
        if n != s[verdict]:
            raise Failed('%d pairs are %s, not %d' % (n, verdict,
                                                     s[verdict]))
    if s['pairs'] != len(r['pairs']) or s['left_only'] != \
            len(r['left_only']) or s['right_only'] != len(r['right_only']):
        raise Failed('the summary counts otherwise')
    kinds = {}
    for p in r['pairs']:
        for f in p['findings']:
            kinds[f['kind']] = kinds.get(f['kind'], 0) + 1
    if kinds != {k: n for k, n in s['findings'].items() if n}:
        raise Failed('the summary counts other findings')


def expected_status(r):
    only = r['left_only'] + r['right_only']
    return int(any(p['verdict'] == 'differs' for p in r['pairs']) or
               any(o['reason'] == 'unexplained' for o in only))


def found(report):
    return [(i, f) for i, p in enumerate(report['pairs'])
            for f in p['findings']]


lock = threading.Lock()


def blocks(path):
    """The log of each command in a client's log, as files of their own."""
    with lock:
        return make_blocks(path)


@functools.lru_cache(None)
def make_blocks(path):
    with open(path, 'rb') as f:
        text = f.read()
    if not text.startswith(b'$ '):
        return [path]
    names = []
    for i, part in enumerate(re.split(rb'(?m)^(?=\$ )', text)):
        if not part or NO_LOG.search(part.split(b'\n', 1)[0]):
            continue
        names.append('%s/%s.%02d.log' % (TMP, os.path.basename(path), i))
        with open(names[-1], 'wb') as f:
            f.write(part.split(b'\n', 1)[-1])
    return names
