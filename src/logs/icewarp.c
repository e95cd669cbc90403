/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * icewarp.c - SMTP logs of VisNetic Mail Server, Merak and IceWarp, which are
 * one program under three names
 *
 * Theory of operation.  Each line is: address, blanks up to column 16, the
 * thread's id in hex, time of day, text.  The day stands in the file's name
 * alone (sYYYYMMDD-nn.log).  In 2004 the id had eight digits and each line
 * its date and zone:
 *
 *   192.0.2.10      [15C0] 00:02:10 Connected, local IP=192.0.2.25
 *   192.0.2.10      [15C0] 00:02:10 >>> 220 mx.example.com ESMTP IceWarp
 *   192.0.2.10      [15C0] 00:02:10 <<< EHLO client.example.org
 *   192.0.2.10      [15C0] 00:02:10 <<< 2809 bytes (overall data transfer
 *	speed=31415926 B/s)
 *   192.0.2.10      [15C0] 00:02:12 *** <a@example.org> <b@example.com> 1
 *	2804 00:00:01 OK ABC12345
 *   192.0.2.10 [00000A1C] Thu, 22 Apr 2004 22:01:42 +0200 >>> 220 mx ...
 *
 * ">>>" was sent by this host and "<<<" received, in both roles.
 *
 * Sessions.  Threads serve one connection after another, so a session is
 * that of an id and an address since the last "Connected"; one whose id is
 * used again ends there.  Lines
 * without an address (SYSTEM, Challenge) belong to the session that has the
 * id, or, before it begins, to the one that will: outgoing sessions begin
 * with such lines about DNS.  They become notes.
 *
 * Roles.  "Client session" in front of a text marks an outgoing session;
 * else the first line decides who is the server.
 *
 * Whose address stands left in outgoing sessions?  VisNetic's own text says
 * the remote server's, a later one of IceWarp that of the machine that opened
 * the connection.  Here it is the server's, unless it is an address that
 * "local IP=" named as this host's own (so far in this log): then it is the
 * client's and the server's is not known.
 *
 * Content.  Its line tells the octets on the wire, the final dot and its
 * CR LF included: the size is three less.  The summary ("***") counts two
 * less again, since it leaves out the end of the last line too; it gives the
 * size when that line is missing (2004), and the receiver's id.
 */
#include "logs/families.h"
#include "logs/icewarp_rows.h"
#include "logs/probe.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/waiting.h"
#include "logs/when.h"

#define OWN_MAX 16      /* own addresses that are remembered */

struct address {
	uint8_t octets[ICEWARP_ADDRESS_MAX];
	size_t len;
};

/* Behind each log_session. */
struct extra {
	struct address who, local;
};

struct icewarp {
	struct log_sessions sessions;
	struct log_days days;
	struct address own[OWN_MAX];
	size_t own_count;
	struct log_waiting waiting; /* lines of the SYSTEM column */
};

static struct extra *extra(struct log_session *s)
{
	return (struct extra *)(void *)s->extra;
}

/* --- sessions ----------------------------------------------------------- */

static struct slice slice_of(const struct address *a)
{
	return slice_make(a->octets, a->len);
}

static void set_address(struct address *a, struct slice s)
{
	a->len = s.len < ICEWARP_ADDRESS_MAX ? s.len : ICEWARP_ADDRESS_MAX;
	if (a->len > 0)
		memcpy(a->octets, s.p, a->len);
}

static bool is_own(const struct icewarp *w, struct slice s)
{
	size_t i;

	for (i = 0; i < w->own_count; i++)
		if (slice_eq(slice_of(&w->own[i]), s))
			return true;
	return false;
}

static void learn_own(struct icewarp *w, struct slice s)
{
	if (s.len > 0 && !is_own(w, s) && w->own_count < OWN_MAX)
		set_address(&w->own[w->own_count++], s);
}

static struct slice key_of(const struct icewarp_row *row, uint8_t key[5])
{
	size_t i;

	key[0] = row->dated;
	for (i = 0; i < 4; i++)
		key[1 + i] = (uint8_t)(row->id >> 8 * i);
	return slice_make(key, 5);
}

/* The newest session of the id and the address; of the id alone for a line
 * without an address, if it goes on. */
static struct log_session *find(const struct icewarp *w,
    const struct icewarp_row *row)
{
	uint8_t key[5];
	struct log_session *s, *found = NULL;

	for (s = log_sessions_find(&w->sessions, key_of(row, key)); s;
	    s = s->same_next)
		if (row->is_address ? slice_eq(slice_of(&extra(s)->who),
		    row->who) : !log_session_over(s))
			found = s;
	return found;
}

static void put_ip(struct log_session *s, struct sw_endpoint *e,
    struct slice ip, enum sw_record record)
{
	struct sw_session *out = session_get(s->b);

