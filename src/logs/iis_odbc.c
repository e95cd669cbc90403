/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iis_odbc.c - rows that the SMTP service of IIS wrote into a database, as a
 * dump of their table
 *
 * Theory of operation.  The table (of logtemp.sql) has the columns of the
 * native format, date and time in one:
 *
 *   ClientHost, username, LogTime, service, machine, serverip,
 *   processingtime, bytesrecvd, bytessent, servicestatus, win32status,
 *   operation, target, parameters
 *
 * A dump is read as separated values (comma, semicolon, tab; quoted as in
 * RFC 4180) with a head that names the columns in any order, or without one
 * in the order above; or as INSERT statements, with or without names:
 *
 *   192.0.2.10,a.example.org,2006-10-09 05:00:15,SMTPSVC1,MX1,192.0.2.25,0,
 *	24,39,250,0,HELO,-,a.example.org
 *   INSERT INTO inetlog VALUES ('192.0.2.10', 'a.example.org',
 *	'2006-10-09 05:00:15', ...), (...);
 *
 * (folded here).  What odbc.c reads of a live table comes as such a dump
 * with a head.  Times are local.  A column of 255 characters holds no more
 * of what was said.  What rows mean: iis_rows.h.
 */
#include "logs/families.h"
#include "logs/iis_dump.h"
#include "logs/iis_rows.h"
#include "logs/text.h"
#include "logs/when.h"

/* What varchar(255) holds. */
#define COLUMN_MAX 255

struct table {
	struct iis_rows rows;
	struct iis_dump dump;
	bool live; /* its lines are rows, but for the first */
};

/* --- rows --------------------------------------------------------------- */

static uint32_t columns_of(const struct iis_dump_columns *c)
{
	static const uint8_t of[LOG_ODBC_COLUMN_COUNT] = {
		[LOG_ODBC_CLIENT] = IIS_CLIENT,
		[LOG_ODBC_USER] = IIS_USER,
		[LOG_ODBC_TIME] = IIS_TIME,
		[LOG_ODBC_SERVICE] = IIS_COLUMN_COUNT,
		[LOG_ODBC_MACHINE] = IIS_COLUMN_COUNT,
		[LOG_ODBC_SERVER] = IIS_SERVER,
		[LOG_ODBC_TAKEN] = IIS_TAKEN,
		[LOG_ODBC_RECEIVED] = IIS_RECEIVED,
		[LOG_ODBC_SENT] = IIS_SENT,
		[LOG_ODBC_STATUS] = IIS_STATUS,
		[LOG_ODBC_WIN32] = IIS_WIN32,
		[LOG_ODBC_METHOD] = IIS_METHOD,
		[LOG_ODBC_TARGET] = IIS_COLUMN_COUNT,
		[LOG_ODBC_QUERY] = IIS_QUERY,
	};
	uint32_t known = 0;
	unsigned i;

	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++)
		if (c->known & SW_BIT(i))
			known |= SW_BIT(of[i]);
	return known & (SW_BIT(IIS_COLUMN_COUNT) - 1);
}

static struct iis_plain plain_of(const struct iis_dump_values *v)
{
	struct iis_plain p = {
		.client = v->of[LOG_ODBC_CLIENT],
		.user = v->of[LOG_ODBC_USER],
		.server = v->of[LOG_ODBC_SERVER],
		.taken = v->of[LOG_ODBC_TAKEN],
		.received = v->of[LOG_ODBC_RECEIVED],
		.sent = v->of[LOG_ODBC_SENT],
		.status = v->of[LOG_ODBC_STATUS],
		.win32 = v->of[LOG_ODBC_WIN32],
		.method = v->of[LOG_ODBC_METHOD],
		.target = v->of[LOG_ODBC_TARGET],
		.query = v->of[LOG_ODBC_QUERY],
	};

	return p;
}

/* The column in which a row ends that has no end. */
static uint32_t last_column(const struct iis_dump_columns *c)
{
	struct iis_dump_columns last = { .known =
	    c->count > 0 ? SW_BIT(c->of[c->count - 1]) : 0 };

	return columns_of(&last);
}

