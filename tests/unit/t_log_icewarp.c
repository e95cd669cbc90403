/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_icewarp.c - logs of VisNetic, Merak and IceWarp: files against what
 * is expected of them, and lines made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/icewarp/"
#define A "192.0.2.10      [15C0] 00:02:10 "
#define S "SYSTEM          [15C0] 00:02:10 "
#define MAIL_TO_DATA A ">>> 220 mx\r\n" A "<<< HELO c\r\n" A ">>> 250 mx\r\n" \
	A "<<< MAIL FROM:<a@example.org>\r\n" A ">>> 250 ok\r\n" \
	A "<<< RCPT TO:<b@example.com>\r\n" A ">>> 250 ok\r\n" \
	A "<<< DATA\r\n" A ">>> 354 go\r\n"

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_icewarp, DATA "s20110517-00.log");
}

/* The day stands in the name alone. */
static void test_names(void **state)
{
	static const struct {
		const char *name, *start;
	} cases[] = {
		{ "s20110516-00.log", "ended 2011-05-16T00:02:10 " },
		{ "logs\\smtp\\s20110516-03.log",
		    "ended 2011-05-16T00:02:10 " },
		{ "sA20110516-00.log", "ended 2011-05-16T00:02:10 " },
		{ "s220110516.log", "ended 2011-05-16T00:02:10 " },
		{ "s20111316-00.log", "ended 00:02:10 00:02:10 none" },
		{ "20110516-00.log", "ended 00:02:10 00:02:10 none" },
		{ "120110516-00.log", "ended 00:02:10 00:02:10 none" },
		{ "smtp.log", "ended 00:02:10 00:02:10 none" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		run_log(&log_icewarp, cases[i].name, A "Connected\r\n",
		    &out);
		assert_has(&out, cases[i].start, 1);
		assert_has(&out, "date-assumed", strstr(cases[i].start,
		    "2011") != NULL);
		buffer_fini(&out);
	}
}

/* N counts the final dot and the end of the line before it; the summary
 * counts neither nor that line's end. */
static void test_sizes(void **state)
{
	static const struct {
		const char *lines, *data;
	} cases[] = {
		{ A "<<< 2809 bytes (overall data transfer speed=1 B/s)\r\n",
		    "message=1 size=2806 octets=2809" },
		{ A "<<< 2809 bytes (overall data transfer speed=1 B/s)\r\n"
		  A "*** <a> <b> 1 2804 00:00:01 OK X1\r\n",
		    "message=1 size=2806 octets=2809" },
		{ A "*** <a> <b> 1 2804 00:00:01 OK X1\r\n",
		    "message=1 size=2806 inferred" },
		{ A "*** <a> <b> one 2804 00:00:01 OK\r\n",
		    "message=1 inferred" },
		{ A "<<< 2 bytes (overall\r\n", "message=1 octets=2" },
		{ "", "message=1 inferred" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 1 << 16);
		buffer_append_str(&text, MAIL_TO_DATA);
		buffer_append_str(&text, cases[i].lines);
		buffer_append_str(&text, A ">>> 250 ok\r\n");
		buffer_append_char(&text, '\0');
		run_log(&log_icewarp, "x.log", (const char *)text.p, &out);
		assert_has(&out, cases[i].data, 1);
		assert_has(&out, "message accepted", 1);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

/* An id in which the log ends may lack its end. */
static void test_cut_id(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_icewarp, "x.log", MAIL_TO_DATA A ">>> 250 ok\r\n"
	    A "*** <a> <b> 1 2804 00:00:01 OK X1\r\n", &out);
	assert_has(&out, "queue-id=X1", 1);
	buffer_fini(&out);
	run_log(&log_icewarp, "x.log", MAIL_TO_DATA A ">>> 250 ok\r\n"
	    A "*** <a> <b> 1 2804 00:00:01 OK X", &out);
	assert_has(&out, "queue-id=", 0);
	buffer_fini(&out);
}

/* A client that says what the server's line looks like. */
static void test_bytes_said(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_icewarp, "x.log", A ">>> 220 mx\r\n"
	    A "<<< 5 bytes (overall data transfer speed=1 B/s)\r\n"
	    A ">>> 500 what\r\n", &out);
	assert_has(&out, "line=5 bytes (overall", 1);
	assert_has(&out, "client data", 0);
	buffer_fini(&out);
}

/* Lines of the SYSTEM column wait for their session, but not for ever. */
static void test_held(void **state)
{
	struct buffer out;
	struct buffer text;
	int i;

	(void)state;
	run_log(&log_icewarp, "x.log", S "DNS query 'a' 0 (7) [OK - 1]\r\n"
	    "SYSTEM          [15C1] 00:02:10 DNS query 'b'\r\n"
	    A "<<< 220 mx\r\n" S "DNS query 'c'\r\n", &out);
	assert_has(&out, "- note at=", 2);
	assert_has(&out, "first=1 last=4 client", 1);
	buffer_fini(&out);
	run_log(&log_icewarp, "x.log", S "DNS query 'a'\r\n"
	    "192.0.2.10      [15C0] 00:12:11 <<< 220 mx\r\n", &out);
	assert_has(&out, "- note at=", 0);
	assert_has(&out, "first=2 last=2 client", 1);
	buffer_fini(&out);
	buffer_init(&text, 1 << 20);
	buffer_append_str(&text, S "DNS query 'a'\r\n");
	for (i = 0; i < 64; i++)
		buffer_append_str(&text,
		    "SYSTEM [15C1] 00:02:10 DNS query 'b'\r\n");
	buffer_append_str(&text, A "<<< 220 mx\r\n");
	buffer_append_char(&text, '\0');
	run_log(&log_icewarp, "x.log", (const char *)text.p, &out);
	assert_has(&out, "- note at=", 0);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&text);
	buffer_fini(&out);
}

