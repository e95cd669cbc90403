/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_crew.c - each task is run once, and all are done when they are joined */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/crew.h"

enum { TASKS = 64 };

/* How often each was run; no atomics: join makes it visible. */
struct tally {
	unsigned times[TASKS];
};

static void count(void *ctx, unsigned task)
{
	struct tally *t = ctx;

	t->times[task]++;
}

static void rounds(unsigned threads)
{
	struct tally t = { { 0 } };
	struct crew *c;
	unsigned i, k, want[TASKS] = { 0 };

	assert_int_equal(crew_new(threads, count, &t, &c), SW_OK);
	for (k = 0; k < 2000; k++) {
		unsigned n = k * 7 % (TASKS + 1);

		crew_start(c, n);
		for (i = 0; i < n; i++)
			want[i]++;
		crew_join(c);
		assert_memory_equal(t.times, want, sizeof(want));
	}
	crew_join(c); /* nothing to do */
	crew_start(c, TASKS);
	crew_free(&c); /* what was started is done */
	assert_null(c);
	for (i = 0; i < TASKS; i++)
		assert_int_equal(t.times[i], want[i] + 1);
	crew_free(&c);
}

static void alone(void **state)
{
	(void)state;
	rounds(0);
}

static void one_more(void **state)
{
	(void)state;
	rounds(1);
}

static void many(void **state)
{
	(void)state;
	rounds(7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone),
		cmocka_unit_test(one_more),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
