/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * erf.c - the Extensible Record Format of Endace's capture cards
 *
 * Theory of operation.  There is no file header and no magic, only records: a
 * time of 8 octets (little-endian, a fixed point in the middle: seconds since
 * 1970 and 2^-32 seconds), type, flags, and big-endian the length of the
 * record, a counter of losses and the length on the wire.  The highest bit of
 * the type says that headers of 8 octets follow, the highest bit of each that
 * there is another.  Ethernet has 2 octets before its frame.  A record may
 * end with padding; wire and record lengths of Ethernet include the FCS.
 *
 * A file is taken for ERF when its first record has a type that carries IP,
 * or metadata, all lengths fit each other, no flag of an error is set, and
 * another such record or the end of what is seen follows.  No text has an
 * octet as low as those types where the type stands.
 *
 * Where a record does not make sense the next one is searched (records.c).
 */
#include "capture/records.h"

#define RECORD_HEADER 16u
#define EXTENSION 8u
#define ETHERNET_PREFIX 2u
#define FCS 4u

enum {
	TYPE_META = 27,
	TYPE_PAD = 48,
	TYPE_LAST = 48,
	TYPE_EXTENDED = 0x80
};

enum { FLAG_INTERFACE = 3, FLAG_ERRORS = 0x30 };

static const struct type {
	uint8_t type;
	uint8_t prefix; /* octets before the frame */
	bool lossy;     /* its counter is of losses, else of a colour */
	uint32_t link_type;
} types[] = {
	{ 2, ETHERNET_PREFIX, true, 1 },
	{ 11, ETHERNET_PREFIX, false, 1 },
	{ 16, ETHERNET_PREFIX, false, 1 },
	{ 20, ETHERNET_PREFIX, false, 1 },
	{ 22, 0, true, 101 },
	{ 23, 0, true, 101 },
};

struct record {
	uint32_t fraction, s;
	uint8_t type, flags;
	uint16_t len, lost, wire;
};

/* RECORD_HEADER octets are there, else zeros. */
static struct record read_record(struct slice octets)
{
	struct cursor c = cursor_make(octets);
	struct record r;

	r.fraction = cursor_le32(&c);
	r.s = cursor_le32(&c);
	r.type = cursor_u8(&c);
	r.flags = cursor_u8(&c);
	r.len = cursor_be16(&c);
	r.lost = cursor_be16(&c);
	r.wire = cursor_be16(&c);
	return r;
}

static const struct type *find_type(const struct record *r)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].type == (r->type & ~TYPE_EXTENDED))
			return &types[i];
	return NULL;
}

static bool is_possible(const struct record *r)
{
	const struct type *t = find_type(r);
	unsigned type = r->type & ~(unsigned)TYPE_EXTENDED;

	return type > 0 && type <= TYPE_LAST && r->len >= RECORD_HEADER +
	    (r->type & TYPE_EXTENDED ? EXTENSION : 0) +
	    (t ? t->prefix : 0u);
}

/* Is this one to begin with, where nothing else tells that it is ERF? */
static bool is_likely(const struct record *r)
{
	return is_possible(r) && !(r->flags & FLAG_ERRORS) &&
	    (find_type(r) ? r->wire > 0 :
	    (r->type & ~TYPE_EXTENDED) == TYPE_META);
}

/* --- frames --------------------------------------------------------------- */

/* What is behind the headers; the frame without padding. */
static struct slice frame_of(const struct record *r, const struct type *t,
    struct slice octets)
{
	bool more = r->type & TYPE_EXTENDED;

	octets = slice_from(octets, RECORD_HEADER);
	while (more && octets.len >= EXTENSION) {
		more = octets.p[0] & TYPE_EXTENDED;
		octets = slice_from(octets, EXTENSION);
	}
	return slice_head(slice_from(octets, t->prefix), r->wire);
}

static int64_t time_of(const struct record *r)
{
	uint64_t ns = ((uint64_t)r->fraction * NS_PER_S +
	    (UINT64_C(1) << 31)) >> 32;

	return (int64_t)r->s * NS_PER_S + (int64_t)ns;
}

/* 0: there is no frame in it, or one of a kind that nobody knows. */
static int take(void *state, struct slice octets, struct frame *f)
{
	struct capture_records *p = state;
	struct record r = read_record(octets);
	const struct type *t = find_type(&r);
	unsigned type = r.type & ~(unsigned)TYPE_EXTENDED;

	if (type == TYPE_PAD || type == TYPE_META)
		return 0;
	f->number = ++p->number;
	if (!t) {
		capture_count_other(&p->in, ACCOUNT_FRAMES_LINK_TYPE,
		    "ERF: type %u", type);
		return 0;
	}
	f->octets = frame_of(&r, t, octets);
	f->link_type = t->link_type;
	f->wire_len = r.wire;
	/* Some writers count an FCS that they do not write. */
	if (t->prefix > 0 && f->octets.len + FCS >= r.wire)
		f->wire_len = (uint32_t)f->octets.len;
	f->interface = r.flags & FLAG_INTERFACE;
	f->anomalies = 0;
	f->ts_ns = time_of(&r);
	f->resolution_ns = 1;
	if (t->lossy && r.lost > 0) {
		account_add(p->in.account, ACCOUNT_FRAMES_DROPPED, r.lost);
		f->anomalies |= ANOMALY_BIT(ANOMALY_FRAMES_DROPPED);
	}
	capture_finish_frame(f);
	return 1;
}

static struct capture_record measure(const void *state, struct slice octets)
{
	struct record r = read_record(octets);
	struct capture_record m = { 0 };

	(void)state;
	if (is_possible(&r))
		m.len = m.used = r.len;
	m.frame = find_type(&r) != NULL;
	m.likely = is_likely(&r);
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

/* The first octets, fewer than a record's header: could they be a time, and
 * no text?  Of a pipe no more may be there yet. */
static bool is_open(struct slice head)
{
	for (size_t i = 0; i < 4 && i < head.len; i++)
		if (head.p[i] >= 0x7f || (head.p[i] < 0x20 &&
		    head.p[i] != '\t' && head.p[i] != '\r' &&
		    head.p[i] != '\n'))
			return true;
	return false;
}

static enum capture_probe probe(struct slice head)
{
	struct record r = read_record(head), behind;

	if (head.len < RECORD_HEADER)
		return is_open(head) ? CAPTURE_MINE : CAPTURE_NOT_MINE;
	if (!is_likely(&r))
		return CAPTURE_NOT_MINE;
	head = slice_from(head, r.len);
	behind = read_record(head);
	return head.len < RECORD_HEADER || is_possible(&behind) ?
	    CAPTURE_MINE : CAPTURE_NOT_MINE;
}

static enum sw_status begin(void *state, struct sw_err *err)
{
	struct capture_records *p = state;

	(void)err;
	p->limit = UINT64_MAX;
	return SW_OK;
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	(void)state;
	capture_clock_utc(clock_r, 1);
	return "erf";
}

const struct capture_format capture_erf = {
	.name = "erf",
	.no_magic = true,
	.header_len = RECORD_HEADER,
	.state_len = sizeof(struct capture_records),
	.probe = probe,
	.begin = begin,
	.next = next,
	.would_block = would_block,
	.describe = describe
};
