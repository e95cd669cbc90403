/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_read.c - octets to the model */
#include "transcript/store_internal.h"
#include "transcript/store.h"

#include "base/cursor.h"
#include "base/error.h"

struct reader {
	struct cursor c;
	struct arena *arena;
	bool borrows;   /* strings lie where they were read */
	bool invalid;   /* a value that nothing was written as */
	bool no_memory;
};

static bool is_bad(const struct reader *r)
{
	return r->c.bad || r->invalid || r->no_memory;
}

/* A number of more than one octet, or of which there may be none. */
static __attribute__((noinline)) uint64_t get_u_more(struct reader *r)
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

static inline uint64_t get_u(struct reader *r)
{
	if (r->c.p < r->c.end && *r->c.p < 0x80)
		return *r->c.p++;
	return get_u_more(r);
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

/* What was written as how much more than `from` it is. */
static uint64_t get_after(struct reader *r, uint64_t from)
{
	return from + (uint64_t)get_i(r);
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
	if (r->borrows) {
		v.data = r->c.p;
		v.len = (size_t)(len - 1);
		cursor_skip(&r->c, v.len);
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

static void get_event(struct reader *r, const struct sw_session *s,
    struct sw_event *e)
{
	e->n = get_u32(r);
	e->kind = (enum sw_event_kind)get_enum(r, SW_EVENT_KIND_COUNT);
	e->by = (enum sw_role)get_enum(r, SW_ROLE_COUNT);
	e->flags = get_u32(r);
	e->time = (int64_t)get_after(r, (uint64_t)s->start);
	e->end = (int64_t)get_after(r, (uint64_t)e->time);
	e->at_first = get_after(r, s->source.first);
	e->at_last = get_after(r, e->at_first);
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
		get_event(r, s, &e[i]);
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
	s->omitted.messages = get_u(r);
	get_lists(r, s);
}

size_t store_record_len(struct slice octets)
{
	struct cursor c = cursor_make(octets);
	struct slice magic = cursor_take(&c, sizeof(STORE_MAGIC));
	uint64_t len = cursor_le64(&c);

	if (c.bad || memcmp(magic.p, STORE_MAGIC, sizeof(STORE_MAGIC)) != 0 ||
	    len < STORE_HEAD || len > octets.len)
		return 0;
	return (size_t)len;
}

static enum sw_status read_record(struct slice record, struct arena *arena,
    bool borrows, struct sw_session *s_r, struct sw_err *err)
{
	size_t len = store_record_len(record);
	struct reader r = { .arena = arena, .borrows = borrows };

	memset(s_r, 0, sizeof(*s_r));
	if (len == 0)
		return base_error_set(err, SW_EFORMAT,
		    "not the record of a session, or not all of it");
	r.c = cursor_make(slice_head(record, len));
	cursor_skip(&r.c, STORE_HEAD);
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

enum sw_status store_read(struct slice record, struct arena *arena,
    struct sw_session *s_r, struct sw_err *err)
{
	return read_record(record, arena, false, s_r, err);
}

enum sw_status store_borrow(struct slice record, struct arena *arena,
    struct sw_session *s_r, struct sw_err *err)
{
	return read_record(record, arena, true, s_r, err);
}
