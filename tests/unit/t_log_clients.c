/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_clients.c - what clients print of their own dialogue, beyond the
 * files in tests/data; and the clock of each format */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

/* The sink: ctx is a buffer for zone and resolution of each session. */
static enum sw_status tell_clock(void *ctx, struct session_builder *builder)
{
	static const char *const zones[] = { [SW_ZONE_NONE] = "none",
		[SW_ZONE_UTC] = "utc", [SW_ZONE_LOCAL] = "local",
		[SW_ZONE_OFFSET] = "offset" };
	const struct sw_session *s = session_finish(builder);
	struct buffer *b = ctx;

	buffer_append_str(b, zones[s->clock.zone]);
	buffer_append_char(b, ' ');
	buffer_append_i64(b, s->clock.resolution_ns);
	buffer_append_char(b, '\n');
	session_builder_free(&builder);
	return SW_OK;
}

static void read_clocks(const struct log_format *f, struct slice text,
    struct buffer *out)
{
	struct log_options options;
	struct log_sink sink = { out, tell_clock };
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
	assert_int_equal(log_state_end(log), SW_OK);
	log_state_free(&log);
	log_lines_fini(&lines);
	account_fini(&account);
}

#define DATA "tests/data/"

/* Zone and resolution of all sessions of a file: what no line tells is not
 * known, and a time without a zone is local. */
static void test_clocks(void **state)
{
	static const struct {
		const struct log_format *format;
		const char *path, *clock;
	} cases[] = {
		{ &log_sendmail, DATA "sendmail/traffic.log", "none 0" },
		{ &log_sendmail_verbose,
		    DATA "sendmail-verbose/deliver.log", "none 0" },
		{ &log_opensmtpd, DATA "opensmtpd/trace.log", "none 0" },
		{ &log_opensmtpd, DATA "opensmtpd/syslog-2026.log",
		    "local 1000000000" },
		{ &log_exim, DATA "exim/verbose.log", "none 0" },
		{ &log_swaks, DATA "swaks/session.log", "none 0" },
		{ &log_curl, DATA "curl/session.log", "none 0" },
		{ &log_curl, DATA "curl/stamped.log", "local 1000" },
		{ &log_curl_trace, DATA "curl-trace/hex.log", "none 0" },
		{ &log_curl_trace, DATA "curl-trace/ascii.log", "local 1000" },
		{ &log_msmtp, DATA "msmtp/session.log", "none 0" },
		{ &log_fetchmail, DATA "fetchmail/session.log", "none 0" },
		{ &log_smtplib, DATA "smtplib/session.log", "none 0" },
		{ &log_smtplib, DATA "smtplib/stamped.log", "local 1000" },
		{ &log_net_smtp, DATA "net-smtp/session.log", "none 0" },
		{ &log_javamail, DATA "javamail/session.log", "none 0" },
		{ &log_mailkit, DATA "mailkit/session.log", "none 0" },
		{ &log_mailkit, DATA "mailkit/stamped.log",
		    "utc 1000000000" },
		{ &log_fakesmtp, DATA "fakesmtp/session.log",
		    "local 1000000000" },
		{ &log_roundcube, DATA "roundcube/session.log",
		    "offset 1000" },
		{ &log_apple_mail, DATA "apple-mail/session.log",
		    "local 1000000" },
		{ &log_apple_mail, DATA "apple-mail/mixed-20270101.log",
		    "local 1000000" },
		{ &log_haraka, DATA "haraka/auth.log", "utc 1000000" },
		{ &log_communigate,
		    DATA "communigate/2014-07-26_00-00.log",
		    "local 10000000" },
		{ &log_smartermail, DATA "smartermail/delivery.log",
		    "local 1000000" },
		{ &log_mailenable,
		    DATA "mailenable/SMTP-Activity-131129.log",
		    "local 1000000000" },
		{ &log_domino, DATA "domino/console.log",
		    "local 1000000000" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text, out;
		size_t sessions;

		read_file(cases[i].path, &text);
		buffer_init(&out, 1 << 16);
		read_clocks(cases[i].format, buffer_slice(&text), &out);
		sessions = count_lines(&out, " ");
		if (sessions == 0 || count_lines(&out, cases[i].clock) !=
		    sessions) {
			show("found", &out);
			fail_msg("%s: not \"%s\"", cases[i].path,
			    cases[i].clock);
		}
		buffer_fini(&out);
		buffer_fini(&text);
	}
}

/* Python 2 has no b in front of what was received. */
static void test_python2(void **state)
{
	static const char text[] = "send: 'ehlo a\\r\\n'\n"
	    "reply: '250 mx\\r\\n'\nreply: retcode (250); Msg: mx\n";
	static const char bare[] = "send: 'ehlo a\\r\\n'\n"
	    "reply: '250 mx\\r\\n'\n";
	struct buffer out;

	(void)state;
	assert_true(log_smtplib.probe(slice_str(text)));
	assert_true(log_smtplib.probe(slice_str(bare)));
	run_log(&log_smtplib, "x.log", text, &out);
	assert_has(&out, "code=250 to=1 text=mx", 1);
	assert_has(&out, "server reply", 1);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
}

#define T "2026-11-21T10:00:00Z "

/* MailKit's stamps in front of marks, wherever the first of them stands. */
static void test_mailkit_stamps(void **state)
{
	struct buffer out;

	(void)state;
	assert_true(log_mailkit.probe(slice_str(T "Connected to "
	    "smtp://192.0.2.25:25/\n" T "S: 220 mx\n" T "C: EHLO a\n")));
	run_log(&log_mailkit, "x.log", T "Connected to "
	    "smtp://192.0.2.25:25/\n" T "S: 220 mx\n" T "C: EHLO a\n", &out);
	assert_has(&out, "server=192.0.2.25 port=25", 1);
	assert_has(&out, "2026-11-21T10:00:00Z client connect at=1", 1);
	assert_has(&out, "2026-11-21T10:00:00Z client command at=3", 1);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
	/* without a zone it is no stamp of MailKit's */
	run_log(&log_mailkit, "x.log", "2026-11-21T10:00:00 S: 220 mx\n",
	    &out);
	assert_has(&out, "not understood=1", 1);
	buffer_fini(&out);
}

/* Times are those of the heads, whatever stands between two of them. */
static void test_apple_mail(void **state)
{
	static const char path[] = DATA "apple-mail/mixed-20270101.log";
	struct buffer text, out;

	(void)state;
	read_file(path, &text);
	buffer_init(&out, 1 << 20);
	assert_int_equal(dump_log(&log_apple_mail, path, buffer_slice(&text),
	    1 << 20, &out), SW_OK);
	assert_has(&out, "session ", 5);
	assert_has(&out, "2026-12-31T23:59:59.200 client connect at=9", 1);
	assert_has(&out, "2027-01-01T00:00:00.010 client command at=39", 1);
	assert_has(&out, "server reply at=92 code=250", 1);
	assert_has(&out, "port=143", 0);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&out);
	buffer_fini(&text);
}

