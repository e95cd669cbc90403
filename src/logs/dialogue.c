/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue.c - what the lines of one session of a log mean together
 *
 * Theory of operation.  A log tells lines in their order, but not which reply
 * answers which command: replies are given to the commands in turn.  Behind
 * a DATA that was accepted the next reply is the verdict (LMTP: one for each
 * accepted recipient), and the content that no log line tells is inferred.
 * Lines of an AUTH exchange are masked as on the wire (TRANSCRIPT, Secrets).
 */
#include "logs/sessions.h"

#include <stdlib.h>

struct log_outstanding {
	uint32_t n;
	enum verb verb;
};

static bool is_positive(int32_t code)
{
	return code >= 200 && code < 300;
}

static bool is_hello(enum verb verb)
{
	return verb == VERB_HELO || verb == VERB_EHLO || verb == VERB_LHLO;
}

static bool is_auth(enum verb verb)
{
	return verb == VERB_AUTH || verb == VERB_XEXPS;
}

struct event_span log_span(const struct log_line *line, int64_t time)
{
	struct event_span span = { line->number, line->number, time, time };

	return span;
}

/* --- outstanding commands ----------------------------------------------- */

size_t log_session_outstanding(const struct log_session *s)
{
	return s->outstanding_count + (s->content_of != 0);
}

static struct log_outstanding pop(struct log_session *s)
{
	struct log_outstanding o = s->outstanding[s->outstanding_first];

	s->outstanding_first = (s->outstanding_first + 1) %
	    s->outstanding_capacity;
	s->outstanding_count--;
	return o;
}

static bool grow(struct log_session *s)
{
	size_t old = s->outstanding_capacity, i;
	size_t wanted = old ? old * 2 : 8;
	struct log_outstanding *p = base_realloc_array(s->outstanding,
	    wanted, sizeof(*p));

	if (!p) {
		session_fail(s->b);
		return false;
	}
	/* Unroll the ring: what wrapped goes behind the old end. */
	for (i = 0; i < s->outstanding_first; i++)
		p[old + i] = p[i];
	s->outstanding = p;
	s->outstanding_capacity = wanted;
	return true;
}

static bool push(struct log_session *s, uint32_t n, enum verb verb)
{
	struct log_outstanding *o;

	if (s->outstanding_count >= LIMIT_LOG_OUTSTANDING)
		pop(s); /* never answered, as it seems */
	if (s->outstanding_count == s->outstanding_capacity && !grow(s))
		return false;
	o = &s->outstanding[(s->outstanding_first + s->outstanding_count) %
	    s->outstanding_capacity];
	o->n = n;
	o->verb = verb;
	s->outstanding_count++;
	return true;
}

/* --- commands ----------------------------------------------------------- */

static bool is_base64(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '+' &&
		    s.p[i] != '/' && s.p[i] != '=')
			return false;
	return s.len > 0;
}

/* Is it a secret although it looks like a command? */
static bool looks_secret(const struct log_session *s,
    const struct command_in *c, enum verb verb)
{
	if (!s->auth_seen && s->start_seen)
		return false;
	if (verb != VERB_NONE && verb != VERB_UNKNOWN)
		return false;
	if (c->line.p)
		return is_base64(c->line);
	return is_base64(c->verb) && c->argument.len == 0;
}

static struct slice first_word(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != '\t')
		n++;
	return slice_head(s, n);
}

/* AUTH with an initial response is a secret, and an exchange begins. */
static void begin_auth(struct log_session *s, uint32_t n,
    struct slice argument)
{
	struct slice mechanism = first_word(slice_trim(argument));

	session_auth(s->b, n, mechanism);
	s->auth_open = s->auth_seen = true;
}

static struct slice argument_of(const struct command_in *c, size_t verb_len)
{
	return slice_trim(c->line.p ? slice_from(c->line, verb_len) :
	    c->argument);
}

uint32_t log_session_command(struct log_session *s,
    const struct command_in *c)
{
	struct command_in in = *c;
	size_t len = 0;
	enum verb verb = c->line.p ? session_verb(c->line, &len) : c->known;
	struct slice argument = argument_of(c, len);
	uint32_t n;

	if (s->auth_line_next || looks_secret(s, c, verb)) {
		in.masked = true;
		verb = in.known = VERB_NONE;
	} else if (is_auth(verb)) {
		in.masked = first_word(argument).len < argument.len;
	}
	s->auth_line_next = false;
	n = session_command(s->b, &in);
	if (n == 0 || !push(s, n, verb))
		return 0;
	if (is_auth(verb))
		begin_auth(s, n, argument);
	else if (verb != VERB_NONE)
		s->auth_open = false;
	if (s->secure_next)
		session_encryption(s->b)->decrypted = true;
	s->seen |= SW_BIT(verb);
	s->last_verb = verb;
	return n;
}

