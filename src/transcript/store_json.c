/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_json.c - a session read back from a line of JSON
 *
 * Theory of operation.  jansson parses the line, which must be UTF-8; then
 * each object is walked by the names of the contract.  A field that is
 * absent is not known, as the normal form wants it; one that is there has
 * its type, or the line is refused with a sentence that names the field.
 * Fields, flags and records of other names are ignored, since later versions
 * may add some; notes of an unknown code are counted as omitted.  A session
 * has no more of anything than one that was read from a capture (limits.h):
 * what is beyond is counted as omitted, or in a limit note.
 *
 * What is told by line_base64 and lines_base64 is taken from there.  Octets
 * of other strings that were no UTF-8 stay the U+FFFD that they became.
 */
#include "transcript/fields.h"

#include "base/error.h"
#include "base/limits.h"

NAME_FN(unit_name, enum sw_unit, sw_unit_name)
NAME_FN(source_kind_name, enum sw_source_kind, sw_source_kind_name)
NAME_FN(recorder_name, enum sw_recorder, sw_recorder_name)
NAME_FN(protocol_name, enum sw_protocol, sw_protocol_name)
NAME_FN(ending_name, enum sw_ending, sw_ending_name)
NAME_FN(record_name, enum sw_record, sw_record_name)
NAME_FN(status_name, enum sw_status_of_recipient, sw_recipient_status_name)
NAME_FN(method_name, enum sw_method, sw_method_name)
NAME_FN(outcome_name, enum sw_outcome, sw_outcome_name)
NAME_FN(date_kind_name, enum sw_date_kind, sw_date_kind_name)

/* --- the record --------------------------------------------------------- */

static void read_id(struct fields *r, const json_t *o)
{
	uint8_t octets[8] = { 0 };
	const json_t *v = fields_get(o, "id");
	size_t i;

	if (!fields_hex(v, octets, sizeof(octets)))
		fields_refuse(r, "id", "16 hex digits");
	for (i = 0; i < sizeof(octets); i++)
		r->s->id = r->s->id << 8 | octets[i];
}

static void read_parts(struct fields *r, const json_t *o)
{
	struct sw_source *s = &r->s->source;
	struct sw_part *parts;
	struct fields_items l = fields_list(r, o, "parts", sizeof(*parts),
	    SIZE_MAX);
	size_t i;

	s->parts = parts = l.items;
	s->part_count = l.count;
	for (i = 0; i < s->part_count; i++) {
		const json_t *p = fields_item(r, l.list, i, "parts");

		parts[i].name = fields_bytes(r, p, "name");
		parts[i].format = fields_bytes(r, p, "format");
		parts[i].first = fields_count(r, p, "first");
		parts[i].last = fields_count(r, p, "last");
		parts[i].base = fields_count(r, p, "base");
	}
}

static void read_source(struct fields *r, const json_t *o)
{
	struct sw_source *s = &r->s->source;
	unsigned kind = r->s->recorder == SW_RECORDER_WIRE ? SW_SOURCE_WIRE :
	    SW_SOURCE_LOG;

	o = fields_object(r, o, "source");
	s->kind = (enum sw_source_kind)fields_name(r, o, "kind",
	    SW_SOURCE_KIND_COUNT, source_kind_name, kind);
	s->name = fields_bytes(r, o, "name");
	s->format = fields_bytes(r, o, "format");
	s->first = fields_count(r, o, "first");
	s->last = fields_count(r, o, "last");
	s->unit = (enum sw_unit)fields_name(r, o, "unit", SW_UNIT_COUNT,
	    unit_name, s->kind == SW_SOURCE_WIRE ? SW_UNIT_FRAME :
	    SW_UNIT_LINE);
	read_parts(r, o);
}

static void read_zone(struct fields *r, const json_t *o)
{
	struct sw_clock *c = &r->s->clock;
	const json_t *v = fields_get(o, "zone");
	const char *text = json_is_string(v) ? json_string_value(v) : "";

	c->zone = SW_ZONE_NONE;
	if (!v || strcmp(text, "none") == 0)
		return;
	c->zone = SW_ZONE_UTC;
	if (strcmp(text, "UTC") == 0)
		return;
	c->zone = SW_ZONE_LOCAL;
	if (strcmp(text, "local") == 0)
		return;
	c->zone = SW_ZONE_OFFSET;
	if (*text == '\0' || *text == 'Z' ||
	    !fields_offset(&text, &c->offset_s) || *text != '\0')
		fields_refuse(r, "zone", "a zone");
}

