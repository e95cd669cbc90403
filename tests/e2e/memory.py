#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""memory.py - sessions that take as much memory as they can get

    memory.py [KIND CONNECTIONS [MEMORY]]

Each kind would take several times --memory, and is streamed: it is never
stored.  In its midst is a session that is slower than all.  With KIND there is
only this one, --memory is MEMORY (512M), and its peak is printed.
"""
import hashlib
import json
import os
import re
import resource
import struct
import subprocess
import sys

from flood import ACK, BESIDE, FIN, PUSH, Connection, established, \
    beside, told

MEMORY = 64 << 20
# As long as a line is told whole, and a frame may be.
LONG = 60000
CLIENT, SERVER = 0, 1
HEAD = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)


class Talk:
    """A connection that says what it is told to, a frame each time."""

    def __init__(self, i, ts):
        self.c = Connection(struct.pack(">I", 0x0a000000 + i),
                            1024 + i % 50000)
        self.ts = ts

    def begin(self):
        return established(self.ts, self.c) + \
            self.say(SERVER, b"220 mx.example.org\r\n") + \
            self.say(CLIENT, b"EHLO c.example.net\r\n") + \
            self.say(SERVER, b"250 mx.example.org\r\n")

    def say(self, who, octets):
        self.ts += 1
        return self.c.send(self.ts, who, PUSH | ACK, octets)

    def end(self):
        return self.say(CLIENT, b"QUIT\r\n") + \
            self.say(SERVER, b"221 Bye\r\n") + \
            self.c.send(self.ts + 1, SERVER, FIN | ACK) + \
            self.c.send(self.ts + 2, CLIENT, FIN | ACK) + \
            self.c.send(self.ts + 3, SERVER, ACK)


def texts(t, end):
    """Long commands and replies."""
    yield t.begin()
    for _ in range(20):
        yield t.say(CLIENT, b"NOOP " + b"x" * LONG + b"\r\n")
        yield t.say(SERVER, b"250 " + b"y" * LONG + b"\r\n")
    if end:
        yield t.end()


def grow(t):
    return texts(t, False)


def over(t):
    return texts(t, True)


def events(t):
    """Lines that are as short as they can be, thousands in a frame."""
    yield t.begin()
    for _ in range(10):
        yield t.say(CLIENT, b"x\r\n" * 1000)
        yield t.say(SERVER, b"5\r\n" * 1000)


def mails(t):
    """Mails whose fields are long."""
    yield t.begin()
    for _ in range(30):
        yield t.say(CLIENT, b"MAIL FROM:<>\r\n")
        yield t.say(SERVER, b"250 Ok\r\n")
        yield t.say(CLIENT, b"RCPT TO:<b>\r\n")
        yield t.say(SERVER, b"250 Ok\r\n")
        yield t.say(CLIENT, b"DATA\r\n")
        yield t.say(SERVER, b"354 go on\r\n")
        yield t.say(CLIENT, b"Subject: " + b"s" * LONG +
                    b"\r\n\r\n.\r\n")
        yield t.say(SERVER, b"250 Ok\r\n")
    yield t.end()


def small(t):
    """Mails of a line each."""
    yield t.begin()
    for _ in range(20):
        yield t.say(CLIENT, (b"MAIL FROM:<>\r\nRCPT TO:<b>\r\n"
                             b"BDAT 4 LAST\r\nx\r\n\n") * 100)
        yield t.say(SERVER, b"250 Ok\r\n" * 300)


def empty(t):
    """Mails that are nothing but their MAIL."""
    yield t.begin()
    for _ in range(6):
        yield t.say(CLIENT, b"MAIL FROM:<>\r\nRSET\r\n" * 1000)
        yield t.say(SERVER, b"250 Ok\r\n" * 2000)


def recipients(t):
    """Mails of a thousand recipients each."""
    yield t.begin()
    for _ in range(20):
        yield t.say(CLIENT, b"RSET\r\nMAIL FROM:<>\r\n" +
                    b"RCPT TO:<b>\r\n" * 1000)
        yield t.say(SERVER, b"250 Ok\r\n" * 1002)


def names(t):
    """HELO again and again."""
    yield t.begin()
    for _ in range(40):
        yield t.say(CLIENT, b"HELO " + b"n" * LONG + b"\r\n")
        yield t.say(SERVER, b"250 Ok\r\n")


def half(t):
    """A line without its end."""
    yield t.begin() + t.say(CLIENT, b"NOOP " + b"x" * LONG)


def letters(t):
    """The same of one word, which is told as a verb as well."""
    yield t.begin() + t.say(CLIENT, b"x" * LONG)


def outstanding(t):
    """Commands that are not answered."""
    yield t.begin()
    for _ in range(40):
        yield t.say(CLIENT, b"RCPT TO:<" + b"x" * LONG + b">\r\n")


def held(t):
    """Content that nothing shows to be that yet, octet by octet."""
    yield t.begin() + t.say(CLIENT, b"MAIL FROM:<>\r\n") + \
        t.say(SERVER, b"250 Ok\r\n") + \
        t.say(CLIENT, b"RCPT TO:<b>\r\n") + \
        t.say(SERVER, b"250 Ok\r\n") + t.say(CLIENT, b"DATA\r\n")
    for _ in range(8):
        yield b"".join(t.say(CLIENT, b"x") for _ in range(1000))


def reply(t):
    """A reply that has no end."""
    yield t.begin() + t.say(CLIENT, b"NOOP\r\n")
    for _ in range(25):
        yield t.say(SERVER, (b"250-" + b"y" * 990 + b"\r\n") * 60)


def hello(t):
    """A TLS handshake that has no end."""
    yield established(t.ts, t.c)
    yield t.say(CLIENT, b"\x16\x03\x01\x40\0\x01\0\xff\xff" + b"x" * 16375)
    for _ in range(8):
        yield t.say(CLIENT, b"\x16\x03\x01\x40\0" + b"x" * 16384)
        yield t.say(SERVER, b"\x16\x03\x01\x40\0\x02\0\xff\xff" +
                    b"x" * 16380)


def auth(t):
    """Users whose names are long."""
    yield t.begin()
    user = b"eHh4" * (12000 // 4)
    for _ in range(100):
        yield t.say(CLIENT, b"AUTH LOGIN " + user + b"\r\n")
        yield t.say(SERVER, b"334 UGFzc3dvcmQ6\r\n")
        yield t.say(CLIENT, b"eHh4\r\n")
        yield t.say(SERVER, b"535 no\r\n")


def list_mails(t):
    """A list's mails, with a sender and replies of their own."""
    yield t.begin()
    for i in range(1100):
        path = b"<bounce+%s=%d@lists.example.net>" % (b"v" * 200, i)
        for command, reply in ((b"MAIL FROM:" + path, b"250 2.1.0 Ok "),
                               (b"RCPT TO:<bob@example.org>", b"250 Ok "),
                               (b"DATA", b"354 go ahead "),
                               (b"Subject: x\r\n\r\nhello\r\n.",
                                b"250 2.0.0 Ok: queued as %08X " % i)):
            yield t.say(CLIENT, command + b"\r\n")
            yield t.say(SERVER, reply + b"x" * 450 + b"\r\n")
    yield t.end()


