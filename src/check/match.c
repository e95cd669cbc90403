/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match.c - which sessions of the two sides are the same
 *
 * Theory of operation.
 *
 * 1. All tokens of both sides are sorted by their hash.  Where few sessions
 *    share one, each pair of them is a candidate; where exactly one of either
 *    side has a token that proves much, the pair is a sample for the clocks.
 * 2. With the offset of the clocks each session finds those of the other
 *    side that began at about the same time: they are candidates too.
 * 3. A candidate is worth what its tokens and times say for it, less what
 *    they say against it; a token that one side cannot record says nothing.
 * 4. Candidates make a graph, which falls into components.  In small ones
 *    the best assignment is found exactly, in large ones the best candidates
 *    are taken first and then exchanged where that gains something.
 * 5. What nothing tells apart (the same envelope again and again, without
 *    times) is paired in order.
 *
 * Sorting is the most that is done with all sessions: n log n.
 */
#include "check/check.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"

/* Sessions of both sides that share a token are all candidates if there are
 * at most so many pairs. */
#define GROUP_PAIRS 64
/* Candidates by time, on either side of a session. */
#define NEIGHBOURS 8
/* Where no session is rare: so many of them tell the clocks, each with those
 * of the other side whose place differs by so much, and at least so many must
 * agree. */
#define VOTERS 2000
#define VOTE_REACH 8
#define VOTES_MIN 3
/* A component with at most so many sessions a side is solved exactly. */
#define EXACT 12
/* A candidate that is worth less is none. */
#define WORTH_MIN 8
/* Starts that may belong together whatever the sources' resolutions. */
#define TIME_BASE (2 * NS_PER_S)
/* Times that can be reckoned with: from 1970 to 2116; and offsets. */
#define TIME_MAX (INT64_C(1) << 62)
#define OFFSET_MAX (INT64_C(1) << 61)
#define DAY (INT64_C(86400) * NS_PER_S)

static const struct {
	int8_t same, other; /* worth if shared; if both have others */
	uint8_t by;         /* 1u << sw_paired_by */
} worths[TOKEN_KIND_COUNT] = {
	[TOKEN_MESSAGE_ID] = { 40, -12, 1 << SW_BY_MESSAGE_ID },
	[TOKEN_QUEUE_ID] = { 40, -25, 1 << SW_BY_QUEUE_ID },
	[TOKEN_ENDPOINTS] = { 20, 0, 1 << SW_BY_ENDPOINTS },
	[TOKEN_CLIENT] = { 20, -20, 1 << SW_BY_ENDPOINTS },
	[TOKEN_ENVELOPE] = { 16, -10, 1 << SW_BY_ENVELOPE },
	[TOKEN_HELO] = { 6, -6, 1 << SW_BY_HELO },
	[TOKEN_ADDRESS] = { 6, -8, 1 << SW_BY_ENDPOINTS },
	[TOKEN_SERVER] = { 1, -2, 0 },
	[TOKEN_GREETING] = { 5, -4, 0 },
	[TOKEN_SHAPE] = { 8, -3, 0 },
};
/* Of the times: at once, and far apart. */
#define WORTH_TIME 14
#define WORTH_FAR -40
/* Against: on one side the server says nothing at all; on one side there is
 * no command. */
#define WORTH_SILENT 20
#define WORTH_NO_SHAPE 5

struct entry {
	uint64_t hash;
	uint32_t index;
	uint8_t side, kind;
};

struct edge {
	uint32_t left, right;
	int32_t worth;
	uint32_t by;
};

struct matcher {
	const struct digest *d[2];
	size_t n[2];
	struct matching *m;
	struct entry *entries;
	size_t entry_count;
	struct clock_sample *samples;
	size_t sample_count, sample_capacity;
	struct edge *edges;
	size_t edge_count, edge_capacity;
	bool dated;       /* both sides' times have dates */
	int64_t reach;    /* starts so far apart may be the same */
	uint32_t *by_time[2]; /* indices in order of (adjusted) start */
	uint32_t *mate[2];    /* index of the other side + 1 */
	uint32_t *mate_edge;  /* of each left: its edge */
	uint32_t *second[2];  /* worth of the second best candidate */
};

