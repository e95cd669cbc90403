/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_iis_rows.c - what rows of the SMTP service of IIS mean: which
 * session each belongs to, what is missing, what its octets and durations
 * tell
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"
#include "logs/iis_rows.h"

#define HEAD "#Software: Microsoft Internet Information Services 6.0\r\n"
/* What one needs of a row; time-taken at the end. */
#define ALL "#Fields: time c-ip cs-username cs-method cs-uri-query " \
	"sc-status sc-win32-status sc-bytes cs-bytes time-taken\r\n"
#define NO_USER "#Fields: time c-ip cs-method cs-uri-query sc-status\r\n"
#define SENT " 192.0.2.9 OutboundConnectionCommand "
#define GOT " 192.0.2.9 OutboundConnectionResponse - "

#define NATIVE(host, date, service) "192.0.2." host ", a, " date ", " \
	"9:47:02, " service ", MX1, 192.0.2.25, 0, 6, 38, 250, 0, HELO, " \
	"-, a,\r\n"

struct expected {
	const char *text;
	size_t times;
};

static const struct {
	const char *name, *rows, *file; /* NULL: x.log */
	struct expected expected[6];
	const struct log_format *format; /* NULL: W3C */
} cases[] = {
	{ "the length of a session tells which one a QUIT ends", ALL
	    "01:00:00 192.0.2.1 a HELO +a 250 0 38 6 0\r\n"
	    "01:00:10 192.0.2.1 a HELO +a 250 0 38 6 0\r\n"
	    "01:00:20 192.0.2.1 a QUIT a 240 10000 63 4 0\r\n"
	    "01:00:30 192.0.2.1 a QUIT a 240 30000 63 4 0\r\n", NULL,
	    { { "01:00:10 01:00:20", 1 }, { "01:00:00 01:00:30", 1 },
	    { "ambiguous", 0 } }, NULL },
	{ "and the time since an outbound one was opened", ALL
	    "01:00:00" GOT "220+a 0 0 5 0 10\r\n"
	    "01:00:20" GOT "220+a 0 0 5 0 10\r\n"
	    "01:00:21" SENT "EHLO b 0 0 4 0 1010\r\n"
	    "01:00:22" SENT "HELO c 0 0 4 0 22010\r\n", NULL,
	    { { "session ", 2 }, { "01:00:20 01:00:21", 1 },
	    { "01:00:00 01:00:22", 1 }, { "ambiguous", 0 } }, NULL },
	{ "a row began before its time", ALL
	    "01:00:00 192.0.2.1 a HELO +a 250 0 38 6 0\r\n"
	    "01:00:00 192.0.2.1 a MAIL +FROM:<> 250 0 38 6 0\r\n"
	    "01:00:00 192.0.2.1 a RCPT +TO:<x@example.org> 250 0 38 6 0\r\n"
	    "01:20:00 192.0.2.1 a DATA +<1@example.org> 250 0 99 999 "
	    "1000000\r\n"
	    "01:20:00 192.0.2.1 a RSET - 250 0 99 4 0\r\n"
	    "01:40:00 192.0.2.1 a RSET - 250 0 99 4 0\r\n", NULL,
	    { { "01:00:00 01:20:00", 1 }, { " server idle ", 1 },
	    { "message accepted", 1 }, { "session ", 2 } }, NULL },
	{ "a host that is both client and server", ALL
	    "01:00:00" GOT "220+a 0 0 5 0 10\r\n"
	    "01:00:00 192.0.2.9 b HELO +b 250 0 38 6 0\r\n"
	    "01:00:01" SENT "HELO c 0 0 4 0 1010\r\n"
	    "01:00:01 192.0.2.9 b MAIL +FROM:<> 250 0 38 6 0\r\n"
	    "01:00:01" GOT "250+a 0 0 5 0 1010\r\n"
	    "01:00:02 192.0.2.9 b NOOP - 250 0 38 6 0\r\n", NULL,
	    { { "session ", 2 }, { "verb=NOOP", 1 }, { " server input", 1 },
	    { " client input", 1 }, { "no-start", 0 },
	    { "code=250 to=2 text=a", 1 } }, NULL },
	{ "no user: what was accepted shows that rows are missing", NO_USER
	    "01:00:00 192.0.2.1 MAIL +FROM:<> 250\r\n", NULL,
	    { { "no-start", 1 } }, NULL },
	{ "no user: what was refused does not", NO_USER
	    "01:00:00 192.0.2.1 MAIL +FROM:<> 503\r\n", NULL,
	    { { "no-start", 0 } }, NULL },
	{ "no user: status 0 is outbound", NO_USER
	    "01:00:00 192.0.2.9 - 220+a 0\r\n"
	    "01:00:00 192.0.2.9 HELO b 0\r\n"
	    "01:00:00 192.0.2.9 - 250+a 0\r\n", NULL,
	    { { " client input", 1 }, { "code=250 to=2 text=a", 1 },
	    { "no-start", 0 } }, NULL },
	{ "no user: but for QUIT, as in 1997", NO_USER
	    "01:00:00 192.0.2.1 HELO +a 250\r\n"
	    "01:00:00 192.0.2.1 QUIT - 0\r\n", NULL,
	    { { "session ", 1 }, { " server quit", 1 },
	    { "synthetic-quit", 1 } }, NULL },
	{ "outbound without what was said", "#Fields: time c-ip cs-username "
	    "cs-method sc-status\r\n"
	    "01:00:00" GOT "0\r\n" "01:00:00" SENT "EHLO 0\r\n", NULL,
	    { { " server reply at=3 to=0 code-only", 1 },
	    { "verb=EHLO", 1 } }, NULL },
	{ "no status: as if all had been accepted", "#Fields: time c-ip "
	    "cs-username cs-method cs-uri-query\r\n"
	    "01:00:00 192.0.2.1 a HELO +a\r\n"
	    "01:00:00 192.0.2.1 a HELO +a\r\n", NULL,
	    { { "session ", 2 }, { "reply", 0 } }, NULL },
	{ "nor is it known what became of a message", "#Fields: time c-ip "
	    "cs-username cs-method cs-uri-query\r\n"
	    "01:00:00 192.0.2.1 a HELO +a\r\n"
	    "01:00:00 192.0.2.1 a MAIL +FROM:<x@example.org>\r\n"
	    "01:00:00 192.0.2.1 a RCPT +TO:<y@example.org>\r\n"
	    "01:00:00 192.0.2.1 a DATA +<1@example.org>\r\n"
	    "01:00:00 192.0.2.1 a QUIT a\r\n", NULL,
	    { { "session ", 1 }, { "message unknown", 1 },
	    { "message ", 1 } }, NULL },
	{ "220 answers STARTTLS", ALL
	    "01:00:00" GOT "220+a 0 0 5 0 0\r\n"
	    "01:00:00" SENT "EHLO b 0 0 4 0 0\r\n"
	    "01:00:00" GOT "250+a 0 0 5 0 0\r\n"
	    "01:00:00" SENT "STARTTLS - 0 0 8 0 0\r\n"
	    "01:00:00" GOT "220+go 0 0 6 0 0\r\n", NULL,
	    { { "session ", 1 }, { "code=220 to=4 text=go", 1 } }, NULL },
	{ "the first row may be of the day behind #Date",
	    "#Date: 2004-02-28 23:50:00\r\n" ALL
	    "00:00:05 192.0.2.1 a HELO +a 250 0 38 6 0\r\n", NULL,
	    { { "2004-02-29T00:00:05Z", 3 }, { "date-assumed", 1 } }, NULL },
	{ "rows of a time alone in a log of one day", ALL
	    "10:00:05 192.0.2.1 a HELO +a 250 0 38 6 0\r\n",
	    "/logs/u_ex040228.log", { { "2004-02-28T10:00:05Z", 3 } }, NULL },
	{ "of one hour", ALL
	    "10:00:05 192.0.2.1 a HELO +a 250 0 38 6 0\r\n",
	    "C:\\logs\\ex04022810.log",
	    { { "2004-02-28T10:00:05Z", 3 } }, NULL },
	{ "of no hour that there is", ALL
	    "10:00:05 192.0.2.1 a HELO +a 250 0 38 6 0\r\n",
	    "ex04022824.log", { { "2004", 0 }, { "10:00:05", 3 } }, NULL },
	{ "of a month", ALL
	    "10:00:05 192.0.2.1 a HELO +a 250 0 38 6 0\r\n",
	    "ex0402.log", { { "2004", 0 }, { "10:00:05", 3 } }, NULL },
	{ "of no day that there is", ALL
	    "10:00:05 192.0.2.1 a HELO +a 250 0 38 6 0\r\n",
	    "ex040231.log", { { "2004", 0 }, { "10:00:05", 3 } }, NULL },
	{ "of a size", ALL
	    "10:00:05 192.0.2.1 a HELO +a 250 0 38 6 0\r\n",
	    "extend1.log", { { "2004", 0 }, { "10:00:05", 3 } }, NULL },
	{ "blanks too many in #Fields and behind a row", "#Fields:  time  "
	    "c-ip cs-method cs-uri-query sc-status \r\n"
	    "01:00:00 192.0.2.1 HELO +a 250 \r\n", NULL,
	    { { "argument=a", 1 }, { "code=250", 1 },
	    { "not understood=0", 1 } }, NULL },
	{ "a column named twice", "#Fields: time c-ip c-ip cs-method "
	    "cs-uri-query sc-status\r\n"
	    "01:00:00 192.0.2.1 192.0.2.2 HELO +a 250\r\n", NULL,
	    { { "client=192.0.2.1 ", 1 }, { "192.0.2.2", 0 } }, NULL },
	{ "times end in mid-file", NO_USER
	    "01:00:00 192.0.2.1 HELO +a 250\r\n"
	    "#Fields: c-ip cs-method cs-uri-query sc-status\r\n"
	    "192.0.2.1 MAIL +FROM:<> 250\r\n", NULL,
	    { { "session ", 2 }, { "no-start", 1 } }, NULL },
	{ "the same time of another day", "#Fields: date time c-ip cs-method "
	    "cs-uri-query sc-status\r\n"
	    "2006-10-09 05:00:15 192.0.2.1 HELO +a 250\r\n"
	    "2006-10-10 05:00:15 192.0.2.2 HELO +a 250\r\n"
	    "2006-10-10 05:00:16 192.0.2.3 HELO +a 250\r\n", NULL,
	    { { "2006-10-09T05:00:15Z", 3 }, { "2006-10-10T05:00:15Z", 3 },
	    { "2006-10-10T05:00:16Z", 3 } }, NULL },
	{ "numbers that cannot be", "#Fields: c-ip s-port cs-method "
	    "sc-status\r\n"
	    "192.0.2.1 0 HELO 1000\r\n" "192.0.2.1 65536 HELO 250\r\n"
	    "192.0.2.1 65535 HELO 999\r\n", NULL,
	    { { "not understood=2", 1 }, { "session ", 1 } }, NULL },
	{ "what looks encoded was said so", ALL
	    "01:00:00 192.0.2.1 a MAIL +FROM:<a%0D%0Ab@example.org> 250 0 38 "
	    "6 0\r\n", NULL,
	    { { "argument=FROM:<a%0D%0Ab@example.org>", 1 } }, NULL },
	{ "a dash that was said, and one that stands for nothing", ALL
	    "01:00:00 192.0.2.1 a HELO +- 501 0 38 6 0\r\n"
	    "01:00:00 192.0.2.1 a HELO - 501 0 38 6 0\r\n", NULL,
	    { { "argument=- ", 1 }, { "argument= ", 1 } }, NULL },
	{ "no octets, no length, no time taken", ALL
	    "01:00:00 192.0.2.1 a HELO +a 250 - - - -\r\n", NULL,
	    { { "octets=", 0 }, { "code=250", 1 } }, NULL },
	{ "pluses in a user and a verb", ALL
	    "01:00:00 192.0.2.1 my+host HELO +my+host 250 0 38 6 0\r\n"
	    "01:00:00 192.0.2.1 my+host MAIL+FROM <a@example.org> 250 0 38 6 "
	    "0\r\n01:00:00 192.0.2.2 other+host NOOP - 250 0 38 6 0\r\n",
	    NULL,
	    { { " name=other host", 1 }, { "argument=my host", 1 },
	    { "verb=MAIL argument=FROM:<a@example.org>", 1 } }, NULL },
	{ "rows of another service in the native format",
	    NATIVE("1", "4/23/2009", "SMTPSVC1")
	    NATIVE("2", "4/23/2009", "W3SVC1")
	    NATIVE("3", "4/23/2009", "smtpsvc2"), NULL,
	    { { "session ", 2 }, { "not understood=1", 1 } },
	    &log_iis_native },
	{ "a date that is the same day in both orders, and the next",
	    NATIVE("1", "5/5/2009", "SMTPSVC1")
	    NATIVE("2", "5/5/2009", "SMTPSVC1")
	    NATIVE("3", "6/5/2009", "SMTPSVC1")
	    NATIVE("4", "13/5/2009", "SMTPSVC1"), NULL,
	    { { " 2009-05-05T09:47:02 2009-05-05T09:47:02 given", 2 },
	    { " 2009-05-06T09:47:02 2009-05-06T09:47:02 given", 1 },
	    { " 2009-05-13T09:47:02 2009-05-13T09:47:02 given", 1 } },
	    &log_iis_native },
	{ "a dump with zones", "ClientHost,operation,servicestatus,LogTime\n"
	    "192.0.2.1,HELO,250,2009-04-23 09:47:02+02:00\n"
	    "192.0.2.2,HELO,250,2009-04-23T09:47:02Z\n"
	    "192.0.2.3,HELO,250,2009-04-23 09:47:02.250\n"
	    "192.0.2.4,HELO,250,2009-04-23 09:47:02.000\n", NULL,
	    { { " 2009-04-23T09:47:02+02:00 2009-04-23T09:47:02+02:00 ", 1 },
	    { " 2009-04-23T09:47:02Z 2009-04-23T09:47:02Z ", 1 },
	    { " 2009-04-23T09:47:02.250 2009-04-23T09:47:02.250 ", 1 },
	    { " 2009-04-23T09:47:02 2009-04-23T09:47:02 ", 1 } },
	    &log_iis_odbc },
	{ "a dump without times", "ClientHost,operation,servicestatus\n"
	    "192.0.2.1,HELO,250\n", NULL,
	    { { "session ", 1 }, { " - - none", 1 },
	    { "not understood=0", 1 } }, &log_iis_odbc },
	{ "a dump with values too few, and a column named twice",
	    "ClientHost,operation,operation,servicestatus\n"
	    "192.0.2.1,HELO,x\n" "192.0.2.2,HELO,NOOP,250\n", NULL,
	    { { "not understood=1", 1 }, { "session ", 1 },
	    { "verb=HELO", 1 } }, &log_iis_odbc },
	{ "statements with values too few, and with one that is none",
	    "INSERT INTO x (ClientHost, username, operation, servicestatus) "
	    "VALUES ('192.0.2.1', 'a', 'NOOP');\n"
	    "INSERT INTO x (ClientHost, username, operation, servicestatus) "
	    "VALUES ('192.0.2.2', NULL, 'NOOP', 250);\n", NULL,
	    { { "not understood=1", 1 }, { "session ", 1 }, { "NULL", 0 } },
	    &log_iis_odbc },
	{ "octets received stand before those sent, but in W3C",
	    NATIVE("1", "4/23/2009", "SMTPSVC1"), NULL,
	    { { "verb=HELO argument=a octets=8", 1 },
	    { "code=250 to=1 octets=38", 1 } }, &log_iis_native },
};

