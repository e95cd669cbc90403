/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper.c - frames to pcapng files
 *
 * Theory of operation.  A file is one section of this host's byte order.  Its
 * interfaces are the kinds of frames that it holds, each described in front
 * of the first frame of that kind, with times in nanoseconds.  Blocks are
 * gathered and written whole, so that a file which is cut off by whatever
 * ends the program can be read up to there.
 *
 * Others may rename or remove a file that grows, as logrotate does.  So it is
 * put away only while its name leads to the descriptor that is written, and
 * else it is theirs, and the next begins.  One that does not grow has a name
 * that nobody looks for until it is complete, so that a disk that runs full
 * leaves what was there before; if the run is killed, it stays under that name.
 * What is no file (a pipe, a device) is written from beginning to end.
 */
#include "capture/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/part.h"

enum {
	WRITE_AT = 1 << 16, /* octets gathered before they are written */
	KINDS_MAX = 256,    /* interfaces of one section */
	SECTION = 0x0a0d0d0a,
	SECTION_LEN = 28,
	INTERFACE = 1,
	PACKET = 6,
	NAME_TRIES = 1000 /* names in a row that others have */
};

struct keeper {
	struct keeper_options options;
	char *path;
	char *part;          /* name until it is complete; NULL: its own */
	int fd;
	bool regular;        /* and not a pipe or a device */
	struct buffer buffer;
	uint64_t size;       /* of the file, with what is gathered */
	uint64_t written;    /* octets of it, of whole blocks */
	int64_t first_ns;    /* of its frames; SW_NO_TIME: none yet */
	uint32_t kinds[KINDS_MAX]; /* link types of the section's interfaces */
	uint32_t kind_count;
	bool rotate;         /* before the next frame */
	int64_t named_s;     /* second of the last name, and its number */
	unsigned named;
	char **old;          /* names of files before, a ring of `keep` */
	size_t old_next;
};

static enum sw_status fail(const struct keeper *k, struct sw_err *err)
{
	return base_error_set(err, SW_EWRITE, "%s: cannot write: %s", k->path,
	    strerror(errno));
}

enum sw_status keeper_flush(struct keeper *k, struct sw_err *err)
{
	size_t done = 0;

	while (done < k->buffer.len) {
		ssize_t n = write(k->fd, k->buffer.p + done,
		    k->buffer.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			enum sw_status status = fail(k, err);

			/* A part of a block could not be read. */
			if (done > 0)
				(void)!ftruncate(k->fd, (off_t)k->written);
			buffer_clear(&k->buffer);
			return status;
		}
		done += (size_t)n;
	}
	k->written += done;
	buffer_clear(&k->buffer);
	return SW_OK;
}

/* --- blocks --------------------------------------------------------------- */

static void put32(struct keeper *k, uint32_t v)
{
	(void)buffer_append(&k->buffer, &v, sizeof(v));
}

static void put16(struct keeper *k, uint16_t v)
{
	(void)buffer_append(&k->buffer, &v, sizeof(v));
}

static void put_section(struct keeper *k)
{
	put32(k, SECTION);
	put32(k, SECTION_LEN);
	put32(k, 0x1a2b3c4d);
	put16(k, 1);
	put16(k, 0);
	put32(k, UINT32_MAX); /* length of the section: not known */
	put32(k, UINT32_MAX);
	put32(k, SECTION_LEN);
}

static void put_interface(struct keeper *k, uint32_t link_type)
{
	put32(k, INTERFACE);
	put32(k, 32);
	put16(k, (uint16_t)link_type);
	put16(k, 0);
	put32(k, 0); /* no snap length */
	put16(k, 9); /* if_tsresol: nanoseconds */
	put16(k, 1);
	put32(k, 0);
	memset(k->buffer.p + k->buffer.len - 4, 9, k->buffer.failed ? 0 : 1);
	put32(k, 0); /* end of options */
	put32(k, 32);
}

/* To a multiple of four. */
static size_t padding(size_t len)
{
	return (4 - len % 4) % 4;
}

static void put_padded(struct keeper *k, struct slice octets)
{
	static const uint8_t zeros[4];

	(void)buffer_append_slice(&k->buffer, octets);
	(void)buffer_append(&k->buffer, zeros, padding(octets.len));
}

