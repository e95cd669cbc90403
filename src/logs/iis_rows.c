/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iis_rows.c - the rows of the SMTP service of IIS */
#include "logs/iis_find.h"

#include "logs/text.h"

/* "250 " + name + " Hello [" + address + "]" CR LF */
#define HELO_REPLY_LEN 15
/* "221 2.0.0 " + name + " Service closing transmission channel" CR LF */
#define QUIT_REPLY_LEN 49
/* "354 Start mail input; end with <CRLF>.<CRLF>" CR LF "250 2.6.0 " + id +
 * " Queued mail for delivery" CR LF */
#define DATA_REPLIES_LEN 83
#define NAME_MAX_LEN 255
/* Octets of a DATA line, with blanks behind it: more are content. */
#define DATA_LINE_MAX 6

void iis_rows_init(struct iis_rows *r)
{
	buffer_init(&r->text, 2 * LIMIT_LINE + 1);
	buffer_init(&r->user, LIMIT_LINE);
	buffer_init(&r->method, LIMIT_LINE);
	buffer_init(&r->query, LIMIT_LINE);
}

void iis_rows_fini(struct iis_rows *r)
{
	buffer_fini(&r->text);
	buffer_fini(&r->user);
	buffer_fini(&r->method);
	buffer_fini(&r->query);
}

/* --- inbound ------------------------------------------------------------ */

static struct slice skip_blanks(struct slice s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_from(s, 1);
	return s;
}

static struct slice skip_colon(struct slice s)
{
	s = skip_blanks(s);
	if (s.len > 0 && s.p[0] == ':')
		s = slice_from(s, 1);
	return skip_blanks(s);
}

/* A row's command as the line that it was: verb, blank, argument. */
static struct slice command_text(struct iis_rows *r,
    const struct iis_row *row, bool with_query)
{
	buffer_clear(&r->text);
	buffer_append_slice(&r->text, row->method);
	/* as the service told it in 1997 */
	if (slice_eq_nocase(row->method, slice_str("MAIL FROM")) ||
	    slice_eq_nocase(row->method, slice_str("RCPT TO"))) {
		buffer_append_char(&r->text, ':');
		if (with_query)
			buffer_append_slice(&r->text, skip_colon(row->query));
	} else if (with_query && row->query.len > 0) {
		buffer_append_char(&r->text, ' ');
		buffer_append_slice(&r->text, row->query);
	}
	return buffer_slice(&r->text);
}

/* The command of a row, with what stands in its query or without. */
static inline void make_command(struct iis_rows *r,
    const struct iis_row *row, bool with_query, bool argument_known,
    struct command_in *c)
{
	struct slice text = row->method;
	size_t len = row->verb_len;

	log_command_begin(c, log_span(row->line, row->time));
	c->known = row->verb;
	if (len > 0 && len == text.len) { /* a verb alone, as is usual */
		c->verb = text;
		c->verb_known = true;
		c->verb_len = len;
		c->argument = with_query ? skip_blanks(row->query) :
		    slice_from(text, len);
		c->argument_known = argument_known;
		return;
	}
	text = command_text(r, row, with_query);
	c->known = session_verb(text, &len);
	if (len == 0) { /* no verb: the line is all there is */
		c->line = text;
		return;
	}
	c->verb = slice_head(text, len);
	c->argument = skip_blanks(slice_from(text, len));
	c->argument_known = argument_known;
}

/* What a number of octets is worth: none where the log may have cut it. */
static inline int64_t told(const struct iis_row *row, enum iis_column column,
    int64_t octets)
{
	return octets > 0 && !(row->cut & SW_BIT(column)) ? octets :
	    SW_UNKNOWN;
}

static inline uint32_t flags_of_line(const struct iis_row *row)
{
	return log_line_is_cut(row->line) ? SW_BIT(SW_FLAG_TRUNCATED) : 0;
}

static inline struct reply_in make_reply(const struct iis_row *row,
    int32_t code)
{
	struct reply_in r = { .by = SW_SERVER, .code = code,
		.octets = told(row, IIS_SENT, row->sent),
		.flags = SW_BIT(SW_FLAG_CODE_ONLY) | flags_of_line(row),
		.span = log_span(row->line, row->time) };

	return r;
}

