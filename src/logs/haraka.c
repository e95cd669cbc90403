/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haraka.c - logs of Haraka at level PROTOCOL or DATA, in its three formats
 *
 * Theory of operation.  In front of each line may stand its time in UTC.
 *
 *   default  [PROTOCOL] [5F6A...-B1.2] [core] C: QUIT state=1
 *   logfmt   level=PROTOCOL uuid=5F6A...-B1.2 origin=core
 *		message="C: QUIT" state=1
 *   json     {"level":"PROTOCOL","uuid":"5F6A...-B1.2","origin":"core",
 *		"message":"C: QUIT","state":1}
 *
 * "C:" and "S:" are client and server.  A session is that of a uuid; the
 * number behind its dot is the transaction's.  Origin "core" is Haraka as
 * server; any other ("outbound", a plugin that forwards) as client, where
 * the whole uuid and the origin name the session.
 *
 *   connect ip=192.0.2.1 port=1 local_ip=192.0.2.25 local_port=25
 *   disconnect ip=192.0.2.1 ...
 *   message mid=<1@example.org> size=69 ...   octets of the content as they
 *					       were sent, final dot included
 *    delivered ... ip=198.51.100.7 port=25 ...
 *
 * are the lines that tell more.  The answer to an outgoing QUIT is never
 * logged, so such a session ends with it.
 *
 * Ends of lines: the default format writes a CR as backslash and r, and drops
 * a last LF; at level PROTOCOL an LF is backslash and n.  The others escape
 * quotes and backslashes too, so there they are certain.
 *
 * Content (level DATA): incoming, one line a row, the final dot too; outgoing
 * a row holds as much as was sent at once, its further lines bare behind it,
 * with CR LF always, and a row that does not end so goes on in the next.
 */
#include "logs/families.h"
#include "logs/haraka_rows.h"
#include "logs/probe.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

/* Behind each log_session. */
struct extra {
	bool outgoing;
	bool within; /* the content so far ended within a line */
};

#define KEY_MAX 200

struct haraka {
	struct log_sessions sessions;
	struct buffer text;     /* a message without its escapes */
	struct buffer id;
	/* the row of content that bare lines go on with */
	bool block;
	enum haraka_mode block_mode;
	int64_t block_time;
	uint8_t block_key[KEY_MAX];
	size_t block_key_len;
};

static struct extra *extra(struct log_session *s)
{
	return (struct extra *)(void *)s->extra;
}

/* " state=1" behind a client's line. */
static struct slice drop_state(struct slice s)
{
	size_t n = s.len;

	while (n > 0 && ascii_is_digit(s.p[n - 1]))
		n--;
	if (n < s.len && haraka_has_suffix(slice_head(s, n), " state="))
		s.len = n - 7;
	return s;
}

/* --- sessions ----------------------------------------------------------- */

static bool is_outgoing(const struct haraka_row *row)
{
	return !slice_eq(row->of[HARAKA_ORIGIN], slice_str("core"));
}

static struct slice key_of(const struct haraka_row *row, uint8_t key[KEY_MAX])
{
	struct slice uuid = slice_head(row->of[HARAKA_UUID], 100);
	struct slice origin = slice_head(row->of[HARAKA_ORIGIN], 90);
	size_t n = 0;

	if (!is_outgoing(row)) {
		while (n < uuid.len && uuid.p[n] != '.')
			n++;
		uuid.len = n;
		origin.len = 0;
	}
	key[0] = (uint8_t)uuid.len;
	if (uuid.len > 0)
		memcpy(key + 1, uuid.p, uuid.len);
	if (origin.len > 0)
		memcpy(key + 1 + uuid.len, origin.p, origin.len);
	return slice_make(key, 1 + uuid.len + origin.len);
}

