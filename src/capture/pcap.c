/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcap.c - the capture format of libpcap, with its old and odd relatives
 *
 * Theory of operation.  A file header of 24 octets (magic, version, snap
 * length, link type), then records of a header and the frame.  The format has
 * no marks to find a record again, so a header is judged before it is
 * believed:
 *
 * - usual: the length is within the snap length and the length on the wire.
 *   Believed at once; nearly all records are.
 * - unusual (longer than the snap length, than the wire, ...): real writers
 *   make such records.  Believed if the record behind it makes sense or the
 *   file ends just there; the reader then takes that kind as usual.
 * - anything else is damage: the next place at which a row of records begins
 *   is searched, octet by octet.  The search is linear: each place costs a
 *   look at four words, and what is read is kept until it has been passed.
 *
 * Variants: byte order and resolution by the magic; A1B2CD34 (patched
 * libpcap 0.4) has 24 octets of record header, SuSE 6.3's 28; under the
 * ordinary magic Red Hat 6.1 wrote 24 and Nokia 20.  The first records tell
 * which it is.  Until version 2.3 both lengths stood the other way round.
 *
 * Microseconds of 10^6 and more: some writers put nanoseconds under the
 * microsecond magic, others forget to carry.  One pass cannot know all
 * records: what is 2 * 10^6 or more is nanoseconds, and so are the others once
 * most records have had such values; until then 1 * 10^6 and more is carried.
 */
#include "capture/format.h"

#define MAGIC_US UINT32_C(0xa1b2c3d4)
#define MAGIC_NS UINT32_C(0xa1b23c4d)
#define MAGIC_MODIFIED UINT32_C(0xa1b2cd34)

#define FILE_HEADER 24u
#define RECORD_HEADER 16u
#define RECORD_HEADER_NOKIA 20u
#define RECORD_HEADER_MODIFIED 24u
#define RECORD_HEADER_SUSE 28u

/* The upper bits of the link type tell of a frame check sequence. */
#define LINK_TYPE_MASK UINT32_C(0x03ffffff)

/* A record found by searching is one if so many follow each other ... */
#define CHAIN_LEN 4
/* ... or two, at most this far from the last good record in time. */
#define NEAR_S 86400

struct record {
	uint32_t s, fraction;
	uint32_t len; /* captured */
	uint32_t wire;
};

struct pcap {
	struct capture_input in;
	bool big;  /* byte order of the file */
	bool ns;   /* by its magic */
	enum { LENGTHS_ORDERED, LENGTHS_SWAPPED, LENGTHS_UNSURE } lengths;
	uint32_t link_type;
	uint32_t header_len; /* of a record */
	uint32_t usual;      /* captured octets believed at once */
	bool longer;         /* records longer than the wire are usual */
	bool know_time;
	uint32_t last_s;     /* seconds of the last good record */
	uint64_t number;
	uint64_t carried, plain; /* records with 10^6 us and more, and less */
	bool warned_time;
	bool know_ahead; /* the next record is usual and lies in the block */
	struct record ahead;
};

/* The lengths of old versions. */
static void order_lengths(const struct pcap *p, struct record *r)
{
	uint32_t len = r->wire;

	if (p->lengths == LENGTHS_UNSURE && r->len <= r->wire)
		return;
	r->wire = r->len;
	r->len = len;
}

/* RECORD_HEADER octets. */
static inline struct record read_record(const struct pcap *p,
    const uint8_t *header)
{
	struct record r;

	if (p->big) {
		r.s = octets_be32(header);
		r.fraction = octets_be32(header + 4);
		r.len = octets_be32(header + 8);
		r.wire = octets_be32(header + 12);
	} else {
		r.s = octets_le32(header);
		r.fraction = octets_le32(header + 4);
		r.len = octets_le32(header + 8);
		r.wire = octets_le32(header + 12);
	}
	if (p->lengths != LENGTHS_ORDERED)
		order_lengths(p, &r);
	return r;
}

/* The same, zeros for what is missing. */
static struct record get_record(const struct pcap *p, struct slice octets)
{
	uint8_t header[RECORD_HEADER] = { 0 };

