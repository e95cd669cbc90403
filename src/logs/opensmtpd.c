/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * opensmtpd.c - what OpenSMTPD traces with `smtpd -T smtp` and `-T mta`
 *
 * Theory of operation.  With -d the lines go to the terminal, else to syslog:
 *
 *   smtp: 0x55da516ac440: connected to listener 0x55da516ea290 [hostname=...]
 *   54b443d5a8b62eb1 smtp connected address=192.0.2.10 host=c.example.org
 *   smtp: 0x55da516ac440: >>> 220 mx.example.com ESMTP OpenSMTPD
 *   smtp: 0x55da516ac440: <<< DATA
 *   <<< [MSG] Subject: hello
 *   <<< [EOM]
 *   54b443d5a8b62eb1 smtp disconnected reason=quit
 *   a900975381b123b7 mta connecting address=smtp://192.0.2.25:25 host=...
 *   mta: 0x5598adc57210: >>> [...348 bytes...]
 *
 * `>>>` was sent, `<<<` received: `smtp` is the server, `mta` the client.  A
 * pointer is a session until it is used again; the lines of the ordinary log
 * name the session by an id, which is that of the pointer whose line stands
 * before or behind.  The server's lines of content name neither: they are of
 * the session that was told to send it.  If two were, it cannot be told whose
 * they are.  Their ends are lost: CR LF is concluded.  Behind a filter (`filter
 * fd`) they are what the filter made of the content, not what came.  A
 * client's content is told by its octets on the wire.
 */
#include "logs/families.h"

#include "logs/syslog.h"
#include "logs/talk.h"
#include "logs/text.h"

/* Open sessions that are looked at for an id. */
enum { ID_SEARCH = 1024, ID_LEN = 16 };

struct opensmtpd {
	struct log_sessions sessions;
	struct log_syslog syslog;
	struct buffer body;    /* key of the session whose content it is */
	struct buffer pending; /* `mta connecting` whose pointer is due */
};

struct extra {
	uint8_t id[ID_LEN];
	bool id_known;
	bool mixed;   /* its content stands among another's */
	bool filtered; /* what is logged of it is the filter's */
	int64_t wire; /* octets of the client's content so far */
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)s->extra;
}

/* One line on its way. */
struct entry {
	const struct log_line *line;
	struct slice text; /* behind what syslog has put in front */
	int64_t time;
	struct sw_clock clock;
};

/* --- what stands in the lines ------------------------------------------- */

static bool is_hex(uint8_t c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* "smtp: 0x55da516ac440: rest" */
struct trace {
	struct slice key;  /* "smtp: 0x55da516ac440" */
	bool client;       /* mta */
	struct slice rest;
};

static bool parse_trace(struct slice text, struct trace *t_r)
{
	struct slice r = text;
	size_t n = 0;

	t_r->client = log_starts(r, "mta: 0x");
	if (!t_r->client && !log_starts(r, "smtp: 0x"))
		return false;
	r = slice_from(r, t_r->client ? 7 : 8);
	while (n < r.len && is_hex(r.p[n]))
		n++;
	if (n == 0 || !log_starts(slice_from(r, n), ": "))
		return false;
	t_r->key = slice_head(text, (t_r->client ? 7 : 8) + n);
	t_r->rest = slice_from(r, n + 2);
	return true;
}

/* "54b443d5a8b62eb1 smtp connected rest" */
struct told {
	struct slice id;
	bool client;
	struct slice rest;
};

static bool parse_told(struct slice text, struct told *t_r)
{
	struct slice r = text;
	size_t n = 0;

	while (n < r.len && is_hex(r.p[n]))
		n++;
	if (n != ID_LEN)
		return false;
	t_r->id = slice_head(r, n);
	r = slice_from(r, n);
	t_r->client = log_starts(r, " mta ");
	if (!t_r->client && !log_starts(r, " smtp "))
		return false;
	t_r->rest = slice_from(r, t_r->client ? 5 : 6);
	return true;
}

/* The value of "name=value" or "name="value with blanks"". */
static struct slice value_of(struct slice text, const char *name)
{
	size_t at = slice_find_nocase(text, slice_str(name)), n = 0;
	struct slice r = slice_from(text, at + strlen(name));
	uint8_t end = ' ';

	if (at == text.len)
		return slice_make(NULL, 0);
	if (r.len > 0 && r.p[0] == '"') {
		end = '"';
		r = slice_from(r, 1);
	}
	while (n < r.len && r.p[n] != end)
		n++;
	return slice_head(r, n);
}

/* "192.0.2.10", "[2001:db8::10]", "smtp://192.0.2.25:25" */
static void take_address(struct session_builder *b, struct slice text,
    struct sw_endpoint *end)
{
	size_t at = slice_find_nocase(text, slice_str("://")), n = 0;
	struct slice r = at < text.len ? slice_from(text, at + 3) : text;
	bool bracket = log_take_octet(&r, '[');
	int port;

	while (n < r.len && r.p[n] != (bracket ? ']' : ':'))
		n++;
	if (n > 0 && slice_find_nocase(r, slice_str("local")) > 0)
		end->ip = session_text(b, slice_head(r, n));
	r = slice_from(r, n + (bracket ? 1 : 0));
	if (log_take_octet(&r, ':') && log_take_number(&r, 1, 5, &port))
		end->port = port;
}

/* --- sessions ----------------------------------------------------------- */

static void set_id(struct log_session *s, struct slice id)
{
	memcpy(extra_of(s)->id, id.p, ID_LEN);
	extra_of(s)->id_known = true;
}

/* The open session with this id; NULL: none. */
static struct log_session *by_id(struct opensmtpd *o, struct slice id)
{
	struct log_session *s = o->sessions.newest;
	size_t i;

	for (i = 0; s && i < ID_SEARCH; s = s->older, i++)
		if (extra_of(s)->id_known &&
		    memcmp(extra_of(s)->id, id.p, ID_LEN) == 0)
			return s;
	return NULL;
}

/* The line of the log that told whereto a client connects. */
static void take_pending(struct opensmtpd *o, struct log_session *s)
{
	struct slice text = buffer_slice(&o->pending);
	struct told t;

	if (!parse_told(text, &t))
		return;
	set_id(s, t.id);
	take_address(s->b, value_of(t.rest, "address="),
	    &session_get(s->b)->server);
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT);
	buffer_clear(&o->pending);
}

