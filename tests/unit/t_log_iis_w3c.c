/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_iis_w3c.c - W3C logs of IIS: rows made here, and files that are cut */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"
#include "logs/iis_rows.h"

#define DATA "tests/data/iis-w3c/"

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_iis_w3c, DATA "refused.log");
}

#define HEAD "#Software: Microsoft Internet Information Services 6.0\r\n"
#define FIELDS "#Fields: time c-ip cs-username cs-method cs-uri-query " \
	"sc-status sc-win32-status sc-bytes cs-bytes\r\n"

static void run(const char *text, struct buffer *out)
{
	run_log(&log_iis_w3c, "x.log", text, out);
}

#define SENT_LAST "#Fields: time c-ip cs-username cs-method cs-uri-query " \
	"sc-status sc-bytes\r\n"
#define TAKEN_LAST "#Fields: time c-ip cs-username cs-method cs-uri-query " \
	"sc-status sc-bytes time-taken\r\n"
#define QUERY_LAST "#Fields: time c-ip cs-username cs-method sc-status " \
	"cs-uri-query\r\n"
#define STATUS_LAST "#Fields: time c-ip cs-method sc-status\r\n"
#define WHO "01:00:00 192.0.2.1 a "

/* A value in which the log ends may lack its end; what follows from it is
 * concluded if no longer one would say otherwise. */
static void test_cut_values(void **state)
{
	static const struct {
		const char *text, *told;
		size_t count;
	} cases[] = {
		{ FIELDS WHO "DATA <a@example.org> 250 0 99 1399\r\n",
		    "size=1399", 2 },
		{ FIELDS WHO "DATA <a@example.org> 250 0 99 139", "size=", 0 },
		{ FIELDS WHO "DATA <a@example.org> 250 0 99 139",
		    "code=250 to=2 octets=99 truncated", 1 },
		{ FIELDS WHO "NOOP - 250 0 99 13", "octets=", 1 },
		{ SENT_LAST WHO "NOOP - 250 9", "octets=", 0 },
		{ SENT_LAST WHO "NOOP - 250 9\r\n", "octets=9 ", 1 },
		/* the name has 14 octets */
		{ SENT_LAST WHO "HELO +a 250 38\r\n" WHO "QUIT a 240 63",
		    "code=221 to=3 truncated", 1 },
		{ SENT_LAST WHO "HELO +a 250 38\r\n" WHO "QUIT a 240 6",
		    " server quit ", 1 },
		{ SENT_LAST WHO "HELO +a 250 38\r\n" WHO "QUIT a 240 38",
		    " server client-close ", 1 },
		/* from when to when is not known either */
		{ TAKEN_LAST WHO "NOOP - 250 9 12", " - client command", 1 },
		{ QUERY_LAST WHO "RCPT 250 +TO:<a@exam",
		    "argument=TO:<a@exam truncated", 1 },
		/* ... nor whether that is an id of the client's */
		{ QUERY_LAST WHO "DATA 250 +<1@exam", " id=", 0 },
		{ QUERY_LAST WHO "DATA 250 +<1@example.org>", " id=<1@", 1 },
		{ STATUS_LAST "01:00:00 192.0.2.1 QUIT 24", "verb=QUIT", 0 },
		{ STATUS_LAST "01:00:00 192.0.2.1 QUIT 24",
		    "note synthetic-quit", 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 4096);
		buffer_append_str(&text, HEAD);
		buffer_append_str(&text, cases[i].text);
		buffer_append_char(&text, '\0');
		run((const char *)text.p, &out);
		assert_has(&out, cases[i].told, cases[i].count);
		buffer_fini(&out);
		buffer_fini(&text);
	}
}

