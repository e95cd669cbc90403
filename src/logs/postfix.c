/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postfix.c - Postfix's syslog: what smtpd, the smtp and lmtp clients and
 * postscreen write with -v or for hosts of debug_peer_list
 *
 * Theory of operation.  Lines of many processes are mixed in one file; each
 * has the process in its tag:
 *
 *   Jan 21 19:49:43 mx postfix/smtpd[307]: connect from c.example[192.0.2.1]
 *   ... postfix/smtpd[307]: > c.example[192.0.2.1]: 220 mx.example ESMTP
 *   ... postfix/smtpd[307]: < c.example[192.0.2.1]: EHLO c.example
 *   ... postfix/smtp[161]: < mx.example[192.0.2.25]:25: 250 2.0.0 Ok
 *   ... postfix/postscreen[316]: > [192.0.2.10]:35372: 250-a??250 b
 *
 * `>` was sent by the process, `<` received: smtpd and postscreen are
 * servers, smtp and lmtp clients.  A session of smtpd is what lies between
 * `connect from` and `disconnect from` of a process.  postscreen has many at
 * a time, told apart by the client's port; a client's are told apart by
 * process and host, begin with the greeting, and end with the answer to QUIT.
 * Postfix keeps a client's connection open for a while and may hand it to
 * another process, which begins with RSET and without a greeting.
 *
 * One line is one line of a reply, save for postscreen: there CR LF stands as
 * `??` inside.  Replies in a client's log are cut after 100 octets.  The
 * content is never there; a client's line with a lone dot tells that it was
 * sent.  What goes through TLS is logged in clear.
 *
 * Without -v the same file has `connect`, `disconnect` and what went wrong:
 * that becomes a session of notes.  Of the other programs' lines (cleanup,
 * qmgr, ...) and of the rest that -v brings nothing is told.
 */
#include "logs/families.h"
#include "logs/postfix_rows.h"
#include "logs/probe.h"
#include "logs/syslog.h"
#include "logs/talk.h"
#include "logs/text.h"

/* A reply in a client's log is cut there ("%.100s"). */
enum { REPLY_CUT = 100 };

struct postfix {
	struct log_sessions sessions;
	struct log_syslog syslog;
	struct buffer key;
};

/* What each session has besides. */
struct extra {
	bool talked;         /* a line of the dialogue is there */
	bool client_left;    /* without a word, as a line says */
	bool quit;           /* sent by a client, which need not wait */
	struct sw_bytes pid; /* of a client */
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)s->extra;
}

/* One line on its way. */
struct entry {
	const struct log_line *line;
	struct log_syslog_line l;
	enum postfix_process program;
};

/* --- sessions ----------------------------------------------------------- */

/* A process, and the peer where a process has several. */
static struct slice key_of(struct postfix *p, const struct entry *e,
    const struct postfix_peer *peer)
{
	struct slice process = e->l.key;

	if (e->program == POSTFIX_SMTPD)
		return process;
	if (e->program == POSTFIX_CLIENT) /* without the pid */
		process = slice_head(process, process.len - e->l.pid.len);
	buffer_clear(&p->key);
	buffer_append_slice(&p->key, process);
	buffer_append_char(&p->key, ' ');
	buffer_append_slice(&p->key, peer->text);
	return buffer_slice(&p->key);
}

static void describe(struct log_session *s, const struct entry *e,
    const struct postfix_peer *peer)
{
	struct sw_session *out = session_get(s->b);
	bool client = e->program == POSTFIX_CLIENT;
	struct sw_endpoint *end = client ? &out->server : &out->client;

	if (client)
		extra_of(s)->pid = session_text(s->b, e->l.pid);
	log_session_recorder(s, client ? SW_RECORDER_CLIENT :
	    SW_RECORDER_SERVER);
	out->clock = e->l.clock;
	if (!slice_eq(peer->ip, slice_str("unknown")))
		end->ip = session_text(s->b, peer->ip);
	end->port = peer->port;
	out->records = client ? SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) :
	    SW_BIT(SW_RECORDS_CLIENT_ADDRESS) | SW_BIT(SW_RECORDS_CLOSE);
	if (e->program == POSTFIX_POSTSCREEN)
		out->records |= SW_BIT(SW_RECORDS_CLIENT_PORT);
	if (e->l.time != SW_NO_TIME)
		out->records |= SW_BIT(SW_RECORDS_TIMES);
	if (out->clock.date == SW_DATE_ASSUMED)
		session_note(s->b, SW_NOTE_DATE_ASSUMED, 0, e->line->number,
		    e->line->number, "The log's dates have no year: it is "
		    "that of the file.");
}

