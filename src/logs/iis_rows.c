/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iis_rows.c - the rows of the SMTP service of IIS */
#include "logs/iis_rows.h"

#include "base/clock.h"
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
/* Times have whole seconds, and two of them are compared. */
#define TIME_SLACK (2 * NS_PER_S)
/* What evidence of time weighs against log_session_fit. */
#define TIME_WEIGHT 4

static struct iis_session *extra(struct log_session *s)
{
	return (struct iis_session *)(void *)s->extra;
}

void iis_rows_init(struct iis_rows *r)
{
	buffer_init(&r->key, LIMIT_LINE + 1);
	buffer_init(&r->text, 2 * LIMIT_LINE + 1);
}

void iis_rows_fini(struct iis_rows *r)
{
	buffer_fini(&r->key);
	buffer_fini(&r->text);
}

bool iis_user_is_outbound(struct slice user)
{
	return slice_eq_nocase(user, slice_str("OutboundConnectionCommand")) ||
	    slice_eq_nocase(user, slice_str("OutboundConnectionResponse"));
}

/* --- blanks ------------------------------------------------------------- */

struct unplus {
	bool angle, quoted, value;
	bool last_known;
	size_t last_close; /* offset of the last '>' + 1, 0: none */
};

static bool is_hex_upper(uint8_t c)
{
	return ascii_is_digit(c) || (c >= 'A' && c <= 'F');
}

/* "+0100" behind a blank: the zone of a date. */
static bool is_zone(struct slice raw, size_t i)
{
	size_t n;

	if (i == 0 || raw.p[i - 1] != '+' || raw.len - i < 5)
		return false;
	for (n = 1; n < 5; n++)
		if (!ascii_is_digit(raw.p[i + n]))
			return false;
	return true;
}

/* Is the '+' at i one? */
static bool is_plus(const struct unplus *u, struct slice raw, size_t i)
{
	if (u->quoted)
		return false;
	/* RFC 5321 4.1.2: a path holds no blank, but many hold a plus. */
	if (u->angle)
		return true;
	/* RFC 3461 4: "+" and two hex digits in the value of a parameter */
	if (u->value && raw.len - i > 2 && is_hex_upper(raw.p[i + 1]) &&
	    is_hex_upper(raw.p[i + 2]))
		return true;
	return is_zone(raw, i);
}

static size_t find_last_close(struct slice raw)
{
	size_t n = raw.len;

	while (n > 0 && raw.p[n - 1] != '>')
		n--;
	return n;
}

static void track(struct unplus *u, struct slice raw, size_t i)
{
	uint8_t c = raw.p[i];

	if (c == '<' && !u->last_known) {
		u->last_close = find_last_close(raw);
		u->last_known = true;
	}
	if (c == '"')
		u->quoted = !u->quoted;
	else if (c == '<' && !u->quoted)
		u->angle = i < u->last_close;
	else if (c == '>' && !u->quoted)
		u->angle = false;
	else if (c == '=')
		u->value = true;
	else if (c == '+' && !u->angle)
		u->value = false;
}

/* The octets that decide what a plus is: " + < = > */
static bool is_telling(uint8_t c)
{
	return c <= '>' && (UINT64_C(1) << c & (UINT64_C(1) << '"' |
	    UINT64_C(1) << '+' | UINT64_C(1) << '<' | UINT64_C(1) << '=' |
	    UINT64_C(1) << '>'));
}

bool iis_unplus(struct slice raw, struct buffer *out)
{
	struct unplus u = { false, false, false, false, 0 };
	size_t from = out->len, i;
	bool doubtful = false;

	if (!buffer_append_slice(out, raw))
		return false;
	for (i = 0; i < raw.len; i++) {
		bool plus;

		if (!is_telling(raw.p[i]))
			continue;
		plus = raw.p[i] == '+' && is_plus(&u, raw, i);
		if (raw.p[i] == '+' && (plus || u.quoted))
			doubtful = true;
		if (plus)
			continue;
		track(&u, raw, i);
		if (raw.p[i] == '+')
			out->p[from + i] = ' ';
	}
	return doubtful;
}

