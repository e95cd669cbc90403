/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match.c - which sessions of the two sides are the same
 *
 * Theory of operation.
 *
 * 1. All tokens of both sides are sorted by their hash.  Where exactly one of
 *    either side has a token that proves much, the pair is a sample for the
 *    clocks (match_candidates.c).  Where there is none, sessions at the same
 *    place of both sides vote for an offset (match_vote.c).
 * 2. Where few sessions share a token, each pair of them is a candidate, and
 *    with the offset of the clocks each session finds those of the other side
 *    that began at about the same time.  Those of one session are looked at
 *    together, session by session in the order of the left, in which those of
 *    the right stand too, but for a few: so memory is read nearly in order,
 *    and what shares five tokens is weighed once.
 * 3. A candidate is worth what its tokens and times say for it, less what
 *    they say against it (match_weigh.c).
 * 4. Of the candidates those become pairs that are worth most together
 *    (match_assign.c).
 * 5. What nothing tells apart (the same envelope again and again, without
 *    times) is paired in order (match_order.c).
 *
 * Sorting is the most that is done with all sessions: n log n.
 */
#include "check/matcher.h"

#include <stdlib.h>

#include "base/error.h"

/* Starts that may belong together whatever the sources' resolutions. */
#define TIME_BASE (2 * NS_PER_S)
/* What is worth so much leaves no doubt. */
#define SURE (40 * WORTH_UNIT)

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
	float sure = best >= SURE ? 1 : best / SURE;
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
		int64_t end = match_is_time(d->end) && d->end > d->start ?
		    d->end : d->start;

		if (!d->resolution_ns || !d->dated ||
		    !match_is_time(d->start))
			continue;
		if (!any || d->start + offset < *from_r)
			*from_r = d->start + offset;
		if (!any || end + offset > *to_r)
			*to_r = end + offset;
		any = true;
	}
	return any;
}

/* --- servers that a log is not of ----------------------------------------- */

/* The addresses of the server whose log the other side is: those that it
 * names, and those of this side's sessions that are paired. */
struct servers {
	uint64_t *tokens; /* malloced, sorted; NULL: it cannot be told */
	size_t count;
	bool families[2]; /* IPv4, IPv6 */
};

static uint64_t server_token(const struct digest *d)
{
	size_t i;

	for (i = 0; i < d->token_count; i++)
		if (token_kind(d->tokens[i]) == TOKEN_SERVER)
			return d->tokens[i];
	return 0;
}

static int compare_tokens(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void add_server(struct servers *v, const struct digest *d)
{
	uint64_t token = server_token(d);

	if (!token)
		return;
	v->tokens[v->count++] = token;
	v->families[d->server_v6] = true;
}

/* false: no memory. */
static bool find_servers(const struct matcher *x, size_t side,
    struct servers *v_r)
{
	size_t other = 1 - side, i;

	memset(v_r, 0, sizeof(*v_r));
	for (i = 0; i < x->n[other]; i++)
		if (!x->d[other][i].server_log)
			return true;
	v_r->tokens = calloc(x->n[0] + x->n[1] + 1, sizeof(*v_r->tokens));
	if (!v_r->tokens)
		return false;
	for (i = 0; i < x->n[other] && !x->m->nat[1]; i++)
		add_server(v_r, &x->d[other][i]);
	for (i = 0; i < x->n[side]; i++)
		if (x->mate[side][i])
			add_server(v_r, &x->d[side][i]);
	qsort(v_r->tokens, v_r->count, sizeof(*v_r->tokens), compare_tokens);
	return true;
}

/* Is it a session of another server?  Nothing is said of a family of addresses
 * of which the log's server is not known to have any. */
static bool is_elsewhere(const struct servers *v, const struct digest *d)
{
	uint64_t token = server_token(d);

	return v->count > 0 && token && !d->server_log &&
	    v->families[d->server_v6] && !bsearch(&token, v->tokens, v->count,
	    sizeof(*v->tokens), compare_tokens);
}

static enum sw_only_reason reason_of(const struct matcher *x, size_t side,
    const struct digest *d, bool covered, int64_t from, int64_t to)
{
	if (covered && d->resolution_ns && d->dated &&
	    match_is_time(d->start)) {
		int64_t start = d->start + (side == 1 ? match_offset(x->m,
		    d->start) : 0);

		if (start < from || start > to)
			return SW_OUTSIDE_OTHER_TIME;
	}
	/* A log need not tell of a client with which nothing was talked. */
	if (d->attempts || d->silent)
		return SW_OTHER_CANNOT_RECORD;
	return SW_UNEXPLAINED;
}

static bool tell_only(struct matcher *x, size_t side)
{
	struct matching *m = x->m;
	struct servers servers;
	int64_t from = 0, to = 0;
	bool covered = covers(x, 1 - side, &from, &to);
	size_t i, n = 0;

	m->only[side] = calloc(x->n[side] + 1, sizeof(*m->only[side]));
	m->only_index[side] = calloc(x->n[side] + 1,
	    sizeof(*m->only_index[side]));
	if (!m->only[side] || !m->only_index[side] ||
	    !find_servers(x, side, &servers))
		return false;
	/* Without a clock times of the two sides cannot be held against each
	 * other. */
	covered = covered && m->clock_count > 0;
	for (i = 0; i < x->n[side]; i++) {
		if (x->mate[side][i])
			continue;
		m->only[side][n].id = x->d[side][i].id;
		m->only[side][n].reason = is_elsewhere(&servers,
		    &x->d[side][i]) ? SW_OTHER_CANNOT_RECORD :
		    reason_of(x, side, &x->d[side][i], covered, from, to);
		m->only_index[side][n++] = (uint32_t)i;
	}
	m->only_count[side] = n;
	free(servers.tokens);
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

/* Once for all pairs: of made-up times there are nearly as many pieces. */
static int64_t slack_of(const struct matching *m)
{
	int64_t slack = TIME_BASE;
	size_t i;

	for (i = 0; i < m->clock_count; i++)
		if (slack < 4 * m->clock[i].spread_ns)
			slack = 4 * m->clock[i].spread_ns;
	return slack;
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

	if (!make_tables(x) || !match_collect_tokens(x) ||
	    !match_find_partners(x) || !match_sample_tokens(x))
		return SW_ENOMEM;
	match_find_translation(x);
	if (!match_vote(x))
		return SW_ENOMEM;
	status = clocks_estimate(x->samples, x->sample_count, max_offset_ns,
	    &x->m->clock, &x->m->clock_count);
	if (status != SW_OK)
		return status;
	x->reach = reach_of(x);
	x->m->slack_ns = slack_of(x->m);
	if (!match_take_candidates(x) || !match_assign(x) ||
	    !match_pair_in_order(x))
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
	free(x.partners);
	free(x.first_partner);
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
