/* SPDX-License-Identifier: GPL-2.0-or-later */
/* closed.h - connections that are over, remembered */
#ifndef TCP_CLOSED_H
#define TCP_CLOSED_H

#include "tcp/flow.h"

struct flow;
struct flows;

/* Closed connections remembered in a shard, so that late retransmissions do
 * not look like new ones; the one that closed first is forgotten. */
#define TCP_CLOSED_MAX 256
#define TCP_CLOSED_BUCKETS 256

/* A direction of a connection that is over, as in struct side. */
struct closed_side {
	uint64_t next, acked, highest, fin;
	uint32_t base, window, first_seq;
	uint16_t flags;
};

struct closed {
	int64_t touched_ns;
	uint32_t state;
	uint32_t tag;       /* tcp_tag() */
	uint32_t alias_tag; /* of its other record, or tag: none */
	struct endpoint host[TCP_DIRECTIONS];
	struct closed_side side[TCP_DIRECTIONS];
};

/* Connections that are over. */
struct closed_flows {
	struct closed *ring;
	struct {
		uint32_t hash;
		uint16_t next; /* place of the next in its chain */
		bool used;     /* in a chain */
	} *links;              /* for each place of the ring */
	size_t first, count, capacity;
	uint16_t buckets[TCP_CLOSED_BUCKETS];
};

void tcp_closed_init(struct closed_flows *c);
void tcp_closed_fini(struct closed_flows *c);
/* Remember f, which is over; false: no memory. */
bool tcp_closed_add(struct flows *t, const struct flow *f);
/* Is a segment that finds no flow one of a connection that is over?  Then
 * *was is that, as it was, and *dir_r the segment's direction in it.  One of a
 * new connection with the same ports lets the old one be forgotten; *again_r:
 * it is the SYN that was refused. */
bool tcp_closed_takes(struct tcp_engine *e, const struct segment *seg,
    struct flow *was, int *dir_r, bool *again_r);
/* Forget those of which nothing can come any more. */
void tcp_closed_expire(struct closed_flows *c, int64_t now_ns);

#endif
