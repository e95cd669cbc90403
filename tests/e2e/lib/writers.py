# SPDX-License-Identifier: GPL-2.0-or-later
"""writers.py - the log that a server or client would have written

From the transcripts of a recording the lines are made that a program, which is
not to be had for a recording, would have logged of the same sessions: each
writer takes sessions as JSON objects and gives the text of a file.  How these
logs look is known from those in tests/data.
"""
import datetime


def when(session, event):
    text = (event['time'] or session['start']).rstrip('Z')
    return datetime.datetime.fromisoformat(text[:26])


def lines_of(reply):
    """A reply as on the wire."""
    last = len(reply['lines']) - 1
    return ['%d%s%s' % (reply['code'], ' ' if i == last else '-', t)
            for i, t in enumerate(reply['lines'])]


def talk(session):
    """Commands and replies, in their order."""
    return [e for e in session['events'] if e['kind'] in ('command', 'reply')]


def ends(session):
    return [(session[k]['ip'], session[k]['port'])
            for k in ('client', 'server')]


def bracket(end):
    return '[%s]:%d' % end if ':' in end[0] else '%s:%d' % end


# --- Exchange ---------------------------------------------------------------

def exchange(sessions, kind, client):
    out = ['#Software: Microsoft Exchange Server', '#Version: 15.0.0.0',
           '#Log-type: SMTP %s Protocol Log' % kind,
           '#Date: 2024-03-01T12:00:00.000Z',
           '#Fields: date-time,connector-id,session-id,sequence-number,'
           'local-endpoint,remote-endpoint,event,data,context']
    for n, s in enumerate(sessions):
        peer, local = ends(s)
        if client:
            peer, local = local, peer
        rows = 0

        def row(e, mark, text):
            nonlocal rows
            t = when(s, e)
            if ',' in text or '"' in text:
                text = '"%s"' % text.replace('"', '""')
            out.append('%s.%03dZ,MX1,08DAEC62%08X,%d,%s,%s,%s,%s,' % (
                t.strftime('%Y-%m-%dT%H:%M:%S'), t.microsecond // 1000, n,
                rows, bracket(local), bracket(peer), mark, text))
            rows += 1

        events = talk(s)
        row(events[0], '+', '')
        for e in events:
            if e['kind'] == 'command':
                row(e, '>' if client else '<', e['line'])
            elif client:
                for text in lines_of(e):
                    row(e, '<', text)
            elif len(e['lines']) > 1:
                row(e, '>', '%d  %s' % (e['code'], ' '.join(e['lines'])))
            else:
                row(e, '>', lines_of(e)[0])
        row(events[-1], '-', '')
    return '\r\n'.join(out) + '\r\n'


def exchange_receive(sessions):
    return exchange(sessions, 'Receive', False)


def exchange_send(sessions):
    return exchange(sessions, 'Send', True)


def exchange_ims(sessions):
    out = []
    for s in sessions:
        events = talk(s)

        def row(e, text):
            t = when(s, e)
            out.append('%d/%d/%02d %d:%s : %s' % (
                t.month, t.day, t.year % 100, t.hour % 12 or 12,
                t.strftime('%M:%S %p'), text))

        row(events[0], 'A connection was accepted from %s.' %
            (s['client']['name'] or s['client']['ip']))
        for e in events:
            if e['kind'] == 'command':
                row(e, '<<< ' + e['line'])
            else:
                row(e, '>>> ' + '\r\n'.join(lines_of(e)))
    return '\r\n'.join(out) + '\r\n'


# --- IIS: a row for each command with the code of its reply ------------------

def octets(reply):
    return sum(len(t.encode()) + 2 for t in lines_of(reply))


def rows_of(session):
    """(event, verb, argument, code, octets of the reply, of the command); the
    row of DATA tells the verdict, that of QUIT is 240."""
    rows, open_, sent = [], [], 0
    for e in talk(session):
        if e['kind'] == 'command':
            open_.append(e)
        elif e['code'] == 354:
            sent = octets(e)
        elif open_:
            c = open_.pop(0)
            verb, _, argument = c['line'].partition(' ')
            size = len(c['line']) + 2
            if verb == 'DATA':
                m = [m for m in session['messages']
                     if m['message_id'] and m['n'] == len(
                         [r for r in rows if r[1] == 'DATA']) + 1]
                argument = m[0]['message_id'] if m else ''
                size = m[0]['size'] if m else size
            rows.append((c, verb, argument,
                         240 if verb == 'QUIT' else e['code'],
                         octets(e) + (sent if verb == 'DATA' else 0), size))
            sent = 0
    return rows


