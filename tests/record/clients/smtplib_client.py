#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""smtplib_client.py - sessions of Python's smtplib, with its own transcript

usage: smtplib_client.py plain|starttls|smtps|auth|utf8 HOST
"""
import smtplib
import ssl
import sys

SECRET = "correct.horse-7"
ALICE, BOB = "alice@example.net", "bob@example.org"


def text(name, subject=None):
    return ("From: Alice <%s>\r\nTo: <%s>\r\nSubject: %s\r\n"
            "Message-ID: <%s@client.example.net>\r\n"
            "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\n\r\n"
            ".leading dot\r\nThis is %s.\r\n" % (
                ALICE, BOB, subject or name, name, name))


def context():
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def connect(host, port=25):
    smtp = smtplib.SMTP(local_hostname="client.example.net")
    smtp.set_debuglevel(2)
    smtp._host = "mx.example.org"
    smtp.connect(host, port)
    return smtp


def attempt(call, *arguments, **named):
    try:
        return call(*arguments, **named)
    except (smtplib.SMTPException, OSError) as e:
        print("%s: %s" % (type(e).__name__, e), file=sys.stderr)


def plain(host):
    smtp = connect(host)
    for n in range(1, 4):
        attempt(smtp.sendmail, ALICE, [BOB, "carol@example.org"],
                text("smtplib-%d" % n))
    attempt(smtp.sendmail, ALICE, [BOB, "nobody@elsewhere.example.com"],
            text("smtplib-mixed"))
    attempt(smtp.sendmail, ALICE, ["nobody@elsewhere.example.com"],
            text("smtplib-nobody"))
    smtp.verify("bob")
    smtp.quit()


def starttls(host):
    smtp = connect(host)
    smtp.ehlo()
    smtp.starttls(context=context())
    attempt(smtp.sendmail, ALICE, [BOB], text("smtplib-starttls"))
    smtp.quit()


def smtps(host):
    smtp = smtplib.SMTP_SSL(local_hostname="client.example.net",
                            context=context())
    smtp.set_debuglevel(2)
    smtp._host = "mx.example.org"
    smtp.connect(host, 465)
    attempt(smtp.login, "alice", SECRET)
    attempt(smtp.sendmail, ALICE, [BOB], text("smtplib-smtps"))
    smtp.quit()


def auth(host):
    for mechanism, method, initial in (
            ("PLAIN", "auth_plain", False), ("LOGIN", "auth_login", False),
            ("LOGIN", "auth_login", True),
            ("CRAM-MD5", "auth_cram_md5", False)):
        smtp = connect(host)
        smtp.ehlo()
        smtp.user, smtp.password = "alice", SECRET
        attempt(smtp.auth, mechanism, getattr(smtp, method),
                initial_response_ok=initial)
        attempt(smtp.quit)


def utf8(host):
    smtp = connect(host)
    smtp.ehlo()
    attempt(smtp.sendmail, "jörg@example.net", [BOB],
            text("smtplib-utf8", "Grüße").encode(),
            mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    smtp.quit()


{"plain": plain, "starttls": starttls, "smtps": smtps, "auth": auth,
 "utf8": utf8}[sys.argv[1]](sys.argv[2])