	if (octets.len >= sizeof(header))
		return read_record(p, octets.p);
	if (octets.len > 0)
		memcpy(header, octets.p, octets.len);
	return read_record(p, header);
}

/* --- judging a record ---------------------------------------------------- */

static inline bool is_usual(const struct pcap *p, const struct record *r)
{
	return r->len <= p->usual && (r->len <= r->wire || p->longer) &&
	    r->wire - 1 < LIMIT_FRAME;
}

/* Could this be a header at all? */
static bool is_possible(const struct pcap *p, const struct record *r)
{
	uint32_t most = p->usual > CAPTURE_FRAME_USUAL ? p->usual :
	    CAPTURE_FRAME_USUAL;

	return r->len <= most && (r->len <= r->wire || p->longer) &&
	    r->wire - 1 < LIMIT_FRAME && r->fraction < NS_PER_S;
}

static bool is_near(uint32_t a, uint32_t b)
{
	return (a > b ? a - b : b - a) <= NEAR_S;
}

enum chain { CHAIN_BROKEN, CHAIN_GOOD };

/*
 * Does a row of records begin here?  Nothing is consumed.  first_s: seconds
 * that the first record should be near to, or NULL.
 */
static enum sw_status follow_chain(struct pcap *p, uint32_t header_len,
    const uint32_t *first_s, enum chain *chain_r, struct sw_err *err)
{
	size_t off = 0;
	int k;

	*chain_r = CHAIN_BROKEN;
	for (k = 0; k < CHAIN_LEN; k++) {
		struct slice octets;
		struct record r;
		enum sw_status status = source_peek(p->in.source,
		    off + header_len, &octets, err);

		if (status != SW_OK)
			return status;
		if (octets.len < off + header_len) {
			/* The file ends here, or in the middle of a record
			 * after several. */
			if (k > 0 && (octets.len == off || k > 1))
				*chain_r = CHAIN_GOOD;
			return SW_OK;
		}
		r = get_record(p, slice_from(octets, off));
		if (!is_possible(p, &r))
			return SW_OK;
		if (k > 0 && first_s && is_near(r.s, *first_s))
			break;
		if (k == 0 && first_s && !is_near(r.s, *first_s))
			first_s = NULL;
		off += header_len + r.len;
	}
	*chain_r = CHAIN_GOOD;
	return SW_OK;
}

/* --- searching the next record ------------------------------------------- */

/* Place in octets where a header may begin; octets.len: nowhere. */
static size_t find_possible(const struct pcap *p, struct slice octets)
{
	size_t i;

	for (i = 0; octets.len - i >= p->header_len; i++) {
		struct record r = get_record(p, slice_from(octets, i));

		if (is_possible(p, &r))
			return i;
	}
	return octets.len;
}

/*
 * Consume up to the next row of records behind the damaged header here.
 * *found_r false: there is none.
 */
static enum sw_status search(struct pcap *p, bool *found_r,
    struct sw_err *err)
{
	const uint32_t *near_s = p->know_time ? &p->last_s : NULL;
	struct source *s = p->in.source;
	enum sw_status status = source_skip(s, 1, err);

	*found_r = false;
	while (status == SW_OK) {
		struct slice octets;
		enum chain chain;
		size_t i;

		status = source_peek(s, p->header_len, &octets, err);
		if (status != SW_OK)
			break;
		if (octets.len < p->header_len)
			return source_skip(s, octets.len, err);
		i = find_possible(p, octets);
		if (i == octets.len) {
			status = source_skip(s, i - p->header_len + 1, err);
			continue;
		}
		status = source_skip(s, i, err);
		if (status == SW_OK)
			status = follow_chain(p, p->header_len, near_s,
			    &chain, err);
		if (status == SW_OK && chain == CHAIN_GOOD) {
			*found_r = true;
			break;
		}
		if (status == SW_OK)
			status = source_skip(s, 1, err);
	}
	return status;
}

