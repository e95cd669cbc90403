/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcap.c - the capture format of libpcap, with its old and odd relatives
 *
 * Theory of operation.  A file header of 24 octets (magic, version, snap
 * length, link type; pcap_open.c), then records of a header and the frame.
 * The format has no marks to find a record again, so a header is judged before
 * it is believed:
 *
 * - usual: the length is within the snap length and the length on the wire.
 *   Believed at once; nearly all records are.
 * - unusual (longer than the snap length, than the wire, ...): real writers
 *   make such records.  Believed if the record behind it makes sense or the
 *   file ends just there; the reader then takes that kind as usual.
 * - usual, but of another time and without microseconds: a header read an
 *   octet or two before its place is such (lengths of 60 become 60 * 256).
 *   Believed if a row of records begins with it.
 * - anything else is damage: the next place at which a row of records begins
 *   is searched (pcap_search.c).
 *
 * Microseconds of 10^6 and more: some writers put nanoseconds under the
 * microsecond magic, others forget to carry.  One pass cannot know all
 * records: what is 2 * 10^6 or more is nanoseconds, and so are the others once
 * most records have had such values; until then 1 * 10^6 and more is carried.
 */
#include "capture/pcap_internal.h"

/* --- judging a record ---------------------------------------------------- */

static inline bool is_usual(const struct pcap *p, const struct record *r)
{
	return r->len <= p->usual && (r->len <= r->wire || p->longer) &&
	    r->wire - 1 < LIMIT_FRAME;
}

enum verdict { VERDICT_RECORD, VERDICT_DAMAGE };

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

/* A header that may have been read beside its place. */
static bool is_strange(const struct pcap *p, const struct record *r)
{
	return !p->ns && r->fraction >= 1000000 && capture_pcap_leaps(p, r);
}

/* One that the file ends in is judged by its caller. */
static enum sw_status judge_strange(struct pcap *p, const struct record *r,
    enum verdict *verdict_r, struct sw_err *err)
{
	size_t end = (size_t)p->header_len + r->len;
	struct slice octets;
	bool found;
	size_t off;
	enum sw_status status = source_peek(p->in.source, end, &octets, err);

	*verdict_r = VERDICT_RECORD;
	if (status != SW_OK || octets.len < end)
		return status;
	status = capture_pcap_find_row(p, &found, &off, err);
	if (!found || off > 0)
		*verdict_r = VERDICT_DAMAGE;
	return status;
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

/* Fractions below it are what they seem: nanoseconds in a file that says so,
 * or microseconds. */
static inline uint64_t plain_end(const struct pcap *p)
{
	if (p->ns)
		return UINT64_MAX;
	return p->carried == 0 ? 1000000 : 0;
}

static inline int64_t plain_resolution(const struct pcap *p)
{
	return p->ns ? 1 : 1000;
}

/* A frame of a record whose fraction is plain. */
static inline void fill_frame(const struct pcap *p, const struct record *r,
    uint64_t number, int64_t resolution_ns, struct slice octets,
    struct frame *f)
{
	f->number = number;
	f->ts_ns = (int64_t)r->s * NS_PER_S +
	    (int64_t)r->fraction * resolution_ns;
	f->resolution_ns = resolution_ns;
	f->link_type = p->link_type;
	f->wire_len = r->wire;
	f->interface = 0;
	f->anomalies = 0;
	f->octets = octets;
	capture_finish_frame(f);
}

static void set_frame(struct pcap *p, const struct record *r,
    struct slice octets, struct frame *f)
{
	fill_frame(p, r, ++p->number, plain_resolution(p), octets, f);
	if (r->fraction >= plain_end(p))
		f->ts_ns = (int64_t)r->s * NS_PER_S +
		    odd_fraction(p, r->fraction, &f->resolution_ns);
	else if (!p->ns)
		p->plain++;
	p->last_s = r->s;
	p->know_time = true;
}

/* The file ends within a record of which octets (header and data) are left:
 * 1: it makes a frame; 0: damage, skipped. */
static int cut_record(struct pcap *p, const struct record *r,
    struct slice octets, struct frame *f, struct sw_err *err)
{
	uint64_t start = source_offset(p->in.source);
	enum sw_status status;

	if (capture_pcap_has_records(p, octets)) {
		status = capture_pcap_skip_damage(p, r, err);
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
	else if (is_strange(p, r))
		status = judge_strange(p, r, &verdict, err);
	if (status == SW_OK && verdict == VERDICT_DAMAGE)
		return capture_pcap_skip_damage(p, r, err);
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

/* Does a usual record begin here, and lie in octets? */
static inline bool has_usual(const struct pcap *p, struct slice octets,
    struct record *r_r)
{
	if (octets.len < p->header_len)
		return false;
	*r_r = read_record(p, octets.p);
	return is_usual(p, r_r) && octets.len - p->header_len >= r_r->len;
}

static void look_ahead(struct pcap *p)
{
	struct record r;

	/* A strange one is judged by what is behind it. */
	p->know_ahead = has_usual(p, source_ready(p->in.source), &r) &&
	    !is_strange(p, &r);
}

/*
 * Frames of the usual records with plain times at the front of *octets, which
 * are removed.  Reads a copy of the state, in which no frame can lie: so what
 * all records have in common stays in registers.
 */
static inline size_t take_usual(const struct pcap how, struct slice *octets,
    struct frame *frames_r, size_t max)
{
	const uint64_t fraction_end = plain_end(&how);
	const int64_t resolution_ns = plain_resolution(&how);
	struct frame *f = frames_r, *end = frames_r + max;
	struct slice left = *octets;
	uint64_t number = how.number;
	struct record r;

	while (f != end && has_usual(&how, left, &r) &&
	    r.fraction < fraction_end) {
		left = slice_make(left.p + how.header_len,
		    left.len - how.header_len);
		fill_frame(&how, &r, ++number, resolution_ns,
		    slice_make(left.p, r.len), f++);
		left = slice_make(left.p + r.len, left.len - r.len);
	}
	*octets = left;
	return (size_t)(number - how.number);
}

/* As many as lie in what was read. */
static size_t more(void *state, struct frame *frames_r, size_t max)
{
	struct pcap *p = state;
	struct slice octets = source_ready(p->in.source);
	size_t all = octets.len, n;
	struct pcap how = *p;

	if (!how.big && how.lengths == LENGTHS_ORDERED) {
		/* Nearly all files, of which no record has to be asked. */
		how.big = false;
		how.lengths = LENGTHS_ORDERED;
		n = take_usual(how, &octets, frames_r, max);
	} else {
		n = take_usual(how, &octets, frames_r, max);
	}
	if (n == 0)
		return 0;
	p->last_s = read_record(p, frames_r[n - 1].octets.p -
	    p->header_len).s;
	p->know_time = true;
	p->number += n;
	p->plain += p->ns ? 0 : n;
	source_take(p->in.source, all - octets.len);
	look_ahead(p);
	return n;
}

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
		r = read_record(p, octets.p);
		result = next_slow(p, &r, f, err);
		look_ahead(p);
	}
	return result;
}

static int next(void *state, struct frame *f, struct sw_err *err)
{
	return more(state, f, 1) == 1 ? 1 : next_unknown(state, f, err);
}

/* An unusual record is judged by what lies behind it. */
static bool would_block(const void *state)
{
	const struct pcap *p = state;

	return !p->know_ahead;
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
	.probe = capture_pcap_probe,
	.begin = capture_pcap_begin,
	.next = next,
	.more = more,
	.would_block = would_block,
	.describe = describe
};
