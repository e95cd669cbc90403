/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slice.h - borrowed octets
 *
 * A slice owns nothing: whoever returns one says how long it is valid.
 * It may hold any octet, NUL included; p may be NULL when len is 0.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What clang's analyzer does not find out by itself; nothing in a program. */
#ifdef __clang_analyzer__
#define BASE_KNOWN(what) \
	do { \
		if (!(what)) \
			__builtin_unreachable(); \
	} while (0)
#else
#define BASE_KNOWN(what) do { } while (0)
#endif

struct slice {
	const uint8_t *p;
	size_t len; /* octets */
};

static inline struct slice slice_make(const void *p, size_t len)
{
	struct slice s = { (const uint8_t *)p, len };

	BASE_KNOWN(p || len == 0);
	return s;
}

/* Of a C string literal or NUL-terminated string that is ours. */
static inline struct slice slice_str(const char *s)
{
	return slice_make(s, strlen(s));
}

/* The octets from off on; empty when off is beyond the end. */
static inline struct slice slice_from(struct slice s, size_t off)
{
	BASE_KNOWN(s.p || s.len == 0);
	if (off >= s.len)
		return slice_make(s.p ? s.p + s.len : NULL, 0);
	return slice_make(s.p + off, s.len - off);
}

/* The first len octets, or all when there are fewer. */
static inline struct slice slice_head(struct slice s, size_t len)
{
	if (len < s.len)
		s.len = len;
	return s;
}

/* Copy all of it to w: a text of usual length, without a call. */
static inline void slice_copy(uint8_t *w, struct slice s)
{
	if (s.len - 16 <= 16) { /* 16 to 32, in halves that may overlap */
		memcpy(w, s.p, 16);
		memcpy(w + s.len - 16, s.p + s.len - 16, 16);
	} else if (s.len > 0) {
		memcpy(w, s.p, s.len);
	}
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* ASCII only; never the locale's. */
static inline bool ascii_is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static inline bool ascii_is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
static inline bool ascii_is_alnum(uint8_t c)
{
	return ascii_is_digit(c) || ascii_is_alpha(c);
}
static inline uint8_t ascii_upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}
static inline uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Equal without regard to the case of ASCII letters. */
bool slice_eq_nocase(struct slice a, struct slice b);
/* Does s begin with prefix, ASCII case ignored? */
bool slice_has_prefix_nocase(struct slice s, struct slice prefix);
/* Offset of needle in s, ASCII case ignored; s.len when it is not there. */
size_t slice_find_nocase(struct slice s, struct slice needle);
/* Without leading and trailing blanks and tabs. */
static inline struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 &&
	    (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}
/*
 * The number that s holds: decimal digits alone, at least one.
 * false (and *value_r untouched) for anything else or above UINT64_MAX.
 */
bool slice_to_u64(struct slice s, uint64_t *value_r);

#endif
