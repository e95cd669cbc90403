/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_session_limits.c - what a session keeps of what is without end */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "made_session.h"

/* More than the limit by this many. */
#define MORE 5

static uint32_t command(struct made *m, const char *line)
{
	struct command_in in = { .by = SW_CLIENT, .span = nowhere };

	in.line = slice_str(line);
	in.octets = (int64_t)in.line.len + 2;
	return session_command(m->b, &in);
}

static void answered(struct made *m, const char *line, int32_t code)
{
	struct slice text = slice_str("text");

	session_answer(m->b, command(m, line), code, &text, 1);
}

/* Numbers go on, so that what is told refers to what it is about. */
static void test_events(void **state)
{
	const struct sw_session *s;
	struct made m;

	(void)state;
	make(&m);
	for (uint32_t n = 1; n <= LIMIT_EVENTS + MORE; n++)
		assert_int_equal(command(&m, "NOOP"), n);
	assert_null(session_event(m.b, LIMIT_EVENTS + 1));
	s = session_finish(m.b);
	assert_int_equal(s->event_count, LIMIT_EVENTS);
	assert_int_equal(s->events[LIMIT_EVENTS - 1].n, LIMIT_EVENTS);
	assert_int_equal(s->omitted.events, MORE);
	assert_int_equal(m.account.counters[ACCOUNT_LIMIT_EVENTS], MORE);
	drop(&m);
}

/* What is not kept needs no memory once it is answered, at once or later. */
static void test_answered_beyond(void **state)
{
	struct command_in in = { .by = SW_CLIENT, .span = nowhere };
	struct reply_in reply = { .code = 250, .span = nowhere };
	struct made m;
	size_t before;

	(void)state;
	make(&m);
	in.line = slice_str("NOOP not now");
	for (uint32_t n = 1; n <= LIMIT_EVENTS; n++)
		command(&m, "NOOP");
	session_answer(m.b, LIMIT_EVENTS, 250, NULL, 0);
	before = session_memory(m.b);
	assert_int_equal(session_command(m.b, &in), LIMIT_EVENTS + 1);
	assert_int_equal(session_memory(m.b), before + strlen("not now"));
	session_answer(m.b, LIMIT_EVENTS + 1, 250, NULL, 0);
	assert_int_equal(session_memory(m.b), before);
	assert_int_equal(session_exchange(m.b, &in, &reply),
	    LIMIT_EVENTS + 2);
	assert_int_equal(session_memory(m.b), before);
	session_finish(m.b);
	drop(&m);
}

/* A message is told although none of its events is. */
static void test_consequences_beyond(void **state)
{
	const struct sw_session *s;
	struct made m;

	(void)state;
	make(&m);
	for (uint32_t n = 1; n <= LIMIT_EVENTS; n++)
		command(&m, "NOOP");
	answered(&m, "MAIL FROM:<a>", 250);
	answered(&m, "RCPT TO:<b>", 550);
	s = session_finish(m.b);
	assert_int_equal(s->message_count, 1);
	assert_int_equal(s->messages[0].recipient_count, 1);
	assert_int_equal(s->messages[0].recipients[0].code, 550);
	assert_int_equal(s->omitted.events, 2);
	drop(&m);
}

static void test_text(void **state)
{
	const size_t len = 60000;
	char *line = malloc(len + 1);
	const struct sw_session *s;
	struct made m;
	uint32_t i, wanted = LIMIT_SESSION_OCTETS / 2 / 60000 + MORE;

	(void)state;
	assert_non_null(line);
	memset(line, 'x', len);
	line[len] = '\0';
	make(&m);
	for (i = 0; i < wanted; i++)
		command(&m, line);
	s = session_finish(m.b);
	assert_true(s->omitted.events > 0);
	assert_int_equal(s->event_count + s->omitted.events, wanted);
	assert_true(session_memory(m.b) < LIMIT_SESSION_OCTETS);
	drop(&m);
	free(line);
}

static void test_notes(void **state)
{
	const struct sw_session *s;
	struct made m;

	(void)state;
	make(&m);
	for (int i = 0; i < LIMIT_NOTES + MORE; i++)
		session_note(m.b, SW_NOTE_COMMENT, 0, 0, 0, "%d", i);
	s = session_finish(m.b);
	assert_int_equal(s->note_count, LIMIT_NOTES);
	assert_int_equal(s->omitted.notes, MORE);
	drop(&m);
}

