/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands.c - command events, and the commands that await their answers
 */
#include "transcript/session_internal.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "transcript/auth.h"

/* A power of 2; most clients wait, or send ahead MAIL, RCPT and DATA. */
enum { FEW_PENDING = 4 };

/* What follows the verb, without leading blanks. */
static struct slice argument_of(struct slice line, size_t verb_len)
{
	struct slice a = slice_from(line, verb_len);

	while (a.len > 0 && (a.p[0] == ' ' || a.p[0] == '\t')) {
		a.p++;
		a.len--;
	}
	return a;
}

/* An AUTH command keeps its mechanism, every other secret nothing. */
static void mask_command(struct session_builder *b, struct sw_event *e,
    enum verb verb, struct slice argument)
{
	struct sw_command *c = &e->u.command;
	struct buffer text;
	size_t n = 0;

	e->flags |= SW_BIT(SW_FLAG_MASKED);
	c->octets = SW_UNKNOWN;
	if (verb != VERB_AUTH && verb != VERB_XEXPS) {
		c->verb.data = c->argument.data = NULL;
		c->verb.len = c->argument.len = 0;
		c->line = session_text(b, slice_str("***"));
		return;
	}
	while (n < argument.len && argument.p[n] != ' ' &&
	    argument.p[n] != '\t')
		n++;
	buffer_init(&text, LIMIT_LINE + 64);
	buffer_append(&text, c->verb.data, c->verb.len);
	if (auth_is_mechanism(slice_head(argument, n))) {
		buffer_append_char(&text, ' ');
		buffer_append_slice(&text, slice_head(argument, n));
	}
	buffer_append_str(&text, " ***");
	if (text.failed)
		b->failed = true;
	c->line = session_text(b, buffer_slice(&text));
	c->argument = c->line;
	if (c->argument.data && c->line.len > c->verb.len) {
		c->argument.data += c->verb.len + 1;
		c->argument.len -= c->verb.len + 1;
	}
	buffer_fini(&text);
}

static struct pending *oldest_pending(struct session_builder *b)
{
	return &b->pending[b->pending_first];
}

static bool double_pending(struct session_builder *b)
{
	size_t i, old = b->pending_capacity;
	size_t wanted = old ? old * 2 : FEW_PENDING;
	void *list = b->pending;
	struct pending *p;

	if (!session_make_room(b, &list, wanted, &b->pending_room,
	    sizeof(*p)))
		return false;
	p = list;
	/* Unroll the ring: what wrapped goes behind the old end. */
	for (i = 0; i < b->pending_first; i++)
		p[old + i] = p[i];
	b->pending = p;
	b->pending_capacity = wanted;
	b->held += (wanted - old) * sizeof(*p);
	return true;
}

static struct pending *push_pending(struct session_builder *b)
{
	if (b->pending_count == b->pending_capacity && !double_pending(b))
		return NULL;
	return &b->pending[(b->pending_first + b->pending_count++) &
	    (b->pending_capacity - 1)];
}

/* The argument that a command event kept serves; else there is a copy. */
static void keep_argument(struct session_builder *b, struct pending *p,
    struct slice argument, const struct sw_event *kept)
{
	uint8_t *copy;

	if (kept && kept->u.command.argument.data &&
	    !(kept->flags & SW_BIT(SW_FLAG_MASKED))) {
		p->argument = kept->u.command.argument;
		return;
	}
	if (!argument.p || argument.len == 0 || session_is_full(b))
		return;
	copy = malloc(argument.len);
	if (!copy) {
		b->failed = true;
		return;
	}
	memcpy(copy, argument.p, argument.len);
	p->argument.data = copy;
	p->argument.len = argument.len;
	p->on_heap = true;
}

static void free_argument(const struct pending *p)
{
	if (p->on_heap)
		free((void *)(uintptr_t)p->argument.data);
}

