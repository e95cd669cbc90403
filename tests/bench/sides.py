#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sides.py - two records of the same made-up traffic, as JSON Lines

	sides.py PROGRAM COUNT LEFT RIGHT

What `read -f jsonl` tells of one recorded session, by log and by capture, is
told COUNT times, each with hosts, names, addresses, subject, ids, sizes and
times of its own.  The log is 3 h behind.  One pair in 100 differs (the code of
a reply, a reply that is missing, another size), one session in 1000 is told on
one side alone.  The same COUNT gives the same files.
"""
import hashlib
import json
import random
import subprocess
import sys
import time

LOG, CAPTURE = 'pcaps/postfix-plain.server.log', 'pcaps/postfix-plain.pcap'
START = 1700000000
LAG = 3 * 3600
WORDS = ('report invoice weekly meeting notes draft travel budget review '
    'order delivery question answer update reminder contract minutes').split()


def first_session(program, path):
	out = subprocess.run([program, 'read', '-q', '-f', 'jsonl', path],
	    check=True, capture_output=True).stdout
	return json.loads(out.splitlines()[0])


def template(program, path, side):
	"""The session's JSON as pieces between names of what is put in."""
	s = first_session(program, path)
	s['source']['name'] = s['source']['parts'][0]['name'] = side
	text = json.dumps(s, ensure_ascii=False, separators=(',', ':'))
	# The zone and the fraction stay, the second is put in.
	marks = {s['start'][:19]: 'second', s['id']: 'id',
	    '192.0.2.10': 'ip', 'client.example.net': 'helo',
	    'alice@': 'from@', 'bob@': 'to@',
	    s['messages'][0]['queue_id']: 'queue'}
	m = s['messages'][0]
	for name in ('message_id', 'subject', 'sha256'):
		if m[name]:
			marks[m[name]] = name
	if s['client']['port']:
		marks['"port":%d' % s['client']['port']] = '"port":port'
	for old in sorted(marks, key=len, reverse=True):
		text = text.replace(old, '\0%s\0' % marks[old])
	return text.split('\0')


def fill(pieces, values):
	return ''.join(p if i % 2 == 0 else values[p]
	    for i, p in enumerate(pieces))


def values(i, rng, lag):
	digest = hashlib.sha256(b'%d' % i).hexdigest()
	second = time.strftime('%Y-%m-%dT%H:%M:%S',
	    time.gmtime(START + i * 7 // 4 - lag))
	person, other = rng.randrange(2000), rng.randrange(9000)
	return {'second': second, 'id': hashlib.sha1(b'%d %d' %
	    (i, lag)).hexdigest()[:16], 'ip': '10.%d.%d.%d' % (i >> 16,
	    i >> 8 & 255, i & 255), 'helo': 'host%d.example.net' % i,
	    'from@': 'person%d@' % person, 'to@': 'reader%d@' % other,
	    'queue': digest[:11].upper(), 'message_id': '<%s@host%d.'
	    'example.net>' % (digest[11:31], i), 'subject': ' '.join(
	    rng.choice(WORDS) for _ in range(4)), 'sha256': digest,
	    '"port":port': '"port":%d' % (1024 + i % 60000)}


def differ(text, i):
	"""The log tells something else."""
	return (text.replace('"code":250,"enhanced":"2.1.5"',
	    '"code":450,"enhanced":"4.2.1"'),
	    text.replace('250,"enhanced":"2.1.0"', '550,"enhanced":"5.1.0"'),
	    text.replace('2.1.5 Ok', '2.1.5 Accepted'),
	    text.replace('TO:<', 'TO:<x'))[i // 100 % 4]


def make(program, count, left, right):
	log = template(program, LOG, 'mail.log')
	wire = template(program, CAPTURE, 'dump.pcap')
	with open(left, 'w', encoding='utf-8') as a, \
	    open(right, 'w', encoding='utf-8') as b:
		for i in range(count):
			text = fill(log, values(i, random.Random(i), LAG))
			if i % 100 == 50:
				text = differ(text, i)
			if i % 2000 != 7:
				a.write(text + '\n')
			if i % 2000 != 1007:
				b.write(fill(wire, values(i,
				    random.Random(i), 0)) + '\n')


if __name__ == '__main__':
	if len(sys.argv) != 5:
		sys.exit('usage: sides.py PROGRAM COUNT LEFT RIGHT')
	make(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
