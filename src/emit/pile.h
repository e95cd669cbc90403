/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pile.h - octets of many bodies at once, in memory and in one file
 *
 * A body belongs to one thread at a time; several threads may have bodies of
 * one pile.
 */
#ifndef EMIT_PILE_H
#define EMIT_PILE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/slice.h"

struct emit_pile {
	char *base; /* its file is made beside that; heap */
	atomic_size_t gathered; /* octets of memory in all bodies */
	pthread_mutex_t lock;   /* of what follows */
	int fd;                 /* -1: no file was needed yet */
	uint32_t block_count;
	uint32_t *spare;        /* blocks that nobody has; heap */
	size_t spare_count, spare_capacity;
};

/* Zero but for the pile at first. */
struct emit_piled {
	struct emit_pile *pile;
	uint32_t *blocks;    /* in the file; heap */
	size_t block_count, block_capacity;
	size_t fill;         /* octets in the last of them */
	uint8_t *tail;       /* what stands behind them; heap */
	size_t tail_len, tail_size;
	int error;           /* errno of what failed first, 0 */
};

/* Nothing is opened yet.  false: no memory. */
bool emit_pile_init(struct emit_pile *e, const char *base);
/* All bodies are freed before. */
void emit_pile_fini(struct emit_pile *e);

/* Octets behind the others; what fails is kept in error, and frees all. */
void emit_piled_add(struct emit_piled *m, struct slice octets);
/* Tell all octets in pieces, which are valid during the call; 0 or an errno
 * value. */
int emit_piled_tell(const struct emit_piled *m,
    void (*tell)(void *ctx, struct slice octets), void *ctx);
void emit_piled_fini(struct emit_piled *m);

/* Write all octets, at a place or (-1) where the file is; 0 or an errno
 * value. */
int emit_pile_write(int fd, const uint8_t *p, size_t len, off_t at);

#endif
