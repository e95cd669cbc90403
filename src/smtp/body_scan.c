/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body_scan.c - content looked at, 64 octets at a time
 *
 * Theory of operation.  All octets are looked at once; where all LF are
 * behind CR and no dot is behind LF nothing else is to be found, elsewhere
 * bit masks give the line ends and the next dot at the start of a line.  The
 * widest registers that the host has are used.
 */
#include "smtp/body_scan.h"

#include <smtpwire/transcript.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BLOCK = 64 };

/* Of one block, its first octet in bit 0. */
struct masks {
	uint64_t lf, cr, dot;
};

/* --- blocks -------------------------------------------------------------- */

/*
 * For each kind of host X: load_X takes a block; part_X the n octets, 1 to
 * BLOCK, at i of a slice, blanks behind them.  masks_X looks at one; see_X
 * remembers what octets there were, for has_high_X and has_nul_X.
 * is_usual_X looks at a block and that one octet further on: is LF behind each
 * CR and only there, and behind no LF a dot (or dot's stand-in: what LF LF is
 * is unusual already)?
 */

#if defined(__x86_64__)
#define FOR_AVX512 \
	__attribute__((target("avx512f,avx512bw,bmi,bmi2"))) static inline
#define FOR_AVX2 __attribute__((target("avx2,bmi,bmi2"))) static inline

struct block_avx512 {
	__m512i v;
};

struct seen_avx512 {
	__m512i all, least;
};

FOR_AVX512 struct block_avx512 load_avx512(const uint8_t *p)
{
	struct block_avx512 b = { _mm512_loadu_si512(p) };

	return b;
}

/* What is masked out is not read. */
FOR_AVX512 struct block_avx512 part_avx512(struct slice s, size_t i, size_t n)
{
	struct block_avx512 b = { _mm512_mask_loadu_epi8(
	    _mm512_set1_epi8(' '), ~UINT64_C(0) >> (BLOCK - n), s.p + i) };

	return b;
}

FOR_AVX512 struct masks masks_avx512(const struct block_avx512 *b)
{
	struct masks m = {
		_mm512_cmpeq_epi8_mask(b->v, _mm512_set1_epi8('\n')),
		_mm512_cmpeq_epi8_mask(b->v, _mm512_set1_epi8('\r')),
		_mm512_cmpeq_epi8_mask(b->v, _mm512_set1_epi8('.'))
	};

	return m;
}

FOR_AVX512 bool is_usual_avx512(const struct block_avx512 *b,
    const struct block_avx512 *next, char dot, bool *lf_r)
{
	__mmask64 lf = _mm512_cmpeq_epi8_mask(b->v, _mm512_set1_epi8('\n'));
	__mmask64 cr = _mm512_cmpeq_epi8_mask(b->v, _mm512_set1_epi8('\r'));
	__mmask64 next_lf = _mm512_cmpeq_epi8_mask(next->v,
	    _mm512_set1_epi8('\n'));

	*lf_r = lf != 0;
	return ((cr ^ next_lf) | _mm512_mask_cmpeq_epi8_mask(lf, next->v,
	    _mm512_set1_epi8(dot))) == 0;
}

FOR_AVX512 struct seen_avx512 nothing_avx512(void)
{
	struct seen_avx512 seen = { _mm512_setzero_si512(),
		_mm512_set1_epi8(-1) };

	return seen;
}

FOR_AVX512 void see_avx512(struct seen_avx512 *seen,
    const struct block_avx512 *b)
{
	seen->all = _mm512_or_si512(seen->all, b->v);
	seen->least = _mm512_min_epu8(seen->least, b->v);
}

FOR_AVX512 bool has_high_avx512(const struct seen_avx512 *seen)
{
	return _mm512_movepi8_mask(seen->all) != 0;
}

FOR_AVX512 bool has_nul_avx512(const struct seen_avx512 *seen)
{
	return _mm512_testn_epi8_mask(seen->least, seen->least) != 0;
}

