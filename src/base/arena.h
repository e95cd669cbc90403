/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arena.h - memory that is freed all at once
 *
 * Blocks come from malloc and double up to 64 KiB, from the third on; a larger
 * request gets a block of its own.  arena_reset() keeps one block for the next
 * use, which takes its blocks from it: what total says is as if the arena were
 * new.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <smtpwire/transcript.h>

#include <stdalign.h>

#include "base/slice.h"

struct arena_block;
struct arena {
	struct arena_block *blocks; /* newest first */
	uint8_t *p, *end;           /* free part of the newest block */
	uint8_t *kept, *kept_end;   /* of a block of the use before */
	size_t size;                /* of the newest block; 0: none */
	size_t total;               /* octets of all blocks */
};

void arena_init(struct arena *a);
/* Frees all; the arena may be used again. */
void arena_fini(struct arena *a);
/* Frees all but one block. */
void arena_reset(struct arena *a);
/* Octets that arena_reset() has left. */
size_t arena_kept(const struct arena *a);
/* A new block for n octets, aligned for any object; NULL: no memory. */
void *arena_more(struct arena *a, size_t n);

/* n octets, not aligned, not cleared; NULL: no memory. */
static inline uint8_t *arena_octets(struct arena *a, size_t n)
{
	uint8_t *p = a->p;

	if (n >= (size_t)(a->end - p)) /* 0 octets have an address too */
		return arena_more(a, n);
	a->p += n;
	return p;
}

/* n octets aligned for any object, not cleared; NULL: no memory. */
static inline void *arena_alloc(struct arena *a, size_t n)
{
	size_t skip = (0 - (uintptr_t)a->p) & (alignof(max_align_t) - 1);
	uint8_t *p;

	if (skip >= (size_t)(a->end - a->p) ||
	    n > (size_t)(a->end - a->p) - skip)
		return arena_more(a, n);
	p = a->p + skip;
	a->p = p + n;
	return p;
}

/* count * size octets, cleared; NULL: no memory or overflow. */
void *arena_calloc(struct arena *a, size_t count, size_t size);
/* A copy; data is never NULL on success (an empty slice gives an empty
 * value).  data NULL: no memory. */
static inline struct sw_bytes arena_copy(struct arena *a, struct slice s)
{
	struct sw_bytes b = { NULL, 0 };
	uint8_t *p = arena_octets(a, s.len);

	if (!p)
		return b;
	slice_copy(p, s);
	b.data = p;
	b.len = s.len;
	return b;
}

/* realloc for count * size octets with overflow check; NULL: no memory,
 * p untouched. */
void *base_realloc_array(void *p, size_t count, size_t size);

/*
 * Make room for one more element in a growing array: *items (of size octets
 * each, *count used, *capacity allocated).  false: no memory, nothing
 * changed.  Doubles, so appending is linear over all.
 */
bool base_double(void **items, size_t *capacity, size_t size);
static inline bool base_grow(void **items, size_t count, size_t *capacity,
    size_t size)
{
	if (count >= *capacity && !base_double(items, capacity, size))
		return false;
	BASE_KNOWN(*items);
	return true;
}

#endif