/* All are counted for what becomes of the message: here nobody accepts. */
static void test_recipients(void **state)
{
	const struct sw_message *message;
	const struct sw_session *s;
	struct made m;

	(void)state;
	make(&m);
	answered(&m, "MAIL FROM:<a>", 250);
	for (int i = 0; i < LIMIT_RECIPIENTS + MORE; i++)
		answered(&m, "RCPT TO:<b>", i < LIMIT_RECIPIENTS ? 450 : 550);
	s = session_finish(m.b);
	message = &s->messages[0];
	assert_int_equal(message->recipient_count, LIMIT_RECIPIENTS);
	assert_int_equal(s->omitted.recipients, MORE);
	assert_int_equal(m.account.counters[ACCOUNT_LIMIT_RECIPIENTS], MORE);
	assert_int_equal(message->recipients[LIMIT_RECIPIENTS - 1].status,
	    SW_RCPT_DEFERRED);
	drop(&m);
}

/* As many as there may be of messages and recipients are too many together:
 * the others are counted, and a note says so once. */
static void test_octets_of_all(void **state)
{
	const struct sw_session *s;
	struct made m;
	uint32_t i, n, messages = 400;

	(void)state;
	make(&m);
	for (i = 0; i < messages; i++) {
		answered(&m, "MAIL FROM:<a>", 250);
		for (n = 0; n < LIMIT_RECIPIENTS; n++)
			answered(&m, "RCPT TO:<b>", 550);
		answered(&m, "RSET", 250);
	}
	assert_true(session_memory(m.b) <
	    LIMIT_SESSION_OCTETS + (1u << 20));
	s = session_finish(m.b);
	assert_in_range(s->message_count, 100, messages - 1);
	assert_true(s->omitted.recipients > 0);
	assert_int_equal(m.account.counters[ACCOUNT_LIMIT_OTHER],
	    messages - s->message_count);
	assert_int_equal(s->note_count, 1);
	assert_int_equal(s->notes[0].code, SW_NOTE_LIMIT);
	drop(&m);
}

/* Texts of refusals that no event tells any more, one longer than the other;
 * then commands that are never answered. */
static void test_long_texts(void **state)
{
	const size_t len = 60000;
	char *line = malloc(len + 1);
	struct made m;
	size_t i;

	(void)state;
	assert_non_null(line);
	memset(line, 'x', len);
	line[len] = '\0';
	memcpy(line, "RCPT TO:", 8);
	make(&m);
	for (i = 0; i < 1000; i++) {
		struct slice text = slice_make(line, len - i);

		session_answer(m.b, command(&m, "MAIL FROM:<a>"), 550, &text,
		    1);
	}
	for (i = 0; i < 1000; i++)
		command(&m, line);
	assert_true(session_memory(m.b) <
	    LIMIT_SESSION_OCTETS + (1u << 20));
	session_finish(m.b);
	assert_true(session_memory(m.b) <
	    LIMIT_SESSION_OCTETS + (1u << 20));
	drop(&m);
	free(line);
}

/* A text that messages share with the reply is told with each. */
static void test_shared_texts(void **state)
{
	const size_t len = 60000;
	char *line = malloc(len);
	struct reply_in reply = { .by = SW_SERVER, .code = 550,
		.span = nowhere };
	struct slice text = slice_make(line, len);
	const struct sw_session *s;
	struct made m;
	size_t i;

	(void)state;
	assert_non_null(line);
	memset(line, 'x', len);
	reply.lines = &text;
	reply.line_count = 1;
	make(&m);
	for (i = 0; i < 1000; i++) {
		reply.to = command(&m, "MAIL FROM:<a>");
		session_reply(m.b, &reply);
		session_answer(m.b, reply.to, 550, &text, 1);
	}
	s = session_finish(m.b);
	assert_in_range(s->message_count, 1,
	    LIMIT_SESSION_OCTETS / len + 1);
	drop(&m);
	free(line);
}

/* A session that may take less keeps to that, whatever it is made of: names,
 * users, mails, recipients, commands that wait, notes. */
