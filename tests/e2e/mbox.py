#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mbox.py - mailboxes hold the octets that passed, and readers find them

Sessions are made here, whose messages look like mailboxes themselves, cut into
segments anywhere, several at once.
"""
import calendar
import glob
import hashlib
import json
import mailbox
import os
import random
import re
import stat
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
from wirefile import ACK, FIN, PSH, SYN, Frame

SMTPWIRE = os.environ['SMTPWIRE']
TMP = os.environ['TMP']
START = 1767323045  # Fri Jan  2 03:04:05 2026
SERVER = bytes([192, 0, 2, 1])


def report(name, wrong):
    """wrong: what is wrong, empty if nothing is."""
    print(f'not ok mbox-{name}: {str(wrong)[:300]}' if wrong
          else f'ok mbox-{name}', flush=True)


def same(name, expected, actual):
    report(name, '' if expected == actual else
           f'expected {str(expected)[:120]}, not {str(actual)[:120]}')


def path(name):
    return os.path.join(TMP, name)


# --- a capture ---------------------------------------------------------------

class Talk:
    """The segments of one connection."""

    def __init__(self, number, rand):
        self.rand, self.segments = rand, []
        self.ends = [(bytes([192, 0, 2, 2]), 20000 + number), (SERVER, 25)]
        self.seq = [rand.getrandbits(32), rand.getrandbits(32)]
        self.add(0, b'', SYN)
        self.add(1, b'', SYN | ACK)
        self.add(0, b'', ACK)

    def add(self, by, octets, flags=PSH | ACK):
        (a, b), (c, d) = self.ends[by], self.ends[1 - by]
        tcp = struct.pack('>HHIIBBHHH', b, d, self.seq[by],
                          self.seq[1 - by] if flags & ACK else 0, 5 << 4,
                          flags, 65535, 0, 0)
        ip = struct.pack('>BBHHHBBH', 0x45, 0, 40 + len(octets), 0, 0, 64, 6,
                         0) + a + c
        frame = Frame(0, b'\2' * 12 + b'\x08\0' + ip + tcp + octets)
        frame.seal()
        self.segments.append(frame)
        self.seq[by] = (self.seq[by] + len(octets) +
                        bool(flags & (SYN | FIN))) & 0xffffffff

    def client(self, octets, reply=None):
        while octets:
            n = self.rand.choice((1, 3, 7, 500, 1400, 1400, 1400))
            self.add(0, octets[:n])
            octets = octets[n:]
        if reply:
            self.add(1, reply)

    def mail(self, sender, content, lose=False):
        self.client(b'MAIL FROM:<%s>\r\n' % sender, b'250 2.1.0 Ok\r\n')
        self.client(b'RCPT TO:<b@example.org>\r\n', b'250 2.1.5 Ok\r\n')
        if content.endswith(b'\r\n'):
            self.client(b'DATA\r\n', b'354 go ahead\r\n')
            stuffed = re.sub(rb'(?:\A|(?<=\r\n))\.', b'..', content)
            first = len(self.segments)
            self.client(stuffed + b'.\r\n', b'250 2.0.0 Ok: queued\r\n')
            if lose:
                del self.segments[first + 1]
        else:
            self.client(b'BDAT %d LAST\r\n' % len(content) + content,
                        b'250 2.0.0 Ok: queued\r\n')

    def end(self):
        self.client(b'QUIT\r\n', b'221 2.0.0 Bye\r\n')
        self.add(1, b'', FIN | ACK)
        self.add(0, b'', FIN | ACK)
        self.add(1, b'', ACK)


def save(name, talks, rand):
    """The connections, mixed."""
    queues = [list(t.segments) for t in talks]
    with open(path(name), 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        number = 0
        while any(queues):
            queue = rand.choice([q for q in queues if q])
            octets = queue.pop(0).octets
            f.write(struct.pack('<IIII', START + number // 1000,
                                number % 1000 * 1000, len(octets),
                                len(octets)) + octets)
            number += 1


LINES = [b'From ', b'From me Mon Jan  1 00:00:00 2001', b'>From ', b'>>From x',
         b'From', b'Fromage', b'>', b'>>>', b'', b'', b'From:', b' From ',
         b'x' * 900, b'.', b'..', b'\xff\0 8 bit', b'text']


def make_content(rand, size):
    lines = [b'Subject: %d' % rand.randrange(1000), b'']
    while sum(map(len, lines)) < size:
        lines.append(rand.choice(LINES))
    text = b'\r\n'.join(lines) + b'\r\n'
    if rand.random() < 0.2:  # by BDAT
        text = text.replace(b'\r\n', b'\n').rstrip(b'\n') + rand.choice(
            (b'', b'\nFrom', b'\n>>', b'\nFrom '))
    return text


SENDERS = [b'a@example.org', b'', b'"a b"@example.org',
           b'\xc3\xa4@example.org', b'a' * 64 + b'@example.org']


def make(rand):
    """Talks, and what they sent: (sender, content) of whole messages."""
    talks, sent = [], []
    for number in range(24):
        talk = Talk(number, rand)
        talk.add(1, b'220 mx.example.org ESMTP\r\n')
        talk.client(b'EHLO c.example.org\r\n', b'250-mx.example.org\r\n'
                    b'250-SMTPUTF8\r\n250 CHUNKING\r\n')
        for _ in range(rand.randrange(1, 4)):
            sender = rand.choice(SENDERS)
            content = make_content(rand, rand.choice(
                (0, 60, 3000, 20000, 70000)))
            talk.mail(sender, content)
            sent.append((sender, content))
        talk.end()
        talks.append(talk)
    return talks, sent


# --- what was written --------------------------------------------------------

def read(*args, status=0):
    p = subprocess.run([SMTPWIRE, 'read', '-q', *args], check=False,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    report('status', p.returncode != status and p.stderr.decode())
    return p.stdout


def octets_of(name):
    with open(path(name), 'rb') as f:
        return f.read()


def messages_of(name):
    """By the rule of mboxrd alone: (first line, content)."""
    found = []
    for piece in re.split(rb'(?m)^(?=From )', octets_of(name))[1:]:
        first, content = piece.split(b'\n', 1)
        assert content.endswith(b'\n'), content[-9:]
        found.append((first, re.sub(rb'(?m)^>(>*From )', rb'\1',
                                    content[:-1])))
    return found


def ended(content):
    return content if content.endswith(b'\n') else content + b'\n'


def name_of(sender):
    text = ''.join('_' if c == ' ' else c if c < '\x7f' else '?'
                   for c in sender.decode('latin-1'))
    return text.encode() or b'MAILER-DAEMON'


def test_octets(talks, sent, rand):
    save('t.pcap', talks, rand)
    out = read('-f', 'jsonl', '--mbox', path('t.mbox'), '--eml', path('eml'),
               path('t.pcap'))
    told = [m for line in out.splitlines()
            for m in json.loads(line)['messages']]
    found = messages_of('t.mbox')
    same('count', len(sent), len(found))
    same('octets', sorted(ended(c) for _, c in sent),
         sorted(c for _, c in found))
    by_digest = {hashlib.sha256(c).hexdigest(): (s, c) for s, c in sent}
    same('order', [ended(by_digest[m['sha256']][1]) for m in told],
         [c for _, c in found])
    report('senders', [x for x, m in zip(found, told) if not x[0].startswith(
        b'From ' + name_of(by_digest[m['sha256']][0]) + b' ')])
    same('mode', 0o600, stat.S_IMODE(os.stat(path('t.mbox')).st_mode))
    eml = []
    for name in glob.glob(path('eml/*')):
        with open(name, 'rb') as f:
            eml.append(f.read())
    same('eml', sorted(c for _, c in sent), sorted(eml))
    for n in ('2', '5'):
        read('--threads', n, '--mbox', path(f't{n}.mbox'), path('t.pcap'))
        report(f'threads-{n}', octets_of('t.mbox') != octets_of(f't{n}.mbox')
               and 'not the same')
    same('left', [], glob.glob(path('*.part')))


def test_python(sent):
    """Python's own reader, which takes no quotes away."""
    box = mailbox.mbox(path('t.mbox'), create=False)
    same('python-count', len(sent), len(box))
    same('python', sorted(
        re.sub(rb'(?m)^(>*From )', rb'>\1', ended(c)) for _, c in sent),
         sorted(box.get_bytes(key) for key in box.keys()))
    dates = [box.get_message(k).get_from().split(' ', 1)[1]
             for k in box.keys()]
    report('dates', [d for d in dates if not 0 <= calendar.timegm(
        time.strptime(d)) - START < 3600])