static enum sw_status skip_damage(struct pcap *p, const struct record *r,
    struct sw_err *err)
{
	uint64_t start = source_offset(p->in.source);
	bool found;
	enum sw_status status = search(p, &found, err);
	uint64_t skipped = source_offset(p->in.source) - start;

	p->number++;
	capture_warn_record(&p->in, start, found ?
	    "damaged record (length %lu), %llu octets skipped" :
	    "damaged record (length %lu), nothing readable in the %llu "
	    "octets", (unsigned long)r->len, (unsigned long long)skipped);
	return status;
}

/* --- unusual records ----------------------------------------------------- */

enum verdict { VERDICT_RECORD, VERDICT_DAMAGE };

/* Is there a row of records within the last octets of the file?  Then the
 * record that reaches beyond the end is damaged, not cut. */
static bool has_records(const struct pcap *p, struct slice rest)
{
	size_t i = 1;

	for (; i < rest.len; i++) {
		struct slice at = slice_from(rest, i);
		size_t n = 0;

		while (at.len >= p->header_len) {
			struct record r = get_record(p, at);

			if (!is_possible(p, &r) || (p->know_time &&
			    !is_near(r.s, p->last_s)) ||
			    r.len > at.len - p->header_len)
				break;
			at = slice_from(at, p->header_len + r.len);
			if (++n == 2)
				return true;
		}
		if (n > 0 && at.len == 0)
			return true;
	}
	return false;
}

static enum sw_status judge(struct pcap *p, const struct record *r,
    enum verdict *verdict_r, struct sw_err *err)
{
	size_t end = (size_t)p->header_len + r->len;
	struct slice octets;
	struct record behind;
	enum sw_status status;

	*verdict_r = VERDICT_DAMAGE;
	if (r->len > LIMIT_FRAME)
		return SW_OK;
	status = source_peek(p->in.source, end + p->header_len, &octets, err);
	if (status != SW_OK)
		return status;
	if (octets.len < end) {
		if (r->len <= CAPTURE_FRAME_USUAL && r->wire > 0)
			*verdict_r = VERDICT_RECORD;
		return SW_OK;
	}
	if (octets.len > end) {
		behind = get_record(p, slice_from(octets, end));
		if (octets.len - end < p->header_len ||
		    behind.len > LIMIT_FRAME || behind.wire - 1 >=
		    LIMIT_FRAME || behind.fraction >= NS_PER_S)
			return SW_OK;
	}
	*verdict_r = VERDICT_RECORD;
	if (r->len > p->usual)
		p->usual = r->len;
	if (r->len > r->wire)
		p->longer = true;
	return SW_OK;
}

/* --- frames -------------------------------------------------------------- */

/* A microsecond file with 10^6 and more in the field. */
__attribute__((noinline))
static int64_t odd_fraction(struct pcap *p, uint32_t fraction,
    int64_t *resolution_r)
{
	bool ns = p->carried > 4 * p->plain + 4;

	if (fraction < 1000000) {
		p->plain++;
	} else {
		p->carried++;
		ns = ns || fraction >= 2000000;
	}
	if (!p->warned_time) {
		p->warned_time = true;
		capture_warn(&p->in, source_offset(p->in.source),
		    "microseconds of a million and more, taken as "
		    "nanoseconds where most are such,");
	}
	*resolution_r = ns ? 1 : 1000;
	return ns ? (int64_t)fraction : (int64_t)fraction * 1000;
}

static inline void set_time(struct pcap *p, const struct record *r,
    struct frame *f)
{
	int64_t ns = (int64_t)r->fraction;

	f->resolution_ns = 1;
	if (!p->ns) {
		if (p->carried == 0 && r->fraction < 1000000) {
			f->resolution_ns = 1000;
			ns *= 1000;
			p->plain++;
		} else {
			ns = odd_fraction(p, r->fraction,
			    &f->resolution_ns);
		}
	}
	f->ts_ns = (int64_t)r->s * NS_PER_S + ns;
	p->last_s = r->s;
	p->know_time = true;
}

static inline void set_frame(struct pcap *p, const struct record *r,
    struct slice octets, struct frame *f)
{
	f->number = ++p->number;
	f->link_type = p->link_type;
	f->wire_len = r->wire;
	f->interface = 0;
	f->anomalies = 0;
	f->octets = octets;
	set_time(p, r, f);
	capture_finish_frame(f);
}