/* --- replies ------------------------------------------------------------ */

static void begin_encryption(struct log_session *s)
{
	struct sw_encryption *e = session_encryption(s->b);

	e->starttls = true;
	e->octets.client = e->octets.server = SW_UNKNOWN;
	s->secure_next = true;
	s->phase = LOG_PHASE_START;
}

static void answer_hello(struct log_session *s, int32_t code)
{
	s->hello_refused = code >= 400;
	if (is_positive(code))
		s->secure_next = false;
}

static void answer_auth(struct log_session *s, int32_t code)
{
	s->auth_line_next = code == 334;
	if (code == 334)
		return;
	session_auth_code(s->b, code);
	s->auth_open = false;
}

/* The phase after a command that was accepted. */
static void accept(struct log_session *s, enum verb verb)
{
	if (is_hello(verb))
		s->phase = LOG_PHASE_READY;
	else if (verb == VERB_MAIL)
		s->phase = LOG_PHASE_MAIL;
	else if (verb == VERB_RCPT && s->phase == LOG_PHASE_MAIL)
		s->phase = LOG_PHASE_RCPT;
	else if (verb == VERB_RSET && s->phase != LOG_PHASE_START)
		s->phase = LOG_PHASE_READY;
}

/* How the dialogue goes on after a command's reply. */
static void advance(struct log_session *s, enum verb verb, int32_t code)
{
	if (is_hello(verb))
		answer_hello(s, code);
	else if (s->auth_open && (is_auth(verb) || verb == VERB_NONE))
		answer_auth(s, code);
	else if (verb == VERB_QUIT)
		s->phase = LOG_PHASE_QUIT;
	if (!is_positive(code))
		return;
	accept(s, verb);
	if (verb == VERB_STARTTLS || verb == VERB_XANONYMOUSTLS)
		begin_encryption(s);
}

void log_session_unanswered(struct log_session *s)
{
	while (s->outstanding_count > 0) {
		struct log_outstanding o = pop(s);

		session_answer(s->b, o.n, SW_UNKNOWN, NULL, 0);
		accept(s, o.verb);
		if (o.verb == VERB_DATA)
			s->phase = LOG_PHASE_DONE;
	}
}

/* The content that must have passed before this line. */
static uint32_t infer_data(struct log_session *s, uint32_t of,
    struct event_span span, int64_t size)
{
	struct data_in d = { .of = of, .method = SW_METHOD_DATA,
		.start_seen = true, .flags = SW_BIT(SW_FLAG_INFERRED),
		.span = span };

	d.span.time = SW_NO_TIME; /* its first octet is told nowhere */
	return session_data_logged(s->b, &d, size, SW_UNKNOWN, NULL);
}

static uint32_t verdict(struct log_session *s, const struct reply_in *r)
{
	struct reply_in in = *r;
	bool lmtp = session_is_lmtp(s->b);
	uint32_t n;

	if (s->content_open) {
		/* its end is not among what the log tells */
		s->content_open = false;
		session_data_end(s->b, false, true, SW_UNKNOWN,
		    s->content_flags, s->content_last);
	}
	if (s->verdicts_left == 0)
		s->verdicts_left = lmtp ? session_accepted(s->b) : 1;
	if (!s->content_data)
		s->content_data = infer_data(s, s->content_of, r->span,
		    s->content_size);
	in.to = s->content_data;
	n = session_reply(s->b, &in);
	session_verdict(s->b, r->code, r->lines, r->line_count,
	    lmtp ? 0 : -1);
	if (s->verdicts_left > 1) {
		s->verdicts_left--;
		return n;
	}
	s->content_of = s->content_data = 0;
	s->verdicts_left = 0;
	s->content_size = SW_UNKNOWN;
	s->phase = LOG_PHASE_DONE;
	return n;
}

