/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue.c - octets of two directions to the events of one session
 *
 * Theory of operation.  Goal: the transcript of RFC 5321 dialogues as they
 * are met, from octets in causal order, cut anywhere.  Phases: START (held
 * until a line or a record says what the stream is, start.c), SMTP
 * (client.c, server.c), TLS (opaque; tls_phase.c), IGNORE (not SMTP).  From
 * SMTP the dialogue goes to TLS when STARTTLS was accepted and a TLS record
 * follows, and back if the record goes on in clear (a capture that was
 * decrypted in place).
 *
 * Nothing here knows packets or time beyond the origin that every delivery
 * bears.  Limits: LIMIT_OUTSTANDING, LIMIT_PROVISIONAL, LIMIT_LINE,
 * LIMIT_REPLY_LINES; what is kept of the session is limited by the builder.
 * Not handled: TLS is not decrypted.
 */
#include "smtp/dialogue.h"

#include <stdlib.h>

#include "smtp/dialogue_internal.h"

/* --- memory --------------------------------------------------------------- */

/* Ten thousand are open at once, and each waits for memory: what few need
 * comes when they need it. */
_Static_assert(sizeof(struct dialogue) <= 1536, "a dialogue is small");

/* What a spare dialogue may keep, in items of each list and in octets; one
 * that had more is freed (of what it held only the octets). */
enum { SPARE_ITEMS = 64, SPARE_OCTETS = 16384, SPARES_MAX = 4 };
/* Octets of text kept of one reply. */
enum { REPLY_TEXT_MAX = LIMIT_OR_SMALL(1 << 20, 4000) };

static bool may_be_spare(const struct dialogue *d)
{
	return d->start.spares && d->start.spares->count < SPARES_MAX &&
	    d->held.capacity <= SPARE_ITEMS &&
	    d->item_capacity <= SPARE_ITEMS &&
	    d->late_capacity <= SPARE_ITEMS &&
	    d->queue_capacity <= SPARE_ITEMS &&
	    d->client_line.held.capacity <= SPARE_OCTETS &&
	    d->server_line.held.capacity <= SPARE_OCTETS &&
	    d->reply.text.capacity <= SPARE_OCTETS &&
	    d->reply.capacity <= SPARE_ITEMS;
}

static void reset_line(struct line_reader *r)
{
	struct buffer held = r->held;

	memset(r, 0, sizeof(*r));
	r->held = held;
}

static void reset_reply(struct reply_parts *r)
{
	struct buffer text = r->text;
	size_t *ends = r->ends, capacity = r->capacity;

	memset(r, 0, sizeof(*r));
	r->text = text;
	buffer_clear(&r->text);
	r->ends = ends;
	r->capacity = capacity;
}

/* As new, but for the memory that it has; a copy of all would be large. */
static void reset(struct dialogue *d)
{
	struct outstanding *queue = d->queue;
	uint32_t queue_capacity = d->queue_capacity;
	struct start_item *items = d->items;
	size_t item_capacity = d->item_capacity;
	struct late_reply *late = d->late;
	size_t late_capacity = d->late_capacity;
	const size_t from = offsetof(struct dialogue, next_spare);
	const size_t to = offsetof(struct dialogue, mechanism);

	memset(d, 0, offsetof(struct dialogue, held));
	memset(&d->size, 0, offsetof(struct dialogue, client_line) -
	    offsetof(struct dialogue, size));
	memset((uint8_t *)d + from, 0, to - from);
	smtp_held_clear(&d->held);
	reset_line(&d->client_line);
	reset_line(&d->server_line);
	reset_reply(&d->reply);
	d->queue = queue;
	d->queue_capacity = queue_capacity;
	d->items = items;
	d->item_capacity = item_capacity;
	d->late = late;
	d->late_capacity = late_capacity;
}

