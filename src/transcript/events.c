/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events.c - the events of a session: appended, found again, and those that
 * have no consequences for messages
 */
#include "transcript/session_internal.h"

enum { FEW_EVENTS = 8 };

static void omit_event(struct session_builder *b)
{
	b->s.omitted.events++;
	if (b->options.account)
		account_add(b->options.account, ACCOUNT_LIMIT_EVENTS, 1);
}

/* Half as much again each time, since a dialogue of one message has a few
 * more events than the first list has room for, and each is large.  false: no
 * more are kept, or there is no memory. */
static bool grow_events(struct session_builder *b)
{
	size_t old = b->event_capacity;
	size_t wanted = old ? old + old / 2 : FEW_EVENTS;
	void *events = b->events;

	if (wanted > LIMIT_EVENTS)
		wanted = LIMIT_EVENTS;
	if (!session_has_room(b, (wanted - old) * sizeof(*b->events))) {
		b->event_most = b->event_count;
		return false;
	}
	if (!session_make_room(b, &events, wanted, &b->event_room,
	    sizeof(*b->events)))
		return false;
	b->events = events;
	b->event_capacity = wanted;
	b->held += (wanted - old) * sizeof(*b->events);
	return true;
}

/* There is room for it. */
static inline struct sw_event *add_event(struct session_builder *b,
    enum sw_event_kind kind, enum sw_role by, const struct event_span *span,
    uint32_t flags, uint32_t *n_r)
{
	static const struct sw_reply no_reply;
	static const struct sw_command no_command;
	struct sw_event *e = &b->events[b->event_count++];

	/* As little is cleared as the kind needs. */
	if (kind == SW_EVENT_REPLY)
		e->u.reply = no_reply;
	else if (kind == SW_EVENT_COMMAND)
		e->u.command = no_command;
	else
		memset(&e->u, 0, sizeof(e->u));
	/* Many sessions are open at a time: until the next event of this
	 * one its memory has left the cache.  It is fetched while others
	 * are at work (here, since gcc drops a function that does no more
	 * than that). */
	if (b->event_count < b->event_capacity) {
		__builtin_prefetch(&e[1].time, 1);
		__builtin_prefetch(&e[1].u.reply.line_count, 1);
	}
	*n_r = e->n = b->next_n++;
	e->kind = kind;
	e->by = by;
	e->flags = flags;
	e->time = span->time;
	e->end = span->end;
	e->at_first = span->at_first;
	e->at_last = span->at_last;
	return e;
}

/* Are no more kept? */
static inline bool is_last(const struct session_builder *b)
{
	return b->event_count >= b->event_most ||
	    b->arena.total > b->options.octets / 2;
}

/* Not inlined, so that the usual call stays short. */
static __attribute__((noinline)) struct sw_event *add_seldom(
    struct session_builder *b, enum sw_event_kind kind, enum sw_role by,
    const struct event_span *span, uint32_t flags, uint32_t *n_r)
{
	*n_r = 0;
	if (b->failed)
		return NULL;
	if (!is_last(b) && grow_events(b))
		return add_event(b, kind, by, span, flags, n_r);
	if (b->failed)
		return NULL;
	*n_r = b->next_n++;
	omit_event(b);
	return NULL;
}

struct sw_event *session_new_event(struct session_builder *b,
    enum sw_event_kind kind, enum sw_role by, const struct event_span *span,
    uint32_t flags, uint32_t *n_r)
{
	if (b->failed || is_last(b) || b->event_count == b->event_capacity)
		return add_seldom(b, kind, by, span, flags, n_r);
	return add_event(b, kind, by, span, flags, n_r);
}

void session_event_done(struct session_builder *b, const struct sw_event *e)
{
	if (!e)
		return;
	if (b->arena.end - b->arena.p > 128) { /* of the next event */
		__builtin_prefetch(b->arena.p + 64, 1);
		__builtin_prefetch(b->arena.p + 128, 1);
	}
	if (b->options.event)
		b->options.event(b->options.event_ctx, session_get(b), e);
}

/* Events are in the order of n; with limits reached the tail is missing. */
struct sw_event *session_event(struct session_builder *b, uint32_t n)
{
	if (n == 0 || n > b->event_count || b->events[n - 1].n != n)
		return NULL;
	return &b->events[n - 1];
}

uint32_t session_connect(struct session_builder *b, enum sw_role by,
    struct event_span span)
{
	uint32_t n;

	b->start_seen = true;
	session_event_done(b, session_new_event(b, SW_EVENT_CONNECT, by, &span,
	    0, &n));
	return n;
}

