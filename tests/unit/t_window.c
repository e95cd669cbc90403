/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_window.c - two records that grow side by side */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "check/window.h"
#include "talk_script.h"

#define S INT64_C(1000000000)
#define SETTLE (2 * S)
#define GRACE (10 * S)
/* 2004-02-20 */
#define DAY_NS (INT64_C(1077235200) * S)

struct fixture {
	struct window *w;
	size_t pairs, differ, late, alone[2];
};

static enum sw_status on_pair(void *ctx, const struct sw_pair *p,
    unsigned late)
{
	struct fixture *f = ctx;

	f->pairs++;
	f->differ += p->verdict == SW_DIFFERS;
	f->late += late != 0;
	return SW_OK;
}

static enum sw_status on_alone(void *ctx, enum sw_side side,
    const struct sw_session *s)
{
	struct fixture *f = ctx;

	(void)s;
	f->alone[side]++;
	return SW_OK;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct window_options o = { .settle_ns = SETTLE, .grace_ns = GRACE,
		.ctx = f, .pair = on_pair, .alone = on_alone };

	if (!f || !(f->w = window_new(&o)))
		return -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	window_free(&f->w);
	free(f);
	return 0;
}

/* A session of a server with what stands in script behind EHLO, that began at
 * second at; port -1: not known. */
static void add_of(struct fixture *f, const char *server, enum sw_side side,
    const char *script, int number, int port, int64_t at, bool early,
    int64_t now)
{
	struct talk *t = malloc(sizeof(*t));
	char name[64], text[512];

	assert_non_null(t);
	(void)snprintf(name, sizeof(name), "c%d.example.net", number);
	(void)snprintf(text, sizeof(text), "* connect\nS 220 mx.example.org\n"
	    "C EHLO %s\nS 250 mx\n%sC QUIT\nS 221 Bye\n* client\n", name,
	    script);
	talk_read(t, side == SW_LEFT ? SW_RECORDER_SERVER :
	    SW_RECORDER_WIRE, text);
	t->s.id = (uint64_t)number * 2 + side;
	t->s.source.kind = side == SW_LEFT ? SW_SOURCE_LOG : SW_SOURCE_WIRE;
	t->s.client.ip = talk_text("192.0.2.10");
	t->s.server.ip = talk_text(server);
	t->s.client.name = talk_text(name);
	t->s.client.port = port;
	t->s.start = t->s.end = DAY_NS + at * S;
	assert_int_equal(window_add(f->w, side, &t->s, early, now), SW_OK);
	free(t);
}

static void add(struct fixture *f, enum sw_side side, const char *script,
    int number, int port, int64_t at, bool early, int64_t now)
{
	add_of(f, "192.0.2.25", side, script, number, port, at, early, now);
}

static void step(struct fixture *f, int64_t now)
{
	assert_int_equal(window_step(f->w, now, false, false), SW_OK);
}

static void pairs(void **state)
{
	struct fixture *f = *state;

	/* A port speaks: at once. */
	add(f, SW_RIGHT, "", 1, 4711, 1, false, S);
	step(f, S);
	add(f, SW_LEFT, "", 1, 4711, 1, false, 2 * S);
	step(f, 2 * S);
	assert_int_equal(f->pairs, 1);
	/* None does: it waits for a better one. */
	add(f, SW_RIGHT, "", 2, -1, 5, false, 5 * S);
	add(f, SW_LEFT, "", 2, -1, 5, false, 5 * S);
	step(f, 5 * S);
	assert_int_equal(f->pairs, 1);
	step(f, 5 * S + SETTLE);
	assert_int_equal(f->pairs, 2);
	add(f, SW_RIGHT, "C NOOP\nS 250 Ok\n", 3, 4713, 6, false,
	    6 * S);
	add(f, SW_LEFT, "C NOOP\nS 550 No\n", 3, 4713, 6, false,
	    6 * S);
	step(f, 6 * S);
	assert_int_equal(f->differ, 1);
	step(f, 1000 * S);
	assert_int_equal(f->alone[0] + f->alone[1] + f->late, 0);
}

/* Of the end: nothing better comes. */
static void last(void **state)
{
	struct fixture *f = *state;

	add(f, SW_RIGHT, "", 2, -1, 5, false, 5 * S);
	add(f, SW_LEFT, "", 2, -1, 5, false, 5 * S);
	add(f, SW_LEFT, "", 3, -1, 900, false, 5 * S);
	assert_int_equal(window_step(f->w, 5 * S, true, false), SW_OK);
	assert_int_equal(f->pairs, 1);
	assert_int_equal(f->alone[0], 0);
}