uint32_t log_session_reply(struct log_session *s, const struct reply_in *r)
{
	struct log_outstanding o = { 0, VERB_NONE };
	struct reply_in in = *r;
	uint32_t n;

	s->last_code = r->code;
	/* A 421 in the midst of content says that it did not pass. */
	if (s->content_of && r->code != 421)
		return verdict(s, r);
	if (s->content_of) {
		in.to = s->content_of;
		n = session_reply(s->b, &in);
		session_verdict(s->b, r->code, r->lines, r->line_count, -1);
		s->content_of = 0;
		return n;
	}
	if (s->outstanding_count == 0) {
		/* The log leaves out the client's lines of AUTH. */
		if (s->auth_open && r->code != SW_UNKNOWN) {
			in.is_challenge = r->code == 334;
			answer_auth(s, r->code);
		}
		return session_reply(s->b, &in);
	}
	o = pop(s);
	in.to = o.n;
	in.is_challenge = r->code == 334;
	n = session_reply(s->b, &in);
	session_answer(s->b, o.n, r->code, r->lines, r->line_count);
	if (o.verb == VERB_DATA && r->code >= 200 && r->code < 400)
		s->content_of = o.n;
	advance(s, o.verb, r->code);
	return n;
}

void log_session_whole_data(struct log_session *s,
    const struct command_in *c, const struct reply_in *r, int64_t size)
{
	uint32_t n = session_command(s->b, c);

	s->seen |= SW_BIT(VERB_DATA);
	s->last_verb = VERB_DATA;
	session_answer(s->b, n, SW_UNKNOWN, NULL, 0);
	s->content_of = n;
	s->content_size = size;
	verdict(s, r);
	s->content_of = s->content_data = 0;
	s->content_size = SW_UNKNOWN;
}

void log_session_message_id(struct log_session *s, struct slice id)
{
	const struct sw_session *out = session_get(s->b);
	struct sw_message *m;

	if (out->message_count == 0)
		return;
	m = (struct sw_message *)(uintptr_t)
	    &out->messages[out->message_count - 1];
	m->message_id = session_text(s->b, id);
}

void log_session_queue_id(struct log_session *s, struct slice id)
{
	const struct sw_session *out = session_get(s->b);
	struct sw_message *m;

	if (out->message_count == 0)
		return;
	m = (struct sw_message *)(uintptr_t)
	    &out->messages[out->message_count - 1];
	if (!m->queue_id.data)
		m->queue_id = session_text(s->b, id);
}

/* --- telling sessions apart --------------------------------------------- */

static int fit_mail(const struct log_session *s, int32_t code)
{
	switch (s->phase) {
	case LOG_PHASE_READY:
		return 3;
	case LOG_PHASE_DONE:
		return 2;
	case LOG_PHASE_START:
		return 1;
	case LOG_PHASE_MAIL:
	case LOG_PHASE_RCPT: /* a second MAIL is refused (RFC 5321 4.1.4) */
		return is_positive(code) ? 0 : 1;
	case LOG_PHASE_QUIT:
	case LOG_PHASE_COUNT:
		break;
	}
	return 0;
}

/* A second HELO is one after a refused one or after STARTTLS; else it is
 * that of another connection. */
static int fit_hello(const struct log_session *s)
{
	if (s->secure_next || s->hello_refused)
		return 3;
	return s->phase == LOG_PHASE_START ? 2 : 0;
}

int log_session_fit(const struct log_session *s, enum verb verb,
    int32_t code)
{
	if (s->phase == LOG_PHASE_QUIT)
		return 0;
	if (is_hello(verb))
		return fit_hello(s);
	if (verb == VERB_MAIL)
		return fit_mail(s, code);
	if (verb == VERB_RCPT)
		return s->phase == LOG_PHASE_MAIL ||
		    s->phase == LOG_PHASE_RCPT ? 3 : 1;
	if (verb == VERB_DATA || verb == VERB_BDAT)
		return s->phase == LOG_PHASE_RCPT ? 3 :
		    s->phase == LOG_PHASE_MAIL ? 2 : 1;
	if (verb == VERB_QUIT)
		return s->phase == LOG_PHASE_DONE ? 3 :
		    s->phase == LOG_PHASE_READY ? 2 : 1;
	return 2;
}

void log_session_ambiguous(struct log_session *s,
    const struct log_line *line)
{
	if (s->ambiguous)
		return;
	s->ambiguous = true;
	session_note(s->b, SW_NOTE_AMBIGUOUS_INTERLEAVING, 0, line->number,
	    line->number, "another session of the same client was open: "
	    "the log does not tell which of them this line and later ones "
	    "belong to");
}
