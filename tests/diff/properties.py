#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""properties.py - one traffic, however it was sent and captured

	properties.py [--seeds N] [--seed N [--way NAME] [--keep FOLDER]]

From each seed a few sessions are made up (lib/talks.py), and their plain
capture is read: one session behind the other, segments of 1460 octets.  Then
the same is captured in other ways (lib/frames.py): octets cut otherwise,
sessions interleaved, segments late, twice, sent again, in fragments; in every
container, from pipes, in several files, with any number of threads.  All must
give the same transcripts in normal form, and the plain one as many octets and
just those contents of messages that were sent.  If some segments are lost, and
always the same ones, that holds of sessions interleaved and frames twice: no
acknowledgment tells which of two lost segments came first.

What fails is told with its seed, and with the steps of the session that
fails, after all others whose frames are not needed for it were left out;
--seed and --way do it again, --keep leaves the captures there.
"""
import argparse
import concurrent.futures
import gzip
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
    'lib'))
import frames as wire  # noqa: E402  # found by sys.path
import talks  # noqa: E402  # found by sys.path

PROGRAM = os.path.abspath(os.environ.get('SMTPWIRE', os.path.join(
    os.environ.get('O', 'build/release'), 'smtpwire')))
FORMS = [f for f in talks.build.FORMATS if f != 'pcap']
LINKS = [l for l in talks.build.LINKTYPES if l not in ('ethernet', 'pppoe')]


class Failed(Exception):
	pass


def smtpwire(*arguments, octets=None):
	p = subprocess.run([PROGRAM, *arguments], input=octets,
	    capture_output=True, timeout=600, check=False)
	if p.returncode != 0:
		raise Failed('status %d: %.300s' % (p.returncode,
		    p.stderr.decode('utf-8', 'replace')))
	return p.stdout


def normal(*files, octets=None):
	return smtpwire('read', '-q', '--normal', '-f', 'jsonl', *files,
	    octets=octets)


# --- the ways ----------------------------------------------------------------

def plain(_, flows):
	for f in flows:
		yield from wire.cut(f.bursts, lambda at, n: wire.MSS)


def bursts(flows):
	return [f.bursts for f in flows]


def split_octets(_, flows):
	"""Each octet by itself where bursts begin and end."""
	for f in flows:
		yield from wire.cut(f.bursts, lambda at, n: 1 if at < 150 or
		    n - at < 50 else min(wire.MSS, n - at - 49))


def split_anywhere(r, flows):
	for f in flows:
		yield from wire.cut(f.bursts, lambda at, n: r.randrange(1,
		    r.choice((3, 30, 300, 1461))))


def joined(_, flows):
	"""As large as cards take them from the host."""
	for f in flows:
		yield from wire.cut(f.bursts, None)


def mixed(r, flows):
	yield from wire.interleave(r, [list(wire.cut(f.bursts,
	    lambda at, n: wire.MSS)) for f in flows])


def one_host_late(r, flows):
	for f in flows:
		yield from wire.one_host_late(r, wire.cut(f.bursts,
		    lambda at, n: wire.MSS), 40)


def late_a_little(r, flows):
	return wire.reorder(r, plain(r, flows), 6)


def late(r, flows):
	return wire.reorder(r, mixed(r, flows), 150)


def twice(r, flows):
	return wire.repeat(r, mixed(r, flows), 0.4)


def sent_again(r, flows):
	return wire.retransmit(r, mixed(r, flows), 0.4)


def acknowledged(r, flows):
	return wire.acknowledge(r, split_anywhere(r, flows), 0.5)


def everything(r, flows):
	pieces = wire.interleave(r, [list(wire.acknowledge(r, wire.cut(
	    f.bursts, lambda at, n: r.randrange(1, 1461)), 0.2))
	    for f in flows])
	return wire.repeat(r, wire.reorder(r, pieces, 60), 0.2)


# Name: the segments, are some in fragments, rate of wrong checksums.
WAYS = {
    'split-octets': (split_octets, False, 0.0),
    'split-anywhere': (split_anywhere, False, 0.0),
    'joined': (joined, False, 0.0),
    'interleaved': (mixed, False, 0.0),
    'one-host-late': (one_host_late, False, 0.0),
    'late-a-little': (late_a_little, False, 0.0),
    'late': (late, False, 0.0),
    'twice': (twice, False, 0.0),
    'sent-again': (sent_again, False, 0.0),
    'acknowledged': (acknowledged, False, 0.0),
    'fragments': (mixed, True, 0.0),
    'checksums': (mixed, False, 0.5),
    'everything': (everything, True, 0.1),
}


def lose(r, segments, rate):
	"""Some are not captured; the same ones for the same r."""
	return [s for s in segments if s.flags & wire.SYN or
	    r.random() >= rate]


def lossy(seed, way, flows):
	"""Cut and lost alike each time, then captured in a way."""
	r = random.Random('%s lost' % seed)
	kept = []
	for f in flows:
		kept.append(lose(r, wire.cut(f.bursts,
		    lambda at, n: 700), 0.06))
	r = random.Random('%s %s' % (seed, way))
	if way == 'lossy':
		return [s for f in kept for s in f]
	out = wire.interleave(r, kept)
	if way == 'lossy-twice':
		return wire.repeat(r, out, 0.4)
	return out


LOSSY = ['lossy-interleaved', 'lossy-twice']


# --- judging -----------------------------------------------------------------

def by_id(out):
	sessions = {}
	for s in map(json.loads, out.splitlines()):
		if s['id'] in sessions:
			raise Failed('two sessions of one id')
		sessions[s['id']] = s
	return sessions


def unlike(want, got):
	"""What is not the same, or None."""
	want, got = by_id(want), by_id(got)
	for key in sorted(set(want) ^ set(got)):
		return 'a session %s: %.300s' % (('is more', got[key])
		    if key in got else ('is less', want[key]))
	for key, session in want.items():
		for field in session:
			a, b = session[field], got[key][field]
			if a == b:
				continue
			if isinstance(a, list):
				a, b = next(((x, y) for x, y in zip(a, b)
				    if x != y), (len(a), len(b)))
			return 'session %s: %s: %.300s, then %.300s' % (key,
			    field, a, b)
	return None


class Trial:
	"""A seed's sessions, and a folder for their captures."""

	def __init__(self, seed, folder, count=12):
		self.seed, self.folder = seed, folder
		r = random.Random(seed)
		self.flows = [wire.Flow(r, i, talks.talk(r))
		    for i in range(count)]

	def path(self, name):
		return os.path.join(self.folder, '%s-%s' % (self.seed, name))

	def save(self, name, octets):
		with open(self.path(name), 'wb') as f:
			f.write(octets)
		return self.path(name)

	def frames(self, way, only=None):
		"""Those of the flows in `only` alone, as in the whole."""
		r = random.Random('%s %s' % (self.seed, way))
		make, some, bad = WAYS.get(way, (plain, False, 0.0))
		segments = lossy(self.seed, way, self.flows) \
		    if way.startswith('lossy') else make(r, self.flows)
		return wire.frames_of(segments, wire.Packets(r, some, bad),
		    only)

	def told(self, way, only):
		return normal(self.save(way + '.pcap',
		    wire.container(self.frames(way, only))))

	def difference(self, way, only=None):
		base = 'lossy' if way.startswith('lossy') else 'plain'
		try:
			return unlike(self.told(base, only),
			    self.told(way, only))
		except Failed as e:
			return str(e)

	def why_not(self, way):
		"""None, or what differs, with as few sessions as show it."""
		found = self.difference(way)
		if not found:
			return None
		only = self.flows
		for f in self.flows:
			less = [g for g in only if g is not f]
			now = less and self.difference(way, less)
			if now:
				only, found = less, now
		self.difference(way, only)	# its captures are kept
		steps = [('CS'[w], o[:80]) for w, o, _ in only[0].talk.steps]
		return '%s; %d sessions; %s' % (found, len(only), steps)


