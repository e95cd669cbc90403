/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nids.c - the second TCP engine: libnids behind a wall
 *
 * Theory of operation.
 *
 * Goal: the same connections put together by a program that others wrote, to
 * hold the native engine against it.  What decides which octets a stream has,
 * and in which order, is libnids; who a connection is, and what is counted of
 * it, is kept here in the native engine's table of flows.
 *
 * What libnids gets.  Each IPv4 segment becomes a packet of our own making:
 * an IP header without options or fragments, a TCP header whose lengths are
 * right, of the options only the window scale, no urgent data (RFC 6093).  So
 * nothing of a capture reaches its parsers but numbers and payload, and its
 * code for link types, fragments, options and port scans sees no input.
 * Checksums it does not compute: the captured ones cannot fit such a packet.
 *
 * What libnids keeps is static: one engine in the process at a time, which
 * serves all shards, in one thread.  Its answer to want of memory must not
 * return, so it leaves by longjmp; after that libnids is not called again.
 * Streams are found by their ports and addresses, the flow that a stream is
 * of stands in its `user`; a flow that ends takes its stream along, so that
 * neither outlives the other.
 *
 * What libnids does not do is told in the account: IPv6, connections without
 * a SYN, a SYN-ACK and an ACK in this order, the same ports in two VLANs or
 * tunnels or once more before the end.  Behind a hole it delivers nothing any
 * more and does not say so: the hole, and all behind it, is a gap after a
 * second in which it was acknowledged (RULES), and from then on whenever the
 * other side acknowledges more.  Sequence: that of the capture, not the causal
 * one; octets that waited bear the frame that released them.
 */
#include "tcp/nids.h"

#ifndef SW_NIDS

static enum sw_status no_open(struct tcp_engine **e_r,
    const struct tcp_sink_ops *ops, void *ctx, struct account *account,
    const struct tcp_options *options)
{
	(void)ops;
	(void)ctx;
	(void)account;
	(void)options;
	*e_r = NULL;
	return SW_EUSAGE;
}

const struct tcp_engine_ops tcp_nids_ops = { .name = "nids", .open = no_open };

#else

/* --- ends --------------------------------------------------------------- */

/* Octets of the direction that libnids handed up; twins are no matter here. */
static inline int64_t *handed_up(struct side *s)
{
	return &s->twin_ns;
}

static void count_stopped(struct tcp_engine *e, const struct flow *f, int dir)
{
	uint64_t handed = (uint64_t)f->side[dir].twin_ns;

	if (f->octets[dir] > handed)
		account_add(e->account, ACCOUNT_NIDS_BEHIND_GAP,
		    f->octets[dir] - handed);
}

/* To be called before the flow ends: its stream goes, and why it is told in
 * part or not at all is counted. */
static void prepare_end(struct tcp_engine *e, struct flow *f)
{
	tcp_nids_release(f);
	if (f->state & FLOW_OPEN) {
		count_stopped(e, f, 0);
		count_stopped(e, f, 1);
		return;
	}
	if (!(f->state & (FLOW_BEGUN | FLOW_FOREIGN)))
		return; /* an attempt */
	f->state |= FLOW_REPORTED;
	if (f->state & FLOW_FOREIGN)
		return;
	account_add(e->account, f->side[0].flags & SIDE_SYN ?
	    ACCOUNT_NIDS_HANDSHAKE : ACCOUNT_NIDS_NO_SYN, 1);
}

static void end_flow(struct tcp_engine *e, struct flow *f, enum tcp_end why,
    struct origin origin)
{
	prepare_end(e, f);
	tcp_causal_end(e, f, why, origin);
}

/* --- what libnids hands up ---------------------------------------------- */

/* The other direction stopped at a hole, and what is handed up now was sent
 * when more of it had come: that is lost, too. */
static void stop_other(struct arrival *a)
{
	struct side *o = &a->f->side[!a->dir];

	if ((o->flags & SIDE_STOPPED) && a->ack_known &&
	    a->ack > side_position(o))
		tcp_causal_give_up(a->e, a->f, !a->dir, a->ack);
}

void tcp_nids_octets(struct arrival *a, uint32_t seq, struct slice octets)
{
	struct side *s = &a->f->side[a->dir];
	int64_t off = side_offset(s, seq), told = (int64_t)s->next - off;
	struct delivery o = { .dir = a->dir, .origin = a->seg->origin,
		.acked = a->ack, .acked_known = a->ack_known };

	if (told > 0) /* as a gap, before they came */
		octets = slice_from(octets, (uint64_t)told < octets.len ?
		    (size_t)told : octets.len);
	else if (told < 0)
		tcp_causal_give_up(a->e, a->f, a->dir, (uint64_t)off);
	if (octets.len == 0)
		return;
	stop_other(a);
	o.octets = octets;
	o.offset = s->next;
	s->flags &= (uint16_t)~SIDE_STOPPED;
	*handed_up(s) += (int64_t)octets.len;
	tcp_causal_hand_up(a->e, a->f, &o);
}

