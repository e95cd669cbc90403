/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue_auth.c - AUTH in the session of a log, and who quotes it
 *
 * What the client says in AUTH is a secret until a command ends it.  Where a
 * log lacks lines, or does not tell sessions apart, what has the form of one
 * is one.
 */
#include "logs/dialogue_auth.h"

#include "base/buffer.h"
#include "logs/dialogue_queue.h"
#include "transcript/auth.h"

bool log_auth_looks_secret(const struct log_session *s,
    const struct command_in *c, enum verb verb)
{
	struct slice line = slice_trim(c->line);

	if (session_verb_is_known(verb))
		return false;
	/* While AUTH goes on, whatever its letters. */
	if (s->auth_open || (c->line.p && auth_in_line(line)))
		return true;
	if (!s->auth_seen && s->start_seen && !s->ambiguous)
		return false;
	if (c->line.p)
		return auth_is_base64(line);
	return auth_is_base64(c->verb) && c->argument.len == 0;
}

/* at is what was found in it; else the end of a secret may be lost with that
 * of the text. */
static size_t find_begun(const struct log_session *s, uint32_t flags,
    struct slice text, size_t at)
{
	return at < text.len || !(flags & SW_BIT(SW_FLAG_TRUNCATED)) ? at :
	    secrets_find_begun(s->secrets, text);
}

static bool repeats(const struct log_session *s, uint32_t flags,
    struct slice text)
{
	return find_begun(s, flags, text, secrets_find(s->secrets, text,
	    false)) < text.len;
}

bool log_auth_is_repeated(const struct log_session *s,
    const struct command_in *c, enum verb verb)
{
	return s->secrets && !session_verb_is_known(verb) &&
	    (repeats(s, c->flags, c->line.p ? c->line : c->verb) ||
	    repeats(s, c->flags, c->argument));
}

void log_auth_begin(struct log_session *s, uint32_t n,
    struct slice argument)
{
	session_auth(s->b, n, log_first_word(argument));
	s->auth_open = s->auth_seen = true;
	s->auth_step = 0;
}

/* What the client answers in an AUTH exchange may name the user; a refusal
 * may quote it. */
static void take_answer(struct log_session *s, struct slice answer)
{
	const struct sw_session *out = session_get(s->b);
	struct slice mechanism = { NULL, 0 };
	const struct sw_bytes *m;
	struct buffer user;

	if (out->auth_count > 0 && !s->ambiguous) {
		m = &out->auth[out->auth_count - 1].mechanism;
		mechanism = slice_make(m->data, m->len);
	}
	if (s->no_user_next && s->auth_step == 0 && auth_is_login(mechanism))
		s->auth_step = 1; /* the user's line is not in the log */
	s->no_user_next = false;
	buffer_init(&user, LIMIT_LINE);
	if (auth_user(mechanism, s->auth_step, answer, &user))
		session_auth_user(s->b, buffer_slice(&user));
	if (user.failed || !secrets_add(&s->secrets, mechanism,
	    s->auth_step++, answer))
		session_fail(s->b);
	buffer_fini(&user);
}

void log_auth_take(struct log_session *s, struct slice secret)
{
	s->resized = true;
	if (s->auth_open)
		take_answer(s, secret);
	else if (!secrets_add_stray(&s->secrets, secret))
		session_fail(s->b);
}

struct slice log_auth_response(struct slice argument)
{
	struct slice word = log_first_word(argument);

	return auth_is_mechanism(word) ?
	    slice_trim(slice_from(argument, word.len)) : argument;
}

/* --- replies that quote a secret ---------------------------------------- */

/* May a reply quote what its sender was told and the log does not?  A refusal
 * that answers AUTH, or a line that is not in the log (RFC 5321 4.2.3: 500 to
 * 504 are about the line's form). */
static bool may_quote_unseen(const struct log_session *s, int32_t code)
{
	const struct log_outstanding *o;

	if (code < 400 || s->content.of)
		return false;
	if (s->outstanding_count == 0)
		return s->auth_seen || (code >= 500 && code <= 504);
	o = log_queue_at(s, 0);
	return log_is_auth(o->verb) || o->verb == VERB_NONE;
}

static size_t find_echo(const struct log_session *s,
    const struct reply_in *r, struct slice text, bool loose)
{
	return find_begun(s, r->flags, text, secrets_find_in_reply(s->secrets,
	    r->code, text, loose));
}

/* Up to the secret that it quotes; a text of the session's. */
static struct slice without_echo(struct log_session *s,
    const struct reply_in *r, struct slice text, bool loose)
{
	struct slice kept = slice_head(text, find_echo(s, r, text, loose));
	struct sw_bytes copy;
	struct buffer b;

	if (kept.len == text.len)
		return text;
	buffer_init(&b, LIMIT_LINE + 8);
	buffer_append_slice(&b, kept);
	buffer_append_str(&b, "***");
	if (b.failed)
		session_fail(s->b);
	copy = session_text(s->b, buffer_slice(&b));
	buffer_fini(&b);
	return slice_make(copy.data, copy.len);
}

void log_auth_mask_echo(struct log_session *s, struct reply_in *r)
{
	bool loose = may_quote_unseen(s, r->code);
	struct slice *lines;
	size_t i;

	if ((!s->secrets && !loose) || session_shows_secrets(s->b))
		return;
	for (i = 0; i < r->line_count; i++)
		if (find_echo(s, r, r->lines[i], loose) < r->lines[i].len)
			break;
	if (i == r->line_count)
		return;
	lines = arena_calloc(session_arena(s->b), r->line_count,
	    sizeof(*lines));
	if (!lines) {
		session_fail(s->b);
		r->line_count = 0;
		return;
	}
	for (i = 0; i < r->line_count; i++)
		lines[i] = without_echo(s, r, r->lines[i], loose);
	r->lines = lines;
	r->octets = SW_UNKNOWN;
	r->flags |= SW_BIT(SW_FLAG_MASKED);
}

bool log_auth_asks_no_user(const struct reply_in *r)
{
	return r->code == 334 && r->line_count > 0 &&
	    !auth_asks_user(r->lines[r->line_count - 1]);
}
