/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ends.c - where the values of a line begin, found 64 octets at a time
 *
 * Theory of operation.  A bit for each octet of a block that is the sought
 * one; the numbers of those bits, and what stands in front of the block, are
 * where the next values begin.  The widest registers that the host has are
 * used: on one with VBMI2 sixteen numbers are made at once, without a branch
 * for each.
 */
#include "logs/text.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BLOCK = 64 };

/*
 * For each kind of host X: find_X looks at a block, last_X at what is left of
 * a line from off on, fewer than BLOCK octets; put_X writes what begins behind
 * each of those that were found from off on, perhaps with more behind it that
 * is not meant, but no more than BLOCK.
 */

static inline uint64_t find_plain(const uint8_t *p, uint8_t c)
{
	return log_find_in_64(p, c);
}

static inline uint64_t last_plain(struct slice line, size_t off, uint8_t c)
{
	uint8_t few[BLOCK] = { 0 };

	if (line.len >= BLOCK) /* with some that were looked at */
		return find_plain(line.p + line.len - BLOCK, c) >>
		    (BLOCK - (line.len - off));
	memcpy(few, line.p + off, line.len - off);
	return find_plain(few, c);
}

static inline uint32_t *put_plain(uint32_t *at, size_t off, uint64_t found)
{
	for (; found; found &= found - 1)
		*at++ = (uint32_t)off + 1 +
		    (uint32_t)__builtin_ctzll(found);
	return at;
}

#if defined(__x86_64__)
#define FOR_AVX2 \
	__attribute__((target("avx2,bmi,popcnt"))) static inline
#define FOR_AVX512 __attribute__((target( \
	"avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt"))) static inline

FOR_AVX2 uint64_t find_avx2(const uint8_t *p, uint8_t c)
{
	__m256i v = _mm256_set1_epi8((char)c);
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)
	    (p + BLOCK / 2));

	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, v)) |
	    (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b,
	    v)) << BLOCK / 2;
}

FOR_AVX2 uint64_t last_avx2(struct slice line, size_t off, uint8_t c)
{
	uint8_t few[BLOCK] = { 0 };

	if (line.len >= BLOCK)
		return find_avx2(line.p + line.len - BLOCK, c) >>
		    (BLOCK - (line.len - off));
	memcpy(few, line.p + off, line.len - off);
	return find_avx2(few, c);
}

/* Four at a time. */
FOR_AVX2 uint32_t *put_avx2(uint32_t *at, size_t off, uint64_t found)
{
	uint32_t *end = at + _mm_popcnt_u64(found);
	size_t i;

	for (; at < end; at += 4)
		for (i = 0; i < 4; i++) {
			at[i] = (uint32_t)off + 1 +
			    (uint32_t)_tzcnt_u64(found);
			found = _blsr_u64(found);
		}
	return end;
}

FOR_AVX512 uint64_t find_avx512(const uint8_t *p, uint8_t c)
{
	return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p),
	    _mm512_set1_epi8((char)c));
}

/* What is masked out is not read. */
FOR_AVX512 uint64_t last_avx512(struct slice line, size_t off, uint8_t c)
{
	__mmask64 ours = ~UINT64_C(0) >> (BLOCK - (line.len - off));

	return _mm512_mask_cmpeq_epi8_mask(ours, _mm512_maskz_loadu_epi8(ours,
	    line.p + off), _mm512_set1_epi8((char)c));
}

/* Sixteen at a time. */
FOR_AVX512 uint32_t *put_avx512(uint32_t *at, size_t off, uint64_t found)
{
	static const uint8_t numbers[BLOCK] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
		18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
		33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
		48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63
	};
	__m512i at_bits = _mm512_maskz_compress_epi8(found,
	    _mm512_loadu_si512(numbers));
	__m512i from = _mm512_set1_epi32((int)(uint32_t)(off + 1));
	uint32_t *end = at + _mm_popcnt_u64(found);

	for (; at < end; at += 16) {
		_mm512_storeu_si512(at, _mm512_add_epi32(from,
		    _mm512_cvtepu8_epi32(_mm512_castsi512_si128(at_bits))));
		at_bits = _mm512_shuffle_i32x4(at_bits, at_bits, 0x39);
	}
	return end;
}
#endif

/* The same for any host. */
#define FIND_ENDS(host) \
	uint32_t *at = e->at; \
	size_t off = 0; \
\
	*at++ = 0; \
	for (; line.len - off >= BLOCK; off += BLOCK) { \
		at = put_##host(at, off, find_##host(line.p + off, c)); \
		if ((size_t)(at - e->at) > most + 1) \
			return false; \
	} \
	if (off < line.len) \
		at = put_##host(at, off, last_##host(line, off, c)); \
	e->count = (size_t)(at - e->at); \
	*at = (uint32_t)line.len + 1; \
	return e->count <= most + 1

#if defined(__x86_64__)
FOR_AVX512 bool find_ends_avx512(struct slice line, uint8_t c, size_t most,
    struct log_ends *e)
{
	FIND_ENDS(avx512);
}

FOR_AVX2 bool find_ends_avx2(struct slice line, uint8_t c, size_t most,
    struct log_ends *e)
{
	FIND_ENDS(avx2);
}
#endif

/* Not inlined: what it puts on the stack would be paid for by all. */
static __attribute__((noinline)) bool find_ends_plain(struct slice line,
    uint8_t c, size_t most, struct log_ends *e)
{
	FIND_ENDS(plain);
}

bool log_find_ends(struct slice line, uint8_t c, size_t most,
    struct log_ends *e)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vbmi") &&
	    __builtin_cpu_supports("avx512vbmi2") &&
	    __builtin_cpu_supports("popcnt"))
		return find_ends_avx512(line, c, most, e);
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	    __builtin_cpu_supports("popcnt"))
		return find_ends_avx2(line, c, most, e);
#endif
	return find_ends_plain(line, c, most, e);
}
