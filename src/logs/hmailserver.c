/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hmailserver.c - logs of hMailServer
 *
 * Theory of operation.  Columns with a tab between them, texts in quotes:
 *
 *   "SMTPD"	1208	1048	"2012-01-13 20:01:57.015"	"192.0.2.10"
 *	"SENT: 220 mx.example.com ESMTP"
 *   "TCPIP"	1208	"2012-01-13 20:01:57.015"
 *	"TCP - 192.0.2.10 connected to 192.0.2.25:25."
 *
 *   column   SMTPD, SMTPC   others (TCPIP, DEBUG, APPLICATION, ERROR)
 *   1        type           type
 *   2        thread         thread
 *   3        session        local time
 *   4        local time     text
 *   5        peer
 *   6        text
 *
 * SMTPD is hMailServer as server and SMTPC as client; "SENT:" and
 * "RECEIVED:" are always its own.  A session is that of a type and a number;
 * numbers begin anew with the service, so a greeting begins a session too.
 * Fetching from POP3 accounts is logged as SMTPC by mistake: those sessions,
 * known by their "+OK", are passed over.  No row tells the end: a session is
 * over when its QUIT was answered.
 *
 * Quotes in a text are not escaped: it goes from the quote that opens the
 * column to the last one of the line.  CR LF within it is "[nl]", so a reply
 * of several lines is one row (flag joined); "[nl]" which no code follows is
 * taken as said.  A row longer than a limit is cut in the middle: its head,
 * " ... " and its last 25 octets (flag truncated).  Secrets are "***".
 *
 * TCPIP rows tell which of the server's addresses a peer connected to, but no
 * number: it is told when no other connection of the same peer contradicts.
 */
#include <stdlib.h>

#include "logs/families.h"
#include "logs/probe.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

#define PEER_MAX 64     /* octets of an address */
#define ACCEPTED_COUNT 64 /* TCPIP rows that wait for their session */
#define PASSED_COUNT 64 /* sessions that are passed over */

enum type { TYPE_SMTPD, TYPE_SMTPC, TYPE_TCPIP, TYPE_OTHER };

static const struct {
	const char *name;
	enum type type;
	bool session; /* six columns */
} types[] = {
	{ "SMTPD", TYPE_SMTPD, true },
	{ "SMTPC", TYPE_SMTPC, true },
	{ "POP3D", TYPE_OTHER, true },
	{ "POP3C", TYPE_OTHER, true },
	{ "IMAPD", TYPE_OTHER, true },
	{ "TCPIP", TYPE_TCPIP, false },
	{ "DEBUG", TYPE_OTHER, false },
	{ "APPLICATION", TYPE_OTHER, false },
	{ "ERROR", TYPE_OTHER, false },
	{ "SERVER", TYPE_OTHER, false },
};

struct row {
	enum type type;
	uint64_t session;
	int64_t time;      /* as it stands */
	int digits;        /* of its fraction */
	struct slice peer, text;
	bool cut;          /* in the middle, or its end is missing */
};

/* "192.0.2.10 connected to 192.0.2.25:25." */
struct accepted {
	bool used;
	uint64_t number; /* the line */
	int64_t time;
	size_t peer_len, local_len;
	uint8_t peer[PEER_MAX], local[PEER_MAX];
	int32_t port;
};

struct hmail {
	struct log_sessions sessions;
	struct accepted accepted[ACCEPTED_COUNT]; /* a ring */
	size_t accepted_next;
	struct {
		bool valid;
		uint64_t session, first; /* number, first line */
		int64_t time;
	} fresh; /* the newest session of which no TCPIP row told */
	uint64_t passed[PASSED_COUNT]; /* a ring; 0: none */
	size_t passed_next;
	struct buffer last;            /* the last line of a cut reply */
	struct slice *lines;           /* of one reply */
};

/* --- rows --------------------------------------------------------------- */

/* LENIENT: blanks for the tab, as copies have them. */
static bool take_separator(struct slice *rest)
{
	return log_take_blanks(rest) > 0;
}

static bool take_unsigned(struct slice *rest, uint64_t *value_r)
{
	size_t n = 0;

	while (n < rest->len && ascii_is_digit(rest->p[n]))
		n++;
	if (!slice_to_u64(slice_head(*rest, n), value_r))
		return false;
	*rest = slice_from(*rest, n);
	return true;
}

static bool take_quoted(struct slice *rest, struct slice *text_r)
{
	const uint8_t *quote;
	struct slice s = *rest;

	if (!log_take_octet(&s, '"') || s.len == 0)
		return false;
	quote = memchr(s.p, '"', s.len);
	if (!quote)
		return false;
	*text_r = slice_head(s, (size_t)(quote - s.p));
	*rest = slice_from(s, text_r->len + 1);
	return true;
}

