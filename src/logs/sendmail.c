/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sendmail.c - the traffic that sendmail writes with -X FILE
 *
 * Theory of operation.  Every line that a process of sendmail sends or
 * receives is appended to one file, behind the process:
 *
 *   00179 >>> 220 mx.example.com ESMTP Sendmail 8.17.1
 *   00179 <<< EHLO client.example.org CR
 *   00179 === CONNECT mx.example.net
 *
 * `<<<` was received, `>>>` sent: a process that sends the greeting is the
 * server.  Lines of many processes are mixed, and the process is all that
 * tells sessions apart; there is no time and no address.  A received line
 * keeps its CR, a sent one has lost it.  The content is there as it was on
 * the wire, so what follows an accepted DATA is content up to the lone dot,
 * whatever it looks like.
 *
 * `<<< [EOF]` and `<<< [TIMEOUT]` stand for what did not come, perhaps behind
 * a line that was not complete; the next entry may then begin in the midst of
 * the line.  `=== EXEC` begins a mailer's input: no session, unless it speaks
 * LMTP.  Sessions end with the answer to QUIT, at [EOF], and when the process
 * greets again.
 */
#include "logs/families.h"

#include "logs/talk.h"
#include "logs/probe.h"
#include "logs/text.h"
#include "logs/when.h"

#define RECORDS (LOG_RECORDS_TALK | \
	SW_BIT(SW_RECORDS_BODY) | SW_BIT(SW_RECORDS_BODY_SIZE))

struct sendmail {
	struct log_sessions sessions;
	bool cr_received; /* a received line had a CR */
	bool cr_sent;     /* a sent one: the file was made anew with them */
};

struct extra {
	bool mailer;  /* what is sent goes to a program */
	bool over;    /* [EOF] was met */
	bool timeout; /* [TIMEOUT] was: the server will close */
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)s->extra;
}

/* --- entries ------------------------------------------------------------ */

enum mark { RECEIVED, SENT, PROGRAM };

struct entry {
	const struct log_line *line;
	struct slice pid;
	enum mark mark;
	struct slice text;
	bool crlf;     /* CR stood behind it */
	bool complete; /* a line's end did */
};

/* "%05d <<< text" */
static bool parse(struct slice line, struct entry *e_r)
{
	static const uint8_t marks[] = { '<', '>', '=' };
	size_t n = 0, i;
	struct slice r;

	while (n < line.len && ascii_is_digit(line.p[n]))
		n++;
	if (n < 5 || n > 10 || line.len < n + 4 || line.p[n] != ' ')
		return false;
	r = slice_from(line, n + 1);
	for (i = 0; i < sizeof(marks); i++)
		if (r.p[0] == marks[i] && r.p[1] == marks[i] &&
		    r.p[2] == marks[i])
			break;
	if (i == sizeof(marks) || (r.len > 3 && r.p[3] != ' '))
		return false;
	e_r->pid = slice_head(line, n);
	e_r->mark = (enum mark)i;
	e_r->text = slice_from(r, 4);
	return true;
}

/*
 * Where in the text of a received line that has no end the next entry of the
 * process begins; text.len: nowhere.
 */
static size_t find_next(const struct entry *e)
{
	size_t i;

	for (i = 0; i + e->pid.len + 5 <= e->text.len; i++) {
		struct entry next;

		if (memcmp(e->text.p + i, e->pid.p, e->pid.len) == 0 &&
		    parse(slice_from(e->text, i), &next) &&
		    slice_eq(next.pid, e->pid) && next.mark == SENT &&
		    log_parse_reply_line(next.text).code != SW_UNKNOWN)
			return i;
	}
	return e->text.len;
}

/* "[EOF]" or "[TIMEOUT]" at the end of the text, which is dropped. */
static bool take_end(struct slice *text, bool *timeout_r)
{
	static const char eof[] = "[EOF]", timeout[] = "[TIMEOUT]";
	const char *end;
	size_t len;

	*timeout_r = text->len >= strlen(timeout) && memcmp(text->p +
	    text->len - strlen(timeout), timeout, strlen(timeout)) == 0;
	end = *timeout_r ? timeout : eof;
	len = strlen(end);
	if (text->len < len ||
	    memcmp(text->p + text->len - len, end, len) != 0)
		return false;
	text->len -= len;
	return true;
}

