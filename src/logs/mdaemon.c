/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mdaemon.c - SMTP logs of MDaemon, incoming and outgoing
 *
 * Theory of operation.  Each line is: weekday, date, local time, a colon,
 * text.  Newer logs have two digits and the session's number in front of the
 * text; in older ones a session is written as one block after it ended,
 * between lines of dashes, under a line with its number:
 *
 *   ----------
 *   Mon 2010-08-30 11:03:10: Session 8439; child 11; thread 0
 *   Mon 2010-08-30 11:03:10: Accepting SMTP connection from
 *	[192.0.2.10:2818] to [192.0.2.25:25]
 *   Mon 2010-08-30 11:03:10: --> 220 mx.example.com ESMTP MDaemon 11.0.3
 *   Mon 2010-08-30 11:03:11: SMTP session terminated (Bytes in/out: 0/82)
 *   ----------
 *   Sat 2014-07-26 12:58:47: 02: [514116] <-- EHLO client.example.org
 *
 * "-->" was sent by MDaemon and "<--" received, in both roles.  A block's
 * first time is that of its writing and may be later than the next ones.
 *
 * Outgoing sessions tell of the message and of their attempts before there
 * is a connection:
 *
 *   Parsing message <pd50000000001.msg>
 *   *  From: alice@example.com
 *   *  Size (bytes): 8303
 *   *  Message-ID: <1@example.com>
 *   Attempting SMTP connection to [198.51.100.7:25]
 *   *  Connection established (192.0.2.25:60296 -> 198.51.100.7:25)
 *
 * The session begins where the connection was made; what stands in front
 * becomes its notes.  One block may hold several connections, one after
 * another.  An attempt without a connection is no session.  Blocks of other
 * services (POP3, IMAP) in a log of all of them are passed over: what begins
 * no SMTP session is no dialogue.
 *
 * Copies of these logs (a bounce holds one) have a blank in front of each
 * line.  Content is never logged; its size is when the message's was.
 */
#include "logs/families.h"
#include "logs/probe.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/waiting.h"
#include "logs/when.h"

/* One line, taken apart. */
struct row {
	bool has_id;         /* the session's number stands in it */
	uint64_t id;
	int64_t time;        /* as it stands */
	struct slice text;
};

struct endpoint {
	struct slice host;
	int32_t port;        /* SW_UNKNOWN */
};

/* Behind each log_session. */
struct extra {
	int64_t size;              /* of the message; SW_UNKNOWN */
	struct sw_bytes message_id;
};

struct mdaemon {
	struct log_sessions sessions;
	struct log_waiting waiting;
	uint64_t block;      /* number of the current one */
};

static struct extra *extra(struct log_session *s)
{
	return (struct extra *)(void *)s->extra;
}

/* --- lines -------------------------------------------------------------- */

/* "Mon", in whatever language. */
static bool take_day_name(struct slice *rest)
{
	struct slice s = *rest, word;
	size_t i;

	log_take_blanks(&s);
	word = log_take_word(&s);
	if (word.len < 1 || word.len > 8)
		return false;
	for (i = 0; i < word.len; i++)
		if (!ascii_is_alpha(word.p[i]) && word.p[i] < 0x80 &&
		    word.p[i] != '.')
			return false;
	*rest = s;
	return true;
}

/* "[514116] " */
static bool take_number(struct slice *rest, uint64_t *id_r)
{
	struct slice s = *rest, digits;
	size_t n = 0;

	if (!log_take_octet(&s, '['))
		return false;
	while (n < s.len && ascii_is_digit(s.p[n]))
		n++;
	digits = slice_head(s, n);
	s = slice_from(s, n);
	if (!slice_to_u64(digits, id_r) || !log_take_octet(&s, ']'))
		return false;
	log_take_octet(&s, ' ');
	*rest = s;
	return true;
}

static bool parse_row(struct slice line, struct row *row)
{
	struct slice s = line, rest;
	struct civil day;
	int64_t ns;
	int level;

	memset(row, 0, sizeof(*row));
	if (!take_day_name(&s) || !log_take_iso_date(&s, &day) ||
	    !log_take_octet(&s, ' ') || !log_take_time(&s, &ns, NULL) ||
	    !log_take_octet(&s, ':'))
		return false;
	row->time = clock_add(log_make_time(&day, 0), ns);
	log_take_octet(&s, ' ');
	rest = s;
	if (log_take_number(&rest, 2, 2, &level) &&
	    log_take_text(&rest, ": "))
		s = rest;
	row->has_id = take_number(&s, &row->id);
	row->text = s;
	return true;
}

