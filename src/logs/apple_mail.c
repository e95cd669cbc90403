/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apple_mail.c - the connection log of Apple's Mail
 *
 *   INITIATING CONNECTION Nov 21 10:00:00.100 host:mx.example.com \
 *	-- port:587 -- socket:0x0 -- thread:0x6001
 *   CONNECTED Nov 21 10:00:00.120 [kCFStreamSocketSecurityLevelNone] \
 *	-- host:mx.example.com -- port:587 -- socket:0x6000 -- thread:0x6001
 *   WROTE Nov 21 10:00:00.143 [kCFStreamSocketSecurityLevelNone] \
 *	-- host:mx.example.com -- port:587 -- socket:0x6000 -- thread:0x6001
 *   EHLO client.example.org
 *
 * Theory of operation.  A head line (one line in the file), then what was
 * written or read, an empty line, the next head.  Mail is the client.  Blocks
 * of several connections stand mixed, and most are of other protocols: a
 * connection is that of one host, port and socket, and one of SMTP once a
 * server has greeted on it or a client has said what only SMTP has.  The
 * number of a socket is used again: a greeting that nothing awaits begins
 * another session.
 *
 * Times are those of heads, local, without a year: it is taken from the
 * file's name or age.  What stands in brackets tells when TLS has begun.
 *
 * An empty line is the end of a block or one of content: it is content if
 * another line of the block follows.  Where content goes on in a further block
 * how its lines were joined is not told, and it has a gap there.
 */
#include "logs/families.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

#define RECORDS (LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_SERVER_PORT) | \
	SW_BIT(SW_RECORDS_BODY) | SW_BIT(SW_RECORDS_BODY_SIZE) | \
	SW_BIT(SW_RECORDS_TIMES))

enum block { BLOCK_NONE, BLOCK_WROTE, BLOCK_READ, BLOCK_CONNECTED };

struct head {
	enum block block;
	int64_t time;
	struct sw_clock clock;
	struct slice connection;   /* host, port and socket, as they stand */
	struct slice host, level;  /* level may be empty */
	int32_t port;
};

struct apple_mail {
	struct log_sessions sessions;
	struct log_years years;
	struct buffer connection, host, level; /* of the head's slices */
	struct head head;
	bool block_begun;    /* a line of it was told */
	size_t empty_lines;  /* and behind it so many that are */
	uint64_t others;     /* lines of other protocols */
};

struct extra {
	bool secured;        /* TLS was told */
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)(void *)s->extra;
}

/* --- heads -------------------------------------------------------------- */

/* "READ ", "INITIATING CONNECTION ": what the block is. */
static bool take_kind(struct slice *rest, enum block *block_r)
{
	static const struct {
		const char *words;
		enum block block;
	} kinds[] = {
		{ "WROTE ", BLOCK_WROTE },
		{ "READ ", BLOCK_READ },
		{ "CONNECTED ", BLOCK_CONNECTED },
		{ "INITIATING CONNECTION ", BLOCK_NONE },
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!log_starts(*rest, kinds[i].words))
			continue;
		*rest = slice_from(*rest, strlen(kinds[i].words));
		*block_r = kinds[i].block;
		return true;
	}
	return false;
}

/* What stands behind "name:" in a head. */
static struct slice value_of(struct slice head, const char *name)
{
	struct slice s = slice_from(head, slice_find_nocase(head,
	    slice_str(name)) + strlen(name));

	return log_take_until(&s, ' ');
}

static void parse_peer(struct slice text, struct head *h)
{
	struct slice socket = value_of(text, "socket:");
	uint64_t port;

	h->host = value_of(text, "host:");
	h->port = SW_UNKNOWN;
	if (slice_to_u64(value_of(text, "port:"), &port) && port < 65536)
		h->port = (int32_t)port;
	h->connection = slice_from(text,
	    slice_find_nocase(text, slice_str("host:")));
	if (socket.len > 0)
		h->connection = slice_head(h->connection,
		    (size_t)(socket.p - h->connection.p) + socket.len);
}

/* years NULL: the time is not asked for. */
static bool parse_head(struct slice s, struct log_years *years,
    const struct log_options *options, struct head *h)
{
	struct civil day = { 0 };
	int64_t ns;
	int digits;

	memset(h, 0, sizeof(*h));
	h->time = SW_NO_TIME;
	if (!take_kind(&s, &h->block) || !log_take_month(&s, &day.month) ||
	    log_take_blanks(&s) == 0 ||
	    !log_take_number(&s, 1, 2, &day.day) || log_take_blanks(&s) == 0 ||
	    !log_take_time(&s, &ns, &digits) || !log_contains(s, "host:"))
		return false;
	log_take_blanks(&s);
	if (log_take_octet(&s, '['))
		h->level = log_take_until(&s, ']');
	parse_peer(s, h);
	if (!years)
		return true;
	day.year = log_years_take(years, day.month, day.day);
	h->clock = log_local_clock(options, log_resolution(digits),
	    years->known ? SW_DATE_ASSUMED : SW_DATE_NONE);
	if (!clock_civil_is_valid(&day))
		return true; /* of another year than it seems */
	h->time = clock_add(log_make_time(&day, 0), ns);
	if (years->known)
		h->time = log_local_time(options, h->time);
	return true;
}

