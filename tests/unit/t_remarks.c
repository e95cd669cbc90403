/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_remarks.c - remarks of frames, told to the sessions that they are of */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/remarks.h"

static const struct endpoint client = { .family = 4, .port = 1025,
	.ip = { 192, 0, 2, 1 } };
static const struct endpoint server = { .family = 4, .port = 25,
	.ip = { 192, 0, 2, 2 } };

static void add(struct remarks *r, uint64_t at, bool begins,
    const char *process, const char *comment)
{
	const struct frame_remarks what = { .process = slice_str(process),
		.comment = slice_str(comment) };

	remarks_add(r, at % 2 ? &client : &server, at % 2 ? &server : &client,
	    at, begins, &what);
}

/* The notes of the session of these frames: "at:text " each. */
static void check(struct remarks *r, uint64_t first, uint64_t last,
    const char *want)
{
	struct session_options options = { 0 };
	struct session_builder *b;
	const struct sw_session *s;
	struct buffer out;
	struct sw_err err;

	assert_int_equal(session_builder_new(&options, &b), SW_OK);
	buffer_init(&out, 4096);
	remarks_tell(r, &client, &server, first, last, b);
	s = session_finish(b);
	for (size_t i = 0; i < s->note_count; i++) {
		const struct sw_note *n = &s->notes[i];

		buffer_append_u64(&out, n->at_first);
		buffer_append_char(&out, ':');
		buffer_append_slice(&out, slice_make(n->text.data,
		    n->text.len));
		buffer_append_char(&out, ' ');
	}
	buffer_append_char(&out, '\0');
	assert_string_equal((const char *)out.p, want);
	buffer_fini(&out);
	assert_int_equal(session_settle(b, false, &err), SW_OK);
	session_builder_free(&b);
}

static struct remarks *begin(struct account *account)
{
	struct remarks *r;

	account_init(account);
	assert_int_equal(remarks_new(1, account, &r), SW_OK);
	return r;
}

static void finish(struct remarks *r, struct account *account)
{
	remarks_free(&r);
	account_fini(account);
}

/* A process is told when it is another one, comments always. */
static void test_one(void **state)
{
	struct account account;
	struct remarks *r = begin(&account);

	(void)state;
	add(r, 1, true, "a", ""); /* of no session */
	add(r, 3, true, "a", "c");
	add(r, 4, true, "a", ""); /* the SYN once more */
	add(r, 5, false, "a", "c");
	add(r, 6, false, "b", "");
	add(r, 7, false, "a", "");
	add(r, 8, false, "a", "d");
	check(r, 3, 8, "3:a 3:c 5:c 6:b 7:a 8:d ");
	check(r, 3, 8, "");
	finish(r, &account);
}

/* The same ports again: each has its own, told before or behind what the next
 * one's frames say. */
static void test_again(void **state)
{
	struct account account;
	struct remarks *r = begin(&account);

	(void)state;
	for (int late = 0; late < 2; late++) {
		add(r, 1, true, "a", "");
		add(r, 2, false, "a", "");
		if (!late)
			check(r, 1, 2, "1:a ");
		add(r, 3, true, "a", "");
		add(r, 4, false, "a", "c");
		if (late)
			check(r, 1, 2, "1:a ");
		add(r, 5, false, "a", "");
		check(r, 3, 4, "3:a 4:c ");
		check(r, 5, 5, "");
		remarks_clear(r);
	}
	finish(r, &account);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
