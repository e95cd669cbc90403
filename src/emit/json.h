/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h - writing JSON values straight into a buffer
 *
 * Nothing here reports failure: a buffer that failed or is full stays so,
 * and whoever began the output looks at it once, at the end.
 */
#ifndef EMIT_JSON_H
#define EMIT_JSON_H

#include <smtpwire/transcript.h>

#include "base/buffer.h"
#include "base/escape.h"

/* A string literal, without a call in the usual case. */
#define JSON_LITERAL(b, text) json_put((b), (text), sizeof(text) - 1)

static inline void json_put(struct buffer *b, const void *p, size_t len)
{
	if (len < b->capacity - b->len) {
		memcpy(b->p + b->len, p, len);
		b->len += len;
	} else {
		(void)buffer_append(b, p, len);
	}
}

static inline void json_null(struct buffer *b)
{
	JSON_LITERAL(b, "null");
}

static inline void json_bool(struct buffer *b, bool v)
{
	if (v)
		JSON_LITERAL(b, "true");
	else
		JSON_LITERAL(b, "false");
}

static inline void json_u64(struct buffer *b, uint64_t v)
{
	unsigned n = buffer_digits(v);

	if (n < b->capacity - b->len) {
		buffer_put_digits(b->p + b->len, v, n);
		b->len += n;
	} else {
		(void)buffer_append_u64(b, v);
	}
}

/* A number that may be SW_UNKNOWN. */
static inline void json_known(struct buffer *b, int64_t v)
{
	if (v < 0)
		json_null(b);
	else
		json_u64(b, (uint64_t)v);
}

/* A number that counts from 1, 0: none. */
static inline void json_ref(struct buffer *b, uint64_t v)
{
	if (v == 0)
		json_null(b);
	else
		json_u64(b, v);
}

/* A name of ours (plain ASCII), or NULL. */
static inline void json_name(struct buffer *b, const char *name)
{
	if (!name) {
		json_null(b);
		return;
	}
	JSON_LITERAL(b, "\"");
	json_put(b, name, strlen(name));
	JSON_LITERAL(b, "\"");
}

/* Octets of strangers; true: some were no UTF-8 and are replaced. */
static inline bool json_bytes(struct buffer *b, struct sw_bytes v)
{
	if (v.data)
		return escape_json(b, slice_make(v.data, v.len));
	json_null(b);
	return false;
}

static inline void json_base64(struct buffer *b, struct sw_bytes v)
{
	JSON_LITERAL(b, "\"");
	(void)escape_base64(b, slice_make(v.data, v.len));
	JSON_LITERAL(b, "\"");
}

/* Octets as lower-case hex digits in quotes. */
static inline void json_hex(struct buffer *b, const uint8_t *p, size_t len)
{
	JSON_LITERAL(b, "\"");
	(void)buffer_append_hex(b, p, len);
	JSON_LITERAL(b, "\"");
}

/* ns as a number of seconds, with as many fraction digits as it needs;
 * negative: null. */
static inline void json_seconds(struct buffer *b, int64_t ns)
{
	char fraction[10] = ".";
	int64_t rest = ns % INT64_C(1000000000);
	size_t i, len = 0;

	if (ns < 0) {
		json_null(b);
		return;
	}
	json_u64(b, (uint64_t)(ns / INT64_C(1000000000)));
	for (i = 9; i > 0; i--) {
		fraction[i] = (char)('0' + rest % 10);
		if (len == 0 && rest % 10 != 0)
			len = i + 1;
		rest /= 10;
	}
	json_put(b, fraction, len);
}

#endif
