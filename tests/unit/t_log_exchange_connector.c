/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_exchange_connector.c - logs of Exchange connectors: files against
 * what is expected of them, and rows made here
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/exchange-connector/"

static const struct log_format *const family = &log_exchange_connector;

static void test_cut(void **state)
{
	(void)state;
	check_cut(family, DATA "damaged.log");
	check_cut(family, DATA "recv-2023.log");
}

/* The endpoints, with their ports, and what is said beside the dialogue. */
static enum sw_status dump_endpoints(void *ctx, struct session_builder *b)
{
	struct buffer *out = ctx;
	const struct sw_session *s = session_finish(b);
	size_t i;

	buffer_append(out, s->client.ip.data, s->client.ip.len);
	dump_number(out, "port", s->client.port);
	buffer_append_char(out, ' ');
	buffer_append(out, s->server.ip.data, s->server.ip.len);
	dump_number(out, "port", s->server.port);
	if (s->encryption)
		dump_text(out, "tls", s->encryption->version);
	buffer_append_char(out, '\n');
	for (i = 0; i < s->event_count; i++) {
		if (s->events[i].kind != SW_EVENT_NOTE)
			continue;
		buffer_append(out, s->events[i].u.note.text.data,
		    s->events[i].u.note.text.len);
		buffer_append_char(out, '\n');
	}
	session_builder_free(&b);
	return SW_OK;
}

/* Read files one behind the other as one log. */
static void read_files(const char *const *names, size_t count,
    const struct log_sink *sink, bool attempts, struct account *account)
{
	struct log_options options;
	struct log_reader *l = NULL;
	struct source *s[4] = { NULL };
	size_t i;
	int n;

	memset(&options, 0, sizeof(options));
	options.attempts = attempts;
	for (i = 0; i < count; i++) {
		assert_int_equal(source_open(names[i], NULL, &s[i], NULL),
		    SW_OK);
		if (i == 0) {
			assert_int_equal(log_open(s[0], NULL, &options,
			    account, sink, &l, NULL), SW_OK);
		} else {
			assert_true(log_goes_on(l, family));
			assert_int_equal(log_continue(l, s[i]), SW_OK);
		}
		while ((n = log_step(l, NULL)) > 0)
			;
		assert_int_equal(n, 0);
	}
	assert_int_equal(log_end(l), SW_OK);
	log_free(&l);
	for (i = 0; i < count; i++)
		source_free(&s[i]);
}

static void test_endpoints(void **state)
{
	static const char *const names[] = { DATA "recv-2023.log",
		DATA "send-2010.log" };
	struct account account;
	struct buffer out;
	struct log_sink sink = { &out, dump_endpoints };
	size_t i;

	(void)state;
	account_init(&account);
	buffer_init(&out, 1 << 16);
	for (i = 0; i < 2; i++)
		read_files(&names[i], 1, &sink, false, &account);
	buffer_append_char(&out, '\0');
	assert_string_equal((const char *)out.p,
	    "192.0.2.11 port=2525 192.0.2.25 port=25\n"
	    "Set Session Permissions: SMTPSubmit\n"
	    "192.0.2.10 port=56026 192.0.2.25 port=25 tls=TLSv1.2\n"
	    "TLS protocol SP_PROT_TLS1_2_SERVER negotiation succeeded using "
	    "bulk encryption algorithm CALG_AES_256 with strength 256 bits\n"
	    "Proxying inbound session with session id 08DAEC62278461AA\n"
	    "192.0.2.25 port=31414 198.51.100.6 port=25\n"
	    "attempting to connect\n"
	    "192.0.2.25 port=31413 198.51.100.6 port=25\n"
	    "attempting to connect\n"
	    "192.0.2.25 port=31412 198.51.100.5 port=25\n"
	    "attempting to connect\n"
	    "sending message with RecordId 7 and InternetMessageId "
	    "<m3@example.com>: 7\n");
	buffer_fini(&out);
	account_fini(&account);
}

/* A session goes on in the next file, and its lines count on. */
static void test_two_files(void **state)
{
	static const char *const names[] = { DATA "RECV2023011115-1.LOG",
		DATA "RECV2023011116-1.LOG" };
	struct account account;
	struct buffer out;
	struct log_sink sink = { &out, dump_session };

	(void)state;
	account_init(&account);
	buffer_init(&out, 1 << 16);
	read_files(names, 2, &sink, false, &account);
	assert_has(&out, "session ", 1);
	assert_has(&out, "first=6 last=24 server quit", 1);
	assert_has(&out, "message accepted code=250 size=900", 1);
	assert_has(&out, "client close at=24", 1);
	buffer_fini(&out);
	account_fini(&account);
}

static void test_attempts(void **state)
{
	static const char *const name = DATA "send-2010.log";
	struct account account;
	struct buffer out;
	struct log_sink sink = { &out, dump_session };

	(void)state;
	account_init(&account);
	buffer_init(&out, 1 << 16);
	read_files(&name, 1, &sink, false, &account);
	assert_has(&out, "session ", 3);
	assert_int_equal(account.counters[ACCOUNT_ATTEMPTS_REFUSED], 1);
	buffer_clear(&out);
	read_files(&name, 1, &sink, true, &account);
	assert_has(&out, "session ", 4);
	assert_has(&out, "first=9 last=11 client refused", 1);
	assert_has(&out, "1 2010-03-09T13:09:51.300Z client connect at=9", 1);
	assert_has(&out, "2 2010-03-09T13:09:51.331Z server close at=11", 1);
	assert_has(&out, "attempting", 3); /* of those that connected */
	dump_account(&out, &account);
	assert_has(&out, "203.0.113.9:25", 1);
	buffer_fini(&out);
	account_fini(&account);
}

