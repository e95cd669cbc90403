#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""live.py - sessions between two network namespaces, watched as they pass

Run by live.sh, in a namespace of its own that holds the server; a second one
holds the clients.
"""
import asyncio
import base64
import concurrent.futures
import ctypes
import glob
import hashlib
import json
import mailbox
import os
import pwd
import random
import re
import shutil
import signal
import smtplib
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position  # found by sys.path
import schemas
from dump import Dump

SMTPWIRE = os.environ.get("SMTPWIRE", "")
TMP = os.environ.get("TMP", "")
SERVER, SERVER6 = "192.0.2.1", "2001:db8::1"
CLIENT, SERVER_MAC = "192.0.2.2", "02:00:00:00:00:01"
# A build with sanitizers takes its time, and so does a busy machine.
PATIENCE_S = 120


def report(name, wrong):
    """wrong: what is wrong, empty if nothing is."""
    print(f"not ok live-{name}: {str(wrong)[:300]}" if wrong
          else f"ok live-{name}", flush=True)


def fits(name, schema, values):
    wrong = schemas.fits(f"smtpwire-{schema}.schema.json", values)
    if wrong is None:
        print(f"skip {name}: python3-jsonschema is not installed")
    else:
        report(name, wrong)


def same(name, expected, actual):
    report(name, "" if expected == actual else
           f"expected {str(expected)[:120]}, not {str(actual)[:120]}")


def same_told(name, expected, actual):
    """Lists of transcripts: told is where the first two that are not in both
    part."""
    odd = sorted(set(expected) ^ set(actual))
    at = max(len(os.path.commonprefix(odd[:2])) - 60, 0)
    parts = [o[at:at + 200].decode("utf-8", "replace") for o in odd[:2]]
    report(name, odd and f"{len(odd)} differ: {parts}" or
           len(expected) - len(actual))


def path(name):
    return os.path.join(TMP, name)


def read_lines(name):
    """Those that are whole: who writes may be in the middle of one."""
    with open(path(name), "rb") as f:
        return [s.decode() for s in f.read().split(b"\n")[:-1]]


def wait_for(condition):
    """Until it holds; false: it never did."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


# --- a server ----------------------------------------------------------------

class Server(threading.Thread):
    """Takes all mail, and keeps the digest of what it was sent."""

    def __init__(self):
        super().__init__(daemon=True)
        self.digests = []
        self.ready = threading.Event()

    def run(self):
        asyncio.run(self.listen())

    async def listen(self):
        server = await asyncio.start_server(
            self.serve, None, 25, limit=1 << 20, backlog=1000)
        self.ready.set()
        async with server:
            await server.serve_forever()

    async def content(self, reader):
        digest = hashlib.sha256()
        while (line := await reader.readline()) not in (b".\r\n", b""):
            digest.update(line[1:] if line[:1] == b"." else line)
        self.digests.append(digest.hexdigest())
        return "250 2.0.0 Ok: queued"

    async def serve(self, reader, writer):
        def say(text):
            writer.write(text.encode() + b"\r\n")

        say("220 mx.example.org ESMTP")
        try:
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    say("354 go ahead")
                    say(await self.content(reader))
                elif verb == b"EHLO":
                    say("250-mx.example.org")
                    say("250 SIZE")
                elif verb == b"QUIT":
                    say("221 2.0.0 Bye")
                    # The client closes first: of two that close at once each
                    # who captures may see another first.
                    await reader.read()
                    break
                elif verb == b"RCPT" and b"unknown" in line:
                    say("550 5.1.1 no such user")
                else:
                    say("250 2.1.0 Ok")
        except ConnectionError:
            pass
        finally:
            writer.close()


# --- clients -----------------------------------------------------------------

SUBJECTS = (("koi8-r", "\u0434\u0430"), ("iso-2022-jp", "\u306f\u3044"),
            ("gb2312", "\u662f"), ("windows-1252", "\u20ac"),
            ("iso-8859-2", "\u010d"), ("euc-kr", "\ub124"))


def make_content(rand, number, lines):
    charset, word = SUBJECTS[number % len(SUBJECTS)]
    word = base64.b64encode(word.encode(charset)).decode()
    text = [f"Subject: {number} =?{charset}?B?{word}?=", ""]
    for i in range(rand.randrange(lines)):
        text.append("." * (i % 9 == 0) + f"{i} " + "x" * rand.randrange(90))
    return "\r\n".join(text) + "\r\n"


