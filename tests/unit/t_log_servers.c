/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_servers.c - logs of Postfix, sendmail, Exim and OpenSMTPD beyond the
 * files in tests/data: dialogues with lines missing, chunks, verdicts for
 * each recipient, secrets, years
 *
 * The dialogues are told in Exim's marks, which need nothing around them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"
#include "logs/syslog.h"
#include "logs/text.h"

#define GREETED "SMTP>> 220 mx.example.com ESMTP\nSMTP<< EHLO c\n" \
	"SMTP>> 250 mx.example.com\n"
#define MAIL "SMTP<< MAIL FROM:<a@example.org>\nSMTP>> 250 2.1.0 Ok\n" \
	"SMTP<< RCPT TO:<b@example.com>\nSMTP>> 250 2.1.5 Ok\n"
#define PRDR_MAIL "SMTP<< MAIL FROM:<a@example.org> PRDR\nSMTP>> 250 Ok\n" \
	"SMTP<< RCPT TO:<b@example.com>\nSMTP>> 250 Ok\n" \
	"SMTP<< RCPT TO:<c@example.com>\nSMTP>> 250 Ok\n"
#define LMTP "SMTP>> 220 mx.example.com LMTP\nSMTP<< LHLO c\n" \
	"SMTP>> 250 mx.example.com\n" PRDR_MAIL

struct dialogue_case {
	const char *name, *log;
	const char *wanted[5];   /* once each */
	const char *unwanted;
};

