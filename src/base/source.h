/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h - one way to read octets: file, pipe, decompressor, memory
 *
 * A source hands out blocks: page-aligned buffers of SOURCE_BLOCK octets
 * with room in front for the tail of the block before, so that a record
 * that crosses the border is contiguous.  Blocks are counted references:
 * frames that point into a block stay valid while the block is held.
 *
 * Compressed input (gzip, xz, zstd, bzip2, lz4; libarchive) is recognized
 * by content and read as what it holds.
 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stdio.h>

#include "base/error.h"
#include "base/slice.h"

struct source;
struct source_block; /* opaque, counted */

/*
 * Open a file by name; "-" is standard input.  A directory, a file that
 * cannot be opened or read: SW_EREAD with a sentence.  tmpdir is where a
 * pipe is spooled if random access is asked of it (NULL: /tmp).
 */
enum sw_status source_open(const char *name, const char *tmpdir,
    struct source **s_r, struct sw_err *err) SW_MUST_USE;
/* Over memory that outlives the source; for tests and fuzzers. */
enum sw_status source_open_memory(struct slice octets, const char *name,
    struct source **s_r, struct sw_err *err) SW_MUST_USE;
void source_free(struct source **s);

/* As it was given to open; valid as long as the source. */
const char *source_name(const struct source *s);
/* Size in octets if that is known (a regular, uncompressed file), else 0. */
uint64_t source_size(const struct source *s);
/* Octets of the underlying file consumed so far (compressed ones if it is
 * compressed) and its size or 0; for progress. */
uint64_t source_position(const struct source *s, uint64_t *size_r);
/* "gzip", "xz", "zstd", "bzip2", "lz4"; NULL: not compressed. */
const char *source_compression(const struct source *s);

/*
 * The next octets, sequentially: at least `want` of them if the input has as
 * many, contiguous, as many more as the current block holds.  Nothing is
 * consumed: call source_skip.  The slice is valid until the next call of
 * source_peek on this source, longer if the block is held
 * (source_block_hold).  Fewer than want only at the end of input.  A read
 * error is told once as SW_EREAD (the octets before it have been handed out
 * first).
 *
 * wait == false: do not wait for a pipe once at least want octets are
 * there; a call never blocks for more than want.
 */
enum sw_status source_peek(struct source *s, size_t want,
    struct slice *octets_r, struct sw_err *err) SW_MUST_USE;
/* Consume n octets of those peeked, or skip further ahead: the rest is read
 * and dropped (or sought).  Skipping beyond the end is the end. */
enum sw_status source_skip(struct source *s, uint64_t n, struct sw_err *err)
    SW_MUST_USE;
/* Offset (in the uncompressed octets) of the next octet. */
uint64_t source_offset(const struct source *s);
/* Would source_peek(want) have to wait for the other end of a pipe, or read
 * a new block?  True: a good moment to run what has been batched. */
bool source_would_block(struct source *s, size_t want);

/* The block in which the octets last peeked lie; hold counts a reference,
 * which release gives back (NULL is allowed). */
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
