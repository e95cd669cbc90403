/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exchange_connector.c - protocol logs of Exchange connectors, 2007 to 2019
 * and online
 *
 * Theory of operation.  A file is the log of all Receive or of all Send
 * connectors of one transport service, as #Log-type says.  Behind directives
 * stand rows of comma-separated values, one for each line of the dialogue,
 * in UTF-8; values are quoted only when they must be.  A sample, folded:
 *
 *   #Log-type: SMTP Receive Protocol Log
 *   #Fields: date-time,connector-id,session-id,sequence-number,
 *	local-endpoint,remote-endpoint,event,data,context
 *   2023-01-11T15:59:51.433Z,MX1\Default,08DAEC62278461AA,1,192.0.2.25:25,
 *	192.0.2.10:56026,>,"220 mx.example.com ready, waiting",
 *
 * Times are UTC.  The event is '+' for a connection that is there, '-' for
 * one that is over (the context says who ended it), '>' for what this
 * server sent, '<' for what it received, '*' for a remark; published copies
 * have lost the '*'.  The session id is unique, so rows are told apart by it
 * alone, also when the session goes on in the next file.
 *
 * The credentials of AUTH have no row, which a missing sequence number
 * shows; so does a row that was lost.  Of the content there is only what the
 * verdict says: "<id> [...] 11511 bytes in 0.102, ...".  Later builds tell an
 * EHLO reply in one row, "250", two blanks, its lines joined by a blank.
 */
#include "logs/families.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

enum column {
	COLUMN_TIME,
	COLUMN_CONNECTOR,
	COLUMN_SESSION,
	COLUMN_SEQUENCE,
	COLUMN_LOCAL,
	COLUMN_REMOTE,
	COLUMN_EVENT,
	COLUMN_DATA,
	COLUMN_CONTEXT,
	COLUMN_OTHER, /* not known, or the second of a name */
	COLUMN_COUNT
};

static const char *const column_names[] = {
	[COLUMN_TIME] = "date-time",
	[COLUMN_CONNECTOR] = "connector-id",
	[COLUMN_SESSION] = "session-id",
	[COLUMN_SEQUENCE] = "sequence-number",
	[COLUMN_LOCAL] = "local-endpoint",
	[COLUMN_REMOTE] = "remote-endpoint",
	[COLUMN_EVENT] = "event",
	[COLUMN_DATA] = "data",
	[COLUMN_CONTEXT] = "context",
};
_Static_assert(sizeof(column_names) / sizeof(column_names[0]) ==
    COLUMN_OTHER, "each column has a name");

/* What #Fields said. */
struct fields {
	size_t count;
	uint8_t column[LIMIT_LOG_COLUMNS];
	uint32_t known;
};

/* The values of one row; p NULL: no such column, or the row ends before. */
struct values {
	struct slice of[COLUMN_COUNT];
};

struct connector {
	struct log_sessions sessions;
	struct fields fields;
	bool type_known;
	enum sw_recorder type;  /* Receive: server, Send: client */
	int64_t day_ns;         /* start of the day ... */
	uint8_t day_text[10];   /* ... that stood in the row before */
	struct buffer key, text, unquoted[3];
};

/* Beside each session. */
struct remark {
	bool connected;       /* '+' was there */
	bool talked;          /* a line of the dialogue was */
	bool endpoints_told, records_told;
	int64_t sequence;     /* of the newest row, SW_UNKNOWN */
	uint64_t newest;      /* what that row said, hashed */
	struct sw_bytes id;   /* of the message that is to be sent */
};

static struct remark *extra(struct log_session *s)
{
	return (struct remark *)(void *)s->extra;
}

/* --- directives --------------------------------------------------------- */

static enum column column_of(struct slice name)
{
	unsigned i;

	for (i = 0; i < COLUMN_OTHER; i++)
		if (slice_eq_nocase(name, slice_str(column_names[i])))
			return (enum column)i;
	return COLUMN_OTHER;
}

static void parse_fields(struct fields *f, struct slice names)
{
	memset(f, 0, sizeof(*f));
	while (names.len > 0 && f->count < LIMIT_LOG_COLUMNS) {
		enum column c = column_of(slice_trim(log_take_until(&names,
		    ',')));

		if (f->known & SW_BIT(c))
			c = COLUMN_OTHER;
		f->known |= SW_BIT(c);
		f->column[f->count++] = (uint8_t)c;
	}
}

