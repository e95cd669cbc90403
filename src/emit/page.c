/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.c - sessions and pairs to rows and chunks, see page.h */
#include "emit/page.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "emit/page_parts.h"
#include "emit/report.h"

enum {
	ROWS_A_BLOCK = 4096,
	BLOCK_OCTETS = 4 << 20,
	/* A chunk is unpacked as a whole to look at one transcript. */
	CHUNK_ENTRIES = 64,
	CHUNK_OCTETS = 256 << 10,
	/* A longer transcript is left out: no one reads it in a page, and
	 * the page would need its room several times over. */
	ENTRY_OCTETS = 16 << 20,
	/* Rows beyond are left out: a million of them are no page. */
	ROWS_OCTETS = 20000000,
	ROWS_USUAL_OCTETS = 10000000,
	/* Tags around a part; base64 comes on top. */
	PART_TAGS = 64
};

static enum sw_status no_memory(struct sw_err *err)
{
	return base_error_set(err, SW_ENOMEM, "out of memory");
}

static void put(struct buffer *b, const char *text)
{
	(void)buffer_append_str(b, text);
}

/* --- parts ---------------------------------------------------------------- */

uint64_t page_part_octets(size_t len)
{
	return ((uint64_t)len + 2) / 3 * 4 + PART_TAGS;
}

enum sw_status page_deflate(struct slice octets, struct buffer *out,
    struct sw_err *err)
{
	uLongf len = compressBound((uLong)octets.len);

	buffer_clear(out);
	if (!buffer_reserve(out, len) || compress2(out->p, &len, octets.p,
	    (uLong)octets.len, Z_DEFAULT_COMPRESSION) != Z_OK)
		return no_memory(err);
	out->len = len;
	return SW_OK;
}

static enum sw_status add_part(struct page *p, enum part_kind kind,
    struct slice octets, uint32_t entries, struct sw_err *err)
{
	void *parts = p->parts;
	enum sw_status status;
	struct part *part;

	if (!base_grow(&parts, p->part_count, &p->part_capacity,
	    sizeof(*p->parts)))
		return no_memory(err);
	p->parts = parts;
	part = &p->parts[p->part_count];
	part->kind = kind;
	part->entries = entries;
	status = page_deflate(octets, &p->packed, err);
	if (status == SW_OK)
		status = scratch_append(p->scratch, buffer_slice(&p->packed),
		    &part->offset, err);
	if (status != SW_OK)
		return status;
	part->len = p->packed.len;
	p->part_count++;
	return SW_OK;
}

static enum sw_status end_chunk(struct page *p, enum part_kind kind,
    struct sw_err *err)
{
	struct chunk *c = &p->chunks[kind];
	enum sw_status status;

	if (c->entries == 0)
		return SW_OK;
	status = add_part(p, kind, buffer_slice(&c->lines), c->entries, err);
	c->octets += page_part_octets(p->packed.len);
	buffer_clear(&c->lines);
	c->entries = 0;
	c->number++;
	return status;
}

static enum sw_status end_rows(struct page *p, struct sw_err *err)
{
	uint32_t count = (uint32_t)p->rows.count;
	enum sw_status status;

	if (count == 0)
		return SW_OK;
	buffer_clear(&p->entry);
	if (!page_rows_take(&p->rows, &p->entry))
		return no_memory(err);
	status = add_part(p, PART_ROWS, buffer_slice(&p->entry), count, err);
	p->rows_octets += page_part_octets(p->packed.len);
	return status;
}

enum sw_status page_put_aside(struct page *p, struct sw_err *err)
{
	enum sw_status status = end_chunk(p, PART_FIRST, err);

	if (status == SW_OK)
		status = end_chunk(p, PART_USUAL, err);
	if (status == SW_OK)
		status = end_rows(p, err);
	if (status == SW_OK)
		status = scratch_finish(p->scratch, err);
	return status;
}

/* --- transcripts ---------------------------------------------------------- */

/* The session's JSON without the line's end. */
static bool put_session(struct page *p, const struct sw_session *s)
{
	if (!s) {
		put(&p->entry, "null");
		return true;
	}
	if (!emit_jsonl(&p->entry, s, &p->options))
		return false;
	p->entry.len--;
	return true;
}

/* Event numbers from 1, 0: none; 1: a finding is about the row. */
static void put_rows(struct buffer *b, const struct sw_pair *pair)
{
	size_t i;

	put(b, ",\"rows\":[");
	for (i = 0; i < pair->row_count; i++) {
		put(b, i > 0 ? ",[" : "[");
		(void)buffer_append_u64(b, pair->rows[i].left);
		put(b, ",");
		(void)buffer_append_u64(b, pair->rows[i].right);
		put(b, pair->rows[i].found ? ",1]" : ",0]");
	}
	put(b, "]");
}

/* One line of a chunk; false: memory, or it is too long (then the entry is
 * full). */
