/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mailenable.c - activity logs of MailEnable's SMTP service
 *
 * Theory of operation.  One row is a command and its reply.  Columns with a
 * tab between them:
 *
 *   1  MM/DD/YY HH:MM:SS, local    7  the command's line
 *   2  SMTP-IN or SMTP-OU          8  the reply, its first line only
 *   3  id of the message, .MAI     9  octets sent
 *   4  socket                     10  octets received
 *   5  the other host's address   11  user, once logged in
 *   6  verb
 *
 * The greeting's row has no command.  Octets count the ends of lines, and
 * those of a reply all its lines: in incoming rows "sent" is the reply's, in
 * outgoing ones the command's.  What AUTH sent is "{blank}".
 *
 * A session is that of a direction and a socket, whose number is used again:
 * it begins with a greeting and ends behind QUIT, or where the socket's
 * address changes.  Content is never logged; behind the row with
 * the 354 the next one without another command is the verdict; a row with
 * one shows that this log has none.
 */
#include "logs/families.h"
#include "logs/probe.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

enum column {
	COLUMN_TIME,
	COLUMN_TYPE,
	COLUMN_ID,
	COLUMN_SOCKET,
	COLUMN_IP,
	COLUMN_VERB,
	COLUMN_LINE,
	COLUMN_REPLY,
	COLUMN_SENT,
	COLUMN_RECEIVED,
	COLUMN_USER,
	COLUMN_COUNT
};

struct row {
	struct slice of[COLUMN_COUNT];
	bool outgoing;
	int64_t time; /* as it stands */
	int64_t sent, received; /* SW_UNKNOWN */
	enum column last; /* that it has */
};

struct mailenable {
	struct log_sessions sessions;
};

/* --- rows --------------------------------------------------------------- */

static bool parse_time(struct slice s, enum log_date_order order,
    int64_t *time_r)
{
	struct log_numeric_date d;
	struct civil day;
	int64_t ns;

	if (!log_take_numeric_date(&s, &d) || !log_take_octet(&s, ' ') ||
	    !log_take_time(&s, &ns, NULL) || s.len > 0 ||
	    !log_order_date(&d, order, &day))
		return false;
	*time_r = clock_add(log_make_time(&day, 0), ns);
	return true;
}

static int64_t parse_octets(struct slice s)
{
	uint64_t value;

	s = slice_trim(s);
	return slice_to_u64(s, &value) && value <= INT64_MAX ?
	    (int64_t)value : SW_UNKNOWN;
}

static bool parse_row(struct slice line, enum log_date_order order,
    struct row *row)
{
	size_t n = 0;

	memset(row, 0, sizeof(*row));
	while (n < COLUMN_COUNT) {
		const uint8_t *tab = line.len ? memchr(line.p, '\t',
		    line.len) : NULL;

		row->of[n++] = slice_head(line, tab ?
		    (size_t)(tab - line.p) : line.len);
		if (!tab)
			break;
		line = slice_from(line, row->of[n - 1].len + 1);
	}
	row->outgoing = slice_eq(row->of[COLUMN_TYPE], slice_str("SMTP-OU"));
	if (n <= COLUMN_REPLY || (!row->outgoing &&
	    !slice_eq(row->of[COLUMN_TYPE], slice_str("SMTP-IN"))))
		return false;
	row->sent = parse_octets(row->of[COLUMN_SENT]);
	row->received = parse_octets(row->of[COLUMN_RECEIVED]);
	row->last = (enum column)(n - 1);
	return parse_time(row->of[COLUMN_TIME], order, &row->time);
}

/* Month first unless --date-order says otherwise. */
static enum log_date_order order_of(const struct log_options *options)
{
	return options->date_order == LOG_DATE_AUTO ? LOG_DATE_MDY :
	    options->date_order;
}

/* --- sessions ----------------------------------------------------------- */

#define KEY_MAX 40

static struct slice key_of(const struct row *row, uint8_t key[KEY_MAX])
{
	struct slice socket = slice_head(row->of[COLUMN_SOCKET],
	    KEY_MAX - 1);