struct slice iis_decode(struct buffer *b, struct slice raw,
    bool *doubtful_r)
{
	size_t i = 0;

	*doubtful_r = false;
	raw = iis_parse_text(raw);
	if (raw.len > 8 && !memchr(raw.p, '+', raw.len))
		return raw;
	while (i < raw.len && raw.p[i] != '+')
		i++;
	if (i == raw.len)
		return raw;
	buffer_clear(b);
	*doubtful_r = iis_unplus(raw, b);
	return buffer_slice(b);
}

bool iis_parse_long_number(struct slice s, int64_t *value_r)
{
	uint64_t value;

	if (!slice_to_u64(s, &value) || value > INT64_MAX)
		return false;
	*value_r = (int64_t)value;
	return true;
}

struct slice iis_take_line(struct slice *head)
{
	const uint8_t *lf = head->len ? memchr(head->p, '\n', head->len) :
	    NULL;
	struct slice line = slice_head(*head, lf ? (size_t)(lf - head->p) :
	    head->len);

	*head = slice_from(*head, line.len + 1);
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* --- what a row says ---------------------------------------------------- */

static bool has(const struct iis_row *row, enum iis_column c)
{
	return row->columns & SW_BIT(c);
}

static bool is_response(const struct iis_row *row)
{
	return slice_eq_nocase(row->user,
	    slice_str("OutboundConnectionResponse")) ||
	    (!has(row, IIS_USER) && row->method.len == 0);
}

/* Outbound rows have status 0; so that a client cannot say HELO
 * OutboundConnectionCommand.  Without users the status alone tells, but for
 * QUIT, whose status was 0 in 1997. */
static bool is_outbound(const struct iis_row *row)
{
	if (has(row, IIS_USER))
		return iis_user_is_outbound(row->user) && row->status <= 0;
	return row->status == 0 &&
	    !slice_eq_nocase(row->method, slice_str("QUIT"));
}

static bool is_code(int32_t status)
{
	return status >= 200 && status <= 599;
}

static bool is_positive(int32_t code)
{
	return code >= 200 && code < 300;
}

static bool is_hello(enum verb verb)
{
	return verb == VERB_HELO || verb == VERB_EHLO || verb == VERB_LHLO;
}

/* When what the row tells began, as far as it says so. */
static int64_t began(const struct iis_row *row)
{
	if (row->time == SW_NO_TIME || row->taken_ms < 0 ||
	    row->taken_ms > INT32_MAX)
		return row->time;
	return row->time - row->taken_ms * (NS_PER_S / 1000);
}

/* When the connection was opened: outbound rows count from there, inbound
 * QUIT rows hold the session's length. */
static int64_t opened(const struct iis_row *row, bool outbound,
    enum verb verb)
{
	int64_t ms = outbound ? row->taken_ms :
	    verb == VERB_QUIT ? row->win32 : SW_UNKNOWN;

	if (row->time == SW_NO_TIME || ms < 0 || ms > INT32_MAX)
		return SW_NO_TIME;
	return row->time - ms * (NS_PER_S / 1000);
}

static uint32_t work_out_records(const struct iis_row *row, bool outbound)
{
	static const struct {
		enum iis_column column;
		uint32_t inbound, outbound;
	} table[] = {
		{ IIS_TIME, SW_BIT(SW_RECORDS_TIMES),
		    SW_BIT(SW_RECORDS_TIMES) },
		{ IIS_CLIENT, SW_BIT(SW_RECORDS_CLIENT_ADDRESS),
		    SW_BIT(SW_RECORDS_SERVER_ADDRESS) },
		/* inbound rows have port 0, outbound ones no own address */
		{ IIS_SERVER, SW_BIT(SW_RECORDS_SERVER_ADDRESS), 0 },
		{ IIS_PORT, 0, SW_BIT(SW_RECORDS_SERVER_PORT) },
		{ IIS_METHOD, SW_BIT(SW_RECORDS_COMMAND),
		    SW_BIT(SW_RECORDS_COMMAND) },
		{ IIS_QUERY, SW_BIT(SW_RECORDS_ARGUMENT),
		    SW_BIT(SW_RECORDS_ARGUMENT) |
		    SW_BIT(SW_RECORDS_GREETING) |
		    SW_BIT(SW_RECORDS_REPLY_CODE) |
		    SW_BIT(SW_RECORDS_REPLY_TEXT) |
		    SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES) },
		{ IIS_STATUS, SW_BIT(SW_RECORDS_REPLY_CODE), 0 },
		{ IIS_RECEIVED, SW_BIT(SW_RECORDS_BODY_SIZE), 0 },
	};
	uint32_t all = 0;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (has(row, table[i].column))
			all |= outbound ? table[i].outbound :
			    table[i].inbound;
	return all;
}