def test_select(sent):
    read('--from', '=a@example.org', '--mbox', path('few.mbox'),
         path('t.pcap'))
    found = messages_of('few.mbox')
    report('selected', not 0 < len(found) < len(sent) and len(found))
    read('--from', 'nobody@example.com', '--mbox', path('few.mbox'),
         path('t.pcap'))
    same('replaced', b'', octets_of('few.mbox'))


def test_incomplete(rand):
    """A message with a gap is not passed off as one."""
    talk = Talk(1, rand)
    talk.add(1, b'220 mx.example.org ESMTP\r\n')
    talk.client(b'HELO c.example.org\r\n', b'250 mx.example.org\r\n')
    talk.mail(b'a@example.org', make_content(rand, 9000).replace(
        b'\r\n', b'\n').replace(b'\n', b'\r\n').rstrip() + b'\r\n', True)
    talk.mail(b'a@example.org', b'Subject: whole\r\n\r\n')
    talk.end()
    save('gap.pcap', [talk], rand)
    p = subprocess.run([SMTPWIRE, 'read', '--mbox', path('gap.mbox'),
                        path('gap.pcap')], check=False, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    same('gap', [b'Subject: whole\r\n\r\n'],
         [c for _, c in messages_of('gap.mbox')])
    report('gap-told', 'incomplete messages left out of the mailbox: 1' not
           in p.stderr and p.stderr)


def test_many(rand):
    """More messages wait for their sessions than there is room at first."""
    talks, sent = [], []
    for number in range(2):
        talk = Talk(number, rand)
        talk.add(1, b'220 mx.example.org ESMTP\r\n')
        talk.client(b'HELO c.example.org\r\n', b'250 mx.example.org\r\n')
        for i in range(1200):
            sent.append(b'Subject: %d in %d\r\n\r\n' % (i, number))
            talk.mail(b'a@example.org', sent[-1])
        talk.end()
        talks.append(talk)
    save('many.pcap', talks, rand)
    read('--sort', 'start', '--mbox', path('many.mbox'), path('many.pcap'))
    found = [c for _, c in messages_of('many.mbox')]
    report('many', found not in (sent, sent[1200:] + sent[:1200]) and
           len(found))


def main():
    rand = random.Random(17)
    talks, sent = make(rand)
    test_octets(talks, sent, rand)
    test_python(sent)
    test_select(sent)
    test_incomplete(rand)
    test_many(rand)


main()
