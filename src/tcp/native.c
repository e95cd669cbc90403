/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * native.c - our own TCP engine: segments to octets in causal order
 *
 * Theory of operation.
 *
 * Goal: from the segments that a capture holds, in whatever order it holds
 * them, the octets of both directions of each connection, each once, in the
 * order in which the hosts acted; exact gaps where the capture lacks
 * something; linear time, bounded memory.
 *
 * Offsets.  A direction's stream is numbered from 0, the octet behind the
 * SYN or the first one seen; `next` is what has been handed up, `acked` what
 * the peer acknowledged, `highest` what was seen.  Sequence numbers become
 * 64-bit offsets relative to next (RFC 9293 3.4), so streams may wrap.
 *
 * The usual segment is the next one of its direction and acknowledges
 * nothing that was not handed up: it is handed up from the frame itself.
 * Anything else waits as a stretch (stretches.c) in the flow's hold, which
 * exists only while something is missing.
 *
 * Causal order.  A stretch X of direction d goes when d has come to its
 * offset and the other direction o to its acknowledgment number.  That
 * always ends.  Suppose that something waits and nothing goes.  If both
 * directions' first stretches are next in their order, each waits for the
 * other: the one captured first goes (pump), and one of them is gone.
 * Otherwise some direction misses octets that the other acknowledged (X
 * itself does) or that are before its first stretch; these are a gap after
 * a second if they were acknowledged, when the holder exceeds its limit,
 * or at the end of the flow at the latest, and a gap takes at least one
 * octet.  An acknowledged number without an octet at the end of all is a
 * FIN that was not captured, and excused instead (SIDE_GHOST).
 *
 * Belief.  A capture has holes, so what a host would take cannot be checked
 * exactly.  A segment must lie within the window that its receiver announced
 * plus TCP_SLACK of what was handed up or acknowledged; an acknowledgment
 * may exceed what was seen by TCP_SLACK.  When a long loss makes a
 * connection leap, its segments are refused until an acknowledgment of the
 * peer meets one of them (SIDE_FAR).  A RST is checked more strictly
 * (handshake.c).  What is refused is counted and otherwise ignored.
 *
 * Ends.  Both FINs handed up and acknowledged (or a second later), or a RST.
 * It is remembered (closed.c) so that late retransmissions do not look like
 * a connection without start.  Idle is judged by the time of all frames.
 *
 * Deliberately not done: urgent data is data (RFC 6093); PAWS is not used,
 * since time stamps are optional and frames of one capture may be out of
 * order; a differing copy is noticed while the first is held or still in the
 * history (history.c), not later.
 */
#include <stdlib.h>

#include "tcp/native.h"

/* --- from segment to flow ----------------------------------------------- */

static bool is_idle(const struct tcp_engine *e, const struct flow *f)
{
	return f->touched_ns != SW_NO_TIME &&
	    ns_between(f->touched_ns, e->now_ns) >= LIMIT_IDLE_NS;
}

static inline uint32_t hash_of(const struct tcp_engine *e,
    const struct segment *seg)
{
	return tcp_flows_hash(&e->flows, &seg->src, &seg->dst,
	    seg->vlan_tag, seg->tunnel_tag);
}

/* The flow that a segment finds, NULL: none. */
static struct flow *find(struct tcp_engine *e, const struct segment *seg,
    int *dir_r)
{
	uint32_t hash = hash_of(e, seg);

	for (;;) {
		struct flow *f = tcp_flows_find(&e->flows, hash, &seg->src,
		    &seg->dst, seg->vlan_tag, seg->tunnel_tag, dir_r);

		if (!f)
			return NULL;
		if (is_idle(e, f)) /* its rival may take its place */
			tcp_causal_end(e, f, TCP_END_IDLE, seg->origin);
		else if (f->rival && tcp_handshake_is_rivals(f, seg))
			tcp_causal_end(e, f, TCP_END_REUSED, seg->origin);
		else
			return f;
	}
}

