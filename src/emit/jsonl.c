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

#include "base/clock.h"
#include "emit/json.h"

#define LIT JSON_LITERAL

/* What a session is told with. */
struct teller {
	struct buffer *b;
	const struct sw_clock *clock;
	bool normal;   /* without at, time, end */
	bool no_times; /* times are null */
	struct clock_memo *memo;
};

/* --- values that occur everywhere --------------------------------------- */

static void put_time(const struct teller *t, int64_t ts_ns)
{
	if (t->no_times || ts_ns == SW_NO_TIME) {
		json_null(t->b);
		return;
	}
	LIT(t->b, "\"");
	(void)clock_append_next(t->b, t->memo, t->clock, ts_ns, 'T');
	LIT(t->b, "\"");
}

static void put_at(const struct teller *t, uint64_t first, uint64_t last)
{
	struct buffer *b = t->b;

	if (t->normal)
		return;
	if (first == 0 && last == 0) {
		LIT(b, ",\"at\":null");
		return;
	}
	LIT(b, ",\"at\":[");
	json_u64(b, first);
	LIT(b, ",");
	json_u64(b, last);
	LIT(b, "]");
}

/* The names of the bits that are set, in the order of their values. */
static void put_set(struct buffer *b, uint32_t set, unsigned count,
    const char *(*name)(unsigned v))
{
	unsigned i;
	bool first = true;

	LIT(b, "[");
	for (i = 0; i < count && set >> i != 0; i++) {
		if (!(set & SW_BIT(i)))
			continue;
		if (!first)
			LIT(b, ",");
		first = false;
		json_name(b, name(i));
	}
	LIT(b, "]");
}

static const char *flag_name(unsigned v)
{
	return sw_flag_name((enum sw_flag)v);
}

static const char *record_name(unsigned v)
{
	return sw_record_name((enum sw_record)v);
}

static void put_octets(struct buffer *b, const struct sw_octets *o)
{
	LIT(b, "{\"client\":");
	json_known(b, o->client);
	LIT(b, ",\"server\":");
	json_known(b, o->server);
	LIT(b, "}");
}

static void put_sha256(struct buffer *b, const struct sw_digest *d)
{
	if (d->known)
		json_hex(b, d->octets, sizeof(d->octets));
	else
		json_null(b);
}

/* --- the record --------------------------------------------------------- */

static void put_part(struct buffer *b, const struct sw_part *p)
{
	LIT(b, "{\"name\":");
	json_bytes(b, p->name);
	LIT(b, ",\"format\":");
	json_bytes(b, p->format);
	LIT(b, ",\"first\":");
	json_ref(b, p->first);
	LIT(b, ",\"last\":");
	json_ref(b, p->last);
	LIT(b, ",\"base\":");
	json_u64(b, p->base);
	LIT(b, "}");
}

static void put_source(struct buffer *b, const struct sw_source *s)
{
	size_t i;

	LIT(b, ",\"source\":{\"kind\":");
	json_name(b, sw_source_kind_name(s->kind));
	LIT(b, ",\"format\":");
	json_bytes(b, s->format);
	LIT(b, ",\"name\":");
	json_bytes(b, s->name);
	LIT(b, ",\"first\":");
	json_ref(b, s->first);
	LIT(b, ",\"last\":");
	json_ref(b, s->last);
	LIT(b, ",\"unit\":");
	json_name(b, sw_unit_name(s->unit));
	LIT(b, ",\"parts\":[");
	for (i = 0; i < s->part_count; i++) {
		if (i > 0)
			LIT(b, ",");
		put_part(b, &s->parts[i]);
	}
	LIT(b, "]}");
}