/* Octets of the domain of "<id@domain>"; 0: it is none. */
static int64_t id_domain_len(struct slice id)
{
	const uint8_t *at = id.len > 2 ? memchr(id.p, '@', id.len) : NULL;

	if (!at || id.p[id.len - 1] != '>')
		return 0;
	return id.p + id.len - at - 2;
}

/*
 * Whose is the Message-ID?  The client's has its header field's blank in
 * front.  Where the format does not tell that, it shows in the octets sent,
 * as that blank is also in the verdict.
 */
static bool is_id_of_client(const struct iis_row *row)
{
	if (!row->query_bare)
		return row->query_blank;
	return row->sent == DATA_REPLIES_LEN + 1 + (int64_t)row->query.len;
}

static bool is_id_of_server(const struct iis_row *row)
{
	if (!row->query_bare)
		return !row->query_blank;
	return row->sent == DATA_REPLIES_LEN + (int64_t)row->query.len;
}

/* An id in which the log or its column ends may lack its end. */
static bool is_whole_id(const struct iis_row *row)
{
	return !(row->flags & SW_BIT(SW_FLAG_TRUNCATED)) ||
	    row->query.p[row->query.len - 1] == '>';
}

/* HELO's reply and ids that the server made show how long its name is. */
static void learn_name(struct iis_rows *r, const struct iis_row *row)
{
	int64_t len = 0;

	if (row->cut & SW_BIT(IIS_SENT))
		return;
	if (row->verb == VERB_HELO && row->status == 250 &&
	    row->client.len > 0 && row->sent > 0)
		len = row->sent - HELO_REPLY_LEN - (int64_t)row->client.len;
	if (row->verb == VERB_DATA && row->status == 250 && r->name_len == 0 &&
	    is_id_of_server(row))
		len = id_domain_len(row->query);
	if (len > 0 && len <= NAME_MAX_LEN)
		r->name_len = len;
}

/* One row tells command, content and verdict (CASES C11). */
static void take_content(struct log_session *s, const struct iis_row *row,
    struct command_in *c)
{
	struct reply_in reply = make_reply(row, row->status);

	c->span.time = c->span.end = SW_NO_TIME;
	reply.flags |= SW_BIT(SW_FLAG_JOINED);
	log_session_whole_data(s, c, &reply, told(row, IIS_RECEIVED,
	    row->received));
	if (row->query.len > 0 && is_id_of_client(row) && is_whole_id(row))
		log_session_message_id(s, skip_blanks(row->query));
}

/* A refused DATA: at once, or after its content?  cs-bytes holds the line's
 * octets or the content's. */
static bool has_content(const struct iis_row *row)
{
	return iis_is_positive(row->status) || (iis_is_code(row->status) &&
	    row->status >= 400 && row->received > DATA_LINE_MAX);
}

static void take_command(struct iis_rows *r, struct log_session *s,
    const struct iis_row *row)
{
	bool data = row->verb == VERB_DATA;
	/* What stands in the query of these is no argument. */
	bool argument = !data && row->verb != VERB_QUIT;
	struct command_in c;
	struct reply_in reply = make_reply(row, row->status);

	make_command(r, row, argument, argument && iis_has(row, IIS_QUERY),
	    &c);
	if (data && has_content(row)) {
		take_content(s, row, &c);
		return;
	}
	if (told(row, IIS_RECEIVED, row->received) != SW_UNKNOWN)
		c.octets = row->received + 2; /* its CR LF are not counted */
	if (argument)
		c.flags |= row->flags;
	if (row->query_doubtful && argument)
		c.flags |= SW_BIT(SW_FLAG_INFERRED);
	/* The row is written when the reply is known. */
	if (row->taken_ms >= 1000 || row->cut & SW_BIT(IIS_TAKEN))
		c.span.time = c.span.end = SW_NO_TIME;
	if (iis_is_code(row->status)) {
		log_session_exchange(s, &c, &reply);
	} else {
		c.flags |= flags_of_line(row);
		log_session_command(s, &c);
		log_session_unanswered(s);
	}
	s->content.of = 0; /* a 354 is never followed by a verdict's row */
}

/*
 * Was there a QUIT (RULES)?  Its reply is 221 and the server's name; a row
 * that the service made up bears the octets of the row before it.
 */
