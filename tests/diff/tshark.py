#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark.py - does tshark say the same of the captures in pcaps/?

	tshark.py [-v] [CAPTURE...]		(SMTPWIRE names the program)

For each TCP stream in which both see SMTP: the command lines (and with them
the envelopes) and the replies that tshark's dissector finds; and every octet
of both directions as tshark reassembles them (follow,tcp,raw) must be told by
some event, as it is told: lines, reply texts, and content, un-stuffed and
hashed here.  tests/diff/tshark.txt lists the differences that are tshark's,
with the reason; `octets` are never listed but where frames are missing.
"""
import collections
import concurrent.futures
import fnmatch
import glob
import hashlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.abspath(os.environ.get('SMTPWIRE', os.path.join(
    os.environ.get('O', 'build/release'), 'smtpwire')))
SEP = '\x1f'
FIELDS = ('tcp.stream', 'ip.src', 'ipv6.src', 'tcp.srcport', 'ip.dst',
    'ipv6.dst', 'tcp.dstport', 'smtp.command_line', 'smtp.response.code',
    'smtp.rsp.parameter')
PORTS = ('24', '2525')


def run(argv):
	return subprocess.run(argv, capture_output=True, check=False,
	    stdin=subprocess.DEVNULL).stdout


def tshark(path, *arguments):
	argv = ['tshark', '-n', '-r', path]
	for port in PORTS:
		argv += ['-d', 'tcp.port==%s,smtp' % port]
	return run(argv + list(arguments)).decode('utf-8', 'replace')


class Stream:
	def __init__(self):
		self.commands, self.codes, self.texts = [], [], []
		self.ends = None


def values(text):
	return [v for v in text.split(SEP) if v != ''] if text else []


def unescape(text):
	return re.sub(r'(\\r|\\n|\r|\n)+$', '', text)


def asked(path, count):
	"""What tshark says of each stream, and the octets of `count` streams;
	in one run, since starting it is what takes its time."""
	argv = ['-Y', 'smtp', '-T', 'fields', '-E', 'separator=/t',
	    '-E', 'occurrence=a', '-E', 'aggregator=' + SEP]
	for field in FIELDS:
		argv += ['-e', field]
	for n in range(count):
		argv += ['-z', 'follow,tcp,raw,%d' % n]
	parts = tshark(path, *argv).split('\nFollow: tcp,raw\n')
	lines = [l for l in parts[0].splitlines() if '\t' in l]
	return dissected(lines), followed(parts[1:])


def dissected(lines):
	"""What the dissector says, by stream number."""
	streams = collections.defaultdict(Stream)
	for line in lines:
		cells = line.split('\t')
		cells += [''] * (len(FIELDS) - len(cells))
		s = streams[int(cells[0].split(SEP)[0])]
		source = (cells[1] or cells[2]).split(SEP)[-1]
		target = (cells[4] or cells[5]).split(SEP)[-1]
		s.ends = frozenset(((source, int(cells[3])),
		    (target, int(cells[6]))))
		s.commands += map(unescape, values(cells[7]))
		s.codes += map(int, values(cells[8]))
		s.texts += values(cells[9])
	return streams


def followed(parts):
	"""Of each stream: its first node and the octets of either."""
	out = {}
	for part in parts:
		number = int(re.search(r'tcp\.stream eq (\d+)', part).group(1))
		node = re.search(r'^Node 0: (.*):(\d+)$', part, re.M)
		sides = [bytearray(), bytearray()]
		for line in part.splitlines():
			if re.fullmatch(r'\t?([0-9a-f]{2})+', line):
				sides[line[0] == '\t'] += bytes.fromhex(
				    line.strip())
		out[number] = ((node.group(1).strip('[]'),
		    int(node.group(2))), [bytes(x) for x in sides])
	return out


# --- the octets of each side, event by event ---------------------------------

def unstuffed(content, lf):
	"""Content without its stuffing; lf: lines may end with LF alone."""
	out = re.sub(rb'(\A|\r\n)\.', rb'\1', content)
	if lf:
		head, crlf, rest = content.partition(b'\r\n')
		head = re.sub(rb'(\A|\n)\.', rb'\1', head)
		rest = unstuffed(b'\r\n' + rest, False)[2:] if crlf else b''
		out = head + crlf + rest
	return out


class Walk:
	"""Follows the events of a session through what tshark reassembled."""

	def __init__(self, session, sides):
		self.session, self.sides = session, sides
		self.at = [0, 0]
		self.joined, self.told, self.cut = {}, {}, {}
		self.by_n = {e['n']: e for e in session['events']}

	def run(self):
		"""What is not as told, or None."""
		for e in self.session['events']:
			if e['kind'] == 'tls' or e['kind'] == 'gap':
				return None	# no octets to follow
			if e['kind'] not in ('command', 'reply', 'data',
			    'note'):
				continue
			turned = 'turned' in e['flags']
			side = (e['by'] == 'server') != turned
			wrong = getattr(self, e['kind'])(e, side)
			if wrong:
				return 'octets of event %d: %s' % (e['n'], wrong)
		return self.whole()

	def take(self, side, n):
		at = self.at[side]
		if n is None:	# a secret: to the end of its line
			n = self.sides[side].find(b'\n', at) + 1 - at
		self.at[side] = at + n
		return self.sides[side][at:at + n]

	def note(self, e, side):
		"""A line that is no SMTP; the rest if it has no end."""
		octets = self.sides[side]
		end = octets.find(b'\n', self.at[side]) + 1
		self.at[side] = end or len(octets)

	def command(self, e, side):
		line = self.take(side, e['octets']).rstrip(b'\n')
		if 'masked' in e['flags']:
			return None
		if 'bare-lf' not in e['flags']:
			line = line[:-1] if line[-1:] == b'\r' else line
		text = line.decode('utf-8', 'replace')
		return None if text == e['line'] or len(line) > 60000 else \
		    '%.80r, told %.80r' % (text, e['line'])

	def reply(self, e, side):
		lines = self.take(side, e['octets']).splitlines()
		texts = [l[4:].decode('utf-8', 'replace').rstrip()
		    for l in lines]
		told = [l.rstrip() for l in e['lines']]
		if 'masked' in e['flags'] or len(told) == 1000:
			return None
		return None if texts == told or e['code'] is None else \
		    '%.80r, told %.80r' % (texts, told)

	def data(self, e, side):
		of = self.by_n.get(e['of'])
		piece = self.take(side, e['octets'])
		if of and of['verb'] != 'DATA':
			content = piece
		else:
			lf = 'bare-lf' in e['flags']
			end = rb'(\A|\r?\n)\.\r?\n\Z' if lf else \
			    rb'(\A|\r\n)\.\r\n\Z'
			m = re.search(end, piece)
			content = piece[:m.end(1)] if m else piece
			content = unstuffed(content, lf)
		if len(content) != e['size']:
			return '%d octets of content, told %s' % (
			    len(content), e['size'])
		if e['message']:
			self.joined.setdefault(e['message'], []).append(
			    content)
		return None

	def whole(self):
		for side in (0, 1):
			left = self.sides[side][self.at[side]:]
			if left:
				return 'octets not told: %.60r' % left
		for m in self.session['messages']:
			content = b''.join(self.joined.get(m['n'], []))
			if m['sha256'] and hashlib.sha256(
			    content).hexdigest() != m['sha256']:
				return 'octets of message %d: another hash' % \
				    m['n']
		return None


# --- comparing ---------------------------------------------------------------

def plain(text):
	"""As tshark shows text: each octet beyond ASCII is U+FFFD."""
	out = ''.join(c if ord(c) < 128 or c == '\ufffd' else
	    '\ufffd' * len(c.encode()) for c in text)
	return out.replace('\\t', '\t').strip()


def same_line(ours, theirs):
	if '***' in ours:
		return theirs.startswith(ours.split('***')[0])
	return plain(ours) == plain(theirs)


def without_secrets(ours, theirs):
	"""Both lists of lines without those that are masked."""
	out, kept = [], []
	theirs = list(theirs)
	for line in ours:
		if line == '***':
			# tshark shows some of them as user or password
			if theirs and not re.match(r'[A-Za-z]+( |$)(?!=)',
			    theirs[0]):
				theirs.pop(0)
			continue
		out.append(line)
		if theirs:
			kept.append(theirs.pop(0))
	return out, kept + theirs


def differ(what, ours, theirs, same=lambda a, b: a == b):
	"""A sentence about the first difference of two lists, or None."""
	for i, (a, b) in enumerate(zip(ours, theirs)):
		if not same(a, b):
			return '%s %d: smtpwire %.90r, tshark %.90r' % (what,
			    i + 1, a, b)
	if len(ours) != len(theirs):
		longer = ours if len(ours) > len(theirs) else theirs
		return '%s: smtpwire has %d, tshark %d (%.90r)' % (what,
		    len(ours), len(theirs), longer[min(len(ours),
		    len(theirs))])
	return None


def compare(stream, octets, session):
	events = session['events']
	commands, theirs = without_secrets([e['line'] for e in events
	    if e['kind'] == 'command'], stream.commands)
	replies = [e for e in events if e['kind'] == 'reply']
	texts = [t for e in replies for t in e['lines'] if t]
	found = [differ('command', commands, theirs, same_line),
	    differ('reply', [e['code'] for e in replies], stream.codes),
	    differ('reply', texts, stream.texts, same_line)]
	client = (session['client']['ip'], session['client']['port'])
	first, sides = octets
	found.append(Walk(session, sides if first == client else
	    sides[::-1]).run())
	return [f for f in found if f]


def check(path, known, verbose):
	name = os.path.basename(path)
	text = run([PROGRAM, 'read', '-q', '-f', 'jsonl', '--ports',
	    '24,25,465,587,2525', path])
	told = [json.loads(line) for line in text.splitlines()]
	sessions = collections.defaultdict(list)
	for s in told:
		sessions[frozenset((s[k]['ip'], s[k]['port']) for k in
		    ('client', 'server'))].append(s)
	bad = []
	# connections that are no sessions have numbers too
	streams, octets = asked(path, len(told) + 20)
	for number, stream in sorted(streams.items()):
		label = '%s#%d' % (name, number)
		mine = sessions.get(stream.ends)
		found = compare(stream, octets[number], mine.pop(0)) \
		    if mine else ['no session']
		for f in found:
			key = '%s %s' % (label, re.split(r'[ :]', f)[0])
			if not any(fnmatch.fnmatch(key, k) for k in known):
				bad.append('%s %s' % (label, f))
			elif verbose:
				print('  listed: %s %s' % (label, f))
	return bad


def load_known():
	with open(os.path.join(HERE, 'tshark.txt'), encoding='utf-8') as f:
		return {' '.join(line.split(None, 2)[:2]) for line in f
		    if line.strip() and not line.startswith('#')}


def tell(path, bad):
	name = 'diff/tshark/' + os.path.basename(path)
	print('not ok %s: %s' % (name, bad[0].replace(':', ' -')) if bad
	    else 'ok ' + name, flush=True)
	for line in bad[1:]:
		print('  ' + line)
	return bool(bad)


def main(argv):
	verbose = '-v' in argv
	paths = [a for a in argv if a != '-v'] or sorted(
	    glob.glob('pcaps/*.pcap*'))
	try:
		version = run(['tshark', '--version']).decode()
	except OSError:
		version = ''
	if not re.search(r'^TShark.* 4\.', version):
		print('skip diff/tshark: no tshark 4')
		return 0
	if not os.access(PROGRAM, os.X_OK):
		print('not ok diff/tshark: %s is not built' % PROGRAM)
		return 1
	failed = 0
	known = load_known()
	with concurrent.futures.ThreadPoolExecutor(2) as pool:
		results = pool.map(lambda p: check(p, known, verbose), paths)
		for path, bad in zip(paths, results):
			failed += tell(path, bad)
	return 1 if failed else 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
