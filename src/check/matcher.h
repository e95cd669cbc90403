/* SPDX-License-Identifier: GPL-2.0-or-later */
/* matcher.h - what the parts of match.c share */
#ifndef CHECK_MATCHER_H
#define CHECK_MATCHER_H

#include "base/clock.h"
#include "check/check.h"

/* Sessions of both sides that share a token are all candidates if there are
 * at most so many pairs. */
#define GROUP_PAIRS 64
/* Candidates by time, on either side of a session. */
#define NEIGHBOURS 8
/* Worths are told in parts of one. */
#define WORTH_UNIT 64
/* A candidate that is worth less is none. */
#define WORTH_MIN (8 * WORTH_UNIT)
/* Times that can be reckoned with: from 1970 to 2116; and offsets. */
#define TIME_MAX (INT64_C(1) << 62)
#define OFFSET_MAX (INT64_C(1) << 61)
#define DAY (INT64_C(86400) * NS_PER_S)

/* A token of a session: in three parts, since a million sessions have ten
 * million of them. */
struct entry {
	uint32_t high, low; /* of the token */
	uint32_t place;     /* index of the digest; of the right: and RIGHT */
};

#define RIGHT (UINT32_C(1) << 31)

static inline uint64_t entry_token(const struct entry *e)
{
	return (uint64_t)e->high << 32 | e->low;
}
static inline uint32_t entry_index(const struct entry *e)
{
	return e->place & ~RIGHT;
}

/* Of a partner: they share a token of TOKEN_ENVELOPE or what proves more. */
#define STRONG RIGHT

/* Entries that bear one token: those of the left from begin on, those of the
 * right from middle on. */
struct group {
	size_t begin, middle, end;
};

/* Two sessions that may be the same. */
struct edge {
	uint32_t left, right;
	int32_t worth; /* in WORTH_UNIT */
	uint32_t by; /* 1u << enum sw_paired_by */
};

struct matcher {
	const struct digest *d[2];
	size_t n[2];
	struct matching *m;
	struct entry *entries;
	size_t entry_count;
	/* Of each left the sessions of the right with which it shares tokens
	 * that few have, one for each token: those from first_partner[left] up
	 * to first_partner[left + 1].  Index, and STRONG. */
	uint32_t *partners;
	size_t *first_partner;
	struct clock_sample *samples;
	size_t sample_count, sample_capacity;
	struct edge *edges;
	size_t edge_count, edge_capacity;
	bool dated;       /* both sides' times have dates */
	int64_t reach;    /* ns: starts so far apart may be the same */
	uint32_t *mate[2];    /* index of the other side + 1 */
	uint32_t *mate_edge;  /* of each left: its edge + 1 */
	uint32_t *second[2];  /* worth of the second best candidate, in
	                         WORTH_UNIT */
};

/* --- match_weigh.c -------------------------------------------------------- */

/* Can a time be reckoned with? */
bool match_is_time(int64_t t);
/* ns, start of l less that of r; *known_r: both have times. */
int64_t match_apart(const struct matcher *x, const struct digest *l,
    const struct digest *r, bool *known_r);
/* ns within which the times of both may be any. */
int64_t match_slack(const struct digest *l, const struct digest *r);
/* What speaks for and against left and right of e: its worth and by. */
void match_weigh(const struct matcher *x, struct edge *e);
/* Set m->nat: do the addresses of pairs that are the same beyond doubt differ
 * throughout?  By the tokens alone. */
void match_find_translation(struct matcher *x);

/* --- match_candidates.c --------------------------------------------------- */

/* All tokens of both sides, sorted; false: no memory, here and below. */
bool match_collect_tokens(struct matcher *x);
/* The group of tokens that begins at entry `begin`, which must be one. */
struct group match_group(const struct matcher *x, size_t begin);
/* The partners of each session of the left, by the tokens. */
bool match_find_partners(struct matcher *x);
/* Samples for the clocks: sessions that share what no others have. */
bool match_sample_tokens(struct matcher *x);
bool match_add_sample(struct matcher *x, const struct digest *l,
    const struct digest *r);
/* An edge as it is; x->edges may move. */
bool match_push_edge(struct matcher *x, const struct edge *e);
/* All candidates, each once, in order of left and right. */
bool match_take_candidates(struct matcher *x);

/* --- match_vote.c, match_assign.c, match_order.c -------------------------- */

/* Samples for the clocks where match_sample_tokens found none. */
bool match_vote(struct matcher *x);
/* Of the candidates those that are worth most together become pairs. */
bool match_assign(struct matcher *x);
void match_marry(struct matcher *x, size_t edge);
/* Pair what is left by its order. */
bool match_pair_in_order(struct matcher *x);

#endif
