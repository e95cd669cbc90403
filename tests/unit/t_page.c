/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_page.c - the HTML page: what it holds, what it leaves out */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "emit/page.h"
#include "emit/page_parts.h"
#include "sample.h"

static const struct emit_options plain = { false, false, false, false, NULL };

static int keep(void *ctx, const void *octets, size_t len)
{
	return buffer_append(ctx, octets, len) ? 0 : ENOMEM;
}

static struct page *begin(const struct emit_options *o)
{
	struct page *p;

	assert_int_equal(page_new(NULL, o, &p, NULL), SW_OK);
	return p;
}

/* The page, with a NUL behind it; the caller frees. */
static char *end(struct page *p)
{
	struct buffer out;
	int error;

	buffer_init(&out, SIZE_MAX / 2);
	assert_int_equal(page_finish(p, slice_str("{\"mode\":\"read\"}"), keep,
	    &out, &error, NULL), SW_OK);
	assert_int_equal(error, 0);
	assert_true(buffer_append(&out, "", 1));
	page_free(&p);
	assert_null(p);
	return (char *)out.p;
}

/* A block of the page unpacked, NULL: there is none; the caller frees. */
static char *unpack(const char *page, const char *id)
{
	char mark[80];
	const char *at;
	uLongf len = 64 << 20;
	size_t packed_len;
	unsigned char *packed, *text;

	snprintf(mark, sizeof(mark), "<script type=\"text/plain\" id=\"%s\">",
	    id);
	at = strstr(page, mark);
	if (!at)
		return NULL;
	at += strlen(mark);
	packed_len = (size_t)(strchr(at, '<') - at);
	packed = malloc(packed_len);
	text = calloc(1, len);
	assert_non_null(packed);
	assert_non_null(text);
	assert_true(EVP_DecodeBlock(packed, (const unsigned char *)at,
	    (int)packed_len) > 0);
	len--;
	/* base64 may end in padding, which zlib does not look at */
	assert_int_equal(uncompress(text, &len, packed, packed_len), Z_OK);
	free(packed);
	return (char *)text;
}

/* The block holds all of these. */
static void holds(const char *page, const char *id, const char *const *want)
{
	char *text = unpack(page, id);

	assert_non_null(text);
	for (; *want; want++)
		if (!strstr(text, *want))
			fail_msg("%s lacks <%s>: %.1000s", id, *want, text);
	free(text);
}

static void session(void **state)
{
	static const char *const about[] = { "\"page\":1", "\"blocks\":1",
		"\"rowsTold\":1", "\"rowsLeftOut\":0", "\"firstChunks\":1",
		"\"firstLeftOut\":0", "\"usualChunks\":0",
		"\"about\":{\"mode\":\"read\"}", NULL };
	static const char *const rows[] = { "{\"count\":1,",
		"\"verdict\":[6]", "\"clientIp\":[\"203.0.113.7\"]",
		"\"clientPort\":[49152]", "\"from\":[\"a@example.net\"]",
		"\"to\":[\"b@example.org\"]", "\"recipients\":[2]",
		"\"leftClock\":[\"Z/6\"]", "\"rightClock\":[0]",
		"\"leftTime\":[1077275403120]", "\"rightTime\":[null]",
		"\"leftId\":[\"00c0ffee00000001\"]", "\"rightId\":[0]",
		"\"leftFile\":[\"dump.pcap1\"]", "\"leftFirst\":[8801]",
		"\"chunk\":[0]", "\"entry\":[0]", "\"duration\":[153]", NULL };
	static const char *const first[] = {
		"{\"left\":{\"transcript\":1,\"id\":\"00c0ffee00000001\"",
		"},\"right\":null}\n", NULL };
	struct page *p = begin(&plain);
	char *page;

	(void)state;
	assert_int_equal(page_session(p, &sample_wire, true, NULL), SW_OK);
	page = end(p);
	assert_memory_equal(page, "<!doctype html>\n", 16);
	assert_non_null(strstr(page, "default-src 'none'"));
	assert_null(strstr(page, "<!--rows-->"));
	assert_null(strstr(page, "203.0.113.7"));
	holds(page, "about-0", about);
	holds(page, "rows-0", rows);
	holds(page, "first-0", first);
	assert_null(unpack(page, "usual-0"));
	free(page);
}