	if (ip.len == 0) {
		e->ip.data = NULL;
		out->records &= ~SW_BIT(record);
		return;
	}
	e->ip = session_text(s->b, ip);
	out->records |= SW_BIT(record);
}

/* The addresses as far as they are known by now. */
static void place(const struct icewarp *w, struct log_session *s)
{
	struct sw_session *out = session_get(s->b);
	struct slice who = slice_of(&extra(s)->who);
	struct slice local = slice_of(&extra(s)->local);
	struct slice client = who, server = local;

	if (out->recorder == SW_RECORDER_CLIENT) {
		bool own = is_own(w, who);

		client = local.len > 0 || !own ? local : who;
		server = own ? slice_head(who, 0) : who;
	}
	put_ip(s, &out->client, client, SW_RECORDS_CLIENT_ADDRESS);
	put_ip(s, &out->server, server, SW_RECORDS_SERVER_ADDRESS);
}

static void describe(struct icewarp *w, struct log_session *s,
    const struct log_line *line, const struct icewarp_row *row)
{
	struct sw_session *out = session_get(s->b);

	out->records = LOG_RECORDS_TALK |
	    SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_TIMES);
	out->recorder = SW_RECORDER_SERVER; /* until a line tells */
	out->clock = log_local_clock(w->sessions.options,
	    NS_PER_S, w->days.known ? SW_DATE_ASSUMED : SW_DATE_NONE);
	if (row->dated) {
		out->clock.zone = row->offset_s ? SW_ZONE_OFFSET :
		    SW_ZONE_UTC;
		out->clock.offset_s = row->offset_s;
		out->clock.date = SW_DATE_GIVEN;
	}
	set_address(&extra(s)->who, row->who);
	place(w, s);
	if (out->clock.date == SW_DATE_ASSUMED)
		log_session_date_assumed(s, line);
}

/* The lines that waited for it become its notes. */
static enum sw_status begin(struct icewarp *w, const struct log_line *line,
    const struct icewarp_row *row, struct log_session **s_r)
{
	struct log_waited waited;
	uint8_t key[5];
	enum sw_status status = log_waiting_begin(&w->waiting, &w->sessions,
	    row->id, key_of(row, key), line, row->time, s_r);

	if (status != SW_OK)
		return status;
	describe(w, *s_r, line, row);
	while (log_waiting_take(&w->waiting, row->id, row->time, &waited)) {
		log_say_note(*s_r, &waited.line, waited.time, waited.text);
		if (icewarp_take_client(&waited.text))
			log_session_recorder(*s_r, SW_RECORDER_CLIENT);
	}
	return SW_OK;
}

/* --- texts -------------------------------------------------------------- */

static bool is_connected(struct slice text)
{
	return log_take_text(&text, "Connected") &&
	    (text.len == 0 || text.p[0] == ',' || text.p[0] == ' ');
}

static bool is_disconnected(struct slice text)
{
	return log_take_text(&text, "Disconnected");
}

static bool is_chatter(struct slice text)
{
	return text.len == 0 || log_take_text(&text,
	    "Start of mail processing");
}

static enum sw_status take_connected(struct icewarp *w,
    struct log_session *s, const struct log_line *line,
    const struct icewarp_row *row, struct slice text)
{
	size_t at = slice_find_nocase(text, slice_str("local IP="));
	struct slice local = slice_from(text, at + 9);

	if (at < text.len) {
		local = log_take_word(&local);
		if (log_is_address(local) && local.len <= ICEWARP_ADDRESS_MAX) {
			learn_own(w, local);
			set_address(&extra(s)->local, local);
		}
	}
	log_session_connect(s, line, row->time, SW_CLIENT);
	place(w, s);
	return SW_OK;
}

static void take_summary(struct log_session *s, const struct log_line *line,
    const struct icewarp_row *row, struct slice text)
{
	struct icewarp_summary m;

	log_say_note(s, line, row->time, text);
	if (!icewarp_parse_summary(text, &m))
		return;
	log_content_size(s, m.size + 2);
	if (m.ok && m.id.len > 0 && !log_line_is_cut(line) &&
	    session_get(s->b)->recorder == SW_RECORDER_SERVER)
		log_session_queue_id(s, m.id);
}

static void say(struct icewarp *w, struct log_session *s,
    const struct log_line *line, const struct icewarp_row *row,
    struct slice text, bool sent)
{
	struct log_said said = log_said(line, row->time, text);
	enum sw_recorder before = session_get(s->b)->recorder;
	int64_t wire;

	if (log_content_due(s) && icewarp_parse_bytes(text, &wire)) {
		log_content_passed(s, &said, wire < 3 ? SW_UNKNOWN :
		    wire - 3, wire);
		return;
	}
	if (log_role(s, sent, text) == SW_CLIENT)
		log_say_client(s, &said);
	else
		log_say_server(s, &said);
	if (session_get(s->b)->recorder != before)
		place(w, s);
}

