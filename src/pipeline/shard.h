/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shard.h - one virtual shard: its connections and their sessions
 *
 * Theory of operation.  The dispatcher (wire.c) decodes frames and gives
 * every segment to the shard that a fixed hash of its innermost endpoints
 * names.  A shard shares nothing with another: it has its own engine, its own
 * account and its own list of finished sessions, so any number of threads may
 * serve sets of shards.  Timers run at ticks, which the dispatcher sends to
 * all shards at the same frames; so what a shard tells does not depend on who
 * serves it or when.
 */
#ifndef PIPELINE_SHARD_H
#define PIPELINE_SHARD_H

#include "base/anomaly.h"
#include "base/limits.h"
#include "pipeline/ids.h"
#include "pipeline/wire.h"
#include "smtp/dialogue.h"
#include "tcp/engine.h"
#include "tcp/flow.h"
#include "tcp/link.h"

/* Frames of a file that is still being read: as many as there may be. */
#define TRAFFIC_PART_OPEN (UINT64_MAX / 2)

/* A file of the traffic. */
struct traffic_part {
	char *name;
	const char *format;
	struct sw_clock clock;
	uint64_t base;  /* frames of the files before it */
	_Atomic uint64_t count; /* frames, TRAFFIC_PART_OPEN until its end */
};

/*
 * Captures that are one traffic; read-only for shards.  A file may end and the
 * next begin while shards are served: what they see of that says nothing of
 * sessions that lie before it.
 */
struct traffic {
	struct traffic_part *parts; /* there is room for all inputs */
	_Atomic size_t count;
	uint64_t order; /* added to frames to order sessions over traffics */
	bool ended;     /* what ends now ends behind its last frame */
	struct remarks *remarks; /* of its frames; has a lock */
};

struct port_set {
	uint64_t bits[65536 / 64];
};
static inline void port_set_add(struct port_set *s, uint16_t port)
{
	s->bits[port >> 6] |= UINT64_C(1) << (port & 63);
}
static inline bool port_set_has(const struct port_set *s, uint16_t port)
{
	size_t p = port; /* saves a mask */

	return s->bits[p >> 6] >> (p & 63) & 1;
}

/* Memory of sessions that are over, for the next.  Each shard has its own: what
 * a session holds, and so which one is ended for the limit on memory, must not
 * depend on what other shards do. */
struct spares {
	struct session_spares sessions;
	struct dialogue_spares dialogues;
	struct live *live; /* a list, of SESSION_SPARES_MAX at most */
	size_t live_count;
};

/* A session whose end is certain. */
struct finished {
	struct session_builder *builder;
	uint64_t certain; /* frame at which its end became certain */
	uint64_t first;   /* its first frame; orders equals */
	uint64_t last;    /* its last one, and what its frames are known by */
	uint64_t key;     /* (kept.h), if they are kept */
	struct sw_err *error; /* settling failed: heap, or NULL */
	enum sw_status status;
	bool stays; /* until its list is freed, to become a spare */
};

struct finished_list {
	struct finished *items;
	size_t count, capacity;
	size_t taken; /* how many of them the dispatcher has seen */
	size_t staying, staying_octets; /* those that stay */
	uint64_t octets; /* of the others, which are freed when told */
};

struct shard {
	/* What each segment needs stands together: few lines of the
	 * processor's cache. */
	const struct tcp_engine_ops *tcp; /* the engine's operations */
	struct tcp_engine *engine;
	uint64_t stretch;
	uint64_t held;  /* octets of the sessions that are open */
	uint64_t share; /* that they may always take of the limit on memory */
	/* Those that hold so many octets or more: all of theirs, and a list,
	 * the one first that was counted longest ago. */
	uint64_t large_from, large_held;
	struct link large;
	struct account account;
	const struct wire_options *options;
	const struct body_ops *body_ops; /* or NULL */
	const struct port_set *ports;
	const struct traffic *traffic;
	struct spares spares;
	/* By the parity of the stretch in which they ended. */
	struct finished_list finished[2];
	struct id_set ids;
	struct live *open; /* sessions, a list */
	size_t session_octets; /* that each may take by what is told of it */
	bool memory; /* ran out */
	bool ending; /* sessions that still end are told to nobody */
};

enum sw_status shard_init(struct shard *s, unsigned number,
    const struct wire_options *o, const struct port_set *ports,
    const struct traffic *t);
void shard_fini(struct shard *s);
/* To be called before anything is fed of a new stretch of input: what was
 * finished two stretches before it has been told, and its memory is there for
 * others. */
__attribute__((noinline))
void shard_begin_stretch(struct shard *s, uint64_t stretch);
static inline void shard_begin(struct shard *s, uint64_t stretch)
{
	if (s->stretch != stretch)
		shard_begin_stretch(s, stretch);
}
/* The session is complete: b is taken over; false: no memory.  certain: the
 * frame at which its end became certain. */
bool shard_finish(struct shard *s, struct session_builder *b,
    struct tcp_flow *flow, uint64_t certain);
void shard_finished_fini(struct shard *s);
/* A finished session was told and is not needed any more; while its shard is
 * fed, if it is of a stretch before. */
void shard_told(struct finished *f);
/* Give the engine a segment; what it owns is freed.  Sessions end while the
 * shard holds more than its share. */
enum sw_status shard_feed(struct shard *s, struct segment *seg) SW_MUST_USE;
/* A segment will be fed soon: in each of SHARD_FETCHES steps, at some distance
 * of time, the memory is asked for that it needs.  Those of the engine, and
 * what a session is, its dialogue and builder, and their lists. */
enum { SHARD_FETCHES = TCP_FETCH_USER + 3 };
void shard_fetch(const struct shard *s, const struct segment *seg,
    uint32_t hash, unsigned step);
/* What shard_fetch is given of a segment in all steps. */
uint32_t shard_hash(const struct shard *s, const struct segment *seg);
/* Capture time has come to that of frame at. */
enum sw_status shard_tick(struct shard *s, struct origin at) SW_MUST_USE;

/* A note on every session that is open. */
void shard_note_all(struct shard *s, enum anomaly code, struct origin at);

/* What the engine of a shard delivers to. */
extern const struct tcp_sink_ops shard_sink_ops;

#endif
