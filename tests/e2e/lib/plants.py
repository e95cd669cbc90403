# SPDX-License-Identifier: GPL-2.0-or-later
"""plants.py - differences that are put into a record

Each gives what must be found: kinds, and which side is named with it:
`planted`, `other`, or None.
"""
import re

from records import CannotShow, WireRecord
from wirefile import FIN

STARS = '****************2******0*00'


def rcpt(r):
    """The last one that was accepted."""
    for e in reversed(r.events):
        if e['kind'] == 'command' and e['verb'] == 'RCPT' and \
                r.answer(e)['code'] == 250:
            return e
    raise CannotShow('RCPT')


def plant_command_more(r):
    r.insert(r.hello(), r.hello(), 'NOOP')
    reply = r.answer(rcpt(r))
    r.insert(r.answer(r.hello()), reply, '2.0.0 Fine')
    return {'command-missing': 'other'}


def plant_command_changed(r):
    r.replace(r.last('MAIL'), 'alice@', 'mallory@')
    return {'command-changed': None}


def plant_recipient_more(r):
    line = rcpt(r)['line']
    path = re.search('<(.*?)>', line).group(1)
    r.insert(rcpt(r), rcpt(r), line.replace(path, 'zoe@example.org'))
    reply = r.answer(rcpt(r))
    r.insert(reply, reply, reply['lines'][0].replace(path,
                                                     'zoe@example.org'))
    return {'recipient-missing': 'other'}


def plant_recipient_less(r):
    r.cut(rcpt(r), r.answer(rcpt(r)))
    return {'recipient-missing': 'planted'}


def plant_reply_less(r):
    """In front of a 354: of replies alike nobody knows which is missing."""
    reply = r.answer(rcpt(r))
    behind = [e for e in r.events if e['kind'] == 'reply' and
              e['n'] > reply['n']]
    if not behind or behind[0]['code'] != 354:
        raise CannotShow('354')
    r.cut(reply)
    return {'reply-missing': 'planted'}


def plant_reply_more(r):
    reply = r.answer(rcpt(r))
    r.insert(r.answer(r.hello()), reply, '4.3.0 Try again', '451')
    return {'reply-missing': 'other'}


def plant_code(r):
    r.change_code(r.answer(rcpt(r)), '550')
    return {'reply-code-changed': None}


def plant_text(r):
    reply = r.answer(r.last('MAIL'))
    r.replace(reply, reply['lines'][0], '2.1.0 Quite another text')
    return {'reply-text-changed': None}


def plant_order(r):
    to = rcpt(r)
    mail = [e for e in r.events if e['kind'] == 'command' and
            e['verb'] == 'MAIL' and e['n'] < to['n']][-1]
    replies = r.answer(mail), r.answer(to)
    r.swap(mail, to)
    if replies[0]['lines'] != replies[1]['lines']:
        r.swap(*replies)
    return {'order-changed': None}


def plant_message(r):
    reply = r.answer(rcpt(r))
    r.insert(r.hello(), r.last('MAIL'), 'MAIL FROM:<mallory@example.net>')
    r.insert(r.hello(), rcpt(r), 'RCPT TO:<zoe@example.org>')
    for _ in range(2):
        r.insert(r.answer(r.hello()), reply, '2.0.0 Fine')
    return {'message-missing': 'other'}


def plant_size(r):
    r.change_body('This is', 'And this is')
    return {'message-size-changed': None}


def plant_content(r):
    r.change_body('This is', 'That is')
    return {'message-content-changed': None}


def plant_header(r):
    old = 'Subject: ' + r.header('Subject')
    r.change_body(old, old[:-1] + 'z')
    return {'header-changed': None, 'message-content-changed': None}


def plant_message_id(r):
    old = r.header('Message-ID')
    r.change_body(old, old.replace('@', '.other@'))
    return {'header-changed': None, 'message-size-changed': None}


def plant_address(r):
    if not (r.session['client']['ip'] and r.other['client']['ip']):
        raise CannotShow('address')
    v6 = ':' in (r.session['client']['ip'] or '')
    r.change_address('2001:db8::77' if v6 else '192.0.2.77')
    return {'address-changed': None}


def plant_stars(r):
    greeting = r.greeting()
    r.replace(greeting, greeting['lines'][0], STARS)
    return {'greeting-masked': 'planted'}


def plant_crosses(r):
    line = rcpt(r)['line']
    r.replace(rcpt(r), line, 'XXXX' + line[4:])
    return {'verb-masked': 'planted'}