/* "2006-10-09 05:00:15.000"; the service writes whole seconds. */
static bool parse_time(const struct table *t, struct slice s,
    struct iis_row *row)
{
	bool zoned;
	int32_t offset;
	int digits = 0;

	row->time = SW_NO_TIME;
	row->clock.zone = SW_ZONE_NONE;
	row->clock.date = SW_DATE_NONE;
	if (!(t->dump.columns.known & SW_BIT(LOG_ODBC_TIME)))
		return true;
	if (!log_take_iso_time(&s, &row->time, &zoned, &offset, &digits) ||
	    s.len > 0)
		return false;
	if (row->time % NS_PER_S == 0)
		digits = 0;
	if (zoned) {
		row->clock.zone = offset ? SW_ZONE_OFFSET : SW_ZONE_UTC;
		row->clock.offset_s = offset;
		row->clock.resolution_ns = log_resolution(digits);
		row->clock.date = SW_DATE_GIVEN;
		return true;
	}
	row->clock = log_local_clock(t->rows.sessions.options,
	    log_resolution(digits), SW_DATE_GIVEN);
	row->time = log_local_time(t->rows.sessions.options, row->time);
	return true;
}

static bool is_service(const struct iis_dump_columns *c,
    const struct iis_dump_values *v, const char *service)
{
	return !(c->known & SW_BIT(LOG_ODBC_SERVICE)) ||
	    slice_has_prefix_nocase(v->of[LOG_ODBC_SERVICE],
	    slice_str(service));
}

static enum sw_status take_row(struct table *t, const struct log_line *line,
    const struct iis_dump_values *v)
{
	struct iis_plain plain = plain_of(v);
	struct iis_row row;

	memset(&row, 0, sizeof(row));
	row.line = line;
	if (!is_service(&t->dump.columns, v, "SMTPSVC") ||
	    !iis_parse_plain(&plain, &row) ||
	    !parse_time(t, v->of[LOG_ODBC_TIME], &row)) {
		log_not_understood(&t->rows.sessions, line);
		return SW_OK;
	}
	row.columns = columns_of(&t->dump.columns);
	if (line->unterminated)
		row.cut = last_column(&t->dump.columns);
	if (row.query.len == COLUMN_MAX || row.cut & SW_BIT(IIS_QUERY))
		row.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	return iis_rows_take(&t->rows, &row);
}

/* The rows of a line of statements. */
static enum sw_status take_tuples(struct table *t,
    const struct log_line *line, struct slice rest)
{
	enum sw_status status = SW_OK;
	struct iis_dump_values v;
	struct log_line whole = *line; /* each row has its parenthesis */
	int n = 1;

	whole.unterminated = false;
	while (n > 0 && status == SW_OK) {
		n = iis_dump_tuple(&t->dump, &rest, &v);
		if (t->dump.text.failed)
			return SW_ENOMEM;
		if (n > 0)
			status = take_row(t, &whole, &v);
	}
	if (n < 0)
		log_not_understood(&t->rows.sessions, line);
	return status;
}

/* Other statements, and what else a dump holds, tell nothing of mail. */
static enum sw_status take_statement(struct table *t,
    const struct log_line *line)
{
	struct slice rest = line->text;
	bool insert = t->dump.in_head || iis_dump_says_insert(rest);

	if (iis_dump_statement(&t->dump, &rest))
		return take_tuples(t, line, rest);
	if (insert)
		log_not_understood(&t->rows.sessions, line);
	return SW_OK;
}

/* --- which kind of dump? ------------------------------------------------ */

static const uint8_t separators[] = { ',', ';', '\t' };

/* A row in the usual order: its third value is a time. */
static bool is_usual_row(struct iis_dump *d, struct slice line,
    uint8_t separator, const char *service)
{
	struct iis_dump_values v;
	struct iis_plain plain;
	struct iis_row row;
	int64_t time;
	int32_t offset;
	bool zoned;

	iis_dump_usual(d, separator);
	if (!iis_dump_split(d, line, &v))
		return false;
	plain = plain_of(&v);
	return is_service(&d->columns, &v, service) &&
	    iis_parse_plain(&plain, &row) &&
	    log_take_iso_time(&v.of[LOG_ODBC_TIME], &time, &zoned, &offset,
	    NULL);
}

