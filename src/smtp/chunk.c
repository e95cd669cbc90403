/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chunk.c - the chunk of a BDAT whose reply is awaited
 *
 * Theory of operation.  What follows BDAT is held until the reply tells
 * whether it is content of a message (RULES: content in flight).  Its length
 * is known, though, and that it is a chunk: the client cannot have known the
 * reply.  So the octets are counted and digested as they come, not kept, while
 * they are in the cache; what is held is their place, an empty piece.  The
 * reply decides what they are told as.  What stands behind the chunk is held
 * as it is.
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

struct chunk {
	struct outstanding of;
	struct body body;
	uint64_t octets; /* so far */
	uint64_t end;    /* client offset behind them */
	struct origin last;
};

void chunk_drop(struct dialogue *d)
{
	free(d->chunk);
	d->chunk = NULL;
	d->resized = true;
}

/* The chunk of the newest command begins here, if nothing is held before. */
static bool begin(struct dialogue *d, const struct delivery *p)
{
	const struct outstanding *o;

	if (d->client != CLIENT_AFTER_BDAT || d->replaying ||
	    smtp_held_any(&d->held) || d->queue_count == 0)
		return false;
	o = smtp_queue_at(d, d->queue_count - 1);
	if (o->verb != VERB_BDAT || !session_early_begin(d->b))
		return false;
	d->chunk = malloc(sizeof(*d->chunk));
	if (!d->chunk ||
	    !smtp_held_add(&d->held, slice_make(NULL, 0), p)) {
		chunk_drop(d);
		d->memory = true;
		return false;
	}
	d->resized = true;
	d->chunk->of = *o;
	d->chunk->octets = 0;
	body_init(&d->chunk->body, true, true);
	return true;
}

static void to_session(void *ctx, struct slice octets)
{
	session_early_octets(ctx, octets);
}

size_t chunk_take(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct body_sink sink = { to_session, d->b };
	size_t n = octets.len;
	struct chunk *c;

	if (!d->chunk && !begin(d, p))
		return 0;
	c = d->chunk;
	if (n > c->of.size - c->octets)
		n = (size_t)(c->of.size - c->octets);
	if (n == 0)
		return 0;
	n = body_feed(&c->body, slice_head(octets, n), &sink);
	c->octets += n;
	c->end = p->offset + n;
	c->last = p->origin;
	return n;
}

uint64_t chunk_octets(const struct dialogue *d)
{
	return d->chunk ? d->chunk->octets : 0;
}

size_t chunk_memory(const struct dialogue *d)
{
	return d->chunk ? sizeof(*d->chunk) : 0;
}

const struct outstanding *chunk_of(const struct dialogue *d)
{
	return d->chunk ? &d->chunk->of : NULL;
}

void chunk_tell(struct dialogue *d)
{
	const struct chunk *c = d->chunk;

	content_open(d, d->held.pieces[d->held.next].o.origin);
	session_early_take(d->b);
	d->body = c->body;
	d->data_last_origin = c->last;
	d->client_offset = c->end;
	d->chunk_left -= c->octets;
	chunk_drop(d);
	if (d->chunk_left == 0)
		content_chunk_ended(d);
}
