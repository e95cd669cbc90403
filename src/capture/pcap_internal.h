/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcap_internal.h - what the files of pcap.c share */
#ifndef CAPTURE_PCAP_INTERNAL_H
#define CAPTURE_PCAP_INTERNAL_H

#include "capture/format.h"

#define RECORD_HEADER 16u

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
};

/* The lengths of old versions. */
static inline void order_lengths(const struct pcap *p, struct record *r)
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
static inline struct record get_record(const struct pcap *p,
    struct slice octets)
{
	uint8_t header[RECORD_HEADER] = { 0 };

	if (octets.len >= sizeof(header))
		return read_record(p, octets.p);
	if (octets.len > 0)
		memcpy(header, octets.p, octets.len);
	return read_record(p, header);
}

/* --- pcap_open.c --------------------------------------------------------- */

/* As probe and begin of struct capture_format. */
enum capture_probe capture_pcap_probe(struct slice head);
enum sw_status capture_pcap_begin(void *state, struct sw_err *err)
    SW_MUST_USE;

/* --- pcap_search.c ------------------------------------------------------- */

/* A row of records: so many that follow each other, or two, at most NEAR_S
 * from the last good record in time. */
#define CHAIN_LEN 4
enum chain { CHAIN_BROKEN, CHAIN_GOOD };
/*
 * Does a row of records begin here?  Nothing is consumed.  first_s: seconds
 * that the first record should be near to, or NULL.
 */
enum sw_status capture_pcap_follow(struct pcap *p, uint32_t header_len,
    const uint32_t *first_s, enum chain *chain_r, struct sw_err *err)
    SW_MUST_USE;
/* Is its time far from that of the last good record? */
bool capture_pcap_leaps(const struct pcap *p, const struct record *r);
/* Does a row of records begin here, or a few octets on?  *off_r: where it
 * does, or what can be skipped if there is none.  Nothing is consumed. */
enum sw_status capture_pcap_find_row(struct pcap *p, bool *found_r,
    size_t *off_r, struct sw_err *err) SW_MUST_USE;
/* Consume the damaged record r here and all up to the next row of records,
 * and tell it. */
enum sw_status capture_pcap_skip_damage(struct pcap *p,
    const struct record *r, struct sw_err *err) SW_MUST_USE;
/* Is there a row of records within the last octets of the file?  Then the
 * record that reaches beyond the end is damaged, not cut. */
bool capture_pcap_has_records(const struct pcap *p, struct slice rest);

#endif
