/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outcome.c - the replies to content, and what in the end became of each
 * message
 */
#include "transcript/session_internal.h"

void transaction_set_verdict(struct session_builder *b, struct sw_message *m,
    struct transaction *t, int32_t code, const struct slice *lines,
    size_t count)
{
	struct slice id;

	m->code = code;
	m->text = session_join(b, lines, count);
	t->verdict = true;
	t->early_verdict = false;
	if (!session_is_positive(code) || !m->text.data)
		return;
	id = session_queue_id(slice_make(m->text.data, m->text.len));
	if (!id.p)
		return; /* the source may have told one */
	m->queue_id.data = id.p;
	m->queue_id.len = id.len;
}

bool session_is_lmtp(const struct session_builder *b)
{
	return b->s.protocol == SW_PROTOCOL_LMTP;
}

size_t session_accepted(const struct session_builder *b)
{
	return b->current ?
	    (size_t)b->transactions[b->current - 1].rcpt_accepted : 0;
}

bool session_recipients_unsure(const struct session_builder *b)
{
	const struct transaction *t;

	if (!b->current)
		return false;
	t = &b->transactions[b->current - 1];
	return t->rcpt_total > t->rcpt_accepted + t->rcpt_deferred +
	    t->rcpt_rejected;
}

bool session_wants_prdr(const struct session_builder *b)
{
	return b->current && b->transactions[b->current - 1].prdr;
}

/* The verdict for the next accepted recipient (LMTP, RFC 2033 4.2; PRDR). */
static void final_verdict(struct session_builder *b, struct sw_message *m,
    struct transaction *t, int32_t code, const struct slice *lines,
    size_t count)
{
	struct sw_recipient *list = transaction_recipients(m), *r = NULL;

	if (t->early_verdict) { /* these decide */
		t->early_verdict = t->verdict = false;
		m->code = SW_UNKNOWN;
		m->text.data = NULL;
		m->text.len = 0;
	}
	t->final_count++;
	if (session_is_positive(code))
		t->final_accepted++;
	else if (code >= 400 && code < 500)
		t->final_deferred++;
	else
		t->final_rejected++;
	while (t->final_next < m->recipient_count && !r) {
		if (list[t->final_next].status == SW_RCPT_ACCEPTED)
			r = &list[t->final_next];
		t->final_next++;
	}
	if (!r)
		return;
	r->has_final = true;
	r->final_code = code;
	r->final_text = session_join(b, lines, count);
	r->final_status = session_status_of(code);
	if (!m->queue_id.data && session_is_positive(code) &&
	    r->final_text.data) {
		struct slice id = session_queue_id(slice_make(
		    r->final_text.data, r->final_text.len));

		m->queue_id.data = id.p;
		m->queue_id.len = id.len;
	}
}

void session_verdict(struct session_builder *b, int32_t code,
    const struct slice *lines, size_t line_count, long index)
{
	struct sw_message *m = transaction_current(b, false);
	struct transaction *t = transaction_state(b);

	if (!m || !t || code == SW_UNKNOWN)
		return;
	if (index >= 0) {
		final_verdict(b, m, t, code, lines, line_count);
		if (session_is_lmtp(b) && t->final_count >= t->rcpt_accepted)
			transaction_end(b, false);
		return;
	}
	/* 421 is about the connection: what was refused before it stays so */
	if (code != 421 || !t->early_verdict)
		transaction_set_verdict(b, m, t, code, lines, line_count);
	t->early_verdict = false;
	transaction_end(b, false);
}

void session_verdict_unseen(struct session_builder *b, uint32_t n)
{
	const struct sw_message *m = transaction_current(b, false);
	const struct sw_event *e = session_event(b, n);

	session_replies_unseen(b);
	if (m && e && e->u.data.message == m->n &&
	    transaction_state(b)->content_done)
		transaction_end(b, false);
}

void session_content_unseen(struct session_builder *b)
{
	const struct transaction *t = transaction_state(b);

	session_replies_unseen(b);
	if (t && !t->content_done && !b->content_open)
		transaction_end(b, false);
}

void session_early_verdict(struct session_builder *b, int32_t code,
    const struct slice *lines, size_t line_count)
{
	struct sw_message *m = transaction_current(b, false);
	struct transaction *t = transaction_state(b);

	if (!m || !t || code == SW_UNKNOWN)
		return;
	transaction_set_verdict(b, m, t, code, lines, line_count);
	t->early_verdict = true;
}

void session_early_is_last(struct session_builder *b)
{
	struct transaction *t = transaction_state(b);

	if (!t || !t->early_verdict)
		return;
	t->early_verdict = false;
	transaction_end(b, false);
}

/* A server gives its id to a whole message only. */
static bool names_message(const struct slice *lines, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (session_queue_id(lines[i]).p)
			return true;
	return false;
}

bool session_names_message(int32_t code, const struct slice *lines,
    size_t line_count)
{
	return session_is_positive(code) && names_message(lines, line_count);
}

