/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * consequences.c - what a reply does to the dialogue: content begins, roles
 * turn, TLS may follow, messages get their verdicts
 */
#include "smtp/dialogue_internal.h"

#include "transcript/auth.h"

static bool is_accepted(int32_t code)
{
	return code >= 200 && code < 300;
}

static bool is_intermediate(int32_t code)
{
	return code >= 300 && code < 400;
}

/* AUTH goes on with 334, else it is over. */
static void auth_reply(struct dialogue *d, int32_t code)
{
	if (code == 334) {
		/* unless the answer was sent ahead */
		d->auth_expected = d->queue_count == 0 ||
		    smtp_queue_at(d, 0)->kind != AWAIT_AUTH_STEP;
		return;
	}
	d->auth_expected = d->auth_open = false;
	session_auth_code(d->b, code);
}

/* The first answer to LOGIN names the user only if the prompt asks for that. */
static void take_prompt(struct dialogue *d, const struct reply_in *in)
{
	bool early = d->user_early;

	d->user_early = false;
	if (in->code != 334 || in->line_count == 0 ||
	    !auth_is_login(slice_make(d->mechanism, d->mechanism_len)) ||
	    auth_asks_user(in->lines[in->line_count - 1]))
		return;
	if (d->auth_step == 0)
		d->auth_step = 1;
	else if (early)
		session_auth_user(d->b, slice_make(NULL, 0));
}

static void swap_roles(struct dialogue *d)
{
	struct line_reader server;

	/* What is held, or open, is of the role that ends. */
	if (d->guess.count > 0)
		guess_is_content(d, d->guess.octets.len);
	while (smtp_held_any(&d->held) && !d->memory)
		content_take_held(d);
	if (d->data_open)
		content_break(d, d->data_last_origin, false);
	server = d->server_line;
	/* The readers stay with their directions. */
	d->server_line = d->client_line;
	d->client_line = server;
	d->server_unfinished = true;
	d->turned = !d->turned;
	d->greeting_due = true;
	d->any_command = false;
	d->uses_chunks = d->in_chunks = d->chunk_missed = false;
	d->client = CLIENT_COMMAND;
	d->reply_end = d->lost_until = 0;
	d->last_command_acked_known = false;
	smtp_queue_drop(d, d->queue_count);
}

/* The client's octets wait for the newest command's reply: the content of an
 * older one was told already. */
static bool is_newest(struct dialogue *d, const struct outstanding *o)
{
	return d->queue_count == 0 ||
	    smtp_queue_at(d, d->queue_count - 1)->n == o->n;
}

static void data_reply(struct dialogue *d, const struct outstanding *o,
    int32_t code)
{
	if (d->client != CLIENT_AFTER_DATA || !is_newest(d, o))
		return; /* its content is being read already */
	if (is_intermediate(code)) {
		content_expect_body(d, o->n, 0, true);
	} else if (is_accepted(code)) {
		d->data_of = o->n;
		d->client = CLIENT_AFTER_DATA_2XX;
	} else {
		d->client = CLIENT_COMMAND;
	}
	content_replay(d);
}

static void bdat_reply(struct dialogue *d, const struct outstanding *o,
    int32_t code)
{
	if (d->client != CLIENT_AFTER_BDAT || !is_newest(d, o))
		return;
	if (code >= 200 && code < 400) {
		content_expect_chunk(d, o, SW_METHOD_BDAT, 0);
	} else if (smtp_held_any(&d->held)) {
		/* sent before the refusal could be known (CASES C14) */
		content_expect_chunk(d, o, SW_METHOD_NONE,
		    SW_BIT(SW_FLAG_REFUSED));
	} else {
		d->client = CLIENT_REFUSED_BDAT;
		d->chunk_left = o->size;
		d->data_of = o->n;
	}
	content_replay(d);
}

/* BDAT 0 LAST was accepted.  In a gap may have been a chunk. */
static void last_of_none(struct dialogue *d)
{
	if (d->data_open) /* that was sent behind it */
		return;
	session_content_finish(d->b, true);
	if (!d->gap_seen[0] && !d->gap_seen[1])
		session_content_empty(d->b);
}

/* May DATA, or most of it, lie in a gap? */
static bool may_lose_data(const struct dialogue *d)
{
	return d->client == CLIENT_COMMAND &&
	    d->gap_seen[dialogue_dir(d, SW_CLIENT)];
}

/* 354 to a line that is DATA to the server alone, such as " DATA" or "DATA x":
 * what comes now is content, unless some of it was told as commands. */
static bool lets_data_pass(struct dialogue *d, const struct outstanding *o,
    int32_t code)
{
	return code == 354 && d->client == CLIENT_COMMAND &&
	    is_newest(d, o) && !line_reader_partial(&d->client_line) &&
	    d->start.opener_known && !d->gap_seen[0] && !d->gap_seen[1];
}

