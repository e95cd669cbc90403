/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * causal.c - one sequence of both directions; gaps; ends
 *
 * The rule: octets are handed up when their direction has been handed up to
 * their offset and the other direction to their segment's acknowledgment
 * number (or was not seen).  See native.c for why that always ends.
 */
#include <stdlib.h>

#include "tcp/native.h"

static bool is_wanted(const struct flow *f)
{
	return (f->state & (FLOW_OPEN | FLOW_MUTE)) == FLOW_OPEN;
}

bool tcp_causal_is_caused(const struct flow *f, int dir, bool ack_known,
    uint64_t ack)
{
	const struct side *o = &f->side[!dir];

	if (!(o->flags & SIDE_SEEN))
		return !side_is_expected(o);
	if (!ack_known)
		return true;
	if ((o->flags & SIDE_FIN) && ack > o->fin + 1)
		ack = o->fin + 1; /* there is nothing behind it */
	return side_position(o) >= ack;
}

/* Is there something to hand up next in order of its direction? */
static bool is_next(const struct flow *f, int dir, const struct stretch *s)
{
	return s && s->off == f->side[dir].next;
}

/* --- handing up --------------------------------------------------------- */

void tcp_causal_anomaly(struct tcp_engine *e, struct flow *f, int dir,
    enum anomaly code, struct origin origin)
{
	uint32_t bit = ANOMALY_BIT(code);

	if (f->side[dir].told & bit)
		return;
	f->side[dir].told |= bit;
	if (is_wanted(f))
		e->ops->anomaly(e->ctx, f->user, dir, code, origin);
}

void tcp_causal_close(struct tcp_engine *e, struct flow *f, int dir,
    bool rst, struct origin origin)
{
	struct side *s = &f->side[dir];

	if (s->flags & SIDE_CLOSED)
		return;
	s->flags |= SIDE_CLOSED;
	if (is_wanted(f))
		e->ops->close(e->ctx, f->user, dir, rst, origin);
}

void tcp_causal_hand_up(struct tcp_engine *e, struct flow *f,
    struct delivery *o)
{
	struct side *s = &f->side[o->dir];
	const struct side *other = &f->side[!o->dir];

	if ((other->flags & SIDE_FIN) && o->acked > other->fin)
		o->acked = other->fin;
	tcp_history_add(&e->history, s, s->next, o->octets);
	if (s->next == 0)
		tcp_flows_spoke(&e->flows, f, o->dir);
	s->next += o->octets.len;
	s->flags &= (uint16_t)~SIDE_GHOST;
	account_add(e->account, ACCOUNT_TCP_OCTETS, o->octets.len);
	o->other_seen = f->common.info.seen[!o->dir];
	if (is_wanted(f))
		e->ops->octets(e->ctx, f->user, o);
}

void tcp_causal_hand_up_first(struct tcp_engine *e, struct flow *f, int dir)
{
	struct stretch *s =
	    tcp_stretches_take(&f->hold->queue[dir], &e->held);
	struct delivery o = {
		.dir = dir,
		.octets = slice_make(s->octets, s->len),
		.origin = s->origin,
		.offset = s->off,
		.acked = s->ack,
		.acked_known = s->flags & STRETCH_ACKED
	};

	if (s->flags & STRETCH_FIN)
		tcp_causal_close(e, f, dir, false, s->origin);
	else
		tcp_causal_hand_up(e, f, &o);
	free(s);
}

bool tcp_causal_is_ready(const struct flow *f, int dir)
{
	const struct stretch *s = flow_first(f, dir);

	return is_next(f, dir, s) &&
	    tcp_causal_is_caused(f, dir, s->flags & STRETCH_ACKED, s->ack);
}

/* Of two directions' first stretches, whose was captured first? */
static bool is_second_first(const struct flow *f)
{
	return flow_first(f, 1)->origin.at < flow_first(f, 0)->origin.at;
}

/* What is ready in both directions goes in the order of the capture: no
 * acknowledgment tells another. */
static void drain(struct tcp_engine *e, struct flow *f)
{
	for (;;) {
		bool ready = tcp_causal_is_ready(f, 0);
		bool other = tcp_causal_is_ready(f, 1);

		if (!ready && !other)
			return;
		tcp_causal_hand_up_first(e, f,
		    other && (!ready || is_second_first(f)));
	}
}

