/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body_cases.h - the content behind DATA, compared with a reference
 *
 * The body's sources are compiled into the test, so that the test can choose
 * which of its scans runs.  The reference looks at whole content octet by
 * octet, with positions instead of states.
 */
#ifndef TESTS_BODY_CASES_H
#define TESTS_BODY_CASES_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <stdio.h>

#include <cmocka.h>

#include "smtp/body.c"
#include "smtp/body_scan.c"

/* What a run over content shows. */
struct told {
	uint8_t *octets;     /* heap */
	size_t len, used;
	uint32_t flags;
	bool ended, smuggled, had_crlf;
};

struct body_case {
	const char *name;
	const char *in;
	size_t in_len;
	const char *out;
	size_t out_len;
	size_t used;     /* octets up to and with the end */
	bool ended;      /* unless the server speaks behind the last octet */
	bool ended_if_reply;
	bool smuggled;
	uint32_t flags;
};

#define LEN(s) (s), sizeof(s) - 1

static void keep(void *ctx, struct slice s)
{
	struct told *t = ctx;

	assert_true(s.len > 0);
	t->octets = realloc(t->octets, t->len + s.len);
	assert_non_null(t->octets);
	memcpy(t->octets + t->len, s.p, s.len);
	t->len += s.len;
}

/* --- the reference -------------------------------------------------------- */

struct reference {
	struct told t;
	const uint8_t *p;
	size_t len;
	size_t line; /* octets of the line so far, on the wire */
};

static void plain_octet(struct reference *r, size_t i)
{
	uint8_t c = r->p[i], before = i > 0 ? r->p[i - 1] : 'x';

	if (c >= 0x80)
		r->t.flags |= SW_BIT(SW_FLAG_8BIT);
	if (c == 0)
		r->t.flags |= SW_BIT(SW_FLAG_NUL);
	if (before == '\r' && c != '\n')
		r->t.flags |= SW_BIT(SW_FLAG_BARE_CR);
	r->line++;
	if (c == '\n') {
		if (before == '\r')
			r->t.had_crlf = true;
		else
			r->t.flags |= SW_BIT(SW_FLAG_BARE_LF);
		if (r->line > 1000)
			r->t.flags |= SW_BIT(SW_FLAG_OVERLONG);
		r->line = 0;
	}
	keep(&r->t, slice_make(&c, 1));
}

/* What follows the dot at i: 0 text, else the length of the line's end. */
static size_t end_behind(const struct reference *r, size_t i)
{
	if (i + 1 < r->len && r->p[i + 1] == '\n')
		return 1;
	if (i + 2 < r->len && r->p[i + 1] == '\r' && r->p[i + 2] == '\n')
		return 2;
	return 0;
}

/* Is the dot at i a line for one who ends lines at CR, or drops NUL, and for
 * nobody else? */
static bool is_trap(const struct reference *r, size_t i, size_t len,
    bool at_start)
{
	size_t before = i, behind = i + 1;

	while (before > 0 && r->p[before - 1] == 0)
		before--;
	while (behind < len && r->p[behind] == 0)
		behind++;
	if (behind == len || (before == 0 && !at_start))
		return false;
	if (before > 0 && r->p[before - 1] != '\r' &&
	    r->p[before - 1] != '\n')
		return false;
	if (before == i && behind == i + 1 &&
	    (i == 0 || r->p[i - 1] == '\n'))
		return r->p[behind] == '\r' && behind + 1 < len &&
		    r->p[behind + 1] != '\n';
	return r->p[behind] == '\r' || r->p[behind] == '\n';
}

static struct told refer(const uint8_t *p, size_t len, bool at_start,
    bool reply)
{
	struct reference r = { { NULL, 0, 0, 0, false, false, false }, p,
		len, 0 };
	size_t i = 0;

	while (i < len) {
		bool after_lf = i > 0 && p[i - 1] == '\n' &&
		    !(i > 1 && p[i - 2] == '\r');
		size_t end;

		if (p[i] != '.' || !(i > 0 ? p[i - 1] == '\n' : at_start)) {
			plain_octet(&r, i++);
			continue;
		}
		end = end_behind(&r, i);
		if ((end == 2 && !after_lf) ||
		    (end > 0 && reply && i + 1 + end == len)) {
			r.t.ended = true;
			i += 1 + end;
			break;
		}
		if (end > 0)
			r.t.smuggled = true;
		r.line++;
		if (after_lf && r.t.had_crlf)
			keep(&r.t, slice_make(".", 1));
		i++;
	}
	r.t.used = i;
	for (size_t k = 0; k < i; k++)
		if (p[k] == '.' && is_trap(&r, k, i, at_start))
			r.t.smuggled = true;
	return r.t;
}

