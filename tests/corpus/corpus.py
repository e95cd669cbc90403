#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""corpus.py - read captures that others made, compare with what is known

	corpus.py [-v] [PROGRAM [FOLDER]]	(SMTPWIRE, ../shared/captures)

Every file of FOLDER must be read without a crash, a hang (20 s) or a
sanitizer's report.  FOLDER/facts.jsonl tells of each TCP stream on an SMTP
port how many commands and replies it has, the envelopes with their codes,
sizes of content, chunks, STARTTLS and AUTH; each stream is compared with the
session of the same hosts.  tests/corpus/differences.txt lists the streams
where the facts are wrong, or count otherwise, with the reason; only others
make the test fail.
"""
import collections
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT_S = int(os.environ.get('CORPUS_SECONDS', '120'))
NOT_CAPTURES = {'INDEX.tsv', 'README.md', 'facts.jsonl'}
DEFAULT_PORTS = {25, 465, 587, 2525}
REPORT = re.compile(rb'(ERROR: \w+Sanitizer|runtime error:)[^\n]*')


def read(program, path, arguments):
	"""(sessions, None) or (sessions, what went wrong)"""
	argv = [program, 'read', '-q', '-f', 'jsonl'] + arguments + [path]
	try:
		p = subprocess.run(argv, capture_output=True, timeout=LIMIT_S,
		    stdin=subprocess.DEVNULL, check=False)
	except subprocess.TimeoutExpired:
		return [], 'not done after %d s' % LIMIT_S
	report = REPORT.search(p.stderr)
	if report:
		return [], report.group(0).decode('utf-8', 'replace')
	if p.returncode not in (0, 3):
		return [], 'status %d: %s' % (p.returncode,
		    p.stderr[-200:].decode('utf-8', 'replace').strip())
	try:
		return [json.loads(l) for l in p.stdout.splitlines()], None
	except ValueError as e:
		return [], 'not JSON: %s' % e


def capture_files(folder):
	for where, folders, names in os.walk(folder):
		folders.sort()
		for name in sorted(names):
			if name not in NOT_CAPTURES:
				yield os.path.relpath(os.path.join(where,
				    name), folder)


# --- a session as the facts count it -----------------------------------------

def endpoint(e):
	ip = e['ip']
	return ('[%s]:%s' if ':' in ip else '%s:%s') % (ip, e['port'])


class Told:
	"""What a session tells, by the facts' names."""

	def __init__(self, session):
		self.session = session
		self.events = session['events']
		self.answers = collections.defaultdict(list)
		for e in self.of('reply'):
			if e['to']:
				self.answers[e['to']].append(e['code'])

	def of(self, kind):
		return [e for e in self.events if e['kind'] == kind]

	def code(self, n, last=False):
		codes = self.answers.get(n)
		return codes[-1 if last else 0] if codes else None

	def commands(self):
		return self.of('command')

	def of_verb(self, verb):
		return [(e['line'], self.code(e['n'])) for e in
		    self.commands() if e['verb'] == verb]

	def helo(self):
		return [e['line'] for e in self.commands()
		    if e['verb'] in ('HELO', 'EHLO', 'LHLO')]

	def content(self, verb):
		by_n = {e['n']: e for e in self.commands()}
		return [e for e in self.of('data') if (by_n[e['of']]['verb']
		    if e['of'] else 'DATA') == verb]


def lines_of(entries):
	return [(e['line'], e['code']) for e in entries]


def compare_data(fact, told):
	events = told.content('DATA')
	sent = [f for f in fact['data'] if not f.get('not_sent')]
	if len(sent) != len(events):
		return 'contents', len(sent), len(events)
	for f, e in zip(sent, events):
		if f['unstuffed_octets'] != e['size']:
			return 'size', f['unstuffed_octets'], e['size']
		if e['octets'] is not None:
			end = e['octets'] - f['wire_octets'] in (2, 3)
			if end != f['terminated']:
				return 'terminated', f['terminated'], \
				    e['octets'] - f['wire_octets']
		if f['code'] != told.code(e['n']):
			return 'verdict', f['code'], told.code(e['n'])
	return None


def compare_bdat(fact, told):
	commands = [e for e in told.commands() if e['verb'] == 'BDAT']
	if len(fact['bdat']) != len(commands):
		return 'chunks', len(fact['bdat']), len(commands)
	chunks = {e['of']: e['size'] for e in told.content('BDAT')}
	for f, e in zip(fact['bdat'], commands):
		if f['captured'] != chunks.get(e['n'], 0):
			return 'chunk', f['captured'], chunks.get(e['n'], 0)
		if f['code'] != told.code(e['n']):
			return 'chunk reply', f['code'], told.code(e['n'])
	return None


