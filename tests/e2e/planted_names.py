#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""planted_names.py - timeouts, black holes and the like, by name and side

Each row is a traffic as tests/cases/build.py makes it, with something planted,
and what a capture at another point, or without that, holds.  `read` must note
it, and `check` find it on the planted side, whichever that is, and nothing
else.  A silence that is one second too short for RFC 5321, section 4.5.3.2
must not be told.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import report
from report import Failed, TMP, check, found, read, tell

GREET = 'open\nS 220 mx.example.org ESMTP\n'
MAIL = 'C MAIL FROM:<a@example.net>\n'
OK = 'S 250 2.1.0 Ok\n'
RCPT = 'C RCPT TO:<b@example.org>\n'
TEXT = 'C: Subject: x\\r\\n\\r\\ntext\\r\\n.\\r\\n\n'

# Who waits, seconds after which it may give up, what went before: the limits
# of section 4.5.3.2, 1 to 7 in their order (5 is about TCP alone).
TIMEOUTS = [
    ('greeting', 'C', 300, 'open\n'),
    ('hello', 'C', 300, GREET + 'C EHLO client.example.net\n'),
    ('mail', 'C', 300, 'hello\n' + MAIL),
    ('rcpt', 'C', 300, 'hello\n' + MAIL + OK + RCPT),
    ('data', 'C', 120, 'hello\n' + MAIL + OK + RCPT + OK + 'C DATA\n'),
    ('verdict', 'C', 600, 'hello\nenvelope\n' + TEXT),
    ('first-command', 'S', 300, GREET),
    ('next-command', 'S', 300, 'hello\n' + MAIL + OK),
    ('next-mail', 'S', 300, 'hello\nenvelope\n' + TEXT + 'S 250 2.0.0 Ok\n'),
    ('content', 'S', 300, 'hello\nenvelope\nC: Subject: x\\r\\n\\r\\nha\n'),
]

STARTTLS = 'open\nS 220 mx.example.org ESMTP\nC EHLO c.example.net\n' \
    'S<<\n250-mx.example.org\n250 STARTTLS\n>>\n'
TLS = 'S 220 2.0.0 Go\nC: \\{client-hello mx.example.org}\n' \
    'S: \\{server-hello}\nC: \\{tls 100}\nS: \\{tls 100}\nclose\n'
FULL = 'Subject: x\\r\\n\\r\\n\\{text 1400}'
AGAIN = ''.join('wait %d\nagain C 91 1506 [noack]\n' % (1 << i)
                for i in range(4))
SENT = 'hello\nenvelope\n'

# Name, what is found, the planted traffic, the other; None: the same.
OTHERS = [
    ('early-talker', 'early-talker',
     'open\nC EHLO client.example.net\nS 220 mx.example.org ESMTP\n'
     'S 250 mx.example.org\nbye\n', 'hello\nbye\n'),
    ('starttls-injection', 'commands-after-starttls',
     STARTTLS + 'C: STARTTLS\\r\\nNOOP\\r\\n\n' + TLS, None),
    ('black-hole', 'mtu-black-hole',
     SENT + 'C[noack]: ' + FULL + '\n' + AGAIN +
     'wait 60\nS[rst ack=91]:\n',
     SENT + 'wait 75\nS[rst ack=91]:\n'),
] + [('smuggling-' + name, 'smuggling',
      SENT + 'C: Subject: x\\r\\n\\r\\na%sb\\r\\n.\\r\\n\nS 250 2.0.0 Ok\n'
      'bye\n' % dot, None)
     for name, dot in (('lf-lf', '\\n.\\n'), ('crlf-lf', '\\r\\n.\\n'),
                       ('lf-crlf', '\\n.\\r\\n'))]


def build(name, traffic):
    case = '%s/%s.case' % (TMP, name)
    with open(case, 'w', encoding='ascii') as f:
        f.write(traffic + '== expect\n')
    subprocess.run([sys.executable, 'tests/cases/build.py', case, '-o', TMP],
                   check=True, capture_output=True)
    return '%s/%s.pcap' % (TMP, name)


def notes(path):
    return [n['code'] for s in read(path) for n in s['notes']]


def findings(left, right):
    r, _ = check([left], [right])
    if len(r['pairs']) != 1 or r['left_only'] or r['right_only']:
        raise Failed('%d pairs' % len(r['pairs']))
    return sorted((f['kind'], f['side']) for _, f in found(r))


def hold(planted, other, kind, both):
    """'' if it is noted of the planted capture, and found on its side; both:
    the other shows it as well."""
    if notes(planted) != [kind]:
        return 'noted %s' % notes(planted)
    for left, right, side in ((planted, other, 'left'),
                              (other, planted, 'right')):
        got = findings(left, right)
        if got != [(kind, None if both else side)]:
            return 'found %s' % got
    return ''


def check_timeouts():
    for name, waits, limit, before in TIMEOUTS:
        kind = 'timeout-server' if waits == 'C' else 'timeout-client'
        late, soon, at_once = (
            build('%s-%d' % (name, s), before + 'wait %d\nclose %s\n' %
                  (s, waits)) for s in (limit + 1, limit - 1, 0))
        tell('names-%s-%s' % (kind, name), hold(late, at_once, kind, False))
        tell('names-%s-%s-soon' % (kind, name), notes(soon) +
             findings(soon, at_once))


def check_others():
    for name, kind, traffic, other in OTHERS:
        planted = build(name, traffic)
        other_file = build(name + '-other', other) if other else planted
        tell('names-' + name, hold(planted, other_file, kind, not other))


def check_lost_verdict():
    """The server sends it, on the client's side it never comes."""
    inside = build('verdict-inside', SENT + TEXT +
                   'S[noack] 250 2.0.0 Ok\nwait 1\nagain S -14 -0 [noack]\n'
                   'wait 20\nC[rst]:\n')
    outside = build('verdict-outside', SENT + TEXT + 'wait 21\nC[rst]:\n')
    kind = 'reply-never-arrived'
    tell('names-verdict-lost-noted', '' if notes(inside) == [kind] else
         notes(inside))
    for name, left, right, side in (('inside', inside, outside, 'right'),
                                    ('outside', outside, inside, 'left')):
        got = findings(left, right)
        tell('names-verdict-lost-' + name, '' if got == [(kind, side)] else
             got)


def main():
    try:
        check_timeouts()
        check_others()
        check_lost_verdict()
    except (Failed, subprocess.CalledProcessError) as e:
        tell('names', e)
    sys.exit(report.failed)


main()
