/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_text.c - sessions as text for people */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emit/emit.h"
#include "sample.h"

static const struct emit_options plain = { false, false, false, false, NULL };
static const struct emit_options no_times = { false, true, false, false, NULL };
static const struct emit_options color = { false, false, true, false, NULL };

static void check(const struct sw_session *s, uint64_t number,
    const struct emit_options *options, const char *want)
{
	struct buffer b;

	buffer_init(&b, 1u << 20);
	assert_true(emit_text(&b, s, number, options));
	if (b.len != strlen(want) || memcmp(b.p, want, b.len) != 0)
		fail_msg("got\n%.*s\nwant\n%s", (int)b.len,
		    (const char *)b.p, want);
	buffer_fini(&b);
}

static void wire(void **state)
{
	(void)state;
	check(&sample_wire, 1, &plain,
"session 1  203.0.113.7:49152 -> 192.0.2.25:25  2004-02-20 11:10:03.120000Z"
"  0.153 s  3 messages, 1 rejected, 1 partial, 1 unknown\n"
"  dump.pcap1, frames 8801-9000; dump.pcap2, frames 1-14\n"
"  0.000000 *  connected\n"
"  0.031204 S  220 mx.example.org ESMTP\n"
"  0.042110 C  EHLO client.example.net\n"
"  0.043001 S  250-mx.example.org\n"
"           S  250-PIPELINING\n"
"           S  250-\n"
"           S  250 SIZE 52428800\n"
"  0.043500 C  AUTH PLAIN ***  {masked}\n"
"  0.051300 C  RCPT TO:<empf\\xe4nger@example.org>  {pipelined, 8bit}\n"
"  0.052000 S  550-5.1.1 \\x1b[31munbekannter Empf\\xe4nger\n"
"           S  550 5.1.1 no such user  {8bit}\n"
"  0.052100 C  \\x01\\x02?\n"
"           C  DATA\n"
"  0.102000 S  354  {code-only, joined}\n"
"  0.110000 C  [message 1: 41000 octets, 1460 missing at 20480]\n"
"  0.140001 ---  120 octets of the server's are missing\n"
"           C  [message 2: 86 octets, sha256 9f86d081884c7d65]  {inferred}\n"
"  0.150100 C  [content of no message: size not known]  {refused}\n"
"  0.150200 !  server: disk almost full\n"
"  0.150300 *  TLS 1.3, TLS_AES_256_GCM_SHA384, server name mx.example.org: "
"2211 octets from the client, 5120 octets from the server\n"
"  0.153000 *  closed by the client\n"
"           *  message 1 is in out/00c0ffee00000001-1.incomplete.eml\n"
"           !  left out by limits: 3 events, 1 note, 2 messages\n"
"           !  reply-unprompted: no command stands before (frame 8810)\n"
"           !  gap: 1580 octets are missing\n"
"\n");
}

static void others(void **state)
{
	(void)state;
	check(&sample_log, 2, &plain,
"session 2  2001:db8::7 -> ?  2004-02-20 07:40:03-03:30  1 s"
"  1 message, accepted\n"
"  ex061009.log, row 7\n"
"           C  DATA\n"
"           C  [message 1: 1399 octets]  {inferred}\n"
"         1 S  250  {code-only, joined}\n"
"           *  the record ends here\n"
"\n");
	check(&sample_bare, 3, &plain, "session 3  ? -> ?  no message\n\n");
	check(&sample_times_of_day, 4, &plain,
"session 4  [2001:db8::7]:1025 -> [2001:db8::25]:25  23:59:59.500  0.750 s"
"  no message\n"
"           *  nothing more for 900 s\n"
"\n");
}

/* Nothing of times, frames or files: two records of one traffic are equal
 * line for line. */
