#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""keep.py - take recordings over into pcaps/

usage: keep.py SCRATCH/out [NAME ...]

Copies what record.sh left (NAME: these scenes only), refuses it if a log
names a path of the machine that recorded it, and brings the table in
pcaps/README.md and pcaps/SHA256SUMS up to date.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys

PCAPS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "..", "..", "pcaps")
ENDINGS = (".pcap", ".server.log", ".mail.log", ".client.log", ".keylog")
# A scene with a folder of its own, and the names of its files there.
FOLDERS = {"investigation": {
    ".pcap": "mx.pcap", ".client.pcap": "client.pcap",
    ".server.log": "mx.log", ".client.log": "client.log"}}
# Folders that are not the system's, and the machine's name.
OURS = re.compile("|".join(
    ["/" + re.escape(d) + "/" for d in sorted(os.listdir("/")) + ["tmp"]
     if not re.match("(bin|boot|dev|etc|lib.*|proc|run|sbin|srv|sys|usr|var)$",
                     d)] + [re.escape(os.uname().nodename) + r"\."]).encode())


def tshark(path, *more):
    run = subprocess.run(["tshark", "-r", path, *more], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return run.stdout.decode().splitlines()


def counts(path):
    frames = len(tshark(path))
    streams = set(tshark(path, "-Y", "tcp", "-T", "fields", "-e",
                         "tcp.stream"))
    return frames, len(streams)


def row(out, name):
    with open(os.path.join(out, name + ".about")) as f:
        server, client, shows = f.read().rstrip("\n").split("\t")
    path = os.path.join(out, name + ".pcap")
    frames, sessions = counts(path)
    beside = [e[1:] for e in ENDINGS[1:]
              if os.path.exists(os.path.join(out, name + e))]
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()[:16]
    return "| %s | %s | %s | %s | %s | %d | %d | %s |" % (
        name + ".pcap", shows, server, client, " ".join(beside), frames,
        sessions, digest)


def targets(name):
    """Ending in the scratch folder, and path in pcaps/."""
    if name in FOLDERS:
        return [(ending, os.path.join(name, n))
                for ending, n in FOLDERS[name].items()]
    return [(ending, name + ending) for ending in ENDINGS]


def take(out, name):
    for ending, kept in targets(name):
        source = os.path.join(out, name + ending)
        target = os.path.join(PCAPS, kept)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.exists(target):
            os.unlink(target)
        if not os.path.exists(source):
            continue
        with open(source, "rb") as f:
            found = OURS.search(f.read())
        if found:
            sys.exit("%s names %r" % (source, found[0]))
        shutil.copyfile(source, target)


def table(rows):
    """Put ROWS, a dictionary, in place of those of the same name."""
    path = os.path.join(PCAPS, "README.md")
    with open(path) as f:
        head, rule, rest = f.read().partition("|---|---|---|---|---|---|---|---|\n")
    old = {line.split()[1][:-5]: line for line in rest.splitlines()
           if line.startswith("| ")}
    tail = [line for line in rest.splitlines() if not line.startswith("| ")]
    old.update(rows)
    lines = [old[name] for name in sorted(old)] + tail
    with open(path, "w") as f:
        f.write(head + rule + "\n".join(lines) + "\n")


def sums():
    with open(os.path.join(PCAPS, "SHA256SUMS"), "w") as f:
        names = [n for n in os.listdir(PCAPS) if n.endswith(ENDINGS)]
        names += [os.path.join(folder, n) for folder in FOLDERS
                  for n in FOLDERS[folder].values()]
        for name in sorted(names):
            with open(os.path.join(PCAPS, name), "rb") as g:
                digest = hashlib.sha256(g.read()).hexdigest()
            f.write("%s  %s\n" % (digest, name))


def main():
    out = sys.argv[1]
    names = sys.argv[2:] or sorted(n[:-6] for n in os.listdir(out)
                                   if n.endswith(".about"))
    rows = {name: row(out, name) for name in names if name not in FOLDERS}
    for name in names:
        take(out, name)
    table(rows)
    sums()


main()