void session_chunk_answer(struct session_builder *b, bool surely, int32_t code,
    const struct slice *lines, size_t line_count)
{
	struct sw_message *m = transaction_current(b, false);
	struct transaction *t = transaction_state(b);

	if (!m || !t || session_is_lmtp(b))
		return;
	m->method = SW_METHOD_BDAT;
	if (surely && session_is_refusal(code)) {
		transaction_refuse_content(b, t, true, code, lines,
		    line_count);
		return;
	}
	if (session_names_message(code, lines, line_count)) {
		session_verdict(b, code, lines, line_count, -1);
		return;
	}
	t->chunk_code = code;
	t->chunk_text = session_join(b, lines, line_count);
	t->chunk_seen = surely && session_is_positive(code);
}

void session_missed_chunk(struct session_builder *b, bool first, int32_t code,
    const struct slice *lines, size_t line_count)
{
	struct sw_message *m = transaction_current(b, false);
	struct transaction *t = transaction_state(b);
	bool named = session_names_message(code, lines, line_count);

	if (!m || !t || session_is_lmtp(b))
		return;
	t->chunk_seen = false;
	/* this one or one behind it is whole: no further chunk is its */
	if (named && t->chunk_code != SW_UNKNOWN) {
		transaction_end(b, false);
		return;
	}
	/* 421 is about the connection (RFC 5321 3.8) */
	if (!first || t->chunk_code != SW_UNKNOWN ||
	    t->data_code != SW_UNKNOWN || code == 421)
		return;
	if (named)
		session_verdict(b, code, lines, line_count, -1);
	else if (m->method == SW_METHOD_BDAT)
		t->chunk_code = code; /* what became of it is not known */
}

void transaction_settle_chunk(struct session_builder *b, struct sw_message *m,
    struct transaction *t, bool surely)
{
	struct slice text = slice_make(t->chunk_text.data, t->chunk_text.len);

	if (surely && t->chunk_seen && t->chunk_code != SW_UNKNOWN &&
	    !t->verdict && t->data_code == SW_UNKNOWN)
		transaction_set_verdict(b, m, t, t->chunk_code, &text, 1);
}

/* --- the end -------------------------------------------------------------- */

static enum sw_outcome outcome_of(int32_t code)
{
	switch (session_status_of(code)) {
	case SW_RCPT_ACCEPTED:
		return SW_OUTCOME_ACCEPTED;
	case SW_RCPT_DEFERRED:
		return SW_OUTCOME_DEFERRED;
	case SW_RCPT_REJECTED:
		return SW_OUTCOME_REJECTED;
	case SW_RCPT_UNKNOWN:
	case SW_RCPT_STATUS_COUNT:
		break;
	}
	return SW_OUTCOME_UNKNOWN;
}

static void by_refusal(struct sw_message *m, int32_t code,
    struct sw_bytes text)
{
	m->code = code;
	m->text = text;
	m->outcome = outcome_of(code);
}

static bool finals_differ(const struct transaction *t)
{
	return (t->final_accepted > 0) + (t->final_deferred > 0) +
	    (t->final_rejected > 0) > 1;
}

static enum sw_outcome outcome_of_finals(const struct transaction *t)
{
	if (finals_differ(t))
		return SW_OUTCOME_PARTIAL;
	return t->final_accepted ? SW_OUTCOME_ACCEPTED :
	    t->final_deferred ? SW_OUTCOME_DEFERRED : SW_OUTCOME_REJECTED;
}

/* Does a log tell commands alone?  Then no verdict was to be seen. */
static bool tells_no_codes(const struct sw_session *s)
{
	return s->source.kind == SW_SOURCE_LOG &&
	    !(s->records & SW_BIT(SW_RECORDS_REPLY_CODE));
}

static void work_out(struct session_builder *b, struct sw_message *m,
    struct transaction *t)
{
	if (t->verdict) {
		/* PRDR: the last reply is the message's, but recipients may
		 * differ below it. */
		m->outcome = session_is_positive(m->code) && finals_differ(t) ?
		    SW_OUTCOME_PARTIAL : outcome_of(m->code);
	} else if (t->final_count > 0) {
		m->outcome = outcome_of_finals(t);
	} else if (t->data_code != SW_UNKNOWN) {
		by_refusal(m, t->data_code, t->data_text);
	} else if (t->mail_code != SW_UNKNOWN) {
		by_refusal(m, t->mail_code, t->mail_text);
	} else if (!t->content_done && t->rcpt_total > 0 && t->rcpt_total ==
	    t->rcpt_deferred + t->rcpt_rejected) {
		by_refusal(m, t->rcpt_code, t->rcpt_text);
		m->outcome = t->rcpt_deferred ? SW_OUTCOME_DEFERRED :
		    SW_OUTCOME_REJECTED;
	} else if (tells_no_codes(&b->s)) {
		m->outcome = SW_OUTCOME_UNKNOWN;
	} else if (t->chunk_code != SW_UNKNOWN || t->content_lost) {
		m->outcome = SW_OUTCOME_UNKNOWN;
	} else if (t->aborted || (!t->ended && b->closed &&
	    !(b->replies_unseen && m->method != SW_METHOD_NONE))) {
		/* where content was sent, its verdict may have been lost */
		m->outcome = SW_OUTCOME_ABORTED;
	}
}

void transaction_finish(struct session_builder *b)
{
	size_t i;

	session_content_finish(b, false);
	if (b->current)
		transaction_settle_chunk(b, &b->messages[b->current - 1],
		    transaction_state(b), b->quit_sent);
	for (i = 0; i < b->s.message_count; i++)
		work_out(b, &b->messages[i], &b->transactions[i]);
	b->current = 0;
}
