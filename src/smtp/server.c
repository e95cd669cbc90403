/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.c - replies out of the octets of a server
 *
 * RFC 5321 4.2:
 *   Reply-line = *( Reply-code "-" [ textstring ] CRLF )
 *                Reply-code [ SP textstring ] CRLF
 *
 * LENIENT: any three digits are a code; a line without digits inside a
 * multi-line reply is one of its lines, elsewhere a note event.
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

/* RFC 5321 4.5.3.1.5: reply line, CRLF included. */
enum { REPLY_LINE_MAX = 512 };
/* A reply's code, and what separates it from the text. */
enum { CODE_LEN = 4 };
/* Most replies to EHLO have no more. */
enum { FEW_LINES = 16 };

/* May a reply quote what its sender was told and we were not?  A refusal
 * that answers AUTH, or a line that is not in the record (RFC 5321 4.2.3: 500
 * to 504 are about the line's form). */
static bool may_quote_unseen(struct dialogue *d, int32_t code)
{
	const struct outstanding *o;

	if (d->queue_count == 0)
		return !d->start.opener_known || d->gap_seen[0] ||
		    d->gap_seen[1] || (d->any_reply && (d->after_auth ||
		    (code >= 500 && code <= 504)));
	o = smtp_queue_at(d, 0);
	return o->uncertain || o->behind_gap || o->kind == AWAIT_AUTH_STEP ||
	    (o->kind == AWAIT_COMMAND && (o->verb == VERB_AUTH ||
	    o->verb == VERB_XEXPS));
}

/* Is the end of that line lost, behind the limit or in a gap? */
static bool is_cut(const struct reply_in *in, size_t i)
{
	return in->lines[i].len + CODE_LEN >= LIMIT_LINE ||
	    (i + 1 == in->line_count &&
	    (in->flags & SW_BIT(SW_FLAG_TRUNCATED)));
}

/* A reply that may quote a masked line, as mask_echo says.  loose: also one
 * that is not in the record. */
static void mask_quote(struct dialogue *d, struct reply_in *in,
    struct slice *lines, bool loose)
{
	size_t i;

