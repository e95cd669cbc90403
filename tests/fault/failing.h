/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * failing.h - memory that runs out, at every allocation of a run
 *
 * Theory of operation.  Programs that include this are linked with --wrap, so
 * that the library's own calls of malloc and its kin come here and those of
 * other libraries do not.  Each run is done once to count its allocations and
 * to have its output, then once for each of them: only that one fails, and
 * then all from it on.  It must end with SW_ENOMEM or tell the same as ever;
 * each file that it leaves must be whole, and none may lie where temporary
 * ones are made.  LeakSanitizer, where it is built in, sees the rest.
 *
 * Runs begin alike.  What is allocated from the same places in the same order
 * as in the run before has failed there already and is left out; not so with
 * threads, whose order changes.
 */
#ifndef TESTS_FAULT_FAILING_H
#define TESTS_FAULT_FAILING_H

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <smtpwire/smtpwire.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
int __real_posix_memalign(void **p, size_t align, size_t size);
FILE *__real_fdopen(int fd, const char *mode);
DIR *__real_opendir(const char *name);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
FILE *__wrap_fdopen(int fd, const char *mode);
DIR *__wrap_opendir(const char *name);
int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

/* --- allocations ---------------------------------------------------------- */

enum { PLACES_MAX = 1 << 16 };

static atomic_long allocations;
static long fail_from, fail_to = -1; /* changed while one thread is all */
static bool spared; /* those of now neither fail nor count */
static const void *places[PLACES_MAX]; /* from where they were asked for */

static bool fails_at(const void *place)
{
	long n;

	if (spared)
		return false;
	n = atomic_fetch_add(&allocations, 1) + 1;
	if (n <= PLACES_MAX)
		places[n - 1] = place;
	if (n < fail_from || n > fail_to)
		return false;
	errno = ENOMEM;
	return true;
}
#define FAILS() fails_at(__builtin_return_address(0))

void *__wrap_malloc(size_t size)
{
	return FAILS() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return FAILS() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return FAILS() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return FAILS() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return FAILS() ? NULL : __real_strndup(s, n);
}

int __wrap_posix_memalign(void **p, size_t align, size_t size)
{
	return FAILS() ? ENOMEM : __real_posix_memalign(p, align, size);
}

FILE *__wrap_fdopen(int fd, const char *mode)
{
	return FAILS() ? NULL : __real_fdopen(fd, mode);
}

DIR *__wrap_opendir(const char *name)
{
	return FAILS() ? NULL : __real_opendir(name);
}

/* --- time ----------------------------------------------------------------- */

static time_t clock_s; /* 0: the system's, else what every clock shows */

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	if (clock_s == 0)
		return __real_clock_gettime(clock, t);
	t->tv_sec = clock_s;
	t->tv_nsec = 0;
	return 0;
}

/* --- what a run tells ----------------------------------------------------- */

struct output {
	char *p;
	size_t len, capacity;
};

static int keep(void *ctx, const void *octets, size_t len)
{
	struct output *o = ctx;

	if (o->len + len > o->capacity) {
		o->capacity = 2 * (o->len + len);
		o->p = __real_realloc(o->p, o->capacity);
		if (!o->p)
			abort();
	}
	memcpy(o->p + o->len, octets, len);
	o->len += len;
	return 0;
}

