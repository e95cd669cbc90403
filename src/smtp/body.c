/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body.c - the content behind DATA: where it ends, dots un-stuffed
 *
 * Theory of operation.  RFC 5321 4.5.2: content ends at CRLF . CRLF (or at
 * . CRLF first in it); one leading dot of a line is removed.  All octets are
 * looked at once, 64 at a time: bit masks of LF, CR and dots give the flags
 * and the next dot at the start of a line, which alone is looked at octet by
 * octet.  Runs between such dots are passed on as they lie.
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
enum { TEXT_LINE_MAX = 1000, BLOCK = 64 };

/* Of one block, its first octet in bit 0. */
struct masks {
	uint64_t lf, cr, dot;
	bool odd;       /* there is an octet above 127 or a NUL: */
	bool high, nul; /* set only then */
};

/* --- masks -------------------------------------------------------------- */

#if defined(__x86_64__)
#define LOAD256(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define BITS256(v) ((uint64_t)(uint32_t)_mm256_movemask_epi8(v))

__attribute__((target("avx2")))
static inline void masks_avx2(const uint8_t *p, struct masks *m)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i a = LOAD256(p), b = LOAD256(p + 32);

#define EQ(c) (BITS256(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(c))) | \
	BITS256(_mm256_cmpeq_epi8(b, _mm256_set1_epi8(c))) << 32)
	m->lf = EQ('\n');
	m->cr = EQ('\r');
	m->dot = EQ('.');
#undef EQ
	/* As signed numbers they are not above 0. */
	m->odd = BITS256(_mm256_cmpgt_epi8(_mm256_min_epi8(a, b), zero)) !=
	    UINT32_MAX;
	if (m->odd) {
		m->high = BITS256(_mm256_or_si256(a, b)) != 0;
		m->nul = BITS256(_mm256_cmpeq_epi8(_mm256_min_epu8(a, b),
		    zero)) != 0;
	}
}

static inline void masks_sse2(const uint8_t *p, struct masks *m)
{
	const __m128i zero = _mm_setzero_si128();
	__m128i v, all = zero, least = _mm_set1_epi8(-1);
	unsigned i;

	m->lf = m->cr = m->dot = 0;
#define EQ(c) ((uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, \
	_mm_set1_epi8(c))) << i)
	for (i = 0; i < BLOCK; i += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		m->lf |= EQ('\n');
		m->cr |= EQ('\r');
		m->dot |= EQ('.');
		all = _mm_or_si128(all, v);
		least = _mm_min_epu8(least, v);
	}
#undef EQ
	m->high = _mm_movemask_epi8(all) != 0;
	m->nul = _mm_movemask_epi8(_mm_cmpeq_epi8(least, zero)) != 0;
	m->odd = m->high || m->nul;
}
#else
static inline void masks_plain(const uint8_t *p, struct masks *m)
{
	size_t i;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < BLOCK; i++) {
		uint64_t bit = UINT64_C(1) << i;

		m->lf |= p[i] == '\n' ? bit : 0;
		m->cr |= p[i] == '\r' ? bit : 0;
		m->dot |= p[i] == '.' ? bit : 0;
		m->high |= p[i] >= 0x80;
		m->nul |= p[i] == 0;
	}
	m->odd = m->high || m->nul;
}
#endif

/* --- scanning ----------------------------------------------------------- */

/* Where a scan stands, out of memory. */
struct scan {
	uint64_t behind_cr; /* 1: the octet before is CR */
	uint64_t at_start;  /* 1: at the start of a line */
	uint64_t since_lf;
	uint32_t flags;
	bool had_crlf;
};

/*
 * Memory that holds the n octets at s.p + i as the last of a block: the slice
 * itself if there are octets before them, which were looked at already, else
 * a copy behind blanks.
 */
static inline const uint8_t *last_block(struct slice s, size_t i, size_t n,
    uint8_t room[BLOCK])
{
	if (i + n >= BLOCK)
		return s.p + i + n - BLOCK;
	memset(room, ' ', BLOCK);
	memcpy(room + BLOCK - n, s.p + i, n);
	return room;
}

