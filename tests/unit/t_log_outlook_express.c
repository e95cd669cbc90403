/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_outlook_express.c - logs of Outlook Express: files against what is
 * expected of them, and logs made here
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/outlook-express/"

static void run(const char *name, const char *text, struct buffer *out)
{
	run_log(&log_outlook_express, name, text, out);
}

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_outlook_express, DATA "smtp.log");
	check_cut(&log_outlook_express, DATA "article.log");
}

/* Where the year comes from, and that nothing is made up without one. */
static void test_years(void **state)
{
	static const struct {
		const char *name, *head, *greeting, *start;
	} cases[] = {
		{ "Smtp.log", "Thu Aug 01 23:59:00", "ready",
		    " 23:59:10 23:59:10 none" },
		{ "Smtp.log", "Thu Aug 01 23:59:00 1996", "ready",
		    " 1996-08-01T23:59:10 1996-08-01T23:59:10 given" },
		{ "Smtp.log", "08/01/1996 23:59:00", "ready",
		    " 1996-08-01T23:59:10 1996-08-01T23:59:10 given" },
		{ "Smtp.log", "Thu Aug 01 23:59:00",
		    "ready Thu, 1 Aug 2002 15:24:22 -0700",
		    " 2002-08-01T23:59:10 2002-08-01T23:59:10 assumed" },
		/* the server's day may be another */
		{ "Smtp.log", "Tue Dec 31 23:59:00",
		    "ready Wed, 1 Jan 1997 06:59:10 +0000",
		    " 1996-12-31T23:59:10 1996-12-31T23:59:10 assumed" },
		{ "Smtp.log", "Thu Aug 01 23:59:00",
		    "ready Thu, 8 Aug 2002 15:24:22 -0700",
		    " 23:59:10 23:59:10 none" },
		{ "Smtp19960801.log", "Thu Aug 01 23:59:00", "ready",
		    " 1996-08-01T23:59:10 1996-08-01T23:59:10 assumed" },
		/* no Thursday: the name is not that of its time */
		{ "Smtp19970801.log", "Thu Aug 01 23:59:00", "ready",
		    " 23:59:10 23:59:10 none" },
		{ "Smtp.log", "some day", "ready 1 Aug 1996",
		    " 23:59:10 23:59:10 none" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;
		char text[300];

		snprintf(text, sizeof(text), "SMTP Log started at %s\r\n"
		    "SMTP: 23:59:10 [db] Connecting to 'mx'.\r\n"
		    "SMTP: 23:59:10 [rx] 220 mx.example.org %s\r\n",
		    cases[i].head, cases[i].greeting);
		run(cases[i].name, text, &out);
		assert_has(&out, cases[i].start, 1);
		assert_has(&out, "note date-assumed",
		    strstr(cases[i].start, "assumed") ? 1 : 0);
		buffer_fini(&out);
	}
}

/* What a server tells is more than what a name says (or an age: copies are
 * young), and later launches go on from there. */
static void test_year_of_name(void **state)
{
	struct buffer out;

	(void)state;
	run("Smtp20260801.log", "SMTP Log started at Thu Jan 01 08:00:00\r\n"
	    "SMTP: 08:00:01 [db] Connecting to 'mx'.\r\n"
	    "SMTP: 08:00:01 [db] srv_name = \"mx\" srv_addr = 192.0.2.25\r\n"
	    "SMTP: 08:00:02 [rx] 220 mx Thu, 1 Jan 1998 09:00 +0100\r\n"
	    "SMTP Log started at Thu Jan 08 08:00:00\r\n"
	    "SMTP: 08:00:01 [db] Connecting to 'mx'.\r\n"
	    "SMTP: 08:00:02 [rx] 220 mx\r\n", &out);
	assert_has(&out, " 1998-01-01T08:00:01 1998-01-01T08:00:02 assum", 1);
	assert_has(&out, " 1998-01-01T08:00:02 server reply at=4", 1);
	assert_has(&out, " 1998-01-08T08:00:01 1998-01-08T08:00:02 assum", 1);
	assert_has(&out, "server=192.0.2.25", 1);
	buffer_fini(&out);
}

/* Midnights in one launch, and none between two. */
static void test_midnight(void **state)
{
	struct buffer out;

	(void)state;
	run("Smtp.log", "SMTP Log started at Thu Aug 01 23:59:00 1996\r\n"
	    "SMTP: 00:00:10 [tx] NOOP\r\n"
	    "SMTP: 23:00:00 [tx] NOOP\r\n"
	    "SMTP: 00:00:10 [tx] RSET\r\n"
	    "SMTP Log started at Sat Aug 03 09:00:00 1996\r\n"
	    "SMTP: 09:00:00 [tx] NOOP\r\n", &out);
	assert_has(&out, " 1996-08-02T00:00:10 client command at=2 ", 1);
	assert_has(&out, " 1996-08-02T23:00:00 client command at=3 ", 1);
	assert_has(&out, " 1996-08-03T00:00:10 client command at=4 ", 1);
	assert_has(&out, " 1996-08-03T09:00:00 client command at=6 ", 1);
	assert_has(&out, "session ", 2);
	buffer_fini(&out);
}

/* Other protocols are left out, and their log is still one of these. */
static void test_others(void **state)
{
	static const char text[] = "POP3 Log started at Thu Aug 01 17:22:27\n"
	    "POP3: 17:22:28 [rx] +OK ready\n"
	    "IMAP: 17:22:28 [tx] a1 LOGIN\n"
	    "[tx] PASS secret\n";
	struct buffer out;

	(void)state;
	assert_true(log_outlook_express.probe(slice_str(text)));
	run("Pop3.log", text, &out);
	assert_has(&out, "session ", 0);
	assert_has(&out, "3 lines of NNTP, POP3 or IMAP4 are not SMTP", 1);
	assert_has(&out, "secret", 0);
	buffer_fini(&out);
}

/* A tag behind the rest of another line; secrets; an aborted message; a
 * body, should a version tell one. */
static void test_lines(void **state)
{
	struct buffer out;

	(void)state;
	run("Smtp.log", "SMTP: 17:22:28 [rx] 220 mx.example.org\n"
	    "17:22:28 SMTP: 17:22:29 [tx] AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
	    "SMTP: 17:22:29 [rx] 235 ok\n"
	    "SMTP: 17:22:29 [tx] DATA\n"
	    "SMTP: 17:22:29 [rx] 354 go\n"
	    "SMTP: 17:22:29 [tx] Subject: x\n"
	    "SMTP: 17:22:29 [tx] \n"
	    "SMTP: 17:22:29 [tx] ..\n"
	    "SMTP: 17:22:29 [tx] .\n"
	    "SMTP: 17:22:29 [rx] 250 ok\n"
	    "SMTP: 17:22:29 [tx] DATA\n"
	    "SMTP: 17:22:29 [rx] 354 go\n"
	    "SMTP: 17:22:29 [tx] QUIT\n"
	    "SMTP: 17:22:29 [rx] 221 bye\n", &out);
	assert_has(&out, "argument=PLAIN *** line=AUTH PLAIN ***", 1);
	assert_has(&out, "AGFsaWNl", 0);
	assert_has(&out, "message=1 size=17 ", 1);
	assert_has(&out, "verb=QUIT", 1);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
}

/* The dot of an empty [tx] although the session is over by then. */
static void test_late_dot(void **state)
{
	struct buffer out;

	(void)state;
	run("Smtp.log", "SMTP: 17:22:28 [rx] 220 mx.example.org\n"
	    "SMTP: 17:22:29 [tx] DATA\n"
	    "SMTP: 17:22:29 [rx] 354 go\n"
	    "SMTP: 17:22:29 [tx] \n"
	    "SMTP: 17:22:29 [db] Connection to 'mx' closed.\n"
	    ".\n", &out);
	assert_has(&out, "verb=DATA", 1);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
}

/* Folded lines of published copies, and what is none. */
static void test_folds(void **state)
{
	struct buffer out;

	(void)state;
	run("x.txt", "05) [rx] 220 mx.example.org ESMTP server ready, welcome "
	    "to it, 15:24:22 -\n"
	    "0700\n"
	    "06) [tx] NOOP\n"
	    "a word between\n"
	    "07) [rx] 250 a reply that is long enough to be folded, which it "
	    "is, at\n"
	    "its end\n", &out);
	assert_has(&out, "15:24:22 -0700", 1);
	assert_has(&out, "which it is, at its end", 1);
	assert_has(&out, "not understood=1", 1);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const struct {
		const char *text;
		bool mine;
	} cases[] = {
		{ "SMTP Log started at ", true },
		{ "x\n\nSMTP: 17:22:28 [db] Connecting to 'mx'.\n", true },
		{ "07) [rx] 250-HELP\n", true },
		{ "[tx] EHLO a\n", true },
		{ "[rx] hello\n", false },
		{ "[tx] hello\n", false },
		{ "[db] hello\n", false },
		{ "a text [rx] 250 ok\n", false },
		{ "Log started at noon\n", false },
		{ "", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_outlook_express.probe(slice_str(cases[i].text)) !=
		    cases[i].mine)
			fail_msg("probe: %s", cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_years),
		cmocka_unit_test(test_year_of_name),
		cmocka_unit_test(test_midnight),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_late_dot),
		cmocka_unit_test(test_folds),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
