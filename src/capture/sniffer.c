/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sniffer.c - the capture format of Network General's Sniffer of DOS
 *
 * Theory of operation.  Words that end where DOS ends a text, then records:
 * type, length, two octets of no use, and as many octets as the length says;
 * everything is little-endian.  The first record tells version, date (local,
 * of a day without its time), network, unit of time, and whether what follows
 * is compressed, which is not read.  Frames are records of type 4, or of type
 * 12 with a longer header: a time of 40 bits in that unit since midnight, days
 * since then, the length captured, flags, the length on the wire or 0 if that
 * is the same.  A record of type 3 is the end, others are no frames.
 *
 * The format was never published as a whole; this is what is commonly known.
 */
#include "capture/records.h"

#define MAGIC_LEN 17u
#define RECORD_HEADER 6u
#define VERSION_LEN 18u
#define FRAME_HEADER 14u
#define FRAME_HEADER_LONG 34u
#define PADDING_MAX 64u
#define FORMAT_PLAIN 1u
#define DAY_NS (INT64_C(86400) * NS_PER_S)

enum {
	RECORD_VERSION = 1,
	RECORD_END = 3,
	RECORD_FRAME = 4,
	RECORD_FRAME_ATM = 8, /* before version 3 a text */
	RECORD_FRAME_LONG = 12,
	RECORD_LAST = 31
};

/* Units of time in 10^-12 s: 2^40 of them go into 64 bits. */
static const uint32_t units_ps[] = {
	15000000, 838096, 15000000, 500000, 2000000, 1000000, 100000
};

struct sniffer {
	struct capture_records records;
	unsigned version;
	uint8_t network;
	uint32_t link_type; /* 0: none for it */
	uint32_t unit_ps;   /* 0: not known */
	bool has_date;
	int64_t start_ns;   /* local */
};

struct record {
	uint16_t type, len;
	uint16_t head; /* octets before a frame; 0: it is none */
	/* Of a frame: */
	uint16_t stored, wire;
	uint64_t units;
	uint8_t day;
};

/* --- records -------------------------------------------------------------- */

static struct record read_record(struct slice octets)
{
	struct cursor c = cursor_make(octets);
	struct record r;

	r.type = cursor_le16(&c);
	r.len = cursor_le16(&c);
	r.head = r.type == RECORD_FRAME ? FRAME_HEADER :
	    r.type == RECORD_FRAME_LONG ? FRAME_HEADER_LONG : 0;
	cursor_skip(&c, 2);
	r.units = cursor_le32(&c);
	r.units |= (uint64_t)cursor_u8(&c) << 32;
	r.day = cursor_u8(&c);
	r.stored = cursor_le16(&c);
	cursor_skip(&c, 2); /* flags */
	r.wire = cursor_le16(&c);
	if (r.wire == 0)
		r.wire = r.stored;
	return r;
}

static struct capture_record measure(const void *state, struct slice octets)
{
	const struct sniffer *p = state;
	struct record r = read_record(octets);
	struct capture_record m = { 0 };

	if (octets.len < RECORD_HEADER || r.type == 0 ||
	    r.type > RECORD_LAST)
		return m;
	if (r.head > 0 && (r.len < r.head || r.stored > r.len - r.head))
		return m;
	m.len = m.used = (size_t)RECORD_HEADER + r.len;
	if (r.head > 0) {
		m.used = (size_t)RECORD_HEADER + r.head + r.stored;
		m.frame = p->link_type != 0;
		m.likely = r.stored > 0 && m.len - m.used <= PADDING_MAX;
	}
	return m;
}

static int64_t time_of(const struct sniffer *p, const struct record *r)
{
	if (p->unit_ps == 0)
		return SW_NO_TIME;
	return clock_add(p->start_ns, r->day * DAY_NS +
	    (int64_t)(r->units * p->unit_ps / 1000));
}

static int64_t resolution(const struct sniffer *p)
{
	return p->unit_ps > 1000 ? p->unit_ps / 1000 : 1;
}