static const struct dialogue_case dialogues[] = {
	{ "a chunk passed if its reply is positive",
	    GREETED MAIL "SMTP<< BDAT 60\nSMTP>> 250 60 octets\n"
	    "SMTP<< BDAT 0 LAST\nSMTP>> 250 2.0.0 queued as 4C4DB46\n",
	    { "data at=9 - of=8 message=1 size=60 inferred",
	    "at=9 code=250 to=8", "at=11 code=250 to=11",
	    "message accepted code=250 size=60" }, "of=11" },
	{ "an id in which the log ends may lack its end",
	    GREETED MAIL "SMTP<< DATA\nSMTP>> 354 go\n"
	    "SMTP>> 250 2.0.0 Ok: queued as 4C4DB",
	    { "text=2.0.0 Ok: queued as 4C4DB enhanced=2.0.0 truncated",
	    "message accepted" }, "queue-id=" },
	{ "... of the last chunk too, and in front of a full stop",
	    GREETED MAIL "SMTP<< BDAT 6 LAST\nSMTP>> 250 queued as 4C4DB.",
	    { "text=queued as 4C4DB. truncated", "message accepted" },
	    "queue-id=" },
	{ "behind which something stands it has not",
	    GREETED MAIL "SMTP<< DATA\nSMTP>> 354 go\n"
	    "SMTP>> 250 queued as 4C4DB46 in 1",
	    { "queue-id=4C4DB46" }, NULL },
	{ "a chunk that was refused may not have been sent",
	    GREETED "SMTP<< BDAT 60 LAST\nSMTP>> 503 no recipients\n",
	    { "code=503 to=4" }, " data " },
	{ "a chunk without a size",
	    GREETED MAIL "SMTP<< BDAT x LAST\nSMTP>> 250 strange\n",
	    { "at=9 code=250 to=8" }, " data " },
	{ "PRDR behind DATA: a reply for each recipient, and one more",
	    GREETED PRDR_MAIL "SMTP<< DATA\nSMTP>> 354 go\nSMTP>> 353 wait\n"
	    "SMTP>> 250 yes\nSMTP>> 550 no\nSMTP>> 250 done\nSMTP<< NOOP\n"
	    "SMTP>> 250 noop\n",
	    { "code=353 to=12", "code=550 to=12", "text=done",
	    "message partial code=250", "at=17 code=250 to=17" }, NULL },
	{ "PRDR behind the last chunk",
	    GREETED PRDR_MAIL "SMTP<< BDAT 9 LAST\nSMTP>> 353 wait\n"
	    "SMTP>> 250 yes\nSMTP>> 450 later\nSMTP>> 250 done\n"
	    "SMTP<< NOOP\nSMTP>> 250 noop\n",
	    { "code=353 to=10", "code=450 to=10", "size=9 inferred",
	    "message partial code=250", "at=16 code=250 to=16" }, NULL },
	{ "LMTP: a reply for each recipient",
	    LMTP "SMTP<< DATA\nSMTP>> 354 go\nSMTP>> 250 yes\n"
	    "SMTP>> 452 full\nSMTP<< NOOP\nSMTP>> 250 noop\n",
	    { "code=452 to=12", "message partial", "at=15 code=250 to=15" },
	    NULL },
	{ "LMTP with chunks",
	    LMTP "SMTP<< BDAT 9 LAST\nSMTP>> 250 yes\n"
	    "SMTP>> 452 full\nSMTP<< NOOP\nSMTP>> 250 noop\n",
	    { "code=452 to=10", "message partial", "at=14 code=250 to=14" },
	    NULL },
	{ "the verdict is missing: 2.1.0 answers the next MAIL",
	    GREETED MAIL "SMTP<< DATA\nSMTP>> 354 go\n" MAIL,
	    { "at=11 code=250 to=10", "at=13 code=250 to=12" }, " data " },
	{ "the verdict is missing: 221 answers QUIT",
	    GREETED MAIL "SMTP<< DATA\nSMTP>> 354 go\nSMTP<< QUIT\n"
	    "SMTP>> 221 bye\n", { "code=221 to=10" }, " data " },
	{ "replies are missing: 354 answers DATA",
	    GREETED "SMTP<< MAIL FROM:<a@example.org>\n"
	    "SMTP<< RCPT TO:<b@example.com>\nSMTP<< DATA\nSMTP>> 354 go\n"
	    "SMTP>> 250 2.0.0 done\n",
	    { "code=354 to=6", "of=6 message=1 inferred",
	    "b@example.com unknown" }, NULL },
	{ "pipelined: replies come behind",
	    GREETED "SMTP<< MAIL FROM:<a@example.org>\n"
	    "SMTP<< RCPT TO:<b@example.com>\nSMTP<< RCPT TO:<c@example.com>\n"
	    "SMTP<< DATA\nSMTP>> 250 ok\nSMTP>> 250 ok\nSMTP>> 550 no\n"
	    "SMTP>> 354 go\nSMTP>> 250 done\n",
	    { "code=550 to=6", "code=354 to=7",
	    "to=b@example.com accepted to=c@example.com rejected" }, NULL },
	{ "421 in the midst of content is no verdict on it",
	    GREETED MAIL "SMTP<< DATA\nSMTP>> 354 go\nSMTP>> 421 too late\n",
	    { "code=421 to=8" }, " data " },
	{ "XEXCH50's octets are no message",
	    GREETED "SMTP<< XEXCH50 1024 2\nSMTP>> 354 go\nSMTP>> 250 ok\n",
	    { "of=4 message=0 size=1024 inferred", "code=250 to=6" },
	    "  message" },
	{ "STARTTLS, then in clear",
	    GREETED "SMTP<< STARTTLS\nSMTP>> 220 go\nSMTP<< EHLO c\n"
	    "SMTP>> 250 mx\n", { "encrypted, told in clear" }, NULL },
	{ "what Exim says of its connection is no dialogue",
	    GREETED "SMTP>-\nSMTP<< NOOP\nSMTP>- flush\nSMTP>> 250 noop\n"
	    "  SMTP+> none\n",
	    { "line=NOOP", "at=7 code=250 to=4", "first=1 last=7" },
	    "flush" },
	{ "older words for content, and a connection that the server "
	    "closed",
	    "  SMTP<< 220 mx\n  SMTP>> MAIL FROM:<a@example.org>\n"
	    "  SMTP<< 250 ok\n  SMTP>> DATA\n  SMTP<< 354 go\n"
	    "  SMTP>> writing message and terminating \".\"\n"
	    "  SMTP<< 250 done\n  SMTP(closed)<<\n",
	    { "client data at=6", "at=7 code=250 to=6",
	    "message accepted code=250", "server close at=8",
	    "client server-close" }, "writing" },
	{ "LMTP by its own mark",
	    "  LMTP<< 220 mx LMTP\n  LMTP>> LHLO c\n  LMTP<< 250 mx\n",
	    { "verb=LHLO", "at=3 code=250 to=2" }, NULL },
	{ "TLS 1.0 by the name that the wire has for it",
	    GREETED "SMTP<< STARTTLS\nSMTP>> 220 go\n"
	    "cipher: TLS1.0:RSA__AES_256_CBC__SHA1:256\nSMTP<< EHLO c\n",
	    { "version=TLSv1 cipher=RSA__AES_256_CBC__SHA1" }, NULL },
	{ "TLS as OpenSSL names it",
	    GREETED "SMTP<< STARTTLS\nSMTP>> 220 go\n"
	    "cipher: TLSv1.1:AES256-SHA:256\nSMTP<< EHLO c\n",
	    { "version=TLSv1.1 cipher=AES256-SHA" }, NULL },
	{ "the client spoke first",
	    "  SMTP|> EHLO c\n  SMTP|> MAIL FROM:<a@example.org>\n"
	    "  SMTP<< 220 mx\n  SMTP<< 250 mx\n  SMTP<< 250 ok\n",
	    { "code=220 to=0", "at=4 code=250 to=1", "at=5 code=250 to=2" },
	    NULL },
};

