#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""archives.py - captures and logs in zip, tar and 7z

Each member is an input of its own, and tells what the file itself would.
"""
import ctypes
import gzip
import io
import json
import os
import random
import struct
import subprocess
import sys
import tarfile
import time
import zipfile

PROGRAM = os.environ['SMTPWIRE']
TMP = os.environ['TMP']
WIRE, LOG = 'pcaps/postfix-plain.pcap', 'pcaps/postfix-plain.server.log'
# Its lines bear no year: when it was written tells it.
MODIFIED = os.path.getmtime(LOG)
# One session began in the first file and ended in the second.
PARTS = ['tests/data/exchange-connector/RECV202301111%d-1.LOG' % n
         for n in (5, 6)]


class Failed(Exception):
    pass


def need(truth, why):
    if not truth:
        raise Failed(why)


def content(path):
    with open(path, 'rb') as f:
        return f.read()


def run(arguments, stdin=None, **more):
    return subprocess.run([PROGRAM] + arguments, input=stdin, check=False,
                          stdin=None if stdin is not None else
                          subprocess.DEVNULL, capture_output=True, **more)


def sessions(p):
    """Without what tells which file it was."""
    found = []
    for line in p.stdout.splitlines():
        s = json.loads(line)
        for part in s.get('source', {}).get('parts', []):
            part.pop('name', None)
        s.get('source', {}).pop('name', None)
        found.append(s)
    return found


def read(*names, stdin=None, status=0, **more):
    p = run(['read', '-f', 'jsonl'] + list(names), stdin, **more)
    need(p.returncode == status, 'status %d, not %d: %s' % (
        p.returncode, status, p.stderr.decode().splitlines()[:1]))
    return p


def names_of(p):
    return [json.loads(line)['source']['name']
            for line in p.stdout.splitlines()]


def says(p, text):
    err = p.stderr.decode()
    need(text in err, 'not told: %s, but: %s' % (text, err.splitlines()[:3]))


# --- writing archives --------------------------------------------------------

def write(name, octets):
    path = os.path.join(TMP, name)
    with open(path, 'wb') as f:
        f.write(octets)
    return path


def zip_of(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        for name, octets in members:
            i = zipfile.ZipInfo(name, time.gmtime(MODIFIED)[:6])
            i.compress_type = method
            z.writestr(i, octets)
    return out.getvalue()


def tar_of(members, mode='w', modified=0, **more):
    out, modified = io.BytesIO(), modified or MODIFIED
    with tarfile.open(fileobj=out, mode=mode, **more) as t:
        for name, octets in members:
            i = tarfile.TarInfo(name)
            i.size, i.mtime = len(octets), modified
            t.addfile(i, io.BytesIO(octets))
    return out.getvalue()


def seven_of(members):
    """By libarchive, which also reads it: nobody else writes such here."""
    path = os.path.join(TMP, 'written.7z')
    lib = ctypes.CDLL('libarchive.so.13')
    for f in ('archive_write_new', 'archive_entry_new'):
        getattr(lib, f).restype = ctypes.c_void_p
    a = ctypes.c_void_p(lib.archive_write_new())
    lib.archive_write_set_format_7zip(a)
    need(lib.archive_write_open_filename(a, path.encode()) == 0, 'no 7z')
    for name, octets in members:
        e = ctypes.c_void_p(lib.archive_entry_new())
        lib.archive_entry_set_pathname(e, name.encode())
        lib.archive_entry_set_size(e, ctypes.c_int64(len(octets)))
        lib.archive_entry_set_filetype(e, 0o100000)
        lib.archive_entry_set_mtime(e, ctypes.c_int64(int(MODIFIED)),
                                    ctypes.c_long(0))
        need(lib.archive_write_header(a, e) == 0, '7z: no header')
        lib.archive_write_data(a, octets, ctypes.c_size_t(len(octets)))
        lib.archive_entry_free(e)
    lib.archive_write_close(a)
    lib.archive_write_free(a)
    return content(path)


def members():
    return [('a/deep/er/x.pcap', content(WIRE)), ('b.log', content(LOG))]


KINDS = {
    'zip': lambda: zip_of(members()),
    'stored.zip': lambda: zip_of(members(), zipfile.ZIP_STORED),
    'bzip2.zip': lambda: zip_of(members(), zipfile.ZIP_BZIP2),
    'lzma.zip': lambda: zip_of(members(), zipfile.ZIP_LZMA),
    'ustar.tar': lambda: tar_of(members(), format=tarfile.USTAR_FORMAT),
    'gnu.tar': lambda: tar_of(members(), format=tarfile.GNU_FORMAT),
    'pax.tar': lambda: tar_of(members(), format=tarfile.PAX_FORMAT),
    'tar.gz': lambda: tar_of(members(), 'w:gz'),
    'tar.bz2': lambda: tar_of(members(), 'w:bz2'),
    'tar.xz': lambda: tar_of(members(), 'w:xz'),
    '7z': lambda: seven_of(members()),
    'zip.gz': lambda: gzip.compress(zip_of(members())),
}

# --- what is tried -----------------------------------------------------------


def kinds():
    """From a file, from a pipe; from nothing but content."""
    expected = sessions(read(WIRE, LOG))
    need(len(expected) == 4, 'there should be four sessions')
    for kind, make in KINDS.items():
        octets = make()
        path = write('archive.' + kind, octets)
        p = read('-q', path)
        need(sessions(p) == expected, kind + ': other sessions')
        need(names_of(p) == [path + '/a/deep/er/x.pcap'] * 2 +
             [path + '/b.log'] * 2, kind + ': other names')
        p = read('-q', '-', stdin=octets)
        need(sessions(p) == expected, kind + ': other sessions of a pipe')
        need(names_of(p)[0] == '-/a/deep/er/x.pcap', kind + ': of a pipe')


def threads():
    path = write('threads.zip', zip_of(members()))
    need(read('-q', '--threads', '1', path).stdout ==
         read('-q', '--threads', '3', path).stdout, 'they differ')


def one_traffic():
    """Members in any order, cut in the middle of a session."""
    octets = content(WIRE)
    at, n = 24, 0
    while n < 10:
        at += 16 + struct.unpack_from('<I', octets, at + 8)[0]
        n += 1
    parts = [('a.pcap', octets[:24] + octets[at:]), ('b.pcap', octets[:at])]
    for make in (zip_of, tar_of):
        got = sessions(read('-q', '--normal', write('parts', make(parts))))
        need(got == sessions(read('-q', '--normal', WIRE)), 'not one traffic')


def one_log():
    parts = [(os.path.basename(p), content(p)) for p in reversed(PARTS)]
    for make in (zip_of, tar_of):
        got = sessions(read('-q', write('log', make(parts))))
        need(got == sessions(read('-q', *PARTS)), 'not one log')


def inner():
    """What is compressed, or needs its table, within an archive."""
    cap = os.path.join(TMP, 'x.cap')
    with open('tests/fuzz/corpus/wire/r-ack-first.netmon2.1', 'rb') as f:
        f.read(1)  # the fuzzer's options
        netmon = f.read()
    write('x.cap', netmon)
    expected = sessions(read('-q', cap))
    need(expected, 'no session')
    for make in (zip_of, tar_of):
        for name, octets in (('x.cap', netmon),
                             ('x.cap.gz', gzip.compress(netmon))):
            # One before it: it must not begin at the file's start.
            path = write('inner', make([('0', b'nothing'), (name, octets)]))
            got = sessions(read('-q', path))
            need(got == expected, name)


def holes():
    """A sparse file has zeros where nothing was written."""
    octets = content(WIRE)
    # A frame that is nothing, between the file's head and its first frame.
    hole = struct.pack('<IIII', *struct.unpack_from('<II', octets, 24),
                       200000, 200000)
    path = os.path.join(TMP, 'hole.pcap')
    with open(path, 'wb') as f:
        f.write(octets[:24] + hole)
        f.seek(200000, 1)
        f.write(octets[24:])
    p = subprocess.run(['tar', '-C', TMP, '-S', '-cf', path + '.tar',
                        'hole.pcap'], check=False)
    need(p.returncode == 0 and os.path.getsize(path + '.tar') < 150000,
         'tar has told the hole octet by octet')
    expected = sessions(read('-q', path))
    need(expected and sessions(read('-q', path + '.tar')) == expected,
         'other sessions')


def modified():
    """A log without years is of the year in which it was changed."""
    path = write('y.tar', tar_of([('x.log', content(LOG))],
                                 modified=1700000000))
    start = sessions(read('-q', path))[0]['start']
    need(start.startswith('2022-11-21') or start.startswith('2023-11'),
         start)


def others():
    """What is no capture and no log is told, and no error."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as t:
        for name, kind in (('folder', tarfile.DIRTYPE),
                           ('link', tarfile.SYMTYPE),
                           ('hard', tarfile.LNKTYPE),
                           ('pipe', tarfile.FIFOTYPE)):
            i = tarfile.TarInfo(name)
            i.type, i.linkname = kind, 'x.pcap'
            t.addfile(i)
        for name, octets in (('snoop', b'words'), ('empty', b''),
                             ('in.zip', zip_of([('x', content(WIRE))])),
                             ('in.tgz', tar_of([('x', b'x')], 'w:gz')),
                             ('./x.pcap', content(WIRE))):
            i = tarfile.TarInfo(name)
            i.size = len(octets)
            t.addfile(i, io.BytesIO(octets))
    path = write('others.tar', out.getvalue())
    p = read(path)
    need(sessions(p) == sessions(read(WIRE)), 'other sessions')
    need(names_of(p)[0] == path + '/x.pcap', 'another name')
    says(p, 'others.tar/link: is no file, not read')
    says(p, 'others.tar/hard: is a link, not read')
    says(p, 'others.tar/pipe: is no file, not read')
    says(p, 'others.tar/snoop: neither a capture nor a log')
    says(p, 'others.tar/empty: is empty')
    says(p, 'others.tar/in.zip: is an archive in an archive, not read')
    says(p, 'others.tar/in.tgz: is an archive in an archive, not read')
    need('folder' not in p.stderr.decode(), 'a folder is told')
    account = os.path.join(TMP, 'account')
    read('-q', '--account', account, path)
    need('others.tar/snoop' in content(account).decode(), 'no account')


