/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * communigate.c - logs of CommuniGate Pro, its SMTP module at level 4 or 5
 *
 * Theory of operation.  Each line is: time of day, level, the module with the
 * session's number and in parentheses who is at the other end, text:
 *
 *   00:08:20.11 5 SMTPI-29001([192.0.2.10]) inp: EHLO client.example.org
 *   00:08:20.11 5 SMTPI-29001([192.0.2.10]) out: 250 mx.example.com\r\n
 *   00:08:20.11 4 SMTP-004929(example.net) cmd: MAIL FROM:<a@example.com>
 *   00:08:20.11 4 SMTP-004929(example.net) rsp: 250 ok
 *
 * SMTPI is the server and SMTP the client.  "inp" was received and "out"
 * sent, with backslash, r, backslash, n for each CR LF sent (LENIENT: without
 * r, backslash and e, or nothing at the end); "cmd" is the client's and "rsp"
 * the server's.  "received, N bytes" tells of the content, N as the log has
 * it.  What deliveries say of "[a]:p -> [b]:p" are their addresses, and those
 * of a connection that came in are told in its first line:
 *
 *   ... SMTPI-29001([192.0.2.10]) got connection on [192.0.2.25:25](mx) from \
 *	[192.0.2.10:2818]
 *   ... SMTPI-29001([192.0.2.10]) [192.0.2.25]:25 <- [192.0.2.10]:2818 \
 *	incoming connection(mx)
 *
 * A session is that of a module and its number, since that line or its
 * greeting.  The day
 * stands in the file's name alone (YYYY-MM-DD...).  Lines of other modules
 * are passed over.
 */
#include <stdlib.h>

#include "logs/families.h"
#include "logs/probe.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

/* One line, taken apart. */
struct row {
	int64_t time;       /* ns since midnight, then as the clock has it */
	int digits;         /* of its fraction */
	struct slice name;  /* "SMTPI-29001"; empty: of another module */
	struct slice peer;  /* between the parentheses */
	bool server;        /* SMTPI */
	struct slice text;
};

struct communigate {
	struct log_sessions sessions;
	struct log_days days;
	struct slice *lines; /* of one reply */
};

/* --- lines -------------------------------------------------------------- */

/* "SMTPI-29001([192.0.2.10]) " */
static bool take_module(struct slice *rest, struct row *row)
{
	struct slice s = *rest;
	size_t n;

	row->server = log_take_text(&s, "SMTPI-");
	if (!row->server && !log_take_text(&s, "SMTP-"))
		return false;
	for (n = 0; n < s.len && ascii_is_digit(s.p[n]); n++)
		;
	if (n == 0 || n > 20 || n == s.len || s.p[n] != '(')
		return false;
	row->name = slice_head(*rest, (size_t)(s.p - rest->p) + n);
	s = slice_from(s, n + 1);
	for (n = 0; n < s.len && s.p[n] != ')'; n++)
		;
	if (n == s.len)
		return false;
	row->peer = slice_head(s, n);
	s = slice_from(s, n + 1);
	log_take_octet(&s, ' ');
	row->text = s;
	return true;
}

static bool parse_row(struct slice line, struct row *row)
{
	struct slice s = line;
	int level;

	memset(row, 0, sizeof(*row));
	if (!log_take_time(&s, &row->time, &row->digits) ||
	    !log_take_octet(&s, ' ') || !log_take_number(&s, 1, 1, &level) ||
	    !log_take_octet(&s, ' ') || row->digits == 0)
		return false;
	take_module(&s, row);
	return true;
}

/* How long is the end of a line that s begins with, as it is written? */
static size_t line_end(struct slice s)
{
	if (log_starts(s, "\\r\\n"))
		return 4;
	return log_starts(s, "\\n") || log_starts(s, "\\e") ? 2 : 0;
}

static struct slice without_end(struct slice s)
{
	size_t n;

