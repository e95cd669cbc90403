/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_files.c - the logs below tests/data against what is expected of them
 *
 * tests/data/FORMAT/NAME.log is a log of that format, NAME.log.expect what
 * log_dump.h makes of it, whatever the pieces are in which it is read.  (That
 * its content alone says which format it is t_log_probe.c sees.)  With
 * LOG_FILES_UPDATE in the environment the expectations are written anew, to
 * be read by whoever changed something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/"

/* The format whose folder holds the file. */
static const struct log_format *format_of(const char *path)
{
	char name[64];
	size_t n = strcspn(path + sizeof(DATA) - 1, "/");

	assert_true(n < sizeof(name));
	memcpy(name, path + sizeof(DATA) - 1, n);
	name[n] = '\0';
	return log_format_by_name(name);
}

static void update(const char *path, const struct buffer *out)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(out->p, 1, out->len, f), out->len);
	assert_int_equal(fclose(f), 0);
}

static void compare(const char *path, const struct log_format *format,
    const struct buffer *text, const struct buffer *expected, size_t piece)
{
	struct buffer out;

	buffer_init(&out, 16 << 20);
	assert_int_equal(dump_log(format, path, buffer_slice(text), piece,
	    &out), SW_OK);
	if (!slice_eq(buffer_slice(&out), buffer_slice(expected))) {
		show("expected", expected);
		show("found", &out);
		fail_msg("%s in pieces of %zu", path, piece);
	}
	buffer_fini(&out);
}

static void check_file(const char *path)
{
	static const size_t pieces[] = { 1 << 20, 1, 2, 3, 1000 };
	const struct log_format *format = format_of(path);
	struct buffer text, expected;
	char name[256];
	size_t i;

	if (!format)
		fail_msg("%s: its folder is no format's", path);
	read_file(path, &text);
	snprintf(name, sizeof(name), "%s.expect", path);
	if (getenv("LOG_FILES_UPDATE")) {
		buffer_init(&expected, 16 << 20);
		assert_int_equal(dump_log(format, path, buffer_slice(&text),
		    1 << 20, &expected), SW_OK);
		update(name, &expected);
	} else {
		read_file(name, &expected);
	}
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		compare(path, format, &text, &expected, pieces[i]);
	buffer_fini(&text);
	buffer_fini(&expected);
}

static void test_files(void **state)
{
	glob_t g;
	size_t i;

	(void)state;
	assert_int_equal(glob(DATA "*/*.[lL][oO][gG]", 0, NULL, &g), 0);
	assert_true(g.gl_pathc > 0);
	for (i = 0; i < g.gl_pathc; i++)
		check_file(g.gl_pathv[i]);
	globfree(&g);
}

/* Every format has a file. */
static void test_all(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; log_formats[i]; i++) {
		char pattern[128];
		glob_t g;

		snprintf(pattern, sizeof(pattern), DATA "%s/*.[lL][oO][gG]",
		    log_formats[i]->name);
		if (glob(pattern, 0, NULL, &g) != 0)
			fail_msg("%s has no file below " DATA,
			    log_formats[i]->name);
		globfree(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