/* --- the body ------------------------------------------------------------- */

/* Feed content cut at two places, each piece in a block of its own. */
static struct told run_body(const uint8_t *p, size_t len, size_t cut,
    size_t cut2, bool at_start, bool reply)
{
	struct told t = { NULL, 0, 0, 0, false, false, false };
	struct body_sink sink = { keep, &t };
	size_t ends[3], from = 0, k;
	struct body b;

	ends[0] = cut;
	ends[1] = cut2;
	ends[2] = len;
	body_init(&b, at_start, false);
	for (k = 0; k < 3 && b.state != BODY_ENDED; k++) {
		size_t n = ends[k] - from;
		uint8_t *copy = malloc(n > 0 ? n : 1);

		assert_non_null(copy);
		if (n > 0)
			memcpy(copy, p + from, n);
		t.used += body_feed(&b, slice_make(copy, n), &sink);
		free(copy);
		from = ends[k];
	}
	assert_int_equal(b.wire, t.used);
	body_settle(&b, reply, &sink);
	t.ended = b.state == BODY_ENDED;
	t.flags = b.flags;
	t.smuggled = b.smuggled;
	t.had_crlf = b.had_crlf;
	return t;
}

static bool same(const struct told *a, const struct told *b)
{
	return a->len == b->len && a->used == b->used &&
	    a->flags == b->flags && a->ended == b->ended &&
	    a->smuggled == b->smuggled && a->had_crlf == b->had_crlf &&
	    (a->len == 0 || memcmp(a->octets, b->octets, a->len) == 0);
}

static void show(const char *what, const uint8_t *p, size_t len)
{
	size_t i;

	print_error("%s ", what);
	for (i = 0; i < len; i++)
		print_error(p[i] < 0x20 || p[i] > 0x7e ? "\\x%02x" : "%c",
		    p[i]);
	print_error("\n");
}

static void compare(const uint8_t *p, size_t len, size_t cut, size_t cut2,
    bool at_start, bool reply)
{
	struct told want = refer(p, len, at_start, reply);
	struct told got = run_body(p, len, cut, cut2, at_start, reply);

	if (!same(&want, &got)) {
		show("content", p, len);
		print_error("cut at %zu and %zu, start %d, reply %d\n", cut,
		    cut2, at_start, reply);
		print_error("want used %zu flags %x ended %d smuggled %d\n",
		    want.used, want.flags, want.ended, want.smuggled);
		print_error("got  used %zu flags %x ended %d smuggled %d\n",
		    got.used, got.flags, got.ended, got.smuggled);
		show("want", want.octets, want.len);
		show("got ", got.octets, got.len);
		fail();
	}
	free(want.octets);
	free(got.octets);
}

/* Whole, cut at every octet, and at every pair of octets. */
static void compare_cuts(const uint8_t *p, size_t len, bool at_start,
    bool reply)
{
	size_t i, k;

	for (i = 0; i <= len; i++)
		for (k = i; k <= len; k++)
			compare(p, len, i, k, at_start, reply);
}

/* --- cases by hand -------------------------------------------------------- */

#define LF SW_BIT(SW_FLAG_BARE_LF)
#define CR SW_BIT(SW_FLAG_BARE_CR)
#define ZERO SW_BIT(SW_FLAG_NUL)
#define HIGH SW_BIT(SW_FLAG_8BIT)

