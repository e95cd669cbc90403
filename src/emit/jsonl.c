/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonl.c - a session as one line of JSON
 *
 * Names and order of fields are a contract: smtpwire-transcript(5).  The
 * keys stand in the literals below in the order in which they are told, so
 * that the contract can be read off and no table is walked: this is the hot
 * path of `read`.
 */
#include "emit/emit.h"

#include "emit/jsonl_parts.h"

/* --- the record --------------------------------------------------------- */

static uint8_t *put_range(uint8_t *w, uint64_t first, uint64_t last)
{
	PEN(w, ",\"first\":");
	w = pen_ref(w, first);
	PEN(w, ",\"last\":");
	return pen_ref(w, last);
}

static uint8_t *put_part(struct pen *p, uint8_t *w, const struct sw_part *s)
{
	PEN(w, "{\"name\":");
	w = pen_bytes(p, w, s->name);
	PEN(w, ",\"format\":");
	w = pen_bytes(p, w, s->format);
	w = put_range(w, s->first, s->last);
	PEN(w, ",\"base\":");
	w = pen_u64(w, s->base);
	*w++ = '}';
	return w;
}

static uint8_t *put_source(struct pen *p, uint8_t *w,
    const struct sw_source *s)
{
	size_t i;

	PEN(w, ",\"source\":{\"kind\":");
	w = PEN_NAME(w, names_source_kinds, s->kind);
	PEN(w, ",\"format\":");
	w = pen_bytes(p, w, s->format);
	PEN(w, ",\"name\":");
	w = pen_bytes(p, w, s->name);
	w = put_range(w, s->first, s->last);
	PEN(w, ",\"unit\":");
	w = PEN_NAME(w, names_units, s->unit);
	PEN(w, ",\"parts\":[");
	for (i = 0; i < s->part_count; i++) {
		if (i > 0)
			*w++ = ',';
		w = put_part(p, pen_room(p, w), &s->parts[i]);
	}
	PEN(w, "]}");
	return w;
}

static uint8_t *put_zone(uint8_t *w, const struct sw_clock *c)
{
	int64_t s = c->offset_s, minutes = (s < 0 ? -s : s) / 60;

	switch (c->zone) {
	case SW_ZONE_UTC:
		PEN(w, "\"UTC\"");
		return w;
	case SW_ZONE_LOCAL:
		PEN(w, "\"local\"");
		return w;
	case SW_ZONE_OFFSET:
		*w++ = '"';
		*w++ = s < 0 ? '-' : '+';
		w = buffer_put_digits(w, (uint64_t)minutes / 60, 2);
		*w++ = ':';
		w = buffer_put_digits(w, (uint64_t)minutes % 60, 2);
		*w++ = '"';
		return w;
	case SW_ZONE_NONE:
	case SW_ZONE_COUNT:
		break;
	}
	PEN(w, "\"none\"");
	return w;
}

static uint8_t *put_clock(uint8_t *w, const struct sw_clock *c)
{
	PEN(w, ",\"clock\":{\"zone\":");
	w = put_zone(w, c);
	PEN(w, ",\"resolution\":");
	w = pen_seconds(w, c->resolution_ns > 0 ? c->resolution_ns :
	    SW_UNKNOWN);
	PEN(w, ",\"date\":");
	w = PEN_NAME(w, names_date_kinds, c->date);
	*w++ = '}';
	return w;
}

static uint8_t *put_endpoint(struct pen *p, uint8_t *w,
    const struct sw_endpoint *e)
{
	PEN(w, "{\"ip\":");
	w = pen_bytes(p, w, e->ip);
	PEN(w, ",\"port\":");
	w = pen_known(w, e->port);
	PEN(w, ",\"name\":");
	w = pen_bytes(p, w, e->name);
	*w++ = '}';
	return w;
}

static uint8_t *put_encryption(struct pen *p, uint8_t *w,
    const struct sw_encryption *e)
{
	if (!e)
		return pen_null(w);
	PEN(w, "{\"starttls\":");
	w = pen_bool(w, e->starttls);
	PEN(w, ",\"version\":");
	w = pen_bytes(p, w, e->version);
	PEN(w, ",\"cipher\":");
	w = pen_bytes(p, w, e->cipher);
	PEN(w, ",\"sni\":");
	w = pen_bytes(p, w, e->sni);
	PEN(w, ",\"subject\":");
	w = pen_bytes(p, w, e->subject);
	PEN(w, ",\"issuer\":");
	w = pen_bytes(p, w, e->issuer);
	PEN(w, ",\"octets\":");
	w = put_octets(w, &e->octets);
	PEN(w, ",\"decrypted\":");
	w = pen_bool(w, e->decrypted);
	*w++ = '}';
	return w;
}