/* The n octets at s.p + i and blanks. */
static inline void fill_up(uint8_t room[BLOCK], struct slice s, size_t i,
    size_t n)
{
	memset(room, ' ', BLOCK);
	memcpy(room, s.p + i, n);
}

struct block_avx2 {
	__m256i a, b;
};

struct seen_avx2 {
	__m256i all, least;
};

FOR_AVX2 struct block_avx2 load_avx2(const uint8_t *p)
{
	struct block_avx2 b = {
		_mm256_loadu_si256((const __m256i *)(const void *)p),
		_mm256_loadu_si256((const __m256i *)(const void *)(p + 32))
	};

	return b;
}

FOR_AVX2 struct block_avx2 part_avx2(struct slice s, size_t i, size_t n)
{
	uint8_t room[BLOCK];

	fill_up(room, s, i, n);
	return load_avx2(room);
}

FOR_AVX2 uint64_t bits_avx2(const struct block_avx2 *b, __m256i c)
{
	uint32_t low = (uint32_t)_mm256_movemask_epi8(
	    _mm256_cmpeq_epi8(b->a, c));
	uint32_t high = (uint32_t)_mm256_movemask_epi8(
	    _mm256_cmpeq_epi8(b->b, c));

	return (uint64_t)high << 32 | low;
}

FOR_AVX2 struct masks masks_avx2(const struct block_avx2 *b)
{
	struct masks m = {
		bits_avx2(b, _mm256_set1_epi8('\n')),
		bits_avx2(b, _mm256_set1_epi8('\r')),
		bits_avx2(b, _mm256_set1_epi8('.'))
	};

	return m;
}

FOR_AVX2 __m256i unusual_avx2(__m256i v, __m256i next, char dot,
    __m256i *lf)
{
	__m256i cr = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\r'));
	__m256i next_lf = _mm256_cmpeq_epi8(next, _mm256_set1_epi8('\n'));

	*lf = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n'));
	return _mm256_or_si256(_mm256_xor_si256(cr, next_lf),
	    _mm256_and_si256(*lf, _mm256_cmpeq_epi8(next,
	    _mm256_set1_epi8(dot))));
}

FOR_AVX2 bool is_usual_avx2(const struct block_avx2 *b,
    const struct block_avx2 *next, char dot, bool *lf_r)
{
	__m256i lf_a, lf_b;
	__m256i not = _mm256_or_si256(
	    unusual_avx2(b->a, next->a, dot, &lf_a),
	    unusual_avx2(b->b, next->b, dot, &lf_b));

	*lf_r = _mm256_movemask_epi8(_mm256_or_si256(lf_a, lf_b)) != 0;
	return _mm256_movemask_epi8(not) == 0;
}

FOR_AVX2 struct seen_avx2 nothing_avx2(void)
{
	struct seen_avx2 seen = { _mm256_setzero_si256(),
		_mm256_set1_epi8(-1) };

	return seen;
}

FOR_AVX2 void see_avx2(struct seen_avx2 *seen, const struct block_avx2 *b)
{
	seen->all = _mm256_or_si256(seen->all, _mm256_or_si256(b->a, b->b));
	seen->least = _mm256_min_epu8(seen->least,
	    _mm256_min_epu8(b->a, b->b));
}

FOR_AVX2 bool has_high_avx2(const struct seen_avx2 *seen)
{
	return _mm256_movemask_epi8(seen->all) != 0;
}

FOR_AVX2 bool has_nul_avx2(const struct seen_avx2 *seen)
{
	return _mm256_movemask_epi8(_mm256_cmpeq_epi8(seen->least,
	    _mm256_setzero_si256())) != 0;
}

struct block_sse2 {
	__m128i v[4];
};

struct seen_sse2 {
	__m128i all, least;
};

