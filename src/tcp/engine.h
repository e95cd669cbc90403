/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - what every TCP engine does: segments to octets of two
 * directions, in one causal sequence
 *
 * Theory of operation.  An engine serves one virtual shard: all segments of
 * a connection go to one engine, in the capture's order.  It hands up, for
 * each connection that is a session (its handshake completed or it carries
 * octets), one sequence of octets, gaps, anomalies and closes for both
 * directions, such that what a host had acknowledged when it sent a segment
 * is handed up before that segment.  Nothing depends on the clock of the
 * run; timers go by tcp_tick, which the dispatcher sends to all engines at
 * the same frames.
 */
#ifndef TCP_ENGINE_H
#define TCP_ENGINE_H

#include "base/account.h"
#include "base/delivery.h"
#include "base/error.h"
#include "net/segment.h"

/* Direction: 0 from the host that opened the connection if that was seen,
 * else from the host whose segment was seen first. */
enum { TCP_DIRECTIONS = 2 };

struct tcp_flow; /* opaque, valid from open (or attempt) to end */

/* Who a connection is. */
struct tcp_flow_info {
	struct endpoint host[TCP_DIRECTIONS]; /* host[d] sends direction d */
	uint32_t vlan_tag, tunnel_tag;
	bool opener_known; /* a SYN or SYN-ACK was seen: host[0] opened it */
	struct origin first; /* first frame of the connection */
	int64_t resolution_ns;
	/* Sequence number of each direction's first segment (of the SYN if
	 * it was seen).  Fills up as the directions appear. */
	uint32_t first_seq[TCP_DIRECTIONS];
	bool seen[TCP_DIRECTIONS];     /* any segment of that direction */
	bool syn_seen[TCP_DIRECTIONS]; /* its SYN */
};

/* What is known of a connection at any time. */
struct tcp_facts {
	uint64_t frames;
	int64_t syn_rtt_ns; /* SW_UNKNOWN */
	struct origin last; /* its latest frame */
	struct {
		uint64_t octets;        /* seen, each once */
		uint64_t retransmitted; /* seen again */
		uint64_t delivered;     /* offset handed up so far */
		uint64_t acked;         /* highest offset acknowledged by the
		                           peer (0 if none) */
		bool acked_known;
		uint64_t highest;       /* highest offset seen */
		int32_t mss;            /* SW_UNKNOWN */
		int64_t zero_window_ns;
		uint32_t icmp_errors;   /* about its segments */
		uint32_t icmp_mtu;      /* of the last that named one, or 0 */
	} side[TCP_DIRECTIONS];
};

/* Why a connection is over for us. */
enum tcp_end {
	TCP_END_CLOSED, /* both FINs (each acknowledged or timed out), or RST */
	TCP_END_IDLE,
	TCP_END_REUSED,
	TCP_END_LIMIT,
	TCP_END_INPUT
};

/* Where an engine delivers.  ctx is the sink's, user what open returned.
 * No call may call back into the engine but tcp_flow_info_get and
 * tcp_flow_facts_get. */
struct tcp_sink_ops {
	/* A session begins.  Returns the sink's own handle; NULL: no memory
	 * or not wanted, nothing more is delivered of this flow but it is
	 * still followed. */
	void *(*open)(void *ctx, struct tcp_flow *flow);
	void (*octets)(void *ctx, void *user, const struct delivery *o);
	/* len octets of dir at offset were lost; origin: the flow's frame
	 * that shows it, by octets behind the hole or by an answer. */
	void (*gap)(void *ctx, void *user, int dir, uint64_t offset,
	    uint64_t len, struct origin origin);
	/* Something about the flow that is to be told (base/anomaly.h);
	 * once for each kind and direction; origin: the first frame. */
	void (*anomaly)(void *ctx, void *user, int dir, enum anomaly code,
	    struct origin origin);
	/* The first FIN or RST in this direction; rst tells which.  In
	 * sequence: after the octets before it were delivered. */
	void (*close)(void *ctx, void *user, int dir, bool rst,
	    struct origin origin);
	/* The session is over; after it user and flow are gone.  origin: the
	 * frame at which that became certain. */
	void (*end)(void *ctx, void *user, struct tcp_flow *flow,
	    enum tcp_end why, struct origin origin);
	/* A connection attempt that was never answered (refused: false) or
	 * answered by RST or an ICMP error (true) is over. */
	void (*attempt)(void *ctx, struct tcp_flow *flow, bool refused,
	    struct origin origin);
	/* Octets or an end of the session come soon: ask for the memory that
	 * they need, of what was asked for in the steps before.  NULL: none. */
	void (*fetch)(const void *user, unsigned step);
};