/* To the end of its list, if it is not there already. */
static inline void renew(struct link *list, struct link *l)
{
	if (l->next != list)
		link_append(list, l);
}

static inline void touch(struct tcp_engine *e, struct flow *f,
    const struct segment *seg)
{
	f->frames++;
	f->last = seg->origin;
	f->touched_ns = e->now_ns;
	renew(&e->flows.live, &f->age);
	flow_touch_session(&e->flows, f);
	if (f->hold && !link_is_alone(&f->hold->holder))
		renew(&e->holders, &f->hold->holder);
}

static void set_now(struct tcp_engine *e, int64_t ts_ns)
{
	if (ts_ns > e->now_ns)
		e->now_ns = ts_ns;
}

static enum sw_status status(struct tcp_engine *e)
{
	return e->nomem ? SW_ENOMEM : SW_OK;
}

/* A segment of a connection that is over.  New octets are told. */
static void ignore(struct tcp_engine *e, const struct side *s,
    const struct segment *seg)
{
	if (seg->payload_len > 0 && side_offset(s, seg->seq) +
	    seg->payload_len > (int64_t)s->highest)
		account_add(e->account, ACCOUNT_TCP_OUT_OF_WINDOW, 1);
}

enum sw_status tcp_native_feed_any(struct tcp_engine *e,
    const struct segment *seg)
{
	struct arrival a = { .e = e, .seg = seg };
	bool refused = false;
	struct flow was;

	account_add(e->account, ACCOUNT_TCP_SEGMENTS, 1);
	set_now(e, seg->origin.ts_ns);
	a.f = find(e, seg, &a.dir);
	if (!a.f && tcp_closed_takes(e, seg, &was, &a.dir, &refused)) {
		ignore(e, &was.side[a.dir], seg);
		return status(e);
	}
	if (!a.f)
		a.f = tcp_handshake_begin(e, seg, &a.dir);
	if (!a.f)
		return status(e);
	if (refused) /* the same SYN again: told already */
		a.f->state |= FLOW_REPORTED | FLOW_REFUSED;
	if (seg->flags & TCP_SYN)
		a.before = a.f->last;
	touch(e, a.f, seg);
	if (seg->flags & TCP_RST) {
		tcp_handshake_rst(&a);
		return status(e);
	}
	if (seg->flags & TCP_SYN)
		tcp_handshake_syn(&a);
	if (a.f)
		tcp_arrival_take(&a);
	return status(e);
}

/* --- the usual segment --------------------------------------------------- */

/*
 * Most segments are the next of their direction, in an open session in which
 * nothing is missing, and acknowledge nothing that was not handed up.  For
 * these the general way comes down to what take_usual does; whatever is in
 * doubt takes the general way.
 */
static inline bool is_usual_flow(const struct tcp_engine *e,
    const struct flow *f)
{
	enum { MASK = FLOW_OPEN | FLOW_MUTE };

	return (f->state & MASK) == FLOW_OPEN && !f->hold && !f->rival &&
	    !is_idle(e, f);
}

/* Both directions were seen and none has ended; the other one is at ack or
 * further. */
static inline bool is_usual(const struct flow *f, int dir,
    const struct segment *seg)
{
	enum { FLAGS = TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK };
	enum { MASK = SIDE_SEEN | SIDE_BASE | SIDE_FIN | SIDE_CLOSED |
	    SIDE_GHOST | SIDE_ZERO };
	const struct side *s = &f->side[dir], *o = &f->side[!dir];

	return (seg->flags & FLAGS) == TCP_ACK && seg->anomalies == 0 &&
	    seg->payload.len == seg->payload_len && seg->window > 0 &&
	    (s->flags & MASK) == (SIDE_SEEN | SIDE_BASE) &&
	    (o->flags & (MASK & ~SIDE_ZERO)) == (SIDE_SEEN | SIDE_BASE) &&
	    seg->seq == s->base + (uint32_t)s->next &&
	    s->highest <= s->next &&
	    (int32_t)(seg->ack - (o->base + (uint32_t)o->next)) <= 0;
}