static void describe(struct log_session *s, const struct haraka_row *row)
{
	struct sw_session *out = session_get(s->b);

	out->clock.zone = SW_ZONE_NONE;
	out->clock.date = SW_DATE_NONE;
	out->records = LOG_RECORDS_TALK;
	if (row->time != SW_NO_TIME) {
		out->clock = (struct sw_clock){ SW_ZONE_UTC, 0,
			NS_PER_S / 1000, SW_DATE_GIVEN };
		out->records |= SW_BIT(SW_RECORDS_TIMES);
	}
	extra(s)->outgoing = is_outgoing(row);
	log_session_recorder(s, extra(s)->outgoing ? SW_RECORDER_CLIENT :
	    SW_RECORDER_SERVER);
}

static enum sw_status begin(struct haraka *h, const struct log_line *line,
    const struct haraka_row *row, struct log_session **s_r)
{
	uint8_t key[KEY_MAX];
	enum sw_status status = log_sessions_begin(&h->sessions,
	    key_of(row, key), line, row->time, s_r);

	if (status == SW_OK)
		describe(*s_r, row);
	return status;
}

static void put_endpoint(struct log_session *s, struct sw_endpoint *to,
    struct slice ip, struct slice port, enum sw_record address,
    enum sw_record number)
{
	struct sw_session *out = session_get(s->b);
	uint64_t value;

	if (ip.len > 0) {
		to->ip = session_text(s->b, ip);
		out->records |= SW_BIT(address);
	}
	if (slice_to_u64(port, &value) && value <= 65535) {
		to->port = (int32_t)value;
		out->records |= SW_BIT(number);
	}
}

static void put_server(struct log_session *s, struct slice ip,
    struct slice port)
{
	put_endpoint(s, &session_get(s->b)->server, ip, port,
	    SW_RECORDS_SERVER_ADDRESS, SW_RECORDS_SERVER_PORT);
}

/* --- content ------------------------------------------------------------ */

/* A piece without an end of line, or the end of a line begun before. */
static void content_within(struct log_session *s,
    const struct log_said *said, struct slice piece, const char *end)
{
	struct log_said one = *said;

	one.text = piece;
	log_content_octets(s, &one, piece);
	log_content_octets(s, &one, slice_str(end));
	extra(s)->within = *end == '\0' && (extra(s)->within ||
	    piece.len > 0);
}

/* A line of content and how it ends: "\r\n", "\n" or "". */
static void content_line(struct log_session *s, const struct log_said *said,
    struct slice line, const char *end)
{
	struct log_said one = *said;

	one.text = line;
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE);
	if (!extra(s)->within && *end)
		log_content_line(s, &one, true, *end == '\r');
	else if (!extra(s)->within && line.len > 0 && line.p[0] == '.')
		content_within(s, said, slice_from(line, 1), end);
	else
		content_within(s, said, line, end);
}

/* Octets with their ends of lines among them. */
static void content_octets(struct log_session *s,
    const struct log_said *said, struct slice octets)
{
	while (octets.len > 0) {
		const uint8_t *lf = memchr(octets.p, '\n', octets.len);
		struct slice line = slice_head(octets, lf ?
		    (size_t)(lf - octets.p) : octets.len);
		bool crlf = lf && line.len > 0 &&
		    line.p[line.len - 1] == '\r';

		octets = slice_from(octets, line.len + 1);
		if (crlf)
			line.len--;
		content_line(s, said, line, crlf ? "\r\n" : lf ? "\n" : "");
	}
}

/* A line of the default format, whose last LF is not told. */
static void content_default(struct log_session *s,
    const struct log_said *said, struct slice line)
{
	if (haraka_has_suffix(line, "\\r"))
		content_line(s, said, slice_head(line, line.len - 2), "\r\n");
	else
		content_line(s, said, line, extra(s)->outgoing ? "" : "\n");
}

static void remember_block(struct haraka *h, const struct haraka_row *row)
{
	h->block = true;
	h->block_mode = row->mode;
	h->block_time = row->time;
	h->block_key_len = key_of(row, h->block_key).len;
}