/* Without lines that tell the close, sessions end behind their QUIT. */
static void test_linger(void **state)
{
	struct buffer text, out;
	const char *p;
	size_t i, before = 0;

	(void)state;
	buffer_init(&text, 1 << 20);
	for (i = 0; i < 100; i++) {
		char line[200];

		snprintf(line, sizeof(line), "192.0.2.10 [%04zX] 00:02:10 "
		    ">>> 220 mx\r\n192.0.2.10 [%04zX] 00:02:10 <<< QUIT\r\n"
		    "192.0.2.10 [%04zX] 00:02:10 >>> 221 bye\r\n", i, i, i);
		buffer_append_str(&text, line);
	}
	buffer_append_str(&text, "192.0.2.10 [0000] 00:02:10 <<< HELO b\r\n"
	    "192.0.2.10 [0063] 00:02:10 Disconnected\r\n");
	buffer_append_char(&text, '\0');
	run_log(&log_icewarp, "x.log", (const char *)text.p, &out);
	assert_has(&out, " server quit ", 100);
	assert_has(&out, " server input-ended ", 1);
	assert_has(&out, " close at=", 1);
	/* the last one was closed by its line before others ended */
	buffer_append_char(&out, '\0');
	p = strstr((const char *)out.p, "first=298 ");
	assert_non_null(p);
	for (; p > (const char *)out.p; p--)
		before += strncmp(p, "\nsession ", 9) == 0;
	assert_int_equal(before, 100 - LIMIT_LOG_LINGER);
	buffer_fini(&text);
	buffer_fini(&out);
}

static void feed(void *state, const char *text, uint64_t number,
    uint64_t base)
{
	struct log_line line = { .text = slice_str(text), .number = number,
		.base = base };

	assert_int_equal(log_icewarp.line(state, &line), SW_OK);
}

/* A session goes on in the next file, whose name tells the day anew. */
static void test_next_file(void **state)
{
	struct log_options options;
	struct account account;
	struct buffer out;
	struct log_sink sink = { &out, dump_session };
	struct log_sessions *log;

	(void)state;
	memset(&options, 0, sizeof(options));
	options.tz_known = true;
	options.tz_offset_s = 10800;
	account_init(&account);
	buffer_init(&out, 1 << 20);
	assert_int_equal(log_state_new(&log_icewarp, &options,
	    "s20110516-00.log", &account, &sink, &log), SW_OK);
	feed(log, "192.0.2.10 [15C0] 23:59:59 Connected", 1, 0);
	assert_int_equal(log_state_next_file(log, "s20110517-00.log", 1),
	    SW_OK);
	feed(log, "192.0.2.10 [15C0] 00:00:01 >>> 220 mx", 2, 1);
	feed(log, "192.0.2.10 [15C0] 00:00:01 Disconnected", 3, 1);
	assert_int_equal(log_state_end(log), SW_OK);
	assert_has(&out, "first=1 last=3 server client-close "
	    "2011-05-16T23:59:59+03:00 2011-05-17T00:00:01+03:00 assumed", 1);
	log_state_free(&log);
	account_fini(&account);
	buffer_fini(&out);
}