/* "----------", or the head and the end of a session in a bounce. */
static bool is_dashes(struct slice s)
{
	size_t i = 0;

	s = slice_trim(s);
	while (i < s.len && s.p[i] == '-')
		i++;
	return i >= 3 && (i == s.len || slice_find_nocase(s,
	    slice_str("Transcript ---")) < s.len);
}

/* "--> 220 ..." or "<-- QUIT": what was said. */
static bool take_arrow(struct slice *text, bool *sent_r)
{
	struct slice s = *text;
	bool sent = log_take_text(&s, "-->");

	if (!sent && !log_take_text(&s, "<--"))
		return false;
	log_take_octet(&s, ' ');
	*sent_r = sent;
	*text = s;
	return true;
}

/* "*  " in front of a text; copies lost it. */
static struct slice skip_star(struct slice text)
{
	log_take_blanks(&text);
	if (log_take_octet(&text, '*'))
		log_take_blanks(&text);
	return text;
}

/* "[192.0.2.10:2818]", with or without brackets. */
static struct endpoint parse_endpoint(struct slice s)
{
	struct endpoint e;

	if (s.len > 1 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		s = slice_make(s.p + 1, s.len - 2);
	log_split_endpoint(s, &e.host, &e.port);
	return e;
}

/* Two endpoints with a text between them. */
static bool parse_pair(struct slice s, const char *between,
    struct endpoint *from_r, struct endpoint *to_r)
{
	size_t at = slice_find_nocase(s, slice_str(between));
	struct slice to = slice_from(s, at + strlen(between));

	if (at >= s.len)
		return false;
	*from_r = parse_endpoint(slice_head(s, at));
	*to_r = parse_endpoint(log_take_word(&to));
	return log_is_address(from_r->host) && log_is_address(to_r->host);
}

/* "Accepting SMTP connection from [a:p] to [b:p]" */
static bool parse_accepting(struct slice text, struct endpoint *client_r,
    struct endpoint *server_r)
{
	return log_take_text(&text, "Accepting SMTP connection from ") &&
	    parse_pair(text, " to ", client_r, server_r);
}

/* "*  Connection established (a:p -> b:p)" */
static bool parse_established(struct slice text, struct endpoint *client_r,
    struct endpoint *server_r)
{
	text = skip_star(text);
	if (!log_take_text(&text, "Connection established ("))
		return false;
	if (text.len > 0 && text.p[text.len - 1] == ')')
		text.len--;
	return parse_pair(text, " -> ", client_r, server_r);
}

/* --- sessions ----------------------------------------------------------- */

static uint64_t waiting_id(const struct mdaemon *m, const struct row *row)
{
	return row->has_id ? row->id << 1 : m->block << 1 | 1;
}

static struct slice key_of(const struct row *row, uint8_t key[9])
{
	size_t i;

	key[0] = row->has_id;
	for (i = 0; i < 8; i++)
		key[1 + i] = (uint8_t)(row->has_id ? row->id >> 8 * i : 0);
	return slice_make(key, 9);
}

static void put_endpoint(struct log_session *s, struct sw_endpoint *to,
    const struct endpoint *e, enum sw_record address, enum sw_record port)
{
	struct sw_session *out = session_get(s->b);

	if (!log_is_address(e->host))
		return;
	to->ip = session_text(s->b, e->host);
	to->port = e->port;
	out->records |= SW_BIT(address);
	if (e->port != SW_UNKNOWN)
		out->records |= SW_BIT(port);
}

static void put_client(struct log_session *s, const struct endpoint *e)
{
	put_endpoint(s, &session_get(s->b)->client, e,
	    SW_RECORDS_CLIENT_ADDRESS, SW_RECORDS_CLIENT_PORT);
}

static void put_server(struct log_session *s, const struct endpoint *e)
{
	put_endpoint(s, &session_get(s->b)->server, e,
	    SW_RECORDS_SERVER_ADDRESS, SW_RECORDS_SERVER_PORT);
}

static void describe(struct mdaemon *m, struct log_session *s)
{
	struct sw_session *out = session_get(s->b);

	out->clock = log_local_clock(m->sessions.options,
	    NS_PER_S, SW_DATE_GIVEN);
	out->recorder = SW_RECORDER_SERVER; /* until a line tells */
	out->records = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_TIMES);
	extra(s)->size = SW_UNKNOWN;
}

