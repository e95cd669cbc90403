/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_replies.c - what replies mean, at the command that they answer */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "transcript/replies.h"

/* RFC 5321 4.3.2, the extensions' RFCs and KB155455: code, where, and how
 * it suits there. */
static const struct {
	int32_t code;
	const char *at;
	enum sw_reply_fit fit;
	enum sw_retry retry;
} places[] = {
	{ 220, "greeting", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 554, "greeting", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 421, "greeting", SW_FIT_FAILURE, SW_RETRY_LATER },
	{ 250, "greeting", SW_FIT_UNEXPECTED, SW_RETRY_NONE },
	{ 250, "EHLO", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 502, "ehlo", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 504, "HELO", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 354, "HELO", SW_FIT_UNEXPECTED, SW_RETRY_NONE },
	{ 250, "MAIL", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 452, "MAIL", SW_FIT_FAILURE, SW_RETRY_LATER },
	{ 552, "MAIL", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 503, "MAIL", SW_FIT_FAILURE, SW_RETRY_OTHERWISE },
	{ 530, "MAIL", SW_FIT_FAILURE, SW_RETRY_OTHERWISE },
	{ 251, "RCPT", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 450, "RCPT", SW_FIT_FAILURE, SW_RETRY_LATER },
	{ 551, "RCPT", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 354, "RCPT", SW_FIT_UNEXPECTED, SW_RETRY_NONE },
	{ 354, "DATA", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 250, "DATA", SW_FIT_UNEXPECTED, SW_RETRY_NONE },
	{ 554, "DATA", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 250, ".", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 354, ".", SW_FIT_UNEXPECTED, SW_RETRY_NONE },
	{ 452, ".", SW_FIT_FAILURE, SW_RETRY_LATER },
	{ 552, ".", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 250, "RSET", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 504, "RSET", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 550, "RSET", SW_FIT_UNEXPECTED, SW_RETRY_USELESS },
	{ 250, "NOOP", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 500, "NOOP", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 221, "QUIT", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 240, "QUIT", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 503, "QUIT", SW_FIT_UNEXPECTED, SW_RETRY_OTHERWISE },
	{ 252, "VRFY", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 454, "STARTTLS", SW_FIT_FAILURE, SW_RETRY_LATER },
	{ 334, "AUTH", SW_FIT_SUCCESS, SW_RETRY_NONE },
	{ 535, "AUTH", SW_FIT_FAILURE, SW_RETRY_USELESS },
	{ 538, "AUTH", SW_FIT_FAILURE, SW_RETRY_OTHERWISE },
	{ 458, "ETRN", SW_FIT_FAILURE, SW_RETRY_LATER },
	{ 250, "", SW_FIT_UNKNOWN, SW_RETRY_NONE },
	{ 550, "GET", SW_FIT_UNKNOWN, SW_RETRY_USELESS },
	{ 999, "RCPT", SW_FIT_UNEXPECTED, SW_RETRY_NONE },
	{ 0, "RCPT", SW_FIT_UNEXPECTED, SW_RETRY_NONE },
};

static void test_places(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct sw_explanation e;

		replies_explain(places[i].code, slice_make(NULL, 0),
		    slice_str(places[i].at), &e);
		if (e.fit != places[i].fit || e.retry != places[i].retry)
			fail_msg("%d to %s: fit %d, retry %d",
			    (int)places[i].code, places[i].at, (int)e.fit,
			    (int)e.retry);
		assert_non_null(e.meaning);
		assert_non_null(sw_reply_class_name(e.reply_class));
		assert_non_null(sw_fit_name(e.fit));
		assert_non_null(sw_retry_name(e.retry));
	}
}

static void test_classes(void **state)
{
	static const struct {
		int32_t code;
		enum sw_reply_class class;
	} of[] = {
		{ 0, SW_REPLY_STRANGE }, { 199, SW_REPLY_STRANGE },
		{ 200, SW_REPLY_NORMAL }, { 299, SW_REPLY_NORMAL },
		{ 300, SW_REPLY_INTERMEDIATE },
		{ 399, SW_REPLY_INTERMEDIATE },
		{ 400, SW_REPLY_TEMPORARY }, { 499, SW_REPLY_TEMPORARY },
		{ 500, SW_REPLY_PERMANENT }, { 599, SW_REPLY_PERMANENT },
		{ 600, SW_REPLY_STRANGE }, { SW_UNKNOWN, SW_REPLY_STRANGE },
	};
	struct sw_explanation e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		replies_explain(of[i].code, slice_make(NULL, 0),
		    slice_make(NULL, 0), &e);
		assert_int_equal(e.reply_class, of[i].class);
		assert_non_null(e.meaning);
		assert_null(e.consequence);
	}
}

/* A code that nobody lists: what its second digit says (RFC 5321 4.2.1). */
static void test_subjects(void **state)
{
	static const struct {
		int32_t code;
		const char *of;
	} codes[] = {
		{ 509, "about syntax" }, { 219, "about information" },
		{ 429, "about the connection" },
		{ 439, "about authentication" },
		{ 549, "no known meaning" }, { 259, "about the mail system" },
	};
	struct sw_explanation e;

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		replies_explain(codes[i].code, slice_make(NULL, 0),
		    slice_make(NULL, 0), &e);
		assert_non_null(strstr(e.meaning, codes[i].of));
	}
}

