/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source_store.c - octets of several sources in one unlinked file */
#include "base/source_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct source_store {
	int fd;
	char *tmpdir;
	uint64_t size;
	unsigned holders; /* of one thread */
};

enum sw_status source_store_new(const char *tmpdir,
    struct source_store **s_r, struct sw_err *err)
{
	struct source_store *s = calloc(1, sizeof(*s));

	*s_r = s;
	if (!s)
		return source_no_memory(err);
	if (!tmpdir)
		tmpdir = "/tmp";
	s->holders = 1;
	s->tmpdir = strdup(tmpdir);
	s->fd = s->tmpdir ? source_make_spool(tmpdir) : -1;
	if (s->fd >= 0)
		return SW_OK;
	if (!s->tmpdir || errno == ENOMEM) {
		source_store_release(s_r);
		return source_no_memory(err);
	}
	source_store_release(s_r);
	return base_error_set(err, SW_EREAD,
	    "no temporary copy can be made in %s", tmpdir);
}

void source_store_release(struct source_store **sp)
{
	struct source_store *s = *sp;

	*sp = NULL;
	if (!s || --s->holders > 0)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s->tmpdir);
	free(s);
}

struct source_store *source_store_hold(struct source_store *s)
{
	s->holders++;
	return s;
}

int source_store_fd(const struct source_store *s)
{
	return s->fd;
}

const char *source_store_tmpdir(const struct source_store *s)
{
	return s->tmpdir;
}

bool source_store_append(struct source_store *s, struct slice octets)
{
	size_t done = source_write_all(s->fd, octets);

	s->size += done;
	return done == octets.len;
}

uint64_t source_store_size(const struct source_store *s)
{
	return s->size;
}

void source_store_cut(struct source_store *s, uint64_t size)
{
	/* What cannot be cut stays and is never looked at. */
	if (ftruncate(s->fd, (off_t)size) == 0 &&
	    lseek(s->fd, (off_t)size, SEEK_SET) >= 0)
		s->size = size;
}