/* --- sessions ----------------------------------------------------------- */

static enum sw_status begin(struct sendmail *m, const struct entry *e,
    struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&m->sessions, e->pid,
	    e->line, SW_NO_TIME, s_r);
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	out = session_get((*s_r)->b);
	out->records = RECORDS;
	out->clock.zone = SW_ZONE_NONE;
	out->clock.date = SW_DATE_NONE;
	return SW_OK;
}

/* What is told of the session so far is all of it. */
static enum sw_status finish(struct sendmail *m, struct log_session *s)
{
	if (extra_of(s)->mailer) {
		log_sessions_drop(&m->sessions, s);
		return SW_OK;
	}
	log_talk_flush(s);
	return log_sessions_end(&m->sessions, s,
	    session_has_quit(s->b, false) ? SW_ENDING_QUIT :
	    extra_of(s)->over ? SW_ENDING_CLIENT_CLOSE :
	    s->last_code == 421 ? SW_ENDING_SERVER_CLOSE :
	    SW_ENDING_INPUT_ENDED);
}

/* A greeting where none is due: the number is that of another process, or
 * the process has another connection. */
static bool is_new(const struct log_session *s, const struct entry *e)
{
	struct log_reply_line l = log_parse_reply_line(e->text);

	return s->last_code != SW_UNKNOWN && l.code == 220 &&
	    log_session_outstanding(s) == 0 && !s->reply;
}

/* === CONNECT mx.example.net, === EXEC /usr/bin/procmail */
static enum sw_status take_program(struct sendmail *m, const struct entry *e)
{
	struct log_session *s = log_sessions_find(&m->sessions, e->pid);
	struct slice r = e->text;
	bool connect = log_take_text(&r, "CONNECT ");
	enum sw_status status = SW_OK;

	if (!connect && !log_take_text(&r, "EXEC ")) {
		log_not_understood(&m->sessions, e->line);
		return SW_OK;
	}
	if (s)
		status = finish(m, s);
	if (status == SW_OK)
		status = begin(m, e, &s);
	if (status != SW_OK)
		return status;
	extra_of(s)->mailer = !connect;
	if (connect)
		log_session_connect(s, e->line, SW_NO_TIME, SW_CLIENT);
	log_session_recorder(s, SW_RECORDER_CLIENT);
	return SW_OK;
}

/* --- the dialogue ------------------------------------------------------- */

/* What came of a line before the connection was gone. */
static void take_rest(struct log_session *s, const struct log_said *said,
    enum sw_role role)
{
	if (said->text.len == 0)
		return;
	if (role == SW_CLIENT && log_content_due(s))
		log_content_octets(s, said, said->text);
	else if (role == SW_CLIENT)
		log_say_client(s, said);
}

static void end_of_input(struct log_session *s, const struct entry *e,
    bool timeout)
{
	log_talk_flush(s);
	if (timeout) {
		extra_of(s)->timeout = true;
		log_say_note(s, e->line, SW_NO_TIME, slice_str("[TIMEOUT]"));
		return;
	}
	extra_of(s)->over = true;
	session_close(s->b, SW_CLIENT, SW_CLOSE_LOGGED,
	    log_span(e->line, SW_NO_TIME));
}

static void say(struct sendmail *m, struct log_session *s,
    const struct entry *e)
{
	bool sent = e->mark == SENT, timeout;
	struct log_said said = log_said(e->line, SW_NO_TIME, e->text);
	enum sw_role role = log_role(s, sent, e->text);
	bool cr_tells = m->cr_received && !m->cr_sent && !sent;
	/* the CR may be what is cut off */
	bool crlf = e->crlf || !cr_tells || e->line->unterminated;

	if (!sent && !e->crlf && take_end(&said.text, &timeout)) {
		take_rest(s, &said, role);
		end_of_input(s, e, timeout);
	} else if (!e->complete) {
		take_rest(s, &said, role);
	} else if (role == SW_SERVER) {
		log_say_server(s, &said);
	} else if (log_content_due(s)) {
		log_content_line(s, &said, true, crlf);
	} else {
		if (!crlf)
			said.flags |= SW_BIT(SW_FLAG_BARE_LF);
		log_say_client(s, &said);
	}
}

