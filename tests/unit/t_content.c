/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_content.c - content by lines is what it is by octets, a command and its
 * reply at once what they are one by one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "made_session.h"

static void give(struct session_builder *b, bool lines, const char *text,
    bool cut, bool crlf)
{
	if (lines) {
		session_data_line(b, slice_str(text), cut, crlf);
		return;
	}
	session_data_octets(b, slice_str(text));
	if (cut)
		session_data_gap(b, SW_UNKNOWN);
	session_data_octets(b, slice_str(crlf ? "\r\n" : "\n"));
}

static const struct sw_session *content(struct made *m, bool lines, bool cut)
{
	const struct data_in in = { .method = SW_METHOD_DATA,
		.start_seen = true, .span = nowhere };

	make(m);
	session_data_begin(m->b, &in);
	give(m->b, lines, "Subject: a", false, true);
	give(m->b, lines, "", false, true);
	for (int i = 0; i < 100; i++) {
		give(m->b, lines, "some", false, true);
		give(m->b, lines, "a longer line", cut && i == 50, i % 2);
		give(m->b, lines, "", false, i % 3);
	}
	session_data_end(m->b, true, true, SW_UNKNOWN, 0, nowhere);
	return session_finish(m->b);
}

static void test_lines(void **state)
{
	(void)state;
	for (int cut = 0; cut < 2; cut++) {
		struct made m[2];
		const struct sw_session *a = content(&m[0], false, cut);
		const struct sw_session *b = content(&m[1], true, cut);

		assert_int_equal(a->event_count, b->event_count);
		assert_int_equal(a->events[0].u.data.size, 14 + 600 + 1450 +
		    166);
		assert_int_equal(b->events[0].u.data.size,
		    a->events[0].u.data.size);
		assert_int_equal(b->events[0].u.data.gap_count, cut);
		assert_int_equal(b->messages[0].size, a->messages[0].size);
		assert_int_equal(a->messages[0].sha256.known, !cut);
		assert_int_equal(b->messages[0].sha256.known, !cut);
		assert_memory_equal(&a->messages[0].sha256,
		    &b->messages[0].sha256, sizeof(a->messages[0].sha256));
		drop(&m[0]);
		drop(&m[1]);
	}
}

static struct command_in command(const char *line)
{
	struct command_in in = { .by = SW_CLIENT, .span = nowhere };

	in.line = slice_str(line);
	in.octets = (int64_t)in.line.len + 2;
	return in;
}

/* What waits is answered with it, before it. */
static void test_exchange(void **state)
{
	struct command_in mail = command("MAIL FROM:<a>");
	struct command_in rcpt = command("RCPT TO:<b>");
	struct reply_in reply = { .by = SW_SERVER, .code = 250,
		.span = nowhere };
	const struct sw_session *s;
	struct made m;

	(void)state;
	for (int waits = 0; waits < 2; waits++) {
		make(&m);
		if (waits)
			session_command(m.b, &mail);
		else
			session_exchange(m.b, &mail, &reply);
		assert_int_equal(session_exchange(m.b, &rcpt, &reply),
		    waits ? 2 : 3);
		s = session_finish(m.b);
		assert_int_equal(s->message_count, 1);
		assert_int_equal(s->messages[0].from.len, 1);
		assert_int_equal(s->messages[0].recipient_count, 1);
		assert_int_equal(s->messages[0].recipients[0].code, 250);
		assert_int_equal(s->events[waits ? 2 : 3].u.reply.to,
		    waits ? 2 : 3);
		drop(&m);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
