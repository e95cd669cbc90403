/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * header.c - the header fields that a transcript tells
 *
 * RFC 5322 2.2 and 2.2.3: fields, folding.  Values that hold an encoded word
 * (RFC 2047) go to GMime; all others are only unfolded, since GMime costs
 * several times all the rest.
 *
 * GMime brings some fifteen other libraries, whose loading takes longer than
 * reading a small capture; so it is loaded at the first encoded word, or when
 * header_load() says so.  Where it is not to be had the words are told as they
 * stand.
 */
#include <gmime/gmime.h>

#include <iconv.h>
#include <stdlib.h>
#include <threads.h>

#include "base/library.h"
#include "transcript/message.h"

#include "base/buffer.h"
#include "base/limits.h"

struct field {
	const char *name;
	size_t len;    /* of the name */
	size_t offset; /* of the member in struct sw_message */
};

#define FIELD(name, member) \
	{ name, sizeof(name) - 1, offsetof(struct sw_message, member) }

enum { FIELD_MESSAGE_ID, FIELD_SUBJECT, FIELD_FROM, FIELD_TO, FIELD_DATE };

static const struct field fields[] = {
	[FIELD_MESSAGE_ID] = FIELD("message-id", message_id),
	[FIELD_SUBJECT] = FIELD("subject", subject),
	[FIELD_FROM] = FIELD("from", header_from),
	[FIELD_TO] = FIELD("to", header_to),
	[FIELD_DATE] = FIELD("date", date),
};

#define GMIME_LIBRARY "libgmime-3.0.so.0"

typedef void (*init_function)(void);
typedef char *(*decode_function)(GMimeParserOptions *options,
    const char *text);
typedef void (*free_function)(void *memory);

/* The C library's converter for a character set is another file each.  Those
 * of mail that comes from somewhere: */
static const char *const charsets[] = {
	"US-ASCII", "ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4",
	"ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9",
	"ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-15",
	"ISO-8859-16", "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252",
	"WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256",
	"WINDOWS-1257", "WINDOWS-1258", "KOI8-R", "KOI8-U", "TIS-620",
	"ISO-2022-JP", "EUC-JP", "SHIFT_JIS", "CP932", "GB2312", "GBK",
	"GB18030", "BIG5", "BIG5-HKSCS", "EUC-KR", "CP949", "ISO-2022-KR",
	"IBM437", "IBM850", "IBM866", "MACINTOSH", "UTF-7", "UTF-16",
};
enum { CHARSETS = sizeof(charsets) / sizeof(charsets[0]) };

/* Openings of words without an end that GMime is given at once. */
enum { OPENINGS = 16 };

static once_flag gmime_once = ONCE_FLAG_INIT;
/* Set once, by gmime_load; decode is NULL without GMime. */
static struct {
	decode_function decode;
	free_function free;
	/* Never used: a converter stays loaded while somebody has it open. */
	iconv_t held[CHARSETS];
} gmime;

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

/* Is this a line of the field?  *value_r: what stands behind the colon. */
static bool is_field(const struct field *f, struct slice line,
    struct slice *value_r)
{
	size_t n = f->len;

	if (!slice_has_prefix_nocase(line, slice_make(f->name, n)))
		return false;
	while (n < line.len && is_blank(line.p[n])) /* obsolete syntax, 4.5 */
		n++;
	*value_r = slice_from(line, n + 1);
	return n < line.len && line.p[n] == ':';
}

/* NULL: none that is told. */
static const struct field *find_field(struct slice line,
    struct slice *value_r)
{
	const struct field *f;

	switch (line.p[0] | 0x20) { /* no two of `fields` begin alike */
	case 'm':
		f = &fields[FIELD_MESSAGE_ID];
		break;
	case 's':
		f = &fields[FIELD_SUBJECT];
		break;
	case 'f':
		f = &fields[FIELD_FROM];
		break;
	case 't':
		f = &fields[FIELD_TO];
		break;
	case 'd':
		f = &fields[FIELD_DATE];
		break;
	default:
		return NULL;
	}
	return is_field(f, line, value_r) ? f : NULL;
}

