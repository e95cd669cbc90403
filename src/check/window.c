/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * window.c - two records that grow side by side: pairs as they come
 *
 * Theory of operation.  Each side has a list of sessions, oldest first.  When
 * some came, all of both lists are matched as `check` matches two records.  A
 * pair for which a port or a queue id speaks is taken at once; for another
 * both sessions wait settle_ns, since a better mate may be on its way.  What is
 * taken is compared, told and forgotten but for its digest: the ANCHORS newest
 * stay in the lists, so that the clocks and the addresses of both sides are
 * known by more than what waits.
 *
 * A session that found none for grace_ns is told as alone, and stays for
 * LATE times as long: if its mate comes then, that is told too.
 *
 * Limits: LIMIT_WINDOW_SESSIONS, LIMIT_WINDOW_OCTETS.
 */
#include "check/window.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "transcript/store.h"

enum { ANCHORS = 256, LATE = 4 };

enum state { WAITS, TOLD, PAIRED };

struct entry {
	struct digest digest;
	uint8_t *record; /* the session; heap; NULL: paired */
	size_t len;
	uint64_t order;  /* of coming, over both sides */
	uint64_t pair;   /* if paired: number of the pair */
	int64_t came_ns;
	int64_t held_ns; /* not told as alone before: there may be a mate */
	enum state state;
	uint64_t *counted; /* where, if it was told; NULL: by the caller */
	bool early;
	bool foreign;    /* matching says that the other cannot record it */
};

struct list {
	struct entry *entries;
	size_t count, capacity;
};

struct window {
	struct window_options options;
	struct list lists[2];
	struct window_counts counts;
	struct matching matching;
	uint64_t orders, pairs;
	uint64_t octets;  /* of all records */
	bool changed;     /* since it was matched last */
	int64_t unsettled_ns; /* when a pair that waited is to be taken;
	                         INT64_MAX: there is none */
	struct arena arenas[2], arena;
	struct buffer buffer;
};

struct window *window_new(const struct window_options *options)
{
	struct window *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->options = *options;
	w->unsettled_ns = INT64_MAX;
	arena_init(&w->arenas[0]);
	arena_init(&w->arenas[1]);
	arena_init(&w->arena);
	buffer_init(&w->buffer, SIZE_MAX / 2);
	return w;
}

void window_free(struct window **wp)
{
	struct window *w = *wp;
	size_t side, i;

	if (!w)
		return;
	*wp = NULL;
	for (side = 0; side < 2; side++) {
		for (i = 0; i < w->lists[side].count; i++)
			free(w->lists[side].entries[i].record);
		free(w->lists[side].entries);
		arena_fini(&w->arenas[side]);
	}
	arena_fini(&w->arena);
	buffer_fini(&w->buffer);
	match_fini(&w->matching);
	free(w);
}

/* --- the lists ------------------------------------------------------------ */

static void drop_record(struct window *w, struct entry *e)
{
	w->octets -= e->len;
	free(e->record);
	e->record = NULL;
	e->len = 0;
}

/* At a limit an eighth goes at once: all that was told, then the oldest that
 * wait. */
static void thin(struct window *w, enum sw_side side)
{
	struct list *l = &w->lists[side];
	uint64_t room = LIMIT_WINDOW_OCTETS / 8 * 7;
	size_t i, k, surplus = l->count / 8 + 1;

	for (i = k = 0; i < l->count; i++) {
		struct entry *e = &l->entries[i];
		bool goes = e->state == TOLD || (e->state == WAITS &&
		    (k + surplus > i || w->octets > room));

		if (goes) {
			w->counts.given_up[side] += e->state == WAITS;
			drop_record(w, e);
		} else {
			l->entries[k++] = *e;
		}
	}
	l->count = k;
}

static void make_room(struct window *w, enum sw_side side, size_t len)
{
	if (w->lists[side].count >= LIMIT_WINDOW_SESSIONS)
		thin(w, side);
	if (w->octets + len <= LIMIT_WINDOW_OCTETS)
		return;
	thin(w, SW_LEFT);
	thin(w, SW_RIGHT);
}