/* The lines of the block come when the head's is gone. */
static void keep(struct buffer *b, struct slice *s)
{
	buffer_clear(b);
	buffer_append_slice(b, *s);
	*s = buffer_slice(b);
}

/* --- sessions ----------------------------------------------------------- */

static enum sw_status begin(struct apple_mail *a, const struct log_line *line,
    struct log_session **s_r)
{
	const struct head *h = &a->head;
	enum sw_status status = log_sessions_begin(&a->sessions,
	    h->connection, line, h->time, s_r);
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	log_session_recorder(*s_r, SW_RECORDER_CLIENT);
	out = session_get((*s_r)->b);
	out->records = RECORDS;
	out->clock = h->clock;
	out->server.port = h->port;
	if (h->port == SW_UNKNOWN)
		out->records &= ~SW_BIT(SW_RECORDS_SERVER_PORT);
	if (log_is_address(h->host)) {
		out->server.ip = session_text((*s_r)->b, h->host);
		out->records |= SW_BIT(SW_RECORDS_SERVER_ADDRESS);
	}
	if (h->clock.date == SW_DATE_ASSUMED)
		session_note((*s_r)->b, SW_NOTE_DATE_ASSUMED, 0, line->number,
		    line->number, "The log tells month and day, but no year: "
		    "it is taken from the file.");
	return SW_OK;
}

static enum sw_status end(struct apple_mail *a, struct log_session **s)
{
	struct log_session *over = *s;

	*s = NULL;
	return over ? log_sessions_end_before(&a->sessions, over) : SW_OK;
}

static bool is_smtp_port(int32_t port)
{
	return port == 25 || port == 465 || port == 587 || port == 2525;
}

/* Of POP3 and IMAP4, whose mails may hold any text. */
static bool is_other_port(int32_t port)
{
	return port == 110 || port == 995 || port == 143 || port == 993;
}

/* "kCFStreamSocketSecurityLevelTLSv1_2", "...None" */
static void tell_tls(struct apple_mail *a, struct log_session *s,
    const struct log_line *line)
{
	static const char prefix[] = "kCFStreamSocketSecurityLevel";
	struct slice level = a->head.level;
	char version[16];
	size_t i;

	if (extra_of(s)->secured || !log_take_text(&level, prefix) ||
	    slice_eq_nocase(level, slice_str("None")))
		return;
	extra_of(s)->secured = true;
	if (!log_starts(level, "TLSv") || level.len >= sizeof(version))
		level.len = 0; /* "NegotiatedSSL" names none */
	for (i = 0; i < level.len; i++)
		version[i] = level.p[i] == '_' ? '.' : (char)level.p[i];
	log_session_tls(s, line, a->head.time, slice_make(version, i),
	    slice_make(NULL, 0));
}

/* On other ports it may be any protocol: the server's greeting tells. */
static enum sw_status take_connected(struct apple_mail *a,
    const struct log_line *line)
{
	struct log_session *s = log_sessions_find(&a->sessions,
	    a->head.connection);
	enum sw_status status = end(a, &s);

	if (status != SW_OK || !is_smtp_port(a->head.port))
		return status;
	status = begin(a, line, &s);
	if (status != SW_OK)
		return status;
	log_session_connect(s, line, a->head.time, SW_CLIENT);
	tell_tls(a, s, line);
	return SW_OK;
}

static bool is_silent(const struct log_session *s)
{
	return s->seen == 0 && s->last_code == SW_UNKNOWN && !s->reply;
}

/* Does the text begin a session: 220 from a server that owes no answer, as
 * the first line of a block? */
static bool greets(const struct apple_mail *a, const struct log_session *s,
    bool server, struct slice text)
{
	int32_t code = log_parse_reply_line(text).code;

	if (!server || a->block_begun || !log_is_greeting(code))
		return false;
	return !s || (code == 220 && !is_silent(s) &&
	    log_session_outstanding(s) == 0 && !log_reply_open(s));
}

/* Said by a client, and by none of another protocol? */
static bool is_command(bool server, struct slice text)
{
	return !server && log_parse_reply_line(text).code == SW_UNKNOWN &&
	    log_is_smtp(text);
}

/* NULL: the block is of another protocol. */
static enum sw_status find(struct apple_mail *a, const struct log_line *line,
    bool server, struct slice text, struct log_session **s_r)
{
	enum sw_status status = log_sessions_expire(&a->sessions,
	    a->head.time);
	struct log_session *s = log_sessions_find(&a->sessions,
	    a->head.connection);
	bool greeting = greets(a, s, server, text);

	if (status == SW_OK && greeting)
		status = end(a, &s);
	if (s && is_silent(s) && !is_command(server, text) &&
	    log_parse_reply_line(text).code == SW_UNKNOWN) {
		log_sessions_drop(&a->sessions, s);
		s = NULL;
	}
	*s_r = s;
	if (status != SW_OK || s || (!greeting && !is_command(server, text)))
		return status;
	status = begin(a, line, s_r);
	if (status == SW_OK && !greeting)
		log_session_no_start(*s_r, line);
	return status;
}

