/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handshake.c - SYN, RST: who is an attempt, a session, a successor
 *
 * A flow begins with a SYN, a SYN-ACK or octets; a lone ACK, FIN or RST
 * begins none.  It is an attempt until the handshake is complete or octets
 * come outside of a SYN; from then on it is a session.
 *
 * A SYN with another sequence number on an open session proves nothing: its
 * receiver answers with a challenge ACK (RFC 5961 4) unless it has really
 * lost the old connection.  So it begins a rival, a flow beside the table,
 * and the session ends as "reused" with the first segment that fits the
 * rival: a SYN-ACK that acknowledges it, or a segment behind it.  When the
 * session ends otherwise the rival takes its place.
 */
#include "tcp/native.h"

enum { SYN_ACK = TCP_SYN | TCP_ACK };

static bool is_syn_ack(const struct segment *seg)
{
	return (seg->flags & SYN_ACK) == SYN_ACK;
}

static bool is_near(int64_t off, uint64_t limit)
{
	return off >= 0 && (uint64_t)off <= limit;
}

/* --- beginning ---------------------------------------------------------- */

/* Room in the table: end the attempt idle longest, so that a flood of them
 * drives no session out, else the session. */
static void make_room(struct tcp_engine *e, struct origin origin)
{
	struct flows *t = &e->flows;
	struct flow *f;

	if (t->count < t->most)
		return;
	account_add(e->account, ACCOUNT_TCP_LIMIT_FLOWS, 1);
	f = t->attempts.count == 0 ? tcp_flows_idlest(t) :
	    flow_of_session(t->attempts.first.next);
	tcp_causal_end(e, f ? f : flow_of_age(t->live.next), TCP_END_LIMIT,
	    origin);
}

/* Could seg be the mirror image of f, which was seen from the other side
 * only?  Its acknowledgment must lie in what f has sent. */
static bool is_mirror(const struct flow *f, int dir,
    const struct segment *seg)
{
	const struct side *s = &f->side[dir], *o = &f->side[!dir];

	if ((s->flags & SIDE_SEEN) || (f->state & FLOW_ALIAS) ||
	    tcp_flow_tag(f) == tcp_tag(seg->vlan_tag, seg->tunnel_tag))
		return false;
	if ((s->flags & (SIDE_BASE | SIDE_GUESS)) &&
	    !(seg->flags & TCP_SYN) &&
	    !is_near(side_offset(s, seg->seq) + TCP_SLACK, 2 * TCP_SLACK))
		return false;
	if (!(seg->flags & TCP_ACK))
		return false;
	return is_near(side_offset(o, seg->ack) + TCP_SLACK, 2 * TCP_SLACK);
}

static struct flow *join(struct tcp_engine *e, const struct segment *seg,
    int *dir_r)
{
	struct flow *f = NULL;

	/* Among equals the newest that fits.  No more than a handful: an
	 * attacker may have as many as there are tags. */
	for (int i = 0;; i++) {
		f = tcp_flows_lonely(&e->flows, f, seg);
		if (!f || i == 8)
			return NULL;
		*dir_r = tcp_flows_dir(f, &seg->src, &seg->dst);
		if (is_mirror(f, *dir_r, seg))
			break;
	}
	if (!tcp_flows_alias(&e->flows, f, tcp_tag(seg->vlan_tag,
	    seg->tunnel_tag))) {
		e->nomem = true;
		return NULL;
	}
	tcp_causal_anomaly(e, f, *dir_r, ANOMALY_VLAN_ASYMMETRIC,
	    seg->origin);
	return f;
}

/* A flow of the connection that seg is of, in no table yet. */
static struct flow *make(struct tcp_engine *e, const struct segment *seg,
    int *dir_r)
{
	bool answer = is_syn_ack(seg);
	struct flow *f;

	make_room(e, seg->origin);
	f = tcp_flows_new(&e->flows, answer ? &seg->dst : &seg->src,
	    answer ? &seg->src : &seg->dst, seg->vlan_tag, seg->tunnel_tag);
	if (!f) {
		e->nomem = true;
		return NULL;
	}
	f->common.class = &tcp_native_class;
	f->common.info.first = seg->origin;
	f->common.info.resolution_ns = seg->resolution_ns;
	f->last = seg->origin;
	f->touched_ns = e->now_ns;
	f->syn_ns = SW_NO_TIME;
	*dir_r = answer;
	return f;
}

