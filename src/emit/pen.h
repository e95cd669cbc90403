/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pen.h - writing JSON at a pointer that has room ahead
 *
 * Theory of operation.  A pen makes sure that behind the pointer there are
 * PEN_ROOM octets of the buffer at the beginning and after each string, so
 * that names, numbers and punctuation between two strings are written
 * without a look at the buffer.  All functions take the pointer and return
 * the new one; what they write beyond that (fixed sizes are quicker to copy
 * than exact ones) is written over by what follows.  Only a list without
 * strings may be longer than the room: pen_room() before each item.
 *
 * When the buffer fails or is full, the pointer goes to a piece of memory
 * that nobody reads, and stays there; pen_end() tells.
 */
#ifndef EMIT_PEN_H
#define EMIT_PEN_H

#include <smtpwire/transcript.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "transcript/names.h"

/* What may stand between two strings, and how long a string may be that is
 * written without asking for room; a pen makes sure of both. */
enum { PEN_BETWEEN = 768, PEN_SHORT = 224, PEN_ROOM = 1024 };

struct pen {
	struct buffer *b;
	const uint8_t *limit; /* up to here there is room */
	size_t start;         /* length of the buffer at the beginning */
	bool replaced;        /* a string since pen_calm was no UTF-8 */
	uint8_t nowhere[PEN_ROOM];
};

/* Begin at the end of b. */
uint8_t *pen_begin(struct pen *p, struct buffer *b);
/* true: all is in the buffer; false: the buffer is as it was. */
bool pen_end(struct pen *p, const uint8_t *w);
/* The room is used up: more of it.  Neither this nor the next is inlined: what
 * calls them at its end only saves no registers for it. */
uint8_t *pen_more(struct pen *p, uint8_t *w) __attribute__((noinline));
/* A string that is long or needs escapes. */
uint8_t *pen_hard_string(struct pen *p, uint8_t *w, struct sw_bytes v)
    __attribute__((noinline));
/* As a string: base64; lower-case hex of len octets, at most 64. */
uint8_t *pen_base64(struct pen *p, uint8_t *w, struct sw_bytes v);
uint8_t *pen_hex(uint8_t *w, const uint8_t *octets, size_t len);
/* A session's id as a string: PEN_ID octets. */
enum { PEN_ID = 18 };
uint8_t *pen_id(uint8_t *w, uint64_t id);
/* Three digits and more. */
uint8_t *pen_long_number(uint8_t *w, uint64_t v);
/* ns as a number of seconds, with as many fraction digits as it needs (from
 * CLOCK_LONG_NS on three at most); negative: null. */
uint8_t *pen_seconds(uint8_t *w, int64_t ns);

static inline uint8_t *pen_room(struct pen *p, uint8_t *w)
{
	return w > p->limit ? pen_more(p, w) : w;
}

/* A string literal, copied in whole words. */
#define PEN(w, literal) do { \
	static const char text_[(sizeof(literal) + 15) / 16 * 16] = literal; \
	memcpy((w), text_, sizeof(text_)); \
	(w) += sizeof(literal) - 1; \
} while (0)

static inline uint8_t *pen_null(uint8_t *w)
{
	memcpy(w, "null", 4);
	return w + 4;
}

static inline uint8_t *pen_bool(uint8_t *w, bool v)
{
	memcpy(w, v ? "true\0" : "false", 5);
	return w + (v ? 4 : 5);
}

static inline uint8_t *pen_u64(uint8_t *w, uint64_t v)
{
	if (v >= 100)
		return pen_long_number(w, v);
	if (v < 10) {
		*w = (uint8_t)('0' + v);
		return w + 1;
	}
	memcpy(w, buffer_pairs + 2 * v, 2);
	return w + 2;
}

/* A number that may be SW_UNKNOWN. */
static inline uint8_t *pen_known(uint8_t *w, int64_t v)
{
	return v < 0 ? pen_null(w) : pen_u64(w, (uint64_t)v);
}

/* A number that counts from 1, 0: none. */
static inline uint8_t *pen_ref(uint8_t *w, uint64_t v)
{
	return v == 0 ? pen_null(w) : pen_u64(w, v);
}

static inline uint8_t *pen_name(uint8_t *w, const struct name *names,
    size_t count, size_t v)
{
	if (v >= count || names[v].len == 0)
		return pen_null(w);
	*w++ = '"';
	memcpy(w, names[v].text, sizeof(names[v].text));
	w += names[v].len;
	*w++ = '"';
	return w;
}

/* The name of a value, by its table. */
#define PEN_NAME(w, table, v) \
	pen_name((w), (table), sizeof(table) / sizeof((table)[0]), (size_t)(v))

/* Octets of strangers. */
static inline uint8_t *pen_string(struct pen *p, uint8_t *w,
    struct sw_bytes v)
{
	if (v.len > PEN_SHORT || !escape_copy_plain(w + 1, v.data, v.len))
		return pen_hard_string(p, w, v);
	w[0] = '"';
	w += v.len + 1;
	*w++ = '"';
	return pen_room(p, w);
}

/* The same, or null. */
static inline uint8_t *pen_bytes(struct pen *p, uint8_t *w,
    struct sw_bytes v)
{
	return v.data ? pen_string(p, w, v) : pen_null(w);
}

/* Nothing was replaced since now. */
static inline void pen_calm(struct pen *p)
{
	p->replaced = false;
}

#endif
