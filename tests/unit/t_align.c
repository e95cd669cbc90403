/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_align.c - the events of two sessions side by side */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "talk_script.h"

/* Each event of both sides stands in one row; they keep their order but for
 * that of pipelined commands. */
static void check_rows(const struct sw_aligned *rows, size_t count,
    const struct sw_session *l, const struct sw_session *r)
{
	bool *seen = calloc(l->event_count + r->event_count + 1,
	    sizeof(*seen));
	size_t i, events = 0;

	assert_non_null(seen);
	for (i = 0; i < count; i++) {
		assert_true(rows[i].left || rows[i].right);
		assert_false(rows[i].found);
		if (rows[i].left) {
			assert_in_range(rows[i].left, 1, l->event_count);
			assert_false(seen[rows[i].left - 1]);
			seen[rows[i].left - 1] = true;
			events++;
		}
		if (rows[i].right) {
			size_t k = l->event_count + rows[i].right - 1;

			assert_in_range(rows[i].right, 1, r->event_count);
			assert_false(seen[k]);
			seen[k] = true;
			events++;
		}
		if (rows[i].left && rows[i].right)
			assert_int_equal(l->events[rows[i].left - 1].kind,
			    r->events[rows[i].right - 1].kind);
	}
	assert_int_equal(events, l->event_count + r->event_count);
	free(seen);
}

/* "1=1 2=2 3- -3": rows by the numbers of their events. */
static void tell_rows(const struct sw_aligned *rows, size_t count, char *text,
    size_t size)
{
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < count && n < size; i++)
		if (rows[i].left && rows[i].right)
			n += (size_t)snprintf(text + n, size - n, "%u=%u ",
			    (unsigned)rows[i].left, (unsigned)rows[i].right);
		else if (rows[i].left)
			n += (size_t)snprintf(text + n, size - n, "%u- ",
			    (unsigned)rows[i].left);
		else
			n += (size_t)snprintf(text + n, size - n, "-%u ",
			    (unsigned)rows[i].right);
}

static void check(const char *name, const char *left, const char *right,
    const char *want)
{
	struct talk *l = malloc(sizeof(*l)), *r = malloc(sizeof(*r));
	struct sw_aligned *rows;
	struct arena arena;
	char text[1000];
	size_t count;

	assert_non_null(l);
	assert_non_null(r);
	arena_init(&arena);
	talk_read(l, SW_RECORDER_SERVER, left);
	talk_read(r, SW_RECORDER_WIRE, right);
	assert_int_equal(align_events(&l->s, &r->s, &arena, &rows, &count),
	    SW_OK);
	check_rows(rows, count, &l->s, &r->s);
	tell_rows(rows, count, text, sizeof(text));
	if (strcmp(text, want) != 0)
		fail_msg("%s: <%s>, want <%s>", name, text, want);
	arena_fini(&arena);
	free(l);
	free(r);
}

#define MAIL "C MAIL FROM:<a@example.net>\n"
#define RCPT(x) "C RCPT TO:<" x "@example.org>\n"
#define OK "S 250 Ok\n"

