/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match_vote.c - the clocks of two sides in which no session is rare: the
 * same mail again and again
 */
#include "check/matcher.h"

#include <stdlib.h>

#include "base/error.h"

/* So many sessions tell the clocks, each with those of the other side whose
 * place differs by so much, and at least so many must agree. */
#define VOTERS 2000
#define VOTE_REACH 8
#define VOTES_MIN 3

/* An offset that two sessions would tell. */
struct vote {
	int64_t offset;
	uint32_t left, right;
};

static int compare_votes(const void *a, const void *b)
{
	const struct vote *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->left != y->left)
		return x->left < y->left ? -1 : 1;
	return x->right < y->right ? -1 : x->right > y->right;
}

/* What sessions at about the same place of both sides would tell, if
 * something speaks for them. */
static size_t collect_votes(const struct matcher *x, struct vote *votes)
{
	size_t i, k, n = 0;

	for (i = 0; i < x->n[0] && i < VOTERS; i++)
		for (k = i > VOTE_REACH ? i - VOTE_REACH : 0; k < x->n[1] &&
		    k <= i + VOTE_REACH; k++) {
			struct edge e = { .left = (uint32_t)i,
				.right = (uint32_t)k };
			bool known;
			int64_t offset = match_apart(x, &x->d[0][i],
			    &x->d[1][k], &known);

			if (!known || offset >= OFFSET_MAX ||
			    offset <= -OFFSET_MAX)
				continue;
			match_weigh(x, &e);
			if (e.worth <= 0)
				continue;
			votes[n].offset = offset;
			votes[n].left = (uint32_t)i;
			votes[n++].right = (uint32_t)k;
		}
	return n;
}

static int64_t magnitude(int64_t v)
{
	return v < 0 ? -v : v;
}

/* Most votes that lie together; of equally many those nearest to 0. */
static size_t densest(const struct vote *votes, size_t n, int64_t width,
    size_t *from_r)
{
	size_t from = 0, to, best = 0;

	*from_r = 0;
	for (to = 0; to < n; to++) {
		size_t count;

		while (votes[to].offset - votes[from].offset > width)
			from++;
		count = to - from + 1;
		if (count < best || (count == best &&
		    magnitude(votes[from].offset) >=
		    magnitude(votes[*from_r].offset)))
			continue;
		best = count;
		*from_r = from;
	}
	return best;
}

/*
 * No two sessions are the same beyond doubt: the same mail again and again.
 * What offset would make most of them meet?
 */
bool match_vote(struct matcher *x)
{
	size_t least = x->n[0] < x->n[1] ? x->n[0] : x->n[1], n, from, i;
	struct vote *votes;
	int64_t width;
	bool ok = true;

	if (x->sample_count > 0 || least < VOTES_MIN)
		return true;
	votes = calloc(VOTERS * (2 * VOTE_REACH + 1), sizeof(*votes));
	if (!votes)
		return false;
	n = collect_votes(x, votes);
	if (n > 1)
		qsort(votes, n, sizeof(*votes), compare_votes);
	width = match_slack(&x->d[0][0], &x->d[1][0]) + NS_PER_S / 10;
	n = densest(votes, n, width, &from);
	if (least > VOTERS)
		least = VOTERS;
	for (i = from; ok && n >= VOTES_MIN && 2 * n >= least && i < from + n;
	    i++)
		ok = match_add_sample(x, &x->d[0][votes[i].left],
		    &x->d[1][votes[i].right]);
	free(votes);
	return ok;
}
