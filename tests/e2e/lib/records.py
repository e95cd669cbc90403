# SPDX-License-Identifier: GPL-2.0-or-later
"""records.py - a session in a log or in a capture, and how to alter it

LogRecord and WireRecord have the same methods: what they alter is named by
the events of the session's transcript.
"""
import copy
import re

from report import TMP, blocks, read
from wirefile import Capture

transcripts = {}


def sessions(files):
    key = tuple(files)
    if key not in transcripts:
        transcripts[key] = [s for f in files for s in read(f)]
    return transcripts[key]


class CannotShow(Exception):
    """The record has nothing of the kind."""


def texts(event):
    """What of an event stands in a line."""
    if event['kind'] == 'command':
        return [event['line']] if event['line'] else []
    if event['kind'] == 'reply':
        return [t for t in event['lines'] if t] or [str(event['code'])]
    return []


class Dialogue:
    """The session that is planted into: by verbs and replies."""

    def choose(self, sessions):
        """The last one with a message that was accepted."""
        mails = [s for s in sessions
                 if any(m['outcome'] == 'accepted' for m in s['messages'])]
        if not mails:
            raise CannotShow('no message')
        self.take(mails[-1])

    def take(self, session):
        self.session = session
        self.events = self.session['events']
        for i, e in enumerate(self.events):
            if e['kind'] == 'tls':
                self.events = self.events[:i]
                break

    def command(self, verb):
        for e in self.events:
            if e['kind'] == 'command' and e['verb'] == verb:
                return e
        raise CannotShow(verb)

    def last(self, verb):
        """The last one, so that nothing follows that needs it."""
        found_ = [e for e in self.events
                  if e['kind'] == 'command' and e['verb'] == verb]
        if not found_:
            raise CannotShow(verb)
        return found_[-1]

    def answer(self, event):
        for e in self.events:
            if e['kind'] == 'reply' and e['to'] == event['n']:
                return e
        raise CannotShow('answer')

    def greeting(self):
        for e in self.events:
            if e['kind'] == 'reply' and e['to'] is None:
                return e
        raise CannotShow('greeting')

    def hello(self):
        for verb in 'EHLO', 'HELO':
            try:
                return self.command(verb)
            except CannotShow:
                pass
        raise CannotShow('EHLO')

    def offer(self, pattern):
        """An EHLO line: (reply, its text)."""
        reply = self.answer(self.command('EHLO'))
        for line in reply['lines'][1:-1]:
            if re.match(pattern, line):
                return reply, line
        raise CannotShow(pattern)

    def body(self):
        for s in self.session, self.other:
            if not any(m['size'] is not None for m in s['messages']):
                raise CannotShow('body')


