/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonl_event.c - events and notes of a session as JSON
 *
 * The keys stand in the literals, as in jsonl.c.
 */
#include "emit/jsonl_parts.h"

#include "transcript/replies.h"

/* --- times and places ---------------------------------------------------- */

/* The numbers have 20 digits at most. */
_Static_assert(sizeof(",\"at\":[,]") + 2 * 20 <=
    sizeof(((struct teller *)0)->at_text), "a place can be told again");

/* The number from `number` to the comma before w, once more. */
static inline uint8_t *put_first_again(uint8_t *w, const uint8_t *number)
{
	uint64_t a, b;
	uint32_t c;

	memcpy(&a, number, sizeof(a)); /* 20 octets, before any is written */
	memcpy(&b, number + 8, sizeof(b));
	memcpy(&c, number + 16, sizeof(c));
	memcpy(w, &a, sizeof(a));
	memcpy(w + 8, &b, sizeof(b));
	memcpy(w + 16, &c, sizeof(c));
	return w + (w - number) - 1;
}

uint8_t *jsonl_other_at(struct teller *t, uint8_t *w, uint64_t first,
    uint64_t last)
{
	uint8_t *from = w, *number;

	PEN(w, ",\"at\":[");
	number = w;
	w = pen_u64(w, first);
	*w++ = ',';
	if (first == last)
		w = put_first_again(w, number);
	else
		w = pen_u64(w, last);
	*w++ = ']';
	t->at_len = (size_t)(w - from);
	memcpy(t->at_text, from, sizeof(t->at_text));
	t->first = first;
	t->last = last;
	return w;
}

/* --- kinds of events ------------------------------------------------------ */

static uint8_t *put_command(struct pen *p, uint8_t *w,
    const struct sw_command *c)
{
	w = pen_bytes(p, w, c->verb);
	PEN(w, ",\"argument\":");
	w = pen_bytes(p, w, c->argument);
	PEN(w, ",\"line\":");
	pen_calm(p);
	w = pen_bytes(p, w, c->line);
	if (p->replaced) {
		PEN(w, ",\"line_base64\":");
		w = pen_base64(p, w, c->line);
	}
	PEN(w, ",\"octets\":");
	return pen_known(w, c->octets);
}

static uint8_t *put_lines_base64(struct pen *p, uint8_t *w,
    const struct sw_reply *r)
{
	size_t i;

	PEN(w, ",\"lines_base64\":[");
	for (i = 0; i < r->line_count; i++) {
		if (i > 0)
			*w++ = ',';
		w = pen_base64(p, w, r->lines[i]);
	}
	*w++ = ']';
	return w;
}

static uint8_t *put_reply(struct pen *p, uint8_t *w, const struct sw_reply *r)
{
	size_t i;

	w = pen_known(w, r->code);
	PEN(w, ",\"enhanced\":");
	w = pen_bytes(p, w, r->enhanced);
	PEN(w, ",\"lines\":[");
	pen_calm(p);
	for (i = 0; i < r->line_count; i++) {
		if (i > 0)
			*w++ = ',';
		w = pen_string(p, w, r->lines[i]);
	}
	*w++ = ']';
	if (p->replaced)
		w = put_lines_base64(p, w, r);
	PEN(w, ",\"to\":");
	w = pen_ref(w, r->to);
	PEN(w, ",\"octets\":");
	return pen_known(w, r->octets);
}

static uint8_t *put_gaps(struct pen *p, uint8_t *w, const struct sw_data *d)
{
	size_t i;

	if (!d->gaps_known)
		return pen_null(w);
	*w++ = '[';
	for (i = 0; i < d->gap_count; i++) {
		w = pen_room(p, w);
		if (i > 0)
			*w++ = ',';
		*w++ = '[';
		w = pen_u64(w, d->gaps[i].offset);
		*w++ = ',';
		w = pen_known(w, d->gaps[i].length);
		*w++ = ']';
	}
	*w++ = ']';
	return pen_room(p, w);
}

