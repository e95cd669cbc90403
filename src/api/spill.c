/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spill.c - sessions in order of their start, through a file
 *
 * Sessions are written in binary form to an unlinked file; memory holds 24
 * octets of each.
 */
#include <stdlib.h>

#include "api/reader.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/scratch.h"
#include "transcript/store.h"

struct entry {
	int64_t start;
	uint64_t first; /* at */
	uint64_t offset;
	uint64_t number; /* in the order of adding: keeps the sort stable */
	size_t len;
};

struct spill {
	struct scratch *file;
	struct entry *entries;
	size_t count, capacity, next;
	struct buffer buffer;
	struct arena arena;
	struct sw_session session;
};

enum sw_status spill_new(const char *tmpdir, struct spill **s_r,
    struct sw_err *err)
{
	struct spill *s = calloc(1, sizeof(*s));
	enum sw_status status;

	*s_r = NULL;
	if (!s)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	buffer_init(&s->buffer, SIZE_MAX / 2);
	arena_init(&s->arena);
	status = scratch_new(tmpdir, &s->file, err);
	if (status != SW_OK)
		spill_free(&s);
	*s_r = s;
	return status;
}

enum sw_status spill_add(struct spill *s, const struct sw_session *session,
    struct sw_err *err)
{
	void *entries = s->entries;
	enum sw_status status;
	struct entry *e;

	buffer_clear(&s->buffer);
	if (!base_grow(&entries, s->count, &s->capacity, sizeof(*e)))
		return base_error_set(err, SW_ENOMEM, "out of memory");
	s->entries = entries;
	if (!store_write(&s->buffer, session))
		return base_error_set(err, SW_ENOMEM, "out of memory");
	e = &s->entries[s->count];
	e->start = session->start;
	e->first = session->source.first;
	e->number = s->count;
	e->len = s->buffer.len;
	status = scratch_append(s->file, buffer_slice(&s->buffer),
	    &e->offset, err);
	if (status == SW_OK)
		s->count++;
	return status;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

enum sw_status spill_sort(struct spill *s, struct sw_err *err)
{
	if (s->count > 1)
		qsort(s->entries, s->count, sizeof(*s->entries), compare);
	return scratch_finish(s->file, err);
}

int spill_next(struct spill *s, const struct sw_session **session_r,
    struct sw_err *err)
{
	const struct entry *e;
	enum sw_status status;

	if (s->next == s->count)
		return 0;
	e = &s->entries[s->next++];
	status = scratch_read(s->file, e->offset, e->len, &s->buffer, err);
	arena_reset(&s->arena);
	if (status == SW_OK)
		status = store_read(buffer_slice(&s->buffer), &s->arena,
		    &s->session, err);
	*session_r = &s->session;
	return status == SW_OK ? 1 : (int)status;
}

void spill_free(struct spill **sp)
{
	struct spill *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	scratch_free(&s->file);
	free(s->entries);
	buffer_fini(&s->buffer);
	arena_fini(&s->arena);
	free(s);
}
