/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exim.c - what Exim prints with -d or -v
 *
 * Theory of operation.  The dialogue is marked; all else is of the debugger:
 *
 *   SMTP>> 220 mx.example.com ESMTP Exim 4.96      a server's reply
 *   SMTP<< EHLO client.example.org                 the command it received
 *   SMTP>| 250-mx.example.com Hello                a reply that is buffered
 *          250 HELP                                more lines of it
 *     SMTP<< 220 mx.example.net ESMTP              a reply that a client got
 *     SMTP>> EHLO client.example.org               the command it sent
 *     SMTP|> MAIL FROM:<a@example.org>             the same, pipelined
 *     SMTP+> BDAT 353 LAST                         the same, appended
 *     SMTP>> (writing message)                     content
 *     SMTP(close)>>                                the end
 *
 * A client's lines stand two columns further right than a server's.  In front
 * of each line may stand the time of day, and the process as soon as there
 * are several; without it all lines are of one process.  The day is told
 * nowhere.
 *
 * A server's session begins with "Process N is handling incoming connection"
 * or with its first marked line; the address of the server stands in a line
 * of the daemon before that.  A client's begins with its first marked line,
 * which may stand before "Connecting to" (early pipelining).  The header
 * lines of a message are printed too: they are passed over, whatever they
 * look like.
 */
#include "logs/families.h"
#include "logs/exim_rows.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

/* Connections that the daemon told of and no child took yet. */
enum { ACCEPTED_MAX = 16 };

#define TALK_RECORDS (LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_CLOSE))

struct exim {
	struct log_sessions sessions;
	struct log_days days;
	struct buffer key;
	struct buffer accepted[ACCEPTED_MAX]; /* "[ip]:port I=[ip]:port" */
	size_t next_accepted;
	struct buffer connecting; /* "Connecting to" whose session is due */
};

struct extra {
	bool more;        /* the newest line of a reply was not its last */
	bool headers;     /* header lines are printed */
	bool report;      /* the next line is one of the log */
	bool client_left;
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)s->extra;
}

/* --- what stands in the lines ------------------------------------------- */

/* One line on its way. */
struct entry {
	const struct log_line *line;
	struct slice pid;  /* may be empty */
	struct slice text; /* behind time and process */
	int64_t time;
	struct sw_clock clock;
};

/* "22:39:18.336 " in front. */
static void take_time(struct exim *x, struct entry *e)
{
	struct slice r = e->text;
	int digits;
	int64_t ns;

	e->time = SW_NO_TIME;
	e->clock.zone = SW_ZONE_NONE;
	e->clock.date = SW_DATE_NONE;
	if (e->text.len < 9 || !ascii_is_digit(e->text.p[0]) ||
	    !log_take_time(&r, &ns, &digits) || !log_take_octet(&r, ' '))
		return;
	e->text = r;
	if (!x)
		return;
	e->time = log_days_time(&x->days, ns);
	e->clock = log_local_clock(x->sessions.options,
	    log_resolution(digits), SW_DATE_NONE);
}

/* "%5d " in front. */
static void take_pid(struct entry *e)
{
	struct slice r = e->text;
	size_t blanks = 0, n;

	while (blanks < 5 && blanks < r.len && r.p[blanks] == ' ')
		blanks++;
	r = slice_from(r, blanks);
	for (n = 0; n < r.len && ascii_is_digit(r.p[n]); n++)
		continue;
	if (n == 0 || n > 10 || blanks + n < 5 || (blanks && blanks + n > 5) ||
	    n == r.len || r.p[n] != ' ')
		return;
	e->pid = slice_head(r, n);
	e->text = slice_from(r, n + 1);
}

/* --- sessions ----------------------------------------------------------- */

/* A process may be server and client at once. */
static struct slice key_of(struct exim *x, const struct entry *e, bool client)
{
	buffer_clear(&x->key);
	buffer_append_slice(&x->key, e->pid);
	buffer_append_char(&x->key, client ? 'c' : 's');
	return buffer_slice(&x->key);
}

static struct log_session *find_session(struct exim *x,
    const struct entry *e, bool client)
{
	return log_sessions_find(&x->sessions, key_of(x, e, client));
}

static void set_endpoint(struct log_session *s, bool client,
    const struct exim_address *a)
{
	struct sw_session *out = session_get(s->b);
	struct sw_endpoint *end = client ? &out->client : &out->server;

	end->ip = session_text(s->b, a->ip);
	end->port = a->port;
	out->records |= client ? SW_BIT(SW_RECORDS_CLIENT_ADDRESS) :
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS);
	if (a->port != SW_UNKNOWN)
		out->records |= client ? SW_BIT(SW_RECORDS_CLIENT_PORT) :
		    SW_BIT(SW_RECORDS_SERVER_PORT);
}

