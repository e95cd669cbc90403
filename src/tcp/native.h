/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * native.h - inside of the native TCP engine
 *
 * native.c       the engine's operations; the theory of operation
 * usual.c        the short way of the usual segment
 * handshake.c    SYN, RST, who is an attempt, a session, a successor
 * arrival.c      what one segment tells
 * receive.c      its octets and FIN
 * causal.c       one sequence of both directions; gaps; ends
 * stretches.c    one direction's octets that wait (stretches.h)
 * timer.c        when an acknowledged hole has waited long enough
 * history.c      the octets last handed up, to tell a differing copy
 * flows.c        the table of flows and the lists by age
 * closed.c       connections that are over, remembered (closed.h)
 */
#ifndef TCP_NATIVE_H
#define TCP_NATIVE_H

#include "base/limits.h"
#include "tcp/closed.h"
#include "tcp/flow.h"
#include "tcp/link.h"
#include "tcp/stretches.h"

/* An acknowledgment, a sequence number or a window is not believed further
 * than this beyond what was seen: one window of a fast sender. */
#define TCP_SLACK (1u << 20)
/* The largest window there is (RFC 7323 2.3): 65535 << 14. */
#define TCP_WINDOW_MAX (1u << 30)
/* Two equal segments of one direction, one behind the other, within this are
 * one frame captured twice: shorter than any retransmission timer. */
#define TCP_DUPLICATE_NS (INT64_C(2) * 1000000)
/* A SYN with the sequence number of a connection that is over since then
 * begins another one: as long as two files of one traffic may overlap. */
#define TCP_REPLAY_NS (INT64_C(2) * 1000000000)

/* --- octets that wait --------------------------------------------------- */

/* How far a direction was acknowledged, and when, for the last second. */
enum { ACK_SAMPLES = 10 };
struct ack_ages {
	uint64_t aged; /* acknowledged a second ago or earlier */
	size_t count;
	struct {
		uint64_t acked;
		int64_t ns;
	} samples[ACK_SAMPLES];
};

/* What a flow needs only while something is missing. */
struct hold {
	struct flow *flow;
	struct link timer;  /* in a slot of the wheel */
	struct link holder; /* in engine.holders, the one idle longest first */
	struct stretches queue[TCP_DIRECTIONS];
	struct ack_ages ages[TCP_DIRECTIONS];
	int64_t closing_ns; /* both FINs are handed up since; SW_NO_TIME */
	struct hold *next_spare;
};

/* --- flows -------------------------------------------------------------- */

enum {
	SIDE_SEEN = 1,     /* a segment of this direction */
	SIDE_SYN = 2,      /* its SYN */
	SIDE_BASE = 4,     /* base is certain */
	SIDE_GUESS = 8,    /* base is the first acknowledgment of the peer */
	SIDE_ACKED = 16,   /* acknowledged by the peer at all */
	SIDE_FIN = 32,     /* fin is known */
	SIDE_CLOSED = 64,  /* its close is handed up */
	SIDE_GHOST = 128,  /* one number acknowledged beyond all octets: a FIN
	                      that was not captured */
	SIDE_ZERO = 256,   /* announces window 0 since zero_since */
	SIDE_FAR = 512,    /* far_seq is set */
	SIDE_STOPPED = 1024,/* nids.c: at a hole that was told */
	SIDE_RESET = 2048,  /* ended by its RST, whose offset is in fin */
	SIDE_ABSENT = 4096  /* not seen a second after octets of it were
	                       acknowledged: nobody waits for it any more */
};

/* What the usual segment touches of a flow lies in few lines of the
 * processor's cache: this many octets long. */
#define TCP_CACHE_LINE 64

