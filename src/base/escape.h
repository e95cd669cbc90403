/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * escape.h - octets of strangers made harmless for one kind of output
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buffer.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Length (1 to 4) of the well-formed UTF-8 sequence at the start of s
 * (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF); 0 if it is
 * none or s is empty. */
size_t escape_utf8_len(struct slice s);
/* How many octets at the start of s are printable ASCII. */
size_t escape_plain_len(struct slice s);
/* Write the code point c at u as UTF-8; what is none (a surrogate, beyond
 * U+10FFFF) as U+FFFD.  Returns the octets written, 1 to 4. */
size_t escape_utf8_put(uint8_t u[4], uint32_t c);
/*
 * The next code unit of a UTF-16 text, as UTF-8 at u (RFC 2781 2.2).  *high
 * keeps the first half of a pair for the next call; it is 0 at first, and at
 * the end unless the text ends with half a pair.  Halves alone become U+FFFD.
 * Returns the octets written, 0 to 6; the last ones are those of unit.
 */
size_t escape_utf16_put(uint8_t u[6], uint16_t *high, uint16_t unit);
/* Is all of s well-formed UTF-8? */
bool escape_is_utf8(struct slice s);

/*
 * Append a JSON string with its quotes (RFC 8259).  Octets that are no UTF-8
 * become U+FFFD, one for each maximal ill-formed subsequence (as Unicode
 * recommends and Python does).  Control characters, '"' and '\' are escaped,
 * and what escape_text escapes of UTF-8 as \uXXXX, so that a line of JSON is
 * harmless on a terminal.
 * Returns true if something was replaced (base64 is then wanted).
 */
bool escape_json(struct buffer *b, struct slice s);

/*
 * Copy s for JSON if all of it is plain: printable ASCII but '"' and '\\'.
 * true: it was; false: what stands at w is not to be used.  Octets are copied
 * in words, but none beyond len is read or written.
 */
static inline bool escape_copy_plain(uint8_t *w, const uint8_t *p,
    size_t len);

/* Append base64 (RFC 4648, padded) without quotes. */
bool escape_base64(struct buffer *b, struct slice s);

/*
 * Append text for a terminal or a text file: printable UTF-8 as it is;
 * control characters (C0, DEL, C1), octets that are no UTF-8, line and
 * paragraph separators, bidirectional controls and other code points that
 * cannot be seen (Default_Ignorable_Code_Point, and the blank glyphs U+2800
 * and U+1D159, which are no spaces) as \xNN or \u{NNNN}; a backslash as \\
 * only when it could be mistaken for such an escape (before x, u{ or an
 * escape, and the others of its run with it).  Tab becomes \x09.
 */
bool escape_text(struct buffer *b, struct slice s);

/* --- words of plain octets ---------------------------------------------- */

#define ESCAPE_ONES UINT64_C(0x0101010101010101)
#define ESCAPE_HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t escape_load8(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Non-zero if an octet is zero; may be non-zero without one only where an
 * octet above 0x7f is. */
static inline uint64_t escape_has_zero(uint64_t v)
{
	return (v - ESCAPE_ONES) & ~v & ESCAPE_HIGHS;
}

/* Is an octet below 0x20, DEL or above? */
static inline uint64_t escape_has_special(uint64_t v)
{
	return ((v - ESCAPE_ONES * 0x20) | (v + ESCAPE_ONES) | v) &
	    ESCAPE_HIGHS;
}

static inline bool escape_is_plain8(uint64_t v)
{
	return (escape_has_special(v) |
	    escape_has_zero(v ^ ESCAPE_ONES * '"') |
	    escape_has_zero(v ^ ESCAPE_ONES * '\\')) == 0;
}

#if defined(__SSE2__)

/* 16 octets. */
struct escape_word {
	__m128i v;
};

/* What was seen in words, place by place: the largest octet above 0x20 less
 * that (those below it come out above all), and were there quotes or
 * backslashes. */
struct escape_seen {
	__m128i most, quotes;
};

static inline struct escape_word escape_word_of(uint64_t first, uint64_t last)
{
	struct escape_word word;

	word.v = _mm_set_epi64x((long long)last, (long long)first);
	return word;
}

