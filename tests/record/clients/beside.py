#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""beside.py - on the mail server's host: what watches, and what it saw

usage: beside.py start | finish SESSIONS

Watches with `smtpwire live` (transcripts, frames), with `smtpwire live
--check` beside Postfix's log, and with tcpdump.  At the end what they told is
compared with what Postfix has delivered, and printed as tests are (tests/run).
"""
import collections
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time

OUT = "/srv/out/"
LOG = "/var/log/mail.log"
LIVE = "/srv/smtpwire live -i eth0 -f jsonl"
WATCHERS = {
    "told": f"{LIVE} -o {OUT}told.jsonl -w {OUT}kept.pcapng --rotate-size 500K "
            f"--account {OUT}account.json",
    "check": f"{LIVE} -o {OUT}check.jsonl --check {LOG} --grace 60",
    "tcpdump": "tcpdump -i eth0 -U -B 32768 -Z root "
               f"--time-stamp-precision=nano -w {OUT}tcpdump.pcap tcp",
}
PATIENCE_S = 300


def report(name, wrong):
    print(f"not ok live-postfix-{name}: {str(wrong)[:300]}" if wrong else
          f"ok live-postfix-{name}", flush=True)


def same(name, expected, actual):
    report(name, "" if expected == actual else
           f"expected {str(expected)[:120]}, not {str(actual)[:120]}")


def wait_for(condition):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def text_of(name):
    try:
        with open(OUT + name, encoding="utf-8", errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def start():
    for name, command in WATCHERS.items():
        # Its status outlives it: who starts it is gone by then.
        subprocess.Popen(
            ["sh", "-c", f"{command} 2>{OUT}{name}.err & "
             f"echo $! >{OUT}{name}.pid; wait $!; "
             f"echo $? >{OUT}{name}.status"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
    for name in WATCHERS:
        if not wait_for(lambda n=name: re.search(
                "capturing on|listening on", text_of(n + ".err"))):
            report(name, "does not begin: " + text_of(name + ".err"))
            return 1
    return 0


def stop(name):
    os.kill(int(text_of(name + ".pid")), signal.SIGINT)
    wait_for(lambda: text_of(name + ".status"))
    return text_of(name + ".status").strip()


def delivered():
    """The digests of what clients sent: behind the fields that Postfix put in
    front, of which Received is the last, with the line ends of mail."""
    digests = []
    for name in glob.glob("/srv/mail/all/new/*"):
        with open(name, "rb") as f:
            lines = f.read().split(b"\n")
        at = next(i for i, s in enumerate(lines)
                  if s.startswith(b"Received:")) + 1
        while lines[at][:1] in (b" ", b"\t"):
            at += 1
        digests.append(hashlib.sha256(b"\r\n".join(lines[at:])).hexdigest())
    return sorted(digests)


def normal_of(*files):
    out = subprocess.run(
        ["/srv/smtpwire", "read", "-q", "-f", "jsonl", "--normal", *files],
        stdout=subprocess.PIPE, check=False).stdout
    return collections.Counter(out.splitlines())


def check_told(count):
    sessions = [json.loads(s) for s in text_of("told.jsonl").splitlines()]
    same("sessions", count, len(sessions))
    found = [m["sha256"] or "" for s in sessions for m in s["messages"]]
    same("messages", count, len(found))
    same("whole", delivered(), sorted(found))
    report("noted", collections.Counter(
        n["code"] for s in sessions for n in s["notes"]
        if n["severity"] != "info"))
    with open(OUT + "account.json", encoding="ascii") as f:
        account = json.load(f)
    same("dropped", 0, account["frames_dropped"])
    told = normal_of(OUT + "told.jsonl")
    report("tcpdump-dropped", not re.search(
        "^0 packets dropped by kernel", text_of("tcpdump.err"), re.M) and
        text_of("tcpdump.err"))
    report("tcpdump", told - normal_of(OUT + "tcpdump.pcap") or
           normal_of(OUT + "tcpdump.pcap") - told)
    kept = sorted(glob.glob(OUT + "kept.pcapng.*")) + [OUT + "kept.pcapng"]
    report("rotated", len(kept) < 2 and kept)
    report("kept", told - normal_of(*kept) or normal_of(*kept) - told)


def check_checked(count):
    lines = [json.loads(s) for s in text_of("check.jsonl").splitlines()]
    report("differences", [s.get("pair", s.get("only")) for s in lines[:-1]])
    same("agrees", [count, count, 0, 0],
         [lines[-1]["summary"][k] for k in (
             "pairs", "agrees", "left_only", "right_only")])


def finish(count):
    wait_for(lambda: text_of("told.jsonl").count("\n") >= count)
    wait_for(lambda: len(glob.glob("/srv/mail/all/new/*")) >= count)
    # For sessions without ports in the log a better mate is waited for.
    time.sleep(5)
    wait_for(lambda: normal_of(OUT + "tcpdump.pcap").total() >= count)
    same("status", ["0"] * 3, [stop(name) for name in WATCHERS])
    check_told(count)
    check_checked(count)


if sys.argv[1] == "start":
    sys.exit(start())
finish(int(sys.argv[2]))