def iis_w3c(sessions):
    out = ['#Software: Microsoft Internet Information Services 6.0',
           '#Version: 1.0', '#Date: 2006-01-01 00:00:00',
           '#Fields: date time c-ip cs-username s-sitename s-computername '
           's-ip s-port cs-method cs-uri-stem cs-uri-query sc-status '
           'sc-win32-status sc-bytes cs-bytes time-taken cs-version cs-host '
           'cs(User-Agent) cs(Cookie) cs(Referer) ']
    for s in sessions:
        name = s['client']['name']
        for e, verb, argument, code, sc, cs in rows_of(s):
            query = name if code == 240 else '+' + argument.replace(' ', '+')
            out.append('%s %s %s SMTPSVC1 MX1 %s 0 %s - %s %d 0 %d %d 0 SMTP '
                       '- - - -' % (when(s, e).strftime('%Y-%m-%d %H:%M:%S'),
                                    s['client']['ip'], name,
                                    s['server']['ip'], verb, query, code, sc,
                                    cs))
    return '\r\n'.join(out) + '\r\n'


def iis_native(sessions):
    out = []
    for s in sessions:
        name = s['client']['name']
        for e, verb, argument, code, sc, cs in rows_of(s):
            t = when(s, e)
            out.append('%s, %s, %d/%d/%d, %d:%s, SMTPSVC1, MX1, %s, 0, %d, %d,'
                       ' %d, 0, %s, -, %s,' % (
                           s['client']['ip'], name, t.month, t.day, t.year,
                           t.hour, t.strftime('%M:%S'), s['server']['ip'], cs,
                           sc, code, verb, name if code == 240 else argument))
    return '\r\n'.join(out) + '\r\n'


def iis_ncsa(sessions):
    out = []
    for s in sessions:
        name = s['client']['name']
        for e, verb, argument, code, sc, _ in rows_of(s):
            query = name if code == 240 else '+' + argument.replace(' ', '+')
            out.append('%s - %s [%s +0000] "%s -?%s SMTP" %d %d' % (
                s['client']['ip'], name,
                when(s, e).strftime('%d/%b/%Y:%H:%M:%S'), verb, query, code,
                sc))
    return '\r\n'.join(out) + '\r\n'


# --- lines with marks -------------------------------------------------------

def outlook_express(sessions):
    out = ['Microsoft Internet Mail 4.70', 'SMTP Log started at %s' %
           when(sessions[0], talk(sessions[0])[0]).strftime(
               '%a %b %d %H:%M:%S')]
    for s in sessions:
        def row(e, text):
            out.append('SMTP: %s %s' % (when(s, e).strftime('%H:%M:%S'),
                                        text))
        events = talk(s)
        row(events[0], "[db] Connecting to 'smtp.example.org'.")
        row(events[0], '[db] srv_addr = %s' % s['server']['ip'])
        for e in events:
            if e['kind'] == 'command':
                row(e, '[tx] ' + e['line'])
            else:
                for text in lines_of(e):
                    row(e, '[rx] ' + text)
    return '\r\n'.join(out) + '\r\n'


def icewarp(sessions):
    out = []
    for n, s in enumerate(sessions):
        def row(e, text):
            out.append('%s [%08X] %s +0000 %s' % (
                s['client']['ip'], 0xA00 + n,
                when(s, e).strftime('%a, %d %b %Y %H:%M:%S'), text))
        events = talk(s)
        row(events[0], 'Connected')
        for e in events:
            if e['kind'] == 'command':
                row(e, '<<< ' + e['line'])
            else:
                for text in lines_of(e):
                    row(e, '>>> ' + text)
        row(events[-1], 'Disconnected')
    return '\r\n'.join(out) + '\r\n'


def mdaemon(sessions):
    out = []
    for n, s in enumerate(sessions):
        client, server = ends(s)

        def row(e, text):
            out.append('%s: %s' % (when(s, e).strftime('%a %Y-%m-%d %H:%M:%S'),
                                   text))
        events = talk(s)
        out.append('----------')
        row(events[0], 'Session %d; child 1; thread 0' % (8439 + n))
        row(events[0], 'Accepting SMTP connection from [%s:%d] to [%s:%d]' %
            (*client, *server))
        for e in events:
            if e['kind'] == 'command':
                row(e, '<-- ' + e['line'])
            else:
                for text in lines_of(e):
                    row(e, '--> ' + text)
        row(events[-1], 'SMTP session successful (Bytes in/out: 1/1)')
    return '\r\n'.join(out) + '\r\n'


