/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * observe.c - what one record of a session shows by itself
 *
 * Theory of operation.  When a session is finished its events are looked at
 * once.  Firewalls that inspect SMTP leave marks that no server and no client
 * makes: greetings of asterisks, verbs and extensions crossed out with X
 * (Cisco PIX and ASA, "fixup protocol smtp", "inspect esmtp").  A side that
 * waits longer than RFC 5321, section 4.5.3.2 asks for, or says so, has timed
 * out.  A verdict that the client never acknowledged was not received: the
 * message will come twice (RFC 1047).  Nothing is concluded from what a
 * capture may just not hold.
 */
#include "transcript/observe.h"

#include "base/clock.h"

/* RFC 5321, section 4.5.3.2: what a client waits for. */
#define WAIT_GREETING (300 * NS_PER_S)
#define WAIT_COMMAND (300 * NS_PER_S)
#define WAIT_DATA (120 * NS_PER_S)
#define WAIT_VERDICT (600 * NS_PER_S)
/* 4.5.3.2.7: and a server for the next command. */
#define WAIT_CLIENT (300 * NS_PER_S)
/* Octets that only a segment near the usual MTU holds, and how often such a
 * one must have been sent again. */
#define FULL_SEGMENT 1000
#define SENT_AGAIN 3

bool observe_is_starred(struct sw_bytes text)
{
	size_t stars = 0, other = 0, i;

	if (text.len == 0 || !memchr(text.data, '*', text.len))
		return false; /* nearly all */
	for (i = 0; i < text.len; i++) {
		stars += text.data[i] == '*';
		other += text.data[i] != '*' && text.data[i] != ' ';
	}
	return stars >= 4 && stars > 2 * other;
}

static size_t crosses(struct sw_bytes text)
{
	size_t i = 0;

	while (i < text.len && text.data[i] == 'X')
		i++;
	return i;
}

bool observe_is_crossed(struct sw_bytes verb)
{
	return verb.len >= 4 && verb.data[0] == 'X' &&
	    crosses(verb) == verb.len;
}

/* "XXXXXXXA": the keyword's letters but the last, which the box keeps apart. */
static bool is_crossed_keyword(struct sw_bytes line)
{
	size_t n = crosses(line), len = n;

	if (n < 4)
		return false;
	while (len < line.len && line.data[len] >= 'A' &&
	    line.data[len] <= 'Z')
		len++;
	return len - n <= 1 && (len == line.len ||
	    line.data[len] == ' ');
}

static void look_at_extensions(struct session_builder *b,
    const struct sw_event *e)
{
	const struct sw_reply *r = &e->u.reply;
	size_t i;

	for (i = 1; i < r->line_count; i++) {
		if (!is_crossed_keyword(r->lines[i]))
			continue;
		/* Of eight letters there is no other that boxes cross out. */
		if (r->lines[i].len == 8)
			session_note(b, SW_NOTE_STARTTLS_STRIPPED, e->n,
			    e->at_first, e->at_last, "The offer of STARTTLS "
			    "is crossed out with X: a firewall that inspects "
			    "SMTP keeps the mail from being encrypted.");
		else
			session_note(b, SW_NOTE_EXTENSION_REMOVED, e->n,
			    e->at_first, e->at_last, "An extension in the "
			    "reply to EHLO is crossed out with X: a firewall "
			    "inspects SMTP.");
		return;
	}
}

static bool says_timeout(const struct sw_reply *r)
{
	struct slice s;

	if (r->code != 421 || r->line_count == 0)
		return false;
	s = slice_make(r->lines[0].data, r->lines[0].len);
	return slice_find_nocase(s, slice_str("timeout")) < s.len ||
	    slice_find_nocase(s, slice_str("timed out")) < s.len;
}

/* Is it the answer to this content, and not to what a gap took? */
static bool is_verdict(const struct sw_event *e, const struct sw_event *last)
{
	uint32_t to = e->u.reply.to;

	return last && last->kind == SW_EVENT_DATA && to > 0 &&
	    (to == last->n || to == last->u.data.of);
}

static void look_at_reply(struct session_builder *b,
    const struct sw_event *e, bool first, bool after_content)
{
	const struct sw_reply *r = &e->u.reply;
	enum sw_ending ending = session_get(b)->ending;

	if (!first && !after_content && r->line_count <= 1 && r->code != 421)
		return; /* nearly all */
	if (first && r->code == 220 && r->line_count > 0 &&
	    observe_is_starred(r->lines[0]))
		session_note(b, SW_NOTE_GREETING_MASKED, e->n, e->at_first,
		    e->at_last, "The greeting is made unreadable with "
		    "asterisks: a firewall that inspects SMTP stands in "
		    "between.");
	if (r->code == 250 && r->line_count > 1)
		look_at_extensions(b, e);
	if (says_timeout(r))
		session_note(b, SW_NOTE_TIMEOUT_CLIENT, e->n, e->at_first,
		    e->at_last, "The server gave up: it had waited for the "
		    "client for too long.");
	if (after_content && r->code / 100 == 2 &&
	    e->flags & SW_BIT(SW_FLAG_UNACKED) &&
	    ending != SW_ENDING_INPUT_ENDED && ending != SW_ENDING_LIMIT)
		session_note(b, SW_NOTE_REPLY_NEVER_ARRIVED, e->n,
		    e->at_first, e->at_last, "The server took the message, "
		    "but the client never acknowledged the reply: it will "
		    "send the message again (RFC 1047).");
}