struct side {
	/* The first line. */
	_Alignas(TCP_CACHE_LINE)
	uint64_t next;    /* offset handed up so far, gaps counted */
	uint64_t acked;   /* highest acknowledged, the FIN counted as one */
	uint64_t highest; /* end of the octets seen */
	uint32_t base;    /* sequence number of offset 0 */
	uint32_t twin_seq; /* of its last segment with octets, as all twin_ */
	uint32_t window;  /* largest that it announced, scaled */
	uint32_t twin_len;
	uint16_t flags;   /* SIDE_ */
	uint8_t shift;    /* of the windows behind its SYN */
	uint32_t twin_ack;
	int64_t twin_ns;  /* its time */
	uint64_t history; /* its newest record in the engine's history, or 0 */

	/* The second, which the usual segment does without. */
	uint64_t retransmitted;
	uint64_t fin;     /* offset of the FIN */
	int64_t zero_since, zero_ns;
	uint32_t far_seq; /* of a segment beyond the window */
	uint32_t told;    /* anomalies handed up, or to be at open */
	uint32_t icmp_errors;
	uint16_t icmp_mtu;
	uint16_t mss;
};

enum {
	FLOW_OPEN = 1,      /* a session: the sink knows it */
	FLOW_MUTE = 2,      /* ... and does not want it */
	FLOW_REFUSED = 8,   /* an attempt that met RST or an ICMP error */
	FLOW_REPORTED = 16, /* an attempt that was told already */
	FLOW_RIVAL = 32,    /* not in the table: see flow.rival */
	FLOW_LONELY = 64,   /* in the index of one-sided flows */
	FLOW_SPLIT = 128,   /* the opener sent a SYN-ACK: simultaneous open */
	FLOW_ALIAS = 256,   /* a second place in the table: alias_tag */
	FLOW_BEGUN = 512,   /* nids.c: a session, if it were for native.c */
	FLOW_FOREIGN = 1024,/* nids.c: its ports are those of another flow */
	FLOW_SPOKE = 2048   /* direction 0 was handed up from its first octet;
	                       twice that: direction 1 */
};

struct flow {
	struct tcp_flow common;
	struct flow *lonely_next, **lonely_link;

	_Alignas(TCP_CACHE_LINE)
	uint32_t state;      /* FLOW_ */
	uint32_t alias_tag;  /* tcp_tag() of its second place */
	void *user;
	struct hold *hold;
	/* A SYN with another sequence number came while this flow was open:
	 * the flow that it may begin.  Of a rival: its elder. */
	struct flow *rival;
	/* Its neighbours are touched with it: both links in one line. */
	struct link age;     /* engine.flows.live */
	struct link session; /* engine.flows.attempts, .silent, .sessions */

	int64_t touched_ns;  /* engine time of the last frame */
	uint64_t frames;
	struct origin last;
	uint64_t octets[TCP_DIRECTIONS]; /* seen, each once */
	int64_t syn_ns;      /* time of the SYN; from open on the RTT */

	struct side side[TCP_DIRECTIONS];
};

/* Place of a flow in the table; a flow whose directions bear different tags,
 * of VLAN or tunnel, has two. */
struct entry {
	struct flow *flow; /* NULL: free */
	uint32_t hash, tag; /* tcp_tag() */
};

/* Flows, the one idle longest first. */
struct flow_list {
	struct link first;
	size_t count;
};

struct flows {
	/* What every segment needs, in one line of the processor's cache. */
	struct entry *table;
	size_t mask;          /* slots - 1 */
	uint64_t key[2];
	struct link live; /* the one idle longest first */
	/* Those of live, likewise: open; open, but one of the hosts said
	 * nothing; not open yet. */
	struct flow_list sessions, silent, attempts;
	size_t entries, count;
	size_t most;          /* flows at once */
	struct flow **lonely; /* one-sided flows without regard to VLAN */
	size_t lonely_mask;   /* buckets - 1 */
	bool strict_vlan;
	struct flow *spare;
	size_t spare_count;
	struct closed_flows closed;
};

/* A wheel of 64 slots of 2^25 ns (33 ms). */
enum { WHEEL_SLOTS = 64, WHEEL_SHIFT = 25 };
struct wheel {
	struct link slots[WHEEL_SLOTS];
	uint64_t at; /* slot number up to which all was done */
};

