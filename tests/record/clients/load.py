#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""load.py - many sessions of several clients, some at once

usage: load.py SESSIONS

A fifth is smtp-source's, a tenth curl's, a fiftieth swaks's, the rest
smtplib's, all of one message.
"""
import os
import random
import smtplib
import subprocess
import sys
import tempfile
import threading

SERVERS = ("192.0.2.25", "2001:db8::25")


def make_content(number):
    rand = random.Random(number)
    text = [f"Subject: {number}", f"Message-Id: <{number}@example.net>",
            "From: <a@example.net>", "To: <b@example.org>", ""]
    for i in range(rand.randrange(300)):
        text.append("." * (i % 7 == 0) + f"{i} " + "x" * rand.randrange(90))
    return "\r\n".join(text) + "\r\n"


def by_smtplib(number):
    with smtplib.SMTP(SERVERS[number % 2], 25, "client.example.net",
                      timeout=120) as client:
        client.sendmail(f"a{number}@example.net", ["b@example.org"],
                        make_content(number))


def run(number, command):
    """With a file of the content."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(make_content(number).encode())
        f.flush()
        subprocess.run([*command, f.name], check=True,
                       stdout=subprocess.DEVNULL)


def by_curl(number):
    run(number, ["curl", "-sS", f"smtp://{SERVERS[0]}/client.example.net",
                 "--mail-from", f"a{number}@example.net", "--mail-rcpt",
                 "b@example.org", "--upload-file"])


def by_swaks(number):
    run(number, ["swaks", "--server", SERVERS[0], "--from",
                 f"a{number}@example.net", "--to", "b@example.org",
                 "--ehlo", "client.example.net", "--silent", "3",
                 "--timeout", "300", "--data"])


def work(send, numbers, lock):
    while True:
        with lock:
            number = next(numbers, None)
        if number is None:
            return
        send(number)


def main():
    count = int(sys.argv[1])
    source, curl, swaks = count // 5, count // 10, count // 50
    first, threads = 0, []
    for send, n, at_once in ((by_curl, curl, 6), (by_swaks, swaks, 3),
                             (by_smtplib, count - source - curl - swaks,
                              20)):
        numbers, lock = iter(range(first, first + n)), threading.Lock()
        first += n
        threads += [threading.Thread(target=work, args=(send, numbers, lock))
                    for _ in range(at_once)]
    for t in threads:
        t.start()
    subprocess.run(["smtp-source", "-s", "10", "-m", str(source), "-l",
                    "4000", "-f", "a@example.net", "-t", "b@example.org",
                    SERVERS[0] + ":25"], check=True)
    for t in threads:
        t.join()


if __name__ == "__main__":
    # An exception in a thread is told, and seen in what did not arrive.
    os.umask(0o077)
    main()
