/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_eml.c - messages to files: names, octets, what is left behind */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emit/emit.h"

struct fixture {
	char root[64]; /* a folder of the test's own */
	char dir[80];  /* below it, made by the writer */
	struct emit_eml *e;
	const struct body_ops *ops;
	struct arena arena;
	struct sw_session s;
	struct sw_message m;
	struct sw_err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	(void)snprintf(f->root, sizeof(f->root), "/tmp/t_eml.XXXXXX");
	if (!mkdtemp(f->root))
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "%s/out", f->root);
	if (emit_eml_new(f->dir, &f->e, &f->err) != SW_OK)
		return -1;
	f->ops = emit_eml_ops(f->e, 0);
	arena_init(&f->arena);
	f->s.id = 0x1f;
	f->m.n = 1;
	*state = f;
	return 0;
}

static void path_of(const struct fixture *f, const char *name, char *path)
{
	(void)snprintf(path, 200, "%s/%s", f->dir, name);
}

/* Files in the folder. */
static size_t count_files(const struct fixture *f)
{
	DIR *d = opendir(f->dir);
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static void empty(const struct fixture *f)
{
	DIR *d = opendir(f->dir);
	struct dirent *entry;
	char path[512];

	while (d && (entry = readdir(d))) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir,
		    entry->d_name);
		if (entry->d_name[0] != '.')
			(void)unlink(path);
	}
	if (d)
		closedir(d);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	emit_eml_free(&f->e);
	assert_null(f->e);
	arena_fini(&f->arena);
	empty(f);
	(void)rmdir(f->dir);
	(void)rmdir(f->root);
	free(f);
	return 0;
}

/* The file holds just these octets, for nobody but its owner. */
static void check_file(const struct fixture *f, const char *name,
    const void *want, size_t len)
{
	char path[200];
	uint8_t *octets = malloc(len + 1);
	struct stat st;
	int fd;

	assert_non_null(octets);
	path_of(f, name, path);
	fd = open(path, O_RDONLY | O_NOFOLLOW);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, len);
	assert_int_equal(read(fd, octets, len + 1), len);
	if (len > 0)
		assert_memory_equal(octets, want, len);
	close(fd);
	free(octets);
}

static void give(const struct fixture *f, void *body, const char *text)
{
	f->ops->octets(f->ops->ctx, body, slice_str(text));
}

static enum sw_status settle(struct fixture *f, void *body, bool keep)
{
	f->m.file.data = NULL;
	f->m.file.len = 0;
	return f->ops->settle(f->ops->ctx, body, &f->s, &f->m, keep,
	    &f->arena, &f->err);
}

static void check_told(const struct fixture *f, const char *name)
{
	char path[200];

	path_of(f, name, path);
	assert_non_null(f->m.file.data);
	assert_int_equal(f->m.file.len, strlen(path));
	assert_memory_equal(f->m.file.data, path, f->m.file.len);
}