static inline struct block_sse2 load_sse2(const uint8_t *p)
{
	struct block_sse2 b;
	size_t i;

	for (i = 0; i < 4; i++)
		b.v[i] = _mm_loadu_si128(
		    (const __m128i *)(const void *)(p + i * 16));
	return b;
}

static inline struct block_sse2 part_sse2(struct slice s, size_t i, size_t n)
{
	uint8_t room[BLOCK];

	fill_up(room, s, i, n);
	return load_sse2(room);
}

static inline uint64_t bits_sse2(const struct block_sse2 *b, char c)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < 4; i++)
		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(
		    b->v[i], _mm_set1_epi8(c))) << i * 16;
	return bits;
}

static inline struct masks masks_sse2(const struct block_sse2 *b)
{
	struct masks m = { bits_sse2(b, '\n'), bits_sse2(b, '\r'),
		bits_sse2(b, '.') };

	return m;
}

static inline bool is_usual_sse2(const struct block_sse2 *b,
    const struct block_sse2 *next, char dot, bool *lf_r)
{
	__m128i lf, cr, next_lf, any = _mm_setzero_si128(), not = any;
	size_t i;

	for (i = 0; i < 4; i++) {
		lf = _mm_cmpeq_epi8(b->v[i], _mm_set1_epi8('\n'));
		cr = _mm_cmpeq_epi8(b->v[i], _mm_set1_epi8('\r'));
		next_lf = _mm_cmpeq_epi8(next->v[i], _mm_set1_epi8('\n'));
		any = _mm_or_si128(any, lf);
		not = _mm_or_si128(not, _mm_xor_si128(cr, next_lf));
		not = _mm_or_si128(not, _mm_and_si128(lf,
		    _mm_cmpeq_epi8(next->v[i], _mm_set1_epi8(dot))));
	}
	*lf_r = _mm_movemask_epi8(any) != 0;
	return _mm_movemask_epi8(not) == 0;
}

static inline struct seen_sse2 nothing_sse2(void)
{
	struct seen_sse2 seen = { _mm_setzero_si128(), _mm_set1_epi8(-1) };

	return seen;
}

static inline void see_sse2(struct seen_sse2 *seen,
    const struct block_sse2 *b)
{
	size_t i;

	for (i = 0; i < 4; i++) {
		seen->all = _mm_or_si128(seen->all, b->v[i]);
		seen->least = _mm_min_epu8(seen->least, b->v[i]);
	}
}

static inline bool has_high_sse2(const struct seen_sse2 *seen)
{
	return _mm_movemask_epi8(seen->all) != 0;
}

static inline bool has_nul_sse2(const struct seen_sse2 *seen)
{
	return _mm_movemask_epi8(_mm_cmpeq_epi8(seen->least,
	    _mm_setzero_si128())) != 0;
}
#else
struct block_plain {
	const uint8_t *p;
	size_t n; /* octets; blanks follow */
};

struct seen_plain {
	bool high, nul;
};

static inline struct block_plain load_plain(const uint8_t *p)
{
	struct block_plain b = { p, BLOCK };

	return b;
}

static inline struct block_plain part_plain(struct slice s, size_t i,
    size_t n)
{
	struct block_plain b = { s.p + i, n };

	return b;
}

static inline struct masks masks_plain(const struct block_plain *b)
{
	struct masks m = { 0, 0, 0 };
	size_t i;

	for (i = 0; i < b->n; i++) {
		uint64_t bit = UINT64_C(1) << i;

		m.lf |= b->p[i] == '\n' ? bit : 0;
		m.cr |= b->p[i] == '\r' ? bit : 0;
		m.dot |= b->p[i] == '.' ? bit : 0;
	}
	return m;
}

static inline bool is_usual_plain(const struct block_plain *b,
    const struct block_plain *next, char dot, bool *lf_r)
{
	bool plain = true, lf = false;
	size_t i;

	for (i = 0; i < BLOCK; i++) {
		plain &= (b->p[i] == '\r') == (next->p[i] == '\n') &&
		    !(b->p[i] == '\n' && next->p[i] == (uint8_t)dot);
		lf |= b->p[i] == '\n';
	}
	*lf_r = lf;
	return plain;
}

