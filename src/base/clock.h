/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.h - calendar arithmetic, and times as text
 *
 * Proleptic Gregorian, no leap seconds, no time zone of the machine.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <smtpwire/transcript.h>

#include "base/buffer.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

struct civil {
	int32_t year;
	int month, day, hour, minute, second; /* month and day from 1 */
	int32_t ns;
};

/* Seconds since 1970-01-01 of a date and time; no check of the fields. */
int64_t clock_from_civil(const struct civil *c);
/* ns since 1970 to calendar fields (any sign). */
void clock_to_civil(int64_t ts_ns, struct civil *c_r);
/* Are the fields those of a real date and time (second up to 60)? */
bool clock_civil_is_valid(const struct civil *c);
/* t + by, a - b; what an attacker's times may overflow ends at what can be
 * told. */
static inline int64_t clock_shift(int64_t t, int64_t by)
{
	int64_t sum;

	if (!__builtin_add_overflow(t, by, &sum) && sum != INT64_MIN)
		return sum;
	return by < 0 ? -INT64_MAX : INT64_MAX;
}
static inline int64_t clock_apart(int64_t a, int64_t b)
{
	int64_t d;

	if (!__builtin_sub_overflow(a, b, &d) && d != INT64_MIN)
		return d;
	return a < b ? -INT64_MAX : INT64_MAX;
}
/* a + b, SW_NO_TIME if either is or it overflows. */
int64_t clock_add(int64_t a, int64_t b);
/* s seconds + ns (0 to 10^9 - 1) as ns since 1970; SW_NO_TIME on
 * overflow. */
int64_t clock_make(int64_t s, int64_t ns);

/* A number in JSON keeps 53 bits: a duration from this one on, 23 days, is
 * told in whole milliseconds, which survive being read. */
#define CLOCK_LONG_NS INT64_C(2000000000000000)

/* Fraction digits of a resolution: 1000000000 -> 0, 1000 -> 6, 1 -> 9;
 * a resolution between two powers of ten takes the finer. */
int clock_digits(int64_t resolution_ns);

/*
 * Append a time as TRANSCRIPT says: RFC 3339 with the fraction digits of the
 * clock's resolution, Z or the offset only when the zone is known,
 * HH:MM:SS without a date.  sep stands between date and time ('T' or ' ').
 * A time of SW_NO_TIME appends nothing.  Years beyond 9999 are written with
 * as many digits as they have.
 */
bool clock_append(struct buffer *b, const struct sw_clock *clock,
    int64_t ts_ns, char sep);

/* What the texts of times in one second have in common, and nearly those of
 * one minute. */
struct clock_memo {
	bool made; /* the rest is valid */
	uint64_t second_ns, minute_ns; /* their starts, modulo 2^64 */
	size_t head, digits, tail;     /* octets */
	uint8_t head_text[24], tail_text[8];
};
/* Octets that clock_put() may write, more than it returns. */
enum { CLOCK_ROOM = 48 };
/* The same as clock_append, straight to w, for many times of one clock and
 * sep; *m begins with made false.  ts_ns is not SW_NO_TIME.  Returns the end
 * of the text. */
uint8_t *clock_put(uint8_t *w, struct clock_memo *m,
    const struct sw_clock *clock, int64_t ts_ns, char sep);

#endif
