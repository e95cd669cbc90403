/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_keeper.c - the file of -w, and who else has to do with it */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/account.h"
#include "capture/capture.h"
#include "capture/keeper.h"

/* Of a file: its section, the interface, a frame of four octets. */
enum { SECTION = 28, FRAMES = SECTION + 32, FRAME = 36 };

static char folder[] = "/tmp/smtpwire-keeper-XXXXXX";
static char path[sizeof(folder) + 2], moved[sizeof(folder) + 2];

static const struct slice no_comment;

static struct keeper *begin(bool growing)
{
	struct keeper_options o = { .path = path, .growing = growing };
	struct keeper *k;

	assert_int_equal(keeper_new(&o, &k, NULL), SW_OK);
	return k;
}

static void add_kind(struct keeper *k, uint32_t link_type)
{
	static const uint8_t octets[4];
	struct frame f = { .link_type = link_type, .wire_len = sizeof(octets),
		.octets = slice_make(octets, sizeof(octets)) };

	assert_int_equal(keeper_add(k, &f, no_comment, 0, NULL),
	    SW_OK);
	assert_int_equal(keeper_flush(k, NULL), SW_OK);
}

static void add_fails(struct keeper *k)
{
	struct frame f = { .link_type = 1 };

	assert_int_equal(keeper_add(k, &f, no_comment, 0, NULL),
	    SW_EWRITE);
}

static void add(struct keeper *k)
{
	add_kind(k, 1);
}

/* -1: there is none. */
static long size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

static void put(const char *octets, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Files in the folder, which are removed. */
static int count_files(void)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char name[400];
	int count = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (*e->d_name == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
		assert_int_equal(unlink(name), 0);
		count++;
	}
	closedir(d);
	return count;
}

/* One that holds frames, or is not ours, is spared; others are replaced.
 * Nobody else may read the new one, whoever might read what was there. */
static void test_before(void **state)
{
	static const struct {
		char octets[SECTION + 1];
		size_t len;
		int files;
	} cases[] = {
		{ "", 0, 1 }, { "x", 1, 2 },
		{ "somebody's twenty-eight octe", SECTION, 2 },
	};
	struct keeper *k;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put(cases[i].octets, cases[i].len);
		assert_int_equal(chmod(path, 0644), 0);
		k = begin(true);
		assert_int_equal(size_of(path), SECTION);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		keeper_free(&k);
		assert_int_equal(count_files(), cases[i].files);
	}
	/* A service that is started again and again, and sees nothing. */
	for (int i = 0; i < 3; i++) {
		k = begin(true);
		keeper_free(&k);
	}
	k = begin(true);
	add(k);
	keeper_free(&k);
	for (int i = 0; i < 3; i++) {
		k = begin(true);
		keeper_free(&k);
	}
	assert_int_equal(count_files(), 2);
	k = begin(true);
	add(k);
	keeper_free(&k);
	k = begin(false);
	assert_int_equal(keeper_finish(k, true, NULL), SW_OK);
	keeper_free(&k);
	assert_int_equal(count_files(), 1);
}

/* One that does not grow is there when it is complete, and else what was there
 * before; nothing else stays. */
static void test_whole(void **state)
{
	struct keeper *k;

	(void)state;
	put("before", 6);
	k = begin(false);
	add(k);
	assert_int_equal(size_of(path), 6);
	keeper_free(&k);
	assert_int_equal(size_of(path), 6);
	k = begin(false);
	assert_int_equal(keeper_finish(k, false, NULL), SW_OK);
	keeper_free(&k);
	assert_int_equal(size_of(path), 6);
	k = begin(false);
	add(k);
	assert_int_equal(keeper_finish(k, false, NULL), SW_OK);
	assert_int_equal(keeper_finish(k, false, NULL), SW_OK);
	keeper_free(&k);
	assert_int_equal(size_of(path), FRAMES + FRAME);
	/* Those in front of it have their names as they are complete. */
	k = begin(false);
	add(k);
	keeper_rotate(k);
	add(k);
	keeper_free(&k);
	assert_int_equal(size_of(path), FRAMES + FRAME);
	assert_int_equal(count_files(), 2);
}

/* Who removes what is not complete has it told. */
static void test_part_removed(void **state)
{
	struct keeper *k = begin(false);

	(void)state;
	add(k);
	assert_int_equal(count_files(), 1);
	assert_int_equal(keeper_finish(k, true, NULL), SW_EWRITE);
	keeper_rotate(k);
	add_fails(k);
	keeper_free(&k);
	assert_int_equal(count_files(), 0);
}

/* The next one begins, but not for want of frames. */
static void test_rotate(void **state)
{
	struct keeper *k = begin(true);

	(void)state;
	keeper_rotate(k);
	add(k);
	add(k);
	assert_int_equal(size_of(path), FRAMES + 2 * FRAME);
	keeper_rotate(k);
	add(k);
	assert_int_equal(size_of(path), FRAMES + FRAME);
	keeper_free(&k);
	assert_int_equal(count_files(), 2);
}

/* No frame goes to a file that others have moved, also when it had none. */
static void test_moved(void **state)
{
	struct keeper *k = begin(true);

	(void)state;
	assert_int_equal(rename(path, moved), 0);
	keeper_rotate(k);
	add(k);
	assert_int_equal(size_of(moved), SECTION);
	assert_int_equal(size_of(path), FRAMES + FRAME);
	assert_int_equal(rename(path, moved), 0);
	add(k); /* nobody has said so yet */
	assert_int_equal(size_of(path), -1);
	assert_int_equal(size_of(moved), FRAMES + 2 * FRAME);
	keeper_rotate(k);
	put("theirs", 6);
	add(k);
	assert_int_equal(size_of(path), FRAMES + FRAME);
	keeper_free(&k);
	assert_int_equal(count_files(), 3);
}

/* Frames of more link types than a section has interfaces. */
static void test_many_kinds(void **state)
{
	enum { KINDS = 600 };
	struct keeper *k = begin(false);
	struct account account;
	struct capture *c;
	struct source *s;
	struct frame f;
	uint32_t i;

	(void)state;
	account_init(&account);
	for (i = 1; i <= KINDS; i++)
		add_kind(k, i);
	assert_int_equal(keeper_finish(k, true, NULL), SW_OK);
	keeper_free(&k);
	assert_int_equal(source_open(path, NULL, &s, NULL), SW_OK);
	assert_int_equal(capture_open(s, &account, &c, NULL), SW_OK);
	for (i = 1; capture_next(c, &f, NULL) > 0; i++)
		assert_int_equal(f.link_type, i);
	assert_int_equal(i, KINDS + 1);
	capture_free(&c);
	source_free(&s);
	account_fini(&account);
	assert_int_equal(count_files(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_part_removed),
		cmocka_unit_test(test_rotate),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_many_kinds),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/f", folder);
	snprintf(moved, sizeof(moved), "%s/m", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
