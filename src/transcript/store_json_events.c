/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_json_events.c - events and notes read back from JSON */
#include "transcript/fields.h"

#include "base/limits.h"

NAME_FN(role_name, enum sw_role, sw_role_name)
NAME_FN(flag_name, enum sw_flag, sw_flag_name)
NAME_FN(event_kind_name, enum sw_event_kind, sw_event_kind_name)
NAME_FN(close_how_name, enum sw_close_how, sw_close_how_name)
NAME_FN(severity_name, enum sw_severity, sw_severity_name)
NAME_FN(note_name, enum sw_note_code, sw_note_name)

/* --- kinds -------------------------------------------------------------- */

static void read_command(struct fields *r, const json_t *o,
    struct sw_command *c)
{
	const json_t *base64 = fields_get(o, "line_base64");

	c->verb = fields_bytes(r, o, "verb");
	c->argument = fields_bytes(r, o, "argument");
	c->line = fields_bytes(r, o, "line");
	if (base64) {
		c->line = fields_base64(r, base64);
		if (!c->line.data)
			fields_refuse(r, "line_base64", "base64");
	}
	c->octets = fields_known(r, o, "octets");
}

/* The texts, from lines_base64 if it is there. */
static void read_lines(struct fields *r, const json_t *o,
    struct sw_reply *p)
{
	bool base64 = fields_get(o, "lines_base64") != NULL;
	const char *name = base64 ? "lines_base64" : "lines";
	struct sw_bytes *lines;
	struct fields_items l = fields_list(r, o, name, sizeof(*lines),
	    LIMIT_REPLY_LINES);
	size_t i;

	p->lines = lines = l.items;
	p->line_count = l.count;
	r->left_out += l.left_out;
	for (i = 0; i < p->line_count; i++) {
		const json_t *v = json_array_get(l.list, i);

		if (!json_is_string(v))
			fields_refuse(r, name, "a list of strings");
		else if (!base64)
			lines[i] = fields_copy(r, v);
		else
			lines[i] = fields_base64(r, v);
		if (!lines[i].data)
			fields_refuse(r, name, "base64");
	}
}

static void read_reply(struct fields *r, const json_t *o, struct sw_reply *p)
{
	p->code = fields_code(r, o, "code");
	p->enhanced = fields_bytes(r, o, "enhanced");
	read_lines(r, o, p);
	p->to = fields_ref(r, o, "to");
	p->octets = fields_known(r, o, "octets");
}

static void read_gaps(struct fields *r, const json_t *o, struct sw_data *d)
{
	struct sw_gap *gaps;
	struct fields_items l = fields_list(r, o, "gaps", sizeof(*gaps),
	    LIMIT_GAPS);
	size_t i;

	d->gaps = gaps = l.items;
	d->gap_count = l.count;
	d->gaps_known = l.list != NULL;
	r->left_out += l.left_out;
	for (i = 0; i < d->gap_count; i++) {
		const json_t *pair = json_array_get(l.list, i);
		const json_t *offset = json_array_get(pair, 0);
		const json_t *length = json_array_get(pair, 1);

		if (json_array_size(pair) != 2 || !json_is_integer(offset) ||
		    json_integer_value(offset) < 0 ||
		    !(json_is_null(length) || (json_is_integer(length) &&
		    json_integer_value(length) >= 0))) {
			fields_refuse(r, "gaps", "a list of pairs of numbers");
			return;
		}
		gaps[i].offset = (uint64_t)json_integer_value(offset);
		gaps[i].length = json_is_null(length) ? SW_UNKNOWN :
		    json_integer_value(length);
	}
}

static void read_data(struct fields *r, const json_t *o, struct sw_data *d)
{
	d->of = fields_ref(r, o, "of");
	d->message = fields_ref(r, o, "message");
	d->size = fields_known(r, o, "size");
	d->sha256 = fields_sha256(r, o);
	d->missing = fields_known(r, o, "missing");
	read_gaps(r, o, d);
	d->octets = fields_known(r, o, "octets");
}

static void read_turns(struct fields *r, const json_t *o, struct sw_tls *t)
{
	struct sw_tls_turn *turns;
	struct fields_items l = fields_list(r, o, "turns", sizeof(*turns),
	    LIMIT_TLS_TURNS);
	size_t i;

	if (l.left_out > 0)
		return; /* none is told beyond the limit */
	t->turns = turns = l.items;
	t->turn_count = l.count;
	t->turns_known = l.list != NULL;
	for (i = 0; i < t->turn_count && r->status == SW_OK; i++) {
		const json_t *p = fields_item(r, l.list, i, "turns");

		turns[i].by = (enum sw_role)fields_name(r, p, "by",
		    SW_ROLE_COUNT, role_name, SW_NOBODY);
		turns[i].time = fields_time(r, p, "time");
		turns[i].end = fields_time(r, p, "end");
		turns[i].records = fields_count(r, p, "records");
		turns[i].octets = fields_count(r, p, "octets");
		fields_at(r, p, &turns[i].at_first, &turns[i].at_last);
	}
}