static void free_memory(struct dialogue *d)
{
	free(d->items);
	free(d->late);
	free(d->queue);
	smtp_held_fini(&d->held);
	line_reader_fini(&d->client_line);
	line_reader_fini(&d->server_line);
	buffer_fini(&d->reply.text);
	free(d->reply.ends);
	free(d);
}

static struct dialogue *take_spare(struct dialogue_spares *spares)
{
	struct dialogue *d;

	if (spares && spares->list) {
		d = spares->list;
		spares->list = d->next_spare;
		spares->count--;
		return d;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->resized = true;
	line_reader_init(&d->client_line);
	line_reader_init(&d->server_line);
	buffer_init(&d->reply.text, REPLY_TEXT_MAX);
	return d;
}

void dialogue_take_room(struct dialogue *d)
{
	struct dialogue_spares *s = d->start.spares;
	struct reply_parts *r = &d->reply;

	if (!s || r->text.p || r->ends || r->text.failed)
		return;
	d->resized = true;
	if (s->reply_text.p)
		r->text = s->reply_text;
	r->ends = s->reply_ends;
	r->capacity = s->reply_capacity;
	s->reply_text.p = NULL;
	s->reply_ends = NULL;
	s->reply_capacity = 0;
}

void dialogue_leave_room(struct dialogue *d)
{
	struct dialogue_spares *s = d->start.spares;
	struct reply_parts *r = &d->reply;

	if (!s || r->text.failed)
		return;
	d->resized = true;
	if (!s->reply_text.p && r->text.capacity <= SPARE_OCTETS) {
		s->reply_text = r->text;
		r->text.p = NULL;
	}
	if (!s->reply_ends && r->capacity <= SPARE_ITEMS) {
		s->reply_ends = r->ends;
		s->reply_capacity = r->capacity;
		r->ends = NULL;
	}
	buffer_fini(&r->text);
	free(r->ends);
	r->ends = NULL;
	r->capacity = 0;
}

void dialogue_spares_fini(struct dialogue_spares *s)
{
	while (s->list) {
		struct dialogue *d = s->list;

		s->list = d->next_spare;
		free_memory(d);
	}
	s->count = 0;
	free(s->reply_text.p);
	free(s->reply_ends);
	memset(&s->reply_text, 0, sizeof(s->reply_text));
	s->reply_ends = NULL;
	s->reply_capacity = 0;
}

enum sw_status dialogue_new(struct session_builder *b,
    const struct dialogue_start *start, struct dialogue **d_r)
{
	struct dialogue *d = take_spare(start->spares);

	*d_r = d;
	if (!d)
		return SW_ENOMEM;
	d->b = b;
	d->start = *start;
	d->client_dir = start->opener_known || start->server_dir != 0 ? 0 : 1;
	return SW_OK;
}

void dialogue_free(struct dialogue **dp)
{
	struct dialogue *d = *dp;
	struct dialogue_spares *spares;
	size_t i;

	if (!d)
		return;
	*dp = NULL;
	for (i = 0; i < d->item_count; i++)
		free(d->items[i].copy);
	late_fini(d);
	smtp_held_fini(&d->guess);
	smtp_held_fini(&d->look);
	dialogue_tls_fini(d);
	free(d->shown);
	chunk_drop(d);
	secrets_free(&d->secrets);
	buffer_fini(&d->unechoed);
	if (!may_be_spare(d)) {
		free_memory(d);
		return;
	}
	spares = d->start.spares;
	reset(d);
	d->resized = true;
	d->next_spare = spares->list;
	spares->list = d;
	spares->count++;
}

/* --- deliveries ----------------------------------------------------------- */

/* What would be shown if it turns out to be no SMTP. */
static void keep_shown(struct dialogue *d, const struct delivery *o)
{
	struct shown *s = d->shown;
	size_t n;

	if (!s) {
		s = d->shown = calloc(1, sizeof(*s));
		if (!s) {
			d->memory = true;
			return;
		}
		s->dir = o->dir;
		d->resized = true;
	}
	if (o->dir != s->dir)
		return;
	n = slice_head(o->octets, sizeof(s->octets) - s->len).len;
	memcpy(s->octets + s->len, o->octets.p, n);
	s->len += n;
}

void dialogue_dispatch(struct dialogue *d, const struct delivery *o)
{
	if (d->unproved)
		keep_shown(d, o);
	switch (d->phase) {
	case PHASE_START:
	case PHASE_IGNORE:
		break;
	case PHASE_SMTP:
		if (dialogue_role(d, o->dir) == SW_CLIENT)
			client_octets(d, o);
		else
			server_octets(d, o);
		break;
	case PHASE_TLS:
		dialogue_tls_octets(d, o);
		break;
	}
}

void dialogue_dispatch_gap(struct dialogue *d, int dir, uint64_t len,
    struct origin origin)
{
	enum sw_role by = dialogue_role(d, dir);

