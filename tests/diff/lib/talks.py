# SPDX-License-Identifier: GPL-2.0-or-later
"""talks.py - dialogues of SMTP made up from a seed

A talk is what two hosts say, as steps: who, the octets, and how many of the
other's latest steps he had not seen yet.
"""
import base64
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
    '../../cases'))
import build  # noqa: E402  # found by sys.path

C, S = 0, 1
WORDS = 'a body of some words goes by 250 ok DATA . .. mail from'.split()
# What a line of content may look like to one who is not careful.
TRAPS = [b'.x\r\n', b'..\r\n', b'. \r\n', b'.\rx\r\n', b'\r\r\n',
    b'MAIL FROM:<trap@example.net>\r\n', b'250 2.0.0 Ok\r\n', b'QUIT\r\n',
    b'BDAT 5 LAST\r\n', b'STARTTLS\r\n', b'\r\n', b'a\rb\r\n', b'\0\r\n',
    b'caf\xe9 \xff\xfe\r\n', 'grüße \u202e\r\n'.encode(), b'\x1b[2J\r\n',
    b'x' * 1200 + b'\r\n']
# Ends of lines that some server may take for the end of the content.
SMUGGLES = [b'\n.\n', b'\r\n.\n', b'\n.\r\n', b'\r.\r', b'\r\n.\r',
    b'\r.\r\n', b'\r\n.\r\r\n', b'\r\n\0.\r\n', b'\r\n.\0\r\n']


class Talk:
	"""One dialogue; `end`: who closes, and how."""

	def __init__(self, r):
		self.r = r
		self.steps = []
		self.contents = []	# of messages, dots no longer stuffed
		self.end = r.choice(('C', 'C', 'C', 'S', 'S', 'rst', 'none'))
		self.lmtp = False

	def say(self, who, octets, unseen=0):
		self.steps.append((who, octets, unseen))

	def c(self, *lines, unseen=0):
		self.say(C, b''.join(l + b'\r\n' for l in lines), unseen)

	def s(self, *lines, unseen=0):
		self.say(S, b''.join(l + b'\r\n' for l in lines), unseen)

	def ask(self, line, *replies):
		self.c(line)
		self.s(*replies)

	def content(self, octets):
		"""What a server takes of what is sent behind DATA."""
		self.contents.append(re.sub(rb'(^|\r\n)\.', rb'\1', octets))
		return octets

	def answer(self, good=b'250 2.0.0 Ok'):
		"""Mostly the good one."""
		return self.r.choice((good,) * 12 + (b'250-2.0.0 two\r\n'
		    b'250 2.0.0 lines', b'451 4.3.0 Later', b'250',
		    b'550 5.7.1 No', b'999 what', b'250-2.0.0 one\r\n'
		    b'550 other codes'))


def line(r):
	if r.random() < 0.2:
		return r.choice(TRAPS)
	return ' '.join(r.choice(WORDS) for _ in range(
	    r.randrange(1, 14))).encode() + b'\r\n'


def text(r):
	"""Content as it goes over the wire, dots stuffed; no end."""
	many = r.choice((0, 3, 3, 20, 20, 20, 900 if r.random() < 0.1 else 20))
	lines = [line(r) for _ in range(many)]
	if lines and r.random() < 0.2:
		lines.insert(r.randrange(len(lines)), b'x' + r.choice(SMUGGLES) +
		    b'y\r\n')
	lines = [b'.' + l if l.startswith(b'.') else l for l in lines]
	return b'Subject: ' + r.choice(WORDS).encode() + b'\r\n\r\n' + \
	    b''.join(lines)


