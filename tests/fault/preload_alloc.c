/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preload_alloc.c - a command at each of whose allocations memory runs out,
 * for LD_PRELOAD
 *
 * Theory of operation.  Before main() the process forks again and again; each
 * child is the command, with one allocation that fails, or all from that one
 * on: its own, those of the libraries that it uses and of the C library.  The
 * parent never becomes the command: it compares what its children leave with
 * what the first one left, in which nothing failed, and prints a line.
 *
 *   FAULT_NAME    what the line is about
 *   FAULT_FOLDER  where all files of the command are; `out` and `err` there
 *                 are its standard output and error, and below `new` is what
 *                 it makes
 *   FAULT_STEP    every so many allocations (1)
 *
 * What fails may be told as memory that ran out (4), or by what could not be
 * read without it (3); then there is a message, and no file that is not whole.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__GLIBC__)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void *memalign(size_t align, size_t size);

/* In memory that all of them share. */
static atomic_long *allocations;
static long fail_from, fail_to;

static bool fails(void)
{
	long n;

	if (!allocations)
		return false;
	n = atomic_fetch_add(allocations, 1) + 1;
	if (n < fail_from || n > fail_to)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

void *memalign(size_t align, size_t size)
{
	return fails() ? NULL : __libc_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
	void *got = memalign(align, size);

	if (got)
		*p = got;
	return got ? 0 : ENOMEM;
}

/* --- what a child leaves -------------------------------------------------- */

enum { FILES_MAX = 8 };

struct left {
	int status;
	uint64_t out;    /* digest of standard output */
	uint64_t files[FILES_MAX]; /* digests of names and contents */
	size_t count;
	bool said;       /* something on standard error */
};

static const char *folder, *name;

static const char *path_of(const char *file)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return path;
}

static uint64_t digest(const char *path, uint64_t hash)
{
	unsigned char block[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n, i;

	while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0)
		for (i = 0; i < n; i++)
			hash = (hash ^ block[i]) * 1099511628211U;
	if (fd >= 0)
		close(fd);
	return hash;
}

/* What lies in a folder below, which is then empty. */
static void take_folder(const char *below, struct left *l)
{
	DIR *d = opendir(path_of(below));
	struct dirent *e;
	char path[2048];

	while (d && (e = readdir(d)) != NULL) {
		uint64_t hash = 14695981039346656037U;
		const char *c;

		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		for (c = e->d_name; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 1099511628211U;
		snprintf(path, sizeof(path), "%s/%s", path_of(below),
		    e->d_name);
		if (l->count < FILES_MAX)
			l->files[l->count++] = digest(path, hash);
		unlink(path);
	}
	if (d)
		closedir(d);
}

static struct left take(int status)
{
	struct left l = { .status = status };

	l.out = digest(path_of("out"), 1);
	l.said = digest(path_of("err"), 1) != 1;
	take_folder("new", &l);
	return l;
}

/* --- children ------------------------------------------------------------- */

static void redirect(int fd, const char *file)
{
	int to = open(path_of(file), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (to < 0 || dup2(to, fd) < 0)
		_exit(98);
	close(to);
}

/* true: this is the child; false: *l_r is what it left. */
static bool run_child(long from, long to, struct left *l_r)
{
	int status = 0;
	pid_t pid;

	*allocations = 0;
	pid = fork();
	if (pid < 0)
		_exit(97);
	if (pid == 0) {
		redirect(1, "out");
		redirect(2, "err");
		fail_from = from;
		fail_to = to;
		*allocations = 0;
		return true;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*l_r = take(status);
	return false;
}

/* Is each file of a run one of the good one? */
static bool is_whole(const struct left *got, const struct left *want)
{
	size_t i, k;

	for (i = 0; i < got->count; i++) {
		for (k = 0; k < want->count; k++)
			if (got->files[i] == want->files[k])
				break;
		if (k == want->count)
			return false;
	}
	return true;
}

static bool is_right(const struct left *got, const struct left *want)
{
	bool whole = is_whole(got, want);

	if (got->status == want->status)
		return got->out == want->out && whole &&
		    got->count == want->count;
	return WIFEXITED(got->status) && got->said && whole &&
	    (WEXITSTATUS(got->status) == 3 || WEXITSTATUS(got->status) == 4);
}

static void tell(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(96);
}

/* What went wrong is left in `out` and `err`. */
static void tell_wrong(const struct left *l, long from, long to)
{
	char text[400];

	snprintf(text, sizeof(text), "not ok allocations-%s: %ld to %ld fail: "
	    "%s %d%s, %zu files\n", name, from, to,
	    WIFSIGNALED(l->status) ? "signal" : "status",
	    WIFSIGNALED(l->status) ? WTERMSIG(l->status) :
	    WEXITSTATUS(l->status), l->said ? "" : ", nothing said",
	    l->count);
	tell(text);
}

/* true: this is a child. */
static bool run_all(long step)
{
	struct left want, got;
	char text[200];
	long count, i;

	if (run_child(0, -1, &want))
		return true;
	count = *allocations;
	for (i = 0; i < 2 * count; i += i % 2 ? 2 * step - 1 : 1) {
		long from = i / 2 + 1, to = i % 2 ? LONG_MAX : from;

		if (run_child(from, to, &got))
			return true;
		if (!is_right(&got, &want)) {
			tell_wrong(&got, from, to);
			_exit(1);
		}
	}
	snprintf(text, sizeof(text), "ok allocations-%s\n# %ld allocations, "
	    "status %d, %zu files\n", name, count, WEXITSTATUS(want.status),
	    want.count);
	tell(text);
	return false;
}

__attribute__((constructor)) static void begin(void)
{
	const char *step = getenv("FAULT_STEP");
	void *shared;

	folder = getenv("FAULT_FOLDER");
	name = getenv("FAULT_NAME");
	if (!folder || !name)
		return;
	shared = mmap(NULL, sizeof(*allocations), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		_exit(95);
	allocations = shared;
	fail_to = -1;
	if (!run_all(step ? strtol(step, NULL, 10) : 1))
		_exit(0);
}

#endif
