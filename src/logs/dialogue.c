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

#include "logs/dialogue_auth.h"
#include "logs/dialogue_queue.h"

static bool is_positive(int32_t code)
{
	return code >= 200 && code < 300;
}

static bool is_hello(enum verb verb)
{
	return verb == VERB_HELO || verb == VERB_EHLO || verb == VERB_LHLO;
}

/* --- commands ----------------------------------------------------------- */

size_t log_session_outstanding(const struct log_session *s)
{
	return s->outstanding_count + (s->content.of != 0);
}

static struct slice argument_of(const struct command_in *c, size_t verb_len)
{
	return slice_trim(c->line.p ? slice_from(c->line, verb_len) :
	    c->argument);
}

uint32_t log_session_command(struct log_session *s,
    const struct command_in *c)
{
	const struct command_in *told = c;
	struct command_in in;
	size_t len = c->verb_known ? c->verb_len : 0;
	enum verb verb = c->line.p && !c->verb_known ?
	    session_verb(c->line, &len) : c->known;
	struct slice argument = argument_of(c, len);
	struct slice answer = { NULL, 0 };
	uint32_t n;

	if (s->auth_line_next || log_auth_looks_secret(s, c, verb)) {
		in = *c;
		in.masked = true;
		in.verb_known = false;
		verb = in.known = VERB_NONE;
		answer = c->line.p ? c->line : c->verb;
		told = &in;
	} else if (log_is_auth(verb) || log_auth_is_repeated(s, c, verb)) {
		in = *c;
		if (log_is_auth(verb))
			answer = log_auth_response(argument);
		in.masked = !log_is_auth(verb) || answer.len > 0;
		told = &in;
	}
	s->auth_line_next = false;
	n = session_command(s->b, told);
	if (n == 0 || !log_queue_push(s, n, verb, argument))
		return 0;
	if (log_is_auth(verb))
		log_auth_begin(s, n, argument);
	else if (verb != VERB_NONE)
		s->auth_open = false;
	if (told->masked)
		log_auth_take(s, answer);
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
	else if (s->auth_open && (log_is_auth(verb) || verb == VERB_NONE))
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
		struct log_outstanding o = log_queue_pop(s);

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
	return session_data_logged(s->b, &d, size, SW_UNKNOWN);
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

static struct sw_message *newest_message(struct log_session *s)
{
	const struct sw_session *out = session_get(s->b);

	return out->message_count == 0 ? NULL : (struct sw_message *)
	    (uintptr_t)&out->messages[out->message_count - 1];
}

/* An id with which a reply ends that was cut may lack its end. */
static void drop_cut_id(struct log_session *s, const struct reply_in *r)
{
	struct sw_message *m = newest_message(s);
	struct slice text;

	if (!m || !m->queue_id.data || r->line_count == 0 ||
	    !(r->flags & SW_BIT(SW_FLAG_TRUNCATED)))
		return;
	text = r->lines[r->line_count - 1];
	while (text.len > 0 && text.p[text.len - 1] == '.')
		text.len--; /* no octet of it, or one in its midst */
	if (text.len >= m->queue_id.len && slice_eq(slice_from(text,
	    text.len - m->queue_id.len), slice_make(m->queue_id.data,
	    m->queue_id.len)))
		memset(&m->queue_id, 0, sizeof(m->queue_id));
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
	drop_cut_id(s, r);
}

/* r is the caller's to change, here and below: what was just written would be
 * waited for by a copy. */
static uint32_t verdict(struct log_session *s, struct reply_in *r)
{
	struct log_content *c = &s->content;
	uint32_t n;

	break_content(s);
	if (!c->data && !c->bdat)
		c->data = infer_data(s, c->of, c->no_message ?
		    SW_METHOD_NONE : SW_METHOD_DATA, r->span, c->size);
	r->to = c->bdat ? c->of : c->data;
	n = session_reply(s->b, r);
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
static uint32_t break_in(struct log_session *s, struct reply_in *r)
{
	uint32_t n;

	break_content(s);
	r->to = s->content.data ? s->content.data : s->content.of;
	n = session_reply(s->b, r);
	session_verdict(s->b, r->code, r->lines, r->line_count, -1);
	forget_content(s);
	return n;
}

/* The reply to a BDAT shows that its chunk passed (RFC 3030 2). */
static uint32_t chunk_passed(struct log_session *s,
    const struct log_outstanding *o, struct reply_in *r)
{
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
	r->to = o->n;
	n = session_reply(s->b, r);
	session_answer(s->b, o->n, r->code, r->lines, r->line_count);
	drop_cut_id(s, r);
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
	verb = log_queue_at(s, 0)->verb;
	if (r->code == 354 || r->code == 334 || r->code == 235 ||
	    r->code == 221)
		return log_queue_find(s, r->code) < s->outstanding_count;
	return (verb == VERB_MAIL || verb == VERB_RCPT) &&
	    !session_is_lmtp(s->b) && is_positive(r->code) &&
	    r->line_count > 0 &&
	    slice_has_prefix_nocase(r->lines[0], slice_str("2.1."));
}

/* --- replies, all of them ----------------------------------------------- */

/* Nothing awaits one: a greeting, or something unasked. */
static uint32_t unprompted(struct log_session *s, struct reply_in *r)
{
	/* The log leaves out the client's lines of AUTH. */
	if (s->auth_open && r->code != SW_UNKNOWN)
		answer_auth(s, r->code);
	r->is_challenge = r->code == 334;
	return session_reply(s->b, r);
}

/* The first reply of all, although the client has spoken: RFC 5321 4.3.2,
 * 220 or a refusal. */
static bool is_greeting(const struct log_session *s, int32_t code,
    bool first)
{
	if (!first)
		return false;
	if (code == 220)
		return log_queue_find(s, code) == s->outstanding_count;
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
		o = log_queue_pop(s);
	}
	return o;
}

static uint32_t answer(struct log_session *s, struct reply_in *r)
{
	struct log_outstanding o;
	uint32_t n;

	log_queue_step(s, r->code);
	o = log_queue_pop(s);
	if (s->auth_open && r->code == 235 &&
	    (log_is_auth(o.verb) || o.verb == VERB_NONE))
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

uint32_t log_session_reply(struct log_session *s, struct reply_in *r)
{
	bool first = s->last_code == SW_UNKNOWN;

	s->no_user_next = log_auth_asks_no_user(r);
	log_auth_mask_echo(s, r);
	s->last_code = r->code;
	/* Whatever it answers, the client's line of AUTH is next (RFC 4954
	 * 4), though the AUTH itself is not in the log. */
	if (!s->auth_open)
		s->auth_line_next = r->code == 334;
	if (s->content.of && skips_verdict(s, r))
		forget_content(s);
	if (s->content.of)
		return r->code == 421 && !s->content.verdicts_left &&
		    (!s->content.data || s->content.open) ?
		    break_in(s, r) : verdict(s, r);
	if (s->outstanding_count == 0)
		return unprompted(s, r);
	if (is_greeting(s, r->code, first))
		return session_reply(s->b, r);
	return answer(s, r);
}

/*
 * Is such a command answered with this code as any other: neither of AUTH,
 * nor with content behind it, nor a greeting in front of its reply?
 */
static bool is_plain_exchange(const struct log_session *s, enum verb verb,
    int32_t code)
{
	switch (verb) {
	case VERB_HELO:
	case VERB_EHLO:
	case VERB_MAIL:
	case VERB_RCPT:
	case VERB_RSET:
	case VERB_QUIT:
		break;
	default:
		return false;
	}
	return s->outstanding_count == 0 && s->content.of == 0 &&
	    !s->auth_open && !s->auth_line_next && !s->secrets &&
	    !s->secure_next && code >= 200 && code != 220 && code != 334 &&
	    (code < 400 || s->last_code != SW_UNKNOWN);
}

void log_session_exchange(struct log_session *s, const struct command_in *c,
    struct reply_in *r)
{
	if (c->line.p || c->masked ||
	    !is_plain_exchange(s, c->known, r->code)) {
		log_session_command(s, c);
		log_session_reply(s, r);
		return;
	}
	s->seen |= SW_BIT(c->known);
	s->last_verb = c->known;
	s->last_code = r->code;
	s->no_user_next = false;
	if (session_exchange(s->b, c, r) != 0)
		advance(s, c->known, r->code);
}

void log_session_whole_data(struct log_session *s,
    const struct command_in *c, struct reply_in *r, int64_t size)
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
	struct sw_message *m = newest_message(s);

	if (m)
		m->message_id = session_text(s->b, id);
}

void log_session_queue_id(struct log_session *s, struct slice id)
{
	struct sw_message *m = newest_message(s);

	if (m && !m->queue_id.data)
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
