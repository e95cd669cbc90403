/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smartermail.c - logs of SmarterMail: its SMTP server's and its deliveries
 *
 * Theory of operation.  Each line is: the date (not in older ones), time of
 * day, ids in brackets, text:
 *
 *   [2014.07.26] 12:58:46 [192.0.2.10][29742033] connected at 26-7-2014
 *	12:58:46
 *   [2014.07.26] 12:58:46 [192.0.2.10][29742033] rsp: 220 mx.example.com
 *   [2014.07.26] 12:58:46 [192.0.2.10][29742033] cmd: EHLO client
 *   [2014.07.26] 12:58:47.123 [91357] CMD: EHLO mx.example.com
 *   [2014.07.26] 12:58:47.187 [91357] RSP: 250-mx.example.net250 SIZE
 *
 *   SMTP log      client's address and session's number; "cmd:" received,
 *                 "rsp:" sent
 *   delivery log  number of the message; "CMD:" sent, "RSP:" received.  One
 *                 delivery may take several connections, one after another:
 *                 each greeting behind an answered QUIT begins the next
 *
 * So "cmd" is the client and "rsp" the server in both.  The lines of a reply
 * stand on one row without their ends, or (where a copy or version kept
 * them) on rows without a prefix behind it.  In the first case they come
 * apart at the reply's code followed by a hyphen, and the last line at the
 * last place where the code is followed by a blank (flag joined).
 *
 * Without dates the day is that of the file's name (YYYY.MM.DD-smtpLog.log).
 * Content is never logged.
 */
#include <stdlib.h>

#include "logs/families.h"
#include "logs/probe.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/waiting.h"
#include "logs/when.h"

#define ID_MAX 64 /* octets of what stands in one pair of brackets */

/* One line, taken apart. */
struct row {
	bool dated;
	int64_t time;       /* as it stands; without a date: of the day */
	int digits;         /* of its fraction */
	struct slice ip;    /* empty: a delivery */
	struct slice key;   /* all brackets */
	struct slice text;
};

struct smarter {
	struct log_sessions sessions;
	struct log_days days;
	struct log_waiting waiting;
	struct slice *lines;    /* of one reply */
	struct buffer last;     /* the last of them */
	struct buffer open_key; /* the session whose reply goes on */
	int64_t open_time;
	bool open;
};

/* --- lines -------------------------------------------------------------- */

/* "[2014.07.26] " */
static bool take_date(struct slice *rest, struct civil *day_r)
{
	struct slice s = *rest;

	if (!log_take_octet(&s, '[') || !log_take_iso_date(&s, day_r) ||
	    !log_take_octet(&s, ']'))
		return false;
	log_take_blanks(&s);
	*rest = s;
	return true;
}

static bool take_brackets(struct slice *rest, struct slice *in_r)
{
	struct slice s = *rest;
	size_t n = 0;

	if (!log_take_octet(&s, '['))
		return false;
	while (n < s.len && n <= ID_MAX && s.p[n] != ']' && s.p[n] != '[' &&
	    s.p[n] != ' ')
		n++;
	if (n == 0 || n > ID_MAX || n == s.len || s.p[n] != ']')
		return false;
	*in_r = slice_head(s, n);
	*rest = slice_from(s, n + 1);
	return true;
}

static bool parse_row(struct slice line, struct row *row)
{
	struct slice s = line, first, second = { NULL, 0 }, start;
	struct civil day;
	int64_t ns;

	memset(row, 0, sizeof(*row));
	row->dated = take_date(&s, &day);
	if (!log_take_time(&s, &ns, &row->digits) || !log_take_octet(&s, ' '))
		return false;
	row->time = row->dated ? clock_add(log_make_time(&day, 0), ns) : ns;
	start = s;
	if (!take_brackets(&s, &first))
		return false;
	take_brackets(&s, &second);
	row->key = slice_head(start, (size_t)(s.p - start.p));
	if (second.len > 0)
		row->ip = first;
	if (row->ip.len > 0 && !log_is_address(row->ip))
		return false;
	log_take_octet(&s, ' ');
	row->text = s;
	return true;
}

/* "cmd: EHLO a", "RSP: 220 b" */
static bool take_said(struct slice *text, enum sw_role *role_r)
{
	struct slice s = *text;

	if (log_take_text(&s, "cmd:"))
		*role_r = SW_CLIENT;
	else if (log_take_text(&s, "rsp:"))
		*role_r = SW_SERVER;
	else
		return false;
	log_take_octet(&s, ' ');
	*text = s;
	return true;
}

/* --- replies on one row ------------------------------------------------- */