static void small(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	void *body = f->ops->open(f->ops->ctx, 1);

	assert_int_equal(stat(f->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	give(f, body, "Subject: x\r\n");
	give(f, body, "\r\nbody\r\n");
	f->ops->close(f->ops->ctx, body);
	assert_int_equal(count_files(f), 0);
	assert_int_equal(settle(f, body, true), SW_OK);
	check_told(f, "000000000000001f-1.eml");
	check_file(f, "000000000000001f-1.eml", "Subject: x\r\n\r\nbody\r\n",
	    20);
	assert_int_equal(count_files(f), 1);
}

static void without_octets(void **state)
{
	struct fixture *f = *state;
	void *body = f->ops->open(f->ops->ctx, 1);

	f->ops->close(f->ops->ctx, body);
	assert_int_equal(settle(f, body, true), SW_OK);
	check_file(f, "000000000000001f-1.eml", "", 0);
	assert_int_equal(count_files(f), 1);
}

static void not_kept(void **state)
{
	struct fixture *f = *state;
	void *a = f->ops->open(f->ops->ctx, 1);
	void *b = f->ops->open(f->ops->ctx, 2);
	int i;

	give(f, a, "small");
	for (i = 0; i < 30000; i++)
		give(f, b, "large enough for a file\r\n");
	assert_int_equal(count_files(f), 1);
	assert_int_equal(settle(f, a, false), SW_OK);
	assert_int_equal(settle(f, b, false), SW_OK);
	assert_null(f->m.file.data);
	assert_int_equal(count_files(f), 0);
}

static void with_gaps(void **state)
{
	static const char want[] = "{\"session\":\"000000000000001f\","
	    "\"message\":3,\"size\":10,\"missing\":null,"
	    "\"gaps\":[[5,120],[130,null]],\"gaps_omitted\":0}\n";
	struct fixture *f = *state;
	void *body = f->ops->open(f->ops->ctx, 3);

	f->m.n = 3;
	f->m.missing = SW_UNKNOWN;
	give(f, body, "first");
	f->ops->gap(f->ops->ctx, body, 5, 120);
	give(f, body, "after");
	f->ops->gap(f->ops->ctx, body, 130, SW_UNKNOWN);
	f->ops->close(f->ops->ctx, body);
	assert_int_equal(settle(f, body, true), SW_OK);
	check_told(f, "000000000000001f-3.incomplete.eml");
	check_file(f, "000000000000001f-3.incomplete.eml", "firstafter", 10);
	check_file(f, "000000000000001f-3.gaps.json", want, strlen(want));
	assert_int_equal(count_files(f), 2);
}

/* The end was not seen: not whole, though nothing in it is missing. */
static void without_end(void **state)
{
	struct fixture *f = *state;
	void *body = f->ops->open(f->ops->ctx, 1);

	f->m.missing = SW_UNKNOWN;
	give(f, body, "cut");
	assert_int_equal(settle(f, body, true), SW_OK);
	check_told(f, "000000000000001f-1.incomplete.eml");
	assert_int_equal(count_files(f), 2);
}

/* More gaps than are told are counted. */
static void many_gaps(void **state)
{
	struct fixture *f = *state;
	void *body = f->ops->open(f->ops->ctx, 1);
	char path[200], text[100000];
	uint64_t i;
	ssize_t n;
	int fd;

	f->m.missing = 5000;
	for (i = 0; i < 5000; i++)
		f->ops->gap(f->ops->ctx, body, i * 10, 1);
	assert_int_equal(settle(f, body, true), SW_OK);
	path_of(f, "000000000000001f-1.gaps.json", path);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, ",[9990,1]],\"gaps_omitted\":4000}\n"));
}

/* What a slice of message i at octet j is. */
static uint8_t octet_of(size_t i, size_t j)
{
	return (uint8_t)(i * 31 + j * 7 + j / 4096);
}

/* More bodies at once than descriptors and memory are given for. */
static void many_at_once(void **state)
{
	enum { BODIES = 200, SLICE = 1460, SLICES = 70 };
	struct fixture *f = *state;
	void *bodies[BODIES];
	uint8_t *octets = malloc((size_t)SLICE * SLICES);
	size_t i, j, k;

	assert_non_null(octets);
	for (i = 0; i < BODIES; i++)
		bodies[i] = f->ops->open(f->ops->ctx, (uint32_t)i + 1);
	for (k = 0; k < SLICES; k++)
		for (i = 0; i < BODIES; i++) {
			for (j = 0; j < SLICE; j++)
				octets[j] = octet_of(i, k * SLICE + j);
			f->ops->octets(f->ops->ctx, bodies[i],
			    slice_make(octets, SLICE));
		}
	for (i = 0; i < BODIES; i++) {
		char name[64];

		f->m.n = (uint32_t)i + 1;
		assert_int_equal(settle(f, bodies[i], true), SW_OK);
		for (j = 0; j < (size_t)SLICE * SLICES; j++)
			octets[j] = octet_of(i, j);
		(void)snprintf(name, sizeof(name), "000000000000001f-%zu.eml",
		    i + 1);
		check_file(f, name, octets, (size_t)SLICE * SLICES);
	}
	assert_int_equal(count_files(f), BODIES);
	free(octets);
}

/* A slice larger than all memory of a body. */
static void large_slices(void **state)
{
	enum { LEN = 300000 };
	struct fixture *f = *state;
	uint8_t *octets = malloc(LEN * 2);
	void *body = f->ops->open(f->ops->ctx, 1);
	size_t j;

	assert_non_null(octets);
	for (j = 0; j < LEN * 2; j++)
		octets[j] = octet_of(1, j);
	f->ops->octets(f->ops->ctx, body, slice_make(octets, 10));
	f->ops->octets(f->ops->ctx, body, slice_make(octets + 10, LEN));
	f->ops->octets(f->ops->ctx, body, slice_make(octets + 10 + LEN, 90));
	f->ops->close(f->ops->ctx, body);
	assert_int_equal(settle(f, body, true), SW_OK);
	check_file(f, "000000000000001f-1.eml", octets, LEN + 100);
	free(octets);
}