/* --- times ---------------------------------------------------------------- */

static bool is_time(int64_t t)
{
	return t >= 0 && t < TIME_MAX;
}

/* Into half a day either way, for sides without dates. */
static int64_t fold(int64_t ns)
{
	ns %= DAY;
	if (ns > DAY / 2)
		ns -= DAY;
	else if (ns < -DAY / 2)
		ns += DAY;
	return ns;
}

/* left - right, *known_r: both have times. */
static int64_t apart(const struct matcher *x, const struct digest *l,
    const struct digest *r, bool *known_r)
{
	int64_t d;

	*known_r = l->resolution_ns && r->resolution_ns &&
	    is_time(l->start) && is_time(r->start);
	if (!*known_r)
		return 0;
	d = l->start - r->start;
	return x->dated ? d : fold(d);
}

/* How far the starts are apart once the clocks agree. */
static int64_t distance(const struct matcher *x, const struct digest *l,
    const struct digest *r, bool *known_r)
{
	int64_t d = apart(x, l, r, known_r);

	*known_r = *known_r && x->m->clock_count > 0;
	if (!*known_r)
		return 0;
	d -= match_offset(x->m, r->start);
	if (!x->dated)
		d = fold(d);
	return d < 0 ? -d : d;
}

/* --- tokens --------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->side != y->side)
		return x->side < y->side ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool collect_tokens(struct matcher *x)
{
	size_t total = 0, side, i, k;

	for (side = 0; side < 2; side++)
		for (i = 0; i < x->n[side]; i++)
			total += x->d[side][i].token_count;
	x->entries = calloc(total + 1, sizeof(*x->entries));
	if (!x->entries)
		return false;
	for (side = 0; side < 2; side++)
		for (i = 0; i < x->n[side]; i++)
			for (k = 0; k < x->d[side][i].token_count; k++) {
				struct entry *e =
				    &x->entries[x->entry_count++];

				e->hash = x->d[side][i].tokens[k].hash;
				e->kind = x->d[side][i].tokens[k].kind;
				e->index = (uint32_t)i;
				e->side = (uint8_t)side;
			}
	if (x->entry_count > 1)
		qsort(x->entries, x->entry_count, sizeof(*x->entries),
		    compare_entries);
	return true;
}

static bool add_edge(struct matcher *x, uint32_t left, uint32_t right)
{
	void *edges = x->edges;

	if (!base_grow(&edges, x->edge_count, &x->edge_capacity,
	    sizeof(*x->edges)))
		return false;
	x->edges = edges;
	x->edges[x->edge_count].left = left;
	x->edges[x->edge_count].right = right;
	x->edges[x->edge_count].worth = 0;
	x->edges[x->edge_count++].by = 0;
	return true;
}

static bool add_sample(struct matcher *x, const struct digest *l,
    const struct digest *r)
{
	void *samples = x->samples;
	struct clock_sample s = { .weight = 1 };
	bool known;

	s.offset = apart(x, l, r, &known);
	if (!known || s.offset >= OFFSET_MAX || s.offset <= -OFFSET_MAX)
		return true;
	s.right = r->start;
	s.slack = l->resolution_ns > r->resolution_ns ? l->resolution_ns :
	    r->resolution_ns;
	if (!base_grow(&samples, x->sample_count, &x->sample_capacity,
	    sizeof(*x->samples)))
		return false;
	x->samples = samples;
	x->samples[x->sample_count++] = s;
	return true;
}

/* Entries from i to end bear one token; those of the right from middle on. */
static bool take_group(struct matcher *x, size_t i, size_t middle,
    size_t end)
{
	const struct entry *e = x->entries;
	size_t l, r;

	if (middle - i == 1 && end - middle == 1 &&
	    e[i].kind <= TOKEN_HELO && !add_sample(x,
	    &x->d[0][e[i].index], &x->d[1][e[middle].index]))
		return false;
	if ((middle - i) * (end - middle) > GROUP_PAIRS)
		return true;
	for (l = i; l < middle; l++)
		for (r = middle; r < end; r++)
			if (!add_edge(x, e[l].index, e[r].index))
				return false;
	return true;
}

