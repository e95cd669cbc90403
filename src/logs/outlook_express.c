/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outlook_express.c - Smtp.log of Internet Mail and News and of Outlook
 * Express
 *
 * Theory of operation.  Each launch of the program appends a head of two
 * lines, then a line for each line sent ([tx]) or received ([rx]), and notes
 * of the program ([db]), which alone tell where connections begin and end:
 *
 *   Microsoft(r) Plus! for Windows(r) 95 4.70.1155
 *   SMTP Log started at Thu Aug 01 17:22:27
 *   SMTP: 17:22:27 [db] Connecting to 'smtp.example.com'.
 *   SMTP: 17:22:27 [db] srv_addr = 192.0.2.25
 *   SMTP: 17:22:28 [rx] 220 smtp.example.com ESMTP server ready
 *   SMTP: 17:22:31 [tx]
 *   .
 *
 * The tag is searched for, for a line may begin with the rest of another.
 * Published copies leave out protocol and time, number the lines ("07) [rx]
 * 250-HELP") and fold long ones; these are read too, without times.
 *
 * Content is not told: an empty [tx] and a bare dot stand for it.  POP3 and
 * the like may stand in the same file and are left out.
 *
 * Times are local; a fall of the clock is a midnight.  The head tells month
 * and day, seldom the year.  It is taken from a server's greeting that tells
 * a date of the same month and day (even if another year was assumed before),
 * else from the file (its name, or when it was changed) if the day of the week
 * agrees with it; that is assumed and noted.  Where none of these tells it,
 * times have no date.
 */
#include "logs/families.h"
#include "logs/outlook_rows.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

/* Length of a line of a published copy that may have been folded. */
#define FOLD_MIN 60

struct oe {
	struct log_sessions sessions;
	struct log_session *open; /* the connection, NULL: none */

	/* the launch */
	bool other;          /* its log is not that of SMTP */
	bool head;           /* it told a day */
	struct civil day;    /* of its head; the year if dated */
	enum sw_date_kind date;
	struct log_years years;
	struct log_days days;

	bool dot_next;       /* an empty [tx] stood for content */
	bool holding;        /* a line that may be folded */
	struct log_line held;
	struct outlook_entry held_entry;
	struct buffer held_text;
	uint64_t other_lines;
};

/* --- the day ------------------------------------------------------------ */

/* The day of a head that tells no year, as far as the file tells it. */
static void assume_year(struct oe *o, int weekday)
{
	struct civil day = o->day;

	day.year = log_years_take(&o->years, day.month, day.day);
	if (!o->years.known || !clock_civil_is_valid(&day) ||
	    (weekday >= 0 && weekday != outlook_weekday_of(&day)))
		return;
	o->day = day;
	o->date = SW_DATE_ASSUMED;
}

/* "Aug 01 17:22:27" or "Aug 01 17:22:27 1996", or numbers. */
static bool parse_day(struct oe *o, struct slice rest, int64_t *ns_r)
{
	int weekday = outlook_take_weekday(&rest);
	struct log_numeric_date d;
	int year;

	memset(&o->day, 0, sizeof(o->day));
	o->date = SW_DATE_NONE;
	if (log_take_numeric_date(&rest, &d)) {
		if (!log_order_date(&d, o->sessions.options->date_order,
		    &o->day))
			return false;
		log_take_blanks(&rest);
		o->date = SW_DATE_GIVEN;
		return log_take_time(&rest, ns_r, NULL);
	}
	if (!log_take_month(&rest, &o->day.month) ||
	    !log_take_blanks(&rest) ||
	    !log_take_number(&rest, 1, 2, &o->day.day) ||
	    !log_take_blanks(&rest) || !log_take_time(&rest, ns_r, NULL))
		return false;
	log_take_blanks(&rest);
	o->day.year = 1972; /* a leap year: is there such a day at all? */
	if (!clock_civil_is_valid(&o->day))
		return false;
	if (log_take_number(&rest, 4, 4, &year)) {
		o->day.year = year;
		o->date = clock_civil_is_valid(&o->day) ? SW_DATE_GIVEN :
		    SW_DATE_NONE;
	} else {
		assume_year(o, weekday);
	}
	return true;
}

static int64_t time_of(struct oe *o, const struct outlook_entry *e)
{
	int64_t time;

	if (!e->timed)
		return SW_NO_TIME;
	time = log_days_time(&o->days, e->ns);
	return o->date == SW_DATE_NONE ? time :
	    log_local_time(o->sessions.options, time);
}

/* Days from a to b, less than half a year apart, whatever their years. */
static int64_t days_between(struct civil a, const struct civil *b)
{
	int64_t days;

	a.year = b->year;
	days = (clock_from_civil(b) - clock_from_civil(&a)) / 86400;
	return days > 182 ? days - 365 : days < -182 ? days + 365 : days;
}

static void note_assumed(struct log_session *s, const struct log_line *line,
    const char *why)
{
	session_note(s->b, SW_NOTE_DATE_ASSUMED, 0, line->number,
	    line->number, "The log tells month and day, but no year: %s.",
	    why);
}

/* The session's times were told without a date. */
static void shift_times(struct oe *o, struct log_session *s, int64_t by)
{
	struct sw_session *out = session_get(s->b);
	size_t i;

	for (i = 0; i < out->event_count; i++) {
		struct sw_event *e = session_event(s->b, (uint32_t)i + 1);

		if (!e)
			continue;
		e->time = clock_add(e->time, by);
		e->end = clock_add(e->end, by);
	}
	s->start_time = clock_add(s->start_time, by);
	s->last_time = clock_add(s->last_time, by);
	out->clock = log_local_clock(o->sessions.options, NS_PER_S, o->date);
}

/* The year that a server tells in its greeting is that of the launch if day
 * and month agree; its zone may be another one. */
static void learn_year(struct oe *o, struct log_session *s,
    const struct log_line *line, struct slice greeting)
{
	struct civil told, before = o->day;
	int64_t off, base, was;

	if (!o->head || o->date == SW_DATE_GIVEN ||
	    session_get(s->b)->clock.zone == SW_ZONE_NONE ||
	    !outlook_find_date(greeting, &told))
		return;
	off = days_between(o->day, &told) - o->days.passed;
	if (off < -1 || off > 1)
		return;
	o->day.year = told.year;
	/* New Year's Eve */
	if (told.month == 1 && o->day.month == 12)
		o->day.year--;
	else if (told.month == 12 && o->day.month == 1)
		o->day.year++;
	base = clock_civil_is_valid(&o->day) ? log_make_time(&o->day, 0) :
	    SW_NO_TIME;
	was = o->date == SW_DATE_ASSUMED ? log_make_time(&before, 0) : 0;
	/* A year may be none that times can be of. */
	if (base == SW_NO_TIME || was == SW_NO_TIME ||
	    (o->date == SW_DATE_ASSUMED && base == was)) {
		o->day = before;
		return;
	}
	if (o->date == SW_DATE_ASSUMED) /* of another year */
		base = clock_apart(base, was);
	else
		base = log_local_time(o->sessions.options, base);
	o->date = SW_DATE_ASSUMED;
	o->days.known = o->years.known = true;
	o->days.day = o->day;
	o->years.year = o->day.year; /* later launches go on from there */
	o->years.month = o->day.month;
	shift_times(o, s, base);
	note_assumed(s, line, "the server's greeting tells it");
}

/* --- sessions ----------------------------------------------------------- */

#define RECORDS_ALWAYS (LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_CLOSE))

static enum sw_status end_open(struct oe *o)
{
	struct log_session *s = o->open;

	o->open = NULL;
	o->dot_next = false;
	return s ? log_sessions_end_before(&o->sessions, s) : SW_OK;
}

/* Neither side said a word. */
static bool is_silent(const struct log_session *s)
{
	return s->seen == 0 && s->last_code == SW_UNKNOWN && !s->reply;
}

/* A connection was tried and nothing came of it. */
static enum sw_status end_attempt(struct oe *o, const struct log_line *line,
    int64_t time)
{
	struct log_session *s = o->open;

	o->open = NULL;
	return log_sessions_attempt(&o->sessions, s, line, time, false);
}

static enum sw_status begin_session(struct oe *o, const struct log_line *line,
    int64_t time)
{
	enum sw_status status = o->open && is_silent(o->open) ?
	    end_attempt(o, line, time) : end_open(o);
	struct sw_session *out;

	if (status == SW_OK)
		status = log_sessions_begin(&o->sessions, slice_str(""), line,
		    time, &o->open);
	if (status != SW_OK)
		return status;
	BASE_KNOWN(o->open);
	log_session_recorder(o->open, SW_RECORDER_CLIENT);
	out = session_get(o->open->b);
	out->records = RECORDS_ALWAYS;
	if (time == SW_NO_TIME) {
		out->clock.zone = SW_ZONE_NONE;
		out->clock.date = SW_DATE_NONE;
		return SW_OK;
	}
	out->records |= SW_BIT(SW_RECORDS_TIMES);
	out->clock = log_local_clock(o->sessions.options, NS_PER_S, o->date);
	if (o->date == SW_DATE_ASSUMED)
		note_assumed(o->open, line, "it is taken from a greeting "
		    "before, or from the file");
	return SW_OK;
}

static bool begins(struct slice text, const char *words)
{
	return slice_has_prefix_nocase(text, slice_str(words));
}

/* "srv_addr = 192.0.2.25", and what may stand in front of it. */
static void take_address(struct log_session *s, struct slice text)
{
	struct sw_session *out = session_get(s->b);

	text = slice_from(text, slice_find_nocase(text,
	    slice_str("srv_addr")));
	log_take_text(&text, "srv_addr");
	log_take_blanks(&text);
	log_take_octet(&text, '=');
	log_take_blanks(&text);
	text = log_take_word(&text);
	if (!log_is_ipv4(text))
		return;
	out->server.ip = session_text(s->b, text);
	out->records |= SW_BIT(SW_RECORDS_SERVER_ADDRESS);
}

static enum sw_status take_note(struct oe *o, const struct log_line *line,
    const struct outlook_entry *e, int64_t time)
{
	struct log_session *s;
	enum sw_status status = SW_OK;

	if (begins(e->text, "Connecting to ")) {
		status = begin_session(o, line, time);
		if (status != SW_OK)
			return status;
		log_session_connect(o->open, line, time, SW_CLIENT);
	} else if (!o->open) {
		return SW_OK; /* of no connection */
	}
	s = o->open;
	log_sessions_touch(&o->sessions, s, line->number, time);
	take_address(s, e->text);
	if (begins(e->text, "srv_addr")) {
		/* nothing else stands there */
	} else if (begins(e->text, "Connection to ") &&
	    slice_find_nocase(e->text, slice_str("closed")) < e->text.len) {
		if (is_silent(s))
			return end_attempt(o, line, time);
		o->open = NULL;
		return log_session_close(&o->sessions, s, line, time,
		    SW_NOBODY);
	} else {
		log_say_note(s, line, time, e->text);
	}
	return SW_OK;
}

/* Lines outside of a connection begin one whose start is missing. */
static enum sw_status need_session(struct oe *o, const struct log_line *line,
    int64_t time)
{
	enum sw_status status;

	if (o->open && !log_session_over(o->open))
		return SW_OK;
	status = begin_session(o, line, time);
	if (status == SW_OK)
		log_session_no_start(o->open, line);
	return status;
}

static struct log_said said_of(const struct log_line *line, int64_t time,
    struct slice text)
{
	struct log_said said = log_said(line, time, text);

	if (line->unterminated)
		said.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	return said;
}

static void say_content(struct oe *o, const struct log_said *said)
{
	session_get(o->open->b)->records |= SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE);
	log_content_line(o->open, said, true, true);
}

