/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_clock.c - calendar arithmetic and times as text */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static const struct {
	struct civil civil;
	int64_t s;
} dates[] = {
	{ { 1970, 1, 1, 0, 0, 0, 0 }, 0 },
	{ { 1969, 12, 31, 23, 59, 59, 0 }, -1 },
	{ { 2004, 2, 20, 11, 10, 3, 0 }, 1077275403 },
	{ { 2000, 2, 29, 12, 0, 0, 0 }, 951825600 },
	{ { 1900, 3, 1, 0, 0, 0, 0 }, -2203891200 },
	{ { 2100, 2, 28, 23, 59, 59, 0 }, 4107542399 },
	{ { 2100, 3, 1, 0, 0, 0, 0 }, 4107542400 },
	{ { 2024, 12, 31, 23, 59, 59, 0 }, 1735689599 },
	{ { 1678, 1, 1, 0, 0, 0, 0 }, -9214560000 },
};

static void dates_go_both_ways(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		const struct civil *want = &dates[i].civil;
		struct civil c;

		assert_int_equal(clock_from_civil(want), dates[i].s);
		clock_to_civil(dates[i].s * NS_PER_S + 7, &c);
		assert_int_equal(c.year, want->year);
		assert_int_equal(c.month, want->month);
		assert_int_equal(c.day, want->day);
		assert_int_equal(c.hour, want->hour);
		assert_int_equal(c.minute, want->minute);
		assert_int_equal(c.second, want->second);
		assert_int_equal(c.ns, 7);
	}
}

/* Every day of 400 years, so that no leap rule is missed. */
static void every_day_goes_both_ways(void **state)
{
	int64_t day;
	struct civil before = { 1799, 12, 31, 0, 0, 0, 0 };

	(void)state;
	for (day = -62091; day < -62091 + 146097; day++) {
		struct civil c, next = before;

		clock_to_civil(day * 86400 * NS_PER_S, &c);
		assert_int_equal(clock_from_civil(&c), day * 86400);
		assert_true(clock_civil_is_valid(&c));
		next.day++;
		assert_int_equal(c.day,
		    clock_civil_is_valid(&next) ? next.day : 1);
		before = c;
	}
}

static void extremes_do_not_overflow(void **state)
{
	struct civil c;

	(void)state;
	clock_to_civil(INT64_MAX, &c);
	assert_int_equal(c.year, 2262);
	clock_to_civil(INT64_MIN, &c);
	assert_int_equal(c.year, 1677);
	assert_int_equal(c.ns, 145224192);
}