/* How long a client waits for the answer to this. */
static int64_t patience(const struct sw_event *e)
{
	struct slice verb;

	if (!e)
		return WAIT_GREETING;
	if (e->kind == SW_EVENT_DATA)
		return WAIT_VERDICT;
	verb = slice_make(e->u.command.verb.data, e->u.command.verb.len);
	return slice_eq_nocase(verb, slice_str("DATA")) ? WAIT_DATA :
	    WAIT_COMMAND;
}

/* Somebody closed while it was the other's turn, long after the last word. */
static void look_at_close(struct session_builder *b,
    const struct sw_event *e, const struct sw_event *last, int64_t since)
{
	bool servers_turn = !last || last->by == SW_CLIENT;
	bool cut = last && last->kind == SW_EVENT_DATA &&
	    session_is_cut(b, last->n) && last->u.data.missing == 0;
	int64_t waited;

	if (e->time == SW_NO_TIME || since == SW_NO_TIME || since > e->time)
		return;
	waited = e->time - since;
	/* Content that has no end yet is the client's to go on with. */
	if (e->by == SW_SERVER && (!servers_turn || cut) &&
	    waited >= WAIT_CLIENT)
		session_note(b, SW_NOTE_TIMEOUT_CLIENT, e->n, e->at_first,
		    e->at_last, "The server closed after %lld s in which the "
		    "client said nothing.", (long long)(waited / NS_PER_S));
	else if (e->by == SW_CLIENT && servers_turn &&
	    waited >= patience(last))
		session_note(b, SW_NOTE_TIMEOUT_SERVER, e->n, e->at_first,
		    e->at_last, "The client closed after %lld s in which the "
		    "server did not answer (RFC 5321, section 4.5.3.2).",
		    (long long)(waited / NS_PER_S));
}

/*
 * Content that was sent again and again and never acknowledged, after all the
 * short lines before it had passed: full segments do not get through.
 */
static void look_at_size(struct session_builder *b, const struct sw_event *e)
{
	const struct sw_tcp *tcp = session_get(b)->tcp;

	if (!tcp || tcp->client.unacked < FULL_SEGMENT ||
	    tcp->client.retransmitted < SENT_AGAIN * FULL_SEGMENT)
		return;
	session_note(b, SW_NOTE_MTU_BLACK_HOLE, e->n, e->at_first,
	    e->at_last, "The content was sent again and again (%lld octets) "
	    "and %lld octets of it were never acknowledged, while short "
	    "lines passed: full segments are lost on the way, and the ICMP "
	    "messages that should tell it are filtered.",
	    (long long)tcp->client.retransmitted,
	    (long long)tcp->client.unacked);
}

void observe_session(struct session_builder *b)
{
	const struct sw_session *s = session_get(b);
	const struct sw_event *last = NULL;
	int64_t since = s->start;
	bool replied = false, crossed = false, hidden = false;
	bool closed = false;
	size_t i;

	for (i = 0; i < s->event_count && !closed; i++) {
		const struct sw_event *e = &s->events[i];

		switch (e->kind) {
		case SW_EVENT_REPLY:
			look_at_reply(b, e, !replied && e->u.reply.to == 0,
			    is_verdict(e, last));
			replied = true;
			break;
		case SW_EVENT_COMMAND:
			if (!crossed && observe_is_crossed(
			    e->u.command.verb))
				session_note(b, SW_NOTE_VERB_MASKED, e->n,
				    e->at_first, e->at_last, "A verb is "
				    "crossed out with X: a firewall that "
				    "inspects SMTP does not let it pass.");
			crossed |= observe_is_crossed(e->u.command.verb);
			break;
		case SW_EVENT_CLOSE:
			if (!hidden)
				look_at_close(b, e, last, since);
			closed = true;
			continue;
		case SW_EVENT_TLS:
		case SW_EVENT_GAP:
			hidden = true;
			continue;
		case SW_EVENT_DATA:
			break;
		case SW_EVENT_CONNECT:
		case SW_EVENT_NOTE:
		case SW_EVENT_KIND_COUNT:
			continue;
		}
		last = e;
		since = e->end != SW_NO_TIME ? e->end : e->time;
	}
	if (!hidden && last && last->kind == SW_EVENT_DATA)
		look_at_size(b, last);
}
