/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_exchange_ims.c - logs of the Internet Mail Service: files against
 * what is expected of them, and logs made here
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/exchange-ims/"

#define P "5/13/00 2:36:27 PM : "

static void run(const char *text, struct buffer *out)
{
	run_log(&log_exchange_ims, "L0000001.LOG", text, out);
}

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_exchange_ims, DATA "body.log");
	check_cut(&log_exchange_ims, DATA "outbound.log");
}

/* Octets of an IO entry in which the log ends: not all, it may be. */
static void test_cut_io(void **state)
{
	struct buffer out;

	(void)state;
	run(P "A connection was accepted from a.\r\n" P "<<< IO: |HELO a",
	    &out);
	assert_has(&out, "verb=HELO argument=a line=HELO a truncated inferred",
	    1);
	buffer_fini(&out);
	run(P "<<< DATA\r\n" P ">>> 354 go\r\n" P "<<< IO: |first li",
	    &out);
	assert_has(&out, "size=8 gaps", 1);
	buffer_fini(&out);
}

/* The order of dates: by values over 12, by their order, by the habits of
 * those who write them so. */
static void test_dates(void **state)
{
	static const struct {
		const char *first, *second, *start;
		bool assumed;
	} cases[] = {
		{ "5/13/00 2:36:27 PM", "5/14/00 1:00:00 AM",
		    "2000-05-13T14:36:27", false },
		{ "5/6/00 12:36:27 AM", "5/6/00 12:36:28 AM",
		    "2000-05-06T00:36:27", true },
		{ "5/6/00 12:36:27 PM", "5/13/00 1:00:00 PM",
		    "2000-05-06T12:36:27", false },
		{ "05/06/00 14:36:27", "05/06/00 14:36:27",
		    "2000-06-05T14:36:27", true },
		{ "13/05/00 14:36:27", "13/05/00 14:36:27",
		    "2000-05-13T14:36:27", false },
		{ "13.05.00 14:36:27", "13.05.00 14:36:27",
		    "2000-05-13T14:36:27", false },
		{ "05.06.2000 14:36:27", "05.06.2000 14:36:27",
		    "2000-06-05T14:36:27", true },
		{ "2000-05-06 14:36:27", "2000-05-06 14:36:27",
		    "2000-05-06T14:36:27", false },
		{ "31/12/99 23.59.59", "01/01/00 0.00.01",
		    "1999-12-31T23:59:59", false },
		/* As month, day it would run backwards. */
		{ "12.2.00 10:00:00", "1.3.00 10:00:00",
		    "2000-02-12T10:00:00", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[300], head[100];
		struct buffer out;

		snprintf(text, sizeof(text), "%s : <<< HELO a.example.org\n"
		    "%s : >>> 250 OK\n%s : <<< NOOP\n", cases[i].first,
		    cases[i].first, cases[i].second);
		snprintf(head, sizeof(head), " %s ", cases[i].start);
		run(text, &out);
		assert_true(count_lines(&out, head) > 0);
		assert_int_equal(count_lines(&out, "note date-assumed") > 0,
		    cases[i].assumed);
		buffer_fini(&out);
	}
}

/* Nothing decides: lines are given out before the log is over. */
static void test_undecided(void **state)
{
	struct buffer text, out;
	size_t i;

	(void)state;
	buffer_init(&text, 1 << 22);
	for (i = 0; i < 5000; i++)
		buffer_append_str(&text, "5/6/00 1:00:00 PM : A connection "
		    "was accepted from a.example.org.\r\n"
		    "5/6/00 1:00:00 PM : <<< QUIT\r\n"
		    "5/6/00 1:00:00 PM : >>> 221 bye\r\n");
	buffer_append_str(&text, "5/13/00 1:00:00 PM : <<< QUIT\r\n"
	    "5/13/00 1:00:00 PM : >>> 221 bye\r\n");
	buffer_append_char(&text, '\0');
	run((const char *)text.p, &out);
	assert_has(&out, "session ", 5001);
	assert_has(&out, "2000-05-06T13:00:00 2000-05-06T13:00:00 assumed",
	    5000);
	assert_has(&out, "2000-05-13T13:00:00 2000-05-13T13:00:00 given", 1);
	buffer_fini(&out);
	buffer_fini(&text);
}


/* How sessions begin: a full stop behind the host, or none; a name or an
 * address; either role. */
static void test_openings(void **state)
{
	static const struct {
		const char *line, *recorder, *peer; /* "": no address */
	} cases[] = {
		{ "was accepted from SERVER1.", " server input", "" },
		{ "was accepted from c.example.org", " server input", "" },
		{ "was accepted from 192.0.2.10.", " server input",
		    "client=192.0.2.10" },
		{ "was accepted from [192.0.2.10].", " server input",
		    "client=192.0.2.10" },
		{ "to 192.0.2.25 was established.", " client input",
		    "server=192.0.2.25" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[160];
		struct buffer out;

		snprintf(text, sizeof(text), P "A connection %s\r\n",
		    cases[i].line);
		run(text, &out);
		assert_has(&out, "client connect", 1);
		assert_has(&out, cases[i].recorder, 1);
		assert_has(&out, "not understood=0", 1);
		assert_has(&out, "192.0.2.", *cases[i].peer ? 1 : 0);
		if (*cases[i].peer)
			assert_has(&out, cases[i].peer, 1);
		buffer_fini(&out);
	}
}

/* NNTP of the same server is no SMTP, and counted. */
static void test_news(void **state)
{
	struct buffer out;

	(void)state;
	run(P "Connection to [192.0.2.119] established\r\n"
	    P "<<< 200 news.example.net ready\r\n"
	    P ">>> GROUP local.test\r\n"
	    P "<<< 211 3 1 3 local.test\r\n", &out);
	assert_has(&out, "session ", 0);
	assert_has(&out, "4 lines of NNTP, POP3 or IMAP4 are not SMTP", 1);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
}

/* The logs of POP3 and IMAP4 have the same form. */
static void test_mailbox(void **state)
{
	struct buffer out;

	(void)state;
	run(P "A connection was accepted from a.example.org.\r\n"
	    P ">>> +OK ready\r\n"
	    P "<<< USER alice\r\n"
	    P "A connection was accepted from b.example.org.\r\n"
	    P "<<< a1 LOGIN alice secret\r\n"
	    P ">>> * OK ready\r\n"
	    P "A connection was accepted from c.example.org.\r\n"
	    P "<<< HELO c.example.org\r\n"
	    P ">>> 250 OK\r\n", &out);
	assert_has(&out, "session ", 1);
	assert_has(&out, "name=c.example.org", 1);
	assert_has(&out, "are not SMTP and were left out", 1);
	assert_has(&out, "secret", 0);
	buffer_fini(&out);
}

/* A copy in which a line was broken within its prefix. */
static void test_broken(void **state)
{
	struct buffer out;

	(void)state;
	run(P "<<< HELO a.example.org\r\n"
	    "5/13/00 2:36:27\r\n\r\n"
	    "PM : >>> 250 OK " P "<<< NOOP " P ">>> 250 OK\r\n", &out);
	assert_has(&out, "verb=NOOP", 1);
	assert_has(&out, "not understood=2", 1);
	buffer_fini(&out);
}

/* Silence ends a session, but for one whose content is not told. */
static void test_idle(void **state)
{
	struct buffer out;

	(void)state;
	run("5/13/00 1:00:00 PM : <<< HELO a.example.org\r\n"
	    "5/13/00 1:15:00 PM : >>> 250 OK\r\n"
	    "5/13/00 1:30:01 PM : <<< HELO b.example.org\r\n", &out);
	assert_has(&out, "server idle", 1);
	assert_has(&out, "session ", 2);
	buffer_fini(&out);
	run("5/13/00 1:00:00 PM : <<< DATA\r\n"
	    "5/13/00 1:00:00 PM : >>> 354 go\r\n"
	    "5/13/00 1:50:00 PM : >>> 250 OK\r\n", &out);
	assert_has(&out, "session ", 1);
	buffer_fini(&out);
}

/* Lines that no rule understands are counted, not lost. */
static void test_strange(void **state)
{
	struct buffer out;

	(void)state;
	run(P "<<< HELO a.example.org\r\n"
	    P ">>> 250 OK\r\n"
	    "a line of something else\r\n"
	    P "Performance of the store was measured.\r\n"
	    P "<<< NOOP\r\n", &out);
	assert_has(&out, "not understood=2", 1);
	assert_has(&out, "verb=NOOP", 1);
	assert_has(&out, "note no-start", 1);
	buffer_fini(&out);
}

/* A deferral is told with the session it belongs to; without one it is
 * counted and quoted. */
static void test_deferral(void **state)
{
	static const char deferral[] = P "451 try later Message subject: x  "
	    "Rescheduling delivery for later.\r\n";
	char text[512];
	struct buffer out;

	(void)state;
	snprintf(text, sizeof(text), P "A connection to 192.0.2.25 was "
	    "established.\r\n%s", deferral);
	run(text, &out);
	assert_has(&out, "not understood=0", 1);
	assert_has(&out, "Rescheduling delivery", 1);
	buffer_fini(&out);
	snprintf(text, sizeof(text), P "A connection was accepted from a.\r\n"
	    "%s", deferral);
	run(text, &out);
	assert_has(&out, "not understood=1", 1);
	assert_has(&out, "Rescheduling delivery", 1);
	buffer_fini(&out);
}

/* A body is never a command, whatever it says; secrets stay masked. */
static void test_secrets(void **state)
{
	struct buffer out;

	(void)state;
	run(P "A connection was accepted from a.example.org.\r\n"
	    P "<<< IO: |AUTH LOGIN\r\n"
	    P "<<< AUTH LOGIN\r\n"
	    P ">>> 334 VXNlcm5hbWU6\r\n"
	    P "<<< IO: |YWxpY2U=\r\n"
	    P "<<< YWxpY2U=\r\n"
	    P ">>> 334 UGFzc3dvcmQ6\r\n"
	    P "<<< IO: |c2VjcmV0\r\n", &out);
	assert_has(&out, "YWxpY2U=", 0);
	assert_has(&out, "c2VjcmV0", 0);
	assert_has(&out, "line=*** masked inferred", 1);
	assert_has(&out, "line=*** masked", 2);
	buffer_fini(&out);
}

/* The command of another session is no line of AUTH, and what may be one is
 * shown in none. */
static void test_secrets_beside_others(void **state)
{
	struct buffer out;

	(void)state;
	run(P "A connection was accepted from a.example.org.\r\n"
	    P "<<< HELO a.example.org\r\n"
	    P ">>> 250 OK\r\n"
	    P "A connection was accepted from b.example.org.\r\n"
	    P "<<< HELO b.example.org\r\n"
	    P ">>> 250 OK\r\n"
	    P "<<< AUTH LOGIN\r\n"
	    P ">>> 334 VXNlcm5hbWU6\r\n"
	    P "<<< NOOP\r\n"
	    P ">>> 250 OK\r\n"
	    P "<<< YWxpY2U=\r\n"
	    P ">>> 334 UGFzc3dvcmQ6\r\n"
	    P "<<< RSET\r\n"
	    P ">>> 250 OK\r\n"
	    P "<<< not-base64\r\n"
	    P ">>> 535 no\r\n"
	    P "<<< c2VjcmV0\r\n", &out);
	assert_has(&out, "YWxpY2U=", 0);
	assert_has(&out, "not-base64", 0);
	assert_has(&out, "c2VjcmV0", 0);
	assert_has(&out, "line=NOOP", 1);
	assert_has(&out, "line=RSET", 1);
	buffer_fini(&out);
}

/* A reply goes to the session whose address it repeats; two that are equal
 * are both marked. */
static void test_ambiguous(void **state)
{
	struct buffer out;

	(void)state;
	run(P "A connection was accepted from a.example.org.\r\n"
	    P "<<< HELO a.example.org\r\n"
	    P ">>> 250 OK\r\n"
	    P "<<< MAIL FROM:<a@example.org>\r\n"
	    P "A connection was accepted from b.example.org.\r\n"
	    P "<<< HELO b.example.org\r\n"
	    P ">>> 250-mx.example.com Hello [b.example.org]\r\n"
	    "250 HELP\r\n"
	    P "<<< MAIL FROM:<b@example.org>\r\n"
	    P ">>> 250 OK - mail from <b@example.org>\r\n"
	    P ">>> 250 OK - mail from <a@example.org>\r\n", &out);
	assert_has(&out, "ambiguous", 0);
	assert_has(&out, "to=4 text=OK - mail from <b@example.org>", 0);
	assert_has(&out, "at=11 code=250 to=5 text=OK - mail from <a@", 1);
	assert_has(&out, "at=10 code=250 to=5 text=OK - mail from <b@", 1);
	buffer_fini(&out);
	run(P "A connection was accepted from a.example.org.\r\n"
	    P "A connection was accepted from b.example.org.\r\n"
	    P "<<< HELO c.example.org\r\n", &out);
	assert_has(&out, "note ambiguous-interleaving", 2);
	buffer_fini(&out);
}

/* The verdict of a message is missing: the next command is one. */
static void test_no_verdict(void **state)
{
	struct buffer out;

	(void)state;
	run(P "<<< HELO a.example.org\r\n" P ">>> 250 OK\r\n"
	    P "<<< MAIL FROM:<a@example.org>\r\n" P ">>> 250 OK\r\n"
	    P "<<< RCPT TO:<b@example.org>\r\n" P ">>> 250 OK\r\n"
	    P "<<< DATA\r\n" P ">>> 354 go\r\n"
	    P "<<< QUIT\r\n" P ">>> 221 bye\r\n", &out);
	assert_has(&out, "verb=QUIT", 1);
	assert_has(&out, "code=221 to=9", 1);
	assert_has(&out, "message unknown", 1);
	assert_has(&out, "session ", 1);
	buffer_fini(&out);
}

/* XEXCH50: its octets belong to no message. */
static void test_xexch50(void **state)
{
	struct buffer out;

	(void)state;
	run(P "<<< EHLO a.example.org\r\n" P ">>> 250 OK\r\n"
	    P "<<< MAIL FROM:<a@example.org>\r\n" P ">>> 250 OK\r\n"
	    P "<<< RCPT TO:<b@example.org>\r\n" P ">>> 250 OK\r\n"
	    P "<<< XEXCH50 104 2\r\n" P ">>> 354 Send binary data\r\n"
	    P "<<< IO: |\x01\x02garbage\r\n"
	    P ">>> 250 XEXCH50 OK\r\n"
	    P "<<< DATA\r\n" P ">>> 354 go\r\n"
	    P "<<< IO: |Subject: x\r\n"
	    P "<<< IO: |.\r\n"
	    P ">>> 250 OK\r\n", &out);
	assert_has(&out, "of=7 message=0 size=104 inferred", 1);
	assert_has(&out, "message=1 size=12", 1);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
}

/* The news service may write between the lines of a session of SMTP. */
static void test_news_between(void **state)
{
	struct buffer out;

	(void)state;
	run(P "A connection was accepted from a.example.org.\r\n"
	    P "<<< HELO a.example.org\r\n"
	    P ">>> 250 OK\r\n"
	    P "Connection to [192.0.2.119] established\r\n"
	    P ">>> GROUP local.test\r\n"
	    P "<<< NOOP\r\n"
	    P ">>> 250 OK\r\n", &out);
	assert_has(&out, "session ", 1);
	assert_has(&out, "GROUP", 0);
	assert_has(&out, "verb=NOOP", 1);
	assert_has(&out, "2 lines of NNTP, POP3 or IMAP4 are not SMTP", 1);
	buffer_fini(&out);
}

#define SENDING P "A connection was accepted from a.example.org.\r\n" \
	P "<<< HELO a.example.org\r\n" P ">>> 250 OK\r\n" \
	P "<<< MAIL From:<a@example.org>\r\n" P ">>> 250 OK\r\n" \
	P "<<< RCPT To:<b@example.com>\r\n" P ">>> 250 OK\r\n" \
	P "<<< DATA\r\n" P ">>> 354 go\r\n"

/* What another connection has read while content is due is none of it: the
 * parsed line behind it tells. */
static void test_read_by_other(void **state)
{
	struct buffer out;

	(void)state;
	run(P "A connection to 192.0.2.80 was established.\r\n" SENDING
	    P "<<< IO: |220 mx.example.net\r\n"
	    P "<<< 220 mx.example.net\r\n"
	    P ">>> EHLO mx.example.com\r\n"
	    P "<<< IO: |Subject: x\r\n"
	    P "<<< IO: |250-mx.example.net\r\n250 HELP\r\n"
	    P "<<< 250-mx.example.net\r\n250 HELP\r\n"
	    P "<<< IO: |\r\n250 is no reply here\r\n.\r\n"
	    P ">>> 250 OK\r\n", &out);
	assert_has(&out, "message=1 size=36", 1);
	assert_has(&out, "code=220 to=0 text=mx.example.net", 1);
	assert_has(&out, "code=250 to=3 text=mx.example.net text=HELP", 1);
	assert_has(&out, "not understood=0", 1);
	assert_has(&out, "ambiguous", 0);
	buffer_fini(&out);
	/* a line of AUTH */
	run(P "A connection was accepted from c.example.org.\r\n"
	    P "<<< AUTH LOGIN\r\n" P ">>> 334 VXNlcm5hbWU6\r\n" SENDING
	    P "<<< IO: |YWxpY2U=\r\n" P "<<< YWxpY2U=\r\n"
	    P "<<< IO: |x\r\n.\r\n" P ">>> 250 OK\r\n", &out);
	assert_has(&out, "message=1 size=3", 1);
	assert_has(&out, "line=***", 1);
	buffer_fini(&out);
}

/* "250 OK" may be the verdict on what takes its time to be sent, or the
 * answer to what was just said. */
static void test_slow_content(void **state)
{
	struct buffer out;

	(void)state;
	run(SENDING P "A connection was accepted from b.example.org.\r\n"
	    P "<<< HELO b.example.org\r\n" P ">>> 250 OK\r\n"
	    P "<<< MAIL From:<x@example.net>\r\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "note ambiguous-interleaving", 2);
	assert_has(&out, "server reply at=12 code=250 to=3 text=OK", 1);
	assert_has(&out, "message accepted", 0);
	buffer_fini(&out);
}

/* An entry that holds its line end is followed by an empty line, which is
 * none of the content. */
static void test_empty_lines(void **state)
{
	struct buffer out;

	(void)state;
	run(P "<<< EHLO a.example.org\r\n\r\n" P ">>> 250 OK\r\n\r\n"
	    P "<<< MAIL FROM:<a@example.org>\r\n\r\n" P ">>> 250 OK\r\n\r\n"
	    P "<<< RCPT TO:<b@example.org>\r\n\r\n" P ">>> 250 OK\r\n\r\n"
	    P "<<< DATA\r\n\r\n" P ">>> 354 go\r\n\r\n"
	    P "<<< Subject: x\r\n\r\n" P "<<< \r\n\r\n" P "<<< text\r\n\r\n"
	    P "<<< .\r\n\r\n" P ">>> 250 OK\r\n\r\n", &out);
	assert_has(&out, "message=1 size=20 ", 1);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
}

/* What stands in an entry of 1024 octets, its date counted or not, was cut,
 * which of content is a gap; a shorter one is whole. */
static void test_cut_entries(void **state)
{
	static const struct {
		size_t len; /* of the text behind the arrow */
		bool cut;
	} cases[] = {
		{ 1024, true },
		{ 1024 - sizeof(P "<<< ") + 1, true },
		{ 1023, false },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 1 << 16);
		for (k = 0; k < 2; k++) {
			const char *head = k ? "Subject: " : "HELO ";
			size_t n = strlen(head);

			buffer_append_str(&text, P "<<< ");
			buffer_append_str(&text, head);
			for (; n < cases[i].len; n++)
				buffer_append_char(&text, 'a');
			buffer_append_str(&text, k ? "\r\n" P "<<< .\r\n" :
			    "\r\n" P ">>> 250 OK\r\n"
			    P "<<< MAIL FROM:<a@example.org>\r\n"
			    P ">>> 250 OK\r\n"
			    P "<<< RCPT TO:<b@example.org>\r\n"
			    P ">>> 250 OK\r\n" P "<<< DATA\r\n"
			    P ">>> 354 go\r\n");
		}
		buffer_append_str(&text, P ">>> 250 OK\r\n");
		buffer_append_char(&text, '\0');
		run((const char *)text.p, &out);
		assert_has(&out, "truncated", cases[i].cut);
		assert_has(&out, "missing=0 gaps", !cases[i].cut);
		assert_has(&out, "message accepted", 1);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

static void test_probe(void **state)
{
	static const struct {
		const char *text;
		bool mine;
	} cases[] = {
		{ P "<<< HELO a", true },
		{ P "A connection to 192.0.2.1 was established.\r\n", true },
		{ "#comment\n\n" P ">>> 250 OK\r\n", true },
		{ "5/13/00 2:36:27 PM : something\r\n", false },
		{ "5/13/00 2:36:27 PM <<< HELO\r\n", false },
		{ "2:36:27 PM : <<< HELO a\r\n", false },
		{ "<<< HELO a\r\n", false },
		{ "", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(log_exchange_ims.probe(slice_str(
		    cases[i].text)), cases[i].mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_io),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_undecided),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_mailbox),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_strange),
		cmocka_unit_test(test_deferral),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_secrets_beside_others),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_no_verdict),
		cmocka_unit_test(test_xexch50),
		cmocka_unit_test(test_openings),
		cmocka_unit_test(test_news_between),
		cmocka_unit_test(test_read_by_other),
		cmocka_unit_test(test_slow_content),
		cmocka_unit_test(test_empty_lines),
		cmocka_unit_test(test_cut_entries),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
