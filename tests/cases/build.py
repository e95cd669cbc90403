#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""build.py - captures from readable descriptions (*.case)

A case describes traffic that no server makes, and below a line `== expect`
what smtpwire has to tell of it (match.py).  This script makes the capture:

	build.py [options] CASE -o FOLDER      writes the case's files there

  --format F    pcap (default) pcap-ns pcap-be pcapng pcapng-ns pcapng-be
                netmon1 netmon2.0 netmon2.1 netmon2.2 netmon2.3 (header of 72)
                netmon2.3-128 (header of 128) snoop erf
  --link L      ethernet (default) sll sll2 null loop raw ppp pppoe wifi
                radiotap amsdu nflog pktap mpls pseudowire
  --vlan N[/M]  one or two 802.1Q tags on every frame
  --tunnel T    none (default) gre ipip vxlan geneve
  --ip6         IPv6 addresses made of the IPv4 ones
  --mss N       cut every segment that carries data into pieces of N octets

Traffic, one line each (`#` begins a comment line):

  C EHLO x            the client sends the line and CRLF, in one segment
  S 250 ok            so does the server
  C: EHLO x\\r\\n       exactly these octets; \\r \\n \\t \\0 \\\\ \\xHH, \\(N:text) is
                      text N times; \\{client-hello NAME} \\{server-hello}
                      \\{tls N} TLS records, the last one opaque;
                      \\{text N} N octets of lines of 80 octets
  C<<                 the lines up to `>>`, each with CRLF, sent at once
  C[options]...       any of them with options, separated by blanks:
     lost             sent and received, but not captured
     noack            captured, but the peer did not get it
     at=N             at offset N of its stream (0: first octet; -N: from the
                      end), as a retransmission or far ahead
     ack=N            acknowledges offset N of the peer (-N: N less than all)
     early            acknowledges what the segment before it did: sent before
                      anything newer was seen
     mss=N cut=3,9    cut into segments of N octets, or at these offsets
     order=2,1,3      captured in this order
     dup              each frame captured twice
     hold=X           captured only at `release X`
     syn fin rst ack  flags; `C[fin]:` carries no octets
     win=N frag=N     window; IP fragments of N octets
     forged           sent by somebody else: neither host knows of it
     ttl=N            time to live (64)
     fragcopy=X       behind each fragment a copy of it that holds X alone
     doff=N ihl=N iplen=N  TCP's data offset, IPv4's header length (words) and
                      total length (octets), whatever they should be
     totlen0 badsum   total length 0 as by segmentation offload; bad checksum
     vlan=N           tag of these frames
  again C A B [options]  octets A to B of the stream once more
  open                SYN, SYN-ACK, ACK.  Without it the connection has none
  close [C|S]         FIN of that side (default C), FIN of the other, ACK
  release X           see hold
  conn NAME k=v ...   another connection (also the first, to set its values):
                      client=IP:PORT server=IP:PORT cseq= sseq= (initial
                      sequence numbers) mss= vlan=N cvlan=N svlan=N
  use NAME            go on with that connection
  hello [VERB]        open, greeting, EHLO (HELO, LHLO), its reply: 4 events
  envelope            MAIL, RCPT, DATA and their replies: 6 events
  bye                 QUIT, 221, close: 3 events
  wait S, step S      capture time passes; time between frames (0.001)
  time T              seconds since 1970
  file NAME           another capture file from here on
  snap N              frames are cut to N octets from here on
  noise N             N frames of other traffic
  write NAME          the lines up to `>>` go to a file of their own (a log)

