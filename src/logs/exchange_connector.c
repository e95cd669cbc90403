/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exchange_connector.c - protocol logs of Exchange connectors, 2007 to 2019
 * and online
 *
 * Theory of operation.  A file is the log of all Receive or of all Send
 * connectors of one transport service, as #Log-type says.  Behind directives
 * stand rows of comma-separated values, one for each line of the dialogue,
 * in UTF-8; values are quoted only when they must be.  A sample, folded:
 *
 *   #Log-type: SMTP Receive Protocol Log
 *   #Fields: date-time,connector-id,session-id,sequence-number,
 *	local-endpoint,remote-endpoint,event,data,context
 *   2023-01-11T15:59:51.433Z,MX1\Default,08DAEC62278461AA,1,192.0.2.25:25,
 *	192.0.2.10:56026,>,"220 mx.example.com ready, waiting",
 *
 * Times are UTC.  The event is '+' for a connection that is there, '-' for
 * one that is over (the context says who ended it), '>' for what this
 * server sent, '<' for what it received, '*' for a remark; published copies
 * have lost the '*'.  The session id is unique, so rows are told apart by it
 * alone, also when the session goes on in the next file.
 *
 * The credentials of AUTH have no row, which a missing sequence number
 * shows; so does a row that was lost.  Of the content there is only what the
 * verdict says: "<id> [...] 11511 bytes in 0.102, ...".  Later builds tell an
 * EHLO reply in one row, "250", two blanks, its lines joined by a blank.
 */
#include "logs/connector.h"
#include "logs/families.h"
#include "logs/text.h"
#include "logs/when.h"

/* --- directives --------------------------------------------------------- */

static bool is_directive(struct slice line, const char *name,
    struct slice *rest_r)
{
	if (!log_take_text(&line, name))
		return false;
	*rest_r = slice_trim(line);
	return true;
}

/* "SMTP Receive Protocol Log" */
static bool parse_type(struct slice text, enum sw_recorder *type_r)
{
	if (slice_has_prefix_nocase(text, slice_str("SMTP Receive")))
		*type_r = SW_RECORDER_SERVER;
	else if (slice_has_prefix_nocase(text, slice_str("SMTP Send")))
		*type_r = SW_RECORDER_CLIENT;
	else
		return false;
	return true;
}

/* RECV2023011116-1.LOG, SEND20100309-1.log */
static void take_name(struct connector *x)
{
	struct slice s = log_base_name(x->sessions.file_name);

	x->type_known = true;
	if (slice_has_prefix_nocase(s, slice_str("RECV")))
		x->type = SW_RECORDER_SERVER;
	else if (slice_has_prefix_nocase(s, slice_str("SEND")))
		x->type = SW_RECORDER_CLIENT;
	else
		x->type_known = false;
}

static void take_directive(struct connector *x, struct slice line)
{
	struct slice rest;

	if (is_directive(line, "#Fields:", &rest))
		connector_parse_fields(&x->rows.fields, rest);
	else if (is_directive(line, "#Log-type:", &rest))
		x->type_known = parse_type(rest, &x->type) || x->type_known;
}

/* --- sessions ----------------------------------------------------------- */

static uint32_t records(const struct connector_fields *f, bool server)
{
	uint32_t all = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_CLOSE);
	uint32_t own = server ? SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) :
	    SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT);
	uint32_t peer = server ? SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT) :
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT);

	if (f->known & SW_BIT(CONNECTOR_TIME))
		all |= SW_BIT(SW_RECORDS_TIMES);
	if (f->known & SW_BIT(CONNECTOR_LOCAL))
		all |= own;
	if (f->known & SW_BIT(CONNECTOR_REMOTE))
		all |= peer;
	/* The size is that of this server's own verdict. */
	return server ? all | SW_BIT(SW_RECORDS_BODY_SIZE) : all;
}

static void tell_endpoint(struct log_session *s, struct sw_endpoint *e,
    struct slice text)
{
	struct slice ip;

	if (text.len == 0 || e->ip.data)
		return;
	log_split_endpoint(text, &ip, &e->port);
	e->ip = session_text(s->b, ip);
}

