/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcap_search.c - rows of records, by which damage ends and variants are told
 *
 * The next place at which a row of records begins is searched octet by octet.
 * The search is linear: each place costs a look at four words, and what is
 * read is kept until it has been passed.
 */
#include "capture/pcap_internal.h"

/* Two records so near the last good one in time are a row. */
#define NEAR_S 86400

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

enum sw_status capture_pcap_follow(struct pcap *p, uint32_t header_len,
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
			status = capture_pcap_follow(p, p->header_len, near_s,
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

enum sw_status capture_pcap_skip_damage(struct pcap *p, const struct record *r,
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

bool capture_pcap_has_records(const struct pcap *p, struct slice rest)
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
