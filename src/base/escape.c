/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * escape.c - octets of strangers made harmless for one kind of output
 *
 * Runs of plain ASCII, which is nearly all of what is met, are found eight
 * octets at a time; the rest goes through a table.
 */
#include "base/escape.h"

/* Input octets escaped in one go, and what one octet becomes at most
 * (backslash u and four digits; \u{NNNNNN} for four octets is less). */
#define REPLACEMENT 0xfffd /* U+FFFD, for what is no character */

enum { CHUNK = 1024, GROWTH = 6, SLACK = 32 };

static const char hex_digits[] = "0123456789abcdef";

/* --- UTF-8 -------------------------------------------------------------- */

static bool is_continuation(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * Range of the second octet, by the first (RFC 3629 section 4), and how
 * long the sequence is; 0: no first octet.
 */
static size_t utf8_head(uint8_t c, uint8_t *low_r, uint8_t *high_r)
{
	*low_r = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	*high_r = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	if (c >= 0xf0 && c <= 0xf4)
		return 4;
	return 0;
}

/* Octets of the maximal subpart at the start of s (Unicode, 3.9); *ok_r:
 * it is a whole sequence. */
static size_t utf8_subpart(const uint8_t *p, const uint8_t *end, bool *ok_r)
{
	uint8_t low, high;
	size_t len = utf8_head(*p, &low, &high), i;

	*ok_r = false;
	if (len == 0)
		return 1;
	for (i = 1; i < len; i++) {
		if (p + i == end)
			return i;
		if (i == 1 ? p[1] < low || p[1] > high :
		    !is_continuation(p[i]))
			return i;
	}
	*ok_r = true;
	return len;
}

/* The code point of a well-formed sequence. */
static uint32_t utf8_decode(const uint8_t *p, size_t len)
{
	static const uint8_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = p[0] & masks[len];
	size_t i;

	for (i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

size_t escape_utf8_put(uint8_t u[4], uint32_t c)
{
	size_t n, i;

	if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		c = REPLACEMENT;
	n = (size_t)1 + (c >= 0x80) + (c >= 0x800) + (c >= 0x10000);
	if (n == 1) {
		u[0] = (uint8_t)c;
		return 1;
	}
	for (i = n; --i > 0; c >>= 6)
		u[i] = (uint8_t)(0x80 | (c & 0x3f));
	u[0] = (uint8_t)(0xf00 >> n | c);
	return n;
}

size_t escape_utf16_put(uint8_t u[6], uint16_t *high, uint16_t unit)
{
	uint16_t first = *high;
	size_t n = 0;

	*high = 0;
	if (first && unit >= 0xdc00 && unit <= 0xdfff)
		return escape_utf8_put(u, 0x10000 +
		    ((uint32_t)(first - 0xd800) << 10) +
		    (uint32_t)(unit - 0xdc00));
	if (first)
		n = escape_utf8_put(u, REPLACEMENT);
	if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
		return n;
	}
	return n + escape_utf8_put(u + n, unit);
}

size_t escape_utf8_len(struct slice s)
{
	size_t len;
	bool ok;

	if (s.len == 0)
		return 0;
	len = utf8_subpart(s.p, s.p + s.len, &ok);
	return ok ? len : 0;
}

/* --- eight octets at once ----------------------------------------------- */

static bool is_plain_text(uint64_t v)
{
	return (escape_has_special(v) |
	    escape_has_zero(v ^ ESCAPE_ONES * '\\')) == 0;
}

size_t escape_plain_len(struct slice s)
{
	size_t i = 0;

	while (s.len - i >= 8 && escape_has_special(escape_load8(s.p + i)) == 0)
		i += 8;
	while (i < s.len && s.p[i] >= 0x20 && s.p[i] < 0x7f)
		i++;
	return i;
}

bool escape_is_utf8(struct slice s)
{
	const uint8_t *p = s.p, *end = s.len > 0 ? p + s.len : p;
	bool ok = true;

	while (p < end && ok) {
		if (end - p >= 8 && (escape_load8(p) & ESCAPE_HIGHS) == 0)
			p += 8;
		else
			p += utf8_subpart(p, end, &ok);
	}
	return ok;
}

/* --- what must not reach a terminal ------------------------------------- */

/*
 * Does it turn, hide or disguise the text beside it, or cannot be seen itself?
 * DEL and C1, line and paragraph separators, bidirectional controls (UAX 9),
 * interlinear annotations, and what Unicode calls
 * Default_Ignorable_Code_Point (DerivedCoreProperties.txt, 15.0): fillers,
 * joiners, variation selectors, tags.  And what is drawn as nothing, but is no
 * blank: U+2800 (a Braille pattern without dots), U+1D159.
 */
static bool is_unseen(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f },
		{ 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0x2800, 0x2800 }, { 0x3164, 0x3164 },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
		{ 0x1d159, 0x1d159 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff },
	};
	size_t low = 0, high = sizeof(ranges) / sizeof(ranges[0]);

	while (low < high) {
		size_t i = (low + high) / 2;

		if (c > ranges[i].last)
			low = i + 1;
		else if (c < ranges[i].first)
			high = i;
		else
			return true;
	}
	return false;
}

