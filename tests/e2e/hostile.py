#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hostile.py - fields that would command whoever looks at them

Escapes of terminals, characters that turn or hide the text beside them, HTML,
JSON, formulas and paths stand in every field of a session, in the names and
comments of a capture, in names of files, and in the lines of every kind of
log.  Every output must show them, and do nothing of it.
"""
import csv
import glob
import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import unicodedata

sys.path.insert(0, 'tests/cases')
# pylint: disable=wrong-import-position  # found by sys.path
import build

TMP, PROGRAM = os.environ['TMP'], os.environ['SMTPWIRE']
# Default_Ignorable_Code_Point of Unicode 15.0, beyond those of category Cf,
# and blank glyphs.
IGNORED = ((0x34f, 0x34f), (0x115f, 0x1160), (0x17b4, 0x17b5),
           (0x180b, 0x180f), (0x2065, 0x2065), (0x2800, 0x2800),
           (0x3164, 0x3164), (0xfe00, 0xfe0f), (0xffa0, 0xffa0),
           (0xfff0, 0xfff8), (0xe0000, 0xe0fff))
# Clear the screen, ring, go back, C1 in both forms, turn, hide, end a line;
# fill, choose a variant, tag.
TERMINAL = '\x1b[2J\x07\x08\x7f\x9b1m\u202e\u2066\u200b\u200f\u2028\x0b\x0c' \
    '\u115f\u2800\u3164\ufe0f\U000e0041'
MARKUP = '</script><script>alert(1)</script><!--<img src=x onerror=a()>"\'&`'
QUOTES = '","x":{"y":["\\\\"]},\\u0000${x}$(x)%s%n'
PATH = '../../../../../tmp/hostile/../x\\..\\y:z'
FORMULAS = ['=HYPERLINK("http://x.example.org")', '+1+cmd|x', '-2+3',
            '@SUM(1)', '\t=1', '"=1+cmd|x"@y', '\uff1d1+1']
IDN = 'b\u00fccher.example.org', 'xn--bcher-kva.example.org', \
    '\u0430pple.example.org'
ALL = TERMINAL + MARKUP + QUOTES + PATH


def run(*arguments, status=(0,)):
    p = subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=600,
                       check=False)
    if p.returncode not in status:
        raise ValueError(f'status {p.returncode}: {p.stderr[-200:]}')
    return p.stdout, p.stderr


def told(name, why):
    print(f'not ok hostile-{name}: {why}' if why else f'ok hostile-{name}')


# --- what must not be there ---------------------------------------------------

def commands(octets):
    """What a terminal would obey or hide in a text; '' if nothing."""
    try:
        text = octets.decode('utf-8')
    except UnicodeDecodeError as e:
        return f'no UTF-8: {e}'
    for i, c in enumerate(text):
        if c != '\n' and (unicodedata.category(c) in (
                'Cc', 'Cf', 'Zl', 'Zp') or any(
                    first <= ord(c) <= last for first, last in IGNORED)):
            return f'U+{ord(c):04X} in {text[max(0, i - 20):i + 9]!r}'
    return ''


def in_json(octets):
    """The same of JSON, each line of which must be some."""
    for line in octets.splitlines():
        try:
            json.loads(line)
        except ValueError as e:
            return f'{e}: {line[:99]}'
    return commands(octets)


def in_page(octets, plain):
    """A page must have as many tags as one of nothing special."""
    for tag in b'<script', b'</script', b'<img', b'<!--':
        if octets.count(tag) != plain.count(tag):
            return f'{octets.count(tag)} times {tag}'
    return commands(octets.replace(b'\t', b'')) if commands(plain.replace(b'\t', b'')) == '' else ''


def in_text(octets):
    """No line may begin with what a spreadsheet takes for a formula."""
    for line in octets.split(b'\n'):
        if line[:1] in (b'=', b'+', b'-', b'@', b'\t'):
            return f'a formula: {line[:60]}'
    return commands(octets)


# --- what is made hostile -----------------------------------------------------

def capture(form='pcap', bad=ALL, name='hostile'):
    """A session that has it everywhere; no reply behind AUTH may quote it."""
    def octets(text):
        return ''.join(f'\\x{b:02x}' for b in text.encode())
    b = octets(bad)
    host = re.sub(r'[^ -~]|[{}\\]', '', bad)[:60]
    case = f'''open
S: 220 {b} ESMTP {b}\\r\\n
C: EHLO {b}\\r\\n
S: 250-{b}\\r\\n250 {b}\\r\\n
C: {b} {b}\\r\\n
S: 500 5.5.1 {b}\\r\\n
C: MAIL FROM:<{b}> {b}={b}\\r\\n
S: 250 2.1.0 {b}\\r\\n
C: RCPT TO:<{b}> ORCPT={b}\\r\\n
S: 250 {b}\\r\\n
C: DATA\\r\\n
S: 354 {b}\\r\\n
C: Message-ID: <{b}>\\r\\nSubject: {b}\\r\\nFrom: {b}\\r\\nTo: {b}\\r\\nDate: {b}\\r\\n\\r\\n{b}\\r\\n.\\r\\n
S: 250 2.0.0 Ok: queued as {b}\\r\\n
C: AUTH {b}\\r\\n
S: 504 {b}\\r\\n
C: QUIT\\r\\n
S: 221 {b}\\r\\n
close
conn tls
open
C: \\{{client-hello {host}}}
S: \\{{server-hello}}
conn other client=192.0.2.9:4000
open
S: {b}{b}\\r\\n
'''
    path = os.path.join(TMP, name + '.case')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(case)
    return os.path.join(TMP, build.build(build.Case(path), TMP, form)[-1])


def commented():
    """The same with comments and names of interfaces, sections, frames."""
    with open(capture('pcapng'), 'rb') as f:
        octets = f.read()
    bad, out, at = ALL.encode(), b'', 0
    codes = {0x0a0d0d0a: (1, 2, 3, 4), 1: (1, 2, 3, 12, 15), 6: (1,)}
    heads = {0x0a0d0d0a: 24, 1: 16}
    while at < len(octets):
        kind, size = struct.unpack_from('<II', octets, at)
        block = octets[at:at + size - 4]
        if kind == 6:
            length = struct.unpack_from('<I', block, 20)[0]
            block = block[:28 + (length + 3 & ~3)]
        else:
            block = block[:heads[kind]]
        for code in codes[kind]:
            block += struct.pack('<HH', code, len(bad)) + bad + \
                bytes(-len(bad) % 4)
        block += bytes(4)
        total = struct.pack('<I', len(block) + 4)
        out += block[:4] + total + block[8:] + total
        at += size
    name = os.path.join(TMP, 'a' + ALL.replace('/', '_')[:60] + '.pcapng')
    with open(name, 'wb') as f:
        f.write(out)
    return name


# --- tests ----------------------------------------------------------------------

def check_outputs(name, path, least):
    """More than so many of them must be seen in the text."""
    plain = run('read', '-q', '-f', 'html', capture(bad='x', name='x'))[0]
    for more in [], ['--explain'], ['--show-secrets'], ['--no-times']:
        out, err = run('read', '-f', 'text', *more, path)
        told('-'.join([name, 'text'] + [m[2:] for m in more]),
             in_text(out) or commands(err) or
             ('' if out.count(b'\\u{202e}') > least else 'it is not shown'))
    out, err = run('read', '-f', 'jsonl', '--account', '-', path)
    told(name + '-jsonl', in_json(out) or commands(err))
    told(name + '-html', in_page(run('read', '-q', '-f', 'html', path)[0],
                                 plain))
    saved = os.path.join(TMP, 'saved.jsonl')
    with open(saved, 'wb') as f:
        f.write(run('read', '-q', '-f', 'jsonl', path)[0])
    told(name + '-saved', in_text(run('read', '-q', saved)[0]))


def check_checks(path):
    other = capture(bad='x', name='other')
    out, err = run('check', path, other, status=(0, 1))
    told('check-text', in_text(re.sub(rb'(?m)^[-<>|] ', b'', out)) or
         commands(err))
    told('check-json', in_json(run('check', '-f', 'json', path, other,
                                   status=(0, 1))[0].replace(b'\n', b'')))
    plain = run('check', '-f', 'html', other, other)[0]
    told('check-html', in_page(run('check', '-f', 'html', path, other,
                                   status=(0, 1))[0], plain))


def check_names(path):
    """Names of messages are ids, wherever their Message-ID points to."""
    folder = os.path.join(TMP, 'deep', 'down')
    os.makedirs(folder)
    run('read', '-q', '--eml', folder, '--mbox',
        os.path.join(folder, 'all.mbox'), path)
    names = [os.path.relpath(os.path.join(d, n), TMP) for d, _, f in
             os.walk(os.path.join(TMP, 'deep')) for n in f]
    strange = [n for n in names if not re.fullmatch(
        'deep/down/([0-9a-f]{16}-[0-9]+[.]eml|all[.]mbox)', n)]
    told('names', strange or ('' if len(names) == 2 else names))
    with open(os.path.join(folder, 'all.mbox'), 'rb') as f:
        lines = f.read().split(b'\n')
    told('mbox', '' if len([l for l in lines if l[:5] == b'From ']) == 1 and
         not commands(lines[0]) else lines[:2])


def check_logs():
    """A word that every log has, made hostile."""
    wrong = []
    for path in sorted(glob.glob('tests/data/*/*.log')):
        with open(path, 'rb') as f:
            octets = f.read()
        for bad in TERMINAL, MARKUP + QUOTES:
            hostile = os.path.join(TMP, 'hostile.log')
            with open(hostile, 'wb') as f:
                f.write(octets.replace(b'example', b'ex' + bad.encode() +
                                       b'ample'))
            out, err = run('read', hostile, status=(0, 3))
            why = in_text(out) or commands(err) or in_json(run(
                'read', '-q', '-f', 'jsonl', hostile, status=(0, 3))[0])
            if why:
                wrong.append(f'{path}: {why}')
    told('logs', wrong[:3])


def check_formulas():
    """No line begins with one, nor a cell of the table that README.md makes
    of JSON."""
    captures = [capture(bad=f, name=f'formula-{i}')
                for i, f in enumerate(FORMULAS)]
    told('formulas', next(filter(None, (in_text(run('read', '-q', c)[0])
                                        for c in captures)), ''))
    if not shutil.which('jq'):
        print('skip hostile-table: no jq')
        return
    with open('README.md', encoding='utf-8') as f:
        words = next(shlex.split(line) for line in f if '@tsv' in line)
    table = subprocess.run(words[words.index('jq'):words.index('>')],
                           check=True,
                           input=b''.join(run('read', '-q', '-f', 'jsonl',
                                              c)[0] for c in captures),
                           capture_output=True).stdout
    rows = list(csv.reader(table.decode().splitlines(), delimiter='\t'))
    told('table', next((f'a formula: {cell}' for row in rows for cell in row
                        if cell[:1] in tuple('=+-@\uff1d')), '') or
         ('' if [row[0] for row in rows] == [
             "'" + f.replace('\t', '\\t') for f in FORMULAS]
          else f'not the senders: {table}'))


def check_idn():
    """Domains are told as they were sent, in whatever form."""
    wrong = []
    for domain in IDN:
        path = capture(bad=domain, name='idn')
        s = json.loads(run('read', '-q', '-f', 'jsonl', path)[0].split(
            b'\n')[0])
        text = run('read', '-q', path)[0].decode()
        if s['messages'][0]['from'] != domain or f'<{domain}>' not in text:
            wrong.append(s['messages'][0]['from'])
    told('idn', wrong)


def check_ignored():
    """A message shows each end of each range."""
    ends = ''.join(chr(c) for r in IGNORED + (
        (0x1bca0, 0x1bca3), (0x1d173, 0x1d17a)) for c in r)
    err = run('read', '--since', ends, status=(2,))[1]
    told('ignored', commands(err) or
         ('' if err.count(b'\\u{') == len(ends) else err))


def main():
    pcap = capture()
    check_outputs('capture', pcap, 15)
    check_outputs('pcapng', commented(), 40)
    check_checks(pcap)
    check_names(pcap)
    check_logs()
    check_formulas()
    check_idn()
    check_ignored()
    name = TMP + '/' + TERMINAL
    wrong = [['read', name], ['read', '--' + ALL], [ALL],
             ['read', '--filter', TERMINAL, pcap],
             ['read', '--since', TERMINAL, pcap], ['explain', TERMINAL],
             ['check', pcap, '--vs', name]]
    for number, arguments in enumerate(wrong):
        told(f'arguments-{number}', commands(
            run(*arguments, status=(2, 3))[1]))


main()
