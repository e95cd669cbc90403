/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_filter.c - which sessions pass */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/reader.h"

#define B(s) { (const uint8_t *)(s), sizeof(s) - 1 }

/* A session of one accepted message that ends with QUIT. */
struct world {
	struct sw_session s;
	struct sw_message m[2];
	struct sw_recipient r[2];
	struct sw_event e[4];
	struct sw_auth a;
	struct sw_encryption enc;
};

static struct world good(void)
{
	static const struct sw_recipient rcpt = { .to = B("bob@example.org"),
		.code = 250, .status = SW_RCPT_ACCEPTED };
	static const struct sw_message message = { .n = 1,
		.from = B("Alice@example.net"), .subject = B("Report 2004"),
		.message_id = B("<m1@example.net>"), .queue_id = B("4F1C"),
		.code = 250, .outcome = SW_OUTCOME_ACCEPTED };
	struct world w;

	memset(&w, 0, sizeof(w));
	w.s.id = 0xabcdef;
	w.s.start = 1000;
	w.s.end = 2000;
	w.s.ending = SW_ENDING_QUIT;
	w.s.records = SW_RECORDS_ALL;
	w.s.client = (struct sw_endpoint){ B("192.0.2.7"), 40000,
		B("client.example.net") };
	w.s.server = (struct sw_endpoint){ B("192.0.2.25"), 25,
		B("mx.example.org") };
	w.m[0] = message;
	w.r[0] = w.r[1] = rcpt;
	w.e[0].kind = SW_EVENT_CONNECT;
	w.e[1].kind = SW_EVENT_REPLY;
	w.e[1].u.reply.code = 220;
	w.e[2].kind = SW_EVENT_COMMAND;
	w.e[2].u.command.verb = (struct sw_bytes)B("RCPT");
	w.e[3].kind = SW_EVENT_REPLY;
	w.e[3].u.reply.code = 250;
	w.e[3].u.reply.to = 3;
	w.s.message_count = 1;
	w.s.event_count = 4;
	return w;
}

/* Lists lie in the world, wherever it is. */
static bool passes(struct world *w, const struct sw_filter *f)
{
	w->m[0].recipients = w->r;
	w->m[0].recipient_count = 2;
	w->s.messages = w->m;
	w->s.events = w->e;
	w->s.auth = &w->a;
	return filter_passes(f, &w->s);
}

static struct sw_filter none(void)
{
	struct sw_filter f;

	memset(&f, 0, sizeof(f));
	f.since = f.until = SW_NO_TIME;
	return f;
}

static const struct {
	const char *name;
	size_t member;
	const char *yes[5], *no[5];
} strings[] = {
	{ "from", offsetof(struct sw_filter, from),
	    { "alice", "=alice@EXAMPLE.net", "", "@",
	      "<alice@example.NET>" },
	    { "=alice", "bob", "alice@example.network", "<>",
	      "<alice>" } },
	{ "rcpt", offsetof(struct sw_filter, rcpt),
	    { "BOB", "=bob@example.org", "<bob@example.org>" },
	    { "alice", "=bob", "<bob@example.org", "<" } },
	{ "host", offsetof(struct sw_filter, host),
	    { "192.0.2.7", "mx.", "=192.0.2.25", "CLIENT", "[192.0.2.25]" },
	    { "=192.0.2.2", "192.0.3", "=mx", "[192.0.2.2]", "[]" } },
	{ "subject", offsetof(struct sw_filter, subject), { "report", "2004" },
	    { "=report", "2005" } },
	{ "message-id", offsetof(struct sw_filter, message_id),
	    { "m1@", "=<m1@example.net>" }, { "=m1@example.net" } },
	{ "queue-id", offsetof(struct sw_filter, queue_id), { "4f1c", "=4F1C" },
	    { "=4F1", "x" } },
	{ "id", offsetof(struct sw_filter, id),
	    { "abcdef", "=0000000000ABCDEF", "0000" }, { "=abcdef", "g" } },
};

static bool string_passes(size_t member, const char *value)
{
	struct sw_filter f = none();
	struct world w = good();

	memcpy((char *)&f + member, &value, sizeof(value));
	return passes(&w, &f);
}

static void test_strings(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		for (k = 0; k < 5 && strings[i].yes[k]; k++)
			if (!string_passes(strings[i].member,
			    strings[i].yes[k]))
				fail_msg("%s %s", strings[i].name,
				    strings[i].yes[k]);
		for (k = 0; k < 5 && strings[i].no[k]; k++)
			if (string_passes(strings[i].member,
			    strings[i].no[k]))
				fail_msg("%s %s passes", strings[i].name,
				    strings[i].no[k]);
	}
}

