/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tee.c - content to the observer and to the .eml writer */
#include <stdlib.h>

#include "base/error.h"

#include "api/reader.h"

/* One message's content. */
struct teed {
	void *seen;  /* the observer's handle */
	void *body;  /* of the next operations */
};

struct tee {
	struct sw_observer observer;
	const struct body_ops *next;
	struct body_ops ops;
	struct teed none; /* of content for which memory ran out */
};

static void *on_open(void *ctx, uint32_t n)
{
	struct tee *t = ctx;
	struct teed *b = calloc(1, sizeof(*b));

	if (!b)
		return &t->none;
	if (t->observer.body_open)
		b->seen = t->observer.body_open(t->observer.ctx, n);
	if (t->next)
		b->body = t->next->open(t->next->ctx, n);
	if (b->seen || b->body)
		return b;
	free(b);
	return NULL;
}

static void on_octets(void *ctx, void *body, struct slice octets)
{
	struct tee *t = ctx;
	struct teed *b = body;

	if (b->seen && t->observer.body_octets)
		t->observer.body_octets(t->observer.ctx, b->seen, octets.p,
		    octets.len);
	if (b->body)
		t->next->octets(t->next->ctx, b->body, octets);
}

static void on_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	struct tee *t = ctx;
	struct teed *b = body;

	if (b->seen && t->observer.body_gap)
		t->observer.body_gap(t->observer.ctx, b->seen, offset, len);
	if (b->body)
		t->next->gap(t->next->ctx, b->body, offset, len);
}

static void on_close(void *ctx, void *body)
{
	struct tee *t = ctx;
	struct teed *b = body;

	if (b->body)
		t->next->close(t->next->ctx, b->body);
}

static enum sw_status on_settle(void *ctx, void *body,
    const struct sw_session *s, struct sw_message *m, bool keep,
    struct arena *arena, struct sw_err *err)
{
	struct tee *t = ctx;
	struct teed *b = body;
	enum sw_status status = SW_OK;

	if (b == &t->none)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (b->body)
		status = t->next->settle(t->next->ctx, b->body, s, m, keep,
		    arena, err);
	if (b->seen && t->observer.body_end)
		t->observer.body_end(t->observer.ctx, b->seen, s, m, keep);
	free(b);
	return status;
}

enum sw_status tee_new(const struct sw_observer *observer,
    const struct body_ops *next, struct tee **t_r)
{
	struct tee *t = calloc(1, sizeof(*t));

	*t_r = t;
	if (!t)
		return SW_ENOMEM;
	t->observer = *observer;
	t->next = next;
	t->ops.ctx = t;
	t->ops.open = on_open;
	t->ops.octets = on_octets;
	t->ops.gap = on_gap;
	t->ops.close = on_close;
	t->ops.settle = on_settle;
	return SW_OK;
}

const struct body_ops *tee_ops(const struct tee *t)
{
	return &t->ops;
}

void tee_free(struct tee **t)
{
	free(*t);
	*t = NULL;
}
