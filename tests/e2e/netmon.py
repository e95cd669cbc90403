#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""netmon.py - Network Monitor files of all versions and media

A capture of Ethernet is written anew in each version, with each length of the
header and as each medium: the sessions must be the same, also when they are
read from a pipe, and read back from what -w keeps.
"""
import os
import struct
import subprocess

PROGRAM = os.environ['SMTPWIRE']
TMP = os.environ['TMP']
WIRE = 'pcaps/postfix-plain.pcap'
SECOND = 10000000  # of a FILETIME, which counts from 1601
EPOCH = 11644473600 * SECOND


class Failed(Exception):
    pass


def need(truth, why):
    if not truth:
        raise Failed(why)


def frames():
    """(microseconds since 1970, octets) of a pcap file."""
    with open(WIRE, 'rb') as f:
        octets = f.read()
    at, found = 24, []
    while at < len(octets):
        s, us, size = struct.unpack_from('<3I', octets, at)
        at += 16
        found.append((s * 1000000 + us, octets[at:at + size]))
        at += size
    return found


# --- media -------------------------------------------------------------------

SNAP = b'\xaa\xaa\x03\0\0\0'


def parts(frame):
    """EtherType and IP packet, without padding."""
    ip = frame[14:]
    size = struct.unpack_from('>H', ip, 2)[0] if ip[0] >> 4 == 4 else \
        struct.unpack_from('>H', ip, 4)[0] + 40
    return frame[12:14], ip[:size]


def ethernet(frame):
    return 1, frame


def unknown(frame):
    return 0, frame


def token_ring(frame):
    kind, ip = parts(frame)
    return 2, b'\x10\x40' + frame[:12] + SNAP + kind + ip


def token_ring_routed(frame):
    kind, ip = parts(frame)
    source = bytes([frame[6] | 0x80]) + frame[7:12]
    return 2, b'\x10\x40' + frame[:6] + source + b'\x06\x30\x01\x11\x01\x20' \
        + SNAP + kind + ip


def fddi(frame):
    kind, ip = parts(frame)
    return 3, b'\x50' + frame[:12] + SNAP + kind + ip


def wifi(frame, size=32, control=b'\x08\x01'):
    kind, ip = parts(frame)
    head = struct.pack('<BHIIIIiB8s', 2, size, 1, 0, 7, 6, -40, 108, b'')
    return 6, head + bytes(size - 32) + control + bytes(2) + frame[:12] + \
        bytes(8) + SNAP + kind + ip


def wifi_longer(frame):
    return wifi(frame, 40)


def wifi_protected(frame):
    """Windows decrypts, and may leave the bit."""
    return wifi(frame, 32, b'\x08\x41')


def raw(frame):
    return 9, parts(frame)[1]


def ras(frame):
    """PPP's protocol number behind made-up addresses."""
    kind, ip = parts(frame)
    name = b' SEND\x01' if frame[11] & 1 else b' RECV\x01'
    return 1, name * 2 + (b'\0\x21' if kind == b'\x08\0' else b'\0\x57') + ip


def wfp(frame, flow=b''):
    ip = parts(frame)[1]
    if ip[0] >> 4 == 4:
        medium, addresses, tcp = 0xe083, ip[12:20], ip[20:]
    else:
        medium, addresses, tcp = 0xe084, ip[8:40], ip[40:]
    return medium + (2 if flow else 0), addresses + b'\x06' + flow + \
        struct.pack('<H', len(tcp)) + tcp


def wfp_flow(frame):
    return wfp(frame, b'flowflow')


def imported(frame):
    return 0xe065, parts(frame)[1]


MEDIA = (ethernet, unknown, token_ring, token_ring_routed, fddi, wifi,
         wifi_longer, wifi_protected, raw, ras, wfp, wfp_flow, imported)

# --- files -------------------------------------------------------------------