def plant_starttls(r):
    r.cut_line(*r.offer('STARTTLS$'))
    return {'starttls-stripped': 'planted'}


def plant_extension(r):
    r.cut_line(*r.offer('8BITMIME|DSN|SIZE'))
    return {'extension-removed': 'planted'}


PLANTS = [
    plant_command_more, plant_command_changed, plant_recipient_more,
    plant_recipient_less, plant_reply_less, plant_reply_more, plant_code,
    plant_text, plant_order, plant_message, plant_size, plant_content,
    plant_header, plant_message_id, plant_address, plant_stars,
    plant_crosses, plant_starttls, plant_extension]


# --- what a capture alone shows ---------------------------------------------

def plant_gap(r):
    """The frame with an answer was not captured; the acknowledgment was."""
    r.capture.drop([r.locate(r.answer(rcpt(r)))[0]])
    return {'capture-gap': 'planted'}


def plant_unacknowledged(r):
    """The verdict is sent again and again, and never acknowledged."""
    verdict = [e for e in r.events if e['kind'] == 'reply' and
               e['to'] and r.events[e['to'] - 1]['kind'] == 'data'][0]
    frame = r.locate(verdict)[0]
    behind = r.flow[r.flow.index(frame) + 1:]
    r.capture.drop(behind)
    for i in range(4):
        again = frame.copy()
        r.capture.frames.append(again)
        r.capture.later([again], 1 << i)
    return {'reply-never-arrived': 'planted'}


def plant_early(r):
    """The client did not wait for the greeting."""
    greeting = r.locate(r.greeting())[0]
    early = r.locate(r.hello())[0]
    early.field(8, greeting.seq)
    early.seal()
    r.capture.later([early], (greeting.ns - early.ns) / 1e9 - 2e-6)
    return {'early-talker': 'planted'}


def plant_smuggling(r):
    """A dot between bare line feeds in the content."""
    old, new = b'This is a test', b'This \n.\n  test'
    frame, at = r.capture.find(r.flow, old)
    r.capture.alter(frame, at, len(old), new)
    return {'smuggling': 'planted'}


def turns_to_tls(s):
    return any(e['kind'] == 'tls' for e in s['events']) and \
        s['encryption']['starttls']


def plant_behind_starttls(r):
    """A command in the segment of STARTTLS."""
    starttls = r.command('STARTTLS')
    r.insert(starttls, starttls, 'NOOP')
    return {'commands-after-starttls': 'planted'}


WIRE_PLANTS = [plant_gap, plant_unacknowledged, plant_early]


# --- two captures, both made ------------------------------------------------

def no_quit():
    """A session that nobody ended with QUIT."""
    r = WireRecord('postfix-plain')
    quit_ = r.command('QUIT')
    answer = r.answer(quit_)
    r.cut(quit_, answer)
    return r


def no_verdict():
    """The server never answers to the content; the client closes."""
    r = no_quit()
    verdict = [e for e in r.events if e['kind'] == 'reply' and
               e['to'] and r.events[e['to'] - 1]['kind'] == 'data'][0]
    r.cut(verdict)
    r.capture.drop([f for f in r.flow
                    if f.flags & FIN and not r.from_client(f)])
    return r


def fin_later(r, seconds):
    fins = [f for f in r.flow if f.flags & FIN]
    r.capture.later(r.flow[r.flow.index(fins[0]):], seconds)


def pair_timeout_client():
    silent, soon = no_quit(), no_quit()
    fin_later(silent, 400)
    return silent, soon, {'timeout-client': 'planted'}


def pair_timeout_server():
    silent, soon = no_verdict(), no_verdict()
    fin_later(silent, 700)
    return silent, soon, {'timeout-server': 'planted'}


def pair_black_hole():
    """Full segments do not pass: sent again in front of the hole, never seen
    behind it."""
    before, behind = WireRecord('postfix-large'), WireRecord('postfix-large')
    for r in before, behind:
        data = r.events[r.command('DATA')['n']]
        go_on = r.locate(data)[0]
        rest = r.flow[r.flow.index(go_on) + 1:]
        full = [f for f in rest if r.from_client(f) and
                len(f.payload) > 1000][:2]
        r.capture.drop([f for f in rest if f not in full or r is behind])
        for i in range(4 if r is before else 0):
            for f in full:
                again = f.copy()
                r.capture.frames.append(again)
                r.capture.later([again], 1 << i)
    return before, behind, {'mtu-black-hole': 'planted'}


PAIRS = [pair_timeout_client, pair_timeout_server, pair_black_hole]