/* "C: body", of level DATA */
static void take_content(struct haraka *h, struct log_session *s,
    const struct log_line *line, const struct haraka_row *row)
{
	struct log_said said = log_said(line, row->time, line->text);
	struct slice raw = row->of[HARAKA_MESSAGE];

	if (!log_take_text(&raw, "C: ") || !log_content_due(s))
		return;
	if (row->mode == HARAKA_DEFAULT) {
		content_default(s, &said, raw);
		if (extra(s)->outgoing)
			remember_block(h, row);
		return;
	}
	haraka_decode(&h->text, raw);
	if (row->open) {
		buffer_append_char(&h->text, '\n');
		remember_block(h, row);
	}
	content_octets(s, &said, buffer_slice(&h->text));
}

/* A line that goes on with the row in front of it. */
static bool take_bare(struct haraka *h, const struct log_line *line)
{
	struct log_said said = log_said(line, h->block_time, line->text);
	struct slice rest = line->text, text;
	struct log_session *s;
	bool last;

	if (!h->block)
		return false;
	s = log_sessions_find(&h->sessions, slice_make(h->block_key,
	    h->block_key_len));
	if (h->block_mode == HARAKA_DEFAULT) {
		if (!s || !log_content_due(s))
			return false;
		log_sessions_touch(&h->sessions, s, line->number,
		    h->block_time);
		content_default(s, &said, line->text);
		return true;
	}
	last = haraka_take_string(&rest, &text);
	h->block = !last;
	if (!s || !log_content_due(s))
		return true;
	log_sessions_touch(&h->sessions, s, line->number, h->block_time);
	haraka_decode(&h->text, last ? text : line->text);
	if (!last)
		buffer_append_char(&h->text, '\n');
	content_octets(s, &said, buffer_slice(&h->text));
	return true;
}

/* --- the dialogue ------------------------------------------------------- */

static bool is_greeting(struct slice said, enum sw_role role)
{
	return role == SW_SERVER &&
	    log_is_greeting(log_parse_reply_line(said).code);
}

/* Outgoing: "." alone ends the content, which is told at level DATA only. */
static void take_dot(struct log_session *s, const struct log_said *said)
{
	bool told = session_get(s->b)->records & SW_BIT(SW_RECORDS_BODY);

	extra(s)->within = false;
	if (told)
		log_content_end(s, said, SW_UNKNOWN);
	else
		log_content_passed(s, said, SW_UNKNOWN, SW_UNKNOWN);
}

static enum sw_status say(struct haraka *h, struct log_session *s,
    const struct log_line *line, const struct haraka_row *row,
    struct slice text, enum sw_role role)
{
	struct log_said said = log_said(line, row->time, text);
	size_t len;

	if (role == SW_SERVER) {
		log_say_server(s, &said);
		return log_sessions_linger(&h->sessions, s);
	}
	if (extra(s)->outgoing && log_content_due(s) && text.len == 1 &&
	    text.p[0] == '.') {
		take_dot(s, &said);
		return SW_OK;
	}
	extra(s)->within = false;
	log_say_client(s, &said);
	if (!extra(s)->outgoing || session_verb(text, &len) != VERB_QUIT)
		return SW_OK;
	/* its answer is not logged */
	return log_sessions_end_before(&h->sessions, s);
}

static enum sw_status take_said(struct haraka *h, struct log_session *s,
    const struct log_line *line, const struct haraka_row *row,
    struct slice text, enum sw_role role)
{
	enum sw_status status = SW_OK;
	bool greeting = is_greeting(text, role);

	if (s && (log_session_over(s) || (extra(s)->outgoing && greeting &&
	    log_parse_reply_line(text).code == 220 && !log_content_due(s) &&
	    s->last_code != SW_UNKNOWN &&
	    log_session_outstanding(s) == 0))) {
		status = log_sessions_end_before(&h->sessions, s);
		s = NULL;
	}
	if (!s && is_outgoing(row) && log_parse_reply_line(text).code == 221)
		return status; /* to a QUIT that ended it */
	if (!s && status == SW_OK) {
		status = begin(h, line, row, &s);
		if (status == SW_OK)
			log_session_first(s, line, greeting);
	}
	if (status != SW_OK)
		return status;
	log_sessions_touch(&h->sessions, s, line->number, row->time);
	return say(h, s, line, row, text, role);
}

