/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_line.c - lines out of octets that come in pieces */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <smtpwire/transcript.h>

#include "base/limits.h"
#include "smtp/line.h"

#define LF SW_BIT(SW_FLAG_BARE_LF)
#define CR SW_BIT(SW_FLAG_BARE_CR)
#define ZERO SW_BIT(SW_FLAG_NUL)
#define HIGH SW_BIT(SW_FLAG_8BIT)

/* A line that is told, and one that is expected. */
struct told {
	uint8_t *text; /* heap */
	size_t len;
	uint64_t octets, at_first, at_last, acked;
	uint32_t flags;
	bool cut, ended;
};

enum { TOLD = 16 };

struct lines {
	struct told line[TOLD];
	size_t count;
};

static void keep(struct lines *all, const struct line *l)
{
	struct told *t = &all->line[all->count++];

	assert_true(all->count < TOLD);
	t->text = malloc(l->text.len + 1);
	assert_non_null(t->text);
	assert_non_null(l->text.p);
	if (l->text.len > 0)
		memcpy(t->text, l->text.p, l->text.len);
	t->len = l->text.len;
	t->octets = l->octets;
	t->flags = l->flags;
	t->cut = l->cut;
	t->ended = l->ended;
	t->at_first = l->first.at;
	t->at_last = l->last.at;
	t->acked = l->first_acked_known ? l->first_acked : 0;
}

/* A segment in a block of its own; at counts segments. */
static void feed(struct line_reader *r, struct slice s, uint64_t at,
    struct lines *all)
{
	struct delivery o = { .origin = { at, (int64_t)at, 0 },
		.acked = at * 10, .acked_known = true };
	uint8_t *copy = malloc(s.len ? s.len : 1);
	struct slice rest = slice_make(copy, s.len);
	struct line line;
	size_t used;

	assert_non_null(copy);
	if (s.len > 0)
		memcpy(copy, s.p, s.len);
	while (rest.len > 0) {
		size_t capacity = r->held.capacity;
		bool held = line_reader_partial(r);
		bool resized = false;
		bool whole = line_reader_feed(r, rest, &o, &line, &used,
		    &resized);

		held = held || line_reader_partial(r);
		assert_int_equal(resized, r->held.capacity != capacity ||
		    (held && capacity > 512));
		assert_true(used > 0 && used <= rest.len);
		rest = slice_from(rest, used);
		if (whole)
			keep(all, &line);
		else
			assert_int_equal(rest.len, 0);
		assert_int_equal(line_reader_partial(r), !whole);
	}
	free(copy);
}

/* Read octets cut at two places. */
static struct lines read_lines(struct slice s, size_t cut, size_t cut2)
{
	struct line_reader r;
	struct lines all = { 0 };
	struct line line;

	line_reader_init(&r);
	feed(&r, slice_head(s, cut), 1, &all);
	feed(&r, slice_head(slice_from(s, cut), cut2 - cut), 2, &all);
	feed(&r, slice_from(s, cut2), 3, &all);
	if (line_reader_flush(&r, &line))
		keep(&all, &line);
	assert_false(line_reader_flush(&r, &line));
	line_reader_fini(&r);
	return all;
}

static void forget(struct lines *all)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		free(all->line[i].text);
}

struct line_case {
	const char *octets;
	size_t len;
	struct {
		const char *text;
		size_t len;
		uint64_t octets;
		uint32_t flags;
	} line[4];
	size_t count;
	bool last_ended;
};

#define LEN(s) (s), sizeof(s) - 1

static const struct line_case cases[] = {
	{ LEN("a\r\n"), { { LEN("a"), 3, 0 } }, 1, true },
	{ LEN("\r\n"), { { LEN(""), 2, 0 } }, 1, true },
	{ LEN("\n"), { { LEN(""), 1, LF } }, 1, true },
	{ LEN("a\nb\r\n"), { { LEN("a"), 2, LF }, { LEN("b"), 3, 0 } }, 2,
	    true },
	{ LEN("a\r\r\n"), { { LEN("a\r"), 4, CR } }, 1, true },
	{ LEN("a\rb\r\n"), { { LEN("a\rb"), 5, CR } }, 1, true },
	{ LEN("a\0b\r\n"), { { LEN("a\0b"), 5, ZERO } }, 1, true },
	{ LEN("\xc3\xa9\r\n"), { { LEN("\xc3\xa9"), 4, HIGH } }, 1, true },
	{ LEN("QUIT"), { { LEN("QUIT"), 4, 0 } }, 1, false },
	{ LEN("a\r\nb"), { { LEN("a"), 3, 0 }, { LEN("b"), 1, 0 } }, 2,
	    false },
	/* longer than a word of the scan, with something at each end of it */
	{ LEN("0123456789abcde\r\n0123456789abcdef\r\n"),
	    { { LEN("0123456789abcde"), 17, 0 },
	    { LEN("0123456789abcdef"), 18, 0 } }, 2, true },
	{ LEN("0123456789abcde\xff""f\r\n"),
	    { { LEN("0123456789abcde\xff""f"), 19, HIGH } }, 1, true },
	{ LEN("0123456789abcdef\0\t\x7f\r\n"),
	    { { LEN("0123456789abcdef\0\t\x7f"), 21, ZERO } }, 1, true },
	{ LEN("0123456789abcdef\r0\n"),
	    { { LEN("0123456789abcdef\r0"), 19, CR | LF } }, 1, true },
	{ LEN("\r\n\n\r\r\nx\n"), { { LEN(""), 2, 0 }, { LEN(""), 1, LF },
	    { LEN("\r"), 3, CR }, { LEN("x"), 2, LF } }, 4, true },
};