#define ATTEMPT "Attempting SMTP connection to "

static bool is_attempt(struct slice text)
{
	text = skip_star(text);
	return log_take_text(&text, ATTEMPT);
}

/* What the lines about the message and the attempt tell. */
static void learn(struct log_session *s, struct slice text)
{
	struct endpoint e;
	uint64_t size;

	text = skip_star(text);
	if (log_take_text(&text, "Size (bytes): ")) {
		if (slice_to_u64(slice_trim(text), &size) &&
		    size <= INT32_MAX) {
			extra(s)->size = (int64_t)size;
			session_get(s->b)->records |=
			    SW_BIT(SW_RECORDS_BODY_SIZE);
		}
	} else if (log_take_text(&text, "Message-ID: ")) {
		extra(s)->message_id = session_text(s->b, slice_trim(text));
	} else if (log_take_text(&text, ATTEMPT)) {
		log_session_recorder(s, SW_RECORDER_CLIENT);
		e = parse_endpoint(log_take_word(&text));
		put_server(s, &e);
	}
}

/* Lines that tell the reader nothing. */
static bool is_chatter(struct slice text)
{
	static const char *const known[] = { "Session ", "Waiting for " };
	size_t i;

	text = slice_trim(text);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_has_prefix_nocase(text, slice_str(known[i])))
			return true;
	return text.len == 0;
}

static void note(struct log_session *s, const struct log_line *line,
    int64_t time, struct slice text)
{
	learn(s, text);
	if (!is_chatter(text))
		log_say_note(s, line, time, slice_trim(text));
}

static enum sw_status begin(struct mdaemon *m, const struct log_line *line,
    const struct row *row, struct log_session **s_r)
{
	uint64_t id = waiting_id(m, row);
	struct log_waited waited;
	uint8_t key[9];
	enum sw_status status = log_waiting_begin(&m->waiting, &m->sessions,
	    id, key_of(row, key), line, row->time, s_r);

	if (status != SW_OK)
		return status;
	describe(m, *s_r);
	while (log_waiting_take(&m->waiting, id, row->time, &waited))
		note(*s_r, &waited.line, waited.time, waited.text);
	return SW_OK;
}

/* --- texts -------------------------------------------------------------- */

/* "SMTP session successful (Bytes in/out: 2826/478)" */
static bool is_end(struct slice text)
{
	if (!log_take_text(&text, "SMTP session "))
		return false;
	return slice_find_nocase(text, slice_str("terminated")) < text.len ||
	    slice_find_nocase(text, slice_str("successful")) < text.len;
}

static bool is_masked(struct slice text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.p[i] != '*')
			return false;
	return text.len > 0;
}

/* What is known of the message goes to it once it is there. */
static void tell_message(struct log_session *s)
{
	struct extra *x = extra(s);

	if (session_get(s->b)->recorder != SW_RECORDER_CLIENT)
		return;
	if (x->message_id.data && session_get(s->b)->message_count > 0) {
		log_session_message_id(s, slice_make(x->message_id.data,
		    x->message_id.len));
		x->message_id.data = NULL;
	}
	if (x->size != SW_UNKNOWN)
		log_content_size(s, x->size);
}

static void say(struct log_session *s, const struct log_line *line,
    int64_t time, struct slice text, bool sent)
{
	struct log_said said = log_said(line, time, text);

	if (log_role(s, sent, text) == SW_CLIENT) {
		if (is_masked(text))
			said.flags |= SW_BIT(SW_FLAG_MASKED);
		log_say_client(s, &said);
	} else {
		log_say_server(s, &said);
	}
	tell_message(s);
}

/* The connection is made: a session of its own. */
static enum sw_status take_connect(struct mdaemon *m, struct log_session *s,
    const struct log_line *line, const struct row *row, bool accepted,
    const struct endpoint *client, const struct endpoint *server)
{
	enum sw_status status = s ? log_sessions_end_before(&m->sessions, s) :
	    SW_OK;

	if (status == SW_OK)
		status = begin(m, line, row, &s);
	if (status != SW_OK)
		return status;
	log_session_recorder(s, accepted ? SW_RECORDER_SERVER :
	    SW_RECORDER_CLIENT);
	put_client(s, client);
	put_server(s, server);
	log_session_connect(s, line, row->time, SW_CLIENT);
	return SW_OK;
}

