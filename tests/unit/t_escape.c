/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_escape.c - octets of strangers made harmless */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/escape.h"

/* Input with its length, so that it may hold NUL. */
#define IN(text) text, sizeof(text) - 1

static void check(const struct buffer *b, const char *want)
{
	if (b->len != strlen(want) ||
	    (b->len > 0 && memcmp(b->p, want, b->len) != 0))
		fail_msg("got <%.*s>, want <%s>", (int)b->len,
		    (const char *)b->p, want);
}

/* The same octets at the end of a heap block of just their size, so that a
 * sanitizer sees a read beyond them. */
static struct slice exact(const char *text, size_t len)
{
	uint8_t *p = malloc(len ? len : 1);

	assert_non_null(p);
	if (len > 0)
		memcpy(p, text, len);
	return slice_make(p, len);
}

/* What is put is well-formed and reads back. */
static void utf8_put(void **state)
{
	static const struct {
		uint32_t c;
		const char *want;
	} cases[] = {
		{ 'a', "a" }, { 0x7f, "\x7f" }, { 0x80, "\xc2\x80" },
		{ 0x7ff, "\xdf\xbf" }, { 0x800, "\xe0\xa0\x80" },
		{ 0x20ac, "\xe2\x82\xac" }, { 0xffff, "\xef\xbf\xbf" },
		{ 0x10000, "\xf0\x90\x80\x80" },
		{ 0x10ffff, "\xf4\x8f\xbf\xbf" },
		{ 0xd800, "\xef\xbf\xbd" }, { 0xdfff, "\xef\xbf\xbd" },
		{ 0x110000, "\xef\xbf\xbd" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t u[4];
		size_t n = escape_utf8_put(u, cases[i].c);

		assert_int_equal(n, strlen(cases[i].want));
		assert_memory_equal(u, cases[i].want, n);
	}
}

static void utf16_put(void **state)
{
	static const struct {
		uint16_t units[4]; /* up to 0 */
		const char *want;
	} cases[] = {
		{ { 'a', 0x20ac }, "a\xe2\x82\xac" },
		{ { 0xd83d, 0xde00, 'a' }, "\xf0\x9f\x98\x80" "a" },
		{ { 0xdbff, 0xdfff }, "\xf4\x8f\xbf\xbf" },
		{ { 0xd83d, 'a' }, "\xef\xbf\xbd" "a" },
		{ { 0xd83d, 0xd83d, 0xde00 },
		    "\xef\xbf\xbd\xf0\x9f\x98\x80" },
		{ { 0xde00, 'a' }, "\xef\xbf\xbd" "a" },
		{ { 'a', 0xd83d }, "a" },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint16_t high = 0;
		uint8_t u[24];
		size_t n = 0;

		for (k = 0; k < 4 && cases[i].units[k]; k++)
			n += escape_utf16_put(u + n, &high,
			    cases[i].units[k]);
		assert_int_equal(n, strlen(cases[i].want));
		assert_memory_equal(u, cases[i].want, n);
	}
}

static void utf8_len(void **state)
{
	static const struct {
		const char *text;
		size_t len, want;
	} cases[] = {
		{ IN(""), 0 }, { IN("a"), 1 }, { IN("\0"), 1 },
		{ IN("\x7f"), 1 }, { IN("\x80"), 0 }, { IN("\xc1\xbf"), 0 },
		{ IN("\xc2\x80"), 2 }, { IN("\xc2"), 0 },
		{ IN("\xdf\xbf" "a"), 2 }, { IN("\xe0\x9f\x80"), 0 },
		{ IN("\xe0\xa0\x80"), 3 }, { IN("\xed\x9f\xbf"), 3 },
		{ IN("\xed\xa0\x80"), 0 }, { IN("\xef\xbf\xbf"), 3 },
		{ IN("\xef\xbf"), 0 }, { IN("\xf0\x8f\xbf\xbf"), 0 },
		{ IN("\xf0\x90\x80\x80"), 4 }, { IN("\xf4\x8f\xbf\xbf"), 4 },
		{ IN("\xf4\x90\x80\x80"), 0 }, { IN("\xf5\x80\x80\x80"), 0 },
		{ IN("\xff"), 0 }, { IN("\xf0\x90\x80" "a"), 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice s = exact(cases[i].text, cases[i].len);

		assert_int_equal(escape_utf8_len(s), cases[i].want);
		assert_int_equal(escape_is_utf8(s),
		    cases[i].want == s.len ||
		    (cases[i].want > 0 && s.p[cases[i].want] < 0x80));
		free((void *)(uintptr_t)s.p);
	}
	assert_true(escape_is_utf8(slice_make(NULL, 0)));
	assert_false(escape_is_utf8(slice_make(IN("12345678\x80"))));
	assert_false(escape_is_utf8(slice_make(IN("\xe2\x82\xac\xe2\x82"))));
}

static const struct {
	const char *text;
	size_t len;
	const char *json;
	bool replaced;
	const char *shown; /* escape_text */
} cases[] = {
	{ IN(""), "\"\"", false, "" },
	{ IN("plain text of any length ~!#"),
	  "\"plain text of any length ~!#\"", false,
	  "plain text of any length ~!#" },
	{ IN("a\"b"), "\"a\\\"b\"", false, "a\"b" },
	{ IN("12345678\"12345678"), "\"12345678\\\"12345678\"", false,
	  "12345678\"12345678" },
	{ IN("a\\b"), "\"a\\\\b\"", false, "a\\b" },
	{ IN("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\"", false,
	  "\\x08\\x09\\x0a\\x0c\\x0d" },
	{ IN("\0\x01\x1f\x1b[31m"), "\"\\u0000\\u0001\\u001f\\u001b[31m\"",
	  false, "\\x00\\x01\\x1f\\x1b[31m" },
	{ IN("a\x7f" "b"), "\"a\\u007fb\"", false, "a\\x7fb" },
	{ IN("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7"),
	  "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7\"", false,
	  "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7" },
	/* C1: a terminal takes U+009B as CSI */
	{ IN("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"),
	  "\"\\u0080\\u009b\\u009f\xc2\xa0\"", false,
	  "\\u{0080}\\u{009b}\\u{009f}\xc2\xa0" },
	{ IN("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"", false,
	  "\\u{2028}\\u{2029}" },
	{ IN("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xae\xe2\x81\xa6"
	     "\xe2\x81\xa9"),
	  "\"\\u061c\\u200e\\u200f\\u202e\\u2066\\u2069\"", false,
	  "\\u{061c}\\u{200e}\\u{200f}\\u{202e}\\u{2066}\\u{2069}" },
	{ IN("\xc2\xad\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\x81"),
	  "\"\\u00ad\\u200b\\ufeff\\udb40\\udc41\"", false,
	  "\\u{00ad}\\u{200b}\\u{feff}\\u{0e0041}" },
	/* one U+FFFD for each maximal subpart (Unicode 15, table 3-8) */
	{ IN("a\x80\xff" "b"),
	  "\"a\xef\xbf\xbd\xef\xbf\xbd" "b\"", true, "a\\x80\\xff" "b" },
	{ IN("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf" "A"),
	  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "A\"", true,
	  "\\xe1\\x80\\xe2\\xf0\\x91\\x92\\xf1\\xbf" "A" },
	{ IN("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
	  true, "\\xed\\xa0\\x80" },
	{ IN("\xc0\xaf\xe0\x80\xbf"),
	  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
	  true, "\\xc0\\xaf\\xe0\\x80\\xbf" },
	{ IN("ab\xe2\x82"), "\"ab\xef\xbf\xbd\"", true, "ab\\xe2\\x82" },
	/* backslashes that could be taken for an escape */
	{ IN("\\x1b"), "\"\\\\x1b\"", false, "\\\\x1b" },
	{ IN("\\u{1}"), "\"\\\\u{1}\"", false, "\\\\u{1}" },
	{ IN("\\u1"), "\"\\\\u1\"", false, "\\u1" },
	{ IN("\\\\x"), "\"\\\\\\\\x\"", false, "\\\\\\\\x" },
	{ IN("\\\\y\\"), "\"\\\\\\\\y\\\\\"", false, "\\\\y\\" },
	{ IN("\\\x1b"), "\"\\\\\\u001b\"", false, "\\\\\\x1b" },
	{ IN("\\\xff"), "\"\\\\\xef\xbf\xbd\"", true, "\\\\\\xff" },
	{ IN("C:\\spool\\xyz"), "\"C:\\\\spool\\\\xyz\"", false,
	  "C:\\spool\\\\xyz" },
};

/* What Unicode 15.0 calls Default_Ignorable_Code_Point, as
 * DerivedCoreProperties.txt lists it, and what is escaped beside it: C1,
 * separators, embeddings and overrides, annotations, glyphs that are blank but
 * no spaces. */
static const uint32_t unseen[][2] = {
	{ 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x061c, 0x061c },
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180d },
	{ 0x180e, 0x180e }, { 0x180f, 0x180f }, { 0x200b, 0x200f },
	{ 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x2065, 0x2065 },
	{ 0x2066, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfff8 },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	{ 0x0080, 0x009f }, { 0x2028, 0x2029 }, { 0xfff9, 0xfffb },
	{ 0x2800, 0x2800 }, { 0x1d159, 0x1d159 },
};

static bool is_unseen(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i][0] && c <= unseen[i][1])
			return true;
	return false;
}

/* Each code point is shown as it is, or escaped, in text and JSON. */
static void code_points(void **state)
{
	uint32_t c;

	(void)state;
	for (c = 0x80; c <= 0x10ffff; c++) {
		char text[16], json[24] = "\"";
		uint8_t u[4];
		size_t n = escape_utf8_put(u, c);
		struct buffer b;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		memcpy(json + 1, u, n);
		memcpy(text, u, n);
		text[n] = json[n + 1] = '\0';
		if (is_unseen(c) && c > 0xffff) {
			snprintf(text, sizeof(text), "\\u{%06x}", c);
			snprintf(json, sizeof(json), "\"\\u%04x\\u%04x",
			    0xd800 + ((c - 0x10000) >> 10),
			    0xdc00 + (c & 0x3ff));
		} else if (is_unseen(c)) {
			snprintf(text, sizeof(text), "\\u{%04x}", c);
			snprintf(json, sizeof(json), "\"\\u%04x", c);
		}
		buffer_init(&b, 100);
		assert_true(escape_text(&b, slice_make(u, n)));
		check(&b, text);
		buffer_fini(&b);
		buffer_init(&b, 100);
		assert_false(escape_json(&b, slice_make(u, n)));
		memcpy(json + strlen(json), "\"", 2);
		check(&b, json);
		buffer_fini(&b);
	}
}

static void escapes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice s = exact(cases[i].text, cases[i].len);
		struct buffer b;

		buffer_init(&b, 10000);
		assert_int_equal(escape_json(&b, s), cases[i].replaced);
		check(&b, cases[i].json);
		buffer_clear(&b);
		assert_true(escape_text(&b, s));
		check(&b, cases[i].shown);
		buffer_fini(&b);
		free((void *)(uintptr_t)s.p);
	}
}