static void without_times(void **state)
{
	struct sw_session s = sample_log;

	(void)state;
	check(&s, 2, &no_times,
"session 2  2001:db8::7 -> ?  1 message, accepted\n"
"  C  DATA\n"
"  C  [message 1: 1399 octets]  {inferred}\n"
"  S  250  {code-only, joined}\n"
"  *  the record ends here\n"
"\n");
	s = sample_bare;
	s.notes = sample_notes;
	s.note_count = 1;
	check(&s, 3, &no_times,
"session 3  ? -> ?  no message\n"
"  !  reply-unprompted: no command stands before\n"
"\n");
}

/* One event in a session of its own; returns its line. */
static void check_event(struct sw_event e, int64_t resolution,
    enum sw_ending ending, const char *want)
{
	struct sw_session s = sample_bare;
	char text[4000];

	s.clock.zone = SW_ZONE_UTC;
	s.clock.resolution_ns = resolution;
	s.clock.date = SW_DATE_GIVEN;
	s.events = &e;
	s.event_count = 1;
	s.ending = ending;
	assert_true(snprintf(text, sizeof(text),
	    "session 1  ? -> ?  no message\n%s\n\n", want) <
	    (int)sizeof(text));
	check(&s, 1, &plain, text);
}

static void content(void **state)
{
	static const struct sw_gap start[] = { { 0, SW_UNKNOWN } };
	static const struct sw_gap end[] = { { 20480, SW_UNKNOWN } };
	static const struct sw_gap two[] = { { 5, 10 }, { 40, 20 } };
	static const struct {
		struct sw_data d;
		const char *text;
	} cases[] = {
		{ { 0, 1, 1, { false, { 0 } }, 0, NULL, 0, true, 1 },
		  "[message 1: 1 octet]" },
		{ { 0, 1, 20440, { false, { 0 } }, SW_UNKNOWN, start, 1, true,
		  1 }, "[message 1: 20440 octets, its beginning is missing]" },
		{ { 0, 1, 20480, { false, { 0 } }, SW_UNKNOWN, end, 1, true,
		  1 }, "[message 1: 20480 octets, its end is missing]" },
		{ { 0, 1, 7, { false, { 0 } }, SW_UNKNOWN, NULL, 0, true, 1 },
		  "[message 1: 7 octets, its end is missing]" },
		{ { 0, 1, 99, { false, { 0 } }, 30, two, 2, true, 1 },
		  "[message 1: 99 octets, 30 missing in 2 places, "
		  "the first at 5]" },
		{ { 0, 1, 99, { false, { 0 } }, SW_UNKNOWN, two, 2, true, 1 },
		  "[message 1: 99 octets, an unknown number missing in 2 "
		  "places, the first at 5]" },
		{ { 0, 0, 1024, { false, { 0 } }, 0, NULL, 0, true, 1 },
		  "[content of no message: 1024 octets]" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		struct sw_event e = { .kind = SW_EVENT_DATA, .by = SW_CLIENT,
			.time = SW_NO_TIME, .end = SW_NO_TIME };
		char want[200];

		e.u.data = cases[i].d;
		(void)snprintf(want, sizeof(want), "           C  %s",
		    cases[i].text);
		check_event(e, 1000, SW_ENDING_QUIT, want);
	}
}

/* What a host says that looks like what only this program can say. */
static void forged(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{ "[message 1: 9 octets]", "\\x5bmessage 1: 9 octets]" },
		{ "[content of no message: 1 octet]",
		  "\\x5bcontent of no message: 1 octet]" },
		{ "EHLO x  {unacked}", "EHLO x  \\x7bunacked}" },
		{ " {a}  {b} ", " \\x7ba}  \\x7bb} " },
		{ "{unacked}", "\\x7bunacked}" },
		{ "250 ok\xc2\xa0\xc2\xa0{unacked}",
		  "250 ok\xc2\xa0\xc2\xa0\\x7bunacked}" },
		{ "x\xe1\x9a\x80{a} \xe2\x80\xaf{b}",
		  "x\xe1\x9a\x80\\x7ba} \xe2\x80\xaf\\x7bb}" },
		{ "x\xe2\x80\x80{a}\xe2\x80\x8a {b}",
		  "x\xe2\x80\x80\\x7ba}\xe2\x80\x8a \\x7bb}" },
		{ "\xe3\x80\x80{a}\xe2\x81\x9f{b}",
		  "\xe3\x80\x80\\x7ba}\xe2\x81\x9f\\x7bb}" },
		{ "x\xe2\xa0\x80{a}\xe3\x85\xa4",
		  "x\\u{2800}{a}\\u{3164}" },
		{ "\xc2\xa0 x {a}\xe2\x80\x90{b} \xe3\x80\x81{c}",
		  "\xc2\xa0 x {a}\xe2\x80\x90{b} \xe3\x80\x81{c}" },
		{ "[TLS]", "\\x5bTLS]" },
		{ "(a line that is not recorded)",
		  "\\x28a line that is not recorded)" },
		{ "HELP [and 2 more octets]",
		  "HELP \\x5band 2 more octets]" },
		{ "HELP\xc2\xa0[and 2 more octets]",
		  "HELP\xc2\xa0\\x5band 2 more octets]" },
		{ "[192.0.2.1] x {y}{  z}", "[192.0.2.1] x {y}{  z}" },
		{ "(a) [b] x[and", "(a) [b] x[and" },
	};
	struct sw_event e = { .kind = SW_EVENT_COMMAND, .by = SW_CLIENT,
		.time = SW_NO_TIME, .end = SW_NO_TIME };
	char want[200];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		e.u.command.line.data = (const uint8_t *)cases[i].line;
		e.u.command.line.len = strlen(cases[i].line);
		(void)snprintf(want, sizeof(want), "           C  %s",
		    cases[i].text);
		check_event(e, 1000, SW_ENDING_QUIT, want);
	}
}

