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
#include "logs/iis_rows.h"
#include "logs/odbc.h"
#include "logs/text.h"
#include "logs/when.h"

/* What varchar(255) holds. */
#define COLUMN_MAX 255

const char *const log_odbc_columns[LOG_ODBC_COLUMN_COUNT] = {
	[LOG_ODBC_CLIENT] = "ClientHost",
	[LOG_ODBC_USER] = "username",
	[LOG_ODBC_TIME] = "LogTime",
	[LOG_ODBC_SERVICE] = "service",
	[LOG_ODBC_MACHINE] = "machine",
	[LOG_ODBC_SERVER] = "serverip",
	[LOG_ODBC_TAKEN] = "processingtime",
	[LOG_ODBC_RECEIVED] = "bytesrecvd",
	[LOG_ODBC_SENT] = "bytessent",
	[LOG_ODBC_STATUS] = "servicestatus",
	[LOG_ODBC_WIN32] = "win32status",
	[LOG_ODBC_METHOD] = "operation",
	[LOG_ODBC_TARGET] = "target",
	[LOG_ODBC_QUERY] = "parameters",
};

/* Which column each value of a row is; LOG_ODBC_COLUMN_COUNT: none. */
struct columns {
	size_t count;
	uint8_t of[LIMIT_LOG_COLUMNS];
	uint32_t known;
};

struct values {
	struct slice of[LOG_ODBC_COLUMN_COUNT + 1];
};

/* How the dump is written. */
struct dump {
	struct columns columns;
	uint8_t separator;   /* 0: not known, or statements */
	bool statements;     /* an INSERT was seen */
	bool in_values;      /* rows of a statement may follow */
	struct buffer text;  /* of values with quotes in them */
};

struct table {
	struct iis_rows rows;
	struct dump dump;
	bool live; /* its lines are rows, but for the first */
};

/* --- columns ------------------------------------------------------------ */

enum log_odbc_column log_odbc_column_of(struct slice name)
{
	unsigned i;

	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++)
		if (slice_eq_nocase(name, slice_str(log_odbc_columns[i])))
			break;
	return (enum log_odbc_column)i;
}

static void add_column(struct columns *c, enum log_odbc_column column)
{
	if (c->count == LIMIT_LOG_COLUMNS)
		return;
	if (c->known & SW_BIT(column))
		column = LOG_ODBC_COLUMN_COUNT; /* the first of equals counts */
	c->known |= SW_BIT(column);
	c->of[c->count++] = (uint8_t)column;
}

static void usual_columns(struct columns *c)
{
	unsigned i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++)
		add_column(c, (enum log_odbc_column)i);
}

/* Enough to make sessions of? */
static bool is_useful(const struct columns *c)
{
	return (c->known & SW_BIT(LOG_ODBC_CLIENT)) &&
	    (c->known & SW_BIT(LOG_ODBC_METHOD));
}

/* --- separated values --------------------------------------------------- */

/* A quoted value: without its quotes, doubled ones as one; quote is what it
 * begins with.  false: it has no end. */
static bool take_quoted(struct dump *d, struct slice *rest, uint8_t quote,
    struct slice *value_r)
{
	struct slice s = slice_from(*rest, 1);
	size_t from = d->text.len, n = 0;

	for (; n < s.len; n++) {
		if (s.p[n] == quote) {
			if (n + 1 == s.len || s.p[n + 1] != quote)
				break;
			n++;
		} else if (s.p[n] == '\\' && quote == '\'' &&
		    n + 1 < s.len && (s.p[n + 1] == '\\' ||
		    (s.p[n + 1] == '\'' && n + 2 < s.len &&
		    s.p[n + 2] != ',' && s.p[n + 2] != ')'))) {
			n++; /* as MySQL writes it */
		}
		buffer_append_char(&d->text, (char)s.p[n]);
	}
	if (n == s.len)
		return false;
	*value_r = slice_make(d->text.p ? d->text.p + from : s.p,
	    d->text.len - from);
	*rest = slice_from(s, n + 1);
	return true;
}

/* The next value of a line; false: a quote has no end. */
static bool take_separated(struct dump *d, struct slice *rest, bool *more,
    struct slice *value_r)
{
	const uint8_t *end;

	if (rest->len > 0 && rest->p[0] == '"') {
		if (!take_quoted(d, rest, '"', value_r))
			return false;
	} else {
		end = rest->len ? memchr(rest->p, d->separator, rest->len) :
		    NULL;
		*value_r = slice_head(*rest, end ?
		    (size_t)(end - rest->p) : rest->len);
		*rest = slice_from(*rest, value_r->len);
		*value_r = slice_trim(*value_r);
	}
	*more = rest->len > 0 && rest->p[0] == d->separator;
	*rest = slice_from(*rest, 1);
	return true;
}

