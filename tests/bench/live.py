#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""live.py - what `smtpwire live` and tcpdump lose of one traffic

live.py SMTPWIRE SEND CAPTURE FOLDER

In a network namespace of its own (root) the frames of CAPTURE go through a
pair of virtual interfaces as fast as SEND can, while smtpwire and `tcpdump -w`
both watch the other end, with buffers of the same size.  Fails if smtpwire
lost more frames than tcpdump.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

BUFFER_MB = 32


def ip(command):
    subprocess.run(["ip", *command.split()], check=True)


def make_link():
    ip("link add va type veth peer name vb")
    for name in ("va", "vb"):
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w",
                  encoding="ascii") as f:
            f.write("1")
        ip(f"link set {name} mtu 65535")
        ip(f"link set {name} up")


def wait_for(name, text):
    for _ in range(500):
        with open(name, encoding="utf-8", errors="replace") as f:
            if text in f.read():
                return
        time.sleep(0.02)
    sys.exit(f"live: {name}: no '{text}'")


def start(folder, name, command):
    path = os.path.join(folder, name + ".err")
    with open(path, "wb") as err:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                stderr=err), path


def end(process):
    process.send_signal(signal.SIGINT)
    process.wait()


def main():
    program, send, capture, folder = map(os.path.abspath, sys.argv[1:])
    make_link()
    account = os.path.join(folder, "live-account.json")
    kept = os.path.join(folder, "live-tcpdump.pcap")
    ours, told = start(folder, "live", [
        program, "live", "-i", "va", "-f", "jsonl", "--user", "root",
        "--buffer", f"{BUFFER_MB}M", "--account", account])
    theirs, said = start(folder, "live-tcpdump", [
        "tcpdump", "-Z", "root", "-i", "va", "-B", str(BUFFER_MB << 10),
        "-w", kept, "tcp"])
    wait_for(told, "capturing on")
    wait_for(said, "listening on")
    sent, seconds = subprocess.run(
        [send, "vb", capture], stdout=subprocess.PIPE, check=True,
        text=True).stdout.split()
    time.sleep(3)
    end(ours)
    end(theirs)
    with open(account, encoding="utf-8") as f:
        a = json.load(f)
    with open(said, encoding="utf-8") as f:
        dropped = int(re.search(r"(\d+) packets? dropped by kernel",
                                f.read()).group(1))
    os.remove(kept)
    lost = a["frames_dropped"]
    size = os.path.getsize(capture)
    print(f"live: {sent} frames, {size >> 20} MB in {seconds} s: "
          f"{int(sent) / float(seconds):.0f} frames/s, "
          f"{size * 8 / float(seconds) / 1e9:.2f} Gbit/s")
    print(f"live: dropped: smtpwire {lost}, tcpdump -w {dropped}; "
          f"{a['sessions']} sessions told")
    return 1 if lost > dropped else 0


if __name__ == "__main__":
    for needed in ("ip", "tcpdump", "unshare"):
        if not shutil.which(needed):
            print(f"skip live: {needed} is not installed")
            sys.exit(0)
    sys.exit(main())