/* The octets last handed up of all flows, see history.c. */
enum { HISTORY_SIZE = 16384 };
struct history {
	uint64_t end; /* octets ever written */
	uint8_t *ring;
};

struct tcp_engine {
	/* What every segment needs: this line, and the first of flows. */
	_Alignas(TCP_CACHE_LINE)
	const struct tcp_sink_ops *ops;
	void *ctx;
	struct account *account;
	struct history history;
	int64_t now_ns;  /* latest time of all frames; SW_NO_TIME */
	bool nomem;

	_Alignas(TCP_CACHE_LINE)
	struct flows flows;
	struct wheel wheel;
	struct link holders;
	struct hold *spare_holds;
	size_t spare_hold_count;
	uint64_t memory; /* limit of held */
	uint64_t held;   /* octets in stretches, their heads included */
};

/* One segment on its way, made in native.c. */
struct arrival {
	struct tcp_engine *e;
	const struct segment *seg;
	struct flow *f;
	int dir;
	int64_t off;     /* of the first octet (or FIN), may be negative */
	uint64_t ack;    /* offset in the other direction */
	bool ack_known;  /* the segment acknowledges, and of what is known */
	bool twin;       /* looks like the frame before it */
	struct origin before; /* of a SYN: the flow's last frame before it */
};

static inline struct flow *flow_of_age(struct link *l)
{
	return (struct flow *)(void *)((uint8_t *)l -
	    offsetof(struct flow, age));
}

static inline struct flow *flow_of_session(struct link *l)
{
	return (struct flow *)(void *)((uint8_t *)l -
	    offsetof(struct flow, session));
}

/* Which of attempts, silent and sessions it belongs to. */
static inline struct flow_list *flow_list(struct flows *t,
    const struct flow *f)
{
	if (!(f->state & FLOW_OPEN))
		return &t->attempts;
	return (f->state & (3 * FLOW_SPOKE)) == 3 * FLOW_SPOKE ?
	    &t->sessions : &t->silent;
}

/* Into its list, as the one that was idle least. */
static inline void flow_join(struct flows *t, struct flow *f)
{
	struct flow_list *list = flow_list(t, f);

	list->count++;
	link_append(&list->first, &f->session);
}

/* Out of it, before what it goes by changes; false: it was in none. */
static inline bool flow_leave(struct flows *t, struct flow *f)
{
	if (link_is_alone(&f->session))
		return false;
	flow_list(t, f)->count--;
	link_remove(&f->session);
	return true;
}

/* The flow is not the one idle longest any more. */
static inline void flow_touch_session(struct flows *t, struct flow *f)
{
	struct link *list = &flow_list(t, f)->first;

	if (!link_is_alone(&f->session) && f->session.next != list)
		link_append(list, &f->session);
}

static inline struct hold *hold_of_timer(struct link *l)
{
	return (struct hold *)(void *)((uint8_t *)l -
	    offsetof(struct hold, timer));
}

static inline struct hold *hold_of_holder(struct link *l)
{
	return (struct hold *)(void *)((uint8_t *)l -
	    offsetof(struct hold, holder));
}

/* Time from then to now, which is not before it. */
static inline uint64_t ns_between(int64_t then, int64_t now)
{
	return (uint64_t)now - (uint64_t)then;
}

/* Where the side stands, its FIN counted as one: what an acknowledgment
 * number is to be compared with. */
static inline uint64_t side_position(const struct side *s)
{
	return s->next + ((s->flags & (SIDE_CLOSED | SIDE_GHOST)) != 0);
}

/* Offset of a sequence number in a direction. */
static inline int64_t side_offset(const struct side *s, uint32_t seq)
{
	return (int64_t)s->next +
	    (int32_t)(seq - (s->base + (uint32_t)s->next));
}

/* Was nothing of this direction seen so far, though the peer has acknowledged
 * octets of it?  They may have been captured late. */
static inline bool side_is_expected(const struct side *s)
{
	return !(s->flags & (SIDE_SEEN | SIDE_ABSENT)) && s->acked > 0;
}