static bool is_true_quit(const struct iis_rows *r, struct log_session *s,
    const struct iis_row *row)
{
	const struct iis_session *x = iis_extra(s);

	if (row->sent < 0)
		return false;
	if (r->name_len > 0)
		return row->sent == QUIT_REPLY_LEN + r->name_len;
	return row->sent > QUIT_REPLY_LEN &&
	    row->sent <= QUIT_REPLY_LEN + NAME_MAX_LEN &&
	    !(row->sent == x->sent && row->received == x->received);
}

/* ... or could there have been one, its number of octets being cut? */
static bool may_be_quit(const struct iis_rows *r, const struct iis_row *row)
{
	int64_t len = QUIT_REPLY_LEN + r->name_len;

	if (!(row->cut & SW_BIT(IIS_SENT)))
		return !iis_has(row, IIS_SENT);
	return r->name_len > 0 ? row->sent == len / 10 ||
	    row->sent == len / 100 :
	    row->sent <= (QUIT_REPLY_LEN + NAME_MAX_LEN) / 10;
}

static enum sw_status take_quit(struct iis_rows *r, struct log_session *s,
    const struct iis_row *row)
{
	struct event_span span = log_span(row->line, row->time);
	struct reply_in reply = make_reply(row, 221);
	struct command_in c;
	bool doubtful;
	uint32_t n;

	make_command(r, row, false, true, &c);
	if (is_true_quit(r, s, row)) {
		if (told(row, IIS_RECEIVED, row->received) != SW_UNKNOWN)
			c.octets = row->received + 2;
		c.argument_known = row->received == 4;
		reply.flags |= SW_BIT(SW_FLAG_INFERRED);
		log_session_exchange(s, &c, &reply);
		return log_sessions_end(&r->sessions, s, SW_ENDING_QUIT);
	}
	doubtful = may_be_quit(r, row);
	n = session_close(s->b, SW_CLIENT, SW_CLOSE_LOGGED, span);
	session_note(s->b, SW_NOTE_SYNTHETIC_QUIT, n, span.at_first,
	    span.at_last, !doubtful ? "the octets of the row of "
	    "QUIT are not those of a reply to it: the client went away" :
	    "the row of QUIT is also written when the client goes away, and "
	    "the log holds no octets to tell them apart");
	return log_sessions_end(&r->sessions, s, doubtful ? SW_ENDING_QUIT :
	    SW_ENDING_CLIENT_CLOSE);
}

/* 240, or 0 in 1997; if it was cut it may have been. */
static bool is_quit_row(const struct iis_row *row)
{
	return row->verb == VERB_QUIT && (row->status <= 0 ||
	    row->status == 240 || (row->cut & SW_BIT(IIS_STATUS) &&
	    row->status < 100));
}

static void remember_user(struct log_session *s, const struct iis_row *row)
{
	struct iis_session *x = iis_extra(s);
	struct sw_session *out = session_get(s->b);

	if (!iis_has(row, IIS_USER) || (x->user.data && slice_eq(row->user,
	    slice_make(x->user.data, x->user.len))))
		return;
	x->user = session_text(s->b, slice_make(row->user.len ?
	    row->user.p : (const uint8_t *)"", row->user.len));
	if (!out->client.name.data)
		out->client.name = session_text(s->b, iis_nonempty(row->user));
}

static enum sw_status take_inbound(struct iis_rows *r,
    const struct iis_row *row)
{
	struct log_session *s = NULL;
	bool is_new = false;
	enum sw_status status = iis_session_of(r, row, false, &s, &is_new);

	if (status != SW_OK)
		return status;
	if (is_new && iis_lacks_start(row))
		log_session_no_start(s, row->line);
	learn_name(r, row);
	/* An open session goes on with the same but for HELO. */
	if (is_new || iis_is_hello(row->verb) || !iis_extra(s)->user.data)
		remember_user(s, row);
	if (is_quit_row(row))
		return take_quit(r, s, row);
	if (iis_has(row, IIS_METHOD)) {
		take_command(r, s, row);
	} else if (iis_is_code(row->status)) {
		struct reply_in reply = make_reply(row, row->status);

		session_reply(s->b, &reply);
	}
	iis_extra(s)->sent = row->sent;
	iis_extra(s)->received = row->received;
	if (s->phase == LOG_PHASE_QUIT)
		return log_sessions_end(&r->sessions, s, SW_ENDING_QUIT);
	return SW_OK;
}

