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

/* The end of the client's octets may bring up what was held of them, and ask
 * for this again: what is behind a close is told behind it. */
void late_flush_any(struct dialogue *d)
{
	size_t i = 0;

	if (d->flushing)
		return;
	d->flushing = true;
	while (i < d->late_count && d->late[i].mark <= d->client_offset) {
		if (d->late[i].is_close) {
			/* the closed side's content ends here as well */
			if (dialogue_role(d, d->late[i].dir) == SW_CLIENT)
				client_end(d, false, d->late[i].origin);
			dialogue_tell_close(d, d->late[i].dir,
			    d->late[i].rst, d->late[i].origin);
			i++;
			continue;
		}
		d->late[i].in.lines = d->late[i].lines;
		tell(d, &d->late[i].in);
		d->late_octets -= d->late[i].len;
		free(d->late[i].lines);
		i++;
	}
	d->flushing = false;
	if (i == 0)
		return;
	d->resized = true;
	d->late_count -= i;
	memmove(d->late, d->late + i, d->late_count * sizeof(*d->late));
}

/* Client octets that came before this reply are not told yet: keep it. */
static void keep_late(struct dialogue *d, const struct reply_in *in)
{
	void *list = d->late;
	struct late_reply *l;
	size_t i, len = 0;
	uint8_t *p;

	d->resized = true;
	if (!base_grow(&list, d->late_count, &d->late_capacity, sizeof(*l))) {
		d->memory = true;
		return;
	}
	d->late = list;
	for (i = 0; i < in->line_count; i++)
		len += in->lines[i].len;
	l = &d->late[d->late_count];
	memset(l, 0, sizeof(*l));
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
	void *list = d->late;
	struct late_reply *l;

	if (!smtp_held_any(&d->held) && d->late_count == 0)
		return false;
	d->resized = true;
	if (!base_grow(&list, d->late_count, &d->late_capacity, sizeof(*l))) {
		d->memory = true;
		return false;
	}
	d->late = list;
	l = &d->late[d->late_count++];
	memset(l, 0, sizeof(*l));
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
		free(d->late[i].lines);
}
