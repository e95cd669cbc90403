#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check.py - `check` finds what is planted, and nothing where all agree

The recordings in pcaps/ were made while server and client wrote their logs:
log and capture agree but for what TRUE lists, with its reason.  Then one
difference at a time is put into a log, in every format that can show it, and
must be found under its name, on its side, in its session, and nothing else.
"""
import datetime
import glob
import json
import os
import re
import subprocess
import sys

PROGRAM = os.environ['SMTPWIRE']
TMP = os.environ['TMP']

# A client whose output is no log: tests/record/clients/talk.py.
NO_LOG = re.compile(rb'talk\.py ')
# What is told of a session that agrees too: what the client did is no
# difference between the records.
REMARKS = {'smuggling', 'commands-after-starttls', 'early-talker',
           'timeout-client', 'timeout-server', 'mtu-black-hole',
           'capture-gap'}
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


class Failed(Exception):
    pass


def check(left, right, *options):
    p = subprocess.run([PROGRAM, 'check', '-q', '-f', 'json', *options,
                        *left, '--vs', *right], capture_output=True,
                       check=False, stdin=subprocess.DEVNULL)
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
PAIR = ['left', 'right', 'paired_by', 'confidence', 'verdict', 'findings']
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


# --- what agrees ------------------------------------------------------------

def blocks(path):
    """The log of each command in a client's log, as files of their own."""
    with open(path, 'rb') as f:
        text = f.read()
    if not text.startswith(b'$ '):
        return [path]
    names = []
    for i, part in enumerate(re.split(rb'(?m)^(?=\$ )', text)):
        if not part or NO_LOG.search(part.split(b'\n', 1)[0]):
            continue
        names.append('%s/%02d.log' % (TMP, i))
        with open(names[-1], 'wb') as f:
            f.write(part.split(b'\n', 1)[-1])
    return names


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


failed = False


def tell(name, wrong):
    global failed
    if wrong:
        failed = True
        print('not ok %s: %s' % (name, ' '.join(str(wrong).split())[:300]))
    else:
        print('ok %s' % name)
    sys.stdout.flush()


# --- planting ---------------------------------------------------------------

class Log:
    """The lines of a log: what was sent and received, in its own form."""

    def __init__(self, recording, sent, received):
        self.recording, self.sent, self.received = recording, sent, received
        with open('pcaps/%s.server.log' % recording, 'rb') as f:
            self.lines = f.read().decode('latin-1').split('\n')

    def last(self, mark, text):
        """Number of the last line with this text behind the mark."""
        for i in range(len(self.lines) - 1, -1, -1):
            m = re.search('^(.*?%s)(%s.*)$' % (mark, text), self.lines[i])
            if m:
                return i, m.group(1), m.group(2)
        raise KeyError(text)

    def replace(self, mark, text, new):
        i, prefix, old = self.last(mark, text)
        self.lines[i] = prefix + new.rstrip('\r') + old[len(
            old.rstrip('\r')):]

    def drop(self, mark, text):
        del self.lines[self.last(mark, text)[0]]

    def insert(self, mark, text, *dialogue):
        """Behind that line: commands and replies, replies with a digit."""
        i, _, _ = self.last(mark, text)
        sent = self.last(self.sent, r'\d')[1]
        received = self.last(self.received, '[A-Z]')[1]
        self.lines[i + 1:i + 1] = [
            (sent if line[0].isdigit() else received) + line
            for line in dialogue]


def logs():
    yield Log('postfix-plain', r'> [^ ]*: ', '< [^ ]*: ')
    yield Log('exim-plain', 'SMTP>> ', 'SMTP<< ')
    yield Log('opensmtpd-plain', '>>> ', '<<< (?=[A-Z]{4} ?)')
    yield Log('sendmail-plain', '>>> ', '<<< ')


def plant_code(g):
    g.replace(g.sent, '250 (2.1.5|Accepted)', '550 5.1.1 No such user')
    return {'reply-code-changed'}, None


def plant_text(g):
    g.replace(g.sent, '221 ', '221 2.0.0 Quite another text')
    return {'reply-text-changed'}, None


def plant_stars(g):
    g.replace(g.sent, '220 ', '220 ****************2******0*00')
    return {'greeting-masked'}, 'log'


def plant_extension(g):
    for mark in g.sent, r'^ *\d+ {8}':
        try:
            g.drop(mark, '250-(8BITMIME|SIZE)')
            return {'extension-removed'}, 'log'
        except KeyError:
            pass
    raise KeyError('extension')


def plant_starttls(g):
    g.drop(g.sent, '250-STARTTLS')
    return {'starttls-stripped'}, 'log'


def plant_crosses(g):
    g.replace(g.received, 'RCPT', 'XXXX TO:<bob@example.org>')
    return {'verb-masked'}, 'log'


def plant_command(g):
    g.replace(g.received, 'MAIL', 'MAIL FROM:<mallory@example.net>')
    return {'command-changed'}, None


def plant_no_command(g):
    g.drop(g.received, 'QUIT')
    return {'command-missing'}, 'log'