static inline void take_usual_octets(struct tcp_engine *e, struct flow *f,
    int dir, const struct segment *seg, uint64_t ack)
{
	struct side *s = &f->side[dir];
	struct delivery o = {
		.dir = dir,
		.octets = seg->payload,
		.origin = seg->origin,
		.offset = s->next,
		.acked = ack,
		.acked_known = true,
		.other_seen = true
	};

	tcp_history_add(&e->history, s, s->next, seg->payload);
	s->next += seg->payload_len;
	s->highest = s->next;
	f->octets[dir] += seg->payload_len;
	if (o.offset == 0)
		flow_spoke(&e->flows, f, dir);
	s->twin_seq = seg->seq;
	s->twin_len = seg->payload_len;
	s->twin_ack = seg->ack;
	s->twin_ns = seg->origin.ts_ns;
	account_add(e->account, ACCOUNT_TCP_OCTETS, seg->payload_len);
	e->ops->octets(e->ctx, f->user, &o);
}

static inline void take_usual(struct tcp_engine *e, struct flow *f, int dir,
    const struct segment *seg)
{
	struct side *o = &f->side[!dir];
	int64_t ack = side_offset(o, seg->ack);

	touch(e, f, seg);
	tcp_arrival_window(&f->side[dir], seg);
	if (ack < 0)
		ack = 0;
	if ((uint64_t)ack > o->acked)
		o->acked = (uint64_t)ack;
	o->flags |= SIDE_ACKED;
	if (seg->payload_len > 0)
		take_usual_octets(e, f, dir, seg, (uint64_t)ack);
}

static enum sw_status native_feed(struct tcp_engine *e,
    const struct segment *seg)
{
	struct flow *f;
	int dir;

	set_now(e, seg->origin.ts_ns);
	f = tcp_flows_find(&e->flows, hash_of(e, seg), &seg->src, &seg->dst,
	    seg->vlan_tag, seg->tunnel_tag, &dir);
	if (!f || !is_usual_flow(e, f) || !is_usual(f, dir, seg))
		return tcp_native_feed_any(e, seg);
	account_add(e->account, ACCOUNT_TCP_SEGMENTS, 1);
	take_usual(e, f, dir, seg);
	return status(e);
}

/* --- looking ahead -------------------------------------------------------- */

/* What the usual segment needs of it. */
static inline void fetch_flow(const struct flow *f)
{
	const uint8_t *p = (const uint8_t *)f;

	__builtin_prefetch(p);
	__builtin_prefetch(p + offsetof(struct flow, state), 1);
	__builtin_prefetch(p + offsetof(struct flow, touched_ns), 1);
	__builtin_prefetch(&f->side[0], 1);
	__builtin_prefetch(&f->side[1], 1);
}

/* Neighbours in the lists by age are changed with it. */
static inline void fetch_neighbours(const struct flow *f)
{
	__builtin_prefetch(f->age.next, 1);
	__builtin_prefetch(f->age.prev, 1);
	__builtin_prefetch(f->session.next, 1);
	__builtin_prefetch(f->session.prev, 1);
}

static uint32_t native_hash(const struct tcp_engine *e,
    const struct segment *seg)
{
	return hash_of(e, seg);
}

/* The flow is most often that of the first place; another does no harm. */
static void native_fetch(const struct tcp_engine *e,
    const struct segment *seg, uint32_t hash, unsigned step)
{
	const struct flows *t = &e->flows;
	const struct entry *place = &t->table[hash & t->mask];
	const struct flow *f;

	if (step == TCP_FETCH_PLACE) {
		__builtin_prefetch(place);
		return;
	}
	f = place->flow;
	if (!f)
		return;
	if (step == TCP_FETCH_FLOW) {
		fetch_flow(f);
		return;
	}
	if (step == TCP_FETCH_USER)
		fetch_neighbours(f);
	if (e->ops->fetch && (f->state & FLOW_OPEN) && f->user &&
	    (seg->payload_len > 0 || (seg->flags & (TCP_FIN | TCP_RST))))
		e->ops->fetch(f->user, step - TCP_FETCH_USER);
}

