/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * output.c - a buffered output that is complete or not there
 *
 * Where the file system can, the unfinished file has no name at all
 * (O_TMPFILE), so that it vanishes whatever ends the program.  Else it
 * stands beside its final name as NAME.PID.part.
 */
#define _GNU_SOURCE /* O_TMPFILE */

#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names tried beside the final one. */
#define PART_TRIES 100

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The folder of path, on the heap. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	if (slash == path)
		return strdup("/");
	return strndup(path, (size_t)(slash - path));
}

static char *link_of(int fd)
{
	char text[64];

	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	return strdup(text);
}

/* A file without a name in the target's folder: false if the system has
 * none, or could not name it later. */
static bool open_nameless(struct output *o)
{
	char *folder = folder_of(o->target), *path;
	struct stat st;
	bool nameable;

	if (folder == NULL)
		return false;
	o->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	free(folder);
	if (o->fd < 0)
		return false;
	path = link_of(o->fd);
	nameable = path != NULL && stat(path, &st) == 0;
	free(path);
	if (nameable)
		return true;
	close(o->fd);
	o->fd = -1;
	return false;
}

/* Make the next name for an unfinished file in o->part. */
static bool make_part_name(struct output *o, int number)
{
	size_t size = strlen(o->target) + 64;

	free(o->part);
	o->part = malloc(size);
	if (o->part == NULL)
		return false;
	snprintf(o->part, size, "%s.%ld-%d.part", o->target,
	    (long)getpid(), number);
	return true;
}