/* Type and thread. */
static bool take_type(struct slice *rest, struct row *row, bool *session_r)
{
	struct slice name;
	uint64_t thread;
	size_t i;

	if (!take_quoted(rest, &name) || !take_separator(rest) ||
	    !take_unsigned(rest, &thread) || !take_separator(rest))
		return false;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_eq(name, slice_str(types[i].name))) {
			row->type = types[i].type;
			*session_r = types[i].session;
			return true;
		}
	return false;
}

static bool take_time(struct slice *rest, struct row *row)
{
	struct slice s;
	bool zoned;
	int32_t offset;

	return take_quoted(rest, &s) && take_separator(rest) &&
	    log_take_iso_time(&s, &row->time, &zoned, &offset,
	    &row->digits) && s.len == 0;
}

/* Was the row made shorter?  The CR LF may be among the last 25 octets. */
static bool is_cut(struct slice line)
{
	size_t tail;

	for (tail = 28; tail <= 30; tail += 2)
		if (line.len >= 98 && slice_has_prefix_nocase(
		    slice_from(line, line.len - tail), slice_str(" ... ")))
			return true;
	return false;
}

static bool parse_row(struct slice line, struct row *row)
{
	struct slice s = line;
	bool session;

	memset(row, 0, sizeof(*row));
	if (!take_type(&s, row, &session))
		return false;
	if (session && (!take_unsigned(&s, &row->session) ||
	    !take_separator(&s)))
		return false;
	if (!take_time(&s, row))
		return false;
	if (session && (!take_quoted(&s, &row->peer) ||
	    !take_separator(&s)))
		return false;
	if (!log_take_octet(&s, '"'))
		return false;
	row->text = s;
	while (s.len > 0 && s.p[s.len - 1] != '"')
		s.len--;
	row->cut = s.len == 0 || is_cut(line);
	if (s.len > 0)
		row->text = slice_head(s, s.len - 1);
	return true;
}

/* --- connections -------------------------------------------------------- */

static void keep(uint8_t *to, size_t *len, struct slice s)
{
	*len = s.len < PEER_MAX ? s.len : PEER_MAX;
	if (*len > 0)
		memcpy(to, s.p, *len);
}

static void put_local(struct log_session *s, const struct accepted *a)
{
	struct sw_session *out = session_get(s->b);

	out->server.ip = session_text(s->b, slice_make(a->local,
	    a->local_len));
	out->server.port = a->port;
	out->records |= SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT);
}

static struct slice key_of(enum type type, uint64_t session, uint8_t key[9])
{
	size_t i;

	key[0] = (uint8_t)type;
	for (i = 0; i < 8; i++)
		key[1 + i] = (uint8_t)(session >> 8 * i);
	return slice_make(key, 9);
}

/* Another thread's row came before this one: no connection is newer than
 * its greeting. */
static bool take_late(struct hmail *h, const struct accepted *a)
{
	uint8_t key[9];
	struct log_session *s = h->fresh.valid && a->time <= h->fresh.time ?
	    log_sessions_find(&h->sessions, key_of(TYPE_SMTPD,
	    h->fresh.session, key)) : NULL;
	struct sw_bytes ip;

	if (!s || s->first != h->fresh.first)
		return false;
	ip = session_get(s->b)->client.ip;
	if (!slice_eq(slice_make(ip.data, ip.len), slice_make(a->peer,
	    a->peer_len)))
		return false;
	h->fresh.valid = false;
	put_local(s, a);
	return true;
}

/* "TCP - 192.0.2.10 connected to 192.0.2.25:25." */
static void take_tcpip(struct hmail *h, const struct log_line *line,
    const struct row *row)
{
	struct slice s = row->text, peer, local;
	struct accepted *a = &h->accepted[h->accepted_next];
	size_t n;
	int port;

	if (!log_take_text(&s, "TCP - "))
		return;
	peer = log_take_word(&s);
	if (!log_take_text(&s, "connected to "))
		return;
	for (n = s.len; n > 0 && s.p[n - 1] != ':'; n--)
		;
	if (n == 0)
		return;
	local = slice_head(s, n - 1);
	s = slice_from(s, n);
	if (!log_take_number(&s, 1, 5, &port) || port > 65535)
		return;
	a->number = line->number;
	a->time = row->time;
	a->port = port;
	keep(a->peer, &a->peer_len, peer);
	keep(a->local, &a->local_len, local);
	a->used = !take_late(h, a);
	if (a->used)
		h->accepted_next = (h->accepted_next + 1) % ACCEPTED_COUNT;
}

