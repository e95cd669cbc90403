/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ahead.h - segments that wait while the memory of their connections comes
 *
 * Theory of operation.  Of thousands of connections at once each one's memory
 * has left the cache when its next segment comes, and every part of it that is
 * needed is known only by a pointer in the one before: table, flow, session,
 * dialogue, its lists.  So a segment waits for AHEAD others.  At certain
 * distances from its turn it is looked at, and each time the next parts of its
 * connection are asked for (shard_fetch), which then arrive while other
 * segments are at work.  Segments keep their order, and nothing is changed by
 * looking at them, so that what is told is the same.
 *
 * Whatever else than segments goes to shards lets those that wait go first.
 * All that costs a tenth of the time where the cache holds what is needed
 * anyway: none waits while sessions hold less than AHEAD_HELD.
 *
 * With several threads a shard gets many segments at a time, so that its
 * memory stays in the cache; there it is not worth while.
 */
#ifndef PIPELINE_AHEAD_H
#define PIPELINE_AHEAD_H

#include "pipeline/shard.h"

/* Segments between two looks at one, and places: a power of 2 that has room
 * for those that wait and one that is decoded. */
enum { AHEAD_STRIDE = 3, AHEAD = AHEAD_STRIDE * SHARD_FETCHES,
	AHEAD_PLACES = 16 };
_Static_assert(AHEAD < AHEAD_PLACES, "room for one more");

/* Octets of open sessions from which on it pays: those of a thousand or two. */
#define AHEAD_HELD (UINT64_C(12) << 20)

struct ahead {
	struct segment segments[AHEAD_PLACES];
	uint8_t shards[AHEAD_PLACES];
	uint32_t hashes[AHEAD_PLACES]; /* shard_hash() of each */
	unsigned first, end; /* those that wait; counted on and on */
};

/* Where the next one is to be decoded; valid until ahead_feed. */
static inline struct segment *ahead_place(struct ahead *a)
{
	return &a->segments[a->end % AHEAD_PLACES];
}

/* The segment in ahead_place() waits for its turn in its shard, of all of
 * them; one whose turn has come is fed.  The octets of those that wait must
 * stay where they are.  Errors are those of shard_feed. */
enum sw_status ahead_feed(struct ahead *a, struct shard *shards,
    unsigned shard, uint64_t stretch) SW_MUST_USE;
/* Feed all that wait. */
enum sw_status ahead_finish(struct ahead *a, struct shard *shards,
    uint64_t stretch) SW_MUST_USE;
/* Free what those own that still wait after a failure. */
void ahead_fini(struct ahead *a);

#endif
