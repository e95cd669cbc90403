/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch.c - a stretch of input, decoded, for its shards */
#include "pipeline/batch.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 512 };

static bool grow(struct batch *b)
{
	size_t capacity = b->capacity ? b->capacity * 2 : FIRST_CAPACITY;
	void *p;

	if (b->count < b->capacity)
		return true;
	p = base_realloc_array(b->segments, capacity, sizeof(*b->segments));
	if (!p)
		return false;
	b->segments = p;
	p = base_realloc_array(b->shards, capacity, sizeof(*b->shards));
	if (!p)
		return false;
	b->shards = p;
	p = base_realloc_array(b->order, capacity, sizeof(*b->order));
	if (!p)
		return false;
	b->order = p;
	b->capacity = capacity;
	return true;
}

bool batch_init(struct batch *b)
{
	return grow(b);
}

void batch_empty(struct batch *b)
{
	while (b->block_count > 0)
		source_block_release(&b->blocks[--b->block_count]);
	b->count = b->mark_count = b->icmp_count = 0;
}

void batch_drop(struct batch *b)
{
	size_t i;

	for (i = 0; i < b->count; i++) {
		free(b->segments[i].owned);
		b->segments[i].owned = NULL;
	}
}

void batch_fini(struct batch *b)
{
	batch_drop(b);
	batch_empty(b);
	free(b->segments);
	free(b->shards);
	free(b->order);
	free(b->marks);
	free(b->icmps);
}

enum sw_status batch_add(struct batch *b, unsigned shard)
{
	b->shards[b->count++] = (uint8_t)shard;
	return grow(b) ? SW_OK : SW_ENOMEM;
}

enum sw_status batch_add_tick(struct batch *b, struct origin at)
{
	void *marks = b->marks;

	if (!base_grow(&marks, b->mark_count, &b->mark_capacity,
	    sizeof(*b->marks)))
		return SW_ENOMEM;
	b->marks = marks;
	b->marks[b->mark_count].before = b->count;
	b->marks[b->mark_count++].at = at;
	return SW_OK;
}

enum sw_status batch_add_icmp(struct batch *b, const struct icmp_error *icmp)
{
	void *icmps = b->icmps;

	if (!base_grow(&icmps, b->icmp_count, &b->icmp_capacity,
	    sizeof(*b->icmps)))
		return SW_ENOMEM;
	b->icmps = icmps;
	b->segments[b->count].owned = NULL;
	b->segments[b->count].seq = (uint32_t)b->icmp_count;
	b->icmps[b->icmp_count++] = *icmp;
	return batch_add(b, SHARD_COUNT +
	    tcp_shard_of(&icmp->src, &icmp->dst));
}

void batch_sort(struct batch *b)
{
	size_t at[SHARD_COUNT], i;

	memset(b->start, 0, sizeof(b->start));
	for (i = 0; i < b->count; i++)
		b->start[b->shards[i] % SHARD_COUNT + 1]++;
	for (i = 0; i < SHARD_COUNT; i++) {
		b->start[i + 1] += b->start[i];
		at[i] = b->start[i];
	}
	for (i = 0; i < b->count; i++)
		b->order[at[b->shards[i] % SHARD_COUNT]++] = (uint32_t)i;
}

bool batch_concerns(const struct batch *b, unsigned shard)
{
	return b->start[shard + 1] > b->start[shard] || b->mark_count > 0;
}

/* What is left after a failure is freed with the batch. */
static enum sw_status run_one(struct batch *b, struct shard *s, size_t i)
{
	if (b->shards[i] < SHARD_COUNT)
		return shard_feed(s, &b->segments[i]);
	return s->tcp->icmp(s->engine,
	    &b->icmps[b->segments[i].seq]);
}

enum sw_status batch_run(struct batch *b, struct shard *s, unsigned number)
{
	const uint32_t *from = b->order + b->start[number];
	const uint32_t *end = b->order + b->start[number + 1];
	enum sw_status status = SW_OK;
	size_t mark = 0;

	shard_begin(s, b->stretch);
	for (; status == SW_OK; from++) {
		size_t i = from < end ? *from : b->count;

		for (; mark < b->mark_count && b->marks[mark].before <= i &&
		    status == SW_OK; mark++)
			status = shard_tick(s, b->marks[mark].at);
		if (from == end || status != SW_OK)
			break;
		status = run_one(b, s, i);
	}
	return s->memory ? SW_ENOMEM : status;
}
