/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receive.c - the octets and the FIN of one segment
 *
 * The usual octets are next in order and owe nothing to the other direction:
 * they are handed up from the segment itself.  Only what cannot go yet is
 * copied.  What was there before is compared, counted and dropped.
 */
#include "tcp/native.h"

static struct stretch stretch_of(const struct arrival *a)
{
	struct stretch s = {
		.ack = a->ack,
		.origin = a->seg->origin,
		.flags = a->ack_known ? STRETCH_ACKED : 0
	};

	if (!a->ack_known && (a->seg->flags & TCP_ACK))
		s.flags = STRETCH_GUESS;
	return s;
}

/* Keep for later what cannot go now. */
static void keep(struct arrival *a, uint64_t off, struct slice octets,
    struct stretch_sum *sum)
{
	struct hold *h = tcp_causal_hold(a->e, a->f);
	struct stretch like = stretch_of(a);

	if (!h || !tcp_stretches_add(&h->queue[a->dir], &like, off, octets,
	    sum, &a->e->held))
		a->e->nomem = true;
}

/* Cut off what was handed up already. */
static void skip_old(struct arrival *a, uint64_t *off, struct slice *octets,
    struct stretch_sum *sum)
{
	const struct side *s = &a->f->side[a->dir];
	size_t n = octets->len;

	if (*off >= s->next || n == 0)
		return;
	if (n > s->next - *off)
		n = (size_t)(s->next - *off);
	if (tcp_history_differs(&a->e->history, s, *off,
	    slice_head(*octets, n)))
		sum->differs = true;
	sum->again += n;
	*off += n;
	*octets = slice_from(*octets, n);
}

static void book(struct arrival *a, const struct stretch_sum *sum)
{
	struct side *s = &a->f->side[a->dir];
	struct tcp_engine *e = a->e;

	a->f->octets[a->dir] += sum->fresh;
	if (sum->again == 0)
		return;
	if (sum->differs)
		tcp_causal_anomaly(e, a->f, a->dir,
		    net_checksum_is_bad(a->seg) ? ANOMALY_BAD_CHECKSUM :
		    ANOMALY_OVERLAP_DIFFERS, a->seg->origin);
	else if (a->twin && sum->fresh == 0) {
		account_add(e->account, ACCOUNT_FRAMES_DUPLICATE, 1);
		return;
	}
	s->retransmitted += sum->again;
	account_add(e->account, ACCOUNT_TCP_RETRANSMITTED, sum->again);
}

/* Octets that the first stretch, which is ready, holds too. */
static void compare_first(struct arrival *a, uint64_t *off,
    struct slice *octets, struct stretch_sum *sum)
{
	const struct stretch *first = flow_first(a->f, a->dir);
	struct slice same = slice_head(*octets, first->len);

	if (memcmp(first->octets, same.p, same.len) != 0)
		sum->differs = true;
	sum->again += same.len;
	*off += same.len;
	*octets = slice_from(*octets, same.len);
}

/* Hand up octets from the segment itself as far as they are next, keep the
 * rest. */
static void receive_some(struct arrival *a, uint64_t off,
    struct slice octets, struct stretch_sum *sum)
{
	struct flow *f = a->f;
	const struct side *s = &f->side[a->dir];
	struct delivery o = {
		.dir = a->dir,
		.origin = a->seg->origin,
		.acked_known = a->ack_known
	};

	for (;;) {
		const struct stretch *first = flow_first(f, a->dir);
		bool held;

		skip_old(a, &off, &octets, sum);
		if (octets.len == 0)
			return;
		held = first && first->off == off;
		if (off != s->next || !(f->state & FLOW_OPEN) ||
		    !tcp_causal_is_caused(f, a->dir, a->ack_known, a->ack) ||
		    (held && !tcp_causal_is_ready(f, a->dir))) {
			keep(a, off, octets, sum);
			return;
		}
		if (held) {
			compare_first(a, &off, &octets, sum);
			tcp_causal_hand_up_first(a->e, f, a->dir);
			continue;
		}
		o.octets = octets;
		if (first && octets.len > first->off - off)
			o.octets.len = (size_t)(first->off - off);
		o.offset = off;
		o.acked = a->ack;
		sum->fresh += o.octets.len;
		tcp_causal_hand_up(a->e, f, &o);
		off += o.octets.len;
		octets = slice_from(octets, o.octets.len);
	}
}

void tcp_receive_octets(struct arrival *a, uint64_t off, struct slice octets)
{
	struct side *s = &a->f->side[a->dir];
	struct stretch_sum sum = { 0, 0, false };

	if (a->f->state & FLOW_MUTE) {
		if (off <= s->next && off + octets.len > s->next)
			s->next = off + octets.len;
		return;
	}
	receive_some(a, off, octets, &sum);
	book(a, &sum);
}

void tcp_receive_fin(struct arrival *a)
{
	struct side *s = &a->f->side[a->dir];
	struct stretch like = stretch_of(a);
	struct hold *h;

	if ((a->f->state & FLOW_MUTE) || (s->next == s->fin &&
	    !flow_first(a->f, a->dir) &&
	    tcp_causal_is_caused(a->f, a->dir, a->ack_known, a->ack))) {
		tcp_causal_close(a->e, a->f, a->dir, false, a->seg->origin);
		return;
	}
	h = tcp_causal_hold(a->e, a->f);
	if (!h || !tcp_stretches_add_fin(&h->queue[a->dir], &like, s->fin,
	    &a->e->held))
		a->e->nomem = true;
}