static void put_zone(struct buffer *b, const struct sw_clock *c)
{
	int64_t s = c->offset_s, minutes = (s < 0 ? -s : s) / 60;
	char zone[6];

	switch (c->zone) {
	case SW_ZONE_UTC:
		LIT(b, "\"UTC\"");
		return;
	case SW_ZONE_LOCAL:
		LIT(b, "\"local\"");
		return;
	case SW_ZONE_OFFSET:
		zone[0] = s < 0 ? '-' : '+';
		zone[1] = (char)('0' + minutes / 600 % 10);
		zone[2] = (char)('0' + minutes / 60 % 10);
		zone[3] = ':';
		zone[4] = (char)('0' + minutes % 60 / 10);
		zone[5] = (char)('0' + minutes % 10);
		LIT(b, "\"");
		json_put(b, zone, sizeof(zone));
		LIT(b, "\"");
		return;
	case SW_ZONE_NONE:
	case SW_ZONE_COUNT:
		break;
	}
	LIT(b, "\"none\"");
}

static void put_clock(struct buffer *b, const struct sw_clock *c)
{
	LIT(b, ",\"clock\":{\"zone\":");
	put_zone(b, c);
	LIT(b, ",\"resolution\":");
	json_seconds(b, c->resolution_ns > 0 ? c->resolution_ns : SW_UNKNOWN);
	LIT(b, ",\"date\":");
	json_name(b, sw_date_kind_name(c->date));
	LIT(b, "}");
}

static void put_endpoint(struct buffer *b, const struct sw_endpoint *e)
{
	LIT(b, "{\"ip\":");
	json_bytes(b, e->ip);
	LIT(b, ",\"port\":");
	json_known(b, e->port);
	LIT(b, ",\"name\":");
	json_bytes(b, e->name);
	LIT(b, "}");
}

static void put_encryption(struct buffer *b, const struct sw_encryption *e)
{
	if (!e) {
		json_null(b);
		return;
	}
	LIT(b, "{\"starttls\":");
	json_bool(b, e->starttls);
	LIT(b, ",\"version\":");
	json_bytes(b, e->version);
	LIT(b, ",\"cipher\":");
	json_bytes(b, e->cipher);
	LIT(b, ",\"sni\":");
	json_bytes(b, e->sni);
	LIT(b, ",\"subject\":");
	json_bytes(b, e->subject);
	LIT(b, ",\"issuer\":");
	json_bytes(b, e->issuer);
	LIT(b, ",\"octets\":");
	put_octets(b, &e->octets);
	LIT(b, ",\"decrypted\":");
	json_bool(b, e->decrypted);
	LIT(b, "}");
}

static void put_auth(struct buffer *b, const struct sw_auth *a)
{
	LIT(b, "{\"event\":");
	json_ref(b, a->event);
	LIT(b, ",\"mechanism\":");
	json_bytes(b, a->mechanism);
	LIT(b, ",\"user\":");
	json_bytes(b, a->user);
	LIT(b, ",\"code\":");
	json_known(b, a->code);
	LIT(b, "}");
}

static void put_tcp_side(struct buffer *b, const struct sw_tcp_side *s)
{
	LIT(b, "{\"octets\":");
	json_known(b, s->octets);
	LIT(b, ",\"retransmitted\":");
	json_known(b, s->retransmitted);
	LIT(b, ",\"unacked\":");
	json_known(b, s->unacked);
	LIT(b, ",\"mss\":");
	json_known(b, s->mss);
	LIT(b, ",\"zero_window\":");
	json_seconds(b, s->zero_window_ns);
	LIT(b, "}");
}

static void put_tcp(struct buffer *b, const struct sw_tcp *t)
{
	if (!t) {
		LIT(b, ",\"tcp\":null");
		return;
	}
	LIT(b, ",\"tcp\":{\"frames\":");
	json_u64(b, t->frames);
	LIT(b, ",\"syn_rtt\":");
	json_seconds(b, t->syn_rtt_ns);
	LIT(b, ",\"client\":");
	put_tcp_side(b, &t->client);
	LIT(b, ",\"server\":");
	put_tcp_side(b, &t->server);
	LIT(b, "}");
}

static void put_omitted(struct buffer *b, const struct sw_omitted *o)
{
	if (o->events == 0 && o->recipients == 0 && o->notes == 0) {
		json_null(b);
		return;
	}
	LIT(b, "{\"events\":");
	json_u64(b, o->events);
	LIT(b, ",\"recipients\":");
	json_u64(b, o->recipients);
	LIT(b, ",\"notes\":");
	json_u64(b, o->notes);
	LIT(b, "}");
}

