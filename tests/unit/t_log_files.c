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

/* --- cut ---------------------------------------------------------------- */

/* Do entries of this format show their own ends: a quote, a parenthesis? */
static bool ends_entries(const struct log_format *format)
{
	return format == &log_smtplib || format == &log_iis_odbc;
}

/* Each line in turn is the last and lacks its end, or half of it. */
static void check_cuts(const char *path)
{
	const struct log_format *format = format_of(path);
	struct buffer text;
	size_t i, begin = 0;

	read_file(path, &text);
	for (i = 0; i < text.len && text.len < 20000 && text.p[0] < 0xfe &&
	    !ends_entries(format); i++) {
		struct slice heads[] = {
			slice_make(text.p, i),
			slice_make(text.p, begin + (i - begin) / 2),
		};
		size_t k;

		for (k = 0; text.p[i] == '\n' && k < 2; k++) {
			struct buffer out;

			buffer_init(&out, 16 << 20);
			assert_int_equal(dump_log(format, path, heads[k],
			    1 << 20, &out), SW_OK);
			check_cut_line(path, heads[k], &out);
			buffer_fini(&out);
		}
		if (text.p[i] == '\n')
			begin = i + 1;
	}
	buffer_fini(&text);
}

static void test_cuts(void **state)
{
	glob_t g;
	size_t i;

	(void)state;
	assert_int_equal(glob(DATA "*/*.[lL][oO][gG]", 0, NULL, &g), 0);
	for (i = 0; i < g.gl_pathc; i++)
		check_cuts(g.gl_pathv[i]);
	globfree(&g);
}

/* --- the same text otherwise -------------------------------------------- */

/* Without what the zone adds to each time. */
static void strip_zone(struct buffer *b)
{
	static const char zone[] = "+02:00";
	size_t len = sizeof(zone) - 1, i, n = 0;

	for (i = 0; i < b->len; i++)
		if (b->len - i >= len && memcmp(b->p + i, zone, len) == 0)
			i += len - 1;
		else
			b->p[n++] = b->p[i];
	b->len = n;
}

static void assert_same(const char *path, const struct buffer *want,
    const struct buffer *found)
{
	if (slice_eq(buffer_slice(want), buffer_slice(found)))
		return;
	show("expected", want);
	show("found", found);
	fail_msg("%s", path);
}

/* Has a session a start with a day and no zone? */
static bool has_bare_time(struct slice dump)
{
	while (dump.len > 0) {
		const uint8_t *lf = memchr(dump.p, '\n', dump.len), *t;
		struct slice line = slice_head(dump, (size_t)(lf - dump.p));

		dump = slice_from(dump, line.len + 1);
		if (!slice_has_prefix_nocase(line, slice_str("session ")))
			continue;
		t = memchr(line.p, 'T', line.len);
		if (!t || t - line.p < 10 || t[-3] != '-')
			continue;
		while (!strchr(" +-Z\n", *t))
			t++;
		if (*t == ' ' || *t == '\n')
			return true;
	}
	return false;
}

/* Local times are those of the zone that --tz names: they stay the hours that
 * the log tells, and only those without a date have no zone then. */
static void check_zone(const char *path, const struct log_format *format,
    const struct buffer *text)
{
	struct log_options options;
	struct buffer local, zoned;

	memset(&options, 0, sizeof(options));
	buffer_init(&local, 16 << 20);
	buffer_init(&zoned, 16 << 20);
	assert_int_equal(dump_log_as(format, &options, path,
	    buffer_slice(text), 1 << 20, &local), SW_OK);
	options.tz_known = true;
	options.tz_offset_s = 7200;
	assert_int_equal(dump_log_as(format, &options, path,
	    buffer_slice(text), 1 << 20, &zoned), SW_OK);
	if (has_bare_time(buffer_slice(&zoned))) {
		show("found", &zoned);
		fail_msg("%s: a day without a zone", path);
	}
	strip_zone(&local);
	strip_zone(&zoned);
	assert_same(path, &local, &zoned);
	buffer_fini(&local);
	buffer_fini(&zoned);
}

/* As UTF-16 with a mark, which is what some editors make of it. */
static void check_utf16(const char *path, const struct log_format *format,
    const struct buffer *text)
{
	struct buffer wide, plain, out;
	size_t i;

	buffer_init(&wide, 16 << 20);
	buffer_init(&plain, 16 << 20);
	buffer_init(&out, 16 << 20);
	buffer_append(&wide, "\xff\xfe", 2);
	for (i = 0; i < text->len; i++) {
		buffer_append_char(&wide, (char)text->p[i]);
		buffer_append_char(&wide, '\0');
	}
	assert_int_equal(dump_log(format, path, buffer_slice(text), 1 << 20,
	    &plain), SW_OK);
	assert_int_equal(dump_log(format, path, buffer_slice(&wide), 999,
	    &out), SW_OK);
	assert_same(path, &plain, &out);
	buffer_fini(&wide);
	buffer_fini(&plain);
	buffer_fini(&out);
}

static bool is_ascii(const struct buffer *text)
{
	size_t i;

	for (i = 0; i < text->len; i++)
		if (text->p[i] >= 0x80)
			return false;
	return true;
}

static void test_otherwise(void **state)
{
	glob_t g;
	size_t i;

	(void)state;
	assert_int_equal(glob(DATA "*/*.[lL][oO][gG]", 0, NULL, &g), 0);
	for (i = 0; i < g.gl_pathc; i++) {
		const char *path = g.gl_pathv[i];
		const struct log_format *format = format_of(path);
		struct buffer text;

		assert_non_null(format);
		read_file(path, &text);
		check_zone(path, format, &text);
		if (is_ascii(&text))
			check_utf16(path, format, &text);
		buffer_fini(&text);
	}
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
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_otherwise),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