static enum sw_status native_icmp(struct tcp_engine *e,
    const struct icmp_error *icmp)
{
	int dir;
	struct flow *f;

	set_now(e, icmp->origin.ts_ns);
	f = tcp_flows_find(&e->flows, tcp_flows_hash(&e->flows, &icmp->src,
	    &icmp->dst, icmp->vlan_tag, icmp->tunnel_tag), &icmp->src,
	    &icmp->dst, icmp->vlan_tag, icmp->tunnel_tag, &dir);
	if (!f)
		return SW_OK;
	f->side[dir].icmp_errors++;
	if (icmp->mtu != 0)
		f->side[dir].icmp_mtu = icmp->mtu > UINT16_MAX ? UINT16_MAX :
		    (uint16_t)icmp->mtu;
	if (!(f->state & FLOW_OPEN))
		f->state |= FLOW_REFUSED;
	return SW_OK;
}

/* --- time and end ------------------------------------------------------- */

static void run_timers(struct tcp_engine *e, struct origin now)
{
	struct link due;

	tcp_timer_take(&e->wheel, e->now_ns, &due);
	while (!link_is_alone(&due)) {
		struct hold *h = hold_of_timer(due.next);

		link_remove(&h->timer);
		tcp_causal_settle(e, h->flow, now);
	}
}

static void expire_flows(struct tcp_engine *e, struct origin now)
{
	struct link *list = &e->flows.live;

	while (!link_is_alone(list)) {
		struct flow *f = flow_of_age(list->next);

		if (f->touched_ns == SW_NO_TIME)
			f->touched_ns = e->now_ns;
		if (!is_idle(e, f))
			return;
		tcp_causal_end(e, f, TCP_END_IDLE, now);
	}
}

static enum sw_status native_tick(struct tcp_engine *e, struct origin now)
{
	set_now(e, now.ts_ns);
	if (e->now_ns == SW_NO_TIME)
		return status(e);
	run_timers(e, now);
	expire_flows(e, now);
	tcp_closed_expire(&e->flows.closed, e->now_ns);
	return status(e);
}

static bool native_evict(struct tcp_engine *e, struct tcp_flow *flow,
    struct origin now)
{
	struct flow *f = flow ? (struct flow *)(void *)flow :
	    tcp_flows_idlest(&e->flows);

	if (!f)
		return false;
	account_add(e->account, ACCOUNT_TCP_LIMIT_OCTETS, 1);
	tcp_causal_end(e, f, TCP_END_LIMIT, now);
	return true;
}

static uint64_t native_memory(const struct tcp_engine *e)
{
	return e->held + e->flows.count * LIMIT_FLOW_OCTETS;
}

static int compare_first(const void *a, const void *b)
{
	const struct flow *const *f = a, *const *g = b;
	uint64_t x = (*f)->common.info.first.at;
	uint64_t y = (*g)->common.info.first.at;

	return (x > y) - (x < y);
}

/* All live flows in the order of their first frames; NULL: none or no
 * memory. */
static struct flow **sort_flows(struct tcp_engine *e, size_t *count_r)
{
	struct link *list = &e->flows.live;
	struct flow **flows = calloc(e->flows.count + 1, sizeof *flows);
	size_t n = 0;

	if (!flows)
		return NULL;
	for (struct link *l = list->next; l != list; l = l->next)
		flows[n++] = flow_of_age(l);
	qsort(flows, n, sizeof *flows, compare_first);
	*count_r = n;
	return flows;
}

static enum sw_status native_finish(struct tcp_engine *e, struct origin now)
{
	struct flows *t = &e->flows;
	size_t n = 0;
	struct flow **flows = sort_flows(e, &n);

