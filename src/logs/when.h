/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * when.h - dates and times in the lines of logs
 *
 * Each log_take_* takes what it names from the front of *rest and drops it;
 * false: it does not stand there, and *rest and the result are untouched.
 */
#ifndef LOGS_WHEN_H
#define LOGS_WHEN_H

#include "base/clock.h"
#include "base/slice.h"
#include "logs/logs.h"

#define NS_PER_DAY (INT64_C(86400) * NS_PER_S)

/* This octet. */
bool log_take_octet(struct slice *rest, uint8_t c);
/* This text, at least one octet, ASCII case ignored. */
static inline bool log_take_text(struct slice *rest, const char *text)
{
	struct slice t = slice_str(text);

	if (rest->len == 0 || ascii_lower(rest->p[0]) != ascii_lower(t.p[0]) ||
	    !slice_has_prefix_nocase(*rest, t))
		return false;
	*rest = slice_from(*rest, t.len);
	return true;
}
/* Blanks and tabs, any number; how many. */
size_t log_take_some_blanks(struct slice *rest);
static inline size_t log_take_blanks(struct slice *rest)
{
	if (rest->len == 0 || (rest->p[0] != ' ' && rest->p[0] != '\t'))
		return 0;
	return log_take_some_blanks(rest);
}
/* A number of min to max digits. */
bool log_take_number(struct slice *rest, size_t min, size_t max,
    int *value_r);
/* "Jan" to "Dec", in English. */
bool log_take_month(struct slice *rest, int *month_r);
/* The same, or as other languages of Western Europe have it ("Okt", "dic."):
 * a full stop behind it is dropped. */
bool log_take_local_month(struct slice *rest, int *month_r);
/* "Mon" to "Sun", in English. */
bool log_take_weekday(struct slice *rest);

/*
 * A time of day as ns since midnight: "9:47:02", "09:47:02.015",
 * "09:47:02,015", and with " AM" or " PM" behind it.  *digits_r (NULL: not
 * asked for): how many digits the fraction has.
 */
bool log_take_time(struct slice *rest, int64_t *ns_r, int *digits_r);
/* "+0200", "-05:00", "Z": seconds east of UTC. */
bool log_take_zone(struct slice *rest, int32_t *offset_s_r);
/* "2006-10-09", "2006/10/09", "2006.10.09", "20061009". */
bool log_take_iso_date(struct slice *rest, struct civil *day_r);
/* "2023-01-11T15:59:51.433Z", with 'T' or a blank, with or without fraction
 * and zone.  Time in UTC if *zoned_r, else as it stands. */
bool log_take_iso_time(struct slice *rest, int64_t *time_r, bool *zoned_r,
    int32_t *offset_s_r, int *digits_r);

/* Three numbers with '/', '.' or '-' between them, as they stand. */
struct log_numeric_date {
	int n[3];
	size_t digits[3];
};
bool log_take_numeric_date(struct slice *rest, struct log_numeric_date *d_r);
/* The day that they are in this order (LOG_DATE_AUTO: whichever is possible,
 * month first if two are).  Two digits of a year are those of 1980 to
 * 2079. */
bool log_order_date(const struct log_numeric_date *d,
    enum log_date_order order, struct civil *day_r);
/*
 * The order of the dates of one file, given them in their order in it: a
 * value over 12 decides, else the order in which they do not run backwards.
 * begin with zeros; LOG_DATE_AUTO: undecided.
 */
struct log_date_votes {
	size_t count;
	bool possible[LOG_DATE_ORDER_COUNT]; /* valid once count > 0 */
	size_t backwards[LOG_DATE_ORDER_COUNT];
	int64_t last[LOG_DATE_ORDER_COUNT];
};
void log_date_vote(struct log_date_votes *v,
    const struct log_numeric_date *d);
enum log_date_order log_date_elected(const struct log_date_votes *v);

/*
 * The days of a log whose lines tell only the time of day: begin with a day
 * (of a header, of the file's name) or without one; a day passes each time
 * the clock falls by more than half a day.
 */
struct log_days {
	bool known;
	struct civil day;  /* of the first line, if known */
	int64_t passed;    /* days since */
	int64_t last_ns;   /* time of day of the line before, -1: none */
};
void log_days_begin(struct log_days *d, const struct civil *day);
/* day NULL: not known.  The time of a line: with a day ns since 1970, else
 * since the first midnight. */
int64_t log_days_time(struct log_days *d, int64_t ns_of_day);

/*
 * The years of a log whose dates have none (RFC 3164): the one in the file's
 * name ("mail-20260131.log"), else by when the file was changed last; one
 * more each time December is over.
 */
struct log_years {
	bool known;
	int32_t year;       /* of the last line; 0: none yet */
	int month;          /* of the last line */
	struct civil until; /* the day of the last line at most, if known */
};
void log_years_begin(struct log_years *y, const struct log_options *options,
    const char *file_name);
/* The year of a line of this month and day; if it is not known one that has
 * all days, counted on from the first. */
int32_t log_years_take(struct log_years *y, int month, int day);

/* How times of this resolution that name no zone are told: in that of --tz,
 * else as local ones. */
struct sw_clock log_local_clock(const struct log_options *options,
    int64_t resolution_ns, enum sw_date_kind date);
/* A local time as the clock above tells it. */
int64_t log_local_time(const struct log_options *options, int64_t time);
/* 10^-digits seconds in ns. */
int64_t log_resolution(int digits);

#endif
