/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remarks.c - what captures say of frames beside their octets
 *
 * A table of connections by their endpoints, each with a list in the order of
 * its frames.  The lock is taken once for a frame that has remarks and once
 * for a session; few captures have any.
 */
#include "pipeline/remarks.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"

enum { BUCKETS = 4096 };

struct remark {
	struct remark *next;
	uint64_t at;
	enum sw_note_code code;
	size_t len;
	uint8_t text[];
};

struct pair {
	struct pair *next; /* of its bucket */
	struct endpoint low, high;
	struct remark *first, *last;
	struct remark *process; /* the last one of that kind */
};

struct remarks {
	pthread_mutex_t lock;
	struct account *account;
	uint64_t secret;
	uint64_t held; /* octets */
	struct arena arena;
	struct pair *buckets[BUCKETS];
};

enum sw_status remarks_new(uint64_t secret, struct account *account,
    struct remarks **r_r)
{
	struct remarks *r = calloc(1, sizeof(*r));

	*r_r = NULL;
	if (!r)
		return SW_ENOMEM;
	if (pthread_mutex_init(&r->lock, NULL) != 0) {
		free(r);
		return SW_ENOMEM;
	}
	arena_init(&r->arena);
	r->account = account;
	r->secret = secret;
	*r_r = r;
	return SW_OK;
}

void remarks_free(struct remarks **rp)
{
	struct remarks *r = *rp;

	*rp = NULL;
	if (!r)
		return;
	arena_fini(&r->arena);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void remarks_clear(struct remarks *r)
{
	pthread_mutex_lock(&r->lock);
	if (r->held > 0) {
		memset(r->buckets, 0, sizeof(r->buckets));
		arena_reset(&r->arena);
		r->held = 0;
	}
	pthread_mutex_unlock(&r->lock);
}

static int compare(const struct endpoint *a, const struct endpoint *b)
{
	int c = memcmp(a->ip, b->ip, sizeof(a->ip));

	return c ? c : (int)a->port - (int)b->port;
}

/* The pair's place: its own, or where it would be. */
static struct pair **find(struct remarks *r, const struct endpoint *a,
    const struct endpoint *b)
{
	const struct endpoint *low = compare(a, b) <= 0 ? a : b;
	const struct endpoint *high = low == a ? b : a;
	uint64_t h = remarks_hash(remarks_hash(r->secret, low), high);
	struct pair **p = &r->buckets[h % BUCKETS];

	while (*p && (compare(&(*p)->low, low) != 0 ||
	    compare(&(*p)->high, high) != 0))
		p = &(*p)->next;
	return p;
}

static void *take(struct remarks *r, size_t len)
{
	void *p = r->held + len <= LIMIT_REMARKS ?
	    arena_calloc(&r->arena, 1, len) : NULL;

	if (p)
		r->held += len;
	else
		account_add(r->account, ACCOUNT_LIMIT_OTHER, 1);
	return p;
}

static struct pair *get_pair(struct remarks *r, const struct endpoint *a,
    const struct endpoint *b)
{
	struct pair **place = find(r, a, b), *p = *place;
	bool ordered = compare(a, b) <= 0;

	if (p)
		return p;
	p = take(r, sizeof(*p));
	if (p) {
		p->low = ordered ? *a : *b;
		p->high = ordered ? *b : *a;
	}
	*place = p;
	return p;
}

static struct remark *add(struct remarks *r, struct pair *p, uint64_t at,
    enum sw_note_code code, struct slice text)
{
	struct remark *m = take(r, sizeof(*m) + text.len);

	if (!m)
		return NULL;
	m->at = at;
	m->code = code;
	m->len = text.len;
	memcpy(m->text, text.p, text.len);
	if (p->last)
		p->last->next = m;
	else
		p->first = m;
	p->last = m;
	return m;
}

static bool is_same(const struct remark *m, struct slice text)
{
	return m && slice_eq(slice_make(m->text, m->len), text);
}

void remarks_add(struct remarks *r, const struct endpoint *a,
    const struct endpoint *b, uint64_t at, bool begins,
    const struct frame_remarks *what)
{
	struct pair *p;

	pthread_mutex_lock(&r->lock);
	p = get_pair(r, a, b);
	if (p && begins)
		p->process = NULL;
	if (p && what->process.len > 0 && !is_same(p->process, what->process))
		p->process = add(r, p, at, SW_NOTE_PROCESS, what->process);
	if (p && what->comment.len > 0)
		add(r, p, at, SW_NOTE_COMMENT, what->comment);
	pthread_mutex_unlock(&r->lock);
}

/* A SYN that was sent again says it once more. */
static bool is_said(const struct remark *process, const struct remark *m)
{
	return m->code == SW_NOTE_PROCESS &&
	    is_same(process, slice_make(m->text, m->len));
}

void remarks_tell(struct remarks *r, const struct endpoint *a,
    const struct endpoint *z, uint64_t first, uint64_t last,
    struct session_builder *b)
{
	const struct remark *m, *process = NULL;
	struct pair *p;

	pthread_mutex_lock(&r->lock);
	p = r->held > 0 ? *find(r, a, z) : NULL;
	/* They are told once: what ends later with these endpoints began
	 * later, and need not look at them again. */
	while (p && (m = p->first) != NULL && m->at <= last) {
		if (m->at >= first && !is_said(process, m))
			session_note(b, m->code, 0, m->at, m->at, "%.*s",
			    (int)m->len, (const char *)m->text);
		if (m->at >= first && m->code == SW_NOTE_PROCESS)
			process = m;
		p->first = m->next;
	}
	if (p && !p->first)
		p->last = NULL;
	pthread_mutex_unlock(&r->lock);
}