static void check_case(const struct line_case *c, size_t cut, size_t cut2)
{
	struct lines all = read_lines(slice_make(c->octets, c->len), cut,
	    cut2);
	size_t i;

	assert_int_equal(all.count, c->count);
	for (i = 0; i < all.count; i++) {
		const struct told *t = &all.line[i];

		assert_int_equal(t->len, c->line[i].len);
		assert_memory_equal(t->text, c->line[i].text, t->len);
		assert_int_equal(t->octets, c->line[i].octets);
		assert_int_equal(t->flags, c->line[i].flags);
		assert_int_equal(t->ended, i + 1 < all.count ||
		    c->last_ended);
		assert_false(t->cut);
	}
	forget(&all);
}

static void test_cases(void **state)
{
	size_t i, a, b;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (a = 0; a <= cases[i].len; a++)
			for (b = a; b <= cases[i].len; b++)
				check_case(&cases[i], a, b);
}

/* Lines that end with the segment, of each length: one octet of each kind at
 * every place. */
static void check_octet(size_t len, size_t at, uint8_t c, uint32_t flags)
{
	uint8_t p[64];
	struct lines all;

	memset(p, 'x', len);
	p[at] = c;
	memcpy(p + len, "\r\n", 2);
	all = read_lines(slice_make(p, len + 2), 0, 0);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.line[0].len, len);
	assert_memory_equal(all.line[0].text, p, len);
	assert_int_equal(all.line[0].octets, len + 2);
	assert_int_equal(all.line[0].flags, flags);
	forget(&all);
}

static void test_octets(void **state)
{
	size_t len, at;

	(void)state;
	for (len = 1; len < 50; len++)
		for (at = 0; at < len; at++) {
			check_octet(len, at, 0, ZERO);
			check_octet(len, at, '\r', CR);
			check_octet(len, at, 0xff, HIGH);
			check_octet(len, at, 0x80, HIGH);
			check_octet(len, at, '\t', 0);
			check_octet(len, at, 0x7f, 0);
		}
}

/* A line's origin is that of its first and of its last octet. */
static void test_origin(void **state)
{
	struct lines all = read_lines(slice_make(LEN("ab\r\ncd\r\n")), 1, 6);

	(void)state;
	assert_int_equal(all.count, 2);
	assert_int_equal(all.line[0].at_first, 1);
	assert_int_equal(all.line[0].at_last, 2);
	assert_int_equal(all.line[0].acked, 10);
	assert_int_equal(all.line[1].at_first, 2);
	assert_int_equal(all.line[1].at_last, 3);
	assert_int_equal(all.line[1].acked, 20);
	forget(&all);
}

/* Lines about as long as what is kept of one, with either end or none. */
static void check_long(size_t len, const char *end)
{
	size_t end_len = strlen(end), total = len + end_len, i;
	uint8_t *p = malloc(total);
	const size_t cuts[] = { 0, 1, len / 2, len - 1, len,
		len < total ? len + 1 : len, total };

	assert_non_null(p);
	memset(p, 'x', len);
	memcpy(p + len, end, end_len);
	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct lines all = read_lines(slice_make(p, total), cuts[i],
		    cuts[i]);
		const struct told *t = &all.line[0];
		bool cut = len > LIMIT_LINE;

		assert_int_equal(all.count, 1);
		assert_int_equal(t->octets, total);
		assert_int_equal(t->cut, cut);
		assert_int_equal(t->len, cut ? LIMIT_LINE : len);
		assert_memory_equal(t->text, p, t->len);
		assert_int_equal(t->flags, !cut && end_len == 1 ? LF : 0);
		assert_int_equal(t->ended, end_len > 0);
		forget(&all);
	}
	free(p);
}

static void test_long(void **state)
{
	size_t len;

	(void)state;
	for (len = LIMIT_LINE - 2; len <= LIMIT_LINE + 3; len++) {
		check_long(len, "\r\n");
		check_long(len, "\n");
		check_long(len, "");
	}
	check_long(5 * LIMIT_LINE, "\r\n");
}

/* A line without end takes no more memory than what is kept of it. */
static void test_endless(void **state)
{
	static const uint8_t block[4096];
	struct line_reader r;
	struct lines all = { 0 };
	struct line line;
	size_t i;

	(void)state;
	line_reader_init(&r);
	for (i = 0; i < 4096; i++)
		feed(&r, slice_make(block, sizeof(block)), 1, &all);
	assert_int_equal(all.count, 0);
	assert_true(r.held.capacity <= 2 * LIMIT_LINE + 2);
	assert_true(line_reader_flush(&r, &line));
	assert_int_equal(line.octets, 4096 * sizeof(block));
	assert_true(line.cut);
	assert_int_equal(line.flags, ZERO);
	line_reader_fini(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