static void test_cases(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 1 << 16);
		if (!cases[i].format)
			buffer_append_str(&text, HEAD);
		buffer_append_str(&text, cases[i].rows);
		buffer_append_char(&text, '\0');
		run_log(cases[i].format ? cases[i].format : &log_iis_w3c,
		    cases[i].file ? cases[i].file : "x.log",
		    (const char *)text.p, &out);
		for (k = 0; k < 6 && cases[i].expected[k].text; k++) {
			const struct expected *e = &cases[i].expected[k];

			if (count_lines(&out, e->text) == e->times)
				continue;
			show(cases[i].name, &out);
			fail_msg("%s: %s, not %zu times", cases[i].name,
			    e->text, e->times);
		}
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

/* Columns are those that the file itself names. */
static void test_next_file(void **state)
{
	static const char *const files[] = {
		HEAD NO_USER "01:00:00 192.0.2.1 HELO +a 250\r\n",
		"01:00:01 192.0.2.1 NOOP - 250\r\n" NO_USER
		"01:00:02 192.0.2.1 RSET - 250\r\n",
	};
	struct log_options options;
	struct log_reader *l = NULL;
	struct account account;
	struct buffer out;
	struct log_sink sink = { &out, dump_session };
	struct source *s[2] = { NULL, NULL };
	size_t i;

	(void)state;
	memset(&options, 0, sizeof(options));
	account_init(&account);
	buffer_init(&out, 1 << 20);
	for (i = 0; i < 2; i++) {
		int n;

		assert_int_equal(source_open_memory(slice_str(files[i]),
		    "x.log", &s[i], NULL), SW_OK);
		assert_int_equal(l ? log_continue(l, s[i]) : log_open(s[i],
		    &log_iis_w3c, &options, &account, &sink, &l, NULL),
		    SW_OK);
		while ((n = log_step(l, NULL)) > 0)
			;
		assert_int_equal(n, 0);
	}
	assert_int_equal(log_end(l), SW_OK);
	dump_account(&out, &account);
	assert_has(&out, "session ", 1);
	assert_has(&out, "verb=NOOP", 0);
	assert_has(&out, "verb=RSET", 1);
	assert_has(&out, "not understood=1", 1);
	log_free(&l);
	source_free(&s[0]);
	source_free(&s[1]);
	buffer_fini(&out);
	account_fini(&account);
}