static enum sw_status take_text(struct icewarp *w, struct log_session *s,
    const struct log_line *line, const struct icewarp_row *row,
    struct slice text)
{
	struct slice rest = text;
	bool sent;

	if (icewarp_take_arrow(&rest, &sent)) {
		say(w, s, line, row, rest, sent);
		return log_sessions_linger(&w->sessions, s);
	}
	if (log_take_text(&rest, "*** ")) {
		take_summary(s, line, row, text);
		return SW_OK;
	}
	if (is_disconnected(text)) {
		session_get(s->b)->records |= SW_BIT(SW_RECORDS_CLOSE);
		return log_session_close(&w->sessions, s, line, row->time,
		    SW_NOBODY);
	}
	if (!is_chatter(text))
		log_say_note(s, line, row->time, text);
	return SW_OK;
}

/* Was the first line of the session's dialogue seen? */
static bool is_greeting(struct slice text)
{
	bool sent;
	int32_t code = icewarp_take_arrow(&text, &sent) ?
	    log_parse_reply_line(text).code : SW_UNKNOWN;

	return log_is_greeting(code);
}

/* A line of the dialogue, or of its beginning. */
static enum sw_status take_new(struct icewarp *w,
    const struct log_line *line, const struct icewarp_row *row,
    struct slice text, bool client)
{
	struct log_session *s;
	enum sw_status status = begin(w, line, row, &s);

	if (status != SW_OK)
		return status;
	if (client) {
		log_session_recorder(s, SW_RECORDER_CLIENT);
		place(w, s);
	}
	if (is_connected(text))
		return take_connected(w, s, line, row, text);
	log_session_first(s, line, is_greeting(text));
	return take_text(w, s, line, row, text);
}

static bool begins(struct slice text)
{
	bool sent;

	return is_connected(text) || icewarp_take_arrow(&text, &sent);
}

static enum sw_status take_row(struct icewarp *w,
    const struct log_line *line, const struct icewarp_row *row)
{
	struct log_session *s = find(w, row);
	struct slice text = row->text;
	bool client = icewarp_take_client(&text), sent;
	struct slice rest = text;
	enum sw_status status = SW_OK;

	if (s && row->is_address && (is_connected(text) ||
	    (log_session_over(s) && icewarp_take_arrow(&rest, &sent)))) {
		status = log_sessions_end_before(&w->sessions, s);
		s = NULL;
	}
	if (status != SW_OK)
		return status;
	if (s) {
		log_sessions_touch(&w->sessions, s, line->number, row->time);
		if (client && !s->recorder_known) {
			log_session_recorder(s, SW_RECORDER_CLIENT);
			place(w, s);
		}
		return take_text(w, s, line, row, text);
	}
	if (row->is_address && begins(text))
		return take_new(w, line, row, text, client);
	if (!is_chatter(text) && !is_disconnected(text) &&
	    !log_take_text(&text, "*** "))
		log_waiting_hold(&w->waiting, row->id, line, row->text,
		    row->time);
	return SW_OK;
}

/* --- the family --------------------------------------------------------- */

static void take_name(struct icewarp *w)
{
	struct civil day;

	if (icewarp_name_day(w->sessions.file_name, &day))
		log_days_begin(&w->days, &day);
}

static bool is_log(const struct log_count *rows)
{
	return rows->of[EVIDENCE_SMTP] > rows->of[EVIDENCE_OTHER] ||
	    (rows->of[EVIDENCE_CODE] > 0 && rows->of[EVIDENCE_OTHER] == 0);
}

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct icewarp_row row;

		if (icewarp_parse_row(line, &row)) {
			log_tally_row(&t, icewarp_evidence_of(row.text));
		} else if (line.len > 0) {
			log_tally_other(&t);
		}
	}
	return log_tally_judge(&t, is_log);
}

static enum sw_status open_log(void *state)
{
	struct icewarp *w = state;

	log_days_begin(&w->days, NULL);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct icewarp *w = state;
	enum sw_status status;
	struct icewarp_row row;

	if (line->text.len == 0)
		return SW_OK;
	if (!icewarp_parse_row(line->text, &row)) {
		log_not_understood(&w->sessions, line);
		return SW_OK;
	}
	if (!row.dated) {
		row.time = log_days_time(&w->days, row.time);
		if (w->days.known)
			row.time = log_local_time(w->sessions.options,
			    row.time);
	}
	status = log_sessions_expire(&w->sessions, row.time);
	return status == SW_OK ? take_row(w, line, &row) : status;
}

static void begin_file(void *state)
{
	struct icewarp *w = state;

	take_name(w);
}

const struct log_format log_icewarp = {
	.name = "icewarp",
	.title = "VisNetic, Merak and IceWarp mail server, SMTP log",
	.times = "local, 1 s, day by the name; before 2005 with offset",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    LOG_RECORDS_TALK |
	    SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_CLOSE) |
	    SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct icewarp),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.file = begin_file,
	.line = take_line,
};
