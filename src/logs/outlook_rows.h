/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outlook_rows.h - what stands in the lines of Outlook Express's Smtp.log
 *
 * For outlook_express.c, which makes sessions of it.  Slices that are
 * returned are parts of the line.
 */
#ifndef LOGS_OUTLOOK_ROWS_H
#define LOGS_OUTLOOK_ROWS_H

#include "base/clock.h"
#include "base/slice.h"

enum outlook_tag { OUTLOOK_TX, OUTLOOK_RX, OUTLOOK_DB };

/* A line that bears a tag. */
struct outlook_entry {
	enum outlook_tag tag;
	bool smtp;       /* of this protocol, not of POP3 or the like */
	bool named;      /* the protocol was told */
	bool timed;
	int64_t ns;      /* of the day, if timed */
	struct slice text;
};
/* false: the line has no tag. */
bool outlook_parse_entry(struct slice line, struct outlook_entry *e_r);

/* "SMTP Log started at Thu Aug 01 17:22:27": what follows "at"; whose log
 * it is. */
bool outlook_parse_head(struct slice line, struct slice *rest_r,
    bool *smtp_r);
/* The line in front of it: which program it is. */
bool outlook_is_product(struct slice line);

/* "07) ", dropped from *rest: published copies number their lines. */
bool outlook_take_number(struct slice *rest);
/* Without blanks and tabs at its end. */
struct slice outlook_trim_end(struct slice s);
/* "1 Aug 1996" anywhere in a greeting. */
bool outlook_find_date(struct slice text, struct civil *day_r);

/* The day of the week, 0 for Monday. */
int outlook_weekday_of(const struct civil *day);
/* ... that *rest begins with, dropped with the blanks behind it; -1: none. */
int outlook_take_weekday(struct slice *rest);

#endif