/* A file without its head has the columns that all versions write. */
static void usual_fields(struct fields *f)
{
	unsigned i;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < COLUMN_OTHER; i++) {
		f->column[f->count++] = (uint8_t)i;
		f->known |= SW_BIT(i);
	}
}

static bool is_directive(struct slice line, const char *name,
    struct slice *rest_r)
{
	if (!log_take_text(&line, name))
		return false;
	*rest_r = slice_trim(line);
	return true;
}

/* "SMTP Receive Protocol Log" */
static bool parse_type(struct slice text, enum sw_recorder *type_r)
{
	if (slice_has_prefix_nocase(text, slice_str("SMTP Receive")))
		*type_r = SW_RECORDER_SERVER;
	else if (slice_has_prefix_nocase(text, slice_str("SMTP Send")))
		*type_r = SW_RECORDER_CLIENT;
	else
		return false;
	return true;
}

/* RECV2023011116-1.LOG, SEND20100309-1.log */
static void take_name(struct connector *x)
{
	struct slice s = log_base_name(x->sessions.file_name);

	x->type_known = true;
	if (slice_has_prefix_nocase(s, slice_str("RECV")))
		x->type = SW_RECORDER_SERVER;
	else if (slice_has_prefix_nocase(s, slice_str("SEND")))
		x->type = SW_RECORDER_CLIENT;
	else
		x->type_known = false;
}

static void take_directive(struct connector *x, struct slice line)
{
	struct slice rest;

	if (is_directive(line, "#Fields:", &rest))
		parse_fields(&x->fields, rest);
	else if (is_directive(line, "#Log-type:", &rest))
		x->type_known = parse_type(rest, &x->type) || x->type_known;
}

/* --- values ------------------------------------------------------------- */

/* A quoted value, RFC 4180; *raw_r: with its quotes doubled. */
static bool take_quoted(struct slice *rest, struct slice *raw_r)
{
	struct slice s = slice_from(*rest, 1);
	size_t n = 0;

	for (;;) {
		const uint8_t *q = n < s.len ? memchr(s.p + n, '"',
		    s.len - n) : NULL;

		if (!q)
			return false;
		n = (size_t)(q - s.p) + 1;
		if (n < s.len && s.p[n] == '"')
			n++;
		else
			break;
	}
	if (n < s.len && s.p[n] != ',')
		return false;
	*raw_r = slice_head(s, n - 1);
	*rest = slice_from(s, n < s.len ? n + 1 : n);
	return true;
}

/* The usual row, in which nothing is quoted. */
static bool split_plain(const struct fields *f, struct slice line,
    struct values *v_r)
{
	struct log_ends ends;
	size_t i, count;

	if (!log_find_ends(line, ',', f->count - 1, &ends))
		return false;
	count = ends.count < f->count ? ends.count : f->count;
	for (i = 0; i < count; i++)
		v_r->of[f->column[i]] = log_value_at(line, &ends, i);
	return true;
}

/*
 * The values of a row.  A row may end before its last columns; what is more
 * than they hold goes to the last one.  A quote that is never closed is part
 * of its value (the row is cut, or was copied without care).
 */
static bool split(const struct fields *f, struct slice line,
    struct values *v_r)
{
	size_t i;

	memset(v_r, 0, sizeof(*v_r));
	if (f->count > 0 && !memchr(line.p, '"', line.len) &&
	    split_plain(f, line, v_r))
		return v_r->of[COLUMN_EVENT].p != NULL;
	for (i = 0; i < f->count; i++) {
		struct slice *v = &v_r->of[f->column[i]];

		if (line.len > 0 && line.p[0] == '"' &&
		    take_quoted(&line, v))
			continue;
		if (i + 1 == f->count)
			*v = line;
		else
			*v = log_take_until(&line, ',');
		if (line.len == 0)
			break;
	}
	return v_r->of[COLUMN_EVENT].p != NULL;
}

/* Doubled quotes are one. */
static struct slice undouble(struct buffer *b, struct slice s)
{
	size_t i;

