/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secrets.c - what a session's AUTH exchanges bear, and texts without it */
#include "transcript/secrets.h"

#include <stdlib.h>

#include "transcript/auth.h"

/* Octets that are looked for: of a line as it was sent (no word of a text
 * begins like base64), of a decoded password. */
enum { LOOK_SENT = 6, LOOK_DECODED = 8 };
/* Letters of base64 in a row that may be of a secret: in a reply, which has
 * ids and names too; in a line that nobody understands. */
enum { LOOSE_LEAST = 16, QUOTED_LEAST = 8 };

/* The beginning of one secret, in lower case. */
struct secret {
	uint8_t octets[LOOK_DECODED];
	uint8_t len;
	bool word; /* too short to be looked for within words */
	bool plain; /* ... and made of letters as words are */
	bool sent; /* of a line, whose beginning may be lost */
};

struct secrets {
	struct secret kept[SECRETS_KEPT]; /* ring */
	size_t count, next;
	bool begins[256];  /* octets that one begins with, or ever did */
};

void secrets_free(struct secrets **s)
{
	free(*s);
	*s = NULL;
}

size_t secrets_memory(const struct secrets *s)
{
	return s ? sizeof(*s) : 0;
}

static bool is_known(const struct secrets *s, const struct secret *one)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->kept[i].len == one->len &&
		    memcmp(s->kept[i].octets, one->octets, one->len) == 0)
			return true;
	return false;
}

/* Of base64, capitals stand within as a rule. */
static bool is_plain(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!ascii_is_alpha(s.p[i]) ||
		    (i > 0 && ascii_lower(s.p[i]) != s.p[i]))
			return false;
	return true;
}

static void keep(struct secrets *s, struct slice octets, size_t look)
{
	struct secret one = { .len = (uint8_t)slice_head(octets, look).len,
		.word = octets.len < look, .sent = look == LOOK_SENT };
	size_t i;

	if (octets.len < SECRET_LEAST)
		return;
	one.plain = one.word && is_plain(octets);
	for (i = 0; i < one.len; i++)
		one.octets[i] = ascii_lower(octets.p[i]);
	if (is_known(s, &one))
		return;
	s->kept[s->next] = one;
	s->next = (s->next + 1) % SECRETS_KEPT;
	if (s->count < SECRETS_KEPT)
		s->count++;
	s->begins[one.octets[0]] = true;
}

bool secrets_add(struct secrets **s, struct slice mechanism, unsigned step,
    struct slice sent)
{
	uint8_t decoded[LOOK_DECODED];
	size_t len;

	if (!*s)
		*s = calloc(1, sizeof(**s));
	if (!*s)
		return false;
	sent = slice_trim(sent);
	keep(*s, sent, LOOK_SENT);
	len = auth_secret(mechanism, step, sent, decoded, sizeof(decoded));
	keep(*s, slice_make(decoded, len), LOOK_DECODED);
	return true;
}

bool secrets_add_stray(struct secrets **s, struct slice line)
{
	size_t n;

	line = slice_trim(line);
	n = line.len;
	while (n > 0 && line.p[n - 1] != ' ' && line.p[n - 1] != '\t')
		n--;
	return secrets_add(s, slice_make(NULL, 0), 0, slice_from(line, n));
}

/* --- looking for those that are kept ------------------------------------ */

static bool is_quoted_at(const struct secret *one, struct slice text,
    size_t at)
{
	size_t i, end = at + one->len;

	if (one->len > text.len - at)
		return false;
	for (i = 0; i < one->len; i++)
		if (ascii_lower(text.p[at + i]) != one->octets[i])
			return false;
	return !one->word || ((at == 0 || !ascii_is_alnum(text.p[at - 1])) &&
	    (end == text.len || !ascii_is_alnum(text.p[end])));
}

/* The reply may quote all of a line of which the rest was kept. */
static size_t run_begin(const struct secret *one, struct slice text,
    size_t at)
{
	while (one->sent && !one->word && at > 0 && text.p[at - 1] != '=' &&
	    auth_is_base64(slice_make(text.p + at - 1, 1)))
		at--;
	return at;
}