/* Threads serve one connection after another, and "Connected" may be missing;
 * one of another address is another session. */
static void test_keys(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_icewarp, "x.log", A ">>> 220 mx\r\n" A "<<< QUIT\r\n"
	    A ">>> 221 bye\r\n" A ">>> 220 mx\r\n" A "<<< NOOP\r\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "first=1 last=3 server quit", 1);
	assert_has(&out, "first=4 last=5 server input-ended", 1);
	buffer_fini(&out);
	run_log(&log_icewarp, "x.log", A "Connected\r\n" A ">>> 220 mx\r\n"
	    "192.0.2.11      [15C0] 00:02:10 Connected\r\n"
	    "192.0.2.11      [15C0] 00:02:10 >>> 220 mx\r\n"
	    A "<<< HELO c\r\n"
	    "192.0.2.11      [15C0] 00:02:10 <<< HELO d\r\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "first=1 last=5 server", 1);
	assert_has(&out, "first=3 last=6 server", 1);
	assert_has(&out, "no-start", 0);
	buffer_fini(&out);
}

/* "Client session" alone tells that this host is the client, wherever it
 * stands. */
static void test_client(void **state)
{
	static const char *const logs[] = {
		A "Client session Connected\r\n",
		S "Client session DNS query 'a' 0 (7) [OK - 1]\r\n"
		    A "Connected\r\n",
		A "Connected\r\n" A "Client session <<< what\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		struct buffer out;

		run_log(&log_icewarp, "x.log", logs[i], &out);
		assert_has(&out, " client input-ended ", 1);
		assert_has(&out, "  server=192.0.2.10", 1);
		buffer_fini(&out);
	}
}

/* The id of the summary is that under which this host took the message. */
static void test_summary(void **state)
{
	static const struct {
		const char *line;
		bool id;
	} cases[] = {
		{ "*** <a> <b> 1 2804 00:00:01 OK X1", true },
		{ "*** <a> <b> 3 2804 00:00:01 OK X1", true },
		{ "*** <a> <b> 1 2804 00:00:01 ERROR X1", false },
		{ "*** <a> <b> 1 2804 00:00:01 OK", false },
		{ "Client session *** <a> <b> 1 2804 00:00:01 OK X1",
		    false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;
		bool client = cases[i].line[0] == 'C';

		buffer_init(&text, 1 << 16);
		buffer_append_str(&text, client ?
		    A "<<< 220 mx\r\n" A ">>> HELO c\r\n" A "<<< 250 mx\r\n"
		    A ">>> MAIL FROM:<a@example.org>\r\n" A "<<< 250 ok\r\n"
		    A ">>> RCPT TO:<b@example.com>\r\n" A "<<< 250 ok\r\n"
		    A ">>> DATA\r\n" A "<<< 354 go\r\n" : MAIL_TO_DATA);
		buffer_append_str(&text, A);
		buffer_append_str(&text, cases[i].line);
		buffer_append_str(&text, client ? "\r\n" A "<<< 250 ok\r\n" :
		    "\r\n" A ">>> 250 ok\r\n");
		buffer_append_char(&text, '\0');
		run_log(&log_icewarp, "x.log", (const char *)text.p, &out);
		assert_has(&out, "queue-id=X1", cases[i].id);
		assert_has(&out, "message=1 size=2806 inferred", 1);
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
		{ A "Connected, local IP=192.0.2.25\r\n", false },
		{ A ">>> 220 mx.example.com ESMTP\r\n", true },
		{ A "<<< MAIL FROM:<a@example.org>", true },
		{ "192.0.2.10 [00000A1C] Thu, 22 Apr 2004 22:01:42 +0200 "
		    "<<< HELO c\n", true },
		{ "192.0.2.10 [00000A1C] Thu, 22 Apr 2004 22:01:42 "
		    "<<< HELO c\n", false },
		{ A ">>> +OK mx.example.com POP3\r\n" A "<<< QUIT\r\n",
		    false },
		{ A ">>> 220 FTP\r\n" A "<<< USER x\r\n" A ">>> 331 x\r\n",
		    false },
		{ A ">>> * OK IMAP4rev1\r\n", false },
		{ "192.0.2.10 [XYZ] 00:02:10 >>> 220 mx\r\n", false },
		{ "06919 <<< EHLO client.example.org\r\n", false },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_icewarp.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_cut_id),
		cmocka_unit_test(test_bytes_said),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_linger),
		cmocka_unit_test(test_next_file),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
