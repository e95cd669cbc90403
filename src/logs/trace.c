/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace.c - what clients print of their own dialogue */
#include "logs/trace.h"

#include <arpa/inet.h>

#include "logs/probe.h"
#include "logs/text.h"

/* --- sessions ----------------------------------------------------------- */

static void fail(struct trace *t, enum sw_status status)
{
	if (t->status == SW_OK)
		t->status = status;
}

static void end_current(struct trace *t, enum sw_ending ending)
{
	struct log_session *s = t->current;

	t->current = NULL;
	if (s)
		fail(t, log_sessions_end(&t->sessions, s,
		    session_has_quit(s->b, false) ? SW_ENDING_QUIT : ending));
}

/* What the line in hand tells of the session's times. */
static void set_clock(struct trace *t, struct sw_session *out)
{
	int64_t resolution = log_resolution(t->digits);

	out->clock.zone = SW_ZONE_NONE;
	out->clock.date = SW_DATE_NONE;
	if (t->time == SW_NO_TIME)
		return;
	out->clock = log_local_clock(t->sessions.options, resolution,
	    SW_DATE_NONE);
	if (t->format->dated)
		out->clock = (struct sw_clock){ SW_ZONE_UTC, 0, resolution,
			SW_DATE_GIVEN };
	out->records |= SW_BIT(SW_RECORDS_TIMES);
}

static void describe(struct trace *t, struct log_session *s)
{
	struct sw_session *out = session_get(s->b);

	log_session_recorder(s, t->format->recorder);
	out->records = t->format->records;
	set_clock(t, out);
	if (t->peer.len > 0)
		out->server.ip = session_text(s->b, buffer_slice(&t->peer));
	else
		out->records &= ~SW_BIT(SW_RECORDS_SERVER_ADDRESS);
	out->server.port = t->peer_port;
	if (t->peer_port == SW_UNKNOWN)
		out->records &= ~SW_BIT(SW_RECORDS_SERVER_PORT);
}

static void begin(struct trace *t, const struct log_line *line)
{
	end_current(t, SW_ENDING_INPUT_ENDED);
	log_days_begin(&t->days, NULL);
	if (t->status == SW_OK)
		t->status = log_sessions_begin(&t->sessions, slice_str(""),
		    line, t->time, &t->current);
	t->begun = false;
	t->crs = t->replaced = false;
	if (t->current)
		describe(t, t->current);
	buffer_clear(&t->peer);
	t->peer_port = SW_UNKNOWN;
}

/* A name is no address. */
static bool is_address(struct slice s)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t octets[16];

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET, text, octets) == 1 ||
	    inet_pton(AF_INET6, text, octets) == 1;
}

void trace_peer(struct trace *t, struct slice ip, int32_t port)
{
	buffer_clear(&t->peer);
	if (is_address(ip))
		buffer_append_slice(&t->peer, ip);
	t->peer_port = port >= 0 && port <= 65535 ? port : SW_UNKNOWN;
}

void trace_connected(struct trace *t, const struct log_line *line)
{
	begin(t, line);
	if (!t->current)
		return;
	log_session_connect(t->current, line, t->time, SW_CLIENT);
}

void trace_closed(struct trace *t, const struct log_line *line,
    enum sw_role by)
{
	struct log_session *s = t->current;

	if (!s)
		return;
	log_sessions_touch(&t->sessions, s, line->number, t->time);
	t->current = NULL;
	fail(t, log_session_close(&t->sessions, s, line, t->time, by));
}

void trace_note(struct trace *t, const struct log_line *line,
    struct slice text)
{
	if (!t->current)
		return;
	log_sessions_touch(&t->sessions, t->current, line->number, t->time);
	log_say_note(t->current, line, t->time, text);
}

void trace_tls(struct trace *t, const struct log_line *line,
    struct slice version, struct slice cipher)
{
	struct log_session *s = t->current;

	if (!s)
		return;
	log_sessions_touch(&t->sessions, s, line->number, t->time);
	session_encryption(s->b)->starttls = t->begun;
	log_session_tls(s, line, t->time, version, cipher);
}