/* --- what is said ------------------------------------------------------- */

static bool is_content(const struct apple_mail *a,
    const struct log_session *s)
{
	return s && a->head.block == BLOCK_WROTE && log_content_due(s);
}

/* The empty lines in front of another line of the block. */
static void say_empty_lines(struct apple_mail *a, struct log_session *s,
    const struct log_line *line)
{
	struct log_said said = log_said(line, a->head.time, slice_str(""));

	for (; is_content(a, s) && a->empty_lines > 0; a->empty_lines--)
		log_content_line(s, &said, true, true);
	a->empty_lines = 0;
}

static void say_sent(struct apple_mail *a, struct log_session *s,
    const struct log_said *said)
{
	if (!log_content_due(s)) {
		log_say_client(s, said);
		return;
	}
	if (!a->block_begun && s->content.open)
		log_content_lost(s, said);
	say_empty_lines(a, s, said->line);
	log_content_line(s, said, true, true);
}

static enum sw_status take_text(struct apple_mail *a,
    const struct log_line *line)
{
	bool server = a->head.block == BLOCK_READ;
	struct log_said said = log_said(line, a->head.time, line->text);
	struct log_session *s = NULL;
	enum sw_status status = is_other_port(a->head.port) ? SW_OK :
	    find(a, line, server, line->text, &s);

	if (status != SW_OK || !s) {
		a->block_begun = true;
		a->others += !s;
		return status;
	}
	log_sessions_touch(&a->sessions, s, line->number, a->head.time);
	tell_tls(a, s, line);
	if (server)
		log_say_server(s, &said);
	else
		say_sent(a, s, &said);
	a->empty_lines = 0;
	a->block_begun = true;
	if (!log_session_over(s))
		return SW_OK;
	return log_sessions_end(&a->sessions, s, SW_ENDING_QUIT);
}

static enum sw_status take_head(struct apple_mail *a,
    const struct log_line *line, const struct head *h)
{
	a->block_begun = false;
	a->empty_lines = 0;
	a->head = *h;
	keep(&a->connection, &a->head.connection);
	keep(&a->host, &a->head.host);
	keep(&a->level, &a->head.level);
	if (a->connection.failed || a->host.failed || a->level.failed)
		return SW_ENOMEM;
	return h->block == BLOCK_CONNECTED ? take_connected(a, line) : SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct apple_mail *a = state;
	struct head h;

	if (parse_head(line->text, &a->years, a->sessions.options, &h))
		return take_head(a, line, &h);
	if (line->text.len == 0) {
		a->empty_lines++;
		return SW_OK;
	}
	if (a->head.block == BLOCK_WROTE || a->head.block == BLOCK_READ)
		return take_text(a, line);
	log_not_understood(&a->sessions, line);
	return SW_OK;
}

/* --- the family --------------------------------------------------------- */

/* A head of each kind, and a greeting of SMTP behind one. */
static bool probe(struct slice head)
{
	bool wrote = false, read = false, greeting = false;

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct head h;

		greeting |= read && log_parse_reply_line(line).code == 220;
		if (!parse_head(line, NULL, NULL, &h))
			continue;
		wrote |= h.block == BLOCK_WROTE;
		read |= h.block == BLOCK_READ;
	}
	return wrote && read && greeting;
}

static enum sw_status open_log(void *state)
{
	struct apple_mail *a = state;

	buffer_init(&a->connection, LIMIT_LINE);
	buffer_init(&a->host, LIMIT_LINE);
	buffer_init(&a->level, LIMIT_LINE);
	return SW_OK;
}

static void begin_file(void *state)
{
	struct apple_mail *a = state;

	log_years_begin(&a->years, a->sessions.options,
	    a->sessions.file_name);
}

static enum sw_status end_log(void *state)
{
	struct apple_mail *a = state;

	log_left_out(&a->sessions, a->others);
	return SW_OK;
}

static void close_log(void *state)
{
	struct apple_mail *a = state;

	buffer_fini(&a->connection);
	buffer_fini(&a->host);
	buffer_fini(&a->level);
}

const struct log_format log_apple_mail = {
	.name = "apple-mail",
	.title = "Apple Mail, log of connections",
	.times = "local, 1 ms; month and day without a year",
	.records = RECORDS | SW_BIT(SW_RECORDS_SERVER_ADDRESS),
	.state_size = sizeof(struct apple_mail),
	.session_size = sizeof(struct extra),
	.probe = probe,
	.open = open_log,
	.file = begin_file,
	.line = take_line,
	.end = end_log,
	.close = close_log,
};
