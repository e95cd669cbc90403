#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bad_input.py - what must not hurt

Files that are no captures, damaged ones, and traffic made to exhaust: each
is answered by a clear message that names file and offset or by a note, what
was readable is told, memory stays bounded, time grows with the input.
Memory and time are not judged where a sanitizer distorts them.
"""
import gzip
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'cases'))
import build  # noqa: E402  # found by sys.path

PROGRAM = os.path.abspath(os.environ.get('SMTPWIRE', os.path.join(
    os.environ.get('O', 'build/release'), 'smtpwire')))
MEMORY_KIB = 128 * 1024
LIMIT_S = 600
PCAP = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)
CASE = os.path.join(ROOT, 'tests', 'cases', 'c01-pipelined.case')


class Failed(Exception):
	pass


def need(truth, why):
	if not truth:
		raise Failed(why)


class Result:
	def __init__(self, status, out, err, use):
		self.status, self.out = status, out
		self.err = err.decode('utf-8', 'replace')
		self.cpu = use.ru_utime + use.ru_stime
		self.kib = use.ru_maxrss
		self.again = None

	def sessions(self):
		return [json.loads(l) for l in self.out.splitlines()]


def sanitized():
	with open(PROGRAM, 'rb') as f:
		return b'__asan_init' in f.read()


SANITIZED = None


def read(path, *arguments, memory=MEMORY_KIB):
	"""Run `smtpwire read`; a crash, a hang or much memory fails."""
	argv = [PROGRAM, 'read', '-f', 'jsonl'] + list(arguments) + [path]
	with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
		p = subprocess.Popen(['timeout', str(LIMIT_S)] + argv,
		    stdout=out, stderr=err, stdin=subprocess.DEVNULL)
		_, status, use = os.wait4(p.pid, 0)
		p.returncode = os.waitstatus_to_exitcode(status)
		out.seek(0)
		err.seek(0)
		r = Result(p.returncode, out.read(), err.read(), use)
	sane(r, memory)
	r.again = lambda: read(path, *arguments, memory=memory)
	return r


def sane(r, memory=MEMORY_KIB):
	need(r.status != 124, 'not done after %d s' % LIMIT_S)
	need(r.status in (0, 3), 'status %d: %s' % (r.status, r.err[-300:]))
	need('Sanitizer' not in r.err and 'runtime error' not in r.err,
	    r.err[-300:])
	if not SANITIZED:
		need(r.kib < memory, 'peak memory %d KiB' % r.kib)


def refused(path):
	r = read(path)
	need(r.status == 3, 'status %d, not 3' % r.status)
	need(os.path.basename(path) in r.err, 'the message lacks the file: '
	    '%r' % r.err[:200])
	need(not r.out, 'something was told')


def cost(r, bound):
	"""Seconds of CPU.  Who shares caches and cores makes a run cost more
	than it has to, so that what is beyond the bound is measured again: the
	least is what it costs.  The file is still there."""
	for _ in range(5):
		if r.cpu < bound:
			break
		r.cpu = min(r.cpu, r.again().cpu)
	return r.cpu


def linear(small, large, factor):
	"""large costs no more than factor times small and some."""
	bound = small.cpu * factor * 2 + 0.3
	if not SANITIZED:
		need(cost(large, bound) < bound,
		    'not linear: %.2f s, then %.2f s for %d times as much' %
		    (small.cpu, large.cpu, factor))


def put(folder, name, data):
	path = os.path.join(folder, name)
	with open(path, 'wb') as f:
		f.write(data)
	return path


# --- traffic, quickly: no checksums ------------------------------------------

class Traffic:
	"""Writes frames of one or many connections to a pcap file."""

	def __init__(self, folder, name):
		self.path = os.path.join(folder, name)
		self.file = open(self.path, 'wb')
		self.file.write(PCAP)
		self.now = 0

	def frame(self, side, seq, ack, flags, data=b'', port=40000):
		self.now += 1
		a, b = b'\xc0\0\x02\x07', b'\xc6\x33\x64\x19'
		sport, dport = port, 25
		if side == 'S':
			a, b, sport, dport = b, a, dport, sport
		ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40 + len(data), 1,
		    0, 64, 6, 0, a, b)
		tcp = struct.pack('!HHIIBBHHH', sport, dport,
		    seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535,
		    0, 0)
		size = 14 + 40 + len(data)
		self.file.write(struct.pack('<IIII', 1709294400 +
		    self.now // 100000, self.now % 100000 * 10, size, size) +
		    bytes(12) + b'\x08\0' + ip + tcp + data)

	def close(self):
		self.file.close()
		return self.path


class Talk(Traffic):
	"""One connection; each side's octets in order."""

	def __init__(self, folder, name):
		super().__init__(folder, name)
		self.at = {'C': 1, 'S': 1}
		self.frame('C', 0, 0, 2)
		self.frame('S', 0, 1, 18)
		self.frame('C', 1, 1, 16)

	def say(self, side, data, mss=60000):
		other = 'S' if side == 'C' else 'C'
		for i in range(0, len(data), mss):
			part = data[i:i + mss]
			self.frame(side, self.at[side], self.at[other], 24,
			    part)
			self.at[side] += len(part)

	def hello(self):
		self.say('S', b'220 mx.example.org ESMTP\r\n')
		self.say('C', b'EHLO client.example.net\r\n')
		self.say('S', b'250 mx.example.org\r\n')

	def bye(self):
		self.say('C', b'QUIT\r\n')
		self.say('S', b'221 2.0.0 Bye\r\n')
		self.frame('C', self.at['C'], self.at['S'], 17)
		self.frame('S', self.at['S'], self.at['C'] + 1, 17)
		return self.close()