static void command_reply(struct dialogue *d, const struct outstanding *o,
    int32_t code)
{
	switch (o->verb) {
	case VERB_DATA:
		if (lets_data_pass(d, o, code))
			content_expect_body(d, o->n, 0, true);
		else
			data_reply(d, o, code);
		break;
	case VERB_BDAT:
		if (o->counted && o->size > 0)
			bdat_reply(d, o, code);
		else if (o->counted && o->last && is_accepted(code))
			last_of_none(d);
		break;
	case VERB_XEXCH50:
		if (code == 354 && o->counted && o->size > 0 &&
		    d->client == CLIENT_COMMAND)
			content_expect_chunk(d, o, SW_METHOD_NONE, 0);
		break;
	case VERB_STARTTLS:
	case VERB_XANONYMOUSTLS:
		if (code == 220 && (d->client == CLIENT_AFTER_STARTTLS ||
		    d->client == CLIENT_COMMAND ||
		    d->client == CLIENT_BEHIND_GAP))
			d->client = CLIENT_TLS;
		break;
	case VERB_TURN:
	case VERB_ATRN:
		if (is_accepted(code) && !d->in_command)
			swap_roles(d);
		break;
	case VERB_AUTH:
	case VERB_XEXPS:
		auth_reply(d, code);
		break;
	case VERB_NONE:
	case VERB_UNKNOWN: /* also the end of DATA, behind a gap */
		if (lets_data_pass(d, o, code) || (code == 354 &&
		    o->verb == VERB_UNKNOWN && may_lose_data(d)))
			content_expect_body(d, o->n, 0, true);
		break;
	default:
		break;
	}
}

/* The first reply to LMTP's last BDAT: is it a recipient's?  Else it refuses
 * the command itself (RFC 5321 4.2.3), and is the only one. */
static bool is_of_recipient(int32_t code)
{
	return code != 421 && (code < 500 || code > 504);
}

/* LMTP (RFC 2033 4.2) and PRDR: one reply for each accepted recipient. */
static void expect_per_recipient(struct dialogue *d, struct outstanding *o,
    int32_t code)
{
	size_t accepted = session_accepted(d->b);
	/* else nobody knows how many there are, and whose each is */
	bool sure = !o->rcpts_lost && !session_recipients_unsure(d->b);

	if (o->per_rcpt || (o->kind == AWAIT_CONTENT &&
	    (o->verb == VERB_BDAT || o->verb == VERB_XEXCH50)))
		return;
	if (code == 353 && (o->kind == AWAIT_CONTENT ||
	    (o->verb == VERB_BDAT && o->last))) {
		o->per_rcpt = o->prdr = o->asked = true;
		o->replies_left = accepted + 2; /* this one and the last */
	} else if (session_is_lmtp(d->b) && (accepted > 0 || !sure) &&
	    (o->kind == AWAIT_CONTENT || (o->verb == VERB_BDAT && o->last &&
	    is_of_recipient(code)))) {
		o->per_rcpt = true;
		o->replies_left = accepted > 0 ? accepted : 1;
	}
	o->doubted = o->per_rcpt && !sure;
	if (o->doubted)
		session_replies_unseen(d->b);
}

/* One verdict came, and how many recipients there are is not known: the next
 * reply may be to the content as well. */
static void linger(struct dialogue *d, struct outstanding *o)
{
	o->replies_left = 1;
	o->lingers = o->uncertain = true;
	if (d->queue_uncertain == 0)
		d->queue_uncertain = 1; /* it is the first */
}

/* true: all replies that it awaits are there. */
static bool recipient_reply(struct dialogue *d, struct outstanding *o,
    int32_t code, const struct reply_in *in)
{
	/* one of several that were due may lie in a gap: whose this is nobody
	 * knows */
	if (o->uncertain && o->replies_left > 1)
		o->doubted = true;
	if (o->asked || o->doubted) {
		o->asked = false; /* the 353 itself */
	} else if (o->prdr && o->replies_left == 1) {
		session_verdict(d->b, code, in->lines, in->line_count, -1);
	} else {
		session_verdict(d->b, code, in->lines, in->line_count,
		    (long)o->index++);
	}
	if (--o->replies_left > 0)
		return false;
	if (!o->doubted || (o->prdr && !o->rcpts_lost))
		return true;
	linger(d, o);
	return false;
}

/* The client uses DATA: what reads like BDAT behind a gap may be a mail's. */
static void no_chunks(struct dialogue *d)
{
	d->uses_chunks = d->in_chunks = d->chunk_missed = false;
}

