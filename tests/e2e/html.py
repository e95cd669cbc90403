#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""html.py - what is packed into a page is what the other forms tell

	html.py AGREEING-PAGE DIFFERING-PAGE
"""
import base64
import json
import os
import re
import subprocess
import sys
import zlib

BLOCK = re.compile(r'<script type="text/plain" id="([^"]*)">([^<]*)</script>')


def ok(name, good, why=""):
    print(f"ok {name}" if good else f"not ok {name}: {why}")


def unpack(path):
    """All blocks by their names."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return {name: zlib.decompress(base64.b64decode(packed)).decode()
            for name, packed in BLOCK.findall(text)}


def told(*arguments):
    p = subprocess.run([os.environ["SMTPWIRE"], *arguments], check=False,
                       capture_output=True)
    return p.stdout.decode()


def check_colours():
    """The dark colours of the system's choice are those of the reader's."""
    with open("src/emit/page/page.css", encoding="utf-8") as f:
        css = f.read()
    blocks = [re.sub(r"\s+", " ", block) for block in
              re.findall(r"color-scheme: dark;([^}]*)}", css)]
    ok("html-dark-colours", len(blocks) == 2 and blocks[0] == blocks[1],
       "they differ")


def check_agreeing(path):
    blocks = unpack(path)
    about = json.loads(blocks["about-0"])
    rows = json.loads(blocks["rows-0"])
    lines = blocks["usual-0"].splitlines()
    ok("html-rows", rows["count"] == 2 == len(lines), f"{rows['count']} rows")
    ok("html-columns", all(len(v) == rows["count"]
                           for k, v in rows.items() if k != "count"),
       "columns of different length")
    ok("html-verdicts", rows["verdict"] == [0, 0], rows["verdict"])
    ok("html-times", rows["leftTime"][0] > 1e12 and
       0 <= rows["leftTime"][1] < 1e6, rows["leftTime"])
    ok("html-mode", about["about"]["mode"] == "check", about["about"]["mode"])
    ok("html-account", {"name": "frames", "count": 42, "what": "frames read"}
       in about["about"]["accounts"][1], about["about"]["accounts"][1])
    want = told("read", "-q", "-f", "jsonl", "pcaps/postfix-plain.pcap")
    got = [json.loads(line)["right"] for line in lines]
    ok("html-transcripts", got == [json.loads(s) for s in
                                   want.splitlines()], "not as jsonl has them")


def check_differing(path):
    blocks = unpack(path)
    rows = json.loads(blocks["rows-0"])
    about = json.loads(blocks["about-0"])["about"]
    entry = json.loads(blocks["first-0"].splitlines()[0])
    kind = about["kinds"].index("reply-code-changed")
    found = [row for row in entry["rows"] if row[2]]
    ok("html-differs-rows", rows["verdict"] == [1, 1], rows["verdict"])
    ok("html-kinds", rows["kinds"] == [[kind], [kind]], rows["kinds"])
    ok("html-found", len(found) == 1, found)
    event = entry["left"]["events"][found[0][0] - 1]
    ok("html-found-event", event.get("code") == 550, event)
    ok("html-pair", entry["pair"]["verdict"] == "differs", entry["pair"])
    ok("html-summary", about["summary"]["differs"] == 2, about["summary"])


check_colours()
check_agreeing(sys.argv[1])
check_differing(sys.argv[2])
