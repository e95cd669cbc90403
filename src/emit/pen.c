/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pen.c - what a pen does seldom */
#include "emit/pen.h"

#include "base/clock.h"

_Static_assert(PEN_BETWEEN + PEN_SHORT + 32 <= PEN_ROOM,
    "a short string fits behind what stands before it");

static bool is_nowhere(const struct pen *p)
{
	return p->limit == p->nowhere;
}

static uint8_t *go_nowhere(struct pen *p)
{
	p->limit = p->nowhere;
	return p->nowhere;
}

/* Go on at the end of the buffer. */
static uint8_t *at_end(struct pen *p)
{
	struct buffer *b = p->b;

	if (b->failed || b->full || !buffer_reserve(b, PEN_ROOM))
		return go_nowhere(p);
	p->limit = b->p + b->capacity - PEN_ROOM;
	return b->p + b->len;
}

uint8_t *pen_begin(struct pen *p, struct buffer *b)
{
	p->b = b;
	p->start = b->len;
	p->replaced = false;
	return at_end(p);
}

bool pen_end(struct pen *p, const uint8_t *w)
{
	if (is_nowhere(p)) {
		p->b->len = p->start;
		return false;
	}
	p->b->len = (size_t)(w - p->b->p);
	return true;
}

uint8_t *pen_more(struct pen *p, uint8_t *w)
{
	if (is_nowhere(p))
		return p->nowhere;
	p->b->len = (size_t)(w - p->b->p);
	return at_end(p);
}

uint8_t *pen_hard_string(struct pen *p, uint8_t *w, struct sw_bytes v)
{
	if (is_nowhere(p))
		return p->nowhere;
	p->b->len = (size_t)(w - p->b->p);
	if (escape_json(p->b, slice_make(v.data, v.len)))
		p->replaced = true;
	return at_end(p);
}

uint8_t *pen_base64(struct pen *p, uint8_t *w, struct sw_bytes v)
{
	if (is_nowhere(p))
		return p->nowhere;
	*w++ = '"';
	p->b->len = (size_t)(w - p->b->p);
	if (!escape_base64(p->b, slice_make(v.data, v.len)))
		return go_nowhere(p);
	w = at_end(p);
	*w++ = '"';
	return w;
}

uint8_t *pen_hex(uint8_t *w, const uint8_t *octets, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	*w++ = '"';
	for (i = 0; i < len; i++) {
		*w++ = (uint8_t)hex[octets[i] >> 4];
		*w++ = (uint8_t)hex[octets[i] & 15];
	}
	*w++ = '"';
	return w;
}

uint8_t *pen_id(uint8_t *w, uint64_t id)
{
	uint8_t octets[8];
	int i;

	for (i = 0; i < 8; i++)
		octets[i] = (uint8_t)(id >> (56 - 8 * i));
	return pen_hex(w, octets, sizeof(octets));
}

/* 100 to 9999. */
static inline uint8_t *put_hundreds(uint8_t *w, uint32_t v)
{
	uint32_t high = v / 100;

	if (high < 10) {
		*w++ = (uint8_t)('0' + high);
	} else {
		memcpy(w, buffer_pairs + 2 * high, 2);
		w += 2;
	}
	memcpy(w, buffer_pairs + 2 * (v % 100), 2);
	return w + 2;
}

uint8_t *pen_long_number(uint8_t *w, uint64_t v)
{
	uint32_t high, low;

	if (v < 10000)
		return put_hundreds(w, (uint32_t)v);
	if (v >= 100000000)
		return buffer_put_digits(w, v, buffer_digits(v));
	high = (uint32_t)v / 10000;
	low = (uint32_t)v % 10000;
	w = high < 100 ? pen_u64(w, high) : put_hundreds(w, high);
	memcpy(w, buffer_pairs + 2 * (low / 100), 2);
	memcpy(w + 2, buffer_pairs + 2 * (low % 100), 2);
	return w + 4;
}

uint8_t *pen_seconds(uint8_t *w, int64_t ns)
{
	uint32_t rest;
	uint8_t *end;

	if (ns < 0)
		return pen_null(w);
	if (ns >= CLOCK_LONG_NS)
		ns -= ns % 1000000;
	w = pen_u64(w, (uint64_t)(ns / INT64_C(1000000000)));
	rest = (uint32_t)(ns % INT64_C(1000000000));
	if (rest == 0)
		return w;
	*w++ = '.';
	end = buffer_put_nine(w, rest);
	while (end[-1] == '0')
		end--;
	return end;
}
