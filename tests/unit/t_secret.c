/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_secret.c - tables are keyed by another number in each process, also before
 * the system has entropy */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/secret.h"

/* Instead of that of the C library: as soon after the system's start. */
ssize_t getrandom(void *p, size_t n, unsigned flags)
{
	memset(p, 0, n);
	assert_true(flags & GRND_NONBLOCK);
	errno = EAGAIN;
	return -1;
}

/* That of another process, which is this program. */
static uint64_t of_another(void)
{
	char self[4096], command[4200], told[32] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *f;

	assert_true(n > 0);
	self[n] = '\0';
	snprintf(command, sizeof(command), "'%s' tell", self);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(told, sizeof(told), f));
	assert_int_equal(pclose(f), 0);
	return strtoull(told, NULL, 16);
}

static void test_no_entropy(void **state)
{
	uint64_t a = of_another(), b = of_another();

	(void)state;
	assert_true(base_secret() != 0);
	assert_true(a != 0 && b != 0 && a != b);
	assert_true(a != base_secret());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_entropy),
	};

	(void)argv;
	if (argc > 1)
		return printf("%llx\n", (unsigned long long)base_secret()) < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
