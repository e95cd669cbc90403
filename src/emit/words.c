/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words.c - small things that all texts for people say in the same way */
#include "emit/words.h"

#include <stdio.h>

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

/* Octets of the character that ends s if it is a blank (Unicode's category Zs),
 * else 0. */
static size_t last_blank(struct slice s)
{
	static const char *const others[] = { "\xc2\xa0", "\xe1\x9a\x80",
		"\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80" };
	const uint8_t *end = s.p + s.len;
	size_t i;

	if (s.len > 0 && end[-1] == ' ')
		return 1;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		size_t len = strlen(others[i]);

		if (s.len >= len && memcmp(end - len, others[i], len) == 0)
			return len;
	}
	/* U+2000 to U+200A */
	if (s.len >= 3 && memcmp(end - 3, "\xe2\x80", 2) == 0 &&
	    end[-1] >= 0x80 && end[-1] <= 0x8a)
		return 3;
	return 0;
}

/* Flags stand behind two blanks, the first of which is the one behind a mark
 * or code where a line begins.  Other blanks may be as wide as two. */
static bool is_before_flags(struct slice before)
{
	size_t blank = last_blank(before);

	if (before.len == 0 || blank > 1)
		return true;
	before.len -= blank;
	return blank > 0 && (before.len == 0 || last_blank(before) > 0);
}

/* Do words of ours begin at i? */
static bool is_ours(struct slice s, size_t i)
{
	static const char *const alone[] = { "[message ", "[content ",
		"[TLS]", "(a line that ", "(a reply that " };
	struct slice rest = slice_from(s, i);
	size_t k;

	switch (s.p[i]) {
	case '{':
		return is_before_flags(slice_head(s, i));
	case '[':
	case '(':
		break;
	default:
		return false;
	}
	if (i > 0)
		return begins(rest, "[and ") &&
		    last_blank(slice_head(s, i)) > 0;
	for (k = 0; k < sizeof(alone) / sizeof(alone[0]); k++)
		if (begins(rest, alone[k]))
			return true;
	return false;
}

void words_said(struct buffer *b, struct slice s)
{
	size_t from = 0, i;

	for (i = 0; i < s.len; i++) {
		char text[5];

		if (!is_ours(s, i))
			continue;
		(void)escape_text(b, slice_make(s.p + from, i - from));
		(void)snprintf(text, sizeof(text), "\\x%02x", s.p[i]);
		buffer_append_str(b, text);
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

const char *words_connect(const struct sw_session *s)
{
	return s->ending == SW_ENDING_NO_ANSWER ||
	    s->ending == SW_ENDING_REFUSED ? "tried to connect" :
	    "connected";
}
