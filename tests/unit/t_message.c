/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_message.c - the octets of a message and the fields of its header */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "transcript/message.h"

static void assert_bytes(struct sw_bytes b, const char *want)
{
	if (!want) {
		assert_null(b.data);
		return;
	}
	if (!b.data || b.len != strlen(want) ||
	    memcmp(b.data, want, b.len) != 0)
		fail_msg("\"%.*s\" is not \"%s\"", (int)b.len,
		    b.data ? (const char *)b.data : "(null)", want);
}

/* --- header fields ------------------------------------------------------- */

static const struct {
	const char *header;
	const char *id, *subject, *from, *to, *date;
} headers[] = {
	{ "Subject: a\r\nFrom: b\r\nTo: c\r\nDate: d\r\nMessage-ID: <e@f>\r\n",
	    "<e@f>", "a", "b", "c", "d" },
	{ "subject:a\nSUBJECT: second\n\nTo: body\n", NULL, "a", NULL, NULL,
	    NULL },
	{ "Subject: a\r\n b\r\n\tc  \r\nTo: x\r\n", NULL, "a b\tc", NULL, "x",
	    NULL },
	{ "Subject : old form\r\n", NULL, "old form", NULL, NULL, NULL },
	{ "Subject:\r\nTo:   \r\n", NULL, "", NULL, "", NULL },
	{ "Message-Id: (c) <a@b> trailing\r\n", "<a@b>", NULL, NULL, NULL,
	    NULL },
	{ "Message-Id: none\r\n", "none", NULL, NULL, NULL, NULL },
	{ "Subject: =?utf-8?q?gr=C3=BC=C3=9F?=\r\n", NULL,
	    "gr\xc3\xbc\xc3\x9f", NULL, NULL, NULL },
	{ "Subject: =?iso-8859-1?B?Z3L8?= x\r\n", NULL, "gr\xc3\xbc x", NULL,
	    NULL, NULL },
	{ "Subject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n", NULL, "ab", NULL,
	    NULL, NULL },
	{ "Subject: =?no such\r\nFrom: a=?b\r\n", NULL, "=?no such", "a=?b",
	    NULL, NULL },
	{ "Subject: =?utf-8?q?a?= =?utf-8?q?b =?utf-8?q?c\r\n", NULL,
	    "a =?utf-8?q?b =?utf-8?q?c", NULL, NULL, NULL },
	{ "Subject: gr\xfc\xdf\r\n", NULL, "gr\xfc\xdf", NULL, NULL, NULL },
	{ " folded: first\r\nno colon\r\nX-To: x\r\nTo: y", NULL, NULL, NULL,
	    "y", NULL },
	{ "\r\nSubject: body\r\n", NULL, NULL, NULL, NULL, NULL },
	{ "", NULL, NULL, NULL, NULL, NULL },
};

static void test_headers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		size_t len = strlen(headers[i].header);
		uint8_t *copy = malloc(len ? len : 1);
		struct sw_message m;
		struct arena arena;

		assert_non_null(copy);
		memcpy(copy, headers[i].header, len);
		memset(&m, 0, sizeof(m));
		arena_init(&arena);
		assert_int_equal(header_fields(slice_make(copy, len), &m,
		    &arena), SW_OK);
		free(copy);
		assert_bytes(m.message_id, headers[i].id);
		assert_bytes(m.subject, headers[i].subject);
		assert_bytes(m.header_from, headers[i].from);
		assert_bytes(m.header_to, headers[i].to);
		assert_bytes(m.date, headers[i].date);
		arena_fini(&arena);
	}
}