static struct flow *begin(struct tcp_engine *e, const struct segment *seg,
    int *dir_r)
{
	struct flow *f = make(e, seg, dir_r);

	if (f && !tcp_flows_add(&e->flows, f, true)) {
		tcp_flows_free(&e->flows, f);
		e->nomem = true;
		return NULL;
	}
	return f;
}

struct flow *tcp_handshake_begin(struct tcp_engine *e,
    const struct segment *seg, int *dir_r)
{
	struct flow *f = join(e, seg, dir_r);

	if (f)
		return f;
	if ((seg->flags & TCP_RST) ||
	    (!(seg->flags & TCP_SYN) && seg->payload_len == 0))
		return NULL;
	return begin(e, seg, dir_r);
}

/* --- SYN ---------------------------------------------------------------- */

/* RFC 7323 2.3. */
static uint8_t shift_of(uint8_t window_scale)
{
	if (window_scale == 255)
		return 0;
	return window_scale > 14 ? 14 : window_scale;
}

/* A direction's SYN tells where it begins: before what was taken for that. */
static void move_base(struct flow *f, int dir, uint32_t base)
{
	struct side *s = &f->side[dir];
	uint32_t by = s->base - base;
	bool guessed = (s->flags & (SIDE_BASE | SIDE_GUESS)) &&
	    !(s->flags & SIDE_SYN);

	s->base = base;
	if (!guessed)
		return;
	if (s->flags & SIDE_ACKED)
		s->acked += by;
	if (s->flags & SIDE_SEEN)
		s->highest += by;
	if (s->flags & SIDE_FIN)
		s->fin += by;
	if (!f->hold)
		return;
	tcp_stretches_move(&f->hold->queue[dir], by, 0);
	tcp_stretches_move(&f->hold->queue[!dir], 0, by);
	tcp_stretches_prove(&f->hold->queue[!dir], by);
	tcp_timer_move(&f->hold->ages[dir], by);
}

/* The SYN-ACK tells where the direction begins that it answers; what the peer
 * acknowledged before may have been captured before it. */
static void base_by_answer(struct flow *f, int dir, uint32_t base)
{
	struct side *s = &f->side[dir];
	uint32_t by = s->flags & SIDE_GUESS ? s->base - base : UINT32_MAX;

	s->acked = by <= TCP_SLACK ? s->acked + by : 0;
	s->base = base;
	s->flags |= SIDE_BASE;
	s->flags &= (uint16_t)~SIDE_GUESS;
	tcp_arrival_prove_base(f, dir, by);
}

void tcp_handshake_accept(struct arrival *a)
{
	const struct segment *seg = a->seg;
	struct tcp_flow_info *info = &a->f->common.info;
	struct side *s = &a->f->side[a->dir], *o = &a->f->side[!a->dir];
	bool answer = is_syn_ack(seg);

	move_base(a->f, a->dir, seg->seq + 1);
	s->flags |= SIDE_SYN | SIDE_SEEN | SIDE_BASE;
	s->flags &= (uint16_t)~SIDE_GUESS;
	s->mss = seg->mss;
	s->shift = shift_of(seg->window_scale);
	info->seen[a->dir] = info->syn_seen[a->dir] = true;
	info->first_seq[a->dir] = seg->seq;
	if (a->dir == (answer ? 1 : 0))
		info->opener_known = true;
	if (!answer && a->dir == 0)
		a->f->syn_ns = seg->origin.ts_ns;
	if (answer && a->dir == 0)
		a->f->state |= FLOW_SPLIT;
	if (answer && !(o->flags & SIDE_BASE))
		base_by_answer(a->f, !a->dir, seg->ack);
	tcp_arrival_await(a, a->dir);
	tcp_arrival_await(a, !a->dir);
	if (o->flags & SIDE_SEEN)
		tcp_flows_paired(&a->e->flows, a->f);
}

/* A SYN-ACK that acknowledges the SYN but not the octets in it: the server
 * has not taken them, they come again (RFC 7413 4.2.2). */
