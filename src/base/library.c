/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * library.c - libraries that are loaded when they are needed
 *
 * Some libraries bring a dozen others, whose loading takes longer than
 * reading a small capture, and most runs call none of their functions.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

bool library_load(const char *file, const struct library_function *functions,
    size_t count)
{
	/* Libraries that start threads or keep data cannot be unloaded. */
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	size_t i;

	if (!library)
		return false;
	for (i = 0; i < count; i++) {
		void *address = dlsym(library, functions[i].name);

		if (!address)
			break;
		/* ISO C knows no way from an object's address to a
		 * function's; POSIX does. */
		memcpy(functions[i].pointer, &address, sizeof(address));
	}
	dlclose(library);
	return i == count;
}
