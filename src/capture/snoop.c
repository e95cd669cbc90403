/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop.c - the capture format of Solaris' snoop, version 2 (RFC 1761)
 *
 * Theory of operation.  A file header of 16 octets (magic, version, link
 * type), then records, everything big-endian: length on the wire, length
 * captured, length of the record with its header of 24 octets and padding,
 * frames dropped since the beginning, seconds, microseconds, the frame.
 *
 * A record is believed if its lengths agree with each other.  Where one does
 * not, the next place is searched at which a record begins that is followed
 * by another or by the end of the file.  The search is linear: each place
 * costs a look at its header, and a look at the one behind it only if that
 * makes sense.
 */
#include "capture/format.h"

#define FILE_HEADER 16u
#define RECORD_HEADER 24u

/* Padding beyond what makes a multiple of 4: some writers align to 8. */
#define PADDING_MAX 64u

static const struct link_type {
	uint32_t type;
	uint32_t link_type;
} link_types[] = {
	{ 0, 1 },     /* IEEE 802.3 */
	{ 2, 6 },     /* token ring */
	{ 4, 1 },     /* Ethernet */
	{ 8, 10 },    /* FDDI */
	{ 18, 123 },  /* ATM, with Sun's header */
	{ 26, 226 },  /* between the zones of Solaris */
};

struct snoop {
	struct capture_input in;
	const struct link_type *link; /* NULL: no LINKTYPE for it */
	uint32_t type;    /* as in the file */
	uint32_t dropped; /* by the last record */
	uint64_t number;
};

struct record {
	uint32_t wire, len, record_len, dropped, s, us;
};

/* RECORD_HEADER octets are there, else zeros. */
static struct record read_record(struct slice octets)
{
	struct cursor c = cursor_make(octets);
	struct record r;

	r.wire = cursor_be32(&c);
	r.len = cursor_be32(&c);
	r.record_len = cursor_be32(&c);
	r.dropped = cursor_be32(&c);
	r.s = cursor_be32(&c);
	r.us = cursor_be32(&c);
	return r;
}

static bool is_possible(const struct record *r)
{
	return r->len <= r->wire && r->wire <= LIMIT_FRAME &&
	    r->len <= CAPTURE_FRAME_USUAL && r->us < 1000000 &&
	    r->record_len >= RECORD_HEADER + r->len &&
	    r->record_len - RECORD_HEADER - r->len <= PADDING_MAX;
}

/* --- searching the next record ------------------------------------------- */

/* Is the record here followed by another, or by the end? */
static enum sw_status has_follower(struct snoop *p, const struct record *r,
    bool *has_r, struct sw_err *err)
{
	struct record next;
	struct slice octets;
	enum sw_status status = source_peek(p->in.source,
	    (size_t)r->record_len + RECORD_HEADER, &octets, err);

	*has_r = false;
	if (status != SW_OK || octets.len < r->record_len)
		return status;
	octets = slice_from(octets, r->record_len);
	next = read_record(octets);
	*has_r = octets.len == 0 ||
	    (octets.len >= RECORD_HEADER && is_possible(&next));
	return SW_OK;
}

/* Place in octets where a record may begin, or where too few are left. */
static size_t find_possible(struct slice octets)
{
	size_t i;

	for (i = 0; octets.len - i >= RECORD_HEADER; i++) {
		struct record r = read_record(slice_from(octets, i));

		if (is_possible(&r) && r.len > 0)
			break;
	}
	return i;
}

/* Consume up to the next record behind the damaged one here; up to the end
 * if there is none. */
static enum sw_status search(struct snoop *p, struct sw_err *err)
{
	struct source *s = p->in.source;
	enum sw_status status = source_skip(s, 1, err);

	while (status == SW_OK) {
		struct slice octets;
		struct record r;
		bool has = false;

		status = source_peek(s, RECORD_HEADER, &octets, err);
		if (status != SW_OK)
			break;
		if (octets.len < RECORD_HEADER)
			return source_skip(s, octets.len, err);
		status = source_skip(s, find_possible(octets), err);
		if (status == SW_OK)
			status = source_peek(s, RECORD_HEADER, &octets, err);
		if (status != SW_OK || octets.len < RECORD_HEADER)
			continue;
		r = read_record(octets);
		status = is_possible(&r) && r.len > 0 ?
		    has_follower(p, &r, &has, err) : SW_OK;
		if (is_possible(&r) && r.len > 0 && has)
			break;
		if (status == SW_OK)
			status = source_skip(s, 1, err);
	}
	return status;
}

static enum sw_status skip_damage(struct snoop *p, const struct record *r,
    struct sw_err *err)
{
	uint64_t start = source_offset(p->in.source);
	enum sw_status status = search(p, err);

	p->number++;
	capture_warn_record(&p->in, start, "damaged record (length %lu), "
	    "%llu octets skipped", (unsigned long)r->record_len,
	    (unsigned long long)(source_offset(p->in.source) - start));
	return status;
}

/* --- frames --------------------------------------------------------------- */