static void take_sent(struct oe *o, const struct log_line *line,
    const struct outlook_entry *e, int64_t time)
{
	struct log_said said = said_of(line, time, e->text);
	size_t len;
	enum verb verb = session_verb(e->text, &len);

	if (!log_content_due(o->open)) {
		log_say_client(o->open, &said);
		return;
	}
	/* Content is left out; [G] a version may tell it. */
	if (e->text.len == 0 && !o->open->content.open)
		o->dot_next = true;
	else if (!o->open->content.open && (verb == VERB_QUIT ||
	    verb == VERB_RSET))
		log_say_client(o->open, &said);
	else if (o->open->content.open ||
	    !(e->text.len == 1 && e->text.p[0] == '.'))
		say_content(o, &said);
}

static enum sw_status take_entry(struct oe *o, const struct log_line *line,
    const struct outlook_entry *e)
{
	int64_t time;
	enum sw_status status;
	struct log_said said;

	if (!e->smtp || (o->other && !e->named)) {
		o->other_lines++;
		return SW_OK;
	}
	time = time_of(o, e);
	if (e->tag == OUTLOOK_DB)
		return take_note(o, line, e, time);
	status = need_session(o, line, time);
	if (status != SW_OK)
		return status;
	log_sessions_touch(&o->sessions, o->open, line->number, time);
	if (e->tag == OUTLOOK_TX) {
		take_sent(o, line, e, time);
		return SW_OK;
	}
	if (begins(e->text, "220"))
		learn_year(o, o->open, line, e->text);
	/* That may have told its day. */
	if (o->open->last_time != SW_NO_TIME)
		time = o->open->last_time;
	said = said_of(line, time, e->text);
	log_say_server(o->open, &said);
	return SW_OK;
}