	if (s.len == 0 || !memchr(s.p, '"', s.len))
		return s;
	buffer_clear(b);
	for (i = 0; i < s.len; i++) {
		buffer_append_char(b, (char)s.p[i]);
		if (s.p[i] == '"' && i + 1 < s.len && s.p[i + 1] == '"')
			i++;
	}
	return buffer_slice(b);
}

/* Over 99: they are none. */
static inline unsigned two_digits(const uint8_t *p)
{
	unsigned high = (unsigned)p[0] - '0', low = (unsigned)p[1] - '0';

	return high > 9 || low > 9 ? 100 : high * 10 + low;
}

/* "15:59:51.433Z", as all rows have it; false: it is written otherwise. */
static bool parse_usual_time(struct slice s, int64_t *ns_r)
{
	const uint8_t *p = s.p;
	unsigned h, m, sec, ms, last;

	if (s.len != sizeof("00:00:00.000Z") - 1 || p[2] != ':' ||
	    p[5] != ':' || p[8] != '.' || p[12] != 'Z')
		return false;
	h = two_digits(p);
	m = two_digits(p + 3);
	sec = two_digits(p + 6);
	ms = two_digits(p + 9);
	last = (unsigned)p[11] - '0';
	if (h > 23 || m > 59 || sec > 60 || ms > 99 || last > 9)
		return false;
	*ns_r = ((h * INT64_C(60) + m) * 60 + sec) * NS_PER_S +
	    (ms * 10 + last) * (NS_PER_S / 1000);
	return true;
}

/* "2023-01-11T15:59:51.433Z"; the day is worked out when it changes. */
static bool parse_time(struct connector *x, struct slice s, int64_t *time_r)
{
	struct slice day = slice_head(s, sizeof(x->day_text)), rest;
	bool zoned;
	int32_t offset;
	int64_t ns;

	if (day.len == sizeof(x->day_text) && x->day_ns != SW_NO_TIME &&
	    memcmp(day.p, x->day_text, day.len) == 0) {
		rest = slice_from(s, day.len + 1);
		if (s.len > day.len && s.p[day.len] == 'T' &&
		    parse_usual_time(rest, &ns)) {
			*time_r = clock_add(x->day_ns, ns);
			return true;
		}
		if (s.len <= day.len || (s.p[day.len] != 'T' &&
		    s.p[day.len] != ' ') || !log_take_time(&rest, &ns, NULL))
			return false;
		log_take_octet(&rest, 'Z');
		*time_r = clock_add(x->day_ns, ns);
		return rest.len == 0;
	}
	rest = s;
	if (!log_take_iso_time(&rest, time_r, &zoned, &offset, NULL) ||
	    rest.len > 0)
		return false;
	if (offset == 0) {
		struct civil c;

		memcpy(x->day_text, s.p, sizeof(x->day_text));
		rest = s;
		if (log_take_iso_date(&rest, &c))
			x->day_ns = log_make_time(&c, 0);
	}
	return true;
}

static int64_t parse_number(struct slice s)
{
	uint64_t value;

	if (!slice_to_u64(s, &value) || value > INT64_MAX)
		return SW_UNKNOWN;
	return (int64_t)value;
}

/* "192.0.2.10:25", "[2001:db8::10]:25"; *port_r stays when there is none. */
static struct slice parse_endpoint(struct slice s, int32_t *port_r)
{
	size_t n = s.len;
	uint64_t port;

