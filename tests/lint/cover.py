#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cover.py - lines that the tests reached, by file

usage: cover.py BUILD/cover
"""
import glob
import os
import re
import subprocess
import sys

FILE = re.compile(r"^File '(src/[^']+)'\nLines executed:([\d.]+)% of (\d+)",
                  re.M)


def measure(folder):
    """{file: (lines reached, lines)}"""
    found = {}
    for data in sorted(glob.glob(os.path.join(folder, "src/*/*.gcda"))):
        out = subprocess.run(["gcov", "-n", data], check=False,
                             capture_output=True, text=True).stdout
        for name, percent, lines in FILE.findall(out):
            if name.endswith(".c"):
                n = int(lines)
                found[name] = (round(float(percent) * n / 100), n)
    return found


def main():
    found = measure(sys.argv[1])
    for name, (reached, lines) in sorted(found.items()):
        print(f"{100 * reached / max(lines, 1):6.1f} % of {lines:5}  {name}")
    reached = sum(r for r, _ in found.values())
    lines = sum(n for _, n in found.values())
    print(f"{100 * reached / max(lines, 1):6.1f} % of {lines:5}  all")


if __name__ == "__main__":
    main()