def compare(fact, told):
	"""The first difference (what, fact, told), or None."""
	encryption = told.session['encryption']
	starttls = 'yes' if encryption and encryption['starttls'] else 'no'
	plain = [
	    ('commands', fact['commands'], len(told.commands())),
	    ('replies', fact['replies'], len(told.of('reply'))),
	    ('MAIL', lines_of(fact['mail']), told.of_verb('MAIL')),
	    ('RCPT', lines_of(fact['rcpt']), told.of_verb('RCPT')),
	    ('starttls', fact['starttls'], starttls),
	    ('auth', bool(fact['auth']), bool(told.session['auth'])),
	]
	for what, a, b in plain:
		if a != b:
			return what, a, b
	if fact['helo'] and fact['helo'].split(' | ') != told.helo():
		return 'helo', fact['helo'], told.helo()
	return compare_data(fact, told) or compare_bdat(fact, told)


# --- the whole folder --------------------------------------------------------

def load_facts(folder):
	by_file = collections.defaultdict(list)
	path = os.path.join(folder, 'facts.jsonl')
	if os.path.exists(path):
		with open(path, encoding='utf-8') as f:
			for line in f:
				fact = json.loads(line)
				by_file[fact['capture']].append(fact)
	return by_file


def load_differences():
	known = {}
	with open(os.path.join(HERE, 'differences.txt'),
	    encoding='utf-8') as f:
		for line in f:
			if line.strip() and not line.startswith('#'):
				name, _, why = line.strip().partition(' ')
				known[name] = why.strip()
	return known


def judge(fact, sessions):
	"""(word, first difference) for one stream."""
	ends = {fact['client'], fact['server']}
	same = [s for s in sessions if {endpoint(s['client']),
	    endpoint(s['server'])} == ends]
	if not fact['client_octets'] and not fact['server_octets']:
		talk = [s for s in same if any(e['kind'] in ('command',
		    'reply', 'data') for e in s['events'])]
		return ('differ', ('dialogue', None, 'some')) if talk else \
		    ('agree', None)
	if not same:
		return 'differ', ('session', 'one', 'none')
	same.sort(key=lambda s: abs(seconds(s['start']) -
	    seconds(fact['first_packet'])))
	first = compare(fact, Told(same[0]))
	return ('differ', first) if first else ('agree', None)


def seconds(text):
	head, _, fraction = text.rstrip('Z').partition('.')
	return time.mktime(time.strptime(head, '%Y-%m-%dT%H:%M:%S')) + \
	    float('0.' + (fraction or '0'))


class Tally:
	def __init__(self, verbose):
		self.verbose = verbose
		self.count = collections.Counter()

	def say(self, word, name, why=''):
		self.count[word] += 1
		if word != 'agree' or self.verbose:
			print('%-12s %s%s' % (word, name,
			    ': ' + why if why else ''))


def check_file(program, folder, name, facts, known, tally):
	path = os.path.join(folder, name)
	ports = {int(f['server'].rsplit(':', 1)[1]) for f in facts}
	sessions, wrong = read(program, path, [])
	if not wrong and ports - DEFAULT_PORTS:
		sessions, wrong = read(program, path, ['--any-port'])
	tally.count['files'] += 1
	tally.count['sessions'] += len(sessions)
	if wrong:
		tally.say('failed', name, wrong)
		return
	for fact in facts:
		label = '%s#%d' % (name, fact['stream'])
		word, first = judge(fact, sessions)
		text = first and '%s: the facts say %.200s, told is %.200s' % \
		    tuple(str(x) for x in first)
		if word == 'agree' and label in known:
			tally.say('agrees-now', label, known[label])
		elif word == 'differ' and label in known:
			tally.say('known', label, '%s (%s)' % (text,
			    known[label]))
		else:
			tally.say(word, label, text or '')


def main(argv):
	verbose = '-v' in argv
	argv = [a for a in argv if a != '-v']
	program = os.path.abspath(argv[0] if argv else os.environ.get(
	    'SMTPWIRE', 'build/release/smtpwire'))
	folder = argv[1] if len(argv) > 1 else os.environ.get('DIR',
	    '../shared/captures')
	if not os.path.isdir(folder):
		print('skip corpus: no folder %s' % folder)
		return 0
	if not os.access(program, os.X_OK):
		print('not ok corpus: %s is not built' % program)
		return 1
	facts, known = load_facts(folder), load_differences()
	tally = Tally(verbose)
	for name in capture_files(folder):
		check_file(program, folder, name, facts.get(name, []), known,
		    tally)
	c = tally.count
	bad = c['differ'] + c['failed']
	print('%s corpus: %d files, %d sessions; streams: %d agree, %d differ '
	    'as listed, %d differ; %d files failed' % ('not ok' if bad else
	    'ok', c['files'], c['sessions'], c['agree'] + c['agrees-now'],
	    c['known'], c['differ'], c['failed']))
	return 1 if bad else 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
