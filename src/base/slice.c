/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice.c - comparing and cutting borrowed octets */
#include "base/slice.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

bool slice_eq_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && slice_has_prefix_nocase(a, b);
}

bool slice_has_prefix_nocase(struct slice s, struct slice prefix)
{
	size_t i;

	if (prefix.len > s.len)
		return false;
	for (i = 0; i < prefix.len; i++) {
		uint8_t a = s.p[i], b = prefix.p[i];

		if (a != b && ascii_lower(a) != ascii_lower(b))
			return false;
	}
	return true;
}

static size_t find_octet(struct slice s, uint8_t c)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (ascii_lower(s.p[i]) == ascii_lower(c))
			break;
	return i;
}

/* The two octets that a needle begins with, in lower case; bits: what makes
 * them so of those of either case. */
struct pair {
	uint8_t octets[2], bits[2];
};

static struct pair pair_of(struct slice needle)
{
	struct pair p = { .bits = { 0, 0 } };
	size_t i;

	for (i = 0; i < 2; i++) {
		p.octets[i] = ascii_lower(needle.p[i]);
		if (ascii_is_alpha(needle.p[i]))
			p.bits[i] = 0x20;
	}
	return p;
}

/* Where the pair stands in s from off on; the place of its last octet: it
 * does not. */
static size_t find_pair(struct slice s, size_t off, struct pair pair)
{
#ifdef __SSE2__
	const __m128i a = _mm_set1_epi8((char)pair.octets[0]);
	const __m128i b = _mm_set1_epi8((char)pair.octets[1]);
	const __m128i a_bit = _mm_set1_epi8((char)pair.bits[0]);
	const __m128i b_bit = _mm_set1_epi8((char)pair.bits[1]);

	for (; s.len - off > 16; off += 16) {
		const void *p = s.p + off, *q = s.p + off + 1;
		__m128i found = _mm_and_si128(
		    _mm_cmpeq_epi8(_mm_or_si128(_mm_loadu_si128(p), a_bit), a),
		    _mm_cmpeq_epi8(_mm_or_si128(_mm_loadu_si128(q), b_bit), b));
		uint32_t set = (uint32_t)_mm_movemask_epi8(found);

		if (set)
			return off + (uint32_t)__builtin_ctz(set);
	}
#endif
	for (; off + 1 < s.len; off++)
		if ((s.p[off] | pair.bits[0]) == pair.octets[0] &&
		    (s.p[off + 1] | pair.bits[1]) == pair.octets[1])
			break;
	return off;
}

size_t slice_find_nocase(struct slice s, struct slice needle)
{
	struct pair pair;
	size_t i;

	if (needle.len == 0)
		return 0;
	if (needle.len > s.len)
		return s.len;
	if (needle.len == 1)
		return find_octet(s, needle.p[0]);
	pair = pair_of(needle);
	for (i = 0; i <= s.len - needle.len; i++) {
		i = find_pair(s, i, pair);
		if (slice_has_prefix_nocase(slice_from(s, i), needle))
			return i;
	}
	return s.len;
}

bool slice_to_u64(struct slice s, uint64_t *value_r)
{
	uint64_t v = 0;
	size_t i;

	if (s.len == 0)
		return false;
	for (i = 0; i < s.len; i++) {
		uint64_t digit;

		if (!ascii_is_digit(s.p[i]))
			return false;
		digit = (uint64_t)(s.p[i] - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*value_r = v;
	return true;
}