/* A NUL is an octet of the value, also beside encoded words. */
static void test_nul(void **state)
{
	static const char header[] = "Subject: a\0=?utf-8?q?b?=\r\nTo: c\r\n";
	struct sw_message m = { 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(header_fields(slice_make(header, sizeof(header) - 1),
	    &m, &arena), SW_OK);
	assert_int_equal(m.subject.len, 15);
	assert_memory_equal(m.subject.data, "a\0=?utf-8?q?b?=", 15);
	assert_bytes(m.header_to, "c");
	arena_fini(&arena);
}

/* Words without an end take linear time: with their square this takes
 * minutes. */
static void test_endless_words(void **state)
{
	static const char begin[] = "Subject: =?utf-8?q?=C3=BC?= ";
	static const char word[] = "=?utf-8?q?a ";
	enum { WORDS = 400 * 1000 };
	struct buffer header;
	struct sw_message m = { 0 };
	struct arena arena;
	size_t i;

	(void)state;
	buffer_init(&header, SIZE_MAX);
	buffer_append_str(&header, begin);
	for (i = 0; i < WORDS; i++)
		buffer_append_str(&header, word);
	arena_init(&arena);
	buffer_append_str(&header, "\r\n");
	assert_false(header.failed);
	assert_int_equal(header_fields(buffer_slice(&header), &m, &arena),
	    SW_OK);
	assert_true(m.subject.len > 17);
	assert_memory_equal(m.subject.data, "\xc3\xbc =?utf-8?q?a =?", 17);
	arena_fini(&arena);
	buffer_fini(&header);
}

/* --- octets -------------------------------------------------------------- */

/* What the operations were given. */
struct seen {
	uint8_t octets[512];
	size_t len, gaps, closed;
	uint64_t gap_offset;
	int64_t gap_len;
	uint32_t n;
};

static void *on_open(void *ctx, uint32_t n)
{
	((struct seen *)ctx)->n = n;
	return ctx;
}

static void on_octets(void *ctx, void *body, struct slice octets)
{
	struct seen *s = body;

	assert_ptr_equal(ctx, body);
	assert_true(octets.len <= sizeof(s->octets) - s->len);
	memcpy(s->octets + s->len, octets.p, octets.len);
	s->len += octets.len;
}

static void on_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	struct seen *s = body;

	assert_ptr_equal(ctx, body);
	s->gaps++;
	s->gap_offset = offset;
	s->gap_len = len;
}

static void on_close(void *ctx, void *body)
{
	assert_ptr_equal(ctx, body);
	((struct seen *)body)->closed++;
}

static struct body_ops ops_of(struct seen *s)
{
	struct body_ops ops = { s, on_open, on_octets, on_gap, on_close,
		NULL };

	memset(s, 0, sizeof(*s));
	return ops;
}

static void feed(struct message *m, const char *octets, size_t len,
    struct sw_message *out, struct arena *arena)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, octets, len);
	assert_int_equal(message_octets(m, slice_make(copy, len), out, arena),
	    SW_OK);
	free(copy);
}

static const char text[] = "Subject: x\r\n\r\nbody\r\n";
enum { TEXT = sizeof(text) - 1, HEADER = 14 };

static void assert_whole(const struct sw_message *out)
{
	uint8_t digest[32];
	unsigned len;

	assert_int_equal(EVP_Digest(text, TEXT, digest, &len, EVP_sha256(),
	    NULL), 1);
	assert_int_equal(out->size, TEXT);
	assert_int_equal(out->missing, 0);
	assert_int_equal(out->header_size, HEADER);
	assert_true(out->sha256.known);
	assert_memory_equal(out->sha256.octets, digest, 32);
	assert_bytes(out->subject, "x");
}

/* In every cut, and the second time in the first one's memory. */
static void test_whole(void **state)
{
	struct message m = { 0 };
	size_t a, b;

	(void)state;
	for (a = 0; a <= TEXT; a++)
		for (b = a; b <= TEXT; b++) {
			struct sw_message out = { 0 };
			struct seen seen;
			struct body_ops ops = ops_of(&seen);
			struct arena arena;

			arena_init(&arena);
			assert_int_equal(message_init(&m, &ops, 7, true),
			    SW_OK);
			feed(&m, text, a, &out, &arena);
			feed(&m, text + a, b - a, &out, &arena);
			feed(&m, text + b, TEXT - b, &out, &arena);
			assert_null(m.header); /* told already */
			message_end(&m, true);
			message_end(&m, false); /* the first one counts */
			assert_int_equal(message_tell(&m, &out, &arena),
			    SW_OK);
			assert_whole(&out);
			assert_int_equal(seen.n, 7);
			assert_int_equal(seen.closed, 1);
			assert_int_equal(seen.len, TEXT);
			assert_memory_equal(seen.octets, text, TEXT);
			message_reset(&m);
			arena_fini(&arena);
		}
	message_fini(&m);
}

/* Pieces of all sizes, and long and short ones in turn: those that are short
 * are gathered before they are hashed. */
