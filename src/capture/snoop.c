/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop.c - the capture format of Solaris' snoop, version 2 (RFC 1761)
 *
 * Theory of operation.  A file header of 16 octets (magic, version, link
 * type), then records, everything big-endian: length on the wire, length
 * captured, length of the record with its header of 24 octets and padding,
 * frames dropped since the beginning, seconds, microseconds, the frame.
 *
 * A record is believed if its lengths agree with each other; where they do
 * not, the next one is searched (records.c).
 */
#include "capture/records.h"

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
	struct capture_records records;
	const struct link_type *link; /* NULL: no LINKTYPE for it */
	uint32_t type;    /* as in the file */
	uint32_t dropped; /* by the last record */
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

/* --- frames --------------------------------------------------------------- */

static void count_drops(struct snoop *p, const struct record *r,
    struct frame *f)
{
	if (r->dropped > p->dropped) {
		account_add(p->records.in.account, ACCOUNT_FRAMES_DROPPED,
		    r->dropped - p->dropped);
		f->anomalies |= ANOMALY_BIT(ANOMALY_FRAMES_DROPPED);
	}
	p->dropped = r->dropped;
}

/* 0: counted as of a kind that nobody knows. */
static int take(void *state, struct slice octets, struct frame *f)
{
	struct snoop *p = state;
	struct record r = read_record(octets);

	f->number = ++p->records.number;
	if (!p->link) {
		capture_count_other(&p->records.in, ACCOUNT_FRAMES_LINK_TYPE,
		    "snoop: link type %lu", (unsigned long)p->type);
		return 0;
	}
	f->link_type = p->link->link_type;
	f->wire_len = r.wire;
	f->interface = 0;
	f->anomalies = 0;
	f->octets = slice_from(octets, RECORD_HEADER);
	f->ts_ns = (int64_t)r.s * NS_PER_S + (int64_t)r.us * 1000;
	f->resolution_ns = 1000;
	count_drops(p, &r, f);
	capture_finish_frame(f);
	return 1;
}

static struct capture_record measure(const void *state, struct slice octets)
{
	const struct snoop *p = state;
	struct record r = read_record(octets);
	struct capture_record m = { 0 };

	if (is_possible(&r)) {
		m.len = r.record_len;
		m.used = (size_t)RECORD_HEADER + r.len;
	}
	m.frame = p->link != NULL;
	m.likely = r.len > 0;
	return m;
}

static const struct capture_record_kind kind = {
	.header_len = RECORD_HEADER,
	.look_len = RECORD_HEADER,
	.measure = measure,
	.take = take
};

static int next(void *state, struct frame *f, struct sw_err *err)
{
	return capture_records_next(&kind, state, f, err);
}

static bool would_block(const void *state)
{
	return capture_records_would_block(&kind, state);
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
	struct source *source = p->records.in.source;
	enum sw_status status = source_peek(source, FILE_HEADER, &head, err);

	if (status != SW_OK)
		return status;
	c = cursor_make(slice_from(head, 12));
	p->type = cursor_be32(&c);
	p->link = find_link_type(p->type);
	p->records.limit = UINT64_MAX;
	return source_skip(source, FILE_HEADER, err);
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