static size_t find_kept(const struct secrets *s, struct slice text,
    bool plain)
{
	size_t at, i;

	for (at = 0; at < text.len; at++) {
		if (!s->begins[ascii_lower(text.p[at])])
			continue;
		for (i = 0; i < s->count; i++)
			if ((plain || !s->kept[i].plain) &&
			    is_quoted_at(&s->kept[i], text, at))
				return run_begin(&s->kept[i], text, at);
	}
	return text.len;
}

/* Does the end of text have the first octets of that one, and no more? */
static bool is_begun_at(const struct secret *one, struct slice text,
    size_t at)
{
	size_t i, n = text.len - at;

	if (n >= one->len)
		return false;
	for (i = 0; i < n; i++)
		if (ascii_lower(text.p[at + i]) != one->octets[i])
			return false;
	return !one->word || at == 0 || !ascii_is_alnum(text.p[at - 1]);
}

size_t secrets_find_begun(const struct secrets *s, struct slice text)
{
	size_t at = text.len > LOOK_DECODED ? text.len - LOOK_DECODED : 0, i;

	if (!s)
		return text.len;
	for (; text.len - at >= SECRET_LEAST; at++)
		for (i = 0; i < s->count; i++)
			if (is_begun_at(&s->kept[i], text, at))
				return run_begin(&s->kept[i], text, at);
	return text.len;
}

/* --- knowing them by their letters -------------------------------------- */

enum letter { LETTER_LOWER, LETTER_UPPER, LETTER_DIGIT };

static enum letter kind_of(uint8_t c)
{
	if (ascii_is_digit(c))
		return LETTER_DIGIT;
	return c >= 'A' && c <= 'Z' ? LETTER_UPPER : LETTER_LOWER;
}

/* Base64 changes between capitals, small letters and digits at every other
 * letter, "MessageRejected" less often: letters alone may be such a name,
 * unless their number is that of base64. */
static size_t changes_wanted(size_t len, bool any_length)
{
	return any_length || len % 4 == 0 ? (len + 2) / 3 : (len + 1) / 2;
}

/* Hexadecimal numbers are no base64. */
static bool is_dense(struct slice s, bool any_length)
{
	size_t i, changes = 0, hex = 0, digits = 0;

	for (i = 0; i < s.len; i++) {
		uint8_t c = ascii_lower(s.p[i]);
		bool digit = ascii_is_digit(c) || c == '+';

		digits += digit;
		hex += digit || (c >= 'a' && c <= 'f');
		changes += i > 0 && kind_of(s.p[i]) != kind_of(s.p[i - 1]);
	}
	return s.len >= QUOTED_LEAST && hex < s.len &&
	    changes >= changes_wanted(s.len, any_length || digits > 0);
}

/* Letters of base64: are they hardly words, names or numbers?  Of dates and
 * paths each piece is.  any_length: though some are missing. */
static bool is_scrambled(struct slice run, bool any_length)
{
	size_t from = 0, i;

	for (i = 0; i <= run.len; i++) {
		if (i < run.len && run.p[i] != '/')
			continue;
		if (is_dense(slice_make(run.p + from, i - from), any_length))
			return true;
		from = i + 1;
	}
	return run.len % 4 == 0 && run.p[run.len - 1] == '=';
}

/* The letters of base64 that text begins with; '=' at their end, unless it
 * is that of "key=value". */
static size_t run_length(struct slice text)
{
	size_t n = 0, end;

	while (n < text.len && text.p[n] != '=' &&
	    auth_is_base64(slice_make(text.p + n, 1)))
		n++;
	for (end = n; n > 0 && end < text.len && text.p[end] == '='; )
		end++;
	return end < text.len && ascii_is_alnum(text.p[end]) ? n : end;
}

static size_t find_scrambled(struct slice text)
{
	size_t at = 0, n;

	while (at < text.len) {
		n = run_length(slice_from(text, at));
		if (n >= LOOSE_LEAST &&
		    is_scrambled(slice_make(text.p + at, n), false))
			return at;
		at += n > 0 ? n : 1;
	}
	return text.len;
}