/* Hand up all that is ready.  Where both directions have their next octets
 * and each waits for the other's (retransmissions bear later acknowledgments
 * than the first copies did), the frame captured first goes first. */
static void pump(struct tcp_engine *e, struct flow *f)
{
	if (!(f->state & FLOW_OPEN))
		return;
	for (;;) {
		drain(e, f);
		if (!is_next(f, 0, flow_first(f, 0)) ||
		    !is_next(f, 1, flow_first(f, 1)))
			return;
		tcp_causal_hand_up_first(e, f, is_second_first(f));
	}
}

/* --- gaps --------------------------------------------------------------- */

/* Where a hole is told: at the frame that shows it, by octets behind the hole
 * or by an answer to what was in it.  It may be certain only much later, at
 * a frame of some other flow. */
static struct origin gap_origin(const struct flow *f, int dir)
{
	const struct stretch *s = flow_first(f, dir);
	const struct stretch *o = flow_first(f, !dir);

	if (o && tcp_causal_is_caused(f, !dir, o->flags & STRETCH_ACKED,
	    o->ack))
		o = NULL;
	if (s && o)
		return o->origin.at < s->origin.at ? o->origin : s->origin;
	if (s || o)
		return s ? s->origin : o->origin;
	return f->last;
}

static void gap(struct tcp_engine *e, struct flow *f, int dir, uint64_t to)
{
	struct side *s = &f->side[dir];
	struct origin origin = gap_origin(f, dir);
	uint64_t off = s->next;

	s->next = to;
	s->flags &= (uint16_t)~SIDE_GHOST;
	account_add(e->account, ACCOUNT_TCP_GAPS, 1);
	account_add(e->account, ACCOUNT_TCP_MISSING, to - off);
	if (is_wanted(f))
		e->ops->gap(e->ctx, f->user, dir, off, to - off, origin);
}

/* Is one number acknowledged behind all octets?  More likely a FIN that was
 * not captured than an octet. */
static bool is_ghost(const struct side *s, uint64_t to)
{
	return to == s->next + 1 && s->highest <= s->next &&
	    !(s->flags & SIDE_FIN);
}

void tcp_causal_give_up(struct tcp_engine *e, struct flow *f, int dir,
    uint64_t to)
{
	struct side *s = &f->side[dir];
	const struct stretch *first = flow_first(f, dir);

	if (side_is_expected(s)) {
		s->flags |= SIDE_ABSENT;
		pump(e, f);
		return;
	}
	if (first && first->off < to)
		to = first->off;
	if (!first && is_ghost(s, to))
		s->flags |= SIDE_GHOST;
	else if (to > s->next)
		gap(e, f, dir, to);
	pump(e, f);
}

static bool has_hole(const struct flow *f, int dir)
{
	const struct side *s = &f->side[dir];
	const struct stretch *first = flow_first(f, dir);

	return ((s->flags & SIDE_SEEN) || side_is_expected(s)) &&
	    s->acked > side_position(s) &&
	    (!first || first->off > s->next);
}

/* Of two directions' gaps, is the second one's told first?  That with the
 * earlier octets behind it. */
static bool is_second_gap_first(const struct flow *f)
{
	return flow_first(f, 0) && flow_first(f, 1) ? is_second_first(f) :
	    !flow_first(f, 0) && flow_first(f, 1);
}

/* To where a direction's gap is certain, a second after it was acknowledged
 * past; 0: there is none. */
static uint64_t due(const struct tcp_engine *e, struct flow *f, int dir)
{
	uint64_t aged = tcp_timer_aged(&f->hold->ages[dir], e->now_ns);

	return has_hole(f, dir) && aged > side_position(&f->side[dir]) ?
	    aged : 0;
}

static void give_up_due(struct tcp_engine *e, struct flow *f)
{
	for (;;) {
		uint64_t to[TCP_DIRECTIONS] = { due(e, f, 0), due(e, f, 1) };
		int dir = to[1] > 0 && (to[0] == 0 || is_second_gap_first(f));

		if (to[dir] == 0)
			return;
		tcp_causal_give_up(e, f, dir, to[dir]);
	}
}

/* Make the first stretch of a direction go, by a gap before it or, when it
 * waits for the other direction, by one there. */
static void force(struct tcp_engine *e, struct flow *f, int dir)
{
	const struct stretch *s = flow_first(f, dir);

	if (s->off > f->side[dir].next)
		tcp_causal_give_up(e, f, dir, s->off);
	else
		tcp_causal_give_up(e, f, !dir, s->ack);
}