/* --- lines without a tag ------------------------------------------------ */

static enum sw_status take_head(struct oe *o, struct slice rest, bool smtp)
{
	enum sw_status status = end_open(o);
	int64_t ns = 0;

	o->other = !smtp;
	o->head = parse_day(o, slice_trim(rest), &ns);
	if (!o->head)
		o->date = SW_DATE_NONE;
	log_days_begin(&o->days, o->date == SW_DATE_NONE ? NULL : &o->day);
	if (o->head)
		log_days_time(&o->days, ns);
	return status;
}

static enum sw_status take_bare(struct oe *o, const struct log_line *line)
{
	struct slice text = line->text, rest;
	bool smtp;

	outlook_take_number(&text);
	text = outlook_trim_end(text);
	if (text.len == 0 || outlook_is_product(text))
		return SW_OK;
	if (outlook_parse_head(line->text, &rest, &smtp))
		return take_head(o, rest, smtp);
	if (text.len == 1 && text.p[0] == '.') {
		struct log_said said = said_of(line, o->open ?
		    o->open->last_time : SW_NO_TIME, text);

		/* The end of what the empty [tx] stands for. */
		if (o->open && o->open->content.open)
			say_content(o, &said);
		if (o->dot_next || (o->open && o->open->content.of)) {
			o->dot_next = false;
			if (o->open)
				log_sessions_touch(&o->sessions, o->open,
				    line->number, SW_NO_TIME);
			return SW_OK;
		}
	}
	log_not_understood(&o->sessions, line);
	return SW_OK;
}