def send(number, lines):
    """One session of one message."""
    rand = random.Random(number)
    with smtplib.SMTP(SERVER6 if number % 3 == 0 else SERVER, 25,
                      timeout=PATIENCE_S) as client:
        client.sendmail(f"a{number}@example.org", ["b@example.org"],
                        make_content(rand, number, lines))


def clients(first, count, at_once, lines):
    """Run in the clients' namespace."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda number: send(number, lines),
                      range(first, first + count)))


def new_namespace():
    """A process that holds a network namespace."""
    holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
    own = os.readlink("/proc/self/ns/net")
    theirs = f"/proc/{holder.pid}/ns/net"
    wait_for(lambda: os.readlink(theirs) != own)
    return holder


def end(process):
    process.kill()
    process.wait()


class Peer:
    """The namespace of the clients, behind a pair of virtual interfaces."""

    def __init__(self):
        self.holder = new_namespace()
        self.first = 0
        ip("link set lo up")
        self.link()

    def link(self):
        ip("link add va type veth peer name vb")
        ip(f"link set vb netns {self.holder.pid}")
        self.address()

    def link_by(self, wire):
        """By two other interfaces, in the namespace of that process."""
        ip(f"link add va type veth peer name wa netns {wire.pid}")
        ip(f"link add vb netns {self.holder.pid} type veth peer name wb "
           f"netns {wire.pid}")
        self.address()

    def address(self):
        ip(f"link set va address {SERVER_MAC}")
        ip(f"addr add {SERVER}/24 dev va")
        ip(f"addr add {SERVER6}/64 dev va nodad")
        ip("link set va up")
        for command in ("link set lo up", f"addr add {CLIENT}/24 dev vb",
                        "addr add 2001:db8::2/64 dev vb nodad",
                        "link set vb up"):
            ip(command, self.within())
        # Who begins while the link is down is not told that nobody is there.
        for address in (SERVER, SERVER6):
            ip(f"neigh replace {address} lladdr {SERVER_MAC} dev vb "
               "nud permanent", self.within())

    def within(self):
        return ["nsenter", "-t", str(self.holder.pid), "-n"]

    def start(self, count, at_once=20, lines=200):
        command = self.within() + [
            sys.executable, __file__, "clients", str(self.first),
            str(count), str(at_once), str(lines)]
        self.first += count
        return subprocess.Popen(command)

    def talk(self):
        """A session that is open, until its standard input is closed."""
        process = subprocess.Popen(
            self.within() + [sys.executable, __file__, "talk"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        return process

    def send(self, *args):
        return self.start(*args).wait()

    def end(self):
        end(self.holder)


class BadWire:
    """A third namespace, whose program passes frames on: some are lost, late,
    out of order, or come twice."""

    def __init__(self, peer):
        self.holder = new_namespace()
        within = ["nsenter", "-t", str(self.holder.pid), "-n"]
        ip("link del va")
        peer.link_by(self.holder)
        for name in ("wa", "wb"):
            ip(f"link set {name} up", within)
        self.program = subprocess.Popen(
            [*within, sys.executable, "tests/record/lib/wire.py", "wa", "wb",
             "7"])

    def end(self, peer):
        end(self.program)
        ip("link del va")
        ip("link del vb", peer.within())
        end(self.holder)
        peer.link()


def ip(command, within=()):
    subprocess.run([*within, "ip", *command.split()], check=True)


# --- what watches ------------------------------------------------------------

class Watch:
    """A run of `smtpwire live`."""

    def __init__(self, name, *options, interface="va", user="root",
                 prepare=None, env=None):
        self.name = name
        # The folder of the tests may be out of the reach of others.
        options = (*options, "--user", user) if user else options
        with open(path(name + ".out"), "wb") as out, \
                open(path(name + ".err"), "wb") as err:
            self.process = subprocess.Popen(
                [SMTPWIRE, "live", "-i", interface, *options], stdout=out,
                stderr=err, preexec_fn=prepare,
                env=dict(os.environ, **(env or {})))
        if not wait_for(lambda: "capturing on" in self.err() or
                        self.process.poll() is not None):
            report(name, "does not begin")

    def err(self):
        with open(path(self.name + ".err"), encoding="utf-8",
                  errors="replace") as f:
            return f.read()

    def tell(self, number):
        self.process.send_signal(number)

    def wait(self):
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "no end"

    def stop(self, number=signal.SIGINT):
        self.tell(number)
        return self.wait()


def tcpdump():
    """A second opinion."""
    return Dump(path("tcpdump.pcap"), "va", CLIENT,
                "--time-stamp-precision=nano")


def sessions_of(name):
    return [json.loads(line) for line in read_lines(name)]


def normal_of(*files):
    out = subprocess.run(
        [SMTPWIRE, "read", "-q", "-f", "jsonl", "--normal", *files],
        stdout=subprocess.PIPE, check=False).stdout
    return sorted(out.splitlines())


def digests_of(sessions):
    return sorted(m["sha256"] or "" for s in sessions for m in s["messages"])


# --- tests -------------------------------------------------------------------

def test_whole(peer, server):
    """Every message is whole; the same as tcpdump saw; nothing dropped."""
    del server.digests[:]
    watch = Watch("whole", "-f", "jsonl", "--eml", path("mails"))
    every = Watch("every", "-f", "jsonl", interface="any")
    dump = tcpdump()
    same("clients", 0, peer.send(400))
    same("large", 0, peer.send(8, 2, 60000))
    report("tcpdump-whole", dump.stop())
    wait_for(lambda: len(read_lines("whole.out")) == 408)
    watch.tell(signal.SIGUSR1)
    report("usr1", "" if wait_for(lambda: "account:" in watch.err())
           else watch.err())
    same("whole-status", [0, 0], [watch.stop(), every.stop(signal.SIGTERM)])
    sessions = sessions_of("whole.out")
    same("whole-messages", sorted(server.digests), digests_of(sessions))
    same("whole-accounts", 2, watch.err().count("account:"))
    report("no-drops", "dropped" in watch.err() and watch.err())
    report("no-drops-any", "dropped" in every.err() and every.err())
    expected = normal_of(dump.file)
    same("tcpdump-sessions", 408, len(expected))
    same_told("any", expected, normal_of(path("every.out")))
    check_mails(sessions, server.digests)
    for s in sessions:
        for m in s["messages"]:
            m["file"] = None
    with open(path("plain.jsonl"), "w", encoding="utf-8") as f:
        for s in sessions:
            f.write(json.dumps(s) + "\n")
    same_told("tcpdump", expected, normal_of(path("plain.jsonl")))


def check_mails(sessions, digests):
    found = []
    for s in sessions:
        for m in s["messages"]:
            with open(m["file"], "rb") as f:
                found.append(hashlib.sha256(f.read()).hexdigest())
    same("mails", sorted(digests), sorted(found))


def test_follow(peer):
    watch = Watch("follow", "--follow", "--no-times")
    objects = Watch("objects", "--follow", "-f", "jsonl")
    peer.send(6, 3, 20)
    wait_for(lambda: sum("over: " in s for s in
                         read_lines("follow.out")) == 6)
    same("follow-status", [0, 0], [watch.stop(), objects.stop()])
    for number in range(1, 7):
        lines = [s.split("]", 1)[1].split(None, 1)
                 for s in read_lines("follow.out")
                 if s.startswith(f"[{number}] ")]
        report("follow-order", [mark for mark, _ in lines][:3] !=
               ["*", "*", "S"] and lines)
        report("follow-last", lines[-1][1] !=
               "over: quit, 1 message, accepted" and lines[-1])
        report("follow-all", len(lines) != 18 and lines)
    told = sessions_of("objects.out")
    fits("follow-schema", "live", told)
    ended = {o["session"]: o["ended"] for o in told if "ended" in o}
    same("follow-ended", 6, len(ended))
    for number, session in ended.items():
        same("follow-events", session["events"],
             [o["event"] for o in told
              if o["session"] == number and "event" in o])


def test_reopen(peer):
    """As logrotate does: rename, SIGHUP."""
    name = path("growing.jsonl")
    with open(name, "w", encoding="utf-8") as f:
        f.write("kept\n")
    watch = Watch("reopen", "-f", "jsonl", "-o", name)
    peer.send(3, 1, 20)
    wait_for(lambda: len(read_lines("growing.jsonl")) == 4)
    same("appended", "kept", read_lines("growing.jsonl")[0])
    os.rename(name, name + ".1")
    watch.tell(signal.SIGHUP)
    same("reopened", True, wait_for(lambda: os.path.exists(name)))
    peer.send(2, 1, 20)
    wait_for(lambda: len(read_lines("growing.jsonl")) == 2)
    same("reopen-status", 0, watch.stop())
    same("reopen-before", 4, len(read_lines("growing.jsonl.1")))
    same("reopen-behind", 2, len(read_lines("growing.jsonl")))


def test_mailbox(peer, server):
    """One mailbox that grows, with what a run before left, and one that
    logrotate makes anew for all to read."""
    del server.digests[:]
    name = path("growing.mbox")
    with open(name, "w", encoding="utf-8") as f:
        f.write("From x Thu Jan  1 00:00:00 1970\nSubject: cut off")
    watch = Watch("mailbox", "-f", "jsonl", "--mbox", name)
    peer.send(30, 10, 400)
    wait_for(lambda: len(read_lines("mailbox.out")) == 30)
    os.rename(name, name + ".1")
    with open(name, "w", encoding="utf-8"):
        os.chmod(name, 0o644)
    watch.tell(signal.SIGHUP)
    same("mailbox-reopened", True, wait_for(
        lambda: os.stat(name).st_mode & 0o777 == 0o600))
    peer.send(5, 1, 20)
    wait_for(lambda: len(read_lines("mailbox.out")) == 35)
    same("mailbox-status", 0, watch.stop())
    boxes = [mailbox.mbox(n, create=False) for n in (name + ".1", name)]
    same("mailbox-count", [31, 5], [len(box) for box in boxes])
    found = [hashlib.sha256(box.get_bytes(key)).hexdigest()
             for box in boxes for key in box.keys()]
    same("mailbox", sorted(server.digests), sorted(found[1:]))
    same("mailbox-mode", 0o600, os.stat(name).st_mode & 0o777)


def test_drops(peer):
    """The buffer runs over while a session is open."""
    watch = Watch("drops", "-f", "jsonl", "--buffer", "2M")
    talk_process = peer.talk()
    watch.tell(signal.SIGSTOP)
    peer.send(10, 4, 60000)
    watch.tell(signal.SIGCONT)
    report("drops-told", "" if wait_for(
        lambda: "the kernel dropped" in watch.err()) else watch.err())
    # What is told was taken: there is room for the rest.
    talk_process.communicate(b"end")
    wait_for(lambda: any('"HELO"' in s for s in read_lines("drops.out")))
    same("drops-status", 0, watch.stop())
    open_then = [s for s in sessions_of("drops.out")
                 if any(e.get("verb") == "HELO" for e in s["events"])]
    same("drops-noted", [True], [
        any(n["code"] == "frames-dropped" for n in s["notes"])
        for s in open_then])
    report("drops-counted", "frames dropped by the capturing side" not in
           watch.err() and watch.err())


def talk():
    """A session that goes on until standard input ends."""
    with smtplib.SMTP(SERVER, 25, timeout=PATIENCE_S) as client:
        client.helo("open.example.org")
        print("open", flush=True)
        sys.stdin.read()


def test_options(peer):
    counted = Watch("count", "-c", "20", "-f", "jsonl")
    filtered = Watch("filter", "--filter", "ip6", "-f", "jsonl")
    ports = Watch("ports", "--ports", "2525", "-f", "jsonl")
    everywhere = Watch("anyport", "--ports", "2525", "--any-port", "-f",
                       "jsonl")
    killed = Watch("killed", "-f", "jsonl", "-o", path("killed.jsonl"))
    peer.send(6, 1, 20)
    same("count-status", 0, counted.wait())
    report("count", " 20  frames read" not in counted.err() and
           counted.err())
    wait_for(lambda: len(read_lines("killed.jsonl")) == 6)
    killed.stop(signal.SIGKILL)
    same("killed", 6, len(normal_of(path("killed.jsonl"))))
    same("options-status", [0, 0, 0],
         [filtered.stop(), ports.stop(), everywhere.stop()])
    same("filter", 2, len(read_lines("filter.out")))
    same("ports", 0, len(read_lines("ports.out")))
    same("any-port", 6, len(read_lines("anyport.out")))
    for name, options in (("bad-filter", ["--filter", "tcp port"]),
                          ("huge-buffer", ["--buffer", "4G"])):
        same(name, 2, Watch(name, *options).wait())
    same("no-interface", 3, Watch("none", interface="va9").wait())
    report("no-interface-told", "no such interface" not in
           Watch("none", interface="va9").err() and "not told")


def test_rights():
    p = subprocess.run(
        ["setpriv", "--inh-caps", "-net_raw,-net_admin", "--bounding-set",
         "-net_raw,-net_admin", SMTPWIRE, "live", "-i", "va"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        check=False)
    same("denied", 3, p.returncode)
    for text in ("CAP_NET_RAW is missing", "CAP_NET_ADMIN is missing",
                 "setcap cap_net_raw,cap_net_admin=ep "):
        report("denied-told", text not in p.stderr and p.stderr)


def test_container(peer):
    """Root that may capture, and become nobody else."""
    within = ["setpriv", "--bounding-set", "-all,+net_raw,+net_admin",
              "--inh-caps", "-all", SMTPWIRE, "live", "-i", "va", "-c", "1"]
    p = subprocess.run(within, stderr=subprocess.PIPE, check=False,
                       stdout=subprocess.DEVNULL, text=True)
    same("container", 2, p.returncode)
    for text in ('user "nobody"', "CAP_SETGID and CAP_SETUID are missing",
                 "--user root"):
        report("container-told", text not in p.stderr and p.stderr)
    with subprocess.Popen([*within, "--user", "root"],
                          stderr=subprocess.PIPE) as kept:
        kept.stderr.readline()
        peer.send(1, 1, 20)
        kept.communicate()
    same("container-root", 0, kept.returncode)


def status_of(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
        return {name: value.strip() for name, _, value in
                (line.partition(":") for line in f)}


def test_user(peer):
    """What may be done without rights, and what not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        mails = os.path.join(folder, "mails")
        name = os.path.join(folder, "sessions.jsonl")
        options = ("-f", "jsonl", "-o", name, "--eml", mails, "--account",
                   os.path.join(folder, "account"))
        os.chmod(folder, 0o755)
        refused = Watch("refused", *options, user=None)
        same("refused", 4, refused.wait())
        for text in (f"{name}: cannot write: Permission denied",
                     "chown nobody FOLDER", "--user"):
            report("refused-told", text not in refused.err() and
                   refused.err())
        same("no-user", 2, Watch("no-user", user="no-such-user").wait())
        shutil.chown(folder, "nobody")
        watch = Watch("user", *options, user=None)
        status = status_of(watch.process)
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        same("user-is", {nobody}, set(status["Uid"].split()))
        same("capabilities", {"0" * 16}, {
            status["Cap" + s] for s in ("Inh", "Prm", "Eff", "Bnd", "Amb")})
        if os.environ.get("O", "").endswith("release"):
            same("seccomp", ("1", "2"),
                 (status["NoNewPrivs"], status["Seccomp"]))
        peer.send(3, 1, 20)
        wait_for(lambda: os.path.exists(name) and
                 len(read_lines(name)) == 3)
        os.rename(name, name + ".1")
        watch.tell(signal.SIGHUP)
        same("user-reopens", True,
             wait_for(lambda: os.path.exists(name)))
        peer.send(2, 1, 20)
        wait_for(lambda: len(read_lines(name)) == 2)
        same("user-status", 0, watch.stop())
        same("user-sessions", [3, 2],
             [len(read_lines(n)) for n in (name + ".1", name)])
        same("user-mails", 5, len(os.listdir(mails)))
        with open(os.path.join(folder, "account"), encoding="ascii") as f:
            account = json.load(f)
        same("user-account", 5, account["sessions"])
        fits("user-account-schema", "account", [account])