/* Was this BDAT's chunk content behind a message's that was complete?  Then a
 * gap took the MAIL between them, and the verdict is another message's. */
static bool is_of_second(const struct dialogue *d, const struct outstanding *o)
{
	return o->verb == VERB_BDAT && (d->gap_seen[0] || d->gap_seen[1]) &&
	    d->data_of == o->n && session_data_is_second(d->b);
}

void consequences_of(struct dialogue *d, struct outstanding *o,
    const struct reply_in *in)
{
	struct outstanding answered = *o;
	int32_t code = in->code;

	if (code == 354)
		no_chunks(d);
	expect_per_recipient(d, o, code);
	if (o->per_rcpt) {
		/* BDAT's chunk comes before the verdicts on it, the first of
		 * which may be a refusal; what is parsed by that may move the
		 * queue. */
		if (answered.kind == AWAIT_COMMAND && !answered.per_rcpt)
			command_reply(d, &answered, 250);
		if (recipient_reply(d, smtp_queue_at(d, 0), code, in)) {
			if (answered.kind == AWAIT_COMMAND)
				session_answer(d->b, answered.n, SW_UNKNOWN,
				    NULL, 0);
			smtp_queue_pop(d);
		}
		return;
	}
	smtp_queue_pop(d);
	switch ((enum awaiting)answered.kind) {
	case AWAIT_CONTENT:
		if (answered.verb == VERB_XEXCH50 || answered.second)
			break; /* no message's content */
		if (answered.verb == VERB_BDAT) {
			session_chunk_answer(d->b, !d->chunk_missed, code,
			    in->lines, in->line_count);
			break;
		}
		session_verdict(d->b, code, in->lines, in->line_count, -1);
		break;
	case AWAIT_AUTH_STEP:
		auth_reply(d, code);
		break;
	case AWAIT_COMMAND:
		if (answered.verb == VERB_AUTH || answered.verb == VERB_XEXPS)
			take_prompt(d, in);
		/* BDAT's chunk belongs to its message: content first. */
		if (answered.verb == VERB_BDAT)
			command_reply(d, &answered, code);
		session_answer(d->b, answered.n, is_of_second(d, &answered) ?
		    SW_UNKNOWN : code, in->lines, in->line_count);
		if (answered.verb != VERB_BDAT)
			command_reply(d, &answered, code);
		break;
	}
}

/* It may be that to a chunk which is lost whole; those behind it may be to any
 * command. */
static void unprompted_in_chunks(struct dialogue *d, const struct reply_in *in)
{
	bool first = d->chunk_missed && !d->server_after_gap &&
	    in->code != 220 && in->code != 221 && !is_intermediate(in->code);

	if (first || d->uses_chunks)
		session_missed_chunk(d->b, first, in->code, in->lines,
		    in->line_count);
	d->chunk_missed = d->in_chunks = false;
}

/* A reply that nothing asked for. */
void consequences_unprompted(struct dialogue *d, const struct reply_in *in)
{
	unprompted_in_chunks(d, in);
	if (in->code == 354)
		no_chunks(d);
	if (in->code == 354 && d->client == CLIENT_GUESS) {
		/* what came before was some other content, or none */
		if (d->data_open)
			content_break(d, d->data_last_origin, false);
		content_expect_body(d, 0, 0, true);
		return;
	}
	/* its DATA lies in a gap, or the most of it, behind all that awaits a
	 * reply; and the content's beginning, if the gap goes beyond what this
	 * acknowledges */
	if (in->code == 354 && (d->client == CLIENT_BEHIND_GAP ||
	    may_lose_data(d))) {
		smtp_queue_drop(d, d->queue_count);
		content_expect_body(d, 0, SW_BIT(SW_FLAG_AFTER_GAP),
		    d->client_seen == d->reply_acked);
		d->client_mid_line = false;
		return;
	}
	if (in->code == 354 && d->client == CLIENT_COMMAND &&
	    !d->any_command && !d->start.opener_known) {
		/* nobody knows where the client's octets begin */
		content_expect_body(d, 0, 0, false);
		return;
	}
	if (in->code == 334) {
		take_prompt(d, in);
		d->auth_expected = d->after_auth = d->auth_open = true;
		return;
	}
	/* to a client that went away it is only polite */
	if (in->code == 421 && d->close_told)
		return;
	if (d->server_after_gap || !d->any_reply || !d->client_known ||
	    !d->start.opener_known || d->gap_seen[1] || d->gap_seen[0])
		return;
	session_note(d->b, SW_NOTE_REPLY_UNPROMPTED, 0, in->span.at_first,
	    in->span.at_last, "The server sent %d though no command awaited "
	    "a reply.", (int)in->code);
}
