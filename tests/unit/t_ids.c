/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_ids.c - ids of sessions and the counter among equal ones */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pipeline/ids.h"

static uint64_t give(struct id_set *s, uint64_t id)
{
	uint64_t given = 0;

	assert_int_equal(pipeline_ids_give(s, id, &given), SW_OK);
	return given;
}

static void test_equal(void **state)
{
	struct id_set s = { 0 };

	(void)state;
	assert_int_equal(give(&s, 7), 7);
	assert_int_equal(give(&s, 7), 8);
	assert_int_equal(give(&s, 8), 9);
	assert_int_equal(give(&s, 7), 10);
	assert_int_equal(give(&s, 0), 0);
	assert_int_equal(give(&s, 0), 1);
	assert_true(give(&s, UINT64_MAX) == UINT64_MAX);
	assert_int_equal(give(&s, UINT64_MAX), 2);
	pipeline_ids_fini(&s);
	assert_int_equal(give(&s, 7), 7);
	pipeline_ids_fini(&s);
}

/* Ids that differ in a few bits alone, more than any first table holds. */
static void test_many(void **state)
{
	struct id_set s = { 0 };
	uint64_t i;

	(void)state;
	for (i = 0; i < 10000; i++)
		assert_true(give(&s, i << 40) == i << 40);
	for (i = 0; i < 2000; i++)
		assert_true(give(&s, i << 40) == (i << 40) + 1);
	pipeline_ids_fini(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
