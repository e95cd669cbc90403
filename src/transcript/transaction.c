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

#include "base/buffer.h"

static bool is_positive(int32_t code)
{
	return code >= 200 && code < 300;
}

static bool is_refusal(int32_t code)
{
	return code >= 400 && code < 600;
}

static enum sw_status_of_recipient status_of(int32_t code)
{
	if (is_positive(code))
		return SW_RCPT_ACCEPTED;
	if (code >= 400 && code < 500)
		return SW_RCPT_DEFERRED;
	if (code >= 500 && code < 600)
		return SW_RCPT_REJECTED;
	return SW_RCPT_UNKNOWN;
}

static enum sw_outcome outcome_of(int32_t code)
{
	switch (status_of(code)) {
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

/* As a rule the reply is the newest event, which has the text already. */
static struct sw_bytes same_or_copy(struct session_builder *b,
    struct slice line)
{
	const struct sw_event *e = b->event_count > 0 ?
	    &b->events[b->event_count - 1] : NULL;
	const struct sw_bytes *said = e && e->kind == SW_EVENT_REPLY &&
	    e->u.reply.line_count > 0 ? e->u.reply.lines : NULL;

	if (said && line.p && line.len == said->len &&
	    memcmp(said->data, line.p, line.len) == 0)
		return *said;
	return session_text(b, line.p ? line : slice_make("", 0));
}

struct sw_bytes session_join(struct session_builder *b,
    const struct slice *lines, size_t count)
{
	struct sw_bytes none = { NULL, 0 }, out;
	size_t i, len = 0;
	uint8_t *p;

	if (count == 0)
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

/* --- paths and parameters (RFC 5321 4.1.1.2, 4.1.1.3, 4.1.2) -------------- */

/* Length of "<...>" at the start of s: up to the '>' that a blank or the end
 * follows, a quoted string may hold one; 0 if it has no end. */
static size_t path_len(struct slice s)
{
	const uint8_t *close = memchr(s.p, '>', s.len);
	bool quoted = false;
	size_t i;

	if (!close)
		return 0;
	i = (size_t)(close - s.p) + 1;
	if ((i == s.len || s.p[i] == ' ' || s.p[i] == '\t') &&
	    !memchr(s.p, '"', i)) /* the usual one */
		return i;

	for (i = 1; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == '>' && !quoted && (i + 1 == s.len ||
		    s.p[i + 1] == ' ' || s.p[i + 1] == '\t'))
			return i + 1;
	}
	return (size_t)(close - s.p) + 1; /* LENIENT: what stands behind it */
}

static size_t token_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != '\t')
		n++;
	return n;
}

/* Split "FROM:<path> params": the path without its outer brackets. */
static struct slice split_path(struct slice argument, const char *keyword,
    struct slice *rest_r)
{
	struct slice s = slice_trim(argument), path;
	size_t n;

	if (slice_has_prefix_nocase(s, slice_str(keyword))) {
		struct slice after = slice_trim(slice_from(s,
		    strlen(keyword)));

		if (after.len > 0 && after.p[0] == ':')
			s = slice_trim(slice_from(after, 1));
	}
	n = s.len > 0 && s.p[0] == '<' ? path_len(s) : 0;
	if (n > 0) {
		path = slice_make(s.p + 1, n - 2);
	} else {
		n = token_len(s);
		path = slice_head(s, n);
		/* LENIENT: '<' without '>' */
		if (path.len > 0 && path.p[0] == '<')
			path = slice_from(path, 1);
	}
	*rest_r = slice_trim(slice_from(s, n));
	return path;
}

static bool has_param(const struct sw_param *params, size_t count,
    struct slice key)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (slice_eq_nocase(slice_make(params[i].key.data,
		    params[i].key.len), key))
			return true;
	return false;
}

/* A text of an argument: a part of it if it stays, else a copy. */
static struct sw_bytes part_of(struct session_builder *b, bool stays,
    struct slice s)
{
	struct sw_bytes part = { s.p, s.len };

	return stays && s.p ? part : session_text(b, s.p ? s :
	    slice_make("", 0));
}