/* The first stretch of a direction that waits, or NULL. */
static inline struct stretch *flow_first(const struct flow *f, int dir)
{
	return f->hold ? stretches_first(&f->hold->queue[dir]) : NULL;
}

/* --- flows.c ------------------------------------------------------------ */

bool tcp_flows_init(struct flows *t, const struct tcp_options *options);
void tcp_flows_fini(struct flows *t);
/* A direction was handed up from its first octet: only such a flow is taken
 * for a dialogue when memory runs out.  Octets behind a hole prove nothing. */
void tcp_flows_spoke(struct flows *t, struct flow *f, int dir);
static inline uint64_t tcp_flows_word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

/* Of two endpoints of one family. */
static inline bool tcp_flows_equal(const struct endpoint *a,
    const struct endpoint *b)
{
	return a->port == b->port &&
	    tcp_flows_word(a->ip) == tcp_flows_word(b->ip) &&
	    tcp_flows_word(a->ip + 8) == tcp_flows_word(b->ip + 8);
}

/* Direction of a segment between two hosts; -1: it has others.  The hosts
 * are of one family, as src and dst are. */
static inline int tcp_hosts_dir(const struct endpoint host[TCP_DIRECTIONS],
    const struct endpoint *src, const struct endpoint *dst)
{
	if (host[0].family != src->family)
		return -1;
	if (tcp_flows_equal(&host[0], src) && tcp_flows_equal(&host[1], dst))
		return 0;
	if (tcp_flows_equal(&host[1], src) && tcp_flows_equal(&host[0], dst))
		return 1;
	return -1;
}

static inline int tcp_flows_dir(const struct flow *f,
    const struct endpoint *src, const struct endpoint *dst)
{
	return tcp_hosts_dir(f->common.info.host, src, dst);
}

/* The tags of VLAN and tunnel as one; they are hashes themselves. */
static inline uint32_t tcp_tag(uint32_t vlan_tag, uint32_t tunnel_tag)
{
	return vlan_tag ^ tunnel_tag * UINT32_C(0x9e3779b1);
}

static inline uint32_t tcp_flow_tag(const struct flow *f)
{
	return tcp_tag(f->common.info.vlan_tag, f->common.info.tunnel_tag);
}

/* What the table knows segments of src and dst by. */
static inline uint32_t tcp_flows_hash(const struct flows *t,
    const struct endpoint *src, const struct endpoint *dst, uint32_t tag)
{
	uint64_t h = tcp_hash_endpoints(t->key, src, dst);

	h ^= tag;
	return (uint32_t)hash_mix(h ^ t->key[0], t->key[1]);
}

/* The flow of a segment from src to dst, hash theirs,
 * *dir_r its direction; NULL: none. */
static inline struct flow *tcp_flows_find(const struct flows *t,
    uint32_t hash, const struct endpoint *src, const struct endpoint *dst,
    uint32_t tag, int *dir_r)
{
	size_t i = hash & t->mask;

	for (; t->table[i].flow; i = (i + 1) & t->mask) {
		struct flow *f = t->table[i].flow;

		if (t->table[i].hash != hash || t->table[i].tag != tag)
			continue;
		*dir_r = tcp_flows_dir(f, src, dst);
		if (*dir_r >= 0)
			return f;
	}
	return NULL;
}

/* The next of the one-sided flows with the endpoints of seg, whatever their
 * tags and side; after NULL the newest. */
struct flow *tcp_flows_lonely(const struct flows *t, const struct flow *after,
    const struct segment *seg);
/* A second place for f under another tag; false: no memory. */
bool tcp_flows_alias(struct flows *t, struct flow *f, uint32_t tag);
/* Both directions were seen: f needs no mirror image any more. */
void tcp_flows_paired(struct flows *t, struct flow *f);
/* A flow, cleared but for its lists, endpoints host0 and host1, in no table;
 * NULL: no memory. */
struct flow *tcp_flows_new(struct flows *t, const struct endpoint *host0,
    const struct endpoint *host1, uint32_t vlan_tag, uint32_t tunnel_tag);