static inline struct escape_word escape_copy_word(uint8_t *w,
    const uint8_t *p)
{
	struct escape_word word;

	word.v = _mm_loadu_si128((const __m128i_u *)(const void *)p);
	_mm_storeu_si128((__m128i_u *)(void *)w, word.v);
	return word;
}

static inline struct escape_seen escape_see(struct escape_word word)
{
	struct escape_seen seen;

	seen.most = _mm_sub_epi8(word.v, _mm_set1_epi8(0x20));
	seen.quotes = _mm_or_si128(
	    _mm_cmpeq_epi8(word.v, _mm_set1_epi8('"')),
	    _mm_cmpeq_epi8(word.v, _mm_set1_epi8('\\')));
	return seen;
}

static inline struct escape_seen escape_both(struct escape_seen a,
    struct escape_seen b)
{
	a.most = _mm_max_epu8(a.most, b.most);
	a.quotes = _mm_or_si128(a.quotes, b.quotes);
	return a;
}

/* From DEL on the sum has the highest bit. */
static inline bool escape_is_plain(struct escape_seen seen)
{
	__m128i high = _mm_adds_epu8(seen.most,
	    _mm_set1_epi8((char)(0x80 - (0x7f - 0x20))));

	return _mm_movemask_epi8(_mm_or_si128(high, seen.quotes)) == 0;
}

#else

struct escape_word {
	uint64_t first, last;
};

struct escape_seen {
	bool odd; /* an octet was not plain */
};

static inline struct escape_word escape_word_of(uint64_t first, uint64_t last)
{
	struct escape_word word = { first, last };

	return word;
}

static inline struct escape_word escape_copy_word(uint8_t *w,
    const uint8_t *p)
{
	struct escape_word word;

	memcpy(&word, p, sizeof(word));
	memcpy(w, &word, sizeof(word));
	return word;
}

static inline struct escape_seen escape_see(struct escape_word word)
{
	struct escape_seen seen = { !escape_is_plain8(word.first) ||
	    !escape_is_plain8(word.last) };

	return seen;
}

static inline struct escape_seen escape_both(struct escape_seen a,
    struct escape_seen b)
{
	a.odd |= b.odd;
	return a;
}

static inline bool escape_is_plain(struct escape_seen seen)
{
	return !seen.odd;
}

#endif

/* 8 to 15 octets. */
static inline struct escape_word escape_copy_ends(uint8_t *w,
    const uint8_t *p, size_t len)
{
	uint64_t first = escape_load8(p), last = escape_load8(p + len - 8);

	memcpy(w, &first, sizeof(first));
	memcpy(w + len - 8, &last, sizeof(last));
	return escape_word_of(first, last);
}

/* 1 to 7 octets, in words that overlap. */
static inline struct escape_word escape_copy_few(uint8_t *w,
    const uint8_t *p, size_t len)
{
	uint64_t v;

	if (len >= 4) {
		uint32_t first, last;

		memcpy(&first, p, sizeof(first));
		memcpy(&last, p + len - 4, sizeof(last));
		memcpy(w, &first, sizeof(first));
		memcpy(w + len - 4, &last, sizeof(last));
		v = (uint64_t)first << 32 | last;
		return escape_word_of(v, v);
	}
	w[0] = p[0];
	w[len / 2] = p[len / 2];
	w[len - 1] = p[len - 1];
	v = (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1] |
	    (ESCAPE_ONES * ' ') << 24;
	return escape_word_of(v, v);
}

static inline bool escape_copy_plain(uint8_t *w, const uint8_t *p,
    size_t len)
{
	struct escape_seen seen;
	size_t i;

	if (len < 8)
		return len == 0 ||
		    escape_is_plain(escape_see(escape_copy_few(w, p, len)));
	if (len < 16)
		return escape_is_plain(escape_see(escape_copy_ends(w, p,
		    len)));
	seen = escape_see(escape_copy_word(w + len - 16, p + len - 16));
	for (i = 0; i + 16 < len; i += 16)
		seen = escape_both(seen, escape_see(escape_copy_word(w + i,
		    p + i)));
	return escape_is_plain(seen);
}

#endif
