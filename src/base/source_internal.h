/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source_internal.h - what the files of source.c share */
#ifndef BASE_SOURCE_INTERNAL_H
#define BASE_SOURCE_INTERNAL_H

#include <stdatomic.h>

#include "base/decompress.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/source.h"

#define SOURCE_PAGE 4096u
/* Room for the tail of a block: a frame of libpcap's greatest length. */
#define SOURCE_HEADROOM (262144u + SOURCE_PAGE)

/* --- source_block.c ------------------------------------------------------ */

struct source_pool;

struct source_block {
	struct source_block *next;
	struct source_pool *pool;
	atomic_uint holders;
	uint8_t *start;  /* of its memory, page-aligned */
	size_t headroom; /* a multiple of SOURCE_PAGE */
	size_t size;     /* behind the headroom */
};

/* NULL: no memory. */
struct source_pool *source_pool_new(void);
/* The source is gone; blocks that are held live on. */
void source_pool_close(struct source_pool *pool);
/* A block with one holder; NULL: no memory. */
struct source_block *source_block_take(struct source_pool *pool,
    size_t headroom, size_t size);
/* To whole pages. */
static inline size_t source_round_up(size_t n)
{
	return (n + SOURCE_PAGE - 1) / SOURCE_PAGE * SOURCE_PAGE;
}

/* --- the source ---------------------------------------------------------- */

enum source_kind { KIND_MEMORY, KIND_FILE, KIND_STREAM };

struct source {
	struct source_view view; /* first: the header casts to it */
	enum source_kind kind;
	char *name, *tmpdir;
	struct source_pool *pool;
	struct source_block *block;  /* of the view; NULL at first */
	struct source_block *window; /* of source_read_at */
	struct source_block *last;   /* the one of both used last */
	uint8_t *fill;               /* where the block's data ends */
	bool eof;
	bool failed; /* err is to be told */
	struct sw_err err;

	struct source_maker maker; /* read is NULL: fd */
	int fd;
	bool close_fd;
	int stop_fd;       /* 0: none */
	int64_t stop_ns;   /* when to stop, by the monotonic clock; 0: not */
	uint64_t base;     /* file offset at which reading began */
	uint64_t consumed; /* octets of fd read */
	struct slice head; /* read for the probe, not yet given out */
	uint8_t head_octets[DECOMPRESS_HEAD];
	struct decompress *decompress;
	const char *compression;

	struct source_store *store; /* fd is its: base and stored_len */
	uint64_t stored_len;
	int64_t modified_s;

	int spool_fd;        /* -1: none */
	uint64_t replay;     /* octets of the spool to be read again ... */
	uint64_t replay_off; /* ... from here */
	struct slice carry;  /* those that no longer went into the spool */
	uint8_t *carry_octets;
	bool random;
	uint64_t random_size;
	struct slice memory;
	uint64_t window_off;
	size_t window_len;
	size_t window_want;
};

static inline size_t source_view_len(const struct source *s)
{
	return (size_t)(s->view.end - s->view.p);
}

/* Sentences for err; each returns its status. */
static inline enum sw_status source_no_memory(struct sw_err *err)
{
	return base_error_set(err, SW_ENOMEM, "out of memory");
}
enum sw_status source_read_failed(const struct source *s, int error,
    struct sw_err *err);

/* The size of a regular file from where reading began; 0: none. */
uint64_t source_file_size(const struct source *s);
/* The next octets as the input has them, compressed or not. */
enum sw_status source_read_raw(void *ctx, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err);
/* Octets at an offset of a file: all of them, or up to its end. */
enum sw_status source_read_at_fd(struct source *s, int fd, uint8_t *buf,
    size_t len, uint64_t off, size_t *got_r, struct sw_err *err);
/* An unlinked file in a folder; -1. */
int source_make_spool(const char *dir);
/* How many octets could be written; all, or the disk is full. */
size_t source_write_all(int fd, struct slice octets);
struct source_store *source_store_hold(struct source_store *s);
int source_store_fd(const struct source_store *s);
const char *source_store_tmpdir(const struct source_store *s);
/* Let the next read start a block. */
void source_empty_view(struct source *s);

#endif
