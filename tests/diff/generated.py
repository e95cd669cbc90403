#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""generated.py - the same traffic, captured in several ways

	generated.py GENERATOR FOLDER

Frames out of order, twice, or in another container change no transcript;
lost frames change no more than what is told as missing.
"""
import json
import os
import subprocess
import sys

PROGRAM = os.path.abspath(os.environ.get('SMTPWIRE', os.path.join(
    os.environ.get('O', 'build/release'), 'smtpwire')))


def transcripts(generator, folder, *arguments):
	"""Sessions by id; what differs between records left out."""
	path = os.path.join(folder, 'traffic')
	subprocess.run([generator, '--size', '8', '--sessions', '300',
	    '--concurrency', '40', '--ipv6', '0.3', '--bdat', '0.3', '-o',
	    path] + list(arguments), check=True)
	p = subprocess.run([PROGRAM, 'read', '-q', '--normal', '-f', 'jsonl',
	    path], capture_output=True, check=True)
	return {s['id']: s for s in map(json.loads, p.stdout.splitlines())}


def equal(want, got):
	"""Why got is not want, or None."""
	if set(want) != set(got):
		return '%d sessions, %d others' % (len(want),
		    len(set(want) ^ set(got)))
	for key, session in want.items():
		for field in session:
			if session[field] != got[key][field]:
				return 'session %s: %s: %.200s, then %.200s' \
				    % (key, field, session[field],
				    got[key][field])
	return None


def lossy(want, got):
	"""Why the lossy record contradicts the whole one, or None."""
	by_ends = {ends(s): s for s in want.values()}
	sure = 0
	for s in got.values():
		whole = by_ends.get(ends(s))
		if not whole:
			return 'a session of nobody: %s' % s['id']
		for m in s['messages']:
			first = next((w for w in whole['messages']
			    if w['from'] == m['from'] or m['from'] is None),
			    None)
			if not first:
				return 'a sender of nobody: %s' % m['from']
			sizes = [w['size'] for w in whole['messages']]
			hashes = [w['sha256'] for w in whole['messages']]
			if m['sha256'] and m['sha256'] not in hashes:
				return 'another hash: %s %d' % (s['id'],
				    m['n'])
			if m['size'] is None or m['missing'] is None:
				continue
			# missing counts the wire: dots are stuffed there
			over = [m['size'] + m['missing'] - n for n in sizes]
			if m['code'] == 250 and m['from'] is not None and \
			    not any(0 <= n <= m['missing'] // 78 for n in over):
				return '%s: size %d and missing %d are not ' \
				    'in %s' % (s['id'], m['size'],
				    m['missing'], sizes)
			sure += 1
	return None if sure > len(want) // 2 else 'only %d messages' % sure


def ends(s):
	return tuple((s[k]['ip'], s[k]['port']) for k in ('client', 'server'))


def main(argv):
	generator, folder = argv
	if not os.access(PROGRAM, os.X_OK):
		print('not ok diff/generated: %s is not built' % PROGRAM)
		return 1
	whole = transcripts(generator, folder)
	ways = {
	    'pcapng': (equal, ['--format', 'pcapng']),
	    'reordered': (equal, ['--reorder', '0.05']),
	    'twice': (equal, ['--dup', '0.05']),
	    'all': (equal, ['--reorder', '0.1', '--dup', '0.1', '--format',
	        'pcapng']),
	    'lost-0.1%': (lossy, ['--loss', '0.001']),
	    'lost-2%': (lossy, ['--loss', '0.02']),
	}
	failed = 0
	if len(whole) != 300:
		print('not ok diff/generated/whole: %d sessions, not 300' %
		    len(whole))
		failed = 1
	for name, (judge, arguments) in ways.items():
		why = judge(whole, transcripts(generator, folder, *arguments))
		print('%s diff/generated/%s%s' % ('not ok' if why else 'ok',
		    name, ': ' + why if why else ''))
		failed += bool(why)
	return 1 if failed else 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
