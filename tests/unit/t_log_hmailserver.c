/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_hmailserver.c - logs of hMailServer: files against what is expected
 * of them, and rows made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/hmailserver/"
#define ROW(type, n, ip, text) "\"" type "\"\t1\t" n \
	"\t\"2012-01-13 20:00:00.000\"\t\"" ip "\"\t\"" text "\"\r\n"
#define TCP(time, text) "\"TCPIP\"\t1\t\"2012-01-13 " time "\"\t\"TCP - " \
	text "\"\r\n"

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_hmailserver, DATA "hmailserver_2012-01-13.log");
}

/* Which address a session was made to is told when it is certain. */
static void test_connections(void **state)
{
	static const struct {
		const char *rows;
		size_t connects, ports;
	} cases[] = {
		{ TCP("19:59:59.000", "192.0.2.1 connected to 192.0.2.25:25."),
		    1, 1 },
		{ TCP("19:59:59.000", "192.0.2.1 connected to 192.0.2.25:25.")
		  TCP("19:59:59.000", "192.0.2.1 connected to 192.0.2.25:25."),
		    1, 1 },
		{ TCP("19:59:59.000", "192.0.2.1 connected to 192.0.2.25:25.")
		  TCP("19:59:59.000", "192.0.2.1 connected to 192.0.2.25:26."),
		    1, 0 },
		{ TCP("19:59:59.000", "192.0.2.2 connected to 192.0.2.25:25."),
		    0, 0 },
		{ TCP("19:58:59.000", "192.0.2.1 connected to 192.0.2.25:25."),
		    0, 0 },
		{ TCP("19:59:59.000", "192.0.2.1 connected to 192.0.2.25:x."),
		    0, 0 },
		{ TCP("19:59:59.000",
		    "192.0.2.1 connected to 192.0.2.25:99999."), 0, 0 },
		{ TCP("19:59:59.000", "192.0.2.1 connected to [2001:db8::1]:"
		    "25."), 1, 1 },
		{ "", 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 1 << 16);
		buffer_append_str(&text, cases[i].rows);
		buffer_append_str(&text, ROW("SMTPD", "7", "192.0.2.1",
		    "SENT: 220 mx"));
		buffer_append_char(&text, '\0');
		run_log(&log_hmailserver, "x.log", (const char *)text.p,
		    &out);
		assert_has(&out, "client connect", cases[i].connects);
		assert_has(&out, " port=25", cases[i].ports);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

/* A row that came late tells the newest session's address, a newer one that
 * of the next. */
static void test_late(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_hmailserver, "x.log",
	    ROW("SMTPD", "7", "192.0.2.1", "SENT: 220 mx")
	    TCP("20:00:00.000", "192.0.2.1 connected to 192.0.2.25:25."),
	    &out);
	assert_has(&out, "server=192.0.2.25 port=25", 1);
	assert_has(&out, "client connect", 0);
	buffer_fini(&out);
	run_log(&log_hmailserver, "x.log",
	    ROW("SMTPD", "7", "192.0.2.1", "SENT: 220 mx")
	    TCP("20:00:00.001", "192.0.2.1 connected to 192.0.2.25:25."),
	    &out);
	assert_has(&out, "port=25", 0);
	buffer_fini(&out);
}

/* 220 answers STARTTLS too and begins no session then. */
static void test_starttls(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_hmailserver, "x.log",
	    ROW("SMTPD", "7", "192.0.2.1", "SENT: 220 mx")
	    ROW("SMTPD", "7", "192.0.2.1", "RECEIVED: EHLO c")
	    ROW("SMTPD", "7", "192.0.2.1", "SENT: 250 STARTTLS[nl]")
	    ROW("SMTPD", "7", "192.0.2.1", "RECEIVED: STARTTLS")
	    ROW("SMTPD", "7", "192.0.2.1", "SENT: 220 Ready to start TLS")
	    ROW("SMTPD", "7", "192.0.2.1", "RECEIVED: EHLO c"), &out);
	assert_has(&out, "session ", 1);
	assert_has(&out, "code=220 to=4", 1);
	assert_has(&out, "encrypted, told in clear", 1);
	buffer_fini(&out);
}

/* Cut in the middle, whatever the limit; a text that only looks so is
 * not. */
