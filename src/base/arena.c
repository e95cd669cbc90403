/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arena.c - memory that is freed all at once */
#include "base/arena.h"

#include <stdlib.h>

enum { FIRST_BLOCK = 1024, LAST_BLOCK = 65536, LARGE_ITEM = 160 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* octets behind this head */
};

/* The head keeps what follows it aligned. */
static const size_t HEAD = (sizeof(struct arena_block) +
    alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

void arena_init(struct arena *a)
{
	a->blocks = NULL;
	a->p = a->end = a->kept = a->kept_end = NULL;
	a->size = a->total = 0;
}

static void free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
}

void arena_fini(struct arena *a)
{
	free_blocks(a->blocks);
	arena_init(a);
}

void arena_reset(struct arena *a)
{
	struct arena_block *b = a->blocks;

	if (!b)
		return;
	free_blocks(b->next);
	b->next = NULL;
	a->p = a->end = a->kept = (uint8_t *)b + HEAD;
	a->kept_end = a->kept + b->size;
	a->size = a->total = 0;
}

size_t arena_kept(const struct arena *a)
{
	return (size_t)(a->kept_end - a->kept);
}

/* A block of size octets out of what was kept; NULL: it has not as many. */
static uint8_t *take_kept(struct arena *a, size_t size)
{
	uint8_t *p = a->kept;
	size_t left = arena_kept(a);

	if (size > left)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	a->kept += size < left ? size : left;
	return p;
}

/* A large request does not displace the block that small ones come from. */
void *arena_more(struct arena *a, size_t n)
{
	/* Many a session needs a little more than the first. */
	size_t size = a->total <= FIRST_BLOCK ? FIRST_BLOCK : a->size * 2;
	bool apart;
	struct arena_block *b;
	uint8_t *p;

	if (size > LAST_BLOCK)
		size = LAST_BLOCK;
	if (n >= size)
		size = n + 1; /* 0 octets at the end have an address too */
	if (n >= SIZE_MAX - HEAD)
		return NULL;
	apart = size > LAST_BLOCK && a->size > 0;
	p = take_kept(a, size);
	if (!p) {
		b = malloc(HEAD + size);
		if (!b)
			return NULL;
		b->size = size;
		p = (uint8_t *)b + HEAD;
		if (apart) {
			b->next = a->blocks->next;
			a->blocks->next = b;
		} else {
			b->next = a->blocks;
			a->blocks = b;
		}
	}
	a->total += size;
	if (apart)
		return p;
	a->size = size;
	a->p = p + n;
	a->end = p + size;
	return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	void *p;

	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	p = arena_alloc(a, count * size);
	if (p)
		memset(p, 0, count * size);
	return p;
}

void *base_realloc_array(void *p, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	return realloc(p, count * size);
}

bool base_double(void **items, size_t *capacity, size_t size)
{
	size_t wanted;
	void *p;

	if (*capacity > SIZE_MAX / 2)
		return false;
	/* Most lists of large items hold no other. */
	wanted = *capacity ? *capacity * 2 : size > LARGE_ITEM ? 1 : 8;
	p = base_realloc_array(*items, wanted, size);
	if (!p)
		return false;
	*items = p;
	*capacity = wanted;
	return true;
}