	key[0] = row->outgoing;
	if (socket.len > 0)
		memcpy(key + 1, socket.p, socket.len);
	return slice_make(key, socket.len + 1);
}

/* Is the session with the row's host? */
static bool is_same(struct log_session *s, const struct row *row)
{
	const struct sw_session *out = session_get(s->b);
	struct sw_bytes ip = row->outgoing ? out->server.ip : out->client.ip;

	return slice_eq(slice_make(ip.data, ip.len), row->of[COLUMN_IP]);
}

static struct slice line_of(const struct row *row)
{
	return row->of[COLUMN_LINE].len > 0 ? row->of[COLUMN_LINE] :
	    row->of[COLUMN_VERB];
}

static bool is_greeting(const struct row *row)
{
	int32_t code = log_parse_reply_line(row->of[COLUMN_REPLY]).code;

	return line_of(row).len == 0 && log_is_greeting(code);
}

static void describe(struct mailenable *m, struct log_session *s,
    const struct row *row)
{
	struct sw_session *out = session_get(s->b);
	struct sw_bytes ip = session_text(s->b, row->of[COLUMN_IP].len ?
	    row->of[COLUMN_IP] : slice_make(NULL, 0));

	out->clock = log_local_clock(m->sessions.options,
	    NS_PER_S, SW_DATE_GIVEN);
	out->records = SW_BIT(SW_RECORDS_GREETING) |
	    SW_BIT(SW_RECORDS_COMMAND) | SW_BIT(SW_RECORDS_ARGUMENT) |
	    SW_BIT(SW_RECORDS_REPLY_CODE) | SW_BIT(SW_RECORDS_REPLY_TEXT) |
	    SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES) |
	    SW_BIT(SW_RECORDS_TIMES) | (row->outgoing ?
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) :
	    SW_BIT(SW_RECORDS_CLIENT_ADDRESS));
	log_session_recorder(s, row->outgoing ? SW_RECORDER_CLIENT :
	    SW_RECORDER_SERVER);
	if (row->outgoing)
		out->server.ip = ip;
	else
		out->client.ip = ip;
}

/* The session of the row; a new one if it does not go on. */
static enum sw_status find(struct mailenable *m, const struct log_line *line,
    const struct row *row, int64_t time, struct log_session **s_r)
{
	uint8_t key[KEY_MAX];
	struct slice name = key_of(row, key);
	struct log_session *s = log_sessions_find(&m->sessions, name);
	enum sw_status status = SW_OK;

	/* 220 answers a STARTTLS too, but that is a command */
	if (s && ((is_greeting(row) && !log_content_due(s)) ||
	    !is_same(s, row))) {
		status = log_sessions_end(&m->sessions, s,
		    SW_ENDING_INPUT_ENDED);
		s = NULL;
	}
	if (!s && status == SW_OK) {
		status = log_sessions_begin(&m->sessions, name, line, time,
		    &s);
		if (status != SW_OK)
			return status;
		describe(m, s, row);
		log_session_first(s, line, is_greeting(row));
	}
	*s_r = s;
	return status;
}

/* --- what a row says ---------------------------------------------------- */

static void say_client(struct log_session *s, const struct log_line *line,
    const struct row *row, int64_t time)
{
	struct log_line told = *line;
	struct log_said said = log_said(&told, time, line_of(row));

	/* Others follow the column: what may be cut is the reply. */
	if (row->of[COLUMN_REPLY].len > 0)
		told.truncated = told.unterminated = false;
	said.octets = row->outgoing ? row->sent : row->received;
	if (slice_eq(said.text, slice_str("{blank}"))) {
		said.flags |= SW_BIT(SW_FLAG_MASKED);
		said.text = slice_str("***");
		said.octets = SW_UNKNOWN;
	}
	log_say_client(s, &said);
}

