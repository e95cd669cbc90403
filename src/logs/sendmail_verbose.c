/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sendmail_verbose.c - what sendmail prints with -v while it delivers
 *
 * Theory of operation.  One process, a client, with a connection to one host
 * at a time, or to several that it keeps open:
 *
 *   bob@example.com... Connecting to mx.example.com. via relay...
 *   220 mx.example.com ESMTP
 *   >>> EHLO client.example.org
 *   250-mx.example.com
 *   250 HELP
 *   >>> .
 *   bob@example.com... Sent (a9bdec38 Message accepted for delivery)
 *   alice@example.org... Using cached ESMTP connection to mx.example.com. ...
 *   Closing connection to mx.example.com.
 *   >>> QUIT
 *
 * Commands are marked, replies are bare, the content is its dot.  Sessions
 * are told apart by the host that was named last.  There is no time.
 */
#include "logs/families.h"

#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

struct verbose {
	struct log_sessions sessions;
	struct buffer host; /* the one that was named last */
};

struct extra {
	bool closing;
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)s->extra;
}

static const char connecting[] = "... Connecting to ";
static const char cached[] = " connection to ";
static const char closing[] = "Closing connection to ";

/* The host behind mark, up to a blank; p NULL: mark is not there. */
static struct slice host_behind(struct slice text, const char *mark)
{
	size_t at = slice_find_nocase(text, slice_str(mark));
	struct slice r = slice_from(text, at + strlen(mark));

	return at < text.len ? log_take_word(&r) : slice_make(NULL, 0);
}

static bool is_command(struct slice text)
{
	return text.len >= 4 && memcmp(text.p, ">>> ", 4) == 0;
}

/* "220-", "220 " or "220" alone. */
static bool is_reply(struct slice text)
{
	return log_parse_reply_line(text).code != SW_UNKNOWN &&
	    (text.len == 3 || text.p[3] == ' ' || text.p[3] == '-');
}

static struct log_session *current(struct verbose *v,
    const struct log_line *line)
{
	struct log_session *s = log_sessions_find(&v->sessions,
	    buffer_slice(&v->host));

	if (s)
		log_sessions_touch(&v->sessions, s, line->number,
		    SW_NO_TIME);
	return s;
}

static void name_host(struct verbose *v, struct slice host)
{
	buffer_clear(&v->host);
	buffer_append_slice(&v->host, host);
}

static enum sw_status finish(struct verbose *v, struct log_session *s)
{
	log_talk_flush(s);
	return log_sessions_end(&v->sessions, s,
	    session_has_quit(s->b, false) ? SW_ENDING_QUIT :
	    extra_of(s)->closing ? SW_ENDING_CLIENT_CLOSE :
	    SW_ENDING_INPUT_ENDED);
}

static enum sw_status begin(struct verbose *v, const struct log_line *line,
    struct log_session **s_r)
{
	struct slice host = buffer_slice(&v->host);
	enum sw_status status = log_sessions_begin(&v->sessions, host, line,
	    SW_NO_TIME, s_r);
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	out = session_get((*s_r)->b);
	out->clock.zone = SW_ZONE_NONE;
	out->clock.date = SW_DATE_NONE;
	out->records = LOG_RECORDS_TALK;
	log_session_recorder(*s_r, SW_RECORDER_CLIENT);
	/* "[192.0.2.26]", "[IPv6:2001:db8::25]" */
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']') {
		struct slice ip = slice_make(host.p + 1, host.len - 2);

		log_take_text(&ip, "IPv6:");
		out->server.ip = session_text((*s_r)->b, ip);
		out->records |= SW_BIT(SW_RECORDS_SERVER_ADDRESS);
	}
	return SW_OK;
}

static enum sw_status take_connecting(struct verbose *v,
    const struct log_line *line, struct slice host)
{
	struct log_session *s;
	enum sw_status status = SW_OK;

	name_host(v, host);
	s = current(v, line);
	if (s)
		status = finish(v, s);
	if (status == SW_OK)
		status = begin(v, line, &s);
	if (status == SW_OK)
		log_session_connect(s, line, SW_NO_TIME, SW_CLIENT);
	return status;
}

static void say(struct log_session *s, const struct log_line *line)
{
	struct log_said said = log_said(line, SW_NO_TIME, line->text);

	if (!is_command(line->text)) {
		log_say_server(s, &said);
		return;
	}
	said.text = slice_from(said.text, 4);
	if (log_content_due(s) && said.text.len == 1 && said.text.p[0] == '.')
		log_content_passed(s, &said, SW_UNKNOWN, SW_UNKNOWN);
	else
		log_say_client(s, &said);
}

static enum sw_status take_said(struct verbose *v,
    const struct log_line *line)
{
	struct log_session *s = current(v, line);
	enum sw_status status = SW_OK;

	if (!s)
		status = begin(v, line, &s);
	if (status != SW_OK)
		return status;
	say(s, line);
	return log_session_over(s) ? finish(v, s) : SW_OK;
}

/* "bob@example.com... Sent (...)": what became of a recipient. */
static enum sw_status take_status(struct verbose *v,
    const struct log_line *line)
{
	struct log_session *s = current(v, line);

	if (slice_find_nocase(line->text, slice_str("... ")) ==
	    line->text.len)
		log_not_understood(&v->sessions, line);
	else if (s)
		log_say_note(s, line, SW_NO_TIME, line->text);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct verbose *v = state;
	enum sw_status status;
	struct log_session *s;
	struct slice host;

	if (line->text.len == 0)
		return SW_OK;
	if (is_command(line->text) || is_reply(line->text)) {
		status = take_said(v, line);
	} else if ((host = host_behind(line->text, connecting)).p) {
		status = take_connecting(v, line, host);
	} else if (slice_find_nocase(line->text, slice_str(closing)) == 0) {
		name_host(v, host_behind(line->text, closing));
		s = current(v, line);
		if (s)
			extra_of(s)->closing = true;
		status = SW_OK;
	} else if (slice_find_nocase(line->text, slice_str(
	    "... Using cached ")) < line->text.len &&
	    (host = host_behind(line->text, cached)).p) {
		name_host(v, host);
		status = SW_OK;
	} else {
		status = take_status(v, line);
	}
	return v->host.failed ? SW_ENOMEM : status;
}

/* --- the family --------------------------------------------------------- */

/* A connection, and a command or reply of it. */
static bool probe(struct slice head)
{
	bool connected = false;

	while (head.len > 0) {
		struct slice line = log_head_line(&head);

		if (connected && (is_command(line) || is_reply(line)))
			return true;
		connected = connected || (host_behind(line, connecting).p &&
		    slice_find_nocase(line, slice_str(" via ")) < line.len);
	}
	return false;
}

static void close_log(void *state)
{
	struct verbose *v = state;

	buffer_fini(&v->host);
}

static enum sw_status open_log(void *state)
{
	struct verbose *v = state;

	buffer_init(&v->host, LIMIT_LINE);
	return SW_OK;
}

static enum sw_status end_log(void *state)
{
	struct verbose *v = state;
	enum sw_status status = SW_OK;

	while (v->sessions.first_begun && status == SW_OK)
		status = finish(v, v->sessions.first_begun);
	return status;
}

const struct log_format log_sendmail_verbose = {
	.name = "sendmail-verbose",
	.title = "sendmail, deliveries shown with -v",
	.records = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_SERVER_ADDRESS),
	.state_size = sizeof(struct verbose),
	.session_size = sizeof(struct extra),
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.end = end_log,
	.close = close_log,
};