/* What the answer will need. */
static inline void note_pending(struct session_builder *b, struct pending *p,
    uint32_t n, enum verb verb, struct slice argument, bool turned,
    const struct sw_event *kept)
{
	p->n = n;
	p->verb = (uint8_t)verb;
	p->argument.data = NULL;
	p->argument.len = 0;
	p->on_heap = false;
	p->turned = turned;
	keep_argument(b, p, argument, kept);
}

/* HELO, EHLO and LHLO name the client: the last accepted, else the last. */
static void name_client(struct session_builder *b, struct slice argument)
{
	if (session_has_room(b, argument.len))
		b->s.client.name = session_text(b, slice_trim(argument));
}

/* One copy of the line serves its argument as well. */
static void tell_line(struct session_builder *b, struct sw_command *out,
    struct slice line, enum verb verb, size_t verb_len)
{
	struct slice argument;

	out->line = session_text(b, line);
	if (!out->line.data)
		return;
	if (verb > VERB_UNKNOWN)
		out->verb = session_verb_name(verb, verb_len);
	else if (verb_len > 0)
		out->verb = session_upper(b, slice_head(line, verb_len));
	if (verb == VERB_NONE)
		return;
	argument = argument_of(slice_make(out->line.data, out->line.len),
	    verb_len);
	out->argument.data = argument.p;
	out->argument.len = argument.len;
}

/* A log that has no lines. */
static void tell_parts(struct session_builder *b, struct sw_command *out,
    const struct command_in *c, enum verb verb)
{
	if (c->verb_known ? verb > VERB_UNKNOWN && c->verb.len == c->verb_len :
	    session_is_verb_name(c->verb, verb))
		out->verb = session_verb_name(verb, c->verb.len);
	else if (c->verb.p && c->verb.len > 0)
		out->verb = session_upper(b, c->verb);
	if (verb != VERB_NONE && c->argument_known)
		out->argument = session_text(b, c->argument.p ? c->argument :
		    slice_make("", 0));
}

/* Is the end of what the line tells lost?  A log that cuts lines tells what it
 * can. */
static bool is_cut(const struct session_builder *b,
    const struct command_in *c, enum verb verb, struct slice argument)
{
	if (!(c->flags & SW_BIT(SW_FLAG_TRUNCATED)) || argument.len == 0 ||
	    b->s.source.kind != SW_SOURCE_WIRE)
		return false;
	if (verb == VERB_MAIL || verb == VERB_RCPT)
		return !memchr(argument.p, '>', argument.len);
	return verb == VERB_HELO || verb == VERB_EHLO || verb == VERB_LHLO;
}

/* The event of a command and what follows from it alone.  Returns its n, and
 * in p what its answer will need; 0: no memory. */
static inline uint32_t tell_command(struct session_builder *b,
    const struct command_in *c, struct pending *p)
{
	size_t len = c->verb_known ? c->verb_len : 0;
	enum verb verb = c->line.p && !c->verb_known ?
	    session_verb(c->line, &len) : c->known;
	struct slice argument = c->line.p ? argument_of(c->line, len) :
	    c->argument;
	/* After TURN the client is another host: `client` keeps its own. */
	bool turned = c->flags & SW_BIT(SW_FLAG_TURNED);
	struct sw_event *e;
	uint32_t n;

	e = session_new_event(b, SW_EVENT_COMMAND, c->by, &c->span, c->flags,
	    &n);
	if (n == 0)
		return 0;
	if (e) {
		struct sw_command *out = &e->u.command;

		out->octets = c->octets;
		if (c->line.p)
			tell_line(b, out, c->line, verb, len);
		else
			tell_parts(b, out, c, verb);
		if (c->masked && !b->options.show_secrets)
			mask_command(b, e, verb, argument);
	}
	if (is_cut(b, c, verb, argument))
		argument = slice_make(NULL, 0);
	note_pending(b, p, n, c->masked && verb != VERB_AUTH &&
	    verb != VERB_XEXPS ? VERB_NONE : verb, argument, turned,
	    argument.p ? e : NULL);
	if (verb == VERB_QUIT)
		b->quit_sent = true;
	if (!b->helo_accepted && !turned && argument.p && argument.len > 0 &&
	    (verb == VERB_HELO || verb == VERB_EHLO || verb == VERB_LHLO))
		name_client(b, argument);
	session_event_done(b, e);
	return n;
}

