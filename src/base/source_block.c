/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source_block.c - the blocks of a source, counted and used again
 *
 * Theory of operation.  A block is SOURCE_HEADROOM octets and, page-aligned
 * behind them, SOURCE_BLOCK octets that read(2) fills.  A block that nobody
 * holds is used again at once (it is still in the processor's cache); one
 * that is held comes back through a pool when its last holder releases it, in
 * whatever thread.
 */
#include "base/source_internal.h"

#include <pthread.h>
#include <stdlib.h>

/* Blocks that wait to be used again. */
#define POOL_FREE_MAX 8

struct source_pool {
	pthread_mutex_t lock;
	struct source_block *free; /* linked by next */
	unsigned free_count;
	size_t live; /* blocks that exist, and 1 for the source */
	bool closed; /* the source is gone */
};

struct source_pool *source_pool_new(void)
{
	struct source_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (pthread_mutex_init(&p->lock, NULL) != 0) {
		free(p);
		return NULL;
	}
	p->live = 1;
	return p;
}

/* With the lock held, which it gives back. */
static void drop_pool(struct source_pool *p)
{
	bool last = --p->live == 0;

	pthread_mutex_unlock(&p->lock);
	if (last) {
		pthread_mutex_destroy(&p->lock);
		free(p);
	}
}

static void free_block(struct source_block *b)
{
	free(b->start);
	free(b);
}

static struct source_block *new_block(struct source_pool *pool, size_t headroom,
    size_t size)
{
	struct source_block *b = calloc(1, sizeof(*b));
	void *start = NULL;

	if (!b)
		return NULL;
	if (posix_memalign(&start, SOURCE_PAGE, headroom + size) != 0) {
		free(b);
		return NULL;
	}
	b->start = start;
	b->pool = pool;
	b->headroom = headroom;
	b->size = size;
	atomic_init(&b->holders, 1);
	pthread_mutex_lock(&pool->lock);
	pool->live++;
	pthread_mutex_unlock(&pool->lock);
	return b;
}

static bool is_standard(const struct source_block *b)
{
	return b->headroom == SOURCE_HEADROOM && b->size == SOURCE_BLOCK;
}

struct source_block *source_block_take(struct source_pool *pool,
    size_t headroom, size_t size)
{
	struct source_block *b = NULL;

	if (headroom == SOURCE_HEADROOM && size == SOURCE_BLOCK) {
		pthread_mutex_lock(&pool->lock);
		b = pool->free;
		if (b) {
			pool->free = b->next;
			pool->free_count--;
			atomic_store(&b->holders, 1);
		}
		pthread_mutex_unlock(&pool->lock);
	}
	return b ? b : new_block(pool, headroom, size);
}

void source_block_release(struct source_block **block)
{
	struct source_block *b = *block;
	struct source_pool *pool;

	*block = NULL;
	if (!b || atomic_fetch_sub(&b->holders, 1) != 1)
		return;
	pool = b->pool;
	pthread_mutex_lock(&pool->lock);
	if (is_standard(b) && !pool->closed &&
	    pool->free_count < POOL_FREE_MAX) {
		b->next = pool->free;
		pool->free = b;
		pool->free_count++;
		pthread_mutex_unlock(&pool->lock);
		return;
	}
	free_block(b);
	drop_pool(pool);
}

void source_pool_close(struct source_pool *pool)
{
	struct source_block *b;

	pthread_mutex_lock(&pool->lock);
	pool->closed = true;
	while ((b = pool->free)) {
		pool->free = b->next;
		free_block(b);
		pool->live--;
	}
	drop_pool(pool);
}
