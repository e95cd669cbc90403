/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_side.c - the sessions of one side: kept, found again, digested */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "talk_script.h"

#define S INT64_C(1000000000)
#define ALL "* connect\nS 220 mx.example.org ESMTP\nC EHLO c.example.net\n" \
	"S 250 mx\nC MAIL FROM:<a@example.net>\nS 250 Ok\n" \
	"C RCPT TO:<b@example.org>\nS 250 Ok\nC DATA\nS 354 go\nD 9\n" \
	"S 250 Ok: queued as 1\nC QUIT\nS 221 Bye\n* client\n"

static struct digest digest(const char *script, enum sw_recorder recorder)
{
	struct talk *t = malloc(sizeof(*t));
	struct digest d;

	assert_non_null(t);
	talk_read(t, recorder, script);
	check_digest(&t->s, &d);
	free(t);
	return d;
}

/* The hash of the first token of a kind, 0: none. */
static uint64_t token(const struct digest *d, enum token_kind kind)
{
	size_t i;

	for (i = 0; i < d->token_count; i++)
		if (token_kind(d->tokens[i]) == kind)
			return d->tokens[i];
	return 0;
}

static void assert_same(const char *x, const char *y, enum token_kind kind,
    bool same)
{
	struct digest a = digest(x, SW_RECORDER_WIRE);
	struct digest b = digest(y, SW_RECORDER_SERVER);

	assert_true(token(&a, kind) != 0);
	assert_int_equal(token(&a, kind) == token(&b, kind), same);
}

#define EHLO "S 220 mx.example.org\nC EHLO c.example.net\nS 250 mx\n"

static void shapes(void **state)
{
	(void)state;
	assert_same(EHLO, EHLO, TOKEN_SHAPE, true);
	assert_same(EHLO "C NOOP\nS 250 Ok\n", EHLO "C RSET\nS 250 Ok\n",
	    TOKEN_SHAPE, false);
	assert_same(EHLO "C NOOP\nS 250 Ok\n", EHLO "C NOOP\nS 500 No\n",
	    TOKEN_SHAPE, false);
	/* pipelining */
	assert_same(EHLO "C NOOP\nC RSET\nS 250 Ok\nS 251 Ok\n",
	    EHLO "C NOOP\nS 250 Ok\nC RSET\nS 251 Ok\n", TOKEN_SHAPE, true);
	/* what the server never read, and what nobody waits for */
	assert_same(EHLO "C NOOP\nC QUIT\n", EHLO, TOKEN_SHAPE, true);
	assert_same(EHLO "C FOO\nS 421 Go\n", EHLO "s 421 Go\n",
	    TOKEN_SHAPE, true);
	/* challenges and the lines of AUTH; the mechanism counts */
	assert_same(EHLO "C AUTH LOGIN\nS 334 a\nC ***\nS 334 b\nC ***\n"
	    "S 235 Ok\n", EHLO "C AUTH LOGIN\nS 235 Ok\n", TOKEN_SHAPE,
	    true);
	assert_same(EHLO "C AUTH PLAIN ***\nS 235 Ok\n",
	    EHLO "C AUTH PLAIN\nS 235 Ok\n", TOKEN_SHAPE, true);
	assert_same(EHLO "C AUTH PLAIN\nS 235 Ok\n",
	    EHLO "C AUTH LOGIN\nS 235 Ok\n", TOKEN_SHAPE, false);
	/* what is in clear */
	assert_same(EHLO "C STARTTLS\nS 220 go\nT\n", EHLO "C STARTTLS\n"
	    "S 220 go\nC EHLO c.example.net\nS 250 mx\nC QUIT\nS 221 x\n",
	    TOKEN_SHAPE, true);
	assert_same(EHLO "C STARTTLS\nS 454 no\nC QUIT\nS 221 x\n",
	    EHLO "C STARTTLS\nS 454 no\n", TOKEN_SHAPE, false);
}

