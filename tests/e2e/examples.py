#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""examples.py - what README and manual show is what happens

README.md: in a block marked `console`, each line that begins with `$ ` is
run, and the lines up to the next one or the end must be its output; a line
`...` stands for any lines.  smtpwire(1): what stands behind `$ ` is run and
must end with 0.

With --update, output that README.md shows (and that has no `...`) is
written anew.

Commands run in a folder of their own with a capture as dump.pcap and
dump.pcap1, the server's log of the same sessions as mail.log, a log of IIS as
ex061009.log, one of Exchange that goes on in a second file as RECV*.LOG, and
pcaps/ and tests/data/ as they are here.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
COPIES = {
    "dump.pcap": "pcaps/postfix-plain.pcap",
    "dump.pcap1": "pcaps/postfix-plain.pcap",
    "mail.log": "pcaps/postfix-plain.server.log",
    "ex061009.log": "tests/data/iis-w3c/relay.log",
    "RECV2023011115-1.LOG": "tests/data/exchange-connector/"
                            "RECV2023011115-1.LOG",
    "RECV2023011116-1.LOG": "tests/data/exchange-connector/"
                            "RECV2023011116-1.LOG",
}
NEEDS = re.compile(r"\b(jq|tcpdump|tshark|make|sudo|git)\b")


def scratch():
    folder = tempfile.mkdtemp(dir=os.environ.get("TMP"))
    os.mkdir(os.path.join(folder, "tests"))
    for name in ("pcaps", "tests/data"):
        os.symlink(os.path.abspath(name), os.path.join(folder, name))
    for name, path in COPIES.items():
        shutil.copy(path, os.path.join(folder, name))
    return folder


def run(command, folder):
    env = dict(os.environ, PATH=os.path.dirname(os.environ["SMTPWIRE"]) +
               ":" + os.environ["PATH"])
    p = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder,
                       env=env, stdin=subprocess.DEVNULL, check=False,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode, p.stdout.decode("utf-8", "replace")


def lacks(command):
    """The program that the command needs and that is not here."""
    for name in set(NEEDS.findall(command)):
        if name in ("make", "git", "sudo") or shutil.which(name) is None:
            return name
    return None


def fits(want, got):
    got = got.rstrip("\n") + "\n"
    pattern = "".join(r"(?:.*\n)*" if line == "..." else
                      re.escape(line) + r"\n" for line in want)
    return re.fullmatch(pattern, got) is not None


def readme_examples():
    with open("README.md", encoding="utf-8") as f:
        for block in BLOCK.findall(f.read()):
            command, output = None, []
            for line in block.splitlines():
                if not line.startswith("$ "):
                    output.append(line)
                    continue
                if command is not None:
                    yield command, output
                command, output = line[2:], []
            if command is not None:
                yield command, output


def manual_examples():
    with open("src/man/smtpwire.1", encoding="utf-8") as f:
        text = f.read()
    text = text[text.index(".Sh EXAMPLES"):text.index(".Sh SEE ALSO")]
    for line in text.splitlines():
        m = re.match(r"(?:\.Dl )?\$ (.*)", line)
        if m:
            yield m.group(1).replace("\\(dq", '"').replace("\\e", "\\")


def tell(name, command, why):
    if why is None:
        print(f"ok {name}")
    else:
        print(f"not ok {name}: {command}: {why}")


def update(folder):
    """Put today's output into README.md."""
    def renew(match):
        text = ""
        lines = match.group(1).splitlines()
        for i, line in enumerate(lines):
            if line.startswith("$ "):
                shown = i + 1 < len(lines) and \
                    not lines[i + 1].startswith("$ ")
                text += line + "\n"
                if shown:
                    text += run(line[2:], folder)[1].rstrip("\n") + "\n"
        return "```console\n" + text + "```"

    with open("README.md", encoding="utf-8") as f:
        text = f.read()
    text = BLOCK.sub(lambda m: m.group(0) if "\n...\n" in m.group(0)
                     else renew(m), text)
    with open("README.md", "w", encoding="utf-8") as f:
        f.write(text)


def main():
    folder = scratch()
    if sys.argv[1:] == ["--update"]:
        update(folder)
        return
    for i, (command, want) in enumerate(readme_examples(), 1):
        name = f"readme-{i}"
        missing = lacks(command)
        if missing in ("make", "git", "sudo"):
            continue
        if missing:
            print(f"skip {name}: no {missing}")
            continue
        status, got = run(command, folder)
        why = None
        if status not in (0, 1):
            why = f"exit status {status}"
        elif want and not fits(want, got):
            why = "other output"
            sys.stderr.write(got)
        tell(name, command, why)
    for i, command in enumerate(manual_examples(), 1):
        missing = lacks(command)
        if missing:
            print(f"skip manual-{i}: no {missing}")
            continue
        status, got = run(command, folder)
        tell(f"manual-{i}", command,
             None if status == 0 else f"exit status {status}: {got[-200:]}")


if __name__ == "__main__":
    main()
