/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.c - calendar arithmetic, and times as text */
#include "base/clock.h"

#define SECONDS_PER_DAY INT64_C(86400)
#define DAYS_PER_ERA INT64_C(146097) /* 400 Gregorian years */
#define DAYS_TO_1970 INT64_C(719468) /* since 0000-03-01 */

/* a / b and a mod b (b > 0), rounded down. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t floor_mod(int64_t a, int64_t b)
{
	int64_t r = a % b;

	return r < 0 ? r + b : r;
}

/* Years are counted from March, so that the leap day is the last one. */
int64_t clock_from_civil(const struct civil *c)
{
	int64_t year = (int64_t)c->year - (c->month <= 2);
	int64_t era = floor_div(year, 400);
	int64_t of_era = year - era * 400;
	int64_t month = (c->month + 9) % 12;
	int64_t of_year = (153 * month + 2) / 5 + c->day - 1;
	int64_t day = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
	int64_t days = era * DAYS_PER_ERA + day - DAYS_TO_1970;

	return days * SECONDS_PER_DAY + c->hour * INT64_C(3600) +
	    c->minute * INT64_C(60) + c->second;
}

static void civil_date(int64_t days, struct civil *c_r)
{
	int64_t z = days + DAYS_TO_1970;
	int64_t era = floor_div(z, DAYS_PER_ERA);
	int64_t day = z - era * DAYS_PER_ERA;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	c_r->day = (int)(of_year - (153 * month + 2) / 5 + 1);
	c_r->month = (int)(month < 10 ? month + 3 : month - 9);
	c_r->year = (int32_t)(year + era * 400 + (c_r->month <= 2));
}

void clock_to_civil(int64_t ts_ns, struct civil *c_r)
{
	int64_t s = floor_div(ts_ns, NS_PER_S);
	int64_t of_day = floor_mod(s, SECONDS_PER_DAY);

	civil_date(floor_div(s, SECONDS_PER_DAY), c_r);
	c_r->hour = (int)(of_day / 3600);
	c_r->minute = (int)(of_day / 60 % 60);
	c_r->second = (int)(of_day % 60);
	c_r->ns = (int32_t)floor_mod(ts_ns, NS_PER_S);
}

