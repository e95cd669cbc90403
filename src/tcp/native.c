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
 * A closed flow is remembered so that late retransmissions do not look like
 * a connection without start.  Idle is judged by the time of all frames.
 *
 * Deliberately not done: urgent data is data (RFC 6093); PAWS is not used,
 * since time stamps are optional and frames of one capture may be out of
 * order; a differing copy is noticed while the first is held or still in the
 * history (history.c), not later.
 */
#include <stdlib.h>

#include "tcp/native.h"

/* --- one segment -------------------------------------------------------- */

bool tcp_native_in_window(const struct flow *f, int dir, int64_t off)
{
	const struct side *s = &f->side[dir], *o = &f->side[!dir];
	uint64_t high = s->next, low = s->next;
	int64_t room = TCP_WINDOW_MAX;

	if (s->flags & SIDE_ACKED) {
		if (s->acked > high)
			high = s->acked;
		else
			low = s->acked;
		if (o->flags & SIDE_SYN)
			room = o->window > 65535 ? o->window : 65535;
	}
	room += TCP_SLACK;
	return off <= (int64_t)high + room && off >= (int64_t)low - room;
}

void tcp_native_out_of_window(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];
	const struct segment *seg = a->seg;

	account_add(a->e->account, ACCOUNT_TCP_OUT_OF_WINDOW, 1);
	if ((seg->flags & (TCP_RST | TCP_FIN)) && net_checksum_is_bad(seg))
		tcp_causal_anomaly(a->e, a->f, a->dir, ANOMALY_BAD_CHECKSUM,
		    seg->origin);
	if (!(seg->flags & TCP_RST) &&
	    side_offset(s, seg->seq) > (int64_t)s->next) {
		s->far_seq = seg->seq;
		s->flags |= SIDE_FAR;
	}
}

/* The other direction's octets that are acknowledged are missing: from now
 * on a second counts. */
static void await(struct arrival *a, int dir)
{
	struct side *s = &a->f->side[dir];
	struct hold *h;

	if (!(s->flags & SIDE_SEEN) || s->acked <= side_position(s) ||
	    (a->f->state & (FLOW_OPEN | FLOW_MUTE)) != FLOW_OPEN)
		return;
	h = tcp_causal_hold(a->e, a->f);
	if (h)
		tcp_timer_acked(&h->ages[dir], s->acked, a->e->now_ns);
}

/* The first segment of a direction whose SYN was not seen. */
static void first_seen(struct arrival *a)
{
	const struct segment *seg = a->seg;
	struct tcp_flow_info *info = &a->f->common.info;
	struct side *s = &a->f->side[a->dir];

	if (!(s->flags & SIDE_BASE)) {
		uint32_t base = seg->seq;
		int64_t acked = (int32_t)(s->base + (uint32_t)s->acked - base);

		/* A keep-alive is one number behind (RFC 9293 3.8.4). */
		if ((s->flags & SIDE_GUESS) && seg->payload_len <= 1 &&
		    acked == 1) {
			base++;
			acked = 0;
		}
		s->base = base;
		s->acked = s->flags & SIDE_GUESS && acked > 0 ?
		    (uint64_t)acked : 0;
		if (s->acked > TCP_SLACK)
			s->acked = 0;
	}
	s->flags |= SIDE_SEEN | SIDE_BASE;
	s->flags &= (uint16_t)~SIDE_GUESS;
	info->seen[a->dir] = true;
	info->first_seq[a->dir] = seg->seq;
	if (a->f->side[!a->dir].flags & SIDE_SEEN)
		tcp_flows_paired(&a->e->flows, a->f);
	await(a, a->dir);
}

/* Is an acknowledgment this far beyond all that was seen to be believed? */
static bool is_far_ack(struct side *o, int64_t off, uint32_t ack)
{
	uint64_t seen = o->next > o->highest ? o->next : o->highest;
	int32_t apart = (int32_t)(ack - o->far_seq);

	if (!(o->flags & SIDE_SEEN))
		return off > (int64_t)(o->acked + TCP_WINDOW_MAX);
	if (off <= (int64_t)(seen + TCP_SLACK))
		return false;
	if (!(o->flags & SIDE_FAR) || apart < -(int32_t)TCP_SLACK ||
	    apart > (int32_t)TCP_SLACK)
		return true;
	o->flags &= (uint16_t)~SIDE_FAR;
	return false;
}