static enum sw_status take_connect(struct haraka *h, struct log_session *s,
    const struct log_line *line, const struct haraka_row *row)
{
	enum sw_status status = s ? log_sessions_end_before(&h->sessions, s) :
	    SW_OK;

	if (status == SW_OK)
		status = begin(h, line, row, &s);
	if (status != SW_OK)
		return status;
	put_endpoint(s, &session_get(s->b)->client, row->of[HARAKA_IP],
	    row->of[HARAKA_PORT], SW_RECORDS_CLIENT_ADDRESS,
	    SW_RECORDS_CLIENT_PORT);
	put_server(s, row->of[HARAKA_LOCAL_IP], row->of[HARAKA_LOCAL_PORT]);
	log_session_connect(s, line, row->time, SW_CLIENT);
	return SW_OK;
}

/* "message mid=<1@example.org> size=69": what has passed. */
static void take_message(struct haraka *h, struct log_session *s,
    const struct log_line *line, const struct haraka_row *row)
{
	struct log_said said = log_said(line, row->time, line->text);
	struct slice id = row->mode == HARAKA_DEFAULT ? row->of[HARAKA_MID] :
	    haraka_decode(&h->id, row->of[HARAKA_MID]);
	uint64_t wire;

	if (!log_content_due(s))
		return; /* its lines were told */
	if (!slice_to_u64(row->of[HARAKA_SIZE], &wire) || wire > INT64_MAX)
		return;
	/* dots that were doubled are counted twice: the size is not known */
	log_content_passed(s, &said, SW_UNKNOWN, (int64_t)wire);
	if (id.len > 0)
		log_session_message_id(s, id);
}

static bool begins_with(struct slice text, const char *word)
{
	return log_take_text(&text, word) && (text.len == 0 ||
	    text.p[0] == ' ');
}

/* Lines for the reader; those that only repeat the dialogue are not. */
static bool is_note(const struct haraka_row *row, struct slice text)
{
	static const char *const known[] = { "sender", "recipient", "queue",
		"message" };
	size_t i;

	if (row->level < HARAKA_LEVEL_NOTICE)
		return false;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (begins_with(text, known[i]))
			return false;
	return true;
}

/* The value in which the log ends may lack its end. */
static void drop_cut(struct haraka_row *row, const struct log_line *line)
{
	unsigned i;

	for (i = HARAKA_IP; i < HARAKA_COUNT && log_line_is_cut(line); i++)
		if (row->of[i].p && row->of[i].p + row->of[i].len ==
		    line->text.p + line->text.len)
			row->of[i] = slice_make(NULL, 0);
}

static enum sw_status take_other(struct haraka *h, struct log_session *s,
    const struct log_line *line, struct haraka_row *row, struct slice text)
{
	/* The default format has the fields behind the words. */
	if (row->mode == HARAKA_DEFAULT)
		haraka_take_pairs(row, text);
	drop_cut(row, line);
	text = slice_trim(text);
	if (!is_outgoing(row) && begins_with(text, "connect"))
		return take_connect(h, s, line, row);
	if (!s)
		return SW_OK;
	/* the word is no part of the message in logfmt and JSON */
	if (extra(s)->outgoing && row->level == HARAKA_LEVEL_NOTICE &&
	    (text.len == 0 || begins_with(text, "delivered")))
		put_server(s, row->of[HARAKA_IP], row->of[HARAKA_PORT]);
	if (begins_with(text, "message"))
		take_message(h, s, line, row);
	if (!extra(s)->outgoing && begins_with(text, "disconnect")) {
		log_sessions_touch(&h->sessions, s, line->number, row->time);
		session_get(s->b)->records |= SW_BIT(SW_RECORDS_CLOSE);
		return log_session_close(&h->sessions, s, line, row->time,
		    SW_NOBODY);
	}
	if (text.len == 0 || !is_note(row, text))
		return SW_OK;
	log_sessions_touch(&h->sessions, s, line->number, row->time);
	log_say_note(s, line, row->time, text);
	return SW_OK;
}