def plant_no_reply(g):
    g.drop(g.sent, '250 (2.1.5|Accepted)')
    return {'reply-missing'}, 'log'


def plant_more(g):
    g.insert(g.sent, '250 (2.1.5|Accepted)', 'NOOP', '250 2.0.0 Ok')
    return {'command-missing'}, 'wire'


def plant_recipient(g):
    g.insert(g.sent, '250 (2.1.5|Accepted)', 'RCPT TO:<carol@example.org>',
             '250 2.1.5 Ok')
    return {'recipient-missing'}, 'wire'


def plant_no_recipient(g):
    g.drop(g.received, 'RCPT')
    g.drop(g.sent, '250 (2.1.5|Accepted)')
    return {'recipient-missing'}, 'log'


def plant_message(g):
    g.insert(g.sent, '250 (2.0.0 Ok: q|OK id|2.0.0 .* acc)',
             'MAIL FROM:<mallory@example.net>', '250 2.1.0 Ok',
             'RCPT TO:<bob@example.org>', '250 2.1.5 Ok', 'RSET',
             '250 2.0.0 Ok')
    return {'message-missing', 'command-missing'}, 'wire'


def plant_reply(g):
    """A verdict that never left the server, with what follows it."""
    g.insert(g.sent, '250 (2.1.5|Accepted)', '451 4.3.0 Try again')
    return {'reply-never-arrived'}, 'wire'


def plant_order(g):
    g.insert(g.sent, '250 (2.1.5|Accepted)', 'MAIL FROM:<alice@example.net>',
             '250 2.1.0 Ok')
    del_first = g.last(g.received, 'RCPT')[0]
    i = del_first
    while not re.search(g.received + 'MAIL', g.lines[i]):
        i -= 1
    j = i
    while not re.search(g.sent + '250', g.lines[j]):
        j += 1
    del g.lines[j], g.lines[i]
    return {'order-changed'}, None


BODY = r'<<< (?:\[MSG\] )?'


def plant_size(g):
    g.replace(BODY, 'This is a test', 'This is a longer test')
    return {'message-size-changed'}, None


def plant_content(g):
    g.replace(BODY, 'This is a test', 'That is a test mailing')
    return {'message-content-changed'}, None


def plant_id(g):
    g.replace(BODY, 'Message-Id:',
              'Message-Id: <other@client.example.net>')
    return {'header-changed', 'message-size-changed'}, None


def plant_subject(g):
    _, _, old = g.last(BODY, 'Subject:')
    g.replace(BODY, 'Subject:', old.replace('test', 'tost'))
    return {'header-changed', 'message-content-changed'}, None


PLANTS = [plant_code, plant_text, plant_stars, plant_extension,
          plant_starttls, plant_crosses, plant_command, plant_no_command,
          plant_no_reply, plant_more, plant_recipient, plant_no_recipient,
          plant_message, plant_reply, plant_order]
BODY_PLANTS = [plant_size, plant_content, plant_id, plant_subject]


def judge(report, kinds, lacks, log_side):
    """Is what was planted in session 1 found, and nothing else?"""
    sides = {'log': log_side, None: None,
             'wire': 'right' if log_side == 'left' else 'left'}
    got = {f['kind'] for _, f in found(report)}
    if got != kinds:
        return 'found %s' % (sorted(got) or 'nothing')
    if len(found(report)) != len(kinds):
        return 'found %d times' % len(found(report))
    for i, f in found(report):
        if i != 1:
            return 'found in pair %d' % i
        if f['side'] != sides[lacks]:
            return '%s: side %s' % (f['kind'], f['side'])
    if len(report['pairs']) != 2 or report['pairs'][0]['verdict'] != \
            'agrees' or report['pairs'][1]['verdict'] != 'differs':
        return 'pairs %s' % [p['verdict'] for p in report['pairs']]
    return ''


def plant(g, how):
    """'' if it was found, None if this log has no such line."""
    try:
        kinds, lacks = how(g)
    except KeyError:
        return None
    path = '%s/planted.log' % TMP
    capture = 'pcaps/%s.pcap' % g.recording
    with open(path, 'wb') as f:
        f.write('\n'.join(g.lines).encode('latin-1'))
    report, _ = check([path], [capture])
    wrong = judge(report, kinds, lacks, 'left')
    if not wrong:
        report, _ = check([capture], [path])
        wrong = judge(report, kinds, lacks, 'right')
    return wrong


def check_planted():
    met = set()
    for how in PLANTS + BODY_PLANTS:
        for g in logs():
            if how in BODY_PLANTS and g.recording not in (
                    'opensmtpd-plain', 'sendmail-plain'):
                continue
            try:
                wrong = plant(g, how)
            except (Failed, ValueError) as e:
                wrong = str(e)
            if wrong is None:
                continue
            met.add(how)
            tell('check-%s-%s' % (how.__name__, g.recording), wrong)
    for how in PLANTS + BODY_PLANTS:
        if how not in met:
            tell('check-' + how.__name__, 'no log has such a line')


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
check_planted()
check_clocks()
sys.exit(failed)
