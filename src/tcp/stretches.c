/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stretches.c - one direction's octets that wait
 *
 * An array of pointers in order of offset, with room in front: appending and
 * taking the first cost nothing, a place is found by bisection, an insertion
 * moves at most LIMIT_FLOW_STRETCHES pointers.  A hole costs nothing
 * whatever its size.  First octets win: a later copy fills holes only.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "tcp/native.h"

static size_t cost(const struct stretch *s)
{
	return sizeof *s + s->len;
}

/* Room for one more at index i (counted from head); false: no memory. */
static bool open_place(struct stretches *q, size_t i)
{
	if (q->head > 0 && i < q->len / 2) {
		q->head--;
		memmove(q->items + q->head, q->items + q->head + 1,
		    i * sizeof(struct stretch *));
		q->len++;
		return true;
	}
	if (q->head + q->len == q->capacity && q->head >= q->capacity / 2 &&
	    q->head > 0) {
		memmove(q->items, q->items + q->head,
		    q->len * sizeof(struct stretch *));
		q->head = 0;
	}
	if (q->head + q->len == q->capacity) {
		void *items = q->items;

		if (!base_grow(&items, q->capacity, &q->capacity,
		    sizeof(struct stretch *)))
			return false;
		q->items = items;
	}
	memmove(q->items + q->head + i + 1, q->items + q->head + i,
	    (q->len - i) * sizeof(struct stretch *));
	q->len++;
	return true;
}

static bool insert(struct stretches *q, size_t i, const struct stretch *like,
    uint64_t off, struct slice octets, uint64_t *held)
{
	struct stretch *s = malloc(sizeof *s + octets.len);

	if (!s)
		return false;
	if (!open_place(q, i)) {
		free(s);
		return false;
	}
	*s = *like;
	s->off = off;
	s->len = (uint32_t)octets.len;
	if (octets.len > 0)
		memcpy(s->octets, octets.p, octets.len);
	q->items[q->head + i] = s;
	q->octets += octets.len;
	*held += cost(s);
	return true;
}

/* Index of the first that ends behind off. */
static size_t find(const struct stretches *q, uint64_t off)
{
	size_t lo = 0, hi = q->len;

	if (hi > 0) { /* mostly it is the end */
		const struct stretch *s = q->items[q->head + hi - 1];

		if (s->off + s->len <= off)
			return hi;
	}
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct stretch *s = q->items[q->head + mid];

		if (s->off + s->len > off)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

bool tcp_stretches_add(struct stretches *q, const struct stretch *like,
    uint64_t off, struct slice octets, struct stretch_sum *sum,
    uint64_t *held)
{
	size_t i = find(q, off);

	while (octets.len > 0) {
		const struct stretch *s =
		    i < q->len ? q->items[q->head + i] : NULL;
		size_t n = octets.len;

		if (s && s->off <= off) { /* there already */
			size_t at = (size_t)(off - s->off);

			if (n > s->len - at)
				n = s->len - at;
			if (memcmp(s->octets + at, octets.p, n) != 0)
				sum->differs = true;
			sum->again += n;
		} else {
			if (s && n > s->off - off)
				n = (size_t)(s->off - off);
			if (!insert(q, i, like, off, slice_head(octets, n),
			    held))
				return false;
			sum->fresh += n;
		}
		i++;
		off += n;
		octets = slice_from(octets, n);
	}
	return true;
}

bool tcp_stretches_add_fin(struct stretches *q, const struct stretch *like,
    uint64_t off, uint64_t *held)
{
	struct stretch fin = *like;

	fin.flags |= STRETCH_FIN;
	return insert(q, q->len, &fin, off, slice_make(NULL, 0), held);
}

struct stretch *tcp_stretches_take(struct stretches *q, uint64_t *held)
{
	struct stretch *s = q->items[q->head];

	q->head++;
	q->len--;
	q->octets -= s->len;
	*held -= cost(s);
	if (q->len == 0)
		q->head = 0;
	return s;
}

void tcp_stretches_move(struct stretches *q, uint32_t by, uint32_t acks_by)
{
	for (size_t i = 0; i < q->len; i++) {
		struct stretch *s = q->items[q->head + i];

		s->off += by;
		if (s->flags & STRETCH_ACKED)
			s->ack += acks_by;
	}
}

void tcp_stretches_prove(struct stretches *q, uint32_t by)
{
	for (size_t i = 0; i < q->len; i++) {
		struct stretch *s = q->items[q->head + i];

		if (!(s->flags & STRETCH_GUESS))
			continue;
		s->flags &= (uint8_t)~STRETCH_GUESS;
		if (by > TCP_SLACK)
			continue;
		s->ack += by;
		s->flags |= STRETCH_ACKED;
	}
}

void tcp_stretches_fini(struct stretches *q, uint64_t *held)
{
	while (q->len > 0)
		free(tcp_stretches_take(q, held));
	free(q->items);
	memset(q, 0, sizeof *q);
}