/* --- lines that may be folded -------------------------------------------- */

static enum sw_status release(struct oe *o)
{
	if (!o->holding)
		return SW_OK;
	o->holding = false;
	o->held_entry.text = buffer_slice(&o->held_text);
	o->held.text = o->held_entry.text;
	return take_entry(o, &o->held, &o->held_entry);
}

static void hold(struct oe *o, const struct log_line *line,
    const struct outlook_entry *e)
{
	o->holding = true;
	o->held = *line;
	o->held_entry = *e;
	buffer_clear(&o->held_text);
	buffer_append_slice(&o->held_text, e->text);
}

/* The rest of the line that is held: "-" and "0700" were one word. */
static bool is_fold(const struct oe *o, struct slice text)
{
	struct slice rest = text;
	bool smtp;

	return o->holding && o->held_text.len >= FOLD_MIN && text.len > 0 &&
	    !outlook_take_number(&rest) &&
	    !outlook_parse_head(text, &rest, &smtp) &&
	    !(text.len == 1 && text.p[0] == '.');
}

static void unfold(struct oe *o, struct slice text)
{
	size_t len = o->held_text.len;

	if (o->held_text.p[len - 1] != '-')
		buffer_append_char(&o->held_text, ' ');
	buffer_append_slice(&o->held_text, slice_trim(text));
}

/* --- the family --------------------------------------------------------- */

/* Is a line in the stripped form one of this log, not of any text? */
static bool is_telling(const struct outlook_entry *e)
{
	size_t len;
	enum verb verb = session_verb(e->text, &len);

	if (e->named || e->tag == OUTLOOK_DB)
		return e->timed || begins(e->text, "Connecting to ");
	if (e->tag == OUTLOOK_RX)
		return log_parse_reply_line(e->text).code != SW_UNKNOWN;
	return session_verb_is_known(verb);
}

static bool probe(struct slice head)
{
	while (head.len > 0) {
		struct slice line = log_head_line(&head), rest;
		struct outlook_entry e;
		bool smtp;

		/* "Log started at" may stand in any text. */
		if ((outlook_parse_head(line, &rest, &smtp) && smtp) ||
		    (outlook_parse_entry(line, &e) && is_telling(&e)))
			return true;
	}
	return false;
}

static void close_log(void *state)
{
	struct oe *o = state;

	buffer_fini(&o->held_text);
}

static enum sw_status open_log(void *state)
{
	struct oe *o = state;

	o->date = SW_DATE_NONE;
	log_years_begin(&o->years, o->sessions.options, o->sessions.file_name);
	log_days_begin(&o->days, NULL);
	buffer_init(&o->held_text, 2 * LIMIT_LINE);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct oe *o = state;
	enum sw_status status;
	struct outlook_entry e;
	bool tagged = outlook_parse_entry(line->text, &e);

	if (!tagged && is_fold(o, line->text)) {
		unfold(o, line->text);
		return o->held_text.failed ? SW_ENOMEM : SW_OK;
	}
	status = release(o);
	if (status != SW_OK)
		return status;
	if (!tagged)
		return take_bare(o, line);
	if (e.named || e.timed)
		return take_entry(o, line, &e);
	hold(o, line, &e);
	return o->held_text.failed ? SW_ENOMEM : SW_OK;
}

static void forget(void *state, const struct log_session *s)
{
	struct oe *o = state;

	if (o->open != s)
		return;
	o->open = NULL;
	o->dot_next = false;
}

static enum sw_status end_log(void *state)
{
	struct oe *o = state;
	enum sw_status status = release(o);

	log_left_out(&o->sessions, o->other_lines);
	if (status == SW_OK)
		status = end_open(o);
	return status;
}

const struct log_format log_outlook_express = {
	.name = "outlook-express",
	.title = "Outlook Express, Internet Mail and News, Smtp.log",
	.times = "local times of day, 1 s; day without a year",
	.records = RECORDS_ALWAYS | SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct oe),
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.gone = forget,
	.end = end_log,
	.close = close_log,
};
