/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder.h - what lies in a directory, in the order of its names */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct folder_entry {
	char *path;   /* the directory's name, a slash, the entry's; owned */
	bool is_file; /* a regular one, no link to one */
};

struct folder {
	struct folder_entry *entries;
	size_t count, capacity;
};

/* Is it a directory, or a link to one? */
bool folder_is(const char *name);
/* As strcmp, but runs of digits are compared as numbers: "log-2", "log-10".
 * 0: they are the same name. */
int folder_compare_names(const char *a, const char *b);
/* The entries of the directory itself, in that order of their names, without
 * "." and "..".  SW_EREAD: it cannot be read.  To be given to folder_fini
 * also when this fails. */
enum sw_status folder_list(const char *name, struct folder *f_r,
    struct sw_err *err) SW_MUST_USE;
void folder_fini(struct folder *f);

#endif
