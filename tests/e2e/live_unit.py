#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""live_unit.py - the command of the systemd unit, without systemd

As another user, with the unit's capabilities, under the filter that this
system's systemd makes of SystemCallFilter=: a call that it lacks ends the
process.  Run by live_unit.sh, in a network namespace of its own.
"""
import glob
import os
import pwd
import re
import shutil
import signal
import smtplib
import subprocess
import tempfile

import live
from live import PATIENCE_S, same, wait_for

UNIT = "src/cli/smtpwire@.service.in"
# Of seccomp(2) and its filters.
LOAD_NUMBER, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL = 0x7fff0000, 0x80000000


def settings(name):
    """The values of a setting of the unit, in their order."""
    with open(UNIT, encoding="ascii") as f:
        return re.findall(rf"^{name}=(.*)$", f.read(), re.M)


# --- the filter --------------------------------------------------------------

def groups():
    """What systemd's groups of calls hold: calls, and other groups."""
    out = subprocess.run(
        ["systemd-analyze", "syscall-filter"], check=True, text=True,
        stdout=subprocess.PIPE, env=dict(os.environ, SYSTEMD_COLORS="0"))
    found, group = {}, None
    for line in out.stdout.splitlines():
        name = line.strip()
        if line.startswith(("@", "#")):
            group = found.setdefault(name, set())
        elif name and not name.startswith("#"):
            group.add(name)
    return found


def expand(name, known):
    if not name.startswith("@"):
        return {name}
    return set().union(*(expand(n, known) for n in known[name]))


def allowed():
    """The names of calls, as systemd.exec(5) says."""
    known = groups()
    calls = expand("@default", known)
    for value in settings("SystemCallFilter"):
        named = set().union(*(expand(n, known)
                              for n in value.lstrip("~").split()))
        calls = calls - named if value.startswith("~") else calls | named
    return calls


def numbers(calls):
    """As this system has them; those it has not are left out."""
    source = "#include <asm/unistd.h>\n" + "".join(
        f'"{name}" __NR_{name}\n' for name in sorted(calls))
    out = subprocess.run([os.environ["CC"], "-E", "-P", "-"], input=source,
                         stdout=subprocess.PIPE, check=True, text=True)
    return {int(n) for n in re.findall(r'^"\w+" (\d+)$', out.stdout, re.M)}


def steps_of(calls):
    steps = [(LOAD_NUMBER, 0, 0, 0)]
    for number in sorted(calls):
        steps += [(IF_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    return (*steps, (RETURN, 0, 0, KILL))


# --- the service -------------------------------------------------------------

class Service:
    """What ExecStart= starts, in a folder of its own."""

    def __init__(self, steps, folder, options):
        self.state = os.path.join(folder, "state")
        program = os.path.join(folder, "smtpwire")
        os.chmod(folder, 0o755)
        os.mkdir(self.state, 0o755)
        shutil.copy(live.SMTPWIRE, program)
        user = pwd.getpwnam("nobody")
        os.chown(self.state, user.pw_uid, user.pw_gid)
        command = settings("ExecStart")[0].replace("%I", "lo").replace(
            "@BINDIR@/smtpwire", program).replace("$SMTPWIRE_OPTIONS",
                                                  options)
        with open(self.path("err"), "wb") as err:
            self.process = subprocess.Popen(
                self.within(user) + command.split(), stderr=err,
                cwd=self.state, preexec_fn=lambda: live.filter_calls(steps))
        wait_for(lambda: "capturing on" in self.err() or
                 self.process.poll() is not None)

    @staticmethod
    def within(user):
        ambient, bound = ("-all" + "".join(
            ",+" + c[len("CAP_"):].lower() for c in settings(name)[0].split())
            for name in ("AmbientCapabilities", "CapabilityBoundingSet"))
        return ["setpriv", "--reuid", str(user.pw_uid), "--regid",
                str(user.pw_gid), "--clear-groups", "--no-new-privs",
                "--bounding-set", bound, "--inh-caps", ambient,
                "--ambient-caps", ambient]

    def path(self, name):
        return os.path.join(self.state, name)

    def err(self):
        with open(self.path("err"), encoding="utf-8") as f:
            return f.read()

    def lines(self):
        if not os.path.exists(self.path("lo.jsonl")):
            return 0
        with open(self.path("lo.jsonl"), "rb") as f:
            return f.read().count(b"\n")

    def tell(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self):
        self.tell(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()


def send():
    with smtplib.SMTP("127.0.0.1", 25, timeout=PATIENCE_S) as client:
        client.sendmail("a@example.org", ["b@example.org"],
                        "Subject: =?koi8-r?B?xME=?=\r\n\r\ntext\r\n")


def test_service(name, steps, options=""):
    """Sessions, a file that is opened anew, the account."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        service = Service(steps, folder, options)
        if service.process.poll() is None:
            send()
            wait_for(lambda: service.lines() == 1)
            os.rename(service.path("lo.jsonl"), service.path("old"))
            service.tell(signal.SIGHUP)
            wait_for(lambda: os.path.exists(service.path("lo.jsonl")))
            send()
            wait_for(lambda: service.lines() == 1)
            service.tell(signal.SIGUSR1)
            wait_for(lambda: "account:" in service.err())
        same(name, 0, service.stop())
        same(name + "-sessions", 1, service.lines())
        if "--eml mails" in options:
            same(name + "-mails", 2, len(glob.glob(
                service.path("mails/*.eml"))))


def main():
    live.ip("link set lo up")
    server = live.Server()
    server.start()
    server.ready.wait(PATIENCE_S)
    steps = steps_of(numbers(allowed()))
    test_service("unit", steps)
    test_service("unit-files", steps,
                 "--eml mails --mbox all.mbox -w frames.pcapng")


if __name__ == "__main__":
    main()