static enum sw_status take_row(struct haraka *h, const struct log_line *line,
    struct haraka_row *row)
{
	uint8_t key[KEY_MAX];
	struct log_session *s = log_sessions_find(&h->sessions,
	    key_of(row, key));
	struct slice text;
	enum sw_role role;

	if (row->level == HARAKA_LEVEL_DATA) {
		if (s) {
			log_sessions_touch(&h->sessions, s, line->number,
			    row->time);
			take_content(h, s, line, row);
		}
		return SW_OK;
	}
	text = haraka_plain(&h->text, row);
	if (row->level != HARAKA_LEVEL_PROTOCOL ||
	    !haraka_take_role(&text, &role))
		return take_other(h, s, line, row, text);
	if (row->mode == HARAKA_DEFAULT && role == SW_CLIENT &&
	    !is_outgoing(row))
		text = drop_state(text);
	if (slice_has_prefix_nocase(text, slice_str("(after-disconnect)")))
		return SW_OK;
	return take_said(h, s, line, row, text, role);
}

/* --- the family --------------------------------------------------------- */

/* What Haraka writes before its logger is ready. */
static bool is_chatter(struct slice line)
{
	static const char *const known[] = { "loglevel: ", "log format: ",
		"Starting up Haraka", "loaded TLD", "loaded Public",
		"Using iconv" };
	size_t i;

	haraka_take_time(&line);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_has_prefix_nocase(line, slice_str(known[i])))
			return true;
	return false;
}

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };
	bool block = false;

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		enum sw_role role;
		struct haraka_row row;

		if (haraka_parse_row(line, &row)) {
			block = row.level == HARAKA_LEVEL_DATA;
			log_tally_row(&t, row.level <= HARAKA_LEVEL_PROTOCOL &&
			    haraka_take_role(&row.of[HARAKA_MESSAGE], &role));
		} else if (!block && line.len > 0 && !is_chatter(line)) {
			log_tally_other(&t);
		}
	}
	return log_tally_judge(&t, NULL);
}

static void close_log(void *state)
{
	struct haraka *h = state;

	buffer_fini(&h->text);
	buffer_fini(&h->id);
}

static enum sw_status open_log(void *state)
{
	struct haraka *h = state;

	buffer_init(&h->text, 2 * LIMIT_LINE);
	buffer_init(&h->id, 2 * LIMIT_LINE);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct haraka *h = state;
	enum sw_status status;
	struct haraka_row row;

	if (!haraka_parse_row(line->text, &row)) {
		if (!take_bare(h, line) && line->text.len > 0 &&
		    !is_chatter(line->text))
			log_not_understood(&h->sessions, line);
		return h->text.failed ? SW_ENOMEM : SW_OK;
	}
	h->block = false;
	status = log_sessions_expire(&h->sessions, row.time);
	if (status == SW_OK)
		status = take_row(h, line, &row);
	return h->text.failed || h->id.failed ? SW_ENOMEM : status;
}

static void begin_file(void *state)
{
	struct haraka *h = state;

	h->block = false;
}

const struct log_format log_haraka = {
	.name = "haraka",
	.title = "Haraka log at level PROTOCOL or DATA",
	.times = "none, or UTC, 1 ms",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLIENT_PORT) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) | LOG_RECORDS_TALK |
	    SW_BIT(SW_RECORDS_BODY) | SW_BIT(SW_RECORDS_BODY_SIZE) |
	    SW_BIT(SW_RECORDS_CLOSE) | SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct haraka),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.file = begin_file,
	.line = take_line,
	.close = close_log,
};
