#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench.py - measure smtpwire and others on one capture, print a table

	bench.py PROGRAM CAPTURE FOLDER

The quick ones run five times, in turns, and the median counts; the slow ones
run once.  CPU is user and system time of the process, of smtpwire with one
thread, wall the time on the clock.  The capture is read once before, so that
all find it in memory.  Prints the tables of README.md as markdown; they are
also left in FOLDER/table.md.
"""
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

RUNS = int(os.environ.get('BENCH_RUNS', '5'))
LIMIT_S = 150
QUIET = ['-q', '-f', 'jsonl']
# Those that may be used.
PROCESSORS = len(os.sched_getaffinity(0))
# As README.md names them.
READ = 'smtpwire read -f jsonl'
ONE, ALL = READ + ' --threads 1', READ
ONE_NO_HASH, ALL_NO_HASH = (READ + ' --no-hash --threads 1',
    READ + ' --no-hash')


class Measured:
	def __init__(self):
		self.cpu, self.wall, self.rss = [], [], []

	def median(self, what):
		return statistics.median(getattr(self, what))


class Peak(threading.Thread):
	"""Watches a process: its peak memory (ru_maxrss would count what it
	was before exec), and that it does not last for ever."""

	def __init__(self, pid, limit_s):
		super().__init__()
		self.pid, self.end = pid, time.monotonic() + limit_s
		self.kib = 0
		self.over = threading.Event()
		self.start()

	def run(self):
		while not self.over.wait(0.005):
			self.look()
			if time.monotonic() > self.end:
				os.kill(self.pid, 9)
				return

	def look(self):
		try:
			with open('/proc/%d/status' % self.pid) as f:
				for line in f:
					if line.startswith('VmHWM'):
						kib = int(line.split()[1])
						self.kib = max(self.kib, kib)
		except OSError:
			pass


class Bench:
	def __init__(self, program, capture, folder):
		self.capture, self.folder = capture, folder
		read = [os.path.abspath(program), 'read'] + QUIET
		streams = os.path.join(folder, 'streams')
		mails = os.path.join(folder, 'mails')
		self.quick = {
		    'cat': ['cat', capture],
		    'wc -l': ['wc', '-l', capture],
		    'openssl dgst -sha256': ['openssl', 'dgst', '-sha256',
		        capture],
		    'tcpdump -w /dev/null': ['tcpdump', '-r', capture, '-w',
		        '/dev/null'],
		    ONE_NO_HASH: read + ['--threads', '1', '--no-hash',
		        capture],
		    ALL_NO_HASH: read + ['--no-hash', capture],
		    ONE: read + ['--threads', '1', capture],
		    ALL: read + [capture],
		}
		self.slow = {
		    'smtpwire read --eml': (read + ['--eml', mails, capture],
		        mails, min(RUNS, 3)),
		    'tcpflow': (['tcpflow', '-o', streams, '-r', capture],
		        streams, 1),
		    'mailsnarf': (['mailsnarf', '-p', capture], None, 1),
		    'tshark -Y smtp -T fields': (['tshark', '-n', '-r',
		        capture, '-Y', 'smtp', '-T', 'fields', '-e',
		        'frame.number', '-e', 'smtp.req.command', '-e',
		        'smtp.req.parameter', '-e', 'smtp.response.code',
		        '-e', 'smtp.rsp.parameter'], None, 1),
		}
		self.got = {}
		self.notes, self.made = [], []

	def run(self, argv):
		"""(cpu, wall, peak KiB); None if it failed or took long."""
		env = dict(os.environ, LC_ALL='C', TZ='UTC')
		begin = time.monotonic()
		p = subprocess.Popen(argv, stdout=subprocess.DEVNULL,
		    stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
		    env=env)
		peak = Peak(p.pid, LIMIT_S)
		_, status, use = os.wait4(p.pid, 0)
		wall = time.monotonic() - begin
		peak.over.set()
		peak.join()
		p.returncode = os.waitstatus_to_exitcode(status)
		if p.returncode == -9 or (p.returncode != 0 and
		    'smtpwire' in argv[0]):
			return None
		return use.ru_utime + use.ru_stime, wall, peak.kib

	def note(self, name, argv, folder=None):
		if name in self.got and self.got[name] is None:
			return
		if not shutil.which(argv[0]):
			self.notes.append('%s: not installed' % name)
			self.got[name] = None
			return
		if folder:
			# A fresh one each time, removed only at the end: a
			# file system is slow at inodes that were just freed.
			fresh = '%s-%d' % (folder, len(self.made))
			argv = [fresh if a == folder else a for a in argv]
			self.made.append(fresh)
			os.makedirs(fresh)
			os.sync()
		result = self.run(argv)
		if not result:
			self.notes.append('%s: failed, or not done after '
			    '%d s' % (name, LIMIT_S))
			self.got[name] = None
			return
		m = self.got.setdefault(name, Measured())
		m.cpu.append(result[0])
		m.wall.append(result[1])
		m.rss.append(result[2])

	def measure(self):
		subprocess.run(['cat', self.capture], check=False,
		    stdout=subprocess.DEVNULL)
		for _ in range(RUNS):
			for name, argv in self.quick.items():
				self.note(name, argv)
		for name, (argv, folder, times) in self.slow.items():
			for _ in range(times):
				self.note(name, argv, folder)
		for folder in self.made:
			shutil.rmtree(folder, ignore_errors=True)

	def value(self, name, what):
		m = self.got.get(name)
		return m.median(what) if m else None


def ratio(a, b):
	return a / b if a is not None and b else None


def verdict(value, must, aim):
	if value is None:
		return 'not measured'
	if value <= aim:
		return 'aim met'
	return 'must met' if value <= must else '**must missed**'


def figures(b):
	wc = b.value('wc -l', 'cpu')
	digest = b.value('openssl dgst -sha256', 'cpu')
	both = wc + digest if wc and digest else None
	rss = [b.value(n, 'rss') for n in (ALL_NO_HASH, ALL,
	    'smtpwire read --eml')]
	rss = [r / 1024 for r in rss if r]
	return [
	    ('without hashing, one thread, CPU against `wc -l`',
	        ratio(b.value(ONE_NO_HASH, 'cpu'), wc), 3.0, 2.2),
	    ('with SHA-256, one thread, CPU against `wc -l` and '
	        '`openssl dgst`', ratio(b.value(ONE, 'cpu'), both), 1.2,
	        1.0),
	    # What handing over costs is not to be paid where there is nobody.
	    ('one thread against %d, CPU, without hashing' % PROCESSORS,
	        ratio(b.value(ONE_NO_HASH, 'cpu'),
	            b.value(ALL_NO_HASH, 'cpu')), 1.05, 1.0),
	    ('the same with SHA-256', ratio(b.value(ONE, 'cpu'),
	        b.value(ALL, 'cpu')), 1.05, 1.0),
	    ('`--eml`, wall time against `tcpflow`',
	        ratio(b.value('smtpwire read --eml', 'wall'),
	            b.value('tcpflow', 'wall')), 0.5, 0.25),
	    ('without hashing, wall time against `tshark`',
	        ratio(b.value(ALL_NO_HASH, 'wall'),
	            b.value('tshark -Y smtp -T fields', 'wall')), 0.02,
	            0.01),
	    ('peak memory, MiB', max(rss) if rss else None, 96, 48),
	]


def speed_ups(b):
	"""How many times as fast all processors are: more is better."""
	return [
	    ('%d threads against one, without hashing, times as fast' %
	        PROCESSORS, ratio(b.value(ONE_NO_HASH, 'wall'),
	            b.value(ALL_NO_HASH, 'wall')), 1.3, 2),
	    ('the same with SHA-256', ratio(b.value(ONE, 'wall'),
	        b.value(ALL, 'wall')), 1.7, 2),
	]


def table(b):
	size = os.path.getsize(b.capture)
	out = ['%s: %.0f MB, medians of %d runs (slow ones: one)' % (
	    os.path.basename(b.capture), size / 1e6, RUNS), '',
	    '| program | CPU s | wall s | MB/s | peak MiB |',
	    '|---|---|---|---|---|']
	for name in list(b.quick) + list(b.slow):
		m = b.got.get(name)
		if m:
			out.append('| `%s` | %.3f | %.3f | %.0f | %.1f |' % (
			    name, m.median('cpu'), m.median('wall'),
			    size / 1e6 / m.median('wall'),
			    m.median('rss') / 1024))
	out += ['', '| figure | measured | must | aim | |',
	    '|---|---|---|---|---|']
	for what, value, must, aim in figures(b):
		shown = '-' if value is None else '%.3g' % value
		out.append('| %s | %s | %s | %s | %s |' % (what, shown, must,
		    aim, verdict(value, must, aim)))
	for what, value, must, aim in speed_ups(b):
		shown = '-' if value is None else '%.2f' % value
		out.append('| %s | %s | %s | %s | %s |' % (what, shown, must,
		    aim, verdict(ratio(1, value), 1 / must, 1 / aim)))
	if b.notes:
		out += [''] + ['- ' + n for n in b.notes]
	return '\n'.join(out) + '\n'


def main(argv):
	b = Bench(*argv)
	if not os.access(argv[0], os.X_OK):
		sys.exit('bench.py: %s is not built' % argv[0])
	b.measure()
	text = table(b)
	with open(os.path.join(b.folder, 'table.md'), 'w',
	    encoding='utf-8') as f:
		f.write(text)
	sys.stdout.write(text)
	return 1 if b.got.get(ALL) is None else 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