static void put_value(const struct columns *c, size_t i, struct slice value,
    struct values *v)
{
	if (i < c->count)
		v->of[c->of[i]] = value;
}

static void begin_row(struct dump *d, struct slice line, struct values *v)
{
	memset(v, 0, sizeof(*v));
	buffer_clear(&d->text);
	/* It never moves then. */
	buffer_reserve(&d->text, line.len + 1);
}

static bool split_separated(struct dump *d, struct slice line,
    struct values *v)
{
	bool more = true;
	size_t n;

	begin_row(d, line, v);
	for (n = 0; more && !d->text.failed; n++) {
		struct slice value;

		if (!take_separated(d, &line, &more, &value))
			return false;
		put_value(&d->columns, n, value, v);
	}
	return n >= d->columns.count && n > 1;
}

/* A head: two of its names at least are those of columns. */
static bool take_head(struct dump *d, struct slice line, uint8_t separator)
{
	struct columns c;
	struct values ignored;
	bool more = true;

	memset(&c, 0, sizeof(c));
	d->separator = separator;
	begin_row(d, line, &ignored);
	while (more) {
		struct slice value;

		if (!take_separated(d, &line, &more, &value))
			return false;
		add_column(&c, log_odbc_column_of(slice_trim(value)));
	}
	if (!is_useful(&c))
		return false;
	d->columns = c;
	return true;
}

/* --- INSERT ------------------------------------------------------------- */

static bool take_keyword(struct slice *rest, const char *word)
{
	struct slice s = *rest;

	log_take_blanks(&s);
	if (!log_take_text(&s, word) || (s.len > 0 && ascii_is_alnum(s.p[0])))
		return false;
	*rest = s;
	return true;
}

/* [dbo].[InternetLog], `log`, "public"."internetlog", inetlog */
static bool skip_name(struct slice *rest)
{
	size_t n = 0;
	uint8_t close = 0;

	log_take_blanks(rest);
	for (; n < rest->len; n++) {
		uint8_t c = rest->p[n];

		if (close) {
			if (c == close)
				close = 0;
		} else if (c == '[' || c == '"' || c == '`') {
			close = c == '[' ? ']' : c;
		} else if (c == ' ' || c == '(' || c == '\t') {
			break;
		}
	}
	*rest = slice_from(*rest, n);
	return n > 0;
}

static struct slice bare_name(struct slice s)
{
	s = slice_trim(s);
	if (s.len > 1 && (s.p[0] == '[' || s.p[0] == '"' || s.p[0] == '`'))
		s = slice_make(s.p + 1, s.len - 2);
	return s;
}

/* "(ClientHost, username, ...)"; true: there is no list, or a whole one. */
static bool take_names(struct dump *d, struct slice *rest)
{
	struct columns c;
	struct slice list;
	const uint8_t *end;

	log_take_blanks(rest);
	if (rest->len == 0 || rest->p[0] != '(') {
		usual_columns(&d->columns);
		return true;
	}
	end = memchr(rest->p, ')', rest->len);
	if (!end)
		return false;
	list = slice_head(slice_from(*rest, 1),
	    (size_t)(end - rest->p) - 1);
	*rest = slice_from(*rest, (size_t)(end - rest->p) + 1);
	memset(&c, 0, sizeof(c));
	while (list.len > 0) {
		const uint8_t *comma = memchr(list.p, ',', list.len);
		size_t n = comma ? (size_t)(comma - list.p) : list.len;

		add_column(&c, log_odbc_column_of(bare_name(slice_head(list,
		    n))));
		list = slice_from(list, n + 1);
	}
	d->columns = c;
	return true;
}

/*
 * One value of a list: the first quoted text in it, as it stands in N'...',
 * {ts '...'}, CAST('...' AS DateTime); else its words.  *end_r: the list
 * ends behind it.
 */
static bool take_sql_value(struct dump *d, struct slice *rest, bool *end_r,
    struct slice *value_r)
{
	struct slice start, quoted = { NULL, 0 };
	size_t depth = 0;

