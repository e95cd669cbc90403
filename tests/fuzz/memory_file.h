/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_file.h - for fuzzers of what opens files by name: octets as a file
 * that lies in memory, places where output is looked at, and dropped or kept,
 * and the pieces of a script
 */
#ifndef MEMORY_FILE_H
#define MEMORY_FILE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void broken(const char *file, const char *what, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

#define require(good) ((good) ? (void)0 : broken(__FILE__, #good, __LINE__))

struct memory_file {
	int fd;
	char name[40];
};

/* Read from its start by everybody who opens its name. */
static inline void memory_file_init(struct memory_file *f,
    const uint8_t *octets, size_t len)
{
	f->fd = memfd_create("input", MFD_CLOEXEC);
	require(f->fd >= 0);
	while (len > 0) {
		ssize_t n = write(f->fd, octets, len);

		require(n > 0);
		octets += n;
		len -= (size_t)n;
	}
	snprintf(f->name, sizeof(f->name), "/proc/self/fd/%d", f->fd);
}

static inline void memory_file_fini(struct memory_file *f)
{
	close(f->fd);
}

/* A sw_write_fn: what is told of the input is harmless on a terminal; ctx:
 * how many octets were told (uint64_t), for the caller to bound. */
static inline int take_harmless(void *ctx, const void *octets, size_t len)
{
	const unsigned char *p = octets;
	uint64_t *told = ctx;

	for (size_t i = 0; i < len; i++)
		require(p[i] == '\n' || (p[i] >= 0x20 && p[i] != 0x7f));
	*told += len;
	return 0;
}

/* The same of a page, whose own text has tabs. */
static inline int take_page(void *ctx, const void *octets, size_t len)
{
	const unsigned char *p = octets;
	uint64_t *told = ctx;

	for (size_t i = 0; i < len; i++)
		require(p[i] == '\n' || p[i] == '\t' ||
		    (p[i] >= 0x20 && p[i] != 0x7f));
	*told += len;
	return 0;
}

/* All that was told; the caller's to free. */
struct told {
	uint8_t *p;
	size_t len, capacity;
};

static inline void told_add(struct told *t, const void *octets, size_t len)
{
	if (t->len + len > t->capacity) {
		t->capacity = 2 * (t->len + len);
		t->p = realloc(t->p, t->capacity);
		require(t->p);
	}
	if (len > 0)
		memcpy(t->p + t->len, octets, len);
	t->len += len;
}

/* A sw_write_fn, likewise; ctx: struct told, to which it is added. */
static inline int keep_harmless(void *ctx, const void *octets, size_t len)
{
	uint64_t count = 0;

	told_add(ctx, octets, len);
	return take_harmless(&count, octets, len);
}

/* Of a script, in which numbers from 1 to count - 1 are operations: the octets
 * before the next of them. */
static inline size_t until_operation(const uint8_t *p, size_t len,
    uint8_t count)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] > 0 && p[i] < count)
			break;
	return i;
}

#endif
