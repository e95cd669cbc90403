/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * content.c - what stands behind DATA, BDAT and XEXCH50, and what is held
 * until a reply decides whether it is content
 *
 * The end behind DATA is found by body.c; chunks are counted (RFC 3030 2).
 * A data event begins with its first octet.
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

/* --- held octets ---------------------------------------------------------- */

/* Octets of memory that stay for what is held next; more goes to whoever needs
 * it next, while it is in the cache. */
enum { HELD_KEPT = LIMIT_OR_SMALL(16384, 64) };

/* What was given back makes room when it is most of the buffer: each octet
 * is moved once for each time the buffer fills. */
static void compact(struct held *h)
{
	size_t i;

	if (h->from < LIMIT_PROVISIONAL)
		return;
	memmove(h->octets.p, h->octets.p + h->from, smtp_held_len(h));
	h->octets.len -= h->from;
	memmove(h->pieces, h->pieces + h->next,
	    (h->count - h->next) * sizeof(*h->pieces));
	h->count -= h->next;
	for (i = 0; i < h->count; i++)
		h->pieces[i].end -= h->from;
	h->from = h->next = 0;
}

void smtp_held_expect(struct held *h, size_t n)
{
	if (h->octets.len == 0 && n > h->octets.capacity)
		buffer_fini(&h->octets); /* nothing of it need be copied */
	if (h->octets.max == 0)
		buffer_init(&h->octets, SIZE_MAX / 2);
	(void)buffer_reserve(&h->octets, n);
}

bool smtp_held_add(struct held *h, struct slice octets,
    const struct delivery *o)
{
	void *pieces;

	if (h->octets.max == 0)
		buffer_init(&h->octets, SIZE_MAX / 2);
	compact(h);
	pieces = h->pieces;
	if (!base_grow(&pieces, h->count, &h->capacity, sizeof(*h->pieces)))
		return false;
	h->pieces = pieces;
	if (!buffer_append_slice(&h->octets, octets))
		return false;
	h->pieces[h->count].o = *o;
	h->pieces[h->count].o.octets = slice_make(NULL, 0);
	h->pieces[h->count++].end = h->octets.len;
	return true;
}

void smtp_held_clear(struct held *h)
{
	if (h->octets.capacity > HELD_KEPT)
		buffer_fini(&h->octets);
	buffer_clear(&h->octets);
	h->count = h->from = h->next = 0;
}

void smtp_held_fini(struct held *h)
{
	buffer_fini(&h->octets);
	free(h->pieces);
	memset(h, 0, sizeof(*h));
}

/* What of rest is behind the piece that is being replayed follows what was held
 * again of that one. */
static void put_behind(struct dialogue *d, struct held *rest)
{
	size_t i;

	if (!smtp_held_any(&d->held)) {
		smtp_held_fini(&d->held);
		d->held = *rest;
		return;
	}
	for (i = rest->next + 1; i < rest->count; i++) {
		size_t at = rest->pieces[i - 1].end;
		struct slice octets = slice_make(rest->octets.p + at,
		    rest->pieces[i].end - at);

		if (!smtp_held_add(&d->held, octets, &rest->pieces[i].o))
			d->memory = true;
	}
	smtp_held_fini(rest);
	d->held_again = true;
}

/* Give the octets of a held back to the parser, piece by piece.  While held
 * ones are replayed they are what was looked at of those, to the end of the
 * piece: if they are held again they stand before the rest. */
void content_give_back(struct dialogue *d, struct held *from)
{
	struct held mine = *from, rest = d->held;
	bool replaying = d->replaying;
	size_t i, at = 0;

	memset(from, 0, sizeof(*from));
	if (replaying)
		memset(&d->held, 0, sizeof(d->held));
	d->resized = true;
	for (i = 0; i < mine.count; i++) {
		struct slice octets = slice_make(mine.octets.p + at,
		    mine.pieces[i].end - at);

		at = mine.pieces[i].end;
		client_feed(d, octets, &mine.pieces[i].o);
	}
	smtp_held_fini(&mine);
	if (replaying)
		put_behind(d, &rest);
}

