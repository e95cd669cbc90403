/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_netmon_text.c - what Network Monitor prints: files against what is
 * expected of them, and lines made here
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/netmon-text/"

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_netmon_text, DATA "printed.log");
	check_cut(&log_netmon_text, DATA "copied.log");
}

/* One line, and what it is told as. */
static void test_lines(void **state)
{
	static const struct {
		const char *line, *told;
	} cases[] = {
		{ "SMTP: Rsp: Transaction failed, 20 bytes",
		    "code=554 to=0 octets=20 code-only" },
		{ "SMTP: Rsp: System status, or system help reply, 9 bytes",
		    "code=211" },
		{ "SMTP: Rsp: nothing of RFC 821, 9 bytes",
		    "reply at=1 to=0 text=nothing of RFC 821 octets=9" },
		{ "  + SMTP: Cmd: Reset, 6 bytes",
		    "verb=RSET octets=6" },
		{ "SMTP: Cmd: VRFY, 12 bytes", "verb=VRFY octets=12" },
		/* blanks where TABs were */
		{ "SMTP:Rsp 250  2.1.0 a, b, 16 bytes {TCP:1, IPv4:2}",
		    "code=250 to=0 text=2.1.0 a, b enhanced=2.1.0 octets=16" },
		/* more lines than this one */
		{ "SMTP:Rsp 250  hello, 90 bytes\t{TCP:1, IPv4:2}",
		    "text=hello octets=90 first-line-only" },
		{ "SMTP:Cmd MAIL FROM:<a@example.org>, Mail\t{TCP:1}",
		    "argument=FROM:<a@example.org> line=MAIL FROM:<a@exa" },
		{ "SMTP:Cmd MAIL, Mail from, 31 bytes\t{TCP:1}",
		    "command at=1 verb=MAIL octets=31" },
		{ "SMTP:Cmd NOOP, Noop, 6 bytes\t{TCP:1}",
		    "verb=NOOP argument= line=NOOP octets=6" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		run_log(&log_netmon_text, "x.txt", cases[i].line, &out);
		assert_has(&out, cases[i].told, 1);
		assert_true(log_netmon_text.probe(slice_str(cases[i].line)));
		buffer_fini(&out);
	}
}

/* Two conversations between the same hosts, their lines mixed. */
static void test_conversations(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_netmon_text, "x.txt",
	    "SMTP:Rsp 220  a, 7 bytes\t{TCP:1, IPv4:9}\n"
	    "SMTP:Rsp 220  b, 7 bytes\t{TCP:2, IPv4:9}\n"
	    "SMTP:Cmd QUIT, Quit, 6 bytes\t{TCP:1, IPv4:9}\n"
	    "SMTP:Rsp 221  c, 7 bytes\t{TCP:1, IPv4:9}\n"
	    "SMTP:Cmd NOOP, Noop, 6 bytes\t{TCP:2, IPv4:9}\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "first=1 last=4 wire quit", 1);
	assert_has(&out, "first=2 last=5 wire input-ended", 1);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const char *const others[] = {
		"",
		"SMTP: 17:22:28 [db] Connecting to 'mx'.\n",
		"Frame   Time    Src MAC Addr  Dst MAC Addr  Protocol\n",
		"the SMTP command said so, 20 bytes\n",
		"SMTP: Data = 220 mx, 20 bytes\n",
		"SMTP:Cmd QUIT, without a conversation\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (log_netmon_text.probe(slice_str(others[i])))
			fail_msg("probe: %s", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
