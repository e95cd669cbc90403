/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_secrets.c - texts that quote what an AUTH exchange bore */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "transcript/secrets.h"

struct row {
	const char *text;
	const char *kept; /* what may be told of it; NULL: all */
};

/* In a block of its own, so that a read beyond it is found. */
static void check(const struct secrets *s, const struct row *row, bool loose)
{
	size_t len = strlen(row->text), at;
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, row->text, len);
	at = secrets_find(s, slice_make(copy, len), loose);
	free(copy);
	if (at != strlen(row->kept ? row->kept : row->text))
		fail_msg("\"%s\": %zu octets are told", row->text, at);
}

#define CHECK(s, rows, loose) do { \
	size_t i_; \
	for (i_ = 0; i_ < sizeof(rows) / sizeof(rows[0]); i_++) \
		check(s, &(rows)[i_], loose); \
} while (0)

static void add(struct secrets **s, const char *mechanism, unsigned step,
    const char *sent)
{
	assert_true(secrets_add(s, slice_str(mechanism), step,
	    slice_str(sent)));
}

static void test_quoted(void **state)
{
	static const struct row rows[] = {
		/* NUL alice NUL correcthorse */
		{ "bad \"AGFsaWNlAGNvcnJlY3Rob3JzZQ==\"", "bad \"" },
		{ "bad agfsawnlagnvcnjly3rob3jzzq==", "bad " },
		{ "bad AGFsaWNlAGN", "bad " },
		{ "bad AGFsaW", "bad " },
		{ "bad AGFsa", NULL },
		{ "no such password: correcthorse", "no such password: " },
		{ "no such password: CorrectHo...", "no such password: " },
		{ "Authentication failed for alice", NULL },
		/* LOGIN: bob, s3cret */
		{ "cannot decode Ym9i", "cannot decode " },
		{ "bob/s3cret is wrong", "bob/" },
		{ "bobs3cretary", NULL },
		{ "s3cret", "" },
		/* not base64 */
		{ "Bad data: not*base64", "Bad data: " },
		{ "", NULL },
	};
	struct secrets *s = NULL;

	(void)state;
	add(&s, "PLAIN", 0, "AGFsaWNlAGNvcnJlY3Rob3JzZQ==");
	add(&s, "LOGIN", 0, "Ym9i");
	add(&s, "LOGIN", 1, " czNjcmV0\t");
	add(&s, "LOGIN", 1, "not*base64");
	CHECK(s, rows, false);
	assert_true(secrets_memory(s) > 0);
	secrets_free(&s);
	assert_null(s);
	assert_int_equal(secrets_memory(s), 0);
}

static void test_stray(void **state)
{
	static const struct row rows[] = {
		{ "AUTH PLAIN is not supported", NULL },
		{ "unknown: AUTH PLAIN AGEAc2VjcmV0",
		    "unknown: AUTH PLAIN " },
	};
	struct secrets *s = NULL;

	(void)state;
	assert_true(secrets_add_stray(&s,
	    slice_str(" AUTH PLAIN AGEAc2VjcmV0 ")));
	CHECK(s, rows, false);
	secrets_free(&s);
}

/* What was not kept. */
static void test_loose(void **state)
{
	static const struct row rows[] = {
		{ "bad AGFsaWNlAHNlY3JldA==", "bad " },
		{ "bad (5h2v8Kq0ZlPx3mNw7t): no", "bad (" },
		{ "queued as 4F1C2D3E4A5B6C7D8E", NULL },
		{ "SmtpResponseMessageRejected", NULL },
		{ "see https://example.org/support/error16", NULL },
		{ "11/Oct/2006/12/30/2006", NULL },
		{ "authenticationfailed", NULL },
		{ "size=10485760key=value", NULL },
		{ "short AGEAYg==", NULL },
	};

	(void)state;
	CHECK(NULL, rows, true);
	check(NULL, &(struct row){ rows[0].text, NULL }, false);
}

static void check_reply(const struct secrets *s, int32_t code,
    const char *line, const char *kept)
{
	if (secrets_find_in_reply(s, code, slice_str(line), false) !=
	    strlen(kept))
		fail_msg("%d %s", (int)code, line);
}