uint32_t session_command(struct session_builder *b,
    const struct command_in *c)
{
	struct pending told, *p;
	uint32_t n = tell_command(b, c, &told);

	if (n == 0)
		return 0;
	p = push_pending(b);
	if (!p) {
		free_argument(&told);
		return n;
	}
	*p = told;
	if (p->on_heap)
		b->pending_octets += p->argument.len;
	return n;
}

static void pop_pending(struct session_builder *b, struct pending *p_r)
{
	*p_r = *oldest_pending(b);
	b->pending_first = (b->pending_first + 1) &
	    (b->pending_capacity - 1);
	/* what was used last is likelier to be in the cache */
	if (--b->pending_count == 0)
		b->pending_first = 0;
	if (p_r->on_heap)
		b->pending_octets -= p_r->argument.len;
}

void session_answer_early(struct session_builder *b, uint32_t before)
{
	while (b->pending_count > 0 && oldest_pending(b)->n < before) {
		struct pending p;

		pop_pending(b, &p);
		transaction_answer(b, &p, SW_UNKNOWN, NULL, 0);
		transaction_remember(b, &p);
		free_argument(&p);
	}
}

/* What a command's answer means; code SW_UNKNOWN: none is known. */
static inline void take_answer(struct session_builder *b,
    const struct pending *p, int32_t code, const struct slice *lines,
    size_t line_count)
{
	if (session_is_positive(code) && (p->verb == VERB_HELO ||
	    p->verb == VERB_EHLO || p->verb == VERB_LHLO)) {
		b->helo_accepted = true;
		if (p->argument.len > 0 && !p->turned)
			name_client(b, slice_make(p->argument.data,
			    p->argument.len));
	}
	if (p->verb == VERB_QUIT && code != SW_UNKNOWN)
		b->quit_answered = true;
	transaction_answer(b, p, code, lines, line_count);
	free_argument(p);
}

void session_answer(struct session_builder *b, uint32_t command,
    int32_t code, const struct slice *lines, size_t line_count)
{
	if (b->tentative_count > 0 &&
	    transaction_late_answer(b, command, code, lines, line_count))
		return;
	while (b->pending_count > 0) {
		struct pending p;
		bool mine;

		if (oldest_pending(b)->n > command)
			return;
		pop_pending(b, &p);
		mine = p.n == command;
		take_answer(b, &p, mine ? code : SW_UNKNOWN, lines,
		    mine ? line_count : 0);
		if (mine)
			return;
	}
}

uint32_t session_exchange(struct session_builder *b,
    const struct command_in *c, struct reply_in *r)
{
	struct pending p;
	uint32_t n;

	if (b->pending_count > 0) { /* they are answered with it */
		n = session_command(b, c);
		r->to = n;
		session_reply(b, r);
		session_answer(b, n, r->code, r->lines, r->line_count);
		return n;
	}
	n = tell_command(b, c, &p);
	if (n == 0)
		return 0;
	r->to = n;
	session_reply(b, r);
	take_answer(b, &p, r->code, r->lines, r->line_count);
	return n;
}

void session_answer_rest(struct session_builder *b)
{
	while (b->pending_count > 0)
		session_answer(b, oldest_pending(b)->n, SW_UNKNOWN, NULL, 0);
}

void session_drop_pending(struct session_builder *b)
{
	while (b->pending_count > 0) {
		struct pending p;

		pop_pending(b, &p);
		free_argument(&p);
	}
	b->tentative_count = 0;
}