class LogRecord(Dialogue):
    def __init__(self, form, recording, side, block):
        self.form, self.side, self.recording = form, side, recording
        path = 'pcaps/%s.%s.log' % (recording, side)
        self.paths = blocks(path)
        self.at = block or 0
        with open(self.paths[self.at], 'rb') as f:
            self.lines = f.read().decode('latin-1').split('\n')
        self.choose(sessions([self.paths[self.at]]))
        self.edits = []

    def save(self, path):
        """Files of the record, with what was planted."""
        lines = list(self.lines)
        for i, new in sorted(self.edits, key=lambda e: e[0], reverse=True):
            lines[i:i + 1] = new
        with open(path, 'wb') as f:
            f.write('\n'.join(lines).encode('latin-1'))
        return [path if i == self.at else p
                for i, p in enumerate(self.paths)]

    def own(self, event):
        """Numbers of the lines of an event."""
        span = range(event['at'][0] - 1, event['at'][1])
        mine = [i for i in span if any(t in self.lines[i]
                                       for t in texts(event))]
        return mine or list(span)

    def line(self, i):
        for n, new in self.edits:
            if n == i:
                return new
        return [self.lines[i]]

    def put(self, i, new):
        self.edits = [e for e in self.edits if e[0] != i] + [(i, new)]

    def replace(self, event, old, new):
        changed = False
        for i in self.own(event):
            if old in self.lines[i]:
                self.put(i, [self.lines[i].replace(old, new)])
                changed = True
        if not changed:
            raise CannotShow(old)

    def cut(self, *events):
        for event in events:
            for i in self.own(event):
                self.put(i, [])

    def cut_line(self, event, text):
        for i in self.own(event):
            if 'Msg: ' in self.lines[i]: # smtplib's second telling
                self.put(i, [self.lines[i].replace('\\n' + text, '')])
            elif text in self.lines[i]:
                self.put(i, [])

    def like(self, event, code, text):
        """Lines of an event, with another text."""
        new = []
        for i in self.own(event):
            line = self.lines[i]
            old = texts(event)[0]
            if event['kind'] == 'reply' and code:
                line = re.sub(r'\b%d(?=[ )-])' % event['code'], code, line,
                              count=1)
            new.append(line.replace(old, text))
        return new

    def insert(self, behind, like, text, code=None):
        i = self.own(behind)[-1]
        self.put(i, self.line(i) + self.like(like, code, text))

    def swap(self, a, b):
        x, y = texts(a)[0], texts(b)[0]
        if a['kind'] == 'reply' and a['code'] != b['code']:
            raise CannotShow('codes')
        self.replace(a, x, y)
        self.replace(b, y, x)

    def change_code(self, event, code):
        for i in self.own(event):
            self.put(i, [re.sub(r'\b%d(?=[ )-])' % event['code'], code,
                                self.lines[i])])

    def change_body(self, old, new):
        self.body()
        first = self.session['source']['first']
        last = self.session['source']['last']
        for i in range(first - 1, last):
            if old in self.lines[i]:
                self.put(i, [self.lines[i].replace(old, new)])
                return
        raise CannotShow(old)

    def header(self, name):
        for i in range(self.session['source']['first'] - 1,
                       self.session['source']['last']):
            m = re.search(r'(?i)%s: ([^\\\r]*)' % name, self.lines[i])
            if m:
                return m.group(1)
        raise CannotShow(name)

    def change_address(self, new):
        old = self.session['client']['ip']
        spoken = {}
        for e in self.events:
            for i in range(e['at'][0] - 1, e['at'][1]):
                spoken.setdefault(i, []).extend(texts(e))
        # Exim names it one line before the connection is made.
        for i in range(max(0, self.session['source']['first'] - 2),
                       self.session['source']['last']):
            at = [self.lines[i].find(t) for t in spoken.get(i, [])
                  if t in self.lines[i]]
            n = min(at) if at else len(self.lines[i])
            self.put(i, [self.lines[i][:n].replace(old, new) +
                         self.lines[i][n:]])


class WireRecord(Dialogue):
    form, side = 'pcap', 'wire'

    def __init__(self, recording, pick=None):
        self.recording = recording
        self.path = 'pcaps/%s.pcap' % recording
        self.paths = [self.path]
        all_ = sessions(self.paths)
        if pick:
            self.take([s for s in all_ if pick(s)][-1])
        else:
            self.choose(all_)
        self.capture = Capture(self.path)
        self.frames = list(self.capture.frames)
        self.inserted = {}
        self.flow = self.capture.flow(
            self.frames[self.session['source']['first'] - 1])

    def save(self, path):
        self.capture.save(path)
        return [path]

    def octets(self, event):
        if event['kind'] == 'command':
            return event['line'].encode() + b'\r\n'
        lines = event['lines']
        return b''.join(b'%d%s%s\r\n' % (
            event['code'], b' ' if i == len(lines) - 1 else b'-', t.encode())
            for i, t in enumerate(lines))

    def locate(self, event, text=None):
        frame = self.frames[event['at'][0] - 1]
        text = text or self.octets(event)
        at = frame.payload.find(text)
        if at < 0:
            raise CannotShow(text)
        return frame, at, len(text)

    def replace(self, event, old, new):
        old = old.encode()
        frame, at, _ = self.locate(event, old)
        self.capture.alter(frame, at, len(old), new.encode())

    def cut(self, *events):
        for event in events:
            self.capture.alter(*self.locate(event), b'')

    def cut_line(self, event, text):
        self.capture.alter(*self.locate(event, b'250-%s\r\n' %
                                        text.encode()), b'')

    def insert(self, behind, like, text, code=None):
        frame, at, size = self.locate(behind)
        if like['kind'] == 'reply':
            text = '%s %s' % (code or like['code'], text)
        text = text.encode() + b'\r\n'
        n = self.inserted.get(behind['n'], 0)
        self.capture.alter(frame, at + size + n, 0, text)
        self.inserted[behind['n']] = n + len(text)

    def swap(self, a, b):
        x, y = self.octets(a), self.octets(b)
        self.capture.alter(*self.locate(a), y)
        self.capture.alter(*self.locate(b), x)

    def change_code(self, event, code):
        self.replace(event, '%d ' % event['code'], code + ' ')

    def change_body(self, old, new):
        self.body()
        frame, at = self.capture.find(self.flow, old.encode())
        self.capture.alter(frame, at, len(old), new.encode())

    def header(self, name):
        for frame in self.flow:
            m = re.search(b'(?im)^%s: (.*)\r$' % name.encode(),
                          frame.payload)
            if m:
                return m.group(1).decode()
        raise CannotShow(name)

    def change_address(self, new):
        self.capture.rename(self.flow, self.session['client']['ip'], new)

    def from_client(self, frame):
        return frame.source == self.flow[0].source