void tcp_causal_flush(struct tcp_engine *e, struct flow *f)
{
	pump(e, f);
	for (;;) {
		const struct stretch *s0 = flow_first(f, 0);
		const struct stretch *s1 = flow_first(f, 1);

		if (!s0 && !s1)
			return;
		if (s0 && s1 && (is_next(f, 0, s0) || is_next(f, 1, s1)))
			force(e, f, !is_next(f, 0, s0));
		else
			force(e, f, is_second_gap_first(f));
	}
}

/* At the end of a flow: what is known to have been sent and is not here. */
static void flush_tail(struct tcp_engine *e, struct flow *f, int dir)
{
	struct side *s = &f->side[dir];
	uint64_t to = s->acked > s->highest ? s->acked : s->highest;

	if (!(s->flags & SIDE_SEEN) || to <= side_position(s) ||
	    is_ghost(s, to))
		return;
	gap(e, f, dir, to);
}

/* --- holds -------------------------------------------------------------- */

/* As many as a shard's connections that close at a time. */
enum { SPARE_HOLDS = LIMIT_OR_SMALL(64, 2) };

struct hold *tcp_causal_hold(struct tcp_engine *e, struct flow *f)
{
	struct hold *h = f->hold;

	if (h)
		return h;
	if (e->spare_holds) {
		h = e->spare_holds;
		e->spare_holds = h->next_spare;
		e->spare_hold_count--;
	} else {
		h = calloc(1, sizeof *h);
	}
	if (!h) {
		e->nomem = true;
		return NULL;
	}
	h->flow = f;
	h->closing_ns = SW_NO_TIME;
	link_init(&h->timer);
	link_init(&h->holder);
	f->hold = h;
	return h;
}

static void drop_hold(struct tcp_engine *e, struct flow *f)
{
	struct hold *h = f->hold;

	if (!h)
		return;
	f->hold = NULL;
	link_remove(&h->timer);
	link_remove(&h->holder);
	for (int dir = 0; dir < TCP_DIRECTIONS; dir++) {
		tcp_stretches_fini(&h->queue[dir], &e->held);
		h->ages[dir].aged = 0;
		h->ages[dir].count = 0;
	}
	if (e->spare_hold_count >= SPARE_HOLDS) {
		free(h);
		return;
	}
	e->spare_hold_count++;
	h->next_spare = e->spare_holds;
	e->spare_holds = h;
}

static bool has_stretches(const struct hold *h)
{
	return h->queue[0].len > 0 || h->queue[1].len > 0;
}

/* Wind the timer for what is still missing, or drop the hold. */
static void rewind_timer(struct tcp_engine *e, struct flow *f)
{
	struct hold *h = f->hold;
	int64_t due = INT64_MAX;

	if (has_stretches(h)) {
		if (link_is_alone(&h->holder))
			link_append(&e->holders, &h->holder);
	} else {
		link_remove(&h->holder);
	}
	for (int dir = 0; dir < TCP_DIRECTIONS; dir++) {
		int64_t d;

		if (!has_hole(f, dir))
			continue;
		d = tcp_timer_due(&h->ages[dir],
		    side_position(&f->side[dir]));
		if (d < due)
			due = d;
	}
	if (h->closing_ns != SW_NO_TIME &&
	    h->closing_ns <= INT64_MAX - LIMIT_GAP_NS &&
	    h->closing_ns + LIMIT_GAP_NS < due)
		due = h->closing_ns + LIMIT_GAP_NS;
	if (due != INT64_MAX)
		tcp_timer_arm(&e->wheel, h, due);
	else if (has_stretches(h))
		link_remove(&h->timer);
	else
		drop_hold(e, f);
}

/* --- the end ------------------------------------------------------------ */

void tcp_causal_forget(struct tcp_engine *e, struct flow *f)
{
	drop_hold(e, f);
	tcp_flows_remove(&e->flows, f);
	tcp_flows_free(&e->flows, f);
}

static bool is_closed(const struct flow *f, int dir)
{
	return f->side[dir].flags & SIDE_CLOSED;
}