def test_granted(peer):
    """Who is not root and has been granted what it takes, as by systemd."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        program = os.path.join(folder, "smtpwire")
        shutil.copy(SMTPWIRE, program)
        os.chmod(folder, 0o755)
        out = subprocess.Popen(
            ["setpriv", "--reuid", "nobody", "--regid", "nogroup",
             "--clear-groups", "--inh-caps", "+net_raw,+net_admin",
             "--ambient-caps", "+net_raw,+net_admin", program, "live", "-i",
             "va", "-f", "jsonl", "-c", "30"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        out.stderr.readline()
        same("granted-capabilities", "0" * 16, status_of(out)["CapEff"])
        peer.send(4, 1, 20)
        told = out.communicate()[0]
        same("granted", 0, out.returncode)
        report("granted-told", not told and "nothing told")


def filter_calls(steps):
    """From now on this filter (seccomp) is asked about every call."""
    code = b"".join(struct.pack("HBBI", *c) for c in steps)
    held = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(steps), ctypes.addressof(held)), 16)
    libc = ctypes.CDLL(None, use_errno=True)
    no = ctypes.c_ulong(0)
    if libc.prctl(38, ctypes.c_ulong(1), no, no, no) != 0 or \
            libc.prctl(22, ctypes.c_ulong(2), program, no, no) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def hide_landlock():
    """From now on the kernel seems to have none (call 444)."""
    filter_calls(((0x20, 0, 0, 0), (0x15, 0, 1, 444),
                  (0x06, 0, 0, 0x50000 | 38), (0x06, 0, 0, 0x7fff0000)))


def has_landlock():
    return ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1


def test_escape(peer):
    """What it could do if it were taken over, with Landlock and without."""
    library = os.path.abspath(os.path.join(
        os.environ["O"], "tests/fault/escape.so"))
    if not os.environ["O"].endswith("release") or \
            not os.path.exists(library):
        print("skip live-escape: not in this build", flush=True)
        return
    env = {"LD_PRELOAD": library}
    watches = [Watch("escape-bare", env=env, prepare=hide_landlock)]
    refused = ["escape: 1 1 1 1 1 1"]
    if has_landlock():
        # As root, too: /etc is out of reach, whoever asks.
        watches += [Watch("escape", env=env),
                    Watch("escape-files", "--eml", path("escape"), env=env)]
        refused += ["escape: 13 13 1 1 1 1"] * 2
    else:
        print("skip live-escape: the kernel has no Landlock", flush=True)
    peer.send(1, 1, 20)
    for watch, line in zip(watches, refused):
        wait_for(lambda w=watch: "escape: " in w.err())
        same(watch.name + "-status", 0, watch.stop())
        same(watch.name, [line], [s for s in watch.err().splitlines()
                                  if s.startswith("escape")])
    same("escape-mails", len(refused) > 1,
         len(glob.glob(path("escape/*.eml"))) == 1)


def test_open(peer):
    """A session that is open when the run ends is told, up to the last frame
    that came before, which the kernel may not have handed up."""
    watch = Watch("open", "-f", "jsonl")
    talk_process = peer.talk()
    same("open-status", 0, watch.stop())
    talk_process.communicate(b"end")
    sessions = sessions_of("open.out")
    same("open", [["input-ended", True]], [
        [s["ending"], any(e.get("verb") == "HELO" for e in s["events"])]
        for s in sessions])
    report("open-account", "account:" not in watch.err() and watch.err())


def test_no_landlock(peer, server):
    """Nothing can be opened, and all is told nevertheless."""
    del server.digests[:]
    watch = Watch("no-landlock", "-f", "jsonl", prepare=hide_landlock)
    first = peer.first
    peer.send(8, 2, 20)
    wait_for(lambda: len(read_lines("no-landlock.out")) == 8)
    same("no-landlock-status", 0, watch.stop())
    sessions = sessions_of("no-landlock.out")
    same("no-landlock", sorted(server.digests), digests_of(sessions))
    same("no-landlock-subjects", sorted(
        f"{n} {SUBJECTS[n % len(SUBJECTS)][1]}"
        for n in range(first, first + 8)),
         sorted(m["subject"] for s in sessions for m in s["messages"]))


def test_frames(peer):
    """What -w kept is what was told; SIGKILL leaves what can be read."""
    frames = path("kept.pcapng")
    sizes = ("--rotate-size", "200K")
    watch = Watch("frames", "-f", "jsonl", "-w", frames, *sizes)
    few = Watch("few", "-w", path("few.pcapng"), *sizes, "--keep", "2")
    killed = Watch("cut", "-w", path("cut.pcapng"), "--eml", path("cut"))
    peer.send(60, 10, 400)
    wait_for(lambda: len(read_lines("frames.out")) == 60)
    watch.tell(signal.SIGHUP)
    peer.send(3, 1, 20)
    wait_for(lambda: len(read_lines("frames.out")) == 63)
    wait_for(lambda: "session 63 " in "".join(read_lines("cut.out")))
    killed.stop(signal.SIGKILL)
    same("frames-status", [0, 0], [watch.stop(), few.stop()])
    files = sorted(glob.glob(frames + ".*")) + [frames]
    report("frames-rotated", len(files) < 4 and files)
    told = normal_of(path("frames.out"))
    same("frames", told, normal_of(*files))
    # The newest session is told when it closes: that the close was
    # acknowledged may not be in the file yet.
    cut = normal_of(path("cut.pcapng"))
    same("frames-killed-sessions", len(told), len(cut))
    report("frames-killed", len(set(told) - set(cut)) > 1 and
           "more than the newest session is not whole")
    same("frames-mails", 63, len(glob.glob(path("cut/*-1.eml"))))
    same("frames-keep", 2, len(glob.glob(path("few.pcapng.*"))))


def kept_by(name):
    """The files that -w wrote by that name, as they came."""
    return sorted(glob.glob(name + ".*")) + [name]


def test_frames_moved(peer):
    """The file of -w is renamed and HUP comes, or it is removed."""
    name, gone = path("moved.pcapng"), path("gone.pcapng")
    watch = Watch("moved", "-f", "jsonl", "-w", name, "--keep", "1")
    removed = Watch("gone", "-f", "jsonl", "-w", gone, "--rotate-size", "1K")
    peer.send(3, 1, 20)
    wait_for(lambda: len(read_lines("moved.out")) == 3)
    wait_for(lambda: len(read_lines("gone.out")) == 3)
    os.rename(name, name + ".1")
    watch.tell(signal.SIGHUP)
    for file in kept_by(gone):
        os.remove(file)
    peer.send(2, 1, 20)
    wait_for(lambda: len(read_lines("moved.out")) == 5)
    if not wait_for(lambda: os.path.exists(name)):
        report("moved-next", watch.err() or "is not there")
        removed.stop()
        return
    # Somebody's file under the name is theirs, and --keep does not count it.
    os.rename(name, name + ".2")
    with open(name, "w", encoding="ascii") as f:
        f.write("theirs")
    for count in (6, 7):
        watch.tell(signal.SIGHUP)
        peer.send(1, 1, 20)
        wait_for(lambda c=count: len(read_lines("moved.out")) == c)
    wait_for(lambda: len(read_lines("gone.out")) == 7)
    same("moved-status", [0, 0], [watch.stop(), removed.stop()])
    files = kept_by(name)
    theirs = [f for f in files if os.path.getsize(f) == 6]
    same("moved-files", (5, 1), (len(files), len(theirs)))
    same_told("moved", normal_of(path("moved.out")), normal_of(
        *(f for f in files if f not in theirs)))
    # The session at which it came to light may be in what was removed.
    with open(path("gone.last"), "w", encoding="utf-8") as f:
        f.write("\n".join(read_lines("gone.out")[4:]) + "\n")
    last = normal_of(path("gone.last"))
    report("gone", len(last) != 3 or
           set(last) - set(normal_of(*kept_by(gone))))


def test_frames_again(peer):
    """What a run that was killed kept stays when the next one begins, which
    has no rights; behind a link as well."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        kept = os.path.join(folder, "kept")
        os.mkdir(kept)
        link = os.path.join(folder, "link")
        os.symlink("kept/k", link)
        for owned in (folder, kept):
            shutil.chown(owned, "nobody")
        name = os.path.join(kept, "k")
        told = []
        for i, end_by in enumerate((signal.SIGKILL, signal.SIGKILL,
                                    signal.SIGINT)):
            run = f"again{i}"
            watch = Watch(run, "-f", "jsonl", "-w", link if i else name,
                          "--keep", "1", user="nobody")
            peer.send(2, 1, 20)
            wait_for(lambda r=run: len(read_lines(r + ".out")) == 2)
            same(run + "-status", 0 if i == 2 else -signal.SIGKILL,
                 watch.stop(end_by))
            told += [s["id"] for s in sessions_of(run + ".out")]
        files = kept_by(name)
        same("again-files", 3, len(files))
        report("again-link", not os.path.islink(link) and "no link any more")
        out = subprocess.run([SMTPWIRE, "read", "-q", "-f", "jsonl", *files],
                             stdout=subprocess.PIPE, check=True).stdout
        same("again", sorted(told), sorted(
            json.loads(line)["id"] for line in out.splitlines()))