static void validity(void **state)
{
	static const struct {
		struct civil c;
		bool valid;
	} cases[] = {
		{ { 2023, 2, 28, 0, 0, 0, 0 }, true },
		{ { 2023, 2, 29, 0, 0, 0, 0 }, false },
		{ { 2024, 2, 29, 23, 59, 60, 999999999 }, true },
		{ { 1900, 2, 29, 0, 0, 0, 0 }, false },
		{ { 2000, 2, 29, 0, 0, 0, 0 }, true },
		{ { 2023, 13, 1, 0, 0, 0, 0 }, false },
		{ { 2023, 0, 1, 0, 0, 0, 0 }, false },
		{ { 2023, 4, 31, 0, 0, 0, 0 }, false },
		{ { 2023, 4, 0, 0, 0, 0, 0 }, false },
		{ { 2023, 4, 1, 24, 0, 0, 0 }, false },
		{ { 2023, 4, 1, 0, 60, 0, 0 }, false },
		{ { 2023, 4, 1, 0, 0, 61, 0 }, false },
		{ { 2023, 4, 1, -1, 0, 0, 0 }, false },
		{ { 2023, 4, 1, 0, 0, 0, 1000000000 }, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(clock_civil_is_valid(&cases[i].c),
		    cases[i].valid);
}

static void sums(void **state)
{
	(void)state;
	assert_int_equal(clock_add(5, -7), -2);
	assert_true(clock_add(SW_NO_TIME, 1) == SW_NO_TIME);
	assert_true(clock_add(1, SW_NO_TIME) == SW_NO_TIME);
	assert_true(clock_add(INT64_MAX, 1) == SW_NO_TIME);
	assert_true(clock_add(-INT64_MAX, -2) == SW_NO_TIME);
	assert_int_equal(clock_make(1, 5), 1000000005);
	assert_int_equal(clock_make(-1, 5), -999999995);
	assert_true(clock_make(INT64_MAX, 0) == SW_NO_TIME);
	assert_true(clock_make(INT64_MIN, 0) == SW_NO_TIME);
	assert_true(clock_make(9223372036, 999999999) == SW_NO_TIME);
	assert_true(clock_make(9223372035, 999999999) != SW_NO_TIME);
}

static void digits_of_a_resolution(void **state)
{
	static const struct {
		int64_t resolution;
		int digits;
	} cases[] = {
		{ INT64_C(60000000000), 0 }, { 1000000000, 0 },
		{ 999999999, 1 }, { 100000000, 1 }, { 10000000, 2 },
		{ 976562, 4 }, { 1000, 6 }, { 100, 7 }, { 1, 9 }, { 0, 9 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(clock_digits(cases[i].resolution),
		    cases[i].digits);
}

#define START (INT64_C(1077275403) * NS_PER_S + 120456789)

static void text(void **state)
{
	static const struct {
		struct sw_clock clock;
		int64_t ts;
		char sep;
		const char *text;
	} cases[] = {
		{ { SW_ZONE_UTC, 0, 1000, SW_DATE_GIVEN }, START, 'T',
		  "2004-02-20T11:10:03.120456Z" },
		{ { SW_ZONE_UTC, 0, 1, SW_DATE_GIVEN }, START, ' ',
		  "2004-02-20 11:10:03.120456789Z" },
		{ { SW_ZONE_UTC, 0, 1000000000, SW_DATE_GIVEN }, START, 'T',
		  "2004-02-20T11:10:03Z" },
		{ { SW_ZONE_OFFSET, 7200, 1000000, SW_DATE_GIVEN }, START,
		  'T', "2004-02-20T13:10:03.120+02:00" },
		{ { SW_ZONE_OFFSET, -41400, 1000000, SW_DATE_GIVEN }, START,
		  'T', "2004-02-19T23:40:03.120-11:30" },
		{ { SW_ZONE_LOCAL, 0, 1000000000, SW_DATE_ASSUMED }, START,
		  'T', "2004-02-20T11:10:03" },
		{ { SW_ZONE_LOCAL, 0, 1000000000, SW_DATE_NONE },
		  NS_PER_S * 3661, 'T', "01:01:01" },
		{ { SW_ZONE_LOCAL, 0, 1000000, SW_DATE_NONE },
		  NS_PER_S * 86403, 'T', "00:00:03.000" },
		{ { SW_ZONE_UTC, 0, 1000, SW_DATE_GIVEN }, -1, 'T',
		  "1969-12-31T23:59:59.999999Z" },
		{ { SW_ZONE_UTC, 0, 1000, SW_DATE_GIVEN }, SW_NO_TIME, 'T',
		  "" },
		{ { SW_ZONE_OFFSET, INT32_MIN, 1000, SW_DATE_NONE },
		  INT64_MAX, 'T', "20:33:08.854775" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer b;

		buffer_init(&b, 100);
		assert_true(clock_append(&b, &cases[i].clock, cases[i].ts,
		    cases[i].sep));
		assert_int_equal(b.len, strlen(cases[i].text));
		if (b.len > 0)
			assert_memory_equal(b.p, cases[i].text, b.len);
		buffer_fini(&b);
	}
}

/* What was kept of other times changes nothing. */
static void as_fresh(struct clock_memo *kept, const struct sw_clock *clock,
    int64_t t)
{
	struct clock_memo fresh = { .made = false };
	uint8_t a[CLOCK_ROOM], b[CLOCK_ROOM];
	size_t n = (size_t)(clock_put(a, kept, clock, t, 'T') - a);

	assert_int_equal(n, clock_put(b, &fresh, clock, t, 'T') - b);
	assert_memory_equal(a, b, n);
}

/* A walk through time: what is remembered of the time before must not show. */
static void a_memo_does_not_show(void **state)
{
	static const int64_t steps[] = { 0, 1, 999999999, NS_PER_S,
		7 * NS_PER_S, 29 * NS_PER_S + 5, 59 * NS_PER_S, 60 * NS_PER_S,
		61 * NS_PER_S, -NS_PER_S, -13 * NS_PER_S - 1,
		3600 * NS_PER_S, -86400 * NS_PER_S };
	static const struct sw_clock clocks[] = {
		{ SW_ZONE_UTC, 0, NS_PER_S, SW_DATE_GIVEN },
		{ SW_ZONE_LOCAL, 0, 1000000, SW_DATE_GIVEN },
		{ SW_ZONE_OFFSET, -12600, 1, SW_DATE_GIVEN },
		{ SW_ZONE_NONE, 0, NS_PER_S, SW_DATE_NONE },
	};
	size_t k, i;

	(void)state;
	for (k = 0; k < sizeof(clocks) / sizeof(clocks[0]); k++) {
		struct clock_memo kept = { .made = false };
		int64_t t = -40 * NS_PER_S;
		uint32_t random = 1;

		for (i = 0; i < 20000; i++) {
			as_fresh(&kept, &clocks[k], t);
			random = random * 1664525u + 1013904223u;
			t += steps[(random >> 16) % (sizeof(steps) /
			    sizeof(steps[0]))];
		}
	}
}

/* At the end of what can be told some times of a minute cannot be shifted:
 * they are told as they are, whatever was told before. */
static void memo_at_the_ends(void **state)
{
	static const struct sw_clock clocks[] = {
		{ SW_ZONE_OFFSET, 3600, 1, SW_DATE_GIVEN },
		{ SW_ZONE_OFFSET, -3600, 1, SW_DATE_GIVEN },
	};
	const int64_t edges[] = { INT64_MAX - 3600 * NS_PER_S,
		INT64_MIN + 3600 * NS_PER_S };
	size_t k;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct clock_memo kept = { .made = false };
		int64_t t;

		for (t = edges[k] - 2; t <= edges[k] + 2; t++) {
			as_fresh(&kept, &clocks[k], t);
		}
	}
}

/* A minute does not go on at the other end of all times. */
static void memo_of_the_other_end(void **state)
{
	static const struct sw_clock clock = { SW_ZONE_OFFSET, 20700, 1,
		SW_DATE_GIVEN };
	int64_t i, k;

	(void)state;
	for (i = 1; i < 120 * NS_PER_S; i += NS_PER_S)
		for (k = 0; k < 120 * NS_PER_S; k += NS_PER_S) {
			struct clock_memo kept = { .made = false };
			uint8_t a[CLOCK_ROOM];

			clock_put(a, &kept, &clock, INT64_MIN + i, 'T');
			as_fresh(&kept, &clock, INT64_MAX - k);
		}
}

static void arithmetic(void **state)
{
	(void)state;
	assert_true(clock_shift(5, -7) == -2);
	assert_true(clock_shift(INT64_MAX, 1) == INT64_MAX);
	assert_true(clock_shift(-INT64_MAX, -1) == -INT64_MAX);
	assert_true(clock_shift(INT64_MIN, -1) == -INT64_MAX);
	assert_true(clock_apart(5, 7) == -2);
	assert_true(clock_apart(INT64_MAX, -1) == INT64_MAX);
	assert_true(clock_apart(INT64_MIN, 1) == -INT64_MAX);
	assert_true(clock_apart(INT64_MIN, INT64_MAX) == -INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_go_both_ways),
		cmocka_unit_test(every_day_goes_both_ways),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(validity),
		cmocka_unit_test(sums),
		cmocka_unit_test(digits_of_a_resolution),
		cmocka_unit_test(text),
		cmocka_unit_test(a_memo_does_not_show),
		cmocka_unit_test(memo_at_the_ends),
		cmocka_unit_test(memo_of_the_other_end),
		cmocka_unit_test(arithmetic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
