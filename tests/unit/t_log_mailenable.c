/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_mailenable.c - logs of MailEnable: files against what is expected of
 * them, and rows made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/mailenable/"
#define HEAD(type, ip) "11/29/13 23:57:29\t" type "\tA.MAI\t1060\t" ip "\t"
#define IN(verb, line, reply, sent, received) HEAD("SMTP-IN", "192.0.2.1") \
	verb "\t" line "\t" reply "\t" sent "\t" received "\t\r\n"
#define OUT(verb, line, reply, sent, received) HEAD("SMTP-OU", "192.0.2.1") \
	verb "\t" line "\t" reply "\t" sent "\t" received "\t\r\n"

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_mailenable, DATA "SMTP-Activity-131129.log");
}

/* What is sent in one direction is received in the other. */
static void test_octets(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_mailenable, "x.log",
	    IN("EHLO", "EHLO a", "250-b", "100", "8"), &out);
	assert_has(&out, "line=EHLO a octets=8", 1);
	assert_has(&out, "text=b octets=100 first-line-only", 1);
	buffer_fini(&out);
	run_log(&log_mailenable, "x.log",
	    OUT("EHLO", "EHLO a", "250-b", "8", "100"), &out);
	assert_has(&out, "line=EHLO a octets=8", 1);
	assert_has(&out, "text=b octets=100 first-line-only", 1);
	buffer_fini(&out);
	run_log(&log_mailenable, "x.log",
	    IN("NOOP", "NOOP", "250 ok", "x", ""), &out);
	assert_has(&out, "octets=", 0);
	buffer_fini(&out);
	/* the log ends in a number */
	run_log(&log_mailenable, "x.log", HEAD("SMTP-IN", "192.0.2.1")
	    "NOOP\tNOOP\t250 ok\t8\t1", &out);
	assert_has(&out, "octets=8 truncated", 1);
	assert_has(&out, "octets=", 1);
	assert_has(&out, "line=NOOP truncated", 0);
	buffer_fini(&out);
	run_log(&log_mailenable, "x.log", HEAD("SMTP-IN", "192.0.2.1")
	    "NOOP\tNOOP\t250 ok\t8", &out);
	assert_has(&out, "octets=", 0);
	buffer_fini(&out);
}

/* A user's name in which the log ends may lack its end. */
static void test_user(void **state)
{
	static const char *const ends[] = { "\r\n", "" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		char text[400];
		struct buffer out;

		snprintf(text, sizeof(text), "%s%s\tali%s",
		    IN("AUTH", "AUTH LOGIN", "334 x", "8", "9"),
		    HEAD("SMTP-IN", "192.0.2.1")
		    "\t{blank}\t235 ok\t8\t9", ends[i]);
		run_log(&log_mailenable, "x.log", text, &out);
		assert_has(&out, "user=ali", i == 0);
		assert_has(&out, "code=235", 2);
		buffer_fini(&out);
	}
}

/* Which row behind a 354 is the verdict. */
static void test_verdict(void **state)
{
	static const struct {
		const char *row;
		size_t commands; /* and MAIL and DATA */
		const char *outcome;
	} cases[] = {
		{ IN("", "", "250 ok", "8", "1000"), 2, "accepted code=250" },
		{ IN("DATA", "DATA", "552 no", "8", "1000"), 2,
		    "rejected code=552" },
		{ IN("", "{blank}", "250 ok", "8", "1000"), 2,
		    "accepted code=250" },
		/* the log has none */
		{ IN("RSET", "RSET", "250 ok", "8", "6"), 3,
		    "message aborted" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 4096);
		buffer_append_str(&text,
		    IN("MAIL", "MAIL FROM:<a@example.org>", "250 ok", "8",
		    "27") IN("DATA", "DATA", "354 go", "8", "6"));
		buffer_append_str(&text, cases[i].row);
		buffer_append_char(&text, '\0');
		run_log(&log_mailenable, "x.log", (const char *)text.p, &out);
		assert_has(&out, "client command", cases[i].commands);
		assert_has(&out, cases[i].outcome, 1);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

/* A session is that of a socket, in its direction: its number tells apart
 * what is interleaved, whatever id the rows have. */
static void test_sockets(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_mailenable, "x.log",
	    "11/29/13 23:57:29\tSMTP-IN\tA.MAI\t1060\t192.0.2.1\t\t\t"
	    "220 mx\t8\t0\t\r\n"
	    "11/29/13 23:57:29\tSMTP-IN\tA.MAI\t1064\t192.0.2.1\t\t\t"
	    "220 mx\t8\t0\t\r\n"
	    "11/29/13 23:57:30\tSMTP-IN\tA.MAI\t1060\t192.0.2.1\tHELO\t"
	    "HELO one\t250 mx\t8\t10\t\r\n"
	    "11/29/13 23:57:30\tSMTP-OU\tA.MAI\t1060\t192.0.2.1\tHELO\t"
	    "HELO out\t250 mx\t8\t10\t\r\n"
	    "11/29/13 23:57:30\tSMTP-IN\tA.MAI\t1064\t192.0.2.1\tHELO\t"
	    "HELO two\t250 mx\t8\t10\t\r\n", &out);
	assert_has(&out, "session ", 3);
	assert_has(&out, "first=1 last=3 server", 1);
	assert_has(&out, "first=2 last=5 server", 1);
	assert_has(&out, "first=4 last=4 client", 1);
	buffer_fini(&out);
}

/* What AUTH bears, where the log begins behind its command. */
static void test_blank(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_mailenable, "x.log",
	    IN("", "{blank}", "235 ok", "8", "9"), &out);
	assert_has(&out, "line=*** masked", 1);
	assert_has(&out, "octets=9", 0);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ IN("", "", "220 mx", "8", "0"), true },
		{ OUT("", "", "220 mx", "8", "0"), true },
		{ HEAD("SMTP-IN", "192.0.2.1") "EHLO\tEHLO a\t250 b", true },
		{ HEAD("SMTP-IN", "192.0.2.1") "EHLO\tEHLO a", false },
		{ HEAD("POP-IN", "192.0.2.1") "USER\tUSER a\t+OK\t1\t1\t",
		    false },
		{ "29/11/13 23:57:29\tSMTP-IN\tA.MAI\t1\tx\tQUIT\tQUIT\t221",
		    true },
		{ "99/99/13 23:57:29\tSMTP-IN\tA.MAI\t1\tx\tQUIT\tQUIT\t221",
		    false },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_mailenable.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
