/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_ends.c - where the values of lines begin, as each host finds it */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Which search runs is the test's choice. */
static enum { NARROW, WIDE, WIDEST } width;

static bool may_use(const char *what)
{
	return width >= (strncmp(what, "avx512", 6) == 0 ? WIDEST : WIDE);
}
#define __builtin_cpu_supports(name) may_use(name)

#include "logs/ends.c"

#undef __builtin_cpu_supports

/* What log_find_ends promises, octet by octet. */
static void check_line(struct slice line, size_t most)
{
	struct log_ends e;
	size_t count = 1, i;
	bool fits = log_find_ends(line, ' ', most, &e);

	for (i = 0; i < line.len; i++)
		count += line.p[i] == ' ';
	assert_int_equal(fits, count <= most + 1);
	if (!fits)
		return;
	assert_int_equal(e.count, count);
	assert_int_equal(e.at[0], 0);
	assert_int_equal(e.at[count], line.len + 1);
	for (i = 0, count = 1; i < line.len; i++)
		if (line.p[i] == ' ')
			assert_int_equal(e.at[count++], i + 1);
}

/* Lines of every length up to four blocks, with few blanks up to nothing
 * else, in memory of just their size. */
static void check_lines(void)
{
	static const unsigned every[] = { 1, 2, 3, 7, 40, 1000 };
	uint32_t random = 1;
	size_t len, i, k;

	for (len = 0; len <= 256; len++)
		for (k = 0; k < sizeof(every) / sizeof(every[0]); k++) {
			uint8_t *p = malloc(len ? len : 1);

			assert_non_null(p);
			for (i = 0; i < len; i++) {
				random = random * 1664525u + 1013904223u;
				p[i] = (random >> 16) % every[k] ?
				    (uint8_t)(random >> 8) : ' ';
			}
			check_line(slice_make(p, len), LIMIT_LOG_COLUMNS);
			check_line(slice_make(p, len), 5);
			check_line(slice_make(p, len), 0);
			free(p);
		}
}

static void test_narrow(void **state)
{
	(void)state;
	width = NARROW;
	check_lines();
}

static void test_wide(void **state)
{
	(void)state;
#if defined(__x86_64__)
	if (!__builtin_cpu_supports("avx2") ||
	    !__builtin_cpu_supports("bmi") ||
	    !__builtin_cpu_supports("popcnt"))
		skip();
#endif
	width = WIDE;
	check_lines();
}

static void test_widest(void **state)
{
	(void)state;
#if defined(__x86_64__)
	if (!__builtin_cpu_supports("avx512bw") ||
	    !__builtin_cpu_supports("avx512vbmi2"))
		skip();
#endif
	width = WIDEST;
	check_lines();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_widest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