/* The same for all rows of the same columns. */
static uint32_t records(struct iis_rows *r, const struct iis_row *row,
    bool outbound)
{
	struct iis_records *known = &r->records[outbound];

	if (!known->made || known->columns != row->columns) {
		known->made = true;
		known->columns = row->columns;
		known->records = work_out_records(row, outbound);
	}
	return known->records;
}

/* --- finding the session ------------------------------------------------ */

/* Does the session's user allow this row? */
static bool user_fits(struct log_session *s, const struct iis_row *row,
    enum verb verb)
{
	struct sw_bytes u = extra(s)->user;

	if (extra(s)->outbound || !has(row, IIS_USER) || !u.data)
		return true;
	if (slice_eq(slice_make(u.data, u.len), row->user))
		return true;
	/* The name changes with HELO: with the first, and with one after a
	 * refused one or after STARTTLS. */
	return is_hello(verb) && (u.len == 0 || s->hello_refused ||
	    s->secure_next);
}

/* How well the row suits: below 0 not at all. */
static int weigh(struct log_session *s, const struct iis_row *row,
    enum verb verb)
{
	int64_t at = opened(row, extra(s)->outbound, verb);
	int64_t since = extra(s)->opened, apart;
	int fit;

	if (!user_fits(s, row, verb))
		return -1;
	if (extra(s)->outbound && is_response(row))
		fit = log_session_outstanding(s) > 0 ? 2 : 1;
	else
		fit = log_session_fit(s, verb, row->status);
	if (at == SW_NO_TIME || since == SW_NO_TIME)
		return fit;
	apart = at > since ? at - since : since - at;
	return apart <= TIME_SLACK ? fit + TIME_WEIGHT : fit;
}

struct choice {
	struct log_session *best, *equal; /* equal: as good as the best */
	int weight;
	size_t count; /* sessions that were not out of the question */
};

static struct choice choose(struct log_session *s, const struct iis_row *row,
    enum verb verb)
{
	struct choice c = { NULL, NULL, -1, 0 };

	for (; s; s = s->same_next) {
		int weight = weigh(s, row, verb);

		if (weight < 0)
			continue;
		c.count++;
		if (weight > c.weight) {
			c.best = s;
			c.equal = NULL;
			c.weight = weight;
		} else if (weight == c.weight) {
			c.equal = s;
			if (s->last < c.best->last) {
				c.equal = c.best;
				c.best = s;
			}
		}
	}
	return c;
}

/* Sessions of this key that were silent too long are over. */
static enum sw_status end_idle(struct iis_rows *r, struct slice key,
    const struct iis_row *row, struct log_session **first_r)
{
	struct log_session *s = log_sessions_find(&r->sessions, key);
	int64_t at = began(row);
	enum sw_status status = SW_OK;
	bool ended = false;

	*first_r = s;
	while (s && status == SW_OK) {
		struct log_session *next = s->same_next;

		if (at != SW_NO_TIME && s->last_time != SW_NO_TIME &&
		    at - LIMIT_IDLE_NS > s->last_time) {
			status = log_sessions_end(&r->sessions, s,
			    SW_ENDING_IDLE);
			ended = true;
		}
		s = next;
	}
	if (ended)
		*first_r = log_sessions_find(&r->sessions, key);
	return status;
}

static struct slice key_of(struct iis_rows *r, const struct iis_row *row,
    bool outbound)
{
	buffer_clear(&r->key);
	buffer_append_char(&r->key, outbound ? 'o' : 'i');
	buffer_append_slice(&r->key, row->client);
	return buffer_slice(&r->key);
}

/* --- a session's plain facts -------------------------------------------- */

