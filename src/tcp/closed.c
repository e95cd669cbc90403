/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * closed.c - connections that are over, remembered
 *
 * A segment that comes late, a retransmission, must not look like a
 * connection without start.  So some of every flow that was closed is kept:
 * little, and apart from the flows that are open, whose table and memory then
 * stay small enough for the processor's cache.
 *
 * The records stand in a ring, the one closed first at `first`; a full one
 * loses that.  Chains in buckets lead to them, the newest first, by the hash
 * with the engine's secret that the table of flows goes by; it stands beside
 * the link, so that a record is touched only when it is the one.  A flow whose
 * directions bear different tags has two records.
 */
#include <stdlib.h>

#include "tcp/native.h"

enum { NO_PLACE = UINT16_MAX, RING_MIN = 16 };
_Static_assert(TCP_CLOSED_MAX < NO_PLACE && TCP_CLOSED_MAX % RING_MIN == 0,
    "a place has 16 bits");

void tcp_closed_init(struct closed_flows *c)
{
	memset(c, 0, sizeof *c);
	memset(c->buckets, 0xff, sizeof c->buckets); /* NO_PLACE */
}

void tcp_closed_fini(struct closed_flows *c)
{
	free(c->ring);
	free(c->links);
	tcp_closed_init(c);
}

static uint16_t *bucket_of(struct closed_flows *c, uint32_t hash)
{
	return &c->buckets[hash % TCP_CLOSED_BUCKETS];
}

static void enter(struct closed_flows *c, size_t place, uint32_t hash)
{
	uint16_t *bucket = bucket_of(c, hash);

	c->links[place].hash = hash;
	c->links[place].next = *bucket;
	c->links[place].used = true;
	*bucket = (uint16_t)place;
}

static void leave(struct closed_flows *c, size_t place)
{
	uint16_t *p = bucket_of(c, c->links[place].hash);

	while (*p != place)
		p = &c->links[*p].next;
	*p = c->links[place].next;
	c->links[place].used = false;
}

/* The place of the record that is n-th in age. */
static size_t place_of(const struct closed_flows *c, size_t n)
{
	return (c->first + n) % c->capacity;
}

static void drop_first(struct closed_flows *c)
{
	if (c->links[c->first].used)
		leave(c, c->first);
	c->first = place_of(c, 1);
	c->count--;
}

/* Twice the places; the records move to the ring's beginning. */
static bool grow(struct closed_flows *c)
{
	struct closed_flows n;
	size_t i;

	tcp_closed_init(&n);
	n.capacity = c->capacity ? c->capacity * 2 : RING_MIN;
	n.ring = malloc(n.capacity * sizeof *n.ring);
	n.links = malloc(n.capacity * sizeof *n.links);
	if (!n.ring || !n.links) {
		tcp_closed_fini(&n);
		return false;
	}
	for (i = 0; i < c->count; i++) {
		size_t from = place_of(c, i);

		if (!c->links[from].used)
			continue;
		n.ring[n.count] = c->ring[from];
		enter(&n, n.count++, c->links[from].hash);
	}
	tcp_closed_fini(c);
	*c = n;
	return true;
}

static void keep_side(struct closed_side *to, const struct flow *f, int dir)
{
	const struct side *s = &f->side[dir];

	to->next = s->next;
	to->acked = s->acked;
	to->highest = s->highest;
	to->fin = s->fin;
	to->base = s->base;
	to->window = s->window;
	to->first_seq = f->common.info.first_seq[dir];
	to->flags = s->flags;
}

static bool add(struct flows *t, const struct flow *f, uint32_t tag,
    uint32_t alias_tag)
{
	const struct tcp_flow_info *info = &f->common.info;
	struct closed_flows *c = &t->closed;
	struct closed *r;
	size_t place;
	int dir;

	if (c->count == c->capacity) {
		if (c->capacity == TCP_CLOSED_MAX)
			drop_first(c);
		else if (!grow(c))
			return false;
	}
	place = place_of(c, c->count++);
	r = &c->ring[place];
	r->touched_ns = f->touched_ns;
	r->state = f->state;
	r->tag = tag;
	r->alias_tag = alias_tag;
	for (dir = 0; dir < TCP_DIRECTIONS; dir++) {
		r->host[dir] = info->host[dir];
		keep_side(&r->side[dir], f, dir);
	}
	enter(c, place, tcp_flows_hash(t, &r->host[0], &r->host[1], tag));
	return true;
}

