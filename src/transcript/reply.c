/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reply.c - reply events: their texts, enhanced code, and the name that a
 * greeting tells
 */
#include "transcript/session_internal.h"
#include "transcript/auth.h"

/* RFC 3463 2: class "." subject "." detail, then a blank or the end. */
static struct slice enhanced_code(struct slice text, int32_t code)
{
	struct slice none = { NULL, 0 };
	size_t i = 1, part, digits;

	if (text.len < 5 || code < 200 || (text.p[0] != '2' &&
	    text.p[0] != '4' && text.p[0] != '5') ||
	    text.p[0] - '0' != code / 100)
		return none;
	for (part = 0; part < 2; part++) {
		if (i >= text.len || text.p[i++] != '.')
			return none;
		for (digits = 0; i < text.len && digits < 3 &&
		    ascii_is_digit(text.p[i]); digits++)
			i++;
		if (digits == 0)
			return none;
	}
	if (i < text.len && text.p[i] != ' ' && text.p[i] != '\t')
		return none;
	return slice_head(text, i);
}

static bool is_label_octet(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.' ||
	    c >= 0x80;
}

/* Words that greetings begin with and that are no host names; without a
 * dot. */
static bool is_common_word(struct slice w)
{
	static const char *const words[] = { "ESMTP", "SMTP", "LMTP",
		"WELCOME", "READY", "SERVICE", "HELLO", "OK", "HI" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_eq_nocase(w, slice_str(words[i])))
			return true;
	return false;
}

/* The first word of a greeting if it is a host name or an address literal
 * (RFC 5321 4.2: Greeting). */
static struct slice greeting_name(struct slice text, int32_t code)
{
	struct slice none = { NULL, 0 }, w;
	size_t n = 0, i;
	bool dotted = false;

	while (n < text.len && text.p[n] != ' ' && text.p[n] != '\t')
		n++;
	w = slice_head(text, n);
	if (n == 0 || enhanced_code(text, code).len == n)
		return none;
	if (w.p[0] == '[' && w.p[n - 1] == ']')
		return w;
	if (!ascii_is_alnum(w.p[0]) && w.p[0] < 0x80)
		return none;
	for (i = 0; i < n; i++) {
		if (!is_label_octet(w.p[i]))
			return none;
		dotted |= w.p[i] == '.';
	}
	return !dotted && is_common_word(w) ? none : w;
}

static void greet(struct session_builder *b, const struct reply_in *r)
{
	struct slice name;

	if (b->greeted || r->to != 0 || r->line_count == 0 ||
	    (r->flags & SW_BIT(SW_FLAG_TURNED)) ||
	    (r->code != 220 && r->code != 554))
		return;
	b->greeted = true;
	name = greeting_name(r->lines[0], r->code);
	if (name.p)
		b->s.server.name = session_text(b, name);
}

/* The text that is told for a line of a challenge. */
static struct slice shown_line(struct sw_event *e, struct slice line)
{
	if (auth_is_prompt(line))
		return line;
	e->flags |= SW_BIT(SW_FLAG_MASKED);
	e->u.reply.octets = SW_UNKNOWN;
	return slice_str("***");
}

/* A line whose text is kept at `text`; returns its end. */
static inline uint8_t *tell_line(struct sw_bytes *out, uint8_t *text,
    struct slice line)
{
	slice_copy(text, line);
	out->data = text;
	out->len = line.len;
	return text + line.len;
}

/* Of a challenge, which is secret, and of several lines. */
static __attribute__((noinline)) void tell_lines(struct session_builder *b,
    struct sw_event *e, const struct reply_in *r, bool secret)
{
	size_t count = r->line_count, len = 0, i;
	struct sw_bytes *lines;
	uint8_t *text;

	if (count > LIMIT_REPLY_LINES)
		count = LIMIT_REPLY_LINES;
	for (i = 0; i < count; i++)
		len += secret ? shown_line(e, r->lines[i]).len :
		    r->lines[i].len;
	lines = arena_alloc(&b->arena, count * sizeof(*lines) + len);
	if (!lines) {
		b->failed = true;
		return;
	}
	text = (uint8_t *)(lines + count);
	for (i = 0; i < count; i++)
		text = tell_line(&lines[i], text, secret ?
		    shown_line(e, r->lines[i]) : r->lines[i]);
	e->u.reply.lines = lines;
	e->u.reply.line_count = count;
}

/* One piece of memory for the lines and their texts. */
static void tell_texts(struct session_builder *b, struct sw_event *e,
    const struct reply_in *r)
{
	bool secret = r->is_challenge && !b->options.show_secrets;
	struct sw_bytes *line;

	if (r->line_count != 1 || secret) {
		tell_lines(b, e, r, secret);
		return;
	}
	line = arena_alloc(&b->arena, sizeof(*line) + r->lines[0].len);
	if (!line) {
		b->failed = true;
		return;
	}
	tell_line(line, (uint8_t *)(line + 1), r->lines[0]);
	e->u.reply.lines = line;
	e->u.reply.line_count = 1;
}

/* Its text is the head of the first line's. */
static void tell_enhanced(struct sw_reply *r)
{
	struct slice code;

	if (r->line_count == 0)
		return;
	code = enhanced_code(slice_make(r->lines[0].data, r->lines[0].len),
	    r->code);
	r->enhanced.data = code.p;
	r->enhanced.len = code.len;
}

uint32_t session_reply(struct session_builder *b, const struct reply_in *r)
{
	struct sw_event *e;
	uint32_t n;

	e = session_new_event(b, SW_EVENT_REPLY, r->by, &r->span, r->flags,
	    &n);
	if (n == 0)
		return 0;
	greet(b, r);
	if (e) {
		e->u.reply.code = r->code;
		e->u.reply.to = r->to;
		e->u.reply.octets = r->octets;
		tell_texts(b, e, r);
		tell_enhanced(&e->u.reply);
	}
	session_event_done(b, e);
	return n;
}

/* As a rule the reply is the newest event, which has the text already. */
static struct sw_bytes same_or_copy(struct session_builder *b,
    struct slice line)
{
	const struct sw_event *e = b->event_count > 0 ?
	    &b->events[b->event_count - 1] : NULL;
	const struct sw_bytes *said = e && e->kind == SW_EVENT_REPLY &&
	    e->u.reply.line_count > 0 ? e->u.reply.lines : NULL;

	if (said && line.p && line.len == said->len &&
	    memcmp(said->data, line.p, line.len) == 0) {
		b->shared_octets += line.len;
		return *said;
	}
	return session_text(b, line.p ? line : slice_make("", 0));
}

struct sw_bytes session_join(struct session_builder *b,
    const struct slice *lines, size_t count)
{
	struct sw_bytes none = { NULL, 0 }, out;
	size_t i, len = 0;
	uint8_t *p;

	if (count == 0 || session_is_full(b))
		return none;
	if (count == 1)
		return same_or_copy(b, lines[0]);
	for (i = 0; i < count; i++)
		len += lines[i].len + 1;
	p = arena_alloc(&b->arena, len);
	if (!p) {
		b->failed = true;
		return none;
	}
	out.data = p;
	out.len = len - 1;
	for (i = 0; i < count; i++) {
		if (lines[i].len > 0)
			memcpy(p, lines[i].p, lines[i].len);
		p += lines[i].len;
		if (i + 1 < count)
			*p++ = '\n';
	}
	return out;
}
