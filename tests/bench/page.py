#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""page.py - measure the page of `check -f html` and a browser that shows it

	page.py PROGRAM FOLDER

BENCH_PAGE (50 000) sessions a side, made by sides.py; they and the page stay in
FOLDER.  page.mjs measures in headless Chromium, the median of BENCH_RUNS (5)
counts.  Prints markdown; it is also left in FOLDER/page.md.
"""
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import bench
import sides

COUNT = int(os.environ.get('BENCH_PAGE', '50000'))
# ms until it is painted, and the most that it may be
GOALS = {
    'first_view': ('from opening the file to the table', 2000),
    'search': ('search for two words', 200),
    'search_none': ('search for what is not there', 200),
    'all': ('all sessions again', 200),
    'kind': ('only those that differ', 200),
    'sort': ('order by client', 200),
    'scroll': ('a jump down the table', 200),
    'open': ('open a session', 200),
}


def inputs(program, folder):
	paths = [os.path.join(folder, '%s-%d.jsonl' % (side, COUNT))
	    for side in ('left', 'right')]
	if not all(os.path.exists(p) for p in paths):
		sides.make(program, COUNT, *paths)
	return paths


def run(program, form, paths, out):
	"""(seconds, MiB at most) of one run of `check`."""
	begin = time.monotonic()
	p = subprocess.Popen([program, 'check', '-q', '-f', form, '-o', out] +
	    paths, stdin=subprocess.DEVNULL)
	peak = bench.Peak(p.pid, bench.LIMIT_S)
	status = p.wait()
	wall = time.monotonic() - begin
	peak.over.set()
	peak.join()
	if status not in (0, 1):
		sys.exit('page.py: check -f %s ended with %d' % (form, status))
	return wall, peak.kib / 1024


def browse(folder, page):
	"""What page.mjs measured, or why it could not."""
	found = subprocess.run(['sh', 'tests/browser.sh',
	    os.path.join(folder, '..', 'npm')], capture_output=True, text=True)
	if found.returncode != 0:
		return None, found.stdout.strip()
	chromium, modules = found.stdout.split()
	p = subprocess.run(['node', 'tests/bench/page.mjs', modules, chromium,
	    page, str(bench.RUNS)], capture_output=True, text=True)
	if p.returncode != 0:
		return None, p.stderr.strip().splitlines()[-1]
	return json.loads(p.stdout), None


def rows(size, text, html, browser):
	yield '| size, MB | %.1f | 40 |' % (size / 1e6)
	yield '| `check -f text`, s | %.1f | |' % text[0]
	yield '| `check -f html`, s | %.1f | |' % html[0]
	yield '| peak memory of it, MiB | %.0f | |' % html[1]
	for name, (what, goal) in GOALS.items():
		if browser:
			yield '| %s, ms | %.0f | %d%s |' % (what,
			    browser[name], goal, '' if browser[name] <= goal
			    else ', **missed**')


def main(program, folder):
	program, folder = os.path.abspath(program), os.path.abspath(folder)
	paths = inputs(program, folder)
	page = os.path.join(folder, 'page-%d.html' % COUNT)
	text = run(program, 'text', paths, os.devnull)
	html = run(program, 'html', paths, page)
	browser, why = browse(folder, page)
	lines = ['', 'A page of %d sessions a side:' % COUNT, '',
	    '| figure | measured | goal |', '|---|---|---|']
	lines += rows(os.path.getsize(page), text, html, browser)
	if why:
		lines += ['', 'skip browser: ' + why]
	with open(os.path.join(folder, 'page.md'), 'w') as f:
		print('\n'.join(lines), file=f)
	print('\n'.join(lines))
	return any('missed' in s for s in lines) or \
	    os.path.getsize(page) > 40e6


if __name__ == '__main__':
	if len(sys.argv) != 3:
		sys.exit('usage: page.py PROGRAM FOLDER')
	sys.exit(main(*sys.argv[1:]))
