/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * roundcube.c - the SMTP log of Roundcube (smtp_debug)
 *
 *   [21-Nov-2026 10:00:00,123456 +0000]: <k3s9a1b2> Connecting to mx:587...
 *   [21-Nov-2026 10:00:00,133456 +0000]: <k3s9a1b2> Recv: 220 mx ESMTP
 *   [21-Nov-2026 10:00:00,143456 +0000]: <k3s9a1b2> Send: EHLO client
 *
 * Roundcube is the client.  The text in angle brackets is the web session's
 * id; several connections may follow each other under one.
 */
#include "logs/families.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

#define RECORDS (LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_BODY) | \
	SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_TIMES))

struct roundcube {
	struct log_sessions sessions;
};

struct row {
	int64_t time;
	struct sw_clock clock;
	struct slice id; /* empty: none */
	bool sent, received;
	struct slice text;
};

/* "[21-Nov-2026 10:00:00,123456 +0000]: " */
static bool take_when(struct slice *s, struct row *r)
{
	struct civil day = { 0 };
	int year, digits;
	int32_t offset = 0;
	int64_t ns;

	if (!log_take_octet(s, '[') ||
	    !log_take_number(s, 1, 2, &day.day) || !log_take_octet(s, '-') ||
	    !log_take_month(s, &day.month) || !log_take_octet(s, '-') ||
	    !log_take_number(s, 4, 4, &year) || !log_take_octet(s, ' ') ||
	    !log_take_time(s, &ns, &digits))
		return false;
	day.year = year;
	log_take_blanks(s);
	r->clock.zone = log_take_zone(s, &offset) ? SW_ZONE_OFFSET :
	    SW_ZONE_LOCAL;
	if (r->clock.zone == SW_ZONE_OFFSET && offset == 0)
		r->clock.zone = SW_ZONE_UTC;
	r->clock.offset_s = offset;
	r->clock.resolution_ns = log_resolution(digits);
	r->clock.date = SW_DATE_GIVEN;
	r->time = clock_add(log_make_time(&day, 0), ns - offset * NS_PER_S);
	return clock_civil_is_valid(&day) && log_take_text(s, "]: ");
}

static bool parse(struct slice s, struct row *r)
{
	memset(r, 0, sizeof(*r));
	if (!take_when(&s, r))
		return false;
	if (log_take_octet(&s, '<')) {
		r->id = log_take_until(&s, '>');
		log_take_octet(&s, ' ');
	}
	r->sent = log_take_text(&s, "Send: ");
	r->received = !r->sent && log_take_text(&s, "Recv: ");
	r->text = s;
	return true;
}

static enum sw_status begin(struct roundcube *c, const struct log_line *line,
    const struct row *r, struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&c->sessions, r->id, line,
	    r->time, s_r);
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	log_session_recorder(*s_r, SW_RECORDER_CLIENT);
	out = session_get((*s_r)->b);
	out->records = RECORDS;
	out->clock = r->clock;
	return SW_OK;
}

/* A greeting when nothing is awaited begins another connection. */
static bool is_greeting(const struct log_session *s, const struct row *r)
{
	return r->received && log_parse_reply_line(r->text).code == 220 &&
	    log_session_outstanding(s) == 0 && !log_reply_open(s) &&
	    s->last_code != SW_UNKNOWN;
}

static enum sw_status find(struct roundcube *c, const struct log_line *line,
    const struct row *r, struct log_session **s_r)
{
	enum sw_status status = log_sessions_expire(&c->sessions, r->time);

	*s_r = log_sessions_find(&c->sessions, r->id);
	if (status == SW_OK && *s_r && is_greeting(*s_r, r)) {
		status = log_sessions_end(&c->sessions, *s_r,
		    SW_ENDING_INPUT_ENDED);
		*s_r = NULL;
	}
	if (status == SW_OK && !*s_r)
		status = begin(c, line, r, s_r);
	return status;
}

static void say(struct log_session *s, const struct log_line *line,
    const struct row *r)
{
	struct log_said said = log_said(line, r->time, r->text);

	if (r->received)
		log_say_server(s, &said);
	else if (log_content_due(s))
		log_content_line(s, &said, true, true);
	else
		log_say_client(s, &said);
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct roundcube *c = state;
	struct log_session *s;
	enum sw_status status;
	struct row r;

	if (line->text.len == 0)
		return SW_OK;
	if (!parse(line->text, &r)) {
		log_not_understood(&c->sessions, line);
		return SW_OK;
	}
	if (!r.sent && !r.received)
		return SW_OK; /* "Connecting to", "Failed to" */
	status = find(c, line, &r, &s);
	if (status != SW_OK)
		return status;
	log_sessions_touch(&c->sessions, s, line->number, r.time);
	say(s, line, &r);
	if (!log_session_over(s))
		return SW_OK;
	return log_sessions_end(&c->sessions, s, SW_ENDING_QUIT);
}

/* Two rows of the dialogue, one of them a reply. */
static bool probe(struct slice head)
{
	size_t sent = 0, received = 0;

	while (head.len > 0) {
		struct row r;

		if (!parse(log_head_line(&head), &r))
			continue;
		sent += r.sent && log_is_smtp(r.text);
		received += r.received &&
		    log_parse_reply_line(r.text).code >= 200;
	}
	return sent > 0 && received > 0;
}

const struct log_format log_roundcube = {
	.name = "roundcube",
	.title = "Roundcube, smtp_debug",
	.times = "local with its offset, 1 us",
	.records = RECORDS,
	.state_size = sizeof(struct roundcube),
	.goes_on = true,
	.probe = probe,
	.line = take_line,
};
