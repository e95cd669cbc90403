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

/* --- tokens --------------------------------------------------------------- */

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

/* Octets by which entries are sorted: those of the token, then of the place. */
#define ENTRY_OCTETS 12
/* So few are sorted by insertion. */
#define FEW 48

static uint8_t entry_octet(const struct entry *e, unsigned at)
{
	uint32_t word = at < 4 ? e->high : at < 8 ? e->low : e->place;

	return (uint8_t)(word >> (24 - 8 * (at & 3)));
}

static bool is_before(const struct entry *x, const struct entry *y)
{
	if (entry_token(x) != entry_token(y))
		return entry_token(x) < entry_token(y);
	return x->place < y->place;
}

static void insert_entries(struct entry *e, size_t count)
{
	size_t i, k;

	for (i = 1; i < count; i++) {
		struct entry moved = e[i];

		for (k = i; k > 0 && is_before(&moved, &e[k - 1]); k--)
			e[k] = e[k - 1];
		e[k] = moved;
	}
}

/* Each entry to those whose octet is the same, by exchanges: what merges
 * would take as much memory again.  next: where those of an octet begin. */
static void deal_entries(struct entry *e, unsigned at, size_t next[256],
    const size_t end[256])
{
	size_t b, to;

	for (b = 0; b < 256; b++)
		while (next[b] < end[b]) {
			struct entry moved = e[next[b]];

			to = entry_octet(&moved, at);
			e[next[b]] = e[next[to]];
			e[next[to]++] = moved;
		}
}

