/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body.c - the content behind DATA: where it ends, dots un-stuffed
 *
 * Theory of operation.  RFC 5321 4.5.2: content ends at CRLF . CRLF (or at
 * . CRLF first in it); one leading dot of a line is removed.  All octets are
 * looked at once, 32 at a time: bit masks of LF, CR, dots, NULs and octets
 * above 127 give the flags, and the next dot at the start of a line, which
 * alone is looked at octet by octet.  Runs between such dots are passed on
 * as they lie.
 *
 * LENIENT: a dot line that a bare LF bounds (LF . LF, CRLF . LF, LF . CRLF)
 * ends the content only if the server speaks next; some servers take it for
 * the end and some do not, which is what SMTP smuggling lives from.  After a
 * bare LF a leading dot is removed only in a body that has had no CRLF so
 * far.
 */
#include "smtp/body.h"

#include <smtpwire/transcript.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* RFC 5321 4.5.3.1.6: text line, CRLF included. */
enum { TEXT_LINE_MAX = 1000, BLOCK = 32 };

struct masks {
	uint32_t lf, cr, dot, high, nul;
};

static inline void note_line(struct body *b, uint32_t lf)
{
	unsigned first, last;

	if (lf == 0) {
		b->since_lf += BLOCK;
		return;
	}
	first = (unsigned)__builtin_ctz(lf);
	last = 31u - (unsigned)__builtin_clz(lf);
	if (b->since_lf + first + 1 > TEXT_LINE_MAX)
		b->flags |= SW_BIT(SW_FLAG_OVERLONG);
	b->since_lf = BLOCK - 1 - last;
}

/* Flags of one block that is passed on whole.  Returns the mask of dots at
 * the start of a line; nothing is noted when there is one. */
static inline uint32_t take_block(struct body *b, const struct masks *m)
{
	uint32_t carry_lf = b->prev == '\n', carry_cr = b->prev == '\r';
	uint32_t dots = m->dot & (m->lf << 1 | carry_lf);
	uint32_t behind_cr = m->cr << 1 | carry_cr;

	if (dots && !b->counted)
		return dots;
	if (m->high)
		b->flags |= SW_BIT(SW_FLAG_8BIT);
	if (m->nul)
		b->flags |= SW_BIT(SW_FLAG_NUL);
	if (m->lf & ~behind_cr)
		b->flags |= SW_BIT(SW_FLAG_BARE_LF);
	if (m->lf & behind_cr)
		b->had_crlf = true;
	if (behind_cr & ~m->lf)
		b->flags |= SW_BIT(SW_FLAG_BARE_CR);
	note_line(b, m->lf);
	return 0;
}

#define SCAN_LOOP(get_masks) \
	size_t i = 0; \
	while (s.len - i >= BLOCK) { \
		struct masks m; \
		get_masks(s.p + i, &m); \
		if (take_block(b, &m)) \
			break; \
		b->prev2 = s.p[i + BLOCK - 2]; \
		b->prev = s.p[i + BLOCK - 1]; \
		i += BLOCK; \
	} \
	return i

#if defined(__x86_64__)
__attribute__((target("avx2")))
static inline void masks_avx2(const uint8_t *p, struct masks *m)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);

#define EQ(c) (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, \
	_mm256_set1_epi8(c)))
	m->lf = EQ('\n');
	m->cr = EQ('\r');
	m->dot = EQ('.');
	m->nul = EQ(0);
#undef EQ
	m->high = (uint32_t)_mm256_movemask_epi8(v);
}

__attribute__((target("avx2")))
static size_t scan_avx2(struct body *b, struct slice s)
{
	SCAN_LOOP(masks_avx2);
}

static inline void masks_sse2(const uint8_t *p, struct masks *m)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i w = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));

#define EQ(c) ((uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, \
	_mm_set1_epi8(c))) | (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(w, \
	_mm_set1_epi8(c))) << 16)
	m->lf = EQ('\n');
	m->cr = EQ('\r');
	m->dot = EQ('.');
	m->nul = EQ(0);
#undef EQ
	m->high = (uint32_t)_mm_movemask_epi8(v) |
	    (uint32_t)_mm_movemask_epi8(w) << 16;
}

static size_t scan_sse2(struct body *b, struct slice s)
{
	SCAN_LOOP(masks_sse2);
}
#endif

#if !defined(__x86_64__)
static void masks_plain(const uint8_t *p, struct masks *m)
{
	size_t i;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < BLOCK; i++) {
		uint32_t bit = UINT32_C(1) << i;

		m->lf |= p[i] == '\n' ? bit : 0;
		m->cr |= p[i] == '\r' ? bit : 0;
		m->dot |= p[i] == '.' ? bit : 0;
		m->high |= p[i] >= 0x80 ? bit : 0;
		m->nul |= p[i] == 0 ? bit : 0;
	}
}

static size_t scan_plain(struct body *b, struct slice s)
{
	SCAN_LOOP(masks_plain);
}
#endif

