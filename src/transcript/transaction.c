/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transaction.c - mail transactions: what commands and their replies make of
 * messages and recipients
 *
 * Theory of operation.  Each MAIL begins a message, except one answered 503
 * while a message is open.  RCPT, DATA and BDAT belong to the newest MAIL
 * that was not refused and has not ended.  All is decided when the reply is
 * known (or known to be lost), in the order of the commands; content belongs
 * to the message that is open when it begins.  A message ends with its
 * verdict, an accepted RSET, HELO, EHLO, LHLO or STARTTLS, the next MAIL, or
 * the session's end; its outcome is worked out then.
 */
#include "transcript/session_internal.h"

#include <stdlib.h>

void transaction_end(struct session_builder *b, bool aborted)
{
	struct transaction *t = transaction_state(b);

	b->left_out = false;
	if (!t)
		return;
	transaction_settle_chunk(b, &b->messages[b->current - 1], t, !aborted);
	t->ended = true;
	t->aborted = aborted && !t->verdict;
	b->current = 0;
}

static void leave_out_message(struct session_builder *b)
{
	b->s.omitted.messages++;
	if (b->options.account) {
		account_add(b->options.account, ACCOUNT_MESSAGES, 1);
		account_add(b->options.account, ACCOUNT_LIMIT_OTHER, 1);
	}
	if (b->messages_left_out)
		return;
	b->messages_left_out = true;
	session_note(b, SW_NOTE_LIMIT, 0, 0, 0,
	    "Messages are left out: there are too many, or they take too much "
	    "memory.");
}

/* false: there is no room for more, or no memory. */
static bool grow_messages(struct session_builder *b)
{
	const size_t size = sizeof(*b->messages) + sizeof(*b->transactions);
	void *messages = b->messages, *transactions = b->transactions;
	size_t old = b->message_capacity;
	size_t wanted = session_more(old, 1, LIMIT_MESSAGES);

	if (!session_has_room(b, (wanted - old) * size) ||
	    !session_make_room(b, &messages, wanted, &b->message_room,
	    sizeof(*b->messages)))
		return false;
	b->messages = messages;
	b->s.messages = messages;
	if (!session_make_room(b, &transactions, wanted,
	    &b->transaction_room, sizeof(*b->transactions)))
		return false;
	b->transactions = transactions;
	b->message_capacity = wanted;
	b->held += (wanted - old) * size;
	return true;
}

static struct sw_message *new_message(struct session_builder *b)
{
	size_t count = b->s.message_count;
	struct sw_message *m;
	struct transaction *t;

	if (b->failed)
		return NULL;
	if (count >= LIMIT_MESSAGES || session_is_full(b) ||
	    (count == b->message_capacity && !grow_messages(b))) {
		if (!b->failed)
			leave_out_message(b);
		return NULL;
	}
	m = &b->messages[count];
	t = &b->transactions[count];
	memset(m, 0, sizeof(*m));
	memset(t, 0, sizeof(*t));
	b->s.message_count++;
	m->n = (uint32_t)b->s.message_count;
	m->size = m->missing = m->header_size = SW_UNKNOWN;
	m->code = SW_UNKNOWN;
	m->outcome = SW_OUTCOME_UNKNOWN;
	t->rcpt_code = t->mail_code = t->data_code = t->chunk_code =
	    SW_UNKNOWN;
	if (b->options.account)
		account_add(b->options.account, ACCOUNT_MESSAGES, 1);
	return m;
}

struct sw_message *transaction_current(struct session_builder *b, bool open)
{
	if (!b->current && open && !b->left_out) {
		if (new_message(b)) {
			b->current = b->s.message_count;
			transaction_state(b)->chunk_lost =
			    b->gap_n > b->mail_n ||
			    (!b->mail_n && !b->start_seen);
		} else {
			b->left_out = true;
		}
	}
	return b->current ? &b->messages[b->current - 1] : NULL;
}

static void answer_mail(struct session_builder *b, uint32_t n,
    struct slice argument, bool stays, int32_t code,
    const struct slice *lines, size_t count)
{
	struct sw_message *m;
	struct transaction *t;
	struct slice rest, path;

	if (code == 503 && (b->current || b->left_out))
		return;
	if (!session_is_refusal(code))
		transaction_end(b, false);
	else if (b->current)
		transaction_state(b)->mail_refused = true;
	m = new_message(b);
	if (!m) {
		b->left_out = b->left_out || !session_is_refusal(code);
		return;
	}
	t = &b->transactions[b->s.message_count - 1];
	if (argument.p) {
		path = envelope_path(argument, slice_str("FROM"), &rest);
		m->from = envelope_part(b, stays, path);
		m->from_params = envelope_params(b, stays, rest,
		    &m->from_param_count);
		t->prdr = envelope_has_param(m->from_params,
		    m->from_param_count, slice_str("PRDR"));
	}
	if (session_is_refusal(code)) {
		t->mail_code = code;
		t->mail_text = session_join(b, lines, count);
		t->ended = true;
	} else {
		b->current = b->s.message_count;
		b->mail_n = n;
		t->chunk_lost = b->gap_n > n;
		t->content_lost = session_end_may_be_lost(b, n);
	}
}

