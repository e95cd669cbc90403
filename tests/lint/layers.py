#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""layers.py - a folder includes only what stands below it (layers.txt)"""
import glob
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def read_rules(path):
    rules = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split("#")[0].split()
            if words:
                rules[words[0]] = set(words[1:])
    return rules


def findings(path, folder, allowed):
    """Each include of path that the rules do not allow."""
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            m = INCLUDE.match(line)
            if m is None:
                continue
            quote, name = m.groups()
            top = name.split("/")[0]
            if quote == "<":
                if top in ("base", "capture", "tcp", "smtp"):
                    yield number, f"<{name}> wants quotes"
            elif "/" not in name:
                yield number, f'"{name}" lacks its folder'
            elif top != folder and top not in allowed and \
                    name not in allowed:
                yield number, f'{folder} must not know "{name}"'


def main():
    rules = read_rules("tests/lint/layers.txt")
    bad = 0
    for path in sorted(glob.glob("src/*/*.[ch]")):
        folder = path.split("/")[1]
        if folder not in rules:
            print(f"{path}: {folder} is not in tests/lint/layers.txt")
            bad += 1
            continue
        for number, what in findings(path, folder, rules[folder]):
            print(f"{path}:{number}: {what}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