static struct sw_explanation enhanced(int32_t code, const char *text)
{
	struct sw_explanation e;

	replies_explain(code, slice_str(text), slice_str("RCPT"), &e);
	return e;
}

/* RFC 3463 2 and the registry. */
static void test_enhanced(void **state)
{
	struct sw_explanation e;

	(void)state;
	e = enhanced(550, "5.1.1");
	assert_string_equal(e.enhanced, "the mailbox does not exist there");
	assert_string_equal(e.subject, "the address");
	assert_false(e.contradiction);
	e = enhanced(450, "4.7.26");
	assert_non_null(strstr(e.enhanced, "DMARC"));
	assert_string_equal(e.subject, "security or policy");
	e = enhanced(550, "4.2.2");
	assert_string_equal(e.enhanced, "the mailbox is full");
	assert_true(e.contradiction);
	e = enhanced(354, "2.0.0");
	assert_false(e.contradiction);
	e = enhanced(550, "5.1.99");
	assert_string_equal(e.subject, "the address");
	assert_non_null(strstr(e.enhanced, "IANA"));
	e = enhanced(550, "5.9.1");
	assert_null(e.subject);
	assert_non_null(e.enhanced);
	e = enhanced(550, "5.1");
	assert_null(e.enhanced);
	e = enhanced(550, "5.1.1000");
	assert_null(e.enhanced);
	e = enhanced(550, "5.1.1 ");
	assert_null(e.enhanced);
	e = enhanced(550, "");
	assert_null(e.enhanced);
}

static void test_sentence(void **state)
{
	struct sw_explanation e;
	struct buffer b;

	(void)state;
	buffer_init(&b, 4096);
	e = enhanced(550, "5.1.1");
	assert_true(replies_append(&b, &e));
	assert_int_equal(slice_find_nocase(buffer_slice(&b),
	    slice_str("permanent failure: ")), 0);
	assert_true(slice_find_nocase(buffer_slice(&b),
	    slice_str("the mailbox does not exist there")) < b.len);
	assert_true(slice_find_nocase(buffer_slice(&b),
	    slice_str("refused again")) < b.len);
	assert_true(slice_find_nocase(buffer_slice(&b),
	    slice_str("contradict")) == b.len);
	buffer_clear(&b);
	e = enhanced(354, "4.2.2");
	assert_true(replies_append(&b, &e));
	assert_true(slice_find_nocase(buffer_slice(&b),
	    slice_str("contradict")) < b.len);
	assert_true(slice_find_nocase(buffer_slice(&b),
	    slice_str("not to be expected")) < b.len);
	buffer_fini(&b);
}

/* What a reply answered, of the events of a session. */
static void test_of_session(void **state)
{
	struct sw_event events[] = {
		{ .n = 1, .kind = SW_EVENT_CONNECT },
		{ .n = 2, .kind = SW_EVENT_REPLY },
		{ .n = 3, .kind = SW_EVENT_COMMAND },
		/* 4 was left out */
		{ .n = 5, .kind = SW_EVENT_REPLY },
		{ .n = 6, .kind = SW_EVENT_COMMAND,
		    .flags = SW_BIT(SW_FLAG_MASKED) },
		{ .n = 7, .kind = SW_EVENT_REPLY },
		{ .n = 8, .kind = SW_EVENT_DATA },
		{ .n = 9, .kind = SW_EVENT_REPLY },
		{ .n = 10, .kind = SW_EVENT_REPLY },
		{ .n = 11, .kind = SW_EVENT_REPLY },
	};
	static const char *const expected[] = { NULL, "greeting", NULL, "RCPT",
		NULL, "AUTH", NULL, ".", "", "" };
	struct sw_session s = { .events = events,
		.event_count = sizeof(events) / sizeof(events[0]) };
	size_t i;

	(void)state;
	events[2].u.command.verb.data = (const uint8_t *)"RCPT";
	events[2].u.command.verb.len = 4;
	events[3].u.reply.to = 3;
	events[5].u.reply.to = 6;
	events[7].u.reply.to = 8;
	events[8].u.reply.to = 4; /* of what was left out */
	events[9].u.reply.to = 0; /* unprompted */
	for (i = 0; i < s.event_count; i++)
		if (expected[i])
			assert_true(slice_eq(replies_place(&s, &events[i]),
			    slice_str(expected[i])));
}

/* Every place of the list is one, and its list is well formed. */
static void test_list(void **state)
{
	struct sw_explanation e;
	size_t i;

	(void)state;
	for (i = 0; sw_explain_place(i); i++) {
		replies_explain(421, slice_make(NULL, 0),
		    slice_str(sw_explain_place(i)), &e);
		assert_int_equal(e.fit, SW_FIT_FAILURE);
		assert_non_null(e.consequence);
	}
	assert_true(i > 20);
	assert_null(sw_explain_place(i + 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_enhanced),
		cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_of_session),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