class FormRecord(Dialogue):
    """A log in a format of which no recording is to be had: the transcripts
    of a capture, written as that program would have (writers.py)."""

    written = {}

    def __init__(self, form, side, writer, recording):
        self.form, self.side, self.writer = form, side, writer
        capture = read('pcaps/%s.pcap' % recording)
        self.written_sessions = copy.deepcopy(capture)
        self.paths = [self.write_once(recording)]
        self.choose(capture)
        place = [s['id'] for s in capture].index(self.session['id'])
        log = sessions(self.paths)[place]
        self.target = self.written_sessions[place]
        self.session = dict(self.session, id=log['id'],
                            client=log['client'], messages=log['messages'])
        self.records, self.log = log['records'], log
        self.inserted = {}

    def write_once(self, recording):
        key = self.form, recording
        if key not in self.written:
            path = '%s/%s-%s.log' % (TMP, *key)
            self.write(path)
            self.written[key] = path
        return self.written[key]

    def write(self, path):
        with open(path, 'w', encoding='utf-8', newline='') as f:
            f.write(self.writer(self.written_sessions))

    def save(self, path):
        self.write(path)
        return [path]

    def needs(self, *what):
        for name in what:
            if name not in self.records:
                raise CannotShow(name)

    def place(self, event):
        for i, e in enumerate(self.target['events']):
            if e.get('n') == event['n']:
                return i
        raise CannotShow('event')

    def is_row(self):
        """Does a row hold a command with its reply?"""
        return self.form.startswith('iis') or self.form == 'mailenable'

    def replace(self, event, old, new):
        e = self.target['events'][self.place(event)]
        if e['kind'] == 'command':
            self.needs('argument')
            e['line'] = e['line'].replace(old, new)
            return
        if e['to'] is None:
            self.needs('greeting')
        if self.log_flags(event) & {'code-only'} and len(old) == len(new):
            raise CannotShow('text')
        e['lines'] = [t.replace(old, new) for t in e['lines']]

    def log_flags(self, event):
        """Those of the reply with this code in the log."""
        for e in self.log['events']:
            if e['kind'] == 'reply' and e['code'] == event['code'] and \
                    (event['to'] is None) == (e['to'] is None):
                return set(e['flags'])
        raise CannotShow('reply')

    def cut(self, *events):
        if self.is_row() and all(e['kind'] == 'reply' for e in events):
            raise CannotShow('a row holds both')
        for event in events:
            del self.target['events'][self.place(event)]

    def cut_line(self, event, text):
        if self.log_flags(event) & {'code-only', 'first-line-only'}:
            raise CannotShow('lines')
        self.target['events'][self.place(event)]['lines'].remove(text)

    def insert(self, behind, like, text, code=None):
        more = copy.deepcopy(like)
        more['n'] = None
        if like['kind'] == 'command':
            more['line'] = text
            behind = self.answer(behind) # nobody sends ahead behind EHLO
        else:
            # A row has no place for a reply that answers nothing.
            if self.is_row() and not self.inserted:
                raise CannotShow('a row holds both')
            more['lines'], more['code'] = [text], int(code or like['code'])
        n = self.inserted.get(behind['n'], 0)
        self.target['events'].insert(self.place(behind) + 1 + n, more)
        self.inserted[behind['n']] = n + 1

    def swap(self, a, b):
        x, y = (self.target['events'][self.place(e)] for e in (a, b))
        if x['kind'] == 'reply':
            x['lines'], y['lines'] = y['lines'], x['lines']
        else:
            x['line'], y['line'] = y['line'], x['line']

    def change_code(self, event, code):
        self.target['events'][self.place(event)]['code'] = int(code)

    def change_body(self, old, new):
        """Some logs hold the size of the content, and its Message-ID."""
        m, log = self.target['messages'][-1], self.log['messages'][-1]
        if log['size'] is None:
            raise CannotShow('size')
        if log['message_id'] == old:
            m['message_id'] = new
        elif len(old) == len(new):
            raise CannotShow('content')
        m['size'] += len(new) - len(old)

    def header(self, name):
        m = self.log['messages'][-1]
        if name != 'Message-ID' or not m['message_id']:
            raise CannotShow(name)
        return m['message_id']

    def change_address(self, new):
        self.target['client']['ip'] = new
