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
	.would_block = would_block,
	.describe = describe
};
