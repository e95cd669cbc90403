#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""proxy.py - captures and logs around proxies that rewrite as firewalls do

In a network namespace clients talk through a proxy to a server, each over
sockets of its own; tcpdump listens on either side, and the server writes its
log as Exchange does.  What the proxy rewrites must be found under its names,
from the two captures, and from the server's log and the capture outside.
"""
import datetime
import os
import smtplib
import socketserver
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import report
from dump import PORT, Dump
from report import Failed, TMP, check, found, tell

PROXY, SERVER = ('127.0.0.1', 25), ('127.0.0.1', 587)
MAILS = 5
REMOVED = (b'250-STARTTLS\r\n', b'250-PIPELINING\r\n')


# --- the server -------------------------------------------------------------

class Log:
    """The receive protocol log of Exchange: lines of a reply are joined."""

    def __init__(self, path):
        self.file, self.lock, self.sessions = open(path, 'w'), \
            threading.Lock(), 0
        self.file.write(
            '#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n'
            '#Log-type: SMTP Receive Protocol Log\r\n'
            '#Date: 2024-03-01T12:00:00.000Z\r\n'
            '#Fields: date-time,connector-id,session-id,sequence-number,'
            'local-endpoint,remote-endpoint,event,data,context\r\n')

    def number(self):
        with self.lock:
            self.sessions += 1
            return self.sessions

    def row(self, session, row, peer, event, text=''):
        now = datetime.datetime.now(datetime.timezone.utc)
        with self.lock:
            self.file.write('%s.%03dZ,MX1,%016X,%d,%s:%d,%s:%d,%s,%s,\r\n' % (
                now.strftime('%Y-%m-%dT%H:%M:%S'), now.microsecond // 1000,
                session, row, *SERVER, *peer, event, text))
            self.file.flush()


class Server(socketserver.StreamRequestHandler):
    log = None

    def tell(self, event, text=''):
        self.log.row(self.session, self.rows, self.client_address, event,
                     text)
        self.rows += 1

    def say(self, *lines):
        code, texts = lines[0][:3], [t[4:] for t in lines]
        self.tell('>', code + '  ' + ' '.join(texts) if len(lines) > 1
                  else lines[0])
        self.wfile.write(''.join(
            code + ('-' if i < len(lines) - 1 else ' ') + t + '\r\n'
            for i, t in enumerate(texts)).encode())

    def answer(self, verb):
        if verb == b'EHLO':
            self.say('250 mx.example.org', '250 STARTTLS', '250 PIPELINING',
                     '250 8BITMIME')
        elif verb == b'DATA':
            self.content = True
            self.say('354 go ahead')
        elif verb == b'QUIT':
            self.say('221 2.0.0 Bye')
        elif verb in (b'HELO', b'MAIL', b'RCPT', b'NOOP'):
            self.say('250 2.1.0 Ok')
        else:
            self.say('500 5.5.1 What?')

    def handle(self):
        self.session, self.rows, self.content = self.log.number(), 0, False
        self.tell('+')
        self.say('220 mx.example.org ESMTP ready')
        for line in self.rfile:
            verb = line.split()[:1]
            if not self.content:
                self.tell('<', line.decode().rstrip())
                self.answer(verb[0].upper() if verb else b'')
                if verb == [b'QUIT'] or verb == [b'quit']:
                    break
            elif line == b'.\r\n':
                self.content = False
                self.say('250 2.0.0 Ok: queued as %08X' % self.session)
        self.tell('-')


# --- proxies ----------------------------------------------------------------

class Proxy(socketserver.StreamRequestHandler):
    """Crosses out the greeting and a verb, takes extensions out."""
    found = {'greeting-masked': (MAILS, 'outside'),
             'starttls-stripped': (MAILS, 'outside'),
             'extension-removed': (MAILS, 'outside'),
             'verb-masked': (1, 'inside')}

    def handle(self):
        with socket.create_connection(SERVER, source_address=(
                '127.0.0.2', 0)) as server:
            back = threading.Thread(target=self.replies, args=(server,))
            back.start()
            for line in self.rfile:
                server.sendall(self.command(line))
            server.shutdown(socket.SHUT_WR)
            back.join()

    def replies(self, server):
        for line in server.makefile('rb'):
            line = self.reply(line)
            if line:
                self.wfile.write(line)
        self.connection.shutdown(socket.SHUT_RDWR)

    def command(self, line):
        return b'XXXX' + line[4:] if line.startswith(b'noop') else line

    def reply(self, line):
        if line.startswith(b'220 '):
            return b'220 ' + b'*' * (len(line) - 6) + b'\r\n'
        return None if line in REMOVED else line


class Relay(Proxy):
    """Gives its own name instead of the client's, and offers less."""
    found = {'command-changed': (MAILS, None),
             'starttls-stripped': (MAILS, 'outside'),
             'extension-removed': (MAILS, 'outside')}

    def command(self, line):
        return b'EHLO relay.example.org\r\n' if line.startswith(b'ehlo') \
            else line

    def reply(self, line):
        return None if line in REMOVED else line


