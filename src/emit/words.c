/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words.c - small things that all texts for people say in the same way */
#include "emit/words.h"

#include "base/escape.h"
#include "emit/pen.h"

void words_bytes(struct buffer *b, struct sw_bytes v)
{
	if (v.data)
		(void)escape_text(b, slice_make(v.data, v.len));
	else
		(void)buffer_append_str(b, "?");
}

static bool begins(struct slice s, const char *word)
{
	return slice_eq(slice_head(s, strlen(word)), slice_str(word));
}

void words_said(struct buffer *b, struct slice s)
{
	size_t from = 0, i;

	if (begins(s, "[message ") || begins(s, "[content ")) {
		buffer_append_str(b, "\\x5b");
		from = 1;
	}
	/* Behind a reply's code stands a blank already. */
	for (i = 1; i < s.len; i++) {
		if (s.p[i] != '{' || s.p[i - 1] != ' ' ||
		    (i > 1 && s.p[i - 2] != ' '))
			continue;
		(void)escape_text(b, slice_make(s.p + from, i - from));
		buffer_append_str(b, "\\x7b");
		from = i + 1;
	}
	(void)escape_text(b, slice_from(s, from));
}

void words_count(struct buffer *b, uint64_t n, const char *what)
{
	(void)buffer_append_u64(b, n);
	(void)buffer_append_str(b, " ");
	(void)buffer_append_str(b, what);
	if (n != 1)
		(void)buffer_append_str(b, "s");
}

void words_endpoint(struct buffer *b, const struct sw_endpoint *e)
{
	bool v6 = e->ip.data && memchr(e->ip.data, ':', e->ip.len);

	if (v6 && e->port >= 0)
		(void)buffer_append_str(b, "[");
	words_bytes(b, e->ip);
	if (v6 && e->port >= 0)
		(void)buffer_append_str(b, "]");
	if (e->port >= 0) {
		(void)buffer_append_str(b, ":");
		(void)buffer_append_u64(b, (uint64_t)e->port);
	}
}

void words_id(struct buffer *b, uint64_t id)
{
	uint8_t text[PEN_ID];

	pen_id(text, id);
	(void)buffer_append(b, text + 1, PEN_ID - 2); /* without quotes */
}
