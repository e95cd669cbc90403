#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""logs.py - measure smtpwire on logs that gen_logs makes, print a table

	logs.py PROGRAM GEN_LOGS FOLDER

One log of each format, BENCH_LOG_MB (500) in size; they stay in FOLDER.
`wc -l` and `smtpwire read -f jsonl` run in turns, BENCH_RUNS (5) times, and
the medians count.  Prints markdown; it is also left in FOLDER/logs.md.
"""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
import bench

MB = int(os.environ.get('BENCH_LOG_MB', '500'))
FORMATS = ['iis-w3c', 'exchange-connector', 'exchange-ims']
SPEED_MUST = 250	# MB/s
MEMORY_MUST = 64	# MiB


def make(generator, folder, name):
	path = os.path.join(folder, '%s-%d.log' % (name, MB))
	if not os.path.exists(path):
		part = path + '.part'
		subprocess.run([generator, '--format', name, '--size',
		    str(MB), '-o', part], check=True)
		os.rename(part, path)
	return path


class Logs(bench.Bench):
	"""The runs of bench.Bench on one log."""

	def __init__(self, program, path, folder):
		super().__init__(program, path, folder)
		self.quick = {
		    'wc -l': ['wc', '-l', path],
		    'smtpwire read': [os.path.abspath(program), 'read'] +
		        bench.QUIET + [path],
		}
		self.slow = {}


def row(name, b):
	wc, cpu = b.value('wc -l', 'cpu'), b.value('smtpwire read', 'cpu')
	wall = b.value('smtpwire read', 'wall')
	rss = b.value('smtpwire read', 'rss')
	if not wall:
		return '| %s | - | - | - | - | - | failed |' % name, False
	speed = os.path.getsize(b.capture) / 1e6 / wall
	ratio = bench.ratio(cpu, wc)
	text = bench.verdict(ratio, 25, 15)
	if speed < SPEED_MUST or rss / 1024 > MEMORY_MUST:
		text = '**must missed**'
	return '| `%s` | %.3f | %.3f | %.1f | %.0f | %.1f | %s |' % (name,
	    wc, cpu, ratio, speed, rss / 1024, text), True


def main(argv):
	program, generator, folder = argv
	out = ['', 'logs of %d MB, medians of %d runs; must: %d MB/s, CPU 25 '
	    'times that of `wc -l` (aim 15), %d MiB' % (MB, bench.RUNS,
	    SPEED_MUST, MEMORY_MUST), '',
	    '| log | `wc -l` CPU s | CPU s | times | MB/s | peak MiB | |',
	    '|---|---|---|---|---|---|---|']
	good = True
	for name in FORMATS:
		b = Logs(program, make(generator, folder, name), folder)
		b.measure()
		line, fine = row(name, b)
		out.append(line)
		good = good and fine
	text = '\n'.join(out) + '\n'
	with open(os.path.join(folder, 'logs.md'), 'w',
	    encoding='utf-8') as f:
		f.write(text)
	sys.stdout.write(text)
	return 0 if good else 1


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