/* Every length at which a piece of memory is full, and one to either side. */
static void lengths(void **state)
{
	static uint8_t octets[256 * 1024 + 2];
	struct fixture *f = *state;
	size_t edge, len, j;
	uint32_t n = 0;

	for (j = 0; j < sizeof(octets); j++)
		octets[j] = octet_of(3, j);
	for (edge = 4096; edge <= 256 * 1024; edge *= 2)
		for (len = edge - 1; len <= edge + 1; len++) {
			void *body = f->ops->open(f->ops->ctx, ++n);
			char name[64];

			for (j = 0; j < len; j += 1009)
				f->ops->octets(f->ops->ctx, body,
				    slice_make(octets + j, len - j < 1009 ?
				    len - j : 1009));
			f->m.n = n;
			assert_int_equal(settle(f, body, true), SW_OK);
			(void)snprintf(name, sizeof(name),
			    "000000000000001f-%u.eml", (unsigned)n);
			check_file(f, name, octets, len);
		}
}

/* Lanes share names and memory, nothing else. */
static void lanes(void **state)
{
	enum { LEN = 200000, BODIES = 200 };
	struct fixture *f = *state;
	uint8_t *octets = malloc(LEN);
	const struct body_ops *ops[BODIES];
	void *bodies[BODIES];
	uint32_t i;
	size_t j;

	assert_non_null(octets);
	for (j = 0; j < LEN; j++)
		octets[j] = octet_of(2, j);
	for (i = 0; i < BODIES; i++) {
		ops[i] = emit_eml_ops(f->e, i);
		bodies[i] = ops[i]->open(ops[i]->ctx, i + 1);
	}
	for (j = 0; j < LEN; j += 1000)
		for (i = 0; i < BODIES; i++)
			ops[i]->octets(ops[i]->ctx, bodies[i],
			    slice_make(octets + j, 1000));
	for (i = 0; i < BODIES; i++) {
		char name[64];

		f->m.n = i + 1;
		assert_int_equal(ops[i]->settle(ops[i]->ctx, bodies[i],
		    &f->s, &f->m, true, &f->arena, &f->err), SW_OK);
		(void)snprintf(name, sizeof(name), "000000000000001f-%u.eml",
		    (unsigned)f->m.n);
		check_file(f, name, octets, LEN);
	}
	assert_int_equal(count_files(f), BODIES);
	free(octets);
}