	log_take_blanks(rest);
	start = *rest;
	while (rest->len > 0) {
		uint8_t c = rest->p[0];

		if (c == '\'') {
			struct slice text;

			if (!take_quoted(d, rest, c, &text))
				return false;
			if (!quoted.p)
				quoted = text;
			continue;
		}
		if (depth == 0 && (c == ',' || c == ')'))
			break;
		depth += c == '(';
		depth -= c == ')';
		*rest = slice_from(*rest, 1);
	}
	if (rest->len == 0)
		return false;
	*end_r = rest->p[0] == ')';
	*value_r = quoted.p ? quoted : slice_trim(slice_head(start,
	    start.len - rest->len));
	if (!quoted.p && slice_eq_nocase(*value_r, slice_str("NULL")))
		value_r->len = 0;
	*rest = slice_from(*rest, 1);
	return true;
}

/* "(...)", with what separates it from the next one.  1: a row; 0: there is
 * none; -1: it is damaged. */
static int take_tuple(struct dump *d, struct slice *rest, struct values *v)
{
	bool end = false;
	size_t n;

	log_take_blanks(rest);
	while (rest->len > 0 && (rest->p[0] == ',' || rest->p[0] == ';' ||
	    rest->p[0] == ' ')) {
		d->in_values = rest->p[0] != ';';
		*rest = slice_from(*rest, 1);
	}
	if (rest->len == 0)
		return 0;
	if (!log_take_octet(rest, '('))
		return -1;
	begin_row(d, *rest, v);
	for (n = 0; !end; n++) {
		struct slice value;

		if (!take_sql_value(d, rest, &end, &value))
			return -1;
		put_value(&d->columns, n, value, v);
	}
	return n >= d->columns.count ? 1 : -1;
}

/* Up to and with VALUES.  false: it is no such statement. */
static bool take_insert(struct dump *d, struct slice *rest)
{
	if (!take_keyword(rest, "INSERT"))
		return false;
	d->statements = true;
	take_keyword(rest, "IGNORE");
	take_keyword(rest, "INTO");
	return skip_name(rest) && take_names(d, rest) &&
	    (take_keyword(rest, "VALUES") || rest->len == 0);
}

/* --- rows --------------------------------------------------------------- */

static uint32_t columns_of(const struct columns *c)
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