void tcp_nids_established(struct arrival *a)
{
	if (!(a->f->state & FLOW_OPEN))
		tcp_handshake_open(a->e, a->f, a->seg->origin);
}

void tcp_nids_warned(struct arrival *a, const char *text, bool lost)
{
	account_add(a->e->account, ACCOUNT_NIDS_WARNINGS, 1);
	account_note(a->e->account, ACCOUNT_LIST_NIDS, slice_str(text), 1);
	if (lost)
		tcp_causal_anomaly(a->e, a->f, a->dir, ANOMALY_LIMIT,
		    a->seg->origin);
}

/* --- what is kept of a segment ------------------------------------------ */

/* An answer must acknowledge the SYN and nothing else: libnids sees no other,
 * and no octets in a SYN. */
static void notice_syn(struct arrival *a)
{
	const struct segment *seg = a->seg;
	const struct tcp_flow_info *info = &a->f->common.info;
	const struct side *s = &a->f->side[a->dir], *o = &a->f->side[!a->dir];

	if (!(s->flags & SIDE_SYN)) {
		if (!(seg->flags & TCP_ACK) || !(o->flags & SIDE_SYN) ||
		    seg->ack == o->base)
			tcp_handshake_accept(a);
	} else if (info->first_seq[a->dir] != seg->seq) {
		account_add(a->e->account, ACCOUNT_NIDS_REUSED, 1);
	} else if (a->dir == 0 && !(o->flags & SIDE_SYN)) {
		a->f->syn_ns = seg->origin.ts_ns; /* sent again */
	}
}

static void notice_ack(struct arrival *a)
{
	struct side *o = &a->f->side[!a->dir];
	uint64_t most = o->next > o->highest ? o->next : o->highest;
	int64_t off;

	if ((a->seg->flags & (TCP_ACK | TCP_RST)) != TCP_ACK ||
	    !(o->flags & SIDE_BASE))
		return;
	off = side_offset(o, a->seg->ack);
	a->ack = off < 0 ? 0 : (uint64_t)off;
	a->ack_known = true;
	if (a->ack > most + TCP_SLACK)
		a->ack = most;
	if ((o->flags & SIDE_FIN) && a->ack > o->fin + 1)
		a->ack = o->fin + 1;
	o->flags |= SIDE_ACKED;
	if (a->ack > o->acked)
		o->acked = a->ack;
}

static void notice_octets(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];
	uint64_t off, end, fresh;

	if (a->seg->payload_len == 0 || !(s->flags & SIDE_BASE) ||
	    (a->seg->flags & TCP_SYN))
		return;
	a->off = side_offset(s, a->seg->seq);
	if (!tcp_arrival_in_window(a->f, a->dir, a->off)) {
		tcp_arrival_out_of_window(a);
		return;
	}
	if (a->off + a->seg->payload_len <= 0)
		return;
	off = a->off < 0 ? 0 : (uint64_t)a->off;
	end = (uint64_t)(a->off + a->seg->payload_len);
	if (off < s->next) {
		uint64_t again = (end < s->next ? end : s->next) - off;

		s->retransmitted += again;
		account_add(a->e->account, ACCOUNT_TCP_RETRANSMITTED, again);
	}
	if (end <= s->highest)
		return;
	fresh = end - (off > s->highest ? off : s->highest);
	a->f->octets[a->dir] += fresh;
	if (fresh > 0)
		tcp_flows_spoke(&a->e->flows, a->f, a->dir);
	s->highest = end;
}

/* All but the octets themselves, before libnids sees it. */
static void notice(struct arrival *a)
{
	if (a->seg->flags & TCP_SYN)
		notice_syn(a);
	else if (!(a->f->state & FLOW_OPEN) &&
	    !(a->seg->flags & TCP_RST) && tcp_handshake_completes(a))
		a->f->state |= FLOW_BEGUN;
	tcp_arrival_notice(a);
	notice_ack(a);
	notice_octets(a);
}

/* --- after it ----------------------------------------------------------- */

/* libnids has come to a FIN and tells only when both are acknowledged. */
static void take_fins(struct arrival *a)
{
	for (int dir = 0; dir < TCP_DIRECTIONS; dir++) {
		struct side *s = &a->f->side[dir];

		if ((s->flags & SIDE_CLOSED) || !tcp_nids_is_fin(a->f, dir))
			continue;
		s->fin = s->next;
		s->flags |= SIDE_FIN;
		tcp_causal_close(a->e, a->f, dir, false, a->seg->origin);
	}
}

