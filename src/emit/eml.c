/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eml.c - each message to a file of its own
 *
 * Theory of operation.  Content comes in slices of many messages at once.
 * Each body gathers its own, in memory and in a file without its final name
 * (eml_body.c), until its session is over; then it gets its name or is dropped
 * (eml_settle.c).
 *
 * Bodies live in lanes.  A lane belongs to one thread at a time and shares
 * with the others the folder, a counter of names and one of the memory in use.
 *
 * Limit: LIMIT_GAPS gaps told a body.  What bounds memory and descriptors:
 * eml_body.c.
 */
#include "emit/eml_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"

/* --- the operations ----------------------------------------------------- */

static void *eml_open(void *ctx, uint32_t n)
{
	struct lane *l = ctx;
	struct body *b = emit_eml_body_new(l);

	(void)n;
	return b ? b : &l->none;
}

static void eml_octets(void *ctx, void *body, struct slice octets)
{
	struct body *b = body;

	(void)ctx;
	b->size += octets.len;
	if (b->error == 0)
		emit_eml_body_add(b, octets);
}

static void eml_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	struct body *b = body;
	void *p = b->gaps;

	(void)ctx;
	if (b->error != 0)
		return;
	if (b->gap_count >= LIMIT_GAPS ||
	    !base_grow(&p, b->gap_count, &b->gap_capacity, sizeof(*b->gaps))) {
		b->gaps_omitted++;
		return;
	}
	b->gaps = p;
	b->gaps[b->gap_count].offset = offset;
	b->gaps[b->gap_count].length = len;
	b->gap_count++;
}

static void eml_close(void *ctx, void *body)
{
	(void)ctx;
	emit_eml_body_end(body);
}

/* --- the writer --------------------------------------------------------- */

static int open_dir(const char *dir)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = open(dir, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return -1;
	return open(dir, flags);
}

static void init_lane(struct lane *l, struct emit_eml *e)
{
	l->owner = e;
	l->none.lane = l;
	l->none.fd = -1;
	l->none.error = ENOMEM;
	l->ops.ctx = l;
	l->ops.open = eml_open;
	l->ops.octets = eml_octets;
	l->ops.gap = eml_gap;
	l->ops.close = eml_close;
	l->ops.settle = emit_eml_settle;
}

enum sw_status emit_eml_new(const char *dir, struct emit_eml **e_r,
    struct sw_err *err)
{
	struct emit_eml *e = calloc(1, sizeof(*e));
	char why[128];
	unsigned i;

	*e_r = NULL;
	if (!e || !(e->dir = strdup(dir[0] ? dir : "."))) {
		free(e);
		return base_error_set(err, SW_ENOMEM, "out of memory");
	}
	e->fd = open_dir(e->dir);
	if (e->fd < 0 || faccessat(e->fd, ".", W_OK | X_OK, 0) != 0) {
		if (strerror_r(errno, why, sizeof(why)) != 0)
			why[0] = '\0';
		emit_eml_free(&e);
		return base_error_set(err, SW_EWRITE,
		    "cannot write messages to %s: %s", dir, why);
	}
	for (i = 0; i < EMIT_EML_LANES; i++)
		init_lane(&e->lanes[i], e);
	*e_r = e;
	return SW_OK;
}

const struct body_ops *emit_eml_ops(struct emit_eml *e, unsigned lane)
{
	return &e->lanes[lane % EMIT_EML_LANES].ops;
}

void emit_eml_free(struct emit_eml **e_r)
{
	struct emit_eml *e = *e_r;
	unsigned i;

	if (!e)
		return;
	for (i = 0; i < EMIT_EML_LANES; i++)
		while (e->lanes[i].bodies)
			emit_eml_body_free(e->lanes[i].bodies);
	if (e->fd >= 0)
		(void)close(e->fd);
	free(e->dir);
	free(e);
	*e_r = NULL;
}
