#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""flood.py - a session in the middle of a flood of connections

Each flood is more than --memory allows to keep.  The session beside it is
slower than all: thousands of connections lie between its frames.
"""
import json
import os
import resource
import struct
import subprocess
import sys

MEMORY = 2 << 20
# What the program takes without any connection: code, tables, buffers; a
# sanitizer takes several times that.
BESIDE = 40 << 20

SERVER = bytes([192, 0, 2, 25])
SYN, ACK, PUSH, FIN = 2, 16, 8, 1
ETHERNET = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0"


def frame(ts, a, b, seq, ack, flags, octets=b""):
    """One frame of a pcap of Ethernet; a, b: address and port."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(octets), 0, 0, 64, 6,
                     0, a[0], b[0])
    tcp = struct.pack(">HHIIBBHHH", a[1], b[1], seq, ack, 0x50, flags, 65535,
                      0, 0)
    f = ETHERNET + ip + tcp + octets
    return struct.pack("<IIII", ts // 1000000, ts % 1000000, len(f),
                       len(f)) + f


class Connection:
    """A client and the server, frame by frame."""

    def __init__(self, address, port):
        self.ends = [(address, port), (SERVER, 25)]
        self.next = [1000, 5000]

    def send(self, ts, who, flags, octets=b""):
        f = frame(ts, self.ends[who], self.ends[1 - who], self.next[who],
                  self.next[1 - who] if flags & ACK else 0, flags, octets)
        self.next[who] += len(octets) + (flags & (SYN | FIN) != 0)
        return f


DIALOGUE = [
    (1, b"220 mx.example.org ESMTP\r\n"),
    (0, b"EHLO client.example.net\r\n"),
    (1, b"250 mx.example.org\r\n"),
    (0, b"MAIL FROM:<alice@example.net>\r\n"),
    (1, b"250 2.1.0 Ok\r\n"),
    (0, b"RCPT TO:<bob@example.org>\r\n"),
    (1, b"250 2.1.5 Ok\r\n"),
    (0, b"DATA\r\n"),
    (1, b"354 go on\r\n"),
    (0, b"Subject: beside\r\n\r\nHello\r\n.\r\n"),
    (1, b"250 2.0.0 Ok: queued as 4F1C\r\n"),
    (0, b"QUIT\r\n"),
    (1, b"221 2.0.0 Bye\r\n"),
]


def beside():
    """The session: who sends what next."""
    return [(0, SYN, b""), (1, SYN | ACK, b""), (0, ACK, b"")] + \
        [(who, PUSH | ACK, octets) for who, octets in DIALOGUE] + \
        [(1, FIN | ACK, b""), (0, FIN | ACK, b""), (1, ACK, b"")]


def syns(ts, c):
    return c.send(ts, 0, SYN)


def silent(ts, c):
    return c.send(ts, 0, SYN) + c.send(ts + 1, 1, SYN | ACK) + \
        c.send(ts + 2, 0, ACK) + c.send(ts + 3, 1, PUSH | ACK, DIALOGUE[0][1])


def traffic(kind, count):
    """count connections of a kind, the session's frames spread among them."""
    yield struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    steps = beside()
    slow = Connection(bytes([192, 0, 2, 10]), 40000)
    ts = 1700000000 * 1000000
    # until the client has spoken nothing tells it from the others
    for step in steps[:5]:
        ts += 10
        yield slow.send(ts, *step)
    del steps[:5]
    every = count // (len(steps) + 1)
    for i in range(count):
        ts += 10
        c = Connection(struct.pack(">I", 0x0a000000 + i), 1024 + i % 50000)
        yield kind(ts, c)
        if i % every == every - 1 and steps:
            yield slow.send(ts + 5, *steps.pop(0))


def run(kind, count):
    path = os.path.join(os.environ["TMP"], "flood.pcap")
    with open(path, "wb") as f:
        for octets in traffic(kind, count):
            f.write(octets)
    out = os.path.join(os.environ["TMP"], "out")
    with open(out, "wb") as f:
        p = subprocess.run([os.environ["SMTPWIRE"], "read", "-f", "jsonl",
                            "--memory", str(MEMORY), "--rcpt", "bob", path],
                           stdout=f, stderr=subprocess.PIPE, check=False)
    with open(out, encoding="utf-8") as f:
        sessions = [json.loads(line) for line in f]
    os.unlink(path)
    return sessions, p.stderr.decode()


def told(name, good, why):
    print(f"ok {name}" if good else f"not ok {name}: {why}")


def check(name, kind, count, given_up):
    sessions, account = run(kind, count)
    told(f"flood-{name}-beside", len(sessions) == 1 and
         sessions[0]["ending"] == "quit" and
         [m["outcome"] for m in sessions[0]["messages"]] == ["accepted"] and
         not [n for n in sessions[0]["notes"] if n["code"] == "limit"],
         sessions or "it is lost")
    told(f"flood-{name}-account", given_up in account, account)


check("syn", syns, 60000, "connections given up for the limit")
check("silent", silent, 20000, "connections released for the limit on memory")
if "asan" in os.environ["O"] or "tsan" in os.environ["O"]:
    print("skip flood-memory: a sanitizer takes more")
    sys.exit()
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
told("flood-memory", peak < MEMORY + BESIDE, f"{peak >> 20} MiB")