static inline struct seen_plain nothing_plain(void)
{
	struct seen_plain seen = { false, false };

	return seen;
}

static inline void see_plain(struct seen_plain *seen,
    const struct block_plain *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		seen->high |= b->p[i] >= 0x80;
		seen->nul |= b->p[i] == 0;
	}
}

static inline bool has_high_plain(const struct seen_plain *seen)
{
	return seen->high;
}

static inline bool has_nul_plain(const struct seen_plain *seen)
{
	return seen->nul;
}
#endif

/* --- scanning ----------------------------------------------------------- */

/* Line ends while a scan goes on.  Offsets are modulo 2^64: the line may have
 * begun before the slice. */
struct ends {
	uint64_t behind_cr; /* 1: the octet before is CR */
	uint64_t at_start;  /* 1: at the start of a line */
	uint64_t lf;      /* of the last block that has one: its mask */
	uint64_t lf_at;   /* and its offset */
	uint64_t crlf, bare_lf, bare_cr; /* there are, if not 0 */
	bool overlong;
};

static inline struct ends ends_begin(const struct body *b)
{
	struct ends e = {
		.behind_cr = b->prev == '\r',
		.at_start = b->at_start || b->prev == '\n',
		/* as if a block that ends in LF lay before the line */
		.lf = UINT64_C(1) << (BLOCK - 1),
		.lf_at = 0 - b->since_lf - BLOCK
	};

	return e;
}

/* Offset behind the last LF. */
static inline uint64_t ends_line(const struct ends *e)
{
	return e->lf_at + BLOCK - (uint64_t)__builtin_clzll(e->lf);
}

/* Line ends of the n octets at offset i, of which m are the masks. */
static inline void ends_note(struct ends *e, const struct masks *m,
    uint64_t i, size_t n)
{
	uint64_t all = ~UINT64_C(0) >> (BLOCK - n);
	uint64_t behind_cr = (m->cr << 1 | e->behind_cr) & all;

	/* two LF in one block are no long line */
	if (i - e->lf_at > BODY_LINE_MAX - BLOCK && m->lf != 0 &&
	    i + (uint64_t)__builtin_ctzll(m->lf) + 1 - ends_line(e) >
	    BODY_LINE_MAX)
		e->overlong = true;
	e->crlf |= m->lf & behind_cr;
	e->bare_lf |= m->lf & ~behind_cr;
	e->bare_cr |= behind_cr & ~m->lf;
	e->lf_at = m->lf ? i : e->lf_at;
	e->lf = m->lf ? m->lf : e->lf;
	e->behind_cr = m->cr >> (n - 1) & 1;
	e->at_start = m->lf >> (n - 1) & 1;
}

/* Is the next octet no bare LF, none behind a bare CR and no dot at the start
 * of a line? */
static inline bool ends_go_on(const struct ends *e, uint8_t c, uint64_t dots)
{
	return (e->behind_cr != 0) == (c == '\n') &&
	    !(dots && e->at_start && c == '.');
}

static inline void ends_tell(const struct ends *e, struct slice text,
    struct body *b)
{
	if (e->bare_lf)
		b->flags |= SW_BIT(SW_FLAG_BARE_LF);
	if (e->bare_cr)
		b->flags |= SW_BIT(SW_FLAG_BARE_CR);
	if (e->overlong)
		b->flags |= SW_BIT(SW_FLAG_OVERLONG);
	b->had_crlf |= e->crlf != 0;
	b->since_lf = text.len - ends_line(e);
	if (text.len == 0)
		return;
	b->prev2 = text.len > 1 ? text.p[text.len - 2] : b->prev;
	b->prev = text.p[text.len - 1];
	b->at_start = false;
}

