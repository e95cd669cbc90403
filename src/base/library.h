/* SPDX-License-Identifier: GPL-2.0-or-later */
/* library.h - libraries that are loaded when they are needed */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* A function of a library, and the pointer to it that is to be set. */
struct library_function {
	const char *name;
	void *pointer;
};

/*
 * Load a library for good, or find it loaded, and set the pointers.  Its own
 * dependencies' functions are found too.  false: it, or one of the functions,
 * is not to be had.
 */
bool library_load(const char *file, const struct library_function *functions,
    size_t count);

#endif