def test_netem(peer, server):
    """Frames are lost, late and out of order on their way."""
    netem = "qdisc add dev vb root netem delay 4ms 3ms loss 2% reorder 20%"
    if subprocess.run([*peer.within(), "tc", *netem.split()], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        print("skip live-netem: the kernel cannot do it", flush=True)
        return
    del server.digests[:]
    watch = Watch("netem", "-f", "jsonl")
    same("netem-clients", 0, peer.send(20, 20, 100))
    wait_for(lambda: len(read_lines("netem.out")) == 20)
    same("netem-status", 0, watch.stop())
    same("netem", sorted(server.digests),
         digests_of(sessions_of("netem.out")))
    subprocess.run([*peer.within(), *"tc qdisc del dev vb root".split()],
                   check=True)


def test_bad_wire(peer, server):
    """The same, by a program of our own, beside tcpdump."""
    del server.digests[:]
    wire = BadWire(peer)
    watch = Watch("bad-wire", "-f", "jsonl")
    dump = tcpdump()
    same("bad-wire-clients", 0, peer.send(30, 30, 100))
    wait_for(lambda: len(read_lines("bad-wire.out")) == 30)
    report("bad-wire-tcpdump-whole", dump.stop())
    same("bad-wire-status", 0, watch.stop())
    report("bad-wire-is-bad", not re.search(
        r"\d+  octets sent again", watch.err()) and watch.err())
    same("bad-wire", sorted(server.digests),
         digests_of(sessions_of("bad-wire.out")))
    same_told("bad-wire-tcpdump", normal_of(dump.file),
              normal_of(path("bad-wire.out")))
    wire.end(peer)


def test_link(peer):
    """The link goes down in the middle and comes back; then it is gone."""
    watch = Watch("link", "-f", "jsonl")
    half = peer.start(150, 10, 400)
    wait_for(lambda: len(read_lines("link.out")) > 20)
    ip("link set va down")
    time.sleep(0.3)
    ip("link set va up")
    ip(f"addr replace {SERVER6}/64 dev va nodad")
    same("link-clients", 0, half.wait())
    wait_for(lambda: len(read_lines("link.out")) == 150)
    ip("link del va")
    same("gone", 3, watch.wait())
    report("gone-told", "disappeared" not in watch.err() and watch.err())
    sessions = sessions_of("link.out")
    same("link-sessions", 150, len(sessions))
    report("link-whole", [s["id"] for s in sessions
                          for m in s["messages"] if not m["sha256"]])


def main():
    server = Server()
    peer = Peer()
    try:
        server.start()
        server.ready.wait(PATIENCE_S)
        for test in (lambda: test_whole(peer, server),
                     lambda: test_follow(peer), lambda: test_reopen(peer),
                     lambda: test_mailbox(peer, server),
                     lambda: test_drops(peer), lambda: test_options(peer),
                     test_rights, lambda: test_container(peer),
                     lambda: test_user(peer),
                     lambda: test_granted(peer),
                     lambda: test_no_landlock(peer, server),
                     lambda: test_escape(peer), lambda: test_open(peer),
                     lambda: test_frames(peer),
                     lambda: test_frames_moved(peer),
                     lambda: test_frames_again(peer),
                     lambda: test_netem(peer, server),
                     lambda: test_bad_wire(peer, server),
                     lambda: test_link(peer)):
            test()
    finally:
        peer.end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["clients"]:
        clients(*(int(a) for a in sys.argv[2:]))
    elif sys.argv[1:2] == ["talk"]:
        talk()
    else:
        main()