static enum sw_status take_said(struct mdaemon *m, struct log_session *s,
    const struct log_line *line, const struct row *row, struct slice said,
    bool sent)
{
	enum sw_status status = SW_OK;

	/* the next connection of the same block */
	if (s && log_session_over(s)) {
		status = log_sessions_end_before(&m->sessions, s);
		s = NULL;
	}
	/* else it is that of another service */
	if (status != SW_OK || (!s && !log_is_smtp(said)))
		return status;
	if (!s) {
		status = begin(m, line, row, &s);
		if (status != SW_OK)
			return status;
		log_session_first(s, line, log_is_greeting(
		    log_parse_reply_line(said).code));
	}
	log_sessions_touch(&m->sessions, s, line->number, row->time);
	say(s, line, row->time, said, sent);
	return log_sessions_linger(&m->sessions, s);
}

static enum sw_status take_row(struct mdaemon *m,
    const struct log_line *line, const struct row *row)
{
	struct slice said = row->text;
	struct endpoint client, server;
	bool sent, accepted;
	uint8_t key[9];
	struct log_session *s = log_sessions_find(&m->sessions,
	    key_of(row, key));

	accepted = parse_accepting(row->text, &client, &server);
	if (accepted || parse_established(row->text, &client, &server))
		return take_connect(m, s, line, row, accepted, &client,
		    &server);
	if (take_arrow(&said, &sent))
		return take_said(m, s, line, row, said, sent);
	if (s && is_attempt(row->text)) {
		/* the connection before has come to nothing */
		enum sw_status status = log_sessions_end_before(
		    &m->sessions, s);

		if (status != SW_OK)
			return status;
		s = NULL;
	}
	if (!s) {
		log_waiting_hold(&m->waiting, waiting_id(m, row), line,
		    row->text, row->time);
		return SW_OK;
	}
	log_sessions_touch(&m->sessions, s, line->number, row->time);
	note(s, line, row->time, row->text);
	if (!is_end(slice_trim(row->text)))
		return SW_OK;
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_CLOSE);
	return log_session_close(&m->sessions, s, line, row->time,
	    SW_NOBODY);
}

/* Dashes, or the number of the next block's session: the one before is
 * over. */
static enum sw_status next_block(struct mdaemon *m)
{
	const struct row block = { .has_id = false };
	uint8_t key[9];
	struct log_session *s = log_sessions_find(&m->sessions,
	    key_of(&block, key));

	m->block++;
	return s ? log_sessions_end_before(&m->sessions, s) :
	    SW_OK;
}

static bool begins_block(const struct row *row)
{
	struct slice text = row->text;

	return !row->has_id && (is_dashes(text) ||
	    (log_take_text(&text, "Session ") && text.len > 0 &&
	    ascii_is_digit(text.p[0])));
}

/* --- the family --------------------------------------------------------- */

static bool speaks_smtp(const struct row *row)
{
	struct slice said = row->text;
	bool sent;

	if (take_arrow(&said, &sent))
		return log_is_smtp(said);
	return slice_find_nocase(row->text, slice_str("SMTP connection")) <
	    row->text.len;
}

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct row row;

		if (parse_row(line, &row)) {
			log_tally_row(&t, speaks_smtp(&row));
		} else if (line.len > 0 && !is_dashes(line)) {
			log_tally_other(&t);
		}
	}
	return log_tally_judge(&t, NULL);
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct mdaemon *m = state;
	enum sw_status status = SW_OK;
	struct row row;

	if (line->text.len == 0)
		return SW_OK;
	if (!parse_row(line->text, &row)) {
		if (is_dashes(line->text))
			return next_block(m);
		log_not_understood(&m->sessions, line);
		return SW_OK;
	}
	row.time = log_local_time(m->sessions.options, row.time);
	status = log_sessions_expire(&m->sessions, row.time);
	if (status == SW_OK && begins_block(&row))
		status = next_block(m);
	if (status != SW_OK || is_dashes(row.text))
		return status;
	return take_row(m, line, &row);
}

const struct log_format log_mdaemon = {
	.name = "mdaemon",
	.title = "MDaemon SMTP log, incoming and outgoing",
	.times = "local, 1 s",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) | LOG_RECORDS_TALK |
	    SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_CLOSE) |
	    SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct mdaemon),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.line = take_line,
};
