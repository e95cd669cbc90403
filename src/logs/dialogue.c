/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue.c - what the lines of one session of a log mean together
 *
 * Theory of operation.  A log tells lines in their order, but not which reply
 * answers which command: replies are given to the commands in turn.  Codes
 * that answer one verb only (354, 334, 235, 221, 220) bring the others back
 * into step when lines are missing.
 *
 * Behind a DATA that was accepted the next reply is the verdict (LMTP, and
 * PRDR behind a 353: one for each accepted recipient), and the content that
 * no log line tells is inferred.  A BDAT answered by 2xx shows that its chunk
 * passed; one that was refused does not show whether it did.  Lines of an
 * AUTH exchange are masked as on the wire (TRANSCRIPT, Secrets), and so are
 * refusals that quote them.
 */
#include "logs/sessions.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "transcript/auth.h"

struct log_outstanding {
	uint32_t n;
	enum verb verb;
	bool counted;  /* BDAT, XEXCH50: size could be read */
	bool last;     /* BDAT */
	uint64_t size;
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

/* --- outstanding commands ----------------------------------------------- */

size_t log_session_outstanding(const struct log_session *s)
{
	return s->outstanding_count + (s->content.of != 0);
}

/* Of the one that i others are in front of; the capacity is a power of 2. */
static size_t place_of(const struct log_session *s, size_t i)
{
	return (s->outstanding_first + i) & (s->outstanding_capacity - 1);
}

static struct log_outstanding pop(struct log_session *s)
{
	struct log_outstanding o = s->outstanding[s->outstanding_first];

	s->outstanding_first = place_of(s, 1);
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

static struct slice first_word(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != '\t')
		n++;
	return slice_head(s, n);
}

/* How many octets follow it. */
static void count_octets(struct log_outstanding *o, struct slice argument)
{
	if (o->verb == VERB_BDAT)
		o->counted = session_bdat_parse(argument, &o->size, &o->last);
	else if (o->verb == VERB_XEXCH50)
		o->counted = slice_to_u64(first_word(argument), &o->size) &&
		    o->size <= INT64_MAX;
}

static bool push(struct log_session *s, uint32_t n, enum verb verb,
    struct slice argument)
{
	struct log_outstanding *o;

