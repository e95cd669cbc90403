#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check.py - measure `smtpwire check` on a log and a capture of one traffic

	check.py PROGRAM GEN FOLDER

gen makes both, of BENCH_CHECK_SESSIONS (100000) sessions; they stay in
FOLDER.  `read -f jsonl` of each and `check` run in turns, BENCH_RUNS (5)
times, and the medians count.  Prints markdown; it is also left in
FOLDER/check.md.
"""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import bench

SESSIONS = int(os.environ.get('BENCH_CHECK_SESSIONS', '100000'))
SIZE_MB = 400 * SESSIONS // 100000
TIMES_MUST = 2		# the wall time of reading both
FIXED_MIB, EACH_OCTETS = 64, 512
AHEAD_S = 7203.5	# of the server's clock


def make(generator, folder):
	"""The log and the capture."""
	stem = os.path.join(folder, 'check-%d' % SESSIONS)
	names = stem + '.log', stem + '.pcap'
	if not all(os.path.exists(name) for name in names):
		subprocess.run([generator, '--size', str(SIZE_MB),
		    '--sessions', str(SESSIONS), '--ahead', str(AHEAD_S),
		    '--log', names[0] + '.part', '-o', names[1] + '.part'],
		    check=True)
		for name in names:
			os.rename(name + '.part', name)
	return names


class Check(bench.Bench):
	"""The runs of bench.Bench on both."""

	def __init__(self, program, log, capture, folder):
		super().__init__(program, capture, folder)
		program = os.path.abspath(program)
		self.quick = {
		    'read log': [program, 'read'] + bench.QUIET + [log],
		    'read capture': [program, 'read'] + bench.QUIET +
		        [capture],
		    'check': [program, 'check', '-q', log, capture],
		}
		self.slow = {}


def agrees(program, log, capture):
	"""Is every session paired with itself, and nothing found?"""
	p = subprocess.run([program, 'check', '-q', '-f', 'json', log,
	    capture], stdout=subprocess.PIPE, check=False)
	if p.returncode != 0:
		return False
	s = json.loads(p.stdout)['summary']
	return s['agrees'] == SESSIONS and not s['findings'] and \
	    not s['left_only'] and not s['right_only']


def table(b):
	read = ['read log', 'read capture']
	both = sum(b.value(n, 'wall') for n in read)
	times = b.value('check', 'wall') / both
	rss = b.value('check', 'rss') / 1024
	must = FIXED_MIB + SESSIONS * EACH_OCTETS / 2 ** 20
	out = ['', 'a log and a capture of %d sessions, medians of %d runs' %
	    (SESSIONS, bench.RUNS), '',
	    '| program | CPU s | wall s | peak MiB |', '|---|---|---|---|']
	for name in read + ['check']:
		out.append('| `%s` | %.2f | %.2f | %.1f |' % (name,
		    b.value(name, 'cpu'), b.value(name, 'wall'),
		    b.value(name, 'rss') / 1024))
	out += ['', '| figure | measured | must | |', '|---|---|---|---|',
	    '| `check`, wall against reading both | %.2f | %s | %s |' %
	    (times, TIMES_MUST, bench.verdict(times, TIMES_MUST, 0)),
	    '| peak resident memory, MiB | %.0f | %.0f | %s |' %
	    (rss, must, bench.verdict(rss, must, 0))]
	return '\n'.join(out) + '\n'


def main(argv):
	program, generator, folder = argv
	log, capture = make(generator, folder)
	if not agrees(program, log, capture):
		print('check: the log and the capture do not agree')
		return 1
	b = Check(program, log, capture, folder)
	b.measure()
	if any(b.got.get(name) is None for name in b.quick):
		print('check: ' + '; '.join(b.notes))
		return 1
	text = table(b)
	with open(os.path.join(folder, 'check.md'), 'w',
	    encoding='utf-8') as f:
		f.write(text)
	sys.stdout.write(text)
	return 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