/* The file ends within a record of which octets (header and data) are left:
 * 1: it makes a frame; 0: damage, skipped. */
static int cut_record(struct pcap *p, const struct record *r,
    struct slice octets, struct frame *f, struct sw_err *err)
{
	uint64_t start = source_offset(p->in.source);
	enum sw_status status;

	if (has_records(p, octets)) {
		status = skip_damage(p, r, err);
		return status == SW_OK ? 0 : status;
	}
	set_frame(p, r, slice_from(octets, p->header_len), f);
	f->anomalies |= ANOMALY_BIT(ANOMALY_TRUNCATED_INPUT);
	capture_warn(&p->in, start, "the file ends within a record (%zu of "
	    "%lu octets)", f->octets.len, (unsigned long)r->len);
	status = source_skip(p->in.source, octets.len, err);
	return status == SW_OK ? 1 : status;
}

static int next_slow(struct pcap *p, struct record *r, struct frame *f,
    struct sw_err *err)
{
	size_t want = (size_t)p->header_len + r->len;
	struct source *s = p->in.source;
	enum verdict verdict = VERDICT_RECORD;
	enum sw_status status = SW_OK;
	struct slice octets;

	if (!is_usual(p, r))
		status = judge(p, r, &verdict, err);
	if (status == SW_OK && verdict == VERDICT_DAMAGE)
		return skip_damage(p, r, err);
	if (status == SW_OK)
		status = source_peek(s, want, &octets, err);
	if (status != SW_OK)
		return status;
	if (octets.len < want)
		return cut_record(p, r, octets, f, err);
	octets = slice_from(slice_head(octets, want), p->header_len);
	set_frame(p, r, octets, f);
	status = source_skip(s, want, err);
	return status == SW_OK ? 1 : status;
}

/* Does a usual record lie in what was read? */
static inline bool look_ahead(struct pcap *p)
{
	struct slice octets = source_ready(p->in.source);

	p->know_ahead = false;
	if (octets.len < p->header_len)
		return false;
	p->ahead = read_record(p, octets.p);
	p->know_ahead = is_usual(p, &p->ahead) &&
	    octets.len - p->header_len >= p->ahead.len;
	return p->know_ahead;
}

/* The record that is known to lie in what was read. */
static inline void take_ahead(struct pcap *p, struct frame *f)
{
	struct slice octets = source_ready(p->in.source);
	struct record r = p->ahead;

	set_frame(p, &r, slice_make(octets.p + p->header_len, r.len), f);
	source_take(p->in.source, (size_t)p->header_len + r.len);
	look_ahead(p);
}

/* Out of line, so that the usual record does without its stack. */
__attribute__((noinline))
static int next_unknown(struct pcap *p, struct frame *f, struct sw_err *err)
{
	int result = 0;

	while (result == 0) {
		struct slice octets;
		struct record r;

		result = source_peek(p->in.source, p->header_len, &octets,
		    err);
		if (result != SW_OK)
			return result;
		if (octets.len < p->header_len)
			return capture_end(&p->in, octets, err);
		if (look_ahead(p)) {
			take_ahead(p, f);
			return 1;
		}
		r = read_record(p, octets.p);
		result = next_slow(p, &r, f, err);
		look_ahead(p);
	}
	return result;
}

static int next(void *state, struct frame *f, struct sw_err *err)
{
	struct pcap *p = state;

	if (!p->know_ahead)
		return next_unknown(p, f, err);
	take_ahead(p, f);
	return 1;
}

/* An unusual record is judged by what lies behind it. */
static bool would_block(const void *state)
{
	const struct pcap *p = state;

	return !p->know_ahead;
}

/* --- opening ------------------------------------------------------------- */

static bool is_magic(uint32_t magic)
{
	return magic == MAGIC_US || magic == MAGIC_NS ||
	    magic == MAGIC_MODIFIED;
}