static uint8_t *put_data(struct pen *p, uint8_t *w, const struct sw_data *d)
{
	w = pen_ref(w, d->of);
	PEN(w, ",\"message\":");
	w = pen_ref(w, d->message);
	PEN(w, ",\"size\":");
	w = pen_known(w, d->size);
	PEN(w, ",\"sha256\":");
	w = put_sha256(w, &d->sha256);
	PEN(w, ",\"missing\":");
	w = pen_known(w, d->missing);
	PEN(w, ",\"gaps\":");
	w = put_gaps(p, w, d);
	PEN(w, ",\"octets\":");
	return pen_known(w, d->octets);
}

static uint8_t *put_tls(struct pen *p, uint8_t *w, const struct sw_tls *t)
{
	w = pen_bytes(p, w, t->version);
	PEN(w, ",\"cipher\":");
	w = pen_bytes(p, w, t->cipher);
	PEN(w, ",\"sni\":");
	w = pen_bytes(p, w, t->sni);
	PEN(w, ",\"octets\":");
	return put_octets(w, &t->octets);
}

/* Who, and what kind of event, as names.c has it, with the key that follows:
 * whole, since every event is told with them. */
#define TEXT(literal) { literal, sizeof(literal) - 1 }
static const struct name whos[] = {
	[SW_CLIENT] = TEXT(",\"by\":\"client\""),
	[SW_SERVER] = TEXT(",\"by\":\"server\""),
	[SW_NOBODY] = TEXT(",\"by\":null"),
};
_Static_assert(sizeof(whos) / sizeof(whos[0]) == SW_ROLE_COUNT,
    "a text for each role");
static const struct name kinds[] = {
	[SW_EVENT_CONNECT] = TEXT(",\"kind\":\"connect\""),
	[SW_EVENT_COMMAND] = TEXT(",\"kind\":\"command\",\"verb\":"),
	[SW_EVENT_REPLY] = TEXT(",\"kind\":\"reply\",\"code\":"),
	[SW_EVENT_DATA] = TEXT(",\"kind\":\"data\",\"of\":"),
	[SW_EVENT_TLS] = TEXT(",\"kind\":\"tls\",\"version\":"),
	[SW_EVENT_GAP] = TEXT(",\"kind\":\"gap\",\"size\":"),
	[SW_EVENT_CLOSE] = TEXT(",\"kind\":\"close\",\"how\":"),
	[SW_EVENT_NOTE] = TEXT(",\"kind\":\"note\",\"text\":"),
	[SW_EVENT_KIND_COUNT] = TEXT(",\"kind\":null"),
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == SW_EVENT_KIND_COUNT + 1,
    "a text for each kind");
#undef TEXT

/* Values come from callers: those out of range are null. */
static inline uint8_t *put_who_and_kind(uint8_t *w, const struct sw_event *e)
{
	const struct name *who = &whos[(size_t)e->by < SW_ROLE_COUNT ?
	    (size_t)e->by : SW_NOBODY];
	const struct name *kind = &kinds[(size_t)e->kind <
	    SW_EVENT_KIND_COUNT ? (size_t)e->kind : SW_EVENT_KIND_COUNT];

	memcpy(w, who->text, sizeof(who->text));
	w += who->len;
	memcpy(w, kind->text, sizeof(kind->text));
	return w + kind->len;
}

/* What only this kind of event has; the first key was told. */
static uint8_t *put_kind(struct pen *p, uint8_t *w, const struct sw_event *e)
{
	switch (e->kind) {
	case SW_EVENT_COMMAND:
		return put_command(p, w, &e->u.command);
	case SW_EVENT_REPLY:
		return put_reply(p, w, &e->u.reply);
	case SW_EVENT_DATA:
		return put_data(p, w, &e->u.data);
	case SW_EVENT_TLS:
		return put_tls(p, w, &e->u.tls);
	case SW_EVENT_GAP:
		return pen_known(w, e->u.gap.size);
	case SW_EVENT_CLOSE:
		return PEN_NAME(w, names_close_hows, e->u.close.how);
	case SW_EVENT_NOTE:
		return pen_bytes(p, w, e->u.note.text);
	case SW_EVENT_CONNECT:
	case SW_EVENT_KIND_COUNT:
		break;
	}
	return w;
}