static void end_session(struct tcp_engine *e, struct flow *f,
    enum tcp_end why, struct origin origin)
{
	tcp_causal_flush(e, f);
	flush_tail(e, f, 0);
	flush_tail(e, f, 1);
	if (is_closed(f, 0) && is_closed(f, 1))
		why = TCP_END_CLOSED;
	for (int dir = 0; dir < TCP_DIRECTIONS; dir++)
		if (!(f->side[dir].flags & SIDE_SEEN))
			tcp_causal_anomaly(e, f, dir,
			    ANOMALY_DIRECTION_MISSING, origin);
	if (why == TCP_END_REUSED)
		tcp_causal_anomaly(e, f, 0, ANOMALY_PORTS_REUSED, origin);
	if (why == TCP_END_LIMIT)
		tcp_causal_anomaly(e, f, 0, ANOMALY_LIMIT, origin);
	if (is_wanted(f))
		e->ops->end(e->ctx, f->user, &f->common, why, origin);
}

void tcp_causal_end(struct tcp_engine *e, struct flow *f, enum tcp_end why,
    struct origin origin)
{
	struct flow *rival = f->rival;

	if (f->state & FLOW_OPEN)
		end_session(e, f, why, origin);
	else if (!(f->state & FLOW_REPORTED))
		e->ops->attempt(e->ctx, &f->common,
		    f->state & FLOW_REFUSED, origin);
	f->rival = NULL;
	if (rival)
		rival->rival = NULL;
	if (f->state & FLOW_RIVAL) {
		drop_hold(e, f);
		tcp_flows_free(&e->flows, f);
		return;
	}
	/* For the sake of late retransmissions. */
	if (!rival && why == TCP_END_CLOSED && !tcp_closed_add(&e->flows, f))
		e->nomem = true;
	tcp_causal_forget(e, f);
	if (!rival)
		return;
	rival->state &= ~(uint32_t)FLOW_RIVAL;
	if (!tcp_flows_add(&e->flows, rival, true)) {
		drop_hold(e, rival);
		tcp_flows_free(&e->flows, rival);
		e->nomem = true;
	}
}

/* Are both directions closed, and known to be by their peers? */
static bool is_over(struct tcp_engine *e, struct flow *f)
{
	struct hold *h;

	if (!is_closed(f, 0) || !is_closed(f, 1))
		return false;
	if (f->side[0].acked > f->side[0].fin &&
	    f->side[1].acked > f->side[1].fin)
		return true;
	h = tcp_causal_hold(e, f);
	if (!h)
		return true;
	if (h->closing_ns == SW_NO_TIME)
		h->closing_ns = e->now_ns;
	return h->closing_ns != SW_NO_TIME &&
	    ns_between(h->closing_ns, e->now_ns) >= LIMIT_GAP_NS;
}

/* End the flow if it is over, else wind its timer. */
static void finish(struct tcp_engine *e, struct flow *f, struct origin origin)
{
	if (is_over(e, f))
		tcp_causal_end(e, f, TCP_END_CLOSED, origin);
	else if (f->hold)
		rewind_timer(e, f);
}

/* --- limits ------------------------------------------------------------- */

static bool is_over_limit(const struct stretches *q)
{
	return q->octets > LIMIT_FLOW_OUT_OF_ORDER ||
	    q->len > LIMIT_FLOW_STRETCHES;
}

static void keep_flow_limits(struct tcp_engine *e, struct flow *f)
{
	for (int dir = 0; dir < TCP_DIRECTIONS; dir++)
		while (is_over_limit(&f->hold->queue[dir]))
			force(e, f, dir);
}

/* Release those idle longest until the engine's memory suffices. */
static void keep_memory_limit(struct tcp_engine *e, struct origin origin)
{
	while (e->held > e->memory && !link_is_alone(&e->holders)) {
		struct flow *f = hold_of_holder(e->holders.next)->flow;

		account_add(e->account, ACCOUNT_TCP_LIMIT_OCTETS, 1);
		for (int dir = 0; dir < TCP_DIRECTIONS; dir++)
			if (flow_first(f, dir))
				tcp_causal_anomaly(e, f, dir, ANOMALY_LIMIT,
				    origin);
		if (f->state & FLOW_OPEN) {
			tcp_causal_flush(e, f);
			finish(e, f, origin);
		} else {
			drop_hold(e, f); /* octets of a SYN come again */
		}
	}
}

void tcp_causal_settle(struct tcp_engine *e, struct flow *f,
    struct origin origin)
{
	if (f->hold && (f->state & FLOW_OPEN)) {
		pump(e, f);
		give_up_due(e, f);
		keep_flow_limits(e, f);
	}
	finish(e, f, origin);
	keep_memory_limit(e, origin);
}
