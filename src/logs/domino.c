/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domino.c - what the console log of Lotus Domino tells of its SMTP server
 *
 * Theory of operation.  Each line is: process and thread in brackets (not in
 * every log), date and time as the machine's locale has them, the task,
 * text:
 *
 *   [0E4C:0010-0B40] 2016-11-07 10:15:32   SMTP Server: client.example.org
 *	(192.0.2.10) connected
 *   [0E4C:0011-0B44] 2016-11-07 10:15:33   SMTP Server: Message 0036A9E1
 *	(MessageID: <1@example.org>) received from client.example.org
 *	(192.0.2.10) size 2804 bytes
 *   [0E4C:0010-0B40] 2016-11-07 10:15:34   SMTP Server: client.example.org
 *	(192.0.2.10) disconnected. 1 message[s] received
 *
 * These lines are all that is read: connections, when they were made and
 * closed, and their messages as notes.  The dialogue that SMTPDebugIO adds
 * is passed over, since no sample of its layout is known; lines of other
 * tasks are too.  A session is that of a host and its address; threads serve
 * many.  Several of one host at once are taken to close in the order in
 * which they were opened, and say so.
 *
 * The order of a date of three numbers is that of --date-order, else the one
 * that all lines so far allow; where two are left, month first.
 */
#include "logs/families.h"
#include "logs/probe.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

/* One line, taken apart. */
struct row {
	int64_t time;      /* as it stands */
	bool smtp;         /* of the SMTP server */
	struct slice text;
};

/* "client.example.org (192.0.2.10) connected" */
struct peer {
	struct slice key;  /* host and address */
	struct slice ip;
	struct slice rest; /* what follows */
};

struct domino {
	struct log_sessions sessions;
	struct log_date_votes votes;
};

/* --- lines -------------------------------------------------------------- */

/* "[0E4C:0010-0B40] " */
static void skip_thread(struct slice *rest)
{
	struct slice s = *rest;
	size_t n = 0;

	if (!log_take_octet(&s, '['))
		return;
	while (n < s.len && n < 40 && s.p[n] != ']')
		n++;
	if (n == s.len || s.p[n] != ']')
		return;
	s = slice_from(s, n + 1);
	log_take_blanks(&s);
	*rest = s;
}

/* votes: of the lines so far, for AUTO; NULL: none. */
static bool parse_row(struct slice line, enum log_date_order order,
    struct log_date_votes *votes, struct row *row)
{
	struct slice s = line;
	struct log_numeric_date d;
	struct civil day;
	int64_t ns;

	memset(row, 0, sizeof(*row));
	skip_thread(&s);
	if (!log_take_numeric_date(&s, &d) || log_take_blanks(&s) == 0 ||
	    !log_take_time(&s, &ns, NULL) || log_take_blanks(&s) == 0)
		return false;
	if (votes)
		log_date_vote(votes, &d);
	if (votes && order == LOG_DATE_AUTO)
		order = log_date_elected(votes);
	if (!log_order_date(&d, order, &day))
		return false;
	row->time = clock_add(log_make_time(&day, 0), ns);
	row->smtp = log_take_text(&s, "SMTP Server: ");
	row->text = s;
	return true;
}

static bool parse_peer(struct slice text, struct peer *p)
{
	struct slice s = text;
	size_t n = 0;

	log_take_word(&s);
	if (!log_take_octet(&s, '('))
		return false;
	while (n < s.len && s.p[n] != ')')
		n++;
	if (n == s.len)
		return false;
	p->ip = slice_head(s, n);
	s = slice_from(s, n + 1);
	p->key = slice_head(text, (size_t)(s.p - text.p));
	log_take_blanks(&s);
	p->rest = s;
	return log_is_address(p->ip) && p->key.len <= 300;
}

/* --- sessions ----------------------------------------------------------- */

static enum sw_status take_connected(struct domino *d,
    const struct log_line *line, int64_t time, const struct peer *p)
{
	struct log_session *other = log_sessions_find(&d->sessions, p->key);
	struct sw_session *out;
	struct log_session *s;
	enum sw_status status = log_sessions_begin(&d->sessions, p->key,
	    line, time, &s);

	if (status != SW_OK)
		return status;
	out = session_get(s->b);
	out->clock = log_local_clock(d->sessions.options,
	    NS_PER_S, SW_DATE_GIVEN);
	out->client.ip = session_text(s->b, p->ip);
	out->records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLOSE) | SW_BIT(SW_RECORDS_TIMES);
	log_session_recorder(s, SW_RECORDER_SERVER);
	log_session_connect(s, line, time, SW_CLIENT);
	if (!other)
		return SW_OK;
	log_session_ambiguous(s, line);
	/* the limit of sessions may have ended it */
	other = log_sessions_find(&d->sessions, p->key);
	if (other != s)
		log_session_ambiguous(other, line);
	return SW_OK;
}

/* "Message 0036A9E1 (MessageID: <1@example.org>) received from host (ip)" */
static void take_message(struct domino *d, const struct log_line *line,
    int64_t time, struct slice text)
{
	struct log_session *s;
	struct slice from;
	struct peer p;
	size_t at = slice_find_nocase(text, slice_str(" received from "));

	from = slice_from(text, at + 15);
	if (at >= text.len || !parse_peer(from, &p))
		return;
	s = log_sessions_find(&d->sessions, p.key);
	if (!s)
		return;
	log_sessions_touch(&d->sessions, s, line->number, time);
	log_say_note(s, line, time, text);
}

static enum sw_status take_row(struct domino *d, const struct log_line *line,
    const struct row *row)
{
	struct slice text = row->text;
	struct log_session *s;
	struct peer p;

	if (slice_has_prefix_nocase(text, slice_str("Message "))) {
		take_message(d, line, row->time, text);
		return SW_OK;
	}
	if (!parse_peer(text, &p))
		return SW_OK;
	if (slice_eq(slice_trim(p.rest), slice_str("connected")))
		return take_connected(d, line, row->time, &p);
	s = log_sessions_find(&d->sessions, p.key);
	if (!s)
		return SW_OK;
	log_sessions_touch(&d->sessions, s, line->number, row->time);
	log_say_note(s, line, row->time, text);
	if (!slice_has_prefix_nocase(p.rest, slice_str("disconnected")))
		return SW_OK;
	return log_session_close(&d->sessions, s, line, row->time,
	    SW_NOBODY);
}

/* --- the family --------------------------------------------------------- */

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 2 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct row row;
		struct peer p;

		if (parse_row(line, LOG_DATE_AUTO, NULL, &row)) {
			log_tally_row(&t, row.smtp &&
			    parse_peer(row.text, &p));
		} else if (line.len > 0) {
			log_tally_other(&t);
		}
	}
	return log_tally_judge(&t, NULL);
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct domino *d = state;
	enum sw_status status;
	struct row row;

	if (line->text.len == 0)
		return SW_OK;
	if (!parse_row(line->text, d->sessions.options->date_order, &d->votes,
	    &row)) {
		log_not_understood(&d->sessions, line);
		return SW_OK;
	}
	row.time = log_local_time(d->sessions.options, row.time);
	status = log_sessions_expire(&d->sessions, row.time);
	if (status != SW_OK || !row.smtp)
		return status;
	return take_row(d, line, &row);
}

const struct log_format log_domino = {
	.name = "domino",
	.title = "Lotus Domino console log, connections of its SMTP server",
	.times = "local, 1 s",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_CLOSE) | SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct domino),
	.goes_on = true,
	.probe = probe,
	.line = take_line,
};