/* Parse the beginning of what is held, as far as it is not held again. */
static void replay_piece(struct dialogue *d, struct slice octets)
{
	struct held *h = &d->held;
	size_t used;

	used = client_step(d, octets, &h->pieces[h->next].o);
	if (!d->held_again) {
		h->from += used;
		h->pieces[h->next].o.offset += used;
	}
	d->held_again = false;
}

/*
 * Parse what is held up to where octets have to be held again; the rest stays
 * where it lies, so that a flight of a thousand chunks is looked at once.
 */
void content_replay(struct dialogue *d)
{
	struct held *h = &d->held;
	bool outer = d->replaying, holds = false;

	d->replaying = true;
	while (smtp_held_any(h) && d->phase == PHASE_SMTP && !d->memory) {
		struct piece *p = &h->pieces[h->next];
		/* without memory where there is but the place of a chunk */
		struct slice octets = slice_from(slice_head(
		    buffer_slice(&h->octets), p->end), h->from);

		if (octets.len == 0 && !d->chunk) {
			h->next++;
			continue;
		}
		holds = client_holds(d, p->o.other_seen);
		if (holds)
			break;
		if (d->chunk)
			chunk_tell(d);
		else
			replay_piece(d, octets);
	}
	d->replaying = outer;
	if (holds)
		return;
	smtp_held_clear(h);
	if (d->chunk)
		chunk_drop(d); /* the phase is over, or memory ran out */
}

/* --- content -------------------------------------------------------------- */

static void to_session(void *ctx, struct slice octets)
{
	session_data_octets(((struct dialogue *)ctx)->b, octets);
}

struct body_sink content_sink(struct dialogue *d)
{
	struct body_sink sink = { to_session, d };

	return sink;
}

void content_expect(struct dialogue *d, uint32_t of,
    enum sw_method method, uint32_t flags, bool start_seen, bool counted)
{
	d->data_of = of;
	d->data_method = method;
	d->data_flags = flags;
	d->data_start_seen = start_seen;
	d->data_last = true;
	d->pending_gap = 0;
	d->content_after_gap = false;
	d->bare_lf_end = false;
	d->early_code = 0;
	body_init(&d->body, start_seen, counted);
}

void content_expect_body(struct dialogue *d, uint32_t of, uint32_t flags,
    bool start_seen)
{
	content_expect(d, of, SW_METHOD_DATA, flags, start_seen, false);
	d->client = CLIENT_BODY;
}

void content_expect_chunk(struct dialogue *d, const struct outstanding *o,
    enum sw_method method, uint32_t flags)
{
	content_expect(d, o->n, method, flags, true, true);
	d->data_last = method == SW_METHOD_BDAT ? o->last : true;
	/* XEXCH50's octets wait for its 354. */
	if (o->pipelined && o->verb != VERB_XEXCH50)
		d->data_flags |= SW_BIT(SW_FLAG_PIPELINED);
	d->chunk_left = o->size;
	d->client = CLIENT_CHUNK;
}

/* The data event begins with its first octet. */
void content_open(struct dialogue *d, struct origin origin)
{
	struct data_in in;

	if (d->data_open)
		return;
	in.of = d->data_of;
	in.method = d->data_method;
	in.start_seen = d->data_start_seen;
	in.flags = dialogue_flags(d, d->data_flags);
	in.span = dialogue_span(origin, origin);
	if (in.flags & SW_BIT(SW_FLAG_AFTER_GAP))
		d->client_after_gap = false; /* told of the content */
	d->data_n = session_data_begin(d->b, &in);
	d->data_last_origin = origin;
	d->data_open = true;
}