/* Which of the two is the client shows once it is known who wrote. */
static void tell_endpoints(const struct connector *x, struct log_session *s,
    const struct connector_values *v)
{
	struct sw_session *out = session_get(s->b);
	bool server = out->recorder == SW_RECORDER_SERVER;

	if (!s->recorder_known || connector_extra(s)->endpoints_told)
		return;
	if (!connector_extra(s)->records_told)
		out->records = records(&x->rows.fields, server);
	connector_extra(s)->records_told = true;
	tell_endpoint(s, server ? &out->server : &out->client,
	    v->of[CONNECTOR_LOCAL]);
	tell_endpoint(s, server ? &out->client : &out->server,
	    v->of[CONNECTOR_REMOTE]);
	connector_extra(s)->endpoints_told = out->server.ip.data &&
	    out->client.ip.data;
}

static void describe(struct connector *x, struct log_session *s)
{
	struct sw_session *out = session_get(s->b);

	out->clock.zone = SW_ZONE_NONE;
	out->clock.date = SW_DATE_NONE;
	if (x->rows.fields.known & SW_BIT(CONNECTOR_TIME)) {
		out->clock.zone = SW_ZONE_UTC;
		out->clock.resolution_ns = log_resolution(3);
		out->clock.date = SW_DATE_GIVEN;
	}
	connector_extra(s)->sequence = SW_UNKNOWN;
	if (x->type_known)
		log_session_recorder(s, x->type);
}

/* A session's first row: '+', a remark in front of it, the greeting. */
static bool is_start(const struct connector_values *v)
{
	int64_t sequence = connector_number(v->of[CONNECTOR_SEQUENCE]);
	struct slice event = v->of[CONNECTOR_EVENT];

	return sequence == 0 || (event.len == 1 && event.p[0] == '+') ||
	    (sequence == 1 && slice_has_prefix_nocase(v->of[CONNECTOR_DATA],
	    slice_str("220")));
}

static struct slice key_of(struct connector *x,
    const struct connector_values *v)
{
	if (v->of[CONNECTOR_SESSION].len > 0)
		return v->of[CONNECTOR_SESSION];
	buffer_clear(&x->key);
	buffer_append_slice(&x->key, v->of[CONNECTOR_LOCAL]);
	buffer_append_char(&x->key, ' ');
	buffer_append_slice(&x->key, v->of[CONNECTOR_REMOTE]);
	return buffer_slice(&x->key);
}

static enum sw_status begin(struct connector *x, struct slice key,
    const struct log_line *line, int64_t time, const struct connector_values *v,
    struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&x->sessions, key, line,
	    time, s_r);

	if (status != SW_OK)
		return status;
	describe(x, *s_r);
	if (is_start(v))
		(*s_r)->start_seen = true;
	else
		log_session_no_start(*s_r, line);
	return SW_OK;
}

/* --- rows --------------------------------------------------------------- */

