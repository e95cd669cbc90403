# SPDX-License-Identifier: GPL-2.0-or-later
"""frames.py - a talk as TCP segments, and these as captures

Whatever is done to the segments here changes how a capture tells what the
hosts did, never what they did: an acknowledgment stays what its sender knew,
and of two segments of which neither host knew the other's the first stays the
first.
"""
import heapq
import ipaddress
import struct

from talks import C, S, build

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MSS = 1460
STEP_NS = 1000000


class Segment:
	"""Offsets count from the SYN (0); `of`: its flow."""

	def __init__(self, of, who, seq, ack, flags, octets=b''):
		self.of, self.who, self.seq, self.ack = of, who, seq, ack
		self.flags, self.octets = flags, octets
		self.end = seq + len(octets) + bool(flags & (SYN | FIN))

	def is_handshake(self):
		return self.flags & SYN or (self.end, self.ack) == (1, 1)

	def waits_for(self, other):
		"""Must other, which was sent before, be captured before?  Of the
		handshake no one segment has to; but a direction of which no
		start was seen is not waited for.  Behind a RST is nothing."""
		if (self.flags | other.flags) & RST:
			return True
		if other.flags & SYN and not self.is_handshake():
			return True
		return self.who != other.who and self.end > self.seq and \
		    other.end > other.seq and self.ack < other.end


class Flow:
	"""One connection; `bursts` are its segments before they are cut."""

	def __init__(self, r, n, talk):
		six = r.random() < 0.4
		host = '2001:db8::%x:%x' if six else '192.0.%d.%d'
		self.ends = (
		    (ipaddress.ip_address(host % (2, 10 + n % 3)), 40000 + n),
		    (ipaddress.ip_address(host % (3, 25)), r.choice(
		    (25, 25, 587))))
		self.first = [r.choice((r.getrandbits(32), -r.randrange(1, 900)))
		    & 0xffffffff for _ in range(2)]
		self.tag = r.choice((None, None, None, 10, 11, '10/20'))
		self.n = n
		self.talk = talk
		self.bursts = list(self.make(talk))

	def make(self, talk):
		at = [0, 0]
		said = [[], []]	# where the steps of each end

		def burst(who, flags, octets=b'', unseen=0):
			ack = at[1 - who]
			if unseen:
				ack = said[1 - who][-unseen - 1]
			s = Segment(self, who, at[who], ack if flags & ACK else 0,
			    flags, octets)
			at[who] = s.end
			said[who].append(s.end)
			return s
		yield burst(C, SYN)
		yield burst(S, SYN | ACK)
		yield burst(C, ACK)
		for who, octets, unseen in talk.steps:
			yield burst(who, PSH | ACK, octets, unseen)
		if talk.end in ('C', 'S'):
			who = 'CS'.index(talk.end)
			yield burst(who, FIN | ACK)
			yield burst(1 - who, FIN | ACK)
			yield burst(who, ACK)
		elif talk.end == 'rst':
			yield burst(C, RST | ACK)


# --- what may be done to them -----------------------------------------------

def cut(segments, size):
	"""Each cut into pieces of size() octets; size None: as large as IP
	takes."""
	for s in segments:
		at = 0
		while at == 0 or at < len(s.octets):
			n = size(at, len(s.octets)) if size else 60000
			part = s.octets[at:at + n]
			yield Segment(s.of, s.who, s.seq + at, s.ack, s.flags,
			    part)
			at += max(n, 1)


def interleave(r, flows):
	"""In an order of its own, each flow's segments in theirs."""
	flows = [list(f) for f in flows if f]
	at = [0] * len(flows)
	turns = [i for i, f in enumerate(flows) for _ in f]
	r.shuffle(turns)
	for i in turns:
		yield flows[i][at[i]]
		at[i] += 1


def reorder(r, segments, window):
	"""None further than so many from its place, and none before what it
	has to wait for."""
	segments = list(segments)
	key = [i + r.random() * window for i in range(len(segments))]
	behind = [[] for _ in segments]
	waits = [0] * len(segments)
	for i, s in enumerate(segments):
		for j in range(max(0, i - 2 * window), i):
			if segments[j].of is s.of and \
			    s.waits_for(segments[j]):
				behind[j].append(i)
				waits[i] += 1
	ready = [(key[i], i) for i, n in enumerate(waits) if n == 0]
	heapq.heapify(ready)
	while ready:
		_, i = heapq.heappop(ready)
		yield segments[i]
		for j in behind[i]:
			waits[j] -= 1
			if waits[j] == 0:
				heapq.heappush(ready, (key[j], j))