static void test_replies(void **state)
{
	static const int32_t codes[] = { -1, 220, 250, 334, 354 };
	struct secrets *s = NULL;
	size_t i;

	(void)state;
	check_reply(s, 250, "hello", "hello");
	add(&s, "LOGIN", 1, "aGVsbG8=");     /* hello */
	add(&s, "LOGIN", 1, "aHVudGVyMg=="); /* hunter2 */
	add(&s, "LOGIN", 1, "UGFzc3dvcmQx"); /* Password1 */
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		check_reply(s, codes[i], "hello there", "hello there");
		check_reply(s, codes[i], "is hunter2.", "is ");
		check_reply(s, codes[i], "is aGVsbG8=", "is ");
		check_reply(s, codes[i], "my password12", "my ");
	}
	check_reply(s, 235, "oh, hello there", "oh, ");
	check_reply(s, 550, "oh, hello there", "oh, ");
	check_reply(s, 334, "UGFzc3dvcmQ6", "UGFzc3dvcmQ6");
	check_reply(s, 334, "UGFzc3dvcmQx", "");
	secrets_free(&s);
}

static void check_begun(const struct secrets *s, const char *text,
    const char *kept)
{
	if (secrets_find_begun(s, slice_str(text)) != strlen(kept))
		fail_msg("%s", text);
}

/* At the end of what is cut. */
static void test_begun(void **state)
{
	struct secrets *s = NULL;

	(void)state;
	check_begun(s, "hunt", "hunt");
	add(&s, "LOGIN", 1, "aHVudGVyMg=="); /* hunter2 */
	add(&s, "LOGIN", 1, "UGFzc3dvcmQx"); /* Password1 */
	check_begun(s, "", "");
	check_begun(s, "hun", "hun");
	check_begun(s, "hunt", "");
	check_begun(s, "no Hunter", "no ");
	check_begun(s, "nohunter", "nohunter");
	check_begun(s, "no hunter ", "no hunter ");
	check_begun(s, "mypasswor", "my");
	check_begun(s, "no aHVud", "no ");
	check_begun(s, "AABaHVud", "");
	secrets_free(&s);
}

/* The newest are kept, each once. */
static void test_many(void **state)
{
	struct secrets *s = NULL;
	size_t memory, i;
	char sent[32];

	(void)state;
	add(&s, "", 0, "passw*rd");
	memory = secrets_memory(s);
	for (i = 0; i < SECRETS_KEPT - 1; i++) {
		snprintf(sent, sizeof(sent), "%02zu-word", i);
		add(&s, "", 0, sent);
		add(&s, "", 0, sent);
	}
	check(s, &(struct row){ "bad passw*rd", "bad " }, false);
	add(&s, "", 0, "passwo-d");
	check(s, &(struct row){ "bad passw*rd", NULL }, false);
	check(s, &(struct row){ "bad 00-word", "bad " }, false);
	assert_int_equal(secrets_memory(s), memory);
	secrets_free(&s);
}

static void assert_quoted(void (*quote)(struct buffer *, struct slice),
    const char *text, const char *wanted)
{
	struct buffer b;

	buffer_init(&b, 1024);
	quote(&b, slice_str(text));
	if (!slice_eq(buffer_slice(&b), slice_str(wanted)))
		fail_msg("\"%s\": \"%.*s\"", text, (int)b.len,
		    b.p ? (const char *)b.p : "");
	buffer_fini(&b);
}

static void test_lines(void **state)
{
	static const struct row rows[] = {
		{ "x C c2VjcmV0", "x C ***" },
		{ "x [c2VjcmV0]; y", "x [***]; y" },
		{ "x AGFsaW|NlAHNlY3Jl", "x AGFsaW|***" },
		{ "x AGFsaWNlAHN", "x ***" },
		{ "AUTH PLAIN c2Vj", "AUTH ***" },
		{ "AUTHENTICATE x", "AUTH ***" },
		{ "PASS hunter2", "PASS ***" },
		{ "SPF: passed, good", "SPF: passed, good" },
		{ "a1 LOGIN alice hunter2", "a1 LOGIN ***" },
		{ "password=hunter2", "password ***" },
		{ "[11/Oct/2006:13:16:50 -0600] GET /index.html",
		    "[11/Oct/2006:13:16:50 -0600] GET /index.html" },
		{ "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_quoted(secrets_quote_line, rows[i].text,
		    rows[i].kept);
	assert_quoted(secrets_quote, "AUTH failed, LogonDenied to NoReply",
	    "AUTH failed, LogonDenied to NoReply");
	assert_quoted(secrets_quote, "AUTH PLAIN AGEAc2VjcmV0.",
	    "AUTH PLAIN ***.");
	assert_quoted(secrets_quote_line, "a PassWord", "a ***");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_stray),
		cmocka_unit_test(test_loose),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_begun),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
