/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netxray.c - the capture formats of NetXRay and of the Sniffer of Windows
 *
 * Theory of operation.  A header of 128 octets tells version, start (UTC), the
 * number of frames, where the first one lies and where the last one ends, the
 * network, and the unit of time; everything is little-endian.  A record is a
 * time of 8 octets in that unit, counted as the header's own, the length on
 * the wire, that captured, what varies with the version, and the frame.
 *
 * Capturing may have gone round in a file of fixed size: then the first frame
 * lies behind the last one, and reading goes on at the start when it comes to
 * the end.  What lies beyond the last frame is no frame.
 *
 * The format was never published; this is what is commonly known of it.  The
 * ticks of a second depend on the hardware that captured.  Where they are not
 * known frames have no time.
 */
#include "capture/records.h"

#define FILE_HEADER 128u
#define VERSION_LEN 7u
#define JUNK 4u /* behind some frames: an FCS, or anything */
#define YEAR_NS (INT64_C(366) * 86400 * NS_PER_S)

enum { NETWORK_ETHERNET = 1, NETWORK_WAN = 4 };

static const struct version {
	const char *name; /* NULL: of an older magic, which has none */
	uint8_t major, minor;
	uint8_t header_len; /* of a record */
	uint32_t per_s;     /* ticks; 0: the header tells */
} versions[] = {
	{ NULL, 0, 0, 16, 1000 },
	{ "001.000", 1, 0, 28, 1000 },
	{ "001.100", 1, 1, 28, 1000000 },
	{ "002.000", 2, 0, 40, 0 },
	{ "002.001", 2, 1, 40, 0 },
	{ "002.002", 2, 2, 40, 0 },
	{ "002.003", 2, 3, 40, 0 },
};

/* Ticks of a second in version 2, by what captured (0: any adapter, else a
 * pod for Ethernet) and the unit in the header. */
static const struct unit {
	uint8_t pod, unit;
	uint32_t per_s; /* 0: the header has the number */
} units[] = {
	{ 0, 0, 1000000 },
	{ 0, 1, 1193000 },
	{ 0, 2, 0 },
	{ 2, 0, 1000000000 },
	{ 2, 2, 31250000 },
	{ 3, 0, 1000000 },
	{ 3, 2, 1250000 },
	{ 5, 0, 1000000 },
	{ 6, 0, 1000000000 },
	{ 6, 2, 20000000 },
};

struct netxray {
	struct capture_records records;
	const struct version *version;
	uint32_t network;   /* as NDIS counts */
	uint32_t link_type; /* 0: none for it */
	int64_t start_ns;
	uint64_t start_ticks;
	uint32_t per_s;     /* ticks; 0: not known */
	uint32_t frames;    /* that the header tells of */
	bool wrapped;       /* reading goes on at the start, up to `end` */
	uint64_t end;
};

struct record {
	uint64_t ticks;
	uint16_t wire, len;
	bool junk;
};

/* --- records -------------------------------------------------------------- */

static struct record read_record(const struct netxray *p, struct slice octets)
{
	struct cursor c = cursor_make(octets);
	struct record r;

	r.ticks = cursor_le64(&c);
	r.wire = r.len = cursor_le16(&c);
	if (p->version->major > 0)
		r.len = cursor_le16(&c);
	cursor_skip(&c, 2);
	r.junk = cursor_le16(&c) == 0xffff && p->version->major == 2 &&
	    p->network == NETWORK_ETHERNET;
	return r;
}

static int64_t ticks_to_ns(uint64_t ticks, uint32_t per_s)
{
	uint64_t s = ticks / per_s;

	if (s > INT64_MAX / NS_PER_S - 1)
		return SW_NO_TIME;
	return (int64_t)s * NS_PER_S +
	    (int64_t)(ticks % per_s * NS_PER_S / per_s);
}

/* From the start of the capture; a frame may be of before. */
static int64_t since_start(const struct netxray *p, uint64_t ticks)
{
	int64_t ns;

	if (p->per_s == 0)
		return SW_NO_TIME;
	if (ticks >= p->start_ticks)
		return ticks_to_ns(ticks - p->start_ticks, p->per_s);
	ns = ticks_to_ns(p->start_ticks - ticks, p->per_s);
	return ns == SW_NO_TIME ? ns : -ns;
}