Everything is deterministic.  Acknowledgments: each segment acknowledges all
that its sender has got so far, so what a host knew when it spoke is in the
capture as on a real wire; pure ACKs are there only where the case says so.
"""
import argparse
import ipaddress
import os
import re
import struct
import sys
import zlib

NS = 1000000000
BASE = 1709294400 * NS	# 2024-03-01T12:00:00Z
HELLO = ['220 mx.example.org ESMTP', ' client.example.net',
    '250 mx.example.org']
ENVELOPE = ['MAIL FROM:<a@example.net>', '250 2.1.0 Ok',
    'RCPT TO:<b@example.org>', '250 2.1.5 Ok', 'DATA', '354 go ahead']
BYE = ['QUIT', '221 2.0.0 Bye']
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class CaseError(Exception):
	pass


# --- octets ------------------------------------------------------------------

def vector(width, data):
	"""data behind its length in so many octets."""
	return len(data).to_bytes(width, 'big') + data


def handshake(kind, body):
	message = bytes([kind]) + vector(3, body)
	return b'\x16\x03\x01' + vector(2, message)


def client_hello(name):
	sni = vector(2, b'\0' + vector(2, name.encode()))
	versions = vector(1, b'\x03\x04\x03\x03')
	ext = b'\0\0' + vector(2, sni) + b'\0\x2b' + vector(2, versions)
	return handshake(1, b'\x03\x03' + bytes(range(32)) + vector(1, b'') +
	    vector(2, b'\x13\x02\xc0\x30') + vector(1, b'\0') +
	    vector(2, ext))


def server_hello():
	ext = b'\0\x2b' + vector(2, b'\x03\x04')
	return handshake(2, b'\x03\x03' + bytes(range(32)) + vector(1, b'') +
	    b'\x13\x02' + b'\0' + vector(2, ext))


def named(text):
	"""What \\{text} stands for."""
	word, _, rest = text.partition(' ')
	if word == 'client-hello':
		return client_hello(rest)
	if word == 'server-hello':
		return server_hello()
	if word == 'text':
		line = bytes(97 + i % 26 for i in range(78)) + b'\r\n'
		return (line * (int(rest) // 80 + 1))[:int(rest)]
	if word == 'tls':
		return b'\x17\x03\x03' + vector(2, bytes(
		    (i * 167 + 13) & 255 for i in range(int(rest) - 5)))
	raise CaseError('unknown escape {%s}' % text)


def octets(text):
	"""The octets that a text with escapes stands for."""
	out = bytearray()
	i = 0
	while i < len(text):
		ch = text[i]
		if ch != '\\':
			out += ch.encode()
			i += 1
			continue
		kind = text[i + 1:i + 2]
		plain = {'r': 13, 'n': 10, 't': 9, '0': 0, '\\': 92}
		if kind in plain and kind:
			out.append(plain[kind])
			i += 2
		elif kind == 'x':
			out.append(int(text[i + 2:i + 4], 16))
			i += 4
		elif kind == '{':
			end = text.index('}', i)
			out += named(text[i + 2:end])
			i = end + 1
		elif kind == '(':
			end = text.index(')', i)
			count, body = text[i + 2:end].split(':', 1)
			out += octets(body) * int(count)
			i = end + 1
		else:
			raise CaseError('unknown escape in %r' % text)
	return bytes(out)


# --- reading the description -------------------------------------------------

SEND = re.compile(r'^([CS])(\[[^\]]*\])?(<<$|: ?|:$| )(.*)$', re.S)


def options(text):
	"""`a b=c` as a dictionary."""
	out = {}
	for word in (text or '').split():
		key, _, value = word.partition('=')
		out[key] = value if _ else True
	return out


def block(lines):
	"""The lines up to `>>`."""
	out = []
	for line in lines:
		if line == '>>':
			return out
		out.append(line)
	raise CaseError('a block is not closed by >>')


class Case:
	"""A description: operations on the wire, and what is expected."""

	def __init__(self, path):
		self.path = path
		self.name = os.path.basename(path)[:-len('.case')]
		self.ops = []
		with open(path, encoding='utf-8') as f:
			lines = f.read().split('\n')
		self.expect = []
		if '== expect' in lines:
			at = lines.index('== expect')
			self.expect = lines[at + 1:]
			lines = lines[:at]
		self.read(iter(lines))

	def read(self, lines):
		for line in lines:
			if not line.strip() or line.startswith('#'):
				continue
			m = SEND.match(line)
			if m:
				self.ops.append(self.send(m, lines))
				continue
			words = line.split(None, 1)
			rest = words[1] if len(words) > 1 else ''
			if words[0] == 'write':
				rest = (rest, block(lines))
			self.ops.append((words[0], rest))

	@staticmethod
	def send(m, lines):
		side, opts, how, text = m.groups()
		if how == '<<':
			data = b''.join(octets(l) + b'\r\n'
			    for l in block(lines))
		elif how.startswith(':'):
			data = octets(text)
		else:
			data = octets(text) + b'\r\n'
		return ('send', (side, options((opts or '[]')[1:-1]), data))


# --- connections -------------------------------------------------------------

class Side:
	def __init__(self, addr, iss):
		host, port = addr.rsplit(':', 1)
		self.ip = ipaddress.ip_address(host.strip('[]'))
		self.port = int(port)
		self.iss = iss
		self.stream = bytearray()
		self.got = 0		# of the peer's stream
		self.acked = None	# what its latest segment acknowledged
		self.fin = False	# its FIN is out
		self.got_fin = False
		self.syn = False

	def put(self, at, data):
		end = at + len(data)
		if end > len(self.stream):
			self.stream += bytes(end - len(self.stream))
			self.stream[at:end] = data


class Conn:
	def __init__(self, n, values):
		self.mss = int(values.get('mss', 1460))
		client = values.get('client', '192.0.2.7:%d' % (49152 + n))
		server = values.get('server', '198.51.100.25:25')
		self.side = {
		    'C': Side(client, int(values.get('cseq', 1000 + n), 0)
		        if 'cseq' in values else 1000 + n),
		    'S': Side(server, int(values['sseq'], 0)
		        if 'sseq' in values else 500000 + n)}
		vlan = values.get('vlan')
		self.vlan = {'C': values.get('cvlan', vlan),
		    'S': values.get('svlan', vlan)}


class Frame:
	"""One IP packet of one side at one time, without its link layer."""

	def __init__(self, ts, packet, side, vlan, snap):
		self.ts, self.packet, self.side = ts, packet, side
		self.vlan, self.snap = vlan, snap


def checksum(data):
	if len(data) & 1:
		data += b'\0'
	s = sum(struct.unpack('!%dH' % (len(data) // 2), data))
	while s >> 16:
		s = (s & 0xffff) + (s >> 16)
	return ~s & 0xffff


def ip_packet(src, dst, proto, payload, ident, frag=0, totlen0=False):
	"""The IP packets (fragments) that carry payload."""
	step = frag & ~7 if frag else max(len(payload), 1)
	out = []
	for off in range(0, max(len(payload), 1), step):
		part = payload[off:off + step]
		more = off + step < len(payload)
		if src.version == 4:
			total = 0 if totlen0 else 20 + len(part)
			head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, total,
			    ident & 0xffff, (0x2000 if more else 0) | off >> 3
			    if frag else 0x4000, 64, proto, 0,
			    src.packed, dst.packed)
			head = head[:10] + struct.pack('!H',
			    checksum(head)) + head[12:]
		else:
			ext, nxt = b'', proto
			if frag:
				ext = struct.pack('!BBHI', proto, 0,
				    off | (1 if more else 0), ident)
				nxt = 44
			length = 0 if totlen0 else len(ext) + len(part)
			head = struct.pack('!IHBB', 0x60000000, length, nxt,
			    64) + src.packed + dst.packed + ext
		out.append(head + part)
	return out


def transport(src, dst, proto, head, at, payload, bad=False):
	"""head + payload with the checksum put at offset `at`."""
	pseudo = src.packed + dst.packed + struct.pack('!IHBB',
	    len(head) + len(payload), 0, 0, proto)
	total = checksum(pseudo + head + payload) ^ (0x5555 if bad else 0)
	return head[:at] + struct.pack('!H', total) + head[at + 2:] + payload


class Wire:
	"""Runs the operations of a case; leaves frames in self.files."""

	def __init__(self, case, ip6=False, mss=None):
		self.ip6, self.mss = ip6, mss
		self.now, self.step = BASE, NS // 1000
		self.files = []		# [name, [Frame]]
		self.texts = []
		self.conns = {}
		self.conn = None
		self.held = {}
		self.snap = None
		self.ident = 1
		for verb, rest in case.ops:
			getattr(self, 'op_' + verb)(rest)
		if self.held:
			raise CaseError('held and never released: %s' %
			    ' '.join(self.held))

	# operations
	def op_send(self, rest):
		side, opts, data = rest
		self.transmit(side, opts, data, None)

	def op_again(self, rest):
		words = rest.split(None, 3)
		side, a, b = words[0], int(words[1]), int(words[2])
		data = bytes(self.current().side[side].stream[a:b])
		opts = options(words[3].strip('[]') if len(words) > 3 else '')
		self.transmit(side, opts, data, a)

	def op_open(self, rest):
		self.transmit('C', {'syn': True}, b'', None)
		self.transmit('S', {'syn': True}, b'', None)
		self.transmit('C', {'ack': True}, b'', None)

	def op_close(self, rest):
		first = rest.strip() or 'C'
		other = 'S' if first == 'C' else 'C'
		self.transmit(first, {'fin': True}, b'', None)
		self.transmit(other, {'fin': True}, b'', None)
		self.transmit(first, {'ack': True}, b'', None)

	def lines(self, text):
		for side, line in zip('CS' * len(text), text):
			self.transmit(side, {}, octets(line) + b'\r\n', None)

	def op_hello(self, rest):
		self.op_open('')
		self.transmit('S', {}, octets(HELLO[0]) + b'\r\n', None)
		self.lines([(rest.strip() or 'EHLO') + HELLO[1], HELLO[2]])

	def op_envelope(self, rest):
		self.lines(ENVELOPE)

	def op_bye(self, rest):
		self.lines(BYE)
		self.op_close('C')

	def op_release(self, rest):
		for f in self.held.pop(rest.strip()):
			self.capture(f)

	def op_conn(self, rest):
		name, _, values = rest.partition(' ')
		self.conn = Conn(len(self.conns), options(values))
		self.conns[name] = self.conn

	def op_use(self, rest):
		self.conn = self.conns[rest.strip()]

	def op_wait(self, rest):
		self.now += int(float(rest) * NS)

	def op_step(self, rest):
		self.step = int(float(rest) * NS)

	def op_time(self, rest):
		self.now = int(float(rest) * NS)

	def op_file(self, rest):
		self.files.append([rest.strip(), []])

	def op_snap(self, rest):
		self.snap = int(rest)

	def op_noise(self, rest):
		a = self.address(ipaddress.ip_address('192.0.2.99'))
		b = self.address(ipaddress.ip_address('198.51.100.53'))
		for i in range(int(rest)):
			head = struct.pack('!HHHH', 5353, 53, 12, 0)
			udp = transport(a, b, 17, head, 6, b'ping')
			self.capture(Frame(0, ip_packet(a, b, 17, udp,
			    self.ident)[0], 'C', None, self.snap))

	def op_write(self, rest):
		name, lines = rest
		self.texts.append((name.strip(),
		    b''.join(octets(l) + b'\r\n' for l in lines)))

	# machinery
	def current(self):
		if not self.conn:
			self.op_conn('default')
		return self.conn

	def address(self, ip):
		if self.ip6 and ip.version == 4:
			return ipaddress.ip_address(b'\x20\x01\x0d\xb8' +
			    bytes(8) + ip.packed)
		return ip

	def transmit(self, name, opts, data, at):
		conn = self.current()
		me = conn.side[name]
		peer = conn.side['S' if name == 'C' else 'C']
		if at is None:
			at = len(me.stream)
			if 'at' in opts:
				n = int(opts['at'])
				at = n if n >= 0 else at + n
		forged = 'forged' in opts
		if not forged:
			me.put(at, data)
		ack = self.choose_ack(me, peer, opts)
		frames = []
		for off, part in self.cut(conn, opts, data):
			last = off + len(part) == len(data)
			frames.append(self.segment(conn, name, at + off,
			    part, opts, ack, last))
		if 'order' in opts:
			frames = [frames[int(i) - 1]
			    for i in opts['order'].split(',')]
		frames = [f for group in frames for f in group]
		if not forged:
			me.acked = ack
		if 'noack' not in opts and not forged:
			peer.got = max(peer.got, at + len(data))
			peer.got_fin |= 'fin' in opts
		self.deliver(frames, opts)

	def deliver(self, frames, opts):
		if 'lost' in opts:
			self.now += self.step
			return
		if 'dup' in opts:
			frames = [f for f in frames for i in (0, 1)]
		if 'hold' in opts:
			self.held.setdefault(opts['hold'], []).extend(frames)
			return
		for f in frames:
			self.capture(f)

	@staticmethod
	def choose_ack(me, peer, opts):
		if 'ack' in opts and opts['ack'] is not True:
			n = int(opts['ack'])
			return n if n >= 0 else me.got + n
		if 'early' in opts and me.acked is not None:
			return me.acked
		return me.got + (1 if me.got_fin else 0)

	def cut(self, conn, opts, data):
		if 'cut' in opts:
			marks = [int(n) for n in opts['cut'].split(',')]
		else:
			n = int(opts.get('mss', self.mss or conn.mss))
			marks = list(range(n, len(data), n))
		marks = [0] + marks + [len(data)]
		return [(a, data[a:b]) for a, b in zip(marks, marks[1:])]

	def segment(self, conn, name, at, data, opts, ack, last):
		me = conn.side[name]
		peer = conn.side['S' if name == 'C' else 'C']
		flags = 0
		seq = me.iss + 1 + at
		if 'syn' in opts:
			flags |= SYN
			seq = me.iss
			me.syn = True
		if 'fin' in opts and last:
			flags |= FIN
		if 'rst' in opts:
			flags |= RST
		if me.fin and not data and 'at' not in opts:
			seq += 1
		me.fin |= bool(flags & FIN) and 'forged' not in opts
		if data:
			flags |= PSH
		if 'syn' not in opts or peer.syn:
			flags |= ACK
		opt = struct.pack('!BBH', 2, 4, conn.mss) if flags & SYN else b''
		a, b = self.address(me.ip), self.address(peer.ip)
		head = struct.pack('!HHIIBBHHH', me.port, peer.port,
		    seq & 0xffffffff, (peer.iss + 1 + ack) & 0xffffffff
		    if flags & ACK else 0, int(opts.get('doff',
		    5 + len(opt) // 4)) << 4, flags,
		    int(opts.get('win', 64240)), 0, 0) + opt
		tcp = transport(a, b, 6, head, 16, data, 'badsum' in opts)
		vlan = opts.get('vlan', conn.vlan[name])
		self.ident += 1
		packets = [self.headed(p, opts) for p in ip_packet(a, b, 6, tcp,
		    self.ident, int(opts.get('frag', 0)), 'totlen0' in opts)]
		if 'fragcopy' in opts:
			head = 20 if a.version == 4 else 48
			packets = [q for p in packets for q in (p, p[:head] +
			    opts['fragcopy'].encode() * (len(p) - head))]
		return [Frame(0, p, name, vlan, self.snap) for p in packets]

	@staticmethod
	def headed(packet, opts):
		"""With what the options give for its IP header."""
		if packet[0] >> 4 == 6:
			return packet[:7] + bytes([int(opts.get('ttl',
			    packet[7]))]) + packet[8:]
		if not {'ttl', 'ihl', 'iplen'} & set(opts):
			return packet
		head = bytearray(packet[:20])
		head[0] = 4 << 4 | int(opts.get('ihl', 5))
		head[2:4] = struct.pack('!H', int(opts.get('iplen',
		    len(packet))))
		head[8] = int(opts.get('ttl', head[8]))
		head[10:12] = b'\0\0'
		head[10:12] = struct.pack('!H', checksum(bytes(head)))
		return bytes(head) + packet[20:]

	def capture(self, frame):
		if not self.files:
			self.op_file('')
		copy = Frame(self.now, frame.packet, frame.side, frame.vlan,
		    frame.snap)
		self.files[-1][1].append(copy)
		self.now += self.step


# --- link layers -------------------------------------------------------------

LINKTYPES = {'ethernet': 1, 'sll': 113, 'sll2': 276, 'null': 0, 'loop': 108,
    'raw': 101, 'ppp': 9, 'pppoe': 1, 'wifi': 105, 'radiotap': 127,
    'amsdu': 127, 'nflog': 239, 'pktap': 258, 'mpls': 1, 'pseudowire': 1}
MAC = {'C': b'\x02\0\x5e\0\0\x07', 'S': b'\x02\0\x5e\0\0\x19'}


def tunnelled(packet, kind):
	"""packet inside a tunnel between two routers."""
	a = ipaddress.ip_address('203.0.113.1')
	b = ipaddress.ip_address('203.0.113.2')
	six = packet[0] >> 4 == 6
	if kind == 'gre':
		inner = struct.pack('!HH', 0, 0x86dd if six else 0x800)
		return ip_packet(a, b, 47, inner + packet, 7)[0]
	if kind == 'ipip':
		return ip_packet(a, b, 41 if six else 4, packet, 7)[0]
	inner = ethernet(packet, 'C', None)
	port, first = (6081, 0x6558) if kind == 'geneve' else (4789, 0x08000000)
	head = struct.pack('!HHHHII', 40000, port, 16 + len(inner), 0,
	    first, 42 << 8)
	return ip_packet(a, b, 17, head + inner, 7)[0]


def ethernet(packet, side, vlan):
	other = 'S' if side == 'C' else 'C'
	head = MAC[other] + MAC[side]
	tags = [int(t) for t in str(vlan).split('/')] if vlan else []
	for i, tag in enumerate(tags):
		outer = len(tags) > 1 and i == 0
		head += struct.pack('!HH', 0x88a8 if outer else 0x8100, tag)
	return head + struct.pack('!H', ethertype(packet)) + packet


def ethertype(packet):
	return 0x86dd if packet[0] >> 4 == 6 else 0x800


def wireless(packet, side, aggregate):
	"""QoS data between station and access point, not encrypted."""
	other = 'S' if side == 'C' else 'C'
	ends = MAC[other] + MAC[side]
	out = b'\xaa\xaa\x03\0\0\0' + struct.pack('!H',
	    ethertype(packet)) + packet
	if aggregate:
		out = ends + struct.pack('!H', len(out)) + out
	return struct.pack('<HH', 0x188 if side == 'C' else 0x288, 44) + \
	    MAC['S'] + MAC[side] + MAC[other] + struct.pack('<HH', 0x120,
	    0x80 if aggregate else 0) + out


def radiotap(frame):
	"""Time stamp, flags (a check sequence follows), rate."""
	return struct.pack('<BBHIQBB', 0, 0, 18, 7, 0, 0x10, 12) + frame + \
	    struct.pack('<I', zlib.crc32(frame))


def nflog(packet, six):
	return struct.pack('!BBH', 10 if six else 2, 0, 5) + \
	    struct.pack('<HH', 8, 1) + struct.pack('!HBx',
	    ethertype(packet), 2) + struct.pack('<HH', 5, 10) + \
	    b'\0\0\0\0' + struct.pack('<HH', len(packet) + 4, 9) + packet


def pktap(frame, out):
	return struct.pack('<III24sIIIIi20sIIIi20s', 156, 1, 1, b'en0',
	    2 if out else 1, 2, 14, 0, 99, b'client', 0, 0, 0, 99,
	    b'client').ljust(156, b'\0') + frame


def labelled(packet, side, pseudowire):
	"""Two labels, which are others in the other direction."""
	other = 'S' if side == 'C' else 'C'
	first = 16 if side == 'C' else 32
	head = MAC[other] + MAC[side] + struct.pack('!HII', 0x8847,
	    first << 12 | 64, (first + 1) << 12 | 0x100 | 64)
	if pseudowire:
		packet = bytes(4) + ethernet(packet, side, None)
	return head + packet


def framed(frame, link, vlan, tunnel):
	packet = frame.packet
	if tunnel != 'none':
		packet = tunnelled(packet, tunnel)
	six = packet[0] >> 4 == 6
	tags = vlan or frame.vlan
	out = frame.side == 'C'
	if link == 'ethernet':
		return ethernet(packet, frame.side, tags)
	if link == 'sll':
		return struct.pack('!HHH8sH', 4 if out else 0, 1, 6,
		    MAC[frame.side], ethertype(packet)) + packet
	if link == 'sll2':
		return struct.pack('!HHIHBB8s', ethertype(packet), 0, 2, 1,
		    4 if out else 0, 6, MAC[frame.side]) + packet
	if link == 'null':
		return struct.pack('<I', 24 if six else 2) + packet
	if link == 'loop':
		return struct.pack('!I', 24 if six else 2) + packet
	if link == 'raw':
		return packet
	if link == 'wifi':
		return wireless(packet, frame.side, False)
	if link in ('radiotap', 'amsdu'):
		return radiotap(wireless(packet, frame.side,
		    link == 'amsdu'))
	if link == 'nflog':
		return nflog(packet, six)
	if link == 'pktap':
		return pktap(ethernet(packet, frame.side, tags), out)
	if link in ('mpls', 'pseudowire'):
		return labelled(packet, frame.side, link == 'pseudowire')
	ppp = struct.pack('!H', 0x57 if six else 0x21) + packet
	if link == 'ppp':
		return b'\xff\x03' + ppp
	head = MAC['S'] + MAC['C'] + struct.pack('!H', 0x8864)
	return head + struct.pack('!BBHH', 0x11, 0, 3, len(ppp)) + ppp


# --- containers --------------------------------------------------------------

def pcap(frames, link, magic=0xa1b2c3d4, order='<', unit=1000):
	out = [struct.pack(order + 'IHHiIII', magic, 2, 4, 0, 0, 262144, link)]
	for ts, data, wire in frames:
		out.append(struct.pack(order + 'IIII', ts // NS,
		    ts % NS // unit, len(data), wire) + data)
	return b''.join(out)


def pcapng(frames, link, order='<', unit=1000):
	def chunk(kind, body):
		body += bytes(-len(body) % 4)
		size = struct.pack(order + 'I', 12 + len(body))
		return struct.pack(order + 'I', kind) + size + body + size
	out = [chunk(0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0,
	    -1))]
	opts = b''
	if unit == 1:
		opts = struct.pack(order + 'HHB3xHH', 9, 1, 9, 0, 0)
	out.append(chunk(1, struct.pack(order + 'HHI', link, 0, 262144) +
	    opts))
	for ts, data, wire in frames:
		t = ts // unit
		out.append(chunk(6, struct.pack(order + 'IIIII', 0, t >> 32,
		    t & 0xffffffff, len(data), wire) + data))
	return b''.join(out)


def systemtime(ns):
	days, rest = divmod(ns, 86400 * NS)
	import datetime
	d = datetime.date(1970, 1, 1) + datetime.timedelta(days)
	s, frac = divmod(rest, NS)
	return struct.pack('<8H', d.year, d.month, (d.weekday() + 1) % 7,
	    d.day, s // 3600, s // 60 % 60, s % 60, frac // 1000000)


def netmon(frames, link, version, header):
	"""Frame table behind the frames; trailers as the version has them."""
	major, minor = version
	media = 1 if link == 1 else 0xe000 + link
	if link != 1 and version < (2, 1):
		raise CaseError('netmon before 2.1 holds Ethernet alone')
	start = frames[0][0] // 1000000 * 1000000 if frames else BASE
	body, table = bytearray(), []
	for ts, data, wire in frames:
		table.append(header + len(body))
		if major == 1:
			body += struct.pack('<IHH', (ts - start + 500000) //
			    1000000, wire, len(data))
		else:
			body += struct.pack('<qII', (ts - start) // 1000,
			    wire, len(data))
		body += data
		if version >= (2, 1):
			body += struct.pack('<H', media)
		if version >= (2, 2):
			body += struct.pack('<I', 0xffffffff)
		if version >= (2, 3):
			body += struct.pack('<qB', filetime(ts), 0xff)
	at = header + len(body)
	ext = b''
	if version >= (2, 3):
		ext = struct.pack('<HqB', 1, filetime(start), 0)
	head = b'RTSS' if major == 1 else b'GMBU'
	head += struct.pack('<BBH', minor, major, 1) + systemtime(start)
	head += struct.pack('<II', at, 4 * len(table)) + bytes(24)
	head += struct.pack('<II', at + 4 * len(table) if ext else 0,
	    len(ext)) + bytes(8)
	head = head.ljust(header, b'\0')
	return head + bytes(body) + struct.pack('<%dI' % len(table),
	    *table) + ext


def filetime(ns):
	return ns // 100 + 116444736000000000


def snoop(frames, link):
	kinds = {1: 4, 6: 2, 10: 8}
	if link not in kinds:
		raise CaseError('snoop has no such link type')
	out = [b'snoop\0\0\0' + struct.pack('!II', 2, kinds[link])]
	for ts, data, wire in frames:
		pad = -len(data) % 4
		out.append(struct.pack('!IIIIII', wire, len(data),
		    24 + len(data) + pad, 0, ts // NS, ts % NS // 1000) +
		    data + bytes(pad))
	return b''.join(out)


def erf(frames, link):
	"""Every second record has two more headers; the FCS is captured, as
	the cards do, and padding makes multiples of 8."""
	if link not in (1, 101):
		raise CaseError('erf has no such link type')
	out = []
	for i, (ts, data, wire) in enumerate(frames):
		kind = 2 if link == 1 else 22 if data[0] >> 4 == 4 else 23
		if kind == 2:
			data = bytes(2) + data + (b'FCS.' if wire <= len(data)
			    else b'')
			wire += 4
		if i & 1:
			data = b'\x83' + bytes(7) + b'\x04' + bytes(7) + data
		pad = -len(data) % 8
		out.append(struct.pack('<II', ts % NS * 2**32 // NS,
		    ts // NS) + struct.pack('!BBHHH', kind | (i & 1) << 7, 4,
		    16 + len(data) + pad, 0, wire) + data + bytes(pad))
	return b''.join(out)


FORMATS = {
    'pcap': lambda f, l: pcap(f, l),
    'pcap-ns': lambda f, l: pcap(f, l, 0xa1b23c4d, '<', 1),
    'pcap-be': lambda f, l: pcap(f, l, 0xa1b2c3d4, '>'),
    'pcapng': lambda f, l: pcapng(f, l),
    'pcapng-ns': lambda f, l: pcapng(f, l, '<', 1),
    'pcapng-be': lambda f, l: pcapng(f, l, '>'),
    'netmon1': lambda f, l: netmon(f, l, (1, 1), 128),
    'netmon2.0': lambda f, l: netmon(f, l, (2, 0), 128),
    'netmon2.1': lambda f, l: netmon(f, l, (2, 1), 128),
    'netmon2.2': lambda f, l: netmon(f, l, (2, 2), 128),
    'netmon2.3': lambda f, l: netmon(f, l, (2, 3), 72),
    'netmon2.3-128': lambda f, l: netmon(f, l, (2, 3), 128),
    'snoop': lambda f, l: snoop(f, l),
    'erf': lambda f, l: erf(f, l),
}


def build(case, folder, format='pcap', link='ethernet', vlan=None,
    tunnel='none', ip6=False, mss=None):
	"""Write the case's files into folder; their names in order."""
	wire = Wire(case, ip6, mss)
	os.makedirs(folder, exist_ok=True)
	names = []
	for name, frames in wire.files:
		raw = []
		for f in frames:
			data = framed(f, link, vlan, tunnel)
			raw.append((f.ts, data[:f.snap] if f.snap else data,
			    len(data)))
		name = name or case.name + '.' + format.split('-')[0]
		with open(os.path.join(folder, name), 'wb') as out:
			out.write(FORMATS[format](raw, LINKTYPES[link]))
		names.append(name)
	for name, text in wire.texts:
		with open(os.path.join(folder, name), 'wb') as out:
			out.write(text)
		names.append(name)
	return names


def main():
	p = argparse.ArgumentParser(usage='build.py [options] CASE -o FOLDER')
	p.add_argument('case')
	p.add_argument('-o', dest='folder', required=True)
	p.add_argument('--format', choices=FORMATS, default='pcap')
	p.add_argument('--link', choices=LINKTYPES, default='ethernet')
	p.add_argument('--vlan')
	p.add_argument('--tunnel', default='none',
	    choices=('none', 'gre', 'ipip', 'vxlan', 'geneve'))
	p.add_argument('--ip6', action='store_true')
	p.add_argument('--mss', type=int)
	a = p.parse_args()
	try:
		names = build(Case(a.case), a.folder, a.format, a.link,
		    a.vlan, a.tunnel, a.ip6, a.mss)
	except (CaseError, ValueError) as e:
		sys.exit('build.py: %s: %s' % (a.case, e))
	print('\n'.join(os.path.join(a.folder, n) for n in names))


if __name__ == '__main__':
	main()