static void connection(void **state)
{
	struct sw_event e = { .kind = SW_EVENT_CLOSE, .by = SW_SERVER,
		.time = AT(0), .end = SW_NO_TIME };

	(void)state;
	e.u.close.how = SW_CLOSE_RST;
	check_event(e, 1000, SW_ENDING_SERVER_RESET,
	    "  0.000000 *  reset by the server");
	check_event(e, 1000, SW_ENDING_REFUSED,
	    "  0.000000 *  refused by the server");
	e.by = SW_NOBODY;
	check_event(e, 1000, SW_ENDING_NO_ANSWER,
	    "  0.000000 *  no answer from the server");
	e.u.close.how = SW_CLOSE_LOGGED;
	check_event(e, 1000, SW_ENDING_QUIT, "  0.000000 *  closed");
	e.kind = SW_EVENT_CONNECT;
	e.by = SW_SERVER;
	check_event(e, 1000, SW_ENDING_LIMIT,
	    "  0.000000 *  connected by the server\n"
	    "           *  not followed further: a limit");
	e.kind = SW_EVENT_GAP;
	e.by = SW_CLIENT;
	e.u.gap.size = SW_UNKNOWN;
	check_event(e, 1000, SW_ENDING_QUIT, "  0.000000 ---  "
	    "an unknown number of octets of the client's are missing");
	e.u.gap.size = 1;
	check_event(e, 1000, SW_ENDING_QUIT, "  0.000000 ---  "
	    "1 octet of the client's is missing");
	memset(&e.u, 0, sizeof(e.u));
	e.kind = SW_EVENT_TLS;
	e.u.tls.octets.client = SW_UNKNOWN;
	check_event(e, 1000, SW_ENDING_QUIT, "  0.000000 *  "
	    "TLS of an unknown version: an unknown number of octets from the "
	    "client, 0 octets from the server");
}