	if (d->unechoed.max == 0)
		buffer_init(&d->unechoed, SIZE_MAX / 2);
	buffer_clear(&d->unechoed);
	d->resized = true;
	for (i = 0; i < in->line_count; i++) {
		size_t at = secrets_find_in_reply(d->secrets, in->code,
		    lines[i], loose);
		struct slice kept;

		if (at == lines[i].len && is_cut(in, i))
			at = secrets_find_begun(d->secrets, lines[i]);
		if (at == lines[i].len)
			continue;
		kept = slice_head(lines[i], at);
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

/* No reply may tell a masked line.  lines are in->line_count slices that may
 * be changed. */
static inline void mask_echo(struct dialogue *d, struct reply_in *in,
    struct slice *lines)
{
	bool loose = in->code >= 400 && may_quote_unseen(d, in->code);

	if ((d->secrets || loose) && !session_shows_secrets(d->b))
		mask_quote(d, in, lines, loose);
}

/* Can the first reply be a greeting?  RFC 5321 4.3.2: 220 or a refusal.  A
 * 250 to a command of a client that did not wait is no greeting. */
static bool may_greet(const struct dialogue *d, int32_t code)
{
	return (d->queue_count == 0 && !d->start.answer_lost) ||
	    code == 220 || code >= 400 || code < 200;
}

/* Is the first reply in the record a greeting, though nobody saw that the
 * connection began?  A client that did not wait for it began with EHLO or HELO,
 * which 220 does not answer, as it does STARTTLS and XCLIENT. */
static bool must_greet(struct dialogue *d, int32_t code)
{
	const struct outstanding *o = d->queue_count > 0 ?
	    smtp_queue_at(d, 0) : NULL;

	return code == 220 && !d->any_reply && o &&
	    o->kind == AWAIT_COMMAND && (o->verb == VERB_EHLO ||
	    o->verb == VERB_HELO || o->verb == VERB_LHLO) &&
	    !d->gap_seen[dialogue_dir(d, SW_SERVER)];
}

/* Was this command sent when the server's octets up to end had come?  first:
 * nothing of the server's was seen before them, so that what was acknowledged
 * counts from where they begin. */
static bool is_behind(const struct outstanding *o, uint64_t end, bool first)
{
	return (o->acked_known || first) && o->acked >= end;
}

/* Octets up to end are lost, UINT64_MAX: nobody knows how many. */
static void doubt_outstanding(struct dialogue *d, uint64_t end, bool first)
{
	/* those that are uncertain stand first */
	for (; d->queue_uncertain < d->queue_count; d->queue_uncertain++) {
		struct outstanding *o = smtp_queue_at(d, d->queue_uncertain);

		if (is_behind(o, end, first))
			break;
		o->uncertain = true;
	}
	d->queue_beyond = 0;
	d->server_after_gap = true;
}

/* Neither the SYN of the server's octets is in the record nor its greeting:
 * nobody knows how many replies are lost. */
static void lose_greeting(struct dialogue *d, const struct reply_in *in)
{
	d->gap_seen[dialogue_dir(d, SW_SERVER)] = true;
	session_note(d->b, SW_NOTE_GAP, 0, in->span.at_first,
	    in->span.at_last, "The first octets of the server's are missing "
	    "from the record.");
	session_gap(d->b, SW_SERVER, SW_UNKNOWN, in->span);
	doubt_outstanding(d, UINT64_MAX, false);
	/* What is being parsed must stay. */
	if (!d->replaying && smtp_held_any(&d->held))
		content_take_held(d);
}

/* What the reply does to what it answers, if that is still the oldest. */
static void consequences_if_first(struct dialogue *d,
    const struct reply_in *in)
{
	if (d->queue_count > 0 && smtp_queue_at(d, 0)->n == in->to)
		consequences_of(d, smtp_queue_at(d, 0), in);
}

/* A reply in the midst of content: the verdict, if no other comes behind the
 * end.  Of content whose beginning was not seen nobody knows whether this is
 * still the same message: what comes later may be about another. */
static void break_in(struct dialogue *d, const struct reply_in *in)
{
	if (!d->data_start_seen) {
		session_verdict(d->b, in->code, in->lines, in->line_count,
		    -1);
		return;
	}
	if (d->data_open)
		d->early_code = in->code;
	session_early_verdict(d->b, in->code, in->lines, in->line_count);
}

/* A complete reply. */
static void take_reply(struct dialogue *d, struct reply_in *in)
{
	struct outstanding *o = NULL;
	bool greeting = d->greeting_due ? may_greet(d, in->code) :
	    must_greet(d, in->code);
	bool uncertain, beyond;

	if (d->greeting_due && !greeting && d->start.answer_lost &&
	    !d->any_reply)
		lose_greeting(d, in);
	uncertain = d->queue_uncertain > 0;
	d->stray = false;
	d->greeting_due = false;
	d->unproved = false;
	if (greeting && d->early_n)
		session_note(d->b, SW_NOTE_EARLY_TALKER, d->early_n,
		    d->early_at, in->span.at_last, "The client spoke before "
		    "the server's greeting.");
	d->early_n = 0;
	if (d->client == CLIENT_GUESS && !greeting)
		guess_answered(d, in->code);
	beyond = !greeting && smtp_queue_takes_beyond(d);
	if (!greeting && !beyond)
		o = smtp_queue_find(d, in);
	/* the first one behind a gap, and all that it left in doubt */
	if (d->server_after_gap || uncertain)
		in->flags |= SW_BIT(SW_FLAG_AFTER_GAP);
	/* The server breaks in on content: it answers that. */
	if (!o && !beyond && d->data_open && in->code >= 400)
		in->to = d->data_n;
	if (o)
		in->to = o->n;
	in->by = SW_SERVER;
	in->is_challenge = in->code == 334;
	in->flags = dialogue_flags(d, in->flags);
	late_tell_reply(d, in);
	/* That may have parsed what was held: the queue stands elsewhere then,
	 * and may have lost its head. */
	if (o)
		consequences_if_first(d, in);
	else if (!greeting && !beyond && in->to == 0)
		consequences_unprompted(d, in);
	else if (!greeting && !beyond)
		break_in(d, in);
	d->any_reply = true;
	d->server_after_gap = d->commands_lost = false;
	if (d->client == CLIENT_GUESS && !d->data_open) {
		/* STARTTLS came before the record, perhaps */
		d->client = in->code == 220 ? CLIENT_AFTER_STARTTLS :
		    CLIENT_COMMAND;
		/* a reply that a gap ended was told before they were decided */
		guess_is_commands(d, d->data_last_origin);
	}
	late_flush(d);
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
	struct slice few[FEW_LINES], *lines = few;
	struct reply_in in = { 0 };
	size_t i, from = 0;

	if (r->count > FEW_LINES)
		lines = base_realloc_array(NULL, r->count, sizeof(*lines));
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
	/* The parts are given up first: consequences_of may replay client
	 * octets, which look at them. */
	r->open = false;
	take_reply(d, &in);
	if (lines != few)
		free(lines);
	if (r->open)
		return;
	reply_reset(r);
	dialogue_leave_room(d);
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
	if (at == text.len && dialogue_is_cut(l))
		at = secrets_find_begun(d->secrets, text);
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

	d->reply_acked = l->first_acked_known ? l->first_acked : UINT64_MAX;
	if (l->cut)
		session_note_cut(d->b, 0, l->first.at, l->last.at, l->octets);

	if (d->server_mid_line && !(coded && (separated ||
	    l->text.len == 3))) {
		stray_line(d, l);
		d->server_mid_line = false;
		return;
	}
	d->server_mid_line = false;
	if (!coded && !r->open) {
		stray_line(d, l);
		d->stray = true;
		return;
	}
	if (!r->open && !more) {
		single_line(d, l, text);
		return;
	}
	if (!r->open) {
		reply_reset(r);
		dialogue_take_room(d);
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

/* What follows in a delivery is no reply: commands, if the one before it turned
 * the roles, or TLS. */
static void go_on_behind(struct dialogue *d, const struct delivery *o,
    struct slice rest, uint64_t offset)
{
	struct delivery behind = *o;

	behind.octets = rest;
	behind.offset = offset;
	if (rest.len > 0)
		dialogue_dispatch(d, &behind);
}

/* Does a TLS record stand where a reply is due, because the client's first one
 * is not in the record?  No reply begins with that octet. */
static bool begins_tls(const struct dialogue *d, struct slice rest)
{
	return rest.p[0] == 0x16 && !d->reply.open &&
	    !line_reader_partial(&d->server_line) && (!d->client_known ||
	    d->client == CLIENT_BEHIND_GAP || d->client == CLIENT_TLS);
}

static void take_octets(struct dialogue *d, const struct delivery *o)
{
	struct slice rest = o->octets;
	uint64_t offset = o->offset;
	struct line line;
	size_t used;

	d->client_known = o->other_seen;
	while (rest.len > 0 && d->phase == PHASE_SMTP) {
		bool whole;

		if (begins_tls(d, rest)) {
			dialogue_tls_begin(d, true, o->origin);
			dialogue_tls_give(d, &d->look);
			go_on_behind(d, o, rest, offset);
			return;
		}
		/* also before the second reply: the first may have begun
		 * content that was held */
		client_server_speaks(d, o->origin);
		whole = line_reader_feed(&d->server_line, rest, o, &line,
		    &used, &d->resized);
		rest = slice_from(rest, used);
		offset += used;
		d->reply_end = offset;
		if (whole) {
			bool turned = d->turned;

			take_line(d, &line);
			if (turned != d->turned) {
				/* the roles have changed */
				go_on_behind(d, o, rest, offset);
				return;
			}
		} else if (d->unproved &&
		    d->server_line.octets > LIMIT_NOT_SMTP_OCTETS) {
			return;
		}
	}
}

void server_octets(struct dialogue *d, const struct delivery *o)
{
	take_octets(d, o);
	d->server_unfinished = line_reader_partial(&d->server_line) ||
	    d->reply.open || d->stray;
}

void server_partial(struct dialogue *d)
{
	struct line line;

	if (line_reader_flush(&d->server_line, &line))
		take_line(d, &line);
}

void server_gap(struct dialogue *d, uint64_t len, struct origin origin)
{
	bool first = !(d->seen_mask >> dialogue_dir(d, SW_SERVER) & 1);
	struct line line;

	if (line_reader_flush(&d->server_line, &line)) {
		line.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		take_line(d, &line);
	}
	if (d->reply.open) {
		d->reply.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		server_unterminated(d, false);
	}
	/* not where the client went on when it had them */
	if (!first || d->client_acked < d->reply_end + len)
		client_server_speaks(d, origin);
	session_gap(d->b, SW_SERVER, (int64_t)len,
	    dialogue_span(origin, origin));
	doubt_outstanding(d, d->reply_end + len, first);
	d->client_seen_at_gap = d->client_seen;
	d->reply_end += len;
	d->lost_until = d->reply_end;
	d->greeting_due = d->commands_lost = d->chunk_missed = false;
	/* 354 may be lost, but not between chunks */
	d->uses_chunks = d->uses_chunks && d->in_chunks;
	d->server_mid_line = true;
	commands_forget_auth_step(d);
	session_replies_unseen(d->b);
	if (d->queue_uncertain < d->queue_count)
		commands_settle_gap(d);
	else if (smtp_held_any(&d->held))
		content_take_held(d);
}

void server_end(struct dialogue *d, bool cut)
{
	struct line line;

	if (line_reader_flush(&d->server_line, &line)) {
		if (cut)
			line.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		take_line(d, &line);
	}
	server_unterminated(d, true);
}