static uint8_t *put_auth(struct pen *p, uint8_t *w, const struct sw_auth *a)
{
	PEN(w, "{\"event\":");
	w = pen_ref(w, a->event);
	PEN(w, ",\"mechanism\":");
	w = pen_bytes(p, w, a->mechanism);
	PEN(w, ",\"user\":");
	w = pen_bytes(p, w, a->user);
	PEN(w, ",\"code\":");
	w = pen_known(w, a->code);
	*w++ = '}';
	return w;
}

static uint8_t *put_tcp_side(uint8_t *w, const struct sw_tcp_side *s)
{
	PEN(w, "{\"octets\":");
	w = pen_known(w, s->octets);
	PEN(w, ",\"retransmitted\":");
	w = pen_known(w, s->retransmitted);
	PEN(w, ",\"unacked\":");
	w = pen_known(w, s->unacked);
	PEN(w, ",\"mss\":");
	w = pen_known(w, s->mss);
	PEN(w, ",\"zero_window\":");
	w = pen_seconds(w, s->zero_window_ns);
	*w++ = '}';
	return w;
}

static uint8_t *put_tcp(uint8_t *w, const struct sw_tcp *t)
{
	if (!t) {
		PEN(w, ",\"tcp\":null");
		return w;
	}
	PEN(w, ",\"tcp\":{\"frames\":");
	w = pen_u64(w, t->frames);
	PEN(w, ",\"syn_rtt\":");
	w = pen_seconds(w, t->syn_rtt_ns);
	PEN(w, ",\"client\":");
	w = put_tcp_side(w, &t->client);
	PEN(w, ",\"server\":");
	w = put_tcp_side(w, &t->server);
	*w++ = '}';
	return w;
}

static uint8_t *put_omitted(uint8_t *w, const struct sw_omitted *o)
{
	if (o->events == 0 && o->recipients == 0 && o->notes == 0 &&
	    o->messages == 0)
		return pen_null(w);
	PEN(w, "{\"events\":");
	w = pen_u64(w, o->events);
	PEN(w, ",\"recipients\":");
	w = pen_u64(w, o->recipients);
	PEN(w, ",\"notes\":");
	w = pen_u64(w, o->notes);
	if (o->messages > 0) {
		PEN(w, ",\"messages\":");
		w = pen_u64(w, o->messages);
	}
	*w++ = '}';
	return w;
}

/* --- messages ----------------------------------------------------------- */

static uint8_t *put_params(struct pen *p, uint8_t *w,
    const struct sw_param *params, size_t count)
{
	size_t i;

	*w++ = '{';
	for (i = 0; i < count; i++) {
		if (i > 0)
			*w++ = ',';
		w = pen_string(p, w, params[i].key);
		*w++ = ':';
		if (params[i].value.data)
			w = pen_string(p, w, params[i].value);
		else
			w = pen_bool(w, true);
	}
	*w++ = '}';
	return w;
}

/* What a reply says of a recipient. */
static uint8_t *put_said(struct pen *p, uint8_t *w, int32_t code,
    struct sw_bytes text, enum sw_status_of_recipient status)
{
	PEN(w, "\"code\":");
	w = pen_known(w, code);
	PEN(w, ",\"text\":");
	w = pen_bytes(p, w, text);
	PEN(w, ",\"status\":");
	return PEN_NAME(w, names_recipient_statuses, status);
}

static uint8_t *put_recipient(struct pen *p, uint8_t *w,
    const struct sw_recipient *r)
{
	PEN(w, "{\"to\":");
	w = pen_bytes(p, w, r->to);
	PEN(w, ",\"params\":");
	w = put_params(p, w, r->params, r->param_count);
	*w++ = ',';
	w = put_said(p, w, r->code, r->text, r->status);
	PEN(w, ",\"final\":");
	if (r->has_final) {
		*w++ = '{';
		w = put_said(p, w, r->final_code, r->final_text,
		    r->final_status);
		*w++ = '}';
	} else {
		w = pen_null(w);
	}
	*w++ = '}';
	return w;
}