def encrypted():
    """Marked so in both headers, as who wrote it would have."""
    octets = bytearray(zip_of([('a.pcap', content(WIRE)),
                               ('b.log', content(LOG))]))
    octets[6] |= 1
    octets[octets.index(b'PK\1\2') + 8] |= 1
    for name, stdin in ((write('encrypted.zip', octets), None),
                        ('-', bytes(octets))):
        p = read(name, stdin=stdin)
        says(p, name + '/a.pcap: is encrypted, not read')
        need(len(sessions(p)) == 2, 'the other member is not told')


def nothing():
    p = read(write('none.zip', zip_of([('x', b'words')])), status=3)
    says(p, 'none.zip: an archive without a capture or a log')
    p = read(write('empty.zip', zip_of([])), status=3)
    says(p, 'empty.zip: an archive without a capture or a log')
    p = read(write('wrong.zip', b'PK\3\4' + b'\xff' * 100), status=3)
    says(p, 'wrong.zip: damaged zip archive')
    p = read(write('wrong.7z', b"7z\xbc\xaf\x27\x1c" + b'\xff' * 100),
             status=3)
    says(p, 'wrong.7z: damaged 7z archive')


def damage():
    """What was readable is kept, and what is wrong told."""
    first = sessions(read(WIRE))
    for kind in ('zip', 'tar', 'tar.gz'):
        make = zip_of if kind == 'zip' else tar_of
        mode = {'mode': 'w:gz'} if kind == 'tar.gz' else {}
        noise = random.Random(1).randbytes(200000)
        octets = make([('a.pcap', content(WIRE)), ('b.log', noise)], **mode)
        path = write('cut.' + kind, octets[:150000])
        p = read(path, status=3)
        need(sessions(p) == first, kind + ': the first member is not told')
        says(p, 'cut.' + kind)
        says(p, 'damaged')
    # The member that is cut, as far as it goes.
    cut = tar_of([('a.pcap', content(WIRE))])[:512 + 5000]
    p = read(write('member.tar', cut), status=3)
    need(len(sessions(p)) >= 1, 'nothing of the member that is cut')
    says(p, 'member.tar/a.pcap: damaged tar archive')
    # A check sum that is wrong, and a member behind it.
    octets = bytearray(zip_of([('a.log', content(LOG)),
                               ('b.pcap', content(WIRE))],
                              zipfile.ZIP_STORED))
    octets[200] ^= 1
    p = read(write('sum.zip', octets), status=3)
    says(p, 'sum.zip/a.log: damaged zip archive')
    need(len(sessions(p)) == 4, 'what stands beside the damage is lost')
    # An output gets its name: not all is lost.
    out = os.path.join(TMP, 'out')
    read('-o', out, os.path.join(TMP, 'sum.zip'), status=3)
    need(os.path.exists(out), 'no output')