/* What is acknowledged and was not handed up is missing from now on. */
static void await(struct arrival *a)
{
	struct flow *f = a->f;

	for (int dir = 0; dir < TCP_DIRECTIONS; dir++) {
		const struct side *s = &f->side[dir];
		struct hold *h;

		if (s->acked <= side_position(s))
			continue;
		h = tcp_causal_hold(a->e, f);
		if (!h)
			return;
		tcp_timer_acked(&h->ages[dir], s->acked, a->e->now_ns);
		if (link_is_alone(&h->holder))
			link_append(&a->e->holders, &h->holder);
	}
}

static bool is_attempt(const struct flow *f)
{
	return !(f->state & (FLOW_OPEN | FLOW_BEGUN | FLOW_FOREIGN));
}

/* Is the flow over by this segment?  A RST that libnids believes ends a
 * stream; of an attempt it says nothing. */
static bool take_end(struct arrival *a, enum tcp_nids_answer answer)
{
	if (answer == TCP_NIDS_RESET)
		tcp_causal_close(a->e, a->f, a->dir, true, a->seg->origin);
	if (answer != TCP_NIDS_GOES_ON) {
		end_flow(a->e, a->f, TCP_END_CLOSED, a->seg->origin);
		return true;
	}
	if (!is_attempt(a->f) || !(a->seg->flags & TCP_RST))
		return false;
	tcp_nids_release(a->f);
	tcp_handshake_rst(a);
	return true;
}

/* --- from segment to flow ----------------------------------------------- */

static bool is_idle(const struct tcp_engine *e, const struct flow *f)
{
	return f->touched_ns != SW_NO_TIME &&
	    ns_between(f->touched_ns, e->now_ns) >= LIMIT_IDLE_NS;
}

/* Does this SYN begin another connection than f, which libnids does not
 * follow? */
