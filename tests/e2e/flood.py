#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""flood.py - a session in the middle of a flood of connections

    flood.py [KIND COUNT [MEMORY]]

Each flood is more than --memory allows to keep, and is streamed: it is never
stored.  The session beside it is slower than all: thousands of connections
lie between its frames.  With KIND there is only this one, --memory is MEMORY
(512M), and its figures are printed: `disorder` is of COUNT MiB of octets out
of order, the others of COUNT connections: `syn` of nothing else, `established`
without octets, `silent` with a greeting, `dialogue` that stop behind their
second command.
"""
import json
import os
import re
import resource
import struct
import subprocess
import sys

os.environ.setdefault("TMP", "/tmp")
os.environ.setdefault("O", "build/release")
os.environ.setdefault("SMTPWIRE", os.environ["O"] + "/smtpwire")
MEMORY = 2 << 20
# The same for dialogues, some 1600 of which it holds.
DIALOGUES = 32 << 20
# A log's open sessions, and a quarter for what the allocator adds.
LOG = 320 << 20
# What the program takes without any connection: code, tables, buffers; a
# sanitizer takes several times that.
BESIDE = 24 << 20

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


def established(ts, c):
    return c.send(ts, 0, SYN) + c.send(ts + 1, 1, SYN | ACK) + \
        c.send(ts + 2, 0, ACK)


def silent(ts, c):
    return established(ts, c) + c.send(ts + 3, 1, PUSH | ACK, DIALOGUE[0][1])


def dialogue(ts, c):
    return established(ts, c) + b"".join(
        c.send(ts + 3 + i, who, PUSH | ACK, octets)
        for i, (who, octets) in enumerate(DIALOGUE[:5]))


def disorder(mib):
    """Octets behind a hole that is never filled: a few of each of many
    connections in turn, until each has sent 256 KiB."""
    flows = max(mib * 4, 1)
    octets = b"x" * 1024
    opened = [Connection(struct.pack(">I", 0x0a000000 + i), 1024 + i % 50000)
              for i in range(flows)]
    ts = 1700000000 * 1000000
    for c in opened:
        yield silent(ts, c)
        ts += 10
        c.next[0] += 100
    frames = [bytearray(c.send(ts, 0, PUSH | ACK, octets)) for c in opened]
    for i in range(256):
        for f in frames:
            # time and sequence number of the next one
            struct.pack_into("<II", f, 0, ts // 1000000, ts % 1000000)
            struct.pack_into(">I", f, 16 + 14 + 20 + 4, 1101 + 1024 * i)
            ts += 1
            yield bytes(f)


def with_session(flood, every):
    """The session's frames, one after so many of the flood."""
    yield struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    steps = beside()
    slow = Connection(bytes([192, 0, 2, 10]), 40000)
    ts = 1700000000 * 1000000
    for step in steps[:5]:
        yield slow.send(ts, *step)
    del steps[:5]
    for i, octets in enumerate(flood):
        yield octets
        if i % every == every - 1 and steps:
            sec, usec = struct.unpack_from("<II", octets)
            yield slow.send(sec * 1000000 + usec, *steps.pop(0))


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


def run(traffic_, memory):
    """Sessions of bob's, and the account."""
    out = os.path.join(os.environ["TMP"], "out")
    with open(out, "wb") as f, subprocess.Popen(
            [os.environ["SMTPWIRE"], "read", "-f", "jsonl", "--memory",
             str(memory), "--rcpt", "bob", "-"], stdin=subprocess.PIPE,
            stdout=f, stderr=subprocess.PIPE) as p:
        with p.stdin:
            for octets in traffic_:
                p.stdin.write(octets)
        account = p.stderr.read().decode()
    with open(out, encoding="utf-8") as f:
        return [json.loads(line) for line in f], account


def told(name, good, why):
    print(f"ok {name}" if good else f"not ok {name}: {why}")


def check(name, traffic_, given_up, memory, told_too=0):
    """told_too: connections of the flood that are sessions, too; what comes
    of one that was given up is another."""
    sessions, account = run(traffic_, memory)
    told(f"flood-{name}-beside", len(sessions) == 1 and
         sessions[0]["ending"] == "quit" and
         [m["outcome"] for m in sessions[0]["messages"]] == ["accepted"] and
         not [n for n in sessions[0]["notes"] if n["code"] == "limit"],
         sessions or "it is lost")
    told(f"flood-{name}-account", given_up in account and int(re.search(
        r"(\d+)  sessions\n", account)[1]) > told_too, account)


def colliding(count):
    """SYNs whose addresses and ports add up to the same, and count alike."""
    yield struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for i in range(count):
        c = Connection(struct.pack(">I", 0x0a000000 + i), 60000 - i)
        yield c.send(1700000000 * 1000000 + i, 0, SYN)


def scattered(count):
    """The same number of others."""
    yield struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for i in range(count):
        n = i * 2654435761 & 0xffffffff
        c = Connection(struct.pack(">I", n), 1024 + (n >> 7) % 50000)
        yield c.send(1700000000 * 1000000 + i, 0, SYN)


def cpu(frames):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(frames, "512M")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime


def check_colliding():
    """Their tables are keyed: what an attacker chooses is no slower."""
    count = 50000
    usual = min(cpu(scattered(count)) for _ in range(2))
    chosen = cpu(colliding(count))
    # Others on the machine make it cost more: the least is what it costs.
    for _ in range(5):
        if chosen >= 3 * usual + 0.3:
            chosen = min(chosen, cpu(colliding(count)))
    told("flood-colliding", chosen < 3 * usual + 0.3,
         f"{chosen:.2f} s, others {usual:.2f} s")