static uint64_t hash_words(struct slice s)
{
	uint64_t h = s.len, word;
	size_t i;

	for (i = 0; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.p + i, sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	word = 0;
	if (i < s.len)
		memcpy(&word, s.p + i, s.len - i);
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/*
 * A number that comes again with the same words is the same row twice; with
 * others it is another row.
 */
static bool is_repeated(struct log_session *s,
    const struct connector_values *v)
{
	struct connector_remark *m = connector_extra(s);
	int64_t sequence = connector_number(v->of[CONNECTOR_SEQUENCE]);
	uint64_t h = hash_words(v->of[CONNECTOR_DATA]) +
	    hash_words(v->of[CONNECTOR_CONTEXT]) +
	    hash_words(v->of[CONNECTOR_EVENT]);
	bool same = sequence != SW_UNKNOWN && sequence == m->sequence &&
	    h == m->newest;

	m->newest = h;
	return same;
}

static enum sw_status take_event(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, const struct connector_values *v)
{
	struct log_said said = log_said(line, time, v->of[CONNECTOR_DATA]);
	struct slice event = v->of[CONNECTOR_EVENT];
	uint8_t kind = event.len ? event.p[0] : '*';

	switch (kind) {
	case '+':
		connector_extra(s)->connected = true;
		connector_skip_missing(s, v, false);
		log_session_connect(s, line, time, SW_CLIENT);
		return SW_OK;
	case '-':
		return connector_take_close(x, s, line, time,
		    v->of[CONNECTOR_CONTEXT]);
	case '<':
	case '>':
		connector_say(x, s, kind == '>', &said, v);
		tell_endpoints(x, s, v);
		return SW_OK;
	}
	return connector_take_remark(x, s, line, time, v);
}

static enum sw_status take_row(struct connector *x,
    const struct log_line *line, const struct connector_values *v, int64_t time)
{
	enum sw_status status = log_sessions_expire(&x->sessions, time);
	struct slice key = key_of(x, v);
	struct log_session *s = log_sessions_find(&x->sessions, key);
	struct slice event = v->of[CONNECTOR_EVENT];
	bool plus = event.len > 0 && event.p[0] == '+';

	if (status == SW_OK && s && plus && connector_extra(s)->connected) {
		status = log_sessions_end(&x->sessions, s,
		    SW_ENDING_INPUT_ENDED);
		s = NULL;
	}
	if (status != SW_OK)
		return status;
	if (s)
		log_sessions_touch(&x->sessions, s, line->number, time);
	else
		status = begin(x, key, line, time, v, &s);
	if (status != SW_OK || is_repeated(s, v))
		return status;
	tell_endpoints(x, s, v);
	return take_event(x, s, line, time, v);
}

/* --- the family --------------------------------------------------------- */

/* Logs of the POP3 and IMAP4 services have the same columns. */
static bool probe(struct slice head)
{
	bool type = false, fields = false, row = false;

	while (head.len > 0) {
		struct slice line = slice_trim(log_head_line(&head)), rest;
		enum sw_recorder ignored;
		struct connector_fields f;

		if (is_directive(line, "#Log-type:", &rest)) {
			if (!parse_type(rest, &ignored))
				return false;
			type = true;
		} else if (is_directive(line, "#Fields:", &rest)) {
			connector_parse_fields(&f, rest);
			fields |= (f.known & SW_BIT(CONNECTOR_EVENT)) &&
			    (f.known & SW_BIT(CONNECTOR_DATA)) &&
			    (f.known & SW_BIT(CONNECTOR_SESSION));
		} else if (line.len > 0 && line.p[0] != '#') {
			row |= connector_is_usual_row(line);
		}
		if ((type && fields) || (row && head.len == 0))
			return true;
	}
	return type || fields || row;
}

static void close_log(void *state)
{
	struct connector *x = state;

	buffer_fini(&x->key);
	buffer_fini(&x->text);
	connector_rows_fini(&x->rows);
}

static enum sw_status open_log(void *state)
{
	struct connector *x = state;

	buffer_init(&x->key, 2 * LIMIT_LINE);
	buffer_init(&x->text, 2 * LIMIT_LINE);
	connector_rows_init(&x->rows);
	return SW_OK;
}

static bool out_of_memory(const struct connector *x)
{
	const struct buffer *unquoted = x->rows.unquoted;

	return x->key.failed || x->text.failed || unquoted[0].failed ||
	    unquoted[1].failed || unquoted[2].failed;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct connector *x = state;
	struct connector_values v;
	int64_t time;

	if (line->text.len == 0)
		return SW_OK;
	if (line->text.p[0] == '#') {
		take_directive(x, line->text);
		return SW_OK;
	}
	if (!connector_parse_row(&x->rows, line->text, &v, &time)) {
		log_not_understood(&x->sessions, line);
		return SW_OK;
	}
	if (out_of_memory(x))
		return SW_ENOMEM;
	return take_row(x, line, &v, time);
}

/* What the next file holds it says itself. */
static void begin_file(void *state)
{
	struct connector *x = state;

	memset(&x->rows.fields, 0, sizeof(x->rows.fields));
	take_name(x);
}

const struct log_format log_exchange_connector = {
	.name = "exchange-connector",
	.title = "Exchange 2007 and later, Receive and Send connectors",
	.times = "UTC, 1 ms",
	.records = SW_RECORDS_ALL & ~SW_BIT(SW_RECORDS_BODY),
	.state_size = sizeof(struct connector),
	.session_size = sizeof(struct connector_remark),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.file = begin_file,
	.line = take_line,
	.close = close_log,
};