def any_damage():
    """Nothing worse than an error, wherever an octet is wrong."""
    for kind in ('zip', 'ustar.tar', '7z'):
        octets = KINDS[kind]()
        for i in range(24):
            at = i * 37 % 600 if i % 2 else len(octets) - 1 - i * 11
            bad = bytearray(octets)
            bad[at] ^= 0xff
            p = run(['read', '-q', write('bad', bad)])
            need(p.returncode in (0, 3), '%s at %d: %d' % (
                kind, at, p.returncode))


def bombs():
    zeros = bytes(120 << 20)
    for kind, octets in (
            ('zip', zip_of([('a.pcap', content(WIRE)), ('z', zeros)])),
            ('tar.gz', tar_of([('a.pcap', content(WIRE)), ('z', zeros)],
                              'w:gz'))):
        need(len(octets) < 500000, 'no bomb')
        p = read(write('bomb.' + kind, octets), status=3)
        says(p, 'bomb.%s/z: unpacks to far more than it should, left' % kind)
        need(len(sessions(p)) == 2, 'what stands before it is lost')


def names():
    """They are octets of strangers, and open nothing."""
    for name in ('../../etc/passwd', '/etc/hosts', 'a\x1b[31mb',
                 'gr\u00fcn', 'x\udcff', 'long' * 60):
        path = write('names.tar', tar_of([(name, content(WIRE))],
                                         format=tarfile.GNU_FORMAT))
        told = names_of(read('-q', path))[0]
        need(told == path + '/' + name.replace('\udcff', '\ufffd'),
             'another name: %r' % told)
        text = run(['read', '-q', path]).stdout
        need(b'\x1b' not in text, 'not escaped')
    path = write('names.zip', zip_of([('gr\u00fcn.pcap', content(WIRE))]))
    need(names_of(read('-q', path))[0] == path + '/gr\u00fcn.pcap',
         'a name in UTF-8')


def places():
    """A directory with an archive; a folder for copies that is not there."""
    folder = os.path.join(TMP, 'folder')
    os.mkdir(folder)
    path = write('folder/a.zip', zip_of(members()))
    need(names_of(read('-q', folder))[0] == path + '/a/deep/er/x.pcap',
         'in a directory')
    env = dict(os.environ, TMPDIR=os.path.join(TMP, 'none'))
    p = read(path, status=3, env=env)
    says(p, 'no temporary copy can be made in')
    need(not [n for n in os.listdir(TMP) if n.startswith('smtpwire-')],
         'copies are left')


def check():
    path = write('wire.zip', zip_of([('x.pcap', content(WIRE))]))
    p = run(['check', LOG, path])
    need(p.returncode == 0, 'status %d' % p.returncode)
    need(b'2 pairs: 2 agree' in p.stdout, 'no pairs')


def main():
    for case in (kinds, threads, one_traffic, one_log, inner, holes,
                 modified, others, encrypted, nothing, damage, any_damage,
                 bombs, names, places, check):
        name = case.__name__
        try:
            case()
            print('ok ' + name)
        except Failed as e:
            print('not ok %s: %s' % (name, e))


main()
