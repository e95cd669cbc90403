/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usual.c - the short way of the usual segment
 *
 * Most segments are the next of their direction, in an open session in which
 * nothing is missing, and acknowledge nothing that was not handed up.  For
 * these the general way (native.c) comes down to what take_usual does;
 * whatever is in doubt takes the general way.
 */
#include "tcp/native.h"

/* An open session in which nothing is missing. */
static inline bool is_usual_flow(const struct tcp_engine *e,
    const struct flow *f)
{
	enum { MASK = FLOW_OPEN | FLOW_MUTE };

	/* The time of a flow that had none counts as long past. */
	return (f->state & MASK) == FLOW_OPEN && !f->hold && !f->rival &&
	    ns_between(f->touched_ns, e->now_ns) < LIMIT_IDLE_NS;
}

/* Both directions were seen and none has ended; the other one, o, was
 * acknowledged before, and is at ack or further. */
static inline bool is_usual(const struct side *s, const struct side *o,
    const struct segment *seg)
{
	enum { FLAGS = TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK };
	enum { MASK = SIDE_SEEN | SIDE_BASE | SIDE_FIN | SIDE_CLOSED |
	    SIDE_GHOST };

	return (seg->flags & FLAGS) == TCP_ACK && seg->anomalies == 0 &&
	    seg->payload.len == seg->payload_len && seg->window > 0 &&
	    (s->flags & (MASK | SIDE_ZERO)) == (SIDE_SEEN | SIDE_BASE) &&
	    (o->flags & (MASK | SIDE_ACKED)) ==
	    (SIDE_SEEN | SIDE_BASE | SIDE_ACKED) &&
	    seg->seq == s->base + (uint32_t)s->next &&
	    s->highest <= s->next &&
	    (int32_t)(seg->ack - (o->base + (uint32_t)o->next)) <= 0;
}

/* Apart, so that what has no octets needs no room for a delivery. */
static __attribute__((noinline)) enum sw_status take_usual_octets(
    struct tcp_engine *e, struct flow *f, int dir, struct side *s,
    const struct segment *seg, uint64_t ack)
{
	struct delivery o = {
		.dir = dir,
		.octets = seg->payload,
		.origin = seg->origin,
		.offset = s->next,
		.acked = ack,
		.acked_known = true,
		.other_seen = true
	};

	s->next += o.octets.len;
	s->highest = s->next;
	f->octets[dir] += o.octets.len;
	s->twin_seq = seg->seq;
	s->twin_len = seg->payload_len;
	s->twin_ack = seg->ack;
	s->twin_ns = seg->origin.ts_ns;
	account_add(e->account, ACCOUNT_TCP_OCTETS, o.octets.len);
	tcp_history_add(&e->history, s, o.offset, o.octets);
	if (o.offset == 0)
		tcp_flows_spoke(&e->flows, f, dir);
	e->ops->octets(e->ctx, f->user, &o);
	return tcp_native_status(e);
}

/* As touch(); it is in a list of sessions, and has no hold. */
static inline void touch_usual(struct tcp_engine *e, struct flow *f,
    const struct segment *seg)
{
	const struct link *next = f->session.next;

	f->frames++;
	f->last = seg->origin;
	f->touched_ns = e->now_ns;
	link_renew(&e->flows.live, &f->age);
	if (next != &e->flows.sessions.first && next != &e->flows.silent.first)
		link_append(&flow_list(&e->flows, f)->first, &f->session);
}

static inline enum sw_status take_usual(struct tcp_engine *e, struct flow *f,
    int dir, const struct segment *seg)
{
	struct side *s = &f->side[dir], *o = &f->side[!dir];
	int64_t ack = side_offset(o, seg->ack);

	account_add(e->account, ACCOUNT_TCP_SEGMENTS, 1);
	touch_usual(e, f, seg);
	tcp_arrival_window(s, seg, s->shift);
	if (ack < 0)
		ack = 0;
	if ((uint64_t)ack > o->acked)
		o->acked = (uint64_t)ack;
	if (seg->payload_len > 0)
		return take_usual_octets(e, f, dir, s, seg, (uint64_t)ack);
	return tcp_native_status(e);
}

static inline __attribute__((always_inline)) enum sw_status feed_dir(
    struct tcp_engine *e, const struct segment *seg, struct flow *f, int dir)
{
	if (!is_usual_flow(e, f) ||
	    !is_usual(&f->side[dir], &f->side[!dir], seg))
		return tcp_native_feed_found(e, seg, f, dir);
	return take_usual(e, f, dir, seg);
}

/* A segment that finds f.  Each direction has code of its own, in which the
 * places of both sides are known. */
static inline enum sw_status feed_found(struct tcp_engine *e,
    const struct segment *seg, struct flow *f, int dir)
{
	return dir == 0 ? feed_dir(e, seg, f, 0) : feed_dir(e, seg, f, 1);
}

/* The flow is sought in the table, each time anew: to look first at the one
 * that was touched last spares the hash for two segments of three, but with
 * many connections its lines have left the processor's cache. */
enum sw_status tcp_usual_feed(struct tcp_engine *e,
    const struct segment *seg)
{
	int dir = 0;
	struct flow *f;

	tcp_native_set_now(e, seg->origin.ts_ns);
	f = tcp_native_find(e, seg, &dir);
	return f ? feed_found(e, seg, f, dir) :
	    tcp_native_feed_found(e, seg, NULL, 0);
}