static enum sw_status begin(struct opensmtpd *o, const struct entry *e,
    const struct trace *t, struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&o->sessions, t->key,
	    e->line, e->time, s_r);
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	out = session_get((*s_r)->b);
	log_session_recorder(*s_r, t->client ? SW_RECORDER_CLIENT :
	    SW_RECORDER_SERVER);
	out->clock = e->clock;
	out->records = LOG_RECORDS_TALK;
	if (e->time != SW_NO_TIME)
		out->records |= SW_BIT(SW_RECORDS_TIMES);
	if (!t->client)
		out->records |= SW_BIT(SW_RECORDS_BODY) |
		    SW_BIT(SW_RECORDS_BODY_SIZE);
	else
		take_pending(o, *s_r);
	return SW_OK;
}

/* "connected to listener 0x55da516ea290 [hostname=mx, port=25, tag=]" */
static enum sw_status connected(struct opensmtpd *o, const struct entry *e,
    const struct trace *t, struct log_session *s)
{
	size_t at = slice_find_nocase(t->rest, slice_str("port="));
	struct slice r = slice_from(t->rest, at + 5);
	enum sw_status status = SW_OK;
	struct sw_session *out;
	int port;

	if (s) /* the pointer is used again */
		status = log_sessions_end(&o->sessions, s,
		    SW_ENDING_INPUT_ENDED);
	if (status == SW_OK)
		status = begin(o, e, t, &s);
	if (status != SW_OK)
		return status;
	out = session_get(s->b);
	if (log_take_number(&r, 1, 5, &port)) {
		out->server.port = port;
		out->records |= SW_BIT(SW_RECORDS_SERVER_PORT);
	}
	log_session_connect(s, e->line, e->time, SW_CLIENT);
	return SW_OK;
}

/* --- content ------------------------------------------------------------ */

/* The server waits for this session's content. */
static void expect_content(struct opensmtpd *o, const struct entry *e,
    struct log_session *s, struct slice key)
{
	struct log_session *other = log_sessions_find(&o->sessions,
	    buffer_slice(&o->body));

	if (other && other != s && log_content_due(other)) {
		struct log_said said = log_said(e->line, e->time, e->text);

		log_session_ambiguous(other, e->line);
		log_session_ambiguous(s, e->line);
		log_content_lost(other, &said);
		extra_of(other)->mixed = extra_of(s)->mixed = true;
	}
	buffer_clear(&o->body);
	buffer_append_slice(&o->body, key);
}