def list_recipients(t):
    """Mails of many recipients whose replies repeat them."""
    yield t.begin()
    for _ in range(20):
        yield t.say(CLIENT, b"MAIL FROM:<bob@example.org>\r\n")
        yield t.say(SERVER, b"250 Ok\r\n")
        for i in range(900):
            path = b"<someone.of.the.list.%d@some.long.domain.example>" % i
            yield t.say(CLIENT, b"RCPT TO:" + path + b"\r\n")
            yield t.say(SERVER, b"250 2.1.5 recipient " + path +
                        b" accepted for delivery\r\n")
        yield t.say(CLIENT, b"RSET\r\n")
        yield t.say(SERVER, b"250 Ok\r\n")
    yield t.end()


def chunk(t):
    """One chunk, whose reply comes behind it."""
    yield t.begin()
    yield t.say(CLIENT, b"MAIL FROM:<a>\r\nRCPT TO:<bob@example.org>\r\n" +
                b"BDAT 60000 LAST\r\n")
    for _ in range(60):
        yield t.say(CLIENT, b"z" * 1000)
    yield t.say(SERVER, b"250 Ok\r\n" * 3)
    yield t.end()


def alone(kind):
    """A session that no other is beside."""
    yield HEAD
    for octets in kind(Talk(1, 1700000000 * 1000000)):
        yield octets


def check_alone():
    for kind, memory in ((list_mails, 512 << 20),
                         (list_recipients, 512 << 20), (chunk, 4 << 20)):
        out, account, _ = read(memory, 1, alone(kind))
        much = read(8 << 30, 1, alone(kind))[0]
        told(f"memory-alone-{kind.__name__}", out == much and
             len(out[1]) == 1 and b'"ending":"quit"' in out[1][0], account)