static const struct body_case by_hand[] = {
	{ "an ordinary end", LEN("a\r\nb\r\n.\r\nQUIT\r\n"),
	    LEN("a\r\nb\r\n"), 9, true, true, false, 0 },
	{ "nothing but the end", LEN(".\r\nx"), LEN(""), 3, true, true, false,
	    0 },
	{ "stuffed dots", LEN("..a\r\n..\r\n...\r\n.b\r\n.\r\n"),
	    LEN(".a\r\n.\r\n..\r\nb\r\n"), 21, true, true, false, 0 },
	{ "a dot that is not first", LEN("a.\r\n.\r\n"), LEN("a.\r\n"), 7,
	    true, true, false, 0 },
	{ "no end", LEN("a\r\n"), LEN("a\r\n"), 3, false, false, false, 0 },
	{ "a dot at the last", LEN("a\r\n."), LEN("a\r\n"), 4, false, false,
	    false, 0 },
	{ "dot and CR at the last", LEN("a\r\n.\r"), LEN("a\r\n\r"), 5, false,
	    false, false, 0 },
	{ "LF . LF is the end if a reply follows", LEN("a\n.\n"),
	    LEN("a\n\n"), 4, false, true, true, LF },
	{ "CRLF . LF", LEN("a\r\n.\n"), LEN("a\r\n\n"), 5, false, true, true,
	    LF },
	{ "LF . CRLF", LEN("a\n.\r\n"), LEN("a\n\r\n"), 5, false, true, true,
	    LF },
	{ "LF . CRLF behind CRLF keeps its dot", LEN("a\r\nb\n.\r\nc\r\n.\r\n"),
	    LEN("a\r\nb\n.\r\nc\r\n"), 14, true, true, true, LF },
	{ "a body of bare LFs is un-stuffed", LEN("a\n..b\n"), LEN("a\n.b\n"),
	    6, false, false, false, LF },
	{ "not behind CRLF", LEN("a\r\nb\n..c\r\n.\r\n"),
	    LEN("a\r\nb\n..c\r\n"), 13, true, true, false, LF },
	{ ". CR . is text", LEN(".\r.\r\n.\r\n"), LEN("\r.\r\n"), 8, true, true,
	    true, CR },
	{ ". CR CR LF is text", LEN(".\r\r\n.\r\n"), LEN("\r\r\n"), 7, true,
	    true, true, CR },
	{ "CR . CR", LEN("a\r.\rb\r\n.\r\n"), LEN("a\r.\rb\r\n"), 10, true,
	    true, true, CR },
	{ "CR . CRLF", LEN("a\r.\r\n.\r\n"), LEN("a\r.\r\n"), 8, true,
	    true, true, CR },
	{ "CRLF . CR", LEN("a\r\n.\rb\r\n.\r\n"), LEN("a\r\n\rb\r\n"), 11,
	    true, true, true, CR },
	{ "LF . CR", LEN("\n.\rb\r\n.\r\n"), LEN("\n\rb\r\n"), 9, true,
	    true, true, LF | CR },
	{ "NUL before the dot", LEN("\r\n\0.\r\n.\r\n"),
	    LEN("\r\n\0.\r\n"), 9, true, true, true, ZERO },
	{ "NUL behind the dot", LEN("\r\n.\0\r\n.\r\n"),
	    LEN("\r\n\0\r\n"), 9, true, true, true, ZERO },
	{ "CR . CRLF as a line of two dots", LEN("a\r..\r\n.\r\n"),
	    LEN("a\r..\r\n"), 9, true, true, false, CR },
	{ "NUL in a line", LEN("\r\n\0x.\r\n.\r\n"),
	    LEN("\r\n\0x.\r\n"), 10, true, true, false, ZERO },
	{ "octets", LEN("a\0b\r\n\xff\r\nc\rd\r\n.\r\n"),
	    LEN("a\0b\r\n\xff\r\nc\rd\r\n"), 16, true, true, false,
	    ZERO | HIGH | CR },
};

static void check_by_hand(const struct body_case *c, bool reply)
{
	struct told t = run_body((const uint8_t *)c->in, c->in_len, c->in_len,
	    c->in_len, true, reply);
	bool ends = reply ? c->ended_if_reply : c->ended;
	uint32_t flags = c->flags;

	if (ends != t.ended)
		fail_msg("%s: ended %d", c->name, t.ended);
	if (reply && !c->ended && c->ended_if_reply) {
		free(t.octets);
		return; /* the candidate's line is no content then */
	}
	if (t.used != c->used || t.smuggled != c->smuggled || t.flags != flags)
		fail_msg("%s: used %zu smuggled %d flags %x", c->name, t.used,
		    t.smuggled, t.flags);
	if (t.len != c->out_len || (t.len > 0 &&
	    memcmp(t.octets, c->out, t.len) != 0))
		fail_msg("%s: content of %zu octets", c->name, t.len);
	free(t.octets);
}