# --- files -------------------------------------------------------------------

def t_not_a_capture(t):
	refused(put(t, 'text.txt', b'this is no capture\n' * 50))
	refused(put(t, 'noise.bin', random.Random(1).randbytes(100000)))


def t_empty(t):
	refused(put(t, 'empty.pcap', b''))


def t_directory(t):
	path = os.path.join(t, 'folder')
	os.mkdir(path)
	refused(path)
	put(path, 'notes.txt', b'of no kind\n')
	refused(path)


def t_directory_files(t):
	"""Those in it as if they had been named; others are told."""
	path = os.path.join(t, 'files')
	os.makedirs(os.path.join(path, 'below'))
	shutil.copy(make(t, 'pcap'), os.path.join(path, 'below'))
	log = os.path.join(ROOT, 'tests', 'data', 'iis-w3c', 'relay.log')
	shutil.copy(make(t, 'pcap'), os.path.join(path, 'b.cap'))
	shutil.copy(log, os.path.join(path, 'a.log'))
	os.symlink('b.cap', os.path.join(path, 'c.cap'))
	put(path, 'notes.txt', b'of no kind\n')
	want = read(os.path.join(path, 'a.log'), os.path.join(path, 'b.cap'))
	for name in (path, path + '/'):
		r = read(name)
		need(r.status == 0, 'status %d' % r.status)
		need(r.sessions() == want.sessions(), 'other sessions')
		for told in ('notes.txt: neither', 'below: is no file',
		    'c.cap: is no file'):
			need(told in r.err, '%s is not told' % told)
	if os.geteuid() != 0:
		os.chmod(os.path.join(path, 'a.log'), 0)
		r = read(path)
		need(r.status == 3 and 'a.log' in r.err and
		    len(r.sessions()) == 1, 'one is not to be read')


def t_missing(t):
	refused(os.path.join(t, 'missing.pcap'))


def t_unreadable(t):
	if os.geteuid() == 0:
		return 'root may read everything'
	path = put(t, 'secret.pcap', PCAP)
	os.chmod(path, 0)
	refused(path)
	return None


def t_others_go_on(t):
	good = make(t, 'pcap')
	r = read(good, put(t, "empty2.pcap", b""))
	need(r.status == 3 and len(r.sessions()) == 1,
	    'status %d, %d sessions' % (r.status, len(r.sessions())))


def make(t, form):
	case = build.Case(CASE)
	return os.path.join(t, build.build(case, t, form)[0])