/* --- outbound ----------------------------------------------------------- */

/* The connection's time of opening, told better by each row that tells it. */
static void note_opened(struct log_session *s, const struct iis_row *row)
{
	int64_t at = iis_opened(row, true);

	if (at != SW_NO_TIME)
		iis_extra(s)->opened = at;
}

static enum sw_status take_sent(struct iis_rows *r,
    const struct iis_row *row)
{
	struct log_session *s = NULL;
	struct command_in c;
	bool is_new = false;
	enum sw_status status = iis_session_of(r, row, true, &s, &is_new);

	if (status != SW_OK)
		return status;
	if (is_new)
		/* the greeting's row comes first */
		log_session_no_start(s, row->line);
	note_opened(s, row);
	make_command(r, row, true, iis_has(row, IIS_QUERY), &c);
	c.flags |= row->flags | flags_of_line(row);
	if (row->query_doubtful)
		c.flags |= SW_BIT(SW_FLAG_INFERRED);
	log_session_command(s, &c);
	return SW_OK;
}

/* Is it the greeting of a new connection? */
static bool is_greeting(const struct log_session *s, int32_t code)
{
	if (!s)
		return true;
	/* A 220 answers STARTTLS and nothing else (RFC 3207 4). */
	return code == 220 && !(log_session_outstanding(s) > 0 &&
	    (s->last_verb == VERB_STARTTLS ||
	    s->last_verb == VERB_XANONYMOUSTLS));
}

static struct reply_in make_response(const struct iis_row *row,
    const struct log_reply_line *line, struct slice *text)
{
	struct reply_in r = { .by = SW_SERVER, .code = line->code,
		.octets = SW_UNKNOWN, .lines = text,
		.line_count = iis_has(row, IIS_QUERY) ? 1 : 0,
		.span = log_span(row->line, row->time) };

	*text = line->text;
	r.flags |= row->flags | flags_of_line(row);
	if (line->more)
		r.flags |= SW_BIT(SW_FLAG_FIRST_LINE_ONLY);
	else if (told(row, IIS_SENT, row->sent) != SW_UNKNOWN)
		r.octets = row->sent + 2;
	if (!iis_has(row, IIS_QUERY))
		r.flags |= SW_BIT(SW_FLAG_CODE_ONLY);
	if (row->query_doubtful)
		r.flags |= SW_BIT(SW_FLAG_INFERRED);
	/* sc-bytes is the length of the line, however much is kept of it. */
	if (row->sent > 0 && (uint64_t)row->sent > row->query.len)
		r.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	return r;
}

static enum sw_status take_received(struct iis_rows *r,
    const struct iis_row *row)
{
	struct log_reply_line line = log_parse_reply_line(row->query);
	struct slice text;
	struct reply_in reply = make_response(row, &line, &text);
	struct log_session *s = NULL;
	struct iis_choice c;
	enum sw_status status = iis_find(r, row, true, &c);

	if (status == SW_OK && is_greeting(c.best, line.code))
		status = iis_begin(r, row, true, &s);
	else if (status == SW_OK)
		s = iis_go_on(r, &c, row);
	if (status != SW_OK)
		return status;
	note_opened(s, row);
	log_session_reply(s, &reply);
	if (s->phase == LOG_PHASE_QUIT)
		return log_sessions_end(&r->sessions, s, SW_ENDING_QUIT);
	return SW_OK;
}

enum sw_status iis_rows_take(struct iis_rows *r, struct iis_row *row)
{
	enum sw_status status = r->user.failed || r->method.failed ||
	    r->query.failed ? SW_ENOMEM :
	    log_sessions_expire(&r->sessions, row->time);

	row->verb = session_verb(row->method, &row->verb_len);
	if (row->cut & SW_BIT(IIS_TAKEN))
		row->taken_ms = SW_UNKNOWN;
	if (row->cut & SW_BIT(IIS_WIN32))
		row->win32 = SW_UNKNOWN;
	if (status != SW_OK)
		return status;
	if (!iis_is_outbound(row))
		status = take_inbound(r, row);
	else if (iis_is_response(row))
		status = take_received(r, row);
	else
		status = take_sent(r, row);
	return r->text.failed ? SW_ENOMEM : status;
}
