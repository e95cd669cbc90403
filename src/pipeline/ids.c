/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ids.c - ids of sessions, and a counter among equal ones */
#include "pipeline/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"

static size_t slot_of(const struct id_set *s, uint64_t id)
{
	return (size_t)(id ^ id >> 32) & (s->slot_count - 1);
}

void pipeline_ids_fetch(const struct id_set *s, uint64_t id)
{
	if (s->slot_count > 0)
		__builtin_prefetch(&s->slots[slot_of(s, id)], 1);
}

/*
 * A slot holds the index + 1 and behind it bits of the id, so that ids that
 * are not equal are hardly ever looked at.
 */
#define INDEX_BITS 15
#define INDEX_MASK ((UINT32_C(1) << INDEX_BITS) - 1)
_Static_assert(LIMIT_SHARD_IDS <= INDEX_MASK, "an index fits its bits");

static uint32_t tag_of(uint64_t id)
{
	return (uint32_t)(id >> 16) << INDEX_BITS;
}

static bool is_known(const struct id_set *s, uint64_t id)
{
	uint32_t tag = tag_of(id);
	size_t i;

	if (s->slot_count == 0)
		return false;
	for (i = slot_of(s, id); s->slots[i];
	    i = (i + 1) & (s->slot_count - 1))
		if ((s->slots[i] & ~INDEX_MASK) == tag &&
		    s->ids[(s->slots[i] & INDEX_MASK) - 1] == id)
			return true;
	return false;
}

static void put_slot(struct id_set *s, size_t index)
{
	size_t i = slot_of(s, s->ids[index]);

	while (s->slots[i])
		i = (i + 1) & (s->slot_count - 1);
	s->slots[i] = ((uint32_t)index + 1) | tag_of(s->ids[index]);
}

/* Make the table anew for the ids that are kept. */
static bool rebuild(struct id_set *s, size_t slots)
{
	uint32_t *table = calloc(slots, sizeof(*table));
	size_t i;

	if (!table)
		return false;
	free(s->slots);
	s->slots = table;
	s->slot_count = slots;
	for (i = 0; i < s->count; i++)
		put_slot(s, i);
	return true;
}

static bool remember(struct id_set *s, uint64_t id)
{
	void *ids = s->ids;

	if (s->count >= LIMIT_SHARD_IDS) {
		/* Half of them go at once: forgetting is linear then. */
		s->count /= 2;
		memmove(s->ids, s->ids + s->count,
		    s->count * sizeof(*s->ids));
		if (!rebuild(s, s->slot_count))
			return false;
	}
	if (!base_grow(&ids, s->count, &s->capacity, sizeof(*s->ids)))
		return false;
	s->ids = ids;
	s->ids[s->count++] = id;
	if (s->count * 2 > s->slot_count)
		return rebuild(s, s->slot_count ?
		    s->slot_count * 2 : 64);
	put_slot(s, s->count - 1);
	return true;
}

enum sw_status pipeline_ids_give(struct id_set *s, uint64_t id,
    uint64_t *id_r)
{
	while (is_known(s, id))
		id++;
	*id_r = id;
	return remember(s, id) ? SW_OK : SW_ENOMEM;
}

void pipeline_ids_fini(struct id_set *s)
{
	free(s->ids);
	free(s->slots);
	memset(s, 0, sizeof(*s));
}
