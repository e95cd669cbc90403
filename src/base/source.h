/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h - one way to read octets: file, pipe, decompressor, memory
 *
 * A source hands out blocks: page-aligned buffers of SOURCE_BLOCK octets
 * with room in front for the tail of the block before, so that a record
 * that crosses the border is contiguous.  Blocks are counted references:
 * frames that point into a block stay valid while the block is held.
 *
 * Compressed input (gzip, xz, zstd, bzip2, lz4) is recognized
 * by content and read as what it holds.
 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stdio.h>

#include "base/error.h"
#include "base/slice.h"

struct source;
struct source_block; /* opaque, counted */

/* What every source begins with: the octets read and not yet consumed, so
 * that peeking and skipping cost nothing while they last. */
struct source_view {
	const uint8_t *p, *end;
	uint64_t end_off; /* offset in the input of end */
};

/* A pipe or a compressed input is spooled no further than this: a Network
 * Monitor file has 32-bit offsets.  What lies behind is ignored. */
#define SOURCE_SPOOL_MAX (UINT64_C(5) << 30)

/*
 * Open a file by name; "-" is standard input.  A directory, a file that
 * cannot be opened or read: SW_EREAD with a sentence.  tmpdir is where a
 * pipe is spooled if random access is asked of it (NULL: /tmp).
 */
enum sw_status source_open(const char *name, const char *tmpdir,
    struct source **s_r, struct sw_err *err) SW_MUST_USE;
/*
 * The same, but once the descriptor stop_fd (0: none), which is borrowed, is
 * readable and the input is no regular file, this ends in a second: what comes
 * until then is read, as its writer may have been told to stop, too.
 */
enum sw_status source_open_until(const char *name, const char *tmpdir,
    int stop_fd, struct source **s_r, struct sw_err *err) SW_MUST_USE;
/* Over memory that outlives the source; for tests and fuzzers. */
enum sw_status source_open_memory(struct slice octets, const char *name,
    struct source **s_r, struct sw_err *err) SW_MUST_USE;
/*
 * Over what a function makes, as a pipe: read fills buf with up to len
 * octets, *got_r 0 is the end; its errors are told as the source's.  free is
 * called with the source's end (also if this fails); name is what it is
 * called.
 */
struct source_maker {
	void *ctx;
	enum sw_status (*read)(void *ctx, uint8_t *buf, size_t len,
	    size_t *got_r, struct sw_err *err);
	void (*free)(void *ctx);
};
enum sw_status source_open_made(const struct source_maker *maker,
    const char *name, const char *tmpdir, struct source **s_r,
    struct sw_err *err) SW_MUST_USE;
void source_free(struct source **s);

/*
 * Octets of several sources, one behind the other in an unlinked file: a
 * counted reference of one thread.  SW_EREAD: there is no room for it in
 * tmpdir (NULL: /tmp).
 */
struct source_store;
enum sw_status source_store_new(const char *tmpdir,
    struct source_store **s_r, struct sw_err *err) SW_MUST_USE;
void source_store_release(struct source_store **s);
/* Append; false: the disk is full, and some may have been appended. */
bool source_store_append(struct source_store *s, struct slice octets);
/* How many octets there are; keep only so many. */
uint64_t source_store_size(const struct source_store *s);
void source_store_cut(struct source_store *s, uint64_t size);
/* Over len octets of the store from off on, as a file that was changed at
 * modified_s.  Holds the store.  SW_EREAD, SW_ENOMEM. */
enum sw_status source_open_stored(struct source_store *store, uint64_t off,
    uint64_t len, int64_t modified_s, const char *name, struct source **s_r,
    struct sw_err *err) SW_MUST_USE;

/* What it takes to open a source once more. */
struct source_place {
	char *name, *tmpdir;
	struct source_store *store; /* NULL: a file of that name */
	uint64_t off, len;
	int64_t modified_s;
};
/* Has it a place, where it will be the same? */
bool source_has_place(const struct source *s);
/* Its name, and its place if it has one; to be given to source_place_fini
 * also when this fails: SW_ENOMEM. */
enum sw_status source_place_init(struct source_place *p,
    const struct source *s) SW_MUST_USE;
void source_place_fini(struct source_place *p);
enum sw_status source_open_place(const struct source_place *p,
    struct source **s_r, struct sw_err *err) SW_MUST_USE;

/* As it was given to open; valid as long as the source. */
const char *source_name(const struct source *s);
/* Size in octets if that is known (a regular, uncompressed file), else 0. */
uint64_t source_size(const struct source *s);
/* When the file was changed last, in seconds since 1970; 0: not a file. */
int64_t source_modified(const struct source *s);
/* Octets of the underlying file consumed so far (compressed ones if it is
 * compressed) and its size or 0; for progress. */
