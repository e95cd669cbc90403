/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_strangers.c - logs that are known and not of SMTP: what is said of
 * them, and that no log of SMTP is taken for one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <glob.h>

#include "base/buffer.h"
#include "logs/logs.h"
#include "logs/strangers.h"

#define HEAD "#Software: Microsoft Internet Information Services 6.0\r\n"

static const struct {
	const char *text, *what; /* NULL: no stranger */
} cases[] = {
	{ "", NULL },
	{ "POP3 and IMAP4 are nice\n", NULL },
	{ HEAD "#Fields: date time c-ip s-sitename cs-method sc-status\r\n"
	    "2006-10-09 05:00:15 192.0.2.1 NNTPSVC1 group 211\r\n", "NNTP" },
	{ HEAD "#Fields: time c-ip cs-method cs-uri-stem sc-status\r\n"
	    "05:00:15 192.0.2.1 article - 220\r\n"
	    "05:00:15 192.0.2.1 quit - 205\r\n", "NNTP" },
	{ HEAD "#Fields: time c-ip cs-method cs-uri-stem sc-status\r\n"
	    "05:00:15 192.0.2.1 EHLO - 250\r\n", NULL },
	{ "192.0.2.1, a, 4/5/2009, 9:47:02, NNTPSVC1, N, 192.0.2.25, 0, 6, "
	    "38, 211, 0, group, -, -,\r\n", "NNTP" },
	{ "192.0.2.1 - a [11/Oct/2006:13:16:43 -0600] \"group -?+x NNTP\" "
	    "211 42\r\n", "NNTP" },
	{ "INSERT INTO inetlog VALUES ('192.0.2.1', '-', '2006-10-09 "
	    "05:00:15', 'NNTPSVC1', 'N', '192.0.2.25', 0, 1, 2, 211, 0, "
	    "'group', '-', 'x');\n", "NNTP" },
	{ "#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n"
	    "#Log-type: POP3 Log\r\n#Fields: dateTime,sessionId,seqNumber\r\n",
	    "POP3" },
	{ "#Software: Microsoft Exchange Server\r\n#Log-Type: IMAP4 Log\r\n"
	    "#Fields: date-time,connector-id,session-id,sequence-number,"
	    "local-endpoint,remote-endpoint,event,data,context\r\n",
	    "IMAP4" },
	{ "#Software: Microsoft Exchange Server\r\n#Log-type: SMTP Receive "
	    "Protocol Log\r\n", NULL },
	{ "Microsoft Exchange POP3 protocol log\r\n"
	    "5/13/00 2:36:27 PM : A connection was accepted from C.\r\n"
	    "5/13/00 2:36:27 PM : >>> hello\r\n", "POP3" },
	{ "Microsoft Exchange IMAP4 protocol log\r\n"
	    "5/13/00 2:36:27 PM : >>> hello\r\n", "IMAP4" },
	/* connections alone, as levels 1 to 3 tell them */
	{ "Microsoft Exchange POP3 protocol log\r\n"
	    "5/13/00 2:36:27 PM : A connection was accepted from C.\r\n",
	    "POP3" },
	{ "Microsoft Exchange IMAP4 protocol log\r\n"
	    "5/13/00 2:36:27 PM : A connection was accepted from C.\r\n",
	    "IMAP4" },
	{ "The POP3 log of yesterday:\r\n", NULL },
	{ "5/13/00 2:36:27 PM : >>> +OK ready\r\n"
	    "5/13/00 2:36:27 PM : <<< USER alice\r\n"
	    "5/13/00 2:36:27 PM : >>> +OK\r\n", "POP3" },
	{ "5/13/00 2:36:27 PM : >>> * OK ready\r\n"
	    "5/13/00 2:36:27 PM : <<< a1 LOGIN alice x\r\n", "IMAP4" },
	{ "5/13/00 2:36:27 PM : <<< EHLO a\r\n"
	    "5/13/00 2:36:27 PM : >>> 250 OK\r\n", NULL },
};

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *what = log_stranger_find(slice_str(
		    cases[i].text));

		if (!what != !cases[i].what || (what &&
		    !strstr(what, cases[i].what)))
			fail_msg("case %zu: %s", i, what ? what : "none");
	}
}