static void test_middle(void **state)
{
	static const struct {
		const char *text;
		bool cut;
	} cases[] = {
		/* 25 octets behind the mark, the quote among them */
		{ "RECEIVED: MAIL FROM:<aaaaaaaaaaaaa ... "
		    "bbbbbbbbbbb@example.org>", true },
		/* 23: CR LF were counted */
		{ "RECEIVED: MAIL FROM:<aaaaaaaaaaaaaaa ... "
		    "bbbbbbbbb@example.org>", true },
		{ "RECEIVED: MAIL FROM:<aaaaaaaaaaaaaaaaa ... "
		    "bbbbb@example.org>", false },
		{ "RECEIVED: NOOP ... bbbbbbbbbbb@example.org>", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 1 << 16);
		buffer_append_str(&text, "\"SMTPD\"\t1\t7\t\"2012-01-13 "
		    "20:00:00.000\"\t\"192.0.2.1\"\t\"");
		buffer_append_str(&text, cases[i].text);
		buffer_append_str(&text, "\"\r\n");
		buffer_append_char(&text, '\0');
		run_log(&log_hmailserver, "x.log", (const char *)text.p,
		    &out);
		assert_has(&out, " truncated", cases[i].cut);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

/* Rows of everything else that hMailServer logs are understood. */
static void test_others(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_hmailserver, "x.log",
	    ROW("SMTPD", "7", "192.0.2.1", "SENT: 220 mx")
	    ROW("POP3D", "7", "192.0.2.1", "SENT: +OK")
	    ROW("POP3C", "7", "192.0.2.1", "SENT: QUIT")
	    ROW("IMAPD", "7", "192.0.2.1", "SENT: * OK")
	    "\"DEBUG\"\t1\t\"2012-01-13 20:00:00.000\"\t\"x\"\r\n"
	    "\"APPLICATION\"\t1\t\"2012-01-13 20:00:00.000\"\t\"x\"\r\n"
	    "\"ERROR\"\t1\t\"2012-01-13 20:00:00.000\"\t\"x\"\r\n"
	    TCP("20:00:00.000", "x")
	    ROW("SMTPC", "7", "192.0.2.1", "RECEIVED: 220 mx"), &out);
	assert_has(&out, "not understood=0", 1);
	/* one number, two roles */
	assert_has(&out, "session ", 2);
	assert_has(&out, "first=1 last=1 server", 1);
	assert_has(&out, "first=9 last=9 client", 1);
	buffer_fini(&out);
}

/* What is masked is told to be such wherever the log begins. */
static void test_masked(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_hmailserver, "x.log",
	    ROW("SMTPD", "7", "192.0.2.1", "RECEIVED: ***"), &out);
	assert_has(&out, "line=*** masked", 1);
	buffer_fini(&out);
}

/* The last line of a reply whose middle is cut out is what the row ends
 * with. */
static void test_reply_cut(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		/* the cut lies in a line that is not the last */
		{ "250-mx[nl]250-AUTH ... CRAM-MD5[nl]250 VERYWELL",
		    "text=mx text=AUTH ... CRAM-MD5 text=VERYWELL " },
		/* in the last: it takes the end of what was behind it */
		{ "250-mx[nl]250-AUTH ... OGIN CRAM-MD5 HELP DSN",
		    "text=mx text=AUTH ... OGIN CRAM-MD5 HELP DSN" },
		/* at an end of a line */
		{ "250-mx[nl] ... AUTH LOGIN CRAM-MD5 HELP",
		    "text=mx[nl] ... AUTH LOGIN CRAM-MD5 HELP" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 1 << 16);
		buffer_append_str(&text, "\"SMTPD\"\t1\t7\t\"2012-01-13 "
		    "20:00:00.000\"\t\"192.0.2.1\"\t\"SENT: ");
		buffer_append_str(&text, cases[i].text);
		buffer_append_str(&text, "\"\r\n" ROW("SMTPD", "7",
		    "192.0.2.1", "RECEIVED: QUIT") ROW("SMTPD", "7",
		    "192.0.2.1", "SENT: 221 bye"));
		buffer_append_char(&text, '\0');
		run_log(&log_hmailserver, "x.log", (const char *)text.p,
		    &out);
		assert_has(&out, cases[i].wanted, 1);
		assert_has(&out, "code=250", 1);
		assert_has(&out, "code=221 to=2", 1);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ ROW("SMTPD", "7", "192.0.2.1", "SENT: 220 mx"), true },
		{ ROW("SMTPC", "7", "192.0.2.1", "SENT: 220 mx"), true },
		{ ROW("POP3D", "7", "192.0.2.1", "SENT: +OK"), false },
		{ TCP("20:00:00.000", "x"), false },
		{ TCP("20:00:00.000", "x")
		  ROW("SMTPD", "7", "192.0.2.1", "SENT: 220 mx"), true },
		/* as a web page has it */
		{ "\"SMTPD\" 1208 1048 \"2012-01-13 20:01:57.015\" "
		    "\"192.0.2.10\" \"SENT: 220 mx\"\n", true },
		{ "\"SMTPD\",1208,1048\n", false },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_hmailserver.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_middle),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_reply_cut),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