static void read_tls(struct fields *r, const json_t *o, struct sw_tls *t)
{
	t->version = fields_bytes(r, o, "version");
	t->cipher = fields_bytes(r, o, "cipher");
	t->sni = fields_bytes(r, o, "sni");
	fields_octets(r, o, &t->octets);
	read_turns(r, o, t);
}

static void read_kind(struct fields *r, const json_t *o, struct sw_event *e)
{
	switch (e->kind) {
	case SW_EVENT_COMMAND:
		read_command(r, o, &e->u.command);
		return;
	case SW_EVENT_REPLY:
		read_reply(r, o, &e->u.reply);
		return;
	case SW_EVENT_DATA:
		read_data(r, o, &e->u.data);
		return;
	case SW_EVENT_TLS:
		read_tls(r, o, &e->u.tls);
		return;
	case SW_EVENT_GAP:
		e->u.gap.size = fields_known(r, o, "size");
		return;
	case SW_EVENT_CLOSE:
		e->u.close.how = (enum sw_close_how)fields_name(r, o, "how",
		    SW_CLOSE_HOW_COUNT, close_how_name, SW_CLOSE_LOGGED);
		return;
	case SW_EVENT_NOTE:
		e->u.note.text = fields_bytes(r, o, "text");
		return;
	case SW_EVENT_CONNECT:
	case SW_EVENT_KIND_COUNT:
		return;
	}
}

static void read_event(struct fields *r, const json_t *o, struct sw_event *e)
{
	e->n = fields_ref(r, o, "n");
	e->kind = (enum sw_event_kind)fields_name(r, o, "kind",
	    SW_EVENT_KIND_COUNT, event_kind_name, SW_EVENT_KIND_COUNT);
	if (e->kind == SW_EVENT_KIND_COUNT) {
		fields_refuse(r, "kind", "given");
		e->kind = SW_EVENT_CONNECT;
	}
	e->by = (enum sw_role)fields_name(r, o, "by", SW_ROLE_COUNT, role_name,
	    SW_NOBODY);
	e->flags = fields_set(r, o, "flags", SW_FLAG_COUNT, flag_name);
	e->time = fields_time(r, o, "time");
	e->end = fields_time(r, o, "end");
	fields_at(r, o, &e->at_first, &e->at_last);
	read_kind(r, o, e);
}

void store_json_events(struct fields *r, const json_t *o)
{
	struct sw_event *e;
	struct fields_items l = fields_list(r, o, "events", sizeof(*e),
	    LIMIT_EVENTS);
	size_t i;

	r->s->events = e = l.items;
	r->s->event_count = l.count;
	r->s->omitted.events += l.left_out;
	for (i = 0; i < r->s->event_count && r->status == SW_OK; i++)
		read_event(r, fields_item(r, l.list, i, "events"), &e[i]);
}

/* One more note, for what no count of the contract tells. */
static void note_left_out(struct fields *r)
{
	struct sw_session *s = r->s;
	struct sw_note *n = arena_calloc(r->arena, s->note_count + 1,
	    sizeof(*n));
	struct buffer text;

	if (!n) {
		fields_no_memory(r);
		return;
	}
	if (s->note_count > 0)
		memcpy(n, s->notes, s->note_count * sizeof(*n));
	s->notes = n;
	n += s->note_count++;
	n->code = SW_NOTE_LIMIT;
	n->severity = SW_WARNING;
	buffer_init(&text, 128);
	buffer_append_u64(&text, r->left_out);
	buffer_append_str(&text, " items of the saved transcript's lists are "
	    "beyond the limits and left out");
	n->text = arena_copy(r->arena, buffer_slice(&text));
	if (text.failed || !n->text.data)
		fields_no_memory(r);
	buffer_fini(&text);
}

/* A code of a later version has no name here: the note is left out, and
 * counted. */
void store_json_notes(struct fields *r, const json_t *o)
{
	struct sw_note *n;
	struct fields_items l = fields_list(r, o, "notes", sizeof(*n),
	    LIMIT_NOTES);
	size_t i;

	r->s->notes = n = l.items;
	r->s->omitted.notes += l.left_out;
	for (i = 0; i < l.count; i++) {
		const json_t *p = fields_item(r, l.list, i, "notes");
		const json_t *code = fields_get(p, "code");
		unsigned v = fields_look_up(code, SW_NOTE_CODE_COUNT,
		    note_name);

		if (!json_is_string(code))
			fields_refuse(r, "code", "a string");
		if (v == SW_NOTE_CODE_COUNT) {
			r->s->omitted.notes++;
			continue;
		}
		n->code = (enum sw_note_code)v;
		n->severity = (enum sw_severity)fields_name(r, p, "severity",
		    SW_SEVERITY_COUNT, severity_name, SW_INFO);
		n->text = fields_bytes(r, p, "text");
		n->event = fields_ref(r, p, "event");
		fields_at(r, p, &n->at_first, &n->at_last);
		n++;
		r->s->note_count++;
	}
	if (r->left_out > 0)
		note_left_out(r);
}