/* "[MSG] text", dots doubled; the lone one is there too.  "[EOM]" says it
 * once more. */
static void take_content(struct opensmtpd *o, const struct entry *e,
    struct slice text)
{
	struct log_session *s = log_sessions_find(&o->sessions,
	    buffer_slice(&o->body));
	struct log_said said = log_said(e->line, e->time, text);

	if (!s || !log_content_due(s) || !log_take_text(&said.text, "[MSG] "))
		return;
	log_sessions_touch(&o->sessions, s, e->line->number, e->time);
	said.flags |= SW_BIT(SW_FLAG_INFERRED);
	if (!extra_of(s)->filtered && !extra_of(s)->mixed)
		log_content_line(s, &said, true, true);
	else if (!extra_of(s)->filtered)
		log_content_lost(s, &said);
	else if (said.text.len == 1 && said.text.p[0] == '.')
		log_content_passed(s, &said, SW_UNKNOWN, SW_UNKNOWN);
}

/* A client's content: "[...348 bytes...]", and the dot behind it. */
static bool take_sent(struct log_session *s, const struct log_said *said)
{
	struct slice r = said->text;
	int octets;

	if (!log_content_due(s))
		return false;
	if (log_take_text(&r, "[...") && log_take_number(&r, 1, 9, &octets) &&
	    log_starts(r, " bytes...]")) {
		extra_of(s)->wire += octets;
		return true;
	}
	if (said->text.len != 1 || said->text.p[0] != '.')
		return false;
	log_content_passed(s, said, SW_UNKNOWN, extra_of(s)->wire + 3);
	extra_of(s)->wire = 0;
	return true;
}

/* --- lines -------------------------------------------------------------- */

static void say(const struct entry *e, const struct trace *t,
    struct log_session *s)
{
	struct log_said said = log_said(e->line, e->time,
	    slice_from(t->rest, 4));
	bool sent = t->rest.p[0] == '>';

	if (sent != t->client)
		log_say_server(s, &said);
	else if (!t->client || !take_sent(s, &said))
		log_say_client(s, &said);
}

static bool is_talk(struct slice rest)
{
	return log_starts(rest, ">>> ") || log_starts(rest, "<<< ");
}

static enum sw_status take_trace(struct opensmtpd *o, const struct entry *e,
    const struct trace *t)
{
	struct log_session *s = log_sessions_find(&o->sessions, t->key);
	enum sw_status status = SW_OK;

	if (log_starts(t->rest, "connected to listener "))
		return connected(o, e, t, s);
	if (!s && !is_talk(t->rest) && o->pending.len == 0)
		return SW_OK; /* an open file, a state */
	if (!s && (is_talk(t->rest) || t->client)) {
		status = begin(o, e, t, &s);
		if (status == SW_OK)
			s->start_seen = log_starts(slice_from(t->rest, 4),
			    "220");
	}
	if (!s || status != SW_OK)
		return status;
	log_sessions_touch(&o->sessions, s, e->line->number, e->time);
	if (is_talk(t->rest))
		say(e, t, s);
	else if (log_starts(t->rest, "filter fd "))
		extra_of(s)->filtered = true;
	if (!t->client && log_content_due(s) &&
	    log_starts(t->rest, ">>> 354"))
		expect_content(o, e, s, t->key);
	return SW_OK;
}

/* "reason=quit", "reason=disconnect", "reason=timeout", "reason="io-error:
 * ..."" */
static enum sw_status disconnected(struct opensmtpd *o,
    const struct entry *e, struct log_session *s, struct slice rest)
{
	struct slice reason = value_of(rest, "reason=");
	bool by_client = slice_eq(reason, slice_str("disconnect")) ||
	    slice_find_nocase(reason, slice_str("reset by peer")) <
	    reason.len;
	bool quit = slice_eq(reason, slice_str("quit"));

	session_get(s->b)->records |= SW_BIT(SW_RECORDS_CLOSE);
	if (!by_client && !quit)
		log_say_note(s, e->line, e->time, e->text);
	return log_session_close(&o->sessions, s, e->line, e->time,
	    by_client ? SW_CLIENT : SW_SERVER);
}

/* "tls ciphers=TLSv1.3:TLS_AES_256_GCM_SHA384:256" */
static void take_tls(const struct entry *e, struct log_session *s,
    struct slice rest)
{
	struct slice version = value_of(rest, "ciphers="), cipher;
	const uint8_t *colon = memchr(version.p ? version.p : rest.p, ':',
	    version.len);