#define HEX "32 35 30 20 61 0d 0a                            250 a..\n"

/* Dumps that do not fit their heads, and what is no dialogue. */
static void test_curl_trace(void **state)
{
	static const char *const others[] = {
		("=> Send header, 16 bytes (0x10)\n0000: GET / HTTP/1.1\n"
		"<= Recv header, 15 bytes (0xf)\n0000: HTTP/1.1 200 OK\n"),
		"=> Send header, 6 bytes (0x6)\n0000: DATA\n",
		"<= Recv header, 8 bytes (0x8)\n0000: 250 ok\n",
		"0000: EHLO a\n0000: 250 a\n",
	};
	static const char accepted[] = "<= Recv header, 7 bytes (0x7)\n"
	    "0000: " HEX "=> Send header, 6 bytes (0x6)\n0000: DATA\n"
	    "<= Recv header, 8 bytes (0x8)\n0000: 354 go\n";
	static const struct {
		const char *data, *told;
	} cases[] = {
		{ "0000: a..b\n0006: .x\n", "message=1 size=10" },
		/* a dot may be any octet that cannot be printed */
		{ "0000: abc\n0005: ..x\n", "message accepted code=250\n" },
		/* not the octets that the head has */
		{ "0000: abcd\n", "message accepted code=250\n" },
		{ "0000: 61                                              a\n",
		    "message=1 size=1 gaps" },
	};
	struct buffer out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(log_curl_trace.probe(slice_str(others[i])));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[600];

		snprintf(text, sizeof(text), "%s=> Send data, 10 bytes "
		    "(0xa)\n%s<= Recv header, 7 bytes (0x7)\n0000: " HEX,
		    accepted, cases[i].data);
		run_log(&log_curl_trace, "x.log", text, &out);
		buffer_append_char(&out, '\0');
		if (!strstr((const char *)out.p, cases[i].told)) {
			show("found", &out);
			fail_msg("case %zu: not %s", i, cases[i].told);
		}
		buffer_fini(&out);
	}
	/* a reply and a command that lack a line */
	run_log(&log_curl_trace, "x.log", "<= Recv header, 23 bytes (0x17)\n"
	    "0000: 32 32 30 20 61 61 61 61 61 61 61 61 61 61 61 61 "
	    "220 aaaaaaaaaaaa\n=> Send header, 8 bytes (0x8)\n0000: EHLO\n",
	    &out);
	assert_has(&out, "code=220 to=0 text=aaaaaaaaaaaa truncated", 1);
	assert_has(&out, "line=EHLO truncated", 1);
	buffer_fini(&out);
}