/* "Connecting to mx.example.net [192.0.2.25]:25 from 192.0.2.10 ..." */
static void take_connecting(struct exim *x, struct log_session *s)
{
	struct slice text = buffer_slice(&x->connecting), r = text;
	size_t from = slice_find_nocase(text, slice_str(" from "));
	struct exim_address a;

	while (r.len > 0 && r.p[0] != '[')
		r = slice_from(r, 1);
	if (exim_take_address(&r, &a))
		set_endpoint(s, false, &a);
	r = slice_from(text, from + strlen(" from "));
	a.ip = log_take_word(&r);
	a.port = SW_UNKNOWN;
	if (from < text.len && a.ip.len > 0 && a.ip.p[0] != '.')
		set_endpoint(s, true, &a);
	buffer_clear(&x->connecting);
}

static enum sw_status begin(struct exim *x, const struct entry *e,
    bool client, struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&x->sessions,
	    key_of(x, e, client), e->line, e->time, s_r);
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	out = session_get((*s_r)->b);
	log_session_recorder(*s_r, client ? SW_RECORDER_CLIENT :
	    SW_RECORDER_SERVER);
	out->clock = e->clock;
	out->records = TALK_RECORDS;
	if (e->time != SW_NO_TIME)
		out->records |= SW_BIT(SW_RECORDS_TIMES);
	return SW_OK;
}

static enum sw_status finish(struct exim *x, struct log_session *s,
    const struct entry *e, enum sw_role by)
{
	return log_session_close(&x->sessions, s, e->line, e->time,
	    extra_of(s)->client_left ? SW_CLIENT : by);
}

/* The daemon: "  SMTP connection from [ip]:port I=[ip]:port (TCP/IP ..." */
static enum sw_status take_accepted(struct exim *x, struct slice text)
{
	struct buffer *b = &x->accepted[x->next_accepted];

	x->next_accepted = (x->next_accepted + 1) % ACCEPTED_MAX;
	buffer_clear(b);
	buffer_append_slice(b, text);
	return b->failed ? SW_ENOMEM : SW_OK;
}

/* The server's address in the line of the daemon about this client. */
static void find_accepted(struct exim *x, struct log_session *s,
    const struct exim_address *client)
{
	struct exim_address a, local;
	size_t i;

	for (i = 0; i < ACCEPTED_MAX; i++) {
		struct slice text = buffer_slice(&x->accepted[i]);

		if (exim_find_address(text, " from ", &a) &&
		    slice_eq(a.text, client->text) &&
		    exim_find_address(text, " I=", &local)) {
			set_endpoint(s, false, &local);
			buffer_clear(&x->accepted[i]);
			return;
		}
	}
}

/* "Process 63 is handling incoming connection from [192.0.2.10]:41954" */
static enum sw_status take_handling(struct exim *x, const struct entry *e)
{
	struct log_session *s = find_session(x, e, false);
	enum sw_status status = SW_OK;
	struct exim_address a;

	if (s)
		status = log_sessions_end(&x->sessions, s,
		    SW_ENDING_INPUT_ENDED);
	if (status == SW_OK)
		status = begin(x, e, false, &s);
	if (status != SW_OK)
		return status;
	log_session_connect(s, e->line, e->time, SW_CLIENT);
	if (exim_find_address(e->text, "connection from ", &a)) {
		set_endpoint(s, true, &a);
		find_accepted(x, s, &a);
	}
	return SW_OK;
}

/* The daemon itself refused one: "  Connection from [ip]:port I=[ip]:port
 * refused: too many connections". */
static enum sw_status take_refused(struct exim *x, const struct entry *e)
{
	struct log_session *s = find_session(x, e, false);
	struct exim_address a;

	if (!s)
		return SW_OK;
	if (exim_find_address(e->text, " from ", &a))
		set_endpoint(s, true, &a);
	if (exim_find_address(e->text, " I=", &a))
		set_endpoint(s, false, &a);
	log_sessions_touch(&x->sessions, s, e->line->number, e->time);
	log_say_note(s, e->line, e->time, slice_trim(e->text));
	return finish(x, s, e, SW_SERVER);
}

/* "child 63 ended: status=0x0": what it had open is closed. */
static enum sw_status take_child(struct exim *x, const struct entry *e)
{
	struct entry child = *e;
	struct slice r = slice_from(e->text, strlen("child "));
	struct log_session *s;
	size_t n = 0;

	while (n < r.len && ascii_is_digit(r.p[n]))
		n++;
	child.pid = slice_head(r, n);
	if (n == 0 || !log_starts(slice_from(r, n), " ended"))
		return SW_OK;
	s = find_session(x, &child, false);
	return s ? finish(x, s, e, SW_SERVER) : SW_OK;
}

