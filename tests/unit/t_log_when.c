/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_when.c - dates and times in the lines of logs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "logs/text.h"
#include "logs/when.h"

#define S(h, m, s) (((h) * INT64_C(3600) + (m) * 60 + (s)) * NS_PER_S)

/* What is left of text; NULL: nothing was taken. */
static void assert_left(struct slice rest, const char *text, const char *left)
{
	assert_true(slice_eq(rest, slice_str(left ? left : text)));
}

static void test_times(void **state)
{
	static const struct {
		const char *text, *left; /* left NULL: no time */
		int64_t ns;
		int digits;
	} cases[] = {
		{ "09:47:02", "", S(9, 47, 2), 0 },
		{ "9:47:02 x", " x", S(9, 47, 2), 0 },
		{ "23:59:60", "", S(23, 59, 60), 0 },
		{ "09:47:02.015", "", S(9, 47, 2) + 15000000, 3 },
		{ "09:47:02,5;", ";", S(9, 47, 2) + 500000000, 1 },
		{ "0:00:00.1234567899", "", 123456789, 9 },
		{ "12:00:00 AM", "", 0, 0 },
		{ "12:00:01 PM : ", " : ", S(12, 0, 1), 0 },
		{ "1:00:00PM", "", S(13, 0, 0), 0 },
		{ "11:00:00 am", "", S(11, 0, 0), 0 },
		{ "11:00:00 Amount", " Amount", S(11, 0, 0), 0 },
		{ "11:00:00.", ".", S(11, 0, 0), 0 },
		{ "13:00:00 PM", NULL, 0, 0 },
		{ "0:00:00 AM", NULL, 0, 0 },
		{ "24:00:00", NULL, 0, 0 },
		{ "1:60:00", NULL, 0, 0 },
		{ "1:0:00", NULL, 0, 0 },
		{ "1:00", NULL, 0, 0 },
		{ "", NULL, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rest = slice_str(cases[i].text);
		int64_t ns = -7;
		int digits = -7;
		bool taken = log_take_time(&rest, &ns, &digits);

		assert_left(rest, cases[i].text, cases[i].left);
		assert_int_equal(taken, cases[i].left != NULL);
		assert_int_equal(ns, taken ? cases[i].ns : -7);
		assert_int_equal(digits, taken ? cases[i].digits : -7);
	}
}

static void test_zones(void **state)
{
	static const struct {
		const char *text, *left;
		int32_t offset;
	} cases[] = {
		{ "Z", "", 0 },
		{ "+0200", "", 7200 },
		{ "-05:30 x", " x", -19800 },
		{ "+02", NULL, 0 },
		{ "+2400", NULL, 0 },
		{ "+0160", NULL, 0 },
		{ "0200", NULL, 0 },
		{ "", NULL, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rest = slice_str(cases[i].text);
		int32_t offset = -7;
		bool taken = log_take_zone(&rest, &offset);

		assert_left(rest, cases[i].text, cases[i].left);
		assert_int_equal(taken, cases[i].left != NULL);
		assert_int_equal(offset, taken ? cases[i].offset : -7);
	}
}

static void test_iso(void **state)
{
	static const struct {
		const char *text, *left;
		bool zoned;
		int64_t seconds; /* since 1970 */
	} cases[] = {
		{ "2023-01-11T15:59:51.433Z,x", ",x", true, 1673452791 },
		{ "2023-01-11 15:59:51", "", false, 1673452791 },
		{ "2023/01/11 17:59:51+02:00", "", true, 1673452791 },
		{ "2023.01.11 15:59:51 GMT", " GMT", false, 1673452791 },
		{ "20230111T15:59:51", "", false, 1673452791 },
		{ "2023-01/11 15:59:51", NULL, false, 0 },
		{ "2023-02-29 15:59:51", NULL, false, 0 },
		{ "2023-01-11_15:59:51", NULL, false, 0 },
		{ "2023-01-11", NULL, false, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rest = slice_str(cases[i].text);
		int64_t time = 0;
		int32_t offset;
		bool zoned = false, taken;
		int digits;

		taken = log_take_iso_time(&rest, &time, &zoned, &offset,
		    &digits);
		assert_left(rest, cases[i].text, cases[i].left);
		assert_int_equal(taken, cases[i].left != NULL);
		assert_int_equal(time / NS_PER_S, cases[i].seconds);
		assert_int_equal(zoned, cases[i].zoned);
	}
}

static void test_local_months(void **state)
{
	static const struct {
		const char *text, *left; /* left NULL: none */
		int month;
	} cases[] = {
		{ "Okt 21", " 21", 10 },
		{ "okt. 21", " 21", 10 },
		{ "M\xc3\xa4r  1", "  1", 3 },
		{ "M\xe4r 1", " 1", 3 },
		{ "d\xc3\xa9" "c. 1", " 1", 12 },
		{ "ao\xc3\xbbt 1", " 1", 8 },
		{ "juil. 1", " 1", 7 },
		{ "Sep 1", " 1", 9 },
		{ "sept. 1", " 1", 9 },
		{ "Mai", "", 5 },
		{ "Maid 1", NULL, 0 },
		{ "oct. 3", " 3", 10 },
		{ "Octo 3", NULL, 0 },
		{ "Sep-3", NULL, 0 },
		{ "Okto 1", NULL, 0 },
		{ "M\xc3", NULL, 0 },
		{ "", NULL, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rest = slice_str(cases[i].text);
		int month = 0;
		bool taken = log_take_local_month(&rest, &month);

		assert_int_equal(taken, cases[i].left != NULL);
		assert_left(rest, cases[i].text, cases[i].left);
		if (taken)
			assert_int_equal(month, cases[i].month);
	}
}

/* Each month as each of the locales abbreviates it, with and without a full
 * stop, in both encodings. */
static void test_locales(void **state)
{
	static const char *const locales[][12] = {
		{ "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" },
		{ "J\xc3\xa4n", "Feb", "M\xc3\xa4r", "Apr", "Mai", "Jun",
		    "Jul", "Aug", "Sep", "Okt", "Nov", "Dez" },
		{ "J\xe4n", "Feb", "M\xe4r", "Apr", "Mai", "Jun",
		    "Jul", "Aug", "Sep", "Okt", "Nov", "Dez" },
		{ "Jan", "Feb", "Mrz", "Apr", "Mai", "Jun",
		    "Jul", "Aug", "Sep", "Okt", "Nov", "Dez" },
		{ "janv", "f\xc3\xa9vr", "mars", "avril", "mai", "juin",
		    "juil", "ao\xc3\xbbt", "sept", "oct", "nov",
		    "d\xc3\xa9" "c" },
		{ "janv", "f\xe9vr", "mars", "avr", "mai", "juin",
		    "juil", "ao\xfbt", "sept", "oct", "nov", "d\xe9" "c" },
		{ "ene", "feb", "mar", "abr", "may", "jun",
		    "jul", "ago", "sep", "oct", "nov", "dic" },
		{ "gen", "feb", "mar", "apr", "mag", "giu",
		    "lug", "ago", "set", "ott", "nov", "dic" },
		{ "jan", "feb", "mrt", "apr", "mei", "jun",
		    "jul", "aug", "sep", "okt", "nov", "dec" },
		{ "jan", "fev", "mar", "abr", "mai", "jun",
		    "jul", "ago", "set", "out", "nov", "dez" },
		{ "jan", "feb", "mar", "apr", "maj", "jun",
		    "jul", "aug", "sep", "okt", "nov", "dec" },
		{ "jan", "feb", "mars", "april", "mai", "juni",
		    "juli", "aug", "sep", "okt", "nov", "des" },
	};
	static const char *const behind[] = { " 21", ". 21", "" };
	size_t i, k;
	int m;

	(void)state;
	for (i = 0; i < sizeof(locales) / sizeof(locales[0]); i++)
		for (m = 0; m < 12; m++)
			for (k = 0; k < 3; k++) {
				char text[16];
				struct slice rest;
				int month = 0;

				snprintf(text, sizeof(text), "%s%s",
				    locales[i][m], behind[k]);
				rest = slice_str(text);
				if (!log_take_local_month(&rest, &month))
					fail_msg("\"%s\"", text);
				assert_int_equal(month, m + 1);
				assert_int_equal(rest.len, k < 2 ? 3 : 0);
			}
}

static void test_names(void **state)
{
	struct slice rest = slice_str("Sepx");
	int month = 0;

	(void)state;
	assert_true(log_take_month(&rest, &month));
	assert_int_equal(month, 9);
	assert_false(log_take_month(&rest, &month));
	rest = slice_str("dec");
	assert_true(log_take_month(&rest, &month));
	assert_int_equal(month, 12);
	rest = slice_str("Sun Mon");
	assert_true(log_take_weekday(&rest));
	assert_int_equal(log_take_blanks(&rest), 1);
	assert_true(log_take_weekday(&rest));
	assert_false(log_take_weekday(&rest));
}

/* One date of bare numbers in every order. */
static void test_orders(void **state)
{
	static const struct {
		const char *text, *left;
		const char *mdy, *dmy, *ymd, *any; /* NULL: no day */
	} cases[] = {
		{ "5/13/00 ", " ", "2000-05-13", NULL, NULL, "2000-05-13" },
		{ "13.5.1999", "", NULL, "1999-05-13", NULL, "1999-05-13" },
		{ "04-05-06", "", "2006-04-05", "2006-05-04", "2004-05-06",
		    "2006-04-05" },
		{ "1/2/79", "", "2079-01-02", "2079-02-01", NULL,
		    "2079-01-02" },
		{ "1/2/80", "", "1980-01-02", "1980-02-01", NULL,
		    "1980-01-02" },
		{ "2000-12-31", "", NULL, NULL, "2000-12-31", "2000-12-31" },
		{ "31/4/2000", "", NULL, NULL, NULL, NULL },
		{ "0/1/2000", "", NULL, NULL, NULL, NULL },
		{ "1/2.00", NULL, NULL, NULL, NULL, NULL },
		{ "1 2 00", NULL, NULL, NULL, NULL, NULL },
		{ "1/2", NULL, NULL, NULL, NULL, NULL },
	};
	size_t i;
	int order;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rest = slice_str(cases[i].text);
		const char *days[] = { cases[i].any, cases[i].mdy,
			cases[i].dmy, cases[i].ymd };
		struct log_numeric_date d;

		assert_int_equal(log_take_numeric_date(&rest, &d),
		    cases[i].left != NULL);
		assert_left(rest, cases[i].text, cases[i].left);
		for (order = 0; cases[i].left && order <
		    LOG_DATE_ORDER_COUNT; order++) {
			struct civil day, wanted;
			bool found = log_order_date(&d,
			    (enum log_date_order)order, &day);

			assert_int_equal(found, days[order] != NULL);
			if (!found)
				continue;
			assert_true(log_parse_iso_date(slice_str(days[order]),
			    &wanted));
			assert_int_equal(clock_from_civil(&day),
			    clock_from_civil(&wanted));
		}
	}
}

static void test_votes(void **state)
{
	static const struct {
		const char *dates[4];
		enum log_date_order elected;
	} cases[] = {
		{ { NULL }, LOG_DATE_AUTO },
		{ { "5/6/00" }, LOG_DATE_AUTO },
		{ { "5/6/00", "5/13/00" }, LOG_DATE_MDY },
		{ { "5/6/00", "13/6/00" }, LOG_DATE_DMY },
		{ { "2000-5-6" }, LOG_DATE_YMD },
		{ { "04-05-06", "04-05-07" }, LOG_DATE_AUTO },
		/* backwards as month, day */
		{ { "12/2/00", "1/3/00" }, LOG_DATE_DMY },
		/* ... and as day, month */
		{ { "1/12/00", "2/1/00" }, LOG_DATE_MDY },
		/* one that is no date at all in its order decides nothing */
		{ { "5/6/00", "5/7/00" }, LOG_DATE_AUTO },
		{ { "5/13/00", "13/5/00" }, LOG_DATE_AUTO },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_date_votes v;

		memset(&v, 0, sizeof(v));
		for (k = 0; k < 4 && cases[i].dates[k]; k++) {
			struct slice rest = slice_str(cases[i].dates[k]);
			struct log_numeric_date d;

			assert_true(log_take_numeric_date(&rest, &d));
			log_date_vote(&v, &d);
		}
		assert_int_equal(log_date_elected(&v), cases[i].elected);
	}
}

/* A day passes when the clock falls by more than half a day. */
static void test_days(void **state)
{
	struct civil day = { .year = 1999, .month = 12, .day = 31 };
	int64_t start = log_make_time(&day, 0);
	struct log_days d;

	(void)state;
	log_days_begin(&d, &day);
	assert_int_equal(log_days_time(&d, S(10, 0, 0)), start + S(10, 0, 0));
	/* a late line is no midnight */
	assert_int_equal(log_days_time(&d, S(9, 59, 59)),
	    start + S(9, 59, 59));
	assert_int_equal(log_days_time(&d, S(23, 59, 59)),
	    start + S(23, 59, 59));
	assert_int_equal(log_days_time(&d, S(0, 0, 1)), start + S(24, 0, 1));
	assert_int_equal(log_days_time(&d, S(23, 0, 0)), start + S(47, 0, 0));
	assert_int_equal(log_days_time(&d, S(1, 0, 0)), start + S(49, 0, 0));
	log_days_begin(&d, NULL);
	assert_int_equal(log_days_time(&d, S(23, 0, 0)), S(23, 0, 0));
	assert_int_equal(log_days_time(&d, S(1, 0, 0)), S(25, 0, 0));
}

static void test_years(void **state)
{
	struct log_options options;
	struct log_years y;

	(void)state;
	memset(&options, 0, sizeof(options));
	log_years_begin(&y, &options, "/var/log/2001/mail.log");
	assert_false(y.known);
	assert_int_equal(log_years_take(&y, 2, 29), 1972);
	assert_int_equal(log_years_take(&y, 7, 1), 1972);
	assert_int_equal(log_years_take(&y, 12, 31), 1972);
	assert_int_equal(log_years_take(&y, 1, 1), 1973);
	log_years_begin(&y, &options, "mail-20260131.log");
	assert_true(y.known);
	assert_int_equal(log_years_take(&y, 12, 31), 2025);
	assert_int_equal(log_years_take(&y, 1, 1), 2026);
	/* a line that came late */
	assert_int_equal(log_years_take(&y, 12, 31), 2025);
	assert_int_equal(log_years_take(&y, 1, 31), 2026);
	/* changed on 2004-02-29 */
	options.modified_s = INT64_C(1078012800);
	log_years_begin(&y, &options, "mail.log");
	assert_int_equal(log_years_take(&y, 2, 29), 2004);
	log_years_begin(&y, &options, "mail.log");
	assert_int_equal(log_years_take(&y, 3, 10), 2003);
}

static void test_clocks(void **state)
{
	struct log_options options;
	struct sw_clock c;

	(void)state;
	memset(&options, 0, sizeof(options));
	c = log_local_clock(&options, NS_PER_S, SW_DATE_GIVEN);
	assert_int_equal(c.zone, SW_ZONE_LOCAL);
	assert_int_equal(log_local_time(&options, S(5, 0, 0)), S(5, 0, 0));
	options.tz_known = true;
	options.tz_offset_s = 7200;
	c = log_local_clock(&options, log_resolution(3), SW_DATE_ASSUMED);
	assert_int_equal(c.zone, SW_ZONE_OFFSET);
	assert_int_equal(c.offset_s, 7200);
	assert_int_equal(c.resolution_ns, 1000000);
	assert_int_equal(c.date, SW_DATE_ASSUMED);
	assert_int_equal(log_local_time(&options, S(5, 0, 0)), S(3, 0, 0));
	/* A zone is of no use to a time without a day. */
	c = log_local_clock(&options, NS_PER_S, SW_DATE_NONE);
	assert_int_equal(c.zone, SW_ZONE_LOCAL);
	options.tz_offset_s = 0;
	c = log_local_clock(&options, NS_PER_S, SW_DATE_GIVEN);
	assert_int_equal(c.zone, SW_ZONE_UTC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_iso),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_local_months),
		cmocka_unit_test(test_locales),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_votes),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_years),
		cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
