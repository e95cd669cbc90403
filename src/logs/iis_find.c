/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iis_find.c - which session a row of the SMTP service of IIS belongs to */
#include "logs/iis_find.h"

#include "base/clock.h"

/* Times have whole seconds, and two of them are compared. */
#define TIME_SLACK (2 * NS_PER_S)
/* What evidence of time weighs against log_session_fit. */
#define TIME_WEIGHT 4

bool iis_is_response(const struct iis_row *row)
{
	return slice_eq_nocase(row->user,
	    slice_str("OutboundConnectionResponse")) ||
	    (!iis_has(row, IIS_USER) && row->method.len == 0);
}

/* Outbound rows have status 0; so that a client cannot say HELO
 * OutboundConnectionCommand.  Without users the status alone tells, but for
 * QUIT, whose status was 0 in 1997. */
bool iis_is_outbound(const struct iis_row *row)
{
	if (iis_has(row, IIS_USER))
		return row->status <= 0 && iis_user_is_outbound(row->user);
	return row->status == 0 &&
	    !slice_eq_nocase(row->method, slice_str("QUIT"));
}

/* When what the row tells began, as far as it says so. */
static int64_t began(const struct iis_row *row)
{
	if (row->time == SW_NO_TIME || row->taken_ms < 0 ||
	    row->taken_ms > INT32_MAX)
		return row->time;
	return row->time - row->taken_ms * (NS_PER_S / 1000);
}

int64_t iis_opened(const struct iis_row *row, bool outbound)
{
	int64_t ms = outbound ? row->taken_ms :
	    row->verb == VERB_QUIT ? row->win32 : SW_UNKNOWN;

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
		if (iis_has(row, table[i].column))
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
static bool user_fits(struct log_session *s, const struct iis_row *row)
{
	struct sw_bytes u = iis_extra(s)->user;

	if (iis_extra(s)->outbound || !iis_has(row, IIS_USER) || !u.data)
		return true;
	if (slice_eq(slice_make(u.data, u.len), row->user))
		return true;
	/* The name changes with HELO: with the first, and with one after a
	 * refused one or after STARTTLS. */
	return iis_is_hello(row->verb) && (u.len == 0 || s->hello_refused ||
	    s->secure_next);
}

/* How well the row suits: below 0 not at all. */
static int weigh(struct log_session *s, const struct iis_row *row)
{
	int64_t at = iis_opened(row, iis_extra(s)->outbound);
	int64_t since = iis_extra(s)->opened, apart;
	int fit;

	if (!user_fits(s, row))
		return -1;
	if (iis_extra(s)->outbound && iis_is_response(row))
		fit = log_session_outstanding(s) > 0 ? 2 : 1;
	else
		fit = log_session_fit(s, row->verb, row->status);
	if (at == SW_NO_TIME || since == SW_NO_TIME)
		return fit;
	apart = at > since ? at - since : since - at;
	return apart <= TIME_SLACK ? fit + TIME_WEIGHT : fit;
}

static struct iis_choice choose(struct log_session *s,
    const struct iis_row *row, bool outbound)
{
	struct iis_choice c = { NULL, NULL, -1 };

	/* But for HELO the only one need not be weighed. */
	if (s && !s->same_next && !iis_is_hello(row->verb)) {
		if (iis_extra(s)->outbound == outbound && user_fits(s, row)) {
			c.best = s;
			c.weight = 1;
		}
		return c;
	}
	for (; s; s = s->same_next) {
		int weight = iis_extra(s)->outbound == outbound ?
		    weigh(s, row) : -1;

		if (weight < 0)
			continue;
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
static enum sw_status end_idle(struct iis_rows *r,
    const struct iis_row *row, bool outbound, struct log_session **first_r)
{
	struct log_session *s = log_sessions_find(&r->sessions, row->client);
	int64_t at = began(row);
	enum sw_status status = SW_OK;
	bool ended = false;

	*first_r = s;
	while (s && status == SW_OK) {
		struct log_session *next = s->same_next;

		if (iis_extra(s)->outbound == outbound &&
		    at != SW_NO_TIME && s->last_time != SW_NO_TIME &&
		    at - LIMIT_IDLE_NS > s->last_time) {
			status = log_sessions_end(&r->sessions, s,
			    SW_ENDING_IDLE);
			ended = true;
		}
		s = next;
	}
	if (ended)
		*first_r = log_sessions_find(&r->sessions, row->client);
	return status;
}

/* --- a session's plain facts -------------------------------------------- */

static void describe(struct iis_rows *r, struct log_session *s,
    const struct iis_row *row, bool outbound)
{
	struct sw_session *out = session_get(s->b);
	struct sw_endpoint *peer = outbound ? &out->server : &out->client;
	struct sw_endpoint *own = outbound ? &out->client : &out->server;

	out->recorder = outbound ? SW_RECORDER_CLIENT : SW_RECORDER_SERVER;
	out->clock = row->clock;
	out->records = records(r, row, outbound);
	peer->ip = session_text(s->b, iis_nonempty(row->client));
	own->ip = session_text(s->b, iis_nonempty(row->server));
	if (row->port > 0)
		out->server.port = row->port;
	iis_extra(s)->outbound = outbound;
	iis_extra(s)->opened = row->time;
	iis_extra(s)->sent = iis_extra(s)->received = SW_UNKNOWN;
	s->start_seen = true;
	if (row->date_assumed)
		log_session_date_assumed(s, row->line);
}

/* Does the first row of an inbound session show that others came before?
 * The user is the HELO argument, and without HELO nothing is accepted. */
bool iis_lacks_start(const struct iis_row *row)
{
	if (iis_is_hello(row->verb))
		return false;
	if (iis_has(row, IIS_USER))
		return row->user.len > 0;
	return iis_is_positive(row->status) && (row->verb == VERB_MAIL ||
	    row->verb == VERB_RCPT || row->verb == VERB_DATA);
}

enum sw_status iis_begin(struct iis_rows *r, const struct iis_row *row,
    bool outbound, struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&r->sessions,
	    row->client, row->line, row->time, s_r);

	if (status == SW_OK)
		describe(r, *s_r, row, outbound);
	return status;
}

enum sw_status iis_find(struct iis_rows *r, const struct iis_row *row,
    bool outbound, struct iis_choice *c_r)
{
	struct log_session *first = NULL;
	enum sw_status status = end_idle(r, row, outbound, &first);

	if (status == SW_OK)
		*c_r = choose(first, row, outbound);
	return status;
}

/* The row belongs to the session that was chosen. */
struct log_session *iis_go_on(struct iis_rows *r, const struct iis_choice *c,
    const struct iis_row *row)
{
	struct log_session *s = c->best;

	if (c->equal) {
		log_session_ambiguous(s, row->line);
		log_session_ambiguous(c->equal, row->line);
	}
	log_sessions_touch(&r->sessions, s, row->line->number, row->time);
	session_get(s->b)->records &= records(r, row,
	    iis_extra(s)->outbound);
	return s;
}

enum sw_status iis_session_of(struct iis_rows *r,
    const struct iis_row *row, bool outbound, struct log_session **s_r,
    bool *new_r)
{
	struct iis_choice c;
	enum sw_status status = iis_find(r, row, outbound, &c);

	if (status != SW_OK)
		return status;
	*new_r = !c.best || (c.weight == 0 && iis_is_hello(row->verb));
	if (*new_r)
		return iis_begin(r, row, outbound, s_r);
	*s_r = iis_go_on(r, &c, row);
	return SW_OK;
}