/* --- the dialogue ------------------------------------------------------- */

static void say_reply(const struct entry *e, struct log_session *s,
    struct slice text)
{
	struct log_said said = log_said(e->line, e->time, text);

	extra_of(s)->more = log_parse_reply_line(text).more;
	log_say_server(s, &said);
}

/* "(writing message)", 'writing message and terminating "."', "." */
static bool take_content(struct log_session *s, const struct log_said *said)
{
	if (!log_content_due(s))
		return false;
	if (log_starts(said->text, "(writing message"))
		return true;
	if (!log_starts(said->text, "writing message") &&
	    !(said->text.len == 1 && said->text.p[0] == '.'))
		return false;
	log_content_passed(s, said, SW_UNKNOWN, SW_UNKNOWN);
	return true;
}

static void say_command(const struct entry *e, struct log_session *s,
    struct slice text, bool client)
{
	struct log_said said = log_said(e->line, e->time, text);

	extra_of(s)->more = false;
	if (!client || !take_content(s, &said))
		log_say_client(s, &said);
}

static enum sw_status take_said(struct exim *x, const struct entry *e,
    enum exim_mark mark, struct slice text)
{
	bool client = mark == EXIM_CLIENT_SENT || mark == EXIM_CLIENT_RECEIVED;
	struct log_session *s = find_session(x, e, client);
	enum sw_status status = SW_OK;

	if (!s) {
		status = begin(x, e, client, &s);
		if (status != SW_OK)
			return status;
		s->start_seen = client || log_starts(text, "220");
		if (client && x->connecting.len > 0)
			take_connecting(x, s);
	}
	log_sessions_touch(&x->sessions, s, e->line->number, e->time);
	if (mark == EXIM_SERVER_SENT || mark == EXIM_CLIENT_RECEIVED)
		say_reply(e, s, text);
	else
		say_command(e, s, text, client);
	return SW_OK;
}

static enum sw_status take_close(struct exim *x, const struct entry *e,
    bool client, bool by_us)
{
	struct log_session *s = find_session(x, e, client);

	if (!s)
		return SW_OK;
	log_sessions_touch(&x->sessions, s, e->line->number, e->time);
	return finish(x, s, e, by_us == client ? SW_CLIENT : SW_SERVER);
}

/* More lines of a reply: "       250-SIZE", two blanks more for a client. */
static bool take_more(struct exim *x, const struct entry *e)
{
	struct slice text = e->text;
	size_t blanks = 0;
	struct log_session *s;
	bool client;

	while (blanks < text.len && text.p[blanks] == ' ')
		blanks++;
	client = blanks >= 9;
	if (blanks < 7)
		return false;
	s = find_session(x, e, client);
	if (!s || !extra_of(s)->more)
		return false;
	log_sessions_touch(&x->sessions, s, e->line->number, e->time);
	say_reply(e, s, slice_from(text, client ? 9 : 7));
	return true;
}

/* --- lines beside it ---------------------------------------------------- */

/* "cipher: TLS1.3:ECDHE_X25519__RSA...:256" */
static void take_cipher(const struct entry *e, struct log_session *s)
{
	struct slice text = slice_from(e->text, strlen("cipher: "));
	struct slice version = { NULL, 0 }, cipher;
	const uint8_t *colon = memchr(text.p, ':', text.len);
	static const char *const names[][2] = { { "TLS1.0", "TLSv1" },
		{ "TLS1.1", "TLSv1.1" }, { "TLS1.2", "TLSv1.2" },
		{ "TLS1.3", "TLSv1.3" } };
	size_t i;

	if (!colon)
		return;
	cipher = slice_from(text, (size_t)(colon - text.p) + 1);
	text = slice_head(text, (size_t)(colon - text.p));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_eq(text, slice_str(names[i][0])))
			version = slice_str(names[i][1]);
	if (!version.p)
		version = text;
	colon = memchr(cipher.p, ':', cipher.len);
	if (colon)
		cipher = slice_head(cipher, (size_t)(colon - cipher.p));
	log_session_tls(s, e->line, e->time, version, cipher);
}

/* The line behind "LOG: ..." is one of the log. */
static void take_report(const struct entry *e, struct log_session *s)
{
	struct slice text = slice_trim(e->text);

	extra_of(s)->report = false;
	if (slice_find_nocase(text, slice_str(" lost")) < text.len ||
	    slice_find_nocase(text, slice_str("closed by EOF")) < text.len ||
	    log_starts(text, "unexpected disconnection"))
		extra_of(s)->client_left = true;
	if (exim_is_note(text))
		log_say_note(s, e->line, e->time, text);
}

