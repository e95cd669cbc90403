/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.h - how much of a log's head is a family's
 *
 * Most lines of a family's log are its own, and some of them tell that it is
 * one of SMTP.  But a log may begin with lines of others: another program's,
 * or what a rotation wrote.  So what is asked of all lines of the head is
 * asked as well of those from some line on, to its end, if they are enough
 * to be certain.
 */
#ifndef LOGS_PROBE_H
#define LOGS_PROBE_H

#include "logs/text.h"

/* What a row tells: 0 nothing; the rest the family decides, else it is that
 * the log is one of SMTP. */
#define LOG_TELLS_SMTP 1
#define LOG_TELLS_COUNT 4

struct log_count {
	size_t lines, rows;         /* rows: lines that are the family's */
	size_t of[LOG_TELLS_COUNT]; /* rows by what they tell */
};

struct log_tally {
	size_t share; /* more than one line in so many is a row */
	struct log_count all;
	struct log_count tail; /* from the line on with most rows behind it */
};

/* Rows that the lines from some line on must have. */
#define LOG_TAIL_ROWS 8

static inline void log_tally_other(struct log_tally *t)
{
	t->all.lines++;
	t->tail.lines++;
	if (t->tail.rows * t->share < t->tail.lines)
		t->tail = (struct log_count){ .lines = 0 };
}

static inline void log_tally_row(struct log_tally *t, unsigned tells)
{
	t->all.lines++;
	t->all.rows++;
	t->all.of[tells]++;
	t->tail.lines++;
	t->tail.rows++;
	t->tail.of[tells]++;
}

static inline bool log_count_judge(const struct log_count *c, size_t share,
    bool (*is_log)(const struct log_count *rows))
{
	return c->rows * share > c->lines &&
	    (is_log ? is_log(c) : c->of[LOG_TELLS_SMTP] > 0);
}

/* is_log: do these rows tell that it is a log of SMTP?  NULL: one row that
 * does is enough. */
static inline bool log_tally_judge(const struct log_tally *t,
    bool (*is_log)(const struct log_count *rows))
{
	return log_count_judge(&t->all, t->share, is_log) ||
	    (t->tail.rows >= LOG_TAIL_ROWS &&
	    log_count_judge(&t->tail, t->share, is_log));
}

#endif