static void cases_by_hand(void)
{
	size_t i;

	for (i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
		const uint8_t *p = (const uint8_t *)by_hand[i].in;

		check_by_hand(&by_hand[i], false);
		check_by_hand(&by_hand[i], true);
		compare_cuts(p, by_hand[i].in_len, true, false);
		compare_cuts(p, by_hand[i].in_len, true, true);
		compare_cuts(p, by_hand[i].in_len, false, true);
	}
}

/* --- all short contents, and long ones ------------------------------------ */

/* Every content of n octets out of four, behind and before more. */
static void every_short(size_t n, const char *before, const char *behind)
{
	static const char letters[] = { '.', '\r', '\n', 'a' };
	size_t head = strlen(before), tail = strlen(behind), i, k, count = 1;
	uint8_t p[256];

	for (i = 0; i < n; i++)
		count *= 4;
	memcpy(p, before, head);
	for (i = 0; i < count; i++) {
		size_t rest = i, len = head + n + tail;

		for (k = 0; k < n; k++, rest /= 4)
			p[head + k] = (uint8_t)letters[rest % 4];
		memcpy(p + head + n, behind, tail);
		compare(p, len, len, len, true, false);
		compare(p, len, head, head + n, true, true);
		for (k = 0; k <= n; k++)
			compare(p, len, head + k, head + k, false, k & 1);
	}
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Lines of many lengths: dots, ends, NULs and high octets at every place of a
 * scan's block. */
static void long_ones(uint32_t seed, size_t rounds)
{
	static const char rare[] = "\r\n.\0\xff\n\r.";
	size_t len = 300, i, k;
	uint8_t p[300];

	for (i = 0; i < rounds; i++) {
		uint32_t density = 2 + next_random(&seed) % 60;

		for (k = 0; k < len; k++) {
			uint32_t x = next_random(&seed);

			p[k] = x % density ? (uint8_t)('a' + x % 26) :
			    (uint8_t)rare[(x >> 8) % 8];
			if (k + 3 < len && (x >> 16) % 50 == 0) {
				memcpy(p + k, "\r\n.", 3);
				k += 2;
			}
		}
		for (k = 0; k < 8; k++) {
			size_t a = next_random(&seed) % (len + 1);
			size_t b = next_random(&seed) % (len + 1);

			compare(p, len, a < b ? a : b, a < b ? b : a,
			    next_random(&seed) & 1, next_random(&seed) & 1);
		}
	}
}

/* Mail as it usually is, save for an octet or two. */
static void usual_ones(uint32_t seed, size_t rounds)
{
	static const char odd[] = "\r\n.\0\xff\n\r.";
	size_t len = 600, i, k;
	uint8_t p[602];

	for (i = 0; i < rounds; i++) {
		memset(p, 'a', sizeof(p));
		for (k = next_random(&seed) % 90; k < len;
		    k += 2 + next_random(&seed) % 90)
			memcpy(p + k, "\r\n", 2);
		for (k = next_random(&seed) % 3; k > 0; k--)
			p[next_random(&seed) % len] =
			    (uint8_t)odd[next_random(&seed) % 8];
		if (i % 2) /* a dot that is first in a scan's block */
			p[64 + next_random(&seed) % 8 * 64] = '.';
		compare(p, len, len, len, true, false);
		for (k = 0; k < 8; k++) {
			size_t a = next_random(&seed) % (len + 1);
			size_t b = next_random(&seed) % (len + 1);

			compare(p, len, a < b ? a : b, a < b ? b : a,
			    next_random(&seed) & 1, next_random(&seed) & 1);
		}
	}
}

/* As much as a segment holds, of lines of many lengths, up to some that are too
 * long; save for an octet or two it is usual. */
static void segments(uint32_t seed, size_t rounds)
{
	static const char odd[] = "\r\n.\0\xff\n\r.";
	size_t i, k;
	uint8_t p[2200];

	for (i = 0; i < rounds; i++) {
		size_t len = 120 + next_random(&seed) % 2000;
		uint32_t most = i % 3 ? 100 : i % 2 ? 600 : 1040;

		memset(p, 'a', sizeof(p));
		for (k = next_random(&seed) % most; k < len;
		    k += 2 + next_random(&seed) % most)
			memcpy(p + k, "\r\n", 2);
		for (k = next_random(&seed) % 3; k > 0; k--)
			p[next_random(&seed) % len] =
			    (uint8_t)odd[next_random(&seed) % 8];
		for (k = 0; k < 6; k++) {
			size_t a = next_random(&seed) % (len + 1);
			size_t b = next_random(&seed) % (len + 1);

			compare(p, len, a < b ? a : b, a < b ? b : a,
			    next_random(&seed) & 1, next_random(&seed) & 1);
		}
	}
}

/* One unusual octet at every place of content as usual as can be, with a cut
 * that goes along. */
static void odd_at_each(void)
{
	static const char odd[] = "\r\n.\0\xff";
	size_t len = 420, i, k;
	uint8_t p[420];

	for (i = 0; i < sizeof(odd) - 1; i++) {
		for (k = 0; k < len; k++) {
			size_t at;

			memset(p, 'a', len);
			for (at = 70; at + 2 < len; at += 70)
				memcpy(p + at, "\r\n", 2);
			p[k] = (uint8_t)odd[i];
			compare(p, len, len, len, true, false);
			compare(p, len, k, len, true, false);
			compare(p, len, k > 0 ? k - 1 : 0, len, true, false);
			compare(p, len, k / 2, k + 1, false, true);
		}
	}
}

/* A line behind head octets, first in front of it, and much behind it: cut
 * about both of its ends. */
static void line_length(size_t head, size_t n, uint8_t first)
{
	enum { BEHIND = 200 };
	size_t len = head + n + BEHIND, cut;
	uint8_t *p = malloc(len);

	assert_non_null(p);
	memset(p, 'a', len);
	if (head >= 2)
		memcpy(p + head - 2, "\r\n", 2);
	p[head] = first;
	memcpy(p + head + n - 2, "\r\n", 2);
	compare(p, len, len, len, true, false);
	compare(p, len, head, head + n / 2, true, false);
	for (cut = 0; cut < 5 && cut <= head; cut++) {
		compare(p, len, head - cut, len, true, false);
		compare(p, len, head - cut, head + n - cut, true, false);
		compare(p, len, head + n / 2, head + n - cut, true, false);
		compare(p, len, head + n - cut, len, true, false);
	}
	free(p);
}

/* RFC 5321 4.5.3.1.6: 1000 octets with the end of line. */
static void line_lengths(void)
{
	size_t n, head;

	for (n = 998; n < 1004; n++)
		for (head = 0; head < 300; head += 7) {
			line_length(head, n, '.');
			line_length(head, n, 'b');
		}
}

static void counted(void)
{
	static const char text[] = ".\r\n..\n.\r\n\0\xff\r";
	struct told t = { NULL, 0, 0, 0, false, false, false };
	struct body_sink sink = { keep, &t };
	struct body b;

	body_init(&b, true, true);
	assert_int_equal(body_feed(&b, slice_make(LEN(text)), &sink),
	    sizeof(text) - 1);
	assert_int_equal(t.len, sizeof(text) - 1);
	assert_memory_equal(t.octets, text, t.len);
	assert_int_equal(b.state, BODY_TEXT);
	assert_int_equal(b.flags, LF | ZERO | HIGH);
	free(t.octets);
}

/* Behind a gap no line begins; a dot line may not be finished across it. */
static void gap(void)
{
	struct told t = { NULL, 0, 0, 0, false, false, false };
	struct body_sink sink = { keep, &t };
	struct body b;

	body_init(&b, true, false);
	body_feed(&b, slice_make(LEN("a\r\n")), &sink);
	body_gap(&b);
	assert_int_equal(body_feed(&b, slice_make(LEN(".\r\n.\r\nx")), &sink),
	    6);
	assert_int_equal(b.state, BODY_ENDED);
	assert_int_equal(t.len, 6);
	assert_memory_equal(t.octets, "a\r\n.\r\n", 6);
	free(t.octets);
}

static void all_of_them(void)
{
	cases_by_hand();
	every_short(6, "", "");
	every_short(5, "\r\n", "\r\n.\r\n");
	every_short(4, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n.\r\n");
	long_ones(2463534242u, 600);
	usual_ones(7, 1000);
	segments(11, 700);
	odd_at_each();
	line_lengths();
	counted();
	gap();
}

#endif
