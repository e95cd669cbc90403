/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iis_dump.c - how a dump of the table of IIS is written: its columns, and
 * the values of a row
 *
 * Theory of operation.  Separated values are split at the separator, and what
 * stands in quotes loses them (RFC 4180: a quote in it is doubled).  An INSERT
 * statement names its columns or has those of logtemp.sql, and holds one list
 * of values or several; a line may end behind each of these parts.  Of a value
 * that is wrapped, such as N'...', {ts '...'} or CAST('...' AS DateTime), the
 * quoted text counts.  Values with quotes are put together in d->text, which
 * is as large as the line and never moves; all others lie in the line.
 */
#include "logs/iis_dump.h"

#include "logs/text.h"
#include "logs/when.h"

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

/* --- columns ------------------------------------------------------------ */

enum log_odbc_column log_odbc_column_of(struct slice name)
{
	unsigned i;

	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++)
		if (slice_eq_nocase(name, slice_str(log_odbc_columns[i])))
			break;
	return (enum log_odbc_column)i;
}

static void add_column(struct iis_dump_columns *c,
    enum log_odbc_column column)
{
	if (c->count == LIMIT_LOG_COLUMNS)
		return;
	if (c->known & SW_BIT(column))
		column = LOG_ODBC_COLUMN_COUNT; /* the first of equals counts */
	c->known |= SW_BIT(column);
	c->of[c->count++] = (uint8_t)column;
}

static void usual_columns(struct iis_dump_columns *c)
{
	unsigned i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++)
		add_column(c, (enum log_odbc_column)i);
}

bool iis_dump_is_useful(const struct iis_dump_columns *c)
{
	return (c->known & SW_BIT(LOG_ODBC_CLIENT)) &&
	    (c->known & SW_BIT(LOG_ODBC_METHOD));
}

/* --- separated values --------------------------------------------------- */

/* A quoted value: without its quotes, doubled ones as one; quote is what it
 * begins with.  false: it has no end. */
static bool take_quoted(struct iis_dump *d, struct slice *rest, uint8_t quote,
    struct slice *value_r)
{
	struct slice s = slice_from(*rest, 1);
	size_t from = d->text.len, n = 0;
	bool plain = true;

	for (; n < s.len; n++) {
		if (s.p[n] == quote) {
			if (n + 1 == s.len || s.p[n + 1] != quote)
				break;
			n++;
			plain = false;
		} else if (s.p[n] == '\\' && quote == '\'' &&
		    n + 1 < s.len && (s.p[n + 1] == '\\' ||
		    (s.p[n + 1] == '\'' && n + 2 < s.len &&
		    s.p[n + 2] != ',' && s.p[n + 2] != ')'))) {
			n++; /* as MySQL writes it */
			plain = false;
		}
		buffer_append_char(&d->text, (char)s.p[n]);
	}
	if (n == s.len)
		return false;
	*value_r = plain ? slice_head(s, n) : slice_make(d->text.p ?
	    d->text.p + from : s.p, d->text.len - from);
	*rest = slice_from(s, n + 1);
	return true;
}

/* The next value of a line; false: a quote has no end. */
static bool take_separated(struct iis_dump *d, struct slice *rest, bool *more,
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

static void put_value(const struct iis_dump_columns *c, size_t i,
    struct slice value, struct iis_dump_values *v)
{
	if (i < c->count)
		v->of[c->of[i]] = value;
}

static void begin_row(struct iis_dump *d, struct slice line,
    struct iis_dump_values *v)
{
	memset(v, 0, sizeof(*v));
	buffer_clear(&d->text);
	/* It never moves then. */
	buffer_reserve(&d->text, line.len + 1);
}

bool iis_dump_split(struct iis_dump *d, struct slice line,
    struct iis_dump_values *v)
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

bool iis_dump_head(struct iis_dump *d, struct slice line, uint8_t separator)
{
	struct iis_dump_columns c;
	struct iis_dump_values ignored;
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
	if (!iis_dump_is_useful(&c))
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
static bool take_names(struct iis_dump *d, struct slice *rest)
{
	struct iis_dump_columns c;
	struct slice list;
	const uint8_t *end;

	if (rest->len == 0 || rest->p[0] != '(')
		return true;
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
static bool take_sql_value(struct iis_dump *d, struct slice *rest, bool *end_r,
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

int iis_dump_tuple(struct iis_dump *d, struct slice *rest,
    struct iis_dump_values *v)
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

/* What stands between the name of the table and the rows, as far as the line
 * goes: each part may have one of its own. */
static bool take_head(struct iis_dump *d, struct slice *rest)
{
	bool whole;

	d->in_head = false;
	log_take_blanks(rest);
	whole = take_names(d, rest);
	d->in_values = whole && take_keyword(rest, "VALUES");
	log_take_blanks(rest);
	d->in_head = whole && !d->in_values && rest->len == 0;
	return d->in_values || d->in_head;
}

static bool take_insert(struct iis_dump *d, struct slice *rest)
{
	if (!take_keyword(rest, "INSERT"))
		return false;
	d->statements = true;
	take_keyword(rest, "IGNORE");
	take_keyword(rest, "INTO");
	usual_columns(&d->columns);
	return skip_name(rest) && take_head(d, rest);
}

bool iis_dump_statement(struct iis_dump *d, struct slice *rest)
{
	log_take_blanks(rest);
	if (d->in_head)
		return take_head(d, rest);
	if (d->in_values && rest->len > 0 && rest->p[0] == '(')
		return true;
	d->in_values = false;
	return take_insert(d, rest);
}

bool iis_dump_says_insert(struct slice line)
{
	return take_keyword(&line, "INSERT");
}

/* --- the whole ---------------------------------------------------------- */

void iis_dump_init(struct iis_dump *d)
{
	memset(d, 0, sizeof(*d));
	buffer_init(&d->text, 2 * LIMIT_LINE);
}

void iis_dump_fini(struct iis_dump *d)
{
	buffer_fini(&d->text);
}

void iis_dump_usual(struct iis_dump *d, uint8_t separator)
{
	usual_columns(&d->columns);
	d->separator = separator;
}