static bool same_local(const struct accepted *a, const struct accepted *b)
{
	return a->port == b->port && slice_eq(
	    slice_make(a->local, a->local_len),
	    slice_make(b->local, b->local_len));
}

/* The connection that this peer's session is: the oldest one that waits.
 * *certain_r: all that wait are to the same address. */
static struct accepted *find_accepted(struct hmail *h, struct slice peer,
    int64_t now, bool *certain_r)
{
	struct accepted *found = NULL;
	size_t i;

	*certain_r = true;
	for (i = 0; i < ACCEPTED_COUNT; i++) {
		struct accepted *a = &h->accepted[
		    (h->accepted_next + i) % ACCEPTED_COUNT];

		if (!a->used || !slice_eq(peer, slice_make(a->peer,
		    a->peer_len)) || a->time > now ||
		    now - a->time > 60 * NS_PER_S)
			continue;
		if (!found)
			found = a;
		else if (!same_local(found, a))
			*certain_r = false;
	}
	return found;
}

/* --- sessions ----------------------------------------------------------- */

static void connect_session(struct hmail *h, struct log_session *s,
    const struct row *row)
{
	bool certain;
	struct accepted *a = find_accepted(h, row->peer, row->time,
	    &certain);
	struct log_line line = { .number = 0 };

	h->fresh.valid = !a;
	h->fresh.session = row->session;
	h->fresh.first = s->first;
	h->fresh.time = row->time;
	if (!a)
		return;
	a->used = false;
	line.number = a->number;
	log_session_connect(s, &line,
	    log_local_time(h->sessions.options, a->time), SW_CLIENT);
	if (!certain)
		return;
	put_local(s, a);
}

static void describe(struct hmail *h, struct log_session *s,
    const struct row *row)
{
	struct sw_session *out = session_get(s->b);
	bool server = row->type == TYPE_SMTPD;
	struct sw_bytes peer = session_text(s->b, row->peer);

	out->clock = log_local_clock(h->sessions.options,
	    log_resolution(row->digits), SW_DATE_GIVEN);
	out->records = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_TIMES) | (server ?
	    SW_BIT(SW_RECORDS_CLIENT_ADDRESS) :
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS));
	log_session_recorder(s, server ? SW_RECORDER_SERVER :
	    SW_RECORDER_CLIENT);
	if (server)
		out->client.ip = peer;
	else
		out->server.ip = peer;
	if (server)
		connect_session(h, s, row);
}

/* When the connection was made, if a TCPIP row told that. */
static enum sw_status begin(struct hmail *h, const struct log_line *line,
    const struct row *row, int64_t time, bool greeting,
    struct log_session **s_r)
{
	struct log_line first = *line;
	struct accepted *a = NULL;
	uint8_t key[9];
	bool certain;
	enum sw_status status;

	if (row->type == TYPE_SMTPD)
		a = find_accepted(h, row->peer, row->time, &certain);
	if (a) {
		first.number = a->number;
		time = log_local_time(h->sessions.options, a->time);
	}
	status = log_sessions_begin(&h->sessions, key_of(row->type,
	    row->session, key), &first, time, s_r);
	if (status != SW_OK)
		return status;
	describe(h, *s_r, row);
	log_session_first(*s_r, line, greeting);
	return SW_OK;
}

/* --- texts -------------------------------------------------------------- */

/* Does a line of a reply begin here? */
static bool is_reply_line(struct slice s)
{
	return log_parse_reply_line(s).code != SW_UNKNOWN;
}

/* The lines of a reply that stand in one row. */
static size_t split(struct hmail *h, struct slice text)
{
	static const char mark[] = "[nl]";
	size_t count = 0, from = 0, i;

	for (i = 0; i + 4 <= text.len && count + 1 < LIMIT_REPLY_LINES; i++) {
		if (text.p[i] != '[' || memcmp(text.p + i, mark, 4) != 0 ||
		    !is_reply_line(slice_from(text, i + 4)))
			continue;
		h->lines[count++] = slice_from(slice_head(text, i), from);
		from = i + 4;
	}
	/* one that ends the entry is the end of its last line */
	if (text.len >= from + 4 && memcmp(text.p + text.len - 4, mark, 4)
	    == 0)
		text.len -= 4;
	h->lines[count++] = slice_from(text, from);
	return count;
}

static void say(struct hmail *h, struct log_session *s,
    const struct log_line *line, const struct row *row, int64_t time,
    struct slice text, bool sent)
{
	struct log_said said = log_said(line, time, text);
	size_t count;

