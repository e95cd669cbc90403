/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter.c - which sessions are told */
#include <stdio.h>

#include "api/reader.h"
#include "base/slice.h"
#include "transcript/session.h"

static struct slice of(struct sw_bytes b)
{
	return slice_make(b.data, b.data ? b.len : 0);
}

/* NULL: any; "=x": exactly x; else x is part of it; case is ignored. */
static bool matches(const char *wanted, struct sw_bytes b)
{
	struct slice text = of(b);

	if (!wanted)
		return true;
	if (!b.data)
		return false;
	if (wanted[0] == '=')
		return slice_eq_nocase(text, slice_str(wanted + 1));
	return wanted[0] == '\0' ||
	    slice_find_nocase(text, slice_str(wanted)) < text.len;
}

/* Is it the text without its brackets? */
static bool is_in_brackets(const char *wanted, char first, char last,
    struct sw_bytes b)
{
	struct slice text = slice_str(wanted ? wanted : "");

	return text.len >= 2 && text.p[0] == (uint8_t)first &&
	    text.p[text.len - 1] == (uint8_t)last && b.data &&
	    slice_eq_nocase(of(b), slice_make(text.p + 1, text.len - 2));
}

/* Also "<path>", as it stands in MAIL and RCPT. */
static bool path_matches(const char *wanted, struct sw_bytes path)
{
	return matches(wanted, path) || is_in_brackets(wanted, '<', '>', path);
}

/* Also "[2001:db8::25]", as the text tells it. */
static bool address_matches(const char *wanted, struct sw_bytes ip)
{
	return matches(wanted, ip) || is_in_brackets(wanted, '[', ']', ip);
}

static bool has_recipient(const struct sw_message *m, const char *wanted)
{
	size_t i;

	for (i = 0; i < m->recipient_count; i++)
		if (path_matches(wanted, m->recipients[i].to))
			return true;
	return false;
}

/* One message must match all that is asked of messages. */
static bool message_passes(const struct sw_filter *f,
    const struct sw_message *m)
{
	return path_matches(f->from, m->from) &&
	    matches(f->subject, m->subject) &&
	    matches(f->message_id, m->message_id) &&
	    matches(f->queue_id, m->queue_id) &&
	    (!f->rcpt || has_recipient(m, f->rcpt));
}

static bool any_message_passes(const struct sw_filter *f,
    const struct sw_session *s)
{
	size_t i;

	if (!f->from && !f->rcpt && !f->subject && !f->message_id &&
	    !f->queue_id)
		return true;
	for (i = 0; i < s->message_count; i++)
		if (message_passes(f, &s->messages[i]))
			return true;
	return false;
}

static bool host_passes(const char *wanted, const struct sw_session *s)
{
	return !wanted || address_matches(wanted, s->client.ip) ||
	    matches(wanted, s->client.name) ||
	    address_matches(wanted, s->server.ip) ||
	    matches(wanted, s->server.name);
}

bool filter_asks_time(const struct sw_filter *f)
{
	return f->since != SW_NO_TIME || f->until != SW_NO_TIME;
}

/* Times of day are of any day. */
static bool time_passes(const struct sw_filter *f,
    const struct sw_session *s)
{
	if (s->clock.date == SW_DATE_NONE)
		return !filter_asks_time(f);
	if (f->since != SW_NO_TIME && (s->end == SW_NO_TIME ||
	    s->end < f->since))
		return false;
	return f->until == SW_NO_TIME || (s->start != SW_NO_TIME &&
	    s->start <= f->until);
}

static bool id_passes(const char *wanted, uint64_t id)
{
	char text[17];
	struct sw_bytes b;

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)id);
	b.data = (const uint8_t *)text;
	b.len = 16;
	return matches(wanted, b);
}

/* Verbs whose refusal makes a session a failed one. */
static bool verb_matters(const struct sw_command *c)
{
	size_t len;

	if (!c->verb.data)
		return false;
	switch (session_verb(of(c->verb), &len)) {
	case VERB_HELO:
	case VERB_EHLO:
	case VERB_LHLO:
	case VERB_AUTH:
	case VERB_XEXPS:
	case VERB_STARTTLS:
	case VERB_XANONYMOUSTLS:
	case VERB_MAIL:
	case VERB_RCPT:
	case VERB_DATA:
	case VERB_BDAT:
		return true;
	default:
		return false;
	}
}

static bool is_refusal(const struct sw_session *s, const struct sw_event *e)
{
	const struct sw_event *to;

	if (e->kind != SW_EVENT_REPLY || e->u.reply.code < 400 ||
	    e->u.reply.to == 0 || e->u.reply.to > s->event_count)
		return false;
	to = &s->events[e->u.reply.to - 1];
	return to->kind == SW_EVENT_COMMAND && verb_matters(&to->u.command);
}

/* It answers no command; a log may lack it, and a gap may hold it. */
static bool is_greeting(const struct sw_session *s, const struct sw_reply *r)
{
	return r->code >= 200 && r->code < 400 &&
	    (r->to == 0 || s->source.kind != SW_SOURCE_WIRE);
}

static bool has_greeting(const struct sw_session *s)
{
	size_t i;

	/* Only a record that can hold one may lack it. */
	if (!(s->records & SW_BIT(SW_RECORDS_GREETING)) ||
	    s->event_count == 0 || s->events[0].kind != SW_EVENT_CONNECT ||
	    (s->encryption && !s->encryption->starttls))
		return true;
	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind == SW_EVENT_GAP && e->by == SW_SERVER)
			return true;
		if (e->kind == SW_EVENT_REPLY)
			return is_greeting(s, &e->u.reply);
	}
	return false;
}

bool filter_has_failed(const struct sw_session *s)
{
	size_t i;

	if (s->ending != SW_ENDING_QUIT || !has_greeting(s))
		return true;
	for (i = 0; i < s->message_count; i++)
		if (s->messages[i].outcome != SW_OUTCOME_ACCEPTED)
			return true;
	for (i = 0; i < s->auth_count; i++)
		if (s->auth[i].code >= 400)
			return true;
	for (i = 0; i < s->event_count; i++)
		if (is_refusal(s, &s->events[i]))
			return true;
	return false;
}

bool filter_passes(const struct sw_filter *f, const struct sw_session *s)
{
	return (!f->failed || filter_has_failed(s)) &&
	    host_passes(f->host, s) && time_passes(f, s) &&
	    (!f->id || id_passes(f->id, s->id)) && any_message_passes(f, s);
}

bool filter_selects(const struct sw_filter *f)
{
	return f->failed || f->from || f->rcpt || f->host || f->subject ||
	    f->message_id || f->queue_id || f->id || filter_asks_time(f);
}