static void count_drops(struct snoop *p, const struct record *r,
    struct frame *f)
{
	if (r->dropped > p->dropped) {
		account_add(p->in.account, ACCOUNT_FRAMES_DROPPED,
		    r->dropped - p->dropped);
		f->anomalies |= ANOMALY_BIT(ANOMALY_FRAMES_DROPPED);
	}
	p->dropped = r->dropped;
}

/* 1: a frame; 0: counted as of a kind that nobody knows. */
static int set_frame(struct snoop *p, const struct record *r,
    struct slice octets, struct frame *f)
{
	f->number = ++p->number;
	if (!p->link) {
		capture_count_other(&p->in, ACCOUNT_FRAMES_LINK_TYPE,
		    "snoop: link type %lu", (unsigned long)p->type);
		return 0;
	}
	f->link_type = p->link->link_type;
	f->wire_len = r->wire;
	f->interface = 0;
	f->anomalies = 0;
	f->octets = octets;
	f->ts_ns = (int64_t)r->s * NS_PER_S + (int64_t)r->us * 1000;
	f->resolution_ns = 1000;
	count_drops(p, r, f);
	capture_finish_frame(f);
	return 1;
}

/* The file ends within the record. */
static int cut_record(struct snoop *p, const struct record *r,
    struct slice octets, struct frame *f, struct sw_err *err)
{
	struct slice data = slice_head(slice_from(octets, RECORD_HEADER),
	    r->len);
	uint64_t start = source_offset(p->in.source);
	enum sw_status status = source_skip(p->in.source, octets.len, err);
	int result;

	if (status != SW_OK)
		return status;
	result = set_frame(p, r, data, f);
	if (data.len == r->len)
		return result; /* padding alone is missing */
	capture_warn(&p->in, start, "the file ends within a record (%zu of "
	    "%lu octets)", data.len, (unsigned long)r->len);
	if (result == 1)
		f->anomalies |= ANOMALY_BIT(ANOMALY_TRUNCATED_INPUT);
	return result;
}

/* As next; 0: nothing here, go on. */
static int take_record(struct snoop *p, const struct record *r,
    struct frame *f, struct sw_err *err)
{
	struct source *s = p->in.source;
	struct slice octets;
	enum sw_status status = source_peek(s, r->record_len, &octets, err);

	if (status != SW_OK)
		return status;
	if (octets.len < r->record_len)
		return cut_record(p, r, octets, f, err);
	status = source_skip(s, r->record_len, err);
	if (status != SW_OK)
		return status;
	return set_frame(p, r, slice_head(slice_from(octets, RECORD_HEADER),
	    r->len), f);
}

static int next(void *state, struct frame *f, struct sw_err *err)
{
	struct snoop *p = state;
	int result = 0;

	while (result == 0) {
		struct slice octets;
		struct record r;

		result = source_peek(p->in.source, RECORD_HEADER, &octets,
		    err);
		if (result != SW_OK)
			break;
		if (octets.len < RECORD_HEADER)
			return capture_end(&p->in, octets, err);
		r = read_record(octets);
		result = is_possible(&r) ? take_record(p, &r, f, err) :
		    skip_damage(p, &r, err);
	}
	return result;
}

static bool would_block(const void *state)
{
	const struct snoop *p = state;
	struct slice octets = source_ready(p->in.source);
	struct record r = read_record(octets);

	return octets.len < RECORD_HEADER || !is_possible(&r) || !p->link ||
	    octets.len < r.record_len;
}

/* --- opening -------------------------------------------------------------- */

static enum capture_probe probe(struct slice head)
{
	static const uint8_t magic[8] = "snoop\0\0";
	struct cursor c = cursor_make(slice_from(head, sizeof(magic)));

	/* "snoo" alone may begin any text. */
	if (head.len < sizeof(magic) + 1)
		return head.len >= 4 && memcmp(head.p, magic, 4) == 0 ?
		    CAPTURE_MINE : CAPTURE_NOT_MINE;
	if (memcmp(head.p, magic, sizeof(magic)) != 0)
		return CAPTURE_NOT_MINE;
	return cursor_be32(&c) == 2 && !c.bad ? CAPTURE_MINE :
	    CAPTURE_BROKEN;
}

static const struct link_type *find_link_type(uint32_t type)
{
	for (size_t i = 0; i < sizeof(link_types) / sizeof(*link_types); i++)
		if (link_types[i].type == type)
			return &link_types[i];
	return NULL;
}

static enum sw_status begin(void *state, struct sw_err *err)
{
	struct snoop *p = state;
	struct slice head;
	struct cursor c;
	enum sw_status status = source_peek(p->in.source, FILE_HEADER, &head,
	    err);

	if (status != SW_OK)
		return status;
	c = cursor_make(slice_from(head, 12));
	p->type = cursor_be32(&c);
	p->link = find_link_type(p->type);
	return source_skip(p->in.source, FILE_HEADER, err);
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	(void)state;
	capture_clock_utc(clock_r, 1000);
	return "snoop";
}

const struct capture_format capture_snoop = {
	.name = "snoop",
	.header_len = FILE_HEADER,
	.state_len = sizeof(struct snoop),
	.probe = probe,
	.begin = begin,
	.next = next,
	.would_block = would_block,
	.describe = describe
};