static struct capture_record measure(const void *state, struct slice octets)
{
	const struct netxray *p = state;
	struct record r = read_record(p, octets);
	int64_t ns = since_start(p, r.ticks);
	struct capture_record m = { 0 };

	/* No clock counts so far. */
	if (octets.len >= p->version->header_len && r.len <= r.wire &&
	    r.ticks >> 56 == 0)
		m.len = m.used = (size_t)p->version->header_len + r.len;
	m.frame = p->link_type != 0;
	m.likely = r.len > 0 && (p->per_s == 0 ||
	    (ns > -YEAR_NS && ns < YEAR_NS));
	return m;
}

static int take(void *state, struct slice octets, struct frame *f)
{
	struct netxray *p = state;
	struct record r = read_record(p, octets);
	uint16_t junk = r.junk && r.len >= JUNK ? JUNK : 0;

	f->number = ++p->records.number;
	if (!p->link_type) {
		capture_count_other(&p->records.in, ACCOUNT_FRAMES_LINK_TYPE,
		    "NetXRay: network type %lu", (unsigned long)p->network);
		return 0;
	}
	f->link_type = p->link_type;
	f->wire_len = (uint32_t)(r.wire - junk);
	f->interface = 0;
	f->anomalies = 0;
	f->octets = slice_head(slice_from(octets, p->version->header_len),
	    (size_t)(r.len - junk));
	f->ts_ns = clock_add(p->start_ns, since_start(p, r.ticks));
	f->resolution_ns = p->per_s > 0 && p->per_s < NS_PER_S ?
	    NS_PER_S / p->per_s : 1;
	capture_finish_frame(f);
	return 1;
}

static struct capture_record_kind kind_of(const struct netxray *p)
{
	return (struct capture_record_kind){
		.header_len = p->version->header_len,
		.look_len = p->version->header_len,
		.measure = measure,
		.take = take
	};
}

static int next(void *state, struct frame *f, struct sw_err *err)
{
	struct netxray *p = state;
	const struct capture_record_kind kind = kind_of(p);
	int result = capture_records_next(&kind, state, f, err);

	if (result == 0 && p->wrapped) {
		p->wrapped = false;
		p->records.pos = FILE_HEADER;
		p->records.limit = p->end;
		result = capture_records_next(&kind, state, f, err);
	}
	if (result == 0 && p->records.number < p->frames) {
		capture_warn(&p->records.in,
		    capture_records_offset(&p->records), "the end after "
		    "%llu of %lu frames that the file should have,",
		    (unsigned long long)p->records.number,
		    (unsigned long)p->frames);
		p->frames = 0;
	}
	return result;
}

static bool would_block(const void *state)
{
	const struct netxray *p = state;
	const struct capture_record_kind kind = kind_of(p);

	return capture_records_would_block(&kind, state);
}

/* --- opening -------------------------------------------------------------- */

/* NULL: none that is known. */
static const struct version *find_version(struct slice head)
{
	struct slice magic = slice_head(head, 4);
	struct slice name = slice_head(slice_from(head, 4), VERSION_LEN);

	if (slice_eq(magic, slice_make("VL\0\0", 4)))
		return &versions[0];
	for (size_t i = 1; i < sizeof(versions) / sizeof(*versions); i++)
		if (slice_eq(name, slice_str(versions[i].name)))
			return &versions[i];
	return NULL;
}

static enum capture_probe probe(struct slice head)
{
	struct slice magic = slice_head(head, 4);

	if (!slice_eq(magic, slice_make("XCP\0", 4)) &&
	    !slice_eq(magic, slice_make("VL\0\0", 4)))
		return CAPTURE_NOT_MINE;
	if (head.len < 4 + VERSION_LEN)
		return CAPTURE_MINE; /* so far */
	return find_version(head) ? CAPTURE_MINE : CAPTURE_BROKEN;
}

static uint32_t find_link_type(const struct netxray *p)
{
	/* Token ring and FDDI as LINKTYPE has them. */
	static const uint8_t link_types[] = { 0, 1, 6, 10 };

	if (p->network == NETWORK_WAN && p->version->major < 2)
		return 1; /* NDIS made Ethernet of it */
	return p->network < sizeof(link_types) ? link_types[p->network] : 0;
}