static void greetings(void **state)
{
	struct digest d;

	(void)state;
	assert_same("S 220 mx at 11:10:03\n", "S 220 mx at 11:10:03\n",
	    TOKEN_GREETING, true);
	assert_same("S 220 mx at 11:10:03\n", "S 220 mx at 11:10:04\n",
	    TOKEN_GREETING, false);
	d = digest("S 220 *******0\n", SW_RECORDER_WIRE);
	assert_int_equal(token(&d, TOKEN_GREETING), 0);
	d = digest("S 220 mx {truncated}\n", SW_RECORDER_SERVER);
	assert_int_equal(token(&d, TOKEN_GREETING), 0);
	d = digest("S 220\n", SW_RECORDER_SERVER);
	assert_int_equal(token(&d, TOKEN_GREETING), 0);
}

static void envelopes(void **state)
{
	(void)state;
	assert_same(ALL, ALL, TOKEN_ENVELOPE, true);
	assert_same("C MAIL FROM:<a@example.net>\nC RCPT TO:<b@example.org>",
	    "C MAIL FROM:<A@Example.net>\nC RCPT TO:<B@EXAMPLE.ORG>",
	    TOKEN_ENVELOPE, true);
	assert_same("C MAIL FROM:<a@example.net>\nC RCPT TO:<b@example.org>",
	    "C MAIL FROM:<a@example.net>\nC RCPT TO:<c@example.org>",
	    TOKEN_ENVELOPE, false);
}

static void states(void **state)
{
	struct digest d = digest(ALL, SW_RECORDER_WIRE);

	(void)state;
	assert_false(d.attempts || d.silent || d.opaque);
	d = digest("* connect\n* client\n", SW_RECORDER_WIRE);
	assert_true(d.attempts && d.silent);
	assert_int_equal(token(&d, TOKEN_SHAPE), 0);
	d = digest("* connect\nC EHLO x\n* client\n", SW_RECORDER_WIRE);
	assert_true(!d.attempts && d.silent);
	d = digest("* connect\nT\n* client\n", SW_RECORDER_WIRE);
	assert_true(!d.silent && d.opaque);
	d = digest("* connect\nG s\nC EHLO x\n", SW_RECORDER_WIRE);
	assert_false(d.silent);
}

/* Many tokens: those that there is room for. */
static void full(void **state)
{
	struct talk *t = malloc(sizeof(*t));
	struct digest d;
	size_t i;

	(void)state;
	assert_non_null(t);
	talk_read(t, SW_RECORDER_WIRE, "C MAIL FROM:<a@example.net>\n"
	    "C MAIL FROM:<b@example.net>\nC MAIL FROM:<c@example.net>\n"
	    "C MAIL FROM:<d@example.net>\n");
	for (i = 0; i < 4; i++)
		t->messages[i].message_id = t->messages[i].queue_id =
		    t->messages[i].from;
	t->s.client.ip = t->s.server.ip = talk_text("192.0.2.1");
	t->s.client.port = t->s.server.port = 25;
	t->s.client.name = talk_text("c.example.net");
	check_digest(&t->s, &d);
	assert_int_equal(d.token_count, DIGEST_TOKENS);
	assert_true(token(&d, TOKEN_ENDPOINTS) && token(&d, TOKEN_CLIENT) &&
	    token(&d, TOKEN_HELO) && token(&d, TOKEN_QUEUE_ID));
	for (i = 1; i < DIGEST_TOKENS; i++)
		assert_true(token_rank(d.tokens[i - 1]) >=
		    token_rank(d.tokens[i]));
	free(t);
}

/* --- kept and found again ------------------------------------------------- */

static void add(struct side *s, uint64_t id, enum sw_recorder recorder,
    const char *file, uint64_t first, int64_t start)
{
	struct talk *t = malloc(sizeof(*t));
	struct sw_err err;

	assert_non_null(t);
	talk_read(t, recorder, ALL);
	t->s.id = id;
	t->s.source.name = talk_text(file);
	t->s.source.first = first;
	t->s.start = t->s.end = start;
	assert_int_equal(side_add(s, &t->s, &err), SW_OK);
	free(t);
}