def hmailserver(sessions):
    out = []
    for n, s in enumerate(sessions):
        for e in talk(s):
            t = when(s, e)
            text = 'RECEIVED: ' + e['line'] if e['kind'] == 'command' else \
                'SENT: ' + '[nl]'.join(lines_of(e))
            out.append('"SMTPD"\t1208\t%d\t"%s.%03d"\t"%s"\t"%s"' % (
                1048 + n, t.strftime('%Y-%m-%d %H:%M:%S'),
                t.microsecond // 1000, s['client']['ip'], text))
    return '\r\n'.join(out) + '\r\n'


def smartermail(sessions):
    out = []
    for n, s in enumerate(sessions):
        def row(e, text):
            out.append('%s [%s][%d] %s' % (
                when(s, e).strftime('[%Y.%m.%d] %H:%M:%S'), s['client']['ip'],
                29742033 + n, text))
        events = talk(s)
        t = when(s, events[0])
        row(events[0], 'connected at %d-%d-%d %s' % (
            t.day, t.month, t.year, t.strftime('%H:%M:%S')))
        for e in events:
            if e['kind'] == 'command':
                row(e, 'cmd: ' + e['line'])
            else:
                row(e, 'rsp: ' + ''.join(lines_of(e)))
        t = when(s, events[-1])
        row(events[-1], 'disconnected at %d-%d-%d %s' % (
            t.day, t.month, t.year, t.strftime('%H:%M:%S')))
    return '\r\n'.join(out) + '\r\n'


def haraka(sessions):
    out = []
    for n, s in enumerate(sessions):
        def row(e, level, text):
            t = when(s, e)
            out.append('%s.%03dZ [%s] [23362D4A-693C-473B-9009-%012X] [core] '
                       '%s' % (t.strftime('%Y-%m-%dT%H:%M:%S'),
                               t.microsecond // 1000, level, n, text))
        client, server = ends(s)
        events = talk(s)
        row(events[0], 'NOTICE', 'connect ip=%s port=%d local_ip=%s '
            'local_port=%d' % (*client, *server))
        for e in events:
            if e['kind'] == 'command':
                row(e, 'PROTOCOL', 'C: %s state=1' % e['line'])
            else:
                for text in lines_of(e):
                    row(e, 'PROTOCOL', 'S: ' + text)
    return '\n'.join(out) + '\n'


def communigate(sessions):
    out = []
    for n, s in enumerate(sessions):
        client, server = ends(s)

        def row(e, level, text):
            t = when(s, e)
            out.append('%s.%02d %d SMTPI-%d([%s]) %s' % (
                t.strftime('%H:%M:%S'), t.microsecond // 10000, level,
                29001 + n, client[0], text))
        events = talk(s)
        row(events[0], 4, 'got connection on [%s:%d](mx.example.org) from '
            '[%s:%d]' % (*server, *client))
        for e in events:
            if e['kind'] == 'command':
                row(e, 5, 'inp: ' + e['line'])
            else:
                row(e, 5, 'out: ' + ''.join(t + '\\r\\n'
                                            for t in lines_of(e)))
        row(events[-1], 5, 'releasing stream')
    return '\n'.join(out) + '\n'


def mailenable(sessions):
    """A row for each command and its reply, of which only the first line."""
    out = []
    for n, s in enumerate(sessions):
        open_ = []
        for e in talk(s):
            if e['kind'] == 'command':
                open_.append(e)
                continue
            c = open_.pop(0) if open_ else None
            line = c['line'] if c else ''
            out.append('\t'.join([
                when(s, e).strftime('%m/%d/%y %H:%M:%S'), 'SMTP-IN',
                '%032X.MAI' % (0x8FB6 + n), '1060', s['client']['ip'],
                line.partition(' ')[0], line, lines_of(e)[0],
                str(octets(e)), str(len(line) + 2 if line else 0), '']))
    return '\r\n'.join(out) + '\r\n'


# Name, who wrote it, writer.
WRITERS = [
    ('exchange-receive', 'server', exchange_receive),
    ('exchange-send', 'client', exchange_send),
    ('exchange-ims', 'server', exchange_ims),
    ('iis-w3c', 'server', iis_w3c),
    ('iis-native', 'server', iis_native),
    ('iis-ncsa', 'server', iis_ncsa),
    ('outlook-express', 'client', outlook_express),
    ('icewarp', 'server', icewarp),
    ('mdaemon', 'server', mdaemon),
    ('hmailserver', 'server', hmailserver),
    ('smartermail', 'server', smartermail),
    ('haraka', 'server', haraka),
    ('communigate', 'server', communigate),
    ('mailenable', 'server', mailenable),
]