/* --- messages ----------------------------------------------------------- */

static void put_params(struct buffer *b, const struct sw_param *p,
    size_t count)
{
	size_t i;

	LIT(b, "{");
	for (i = 0; i < count; i++) {
		if (i > 0)
			LIT(b, ",");
		(void)escape_json(b, slice_make(p[i].key.data, p[i].key.len));
		LIT(b, ":");
		if (p[i].value.data)
			json_bytes(b, p[i].value);
		else
			json_bool(b, true);
	}
	LIT(b, "}");
}

static void put_recipient(struct buffer *b, const struct sw_recipient *r)
{
	LIT(b, "{\"to\":");
	json_bytes(b, r->to);
	LIT(b, ",\"params\":");
	put_params(b, r->params, r->param_count);
	LIT(b, ",\"code\":");
	json_known(b, r->code);
	LIT(b, ",\"text\":");
	json_bytes(b, r->text);
	LIT(b, ",\"status\":");
	json_name(b, sw_recipient_status_name(r->status));
	if (!r->has_final) {
		LIT(b, ",\"final\":null}");
		return;
	}
	LIT(b, ",\"final\":{\"code\":");
	json_known(b, r->final_code);
	LIT(b, ",\"text\":");
	json_bytes(b, r->final_text);
	LIT(b, ",\"status\":");
	json_name(b, sw_recipient_status_name(r->final_status));
	LIT(b, "}}");
}

static void put_envelope(struct buffer *b, const struct sw_message *m)
{
	size_t i;

	LIT(b, "{\"n\":");
	json_u64(b, m->n);
	LIT(b, ",\"from\":");
	json_bytes(b, m->from);
	LIT(b, ",\"from_params\":");
	if (m->from.data)
		put_params(b, m->from_params, m->from_param_count);
	else
		json_null(b);
	LIT(b, ",\"recipients\":[");
	for (i = 0; i < m->recipient_count; i++) {
		if (i > 0)
			LIT(b, ",");
		put_recipient(b, &m->recipients[i]);
	}
	LIT(b, "]");
}

static void put_content(struct buffer *b, const struct sw_message *m)
{
	LIT(b, ",\"method\":");
	json_name(b, sw_method_name(m->method));
	LIT(b, ",\"size\":");
	json_known(b, m->size);
	LIT(b, ",\"sha256\":");
	put_sha256(b, &m->sha256);
	LIT(b, ",\"missing\":");
	json_known(b, m->missing);
	LIT(b, ",\"header_size\":");
	json_known(b, m->header_size);
	LIT(b, ",\"message_id\":");
	json_bytes(b, m->message_id);
	LIT(b, ",\"subject\":");
	json_bytes(b, m->subject);
	LIT(b, ",\"header_from\":");
	json_bytes(b, m->header_from);
	LIT(b, ",\"header_to\":");
	json_bytes(b, m->header_to);
	LIT(b, ",\"date\":");
	json_bytes(b, m->date);
}

static void put_message(struct buffer *b, const struct sw_message *m)
{
	put_envelope(b, m);
	put_content(b, m);
	LIT(b, ",\"code\":");
	json_known(b, m->code);
	LIT(b, ",\"text\":");
	json_bytes(b, m->text);
	LIT(b, ",\"outcome\":");
	json_name(b, sw_outcome_name(m->outcome));
	LIT(b, ",\"queue_id\":");
	json_bytes(b, m->queue_id);
	LIT(b, ",\"file\":");
	json_bytes(b, m->file);
	LIT(b, "}");
}

/* --- events ------------------------------------------------------------- */

static void put_command(struct buffer *b, const struct sw_command *c)
{
	LIT(b, ",\"verb\":");
	json_bytes(b, c->verb);
	LIT(b, ",\"argument\":");
	json_bytes(b, c->argument);
	LIT(b, ",\"line\":");
	if (json_bytes(b, c->line)) {
		LIT(b, ",\"line_base64\":");
		json_base64(b, c->line);
	}
	LIT(b, ",\"octets\":");
	json_known(b, c->octets);
}

