/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match_candidates.c - which sessions may be the same: those that share a
 * token that few have, and those that began at about the same time
 */
#include "check/matcher.h"

#include <stdlib.h>

#include "base/error.h"

/* Of so few sessions each token that a pair shares is a sample: what more
 * tokens say weighs more.  Of more, each pair is one. */
#define SAMPLED_MANY 4096
/* So many candidates may stand there twice. */
#define SETTLE_MIN 1024

/* --- tokens --------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (entry_token(x) != entry_token(y))
		return entry_token(x) < entry_token(y) ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void collect_side(struct matcher *x, size_t side)
{
	size_t i, k;

	for (i = 0; i < x->n[side]; i++) {
		const struct digest *d = &x->d[side][i];

		for (k = 0; k < d->token_count; k++) {
			struct entry *e = &x->entries[x->entry_count++];

			e->high = (uint32_t)(d->tokens[k] >> 32);
			e->low = (uint32_t)d->tokens[k];
			e->place = (uint32_t)i | (side ? RIGHT : 0);
		}
	}
}

/* Where the entries begin whose tokens begin with these bits. */
enum { BUCKET_BITS = 10, BUCKETS = 1 << BUCKET_BITS };

static size_t bucket_of(const struct entry *e)
{
	return e->high >> (32 - BUCKET_BITS);
}

/* Each entry into its bucket, by exchanges: qsort alone would take as much
 * memory again. */
static void deal_entries(struct entry *e, size_t next[BUCKETS],
    const size_t end[BUCKETS])
{
	size_t b, to;

	for (b = 0; b < BUCKETS; b++)
		while (next[b] < end[b]) {
			struct entry moved = e[next[b]];

			to = bucket_of(&moved);
			e[next[b]] = e[next[to]];
			e[next[to]++] = moved;
		}
}

static void sort_entries(struct entry *e, size_t count)
{
	size_t next[BUCKETS] = { 0 }, end[BUCKETS], from = 0, i;

	for (i = 0; i < count; i++)
		next[bucket_of(&e[i])]++;
	for (i = 0; i < BUCKETS; i++) {
		end[i] = from + next[i];
		next[i] = from;
		from = end[i];
	}
	deal_entries(e, next, end);
	for (i = from = 0; i < BUCKETS; from = end[i++])
		if (end[i] - from > 1)
			qsort(&e[from], end[i] - from, sizeof(*e),
			    compare_entries);
}

bool match_collect_tokens(struct matcher *x)
{
	size_t total = 0, side, i;

	for (side = 0; side < 2; side++)
		for (i = 0; i < x->n[side]; i++)
			total += x->d[side][i].token_count;
	x->entries = calloc(total + 1, sizeof(*x->entries));
	if (!x->entries)
		return false;
	collect_side(x, 0);
	collect_side(x, 1);
	sort_entries(x->entries, x->entry_count);
	return true;
}

struct group match_group(const struct matcher *x, size_t begin)
{
	struct group g = { begin, begin, begin };
	uint64_t token = entry_token(&x->entries[begin]);

	while (g.middle < x->entry_count &&
	    entry_token(&x->entries[g.middle]) == token &&
	    x->entries[g.middle].place < RIGHT)
		g.middle++;
	for (g.end = g.middle; g.end < x->entry_count &&
	    entry_token(&x->entries[g.end]) == token; g.end++)
		;
	return g;
}

/* --- samples -------------------------------------------------------------- */

bool match_add_sample(struct matcher *x, const struct digest *l,
    const struct digest *r)
{
	void *samples = x->samples;
	struct clock_sample s;
	bool known;

	s.offset = match_apart(x, l, r, &known);
	if (!known || s.offset >= OFFSET_MAX || s.offset <= -OFFSET_MAX)
		return true;
	s.right = r->start;
	s.slack = match_slack(l, r);
	if (!base_grow(&samples, x->sample_count, &x->sample_capacity,
	    sizeof(*x->samples)))
		return false;
	x->samples = samples;
	x->samples[x->sample_count++] = s;
	return true;
}

bool match_sample_tokens(struct matcher *x)
{
	/* Nobody is paired yet: here it says who was a sample with whom. */
	uint32_t *told = x->mate[0];
	bool many = x->n[0] > SAMPLED_MANY, ok = true;
	struct group g;
	size_t i;

	for (i = 0; ok && i < x->entry_count; i = g.end) {
		const struct entry *e = &x->entries[i];
		uint32_t left = entry_index(e), right;

		g = match_group(x, i);
		if (g.middle - i != 1 || g.end - g.middle != 1 ||
		    token_kind(e->low) > TOKEN_HELO)
			continue;
		right = entry_index(&x->entries[g.middle]);
		if (many && told[left] == right + 1)
			continue;
		told[left] = right + 1;
		ok = match_add_sample(x, &x->d[0][left], &x->d[1][right]);
	}
	memset(told, 0, x->n[0] * sizeof(*told));
	return ok;
}