static void test_less_octets(void **state)
{
	const size_t len = 60000, most = LIMIT_SESSION_OCTETS / 64;
	const struct session_options options = { .octets = most };
	char *line = malloc(len + 1);
	const struct sw_session *s;
	struct made m;
	size_t i;

	(void)state;
	assert_non_null(line);
	memset(line, 'x', len);
	line[len] = '\0';
	memcpy(line, "HELO ", 5);
	account_init(&m.account);
	assert_int_equal(session_builder_new(&options, &m.b), SW_OK);
	answered(&m, "EHLO first", 250);
	for (i = 0; i < LIMIT_MESSAGES; i++)
		answered(&m, "MAIL FROM:<a>", 250);
	for (i = 0; i < LIMIT_RECIPIENTS; i++)
		answered(&m, "RCPT TO:<b>", 250);
	for (i = 0; i < 100; i++)
		answered(&m, line, 250);
	for (i = 0; i < LIMIT_AUTH; i++) {
		session_auth(m.b, 1, slice_str("LOGIN"));
		session_auth_user(m.b, slice_make(line, len));
	}
	for (i = 0; i < LIMIT_NOTES; i++)
		session_note(m.b, SW_NOTE_COMMENT, 0, 0, 0, "%s", line);
	for (i = 0; i < 100; i++)
		command(&m, line);
	assert_true(session_memory(m.b) < most + (128u << 10));
	s = session_finish(m.b);
	assert_true(session_memory(m.b) < most + (128u << 10));
	assert_in_range(s->message_count, 100, LIMIT_MESSAGES / 2);
	assert_int_equal(s->event_count + s->omitted.events,
	    201 + LIMIT_MESSAGES + LIMIT_RECIPIENTS);
	assert_int_equal(s->events[s->event_count - 1].n, s->event_count);
	assert_in_range(s->omitted.notes, 1, LIMIT_NOTES);
	drop(&m);
	free(line);
}

/* The end of the content before was not seen: the next begins all the
 * same. */
static void test_content_in_content(void **state)
{
	struct data_in in = { .method = SW_METHOD_DATA, .start_seen = true,
		.span = nowhere };
	const struct sw_session *s;
	uint32_t first, second;
	struct made m;

	(void)state;
	make(&m);
	answered(&m, "MAIL FROM:<a>", 250);
	first = session_data_begin(m.b, &in);
	session_data_octets(m.b, slice_str("one"));
	second = session_data_begin(m.b, &in);
	session_data_octets(m.b, slice_str("other"));
	session_data_end(m.b, true, true, 10, 0, nowhere);
	s = session_finish(m.b);
	assert_int_equal(s->message_count, 1);
	assert_int_equal(s->messages[0].size, 3);
	assert_false(s->messages[0].sha256.known);
	assert_int_equal(s->events[first - 1].u.data.size, 3);
	assert_int_equal(s->events[second - 1].u.data.size, 5);
	drop(&m);
}

/* Chunks whose last one never came, and another message's. */
static void test_chunks_of_another(void **state)
{
	struct data_in in = { .method = SW_METHOD_BDAT, .start_seen = true,
		.span = nowhere };
	const struct sw_session *s;
	struct made m;

	(void)state;
	make(&m);
	for (int i = 0; i < 2; i++) {
		answered(&m, "MAIL FROM:<a>", 250);
		in.of = command(&m, "BDAT 3");
		session_data_begin(m.b, &in);
		session_data_octets(m.b, slice_str("abc"));
		session_data_end(m.b, true, i == 1, 3, 0, nowhere);
		session_answer(m.b, in.of, 250, NULL, 0);
	}
	s = session_finish(m.b);
	assert_int_equal(s->message_count, 2);
	assert_int_equal(s->messages[0].size, 3);
	assert_int_equal(s->messages[1].size, 3);
	drop(&m);
}

/* A builder that served another session knows nothing of its AUTH: what is
 * told of one without it has no place (ASan sees it). */
