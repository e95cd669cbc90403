/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_rows.h - rows of the page's table, kept as columns */
#ifndef EMIT_PAGE_ROWS_H
#define EMIT_PAGE_ROWS_H

#include <smtpwire/report.h>

#include "base/buffer.h"

/* What a row is of; the page's program knows these numbers. */
enum page_verdict {
	PAGE_AGREES,
	PAGE_DIFFERS,
	PAGE_UNDECIDABLE,
	PAGE_LEFT_ONLY,
	PAGE_RIGHT_ONLY,
	PAGE_FINE,   /* of `read` */
	PAGE_FAILED
};

struct page_row {
	enum page_verdict verdict;
	/* One may be NULL; `read` has a left one. */
	const struct sw_session *sides[2];
	const struct sw_pair *pair; /* NULL: none */
	const char *reason;         /* static; NULL: none */
	bool no_times;
	int64_t chunk;              /* of its transcript, -1: left out */
	uint32_t entry;             /* in the chunk */
};

enum { PAGE_COLUMNS = 31 };

struct page_rows {
	struct buffer columns[PAGE_COLUMNS];
	struct buffer times[2]; /* start by each side */
	int64_t before[2]; /* ms; times are told as differences */
	size_t count;
	size_t octets; /* of all columns */
};

void page_rows_init(struct page_rows *r);
void page_rows_fini(struct page_rows *r);
/* false: out of memory. */
bool page_rows_add(struct page_rows *r, const struct page_row *row);
/* Append them as one JSON object of arrays and begin anew.  false: out of
 * memory. */
bool page_rows_take(struct page_rows *r, struct buffer *out);

#endif
