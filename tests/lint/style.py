#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""style.py - what a compiler does not see

usage: style.py "SOURCES OF THE MAKEFILE"

Every source is in the Makefile; each file bears its licence and says what it
is; lines fit 80 columns and begin with tabs; names of base/banned.h are not
used; functions stay readable; nothing is left to be done later; what another
linter is told to overlook has its reason beside it.
"""
import glob
import os
import re
import sys

LICENCE = "SPDX-License-Identifier: GPL-2.0-or-later"
COLUMNS = 80
FUNCTION_LINES = 80
# What the library leaves to the program.
NOT_IN_LIBRARY = ("printf fprintf puts perror exit _exit abort getenv setenv "
                  "setlocale umask signal sigaction").split()
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])+'")
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X")) + r")\b")

OVERLOOKED = re.compile(r"(?:shellcheck disable=|pylint: disable=|noqa\b:?|"
                        r"NOLINT|cppcheck-suppress)[\w ,()-]*$")


def banned_names():
    with open("src/base/banned.h", encoding="utf-8") as f:
        return [w for line in f if "GCC poison" in line
                for w in line.split()[3:]]


def blank(match):
    """Same lines, nothing in them."""
    return re.sub(r"[^\n]", " ", match.group(0))


def code_of(text):
    # Strings first, so that a comment's sign in one begins no comment.
    return COMMENT.sub(blank, STRING.sub(blank, text))


def width(line):
    return len(line.expandtabs(8))


def check_lines(path, lines):
    c_file = path.endswith((".c", ".h", ".js", ".mjs", ".css"))
    for n, line in enumerate(lines, 1):
        if c_file and width(line) > COLUMNS:
            yield n, f"{width(line)} columns"
        if line != line.rstrip():
            yield n, "blanks at the end"
        if c_file and line.startswith(" " * 8) and "*" not in line[:12]:
            yield n, "begins with blanks, not tabs"
        if UNFINISHED.search(line):
            yield n, "left to be done"
        # What stands behind the names of its kinds is the reason.
        if OVERLOOKED.search(line):
            yield n, "overlooked without a reason"


def check_names(path, code, banned):
    library = path.startswith("src/") and not path.startswith("src/cli/")
    for name in banned + (NOT_IN_LIBRARY if library else []):
        for m in re.finditer(r"(?<![\w.>])" + name + r"\s*\(", code):
            yield code.count("\n", 0, m.start()) + 1, f"{name} is not used"
    for pattern, what in ((r"#\s*include\s*<ctype\.h>", "<ctype.h>"),
                          (r"\btypedef\s+(struct|union|enum)\s+\w*\s*(\{|\w+\s*;)",
                           "typedef of a struct")):
        for m in re.finditer(pattern, code):
            yield code.count("\n", 0, m.start()) + 1, f"{what} is not used"


def check_functions(lines):
    begin = None
    for n, line in enumerate(lines, 1):
        if line.startswith("{"):
            begin = n
        elif line.startswith("}") and begin is not None:
            if n - begin > FUNCTION_LINES:
                yield begin, f"a function of {n - begin} lines"
            begin = None


def check_head(path, text):
    head = text[:600]
    if LICENCE not in head:
        yield 1, "no licence line"
    name = os.path.basename(path)
    if path.endswith((".c", ".h", ".js", ".mjs", ".css", ".html")) and \
            not re.search(re.escape(name) + r" - \S", head):
        yield 1, f'no line "{name} - purpose"'


def check(path, banned):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    lines = text.split("\n")
    yield from check_head(path, text)
    yield from check_lines(path, lines)
    if not text.endswith("\n"):
        yield len(lines), "no line end at the end"
    if path.endswith((".c", ".h")):
        code = code_of(text)
        if path.startswith("src/") and path != "src/base/banned.h":
            yield from check_names(path, code, banned)
        if path.startswith(("src/", "include/")):
            yield from check_functions(code.split("\n"))


def files():
    patterns = ("src/*/*.[ch]", "include/*/*.h", "tests/*/*.[ch]",
                "tests/*/*.sh", "tests/*/*.py", "tests/*.sh", "Makefile",
                "tests/*/lib/*.py", "src/*/*.sh",
                "src/*/page/*", "tests/*/*.mjs",
                ".ci/run", "tests/run")
    for p in patterns:
        yield from sorted(f for f in glob.glob(p) if kept(f))


def kept(path):
    """Generated and foreign files are not ours to style."""
    return not path.endswith("_data.h") and os.path.isfile(path)


def main():
    banned = banned_names()
    bad = 0
    listed = set(sys.argv[1].split()) if len(sys.argv) > 1 else None
    for path in sorted(glob.glob("src/*/*.c")) if listed else []:
        if path not in listed:
            print(f"{path}: not in the Makefile")
            bad += 1
    with open("Makefile", encoding="utf-8") as f:
        words = set(f.read().replace(")", " ").split())
    for path in sorted(glob.glob("src/*/page/*.js")):
        if os.path.basename(path) not in words:
            print(f"{path}: not in the Makefile")
            bad += 1
    for path in files():
        for line, what in check(path, banned):
            print(f"{path}:{line}: {what}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