/* --- candidates ----------------------------------------------------------- */

static int compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->left != y->left)
		return x->left < y->left ? -1 : 1;
	return x->right < y->right ? -1 : x->right > y->right;
}

/* In order, each once: what shares two tokens was found twice. */
static void settle_edges(struct matcher *x)
{
	size_t i, n = 0;

	if (x->edge_count > 1)
		qsort(x->edges, x->edge_count, sizeof(*x->edges),
		    compare_edges);
	for (i = 0; i < x->edge_count; i++)
		if (n == 0 || compare_edges(&x->edges[n - 1],
		    &x->edges[i]) != 0)
			x->edges[n++] = x->edges[i];
	x->edge_count = n;
}

bool match_push_edge(struct matcher *x, const struct edge *e)
{
	void *edges = x->edges;

	if (!base_grow(&edges, x->edge_count, &x->edge_capacity,
	    sizeof(*x->edges)))
		return false;
	x->edges = edges;
	x->edges[x->edge_count++] = *e;
	return true;
}

/* A candidate, if it is worth something. */
static bool add_edge(struct matcher *x, uint32_t left, uint32_t right)
{
	struct edge e = { .left = left, .right = right };

	match_weigh(x, &e);
	if (e.worth < WORTH_MIN)
		return true;
	/* Before memory grows: is much there twice? */
	if (x->edge_count == x->edge_settle) {
		settle_edges(x);
		x->edge_settle = 2 * x->edge_count + SETTLE_MIN;
	}
	return match_push_edge(x, &e);
}

static bool take_group(struct matcher *x, const struct group *g)
{
	const struct entry *e = x->entries;
	size_t l, r;

	if ((g->middle - g->begin) * (g->end - g->middle) > GROUP_PAIRS)
		return true;
	for (l = g->begin; l < g->middle; l++)
		for (r = g->middle; r < g->end; r++)
			if (!add_edge(x, entry_index(&e[l]),
			    entry_index(&e[r])))
				return false;
	return true;
}

static bool take_tokens(struct matcher *x)
{
	struct group g;
	size_t i;

	for (i = 0; i < x->entry_count; i = g.end) {
		g = match_group(x, i);
		if (!take_group(x, &g))
			return false;
	}
	return true;
}

/* --- neighbours in time --------------------------------------------------- */

struct at {
	int64_t time;
	uint32_t index;
};

static int compare_ats(const void *a, const void *b)
{
	const struct at *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sessions of a side with times, the right side's by the left's clock. */
static struct at *in_time(const struct matcher *x, size_t side,
    size_t *count_r)
{
	struct at *list = calloc(x->n[side] + 1, sizeof(*list));
	size_t i, n = 0;

	*count_r = 0;
	for (i = 0; list && i < x->n[side]; i++) {
		const struct digest *d = &x->d[side][i];

		if (!d->resolution_ns || !match_is_time(d->start))
			continue;
		list[n].time = side == 0 ? d->start :
		    d->start + match_offset(x->m, d->start);
		if (!x->dated)
			list[n].time = (list[n].time % DAY + DAY) % DAY;
		list[n++].index = (uint32_t)i;
	}
	if (n > 1)
		qsort(list, n, sizeof(*list), compare_ats);
	*count_r = n;
	return list;
}

static bool pair_neighbours(struct matcher *x, const struct at *l, size_t ln,
    const struct at *r, size_t rn)
{
	size_t i, k = 0, near;

	for (i = 0; i < ln; i++) {
		size_t taken = 0;

		while (k < rn && r[k].time < l[i].time)
			k++;
		for (near = k; near < rn && taken < NEIGHBOURS &&
		    r[near].time - l[i].time <= x->reach; near++, taken++)
			if (!add_edge(x, l[i].index, r[near].index))
				return false;
		taken = 0;
		for (near = k; near > 0 && taken < NEIGHBOURS &&
		    l[i].time - r[near - 1].time <= x->reach;
		    near--, taken++)
			if (!add_edge(x, l[i].index, r[near - 1].index))
				return false;
	}
	return true;
}

static bool take_times(struct matcher *x)
{
	struct at *l, *r;
	size_t ln, rn;
	bool ok;

	if (x->m->clock_count == 0)
		return true;
	l = in_time(x, 0, &ln);
	r = in_time(x, 1, &rn);
	ok = l && r && pair_neighbours(x, l, ln, r, rn);
	free(l);
	free(r);
	return ok;
}

bool match_take_candidates(struct matcher *x)
{
	if (!take_tokens(x) || !take_times(x))
		return false;
	settle_edges(x);
	return true;
}