static void read_clock(struct fields *r, const json_t *o)
{
	struct sw_clock *c = &r->s->clock;

	o = fields_object(r, o, "clock");
	read_zone(r, o);
	c->resolution_ns = fields_seconds(r, o, "resolution");
	if (c->resolution_ns < 0)
		c->resolution_ns = 0;
	c->date = (enum sw_date_kind)fields_name(r, o, "date", SW_DATE_COUNT,
	    date_kind_name, SW_DATE_NONE);
}

static void read_endpoint(struct fields *r, const json_t *o,
    const char *name, struct sw_endpoint *e)
{
	o = fields_object(r, o, name);
	e->ip = fields_bytes(r, o, "ip");
	e->port = (int32_t)fields_number(r, o, "port", 65535, SW_UNKNOWN);
	e->name = fields_bytes(r, o, "name");
}

static void read_encryption(struct fields *r, const json_t *o)
{
	struct sw_encryption *e;

	o = fields_object(r, o, "encryption");
	if (!o)
		return;
	e = arena_calloc(r->arena, 1, sizeof(*e));
	if (!e) {
		fields_no_memory(r);
		return;
	}
	e->starttls = fields_bool(r, o, "starttls");
	e->version = fields_bytes(r, o, "version");
	e->cipher = fields_bytes(r, o, "cipher");
	e->sni = fields_bytes(r, o, "sni");
	e->subject = fields_bytes(r, o, "subject");
	e->issuer = fields_bytes(r, o, "issuer");
	fields_octets(r, o, &e->octets);
	e->decrypted = fields_bool(r, o, "decrypted");
	r->s->encryption = e;
}

static void read_auth(struct fields *r, const json_t *o)
{
	struct sw_auth *a;
	struct fields_items l = fields_list(r, o, "auth", sizeof(*a),
	    LIMIT_AUTH);
	size_t i;

	r->s->auth = a = l.items;
	r->s->auth_count = l.count;
	r->left_out += l.left_out;
	for (i = 0; i < r->s->auth_count; i++) {
		const json_t *p = fields_item(r, l.list, i, "auth");

		a[i].event = fields_ref(r, p, "event");
		a[i].mechanism = fields_bytes(r, p, "mechanism");
		a[i].user = fields_bytes(r, p, "user");
		a[i].code = fields_code(r, p, "code");
	}
}

static void read_tcp_side(struct fields *r, const json_t *o,
    const char *name, struct sw_tcp_side *t)
{
	o = fields_object(r, o, name);
	t->octets = fields_known(r, o, "octets");
	t->retransmitted = fields_known(r, o, "retransmitted");
	t->unacked = fields_known(r, o, "unacked");
	t->mss = fields_code(r, o, "mss");
	t->zero_window_ns = fields_seconds(r, o, "zero_window");
}

static void read_tcp(struct fields *r, const json_t *o)
{
	struct sw_tcp *t;

	o = fields_object(r, o, "tcp");
	if (!o)
		return;
	t = arena_calloc(r->arena, 1, sizeof(*t));
	if (!t) {
		fields_no_memory(r);
		return;
	}
	t->frames = fields_count(r, o, "frames");
	t->syn_rtt_ns = fields_seconds(r, o, "syn_rtt");
	read_tcp_side(r, o, "client", &t->client);
	read_tcp_side(r, o, "server", &t->server);
	r->s->tcp = t;
}

static void read_omitted(struct fields *r, const json_t *o)
{
	o = fields_object(r, o, "omitted");
	r->s->omitted.events = fields_count(r, o, "events");
	r->s->omitted.recipients = fields_count(r, o, "recipients");
	r->s->omitted.notes = fields_count(r, o, "notes");
	r->s->omitted.messages = fields_count(r, o, "messages");
}

/* --- messages ----------------------------------------------------------- */

