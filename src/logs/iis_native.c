/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iis_native.c - logs of the SMTP service of IIS in Microsoft's own format
 *
 * Theory of operation.  A row is 15 values, a comma behind each and a blank
 * between them; nothing is escaped, and commas in what was said stay: the
 * first 14 commas separate, what follows is the last value and one comma.
 *
 *   192.0.2.10, client.example.org, 4/23/2009, 9:47:02, SMTPSVC1, MX1,
 *	192.0.2.25, 0, 29, 42, 250, 0, MAIL, -, FROM:<alice@example.org>,
 *
 * (folded here): client, user, date, time, service, computer, server,
 * milliseconds, octets received, octets sent, status, Windows' status, verb,
 * target, parameters.  Received stands before sent, other than in the W3C
 * format.  No line says what the columns are.
 *
 * Times are local; dates are in the order of the server's language.  Rows
 * are held until the order is known: by --date-order, the file's name
 * (inYYMMDD.log), or the dates themselves; after LIMIT_LOG_PROBE octets the
 * month is taken as the first.  What rows mean: iis_rows.h.
 */
#include "logs/families.h"
#include "logs/held.h"
#include "logs/iis_rows.h"
#include "logs/text.h"
#include "logs/when.h"

enum native_column {
	NATIVE_CLIENT,
	NATIVE_USER,
	NATIVE_DATE,
	NATIVE_TIME,
	NATIVE_SERVICE,
	NATIVE_COMPUTER,
	NATIVE_SERVER,
	NATIVE_TAKEN,
	NATIVE_RECEIVED,
	NATIVE_SENT,
	NATIVE_STATUS,
	NATIVE_WIN32,
	NATIVE_METHOD,
	NATIVE_TARGET,
	NATIVE_QUERY,
	NATIVE_COUNT
};

struct values {
	struct slice of[NATIVE_COUNT];
	bool cut; /* the comma at the end is missing */
};

struct native {
	struct iis_rows rows;

	enum log_date_order order; /* AUTO: not yet known */
	bool assumed;              /* ... nor ever: month first */
	bool contradicted;         /* dates are not of the order given */
	struct log_date_votes votes;
	struct log_numeric_date newest_date;
	bool holding;
	struct log_held held;

	struct iis_when newest; /* date and time */
};

/* --- values ------------------------------------------------------------- */

/* Up to the next comma, without blanks around; false: there is none. */
static bool take_value(struct slice *rest, struct slice *value_r)
{
	const uint8_t *comma = rest->len ? memchr(rest->p, ',', rest->len) :
	    NULL;

	if (!comma)
		return false;
	*value_r = slice_trim(slice_head(*rest, (size_t)(comma - rest->p)));
	*rest = slice_from(*rest, (size_t)(comma - rest->p) + 1);
	return true;
}

static bool split(struct slice line, struct values *v)
{
	size_t i;

	for (i = 0; i < NATIVE_QUERY; i++)
		if (!take_value(&line, &v->of[i]))
			return false;
	log_take_blanks(&line);
	while (line.len > 0 && line.p[line.len - 1] == ' ')
		line.len--;
	v->cut = line.len == 0 || line.p[line.len - 1] != ',';
	if (!v->cut)
		line.len--;
	v->of[NATIVE_QUERY] = line;
	return true;
}

static bool is_service(struct slice s, const char *name)
{
	return slice_has_prefix_nocase(s, slice_str(name));
}

/* --- dates -------------------------------------------------------------- */

/* inYYMMDD.log, inYYMMDDHH.log */
static bool parse_name(const char *file_name, struct civil *day_r)
{
	struct slice s = log_base_name(file_name);
	struct civil day = { 0 };
	int year, hour;

	if (!log_take_text(&s, "u_") && !log_take_text(&s, "in"))
		return false;
	log_take_text(&s, "in");
	if (!log_take_digits(&s, 2, &year) ||
	    !log_take_digits(&s, 2, &day.month) ||
	    !log_take_digits(&s, 2, &day.day))
		return false;
	if (log_take_digits(&s, 2, &hour) && hour > 23)
		return false;
	day.year = year < 90 ? 2000 + year : 1900 + year;
	*day_r = day;
	return slice_has_prefix_nocase(s, slice_str(".log")) &&
	    clock_civil_is_valid(&day);
}