/* Whole blocks without a dot at the start of a line. */
static size_t scan_blocks(struct body *b, struct slice s)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		return scan_avx2(b, s);
	return scan_sse2(b, s);
#else
	return scan_plain(b, s);
#endif
}

/* One octet of text. */
static void take_octet(struct body *b, uint8_t c)
{
	if (c >= 0x80)
		b->flags |= SW_BIT(SW_FLAG_8BIT);
	if (c == 0)
		b->flags |= SW_BIT(SW_FLAG_NUL);
	if (b->prev == '\r' && c != '\n')
		b->flags |= SW_BIT(SW_FLAG_BARE_CR);
	b->since_lf++;
	if (c == '\n') {
		if (b->prev == '\r')
			b->had_crlf = true;
		else
			b->flags |= SW_BIT(SW_FLAG_BARE_LF);
		if (b->since_lf > TEXT_LINE_MAX)
			b->flags |= SW_BIT(SW_FLAG_OVERLONG);
		b->since_lf = 0;
	}
	b->prev2 = b->prev;
	b->prev = c;
	b->at_start = false;
}

static bool at_line_start(const struct body *b)
{
	return !b->counted && (b->at_start || b->prev == '\n');
}

/* Text up to the next dot at the start of a line; returns its length. */
static size_t text_run(struct body *b, struct slice s)
{
	size_t i = 0;

	while (i < s.len) {
		if (s.p[i] == '.' && at_line_start(b))
			return i;
		if (!b->at_start && s.len - i >= BLOCK) {
			size_t n = scan_blocks(b, slice_from(s, i));

			i += n;
			if (n > 0)
				continue;
		}
		take_octet(b, s.p[i++]);
	}
	return i;
}

void body_init(struct body *b, bool at_start, bool counted)
{
	memset(b, 0, sizeof(*b));
	b->state = BODY_TEXT;
	b->at_start = at_start;
	b->counted = counted;
}

static void emit(const struct body_sink *sink, struct slice s)
{
	if (s.len > 0)
		sink->octets(sink->ctx, s);
}

/* The dot at the start of a line turned out to be content's, or stuffing. */
static void dot_is_text(struct body *b, const struct body_sink *sink)
{
	bool keep = b->dot_after_lf && b->had_crlf;

	/* since_lf counts the dot on the wire either way */
	b->since_lf++;
	if (keep) {
		emit(sink, slice_make(".", 1));
		b->prev2 = b->prev;
	}
	b->prev = '.';
	b->at_start = false;
}

static void begin_dot(struct body *b)
{
	b->dot_after_lf = !b->at_start && b->prev2 != '\r';
	b->state = BODY_DOT;
}

static void end_line_held(struct body *b, bool cr,
    const struct body_sink *sink)
{
	if (cr) {
		take_octet(b, '\r');
		emit(sink, slice_make("\r", 1));
	}
	take_octet(b, '\n');
	emit(sink, slice_make("\n", 1));
}

void body_settle(struct body *b, bool ended, const struct body_sink *sink)
{
	switch (b->state) {
	case BODY_CANDIDATE:
		if (ended) {
			b->state = BODY_ENDED;
			return;
		}
		b->smuggled = true;
		dot_is_text(b, sink);
		end_line_held(b, b->dot_cr, sink);
		break;
	case BODY_DOT_CR:
		dot_is_text(b, sink);
		take_octet(b, '\r');
		emit(sink, slice_make("\r", 1));
		break;
	case BODY_DOT:
		dot_is_text(b, sink);
		break;
	case BODY_TEXT:
	case BODY_ENDED:
		return;
	}
	b->state = BODY_TEXT;
}

/* An octet behind a dot at the start of a line; true: it was used up. */
static bool behind_dot(struct body *b, uint8_t c,
    const struct body_sink *sink)
{
	if (b->state == BODY_DOT && c == '\r') {
		b->state = BODY_DOT_CR;
		return true;
	}
	if (c == '\n') {
		bool cr = b->state == BODY_DOT_CR;

		b->dot_cr = cr;
		b->state = cr && !b->dot_after_lf ? BODY_ENDED :
		    BODY_CANDIDATE;
		return true;
	}
	body_settle(b, false, sink);
	return false;
}

size_t body_feed(struct body *b, struct slice octets,
    const struct body_sink *sink)
{
	size_t i = 0;

	if (octets.len > 0 && b->state == BODY_CANDIDATE)
		body_settle(b, false, sink);
	while (i < octets.len && b->state != BODY_ENDED) {
		if (b->state == BODY_CANDIDATE) {
			body_settle(b, false, sink);
		} else if (b->state == BODY_TEXT) {
			struct slice rest = slice_from(octets, i);
			size_t n = text_run(b, rest);

			emit(sink, slice_head(rest, n));
			i += n;
			if (i < octets.len) {
				begin_dot(b);
				i++;
			}
		} else if (behind_dot(b, octets.p[i], sink)) {
			i++;
		}
	}
	b->wire += i;
	return i;
}

void body_gap(struct body *b)
{
	b->prev = b->prev2 = 'x';
	b->at_start = false;
	b->since_lf = 0;
}
