/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pile.c - octets of many bodies at once, in memory and in one file
 *
 * Theory of operation.  A body gathers its octets in memory.  When these are a
 * block, or memory is short, they go to a file without a name that all bodies
 * share, in blocks of one size; blocks that are given back serve others.  So
 * it takes one descriptor whatever is open.
 *
 * Limits: GATHER_TOTAL octets of memory over all bodies; beyond it they go to
 * the file at once.
 */
#include "emit/pile.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/part.h"

enum {
	TAIL_FIRST = 1024,
	BLOCK = 16384,
	GATHER_TOTAL = 16 << 20
};

/* --- blocks --------------------------------------------------------------- */

/* The file of blocks, which has no name; the lock is held. */
static int open_blocks(struct emit_pile *e)
{
	char *name;
	int error = part_create(e->base, &name, &e->fd);

	if (error != 0) {
		e->fd = -1;
		return error;
	}
	(void)unlink(name);
	free(name);
	return 0;
}

static int take_block(struct emit_pile *e, uint32_t *number_r)
{
	int error = 0;

	(void)pthread_mutex_lock(&e->lock);
	if (e->fd < 0)
		error = open_blocks(e);
	if (error == 0 && e->spare_count > 0)
		*number_r = e->spare[--e->spare_count];
	else if (error == 0 && e->block_count == UINT32_MAX)
		error = EFBIG;
	else if (error == 0)
		*number_r = e->block_count++;
	(void)pthread_mutex_unlock(&e->lock);
	return error;
}

/* Without memory for the list the blocks are lost, which costs room alone. */
static void give_blocks(struct emit_pile *e, struct emit_piled *m)
{
	size_t i;

	if (m->block_count == 0)
		return;
	(void)pthread_mutex_lock(&e->lock);
	for (i = 0; i < m->block_count; i++) {
		void *spare = e->spare;

		if (!base_grow(&spare, e->spare_count, &e->spare_capacity,
		    sizeof(*e->spare)))
			break;
		e->spare = spare;
		e->spare[e->spare_count++] = m->blocks[i];
	}
	(void)pthread_mutex_unlock(&e->lock);
	m->block_count = 0;
}

int emit_pile_write(int fd, const uint8_t *p, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = at < 0 ? write(fd, p, len) :
		    pwrite(fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		p += n;
		len -= (size_t)n;
		at += at < 0 ? 0 : n;
	}
	return 0;
}

static int add_block(struct emit_piled *m)
{
	void *blocks = m->blocks;
	int error;

	if (!base_grow(&blocks, m->block_count, &m->block_capacity,
	    sizeof(*m->blocks)))
		return ENOMEM;
	m->blocks = blocks;
	error = take_block(m->pile, &m->blocks[m->block_count]);
	if (error == 0) {
		m->block_count++;
		m->fill = 0;
	}
	return error;
}

/* Octets to the blocks, behind those that are there. */
static int put_blocks(struct emit_piled *m, const uint8_t *p, size_t len)
{
	int error = 0;

	while (len > 0 && error == 0) {
		size_t n;

		if (m->block_count == 0 || m->fill == BLOCK)
			error = add_block(m);
		if (error != 0)
			break;
		n = BLOCK - m->fill < len ? BLOCK - m->fill : len;
		error = emit_pile_write(m->pile->fd, p, n,
		    (off_t)m->blocks[m->block_count - 1] * BLOCK +
		    (off_t)m->fill);
		m->fill += n;
		p += n;
		len -= n;
	}
	return error;
}

/* --- gathering ------------------------------------------------------------ */

static void free_tail(struct emit_piled *m)
{
	if (m->tail_size > 0)
		atomic_fetch_sub_explicit(&m->pile->gathered,
		    m->tail_size, memory_order_relaxed);
	free(m->tail);
	m->tail = NULL;
	m->tail_len = m->tail_size = 0;
}

static void fail(struct emit_piled *m, int error)
{
	if (error == 0 || m->error != 0)
		return;
	m->error = error;
	give_blocks(m->pile, m);
	free_tail(m);
}

/* Room in memory for one octet more; false: none is to be had. */
static bool make_room(struct emit_piled *m)
{
	struct emit_pile *e = m->pile;
	size_t size = m->tail_size ? 2 * m->tail_size : TAIL_FIRST;
	uint8_t *p;

	if (m->tail_len < m->tail_size)
		return true;
	if (size > BLOCK || atomic_load_explicit(&e->gathered,
	    memory_order_relaxed) + size - m->tail_size > GATHER_TOTAL)
		return false;
	p = realloc(m->tail, size);
	if (!p)
		return false;
	atomic_fetch_add_explicit(&e->gathered, size - m->tail_size,
	    memory_order_relaxed);
	m->tail = p;
	m->tail_size = size;
	return true;
}

/* What is in memory goes to the blocks. */
static void flush_tail(struct emit_piled *m)
{
	int error = put_blocks(m, m->tail, m->tail_len);

	m->tail_len = 0;
	fail(m, error);
}

void emit_piled_add(struct emit_piled *m, struct slice s)
{
	while (s.len > 0 && m->error == 0) {
		size_t n;

		if (!make_room(m)) {
			flush_tail(m);
			if (m->error == 0 && m->tail_size == 0) {
				fail(m, put_blocks(m, s.p, s.len));
				return;
			}
			continue;
		}
		n = m->tail_size - m->tail_len;
		n = n < s.len ? n : s.len;
		memcpy(m->tail + m->tail_len, s.p, n);
		m->tail_len += n;
		s = slice_from(s, n);
	}
}

/* --- what is piled -------------------------------------------------------- */

static int read_block(const struct emit_pile *e, uint32_t number, size_t len,
    uint8_t *p)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(e->fd, p + done, len - done,
		    (off_t)number * BLOCK + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		done += (size_t)n;
	}
	return 0;
}

int emit_piled_tell(const struct emit_piled *m,
    void (*tell)(void *ctx, struct slice octets), void *ctx)
{
	uint8_t block[BLOCK];
	size_t i;

	for (i = 0; i < m->block_count; i++) {
		size_t n = i + 1 < m->block_count ? BLOCK : m->fill;
		int error = read_block(m->pile, m->blocks[i], n, block);

		if (error != 0)
			return error;
		tell(ctx, slice_make(block, n));
	}
	tell(ctx, slice_make(m->tail, m->tail_len));
	return 0;
}

void emit_piled_fini(struct emit_piled *m)
{
	give_blocks(m->pile, m);
	free_tail(m);
	free(m->blocks);
	m->blocks = NULL;
}

bool emit_pile_init(struct emit_pile *e, const char *base)
{
	memset(e, 0, sizeof(*e));
	e->fd = -1;
	e->base = strdup(base);
	if (e->base && pthread_mutex_init(&e->lock, NULL) == 0)
		return true;
	free(e->base);
	e->base = NULL;
	return false;
}

void emit_pile_fini(struct emit_pile *e)
{
	if (!e->base)
		return;
	if (e->fd >= 0)
		(void)close(e->fd);
	(void)pthread_mutex_destroy(&e->lock);
	free(e->spare);
	free(e->base);
	e->base = NULL;
}