static bool is_upper(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] != ascii_upper(s.p[i]))
			return false;
	return true;
}

static struct sw_bytes upper_part(struct session_builder *b, bool stays,
    struct slice s)
{
	struct sw_bytes out;
	uint8_t *p;
	size_t i;

	if (is_upper(s))
		return part_of(b, stays, s);
	out = session_text(b, s);
	p = (uint8_t *)(uintptr_t)out.data;
	for (i = 0; p && i < out.len; i++)
		p[i] = ascii_upper(p[i]);
	return out;
}

/* RFC 5321 4.1.2 esmtp-keyword.  LENIENT: any printable ASCII; what JSON
 * cannot tell apart as keys is none. */
static bool is_keyword(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.len > 0;
}

/* ESMTP parameters; the first of equals counts. */
static size_t find_params(struct session_builder *b, bool stays,
    struct slice rest, struct sw_param *found)
{
	size_t count = 0;

	while (rest.len > 0 && count < LIMIT_PARAMS) {
		struct slice token = slice_head(rest, token_len(rest));
		const uint8_t *eq = memchr(token.p, '=', token.len);
		struct slice key = eq ? slice_head(token,
		    (size_t)(eq - token.p)) : token;
		struct sw_param *p = &found[count];

		rest = slice_trim(slice_from(rest, token.len));
		if (!is_keyword(key) || has_param(found, count, key))
			continue;
		p->key = upper_part(b, stays, key);
		p->value.data = NULL;
		p->value.len = 0;
		if (eq)
			p->value = part_of(b, stays,
			    slice_from(token, key.len + 1));
		count++;
	}
	return count;
}

static const struct sw_param *parse_params(struct session_builder *b,
    bool stays, struct slice rest, size_t *count_r)
{
	static const struct sw_param none;
	struct sw_param found[LIMIT_PARAMS], *out;
	size_t count;

	*count_r = 0;
	if (rest.len == 0)
		return &none;
	count = find_params(b, stays, rest, found);
	out = arena_alloc(&b->arena, (count ? count : 1) * sizeof(*out));
	if (!out) {
		b->failed = true;
		return NULL;
	}
	memcpy(out, found, count * sizeof(*out));
	*count_r = count;
	return out;
}

/* --- messages ------------------------------------------------------------- */

static struct transaction *current(struct session_builder *b)
{
	return b->current ? &b->transactions[b->current - 1] : NULL;
}

static void end_current(struct session_builder *b, bool aborted)
{
	struct transaction *t = current(b);

	if (!t)
		return;
	t->ended = true;
	t->aborted = aborted && !t->verdict;
	b->current = 0;
}

void transaction_vanish(struct session_builder *b)
{
	end_current(b, false);
}

static struct sw_message *new_message(struct session_builder *b)
{
	void *messages = b->messages, *transactions = b->transactions;
	size_t count = b->s.message_count;
	struct sw_message *m;
	struct transaction *t;

	if (b->failed || count >= LIMIT_MESSAGES)
		return NULL;
	if (!session_grow(b, &messages, count, &b->message_capacity,
	    sizeof(*b->messages)))
		return NULL;
	b->messages = messages;
	b->s.messages = messages;
	if (!session_grow(b, &transactions, count, &b->transaction_capacity,
	    sizeof(*b->transactions)))
		return NULL;
	b->transactions = transactions;
	m = &b->messages[count];
	t = &b->transactions[count];
	memset(m, 0, sizeof(*m));
	memset(t, 0, sizeof(*t));
	b->s.message_count++;
	m->n = (uint32_t)b->s.message_count;
	m->size = m->missing = m->header_size = SW_UNKNOWN;
	m->code = SW_UNKNOWN;
	m->outcome = SW_OUTCOME_UNKNOWN;
	t->rcpt_code = t->mail_code = t->data_code = SW_UNKNOWN;
	if (b->options.account)
		account_add(b->options.account, ACCOUNT_MESSAGES, 1);
	return m;
}

struct sw_message *transaction_current(struct session_builder *b, bool open)
{
	if (!b->current && open && new_message(b))
		b->current = b->s.message_count;
	return b->current ? &b->messages[b->current - 1] : NULL;
}