/* Lines to a mailer are no session, unless it greets. */
static bool is_for_mailer(struct sendmail *m, struct log_session *s,
    const struct entry *e)
{
	if (!extra_of(s)->mailer)
		return false;
	if (e->mark == RECEIVED && s->last_code == SW_UNKNOWN &&
	    log_parse_reply_line(e->text).code == 220) {
		extra_of(s)->mailer = false;
		return false;
	}
	if (e->mark == RECEIVED && slice_eq(e->text, slice_str("[EOF]")))
		log_sessions_drop(&m->sessions, s);
	return true;
}

static enum sw_status take_said(struct sendmail *m, const struct entry *e)
{
	struct log_session *s = log_sessions_find(&m->sessions, e->pid);
	enum sw_status status = SW_OK;

	if (s && is_for_mailer(m, s, e))
		return SW_OK;
	if (s && is_new(s, e)) {
		status = finish(m, s);
		s = NULL;
	}
	if (!s && status == SW_OK) {
		status = begin(m, e, &s);
		if (status == SW_OK)
			s->start_seen =
			    log_parse_reply_line(e->text).code != SW_UNKNOWN;
	}
	if (status != SW_OK)
		return status;
	log_sessions_touch(&m->sessions, s, e->line->number, SW_NO_TIME);
	say(m, s, e);
	if (extra_of(s)->timeout && e->mark == SENT)
		session_close(s->b, SW_SERVER, SW_CLOSE_LOGGED,
		    log_span(e->line, SW_NO_TIME));
	/* behind [EOF] the server says that it lost its input */
	return log_session_over(s) || ((extra_of(s)->over ||
	    extra_of(s)->timeout) && e->mark == SENT) ? finish(m, s) : SW_OK;
}

static enum sw_status take_entry(struct sendmail *m, const struct entry *e)
{
	return e->mark == PROGRAM ? take_program(m, e) : take_said(m, e);
}

/* --- the family --------------------------------------------------------- */

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct sendmail *m = state;
	struct entry e = { .line = line, .crlf = line->crlf,
		.complete = true }, next = e;
	enum sw_status status;
	size_t at;

	if (!parse(line->text, &e)) {
		if (line->text.len > 0)
			log_not_understood(&m->sessions, line);
		return SW_OK;
	}
	if (e.mark == SENT)
		m->cr_sent = m->cr_sent || e.crlf;
	else if (e.mark == RECEIVED)
		m->cr_received = m->cr_received || e.crlf;
	at = e.mark == RECEIVED && !e.crlf ? find_next(&e) : e.text.len;
	if (at == e.text.len)
		return take_entry(m, &e);
	parse(slice_from(e.text, at), &next);
	e.text = slice_head(e.text, at);
	e.complete = false;
	status = take_entry(m, &e);
	return status == SW_OK ? take_entry(m, &next) : status;
}

/* Most lines are entries, and one of them begins a session. */
static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };

	while (head.len > 0) {
		const uint8_t *lf = memchr(head.p, '\n', head.len);
		struct slice line = slice_head(head, lf ?
		    (size_t)(lf - head.p) : head.len);
		struct entry e;

		head = slice_from(head, line.len + 1);
		if (!lf && t.all.lines > 0)
			break; /* it may be cut */
		if (parse(line, &e))
			log_tally_row(&t, LOG_TELLS_SMTP);
		else
			log_tally_other(&t);
	}
	return log_tally_judge(&t, NULL);
}

static enum sw_status end_log(void *state)
{
	struct sendmail *m = state;
	enum sw_status status = SW_OK;

	while (m->sessions.first_begun && status == SW_OK)
		status = finish(m, m->sessions.first_begun);
	return status;
}

const struct log_format log_sendmail = {
	.name = "sendmail",
	.title = "sendmail, traffic written with -X",
	.records = RECORDS,
	.state_size = sizeof(struct sendmail),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.line = take_line,
	.end = end_log,
};