static void say_server(struct log_session *s, const struct log_line *line,
    const struct row *row, int64_t time)
{
	struct log_reply_line l = log_parse_reply_line(
	    row->of[COLUMN_REPLY]);
	struct reply_in r = { .by = SW_SERVER, .code = l.code,
		.lines = &l.text, .line_count = 1,
		.octets = row->outgoing ? row->received : row->sent,
		.span = log_span(line, time) };

	if (row->of[COLUMN_REPLY].len == 0)
		return; /* there was none */
	if (l.more)
		r.flags |= SW_BIT(SW_FLAG_FIRST_LINE_ONLY);
	if (log_line_is_cut(line))
		r.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	log_session_reply(s, &r);
}

/* Behind a 354: does the row tell the verdict, not a command? */
static bool is_verdict(struct log_session *s, const struct row *row)
{
	size_t len;
	struct slice text = line_of(row);
	enum verb verb = session_verb(text, &len);

	return log_content_due(s) && (text.len == 0 || verb == VERB_DATA ||
	    !session_verb_is_known(verb));
}

static void tell_user(struct log_session *s, struct slice user)
{
	const struct sw_session *out = session_get(s->b);

	if (user.len > 0 && out->auth_count > 0 &&
	    !out->auth[out->auth_count - 1].user.data)
		session_auth_user(s->b, user);
}

static enum sw_status take_row(struct mailenable *m,
    const struct log_line *line, const struct row *row)
{
	int64_t time = log_local_time(m->sessions.options, row->time);
	struct log_session *s = NULL;
	enum sw_status status = log_sessions_expire(&m->sessions, time);
	bool verdict;

	if (status == SW_OK)
		status = find(m, line, row, time, &s);
	if (status != SW_OK)
		return status;
	log_sessions_touch(&m->sessions, s, line->number, time);
	verdict = is_verdict(s, row);
	if (!verdict)
		log_session_unjudged(s);
	if (line_of(row).len > 0 && !verdict)
		say_client(s, line, row, time);
	say_server(s, line, row, time);
	if (verdict && !row->outgoing && row->of[COLUMN_ID].len > 0 &&
	    s->last_code >= 200 && s->last_code < 300)
		log_session_queue_id(s, row->of[COLUMN_ID]);
	tell_user(s, row->of[COLUMN_USER]);
	return log_session_over(s) ? log_sessions_end(&m->sessions, s,
	    SW_ENDING_QUIT) : SW_OK;
}

/* --- the family --------------------------------------------------------- */

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct row row;

		if (parse_row(line, LOG_DATE_AUTO, &row))
			log_tally_row(&t, LOG_TELLS_SMTP);
		else if (line.len > 0)
			log_tally_other(&t);
	}
	return log_tally_judge(&t, NULL);
}

/* The value in which the log ends may lack its end; a reply says so. */
static void drop_cut(struct row *row)
{
	if (row->last == COLUMN_SENT)
		row->sent = SW_UNKNOWN;
	else if (row->last == COLUMN_RECEIVED)
		row->received = SW_UNKNOWN;
	else if (row->last == COLUMN_USER)
		row->of[COLUMN_USER].len = 0;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct mailenable *m = state;
	struct row row;

	if (line->text.len == 0)
		return SW_OK;
	if (!parse_row(line->text, order_of(m->sessions.options), &row)) {
		log_not_understood(&m->sessions, line);
		return SW_OK;
	}
	if (log_line_is_cut(line))
		drop_cut(&row);
	return take_row(m, line, &row);
}

const struct log_format log_mailenable = {
	.name = "mailenable",
	.title = "MailEnable, SMTP activity log",
	.times = "local, 1 s",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_GREETING) | SW_BIT(SW_RECORDS_COMMAND) |
	    SW_BIT(SW_RECORDS_ARGUMENT) | SW_BIT(SW_RECORDS_REPLY_CODE) |
	    SW_BIT(SW_RECORDS_REPLY_TEXT) |
	    SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES) |
	    SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct mailenable),
	.goes_on = true,
	.probe = probe,
	.line = take_line,
};