/* The only order in which the date is that of the file's name. */
static enum log_date_order order_by_name(const struct native *x,
    const struct log_numeric_date *d)
{
	enum log_date_order found = LOG_DATE_AUTO;
	struct civil day, wanted;
	int order;

	if (!parse_name(x->rows.sessions.file_name, &wanted))
		return LOG_DATE_AUTO;
	for (order = LOG_DATE_MDY; order < LOG_DATE_ORDER_COUNT; order++) {
		if (!log_order_date(d, (enum log_date_order)order, &day) ||
		    clock_from_civil(&day) != clock_from_civil(&wanted))
			continue;
		if (found != LOG_DATE_AUTO)
			return LOG_DATE_AUTO;
		found = (enum log_date_order)order;
	}
	return found;
}

static bool same_date(const struct log_numeric_date *a,
    const struct log_numeric_date *b)
{
	return a->n[0] == b->n[0] && a->n[1] == b->n[1] && a->n[2] == b->n[2];
}

/* One vote for each new date, as long as nothing is certain. */
static void vote(struct native *x, struct slice date)
{
	struct log_numeric_date d;

	if (!log_take_numeric_date(&date, &d) || (x->votes.count > 0 &&
	    same_date(&d, &x->newest_date)))
		return;
	if (x->votes.count == 0)
		x->order = order_by_name(x, &d);
	x->newest_date = d;
	log_date_vote(&x->votes, &d);
	if (x->order == LOG_DATE_AUTO)
		x->order = log_date_elected(&x->votes);
}

static bool work_out_time(struct native *x, const struct values *v,
    int64_t *time_r)
{
	struct slice date = v->of[NATIVE_DATE], time = v->of[NATIVE_TIME];
	struct log_numeric_date d;
	struct civil day;
	int64_t ns;

	if (!log_take_numeric_date(&date, &d) || date.len > 0 ||
	    !log_take_time(&time, &ns, NULL) || time.len > 0)
		return false;
	if (!log_order_date(&d, x->order, &day)) {
		if (!log_order_date(&d, LOG_DATE_AUTO, &day))
			return false;
		x->contradicted |= x->rows.sessions.options->date_order !=
		    LOG_DATE_AUTO;
	}
	*time_r = log_local_time(x->rows.sessions.options,
	    clock_add(log_make_time(&day, 0), ns));
	return true;
}

/* Many rows have the date and time of the row before. */
static bool parse_time(struct native *x, const struct values *v,
    int64_t *time_r)
{
	struct slice date = v->of[NATIVE_DATE], time = v->of[NATIVE_TIME];
	struct slice when = slice_make(date.p,
	    (size_t)(time.p - date.p) + time.len);

	if (iis_when_is(&x->newest, when)) {
		*time_r = x->newest.time;
		return true;
	}
	if (!work_out_time(x, v, time_r))
		return false;
	iis_when_keep(&x->newest, when, *time_r);
	return true;
}

/* --- rows --------------------------------------------------------------- */

#define COLUMNS (SW_BIT(IIS_TIME) | SW_BIT(IIS_CLIENT) | SW_BIT(IIS_USER) | \
	SW_BIT(IIS_SERVER) | SW_BIT(IIS_METHOD) | SW_BIT(IIS_QUERY) | \
	SW_BIT(IIS_STATUS) | SW_BIT(IIS_WIN32) | SW_BIT(IIS_SENT) | \
	SW_BIT(IIS_RECEIVED) | SW_BIT(IIS_TAKEN))

static struct iis_plain plain_of(const struct values *v)
{
	struct iis_plain p = {
		.client = v->of[NATIVE_CLIENT],
		.user = v->of[NATIVE_USER],
		.server = v->of[NATIVE_SERVER],
		.taken = v->of[NATIVE_TAKEN],
		.received = v->of[NATIVE_RECEIVED],
		.sent = v->of[NATIVE_SENT],
		.status = v->of[NATIVE_STATUS],
		.win32 = v->of[NATIVE_WIN32],
		.method = v->of[NATIVE_METHOD],
		.target = v->of[NATIVE_TARGET],
		.query = v->of[NATIVE_QUERY],
	};