/* Does this line belong to another connection than the current one? */
static bool begins_session(const struct trace *t, bool server,
    struct slice text)
{
	if (!t->current)
		return true;
	if (!t->begun)
		return false;
	return server && log_parse_reply_line(text).code == 220 &&
	    log_session_outstanding(t->current) == 0 &&
	    !log_reply_open(t->current);
}

static bool is_dot(struct slice text)
{
	return text.len == 1 && text.p[0] == '.';
}

/* A copy may have lost all CRs, but not some. */
static void say_content(struct trace *t, const struct log_said *said)
{
	const struct trace_format *f = t->format;

	if (f->dot_ends && is_dot(said->text) && !said->line->unterminated) {
		log_content_end(t->current, said, SW_UNKNOWN);
		return;
	}
	t->crs |= f->crlf && said->line->crlf;
	log_content_line(t->current, said, f->stuffed,
	    !t->crs || said->line->crlf);
}

static void say_client(struct trace *t, const struct log_said *said)
{
	const struct trace_format *f = t->format;

	if (!log_content_due(t->current)) {
		log_say_client(t->current, said);
		return;
	}
	if (f->placeholder && f->placeholder(said->text)) {
		session_get(t->current->b)->records &=
		    ~(SW_BIT(SW_RECORDS_BODY) |
		    SW_BIT(SW_RECORDS_BODY_SIZE));
		t->replaced = true;
		return;
	}
	if (t->replaced && is_dot(said->text))
		t->replaced = false;
	else if (f->content)
		say_content(t, said);
	else if (!is_dot(said->text)) /* it stands for the content */
		log_say_client(t->current, said);
}

void trace_say(struct trace *t, const struct log_line *line, bool server,
    struct slice text, uint32_t flags)
{
	struct log_said said;

	if (begins_session(t, server, text))
		begin(t, line);
	if (!t->current)
		return;
	said = log_said(line, t->time, text);
	said.flags = flags;
	log_sessions_touch(&t->sessions, t->current, line->number, t->time);
	t->begun = true;
	if (server)
		log_say_server(t->current, &said);
	else
		say_client(t, &said);
}

/* --- lines -------------------------------------------------------------- */

static bool has_mark(const struct trace_mark *m, struct slice text,
    struct slice *rest_r)
{
	struct slice prefix = slice_str(m->prefix);

	if (prefix.len == 0 || (text.len >= prefix.len &&
	    memcmp(text.p, prefix.p, prefix.len) == 0)) {
		*rest_r = slice_from(text, prefix.len);
		return true;
	}
	while (m->bare && prefix.len > 0 && prefix.p[prefix.len - 1] == ' ')
		prefix.len--;
	*rest_r = slice_from(text, text.len);
	return m->bare && slice_eq(text, prefix);
}

static const struct trace_mark *find_mark(const struct trace_format *f,
    struct slice text, struct slice *rest_r)
{
	size_t i;

	for (i = 0; i < f->mark_count; i++)
		if (has_mark(&f->marks[i], text, rest_r))
			return &f->marks[i];
	return NULL;
}

/* "22:37:52.813648 " */
static struct slice take_stamp(struct slice text, int64_t *ns_r,
    int *digits_r)
{
	struct slice s = text;
	int64_t ns;
	int digits;

	if (!log_take_time(&s, &ns, &digits) || !log_take_octet(&s, ' '))
		return text;
	*ns_r = ns;
	*digits_r = digits;
	return s;
}

/* "2026-11-21T10:00:00Z " in front of a mark: content may begin so, too. */
static struct slice take_dated_stamp(const struct trace_format *f,
    struct slice text, int64_t *time_r, int *digits_r)
{
	struct slice s = text, rest;
	int32_t offset;
	int64_t time;
	bool zoned;
	int digits;

	if (!log_take_iso_time(&s, &time, &zoned, &offset, &digits) ||
	    !zoned || !log_take_octet(&s, ' ') || !find_mark(f, s, &rest))
		return text;
	*time_r = time;
	*digits_r = digits;
	return s;
}

/* A line without a mark goes on with what the side before it said. */
static bool take_more(struct trace *t, const struct log_line *line,
    struct slice text)
{
	bool server = t->side == TRACE_SERVER;

