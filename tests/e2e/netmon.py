#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""netmon.py - Network Monitor files of all versions and media

A capture of Ethernet is written anew in each version, with each length of the
header and as each medium: the sessions must be the same, also when they are
read from a pipe, and read back from what -w keeps.
"""
import datetime
import gzip
import json
import os
import struct
import subprocess
import time

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
    g = time.gmtime(us // 1000000 + zone_s)
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


def comment(offset, title, words):
    title = (title + '\0').encode('utf-16-le')
    words = words.encode()
    return struct.pack('<3I', 1, offset, len(title)) + title + \
        struct.pack('<I', len(words)) + words


def process(path, number, ports=(25, 49464)):
    path = (path + '\0').encode('utf-16-le')
    icon = os.urandom(70000)
    return struct.pack('<I', len(path)) + path + struct.pack(
        '<I', len(icon)) + icon + struct.pack(
            '<I4HI', number, ports[0], 0, ports[1], 0, 0) + bytes(32)


def netmon(version, header_len, medium, zone_s=0, extended=True, comments=(),
           processes=(), process_of=lambda i: 0xffffffff):
    """comments: (frame from 0, title, description in RTF)"""
    start = frames()[0][0] // 1000 * 1000
    body, offsets, kind = b'', [], 1
    for i, (us, octets) in enumerate(frames()):
        kind, octets = medium(octets)
        offsets.append(header_len + len(body))
        body += struct.pack('<qII', us - start, len(octets), len(octets)) + \
            octets + trailer(version, kind, us, process_of(i))
    table = struct.pack('<%dI' % len(offsets), *offsets)
    said = b''.join(comment(offsets[i], t, w) for i, t, w in comments)
    told = struct.pack('<H', 1) + b''.join(process(*p) for p in processes)
    info = struct.pack('<HQB', 1, start * 10 + EPOCH, 0)
    at = [header_len + len(body)]
    for part in (table, said, told):
        at.append(at[-1] + len(part))
    head = b'GMBU' + bytes([version % 10, version // 10]) + struct.pack(
        '<H', kind if version == 20 else 1) + system_time(start, zone_s)
    head += struct.pack('<2I8x2I', at[0], len(table), at[1], len(said))
    head += struct.pack('<2I', at[2], len(processes))
    head += struct.pack('<2I', at[3], len(info)) if version >= 23 and \
        extended else bytes(8)
    head = (head + bytes(header_len))[:header_len]
    return head + body + table + said + told + (info if extended else b'')


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
            cut = len(octets) - 4 * len(frames()) - 2 - 11
            need(read('-q', write('lost', octets[:cut])).stdout == EXPECTED,
                 'lost table of %d' % version)


def zone():
    """The header is local, the extended information is not."""
    def instant(text):
        return datetime.datetime.fromisoformat(
            text.decode().replace('Z', '+00:00'))

    def start(path, *more):
        p = subprocess.run([PROGRAM, 'read', '-q', '-f', 'jsonl', *more,
                            path], capture_output=True, check=True)
        return p.stdout.split(b'"start":"')[1].split(b'"')[0]

    right = start(WIRE)
    need(right.endswith(b'Z'), right)
    for hours in (-8, 0, 2):
        octets = netmon(23, 72, ethernet, hours * 3600)
        need(start(write('zone', octets))[:19] == right[:19],
             'the zone is not recovered')
    octets = netmon(22, 72, ethernet, 2 * 3600, extended=False)
    path = write('local', octets)
    need(not start(path).endswith(b'Z'), 'a local time told as UTC')
    need(instant(start(path, '--tz', '+02:00')) == instant(right),
         'with a zone')


RTF = '{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}\\f0 ' \
    'the \\b first\\b0  one,\\par\r\nf\\\'fcr Bob \\{x\\}}'


def notes(*arguments):
    p = subprocess.run([PROGRAM, 'read', '-f', 'jsonl', *arguments],
                       capture_output=True, check=False,
                       stdin=subprocess.DEVNULL)
    need(p.returncode == 0, p.stderr.decode())
    sessions = [json.loads(line) for line in p.stdout.splitlines()]
    return [[(n['code'], n['text'], n['at']) for n in s['notes']
             if n['code'] in ('comment', 'process')]
            for s in sessions], p.stderr.decode()


def bare(path):
    """Sessions without their notes."""
    return [dict(json.loads(line), notes=None)
            for line in read('-q', path).stdout.splitlines()]


def side_tables():
    path = 'C:\\mail\\smtp gr\u00fcn.exe'
    octets = {}
    for version in (22, 23):
        octets[version] = netmon(
            version, 72, ethernet,
            comments=[(30, 'Caf\u00e9 \U0001f4e7', RTF), (3, 'greeting', '')],
            processes=[(path, 1234), ('other', 5)],
            process_of=lambda i: i // 21)
        for more in ([], ['--threads', '3']):
            got, err = notes(write('side', octets[version]), *more)
            need('warning' not in err, err)
            need(len(got) == 2 and got[0] == [
                ('process', path + ' (process 1234)', [1, 1]),
                ('comment', 'greeting', [4, 4])], 'first: %r' % (got[0],))
            need(got[1] == [
                ('process', 'other (process 5)', [22, 22]),
                ('comment', 'Caf\u00e9 \U0001f4e7: the first one, '
                 'f\u00fcr Bob {x}', [31, 31])], 'second: %r' % (got[1],))
    # Frames and sessions are the same, whatever is wrong beside them.
    good = octets[22]
    for at, value, words in (
            (40, 0xfffffff0, 'damaged comments, left'),
            (44, 0x7fffffff, 'damaged comments, left'),
            (44, 30, 'damaged comments, left'),
            (48, 0xfffffff0, 'damaged table of processes, left'),
            (48, 5, 'damaged table of processes, left'),
            (52, 3, 'damaged table of processes, left'),
            (52, 0xffffffff, 'damaged table of processes, left')):
        bad = bytearray(good)
        struct.pack_into('<I', bad, at, value)
        path = write('bad', bad)
        need(words in notes(path)[1], '%d: not told' % at)
        need(bare(path) == bare(WIRE), '%d: other sessions' % at)
    # Compressed it is no shorter; where the start in UTC should be is nothing.
    path = write('side.gz', gzip.compress(octets[23]))
    need(notes(path)[0] == notes(write('side', octets[23]))[0], 'gzip')
    need('warning' not in notes(path)[1], 'gzip: ' + notes(path)[1])
    bad = bytearray(octets[23])
    struct.pack_into('<2I', bad, 56, 0xfffffff0, 60)
    path = write('bad', bad)
    need(read('-q', path).stdout == read('-q', write('side', octets[
        23])).stdout, 'no extended information: other sessions')
    # Before 2.2 something else stands there.
    old = bytearray(netmon(21, 128, ethernet))
    old[32:72] = b'\xff' * 40
    path = write('old', old)
    need(read('-q', path).stdout == EXPECTED, 'garbage in an old header')
    need('warning' not in notes(path)[1], 'garbage told')


def memory():
    """Nothing is taken at once of what lengths say."""
    def most(path):
        pid = os.posix_spawn(PROGRAM, [
            PROGRAM, 'read', '-q', '-o', os.path.join(TMP, 'out'), path],
            dict(os.environ))
        _, status, usage = os.wait4(pid, 0)
        need(status == 0, 'status %d' % status)
        return usage.ru_maxrss

    octets = netmon(22, 128, ethernet, comments=[(3, 'title', 'words')],
                    processes=[('other', 5)])
    usual = most(write('usual', octets))
    at = struct.unpack_from('<3I', octets, 40)
    for place in (28, 44, 48, at[0] + 8, at[2] + 2, 128 + 12):
        bad = bytearray(octets)
        struct.pack_into('<I', bad, place, 0xfffffffc)
        used = most(write('bad', bad))
        need(used < usual + 16384, 'length at %d: %d KiB, not %d' % (
            place, used, usual))


def pcapng_comments():
    def block(kind, body):
        size = len(body) + 12
        return struct.pack('<2I', kind, size) + body + struct.pack('<I', size)

    out = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))
    out += block(1, struct.pack('<HHI', 1, 0, 0))
    for i, (us, octets) in enumerate(frames()):
        text = b'seen by us' if i == 5 else b''
        options = struct.pack('<HH', 1, len(text)) + text + bytes(
            -len(text) % 4) + bytes(4) if text else b''
        out += block(6, struct.pack(
            '<5I', 0, us >> 32, us & 0xffffffff, len(octets), len(octets)) +
            octets + bytes(-len(octets) % 4) + options)
    got, _ = notes(write('x.pcapng', out))
    need(got == [[('comment', 'seen by us', [6, 6])], []], repr(got))


def main():
    for case in (media, lost_table, zone, side_tables, memory,
                 pcapng_comments):
        try:
            case()
            print('ok ' + case.__name__)
        except Failed as e:
            print('not ok %s: %s' % (case.__name__, e))


main()