static struct slice nonempty(struct slice s)
{
	return s.len > 0 ? s : slice_make(NULL, 0);
}

static void describe(struct iis_rows *r, struct log_session *s,
    const struct iis_row *row, bool outbound)
{
	struct sw_session *out = session_get(s->b);
	struct sw_endpoint *peer = outbound ? &out->server : &out->client;
	struct sw_endpoint *own = outbound ? &out->client : &out->server;

	out->recorder = outbound ? SW_RECORDER_CLIENT : SW_RECORDER_SERVER;
	out->clock = row->clock;
	out->records = records(r, row, outbound);
	peer->ip = session_text(s->b, nonempty(row->client));
	own->ip = session_text(s->b, nonempty(row->server));
	if (row->port > 0)
		out->server.port = row->port;
	extra(s)->outbound = outbound;
	extra(s)->opened = row->time;
	extra(s)->sent = extra(s)->received = SW_UNKNOWN;
	s->start_seen = true;
	if (row->date_assumed)
		session_note(s->b, SW_NOTE_DATE_ASSUMED, 0,
		    row->line->number, row->line->number, "the rows hold no "
		    "date: it was taken from the log's own head or name");
}

static void no_start(struct log_session *s, const struct iis_row *row)
{
	s->start_seen = false;
	session_note(s->b, SW_NOTE_NO_START, 0, row->line->number,
	    row->line->number, "the session's first rows are not in this "
	    "log");
}

/* Does the first row of an inbound session show that others came before?
 * The user is the HELO argument, and without HELO nothing is accepted. */
static bool lacks_start(const struct iis_row *row, enum verb verb)
{
	if (is_hello(verb))
		return false;
	if (has(row, IIS_USER))
		return row->user.len > 0;
	return is_positive(row->status) && (verb == VERB_MAIL ||
	    verb == VERB_RCPT || verb == VERB_DATA);
}

static enum sw_status begin(struct iis_rows *r, const struct iis_row *row,
    bool outbound, struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&r->sessions,
	    buffer_slice(&r->key), row->line, row->time, s_r);

	if (status == SW_OK)
		describe(r, *s_r, row, outbound);
	return status;
}

/* The session that a row may go on with, in c_r->best. */
static enum sw_status find(struct iis_rows *r, const struct iis_row *row,
    bool outbound, enum verb verb, struct choice *c_r)
{
	struct slice key = key_of(r, row, outbound);
	struct log_session *first = NULL;
	enum sw_status status;

	if (r->key.failed)
		return SW_ENOMEM;
	status = end_idle(r, key, row, &first);
	if (status == SW_OK)
		*c_r = choose(first, row, verb);
	return status;
}

/* The row belongs to the session that was chosen. */
static struct log_session *go_on(struct iis_rows *r, const struct choice *c,
    const struct iis_row *row)
{
	struct log_session *s = c->best;

	if (c->equal) {
		log_session_ambiguous(s, row->line);
		log_session_ambiguous(c->equal, row->line);
	}
	log_sessions_touch(&r->sessions, s, row->line->number, row->time);
	session_get(s->b)->records &= records(r, row,
	    extra(s)->outbound);
	return s;
}

/*
 * The session of a row with a command.  A HELO that fits nowhere is that of
 * a new connection; another row that fits nowhere lacks one before it in the
 * log.  *new_r: it begins with this row.
 */
static enum sw_status session_of(struct iis_rows *r,
    const struct iis_row *row, bool outbound, enum verb verb,
    struct log_session **s_r, bool *new_r)
{
	struct choice c;
	enum sw_status status = find(r, row, outbound, verb, &c);

	if (status != SW_OK)
		return status;
	*new_r = !c.best || (c.weight == 0 && is_hello(verb));
	if (*new_r)
		return begin(r, row, outbound, s_r);
	*s_r = go_on(r, &c, row);
	return SW_OK;
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
	size_t len = 0;

	log_command_begin(c, log_span(row->line, row->time));

