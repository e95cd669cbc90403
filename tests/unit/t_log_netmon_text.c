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
	check_cut(&log_netmon_text, DATA "folded.log");
}

/* What comes of this line. */
static void run_line(const char *line, struct buffer *out)
{
	char text[256];

	assert_true((size_t)snprintf(text, sizeof(text), "%s\n", line) <
	    sizeof(text));
	run_log(&log_netmon_text, "x.txt", text, out);
}

/* Cut in a line that goes on with the one before. */
static void test_cut_fold(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_netmon_text, "x.txt", "7  74.953  LOCAL  00608C0A0B0C  "
	    "SMTP  Rsp: Service ready,\n72 bytes  192.0.2.25  192.0.2.1",
	    &out);
	assert_has(&out, "server reply at=1 code=220 to=0 octets=72 "
	    "truncated", 1);
	buffer_fini(&out);
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
		{ "SMTP: Rsp: Enter mail ..., 50 bytes", "code=354" },
		{ "SMTP: Cmd: Mail from <a@example.org>, 27 bytes",
		    "verb=MAIL argument=FROM:<a@example.org> octets=27" },
		{ "SMTP: Cmd: Recipient <a@example.org>, 40 bytes",
		    "argument=TO:<a@example.org> octets=40 truncated" },
		{ "SMTP: Cmd: Recipient <a@example.org> or so, 40 bytes",
		    "verb=RCPT octets=40" },
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

		run_line(cases[i].line, &out);
		assert_has(&out, cases[i].told, 1);
		assert_true(log_netmon_text.probe(slice_str(cases[i].line)));
		buffer_fini(&out);
	}
}

/* RFC 821 4.2.2 and 4.1.1, as they stand in the place of codes and verbs. */
static void test_phrases(void **state)
{
	static const struct {
		int code;
		const char *phrase;
	} replies[] = {
		{ 211, "System status, or system help reply" },
		{ 214, "Help message" }, { 220, "Service ready" },
		{ 221, "Service closing transmission channel" },
		{ 250, "Requested mail action okay, completed" },
		{ 251, "User not local; will forward to <forward-path>" },
		{ 354, "Start mail input; end with <CRLF>.<CRLF>" },
		{ 421, "Service not available, closing transmission channel" },
		{ 450, "Requested mail action not taken: mailbox unavailable" },
		{ 451, "Requested action aborted: local error in processing" },
		{ 452, "Requested action not taken: insufficient system "
		    "storage" },
		{ 500, "Syntax error, command unrecognized" },
		{ 501, "Syntax error in parameters or arguments" },
		{ 502, "Command not implemented" },
		{ 503, "Bad sequence of commands" },
		{ 504, "Command parameter not implemented" },
		{ 550, "Requested action not taken: mailbox unavailable" },
		{ 551, "User not local; please try <forward-path>" },
		{ 552, "Requested mail action aborted: exceeded storage "
		    "allocation" },
		{ 553, "Requested action not taken: mailbox name not allowed" },
		{ 554, "Transaction failed" },
	};
	static const char *const commands[][2] = {
		{ "HELO", "Hello, host identifier" },
		{ "EHLO", "Extended hello" }, { "MAIL", "Mail from" },
		{ "RCPT", "Recipient" },
		{ "DATA", "Data: Mail data to follow" },
		{ "RSET", "Reset" }, { "VRFY", "Verify" }, { "EXPN", "Expand" },
		{ "HELP", "Help" }, { "NOOP", "No operation" },
		{ "QUIT", "Quit" }, { "TURN", "Turn" },
	};
	char line[128], told[32];
	struct buffer out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		snprintf(line, sizeof(line), "SMTP: Rsp: %s, 69 bytes",
		    replies[i].phrase);
		snprintf(told, sizeof(told), "code=%d ", replies[i].code);
		run_line(line, &out);
		assert_has(&out, told, 1);
		buffer_fini(&out);
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(line, sizeof(line), "SMTP: Cmd: %s, 28 bytes",
		    commands[i][1]);
		snprintf(told, sizeof(told), "verb=%s octets=28",
		    commands[i][0]);
		run_line(line, &out);
		assert_has(&out, told, 1);
		buffer_fini(&out);
	}
}

/* Columns are those that the user chose: what has the shape of a time or an
 * address is that, wherever it stands. */
