/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text_event.c - the events of a session as lines of text */
#include "emit/text_parts.h"

#include "base/escape.h"
#include "emit/words.h"
#include "transcript/replies.h"

static void put_octets(const struct teller *t, int64_t n)
{
	if (n < 0)
		put(t, "an unknown number of octets");
	else
		words_count(t->b, (uint64_t)n, "octet");
}

static const char *mark_of(enum sw_role by)
{
	return by == SW_CLIENT ? "C" : by == SW_SERVER ? "S" : "?";
}

/* "the client", "the server" */
static void put_role(const struct teller *t, enum sw_role by)
{
	const char *name = sw_role_name(by);

	put(t, "the ");
	put(t, name ? name : "connection");
}

static void tell_command(const struct teller *t, const struct sw_event *e)
{
	const struct sw_command *c = &e->u.command;

	text_begin_line(t, e->time, mark_of(e->by), CYAN);
	if (c->line.data) {
		text_put_line(t, c->line);
	} else if (c->verb.data) {
		text_put_line(t, c->verb);
		if (c->argument.len > 0) {
			put(t, " ");
			text_put_line(t, c->argument);
		}
	} else {
		put(t, "(a line that is not recorded)");
	}
	text_end_line(t, e->flags, CYAN);
}

static void put_code(const struct teller *t, int32_t code)
{
	char text[3];

	if (code < 0)
		return;
	text[0] = (char)('0' + code / 100 % 10);
	text[1] = (char)('0' + code / 10 % 10);
	text[2] = (char)('0' + code % 10);
	(void)buffer_append(t->b, text, sizeof(text));
}

static void put_reply_line(const struct teller *t, const struct sw_reply *r,
    size_t i)
{
	bool last = i + 1 == r->line_count;

	put_code(t, r->code);
	if (r->code >= 0 && (!last || r->lines[i].len > 0))
		put(t, last ? " " : "-");
	text_put_line(t, r->lines[i]);
}

/* What the reply means, for --explain. */
static void tell_explanation(const struct teller *t,
    const struct sw_event *e)
{
	const struct sw_reply *r = &e->u.reply;
	struct sw_explanation x;

	if (!t->explain || r->code < 0)
		return;
	replies_explain(r->code, slice_make(r->enhanced.data,
	    r->enhanced.len), replies_place(t->s, e), &x);
	text_begin_line(t, SW_NO_TIME, "=", NULL);
	(void)replies_append(t->b, &x);
	text_end_line(t, 0, NULL);
}

static void tell_reply(const struct teller *t, const struct sw_event *e)
{
	const struct sw_reply *r = &e->u.reply;
	const char *mark = mark_of(e->by);
	const char *color = r->code >= 500 ? RED :
	    r->code >= 400 ? YELLOW : NULL;
	size_t i;

	text_begin_line(t, e->time, mark, color);
	if (r->line_count == 0 && r->code < 0)
		put(t, "(a reply that is not recorded)");
	else if (r->line_count == 0)
		put_code(t, r->code);
	for (i = 0; i < r->line_count; i++) {
		if (i > 0) {
			text_end_line(t, 0, color);
			text_begin_line(t, SW_NO_TIME, mark, color);
		}
		put_reply_line(t, r, i);
	}
	text_end_line(t, e->flags, color);
	tell_explanation(t, e);
}

/* What the record lacks of content. */
static void put_missing(const struct teller *t, const struct sw_data *d)
{
	if (!d->gaps_known || d->missing == 0)
		return;
	if (d->missing < 0 && d->gap_count < 2) {
		bool begins = d->gap_count == 1 && d->gaps[0].offset == 0 &&
		    d->size != 0;

		put(t, begins ? ", its beginning is missing" :
		    ", its end is missing");
		return;
	}
	put(t, ", ");
	if (d->missing < 0)
		put(t, "an unknown number");
	else
		put_u64(t, (uint64_t)d->missing);
	put(t, " missing");
	if (d->gap_count == 0)
		return;
	if (d->gap_count > 1) {
		put(t, " in ");
		put_u64(t, d->gap_count);
		put(t, " places, the first");
	}
	put(t, " at ");
	put_u64(t, d->gaps[0].offset);
}

