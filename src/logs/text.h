/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - what stands in the lines of more than one family: words, dates,
 * times, replies
 */
#ifndef LOGS_TEXT_H
#define LOGS_TEXT_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/buffer.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/slice.h"

/* The octets of *rest up to the next blank, which is dropped with it; the
 * whole rest when there is none.  Empty words are words. */
struct slice log_take_word(struct slice *rest);

/* The octets of *rest up to the next c, which is dropped with it; the whole
 * rest when there is none. */
struct slice log_take_until(struct slice *rest, uint8_t c);

/* A set of those of LOG_OCTETS octets that are equal to one. */
#ifdef __SSE2__
#define LOG_OCTETS 16u
typedef uint32_t log_octet_set;

static inline log_octet_set log_find_octet(const uint8_t octets[LOG_OCTETS],
    uint8_t c)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)octets);

	return (log_octet_set)_mm_movemask_epi8(_mm_cmpeq_epi8(v,
	    _mm_set1_epi8((char)c)));
}
/* The number of the first one; the set is not empty, and without it is
 * set & (set - 1). */
static inline uint32_t log_first_octet(log_octet_set set)
{
	return (uint32_t)__builtin_ctz(set);
}
/* One bit for each octet, the first one's is the lowest. */
static inline uint32_t log_octet_bits(log_octet_set set)
{
	return set;
}
#else
#define LOG_OCTETS 8u
typedef uint64_t log_octet_set;

static inline log_octet_set log_find_octet(const uint8_t octets[LOG_OCTETS],
    uint8_t c)
{
	struct cursor cursor = cursor_make(slice_make(octets, LOG_OCTETS));
	uint64_t each = UINT64_C(0x0101010101010101), low = each * 0x7f;
	uint64_t word = cursor_le64(&cursor) ^ each * c;

	return ~(((word & low) + low) | word | low);
}
static inline uint32_t log_first_octet(log_octet_set set)
{
	return (uint32_t)__builtin_ctzll(set) / 8;
}
/* One bit for each octet, the first one's is the lowest. */
static inline uint32_t log_octet_bits(log_octet_set set)
{
	/* The top bits of the octets go to the top octet, in order. */
	return (uint32_t)(((set >> 7 & UINT64_C(0x0101010101010101)) *
	    UINT64_C(0x0102040810204080)) >> 56);
}
#endif

/* The octets equal to c among 16 and among 64, one bit for each; the first
 * one's is the lowest. */
static inline uint64_t log_find_in_16(const uint8_t octets[16], uint8_t c)
{
	uint64_t found = log_octet_bits(log_find_octet(octets, c));

	if (LOG_OCTETS < 16)
		found |= (uint64_t)log_octet_bits(log_find_octet(octets +
		    16 - LOG_OCTETS, c)) << (16 - LOG_OCTETS);
	return found;
}

static inline uint64_t log_find_in_64(const uint8_t octets[64], uint8_t c)
{
	return log_find_in_16(octets, c) |
	    log_find_in_16(octets + 16, c) << 16 |
	    log_find_in_16(octets + 32, c) << 32 |
	    log_find_in_16(octets + 48, c) << 48;
}

/*
 * Does c stand in s?  More octets than s has may be looked at: those up to
 * `end`, which is not in front of the end of s, can be read.
 */
static inline bool log_has_octet(struct slice s, const uint8_t *end,
    uint8_t c)
{
	size_t i;

	for (i = 0; i < s.len; i += 16) {
		uint64_t found;

		if (end - (s.p + i) < 16)
			return memchr(s.p + i, c, s.len - i) != NULL;
		found = log_find_in_16(s.p + i, c);
		if (s.len - i < 16)
			found &= (UINT64_C(1) << (s.len - i)) - 1;
		if (found)
			return true;
	}
	return false;
}

/*
 * A line as values with c between them, found many octets at a time (few
 * steps of unknown length: each is a branch guessed wrongly).  false: c stands
 * there more than `most` times (at most LIMIT_LOG_COLUMNS).
 */
struct log_ends {
	size_t count; /* of values */
	/* Where each begins, and behind those the line's length and 1.  One
	 * step may find too many.  What stands behind is the caller's. */
	uint32_t at[LIMIT_LOG_COLUMNS + 64 + 2];
};
bool log_find_ends(struct slice line, uint8_t c, size_t most,
    struct log_ends *e);
static inline struct slice log_value_at(struct slice line,
    const struct log_ends *e, size_t i)
{
	return slice_make(line.p + e->at[i], e->at[i + 1] - e->at[i] - 1);
}