#define NEWS_ROW "192.0.2.1, a, 4/5/2009, 9:47:02, NNTPSVC1, N, " \
	"192.0.2.25, 0, 6, 38, 211, 0, group, -, -,\r\n"
#define MAIL_ROW "192.0.2.1, a, 4/5/2009, 9:47:02, SMTPSVC1, N, " \
	"192.0.2.25, 0, 6, 38, 250, 0, HELO, -, +a,\r\n"
#define INSERT(service, verb) "INSERT INTO inetlog VALUES ('192.0.2.1', " \
	"'-', '2006-10-09 05:00:15', '" service "', 'N', '192.0.2.25', 0, " \
	"1, 2, 211, 0, '" verb "', '-', 'x');\n"
#define CSV "ClientHost,username,LogTime,service,machine,serverip," \
	"processingtime,bytesrecvd,bytessent,servicestatus,win32status," \
	"operation,target,parameters\n"
#define W3C "#Software: Microsoft Internet Information Services 6.0\r\n" \
	"#Fields: time c-ip s-sitename cs-method sc-status\r\n"
#define W3C_ROW(service, verb) "01:00:00 192.0.2.1 " service " " verb \
	" 250\r\n"
#define CSV_ROW(service, verb) "192.0.2.1,-,2006-10-09 05:00:15," service \
	",N,192.0.2.25,0,1,2,211,0," verb ",-,x\n"

/* Services that share a log or a table: it is SMTP's, whichever comes
 * first. */
static void test_shared(void **state)
{
	static const struct {
		const char *text, *family;
	} logs[] = {
		{ NEWS_ROW MAIL_ROW, "iis-native" },
		{ MAIL_ROW NEWS_ROW, "iis-native" },
		{ INSERT("NNTPSVC1", "group") INSERT("SMTPSVC1", "HELO"),
		    "iis-odbc" },
		{ INSERT("SMTPSVC1", "HELO") INSERT("NNTPSVC1", "group"),
		    "iis-odbc" },
		{ CSV CSV_ROW("NNTPSVC1", "group") CSV_ROW("SMTPSVC1", "HELO"),
		    "iis-odbc" },
		{ CSV CSV_ROW("SMTPSVC1", "HELO") CSV_ROW("NNTPSVC1", "group"),
		    "iis-odbc" },
		{ W3C W3C_ROW("NNTPSVC1", "group") W3C_ROW("NNTPSVC1", "xover")
		    W3C_ROW("NNTPSVC1", "article") W3C_ROW("NNTPSVC1", "quit")
		    W3C_ROW("SMTPSVC1", "HELO"), "iis-w3c" },
	};
	const struct log_format *f;
	struct source *s;
	struct sw_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		assert_int_equal(source_open_memory(slice_str(logs[i].text),
		    "x.log", &s, &err), SW_OK);
		if (log_probe(s, &f, &err) != SW_OK || !f ||
		    strcmp(f->name, logs[i].family) != 0)
			fail_msg("case %zu: %s", i, f ? f->name : err.text);
		source_free(&s);
	}
}

/* The reader says it, and reads nothing. */
static void test_message(void **state)
{
	const struct log_format *f;
	struct source *s;
	struct sw_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!cases[i].what)
			continue;
		assert_int_equal(source_open_memory(slice_str(cases[i].text),
		    "x.log", &s, &err), SW_OK);
		assert_int_equal(log_probe(s, &f, &err), SW_EFORMAT);
		assert_null(f);
		assert_non_null(strstr(err.text, "x.log: a "));
		assert_non_null(strstr(err.text, ", not SMTP"));
		source_free(&s);
	}
}