bool tcp_closed_add(struct flows *t, const struct flow *f)
{
	uint32_t tag = tcp_flow_tag(f);

	if (!(f->state & FLOW_ALIAS))
		return add(t, f, tag, tag);
	return add(t, f, tag, f->alias_tag) && add(t, f, f->alias_tag, tag);
}

/* The record of a connection under a tag; NO_PLACE: none. */
static size_t find(const struct flows *t, const struct endpoint host[2],
    uint32_t tag)
{
	const struct closed_flows *c = &t->closed;
	uint32_t hash = tcp_flows_hash(t, &host[0], &host[1], tag);
	size_t i = c->buckets[hash % TCP_CLOSED_BUCKETS];

	for (; i != NO_PLACE; i = c->links[i].next) {
		const struct closed *r = &c->ring[i];

		if (c->links[i].hash == hash && r->tag == tag &&
		    tcp_hosts_dir(r->host, &host[0], &host[1]) >= 0)
			break;
	}
	return i;
}

static void forget(struct flows *t, size_t place)
{
	const struct closed *r = &t->closed.ring[place];

	leave(&t->closed, place);
	if (r->alias_tag == r->tag)
		return;
	place = find(t, r->host, r->alias_tag);
	if (place != NO_PLACE)
		leave(&t->closed, place);
}

/* The flow that it was, as far as handshake.c and arrival.c ask for what is
 * over. */
static void expand(const struct closed *r, struct flow *f)
{
	struct tcp_flow_info *info = &f->common.info;
	int dir;

	memset(f, 0, sizeof *f);
	f->state = r->state;
	for (dir = 0; dir < TCP_DIRECTIONS; dir++) {
		const struct closed_side *from = &r->side[dir];
		struct side *s = &f->side[dir];

		info->host[dir] = r->host[dir];
		info->first_seq[dir] = from->first_seq;
		s->next = from->next;
		s->acked = from->acked;
		s->highest = from->highest;
		s->fin = from->fin;
		s->base = from->base;
		s->window = from->window;
		s->flags = from->flags;
	}
}

/* Is a time so long past that nothing of the connection can come now? */
static bool is_past(int64_t touched_ns, int64_t now_ns)
{
	return touched_ns != SW_NO_TIME &&
	    ns_between(touched_ns, now_ns) >= LIMIT_IDLE_NS;
}

/* A SYN of the very connection, so long after its end that it is neither late
 * nor captured twice: the same traffic was sent once more. */
static bool is_replayed(const struct flow *was, int dir, int64_t touched_ns,
    const struct segment *seg, int64_t now_ns)
{
	return (seg->flags & TCP_SYN) && !(was->state & FLOW_REFUSED) &&
	    was->common.info.first_seq[dir] == seg->seq &&
	    touched_ns != SW_NO_TIME &&
	    ns_between(touched_ns, now_ns) >= TCP_REPLAY_NS;
}

bool tcp_closed_takes(struct tcp_engine *e, const struct segment *seg,
    struct flow *was, int *dir_r, bool *again_r)
{
	const struct endpoint host[2] = { seg->src, seg->dst };
	size_t place = find(&e->flows, host, tcp_tag(seg->vlan_tag,
	    seg->tunnel_tag));
	const struct closed *r;

	*again_r = false;
	if (place == NO_PLACE)
		return false;
	r = &e->flows.closed.ring[place];
	if (is_past(r->touched_ns, e->now_ns)) {
		forget(&e->flows, place);
		return false;
	}
	expand(r, was);
	*dir_r = tcp_hosts_dir(r->host, &seg->src, &seg->dst);
	if (!tcp_handshake_is_anew(was, *dir_r, seg) &&
	    !is_replayed(was, *dir_r, r->touched_ns, seg, e->now_ns))
		return true;
	*again_r = (was->state & FLOW_REFUSED) &&
	    (was->side[*dir_r].flags & SIDE_SYN) &&
	    was->common.info.first_seq[*dir_r] == seg->seq;
	forget(&e->flows, place);
	return false;
}

void tcp_closed_expire(struct closed_flows *c, int64_t now_ns)
{
	while (c->count > 0) {
		struct closed *r = &c->ring[c->first];

		if (r->touched_ns == SW_NO_TIME)
			r->touched_ns = now_ns;
		if (c->links[c->first].used && !is_past(r->touched_ns, now_ns))
			return;
		drop_first(c);
	}
}
