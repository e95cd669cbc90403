#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""match.py - run the cases: build each, read it, compare with what it expects

	match.py [-v] CASE...          SMTPWIRE names the program

Prints `ok NAME` or `not ok NAME` and the differences on standard error; the
status is 0 if all agree.  Each case is read twice: as described, and with
each segment cut into single octets (`NAME/trickle`), which must not change
anything but frame numbers.

Behind `== expect` a case says, one a line:

  args: ARGUMENTS      for `smtpwire read`; `files: 2 1` their order;
  exit: N              the status (default 0); `stderr: TEXT` occurs there
  variants: plain      not as single octets
  session {JSON}       a session begins; all that JSON gives is as given
  then its events, every one of them in order, n from 1:
    * connect client   * close server fin    * gap client 14 (`?`: unknown)
    * tls {JSON}       * note client TEXT
    C LINE             a command; escapes as in build.py
    S CODE TEXT | TEXT -> N     a reply of several lines to event N (`-> -`:
                       null); code `-`: null
    D of=8 message=1 = TEXT     content; TEXT gives size and hash
    {JSON}             any event
    hello [VERB], envelope, bye  those of build.py
    events *           these are not compared
  an event's flags end the line (` #pipelined #bare-lf`; none given: it has
  none), other fields follow behind ` :: {JSON}`.
  message {JSON} = TEXT         every message, in order; TEXT its content
  absent NAME...       fields that are not there, at any depth
  note CODE            every note's code; `note? CODE` may or may not be;
                       `note *`: any