uint32_t session_close(struct session_builder *b, enum sw_role by,
    enum sw_close_how how, struct event_span span)
{
	uint32_t n;
	struct sw_event *e = session_new_event(b, SW_EVENT_CLOSE, by, &span, 0,
	    &n);

	b->closed = true;
	if (e)
		e->u.close.how = how;
	session_event_done(b, e);
	return n;
}

/* Between the chunks of a message, and before them, the client's lost octets
 * may hold a further one with its BDAT (RFC 3030 2): the message is not known
 * to be whole. */
static void may_lose_chunk(struct session_builder *b)
{
	const struct message *m = &b->content;
	struct transaction *t = transaction_state(b);

	if (t && t->chunks == 0)
		t->chunk_lost = true;
	if (t)
		t->chunk_seen = false;
	/* RSET and the next MAIL may be lost: no chunk is added to it */
	if (t && t->last_refused)
		transaction_end(b, false);
	if (!b->content_open || b->in_data)
		return;
	if (m->gap_count > 0 && m->gaps[m->gap_count - 1].length < 0 &&
	    m->gaps[m->gap_count - 1].offset == m->size + m->lost)
		return; /* told of the chunk before */
	if (message_gap(&b->content, SW_UNKNOWN) != SW_OK)
		b->failed = true;
}

/* May all of a message's content, or its last chunk, lie in so many lost
 * octets of the client's? */
static bool may_hold_end(int64_t size)
{
	static const char least[] = "DATA\r\n.\r\n";

	return size == SW_UNKNOWN || size >= (int64_t)sizeof(least) - 1;
}

/* What became of an open message is not known then. */
static void may_lose_end(struct session_builder *b, int64_t size)
{
	struct transaction *t = transaction_state(b);

	if (t && !b->in_data && may_hold_end(size))
		t->content_lost = true;
}

/* Does the mail before this command end with it? */
static bool ends_mail(const struct sw_event *e)
{
	size_t len;

	if (e->kind != SW_EVENT_COMMAND || !e->u.command.verb.data)
		return false;
	switch (session_verb(slice_make(e->u.command.verb.data,
	    e->u.command.verb.len), &len)) {
	case VERB_MAIL:
	case VERB_SEND:
	case VERB_SOML:
	case VERB_SAML:
	case VERB_RSET:
		return true;
	default:
		return false;
	}
}

bool session_end_may_be_lost(struct session_builder *b, uint32_t mail)
{
	const struct sw_event *e;

	if (b->gap_n < mail)
		return false;
	while ((e = session_event(b, ++mail)) != NULL) {
		if (e->kind == SW_EVENT_GAP && e->by == SW_CLIENT &&
		    may_hold_end(e->u.gap.size))
			return true;
		if (ends_mail(e))
			return false;
	}
	return false;
}

uint32_t session_gap(struct session_builder *b, enum sw_role by,
    int64_t size, struct event_span span)
{
	uint32_t n;
	struct sw_event *e = session_new_event(b, SW_EVENT_GAP, by, &span, 0,
	    &n);

	if (e)
		e->u.gap.size = size;
	if (by == SW_CLIENT) {
		b->gap_n = n;
		may_lose_chunk(b);
		may_lose_end(b, size);
	}
	session_event_done(b, e);
	return n;
}

uint32_t session_tls(struct session_builder *b, const struct sw_tls *tls,
    struct event_span span)
{
	uint32_t n;
	struct sw_event *e = session_new_event(b, SW_EVENT_TLS, SW_NOBODY,
	    &span, 0, &n);

	if (e)
		e->u.tls = *tls;
	transaction_end(b, false);
	session_event_done(b, e);
	return n;
}

const struct sw_tls_turn *session_tls_turns(struct session_builder *b,
    const struct sw_tls_turn *turns, size_t count)
{
	struct sw_tls_turn *kept;

	if (count == 0)
		return NULL;
	kept = arena_calloc(&b->arena, count, sizeof(*kept));
	if (kept)
		memcpy(kept, turns, count * sizeof(*kept));
	else
		b->failed = true;
	return kept;
}

uint32_t session_note_event(struct session_builder *b, enum sw_role by,
    struct slice text, struct event_span span)
{
	uint32_t n;
	struct sw_event *e = session_new_event(b, SW_EVENT_NOTE, by, &span, 0,
	    &n);

	if (e)
		e->u.note.text = session_text(b, text);
	session_event_done(b, e);
	return n;
}