def t_cut_anywhere(t):
	for form in ('pcap', 'pcapng', 'netmon2.0', 'netmon2.3'):
		with open(make(t, form), 'rb') as f:
			whole = f.read()
		told = 0
		for cut in range(1, len(whole), len(whole) // 40):
			path = put(t, 'cut', whole[:cut])
			r = read(path)
			need(r.status == 0 or 'cut' in r.err,
			    '%s at %d: no message' % (form, cut))
			if r.status == 0:
				told = max(told, len(r.sessions()))
			if cut > len(whole) * 3 // 4:
				need(len(r.sessions()) == 1, '%s at %d: '
				    'nothing told' % (form, cut))
		need(told == 1, '%s: never a session' % form)


def t_cut_names_offset(t):
	with open(make(t, 'pcap'), 'rb') as f:
		whole = f.read()
	r = read(put(t, 'torn.pcap', whole[:-5]))
	need(len(r.sessions()) == 1, 'nothing told')
	need('torn.pcap' in r.err and any(c.isdigit() for c in r.err),
	    'no warning with file and offset: %r' % r.err[:300])
	for form in ('pcap', 'pcapng', 'netmon1', 'netmon2.3'):
		with open(make(t, form), 'rb') as f:
			whole = f.read()
		# the snap length has cut nothing
		cut = whole.rindex(b'QUIT\r\n') + 3
		r = read(put(t, 'torn', whole[:cut]))
		notes = [n['code'] for n in r.sessions()[0]['notes']]
		need('truncated-input' in notes and 'snapped' not in notes,
		    '%s: %s' % (form, notes))
		need('snap length' not in r.err, form)


def t_random_behind_header(t):
	noise = random.Random(2).randbytes(1 << 20)
	r = read(put(t, 'noise.pcap', PCAP + noise))
	need('noise.pcap' in r.err, 'no warning')
	section = struct.pack('<IIIHHqI', 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0,
	    -1, 28)
	r = read(put(t, 'noise.pcapng', section + noise))
	need('noise.pcapng' in r.err, 'no warning')
	with open(make(t, 'netmon2.3'), 'rb') as f:
		header = f.read()[:72]
	r = read(put(t, 'noise.cap', header + noise))
	need('noise.cap' in r.err, 'no warning')


def t_lengths_of_4_gib(t):
	with open(make(t, 'pcap'), 'rb') as f:
		whole = f.read()
	big = struct.pack('<IIII', 1709294500, 0, 0xffffffff, 0xffffffff)
	r = read(put(t, 'long.pcap', whole + big + bytes(1000)))
	need('long.pcap' in r.err, 'pcap: no warning')
	need(len(r.sessions()) == 1, 'pcap: what came before is not told')
	with open(make(t, 'pcapng'), 'rb') as f:
		whole = f.read()
	for size in (0xffffffff, 0xfffffffc, 0, 11):
		block = struct.pack('<II', 6, size) + bytes(1000)
		r = read(put(t, 'long.pcapng', whole + block))
		need('long.pcapng' in r.err, 'pcapng: no warning')
		need(len(r.sessions()) == 1, 'pcapng: not told')
	with open(make(t, 'netmon2.3'), 'rb') as f:
		whole = bytearray(f.read())
	struct.pack_into('<I', whole, 28, 0xffffffff)
	r = read(put(t, 'long.cap', whole))
	need('long.cap' in r.err, 'netmon: no warning')
	need(len(r.sessions()) == 1, 'netmon: not told')


def t_bomb(t):
	zeros = bytes(1 << 20)
	path = os.path.join(t, 'bomb.gz')
	with gzip.open(path, 'wb', 9) as f:
		for _ in range(512):
			f.write(zeros)
	refused(path)
	sizes = []
	for n in (32, 128):
		path = os.path.join(t, 'bomb.pcap.gz')
		with gzip.open(path, 'wb', 9) as f:
			f.write(PCAP)
			for _ in range(n):
				f.write(zeros)
		sizes.append(read(path))
	linear(sizes[0], sizes[1], 4)


def t_cut_while_read(t):
	"""The program waits for its reader; meanwhile the file is cut."""
	part = Talk(t, 'part')
	part.hello()
	with open(part.bye(), 'rb') as f:
		body = bytearray(f.read()[24:])
	path = os.path.join(t, 'shrinks.pcap')
	with open(path, 'wb') as f:
		f.write(PCAP)
		for i in range(20000):
			f.write(renumber(bytearray(body), 1024 + i, i // 100))
	size = os.path.getsize(path)
	p = subprocess.Popen([PROGRAM, 'read', '-f', 'jsonl', path],
	    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	p.stdout.read(1)
	os.truncate(path, size // 2 + 7)
	try:
		out, err = p.communicate(timeout=LIMIT_S)
	except subprocess.TimeoutExpired:
		p.kill()
		raise Failed('hangs')
	need(p.returncode in (0, 3), 'status %d: %r' % (p.returncode,
	    err[-300:]))
	need(b'shrinks.pcap' in err, 'no warning')
	need(out.count(b'\n') >= 100, 'only %d sessions told' %
	    out.count(b'\n'))


def renumber(body, port, later):
	"""The frames of one connection with another client port, later."""
	at = 0
	while at < len(body):
		start, size = struct.unpack_from('<I4xI', body, at)
		struct.pack_into('<I', body, at, start + later)
		tcp = at + 16 + 14 + 20
		if struct.unpack_from('!H', body, tcp)[0] == 25:
			struct.pack_into('!H', body, tcp + 2, port)
		else:
			struct.pack_into('!H', body, tcp, port)
		at += 16 + size
	return body


# --- traffic -----------------------------------------------------------------

def t_strange_headers(t):
	"""A header that may have been read beside its place is judged by what
	is behind it, which may be more than the block holds in which the frames
	before it lie."""
	with open(make(t, 'pcap'), 'rb') as f:
		body = bytearray(f.read()[24:])
	data = PCAP
	for i in range(6):
		data += renumber(body, 2000 + i, 0)
		data += struct.pack('<IIII', 0x11223344, 1 << 24, 60, 60)
		data += bytes(60) + struct.pack('<IIII', 0x11223344, 1 << 24,
		    200000, 200000)
	for behind in (50, 300000):
		r = read(put(t, 'strange.pcap', data + bytes(behind)))
		need('strange.pcap' in r.err, '%d: no warning' % behind)
		need([s['ending'] for s in r.sessions()] == ['quit'] * 6,
		    '%d: what stands between them is not told: %d' %
		    (behind, len(r.sessions())))


def t_10000_syns(t):
	f = Traffic(t, 'syns.pcap')
	for i in range(10000):
		f.frame('C', i * 7, 0, 2, port=1024 + i)
	r = read(f.close())
	need(not r.sessions(), 'sessions were told')
	need('10000' in r.err or '10 000' in r.err or '10,000' in r.err,
	    'the account lacks the attempts: %r' % r.err[-300:])


def t_long_line(t):
	results = []
	for n in (25, 100):
		f = Talk(t, 'line.pcap')
		f.hello()
		f.say('C', b'NOOP ')
		for _ in range(n):
			f.say('C', b'x' * 1000000)
		f.say('C', b'\r\n')
		f.say('S', b'250 2.0.0 Ok\r\n')
		results.append(read(f.bye()))
		s = results[-1].sessions()[0]
		e = [e for e in s['events'] if e.get('verb') == 'NOOP'][0]
		need('overlong' in e['flags'], 'not flagged overlong')
		need(e['octets'] == n * 1000000 + 7, 'octets %s' %
		    e['octets'])
		need(len(e['line']) <= 65536, 'the line is kept whole')
		need(s['ending'] == 'quit', 'the session does not go on')
	linear(results[0], results[1], 4)


def t_client_that_replies(t):
	"""Which side is the client is not known until the other one speaks."""
	results = []
	for n in (10000, 40000):
		f = Talk(t, 'replies.pcap')
		for _ in range(n):
			f.say('C', b'250 Ok\r\n')
		results.append(read(f.close()))
	linear(results[0], results[1], 4)


def lose_of_mail(f, port):
	"""A mail of which 1000 octets are lost; returns where it goes on."""
	f.frame('C', 0, 1, 24, b'EHLO c\r\n', port=port)
	f.frame('S', 1, 8, 24, b'250 Ok\r\n', port=port)
	f.frame('C', 8, 9, 24, b'DATA\r\n', port=port)
	f.frame('S', 9, 14, 24, b'354 Ok\r\n', port=port)
	f.frame('C', 14, 17, 24, b'hello\r\n', port=port)
	f.frame('S', 17, 1021, 16, port=port)
	f.now += 200000
	f.frame('C', 1021, 17, 24, b'!\r\nNOOP\r\n', port=port)
	return 1030


def letters(t, connections, octets, begin):
	"""Lines of base64 without an end, an octet a frame, which may be what
	is left of AUTH."""
	f = Traffic(t, 'letters.pcap')
	for port in range(1024, 1024 + connections):
		at = begin(f, port)
		for i in range(octets):
			f.frame('C', at + i, 17, 24, b'A', port=port)
	return read(f.close())


def t_letters_without_end(t):
	"""As many octets in longer lines cost as much: without a SYN, and
	behind a gap."""
	for begin in (lambda f, port: 1, lose_of_mail):
		linear(letters(t, 64, 4000, begin),
		    letters(t, 4, 64000, begin), 1)


def t_large_message(t):
	"""A large message needs no more memory than a small one."""
	results = []
	for n in (10, 200):
		f = Talk(t, 'large.pcap')
		f.hello()
		f.say('C', b'MAIL FROM:<a@example.net>\r\n')
		f.say('S', b'250 2.1.0 Ok\r\n')
		f.say('C', b'DATA\r\n')
		f.say('S', b'354 go ahead\r\n')
		for _ in range(n):
			f.say('C', (b'x' * 78 + b'\r\n') * 12500)
		f.say('C', b'.\r\n')
		f.say('S', b'250 2.0.0 Ok\r\n')
		results.append(read(f.bye()))
		m = results[-1].sessions()[0]['messages'][0]
		need(m['size'] == n * 1000000 and m['sha256'], 'size %s' %
		    m['size'])
	need(SANITIZED or results[1].kib < results[0].kib + 4096,
	    '%d KiB, then %d' % (results[0].kib, results[1].kib))
	linear(results[0], results[1], 20)


def t_reply_without_end(t):
	results = []
	for n in (200, 800):
		f = Talk(t, 'reply.pcap')
		f.hello()
		f.say('C', b'HELP\r\n')
		for _ in range(n):
			f.say('S', b'214-help\r\n' * 1000)
		results.append(read(f.close()))
		s = results[-1].sessions()
		need(len(s) == 1, 'not told')
		replies = [e for e in s[0]['events'] if e['kind'] == 'reply']
		need(len(replies[-1]['lines']) <= 1000, 'all lines are kept')
	linear(results[0], results[1], 4)
	f = Talk(t, 'reply2.pcap')
	f.say('S', b'2' * 50000000)
	read(f.close())


def t_million_recipients(t):
	results = []
	for n in (250, 1000):
		f = Talk(t, 'rcpts.pcap')
		f.hello()
		f.say('C', b'MAIL FROM:<a@example.net>\r\n')
		f.say('S', b'250 2.1.0 Ok\r\n')
		for _ in range(n):
			f.say('C', b'RCPT TO:<b@example.org>\r\n' * 1000)
			f.say('S', b'250 2.1.5 Ok\r\n' * 1000)
		results.append(read(f.bye()))
		s = results[-1].sessions()[0]
		need(len(s['messages'][0]['recipients']) == 1000,
		    '%d recipients kept' % len(s['messages'][0]['recipients']))
		need(s['omitted'] and s['omitted']['recipients'] ==
		    n * 1000 - 1000, 'omitted: %s' % s['omitted'])
		need(s['ending'] == 'quit', 'ending %s' % s['ending'])
	linear(results[0], results[1], 4)


def t_unanswered(t):
	results = []
	for n in (50, 200):
		f = Talk(t, 'noops.pcap')
		f.hello()
		for _ in range(n):
			f.say('C', b'NOOP\r\n' * 1000)
		results.append(read(f.close()))
	linear(results[0], results[1], 4)
	need(SANITIZED or cost(results[1], 3) < 3, '200 000 commands cost %.1f s' %
	    results[1].cpu)


def late_replies(t, replies, unended, more):
	"""Replies that may answer what is held, more than is kept of them."""
	f = Talk(t, 'late.pcap')
	f.hello()
	f.say('C', b'NOOP\r\n' * 3 + b'BDAT 5\r\n')
	f.say('C', b'hello' + b'NOOP\r\n' * 200)
	for _ in range(replies):
		f.say('S', (b'250-' + b'x' * 1040 + b'\r\n') * 999)
		f.say('S', b'250 ' + b'y' * 1040 + b'\r\n')
	f.say('S', (b'250-' + b'z' * 1040 + b'\r\n') * unended)
	for _ in range(more):
		f.say('C', b'NOOP ' + b'n' * 95 + b'\r\n')
	return read(f.close()).sessions()[0]


def t_late_replies(t):
	for replies, unended, more in (2, 0, 0), (1, 20, 1000):
		s = late_replies(t, replies, unended, more)
		told = [e['verb'] for e in s['events'] if
		    e['kind'] == 'command']
		need(told == ['EHLO'] + ['NOOP'] * 3 + ['BDAT'] +
		    ['NOOP'] * (200 + more), '%d commands' % len(told))


def chunks_ahead(t, ahead):
	"""Chunks so many of which await their replies all the time."""
	f = Talk(t, 'chunks.pcap')
	f.hello()
	f.say('C', b'BDAT 1\r\nx' * ahead, 1460)
	for _ in range(120000):
		f.say('S', b'250 Ok\r\n')
		f.say('C', b'BDAT 1\r\nx')
	return read(f.close())


def t_chunks_ahead(t):
	"""Replies cost the same however many wait to be told."""
	linear(chunks_ahead(t, 50), chunks_ahead(t, 6000), 1)


def mails_ahead(t, mail):
	"""Mails sent ahead in many connections, and a gap behind them, as long
	as a session's events go, before their replies come."""
	f = Traffic(t, 'mails.pcap')
	ahead = mail * 2000 + b'NOOP\r\n' * 7000
	replies = b'250 Ok\r\n' * 2000
	for port in range(1024, 1048):
		f.frame('C', 0, 0, 2, port=port)
		f.frame('S', 0, 1, 18, port=port)
		f.frame('S', 1, 1, 24, b'220 Ok\r\n', port=port)
		f.frame('C', 1, 9, 24, ahead[:60000], port=port)
		f.frame('C', 60001, 9, 24, ahead[60000:], port=port)
		end = len(ahead) + 3
		f.frame('C', end, 9, 24, b'OP\r\n', port=port)
		f.frame('S', 9, end + 4, 24, replies, port=port)
		f.frame('C', end + 4, 9 + len(replies), 20, port=port)
	return read(f.close(), memory=4 * MEMORY_KIB)


def t_mails_ahead(t):
	"""Each mail's reply costs the same, whatever its verb."""
	linear(mails_ahead(t, b'MAIL FROM:<a>\r\n'),
	    mails_ahead(t, b'SEND FROM:<a>\r\n'), 1)


def t_far_ahead(t):
	f = Talk(t, 'ahead.pcap')
	f.hello()
	f.frame('C', f.at['C'] + 0x60000000, f.at['S'], 24, b'x' * 1000)
	f.frame('C', f.at['C'] + 0x10000000, f.at['S'], 24, b'x' * 1000)
	r = read(f.bye())
	lines = [e.get('line') for e in r.sessions()[0]['events']]
	need('QUIT' in lines, 'QUIT is not told: %s' % lines)


def t_overlapping(t):
	results = []
	for n in (20000, 80000):
		f = Talk(t, 'overlap.pcap')
		f.hello()
		f.say('C', b'NOOP ')
		for i in range(n):
			f.frame('C', f.at['C'] + i, f.at['S'], 24,
			    b'y' * 1000)
		results.append(read(f.close()))
	linear(results[0], results[1], 4)
	results = []
	for n in (5000, 20000):
		f = Talk(t, 'overlap2.pcap')
		f.hello()
		for i in range(n):
			# nothing of it is in order: a hole comes first
			f.frame('C', f.at['C'] + 10 + 2 * (n - i), f.at['S'],
			    24, b'y' * 500)
		results.append(read(f.close()))
	linear(results[0], results[1], 4)


def t_single_octets_apart(t):
	results = []
	for n in (10000, 40000):
		f = Talk(t, 'apart.pcap')
		f.hello()
		for i in range(n):
			f.frame('C', f.at['C'] + 1 + 2 * ((i * 7919) % n),
			    f.at['S'], 24, b'z')
		results.append(read(f.close()))
	linear(results[0], results[1], 4)


def t_many_sessions(t):
	"""20 000 open sessions whose holes are never filled: what is open
	costs memory, 16 KiB each at most."""
	f = Traffic(t, 'holes.pcap')
	for i in range(20000):
		port = 1024 + i
		f.frame('C', 0, 0, 2, port=port)
		f.frame('S', 0, 1, 18, port=port)
		f.frame('C', 1000, 1, 24, b'x' * 1000, port=port)
	r = read(f.close(), '--no-hash',
	    memory=MEMORY_KIB + 20000 * 16)
	need(len(r.sessions()) == 20000, '%d sessions' % len(r.sessions()))


def t_open_sessions(t):
	"""20 000 open dialogues in 16 MiB: most end early and say so."""
	f = Traffic(t, 'open.pcap')
	said = (('S', b'220 mx.example.org ESMTP\r\n'),
	    ('C', b'EHLO client.example.org\r\n'),
	    ('S', b'250 mx.example.org\r\n'),
	    ('C', b'MAIL FROM:<a@example.org>\r\n'),
	    ('S', b'250 2.1.0 Ok\r\n'))
	for i in range(20000):
		port = 1024 + i
		at = {'C': 1, 'S': 1}
		f.frame('C', 0, 0, 2, port=port)
		f.frame('S', 0, 1, 18, port=port)
		for by, line in said:
			f.frame(by, at[by], at['S' if by == 'C' else 'C'], 24,
			    line, port=port)
			at[by] += len(line)
	path = f.close()
	r = read(path, '--memory', '16M', memory=120 * 1024)
	sessions = r.sessions()
	need(len(sessions) == 20000, '%d sessions' % len(sessions))
	cut = [s for s in sessions if s['ending'] == 'limit']
	need(15000 < len(cut) < 20000, '%d sessions ended' % len(cut))
	for s in cut:
		need('limit' in [n['code'] for n in s['notes']], 'no note')
		need(s['messages'][0]['from'] == 'a@example.org', 'from')
	need('%d connections released for the limit on memory' % len(cut)
	    in ' '.join(r.err.split()), 'not in the account: %s' %
	    r.err[-300:])
	need(not [s for s in read(path, memory=512 * 1024).sessions()
	    if s['ending'] == 'limit'], 'ended with memory left')


def run_test(name, test):
	label = 'e2e/bad_input/' + name
	with tempfile.TemporaryDirectory() as folder:
		try:
			why = test(folder)
			print('skip %s: %s' % (label, why) if why else
			    'ok ' + label, flush=True)
			return 0
		except (Failed, OSError, ValueError, LookupError,
		    TypeError) as e:
			print('not ok %s: %s' % (label,
			    str(e).replace('\n', ' ')), flush=True)
	return 1


def main():
	global SANITIZED
	if not os.access(PROGRAM, os.X_OK):
		print('not ok e2e/bad_input: %s is not built' % PROGRAM)
		return 1
	SANITIZED = sanitized()
	tests = {k[2:]: v for k, v in globals().items() if k[:2] == 't_'}
	failed = 0
	for name in sys.argv[1:] or tests:
		# Each in a process of its own: the peak of memory that wait4
		# tells includes what a child was before exec, a copy of us.
		pid = os.fork()
		if pid == 0:
			os._exit(run_test(name, tests[name]))
		failed += os.waitpid(pid, 0)[1] != 0
	return 1 if failed else 0


if __name__ == '__main__':
	sys.exit(main())