static struct sw_bytes param_value(struct fields *r, const json_t *v)
{
	struct sw_bytes none = { NULL, 0 };

	if (json_is_string(v))
		return fields_copy(r, v);
	if (!json_is_true(v))
		fields_refuse(r, "params", "an object of strings and true");
	return none;
}

static const struct sw_param *read_params(struct fields *r, const json_t *o,
    const char *name, size_t *count_r)
{
	const json_t *v = fields_object(r, o, name);
	size_t count = json_object_size(v), i = 0;
	struct sw_param *p;
	void *iter;

	*count_r = 0;
	if (count > LIMIT_PARAMS) {
		r->left_out += count - LIMIT_PARAMS;
		count = LIMIT_PARAMS;
	}
	if (count == 0)
		return NULL;
	p = arena_calloc(r->arena, count, sizeof(*p));
	if (!p) {
		fields_no_memory(r);
		return NULL;
	}
	/* jansson takes no const object here and changes nothing */
	for (iter = json_object_iter(fields_get(o, name)); iter && i < count;
	    iter = json_object_iter_next(fields_get(o, name), iter), i++) {
		const char *key = json_object_iter_key(iter);

		p[i].key = arena_copy(r->arena, slice_str(key));
		if (!p[i].key.data)
			fields_no_memory(r);
		p[i].value = param_value(r, json_object_iter_value(iter));
	}
	*count_r = i;
	return p;
}

static enum sw_status_of_recipient read_status(struct fields *r,
    const json_t *o)
{
	return (enum sw_status_of_recipient)fields_name(r, o, "status",
	    SW_RCPT_STATUS_COUNT, status_name, SW_RCPT_UNKNOWN);
}

static void read_recipient(struct fields *r, const json_t *o,
    struct sw_recipient *p)
{
	const json_t *final = fields_object(r, o, "final");

	p->to = fields_bytes(r, o, "to");
	p->params = read_params(r, o, "params", &p->param_count);
	p->code = fields_code(r, o, "code");
	p->text = fields_bytes(r, o, "text");
	p->status = read_status(r, o);
	p->has_final = final != NULL;
	p->final_code = fields_code(r, final, "code");
	p->final_text = fields_bytes(r, final, "text");
	p->final_status = read_status(r, final);
}

static void read_envelope(struct fields *r, const json_t *o,
    struct sw_message *m)
{
	struct sw_recipient *p;
	struct fields_items l = fields_list(r, o, "recipients", sizeof(*p),
	    LIMIT_RECIPIENTS);
	size_t i;

	m->n = fields_ref(r, o, "n");
	m->from = fields_bytes(r, o, "from");
	m->from_params = read_params(r, o, "from_params",
	    &m->from_param_count);
	m->recipients = p = l.items;
	m->recipient_count = l.count;
	r->s->omitted.recipients += l.left_out;
	for (i = 0; i < m->recipient_count; i++)
		read_recipient(r, fields_item(r, l.list, i, "recipients"),
		    &p[i]);
}

static void read_message(struct fields *r, const json_t *o,
    struct sw_message *m)
{
	read_envelope(r, o, m);
	m->method = (enum sw_method)fields_name(r, o, "method", SW_METHOD_COUNT,
	    method_name, SW_METHOD_NONE);
	m->size = fields_known(r, o, "size");
	m->sha256 = fields_sha256(r, o);
	m->missing = fields_known(r, o, "missing");
	m->header_size = fields_known(r, o, "header_size");
	m->message_id = fields_bytes(r, o, "message_id");
	m->subject = fields_bytes(r, o, "subject");
	m->header_from = fields_bytes(r, o, "header_from");
	m->header_to = fields_bytes(r, o, "header_to");
	m->date = fields_bytes(r, o, "date");
	m->code = fields_code(r, o, "code");
	m->text = fields_bytes(r, o, "text");
	m->outcome = (enum sw_outcome)fields_name(r, o, "outcome",
	    SW_OUTCOME_COUNT, outcome_name, SW_OUTCOME_UNKNOWN);
	m->queue_id = fields_bytes(r, o, "queue_id");
	m->file = fields_bytes(r, o, "file");
}