static void answer_mail(struct session_builder *b, struct slice argument,
    bool stays, int32_t code, const struct slice *lines, size_t count)
{
	struct sw_message *m;
	struct transaction *t;
	struct slice rest, path;

	if (code == 503 && b->current)
		return;
	if (!is_refusal(code))
		end_current(b, false);
	m = new_message(b);
	if (!m)
		return;
	t = &b->transactions[b->s.message_count - 1];
	if (argument.p) {
		path = split_path(argument, "FROM", &rest);
		m->from = part_of(b, stays, path);
		m->from_params = parse_params(b, stays, rest,
		    &m->from_param_count);
		t->prdr = has_param(m->from_params, m->from_param_count,
		    slice_str("PRDR"));
	}
	if (is_refusal(code)) {
		t->mail_code = code;
		t->mail_text = session_join(b, lines, count);
		t->ended = true;
	} else {
		b->current = b->s.message_count;
	}
}

/* The first recipients lie in the arena, since most messages have no more;
 * longer lists are on the heap. */
enum { FEW_RECIPIENTS = 2, MORE_RECIPIENTS = 8 };

static struct sw_recipient *recipients_of(const struct sw_message *m)
{
	return (struct sw_recipient *)(uintptr_t)m->recipients;
}

static bool grow_recipients(struct session_builder *b, struct sw_message *m,
    struct transaction *t)
{
	size_t old = t->recipient_capacity;
	size_t on_heap = old > FEW_RECIPIENTS ? old : 0;
	size_t wanted = on_heap ? old * 2 :
	    old ? MORE_RECIPIENTS : FEW_RECIPIENTS;
	struct sw_recipient *list;

	if (old == 0)
		list = arena_alloc(&b->arena, wanted * sizeof(*list));
	else
		list = base_realloc_array(on_heap ? recipients_of(m) : NULL,
		    wanted, sizeof(*list));
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
			free(recipients_of(&b->messages[i]));
	b->recipient_octets = 0;
}

static struct sw_recipient *new_recipient(struct session_builder *b,
    struct sw_message *m, struct transaction *t)
{
	struct sw_recipient *r;

	if (m->recipient_count >= LIMIT_RECIPIENTS) {
		b->s.omitted.recipients++;
		if (b->options.account)
			account_add(b->options.account,
			    ACCOUNT_LIMIT_RECIPIENTS, 1);
		return NULL;
	}
	if (m->recipient_count == t->recipient_capacity &&
	    !grow_recipients(b, m, t))
		return NULL;
	r = recipients_of(m) + m->recipient_count++;
	memset(r, 0, sizeof(*r));
	r->code = r->final_code = SW_UNKNOWN;
	return r;
}

