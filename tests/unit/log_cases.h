/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log_cases.h - for the tests of one family of logs: texts made in the test,
 * and files that are cut.  Whole files are t_log_files.c's.
 *
 * To be included behind cmocka.h.
 */
#ifndef LOG_CASES_H
#define LOG_CASES_H

#include "log_dump.h"

static void read_file(const char *name, struct buffer *b)
{
	FILE *f = fopen(name, "rb");
	char octets[4096];
	size_t n;

	if (!f)
		fail_msg("%s cannot be opened", name);
	buffer_init(b, 1 << 22);
	while ((n = fread(octets, 1, sizeof(octets), f)) > 0)
		buffer_append(b, octets, n);
	fclose(f);
}

static void show(const char *what, const struct buffer *b)
{
	print_error("--- %s\n%.*s", what, (int)b->len, (const char *)b->p);
}

/* Cut anywhere: read without complaint. */
static inline void check_cut(const struct log_format *format, const char *path)
{
	struct buffer text;
	size_t n;

	read_file(path, &text);
	for (n = 0; n < text.len; n++) {
		struct buffer out;

		buffer_init(&out, 1 << 22);
		assert_int_equal(dump_log(format, "x.log",
		    slice_make(text.p, n), 1 << 20, &out), SW_OK);
		format->probe(slice_make(text.p, n));
		buffer_fini(&out);
	}
	buffer_fini(&text);
}

/* What comes of text as a file of this name. */
static inline void run_log(const struct log_format *format, const char *name,
    const char *text, struct buffer *out)
{
	buffer_init(out, 1 << 24);
	assert_int_equal(dump_log(format, name, slice_str(text), 1 << 20,
	    out), SW_OK);
	assert_false(out->failed);
}

/* How often part stands in the lines of out, once a line at most. */
static size_t count_lines(const struct buffer *out, const char *part)
{
	struct slice rest = buffer_slice(out);
	size_t found = 0;

	while (rest.len > 0) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.len);
		struct slice line = slice_head(rest, lf ?
		    (size_t)(lf - rest.p) : rest.len);

		found += slice_find_nocase(line, slice_str(part)) < line.len;
		rest = slice_from(rest, line.len + 1);
	}
	return found;
}

static inline void assert_has(const struct buffer *out, const char *part,
    size_t times)
{
	size_t found = count_lines(out, part);

	if (found != times) {
		show("found", out);
		fail_msg("\"%s\" stands there %zu times, not %zu", part,
		    found, times);
	}
}

#endif