	if (row->cut)
		said.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	if (log_role(s, sent, text) == SW_CLIENT) {
		struct slice tail = text.len < 3 ? text :
		    slice_from(text, text.len - 3);

		if (slice_eq(tail, slice_str("***")))
			said.flags |= SW_BIT(SW_FLAG_MASKED);
		log_say_client(s, &said);
		return;
	}
	count = split(h, text);
	/* what the row ends with is the end of its last line, even if what
	 * stands in front is that of another one */
	if (row->cut)
		log_reply_line_end(&h->lines[count - 1], &h->last);
	log_say_reply(s, &said, h->lines, count);
}

static bool take_said(struct slice *text, bool *sent_r)
{
	*sent_r = log_take_text(text, "SENT:");
	if (!*sent_r && !log_take_text(text, "RECEIVED:"))
		return false;
	log_take_octet(text, ' ');
	return true;
}

/* --- POP3 under the name of SMTPC ---------------------------------------- */

static bool is_passed(const struct hmail *h, const struct row *row)
{
	size_t i;

	for (i = 0; i < PASSED_COUNT; i++)
		if (h->passed[i] == row->session && row->session != 0)
			return true;
	return false;
}

static bool pass_over(struct hmail *h, const struct row *row,
    struct slice said)
{
	if (row->type != TYPE_SMTPC)
		return false;
	if (is_passed(h, row))
		return !is_reply_line(said);
	if (!slice_has_prefix_nocase(said, slice_str("+OK")) &&
	    !slice_has_prefix_nocase(said, slice_str("-ERR")))
		return false;
	h->passed[h->passed_next] = row->session;
	h->passed_next = (h->passed_next + 1) % PASSED_COUNT;
	return true;
}

/* --- the family --------------------------------------------------------- */

static enum sw_status take_session_row(struct hmail *h,
    const struct log_line *line, const struct row *row)
{
	uint8_t key[9];
	struct log_session *s = log_sessions_find(&h->sessions,
	    key_of(row->type, row->session, key));
	int64_t time = log_local_time(h->sessions.options, row->time);
	struct slice text = row->text;
	bool sent, said = take_said(&text, &sent);
	bool greeting = said && sent == (row->type == TYPE_SMTPD) &&
	    (log_parse_reply_line(text).code == 220 ||
	    log_parse_reply_line(text).code == 554 ||
	    (!s && log_parse_reply_line(text).code == 421));
	enum sw_status status = SW_OK;

	/* 220 answers STARTTLS too, 554 everything. */
	if (s && said && (log_session_over(s) || (greeting &&
	    log_session_outstanding(s) == 0))) {
		status = log_sessions_end_before(&h->sessions, s);
		s = NULL;
	}
	if (!s && said && status == SW_OK && !pass_over(h, row, text))
		status = begin(h, line, row, time, greeting, &s);
	if (!s || status != SW_OK)
		return status;
	log_sessions_touch(&h->sessions, s, line->number, time);
	if (!said) {
		log_say_note(s, line, time, row->text);
		return SW_OK;
	}
	say(h, s, line, row, time, text, sent);
	return h->last.failed ? SW_ENOMEM :
	    log_sessions_linger(&h->sessions, s);
}

/* Those of SMTP sessions, among all that are rows. */
static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct row row;

		if (parse_row(line, &row)) {
			log_tally_row(&t, row.type == TYPE_SMTPD ||
			    row.type == TYPE_SMTPC);
		} else if (line.len > 0) {
			log_tally_other(&t);
		}
	}
	return log_tally_judge(&t, NULL);
}

static void close_log(void *state)
{
	struct hmail *h = state;

	buffer_fini(&h->last);
	free(h->lines);
}

static enum sw_status open_log(void *state)
{
	struct hmail *h = state;

	buffer_init(&h->last, LIMIT_LINE + 8);
	h->lines = calloc(LIMIT_REPLY_LINES, sizeof(*h->lines));
	return h->lines ? SW_OK : SW_ENOMEM;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct hmail *h = state;
	enum sw_status status;
	struct row row;

	if (line->text.len == 0)
		return SW_OK;
	if (!parse_row(line->text, &row)) {
		log_not_understood(&h->sessions, line);
		return SW_OK;
	}
	status = log_sessions_expire(&h->sessions,
	    log_local_time(h->sessions.options, row.time));
	if (status != SW_OK)
		return status;
	if (row.type == TYPE_TCPIP)
		take_tcpip(h, line, &row);
	if (row.type != TYPE_SMTPD && row.type != TYPE_SMTPC)
		return SW_OK;
	return take_session_row(h, line, &row);
}

const struct log_format log_hmailserver = {
	.name = "hmailserver",
	.title = "hMailServer log",
	.times = "local, 1 ms",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_PORT) | LOG_RECORDS_TALK |
	    SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct hmail),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.close = close_log,
};