static enum sw_status begin(struct postfix *p, const struct entry *e,
    const struct postfix_peer *peer, struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&p->sessions,
	    key_of(p, e, peer), e->line, e->l.time, s_r);

	if (status == SW_OK)
		describe(*s_r, e, peer);
	return status;
}

/* Of the sessions with the same host, that of this process. */
static struct log_session *of_process(struct log_session *s, struct slice pid)
{
	for (; s; s = s->same_next)
		if (slice_eq(slice_make(extra_of(s)->pid.data,
		    extra_of(s)->pid.len), pid))
			return s;
	return NULL;
}

/* A connection that another process kept open: the one that waits longest. */
static struct log_session *adopt(struct log_session *s, struct slice pid)
{
	for (; s; s = s->same_next)
		if (s->phase != LOG_PHASE_START &&
		    s->phase != LOG_PHASE_QUIT &&
		    log_session_outstanding(s) == 0) {
			extra_of(s)->pid = session_text(s->b, pid);
			return s;
		}
	return NULL;
}

static struct log_session *find_session(struct postfix *p,
    const struct entry *e, const struct postfix_peer *peer, bool goes_on)
{
	struct log_session *s = log_sessions_find(&p->sessions,
	    key_of(p, e, peer));

	if (e->program == POSTFIX_CLIENT) {
		struct log_session *first = s;

		s = of_process(first, e->l.pid);
		if (!s && goes_on)
			s = adopt(first, e->l.pid);
	}
	if (s)
		log_sessions_touch(&p->sessions, s, e->line->number,
		    e->l.time);
	return s;
}

/* smtpd: the process is taken by another client. */
static enum sw_status connected(struct postfix *p, const struct entry *e,
    const struct postfix_peer *peer, const struct postfix_peer *server)
{
	struct log_session *s = log_sessions_find(&p->sessions,
	    key_of(p, e, peer));
	enum sw_status status = SW_OK;
	struct sw_session *out;

	if (s)
		status = log_sessions_end(&p->sessions, s,
		    SW_ENDING_INPUT_ENDED);
	if (status == SW_OK)
		status = begin(p, e, peer, &s);
	if (status != SW_OK)
		return status;
	if (server) {
		out = session_get(s->b);
		out->server.ip = session_text(s->b, server->ip);
		out->server.port = server->port;
		out->records |= SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
		    SW_BIT(SW_RECORDS_SERVER_PORT);
	}
	log_session_connect(s, e->line, e->l.time, SW_CLIENT);
	return SW_OK;
}

static void note(struct log_session *s, const struct entry *e)
{
	if (log_starts(e->l.message, "lost connection ") ||
	    log_starts(e->l.message, "HANGUP "))
		extra_of(s)->client_left = true;
	log_say_note(s, e->line, e->l.time,
	    postfix_without_quote(e->l.message));
}

static enum sw_status disconnected(struct postfix *p, const struct entry *e,
    const struct postfix_peer *peer)
{
	struct log_session *s = find_session(p, e, peer, false);

	if (!s)
		return SW_OK;
	/* All that a plain log tells of the dialogue: how many of each. */
	if (!extra_of(s)->talked)
		note(s, e);
	return log_session_close(&p->sessions, s, e->line, e->l.time,
	    extra_of(s)->client_left ? SW_CLIENT : SW_SERVER);
}

/* --- the dialogue ------------------------------------------------------- */

/* "250-a??250-b??250 c": the lines that postscreen joined. */
static void say_joined(struct log_session *s, const struct log_said *said)
{
	struct slice lines[64], rest = said->text;
	size_t count = 0, n;

	while (rest.len > 0 && count < sizeof(lines) / sizeof(lines[0])) {
		for (n = 0; n < rest.len; n++)
			if (log_starts(slice_from(rest, n), "??") &&
			    log_parse_reply_line(slice_from(rest,
			    n + 2)).code != SW_UNKNOWN)
				break;
		if (count + 1 == sizeof(lines) / sizeof(lines[0]))
			n = rest.len;
		lines[count++] = slice_head(rest, n);
		rest = slice_from(rest, n + 2);
	}
	log_say_reply(s, said, lines, count);
}