static void test_auth_of_another(void **state)
{
	struct session_spares spares = { .most = 1u << 20 };
	struct session_options options = { .spares = &spares };
	struct session_builder *b, *first;
	const struct sw_session *s;

	(void)state;
	assert_int_equal(session_builder_new(&options, &first), SW_OK);
	b = first;
	session_auth(b, 1, slice_str("LOGIN"));
	session_builder_free(&b);
	assert_int_equal(session_builder_new(&options, &b), SW_OK);
	assert_ptr_equal(b, first);
	session_auth_user(b, slice_str("a"));
	session_auth_code(b, 235);
	s = session_finish(b);
	assert_int_equal(s->auth_count, 0);
	session_builder_free(&b);
	session_spares_fini(&spares);
}

/* What a session was told with. */
struct told {
	size_t events, messages, recipients, memory;
	struct sw_omitted omitted;
};

/* So many mails, with texts that no two have; then the builder is free. */
static struct told tell(struct session_spares *spares, size_t octets,
    unsigned mails)
{
	struct session_options options = { .octets = octets,
		.spares = spares };
	const struct sw_session *s;
	char line[100], text[300];
	struct told told = { 0 };
	struct made m;
	unsigned i;

	account_init(&m.account);
	options.account = &m.account;
	assert_int_equal(session_builder_new(&options, &m.b), SW_OK);
	memset(text, 'x', sizeof(text));
	for (i = 0; i < mails; i++) {
		struct slice said = slice_make(text, i % sizeof(text));

		(void)snprintf(line, sizeof(line), "MAIL FROM:<%u>", i);
		session_answer(m.b, command(&m, line), 250, &said, 1);
		(void)snprintf(line, sizeof(line), "RCPT TO:<%u>", i);
		session_answer(m.b, command(&m, line), 250, &said, 1);
		answered(&m, "RSET", 250);
	}
	s = session_finish(m.b);
	told.memory = session_memory(m.b);
	told.events = s->event_count;
	told.messages = s->message_count;
	told.omitted = s->omitted;
	for (i = 0; i < s->message_count; i++)
		told.recipients += s->messages[i].recipient_count;
	assert_int_equal(m.account.counters[ACCOUNT_MESSAGES], mails);
	drop(&m);
	return told;
}

/* What is told of a session does not depend on those before it. */
static void test_spares(void **state)
{
	struct session_spares spares = { .most = 1u << 20 };
	unsigned mails, larger;

	(void)state;
	for (larger = 0; larger <= 20; larger++)
		for (mails = 0; mails < 200; mails += 7) {
			struct told fresh = tell(NULL, 30000, mails), again;

			(void)tell(&spares, LIMIT_SESSION_OCTETS, larger);
			assert_int_equal(spares.count, 1);
			again = tell(&spares, 30000, mails);
			assert_memory_equal(&again, &fresh, sizeof(fresh));
		}
	session_spares_fini(&spares);
}

/* What sessions have of the spares counts until they are over. */
static void test_spares_lent(void **state)
{
	struct session_spares spares = { .most = 32768 };
	struct session_options options = { .spares = &spares };
	struct session_builder *b;
	size_t octets;

	(void)state;
	(void)tell(&spares, LIMIT_SESSION_OCTETS, 5);
	assert_int_equal(spares.count, 1);
	octets = spares.octets;
	assert_in_range(octets, 1, spares.most);
	assert_int_equal(session_builder_new(&options, &b), SW_OK);
	assert_int_equal(spares.count, 0);
	assert_int_equal(spares.octets, octets);
	session_builder_part(b);
	assert_int_equal(spares.octets, 0);
	session_builder_free(&b);
	assert_int_equal(spares.count, 0);
	session_spares_fini(&spares);
}

/* Those that are left out are counted, each once, and their recipients. */
static void test_messages_left_out(void **state)
{
	struct told told = tell(NULL, 60000, 1000);

	(void)state;
	assert_in_range(told.messages, 10, 990);
	assert_int_equal(told.messages + told.omitted.messages, 1000);
	assert_int_equal(told.recipients + told.omitted.recipients, 1000);
	assert_int_equal(told.events + told.omitted.events, 3000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_answered_beyond),
		cmocka_unit_test(test_consequences_beyond),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_octets_of_all),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_shared_texts),
		cmocka_unit_test(test_less_octets),
		cmocka_unit_test(test_content_in_content),
		cmocka_unit_test(test_chunks_of_another),
		cmocka_unit_test(test_auth_of_another),
		cmocka_unit_test(test_spares),
		cmocka_unit_test(test_spares_lent),
		cmocka_unit_test(test_messages_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
