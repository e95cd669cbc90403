# SPDX-License-Identifier: GPL-2.0-or-later
"""dump.py - tcpdump, ended when all that passed before is in its file

Its buffer holds all that a test sends: a busy machine may not let it run
meanwhile.  When it is told to end it drops what it has not written, so that a
datagram is sent behind all else, and waited for in the file: a filter must let
UDP to PORT pass.
"""
import os
import signal
import socket
import subprocess
import time

PORT = 9
MARK = b'behind all that was to be captured'
PATIENCE_S = 120


class Dump:
    """address: of a host to which the way is over the interface."""

    def __init__(self, file, interface, address, *options):
        self.file, self.address = file, address
        # pylint: disable=consider-using-with  # stop() ends it
        self.process = subprocess.Popen(
            ['tcpdump', '-U', '-B', '32768', '-Z', 'root', '-i', interface,
             '-w', file, *options], stderr=subprocess.PIPE)
        while b'listening on' not in (line := self.process.stderr.readline()):
            if not line:
                raise OSError('tcpdump does not run')

    def is_marked(self):
        with open(self.file, 'rb') as f:
            f.seek(max(0, os.path.getsize(self.file) - (1 << 20)))
            return MARK in f.read()

    def stop(self):
        """What is wrong, empty if nothing is."""
        until = time.monotonic() + PATIENCE_S
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            while not self.is_marked() and time.monotonic() < until:
                s.sendto(MARK, (self.address, PORT))
                time.sleep(0.1)
        self.process.send_signal(signal.SIGINT)
        told = self.process.communicate()[1].decode()
        return '' if '\n0 packets dropped by kernel' in told else told
