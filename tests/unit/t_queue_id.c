/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_queue_id.c - the receiver's id, in the words of the common servers */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "transcript/session_internal.h"

static const struct {
	const char *text, *id;
} cases[] = {
	{ "2.0.0 Ok: queued as 4F1C2A", "4F1C2A" },
	{ "2.0.0 Ok: queued as 4Xyz9k0TTBz1", "4Xyz9k0TTBz1" },
	{ "2.0.0 from MTA(smtp:[192.0.2.1]:10025): 250 2.0.0 Ok: queued as "
	    "3YqJ", "3YqJ" },
	{ "OK id=1tQxyz-000abc-1K", "1tQxyz-000abc-1K" },
	{ "OK id=1tQxyz-00000001abc-1Kd2", "1tQxyz-00000001abc-1Kd2" },
	{ "2.0.0 4ALNxq1f001234 Message accepted for delivery",
	    "4ALNxq1f001234" },
	{ "2.0.0 1c2d3e4f Message accepted for delivery", "1c2d3e4f" },
	{ "2.6.0 <x@example.org> [InternalId=123456, Hostname=mx] 1234 "
	    "bytes in 0.1, 9.9 KB/sec Queued mail for delivery", "123456" },
	{ "ok 1234567890 qp 4321", "4321" },
	{ "2.0.0 OK  1234567890 abc123-20020a05.45 - gsmtp",
	    "abc123-20020a05.45" },
	{ "Message Queued (6F2D1B3A-0C21.1)", "6F2D1B3A-0C21.1" },
	{ "Ok 0100018c1234abcd-12345678-000000",
	    "0100018c1234abcd-12345678-000000" },
	{ "2.0.0 Message accepted for delivery", NULL },
	{ "2.0.0 Ok", NULL },
	{ "Ok thanks", NULL },
	{ "queued as ", NULL },
	{ "", NULL },
	{ "Message accepted for delivery", NULL },
	{ "Ok: queued as 4F1C.", "4F1C" },
};

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);
		uint8_t *copy = malloc(len ? len : 1);
		struct slice id;

		assert_non_null(copy);
		memcpy(copy, cases[i].text, len);
		id = session_queue_id(slice_make(copy, len));
		if ((id.p != NULL) != (cases[i].id != NULL) || (id.p &&
		    !slice_eq(id, slice_str(cases[i].id))))
			fail_msg("%s: \"%.*s\"", cases[i].text, (int)id.len,
			    id.p ? (const char *)id.p : "");
		free(copy);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
