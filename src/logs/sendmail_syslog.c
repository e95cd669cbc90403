/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sendmail_syslog.c - sendmail's syslog at a LogLevel that shows the dialogue
 *
 * Theory of operation.  A server's process is one connection:
 *
 *   Nov 21 22:40:29 mx sm-mta[136]: NOQUEUE: connect from c.example [192.0.2.1]
 *   ... sm-mta[136]: 6ALMeTOV000136: --- 220 mx.example.com ESMTP Sendmail
 *   ... sm-mta[136]: 6ALMeTOV000136: <-- EHLO c.example
 *   ... sm-mta[136]: STARTTLS=server, relay=..., version=TLSv1.3, ...
 *
 * `<--` is a command, `---` a line of a reply; clients' sessions are not
 * shown.  What a client answers in AUTH is left out, the content as well
 * (`size=` counts it with other line ends).  What is not printable is escaped
 * (`\303\266`, `\t`).  A reply with " (hold)" behind it is not sent yet; it
 * comes again with " (held)" when it is.  050 is shown to whom asked for VERB
 * alone.  Sessions end with the answer to QUIT, when the input was lost or
 * late, and when the process connects again.
 */
#include "logs/families.h"

#include <arpa/inet.h>
#include "logs/syslog.h"
#include "logs/talk.h"
#include "logs/text.h"

struct sendmail_syslog {
	struct log_sessions sessions;
	struct log_syslog syslog;
	struct buffer text; /* unescaped */
};

struct extra {
	bool lost, late; /* the input */
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)s->extra;
}

struct entry {
	const struct log_line *line;
	struct log_syslog_line l;
	struct slice text; /* behind the queue id */
};

static bool is_sendmail(struct slice tag)
{
	return slice_eq(tag, slice_str("sendmail")) || log_starts(tag, "sm-");
}

/* "6ALMeTOV000136: text" or "NOQUEUE: text"; the whole if there is none. */
static struct slice behind_queue_id(struct slice message)
{
	size_t n = 0;

	while (n < message.len && ascii_is_alnum(message.p[n]))
		n++;
	return n >= 7 && n + 1 < message.len && message.p[n] == ':' &&
	    message.p[n + 1] == ' ' ? slice_from(message, n + 2) : message;
}

static bool is_talk(struct slice text)
{
	return log_starts(text, "<-- ") || log_starts(text, "--- ");
}

/* The value of "name=value, ". */
static struct slice value_of(struct slice text, const char *name)
{
	size_t at = slice_find_nocase(text, slice_str(name)), n = 0;
	struct slice r = slice_from(text, at + strlen(name));

	if (at == text.len)
		return slice_make(NULL, 0);
	while (n < r.len && r.p[n] != ',')
		n++;
	return slice_head(r, n);
}

/* sendmail's str2prt() undone: \\ \t \n \r and three octal digits. */
static struct slice unescape(struct buffer *b, struct slice s)
{
	static const char letters[] = "\\tnr", meant[] = "\\\t\n\r";
	size_t i;

	if (s.len == 0 || !memchr(s.p, '\\', s.len))
		return s;
	buffer_clear(b);
	for (i = 0; i < s.len; i++) {
		struct slice r = slice_from(s, i + 1);
		const char *letter = r.len > 0 ? memchr(letters, r.p[0],
		    strlen(letters)) : NULL;
		uint8_t c = s.p[i];

		if (c == '\\' && letter) {
			c = (uint8_t)meant[letter - letters];
			i++;
		} else if (c == '\\' && r.len >= 3 && (r.p[0] & 0xfc) == '0' &&
		    (r.p[1] & 0xf8) == '0' && (r.p[2] & 0xf8) == '0') {
			c = (uint8_t)((r.p[0] & 7) << 6 | (r.p[1] & 7) << 3 |
			    (r.p[2] & 7));
			i += 3;
		}
		buffer_append(b, &c, 1);
	}
	return buffer_slice(b);
}

static bool ends_with(struct slice s, const char *text)
{
	size_t n = strlen(text);

	return s.len >= n && memcmp(s.p + s.len - n, text, n) == 0;
}

/* --- sessions ----------------------------------------------------------- */

static enum sw_status begin(struct sendmail_syslog *m, const struct entry *e,
    struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&m->sessions, e->l.key,
	    e->line, e->l.time, s_r);
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	log_session_recorder(*s_r, SW_RECORDER_SERVER);
	out = session_get((*s_r)->b);
	out->clock = e->l.clock;
	out->records = LOG_RECORDS_TALK;
	if (e->l.time != SW_NO_TIME)
		out->records |= SW_BIT(SW_RECORDS_TIMES);
	if (out->clock.date == SW_DATE_ASSUMED)
		session_note((*s_r)->b, SW_NOTE_DATE_ASSUMED, 0,
		    e->line->number, e->line->number, "The log's dates have "
		    "no year: it is that of the file.");
	return SW_OK;
}

static enum sw_status finish(struct sendmail_syslog *m,
    struct log_session *s)
{
	log_talk_flush(s);
	return log_sessions_end(&m->sessions, s,
	    session_has_quit(s->b, false) ? SW_ENDING_QUIT :
	    extra_of(s)->lost ? SW_ENDING_CLIENT_CLOSE :
	    extra_of(s)->late ? SW_ENDING_SERVER_CLOSE :
	    SW_ENDING_INPUT_ENDED);
}

/* Of IPv6 all zeros are written; TRANSCRIPT has RFC 5952. */
static void set_client(struct log_session *s, struct slice ip)
{
	struct sw_session *out = session_get(s->b);
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (log_take_text(&ip, "IPv6:") && ip.len < sizeof(text)) {
		memcpy(text, ip.p, ip.len);
		text[ip.len] = '\0';
		if (inet_pton(AF_INET6, text, &address) == 1 &&
		    inet_ntop(AF_INET6, &address, text, sizeof(text)))
			ip = slice_str(text);
	}
	out->client.ip = session_text(s->b, ip);
}

