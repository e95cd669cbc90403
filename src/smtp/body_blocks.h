/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body_blocks.h - 64 octets of content at once, on each kind of host; for
 * body_scan.c alone
 */
#ifndef SMTP_BODY_BLOCKS_H
#define SMTP_BODY_BLOCKS_H

#include <string.h>

#include "base/slice.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BLOCK = 64, RUN = 2 * BLOCK };

/* Of one block, its first octet in bit 0. */
struct masks {
	uint64_t lf, cr, dot;
};

/*
 * For each kind of host X: load_X takes a block; part_X the n octets, 1 to
 * BLOCK, at i of a slice, blanks behind them.  masks_X looks at one; see_X
 * remembers what octets there were, for has_high_X and has_nul_X.  lf_X is the
 * mask of the LF of a block at p.
 *
 * usual_X tells how many of the n octets at p, which are runs, are usual: up
 * to the first run that is not.  In it LF is behind each CR and only there, and
 * behind no LF a dot (or dot's stand-in: what LF LF is is unusual already); for
 * that one octet more is looked at on either side.  *plain_r is cleared if
 * there may be a NUL among them, or, unless high, an octet above 127.
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

FOR_AVX512 __mmask64 odd_avx512(const uint8_t *p, char dot, bool high,
    __m512i *least)
{
	__m512i v = _mm512_loadu_si512(p);
	__mmask64 lf = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n'));
	__mmask64 cr = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p - 1),
	    _mm512_set1_epi8('\r'));

	*least = high ? _mm512_min_epu8(*least, v) :
	    _mm512_min_epi8(*least, v);
	return (lf ^ cr) | _mm512_mask_cmpeq_epi8_mask(lf,
	    _mm512_loadu_si512(p + 1), _mm512_set1_epi8(dot));
}

FOR_AVX512 size_t usual_avx512(const uint8_t *p, size_t n, char dot,
    bool high, bool *plain_r)
{
	__m512i least = _mm512_set1_epi8(INT8_MAX);
	size_t i;

	for (i = 0; i < n; i += RUN)
		if (odd_avx512(p + i, dot, high, &least) |
		    odd_avx512(p + i + BLOCK, dot, high, &least))
			break;
	if (high ? _mm512_testn_epi8_mask(least, least) :
	    _mm512_cmplt_epi8_mask(least, _mm512_set1_epi8(1)))
		*plain_r = false;
	return i;
}

FOR_AVX512 uint64_t lf_avx512(const uint8_t *p)
{
	return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p),
	    _mm512_set1_epi8('\n'));
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

/* Not 0 where one of 32 octets is unusual. */
FOR_AVX2 __m256i odd_avx2(const uint8_t *p, char dot, bool high,
    __m256i *least)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i prev = _mm256_loadu_si256(
	    (const __m256i *)(const void *)(p - 1));
	__m256i next = _mm256_loadu_si256(
	    (const __m256i *)(const void *)(p + 1));
	__m256i lf = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n'));
	__m256i cr = _mm256_cmpeq_epi8(prev, _mm256_set1_epi8('\r'));
	__m256i stop = _mm256_cmpeq_epi8(next, _mm256_set1_epi8(dot));

	*least = high ? _mm256_min_epu8(*least, v) :
	    _mm256_min_epi8(*least, v);
	return _mm256_or_si256(_mm256_xor_si256(lf, cr),
	    _mm256_and_si256(lf, stop));
}

FOR_AVX2 size_t usual_avx2(const uint8_t *p, size_t n, char dot,
    bool high, bool *plain_r)
{
	__m256i least = _mm256_set1_epi8(INT8_MAX);
	size_t i;

	for (i = 0; i < n; i += RUN) {
		__m256i odd = _mm256_or_si256(
		    _mm256_or_si256(odd_avx2(p + i, dot, high, &least),
		    odd_avx2(p + i + 32, dot, high, &least)),
		    _mm256_or_si256(odd_avx2(p + i + 64, dot, high, &least),
		    odd_avx2(p + i + 96, dot, high, &least)));

		if (!_mm256_testz_si256(odd, odd))
			break;
	}
	if (_mm256_movemask_epi8(high ?
	    _mm256_cmpeq_epi8(least, _mm256_setzero_si256()) :
	    _mm256_cmpgt_epi8(_mm256_set1_epi8(1), least)))
		*plain_r = false;
	return i;
}

FOR_AVX2 uint64_t lf_avx2(const uint8_t *p)
{
	struct block_avx2 b = load_avx2(p);

	return bits_avx2(&b, _mm256_set1_epi8('\n'));
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

static inline size_t usual_sse2(const uint8_t *p, size_t n, char dot,
    bool high, bool *plain_r)
{
	const __m128i one = _mm_set1_epi8(1);
	__m128i odd = _mm_setzero_si128(), low = odd;
	size_t i, k;

	for (i = 0; i < n; i += RUN) {
		for (k = i; k < i + RUN; k += sizeof(odd)) {
			__m128i v = _mm_loadu_si128(
			    (const __m128i *)(const void *)(p + k));
			__m128i cr = _mm_cmpeq_epi8(_mm_loadu_si128(
			    (const __m128i *)(const void *)(p + k - 1)),
			    _mm_set1_epi8('\r'));
			__m128i stop = _mm_cmpeq_epi8(_mm_loadu_si128(
			    (const __m128i *)(const void *)(p + k + 1)),
			    _mm_set1_epi8(dot));
			__m128i lf = _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'));

			odd = _mm_or_si128(odd, _mm_xor_si128(lf, cr));
			odd = _mm_or_si128(odd, _mm_and_si128(lf, stop));
			/* NUL and, as a signed one, each above 127 */
			low = _mm_or_si128(low, high ?
			    _mm_cmpeq_epi8(v, _mm_setzero_si128()) :
			    _mm_cmplt_epi8(v, one));
		}
		if (_mm_movemask_epi8(odd))
			break;
	}
	if (_mm_movemask_epi8(low))
		*plain_r = false;
	return i;
}

static inline uint64_t lf_sse2(const uint8_t *p)
{
	struct block_sse2 b = load_sse2(p);

	return bits_sse2(&b, '\n');
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

static inline size_t usual_plain(const uint8_t *p, size_t n, char dot,
    bool high, bool *plain_r)
{
	uint8_t odd = 0, strange = 0;
	size_t i, k;

	for (i = 0; i < n; i += RUN) {
		for (k = i; k < i + RUN; k++) {
			const uint8_t *at = p + k;
			uint8_t lf = at[0] == '\n', cr = at[-1] == '\r';
			uint8_t stop = at[1] == (uint8_t)dot;
			uint8_t low = high ? *at == 0 : (int8_t)*at < 1;

			odd = (uint8_t)(odd | (lf ^ cr) | (lf & stop));
			strange |= low;
		}
		if (odd)
			break;
	}
	if (strange)
		*plain_r = false;
	return i;
}

static inline uint64_t lf_plain(const uint8_t *p)
{
	struct block_plain b = load_plain(p);

	return masks_plain(&b).lf;
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

#endif
