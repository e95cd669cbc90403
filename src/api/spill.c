/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spill.c - sessions in order of their start, through a file
 *
 * Sessions are written in binary form to an unlinked file; memory holds 24
 * octets of each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/reader.h"
#include "base/arena.h"
#include "base/error.h"
#include "transcript/store.h"

struct entry {
	int64_t start;
	uint64_t first; /* at */
	uint64_t offset;
	uint64_t number; /* in the order of adding: keeps the sort stable */
	size_t len;
};

struct spill {
	FILE *file;
	uint64_t size;
	struct entry *entries;
	size_t count, capacity, next;
	struct buffer buffer;
	struct arena arena;
	struct sw_session session;
};

static FILE *open_unlinked(const char *tmpdir)
{
	char name[4096];
	FILE *f;
	int fd;

	if (snprintf(name, sizeof(name), "%s/smtpwire-XXXXXX",
	    tmpdir ? tmpdir : "/tmp") >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = mkstemp(name);
	if (fd < 0)
		return NULL;
	unlink(name);
	f = fdopen(fd, "w+b");
	if (!f)
		close(fd);
	return f;
}

enum sw_status spill_new(const char *tmpdir, struct spill **s_r,
    struct sw_err *err)
{
	struct spill *s = calloc(1, sizeof(*s));

	*s_r = NULL;
	if (!s)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	buffer_init(&s->buffer, SIZE_MAX / 2);
	arena_init(&s->arena);
	s->file = open_unlinked(tmpdir);
	if (!s->file) {
		base_error_set(err, SW_EWRITE, "%s: cannot make a temporary "
		    "file: %s", tmpdir ? tmpdir : "/tmp", strerror(errno));
		spill_free(&s);
		return SW_EWRITE;
	}
	*s_r = s;
	return SW_OK;
}

enum sw_status spill_add(struct spill *s, const struct sw_session *session,
    struct sw_err *err)
{
	void *entries = s->entries;
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
	e->offset = s->size;
	e->number = s->count;
	e->len = s->buffer.len;
	if (fwrite(s->buffer.p, 1, e->len, s->file) != e->len)
		return base_error_set(err, SW_EWRITE, "temporary file: %s",
		    strerror(errno));
	s->size += e->len;
	s->count++;
	return SW_OK;
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

void spill_sort(struct spill *s)
{
	if (s->count > 1)
		qsort(s->entries, s->count, sizeof(*s->entries), compare);
}

int spill_next(struct spill *s, const struct sw_session **session_r,
    struct sw_err *err)
{
	const struct entry *e;
	enum sw_status status;

	if (s->next == s->count)
		return 0;
	e = &s->entries[s->next++];
	buffer_clear(&s->buffer);
	if (!buffer_reserve(&s->buffer, e->len))
		return (int)base_error_set(err, SW_ENOMEM, "out of memory");
	if (fseeko(s->file, (off_t)e->offset, SEEK_SET) != 0 ||
	    fread(s->buffer.p, 1, e->len, s->file) != e->len)
		return (int)base_error_set(err, SW_EWRITE,
		    "temporary file: cannot be read back: %s",
		    strerror(errno));
	arena_reset(&s->arena);
	status = store_read(slice_make(s->buffer.p, e->len), &s->arena,
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
	if (s->file)
		fclose(s->file);
	free(s->entries);
	buffer_fini(&s->buffer);
	arena_fini(&s->arena);
	free(s);
}
