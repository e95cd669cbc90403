/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_slice.c - octets that are looked for without regard to case */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/slice.h"

/* One octet at a time. */
static size_t find_slowly(struct slice s, struct slice needle)
{
	size_t i;

	for (i = 0; i + needle.len <= s.len; i++)
		if (slice_has_prefix_nocase(slice_from(s, i), needle))
			return i;
	return s.len;
}

static void check(const uint8_t *octets, size_t len, const char *needle)
{
	struct slice n = slice_str(needle);
	uint8_t *copy = malloc(len ? len : 1); /* its end is guarded */
	struct slice s = slice_make(copy, len);

	assert_non_null(copy);
	memcpy(copy, octets, len);
	if (slice_find_nocase(s, n) != find_slowly(s, n))
		fail_msg("\"%s\" in %zu octets: %zu, not %zu", needle, len,
		    slice_find_nocase(s, n), find_slowly(s, n));
	free(copy);
}

/* At each place of texts of each length up to some blocks of the search. */
static void test_places(void **state)
{
	static const char *const needles[] = { "q", "[", "qP", "[I", " id=",
		"Queued As ", "=[" };
	uint8_t text[80];
	size_t i, len, at;

	(void)state;
	for (i = 0; i < sizeof(needles) / sizeof(needles[0]); i++) {
		size_t n = strlen(needles[i]);

		for (len = 0; len <= 70; len++)
			for (at = 0; at <= len; at++) {
				/* its first octet is everywhere */
				memset(text, needles[i][0], sizeof(text));
				memcpy(text + at, needles[i], n);
				check(text, len, needles[i]);
				memset(text, 'x', sizeof(text));
				memcpy(text + at, needles[i], n);
				check(text, len, needles[i]);
			}
	}
}

/* The bit of case makes equal what is no letter as well. */
static void test_other_octets(void **state)
{
	uint8_t text[40];
	unsigned c;

	(void)state;
	for (c = 0; c < 256; c++) {
		memset(text, (int)c, sizeof(text));
		check(text, sizeof(text), "[[");
		check(text, sizeof(text), "{{");
		check(text, sizeof(text), "@`");
		check(text, sizeof(text), "aA");
		check(text, sizeof(text), "Zz");
		check(text, sizeof(text), "\r-");
	}
	assert_int_equal(slice_find_nocase(slice_make(text, 40),
	    slice_make(text, 0)), 0);
	assert_int_equal(slice_find_nocase(slice_make(NULL, 0),
	    slice_make("a", 1)), 0);
}

/* All of it, and nothing beyond. */
static void copies(void **state)
{
	uint8_t from[80], to[96];
	size_t len, i;

	(void)state;
	for (i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i + 1);
	for (len = 0; len <= sizeof(from); len++) {
		memset(to, 0, sizeof(to));
		slice_copy(to, slice_make(from, len));
		assert_memory_equal(to, from, len);
		for (i = len; i < sizeof(to); i++)
			assert_int_equal(to[i], 0);
	}
	slice_copy(to, slice_make(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_other_octets),
		cmocka_unit_test(copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