static void put_lines_base64(struct buffer *b, const struct sw_reply *r)
{
	size_t i;

	LIT(b, ",\"lines_base64\":[");
	for (i = 0; i < r->line_count; i++) {
		if (i > 0)
			LIT(b, ",");
		json_base64(b, r->lines[i]);
	}
	LIT(b, "]");
}

static void put_reply(struct buffer *b, const struct sw_reply *r)
{
	bool replaced = false;
	size_t i;

	LIT(b, ",\"code\":");
	json_known(b, r->code);
	LIT(b, ",\"enhanced\":");
	json_bytes(b, r->enhanced);
	LIT(b, ",\"lines\":[");
	for (i = 0; i < r->line_count; i++) {
		if (i > 0)
			LIT(b, ",");
		replaced |= escape_json(b,
		    slice_make(r->lines[i].data, r->lines[i].len));
	}
	LIT(b, "]");
	if (replaced)
		put_lines_base64(b, r);
	LIT(b, ",\"to\":");
	json_ref(b, r->to);
	LIT(b, ",\"octets\":");
	json_known(b, r->octets);
}

static void put_gaps(struct buffer *b, const struct sw_data *d)
{
	size_t i;

	if (!d->gaps_known) {
		json_null(b);
		return;
	}
	LIT(b, "[");
	for (i = 0; i < d->gap_count; i++) {
		if (i > 0)
			LIT(b, ",");
		LIT(b, "[");
		json_u64(b, d->gaps[i].offset);
		LIT(b, ",");
		json_known(b, d->gaps[i].length);
		LIT(b, "]");
	}
	LIT(b, "]");
}

static void put_data(struct buffer *b, const struct sw_data *d)
{
	LIT(b, ",\"of\":");
	json_ref(b, d->of);
	LIT(b, ",\"message\":");
	json_ref(b, d->message);
	LIT(b, ",\"size\":");
	json_known(b, d->size);
	LIT(b, ",\"sha256\":");
	put_sha256(b, &d->sha256);
	LIT(b, ",\"missing\":");
	json_known(b, d->missing);
	LIT(b, ",\"gaps\":");
	put_gaps(b, d);
	LIT(b, ",\"octets\":");
	json_known(b, d->octets);
}

static void put_tls(struct buffer *b, const struct sw_tls *t)
{
	LIT(b, ",\"version\":");
	json_bytes(b, t->version);
	LIT(b, ",\"cipher\":");
	json_bytes(b, t->cipher);
	LIT(b, ",\"sni\":");
	json_bytes(b, t->sni);
	LIT(b, ",\"octets\":");
	put_octets(b, &t->octets);
}

/* What only this kind of event has. */
static void put_kind(struct buffer *b, const struct sw_event *e)
{
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
		LIT(b, ",\"size\":");
		json_known(b, e->u.gap.size);
		return;
	case SW_EVENT_CLOSE:
		LIT(b, ",\"how\":");
		json_name(b, sw_close_how_name(e->u.close.how));
		return;
	case SW_EVENT_NOTE:
		LIT(b, ",\"text\":");
		json_bytes(b, e->u.note.text);
		return;
	case SW_EVENT_CONNECT:
	case SW_EVENT_KIND_COUNT:
		return;
	}
}

static void put_event(const struct teller *t, const struct sw_event *e)
{
	struct buffer *b = t->b;

	LIT(b, "{\"n\":");
	json_u64(b, e->n);
	if (!t->normal) {
		LIT(b, ",\"time\":");
		put_time(t, e->time);
		if (e->kind == SW_EVENT_DATA || e->kind == SW_EVENT_TLS) {
			LIT(b, ",\"end\":");
			put_time(t, e->end);
		}
	}
	LIT(b, ",\"by\":");
	json_name(b, sw_role_name(e->by));
	LIT(b, ",\"kind\":");
	json_name(b, sw_event_kind_name(e->kind));
	put_kind(b, e);
	put_at(t, e->at_first, e->at_last);
	if (e->flags == 0) {
		LIT(b, ",\"flags\":[]}");
		return;
	}
	LIT(b, ",\"flags\":");
	put_set(b, e->flags, SW_FLAG_COUNT, flag_name);
	LIT(b, "}");
}

