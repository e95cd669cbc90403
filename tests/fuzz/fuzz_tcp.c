/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_tcp.c - the TCP engine on generated connections
 *
 * The input describes what hosts send and what the capture does to it: loss,
 * delay, copies with other borders, snapped octets, differing copies, wild
 * segments.  Whatever comes, what is handed up must be contiguous, must be
 * the octets that were sent (unless a differing copy or a wild segment was
 * made), must keep the causal order (unless copies bear later
 * acknowledgments), and where nothing was lost nothing may be missing.
 *
 * Some of the inputs go through libnids in its place.  What that hands up must
 * be contiguous and what was sent, too; no more is asked of it.
 *
 * Input: an octet of options, then operations: an octet (bits 0 to 4 what,
 * 5 host, 6 and 7 flow) and its arguments.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "base/limits.h"
#include "tcp/native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 4, DELAYED = 16, PAYLOAD = 4096 };

/* What was done to a flow, and so what is not checked of it. */
enum {
	LOST = 1,     /* something is missing, or came later than a second */
	COPIED = 2,   /* copies bear later acknowledgments */
	FORGED = 4    /* differing or wild segments */
};

struct model_host {
	uint32_t isn, sent;
	bool syn, fin;
};

struct model {
	struct model_host host[2];
	uint16_t port;
	unsigned done; /* LOST ... */
	unsigned sessions;
};

struct packet {
	struct segment seg;
	int flow;
	uint8_t payload[PAYLOAD];
};

/* An engine that gets the same segments without the short way of the usual
 * one: it must hand up the same. */
struct any {
	struct tcp_engine *e;
	struct account account;
	uint64_t told;
};

struct world {
	const struct tcp_engine_ops *tcp; /* operations of e */
	struct tcp_engine *e;
	struct any any;
	uint64_t told; /* a hash of all that was handed up */
	struct account account;
	struct model flows[FLOWS];
	struct packet delayed[DELAYED];
	size_t delayed_count;
	struct origin now;
	long sessions;  /* open */
	uint64_t octets; /* handed up */
};

/* What the sink knows of a session. */
struct heard {
	struct world *w;
	const struct tcp_flow *flow;
	struct model *m;
	uint64_t next[2], gaps;
	bool closed[2], placed[2];
	uint32_t place[2]; /* position in the stream of offset 0 */
};

static void require(bool good)
{
	if (!good)
		abort();
}

/* The octet that host h of a flow sends at a position. */
static uint8_t octet_at(const struct model *m, int h, uint32_t pos)
{
	uint32_t x = pos * UINT32_C(2654435761) + m->port + (uint32_t)h * 77;

	x ^= x >> 15;
	x *= UINT32_C(2246822519);
	return (uint8_t)(x >> 24);
}

/* --- what both engines hand up ------------------------------------------ */

enum { TOLD_OPEN, TOLD_OCTETS, TOLD_GAP, TOLD_ANOMALY, TOLD_CLOSE, TOLD_END,
	TOLD_ATTEMPT };

static void add(uint64_t *told, uint64_t value)
{
	*told = hash_mix(*told ^ value, UINT64_C(0x9e3779b97f4a7c15));
}

static void tell(uint64_t *told, const struct tcp_flow *flow, int what,
    int which, uint64_t offset, uint64_t len, struct origin origin)
{
	add(told, (uint64_t)what << 32 | (uint64_t)which);
	add(told, tcp_flow_info_get(flow)->first.at);
	add(told, offset);
	add(told, len);
	add(told, origin.at);
	add(told, (uint64_t)origin.ts_ns);
}

static void tell_octets(uint64_t *told, const struct tcp_flow *flow,
    const struct delivery *o)
{
	tell(told, flow, TOLD_OCTETS, o->dir, o->offset, o->octets.len,
	    o->origin);
	add(told, o->acked_known ? o->acked : UINT64_MAX);
	for (size_t i = 0; i < o->octets.len; i++)
		add(told, o->octets.p[i]);
}