enum sw_status window_add(struct window *w, enum sw_side side,
    const struct sw_session *s, bool early, int64_t now_ns)
{
	struct list *l = &w->lists[side];
	void *entries = l->entries;
	struct entry *e;

	buffer_clear(&w->buffer);
	if (!store_write(&w->buffer, s))
		return SW_ENOMEM;
	make_room(w, side, w->buffer.len);
	if (!base_grow(&entries, l->count, &l->capacity, sizeof(*e)))
		return SW_ENOMEM;
	l->entries = entries;
	e = &l->entries[l->count];
	memset(e, 0, sizeof(*e));
	e->record = malloc(w->buffer.len + 1);
	if (!e->record)
		return SW_ENOMEM;
	memcpy(e->record, w->buffer.p, w->buffer.len);
	e->len = w->buffer.len;
	w->octets += e->len;
	check_digest(s, &e->digest);
	e->digest.first = s->source.first;
	e->order = w->orders++;
	e->came_ns = now_ns;
	e->early = early;
	l->count++;
	w->counts.sessions[side]++;
	w->changed = true;
	return SW_OK;
}

/* --- pairs ---------------------------------------------------------------- */

/* What is matched: the digests of a side in the order of their starts, and
 * where each stands in the list. */
struct view {
	struct digest *digests;
	uint32_t *places;
};

