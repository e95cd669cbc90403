/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stretches.h - one direction's octets that wait */
#ifndef TCP_STRETCHES_H
#define TCP_STRETCHES_H

#include <stdbool.h>

#include "base/origin.h"
#include "base/slice.h"

enum {
	STRETCH_FIN = 1,   /* no octets: the end of the direction */
	STRETCH_ACKED = 2, /* ack is known */
	STRETCH_GUESS = 4  /* ... if the other direction, of which nothing was
	                      seen, begins where its first acknowledgment is */
};

/* What one segment brought for one hole. */
struct stretch {
	uint64_t off;
	uint64_t ack; /* of its segment, an offset of the other direction */
	struct origin origin;
	uint32_t len;
	uint8_t flags;
	uint8_t octets[];
};

/* In order of off, never overlapping. */
struct stretches {
	struct stretch **items; /* items[head .. head + len - 1] */
	size_t head, len, capacity;
	uint64_t octets;
};

static inline struct stretch *stretches_first(const struct stretches *q)
{
	return q->len ? q->items[q->head] : NULL;
}

struct stretch_sum {
	uint64_t fresh, again; /* octets that were new, that were there */
	bool differs;          /* some that were there were other octets */
};

/* Add octets at off with the rest as in like (off, len ignored): only what
 * fills holes is copied.  false: no memory, what could be was added.
 * *held is the engine's. */
bool tcp_stretches_add(struct stretches *q, const struct stretch *like,
    uint64_t off, struct slice octets, struct stretch_sum *sum,
    uint64_t *held);
/* Add a FIN behind all. */
bool tcp_stretches_add_fin(struct stretches *q, const struct stretch *like,
    uint64_t off, uint64_t *held);
/* Take the first out; the caller frees it with free(). */
struct stretch *tcp_stretches_take(struct stretches *q, uint64_t *held);
/* The direction begins so many octets earlier than was thought, and the other
 * one, of which the acknowledgments are. */
void tcp_stretches_move(struct stretches *q, uint32_t by, uint32_t acks_by);
/* It is known now where the other one begins: so many octets before the guess;
 * more than TCP_SLACK: elsewhere. */
void tcp_stretches_prove(struct stretches *q, uint32_t by);
void tcp_stretches_fini(struct stretches *q, uint64_t *held);

#endif
