/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng_block.c - the row of blocks that a pcapng file is
 *
 * Damage: a block whose body makes no sense is skipped by its length.  When
 * the length itself makes no sense (the two differ and no block follows), the
 * next block is searched: a known type with two equal lengths, which is as
 * good as certain.  A last block that the file's end cuts is handed out as
 * far as it goes.
 */
#include "capture/pcapng_internal.h"

#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
/* A pipe does not tell whether it has as many octets as a long block: longer
 * than this is damage. */
#define BLOCK_BELIEVED (256u << 20)
/* No longer one is believed when blocks are searched. */
#define SEARCH_MAX (1u << 20)

static bool is_known(uint32_t type)
{
	return type - 1 < BLOCK_SECRETS || type == BLOCK_SECTION ||
	    type == BLOCK_CUSTOM || type == BLOCK_CUSTOM_NO_COPY;
}

bool pcapng_get_order(struct slice octets, bool *big_r)
{
	struct cursor c = cursor_make(slice_from(octets, BLOCK_HEAD));
	struct cursor d = c;

	*big_r = cursor_be32(&c) == BYTE_ORDER_MAGIC;
	return *big_r || cursor_le32(&d) == BYTE_ORDER_MAGIC;
}

bool pcapng_get_head(const struct pcapng *p, struct slice octets,
    uint32_t *type_r, uint32_t *len_r, bool *big_r)
{
	struct cursor c = cursor_make(octets);

	*big_r = p->big;
	*type_r = cursor_x32(&c, p->big);
	if (*type_r == BLOCK_SECTION && !pcapng_get_order(octets, big_r))
		return false;
	*len_r = cursor_x32(&c, *big_r);
	return !c.bad && *len_r >= BLOCK_MIN;
}

bool pcapng_has_trailer(struct slice octets, size_t at, uint32_t len,
    bool big)
{
	struct cursor c = cursor_make(slice_from(octets, at));

	return cursor_x32(&c, big) == len && !c.bad;
}

/* Does a block begin here that is whole and has two equal lengths?  More
 * octets are needed to say so if *want_r is more than there are. */
static bool is_block(const struct pcapng *p, struct slice octets,
    size_t *want_r)
{
	uint32_t type, len;
	bool big;

	*want_r = 0;
	if (!pcapng_get_head(p, octets, &type, &len, &big) || !is_known(type) ||
	    len % 4 != 0 || len > SEARCH_MAX)
		return false;
	*want_r = len;
	return len <= octets.len &&
	    pcapng_has_trailer(octets, len - 4, len, big);
}

/* Is there a block within the last octets of the file, behind the first? */
static bool has_blocks(const struct pcapng *p, struct slice octets)
{
	size_t i, want;

	for (i = 1; i < octets.len; i++)
		if (is_block(p, slice_from(octets, i), &want))
			return true;
	return false;
}

/* Consume up to the next block; *found_r false: there is none. */
static enum sw_status search(struct pcapng *p, bool *found_r,
    struct sw_err *err)
{
	struct source *s = p->in.source;
	enum sw_status status = source_skip(s, 1, err);

	*found_r = false;
	while (status == SW_OK && !*found_r) {
		struct slice octets;
		size_t i = 0, want = 0;

		status = source_peek(s, BLOCK_MIN, &octets, err);
		if (status != SW_OK)
			break;
		if (octets.len < BLOCK_MIN)
			return source_skip(s, octets.len, err);
		for (; octets.len - i >= BLOCK_MIN && want == 0; i++)
			*found_r = is_block(p, slice_from(octets, i), &want);
		if (want > 0) /* it broke the loop, one too far */
			i--;
		status = source_skip(s, i, err);
		if (status != SW_OK || want == 0 || *found_r)
			continue;
		status = source_peek(s, want, &octets, err);
		if (status != SW_OK)
			break;
		*found_r = is_block(p, octets, &want);
		if (!*found_r)
			status = source_skip(s, 1, err);
	}
	return status;
}