static void tell_end(uint64_t *told, const struct tcp_flow *flow, int what,
    int which, struct origin origin)
{
	struct tcp_facts facts;

	tell(told, flow, what, which, 0, 0, origin);
	tcp_flow_facts_get(flow, &facts);
	add(told, facts.frames);
	add(told, (uint64_t)facts.syn_rtt_ns);
	add(told, facts.last.at);
	for (int dir = 0; dir < 2; dir++) {
		add(told, facts.side[dir].octets);
		add(told, facts.side[dir].retransmitted);
		add(told, facts.side[dir].delivered);
		add(told, facts.side[dir].acked);
		add(told, facts.side[dir].acked_known);
		add(told, facts.side[dir].highest);
		add(told, (uint64_t)facts.side[dir].zero_window_ns);
	}
}

static void *any_open(void *ctx, struct tcp_flow *flow)
{
	struct any *any = ctx;

	tell(&any->told, flow, TOLD_OPEN, 0, 0, 0,
	    tcp_flow_info_get(flow)->first);
	return flow;
}

static void any_octets(void *ctx, void *user, const struct delivery *o)
{
	struct any *any = ctx;

	tell_octets(&any->told, user, o);
}

static void any_gap(void *ctx, void *user, int dir, uint64_t offset,
    uint64_t len, struct origin origin)
{
	struct any *any = ctx;

	tell(&any->told, user, TOLD_GAP, dir, offset, len, origin);
}

static void any_anomaly(void *ctx, void *user, int dir, enum anomaly code,
    struct origin origin)
{
	struct any *any = ctx;

	tell(&any->told, user, TOLD_ANOMALY, dir, code, 0, origin);
}

static void any_close(void *ctx, void *user, int dir, bool rst,
    struct origin origin)
{
	struct any *any = ctx;

	tell(&any->told, user, TOLD_CLOSE, dir, rst, 0, origin);
}

static void any_end(void *ctx, void *user, struct tcp_flow *flow,
    enum tcp_end why, struct origin origin)
{
	struct any *any = ctx;

	(void)user;
	tell_end(&any->told, flow, TOLD_END, (int)why, origin);
}

static void any_attempt(void *ctx, struct tcp_flow *flow, bool refused,
    struct origin origin)
{
	struct any *any = ctx;

	tell_end(&any->told, flow, TOLD_ATTEMPT, refused, origin);
}

static const struct tcp_sink_ops any_sink = {
	.open = any_open,
	.octets = any_octets,
	.gap = any_gap,
	.anomaly = any_anomaly,
	.close = any_close,
	.end = any_end,
	.attempt = any_attempt,
};

/* Both were told the same. */
static void compare(const struct world *w)
{
	if (w->tcp != &tcp_native_ops)
		return;
	require(w->told == w->any.told);
	require(memcmp(&w->account, &w->any.account,
	    sizeof w->account.counters) == 0);
}

/* --- the sink ----------------------------------------------------------- */

static int host_of(const struct heard *x, int dir)
{
	return tcp_flow_info_get(x->flow)->host[dir].port == 25;
}

static void *on_open(void *ctx, struct tcp_flow *flow)
{
	struct world *w = ctx;
	const struct tcp_flow_info *info = tcp_flow_info_get(flow);
	struct heard *x = calloc(1, sizeof *x);
	uint16_t port = info->host[0].port == 25 ? info->host[1].port :
	    info->host[0].port;

	require(x != NULL);
	tell(&w->told, flow, TOLD_OPEN, 0, 0, 0, info->first);
	x->w = w;
	x->flow = flow;
	x->m = &w->flows[port - 1024];
	x->m->sessions++;
	w->sessions++;
	return x;
}

static bool matches(const struct heard *x, const struct delivery *o,
    uint32_t place)
{
	for (size_t i = 0; i < o->octets.len; i++)
		if (o->octets.p[i] != octet_at(x->m, host_of(x, o->dir),
		    place + (uint32_t)(o->offset + i)))
			return false;
	return true;
}

static void check_octets(struct heard *x, const struct delivery *o)
{
	const struct tcp_flow_info *info = tcp_flow_info_get(x->flow);
	uint32_t first = info->first_seq[o->dir] -
	    x->m->host[host_of(x, o->dir)].isn - 1;

	if (!x->placed[o->dir]) {
		x->placed[o->dir] = true;
		if (!info->syn_seen[o->dir] && !matches(x, o, 0))
			x->place[o->dir] = matches(x, o, first) ? first :
			    first + 1;
	}
	require(matches(x, o, x->place[o->dir]));
}