/* RULES: a QUIT only if its octets fit the 221 line. */
static void test_quit(void **state)
{
	static const struct {
		const char *rows;
		bool quit;
	} cases[] = {
		/* the name has 14 octets, as the HELO row shows */
		{ "1:00:00 192.0.2.1 a HELO +a 250 0 38 6\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 63 4\r\n", true },
		{ "1:00:00 192.0.2.1 a HELO +a 250 0 38 6\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 63 22\r\n", true },
		{ "1:00:00 192.0.2.1 a HELO +a 250 0 38 6\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 38 6\r\n", false },
		{ "1:00:00 192.0.2.1 a HELO +a 250 0 38 6\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 64 4\r\n", false },
		/* ... and an id that the server made */
		{ "1:00:00 192.0.2.1 a EHLO +a 250 0 210 6\r\n"
		  "1:00:00 192.0.2.1 a DATA <1@mx.example.org> 250 0 1 1\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 64 4\r\n", false },
		/* not known: octets other than those of the row before */
		{ "1:00:00 192.0.2.1 a EHLO +a 250 0 210 6\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 80 4\r\n", true },
		{ "1:00:00 192.0.2.1 a EHLO +a 250 0 210 6\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 210 6\r\n", false },
		{ "1:00:00 192.0.2.1 a EHLO +a 250 0 80 6\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 80 6\r\n", false },
		{ "1:00:00 192.0.2.1 a EHLO +a 250 0 210 6\r\n"
		  "1:00:00 192.0.2.1 a QUIT a 240 9 - -\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;
		const char *p;

		buffer_init(&text, 4096);
		buffer_append_str(&text, HEAD FIELDS);
		/* hours of two digits */
		for (p = cases[i].rows; *p; p++) {
			if (p == cases[i].rows || p[-1] == '\n')
				buffer_append_char(&text, '0');
			buffer_append_char(&text, *p);
		}
		buffer_append_char(&text, '\0');
		run((const char *)text.p, &out);
		assert_has(&out, "session ", 1);
		assert_has(&out, "verb=QUIT", cases[i].quit);
		assert_has(&out, "code=221", cases[i].quit);
		assert_has(&out, " server quit ", cases[i].quit);
		assert_has(&out, "synthetic-quit", !cases[i].quit);
		assert_has(&out, "client close", !cases[i].quit);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

static void test_unplus(void **state)
{
	static const struct {
		const char *raw, *text;
		bool doubtful;
	} cases[] = {
		{ "", "", false },
		{ "+FROM:<a@example.org>", " FROM:<a@example.org>", false },
		{ "+FROM:<a+b@example.org>+SIZE=10+BODY=8BITMIME",
		    " FROM:<a+b@example.org> SIZE=10 BODY=8BITMIME", true },
		{ "+FROM:<\"a+b\"@example.org>", " FROM:<\"a b\"@example.org>",
		    true },
		{ "+TO:<a@example.org>+ORCPT=rfc822;a+2Bb@example.org+"
		    "NOTIFY=NEVER", " TO:<a@example.org> ORCPT=rfc822;a+2Bb@"
		    "example.org NOTIFY=NEVER", true },
		{ "220+mx;+Mon,+9+Oct+2006+05:00:19++0200",
		    "220 mx; Mon, 9 Oct 2006 05:00:19 +0200", true },
		{ "250+Hello+<there+my+friend", "250 Hello <there my friend",
		    false },
		{ "+", " ", false },
		{ "a++b", "a  b", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		buffer_init(&out, 1000);
		assert_int_equal(iis_unplus(slice_str(cases[i].raw), &out),
		    cases[i].doubtful);
		buffer_append_char(&out, '\0');
		assert_string_equal((const char *)out.p, cases[i].text);
		buffer_fini(&out);
	}
}

static void test_columns(void **state)
{
	struct buffer out;

	(void)state;
	/* a blank that was not encoded goes to the query */
	run(HEAD FIELDS "01:00:00 192.0.2.1 - EHLO +a b c 250 0 10 6\r\n",
	    &out);
	assert_has(&out, "argument=a b c", 1);
	buffer_fini(&out);
	/* no columns, too few, no numbers, no time */
	run("01:00:00 192.0.2.1 - HELO +a 250 0 10 6\r\n" HEAD FIELDS
	    "01:00:00 192.0.2.1 - HELO +a 250\r\n"
	    "01:00:00 192.0.2.1 - HELO +a 2x0 0 10 6\r\n"
	    "01:60:00 192.0.2.1 - HELO +a 250 0 10 6\r\n\r\n", &out);
	assert_has(&out, "session ", 0);
	assert_has(&out, "not understood=4", 1);
	buffer_fini(&out);
	/* neither day nor time: the day of #Date, midnight passed */
	run(HEAD "#Date: 2004-02-28 23:00:00\r\n" FIELDS
	    "23:59:59 192.0.2.1 a HELO +a 250 0 38 6\r\n"
	    "00:00:01 192.0.2.1 a QUIT a 240 9 63 4\r\n", &out);
	assert_has(&out, "2004-02-28T23:59:59Z 2004-02-29T00:00:01Z assumed",
	    1);
	assert_has(&out, "date-assumed", 1);
	buffer_fini(&out);
	/* no day at all */
	run(HEAD FIELDS "23:59:59 192.0.2.1 a HELO +a 250 0 38 6\r\n", &out);
	assert_has(&out, " 23:59:59 23:59:59 none", 1);
	buffer_fini(&out);
}

/* Outbound rows: replies to pipelined commands, a greeting that begins
 * anew, and a verdict behind 354. */
static void test_outbound(void **state)
{
	struct buffer out;

#define SENT "01:00:00 192.0.2.9 OutboundConnectionCommand "
#define GOT "01:00:00 192.0.2.9 OutboundConnectionResponse - "
	(void)state;
	run(HEAD FIELDS GOT "220+a 0 0 5 0\r\n" SENT "EHLO b 0 0 4 0\r\n"
	    GOT "250-a 0 0 5 0\r\n" SENT "MAIL FROM:<> 0 0 4 0\r\n"
	    SENT "RCPT TO:<x@example.org> 0 0 4 0\r\n" SENT
	    "DATA - 0 0 4 0\r\n" GOT "250+Ok 0 0 6 0\r\n" GOT
	    "250+Ok 0 0 6 0\r\n" GOT "354+Go 0 0 6 0\r\n" GOT
	    "451+Later 0 0 12 0\r\n" GOT "220+a 0 0 5 0\r\n" SENT
	    "HELO OutboundConnectionCommand 0 0 4 0\r\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "message deferred code=451 from= to=x@example.org "
	    "accepted", 1);
	assert_has(&out, "code=250 to=4 text=Ok", 1);
	assert_has(&out, "code=250 to=5 text=Ok", 1);
	assert_has(&out, "code=354 to=6 text=Go", 1);
	assert_has(&out, "code=451 to=10 text=Later octets=14 truncated", 1);
	buffer_fini(&out);
	/* a client cannot make its rows outbound by its name */
	run(HEAD FIELDS "01:00:00 192.0.2.1 OutboundConnectionCommand HELO "
	    "+OutboundConnectionCommand 250 0 38 6\r\n", &out);
	assert_has(&out, " server input-ended ", 1);
	buffer_fini(&out);
}

/* 20 000 sessions of one client that never end: bounded, and quick. */
static void test_limits(void **state)
{
	static const char row[] =
	    "01:00:00 192.0.2.1 a EHLO +a 250 0 210 6\r\n";
	struct buffer text, out;
	size_t i;

	(void)state;
	buffer_init(&text, 1 << 24);
	buffer_append_str(&text, HEAD FIELDS);
	for (i = 0; i < 20000; i++)
		buffer_append_str(&text, row);
	buffer_init(&out, 1 << 28);
	assert_int_equal(dump_log(&log_iis_w3c, "x.log", buffer_slice(&text),
	    1 << 20, &out), SW_OK);
	assert_has(&out, "session ", 20000);
	assert_has(&out, " server limit ", 20000 - LIMIT_LOG_KEY_SESSIONS);
	buffer_fini(&text);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ HEAD, false },
		{ HEAD FIELDS, true },
		{ FIELDS, false },
		{ FIELDS "01:00:00 192.0.2.1 a EHLO +a 250 0 210 6\r\n",
		    true },
		{ "\r\n" FIELDS "01:00:00 192.0.2.1 a EHLO +a 250 0 210 6",
		    true },
		{ HEAD "#Fields: time c-ip cs-method cs-uri-stem sc-status\n"
		    "01:00:00 192.0.2.1 GET /index.html 200\n", false },
		{ HEAD "#Fields: time c-ip cs-method cs-uri-stem sc-status\n"
		    "01:00:00 192.0.2.1 get - 500\n"
		    "01:00:00 192.0.2.1 QUIT - 240\n", true },
		{ "#Fields: date-time,connector-id,session-id\n"
		    "2010-01-01T00:00:00.000Z,x,y\n", false },
		{ "#Fields: s-sitename cs-method\nNNTPSVC1 help\n", false },
		{ "#Fields: s-sitename cs-method\nSMTPSVC1 xxxx\n", true },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_iis_w3c.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

/* Through the reader: probe, steps, the end. */
static void test_reader(void **state)
{
	struct source *s = NULL;
	struct log_reader *l = NULL;
	struct log_options options;
	struct account account;
	struct buffer out, expected;
	struct log_sink sink = { &out, dump_session };
	struct sw_err err;
	int n, steps = 0;

	(void)state;
	memset(&options, 0, sizeof(options));
	account_init(&account);
	buffer_init(&out, 1 << 20);
	read_file(DATA "utf16le.log.expect", &expected);
	assert_int_equal(source_open(DATA "utf16le.log", NULL, &s, &err),
	    SW_OK);
	assert_int_equal(log_open(s, NULL, &options, &account, &sink, &l,
	    &err), SW_OK);
	while ((n = log_step(l, &err)) > 0)
		steps++;
	assert_int_equal(n, 0);
	assert_int_equal(steps, 1);
	dump_account(&out, &account);
	assert_true(slice_eq(buffer_slice(&out), buffer_slice(&expected)));
	log_free(&l);
	source_free(&s);
	assert_int_equal(source_open_memory(slice_str("hello\n"), "x", &s,
	    &err), SW_OK);
	assert_int_equal(log_open(s, NULL, &options, &account, &sink, &l,
	    &err), SW_EFORMAT);
	assert_null(l);
	assert_non_null(strstr(err.text, "x: of no known log format"));
	source_free(&s);
	buffer_fini(&out);
	buffer_fini(&expected);
	account_fini(&account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_values),
		cmocka_unit_test(test_quit),
		cmocka_unit_test(test_unplus),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_outbound),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
