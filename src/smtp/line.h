/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.h - lines out of octets that come in pieces
 *
 * A line ends at LF; CR LF is the rule (RFC 5321 2.3.8), LENIENT: a bare LF
 * ends it too and is flagged.  A bare CR is an octet of the line.  At most
 * LIMIT_LINE octets are kept; the rest is counted.
 */
#ifndef SMTP_LINE_H
#define SMTP_LINE_H

#include "base/buffer.h"
#include "base/delivery.h"

struct line {
	struct slice text;   /* without its end; valid until the next feed */
	uint64_t octets;     /* with its end */
	uint32_t flags;      /* sw_flag bits: bare-lf bare-cr nul 8bit */
	bool cut;            /* longer than LIMIT_LINE */
	bool ended;          /* false: the octets ran out */
	struct origin first, last;
	uint64_t first_acked;/* of the segment of its first octet */
	bool first_acked_known;
};

struct line_reader {
	uint64_t octets;     /* so far of a line that is not complete */
	bool first_acked_known;
	uint64_t first_acked;
	struct origin first, last;
	struct buffer held;
};

void line_reader_init(struct line_reader *r);
void line_reader_fini(struct line_reader *r);
/* Is there the beginning of a line? */
static inline bool line_reader_partial(const struct line_reader *r)
{
	return r->octets > 0;
}
/*
 * Take octets, which are all or the last of those of a delivery; *used_r: how
 * many.  true: a line is in *line_r and the rest is to be fed again; false:
 * all was used, no line yet.  *resized_r is set if the reader needs more
 * memory than before, or if a long line goes on or ends, else left as it is.
 */
bool line_reader_feed(struct line_reader *r, struct slice octets,
    const struct delivery *o, struct line *line_r, size_t *used_r,
    bool *resized_r);
/* The octets ran out (end, gap): what is held as a line without end; false:
 * nothing is held. */
bool line_reader_flush(struct line_reader *r, struct line *line_r);

#endif