static void test_dialogues(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(dialogues) / sizeof(dialogues[0]); i++) {
		const struct dialogue_case *c = &dialogues[i];
		struct buffer out;

		run_log(&log_exim, "x.log", c->log, &out);
		for (k = 0; k < 5 && c->wanted[k]; k++)
			if (count_lines(&out, c->wanted[k]) != 1) {
				show("found", &out);
				fail_msg("%s: no \"%s\"", c->name,
				    c->wanted[k]);
			}
		if (c->unwanted && count_lines(&out, c->unwanted) > 0) {
			show("found", &out);
			fail_msg("%s: \"%s\"", c->name, c->unwanted);
		}
		buffer_fini(&out);
	}
}

/* --- Postfix ------------------------------------------------------------ */

#define P "Jan 21 19:49:43 mx postfix/"

/* A line of as many octets behind the peer. */
static void append_said(struct buffer *b, const char *head, const char *said,
    size_t octets)
{
	size_t i;

	buffer_append_str(b, head);
	buffer_append_str(b, said);
	for (i = strlen(said); i < octets; i++)
		buffer_append_char(b, 'x');
	buffer_append_char(b, '\n');
}

/* Replies in a client's log are cut after 100 octets, and nothing else is. */
static void test_cut_replies(void **state)
{
	struct buffer out, text;

	(void)state;
	buffer_init(&text, 1 << 16);
	append_said(&text, P "smtp[7]: < mx[192.0.2.25]:25: ", "220 mx ", 99);
	append_said(&text, P "smtp[7]: > mx[192.0.2.25]:25: ", "EHLO ", 100);
	append_said(&text, P "smtp[7]: < mx[192.0.2.25]:25: ", "250 ", 100);
	append_said(&text, P "smtpd[8]: > c[192.0.2.10]: ", "220 mx ", 100);
	append_said(&text, P "smtpd[8]: < c[192.0.2.10]: ", "EHLO ", 100);
	buffer_append_char(&text, '\0');
	run_log(&log_postfix, "mail-2026.log", (const char *)text.p, &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, " truncated", 1);
	assert_has(&out, "server reply at=3 code=250 to=2", 1);
	buffer_fini(&text);
	buffer_fini(&out);
}

