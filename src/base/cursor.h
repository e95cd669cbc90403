/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cursor.h - reading fields out of untrusted octets
 *
 * A read past the end returns 0 (or an empty slice) and sets bad, which
 * stays set: read a whole header, then look at bad once.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/slice.h"

/* Fields in octets whose number was looked at before: once for a whole
 * header, not for each of its fields. */
static inline uint16_t octets_be16(const uint8_t *p)
{
	BASE_KNOWN(p);
	return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t octets_be32(const uint8_t *p)
{
	BASE_KNOWN(p);
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}
static inline uint32_t octets_le32(const uint8_t *p)
{
	BASE_KNOWN(p);
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0];
}
static inline uint64_t octets_le64(const uint8_t *p)
{
	return (uint64_t)octets_le32(p + 4) << 32 | octets_le32(p);
}

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct cursor cursor_make(struct slice s)
{
	struct cursor c = { s.p, s.p ? s.p + s.len : NULL, false };
	return c;
}
static inline size_t cursor_left(const struct cursor *c)
{
	return c->p ? (size_t)(c->end - c->p) : 0;
}
static inline bool cursor_need(struct cursor *c, size_t n)
{
	if (n > cursor_left(c)) {
		c->bad = true;
		c->p = c->end;
		return false;
	}
	BASE_KNOWN(c->p || n == 0);
	return true;
}
/* The next n octets; empty when there are fewer. */
static inline struct slice cursor_take(struct cursor *c, size_t n)
{
	struct slice s = { c->p, 0 };

	if (n > 0 && cursor_need(c, n)) {
		s.len = n;
		c->p += n;
	}
	return s;
}
static inline void cursor_skip(struct cursor *c, size_t n)
{
	if (n > 0 && cursor_need(c, n))
		c->p += n;
}
/*
 * Copy the next n octets to `to` and read those there: a compiler that sees
 * the size of `to` needs no check for each field.  Fewer than n: what is
 * left, then zeros, and bad is set.
 */
static inline struct cursor cursor_copy(struct cursor *c, uint8_t *to,
    size_t n)
{
	struct slice all = { to, n };

	if (cursor_left(c) >= n) {
		memcpy(to, c->p, n);
		c->p += n;
	} else {
		size_t left = cursor_left(c);

		memset(to, 0, n);
		if (left > 0)
			memcpy(to, c->p, left);
		c->bad = true;
		c->p = c->end;
	}
	return cursor_make(all);
}
/* All that is left. */
static inline struct slice cursor_rest(struct cursor *c)
{
	return cursor_take(c, cursor_left(c));
}
static inline uint8_t cursor_u8(struct cursor *c)
{
	return cursor_need(c, 1) ? *c->p++ : (uint8_t)0;
}
static inline uint16_t cursor_be16(struct cursor *c)
{
	uint16_t v = 0;

	if (cursor_need(c, 2)) {
		v = octets_be16(c->p);
		c->p += 2;
	}
	return v;
}
static inline uint32_t cursor_be32(struct cursor *c)
{
	uint32_t v = 0;

	if (cursor_need(c, 4)) {
		v = octets_be32(c->p);
		c->p += 4;
	}
	return v;
}
static inline uint16_t cursor_le16(struct cursor *c)
{
	uint16_t v = 0;

	if (cursor_need(c, 2)) {
		v = (uint16_t)(c->p[1] << 8 | c->p[0]);
		c->p += 2;
	}
	return v;
}
static inline uint32_t cursor_le32(struct cursor *c)
{
	uint32_t v = 0;

	if (cursor_need(c, 4)) {
		v = octets_le32(c->p);
		c->p += 4;
	}
	return v;
}
static inline uint64_t cursor_be64(struct cursor *c)
{
	uint64_t hi = cursor_be32(c);

	return hi << 32 | cursor_be32(c);
}
static inline uint64_t cursor_le64(struct cursor *c)
{
	uint64_t v = 0;

	if (cursor_need(c, 8)) {
		v = octets_le64(c->p);
		c->p += 8;
	}
	return v;
}
/* In the byte order of a file that says so itself. */
static inline uint16_t cursor_x16(struct cursor *c, bool big)
{
	return big ? cursor_be16(c) : cursor_le16(c);
}
static inline uint32_t cursor_x32(struct cursor *c, bool big)
{
	return big ? cursor_be32(c) : cursor_le32(c);
}
static inline uint64_t cursor_x64(struct cursor *c, bool big)
{
	return big ? cursor_be64(c) : cursor_le64(c);
}

#endif