/* Where a special octet stands among plain ones, and where the pieces that
 * the escapers work in begin, must not matter. */
static void position_does_not_matter(void **state)
{
	static const char special[] = "\xe2\x82\xac\x1b\\\"\xff\\x";
	static const char shown[] = "\xe2\x82\xac\\x1b\\\"\\xff\\\\x";
	size_t before, after;
	char text[2100];
	char want[2200];

	(void)state;
	for (before = 0; before < 1100; before += before < 20 ? 1 : 7) {
		struct buffer b;

		after = before % 13;
		memset(text, 'a', sizeof(text));
		memcpy(text + before, special, sizeof(special) - 1);
		memset(want, 'a', sizeof(want));
		memcpy(want + before, shown, sizeof(shown) - 1);
		want[before + sizeof(shown) - 1 + after] = '\0';
		buffer_init(&b, 100000);
		assert_true(escape_text(&b, slice_make(text,
		    before + sizeof(special) - 1 + after)));
		check(&b, want);
		buffer_fini(&b);
	}
}

/* Each octet at each place of words that overlap: plain or not, and nothing
 * beyond the end is read (under ASan) or written. */
static void copies_of_plain(void **state)
{
	size_t len, at;
	unsigned c;

	(void)state;
	for (len = 0; len <= 50; len++) {
		uint8_t *in = malloc(len ? len : 1), out[64];

		assert_non_null(in);
		memset(in, 'a', len ? len : 1);
		memset(out, 0, sizeof(out));
		assert_true(escape_copy_plain(out, in, len));
		assert_memory_equal(out, in, len);
		assert_int_equal(out[len], 0);
		for (at = 0; at < len; at++) {
			for (c = 0; c < 256; c++) {
				in[at] = (uint8_t)c;
				assert_int_equal(
				    escape_copy_plain(out, in, len),
				    c >= 0x20 && c < 0x7f && c != '"' &&
				    c != '\\');
			}
			in[at] = 'a';
		}
		free(in);
	}
}