/* Two messages over a connection that another process took over; one process
 * that is quit of its host and connects to it anew. */
static void test_handed(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_postfix, "mail-2026.log",
	    P "smtp[7]: < mx[192.0.2.25]:25: 220 mx\n"
	    P "smtp[7]: > mx[192.0.2.25]:25: HELO a\n"
	    P "smtp[7]: < mx[192.0.2.25]:25: 250 mx\n"
	    P "smtp[8]: > mx[192.0.2.25]:25: RSET\n"
	    P "smtp[8]: < mx[192.0.2.25]:25: 250 ok\n"
	    P "smtp[8]: > mx[192.0.2.25]:25: QUIT\n"
	    P "smtp[8]: < mx[192.0.2.25]:25: 220 mx\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "first=1 last=7 client", 1);
	assert_has(&out, "first=7 last=7 client", 1);
	buffer_fini(&out);
	/* not one whose answer is still awaited */
	run_log(&log_postfix, "mail-2026.log",
	    P "smtp[7]: < mx[192.0.2.25]:25: 220 mx\n"
	    P "smtp[7]: > mx[192.0.2.25]:25: HELO a\n"
	    P "smtp[8]: > mx[192.0.2.25]:25: RSET\n", &out);
	assert_has(&out, "session ", 2);
	buffer_fini(&out);
}

/* A notice that ends in a line of its transcript. */
static void test_cut_notice(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_postfix_notice, "x.log", "Transcript of session follows."
	    "\n\n Out: 220 mx ESMTP\n In:  HELO cli", &out);
	assert_has(&out, "line=HELO cli truncated", 1);
	buffer_fini(&out);
	run_log(&log_postfix_notice, "x.log", "Transcript of session follows."
	    "\n\n Out: 220 mx ESMTP\n    Post", &out);
	assert_has(&out, "text=mx ESMTP Post truncated", 1);
	buffer_fini(&out);
}

/* --- sendmail and OpenSMTPD --------------------------------------------- */

/* The file goes on with a process of the same number, and a daemon with a
 * session at the same pointer, while the one before is still open. */
static void test_used_again(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_sendmail, "x.log", "06919 >>> 220 a\n"
	    "06919 <<< HELO c\r\n06919 >>> 250 a\n06919 >>> 220 b\n"
	    "06919 <<< HELO d\r\n06919 >>> 250 b\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "first=1 last=3 server", 1);
	assert_has(&out, "first=4 last=6 server", 1);
	buffer_fini(&out);
	run_log(&log_opensmtpd, "x.log",
	    "smtp: 0xa0: connected to listener 0xe0 [port=25, tag=]\n"
	    "smtp: 0xa0: >>> 220 a\nsmtp: 0xa0: <<< HELO c\n"
	    "smtp: 0xa0: connected to listener 0xe0 [port=25, tag=]\n"
	    "smtp: 0xa0: >>> 220 b\nsmtp: 0xa0: <<< HELO d\n", &out);
	assert_has(&out, "session ", 2);
	assert_has(&out, "first=1 last=3 server", 1);
	assert_has(&out, "first=4 last=6 server", 1);
	buffer_fini(&out);
}

/* --- secrets ------------------------------------------------------------ */

/* The sink: ctx is a buffer for all texts of the session. */
static enum sw_status gather(void *ctx, struct session_builder *builder)
{
	const struct sw_session *s = session_finish(builder);
	struct buffer *b = ctx;
	size_t i, k;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind == SW_EVENT_NOTE)
			dump_text(b, "note", e->u.note.text);
		if (e->kind == SW_EVENT_COMMAND)
			dump_text(b, "line", e->u.command.line);
		for (k = 0; e->kind == SW_EVENT_REPLY &&
		    k < e->u.reply.line_count; k++)
			dump_text(b, "reply", e->u.reply.lines[k]);
		buffer_append_char(b, '\n');
	}
	session_builder_free(&builder);
	return SW_OK;
}