static const struct {
	const char *name, *left, *right, *want;
} cases[] = {
	{ "nothing", "", "", "" },
	{ "one side empty", "", "S 220 x\nC QUIT\n", "-1 -2 " },
	{ "equal", "S 220 x\nC QUIT\nS 221 x\n", "S 220 x\nC QUIT\nS 221 x\n",
	    "1=1 2=2 3=3 " },
	{ "connect with connect, close with close",
	    "* connect\nS 220 x\n* client\n", "* connect\nS 220 x\n* client\n",
	    "1=1 2=2 3=3 " },
	{ "close behind what the other lacks",
	    "* connect\nS 220 x\n* client\n",
	    "* connect\nS 220 x\nC QUIT\n* client\n",
	    "1=1 2=2 3- -3 -4 " },
	{ "recipient by its path", MAIL OK RCPT("b") OK RCPT("d") OK,
	    MAIL OK RCPT("b") OK RCPT("c") OK RCPT("d") OK,
	    "1=1 2=2 3=3 4=4 -5 -6 5=7 6=8 " },
	{ "first recipient missing", MAIL OK RCPT("c") OK,
	    MAIL OK RCPT("b") OK RCPT("c") OK,
	    "1=1 2=2 -3 -4 3=5 4=6 " },
	{ "other code is the same reply", "C NOOP\nS 250 Ok\nC QUIT\n",
	    "C NOOP\nS 550 No\nC QUIT\n", "1=1 2=2 3=3 " },
	{ "other verb is the same command", "C EHLO x\nS 250 x\nC QUIT\n",
	    "C XXXX x\nS 250 x\nC QUIT\n", "1=1 2=2 3=3 " },
	{ "pipelined on one side", MAIL OK RCPT("b") OK "C DATA\nS 354 go\n",
	    MAIL RCPT("b") "C DATA\n" OK OK "S 354 go\n",
	    "1=1 2=4 3=2 4=5 5=3 6=6 " },
	{ "pipelined, one reply lost", MAIL OK RCPT("b") "C DATA\n",
	    MAIL RCPT("b") "C DATA\n" OK OK, "1=1 2=4 3=2 -5 4=3 " },
	{ "greeting behind the first command",
	    "S 220 x\nC EHLO x\nS 250 x\n", "C EHLO x\ns 220 x\nS 250 x\n",
	    "1=2 2=1 3=3 " },
	{ "greeting behind connect", "* connect\nS 220 x\n",
	    "* connect\nC NOOP\ns 220 x\n", "1=1 2=3 -2 " },
	{ "content with content", MAIL OK "C DATA\nS 354 go\nD 9\nS 250 Ok\n",
	    MAIL OK "C DATA\nS 354 go\nD 8\nS 550 No\n",
	    "1=1 2=2 3=3 4=4 5=5 6=6 " },
	{ "a greeting is no other reply", "* connect\nS 220 x\nC EHLO x\n",
	    "S 250 Ok\nC EHLO x\n", "1- 2- -1 3=2 " },
	{ "verdict without content", MAIL OK "C DATA\nS 354 go\ns 250 Ok\n",
	    MAIL OK "C DATA\nS 354 go\nD 8\nS 250 Ok\n",
	    "1=1 2=2 3=3 4=4 -5 5=6 " },
};

static void table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i].name, cases[i].left, cases[i].right,
		    cases[i].want);
}

/* --- long sessions -------------------------------------------------------- */

#define LONG 9000

/* RCPT to number 0, 1, 2 and so on but for one of `every`; each answered. */
static size_t fill(struct sw_event *events, char (*texts)[24], size_t every)
{
	size_t i, n = 0;

	for (i = 0; i < LONG / 2; i++) {
		struct sw_event *e = &events[n];

		if (every && i % every == every - 1)
			continue;
		snprintf(texts[i], sizeof(texts[i]), "TO:<%zu@example>", i);
		memset(e, 0, 2 * sizeof(*e));
		e[0].n = (uint32_t)n + 1;
		e[0].kind = SW_EVENT_COMMAND;
		e[0].u.command.verb = talk_text("RCPT");
		e[0].u.command.argument = talk_text(texts[i]);
		e[1].n = (uint32_t)n + 2;
		e[1].kind = SW_EVENT_REPLY;
		e[1].by = SW_SERVER;
		e[1].u.reply.code = 250;
		e[1].u.reply.to = e[0].n;
		n += 2;
	}
	return n;
}

/* More than a window holds, with something missing in each window. */
static void long_sessions(void **state)
{
	static const size_t every[] = { 0, 7, 300, 4000 };
	struct sw_event *l = calloc(LONG, sizeof(*l));
	struct sw_event *r = calloc(LONG, sizeof(*r));
	char (*texts)[24] = calloc(LONG, sizeof(*texts));
	size_t k;

	(void)state;
	assert_non_null(l);
	assert_non_null(r);
	assert_non_null(texts);
	for (k = 0; k < sizeof(every) / sizeof(every[0]); k++) {
		struct sw_session a = { .events = l }, b = { .events = r };
		struct sw_aligned *rows;
		struct arena arena;
		size_t count, i, both = 0;

		a.event_count = fill(l, texts, 0);
		b.event_count = fill(r, texts, every[k]);
		arena_init(&arena);
		assert_int_equal(align_events(&a, &b, &arena, &rows, &count),
		    SW_OK);
		check_rows(rows, count, &a, &b);
		for (i = 0; i < count; i++) {
			const struct sw_event *x, *y;

			if (!rows[i].left || !rows[i].right)
				continue;
			both++;
			x = &l[rows[i].left - 1];
			y = &r[rows[i].right - 1];
			if (x->kind == SW_EVENT_COMMAND)
				assert_ptr_equal(x->u.command.argument.data,
				    y->u.command.argument.data);
		}
		assert_int_equal(both, b.event_count);
		arena_fini(&arena);
	}
	free(l);
	free(r);
	free(texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(long_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
