#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cover.py - lines that the tests reached, by file

usage: cover.py [-l] BUILD/cover

-l: also the lines of parsers that were not reached.  What parses octets from
outside must be reached to 95 % of its lines; a file that is not stands in
cover.txt with what it reaches at least, and why no more.  Exit status 1: one
is lower, or is listed and is no more.  One that is listed without need is
told.
"""
import glob
import json
import os
import re
import subprocess
import sys

PARSERS = re.compile(r"src/(capture|net|tcp|smtp|logs|transcript)/|"
                     r"src/base/(decompress|members|source)")
FLOOR = 95.0
LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cover.txt")


def measure(folder):
    """{file: {line: how often}} of src/.  A test may have a source of it
    compiled in, to see it as it is for another host."""
    notes = sorted(glob.glob(os.path.join(folder, "src/*/*.gcno")) +
                   glob.glob(os.path.join(folder, "tests/*/*.gcno")))
    out = subprocess.run(["gcov", "--json-format", "--stdout", *notes],
                         check=False, stdout=subprocess.PIPE,
                         text=True).stdout
    found = {}
    for row in out.splitlines():
        for file in json.loads(row)["files"] if row else []:
            name = file["file"]
            if not name.startswith("src/") or not name.endswith(".c"):
                continue
            counts = found.setdefault(name, {})
            for line in file["lines"]:
                n = line["line_number"]
                counts[n] = counts.get(n, 0) + line["count"]
    return {name: counts for name, counts in found.items() if counts}


def quote(name, missing):
    with open(name, encoding="utf-8") as f:
        for n, text in enumerate(f, 1):
            if n in missing:
                print(f"{n:20}: {text.rstrip()}")


def read_list():
    """{file: (percent, reason)}"""
    listed = {}
    with open(LIST, encoding="utf-8") as f:
        for row in f:
            if row.strip() and not row.startswith("#"):
                name, percent, reason = row.split(None, 2)
                listed[name] = (float(percent), reason.strip())
    return listed


def judge(shares):
    """Sentences about parsers that are reached too little."""
    listed = read_list()
    wrong = [f"{name}: is listed and was not measured"
             for name in sorted(listed) if name not in shares]
    for name, share in sorted(shares.items()):
        floor = listed[name][0] if name in listed else FLOOR
        if PARSERS.match(name) and share < floor:
            wrong.append(f"{name}: {share:.1f} % of its lines are reached, "
                         f"less than {floor:.1f} %")
        elif name in listed and share >= FLOOR:
            print(f"{name}: need not be listed any more")
    return wrong


def main():
    verbose = sys.argv[1] == "-l"
    found = measure(sys.argv[-1])
    if not found:
        sys.exit("cover.py: nothing was measured")
    shares, reached, lines = {}, 0, 0
    for name, counts in sorted(found.items()):
        missing = {n for n in counts if not counts[n]}
        reached += len(counts) - len(missing)
        lines += len(counts)
        shares[name] = 100 * (len(counts) - len(missing)) / len(counts)
        print(f"{shares[name]:6.1f} % of {len(counts):5}  {name}")
        if verbose and PARSERS.match(name):
            quote(name, missing)
    print(f"{100 * reached / lines:6.1f} % of {lines:5}  all")
    wrong = judge(shares)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