/* The first recipients lie in the arena, since most messages have no more;
 * longer lists are on the heap. */
enum { FEW_RECIPIENTS = 2, MORE_RECIPIENTS = 8 };

static bool grow_recipients(struct session_builder *b, struct sw_message *m,
    struct transaction *t)
{
	size_t old = t->recipient_capacity;
	size_t on_heap = old > FEW_RECIPIENTS ? old : 0;
	size_t wanted = old == 0 ? FEW_RECIPIENTS :
	    session_more(on_heap, MORE_RECIPIENTS, LIMIT_RECIPIENTS);
	struct sw_recipient *list;

	if (old == 0)
		list = arena_alloc(&b->arena, wanted * sizeof(*list));
	else
		list = base_realloc_array(on_heap ?
		    transaction_recipients(m) : NULL, wanted, sizeof(*list));
	if (!list) {
		b->failed = true;
		return false;
	}
	if (old == FEW_RECIPIENTS)
		memcpy(list, m->recipients, old * sizeof(*list));
	if (old > 0)
		b->recipient_octets += (wanted - on_heap) * sizeof(*list);
	m->recipients = list;
	t->recipient_capacity = wanted;
	return true;
}

void transaction_free(struct session_builder *b)
{
	size_t i;

	for (i = 0; i < b->s.message_count && !b->adopted; i++)
		if (b->transactions[i].recipient_capacity > FEW_RECIPIENTS)
			free(transaction_recipients(&b->messages[i]));
	b->recipient_octets = 0;
}

static void leave_out_recipient(struct session_builder *b)
{
	b->s.omitted.recipients++;
	if (b->options.account)
		account_add(b->options.account, ACCOUNT_LIMIT_RECIPIENTS, 1);
}

static struct sw_recipient *new_recipient(struct session_builder *b,
    struct sw_message *m, struct transaction *t)
{
	struct sw_recipient *r;

	if (m->recipient_count >= LIMIT_RECIPIENTS || session_is_full(b)) {
		leave_out_recipient(b);
		return NULL;
	}
	if (m->recipient_count == t->recipient_capacity &&
	    !grow_recipients(b, m, t))
		return NULL;
	r = transaction_recipients(m) + m->recipient_count++;
	memset(r, 0, sizeof(*r));
	r->code = r->final_code = SW_UNKNOWN;
	return r;
}

static void count_recipient(struct session_builder *b,
    struct transaction *t, int32_t code, const struct slice *lines,
    size_t count)
{
	t->rcpt_total++;
	switch (session_status_of(code)) {
	case SW_RCPT_ACCEPTED:
		t->rcpt_accepted++;
		break;
	case SW_RCPT_DEFERRED:
		t->rcpt_deferred++;
		break;
	case SW_RCPT_REJECTED:
		t->rcpt_rejected++;
		break;
	case SW_RCPT_UNKNOWN:
	case SW_RCPT_STATUS_COUNT:
		break;
	}
	/* Only the last of a kept few: texts of a million refusals would
	 * fill the session. */
	if (session_is_refusal(code) && (t->rcpt_total <= LIMIT_RECIPIENTS ||
	    code != t->rcpt_code)) {
		t->rcpt_code = code;
		t->rcpt_text = session_join(b, lines, count);
	}
}

/* Is a RCPT behind DATA, which was not refused, and a gap?  Then its MAIL lies
 * there (RFC 5321 4.1.4). */
static bool is_behind_lost_mail(const struct session_builder *b,
    const struct transaction *t)
{
	return t && t->data_n > 0 && b->gap_n > t->data_n &&
	    t->data_code == SW_UNKNOWN;
}

static void answer_rcpt(struct session_builder *b, struct slice argument,
    bool stays, int32_t code, const struct slice *lines, size_t count)
{
	struct sw_message *m;
	struct transaction *t;
	struct sw_recipient *r;
	struct slice rest, path;

	if (is_behind_lost_mail(b, transaction_state(b)))
		transaction_end(b, false);
	/* An accepted RCPT whose MAIL lies beyond the record. */
	m = transaction_current(b, session_is_positive(code));
	t = transaction_state(b);
	if (b->left_out)
		leave_out_recipient(b);
	/* A MAIL behind it was refused, and this says that there is none: it
	 * had ended, whatever the server said then. */
	if (!t || !m || (code == 503 && t->mail_refused))
		return;
	count_recipient(b, t, code, lines, count);
	r = new_recipient(b, m, t);
	if (!r)
		return;
	if (argument.p) {
		path = envelope_path(argument, slice_str("TO"), &rest);
		r->to = envelope_part(b, stays, path);
		r->params = envelope_params(b, stays, rest, &r->param_count);
	}
	r->code = code;
	r->text = session_join(b, lines, count);
	r->status = session_status_of(code);
}

void transaction_refuse_content(struct session_builder *b,
    struct transaction *t, bool keep_first, int32_t code,
    const struct slice *lines, size_t count)
{
	if (keep_first && t->data_code != SW_UNKNOWN)
		return;
	t->data_code = code;
	t->data_text = session_join(b, lines, count);
}

