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

/* Does this line of a dump tell what was said in line n? */
static inline bool is_told(struct slice line, size_t n)
{
	static const char *const kinds[] = { "command", "reply" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char at[64];

		snprintf(at, sizeof(at), " %s at=%zu ", kinds[i], n);
		if (slice_find_nocase(line, slice_str(at)) < line.len)
			return true;
	}
	return false;
}

/* What the last line, which has no end, tells is told as cut: of a command
 * and its reply one of them. */
static inline void check_cut_line(const char *path, struct slice text,
    const struct buffer *out)
{
	struct slice rest = buffer_slice(out);
	size_t i, n = 1, told = 0, cut = 0;

	for (i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	while (rest.len > 0) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.len);
		struct slice line = slice_head(rest, lf ?
		    (size_t)(lf - rest.p) : rest.len);

		rest = slice_from(rest, line.len + 1);
		if (!is_told(line, n))
			continue;
		told++;
		cut += slice_find_nocase(line, slice_str(" truncated")) <
		    line.len;
	}
	if (told > 0 && cut == 0) {
		show("found", out);
		fail_msg("%s, cut to %zu octets: line %zu is told as whole",
		    path, text.len, n);
	}
}

/* Cut anywhere: read without complaint; ends_lines: what tells that an entry
 * is whole is the end of its line. */
static inline void check_cut_as(const struct log_format *format,
    const char *path, bool ends_lines)
{
	struct buffer text;
	size_t n;

	read_file(path, &text);
	for (n = 0; n < text.len; n++) {
		struct slice head = slice_make(text.p, n);
		struct buffer out;

		buffer_init(&out, 1 << 22);
		assert_int_equal(dump_log(format, "x.log", head, 1 << 20,
		    &out), SW_OK);
		if (ends_lines)
			check_cut_line(path, head, &out);
		format->probe(head);
		buffer_fini(&out);
	}
	buffer_fini(&text);
}

static inline void check_cut(const struct log_format *format, const char *path)
{
	check_cut_as(format, path, true);
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
