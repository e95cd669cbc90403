#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""talk.py - say a dialogue to an SMTP server, octet by octet as told

usage: talk.py [-s SOURCE] HOST PORT < DIALOGUE

Each line of the dialogue is one step; \\r \\n \\0 \\xNN and \\\\ stand for octets:
  C: TEXT     send TEXT and CR LF
  C+ TEXT     the same, but in one segment with the next thing that is sent
  R: TEXT     send TEXT without a line end
  R+ TEXT     the same, in one segment with the next thing that is sent
  B: TEXT     send TEXT as a chunk: BDAT with its length, then TEXT
  BL: TEXT    the same with LAST; B+ and BL+ as above
  S: CODE     read one whole reply; it must begin with CODE (empty: any)
  body N [W]  send N octets of text in lines of W (default 76) octets
  body+ N [W] the same, in one segment with the next thing that is sent
  tls         begin TLS
  wait SEC    do nothing
  eof         read until the server closes
  fin         send FIN, go on reading
  rst         reset the connection and stop
  # TEXT      nothing
What was said and heard is printed with the seconds since the start.
"""
import re
import socket
import ssl
import struct
import sys
import time


class Talk:
    def __init__(self, argv):
        source = None
        if argv and argv[0] == "-s":
            source, argv = (argv[1], 0), argv[2:]
        self.start = time.monotonic()
        self.pending = b""
        self.heard = b""
        self.sock = socket.create_connection((argv[0], int(argv[1])), 60,
                                             source)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.note("connected to %s port %s" % (argv[0], argv[1]))

    def note(self, text, mark="*"):
        passed = time.monotonic() - self.start
        print("%9.3f %s %s" % (passed, mark, text), flush=True)

    def show(self, octets, mark):
        for line in octets.splitlines(keepends=True)[:40]:
            text = line.decode("latin-1").encode("unicode_escape").decode()
            if text.endswith("\\r\\n"):
                text = text[:-4]
            if len(text) > 200:
                text = "%s... [%d octets]" % (text[:200], len(line))
            self.note(text, mark)
        if octets.count(b"\n") > 40:
            self.note("... [%d octets in all]" % len(octets), mark)

    def send(self, octets, more=False):
        self.pending += octets
        if more:
            return
        octets, self.pending = self.pending, b""
        self.show(octets, "C")
        try:
            self.sock.sendall(octets)
        except OSError as e:
            self.note("send failed: %s" % e)

    def read(self):
        try:
            octets = self.sock.recv(65536)
        except OSError as e:
            self.note("receive failed: %s" % e)
            octets = b""
        self.heard += octets
        return octets

    def reply(self, code):
        lines = b""
        while True:
            while b"\n" not in self.heard:
                if not self.read():
                    self.note("closed by the server")
                    if code:
                        sys.exit(1)
                    return
            line, self.heard = self.heard.split(b"\n", 1)
            lines += line + b"\n"
            if not re.match(rb"[0-9]{3}-", line):
                break
        self.show(lines, "S")
        if not lines.startswith(code.encode()):
            self.note("expected " + code)
            print("talk.py: expected %s, heard %r" % (code, lines),
                  file=sys.stderr)

    def until_eof(self):
        while self.read():
            pass
        self.show(self.heard, "S")
        self.note("closed by the server")

    def tls(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(self.sock,
                                        server_hostname="mx.example.org")
        self.note("%s %s" % (self.sock.version(), self.sock.cipher()[0]))

    def fin(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.note("sent FIN")
        except OSError as e:
            self.note("no FIN: %s" % e)

    def rst(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()
        self.note("reset")
        sys.exit(0)

    def step(self, line):
        word, _, rest = line.partition(" ")
        octets = unescape(rest)
        if word in ("C:", "C+"):
            self.send(octets + b"\r\n", word == "C+")
        elif word in ("R:", "R+"):
            self.send(octets, word == "R+")
        elif word in ("B:", "B+", "BL:", "BL+"):
            last = " LAST" if word[1] == "L" else ""
            self.send(b"BDAT %d%s\r\n" % (len(octets), last.encode())
                      + octets, word[-1] == "+")
        elif word == "S:":
            self.reply(rest)
        elif word in ("body", "body+"):
            self.send(text_of(*map(int, rest.split())), word == "body+")
        elif word == "tls":
            self.tls()
        elif word == "wait":
            time.sleep(float(rest))
        elif word == "eof":
            self.until_eof()
        elif word == "fin":
            self.fin()
        elif word == "rst":
            self.rst()
        elif word not in ("#", ""):
            sys.exit("talk.py: no such step: " + line)


def unescape(text):
    """The octets that TEXT (UTF-8 with escapes) stands for."""
    names = {b"r": b"\r", b"n": b"\n", b"0": b"\0", b"\\": b"\\",
             b"t": b"\t"}

    def one(match):
        if match[1] in names:
            return names[match[1]]
        return bytes([int(match[2], 16)])
    return re.sub(rb"\\(x([0-9a-fA-F]{2})|[rn0t\\])", one, text.encode())


def text_of(size, width=76):
    """SIZE octets of numbered lines of WIDTH octets, CR LF included."""
    made, n = [], 0
    while size > 0:
        line = ("%08d " % n + "the quick brown fox jumps over the lazy dog "
                * (width // 40 + 1))[:width - 2].encode() + b"\r\n"
        if len(line) > size:
            line = (b"x" * (size - 2) + b"\r\n")[-size:]
        made.append(line)
        size -= len(line)
        n += 1
    return b"".join(made)


def main():
    talk = Talk(sys.argv[1:])
    for line in sys.stdin:
        talk.step(line.rstrip("\n"))
    talk.sock.close()
    talk.note("closed")


main()