	if (!colon)
		return;
	cipher = slice_from(version, (size_t)(colon - version.p) + 1);
	version = slice_head(version, (size_t)(colon - version.p));
	BASE_KNOWN(cipher.p);
	colon = memchr(cipher.p, ':', cipher.len);
	if (colon)
		cipher = slice_head(cipher, (size_t)(colon - cipher.p));
	log_session_tls(s, e->line, e->time, version, cipher);
}

/* "smtp connected address=192.0.2.10 host=c.example.org": of the newest
 * pointer. */
static void take_client(struct opensmtpd *o, const struct told *t)
{
	struct log_session *s = o->sessions.newest;
	struct slice address = value_of(t->rest, "address=");

	if (!s || extra_of(s)->id_known ||
	    slice_eq(address, slice_str("local")))
		return;
	set_id(s, t->id);
	take_address(s->b, address, &session_get(s->b)->client);
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_CLIENT_ADDRESS);
}

static enum sw_status take_told(struct opensmtpd *o, const struct entry *e,
    const struct told *t)
{
	struct log_session *s;

	if (!t->client && log_starts(t->rest, "connected ")) {
		take_client(o, t);
		return SW_OK;
	}
	if (t->client && log_starts(t->rest, "connecting ")) {
		buffer_clear(&o->pending);
		buffer_append_slice(&o->pending, e->text);
		return SW_OK;
	}
	s = by_id(o, t->id);
	if (!s)
		return SW_OK;
	log_sessions_touch(&o->sessions, s, e->line->number, e->time);
	if (log_starts(t->rest, "disconnected"))
		return disconnected(o, e, s, t->rest);
	if (log_starts(t->rest, "tls "))
		take_tls(e, s, t->rest);
	else if (log_starts(t->rest, "delivery ") ||
	    log_starts(t->rest, "error "))
		log_say_note(s, e->line, e->time, e->text);
	return SW_OK;
}

/* --- the family --------------------------------------------------------- */

/* syslog's part of a line is dropped if it is smtpd's. */
static void open_entry(struct opensmtpd *o, struct entry *e)
{
	struct log_syslog_line l;

	e->text = e->line->text;
	e->time = SW_NO_TIME;
	e->clock.zone = SW_ZONE_NONE;
	e->clock.date = SW_DATE_NONE;
	if (!log_syslog_take(&o->syslog, e->text, &l) ||
	    !slice_eq(l.tag, slice_str("smtpd")))
		return;
	e->text = l.message;
	e->time = l.time;
	e->clock = l.clock;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct opensmtpd *o = state;
	struct entry e = { .line = line };
	enum sw_status status;
	struct trace trace;
	struct told told;

	open_entry(o, &e);
	status = log_sessions_expire(&o->sessions, e.time);
	if (status != SW_OK)
		return status;
	if (log_starts(e.text, "<<< "))
		take_content(o, &e, slice_from(e.text, 4));
	else if (parse_trace(e.text, &trace))
		status = take_trace(o, &e, &trace);
	else if (parse_told(e.text, &told))
		status = take_told(o, &e, &told);
	return o->body.failed || o->pending.failed ? SW_ENOMEM : status;
}

/* One line of a dialogue is enough. */
static bool probe(struct slice head)
{
	static const struct log_options none;
	struct opensmtpd o = { .sessions.account = NULL };
	struct log_line line = { .number = 1 };

	log_syslog_begin(&o.syslog, &none, "");
	while (head.len > 0) {
		struct entry e = { .line = &line };
		struct trace t;

		line.text = log_head_line(&head);
		open_entry(&o, &e);
		if (parse_trace(e.text, &t) && is_talk(t.rest))
			return true;
	}
	return false;
}

static void close_log(void *state)
{
	struct opensmtpd *o = state;

	buffer_fini(&o->body);
	buffer_fini(&o->pending);
}

static enum sw_status open_log(void *state)
{
	struct opensmtpd *o = state;

	log_syslog_begin(&o->syslog, o->sessions.options,
	    o->sessions.file_name);
	buffer_init(&o->body, LIMIT_LINE);
	buffer_init(&o->pending, LIMIT_LINE);
	return SW_OK;
}

const struct log_format log_opensmtpd = {
	.name = "opensmtpd",
	.title = "OpenSMTPD, traced with -T smtp or -T mta",
	.times = "none, or local or with an offset, 1 s or finer",
	.records = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_CLOSE) |
	    SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct opensmtpd),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.close = close_log,
};