#define FIELDS "#Fields: date-time,session-id,event,data\r\n"
#define ROW "2023-01-11T15:59:51.433Z,08DAEC62278461AA,"
#define EHLO ROW "<,EHLO a\r\n"

/* Which replies to EHLO are several lines in one? */
static void test_joined(void **state)
{
	static const struct {
		const char *rows, *text;
		bool joined;
	} cases[] = {
		{ EHLO ROW ">,250  mx Hello [192.0.2.1] SIZE\r\n",
		    "text=mx Hello [192.0.2.1] SIZE", true },
		{ EHLO ROW ">,250  mx.example.com\r\n",
		    "text=mx.example.com", true },
		{ EHLO ROW ">,250 mx Hello [192.0.2.1] 8BITMIME\r\n",
		    "text=mx Hello [192.0.2.1] 8BITMIME", true },
		{ EHLO ROW ">,250 mx Hello [192.0.2.1]\r\n",
		    "text=mx Hello [192.0.2.1]", false },
		{ EHLO ROW ">,\"250 mx Hello [192.0.2.1], welcome\"\r\n",
		    "text=mx Hello [192.0.2.1], welcome", false },
		{ EHLO ROW ">,250 mx [192.0.2.1] Be welcome\r\n",
		    "text=mx [192.0.2.1] Be welcome", false },
		{ ROW "<,HELO a\r\n" ROW ">,250  mx\r\n", "text= mx", false },
		{ EHLO ROW ">,550  no\r\n", "text= no", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 4096);
		buffer_append_str(&text, FIELDS);
		buffer_append_str(&text, cases[i].rows);
		buffer_append_char(&text, '\0');
		run_log(family, "RECV2023011115-1.LOG", (char *)text.p,
		    &out);
		assert_has(&out, cases[i].text, 1);
		assert_has(&out, " joined", cases[i].joined);
		assert_has(&out, "reply-lines", !cases[i].joined);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

/* Who ended the connection? */
static void test_endings(void **state)
{
	static const struct {
		const char *name, *context, *ending;
	} cases[] = {
		{ "RECV.LOG", "Remote", " client-close " },
		{ "RECV.LOG", "Local", " server-close " },
		{ "RECV.LOG", "Remote(ConnectionReset)", " client-reset " },
		{ "RECV.LOG", "Remote(SocketError)", " client-close " },
		{ "RECV.LOG", "Local(TimedOut)", " server-close " },
		{ "RECV.LOG", "", " client-close " },
		{ "SEND.LOG", "Remote", " server-close " },
		{ "SEND.LOG", "Local", " client-close " },
		{ "SEND.LOG", "remote(connectionreset)", " server-reset " },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;

		buffer_init(&text, 4096);
		buffer_append_str(&text, "#Fields: date-time,session-id,"
		    "event,data,context\n" ROW "+,,\n" ROW "-,,");
		buffer_append_str(&text, cases[i].context);
		buffer_append_str(&text, "\n");
		buffer_append_char(&text, '\0');
		run_log(family, cases[i].name, (char *)text.p, &out);
		assert_has(&out, cases[i].ending, 1);
		buffer_fini(&text);
		buffer_fini(&out);
	}
}

/* Who wrote a log that does not say so shows in the first line told. */
static void test_roles(void **state)
{
	struct buffer out;

	(void)state;
	run_log(family, "x.log", FIELDS ROW "<,220 mx\n" ROW ">,HELO a\n",
	    &out);
	assert_has(&out, " client input-ended ", 1);
	assert_has(&out, "verb=HELO", 1);
	buffer_fini(&out);
	run_log(family, "x.log", FIELDS ROW ">,220 mx\n" ROW "<,HELO a\n",
	    &out);
	assert_has(&out, " server input-ended ", 1);
	assert_has(&out, "verb=HELO", 1);
	buffer_fini(&out);
}

/* The reply whose row is missing was that of the command before. */
static void test_missing_reply(void **state)
{
	struct buffer out;

	(void)state;
	run_log(family, "RECV.LOG", "#Fields: date-time,session-id,"
	    "sequence-number,event,data\n"
	    ROW "0,+,\n" ROW "1,>,220 mx\n" ROW "2,<,HELO a\n"
	    ROW "3,>,250 mx\n" ROW "4,<,NOOP\n" ROW "6,<,RSET\n"
	    ROW "7,>,250 2.0.0 Resetting\n", &out);
	assert_has(&out, "line=RSET after-gap", 1);
	assert_has(&out, "code=250 to=6 text=2.0.0 Resetting", 1);
	buffer_fini(&out);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ "#Software: Microsoft Exchange Server\r\n", false },
		{ "#Log-Type: SMTP Send Protocol Log\r\n", true },
		{ "#log-type: smtp receive protocol log\n", true },
		{ "#Log-type: POP3 Log\r\n#Fields: date-time,connector-id,"
		    "session-id,sequence-number,local-endpoint,remote-endpoint,"
		    "event,data,context\r\n", false },
		{ FIELDS, true },
		{ "#Fields: date time c-ip cs-method\r\n", false },
		{ "2023-01-11T15:59:51.433Z,C,08DAEC62278461AA,1,a,b,<,x,\n",
		    true },
		{ "2023-01-11T15:59:51.433Z,C,08DAEC62278461AA,1,a,b,?,x,\n",
		    false },
		{ "2023-01-11T15:59:51.433Z,C,short,1,a,b,<,x,\n", false },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (family->probe(slice_str(cases[i].head)) != cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_two_files),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_endings),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_missing_reply),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
