/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h - writing a few JSON values into a buffer
 *
 * Nothing here reports failure: a buffer that failed or is full stays so,
 * and whoever began the output looks at it once, at the end.
 */
#ifndef EMIT_JSON_H
#define EMIT_JSON_H

#include <smtpwire/transcript.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "emit/pen.h"

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

/* A number that counts from 1, 0: none. */
static inline void json_ref(struct buffer *b, uint64_t v)
{
	if (v == 0)
		json_null(b);
	else
		json_u64(b, v);
}

/* Octets of strangers, or null. */
static inline void json_bytes(struct buffer *b, struct sw_bytes v)
{
	if (v.data)
		(void)escape_json(b, slice_make(v.data, v.len));
	else
		json_null(b);
}

/* A session's id. */
static inline void json_id(struct buffer *b, uint64_t id)
{
	uint8_t text[PEN_ID];

	pen_id(text, id);
	json_put(b, text, sizeof(text));
}

#endif
