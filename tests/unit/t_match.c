/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_match.c - which sessions of two sides are the same */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "check/check.h"

#define S NS_PER_S
#define HOUR (3600 * S)
#define START INT64_C(1077275403000000000)

/* One session every few seconds, with all tokens. */
struct world {
	struct digest *d[2];
	size_t n[2];
	struct matching m;
};

static void add_token(struct digest *d, enum token_kind kind, uint64_t value)
{
	uint64_t hash = (value + 1) * UINT64_C(0x9e3779b97f4a7c15);

	assert_true(check_add_token(d, hash * 16 + kind));
}

static bool drop_token(struct digest *d, enum token_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < d->token_count; i++)
		if (token_kind(d->tokens[i]) != kind)
			d->tokens[n++] = d->tokens[i];
	if (n == d->token_count)
		return false;
	d->token_count = (uint8_t)n;
	d->kinds &= (uint16_t)~(1u << kind);
	return true;
}

static struct digest session(size_t i)
{
	struct digest d;

	memset(&d, 0, sizeof(d));
	d.id = i + 1;
	d.start = START + (int64_t)i * 7 * S + (int64_t)(i * 7919 % 1000) *
	    1000000;
	d.end = d.start + S;
	d.resolution_ns = 1000;
	d.dated = true;
	add_token(&d, TOKEN_SERVER, 0);
	add_token(&d, TOKEN_ADDRESS, i % 5);
	add_token(&d, TOKEN_CLIENT, i);
	add_token(&d, TOKEN_HELO, i % 5);
	add_token(&d, TOKEN_SHAPE, i % 3);
	add_token(&d, TOKEN_ENVELOPE, i % 11);
	return d;
}

static void make(struct world *w, size_t n)
{
	size_t side, i;

	memset(w, 0, sizeof(*w));
	for (side = 0; side < 2; side++) {
		w->n[side] = n;
		w->d[side] = calloc(n + 1, sizeof(struct digest));
		assert_non_null(w->d[side]);
		for (i = 0; i < n; i++)
			w->d[side][i] = session(i);
	}
}

static void strip(struct world *w, size_t side, enum token_kind kind)
{
	size_t i;

	for (i = 0; i < w->n[side]; i++)
		drop_token(&w->d[side][i], kind);
}

/* Without one session of a side. */
static void take_out(struct world *w, size_t side, size_t i)
{
	memmove(&w->d[side][i], &w->d[side][i + 1], (w->n[side] - i) *
	    sizeof(struct digest));
	w->n[side]--;
}

static void shift(struct world *w, size_t side, int64_t ns)
{
	size_t i;

	for (i = 0; i < w->n[side]; i++) {
		w->d[side][i].start += ns;
		w->d[side][i].end += ns;
	}
}

/* As a log of a resolution of 1 s tells them. */
static void round_times(struct world *w, size_t side)
{
	size_t i;

	for (i = 0; i < w->n[side]; i++) {
		struct digest *d = &w->d[side][i];

		d->start -= d->start % S;
		d->end -= d->end % S;
		d->resolution_ns = S;
	}
}

static void run(struct world *w)
{
	assert_int_equal(match_sides(w->d[0], w->n[0], w->d[1], w->n[1], 0,
	    &w->m), SW_OK);
}

/* Pairs whose sessions are not the same one. */
static size_t wrong(const struct world *w)
{
	size_t i, count = 0;

	for (i = 0; i < w->m.pair_count; i++) {
		const struct match *p = &w->m.pairs[i];

		assert_in_range(p->left, 0, w->n[0] - 1);
		assert_in_range(p->right, 0, w->n[1] - 1);
		assert_true(p->confidence >= 0 && p->confidence <= 1);
		if (i > 0)
			assert_true(p[-1].left < p->left);
		count += w->d[0][p->left].id != w->d[1][p->right].id;
	}
	return count;
}

static void done(struct world *w)
{
	match_fini(&w->m);
	free(w->d[0]);
	free(w->d[1]);
}

static void assert_all(struct world *w, size_t pairs)
{
	run(w);
	assert_int_equal(wrong(w), 0);
	assert_int_equal(w->m.pair_count, pairs);
	assert_int_equal(w->m.only_count[0], w->n[0] - pairs);
	assert_int_equal(w->m.only_count[1], w->n[1] - pairs);
}

/* --- cases ---------------------------------------------------------------- */

static void nothing(void **state)
{
	struct world w;

	(void)state;
	make(&w, 0);
	assert_all(&w, 0);
	done(&w);
	make(&w, 3);
	w.n[1] = 0;
	run(&w);
	assert_int_equal(w.m.pair_count, 0);
	assert_int_equal(w.m.only_count[0], 3);
	assert_int_equal(w.m.only[0][2].reason, SW_UNEXPLAINED);
	done(&w);
}