class Fixup(Proxy):
    """As the "fixup" of PIX: of the greeting 0, 2 and blanks are left, EHLO
    is crossed out, so that the client goes on with HELO."""
    found = {'greeting-masked': (MAILS, 'outside'),
             'verb-masked': (MAILS + 1, 'inside')}

    def command(self, line):
        if line[:4] in (b'ehlo', b'noop'):
            return b'XXXX' + line[4:]
        return line

    def reply(self, line):
        if not line.startswith(b'220 '):
            return line
        return b'220 ' + bytes(c if c in b'02 \r\n' else ord('*')
                               for c in line[4:])


# --- recording --------------------------------------------------------------

class Listener(socketserver.ThreadingTCPServer):
    """Whose server_close waits until all connections are closed."""
    allow_reuse_address = True


def dump(port, path):
    # Without -s its buffer would hold few frames of lo.
    return Dump(path, 'lo', '127.0.0.1', '--immediate-mode', '-s', '8192',
                'tcp port %d or udp port %d' % (port, PORT))


def mail(number, noop):
    with smtplib.SMTP(*PROXY, local_hostname='c%d.example.net' % number) as s:
        s.ehlo_or_helo_if_needed()
        if noop:
            s.noop()
        s.sendmail('a%d@example.net' % number, ['b@example.org'],
                   'Message-ID: <%d@example.net>\r\n\r\nText.\r\n' % number)


def record(name, proxy):
    """The files of both sides: server's log, captures inside, outside."""
    log, inside, outside = ('%s/%s.%s' % (TMP, name, e)
                            for e in ('log', 'in.pcap', 'out.pcap'))
    Server.log = Log(log)
    listeners = [Listener(PROXY, proxy), Listener(SERVER, Server)]
    for listener in listeners:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
    dumps = [dump(PROXY[1], outside), dump(SERVER[1], inside)]
    for i in range(MAILS):
        mail(i, i == 2)
    for listener in listeners:
        listener.shutdown()
        listener.server_close()
    for d in dumps:
        tell(name + '-dump', d.stop())
    return log, inside, outside


# --- judging ----------------------------------------------------------------

def judge(name, want, left, right, inside):
    """inside: which of the two it is."""
    r, _ = check([left], [right])
    outside = 'right' if inside == 'left' else 'left'
    names = {'inside': inside, 'outside': outside, None: None}
    got = {k: n for k, n in r['summary']['findings'].items() if n}
    sides = {f['kind']: f['side'] for _, f in found(r)}
    counts = {k: n for k, (n, _) in want.items()}
    tell(name + '-findings', '' if got == counts else 'found %s, not %s' % (
        got, counts))
    wanted = {k: names[side] for k, (_, side) in want.items()}
    tell(name + '-sides', '' if sides == wanted else sides)
    alone = r['left_only'] + r['right_only']
    tell(name + '-pairs', '' if len(r['pairs']) == MAILS and not alone else
         '%d pairs, %d alone' % (len(r['pairs']), len(alone)))


def main():
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    for name, proxy in (('proxy', Proxy), ('relay', Relay),
                        ('fixup', Fixup)):
        try:
            log, inside, outside = record(name, proxy)
            judge(name + '-wire', proxy.found, inside, outside, 'left')
            judge(name + '-log', proxy.found, log, outside, 'left')
            judge(name + '-turned', proxy.found, outside, log, 'right')
        except Failed as e:
            tell(name, e)
    sys.exit(report.failed)


main()