	if (s->outstanding_count >= LIMIT_LOG_OUTSTANDING)
		pop(s); /* never answered, as it seems */
	if (s->outstanding_count == s->outstanding_capacity && !grow(s))
		return false;
	o = &s->outstanding[place_of(s, s->outstanding_count)];
	memset(o, 0, sizeof(*o));
	o->n = n;
	o->verb = verb;
	count_octets(o, argument);
	s->outstanding_count++;
	return true;
}

static const struct log_outstanding *outstanding_at(
    const struct log_session *s, size_t i)
{
	return &s->outstanding[place_of(s, i)];
}

/* Can this code answer this verb and few others? */
static bool is_of_kind(int32_t code, enum verb verb)
{
	switch (code) {
	case 354:
		return verb == VERB_DATA || verb == VERB_XEXCH50;
	case 334:
	case 235:
		return is_auth(verb) || verb == VERB_NONE;
	case 221:
		return verb == VERB_QUIT;
	case 220:
		return verb == VERB_STARTTLS || verb == VERB_XANONYMOUSTLS ||
		    verb == VERB_XCLIENT;
	default:
		return false;
	}
}

/* The oldest command whose kind it is; count: none. */
static size_t find_kind(const struct log_session *s, int32_t code)
{
	size_t i;

	for (i = 0; i < s->outstanding_count; i++)
		if (is_of_kind(code, outstanding_at(s, i)->verb))
			break;
	return i;
}

/* Replies to what stands before it are not in the log. */
static void fall_into_step(struct log_session *s, int32_t code)
{
	size_t i = find_kind(s, code);

	if (i == s->outstanding_count)
		return;
	for (; i > 0; i--)
		pop(s);
}

/* --- commands ----------------------------------------------------------- */

/* Is it a secret although it looks like a command?  It may be another
 * session's where the log does not tell them apart. */
static bool looks_secret(const struct log_session *s,
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

static void begin_auth(struct log_session *s, uint32_t n,
    struct slice argument)
{
	session_auth(s->b, n, first_word(argument));
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
	if (s->password_next && s->auth_step == 0)
		s->auth_step = 1; /* the user's line is not in the log */
	s->password_next = false;
	buffer_init(&user, LIMIT_LINE);
	if (auth_user(mechanism, s->auth_step, answer, &user))
		session_auth_user(s->b, buffer_slice(&user));
	if (user.failed || !secrets_add(&s->secrets, mechanism,
	    s->auth_step++, answer))
		session_fail(s->b);
	buffer_fini(&user);
}

static void take_secret(struct log_session *s, struct slice secret)
{
	if (s->auth_open)
		take_answer(s, secret);
	else if (!secrets_add_stray(&s->secrets, secret))
		session_fail(s->b);
}

static struct slice argument_of(const struct command_in *c, size_t verb_len)
{
	return slice_trim(c->line.p ? slice_from(c->line, verb_len) :
	    c->argument);
}

/* The initial response of AUTH (RFC 4954 4), empty: none. */
static struct slice response_of(struct slice argument)
{
	struct slice word = first_word(argument);

	return auth_is_mechanism(word) ?
	    slice_trim(slice_from(argument, word.len)) : argument;
}

uint32_t log_session_command(struct log_session *s,
    const struct command_in *c)
{
	const struct command_in *told = c;
	struct command_in in;
	size_t len = 0;
	enum verb verb = c->line.p ? session_verb(c->line, &len) : c->known;
	struct slice argument = argument_of(c, len);
	struct slice answer = { NULL, 0 };
	uint32_t n;

	if (s->auth_line_next || looks_secret(s, c, verb)) {
		in = *c;
		in.masked = true;
		verb = in.known = VERB_NONE;
		answer = c->line.p ? c->line : c->verb;
		told = &in;
	} else if (is_auth(verb)) {
		in = *c;
		answer = response_of(argument);
		in.masked = answer.len > 0;
		told = &in;
	}
	s->auth_line_next = false;
	n = session_command(s->b, told);
	if (n == 0 || !push(s, n, verb, argument))
		return 0;
	if (is_auth(verb))
		begin_auth(s, n, argument);
	else if (verb != VERB_NONE)
		s->auth_open = false;
	if (told->masked)
		take_secret(s, answer);
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

/* --- content and verdicts ----------------------------------------------- */

/* The content that must have passed before this line. */
static uint32_t infer_data(struct log_session *s, uint32_t of,
    enum sw_method method, struct event_span span, int64_t size)
{
	struct data_in d = { .of = of, .method = method,
		.start_seen = true, .flags = SW_BIT(SW_FLAG_INFERRED),
		.span = span };

	d.span.time = SW_NO_TIME; /* its first octet is told nowhere */
	return session_data_logged(s->b, &d, size, SW_UNKNOWN, NULL);
}

static void forget_content(struct log_session *s)
{
	memset(&s->content, 0, sizeof(s->content));
	s->content.size = SW_UNKNOWN;
}

/* The log stopped telling octets before their end. */
static void break_content(struct log_session *s)
{
	if (!s->content.open)
		return;
	s->content.open = false;
	session_data_end(s->b, false, true, SW_UNKNOWN, s->content.flags,
	    s->content.last);
}

/* How many verdicts does the first one begin?  RFC 2033 4.2, PRDR. */
static void expect_verdicts(struct log_session *s, int32_t code)
{
	struct log_content *c = &s->content;
	size_t accepted = session_accepted(s->b);

	c->index = 0;
	c->verdicts_left = 1;
	if (code == 353) {
		c->prdr = true;
		c->index = -1; /* that of the 353 itself */
		c->verdicts_left = accepted + 2;
	} else if (session_is_lmtp(s->b) && accepted > 0) {
		c->lmtp = true;
		c->verdicts_left = accepted;
	}
}

static void take_verdict(struct log_session *s, const struct reply_in *r)
{
	struct log_content *c = &s->content;

	if (c->prdr && c->index < 0)
		c->index = 0;
	else if (c->lmtp || (c->prdr && c->verdicts_left > 1))
		session_verdict(s->b, r->code, r->lines, r->line_count,
		    c->index++);
	else
		session_verdict(s->b, r->code, r->lines, r->line_count, -1);
}

static uint32_t verdict(struct log_session *s, const struct reply_in *r)
{
	struct log_content *c = &s->content;
	struct reply_in in = *r;
	uint32_t n;

	break_content(s);
	if (!c->data && !c->bdat)
		c->data = infer_data(s, c->of, c->no_message ?
		    SW_METHOD_NONE : SW_METHOD_DATA, r->span, c->size);
	in.to = c->bdat ? c->of : c->data;
	n = session_reply(s->b, &in);
	if (c->no_message) {
		forget_content(s);
		return n;
	}
	if (c->verdicts_left == 0)
		expect_verdicts(s, r->code);
	take_verdict(s, r);
	if (--c->verdicts_left > 0)
		return n;
	if (c->bdat)
		session_answer(s->b, c->of, SW_UNKNOWN, NULL, 0);
	forget_content(s);
	s->phase = LOG_PHASE_DONE;
	return n;
}

/* A 421 in the midst of content says that it did not pass. */
static uint32_t break_in(struct log_session *s, const struct reply_in *r)
{
	struct reply_in in = *r;
	uint32_t n;

	break_content(s);
	in.to = s->content.data ? s->content.data : s->content.of;
	n = session_reply(s->b, &in);
	session_verdict(s->b, r->code, r->lines, r->line_count, -1);
	forget_content(s);
	return n;
}

/* The reply to a BDAT shows that its chunk passed (RFC 3030 2). */
static uint32_t chunk_passed(struct log_session *s,
    const struct log_outstanding *o, const struct reply_in *r)
{
	struct reply_in in = *r;
	uint32_t n;

	if (o->size > 0)
		infer_data(s, o->n, SW_METHOD_BDAT, r->span,
		    (int64_t)o->size);
	if (o->last && (r->code == 353 || (session_is_lmtp(s->b) &&
	    session_accepted(s->b) > 0))) {
		s->content.of = o->n;
		s->content.bdat = true;
		return verdict(s, r);
	}
	in.to = o->n;
	n = session_reply(s->b, &in);
	session_answer(s->b, o->n, r->code, r->lines, r->line_count);
	if (o->last)
		s->phase = LOG_PHASE_DONE;
	return n;
}

/*
 * Is it the reply to a command behind the content, whose own verdict the log
 * does not hold?  Known by its kind, or by RFC 3463 3.2: X.1.X is about
 * addresses.
 */
static bool skips_verdict(const struct log_session *s,
    const struct reply_in *r)
{
	enum verb verb;

	if (s->outstanding_count == 0 || s->content.open ||
	    s->content.verdicts_left > 0)
		return false;
	verb = outstanding_at(s, 0)->verb;
	if (r->code == 354 || r->code == 334 || r->code == 235 ||
	    r->code == 221)
		return find_kind(s, r->code) < s->outstanding_count;
	return (verb == VERB_MAIL || verb == VERB_RCPT) &&
	    !session_is_lmtp(s->b) && is_positive(r->code) &&
	    r->line_count > 0 &&
	    slice_has_prefix_nocase(r->lines[0], slice_str("2.1."));
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
	o = outstanding_at(s, 0);
	return is_auth(o->verb) || o->verb == VERB_NONE;
}

static struct slice without_echo(struct log_session *s, struct slice text,
    bool loose)
{
	struct slice kept = slice_head(text, secrets_find(s->secrets, text,
	    loose));
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

/* The texts of r as they may be told: a refusal, or what lets the client in,
 * may quote. */
static void mask_echo(struct log_session *s, struct reply_in *r)
{
	bool loose = may_quote_unseen(s, r->code);
	struct slice *lines;
	size_t i;

	if ((!s->secrets && !loose) || (r->code < 400 && r->code != 235) ||
	    session_shows_secrets(s->b))
		return;
	for (i = 0; i < r->line_count; i++)
		if (secrets_find(s->secrets, r->lines[i], loose) <
		    r->lines[i].len)
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
		lines[i] = without_echo(s, r->lines[i], loose);
	r->lines = lines;
	r->octets = SW_UNKNOWN;
	r->flags |= SW_BIT(SW_FLAG_MASKED);
}

/* LOGIN's second prompt, whichever of its spellings ("Password:"). */
static bool is_password_prompt(const struct reply_in *r)
{
	return r->line_count > 0 && (slice_has_prefix_nocase(r->lines[0],
	    slice_str("UGFzc3dvcmQ")) || slice_has_prefix_nocase(r->lines[0],
	    slice_str("cGFzc3dvcmQ")));
}

/* --- replies, all of them ----------------------------------------------- */

/* Nothing awaits one: a greeting, or something unasked. */
static uint32_t unprompted(struct log_session *s, const struct reply_in *r)
{
	struct reply_in in = *r;

	/* The log leaves out the client's lines of AUTH. */
	if (s->auth_open && r->code != SW_UNKNOWN)
		answer_auth(s, r->code);
	in.is_challenge = r->code == 334;
	return session_reply(s->b, &in);
}

/* The first reply of all, although the client has spoken: RFC 5321 4.3.2,
 * 220 or a refusal. */
static bool is_greeting(const struct log_session *s, int32_t code,
    bool first)
{
	if (!first)
		return false;
	if (code == 220)
		return find_kind(s, code) == s->outstanding_count;
	return code >= 400 && s->start_seen &&
	    (session_get(s->b)->records & SW_BIT(SW_RECORDS_GREETING));
}

/* The end of AUTH answers the client's last line of it: what some logs leave
 * out are challenges. */
static struct log_outstanding pop_auth(struct log_session *s,
    struct log_outstanding o)
{
	while (s->outstanding_count > 0 &&
	    s->outstanding[s->outstanding_first].verb == VERB_NONE) {
		session_answer(s->b, o.n, SW_UNKNOWN, NULL, 0);
		o = pop(s);
	}
	return o;
}

/* r is ours to complete. */
static uint32_t answer(struct log_session *s, struct reply_in *r)
{
	struct log_outstanding o;
	uint32_t n;

	fall_into_step(s, r->code);
	o = pop(s);
	if (s->auth_open && r->code == 235 &&
	    (is_auth(o.verb) || o.verb == VERB_NONE))
		o = pop_auth(s, o);
	if (o.verb == VERB_BDAT && o.counted && r->code >= 200 &&
	    r->code < 400)
		return chunk_passed(s, &o, r);
	r->to = o.n;
	r->is_challenge = r->code == 334;
	n = session_reply(s->b, r);
	session_answer(s->b, o.n, r->code, r->lines, r->line_count);
	if (o.verb == VERB_DATA && r->code >= 200 && r->code < 400) {
		s->content.of = o.n;
	} else if (o.verb == VERB_XEXCH50 && r->code == 354 && o.counted) {
		s->content.of = o.n;
		s->content.no_message = true;
		s->content.size = (int64_t)o.size;
	}
	advance(s, o.verb, r->code);
	return n;
}

void log_session_unjudged(struct log_session *s)
{
	if (s->content.of && !s->content.open)
		forget_content(s);
}

uint32_t log_session_reply(struct log_session *s, const struct reply_in *r)
{
	struct reply_in in = *r;
	bool first = s->last_code == SW_UNKNOWN;

	mask_echo(s, &in);
	s->password_next = r->code == 334 && is_password_prompt(r);
	s->last_code = r->code;
	/* Whatever it answers, the client's line of AUTH is next (RFC 4954
	 * 4), though the AUTH itself is not in the log. */
	if (!s->auth_open)
		s->auth_line_next = r->code == 334;
	if (s->content.of && skips_verdict(s, &in))
		forget_content(s);
	if (s->content.of)
		return r->code == 421 && !s->content.verdicts_left &&
		    (!s->content.data || s->content.open) ?
		    break_in(s, &in) : verdict(s, &in);
	if (s->outstanding_count == 0)
		return unprompted(s, &in);
	if (is_greeting(s, r->code, first))
		return session_reply(s->b, &in);
	return answer(s, &in);
}

void log_session_whole_data(struct log_session *s,
    const struct command_in *c, const struct reply_in *r, int64_t size)
{
	uint32_t n = session_command(s->b, c);

	s->seen |= SW_BIT(VERB_DATA);
	s->last_verb = VERB_DATA;
	session_answer(s->b, n, SW_UNKNOWN, NULL, 0);
	s->content.of = n;
	s->content.size = size;
	verdict(s, r);
	forget_content(s);
}

void log_session_tls(struct log_session *s, const struct log_line *line,
    int64_t time, struct slice version, struct slice cipher)
{
	struct sw_encryption *e = session_encryption(s->b);
	struct sw_tls tls = { 0 };

	if (version.len > 0)
		tls.version = session_text(s->b, version);
	if (cipher.len > 0)
		tls.cipher = session_text(s->b, cipher);
	tls.octets.client = tls.octets.server = SW_UNKNOWN;
	e->version = tls.version;
	e->cipher = tls.cipher;
	e->octets = tls.octets;
	e->decrypted = true;
	session_tls(s->b, &tls, log_span(line, time));
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
	    line->number, "another open session could have spoken here as "
	    "well: the log does not tell which of them this line and later "
	    "ones belong to");
}

/* --- notes that many families make --------------------------------------- */

void log_session_no_start(struct log_session *s, const struct log_line *line)
{
	s->start_seen = false;
	session_note(s->b, SW_NOTE_NO_START, 0, line->number, line->number,
	    "the session's first lines are not in this log");
}

void log_session_date_assumed(struct log_session *s,
    const struct log_line *line)
{
	session_note(s->b, SW_NOTE_DATE_ASSUMED, 0, line->number,
	    line->number, "the lines hold no date: it was taken from the "
	    "log's own head or name");
}