# --- the plain capture itself ------------------------------------------------

def not_sent(trial):
	"""(name, why) where it tells other than what the talks are: without
	that what is always left out would be the same in all captures."""
	path = trial.save('plain.pcap', wire.container(trial.frames('plain')))
	told = {}
	for s in map(json.loads, smtpwire('read', '-q', '-f', 'jsonl',
	    path).splitlines()):
		told[s['client']['ip'], s['client']['port']] = s
	for f in trial.flows:
		s = told.pop((str(f.ends[0][0]), f.ends[0][1]), None)
		if not s:
			yield 'sent', 'nothing of flow %d' % f.n
			continue
		want = [sum(len(o) for by, o, _ in f.talk.steps if by == who)
		    for who in (0, 1)] + [hashlib.sha256(c).hexdigest()
		    for c in f.talk.contents]
		got = [s['tcp'][who]['octets'] for who in ('client',
		    'server')] + [m['sha256'] for m in s['messages']
		    if m['sha256']]
		if want != got:
			yield 'sent', 'flow %d: %s, then %s' % (f.n, want, got)
	if told:
		yield 'sent', 'of no flow: %s' % list(told)


# --- containers, pipes, files, threads ---------------------------------------

def cut_files(trial, r, frames):
	"""The same frames in several files, of several formats."""
	cuts = sorted(r.sample(range(1, len(frames)), min(3,
	    len(frames) - 1)))
	files = []
	for i, (a, b) in enumerate(zip([0] + cuts, cuts + [len(frames)])):
		form = r.choice(['pcap'] + FORMS)
		files.append(trial.save('part%d' % i, wire.container(
		    frames[a:b], form)))
	r.shuffle(files)
	return files


