/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iis_w3c.c - W3C extended logs of the SMTP service of IIS
 *
 * Theory of operation.  Directives begin with '#'; #Fields names the columns
 * of the rows behind it, in any choice and order, and may come again with
 * another one; #Date tells when the service began to write.  Rows hold one
 * value for each column, one blank between them, "-" for none, "+" for each
 * blank in a value.  A sample, folded:
 *
 *   #Fields: date time c-ip cs-username s-sitename s-computername s-ip
 *	s-port cs-method cs-uri-stem cs-uri-query sc-status sc-win32-status
 *	sc-bytes cs-bytes time-taken
 *   2006-10-09 05:00:15 192.0.2.10 client.example.org SMTPSVC1 MX1
 *	192.0.2.25 0 HELO - +client.example.org 250 0 39 23 0
 *
 * Times are UTC.  Rows without a date have that of #Date, else of the
 * file's name (exYYMMDD.log), and a day more each time the clock falls by
 * more than half a day.  What rows mean: iis_rows.h.
 */
#include "base/clock.h"
#include "logs/families.h"
#include "logs/iis_rows.h"
#include "logs/session_keys.h"
#include "logs/text.h"
#include "logs/when.h"

/* Columns that are read but are not part of the row model. */
enum {
	W3C_DATE = IIS_COLUMN_COUNT,
	W3C_SITE,
	W3C_OTHER,
	W3C_COUNT
};

static const struct {
	const char *name;
	unsigned column;
} column_names[] = {
	{ "date", W3C_DATE },
	{ "time", IIS_TIME },
	{ "c-ip", IIS_CLIENT },
	{ "cs-username", IIS_USER },
	{ "s-sitename", W3C_SITE },
	{ "s-ip", IIS_SERVER },
	{ "s-port", IIS_PORT },
	{ "cs-method", IIS_METHOD },
	{ "cs-uri-query", IIS_QUERY },
	{ "sc-status", IIS_STATUS },
	{ "sc-win32-status", IIS_WIN32 },
	{ "sc-bytes", IIS_SENT },
	{ "cs-bytes", IIS_RECEIVED },
	{ "time-taken", IIS_TAKEN },
};

/* "2006-10-09", "05:00:19" */
#define DATE_LEN 10
#define TIME_LEN 8

/* What #Fields said. */
struct fields {
	size_t count;
	/* Of a column among all; of one that is not there that of an empty
	 * value behind them (split). */
	uint8_t index[W3C_COUNT];
	uint32_t known;           /* set of columns, but W3C_OTHER */
};
_Static_assert(LIMIT_LOG_COLUMNS + 1 <= UINT8_MAX, "an index fits");

/* The values of one row. */
struct values {
	const struct fields *fields;
	struct slice line;
	struct log_ends ends;
};

struct w3c {
	struct iis_rows rows;
	struct fields fields;
	struct log_days days; /* of rows without a date */
	struct iis_row row;   /* the newest; its clock and columns last */
	bool row_begun;       /* there was one */
	bool head_changed;    /* ... and a directive behind it */
	bool time_known;     /* of the newest row with date and time: */
	int64_t time;
	uint8_t date[DATE_LEN], time_of_day[TIME_LEN];
};

/* --- directives --------------------------------------------------------- */

static unsigned column_of(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(column_names) / sizeof(column_names[0]); i++)
		if (slice_eq_nocase(name, slice_str(column_names[i].name)))
			return column_names[i].column;
	return W3C_OTHER;
}

static void parse_fields(struct fields *f, struct slice names)
{
	size_t i;

	memset(f, 0, sizeof(*f));
	names = slice_trim(names);
	while (names.len > 0 && f->count < LIMIT_LOG_COLUMNS) {
		struct slice name = slice_trim(log_take_word(&names));
		unsigned column = column_of(name);

		if (name.len == 0)
			continue;
		/* the first of equals counts */
		if (column != W3C_OTHER && !(f->known & SW_BIT(column))) {
			f->known |= SW_BIT(column);
			f->index[column] = (uint8_t)f->count;
		}
		f->count++;
	}
	for (i = 0; i < W3C_COUNT; i++)
		if (!(f->known & SW_BIT(i)))
			f->index[i] = (uint8_t)(f->count + 1);
}

/* Is this line the directive? *rest_r: what follows its colon. */
static bool is_directive(struct slice line, const char *name,
    struct slice *rest_r)
{
	struct slice prefix = slice_str(name);

	if (!slice_has_prefix_nocase(line, prefix))
		return false;
	*rest_r = slice_trim(slice_from(line, prefix.len));
	return true;
}

