/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.c - replies, and which command each of them answers
 *
 * RFC 5321 4.2:
 *   Reply-line = *( Reply-code "-" [ textstring ] CRLF )
 *                Reply-code [ SP textstring ] CRLF
 *
 * Commands and contents that await a reply stand in a queue; a reply answers
 * the oldest.  After a gap in the server's octets the commands that were
 * outstanding then are uncertain, and RULES (Replies after lost replies)
 * decide.  LENIENT: any three digits are a code; a line without digits
 * inside a multi-line reply is one of its lines, elsewhere a note event.
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

/* RFC 5321 4.5.3.1.5: reply line, CRLF included. */
enum { REPLY_LINE_MAX = 512 };
/* Octets of text kept of one reply. */
enum { REPLY_TEXT_MAX = 1 << 20 };
/* Entries looked through for one that a reply after a gap fits. */
enum { SEARCH_MAX = 1000 };
/* Octets and number of replies that wait for client octets. */
enum { LATE_OCTETS_MAX = 1 << 20, LATE_MAX = 10000 };

/* --- the queue ------------------------------------------------------------ */

static bool queue_make_room(struct dialogue *d)
{
	size_t old = d->queue_capacity, i;
	struct outstanding *q;

	if (d->queue_count < old)
		return true;
	q = base_realloc_array(d->queue, old ? old * 2 : 8, sizeof(*q));
	if (!q) {
		d->memory = true;
		return false;
	}
	for (i = 0; i < d->queue_first; i++)
		q[old + i] = q[i]; /* what wrapped goes behind the old end */
	d->resized = true;
	d->queue = q;
	d->queue_capacity = old ? old * 2 : 8;
	return true;
}

struct outstanding *smtp_queue_push(struct dialogue *d)
{
	struct outstanding *o;

	if (d->queue_count >= LIMIT_OUTSTANDING)
		smtp_queue_drop(d, 1);
	if (!queue_make_room(d))
		return NULL;
	o = smtp_queue_at(d, d->queue_count++);
	memset(o, 0, sizeof(*o));
	return o;
}

static void queue_pop(struct dialogue *d)
{
	if (smtp_queue_at(d, 0)->uncertain)
		d->queue_uncertain--;
	d->queue_first = (d->queue_first + 1) & (d->queue_capacity - 1);
	d->queue_count--;
}

/* The reply of the first entry is not to be had. */
static void give_up_first(struct dialogue *d)
{
	const struct outstanding *o = smtp_queue_at(d, 0);

	if (o->kind == AWAIT_CONTENT)
		session_replies_unseen(d->b);
	else
		session_answer(d->b, o->n, SW_UNKNOWN, NULL, 0);
	if (o->kind == AWAIT_COMMAND && o->verb == VERB_AUTH)
		d->auth_expected = false;
	queue_pop(d);
}

void smtp_queue_drop(struct dialogue *d, size_t count)
{
	while (count-- > 0 && d->queue_count > 0)
		give_up_first(d);
}

/* --- which command -------------------------------------------------------- */

/* Is this entry of the kind that such a code answers? */
static bool code_fits(int32_t code, const struct outstanding *o)
{
	bool auth = o->kind == AWAIT_AUTH_STEP ||
	    (o->kind == AWAIT_COMMAND && (o->verb == VERB_AUTH ||
	    o->verb == VERB_XEXPS));

	switch (code) {
	case 354:
		return o->kind == AWAIT_COMMAND && (o->verb == VERB_DATA ||
		    o->verb == VERB_XEXCH50);
	case 334:
	case 235:
	case 535:
		return auth;
	case 221:
		return o->kind == AWAIT_COMMAND && o->verb == VERB_QUIT;
	case 220:
		return o->kind == AWAIT_COMMAND &&
		    (o->verb == VERB_STARTTLS ||
		    o->verb == VERB_XANONYMOUSTLS);
	default:
		return false;
	}
}

static bool is_special(int32_t code)
{
	return code == 354 || code == 334 || code == 235 || code == 535 ||
	    code == 221 || code == 220;
}

/* After a gap: drop what can no longer be answered; true if the first entry
 * is then the one. */
static bool resolve_after_gap(struct dialogue *d, int32_t code)
{
	size_t i;

	if (is_special(code)) {
		for (i = 0; i < d->queue_count && i < SEARCH_MAX; i++)
			if (code_fits(code, smtp_queue_at(d, i))) {
				smtp_queue_drop(d, i);
				return true;
			}
		return false;
	}
	if (code == 421 && d->queue_count > 0)
		return true;
	return d->queue_count == 1;
}