static int compare_places(const void *a, const void *b, void *ctx)
{
	const struct entry *entries = ctx;
	const struct entry *x = &entries[*(const uint32_t *)a];
	const struct entry *y = &entries[*(const uint32_t *)b];

	if (x->digest.start != y->digest.start)
		return x->digest.start < y->digest.start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* A plain merge sort: qsort_r is not everywhere. */
static void sort_places(uint32_t *p, uint32_t *spare, size_t n, void *entries)
{
	size_t half = n / 2, i = 0, k = half, at = 0;

	if (n < 2)
		return;
	sort_places(p, spare, half, entries);
	sort_places(p + half, spare, n - half, entries);
	while (i < half && k < n)
		spare[at++] = compare_places(&p[k], &p[i], entries) < 0 ?
		    p[k++] : p[i++];
	while (i < half)
		spare[at++] = p[i++];
	memcpy(p, spare, at * sizeof(*p));
}

static bool make_view(const struct list *l, struct view *v)
{
	uint32_t *spare = calloc(l->count + 1, sizeof(*spare));
	size_t i;

	v->digests = calloc(l->count + 1, sizeof(*v->digests));
	v->places = calloc(l->count + 1, sizeof(*v->places));
	if (spare && v->digests && v->places) {
		for (i = 0; i < l->count; i++)
			v->places[i] = (uint32_t)i;
		sort_places(v->places, spare, l->count, l->entries);
		for (i = 0; i < l->count; i++)
			v->digests[i] =
			    l->entries[v->places[i]].digest;
	}
	free(spare);
	return spare && v->digests && v->places;
}

static void free_view(struct view *v)
{
	free(v->digests);
	free(v->places);
}

static enum sw_status read_entry(const struct entry *e,
    struct arena *arena, struct sw_session *s)
{
	arena_reset(arena);
	return store_read(slice_make(e->record, e->len), arena, s, NULL);
}

/* Does a port say so, or the receiver's name for the message?  Ports are used
 * again, but hardly within the window. */
static bool is_plain(const struct match *m, const struct entry *l,
    const struct entry *r)
{
	size_t i, k;

	if (m->paired_by & SW_BIT(SW_BY_QUEUE_ID))
		return true;
	for (i = 0; i < l->digest.token_count; i++)
		for (k = 0; k < r->digest.token_count; k++)
			if (l->digest.tokens[i] == r->digest.tokens[k] &&
			    (token_kind(l->digest.tokens[i]) ==
			    TOKEN_ENDPOINTS ||
			    token_kind(l->digest.tokens[i]) == TOKEN_CLIENT))
				return true;
	return false;
}

/* A token that nothing but its mate has holds both together. */
static void make_anchor(struct window *w, struct entry *e)
{
	uint64_t token = (hash_mix(w->pairs, ~w->pairs) & ~UINT64_C(15)) |
	    TOKEN_QUEUE_ID;

	if (!check_add_token(&e->digest, token)) {
		e->digest.token_count--; /* rather than another one */
		(void)check_add_token(&e->digest, token);
	}
	e->state = PAIRED;
	e->pair = w->pairs;
	drop_record(w, e);
}

/* It is not alone: 1u << side if the caller was told so. */
static unsigned take_back(struct entry *e, enum sw_side side)
{
	if (e->state != TOLD)
		return 0;
	if (!e->counted)
		return 1u << side;
	--*e->counted;
	return 0;
}

/* One of them was told as alone: a mate that comes now must be like it. */
static enum sw_status tell_pair(struct window *w, const struct match *m,
    struct entry *l, struct entry *r)
{
	const struct pair_options o = { .matching = &w->matching,
		.ignore = w->options.ignore, .only = w->options.only };
	bool late = l->state == TOLD || r->state == TOLD;
	struct sw_session left, right;
	struct sw_pair p;
	enum sw_status status = read_entry(l, &w->arenas[0], &left);
	unsigned taken;

	if (status == SW_OK)
		status = read_entry(r, &w->arenas[1], &right);
	if (status == SW_OK)
		status = pair_compare(&o, m, &left, &right, &w->arena, &p);
	if (status != SW_OK)
		return status;
	if (late && p.verdict != SW_AGREES && !is_plain(m, l, r))
		return SW_OK;
	taken = take_back(l, SW_LEFT) | take_back(r, SW_RIGHT);
	w->pairs++;
	make_anchor(w, l);
	make_anchor(w, r);
	return w->options.pair(w->options.ctx, &p, taken);
}

static enum sw_status take_pair(struct window *w, const struct match *m,
    struct entry *l, struct entry *r, int64_t now_ns)
{
	int64_t came = l->came_ns > r->came_ns ? l->came_ns : r->came_ns;
	int64_t due = clock_add(came, w->options.settle_ns);

	if (l->state == PAIRED || r->state == PAIRED)
		return SW_OK; /* with each other, or there is none for it */
	if (is_plain(m, l, r) || now_ns >= due)
		return tell_pair(w, m, l, r);
	l->held_ns = r->held_ns = due;
	if (w->unsettled_ns > due)
		w->unsettled_ns = due;
	return SW_OK;
}

static void mark_foreign(struct window *w, enum sw_side side,
    const struct view *v)
{
	const struct matching *m = &w->matching;
	struct entry *entries = w->lists[side].entries;
	size_t i;

	for (i = 0; i < w->lists[side].count; i++)
		entries[i].foreign = false;
	for (i = 0; i < m->only_count[side]; i++)
		entries[v->places[m->only_index[side][i]]].foreign =
		    m->only[side][i].reason == SW_OTHER_CANNOT_RECORD;
}

static enum sw_status match(struct window *w, int64_t now_ns)
{
	struct view v[2] = { { NULL, NULL }, { NULL, NULL } };
	enum sw_status status = SW_ENOMEM;
	size_t i;

	match_fini(&w->matching);
	w->unsettled_ns = INT64_MAX;
	if (make_view(&w->lists[0], &v[0]) && make_view(&w->lists[1], &v[1]))
		status = match_sides(v[0].digests, w->lists[0].count,
		    v[1].digests, w->lists[1].count,
		    w->options.max_offset_ns, &w->matching);
	if (status == SW_OK) {
		mark_foreign(w, SW_LEFT, &v[0]);
		mark_foreign(w, SW_RIGHT, &v[1]);
	}
	for (i = 0; i < w->matching.pair_count && status == SW_OK; i++) {
		const struct match *m = &w->matching.pairs[i];

		status = take_pair(w, m,
		    &w->lists[0].entries[v[0].places[m->left]],
		    &w->lists[1].entries[v[1].places[m->right]], now_ns);
	}
	free_view(&v[0]);
	free_view(&v[1]);
	return status;
}

/* The oldest of too many go, of both sides the same. */
static void drop_anchors(struct window *w)
{
	size_t side, i, k;

	for (side = 0; side < 2; side++) {
		struct list *l = &w->lists[side];

		for (i = k = 0; i < l->count; i++) {
			const struct entry *e = &l->entries[i];

			if (e->state != PAIRED || e->pair + ANCHORS > w->pairs)
				l->entries[k++] = *e;
		}
		l->count = k;
	}
}

/* --- what is alone -------------------------------------------------------- */

static bool is_overdue(const struct window *w, const struct entry *e,
    int64_t now_ns)
{
	return e->state == WAITS && now_ns >= e->held_ns &&
	    now_ns >= clock_add(e->came_ns, w->options.grace_ns);
}

bool window_has_overdue(const struct window *w, enum sw_side side,
    int64_t now_ns)
{
	const struct list *l = &w->lists[side];
	size_t i;

	for (i = 0; i < l->count; i++)
		if (is_overdue(w, &l->entries[i], now_ns))
			return true;
	return false;
}

/* That it is outside of what the other side covers is no reason here: both go
 * on. */
static bool is_explained(const struct entry *e)
{
	return e->foreign || e->digest.attempts || e->digest.silent;
}

static enum sw_status tell_alone(struct window *w, enum sw_side side,
    struct entry *e)
{
	struct sw_session s;
	enum sw_status status;

	e->state = TOLD;
	if (e->early)
		e->counted = &w->counts.early[side];
	else if (is_explained(e))
		e->counted = &w->counts.other[side];
	if (e->counted) {
		++*e->counted;
		return SW_OK;
	}
	status = read_entry(e, &w->arenas[side], &s);
	return status == SW_OK ? w->options.alone(w->options.ctx, side, &s) :
	    status;
}

static enum sw_status tell_overdue(struct window *w, enum sw_side side,
    int64_t now_ns)
{
	struct list *l = &w->lists[side];
	enum sw_status status = SW_OK;
	size_t i;

	for (i = 0; i < l->count && status == SW_OK; i++)
		if (is_overdue(w, &l->entries[i], now_ns))
			status = tell_alone(w, side, &l->entries[i]);
	return status;
}

static bool is_late(const struct window *w, const struct entry *e,
    int64_t now_ns)
{
	return e->state == TOLD &&
	    (now_ns - e->came_ns) / (LATE + 1) >= w->options.grace_ns;
}

static void forget_told(struct window *w, int64_t now_ns)
{
	size_t side, i, k;

	for (side = 0; side < 2; side++) {
		struct list *l = &w->lists[side];

		for (i = k = 0; i < l->count; i++) {
			if (is_late(w, &l->entries[i], now_ns))
				drop_record(w, &l->entries[i]);
			else
				l->entries[k++] = l->entries[i];
		}
		l->count = k;
	}
}

/* --- a step --------------------------------------------------------------- */

enum sw_status window_step(struct window *w, int64_t now_ns, bool last,
    bool behind)
{
	enum sw_status status = SW_OK;

	if (w->changed || last || now_ns >= w->unsettled_ns) {
		w->changed = false;
		status = match(w, last ? INT64_MAX : now_ns);
	}
	if (status == SW_OK && !behind)
		status = tell_overdue(w, SW_LEFT, now_ns);
	if (status == SW_OK && !behind)
		status = tell_overdue(w, SW_RIGHT, now_ns);
	drop_anchors(w);
	forget_told(w, now_ns);
	return status;
}

void window_counts(const struct window *w, struct window_counts *c_r)
{
	size_t side, i;

	*c_r = w->counts;
	for (side = 0; side < 2; side++)
		for (i = 0; i < w->lists[side].count; i++)
			c_r->waiting[side] +=
			    w->lists[side].entries[i].state == WAITS;
}

const struct matching *window_matching(const struct window *w)
{
	return &w->matching;
}