static void test_columns(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_netmon_text, "x.txt",
	    "SMTP:Rsp 220  mx, 8 bytes\t{TCP:1, IPv4:2}\t192.0.2.25\t"
	    "svc.exe\t1.5\t192.0.2.10\t7\n", &out);
	assert_has(&out, "client=192.0.2.10 server=192.0.2.25", 1);
	assert_has(&out, "1 00:00:01.500 server reply at=1 code=220", 1);
	buffer_fini(&out);
	run_log(&log_netmon_text, "x.txt",
	    "SMTP:Rsp 220  mx, 8 bytes\t{TCP:1, IPv4:2}\n", &out);
	assert_has(&out, "client=", 0);
	assert_has(&out, "1 - server reply at=1 code=220", 1);
	buffer_fini(&out);
	/* a summary whose addresses were cut off */
	run_log(&log_netmon_text, "x.txt", "7  74.962  A  B  SMTP  "
	    "Rsp: Service ready, 72 bytes\n", &out);
	assert_has(&out, "server=", 0);
	assert_has(&out, "1 00:01:14.962 server reply at=1 code=220", 1);
	buffer_fini(&out);
}

/* Lines that a copy folded, and lines that only look so. */
static void test_folds(void **state)
{
	static const struct {
		const char *text, *told, *account;
	} cases[] = {
		{ "SMTP: Rsp: Requested mail action okay,\n"
		    "completed, 69 bytes\n",
		    "code=250 to=0 octets=69", "not understood=0" },
		/* twice, and indented */
		{ "7       74.962  00608C0A0B0C  LOCAL         SMTP\n"
		    "    Cmd: Hello, host identifier,\n    28 bytes "
		    "192.0.2.10 192.0.2.25 IP\n",
		    "00:01:14.962 client command at=1 verb=HELO octets=28",
		    "not understood=0" },
		/* never whole */
		{ "SMTP: Rsp: Requested mail action okay, compl\n"
		    "and then it said no more\n",
		    "code=250 to=0 code-only", "not understood=1" },
		{ "SMTP: Rsp: Requested mail action okay, compl\n"
		    "a\nb\nc\nd, 20 bytes\n",
		    "code=250 to=0 code-only", "not understood=4" },
		/* too short or too long to have been folded */
		{ "SMTP: Rsp: Help message\nor so, 69 bytes\n",
		    "code=214 to=0 code-only", "not understood=1" },
		/* another entry */
		{ "SMTP: Rsp: Requested mail action okay, compl\n"
		    "IP: ID = 0x1, 20 bytes\n",
		    "code=250 to=0 code-only", "not understood=0" },
		/* no columns */
		{ "7       74.962  00608C0A0B0C  LOCAL  SMTP  Cmd: Quit, "
		    "6 bytes\nNo three words\n",
		    "verb=QUIT octets=6", "not understood=1" },
		/* of a line that is not of SMTP */
		{ "+ IPX: NCP Packet - A091053.1.451 -> A091000.2 -\n0 Hops\n"
		    "SMTP: Rsp: Service ready, 72 bytes\n",
		    "at=3 code=220", "not understood=0" },
		{ "+ FRAME: Base frame\nproperties, or what?\n"
		    "SMTP: Rsp: Service ready, 72 bytes\n",
		    "at=3 code=220", "not understood=1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		run_log(&log_netmon_text, "x.txt", cases[i].text, &out);
		assert_has(&out, cases[i].told, 1);
		assert_has(&out, "session ", 1);
		assert_has(&out, cases[i].account, 1);
		buffer_fini(&out);
	}
	assert_true(log_netmon_text.probe(slice_str("7  74.962  LOCAL  "
	    "00608C0A0B0C  SMTP  Rsp: Requested mail\n"
	    "action okay, completed\n")) == false);
	assert_true(log_netmon_text.probe(slice_str("7  74.962  LOCAL  "
	    "00608C0A0B0C  SMTP  Rsp: Requested mail action okay,\n")));
}

/* A summary's conversations are told apart by their addresses alone. */
static void test_addresses(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_netmon_text, "x.txt",
	    "7  1.0  A  B  SMTP  Rsp: Service ready, 9 bytes  "
	    "192.0.2.25 192.0.2.10 IP\n"
	    "8  1.1  A  B  SMTP  Rsp: Service ready, 9 bytes  "
	    "192.0.2.25 192.0.2.11 IP\n"
	    "9  1.2  B  A  SMTP  Cmd: Quit, 6 bytes  "
	    "192.0.2.10 192.0.2.25 IP\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "first=1 last=3", 1);
	assert_has(&out, "first=2 last=2", 1);
	buffer_fini(&out);
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
		cmocka_unit_test(test_cut_fold),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_phrases),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_folds),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