/* Does the reply's code stand here, followed by c? */
static bool code_at(struct slice text, size_t i, struct slice code, uint8_t c)
{
	return text.len - i > 3 && text.p[i + 3] == c &&
	    memcmp(text.p + i, code.p, 3) == 0;
}

/* Where the last line begins; text.len: there is none. */
static size_t find_last(struct slice text, struct slice code)
{
	size_t i;

	for (i = text.len; i-- > 4; )
		if (code_at(text, i, code, ' '))
			return i;
		else if (code_at(text, i, code, '-'))
			break; /* lines follow that are not the last */
	return text.len;
}

static size_t split(struct smarter *m, struct slice text)
{
	struct slice code = slice_head(text, 3);
	size_t count = 0, from = 0, i, last;

	if (!log_parse_reply_line(text).more) {
		m->lines[0] = text;
		return 1;
	}
	last = find_last(text, code);
	for (i = 4; i < last && count + 2 < LIMIT_REPLY_LINES; i++) {
		if (!code_at(text, i, code, '-'))
			continue;
		m->lines[count++] = slice_from(slice_head(text, i), from);
		from = i;
	}
	m->lines[count++] = slice_from(slice_head(text, last), from);
	if (last < text.len)
		m->lines[count++] = slice_from(text, last);
	return count;
}

/* --- sessions ----------------------------------------------------------- */

static void describe(struct smarter *m, struct log_session *s,
    const struct log_line *line, const struct row *row)
{
	struct sw_session *out = session_get(s->b);
	bool server = row->ip.len > 0;

	out->clock = log_local_clock(m->sessions.options,
	    log_resolution(row->digits),
	    row->dated ? SW_DATE_GIVEN : m->days.known ? SW_DATE_ASSUMED :
	    SW_DATE_NONE);
	out->records = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_TIMES);
	log_session_recorder(s, server ? SW_RECORDER_SERVER :
	    SW_RECORDER_CLIENT);
	if (server) {
		out->client.ip = session_text(s->b, row->ip);
		out->records |= SW_BIT(SW_RECORDS_CLIENT_ADDRESS);
	}
	if (out->clock.date == SW_DATE_ASSUMED)
		log_session_date_assumed(s, line);
}

static enum sw_status begin(struct smarter *m, const struct log_line *line,
    const struct row *row, struct log_session **s_r)
{
	uint64_t id = log_hash(LOG_HASH_START, row->key);
	struct log_waited waited;
	enum sw_status status = log_waiting_begin(&m->waiting, &m->sessions,
	    id, row->key, line, row->time, s_r);

	if (status != SW_OK)
		return status;
	describe(m, *s_r, line, row);
	while (log_waiting_take(&m->waiting, id, row->time, &waited))
		log_say_note(*s_r, &waited.line, waited.time, waited.text);
	return SW_OK;
}

/* --- texts -------------------------------------------------------------- */

static enum sw_status say(struct smarter *m, struct log_session *s,
    const struct log_line *line, const struct row *row, struct slice text,
    enum sw_role role)
{
	struct log_said said = log_said(line, row->time, text);
	size_t count;

	if (role == SW_CLIENT) {
		log_say_client(s, &said);
		return log_sessions_linger(&m->sessions, s);
	}
	count = split(m, text);
	/* what ends the row is the last line, whatever follows its code */
	if (count > 1)
		log_reply_line_end(&m->lines[count - 1], &m->last);
	log_say_reply(s, &said, m->lines, count);
	m->open = count == 1 && log_parse_reply_line(text).more;
	if (m->open) {
		buffer_clear(&m->open_key);
		buffer_append_slice(&m->open_key, row->key);
		m->open_time = row->time;
	}
	if (m->last.failed || m->open_key.failed)
		return SW_ENOMEM;
	return log_sessions_linger(&m->sessions, s);
}

static bool is_greeting(struct slice said, enum sw_role role)
{
	return role == SW_SERVER &&
	    log_is_greeting(log_parse_reply_line(said).code);
}

static enum sw_status take_said_row(struct smarter *m, struct log_session *s,
    const struct log_line *line, const struct row *row, struct slice said,
    enum sw_role role)
{
	enum sw_status status = SW_OK;

	if (s && (log_session_over(s) || (is_greeting(said, role) &&
	    s->last_code != SW_UNKNOWN && log_session_outstanding(s) == 0 &&
	    log_parse_reply_line(said).code == 220))) {
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
		log_session_first(s, line, is_greeting(said, role));
	}
	log_sessions_touch(&m->sessions, s, line->number, row->time);
	return say(m, s, line, row, said, role);
}