/* A direction began with a segment without octets, and one number is
 * acknowledged: that was a keep-alive, its number is not of the stream. */
static bool is_keep_alive_base(const struct side *o, int64_t off)
{
	return off == 1 && o->next == 0 && o->highest == 0 &&
	    (o->flags & (SIDE_SEEN | SIDE_SYN | SIDE_FIN)) == SIDE_SEEN;
}

static void take_ack(struct arrival *a)
{
	struct side *o = &a->f->side[!a->dir];
	int64_t off;

	if (!(a->seg->flags & TCP_ACK))
		return;
	if (!(o->flags & (SIDE_BASE | SIDE_GUESS))) {
		o->base = a->seg->ack;
		o->flags |= SIDE_GUESS | SIDE_ACKED;
		return;
	}
	off = side_offset(o, a->seg->ack);
	a->ack_known = o->flags & SIDE_BASE;
	if (off < 0)
		off = 0;
	a->ack = (uint64_t)off;
	if (a->ack <= o->acked) {
		o->flags |= SIDE_ACKED;
		return;
	}
	if (is_far_ack(o, off, a->seg->ack)) {
		a->ack = o->next > o->highest ? o->next : o->highest;
		return;
	}
	if (is_keep_alive_base(o, off)) {
		o->base++;
		a->ack = 0;
	}
	if ((o->flags & SIDE_FIN) && a->ack > o->fin + 1)
		a->ack = o->fin + 1;
	o->flags |= SIDE_ACKED;
	if (a->ack > o->acked) {
		o->acked = a->ack;
		if (o->acked > o->next)
			await(a, !a->dir);
	}
}

static void take_window(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];
	int64_t ts = a->seg->origin.ts_ns;
	uint32_t window = a->seg->window;

	if (!(a->seg->flags & TCP_SYN) && s->scale != 255)
		window <<= s->scale > 14 ? 14 : s->scale; /* RFC 7323 2.3 */
	if (window > s->window)
		s->window = window;
	if (window > 0) {
		if (!(s->flags & SIDE_ZERO))
			return;
		s->flags &= (uint16_t)~SIDE_ZERO;
		if (ts > s->zero_since)
			s->zero_ns += ts - s->zero_since;
	} else if (!(s->flags & SIDE_ZERO) && ts != SW_NO_TIME) {
		s->flags |= SIDE_ZERO;
		s->zero_since = ts;
	}
}

static void take_anomalies(struct arrival *a)
{
	uint32_t bits = a->seg->anomalies & ~a->f->side[a->dir].told;

	for (int i = 0; bits != 0 && i < ANOMALY_COUNT; i++)
		if (bits & ANOMALY_BIT(i))
			tcp_causal_anomaly(a->e, a->f, a->dir,
			    (enum anomaly)i, a->seg->origin);
}

/* Is this the frame before once more?  What it holds is still compared. */
static bool is_twin(const struct side *s, const struct segment *seg)
{
	int64_t ts = seg->origin.ts_ns;

	return s->twin_seq == seg->seq && s->twin_len == seg->payload_len &&
	    s->twin_ack == seg->ack && ts != SW_NO_TIME &&
	    s->twin_ns != SW_NO_TIME && ts >= s->twin_ns &&
	    ts - s->twin_ns <= TCP_DUPLICATE_NS;
}