/* Logs of mail without a dialogue; what a family reads is none of them. */
static void test_silent(void **state)
{
	static const struct {
		const char *text, *what; /* NULL: not known */
	} logs[] = {
		{ "2026-11-21 22:37:49 1xUtiP-000011-1V <= a@example.net "
		    "H=(c) [192.0.2.10] P=esmtp S=486\n", "Exim" },
		{ "2026-11-21 22:37:49.469 +0100 [7] 1xUtiP-00000000011-1Vab "
		    "Completed\n", "Exim" },
		{ "2026-11-21 22:37:49 1xUtiP-000011-1V says what\n", NULL },
		{ "2026-11-21 22:37:49 1xUtiP-0_0011-1V <= a\n", NULL },
		{ "2026-11-21 22:37:49 SMTP connection from [192.0.2.10]:41 "
		    "I=[192.0.2.25]:25 (TCP/IP connection count = 1)\n",
		    "Exim" },
		{ "Nov 21 22:43:56 lmtp(74): Info: Connect from 192.0.2.10\n",
		    "Dovecot" },
		{ "Nov 21 22:43:56 mx dovecot: lmtp(74): Connect from x\n",
		    "Dovecot" },
		{ "Nov 21 22:40:29 mx sm-mta[136]: 6AL: from=<a@example.net>,"
		    " size=302, class=0, nrcpts=1\n", "sendmail" },
		{ "Nov 21 22:40:29 mx sendmail[136]: 6AL: to=<b@example.org>,"
		    " delay=00:00:01, stat=Sent\n", "sendmail" },
		{ "#Software: Microsoft Exchange Server\n#Log-type: Message "
		    "Tracking Log\n", "Exchange" },
		{ "# Message Tracking Log File\n# Exchange System Attendant "
		    "Version 6.5.7638.1\n", "Exchange" },
		{ "#Software: Microsoft Internet Information Services 6.0\n"
		    "#Fields: time cs-method sc-status\n05:00:15 GET 200\n",
		    "IIS" },
		{ "Hello, see the log below.\n", NULL },
		{ "2026-11-21 22:37:49 started\n", NULL },
	};
	const struct log_format *f;
	struct source *s;
	struct sw_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		assert_int_equal(source_open_memory(slice_str(logs[i].text),
		    "x.log", &s, &err), SW_OK);
		if (log_probe(s, &f, &err) != (logs[i].what ? SW_EFORMAT :
		    SW_OK) || f)
			fail_msg("case %zu", i);
		if (logs[i].what && !strstr(err.text, logs[i].what))
			fail_msg("case %zu: %s", i, err.text);
		source_free(&s);
	}
}

/* A syslog of several programs is that of the one that can be read. */
static void test_mixed(void **state)
{
	static const char text[] =
	    "Nov 21 22:43:56 mx dovecot: lmtp(74): Connect from local\n"
	    "Nov 21 22:43:57 mx postfix/smtpd[7]: connect from c[192.0.2.1]\n"
	    "Nov 21 22:43:57 mx dovecot: lmtp(74): Disconnect from local\n";
	const struct log_format *f;
	struct source *s;
	struct sw_err err;

	(void)state;
	assert_int_equal(source_open_memory(slice_str(text), "x.log", &s,
	    &err), SW_OK);
	assert_int_equal(log_probe(s, &f, &err), SW_OK);
	assert_non_null(f);
	assert_string_equal(f->name, "postfix");
	source_free(&s);
}

/* No log of SMTP that is there is one of them. */
static void test_files(void **state)
{
	static const char *const patterns[] = { "tests/data/*/*.[lL][oO][gG]",
		"pcaps/*.log" };
	size_t i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		glob_t g;

		assert_int_equal(glob(patterns[k], 0, NULL, &g), 0);
		for (i = 0; i < g.gl_pathc; i++) {
			char octets[65536];
			FILE *f = fopen(g.gl_pathv[i], "rb");
			size_t n;

			assert_non_null(f);
			n = fread(octets, 1, sizeof(octets), f);
			fclose(f);
			if (log_stranger_find(slice_make(octets, n)))
				fail_msg("%s", g.gl_pathv[i]);
		}
		globfree(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