static void drop_syn_octets(struct arrival *a)
{
	struct flow *f = a->f;
	struct side *o = &f->side[!a->dir];

	if ((f->state & FLOW_OPEN) || !f->hold || a->seg->ack != o->base)
		return;
	tcp_stretches_fini(&f->hold->queue[!a->dir], &a->e->held);
	f->octets[!a->dir] = o->highest = 0;
}

/* A direction whose SYN was not seen: is this its SYN, late?  What came before
 * it, or the peer's acknowledgment, may lie further on. */
static bool is_late_syn(const struct flow *f, int dir,
    const struct segment *seg)
{
	const struct side *s = &f->side[dir], *o = &f->side[!dir];
	uint32_t on = s->base - (seg->seq + 1);

	if (!(s->flags & (SIDE_BASE | SIDE_GUESS)) || on == 0)
		return true;
	return is_syn_ack(seg) && (o->flags & SIDE_SYN) &&
	    seg->ack == o->base && on <= TCP_SLACK && s->next == 0;
}

static bool is_same_syn(const struct flow *f, int dir,
    const struct segment *seg)
{
	if (f->side[dir].flags & SIDE_SYN)
		return f->common.info.first_seq[dir] == seg->seq;
	return is_late_syn(f, dir, seg);
}

/* The SYN that found the flow is not its own: it is no frame of it. */
static void disown(struct arrival *a)
{
	a->f->frames--;
	a->f->last = a->before;
}

/* An open session met a SYN of another connection. */
static void challenge(struct arrival *a)
{
	struct flow *f = a->f, *rival = f->rival;
	int dir;

	disown(a);
	a->f = NULL;
	if (rival) {
		dir = tcp_flows_dir(rival, &a->seg->src, &a->seg->dst);
		if (is_same_syn(rival, dir, a->seg)) {
			rival->frames++;
			rival->last = a->seg->origin;
			return;
		}
		tcp_causal_end(a->e, rival, TCP_END_REUSED, a->seg->origin);
	}
	rival = make(a->e, a->seg, &dir);
	if (!rival)
		return;
	/* make_room cannot have ended f: it was touched by this segment. */
	rival->state |= FLOW_RIVAL;
	rival->rival = f;
	rival->frames = 1;
	f->rival = rival;
	a->f = rival;
	a->dir = dir;
	tcp_handshake_accept(a);
	a->f = NULL;
}

/* An attempt met a SYN of another one. */
static void begin_anew(struct arrival *a)
{
	disown(a);
	tcp_causal_end(a->e, a->f, TCP_END_REUSED, a->seg->origin);
	a->f = begin(a->e, a->seg, &a->dir);
	if (!a->f)
		return;
	a->f->frames = 1;
	tcp_handshake_accept(a);
}

void tcp_handshake_syn(struct arrival *a)
{
	const struct segment *seg = a->seg;
	struct flow *f = a->f;
	const struct side *o = &f->side[!a->dir];

	if (!is_same_syn(f, a->dir, seg)) {
		if (f->state & FLOW_OPEN)
			challenge(a);
		else if (a->dir == 1 && is_syn_ack(seg) &&
		    is_near(side_offset(o, seg->ack), o->highest))
			/* Another server: the ACK decides. */
			tcp_handshake_accept(a);
		else
			begin_anew(a);
		return;
	}
	/* RFC 9293 3.10.7.3: what acknowledges another SYN is no answer. */
	if (is_syn_ack(seg) && !(f->state & FLOW_OPEN) &&
	    (o->flags & SIDE_SYN) && !is_near(side_offset(o, seg->ack),
	    o->highest)) {
		tcp_arrival_out_of_window(a);
		a->f = NULL;
		return;
	}
	if (!(f->side[a->dir].flags & SIDE_SYN)) {
		tcp_handshake_accept(a);
		if (is_syn_ack(seg))
			drop_syn_octets(a);
	} else if (is_syn_ack(seg)) {
		if (a->dir == 0)
			f->state |= FLOW_SPLIT;
	} else if (a->dir == 0 && !(o->flags & SIDE_SYN)) {
		f->syn_ns = seg->origin.ts_ns; /* sent again */
	}
}