static void test_pieces(void **state)
{
	static const size_t sizes[][2] = { { 1, 1 }, { 2, 77 }, { 77, 2 },
		{ 511, 511 }, { 512, 512 }, { 513, 1 }, { 1, 513 },
		{ 600, 300 }, { 64, 448 } };
	char *octets = malloc(5000);
	uint8_t digest[32];
	unsigned len;
	size_t i;

	(void)state;
	assert_non_null(octets);
	for (i = 0; i < 5000; i++)
		octets[i] = (char)('a' + i * i % 23);
	assert_int_equal(EVP_Digest(octets, 5000, digest, &len, EVP_sha256(),
	    NULL), 1);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct message m = { 0 };
		struct sw_message out = { 0 };
		struct arena arena;
		size_t off = 0, n, turn;

		arena_init(&arena);
		assert_int_equal(message_init(&m, NULL, 1, true), SW_OK);
		for (turn = 0; off < 5000; off += n, turn++) {
			n = sizes[i][turn % 2];
			n = n < 5000 - off ? n : 5000 - off;
			feed(&m, octets + off, n, &out, &arena);
		}
		message_end(&m, true);
		assert_int_equal(message_tell(&m, &out, &arena), SW_OK);
		assert_true(out.sha256.known);
		assert_memory_equal(out.sha256.octets, digest, 32);
		message_fini(&m);
		arena_fini(&arena);
	}
	free(octets);
}

/* No hash unless start and end were seen and nothing is missing. */
static void tell(bool started, bool complete, size_t gap_at, int64_t gap,
    bool hash, struct sw_message *out, struct seen *seen)
{
	struct body_ops ops = ops_of(seen);
	struct message m = { 0 };
	struct arena arena;

	memset(out, 0, sizeof(*out));
	arena_init(&arena);
	assert_int_equal(message_init(&m, &ops, 1, hash), SW_OK);
	m.started = started;
	feed(&m, text, gap_at, out, &arena);
	if (gap)
		assert_int_equal(message_gap(&m, gap), SW_OK);
	feed(&m, text + gap_at, TEXT - gap_at, out, &arena);
	message_end(&m, complete);
	assert_int_equal(message_tell(&m, out, &arena), SW_OK);
	out->subject.data = out->subject.data ? (const uint8_t *)"" : NULL;
	message_fini(&m);
	arena_fini(&arena);
}

static void test_parts(void **state)
{
	struct sw_message out;
	struct seen seen;

	(void)state;
	tell(false, true, 0, 0, true, &out, &seen);
	assert_false(out.sha256.known);
	assert_int_equal(out.header_size, SW_UNKNOWN);
	assert_null(out.subject.data);
	tell(true, false, 0, 0, true, &out, &seen);
	assert_false(out.sha256.known);
	assert_int_equal(out.header_size, HEADER);
	tell(true, true, 0, 0, false, &out, &seen);
	assert_false(out.sha256.known);
	tell(true, true, 17, 5, true, &out, &seen);
	assert_false(out.sha256.known);
	assert_int_equal(out.size, TEXT);
	assert_int_equal(out.missing, 5);
	assert_int_equal(out.header_size, HEADER);
	assert_non_null(out.subject.data);
	assert_int_equal(seen.gaps, 1);
	assert_int_equal(seen.gap_offset, 17);
	assert_int_equal(seen.gap_len, 5);
	tell(true, true, 12, 5, true, &out, &seen);
	assert_int_equal(out.header_size, SW_UNKNOWN);
	tell(true, true, 17, SW_UNKNOWN, true, &out, &seen);
	assert_int_equal(out.missing, SW_UNKNOWN);
	assert_int_equal(out.size, TEXT);
}

/* No more than LIMIT_HEADER of a header is kept, all of it is counted. */
static void test_long_header(void **state)
{
	static char line[1024];
	struct sw_message out = { 0 };
	struct message m = { 0 };
	struct arena arena;
	size_t i;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	arena_init(&arena);
	assert_int_equal(message_init(&m, NULL, 1, true), SW_OK);
	feed(&m, "To: first\r\n", 11, &out, &arena);
	for (i = 0; i < 100; i++)
		feed(&m, line, sizeof(line), &out, &arena);
	assert_true(m.header_capacity <= 2 * LIMIT_HEADER);
	feed(&m, "Subject: late\r\n\r\n", 17, &out, &arena);
	assert_int_equal(m.header_capacity, 0);
	message_end(&m, true);
	assert_int_equal(message_tell(&m, &out, &arena), SW_OK);
	assert_int_equal(out.header_size, 11 + 100 * 1024 + 17);
	assert_bytes(out.header_to, "first");
	assert_null(out.subject.data);
	assert_true(out.sha256.known);
	message_fini(&m);
	arena_fini(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_endless_words),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_long_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