static int open_part(struct output *o)
{
	for (int i = 0; i < PART_TRIES; i++) {
		if (!make_part_name(o, i))
			return ENOMEM;
		o->fd = open(o->part,
		    O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		if (o->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	free(o->part);
	o->part = NULL;
	return errno;
}

/* Replace a file that is there (st) or make a new one (NULL). */
static int open_regular(struct output *o, const char *name,
    const struct stat *st)
{
	int status = 0;

	/* A symbolic link stays, what it points to is replaced. */
	o->target = st != NULL ? realpath(name, NULL) : strdup(name);
	if (o->target == NULL)
		return errno;
	if (st != NULL && access(o->target, W_OK) != 0)
		return errno;
	if (!open_nameless(o))
		status = open_part(o);
	if (status == 0 && st != NULL)
		/* The new file may be read by whom the old one might;
		 * not being allowed to say so is no reason to stop. */
		(void)!fchmod(o->fd, st->st_mode & 07777);
	return status;
}

static int open_named(struct output *o, const char *name)
{
	struct stat st, out;

	if (stat(name, &st) != 0) {
		int error = errno;

		/* A link to what is not there, as /dev/stdout when it is
		 * closed, is not replaced by a file. */
		if (error != ENOENT || lstat(name, &st) == 0)
			return error;
		return open_regular(o, name, NULL);
	}
	/* /dev/stdout, which may be a file that others write too */
	if (fstat(STDOUT_FILENO, &out) == 0 && is_same_file(&st, &out)) {
		o->fd = STDOUT_FILENO;
		return 0;
	}
	if (S_ISREG(st.st_mode))
		return open_regular(o, name, &st);
	o->fd = open(name, O_WRONLY | O_CLOEXEC);
	return o->fd < 0 ? errno : 0;
}

int output_open(struct output *o, const char *name)
{
	int status = 0;

	memset(o, 0, sizeof(*o));
	o->fd = STDOUT_FILENO;
	o->name = "standard output";
	if (name != NULL && strcmp(name, "-") != 0) {
		o->fd = -1;
		o->name = name;
		status = open_named(o, name);
	}
	if (status == 0) {
		o->is_terminal = isatty(o->fd) == 1;
		o->buffer = malloc(OUTPUT_BUFFER);
		if (o->buffer == NULL)
			status = ENOMEM;
	}
	if (status != 0)
		output_fini(o);
	return status;
}

static int open_growing(const char *name)
{
	return open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

int output_open_growing(struct output *o, const char *name)
{
	int status = output_open(o, NULL);

	if (status != 0 || name == NULL || strcmp(name, "-") == 0)
		return status;
	o->fd = open_growing(name);
	o->name = name;
	o->growing = true;
	if (o->fd >= 0) {
		o->is_terminal = isatty(o->fd) == 1;
		return 0;
	}
	status = errno;
	output_fini(o);
	return status;
}

int output_reopen(struct output *o)
{
	int fd;

	if (!o->growing || output_flush(o) != 0)
		return o->error;
	fd = open_growing(o->name);
	if (fd < 0)
		return errno;
	close(o->fd);
	o->fd = fd;
	return 0;
}

int output_try(const char *name, bool is_folder)
{
	char *folder;
	int status = 0;

	if (name == NULL || strcmp(name, "-") == 0 ||
	    strcmp(name, "/dev/stdout") == 0 ||
	    (is_folder && mkdir(name, 0700) == 0))
		return 0; /* nothing is to be made */
	if (is_folder && errno != EEXIST)
		return errno;
	folder = is_folder ? strdup(name) : folder_of(name);
	if (folder == NULL)
		return ENOMEM;
	/* As who the process is now. */
	if (faccessat(AT_FDCWD, folder, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		status = errno;
	free(folder);
	return status;
}

static int write_all(int fd, const uint8_t *octets, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, octets, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		octets += n;
		len -= (size_t)n;
	}
	return 0;
}

int output_flush(struct output *o)
{
	if (o->error == 0 && o->len > 0)
		o->error = write_all(o->fd, o->buffer, o->len);
	o->len = 0;
	return o->error;
}

bool output_wants_colour(const struct output *o)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");

	return o->is_terminal && term != NULL && strcmp(term, "dumb") != 0 &&
	    (no_color == NULL || *no_color == '\0');
}

int output_write(void *ctx, const void *octets, size_t len)
{
	struct output *o = ctx;

	if (len > OUTPUT_BUFFER - o->len && output_flush(o) != 0)
		return o->error;
	if (len >= OUTPUT_BUFFER) {
		if (o->error == 0)
			o->error = write_all(o->fd, octets, len);
		return o->error;
	}
	memcpy(o->buffer + o->len, octets, len);
	o->len += len;
	return o->error;
}

/* Give the nameless file a name beside its final one. */
static int name_part(struct output *o)
{
	char *path = link_of(o->fd);
	int status = path == NULL ? ENOMEM : EEXIST;

	for (int i = 0; i < PART_TRIES && status == EEXIST; i++) {
		status = ENOMEM;
		if (!make_part_name(o, i))
			break;
		status = 0;
		if (linkat(AT_FDCWD, path, AT_FDCWD, o->part,
			AT_SYMLINK_FOLLOW) != 0)
			status = errno;
	}
	free(path);
	if (status != 0) {
		free(o->part);
		o->part = NULL;
	}
	return status;
}

static int finish_target(struct output *o)
{
	int status;

	/* A disk that is full or a quota may be told only now. */
	if (fsync(o->fd) != 0 && errno != EINVAL)
		return errno;
	if (o->part == NULL && (status = name_part(o)) != 0)
		return status;
	if (rename(o->part, o->target) != 0)
		return errno;
	free(o->part);
	o->part = NULL;
	return 0;
}

/* Errors of writing may be told by close alone.  Standard output stays open:
 * the account may go there too, and its number must not become another
 * file's. */
static int close_output(int fd)
{
	if (fd == STDOUT_FILENO)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return close(fd) != 0 ? errno : 0;
}

int output_finish(struct output *o)
{
	int error;

	if (output_flush(o) == 0 && o->target != NULL)
		o->error = finish_target(o);
	error = close_output(o->fd);
	if (o->error == 0)
		o->error = error;
	o->fd = -1;
	return o->error;
}

void output_fini(struct output *o)
{
	if (o->fd >= 0 && o->fd != STDOUT_FILENO)
		close(o->fd);
	o->fd = -1;
	if (o->part != NULL)
		unlink(o->part);
	free(o->part);
	free(o->target);
	free(o->buffer);
	o->part = o->target = NULL;
	o->buffer = NULL;
}
