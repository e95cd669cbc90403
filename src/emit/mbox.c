/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mbox.c - messages to one file, in the order of their sessions
 *
 * Theory of operation.  Bodies come in slices of many messages at once, in
 * several threads, and sessions are told in an order of their own.  Bodies
 * are piled up (pile.c).  What is to be kept waits under its session's id
 * until that is told, and is then written (mbox_message.c) behind what the
 * mailbox (mbox_file.c) holds: a message at a time, and what could not be
 * written whole is cut off again.
 */
#include "emit/mbox_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/secret.h"

enum { BUCKETS_FIRST = 1024 }; /* a power of two */

/* --- the operations ------------------------------------------------------- */

static void *on_open(void *ctx, uint32_t n)
{
	struct mbox_lane *l = ctx;
	struct mail *m = calloc(1, sizeof(*m));

	if (!m)
		return &l->none;
	m->lane = l;
	m->octets.pile = &l->owner->pile;
	m->n = n;
	if (l->next)
		m->below = l->next->open(l->next->ctx, n);
	m->next = l->mails;
	if (m->next)
		m->next->previous = m;
	l->mails = m;
	return m;
}

static void on_octets(void *ctx, void *body, struct slice octets)
{
	const struct mbox_lane *l = ctx;
	struct mail *m = body;

	emit_piled_add(&m->octets, octets);
	if (m->below)
		l->next->octets(l->next->ctx, m->below, octets);
}

static void on_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	const struct mbox_lane *l = ctx;
	struct mail *m = body;

	m->lacking = true;
	if (m->below)
		l->next->gap(l->next->ctx, m->below, offset, len);
}

static void on_close(void *ctx, void *body)
{
	const struct mbox_lane *l = ctx;
	const struct mail *m = body;

	if (m->below)
		l->next->close(l->next->ctx, m->below);
}

static void free_mail(struct mail *m)
{
	emit_piled_fini(&m->octets);
	free(m);
}

static void unlink_mail(struct mail *m)
{
	if (m->previous)
		m->previous->next = m->next;
	else
		m->lane->mails = m->next;
	if (m->next)
		m->next->previous = m->previous;
	m->previous = m->next = NULL;
}

static struct mail **bucket_of(const struct emit_mbox *e, uint64_t session,
    uint32_t n)
{
	uint64_t h = hash_mix(session ^ e->secret,
	    (n ^ UINT64_C(0x9e3779b97f4a7c15)) + (e->secret << 1));

	return &e->waiting[h & (e->bucket_count - 1)];
}

/* Twice as many buckets; without memory for them it takes longer. */
static void widen(struct emit_mbox *e)
{
	struct mail **old = e->waiting;
	size_t i, old_count = e->bucket_count;
	struct mail **buckets = calloc(2 * old_count, sizeof(*buckets));

	if (!buckets)
		return;
	e->waiting = buckets;
	e->bucket_count = 2 * old_count;
	for (i = 0; i < old_count; i++) {
		while (old[i]) {
			struct mail *m = old[i];
			struct mail **bucket = bucket_of(e, m->session, m->n);

			old[i] = m->next;
			m->next = *bucket;
			*bucket = m;
		}
	}
	free(old);
}

/* Until its session is told. */
static void let_wait(struct emit_mbox *e, struct mail *m, uint64_t session)
{
	struct mail **bucket;

	m->session = session;
	(void)pthread_mutex_lock(&e->lock);
	if (e->waiting_count >= e->bucket_count)
		widen(e);
	bucket = bucket_of(e, session, m->n);
	m->next = *bucket;
	*bucket = m;
	e->waiting_count++;
	(void)pthread_mutex_unlock(&e->lock);
}

static enum sw_status on_settle(void *ctx, void *body,
    const struct sw_session *s, struct sw_message *message, bool keep,
    struct arena *arena, struct sw_err *err)
{
	struct mbox_lane *l = ctx;
	struct mail *m = body;
	enum sw_status status = SW_OK;

	if (m->below)
		status = l->next->settle(l->next->ctx, m->below, s, message,
		    keep, arena, err);
	if (keep && status == SW_OK && m->octets.error != 0)
		status = emit_mbox_cannot_write(l->owner, m->octets.error, err);
	if (m == &l->none)
		return status;
	unlink_mail(m);
	if (keep && status == SW_OK) {
		m->lacking = m->lacking || message->missing != 0;
		let_wait(l->owner, m, s->id);
	} else {
		free_mail(m);
	}
	return status;
}

/* --- sessions ------------------------------------------------------------- */

