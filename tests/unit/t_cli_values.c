/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_cli_values.c - arguments of options as values */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/values.h"

#define S INT64_C(1000000000)

static void test_time(void **state)
{
	static const struct {
		const char *text;
		bool zoned;
		int64_t ns;
	} cases[] = {
		{"0", true, 0},
		{"1077268203", true, 1077268203 * S},
		{"1077268203.5", true, 1077268203 * S + S / 2},
		{"20261321", true, 20261321 * S},
		{"18991231", true, 18991231 * S},
		{"1970-01-01", false, 0},
		{"1970-01-02", false, 86400 * S},
		{"1969-12-31", false, -86400 * S},
		{"2000-02-29", false, 951782400 * S},
		{"2004-02-20", false, 1077235200 * S},
		{"2004-02-20 11:10", false, 1077275400 * S},
		{"2004-02-20 11:10:03", false, 1077275403 * S},
		{"2004-02-20T11:10:03Z", true, 1077275403 * S},
		{"2004-02-20t11:10:03z", true, 1077275403 * S},
		{"2004-02-20T11:10:03+02:00", true, 1077268203 * S},
		{"2004-02-20T11:10:03-0330", true, 1077288003 * S},
		{"2004-02-20T11:10:03.000000001Z", true,
		    1077275403 * S + 1},
		{"2004-02-20T11:10:03.0000000019Z", true,
		    1077275403 * S + 1},
		{"2016-12-31T23:59:60Z", true, 1483228800 * S},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cli_time t;

		if (!cli_value_time(cases[i].text, &t))
			fail_msg("%s is a time", cases[i].text);
		if (t.ns != cases[i].ns || t.zoned != cases[i].zoned)
			fail_msg("%s is not %lld", cases[i].text,
			    (long long)t.ns);
		assert_true(t.given);
	}
}

static void test_no_time(void **state)
{
	static const char *const cases[] = {"", "x", "-1", "2004", "1e3",
	    "2004-2-20", "2004-02-30", "2001-02-29", "1900-02-29",
	    "2004-13-01", "2004-00-01", "2004-02-00", "2004-02-20 ",
	    "2004-02-20T", "2004-02-20T24:00", "2004-02-20T10:60",
	    "2004-02-20T10:00:61", "2004-02-20T10:00:00.",
	    "2004-02-20T10:00:00+24:00", "2004-02-20T10:00:00+2",
	    "2004-02-20T10:00:00ZZ", "2004-02-20x", "1500-01-01",
	    "20261121", "19991231", "9999-01-01", "99999999999",
	    "99999999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cli_time t;

		/* "2004" is a number of seconds. */
		if (cli_value_time(cases[i], &t) != (i == 3))
			fail_msg("\"%s\" is a time", cases[i]);
	}
}

static void test_zone(void **state)
{
	int32_t s = -1;

	(void)state;
	assert_true(cli_value_zone("UTC", &s));
	assert_int_equal(s, 0);
	assert_true(cli_value_zone("+02:00", &s));
	assert_int_equal(s, 7200);
	assert_true(cli_value_zone("-0330", &s));
	assert_int_equal(s, -12600);
	assert_false(cli_value_zone("", &s));
	assert_false(cli_value_zone("Europe/Paris", &s));
	assert_false(cli_value_zone("+2", &s));
	assert_false(cli_value_zone("+02:00 ", &s));
	assert_false(cli_value_zone("02:00", &s));
}

static void test_size(void **state)
{
	uint64_t n = 0;

	(void)state;
	assert_true(cli_value_size("1", &n));
	assert_true(n == 1);
	assert_true(cli_value_size("64K", &n));
	assert_true(n == 65536);
	assert_true(cli_value_size("512m", &n));
	assert_true(n == UINT64_C(512) << 20);
	assert_true(cli_value_size("2G", &n));
	assert_true(n == UINT64_C(2) << 30);
	assert_true(cli_value_size("18446744073709551615", &n));
	assert_true(n == UINT64_MAX);
	assert_false(cli_value_size("18446744073709551616", &n));
	assert_false(cli_value_size("17179869184G", &n));
	assert_false(cli_value_size("0", &n));
	assert_false(cli_value_size("", &n));
	assert_false(cli_value_size("M", &n));
	assert_false(cli_value_size("1MB", &n));
	assert_false(cli_value_size("-1", &n));
}

static void test_count(void **state)
{
	unsigned n = 0;

	(void)state;
	assert_true(cli_value_count("1", 8, &n));
	assert_int_equal(n, 1);
	assert_true(cli_value_count("8", 8, &n));
	assert_int_equal(n, 8);
	assert_false(cli_value_count("9", 8, &n));
	assert_false(cli_value_count("0", 8, &n));
	assert_false(cli_value_count("4294967297", 8, &n));
	assert_false(cli_value_count("18446744073709551617", 8, &n));
	assert_false(cli_value_count("2 ", 8, &n));
	assert_true(cli_value_number("0", 8, &n));
	assert_int_equal(n, 0);
	assert_true(cli_value_number("8", 8, &n));
	assert_int_equal(n, 8);
	assert_false(cli_value_number("9", 8, &n));
	assert_false(cli_value_number("-1", 8, &n));
	assert_false(cli_value_number("", 8, &n));
	assert_false(cli_value_count("-1", 8, &n));
	assert_false(cli_value_count("", 8, &n));
	assert_int_equal(n, 8);
}

static void test_ports(void **state)
{
	uint16_t *ports = NULL;
	size_t count = 0;

	(void)state;
	assert_true(cli_value_ports("587,25,25,2000-2002", &ports, &count));
	assert_int_equal(count, 5);
	assert_int_equal(ports[0], 25);
	assert_int_equal(ports[1], 587);
	assert_int_equal(ports[4], 2002);
	free(ports);
	assert_true(cli_value_ports("1-65535", &ports, &count));
	assert_int_equal(count, 65535);
	assert_int_equal(ports[65534], 65535);
	free(ports);
	ports = NULL;
	assert_false(cli_value_ports("", &ports, &count));
	assert_false(cli_value_ports("0", &ports, &count));
	assert_false(cli_value_ports("65536", &ports, &count));
	assert_false(cli_value_ports("25,", &ports, &count));
	assert_false(cli_value_ports("30-20", &ports, &count));
	assert_false(cli_value_ports("25;26", &ports, &count));
	assert_null(ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