/* Ids in order, as digits. */
static void assert_order(struct side *s, const char *want)
{
	const struct digest *d;
	char got[20];
	struct sw_err err;
	size_t count, i;

	assert_int_equal(side_sort(s, &err), SW_OK);
	d = side_digests(s, &count);
	assert_true(count < sizeof(got));
	for (i = 0; i < count && i < sizeof(got) - 1; i++)
		got[i] = (char)('0' + d[i].id);
	got[i] = '\0';
	assert_string_equal(got, want);
}

static struct side *new_side(void)
{
	struct side *s;
	struct sw_err err;

	assert_int_equal(side_new(NULL, &s, &err), SW_OK);
	return s;
}

static void order(void **state)
{
	struct side *s = new_side();

	(void)state;
	assert_string_equal(side_kind(s), "wire");
	assert_order(s, "");
	/* of a capture by time */
	add(s, 1, SW_RECORDER_WIRE, "a.pcap", 9, 30 * S);
	add(s, 2, SW_RECORDER_WIRE, "a.pcap", 20, 10 * S);
	add(s, 3, SW_RECORDER_WIRE, "b.pcap", 1, 20 * S);
	assert_order(s, "231");
	assert_string_equal(side_kind(s), "wire");
	side_free(&s);
	assert_null(s);

	/* of a log by line, whatever its clock did; files by their begin */
	s = new_side();
	add(s, 1, SW_RECORDER_SERVER, "b.log", 9, 50 * S);
	add(s, 2, SW_RECORDER_SERVER, "b.log", 2, 90 * S);
	add(s, 3, SW_RECORDER_SERVER, "a.log", 7, 10 * S);
	add(s, 4, SW_RECORDER_SERVER, "a.log", 1, 20 * S);
	add(s, 5, SW_RECORDER_SERVER, "b.log", 4, 60 * S);
	assert_string_equal(side_kind(s), "log");
	assert_order(s, "43251");
	add(s, 6, SW_RECORDER_WIRE, "c.pcap", 1, 15 * S);
	assert_string_equal(side_kind(s), "mixed");
	assert_order(s, "436251");
	side_free(&s);

	/* without times in the order of the files and lines */
	s = new_side();
	add(s, 1, SW_RECORDER_SERVER, "b.log", 5, SW_NO_TIME);
	add(s, 2, SW_RECORDER_SERVER, "a.log", 2, SW_NO_TIME);
	add(s, 3, SW_RECORDER_SERVER, "b.log", 3, SW_NO_TIME);
	assert_order(s, "312");
	side_free(&s);
}

static void found_again(void **state)
{
	struct side *s = new_side();
	struct sw_session got;
	struct buffer buffer;
	struct arena arena;
	struct sw_err err;
	const struct digest *d;
	size_t count, i;

	(void)state;
	arena_init(&arena);
	buffer_init(&buffer, SIZE_MAX / 2);
	for (i = 0; i < 9; i++)
		add(s, i + 1, SW_RECORDER_WIRE, "a.pcap", 9 - i,
		    (int64_t)(9 - i) * S);
	assert_int_equal(side_sort(s, &err), SW_OK);
	d = side_digests(s, &count);
	assert_int_equal(count, 9);
	for (i = 0; i < count; i++) {
		assert_int_equal(d[i].id, 9 - i);
		assert_int_equal(side_session(s, &d[i], &arena, &buffer,
		    &got, &err), SW_OK);
		assert_int_equal(got.id, 9 - i);
		assert_int_equal(got.event_count, 15);
		assert_memory_equal(got.events[4].u.command.line.data,
		    "MAIL FROM:<a@example.net>", 25);
	}
	arena_fini(&arena);
	buffer_fini(&buffer);
	side_free(&s);
	side_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),
		cmocka_unit_test(greetings),
		cmocka_unit_test(envelopes),
		cmocka_unit_test(states),
		cmocka_unit_test(full),
		cmocka_unit_test(order),
		cmocka_unit_test(found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