static bool compose(struct page *p, const struct page_row *row)
{
	struct buffer *b = &p->entry;

	buffer_clear(b);
	put(b, "{\"left\":");
	if (!put_session(p, row->sides[0]))
		return false;
	put(b, ",\"right\":");
	if (!put_session(p, row->sides[1]))
		return false;
	if (row->pair) {
		put_rows(b, row->pair);
		put(b, ",\"pair\":");
		if (!report_json_pair_object(b, row->pair))
			return false;
	}
	put(b, "}\n");
	return !b->failed && !b->full;
}

/* Fills in where the transcript is to be found. */
static enum sw_status add_transcript(struct page *p, enum part_kind kind,
    struct page_row *row, struct sw_err *err)
{
	struct chunk *c = &p->chunks[kind];

	row->chunk = -1;
	if (c->octets > p->room[kind] || !compose(p, row)) {
		c->left_out++;
		return p->entry.failed ? no_memory(err) : SW_OK;
	}
	if (!buffer_append_slice(&c->lines, buffer_slice(&p->entry)))
		return no_memory(err);
	row->chunk = (int64_t)c->number * 2 + (int64_t)kind;
	row->entry = c->entries++;
	if (c->entries < CHUNK_ENTRIES && c->lines.len < CHUNK_OCTETS)
		return SW_OK;
	return end_chunk(p, kind, err);
}

static enum sw_status add(struct page *p, enum part_kind kind,
    struct page_row *row, struct sw_err *err)
{
	enum sw_status status;

	if (p->rows_octets > p->rows_room[kind]) {
		p->rows_left_out++;
		return SW_OK;
	}
	row->no_times = p->options.no_times;
	status = add_transcript(p, kind, row, err);
	if (status != SW_OK)
		return status;
	if (!page_rows_add(&p->rows, row))
		return no_memory(err);
	p->rows_told++;
	if (p->rows.count < ROWS_A_BLOCK && p->rows.octets < BLOCK_OCTETS)
		return SW_OK;
	return end_rows(p, err);
}

/* --- what is added -------------------------------------------------------- */

enum sw_status page_session(struct page *p, const struct sw_session *s,
    bool failed, struct sw_err *err)
{
	struct page_row row = { .verdict = failed ? PAGE_FAILED : PAGE_FINE,
		.sides = { s, NULL } };

	return add(p, failed ? PART_FIRST : PART_USUAL, &row, err);
}

enum sw_status page_pair(struct page *p, const struct sw_pair *pair,
    struct sw_err *err)
{
	struct page_row row = { .pair = pair,
		.sides = { pair->left, pair->right } };

	row.verdict = pair->verdict == SW_AGREES ? PAGE_AGREES :
	    pair->verdict == SW_DIFFERS ? PAGE_DIFFERS : PAGE_UNDECIDABLE;
	return add(p, pair->verdict == SW_AGREES && pair->finding_count == 0 ?
	    PART_USUAL : PART_FIRST, &row, err);
}

enum sw_status page_only(struct page *p, const struct sw_session *s,
    enum sw_side side, enum sw_only_reason reason, struct sw_err *err)
{
	struct page_row row = { .reason = sw_only_reason_name(reason) };

	row.verdict = side == SW_LEFT ? PAGE_LEFT_ONLY : PAGE_RIGHT_ONLY;
	row.sides[side == SW_LEFT ? 0 : 1] = s;
	return add(p, reason == SW_UNEXPLAINED ? PART_FIRST : PART_USUAL,
	    &row, err);
}

enum sw_status page_new(const char *tmpdir, const struct emit_options *o,
    struct page **p_r, struct sw_err *err)
{
	struct page *p = calloc(1, sizeof(*p));
	enum sw_status status;

	*p_r = p;
	if (!p)
		return no_memory(err);
	p->options = *o;
	p->options.normal = p->options.color = false;
	p->room[PART_FIRST] = PAGE_OCTETS;
	p->room[PART_USUAL] = PAGE_USUAL_OCTETS;
	p->rows_room[PART_FIRST] = ROWS_OCTETS;
	p->rows_room[PART_USUAL] = ROWS_USUAL_OCTETS;
	buffer_init(&p->chunks[0].lines, SIZE_MAX / 2);
	buffer_init(&p->chunks[1].lines, SIZE_MAX / 2);
	buffer_init(&p->entry, ENTRY_OCTETS);
	buffer_init(&p->packed, SIZE_MAX / 2);
	page_rows_init(&p->rows);
	status = scratch_new(tmpdir, &p->scratch, err);
	if (status != SW_OK)
		page_free(p_r);
	return status;
}

void page_free(struct page **pp)
{
	struct page *p = *pp;

	if (!p)
		return;
	*pp = NULL;
	scratch_free(&p->scratch);
	free(p->parts);
	buffer_fini(&p->chunks[0].lines);
	buffer_fini(&p->chunks[1].lines);
	buffer_fini(&p->entry);
	buffer_fini(&p->packed);
	page_rows_fini(&p->rows);
	free(p);
}