static void on_octets(void *ctx, void *user, const struct delivery *o)
{
	struct heard *x = user;
	struct world *w = ctx;

	tell_octets(&w->told, x->flow, o);
	require(o->octets.len > 0 && o->offset == x->next[o->dir]);
	x->next[o->dir] += o->octets.len;
	w->octets += o->octets.len;
	if (!(x->m->done & FORGED))
		check_octets(x, o);
	/* One number more is excused: a FIN that was lost or is late.  Octets
	 * do not wait for it, only for octets. */
	if (w->tcp == &tcp_native_ops &&
	    !(x->m->done & (FORGED | COPIED)) && o->acked_known &&
	    tcp_flow_info_get(x->flow)->seen[!o->dir])
		require(o->acked <= x->next[!o->dir] +
		    ((x->m->done & LOST) || x->m->host[0].fin ||
		    x->m->host[1].fin));
}

static void on_gap(void *ctx, void *user, int dir, uint64_t offset,
    uint64_t len, struct origin origin)
{
	struct heard *x = user;

	tell(&x->w->told, x->flow, TOLD_GAP, dir, offset, len, origin);
	(void)ctx;
	require(len > 0 && offset == x->next[dir]);
	x->next[dir] += len;
	x->gaps += len;
}

static void on_anomaly(void *ctx, void *user, int dir, enum anomaly code,
    struct origin origin)
{
	struct heard *x = user;

	(void)ctx;
	tell(&x->w->told, x->flow, TOLD_ANOMALY, dir, code, 0, origin);
	require(code != ANOMALY_OVERLAP_DIFFERS || (x->m->done & FORGED));
}

static void on_close(void *ctx, void *user, int dir, bool rst,
    struct origin origin)
{
	struct heard *x = user;

	(void)ctx;
	tell(&x->w->told, x->flow, TOLD_CLOSE, dir, rst, 0, origin);
	require(!x->closed[dir]);
	x->closed[dir] = true;
}

static void on_end(void *ctx, void *user, struct tcp_flow *flow,
    enum tcp_end why, struct origin origin)
{
	struct world *w = ctx;
	struct heard *x = user;
	struct tcp_facts facts;

	tell_end(&w->told, flow, TOLD_END, (int)why, origin);
	require(flow == x->flow);
	tcp_flow_facts_get(flow, &facts);
	for (int dir = 0; dir < 2; dir++) {
		const struct model_host *h = &x->m->host[host_of(x, dir)];

		require(facts.side[dir].delivered == x->next[dir]);
		/* Nothing was lost: all is there. */
		if (x->m->done == 0 && x->m->sessions == 1 &&
		    why == TCP_END_INPUT)
			require(x->next[dir] == h->sent && x->gaps == 0);
	}
	w->sessions--;
	free(x);
}

static void on_attempt(void *ctx, struct tcp_flow *flow, bool refused,
    struct origin origin)
{
	struct world *w = ctx;

	tell_end(&w->told, flow, TOLD_ATTEMPT, refused, origin);
}

static const struct tcp_sink_ops sink = {
	.open = on_open,
	.octets = on_octets,
	.gap = on_gap,
	.anomaly = on_anomaly,
	.close = on_close,
	.end = on_end,
	.attempt = on_attempt,
};

/* --- the hosts ---------------------------------------------------------- */

static void set_endpoint(struct endpoint *p, int h, const struct model *m)
{
	memset(p, 0, sizeof *p);
	p->family = 4;
	p->ip[3] = (uint8_t)(1 + h);
	p->port = h ? 25 : m->port;
}

/* A segment as host h would send it now: octets [pos, pos + len). */
static void make(struct world *w, struct packet *p, int flow, int h,
    uint32_t pos, uint32_t len)
{
	const struct model *m = &w->flows[flow];
	const struct model_host *from = &m->host[h], *to = &m->host[!h];

	memset(&p->seg, 0, sizeof p->seg);
	p->flow = flow;
	set_endpoint(&p->seg.src, h, m);
	set_endpoint(&p->seg.dst, !h, m);
	p->seg.window = 65535;
	p->seg.window_scale = 255;
	p->seg.seq = from->isn + 1 + pos;
	p->seg.ack = to->isn + 1 + to->sent + to->fin;
	p->seg.flags = TCP_ACK;
	if (!to->syn)
		p->seg.flags = 0;
	p->seg.payload_len = len;
	for (uint32_t i = 0; i < len; i++)
		p->payload[i] = octet_at(m, h, pos + i);
	p->seg.payload = slice_make(p->payload, len);
}