static void gather_log(const struct log_format *f, struct slice text,
    struct buffer *out)
{
	struct log_options options;
	struct log_sink sink = { out, gather };
	struct account account;
	struct log_lines lines;
	struct log_line line;
	struct log_sessions *log;

	memset(&options, 0, sizeof(options));
	account_init(&account);
	log_lines_init(&lines);
	assert_int_equal(log_state_new(f, &options, "x.log", &account, &sink,
	    &log), SW_OK);
	log_lines_feed(&lines, text);
	while (log_lines_next(&lines, &line) > 0)
		assert_int_equal(f->line(log, &line), SW_OK);
	if (log_lines_end(&lines, &line) > 0)
		assert_int_equal(f->line(log, &line), SW_OK);
	assert_int_equal(log_state_end(log), SW_OK);
	dump_account(out, &account);
	log_state_free(&log);
	log_lines_fini(&lines);
	account_fini(&account);
}

/* What AUTH bears is nowhere, whoever quotes it: the files hold it. */
static void test_secrets(void **state)
{
	static const struct {
		const struct log_format *format;
		const char *path;
	} files[] = {
		{ &log_postfix, "tests/data/postfix/mail-20260131.log" },
		{ &log_postfix, "tests/data/postfix/iso.log" },
		{ &log_sendmail, "tests/data/sendmail/traffic.log" },
		{ &log_sendmail_syslog,
		    "tests/data/sendmail-syslog/mail-20260131.log" },
		{ &log_exim, "tests/data/exim/daemon.log" },
	};
	static const char *const secrets[] = { "c2VjcmV0",
		"AGFsaWNlAHNlY3JldA==" };
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buffer text, out;
		bool there = false;

		read_file(files[i].path, &text);
		buffer_init(&out, 1 << 24);
		gather_log(files[i].format, buffer_slice(&text), &out);
		for (k = 0; k < 2; k++) {
			there |= slice_find_nocase(buffer_slice(&text),
			    slice_str(secrets[k])) < text.len;
			assert_has(&out, secrets[k], 0);
		}
		assert_true(there);
		assert_true(out.len > 100);
		buffer_fini(&out);
		buffer_fini(&text);
	}
}

/* What Exim's log quotes of a refused AUTH is not told with it. */
static void test_exim_quotes(void **state)
{
	static const char log[] = GREETED
	    "LOG: smtp_protocol_error MAIN\n"
	    "  SMTP protocol error in \"AUTH PLAIN AGFsaWNlAHNlY3JldA==\" "
	    "H=c [192.0.2.1] AUTH command used when not advertised, "
	    "rejected\n"
	    "LOG: smtp_syntax_error MAIN\n"
	    "  SMTP syntax error in \"AUTG PLAIN AGFsaWNlAHNlY3JldA==\" "
	    "H=c [192.0.2.1] unrecognized command, rejected\n"
	    "LOG: MAIN REJECT\n"
	    "  H=c [192.0.2.1] F=<a@example.org> rejected RCPT <b@c>: no\n";
	struct buffer out;

	(void)state;
	buffer_init(&out, 1 << 24);
	gather_log(&log_exim, slice_str(log), &out);
	assert_has(&out, "AGFsaWNl", 0);
	assert_has(&out, "note=", 1);
	assert_has(&out, "rejected RCPT <b@c>: no", 1);
	buffer_fini(&out);
}

/* --- syslog ------------------------------------------------------------- */