void content_close(struct dialogue *d, bool complete)
{
	uint32_t flags = d->body.flags;

	if (!d->data_open)
		return;
	if (d->body.counted)
		flags &= ~SW_BIT(SW_FLAG_OVERLONG);
	d->data_open = false;
	session_data_end(d->b, complete, d->data_last,
	    (int64_t)d->body.wire, flags,
	    dialogue_span(d->data_last_origin, d->data_last_origin));
	dialogue_remember(d, d->data_n, dialogue_dir(d, SW_CLIENT),
	    d->client_offset);
	if (d->body.smuggled)
		session_note(d->b, SW_NOTE_SMUGGLING, d->data_n, 0, 0,
		    "The content holds a line of one dot that is not bounded "
		    "by CRLF: some servers take it for the end.");
}

void content_await_verdict(struct dialogue *d)
{
	struct outstanding *o = smtp_queue_push(d);

	if (!o)
		return;
	o->n = d->data_n;
	o->kind = AWAIT_CONTENT;
	o->acked = d->client_acked;
	o->acked_known = d->client_acked > 0;
	if (d->lost_until > 0)
		smtp_queue_doubt_newest(d);
	/* 421 is about the connection (RFC 5321 3.8): it answers nothing */
	o->early = d->early_code != 0 && d->early_code != 421;
	if (d->data_method == SW_METHOD_NONE)
		o->verb = VERB_XEXCH50; /* no message's content */
	o->second = session_data_is_second(d->b);
}

/* The true end of content was seen; its verdict is awaited. */
void content_ended(struct dialogue *d)
{
	d->client = CLIENT_COMMAND;
	d->unproved = false;
	content_close(d, true);
	if (d->bare_lf_end)
		session_note(d->b, SW_NOTE_BARE_LF_END, d->data_n, 0, 0,
		    "The content ends at a dot line that a bare LF bounds; "
		    "the server took it for the end.");
	content_await_verdict(d);
}

void content_apply_gap(struct dialogue *d)
{
	if (d->pending_gap == 0)
		return;
	content_open(d, d->gap_origin);
	session_data_gap(d->b, (int64_t)d->pending_gap);
	body_gap(&d->body);
	d->pending_gap = 0;
	d->content_after_gap = true;
}

size_t content_take_body(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct body_sink sink = content_sink(d);
	size_t used;

	content_apply_gap(d);
	if (!d->data_open && d->data_of && p->acked_known &&
	    p->acked < d->reply_end)
		d->data_flags |= SW_BIT(SW_FLAG_PIPELINED);
	content_open(d, p->origin);
	d->data_last_origin = p->origin;
	used = body_feed(&d->body, octets, &sink);
	d->client_offset = p->offset + used;
	if (d->body.state == BODY_ENDED)
		content_ended(d);
	return used;
}

size_t content_take_run(struct dialogue *d, const struct delivery *o)
{
	struct body_sink sink = content_sink(d);
	size_t used;

	if (d->client != CLIENT_BODY || !d->data_open || d->pending_gap > 0 ||
	    d->late_count > 0 || d->memory)
		return 0;
	d->data_last_origin = o->origin;
	used = body_feed(&d->body, o->octets, &sink);
	d->client_offset = o->offset + used;
	if (d->body.state == BODY_ENDED)
		content_ended(d);
	return used;
}

void content_chunk_ended(struct dialogue *d)
{
	bool awaited = d->data_method == SW_METHOD_BDAT ||
	    (d->data_flags & SW_BIT(SW_FLAG_REFUSED));

	d->client = CLIENT_COMMAND;
	content_close(d, true);
	if (!awaited) /* else the reply is that of the BDAT command */
		content_await_verdict(d);
}

size_t content_take_chunk(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct body_sink sink = content_sink(d);
	size_t n = octets.len;

	content_apply_gap(d);
	if (n > d->chunk_left)
		n = (size_t)d->chunk_left;
	content_open(d, p->origin);
	d->data_last_origin = p->origin;
	n = body_feed(&d->body, slice_head(octets, n), &sink);
	d->chunk_left -= n;
	d->client_offset = p->offset + n;
	if (d->chunk_left == 0)
		content_chunk_ended(d);
	return n;
}

