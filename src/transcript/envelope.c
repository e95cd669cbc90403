/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * envelope.c - the path and the ESMTP parameters in the argument of MAIL and
 * RCPT (RFC 5321 4.1.1.2, 4.1.1.3, 4.1.2)
 */
#include "transcript/session_internal.h"

/* Length of "<...>" at the start of s: up to the '>' that a blank or the end
 * follows, a quoted string may hold one; 0 if it has no end. */
static size_t path_len(struct slice s)
{
	const uint8_t *close = memchr(s.p, '>', s.len);
	bool quoted = false;
	size_t i;

	if (!close)
		return 0;
	i = (size_t)(close - s.p) + 1;
	if ((i == s.len || s.p[i] == ' ' || s.p[i] == '\t') &&
	    !memchr(s.p, '"', i)) /* the usual one */
		return i;

	for (i = 1; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == '>' && !quoted && (i + 1 == s.len ||
		    s.p[i + 1] == ' ' || s.p[i + 1] == '\t'))
			return i + 1;
	}
	return (size_t)(close - s.p) + 1; /* LENIENT: what stands behind it */
}

static size_t token_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != '\t')
		n++;
	return n;
}

static struct slice skip_blanks(struct slice s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_from(s, 1);
	return s;
}

/* Split "FROM:<path> params": the path without its outer brackets. */
struct slice envelope_path(struct slice argument, struct slice keyword,
    struct slice *rest_r)
{
	struct slice s = slice_trim(argument), path;
	size_t n;

	if (slice_has_prefix_nocase(s, keyword)) {
		struct slice after = skip_blanks(slice_from(s, keyword.len));

		if (after.len > 0 && after.p[0] == ':')
			s = skip_blanks(slice_from(after, 1));
	}
	n = s.len > 0 && s.p[0] == '<' ? path_len(s) : 0;
	if (n > 0) {
		path = slice_make(s.p + 1, n - 2);
	} else {
		n = token_len(s);
		path = slice_head(s, n);
		/* LENIENT: '<' without '>' */
		if (path.len > 0 && path.p[0] == '<')
			path = slice_from(path, 1);
	}
	*rest_r = skip_blanks(slice_from(s, n));
	return path;
}

bool envelope_has_param(const struct sw_param *params, size_t count,
    struct slice key)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (slice_eq_nocase(slice_make(params[i].key.data,
		    params[i].key.len), key))
			return true;
	return false;
}

/* A text of an argument: a part of it if it stays, else a copy. */
struct sw_bytes envelope_part(struct session_builder *b, bool stays,
    struct slice s)
{
	struct sw_bytes part = { s.p, s.len };

	return stays && s.p ? part : session_text(b, s.p ? s :
	    slice_make("", 0));
}

static bool is_upper(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] != ascii_upper(s.p[i]))
			return false;
	return true;
}

static struct sw_bytes upper_part(struct session_builder *b, bool stays,
    struct slice s)
{
	struct sw_bytes out;
	uint8_t *p;
	size_t i;

	if (is_upper(s))
		return envelope_part(b, stays, s);
	out = session_text(b, s);
	p = (uint8_t *)(uintptr_t)out.data;
	for (i = 0; p && i < out.len; i++)
		p[i] = ascii_upper(p[i]);
	return out;
}

/* RFC 5321 4.1.2 esmtp-keyword.  LENIENT: any printable ASCII; what JSON
 * cannot tell apart as keys is none. */
static bool is_keyword(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.len > 0;
}

/* ESMTP parameters; the first of equals counts. */
static size_t find_params(struct session_builder *b, bool stays,
    struct slice rest, struct sw_param *found)
{
	size_t count = 0;

	while (rest.len > 0 && count < LIMIT_PARAMS) {
		struct slice token = slice_head(rest, token_len(rest));
		const uint8_t *eq = memchr(token.p, '=', token.len);
		struct slice key = eq ? slice_head(token,
		    (size_t)(eq - token.p)) : token;
		struct sw_param *p = &found[count];

		rest = slice_trim(slice_from(rest, token.len));
		if (!is_keyword(key) || envelope_has_param(found, count, key))
			continue;
		p->key = upper_part(b, stays, key);
		p->value.data = NULL;
		p->value.len = 0;
		if (eq)
			p->value = envelope_part(b, stays,
			    slice_from(token, key.len + 1));
		count++;
	}
	return count;
}

const struct sw_param *envelope_params(struct session_builder *b,
    bool stays, struct slice rest, size_t *count_r)
{
	static const struct sw_param none;
	struct sw_param found[LIMIT_PARAMS], *out;
	size_t count;

	*count_r = 0;
	if (rest.len == 0)
		return &none;
	count = find_params(b, stays, rest, found);
	out = arena_alloc(&b->arena, (count ? count : 1) * sizeof(*out));
	if (!out) {
		b->failed = true;
		return NULL;
	}
	memcpy(out, found, count * sizeof(*out));
	*count_r = count;
	return out;
}
