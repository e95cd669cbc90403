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
 * A direction of which nothing is there yet may have been captured late, or
 * never.  What its peer sent goes at once until it acknowledges octets of it;
 * from then on a second is waited for the first one, as for those in a hole,
 * and afterwards never again (SIDE_ABSENT): there is no gap to be told.
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
 * a connection without start; octets behind the FIN or RST of their own
 * sender are one.  Idle is judged by the time of all frames.
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

/* The flow of a segment that finds f; NULL: none.  What is over ends first. */
static struct flow *resolve(struct tcp_engine *e, const struct segment *seg,
    struct flow *f, int *dir_r)
{
	for (; f; f = tcp_native_find(e, seg, dir_r)) {
		if (is_idle(e, f)) /* its rival may take its place */
			tcp_causal_end(e, f, TCP_END_IDLE, seg->origin);
		else if (f->rival && tcp_handshake_is_rivals(f, seg))
			tcp_causal_end(e, f, TCP_END_REUSED, seg->origin);
		else
			return f;
	}
	return NULL;
}

static inline void touch(struct tcp_engine *e, struct flow *f,
    const struct segment *seg)
{
	f->frames++;
	f->last = seg->origin;
	f->touched_ns = e->now_ns;
	link_renew(&e->flows.live, &f->age);
	flow_touch_session(&e->flows, f);
	if (f->hold && !link_is_alone(&f->hold->holder))
		link_renew(&e->holders, &f->hold->holder);
}

/* A segment of a connection that is over.  New octets are told. */
static void ignore(struct tcp_engine *e, const struct side *s,
    const struct segment *seg)
{
	if (seg->payload_len > 0 && side_offset(s, seg->seq) +
	    seg->payload_len > (int64_t)s->highest)
		account_add(e->account, ACCOUNT_TCP_OUT_OF_WINDOW, 1);
}

/* The flow of a segment that found none, of one that is over or a new one;
 * NULL: it is to be ignored. */
static __attribute__((noinline)) struct flow *begin(struct tcp_engine *e,
    const struct segment *seg, int *dir_r)
{
	bool refused = false;
	struct flow was, *f;

	if (tcp_closed_takes(e, seg, &was, dir_r, &refused)) {
		ignore(e, &was.side[*dir_r], seg);
		return NULL;
	}
	f = tcp_handshake_begin(e, seg, dir_r);
	if (f && refused) /* the same SYN again: told already */
		f->state |= FLOW_REPORTED | FLOW_REFUSED;
	return f;
}

enum sw_status tcp_native_feed_found(struct tcp_engine *e,
    const struct segment *seg, struct flow *f, int dir)
{
	struct arrival a = { .e = e, .seg = seg, .dir = dir };

	account_add(e->account, ACCOUNT_TCP_SEGMENTS, 1);
	a.f = resolve(e, seg, f, &a.dir);
	if (!a.f)
		a.f = begin(e, seg, &a.dir);
	if (!a.f)
		return tcp_native_status(e);
	if (seg->flags & TCP_SYN)
		a.before = a.f->last;
	touch(e, a.f, seg);
	if (seg->flags & TCP_RST) {
		tcp_handshake_rst(&a);
		return tcp_native_status(e);
	}
	if (seg->flags & TCP_SYN)
		tcp_handshake_syn(&a);
	if (a.f)
		tcp_arrival_take(&a);
	return tcp_native_status(e);
}

enum sw_status tcp_native_feed_any(struct tcp_engine *e,
    const struct segment *seg)
{
	struct flow *f;
	int dir = 0;

	tcp_native_set_now(e, seg->origin.ts_ns);
	f = tcp_native_find(e, seg, &dir);
	return tcp_native_feed_found(e, seg, f, dir);
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
	return tcp_native_hash(e, seg);
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
	uint32_t tag = tcp_tag(icmp->vlan_tag, icmp->tunnel_tag);
	int dir;
	struct flow *f;

	tcp_native_set_now(e, icmp->origin.ts_ns);
	f = tcp_flows_find(&e->flows, tcp_flows_hash(&e->flows, &icmp->src,
	    &icmp->dst, tag), &icmp->src, &icmp->dst, tag, &dir);
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
	tcp_native_set_now(e, now.ts_ns);
	if (e->now_ns == SW_NO_TIME)
		return tcp_native_status(e);
	run_timers(e, now);
	expire_flows(e, now);
	tcp_closed_expire(&e->flows.closed, e->now_ns);
	return tcp_native_status(e);
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
	return tcp_native_status(e);
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
	while (e->spare_holds) {
		struct hold *h = e->spare_holds;

		e->spare_holds = h->next_spare;
		free(h);
	}
	free(e);
}

static enum sw_status native_open(struct tcp_engine **e_r,
    const struct tcp_sink_ops *ops, void *ctx, struct account *account,
    const struct tcp_options *options)
{
	struct tcp_engine *e;
	void *memory;

	*e_r = NULL;
	if (posix_memalign(&memory, TCP_CACHE_LINE, sizeof *e) != 0)
		return SW_ENOMEM;
	e = memory;
	memset(e, 0, sizeof *e);
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
	.feed = tcp_usual_feed,
	.fetch = native_fetch,
	.hash = native_hash,
	.icmp = native_icmp,
	.tick = native_tick,
	.evict = native_evict,
	.memory = native_memory,
	.finish = native_finish,
	.close = native_close
};