static void test_syslog(void **state)
{
	static const struct {
		const char *line, *tag, *pid, *message, *key;
	} cases[] = {
		{ "Jan  1 19:49:43 mx postfix/smtpd[30751]: connect",
		    "postfix/smtpd", "30751", "connect",
		    "mx postfix/smtpd[30751" },
		{ "Okt 21 19:49:43 mx postfix/smtpd[30751]: connect",
		    "postfix/smtpd", "30751", "connect",
		    "mx postfix/smtpd[30751" },
		{ "<22>Jan 21 19:49:43 mx a: b: c", "a", "", "b: c", "mx a" },
		{ "2026-01-21T19:49:43.123456+01:00 mx a[1]: ", "a", "1", "",
		    "mx a[1" },
		{ "Jan 21 19:49:43 a[1]: x", "a", "1", "x", "a[1" },
		{ "a[1]: x", "a", "1", "x", "a[1" },
		{ "Jan 21 19:49:43 mx a[1]: [ID 197553 mail.info] x", "a",
		    "1", "x", "mx a[1" },
		{ "Jan 21 19:49:43 mx a[x]: y", NULL, NULL, NULL, NULL },
		{ "Jan 21 19:49:43 mx", NULL, NULL, NULL, NULL },
		{ "no line of it", NULL, NULL, NULL, NULL },
		{ "", NULL, NULL, NULL, NULL },
	};
	struct log_options options;
	struct log_syslog y;
	size_t i;

	(void)state;
	memset(&options, 0, sizeof(options));
	log_syslog_begin(&y, &options, "mail-2026.log");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_syslog_line l;

		if (log_syslog_take(&y, slice_str(cases[i].line), &l) !=
		    (cases[i].tag != NULL))
			fail_msg("%s", cases[i].line);
		if (!cases[i].tag)
			continue;
		assert_true(slice_eq(l.tag, slice_str(cases[i].tag)));
		assert_true(slice_eq(l.pid, slice_str(cases[i].pid)));
		assert_true(slice_eq(l.message,
		    slice_str(cases[i].message)));
		assert_true(slice_eq(l.key, slice_str(cases[i].key)));
	}
}

/* Dates without a year: by the file's name, by its last change, on and on. */
static void test_years(void **state)
{
	static const struct {
		const char *name;
		int64_t modified; /* 0: not known */
		int month, day, year;
	} cases[] = {
		{ "mail-20260101.log", 0, 12, 31, 2025 },
		{ "mail-20260101.log", 0, 1, 1, 2026 },
		{ "mail-2026.log", 0, 12, 31, 2026 },
		{ "mail-202602.log", 0, 3, 1, 2025 },
		{ "12345678.log", 0, 2, 29, 1972 },
		{ "mail.log", 1767225600, 12, 31, 2025 }, /* 2026-01-01 */
		{ "mail.log", 1767225600, 1, 2, 2026 },
		{ "mail.log", 1767225600, 1, 3, 2025 },
	};
	struct log_options options;
	struct log_years y;
	size_t i;

	(void)state;
	memset(&options, 0, sizeof(options));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		options.modified_s = cases[i].modified;
		log_years_begin(&y, &options, cases[i].name);
		assert_int_equal(log_years_take(&y, cases[i].month,
		    cases[i].day), cases[i].year);
	}
	log_years_begin(&y, &options, "mail-20260201.log");
	assert_int_equal(log_years_take(&y, 11, 30), 2025);
	assert_int_equal(log_years_take(&y, 1, 1), 2026);
	assert_int_equal(log_years_take(&y, 12, 31), 2025); /* came late */
	assert_int_equal(log_years_take(&y, 1, 1), 2026);
}

/* --- cut anywhere ------------------------------------------------------- */

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_postfix, "tests/data/postfix/iso.log");
	check_cut(&log_sendmail, "tests/data/sendmail/traffic.log");
	check_cut(&log_sendmail_verbose,
	    "tests/data/sendmail-verbose/deliver.log");
	check_cut(&log_sendmail_syslog,
	    "tests/data/sendmail-syslog/mail-20260131.log");
	check_cut(&log_opensmtpd, "tests/data/opensmtpd/trace.log");
	check_cut(&log_exim, "tests/data/exim/daemon.log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_cut_replies),
		cmocka_unit_test(test_handed),
		cmocka_unit_test(test_cut_notice),
		cmocka_unit_test(test_used_again),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_exim_quotes),
		cmocka_unit_test(test_syslog),
		cmocka_unit_test(test_years),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