def one_host_late(r, segments, most):
	"""All that one host sent at first is captured behind so many segments
	of the other one, at most, that do not cross it; what
	acknowledges none of its octets waits for none."""
	late, left, held = r.choice((C, S)), r.randrange(1, most), []
	for s in segments:
		if left > 0 and s.who == late and not s.flags & (FIN | RST):
			held.append(s)
			continue
		left -= 1
		if left <= 0 or s.flags & (FIN | RST) or \
		    s.octets and s.ack <= 1 or \
		    any(s.waits_for(h) and h.octets for h in held):
			left = 0
			yield from held
			held = []
		yield s
	yield from held


def repeat(r, segments, rate):
	"""Copies of some behind them."""
	out = []
	for i, s in enumerate(segments):
		out.append((i, s))
		while r.random() < rate:
			out.append((i + r.randrange(40), s))
	return [s for _, s in sorted(out, key=lambda p: p[0])]


def retransmit(r, segments, rate):
	"""Some octets once more, cut otherwise, with what is known by then; or
	in front of the next ones."""
	sent, known = {}, {}
	for s in segments:
		stream = sent.setdefault((s.of, s.who), bytearray())
		n = r.randrange(1, 99) if r.random() < rate else 0
		if 0 < n <= len(stream) == s.seq - 1 and s.octets:
			yield Segment(s.of, s.who, s.seq - n, s.ack, s.flags,
			    bytes(stream[-n:]) + s.octets)
		else:
			yield s
		if s.flags & (SYN | FIN | RST) or s.flags & ACK == 0:
			continue
		if s.seq - 1 == len(stream):
			stream += s.octets
		known[s.of, s.who] = max(known.get((s.of, s.who), 0), s.ack)
		if stream and r.random() < rate:
			a = r.randrange(len(stream))
			b = min(len(stream), a + r.randrange(1, MSS))
			yield Segment(s.of, s.who, 1 + a, known[s.of, s.who],
			    PSH | ACK, bytes(stream[a:b]))


def acknowledge(r, segments, rate):
	"""Pure acknowledgments, never of more than what their sender's next
	segment says he knew."""
	segments = list(segments)
	knows, later = {}, []
	for s in reversed(segments):
		later.append(dict((k, knows.get((s.of, k), s.end))
		    for k in (C, S)))
		if s.flags & ACK:
			knows[s.of, s.who] = min(s.ack, knows.get(
			    (s.of, s.who), s.ack))
	for s, known in zip(segments, reversed(later)):
		yield s
		if s.of.talk.end in ('C', 'S') and r.random() < rate and \
		    s.flags & ACK and not s.flags & (SYN | FIN):
			yield Segment(s.of, 1 - s.who, max(1, s.ack),
			    min(s.end, known[1 - s.who]), ACK)


# --- octets -----------------------------------------------------------------

class Packets:
	"""Segments as IP packets; `some` of them in fragments; `bad`: rate of
	wrong checksums."""

	def __init__(self, r, some=False, bad=0.0):
		self.r, self.some, self.bad, self.ident = r, some, bad, 0

	def of(self, s):
		(a, ap), (b, bp) = s.of.ends if s.who == C else \
		    s.of.ends[::-1]
		seq = s.of.first[s.who] + s.seq & 0xffffffff
		ack = s.of.first[1 - s.who] + s.ack & 0xffffffff \
		    if s.flags & ACK else 0
		head = struct.pack('!HHIIBBHHH', ap, bp, seq, ack, 0x50,
		    s.flags, 65535, 0, 0)
		data = build.transport(a, b, 6, head, 16, s.octets,
		    self.r.random() < self.bad)
		self.ident += 1
		size = 0
		if self.some and self.r.random() < 0.5:
			size = 8 * self.r.randrange(1, 90)
		if len(data) > 40 * size:
			size = 0
		return build.ip_packet(a, b, 6, data, self.ident, size)

	def shuffled(self, s):
		packets = self.of(s)
		self.r.shuffle(packets)
		return packets


def frames_of(segments, packets, only=None):
	"""What build.framed takes, a millisecond apart; only: of these flows."""
	out, now = [], build.BASE
	for s in segments:
		for packet in packets.shuffled(s):
			if not only or s.of in only:
				out.append(build.Frame(now, packet,
				    'CS'[s.who], s.of.tag, None))
			now += STEP_NS
	return out


def container(frames, form='pcap', link='ethernet'):
	raw = []
	for f in frames:
		data = build.framed(f, link, None, 'none')
		raw.append((f.ts, data, len(data)))
	return build.FORMATS[form](raw, build.LINKTYPES[link])
