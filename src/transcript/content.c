/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * content.c - data events, and the content that they bring to messages
 */
#include "transcript/session_internal.h"

#include <stdlib.h>

/* Of the current message. */
static void open_content(struct session_builder *b,
    const struct sw_message *m, struct transaction *t)
{
	if (message_init(&b->content, b->options.body_ops, m->n,
	    b->options.hash) != SW_OK)
		b->failed = true;
	b->content_open = true;
	b->content_owner = b->current;
	t->body = b->content.body;
}

/* The first octets that are there are not the content's first. */
static void lose_start(struct session_builder *b)
{
	if (message_lose_start(&b->content) != SW_OK)
		b->failed = true;
}

static void begin_content(struct session_builder *b,
    const struct data_in *d)
{
	struct sw_message *m;
	struct transaction *t;

	b->content_message = 0;
	if (d->method == SW_METHOD_NONE)
		return;
	m = transaction_current(b, true);
	if (!m)
		return;
	t = transaction_state(b);
	m->method = d->method;
	b->content_message = b->current;
	if (b->content_open && b->content_owner != b->current)
		session_content_finish(b, false);
	if (t->chunks++ > 0 && b->content_open)
		return; /* a further chunk of the same content */
	if (t->content_done) { /* content after content: no second body */
		b->content_message = 0;
		return;
	}
	open_content(b, m, t);
	/* before it, or with its MAIL, a chunk may be lost */
	if (d->method == SW_METHOD_BDAT && t->chunk_lost)
		lose_start(b);
}

uint32_t session_data_begin(struct session_builder *b,
    const struct data_in *d)
{
	uint32_t n;
	struct sw_event *e;

	if (b->in_data)
		session_data_end(b, false, true, SW_UNKNOWN, 0,
		    (struct event_span){ 0, 0, SW_NO_TIME, SW_NO_TIME });
	e = session_new_event(b, SW_EVENT_DATA, SW_CLIENT, &d->span, d->flags,
	    &n);
	if (n == 0)
		return 0;
	/* without its command it is behind all that were seen */
	session_answer_early(b, d->of ? d->of : n);
	b->in_data = true;
	b->data_n = n;
	b->data_size = b->data_lost = 0;
	b->data_lost_unknown = false;
	b->data_start_seen = d->start_seen;
	b->gap_count = 0;
	begin_content(b, d);
	if (e) {
		e->u.data.of = d->of;
		e->u.data.message = b->content_message ?
		    b->messages[b->content_message - 1].n : 0;
	}
	if (!d->start_seen) {
		if (b->content_message && b->content.size == 0)
			b->content.started = false;
		session_data_gap(b, SW_UNKNOWN);
	}
	return n;
}

/* The memory of content may have grown. */
static void count_memory(struct session_builder *b, const struct message *m,
    size_t *counted)
{
	size_t now = m->header_capacity +
	    m->gap_capacity * sizeof(*m->gaps);

	b->held += now - *counted;
	*counted = now;
}

static void count_content(struct session_builder *b)
{
	count_memory(b, &b->content, &b->content_held);
}

void session_data_octets(struct session_builder *b, struct slice octets)
{
	bool kept = session_keeps_content(b);

	b->data_size += octets.len;
	if (!b->content_message)
		return;
	if (message_octets(&b->content, octets,
	    &b->messages[b->content_owner - 1], &b->arena) != SW_OK)
		b->failed = true;
	if (kept)
		count_content(b);
}

void session_data_line(struct session_builder *b, struct slice line, bool cut,
    bool crlf)
{
	if (b->content_message && !cut &&
	    message_line(&b->content, line, crlf)) {
		b->data_size += line.len + (crlf ? 2 : 1);
		return;
	}
	session_data_octets(b, line);
	if (cut)
		session_data_gap(b, SW_UNKNOWN);
	session_data_octets(b, crlf ? slice_str("\r\n") : slice_str("\n"));
}

bool session_keeps_content(const struct session_builder *b)
{
	return b->content_message && !b->content.header_done;
}

bool session_data_is_second(const struct session_builder *b)
{
	return b->current && b->content_message == 0 &&
	    b->transactions[b->current - 1].content_done;
}

void session_data_gap(struct session_builder *b, int64_t len)
{
	void *gaps = b->gaps;

	if (b->gap_count < LIMIT_GAPS) {
		if (!session_grow(b, &gaps, b->gap_count, &b->gap_capacity,
		    sizeof(*b->gaps)))
			return;
		b->gaps = gaps;
		b->gaps[b->gap_count].offset = b->data_size + b->data_lost;
		b->gaps[b->gap_count].length = len;
		b->gap_count++;
	}
	if (len >= 0)
		b->data_lost += (uint64_t)len;
	else
		b->data_lost_unknown = true;
	if (!b->content_message)
		return;
	if (message_gap(&b->content, len) != SW_OK)
		b->failed = true;
	count_content(b);
}

/* --- early content -------------------------------------------------------- */