static void all_alike(void **state)
{
	struct world w;

	(void)state;
	make(&w, 500);
	assert_all(&w, 500);
	assert_int_equal(w.m.clock_count, 1);
	assert_int_equal(w.m.clock->offset_ns, 0);
	assert_true(w.m.pairs[7].paired_by & 1u << SW_BY_ENDPOINTS);
	assert_true(w.m.pairs[7].paired_by & 1u << SW_BY_TIME);
	assert_true(w.m.pairs[7].confidence > (float)0.9);
	assert_false(w.m.nat[0] || w.m.nat[1]);
	done(&w);
}

static void shifted(void **state)
{
	static const int64_t by[] = { HOUR, -9 * HOUR, 40 * S,
		1000 * 24 * HOUR };
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		make(&w, 300);
		shift(&w, 1, by[i]);
		round_times(&w, 0);
		assert_all(&w, 300);
		assert_int_equal(w.m.clock_count, 1);
		assert_in_range(w.m.clock->offset_ns + by[i] + 2 * S, 0,
		    4 * S);
		done(&w);
	}
}

static void summer_time(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	make(&w, 300);
	for (i = 130; i < 300; i++)
		w.d[0][i].start += HOUR;
	assert_all(&w, 300);
	assert_int_equal(w.m.clock_count, 2);
	done(&w);
}

/* The addresses of the clients differ throughout. */
static void translated(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	make(&w, 300);
	strip(&w, 1, TOKEN_ADDRESS);
	strip(&w, 1, TOKEN_CLIENT);
	for (i = 0; i < 300; i++) {
		add_token(&w.d[1][i], TOKEN_ADDRESS, 1000);
		add_token(&w.d[1][i], TOKEN_CLIENT, 1000 + i);
		add_token(&w.d[0][i], TOKEN_QUEUE_ID, i);
		add_token(&w.d[1][i], TOKEN_QUEUE_ID, i);
	}
	assert_all(&w, 300);
	assert_true(w.m.nat[0]);
	assert_false(w.m.nat[1]);
	done(&w);
}

/* The same mail a thousand times from one host: times tell them apart, and
 * sessions that one side lacks shift nothing. */
static void equal_envelopes(void **state)
{
	struct world w;
	size_t i, side;

	(void)state;
	make(&w, 1000);
	for (side = 0; side < 2; side++)
		for (i = 0; i < 1000; i++) {
			struct digest *d = &w.d[side][i];

			d->token_count = 0;
			d->kinds = 0;
			add_token(d, TOKEN_SERVER, 0);
			add_token(d, TOKEN_ADDRESS, 0);
			add_token(d, TOKEN_HELO, 0);
			add_token(d, TOKEN_SHAPE, 0);
			add_token(d, TOKEN_ENVELOPE, 0);
		}
	/* A few that are known for sure tell the clocks. */
	for (i = 0; i < 1000; i += 100) {
		add_token(&w.d[0][i], TOKEN_MESSAGE_ID, i);
		add_token(&w.d[1][i], TOKEN_MESSAGE_ID, i);
	}
	round_times(&w, 0);
	take_out(&w, 0, 950);
	take_out(&w, 0, 333);
	take_out(&w, 1, 17);
	take_out(&w, 1, 700);
	run(&w);
	assert_int_equal(wrong(&w), 0);
	assert_int_equal(w.m.pair_count, 996);
	assert_int_equal(w.m.only_count[0], 2);
	assert_int_equal(w.m.only_count[1], 2);
	assert_int_equal(w.m.only[1][0].id, 334);
	assert_int_equal(w.m.only[1][0].reason, SW_UNEXPLAINED);
	done(&w);
}

/* As before, but nothing is rare: most of them tell the clocks. */
static void nothing_rare(void **state)
{
	struct world w;
	size_t i, side;

	(void)state;
	make(&w, 1000);
	for (side = 0; side < 2; side++)
		for (i = 0; i < 1000; i++) {
			w.d[side][i].token_count = 0;
			w.d[side][i].kinds = 0;
			add_token(&w.d[side][i], TOKEN_ADDRESS, 0);
			add_token(&w.d[side][i], TOKEN_HELO, 0);
			add_token(&w.d[side][i], TOKEN_ENVELOPE, 0);
		}
	shift(&w, 1, -2 * HOUR);
	round_times(&w, 0);
	take_out(&w, 0, 333);
	take_out(&w, 1, 17);
	take_out(&w, 1, 700);
	run(&w);
	assert_int_equal(wrong(&w), 0);
	assert_int_equal(w.m.pair_count, 997);
	assert_int_equal(w.m.clock_count, 1);
	assert_in_range(w.m.clock->offset_ns - 2 * HOUR + S, 0, 2 * S);
	assert_int_equal(w.m.only[0][0].id, 18);
	done(&w);
}