static bool is_other(const struct flow *f, int dir, const struct segment *seg)
{
	const struct side *s = &f->side[dir];

	return !(f->state & (FLOW_OPEN | FLOW_FOREIGN)) &&
	    (seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	    (s->flags & SIDE_BASE) && s->base != seg->seq + 1;
}

/* The flow that a segment finds; another's ends. */
static struct flow *find_flow(struct arrival *a)
{
	struct tcp_engine *e = a->e;
	const struct segment *seg = a->seg;
	struct flow *f = tcp_native_find(e, seg, &a->dir);

	if (f && is_idle(e, f)) {
		end_flow(e, f, TCP_END_IDLE, seg->origin);
		f = NULL;
	} else if (f && is_other(f, a->dir, seg)) {
		end_flow(e, f, TCP_END_REUSED, seg->origin);
		f = NULL;
	}
	return f;
}

/* Room for one more in the table, as nobody but us may end a flow. */
static void make_room(struct tcp_engine *e, struct origin origin)
{
	struct flows *t = &e->flows;

	if (t->count < t->most)
		return;
	account_add(e->account, ACCOUNT_TCP_LIMIT_FLOWS, 1);
	end_flow(e, flow_of_age(t->live.next), TCP_END_LIMIT, origin);
}

static void touch(struct arrival *a)
{
	struct flow *f = a->f;

	f->frames++;
	f->last = a->seg->origin;
	f->touched_ns = a->e->now_ns;
	link_renew(&a->e->flows.live, &f->age);
	flow_touch_session(&a->e->flows, f);
}

/* May libnids see it?  Not if its ports and addresses are those of a stream
 * of another flow: that has another VLAN tag or tunnel. */
static bool is_own(struct arrival *a)
{
	if (tcp_nids_is_own(a->f))
		return true;
	if (!(a->f->state & FLOW_FOREIGN))
		account_add(a->e->account, ACCOUNT_NIDS_TAGS, 1);
	a->f->state |= FLOW_FOREIGN;
	return false;
}

static bool is_too_long(const struct flow *f)
{
	return (uint64_t)f->side[0].twin_ns > TCP_NIDS_STREAM_MAX ||
	    (uint64_t)f->side[1].twin_ns > TCP_NIDS_STREAM_MAX;
}

/* A segment of a flow that goes on. */
static void follow(struct arrival *a)
{
	enum tcp_nids_answer answer;

	notice(a);
	if (!is_own(a))
		return;
	answer = tcp_nids_offer(a);
	if (tcp_nids_is_broken() || take_end(a, answer))
		return;
	if (a->seg->flags & TCP_SYN)
		tcp_nids_claim(a->f); /* a stream may begin here */
	if (!(a->f->state & FLOW_OPEN))
		return;
	take_fins(a);
	await(a);
	if (is_too_long(a->f)) {
		account_add(a->e->account, ACCOUNT_NIDS_TOO_LONG, 1);
		end_flow(a->e, a->f, TCP_END_LIMIT, a->seg->origin);
	}
}

static enum sw_status status(const struct tcp_engine *e)
{
	return e->nomem || tcp_nids_is_broken() ? SW_ENOMEM : SW_OK;
}

static enum sw_status nids_feed(struct tcp_engine *e,
    const struct segment *seg)
{
	struct arrival a = { .e = e, .seg = seg };
	struct flow was;
	bool again;

	account_add(e->account, ACCOUNT_TCP_SEGMENTS, 1);
	if (seg->origin.ts_ns > e->now_ns)
		e->now_ns = seg->origin.ts_ns;
	if (seg->src.family != 4) {
		account_add(e->account, ACCOUNT_NIDS_IPV6, 1);
		return SW_OK;
	}
	a.f = find_flow(&a);
	if (!a.f && tcp_closed_takes(e, seg, &was, &a.dir, &again))
		return SW_OK;
	if (!a.f) {
		make_room(e, seg->origin);
		a.f = tcp_handshake_begin(e, seg, &a.dir);
	}
	if (a.f) {
		touch(&a);
		follow(&a);
	}
	return status(e);
}

/* --- time and end ------------------------------------------------------- */

/* What was acknowledged a second ago and is not there is lost. */
static void give_up(struct tcp_engine *e, struct flow *f)
{
	bool missing = false;

	for (int dir = 0; dir < TCP_DIRECTIONS; dir++) {
		struct side *s = &f->side[dir];
		uint64_t aged = tcp_timer_aged(&f->hold->ages[dir], e->now_ns);

		if (aged > side_position(s)) {
			tcp_causal_give_up(e, f, dir, aged);
			s->flags |= SIDE_STOPPED;
		}
		missing = missing || s->acked > side_position(s);
	}
	if (!missing)
		link_remove(&f->hold->holder);
}

static enum sw_status nids_tick(struct tcp_engine *e, struct origin now)
{
	struct link *list = &e->flows.live, *next;

	if (now.ts_ns > e->now_ns)
		e->now_ns = now.ts_ns;
	for (struct link *l = e->holders.next; l != &e->holders; l = next) {
		next = l->next;
		give_up(e, hold_of_holder(l)->flow);
	}
	while (!link_is_alone(list) && is_idle(e, flow_of_age(list->next)))
		end_flow(e, flow_of_age(list->next), TCP_END_IDLE, now);
	return tcp_native_ops.tick(e, now); /* closed ones */
}

static enum sw_status nids_icmp(struct tcp_engine *e,
    const struct icmp_error *icmp)
{
	return tcp_native_ops.icmp(e, icmp);
}

static bool nids_evict(struct tcp_engine *e, struct tcp_flow *flow,
    struct origin now)
{
	struct flow *f = flow ? (struct flow *)(void *)flow :
	    tcp_flows_idlest(&e->flows);

	if (!f)
		return false;
	prepare_end(e, f);
	return tcp_native_ops.evict(e, &f->common, now);
}

static uint64_t nids_memory(const struct tcp_engine *e)
{
	return tcp_native_ops.memory(e);
}

static enum sw_status nids_finish(struct tcp_engine *e, struct origin now)
{
	struct link *list = &e->flows.live;

	for (struct link *l = list->next; l != list; l = l->next)
		prepare_end(e, flow_of_age(l));
	return tcp_native_ops.finish(e, now);
}

/* --- the engine --------------------------------------------------------- */

static void nids_close(struct tcp_engine **ep)
{
	struct tcp_engine *e = *ep;

	if (!e)
		return;
	for (struct link *l = e->flows.live.next; l != &e->flows.live;
	    l = l->next)
		tcp_nids_release(flow_of_age(l));
	tcp_native_ops.close(ep);
	tcp_nids_give_back();
}

static enum sw_status nids_open(struct tcp_engine **e_r,
    const struct tcp_sink_ops *ops, void *ctx, struct account *account,
    const struct tcp_options *options)
{
	enum sw_status taken = tcp_nids_take(), opened;

	*e_r = NULL;
	if (taken != SW_OK)
		return taken;
	opened = tcp_native_ops.open(e_r, ops, ctx, account, options);
	if (opened != SW_OK)
		tcp_nids_give_back();
	return opened;
}

const struct tcp_engine_ops tcp_nids_ops = {
	.name = "nids",
	.open = nids_open,
	.feed = nids_feed,
	.icmp = nids_icmp,
	.tick = nids_tick,
	.evict = nids_evict,
	.memory = nids_memory,
	.finish = nids_finish,
	.close = nids_close
};

#endif
