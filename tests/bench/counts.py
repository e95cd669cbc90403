#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""counts.py - instructions per megabyte, held against those recorded

	counts.py PROGRAM GEN GEN_LOGS FOLDER [--record]

Callgrind counts the instructions of one thread for a small and a larger
generated input; the difference is what a megabyte costs, without the start,
which is a row of its own.  Such counts are the same whatever else the machine
does, to a tenth of a percent.  Exit status 1: a row has grown by more than
GROWTH since tests/bench/baseline was recorded; --record writes it anew.

Counts are those of the default build with one compiler and C library, which
chooses its routines by the processor's vectors; the baseline says which.
Where they are others, counts are told and none is too many.
"""
import os
import platform
import re
import shutil
import subprocess
import sys

BASELINE = 'tests/bench/baseline'
GROWTH = 0.03
SMALL_MB, LARGE_MB = 2, 10
KB_A_SESSION = 30
READ = ['read', '-q', '-f', 'jsonl', '--threads', '1']
LOGS = ['iis-w3c', 'exchange-connector', 'exchange-ims']
HEAD = '''# Thousands of instructions per megabyte of input, one thread, by callgrind.
# `make bench-check` compares, `make bench-baseline` records anew.
'''


def output(*argv):
	return subprocess.run(argv, capture_output=True, text=True,
	    check=False).stdout.strip()


def made_with(folder):
	"""What counts depend on beside smtpwire."""
	with open(os.path.join(folder, '.flags'), encoding='utf-8') as f:
		compiler = f.read().split()[0]
	with open('/proc/cpuinfo', encoding='utf-8') as f:
		found = re.search(r'^flags.*\b(avx2?)\b', f.read(), re.M)
	return 'gcc %s, %s %s, %s, %s, %s' % (output(compiler,
	    '-dumpfullversion', '-dumpversion'), *platform.libc_ver(),
	    platform.machine(), found.group(1) if found else 'no avx',
	    output('valgrind', '--version'))


def is_default_build(folder):
	"""gcc, -O3 and link-time optimization: others take other counts."""
	try:
		with open(os.path.join(folder, '.flags'),
		    encoding='utf-8') as f:
			flags = f.read().split()
	except OSError:
		return False
	return '-O3' in flags and '-flto=auto' in flags


class Counter:
	def __init__(self, program, generator, log_generator, folder):
		self.program = os.path.abspath(program)
		self.generator, self.logs = generator, log_generator
		self.folder = os.path.join(folder, 'counts')
		shutil.rmtree(self.folder, ignore_errors=True)
		os.makedirs(self.folder)

	def path(self, name):
		return os.path.join(self.folder, name)

	def capture(self, mb):
		"""A capture, and the log of its server."""
		names = self.path('%d.pcap' % mb), self.path('%d.log' % mb)
		if not os.path.exists(names[0]):
			subprocess.run([self.generator, '--size', str(mb),
			    '--sessions', str(mb * 1000 // KB_A_SESSION),
			    '--concurrency', '50', '-o', names[0], '--log',
			    names[1]], check=True)
		return names

	def log(self, name, mb):
		path = self.path('%s-%d.log' % (name, mb))
		subprocess.run([self.logs, '--format', name, '--size', str(mb),
		    '-o', path], check=True)
		return path

	def run(self, argv):
		"""Instructions of one run."""
		env = {'LC_ALL': 'C', 'TZ': 'UTC', 'PATH': os.environ['PATH']}
		p = subprocess.run(['valgrind', '--tool=callgrind',
		    '--callgrind-out-file=/dev/null', self.program] + argv,
		    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
		    stderr=subprocess.PIPE, text=True, env=env, check=False)
		found = re.search(r'Collected : (\d+)', p.stderr)
		if p.returncode != 0 or not found:
			sys.exit('counts.py: %s failed: %s' % (' '.join(argv),
			    p.stderr[-500:]))
		return int(found.group(1))

	def per_mb(self, arguments):
		"""arguments(mb) gives the command and the files it reads."""
		counts, sizes = [], []
		for mb in (SMALL_MB, LARGE_MB):
			argv, files = arguments(mb)
			counts.append(self.run(argv + files))
			sizes.append(sum(os.path.getsize(f) for f in files))
		return (counts[1] - counts[0]) / (sizes[1] - sizes[0]) * 1e3

	def rows(self):
		"""(name, thousands of instructions) of each."""
		for name, options in (('capture --no-hash', ['--no-hash']),
		    ('capture', [])):
			yield name, self.per_mb(lambda mb: (READ + options,
			    [self.capture(mb)[0]]))
		yield 'capture --eml', self.per_mb(lambda mb: (READ + ['--eml',
		    self.path('mails-%d' % mb)], [self.capture(mb)[0]]))
		for name in LOGS:
			yield name, self.per_mb(lambda mb: (READ,
			    [self.log(name, mb)]))
		yield 'check', self.per_mb(lambda mb: (['check', '-q',
		    '--threads', '1'], list(self.capture(mb))))
		yield 'start', self.run(READ + ['pcaps/postfix-plain.pcap']) \
		    / 1e3


def recorded():
	"""(what it was made with, {name: count})."""
	made, rows = '', {}
	try:
		with open(BASELINE, encoding='utf-8') as f:
			for line in f:
				found = re.match(r'# made with (.*)', line)
				if found:
					made = found.group(1)
				elif not line.startswith('#'):
					name, count = line.rsplit(None, 1)
					rows[name] = float(count)
	except OSError:
		pass
	return made, rows


def record(made, rows):
	with open(BASELINE, 'w', encoding='utf-8') as f:
		f.write(HEAD + '# made with %s\n' % made)
		for name, count in rows:
			f.write('%-20s %9.0f\n' % (name, count))
			print('%-20s %9.0f' % (name, count), flush=True)


def compare(made, rows):
	before_made, before = recorded()
	grown = 0
	for name, count in rows:
		was = before.get(name)
		change = count / was - 1 if was else None
		text = 'not recorded' if change is None else \
		    'has grown' if change > GROWTH else \
		    'less: make bench-baseline' if change < -GROWTH else ''
		grown += change is None or change > GROWTH
		print(('%-20s %9.0f %9s %8s  %s' % (name, count,
		    '%.0f' % was if was else '-', '%+.1f %%' % (change * 100)
		    if was else '-', text)).rstrip(), flush=True)
	print('%d of them grown by more than %.0f %%' % (grown, GROWTH * 100))
	if before and made != before_made:
		print('skip bench-check: recorded with %s, this is %s: not '
		    'held against each other' % (before_made, made))
		return 0
	return 1 if grown else 0


def main(argv):
	new = '--record' in argv
	program, generator, logs, folder = [a for a in argv if a != '--record']
	if not shutil.which('valgrind'):
		print('skip bench-check: valgrind is not installed')
		return 0
	built = os.path.dirname(program)
	if not is_default_build(built):
		print('bench-check: not the default build, which is made with '
		    '-O3 and -flto=auto', file=sys.stderr)
		return 2
	counter = Counter(program, generator, logs, folder)
	made = made_with(built)
	status = 0
	if new:
		record(made, counter.rows())
	else:
		status = compare(made, counter.rows())
	shutil.rmtree(counter.folder)
	return status


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
