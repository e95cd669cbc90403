#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_logs.py - the logs of client and server that were written together

For each recording in pcaps/ all logs of it are held against each other, both
ways: what the server wrote, into each of its logs that holds the dialogue,
against what each client wrote.  All agree, and no session of a client is alone.
Noted is which two formats were compared; what is planted into them is found:
planted.py.
"""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import report
from report import Failed, REMARKS, blocks, check, found, read, tell

# Pairs of formats that must have been compared: else a recording is missing.
SERVERS = ['postfix', 'exim', 'opensmtpd', 'sendmail']
CLIENTS = ['swaks', 'curl', 'msmtp', 'smtplib']
RELAYS = [('exim', 'exim'), ('postfix', 'exim'), ('sendmail', 'opensmtpd'),
          ('exim', 'postfix'), ('postfix', 'postfix'),
          ('opensmtpd', 'sendmail-verbose')]


def formats(files):
    known = set()
    for f in files:
        try:
            known |= {s['source']['format'] for s in read(f)}
        except Failed:
            pass # what a client said that never connected
    return known


def disagreement(r, client):
    """What is wrong with a report; client: its side."""
    wrong = ['%s: %s | %s' % (f['kind'], f['left_text'], f['right_text'])
             for _, f in found(r) if f['kind'] not in REMARKS]
    wrong += ['%s is alone' % o['id'] for o in r[client + '_only']
              if o['reason'] == 'unexplained']
    if r['summary']['differs']:
        wrong.append('%d differ' % r['summary']['differs'])
    if not r['pairs']:
        wrong.append('no session was paired')
    return '; '.join(wrong)


def recordings():
    for server in sorted(glob.glob('pcaps/*.server.log') +
                         glob.glob('pcaps/sendmail-*.mail.log')):
        base = server.rsplit('.', 2)[0]
        client = blocks(base + '.client.log')
        # LMTP over a socket of UNIX, and a log of no known format
        if client and not os.path.basename(base).startswith('dovecot'):
            yield os.path.basename(server), server, client


def hold(server, client, pairs):
    r, _ = check([server], client)
    wrong = disagreement(r, 'right')
    if wrong:
        return wrong
    pairs.update((s, c) for s in formats([server]) for c in formats(client))
    r, _ = check(client, [server])
    wrong = disagreement(r, 'left')
    return 'turned: ' + wrong if wrong else ''


def cuts(log):
    """The log without its last end of line, cut in the last 250, in the code
    of a reply, in the last verb, in an earlier one and in the code of the
    second line of a reply."""
    at = log.rindex(b'250 ')
    end = log.index(b'\n', at)
    yield log[:-1]
    yield log[:end - 3]
    yield log[:at + 2]
    yield log[:log.rindex(b'QUIT') + 2]
    yield log[:log.index(b'MAIL FROM') + 2]
    yield log[:log.index(b'250-', log.index(b'250-') + 4) + 2]


def hold_cut(base):
    """What is wrong with a log of the server's that ends in a line."""
    with open(base + '.server.log', 'rb') as f:
        log = f.read()
    name = os.path.join(report.TMP, os.path.basename(base) + '.log')
    for n, text in enumerate(cuts(log)):
        with open(name, 'wb') as f:
            f.write(text)
        when = os.stat(base + '.server.log').st_mtime
        os.utime(name, (when, when))
        said = [e for s in read(name) for e in s['events']
                if e['kind'] in ('command', 'reply')]
        # of the verb, a line in front of the one that tells it may be cut
        if 0 < n < 3 and not any('truncated' in e.get('flags', []) for e in said):
            return 'cut %d: no event is' % n
        if any('bare-lf' in e.get('flags', []) for e in said):
            return 'cut %d: a line feed was made up' % n
        r, _ = check([name], [base + '.pcap'])
        wrong = [f['kind'] for _, f in found(r) if f['kind'] not in REMARKS
                 and (not n or f['kind'].endswith('-changed'))]
        if wrong or not r['pairs']:
            return 'cut %d: %s' % (n, wrong or 'no session was paired')
    return ''


def hold_mute(base):
    """What is wrong with a log of Postfix's without -v, of one client's or
    of another one's that came at the same time."""
    with open(base + '.server.log', encoding='utf-8') as f:
        text = ''.join(line for line in f
                       if not re.search(r'smtpd\[\d+\]: [<>] ', line))
    name = os.path.join(report.TMP, 'mute.log')
    when = os.stat(base + '.server.log').st_mtime
    for other, wanted in (('192.0.2.10', 2), ('192.0.2.77', 1)):
        with open(name, 'w', encoding='utf-8') as f:
            f.write(text.replace('192.0.2.10', other))
        os.utime(name, (when, when))
        r, _ = check([name], [base + '.pcap'])
        if [n['code'] for n in r['notes']] != ['no-dialogue']:
            return 'no note says what was compared'
        if len(r['pairs']) != wanted or r['summary']['agrees'] != wanted:
            return '%s: %s' % (other, r['summary'])
        if any('endpoints' not in p['paired_by'] for p in r['pairs']):
            return '%s: not paired by the client' % other
    return ''


def main():
    pairs = set()
    tell('check-logs-mute', hold_mute('pcaps/postfix-plain'))
    for server in SERVERS:
        tell('check-logs-cut-' + server, hold_cut('pcaps/%s-plain' % server))
    for name, server, client in recordings():
        try:
            wrong = hold(server, client, pairs)
        except Failed as e:
            wrong = e
        tell('check-logs-' + name, wrong)
    want = {(s, c) for s in SERVERS for c in CLIENTS} | set(RELAYS)
    tell('check-logs-formats', sorted(want - pairs))
    sys.exit(report.failed)


main()