/* The entry that this reply answers, NULL: none. */
static struct outstanding *find_target(struct dialogue *d, int32_t code)
{
	if (d->queue_count == 0)
		return NULL;
	if (d->queue_uncertain > 0 && !resolve_after_gap(d, code))
		return NULL;
	/* 354 answers nothing but DATA and its like: if one reply before it
	 * was not understood, the others fall back into step. */
	if (code == 354 && d->queue_count > 1 &&
	    smtp_queue_at(d, 0)->kind == AWAIT_COMMAND &&
	    !code_fits(code, smtp_queue_at(d, 0)) &&
	    code_fits(code, smtp_queue_at(d, 1)))
		smtp_queue_drop(d, 1);
	return smtp_queue_at(d, 0);
}

/* --- telling reply events ------------------------------------------------- */

static void free_late(struct late_reply *l)
{
	free(l->lines);
	free(l->text);
}

static uint32_t tell(struct dialogue *d, const struct reply_in *in,
    uint64_t end_offset)
{
	uint32_t n = session_reply(d->b, in);

	dialogue_remember(d, n, dialogue_dir(d, SW_SERVER), end_offset);
	return n;
}

void server_flush_late(struct dialogue *d)
{
	size_t i = 0;

	while (i < d->late_count && d->late[i].mark <= d->client_offset) {
		if (d->late[i].is_close) {
			/* the closed side's content ends here as well */
			if (dialogue_role(d, d->late[i].dir) == SW_CLIENT)
				client_end(d, false, d->late[i].origin);
			dialogue_tell_close(d, d->late[i].dir,
			    d->late[i].rst, d->late[i].origin);
			i++;
			continue;
		}
		d->late[i].in.lines = d->late[i].lines;
		tell(d, &d->late[i].in, d->reply_end);
		d->late_octets -= d->late[i].len;
		free_late(&d->late[i]);
		i++;
	}
	if (i == 0)
		return;
	d->resized = true;
	d->late_count -= i;
	memmove(d->late, d->late + i, d->late_count * sizeof(*d->late));
}

/* Client octets that came before this reply are not told yet: keep it. */
static void keep_late(struct dialogue *d, const struct reply_in *in)
{
	void *list = d->late;
	struct late_reply *l;
	size_t i, len = 0;
	uint8_t *p;

	d->resized = true;
	if (!base_grow(&list, d->late_count, &d->late_capacity, sizeof(*l))) {
		d->memory = true;
		return;
	}
	d->late = list;
	for (i = 0; i < in->line_count; i++)
		len += in->lines[i].len;
	l = &d->late[d->late_count];
	memset(l, 0, sizeof(*l));
	l->in = *in;
	l->mark = d->client_seen;
	l->lines = calloc(in->line_count + 1, sizeof(*l->lines));
	l->text = p = malloc(len + 1);
	if (!l->lines || !l->text) {
		free_late(l);
		d->memory = true;
		return;
	}
	for (i = 0; i < in->line_count; i++) {
		if (in->lines[i].len > 0)
			memcpy(p, in->lines[i].p, in->lines[i].len);
		l->lines[i] = slice_make(p, in->lines[i].len);
		p += in->lines[i].len;
	}
	d->late_count++;
	l->len = len;
	d->late_octets += len;
}

bool server_keep_close(struct dialogue *d, int dir, bool rst,
    struct origin origin)
{
	void *list = d->late;
	struct late_reply *l;

	if (!smtp_held_any(&d->held) && d->late_count == 0)
		return false;
	d->resized = true;
	if (!base_grow(&list, d->late_count, &d->late_capacity, sizeof(*l))) {
		d->memory = true;
		return false;
	}
	d->late = list;
	l = &d->late[d->late_count++];
	memset(l, 0, sizeof(*l));
	l->is_close = true;
	l->mark = d->client_seen;
	l->dir = dir;
	l->rst = rst;
	l->origin = origin;
	return true;
}

static void tell_or_keep(struct dialogue *d, const struct reply_in *in)
{
	if (smtp_held_any(&d->held) || d->late_count > 0)
		keep_late(d, in);
	else
		tell(d, in, d->reply_end);
	if (d->late_count > LATE_MAX || d->late_octets > LATE_OCTETS_MAX)
		content_take_held(d);
}

/* --- consequences --------------------------------------------------------- */

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