/* The opener acknowledges another SYN-ACK than the last one seen. */
static void accept_unseen(struct arrival *a)
{
	struct side *o = &a->f->side[1];

	if (a->dir != 0 || !(a->seg->flags & TCP_ACK) ||
	    a->seg->seq != a->f->side[0].base || !(o->flags & SIDE_SYN) ||
	    is_near(side_offset(o, a->seg->ack), o->highest + TCP_SLACK))
		return;
	o->base = a->seg->ack;
	a->f->common.info.first_seq[1] = a->seg->ack - 1;
}

/* --- sessions ----------------------------------------------------------- */

bool tcp_handshake_completes(struct arrival *a)
{
	const struct segment *seg = a->seg;
	const struct side *s = &a->f->side[a->dir];
	const struct side *o = &a->f->side[!a->dir];

	accept_unseen(a);
	if ((s->flags & SIDE_BASE) &&
	    !tcp_arrival_in_window(a->f, a->dir, side_offset(s, seg->seq)))
		return false;
	if ((o->flags & SIDE_BASE) && (seg->flags & TCP_ACK) &&
	    !is_near(side_offset(o, seg->ack), o->highest + TCP_SLACK))
		return false;
	if (seg->payload_len > 0)
		return true;
	/* a FIN that lies behind octets, which are late or lost */
	if ((seg->flags & TCP_FIN) && (s->flags & SIDE_BASE) &&
	    side_offset(s, seg->seq) > 0)
		return true;
	return (seg->flags & TCP_ACK) &&
	    (a->dir == 0 || (a->f->state & FLOW_SPLIT));
}

void tcp_handshake_open(struct tcp_engine *e, struct flow *f,
    struct origin origin)
{
	uint16_t both = f->side[0].flags & f->side[1].flags;
	int64_t syn = f->syn_ns;

	(void)flow_leave(&e->flows, f);
	f->state |= FLOW_OPEN;
	f->syn_ns = SW_UNKNOWN;
	if ((both & SIDE_SYN) && syn != SW_NO_TIME && origin.ts_ns >= syn)
		f->syn_ns = origin.ts_ns - syn;
	f->user = e->ops->open(e->ctx, &f->common);
	if (!f->user) {
		f->state |= FLOW_MUTE;
		return;
	}
	flow_join(&e->flows, f);
	if (!((f->side[0].flags | f->side[1].flags) & SIDE_SYN))
		tcp_causal_anomaly(e, f, 0, ANOMALY_NO_START,
		    f->common.info.first);
	for (int dir = 0; dir < TCP_DIRECTIONS; dir++) {
		uint32_t told = f->side[dir].told;

		for (int i = 0; i < ANOMALY_COUNT; i++)
			if ((told & ANOMALY_BIT(i)) && i != ANOMALY_NO_START)
				e->ops->anomaly(e->ctx, f->user, dir,
				    (enum anomaly)i, f->common.info.first);
	}
}

/* --- RST ---------------------------------------------------------------- */

/* A RST is believed when its sequence number is one that the other host
 * would take: from what it acknowledged to the end of its window. */
static bool is_good_rst(const struct arrival *a)
{
	const struct side *s = &a->f->side[a->dir];
	const struct side *o = &a->f->side[!a->dir];
	uint64_t edge = s->next > s->highest ? s->next : s->highest;
	uint64_t low = s->flags & SIDE_ACKED ? s->acked : s->next;
	uint64_t room = TCP_WINDOW_MAX;
	int64_t off;

	if (!(s->flags & (SIDE_BASE | SIDE_GUESS))) /* nothing to go by */
		return true;
	if ((s->flags & SIDE_FIN) && low > s->fin)
		low = s->fin; /* sent while the FIN was on its way */
	if (o->flags & SIDE_SYN)
		room = o->window > 65535 ? o->window : 65535;
	if (edge < s->acked)
		edge = s->acked;
	off = side_offset(s, a->seg->seq);
	return off >= (int64_t)low && (uint64_t)off <= edge + room;
}

/* An answer to the opener's SYN acknowledges it (RFC 9293 3.10.7.3); a RST of
 * a host that has sent a SYN lies right behind it. */