	for (n = 4; n >= 2; n -= 2)
		if (s.len >= n && line_end(slice_from(s, s.len - n)) == n)
			return slice_head(s, s.len - n);
	return s;
}

/* Who said what; false: it is another text. */
static bool take_said(struct slice *text, bool server, enum sw_role *role_r)
{
	struct slice s = *text;

	if (log_take_text(&s, "inp:"))
		*role_r = server ? SW_CLIENT : SW_SERVER;
	else if (log_take_text(&s, "out:"))
		*role_r = server ? SW_SERVER : SW_CLIENT;
	else if (log_take_text(&s, "cmd:"))
		*role_r = SW_CLIENT;
	else if (log_take_text(&s, "rsp:"))
		*role_r = SW_SERVER;
	else
		return false;
	log_take_octet(&s, ' ');
	*text = without_end(s);
	return true;
}

/* The lines of a reply that was sent at once. */
static size_t split(struct communigate *c, struct slice text)
{
	size_t count = 0, from = 0, i;

	for (i = 0; i < text.len && count + 1 < LIMIT_REPLY_LINES; i++) {
		size_t n = text.p[i] == '\\' ?
		    line_end(slice_from(text, i)) : 0;

		if (n == 0 || log_parse_reply_line(slice_from(text,
		    i + n)).code == SW_UNKNOWN)
			continue;
		c->lines[count++] = slice_from(slice_head(text, i), from);
		from = i + n;
		i = from - 1;
	}
	c->lines[count++] = slice_from(text, from);
	return count;
}

/* "[192.0.2.25]:44905" */
static bool take_endpoint(struct slice *rest, struct slice *ip_r,
    int32_t *port_r)
{
	struct slice s = *rest;
	size_t n = 0;
	int port = SW_UNKNOWN;

	if (!log_take_octet(&s, '['))
		return false;
	while (n < s.len && s.p[n] != ']')
		n++;
	if (n == 0 || n == s.len)
		return false;
	*ip_r = slice_head(s, n);
	s = slice_from(s, n + 1);
	if (log_take_octet(&s, ':') && !log_take_number(&s, 1, 5, &port))
		return false;
	*port_r = port > 65535 ? SW_UNKNOWN : port;
	*rest = s;
	return true;
}

/* --- sessions ----------------------------------------------------------- */

static void describe(struct communigate *c, struct log_session *s,
    const struct log_line *line, const struct row *row)
{
	struct sw_session *out = session_get(s->b);
	struct slice rest = row->peer, ip;
	int32_t port;

	out->clock = log_local_clock(c->sessions.options,
	    log_resolution(row->digits),
	    c->days.known ? SW_DATE_ASSUMED : SW_DATE_NONE);
	out->records = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_TIMES);
	log_session_recorder(s, row->server ? SW_RECORDER_SERVER :
	    SW_RECORDER_CLIENT);
	if (row->server && take_endpoint(&rest, &ip, &port)) {
		out->client.ip = session_text(s->b, ip);
		out->records |= SW_BIT(SW_RECORDS_CLIENT_ADDRESS);
	}
	if (c->days.known)
		log_session_date_assumed(s, line);
}

static enum sw_status begin(struct communigate *c,
    const struct log_line *line, const struct row *row,
    struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&c->sessions, row->name,
	    line, row->time, s_r);

	if (status == SW_OK)
		describe(c, *s_r, line, row);
	return status;
}

static bool is_greeting(struct slice said, enum sw_role role)
{
	return role == SW_SERVER &&
	    log_is_greeting(log_parse_reply_line(said).code);
}

/* Is it the greeting of the next session with this number? */
static bool is_next(struct log_session *s, struct slice said,
    enum sw_role role)
{
	if (log_session_over(s))
		return true;
	return role == SW_SERVER && s->last_code != SW_UNKNOWN &&
	    log_session_outstanding(s) == 0 &&
	    log_parse_reply_line(said).code == 220;
}

