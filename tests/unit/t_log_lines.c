/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_lines.c - logs as lines: ends, encodings, limits; words and times */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "logs/lines.h"
#include "logs/text.h"

/* Lines as text: "[1 abc][2 def!]", '!' unterminated, '~' truncated (then
 * only the length is shown). */
static void show_line(struct buffer *out, const struct log_line *line)
{
	buffer_append_char(out, '[');
	buffer_append_u64(out, line->number);
	buffer_append_char(out, ' ');
	if (line->truncated)
		buffer_append_u64(out, line->text.len);
	else
		buffer_append_slice(out, line->text);
	if (line->truncated)
		buffer_append_char(out, '~');
	if (line->unterminated)
		buffer_append_char(out, '!');
	buffer_append_char(out, ']');
}

static void split(struct slice text, size_t piece, struct buffer *out)
{
	struct log_lines l;
	struct log_line line;
	int n;

	log_lines_init(&l);
	while (text.len > 0) {
		struct slice part = slice_head(text, piece);
		uint8_t *copy = malloc(part.len);

		assert_non_null(copy);
		memcpy(copy, part.p, part.len);
		text = slice_from(text, part.len);
		log_lines_feed(&l, slice_make(copy, part.len));
		while ((n = log_lines_next(&l, &line)) > 0)
			show_line(out, &line);
		assert_int_equal(n, 0);
		free(copy);
	}
	n = log_lines_end(&l, &line);
	if (n > 0)
		show_line(out, &line);
	assert_true(n >= 0);
	assert_int_equal(log_lines_end(&l, &line), 0);
	log_lines_fini(&l);
}

static void assert_lines(struct slice text, const char *want)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 1 << 20 };
	size_t i;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct buffer out;

		buffer_init(&out, 1 << 20);
		split(text, pieces[i], &out);
		if (!slice_eq(buffer_slice(&out), slice_str(want)))
			fail_msg("in pieces of %zu \"%.*s\", not \"%s\"",
			    pieces[i], (int)out.len, (const char *)out.p,
			    want);
		buffer_fini(&out);
	}
}

struct line_case {
	const char *octets;
	size_t len;
	const char *lines;
};
#define CASE(octets, lines) { octets, sizeof(octets) - 1, lines }