/* The final name is taken: by a link, which is replaced and not followed. */
static void name_is_taken(void **state)
{
	struct fixture *f = *state;
	void *body = f->ops->open(f->ops->ctx, 1);
	char final[200], other[200];
	int fd;

	path_of(f, "000000000000001f-1.eml", final);
	path_of(f, "other", other);
	fd = open(other, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
	assert_int_equal(symlink("other", final), 0);
	give(f, body, "message");
	assert_int_equal(settle(f, body, true), SW_OK);
	check_file(f, "000000000000001f-1.eml", "message", 7);
	check_file(f, "other", "mine", 4);
}

/* So are the final name and the name of the file in progress. */
static void part_is_taken(void **state)
{
	struct fixture *f = *state;
	void *body = f->ops->open(f->ops->ctx, 1);
	char name[64], part[200];

	(void)snprintf(name, sizeof(name), "%ld-0.part", (long)getpid());
	path_of(f, name, part);
	assert_int_equal(symlink("elsewhere", part), 0);
	path_of(f, "000000000000001f-1.eml", part);
	assert_int_equal(symlink("elsewhere", part), 0);
	give(f, body, "message");
	assert_int_equal(settle(f, body, true), SW_OK);
	check_file(f, "000000000000001f-1.eml", "message", 7);
	assert_int_equal(count_files(f), 2);
}

/* Somebody changed the file between two openings: not ours any more. */
static void part_was_changed(void **state)
{
	struct fixture *f = *state;
	void *bodies[10];
	char name[64], part[200];
	static const uint8_t octets[256 * 1024 + 1];
	size_t i;

	for (i = 0; i < 10; i++) {
		bodies[i] = f->ops->open(f->ops->ctx, 1);
		f->ops->octets(f->ops->ctx, bodies[i],
		    slice_make(octets, sizeof(octets)));
	}
	(void)snprintf(name, sizeof(name), "%ld-0.part", (long)getpid());
	path_of(f, name, part);
	assert_int_equal(truncate(part, 5), 0);
	assert_int_equal(settle(f, bodies[0], true), SW_EWRITE);
	for (i = 1; i < 10; i++)
		assert_int_equal(settle(f, bodies[i], false), SW_OK);
	assert_int_equal(count_files(f), 0);
}

/* A full disk, as a limit of file size shows it. */
static void no_room(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, limit;
	void *a = f->ops->open(f->ops->ctx, 1);
	void *b = f->ops->open(f->ops->ctx, 2);
	void *c = f->ops->open(f->ops->ctx, 3);
	size_t i, files;
	enum sw_status large, small_one;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (i = 0; i < 30000; i++)
		give(f, a, "0123456789");
	for (i = 0; i < 30000; i++)
		give(f, c, "0123456789");
	give(f, b, "small");
	files = count_files(f);
	large = settle(f, a, true);
	limit.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	small_one = settle(f, b, true);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(large, SW_EWRITE);
	assert_int_equal(small_one, SW_EWRITE);
	assert_int_equal(f->err.status, SW_EWRITE);
	assert_non_null(strstr(f->err.text, "/out/000000000000001f-1.eml: "));
	assert_null(f->m.file.data);
	/* the room was given back at once; one that nobody wants is fine */
	assert_int_equal(files, 0);
	assert_int_equal(settle(f, c, false), SW_OK);
	assert_int_equal(count_files(f), 0);
}

static void unfinished(void **state)
{
	struct fixture *f = *state;
	static const uint8_t octets[256 * 1024 + 1];
	size_t i;

	for (i = 0; i < 3; i++)
		f->ops->octets(f->ops->ctx, f->ops->open(f->ops->ctx, 1),
		    slice_make(octets, sizeof(octets)));
	assert_int_equal(count_files(f), 3);
	emit_eml_free(&f->e);
	assert_int_equal(count_files(f), 0);
}

static void no_folder(void **state)
{
	struct emit_eml *e;
	struct sw_err err;

	(void)state;
	assert_int_equal(emit_eml_new("/nonexistent/a/b", &e, &err),
	    SW_EWRITE);
	assert_null(e);
	assert_non_null(strstr(err.text, "/nonexistent/a/b"));
	assert_int_equal(emit_eml_new("/dev/null", &e, NULL), SW_EWRITE);
	emit_eml_free(&e);
}

/* A message comes under its final name when it is whole, not before: it is
 * moved there, however small it is. */
static void comes_whole(void **state)
{
	struct fixture *f = *state;
	_Alignas(struct inotify_event) char events[4096];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	bool moved = false;
	ssize_t got, at;
	void *body;

	assert_true(fd >= 0);
	assert_true(inotify_add_watch(fd, f->dir, IN_CREATE | IN_MOVED_TO) >=
	    0);
	body = f->ops->open(f->ops->ctx, 1);
	give(f, body, "a\r\n");
	f->ops->close(f->ops->ctx, body);
	assert_int_equal(settle(f, body, true), SW_OK);
	got = read(fd, events, sizeof(events));
	assert_true(got > 0);
	for (at = 0; at < got;) {
		const struct inotify_event *e =
		    (const void *)(events + at);
		const char *dot = strrchr(e->name, '.');

		assert_non_null(dot);
		assert_string_equal(dot, e->mask & IN_CREATE ? ".part" :
		    ".eml");
		moved |= e->mask & IN_MOVED_TO;
		at += (ssize_t)sizeof(*e) + e->len;
	}
	assert_true(moved);
	close(fd);
}

#define CASE(f) cmocka_unit_test_setup_teardown((f), set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(small),
		CASE(without_octets),
		CASE(not_kept),
		CASE(with_gaps),
		CASE(without_end),
		CASE(many_gaps),
		CASE(many_at_once),
		CASE(large_slices),
		CASE(lengths),
		CASE(lanes),
		CASE(name_is_taken),
		CASE(part_is_taken),
		CASE(part_was_changed),
		CASE(no_room),
		CASE(unfinished),
		CASE(comes_whole),
		cmocka_unit_test(no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
