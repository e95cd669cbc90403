/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_communigate.c - logs of CommuniGate Pro: files against what is
 * expected of them, and lines made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/communigate/"
#define I "00:08:20.11 5 SMTPI-7([192.0.2.1]) "
#define O "00:08:20.111 4 SMTP-007(example.net) "

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_communigate, DATA "2014-07-26_00-00.log");
}

/* inp and out are this host's, cmd and rsp the roles'. */
static void test_roles(void **state)
{
	static const struct {
		const char *line, *found;
	} cases[] = {
		{ I "inp: NOOP\n", "line=NOOP" },
		{ I "out: 220 a\\r\\n\n", "text=a" },
		{ I "cmd: NOOP\n", "line=NOOP" },
		{ I "rsp: 220 a\n", "text=a" },
		{ O "inp: 220 a\n", "text=a" },
		{ O "out: NOOP\\r\\n\n", "line=NOOP" },
		{ O "cmd: NOOP\n", "line=NOOP" },
		{ O "rsp: 220 a\n", "text=a" },
		{ I "out: 250-a\\r\\n250-b\\r\\nc\\r\\n250 d\\r\\n\n",
		    "text=a text=b\\r\\nc text=d joined" },
		/* other ends of lines, or none */
		{ I "out: 250-a\\n250-b\\e250 c\\e\n",
		    "text=a text=b text=c joined" },
		{ I "inp: NOOP\\e\n", "line=NOOP" },
		{ I "inp: NOOP a\\ne\n", "line=NOOP a\\ne" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;
		char end[200];

		run_log(&log_communigate, "x.log", cases[i].line, &out);
		snprintf(end, sizeof(end), "%s", cases[i].found);
		assert_has(&out, end, 1);
		buffer_fini(&out);
	}
}

static void test_ends(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_communigate, "x.log", I "out: 220 a\\r\\n\n"
	    I "releasing stream\n" I "releasing stream\n"
	    O "rsp: 220 a\n" O "rsp: 220 b\n"
	    O "[1] sent [192.0.2.25]:1x -> [198.51.100.7]:99999, got:x\n"
	    O "sent [192.0.2.25]:1 -> [2001:db8::1]:25, got:x\n", &out);
	assert_has(&out, "client-close", 1);
	assert_has(&out, "client input-ended", 2);
	assert_has(&out, "server=2001:db8::1 port=25", 1);
	assert_has(&out, "session ", 3);
	buffer_fini(&out);
}

/* The line of a connection that came in: its ends, and that it begins. */
static void test_incoming(void **state)
{
	static const char *const texts[] = {
		"got connection on [192.0.2.25:25](mx) from [192.0.2.1:2818]",
		"[192.0.2.25]:25 <- [192.0.2.1]:2818 incoming connection(mx)",
	};
	struct buffer out;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		char text[400];

		snprintf(text, sizeof(text), I "%s\n" I "out: 220 a\\r\\n\n"
		    I "%s\n" I "[192.0.2.25]:25 <- nobody\n"
		    I "got connection on [192.0.2.25:25](mx) from [x\n",
		    texts[i], texts[i]);
		run_log(&log_communigate, "x.log", text, &out);
		assert_has(&out, "client=192.0.2.1 server=192.0.2.25 port=25",
		    2);
		assert_has(&out, "client connect at=1", 1);
		assert_has(&out, "client connect at=3", 1);
		assert_has(&out, "session ", 2);
		assert_has(&out, "client-port", 2);
		assert_has(&out, "no-start", 0);
		buffer_fini(&out);
	}
	run_log(&log_communigate, "x.log", I "got connection on "
	    "[2001:db8::25:25](mx) from [2001:db8::10:2818]\n", &out);
	assert_has(&out, "client=2001:db8::10 server=2001:db8::25 port=25", 1);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ I "got connection\n", false },
		{ I "out: 220 a\\r\\n\n", true },
		{ "00:08:20.11 2 SYSTEM started\n" O "rsp: 220 a\n", true },
		{ "00:08:20.11 5 POPI-7([192.0.2.1]) out: +OK\\r\\n\n",
		    false },
		{ "00:08:20 5 SMTPI-7([192.0.2.1]) out: 220 a\n", false },
		{ "00:08:20.11 5 SMTPI-([192.0.2.1]) out: 220 a\n", false },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_communigate.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_incoming),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