/* The one of that session and number, taken out; NULL: there is none. */
static struct mail *take_waiting(struct emit_mbox *e, uint64_t session,
    uint32_t n)
{
	struct mail **link, *m;

	(void)pthread_mutex_lock(&e->lock);
	for (link = bucket_of(e, session, n); (m = *link) != NULL;
	    link = &m->next)
		if (m->session == session && m->n == n)
			break;
	if (m) {
		*link = m->next;
		e->waiting_count--;
	}
	(void)pthread_mutex_unlock(&e->lock);
	return m;
}

enum sw_status emit_mbox_session(struct emit_mbox *e,
    const struct sw_session *s, unsigned *incomplete_r, struct sw_err *err)
{
	int error = 0;
	size_t i;

	*incomplete_r = 0;
	for (i = 0; i < s->message_count && error == 0; i++) {
		struct mail *m = take_waiting(e, s->id, s->messages[i].n);

		if (!m)
			continue;
		if (m->lacking)
			++*incomplete_r;
		else
			error = emit_mbox_write(e, m, s, &s->messages[i]);
		free_mail(m);
	}
	return error == 0 ? SW_OK : emit_mbox_cannot_write(e, error, err);
}

/* --- the mailbox ---------------------------------------------------------- */

/* Bodies lie in the mailbox's folder, if it has one of its own. */
static int init_pile(struct emit_mbox *e, const char *tmpdir)
{
	char base[4096];
	int len = e->direct ? snprintf(base, sizeof(base), "%s/smtpwire",
	    tmpdir ? tmpdir : "/tmp") :
	    snprintf(base, sizeof(base), "%s", e->path);

	if (len >= (int)sizeof(base))
		return ENAMETOOLONG;
	return emit_pile_init(&e->pile, base) ? 0 : ENOMEM;
}

static void init_lane(struct mbox_lane *l, struct emit_mbox *e,
    const struct body_ops *next)
{
	l->owner = e;
	l->next = next;
	l->none.lane = l;
	l->none.octets.error = ENOMEM;
	l->ops.ctx = l;
	l->ops.open = on_open;
	l->ops.octets = on_octets;
	l->ops.gap = on_gap;
	l->ops.close = on_close;
	l->ops.settle = on_settle;
}

enum sw_status emit_mbox_new(const char *path, bool growing,
    const char *tmpdir, struct emit_eml *eml, struct emit_mbox **e_r,
    struct sw_err *err)
{
	struct emit_mbox *e = calloc(1, sizeof(*e));
	enum sw_status status;
	unsigned i;
	int error;

	*e_r = NULL;
	if (!e || pthread_mutex_init(&e->lock, NULL) != 0) {
		free(e);
		return base_error_set(err, SW_ENOMEM, "out of memory");
	}
	e->fd = -1;
	e->growing = growing;
	e->path = strdup(path);
	e->out = malloc(OUT_SIZE);
	e->waiting = calloc(BUCKETS_FIRST, sizeof(struct mail *));
	e->bucket_count = e->waiting ? BUCKETS_FIRST : 0;
	e->secret = base_secret();
	for (i = 0; i < EMIT_EML_LANES; i++)
		init_lane(&e->lanes[i], e, eml ? emit_eml_ops(eml, i) : NULL);
	error = e->path && e->out && e->waiting ? emit_mbox_open(e) : ENOMEM;
	if (error == 0)
		error = init_pile(e, tmpdir);
	if (error == 0) {
		*e_r = e;
		return SW_OK;
	}
	status = e->path ? emit_mbox_cannot_write(e, error, err) :
	    base_error_set(err, SW_ENOMEM, "out of memory");
	emit_mbox_free(&e);
	return status;
}

const struct body_ops *emit_mbox_ops(struct emit_mbox *e, unsigned lane)
{
	return &e->lanes[lane % EMIT_EML_LANES].ops;
}

static void free_waiting(struct mail **bucket)
{
	while (*bucket) {
		struct mail *m = *bucket;

		*bucket = m->next;
		free_mail(m);
	}
}

void emit_mbox_free(struct emit_mbox **e_r)
{
	struct emit_mbox *e = *e_r;
	size_t i;

	if (!e)
		return;
	*e_r = NULL;
	for (i = 0; i < e->bucket_count; i++)
		free_waiting(&e->waiting[i]);
	free(e->waiting);
	for (i = 0; i < EMIT_EML_LANES; i++)
		free_waiting(&e->lanes[i].mails);
	if (e->fd >= 0)
		(void)close(e->fd);
	emit_pile_fini(&e->pile);
	if (e->part)
		(void)unlink(e->part);
	(void)pthread_mutex_destroy(&e->lock);
	free(e->part);
	free(e->target);
	free(e->out);
	free(e->path);
	free(e);
}
