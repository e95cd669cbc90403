/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_escape.c - octets through every escape
 *
 * What comes out must be harmless on a terminal (no control character, all
 * of it UTF-8), JSON must give back what went in, and a buffer's maximum
 * must hold.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is)
{
	if (!is)
		abort();
}

static void check_harmless(const struct buffer *b)
{
	struct slice s = buffer_slice(b);

	require(escape_is_utf8(s));
	while (s.len > 0) {
		size_t len = escape_utf8_len(s);

		require(len > 0 && s.p[0] >= 0x20 && s.p[0] != 0x7f);
		require(!(len == 2 && s.p[0] == 0xc2 && s.p[1] < 0xa0));
		s = slice_from(s, len);
	}
}

static void check_json(struct buffer *b, struct slice in)
{
	bool replaced = escape_json(b, in);
	json_t *v;

	check_harmless(b);
	require(replaced == !escape_is_utf8(in));
	v = json_loadb((const char *)b->p, b->len,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	require(json_is_string(v));
	if (!replaced)
		require(slice_eq(in, slice_make(json_string_value(v),
		    json_string_length(v))));
	json_decref(v);
}

/* Text can be read back: a run of backslashes before x or u{ ends in an
 * escape if it is odd; else it is half as long. */
static void check_text(const struct buffer *b, struct slice in)
{
	size_t i = 0, at = 0;

	while (i < b->len) {
		size_t run = 0, keep, value = 0;

		while (i + run < b->len && b->p[i + run] == '\\')
			run++;
		i += run;
		if (i == b->len || !(b->p[i] == 'x' || (b->p[i] == 'u' &&
		    i + 1 < b->len && b->p[i + 1] == '{'))) {
			at += run;
			at += i < b->len;
			i += i < b->len;
			continue;
		}
		keep = run / 2;
		at += keep;
		if (run % 2 == 0) {
			at++; /* the x or u itself */
			i++;
			continue;
		}
		if (b->p[i] == 'x') {
			require(i + 2 < b->len);
			value = 1;
			i += 3;
		} else {
			const uint8_t *end = memchr(b->p + i, '}', b->len - i);

			require(end != NULL);
			require(at < in.len);
			value = escape_utf8_len(slice_from(in, at));
			require(value > 1);
			i = (size_t)(end - b->p) + 1;
		}
		at += value;
	}
	require(at == in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct buffer b;
	size_t max = size > 0 ? data[0] : 0;

	buffer_init(&b, size * 8 + 100);
	check_json(&b, in);
	buffer_clear(&b);
	require(escape_text(&b, in));
	check_harmless(&b);
	check_text(&b, in);
	buffer_clear(&b);
	require(escape_base64(&b, in));
	require(b.len == (size + 2) / 3 * 4);
	buffer_fini(&b);
	buffer_init(&b, max);
	(void)escape_json(&b, in);
	(void)escape_text(&b, in);
	require(b.len <= max);
	buffer_fini(&b);
	return 0;
}