static void say(struct log_session *s, const struct entry *e,
    const struct postfix_talk *t)
{
	struct log_said said = log_said(e->line, e->l.time, t->text);
	bool client = t->sent == (e->program == POSTFIX_CLIENT);

	if (client && log_content_due(s) && t->text.len == 1 &&
	    t->text.p[0] == '.') {
		log_content_passed(s, &said, SW_UNKNOWN, SW_UNKNOWN);
	} else if (client) {
		extra_of(s)->quit = e->program == POSTFIX_CLIENT &&
		    slice_eq(t->text, slice_str("QUIT"));
		log_say_client(s, &said);
	} else if (e->program == POSTFIX_POSTSCREEN) {
		say_joined(s, &said);
	} else {
		if (e->program == POSTFIX_CLIENT && t->text.len >= REPLY_CUT)
			said.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		log_say_server(s, &said);
	}
}

/* A greeting where none is due: the process has a new connection to the same
 * host (the one before was kept open and then closed without a line, or its
 * QUIT was not waited for). */
static bool is_new(struct log_session *s, const struct entry *e,
    const struct postfix_talk *t)
{
	return e->program == POSTFIX_CLIENT && s->last_code != SW_UNKNOWN &&
	    log_starts(t->text, "220") && (extra_of(s)->quit ||
	    log_session_outstanding(s) == 0);
}

static enum sw_status take_talk(struct postfix *p, const struct entry *e,
    const struct postfix_talk *t)
{
	bool greeting = log_starts(t->text, "220");
	struct log_session *s = find_session(p, e, &t->peer,
	    t->sent && slice_eq(t->text, slice_str("RSET")));
	enum sw_status status = SW_OK;

	if (s && is_new(s, e, t)) {
		status = log_sessions_end(&p->sessions, s,
		    SW_ENDING_INPUT_ENDED);
		s = NULL;
	}
	if (!s && status == SW_OK) {
		status = begin(p, e, &t->peer, &s);
		if (status == SW_OK)
			s->start_seen = greeting &&
			    e->program == POSTFIX_CLIENT;
	}
	if (status != SW_OK)
		return status;
	extra_of(s)->talked = true;
	session_get(s->b)->records |= LOG_RECORDS_TALK;
	say(s, e, t);
	return e->program == POSTFIX_CLIENT ?
	    log_sessions_linger(&p->sessions, s) : SW_OK;
}

/* --- lines beside the dialogue ------------------------------------------ */

static enum sw_status take_tls(struct postfix *p, const struct entry *e,
    const struct postfix_peer *peer, struct slice version,
    struct slice cipher)
{
	struct log_session *s = find_session(p, e, peer, false);
	enum sw_status status = SW_OK;

	if (!s) /* a client's TLS from the start (RFC 8314) */
		status = begin(p, e, peer, &s);
	if (status == SW_OK) {
		s->start_seen = true;
		log_session_tls(s, e->line, e->l.time, version, cipher);
	}
	return status;
}

static enum sw_status take_smtpd(struct postfix *p, const struct entry *e)
{
	struct slice r = e->l.message;
	struct log_session *s;
	struct postfix_peer peer = { .port = SW_UNKNOWN };

	if (log_take_text(&r, "connect from "))
		return postfix_take_peer(&r, &peer) ?
		    connected(p, e, &peer, NULL) : SW_OK;
	if (log_take_text(&r, "disconnect from "))
		return disconnected(p, e, &peer);
	if (!postfix_is_smtpd_note(e->l.message))
		return SW_OK;
	s = find_session(p, e, &peer, false);
	if (s)
		note(s, e);
	return SW_OK;
}

/* What became of a recipient; what broke is told in the same line. */
static enum sw_status take_client(struct postfix *p, const struct entry *e)
{
	enum sw_role by;
	struct postfix_peer peer;
	struct log_session *s;

	if (!postfix_relay(e->l.message, &peer))
		return SW_OK;
	s = find_session(p, e, &peer, false);
	if (!s)
		return SW_OK;
	note(s, e);
	if (!postfix_gave_up(e->l.message, &by))
		return SW_OK;
	return log_session_close(&p->sessions, s, e->line, e->l.time, by);
}

/*
 * A client that passed before it was spoken to is handed to smtpd, whose
 * session it is.
 */