static enum sw_status say(struct communigate *c, struct log_session *s,
    const struct log_line *line, const struct row *row, struct slice text,
    enum sw_role role)
{
	struct log_said said = log_said(line, row->time, text);

	if (role == SW_CLIENT)
		log_say_client(s, &said);
	else
		log_say_reply(s, &said, c->lines, split(c, text));
	return log_sessions_linger(&c->sessions, s);
}

static enum sw_status take_said_row(struct communigate *c,
    struct log_session *s, const struct log_line *line,
    const struct row *row, struct slice text, enum sw_role role)
{
	enum sw_status status = SW_OK;

	if (s && is_next(s, text, role)) {
		status = log_sessions_end_before(&c->sessions, s);
		s = NULL;
	}
	if (!s && status == SW_OK) {
		status = begin(c, line, row, &s);
		if (status == SW_OK)
			log_session_first(s, line, is_greeting(text, role));
	}
	if (status != SW_OK)
		return status;
	log_sessions_touch(&c->sessions, s, line->number, row->time);
	return say(c, s, line, row, text, role);
}

/* "received, 2804 bytes" */
static bool take_received(struct log_session *s, const struct log_line *line,
    const struct row *row)
{
	struct log_said said = log_said(line, row->time, row->text);
	struct slice rest = row->text;
	size_t at = slice_find_nocase(rest, slice_str("received, "));
	uint64_t octets;

	if (at >= rest.len || !log_content_due(s))
		return false;
	rest = slice_from(rest, at + 10);
	if (!slice_to_u64(log_take_word(&rest), &octets) ||
	    octets > INT64_MAX || !log_take_text(&rest, "bytes"))
		return false;
	log_content_passed(s, &said, SW_UNKNOWN, (int64_t)octets);
	return true;
}

/* Both ends of a connection. */
struct ends {
	struct slice client, server;
	int32_t client_port, server_port;
};

static void set_ends(struct log_session *s, const struct ends *e)
{
	struct sw_session *out = session_get(s->b);

	out->client.ip = session_text(s->b, e->client);
	out->client.port = e->client_port;
	out->server.ip = session_text(s->b, e->server);
	out->server.port = e->server_port;
	out->records |= SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS);
	if (e->client_port != SW_UNKNOWN)
		out->records |= SW_BIT(SW_RECORDS_CLIENT_PORT);
	if (e->server_port != SW_UNKNOWN)
		out->records |= SW_BIT(SW_RECORDS_SERVER_PORT);
}

/* "[1] sent [192.0.2.25]:44905 -> [198.51.100.7]:25, got:250 ok" */
static void learn_endpoints(struct log_session *s, struct slice text)
{
	size_t at = slice_find_nocase(text, slice_str("sent ["));
	struct ends e;

	if (at >= text.len ||
	    session_get(s->b)->recorder != SW_RECORDER_CLIENT)
		return;
	text = slice_from(text, at + 5);
	if (take_endpoint(&text, &e.client, &e.client_port) &&
	    log_take_text(&text, " -> ") &&
	    take_endpoint(&text, &e.server, &e.server_port))
		set_ends(s, &e);
}

/* "[192.0.2.25:44905]": a port always stands there, so that the last colon is
 * the one in front of it. */
static bool take_joined_endpoint(struct slice *rest, struct slice *ip_r,
    int32_t *port_r)
{
	if (!take_endpoint(rest, ip_r, port_r))
		return false;
	if (*port_r == SW_UNKNOWN)
		log_split_endpoint(*ip_r, ip_r, port_r);
	return true;
}

/* A connection that came in, in either form. */
static bool parse_incoming(struct slice text, struct ends *e)
{
	size_t from;

	if (!log_take_text(&text, "got connection on "))
		return take_endpoint(&text, &e->server, &e->server_port) &&
		    log_take_text(&text, " <- ") &&
		    take_endpoint(&text, &e->client, &e->client_port) &&
		    log_take_text(&text, " incoming connection");
	if (!take_joined_endpoint(&text, &e->server, &e->server_port))
		return false;
	from = slice_find_nocase(text, slice_str(" from ["));
	text = slice_from(text, from + 6);
	return take_joined_endpoint(&text, &e->client, &e->client_port);
}