/* What a reply means, for --explain; w stands behind the event's '}'. */
static uint8_t *put_explanation(struct teller *t, uint8_t *w,
    const struct sw_event *e)
{
	const struct sw_reply *r = &e->u.reply;
	struct sw_bytes text = { NULL, 0 };
	struct sw_explanation x;
	struct buffer b;

	if (e->kind != SW_EVENT_REPLY)
		return w;
	w = pen_room(&t->pen, w - 1);
	PEN(w, ",\"explanation\":");
	buffer_init(&b, 4096);
	if (r->code >= 0) {
		replies_explain(r->code, slice_make(r->enhanced.data,
		    r->enhanced.len), replies_place(t->s, e), &x);
		(void)replies_append(&b, &x);
		text.data = b.p;
		text.len = b.len;
	}
	w = pen_bytes(&t->pen, w, text);
	buffer_fini(&b);
	*w++ = '}';
	return w;
}

static uint8_t *put_turn(struct teller *t, uint8_t *w,
    const struct sw_tls_turn *u)
{
	PEN(w, "{\"by\":");
	w = PEN_NAME(w, names_roles, u->by);
	if (!t->normal) {
		PEN(w, ",\"time\":");
		w = put_time(t, w, u->time);
		PEN(w, ",\"end\":");
		w = put_time(t, w, u->end);
	}
	PEN(w, ",\"records\":");
	w = pen_u64(w, u->records);
	PEN(w, ",\"octets\":");
	w = pen_u64(w, u->octets);
	w = put_at(t, w, u->at_first, u->at_last);
	*w++ = '}';
	return pen_room(&t->pen, w);
}

/* Behind all other fields of the event, whose '}' is taken back. */
static uint8_t *put_turns(struct teller *t, uint8_t *w,
    const struct sw_tls *tls)
{
	size_t i;

	w--;
	PEN(w, ",\"turns\":");
	w = pen_room(&t->pen, w);
	if (!tls->turns_known) {
		PEN(w, "null}");
		return w;
	}
	*w++ = '[';
	for (i = 0; i < tls->turn_count; i++) {
		if (i > 0)
			*w++ = ',';
		w = put_turn(t, w, &tls->turns[i]);
	}
	*w++ = ']';
	*w++ = '}';
	return w;
}

uint8_t *jsonl_event(struct teller *t, uint8_t *w, const struct sw_event *e)
{
	PEN(w, "{\"n\":");
	w = pen_u64(w, e->n);
	if (!t->normal) {
		PEN(w, ",\"time\":");
		w = put_time(t, w, e->time);
		if (e->kind == SW_EVENT_DATA || e->kind == SW_EVENT_TLS) {
			PEN(w, ",\"end\":");
			w = put_time(t, w, e->end);
		}
	}
	w = put_who_and_kind(w, e);
	w = put_kind(&t->pen, w, e);
	w = put_at(t, w, e->at_first, e->at_last);
	PEN(w, ",\"flags\":[]}");
	if (e->flags != 0) {
		w = put_set(w - 3, e->flags, names_flags, SW_FLAG_COUNT);
		*w++ = '}';
	}
	if (e->kind == SW_EVENT_TLS)
		w = put_turns(t, w, &e->u.tls);
	if (t->explain)
		w = put_explanation(t, w, e);
	return pen_room(&t->pen, w);
}

uint8_t *jsonl_note(struct teller *t, uint8_t *w, const struct sw_note *n)
{
	PEN(w, "{\"code\":");
	w = PEN_NAME(w, names_notes, n->code);
	PEN(w, ",\"severity\":");
	w = PEN_NAME(w, names_severities, n->severity);
	PEN(w, ",\"text\":");
	w = pen_bytes(&t->pen, w, n->text);
	PEN(w, ",\"event\":");
	w = pen_ref(w, n->event);
	w = put_at(t, w, n->at_first, n->at_last);
	*w++ = '}';
	return pen_room(&t->pen, w);
}