/* #Date: 2006-10-09 05:00:15 */
static void take_date(struct w3c *w, struct slice rest)
{
	struct slice word = log_take_word(&rest);
	struct civil day;
	int32_t seconds = 0;

	if (!log_parse_iso_date(word, &day))
		return;
	if (!log_parse_time_of_day(slice_trim(rest), &seconds))
		seconds = 0;
	log_days_begin(&w->days, &day);
	log_days_time(&w->days, seconds * NS_PER_S);
}

/* exYYMMDD.log, exYYMMDDHH.log, u_exYYMMDD.log; a name of one log a week or
 * month tells no day. */
static void take_name(struct w3c *w)
{
	struct slice s = log_base_name(w->rows.sessions.file_name);
	struct civil day = { 0 };
	int year, hour;

	if (slice_has_prefix_nocase(s, slice_str("u_")))
		s = slice_from(s, 2);
	if (!slice_has_prefix_nocase(s, slice_str("ex")))
		return;
	s = slice_from(s, 2);
	if (!log_take_digits(&s, 2, &year) ||
	    !log_take_digits(&s, 2, &day.month) ||
	    !log_take_digits(&s, 2, &day.day))
		return;
	if (log_take_digits(&s, 2, &hour) && hour > 23)
		return;
	if (!slice_has_prefix_nocase(s, slice_str(".log")))
		return;
	day.year = year < 90 ? 2000 + year : 1900 + year;
	if (clock_civil_is_valid(&day))
		log_days_begin(&w->days, &day);
}

/* How times are told by rows of these columns. */
static struct sw_clock clock_of(const struct w3c *w)
{
	struct sw_clock c = { .zone = SW_ZONE_NONE, .date = SW_DATE_NONE };

	if (!(w->fields.known & SW_BIT(IIS_TIME)))
		return c;
	c.zone = SW_ZONE_UTC;
	c.resolution_ns = NS_PER_S;
	c.date = w->fields.known & SW_BIT(W3C_DATE) ? SW_DATE_GIVEN :
	    w->days.known ? SW_DATE_ASSUMED : SW_DATE_NONE;
	return c;
}

static void take_directive(struct w3c *w, struct slice line)
{
	struct slice rest;

	w->head_changed = true;
	if (is_directive(line, "#Fields:", &rest))
		parse_fields(&w->fields, rest);
	else if (is_directive(line, "#Date:", &rest))
		take_date(w, rest);
}

/* What all rows behind a head have in common.  Times of two kinds cannot
 * stand in one session: *other_r, is this clock of another kind than that of
 * the row before? */
static void begin_rows(struct w3c *w, bool *other_r)
{
	struct iis_row *row = &w->row;
	struct sw_clock before = row->clock, now = clock_of(w);

	*other_r = w->row_begun && (now.zone != before.zone ||
	    (now.date == SW_DATE_NONE) != (before.date == SW_DATE_NONE));
	w->head_changed = false;
	w->row_begun = true;
	row->clock = now;
	row->date_assumed = now.date == SW_DATE_ASSUMED;
	row->columns = w->fields.known & (SW_BIT(IIS_COLUMN_COUNT) - 1);
}

/* --- rows --------------------------------------------------------------- */

/* Empty: no such column, perhaps. */
static inline struct slice value_of(const struct values *v, unsigned column)
{
	return log_value_at(v->line, &v->ends, v->fields->index[column]);
}

static inline bool has_column(const struct fields *f, unsigned column)
{
	return f->known & SW_BIT(column);
}

/* Values too many: blanks that were not encoded, in the query, where the
 * client's words are.  The values before it are found from the start, those
 * behind it from the end. */
static bool split_surplus(struct values *v)
{
	const struct fields *f = v->fields;
	struct slice rest = v->line;
	size_t i, query = f->index[IIS_QUERY], end = rest.len;
	uint32_t *at = v->ends.at;

	if (!(f->known & SW_BIT(IIS_QUERY)))
		return false;
	at[0] = 0;
	for (i = 0; i < query; i++) {
		log_take_word(&rest);
		at[i + 1] = (uint32_t)(v->line.len - rest.len);
	}
	at[f->count] = (uint32_t)end + 1;
	for (i = f->count - 1; i > query; i--) {
		while (v->line.p[end - 1] != ' ')
			end--;
		at[i] = (uint32_t)end--;
	}
	v->ends.count = f->count;
	return true;
}

/* The values of a row; false: they do not fit the columns. */
static bool split(const struct fields *f, struct slice line,
    struct values *v)
{
	while (line.len > 0 && line.p[line.len - 1] == ' ')
		line.len--;
	v->fields = f;
	v->line = line;
	if (f->count == 0)
		return false;
	if (log_find_ends(line, ' ', f->count - 1, &v->ends)) {
		if (v->ends.count != f->count)
			return false;
	} else if (!split_surplus(v)) {
		return false;
	}
	v->ends.at[f->count + 1] = 0; /* the empty value */
	v->ends.at[f->count + 2] = 1;
	return true;
}

