#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""engines.py - both TCP engines tell the same

	engines.py GENERATOR FOLDER [INPUT...]

Reads the IPv4 frames of every capture in pcaps/, of every case in
tests/cases/ and of generated traffic with each engine, and compares the
transcripts in normal form.  Where they may differ stands in engines.txt, with
the reason; a line there that nothing fits any more is an error, too.  Even
there a message that libnids' transcript has whole must be one of the native
engine's.
"""
import concurrent.futures
import fnmatch
import glob
import json
import os
import subprocess
import sys

sys.path.insert(0, 'tests/cases')
import build  # noqa: E402  # found by sys.path
import match  # noqa: E402  # found by sys.path

PROGRAM = os.path.abspath(os.environ.get('SMTPWIRE', os.path.join(
    os.environ.get('O', 'build/release'), 'smtpwire')))
LIST = 'tests/diff/engines.txt'
GENERATED = {
    'generated': [],
    'generated-one-at-a-time': ['--concurrency', '1'],
    'generated-twice': ['--dup', '0.05'],
    'generated-large': ['--sessions', '3', '--bdat', '0'],
}
ANY = ['--any-port', '--filter', 'ip']


class Known:
	"""A line of engines.txt."""

	def __init__(self, line):
		self.name, self.what, self.reason = line.split(None, 2)
		self.used = False


def known_differences():
	with open(LIST, encoding='utf-8') as f:
		return [Known(line) for line in f
		    if line.strip() and not line.startswith('#')]


def inputs(generator, folder):
	"""Name, arguments and files of each."""
	for path in sorted(glob.glob('pcaps/*.pcap')):
		yield os.path.basename(path)[:-5], ANY, [path]
	for path in sorted(glob.glob('tests/cases/*.case')):
		name = os.path.basename(path)[:-5]
		case = build.Case(path)
		expect = match.Expect(case.expect)
		os.mkdir(os.path.join(folder, name))
		files = build.build(case, os.path.join(folder, name))
		if expect.files:
			files = [files[i] for i in expect.files]
		yield 'case/' + name, expect.args + ['--filter', 'ip'], [
		    os.path.join(folder, name, f) for f in files]
	for name, arguments in GENERATED.items():
		path = os.path.join(folder, name)
		subprocess.run([generator, '--size', '8', '--sessions', '200',
		    '--concurrency', '40', '--bdat', '0.3', '-o', path] +
		    arguments, check=True)
		yield name, ['--filter', 'ip'], [path]


def sessions(engine, arguments, files):
	p = subprocess.run([PROGRAM, 'read', '-q', '--normal', '-f', 'jsonl',
	    '--engine', engine] + arguments + files, capture_output=True,
	    timeout=600, check=False)
	if p.returncode not in (0, 3):
		raise RuntimeError('%s: status %d: %s' % (engine,
		    p.returncode, p.stderr.decode('utf-8', 'replace')[-300:]))
	return {s['id']: s for s in map(json.loads, p.stdout.splitlines())}


def whole_messages(told):
	return {m['sha256'] for s in told.values() for m in s['messages']
	    if m['sha256'] and m['missing'] == 0}


def differences(native, nids):
	"""What differs, in one word each, and where."""
	if set(native) - set(nids):
		yield 'missing', 'sessions %s' % sorted(set(native) -
		    set(nids))
	if set(nids) - set(native):
		yield 'extra', 'sessions %s' % sorted(set(nids) - set(native))
	for key in set(native) & set(nids):
		for field in native[key]:
			if native[key][field] != nids[key][field]:
				yield 'other', '%s of session %s: %.300s, ' \
				    'then %.300s' % (field, key,
				    native[key][field], nids[key][field])
				break


def judge(name, native, nids, known):
	"""Why it is not right, or None."""
	strange = whole_messages(nids) - whole_messages(native)
	if strange:
		return 'a message that is not the native engine\'s: %s' % \
		    strange.pop()
	for what, where in differences(native, nids):
		k = next((k for k in known if k.what == what and
		    fnmatch.fnmatchcase(name, k.name)), None)
		if not k:
			return '%s: %s' % (what, where)
		k.used = True
	return None


def compare(one, known):
	"""How many sessions one input has, and why it is not right, or None."""
	name, arguments, files = one
	try:
		native = sessions('native', arguments, files)
		return len(native), judge(name, native, sessions('nids',
		    arguments, files), known)
	except RuntimeError as e:
		return 0, str(e)


def main(argv):
	generator, folder = argv[:2]
	known, failed, told = known_differences(), 0, 0
	todo = [i for i in inputs(generator, folder)
	    if i[0] in argv[2:] or not argv[2:]]
	with concurrent.futures.ThreadPoolExecutor(4) as pool:
		results = list(pool.map(lambda i: compare(i, known), todo))
	for (name, _, _), (count, why) in zip(todo, results):
		told += count
		failed += bool(why)
		print('%s diff/engines/%s%s' % ('not ok' if why else 'ok', name,
		    ': ' + why.replace('\n', ' ') if why else ''))
	for k in known:
		if not k.used and not argv[2:]:
			failed += 1
			print('not ok diff/engines/list: nothing is "%s %s"' %
			    (k.name, k.what))
	print('%d inputs, %d sessions' % (len(todo), told))
	return 1 if failed else 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