static void swap_roles(struct dialogue *d)
{
	struct line_reader server = d->server_line;

	/* The readers stay with their directions. */
	d->server_line = d->client_line;
	d->client_line = server;
	d->turned = !d->turned;
	d->greeting_due = true;
	d->any_command = false;
	d->client = CLIENT_COMMAND;
	d->reply_end = 0;
	d->last_command_acked_known = false;
	smtp_queue_drop(d, d->queue_count);
}

static void data_reply(struct dialogue *d, const struct outstanding *o,
    int32_t code)
{
	if (d->client != CLIENT_AFTER_DATA)
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
	if (d->client != CLIENT_AFTER_BDAT)
		return;
	if (code >= 200 && code < 400) {
		content_expect_chunk(d, o, SW_METHOD_BDAT, 0);
	} else if (smtp_held_len(&d->held) > 0) {
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

static void command_reply(struct dialogue *d, const struct outstanding *o,
    int32_t code)
{
	switch (o->verb) {
	case VERB_DATA:
		data_reply(d, o, code);
		break;
	case VERB_BDAT:
		if (o->counted && o->size > 0)
			bdat_reply(d, o, code);
		else if (o->counted && o->last && is_accepted(code))
			session_content_finish(d->b, true);
		break;
	case VERB_XEXCH50:
		if (code == 354 && o->counted && o->size > 0 &&
		    d->client == CLIENT_COMMAND)
			content_expect_chunk(d, o, SW_METHOD_NONE, 0);
		break;
	case VERB_STARTTLS:
	case VERB_XANONYMOUSTLS:
		if (code == 220 && d->client == CLIENT_COMMAND)
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
	default:
		break;
	}
}

/* LMTP (RFC 2033 4.2) and PRDR: one reply for each accepted recipient. */
static void expect_per_recipient(struct dialogue *d, struct outstanding *o,
    int32_t code)
{
	size_t accepted = session_accepted(d->b);

	if (o->per_rcpt)
		return;
	if (code == 353 && (o->kind == AWAIT_CONTENT ||
	    (o->verb == VERB_BDAT && o->last))) {
		o->per_rcpt = o->prdr = true;
		o->replies_left = accepted + 2; /* this one and the last */
		o->index = -1;
	} else if (session_is_lmtp(d->b) && accepted > 0 &&
	    (o->kind == AWAIT_CONTENT || (o->verb == VERB_BDAT && o->last &&
	    is_accepted(code)))) {
		o->per_rcpt = true;
		o->replies_left = accepted;
	}
}

/* true: all replies that it awaits are there. */
static bool recipient_reply(struct dialogue *d, struct outstanding *o,
    int32_t code, const struct reply_in *in)
{
	if (o->prdr && o->index < 0) {
		o->index = 0; /* the 353 itself */
	} else if (o->prdr && o->replies_left == 1) {
		session_verdict(d->b, code, in->lines, in->line_count, -1);
	} else {
		session_verdict(d->b, code, in->lines, in->line_count,
		    o->index++);
	}
	return --o->replies_left == 0;
}

static void consequences(struct dialogue *d, struct outstanding *o,
    const struct reply_in *in)
{
	struct outstanding answered = *o;
	int32_t code = in->code;

	expect_per_recipient(d, o, code);
	if (o->per_rcpt) {
		/* BDAT's chunk comes before the verdicts on it; what is
		 * parsed by that may move the queue. */
		if (answered.kind == AWAIT_COMMAND && !answered.per_rcpt)
			command_reply(d, &answered, code);
		if (recipient_reply(d, smtp_queue_at(d, 0), code, in)) {
			if (answered.kind == AWAIT_COMMAND)
				session_answer(d->b, answered.n, SW_UNKNOWN,
				    NULL, 0);
			queue_pop(d);
		}
		return;
	}
	queue_pop(d);
	switch (answered.kind) {
	case AWAIT_CONTENT:
		if (answered.verb == VERB_XEXCH50)
			break; /* no message's content */
		session_verdict(d->b, code, in->lines, in->line_count, -1);
		break;
	case AWAIT_AUTH_STEP:
		auth_reply(d, code);
		break;
	case AWAIT_COMMAND:
		/* BDAT's chunk belongs to its message: content first. */
		if (answered.verb == VERB_BDAT)
			command_reply(d, &answered, code);
		session_answer(d->b, answered.n, code, in->lines,
		    in->line_count);
		if (answered.verb != VERB_BDAT)
			command_reply(d, &answered, code);
		break;
	}
}

/* A reply that nothing asked for. */
static void unprompted(struct dialogue *d, const struct reply_in *in)
{
	if (in->code == 354 && d->client == CLIENT_GUESS) {
		/* what came before was some other content, or none */
		if (d->data_open)
			content_break(d, d->data_last_origin, false);
		content_expect_body(d, 0, 0, true);
		return;
	}
	if (in->code == 334) {
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

/* May a reply quote what its sender was told and we were not?  A refusal
 * that answers AUTH, or a line that is not in the record (RFC 5321 4.2.3: 500
 * to 504 are about the line's form). */
static bool may_quote_unseen(struct dialogue *d, int32_t code)
{
	const struct outstanding *o;

	if (d->queue_count == 0)
		return d->any_reply && (d->after_auth ||
		    (code >= 500 && code <= 504));
	o = smtp_queue_at(d, 0);
	return o->uncertain || o->kind == AWAIT_AUTH_STEP ||
	    (o->kind == AWAIT_COMMAND && (o->verb == VERB_AUTH ||
	    o->verb == VERB_XEXPS));
}

/* A reply that quotes what it refuses, or whom it lets in, must not tell a
 * masked line.  lines are in->line_count slices that may be changed. */
static void mask_echo(struct dialogue *d, struct reply_in *in,
    struct slice *lines)
{
	bool loose = in->code >= 400 && may_quote_unseen(d, in->code);
	size_t i;

	if ((in->code < 400 && in->code != 235) || (!d->secrets && !loose) ||
	    session_shows_secrets(d->b))
		return;
	if (d->unechoed.max == 0)
		buffer_init(&d->unechoed, SIZE_MAX / 2);
	buffer_clear(&d->unechoed);
	d->resized = true;
	for (i = 0; i < in->line_count; i++) {
		size_t at = secrets_find(d->secrets, lines[i], loose);
		struct slice kept = slice_head(lines[i], at);

		if (at == lines[i].len)
			continue;
		/* room first: what was appended must not move */
		if (d->unechoed.len == 0 && !buffer_reserve(&d->unechoed,
		    (size_t)in->octets + in->line_count * 4)) {
			d->memory = true;
			return;
		}
		lines[i].p = d->unechoed.p + d->unechoed.len;
		buffer_append_slice(&d->unechoed, kept);
		buffer_append_str(&d->unechoed, "***");
		lines[i].len = kept.len + 3;
		in->flags |= SW_BIT(SW_FLAG_MASKED);
	}
	if (in->flags & SW_BIT(SW_FLAG_MASKED))
		in->octets = SW_UNKNOWN;
}

/* Can the first reply be a greeting?  RFC 5321 4.3.2: 220 or a refusal.  A
 * 250 to a command of a client that did not wait is no greeting. */
static bool may_greet(const struct dialogue *d, int32_t code)
{
	return d->queue_count == 0 || code == 220 || code >= 400 ||
	    code < 200;
}

/* A complete reply. */
static void take_reply(struct dialogue *d, struct reply_in *in)
{
	struct outstanding *o = NULL;
	bool greeting = d->greeting_due && may_greet(d, in->code);
	bool uncertain = d->queue_uncertain > 0;

	d->greeting_due = false;
	d->unproved = false;
	if (greeting && d->early_n)
		session_note(d->b, SW_NOTE_EARLY_TALKER, d->early_n,
		    d->early_at, in->span.at_last, "The client spoke before "
		    "the server's greeting.");
	d->early_n = 0;
	if (!greeting)
		o = find_target(d, in->code);
	/* the first one behind a gap, and all that it left in doubt */
	if (d->server_after_gap || uncertain)
		in->flags |= SW_BIT(SW_FLAG_AFTER_GAP);
	/* The server breaks in on content: it answers that. */
	if (!o && d->data_open && in->code >= 400)
		in->to = d->data_n;
	if (o)
		in->to = o->n;
	in->by = SW_SERVER;
	in->is_challenge = in->code == 334;
	in->flags = dialogue_flags(d, in->flags);
	tell_or_keep(d, in);
	if (o)
		consequences(d, o, in);
	else if (!greeting && in->to == 0)
		unprompted(d, in);
	else if (!greeting)
		session_verdict(d->b, in->code, in->lines, in->line_count,
		    -1);
	d->any_reply = true;
	d->server_after_gap = false;
	if (d->client == CLIENT_GUESS && !d->data_open)
		d->client = CLIENT_COMMAND;
	server_flush_late(d);
}

/* --- putting replies together --------------------------------------------- */

static void reply_reset(struct reply_parts *r)
{
	buffer_clear(&r->text);
	r->open = r->differ = false;
	r->count = 0;
	r->omitted = r->octets = 0;
	r->flags = 0;
}

static void reply_add(struct dialogue *d, struct reply_parts *r,
    struct slice text)
{
	size_t before = r->text.capacity + r->capacity;
	void *ends = r->ends;

	if (r->count >= LIMIT_REPLY_LINES ||
	    !buffer_append_slice(&r->text, text)) {
		r->omitted++;
		return;
	}
	if (!base_grow(&ends, r->count, &r->capacity, sizeof(*r->ends))) {
		d->memory = true;
		return;
	}
	r->ends = ends;
	r->ends[r->count++] = r->text.len;
	if (r->text.capacity + r->capacity != before)
		d->resized = true;
}

/* Hand over what is put together. */
static void reply_finish(struct dialogue *d)
{
	struct reply_parts *r = &d->reply;
	struct slice *lines = calloc(r->count + 1, sizeof(*lines));
	struct reply_in in = { 0 };
	size_t i, from = 0;

	if (!lines) {
		d->memory = true;
		reply_reset(r);
		return;
	}
	for (i = 0; i < r->count; i++) {
		lines[i] = slice_from(slice_head(buffer_slice(&r->text),
		    r->ends[i]), from);
		from = r->ends[i];
	}
	in.code = r->code;
	in.lines = lines;
	in.line_count = r->count;
	in.octets = (int64_t)r->octets;
	in.flags = r->flags;
	mask_echo(d, &in, lines);
	in.span = dialogue_span(r->first, r->last);
	if (r->differ)
		session_note(d->b, SW_NOTE_REPLY_CODES_DIFFER, 0,
		    r->first.at, r->last.at, "The lines of one reply bear "
		    "different codes; the last one is %d.", (int)r->code);
	if (r->omitted)
		session_note(d->b, SW_NOTE_LIMIT, 0, r->first.at, r->last.at,
		    "A reply of %llu lines was cut to %zu.",
		    (unsigned long long)(r->count + r->omitted), r->count);
	/* The parts are given up first: consequences may replay client
	 * octets, which look at them. */
	r->open = false;
	take_reply(d, &in);
	free(lines);
	if (!r->open)
		reply_reset(r);
}

void server_unterminated(struct dialogue *d, bool note)
{
	if (!d->reply.open)
		return;
	if (note)
		session_note(d->b, SW_NOTE_REPLY_UNTERMINATED, 0,
		    d->reply.first.at, d->reply.last.at, "A multi-line reply "
		    "was never finished: its last line is \"%d-\".",
		    (int)d->reply.code);
	reply_finish(d);
}

static int32_t code_of(struct slice text)
{
	return (text.p[0] - '0') * 100 + (text.p[1] - '0') * 10 +
	    (text.p[2] - '0');
}

static void add_flags(struct reply_parts *r, const struct line *l)
{
	r->flags |= l->flags;
	if (l->octets > REPLY_LINE_MAX)
		r->flags |= SW_BIT(SW_FLAG_OVERLONG);
	if (l->cut)
		r->flags |= SW_BIT(SW_FLAG_OVERLONG);
	r->octets += l->octets;
	r->last = l->last;
}

/* What is left of a reply may quote as well. */
static void stray_line(struct dialogue *d, const struct line *l)
{
	struct slice text = l->text;
	struct buffer b;
	size_t at;

	if (text.len == 0 && !d->server_mid_line)
		return; /* an empty line says nothing */
	at = secrets_find(d->secrets, text, true);
	if (at == text.len || session_shows_secrets(d->b)) {
		session_note_event(d->b, SW_SERVER, text,
		    dialogue_span(l->first, l->last));
		return;
	}
	buffer_init(&b, LIMIT_LINE + 3);
	buffer_append_slice(&b, slice_head(text, at));
	buffer_append_str(&b, "***");
	d->memory = d->memory || b.failed;
	session_note_event(d->b, SW_SERVER, buffer_slice(&b),
	    dialogue_span(l->first, l->last));
	buffer_fini(&b);
}

/* The usual reply: one line, nothing in progress; no copy. */
static void single_line(struct dialogue *d, const struct line *l,
    struct slice text)
{
	struct reply_in in;

	in.by = SW_SERVER;
	in.code = code_of(l->text);
	in.lines = &text;
	in.line_count = 1;
	in.to = 0;
	in.octets = (int64_t)l->octets;
	in.flags = l->flags;
	in.is_challenge = false;
	mask_echo(d, &in, &text);
	if (l->octets > REPLY_LINE_MAX)
		in.flags |= SW_BIT(SW_FLAG_OVERLONG);
	in.span = dialogue_span(l->first, l->last);
	take_reply(d, &in);
}

static void take_line(struct dialogue *d, const struct line *l)
{
	struct reply_parts *r = &d->reply;
	bool coded = l->text.len >= 3 && ascii_is_digit(l->text.p[0]) &&
	    ascii_is_digit(l->text.p[1]) && ascii_is_digit(l->text.p[2]) &&
	    (l->text.len == 3 || !ascii_is_digit(l->text.p[3]));
	bool separated = l->text.len > 3 && (l->text.p[3] == ' ' ||
	    l->text.p[3] == '-' || l->text.p[3] == '\t');
	bool more = l->text.len > 3 && l->text.p[3] == '-';
	struct slice text = coded ?
	    slice_from(l->text, separated ? 4 : 3) : l->text;

	if (d->server_mid_line && !(coded && (separated ||
	    l->text.len == 3))) {
		stray_line(d, l);
		d->server_mid_line = false;
		return;
	}
	d->server_mid_line = false;
	if (!coded && !r->open) {
		stray_line(d, l);
		return;
	}
	if (!r->open && !more) {
		single_line(d, l, text);
		return;
	}
	if (!r->open) {
		reply_reset(r);
		r->open = true;
		r->code = code_of(l->text);
		r->first = l->first;
	} else if (coded && code_of(l->text) != r->code) {
		r->differ = true;
		r->code = code_of(l->text);
	}
	reply_add(d, r, text);
	add_flags(r, l);
	r->end_offset = d->reply_end;
	if (coded && !more)
		reply_finish(d);
}

/* What its host sends behind a reply that turned the roles are commands. */
static void go_on_turned(struct dialogue *d, const struct delivery *o,
    struct slice rest, uint64_t offset)
{
	struct delivery behind = *o;

	behind.octets = rest;
	behind.offset = offset;
	if (rest.len > 0)
		dialogue_dispatch(d, &behind);
}

void server_octets(struct dialogue *d, const struct delivery *o)
{
	struct slice rest = o->octets;
	uint64_t offset = o->offset;
	struct line line;
	size_t used;

	d->client_known = o->other_seen;
	while (rest.len > 0 && d->phase == PHASE_SMTP) {
		bool partial, whole;

		/* also before the second reply: the first may have begun
		 * content that was held */
		client_server_speaks(d, o->origin);
		partial = line_reader_partial(&d->server_line);
		whole = line_reader_feed(&d->server_line, rest, o, &line,
		    &used);
		if (partial || !whole)
			d->resized = true;
		rest = slice_from(rest, used);
		offset += used;
		d->reply_end = offset;
		if (whole) {
			bool turned = d->turned;

			take_line(d, &line);
			if (turned != d->turned) {
				/* the roles have changed */
				go_on_turned(d, o, rest, offset);
				return;
			}
		} else if (d->unproved &&
		    d->server_line.octets > LIMIT_NOT_SMTP_OCTETS) {
			return;
		}
	}
}

void server_partial(struct dialogue *d)
{
	struct line line;

	if (line_reader_flush(&d->server_line, &line))
		take_line(d, &line);
}

void server_gap(struct dialogue *d, uint64_t len, struct origin origin)
{
	struct line line;

	if (line_reader_flush(&d->server_line, &line)) {
		line.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		take_line(d, &line);
	}
	if (d->reply.open) {
		d->reply.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		server_unterminated(d, false);
	}
	client_server_speaks(d, origin);
	session_gap(d->b, SW_SERVER, (int64_t)len,
	    dialogue_span(origin, origin));
	/* those that are uncertain stand first */
	for (; d->queue_uncertain < d->queue_count; d->queue_uncertain++)
		smtp_queue_at(d, d->queue_uncertain)->uncertain = true;
	d->reply_end += len;
	d->greeting_due = false;
	d->server_after_gap = true;
	d->server_mid_line = true;
	client_forget_auth_step(d);
	session_replies_unseen(d->b);
	if (smtp_held_any(&d->held))
		content_take_held(d);
}

void server_end(struct dialogue *d, bool cut, struct origin origin)
{
	struct line line;

	(void)origin;
	if (line_reader_flush(&d->server_line, &line)) {
		if (cut)
			line.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		take_line(d, &line);
	}
	server_unterminated(d, true);
}