static void test_lines(void **state)
{
	static const struct line_case cases[] = {
		CASE("", ""),
		CASE("\n", "[1 ]"),
		CASE("\r\n", "[1 ]"),
		CASE("a", "[1 a!]"),
		CASE("a\r", "[1 a!]"),
		CASE("a\nb\r\nc\n", "[1 a][2 b][3 c]"),
		CASE("a\r\rb\r\r\nc", "[1 a\r\rb\r][2 c!]"),
		CASE("\n\n\na", "[1 ][2 ][3 ][4 a!]"),
		/* ANSI and UTF-8 as they stand */
		CASE("h\xe4user\nh\xc3\xa4user\n",
		    "[1 h\xe4user][2 h\xc3\xa4user]"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_lines(slice_make(cases[i].octets, cases[i].len),
		    cases[i].lines);
}

/* NULs in front are what a crash left; others are text. */
static void test_nul(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 1000);
	split(slice_make("\0\0\0a\nb\0c\n\0\0\n", 12), 4, &out);
	assert_true(slice_eq(buffer_slice(&out),
	    slice_make("[1 a][2 b\0c][3 ]", 16)));
	buffer_fini(&out);
}

static void test_marks(void **state)
{
	static const struct line_case cases[] = {
		CASE("\xef\xbb\xbf" "a\n", "[1 a]"),
		CASE("\xef\xbb\xbf", ""),
		CASE("\xef\xbb", "[1 \xef\xbb!]"),
		CASE("\xef\xbb\n", "[1 \xef\xbb]"),
		CASE("\xef\n", "[1 \xef]"),
		CASE("\xff\n", "[1 \xff]"),
		CASE("\xff", "[1 \xff!]"),
		CASE("\xff\xfe" "a\0\r\0\n\0b\0", "[1 a][2 b!]"),
		CASE("\xfe\xff" "\0a\0\r\0\n\0b", "[1 a][2 b!]"),
		/* U+00E4 U+20AC U+1F4E7 */
		CASE("\xff\xfe\xe4\x00\xac\x20\x3d\xd8\xe7\xdc\n\0",
		    "[1 \xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa7]"),
		/* halves alone, and half a unit at the end */
		CASE("\xff\xfe\x3d\xd8" "a\0\xe7\xdc\n\0",
		    "[1 \xef\xbf\xbd" "a\xef\xbf\xbd]"),
		CASE("\xfe\xff\0a\0", "[1 a\xef\xbf\xbd!]"),
		CASE("\xfe\xff\xd8\x3d", "[1 \xef\xbf\xbd!]"),
		CASE("\xfe\xff", ""),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_lines(slice_make(cases[i].octets, cases[i].len),
		    cases[i].lines);
}

/* A line of exactly the limit is whole, a longer one is cut. */
static void test_limit(void **state)
{
	static const struct {
		size_t len;
		const char *end, *lines;
	} cases[] = {
		{ LIMIT_LINE + 1, "\nb\n", "[1 65536~][2 b]" },
		{ LIMIT_LINE + 1, "\r\nb\n", "[1 65536~][2 b]" },
		{ LIMIT_LINE + 2, "\r\nb\n", "[1 65536~][2 b]" },
		{ 2 * LIMIT_LINE, "", "[1 65536~!]" },
	};
	uint8_t *text = malloc(2 * LIMIT_LINE + 10);
	size_t i;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t end = strlen(cases[i].end);

		memset(text, 'a', cases[i].len);
		memcpy(text + cases[i].len, cases[i].end, end);
		assert_lines(slice_make(text, cases[i].len + end),
		    cases[i].lines);
	}
	for (i = 0; i < 2; i++) {
		struct log_lines l;
		struct log_line line;

		memset(text, 'a', LIMIT_LINE);
		memcpy(text + LIMIT_LINE, "\r\n", 2);
		log_lines_init(&l);
		log_lines_feed(&l, slice_make(text, i ? 9 : 0));
		assert_int_equal(log_lines_next(&l, &line), 0);
		log_lines_feed(&l, slice_make(text + (i ? 9 : 0),
		    LIMIT_LINE + 2 - (i ? 9 : 0)));
		assert_int_equal(log_lines_next(&l, &line), 1);
		assert_int_equal(line.text.len, LIMIT_LINE);
		assert_false(line.truncated);
		log_lines_fini(&l);
	}
	free(text);
}

static void test_head(void **state)
{
	struct buffer b;
	struct slice head;

	(void)state;
	buffer_init(&b, 1000);
	assert_true(log_lines_head(slice_str("\xef\xbb\xbf" "ab"), &b,
	    &head));
	assert_true(slice_eq(head, slice_str("ab")));
	assert_true(log_lines_head(slice_str("\xef" "ab"), &b, &head));
	assert_true(slice_eq(head, slice_str("\xef" "ab")));
	assert_true(log_lines_head(slice_str("\xef\xbb"), &b, &head));
	assert_true(slice_eq(head, slice_str("\xef\xbb")));
	assert_true(log_lines_head(slice_make("\xff\xfe" "a\0\n\0b\0", 8), &b,
	    &head));
	assert_true(slice_eq(head, slice_str("a\nb\n")));
	buffer_fini(&b);
}

static void test_times(void **state)
{
	struct civil day;
	int32_t s;

	(void)state;
	assert_true(log_parse_iso_date(slice_str("2004-02-29"), &day));
	assert_int_equal(log_make_time(&day, 86399),
	    INT64_C(1078099199) * NS_PER_S);
	assert_false(log_parse_iso_date(slice_str("2003-02-29"), &day));
	assert_false(log_parse_iso_date(slice_str("2004-2-29"), &day));
	assert_false(log_parse_iso_date(slice_str("2004-02-29 "), &day));
	assert_false(log_parse_iso_date(slice_str("2004-00-10"), &day));
	assert_true(log_parse_time_of_day(slice_str("23:59:60"), &s));
	assert_int_equal(s, 86400);
	assert_false(log_parse_time_of_day(slice_str("24:00:00"), &s));
	assert_false(log_parse_time_of_day(slice_str("1:00:00"), &s));
	assert_false(log_parse_time_of_day(slice_str(""), &s));
}

static void test_replies(void **state)
{
	static const struct {
		const char *line;
		int32_t code;
		bool more;
		const char *text;
	} cases[] = {
		{ "250 ok", 250, false, "ok" },
		{ "250-ok", 250, true, "ok" },
		{ "250", 250, false, "" },
		{ "250-", 250, true, "" },
		{ "250  ok", 250, false, " ok" },
		{ "2500 ok", SW_UNKNOWN, false, "2500 ok" },
		{ "hello", SW_UNKNOWN, false, "hello" },
		{ "", SW_UNKNOWN, false, "" },
		{ "25", SW_UNKNOWN, false, "25" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_reply_line r = log_parse_reply_line(
		    slice_str(cases[i].line));

		assert_int_equal(r.code, cases[i].code);
		assert_int_equal(r.more, cases[i].more);
		assert_true(slice_eq(r.text, slice_str(cases[i].text)));
	}
}

static void test_words(void **state)
{
	struct slice rest = slice_str("a  bc d");

	(void)state;
	assert_true(slice_eq(log_take_word(&rest), slice_str("a")));
	assert_int_equal(log_take_word(&rest).len, 0);
	assert_true(slice_eq(log_take_word(&rest), slice_str("bc")));
	assert_true(slice_eq(log_take_word(&rest), slice_str("d")));
	assert_int_equal(log_take_word(&rest).len, 0);
	assert_true(slice_eq(log_base_name("a/b\\c.log"),
	    slice_str("c.log")));
	assert_true(slice_eq(log_base_name("c.log"), slice_str("c.log")));
	/* fixed for ever: ids are made of it */
	assert_true(log_hash(LOG_HASH_START, slice_str("a")) !=
	    log_hash(LOG_HASH_START, slice_str("b")));
	assert_true(log_hash(log_hash(LOG_HASH_START, slice_str("ab")),
	    slice_str("c")) != log_hash(log_hash(LOG_HASH_START,
	    slice_str("a")), slice_str("bc")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