/* The separator and the columns, by a line that shows them.  What a statement
 * names is no head. */
static bool find_kind(struct iis_dump *d, struct slice line,
    const char *service, bool *head_r)
{
	size_t i;

	if (d->statements || iis_dump_says_insert(line))
		return false;
	for (i = 0; i < sizeof(separators); i++) {
		*head_r = iis_dump_head(d, line, separators[i]);
		if (!d->text.failed && (*head_r ||
		    is_usual_row(d, line, separators[i], service)))
			return true;
		if (d->text.failed)
			break;
	}
	d->separator = 0;
	memset(&d->columns, 0, sizeof(d->columns));
	return false;
}

/* Rows of this service in a line of statements. */
static size_t count_tuples(struct iis_dump *d, struct slice line,
    const char *service)
{
	size_t rows = 0;
	struct iis_dump_values v;

	if (!iis_dump_statement(d, &line))
		return 0;
	while (iis_dump_tuple(d, &line, &v) > 0)
		rows += iis_dump_is_useful(&d->columns) &&
		    (d->columns.known & SW_BIT(LOG_ODBC_SERVICE)) &&
		    is_service(&d->columns, &v, service);
	return rows;
}

bool iis_odbc_has_rows(struct slice head, const char *service)
{
	struct iis_dump d;
	bool named = false, found = false;

	iis_dump_init(&d);
	/* Memory could run out, and nobody be told.  Values with quotes in
	 * them are none of those that are looked for. */
	buffer_init(&d.text, 0);
	while (head.len > 0 && !found) {
		struct slice line = log_head_line(&head);
		struct iis_dump_values v;

		if (line.len == 0)
			continue;
		if (d.separator)
			found = iis_dump_split(&d, line, &v) &&
			    is_service(&d.columns, &v, service);
		else if (find_kind(&d, line, service, &named))
			found = !named;
		else
			found = count_tuples(&d, line, service) > 0;
	}
	iis_dump_fini(&d);
	return found;
}

/* --- the family --------------------------------------------------------- */

static bool probe(struct slice head)
{
	return iis_odbc_has_rows(head, "SMTPSVC");
}

static void close_log(void *state)
{
	struct table *t = state;

	iis_rows_fini(&t->rows);
	iis_dump_fini(&t->dump);
}

static enum sw_status open_log(void *state)
{
	struct table *t = state;

	iis_rows_init(&t->rows);
	iis_dump_init(&t->dump);
	t->live = log_odbc_is_name(t->rows.sessions.file_name);
	if (t->live)
		t->rows.sessions.unit = SW_UNIT_ROW;
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *in)
{
	struct table *t = state;
	struct log_line line = *in;
	struct iis_dump_values v;
	bool head, is_row;

	if (line.text.len == 0)
		return SW_OK;
	if (line.truncated) {
		log_not_understood(&t->rows.sessions, in);
		return SW_OK;
	}
	if (!t->dump.separator) {
		if (!find_kind(&t->dump, line.text, "SMTPSVC", &head))
			return t->dump.text.failed ? SW_ENOMEM :
			    take_statement(t, &line);
		if (head)
			return SW_OK;
	}
	if (t->live)
		line.number--; /* the head is no row */
	is_row = iis_dump_split(&t->dump, line.text, &v);
	if (t->dump.text.failed)
		return SW_ENOMEM;
	if (is_row)
		return take_row(t, &line, &v);
	log_not_understood(&t->rows.sessions, &line);
	return SW_OK;
}

const struct log_format log_iis_odbc = {
	.name = "iis-odbc",
	.title = "IIS SMTP service, table odbc:DSN=...;TABLE=... or a dump",
	.times = "local, 1 s or finer",
	.records = IIS_RECORDS | SW_BIT(SW_RECORDS_BODY_SIZE),
	.state_size = sizeof(struct table),
	.session_size = sizeof(struct iis_session),
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.close = close_log,
};