static void count_recipient(struct session_builder *b,
    struct transaction *t, int32_t code, const struct slice *lines,
    size_t count)
{
	t->rcpt_total++;
	switch (status_of(code)) {
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
	if (is_refusal(code) && (t->rcpt_total <= LIMIT_RECIPIENTS ||
	    code != t->rcpt_code)) {
		t->rcpt_code = code;
		t->rcpt_text = session_join(b, lines, count);
	}
}

static void answer_rcpt(struct session_builder *b, struct slice argument,
    bool stays, int32_t code, const struct slice *lines, size_t count)
{
	/* An accepted RCPT whose MAIL lies beyond the record. */
	struct sw_message *m = transaction_current(b, is_positive(code));
	struct transaction *t = current(b);
	struct sw_recipient *r;
	struct slice rest, path;

	if (!t || !m)
		return;
	count_recipient(b, t, code, lines, count);
	r = new_recipient(b, m, t);
	if (!r)
		return;
	if (argument.p) {
		path = split_path(argument, "TO", &rest);
		r->to = part_of(b, stays, path);
		r->params = parse_params(b, stays, rest, &r->param_count);
	}
	r->code = code;
	r->text = session_join(b, lines, count);
	r->status = status_of(code);
}

static void set_verdict(struct session_builder *b, struct sw_message *m,
    struct transaction *t, int32_t code, const struct slice *lines,
    size_t count)
{
	struct slice id;

	m->code = code;
	m->text = session_join(b, lines, count);
	t->verdict = true;
	if (!is_positive(code) || !m->text.data)
		return;
	id = session_queue_id(slice_make(m->text.data, m->text.len));
	if (!id.p)
		return; /* the source may have told one */
	m->queue_id.data = id.p;
	m->queue_id.len = id.len;
}

static void refuse_content(struct session_builder *b, struct transaction *t,
    bool keep_first, int32_t code, const struct slice *lines, size_t count)
{
	if (keep_first && t->data_code != SW_UNKNOWN)
		return;
	t->data_code = code;
	t->data_text = session_join(b, lines, count);
}

static void answer_data(struct session_builder *b, enum verb verb,
    struct slice argument, int32_t code, const struct slice *lines,
    size_t count)
{
	struct transaction *t = current(b);
	struct sw_message *m = transaction_current(b, false);
	uint64_t size;
	bool last = false, bdat = verb == VERB_BDAT;

	if (!m || !t)
		return;
	m->method = bdat ? SW_METHOD_BDAT : SW_METHOD_DATA;
	if (is_refusal(code)) {
		/* After a refused chunk the others are refused too: the
		 * first says why (RFC 3030 2). */
		refuse_content(b, t, bdat, code, lines, count);
	} else if (bdat && is_positive(code) &&
	    session_bdat_parse(argument, &size, &last) && last) {
		set_verdict(b, m, t, code, lines, count);
		end_current(b, false);
	}
}

void transaction_answer(struct session_builder *b, const struct pending *p,
    int32_t code, const struct slice *lines, size_t line_count)
{
	struct slice argument = slice_make(p->argument.data,
	    p->argument.len);
	bool stays = !p->heap;

	switch (p->verb) {
	case VERB_MAIL:
	case VERB_SEND:
	case VERB_SOML:
	case VERB_SAML:
		answer_mail(b, argument, stays, code, lines, line_count);
		break;
	case VERB_RCPT:
		answer_rcpt(b, argument, stays, code, lines, line_count);
		break;
	case VERB_DATA:
	case VERB_BDAT:
		answer_data(b, p->verb, argument, code, lines, line_count);
		break;
	case VERB_LHLO:
		if (!is_refusal(code))
			b->s.protocol = SW_PROTOCOL_LMTP;
		if (is_positive(code))
			end_current(b, true);
		break;
	case VERB_HELO:
	case VERB_EHLO:
	case VERB_RSET:
		if (is_positive(code))
			end_current(b, true);
		break;
	case VERB_STARTTLS:
	case VERB_XANONYMOUSTLS:
		if (code == 220)
			end_current(b, false);
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
		if (is_refusal(code)) {
			t->mail_code = code;
			t->mail_text = session_join(b, lines, count);
		}
		return;
	}
	t->rcpt_total--; /* counted as unknown */
	count_recipient(b, t, code, lines, count);
	if (e->recipient == 0)
		return;
	r = recipients_of(m) + e->recipient - 1;
	r->code = code;
	r->text = session_join(b, lines, count);
	r->status = status_of(code);
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

/* --- content -------------------------------------------------------------- */

static void begin_content(struct session_builder *b,
    const struct data_in *d)
{
	struct sw_message *m;
	struct transaction *t;

	b->content_message = 0;
	if (d->method == SW_METHOD_NONE)
		return;
	m = transaction_current(b, true);
	if (!m)
		return;
	t = current(b);
	m->method = d->method;
	b->content_message = b->current;
	if (b->content_open && b->content_owner != b->current)
		session_content_finish(b, false);
	if (t->chunks++ > 0 && b->content_open)
		return; /* a further chunk of the same content */
	if (t->content_done) { /* content after content: no second body */
		b->content_message = 0;
		return;
	}
	if (message_init(&b->content, b->options.body_ops, m->n,
	    b->options.hash) != SW_OK)
		b->failed = true;
	b->content_open = true;
	b->content_owner = b->current;
	t->body = b->content.body;
}

uint32_t session_data_begin(struct session_builder *b,
    const struct data_in *d)
{
	uint32_t n;
	struct sw_event *e;

	if (b->in_data)
		session_data_end(b, false, true, SW_UNKNOWN, 0,
		    (struct event_span){ 0, 0, SW_NO_TIME, SW_NO_TIME });
	e = session_new_event(b, SW_EVENT_DATA, SW_CLIENT, &d->span, d->flags,
	    &n);
	if (n == 0)
		return 0;
	session_answer_early(b, d->of);
	b->in_data = true;
	b->data_n = n;
	b->data_size = b->data_lost = 0;
	b->data_lost_unknown = false;
	b->data_start_seen = d->start_seen;
	b->gap_count = 0;
	begin_content(b, d);
	if (e) {
		e->u.data.of = d->of;
		e->u.data.message = b->content_message ?
		    b->messages[b->content_message - 1].n : 0;
	}
	if (!d->start_seen) {
		if (b->content_message && b->content.size == 0)
			b->content.started = false;
		session_data_gap(b, SW_UNKNOWN);
	}
	return n;
}

/* The memory of content may have grown. */
static void count_content(struct session_builder *b)
{
	size_t now = b->content.header_capacity +
	    b->content.gap_capacity * sizeof(*b->content.gaps);

	b->held += now - b->content_held;
	b->content_held = now;
}

void session_data_octets(struct session_builder *b, struct slice octets)
{
	bool kept = session_keeps_content(b);

	b->data_size += octets.len;
	if (!b->content_message)
		return;
	if (message_octets(&b->content, octets) != SW_OK)
		b->failed = true;
	if (kept)
		count_content(b);
}

bool session_keeps_content(const struct session_builder *b)
{
	return b->content_message && !b->content.header_done;
}

void session_data_gap(struct session_builder *b, int64_t len)
{
	void *gaps = b->gaps;

	if (b->gap_count < LIMIT_GAPS) {
		if (!session_grow(b, &gaps, b->gap_count, &b->gap_capacity,
		    sizeof(*b->gaps)))
			return;
		b->gaps = gaps;
		b->gaps[b->gap_count].offset = b->data_size + b->data_lost;
		b->gaps[b->gap_count].length = len;
		b->gap_count++;
	}
	if (len >= 0)
		b->data_lost += (uint64_t)len;
	else
		b->data_lost_unknown = true;
	if (!b->content_message)
		return;
	if (message_gap(&b->content, len) != SW_OK)
		b->failed = true;
	count_content(b);
}

static void tell_gaps(struct session_builder *b, struct sw_data *d)
{
	struct sw_gap *gaps;

	d->gaps_known = true;
	d->missing = b->data_lost_unknown ? SW_UNKNOWN :
	    (int64_t)b->data_lost;
	if (b->gap_count == 0)
		return;
	gaps = arena_calloc(&b->arena, b->gap_count, sizeof(*gaps));
	if (!gaps) {
		b->failed = true;
		return;
	}
	memcpy(gaps, b->gaps, b->gap_count * sizeof(*gaps));
	d->gaps = gaps;
	d->gap_count = b->gap_count;
}

void transaction_content_done(struct session_builder *b)
{
	struct sw_message *m;
	struct transaction *t;

	if (!b->content_open)
		return;
	m = &b->messages[b->content_owner - 1];
	t = &b->transactions[b->content_owner - 1];
	if (message_tell(&b->content, m, &b->arena) != SW_OK)
		b->failed = true;
	if (b->content.gap_count > 0 && b->options.account)
		account_add(b->options.account, ACCOUNT_MESSAGES_INCOMPLETE,
		    1);
	message_reset(&b->content);
	b->content_open = false;
	t->content_done = true;
}

void session_content_finish(struct session_builder *b, bool complete)
{
	if (!b->content_open)
		return;
	message_end(&b->content, complete);
	transaction_content_done(b);
}

void session_data_end(struct session_builder *b, bool complete, bool last,
    int64_t wire, uint32_t flags, struct event_span span)
{
	struct sw_event *e = session_event(b, b->data_n);
	struct sw_digest whole = { 0 };

	if (!b->in_data)
		return;
	b->in_data = false;
	if (b->content_message && last && b->content_open) {
		bool single =
		    b->transactions[b->content_message - 1].chunks == 1;

		message_end(&b->content, complete);
		transaction_content_done(b);
		if (single)
			whole = b->messages[b->content_message - 1].sha256;
	}
	if (!e)
		return;
	e->flags |= flags;
	if (span.at_last)
		e->at_last = span.at_last;
	if (span.end != SW_NO_TIME)
		e->end = span.end;
	e->u.data.size = (int64_t)b->data_size;
	e->u.data.sha256 = whole;
	e->u.data.octets = wire;
	tell_gaps(b, &e->u.data);
	b->data_n = 0;
	session_event_done(b, e);
}

uint32_t session_data_logged(struct session_builder *b,
    const struct data_in *d, int64_t size, int64_t missing,
    const struct sw_digest *sha256)
{
	struct sw_message *m = d->method == SW_METHOD_NONE ? NULL :
	    transaction_current(b, true);
	struct sw_event *e;
	uint32_t n;

	e = session_new_event(b, SW_EVENT_DATA, SW_CLIENT, &d->span, d->flags,
	    &n);
	if (m) {
		/* one chunk of several */
		bool more = d->method == SW_METHOD_BDAT &&
		    m->size != SW_UNKNOWN && size != SW_UNKNOWN &&
		    m->size <= INT64_MAX - size;

		m->method = d->method;
		m->size = more ? m->size + size : size;
		m->missing = missing;
		if (sha256)
			m->sha256 = *sha256;
	}
	if (!e)
		return n;
	e->u.data.of = d->of;
	e->u.data.message = m ? m->n : 0;
	e->u.data.size = size;
	e->u.data.missing = missing;
	if (sha256)
		e->u.data.sha256 = *sha256;
	e->u.data.octets = SW_UNKNOWN;
	session_event_done(b, e);
	return n;
}

/* --- verdicts ------------------------------------------------------------- */

bool session_is_lmtp(const struct session_builder *b)
{
	return b->s.protocol == SW_PROTOCOL_LMTP;
}

size_t session_accepted(const struct session_builder *b)
{
	return b->current ?
	    (size_t)b->transactions[b->current - 1].rcpt_accepted : 0;
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
	struct sw_recipient *list = recipients_of(m), *r = NULL;

	t->final_count++;
	if (is_positive(code))
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
	r->final_status = status_of(code);
	if (!m->queue_id.data && is_positive(code) && r->final_text.data) {
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
	struct transaction *t = current(b);

	if (!m || !t || code == SW_UNKNOWN)
		return;
	if (index >= 0) {
		final_verdict(b, m, t, code, lines, line_count);
		if (session_is_lmtp(b) && t->final_count >= t->rcpt_accepted)
			end_current(b, false);
		return;
	}
	set_verdict(b, m, t, code, lines, line_count);
	end_current(b, false);
}

/* --- the end -------------------------------------------------------------- */

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

static void work_out(struct session_builder *b, struct sw_message *m,
    struct transaction *t)
{
	if (t->verdict) {
		/* PRDR: the last reply is the message's, but recipients may
		 * differ below it. */
		m->outcome = is_positive(m->code) && finals_differ(t) ?
		    SW_OUTCOME_PARTIAL : outcome_of(m->code);
	} else if (t->final_count > 0) {
		m->outcome = outcome_of_finals(t);
	} else if (t->data_code != SW_UNKNOWN) {
		by_refusal(m, t->data_code, t->data_text);
	} else if (t->mail_code != SW_UNKNOWN) {
		by_refusal(m, t->mail_code, t->mail_text);
	} else if (t->rcpt_total > 0 && t->rcpt_total ==
	    t->rcpt_deferred + t->rcpt_rejected) {
		by_refusal(m, t->rcpt_code, t->rcpt_text);
		m->outcome = t->rcpt_deferred ? SW_OUTCOME_DEFERRED :
		    SW_OUTCOME_REJECTED;
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
	for (i = 0; i < b->s.message_count; i++)
		work_out(b, &b->messages[i], &b->transactions[i]);
	b->current = 0;
}