static void set_unit(struct netxray *p, uint8_t pod, uint8_t unit,
    uint32_t told)
{
	p->per_s = p->version->per_s;
	if (p->per_s > 0)
		return;
	if (p->network != NETWORK_ETHERNET)
		pod = 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].pod == pod && units[i].unit == unit)
			p->per_s = units[i].per_s ? units[i].per_s : told;
	/* Of others than Ethernet the number is not to be relied on. */
	if (p->network != NETWORK_ETHERNET && unit == 2)
		p->per_s = 1193182;
	if (pod > 0 && p->version->minor >= 2)
		p->start_ticks = 0; /* whatever the header says */
	if (p->per_s == 0)
		capture_warn(&p->records.in, 48,
		    "an unknown unit of time, frames have none,");
}

/* Where the first frame lies, and where the last one ends. */
static void parse_header(struct netxray *p, struct slice head,
    uint32_t *first_r, uint32_t *end_r)
{
	struct cursor c = cursor_make(slice_from(head, 12));
	uint32_t told;
	uint8_t unit, plus;

	p->start_ns = (int64_t)cursor_le32(&c) * NS_PER_S;
	p->frames = cursor_le32(&c);
	cursor_skip(&c, 4);
	*first_r = cursor_le32(&c);
	*end_r = cursor_le32(&c);
	cursor_skip(&c, 12);
	p->network = cursor_u8(&c);
	plus = cursor_u8(&c);
	/* Counted from 0, but with a 2 behind it from 1. */
	if (plus != 2)
		p->network++;
	cursor_skip(&c, 2);
	unit = cursor_u8(&c);
	cursor_skip(&c, 3);
	p->start_ticks = cursor_le64(&c);
	cursor_skip(&c, 16);
	told = cursor_le32(&c);
	cursor_skip(&c, 4);
	p->link_type = find_link_type(p);
	set_unit(p, cursor_u8(&c), unit, told);
}

/* Reading begins at first, which lies behind the end. */
static enum sw_status wrap(struct netxray *p, uint32_t first,
    struct sw_err *err)
{
	struct source *s = p->records.in.source;
	struct sw_err why;
	enum sw_status status = source_make_random(s, &why);

	if (status == SW_EWRITE) {
		capture_warn(&p->records.in, 0,
		    "%s; frames are read from the start", why.text);
		p->records.limit = UINT64_MAX;
		return source_skip(s, FILE_HEADER, err);
	}
	if (status != SW_OK && err)
		*err = why;
	p->wrapped = p->records.random = true;
	p->records.pos = first;
	p->records.limit = UINT64_MAX;
	return status;
}

static enum sw_status begin(void *state, struct sw_err *err)
{
	struct netxray *p = state;
	struct source *s = p->records.in.source;
	uint32_t first, end;
	struct slice head;
	enum sw_status status = source_peek(s, FILE_HEADER, &head, err);

	if (status != SW_OK)
		return status;
	if (head.len < FILE_HEADER)
		return base_error_at(err, SW_EFORMAT, head.len,
		    "%s: a netxray file cut in its header, after %zu octets",
		    source_name(s), head.len);
	p->version = find_version(head);
	parse_header(p, slice_head(head, FILE_HEADER), &first, &end);
	if (first < FILE_HEADER)
		first = FILE_HEADER;
	p->end = end > FILE_HEADER ? end : UINT64_MAX;
	if (first > p->end)
		return wrap(p, first, err);
	p->records.limit = p->end;
	return source_skip(s, first, err);
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	const struct netxray *p = state;

	capture_clock_utc(clock_r, p->per_s > 0 && p->per_s < NS_PER_S ?
	    NS_PER_S / p->per_s : 1);
	if (p->per_s == 0)
		clock_r->date = SW_DATE_NONE;
	return "netxray";
}

const struct capture_format capture_netxray = {
	.name = "netxray",
	.state_len = sizeof(struct netxray),
	.probe = probe,
	.begin = begin,
	.next = next,
	.would_block = would_block,
	.describe = describe
};