/*
 * What all scan functions do: text up to the next dot at the start of a line,
 * or all if it is counted; they return its length.  Whole blocks first, then
 * the last one or that of the dot.
 */
#define DOTS_AT_START() (m.dot & (m.lf << 1 | e.at_start) & dots)

/* Blocks that is_usual_X says nothing more has to be known of than that they
 * have line ends.  Lines may be long, but not too long. */
#define USUAL_BLOCKS(host) do { \
	uint64_t lf_at = e.lf_at; \
	size_t from = i; \
	if (s.len - i <= BLOCK || !ends_go_on(&e, s.p[i], dots)) \
		break; \
	while (s.len - i > BLOCK && \
	    i - lf_at <= BODY_LINE_MAX - BLOCK) { \
		struct block_##host next = load_##host(s.p + i + 1); \
		bool has_lf; \
		block = load_##host(s.p + i); \
		if (!is_usual_##host(&block, &next, dots ? '.' : '\n', \
		    &has_lf)) \
			break; \
		see_##host(&seen, &block); \
		lf_at = has_lf ? i : lf_at; \
		i += BLOCK; \
	} \
	if (i > from) { \
		e.behind_cr = s.p[i - 1] == '\r'; \
		e.at_start = 0; /* or no dot is next */ \
	} \
	if (lf_at != e.lf_at) { \
		block = load_##host(s.p + lf_at); \
		m = masks_##host(&block); \
		e.lf = m.lf; \
		e.lf_at = lf_at; \
		e.crlf = m.lf; \
	} \
} while (0)

#define SCAN(host) \
	const uint64_t dots = b->counted ? 0 : ~UINT64_C(0); \
	struct ends e = ends_begin(b); \
	struct seen_##host seen = nothing_##host(); \
	struct block_##host block; \
	struct masks m; \
	size_t i, n; \
	for (i = 0; s.len - i >= BLOCK; i += BLOCK) { \
		USUAL_BLOCKS(host); \
		if (s.len - i < BLOCK) \
			break; \
		block = load_##host(s.p + i); \
		m = masks_##host(&block); \
		if (DOTS_AT_START()) \
			break; \
		see_##host(&seen, &block); \
		ends_note(&e, &m, i, BLOCK); \
	} \
	n = s.len - i < BLOCK ? s.len - i : BLOCK; \
	if (n > 0) { \
		block = part_##host(s, i, n); \
		m = masks_##host(&block); \
		if (DOTS_AT_START()) { \
			n = (size_t)__builtin_ctzll(DOTS_AT_START()); \
			if (n > 0) { \
				block = part_##host(s, i, n); \
				m = masks_##host(&block); \
			} \
		} \
	} \
	if (n > 0) { \
		see_##host(&seen, &block); \
		ends_note(&e, &m, i, n); \
	} \
	if (has_high_##host(&seen)) \
		b->flags |= SW_BIT(SW_FLAG_8BIT); \
	if (has_nul_##host(&seen)) \
		b->flags |= SW_BIT(SW_FLAG_NUL); \
	ends_tell(&e, slice_head(s, i + n), b); \
	return i + n

#if defined(__x86_64__)
FOR_AVX512 size_t scan_avx512(struct body *b, struct slice s)
{
	SCAN(avx512);
}

FOR_AVX2 size_t scan_avx2(struct body *b, struct slice s)
{
	SCAN(avx2);
}

static size_t scan_sse2(struct body *b, struct slice s)
{
	SCAN(sse2);
}
#else
static size_t scan_plain(struct body *b, struct slice s)
{
	SCAN(plain);
}
#endif

size_t body_scan(struct body *b, struct slice s)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
		return scan_avx512(b, s);
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	    __builtin_cpu_supports("bmi2"))
		return scan_avx2(b, s);
	return scan_sse2(b, s);
#else
	return scan_plain(b, s);
#endif
}
