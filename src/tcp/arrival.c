/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arrival.c - what one segment tells: window, acknowledgment, octets, FIN
 *
 * See native.c for what is believed.
 */
#include "tcp/native.h"

bool tcp_arrival_in_window(const struct flow *f, int dir, int64_t off)
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

void tcp_arrival_out_of_window(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];
	const struct segment *seg = a->seg;

	account_add(a->e->account, ACCOUNT_TCP_OUT_OF_WINDOW, 1);
	if (net_checksum_is_bad(seg))
		tcp_causal_anomaly(a->e, a->f, a->dir, ANOMALY_BAD_CHECKSUM,
		    seg->origin);
	if (!(seg->flags & TCP_RST) &&
	    side_offset(s, seg->seq) > (int64_t)s->next) {
		s->far_seq = seg->seq;
		s->flags |= SIDE_FAR;
	}
}

void tcp_arrival_await(struct arrival *a, int dir)
{
	struct side *s = &a->f->side[dir];
	struct hold *h;

	if (!((s->flags & SIDE_SEEN) || side_is_expected(s)) ||
	    s->acked <= side_position(s) ||
	    (a->f->state & (FLOW_OPEN | FLOW_MUTE)) != FLOW_OPEN)
		return;
	h = tcp_causal_hold(a->e, a->f);
	if (h)
		tcp_timer_acked(&h->ages[dir], s->acked, a->e->now_ns);
}

/* Where a direction begins of which the peer's acknowledgments came first, and
 * now a segment that does not begin before them. */
static void base_by_acks(struct side *s, const struct segment *seg)
{
	int64_t acked = (int32_t)(s->base + (uint32_t)s->acked - seg->seq);
	int32_t lost = (int32_t)(seg->seq - s->base);

	/* A keep-alive is one number behind (RFC 9293 3.8.4). */
	if (seg->payload_len <= 1 && acked == 1) {
		s->base = seg->seq + 1;
		s->acked = 0;
		return;
	}
	/* What is not here since the first one is lost: the direction begins
	 * there. */
	if (lost > 0 && lost <= (int32_t)TCP_SLACK)
		return;
	s->base = seg->seq;
	s->acked = acked > 0 && acked <= TCP_SLACK ? (uint64_t)acked : 0;
}

void tcp_arrival_prove_base(struct flow *f, int dir, uint32_t by)
{
	struct hold *h = f->hold;

	if (!h)
		return;
	tcp_stretches_prove(&h->queue[!dir], by);
	if (by <= TCP_SLACK) {
		tcp_timer_move(&h->ages[dir], by);
		return;
	}
	h->ages[dir].aged = 0;
	h->ages[dir].count = 0;
}

/* The first segment of a direction whose SYN was not seen. */
static void first_seen(struct arrival *a)
{
	const struct segment *seg = a->seg;
	struct tcp_flow_info *info = &a->f->common.info;
	struct side *s = &a->f->side[a->dir];
	uint32_t by = s->base;
	uint64_t acked = s->acked;

	if ((s->flags & (SIDE_BASE | SIDE_GUESS)) == SIDE_GUESS) {
		base_by_acks(s, seg);
	} else if (!(s->flags & SIDE_BASE)) {
		s->base = seg->seq;
		s->acked = 0;
	}
	by -= s->base;
	/* What is not believed of the side is not of the octets either. */
	tcp_arrival_prove_base(a->f, a->dir,
	    s->acked == acked + by ? by : UINT32_MAX);
	s->flags |= SIDE_SEEN | SIDE_BASE;
	s->flags &= (uint16_t)~SIDE_GUESS;
	info->seen[a->dir] = true;
	info->first_seq[a->dir] = seg->seq;
	if (a->f->side[!a->dir].flags & SIDE_SEEN)
		tcp_flows_paired(&a->e->flows, a->f);
	tcp_arrival_await(a, a->dir);
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
			tcp_arrival_await(a, !a->dir);
	}
}

/* A leap so far ahead that a damaged number explains it better than a loss,
 * unless the segment before leapt to the same place. */
static bool is_damaged(const struct arrival *a)
{
	const struct side *s = &a->f->side[a->dir];
	uint64_t edge = s->acked > s->highest ? s->acked : s->highest;
	int32_t apart = (int32_t)(a->seg->seq - s->far_seq);

	if (a->off <= (int64_t)(edge + TCP_SLACK))
		return false;
	if ((s->flags & SIDE_FAR) && apart >= -(int32_t)TCP_SLACK &&
	    apart <= (int32_t)TCP_SLACK)
		return false;
	return net_checksum_is_bad(a->seg);
}

static void take_zero_window(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];
	int64_t ts = a->seg->origin.ts_ns;

	if (a->seg->window > 0) {
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

void tcp_arrival_notice(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];

	if (a->seg->anomalies)
		take_anomalies(a);
	tcp_arrival_window(s, a->seg, a->seg->flags & TCP_SYN ? 0 : s->shift);
	take_zero_window(a);
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
		tcp_receive_octets(a, off, octets);
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
		tcp_arrival_out_of_window(a);
		return;
	}
	s->fin = (uint64_t)fin;
	s->flags |= SIDE_FIN;
	if (s->acked > s->fin + 1)
		s->acked = s->fin + 1;
	if (s->flags & SIDE_GHOST)
		s->flags &= (uint16_t)~SIDE_GHOST;
	tcp_receive_fin(a);
}

void tcp_arrival_take(struct arrival *a)
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
	    (!tcp_arrival_in_window(f, a->dir, a->off) || is_damaged(a))) {
		tcp_arrival_out_of_window(a);
		return;
	}
	if (!(f->state & FLOW_OPEN) && !(seg->flags & TCP_SYN))
		tcp_handshake_open(a->e, f, seg->origin);
	tcp_arrival_notice(a);
	take_ack(a);
	if (seg->payload_len > 0)
		take_octets(a);
	if (seg->flags & TCP_FIN)
		take_fin(a);
	if (f->hold || (f->side[0].flags & f->side[1].flags & SIDE_CLOSED))
		tcp_causal_settle(a->e, f, seg->origin);
}