	if (!t->format->bare_more || !t->current || !t->begun)
		return false;
	if (server && log_parse_reply_line(text).code == SW_UNKNOWN &&
	    !log_reply_open(t->current))
		return false;
	if (!server && !log_content_due(t->current) && !log_is_smtp(text))
		return false;
	trace_say(t, line, server, text, 0);
	return true;
}

static bool take_text(struct trace *t, const struct log_line *line,
    struct slice text)
{
	struct slice rest;
	const struct trace_mark *m = find_mark(t->format, text, &rest);

	switch (m ? m->kind : TRACE_NONE) {
	case TRACE_CLIENT:
	case TRACE_SERVER:
		t->side = m->kind;
		trace_say(t, line, m->kind == TRACE_SERVER, rest, m->flags);
		return true;
	case TRACE_REMARK:
		return t->format->remark &&
		    t->format->remark(t, line, m, rest);
	case TRACE_NOTE:
		trace_note(t, line, rest);
		return true;
	case TRACE_KNOWN:
		return true;
	case TRACE_NONE:
		break;
	}
	return take_more(t, line, text) || text.len == 0;
}

enum sw_status trace_line(void *state, const struct log_line *line)
{
	struct trace *t = state;
	struct slice text = line->text;
	int64_t ns = -1;

	t->time = SW_NO_TIME;
	t->digits = 0;
	if (t->format->strip)
		text = t->format->strip(text);
	if (text.len == 0 && line->text.len > 0)
		return t->status;
	if (t->format->stamps)
		text = take_stamp(text, &ns, &t->digits);
	if (ns >= 0)
		t->time = log_days_time(&t->days, ns);
	if (t->format->dated)
		text = take_dated_stamp(t->format, text, &t->time,
		    &t->digits);
	if (!take_text(t, line, text))
		log_not_understood(&t->sessions, line);
	if (t->peer.failed)
		return SW_ENOMEM;
	return t->status;
}

enum sw_status trace_open(void *state)
{
	struct trace *t = state;

	t->format = t->sessions.format->table;
	t->peer_port = SW_UNKNOWN;
	t->side = TRACE_NONE;
	t->time = SW_NO_TIME;
	log_days_begin(&t->days, NULL);
	buffer_init(&t->peer, 256);
	return SW_OK;
}

/* What comes is of another session, whose beginning is not told. */
void trace_gone(void *state, const struct log_session *s)
{
	struct trace *t = state;

	if (t->current == s)
		t->current = NULL;
}

enum sw_status trace_end(void *state)
{
	struct trace *t = state;

	end_current(t, SW_ENDING_INPUT_ENDED);
	return t->status;
}

void trace_close(void *state)
{
	struct trace *t = state;

	buffer_fini(&t->peer);
}

/* --- the probe ---------------------------------------------------------- */

enum tells { TELLS_NOTHING, TELLS_REPLY, TELLS_COMMAND };

static enum tells tells_what(const struct trace_mark *m, struct slice rest)
{
	size_t len;

	if (m->kind == TRACE_SERVER &&
	    log_parse_reply_line(rest).code >= 200)
		return TELLS_REPLY;
	if (m->kind == TRACE_CLIENT &&
	    session_verb_is_known(session_verb(rest, &len)))
		return TELLS_COMMAND;
	return TELLS_NOTHING;
}

static bool is_dialogue(const struct log_count *rows)
{
	return rows->of[TELLS_REPLY] > 0 &&
	    rows->of[TELLS_REPLY] + rows->of[TELLS_COMMAND] >= 2;
}

bool trace_probe(const struct trace_format *format, struct slice head)
{
	struct log_tally t = { .share = 3 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head), rest;
		const struct trace_mark *m;
		int64_t ns;
		int digits;

		if (format->strip)
			line = format->strip(line);
		if (format->stamps)
			line = take_stamp(line, &ns, &digits);
		m = find_mark(format, line, &rest);
		if (m)
			log_tally_row(&t, tells_what(m, rest));
		else if (line.len > 0)
			log_tally_other(&t);
	}
	return log_tally_judge(&t, is_dialogue);
}
