/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_domino.c - console logs of Lotus Domino: files against what is
 * expected of them, and lines made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/domino/"
#define T "[0E4C:0010-0B40] 2016-11-07 10:15:32   SMTP Server: "
#define HOST "client.example.org (192.0.2.10)"

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_domino, DATA "console.log");
}

/* Dates of several locales, with and without threads. */
static void test_dates(void **state)
{
	static const struct {
		const char *head, *start;
	} cases[] = {
		{ "[0E4C:0010-0B40] 2016-11-07 10:15:32  ",
		    "2016-11-07T10:15:32" },
		{ "[1:2-3] 03-07-2005 10:15:32 PM ", "2005-03-07T22:15:32" },
		{ "13.07.2005 10:15:32 ", "2005-07-13T10:15:32" },
		{ "01/02/09 10:15:32 ", "2009-01-02T10:15:32" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;
		char line[200];

		snprintf(line, sizeof(line), "%sSMTP Server: " HOST
		    " connected\n", cases[i].head);
		run_log(&log_domino, "x.log", line, &out);
		snprintf(line, sizeof(line), "input-ended %s",
		    cases[i].start);
		assert_has(&out, line, 1);
		assert_has(&out, "client=192.0.2.10", 1);
		buffer_fini(&out);
	}
}

/* A day over 12 decides for the lines behind it. */
static void test_order(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_domino, "x.log", "13.07.2005 10:15:32 SMTP Server: "
	    HOST " connected\n08.08.2005 10:15:32 SMTP Server: " HOST
	    " disconnected\n09.08.2005 10:15:32 SMTP Server: " HOST
	    " connected\n", &out);
	assert_has(&out, "idle 2005-07-13T10:15:32", 1);
	assert_has(&out, "input-ended 2005-08-09T10:15:32", 1);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ T HOST " connected\r\n", true },
		{ T "Shutdown is in progress\r\n", false },
		{ T "client.example.org (somewhere) connected\r\n", false },
		{ "[1:2-3] 2016-11-07 10:15:32 Router: x (192.0.2.1) y\n",
		    false },
		{ "a\nb\n" T HOST " connected\r\n", false },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_domino.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
