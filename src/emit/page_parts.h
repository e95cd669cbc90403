/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_parts.h - what the files of the page share: parts put aside */
#ifndef EMIT_PAGE_PARTS_H
#define EMIT_PAGE_PARTS_H

#include "base/scratch.h"
#include "emit/page.h"
#include "emit/page_rows.h"

/* What matters, what does not; rows. */
enum part_kind { PART_FIRST, PART_USUAL, PART_ROWS, PART_KIND_COUNT };

/* A deflated stretch of the temporary file. */
struct part {
	enum part_kind kind;
	uint32_t entries; /* transcripts or rows */
	uint64_t offset;
	size_t len;
};

/* Transcripts of one kind, a line each, until they are a chunk. */
struct chunk {
	struct buffer lines;
	uint32_t entries;
	uint32_t number;   /* of this chunk among its kind */
	uint64_t octets;   /* of the parts so far, as they are told */
	uint64_t left_out; /* transcripts; beyond what fits, or too long */
};

struct page {
	struct emit_options options;
	struct scratch *scratch;
	struct part *parts;
	size_t part_count, part_capacity;
	struct chunk chunks[2];      /* PART_FIRST, PART_USUAL */
	/* How large the page may be with each of them, and its rows. */
	uint64_t room[2], rows_room[2];
	struct page_rows rows;
	uint64_t rows_octets;        /* as they are told */
	uint64_t rows_told, rows_left_out;
	struct buffer entry, packed; /* of the moment */
};

/* Octets that a part of len takes in the page. */
uint64_t page_part_octets(size_t len);
/* Put what the chunks and rows hold aside. */
enum sw_status page_put_aside(struct page *p, struct sw_err *err)
    SW_MUST_USE;
/* Deflate octets into out, which is cleared before (zlib's form). */
enum sw_status page_deflate(struct slice octets, struct buffer *out,
    struct sw_err *err) SW_MUST_USE;

#endif
