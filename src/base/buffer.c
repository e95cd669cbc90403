/* SPDX-License-Identifier: GPL-2.0-or-later */
/* buffer.c - a growing run of octets that must be given its maximum */
#include "base/buffer.h"

#include <stdlib.h>

const char buffer_pairs[200] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

void buffer_init(struct buffer *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void buffer_fini(struct buffer *b)
{
	free(b->p);
	buffer_init(b, b->max);
}

void buffer_clear(struct buffer *b)
{
	b->len = 0;
	b->full = false;
}

bool buffer_reserve(struct buffer *b, size_t n)
{
	size_t wanted;
	uint8_t *p;

	if (b->failed)
		return false;
	if (n > b->max - b->len) {
		b->full = true;
		return false;
	}
	if (n <= b->capacity - b->len)
		return true;
	wanted = b->capacity > b->max / 2 ? b->max : b->capacity * 2;
	if (wanted < b->len + n)
		wanted = b->len + n;
	if (wanted < 256 && b->max >= 256)
		wanted = 256;
	p = realloc(b->p, wanted);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->capacity = wanted;
	return true;
}

/* Not inlined, so that the usual call stays short. */
static __attribute__((noinline)) bool append_more(struct buffer *b,
    const void *p, size_t len)
{
	if (!buffer_reserve(b, len))
		return false;
	if (len > 0)
		memcpy(b->p + b->len, p, len);
	b->len += len;
	return true;
}

bool buffer_append(struct buffer *b, const void *p, size_t len)
{
	/* Where memory is left the maximum leaves room too. */
	if (len == 0 || len > b->capacity - b->len || b->failed)
		return append_more(b, p, len);
	memcpy(b->p + b->len, p, len);
	b->len += len;
	return true;
}

bool buffer_append_u64(struct buffer *b, uint64_t v)
{
	unsigned n = buffer_digits(v);

	if (!buffer_reserve(b, n))
		return false;
	buffer_put_digits(b->p + b->len, v, n);
	b->len += n;
	return true;
}

bool buffer_append_i64(struct buffer *b, int64_t v)
{
	if (v >= 0)
		return buffer_append_u64(b, (uint64_t)v);
	return buffer_append_char(b, '-') &&
	    buffer_append_u64(b, 0 - (uint64_t)v);
}

bool buffer_append_hex(struct buffer *b, const uint8_t *p, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	if (len > SIZE_MAX / 2 || !buffer_reserve(b, len * 2))
		return false;
	for (i = 0; i < len; i++) {
		b->p[b->len++] = (uint8_t)hex[p[i] >> 4];
		b->p[b->len++] = (uint8_t)hex[p[i] & 15];
	}
	return true;
}
