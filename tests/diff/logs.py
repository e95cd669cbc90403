#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""logs.py - do the logs in pcaps/ tell what the captures beside them show?

	logs.py [-v] [LOG...]		(SMTPWIRE names the program)

Each capture was recorded while the server (NAME.server.log, and its ordinary
log as NAME.mail.log) and the client (NAME.client.log) wrote their logs.  All
are read; the sessions of a log are
laid beside those of the capture in their order, and then compared: commands
with their arguments, replies with code, text and what they answer, content
(size and hash where the log has it), envelopes, recipients, verdicts, queue
ids, names, AUTH, ending.  Left out is what a log says that it cannot tell:
what `records` lacks, what the flags of an event say, and sizes that are null;
of TLS that the wire cannot show only what stands before it is compared.

A client's log is that of several commands, each begun by "$ COMMAND": these
are read one by one, and those of talk.py, whose output is no log, are left
out, with the sessions that they had.

tests/diff/logs.txt lists the other differences with their reasons.
"""
import collections
import concurrent.futures
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.abspath(os.environ.get('SMTPWIRE', os.path.join(
    os.environ.get('O', 'build/release'), 'smtpwire')))
UNREADABLE = 3


def read(path, *options):
	"""The sessions of a file; None: of no known format, or without a
	dialogue."""
	p = subprocess.run([PROGRAM, 'read', '-q', '-f', 'jsonl', '--sort',
	    'start', *options, path], capture_output=True, check=False,
	    stdin=subprocess.DEVNULL)
	if p.returncode == UNREADABLE and (b'format' in p.stderr or
	    b'holds no SMTP dialogue' in p.stderr):
		return None
	if p.returncode != 0:
		raise RuntimeError('exit status %d: %s' % (p.returncode,
		    p.stderr.decode('utf-8', 'replace').strip()))
	return [json.loads(line) for line in p.stdout.splitlines()]


# A client whose output is no log: tests/record/clients/talk.py.
NO_LOG = rb'talk\.py '


def is_no_log(path):
	with open(path, 'rb') as f:
		commands = re.findall(rb'(?m)^\$ .*', f.read())
	return bool(commands) and all(re.search(NO_LOG, c) for c in commands)


def read_log(path):
	"""A log, or the logs of the commands in it, and whether one of these
	is of no known format; None: all of them are."""
	with open(path, 'rb') as f:
		text = f.read()
	if not text.startswith(b'$ '):
		return read(path), False
	sessions, known, unknown = [], False, False
	for part in re.split(rb'(?m)^(?=\$ )', text):
		if not part:
			continue
		if re.search(NO_LOG, part.split(b'\n', 1)[0]):
			unknown = True
			continue
		with tempfile.NamedTemporaryFile() as f:
			f.write(part.split(b'\n', 1)[-1])
			f.flush()
			found = read(f.name)
		known = known or found is not None
		unknown = unknown or found is None
		sessions += found or []
	return sessions if known else None, unknown


# --- what is compared ------------------------------------------------------

def is_answer(e):
	"""A line of AUTH?"""
	return e['verb'] is None and 'masked' in e['flags']


# Formats that do not tell what a client answers in AUTH.
NO_ANSWERS = ('sendmail-syslog',)


class Flat:
	"""A session as lists of what each side said."""

	def __init__(self, session, answers=True):
		self.session = session
		self.answers = answers  # the client's, in AUTH
		self.commands, self.replies, self.data = [], [], []
		# what follows is beyond what the record can show
		self.opaque = session['recorder'] == 'wire' and \
		    session['ending'] == 'input-ended'
		self.encrypted = False
		self.number = {}        # n -> ('command'|'data', ordinal)
		for e in session['events']:
			self.add(e)

	def add(self, e):
		if self.encrypted:
			return
		if e['kind'] == 'tls':
			encryption = self.session['encryption'] or {}
			self.encrypted = not encryption.get('decrypted')
			self.opaque = self.opaque or self.encrypted
		elif e['kind'] == 'command' and (self.answers or
		    not is_answer(e)):
			self.number[e['n']] = ('command', len(self.commands))
			self.commands.append(e)
		elif e['kind'] == 'data':
			of = self.number.get(e['of'], (None, None))[1]
			self.number[e['n']] = ('data', of)
			self.data.append((of, e))
		elif e['kind'] == 'reply':
			self.replies.append((self.number.get(e['to']), e))


def octets(text):
	"""What cannot be told apart in a log of another character set."""
	return re.sub('[^\t -~]+', '?', text or '').rstrip()


def command_of(e):
	if 'masked' in e['flags']:
		return (e['verb'], (e['argument'] or '').split(' ')[0], 'masked')
	return (e['verb'], octets(e['argument']), octets(e['line']))


def same_command(log, wire):
	a, b = command_of(log), command_of(wire)
	if log['line'] is None:
		a, b = a[:2], b[:2]
	if log['argument'] is None and 'masked' not in log['flags']:
		a, b = a[:1], b[:1]
	if 'truncated' in log['flags'] + wire['flags'] and a != b:
		n = min(len(a[-1]), len(b[-1]))
		a, b = a[-1][:n], b[-1][:n]
	return a == b


def same_lines(log, wire, flags):
	a, b = [octets(s) for s in log], [octets(s) for s in wire]
	if 'first-line-only' in flags:
		a, b = a[:1], b[:1]
	if 'joined' in flags:
		a, b = ' '.join(a).split(), ' '.join(b).split()
	if 'truncated' in flags:
		return len(a) == len(b) and all(
		    x == y or (x and y.startswith(x)) or
		    (y and x.startswith(y)) for x, y in zip(a, b))
	return a == b


def same_reply(log, wire):
	if log['code'] != wire['code']:
		return False
	flags = log['flags'] + wire['flags']
	if 'code-only' in flags:
		return True
	if 'masked' in flags:
		return len(log['lines']) == len(wire['lines'])
	return same_lines(log['lines'], wire['lines'], flags)


def same_target(log, wire, code):
	# That content was broken off, or that a command was sent and not
	# read, is seen on the wire alone.
	if code == 421:
		return not log or (wire and log[1] == wire[1])
	return log == wire


def show(x):
	if x is None:
		return 'nothing'
	keys = ('verb', 'argument', 'line', 'code', 'lines', 'size', 'sha256',
	    'missing', 'flags')
	return json.dumps({k: x[k] for k in keys if k in x}, ensure_ascii=False)


# --- two sessions ----------------------------------------------------------

class Comparison:
	"""Collects the kinds of what differs, with the first example each."""

	def __init__(self, log, wire):
		self.log = Flat(log)
		# some logs leave them out
		self.wire = Flat(wire, log['source']['format'] not in
		    NO_ANSWERS)
		self.records = log['records']
		self.found = collections.OrderedDict()
		self.counts = collections.Counter()

	def differ(self, kind, what):
		self.found.setdefault(kind, what)

	def lists(self, kind, logs, wires, same):
		"""Both in order; what the wire cannot show may go on."""
		for i, (a, b) in enumerate(zip(logs, wires)):
			self.counts[kind] += 1
			if not same(a, b):
				self.differ(kind, '%s %d: log %s, wire %s' % (
				    kind, i + 1, show(a), show(b)))
				return
		if len(logs) < len(wires):
			rest = wires[len(logs):]
			last = rest[0].get('verb') or rest[0].get('code')
			quit = len(rest) == 1 and last in ('QUIT', 221)
			self.differ('quit' if quit else kind,
			    'only on the wire: %s' % show(rest[0]))
		elif len(logs) > len(wires) and not self.wire.opaque:
			self.differ(kind, 'only in the log: %s' %
			    show(logs[len(wires)]))

	def run(self):
		if 'command' in self.records:
			self.lists('command', self.log.commands,
			    self.read_commands(), same_command)
		if 'reply-code' in self.records:
			self.compare_replies()
			self.compare_data()
			self.compare_messages()
			self.compare_session()
		if self.wire.replies and not \
		    {'command', 'reply-code'} & set(self.records):
			self.differ('records', 'the dialogue is not recorded')
		return self.found

	def read_commands(self):
		"""The wire's, but at the end those that a server never read:
		it had closed, and no reply to them is there."""
		commands = list(self.wire.commands)
		last = max([to[1] for to, r in self.wire.replies if to and
		    to[1] is not None and r['code'] != 421], default=-1)
		known = max(last + 1, len(self.log.commands))
		if self.log.session['recorder'] == 'server':
			del commands[known:]
		return commands

	def compare_replies(self):
		logs, wires = self.log.replies, self.wire.replies
		if 'greeting' not in self.records and wires and \
		    wires[0][0] is None:
			wires = wires[1:]
		if self.log.session['recorder'] == 'client':
			# what came when it had gone
			while len(wires) > len(logs) and \
			    'unacked' in wires[-1][1]['flags']:
				wires = wires[:-1]
		elif self.wire.session['ending'].startswith('client-'):
			# what could not be sent any more
			logs = logs[:len(wires)]
		self.lists('reply', [r for _, r in logs],
		    [r for _, r in wires], same_reply)
		if 'reply' in self.found or 'command' in self.found:
			return
		for (a, x), (b, y) in zip(logs, wires):
			if not same_target(a, b, x['code']):
				self.differ('to', 'reply %s answers %s in the '
				    'log, %s on the wire' % (show(x), a, b))

	def compare_data(self):
		"""Content that got a verdict is in both; its size and hash if
		the log tells them."""
		answered = {to[1] for to, _ in self.wire.replies if to}
		wires = [(of, e) for of, e in self.wire.data
		    if of is None or of in answered and
		    self.passed(of)]
		logs = dict((of, e) for of, e in self.log.data)
		for of, wire in wires:
			log = logs.pop(of, None)
			if log is None:
				self.differ('data', 'only on the wire: %s' %
				    show(wire))
				continue
			self.counts['data'] += 1
			self.compare_content('data', log, wire)
		logs = [e for of, e in logs.items() if of is not None and
		    of < len(self.wire.commands) and not self.wire.opaque]
		# octets of content that was broken off are nice to have
		logs = [e for e in logs if e['sha256'] or
		    'inferred' in e['flags']]
		if logs:
			self.differ('data', 'only in the log: %s' %
			    show(logs[0]))

	def passed(self, of):
		"""Was the content of this command accepted or refused as a
		whole, not broken off?"""
		return any(to and to[1] == of and (to[0] == 'data' and
		    r['code'] != 421 or 200 <= r['code'] < 300)
		    for to, r in self.wire.replies)

	def compare_content(self, kind, log, wire):
		for field in ('size', 'sha256'):
			if log[field] is None or wire['missing'] != 0:
				continue
			self.counts[field] += 1
			if wire[field] is not None and \
			    log[field] != wire[field]:
				self.differ(kind, '%s: log %s, wire %s' % (
				    field, show(log), show(wire)))

	def compare_messages(self):
		if self.wire.opaque:
			return
		logs = self.log.session['messages']
		wires = self.wire.session['messages']
		for a, b in zip(logs, wires):
			self.counts['message'] += 1
			self.compare_message(a, b)
		if len(logs) != len(wires):
			self.differ('message', '%d messages in the log, %d on '
			    'the wire' % (len(logs), len(wires)))

	def compare_message(self, log, wire):
		exact = ['outcome', 'code']
		texts = ['from', 'text', 'queue_id']
		if 'argument' not in self.records:
			texts.remove('from')
		if 'intermediate-replies' in self.records:
			exact.append('method')
		if log['message_id'] is not None:
			texts += ['message_id', 'subject', 'header_from']
		for key in exact + texts:
			a, b = log[key], wire[key]
			if key in texts and a is not None and b is not None:
				a, b = octets(a), octets(b)
				# a text of lines that were joined or cut
				if key == 'text' and len(a) < len(b):
					b = b[:len(a)]
			# that nothing came any more is seen by the close
			if (key, a, b) == ('outcome', 'unknown', 'aborted') \
			    and 'close' not in self.records:
				continue
			if a != b:
				self.differ('message', '%s: log %r, wire %r' %
				    (key, log[key], wire[key]))
		if log['size'] is not None and log['sha256'] is not None:
			self.compare_content('message', log, wire)
		self.compare_recipients(log['recipients'],
		    wire['recipients'])

	def compare_recipients(self, logs, wires):
		def facts(r):
			final = r['final'] and r['final']['code']
			return (octets(r['to']), r['code'], r['status'],
			    final, r['params'])
		a, b = [facts(r) for r in logs], [facts(r) for r in wires]
		self.counts['recipient'] += len(a)
		if a != b:
			self.differ('recipient', 'log %r, wire %r' % (a, b))

	def compare_session(self):
		log, wire = self.log.session, self.wire.session
		if self.wire.opaque:
			return
		for side in ('client', 'server'):
			for key in ('ip', 'port', 'name'):
				a, b = log[side][key], wire[side][key]
				if a is not None and a != b:
					self.differ(key, '%s.%s: log %r, wire '
					    '%r' % (side, key, a, b))
		def auths(s):
			return [(a['mechanism'], a['user'] if
			    self.wire.answers else None, a['code'])
			    for a in s['auth']]
		self.counts['auth'] += len(log['auth'])
		if auths(log) != auths(wire):
			self.differ('auth', 'log %r, wire %r' % (auths(log),
			    auths(wire)))
		if log['protocol'] != wire['protocol']:
			self.differ('protocol', log['protocol'])
		# a log does not tell a FIN from a RST
		a, b = (s['ending'].replace('reset', 'close')
		    for s in (log, wire))
		if 'close' not in self.records and a == 'input-ended':
			return
		# a QUIT that the server did not read any more
		if b == 'quit' and a == 'server-close' and 'QUIT' not in \
		    [c['verb'] for c in self.log.commands]:
			return
		if a != b:
			self.differ('ending', 'log %s, wire %s' % (a, b))


# --- the sessions of both --------------------------------------------------

def likeness(log, wire):
	"""How much two sessions have in common; < 0: they cannot be one."""
	for side in ('client', 'server'):
		for key in ('ip', 'port'):
			a, b = log[side][key], wire[side][key]
			if a is not None and a != b:
				return -1
	a, b = Flat(log), Flat(wire)
	same = sum(1 for x, y in zip(a.commands, b.commands)
	    if same_command(x, y))
	same += sum(1 for (_, x), (_, y) in zip(a.replies, b.replies)
	    if same_reply(x, y))
	return 1 + same


def laid_beside(logs, wires):
	"""Pairs in the order of both, as alike as possible as a whole."""
	n, m = len(logs), len(wires)
	score = [[likeness(a, b) for b in wires] for a in logs]
	best = [[0] * (m + 1) for _ in range(n + 1)]
	for i in range(n - 1, -1, -1):
		for j in range(m - 1, -1, -1):
			best[i][j] = max(best[i + 1][j], best[i][j + 1])
			if score[i][j] >= 0:
				best[i][j] = max(best[i][j],
				    best[i + 1][j + 1] + score[i][j])
	i = j = 0
	pairs, left, right = [], [], []
	while i < n and j < m:
		if score[i][j] >= 0 and best[i][j] == \
		    best[i + 1][j + 1] + score[i][j]:
			pairs.append((i, j))
			i, j = i + 1, j + 1
		elif best[i][j] == best[i + 1][j]:
			left.append(i)
			i += 1
		else:
			right.append(j)
			j += 1
	return pairs, left + list(range(i, n)), right + list(range(j, m))


class Listed:
	"""tests/diff/logs.txt"""

	def __init__(self, path):
		self.rows = []
		with open(path, encoding='utf-8') as f:
			for line in f:
				if line.startswith('#') or not line.strip():
					continue
				head, reason = re.split(r'\s{2,}',
				    line.strip(), maxsplit=1)
				where, kinds = head.split(' ')
				self.rows.append((where, kinds.split('|'),
				    reason))
		self.used = set()

	def has(self, where, kind):
		for i, (pattern, kinds, _) in enumerate(self.rows):
			if kind in kinds and fnmatch.fnmatch(where, pattern):
				self.used.add((i, kind))
				return True
		return False

	def unused(self):
		for i, (where, kinds, _) in enumerate(self.rows):
			for kind in kinds:
				if (i, kind) not in self.used:
					yield '%s %s' % (where, kind)


class Result:
	def __init__(self, name):
		self.name = name
		self.differences = []   # (where, kind, what)
		self.counts = collections.Counter()
		self.format = None
		self.error = None


def compare(path):
	name = os.path.basename(path)
	r = Result(name)
	try:
		logs, partial = read_log(path)
		if logs is None:
			return r
		# what is not yet answered has its place by its start
		wires = read(re.sub(r'\.(server|mail|client)\.log$', '.pcap', path),
		    '--any-port')
	except RuntimeError as e:
		r.error = str(e)
		return r
	wires = [w for w in wires if w['ending'] not in ('no-answer',
	    'refused')]
	formats = sorted({s['source']['format'] for s in logs})
	r.format = '+'.join(formats) or 'no session'
	pairs, left, right = laid_beside(logs, wires)
	r.counts['session'] = len(pairs)
	for i, j in pairs:
		c = Comparison(logs[i], wires[j])
		for kind, what in c.run().items():
			r.differences.append(('%s:%s#%d' % (logs[i]['source']
			    ['format'], name, j), kind, what))
		r.counts.update(c.counts)
	for i in left:
		r.differences.append(('%s:%s#-' % (logs[i]['source']['format'],
		    name), 'log-only', 'line %d: a session only in the log' %
		    logs[i]['source']['first']))
	for j in () if partial else right:
		r.differences.append(('%s:%s#%d' % (r.format, name, j),
		    'wire-only', 'a session only on the wire'))
	return r


def main(argv):
	verbose = '-v' in argv
	paths = [a for a in argv if a != '-v']
	every = not paths
	if every:
		paths = sorted(glob.glob('pcaps/*.server.log') +
		    glob.glob('pcaps/*.mail.log') +
		    glob.glob('pcaps/*.client.log'))
		paths = [p for p in paths if not is_no_log(p)]
	listed = Listed(os.path.join(HERE, 'logs.txt'))
	total, failed = collections.Counter(), False
	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		results = list(pool.map(compare, paths))
	for r in results:
		if r.error:
			print('not ok %s: %s' % (r.name, r.error))
			continue
		if r.format is None:
			if listed.has(r.name, 'format'):
				continue
			print('not ok %s: of no known format' % r.name)
			continue
		new = [d for d in r.differences if not listed.has(*d[:2])]
		total.update(r.counts)
		for where, kind, what in new if verbose else new[:1]:
			print('not ok %s: %s: %s' % (where.replace(':', ' '),
			    kind, what[:300 if not verbose else 2000]))
			failed = True
		if not new:
			print('ok %s' % r.name)
	for row in listed.unused() if every and not failed else ():
		print('not ok logs.txt: "%s" is listed but was not met' % row)
	print('compared: %s' % ', '.join('%d %s' % (n, kind)
	    for kind, n in sorted(total.items())))
	return 0


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
