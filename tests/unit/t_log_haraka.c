/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_haraka.c - logs of Haraka: what it wrote in its three formats against
 * what is expected of them, and lines made here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"

#define DATA "tests/data/haraka/"
#define P "[PROTOCOL] [A-B.1] [core] "
#define D "[DATA] [A-B.1] [core] "
#define OP "[PROTOCOL] [A-B.1.1] [outbound] "
#define OD "[DATA] [A-B.1.1] [outbound] "
#define LP "level=PROTOCOL uuid=A-B.1 origin=core "
#define LD "level=DATA uuid=A-B.1 origin=core "
#define JP "{\"level\":\"PROTOCOL\",\"uuid\":\"A-B.1\",\"origin\":\"core\"," \
	"\"message\":"
#define JD "{\"level\":\"DATA\",\"uuid\":\"A-B.1\",\"origin\":\"core\"," \
	"\"message\":"

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_haraka, DATA "auth.log");
}

/* How each format writes ends of lines, quotes and backslashes. */
static void test_texts(void **state)
{
	static const struct {
		const char *lines, *found;
	} cases[] = {
		{ P "C: NOOP state=1\n", "line=NOOP" },
		{ P "C: NOOP state=1 state=12\n", "line=NOOP state=1" },
		{ P "C: NOOP state=\n", "line=NOOP state=" },
		{ P "C: NOOP \"\\\" state=1\n", "line=NOOP \"\\\"" },
		{ OP "C: NOOP state=1\n", "line=NOOP state=1" },
		{ OP "S: 220 a\\r\\n\n", "text=a" },
		{ LP "message=\"C: NOOP \\\"\\\\r\\\"\" state=1\n",
		    "line=NOOP \"\\r\"" },
		{ LP "message=\"S: 220 a\\r\\n\"\n", "text=a" },
		{ JP "\"C: NOOP \\\"\\\\r\\u00e9\\/\\\"\",\"state\":1}\n",
		    "line=NOOP \"\\r\xc3\xa9/\" 8bit" },
		{ JP "\"S: 220 a\\r\\n\"}\n", "text=a" },
		{ JP "\"S: 220 \\ud83d\\uDE00\\ud83dx\\ud83d\\u0041\"}\n",
		    "text=\xf0\x9f\x98\x80\xef\xbf\xbdx\xef\xbf\xbd" "A" },
		{ JP "\"S: 220 \\u20ac\\u00\"}\n", "text=\xe2\x82\xac" "00" },
		{ "2026-11-22T01:35:49.672Z \x1b[32m" P "S: 220 a\x1b[39m\n",
		    "2026-11-22T01:35:49.672Z server reply at=1 code=220 "
		    "to=0 text=a" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;
		char line[200];

		run_log(&log_haraka, "x.log", cases[i].lines, &out);
		snprintf(line, sizeof(line), "%s", cases[i].found);
		assert_has(&out, line, 1);
		assert_has(&out, "not understood=0", 1);
		buffer_fini(&out);
	}
}

#define START P "C: MAIL FROM:<a@example.org> state=1\n" P "S: 250 ok\n" \
	P "C: DATA state=1\n" P "S: 354 go\n"
#define OSTART OP "C: MAIL FROM:<a@example.org>\n" OP "S: 250 ok\\r\\n\n" \
	OP "C: DATA\n" OP "S: 354 go\\r\\n\n"

/* Content of all formats: its size tells that each octet was counted. */
static void test_content(void **state)
{
	static const struct {
		const char *lines, *found;
	} cases[] = {
		{ START D "C: a\\r\n" D "C: ..b\\r\n" D "C: .\\r\n"
		  P "S: 250 ok\n", "size=7 missing=0" },
		/* bare LF */
		{ START D "C: a\n" D "C: b\\r\n" D "C: .\\r\n"
		  P "S: 250 ok\n", "size=5 missing=0" },
		{ START D "C: .\\r\n" P "S: 250 ok\n", "size=0 missing=0" },
		{ START LD "message=\"C: a\\r\n\"\n" LD "message=\"C: .\\r\n"
		  "\"\n" P "S: 250 ok\n", "size=3 missing=0" },
		{ START LD "message=\"C: \\\"\\\\\\r\n\"\n" LD
		  "message=\"C: .\\r\n\"\n" P "S: 250 ok\n",
		    "size=4 missing=0" },
		{ START JD "\"C: a\\r\\n\"}\n" JD "\"C: .\\r\\n\"}\n"
		  P "S: 250 ok\n", "size=3 missing=0" },
		/* only how much there was */
		{ START "[NOTICE] [A-B.1] [core] message mid=\"<1@a b>\" "
		  "size=69 rcpts=1/0/0\n" P "S: 250 ok\n", "octets=69" },
		{ START P "S: 250 ok\n", "inferred" },
		/* several lines in one row, one in two rows */
		{ OSTART OD "C: a: b\\r\n\\r\nc\\r\n..d\\r\n" OP "C: .\n"
		  OP "S: 250 ok\\r\\n\n", "size=15 missing=0" },
		{ OSTART OD "C: a\n" OD "C: .b\\r\n" OP "C: .\n"
		  OP "S: 250 ok\\r\\n\n", "size=5 missing=0" },
		{ OSTART OP "C: .\n" OP "S: 250 ok\\r\\n\n", "message=1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		run_log(&log_haraka, "x.log", cases[i].lines, &out);
		if (count_lines(&out, "client data") != 1 ||
		    count_lines(&out, cases[i].found) == 0)
			assert_has(&out, cases[i].lines, 1);
		assert_has(&out, "message accepted", 1);
		assert_has(&out, "client command", 2);
		assert_has(&out, "not understood=0", 1);
		buffer_fini(&out);
	}
}

/* Origin and uuid: the server's session, and its deliveries. */
static void test_sessions(void **state)
{
	struct buffer out;

	(void)state;
	run_log(&log_haraka, "x.log",
	    "[NOTICE] [A-B] [core] connect ip=192.0.2.1 port=7 "
	    "local_ip=2001:db8::1 local_port=25\n"
	    "[PROTOCOL] [A-B] [core] S: 220 a\n"
	    "[PROTOCOL] [A-B.1] [queue/smtp_forward] S: 220 b\n"
	    "[PROTOCOL] [A-B.1] [queue/smtp_forward] C: QUIT\n"
	    "[PROTOCOL] [A-B.1] [queue/smtp_forward] S: 221 b\n"
	    "[PROTOCOL] [A-B.2] [core] C: (after-disconnect): x state=1\n"
	    "[ERROR] [A-B.2] [core] something broke\n"
	    "[PROTOCOL] [A-C.1] [outbound] S: 220 b\\r\\n\n"
	    "[PROTOCOL] [A-C.1] [outbound] S: 220 c\\r\\n\n", &out);
	assert_has(&out, "session ", 4);
	assert_has(&out, "server=2001:db8::1 port=25", 1);
	assert_has(&out, "- note at=7", 1);
	assert_has(&out, "text=b", 2);
	assert_has(&out, " server input-ended ", 1);
	assert_has(&out, " client input-ended ", 3);
	buffer_fini(&out);
}

/* A value in which the log ends may lack its end. */
static void test_cut_values(void **state)
{
	static const struct {
		const char *line, *told;
		size_t count;
	} cases[] = {
		{ "[NOTICE] [A-B] [core] connect ip=192.0.2.1 port=7 "
		    "local_ip=192.0.2.25 local_port=2", "server-port", 0 },
		{ "[NOTICE] [A-B] [core] connect ip=192.0.2.1 port=7 "
		    "local_ip=192.0.2.25 local_port=25\n", "port=25", 1 },
		{ "[NOTICE] [A-B] [core] connect ip=192.0.2", "client=", 0 },
		{ START "[NOTICE] [A-B.1] [core] message mid=<1@a> size=6",
		    "octets=", 0 },
		{ START "{\"level\":\"NOTICE\",\"uuid\":\"A-B.1\",\"origin\":"
		    "\"core\",\"message\":\"message\",\"size\":6", "octets=",
		    0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		run_log(&log_haraka, "x.log", cases[i].line, &out);
		assert_has(&out, "session ", 1);
		assert_has(&out, cases[i].told, cases[i].count);
		buffer_fini(&out);
	}
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		bool mine;
	} cases[] = {
		{ "", false },
		{ "[NOTICE] [-] [server] Listening\n", false },
		{ P "S: 220 a\n", true },
		{ "loglevel: DATA\n" LP "message=\"S: 220 a\"\n", true },
		{ JP "\"C: NOOP\"}\n", true },
		{ D "C: a\\r\nb\\r\nc\\r\n", true },
		{ "{\"a\":\"b\"}\n", false },
		{ "level=PROTOCOL message=\"S: 220 a\"\n", false },
		{ "[2014.07.26] 12:58:46 [192.0.2.10][7] rsp: 220 a\n",
		    false },
		{ "220 mx.example.org ESMTP\r\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (log_haraka.probe(slice_str(cases[i].head)) !=
		    cases[i].mine)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_cut_values),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