uint64_t source_position(const struct source *s, uint64_t *size_r);
/* "gzip", "xz", "zstd", "bzip2", "lz4"; NULL: not compressed. */
const char *source_compression(const struct source *s);

/* What was read so far is handed out, but no more could be: SW_EREAD, which is
 * then not told again; else SW_OK. */
enum sw_status source_failure(struct source *s, struct sw_err *err)
    SW_MUST_USE;

/* The slow ways of source_peek and source_skip. */
enum sw_status source_fill(struct source *s, size_t want,
    struct slice *octets_r, struct sw_err *err) SW_MUST_USE;
enum sw_status source_skip_far(struct source *s, uint64_t n,
    struct sw_err *err) SW_MUST_USE;

/*
 * The next octets, sequentially: at least `want` of them if the input has as
 * many, contiguous, as many more as the current block holds.  Nothing is
 * consumed: call source_skip.  The slice is valid until the next call of
 * source_peek on this source, longer if the block is held
 * (source_block_hold).  Fewer than want only at the end of input.  A read
 * error is told once as SW_EREAD, by the call that finds nothing left before
 * it: the octets before it are handed out first, as if the input ended.
 *
 * A call never waits for a pipe once want octets are there.
 */
static inline SW_MUST_USE enum sw_status source_peek(struct source *s,
    size_t want, struct slice *octets_r, struct sw_err *err)
{
	const struct source_view *v = (const struct source_view *)(void *)s;

	if ((size_t)(v->end - v->p) < want)
		return source_fill(s, want, octets_r, err);
	*octets_r = slice_make(v->p, (size_t)(v->end - v->p));
	return SW_OK;
}
/* Consume n octets of those peeked, or skip further ahead: the rest is read
 * and dropped (or sought).  Skipping beyond the end is the end. */
static inline SW_MUST_USE enum sw_status source_skip(struct source *s,
    uint64_t n, struct sw_err *err)
{
	struct source_view *v = (struct source_view *)(void *)s;

	if ((uint64_t)(v->end - v->p) < n)
		return source_skip_far(s, n, err);
	v->p += n;
	return SW_OK;
}
/* The next octets as far as they were read already; nothing is consumed. */
static inline struct slice source_ready(const struct source *s)
{
	const struct source_view *v =
	    (const struct source_view *)(const void *)s;

	return slice_make(v->p, (size_t)(v->end - v->p));
}
/* Consume n octets, no more than are ready. */
static inline void source_take(struct source *s, size_t n)
{
	struct source_view *v = (struct source_view *)(void *)s;

	v->p += n;
}
/* Offset (in the uncompressed octets) of the next octet. */
static inline uint64_t source_offset(const struct source *s)
{
	const struct source_view *v =
	    (const struct source_view *)(const void *)s;

	return v->end_off - (uint64_t)(v->end - v->p);
}
/* Would source_peek(want) have to wait for the other end of a pipe, or read
 * a new block?  True: a good moment to run what has been batched. */
static inline bool source_would_block(const struct source *s, size_t want)
{
	const struct source_view *v =
	    (const struct source_view *)(const void *)s;

	return (size_t)(v->end - v->p) < want;
}
/* Can reading wait for another program (a pipe, a terminal)? */
bool source_is_stream(const struct source *s);

/* The block in which the octets last peeked (or read by source_read_at) lie;
 * hold counts a reference, which release gives back (NULL is allowed), in any
 * thread and also after the source is freed.  NULL over memory: its octets
 * outlive the source. */
struct source_block *source_block_hold(struct source *s);
void source_block_release(struct source_block **b);

/*
 * Random access, for formats with tables (Network Monitor).  A pipe or a
 * compressed input is first spooled to an unlinked file in tmpdir; only
 * possible while nothing was skipped.  After it, source_read_at may be used.
 */
enum sw_status source_make_random(struct source *s, struct sw_err *err)
    SW_MUST_USE;
/* Total size after source_make_random. */
uint64_t source_random_size(const struct source *s);
/*
 * Contiguous octets at an offset: exactly n, or fewer where the input ends.
 * Served from a window of blocks: ascending reads cost one read a block.
 * The slice lies in a block that source_block_hold then holds.
 */
enum sw_status source_read_at(struct source *s, uint64_t off, size_t n,
    struct slice *octets_r, struct sw_err *err) SW_MUST_USE;

#endif
