#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""engines.py - what each TCP engine recovers of traffic that is not all there

	engines.py SMTPWIRE GENERATOR FOLDER

The generator makes the same sessions each time; what is captured of them
differs.  Of the whole capture both engines must tell the same.  Counted is
what each tells of that: sessions (any part of them), events (commands, replies
and content that are as in the whole), messages with the right SHA-256.  A
message with another hash that claims to be whole is wrong.
"""
import collections
import json
import os
import struct
import subprocess
import sys

SESSIONS = os.environ.get('ENGINES_SESSIONS', '1000')
ENGINES = ('native', 'nids')
TRAFFIC = [
    ('all of it', [], None),
    ('1 % of the frames lost', ['--loss', '0.01'], None),
    ('5 % of the frames lost', ['--loss', '0.05'], None),
    ('5 % of the frames late', ['--reorder', '0.05'], None),
    ('5 % of the frames twice', ['--dup', '0.05'], None),
    ('the SYN of every tenth missing', [], 10),
    ('begun after all SYNs', [], 1),
    ('half of it IPv6', ['--ipv6', '0.5'], None),
]


def without_syns(path, nth):
	"""Take the first SYN of every nth connection out of an Ethernet pcap."""
	with open(path, 'rb') as f:
		data = f.read()
	out, at, seen = [data[:24]], 24, 0
	while at < len(data):
		length = struct.unpack_from('<I', data, at + 8)[0]
		frame = data[at + 16:at + 16 + length]
		at += 16 + length
		six = frame[12:14] == b'\x86\xdd'
		flags = frame[14 + (40 if six else 20) + 13]
		if flags & 0x12 == 0x02:
			seen += 1
			if seen % nth == 0:
				continue
		out.append(data[at - 16 - length:at])
	with open(path, 'wb') as f:
		f.write(b''.join(out))


def key(session):
	return tuple((session[k]['ip'], session[k]['port'])
	    for k in ('client', 'server'))


def events(session):
	"""What happened, without places."""
	return collections.Counter(json.dumps([e.get(k) for k in ('by', 'kind',
	    'line', 'code', 'lines', 'size', 'sha256')])
	    for e in session['events']
	    if e['kind'] in ('command', 'reply', 'data'))


def hashes(session):
	return collections.Counter(m['sha256'] for m in session['messages']
	    if m['sha256'] and m['missing'] == 0)


def read(program, engine, path):
	p = subprocess.run([program, 'read', '-q', '--normal', '-f', 'jsonl',
	    '--engine', engine, path], capture_output=True, check=True)
	told = {}
	for s in map(json.loads, p.stdout.splitlines()):
		told.setdefault(key(s), []).append(s)
	return told


def recovered(whole, told):
	"""Sessions, events, messages; messages that are wrong."""
	n = [0, 0, 0, 0]
	for k, sessions in told.items():
		n[0] += k in whole
		for count, of in ((1, events), (2, hashes)):
			want, got = (sum(map(of, part), collections.Counter())
			    for part in (whole.get(k, []), sessions))
			n[count] += sum((want & got).values())
			if of is hashes:
				n[3] += sum((got - want).values())
	return n


def make(generator, folder, arguments, nth):
	path = os.path.join(folder, 'engines.pcap')
	subprocess.run([generator, '--size', '40', '--sessions', SESSIONS,
	    '--concurrency', '50', '-o', path] + arguments, check=True)
	if nth:
		without_syns(path, nth)
	return path


def main(argv):
	program, generator, folder = argv
	failed = False
	print('| captured | engine | sessions | events | messages | wrong |')
	print('|---|---|---|---|---|---|')
	for name, arguments, nth in TRAFFIC:
		base = arguments if '--ipv6' in arguments else ['--ipv6', '0']
		whole = read(program, 'native', make(generator, folder, base,
		    None))
		all_of_it = recovered(whole, whole)
		path = make(generator, folder, base + arguments, nth)
		for engine in ENGINES:
			n = recovered(whole, read(program, engine, path))
			print('| %s | %s | %s | %d |' % (name, engine,
			    ' | '.join('%d of %d' % both
			    for both in zip(n[:3], all_of_it)), n[3]))
			if not arguments and not nth and n != all_of_it:
				print('the engines differ where nothing is '
				    'missing', file=sys.stderr)
				failed = True
	return 1 if failed else 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