	if (!flows)
		e->nomem = true;
	for (size_t i = 0; flows && i < n; i++)
		tcp_causal_end(e, flows[i], TCP_END_INPUT, now);
	free(flows);
	while (!link_is_alone(&t->live)) /* no memory to sort */
		tcp_causal_end(e, flow_of_age(t->live.next), TCP_END_INPUT,
		    now);
	tcp_closed_fini(&t->closed);
	tcp_timer_init(&e->wheel);
	e->now_ns = SW_NO_TIME;
	return status(e);
}

/* --- the engine --------------------------------------------------------- */

static void native_close(struct tcp_engine **ep)
{
	struct tcp_engine *e = *ep;

	if (!e)
		return;
	*ep = NULL;
	while (!link_is_alone(&e->flows.live)) {
		struct flow *f = flow_of_age(e->flows.live.next);

		if (f->state & FLOW_RIVAL) {
			f->rival->rival = NULL;
			f->state = 0;
			tcp_flows_free(&e->flows, f);
		} else {
			if (f->rival)
				f->rival->state = 0;
			tcp_causal_forget(e, f);
		}
	}
	tcp_flows_fini(&e->flows);
	tcp_history_fini(&e->history);
	free(e->spare_hold);
	free(e);
}

static enum sw_status native_open(struct tcp_engine **e_r,
    const struct tcp_sink_ops *ops, void *ctx, struct account *account,
    const struct tcp_options *options)
{
	struct tcp_engine *e = calloc(1, sizeof *e);

	*e_r = NULL;
	if (!e)
		return SW_ENOMEM;
	e->ops = ops;
	e->ctx = ctx;
	e->account = account;
	e->memory = options->memory ? options->memory :
	    LIMIT_SHARD_OUT_OF_ORDER;
	e->now_ns = SW_NO_TIME;
	link_init(&e->holders);
	tcp_timer_init(&e->wheel);
	if (!tcp_flows_init(&e->flows, options) ||
	    !tcp_history_init(&e->history)) {
		native_close(&e);
		return SW_ENOMEM;
	}
	*e_r = e;
	return SW_OK;
}

static void side_facts(const struct flow *f, int dir, struct tcp_facts *facts)
{
	const struct side *s = &f->side[dir];

	facts->side[dir].octets = f->octets[dir];
	facts->side[dir].retransmitted = s->retransmitted;
	facts->side[dir].delivered = s->next;
	facts->side[dir].acked = (s->flags & SIDE_FIN) && s->acked > s->fin ?
	    s->fin : s->acked;
	facts->side[dir].acked_known = s->flags & SIDE_ACKED;
	facts->side[dir].highest = s->highest;
	facts->side[dir].mss = s->mss ? s->mss : SW_UNKNOWN;
	facts->side[dir].zero_window_ns = s->zero_ns;
	if ((s->flags & SIDE_ZERO) && f->last.ts_ns > s->zero_since)
		facts->side[dir].zero_window_ns +=
		    f->last.ts_ns - s->zero_since;
	facts->side[dir].icmp_errors = s->icmp_errors;
	facts->side[dir].icmp_mtu = s->icmp_mtu;
}

static void native_facts(const struct tcp_flow *flow,
    struct tcp_facts *facts_r)
{
	const struct flow *f = (const struct flow *)(const void *)flow;

	facts_r->frames = f->frames;
	facts_r->syn_rtt_ns = f->state & FLOW_OPEN ? f->syn_ns : SW_UNKNOWN;
	facts_r->last = f->last;
	side_facts(f, 0, facts_r);
	side_facts(f, 1, facts_r);
}

const struct tcp_flow_class tcp_native_class = { native_facts };

const struct tcp_engine_ops tcp_native_ops = {
	.name = "native",
	.open = native_open,
	.feed = native_feed,
	.fetch = native_fetch,
	.hash = native_hash,
	.icmp = native_icmp,
	.tick = native_tick,
	.evict = native_evict,
	.memory = native_memory,
	.finish = native_finish,
	.close = native_close
};