static bool parse_numbers(const struct values *v, struct iis_row *row)
{
	int64_t status;

	if (!iis_parse_number(v->of[LOG_ODBC_STATUS], &status) ||
	    !iis_parse_number(v->of[LOG_ODBC_WIN32], &row->win32) ||
	    !iis_parse_number(v->of[LOG_ODBC_SENT], &row->sent) ||
	    !iis_parse_number(v->of[LOG_ODBC_RECEIVED], &row->received) ||
	    !iis_parse_number(v->of[LOG_ODBC_TAKEN], &row->taken_ms) ||
	    status > 999)
		return false;
	row->status = (int32_t)status;
	row->port = SW_UNKNOWN;
	return true;
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

static bool is_service(const struct columns *c, const struct values *v,
    const char *service)
{
	return !(c->known & SW_BIT(LOG_ODBC_SERVICE)) ||
	    slice_has_prefix_nocase(v->of[LOG_ODBC_SERVICE],
	    slice_str(service));
}

static enum sw_status take_row(struct table *t, const struct log_line *line,
    const struct values *v)
{
	struct iis_row row;

	memset(&row, 0, sizeof(row));
	row.line = line;
	if (!is_service(&t->dump.columns, v, "SMTPSVC") ||
	    !parse_numbers(v, &row) ||
	    !parse_time(t, v->of[LOG_ODBC_TIME], &row)) {
		log_not_understood(&t->rows.sessions, line);
		return SW_OK;
	}
	row.columns = columns_of(&t->dump.columns);
	row.client = iis_parse_text(v->of[LOG_ODBC_CLIENT]);
	row.server = iis_parse_text(v->of[LOG_ODBC_SERVER]);
	row.user = iis_parse_text(v->of[LOG_ODBC_USER]);
	row.method = iis_parse_text(v->of[LOG_ODBC_METHOD]);
	row.query = iis_parse_text(v->of[LOG_ODBC_QUERY]);
	if (row.query.len == 0)
		row.query = iis_parse_text(v->of[LOG_ODBC_TARGET]);
	row.query_bare = true;
	if (row.query.len == COLUMN_MAX)
		row.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	return iis_rows_take(&t->rows, &row);
}

/* The rows of a line of statements. */
static enum sw_status take_tuples(struct table *t,
    const struct log_line *line, struct slice rest)
{
	enum sw_status status = SW_OK;
	struct values v;
	int n = 1;

	while (n > 0 && status == SW_OK) {
		n = take_tuple(&t->dump, &rest, &v);
		if (n > 0)
			status = take_row(t, line, &v);
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

	if (take_insert(&t->dump, &rest)) {
		t->dump.in_values = true;
		return take_tuples(t, line, rest);
	}
	rest = line->text;
	log_take_blanks(&rest);
	if (t->dump.in_values && rest.len > 0 && rest.p[0] == '(')
		return take_tuples(t, line, rest);
	t->dump.in_values = false;
	if (take_keyword(&rest, "INSERT"))
		log_not_understood(&t->rows.sessions, line);
	return SW_OK;
}

/* --- which kind of dump? ------------------------------------------------ */

static const uint8_t separators[] = { ',', ';', '\t' };

/* A row in the usual order: its third value is a time. */
static bool is_usual_row(struct dump *d, struct slice line,
    uint8_t separator, const char *service)
{
	struct values v;
	struct iis_row row;
	int64_t time;
	int32_t offset;
	bool zoned;

	usual_columns(&d->columns);
	d->separator = separator;
	return split_separated(d, line, &v) && is_service(&d->columns, &v,
	    service) && parse_numbers(&v, &row) &&
	    log_take_iso_time(&v.of[LOG_ODBC_TIME], &time, &zoned, &offset,
	    NULL);
}

/* The separator and the columns, by a line that shows them. */
static bool find_kind(struct dump *d, struct slice line, const char *service,
    bool *head_r)
{
	size_t i;

	for (i = 0; i < sizeof(separators); i++) {
		*head_r = take_head(d, line, separators[i]);
		if (*head_r || is_usual_row(d, line, separators[i], service))
			return true;
	}
	d->separator = 0;
	memset(&d->columns, 0, sizeof(d->columns));
	return false;
}

static void dump_init(struct dump *d)
{
	memset(d, 0, sizeof(*d));
	buffer_init(&d->text, 2 * LIMIT_LINE);
}

/* Rows of this service in a line of statements. */
static size_t count_tuples(struct dump *d, struct slice line,
    const char *service)
{
	size_t rows = 0;
	struct values v;

	if (!take_insert(d, &line))
		return 0;
	while (take_tuple(d, &line, &v) > 0)
		rows += is_useful(&d->columns) &&
		    (d->columns.known & SW_BIT(LOG_ODBC_SERVICE)) &&
		    is_service(&d->columns, &v, service);
	return rows;
}

bool iis_odbc_has_rows(struct slice head, const char *service)
{
	struct dump d;
	bool named = false, found = false;

	dump_init(&d);
	while (head.len > 0 && !found) {
		struct slice line = log_head_line(&head);
		struct values v;

		if (line.len == 0)
			continue;
		if (d.separator)
			found = split_separated(&d, line, &v) &&
			    is_service(&d.columns, &v, service);
		else if (find_kind(&d, line, service, &named))
			found = !named;
		else
			found = count_tuples(&d, line, service) > 0;
	}
	buffer_fini(&d.text);
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
	buffer_fini(&t->dump.text);
}

static enum sw_status open_log(void *state)
{
	struct table *t = state;

	iis_rows_init(&t->rows);
	dump_init(&t->dump);
	t->live = log_odbc_is_name(t->rows.sessions.file_name);
	if (t->live)
		t->rows.sessions.unit = SW_UNIT_ROW;
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *in)
{
	struct table *t = state;
	struct log_line line = *in;
	struct values v;
	bool head;

	if (line.text.len == 0)
		return SW_OK;
	if (line.truncated) {
		log_not_understood(&t->rows.sessions, in);
		return SW_OK;
	}
	if (!t->dump.separator) {
		if (t->dump.statements ||
		    !find_kind(&t->dump, line.text, "SMTPSVC", &head))
			return t->dump.text.failed ? SW_ENOMEM :
			    take_statement(t, &line);
		if (head)
			return SW_OK;
	}
	if (t->live)
		line.number--; /* the head is no row */
	if (!split_separated(&t->dump, line.text, &v)) {
		log_not_understood(&t->rows.sessions, &line);
		return SW_OK;
	}
	return t->dump.text.failed ? SW_ENOMEM : take_row(t, &line, &v);
}

const struct log_format log_iis_odbc = {
	.name = "iis-odbc",
	.title = "IIS SMTP service, table odbc:DSN=...;TABLE=... or a dump",
	.times = "local, 1 s or finer",
	.records = SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_GREETING) | SW_BIT(SW_RECORDS_COMMAND) |
	    SW_BIT(SW_RECORDS_ARGUMENT) | SW_BIT(SW_RECORDS_REPLY_CODE) |
	    SW_BIT(SW_RECORDS_REPLY_TEXT) |
	    SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES) |
	    SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct table),
	.session_size = sizeof(struct iis_session),
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.close = close_log,
};