/*
 * The number that s holds: 1 to 8 digits; false: something else.  Eight
 * octets in front of its end can be read.  No branch depends on how many
 * digits there are.
 */
static inline bool log_parse_few_digits(struct slice s, int64_t *value_r)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t ours = ~UINT64_C(0) << (64 - 8 * s.len);
	uint64_t v = octets_le64(s.p + s.len - 8) ^ each * '0';

	v &= ours; /* what stands in front of it are zeros */
	*value_r = 0;
	if ((v | (v + each * 0x76)) & each * 0x80)
		return false; /* one is above 9 */
	v = v * 10 + (v >> 8); /* pairs, in every second octet */
	v = ((v & UINT64_C(0x000000ff000000ff)) *
	    (100 + (UINT64_C(1000000) << 32)) +
	    (v >> 16 & UINT64_C(0x000000ff000000ff)) *
	    (1 + (UINT64_C(10000) << 32))) >> 32;
	*value_r = (int64_t)v;
	return true;
}

/* count digits at the start of *rest, which are dropped.  false: fewer
 * (*rest and *value_r untouched). */
bool log_take_digits(struct slice *rest, size_t count, int *value_r);

/* "2006-10-09", all of s: the day in *day_r (hour and below 0). */
bool log_parse_iso_date(struct slice s, struct civil *day_r);
/* "05:00:19", all of s: seconds of the day. */
bool log_parse_time_of_day(struct slice s, int32_t *seconds_r);

/* Date and time of day as ns since 1970; SW_NO_TIME if out of range. */
int64_t log_make_time(const struct civil *day, int32_t seconds);

/* Does this stand in s, in letters of either case? */
static inline bool log_contains(struct slice s, const char *text)
{
	return slice_find_nocase(s, slice_str(text)) < s.len;
}

/* "192.0.2.25", all of s. */
bool log_is_ipv4(struct slice s);
/* Has s the form of an address of IPv4 or IPv6?  A name has not, though it
 * be made of the letters of hex alone. */
bool log_is_address(struct slice s);

/* "192.0.2.25:25", "[2001:db8::25]:25", "2001:db8::25:25" (the last colon
 * counts), or without a port. */
void log_split_endpoint(struct slice s, struct slice *ip_r,
    int32_t *port_r);

/* The part of a file name behind the last '/' or '\\'. */
struct slice log_base_name(const char *file_name);

/* For probes: the first line of *head, without its end (LF, CR LF), which is
 * dropped with it. */
struct slice log_head_line(struct slice *head);

/* Does s begin with text, its letters' case included? */
static inline bool log_starts(struct slice s, const char *text)
{
	size_t n = strlen(text);

	return s.len >= n && memcmp(s.p, text, n) == 0;
}

/* One line of a reply: "250-text". */
struct log_reply_line {
	int32_t code;      /* SW_UNKNOWN without three digits */
	bool more;         /* a hyphen: more lines follow */
	struct slice text; /* after code and separator */
};
/* Inlined in any case: a structure that is returned in memory is waited for
 * where it is copied. */
static inline __attribute__((always_inline)) struct log_reply_line
    log_parse_reply_line(struct slice line)
{
	struct log_reply_line r = { SW_UNKNOWN, false, line };
	int32_t code = 0;
	size_t i;

	BASE_KNOWN(line.p || line.len == 0);
	if (line.len < 3 || (line.len > 3 && line.p[3] != ' ' &&
	    line.p[3] != '-'))
		return r;
	for (i = 0; i < 3; i++) {
		if (!ascii_is_digit(line.p[i]))
			return r;
		code = code * 10 + (line.p[i] - '0');
	}
	r.code = code;
	r.more = line.len > 3 && line.p[3] == '-';
	r.text = slice_from(line, 4);
	return r;
}

/* Is it a code with which a server greets (RFC 5321 4.3.2)? */
static inline bool log_is_greeting(int32_t code)
{
	return code == 220 || code == 554 || code == 421;
}

/* A fixed hash, for ids: the same on every machine and in every run.
 * Continue with the result as seed; begin with LOG_HASH_START. */
#define LOG_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t log_hash(uint64_t seed, struct slice s);
/* The same of the number's eight octets, the lowest first. */
uint64_t log_hash_number(uint64_t seed, uint64_t number);

/* If the line says that more follow, say that it is the last: a blank behind
 * its code, in b, which holds it then (its `failed` tells that memory ran
 * out). */
void log_reply_line_end(struct slice *line, struct buffer *b);

#endif