static void take_octets(struct arrival *a)
{
	const struct segment *seg = a->seg;
	struct side *s = &a->f->side[a->dir];
	struct slice octets = seg->payload;
	int64_t end = a->off + seg->payload_len;
	uint64_t off;

	/* A keep-alive may hold one octet of garbage, one number behind
	 * (RFC 9293 3.8.4). */
	if (seg->payload_len == 1 && (a->off == (int64_t)s->next - 1 ||
	    a->off == (int64_t)s->highest - 1))
		return;
	if ((s->flags & SIDE_FIN) && end > (int64_t)s->fin) {
		account_add(a->e->account, ACCOUNT_TCP_OUT_OF_WINDOW, 1);
		if (a->off >= (int64_t)s->fin)
			return;
		end = (int64_t)s->fin;
		octets = slice_head(octets, (size_t)(end - a->off));
	}
	if (end <= 0)
		return; /* from before the start */
	if (a->off < 0)
		octets = slice_from(octets, (size_t)-a->off);
	off = a->off < 0 ? 0 : (uint64_t)a->off;
	a->twin = is_twin(s, seg);
	if ((uint64_t)end > s->highest)
		s->highest = (uint64_t)end;
	if (octets.len > 0)
		tcp_causal_receive(a, off, octets);
	s->twin_seq = seg->seq;
	s->twin_len = seg->payload_len;
	s->twin_ack = seg->ack;
	s->twin_ns = seg->origin.ts_ns;
}

static void take_fin(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];
	int64_t fin = a->off + a->seg->payload_len;

	if (s->flags & SIDE_FIN)
		return;
	if (fin < 0 || (uint64_t)fin < s->highest ||
	    (uint64_t)fin < s->next) {
		tcp_native_out_of_window(a);
		return;
	}
	s->fin = (uint64_t)fin;
	s->flags |= SIDE_FIN;
	if (s->acked > s->fin + 1)
		s->acked = s->fin + 1;
	if (s->flags & SIDE_GHOST)
		s->flags &= (uint16_t)~SIDE_GHOST;
	tcp_causal_fin(a);
}

/* Any segment but a RST, of a flow that is not closed. */
static void take(struct arrival *a)
{
	const struct segment *seg = a->seg;
	struct flow *f = a->f;
	struct side *s = &f->side[a->dir];

	if (!(seg->flags & TCP_SYN)) {
		if (!(f->state & FLOW_OPEN) && !tcp_handshake_completes(a))
			return;
		if (!(s->flags & SIDE_SEEN))
			first_seen(a);
	}
	a->off = side_offset(s, seg->seq + !!(seg->flags & TCP_SYN));
	if (a->off != (int64_t)s->next &&
	    !tcp_native_in_window(f, a->dir, a->off)) {
		tcp_native_out_of_window(a);
		return;
	}
	if (!(f->state & FLOW_OPEN) && !(seg->flags & TCP_SYN))
		tcp_handshake_open(a->e, f, seg->origin);
	if (seg->anomalies)
		take_anomalies(a);
	take_window(a);
	take_ack(a);
	if (seg->payload_len > 0)
		take_octets(a);
	if (seg->flags & TCP_FIN)
		take_fin(a);
	if (f->hold || (f->side[0].flags & f->side[1].flags & SIDE_CLOSED))
		tcp_causal_settle(a->e, f, seg->origin);
}

/* --- from segment to flow ----------------------------------------------- */

static bool is_idle(const struct tcp_engine *e, const struct flow *f)
{
	return f->touched_ns != SW_NO_TIME &&
	    ns_between(f->touched_ns, e->now_ns) >= LIMIT_IDLE_NS;
}

static void expire(struct tcp_engine *e, struct flow *f, struct origin origin)
{
	if (f->state & FLOW_CLOSED)
		tcp_causal_forget(e, f);
	else
		tcp_causal_end(e, f, TCP_END_IDLE, origin);
}

/* The flow that a segment finds, NULL: none. */
static struct flow *find(struct tcp_engine *e, const struct segment *seg,
    int *dir_r)
{
	for (;;) {
		struct flow *f = tcp_flows_find(&e->flows, &seg->src,
		    &seg->dst, seg->vlan_tag, seg->tunnel_tag, dir_r);

		if (!f)
			return NULL;
		if (is_idle(e, f)) /* its rival may take its place */
			expire(e, f, seg->origin);
		else if (f->rival && tcp_handshake_is_rivals(f, seg))
			tcp_causal_end(e, f, TCP_END_REUSED, seg->origin);
		else
			return f;
	}
}

