/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_body_plain.c - the content behind DATA, as hosts without x86-64 scan it */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <smtpwire/transcript.h>

#include "smtp/body.h"

#undef __x86_64__

#include "body_cases.h"

static void test_plain(void **state)
{
	(void)state;
	all_of_them();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