static bool is_handed_on(struct log_session *s, struct slice message)
{
	return !extra_of(s)->talked && (log_starts(message, "PASS ") ||
	    log_starts(message, "WHITELISTED ") ||
	    log_starts(message, "ALLOWLISTED ")) &&
	    !log_starts(message, "PASS pregreet");
}

static enum sw_status take_postscreen(struct postfix *p,
    const struct entry *e)
{
	struct slice r = e->l.message;
	struct log_session *s;
	struct postfix_peer peer, server;

	if (log_take_text(&r, "CONNECT from ")) {
		if (!postfix_take_peer(&r, &peer))
			return SW_OK;
		return connected(p, e, &peer, log_take_text(&r, " to ") &&
		    postfix_take_peer(&r, &server) ? &server : NULL);
	}
	if (log_take_text(&r, "DISCONNECT "))
		return postfix_take_peer(&r, &peer) ?
		    disconnected(p, e, &peer) : SW_OK;
	if (!postfix_is_postscreen_note(e->l.message) ||
	    !postfix_find_peer(e->l.message, &peer))
		return SW_OK;
	s = find_session(p, e, &peer, false);
	if (!s)
		return SW_OK;
	if (is_handed_on(s, e->l.message)) {
		log_sessions_drop(&p->sessions, s);
		return SW_OK;
	}
	note(s, e);
	return SW_OK;
}

/* --- the family --------------------------------------------------------- */

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct postfix *p = state;
	struct entry e = { .line = line };
	struct slice version, cipher;
	enum sw_status status;
	struct postfix_talk t;
	struct postfix_peer peer;

	if (line->text.len == 0)
		return SW_OK;
	if (!log_syslog_take(&p->syslog, line->text, &e.l)) {
		log_not_understood(&p->sessions, line);
		return SW_OK;
	}
	e.program = postfix_program(e.l.tag);
	if (e.program == POSTFIX_NONE)
		return SW_OK;
	status = log_sessions_expire(&p->sessions, e.l.time);
	if (status != SW_OK)
		return status;
	if (postfix_parse_talk(e.l.message, &t))
		status = take_talk(p, &e, &t);
	else if (postfix_parse_tls(e.l.message, &peer, &version, &cipher))
		status = take_tls(p, &e, &peer, version, cipher);
	else if (e.program == POSTFIX_SMTPD)
		status = take_smtpd(p, &e);
	else if (e.program == POSTFIX_CLIENT)
		status = take_client(p, &e);
	else
		status = take_postscreen(p, &e);
	return p->key.failed ? SW_ENOMEM : status;
}

/* Does this line tell of a session? */
static bool is_of_session(const struct log_syslog_line *l)
{
	enum postfix_process program = postfix_program(l->tag);
	struct postfix_peer peer;
	struct postfix_talk t;

	if (program == POSTFIX_NONE)
		return false;
	return postfix_parse_talk(l->message, &t) ||
	    log_starts(l->message, "connect from ") ||
	    log_starts(l->message, "disconnect from ") ||
	    log_starts(l->message, "CONNECT from ") ||
	    log_starts(l->message, "DISCONNECT ") ||
	    (program == POSTFIX_CLIENT && postfix_relay(l->message, &peer));
}

/* One such line is enough if most are of syslog. */
static bool probe(struct slice head)
{
	static const struct log_options none;
	struct log_syslog syslog;
	struct log_tally t = { .share = 2 };

	log_syslog_begin(&syslog, &none, "");
	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct log_syslog_line l;

		if (!log_syslog_take(&syslog, line, &l))
			log_tally_other(&t);
		else
			log_tally_row(&t, is_of_session(&l));
	}
	return log_tally_judge(&t, NULL);
}

static void close_log(void *state)
{
	struct postfix *p = state;

	buffer_fini(&p->key);
}

static enum sw_status open_log(void *state)
{
	struct postfix *p = state;

	log_syslog_begin(&p->syslog, p->sessions.options,
	    p->sessions.file_name);
	buffer_init(&p->key, 2 * LIMIT_LINE);
	return SW_OK;
}

const struct log_format log_postfix = {
	.name = "postfix",
	.title = "Postfix, syslog of smtpd, smtp, lmtp, postscreen (-v)",
	.times = "local or with an offset, 1 s or finer",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) | LOG_RECORDS_TALK |
	    SW_BIT(SW_RECORDS_CLOSE) | SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct postfix),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.close = close_log,
};