static bool take_tokens(struct matcher *x)
{
	size_t i = 0, middle, end;

	while (i < x->entry_count) {
		for (middle = i; middle < x->entry_count &&
		    x->entries[middle].hash == x->entries[i].hash &&
		    x->entries[middle].side == 0; middle++)
			;
		for (end = middle; end < x->entry_count &&
		    x->entries[end].hash == x->entries[i].hash; end++)
			;
		if (!take_group(x, i, middle, end))
			return false;
		i = end;
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

		if (!d->resolution_ns || !is_time(d->start))
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

/* --- what a candidate is worth -------------------------------------------- */

struct shared {
	bool same, left, right;
};

static void share(const struct digest *l, const struct digest *r,
    struct shared s[TOKEN_KIND_COUNT])
{
	size_t i, k;

	memset(s, 0, TOKEN_KIND_COUNT * sizeof(*s));
	for (i = 0; i < l->token_count; i++)
		s[l->tokens[i].kind].left = true;
	for (k = 0; k < r->token_count; k++)
		s[r->tokens[k].kind].right = true;
	for (i = 0; i < l->token_count; i++)
		for (k = 0; k < r->token_count; k++)
			if (l->tokens[i].hash == r->tokens[k].hash)
				s[l->tokens[i].kind].same = true;
}

/* Do addresses count against a candidate? */
static bool counts(const struct matcher *x, size_t kind)
{
	if (kind == TOKEN_CLIENT || kind == TOKEN_ADDRESS ||
	    kind == TOKEN_ENDPOINTS)
		return !x->m->nat[0];
	return kind != TOKEN_SERVER || !x->m->nat[1];
}

/* A time that stands for a second may be any within it. */
static int64_t slack_of(const struct digest *l, const struct digest *r)
{
	int64_t slack = l->resolution_ns > r->resolution_ns ?
	    l->resolution_ns : r->resolution_ns;

	return slack < DAY ? slack : DAY;
}

static int32_t time_worth(const struct matcher *x, const struct digest *l,
    const struct digest *r, uint32_t *by)
{
	bool known;
	int64_t d = distance(x, l, r, &known);

	if (!known)
		return 0;
	if (d > x->reach)
		return WORTH_FAR;
	*by |= 1u << SW_BY_TIME;
	d = d > slack_of(l, r) ? d - slack_of(l, r) : 0;
	return WORTH_TIME - (int32_t)(d * (WORTH_TIME / 2) / x->reach);
}

static void weigh(const struct matcher *x, struct edge *e)
{
	const struct digest *l = &x->d[0][e->left], *r = &x->d[1][e->right];
	struct shared s[TOKEN_KIND_COUNT];
	size_t k;

	share(l, r, s);
	e->worth = 0;
	e->by = 0;
	for (k = 0; k < TOKEN_KIND_COUNT; k++) {
		if (s[k].same) {
			e->worth += worths[k].same;
			e->by |= worths[k].by;
		} else if (s[k].left && s[k].right && counts(x, k)) {
			e->worth += worths[k].other;
		}
	}
	e->worth += time_worth(x, l, r, &e->by);
	if (l->attempts != r->attempts)
		e->worth -= 10;
	if (l->silent != r->silent)
		e->worth -= WORTH_SILENT;
	/* No command on one side. */
	if (s[TOKEN_SHAPE].left != s[TOKEN_SHAPE].right && !l->opaque &&
	    !r->opaque)
		e->worth -= WORTH_NO_SHAPE;
}

/* --- clocks by vote ------------------------------------------------------- */

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
			int64_t offset = apart(x, &x->d[0][i], &x->d[1][k],
			    &known);

			if (!known || offset >= OFFSET_MAX ||
			    offset <= -OFFSET_MAX)
				continue;
			weigh(x, &e);
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
static bool vote(struct matcher *x)
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
	width = slack_of(&x->d[0][0], &x->d[1][0]) + NS_PER_S / 10;
	n = densest(votes, n, width, &from);
	if (least > VOTERS)
		least = VOTERS;
	for (i = from; ok && n >= VOTES_MIN && 2 * n >= least && i < from + n;
	    i++)
		ok = add_sample(x, &x->d[0][votes[i].left],
		    &x->d[1][votes[i].right]);
	free(votes);
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

/* The best first; of equals those in the same order on both sides. */
static int compare_worth(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->worth != y->worth)
		return x->worth > y->worth ? -1 : 1;
	return compare_edges(a, b);
}

/* Each candidate once, and only those that are worth something. */
static void settle_edges(struct matcher *x)
{
	size_t i, n = 0;

	if (x->edge_count > 1)
		qsort(x->edges, x->edge_count, sizeof(*x->edges),
		    compare_edges);
	for (i = 0; i < x->edge_count; i++) {
		struct edge e = x->edges[i];

		if (n > 0 && x->edges[n - 1].left == e.left &&
		    x->edges[n - 1].right == e.right)
			continue;
		weigh(x, &e);
		x->edges[n++] = e;
	}
	x->edge_count = n;
	for (i = n = 0; i < x->edge_count; i++)
		if (x->edges[i].worth >= WORTH_MIN)
			x->edges[n++] = x->edges[i];
	x->edge_count = n;
}

/* --- address translation -------------------------------------------------- */

/*
 * Pairs that are the same beyond doubt: do their addresses differ
 * throughout?  Edges are those of tokens alone here.
 */
static void find_translation(struct matcher *x)
{
	size_t same[2] = { 0, 0 }, other[2] = { 0, 0 }, i, k;
	static const uint8_t kinds[2] = { TOKEN_ADDRESS, TOKEN_SERVER };

	for (i = 0; i < x->edge_count; i++) {
		struct shared s[TOKEN_KIND_COUNT];

		share(&x->d[0][x->edges[i].left],
		    &x->d[1][x->edges[i].right], s);
		if (!s[TOKEN_QUEUE_ID].same && !s[TOKEN_MESSAGE_ID].same &&
		    !(s[TOKEN_ENVELOPE].same && s[TOKEN_HELO].same))
			continue;
		for (k = 0; k < 2; k++) {
			same[k] += s[kinds[k]].same;
			other[k] += !s[kinds[k]].same && s[kinds[k]].left &&
			    s[kinds[k]].right;
		}
	}
	for (k = 0; k < 2; k++)
		x->m->nat[k] = other[k] > 0 && other[k] > 4 * same[k];
}

/* --- assignment ----------------------------------------------------------- */

static void marry(struct matcher *x, size_t edge)
{
	const struct edge *e = &x->edges[edge];

	x->mate[0][e->left] = e->right + 1;
	x->mate[1][e->right] = e->left + 1;
	x->mate_edge[e->left] = (uint32_t)edge + 1;
}

static void divorce(struct matcher *x, size_t edge)
{
	const struct edge *e = &x->edges[edge];

	x->mate[0][e->left] = 0;
	x->mate[1][e->right] = 0;
	x->mate_edge[e->left] = 0;
}

/* The worth of what edge e would push out. */
static int32_t cost_of(const struct matcher *x, const struct edge *e)
{
	int32_t cost = 0;

	if (x->mate_edge[e->left])
		cost += x->edges[x->mate_edge[e->left] - 1].worth;
	if (x->mate[1][e->right])
		cost += x->edges[x->mate_edge[x->mate[1][e->right] - 1] -
		    1].worth;
	return cost;
}

/* Take the best candidates first. */
static void take_greedily(struct matcher *x)
{
	size_t i;

	for (i = 0; i < x->edge_count; i++)
		if (!x->mate[0][x->edges[i].left] &&
		    !x->mate[1][x->edges[i].right])
			marry(x, i);
}

/* The edge between two sessions, edges being in order of left and right;
 * edge_count: there is none. */
static size_t find_edge(const struct matcher *x, const size_t *order_of,
    uint32_t left, uint32_t right)
{
	size_t i;

	for (i = order_of[left]; i < order_of[left + 1]; i++)
		if (x->edges[i].right == right)
			return i;
	return x->edge_count;
}

/*
 * Exchange partners where both pairs together gain: for an edge that is not
 * taken, its ends' partners are given to each other if they are candidates,
 * else left alone.
 */
static bool exchange(struct matcher *x, const size_t *order_of, size_t i)
{
	const struct edge *e = &x->edges[i];
	uint32_t l2 = x->mate[1][e->right], r2 = x->mate[0][e->left];
	int32_t gain = e->worth - cost_of(x, e);
	size_t other = x->edge_count;

	if (x->mate_edge[e->left] == i + 1)
		return false;
	if (l2 && r2)
		other = find_edge(x, order_of, l2 - 1, r2 - 1);
	if (other < x->edge_count)
		gain += x->edges[other].worth;
	/* Of equals those in the same order on both sides: two pairs that
	 * cross are uncrossed. */
	if (gain < 0 || (gain == 0 && (other == x->edge_count ||
	    (e->left < l2 - 1) == (r2 - 1 < e->right))))
		return false;
	if (r2)
		divorce(x, x->mate_edge[e->left] - 1);
	if (l2)
		divorce(x, x->mate_edge[l2 - 1] - 1);
	marry(x, i);
	if (other < x->edge_count)
		marry(x, other);
	return true;
}

/* Free sessions push others along a chain of candidates as long as the sum
 * grows; a bounded number of rounds. */
static void improve(struct matcher *x, const size_t *order_of)
{
	bool changed = true;
	size_t round, i;

	for (round = 0; round < EXACT && changed; round++) {
		changed = false;
		for (i = 0; i < x->edge_count; i++)
			changed |= exchange(x, order_of, i);
	}
}

/*
 * An augmenting path for a free session of the left: it takes a candidate
 * whose partner finds another one.  The number of pairs grows, and the sum
 * with it, since every candidate is worth something.
 */
static bool augment(struct matcher *x, const size_t *order_of,
    uint32_t *seen, uint32_t mark, uint32_t left, unsigned depth)
{
	size_t i;

	for (i = order_of[left]; i < order_of[left + 1]; i++) {
		uint32_t right = x->edges[i].right;
		uint32_t mate = x->mate[1][right];

		if (seen[right] == mark)
			continue;
		seen[right] = mark;
		if (mate && (depth == 0 || !augment(x, order_of, seen, mark,
		    mate - 1, depth - 1)))
			continue;
		marry(x, i);
		return true;
	}
	return false;
}

static bool fill_up(struct matcher *x, const size_t *order_of)
{
	uint32_t *seen = calloc(x->n[1] + 1, sizeof(*seen));
	size_t i;

	if (!seen)
		return false;
	for (i = 0; i < x->n[0]; i++)
		if (!x->mate[0][i])
			augment(x, order_of, seen, (uint32_t)i + 1,
			    (uint32_t)i, EXACT);
	free(seen);
	return true;
}

/* Where each left session's edges begin. */
static size_t *index_edges(const struct matcher *x)
{
	size_t *order_of = calloc(x->n[0] + 2, sizeof(*order_of)), i, k = 0;

	for (i = 0; order_of && i <= x->n[0]; i++) {
		while (k < x->edge_count && x->edges[k].left < i)
			k++;
		order_of[i] = k;
	}
	if (order_of)
		order_of[x->n[0]] = x->edge_count;
	return order_of;
}

static bool assign(struct matcher *x)
{
	size_t *order_of;
	bool ok;

	if (x->edge_count > 1)
		qsort(x->edges, x->edge_count, sizeof(*x->edges),
		    compare_worth);
	take_greedily(x);
	/* Edges go back into the order of their sessions. */
	memset(x->mate_edge, 0, (x->n[0] + 1) * sizeof(*x->mate_edge));
	if (x->edge_count > 1)
		qsort(x->edges, x->edge_count, sizeof(*x->edges),
		    compare_edges);
	order_of = index_edges(x);
	if (!order_of)
		return false;
	for (size_t i = 0; i < x->edge_count; i++)
		if (x->mate[0][x->edges[i].left] == x->edges[i].right + 1)
			x->mate_edge[x->edges[i].left] = (uint32_t)i + 1;
	ok = fill_up(x, order_of);
	improve(x, order_of);
	free(order_of);
	return ok;
}

/* --- order as the last resort --------------------------------------------- */

/* Sessions that are free and share a token of a large group, in order. */
static bool pair_in_order(struct matcher *x)
{
	size_t i = 0, l, r, middle, end;

	for (; i < x->entry_count; i = end) {
		for (middle = i; middle < x->entry_count &&
		    x->entries[middle].hash == x->entries[i].hash &&
		    x->entries[middle].side == 0; middle++)
			;
		for (end = middle; end < x->entry_count &&
		    x->entries[end].hash == x->entries[i].hash; end++)
			;
		if (x->entries[i].kind > TOKEN_HELO)
			continue;
		for (l = i, r = middle; l < middle && r < end; l++) {
			uint32_t left = x->entries[l].index;
			struct edge e = { .left = left };

			if (x->mate[0][left])
				continue;
			while (r < end && x->mate[1][x->entries[r].index])
				r++;
			if (r == end)
				break;
			e.right = x->entries[r].index;
			weigh(x, &e);
			if (e.worth < WORTH_MIN / 2)
				continue;
			if (!add_edge(x, e.left, e.right))
				return false;
			x->edges[x->edge_count - 1] = e;
			x->edges[x->edge_count - 1].by |= 1u << SW_BY_ORDER;
			marry(x, x->edge_count - 1);
		}
	}
	return true;
}

/* Pair two sessions for their order, if nothing speaks against it. */
static bool try_order(struct matcher *x, uint32_t left, uint32_t right,
    bool *paired_r)
{
	struct edge e = { .left = left, .right = right };

	*paired_r = false;
	weigh(x, &e);
	if (e.worth < 0)
		return true;
	if (!add_edge(x, left, right))
		return false;
	e.by |= 1u << SW_BY_ORDER;
	x->edges[x->edge_count - 1] = e;
	marry(x, x->edge_count - 1);
	*paired_r = true;
	return true;
}

/*
 * What is left stands between sessions that are paired: between the same
 * two on both sides it is paired in order.
 */
static bool pair_between(struct matcher *x)
{
	size_t l = 0, r = 0, end, looked;
	bool paired;

	for (; l < x->n[0]; l++) {
		if (x->mate[0][l]) {
			if (x->mate[0][l] > r)
				r = x->mate[0][l];
			continue;
		}
		/* Up to the next of the right that is paired further on. */
		for (end = r, looked = 0; end < x->n[1] &&
		    looked < NEIGHBOURS; end++, looked++) {
			if (x->mate[1][end] > l + 1)
				break;
			if (x->mate[1][end])
				continue;
			if (!try_order(x, (uint32_t)l, (uint32_t)end,
			    &paired))
				return false;
			if (paired) {
				r = end + 1;
				break;
			}
		}
	}
	return true;
}

/* --- results -------------------------------------------------------------- */

/* The best worth among the candidates of each session that it did not get. */
static void find_seconds(struct matcher *x)
{
	size_t i;

	for (i = 0; i < x->edge_count; i++) {
		const struct edge *e = &x->edges[i];
		uint32_t w = (uint32_t)(e->worth > 0 ? e->worth : 0);

		if (x->mate_edge[e->left] == i + 1)
			continue;
		if (x->second[0][e->left] < w)
			x->second[0][e->left] = w;
		if (x->second[1][e->right] < w)
			x->second[1][e->right] = w;
	}
}

/* How much there is, and how far ahead of what else could have been. */
static float confidence_of(const struct matcher *x, const struct edge *e)
{
	uint32_t a = x->second[0][e->left], b = x->second[1][e->right];
	float best = (float)(e->worth > 0 ? e->worth : 0);
	float second = (float)(a > b ? a : b);
	float sure = best >= 40 ? 1 : best / 40;
	float ahead = second >= best ? 0 : (best - second) / best;

	if (e->by & 1u << SW_BY_ORDER)
		return (float)0.3 * sure;
	return sure * ((float)0.5 + (float)0.5 *
	    (ahead > (float)0.5 ? 1 : 2 * ahead));
}

static bool tell_pairs(struct matcher *x)
{
	struct matching *m = x->m;
	size_t i;

	m->pairs = calloc(x->n[0] + 1, sizeof(*m->pairs));
	if (!m->pairs)
		return false;
	for (i = 0; i < x->n[0]; i++) {
		const struct edge *e;

		if (!x->mate_edge[i])
			continue;
		e = &x->edges[x->mate_edge[i] - 1];
		m->pairs[m->pair_count].left = e->left;
		m->pairs[m->pair_count].right = e->right;
		m->pairs[m->pair_count].paired_by = e->by;
		m->pairs[m->pair_count++].confidence = confidence_of(x, e);
	}
	return true;
}

/* The time that a side covers, by the left's clock; false: it has none. */
static bool covers(const struct matcher *x, size_t side, int64_t *from_r,
    int64_t *to_r)
{
	bool any = false;
	size_t i;

	for (i = 0; i < x->n[side]; i++) {
		const struct digest *d = &x->d[side][i];
		int64_t offset = side == 1 ? match_offset(x->m, d->start) :
		    0;
		int64_t end = is_time(d->end) && d->end > d->start ? d->end :
		    d->start;

		if (!d->resolution_ns || !d->dated || !is_time(d->start))
			continue;
		if (!any || d->start + offset < *from_r)
			*from_r = d->start + offset;
		if (!any || end + offset > *to_r)
			*to_r = end + offset;
		any = true;
	}
	return any;
}

static enum sw_only_reason reason_of(const struct matcher *x, size_t side,
    const struct digest *d, bool covered, int64_t from, int64_t to)
{
	int64_t start = d->start + (side == 1 ? match_offset(x->m,
	    d->start) : 0);

	if (covered && d->resolution_ns && d->dated && is_time(d->start) &&
	    (start < from - x->reach || start > to + x->reach))
		return SW_OUTSIDE_OTHER_TIME;
	/* A log need not tell of a client with which nothing was talked. */
	if (d->attempts || d->silent)
		return SW_OTHER_CANNOT_RECORD;
	return SW_UNEXPLAINED;
}

static bool tell_only(struct matcher *x, size_t side)
{
	struct matching *m = x->m;
	int64_t from = 0, to = 0;
	bool covered = covers(x, 1 - side, &from, &to);
	size_t i, n = 0;

	m->only[side] = calloc(x->n[side] + 1, sizeof(*m->only[side]));
	m->only_index[side] = calloc(x->n[side] + 1,
	    sizeof(*m->only_index[side]));
	if (!m->only[side] || !m->only_index[side])
		return false;
	/* Without a clock times of the two sides cannot be held against each
	 * other. */
	covered = covered && m->clock_count > 0;
	for (i = 0; i < x->n[side]; i++) {
		if (x->mate[side][i])
			continue;
		m->only[side][n].id = x->d[side][i].id;
		m->only[side][n].reason = reason_of(x, side, &x->d[side][i],
		    covered, from, to);
		m->only_index[side][n++] = (uint32_t)i;
	}
	m->only_count[side] = n;
	return true;
}

/* --- all of it ------------------------------------------------------------ */

static bool are_dated(const struct digest *d, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (d[i].resolution_ns && !d[i].dated)
			return false;
	return true;
}

/* How far apart starts may be: what the sources can tell, and twice the
 * spread that was found. */
static int64_t reach_of(const struct matcher *x)
{
	int64_t reach = TIME_BASE, resolution = 0;
	size_t side, i;

	for (side = 0; side < 2; side++)
		for (i = 0; i < x->n[side]; i++)
			if (x->d[side][i].resolution_ns > resolution)
				resolution = x->d[side][i].resolution_ns;
	for (i = 0; i < x->m->clock_count; i++)
		if (4 * x->m->clock[i].spread_ns > reach)
			reach = 4 * x->m->clock[i].spread_ns;
	return reach + (resolution < DAY ? 2 * resolution : 2 * DAY);
}

static bool make_tables(struct matcher *x)
{
	size_t side;
	bool ok = true;

	for (side = 0; side < 2; side++) {
		x->mate[side] = calloc(x->n[side] + 1,
		    sizeof(*x->mate[side]));
		x->second[side] = calloc(x->n[side] + 1,
		    sizeof(*x->second[side]));
		ok = ok && x->mate[side] && x->second[side];
	}
	x->mate_edge = calloc(x->n[0] + 1, sizeof(*x->mate_edge));
	return ok && x->mate_edge;
}

static enum sw_status run(struct matcher *x, int64_t max_offset_ns)
{
	enum sw_status status;

	if (!make_tables(x) || !collect_tokens(x) || !take_tokens(x))
		return SW_ENOMEM;
	find_translation(x);
	if (!vote(x))
		return SW_ENOMEM;
	status = clocks_estimate(x->samples, x->sample_count, max_offset_ns,
	    &x->m->clock, &x->m->clock_count);
	if (status != SW_OK)
		return status;
	x->reach = reach_of(x);
	if (!take_times(x))
		return SW_ENOMEM;
	settle_edges(x);
	if (!assign(x) || !pair_in_order(x) || !pair_between(x))
		return SW_ENOMEM;
	find_seconds(x);
	return tell_pairs(x) && tell_only(x, 0) && tell_only(x, 1) ? SW_OK :
	    SW_ENOMEM;
}

enum sw_status match_sides(const struct digest *left, size_t left_count,
    const struct digest *right, size_t right_count, int64_t max_offset_ns,
    struct matching *m_r)
{
	struct matcher x = { .d = { left, right },
		.n = { left_count, right_count }, .m = m_r };
	enum sw_status status;
	size_t side;

	memset(m_r, 0, sizeof(*m_r));
	x.dated = are_dated(left, left_count) &&
	    are_dated(right, right_count);
	status = run(&x, max_offset_ns);
	for (side = 0; side < 2; side++) {
		free(x.mate[side]);
		free(x.second[side]);
	}
	free(x.mate_edge);
	free(x.entries);
	free(x.samples);
	free(x.edges);
	return status;
}

void match_fini(struct matching *m)
{
	size_t side;

	free(m->pairs);
	free(m->clock);
	for (side = 0; side < 2; side++) {
		free(m->only[side]);
		free(m->only_index[side]);
	}
	memset(m, 0, sizeof(*m));
}