static void put_comment(struct keeper *k, struct slice comment)
{
	put16(k, 1); /* opt_comment */
	put16(k, (uint16_t)comment.len);
	put_padded(k, comment);
	put32(k, 0); /* end of options */
}

static void put_packet(struct keeper *k, uint32_t kind,
    const struct frame *f, struct slice comment, int64_t ts_ns)
{
	uint64_t ts = ts_ns == SW_NO_TIME ? 0 : (uint64_t)ts_ns;
	size_t options = comment.len > 0 ?
	    8 + comment.len + padding(comment.len) : 0;
	uint32_t len = (uint32_t)(32 + f->octets.len +
	    padding(f->octets.len) + options);

	put32(k, PACKET);
	put32(k, len);
	put32(k, kind);
	put32(k, (uint32_t)(ts >> 32));
	put32(k, (uint32_t)ts);
	put32(k, (uint32_t)f->octets.len);
	put32(k, f->wire_len);
	put_padded(k, f->octets);
	if (options > 0)
		put_comment(k, comment);
	put32(k, len);
}

/* --- files ---------------------------------------------------------------- */

/* NAME.20261122T040855Z, or that with a number. */
static char *name_of(const struct keeper *k, int64_t ns, unsigned number)
{
	size_t size = strlen(k->path) + 64;
	char *name = malloc(size);
	struct civil c;
	int len;

	if (!name)
		return NULL;
	clock_to_civil(ns == SW_NO_TIME ? 0 : ns, &c);
	len = snprintf(name, size, "%s.%04d%02d%02dT%02d%02d%02dZ", k->path,
	    c.year, c.month, c.day, c.hour, c.minute, c.second);
	if (number > 0 && len > 0)
		snprintf(name + len, size - (size_t)len, ".%u", number);
	return name;
}

/* The name is the keeper's; the oldest of too many goes. */
static void remember(struct keeper *k, char *name)
{
	char **place;

	if (!k->old) {
		free(name);
		return;
	}
	place = &k->old[k->old_next++ % k->options.keep];
	if (*place)
		(void)unlink(*place);
	free(*place);
	*place = name;
}

/* The first number that may be free: those of this second that were given are
 * not tried again. */
static unsigned first_number(struct keeper *k)
{
	int64_t s = k->first_ns / NS_PER_S;

	if (s == k->named_s)
		return k->named + 1;
	k->named_s = s;
	return 0;
}

static const char *written_name(const struct keeper *k)
{
	return k->part ? k->part : k->path;
}

/* To a name of this time, with the first number from *number on that is free.
 * *name_r is the caller's, NULL: there was nothing to be renamed. */