static void no_times(void **state)
{
	static const struct emit_options o = { .no_times = true };
	static const char *const rows[] = { "\"leftTime\":[null]",
		"\"duration\":[-1]", NULL };
	static const char *const usual[] = { "\"start\":null", NULL };
	struct page *p = begin(&o);
	char *page;

	(void)state;
	assert_int_equal(page_session(p, &sample_wire, false, NULL), SW_OK);
	page = end(p);
	holds(page, "rows-0", rows);
	holds(page, "usual-0", usual);
	free(page);
}

/* The left side is told first; what it does not know, by the right one. */
static void pair(void **state)
{
	static const char *const rows[] = { "\"verdict\":[1,3,4]",
		"\"kinds\":[[4,0],0,0]",
		"\"reason\":[0,\"unexplained\",\"outside-other-time\"]",
		"\"clientIp\":[\"203.0.113.7\",", "\"chunk\":[0,0,1]",
		"\"entry\":[0,1,0]", NULL };
	static const char *const first[] = { "\"rows\":[[1,0,0],[2,1,1]]",
		"\"pair\":{\"left\":\"", "\"verdict\":\"differs\"", NULL };
	static const struct sw_aligned aligned[] = { { 1, 0, false },
		{ 2, 1, true } };
	static const struct sw_finding findings[] = {
		{ .kind = SW_FOUND_REPLY_CODE_CHANGED },
		{ .kind = SW_FOUND_COMMAND_MISSING },
		{ .kind = SW_FOUND_REPLY_CODE_CHANGED } };
	struct sw_session left = sample_wire;
	struct sw_pair both = { .left = &left, .right = &sample_wire,
		.verdict = SW_DIFFERS, .findings = findings,
		.finding_count = 3, .rows = aligned, .row_count = 2 };
	struct page *p = begin(&plain);
	char *page;

	(void)state;
	left.client.ip.data = NULL;
	left.client.ip.len = 0;
	assert_int_equal(page_pair(p, &both, NULL), SW_OK);
	assert_int_equal(page_only(p, &sample_wire, SW_LEFT, SW_UNEXPLAINED,
	    NULL), SW_OK);
	assert_int_equal(page_only(p, &sample_wire, SW_RIGHT,
	    SW_OUTSIDE_OTHER_TIME, NULL), SW_OK);
	page = end(p);
	holds(page, "rows-0", rows);
	holds(page, "first-0", first);
	free(page);
}

/* Text that does not get smaller. */
static void noise(char *text, size_t len, uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		text[i] = (char)('0' + (seed >> 16) % 75);
	}
}

static struct sw_session noisy(char *text, size_t len, uint32_t seed,
    struct sw_event *e)
{
	struct sw_session s = sample_wire;

	noise(text, len, seed);
	memset(e, 0, sizeof(*e));
	e->n = 1;
	e->kind = SW_EVENT_NOTE;
	e->by = SW_NOBODY;
	e->time = SW_NO_TIME;
	e->u.note.text.data = (const uint8_t *)text;
	e->u.note.text.len = len;
	s.events = e;
	s.event_count = 1;
	return s;
}

/* What matters goes before what does not, and is told as far as there is
 * room; what was left out is counted. */