static bool work_out_time(struct w3c *w, struct slice date,
    struct slice time, int64_t *time_r)
{
	struct civil day;
	int32_t seconds;

	if (!log_parse_time_of_day(time, &seconds))
		return false;
	if (!has_column(&w->fields, W3C_DATE)) {
		*time_r = w->days.known ? log_days_time(&w->days,
		    seconds * NS_PER_S) : clock_make(seconds, 0);
		return true;
	}
	if (!log_parse_iso_date(date, &day))
		return false;
	*time_r = log_make_time(&day, seconds);
	return true;
}

/* Many rows have the date and time of the row before. */
static inline bool parse_time(struct w3c *w, const struct values *v,
    int64_t *time_r)
{
	struct slice date = value_of(v, W3C_DATE);
	struct slice time = value_of(v, IIS_TIME);

	*time_r = SW_NO_TIME;
	if (!has_column(v->fields, IIS_TIME))
		return true;
	if (date.len != DATE_LEN || time.len != TIME_LEN)
		return work_out_time(w, date, time, time_r);
	if (w->time_known && memcmp(date.p, w->date, DATE_LEN) == 0 &&
	    memcmp(time.p, w->time_of_day, TIME_LEN) == 0) {
		*time_r = w->time;
		return true;
	}
	w->time_known = work_out_time(w, date, time, time_r);
	w->time = *time_r;
	memcpy(w->date, date.p, DATE_LEN);
	memcpy(w->time_of_day, time.p, TIME_LEN);
	return w->time_known;
}

/* As iis_parse_number, for a value of a row: most have one digit, and the
 * others are read at once.  Inlined in any case: a call costs as much again,
 * six times a row. */
static inline __attribute__((always_inline)) bool parse_number(
    const struct values *v, unsigned column, int64_t *value_r)
{
	struct slice s = value_of(v, column);

	if (s.len == 1 && ascii_is_digit(s.p[0])) {
		*value_r = s.p[0] - '0';
		return true;
	}
	if (s.len < 2 || s.len > 8 || v->ends.at[v->fields->index[column]] < 8)
		return iis_parse_number(s, value_r);
	return log_parse_few_digits(s, value_r);
}

static inline bool parse_numbers(const struct values *v, struct iis_row *row)
{
	int64_t status, port;

	if (!parse_number(v, IIS_STATUS, &status) ||
	    !parse_number(v, IIS_PORT, &port) ||
	    !parse_number(v, IIS_WIN32, &row->win32) ||
	    !parse_number(v, IIS_SENT, &row->sent) ||
	    !parse_number(v, IIS_RECEIVED, &row->received) ||
	    !parse_number(v, IIS_TAKEN, &row->taken_ms))
		return false;
	if (status > 999 || port > 65535)
		return false;
	row->status = (int32_t)status;
	row->port = (int32_t)port;
	return true;
}

/* The column in which a row ends that has no end. */
static uint32_t last_column(const struct fields *f)
{
	unsigned i;

	for (i = 0; i < IIS_COLUMN_COUNT; i++)
		if (has_column(f, i) && f->index[i] + 1u == f->count)
			return SW_BIT(i);
	return 0;
}

/* Does the column of the service name one that is known not to be SMTP? */
static bool names_other(struct slice site)
{
	static const char *const others[] = { "NNTPSVC", "W3SVC",
		"MSFTPSVC" };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (slice_has_prefix_nocase(site, slice_str(others[i])))
			return true;
	return false;
}

static inline bool is_of_other_service(const struct values *v)
{
	struct slice site = value_of(v, W3C_SITE);

	return site.len > 1 && site.p[0] != 'S' && names_other(site);
}

static bool parse_row(struct w3c *w, const struct log_line *line)
{
	struct iis_row *row = &w->row;
	struct values v;

	if (!split(&w->fields, line->text, &v) || is_of_other_service(&v))
		return false;
	row->client = iis_parse_text(value_of(&v, IIS_CLIENT));
	log_keys_fetch(&w->rows.sessions, row->client);
	if (!parse_numbers(&v, row) || !parse_time(w, &v, &row->time))
		return false;
	row->line = line;
	row->cut = line->unterminated ? last_column(&w->fields) : 0;
	row->flags = row->cut & SW_BIT(IIS_QUERY) ?
	    SW_BIT(SW_FLAG_TRUNCATED) : 0;
	row->server = iis_parse_text(value_of(&v, IIS_SERVER));
	iis_decode_row(&w->rows, v.line, value_of(&v, IIS_USER),
	    value_of(&v, IIS_METHOD), value_of(&v, IIS_QUERY), row);
	return true;
}

