/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_assign.c - of all candidates those that are worth most together */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/matcher.h"

/* Candidates between two sides of at most so many sessions. */
#define SIDE 6

struct graph {
	struct matcher x;
	int32_t worth[SIDE][SIDE]; /* 0: no candidate */
};

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static void prepare(struct matcher *x, size_t left, size_t right)
{
	memset(x, 0, sizeof(*x));
	x->n[0] = left;
	x->n[1] = right;
	x->mate[0] = calloc(left + 1, sizeof(*x->mate[0]));
	x->mate[1] = calloc(right + 1, sizeof(*x->mate[1]));
	x->mate_edge = calloc(left + 1, sizeof(*x->mate_edge));
	assert_true(x->mate[0] && x->mate[1] && x->mate_edge);
}

static void release(struct matcher *x)
{
	free(x->mate[0]);
	free(x->mate[1]);
	free(x->mate_edge);
	free(x->edges);
}

static void add(struct matcher *x, size_t left, size_t right, int32_t worth)
{
	struct edge e = { .left = (uint32_t)left, .right = (uint32_t)right,
		.worth = worth };

	assert_true(match_push_edge(x, &e));
}

/* A graph of a few candidates whose worths are alike. */
static void draw_graph(struct graph *g, uint32_t *seed)
{
	size_t n = 1 + draw(seed, SIDE), m = 1 + draw(seed, SIDE), i, k;

	memset(g->worth, 0, sizeof(g->worth));
	prepare(&g->x, n, m);
	for (i = 0; i < n; i++)
		for (k = 0; k < m; k++) {
			if (draw(seed, 3) == 0)
				continue;
			g->worth[i][k] = WORTH_MIN + (int32_t)draw(seed, 5) *
			    WORTH_UNIT;
			add(&g->x, i, k, g->worth[i][k]);
		}
}

/* The most that sessions from `left` on can be worth, by trying all. */
static int32_t most(const struct graph *g, size_t left, uint32_t taken)
{
	int32_t best, v;
	size_t k;

	if (left >= SIDE || left == g->x.n[0])
		return 0;
	best = most(g, left + 1, taken);
	for (k = 0; k < SIDE; k++) {
		if (g->worth[left][k] == 0 || taken >> k & 1)
			continue;
		v = g->worth[left][k] + most(g, left + 1, taken | 1u << k);
		best = v > best ? v : best;
	}
	return best;
}

/* What the pairs are worth; each is one, and a candidate. */
static int32_t got(const struct graph *g)
{
	const struct matcher *x = &g->x;
	int32_t sum = 0;
	size_t i;

	for (i = 0; i < x->n[0]; i++) {
		uint32_t right = x->mate[0][i];

		if (!right) {
			assert_int_equal(x->mate_edge[i], 0);
			continue;
		}
		assert_int_equal(x->mate[1][right - 1], i + 1);
		assert_int_equal(x->edges[x->mate_edge[i] - 1].left, i);
		assert_int_equal(x->edges[x->mate_edge[i] - 1].right,
		    right - 1);
		sum += g->worth[i][right - 1];
	}
	return sum;
}

static void best(void **state)
{
	uint32_t seed = 1, round;

	(void)state;
	for (round = 0; round < 3000; round++) {
		struct graph g;

		draw_graph(&g, &seed);
		assert_true(match_assign(&g.x));
		assert_int_equal(got(&g), most(&g, 0, 0));
		release(&g.x);
	}
}

/* All are worth the same: no two pairs cross, wherever the other side's
 * sessions begin. */
static void in_order(void **state)
{
	enum { N = 300, NEAR = 9, LATER = 5 };
	struct matcher x;
	size_t i, k;

	(void)state;
	prepare(&x, N, N - LATER);
	for (i = 0; i < N; i++)
		for (k = i > NEAR ? i - NEAR : 0; k <= i && k < N - LATER;
		    k++)
			add(&x, i, k, WORTH_MIN);
	assert_true(match_assign(&x));
	for (i = k = 0; i < N; i++) {
		if (!x.mate[0][i])
			continue;
		k++;
		assert_int_equal(x.mate[0][i], k);
	}
	assert_int_equal(k, N - LATER);
	release(&x);
}

/* The last has one candidate only, for which all the others move on. */
static void long_chain(void **state)
{
	enum { N = 900 };
	struct matcher x;
	size_t i;

	(void)state;
	assert_true(2 * WORTH_MIN > N);
	prepare(&x, N + 1, N + 1);
	for (i = 0; i < N; i++) {
		add(&x, i, i, 2 * WORTH_MIN);
		add(&x, i, i + 1, 2 * WORTH_MIN - 1);
	}
	add(&x, N, 0, 2 * WORTH_MIN);
	assert_true(match_assign(&x));
	for (i = 0; i < N; i++)
		assert_int_equal(x.mate[0][i], i + 2);
	assert_int_equal(x.mate[0][N], 1);
	release(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(best),
		cmocka_unit_test(in_order),
		cmocka_unit_test(long_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
