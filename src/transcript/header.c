/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * header.c - the header fields that a transcript tells
 *
 * RFC 5322 2.2 and 2.2.3: fields, folding.  Values that hold an encoded word
 * (RFC 2047) go to GMime; all others are only unfolded, since GMime costs
 * several times all the rest.
 */
#include <gmime/gmime.h>

#include <threads.h>

#include "transcript/message.h"

#include "base/buffer.h"
#include "base/limits.h"

struct field {
	const char *name;
	size_t offset; /* of the member in struct sw_message */
};

static const struct field fields[] = {
	{ "message-id", offsetof(struct sw_message, message_id) },
	{ "subject", offsetof(struct sw_message, subject) },
	{ "from", offsetof(struct sw_message, header_from) },
	{ "to", offsetof(struct sw_message, header_to) },
	{ "date", offsetof(struct sw_message, date) },
};

static once_flag gmime_once = ONCE_FLAG_INIT;

/* The next line with its end; empty at the end. */
static struct slice next_line(struct slice *rest)
{
	const uint8_t *lf = rest->len ?
	    memchr(rest->p, '\n', rest->len) : NULL;
	struct slice line = slice_head(*rest,
	    lf ? (size_t)(lf - rest->p) + 1 : rest->len);

	*rest = slice_from(*rest, line.len);
	return line;
}

static struct slice without_end(struct slice line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Name of a field line; 0 if it is none. */
static size_t name_len(struct slice line)
{
	const uint8_t *colon = line.len ?
	    memchr(line.p, ':', line.len) : NULL;
	size_t n;

	if (!colon)
		return 0;
	n = (size_t)(colon - line.p);
	while (n > 0 && is_blank(line.p[n - 1])) /* obsolete syntax, 4.5 */
		n--;
	return n;
}

static const struct field *find_field(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (slice_eq_nocase(name, slice_str(fields[i].name)))
			return &fields[i];
	return NULL;
}

static bool has_encoded_word(struct slice s)
{
	const uint8_t *p = s.p, *end;

	if (s.len == 0)
		return false;
	end = s.p + s.len;
	while (p < end && (p = memchr(p, '=', (size_t)(end - p)))) {
		if (end - p > 1 && p[1] == '?')
			return true;
		p++;
	}
	return false;
}

static struct sw_bytes decode(struct slice value, struct arena *arena)
{
	struct sw_bytes out;
	char *text, *decoded;

	call_once(&gmime_once, g_mime_init);
	text = g_strndup((const char *)value.p, value.len);
	decoded = g_mime_utils_header_decode_text(NULL, text);
	out = arena_copy(arena, slice_str(decoded ? decoded : ""));
	g_free(decoded);
	g_free(text);
	return out;
}

/* A Message-ID is told with its brackets and nothing around. */
static struct slice only_brackets(struct slice v)
{
	const uint8_t *open = v.len ? memchr(v.p, '<', v.len) : NULL;
	const uint8_t *close;
	size_t left;

	if (!open)
		return v;
	left = v.len - (size_t)(open - v.p);
	close = memchr(open, '>', left);
	if (!close)
		return v;
	return slice_make(open, (size_t)(close - open) + 1);
}

/* Unfold into value (RFC 5322 2.2.3: the line ends go, the blanks stay). */
static void unfold(struct slice first, struct slice *rest,
    struct buffer *value)
{
	buffer_append_slice(value, without_end(first));
	while (rest->len > 0 && is_blank(rest->p[0]))
		buffer_append_slice(value, without_end(next_line(rest)));
}

static enum sw_status tell(const struct field *f, struct slice value,
    struct sw_message *out, struct arena *arena)
{
	struct sw_bytes *to =
	    (struct sw_bytes *)(void *)((char *)out + f->offset);

	if (to->data)
		return SW_OK; /* the first occurrence counts */
	value = slice_trim(value);
	if (f == &fields[0])
		value = only_brackets(value);
	/* GMime wants C strings: a NUL would cut the value. */
	if (has_encoded_word(value) && !memchr(value.p, '\0', value.len))
		*to = decode(value, arena);
	else
		*to = arena_copy(arena, value);
	return to->data ? SW_OK : SW_ENOMEM;
}

enum sw_status header_fields(struct slice header, struct sw_message *out,
    struct arena *arena)
{
	enum sw_status status = SW_OK;
	struct buffer value;

	buffer_init(&value, LIMIT_HEADER);
	while (header.len > 0 && status == SW_OK) {
		struct slice line = next_line(&header);
		size_t n = name_len(line);
		const struct field *f;

		if (without_end(line).len == 0)
			break;
		f = n ? find_field(slice_head(line, n)) : NULL;
		if (!f)
			continue;
		while (line.p[n] != ':')
			n++;
		buffer_clear(&value);
		unfold(slice_from(line, n + 1), &header, &value);
		status = value.failed ? SW_ENOMEM :
		    tell(f, buffer_slice(&value), out, arena);
	}
	buffer_fini(&value);
	return status;
}