	c->known = session_verb(text, &len);
	if (len > 0 && len == text.len) { /* a verb alone, as is usual */
		c->verb = text;
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

static inline struct reply_in make_reply(const struct iis_row *row,
    int32_t code)
{
	struct reply_in r = { .by = SW_SERVER, .code = code,
		.octets = row->sent > 0 ? row->sent : SW_UNKNOWN,
		.flags = SW_BIT(SW_FLAG_CODE_ONLY),
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

/* HELO's reply and ids that the server made show how long its name is. */
static void learn_name(struct iis_rows *r, const struct iis_row *row,
    enum verb verb)
{
	int64_t len = 0;

	if (verb == VERB_HELO && row->status == 250 && row->client.len > 0 &&
	    row->sent > 0)
		len = row->sent - HELO_REPLY_LEN - (int64_t)row->client.len;
	if (verb == VERB_DATA && row->status == 250 && r->name_len == 0 &&
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
	log_session_whole_data(s, c, &reply, row->received > 0 ?
	    row->received : SW_UNKNOWN);
	if (row->query.len > 0 && is_id_of_client(row))
		log_session_message_id(s, skip_blanks(row->query));
}

/* A refused DATA: at once, or after its content?  cs-bytes holds the line's
 * octets or the content's. */
static bool has_content(const struct iis_row *row)
{
	return is_positive(row->status) || (is_code(row->status) &&
	    row->status >= 400 && row->received > DATA_LINE_MAX);
}

static void take_command(struct iis_rows *r, struct log_session *s,
    const struct iis_row *row, enum verb verb)
{
	bool data = verb == VERB_DATA;
	/* What stands in the query of these is no argument. */
	bool argument = !data && verb != VERB_QUIT;
	struct command_in c;
	struct reply_in reply = make_reply(row, row->status);

	make_command(r, row, argument, has(row, IIS_QUERY) && argument, &c);
	if (data && has_content(row)) {
		take_content(s, row, &c);
		return;
	}
	if (row->received > 0)
		c.octets = row->received + 2; /* its CR LF are not counted */
	if (argument)
		c.flags |= row->flags;
	if (row->query_doubtful && argument)
		c.flags |= SW_BIT(SW_FLAG_INFERRED);
	/* The row is written when the reply is known. */
	if (row->taken_ms >= 1000)
		c.span.time = c.span.end = SW_NO_TIME;
	log_session_command(s, &c);
	if (is_code(row->status))
		log_session_reply(s, &reply);
	else
		log_session_unanswered(s);
	s->content.of = 0; /* a 354 is never followed by a verdict's row */
}

/*
 * Was there a QUIT (RULES)?  Its reply is 221 and the server's name; a row
 * that the service made up bears the octets of the row before it.
 */
static bool is_true_quit(const struct iis_rows *r, struct log_session *s,
    const struct iis_row *row)
{
	const struct iis_session *x = extra(s);

	if (row->sent < 0)
		return false;
	if (r->name_len > 0)
		return row->sent == QUIT_REPLY_LEN + r->name_len;
	return row->sent > QUIT_REPLY_LEN &&
	    row->sent <= QUIT_REPLY_LEN + NAME_MAX_LEN &&
	    !(row->sent == x->sent && row->received == x->received);
}

static enum sw_status take_quit(struct iis_rows *r, struct log_session *s,
    const struct iis_row *row)
{
	struct event_span span = log_span(row->line, row->time);
	struct reply_in reply = make_reply(row, 221);
	struct command_in c;
	uint32_t n;

	make_command(r, row, false, true, &c);
	if (is_true_quit(r, s, row)) {
		if (row->received > 0)
			c.octets = row->received + 2;
		c.argument_known = row->received == 4;
		reply.flags |= SW_BIT(SW_FLAG_INFERRED);
		log_session_command(s, &c);
		log_session_reply(s, &reply);
		return log_sessions_end(&r->sessions, s, SW_ENDING_QUIT);
	}
	n = session_close(s->b, SW_CLIENT, SW_CLOSE_LOGGED, span);
	session_note(s->b, SW_NOTE_SYNTHETIC_QUIT, n, span.at_first,
	    span.at_last, has(row, IIS_SENT) ? "the octets of the row of "
	    "QUIT are not those of a reply to it: the client went away" :
	    "the row of QUIT is also written when the client goes away, and "
	    "the log holds no octets to tell them apart");
	return log_sessions_end(&r->sessions, s, has(row, IIS_SENT) ?
	    SW_ENDING_CLIENT_CLOSE : SW_ENDING_QUIT);
}

/* 240, or 0 in 1997. */
static bool is_quit_row(const struct iis_row *row, enum verb verb)
{
	return verb == VERB_QUIT && (row->status <= 0 || row->status == 240);
}

static void remember_user(struct log_session *s, const struct iis_row *row)
{
	struct iis_session *x = extra(s);
	struct sw_session *out = session_get(s->b);

	if (!has(row, IIS_USER) || (x->user.data && slice_eq(row->user,
	    slice_make(x->user.data, x->user.len))))
		return;
	x->user = session_text(s->b, slice_make(row->user.len ?
	    row->user.p : (const uint8_t *)"", row->user.len));
	if (!out->client.name.data)
		out->client.name = session_text(s->b, nonempty(row->user));
}

static enum sw_status take_inbound(struct iis_rows *r,
    const struct iis_row *row)
{
	struct log_session *s = NULL;
	size_t len;
	enum verb verb = session_verb(row->method, &len);
	bool is_new = false;
	enum sw_status status = session_of(r, row, false, verb, &s, &is_new);

	if (status != SW_OK)
		return status;
	if (is_new && lacks_start(row, verb))
		no_start(s, row);
	learn_name(r, row, verb);
	remember_user(s, row);
	if (is_quit_row(row, verb))
		return take_quit(r, s, row);
	if (has(row, IIS_METHOD)) {
		take_command(r, s, row, verb);
	} else if (is_code(row->status)) {
		struct reply_in reply = make_reply(row, row->status);

		session_reply(s->b, &reply);
	}
	extra(s)->sent = row->sent;
	extra(s)->received = row->received;
	if (s->phase == LOG_PHASE_QUIT)
		return log_sessions_end(&r->sessions, s, SW_ENDING_QUIT);
	return SW_OK;
}

/* --- outbound ----------------------------------------------------------- */

/* The connection's time of opening, told better by each row that tells it. */
static void note_opened(struct log_session *s, const struct iis_row *row)
{
	int64_t at = opened(row, true, VERB_NONE);

	if (at != SW_NO_TIME)
		extra(s)->opened = at;
}

static enum sw_status take_sent(struct iis_rows *r,
    const struct iis_row *row)
{
	struct log_session *s = NULL;
	struct command_in c;
	size_t len;
	enum verb verb = session_verb(row->method, &len);
	bool is_new = false;
	enum sw_status status = session_of(r, row, true, verb, &s, &is_new);

	if (status != SW_OK)
		return status;
	if (is_new)
		no_start(s, row); /* the greeting's row comes first */
	note_opened(s, row);
	make_command(r, row, true, has(row, IIS_QUERY), &c);
	c.flags |= row->flags;
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
		.line_count = has(row, IIS_QUERY) ? 1 : 0,
		.span = log_span(row->line, row->time) };

	*text = line->text;
	r.flags |= row->flags;
	if (line->more)
		r.flags |= SW_BIT(SW_FLAG_FIRST_LINE_ONLY);
	else if (row->sent > 0)
		r.octets = row->sent + 2;
	if (!has(row, IIS_QUERY))
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
	struct choice c;
	enum sw_status status = find(r, row, true, VERB_NONE, &c);

	if (status == SW_OK && is_greeting(c.best, line.code))
		status = begin(r, row, true, &s);
	else if (status == SW_OK)
		s = go_on(r, &c, row);
	if (status != SW_OK)
		return status;
	note_opened(s, row);
	log_session_reply(s, &reply);
	if (s->phase == LOG_PHASE_QUIT)
		return log_sessions_end(&r->sessions, s, SW_ENDING_QUIT);
	return SW_OK;
}

enum sw_status iis_rows_take(struct iis_rows *r, const struct iis_row *row)
{
	enum sw_status status = log_sessions_expire(&r->sessions, row->time);

	if (status != SW_OK)
		return status;
	if (!is_outbound(row))
		status = take_inbound(r, row);
	else if (is_response(row))
		status = take_received(r, row);
	else
		status = take_sent(r, row);
	return r->text.failed || r->key.failed ? SW_ENOMEM : status;
}