static void put_note(const struct teller *t, const struct sw_note *n)
{
	struct buffer *b = t->b;

	LIT(b, "{\"code\":");
	json_name(b, sw_note_name(n->code));
	LIT(b, ",\"severity\":");
	json_name(b, sw_severity_name(n->severity));
	LIT(b, ",\"text\":");
	json_bytes(b, n->text);
	LIT(b, ",\"event\":");
	json_ref(b, n->event);
	put_at(t, n->at_first, n->at_last);
	LIT(b, "}");
}

/* --- the session -------------------------------------------------------- */

static void put_id(struct buffer *b, uint64_t id)
{
	uint8_t octets[8];
	int i;

	for (i = 0; i < 8; i++)
		octets[i] = (uint8_t)(id >> (56 - 8 * i));
	json_hex(b, octets, sizeof(octets));
}

/* From `transcript` to `end`. */
static void put_record(const struct teller *t, const struct sw_session *s)
{
	struct buffer *b = t->b;

	LIT(b, "{\"transcript\":");
	json_u64(b, SW_TRANSCRIPT_VERSION);
	LIT(b, ",\"id\":");
	put_id(b, s->id);
	if (!t->normal)
		put_source(b, &s->source);
	LIT(b, ",\"recorder\":");
	json_name(b, sw_recorder_name(s->recorder));
	LIT(b, ",\"protocol\":");
	json_name(b, sw_protocol_name(s->protocol));
	if (t->normal)
		return;
	put_clock(b, &s->clock);
	LIT(b, ",\"start\":");
	put_time(t, s->start);
	LIT(b, ",\"end\":");
	put_time(t, s->end);
}

/* From `client` to `omitted`. */
static void put_connection(const struct teller *t,
    const struct sw_session *s)
{
	struct buffer *b = t->b;
	size_t i;

	LIT(b, ",\"client\":");
	put_endpoint(b, &s->client);
	LIT(b, ",\"server\":");
	put_endpoint(b, &s->server);
	LIT(b, ",\"community_id\":");
	json_bytes(b, s->community_id);
	LIT(b, ",\"encryption\":");
	put_encryption(b, s->encryption);
	LIT(b, ",\"auth\":[");
	for (i = 0; i < s->auth_count; i++) {
		if (i > 0)
			LIT(b, ",");
		put_auth(b, &s->auth[i]);
	}
	LIT(b, "],\"ending\":");
	json_name(b, sw_ending_name(s->ending));
	if (!t->normal)
		put_tcp(b, s->tcp);
	LIT(b, ",\"records\":");
	put_set(b, s->records, SW_RECORDS_COUNT, record_name);
	LIT(b, ",\"omitted\":");
	put_omitted(b, &s->omitted);
}

static void put_lists(const struct teller *t, const struct sw_session *s)
{
	struct buffer *b = t->b;
	size_t i;

	LIT(b, ",\"messages\":[");
	for (i = 0; i < s->message_count; i++) {
		if (i > 0)
			LIT(b, ",");
		put_message(b, &s->messages[i]);
	}
	LIT(b, "],\"events\":[");
	for (i = 0; i < s->event_count; i++) {
		if (i > 0)
			LIT(b, ",");
		put_event(t, &s->events[i]);
	}
	LIT(b, "],\"notes\":[");
	for (i = 0; i < s->note_count; i++) {
		if (i > 0)
			LIT(b, ",");
		put_note(t, &s->notes[i]);
	}
	LIT(b, "]}\n");
}

bool emit_jsonl(struct buffer *out, const struct sw_session *s,
    const struct emit_options *options)
{
	struct clock_memo memo = { .len = 0 };
	struct teller t = {
		out, &s->clock, options->normal, options->no_times, &memo,
	};
	size_t start = out->len;

	if (out->failed || out->full)
		return false;
	put_record(&t, s);
	put_connection(&t, s);
	put_lists(&t, s);
	if (!out->failed && !out->full)
		return true;
	out->len = start;
	return false;
}
