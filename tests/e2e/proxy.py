#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""proxy.py - two captures around a proxy that rewrites as firewalls do

In a network namespace clients talk through a proxy to a server, each over
sockets of its own; tcpdump listens on either side.  The proxy crosses out the
greeting, takes STARTTLS and PIPELINING out of the reply to EHLO, and in one
session makes a NOOP to XXXX.
"""
import os
import smtplib
import socketserver
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position
import report
from report import Failed, TMP, check, found, tell

PROXY, SERVER = ('127.0.0.1', 25), ('127.0.0.1', 587)
REMOVED = (b'250-STARTTLS\r\n', b'250-PIPELINING\r\n')


class Server(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b'\r\n')

    def handle(self):
        self.say('220 mx.example.org ESMTP ready')
        content = False
        for line in self.rfile:
            verb = line.split()[:1]
            if content:
                if line == b'.\r\n':
                    content = False
                    self.say('250 2.0.0 Ok: queued as 4F1C')
            elif verb == [b'ehlo'] or verb == [b'EHLO']:
                self.wfile.write(b'250-mx.example.org\r\n' +
                                 REMOVED[0] + REMOVED[1] +
                                 b'250 8BITMIME\r\n')
            elif verb and verb[0].upper() == b'DATA':
                content = True
                self.say('354 go ahead')
            elif verb and verb[0].upper() == b'QUIT':
                self.say('221 2.0.0 Bye')
                return
            elif verb == [b'XXXX']:
                self.say('500 5.5.1 What?')
            else:
                self.say('250 2.1.0 Ok')


class Proxy(socketserver.StreamRequestHandler):
    def handle(self):
        with socket.create_connection(SERVER) as server:
            back = threading.Thread(target=self.replies, args=(server,))
            back.start()
            for line in self.rfile:
                if line.startswith(b'noop'):
                    line = b'XXXX' + line[4:]
                server.sendall(line)
            server.shutdown(socket.SHUT_WR)
            back.join()

    def replies(self, server):
        for line in server.makefile('rb'):
            if line.startswith(b'220 '):
                line = b'220 ' + b'*' * (len(line) - 6) + b'\r\n'
            if line not in REMOVED:
                self.wfile.write(line)
        self.connection.shutdown(socket.SHUT_RDWR)


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


def dump(port, path):
    p = subprocess.Popen(['tcpdump', '-i', 'lo', '-U', '--immediate-mode',
                          '-Z', 'root', '-w', path, 'tcp port %d' % port],
                         stderr=subprocess.PIPE)
    while b'listening on' not in p.stderr.readline():
        if p.poll() is not None:
            raise Failed('tcpdump does not run')
    return p


def mail(number, noop):
    with smtplib.SMTP(*PROXY, local_hostname='c%d.example.net' % number) as s:
        s.ehlo()
        if noop:
            s.noop()
        s.sendmail('a%d@example.net' % number, ['b@example.org'],
                   'Message-ID: <%d@example.net>\r\n\r\nText.\r\n' % number)


def record(inside, outside):
    for place, handler in (SERVER, Server), (PROXY, Proxy):
        listener = Listener(place, handler)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
    dumps = [dump(PROXY[1], outside), dump(SERVER[1], inside)]
    for i in range(5):
        mail(i, i == 2)
    time.sleep(0.5)
    for p in dumps:
        p.terminate()
        p.wait()


def judge(inside, outside):
    r, _ = check([inside], [outside])
    want = {'greeting-masked': 5, 'starttls-stripped': 5,
            'extension-removed': 5, 'verb-masked': 1}
    got = {k: n for k, n in r['summary']['findings'].items() if n}
    sides = {f['kind']: f['side'] for _, f in found(r)}
    tell('proxy-findings', '' if got == want else 'found %s' % got)
    tell('proxy-sides', '' if sides == {
        k: 'left' if k == 'verb-masked' else 'right' for k in want}
        else sides)
    tell('proxy-pairs', '' if len(r['pairs']) == 5 and not r['left_only'] and
         not r['right_only'] else '%d pairs' % len(r['pairs']))


def main():
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    inside, outside = TMP + '/inside.pcap', TMP + '/outside.pcap'
    try:
        record(inside, outside)
        judge(inside, outside)
    except Failed as e:
        tell('proxy', e)
    sys.exit(report.failed)


main()