	if (d->phase == PHASE_SMTP && by == SW_CLIENT) {
		client_gap(d, len, origin);
	} else if (d->phase == PHASE_SMTP) {
		server_gap(d, len, origin);
	} else if (d->phase == PHASE_TLS) {
		tls_observer_gap(&d->tls->observer, by);
		session_gap(d->b, by, (int64_t)len,
		    dialogue_span(origin, origin));
	}
}

/* The octets of one direction are over. */
static void end_direction(struct dialogue *d, int dir, bool cut,
    struct origin origin)
{
	if (d->phase != PHASE_SMTP)
		return;
	if (dialogue_role(d, dir) == SW_CLIENT)
		client_end(d, cut, origin);
	else
		server_end(d, cut);
}

void dialogue_tell_close(struct dialogue *d, int dir, bool rst,
    struct origin origin)
{
	struct sw_event *e;

	e = session_event(d->b, session_close(d->b, dialogue_role(d, dir),
	    rst ? SW_CLOSE_RST : SW_CLOSE_FIN,
	    dialogue_span(origin, origin)));
	if (e)
		e->flags = dialogue_flags(d, e->flags);
}

void dialogue_dispatch_close(struct dialogue *d, int dir, bool rst,
    struct origin origin)
{
	bool by_client = dialogue_role(d, dir) == SW_CLIENT;
	bool waits = by_client && !rst && smtp_held_any(&d->held);

	/* Held octets of the client wait for replies that may still come. */
	if (!waits)
		end_direction(d, dir, false, origin);
	if (d->close_told)
		return;
	/* A reset ends both directions, and a server that closes decides no
	 * more. */
	if (rst)
		end_direction(d, 1 - dir, false, origin);
	else if (!by_client && d->phase == PHASE_SMTP &&
	    smtp_held_any(&d->held))
		content_take_held(d);
	d->close_told = true;
	d->close_dir = dir;
	d->close_rst = rst;
	if (d->phase != PHASE_SMTP || !late_keep_close(d, dir, rst, origin))
		dialogue_tell_close(d, dir, rst, origin);
}

static void add_item(struct dialogue *d, const struct start_item *item)
{
	if (!start_add(d, item))
		d->memory = true;
}

void dialogue_answer_found(struct dialogue *d)
{
	d->start.answer_lost = false;
}

bool dialogue_feed(struct dialogue *d, const struct delivery *o)
{
	if (o->octets.len == 0)
		return false;
	d->seen_mask |= 1u << o->dir;
	/* Most deliveries are content, and nothing but that. */
	if (d->client == CLIENT_BODY && d->phase == PHASE_SMTP &&
	    !d->unproved && dialogue_role(d, o->dir) == SW_CLIENT) {
		bool kept = session_keeps_content(d->b);

		return !client_octets(d, o) || kept;
	}
	if (d->unproved || d->phase == PHASE_START)
		d->last[o->dir] = o->origin;
	if (d->phase != PHASE_START)
		dialogue_dispatch(d, o);
	else
		start_take(d, o);
	return true;
}

void dialogue_fetch(const struct dialogue *d, unsigned step)
{
	const size_t end = offsetof(struct dialogue, next_spare);
	size_t i;

	for (i = 0; step == 0 && i < end; i += 64)
		__builtin_prefetch((const uint8_t *)d + i, 1);
	if (step == 0)
		return;
	__builtin_prefetch(&d->recent[d->recent_count % RECENT], 1);
	if (d->queue_capacity > 0)
		__builtin_prefetch(&d->queue[(d->queue_first +
		    d->queue_count) & (d->queue_capacity - 1)], 1);
}

void dialogue_gap(struct dialogue *d, int dir, uint64_t len,
    struct origin origin)
{
	struct start_item item = { 0 };

