/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log_cases.h - for the tests of one family of logs: files against what is
 * expected of them (NAME.expect beside each, made by log_dump.h), and texts
 * made in the test
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

static void check_pieces(const struct log_format *format, const char *path,
    const struct buffer *text, const struct buffer *expected)
{
	static const size_t pieces[] = { 1 << 20, 1, 2, 3, 1000 };
	size_t k;

	for (k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
		struct buffer out;

		buffer_init(&out, 1 << 22);
		assert_int_equal(dump_log(format, path, buffer_slice(text),
		    pieces[k], &out), SW_OK);
		if (!slice_eq(buffer_slice(&out), buffer_slice(expected))) {
			show("expected", expected);
			show("found", &out);
			fail_msg("%s in pieces of %zu", path, pieces[k]);
		}
		buffer_fini(&out);
	}
}

/* Each file whole and in pieces; and it is the format's own by content. */
static void check_files(const struct log_format *format, const char *folder,
    const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct buffer text, expected, head;
		struct slice seen;
		char path[200];

		snprintf(path, sizeof(path), "%s%s.expect", folder, names[i]);
		read_file(path, &expected);
		snprintf(path, sizeof(path), "%s%s", folder, names[i]);
		read_file(path, &text);
		buffer_init(&head, 1 << 22);
		assert_true(log_lines_head(slice_head(buffer_slice(&text),
		    LIMIT_LOG_PROBE), &head, &seen));
		if (!format->probe(seen))
			fail_msg("%s is not recognized", path);
		check_pieces(format, path, &text, &expected);
		buffer_fini(&head);
		buffer_fini(&text);
		buffer_fini(&expected);
	}
}

/* Cut anywhere: read without complaint. */
static void check_cut(const struct log_format *format, const char *path)
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
static void run_log(const struct log_format *format, const char *name,
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

static void assert_has(const struct buffer *out, const char *part,
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