static enum sw_status take_incoming(struct communigate *c,
    struct log_session *before, const struct log_line *line,
    const struct row *row, const struct ends *e)
{
	struct log_session *s;
	enum sw_status status = before ?
	    log_sessions_end_before(&c->sessions, before) : SW_OK;

	if (status == SW_OK)
		status = begin(c, line, row, &s);
	if (status != SW_OK)
		return status;
	set_ends(s, e);
	log_session_connect(s, line, row->time, SW_CLIENT);
	return SW_OK;
}

static bool is_end(struct slice text)
{
	return log_take_text(&text, "releasing stream") ||
	    log_take_text(&text, "closing connection");
}

static enum sw_status take_row(struct communigate *c,
    const struct log_line *line, const struct row *row)
{
	struct log_session *s = log_sessions_find(&c->sessions, row->name);
	struct slice text = row->text;
	enum sw_role role;
	struct ends ends;

	if (take_said(&text, row->server, &role))
		return take_said_row(c, s, line, row, text, role);
	if (row->server && parse_incoming(row->text, &ends))
		return take_incoming(c, s, line, row, &ends);
	if (!s)
		return SW_OK;
	log_sessions_touch(&c->sessions, s, line->number, row->time);
	if (take_received(s, line, row))
		return SW_OK;
	learn_endpoints(s, row->text);
	if (!is_end(row->text)) {
		log_say_note(s, line, row->time, row->text);
		return SW_OK;
	}
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_CLOSE);
	return log_session_close(&c->sessions, s, line, row->time,
	    SW_NOBODY);
}

/* --- the family --------------------------------------------------------- */

static void take_name(struct communigate *c)
{
	struct slice s = log_base_name(c->sessions.file_name);
	struct civil day;

	if (log_take_iso_date(&s, &day) && s.len > 0 &&
	    !ascii_is_digit(s.p[0]))
		log_days_begin(&c->days, &day);
}

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		enum sw_role role;
		struct row row;

		if (parse_row(line, &row)) {
			log_tally_row(&t, row.name.len > 0 &&
			    take_said(&row.text, row.server, &role));
		} else if (line.len > 0) {
			log_tally_other(&t);
		}
	}
	return log_tally_judge(&t, NULL);
}

static void close_log(void *state)
{
	struct communigate *c = state;

	free(c->lines);
}

static enum sw_status open_log(void *state)
{
	struct communigate *c = state;

	log_days_begin(&c->days, NULL);
	c->lines = calloc(LIMIT_REPLY_LINES, sizeof(*c->lines));
	return c->lines ? SW_OK : SW_ENOMEM;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct communigate *c = state;
	enum sw_status status;
	struct row row;

	if (line->text.len == 0)
		return SW_OK;
	if (!parse_row(line->text, &row)) {
		log_not_understood(&c->sessions, line);
		return SW_OK;
	}
	row.time = log_days_time(&c->days, row.time);
	if (c->days.known)
		row.time = log_local_time(c->sessions.options, row.time);
	status = log_sessions_expire(&c->sessions, row.time);
	if (status != SW_OK || row.name.len == 0)
		return status;
	return take_row(c, line, &row);
}

static void begin_file(void *state)
{
	struct communigate *c = state;

	take_name(c);
}

const struct log_format log_communigate = {
	.name = "communigate",
	.title = "CommuniGate Pro log, SMTP module at level 4 or 5",
	.times = "local times of day, 10 ms",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) | LOG_RECORDS_TALK |
	    SW_BIT(SW_RECORDS_CLOSE) | SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct communigate),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.file = begin_file,
	.line = take_line,
	.close = close_log,
};