static enum capture_probe probe(struct slice head)
{
	struct cursor c = cursor_make(head), d = c;
	uint32_t le = cursor_le32(&c), be = cursor_be32(&d);
	bool big = is_magic(be);

	if (c.bad || (!is_magic(le) && !big))
		return CAPTURE_NOT_MINE;
	if (head.len > 4 && head.len < FILE_HEADER)
		return CAPTURE_BROKEN;
	if (head.len >= FILE_HEADER && cursor_x16(&c, big) < 2)
		return CAPTURE_BROKEN; /* before libpcap 0.4 */
	return CAPTURE_MINE;
}

/* Other lengths of the record header that go with a magic. */
static const uint32_t *other_headers(bool modified)
{
	static const uint32_t ordinary[] = { RECORD_HEADER_MODIFIED,
		RECORD_HEADER_NOKIA, 0 };
	static const uint32_t patched[] = { RECORD_HEADER_SUSE,
		RECORD_HEADER, 0 };

	return modified ? patched : ordinary;
}

/*
 * Do the first records have the header that the magic says?  A pipe is not
 * waited for: what it has brought decides, or the magic.
 */
static enum sw_status guess_header(struct pcap *p, bool modified,
    struct sw_err *err)
{
	const uint32_t *other = other_headers(modified);
	enum sw_status status;
	enum chain chain;

	if (source_is_stream(p->in.source) && source_would_block(p->in.source,
	    CHAIN_LEN * (size_t)RECORD_HEADER_SUSE))
		return SW_OK;
	status = follow_chain(p, p->header_len, NULL, &chain, err);
	for (; status == SW_OK && chain == CHAIN_BROKEN && *other; other++) {
		status = follow_chain(p, *other, NULL, &chain, err);
		if (status == SW_OK && chain == CHAIN_GOOD)
			p->header_len = *other;
	}
	return status;
}

static void parse_header(struct pcap *p, struct slice head, bool *modified_r)
{
	struct cursor c = cursor_make(head), d = c;
	uint32_t magic = cursor_le32(&c), snaplen;
	uint16_t major, minor;

	p->big = !is_magic(magic);
	if (p->big)
		magic = cursor_be32(&d);
	p->ns = magic == MAGIC_NS;
	*modified_r = magic == MAGIC_MODIFIED;
	p->header_len = *modified_r ? RECORD_HEADER_MODIFIED : RECORD_HEADER;
	major = cursor_x16(&c, p->big);
	minor = cursor_x16(&c, p->big);
	cursor_skip(&c, 8); /* zone and accuracy: never used */
	snaplen = cursor_x32(&c, p->big);
	p->usual = snaplen > 0 && snaplen < CAPTURE_FRAME_USUAL ? snaplen :
	    CAPTURE_FRAME_USUAL;
	p->link_type = cursor_x32(&c, p->big) & LINK_TYPE_MASK;
	/* libpcap's savefile.c; 543.0 is DG/UX. */
	if ((major == 2 && minor < 3) || major == 543)
		p->lengths = LENGTHS_SWAPPED;
	else if (major == 2 && minor == 3)
		p->lengths = LENGTHS_UNSURE;
	/* AIX writes interface types: 6 is Ethernet (RFC 1573). */
	if (major == 2 && minor == 2 && p->link_type == 6)
		p->link_type = 1;
}

static enum sw_status begin(void *state, struct sw_err *err)
{
	struct pcap *p = state;
	struct slice head;
	bool modified;
	enum sw_status status = source_peek(p->in.source, FILE_HEADER, &head,
	    err);

	if (status != SW_OK)
		return status;
	parse_header(p, head, &modified);
	status = source_skip(p->in.source, FILE_HEADER, err);
	return status == SW_OK ? guess_header(p, modified, err) : status;
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	const struct pcap *p = state;

	capture_clock_utc(clock_r, p->ns ? 1 : 1000);
	return "pcap";
}

const struct capture_format capture_pcap = {
	.name = "pcap",
	.state_len = sizeof(struct pcap),
	.probe = probe,
	.begin = begin,
	.next = next,
	.would_block = would_block,
	.describe = describe
};