/* What is not known matches nothing, not even everything. */
static void test_unknown(void **state)
{
	struct sw_filter f = none();
	struct world w = good();

	(void)state;
	w.m[0].subject.data = NULL;
	f.subject = "";
	assert_false(passes(&w, &f));
	f.subject = NULL;
	w.s.message_count = 0;
	assert_true(passes(&w, &f));
	f.from = "";
	assert_false(passes(&w, &f));
}

static void test_empty_sender(void **state)
{
	struct sw_filter f = none();
	struct world w = good();

	(void)state;
	w.m[0].from = (struct sw_bytes)B("");
	f.from = "<>";
	assert_true(passes(&w, &f));
	f.from = "=";
	assert_true(passes(&w, &f));
	w.m[0].from.data = NULL;
	assert_false(passes(&w, &f));
	f.from = "<>";
	assert_false(passes(&w, &f));
}

/* All that is asked of messages must hold of one. */
static void test_one_message(void **state)
{
	struct sw_filter f = none();
	struct world w = good();

	(void)state;
	w.m[1] = w.m[0];
	w.m[1].from = (struct sw_bytes)B("carol@example.net");
	w.m[1].subject = (struct sw_bytes)B("other");
	w.s.message_count = 2;
	f.from = "carol";
	f.subject = "other";
	assert_true(passes(&w, &f));
	f.subject = "report";
	assert_false(passes(&w, &f));
}

static void test_times(void **state)
{
	static const struct {
		int64_t since, until;
		bool passes;
	} cases[] = {
		{ SW_NO_TIME, SW_NO_TIME, true }, { 2000, SW_NO_TIME, true },
		{ 2001, SW_NO_TIME, false }, { SW_NO_TIME, 1000, true },
		{ SW_NO_TIME, 999, false }, { 1500, 1600, true },
		{ 0, 5000, true }, { 3000, 5000, false },
	};
	struct world w = good();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sw_filter f = none();

		f.since = cases[i].since;
		f.until = cases[i].until;
		assert_int_equal(passes(&w, &f), cases[i].passes);
	}
	/* of which day is not known */
	w.s.clock.date = SW_DATE_NONE;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sw_filter f = none();

		f.since = cases[i].since;
		f.until = cases[i].until;
		assert_int_equal(passes(&w, &f), i == 0);
	}
	w.s.clock.date = SW_DATE_GIVEN;
	w.s.start = w.s.end = SW_NO_TIME;
	{
		struct sw_filter f = none();

		assert_true(passes(&w, &f));
		f.since = 0;
		assert_false(passes(&w, &f));
	}
}

/* --- failed -------------------------------------------------------------- */

static void not_accepted(struct world *w)
{
	w->m[0].outcome = SW_OUTCOME_PARTIAL;
}

static void unknown_outcome(struct world *w)
{
	w->m[0].outcome = SW_OUTCOME_UNKNOWN;
}

static void other_ending(struct world *w)
{
	w->s.ending = SW_ENDING_CLIENT_CLOSE;
}

static void rcpt_deferred(struct world *w)
{
	w->e[3].u.reply.code = 450;
}

static void auth_refused(struct world *w)
{
	w->s.auth_count = 1;
	w->a.code = 535;
}

static void greeted_554(struct world *w)
{
	w->e[1].u.reply.code = 554;
}

static void no_greeting(struct world *w)
{
	w->s.event_count = 1;
}

static void nothing(struct world *w)
{
	(void)w;
}

static void vrfy_refused(struct world *w)
{
	w->e[2].u.command.verb = (struct sw_bytes)B("VRFY");
	w->e[3].u.reply.code = 502;
}

static void refused_nothing(struct world *w)
{
	w->e[3].u.reply.code = 421;
	w->e[3].u.reply.to = 0;
}

static void auth_accepted(struct world *w)
{
	w->s.auth_count = 1;
	w->a.code = 235;
}

static void tls_at_once(struct world *w)
{
	w->s.event_count = 1;
	w->s.encryption = &w->enc;
}

static void log_without_greeting(struct world *w)
{
	w->s.event_count = 1;
	w->s.records &= ~(1u << SW_RECORDS_GREETING);
}

static void test_failed(void **state)
{
	static void (*const bad[])(struct world *) = { not_accepted,
		unknown_outcome, other_ending, rcpt_deferred, auth_refused,
		greeted_554, no_greeting };
	static void (*const fine[])(struct world *) = { nothing, vrfy_refused,
		refused_nothing, auth_accepted, tls_at_once,
		log_without_greeting };
	struct sw_filter f = none();
	size_t i;

	(void)state;
	f.failed = true;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct world w = good();

		bad[i](&w);
		if (!passes(&w, &f))
			fail_msg("failed %zu", i);
	}
	for (i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		struct world w = good();

		fine[i](&w);
		if (passes(&w, &f))
			fail_msg("fine %zu", i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_empty_sender),
		cmocka_unit_test(test_one_message),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
