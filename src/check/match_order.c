/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match_order.c - pairs by order, the last resort: what nothing tells apart
 * (the same envelope again and again, without times) stands in the same
 * order on both sides
 */
#include "check/matcher.h"

/* Pair two sessions for their order if they are worth that. */
static bool try_order(struct matcher *x, uint32_t left, uint32_t right,
    int32_t worth, bool *paired_r)
{
	struct edge e = { .left = left, .right = right };

	match_weigh(x, &e);
	e.by |= 1u << SW_BY_ORDER;
	*paired_r = e.worth >= worth;
	if (!*paired_r)
		return true;
	if (!match_push_edge(x, &e))
		return false;
	match_marry(x, x->edge_count - 1);
	return true;
}

/* Those of a large group that are free, in order. */
static bool pair_group(struct matcher *x, const struct group *g)
{
	size_t l, r = g->middle;
	bool paired;

	for (l = g->begin; l < g->middle && r < g->end; l++) {
		uint32_t left = entry_index(&x->entries[l]);

		if (x->mate[0][left])
			continue;
		while (r < g->end &&
		    x->mate[1][entry_index(&x->entries[r])])
			r++;
		if (r < g->end && !try_order(x, left,
		    entry_index(&x->entries[r]), WORTH_MIN / 2, &paired))
			return false;
	}
	return true;
}

static bool pair_groups(struct matcher *x)
{
	struct group g;
	size_t i;

	for (i = 0; i < x->entry_count; i = g.end) {
		g = match_group(x, i);
		if (token_kind(x->entries[i].low) <= TOKEN_HELO &&
		    !pair_group(x, &g))
			return false;
	}
	return true;
}

/* A session of the left with one of the right from `from` on, up to the next
 * that is paired further on; *next_r: behind that one. */
static bool pair_next(struct matcher *x, uint32_t left, size_t from,
    size_t *next_r)
{
	size_t i;
	bool paired;

	*next_r = from;
	for (i = from; i < x->n[1] && i < from + NEIGHBOURS; i++) {
		if (x->mate[1][i] > left + 1)
			break;
		if (x->mate[1][i])
			continue;
		if (!try_order(x, left, (uint32_t)i, 0, &paired))
			return false;
		if (!paired)
			continue;
		*next_r = i + 1;
		break;
	}
	return true;
}

/*
 * What is left stands between sessions that are paired: between the same
 * two on both sides it is paired in order.
 */
static bool pair_between(struct matcher *x)
{
	size_t l, r = 0;

	for (l = 0; l < x->n[0]; l++) {
		if (x->mate[0][l]) {
			if (x->mate[0][l] > r)
				r = x->mate[0][l];
			continue;
		}
		if (!pair_next(x, (uint32_t)l, r, &r))
			return false;
	}
	return true;
}

bool match_pair_in_order(struct matcher *x)
{
	return pair_groups(x) && pair_between(x);
}
