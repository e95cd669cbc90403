#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""firewall.py - join two interfaces by a firewall that forgets

usage: firewall.py INTERFACE INTERFACE SECONDS

As many a firewall does, it keeps a table of the connections that it saw
begin, drops an entry when nothing was sent for some time, and drops without a
word what belongs to no entry.
"""
import select
import socket
import sys
import time

OUTGOING = 4				# linux/if_packet.h
SYN = 2


def connection(frame):
    """What names the connection of a TCP frame, and its flags; None: no TCP
    over IPv4 without options."""
    if frame[12:14] != b"\x08\x00" or frame[14] != 0x45 or frame[23] != 6:
        return None
    one = frame[26:30] + frame[34:36]
    two = frame[30:34] + frame[36:38]
    return min(one, two) + max(one, two), frame[47]


def passes(table, frame, idle):
    found = connection(frame)
    if not found:
        return True
    name, flags = found
    now = time.monotonic()
    known = now - table.get(name, -idle - 1) <= idle
    if not known and not flags & SYN:
        table.pop(name, None)
        return False
    table[name] = now
    return True


def main():
    ends = []
    for name in sys.argv[1:3]:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                            socket.ntohs(3))
        end.bind((name, 0))
        ends.append(end)
    table = {}
    while True:
        for end in select.select(ends, [], [])[0]:
            frame, sender = end.recvfrom(65536)
            if sender[2] != OUTGOING and \
                    passes(table, frame, float(sys.argv[3])):
                ends[1 - ends.index(end)].send(frame)


main()