	while (n > 0 && s.p[n - 1] != ':' && s.p[n - 1] != ']')
		n--;
	if (n > 0 && s.p[n - 1] == ':' &&
	    slice_to_u64(slice_from(s, n), &port) && port <= 65535) {
		*port_r = (int32_t)port;
		s.len = n - 1;
	}
	if (s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		s = slice_make(s.p + 1, s.len - 2);
	return s;
}

/* --- sessions ----------------------------------------------------------- */

static uint32_t records(const struct fields *f, bool server)
{
	uint32_t all = SW_BIT(SW_RECORDS_GREETING) |
	    SW_BIT(SW_RECORDS_COMMAND) | SW_BIT(SW_RECORDS_ARGUMENT) |
	    SW_BIT(SW_RECORDS_REPLY_CODE) | SW_BIT(SW_RECORDS_REPLY_TEXT) |
	    SW_BIT(SW_RECORDS_REPLY_LINES) |
	    SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES) |
	    SW_BIT(SW_RECORDS_CLOSE);
	uint32_t own = server ? SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) :
	    SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT);
	uint32_t peer = server ? SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT) :
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT);

	if (f->known & SW_BIT(COLUMN_TIME))
		all |= SW_BIT(SW_RECORDS_TIMES);
	if (f->known & SW_BIT(COLUMN_LOCAL))
		all |= own;
	if (f->known & SW_BIT(COLUMN_REMOTE))
		all |= peer;
	/* The size is that of this server's own verdict. */
	return server ? all | SW_BIT(SW_RECORDS_BODY_SIZE) : all;
}

static void tell_endpoint(struct log_session *s, struct sw_endpoint *e,
    struct slice text)
{
	if (text.len > 0 && !e->ip.data)
		e->ip = session_text(s->b, parse_endpoint(text, &e->port));
}

/* Which of the two is the client shows once it is known who wrote. */
static void tell_endpoints(const struct connector *x, struct log_session *s,
    const struct values *v)
{
	struct sw_session *out = session_get(s->b);
	bool server = out->recorder == SW_RECORDER_SERVER;

	if (!s->recorder_known || extra(s)->endpoints_told)
		return;
	if (!extra(s)->records_told)
		out->records = records(&x->fields, server);
	extra(s)->records_told = true;
	tell_endpoint(s, server ? &out->server : &out->client,
	    v->of[COLUMN_LOCAL]);
	tell_endpoint(s, server ? &out->client : &out->server,
	    v->of[COLUMN_REMOTE]);
	extra(s)->endpoints_told = out->server.ip.data && out->client.ip.data;
}

static void describe(struct connector *x, struct log_session *s)
{
	struct sw_session *out = session_get(s->b);

	out->clock.zone = SW_ZONE_NONE;
	out->clock.date = SW_DATE_NONE;
	if (x->fields.known & SW_BIT(COLUMN_TIME)) {
		out->clock.zone = SW_ZONE_UTC;
		out->clock.resolution_ns = log_resolution(3);
		out->clock.date = SW_DATE_GIVEN;
	}
	extra(s)->sequence = SW_UNKNOWN;
	if (x->type_known)
		log_session_recorder(s, x->type);
}

/* A session's first row: '+', a remark in front of it, the greeting. */
static bool is_start(const struct values *v, int64_t sequence)
{
	struct slice event = v->of[COLUMN_EVENT];

	return sequence == 0 || (event.len == 1 && event.p[0] == '+') ||
	    (sequence == 1 && slice_has_prefix_nocase(v->of[COLUMN_DATA],
	    slice_str("220")));
}

static struct slice key_of(struct connector *x, const struct values *v)
{
	if (v->of[COLUMN_SESSION].len > 0)
		return v->of[COLUMN_SESSION];
	buffer_clear(&x->key);
	buffer_append_slice(&x->key, v->of[COLUMN_LOCAL]);
	buffer_append_char(&x->key, ' ');
	buffer_append_slice(&x->key, v->of[COLUMN_REMOTE]);
	return buffer_slice(&x->key);
}

static enum sw_status begin(struct connector *x, struct slice key,
    const struct log_line *line, int64_t time, const struct values *v,
    struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&x->sessions, key, line,
	    time, s_r);

	if (status != SW_OK)
		return status;
	describe(x, *s_r);
	if (is_start(v, parse_number(v->of[COLUMN_SEQUENCE])))
		(*s_r)->start_seen = true;
	else
		log_session_no_start(*s_r, line);
	return SW_OK;
}

/* --- the order of rows -------------------------------------------------- */