def traffic(kind, count):
    """count connections of a kind, the session's frames spread among them."""
    yield HEAD
    steps = beside()
    slow = Connection(bytes([192, 0, 2, 10]), 40000)
    ts = 1700000000 * 1000000
    for step in steps[:5]:
        yield slow.send(ts, *step)
    del steps[:5]
    every = max(count // (len(steps) + 1), 1)
    for i in range(count):
        t = Talk(i, ts)
        for octets in kind(t):
            yield octets
        if i % every == every - 1 and steps:
            yield slow.send(ts + 100, *steps.pop(0))
    while steps:
        yield slow.send(ts + 200, *steps.pop(0))


def read(memory, threads, source, options=()):
    """What is told, the account and the peak; source: frames or a file.  What
    is told is not kept: Linux counts this program's peak as that of a child.
    """
    out = os.path.join(os.environ["TMP"], "out")
    piped = not isinstance(source, str)
    with open(out, "wb") as f:
        p = subprocess.Popen(
            [os.environ["SMTPWIRE"], "read", "-f", "jsonl", "--no-hash",
             "--memory", str(memory), "--threads", str(threads), *options,
             "-" if piped else source],
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=f, stderr=subprocess.PIPE)
        if piped:
            with p.stdin:
                for octets in source:
                    p.stdin.write(octets)
        account = p.stderr.read().decode()
        p.stderr.close()
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    digest, kept = hashlib.sha256(), []
    with open(out, "rb") as f:
        for line in f:
            digest.update(line)
            if b'"bob@example.org"' in line:
                kept.append(line)
    return (digest.digest(), kept), account, used.ru_maxrss << 10


def check(name, result, given_up, released=None):
    """The peak; that the account has lines of given_up; and the session
    beside.  released: connections that may be, at most."""
    out, account, peak = result
    sessions = [json.loads(line) for line in out[1]]
    if "asan" in os.environ["O"] or "tsan" in os.environ["O"]:
        print(f"skip memory-{name}-peak: a sanitizer takes more")
    else:
        told(f"memory-{name}-peak", peak < MEMORY + BESIDE,
             f"{peak >> 20} MiB")
    told(f"memory-{name}-account", all(g in account for g in given_up),
         account)
    told(f"memory-{name}-beside", len(sessions) == 1 and
         sessions[0]["ending"] == "quit" and
         [m["outcome"] for m in sessions[0]["messages"]] == ["accepted"] and
         not [n for n in sessions[0]["notes"] if n["code"] == "limit"],
         sessions or "it is lost")
    if released is not None:
        n = re.search(r"(\d+)  connections released for the limit", account)
        told(f"memory-{name}-released", int(n[1] if n else 0) <= released,
             account)


EVENTS = "events beyond the limit of a session"
RECIPIENTS = "recipients beyond the limit of a message"
OTHER = "things left out by other limits"
RELEASED = "connections released for the limit on memory"

KINDS = {k.__name__: k for k in (
    grow, over, events, mails, small, empty, recipients, names, half, letters,
    outstanding, held, reply, hello, auth)}
# No more connections are released than those that come behind the last one
# that their shard has room for.
PIPED = [("grow", 130, [EVENTS, RELEASED], 130),
         ("empty", 130, [EVENTS, OTHER], 130),
         ("names", 130, [EVENTS], 130),
         ("outstanding", 130, [EVENTS], 130),
         ("half", 1500, [RELEASED], 1500),
         ("reply", 130, [RELEASED], None)]


def check_file():
    """Sessions that are over wait until they are told: of a file there are
    more at a time than of a pipe, and most with several threads."""
    capture = os.path.join(os.environ["TMP"], "sessions.pcap")
    with open(capture, "wb") as f:
        for octets in traffic(recipients, 64):
            f.write(octets)
    one = read(MEMORY, 1, capture)
    check("over", one, [EVENTS, RECIPIENTS, OTHER], 64)
    several = read(MEMORY, 3, capture)
    check("over-threads", several, [EVENTS, RECIPIENTS, OTHER], 64)
    told("memory-over-same", several[0] == one[0], "they differ")
    little = [read(4 << 20, n, capture)[0] for n in (1, 2, 8)]
    told("memory-little-same", little[0] == little[1] == little[2],
         "they differ")
    os.unlink(capture)


def main():
    if len(sys.argv) > 1:
        memory = sys.argv[3] if len(sys.argv) > 3 else "512M"
        _, account, peak = read(memory, 1, traffic(KINDS[sys.argv[1]],
                                                   int(sys.argv[2])),
                                ("--rcpt", "bob"))
        print(account, f"peak {peak >> 20} MiB")
        return
    for kind, count, given_up, released in PIPED:
        check(kind, read(MEMORY, 1, traffic(KINDS[kind], count),
                         ("--rcpt", "bob")), given_up, released)
    # All of them are told, once the last frame was read.
    check("letters", read(MEMORY, 1, traffic(letters, 800)), [RELEASED], 800)
    check_file()
    check_alone()


if __name__ == "__main__":
    main()
