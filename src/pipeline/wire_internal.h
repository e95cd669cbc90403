/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire_internal.h - what wire.c (stretches of input and what they finish),
 * wire_frames.c (each frame) and wire_files.c (captures, one after the other)
 * share; nobody else in src/ includes it
 */
#ifndef PIPELINE_WIRE_INTERNAL_H
#define PIPELINE_WIRE_INTERNAL_H

#include "capture/capture.h"
#include "net/net.h"
#include "pipeline/ahead.h"
#include "pipeline/batch.h"
#include "pipeline/crew.h"
#include "pipeline/remarks.h"
#include "pipeline/wire.h"

struct wire_input {
	struct source_place place; /* name: of an interface too */
	struct source *source; /* NULL: to be opened again, or an interface */
	struct capture *capture;
	struct account warnings; /* of the first look, not to be told twice */
	bool tz_known;
	int32_t tz_offset_s;   /* zone of local times */
	int64_t first_ns;
	size_t order;          /* as given */
	uint64_t size;
};

struct wire {
	struct wire_options options;
	struct account *account;
	struct port_set ports;
	struct net *net;
	struct net_filter *filter;
	struct shard shards[SHARD_COUNT];
	unsigned shard_mask; /* libnids is there once: the first shard has it */
	struct traffic traffic;

	struct wire_input *inputs;
	size_t input_count, input_capacity, input_next;
	bool sorted, ended;
	struct wire_input *current;
	uint64_t done_octets;

	int64_t now_ns, next_tick_ns, last_ns;
	uint64_t frames; /* of this traffic */
	struct origin last;

	/* The part that is read. */
	uint64_t part_base;   /* frames of this traffic before it */
	uint64_t part_frames; /* of it so far */
	int64_t part_ahead_ns; /* its clock before UTC's */
	bool part_remarks;     /* it may say something of its frames */

	struct ahead ahead;      /* with one thread */
	bool looks_ahead;        /* there is more than the cache holds */
	struct batch batches[2]; /* with several */
	struct batch *filling; /* one of them */
	struct batch *running; /* the other, or NULL */
	bool due; /* what was filled is to run before anything else */
	struct crew *crew;     /* NULL: one thread, or nothing has run */
	uint8_t tasks[SHARD_COUNT]; /* shards that the running batch feeds */
	enum sw_status failed[SHARD_COUNT];
	uint64_t stretch;
	size_t stretch_blocks, stretch_segments; /* so far */

	struct finished **ready; /* in order, from ready_next on */
	size_t ready_count, ready_capacity, ready_next;
	int pending; /* what wire_step returns when all is taken, or 0 */
	struct sw_err pending_err;
};

static inline bool wire_is_threaded(const struct wire *w)
{
	return w->options.threads > 1;
}

/* The limit on memory. */
static inline uint64_t wire_memory(const struct wire *w)
{
	return w->options.memory ? w->options.memory : LIMIT_MEMORY;
}

/* --- wire.c --------------------------------------------------------------- */

/* Everything that shards finished in the stretch up to now, in order. */
enum sw_status wire_collect(struct wire *w, uint64_t stretch) SW_MUST_USE;
void wire_next_stretch(struct wire *w);
/* Nothing runs when this returns; what ran is collected. */
enum sw_status wire_join(struct wire *w) SW_MUST_USE;

/* --- wire_frames.c -------------------------------------------------------- */

/* Frames of the current capture until the block ends; 1: more, 0: the
 * capture's end. */
int wire_run_block(struct wire *w, struct sw_err *err) SW_MUST_USE;

/* --- wire_files.c --------------------------------------------------------- */

void wire_input_fini(struct wire_input *in);
/* The next capture in order of their first frames: 1: it is open; 0: there is
 * none left; < 0: enum sw_status. */
int wire_next_input(struct wire *w, struct sw_err *err) SW_MUST_USE;
/* The current one was read to its end.  Its last stretch may still run. */
void wire_close_input(struct wire *w);
/* All connections end; the next capture is another traffic.  Nothing runs and
 * nothing is left to run. */
enum sw_status wire_end_traffic(struct wire *w) SW_MUST_USE;

#endif