/* By radix, from the first octet on: that is linear whatever the tokens. */
static void sort_entries(struct entry *e, size_t count, unsigned at)
{
	size_t next[256] = { 0 }, end[256], from = 0, i;

	if (at == ENTRY_OCTETS)
		return;
	if (count <= FEW) {
		insert_entries(e, count);
		return;
	}
	for (i = 0; i < count; i++)
		next[entry_octet(&e[i], at)]++;
	for (i = 0; i < 256; i++) {
		end[i] = from + next[i];
		next[i] = from;
		from = end[i];
	}
	deal_entries(e, at, next, end);
	for (i = from = 0; i < 256; from = end[i++])
		if (end[i] - from > 1)
			sort_entries(&e[from], end[i] - from, at + 1);
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
	sort_entries(x->entries, x->entry_count, 0);
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

/* --- partners ------------------------------------------------------------- */

/* Are sessions with this token candidates? */
static bool is_rare(const struct group *g)
{
	size_t left = g->middle - g->begin, right = g->end - g->middle;

	/* The product may be more than a size_t holds. */
	return left == 0 || right <= GROUP_PAIRS / left;
}

/* How many each has, in front of the place of the next. */
static size_t count_partners(struct matcher *x)
{
	size_t i, l, total = 0;
	struct group g;

	for (i = 0; i < x->entry_count; i = g.end) {
		g = match_group(x, i);
		for (l = i; is_rare(&g) && l < g.middle; l++)
			x->first_partner[entry_index(&x->entries[l]) + 1] +=
			    g.end - g.middle;
	}
	for (i = 1; i <= x->n[0]; i++) {
		size_t count = x->first_partner[i];

		x->first_partner[i] = total;
		total += count;
	}
	return total;
}

/* Of each behind those that it has; what counted them moves on. */
static void add_partners(struct matcher *x, const struct group *g)
{
	const struct entry *e = x->entries;
	uint32_t strong = token_kind(e[g->begin].low) <= TOKEN_ENVELOPE ?
	    STRONG : 0;
	size_t l, r;

	for (l = g->begin; l < g->middle; l++) {
		size_t *at = &x->first_partner[entry_index(&e[l]) + 1];

		for (r = g->middle; r < g->end; r++)
			x->partners[(*at)++] = entry_index(&e[r]) | strong;
	}
}

bool match_find_partners(struct matcher *x)
{
	struct group g;
	size_t i;

	x->first_partner = calloc(x->n[0] + 2, sizeof(*x->first_partner));
	if (!x->first_partner)
		return false;
	x->partners = base_realloc_array(NULL, count_partners(x) + 1,
	    sizeof(*x->partners));
	if (!x->partners)
		return false;
	for (i = 0; i < x->entry_count; i = g.end) {
		g = match_group(x, i);
		if (is_rare(&g))
			add_partners(x, &g);
	}
	return true;
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

/* --- neighbours in time --------------------------------------------------- */

struct at {
	int64_t time;
	uint32_t index;
};

/* The right side in order of time, by the left's clock, and of each left
 * where it would stand there. */
struct times {
	struct at *right;
	size_t count;
	size_t *places; /* + 1; 0: it has no time */
};

static int compare_ats(const void *a, const void *b)
{
	const struct at *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* The start of a session of a side; false: it has none. */
static bool time_of(const struct matcher *x, size_t side, size_t i,
    int64_t *time_r)
{
	const struct digest *d = &x->d[side][i];

	if (!d->resolution_ns || !match_is_time(d->start))
		return false;
	*time_r = side == 0 ? d->start : d->start + match_offset(x->m,
	    d->start);
	if (!x->dated)
		*time_r = (*time_r % DAY + DAY) % DAY;
	return true;
}

/* Sessions of a side with times. */
static struct at *in_time(const struct matcher *x, size_t side,
    size_t *count_r)
{
	struct at *list = calloc(x->n[side] + 1, sizeof(*list));
	size_t i, n = 0;
	bool in_order = true;

	*count_r = 0;
	for (i = 0; list && i < x->n[side]; i++) {
		if (!time_of(x, side, i, &list[n].time))
			continue;
		list[n].index = (uint32_t)i;
		in_order = in_order && (n == 0 ||
		    list[n - 1].time <= list[n].time);
		n++;
	}
	if (!in_order)
		qsort(list, n, sizeof(*list), compare_ats);
	*count_r = n;
	return list;
}

/* false: no memory. */
static bool times_init(struct times *t, const struct matcher *x)
{
	struct at *left;
	size_t count, i, k = 0;

	memset(t, 0, sizeof(*t));
	t->places = calloc(x->n[0] + 1, sizeof(*t->places));
	if (!t->places || x->m->clock_count == 0)
		return t->places;
	t->right = in_time(x, 1, &t->count);
	left = in_time(x, 0, &count);
	for (i = 0; left && t->right && i < count; i++) {
		while (k < t->count && t->right[k].time < left[i].time)
			k++;
		t->places[left[i].index] = k + 1;
	}
	free(left);
	return left && t->right;
}

static void times_fini(struct times *t)
{
	free(t->right);
	free(t->places);
}

/* --- candidates ----------------------------------------------------------- */

/* Of one session of the left: more than it has tokens, and neighbours. */
struct candidates {
	uint32_t right[DIGEST_TOKENS * GROUP_PAIRS + 2 * NEIGHBOURS];
	size_t count;
};

static int compare_indices(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void add_candidate(struct candidates *c, uint32_t right)
{
	/* Tokens that are shared are mostly shared with the same. */
	if (c->count == 0 || c->right[c->count - 1] != right)
		c->right[c->count++] = right;
}

static void add_neighbours(struct candidates *c, const struct matcher *x,
    const struct times *t, uint32_t left)
{
	size_t k = t->places[left] - 1, taken, near;
	int64_t time;

	if (!t->places[left] || !time_of(x, 0, left, &time))
		return;
	for (near = k, taken = 0; near < t->count && taken < NEIGHBOURS &&
	    t->right[near].time - time <= x->reach; near++, taken++)
		add_candidate(c, t->right[near].index);
	for (near = k, taken = 0; near > 0 && taken < NEIGHBOURS &&
	    time - t->right[near - 1].time <= x->reach; near--, taken++)
		add_candidate(c, t->right[near - 1].index);
}

/* In order, each once. */
static void settle(struct candidates *c)
{
	uint32_t *r = c->right;
	size_t i, k, n = 0;

	if (c->count > FEW)
		qsort(r, c->count, sizeof(*r), compare_indices);
	for (i = 1; i < c->count && c->count <= FEW; i++) {
		uint32_t moved = r[i];

		for (k = i; k > 0 && moved < r[k - 1]; k--)
			r[k] = r[k - 1];
		r[k] = moved;
	}
	for (i = 0; i < c->count; i++)
		if (n == 0 || r[n - 1] != r[i])
			r[n++] = r[i];
	c->count = n;
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

/* Those that are worth something. */
static bool push_candidates(struct matcher *x, const struct candidates *c,
    uint32_t left)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		struct edge e = { .left = left, .right = c->right[i] };

		match_weigh(x, &e);
		if (e.worth >= WORTH_MIN && !match_push_edge(x, &e))
			return false;
	}
	return true;
}

bool match_take_candidates(struct matcher *x)
{
	struct candidates c;
	struct times t;
	bool ok = times_init(&t, x);
	uint32_t left;
	size_t k;

	for (left = 0; ok && left < x->n[0]; left++) {
		c.count = 0;
		for (k = x->first_partner[left];
		    k < x->first_partner[left + 1]; k++)
			add_candidate(&c, x->partners[k] & ~STRONG);
		add_neighbours(&c, x, &t, left);
		settle(&c);
		ok = push_candidates(x, &c, left);
	}
	times_fini(&t);
	return ok;
}