static uint8_t *put(uint8_t *w, const char *s, size_t len)
{
	memcpy(w, s, len);
	return w + len;
}

static uint8_t *put_hex(uint8_t *w, uint32_t v, int digits)
{
	while (digits-- > 0)
		*w++ = (uint8_t)hex_digits[v >> (4 * digits) & 15];
	return w;
}

/* --- chunks ------------------------------------------------------------- */

/* What goes on from chunk to chunk. */
struct state {
	const uint8_t *end; /* of all input */
	bool replaced;      /* JSON: something was no UTF-8 */
	const uint8_t *run; /* text: where the run of backslashes ends */
	bool doubled;       /* text: they are doubled */
};

/* Escapes from *p at least up to stop (a sequence that crosses it is
 * finished) and returns the new w. */
typedef uint8_t *(*chunk_fn)(uint8_t *w, const uint8_t **p,
    const uint8_t *stop, struct state *st);

/* Straight into the buffer while there is room for the worst case, through
 * a piece of stack where the buffer's maximum is near. */
static bool escape_chunks(struct buffer *b, struct slice s, chunk_fn chunk,
    struct state *st)
{
	const uint8_t *p = s.p;

	if (s.len == 0)
		return !b->failed && !b->full;
	st->end = st->run = p;
	st->end += s.len;
	while (p < st->end) {
		size_t left = (size_t)(st->end - p);
		size_t n = left < CHUNK ? left : CHUNK;
		size_t worst = n * GROWTH + SLACK;

		if (worst <= b->max - b->len) {
			if (!buffer_reserve(b, worst))
				return false;
			b->len = (size_t)(chunk(b->p + b->len, &p, p + n, st) -
			    b->p);
		} else {
			uint8_t piece[16 * GROWTH + SLACK];

			n = n < 16 ? n : 16;
			worst = (size_t)(chunk(piece, &p, p + n, st) - piece);
			if (!buffer_append(b, piece, worst))
				return false;
		}
	}
	return true;
}

/* --- JSON --------------------------------------------------------------- */

/* The letter behind the backslash, 'u' for \u00NN, 0 for none. */
static const char json_short[0x60] = {
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	['"'] = '"', ['\\'] = '\\',
};

static uint8_t *json_ascii(uint8_t *w, uint8_t c)
{
	char letter = c < sizeof(json_short) ? json_short[c] : '\0';

	if (c == 0x7f)
		letter = 'u';
	if (!letter) {
		*w++ = c;
		return w;
	}
	*w++ = '\\';
	*w++ = (uint8_t)letter;
	return letter == 'u' ? put_hex(w, c, 4) : w;
}

/* As one or two code units of UTF-16. */
static uint8_t *json_unit(uint8_t *w, uint32_t c)
{
	if (c > 0xffff) {
		w = put_hex(put(w, "\\u", 2), 0xd7c0 + (c >> 10), 4);
		c = 0xdc00 | (c & 0x3ff);
	}
	return put_hex(put(w, "\\u", 2), c, 4);
}

static uint8_t *json_multi(uint8_t *w, const uint8_t **p, struct state *st)
{
	bool ok;
	size_t len = utf8_subpart(*p, st->end, &ok);
	const uint8_t *at = *p;
	uint32_t c;

	*p += len;
	if (!ok) {
		st->replaced = true;
		return put(w, "\xef\xbf\xbd", 3);
	}
	c = utf8_decode(at, len);
	if (is_unseen(c))
		return json_unit(w, c);
	memcpy(w, at, len);
	return w + len;
}

static uint8_t *json_chunk(uint8_t *w, const uint8_t **p,
    const uint8_t *stop, struct state *st)
{
	const uint8_t *in = *p;

	while (in < stop) {
		if (stop - in >= 8 && escape_is_plain8(escape_load8(in))) {
			memcpy(w, in, 8);
			w += 8;
			in += 8;
		} else if (*in < 0x80) {
			w = json_ascii(w, *in++);
		} else {
			w = json_multi(w, &in, st);
		}
	}
	*p = in;
	return w;
}

