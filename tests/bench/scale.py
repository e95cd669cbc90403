#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scale.py - what a megabyte costs, of small captures and of huge ones

	scale.py PROGRAM GEN FOLDER

gen streams captures, which are stored nowhere, into `smtpwire read -`: of 10 MB
to BENCH_SCALE_GB (53.7, which are 50 GiB) with 200 sessions at a time; and of
one size with 10 to 100 000 at a time.  No two connections have the same hosts,
ports and times.  Prints markdown and gnuplot's plots; they are also left in
FOLDER/scale.md and, where gnuplot is installed, FOLDER/scale-*.svg.

CPU is that of smtpwire with one thread, the lowest of its runs, without what is
not the work of a megabyte: where the line through 10 and 40 MB is at 0, which
is the start and the first touch of memory and code.  A small one runs so often
that it is the same work as a large one, and all in turns, so that all meet what
else the machine does.  Both programs have one processor for the two of them:
otherwise the octets come from another core's cache or not, as the scheduler
likes, which makes a quarter.  A megabyte is one of those that gen wrote, not of
those that it was asked for.

Exit status 1: memory grows with the size of the capture, a session or an octet
was not told, or a megabyte's cost is not flat over sizes.
"""
import json
import os
import shutil
import subprocess
import sys

LARGEST_MB = round(float(os.environ.get('BENCH_SCALE_GB', '53.7')) * 1000)
SIZES = [mb for mb in (10, 100, 1000, 10000) if mb < LARGEST_MB] + [LARGEST_MB]
SIZES_FLOWS = 200
START_MB = 40	# whose cost, with that of the smallest, tells the start's
FLOWS = [10, 100, 1000, 10000, 100000]
FLOWS_MB = 3100
KB_A_SESSION = 31
TURNS = 3
TURN_MB = 350	# of a small one, in a turn
FLAT = 1.25	# the most that a megabyte costs against the least, by size
MEMORY_MIB = 64	# more than this no size may take
# An open session takes some 7 KiB: the default is for 25 000.
MEMORY = '4G'


class Run:
	"""One capture that was streamed through."""

	def __init__(self, mb, flows):
		self.mb, self.flows = mb, flows
		self.sessions = max(1, round(mb * 1000) // KB_A_SESSION)
		self.cpu = None

	def take_turn(self, turn, program, generator, folder):
		if turn > 0 and self.mb >= 5000:
			return
		for _ in range(max(1, round(TURN_MB / max(self.mb, 10)))):
			self.once(program, generator, folder)

	def once(self, program, generator, folder):
		account = os.path.join(folder, 'scale-account.json')
		octets = os.path.join(folder, 'scale-octets')
		made = subprocess.Popen([generator, '--size', str(self.mb),
		    '--sessions', str(self.sessions), '--concurrency',
		    str(self.flows), '--octets', octets],
		    stdout=subprocess.PIPE)
		p = subprocess.Popen([os.path.abspath(program), 'read', '-q',
		    '-f', 'jsonl', '--no-hash', '--threads', '1', '--memory',
		    MEMORY, '--account', account, '-'], stdin=made.stdout,
		    stdout=subprocess.DEVNULL)
		made.stdout.close()
		_, status, use = os.wait4(p.pid, 0)
		p.returncode = os.waitstatus_to_exitcode(status)
		if made.wait() != 0 or p.returncode != 0:
			sys.exit('scale.py: %d MB failed' % self.mb)
		cpu = use.ru_utime + use.ru_stime
		self.cpu = min(self.cpu or cpu, cpu)
		# No less than what python had before exec, some 20.
		self.mib = use.ru_maxrss / 1024
		with open(account, encoding='utf-8') as f:
			self.account = json.load(f)
		with open(octets, encoding='utf-8') as f:
			self.octets = int(f.read())

	def take_off(self, start):
		self.cpu = max(self.cpu - start, 0)

	def ms_per_mb(self):
		return self.cpu * 1e9 / self.octets

	def is_whole(self):
		a = self.account
		return a['sessions'] == self.sessions and \
		    not any(a[n] for n in ('octets_missing',
		        'connections_limit', 'connections_memory_limit'))


def start_of(few, more):
	"""Where the line through both is at 0 MB, in s."""
	slope = (more.cpu - few.cpu) / (more.octets - few.octets)
	return max(few.cpu - slope * few.octets, 0)


def table(head, runs, what):
	yield ''
	yield '| %s | CPU s | ms/MB | sessions | peak MiB |' % head
	yield '|---|---|---|---|---|'
	for r in runs:
		yield '| %s | %.3g | %.3f | %d | %.0f |' % (what(r), r.cpu,
		    r.ms_per_mb(), r.sessions, r.mib)


def plot(terminal, title, runs, what, output=None):
	"""By gnuplot; its text, or what it wrote to output."""
	data = '\n'.join('%g %g' % (what(r), r.ms_per_mb()) for r in runs)
	top = max(r.ms_per_mb() for r in runs) * 1.25
	commands = ['set terminal ' + terminal,
	    'set output "%s"' % output if output else '',
	    'set logscale x', 'set format x "10^%T"', 'set yrange [0:%g]' % top,
	    'set xlabel "%s"' % title, 'set ylabel "ms/MB"', 'unset key',
	    'set tics nomirror', '$d << E', data, 'E',
	    'plot $d with linespoints']
	return subprocess.run(['gnuplot'], input='\n'.join(commands) + '\n',
	    capture_output=True, text=True, check=True).stdout


def plots(folder, series):
	if not shutil.which('gnuplot'):
		yield 'skip plot: gnuplot is not installed'
		return
	for name, title, runs, what in series:
		yield '```'
		text = plot('dumb size 72,16', title, runs, what)
		yield '\n'.join(line.rstrip() for line in
		    text.strip('\n\f').split('\n'))
		yield '```'
		plot('svg size 640,320', title, runs, what, os.path.join(
		    folder, 'scale-%s.svg' % name))


def faults(by_size, by_flows):
	for r in by_size + by_flows:
		if not r.is_whole():
			yield '%d MB, %d at a time: not all was told' % (r.mb,
			    r.flows)
	for r in by_size:
		if r.mib > MEMORY_MIB:
			yield '%d MB took %.0f MiB' % (r.mb, r.mib)
	costs = [r.ms_per_mb() for r in by_size]
	if max(costs) > min(costs) * FLAT:
		yield 'a megabyte costs from %.3f to %.3f ms' % (min(costs),
		    max(costs))


def main(argv):
	program, generator, folder = argv
	by_size = [Run(mb, SIZES_FLOWS) for mb in SIZES]
	by_flows = [Run(FLOWS_MB, n) for n in FLOWS]
	more = Run(START_MB, SIZES_FLOWS)
	os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
	for turn in range(TURNS):
		for r in by_size + [more] + by_flows:
			r.take_turn(turn, program, generator, folder)
	start = start_of(by_size[0], more)
	for r in by_size + by_flows:
		r.take_off(start)
	lines = ['the start takes %.1f ms, which are taken off' %
	    (start * 1e3)]
	lines += table('MB', by_size, lambda r: r.mb)
	lines += table('at a time', by_flows, lambda r: r.flows)
	lines += ['']
	lines += plots(folder, [
	    ('size', 'MB of capture', by_size, lambda r: r.mb),
	    ('flows', 'sessions at a time', by_flows, lambda r: r.flows)])
	wrong = ['**%s**' % f for f in faults(by_size, by_flows)]
	text = '\n'.join(lines + wrong) + '\n'
	with open(os.path.join(folder, 'scale.md'), 'w',
	    encoding='utf-8') as f:
		f.write(text)
	sys.stdout.write(text)
	return 1 if wrong else 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