static void reset_attempt(struct arrival *a)
{
	const struct side *s = &a->f->side[a->dir];
	const struct side *o = &a->f->side[!a->dir];
	bool good;

	if (s->flags & SIDE_BASE)
		good = is_near(side_offset(s, a->seg->seq), s->highest);
	else
		good = (a->seg->flags & TCP_ACK) &&
		    is_near(side_offset(o, a->seg->ack), o->highest);
	if (!good) {
		tcp_arrival_out_of_window(a);
		return;
	}
	if (a->dir == 1)
		a->f->state |= FLOW_REFUSED;
	tcp_causal_end(a->e, a->f, TCP_END_CLOSED, a->seg->origin);
}

/* Where it was that a direction had nothing more to say. */
static void note_rst(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];
	int64_t off = side_offset(s, a->seg->seq);

	if ((s->flags & (SIDE_BASE | SIDE_FIN)) != SIDE_BASE)
		return;
	s->flags |= SIDE_RESET;
	s->fin = off > (int64_t)s->highest ? (uint64_t)off : s->highest;
}

void tcp_handshake_rst(struct arrival *a)
{
	struct flow *f = a->f;

	if (!(f->state & FLOW_OPEN)) {
		reset_attempt(a);
		return;
	}
	if (!is_good_rst(a)) {
		tcp_arrival_out_of_window(a);
		return;
	}
	if (!(f->side[a->dir].flags & SIDE_SEEN)) {
		f->side[a->dir].flags |= SIDE_SEEN | SIDE_BASE;
		f->common.info.seen[a->dir] = true;
		f->common.info.first_seq[a->dir] = a->seg->seq;
	}
	note_rst(a);
	tcp_causal_flush(a->e, f);
	tcp_causal_close(a->e, f, a->dir, true, a->seg->origin);
	tcp_causal_end(a->e, f, TCP_END_CLOSED, a->seg->origin);
}

/* --- successors --------------------------------------------------------- */

bool tcp_handshake_is_rivals(const struct flow *f, const struct segment *seg)
{
	const struct flow *r = f->rival;
	int dir = tcp_flows_dir(r, &seg->src, &seg->dst);
	const struct side *s = &r->side[dir], *o = &r->side[!dir];
	int fdir = tcp_flows_dir(f, &seg->src, &seg->dst);

	if (seg->flags & (TCP_SYN | TCP_RST))
		return !(s->flags & SIDE_SYN) && (seg->flags & TCP_ACK) &&
		    (o->flags & SIDE_BASE) && seg->ack == o->base &&
		    !(f->side[fdir].flags & SIDE_SYN &&
		    f->common.info.first_seq[fdir] == seg->seq);
	if (!(s->flags & SIDE_BASE))
		return false;
	if ((o->flags & SIDE_BASE) && (seg->flags & TCP_ACK) &&
	    !is_near(side_offset(o, seg->ack), TCP_SLACK))
		return false;
	if (seg->seq == s->base)
		return true;
	return is_near(side_offset(s, seg->seq), TCP_SLACK) &&
	    !tcp_arrival_in_window(f, fdir,
	    side_offset(&f->side[fdir], seg->seq));
}

bool tcp_handshake_is_anew(const struct flow *f, int dir,
    const struct segment *seg)
{
	const struct side *s = &f->side[dir];
	int64_t end;

	if (seg->flags & TCP_RST)
		return false;
	if (seg->flags & TCP_SYN)
		return !(s->flags & SIDE_SYN) ? !is_late_syn(f, dir, seg) :
		    f->common.info.first_seq[dir] != seg->seq ||
		    (f->state & FLOW_REFUSED);
	if (seg->payload_len == 0)
		return false;
	if (!(f->state & FLOW_OPEN) || !(s->flags & SIDE_SEEN))
		return true;
	end = side_offset(s, seg->seq) + seg->payload_len;
	if ((s->flags & SIDE_FIN) && end > (int64_t)s->fin + 1)
		return true;
	/* Who sent a RST is silent: this one was another's, or not obeyed. */
	if ((s->flags & SIDE_RESET) && end > (int64_t)s->fin)
		return true;
	return !tcp_arrival_in_window(f, dir, side_offset(s, seg->seq));
}