static uint64_t hash_words(struct slice s)
{
	uint64_t h = s.len, word;
	size_t i;

	for (i = 0; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.p + i, sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	word = 0;
	if (i < s.len)
		memcpy(&word, s.p + i, s.len - i);
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/*
 * A number that comes again with the same words is the same row twice; with
 * others it is another row.
 */
static bool is_repeated(struct log_session *s, const struct values *v,
    int64_t sequence)
{
	struct remark *m = extra(s);
	uint64_t h = hash_words(v->of[COLUMN_DATA]) +
	    hash_words(v->of[COLUMN_CONTEXT]) +
	    hash_words(v->of[COLUMN_EVENT]);
	bool same = sequence != SW_UNKNOWN && sequence == m->sequence &&
	    h == m->newest;

	m->newest = h;
	return same;
}

/*
 * Numbers are missing in front of this row.  In AUTH they are those of the
 * client's lines.  Else, if a command follows one that awaits its reply, it
 * is most probably the reply that is missing.
 */
static uint32_t skip_missing(struct log_session *s, int64_t sequence,
    bool command)
{
	struct remark *m = extra(s);
	bool missing = m->sequence != SW_UNKNOWN &&
	    sequence > m->sequence + 1;

	if (sequence != SW_UNKNOWN)
		m->sequence = sequence;
	if (!missing || s->auth_open)
		return 0;
	if (command)
		log_talk_flush(s);
	if (command && log_session_outstanding(s) == 1)
		log_session_unanswered(s);
	return SW_BIT(SW_FLAG_AFTER_GAP);
}

/* --- what a row says ---------------------------------------------------- */

/* Find a number in front of this text: "11511 bytes in". */
static int64_t number_before(struct slice text, const char *what)
{
	size_t end = slice_find_nocase(text, slice_str(what)), n;

	if (end == text.len)
		return SW_UNKNOWN;
	n = end;
	while (n > 0 && ascii_is_digit(text.p[n - 1]))
		n--;
	return parse_number(slice_from(slice_head(text, end), n));
}

/* The "<id>" with which the text begins. */
static struct slice leading_id(struct slice text)
{
	const uint8_t *end = text.len > 2 && text.p[0] == '<' ?
	    memchr(text.p, '>', text.len) : NULL;

	return slice_head(text, end ? (size_t)(end - text.p) + 1 : 0);
}

static void tell_message_id(struct log_session *s, struct slice id)
{
	if (id.len > 0)
		log_session_message_id(s, id);
}

/* Of the verdict: "250 2.6.0 <id> [InternalId=1, ...] 11511 bytes in". */
static void tell_verdict(struct log_session *s, struct slice text)
{
	struct slice rest = slice_from(text, 4);

	if (slice_find_nocase(text, slice_str("[InternalId=")) == text.len)
		return;
	while (rest.len > 0 && rest.p[0] != '<' && (rest.p[0] == '.' ||
	    rest.p[0] == ' ' || ascii_is_digit(rest.p[0])))
		rest = slice_from(rest, 1);
	tell_message_id(s, leading_id(rest));
}

/* "<authentication response>": the log's own mask. */
static bool is_placeholder(struct slice text)
{
	return text.len > 2 && text.p[0] == '<' &&
	    text.p[text.len - 1] == '>' &&
	    slice_find_nocase(text, slice_str("authentication")) < text.len;
}

/* Words behind "Hello [address]", all capitals: lines of EHLO, joined by one
 * blank where a copy has lost the second. */
static bool has_keywords(struct slice text)
{
	size_t at = slice_find_nocase(text, slice_str("] ")), n = 0;
	struct slice rest = slice_from(text, at + 2);

	while (n < rest.len && (rest.p[n] == '-' || ascii_is_digit(rest.p[n])
	    || (rest.p[n] >= 'A' && rest.p[n] <= 'Z')))
		n++;
	return n > 2 && (n == rest.len || rest.p[n] == ' ');
}

/* Does this one row tell all lines of the reply to EHLO? */
static bool is_joined(const struct log_session *s, struct slice text)
{
	struct log_reply_line l = log_parse_reply_line(text);

	if (s->last_verb != VERB_EHLO || log_session_outstanding(s) != 1 ||
	    l.code != 250 || l.more || (s->reply && l.text.len == 0))
		return false;
	return (l.text.len > 0 && l.text.p[0] == ' ') ||
	    has_keywords(l.text);
}

/* "250", two blanks, the lines: as one line, without the second blank. */
static void say_joined(struct connector *x, struct log_session *s,
    struct log_said *said)
{
	struct slice rest = slice_from(said->text, 3);

	log_take_blanks(&rest);
	buffer_clear(&x->text);
	buffer_append_slice(&x->text, slice_head(said->text, 3));
	buffer_append_char(&x->text, ' ');
	buffer_append_slice(&x->text, rest);
	said->text = buffer_slice(&x->text);
	said->flags |= SW_BIT(SW_FLAG_JOINED);
	session_get(s->b)->records &= ~SW_BIT(SW_RECORDS_REPLY_LINES);
	log_say_server(s, said);
}

static void say_server(struct connector *x, struct log_session *s,
    struct log_said *said)
{
	struct log_reply_line l;
	struct remark *m = extra(s);
	bool verdict = log_content_due(s);

	if (is_joined(s, said->text)) {
		say_joined(x, s, said);
		return;
	}
	l = log_parse_reply_line(said->text);
	if (l.code == 334 && is_placeholder(l.text))
		said->flags |= SW_BIT(SW_FLAG_MASKED);
	if (l.code == 250)
		verdict |= s->last_verb == VERB_BDAT;
	if (verdict && l.code == 250)
		log_content_size(s, number_before(said->text, " bytes in"));
	log_say_server(s, said);
	if (m->id.data && s->phase != LOG_PHASE_START &&
	    s->phase != LOG_PHASE_READY) {
		tell_message_id(s, slice_make(m->id.data, m->id.len));
		m->id.data = NULL;
	}
	if (verdict && l.code == 250)
		tell_verdict(s, said->text);
}

static void say(struct connector *x, struct log_session *s, bool sent,
    struct log_said *said, const struct values *v)
{
	enum sw_role by = log_role(s, sent, said->text);

	extra(s)->talked = true;
	said->flags |= skip_missing(s, parse_number(v->of[COLUMN_SEQUENCE]),
	    by == SW_CLIENT);
	if (by == SW_SERVER) {
		say_server(x, s, said);
		return;
	}
	if (is_placeholder(said->text))
		said->flags |= SW_BIT(SW_FLAG_MASKED);
	log_say_client(s, said);
}

/* "TLS protocol SP_PROT_TLS1_2_SERVER negotiation succeeded ..." */
static void tell_tls(struct log_session *s, struct slice text)
{
	static const struct {
		const char *name, *version;
	} names[] = {
		{ "SSL3", "SSLv3" },
		{ "TLS1_0", "TLSv1" },
		{ "TLS1_1", "TLSv1.1" },
		{ "TLS1_2", "TLSv1.2" },
		{ "TLS1_3", "TLSv1.3" },
		{ "TLS1", "TLSv1" },
	};
	size_t i;

	if (!log_take_text(&text, "TLS protocol SP_PROT_") ||
	    !session_get(s->b)->encryption)
		return;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (log_take_text(&text, names[i].name)) {
			session_encryption(s->b)->version = session_text(
			    s->b, slice_str(names[i].version));
			return;
		}
}

/* "sending message with RecordId 7 and InternetMessageId <id>" */
static void keep_message_id(struct log_session *s, struct slice text)
{
	struct slice name = slice_str("InternetMessageId ");
	size_t at;
	struct slice id;

	if (!slice_has_prefix_nocase(text, slice_str("sending message")))
		return;
	at = slice_find_nocase(text, name);
	if (at == text.len)
		return;
	id = leading_id(slice_from(text, at + name.len));
	if (id.len > 0)
		extra(s)->id = session_text(s->b, id);
}

static bool is_failure(struct slice text)
{
	return slice_find_nocase(text, slice_str("Failed to connect")) <
	    text.len;
}

/* A remark; the connection may have come to nothing. */
static enum sw_status take_remark(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, const struct values *v)
{
	struct slice data = v->of[COLUMN_DATA];
	struct slice context = v->of[COLUMN_CONTEXT];

	buffer_clear(&x->text);
	buffer_append_slice(&x->text, context);
	if (context.len > 0 && data.len > 0)
		buffer_append_str(&x->text, ": ");
	buffer_append_slice(&x->text, data);
	skip_missing(s, parse_number(v->of[COLUMN_SEQUENCE]), false);
	if (!extra(s)->connected && !extra(s)->talked &&
	    is_failure(buffer_slice(&x->text)))
		/* WSAECONNREFUSED */
		return log_sessions_attempt(&x->sessions, s, line, time,
		    slice_find_nocase(buffer_slice(&x->text),
		    slice_str("10061")) < x->text.len);
	tell_tls(s, context);
	keep_message_id(s, buffer_slice(&x->text));
	log_say_note(s, line, time, buffer_slice(&x->text));
	return SW_OK;
}

/* The log says that it was broken off. */
static enum sw_status take_reset(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, enum sw_role by)
{
	enum sw_ending ending = by == SW_SERVER ? SW_ENDING_SERVER_RESET :
	    SW_ENDING_CLIENT_RESET;

	log_talk_flush(s);
	session_close(s->b, by, SW_CLOSE_RST, log_span(line, time));
	if (session_has_quit(s->b, by == SW_SERVER))
		ending = SW_ENDING_QUIT;
	return log_sessions_end(&x->sessions, s, ending);
}

static enum sw_status take_close(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, struct slice context)
{
	bool server = session_get(s->b)->recorder == SW_RECORDER_SERVER;
	enum sw_role own = server ? SW_SERVER : SW_CLIENT;
	enum sw_role peer = server ? SW_CLIENT : SW_SERVER;
	enum sw_role by = SW_NOBODY;

	if (slice_has_prefix_nocase(context, slice_str("Local")))
		by = own;
	else if (slice_has_prefix_nocase(context, slice_str("Remote")))
		by = peer;
	else if (context.len > 0)
		log_say_note(s, line, time, context);
	if (slice_find_nocase(context, slice_str("ConnectionReset")) <
	    context.len)
		return take_reset(x, s, line, time, by);
	return log_session_close(&x->sessions, s, line, time, by);
}

/* --- rows --------------------------------------------------------------- */

static enum sw_status take_event(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, const struct values *v)
{
	struct log_said said = log_said(line, time, v->of[COLUMN_DATA]);
	struct slice event = v->of[COLUMN_EVENT];
	uint8_t kind = event.len ? event.p[0] : '*';

	switch (kind) {
	case '+':
		extra(s)->connected = true;
		skip_missing(s, parse_number(v->of[COLUMN_SEQUENCE]), false);
		log_session_connect(s, line, time, SW_CLIENT);
		return SW_OK;
	case '-':
		return take_close(x, s, line, time, v->of[COLUMN_CONTEXT]);
	case '<':
	case '>':
		say(x, s, kind == '>', &said, v);
		tell_endpoints(x, s, v);
		return SW_OK;
	}
	return take_remark(x, s, line, time, v);
}

static bool is_event(struct slice s)
{
	return s.len == 0 || (s.len == 1 && memchr("+-<>*", s.p[0], 5));
}

static bool parse_row(struct connector *x, const struct log_line *line,
    struct values *v, int64_t *time_r)
{
	static const enum column texts[] = { COLUMN_DATA, COLUMN_CONTEXT,
		COLUMN_CONNECTOR };
	size_t i;

	if (x->fields.count == 0)
		usual_fields(&x->fields);
	if (!split(&x->fields, line->text, v) ||
	    !is_event(v->of[COLUMN_EVENT]))
		return false;
	*time_r = SW_NO_TIME;
	if ((x->fields.known & SW_BIT(COLUMN_TIME)) &&
	    !parse_time(x, v->of[COLUMN_TIME], time_r))
		return false;
	/* An empty event and nothing said: cut behind the endpoints. */
	if (v->of[COLUMN_EVENT].len == 0 && v->of[COLUMN_DATA].len == 0 &&
	    v->of[COLUMN_CONTEXT].len == 0)
		return false;
	for (i = 0; i < 3; i++)
		v->of[texts[i]] = undouble(&x->unquoted[i], v->of[texts[i]]);
	return true;
}

static enum sw_status take_row(struct connector *x,
    const struct log_line *line, const struct values *v, int64_t time)
{
	enum sw_status status = log_sessions_expire(&x->sessions, time);
	struct slice key = key_of(x, v);
	struct log_session *s = log_sessions_find(&x->sessions, key);
	bool plus = v->of[COLUMN_EVENT].len && v->of[COLUMN_EVENT].p[0] == '+';

	if (status == SW_OK && s && plus && extra(s)->connected) {
		status = log_sessions_end(&x->sessions, s,
		    SW_ENDING_INPUT_ENDED);
		s = NULL;
	}
	if (status != SW_OK)
		return status;
	if (s)
		log_sessions_touch(&x->sessions, s, line->number, time);
	else
		status = begin(x, key, line, time, v, &s);
	if (status != SW_OK || is_repeated(s, v,
	    parse_number(v->of[COLUMN_SEQUENCE])))
		return status;
	tell_endpoints(x, s, v);
	return take_event(x, s, line, time, v);
}

/* --- the family --------------------------------------------------------- */

/* Is this a row of the usual columns? */
static bool is_usual_row(struct slice line)
{
	struct fields f;
	struct values v;
	int64_t time;
	int32_t offset;
	bool zoned;

	usual_fields(&f);
	return split(&f, line, &v) && is_event(v.of[COLUMN_EVENT]) &&
	    v.of[COLUMN_SESSION].len == 16 &&
	    parse_number(v.of[COLUMN_SEQUENCE]) != SW_UNKNOWN &&
	    log_take_iso_time(&v.of[COLUMN_TIME], &time, &zoned, &offset,
	    NULL) && zoned;
}

/* Logs of the POP3 and IMAP4 services have the same columns. */
static bool probe(struct slice head)
{
	bool type = false, fields = false, row = false;

	while (head.len > 0) {
		struct slice line = slice_trim(log_head_line(&head)), rest;
		enum sw_recorder ignored;
		struct fields f;

		if (is_directive(line, "#Log-type:", &rest)) {
			if (!parse_type(rest, &ignored))
				return false;
			type = true;
		} else if (is_directive(line, "#Fields:", &rest)) {
			parse_fields(&f, rest);
			fields |= (f.known & SW_BIT(COLUMN_EVENT)) &&
			    (f.known & SW_BIT(COLUMN_DATA)) &&
			    (f.known & SW_BIT(COLUMN_SESSION));
		} else if (line.len > 0 && line.p[0] != '#') {
			row |= is_usual_row(line);
		}
		if ((type && fields) || (row && head.len == 0))
			return true;
	}
	return type || fields || row;
}

static void close_log(void *state)
{
	struct connector *x = state;
	size_t i;

	buffer_fini(&x->key);
	buffer_fini(&x->text);
	for (i = 0; i < 3; i++)
		buffer_fini(&x->unquoted[i]);
}

static enum sw_status open_log(void *state)
{
	struct connector *x = state;
	size_t i;

	x->day_ns = SW_NO_TIME;
	buffer_init(&x->key, 2 * LIMIT_LINE);
	buffer_init(&x->text, 2 * LIMIT_LINE);
	for (i = 0; i < 3; i++)
		buffer_init(&x->unquoted[i], LIMIT_LINE);
	return SW_OK;
}

static bool out_of_memory(const struct connector *x)
{
	return x->key.failed || x->text.failed || x->unquoted[0].failed ||
	    x->unquoted[1].failed || x->unquoted[2].failed;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct connector *x = state;
	struct values v;
	int64_t time;

	if (line->text.len == 0)
		return SW_OK;
	if (line->text.p[0] == '#') {
		take_directive(x, line->text);
		return SW_OK;
	}
	if (!parse_row(x, line, &v, &time)) {
		log_not_understood(&x->sessions, line);
		return SW_OK;
	}
	if (out_of_memory(x))
		return SW_ENOMEM;
	return take_row(x, line, &v, time);
}

/* What the next file holds it says itself. */
static void begin_file(void *state)
{
	struct connector *x = state;

	memset(&x->fields, 0, sizeof(x->fields));
	take_name(x);
}

const struct log_format log_exchange_connector = {
	.name = "exchange-connector",
	.title = "Exchange 2007 and later, Receive and Send connectors",
	.times = "UTC, 1 ms",
	.records = SW_RECORDS_ALL & ~SW_BIT(SW_RECORDS_BODY),
	.state_size = sizeof(struct connector),
	.session_size = sizeof(struct remark),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.file = begin_file,
	.line = take_line,
	.close = close_log,
};
