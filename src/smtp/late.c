/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * late.c - replies and closes that wait until the client octets before them
 * are told
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

static void tell(struct dialogue *d, const struct reply_in *in)
{
	uint32_t n = session_reply(d->b, in);

	dialogue_remember(d, n, dialogue_dir(d, SW_SERVER), d->reply_end);
}

/* at: in the list, which may move meanwhile. */
static void tell_late(struct dialogue *d, const struct late_reply *at)
{
	struct late_reply l = *at;

	if (l.is_close) {
		/* the closed side's content ends here as well */
		if (dialogue_role(d, l.dir) == SW_CLIENT)
			client_end(d, false, l.origin);
		dialogue_tell_close(d, l.dir, l.rst, l.origin);
		return;
	}
	l.in.lines = l.lines;
	tell(d, &l.in);
	d->late_octets -= l.len;
	free(l.lines);
}

/* The end of the client's octets may bring up what was held of them, and ask
 * for this again: what is behind a close is told behind it. */
void late_flush_any(struct dialogue *d)
{
	size_t i = 0;

	if (d->flushing)
		return;
	d->flushing = true;
	while (i < d->late_count &&
	    d->late[d->late_first + i].mark <= d->client_offset) {
		tell_late(d, &d->late[d->late_first + i]);
		i++;
	}
	d->flushing = false;
	if (i == 0)
		return;
	d->resized = true;
	d->late_count -= (uint32_t)i;
	d->late_first = d->late_count > 0 ? d->late_first + (uint32_t)i : 0;
}

/* A place behind the last one, cleared.  Those that were told make room when
 * they are a quarter of the list: each is moved a few times.  NULL: memory. */
static struct late_reply *next_place(struct dialogue *d)
{
	size_t end = d->late_first + d->late_count;
	void *list = d->late;

	d->resized = true;
	if (end == d->late_capacity && d->late_first > end / 4) {
		memmove(d->late, d->late + d->late_first,
		    d->late_count * sizeof(*d->late));
		d->late_first = 0;
		end = d->late_count;
	}
	if (!base_grow(&list, end, &d->late_capacity, sizeof(*d->late))) {
		d->memory = true;
		return NULL;
	}
	d->late = list;
	memset(&d->late[end], 0, sizeof(*d->late));
	return &d->late[end];
}

/* Client octets that came before this reply are not told yet: keep it. */
static void keep_late(struct dialogue *d, const struct reply_in *in)
{
	struct late_reply *l = next_place(d);
	size_t i, len = 0;
	uint8_t *p;

	if (!l)
		return;
	for (i = 0; i < in->line_count; i++)
		len += in->lines[i].len;
	l->in = *in;
	l->mark = d->client_seen;
	/* the texts stand behind the lines */
	l->lines = malloc(in->line_count * sizeof(*l->lines) + len + 1);
	if (!l->lines) {
		d->memory = true;
		return;
	}
	p = (uint8_t *)(l->lines + in->line_count);
	for (i = 0; i < in->line_count; i++) {
		if (in->lines[i].len > 0)
			memcpy(p, in->lines[i].p, in->lines[i].len);
		l->lines[i] = slice_make(p, in->lines[i].len);
		p += in->lines[i].len;
	}
	d->late_count++;
	l->len = len;
	d->late_octets += len;
}

bool late_keep_close(struct dialogue *d, int dir, bool rst,
    struct origin origin)
{
	struct late_reply *l;

	if (!smtp_held_any(&d->held) && d->late_count == 0)
		return false;
	l = next_place(d);
	if (!l)
		return false;
	d->late_count++;
	l->is_close = true;
	l->mark = d->client_seen;
	l->dir = dir;
	l->rst = rst;
	l->origin = origin;
	return true;
}

void late_tell_reply(struct dialogue *d, const struct reply_in *in)
{
	if (smtp_held_any(&d->held) || d->late_count > 0)
		keep_late(d, in);
	else
		tell(d, in);
	/* What is being parsed must stay; the next reply asks again. */
	if (!d->replaying && (d->late_count > LIMIT_LATE ||
	    d->late_octets > LIMIT_LATE_OCTETS))
		content_take_held(d);
}

void late_fini(struct dialogue *d)
{
	size_t i;

	for (i = 0; i < d->late_count; i++)
		free(d->late[d->late_first + i].lines);
}