/* Rows of other services are none of SMTP. */
static void test_shared(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_iis_w3c, "x.log", HEAD "#Fields: time c-ip s-sitename "
	    "cs-method sc-status\r\n01:00:00 192.0.2.1 NNTPSVC1 quit 205\r\n"
	    "01:00:00 192.0.2.1 SMTPSVC1 HELO 250\r\n"
	    "01:00:00 192.0.2.1 W3SVC1 GET 200\r\n"
	    "01:00:00 192.0.2.1 SMTPSVC1 NOOP 250\r\n", &out);
	assert_has(&out, "session ", 1);
	assert_has(&out, "client command", 2);
	assert_has(&out, "not understood=2", 1);
	buffer_fini(&out);
}

/* The service for news is told by its name, else by its verbs. */
static void test_news(void **state)
{
	(void)state;
	assert_true(iis_w3c_is_news(slice_str(HEAD
	    "#Fields: s-sitename cs-method\r\nNNTPSVC1 help\r\n")));
	assert_true(iis_w3c_is_news(slice_str(HEAD
	    "#Fields: c-ip cs-method\r\n192.0.2.1 xover\r\n")));
	assert_false(iis_w3c_is_news(slice_str(HEAD
	    "#Fields: c-ip cs-method\r\n192.0.2.1 HELO\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_next_file),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
