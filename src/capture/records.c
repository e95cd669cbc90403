/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * records.c - files that are a row of records, each of which tells its length
 *
 * Theory of operation.  A record is believed if its header makes sense.  Where
 * one does not, the next place is searched at which a header makes good sense
 * and is followed by another or by the end.  The search is linear: each place
 * costs a look at its header, and a look at the one behind it only if that
 * makes sense.
 */
#include "capture/records.h"

/* Octets that a random read asks for at least. */
#define RANDOM_MIN 4096u

static struct slice cut_at_limit(const struct capture_records *r,
    struct slice octets)
{
	uint64_t pos = capture_records_offset(r);
	uint64_t left = r->limit > pos ? r->limit - pos : 0;

	return octets.len > left ? slice_head(octets, (size_t)left) : octets;
}

/* The next octets, want of them or up to the end. */
static enum sw_status peek(struct capture_records *r, size_t want,
    struct slice *octets_r, struct sw_err *err)
{
	enum sw_status status = SW_OK;

	*octets_r = slice_make(NULL, 0);
	if (capture_records_offset(r) >= r->limit)
		return SW_OK;
	if (r->random)
		status = source_read_at(r->in.source, r->pos,
		    want < RANDOM_MIN ? RANDOM_MIN : want, octets_r, err);
	else
		status = source_peek(r->in.source, want, octets_r, err);
	*octets_r = cut_at_limit(r, *octets_r);
	return status;
}

static enum sw_status skip(struct capture_records *r, size_t n,
    struct sw_err *err)
{
	if (!r->random)
		return source_skip(r->in.source, n, err);
	r->pos += n;
	return SW_OK;
}

/* --- searching the next record ------------------------------------------- */

/* Is the record here followed by another, or by the end? */
static bool has_follower(const struct capture_record_kind *kind,
    const void *state, const struct capture_record *record,
    struct slice octets)
{
	if (octets.len < record->len)
		return false;
	octets = slice_from(octets, record->len);
	return octets.len == 0 || (octets.len >= kind->header_len &&
	    kind->measure(state, octets).len > 0);
}

/* Place in octets where a record may begin, or where too few are left. */
static size_t find_likely(const struct capture_record_kind *kind,
    const void *state, struct slice octets, struct capture_record *record_r)
{
	size_t i;

	for (i = 0; octets.len - i >= kind->look_len; i++) {
		*record_r = kind->measure(state, slice_from(octets, i));
		if (record_r->len > 0 && record_r->likely)
			break;
	}
	return i;
}

/* Consume up to the next record behind the damaged one here; up to the end
 * if there is none. */
static enum sw_status search(const struct capture_record_kind *kind,
    struct capture_records *r, struct sw_err *err)
{
	enum sw_status status = skip(r, 1, err);

	while (status == SW_OK) {
		struct capture_record record;
		struct slice octets;
		size_t i;

		status = peek(r, kind->look_len, &octets, err);
		if (status != SW_OK)
			break;
		if (octets.len < kind->look_len)
			return skip(r, octets.len, err);
		i = find_likely(kind, r, octets, &record);
		status = skip(r, i, err);
		if (status != SW_OK || octets.len - i < kind->look_len)
			continue;
		status = peek(r, record.len + kind->look_len, &octets, err);
		if (status != SW_OK ||
		    has_follower(kind, r, &record, octets))
			break;
		status = skip(r, 1, err);
	}
	return status;
}

static enum sw_status skip_damage(const struct capture_record_kind *kind,
    struct capture_records *r, struct sw_err *err)
{
	uint64_t start = capture_records_offset(r);
	enum sw_status status = search(kind, r, err);

	r->number++;
	capture_warn_record(&r->in, start,
	    "damaged record, %llu octets skipped",
	    (unsigned long long)(capture_records_offset(r) - start));
	return status;
}

/* --- records -------------------------------------------------------------- */

/* As next; 0: nothing here, go on. */
static int take_record(const struct capture_record_kind *kind,
    struct capture_records *r, const struct capture_record *record,
    struct frame *f, struct sw_err *err)
{
	uint64_t start = capture_records_offset(r);
	struct slice octets;
	enum sw_status status = peek(r, record->len, &octets, err);
	int result;

	octets = slice_head(octets, record->len);
	if (status == SW_OK)
		status = skip(r, octets.len, err);
	if (status != SW_OK)
		return status;
	result = kind->take(r, slice_head(octets, record->used), f);
	if (octets.len >= record->used)
		return result;
	capture_warn(&r->in, start,
	    "the file ends within a record (%zu of %zu octets)", octets.len,
	    record->used);
	if (result == 1)
		f->anomalies |= ANOMALY_BIT(ANOMALY_TRUNCATED_INPUT);
	return result;
}

/* Fewer octets than a header are left. */
static int finish(struct capture_records *r, struct slice octets,
    struct sw_err *err)
{
	if (!r->random)
		return capture_end(&r->in, octets, err);
	if (octets.len > 0)
		capture_warn_record(&r->in, r->pos,
		    "the file ends within a record's header");
	r->pos += octets.len;
	/* An error that ended the spooling is told now. */
	return source_peek(r->in.source, 1, &octets, err);
}

int capture_records_next(const struct capture_record_kind *kind, void *state,
    struct frame *f, struct sw_err *err)
{
	struct capture_records *r = state;
	int result = 0;

	while (result == 0) {
		struct capture_record record;
		struct slice octets;

		result = peek(r, kind->look_len, &octets, err);
		if (result != SW_OK)
			break;
		if (octets.len < kind->header_len)
			return finish(r, octets, err);
		record = kind->measure(state, octets);
		result = record.len > 0 ?
		    take_record(kind, r, &record, f, err) :
		    skip_damage(kind, r, err);
	}
	if (result < 0 && r->random)
		r->limit = 0; /* it would fail again */
	return result;
}

bool capture_records_would_block(const struct capture_record_kind *kind,
    const void *state)
{
	const struct capture_records *r = state;
	struct slice octets = cut_at_limit(r, source_ready(r->in.source));
	struct capture_record record;

	if (r->random || octets.len < kind->look_len)
		return true;
	record = kind->measure(state, octets);
	return record.len == 0 || !record.frame || octets.len < record.len;
}