/* Looks at a segment before it is fed; those from TCP_FETCH_USER on are steps
 * of the sink, from 0. */
enum tcp_fetch { TCP_FETCH_PLACE, TCP_FETCH_FLOW, TCP_FETCH_USER };

struct tcp_engine;

struct tcp_options {
	/* Never join the two directions of a connection that bear different
	 * tags, of VLAN or tunnel. */
	bool strict_vlan;
	/* Octets out of order held at once by this engine; 0:
	 * LIMIT_SHARD_OUT_OF_ORDER. */
	uint64_t memory;
	/* Flows at once; 0, or more: LIMIT_SHARD_FLOWS. */
	size_t flows;
	uint64_t secret; /* keys the tables; the output never depends on it */
};

struct tcp_engine_ops {
	const char *name; /* "native", "nids" */
	enum sw_status (*open)(struct tcp_engine **e_r,
	    const struct tcp_sink_ops *ops, void *ctx,
	    struct account *account, const struct tcp_options *options);
	/* seg->payload is valid during the call; what must be kept is
	 * copied. */
	enum sw_status (*feed)(struct tcp_engine *e,
	    const struct segment *seg);
	/* seg will be fed soon: ask for the memory that it needs, of what was
	 * asked for in the steps before; hash is the engine's of it, told once
	 * for all steps.  Changes nothing.  Both NULL: none. */
	void (*fetch)(const struct tcp_engine *e, const struct segment *seg,
	    uint32_t hash, unsigned step);
	uint32_t (*hash)(const struct tcp_engine *e,
	    const struct segment *seg);
	enum sw_status (*icmp)(struct tcp_engine *e,
	    const struct icmp_error *icmp);
	/* Capture time has come to now at frame origin.at: expire what is
	 * due. */
	enum sw_status (*tick)(struct tcp_engine *e, struct origin now);
	/* End a session with TCP_END_LIMIT, as the sink has too much of
	 * them: this one; NULL: the one that was idle longest.  false: there
	 * is none. */
	bool (*evict)(struct tcp_engine *e, struct tcp_flow *flow,
	    struct origin now);
	/* Octets that it takes: those out of order, and of connections as
	 * such. */
	uint64_t (*memory)(const struct tcp_engine *e);
	/* The input (or this traffic) is over: end every flow, oldest
	 * (first frame) first.  The engine is empty then and may be fed
	 * again. */
	enum sw_status (*finish)(struct tcp_engine *e, struct origin now);
	void (*close)(struct tcp_engine **e);
};

extern const struct tcp_engine_ops tcp_native_ops;
/* libnids: one in the process at a time, SW_EUSAGE for another; all that it
 * is given must come from one thread at a time. */
extern const struct tcp_engine_ops tcp_nids_ops;
/* NULL: it can be opened now; else why not, for people; static. */
const char *tcp_nids_lacks(void);

/* For sinks, valid for flows of any engine. */
const struct tcp_flow_info *tcp_flow_info_get(const struct tcp_flow *flow);
void tcp_flow_facts_get(const struct tcp_flow *flow,
    struct tcp_facts *facts_r);

#endif
