#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""wire.py - join two interfaces by a wire that loses, repeats and reorders

usage: wire.py INTERFACE INTERFACE SEED

Frames pass both ways; by a random sequence that SEED begins, some are lost,
some come twice, some are overtaken by those behind them.  ARP and neighbour
discovery always pass.  What a sender left to its interface (checksums, the
cutting into segments) is passed on with the frame.
"""
import heapq
import random
import select
import socket
import sys
import time

LOSS, TWICE, LATE = 0.05, 0.03, 0.10
DELAY, OVERTAKEN = 0.002, 0.008		# seconds
SOL_PACKET = 263			# linux/socket.h
OUTGOING, VNET_HDR = 4, 15		# linux/if_packet.h
HEADER = 10				# octets, linux/virtio_net.h


def is_data(frame):
    """Whether FRAME is TCP, over IPv4 or IPv6 without extensions."""
    return (frame[12:14] == b"\x08\x00" and frame[23] == 6 or
            frame[12:14] == b"\x86\xdd" and frame[20] == 6)


def main():
    ends = []
    for name in sys.argv[1:3]:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                            socket.ntohs(3))
        end.setsockopt(SOL_PACKET, VNET_HDR, 1)
        end.bind((name, 0))
        ends.append(end)
    chance = random.Random(int(sys.argv[3]))
    queue, n = [], 0
    while True:
        wait = max(0, queue[0][0] - time.monotonic()) if queue else None
        for end in select.select(ends, [], [], wait)[0]:
            frame, sender = end.recvfrom(1 << 17)
            if sender[2] == OUTGOING:
                continue
            other = ends[1 - ends.index(end)]
            delays = [DELAY]
            if is_data(frame[HEADER:]):
                x = chance.random()
                if x < LOSS:
                    delays = []
                elif x < LOSS + TWICE:
                    delays = [DELAY, DELAY * 2]
                elif x < LOSS + TWICE + LATE:
                    delays = [OVERTAKEN]
            for delay in delays:
                n += 1
                heapq.heappush(queue, (time.monotonic() + delay, n, frame,
                                       other))
        while queue and queue[0][0] <= time.monotonic():
            _, _, frame, other = heapq.heappop(queue)
            other.send(frame)


main()
