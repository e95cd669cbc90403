/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_body.c - the content behind DATA, with each scan that this host has */
#include <stdbool.h>

/* Which scan runs is the test's choice. */
static bool scan_wide;
#define __builtin_cpu_supports(name) scan_wide

#include "body_cases.h"

#undef __builtin_cpu_supports

static void test_narrow(void **state)
{
	(void)state;
	scan_wide = false;
	all_of_them();
}

static void test_wide(void **state)
{
	(void)state;
#if defined(__x86_64__)
	if (!__builtin_cpu_supports("avx2"))
		skip();
#endif
	scan_wide = true;
	all_of_them();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
