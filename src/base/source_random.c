/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source_random.c - octets of a source at any offset
 *
 * A pipe or a compressed input is spooled to an unlinked file first.
 */
#include "base/source_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Read at random: this much at first, more as long as reads ascend. */
#define WINDOW_MIN 4096u
/* A read so little behind the window goes on from it. */
#define SEQUENTIAL 65536u

enum sw_status source_read_at_fd(struct source *s, int fd, uint8_t *buf,
    size_t len, uint64_t off, size_t *got_r, struct sw_err *err)
{
	*got_r = 0;
	while (*got_r < len) {
		ssize_t n = pread(fd, buf + *got_r, len - *got_r,
		    (off_t)(off + *got_r));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return source_read_failed(s, errno, err);
		if (n == 0)
			break;
		*got_r += (size_t)n;
	}
	return SW_OK;
}

int source_make_spool(const char *dir)
{
	static const char template[] = "/smtpwire-XXXXXX";
	size_t len = strlen(dir);
	char *path = malloc(len + sizeof(template));
	int fd;

	if (!path) {
		errno = ENOMEM;
		return -1;
	}
	memcpy(path, dir, len);
	memcpy(path + len, template, sizeof(template));
	fd = mkstemp(path);
	if (fd >= 0) {
		unlink(path);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	free(path);
	return fd;
}

size_t source_write_all(int fd, struct slice octets)
{
	size_t done = 0;

	while (done < octets.len) {
		ssize_t n = write(fd, octets.p + done, octets.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* The disk is full: what was taken from the input is to be read again. */
static enum sw_status unspool(struct source *s, struct slice rest,
    struct sw_err *err)
{
	s->carry_octets = malloc(rest.len);
	if (!s->carry_octets)
		return source_no_memory(err);
	memcpy(s->carry_octets, rest.p, rest.len);
	s->carry = slice_make(s->carry_octets, rest.len);
	s->replay = s->random_size;
	s->replay_off = 0;
	s->random_size = 0;
	s->view.end_off = 0;
	source_empty_view(s);
	s->eof = s->failed = false;
	return base_error_set(err, SW_EWRITE,
	    "%s: no room in %s for a temporary copy", s->name, s->tmpdir);
}

static enum sw_status spool(struct source *s, struct sw_err *err)
{
	struct slice octets;
	enum sw_status status = source_peek(s, 1, &octets, err);

	while (status == SW_OK && octets.len > 0 &&
	    s->random_size < SOURCE_SPOOL_MAX) {
		size_t done = source_write_all(s->spool_fd, octets);

		s->random_size += done;
		if (done < octets.len)
			return unspool(s, slice_from(octets, done), err);
		status = source_skip(s, octets.len, err);
		if (status == SW_OK)
			status = source_peek(s, 1, &octets, err);
	}
	if (status == SW_EREAD) {
		/* What was readable is there; source_peek tells the rest. */
		s->failed = true;
		status = SW_OK;
	}
	return status;
}

enum sw_status source_make_random(struct source *s, struct sw_err *err)
{
	enum sw_status status;

	if (s->random)
		return SW_OK;
	if (source_offset(s) != 0)
		return base_error_set(err, SW_EUSAGE,
		    "%s: octets were consumed already", s->name);
	if (s->kind == KIND_FILE && !s->decompress) {
		s->random = true;
		s->random_size = source_file_size(s);
		return SW_OK;
	}
	s->spool_fd = source_make_spool(s->tmpdir);
	if (s->spool_fd < 0 && errno == ENOMEM)
		return source_no_memory(err);
	if (s->spool_fd < 0)
		return base_error_set(err, SW_EWRITE,
		    "%s: no temporary copy can be made in %s", s->name,
		    s->tmpdir);
	status = spool(s, err);
	s->random = status == SW_OK;
	return status;
}

uint64_t source_random_size(const struct source *s)
{
	return s->random_size;
}

/*
 * Move the window to off.  It grows while the reads ascend and starts small
 * after a jump, so that a table in any order costs no more than a few pages
 * a frame.
 */
static enum sw_status move_window(struct source *s, uint64_t off, size_t n,
    struct sw_err *err)
{
	uint64_t end = s->window_off + s->window_len;
	uint64_t start = off / SOURCE_PAGE * SOURCE_PAGE;
	size_t lead = (size_t)(off - start), size = SOURCE_BLOCK;
	int fd = s->spool_fd >= 0 ? s->spool_fd : s->fd;
	uint64_t base = s->spool_fd >= 0 ? 0 : s->base;
	struct source_block *b = s->window;

	if (off >= s->window_off && off <= end + SEQUENTIAL)
		s->window_want *= 4;
	else
		s->window_want = WINDOW_MIN;
	if (s->window_want < WINDOW_MIN || s->window_want > SOURCE_BLOCK)
		s->window_want = SOURCE_BLOCK;
	if (n > SOURCE_BLOCK - lead)
		size = source_round_up(lead + n);
	if (!b || b->size < size || atomic_load(&b->holders) != 1) {
		source_block_release(&s->window);
		s->window_len = 0;
		b = source_block_take(s->pool, SOURCE_HEADROOM, size);
		s->last = s->window = b;
		if (!b)
			return source_no_memory(err);
	}
	size = s->window_want;
	if (size < lead + n)
		size = lead + n;
	s->window_off = start;
	return source_read_at_fd(s, fd, b->start + b->headroom, size,
	    base + start, &s->window_len, err);
}

enum sw_status source_read_at(struct source *s, uint64_t off, size_t n,
    struct slice *octets_r, struct sw_err *err)
{
	enum sw_status status = SW_OK;

	*octets_r = slice_make(NULL, 0);
	if (off >= s->random_size)
		return SW_OK;
	if (n > s->random_size - off)
		n = (size_t)(s->random_size - off);
	if (s->kind == KIND_MEMORY) {
		*octets_r = slice_head(slice_from(s->memory, (size_t)off), n);
		return SW_OK;
	}
	if (!s->window || off < s->window_off ||
	    off - s->window_off > s->window_len ||
	    n > s->window_len - (size_t)(off - s->window_off))
		status = move_window(s, off, n, err);
	s->last = s->window;
	if (!s->window)
		return status;
	off -= s->window_off;
	*octets_r = slice_head(slice_from(slice_make(s->window->start +
	    s->window->headroom, s->window_len), (size_t)off), n);
	return status;
}