static enum sw_status rename_to(struct keeper *k, int64_t ns,
    unsigned *number, char **name_r, struct sw_err *err)
{
	*name_r = NULL;
	errno = EEXIST;
	for (unsigned tries = 0; tries < NAME_TRIES; tries++, ++*number) {
		char *name = name_of(k, ns, *number);
		int error;

		if (!name)
			return base_error_set(err, SW_ENOMEM,
			    "out of memory");
		if (access(name, F_OK) == 0) {
			free(name); /* of an earlier run */
			errno = EEXIST;
			continue;
		}
		if (rename(written_name(k), name) == 0) {
			*name_r = name;
			return SW_OK;
		}
		error = errno;
		free(name);
		errno = error;
		break;
	}
	return errno == ENOENT && !k->part ? SW_OK : fail(k, err);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Does the name still lead to what is written? */
static bool is_in_place(const struct keeper *k)
{
	struct stat ours, there;

	return fstat(k->fd, &ours) == 0 &&
	    stat(written_name(k), &there) == 0 && is_same(&ours, &there);
}

static enum sw_status put_away(struct keeper *k, struct sw_err *err)
{
	enum sw_status status;
	unsigned number;
	char *name;

	if (!k->part && !is_in_place(k))
		return SW_OK; /* somebody else has done it */
	number = first_number(k);
	status = rename_to(k, k->first_ns, &number, &name, err);
	if (status == SW_OK) {
		free(k->part);
		k->part = NULL;
	}
	if (name) {
		k->named = number;
		remember(k, name);
	}
	return status;
}

/* Is what stands there without octets, or all that is gathered now: the
 * section of a run that had no frames? */
static bool holds_nothing(const struct keeper *k, const struct stat *st)
{
	uint8_t octets[SECTION_LEN];
	bool same;
	int fd;

	if (st->st_size != SECTION_LEN)
		return st->st_size == 0;
	fd = open(k->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	same = read(fd, octets, sizeof(octets)) == SECTION_LEN &&
	    memcmp(octets, k->buffer.p, SECTION_LEN) == 0;
	close(fd);
	return same;
}

/* What an earlier run or somebody else left under the name is no file of this
 * run, and none that it may remove. */
static enum sw_status make_room(struct keeper *k, struct sw_err *err)
{
	enum sw_status status;
	unsigned number = 0;
	struct stat st;
	char *name;

	if (!k->options.growing || stat(k->path, &st) != 0 ||
	    !S_ISREG(st.st_mode) || holds_nothing(k, &st))
		return SW_OK;
	status = rename_to(k, clock_make((int64_t)st.st_mtime, 0), &number,
	    &name, err);
	free(name);
	return status;
}

/* A pipe, a device, or what standard output is. */
static int open_direct(struct keeper *k, bool is_stdout)
{
	k->regular = false;
	k->fd = is_stdout ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) :
	    open(k->path, O_WRONLY | O_CLOEXEC);
	return k->fd < 0 ? errno : 0;
}

/* What is there is replaced when the first block is ready. */
static int open_growing(struct keeper *k)
{
	struct stat st, out;

	if (stat(k->path, &st) == 0 && fstat(STDOUT_FILENO, &out) == 0 &&
	    is_same(&st, &out) && !S_ISREG(st.st_mode))
		return open_direct(k, true);
	k->fd = open(k->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (k->fd < 0)
		return errno;
	k->regular = fstat(k->fd, &st) == 0 && S_ISREG(st.st_mode);
	/* An empty one may have been put there for all to read; that it is
	 * another user's, who alone can say so, is no reason to stop. */
	if (k->regular)
		(void)!fchmod(k->fd, 0600);
	return 0;
}

/* What is there is not touched before the new one is complete. */
static int open_part(struct keeper *k)
{
	struct stat st, out;
	bool there = stat(k->path, &st) == 0, is_stdout;

	if (!there && errno != ENOENT)
		return errno;
	if (!there && lstat(k->path, &st) == 0)
		return ENOENT; /* a link to what is not there stays */
	/* /dev/stdout may be a file that others write too. */
	is_stdout = there && fstat(STDOUT_FILENO, &out) == 0 &&
	    is_same(&st, &out);
	if (there && (is_stdout || !S_ISREG(st.st_mode)))
		return open_direct(k, is_stdout);
	if (there && access(k->path, W_OK) != 0)
		return errno;
	k->regular = true;
	return part_create(k->path, &k->part, &k->fd);
}

/* A file without frames is one all the same, one without octets is none. */
static enum sw_status open_file(struct keeper *k, struct sw_err *err)
{
	enum sw_status status;
	int error;

	put_section(k);
	if (k->buffer.failed)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	status = make_room(k, err);
	if (status != SW_OK)
		return status;
	error = k->options.growing ? open_growing(k) : open_part(k);
	if (error == ENOMEM)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (error != 0) {
		errno = error;
		return fail(k, err);
	}
	k->size = 0;
	k->written = 0;
	k->kind_count = 0;
	k->first_ns = SW_NO_TIME;
	k->rotate = false;
	status = keeper_flush(k, err);
	if (status != SW_OK && k->regular && !k->part)
		(void)unlink(k->path);
	return status;
}

/* All frames of a file that does not grow are on the disk: that it is full, or
 * a quota, may be told only now. */
static enum sw_status complete(struct keeper *k, struct sw_err *err)
{
	enum sw_status status = keeper_flush(k, err);

	if (status == SW_OK && k->part && fsync(k->fd) != 0 &&
	    errno != EINVAL)
		return fail(k, err);
	return status;
}

static enum sw_status next_file(struct keeper *k, struct sw_err *err)
{
	enum sw_status status = complete(k, err);

	if (status == SW_OK)
		status = put_away(k, err);
	if (status != SW_OK)
		return status;
	close(k->fd);
	k->fd = -1;
	return open_file(k, err);
}

static bool is_due(const struct keeper *k, int64_t ts_ns)
{
	if (!k->regular)
		return false;
	return k->rotate || (k->options.rotate_size > 0 &&
	    k->size >= k->options.rotate_size) ||
	    (k->options.rotate_ns > 0 && k->first_ns != SW_NO_TIME &&
	    ts_ns != SW_NO_TIME &&
	    clock_add(ts_ns, -k->first_ns) >= k->options.rotate_ns);
}

/* Number of the interface for such frames; each section numbers its own. */
static uint32_t kind_of(struct keeper *k, uint32_t link_type)
{
	for (uint32_t i = 0; i < k->kind_count; i++)
		if (k->kinds[i] == link_type)
			return i;
	if (k->kind_count == KINDS_MAX) {
		put_section(k);
		k->kind_count = 0;
	}
	put_interface(k, link_type);
	k->kinds[k->kind_count] = link_type;
	return k->kind_count++;
}

enum sw_status keeper_add(struct keeper *k, const struct frame *frame,
    struct slice comment, int64_t ts_ns, struct sw_err *err)
{
	enum sw_status status = SW_OK;
	size_t before;

	if (is_due(k, ts_ns))
		status = next_file(k, err);
	if (status != SW_OK)
		return status;
	before = k->buffer.len;
	put_packet(k, kind_of(k, frame->link_type), frame,
	    slice_head(comment, UINT16_MAX), ts_ns);
	if (k->buffer.failed)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	k->size += k->buffer.len - before;
	if (k->first_ns == SW_NO_TIME)
		k->first_ns = ts_ns;
	return k->buffer.len >= WRITE_AT ? keeper_flush(k, err) : SW_OK;
}

void keeper_rotate(struct keeper *k)
{
	/* One without frames is as good as the next, if it is still there. */
	k->rotate = k->kind_count > 0 || !is_in_place(k);
}

/* What a link points to is put away where it stands, and not the link: there
 * alone may a confined process write. */
static char *path_of(const struct keeper_options *options)
{
	struct stat st;
	char *real = NULL;

	if (lstat(options->path, &st) == 0 && S_ISLNK(st.st_mode))
		real = realpath(options->path, NULL);
	return real ? real : strdup(options->path);
}

enum sw_status keeper_new(const struct keeper_options *options,
    struct keeper **k_r, struct sw_err *err)
{
	struct keeper *k = calloc(1, sizeof(*k));
	enum sw_status status;

	*k_r = NULL;
	if (!k)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	k->options = *options;
	k->fd = -1;
	buffer_init(&k->buffer, SIZE_MAX / 2);
	k->named_s = INT64_MIN;
	k->path = path_of(options);
	if (options->keep > 0)
		k->old = calloc(options->keep, sizeof(*k->old));
	status = !k->path || (options->keep > 0 && !k->old) ?
	    base_error_set(err, SW_ENOMEM, "out of memory") :
	    open_file(k, err);
	if (status != SW_OK)
		keeper_free(&k);
	*k_r = k;
	return status;
}

enum sw_status keeper_finish(struct keeper *k, bool even_empty,
    struct sw_err *err)
{
	enum sw_status status = complete(k, err);

	if (status != SW_OK || !k->part || (k->kind_count == 0 && !even_empty))
		return status;
	if (rename(k->part, k->path) != 0)
		return fail(k, err);
	free(k->part);
	k->part = NULL;
	return SW_OK;
}

void keeper_free(struct keeper **kp)
{
	struct keeper *k = *kp;

	if (!k)
		return;
	*kp = NULL;
	if (k->fd >= 0)
		close(k->fd);
	if (k->part)
		(void)unlink(k->part);
	free(k->part);
	for (unsigned i = 0; k->old && i < k->options.keep; i++)
		free(k->old[i]);
	free(k->old);
	buffer_fini(&k->buffer);
	free(k->path);
	free(k);
}