/* A run of backslashes over several pieces is treated as one. */
static void long_runs(void **state)
{
	enum { N = 3000 };
	char *text = malloc(N + 1);
	struct buffer b;
	size_t i;

	(void)state;
	assert_non_null(text);
	memset(text, '\\', N);
	text[N] = 'x';
	buffer_init(&b, 100000);
	assert_true(escape_text(&b, slice_make(text, N)));
	assert_int_equal(b.len, N);
	buffer_clear(&b);
	assert_true(escape_text(&b, slice_make(text, N + 1)));
	assert_int_equal(b.len, 2 * N + 1);
	for (i = 0; i < 2 * N; i++)
		assert_int_equal(b.p[i], '\\');
	buffer_fini(&b);
	free(text);
}

/* The maximum is kept to the octet, whatever the worst case would need. */
static void maximum(void **state)
{
	struct slice s = slice_str("twelve octet");
	struct buffer b;

	(void)state;
	buffer_init(&b, 14);
	assert_false(escape_json(&b, s));
	assert_false(b.full);
	check(&b, "\"twelve octet\"");
	buffer_fini(&b);
	buffer_init(&b, 13);
	(void)escape_json(&b, s);
	assert_true(b.full);
	assert_true(b.len <= 13);
	buffer_fini(&b);
	buffer_init(&b, 11);
	assert_false(escape_text(&b, s));
	buffer_fini(&b);
}

static void base64(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfb", "//77" },
	};
	struct buffer b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buffer_init(&b, 100);
		assert_true(escape_base64(&b, slice_str(pairs[i][0])));
		check(&b, pairs[i][1]);
		buffer_fini(&b);
	}
	buffer_init(&b, 7);
	assert_false(escape_base64(&b, slice_str("fooba")));
	buffer_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_put),
		cmocka_unit_test(utf16_put),
		cmocka_unit_test(utf8_len),
		cmocka_unit_test(escapes),
		cmocka_unit_test(code_points),
		cmocka_unit_test(position_does_not_matter),
		cmocka_unit_test(copies_of_plain),
		cmocka_unit_test(long_runs),
		cmocka_unit_test(maximum),
		cmocka_unit_test(base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
