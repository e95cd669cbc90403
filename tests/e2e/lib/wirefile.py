# SPDX-License-Identifier: GPL-2.0-or-later
"""wirefile.py - alter a capture as a box between two hosts would

A pcap of Ethernet frames is read into memory.  Octets of a TCP stream may be
replaced by more or fewer: the numbers of all that follows in both directions
are put right, and so are lengths and checksums.
"""
import ipaddress
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(octets):
    if len(octets) % 2:
        octets += b'\0'
    total = sum(struct.unpack('>%dH' % (len(octets) // 2), octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Frame:
    """A TCP segment with what lies around it; `tcp` is 0 if it is none."""

    def __init__(self, ns, octets):
        self.ns, self.octets, self.tcp = ns, bytearray(octets), 0
        kind = octets[12:14]
        if kind == b'\x08\x00' and octets[23] == 6:
            self.addresses = (26, 30, 34)
            self.tcp = 14 + (octets[14] & 15) * 4
            end = 14 + struct.unpack('>H', octets[16:18])[0]
        elif kind == b'\x86\xdd' and octets[20] == 6:
            self.addresses = (22, 38, 54)
            self.tcp = 54
            end = 54 + struct.unpack('>H', octets[18:20])[0]
        else:
            return
        del self.octets[end:]
        self.source, self.target = self.ends()

    def ends(self):
        a, b, c = self.addresses
        ports = self.octets[self.tcp:self.tcp + 4]
        return (bytes(self.octets[a:b] + ports[:2]),
                bytes(self.octets[b:c] + ports[2:]))

    def copy(self):
        return Frame(self.ns, bytes(self.octets))

    def field(self, off, value=None):
        """A number of 32 bits in the TCP header."""
        at = self.tcp + off
        if value is not None:
            self.octets[at:at + 4] = struct.pack('>I', value & 0xffffffff)
        return struct.unpack('>I', self.octets[at:at + 4])[0]

    @property
    def seq(self):
        return self.field(4)

    @property
    def ack(self):
        return self.field(8)

    @property
    def flags(self):
        return self.octets[self.tcp + 13]

    @property
    def payload(self):
        return bytes(self.octets[self.start():])

    def start(self):
        return self.tcp + (self.octets[self.tcp + 12] >> 4) * 4

    def put(self, payload):
        self.octets[self.start():] = payload

    def seal(self):
        """Lengths and checksums."""
        o = self.octets
        a, _, c = self.addresses
        length = len(o) - self.tcp
        if a == 26:
            o[16:18] = struct.pack('>H', len(o) - 14)
            o[24:26] = b'\0\0'
            o[24:26] = struct.pack('>H', checksum(bytes(o[14:self.tcp])))
        else:
            o[18:20] = struct.pack('>H', length)
        o[self.tcp + 16:self.tcp + 18] = b'\0\0'
        whole = bytes(o[a:c]) + struct.pack('>II', length, 6) + \
            bytes(o[self.tcp:])
        o[self.tcp + 16:self.tcp + 18] = struct.pack('>H', checksum(whole))


class Capture:
    def __init__(self, path):
        with open(path, 'rb') as f:
            octets = f.read()
        self.head = octets[:24]
        magic = struct.unpack('<I', octets[:4])[0]
        assert magic in (0xa1b2c3d4, 0xa1b23c4d), path
        assert struct.unpack('<I', octets[20:24])[0] == 1, path
        self.unit = 1000 if magic == 0xa1b2c3d4 else 1
        self.frames, at = [], 24
        while at < len(octets):
            s, part, held, _ = struct.unpack('<IIII', octets[at:at + 16])
            self.frames.append(Frame(
                s * 10 ** 9 + part * self.unit,
                octets[at + 16:at + 16 + held]))
            at += 16 + held

    def save(self, path):
        with open(path, 'wb') as f:
            f.write(self.head)
            for frame in self.frames:
                s, ns = divmod(frame.ns, 10 ** 9)
                f.write(struct.pack('<IIII', s, ns // self.unit,
                                    len(frame.octets), len(frame.octets)))
                f.write(frame.octets)

    def flow(self, frame):
        """All frames of this one's connection."""
        ends = {frame.source, frame.target}
        return [f for f in self.frames
                if f.tcp and {f.source, f.target} == ends]

    def alter(self, frame, off, size, new):
        """In place of `size` octets of its payload the peer gets `new`."""
        seq = frame.seq + off & 0xffffffff
        grown = len(new) - size
        payload = frame.payload
        frame.put(payload[:off] + new + payload[off + size:])
        frame.seal()
        if grown == 0:
            return
        flow = self.flow(frame)
        for f in flow[flow.index(frame) + 1:]:
            mine = f.source == frame.source
            ahead = (f.seq if mine else f.ack) - seq & 0xffffffff
            if ahead >= 1 << 31 or (ahead == 0 and size > 0) or \
                    not (mine or f.flags & ACK):
                continue
            # Numbers inside of what was replaced stand for its end.
            f.field(4 if mine else 8, seq + max(ahead, size) + grown)
            f.seal()

    def find(self, flow, text, number=0):
        """The frame with this text in its payload, and where."""
        for frame in flow:
            at = frame.payload.find(text)
            if at >= 0:
                if number == 0:
                    return frame, at
                number -= 1
        raise KeyError(text)

    def drop(self, frames):
        gone = {id(f) for f in frames}
        self.frames = [f for f in self.frames if id(f) not in gone]

    def rename(self, flow, old, new):
        """Another address in all frames of a connection."""
        old, new = (ipaddress.ip_address(a).packed for a in (old, new))
        for f in flow:
            a, b, c = f.addresses
            for x, y in (a, b), (b, c):
                if f.octets[x:y] == old:
                    f.octets[x:y] = new
            f.seal()

    def later(self, frames, seconds):
        """These come later, all behind them in time after them."""
        for f in frames:
            f.ns += int(seconds * 10 ** 9)
        self.frames.sort(key=lambda f: f.ns)