/* "connect from c.example [IPv6:2001:db8:0:0:0:0:0:10]" */
static enum sw_status connected(struct sendmail_syslog *m,
    const struct entry *e, struct log_session *s)
{
	const uint8_t *open = memchr(e->text.p, '[', e->text.len);
	enum sw_status status = SW_OK;
	struct slice ip = { NULL, 0 };

	if (s)
		status = finish(m, s);
	if (status == SW_OK)
		status = begin(m, e, &s);
	if (status != SW_OK)
		return status;
	if (open)
		ip = slice_from(e->text, (size_t)(open - e->text.p) + 1);
	if (ip.len > 0 && ip.p[ip.len - 1] == ']') {
		ip.len--;
		set_client(s, ip);
		session_get(s->b)->records |=
		    SW_BIT(SW_RECORDS_CLIENT_ADDRESS);
	}
	log_session_connect(s, e->line, e->l.time, SW_CLIENT);
	return SW_OK;
}

static enum sw_status take_talk(struct sendmail_syslog *m,
    const struct entry *e, struct log_session *s)
{
	struct log_said said = log_said(e->line, e->l.time,
	    slice_from(e->text, 4));
	enum sw_status status = SW_OK;

	if (ends_with(said.text, " (hold)") || log_starts(said.text, "050 "))
		return SW_OK;
	if (ends_with(said.text, " (held)"))
		said.text.len -= strlen(" (held)");
	said.text = unescape(&m->text, said.text);
	if (!s)
		status = begin(m, e, &s);
	if (status != SW_OK || m->text.failed)
		return status != SW_OK ? status : SW_ENOMEM;
	if (e->text.p[0] == '<')
		log_say_client(s, &said);
	else
		log_say_server(s, &said);
	return log_session_over(s) || ((extra_of(s)->lost ||
	    extra_of(s)->late) && s->last_code == 421) ? finish(m, s) :
	    SW_OK;
}

static bool is_note(struct slice text)
{
	static const char *const starts_with[] = { "ruleset=", "collect: ",
		"AUTH failure ", "STARTTLS=server, error", "possible SMTP ",
		"timeout waiting ", "lost input channel ", "SYSERR" };
	size_t i;

	for (i = 0; i < sizeof(starts_with) / sizeof(starts_with[0]); i++)
		if (log_starts(text, starts_with[i]))
			return true;
	return false;
}

static enum sw_status take_other(struct sendmail_syslog *m,
    const struct entry *e, struct log_session *s)
{
	if (log_starts(e->text, "STARTTLS=server, relay=")) {
		log_session_tls(s, e->line, e->l.time,
		    value_of(e->text, ", version="),
		    value_of(e->text, ", cipher="));
		return SW_OK;
	}
	if (!is_note(e->text))
		return SW_OK;
	log_say_note(s, e->line, e->l.time, e->text);
	if (log_starts(e->text, "lost input channel "))
		extra_of(s)->lost = true;
	else if (log_starts(e->text, "timeout waiting "))
		extra_of(s)->late = true;
	else
		return SW_OK;
	return s->last_code == 421 ? finish(m, s) : SW_OK;
}

/* --- the family --------------------------------------------------------- */

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct sendmail_syslog *m = state;
	struct entry e = { .line = line };
	struct log_session *s;
	enum sw_status status;

	if (line->text.len == 0)
		return SW_OK;
	if (!log_syslog_take(&m->syslog, line->text, &e.l)) {
		log_not_understood(&m->sessions, line);
		return SW_OK;
	}
	if (!is_sendmail(e.l.tag))
		return SW_OK;
	e.text = behind_queue_id(e.l.message);
	status = log_sessions_expire(&m->sessions, e.l.time);
	if (status != SW_OK)
		return status;
	s = log_sessions_find(&m->sessions, e.l.key);
	if (log_starts(e.l.message, "NOQUEUE: connect from "))
		return connected(m, &e, s);
	if (s)
		log_sessions_touch(&m->sessions, s, line->number, e.l.time);
	if (is_talk(e.text))
		return take_talk(m, &e, s);
	return s ? take_other(m, &e, s) : SW_OK;
}

/* One line of a dialogue is enough. */
static bool probe(struct slice head)
{
	static const struct log_options none;
	struct log_syslog syslog;

	log_syslog_begin(&syslog, &none, "");
	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct log_syslog_line l;

		if (log_syslog_take(&syslog, line, &l) &&
		    is_sendmail(l.tag) && is_talk(behind_queue_id(l.message)))
			return true;
	}
	return false;
}

static void close_log(void *state)
{
	struct sendmail_syslog *m = state;

	buffer_fini(&m->text);
}

static enum sw_status open_log(void *state)
{
	struct sendmail_syslog *m = state;

	log_syslog_begin(&m->syslog, m->sessions.options,
	    m->sessions.file_name);
	buffer_init(&m->text, LIMIT_LINE);
	return SW_OK;
}

static enum sw_status end_log(void *state)
{
	struct sendmail_syslog *m = state;
	enum sw_status status = SW_OK;

	while (m->sessions.first_begun && status == SW_OK)
		status = finish(m, m->sessions.first_begun);
	return status;
}

const struct log_format log_sendmail_syslog = {
	.name = "sendmail-syslog",
	.title = "sendmail, syslog at a LogLevel that shows the dialogue",
	.times = "local or with an offset, 1 s or finer",
	.records = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct sendmail_syslog),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.end = end_log,
	.close = close_log,
};