Objects match if all that is given is so; lists have the same length; "*"
matches anything.  Of commands verb, argument and octets are checked too, of
replies octets.
"""
import base64
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import build  # noqa: E402  # found by sys.path

FLAGS = ('pipelined masked truncated overlong code-only first-line-only '
    'joined inferred after-gap unacked refused turned bare-lf bare-cr nul '
    '8bit').split()
SIDES = {'C': 'client', 'S': 'server'}
TRICKLE_MAX = 20000	# octets; more would only be slow


class Differ(Exception):
	pass


# --- what is expected --------------------------------------------------------

class Session:
	def __init__(self, fields):
		self.fields = fields
		self.events, self.messages = [], []
		self.notes, self.maybe = set(), {'gap'}
		self.absent = []


class Expect:
	def __init__(self, lines):
		self.args, self.files, self.exit = [], None, 0
		self.stderr, self.plain = None, False
		self.sessions = []
		for line in lines:
			if line.strip() and not line.startswith('#'):
				self.line(line)

	def line(self, line):
		word, _, rest = line.partition(' ')
		if word == 'args:':
			self.args = shlex.split(rest)
		elif word == 'files:':
			self.files = [int(n) - 1 for n in rest.split()]
		elif word == 'exit:':
			self.exit = int(rest)
		elif word == 'stderr:':
			self.stderr = rest
		elif word == 'variants:':
			self.plain = rest == 'plain'
		elif word == 'session':
			self.sessions.append(Session(json.loads(rest or '{}')))
		elif word == 'message':
			self.sessions[-1].messages.append(message(rest))
		elif word == 'absent':
			self.sessions[-1].absent = rest.split()
		elif word == 'note':
			self.sessions[-1].notes.add(rest)
		elif word == 'note?':
			self.sessions[-1].maybe.add(rest)
		elif line == 'events *':
			self.sessions[-1].events = None
		elif word in MACROS:
			s = self.sessions[-1]
			for text in MACROS[word](rest, len(s.events)):
				s.events.append(event(text, len(s.events) + 1))
		else:
			s = self.sessions[-1]
			s.events.append(event(line, len(s.events) + 1))


def hello(verb, n):
	greeting, name, answer = build.HELLO
	return ['* connect client', 'S %s -> -' % greeting,
	    'C ' + (verb or 'EHLO') + name, 'S %s -> %d' % (answer, n + 3)]


def dialogue(lines, n):
	return ['S %s -> %d' % (t, n + i) if i & 1 else 'C ' + t
	    for i, t in enumerate(lines)]


MACROS = {
    'hello': hello,
    'envelope': lambda rest, n: dialogue(build.ENVELOPE, n),
    'bye': lambda rest, n: dialogue(build.BYE, n) + ['* close client fin'],
}


def content(text, out):
	data = build.octets(text)
	out.setdefault('size', len(data))
	out.setdefault('sha256', hashlib.sha256(data).hexdigest())
	out.setdefault('missing', 0)


def message(text):
	fields, _, body = text.partition('} = ')
	if not _:
		return json.loads(text or '{}')
	out = json.loads(fields + '}')
	content(body, out)
	return out


def event(line, n):
	line, _, extra = line.partition(' :: ')
	out = {'n': n, 'flags': []}
	words = line.split(' ')
	while words[-1][:1] == '#' and words[-1][1:] in FLAGS:
		out['flags'].insert(0, words.pop()[1:])
	line = ' '.join(words)
	if line[0] == '{':
		out.update(json.loads(line))
	else:
		KINDS[line[0]](line[2:], out)
	out.update(json.loads(extra) if extra else {})
	return out


def happened(text, out):
	what, _, rest = text.partition(' ')
	out['kind'] = what
	words = rest.split()
	if what == 'tls':
		out.update(json.loads(rest or '{}'), by=None)
		return
	out['by'] = words[0]
	if what == 'close':
		out['how'] = words[1]
	elif what == 'gap':
		out['size'] = None if words[1] == '?' else int(words[1])
	elif what == 'note':
		out['text'] = rest.split(' ', 1)[1]


def command(text, out):
	raw = build.octets(text)
	line = raw.decode('utf-8', 'replace')
	out.update(kind='command', by='client', line=line)
	if line.encode() != raw:
		out['line_base64'] = base64.b64encode(raw).decode()
	if 'masked' in out['flags']:
		out['octets'] = None
	else:
		out['octets'] = len(raw) + (1 if 'bare-lf' in out['flags']
		    else 2)
	if text == '***':
		out.update(verb=None, argument=None)
		return
	m = re.match(r'([A-Za-z0-9-]+)(?=[ \t:]|$)', line)
	out['verb'] = m.group(1).upper() if m else None
	if m:
		out['argument'] = line[m.end():].lstrip(' \t')


def reply(text, out):
	out.update(kind='reply', by='server')
	m = re.search(r' -> (\d+|-)$', text)
	if m:
		text = text[:m.start()]
		out['to'] = None if m.group(1) == '-' else int(m.group(1))
	code, _, rest = text.partition(' ')
	out['code'] = None if code == '-' else int(code)
	raw = [build.octets(t) for t in rest.split(' | ')]
	out['lines'] = [t.decode('utf-8', 'replace') for t in raw]
	if all(raw) and not out['flags'] and code != '-':
		out['octets'] = sum(6 + len(t) for t in raw)


def data(text, out):
	out.update(kind='data', by='client')
	fields, equals, body = text.partition('= ')
	if text.startswith('= '):
		fields, equals, body = '', '= ', text[2:]
	if equals:
		content(body, out)
		out['gaps'] = []
	for word in fields.split():
		key, _, value = word.partition('=')
		out[key] = None if value == 'null' else int(value)


KINDS = {'*': happened, 'C': command, 'S': reply, 'D': data}


# --- comparing ---------------------------------------------------------------

def compare(want, got, where, out):
	"""Append to out what of `want` is not so in `got`."""
	if want == '*':
		return
	if isinstance(want, dict) and isinstance(got, dict):
		for key in want:
			if key not in got:
				out.append('%s.%s: missing' % (where, key))
			else:
				compare(want[key], got[key],
				    '%s.%s' % (where, key), out)
	elif isinstance(want, list) and isinstance(got, list) and \
	    len(want) == len(got):
		for i, (a, b) in enumerate(zip(want, got)):
			compare(a, b, '%s[%d]' % (where, i), out)
	elif want != got or isinstance(want, bool) != isinstance(got, bool):
		out.append('%s: expected %s, got %s' % (where,
		    short(want), short(got)))


def short(value):
	text = json.dumps(value, ensure_ascii=False)
	return text if len(text) < 160 else text[:150] + '...'


def brief(e):
	"""An event in one line, for people."""
	keys = [k for k in ('line', 'code', 'lines', 'to', 'of', 'message',
	    'size', 'missing', 'how', 'text', 'flags') if e.get(k) not in
	    (None, [], '*')]
	return '%s %s %s %s' % (e.get('n'), e.get('by'), e.get('kind'),
	    ' '.join('%s=%s' % (k, short(e[k])) for k in keys))


def compare_session(want, got, i, out):
	where = 'session %d' % (i + 1)
	compare(want.fields, got, where, out)
	if want.events is not None:
		compare_events(want, got.get('events', []), where, out)
	compare(want.messages, got.get('messages'), where + ' messages', out)
	if strip(got, want.absent) != got:
		out.append('%s: has one of the fields %s' % (where,
		    ' '.join(want.absent)))
	codes = {n['code'] for n in got.get('notes', [])}
	if '*' not in want.notes:
		for code in sorted(want.notes - codes):
			out.append('%s: no note %s' % (where, code))
		for code in sorted(codes - want.notes - want.maybe):
			out.append('%s: note %s is not expected' %
			    (where, code))


def compare_events(want, events, where, out):
	if len(events) != len(want.events):
		out.append('%s: expected %d events, got %d' % (where,
		    len(want.events), len(events)))
	bad = len(out)
	for a, b in zip(want.events, events):
		compare(a, b, '%s event %s' % (where, a['n']), out)
		if len(out) > bad + 4:
			break
	if len(events) != len(want.events) or len(out) > bad:
		out.append('  events expected:')
		out.extend('    ' + brief(e) for e in want.events[:40])
		out.append('  events told:')
		out.extend('    ' + brief(e) for e in events[:40])


def strip(value, keys):
	"""value without some keys at every depth."""
	if isinstance(value, dict):
		return {k: strip(v, keys) for k, v in value.items()
		    if k not in keys}
	if isinstance(value, list):
		return [strip(v, keys) for v in value]
	return value


def run(case, expect, folder, mss):
	names = build.build(case, folder, mss=mss)
	if expect.files:
		names = [names[i] for i in expect.files]
	argv = [PROGRAM, 'read', '-f', 'jsonl'] + expect.args + names
	env = dict(os.environ, TZ='UTC', LC_ALL='C')
	p = subprocess.run(argv, cwd=folder, capture_output=True, timeout=600,
	    env=env)
	err = p.stderr.decode('utf-8', 'replace')
	out = []
	if p.returncode != expect.exit:
		out.append('status %d, expected %d: %s' % (p.returncode,
		    expect.exit, err[-400:]))
	if expect.stderr and expect.stderr not in err:
		out.append('standard error lacks "%s"' % expect.stderr)
	told = []
	for line in p.stdout.splitlines():
		try:
			told.append(json.loads(line))
		except ValueError as e:
			out.append('not JSON: %s: %.120r' % (e, line))
	return told, out


def check(case, expect, mss):
	with tempfile.TemporaryDirectory(prefix='smtpwire-case') as folder:
		told, out = run(case, expect, folder, mss)
	if len(told) != len(expect.sessions):
		out.append('expected %d sessions, got %d' %
		    (len(expect.sessions), len(told)))
	for i, (want, got) in enumerate(zip(expect.sessions, told)):
		if mss:
			keys = ('at', 'source', 'tcp', 'start', 'end',
			    'time', 'clock')
			want.fields = strip(want.fields, keys)
			want.events = want.events and strip(want.events,
			    keys)
		compare_session(want, got, i, out)
	return out


def traffic(case):
	return sum(len(rest[2]) for verb, rest in case.ops if verb == 'send')


def main(argv):
	failed = 0
	for path in argv:
		case = build.Case(path)
		variants = [('', None)]
		if not Expect(case.expect).plain and \
		    traffic(case) <= TRICKLE_MAX:
			variants.append(('/trickle', 1))
		for suffix, mss in variants:
			name = 'cases/' + case.name + suffix
			try:
				out = check(case, Expect(case.expect), mss)
			except (OSError, subprocess.SubprocessError,
			    build.CaseError, ValueError) as e:
				out = ['%s: %s' % (type(e).__name__, e)]
			print(('not ok ' if out else 'ok ') + name,
			    flush=True)
			failed += bool(out)
			for line in out:
				print('  ' + line, file=sys.stderr)
	return 1 if failed else 0


PROGRAM = os.path.abspath(os.environ.get('SMTPWIRE',
    os.path.join(os.environ.get('O', 'build/release'), 'smtpwire')))

if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