static enum sw_status take_connected(struct smarter *m,
    struct log_session *s, const struct log_line *line,
    const struct row *row)
{
	enum sw_status status = s ? log_sessions_end_before(&m->sessions, s) :
	    SW_OK;

	if (status == SW_OK)
		status = begin(m, line, row, &s);
	if (status == SW_OK)
		log_session_connect(s, line, row->time, SW_CLIENT);
	return status;
}

static enum sw_status take_row(struct smarter *m,
    const struct log_line *line, const struct row *row)
{
	struct log_session *s = log_sessions_find(&m->sessions, row->key);
	struct slice text = row->text;
	enum sw_role role;

	m->open = false;
	if (row->ip.len > 0 && log_take_text(&text, "connected at "))
		return take_connected(m, s, line, row);
	if (take_said(&text, &role))
		return take_said_row(m, s, line, row, text, role);
	if (s)
		log_sessions_touch(&m->sessions, s, line->number, row->time);
	if (s && row->ip.len > 0 && log_take_text(&text,
	    "disconnected at ")) {
		session_get(s->b)->records |= SW_BIT(SW_RECORDS_CLOSE);
		return log_session_close(&m->sessions, s, line, row->time,
		    SW_NOBODY);
	}
	if (s)
		log_say_note(s, line, row->time, row->text);
	else
		log_waiting_hold(&m->waiting, log_hash(LOG_HASH_START,
		    row->key), line, row->text, row->time);
	return SW_OK;
}

/* A line of a reply that stands behind it without a prefix. */
static bool take_bare(struct smarter *m, const struct log_line *line)
{
	struct log_session *s;
	struct log_said said = log_said(line, m->open_time, line->text);

	if (!m->open)
		return false;
	s = log_sessions_find(&m->sessions, buffer_slice(&m->open_key));
	if (!s || log_parse_reply_line(line->text).code == SW_UNKNOWN)
		return false;
	log_sessions_touch(&m->sessions, s, line->number, m->open_time);
	log_say_server(s, &said);
	m->open = log_parse_reply_line(line->text).more;
	return true;
}

/* --- the family --------------------------------------------------------- */

/* 2014.07.26-smtpLog.log */
static void take_name(struct smarter *m)
{
	struct slice s = log_base_name(m->sessions.file_name);
	struct civil day;

	if (log_take_iso_date(&s, &day) && s.len > 0 &&
	    !ascii_is_digit(s.p[0]))
		log_days_begin(&m->days, &day);
}

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct row row;
		enum sw_role role;

		if (parse_row(line, &row)) {
			log_tally_row(&t, take_said(&row.text, &role) &&
			    log_is_smtp(row.text));
		} else if (line.len > 0 &&
		    log_parse_reply_line(line).code == SW_UNKNOWN) {
			log_tally_other(&t);
		}
	}
	return log_tally_judge(&t, NULL);
}

static void close_log(void *state)
{
	struct smarter *m = state;

	buffer_fini(&m->last);
	buffer_fini(&m->open_key);
	free(m->lines);
}

static enum sw_status open_log(void *state)
{
	struct smarter *m = state;

	buffer_init(&m->last, LIMIT_LINE + 8);
	buffer_init(&m->open_key, 3 * ID_MAX);
	log_days_begin(&m->days, NULL);
	m->lines = calloc(LIMIT_REPLY_LINES, sizeof(*m->lines));
	return m->lines ? SW_OK : SW_ENOMEM;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct smarter *m = state;
	enum sw_status status;
	struct row row;

	if (line->text.len == 0)
		return SW_OK;
	if (!parse_row(line->text, &row)) {
		if (!take_bare(m, line))
			log_not_understood(&m->sessions, line);
		return SW_OK;
	}
	if (!row.dated)
		row.time = log_days_time(&m->days, row.time);
	if (row.dated || m->days.known)
		row.time = log_local_time(m->sessions.options, row.time);
	status = log_sessions_expire(&m->sessions, row.time);
	return status == SW_OK ? take_row(m, line, &row) : status;
}

static void begin_file(void *state)
{
	struct smarter *m = state;

	m->open = false;
	take_name(m);
}

const struct log_format log_smartermail = {
	.name = "smartermail",
	.title = "SmarterMail, SMTP log and delivery log",
	.times = "local, 1 ms or 1 s",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    LOG_RECORDS_TALK |
	    SW_BIT(SW_RECORDS_CLOSE) | SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct smarter),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.file = begin_file,
	.line = take_line,
	.close = close_log,
};
