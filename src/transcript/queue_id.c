/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue_id.c - the receiver's id for a message, in the words of the common
 * servers
 *
 * A row is one server's wording: the id stands behind `before`, or in front
 * of `after`.  The first row that fits counts.
 *
 *   Postfix      Ok: queued as 4F1C2A
 *   Exim         OK id=1tQxyz-000abc-1K
 *   sendmail     2.0.0 4ALNx... Message accepted for delivery
 *   OpenSMTPD    2.0.0 1c2d3e4f Message accepted for delivery
 *   Exchange     2.6.0 <id> [InternalId=123, Hostname=x] Queued mail ...
 *   qmail        ok 1234567890 qp 4321
 *   Gmail        OK  1234567890 abc123.45 - gsmtp
 *   Haraka       Message Queued (UUID.1)
 *   Amazon SES   Ok 0100018c...-000000
 */
#include "transcript/session_internal.h"

struct wording {
	const char *before; /* the id follows it, or NULL */
	const char *after;  /* the id stands before it, or NULL */
};

static const struct wording wordings[] = {
	{ "queued as ", NULL },
	{ " id=", NULL },
	{ "[InternalId=", NULL },
	{ "InternalId=", NULL },
	{ " qp ", NULL },
	{ "Message Queued (", NULL },
	{ NULL, " - gsmtp" },
	{ NULL, " Message accepted for delivery" },
};

static bool is_id_octet(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' ||
	    c == '/' || c == '+' || c == '=';
}

static struct slice id_at(struct slice s)
{
	size_t n = 0;

	while (n < s.len && is_id_octet(s.p[n]))
		n++;
	while (n > 0 && s.p[n - 1] == '.')
		n--;
	return n ? slice_head(s, n) : slice_make(NULL, 0);
}

static struct slice id_before(struct slice s, size_t end)
{
	size_t n = end;

	while (n > 0 && is_id_octet(s.p[n - 1]))
		n--;
	/* "2.0.0 Message accepted" names no id, only the enhanced code. */
	if (n == end || (end - n == 5 && s.p[n + 1] == '.' &&
	    s.p[n + 3] == '.'))
		return slice_make(NULL, 0);
	return slice_make(s.p + n, end - n);
}

/* Amazon SES and alike: "Ok " and one long token with a hyphen. */
static struct slice lone_token(struct slice s)
{
	struct slice id;

	if (!slice_has_prefix_nocase(s, slice_str("Ok ")))
		return slice_make(NULL, 0);
	id = id_at(slice_from(s, 3));
	if (!id.p || id.len < 16 || id.len != s.len - 3)
		return slice_make(NULL, 0);
	return id;
}

struct slice session_queue_id(struct slice text)
{
	size_t i;

	for (i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++) {
		const struct wording *w = &wordings[i];
		struct slice words = slice_str(w->before ? w->before :
		    w->after), id;
		size_t at = slice_find_nocase(text, words);

		if (at == text.len)
			continue;
		id = w->before ? id_at(slice_from(text, at + words.len)) :
		    id_before(text, at);
		if (id.p)
			return id;
	}
	return lone_token(text);
}