def doubtful(reply, count):
    """Replies behind a gap, when very many commands await theirs."""
    yield struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    ts = 1700000000 * 1000000
    c = Connection(b"\x0a\0\0\x01", 40000)
    yield silent(ts, c)
    for _ in range(95):
        yield c.send(ts + 10, 0, PUSH | ACK, b"NOOP\r\n" * 200)
    c.send(ts + 11, 1, PUSH | ACK, b"250 lost\r\n")
    yield c.send(ts + 12, 0, ACK)
    for _ in range(count // 50):
        yield c.send(ts + 13, 1, PUSH | ACK, reply * 50)
        yield c.send(ts + 14, 0, ACK)


def check_doubtful():
    """What such a reply can be to is not looked for in all of them."""
    count = 60000
    usual = cpu(doubtful(b"250 2.0.0 Ok\r\n", count))
    named = b"250 2.0.0 Ok: queued as 4F1C\r\n"
    chosen = min(cpu(doubtful(named, count)) for _ in range(3))
    told("flood-doubtful", chosen < 3 * usual + 0.3,
         f"{chosen:.2f} s, others {usual:.2f} s")


def check_syn(count, memory):
    check("syn", traffic(syns, count), "connections given up for the limit",
          memory)


def check_silent(count, memory):
    check("silent", traffic(silent, count),
          "connections released for the limit on memory", memory, count)


def check_established(count, memory):
    check("established", traffic(established, count),
          "connections released for the limit on memory", memory, count)


def check_dialogue(count, memory):
    """All have said as much as the session: it is only not the idlest."""
    check("dialogue", traffic(dialogue, count),
          "connections released for the limit on memory", memory, count)


def check_disorder(mib, memory):
    """About twelve frames of the session, spread over the flood."""
    every = mib * 4 * 257 // 16
    check("disorder", with_session(disorder(mib), every),
          "connections released for the limit on memory", memory, mib * 4)


def log_rows(sessions, rows, octets):
    """A log whose sessions go on to its end."""
    row = "2023-01-11T00:00:%02d.000Z,MX\\In,%016X,%d,192.0.2.25:25," \
        "192.0.2.10:%d,%s,%s,\r\n"
    yield b"#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n" \
        b"#Log-type: SMTP Receive Protocol Log\r\n#Fields: date-time," \
        b"connector-id,session-id,sequence-number,local-endpoint," \
        b"remote-endpoint,event,data,context\r\n"
    for n in range(rows):
        for i in range(sessions):
            data = "NOOP " + "y" * octets
            yield (row % (n * 60 // rows, i, n, 1024 + i,
                          "<" if n else "+", data if n else "")).encode()


def replies(sessions):
    """Each in the midst of a reply, which has room for twice its octets."""
    for i in range(sessions):
        head = b"Nov 22 04:03:00 mx postfix/smtpd[%d]: " % i
        yield head + b"connect from c[192.0.2.1]\n"
        yield (head + b"> c[192.0.2.1]: 250-" + b"x" * 60000 + b"\n") * 9


def words(sessions):
    """Each of one long line, which is a verb as well."""
    for i in range(sessions):
        head = b"Nov 22 04:03:00 mx postfix/smtpd[%d]: " % i
        yield head + b"connect from c[192.0.2.1]\n" + \
            head + b"< c[192.0.2.1]: " + b"x" * 60000 + b"\n"


def timeless(sessions, lines):
    """All are open before they grow, and no line has a time."""
    for i in range(sessions):
        yield b"%05d >>> 220 mx\n%05d <<< EHLO c\n" % (i, i)
    rows = b"".join(b"%05d <<< x\n" % i for i in range(sessions))
    for _ in range(lines):
        yield rows


def check_log():
    """More than open sessions of a log may take."""
    _, account = run(log_rows(1000, 330, 1500), "512M")
    told("flood-log", "things left out by other limits" in account and
         int(re.search(r"(\d+)  sessions\n", account)[1]) > 1000, account)
    for log in replies(285), words(2400), timeless(1000, 2500):
        _, account = run(log, "512M")
        told(f"flood-log-{log.__name__}",
             "things left out by other limits" in account, account)


KINDS = {"syn": check_syn, "established": check_established,
         "silent": check_silent, "dialogue": check_dialogue,
         "disorder": check_disorder}


def figures(kind, count, memory):
    KINDS[kind](int(count), memory)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{kind} {count}: {used.ru_utime + used.ru_stime:.1f} s of CPU, "
          f"peak {used.ru_maxrss >> 10} MiB")


def check_peak(name, memory):
    if "asan" in os.environ["O"] or "tsan" in os.environ["O"]:
        print(f"skip flood-{name}: a sanitizer takes more")
        return
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    told(f"flood-{name}", peak < memory + BESIDE, f"{peak >> 20} MiB")


def main():
    if len(sys.argv) > 1:
        memory = sys.argv[3] if len(sys.argv) > 3 else "512M"
        figures(sys.argv[1], sys.argv[2], memory)
        return
    check_syn(60000, MEMORY)
    check_established(20000, MEMORY)
    check_silent(20000, MEMORY)
    check_disorder(24, MEMORY)
    check_peak("memory", MEMORY)
    check_dialogue(8000, DIALOGUES)
    check_peak("memory-dialogue", DIALOGUES)
    check_log()
    check_peak("memory-log", LOG)
    # Behind the peaks: it is of all that ran.
    check_colliding()
    check_doubtful()


if __name__ == "__main__":
    main()
