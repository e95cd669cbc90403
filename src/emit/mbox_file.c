/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mbox_file.c - the file that a mailbox is, from its opening to its end
 *
 * A mailbox that is a file appears under its name when it is complete; one that
 * grows is appended to.  Devices and pipes are written as they are.
 */
#include "emit/mbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/part.h"

enum sw_status emit_mbox_cannot_write(const struct emit_mbox *e, int error,
    struct sw_err *err)
{
	char why[128];

	if (strerror_r(error, why, sizeof(why)) != 0)
		(void)snprintf(why, sizeof(why), "error %d", error);
	return base_error_set(err, error == ENOMEM ? SW_ENOMEM : SW_EWRITE,
	    "%s: cannot write: %s", e->path, why);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* /dev/stdout may be a file that others write too, at their own place. */
static int open_direct(struct emit_mbox *e, const struct stat *st)
{
	struct stat out;

	e->direct = true;
	if (fstat(STDOUT_FILENO, &out) == 0 && is_same(st, &out))
		e->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		e->fd = open(e->path, O_WRONLY | O_CLOEXEC);
	return e->fd < 0 ? errno : 0;
}

/* What a run before left without an end gets one. */
static int end_last(int fd, off_t size)
{
	char last[2] = { 0, 0 };
	size_t lack;

	if (size == 0)
		return 0;
	if (pread(fd, last, 2, size > 1 ? size - 2 : 0) < 1)
		return errno;
	lack = last[size > 1] != '\n' ? 2 : size > 1 && last[0] != '\n';
	return emit_pile_write(fd, (const uint8_t *)"\n\n", lack, -1);
}

static int open_growing(const char *path, int *fd_r)
{
	struct stat st;
	int error;

	*fd_r = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (*fd_r < 0)
		return errno;
	error = fstat(*fd_r, &st) != 0 ? errno : end_last(*fd_r, st.st_size);
	/* As keeper.c; who may read what holds mail already has been said. */
	if (error == 0 && st.st_size == 0)
		(void)!fchmod(*fd_r, 0600);
	if (error == 0)
		return 0;
	(void)close(*fd_r);
	*fd_r = -1;
	return error;
}

int emit_mbox_open(struct emit_mbox *e)
{
	struct stat st, out;
	bool there = stat(e->path, &st) == 0;

	if (!there && errno != ENOENT)
		return errno;
	if (!there && lstat(e->path, &st) == 0)
		return ENOENT; /* a link to what is not there stays */
	if (there && (!S_ISREG(st.st_mode) ||
	    (fstat(STDOUT_FILENO, &out) == 0 && is_same(&st, &out))))
		return S_ISDIR(st.st_mode) ? EISDIR : open_direct(e, &st);
	if (e->growing)
		return open_growing(e->path, &e->fd);
	/* A symbolic link stays, what it points to is replaced. */
	e->target = there ? realpath(e->path, NULL) : strdup(e->path);
	if (!e->target)
		return there ? errno : ENOMEM;
	if (there && access(e->target, W_OK) != 0)
		return errno;
	return part_create(e->target, &e->part, &e->fd);
}

enum sw_status emit_mbox_reopen(struct emit_mbox *e, struct sw_err *err)
{
	int fd, error;

	if (!e->growing || e->direct)
		return SW_OK;
	error = open_growing(e->path, &fd);
	if (error != 0)
		return emit_mbox_cannot_write(e, error, err);
	(void)close(e->fd);
	e->fd = fd;
	return SW_OK;
}

static int name_target(struct emit_mbox *e)
{
	/* A disk that is full or a quota may be told only now. */
	if (fsync(e->fd) != 0 && errno != EINVAL)
		return errno;
	if (rename(e->part, e->target) != 0)
		return errno;
	free(e->part);
	e->part = NULL;
	return 0;
}

enum sw_status emit_mbox_finish(struct emit_mbox *e, bool even_empty,
    struct sw_err *err)
{
	int error = 0;

	if (e->fd < 0)
		return SW_OK;
	if (e->part && (e->any || even_empty))
		error = name_target(e);
	if (close(e->fd) != 0 && errno != EINTR && error == 0)
		error = errno;
	e->fd = -1;
	return error == 0 ? SW_OK : emit_mbox_cannot_write(e, error, err);
}
