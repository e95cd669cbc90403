#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tshark.py - does tshark say the same of the captures in pcaps/?

	tshark.py [-v] [CAPTURE...]		(SMTPWIRE names the program)

For each TCP stream in which both see SMTP: the command lines (and with them
the envelopes) and the replies that tshark's dissector finds; and, since it
leaves dots stuffed and loses content, the octets of each message out of what
`follow,tcp,raw` hands out, cut and un-stuffed here.  tests/diff/tshark.txt
lists the differences that are tshark's, with the reason.
"""
import collections
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
PORTS = ('2525', '2526')


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


def dissected(path):
	"""What tshark's dissector says, by stream number."""
	argv = ['-Y', 'smtp', '-T', 'fields', '-E', 'separator=/t',
	    '-E', 'occurrence=a', '-E', 'aggregator=' + SEP]
	for field in FIELDS:
		argv += ['-e', field]
	streams = collections.defaultdict(Stream)
	for line in tshark(path, *argv).splitlines():
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


def followed(path, number):
	"""The octets of the client and of the server of a stream."""
	text = tshark(path, '-q', '-z', 'follow,tcp,raw,%d' % number)
	sides = [bytearray(), bytearray()]
	for line in text.splitlines():
		if re.fullmatch(r'\t?([0-9a-f]{2})+', line):
			sides[line[0] == '\t'] += bytes.fromhex(line.strip())
	return bytes(sides[0]), bytes(sides[1])


def unstuffed(content):
	return re.sub(rb'(\A|\r\n)\.', rb'\1', content)


def contents(session, octets):
	"""(size, hash) of each accepted DATA or BDAT, cut out of octets."""
	out = []
	joined = b''
	at = 0
	for e in session['events']:
		if e['kind'] == 'tls':
			break
		if e['kind'] == 'command':
			end = octets.find(b'\n', at)
			at = end + 1 if end >= 0 else len(octets)
		elif e['kind'] == 'data':
			of = next((c for c in session['events']
			    if c['n'] == e['of']), None)
			if of and of['verb'] == 'BDAT':
				words = of['argument'].split()
				piece = octets[at:at + int(words[0])]
				at += len(piece)
				if e['message'] is None:
					continue
				joined += piece
				if len(words) > 1:
					out.append(joined)
					joined = b''
				continue
			if of and of['verb'] != 'DATA':
				at += e['size']
				continue
			end = octets.find(b'\r\n.\r\n', at - 2)
			if end < 0:
				out.append(unstuffed(octets[at:]))
				break
			out.append(unstuffed(octets[at:max(end + 2, at)]))
			at = end + 5
		if e['kind'] == 'command' and e['verb'] == 'BDAT' and \
		    e['argument'].upper() == '0 LAST':
			out.append(joined)
			joined = b''
	return [(len(c), hashlib.sha256(c).hexdigest()) for c in out]


def same_line(ours, theirs):
	if '***' in ours:
		return theirs.startswith(ours.split('***')[0])
	return ours.rstrip() == theirs.rstrip()


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


def compare(path, number, stream, session):
	events = session['events']
	commands = [e['line'] for e in events if e['kind'] == 'command' and
	    e['line'] != '***']
	replies = [e for e in events if e['kind'] == 'reply']
	texts = [t for e in replies for t in e['lines'] if t]
	found = [differ('command', commands, stream.commands, same_line),
	    differ('reply', [e['code'] for e in replies], stream.codes),
	    differ('reply line', texts, stream.texts, same_line)]
	first, second = followed(path, number)
	server_first = re.match(rb'[0-9]{3}[ -]', first)
	told = [(m['size'], m['sha256']) for m in session['messages']
	    if m['size'] is not None]
	found.append(differ('message', told, contents(session,
	    second if server_first else first)))
	return [f for f in found if f]


def check(path, known, verbose):
	name = os.path.basename(path)
	text = run([PROGRAM, 'read', '-q', '-f', 'jsonl', path])
	sessions = collections.defaultdict(list)
	for line in text.splitlines():
		s = json.loads(line)
		sessions[frozenset((s[k]['ip'], s[k]['port']) for k in
		    ('client', 'server'))].append(s)
	bad = []
	for number, stream in sorted(dissected(path).items()):
		label = '%s#%d' % (name, number)
		mine = sessions.get(stream.ends)
		found = compare(path, number, stream, mine.pop(0)) if mine \
		    else ['no session']
		for f in found:
			key = '%s %s' % (label, re.split(r'[ :]', f)[0])
			if key not in known:
				bad.append('%s %s' % (label, f))
			elif verbose:
				print('  listed: %s %s' % (label, f))
	return bad


def load_known():
	with open(os.path.join(HERE, 'tshark.txt'), encoding='utf-8') as f:
		return {' '.join(line.split()[:2]) for line in f
		    if line.strip() and not line.startswith('#')}


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
	failed = 0
	for path in paths:
		bad = check(path, load_known(), verbose)
		name = 'diff/tshark/' + os.path.basename(path)
		print('not ok %s: %s' % (name, bad[0].replace(':', ' -'))
		    if bad else 'ok ' + name)
		for line in bad[1:]:
			print('  ' + line)
		failed += bool(bad)
	return 1 if failed else 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