static int take(void *state, struct slice octets, struct frame *f)
{
	struct sniffer *p = state;
	struct record r = read_record(octets);

	if (r.type == RECORD_END)
		p->records.limit = 0;
	if (r.head == 0 && (r.type != RECORD_FRAME_ATM || p->version < 3))
		return 0;
	f->number = ++p->records.number;
	if (r.head == 0 || !p->link_type) {
		capture_count_other(&p->records.in, ACCOUNT_FRAMES_LINK_TYPE,
		    "Sniffer: network type %u", p->network);
		return 0;
	}
	f->link_type = p->link_type;
	f->wire_len = r.wire;
	f->interface = 0;
	f->anomalies = 0;
	f->octets = slice_head(slice_from(octets,
	    (size_t)RECORD_HEADER + r.head), r.stored);
	f->ts_ns = time_of(p, &r);
	f->resolution_ns = resolution(p);
	capture_finish_frame(f);
	return 1;
}

static const struct capture_record_kind kind = {
	.header_len = RECORD_HEADER,
	.look_len = RECORD_HEADER + FRAME_HEADER,
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
	struct slice magic = slice_str("TRSNIFF data    \x1a");
	struct cursor c = cursor_make(slice_from(head, MAGIC_LEN));

	if (!slice_eq(slice_head(head, magic.len),
	    slice_head(magic, head.len < 4 ? magic.len : head.len)))
		return CAPTURE_NOT_MINE;
	if (head.len < MAGIC_LEN + 2)
		return CAPTURE_MINE; /* so far */
	return cursor_le16(&c) == RECORD_VERSION ? CAPTURE_MINE :
	    CAPTURE_BROKEN;
}

/* Midnight of a day as DOS writes it. */
static void set_start(struct sniffer *p, uint16_t date)
{
	struct civil t = {
		.year = 1980 + (date >> 9),
		.month = date >> 5 & 15,
		.day = date & 31
	};

	p->has_date = clock_civil_is_valid(&t);
	if (p->has_date)
		p->start_ns = clock_make(clock_from_civil(&t), 0);
	else
		capture_warn(&p->records.in, 29, "the day of the capture is "
		    "none; its times are relative,");
}

static uint32_t find_link_type(uint8_t network)
{
	switch (network) {
	case 0:
		return 6; /* token ring */
	case 1:
		return 1; /* Ethernet */
	case 9:
		return 10; /* FDDI */
	}
	return 0;
}

/* false: compressed. */
static bool parse_version(struct sniffer *p, struct slice octets)
{
	struct cursor c = cursor_make(octets);
	uint16_t date;
	uint8_t format, unit;

	p->version = cursor_le16(&c);
	cursor_skip(&c, 4); /* minor version, time of the day */
	date = cursor_le16(&c);
	cursor_skip(&c, 1);
	p->network = cursor_u8(&c);
	p->link_type = find_link_type(p->network);
	format = cursor_u8(&c);
	unit = cursor_u8(&c);
	set_start(p, date);
	if (unit < sizeof(units_ps) / sizeof(*units_ps))
		p->unit_ps = units_ps[unit];
	else
		capture_warn(&p->records.in, 34,
		    "an unknown unit of time, frames have none,");
	return format == FORMAT_PLAIN;
}

static enum sw_status begin(void *state, struct sw_err *err)
{
	struct sniffer *p = state;
	struct source *s = p->records.in.source;
	size_t len = MAGIC_LEN + RECORD_HEADER;
	struct slice head;
	struct record r;
	enum sw_status status = source_peek(s, len + VERSION_LEN, &head, err);

	if (status != SW_OK)
		return status;
	if (head.len < len + VERSION_LEN)
		return base_error_at(err, SW_EFORMAT, head.len,
		    "%s: a sniffer file cut in its header, after %zu octets",
		    source_name(s), head.len);
	r = read_record(slice_from(head, MAGIC_LEN));
	if (!parse_version(p, slice_from(head, len)))
		return base_error_set(err, SW_EFORMAT, "%s: a compressed "
		    "sniffer file, which is not read; editcap, of Wireshark, "
		    "makes a pcapng file of it", source_name(s));
	p->records.limit = UINT64_MAX;
	if (r.len > VERSION_LEN)
		return source_skip(s, len + r.len, err);
	return source_skip(s, len + VERSION_LEN, err);
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	const struct sniffer *p = state;

	clock_r->zone = SW_ZONE_LOCAL;
	clock_r->offset_s = 0;
	clock_r->resolution_ns = resolution(p);
	clock_r->date = p->has_date && p->unit_ps > 0 ? SW_DATE_GIVEN :
	    SW_DATE_NONE;
	return "sniffer";
}

const struct capture_format capture_sniffer = {
	.name = "sniffer",
	.state_len = sizeof(struct sniffer),
	.probe = probe,
	.begin = begin,
	.next = next,
	.would_block = would_block,
	.describe = describe
};
