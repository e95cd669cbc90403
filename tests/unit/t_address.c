/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_address.c - the text of an address is that of inet_ntop */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "pipeline/address.h"

static void check(const struct endpoint *e)
{
	char want[INET6_ADDRSTRLEN];
	uint8_t *text = malloc(ADDRESS_TEXT);
	struct slice got;

	assert_non_null(text);
	got = pipeline_address(e, text);
	assert_non_null(inet_ntop(e->family == 4 ? AF_INET : AF_INET6, e->ip,
	    want, sizeof(want)));
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.p, want, got.len);
	free(text);
}

static void test_ip4(void **state)
{
	struct endpoint e = { .family = 4 };
	unsigned i;

	(void)state;
	for (i = 0; i < 256; i++) {
		e.ip[0] = (uint8_t)i;
		e.ip[1] = (uint8_t)(255 - i);
		e.ip[2] = (uint8_t)(i * 7);
		e.ip[3] = (uint8_t)(i * 11 + 3);
		check(&e);
	}
}

/* Every place of zeros, of four lengths of the others. */
static void test_ip6(void **state)
{
	static const unsigned values[] = { 1, 0xab, 0xdef, 0xffff };
	struct endpoint e = { .family = 6 };
	unsigned mask, i, v;

	(void)state;
	for (mask = 0; mask < 256; mask++)
		for (v = 0; v < 5 * 8; v++) {
			for (i = 0; i < 8; i++) {
				/* ... or of them all by turns */
				unsigned group = values[v < 4 ? v :
				    (i + v) % 4];

				group = mask >> i & 1 ? 0 : group;
				e.ip[i * 2] = (uint8_t)(group >> 8);
				e.ip[i * 2 + 1] = (uint8_t)group;
			}
			check(&e);
		}
}

static void test_port(void **state)
{
	struct endpoint e = { .family = 4, .port = 25 };
	char text[80];

	(void)state;
	e.ip[0] = 192;
	e.ip[3] = 1;
	pipeline_address_port(&e, text, sizeof(text));
	assert_string_equal(text, "192.0.0.1:25");
	e.family = 6;
	e.port = 65535;
	memset(e.ip, 0xff, sizeof(e.ip));
	pipeline_address_port(&e, text, sizeof(text));
	assert_string_equal(text,
	    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
