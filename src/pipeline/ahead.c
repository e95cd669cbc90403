/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ahead.c - segments that wait while the memory of their connections comes */
#include <stdlib.h>

#include "pipeline/ahead.h"

/* Look at those that are at, and at certain distances before, a place. */
static void look(const struct ahead *a, struct shard *shards, unsigned at)
{
	unsigned step;

	for (step = 0; step < SHARD_FETCHES; step++, at -= AHEAD_STRIDE) {
		unsigned i = at % AHEAD_PLACES;

		if (at - a->first < a->end - a->first)
			shard_fetch(&shards[a->shards[i]], &a->segments[i],
			    a->hashes[i], step);
	}
}

static enum sw_status feed_first(struct ahead *a, struct shard *shards,
    uint64_t stretch)
{
	unsigned i = a->first++ % AHEAD_PLACES;
	struct shard *s = &shards[a->shards[i]];

	shard_begin(s, stretch);
	return shard_feed(s, &a->segments[i]);
}

enum sw_status ahead_feed(struct ahead *a, struct shard *shards,
    unsigned shard, uint64_t stretch)
{
	unsigned at = a->end++, i = at % AHEAD_PLACES;

	a->shards[i] = (uint8_t)shard;
	a->hashes[i] = shard_hash(&shards[shard], &a->segments[i]);
	look(a, shards, at);
	return a->end - a->first < AHEAD ? SW_OK :
	    feed_first(a, shards, stretch);
}

enum sw_status ahead_finish(struct ahead *a, struct shard *shards,
    uint64_t stretch)
{
	enum sw_status status = SW_OK;
	unsigned at = a->end;

	while (a->first != a->end && status == SW_OK) {
		look(a, shards, at++);
		status = feed_first(a, shards, stretch);
	}
	return status;
}

void ahead_fini(struct ahead *a)
{
	for (; a->first != a->end; a->first++)
		free(a->segments[a->first % AHEAD_PLACES].owned);
}