static void alone(void **state)
{
	struct fixture *f = *state;
	struct window_counts c;

	add(f, SW_RIGHT, "", 1, 4711, 1, false, 0);
	add(f, SW_LEFT, "", 2, 4712, 2, false, S);
	add(f, SW_LEFT, "", 3, 4713, 3, true, S);
	step(f, GRACE - 1);
	assert_int_equal(f->alone[0] + f->alone[1], 0);
	assert_false(window_has_overdue(f->w, SW_RIGHT, GRACE - 1));
	assert_true(window_has_overdue(f->w, SW_RIGHT, GRACE));
	assert_int_equal(window_step(f->w, GRACE, false, true), SW_OK);
	assert_int_equal(f->alone[SW_RIGHT], 0);
	step(f, GRACE);
	assert_int_equal(f->alone[SW_RIGHT], 1);
	assert_int_equal(f->alone[SW_LEFT], 0);
	step(f, GRACE + S);
	assert_int_equal(f->alone[SW_LEFT], 1);
	window_counts(f->w, &c);
	assert_int_equal(c.early[SW_LEFT], 1);
	assert_int_equal(c.waiting[0] + c.waiting[1], 0);
	/* Its other half comes; of the early one nobody was told. */
	add(f, SW_LEFT, "", 1, 4711, 1, false, GRACE + 2 * S);
	add(f, SW_RIGHT, "", 3, 4713, 3, false, GRACE + 2 * S);
	step(f, GRACE + 2 * S);
	assert_int_equal(f->pairs, 2);
	assert_int_equal(f->late, 1);
	window_counts(f->w, &c);
	assert_int_equal(c.early[SW_LEFT], 0);
	assert_int_equal(f->alone[SW_RIGHT], 1);
}

/* Of a server whose log this is not: counted, not told. */
static void elsewhere(void **state)
{
	struct fixture *f = *state;
	struct window_counts c;

	for (int i = 0; i < 8; i++) {
		add_of(f, i % 2 ? "192.0.2.26" : "192.0.2.25", SW_RIGHT, "",
		    i, 4711 + i, i, false, 0);
		if (i % 4 == 0)
			add(f, SW_LEFT, "", i, 4711 + i, i, false, 0);
	}
	step(f, GRACE);
	assert_int_equal(f->pairs, 2);
	assert_int_equal(f->alone[SW_RIGHT], 2);
	window_counts(f->w, &c);
	assert_int_equal(c.other[SW_RIGHT], 4);
	assert_int_equal(c.other[SW_LEFT], 0);
	/* It is its log after all. */
	add_of(f, "192.0.2.26", SW_LEFT, "", 1, 4712, 1, false, GRACE);
	add_of(f, "192.0.2.27", SW_RIGHT, "", 8, 4719, 8, false, GRACE);
	step(f, GRACE);
	assert_int_equal(f->pairs, 3);
	assert_int_equal(f->late, 0);
	window_counts(f->w, &c);
	assert_int_equal(c.other[SW_RIGHT], 3);
	/* ... before it is overdue. */
	add_of(f, "192.0.2.27", SW_LEFT, "", 9, 4720, 99, false,
	    GRACE + S);
	step(f, 2 * GRACE);
	assert_int_equal(f->alone[SW_RIGHT], 3);
	window_counts(f->w, &c);
	assert_int_equal(c.other[SW_RIGHT], 3);
}

/* What is like one that was told, and not the same, is another one. */
static void not_late(void **state)
{
	struct fixture *f = *state;

	add(f, SW_RIGHT, "", 1, -1, 1, false, 0);
	step(f, GRACE);
	add(f, SW_LEFT, "C NOOP\nS 250 Ok\n", 1, -1, 2, false,
	    GRACE);
	step(f, GRACE + SETTLE);
	step(f, 2 * GRACE);
	assert_int_equal(f->pairs, 0);
	assert_int_equal(f->alone[SW_LEFT], 1);
}

/* What agrees is forgotten, and what nobody wants is given up. */
static void limits(void **state)
{
	struct fixture *f = *state;
	const struct matching *m;
	struct window_counts c;
	int i;

	for (i = 0; i < 20000; i++) {
		add(f, SW_LEFT, "", i, i, i, false, i * S);
		add(f, SW_RIGHT, "", i, i, i, false, i * S);
		if (i % 200 == 199)
			step(f, i * S);
	}
	assert_int_equal(f->pairs, 20000);
	m = window_matching(f->w);
	assert_true(m->pair_count < 1000);
	assert_true(m->clock_count > 0);
	for (; i < 40000; i++)
		add(f, SW_RIGHT, "", i, i, i, false, i * S);
	window_counts(f->w, &c);
	assert_int_equal(c.waiting[SW_RIGHT] + c.given_up[SW_RIGHT], 20000);
	assert_true(c.waiting[SW_RIGHT] <= LIMIT_WINDOW_SESSIONS);
	assert_true(c.waiting[SW_RIGHT] > LIMIT_WINDOW_SESSIONS / 2);
	assert_int_equal(c.given_up[SW_LEFT], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pairs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(elsewhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_late, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
