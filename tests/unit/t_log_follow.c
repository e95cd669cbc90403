/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_follow.c - a log that grows: what is no log, cut, or made anew */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "logs/follow.h"
#include "logs/sessions.h"

/* A folder of its own, and the log's name in it. */
struct place {
	char folder[40], name[64], other[64];
	struct log_follow *f;
	struct account account;
	size_t sessions, events;
};

static enum sw_status on_session(void *ctx, struct session_builder *b)
{
	struct place *p = ctx;

	p->sessions++;
	p->events += session_finish(b)->event_count;
	session_builder_free(&b);
	return SW_OK;
}

static void begin(struct place *p)
{
	memset(p, 0, sizeof(*p));
	account_init(&p->account);
	snprintf(p->folder, sizeof(p->folder), "%s",
	    "/tmp/smtpwire-follow-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->name, sizeof(p->name), "%s/log", p->folder);
	snprintf(p->other, sizeof(p->other), "%s/other", p->folder);
}

static void follow(struct place *p, const char *format)
{
	struct log_options options = { 0 };
	struct log_sink sink = { p, on_session };

	options.session.account = &p->account;
	p->f = log_follow_new(p->name, format ? log_format_by_name(format) :
	    NULL, &options, &p->account, &sink);
	assert_non_null(p->f);
}

static void end(struct place *p)
{
	assert_int_equal(log_follow_end(p->f), SW_OK);
	log_follow_free(&p->f);
	log_follow_free(&p->f);
	account_fini(&p->account);
	(void)unlink(p->name);
	(void)unlink(p->other);
	(void)rmdir(p->name);
	assert_int_equal(rmdir(p->folder), 0);
}

static void put(const char *name, const char *how, const char *text)
{
	FILE *file = fopen(name, how);

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Read on until there is nothing new; the last error, told once. */
static int steps(struct place *p, struct sw_err *err)
{
	int got, error = 0;

	err->text[0] = '\0';
	for (int i = 0; i < 8; i++) {
		got = log_follow_step(p->f, i, err);
		if (got < 0)
			error = got;
	}
	assert_int_equal(got, 0);
	assert_true(log_follow_is_up(p->f));
	return error;
}

#define SESSION(name) \
	"220 mx.example.com ESMTP\nEHLO " name "\n250 mx.example.com\n" \
	"QUIT\n221 2.0.0 Bye\n"
#define HEAD "DEBUG: JavaMail version 1.6.2\n" \
	"DEBUG SMTP: useEhlo true, useAuth true\n"

static void test_grows(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	put(p.name, "w", HEAD SESSION("one.example.org"));
	follow(&p, NULL);
	assert_int_equal(steps(&p, &err), 0);
	assert_true(log_follow_is_old(p.f, 1));
	put(p.name, "a", SESSION("two.example.org"));
	assert_int_equal(steps(&p, &err), 0);
	assert_false(log_follow_is_old(p.f, 9));
	end(&p);
	assert_int_equal(p.sessions, 2);
}

/* It is not there, is there, is gone, is another one. */
static void test_comes_and_goes(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	follow(&p, "javamail");
	assert_int_equal(steps(&p, &err), SW_EREAD);
	assert_int_equal(steps(&p, &err), 0); /* once */
	put(p.name, "w", HEAD SESSION("one.example.org"));
	assert_int_equal(steps(&p, &err), 0);
	assert_int_equal(rename(p.name, p.other), 0);
	assert_int_equal(steps(&p, &err), 0);
	put(p.other, "a", SESSION("two.example.org"));
	assert_int_equal(steps(&p, &err), 0);
	put(p.name, "w", HEAD SESSION("three.example.org"));
	assert_int_equal(steps(&p, &err), 0);
	end(&p);
	assert_int_equal(p.sessions, 3);
}

/* Cut, and begun anew: shorter, or with another beginning. */
static void test_cut(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	put(p.name, "w", HEAD SESSION("one.example.org"));
	follow(&p, NULL);
	assert_int_equal(steps(&p, &err), 0);
	put(p.name, "w", HEAD SESSION("two"));
	assert_int_equal(steps(&p, &err), 0);
	put(p.name, "w", SESSION("three.example.org")
	    SESSION("four.example.org"));
	assert_int_equal(steps(&p, &err), 0);
	end(&p);
	assert_int_equal(p.sessions, 4);
}

/* It is read to its end when it says so, in another file as well. */
static void test_up(void **state)
{
	struct sw_err err;
	struct place p;
	int count = 0;

	(void)state;
	begin(&p);
	put(p.name, "w", HEAD SESSION("one.example.org"));
	follow(&p, NULL);
	assert_int_equal(steps(&p, &err), 0);
	assert_int_equal(rename(p.name, p.other), 0);
	put(p.name, "w", HEAD SESSION("two.example.org"));
	do
		assert_true(log_follow_step(p.f, 9, &err) >= 0);
	while (!log_follow_is_up(p.f) && ++count < 8);
	end(&p);
	assert_int_equal(p.sessions, 2);
}

/* What stood there stays old when its format shows later. */
static void test_old_before_format(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	put(p.name, "w", "220 mx.example.com ESMTP\nEHLO one.example.org\n");
	follow(&p, NULL);
	assert_int_equal(steps(&p, &err), SW_EFORMAT);
	assert_int_equal(steps(&p, &err), 0);
	put(p.name, "a", HEAD SESSION("two.example.org"));
	assert_int_equal(steps(&p, &err), 0);
	assert_int_equal(log_follow_unknown(p.f, &err), 0);
	assert_true(log_follow_is_old(p.f, 2));
	assert_false(log_follow_is_old(p.f, 3));
	end(&p);
}

/* A session is told as silent, and its log goes on: the family has only one
 * open at a time. */
static void test_silent(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	put(p.name, "w", HEAD "220 mx.example.com ESMTP\n"
	    "EHLO one.example.org\n250 mx.example.com\n");
	follow(&p, NULL);
	assert_int_equal(steps(&p, &err), 0);
	assert_int_equal(log_follow_end_silent(p.f, 100, 100), SW_OK);
	assert_int_equal(p.sessions, 1);
	put(p.name, "a", "221 Bye\n" SESSION("two.example.org"));
	assert_int_equal(steps(&p, &err), 0);
	end(&p);
	assert_true(p.sessions >= 2);
}

static void test_no_file(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	assert_int_equal(mkdir(p.name, 0700), 0);
	follow(&p, NULL);
	assert_int_equal(steps(&p, &err), SW_EREAD);
	assert_non_null(strstr(err.text, "no file that can be followed"));
	end(&p);
}

/* A log of mail boxes is told; what is known later is read all the same. */
static void test_no_log(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	put(p.name, "w", "");
	follow(&p, NULL);
	for (int i = 0; i < LIMIT_LOG_PROBE_FAR / 32 + 10; i++)
		put(p.name, "a", "a line that nobody understands.\n");
	assert_int_equal(steps(&p, &err), SW_EFORMAT);
	assert_non_null(strstr(err.text, "known format"));
	put(p.name, "a", HEAD SESSION("one.example.org"));
	assert_int_equal(steps(&p, &err), 0);
	end(&p);
	assert_int_equal(p.sessions, 1);
}

/* What came later may still show its format, until the end. */
static void test_short(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	put(p.name, "w", "");
	follow(&p, NULL);
	assert_int_equal(steps(&p, &err), 0);
	assert_int_equal(log_follow_unknown(p.f, &err), 0);
	put(p.name, "a", "a line that nobody understands.\n");
	assert_int_equal(steps(&p, &err), 0);
	assert_int_equal(log_follow_unknown(p.f, &err), SW_EFORMAT);
	assert_non_null(strstr(err.text, p.name));
	assert_int_equal(log_follow_unknown(p.f, &err), 0);
	end(&p);
}

static void test_strange_log(void **state)
{
	struct sw_err err;
	struct place p;

	(void)state;
	begin(&p);
	put(p.name, "w", "");
	follow(&p, NULL);
	put(p.name, "a", "#Software: Microsoft Exchange POP3 server\n"
	    "#Version: 15.02.1118.021\n#Log-type: POP3 Log\n"
	    "#Date: 2023-01-11T15:59:51.433Z\n"
	    "#Fields: dateTime,sessionId,seqNumber,sIp,cIp,user,duration,"
	    "rqsize,rpsize,command,parameters,context,puid\n");
	assert_int_equal(steps(&p, &err), SW_EFORMAT);
	assert_non_null(strstr(err.text, "no log of SMTP"));
	end(&p);
	assert_int_equal(p.sessions, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_comes_and_goes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_up),
		cmocka_unit_test(test_old_before_format),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_no_log),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_strange_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
