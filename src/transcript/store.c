/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.c - the model to octets and back
 *
 * Theory of operation.  A record is
 *
 *	magic "SWT" and a version octet | length of the record, 8 octets
 *	little endian, these twelve included | fields in the order of
 *	transcript.h
 *
 * Numbers without sign are written in groups of seven bits, lowest first,
 * the eighth bit: more follows.  Those with sign are first folded so that
 * small ones stay small (0, -1, 1, -2 become 0, 1, 2, 3).  Octets stand
 * behind their length plus one, 0 for null; lists behind their count.
 *
 * A record is written and read by the same program (spill files), but what
 * is read may be damaged: every value passes the cursor, enums are checked
 * against their count, and a count is believed only as far as the octets
 * left could hold that many elements, so memory stays in proportion to the
 * record.
 */
#include "transcript/store.h"

#include "base/cursor.h"
#include "base/error.h"

static const uint8_t MAGIC[4] = { 'S', 'W', 'T', 1 };
enum { HEAD = 12 };

/* --- writing ------------------------------------------------------------ */

static void put_u(struct buffer *b, uint64_t v)
{
	uint8_t octets[10];
	size_t len = 0;

	while (v >= 0x80) {
		octets[len++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	octets[len++] = (uint8_t)v;
	(void)buffer_append(b, octets, len);
}

static void put_i(struct buffer *b, int64_t v)
{
	uint64_t u = (uint64_t)v << 1;

	put_u(b, v < 0 ? ~u : u);
}

static void put_bytes(struct buffer *b, struct sw_bytes v)
{
	if (!v.data) {
		put_u(b, 0);
		return;
	}
	put_u(b, (uint64_t)v.len + 1);
	(void)buffer_append(b, v.data, v.len);
}

static void put_digest(struct buffer *b, const struct sw_digest *d)
{
	put_u(b, d->known);
	if (d->known)
		(void)buffer_append(b, d->octets, sizeof(d->octets));
}

static void put_source(struct buffer *b, const struct sw_source *s)
{
	size_t i;

	put_u(b, (uint64_t)s->kind);
	put_bytes(b, s->name);
	put_bytes(b, s->format);
	put_u(b, s->first);
	put_u(b, s->last);
	put_u(b, (uint64_t)s->unit);
	put_u(b, s->part_count);
	for (i = 0; i < s->part_count; i++) {
		put_bytes(b, s->parts[i].name);
		put_bytes(b, s->parts[i].format);
		put_u(b, s->parts[i].first);
		put_u(b, s->parts[i].last);
		put_u(b, s->parts[i].base);
	}
}

static void put_clock(struct buffer *b, const struct sw_clock *c)
{
	put_u(b, (uint64_t)c->zone);
	put_i(b, c->offset_s);
	put_i(b, c->resolution_ns);
	put_u(b, (uint64_t)c->date);
}

static void put_endpoint(struct buffer *b, const struct sw_endpoint *e)
{
	put_bytes(b, e->ip);
	put_i(b, e->port);
	put_bytes(b, e->name);
}

static void put_octets(struct buffer *b, const struct sw_octets *o)
{
	put_i(b, o->client);
	put_i(b, o->server);
}

static void put_encryption(struct buffer *b, const struct sw_encryption *e)
{
	put_u(b, e != NULL);
	if (!e)
		return;
	put_u(b, e->starttls);
	put_bytes(b, e->version);
	put_bytes(b, e->cipher);
	put_bytes(b, e->sni);
	put_bytes(b, e->subject);
	put_bytes(b, e->issuer);
	put_octets(b, &e->octets);
	put_u(b, e->decrypted);
}

static void put_auth(struct buffer *b, const struct sw_session *s)
{
	size_t i;

	put_u(b, s->auth_count);
	for (i = 0; i < s->auth_count; i++) {
		put_u(b, s->auth[i].event);
		put_bytes(b, s->auth[i].mechanism);
		put_bytes(b, s->auth[i].user);
		put_i(b, s->auth[i].code);
	}
}

static void put_tcp_side(struct buffer *b, const struct sw_tcp_side *t)
{
	put_i(b, t->octets);
	put_i(b, t->retransmitted);
	put_i(b, t->unacked);
	put_i(b, t->mss);
	put_i(b, t->zero_window_ns);
}

static void put_tcp(struct buffer *b, const struct sw_tcp *t)
{
	put_u(b, t != NULL);
	if (!t)
		return;
	put_u(b, t->frames);
	put_i(b, t->syn_rtt_ns);
	put_tcp_side(b, &t->client);
	put_tcp_side(b, &t->server);
}

static void put_params(struct buffer *b, const struct sw_param *p,
    size_t count)
{
	size_t i;

	put_u(b, count);
	for (i = 0; i < count; i++) {
		put_bytes(b, p[i].key);
		put_bytes(b, p[i].value);
	}
}

static void put_recipient(struct buffer *b, const struct sw_recipient *r)
{
	put_bytes(b, r->to);
	put_params(b, r->params, r->param_count);
	put_i(b, r->code);
	put_bytes(b, r->text);
	put_u(b, (uint64_t)r->status);
	put_u(b, r->has_final);
	put_i(b, r->final_code);
	put_bytes(b, r->final_text);
	put_u(b, (uint64_t)r->final_status);
}

static void put_message(struct buffer *b, const struct sw_message *m)
{
	size_t i;

	put_u(b, m->n);
	put_bytes(b, m->from);
	put_params(b, m->from_params, m->from_param_count);
	put_u(b, m->recipient_count);
	for (i = 0; i < m->recipient_count; i++)
		put_recipient(b, &m->recipients[i]);
	put_u(b, (uint64_t)m->method);
	put_i(b, m->size);
	put_digest(b, &m->sha256);
	put_i(b, m->missing);
	put_i(b, m->header_size);
	put_bytes(b, m->message_id);
	put_bytes(b, m->subject);
	put_bytes(b, m->header_from);
	put_bytes(b, m->header_to);
	put_bytes(b, m->date);
	put_i(b, m->code);
	put_bytes(b, m->text);
	put_u(b, (uint64_t)m->outcome);
	put_bytes(b, m->queue_id);
	put_bytes(b, m->file);
}

static void put_command(struct buffer *b, const struct sw_command *c)
{
	put_bytes(b, c->verb);
	put_bytes(b, c->argument);
	put_bytes(b, c->line);
	put_i(b, c->octets);
}

static void put_reply(struct buffer *b, const struct sw_reply *r)
{
	size_t i;

	put_i(b, r->code);
	put_bytes(b, r->enhanced);
	put_u(b, r->line_count);
	for (i = 0; i < r->line_count; i++)
		put_bytes(b, r->lines[i]);
	put_u(b, r->to);
	put_i(b, r->octets);
}

static void put_data(struct buffer *b, const struct sw_data *d)
{
	size_t i;

	put_u(b, d->of);
	put_u(b, d->message);
	put_i(b, d->size);
	put_digest(b, &d->sha256);
	put_i(b, d->missing);
	put_u(b, d->gaps_known);
	put_u(b, d->gap_count);
	for (i = 0; i < d->gap_count; i++) {
		put_u(b, d->gaps[i].offset);
		put_i(b, d->gaps[i].length);
	}
	put_i(b, d->octets);
}

static void put_turn(struct buffer *b, const struct sw_tls_turn *t)
{
	put_u(b, (uint64_t)t->by);
	put_i(b, t->time);
	put_i(b, t->end);
	put_u(b, t->records);
	put_u(b, t->octets);
	put_u(b, t->at_first);
	put_u(b, t->at_last);
}

static void put_tls(struct buffer *b, const struct sw_tls *t)
{
	size_t i;

	put_bytes(b, t->version);
	put_bytes(b, t->cipher);
	put_bytes(b, t->sni);
	put_octets(b, &t->octets);
	put_u(b, t->turns_known);
	put_u(b, t->turn_count);
	for (i = 0; i < t->turn_count; i++)
		put_turn(b, &t->turns[i]);
}

static void put_event(struct buffer *b, const struct sw_event *e)
{
	put_u(b, e->n);
	put_u(b, (uint64_t)e->kind);
	put_u(b, (uint64_t)e->by);
	put_u(b, e->flags);
	put_i(b, e->time);
	put_i(b, e->end);
	put_u(b, e->at_first);
	put_u(b, e->at_last);
	switch (e->kind) {
	case SW_EVENT_COMMAND:
		put_command(b, &e->u.command);
		return;
	case SW_EVENT_REPLY:
		put_reply(b, &e->u.reply);
		return;
	case SW_EVENT_DATA:
		put_data(b, &e->u.data);
		return;
	case SW_EVENT_TLS:
		put_tls(b, &e->u.tls);
		return;
	case SW_EVENT_GAP:
		put_i(b, e->u.gap.size);
		return;
	case SW_EVENT_CLOSE:
		put_u(b, (uint64_t)e->u.close.how);
		return;
	case SW_EVENT_NOTE:
		put_bytes(b, e->u.note.text);
		return;
	case SW_EVENT_CONNECT:
	case SW_EVENT_KIND_COUNT:
		return;
	}
}

static void put_note(struct buffer *b, const struct sw_note *n)
{
	put_u(b, (uint64_t)n->code);
	put_u(b, (uint64_t)n->severity);
	put_bytes(b, n->text);
	put_u(b, n->event);
	put_u(b, n->at_first);
	put_u(b, n->at_last);
}

static void put_lists(struct buffer *b, const struct sw_session *s)
{
	size_t i;

	put_u(b, s->message_count);
	for (i = 0; i < s->message_count; i++)
		put_message(b, &s->messages[i]);
	put_u(b, s->event_count);
	for (i = 0; i < s->event_count; i++)
		put_event(b, &s->events[i]);
	put_u(b, s->note_count);
	for (i = 0; i < s->note_count; i++)
		put_note(b, &s->notes[i]);
}

static void put_session(struct buffer *b, const struct sw_session *s)
{
	put_u(b, s->id);
	put_source(b, &s->source);
	put_u(b, (uint64_t)s->recorder);
	put_u(b, (uint64_t)s->protocol);
	put_clock(b, &s->clock);
	put_i(b, s->start);
	put_i(b, s->end);
	put_endpoint(b, &s->client);
	put_endpoint(b, &s->server);
	put_bytes(b, s->community_id);
	put_encryption(b, s->encryption);
	put_auth(b, s);
	put_u(b, (uint64_t)s->ending);
	put_tcp(b, s->tcp);
	put_u(b, s->records);
	put_u(b, s->omitted.events);
	put_u(b, s->omitted.recipients);
	put_u(b, s->omitted.notes);
	put_lists(b, s);
}

bool store_write(struct buffer *out, const struct sw_session *s)
{
	size_t start = out->len;
	uint8_t head[HEAD] = { 0 };
	uint64_t len;
	int i;

	if (out->failed || out->full)
		return false;
	memcpy(head, MAGIC, sizeof(MAGIC));
	(void)buffer_append(out, head, sizeof(head));
	put_session(out, s);
	if (out->failed || out->full) {
		out->len = start;
		return false;
	}
	len = out->len - start;
	for (i = 0; i < 8; i++)
		out->p[start + 4 + (size_t)i] = (uint8_t)(len >> (8 * i));
	return true;
}

/* --- reading ------------------------------------------------------------ */

struct reader {
	struct cursor c;
	struct arena *arena;
	bool invalid;   /* a value that nothing was written as */
	bool no_memory;
};

static bool is_bad(const struct reader *r)
{
	return r->c.bad || r->invalid || r->no_memory;
}

static uint64_t get_u(struct reader *r)
{
	uint64_t v = 0;
	unsigned shift;

	for (shift = 0; shift < 64; shift += 7) {
		uint8_t octet = cursor_u8(&r->c);

		v |= (uint64_t)(octet & 0x7f) << shift;
		if (octet < 0x80) {
			/* the tenth octet has room for one bit */
			if (shift == 63 && octet > 1)
				r->invalid = true;
			return v;
		}
	}
	r->invalid = true;
	return 0;
}

/* A number up to max. */
static uint64_t get_up_to(struct reader *r, uint64_t max)
{
	uint64_t v = get_u(r);

	if (v <= max)
		return v;
	r->invalid = true;
	return 0;
}

static unsigned get_enum(struct reader *r, unsigned count)
{
	return (unsigned)get_up_to(r, count - 1);
}

static bool get_bool(struct reader *r)
{
	return get_up_to(r, 1) != 0;
}

static uint32_t get_u32(struct reader *r)
{
	return (uint32_t)get_up_to(r, UINT32_MAX);
}

static int64_t get_i(struct reader *r)
{
	uint64_t u = get_u(r);

	return (int64_t)(u & 1 ? ~(u >> 1) : u >> 1);
}

static int32_t get_i32(struct reader *r)
{
	int64_t v = get_i(r);

	if (v >= INT32_MIN && v <= INT32_MAX)
		return (int32_t)v;
	r->invalid = true;
	return 0;
}

/* How many elements follow, and cleared memory for them: of size octets
 * each in memory, at least least octets in the record. */
static void *get_list(struct reader *r, size_t size, size_t least,
    size_t *count_r)
{
	uint64_t count = get_u(r);
	void *items;

	*count_r = 0;
	if (is_bad(r) || count == 0)
		return NULL;
	if (count > cursor_left(&r->c) / least) {
		r->invalid = true;
		return NULL;
	}
	items = arena_calloc(r->arena, (size_t)count, size);
	if (!items)
		r->no_memory = true;
	else
		*count_r = (size_t)count;
	return items;
}

static struct sw_bytes get_bytes(struct reader *r)
{
	struct sw_bytes v = { NULL, 0 };
	uint64_t len = get_u(r);

	if (is_bad(r) || len == 0)
		return v;
	if (len - 1 > cursor_left(&r->c)) {
		r->invalid = true;
		return v;
	}
	v = arena_copy(r->arena, cursor_take(&r->c, (size_t)(len - 1)));
	if (!v.data)
		r->no_memory = true;
	return v;
}

static struct sw_digest get_digest(struct reader *r)
{
	struct sw_digest d = { false, { 0 } };
	struct slice s;

	d.known = get_bool(r);
	if (!d.known)
		return d;
	s = cursor_take(&r->c, sizeof(d.octets));
	if (s.len == sizeof(d.octets))
		memcpy(d.octets, s.p, s.len);
	return d;
}

static void get_source(struct reader *r, struct sw_source *s)
{
	struct sw_part *parts;
	size_t i;

	s->kind = (enum sw_source_kind)get_enum(r, SW_SOURCE_KIND_COUNT);
	s->name = get_bytes(r);
	s->format = get_bytes(r);
	s->first = get_u(r);
	s->last = get_u(r);
	s->unit = (enum sw_unit)get_enum(r, SW_UNIT_COUNT);
	parts = get_list(r, sizeof(*parts), 5, &s->part_count);
	s->parts = parts;
	for (i = 0; i < s->part_count; i++) {
		parts[i].name = get_bytes(r);
		parts[i].format = get_bytes(r);
		parts[i].first = get_u(r);
		parts[i].last = get_u(r);
		parts[i].base = get_u(r);
	}
}

static void get_clock(struct reader *r, struct sw_clock *c)
{
	c->zone = (enum sw_zone_kind)get_enum(r, SW_ZONE_COUNT);
	c->offset_s = get_i32(r);
	c->resolution_ns = get_i(r);
	c->date = (enum sw_date_kind)get_enum(r, SW_DATE_COUNT);
}

static void get_endpoint(struct reader *r, struct sw_endpoint *e)
{
	e->ip = get_bytes(r);
	e->port = get_i32(r);
	e->name = get_bytes(r);
}

static void get_octets(struct reader *r, struct sw_octets *o)
{
	o->client = get_i(r);
	o->server = get_i(r);
}

/* Cleared memory for one object; NULL when the record is bad already. */
static void *get_object(struct reader *r, size_t size)
{
	void *p = is_bad(r) ? NULL : arena_calloc(r->arena, 1, size);

	if (!p && !is_bad(r))
		r->no_memory = true;
	return p;
}

static const struct sw_encryption *get_encryption(struct reader *r)
{
	struct sw_encryption *e;

	if (!get_bool(r) || !(e = get_object(r, sizeof(*e))))
		return NULL;
	e->starttls = get_bool(r);
	e->version = get_bytes(r);
	e->cipher = get_bytes(r);
	e->sni = get_bytes(r);
	e->subject = get_bytes(r);
	e->issuer = get_bytes(r);
	get_octets(r, &e->octets);
	e->decrypted = get_bool(r);
	return e;
}

static void get_auth(struct reader *r, struct sw_session *s)
{
	struct sw_auth *a = get_list(r, sizeof(*a), 4, &s->auth_count);
	size_t i;

	s->auth = a;
	for (i = 0; i < s->auth_count; i++) {
		a[i].event = get_u32(r);
		a[i].mechanism = get_bytes(r);
		a[i].user = get_bytes(r);
		a[i].code = get_i32(r);
	}
}

static void get_tcp_side(struct reader *r, struct sw_tcp_side *t)
{
	t->octets = get_i(r);
	t->retransmitted = get_i(r);
	t->unacked = get_i(r);
	t->mss = get_i32(r);
	t->zero_window_ns = get_i(r);
}

static const struct sw_tcp *get_tcp(struct reader *r)
{
	struct sw_tcp *t;

	if (!get_bool(r) || !(t = get_object(r, sizeof(*t))))
		return NULL;
	t->frames = get_u(r);
	t->syn_rtt_ns = get_i(r);
	get_tcp_side(r, &t->client);
	get_tcp_side(r, &t->server);
	return t;
}

static const struct sw_param *get_params(struct reader *r, size_t *count_r)
{
	struct sw_param *p = get_list(r, sizeof(*p), 2, count_r);
	size_t i;

	for (i = 0; i < *count_r; i++) {
		p[i].key = get_bytes(r);
		p[i].value = get_bytes(r);
	}
	return p;
}

static void get_recipient(struct reader *r, struct sw_recipient *p)
{
	p->to = get_bytes(r);
	p->params = get_params(r, &p->param_count);
	p->code = get_i32(r);
	p->text = get_bytes(r);
	p->status = (enum sw_status_of_recipient)get_enum(r,
	    SW_RCPT_STATUS_COUNT);
	p->has_final = get_bool(r);
	p->final_code = get_i32(r);
	p->final_text = get_bytes(r);
	p->final_status = (enum sw_status_of_recipient)get_enum(r,
	    SW_RCPT_STATUS_COUNT);
}

static void get_recipients(struct reader *r, struct sw_message *m)
{
	struct sw_recipient *p = get_list(r, sizeof(*p), 9,
	    &m->recipient_count);
	size_t i;

	m->recipients = p;
	for (i = 0; i < m->recipient_count && !is_bad(r); i++)
		get_recipient(r, &p[i]);
}

static void get_message(struct reader *r, struct sw_message *m)
{
	m->n = get_u32(r);
	m->from = get_bytes(r);
	m->from_params = get_params(r, &m->from_param_count);
	get_recipients(r, m);
	m->method = (enum sw_method)get_enum(r, SW_METHOD_COUNT);
	m->size = get_i(r);
	m->sha256 = get_digest(r);
	m->missing = get_i(r);
	m->header_size = get_i(r);
	m->message_id = get_bytes(r);
	m->subject = get_bytes(r);
	m->header_from = get_bytes(r);
	m->header_to = get_bytes(r);
	m->date = get_bytes(r);
	m->code = get_i32(r);
	m->text = get_bytes(r);
	m->outcome = (enum sw_outcome)get_enum(r, SW_OUTCOME_COUNT);
	m->queue_id = get_bytes(r);
	m->file = get_bytes(r);
}

static void get_command(struct reader *r, struct sw_command *c)
{
	c->verb = get_bytes(r);
	c->argument = get_bytes(r);
	c->line = get_bytes(r);
	c->octets = get_i(r);
}

static void get_reply(struct reader *r, struct sw_reply *p)
{
	struct sw_bytes *lines;
	size_t i;

	p->code = get_i32(r);
	p->enhanced = get_bytes(r);
	lines = get_list(r, sizeof(*lines), 1, &p->line_count);
	p->lines = lines;
	for (i = 0; i < p->line_count; i++)
		lines[i] = get_bytes(r);
	p->to = get_u32(r);
	p->octets = get_i(r);
}

static void get_data(struct reader *r, struct sw_data *d)
{
	struct sw_gap *gaps;
	size_t i;

	d->of = get_u32(r);
	d->message = get_u32(r);
	d->size = get_i(r);
	d->sha256 = get_digest(r);
	d->missing = get_i(r);
	d->gaps_known = get_bool(r);
	gaps = get_list(r, sizeof(*gaps), 2, &d->gap_count);
	d->gaps = gaps;
	for (i = 0; i < d->gap_count; i++) {
		gaps[i].offset = get_u(r);
		gaps[i].length = get_i(r);
	}
	d->octets = get_i(r);
}

static void get_turn(struct reader *r, struct sw_tls_turn *t)
{
	t->by = (enum sw_role)get_enum(r, SW_ROLE_COUNT);
	t->time = get_i(r);
	t->end = get_i(r);
	t->records = get_u(r);
	t->octets = get_u(r);
	t->at_first = get_u(r);
	t->at_last = get_u(r);
}

static void get_tls(struct reader *r, struct sw_tls *t)
{
	struct sw_tls_turn *turns;
	size_t i;

	t->version = get_bytes(r);
	t->cipher = get_bytes(r);
	t->sni = get_bytes(r);
	get_octets(r, &t->octets);
	t->turns_known = get_bool(r);
	turns = get_list(r, sizeof(*turns), 7, &t->turn_count);
	t->turns = turns;
	for (i = 0; i < t->turn_count; i++)
		get_turn(r, &turns[i]);
}

static void get_event_kind(struct reader *r, struct sw_event *e)
{
	switch (e->kind) {
	case SW_EVENT_COMMAND:
		get_command(r, &e->u.command);
		return;
	case SW_EVENT_REPLY:
		get_reply(r, &e->u.reply);
		return;
	case SW_EVENT_DATA:
		get_data(r, &e->u.data);
		return;
	case SW_EVENT_TLS:
		get_tls(r, &e->u.tls);
		return;
	case SW_EVENT_GAP:
		e->u.gap.size = get_i(r);
		return;
	case SW_EVENT_CLOSE:
		e->u.close.how = (enum sw_close_how)get_enum(r,
		    SW_CLOSE_HOW_COUNT);
		return;
	case SW_EVENT_NOTE:
		e->u.note.text = get_bytes(r);
		return;
	case SW_EVENT_CONNECT:
	case SW_EVENT_KIND_COUNT:
		return;
	}
}

static void get_event(struct reader *r, struct sw_event *e)
{
	e->n = get_u32(r);
	e->kind = (enum sw_event_kind)get_enum(r, SW_EVENT_KIND_COUNT);
	e->by = (enum sw_role)get_enum(r, SW_ROLE_COUNT);
	e->flags = get_u32(r);
	e->time = get_i(r);
	e->end = get_i(r);
	e->at_first = get_u(r);
	e->at_last = get_u(r);
	get_event_kind(r, e);
}

static void get_note(struct reader *r, struct sw_note *n)
{
	n->code = (enum sw_note_code)get_enum(r, SW_NOTE_CODE_COUNT);
	n->severity = (enum sw_severity)get_enum(r, SW_SEVERITY_COUNT);
	n->text = get_bytes(r);
	n->event = get_u32(r);
	n->at_first = get_u(r);
	n->at_last = get_u(r);
}

static void get_lists(struct reader *r, struct sw_session *s)
{
	struct sw_message *m = get_list(r, sizeof(*m), 19,
	    &s->message_count);
	struct sw_event *e;
	struct sw_note *n;
	size_t i;

	s->messages = m;
	for (i = 0; i < s->message_count && !is_bad(r); i++)
		get_message(r, &m[i]);
	e = get_list(r, sizeof(*e), 8, &s->event_count);
	s->events = e;
	for (i = 0; i < s->event_count && !is_bad(r); i++)
		get_event(r, &e[i]);
	n = get_list(r, sizeof(*n), 6, &s->note_count);
	s->notes = n;
	for (i = 0; i < s->note_count && !is_bad(r); i++)
		get_note(r, &n[i]);
}

static void get_session(struct reader *r, struct sw_session *s)
{
	s->id = get_u(r);
	get_source(r, &s->source);
	s->recorder = (enum sw_recorder)get_enum(r, SW_RECORDER_COUNT);
	s->protocol = (enum sw_protocol)get_enum(r, SW_PROTOCOL_COUNT);
	get_clock(r, &s->clock);
	s->start = get_i(r);
	s->end = get_i(r);
	get_endpoint(r, &s->client);
	get_endpoint(r, &s->server);
	s->community_id = get_bytes(r);
	s->encryption = get_encryption(r);
	get_auth(r, s);
	s->ending = (enum sw_ending)get_enum(r, SW_ENDING_COUNT);
	s->tcp = get_tcp(r);
	s->records = get_u32(r);
	s->omitted.events = get_u(r);
	s->omitted.recipients = get_u(r);
	s->omitted.notes = get_u(r);
	get_lists(r, s);
}

size_t store_record_len(struct slice octets)
{
	struct cursor c = cursor_make(octets);
	struct slice magic = cursor_take(&c, sizeof(MAGIC));
	uint64_t len = cursor_le64(&c);

	if (c.bad || memcmp(magic.p, MAGIC, sizeof(MAGIC)) != 0 ||
	    len < HEAD || len > octets.len)
		return 0;
	return (size_t)len;
}

enum sw_status store_read(struct slice record, struct arena *arena,
    struct sw_session *s_r, struct sw_err *err)
{
	size_t len = store_record_len(record);
	struct reader r = { { NULL, NULL, false }, arena, false, false };

	memset(s_r, 0, sizeof(*s_r));
	if (len == 0)
		return base_error_set(err, SW_EFORMAT,
		    "not the record of a session, or not all of it");
	r.c = cursor_make(slice_head(record, len));
	cursor_skip(&r.c, HEAD);
	get_session(&r, s_r);
	if (!is_bad(&r) && cursor_left(&r.c) == 0)
		return SW_OK;
	memset(s_r, 0, sizeof(*s_r));
	if (r.no_memory)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	return base_error_at(err, SW_EFORMAT,
	    (uint64_t)(len - cursor_left(&r.c)),
	    "the record of a session is damaged");
}