/* The session to be ended for the limit on memory: the one idle longest, of
 * those in which one of the hosts said nothing if these are more than an
 * eighth of all; the few that just begin are not to suffer for the others.
 * NULL: there is none. */
struct flow *tcp_flows_idlest(const struct flows *t);

/* Put f into the table; false: no memory. */
bool tcp_flows_add(struct flows *t, struct flow *f, bool one_sided);
void tcp_flows_remove(struct flows *t, struct flow *f);
/* Give a flow back that is in no table; its hold is gone already. */
void tcp_flows_free(struct flows *t, struct flow *f);

/* --- timer.c ------------------------------------------------------------ */

void tcp_timer_init(struct wheel *w);
/* The direction is acknowledged up to acked as of now. */
void tcp_timer_acked(struct ack_ages *a, uint64_t acked, int64_t now);
/* It begins so many octets earlier than was thought. */
void tcp_timer_move(struct ack_ages *a, uint32_t by);
/* How far it was acknowledged a second ago. */
uint64_t tcp_timer_aged(struct ack_ages *a, int64_t now);
/* When position will have been acknowledged past for a second; INT64_MAX. */
int64_t tcp_timer_due(const struct ack_ages *a, uint64_t position);
void tcp_timer_arm(struct wheel *w, struct hold *h, int64_t due);
/* Detach what is due at now into list. */
void tcp_timer_take(struct wheel *w, int64_t now, struct link *list);

/* --- history.c ---------------------------------------------------------- */

bool tcp_history_init(struct history *h);
void tcp_history_fini(struct history *h);
void tcp_history_add(struct history *h, struct side *s, uint64_t off,
    struct slice octets);
/* Do octets at off contradict what is remembered of s? */
bool tcp_history_differs(const struct history *h, const struct side *s,
    uint64_t off, struct slice octets);

/* --- causal.c ----------------------------------------------------------- */

/* Has the direction other than dir come to ack, if that is known? */
bool tcp_causal_is_caused(const struct flow *f, int dir, bool ack_known,
    uint64_t ack);
/* May the first stretch go? */
bool tcp_causal_is_ready(const struct flow *f, int dir);
/* Hand up octets that are next. */
void tcp_causal_hand_up(struct tcp_engine *e, struct flow *f,
    struct delivery *o);
/* Hand up the first stretch, whatever stands against it. */
void tcp_causal_hand_up_first(struct tcp_engine *e, struct flow *f, int dir);
/* Something may have become deliverable, or due: hand it up, declare the
 * gaps that are due, keep the limits, wind the timer; end the flow if it is
 * over.  Every segment of a flow with a hold, and every timer, ends here. */
void tcp_causal_settle(struct tcp_engine *e, struct flow *f,
    struct origin origin);
/* A hold for f; NULL: no memory. */
struct hold *tcp_causal_hold(struct tcp_engine *e, struct flow *f);
/* Hand up all that is held, holes before it as gaps. */
void tcp_causal_flush(struct tcp_engine *e, struct flow *f);
void tcp_causal_anomaly(struct tcp_engine *e, struct flow *f, int dir,
    enum anomaly code, struct origin origin);
void tcp_causal_close(struct tcp_engine *e, struct flow *f, int dir,
    bool rst, struct origin origin);
/* The hole at the front of a direction, up to `to` at most, is lost. */
void tcp_causal_give_up(struct tcp_engine *e, struct flow *f, int dir,
    uint64_t to);
/* End a flow in any state, and remember it if it is over; its rival takes
 * its place. */
void tcp_causal_end(struct tcp_engine *e, struct flow *f, enum tcp_end why,
    struct origin origin);
/* Free a flow without a word. */
void tcp_causal_forget(struct tcp_engine *e, struct flow *f);

/* --- receive.c ---------------------------------------------------------- */

/* Octets at off, or the FIN, of a segment that passed all checks. */
void tcp_receive_octets(struct arrival *a, uint64_t off,
    struct slice octets);
void tcp_receive_fin(struct arrival *a);

/* --- handshake.c -------------------------------------------------------- */