static int days_of_month(int32_t year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

bool clock_civil_is_valid(const struct civil *c)
{
	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	    c->day <= days_of_month(c->year, c->month) && c->hour >= 0 &&
	    c->hour <= 23 && c->minute >= 0 && c->minute <= 59 &&
	    c->second >= 0 && c->second <= 60 && c->ns >= 0 &&
	    c->ns < NS_PER_S;
}

int64_t clock_add(int64_t a, int64_t b)
{
	if (a == SW_NO_TIME || b == SW_NO_TIME)
		return SW_NO_TIME;
	if ((b > 0 && a > INT64_MAX - b) || (b < 0 && a < INT64_MIN - b))
		return SW_NO_TIME;
	return a + b;
}

int64_t clock_make(int64_t s, int64_t ns)
{
	/* One second less at each end, so that ns cannot overflow it. */
	if (s >= INT64_MAX / NS_PER_S || s <= INT64_MIN / NS_PER_S)
		return SW_NO_TIME;
	return s * NS_PER_S + ns;
}

int clock_digits(int64_t resolution_ns)
{
	int64_t unit = NS_PER_S;
	int digits = 0;

	while (digits < 9 && unit > resolution_ns) {
		unit /= 10;
		digits++;
	}
	return digits;
}

/* int64 nanoseconds span the years 1677 to 2262: always four digits. */
static uint8_t *put_date(uint8_t *w, const struct civil *c, char sep)
{
	w = buffer_put_digits(w, (uint64_t)c->year, 4);
	*w++ = '-';
	w = buffer_put_digits(w, (uint64_t)c->month, 2);
	*w++ = '-';
	w = buffer_put_digits(w, (uint64_t)c->day, 2);
	*w++ = (uint8_t)sep;
	return w;
}

static uint8_t *put_time(uint8_t *w, const struct civil *c)
{
	w = buffer_put_digits(w, (uint64_t)c->hour, 2);
	*w++ = ':';
	w = buffer_put_digits(w, (uint64_t)c->minute, 2);
	*w++ = ':';
	return buffer_put_digits(w, (uint64_t)c->second, 2);
}

static uint8_t *put_offset(uint8_t *w, int32_t offset_s)
{
	int64_t s = offset_s;
	uint32_t minutes = (uint32_t)((s < 0 ? -s : s) / 60);

	*w++ = offset_s < 0 ? '-' : '+';
	w = buffer_put_digits(w, minutes / 60, 2);
	*w++ = ':';
	return buffer_put_digits(w, minutes % 60, 2);
}

/* What is to be added for the local time that a clock of a known offset
 * shows. */
static int64_t shift_of(const struct sw_clock *clock)
{
	return clock->zone == SW_ZONE_OFFSET ? clock->offset_s * NS_PER_S : 0;
}

#define MINUTE_NS (60 * NS_PER_S)

/* All but the fraction.  Of times that cannot be shifted, or those near them
 * not, nothing is kept for others. */
static void make_memo(struct clock_memo *m, const struct sw_clock *clock,
    int64_t ts_ns, char sep)
{
	uint8_t *w = m->head_text, *tail = m->tail_text;
	int64_t shift = shift_of(clock), there = clock_add(ts_ns, shift);
	struct civil c;

	clock_to_civil(there == SW_NO_TIME ? ts_ns : there, &c);
	if (clock->date != SW_DATE_NONE)
		w = put_date(w, &c, sep);
	w = put_time(w, &c);
	m->digits = (size_t)clock_digits(clock->resolution_ns);
	if (m->digits > 0)
		*w++ = '.';
	m->head = (size_t)(w - m->head_text);
	/* RFC 3339 has no zone for a time without a date to hang it on. */
	if (clock->date != SW_DATE_NONE && clock->zone == SW_ZONE_UTC)
		*tail++ = 'Z';
	else if (clock->date != SW_DATE_NONE &&
	    clock->zone == SW_ZONE_OFFSET)
		tail = put_offset(tail, clock->offset_s);
	m->tail = (size_t)(tail - m->tail_text);
	m->second_ns = (uint64_t)ts_ns - (uint64_t)c.ns;
	m->minute_ns = m->second_ns - (uint64_t)(c.second * NS_PER_S);
	/* Its minute does not go beyond the ends, here or there. */
	m->made = clock_add(ts_ns, -MINUTE_NS) != SW_NO_TIME &&
	    clock_add(ts_ns, MINUTE_NS) != SW_NO_TIME &&
	    clock_add(ts_ns, shift - MINUTE_NS) != SW_NO_TIME &&
	    clock_add(ts_ns, shift + MINUTE_NS) != SW_NO_TIME;
}

/* Another second of the same minute: two digits differ. */
static void move_memo(struct clock_memo *m, uint64_t second)
{
	size_t off = m->head - (m->digits > 0) - 2;

	m->second_ns = m->minute_ns + second * (uint64_t)NS_PER_S;
	buffer_put_digits(m->head_text + off, second, 2);
}

/* Microseconds of v ns; what is behind them is not told. */
static inline void put_six(uint8_t *w, uint32_t v)
{
	uint32_t low;

	v /= 1000;
	low = v % 10000;
	memcpy(w, buffer_pairs + 2 * (v / 10000), 2);
	memcpy(w + 2, buffer_pairs + 2 * (low / 100), 2);
	memcpy(w + 4, buffer_pairs + 2 * (low % 100), 2);
}

/* Digits beyond the resolution are cut, never rounded into the future: six or
 * nine are written, the tail over those that are too many. */
static inline uint8_t *put_fraction(uint8_t *w, const struct clock_memo *m,
    uint32_t ns)
{
	memcpy(w, m->head_text, sizeof(m->head_text));
	w += m->head;
	if (m->digits > 6)
		buffer_put_nine(w, ns);
	else if (m->digits > 0)
		put_six(w, ns);
	w += m->digits;
	memcpy(w, m->tail_text, sizeof(m->tail_text));
	return w + m->tail;
}

/* Not inlined, so that the usual call stays short. */
static __attribute__((noinline)) uint8_t *put_other(uint8_t *w,
    struct clock_memo *m, const struct sw_clock *clock, int64_t ts_ns,
    char sep)
{
	uint64_t ns = (uint64_t)ts_ns - m->minute_ns;

	if (m->made && ns < (uint64_t)MINUTE_NS)
		move_memo(m, ns / (uint64_t)NS_PER_S);
	else
		make_memo(m, clock, ts_ns, sep);
	return put_fraction(w, m, (uint32_t)((uint64_t)ts_ns - m->second_ns));
}

uint8_t *clock_put(uint8_t *w, struct clock_memo *m,
    const struct sw_clock *clock, int64_t ts_ns, char sep)
{
	uint64_t ns = (uint64_t)ts_ns - m->second_ns;

	if (!m->made || ns >= (uint64_t)NS_PER_S)
		return put_other(w, m, clock, ts_ns, sep);
	return put_fraction(w, m, (uint32_t)ns);
}

bool clock_append(struct buffer *b, const struct sw_clock *clock,
    int64_t ts_ns, char sep)
{
	struct clock_memo m = { .made = false };
	uint8_t text[CLOCK_ROOM];

	if (ts_ns == SW_NO_TIME)
		return true;
	return buffer_append(b, text, (size_t)(clock_put(text, &m, clock,
	    ts_ns, sep) - text));
}