/* Neither times nor anything rare: what is left is order. */
static void order_alone(void **state)
{
	struct world w;
	size_t i, side;

	(void)state;
	make(&w, 1000);
	for (side = 0; side < 2; side++)
		for (i = 0; i < 1000; i++) {
			struct digest *d = &w.d[side][i];

			d->token_count = 0;
			d->kinds = 0;
			add_token(d, TOKEN_HELO, 0);
			add_token(d, TOKEN_ENVELOPE, 0);
			d->resolution_ns = 0;
			d->start = SW_NO_TIME;
		}
	assert_all(&w, 1000);
	assert_true(w.m.pairs[5].paired_by & 1u << SW_BY_ORDER);
	assert_true(w.m.pairs[5].confidence < (float)0.5);
	assert_int_equal(w.m.clock_count, 0);
	done(&w);
}

/* One side tells no times, as sendmail -X does. */
static void no_times(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	make(&w, 200);
	for (i = 0; i < 200; i++) {
		w.d[0][i].resolution_ns = 0;
		w.d[0][i].start = SW_NO_TIME;
		w.d[0][i].dated = false;
	}
	assert_all(&w, 200);
	done(&w);
}

/* One side tells times of day only. */
static void no_dates(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	make(&w, 200);
	strip(&w, 0, TOKEN_CLIENT);
	for (i = 0; i < 200; i += 10) {
		add_token(&w.d[0][i], TOKEN_QUEUE_ID, i);
		add_token(&w.d[1][i], TOKEN_QUEUE_ID, i);
	}
	for (i = 0; i < 200; i++) {
		w.d[0][i].start %= 24 * HOUR;
		w.d[0][i].dated = false;
	}
	round_times(&w, 0);
	assert_all(&w, 200);
	assert_true(w.m.pairs[7].paired_by & 1u << SW_BY_TIME);
	done(&w);
}

/* Sessions that the other side began too late for, or lacks. */
static void one_side_only(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	make(&w, 100);
	memmove(w.d[1], w.d[1] + 20, 70 * sizeof(struct digest));
	w.n[1] = 70;
	take_out(&w, 1, 30);
	w.d[0][60].attempts = true;
	w.d[0][60].token_count = 3;
	take_out(&w, 1, 39);
	assert_all(&w, 68);
	for (i = 0; i < 20; i++)
		assert_int_equal(w.m.only[0][i].reason,
		    SW_OUTSIDE_OTHER_TIME);
	assert_int_equal(w.m.only[0][20].id, 51);
	assert_int_equal(w.m.only[0][20].reason, SW_UNEXPLAINED);
	assert_int_equal(w.m.only[0][21].reason, SW_OTHER_CANNOT_RECORD);
	assert_int_equal(w.m.only[0][31].reason, SW_OUTSIDE_OTHER_TIME);
	assert_int_equal(w.m.only_index[0][20], 50);
	done(&w);
}

/* A log that turns to TLS on the other side still pairs: its hidden part
 * says nothing against it. */
static void hidden(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	make(&w, 50);
	for (i = 0; i < 50; i++) {
		struct digest *d = &w.d[1][i];

		d->token_count = 0;
		d->kinds = 0;
		add_token(d, TOKEN_ADDRESS, i % 5);
		add_token(d, TOKEN_SERVER, 0);
		d->opaque = true;
		drop_token(&w.d[0][i], TOKEN_CLIENT);
		w.d[0][i].resolution_ns = 0;
		w.d[0][i].start = SW_NO_TIME;
	}
	assert_all(&w, 50);
	done(&w);
}

/* Contradictions are not paired, however few sessions there are. */
static void strangers(void **state)
{
	struct world w;

	(void)state;
	make(&w, 1);
	w.d[1][0].token_count = 0;
	w.d[1][0].kinds = 0;
	add_token(&w.d[1][0], TOKEN_ADDRESS, 77);
	add_token(&w.d[1][0], TOKEN_HELO, 78);
	add_token(&w.d[1][0], TOKEN_ENVELOPE, 79);
	run(&w);
	assert_int_equal(w.m.pair_count, 0);
	assert_int_equal(w.m.only_count[0], 1);
	assert_int_equal(w.m.only_count[1], 1);
	done(&w);
}

static void many(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	make(&w, 20000);
	strip(&w, 0, TOKEN_CLIENT);
	for (i = 0; i < 20000; i += 3) {
		add_token(&w.d[0][i], TOKEN_QUEUE_ID, i);
		add_token(&w.d[1][i], TOKEN_QUEUE_ID, i);
	}
	shift(&w, 1, -3 * HOUR);
	round_times(&w, 0);
	assert_all(&w, 20000);
	done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(all_alike),
		cmocka_unit_test(shifted),
		cmocka_unit_test(summer_time),
		cmocka_unit_test(translated),
		cmocka_unit_test(equal_envelopes),
		cmocka_unit_test(nothing_rare),
		cmocka_unit_test(order_alone),
		cmocka_unit_test(no_times),
		cmocka_unit_test(no_dates),
		cmocka_unit_test(one_side_only),
		cmocka_unit_test(hidden),
		cmocka_unit_test(strangers),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
