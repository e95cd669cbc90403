/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids.h - ids of sessions, and a counter among equal ones
 *
 * A set remembers the last LIMIT_SHARD_IDS ids that it gave; an id that is
 * among them is counted on until it is free.  A shard has one, since equal
 * ids come from equal endpoints; all logs of a run have another.
 */
#ifndef PIPELINE_IDS_H
#define PIPELINE_IDS_H

#include <smtpwire/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_set {
	uint64_t *ids; /* in the order given */
	size_t count, capacity;
	uint32_t *slots; /* open addressing: index + 1 into ids, and a tag */
	size_t slot_count;
};

/* Cleared memory is an empty set. */
void pipeline_ids_fini(struct id_set *s);
/* Soon this one will be given: its place is fetched into the cache. */
void pipeline_ids_fetch(const struct id_set *s, uint64_t id);
/* The id itself, or the next one that is free, into *id_r. */
enum sw_status pipeline_ids_give(struct id_set *s, uint64_t id,
    uint64_t *id_r) SW_MUST_USE;

#endif