static void touch(struct tcp_engine *e, struct flow *f,
    const struct segment *seg)
{
	f->frames++;
	f->last = seg->origin;
	f->touched_ns = e->now_ns;
	link_append(&e->flows.live, &f->age);
	if (f->hold && !link_is_alone(&f->hold->holder))
		link_append(&e->holders, &f->hold->holder);
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

static enum sw_status native_feed(struct tcp_engine *e,
    const struct segment *seg)
{
	struct arrival a = { .e = e, .seg = seg };
	bool refused = false;

	account_add(e->account, ACCOUNT_TCP_SEGMENTS, 1);
	set_now(e, seg->origin.ts_ns);
	a.f = find(e, seg, &a.dir);
	if (a.f && (a.f->state & FLOW_CLOSED)) {
		if (!tcp_handshake_is_anew(a.f, a.dir, seg))
			return status(e);
		refused = (a.f->state & FLOW_REFUSED) &&
		    (a.f->side[a.dir].flags & SIDE_SYN) &&
		    a.f->common.info.first_seq[a.dir] == seg->seq;
		tcp_causal_forget(e, a.f);
		a.f = NULL;
	}
	if (!a.f)
		a.f = tcp_handshake_begin(e, seg, &a.dir);
	if (!a.f)
		return status(e);
	if (refused) /* the same SYN again: told already */
		a.f->state |= FLOW_REPORTED | FLOW_REFUSED;
	touch(e, a.f, seg);
	if (seg->flags & TCP_RST) {
		tcp_handshake_rst(&a);
		return status(e);
	}
	if (seg->flags & TCP_SYN)
		tcp_handshake_syn(&a);
	if (a.f)
		take(&a);
	return status(e);
}

static enum sw_status native_icmp(struct tcp_engine *e,
    const struct icmp_error *icmp)
{
	int dir;
	struct flow *f;

	set_now(e, icmp->origin.ts_ns);
	f = tcp_flows_find(&e->flows, &icmp->src, &icmp->dst, icmp->vlan_tag,
	    icmp->tunnel_tag, &dir);
	if (!f || (f->state & FLOW_CLOSED))
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

static void expire_list(struct tcp_engine *e, struct link *list,
    struct origin now)
{
	while (!link_is_alone(list)) {
		struct flow *f = flow_of_age(list->next);

		if (f->touched_ns == SW_NO_TIME)
			f->touched_ns = e->now_ns;
		if (!is_idle(e, f))
			return;
		expire(e, f, now);
	}
}

static enum sw_status native_tick(struct tcp_engine *e, struct origin now)
{
	set_now(e, now.ts_ns);
	if (e->now_ns == SW_NO_TIME)
		return status(e);
	run_timers(e, now);
	expire_list(e, &e->flows.live, now);
	expire_list(e, &e->flows.closed, now);
	return status(e);
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
	struct flow **flows;

	/* Closed ones first: ending others adds to them. */
	while (!link_is_alone(&t->closed))
		tcp_causal_forget(e, flow_of_age(t->closed.next));
	flows = sort_flows(e, &n);
	if (!flows)
		e->nomem = true;
	for (size_t i = 0; i < n; i++)
		tcp_causal_end(e, flows[i], TCP_END_INPUT, now);
	free(flows);
	while (!link_is_alone(&t->live)) /* no memory to sort */
		tcp_causal_end(e, flow_of_age(t->live.next), TCP_END_INPUT,
		    now);
	while (!link_is_alone(&t->closed))
		tcp_causal_forget(e, flow_of_age(t->closed.next));
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
	while (!link_is_alone(&e->flows.closed))
		tcp_causal_forget(e, flow_of_age(e->flows.closed.next));
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

	facts->side[dir].octets = s->octets;
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
	.icmp = native_icmp,
	.tick = native_tick,
	.finish = native_finish,
	.close = native_close
};
