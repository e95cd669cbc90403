/* SPDX-License-Identifier: GPL-2.0-or-later */
/* part.c - a file that is not complete, beside its final name */
#include "base/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_TRIES = 1000 };

int part_create(const char *path, char **name_r, int *fd_r)
{
	size_t size = strlen(path) + 64;
	char *name = malloc(size);
	int tries, error = name ? EEXIST : ENOMEM;

	for (tries = 0; tries < NAME_TRIES && error == EEXIST; tries++) {
		(void)snprintf(name, size, "%s.%ld-%d.part", path,
		    (long)getpid(), tries);
		*fd_r = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
		error = *fd_r >= 0 ? 0 : errno;
	}
	if (error != 0) {
		free(name);
		name = NULL;
	}
	*name_r = name;
	return error;
}