	d->gap_seen[dir] = true;
	d->recent_lost[dir] = d->recent_count;
	session_note(d->b, SW_NOTE_GAP, 0, origin.at, origin.at,
	    "%llu octet%s of the %s's %s missing from the record.",
	    (unsigned long long)len, len == 1 ? "" : "s",
	    dialogue_role(d, dir) == SW_CLIENT ? "client" : "server",
	    len == 1 ? "is" : "are");
	if (d->phase != PHASE_START) {
		dialogue_dispatch_gap(d, dir, len, origin);
		return;
	}
	item.kind = START_GAP;
	item.o.dir = dir;
	item.o.origin = origin;
	item.len = len;
	add_item(d, &item);
}

static void early_close(struct dialogue *d, int dir, bool rst,
    struct origin origin)
{
	struct start_item item = { 0 };

	item.kind = START_CLOSE;
	item.o.dir = dir;
	item.o.origin = origin;
	item.rst = rst;
	add_item(d, &item);
}

void dialogue_close(struct dialogue *d, int dir, bool rst,
    struct origin origin)
{
	if (d->phase != PHASE_START)
		dialogue_dispatch_close(d, dir, rst, origin);
	else
		early_close(d, dir, rst, origin);
}

/* --- the end -------------------------------------------------------------- */

static enum sw_ending ending_of(const struct dialogue *d,
    const struct dialogue_end *end)
{
	bool by_client = d->close_told &&
	    (d->close_dir == d->client_dir) != d->turned;

	if (d->kind == DIALOGUE_SMTP && session_has_quit(d->b,
	    d->close_told && !by_client))
		return SW_ENDING_QUIT;
	if (!d->close_told)
		return end->ending;
	if (d->close_rst)
		return by_client ? SW_ENDING_CLIENT_RESET :
		    SW_ENDING_SERVER_RESET;
	return by_client ? SW_ENDING_CLIENT_CLOSE : SW_ENDING_SERVER_CLOSE;
}

/* The record ends and the peer never acknowledged these. */
static void tell_unacked(struct dialogue *d, const struct dialogue_end *end)
{
	size_t i = d->recent_count > RECENT ? d->recent_count - RECENT : 0;

	for (; i < d->recent_count; i++) {
		const struct recent *r = &d->recent[i % RECENT];
		struct sw_event *e;

		/* What was lost behind it may have acknowledged it. */
		if (!end->acked_known[r->dir] || d->recent_lost[1 - r->dir] >
		    i || end->acked[r->dir] >= r->end_offset)
			continue;
		e = session_event(d->b, r->n);
		if (e)
			e->flags |= SW_BIT(SW_FLAG_UNACKED);
	}
}

static void tell_what_was_not_seen(struct dialogue *d,
    const struct dialogue_end *end)
{
	if (!d->start.opener_known)
		session_note(d->b, SW_NOTE_NO_START, 0, 0, 0,
		    "The record does not hold the connection's start.");
	if (end->seen[0] && end->seen[1])
		return;
	session_replies_unseen(d->b);
	session_note(d->b, SW_NOTE_DIRECTION_MISSING, 0, 0, 0,
	    "The %s's direction is missing from the record.",
	    end->seen[d->client_dir] ? "server" : "client");
}

/* Neither a reply nor a command was ever seen: it was no SMTP. */
static void forget_unproved(struct dialogue *d)
{
	static const struct shown nothing;
	const struct shown *s = d->shown ? d->shown : &nothing;

	session_forget(d->b);
	start_not_smtp(d, d->last[s->dir], d->last[s->dir], s->dir,
	    slice_make(s->octets, s->len));
}

/* Did memory run out anywhere? */
static bool ran_out(const struct dialogue *d)
{
	return d->memory || d->client_line.held.failed ||
	    d->server_line.held.failed || d->reply.text.failed ||
	    (d->tls && tls_observer_failed(&d->tls->observer));
}

void dialogue_finish(struct dialogue *d, const struct dialogue_end *end)
{
	/* The record is over before the connection is. */
	bool cut = end->input_ended && !d->close_told;

	start_decide(d, true);
	if (d->phase == PHASE_SMTP && !d->unproved) {
		/* The server first: what it says may decide on held octets. */
		server_end(d, cut);
		client_end(d, cut, end->origin);
		d->client_offset = UINT64_MAX;
		late_flush(d);
	}
	if (d->phase == PHASE_SMTP && d->unproved &&
	    d->kind == DIALOGUE_SMTP)
		forget_unproved(d);
	if (d->phase == PHASE_TLS)
		dialogue_tls_end(d);
	tell_unacked(d, end);
	tell_what_was_not_seen(d, end);
	session_get(d->b)->ending = ending_of(d, end);
	if (ran_out(d))
		session_fail(d->b);
}

enum dialogue_kind dialogue_kind(const struct dialogue *d)
{
	return d->kind;
}

int dialogue_client_dir(const struct dialogue *d)
{
	return d->client_dir;
}

static size_t held_memory(const struct held *h)
{
	return h->octets.capacity + h->capacity * sizeof(*h->pieces);
}

/* A line that is nothing but letters is told as a line and as a verb: one
 * without an end takes as much again when the record is over, as those of all
 * other sessions may. */
static __attribute__((noinline)) size_t told_at_end(
    const struct line_reader *r)
{
	struct slice head = slice_head(buffer_slice(&r->held),
	    COMMAND_LINE_MAX);
	size_t len;

	session_verb(head, &len);
	return len == head.len ? r->held.capacity : 0;
}

/* All but d->held, which comes and goes with each chunk. */
static size_t size_of(const struct dialogue *d)
{
	size_t n = sizeof(*d) + chunk_memory(d) + held_memory(&d->guess) +
	    held_memory(&d->look) + (d->shown ? sizeof(*d->shown) : 0) +
	    d->client_line.held.capacity + d->server_line.held.capacity +
	    d->reply.text.capacity +
	    d->reply.capacity * sizeof(*d->reply.ends) +
	    secrets_memory(d->secrets) + d->unechoed.capacity +
	    d->item_capacity * sizeof(*d->items) +
	    d->late_capacity * sizeof(*d->late) + d->late_octets +
	    d->queue_capacity * sizeof(*d->queue);

	if (d->item_count > 0) /* copies of what came at the start */
		n += d->start_octets[0] + d->start_octets[1];
	if (line_reader_partial(&d->client_line))
		n += told_at_end(&d->client_line);
	if (d->tls)
		n += sizeof(*d->tls) + held_memory(&d->tls->clear[0]) +
		    held_memory(&d->tls->clear[1]) +
		    tls_observer_memory(&d->tls->observer);
	return n;
}

/* Asked for at each delivery, and seldom another than the last time. */
size_t dialogue_memory(struct dialogue *d)
{
	if (d->resized || d->tls) {
		d->size = size_of(d);
		d->resized = false;
	}
	return d->size + held_memory(&d->held);
}
