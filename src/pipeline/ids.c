/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids.c - ids of sessions, and a counter among equal ones
 *
 * A shard remembers the last LIMIT_SHARD_IDS ids that it gave; an id that is
 * among them is counted on until it is free.  Equal ids fall into the same
 * shard, since they come from the endpoints.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "pipeline/shard.h"

static size_t slot_of(const struct shard *s, uint64_t id)
{
	return (size_t)(id ^ id >> 32) & (s->id_slot_count - 1);
}

static bool is_known(const struct shard *s, uint64_t id)
{
	size_t i;

	if (s->id_slot_count == 0)
		return false;
	for (i = slot_of(s, id); s->id_slots[i];
	    i = (i + 1) & (s->id_slot_count - 1))
		if (s->ids[s->id_slots[i] - 1] == id)
			return true;
	return false;
}

static void put_slot(struct shard *s, size_t index)
{
	size_t i = slot_of(s, s->ids[index]);

	while (s->id_slots[i])
		i = (i + 1) & (s->id_slot_count - 1);
	s->id_slots[i] = (uint32_t)index + 1;
}

/* Make the table anew for the ids that are kept. */
static bool rebuild(struct shard *s, size_t slots)
{
	uint32_t *table = calloc(slots, sizeof(*table));
	size_t i;

	if (!table)
		return false;
	free(s->id_slots);
	s->id_slots = table;
	s->id_slot_count = slots;
	for (i = 0; i < s->id_count; i++)
		put_slot(s, i);
	return true;
}

static bool remember(struct shard *s, uint64_t id)
{
	void *ids = s->ids;

	if (s->id_count >= LIMIT_SHARD_IDS) {
		/* Half of them go at once: forgetting is linear then. */
		s->id_count /= 2;
		memmove(s->ids, s->ids + s->id_count,
		    s->id_count * sizeof(*s->ids));
		if (!rebuild(s, s->id_slot_count))
			return false;
	}
	if (!base_grow(&ids, s->id_count, &s->id_capacity, sizeof(*s->ids)))
		return false;
	s->ids = ids;
	s->ids[s->id_count++] = id;
	if (s->id_count * 2 > s->id_slot_count)
		return rebuild(s, s->id_slot_count ?
		    s->id_slot_count * 2 : 64);
	put_slot(s, s->id_count - 1);
	return true;
}

uint64_t shard_id(struct shard *s, uint64_t id)
{
	while (is_known(s, id))
		id++;
	if (!remember(s, id))
		s->memory = true;
	return id;
}
