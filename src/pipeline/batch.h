/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * batch.h - with several threads: a stretch of input, decoded, for its shards
 *
 * Theory of operation.  One thread decodes frames into a batch: segments, and
 * between them ticks and ICMP errors, all in the order of the capture.  Then
 * batch_sort() tells which of them are each shard's, and any thread may run
 * the share of a shard; those of different shards touch nothing in common.
 */
#ifndef PIPELINE_BATCH_H
#define PIPELINE_BATCH_H

#include "pipeline/shard.h"

enum { STRETCH_BLOCKS = 4 };

/* A tick, to be given before a segment of a batch. */
struct batch_mark {
	size_t before;
	struct origin at;
};

struct batch {
	struct segment *segments; /* room for one more is always there */
	uint8_t *shards;          /* of each; SHARD_COUNT more: an ICMP error,
	                             segments[].seq is an index into icmps */
	uint32_t *order;          /* by shard */
	size_t count, capacity;
	size_t start[SHARD_COUNT + 1]; /* of each shard in order */
	struct batch_mark *marks;
	size_t mark_count, mark_capacity;
	struct icmp_error *icmps;
	size_t icmp_count, icmp_capacity;
	struct source_block *blocks[STRETCH_BLOCKS]; /* held: segments lie in
	                                                them */
	size_t block_count;
	uint64_t stretch;
};

/* b is all zeros.  false: no memory. */
bool batch_init(struct batch *b);
void batch_fini(struct batch *b);
/* What was in it was run; the blocks are given back. */
void batch_empty(struct batch *b);

/* segments[count] was filled, and is the shard's. */
enum sw_status batch_add(struct batch *b, unsigned shard) SW_MUST_USE;
enum sw_status batch_add_icmp(struct batch *b,
    const struct icmp_error *icmp) SW_MUST_USE;
enum sw_status batch_add_tick(struct batch *b, struct origin at) SW_MUST_USE;

void batch_sort(struct batch *b);
/* Has a shard a share of it? */
bool batch_concerns(const struct batch *b, unsigned shard);
/* Feed shard s, whose number is given, with its share. */
enum sw_status batch_run(struct batch *b, struct shard *s, unsigned number)
    SW_MUST_USE;
/* After a failure: free what segments own that were not fed. */
void batch_drop(struct batch *b);

#endif
