/* SPDX-License-Identifier: GPL-2.0-or-later */
/* buffer.h - a growing run of octets that must be given its maximum */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/slice.h"

struct buffer {
	uint8_t *p;
	size_t len, capacity;
	size_t max;  /* octets; what would go beyond is refused */
	bool failed; /* memory ran out: sticky, later appends do nothing */
	bool full;   /* max was reached: sticky until buffer_clear */
};

void buffer_init(struct buffer *b, size_t max);
void buffer_fini(struct buffer *b);
/* Empty it, keep the memory; clears full, not failed. */
void buffer_clear(struct buffer *b);
/* Append; false when max (nothing is appended then: full) or memory
 * (failed) stands against it. */
bool buffer_append(struct buffer *b, const void *p, size_t len);
/* Make room for n more octets; p + len may then be written directly. */
bool buffer_reserve(struct buffer *b, size_t n);
static inline bool buffer_append_slice(struct buffer *b, struct slice s)
{
	return buffer_append(b, s.p, s.len);
}
static inline bool buffer_append_str(struct buffer *b, const char *s)
{
	return buffer_append(b, s, strlen(s));
}
static inline bool buffer_append_char(struct buffer *b, char c)
{
	if (b->len < b->capacity && b->len < b->max && !b->failed) {
		b->p[b->len++] = (uint8_t)c;
		return true;
	}
	return buffer_append(b, &c, 1);
}
/* "00" to "99". */
extern const char buffer_pairs[200];
/* How many digits has v? */
static inline unsigned buffer_digits(uint64_t v)
{
	unsigned n = 1;

	for (; v >= 10000; v /= 10000)
		n += 4;
	return n + (v >= 10) + (v >= 100) + (v >= 1000);
}
/* Write the last n digits of v, zeros in front, at p; returns p + n. */
static inline uint8_t *buffer_put_digits(uint8_t *p, uint64_t v, unsigned n)
{
	uint8_t *end = p + n;

	for (; n >= 2; v /= 100) {
		n -= 2;
		memcpy(p + n, buffer_pairs + v % 100 * 2, 2);
	}
	if (n > 0)
		p[0] = (uint8_t)('0' + v % 10);
	return end;
}
/* The same of nine digits. */
static inline uint8_t *buffer_put_nine(uint8_t *p, uint32_t v)
{
	uint32_t high = v / 10000, low = v % 10000;

	p[0] = (uint8_t)('0' + high / 10000);
	high %= 10000;
	memcpy(p + 1, buffer_pairs + 2 * (high / 100), 2);
	memcpy(p + 3, buffer_pairs + 2 * (high % 100), 2);
	memcpy(p + 5, buffer_pairs + 2 * (low / 100), 2);
	memcpy(p + 7, buffer_pairs + 2 * (low % 100), 2);
	return p + 9;
}
/* Decimal. */
bool buffer_append_u64(struct buffer *b, uint64_t v);
bool buffer_append_i64(struct buffer *b, int64_t v);
/* Lower-case hex of octets. */
bool buffer_append_hex(struct buffer *b, const uint8_t *p, size_t len);
static inline struct slice buffer_slice(const struct buffer *b)
{
	return slice_make(b->p, b->len);
}

#endif
