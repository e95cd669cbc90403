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

bool capture_pcap_leaps(const struct pcap *p, const struct record *r)
{
	return p->know_time && !is_near(r->s, p->last_s);
}

/* Does a row of records begin at off?  As capture_pcap_follow(). */
static enum sw_status follow(struct pcap *p, size_t off, uint32_t header_len,
    const uint32_t *first_s, enum chain *chain_r, struct sw_err *err)
{
	bool leaps = false;
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
			if (k > 0 && (octets.len == off || (k > 1 && !leaps)))
				*chain_r = CHAIN_GOOD;
			return SW_OK;
		}
		r = get_record(p, slice_from(octets, off));
		if (!is_possible(p, &r))
			return SW_OK;
		if (k == 0)
			leaps = first_s && !is_near(r.s, *first_s);
		else if (first_s && !leaps && is_near(r.s, *first_s))
			break;
		off += header_len + r.len;
	}
	*chain_r = CHAIN_GOOD;
	return SW_OK;
}

enum sw_status capture_pcap_follow(struct pcap *p, uint32_t header_len,
    const uint32_t *first_s, enum chain *chain_r, struct sw_err *err)
{
	return follow(p, 0, header_len, first_s, chain_r, err);
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
 * A row begins here.  If its time leaps it may be that of a header that is
 * read a few octets before its place: with small lengths and the lower octet
 * first that makes lengths 256 times as large, which are possible, too.
 * *off_r: where a row begins that does not leap, or 0.
 */
static enum sw_status find_nearer(struct pcap *p, size_t *off_r,
    struct sw_err *err)
{
	size_t off;

	*off_r = 0;
	for (off = 0; off < RECORD_HEADER; off++) {
		struct slice octets;
		struct record r;
		enum chain chain;
		enum sw_status status = source_peek(p->in.source,
		    off + p->header_len, &octets, err);

		if (status != SW_OK || octets.len < off + p->header_len)
			return status;
		r = get_record(p, slice_from(octets, off));
		if (capture_pcap_leaps(p, &r) || !is_possible(p, &r))
			continue;
		status = follow(p, off, p->header_len, &p->last_s, &chain,
		    err);
		if (status != SW_OK || chain == CHAIN_GOOD) {
			*off_r = off;
			return status;
		}
	}
	return SW_OK;
}

enum sw_status capture_pcap_find_row(struct pcap *p, bool *found_r,
    size_t *off_r, struct sw_err *err)
{
	const uint32_t *near_s = p->know_time ? &p->last_s : NULL;
	enum chain chain;
	enum sw_status status = follow(p, 0, p->header_len, near_s, &chain,
	    err);

	*found_r = status == SW_OK && chain == CHAIN_GOOD;
	*off_r = *found_r ? 0 : 1;
	return *found_r && near_s ? find_nearer(p, off_r, err) : status;
}

/*
 * Consume up to the next row of records behind the damaged header here.
 * *found_r false: there is none.
 */
static enum sw_status search(struct pcap *p, bool *found_r,
    struct sw_err *err)
{
	struct source *s = p->in.source;
	enum sw_status status = source_skip(s, 1, err);

	*found_r = false;
	while (status == SW_OK && !*found_r) {
		struct slice octets;
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
			status = capture_pcap_find_row(p, found_r, &i, err);
		if (status == SW_OK)
			status = source_skip(s, i, err);
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

			if (!is_possible(p, &r) || capture_pcap_leaps(p, &r) ||
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