static void read_messages(struct fields *r, const json_t *o)
{
	struct sw_message *m;
	struct fields_items l = fields_list(r, o, "messages", sizeof(*m),
	    LIMIT_MESSAGES);
	size_t i;

	r->s->messages = m = l.items;
	r->s->message_count = l.count;
	r->left_out += l.left_out;
	for (i = 0; i < r->s->message_count; i++)
		read_message(r, fields_item(r, l.list, i, "messages"), &m[i]);
}

/* --- the session -------------------------------------------------------- */

static void read_session(struct fields *r, const json_t *o)
{
	struct sw_session *s = r->s;

	if (fields_count(r, o, "transcript") != SW_TRANSCRIPT_VERSION)
		fields_refuse(r, "transcript", "1");
	read_id(r, o);
	s->recorder = (enum sw_recorder)fields_name(r, o, "recorder",
	    SW_RECORDER_COUNT, recorder_name, SW_RECORDER_WIRE);
	s->protocol = (enum sw_protocol)fields_name(r, o, "protocol",
	    SW_PROTOCOL_COUNT, protocol_name, SW_PROTOCOL_SMTP);
	read_source(r, o);
	read_clock(r, o);
	s->start = SW_NO_TIME;
	s->start = fields_time(r, o, "start");
	s->end = fields_time(r, o, "end");
	read_endpoint(r, o, "client", &s->client);
	read_endpoint(r, o, "server", &s->server);
	s->community_id = fields_bytes(r, o, "community_id");
	read_encryption(r, o);
	read_auth(r, o);
	s->ending = (enum sw_ending)fields_name(r, o, "ending", SW_ENDING_COUNT,
	    ending_name, SW_ENDING_INPUT_ENDED);
	read_tcp(r, o);
	s->records = fields_set(r, o, "records", SW_RECORDS_COUNT, record_name);
	read_omitted(r, o);
	read_messages(r, o);
	store_json_events(r, o);
	store_json_notes(r, o);
}

/*
 * No less than what jansson's values of a line take, glibc's malloc beneath: an
 * object with its hash table 224 octets, a list 128, a member 80 and its name,
 * a place in a list 16 as it doubles, a number 32, a text 80 and its octets.
 */
static uint64_t octets_of_values(struct slice json)
{
	enum { OBJECT = 224, LIST = 128, MEMBER = 80, PLACE = 16 + 32,
		QUOTE = 80 / 2 };
	uint64_t octets = json.len;
	bool text = false;
	size_t i;

	for (i = 0; i < json.len; i++) {
		uint8_t c = json.p[i];

		if (c == '"') {
			text = !text;
			octets += QUOTE;
		} else if (text) {
			i += c == '\\';
		} else {
			octets += c == '{' ? OBJECT : c == '[' ? LIST :
			    c == ':' ? MEMBER : c == ',' ? PLACE : 0;
		}
	}
	return octets;
}

enum sw_status store_read_json(struct slice json, uint64_t line,
    struct arena *arena, struct sw_session *s_r, struct sw_err *err)
{
	struct fields r = { arena, s_r, line, err, SW_OK, 0 };
	json_error_t error;
	json_t *o;

	memset(s_r, 0, sizeof(*s_r));
	if (octets_of_values(json) > LIMIT_SAVED_VALUES)
		return base_error_at(err, SW_EFORMAT, line, "line %llu holds "
		    "more values than %llu MiB of memory",
		    (unsigned long long)line,
		    (unsigned long long)LIMIT_SAVED_VALUES >> 20);
	o = json_loadb(json.len > 0 ? (const char *)json.p : "", json.len,
	    JSON_ALLOW_NUL, &error);
	if (!o && json_error_code(&error) == json_error_out_of_memory)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (!o)
		return base_error_at(err, SW_EFORMAT, line,
		    "line %llu is not JSON: %s",
		    (unsigned long long)line, error.text);
	if (json_is_object(o))
		read_session(&r, o);
	else
		r.status = base_error_at(err, SW_EFORMAT, line,
		    "line %llu is not a JSON object",
		    (unsigned long long)line);
	json_decref(o);
	if (r.status != SW_OK)
		memset(s_r, 0, sizeof(*s_r));
	return r.status;
}