static inline bool same(const struct output *a, const struct output *b)
{
	return a->len == b->len &&
	    (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

/* --- folders -------------------------------------------------------------- */

/* One for results, beside it those for temporary files and for inputs. */
static char results[] = "/tmp/smtpwire-fault-XXXXXX";
static char temporary[sizeof(results) + 4], inputs[sizeof(results) + 4];

static inline bool make_folders(void)
{
	if (!mkdtemp(results))
		return false;
	snprintf(temporary, sizeof(temporary), "%s.tmp", results);
	snprintf(inputs, sizeof(inputs), "%s.in", results);
	return mkdir(temporary, 0700) == 0 && mkdir(inputs, 0700) == 0;
}

/* Name and content of a file, as one line of a list. */
static inline void list_file(struct output *list, const char *path,
    const char *name)
{
	FILE *f = fopen(path, "rb");
	uint64_t hash = 14695981039346656037U;
	char line[400];
	int c;

	while (f && (c = getc(f)) != EOF)
		hash = (hash ^ (uint64_t)c) * 1099511628211U;
	if (f)
		fclose(f);
	snprintf(line, sizeof(line), "%s %016llx\n", name,
	    (unsigned long long)hash);
	keep(list, line, strlen(line));
}

/* Remove what is in the folder; list (may be NULL) has a line for each. */
static inline void empty_folder(const char *folder, struct output *list)
{
	DIR *d = __real_opendir(folder);
	struct dirent *e;
	char path[600];

	while (d && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (list)
			list_file(list, path, e->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
	if (list)
		keep(list, "", 1);
}

static inline void remove_folders(void)
{
	empty_folder(results, NULL);
	empty_folder(temporary, NULL);
	empty_folder(inputs, NULL);
	rmdir(results);
	rmdir(temporary);
	rmdir(inputs);
}

static inline struct output content(const char *name)
{
	struct output o = { 0 };
	FILE *f = fopen(name, "rb");
	char block[4096];
	size_t n;

	if (!f) {
		perror(name);
		exit(1);
	}
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		keep(&o, block, n);
	fclose(f);
	return o;
}

static inline const char *made_name(const char *name)
{
	static char path[sizeof(inputs) + 40];

	snprintf(path, sizeof(path), "%s/%s", inputs, name);
	return path;
}

static inline void make_file(const char *name, const char *p, size_t len)
{
	FILE *f = fopen(made_name(name), "wb");

	if (!f || fwrite(p, 1, len, f) != len || fclose(f) != 0)
		abort();
}

/* Is each line of the list one of the other? */
static inline bool all_in(const struct output *list,
    const struct output *whole)
{
	const char *line = list->p, *end;
	char text[400];

	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		snprintf(text, sizeof(text), "%.*s\n", (int)(end - line),
		    line);
		if (!strstr(whole->p, text))
			return false;
	}
	return true;
}

/* --- every allocation ----------------------------------------------------- */

struct failing {
	const char *name;
	/* One run: what it tells goes to out; an enum sw_status. */
	int (*once)(const void *run, struct output *out);
	const void *run;
	bool threads;
	long step; /* every so many allocations; 0: each */
};

struct wanted {
	struct output told, files;
};

static inline bool check_one(const struct failing *f, long from, long to,
    const struct wanted *want)
{
	struct output got = { 0 }, files = { 0 }, rest = { 0 };
	bool good, whole, clean;
	int status;

	allocations = 0;
	fail_from = from;
	fail_to = to;
	status = f->once(f->run, &got);
	fail_from = 0;
	fail_to = -1;
	good = status == SW_ENOMEM ||
	    (status == SW_OK && same(&want->told, &got));
	empty_folder(results, &files);
	empty_folder(temporary, &rest);
	whole = status == SW_OK ? files.len == want->files.len :
	    all_in(&files, &want->files);
	clean = rest.len == 1;
	if (!good || !whole || !clean)
		printf("# %s: allocations %ld to %ld fail: status %d%s%s%s\n",
		    f->name, from, to, status,
		    good || status != SW_OK ? "" : ", told otherwise",
		    whole ? "" : ", a file is not as it ought to be",
		    clean ? "" : ", a temporary file is left");
	free(got.p);
	free(files.p);
	free(rest.p);
	return good && whole && clean;
}

/* How many of the first allocations are those of the run before. */
static inline long alike(const struct failing *f, long count)
{
	static const void *before[PLACES_MAX];
	static long before_count;
	long n = 0;

	if (f->threads || count > PLACES_MAX) {
		before_count = 0;
		return 0;
	}
	while (n < count && n < before_count && places[n] == before[n])
		n++;
	memcpy(before, places, (size_t)count * sizeof(before[0]));
	before_count = count;
	return n;
}

/* Do f once for each of its allocations; print a line of TAP. */
static inline bool fail_each(const struct failing *f, int number)
{
	struct wanted want = { { 0 }, { 0 } };
	long count, k, first;
	bool good;
	int status;

	f->once(f->run, &want.told); /* what is done but once */
	empty_folder(results, NULL);
	empty_folder(temporary, NULL);
	want.told.len = 0;
	allocations = 0;
	status = f->once(f->run, &want.told);
	count = allocations;
	empty_folder(results, &want.files);
	good = status == SW_OK;
	if (!good)
		printf("# %s: status %d\n", f->name, status);
	first = good ? alike(f, count) : 0;
	for (k = first + 1; k <= count && good; k += f->step ? f->step : 1)
		good = check_one(f, k, k, &want) &&
		    check_one(f, k, count + 1000, &want);
	printf("%sok %d - %s: %ld of %ld allocations, %zu octets\n",
	    good ? "" : "not ", number, f->name, count - first, count,
	    want.told.len);
	fflush(stdout);
	free(want.told.p);
	free(want.files.p);
	return good;
}

#endif
