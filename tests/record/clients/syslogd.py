#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""syslogd.py - what comes to /dev/log into a file, as rsyslog writes it

usage: syslogd.py FILE
"""
import os
import re
import socket
import sys


def main():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    host = os.uname().nodename.split(".")[0].encode()
    with open(sys.argv[1], "ab", buffering=0) as out:
        while True:
            line = sock.recv(65536).rstrip(b"\0\n")
            line = re.sub(rb"^<\d+>", b"", line)
            out.write(line[:15] + b" " + host + line[15:] + b"\n")


main()