static void tell_data(const struct teller *t, const struct sw_event *e)
{
	const struct sw_data *d = &e->u.data;

	text_begin_line(t, e->time, mark_of(e->by), CYAN);
	if (d->message != 0) {
		put(t, "[message ");
		put_u64(t, d->message);
	} else {
		put(t, "[content of no message");
	}
	put(t, ": ");
	if (d->size < 0)
		put(t, "size not known");
	else
		put_octets(t, d->size);
	if (d->sha256.known) {
		put(t, ", sha256 ");
		(void)buffer_append_hex(t->b, d->sha256.octets, 8);
	}
	put_missing(t, d);
	put(t, "]");
	text_end_line(t, e->flags, CYAN);
}

/* Does a note say that TLS did not follow where this event begins? */
static bool is_no_tls(const struct teller *t, uint32_t n)
{
	size_t i;

	for (i = 0; i < t->s->note_count; i++)
		if (t->s->notes[i].code == SW_NOTE_TLS_NOT_FOLLOWED &&
		    t->s->notes[i].event == n)
			return true;
	return false;
}

/* "TLSv1.3" is told as "TLS 1.3". */
static void put_tls_version(const struct teller *t, const struct sw_event *e)
{
	struct sw_bytes v = e->u.tls.version;
	struct slice s = slice_make(v.data, v.len);

	if (!v.data) {
		put(t, !e->u.tls.sni.data && is_no_tls(t, e->n) ?
		    "octets that are not SMTP" : "TLS of an unknown version");
		return;
	}
	if (s.len > 4 && memcmp(s.p, "TLSv", 4) == 0) {
		put(t, "TLS ");
		s = slice_from(s, 4);
	}
	(void)escape_text(t->b, s);
}

static void tell_tls(const struct teller *t, const struct sw_event *e)
{
	const struct sw_tls *tls = &e->u.tls;

	text_begin_line(t, e->time, "*", DIM);
	put_tls_version(t, e);
	if (tls->cipher.data) {
		put(t, ", ");
		words_bytes(t->b, tls->cipher);
	}
	if (tls->sni.data) {
		put(t, ", server name ");
		words_bytes(t->b, tls->sni);
	}
	put(t, ": ");
	put_octets(t, tls->octets.client);
	put(t, " from the client, ");
	put_octets(t, tls->octets.server);
	put(t, " from the server");
	text_end_line(t, e->flags, DIM);
}

static void tell_gap(const struct teller *t, const struct sw_event *e)
{
	text_begin_line(t, e->time, "---", YELLOW);
	put_octets(t, e->u.gap.size);
	put(t, " of ");
	put_role(t, e->by);
	put(t, e->u.gap.size == 1 ? "'s is missing" : "'s are missing");
	text_end_line(t, e->flags, YELLOW);
}

static void tell_close(const struct teller *t, const struct sw_event *e)
{
	text_begin_line(t, e->time, "*", DIM);
	if (t->s->ending == SW_ENDING_NO_ANSWER) {
		put(t, "no answer from the server");
	} else {
		put(t, t->s->ending == SW_ENDING_REFUSED ? "refused" :
		    e->u.close.how == SW_CLOSE_RST ? "reset" : "closed");
		if (e->by != SW_NOBODY) {
			put(t, " by ");
			put_role(t, e->by);
		}
	}
	text_end_line(t, e->flags, DIM);
}

static void tell_connect(const struct teller *t, const struct sw_event *e)
{
	text_begin_line(t, e->time, "*", DIM);
	put(t, words_connect(t->s));
	if (e->by == SW_SERVER)
		put(t, " by the server");
	text_end_line(t, e->flags, DIM);
}

static void tell_note_event(const struct teller *t,
    const struct sw_event *e)
{
	const char *name = sw_role_name(e->by);

	text_begin_line(t, e->time, "!", NULL);
	if (name) {
		put(t, name);
		put(t, ": ");
	}
	text_put_line(t, e->u.note.text);
	text_end_line(t, e->flags, NULL);
}

void text_event(const struct teller *t, const struct sw_event *e)
{
	switch (e->kind) {
	case SW_EVENT_CONNECT:
		tell_connect(t, e);
		return;
	case SW_EVENT_COMMAND:
		tell_command(t, e);
		return;
	case SW_EVENT_REPLY:
		tell_reply(t, e);
		return;
	case SW_EVENT_DATA:
		tell_data(t, e);
		return;
	case SW_EVENT_TLS:
		tell_tls(t, e);
		return;
	case SW_EVENT_GAP:
		tell_gap(t, e);
		return;
	case SW_EVENT_CLOSE:
		tell_close(t, e);
		return;
	case SW_EVENT_NOTE:
		tell_note_event(t, e);
		return;
	case SW_EVENT_KIND_COUNT:
		return;
	}
}