/* The flow that a segment of no flow belongs to: one joined from another
 * VLAN, a new one, or NULL. */
struct flow *tcp_handshake_begin(struct tcp_engine *e,
    const struct segment *seg, int *dir_r);
/* Is this segment about the successor of f? */
bool tcp_handshake_is_rivals(const struct flow *f,
    const struct segment *seg);
/* Is this segment of a new connection, after f was closed? */
bool tcp_handshake_is_anew(const struct flow *f, int dir,
    const struct segment *seg);
/* The SYN of a direction. */
void tcp_handshake_accept(struct arrival *a);
/* What a SYN means.  May end the flow and begin another: a->f is what the
 * segment belongs to then; NULL: to be ignored. */
void tcp_handshake_syn(struct arrival *a);
/* Does this segment (no SYN, no RST) make its flow a session? */
bool tcp_handshake_completes(struct arrival *a);
/* Begin the session. */
void tcp_handshake_open(struct tcp_engine *e, struct flow *f,
    struct origin origin);
void tcp_handshake_rst(struct arrival *a);

/* --- arrival.c ---------------------------------------------------------- */

/* Any segment but a RST, of a flow that is not closed. */
void tcp_arrival_take(struct arrival *a);
/* If octets of the direction that are acknowledged are missing: from now on a
 * second counts. */
void tcp_arrival_await(struct arrival *a, int dir);
/* It is known now where the direction begins: so many octets before the guess
 * by which the peer's acknowledgments went; more than TCP_SLACK: elsewhere. */
void tcp_arrival_prove_base(struct flow *f, int dir, uint32_t by);
/* What a segment tells beside its place: anomalies, windows. */
void tcp_arrival_notice(struct arrival *a);
/* Can a segment of f->side[dir] at off be of this connection? */
bool tcp_arrival_in_window(const struct flow *f, int dir, int64_t off);
/* The window that a segment announces; 0 apart.  shift: the side's, but for
 * a SYN. */
static inline void tcp_arrival_window(struct side *s,
    const struct segment *seg, unsigned shift)
{
	uint32_t window = seg->window << shift;

	if (window > s->window)
		s->window = window;
}
/* Count what is not believed. */
void tcp_arrival_out_of_window(struct arrival *a);

/* --- native.c ----------------------------------------------------------- */

extern const struct tcp_flow_class tcp_native_class;
/* What the table knows a segment by. */
static inline uint32_t tcp_native_hash(const struct tcp_engine *e,
    const struct segment *seg)
{
	return tcp_flows_hash(&e->flows, &seg->src, &seg->dst,
	    tcp_tag(seg->vlan_tag, seg->tunnel_tag));
}

/* The flow that a segment finds in the table, NULL: none. */
static inline struct flow *tcp_native_find(const struct tcp_engine *e,
    const struct segment *seg, int *dir_r)
{
	return tcp_flows_find(&e->flows, tcp_native_hash(e, seg), &seg->src,
	    &seg->dst, tcp_tag(seg->vlan_tag, seg->tunnel_tag),
	    dir_r);
}

/* The time of a frame. */
static inline void tcp_native_set_now(struct tcp_engine *e, int64_t ts_ns)
{
	if (ts_ns > e->now_ns)
		e->now_ns = ts_ns;
}

/* What a call that has fed returns. */
static inline enum sw_status tcp_native_status(const struct tcp_engine *e)
{
	return e->nomem ? SW_ENOMEM : SW_OK;
}
/* Feed without the short way of the usual segment. */
enum sw_status tcp_native_feed_any(struct tcp_engine *e,
    const struct segment *seg) SW_MUST_USE;
/* Likewise, with the flow and direction that it finds; f NULL: none.  The
 * time is set already. */
enum sw_status tcp_native_feed_found(struct tcp_engine *e,
    const struct segment *seg, struct flow *f, int dir) SW_MUST_USE;

/* --- usual.c ------------------------------------------------------------ */

/* The engine's feed. */
enum sw_status tcp_usual_feed(struct tcp_engine *e,
    const struct segment *seg) SW_MUST_USE;

#endif