/* Line ends of the next n octets, of which m are the masks. */
static inline void note_block(struct scan *sc, const struct masks *m,
    size_t n)
{
	uint64_t all = ~UINT64_C(0) >> (BLOCK - n);
	uint64_t behind_cr = (m->cr << 1 | sc->behind_cr) & all;

	if (m->odd) {
		if (m->high)
			sc->flags |= SW_BIT(SW_FLAG_8BIT);
		if (m->nul)
			sc->flags |= SW_BIT(SW_FLAG_NUL);
	}
	if (m->lf != behind_cr) {
		if (m->lf & ~behind_cr)
			sc->flags |= SW_BIT(SW_FLAG_BARE_LF);
		if (behind_cr & ~m->lf)
			sc->flags |= SW_BIT(SW_FLAG_BARE_CR);
	}
	if (m->lf != 0) {
		size_t first = (size_t)__builtin_ctzll(m->lf);
		size_t last = 63 - (size_t)__builtin_clzll(m->lf);

		if (sc->since_lf + first + 1 > TEXT_LINE_MAX)
			sc->flags |= SW_BIT(SW_FLAG_OVERLONG);
		sc->had_crlf |= (m->lf & behind_cr) != 0;
		sc->since_lf = n - 1 - last;
	} else {
		sc->since_lf += n;
	}
	sc->behind_cr = m->cr >> (n - 1) & 1;
	sc->at_start = m->lf >> (n - 1) & 1;
}

/* Masks of the next n octets, 1 to BLOCK. */
#define GET_LAST(get_masks) do { \
	get_masks(last_block(s, i, n, room), &m); \
	m.lf >>= BLOCK - n; \
	m.cr >>= BLOCK - n; \
	m.dot >>= BLOCK - n; \
} while (0)

#define DOTS_AT_START() \
	(m.dot & (m.lf << 1 | here.at_start) & (counted ? 0 : ~UINT64_C(0)))

/* What all scan functions do: text up to the next dot at the start of a line.
 * Whole blocks first, then the last one or that of the dot. */
#define SCAN(get_masks) \
	struct scan here = *sc; /* in registers */ \
	size_t i = 0, n; \
	uint8_t room[BLOCK]; \
	struct masks m = { 0 }; \
	for (; s.len - i >= BLOCK; i += BLOCK) { \
		get_masks(s.p + i, &m); \
		if (DOTS_AT_START()) \
			break; \
		note_block(&here, &m, BLOCK); \
	} \
	n = s.len - i < BLOCK ? s.len - i : BLOCK; \
	if (n > 0) { \
		GET_LAST(get_masks); \
		if (DOTS_AT_START()) { \
			n = (size_t)__builtin_ctzll(DOTS_AT_START()); \
			if (n > 0) \
				GET_LAST(get_masks); \
		} \
	} \
	if (n > 0) \
		note_block(&here, &m, n); \
	*sc = here; \
	return i + n

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2")))
static size_t scan_avx2(struct scan *sc, struct slice s, bool counted)
{
	SCAN(masks_avx2);
}

static size_t scan_sse2(struct scan *sc, struct slice s, bool counted)
{
	SCAN(masks_sse2);
}
#else
static size_t scan_plain(struct scan *sc, struct slice s, bool counted)
{
	SCAN(masks_plain);
}
#endif

static size_t scan(struct scan *sc, struct slice s, bool counted)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	    __builtin_cpu_supports("bmi2"))
		return scan_avx2(sc, s, counted);
	return scan_sse2(sc, s, counted);
#else
	return scan_plain(sc, s, counted);
#endif
}

/* One octet of text that was held back. */
static void take_octet(struct body *b, uint8_t c)
{
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

/* Text up to the next dot at the start of a line; returns its length. */
static size_t text_run(struct body *b, struct slice s)
{
	struct scan sc = {
		.behind_cr = b->prev == '\r',
		.at_start = b->at_start || b->prev == '\n',
		.since_lf = b->since_lf
	};
	size_t n = scan(&sc, s, b->counted);

	if (n == 0)
		return 0;
	b->flags |= sc.flags;
	b->had_crlf |= sc.had_crlf;
	b->since_lf = sc.since_lf;
	b->prev2 = n > 1 ? s.p[n - 2] : b->prev;
	b->prev = s.p[n - 1];
	b->at_start = false;
	return n;
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
