/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match_weigh.c - what speaks for two sessions being the same
 *
 * A candidate is worth what its tokens and times say for it, less what they
 * say against it; a token that one side cannot record says nothing.
 */
#include "check/matcher.h"

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
	[TOKEN_SEEN_AS] = { 4, -3, 0 },
	[TOKEN_SHAPE] = { 8, -3, 0 },
};
/* Of the times: at once, and far apart. */
#define WORTH_TIME 14
#define WORTH_FAR -40
/* Against: on one side the server says nothing at all, or nobody does; there
 * is no command on it; there is no message on it, though nothing hides it. */
#define WORTH_SILENT 20
#define WORTH_ATTEMPT 10
#define WORTH_NO_SHAPE 5
#define WORTH_NO_MESSAGE 4

/* Tokens that tell who the client is. */
#define WHO (1u << TOKEN_ENDPOINTS | 1u << TOKEN_CLIENT | 1u << TOKEN_ADDRESS)

/* --- times ---------------------------------------------------------------- */

bool match_is_time(int64_t t)
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
int64_t match_apart(const struct matcher *x, const struct digest *l,
    const struct digest *r, bool *known_r)
{
	int64_t d;

	*known_r = l->resolution_ns && r->resolution_ns &&
	    match_is_time(l->start) && match_is_time(r->start);
	if (!*known_r)
		return 0;
	d = l->start - r->start;
	return x->dated ? d : fold(d);
}

/* How far the starts are apart once the clocks agree. */
static int64_t distance(const struct matcher *x, const struct digest *l,
    const struct digest *r, bool *known_r)
{
	int64_t d = match_apart(x, l, r, known_r);

	*known_r = *known_r && x->m->clock_count > 0;
	if (!*known_r)
		return 0;
	d -= match_offset(x->m, r->start);
	if (!x->dated)
		d = fold(d);
	return d < 0 ? -d : d;
}

/* --- what a candidate is worth -------------------------------------------- */

/* Kinds of tokens that each has, and those of which one is the same; sets of
 * 1u << kind. */
struct shared {
	uint32_t left, right, same;
};

static struct shared share(const struct digest *l, const struct digest *r)
{
	struct shared s = { l->kinds, r->kinds, 0 };
	size_t i = 0, k = 0;

	/* Without branches that nobody can foresee. */
	while (i < l->token_count && k < r->token_count) {
		uint64_t a = token_rank(l->tokens[i]);
		uint64_t b = token_rank(r->tokens[k]);

		s.same |= (uint32_t)(a == b) << (a >> 60);
		i += a >= b;
		k += b >= a;
	}
	return s;
}

/* Kinds that do not count against a candidate: addresses that are
 * translated. */
static uint32_t translated(const struct matcher *x)
{
	return (x->m->nat[0] ? WHO : 0) |
	    (x->m->nat[1] ? 1u << TOKEN_SERVER : 0);
}

/* A time that stands for a second may be any within it. */
int64_t match_slack(const struct digest *l, const struct digest *r)
{
	int64_t slack = l->resolution_ns > r->resolution_ns ?
	    l->resolution_ns : r->resolution_ns;

	return slack < DAY ? slack : DAY;
}

/* In WORTH_UNIT, so that of two the nearer is worth more. */
static int32_t time_worth(const struct matcher *x, const struct digest *l,
    const struct digest *r, uint32_t *by)
{
	bool known;
	int64_t d = distance(x, l, r, &known);

	if (!known)
		return 0;
	if (d > x->reach)
		return WORTH_FAR * WORTH_UNIT;
	*by |= 1u << SW_BY_TIME;
	d = d > match_slack(l, r) ? d - match_slack(l, r) : 0;
	return WORTH_TIME * WORTH_UNIT - (int32_t)(d / (x->reach /
	    (WORTH_TIME / 2 * WORTH_UNIT) + 1));
}

/* By the tokens alone. */
static int32_t token_worth(const struct matcher *x, const struct digest *l,
    const struct digest *r, uint32_t *by)
{
	struct shared s = share(l, r);
	uint32_t shape = 1u << TOKEN_SHAPE, mail = 1u << TOKEN_ENVELOPE;
	uint32_t other = s.left & s.right & ~s.same & ~translated(x);
	int32_t worth = 0;
	size_t k;

	for (k = 0; k < TOKEN_KIND_COUNT; k++) {
		worth += (int32_t)(s.same >> k & 1) * worths[k].same +
		    (int32_t)(other >> k & 1) * worths[k].other;
		*by |= (s.same >> k & 1) * worths[k].by;
	}
	if (l->mute || r->mute) /* who connected, and when, is all it tells */
		return s.same & WHO ? worth : WORTH_FAR;
	if ((s.left ^ s.right) & shape && !l->opaque && !r->opaque)
		worth -= WORTH_NO_SHAPE;
	if ((s.left & ~s.right & mail && !r->opaque) ||
	    (s.right & ~s.left & mail && !l->opaque))
		worth -= WORTH_NO_MESSAGE;
	return worth;
}

void match_weigh(const struct matcher *x, struct edge *e)
{
	const struct digest *l = &x->d[0][e->left], *r = &x->d[1][e->right];
	bool mute = l->mute || r->mute;

	e->by = 0;
	e->worth = token_worth(x, l, r, &e->by);
	if (l->attempts != r->attempts && !mute)
		e->worth -= WORTH_ATTEMPT;
	if (l->silent != r->silent && !mute)
		e->worth -= WORTH_SILENT;
	e->worth = e->worth * WORTH_UNIT + time_worth(x, l, r, &e->by);
}

/* --- address translation -------------------------------------------------- */

static bool is_proof(uint32_t same)
{
	const uint32_t sender = 1u << TOKEN_ENVELOPE | 1u << TOKEN_HELO;

	return same & (1u << TOKEN_QUEUE_ID | 1u << TOKEN_MESSAGE_ID) ||
	    (same & sender) == sender;
}

/* How many pairs of each address are the same, and how many are not. */
struct translation {
	size_t same[2], other[2]; /* of the client, of the server */
};

static void look_at_pair(struct translation *t, const struct digest *l,
    const struct digest *r)
{
	static const uint8_t kinds[2] = { TOKEN_ADDRESS, TOKEN_SERVER };
	struct shared s = share(l, r);
	size_t k;

	for (k = 0; k < 2 && is_proof(s.same); k++) {
		t->same[k] += s.same >> kinds[k] & 1;
		t->other[k] += ~s.same >> kinds[k] & s.left >> kinds[k] &
		    s.right >> kinds[k] & 1;
	}
}

void match_find_translation(struct matcher *x)
{
	struct translation t = { { 0, 0 }, { 0, 0 } };
	size_t i, k;

	for (i = 0; i < x->n[0]; i++)
		for (k = x->first_partner[i]; k < x->first_partner[i + 1]; k++)
			if (x->partners[k] & STRONG)
				look_at_pair(&t, &x->d[0][i],
				    &x->d[1][x->partners[k] & ~STRONG]);
	for (i = 0; i < 2; i++)
		x->m->nat[i] = t.other[i] > 0 && t.other[i] > 4 * t.same[i];
}