/* The usual string: short, nothing in it to be escaped, and room for it.
 * false: it is another one, nothing was appended. */
static bool append_plain_json(struct buffer *b, struct slice s)
{
	uint8_t *w;

	if (s.len == 0 || s.len > CHUNK || b->capacity - b->len < s.len + 2)
		return false;
	w = b->p + b->len;
	if (!escape_copy_plain(w + 1, s.p, s.len))
		return false;
	w[0] = w[s.len + 1] = '"';
	b->len += s.len + 2;
	return true;
}

bool escape_json(struct buffer *b, struct slice s)
{
	struct state st = { NULL, false, NULL, false };

	if (append_plain_json(b, s))
		return false;
	buffer_append_char(b, '"');
	if (escape_chunks(b, s, json_chunk, &st))
		buffer_append_char(b, '"');
	return st.replaced;
}

/* --- base64 ------------------------------------------------------------- */

bool escape_base64(struct buffer *b, struct slice s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	if (s.len > SIZE_MAX / 2 || !buffer_reserve(b, (s.len + 2) / 3 * 4))
		return false;
	for (i = 0; i < s.len; i += 3) {
		size_t left = s.len - i;
		uint32_t v = (uint32_t)s.p[i] << 16 |
		    (left > 1 ? (uint32_t)s.p[i + 1] << 8 : 0) |
		    (left > 2 ? (uint32_t)s.p[i + 2] : 0);
		uint8_t *w = b->p + b->len;

		w[0] = (uint8_t)letters[v >> 18];
		w[1] = (uint8_t)letters[v >> 12 & 63];
		w[2] = (uint8_t)(left > 1 ? letters[v >> 6 & 63] : '=');
		w[3] = (uint8_t)(left > 2 ? letters[v & 63] : '=');
		b->len += 4;
	}
	return true;
}

/* --- text --------------------------------------------------------------- */

/* The escape of what stands at p, if it is to be escaped; *used_r: octets
 * of input. */
static uint8_t *text_special(uint8_t *w, const uint8_t *p,
    const uint8_t *end, size_t *used_r)
{
	bool ok;
	uint32_t c;
	size_t len = utf8_subpart(p, end, &ok), i;

	*used_r = len;
	if (!ok) {
		for (i = 0; i < len; i++)
			w = put_hex(put(w, "\\x", 2), p[i], 2);
		return w;
	}
	c = utf8_decode(p, len);
	if (c < 0x20 || c == 0x7f)
		return put_hex(put(w, "\\x", 2), c, 2);
	if (c < 0x80 || !is_unseen(c)) {
		memcpy(w, p, len);
		return w + len;
	}
	w = put_hex(put(w, "\\u{", 3), c, c > 0xffff ? 6 : 4);
	*w++ = '}';
	return w;
}

/* Would what follows a backslash make it look like an escape, or be shown
 * as one itself? */
static bool text_follows(const uint8_t *p, const uint8_t *end)
{
	uint8_t w[SLACK];
	size_t used;

	if (p == end)
		return false;
	if (*p == 'x' || (*p == 'u' && end - p > 1 && p[1] == '{'))
		return true;
	return text_special(w, p, end, &used) > w && w[0] == '\\';
}

/*
 * Backslashes are doubled, all of a run, where the octet behind the run
 * makes the last one look like an escape; so it can be read back: an odd
 * number before x or u{ ends in an escape, an even one is half of them.
 */
static uint8_t *text_backslash(uint8_t *w, const uint8_t *p,
    struct state *st)
{
	if (p >= st->run) {
		st->run = p;
		while (st->run < st->end && *st->run == '\\')
			st->run++;
		st->doubled = text_follows(st->run, st->end);
	}
	*w++ = '\\';
	if (st->doubled)
		*w++ = '\\';
	return w;
}

static uint8_t *text_chunk(uint8_t *w, const uint8_t **p,
    const uint8_t *stop, struct state *st)
{
	const uint8_t *in = *p;
	size_t used;

	while (in < stop) {
		if (stop - in >= 8 && is_plain_text(escape_load8(in))) {
			memcpy(w, in, 8);
			w += 8;
			in += 8;
		} else if (*in == '\\') {
			w = text_backslash(w, in++, st);
		} else if (*in >= 0x20 && *in < 0x7f) {
			*w++ = *in++;
		} else {
			w = text_special(w, in, st->end, &used);
			in += used;
		}
	}
	*p = in;
	return w;
}

bool escape_text(struct buffer *b, struct slice s)
{
	struct state st = { NULL, false, NULL, false };

	return escape_chunks(b, s, text_chunk, &st);
}