bool session_early_begin(struct session_builder *b)
{
	if (b->options.body_ops || b->content_open || b->failed)
		return false;
	if (!b->early) {
		b->early = calloc(1, sizeof(*b->early));
		b->held += sizeof(*b->early);
	}
	if (!b->early || message_init(&b->early->content, NULL, 0,
	    b->options.hash) != SW_OK)
		b->failed = true;
	return !b->failed;
}

void session_early_octets(struct session_builder *b, struct slice octets)
{
	struct message *m = &b->early->content;
	bool kept = !m->header_done;

	if (message_octets(m, octets, NULL, NULL) != SW_OK)
		b->failed = true;
	if (kept)
		count_memory(b, m, &b->early->held);
}

void session_early_take(struct session_builder *b)
{
	struct message *m = &b->early->content, old = b->content;

	b->data_size += m->size;
	if (b->content_message) {
		b->content = *m;
		*m = old;
		if (!old.started)
			lose_start(b);
		if (message_tell_header(&b->content,
		    &b->messages[b->content_owner - 1], &b->arena) != SW_OK)
			b->failed = true;
	}
	message_reset(m);
	count_content(b);
	count_memory(b, m, &b->early->held);
}

/* --- gaps, the end -------------------------------------------------------- */

static void tell_gaps(struct session_builder *b, struct sw_data *d)
{
	struct sw_gap *gaps;

	d->gaps_known = true;
	d->missing = b->data_lost_unknown ? SW_UNKNOWN :
	    (int64_t)b->data_lost;
	if (b->gap_count == 0)
		return;
	gaps = arena_calloc(&b->arena, b->gap_count, sizeof(*gaps));
	if (!gaps) {
		b->failed = true;
		return;
	}
	memcpy(gaps, b->gaps, b->gap_count * sizeof(*gaps));
	d->gaps = gaps;
	d->gap_count = b->gap_count;
}

static void content_done(struct session_builder *b)
{
	struct sw_message *m;
	struct transaction *t;

	if (!b->content_open)
		return;
	m = &b->messages[b->content_owner - 1];
	t = &b->transactions[b->content_owner - 1];
	if (message_tell(&b->content, m, &b->arena) != SW_OK)
		b->failed = true;
	if (b->content.gap_count > 0 && b->options.account)
		account_add(b->options.account, ACCOUNT_MESSAGES_INCOMPLETE,
		    1);
	message_reset(&b->content);
	b->content_open = false;
	t->content_done = true;
}

void session_content_finish(struct session_builder *b, bool complete)
{
	if (!b->content_open)
		return;
	/* what ends is never an older message's, which has no end */
	message_end(&b->content, complete && b->content_owner == b->current);
	content_done(b);
}

void session_content_empty(struct session_builder *b)
{
	struct sw_message *m = transaction_current(b, false);
	struct transaction *t = transaction_state(b);

	if (!m || !t || t->chunks > 0 || t->content_done ||
	    t->data_code != SW_UNKNOWN)
		return;
	session_content_finish(b, false); /* another message's */
	m->method = SW_METHOD_BDAT;
	open_content(b, m, t);
	session_content_finish(b, true);
}

void session_data_end(struct session_builder *b, bool complete, bool last,
    int64_t wire, uint32_t flags, struct event_span span)
{
	struct sw_event *e = session_event(b, b->data_n);
	struct sw_digest whole = { 0 };

	if (!b->in_data)
		return;
	b->in_data = false;
	if (!complete)
		b->data_cut = b->data_n;
	if (b->content_message && last && b->content_open) {
		bool single =
		    b->transactions[b->content_message - 1].chunks == 1;

		message_end(&b->content, complete);
		content_done(b);
		if (single)
			whole = b->messages[b->content_message - 1].sha256;
	}
	if (!e)
		return;
	e->flags |= flags;
	if (span.at_last)
		e->at_last = span.at_last;
	if (span.end != SW_NO_TIME)
		e->end = span.end;
	e->u.data.size = (int64_t)b->data_size;
	e->u.data.sha256 = whole;
	e->u.data.octets = wire;
	tell_gaps(b, &e->u.data);
	b->data_n = 0;
	session_event_done(b, e);
}

bool session_is_cut(const struct session_builder *b, uint32_t n)
{
	return n > 0 && b->data_cut == n;
}

uint32_t session_data_logged(struct session_builder *b,
    const struct data_in *d, int64_t size, int64_t missing)
{
	struct sw_message *m = d->method == SW_METHOD_NONE ? NULL :
	    transaction_current(b, true);
	struct sw_event *e;
	uint32_t n;

	e = session_new_event(b, SW_EVENT_DATA, SW_CLIENT, &d->span, d->flags,
	    &n);
	if (m) {
		/* one chunk of several */
		bool more = d->method == SW_METHOD_BDAT &&
		    m->size != SW_UNKNOWN && size != SW_UNKNOWN &&
		    m->size <= INT64_MAX - size;

		m->method = d->method;
		m->size = more ? m->size + size : size;
		m->missing = missing;
	}
	if (!e)
		return n;
	e->u.data.of = d->of;
	e->u.data.message = m ? m->n : 0;
	e->u.data.size = size;
	e->u.data.missing = missing;
	e->u.data.octets = SW_UNKNOWN;
	session_event_done(b, e);
	return n;
}