def greet(t):
	r = t.r
	verb = b'LHLO' if t.lmtp else r.choice((b'EHLO', b'EHLO', b'HELO',
	    b'ehlo'))
	greeting = [b'220 mx.example.org ESMTP']
	if r.random() < 0.2:
		greeting.insert(0, b'220-mx.example.org is here')
	how = r.random()
	if how < 0.1:	# he cannot wait
		t.c(verb + b' client.example.net')
		t.s(*greeting, unseen=1)
		t.s(b'250 mx.example.org')
		return
	if how < 0.15:
		t.say(S, b'\r\n'.join(greeting) + b'\r\n')
		t.c(verb + b' client.example.net', unseen=1)
		t.s(b'250 mx.example.org')
		return
	t.s(*greeting)
	t.ask(verb + b' client.example.net', b'250-mx.example.org',
	    b'250-PIPELINING', b'250-CHUNKING', b'250-AUTH PLAIN LOGIN',
	    b'250-STARTTLS', b'250 SIZE')


def envelope(t):
	r = t.r
	sender = r.choice((b'<a@example.net>', b'<>', b'<a@example.net> '
	    b'SIZE=1000 BODY=8BITMIME', 'ü@example.net'.encode()))
	return [b'MAIL FROM:' + sender] + [b'RCPT TO:<b%d@example.org>' % i
	    for i in range(r.choice((1, 1, 2, 5)))]


def verdicts(t, accepted):
	return [t.answer(b'250 2.0.0 Ok: queued as 4F%dC' % i)
	    for i in range(max(1, accepted) if t.lmtp else 1)]


def accepted_of(replies):
	return sum(a.split(b'\r\n')[-1].startswith(b'2') for a in replies)


def lockstep(t):
	replies = []
	for command in envelope(t):
		replies.append(t.answer())
		t.ask(command, replies[-1])
	finish(t, accepted_of(replies[1:]))


def finish(t, accepted):
	"""DATA, each its turn; a server may refuse it."""
	if t.r.random() < 0.1:
		t.ask(b'DATA', b'503 5.5.1 No')
		return
	t.ask(b'DATA', b'354 go ahead')
	if t.r.random() < 0.05:	# LF alone, and a server that takes it
		t.say(C, t.content(b'a: b\n\nhello\n') + b'.\n')
	else:
		t.say(C, t.content(text(t.r)) + b'.\r\n')
	t.s(*verdicts(t, accepted))


def pipelined(t):
	commands = envelope(t)
	replies = [t.answer() for _ in commands]
	t.c(*commands, b'DATA')
	t.s(*replies, b'354 go ahead')
	t.say(C, t.content(text(t.r)) + b'.\r\n' + t.r.choice((b'', b'RSET\r\n')))
	more = [b'250 2.0.0 Ok'] if t.steps[-1][1].endswith(
	    b'RSET\r\n') else []
	t.s(*verdicts(t, accepted_of(replies[1:])), *more)


def eager(t):
	"""Content behind DATA, before its reply was seen."""
	commands = envelope(t)
	t.say(C, b'\r\n'.join(commands) + b'\r\nDATA\r\n' +
	    t.content(text(t.r)) + b'.\r\n')
	t.s(*[b'250 2.0.0 Ok'] * len(commands), b'354 go ahead',
	    *verdicts(t, len(commands) - 1))


def chunks(t):
	r = t.r
	commands = envelope(t)
	for command in commands:
		t.ask(command, b'250 2.0.0 Ok')
	together = r.random() < 0.5
	out, replies, content = b'', [], b''
	many = r.randrange(1, 5)
	for i in range(many):
		body = text(r)[:r.choice((0, 1, 7, 300, 5000))]
		content += body
		last = b' LAST' if i == many - 1 else b''
		chunk = b'BDAT %d%s\r\n' % (len(body), last) + body
		answers = [b'250 2.0.0 %d octets' % len(body)]
		if last and t.lmtp:
			answers *= len(commands) - 1
		if together:
			out += chunk
			replies += answers
		else:
			t.say(C, chunk)
			t.s(*answers)
	t.contents.append(content)
	if together:
		t.say(C, out)
		t.s(*replies)