/* The capture sees p: from memory of its exact size. */
static void capture(struct world *w, const struct packet *p)
{
	struct segment seg = p->seg;
	uint8_t *copy = malloc(seg.payload.len + 1);

	require(copy != NULL);
	memcpy(copy, p->payload, seg.payload.len);
	seg.payload.p = copy;
	w->now.at++;
	seg.origin = w->now;
	require(w->tcp->feed(w->e, &seg) == SW_OK);
	require(tcp_native_feed_any(w->any.e, &seg) == SW_OK);
	compare(w);
	free(copy);
}

static void release(struct world *w, size_t i)
{
	capture(w, &w->delayed[i]);
	w->delayed[i] = w->delayed[--w->delayed_count];
}

/* What the capture does with a segment. */
static void pass(struct world *w, struct packet *p, uint8_t how)
{
	switch (how & 7) {
	case 0: /* lost */
		w->flows[p->flow].done |= LOST;
		return;
	case 1:
	case 2: /* delayed */
		if (w->delayed_count < DELAYED) {
			w->delayed[w->delayed_count] = *p;
			w->delayed[w->delayed_count].seg.payload.p = NULL;
			w->delayed_count++;
			return;
		}
		break;
	case 3: /* twice */
		capture(w, p);
		break;
	case 4: /* snapped */
		if (how & 0x80) {
			w->flows[p->flow].done |= LOST;
			p->seg.payload.len = p->seg.payload.len * (how >> 3 &
			    15) / 16;
		}
		break;
	}
	capture(w, p);
}

static bool is_established(const struct model *m)
{
	return m->host[0].syn && m->host[1].syn;
}

static void send(struct world *w, int flow, int h, struct cursor *c)
{
	struct model_host *host = &w->flows[flow].host[h];
	uint32_t len = cursor_u8(c);
	uint8_t how = cursor_u8(c);
	struct packet p;

	if (!is_established(&w->flows[flow]) || host->fin)
		return;
	if (len > 250)
		len = (len - 250) * 700;
	make(w, &p, flow, h, host->sent, len);
	host->sent += len;
	if (how & 0x40) {
		p.seg.flags |= TCP_FIN;
		host->fin = true;
	}
	pass(w, &p, how);
}

/* Octets once more, with any borders, perhaps others. */
static void copy(struct world *w, int flow, int h, struct cursor *c)
{
	struct model *m = &w->flows[flow];
	struct model_host *host = &m->host[h];
	uint32_t back = cursor_u8(c) * 3u;
	uint32_t len = cursor_u8(c);
	uint8_t how = cursor_u8(c);
	struct packet p;

	if (!is_established(m))
		return;
	if (back > host->sent)
		back = host->sent;
	if (len > back)
		len = back;
	m->done |= COPIED;
	make(w, &p, flow, h, host->sent - back, len);
	if ((how & 0x38) == 0x38 && len > 0) {
		m->done |= FORGED;
		p.payload[how % len] ^= 0x55;
	}
	pass(w, &p, how);
}

static void handshake(struct world *w, int flow, int h, struct cursor *c)
{
	struct model *m = &w->flows[flow];
	uint8_t how = cursor_u8(c);
	struct packet p;

	if (how & 0x80) { /* a new connection, whatever became of the old */
		m->done |= FORGED;
		m->host[h].isn += 100000007u * how;
		m->host[h].sent = 0;
	}
	if (m->host[0].sent + m->host[1].sent > 0)
		m->done |= FORGED; /* a SYN in the middle */
	make(w, &p, flow, h, UINT32_MAX, 0);
	p.seg.flags |= TCP_SYN;
	m->host[h].syn = true;
	if (how & 0x40) { /* the SYN was not captured */
		m->done |= LOST;
		return;
	}
	pass(w, &p, how | 4);
}

static void wild(struct world *w, int flow, int h, struct cursor *c)
{
	struct model *m = &w->flows[flow];
	struct packet p;
	uint32_t len = cursor_u8(c);

	m->done |= FORGED;
	make(w, &p, flow, h, 0, len);
	p.seg.flags = cursor_u8(c) & 0x3f;
	p.seg.seq += cursor_be32(c);
	p.seg.ack = m->host[!h].isn + cursor_be32(c);
	p.seg.vlan_tag = cursor_u8(c) & 3;
	p.seg.window = cursor_u8(c) * 257u;
	p.seg.window_scale = cursor_u8(c);
	capture(w, &p);
}