def containers(trial):
	"""(name, the transcripts) of one capture, however it is stored."""
	r = random.Random('%s containers' % trial.seed)
	frames = trial.frames('everything')
	pcap = wire.container(frames)
	path = trial.save('contained.pcap', pcap)
	want = normal(path)

	def other(name, octets):
		return name, lambda: normal(trial.save('other-' + name, octets))
	yield 'pipe', lambda: normal('-', octets=pcap), want
	yield *other('gzip', gzip.compress(pcap, 1)), want
	for form in FORMS:
		yield *other(form, wire.container(frames, form)), want
	yield 'files', lambda: normal(*cut_files(trial, r, frames)), want
	untagged = [talks.build.Frame(f.ts, f.packet, f.side, None, None)
	    for f in frames]
	want = normal(trial.save('untagged.pcap', wire.container(untagged)))
	for link in r.sample(LINKS, 4):
		yield *other(link, wire.container(untagged, 'pcap', link)), want
	saved = trial.save('saved.jsonl', smtpwire('read', '-q', '-f', 'jsonl',
	    path))
	yield 'saved', lambda: normal(saved), normal(path)


def threads(trial):
	"""Octet for octet, with times and numbers of frames."""
	path = trial.path('contained.pcap')

	def told(n):
		account = trial.path('account-%d' % n)
		return smtpwire('read', '--threads', str(n), '-f', 'text',
		    '--account', account, path)
	want = told(1)
	for n in 2, 3, 8:
		yield 'threads-%d' % n, lambda n=n: told(n), want


def compare_stored(trial):
	yield from not_sent(trial)
	for source in containers, threads:
		for name, tell, want in source(trial):
			try:
				if tell() != want:
					yield name, 'other transcripts'
			except Failed as e:
				yield name, str(e)


def try_seed(seed, folder, ways):
	trial = Trial(seed, folder)
	wrong = []
	for way in ways:
		why = trial.why_not(way)
		if why:
			wrong.append((way, why))
	if len(ways) > 1:
		try:
			wrong.extend(compare_stored(trial))
		except Failed as e:
			wrong.append(('everything', str(e)))
	return wrong


def main():
	p = argparse.ArgumentParser()
	p.add_argument('--seeds', type=int, default=int(os.environ.get(
	    'SEEDS') or 6))
	p.add_argument('--seed', type=int)
	p.add_argument('--way', choices=list(WAYS) + LOSSY)
	p.add_argument('--keep')
	a = p.parse_args()
	if not os.access(PROGRAM, os.X_OK):
		sys.exit('not ok diff/properties: %s is not built' % PROGRAM)
	seeds = [a.seed] if a.seed is not None else range(1, a.seeds + 1)
	ways = [a.way] if a.way else list(WAYS) + LOSSY
	failed = 0
	with tempfile.TemporaryDirectory() as t, \
	    concurrent.futures.ThreadPoolExecutor(2) as pool:
		if a.keep:
			os.makedirs(a.keep, exist_ok=True)

		def one(seed):
			# pylint: disable=consider-using-with  # goes with t
			folder = a.keep or tempfile.mkdtemp(dir=t)
			return seed, try_seed(seed, folder, ways)
		for seed, wrong in pool.map(one, seeds):
			failed += bool(wrong)
			for way, why in wrong:
				print('not ok diff/properties/seed-%d-%s: %s' %
				    (seed, way, why.replace('\n', ' ')))
			if not wrong:
				print('ok diff/properties/seed-%d' % seed)
	return 1 if failed else 0


if __name__ == '__main__':
	sys.exit(main())
