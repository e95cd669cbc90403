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
 * Where a record does not make sense the next one that does, and is followed
 * by another or by the end, is searched; each place costs one look.
 */
#include "capture/format.h"

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

enum { FLAG_INTERFACE = 3, FLAG_TRUNCATED = 8, FLAG_ERRORS = 0x30 };

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

struct erf {
	struct capture_input in;
	uint64_t number;
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

/* --- searching the next record ------------------------------------------- */

/* Is the record here followed by another, or by the end? */
static bool has_follower(const struct record *r, struct slice octets)
{
	struct record next;

	if (octets.len < r->len)
		return false;
	octets = slice_from(octets, r->len);
	next = read_record(octets);
	return octets.len == 0 ||
	    (octets.len >= RECORD_HEADER && is_possible(&next));
}

/* Consume up to the next record behind the damaged one here; up to the end
 * if there is none. */
static enum sw_status search(struct erf *p, struct sw_err *err)
{
	struct source *s = p->in.source;
	enum sw_status status = source_skip(s, 1, err);

	while (status == SW_OK) {
		struct slice octets;
		struct record r;

		status = source_peek(s, RECORD_HEADER, &octets, err);
		if (status != SW_OK)
			break;
		if (octets.len < RECORD_HEADER)
			return source_skip(s, octets.len, err);
		r = read_record(octets);
		if (is_likely(&r)) {
			status = source_peek(s, (size_t)r.len + RECORD_HEADER,
			    &octets, err);
			if (status != SW_OK || has_follower(&r, octets))
				break;
		}
		status = source_skip(s, 1, err);
	}
	return status;
}

static enum sw_status skip_damage(struct erf *p, const struct record *r,
    struct sw_err *err)
{
	uint64_t start = source_offset(p->in.source);
	enum sw_status status = search(p, err);

	p->number++;
	capture_warn_record(&p->in, start, "damaged record (type %u, length "
	    "%u), %llu octets skipped", r->type, r->len,
	    (unsigned long long)(source_offset(p->in.source) - start));
	return status;
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

/* 1: a frame; 0: there is none in it, or of a kind that nobody knows. */
static int set_frame(struct erf *p, const struct record *r,
    struct slice octets, struct frame *f)
{
	const struct type *t = find_type(r);
	unsigned type = r->type & ~(unsigned)TYPE_EXTENDED;

	if (type == TYPE_PAD || type == TYPE_META)
		return 0;
	f->number = ++p->number;
	if (!t) {
		capture_count_other(&p->in, ACCOUNT_FRAMES_LINK_TYPE,
		    "ERF: type %u", type);
		return 0;
	}
	f->octets = frame_of(r, t, octets);
	f->link_type = t->link_type;
	f->wire_len = r->wire;
	/* Some writers count an FCS that they do not write. */
	if (t->prefix > 0 && f->octets.len + FCS >= r->wire)
		f->wire_len = (uint32_t)f->octets.len;
	f->interface = r->flags & FLAG_INTERFACE;
	f->anomalies = 0;
	f->ts_ns = time_of(r);
	f->resolution_ns = 1;
	if (t->lossy && r->lost > 0) {
		account_add(p->in.account, ACCOUNT_FRAMES_DROPPED, r->lost);
		f->anomalies |= ANOMALY_BIT(ANOMALY_FRAMES_DROPPED);
	}
	capture_finish_frame(f);
	return 1;
}

/* As next; 0: nothing here, go on. */
static int take_record(struct erf *p, const struct record *r,
    struct frame *f, struct sw_err *err)
{
	struct source *s = p->in.source;
	uint64_t start = source_offset(s);
	struct slice octets;
	enum sw_status status = source_peek(s, r->len, &octets, err);
	bool cut = octets.len < r->len;
	int result;

	if (status == SW_OK)
		status = source_skip(s, cut ? octets.len : r->len, err);
	if (status != SW_OK)
		return status;
	result = set_frame(p, r, slice_head(octets, r->len), f);
	if (!cut)
		return result;
	capture_warn(&p->in, start, "the file ends within a record (%zu of "
	    "%u octets)", octets.len, r->len);
	if (result == 1)
		f->anomalies |= ANOMALY_BIT(ANOMALY_TRUNCATED_INPUT);
	return result;
}

static int next(void *state, struct frame *f, struct sw_err *err)
{
	struct erf *p = state;
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
	const struct erf *p = state;
	struct slice octets = source_ready(p->in.source);
	struct record r = read_record(octets);

	return octets.len < RECORD_HEADER || !is_possible(&r) ||
	    !find_type(&r) || octets.len < r.len;
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
	(void)state;
	(void)err;
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
	.state_len = sizeof(struct erf),
	.probe = probe,
	.begin = begin,
	.next = next,
	.would_block = would_block,
	.describe = describe
};