static void rst(struct world *w, int flow, int h, struct cursor *c)
{
	struct model *m = &w->flows[flow];
	struct packet p;

	m->done |= LOST;
	make(w, &p, flow, h, m->host[h].sent, 0);
	p.seg.flags |= TCP_RST;
	pass(w, &p, cursor_u8(c));
}

static void pass_time(struct world *w, struct cursor *c)
{
	uint8_t t = cursor_u8(c);

	w->now.ts_ns += t < 128 ? t * INT64_C(1000000) :
	    t < 250 ? (t - 127) * INT64_C(100000000) :
	    (t - 249) * INT64_C(400000000000);
	if (t >= 64)
		for (int i = 0; i < FLOWS; i++)
			w->flows[i].done |= LOST;
	if ((t & 1) == 0)
		return;
	require(w->tcp->tick(w->e, w->now) == SW_OK);
	require(tcp_native_ops.tick(w->any.e, w->now) == SW_OK);
}

static void operate(struct world *w, struct cursor *c)
{
	uint8_t op = cursor_u8(c);
	int flow = op >> 6, h = op >> 5 & 1;
	struct icmp_error icmp = { .mtu = 1400 };
	struct packet p;

	switch (op & 31) {
	case 0:
	case 1:
		handshake(w, flow, h, c);
		break;
	case 2: /* a pure ACK */
		make(w, &p, flow, h, w->flows[flow].host[h].sent +
		    w->flows[flow].host[h].fin, 0);
		if (is_established(&w->flows[flow]))
			capture(w, &p);
		break;
	case 3:
	case 4:
		copy(w, flow, h, c);
		break;
	case 5:
		wild(w, flow, h, c);
		break;
	case 6:
		rst(w, flow, h, c);
		break;
	case 7:
		pass_time(w, c);
		break;
	case 8:
	case 9:
		if (w->delayed_count > 0)
			release(w, cursor_u8(c) % w->delayed_count);
		break;
	case 10:
		set_endpoint(&icmp.src, h, &w->flows[flow]);
		set_endpoint(&icmp.dst, !h, &w->flows[flow]);
		icmp.origin = w->now;
		require(w->tcp->icmp(w->e, &icmp) == SW_OK);
		require(tcp_native_ops.icmp(w->any.e, &icmp) == SW_OK);
		break;
	default:
		send(w, flow, h, c);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_make(slice_make(data, size));
	struct world *w = calloc(1, sizeof *w);
	uint8_t how = cursor_u8(&c);
	struct tcp_options options = {
		.strict_vlan = how & 1,
		.memory = how & 2 ? 3000 : 0,
		.secret = how
	};

	require(w != NULL);
	w->tcp = (how & 0x88) == 0x88 && !tcp_nids_lacks() ? &tcp_nids_ops :
	    &tcp_native_ops;
	w->now.ts_ns = how & 4 ? SW_NO_TIME / 2 : INT64_C(1) << 60;
	for (uint16_t i = 0; i < FLOWS; i++) {
		w->flows[i].port = (uint16_t)(1024 + i);
		w->flows[i].host[0].isn = UINT32_MAX - 300u * i;
		w->flows[i].host[1].isn = UINT32_C(0x7ffffff0) * i;
		if (how & 2 || w->tcp != &tcp_native_ops)
			w->flows[i].done = LOST;
	}
	require(w->tcp->open(&w->e, &sink, w, &w->account,
	    &options) == SW_OK);
	require(tcp_native_ops.open(&w->any.e, &any_sink, &w->any,
	    &w->any.account, &options) == SW_OK);
	while (cursor_left(&c) > 0)
		operate(w, &c);
	while (w->delayed_count > 0)
		release(w, 0);
	require(w->tcp->finish(w->e, w->now) == SW_OK);
	require(tcp_native_ops.finish(w->any.e, w->now) == SW_OK);
	compare(w);
	require(w->sessions == 0);
	require(w->account.counters[ACCOUNT_TCP_OCTETS] == w->octets);
	w->tcp->close(&w->e);
	tcp_native_ops.close(&w->any.e);
	free(w);
	return 0;
}