/* Octets of a gap that takes content's end and a command as well, at least. */
static uint64_t end_and_command(const struct body *b)
{
	static const char after_text[] = "\r\n.\r\nRSET\r\n";
	uint64_t least = sizeof(after_text) - 1;

	if (b->since_lf <= 2) /* some of the dot's line may be there */
		return least - (b->since_lf == 0 ? 2 : 4);
	return b->prev == '\r' ? least - 1 : least;
}

void content_break(struct dialogue *d, struct origin origin,
    bool gap_took_end)
{
	struct body_sink sink = content_sink(d);
	uint64_t lost = d->pending_gap;
	/* where the gap begins; what came behind it is being looked at */
	uint64_t from = d->client_seen - lost -
	    (d->look.count > 0 ? d->look.octets.len : 0);
	uint64_t least = end_and_command(&d->body);

	body_settle(&d->body, false, &sink);
	if (gap_took_end && lost) {
		content_open(d, d->gap_origin);
		session_data_gap(d->b, SW_UNKNOWN);
	}
	d->pending_gap = 0;
	d->client = CLIENT_COMMAND;
	content_close(d, false);
	if (gap_took_end && lost)
		session_gap(d->b, SW_CLIENT, (int64_t)lost,
		    dialogue_span(d->gap_origin, origin));
	if (!gap_took_end)
		return;
	/* what comes now may be about the next message */
	if (d->early_code != 0)
		session_early_is_last(d->b);
	d->early_code = 0;
	d->client_after_gap = true;
	d->client_mid_line = true;
	d->client = CLIENT_BEHIND_GAP;
	if (!d->body.counted || d->data_method == SW_METHOD_NONE)
		content_await_verdict(d);
	/* the server's octets that are lost beside them may hold that reply */
	if (d->server_after_gap && !d->memory &&
	    from <= d->client_seen_at_gap &&
	    d->queue_uncertain + 1 >= d->queue_count) {
		if (d->queue_uncertain < d->queue_count)
			smtp_queue_at(d, d->queue_uncertain++)->uncertain =
			    true;
		d->queue_before_gap = d->queue_count;
	}
	if (lost >= least)
		d->commands_lost = d->rcpts_lost = true;
}

/* The reply will not decide: what follows DATA or BDAT is content. */
void content_choose(struct dialogue *d, bool ahead)
{
	const struct outstanding *o = chunk_of(d);
	size_t i;

	for (i = d->queue_count; i > 0 && !o; i--)
		if (smtp_queue_at(d, i - 1)->kind == AWAIT_COMMAND &&
		    (smtp_queue_at(d, i - 1)->verb == VERB_DATA ||
		    smtp_queue_at(d, i - 1)->verb == VERB_BDAT))
			o = smtp_queue_at(d, i - 1);
	if (o && d->client == CLIENT_AFTER_DATA)
		content_expect_body(d, o->n, SW_BIT(SW_FLAG_INFERRED) |
		    (ahead ? SW_BIT(SW_FLAG_PIPELINED) : 0),
		    !d->client_mid_line);
	else if (o && d->client == CLIENT_AFTER_BDAT)
		content_expect_chunk(d, o, SW_METHOD_BDAT,
		    SW_BIT(SW_FLAG_INFERRED));
	else if (d->client == CLIENT_AFTER_DATA ||
	    d->client == CLIENT_AFTER_BDAT)
		d->client = CLIENT_COMMAND;
}

void content_take_held(struct dialogue *d)
{
	/* sent ahead of a reply that is still to come */
	bool ahead = smtp_held_any(&d->held) &&
	    d->held.pieces[d->held.next].o.other_seen &&
	    d->queue_uncertain == 0;

	content_choose(d, ahead);
	content_replay(d);
	late_flush(d);
}