/* What a server quotes because it was no base64: a password that was typed or
 * sent as it is (sendmail: "501 5.5.4 cannot BASE64 decode 'xyz'"). */
static size_t find_undecoded(struct slice text)
{
	size_t at = slice_find_nocase(text, slice_str("base64"));

	at += slice_find_nocase(slice_from(text, at), slice_str("decode"));
	while (at < text.len && !memchr("'\"`<", text.p[at], 4))
		at++;
	return at < text.len ? at + 1 : at;
}

size_t secrets_find(const struct secrets *s, struct slice text, bool loose)
{
	size_t at = s ? find_kept(s, text, true) : text.len, other;

	if (!loose)
		return at;
	other = find_scrambled(text);
	at = other < at ? other : at;
	other = find_undecoded(text);
	return other < at ? other : at;
}

size_t secrets_find_in_reply(const struct secrets *s, int32_t code,
    struct slice line, bool loose)
{
	if (code >= 400 || code == 235)
		return secrets_find(s, line, loose);
	if (!s || (code == 334 && auth_is_prompt(line)))
		return line.len;
	return find_kept(s, line, false);
}

/* --- texts of unknown shape --------------------------------------------- */

/* As is_scrambled; of the right length even "PassWord" may be some. */
static bool may_be_base64(struct slice run)
{
	size_t i, lower = 0, other = 0, hex = 0;

	if (is_scrambled(run, true))
		return true;
	for (i = 0; i < run.len; i++) {
		bool small = run.p[i] >= 'a' && run.p[i] <= 'z';

		lower += small;
		other += !small && i > 0;
		hex += ascii_is_digit(run.p[i]) ||
		    ((run.p[i] | 0x20) >= 'a' && (run.p[i] | 0x20) <= 'f');
	}
	return run.len % 4 == 0 && lower > 0 && other > 0 && hex < run.len &&
	    !memchr(run.p, '/', run.len);
}

static bool is_base64(struct slice run)
{
	return is_scrambled(run, false);
}

static void quote(struct buffer *b, struct slice text,
    bool (*is_secret)(struct slice run))
{
	while (text.len > 0) {
		struct slice run = slice_head(text, run_length(text));

		if (run.len == 0)
			run = slice_head(text, 1);
		if (run.len >= QUOTED_LEAST && is_secret(run))
			buffer_append_str(b, "***");
		else
			buffer_append_slice(b, run);
		text = slice_from(text, run.len);
	}
}

void secrets_quote(struct buffer *b, struct slice text)
{
	quote(b, text, is_base64);
}

/* Words behind which a secret stands; within: also within a word. */
static const struct {
	const char *word;
	bool within;
} announcing[] = {
	{ "AUTH", true },   /* RFC 4954; AUTHENTICATE, RFC 9051 */
	{ "PASS", false },  /* RFC 1939 */
	{ "PASSWORD", false },
	{ "LOGIN", false }, /* RFC 9051 */
	{ "BEARER", false }, /* RFC 6750 */
};

static size_t find_announcing(struct slice text, const char *word,
    bool within)
{
	size_t at = 0, len = strlen(word), end;

	while (at < text.len) {
		at += slice_find_nocase(slice_from(text, at),
		    slice_str(word));
		if (at == text.len)
			break;
		end = at + len;
		if (within || ((at == 0 || !ascii_is_alnum(text.p[at - 1])) &&
		    end < text.len && !ascii_is_alnum(text.p[end])))
			return end;
		at = end;
	}
	return text.len;
}

void secrets_quote_line(struct buffer *b, struct slice line)
{
	size_t i, at, first = line.len;

	for (i = 0; i < sizeof(announcing) / sizeof(announcing[0]); i++) {
		at = find_announcing(line, announcing[i].word,
		    announcing[i].within);
		if (at < first)
			first = at;
	}
	quote(b, slice_head(line, first), may_be_base64);
	if (first < line.len)
		buffer_append_str(b, " ***");
}