/* "Connecting to", " connected": a client's. */
static enum sw_status take_client_line(struct exim *x,
    const struct entry *e)
{
	struct log_session *s = find_session(x, e, true);
	enum sw_status status = SW_OK;

	if (log_starts(e->text, "Connecting to ")) {
		buffer_clear(&x->connecting);
		buffer_append_slice(&x->connecting, e->text);
		return x->connecting.failed ? SW_ENOMEM : SW_OK;
	}
	if (!log_starts(e->text, " connected") || x->connecting.len == 0)
		return SW_OK;
	if (!s)
		status = begin(x, e, true, &s);
	if (status != SW_OK)
		return status;
	take_connecting(x, s);
	log_session_connect(s, e->line, e->time, SW_CLIENT);
	return SW_OK;
}

static enum sw_status take_other(struct exim *x, const struct entry *e)
{
	struct log_session *s;

	if (log_starts(e->text, "Process ") && slice_find_nocase(e->text,
	    slice_str(" is handling incoming connection ")) < e->text.len)
		return take_handling(x, e);
	if (log_starts(e->text, "child "))
		return take_child(x, e);
	if (log_starts(e->text, "  Connection from ") && slice_find_nocase(
	    e->text, slice_str(" refused: ")) < e->text.len)
		return take_refused(x, e);
	if (log_starts(e->text, "  SMTP connection from ") &&
	    slice_find_nocase(e->text, slice_str("connection count")) <
	    e->text.len)
		return take_accepted(x, e->text);
	if (log_starts(e->text, "Connecting to ") ||
	    log_starts(e->text, " connected"))
		return take_client_line(x, e);
	s = find_session(x, e, false);
	if (s && log_starts(e->text, ">>Headers"))
		extra_of(s)->headers = true;
	else if (s && extra_of(s)->report)
		take_report(e, s);
	else if (s && log_starts(e->text, "LOG: "))
		extra_of(s)->report = true;
	if (log_starts(e->text, "cipher: ")) {
		struct log_session *c = find_session(x, e, true);

		if (c || s)
			take_cipher(e, c ? c : s);
	}
	return SW_OK;
}

/* --- the family --------------------------------------------------------- */

/* Header lines are printed up to an empty line. */
static bool is_header(struct exim *x, const struct entry *e)
{
	struct log_session *s = find_session(x, e, false);

	if (!s || !extra_of(s)->headers)
		return false;
	if (e->text.len == 0)
		extra_of(s)->headers = false;
	return true;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct exim *x = state;
	struct entry e = { .line = line, .text = line->text };
	enum sw_status status;
	struct slice text;
	enum exim_mark mark;
	bool client;

	take_time(x, &e);
	take_pid(&e);
	status = log_sessions_expire(&x->sessions, e.time);
	if (status != SW_OK || is_header(x, &e))
		return status;
	text = e.text;
	mark = exim_take_mark(&text, &client);
	if (mark == EXIM_CLOSED_BY_US || mark == EXIM_CLOSED_BY_THEM)
		status = take_close(x, &e, client, mark == EXIM_CLOSED_BY_US);
	else if (mark != EXIM_NO_MARK)
		status = take_said(x, &e, mark, text);
	else if (!take_more(x, &e))
		status = take_other(x, &e);
	return x->key.failed || x->connecting.failed ? SW_ENOMEM : status;
}

/* A reply behind a mark is enough. */
static bool probe(struct slice head)
{
	while (head.len > 0) {
		struct log_line line = { .number = 1 };
		struct entry e = { .line = &line };
		enum exim_mark mark;
		bool client;

		e.text = log_head_line(&head);
		take_time(NULL, &e);
		take_pid(&e);
		mark = exim_take_mark(&e.text, &client);
		if ((mark == EXIM_SERVER_SENT ||
		    mark == EXIM_CLIENT_RECEIVED) &&
		    log_parse_reply_line(e.text).code != SW_UNKNOWN)
			return true;
	}
	return false;
}

static void close_log(void *state)
{
	struct exim *x = state;
	size_t i;

	buffer_fini(&x->key);
	buffer_fini(&x->connecting);
	for (i = 0; i < ACCEPTED_MAX; i++)
		buffer_fini(&x->accepted[i]);
}

static enum sw_status open_log(void *state)
{
	struct exim *x = state;
	size_t i;

	log_days_begin(&x->days, NULL);
	buffer_init(&x->key, 64);
	buffer_init(&x->connecting, LIMIT_LINE);
	for (i = 0; i < ACCEPTED_MAX; i++)
		buffer_init(&x->accepted[i], LIMIT_LINE);
	return SW_OK;
}

const struct log_format log_exim = {
	.name = "exim",
	.title = "Exim, debugging output of -d and -v",
	.times = "none, or local times of day, 1 s or finer",
	.records = TALK_RECORDS | SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) | SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct exim),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.close = close_log,
};
