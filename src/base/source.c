/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.c - one way to read octets: file, pipe, decompressor, memory
 *
 * Theory of operation.  When what was asked for crosses the end of a block
 * (source_block.c), the tail is copied in front of the next block's data, so
 * that every octet is copied once at most and the big reads stay aligned.
 *
 * A pipe gives little at a time: its octets are appended to the same block
 * until that is full.  A request larger than a block gets a block of its own
 * size and half as much again, so that a row of large requests still copies
 * each octet a constant number of times.
 *
 * A read error is kept until the octets before it have been consumed.
 */
#include "base/source_internal.h"

#include <unistd.h>

/* A skip of at least this is sought, not read. */
#define SEEK_MIN 262144u

/* What a failed attempt to spool had read already. */
static enum sw_status read_again(struct source *s, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	enum sw_status status;

	if (s->replay == 0) {
		*got_r = len < s->carry.len ? len : s->carry.len;
		memcpy(buf, s->carry.p, *got_r);
		s->carry = slice_from(s->carry, *got_r);
		return SW_OK;
	}
	if (len > s->replay)
		len = (size_t)s->replay;
	status = source_read_at_fd(s, s->spool_fd, buf, len, s->replay_off,
	    got_r, err);
	s->replay -= *got_r > 0 ? *got_r : s->replay;
	s->replay_off += *got_r;
	return status;
}

/* The next octets of the input, decompressed. */
static enum sw_status read_next(struct source *s, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	if (s->replay > 0 || s->carry.len > 0)
		return read_again(s, buf, len, got_r, err);
	if (s->decompress)
		return decompress_read(s->decompress, buf, len, got_r, err);
	return source_read_raw(s, buf, len, got_r, err);
}

static size_t room(const struct source *s)
{
	if (!s->block)
		return 0;
	return (size_t)(s->block->start + s->block->headroom +
	    s->block->size - s->fill);
}

/* A block in which want octets have room, the tail in front of its data. */
static enum sw_status renew(struct source *s, size_t want)
{
	size_t tail = source_view_len(s);
	size_t headroom = SOURCE_HEADROOM, size = SOURCE_BLOCK;
	struct source_block *b = s->block;

	if (want > SIZE_MAX / 4)
		return SW_ENOMEM;
	if (tail > headroom)
		headroom = source_round_up(tail);
	if (want > tail && want - tail > size)
		size = source_round_up(want - tail);
	if (want > SOURCE_BLOCK)
		size += source_round_up(want / 2);
	if (!b || b->headroom != headroom || b->size != size ||
	    atomic_load(&b->holders) != 1) {
		b = source_block_take(s->pool, headroom, size);
		if (!b)
			return SW_ENOMEM;
	}
	memmove(b->start + headroom - tail, s->view.p, tail);
	if (b != s->block) {
		source_block_release(&s->block);
		s->block = b;
	}
	s->fill = b->start + headroom;
	s->view.p = s->fill - tail;
	s->view.end = s->fill;
	return SW_OK;
}

enum sw_status source_fill(struct source *s, size_t want,
    struct slice *octets_r, struct sw_err *err)
{
	s->last = s->block;
	*octets_r = slice_make(s->view.p, source_view_len(s));
	while (source_view_len(s) < want && !s->eof) {
		size_t got;

		if (room(s) < want - source_view_len(s) || room(s) == 0) {
			if (renew(s, want) != SW_OK)
				return source_no_memory(err);
		}
		if (read_next(s, s->fill, room(s), &got, &s->err) != SW_OK)
			s->failed = true;
		else if (got == 0 && s->replay == 0 && s->carry.len == 0)
			s->eof = true;
		if (s->failed)
			s->eof = true;
		s->fill += got;
		s->view.end = s->fill;
		s->view.end_off += got;
	}
	s->last = s->block;
	*octets_r = slice_make(s->view.p, source_view_len(s));
	return want > 0 && source_view_len(s) == 0 ? source_failure(s, err) :
	    SW_OK;
}

enum sw_status source_failure(struct source *s, struct sw_err *err)
{
	if (!s->failed)
		return SW_OK;
	s->failed = false;
	if (err)
		*err = s->err;
	return s->err.status;
}

void source_empty_view(struct source *s)
{
	s->view.p = s->view.end;
	if (s->block) {
		s->fill = s->block->start + s->block->headroom +
		    s->block->size;
		s->view.p = s->view.end = s->fill;
	}
}

/* Move the file's offset, no further than its end; false: not possible. */
static bool seek_ahead(struct source *s, uint64_t n)
{
	uint64_t size = source_file_size(s), left;

	if (s->kind != KIND_FILE || s->decompress || s->eof ||
	    s->replay > 0 || s->carry.len > 0 || s->head.len > 0 ||
	    n < SEEK_MIN || size < s->consumed)
		return false;
	left = size - s->consumed;
	if (n > left)
		n = left;
	if (!s->store && lseek(s->fd, (off_t)n, SEEK_CUR) < 0)
		return false;
	s->consumed += n;
	s->view.end_off += n;
	return true;
}

enum sw_status source_skip_far(struct source *s, uint64_t n,
    struct sw_err *err)
{
	struct slice octets;

	while (n > source_view_len(s)) {
		enum sw_status status;

		n -= source_view_len(s);
		source_empty_view(s);
		if (seek_ahead(s, n))
			return SW_OK;
		/* An error at the end is left to be told by source_peek. */
		if (s->eof)
			return SW_OK;
		status = source_fill(s, 1, &octets, NULL);
		if (status == SW_ENOMEM)
			return source_no_memory(err);
		if (status != SW_OK)
			s->failed = true;
	}
	s->view.p += n;
	return SW_OK;
}

struct source_block *source_block_hold(struct source *s)
{
	if (s->last)
		atomic_fetch_add(&s->last->holders, 1);
	return s->last;
}