static void room(void **state)
{
	enum { LEN = 300000, EACH = 20 };
	static const char *const about[] = { "\"rowsTold\":40",
		"\"rowsLeftOut\":0", "\"usualChunks\":0",
		"\"usualLeftOut\":20", NULL };
	struct page *p = begin(&plain);
	char *text = malloc(LEN), *page, *block, *at;
	struct sw_event e;
	uint32_t i;

	(void)state;
	assert_non_null(text);
	p->room[PART_FIRST] = 3000000;
	p->room[PART_USUAL] = 1500000;
	for (i = 0; i < 2 * EACH; i++) {
		struct sw_session s = noisy(text, LEN, i, &e);

		assert_int_equal(page_session(p, &s, i % 2 == 0, NULL), SW_OK);
	}
	page = end(p);
	assert_in_range(strlen(page), 2500000, 3000000);
	holds(page, "about-0", about);
	block = unpack(page, "about-0");
	at = strstr(block, "\"firstLeftOut\":");
	assert_non_null(at);
	i = (uint32_t)strtoul(at + 15, NULL, 10);
	assert_in_range(i, 9, 13);
	snprintf(text, LEN, "\"firstChunks\":%u,", EACH - i);
	assert_non_null(strstr(block, text));
	snprintf(text, LEN, "first-%u", EACH - i - 1);
	free(block);
	block = unpack(page, text);
	assert_non_null(block);
	free(block);
	free(page);
	free(text);
}

/* Rows have a limit of their own, and a row that is left out is counted. */
static void many_rows(void **state)
{
	enum { COUNT = 20000 };
	struct page *p = begin(&plain);
	char *page, *block;
	unsigned long told, left_out;
	uint32_t i;

	(void)state;
	p->rows_room[PART_USUAL] = 20000;
	for (i = 0; i < COUNT; i++) {
		struct sw_session s = sample_wire;

		s.id = i * UINT64_C(0x9e3779b97f4a7c15);
		s.event_count = 0;
		assert_int_equal(page_session(p, &s, i == COUNT - 1, NULL),
		    SW_OK);
	}
	page = end(p);
	block = unpack(page, "about-0");
	told = strtoul(strstr(block, "\"rowsTold\":") + 11, NULL, 10);
	left_out = strtoul(strstr(block, "\"rowsLeftOut\":") + 14, NULL, 10);
	assert_int_equal(told + left_out, COUNT);
	assert_in_range(told, 4097, 16384);
	free(block);
	block = unpack(page, "first-0");
	assert_non_null(block); /* what failed is told all the same */
	free(block);
	free(page);
}

/* A transcript beyond the limit of one is left out, its row is not. */
static void too_long(void **state)
{
	enum { LEN = 17 << 20 };
	static const char *const about[] = { "\"rowsTold\":2",
		"\"firstChunks\":1", "\"firstLeftOut\":1", NULL };
	static const char *const rows[] = { "\"chunk\":[-1,0]", NULL };
	struct page *p = begin(&plain);
	char *text = malloc(LEN), *page;
	struct sw_event e;
	struct sw_session s;

	(void)state;
	assert_non_null(text);
	s = noisy(text, LEN, 1, &e);
	assert_int_equal(page_session(p, &s, true, NULL), SW_OK);
	assert_int_equal(page_session(p, &sample_wire, true, NULL), SW_OK);
	page = end(p);
	holds(page, "about-0", about);
	holds(page, "rows-0", rows);
	free(page);
	free(text);
}

static int refuse(void *ctx, const void *octets, size_t len)
{
	size_t *left = ctx;

	(void)octets;
	if (len > *left)
		return ENOSPC;
	*left -= len;
	return 0;
}

static void disk_full(void **state)
{
	size_t room_left;

	(void)state;
	for (room_left = 0; room_left < 60000; room_left += 7001) {
		struct page *p = begin(&plain);
		size_t left = room_left;
		int error;

		assert_int_equal(page_session(p, &sample_wire, true, NULL),
		    SW_OK);
		assert_int_equal(page_finish(p, slice_str("{}"), refuse,
		    &left, &error, NULL), SW_EWRITE);
		assert_int_equal(error, ENOSPC);
		page_free(&p);
	}
}

static void no_folder(void **state)
{
	struct sw_err err;
	struct page *p;

	(void)state;
	assert_int_equal(page_new("/nonexistent", &plain, &p, &err),
	    SW_EWRITE);
	assert_null(p);
	assert_non_null(strstr(err.text, "temporary file"));
	page_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session), cmocka_unit_test(no_times),
		cmocka_unit_test(pair), cmocka_unit_test(room),
		cmocka_unit_test(many_rows), cmocka_unit_test(too_long),
		cmocka_unit_test(disk_full), cmocka_unit_test(no_folder),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