def auth(t):
	secret = base64.b64encode(b'\0alice\0secret%d' % t.r.randrange(99))
	result = t.r.choice((b'235 2.7.0 Ok', b'535 5.7.8 No'))
	how = t.r.randrange(4)
	if how == 0:
		t.ask(b'AUTH PLAIN ' + secret, result)
	elif how == 1:
		t.ask(b'AUTH PLAIN', b'334 ')
		t.ask(secret, result)
	elif how == 2:
		t.ask(b'AUTH LOGIN', b'334 VXNlcm5hbWU6')
		t.ask(base64.b64encode(b'alice'), b'334 UGFzc3dvcmQ6')
		t.ask(base64.b64encode(b'secret'), result)
	else:
		t.ask(b'AUTH CRAM-MD5', b'334 PDEyM0BteC5leGFtcGxlLm9yZz4=')
		t.ask(b'*', b'501 5.7.0 cancelled')


def tls_refused(t):
	if t.r.random() < 0.7:
		t.ask(b'STARTTLS', b'454 4.7.0 not now')
	else:	# agreed, and nothing of it
		t.ask(b'STARTTLS', b'220 2.0.0 Go')


def tls(t):
	t.ask(b'STARTTLS', b'220 2.0.0 Go')
	t.say(C, build.client_hello('mx.example.org'))
	t.say(S, build.server_hello())
	for who in C, S, C:
		t.say(who, build.named('tls %d' % t.r.randrange(30, 3000)))


def chatter(t):
	"""What is no part of a mail."""
	r = t.r
	t.ask(*r.choice((
	    (b'RSET', b'250 2.0.0 Ok'), (b'NOOP x\0y', b'250 2.0.0 Ok'),
	    (b'NOOP a\rb', b'250 2.0.0 Ok'), (b'vrfy alice', b'252 perhaps'),
	    (b'FOO bar', b'500 5.5.2 What?'), (b'', b'500 5.5.2 What?'),
	    (b'NOOP \xff\xfe', b'250 2.0.0 \xe9'),
	    (b'HELP', b'214-one', b'214-', b'214 three'),
	    (b'NOOP ' + b'x' * r.randrange(5000), b'500 5.5.2 Too long'),
	    (b'EXPN list', b'250-one', b'250-two', b'and then what'))))
	if r.random() < 0.2:
		t.say(C, b'NOOP\n')
		t.say(S, b'250 2.0.0 Ok\n')


def streams(t):
	"""Commands that do not wait, each in a segment, and their replies."""
	many = t.r.randrange(2, 6)
	for i in range(many):
		t.c(b'RCPT TO:<s%d@example.org>' % i)
	t.s(*[b'503 5.5.1 MAIL first'] * many)


def crossing(t):
	"""The next command leaves before the reply to the one before is seen."""
	t.c(b'NOOP one')
	t.s(b'250 2.0.0 one')
	t.c(b'NOOP two', unseen=1)
	t.s(b'250 2.0.0 two')


PARTS = [lockstep, lockstep, pipelined, pipelined, eager, chunks, chunks,
    auth, tls_refused, chatter, chatter, streams, crossing]


def talk(r):
	t = Talk(r)
	how = r.random()
	if how < 0.03:
		t.s(b'421 4.3.2 busy')
		t.end = 'S'
		return t
	if how < 0.06:	# another protocol
		t.say(C, b'GET / HTTP/1.0\r\nHost: x\r\n\r\n' * 90)
		t.end = 'C'
		return t
	t.lmtp = r.random() < 0.1
	greet(t)
	for _ in range(r.randrange(1, 5)):
		r.choice(PARTS)(t)
	if r.random() < 0.1:
		tls(t)
	elif t.end == 'S' and r.random() < 0.3:
		t.s(b'421 4.4.2 timeout')
	elif t.end in 'CS':
		t.ask(b'QUIT', b'221 2.0.0 Bye')
	elif r.random() < 0.5:	# in the middle of a line
		t.say(C, b'MAIL FROM:<b')
	return t
