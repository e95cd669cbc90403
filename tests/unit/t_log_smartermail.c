/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_smartermail.c - logs of SmarterMail: files against what is expected
 * of them, and lines made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/smartermail/"
#define I "[2014.07.26] 12:58:46 [192.0.2.10][7] "
#define O "[2014.07.26] 12:58:46.000 [91357] "

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_smartermail, DATA "delivery.log");
}

/* The lines of one reply on one row. */
static void test_joined(void **state)
{
	static const struct {
		const char *row, *reply;
	} cases[] = {
		{ "250-a250-SIZE 1000250 OK", "text=a text=SIZE 1000 text=OK "
		    "joined" },
		{ "250-a250 OK", "text=a text=OK joined" },
		/* the end is that of the row */
		{ "250-a250-b", "text=a text=b joined" },
		/* only the last blank ends a reply */
		{ "250-a, 250 b250-c250 d", "text=a, 250 b text=c text=d" },
		{ "250 a250-b250 c", "text=a250-b250 c" },
		{ "550 no", "text=no" },
		{ "hello", "text=hello" },
		{ "", "server reply" },
		{ "250-", "server reply" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 4096);
		buffer_append_str(&text, I "cmd: EHLO a\r\n" I "rsp: ");
		buffer_append_str(&text, cases[i].row);
		buffer_append_str(&text, "\r\n");
		buffer_append_char(&text, '\0');
		run_log(&log_smartermail, "x.log", (const char *)text.p,
		    &out);
		assert_has(&out, cases[i].reply, 1);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

/* Rows without a prefix belong to the reply in front of them alone. */
static void test_bare(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_smartermail, "x.log", I "cmd: EHLO a\r\n"
	    I "rsp: 250-a\r\n250-b\r\n250 c\r\n250 d\r\n", &out);
	assert_has(&out, "text=a text=b text=c", 1);
	assert_has(&out, "not understood=1", 1);
	buffer_fini(&out);
	run_log(&log_smartermail, "x.log", I "cmd: EHLO a\r\n"
	    I "rsp: 250-a\r\n" I "a note\r\n250 c\r\n", &out);
	assert_has(&out, "not understood=1", 1);
	buffer_fini(&out);
}

/* A number of a delivery, an address and number of a session used again. */
static void test_again(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_smartermail, "x.log", I "connected at 26-7-2014\r\n"
	    I "connected at 26-7-2014\r\n" O "RSP: 220 a\r\n"
	    O "RSP: 220 b\r\n" O "CMD: STARTTLS\r\n" O "RSP: 220 go\r\n",
	    &out);
	assert_has(&out, " server input-ended ", 2);
	assert_has(&out, " client input-ended ", 2);
	assert_has(&out, "code=220 to=2", 1);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ I "connected at 26-7-2014 12:58:46\r\n", false },
		{ I "rsp: 220 mx\r\n", true },
		{ O "CMD: EHLO a\r\n", true },
		{ "12:58:46 [91357] RSP: 250-a\n250 b\n", true },
		{ "08:01:53.039 [127.0.0.1][29742033] rsp: 250 OK", true },
		{ I "rsp: +OK\r\n" I "cmd: USER bob\r\n", false },
		{ I "rsp: * OK IMAP4\r\n", false },
		{ "12:58:46 [x y] RSP: 250 a\n", false },
		{ "192.0.2.10      [15C0] 00:02:10 >>> 220 mx\r\n", false },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_smartermail.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