/* --- the family --------------------------------------------------------- */

static bool is_row(struct slice line)
{
	return line.len > 0 && line.p[0] != '#';
}

/* Is it a row of the SMTP service, not of the one for the web or news? */
static bool is_smtp_row(const struct values *v)
{
	size_t len;
	enum verb verb = session_verb(value_of(v, IIS_METHOD), &len);
	struct slice site = value_of(v, W3C_SITE);

	if (site.len > 1)
		return slice_has_prefix_nocase(site, slice_str("SMTPSVC"));
	return session_verb_is_known(verb) ||
	    iis_user_is_outbound(value_of(v, IIS_USER));
}

/* The commands of RFC 977 and its extensions that SMTP has not, nor HTTP,
 * which strangers speak to everybody. */
static bool is_news_verb(struct slice method)
{
	static const char *const verbs[] = { "article", "authinfo", "body",
		"group", "ihave", "last", "list", "listgroup", "mode",
		"newgroups", "newnews", "next", "slave", "stat", "xhdr",
		"xover", "xpat" };
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (slice_eq_nocase(method, slice_str(verbs[i])))
			return true;
	return false;
}

/* ... or one of the service for news? */
static bool is_news_row(const struct values *v)
{
	struct slice site = value_of(v, W3C_SITE);

	if (site.len > 1)
		return slice_has_prefix_nocase(site, slice_str("NNTPSVC"));
	return is_news_verb(value_of(v, IIS_METHOD));
}

/* What the head of a log holds. */
struct census {
	bool fields, iis;
	size_t rows, smtp, news;
	bool named; /* rows say that they are of SMTP */
};

static struct census count_rows(struct slice head)
{
	struct census c = { .rows = 0 };
	struct fields f = { .count = 0 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head), rest;
		struct values v;

		if (is_directive(line, "#Fields:", &rest)) {
			parse_fields(&f, rest);
			c.fields |= f.known != 0;
		} else if (is_directive(line, "#Software:", &rest)) {
			c.iis |= slice_find_nocase(rest, slice_str(
			    "Internet Information")) < rest.len;
		} else if (is_row(line) && c.fields && split(&f, line, &v)) {
			c.rows++;
			c.smtp += is_smtp_row(&v);
			c.named |= slice_has_prefix_nocase(value_of(&v,
			    W3C_SITE), slice_str("SMTPSVC"));
			c.news += is_news_row(&v);
		}
	}
	return c;
}

/* An SMTP log if rows say so, or a quarter of them are such (there may be
 * strangers who say GET); a log without rows if IIS wrote its head. */
static bool probe(struct slice head)
{
	struct census c = count_rows(head);

	return c.fields && (c.rows ? c.named || (c.smtp > 0 &&
	    c.smtp * 4 >= c.rows) : c.iis);
}

bool iis_w3c_is_news(struct slice head)
{
	struct census c = count_rows(head);

	return !c.named && c.news > 0 && c.news >= c.smtp &&
	    c.news * 4 >= c.rows;
}

static void close_log(void *state)
{
	struct w3c *w = state;

	iis_rows_fini(&w->rows);
}

static enum sw_status open_log(void *state)
{
	struct w3c *w = state;

	iis_rows_init(&w->rows);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct w3c *w = state;
	enum sw_status status = SW_OK;
	bool other = false;

	if (line->text.len == 0)
		return SW_OK;
	if (line->text.p[0] == '#' && !line->truncated) {
		take_directive(w, line->text);
		return SW_OK;
	}
	if (line->truncated || !parse_row(w, line)) {
		log_not_understood(&w->rows.sessions, line);
		return SW_OK;
	}
	if (w->head_changed)
		begin_rows(w, &other);
	if (other)
		status = log_sessions_end_all(&w->rows.sessions);
	return status == SW_OK ? iis_rows_take(&w->rows, &w->row) : status;
}

/* Rows of a file have the columns that it names itself. */
static void begin_file(void *state)
{
	struct w3c *w = state;

	memset(&w->fields, 0, sizeof(w->fields));
	w->head_changed = true;
	log_days_begin(&w->days, NULL);
	take_name(w);
}

const struct log_format log_iis_w3c = {
	.name = "iis-w3c",
	.title = "IIS SMTP service, W3C extended log",
	.times = "UTC, 1 s",
	.records = IIS_RECORDS | SW_BIT(SW_RECORDS_SERVER_PORT) |
	    SW_BIT(SW_RECORDS_BODY_SIZE),
	.state_size = sizeof(struct w3c),
	.session_size = sizeof(struct iis_session),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.file = begin_file,
	.line = take_line,
	.close = close_log,
};
