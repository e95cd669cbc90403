/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_body.c - the content behind DATA, with each scan that this host has */
#include <stdbool.h>
#include <string.h>

/* Which scan runs is the test's choice. */
static enum { NARROW, WIDE, WIDEST } scan_width;

static bool may_use(const char *what)
{
	return scan_width >= (strcmp(what, "avx512bw") == 0 ? WIDEST : WIDE);
}
#define __builtin_cpu_supports(name) may_use(name)

#include "body_cases.h"

#undef __builtin_cpu_supports

static void test_narrow(void **state)
{
	(void)state;
	scan_width = NARROW;
	all_of_them();
}

static void test_wide(void **state)
{
	(void)state;
#if defined(__x86_64__)
	if (!__builtin_cpu_supports("avx2"))
		skip();
#endif
	scan_width = WIDE;
	all_of_them();
}

static void test_widest(void **state)
{
	(void)state;
#if defined(__x86_64__)
	if (!__builtin_cpu_supports("avx512bw"))
		skip();
#endif
	scan_width = WIDEST;
	all_of_them();
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