	return p;
}

static bool parse_row(struct native *x, const struct log_line *line,
    struct iis_row *row)
{
	struct iis_plain plain;
	struct values v;

	memset(row, 0, sizeof(*row));
	row->line = line;
	if (!split(line->text, &v) ||
	    !is_service(v.of[NATIVE_SERVICE], "SMTPSVC"))
		return false;
	plain = plain_of(&v);
	if (!iis_parse_plain(&plain, row) || !parse_time(x, &v, &row->time))
		return false;
	row->columns = COLUMNS;
	row->clock = log_local_clock(x->rows.sessions.options,
	    NS_PER_S, x->assumed ? SW_DATE_ASSUMED : SW_DATE_GIVEN);
	row->date_assumed = x->assumed;
	if (v.cut || line->unterminated)
		row->flags |= SW_BIT(SW_FLAG_TRUNCATED);
	return true;
}

static enum sw_status read_line(struct native *x,
    const struct log_line *line)
{
	struct iis_row row;

	if (line->truncated || !parse_row(x, line, &row)) {
		log_not_understood(&x->rows.sessions, line);
		return SW_OK;
	}
	return iis_rows_take(&x->rows, &row);
}

/* The order is known, or will never be. */
static enum sw_status release(struct native *x)
{
	enum sw_status status = SW_OK;
	size_t i;

	x->holding = false;
	if (x->order == LOG_DATE_AUTO) {
		x->assumed = true;
		x->order = log_date_elected(&x->votes);
	}
	for (i = 0; i < x->held.count && status == SW_OK; i++) {
		struct log_line line = log_held_at(&x->held, i);

		status = read_line(x, &line);
	}
	log_held_fini(&x->held);
	return status;
}

static enum sw_status hold(struct native *x, const struct log_line *line)
{
	enum sw_status status = log_held_add(&x->held, line);
	struct values v;

	if (status != SW_OK)
		return status;
	if (split(line->text, &v))
		vote(x, v.of[NATIVE_DATE]);
	if (x->order != LOG_DATE_AUTO || log_held_is_full(&x->held))
		return release(x);
	return SW_OK;
}

/* --- the family --------------------------------------------------------- */

static bool is_row(struct slice line, const char *service)
{
	struct values v;
	struct iis_plain plain;
	struct iis_row row;
	struct log_numeric_date d;
	struct slice date;

	if (!split(line, &v))
		return false;
	date = v.of[NATIVE_DATE];
	plain = plain_of(&v);
	return is_service(v.of[NATIVE_SERVICE], service) &&
	    iis_parse_plain(&plain, &row) &&
	    log_take_numeric_date(&date, &d);
}

bool iis_native_has_rows(struct slice head, const char *service)
{
	return iis_has_rows(head, is_row, service);
}

static bool probe(struct slice head)
{
	return iis_native_has_rows(head, "SMTPSVC");
}

static void close_log(void *state)
{
	struct native *x = state;

	iis_rows_fini(&x->rows);
	log_held_fini(&x->held);
}

static enum sw_status open_log(void *state)
{
	struct native *x = state;

	iis_rows_init(&x->rows);
	log_held_init(&x->held);
	x->order = x->rows.sessions.options->date_order;
	x->holding = x->order == LOG_DATE_AUTO;
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct native *x = state;

	if (line->text.len == 0)
		return SW_OK;
	return x->holding ? hold(x, line) : read_line(x, line);
}

static enum sw_status end_file(void *state)
{
	struct native *x = state;

	if (x->contradicted)
		log_order_contradicted(&x->rows.sessions);
	x->contradicted = false;
	return x->holding ? release(x) : SW_OK;
}

const struct log_format log_iis_native = {
	.name = "iis-native",
	.title = "IIS SMTP service, Microsoft IIS log file format",
	.times = "local, 1 s",
	.records = IIS_RECORDS | SW_BIT(SW_RECORDS_BODY_SIZE),
	.state_size = sizeof(struct native),
	.session_size = sizeof(struct iis_session),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.file_end = end_file,
	.close = close_log,
};
