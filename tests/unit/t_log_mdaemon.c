/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_mdaemon.c - logs of MDaemon: files against what is expected of them,
 * and lines made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/mdaemon/"
#define T "Mon 2010-08-30 11:03:10: "

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_mdaemon, DATA "ids.log");
}

static void test_endpoints(void **state)
{
	static const struct {
		const char *line, *found;
	} cases[] = {
		{ T "Accepting SMTP connection from [192.0.2.1:1] to "
		    "[192.0.2.25:25]\n", "client=192.0.2.1 server=192.0.2.25 "
		    "port=25" },
		{ T "Accepting SMTP connection from 192.0.2.1:1 to "
		    "192.0.2.25:25\n", "client=192.0.2.1 server=192.0.2.25 "
		    "port=25" },
		{ T "Accepting SMTP connection from [192.0.2.1] to "
		    "[192.0.2.25]\n", "client=192.0.2.1 server=192.0.2.25" },
		{ T "Accepting SMTP connection from [[2001:db8::1]:1] to "
		    "[[2001:db8::25]:25]\n", "client=2001:db8::1 "
		    "server=2001:db8::25 port=25" },
		{ T "*  Connection established (192.0.2.25:60296 -> "
		    "198.51.100.7:25)\n", "client=192.0.2.25 "
		    "server=198.51.100.7 port=25" },
		{ T "Attempting SMTP connection to [198.51.100.7:25]\n"
		  T "<-- 220 mx\n", "server=198.51.100.7 port=25" },
		/* neither an address nor a port */
		{ T "Attempting SMTP connection to [mx.example.net:25]\n"
		  T "<-- 220 mx\n", "  name=mx" },
		{ T "Accepting SMTP connection from [192.0.2.1:1x] to "
		    "[192.0.2.25:99999]\n" T "--> 220 mx\n", "  name=mx" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		run_log(&log_mdaemon, "x.log", cases[i].line, &out);
		assert_has(&out, "session ", 1);
		if (strstr(cases[i].found, "name"))
			assert_has(&out, "server=", 0);
		else
			assert_has(&out, cases[i].found, 1);
		buffer_fini(&out);
	}
}

/* A session as a bounce quotes it. */
static void test_bounce(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_mdaemon, "x.log", "--- Session Transcript ---\n"
	    " " T "Session 7; child 0002\n"
	    " " T "*  Message-ID: <1@example.com>\n"
	    " " T "*  Size (bytes): many\n"
	    " " T "*  Connection established (192.0.2.25:60296 -> "
	    "198.51.100.7:25)\n"
	    " " T "<-- 220 mx.example.net\n"
	    " " T "--> MAIL From:<alice@example.com>\n"
	    " " T "<-- 450 4.7.25 no\n"
	    "--- End Transcript ---\n"
	    " " T "This message is 0 days old\n", &out);
	assert_has(&out, "session ", 1);
	assert_has(&out, "id=<1@example.com>", 1);
	assert_has(&out, "message deferred code=450", 1);
	assert_has(&out, "- note at=", 2);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
}

/* Blocks end at the dashes: what follows belongs to none of before. */
static void test_blocks(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_mdaemon, "x.log",
	    T "Attempting SMTP connection to [198.51.100.7:25]\n"
	    "----------\n" T "<-- 220 mx\n" T "--> QUIT\n" T "<-- 221 bye\n"
	    T "<-- 220 my\n" T "---- End of something\n" T "--> HELO a\n"
	    T "Session 8; child 1\n" T "--> HELO b\n", &out);
	assert_has(&out, "session ", 3);
	assert_has(&out, "server=198", 0);
	assert_has(&out, " client quit ", 1);
	assert_has(&out, " client input-ended ", 2);
	assert_has(&out, "- note at=", 1);
	buffer_fini(&out);
}

/* The first time of a block is that of its writing, and may be later than
 * the next ones; else a session starts with what is told of its message. */
static void test_start(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_mdaemon, "x.log",
	    "Mon 2010-08-30 11:21:52: Session 7; child 1\n"
	    "Mon 2010-08-30 11:21:51: Accepting SMTP connection from "
	    "[192.0.2.10:1] to [192.0.2.25:25]\n"
	    "Mon 2010-08-30 11:21:51: --> 220 mx\n", &out);
	assert_has(&out, "first=1 last=3 server input-ended "
	    "2010-08-30T11:21:51 2010-08-30T11:21:51", 1);
	buffer_fini(&out);
	run_log(&log_mdaemon, "x.log",
	    "Mon 2010-08-30 11:21:51: Parsing message <a.msg>\n"
	    "Mon 2010-08-30 11:21:54: *  Connection established "
	    "(192.0.2.25:1 -> 198.51.100.7:25)\n", &out);
	assert_has(&out, "first=1 last=2 client input-ended "
	    "2010-08-30T11:21:51 2010-08-30T11:21:54", 1);
	buffer_fini(&out);
}

/* An attempt begins the next session of a block; masked lines are told to be
 * such. */
static void test_said(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_mdaemon, "x.log",
	    T "*  Connection established (192.0.2.25:1 -> 198.51.100.7:25)\n"
	    T "<-- 220 mx\n" T "Attempting SMTP connection to "
	    "[198.51.100.8:25]\n" T "*  Connection established "
	    "(192.0.2.25:2 -> 198.51.100.8:25)\n" T "<-- 220 my\n"
	    T "--> ********\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "server=198.51.100.8 port=25 name=my", 1);
	assert_has(&out, "client command", 1);
	assert_has(&out, " masked", 1);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ "----------\r\n", false },
		{ T "Session 8439; child 11\r\n", false },
		{ T "Accepting SMTP connection from [192.0.2.1:1] to [x:1]",
		    true },
		{ T "<-- EHLO a\r\n", true },
		{ "Mo 2010-08-30 11:03:10: <-- EHLO a\r\n", true },
		{ "Sat 2014-07-26 12:58:47: 02: [514116] --> 220 mx\n",
		    true },
		{ T "--> +OK ready\r\n" T "<-- QUIT\r\n", false },
		{ T "--> * OK IMAP4\r\n" T "<-- a NOOP\r\n", false },
		{ "Mon 2010-08-30 11:03:10 <-- EHLO a\r\n", false },
		{ "220 mx.example.org ESMTP\r\n", false },
		{ "a line\nanother\n" T "<-- EHLO a\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_mdaemon.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_bounce),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