def system_time(us, zone_s=0):
    t = us // 1000000 + zone_s
    import time
    g = time.gmtime(t)
    return struct.pack('<8H', g.tm_year, g.tm_mon, (g.tm_wday + 1) % 7,
                       g.tm_mday, g.tm_hour, g.tm_min, g.tm_sec,
                       us // 1000 % 1000)


def trailer(version, medium, us, process=0xffffffff):
    out = struct.pack('<H', medium) if version >= 21 else b''
    if version >= 22:
        out += struct.pack('<I', process)
    if version >= 23:
        out += struct.pack('<QB', us * 10 + EPOCH, 0xff)
    return out


def netmon(version, header_len, medium, zone_s=0, table=True, extended=True,
           tail=b'', side=None):
    start = frames()[0][0] // 1000 * 1000
    body, offsets, kind = b'', [], 1
    for us, octets in frames():
        kind, octets = medium(octets)
        offsets.append(header_len + len(body))
        body += struct.pack('<qII', us - start, len(octets), len(octets)) + \
            octets + trailer(version, kind, us)
    at = header_len + len(body)
    names = b''.join(struct.pack('<I', o) for o in offsets)
    behind = at + len(names)
    info = struct.pack('<HQB', 1, start * 10 + EPOCH, 0)
    head = b'GMBU' + bytes([version % 10, version // 10]) + struct.pack(
        '<H', kind if version == 20 else 1) + system_time(start, zone_s) + \
        struct.pack('<II', at, len(names) if table else 0)
    head += bytes(24) + (struct.pack('<II', behind, len(info)) if
                         version >= 23 and extended else bytes(8))
    head = (head + bytes(header_len))[:header_len]
    del side
    return head + body + names + (info if extended else b'') + tail


def write(name, octets):
    path = os.path.join(TMP, name)
    with open(path, 'wb') as f:
        f.write(octets)
    return path


def read(*arguments, stdin=None):
    p = subprocess.run([PROGRAM, 'read', '-f', 'jsonl', '--normal'] +
                       list(arguments), input=stdin, capture_output=True,
                       stdin=None if stdin is not None else
                       subprocess.DEVNULL, check=False)
    need(p.returncode == 0, 'status %d: %s' % (
        p.returncode, p.stderr.decode().splitlines()[:1]))
    return p


# --- what is tried -----------------------------------------------------------

EXPECTED = read('-q', WIRE).stdout


def media():
    """Each in each version that has it, from a file, a pipe, and -w."""
    need(EXPECTED.count(b'\n') == 2, 'two sessions')
    for version, header_len in ((20, 128), (21, 128), (22, 72), (22, 128),
                                (23, 72), (23, 128)):
        for medium in MEDIA:
            if version == 20 and medium.__name__ in (
                    'wfp', 'wfp_flow', 'imported'):
                continue
            name = '%s-%d-%d' % (medium.__name__, version, header_len)
            octets = netmon(version, header_len, medium)
            path = write(name, octets)
            need(read('-q', path).stdout == EXPECTED, name)
            if header_len == 72 or version == 20:
                kept = os.path.join(TMP, 'kept')
                read('-q', '-', '-w', kept, stdin=octets)
                need(read('-q', kept).stdout == EXPECTED, name + ' kept')
            os.unlink(path)


def lost_table():
    for version, header_len in ((22, 72), (23, 128)):
        for medium in (wifi, wfp, ethernet):
            octets = netmon(version, header_len, medium)
            cut = len(octets) - 4 * len(frames()) - 11
            need(read('-q', write('lost', octets[:cut])).stdout == EXPECTED,
                 'lost table of %d' % version)


def zone():
    """The header is local, the extended information is not."""
    def start(path, *more):
        p = subprocess.run([PROGRAM, 'read', '-q', '-f', 'jsonl', *more,
                            path], capture_output=True, check=True)
        return p.stdout.split(b'"start":"')[1].split(b'"')[0]

    right = start(WIRE)
    need(right.endswith(b'Z'), right)
    for hours in (-8, 0, 2):
        octets = netmon(23, 72, ethernet, hours * 3600)
        need(start(write('zone', octets)) [:19] == right[:19],
             'the zone is not recovered')
    octets = netmon(22, 72, ethernet, 2 * 3600, extended=False)
    path = write('local', octets)
    need(not start(path).endswith(b'Z'), 'a local time told as UTC')
    need(start(path, '--tz', '+02:00')[:19] != b'', 'with a zone')


def main():
    for case in (media, lost_table, zone):
        try:
            case()
            print('ok ' + case.__name__)
        except Failed as e:
            print('not ok %s: %s' % (case.__name__, e))


main()
