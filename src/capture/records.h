/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * records.h - files that are a row of records, each of which tells its length
 *
 * What snoop, ERF and both formats of the Sniffer have in common: records are
 * read one behind the other, behind damage the next one is found, the file may
 * end within the last.
 */
#ifndef CAPTURE_RECORDS_H
#define CAPTURE_RECORDS_H

#include "capture/format.h"

/* The state of such a format begins with this.  A row that is read from
 * elsewhere than where its source stands has random and pos set. */
struct capture_records {
	struct capture_input in;
	uint64_t number; /* of the last record that has one */
	uint64_t limit;  /* offset behind the last octet; UINT64_MAX: the
	                    end of the file */
	uint64_t pos;    /* random: of the next record */
	bool random;     /* source_read_at is used */
};

/* What a record's header tells of it. */
struct capture_record {
	size_t len;   /* octets to the next one; 0: no record at all */
	size_t used;  /* of these, those before the padding */
	bool frame;   /* it holds one that is handed out */
	bool likely;  /* to be believed also where nothing else tells that a
	                 record begins here */
};

struct capture_record_kind {
	uint32_t header_len; /* no record has fewer octets */
	uint32_t look_len;   /* as many are looked at, where there are */
	/* octets: look_len of them, or at the end header_len. */
	struct capture_record (*measure)(const void *state,
	    struct slice octets);
	/* The record, or as much of it as the file has.  1: a frame, number
	 * and all; 0: none, go on. */
	int (*take)(void *state, struct slice octets, struct frame *f);
};

/* As next and would_block of struct capture_format. */
int capture_records_next(const struct capture_record_kind *kind, void *state,
    struct frame *f, struct sw_err *err) SW_MUST_USE;
bool capture_records_would_block(const struct capture_record_kind *kind,
    const void *state);
/* Offset of the next record. */
static inline uint64_t capture_records_offset(const struct capture_records *r)
{
	return r->random ? r->pos : source_offset(r->in.source);
}

#endif