enum sw_status pcapng_skip_damage(struct pcapng *p, struct sw_err *err)
{
	uint64_t start = source_offset(p->in.source);
	bool found;
	enum sw_status status = search(p, &found, err);
	uint64_t skipped = source_offset(p->in.source) - start;

	capture_warn_record(&p->in, start, found ?
	    "damaged block, %llu octets skipped" :
	    "damaged block, nothing readable in the %llu octets",
	    (unsigned long long)skipped);
	return status;
}

/* A block that reaches beyond the end of the file. */
static enum pcapng_look look_cut(struct pcapng *p, struct slice octets,
    bool big, struct pcapng_block *b)
{
	bool section_big = p->big;
	enum pcapng_look result = LOOK_BLOCK;

	p->big = big;
	if (has_blocks(p, octets))
		result = LOOK_DAMAGE;
	p->big = section_big;
	b->cut = true;
	b->len = octets.len;
	b->body = slice_from(octets, BLOCK_HEAD);
	return result;
}

/* The two lengths differ.  Padding that was not counted is made up for; a
 * wrong second length does no harm if another block (or the end) follows. */
static bool mend(struct pcapng *p, struct slice octets, uint32_t len,
    bool big, struct pcapng_block *b)
{
	size_t padded = ((size_t)len + 3) / 4 * 4, want;
	struct slice behind = slice_from(octets, len);
	uint32_t type, next_len;

	if (padded != len && pcapng_has_trailer(octets, padded - 4, len, big)) {
		b->len = padded;
		return true;
	}
	if (len % 4 != 0 || !is_known(b->type))
		return false;
	if (behind.len > 0 && !is_block(p, behind, &want) &&
	    !(pcapng_get_head(p, behind, &type, &next_len, &big) &&
	    is_known(type) && next_len % 4 == 0 && next_len <= BLOCK_MAX))
		return false;
	capture_warn(&p->in, source_offset(p->in.source),
	    "the two lengths of a block differ");
	return true;
}

static bool is_beyond(const struct source *s, uint64_t len)
{
	uint64_t size = source_size(s);

	return size > 0 && len > size - source_offset(s);
}

enum sw_status pcapng_look(struct pcapng *p, struct pcapng_block *b,
    enum pcapng_look *look_r, struct sw_err *err)
{
	struct source *s = p->in.source;
	struct slice octets;
	uint32_t len = 0;
	bool big = false, sane;
	enum sw_status status = source_peek(s, BLOCK_MIN, &octets, err);

	b->cut = false;
	*look_r = LOOK_END;
	if (status != SW_OK || octets.len == 0)
		return status;
	b->type = 0;
	if (octets.len < BLOCK_MIN) {
		*look_r = look_cut(p, octets, p->big, b);
		return SW_OK;
	}
	sane = pcapng_get_head(p, octets, &b->type, &len, &big);
	b->len = len;
	*look_r = LOOK_DAMAGE;
	if (!sane || (len > BLOCK_MAX && pcapng_is_packet(b->type)))
		return SW_OK;
	if (len > BLOCK_MAX) {
		if (len % 4 == 0 && len <= BLOCK_BELIEVED &&
		    !is_beyond(s, len))
			*look_r = LOOK_LONG;
		return SW_OK;
	}
	status = source_peek(s, len, &octets, err);
	if (status != SW_OK)
		return status;
	if (octets.len < len) {
		*look_r = look_cut(p, octets, big, b);
		return SW_OK;
	}
	if (!pcapng_has_trailer(octets, len - 4, len, big)) {
		/* With padding and the head of the block behind. */
		status = source_peek(s, len + BLOCK_MIN + 3, &octets, err);
		if (status != SW_OK || !mend(p, octets, len, big, b))
			return status;
	}
	b->body = slice_from(slice_head(octets, len - 4), BLOCK_HEAD);
	*look_r = LOOK_BLOCK;
	return SW_OK;
}