/* Ten columns, whatever the resolution and the session's length. */
static void columns(void **state)
{
	static const struct {
		int64_t resolution, later_ns;
		const char *first, *second;
	} cases[] = {
		{ 1, 5, "0.00000000", "0.00000000" },
		{ 100, 1234567890, " 0.0000000", " 1.2345678" },
		{ 1, 1234567890, "0.00000000", "1.23456789" },
		{ 1000, INT64_C(99999999999), "  0.000000", " 99.999999" },
		{ 1000, INT64_C(1000000000000), "   0.00000", "1000.00000" },
		{ 1000, -5000, "  0.000000", " -0.000005" },
		{ 1000000000, INT64_C(86400000000000), "         0",
		  "     86400" },
		{ 1, INT64_C(1000000000000000000), "         0",
		  "1000000000" },
	};
	struct sw_event e[2] = {
		{ .kind = SW_EVENT_CONNECT, .by = SW_CLIENT, .time = AT(0) },
		{ .kind = SW_EVENT_CLOSE, .by = SW_NOBODY },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		struct sw_session s = sample_bare;
		char want[200];

		e[1].time = AT(0) + cases[i].later_ns;
		s.clock.resolution_ns = cases[i].resolution;
		s.events = e;
		s.event_count = 2;
		(void)snprintf(want, sizeof(want),
		    "session 1  ? -> ?  no message\n%s *  connected\n"
		    "%s *  closed\n\n", cases[i].first, cases[i].second);
		check(&s, 1, &plain, want);
	}
}

/* A line of 64 KiB is cut between characters, and says so. */
static void long_line(void **state)
{
	enum { N = 65536 };
	uint8_t *octets = malloc(N);
	struct sw_event e = { .kind = SW_EVENT_COMMAND, .by = SW_CLIENT,
		.time = SW_NO_TIME };
	struct sw_session s = sample_bare;
	struct buffer b;

	(void)state;
	assert_non_null(octets);
	memset(octets, 'a', N);
	memcpy(octets + 1998, "\xf0\x9f\x93\xa7", 4);
	e.u.command.line.data = octets;
	e.u.command.line.len = N;
	s.events = &e;
	s.event_count = 1;
	buffer_init(&b, 1u << 20);
	assert_true(emit_text(&b, &s, 1, &plain));
	assert_true(buffer_append_char(&b, '\0'));
	assert_non_null(strstr((const char *)b.p,
	    "aaa [and 63538 more octets]\n"));
	assert_int_equal(strcspn(strstr((const char *)b.p, "C  ") + 3, " "),
	    1998);
	buffer_fini(&b);
	free(octets);
}

/* Colours are complete and around the line alone; nothing of a stranger's
 * reaches the terminal unescaped. */
static void colors(void **state)
{
	struct buffer b;
	size_t i, on = 0, off = 0, raw = 0;

	(void)state;
	buffer_init(&b, 1u << 20);
	assert_true(emit_text(&b, &sample_wire, 1, &color));
	for (i = 0; i + 4 < b.len; i++) {
		if (b.p[i] != 0x1b)
			continue;
		raw++;
		if (memcmp(b.p + i, "\x1b[0m", 4) == 0)
			off++;
		else if (memcmp(b.p + i, "\x1b[1m", 4) == 0 ||
		    memcmp(b.p + i, "\x1b[2m", 4) == 0 ||
		    memcmp(b.p + i, "\x1b[3", 3) == 0)
			on++;
	}
	assert_true(on > 10);
	assert_int_equal(on, off);
	assert_int_equal(raw, on + off);
	buffer_clear(&b);
	assert_true(emit_text(&b, &sample_wire, 1, &plain));
	assert_null(memchr(b.p, 0x1b, b.len));
	buffer_fini(&b);
}

static void full_buffer(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 1000);
	assert_true(buffer_append_str(&b, "kept"));
	assert_false(emit_text(&b, &sample_wire, 1, &plain));
	assert_int_equal(b.len, 4);
	buffer_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire),
		cmocka_unit_test(others),
		cmocka_unit_test(without_times),
		cmocka_unit_test(content),
		cmocka_unit_test(forged),
		cmocka_unit_test(connection),
		cmocka_unit_test(columns),
		cmocka_unit_test(long_line),
		cmocka_unit_test(colors),
		cmocka_unit_test(full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