static void answer_data(struct session_builder *b, const struct pending *p,
    struct slice argument, int32_t code, const struct slice *lines,
    size_t count)
{
	struct transaction *t = transaction_state(b);
	struct sw_message *m = transaction_current(b, false);
	uint64_t size;
	bool last = false, bdat = p->verb == VERB_BDAT;

	if (!m || !t)
		return;
	t->data_n = p->n;
	m->method = bdat ? SW_METHOD_BDAT : SW_METHOD_DATA;
	t->chunk_code = SW_UNKNOWN; /* that one was not the last */
	if (session_is_refusal(code)) {
		/* After a refused chunk the others are refused too: the
		 * first says why (RFC 3030 2). */
		transaction_refuse_content(b, t, bdat, code, lines, count);
		t->last_refused = bdat &&
		    session_bdat_parse(argument, &size, &last) && last;
	} else if (bdat && session_is_positive(code) &&
	    session_bdat_parse(argument, &size, &last) && last) {
		transaction_set_verdict(b, m, t, code, lines, count);
		transaction_end(b, false);
	}
}

void transaction_answer(struct session_builder *b, const struct pending *p,
    int32_t code, const struct slice *lines, size_t line_count)
{
	struct slice argument = slice_make(p->argument.data,
	    p->argument.len);
	bool stays = !p->on_heap;

	switch ((enum verb)p->verb) {
	case VERB_MAIL:
	case VERB_SEND:
	case VERB_SOML:
	case VERB_SAML:
		answer_mail(b, p->n, argument, stays, code, lines,
		    line_count);
		break;
	case VERB_RCPT:
		answer_rcpt(b, argument, stays, code, lines, line_count);
		break;
	case VERB_DATA:
	case VERB_BDAT:
		answer_data(b, p, argument, code, lines, line_count);
		break;
	case VERB_LHLO:
		if (!session_is_refusal(code))
			b->s.protocol = SW_PROTOCOL_LMTP;
		if (session_is_positive(code))
			transaction_end(b, true);
		break;
	case VERB_HELO:
	case VERB_EHLO:
	case VERB_RSET:
		if (session_is_positive(code))
			transaction_end(b, true);
		break;
	case VERB_STARTTLS:
	case VERB_XANONYMOUSTLS:
		if (code == 220)
			transaction_end(b, false);
		break;
	case VERB_NONE:
	case VERB_UNKNOWN:
	case VERB_VRFY:
	case VERB_EXPN:
	case VERB_HELP:
	case VERB_NOOP:
	case VERB_QUIT:
	case VERB_AUTH:
	case VERB_ETRN:
	case VERB_TURN:
	case VERB_ATRN:
	case VERB_XCLIENT:
	case VERB_XFORWARD:
	case VERB_XEXCH50:
	case VERB_XEXPS:
	case VERB_XLINK2STATE:
	case VERB_BURL:
	case VERB_COUNT:
		break;
	}
}

/* --- replies that come after the content ---------------------------------- */

void transaction_remember(struct session_builder *b, const struct pending *p)
{
	void *list = b->tentative;
	struct sw_message *m = transaction_current(b, false);
	struct tentative *t;

	if (p->verb != VERB_MAIL && p->verb != VERB_RCPT)
		return;
	if (!session_has_room(b, session_growth(b->tentative_count,
	    b->tentative_capacity, sizeof(*t))))
		return; /* its reply fills in nothing */
	if (!session_grow(b, &list, b->tentative_count,
	    &b->tentative_capacity, sizeof(*t)))
		return;
	b->tentative = list;
	t = &b->tentative[b->tentative_count++];
	t->n = p->n;
	t->verb = p->verb;
	t->message = m ? b->current : 0;
	t->recipient = m ? m->recipient_count : 0;
}

static void fill_in(struct session_builder *b, const struct tentative *e,
    int32_t code, const struct slice *lines, size_t count)
{
	struct sw_message *m = &b->messages[e->message - 1];
	struct transaction *t = &b->transactions[e->message - 1];
	struct sw_recipient *r;

	if (e->verb == VERB_MAIL) {
		if (session_is_refusal(code)) {
			t->mail_code = code;
			t->mail_text = session_join(b, lines, count);
		}
		return;
	}
	t->rcpt_total--; /* counted as unknown */
	count_recipient(b, t, code, lines, count);
	if (e->recipient == 0)
		return;
	r = transaction_recipients(m) + e->recipient - 1;
	r->code = code;
	r->text = session_join(b, lines, count);
	r->status = session_status_of(code);
}

bool transaction_late_answer(struct session_builder *b, uint32_t command,
    int32_t code, const struct slice *lines, size_t count)
{
	size_t lo = 0, hi = b->tentative_count;

	while (lo < hi) { /* in order of n */
		size_t mid = lo + (hi - lo) / 2;

		if (b->tentative[mid].n < command)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == b->tentative_count || b->tentative[lo].n != command)
		return false;
	if (code != SW_UNKNOWN && b->tentative[lo].message)
		fill_in(b, &b->tentative[lo], code, lines, count);
	return true;
}
