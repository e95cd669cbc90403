/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match_assign.c - of all candidates those that are worth most together
 *
 * Theory of operation.  Candidates are the edges of a sparse bipartite graph,
 * and what is wanted is its matching of maximum weight: the sum of the worths
 * first, and among equal sums that which keeps the order of both sides
 * (the squares of the distances of places are least where no two pairs
 * cross).  It is found by the primal-dual method with shortest augmenting
 * paths (Galil, "Efficient algorithms for finding maximum matching in
 * graphs", 1986, section 3): every session has a price, no candidate is worth
 * more than the prices of its ends together, those of pairs are worth exactly
 * that, and who stays alone costs nothing.
 *
 * First each session of the left takes its best candidate if nobody has it;
 * for real traffic that is nearly all.  Each that is left looks for the
 * cheapest chain of exchanges (Dijkstra's algorithm), which mostly ends after
 * a few steps.  A chain may go over SEARCH_MAX sessions, and all together
 * over SEARCH_MEAN a session on the average; one that is given up takes what
 * is free.  Only then, which a traffic of endless repetition can bring about,
 * is the result not the best there is; the work stays n log n.
 */
#include "check/matcher.h"

#include <stdlib.h>

#include "base/error.h"

#define SEARCH_MAX 4096
#define SEARCH_MEAN 32
/* Worth comes first, order second. */
#define WORTH_ONE (INT64_C(1) << 40)
/* Places that differ by more are equally far. */
#define PLACES_MAX (INT64_C(1) << 19)

/* What a search knows of a session of the right. */
struct reached {
	int64_t distance;
	uint32_t edge;    /* by which */
	uint32_t search;  /* ... of this number */
};

struct step {
	int64_t distance;
	uint32_t right;
};

struct solver {
	struct matcher *x;
	uint32_t *first; /* of each left: its first edge */
	int64_t *price[2];
	struct reached *reached;
	struct step *heap;
	size_t heap_count, heap_capacity;
	uint32_t *settled;
	size_t settled_count;
	size_t budget;   /* steps that all searches have left */
	/* the end of the cheapest chain */
	int64_t cost;
	uint32_t end;    /* a session of the right + 1 */
	bool drops;      /* ... whose partner stays alone; else it is free */
	bool given_up;
};

static int64_t weight(const struct edge *e)
{
	int64_t apart = (int64_t)e->left - (int64_t)e->right;

	if (apart < 0)
		apart = -apart;
	if (apart > PLACES_MAX)
		apart = PLACES_MAX;
	return e->worth * WORTH_ONE - apart * apart;
}

void match_marry(struct matcher *x, size_t edge)
{
	const struct edge *e = &x->edges[edge];

	x->mate[0][e->left] = e->right + 1;
	x->mate[1][e->right] = e->left + 1;
	x->mate_edge[e->left] = (uint32_t)edge + 1;
}

static void leave(struct matcher *x, uint32_t left)
{
	x->mate[0][left] = 0;
	x->mate_edge[left] = 0;
}

/* --- the heap ------------------------------------------------------------- */

static bool push(struct solver *s, int64_t distance, uint32_t right)
{
	void *heap = s->heap;
	size_t i;

	if (!base_grow(&heap, s->heap_count, &s->heap_capacity,
	    sizeof(*s->heap)))
		return false;
	s->heap = heap;
	for (i = s->heap_count++; i > 0; i = (i - 1) / 2) {
		if (s->heap[(i - 1) / 2].distance <= distance)
			break;
		s->heap[i] = s->heap[(i - 1) / 2];
	}
	s->heap[i].distance = distance;
	s->heap[i].right = right;
	return true;
}

/* The nearest; the heap must not be empty. */
static struct step pop(struct solver *s)
{
	struct step top = s->heap[0], last = s->heap[--s->heap_count];
	size_t i = 0, k;

	for (; (k = 2 * i + 1) < s->heap_count; i = k) {
		if (k + 1 < s->heap_count &&
		    s->heap[k + 1].distance < s->heap[k].distance)
			k++;
		if (last.distance <= s->heap[k].distance)
			break;
		s->heap[i] = s->heap[k];
	}
	s->heap[i] = last;
	return top;
}

/* --- searching ------------------------------------------------------------ */

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void end_at(struct solver *s, int64_t cost, uint32_t right,
    bool drops)
{
	s->cost = cost;
	s->end = right + 1;
	s->drops = drops;
}

/* All candidates of a left session that stands at a distance. */
static bool look_from(struct solver *s, uint32_t left, int64_t distance,
    uint32_t search)
{
	const struct matcher *x = s->x;
	uint32_t i;

	for (i = s->first[left]; i < s->first[left + 1]; i++) {
		uint32_t right = x->edges[i].right;
		struct reached *r = &s->reached[right];
		int64_t d = distance + larger(0, s->price[0][left] +
		    s->price[1][right] - weight(&x->edges[i]));

		if (d >= s->cost || (r->search == search &&
		    r->distance <= d))
			continue;
		r->distance = d;
		r->edge = i;
		r->search = search;
		if (!x->mate[1][right])
			end_at(s, d, right, false);
		else if (!push(s, d, right))
			return false;
	}
	return true;
}

/* The cheapest end of a chain that begins at a left session. */
static bool search(struct solver *s, uint32_t left)
{
	const struct matcher *x = s->x;
	uint32_t number = left + 1;
	size_t steps = s->budget > SEARCH_MAX ? SEARCH_MAX : s->budget;

	s->cost = s->price[0][left]; /* it stays alone */
	s->end = 0;
	s->heap_count = s->settled_count = 0;
	s->given_up = false;
	if (!look_from(s, left, 0, number))
		return false;
	while (s->heap_count > 0) {
		struct step t = pop(s);
		uint32_t mate = x->mate[1][t.right] - 1;

		if (t.distance >= s->cost)
			break;
		if (t.distance > s->reached[t.right].distance)
			continue; /* a shorter way was found */
		if (s->settled_count == steps) {
			s->given_up = true;
			s->cost = t.distance;
			break;
		}
		s->settled[s->settled_count++] = t.right;
		if (t.distance + s->price[0][mate] < s->cost)
			end_at(s, t.distance + s->price[0][mate], t.right,
			    true);
		if (!look_from(s, mate, t.distance, number))
			return false;
	}
	s->budget -= s->settled_count;
	return true;
}

/* Prices after a search: all along the cheapest chain fits exactly. */
static void set_prices(struct solver *s, uint32_t left)
{
	size_t i;

	s->price[0][left] -= s->cost;
	for (i = 0; i < s->settled_count; i++) {
		uint32_t right = s->settled[i];
		int64_t d = s->cost - s->reached[right].distance;

		if (d <= 0)
			continue;
		s->price[1][right] += d;
		s->price[0][s->x->mate[1][right] - 1] -= d;
	}
}

/* Each takes the candidate by which it was reached, from the end on. */
static void exchange(struct solver *s, uint32_t left)
{
	struct matcher *x = s->x;
	uint32_t right = s->end - 1, from, next;

	if (!s->end || s->given_up)
		return;
	if (s->drops)
		leave(x, x->mate[1][right] - 1);
	do {
		from = x->edges[s->reached[right].edge].left;
		next = x->mate[0][from];
		match_marry(x, s->reached[right].edge);
		right = next - 1;
	} while (from != left);
}

/* --- all of it ------------------------------------------------------------ */

/* The best candidate of each, if it is free. */
static void take_best(struct solver *s)
{
	struct matcher *x = s->x;
	size_t i;

	for (i = 0; i < x->edge_count; i++) {
		const struct edge *e = &x->edges[i];

		s->price[0][e->left] = larger(s->price[0][e->left],
		    weight(e));
	}
	for (i = 0; i < x->edge_count; i++) {
		const struct edge *e = &x->edges[i];

		if (!x->mate[0][e->left] && !x->mate[1][e->right] &&
		    weight(e) == s->price[0][e->left])
			match_marry(x, i);
	}
}

/* For whom the search was given up: what is free. */
static void take_free(struct matcher *x)
{
	size_t i;

	for (i = 0; i < x->edge_count; i++)
		if (!x->mate[0][x->edges[i].left] &&
		    !x->mate[1][x->edges[i].right])
			match_marry(x, i);
}

static bool improve(struct solver *s)
{
	bool given_up = false;
	uint32_t left;

	for (left = 0; left < s->x->n[0]; left++) {
		if (s->x->mate[0][left] || s->price[0][left] == 0)
			continue;
		if (!search(s, left))
			return false;
		set_prices(s, left);
		exchange(s, left);
		given_up |= s->given_up;
	}
	if (given_up)
		take_free(s->x);
	return true;
}

static void index_edges(struct solver *s)
{
	const struct matcher *x = s->x;
	uint32_t k = 0;
	size_t i;

	for (i = 0; i <= x->n[0]; i++) {
		while (k < x->edge_count && x->edges[k].left < i)
			k++;
		s->first[i] = k;
	}
}

bool match_assign(struct matcher *x)
{
	struct solver s = { .x = x };
	bool ok;

	s.budget = SEARCH_MEAN * (x->n[0] + SEARCH_MAX);
	s.first = calloc(x->n[0] + 1, sizeof(*s.first));
	s.price[0] = calloc(x->n[0] + 1, sizeof(*s.price[0]));
	s.price[1] = calloc(x->n[1] + 1, sizeof(*s.price[1]));
	s.reached = calloc(x->n[1] + 1, sizeof(*s.reached));
	s.settled = calloc(SEARCH_MAX, sizeof(*s.settled));
	ok = s.first && s.price[0] && s.price[1] && s.reached && s.settled &&
	    x->edge_count < UINT32_MAX;
	if (ok) {
		index_edges(&s);
		take_best(&s);
		ok = improve(&s);
	}
	free(s.first);
	free(s.price[0]);
	free(s.price[1]);
	free(s.reached);
	free(s.settled);
	free(s.heap);
	return ok;
}