static uint8_t *put_envelope(struct pen *p, uint8_t *w,
    const struct sw_message *m)
{
	size_t i;

	PEN(w, "{\"n\":");
	w = pen_u64(w, m->n);
	PEN(w, ",\"from\":");
	w = pen_bytes(p, w, m->from);
	PEN(w, ",\"from_params\":");
	if (m->from.data)
		w = put_params(p, w, m->from_params, m->from_param_count);
	else
		w = pen_null(w);
	PEN(w, ",\"recipients\":[");
	for (i = 0; i < m->recipient_count; i++) {
		if (i > 0)
			*w++ = ',';
		w = put_recipient(p, pen_room(p, w), &m->recipients[i]);
	}
	*w++ = ']';
	return w;
}

static uint8_t *put_content(struct pen *p, uint8_t *w,
    const struct sw_message *m)
{
	PEN(w, ",\"method\":");
	w = PEN_NAME(w, names_methods, m->method);
	PEN(w, ",\"size\":");
	w = pen_known(w, m->size);
	PEN(w, ",\"sha256\":");
	w = put_sha256(w, &m->sha256);
	PEN(w, ",\"missing\":");
	w = pen_known(w, m->missing);
	PEN(w, ",\"header_size\":");
	w = pen_known(w, m->header_size);
	PEN(w, ",\"message_id\":");
	w = pen_bytes(p, w, m->message_id);
	PEN(w, ",\"subject\":");
	w = pen_bytes(p, w, m->subject);
	PEN(w, ",\"header_from\":");
	w = pen_bytes(p, w, m->header_from);
	PEN(w, ",\"header_to\":");
	w = pen_bytes(p, w, m->header_to);
	PEN(w, ",\"date\":");
	return pen_bytes(p, w, m->date);
}

static uint8_t *put_message(struct pen *p, uint8_t *w,
    const struct sw_message *m)
{
	w = put_envelope(p, w, m);
	w = put_content(p, pen_room(p, w), m);
	PEN(w, ",\"code\":");
	w = pen_known(w, m->code);
	PEN(w, ",\"text\":");
	w = pen_bytes(p, w, m->text);
	PEN(w, ",\"outcome\":");
	w = PEN_NAME(w, names_outcomes, m->outcome);
	PEN(w, ",\"queue_id\":");
	w = pen_bytes(p, w, m->queue_id);
	PEN(w, ",\"file\":");
	w = pen_bytes(p, w, m->file);
	*w++ = '}';
	return w;
}

/* --- the session -------------------------------------------------------- */

/* From `transcript` to `end`. */
static uint8_t *put_record(struct teller *t, uint8_t *w,
    const struct sw_session *s)
{
	PEN(w, "{\"transcript\":");
	w = pen_u64(w, SW_TRANSCRIPT_VERSION);
	PEN(w, ",\"id\":");
	w = pen_id(w, s->id);
	if (!t->normal)
		w = pen_room(&t->pen, put_source(&t->pen, w, &s->source));
	PEN(w, ",\"recorder\":");
	w = PEN_NAME(w, names_recorders, s->recorder);
	PEN(w, ",\"protocol\":");
	w = PEN_NAME(w, names_protocols, s->protocol);
	if (t->normal)
		return w;
	w = put_clock(w, &s->clock);
	PEN(w, ",\"start\":");
	w = put_time(t, w, s->start);
	PEN(w, ",\"end\":");
	return put_time(t, w, s->end);
}

/* From `client` to `omitted`. */
static uint8_t *put_connection(struct teller *t, uint8_t *w,
    const struct sw_session *s)
{
	struct pen *p = &t->pen;
	size_t i;

	PEN(w, ",\"client\":");
	w = put_endpoint(p, w, &s->client);
	PEN(w, ",\"server\":");
	w = put_endpoint(p, w, &s->server);
	PEN(w, ",\"community_id\":");
	w = pen_bytes(p, w, s->community_id);
	PEN(w, ",\"encryption\":");
	w = put_encryption(p, w, s->encryption);
	PEN(w, ",\"auth\":[");
	for (i = 0; i < s->auth_count; i++) {
		if (i > 0)
			*w++ = ',';
		w = put_auth(p, pen_room(p, w), &s->auth[i]);
	}
	PEN(w, "],\"ending\":");
	w = pen_room(p, PEN_NAME(w, names_endings, s->ending));
	if (!t->normal)
		w = pen_room(p, put_tcp(w, s->tcp));
	PEN(w, ",\"records\":");
	w = put_set(w, s->records, names_records, SW_RECORDS_COUNT);
	PEN(w, ",\"omitted\":");
	return pen_room(p, put_omitted(pen_room(p, w), &s->omitted));
}

/*
 * A session was recorded event by event while others were open, and has left
 * the cache since: what will be told soon is fetched.  Inlined in any case:
 * gcc leaves out calls of functions that do no more than this.
 */