/* How a line of content ends in which the log ends is not known, nor whether
 * a dot stands alone. */
#define SMTPLIB_DATA "reply: b'220 a\\r\\n'\n" \
	"send: 'mail FROM:<a@example.org>\\r\\n'\n" \
	"reply: b'250 ok\\r\\n'\nsend: 'data\\r\\n'\n" \
	"reply: b'354 go\\r\\n'\n"

static void test_cut_content(void **state)
{
	static const char dialogue[] = "Connected to smtp://192.0.2.25:25/\r\n"
	    "S: 220 a\r\nC: MAIL FROM:<a@example.org>\r\nS: 250 ok\r\n"
	    "C: DATA\r\nS: 354 go\r\nC: abc\r\n";
	static const struct {
		const char *rest, *told;
	} cases[] = {
		{ "de", "message=1 size=7 gaps\n" },
		{ ".", "message=1 size=5 gaps\n" },
		{ ".\r\n", "message=1 size=5 missing=0" },
	};
	struct buffer out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[300];

		snprintf(text, sizeof(text), "%s%s", dialogue, cases[i].rest);
		run_log(&log_mailkit, "x.log", text, &out);
		buffer_append_char(&out, '\0');
		if (!strstr((const char *)out.p, cases[i].told)) {
			show("found", &out);
			fail_msg("case %zu: not %s", i, cases[i].told);
		}
		buffer_fini(&out);
	}
	run_log(&log_smtplib, "x.log", SMTPLIB_DATA "send: b'abc\\r\\nde",
	    &out);
	assert_has(&out, "message=1 size=7 gaps", 1);
	buffer_fini(&out);
	run_log(&log_smtplib, "x.log", SMTPLIB_DATA "send: b'abc\\r\\n", &out);
	assert_has(&out, "message=1 size=5", 1);
	buffer_fini(&out);
	run_log(&log_swaks, "x.log", "=== Connected to 192.0.2.25.\n"
	    "<-  220 a\n -> MAIL FROM:<a@example.org>\n<-  250 ok\n"
	    " -> DATA\n<-  354 go\n -> abc\n -> .", &out);
	assert_has(&out, "message=1 size=5 gaps", 1);
	buffer_fini(&out);
}

/* What no port can be is none. */
static void test_ports(void **state)
{
	static const struct {
		const struct log_format *format;
		const char *before, *behind;
	} cases[] = {
		{ &log_curl, "* Connected to mx (192.0.2.25) port ",
		    " (#0)\n" },
		{ &log_javamail, "DEBUG SMTP: trying to connect to host "
		    "\"192.0.2.25\", port ", ", isSSL false\n220 a\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		bool real = i % 2 == 0;
		struct buffer out;
		char text[200];

		snprintf(text, sizeof(text), "%s%d%s", cases[i / 2].before,
		    real ? 65535 : 65536, cases[i / 2].behind);
		run_log(cases[i / 2].format, "x.log", text, &out);
		assert_has(&out, "server=192.0.2.25", 1);
		assert_has(&out, "port=65535", real);
		assert_has(&out, "port=", real);
		buffer_fini(&out);
	}
}

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_curl_trace, DATA "curl-trace/ascii.log");
	check_cut(&log_curl_trace, DATA "curl-trace/blocks.log");
	check_cut(&log_apple_mail, DATA "apple-mail/mixed-20270101.log");
	check_cut(&log_mailkit, DATA "mailkit/stamped.log");
	check_cut_as(&log_smtplib, DATA "smtplib/session.log", false);
	check_cut(&log_curl, DATA "curl/stamped.log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_python2),
		cmocka_unit_test(test_mailkit_stamps),
		cmocka_unit_test(test_apple_mail),
		cmocka_unit_test(test_curl_trace),
		cmocka_unit_test(test_cut_content),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