/* Where the first "=?" at `from` or behind it stands; s.len: there is none. */
static size_t next_opening(struct slice s, size_t from)
{
	for (; s.len - from >= 2; from++) {
		const uint8_t *p = memchr(s.p + from, '=', s.len - from - 1);

		if (!p)
			break;
		from = (size_t)(p - s.p);
		if (p[1] == '?')
			return from;
	}
	return s.len;
}

/* Where the last "?=" ends; 0: there is none. */
static size_t last_end(struct slice s)
{
	size_t i;

	for (i = s.len; i >= 2; i--)
		if (s.p[i - 1] == '=' && s.p[i - 2] == '?')
			return i;
	return 0;
}

static bool has_encoded_word(struct slice s)
{
	return s.len > 0 && next_opening(s, 0) < s.len;
}

static void gmime_load(void)
{
	init_function init;
	decode_function decode;
	const struct library_function functions[] = {
		{ "g_mime_init", &init },
		{ "g_mime_utils_header_decode_text", &decode },
		{ "g_free", &gmime.free } /* of one that it depends on */
	};

	if (!library_load(GMIME_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0])))
		return;
	init();
	gmime.decode = decode;
}

void header_load(void)
{
	size_t i;

	call_once(&gmime_once, gmime_load);
	for (i = 0; i < CHARSETS && !gmime.held[i]; i++)
		gmime.held[i] = iconv_open("UTF-8", charsets[i]);
}

static bool decode_piece(struct slice piece, struct buffer *out)
{
	char *text, *decoded;

	if (piece.len == 0)
		return true;
	text = strndup((const char *)piece.p, piece.len);
	if (!text)
		return false;
	decoded = gmime.decode(NULL, text);
	if (decoded)
		buffer_append_str(out, decoded);
	gmime.free(decoded);
	free(text);
	return !out->failed;
}

/* Where a piece ends that begins at `from`: before one opening too many. */
static size_t piece_end(struct slice s, size_t from)
{
	unsigned i;

	from = next_opening(s, from);
	for (i = 0; i < OPENINGS && from < s.len; i++)
		from = next_opening(s, from + 2);
	return from;
}

/* GMime looks for the end of each word up to that of the text.  So where no
 * word ends any more the text is cut. */
static bool decode_pieces(struct slice value, struct buffer *out)
{
	size_t from = 0, to = piece_end(value, last_end(value));

	while (decode_piece(slice_head(slice_from(value, from), to - from),
	    out)) {
		if (to == value.len)
			return true;
		from = to;
		to = piece_end(value, from);
	}
	return false;
}

static struct sw_bytes decode(struct slice value, struct arena *arena)
{
	struct sw_bytes out = { NULL, 0 };
	struct buffer text;

	call_once(&gmime_once, gmime_load);
	if (!gmime.decode)
		return arena_copy(arena, value);
	buffer_init(&text, SIZE_MAX);
	if (decode_pieces(value, &text))
		out = arena_copy(arena, buffer_slice(&text));
	buffer_fini(&text);
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

/* The value without line ends (RFC 5322 2.2.3: the blanks stay), in memory
 * of joined when it has several lines. */
static struct slice unfold(struct slice first, struct slice *rest,
    struct buffer *joined)
{
	if (rest->len == 0 || !is_blank(rest->p[0]))
		return without_end(first);
	buffer_clear(joined);
	buffer_append_slice(joined, without_end(first));
	while (rest->len > 0 && is_blank(rest->p[0]))
		buffer_append_slice(joined, without_end(next_line(rest)));
	return buffer_slice(joined);
}

static enum sw_status tell(const struct field *f, struct slice value,
    struct sw_message *out, struct arena *arena)
{
	struct sw_bytes *to =
	    (struct sw_bytes *)(void *)((char *)out + f->offset);

	if (to->data)
		return SW_OK; /* the first occurrence counts */
	value = slice_trim(value);
	if (f == &fields[FIELD_MESSAGE_ID])
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
	struct buffer joined;

	buffer_init(&joined, LIMIT_HEADER);
	while (header.len > 0 && status == SW_OK) {
		struct slice line = next_line(&header), value;
		const struct field *f;

		if (line.len <= 2 && without_end(line).len == 0)
			break;
		f = find_field(line, &value);
		if (!f)
			continue;
		value = unfold(value, &header, &joined);
		status = joined.failed ? SW_ENOMEM :
		    tell(f, value, out, arena);
	}
	buffer_fini(&joined);
	return status;
}