#define FETCHER static inline __attribute__((always_inline)) void

FETCHER fetch(const void *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += 64)
		__builtin_prefetch((const uint8_t *)p + i);
}

FETCHER fetch_first(const struct sw_session *s)
{
	if (s->message_count > 0)
		fetch(s->messages, sizeof(*s->messages));
	if (s->event_count > 4)
		fetch(s->events, 4 * sizeof(*s->events));
}

/* While event i is told: the one in four, the texts of the one in two. */
FETCHER fetch_next(const struct sw_session *s, size_t i)
{
	const struct sw_event *e = &s->events[i];

	if (s->event_count - i > 4) {
		__builtin_prefetch(&e[4].time);
		__builtin_prefetch(&e[4].u.reply.to);
	}
	if (s->event_count - i <= 2)
		return;
	if (e[2].kind == SW_EVENT_COMMAND)
		__builtin_prefetch(e[2].u.command.line.data);
	else if (e[2].kind == SW_EVENT_REPLY)
		__builtin_prefetch(e[2].u.reply.lines);
}

static uint8_t *put_lists(struct teller *t, uint8_t *w,
    const struct sw_session *s)
{
	size_t i;

	PEN(w, ",\"messages\":[");
	for (i = 0; i < s->message_count; i++) {
		if (i > 0)
			*w++ = ',';
		w = put_message(&t->pen, w, &s->messages[i]);
		w = pen_room(&t->pen, w);
	}
	PEN(w, "],\"events\":[");
	for (i = 0; i < s->event_count; i++) {
		if (i > 0)
			*w++ = ',';
		fetch_next(s, i);
		w = jsonl_event(t, w, &s->events[i]);
	}
	PEN(w, "],\"notes\":[");
	for (i = 0; i < s->note_count; i++) {
		if (i > 0)
			*w++ = ',';
		w = jsonl_note(t, w, &s->notes[i]);
	}
	PEN(w, "]}\n");
	return w;
}

static bool is_same_clock(const struct sw_clock *a, const struct sw_clock *b)
{
	return a->zone == b->zone && a->offset_s == b->offset_s &&
	    a->resolution_ns == b->resolution_ns && a->date == b->date;
}

/* The caller's memo as far as it suits, else the teller's own. */
static struct clock_memo *begin_memo(struct teller *t, struct emit_memo *m)
{
	if (!m) {
		t->own_memo.made = false;
		return &t->own_memo;
	}
	if (!is_same_clock(&m->clock, t->clock))
		m->time.made = false;
	m->clock = *t->clock;
	return &m->time;
}

static void teller_init(struct teller *t, const struct sw_session *s,
    const struct emit_options *options)
{
	t->s = s;
	t->explain = options->explain;
	t->clock = &s->clock;
	t->normal = options->normal;
	t->no_times = options->no_times;
	t->memo = begin_memo(t, options->memo);
	t->first = t->last = 0;
	t->at_len = 0;
}

bool emit_jsonl(struct buffer *out, const struct sw_session *s,
    const struct emit_options *options)
{
	struct teller t;
	uint8_t *w;

	teller_init(&t, s, options);
	fetch_first(s);
	w = pen_begin(&t.pen, out);
	w = put_record(&t, w, s);
	w = put_connection(&t, pen_room(&t.pen, w), s);
	w = put_lists(&t, w, s);
	return pen_end(&t.pen, w);
}

/* --- while a session is open ---------------------------------------------- */

static uint8_t *put_number(uint8_t *w, const struct sw_session *s)
{
	PEN(w, "{\"session\":");
	return pen_u64(w, s->number);
}

bool emit_jsonl_event(struct buffer *out, const struct sw_session *s,
    const struct sw_event *e, const struct emit_options *options)
{
	struct teller t;
	uint8_t *w;

	teller_init(&t, s, options);
	w = put_number(pen_begin(&t.pen, out), s);
	PEN(w, ",\"event\":");
	w = jsonl_event(&t, w, e);
	PEN(w, "}\n");
	return pen_end(&t.pen, w);
}

bool emit_jsonl_end(struct buffer *out, const struct sw_session *s,
    const struct emit_options *options)
{
	struct teller t;
	uint8_t *w;
	size_t before = out->len;

	teller_init(&t, s, options);
	w = put_number(pen_begin(&t.pen, out), s);
	PEN(w, ",\"ended\":");
	if (!pen_end(&t.pen, w) || !emit_jsonl(out, s, options)) {
		out->len = before;
		return false;
	}
	out->len--; /* its LF */
	return buffer_append_str(out, "}\n");
}
