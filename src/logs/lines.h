/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines.h - octets of a log as lines
 */
#ifndef LOGS_LINES_H
#define LOGS_LINES_H

#include <smtpwire/error.h>

#include "base/buffer.h"
#include "base/limits.h"

/* One line, without its end. */
struct log_line {
	struct slice text;  /* UTF-8 or ANSI, as it stands in the file;
	                       UTF-16 was turned into UTF-8 */
	uint64_t number;    /* from 1, counted on over the files of a log */
	uint64_t base;      /* number - base: in its own file */
	bool crlf;          /* CR LF ended it, not a bare LF */
	bool truncated;     /* longer than LIMIT_LINE: cut there */
	bool unterminated;  /* the input ended in it */
};

/* Is more of it missing, or could it be?  A last line without its end may not
 * have been written to its end. */
static inline bool log_line_is_cut(const struct log_line *line)
{
	return line->truncated || line->unterminated;
}

enum log_encoding {
	LOG_ENCODING_UNKNOWN, /* the first octets are awaited */
	LOG_ENCODING_OCTETS,  /* ASCII, UTF-8, ANSI: taken as it is */
	LOG_ENCODING_UTF16LE,
	LOG_ENCODING_UTF16BE,
	LOG_ENCODING_COUNT
};

/* Private but for the tests. */
struct log_lines {
	enum log_encoding encoding;
	struct slice input;      /* fed and not yet looked at; borrowed */
	struct buffer part;      /* a line that was not complete */
	bool overflow;           /* more of it than part may hold */
	bool taken;              /* part was handed out: empty it */
	bool any;                /* part has begun (it may be empty) */
	uint8_t held[3];         /* of a mark of byte order, or a code unit */
	size_t held_len;
	uint16_t high;           /* surrogate awaiting its other half */
	uint64_t number;         /* of the last line */
	uint64_t base;           /* of the file's lines */
};

void log_lines_init(struct log_lines *l);
void log_lines_fini(struct log_lines *l);

/* The next octets, cut anywhere; borrowed until log_lines_next returned 0. */
void log_lines_feed(struct log_lines *l, struct slice octets);

/*
 * The next line: 1.  Its text is valid until the next call or as long as
 * the octets fed.  0: all that was fed is used up.  < 0: SW_ENOMEM.
 * Ends: LF, CR LF; NULs in front of a line (what a crash left of a block) are
 * dropped.
 */
int log_lines_next(struct log_lines *l, struct log_line *line_r) SW_MUST_USE;

/* The input is over, and next returned 0: 1 and the last line if it has no
 * end, else 0; < 0: SW_ENOMEM. */
int log_lines_end(struct log_lines *l, struct log_line *line_r) SW_MUST_USE;

/* What is fed from now on is another file of the same log: its own encoding,
 * numbers that count on.  log_lines_end was called. */
void log_lines_next_file(struct log_lines *l);

/* The beginning of a file as a probe sees it: without a mark of byte order,
 * UTF-16 as UTF-8.  out: memory for the latter; false: no memory. */
bool log_lines_head(struct slice octets, struct buffer *out,
    struct slice *head_r) SW_MUST_USE;

#endif
