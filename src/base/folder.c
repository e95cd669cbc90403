/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder.c - what lies in a directory, in the order of its names */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/slice.h"

bool folder_is(const char *name)
{
	struct stat st;

	return strcmp(name, "-") != 0 && stat(name, &st) == 0 &&
	    S_ISDIR(st.st_mode);
}

static enum sw_status fail(const char *name, int error, struct sw_err *err)
{
	char text[128] = "";

	if (error == ENOMEM)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (strerror_r(error, text, sizeof(text)) != 0)
		text[0] = '\0';
	return base_error_set(err, SW_EREAD, "%s: cannot be read: %s", name,
	    text);
}

/* NULL: no memory. */
static char *join(const char *folder, const char *name)
{
	size_t n = strlen(folder), len = strlen(name);
	bool slash = n > 0 && folder[n - 1] != '/';
	char *path = malloc(n + slash + len + 1);

	if (!path)
		return NULL;
	memcpy(path, folder, n);
	if (slash)
		path[n] = '/';
	memcpy(path + n + slash, name, len + 1);
	return path;
}

static enum sw_status add(struct folder *f, const char *folder,
    const char *name, struct sw_err *err)
{
	void *entries = f->entries;
	struct folder_entry *e;
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return SW_OK;
	if (!base_grow(&entries, f->count, &f->capacity, sizeof(*e)))
		return base_error_set(err, SW_ENOMEM, "out of memory");
	f->entries = entries;
	e = &f->entries[f->count];
	e->path = join(folder, name);
	if (!e->path)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	f->count++;
	/* What is gone again is told by who opens it. */
	e->is_file = lstat(e->path, &st) != 0 || S_ISREG(st.st_mode);
	return SW_OK;
}

/* The digits that s begins with, without zeros in front; s is moved on. */
static struct slice take_digits(const char **s)
{
	const char *first;

	while (**s == '0')
		(*s)++;
	first = *s;
	while (ascii_is_digit((uint8_t)**s))
		(*s)++;
	return slice_make(first, (size_t)(*s - first));
}

static int compare_digits(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len > 0 ? memcmp(a.p, b.p, a.len) : 0;
}

int folder_compare_names(const char *a, const char *b)
{
	const char *x = a, *y = b;

	while (*x != '\0' || *y != '\0') {
		int order;

		if (ascii_is_digit((uint8_t)*x) && ascii_is_digit((uint8_t)*y))
			order = compare_digits(take_digits(&x),
			    take_digits(&y));
		else
			order = (uint8_t)*x++ - (uint8_t)*y++;
		if (order != 0)
			return order;
	}
	return strcmp(a, b); /* zeros in front */
}

static int compare(const void *a, const void *b)
{
	const struct folder_entry *x = a, *y = b;

	return folder_compare_names(x->path, y->path);
}

enum sw_status folder_list(const char *name, struct folder *f_r,
    struct sw_err *err)
{
	enum sw_status status = SW_OK;
	struct dirent *d;
	DIR *dir;

	memset(f_r, 0, sizeof(*f_r));
	dir = opendir(name);
	if (!dir)
		return fail(name, errno, err);
	while (status == SW_OK) {
		errno = 0;
		d = readdir(dir);
		if (!d && errno != 0)
			status = fail(name, errno, err);
		if (!d)
			break;
		status = add(f_r, name, d->d_name, err);
	}
	closedir(dir);
	if (f_r->count > 1)
		qsort(f_r->entries, f_r->count, sizeof(*f_r->entries),
		    compare);
	return status;
}

void folder_fini(struct folder *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->entries[i].path);
	free(f->entries);
	memset(f, 0, sizeof(*f));
}
