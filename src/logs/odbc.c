/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odbc.c - a table of a database as a source of rows, through unixODBC
 *
 * Theory of operation.  The words of the name but TABLE go to the driver
 * manager as they are.  The connection is opened for reading only, and two
 * statements are sent, both SELECT: one that returns no rows and shows which
 * columns the table has (in any order and case), and one that names those
 * that are of use.  Names of the table and of columns are quoted as the
 * database says, quotes in them doubled, so that no name can be anything
 * else.  A table that is not found as it was written is looked for without
 * regard to case.
 *
 * Rows come one by one from a forward-only cursor, in the order of LogTime,
 * then of a column that numbers them if there is one.  Some drivers fetch all
 * rows at once unless a word of their own says otherwise; it is added.
 *
 * The driver sees the password; the name that is told, and what the driver
 * says of errors, do not hold it.
 */
#include "logs/odbc.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"

#define PREFIX "odbc:"
#define NAME_MAX_LEN 8192

bool log_odbc_is_name(const char *name)
{
	return slice_has_prefix_nocase(slice_str(name), slice_str(PREFIX));
}

#ifndef SW_ODBC

enum sw_status log_odbc_open(const char *name, const char *tmpdir,
    struct source **s_r, struct sw_err *err)
{
	(void)name;
	(void)tmpdir;
	*s_r = NULL;
	return base_error_set(err, SW_EREAD, "odbc: this smtpwire was built "
	    "without unixODBC and reads no databases; a dump of the table "
	    "(CSV, INSERT statements) can be read");
}

#else

#include <sql.h>
#include <sqlext.h>

/* Octets kept of one value: parameters may be text of any length. */
#define VALUE_MAX 1024
#define QUERY_MAX LIMIT_LINE
#define TEXT_MAX 512

struct column {
	char *text;
	SQLLEN size, len;
};

struct odbc {
	SQLHENV environment;
	SQLHDBC connection;
	SQLHSTMT statement;
	bool connected;
	struct buffer words;  /* for the driver manager */
	struct buffer name;   /* to be told */
	struct buffer table;
	struct buffer secret; /* the password */
	struct buffer query;
	char open, close;     /* of quoted names; 0: they cannot be */
	uint32_t known;       /* columns that are there */
	char number_by[256];  /* a column that numbers the rows */
	struct column columns[LOG_ODBC_COLUMN_COUNT];
	struct buffer line;   /* made and not yet read ... */
	size_t line_off;      /* ... from here on */
	bool over;
};

/* --- the name ----------------------------------------------------------- */

/* "KEY=value" or "KEY={va;lue}" up to the next semicolon. */
static bool take_word(struct slice *rest, struct slice *key_r,
    struct slice *value_r, struct slice *all_r)
{
	struct slice s = *rest;
	size_t n = 0, equals;

	if (s.len == 0)
		return false;
	while (n < s.len && s.p[n] != '=' && s.p[n] != ';')
		n++;
	equals = n;
	if (n + 1 < s.len && s.p[n] == '=' && s.p[n + 1] == '{')
		while (n < s.len && s.p[n] != '}')
			n++;
	while (n < s.len && s.p[n] != ';')
		n++;
	*all_r = slice_head(s, n);
	*key_r = slice_trim(slice_head(s, equals));
	*value_r = slice_from(*all_r, equals + 1);
	*rest = slice_from(s, n + 1);
	return true;
}

/* Words that can be told: all others might be secret. */
static bool is_public(struct slice key)
{
	static const char *const keys[] = { "DSN", "DRIVER", "SERVER",
		"SERVERNAME", "PORT", "DATABASE", "TABLE" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (slice_eq_nocase(key, slice_str(keys[i])))
			return true;
	return false;
}

static void append_word(struct buffer *b, struct slice word)
{
	if (b->len > 0 && b->p[b->len - 1] != ':')
		buffer_append_char(b, ';');
	buffer_append_slice(b, word);
}

static struct slice unbrace(struct slice s)
{
	if (s.len > 1 && s.p[0] == '{' && s.p[s.len - 1] == '}')
		return slice_make(s.p + 1, s.len - 2);
	return s;
}

static enum sw_status parse_name(struct odbc *o, const char *name,
    struct sw_err *err)
{
	struct slice rest = slice_from(slice_str(name), sizeof(PREFIX) - 1);
	struct slice key, value, all;

	buffer_append_str(&o->name, PREFIX);
	while (take_word(&rest, &key, &value, &all)) {
		if (slice_eq_nocase(key, slice_str("TABLE")))
			buffer_append_slice(&o->table, unbrace(value));
		else if (all.len > 0)
			append_word(&o->words, all);
		if (slice_eq_nocase(key, slice_str("PWD")) ||
		    slice_eq_nocase(key, slice_str("PASSWORD")))
			buffer_append_slice(&o->secret, unbrace(value));
		if (is_public(key))
			append_word(&o->name, all);
	}
	if (o->table.len == 0) {
		buffer_append_str(&o->table, "InternetLog");
		append_word(&o->name, slice_str("TABLE=InternetLog"));
	}
	if (o->name.failed || o->words.failed || o->table.failed ||
	    o->secret.failed)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (o->name.full || o->words.full || o->table.full || o->secret.full)
		return base_error_set(err, SW_EREAD, "odbc: the name is too "
		    "long");
	return SW_OK;
}

/* --- errors ------------------------------------------------------------- */

/* Without the password, whatever the driver quotes. */
static void append_hiding(struct buffer *b, struct slice text,
    struct slice secret)
{
	while (text.len > 0) {
		size_t at = secret.len ? slice_find_nocase(text, secret) :
		    text.len;

		buffer_append_slice(b, slice_head(text, at));
		if (at == text.len)
			break;
		buffer_append_str(b, "***");
		text = slice_from(text, at + secret.len);
	}
}

static enum sw_status fail(struct odbc *o, SQLSMALLINT kind,
    SQLHANDLE handle, const char *what, struct sw_err *err)
{
	SQLCHAR state[6] = "", text[TEXT_MAX] = "";
	SQLINTEGER native = 0;
	SQLSMALLINT len = 0;
	struct buffer b;

	buffer_init(&b, 4 * TEXT_MAX);
	SQLGetDiagRec(kind, handle, 1, state, &native, text,
	    (SQLSMALLINT)sizeof(text), &len);
	append_hiding(&b, slice_str((const char *)text),
	    buffer_slice(&o->secret));
	base_error_set(err, SW_EREAD, "%.*s: %s: %.*s", (int)o->name.len,
	    (const char *)o->name.p, what, (int)b.len,
	    b.p ? (const char *)b.p : "");
	buffer_fini(&b);
	return SW_EREAD;
}

static enum sw_status fail_statement(struct odbc *o, const char *what,
    struct sw_err *err)
{
	return fail(o, SQL_HANDLE_STMT, o->statement, what, err);
}

/* --- the connection ----------------------------------------------------- */

/* Drivers look for the end of a text although they are told its length. */
static bool terminate(struct buffer *b)
{
	if (!buffer_append_char(b, '\0'))
		return false;
	b->len--;
	return true;
}

static bool try_connect(struct odbc *o)
{
	if (!terminate(&o->words))
		return false;
	o->connected = SQL_SUCCEEDED(SQLDriverConnect(o->connection, NULL,
	    o->words.p, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT));
	return o->connected;
}

static void disconnect(struct odbc *o)
{
	if (o->connected)
		SQLDisconnect(o->connection);
	o->connected = false;
}

/* The word with which this driver streams rows; NULL: it needs none. */
static const char *streaming_word(struct odbc *o)
{
	static const struct {
		const char *driver, *word;
	} drivers[] = {
		{ "psqlodbc", "UseDeclareFetch=1" },
		{ "sqlite", "StepAPI=1" },
		{ "myodbc", "NO_CACHE=1" },
		{ "maodbc", "FORWARDONLY=1" },
	};
	SQLCHAR name[256] = "";
	SQLSMALLINT len = 0;
	size_t i;

	if (!SQL_SUCCEEDED(SQLGetInfo(o->connection, SQL_DRIVER_NAME, name,
	    (SQLSMALLINT)sizeof(name), &len)))
		return NULL;
	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		struct slice all = slice_str((const char *)name);

		if (slice_find_nocase(all, slice_str(drivers[i].driver)) <
		    all.len)
			return drivers[i].word;
	}
	return NULL;
}

static enum sw_status connect_database(struct odbc *o, struct sw_err *err)
{
	const char *word;

	if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE,
	    &o->environment)) ||
	    !SQL_SUCCEEDED(SQLSetEnvAttr(o->environment, SQL_ATTR_ODBC_VERSION,
	    (SQLPOINTER)(intptr_t)SQL_OV_ODBC3, 0)) ||
	    !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, o->environment,
	    &o->connection)))
		return base_error_set(err, SW_EREAD, "odbc: unixODBC cannot "
		    "be used");
	SQLSetConnectAttr(o->connection, SQL_ATTR_ACCESS_MODE,
	    (SQLPOINTER)(intptr_t)SQL_MODE_READ_ONLY, 0);
	SQLSetConnectAttr(o->connection, SQL_ATTR_LOGIN_TIMEOUT,
	    (SQLPOINTER)(intptr_t)30, 0);
	if (!try_connect(o))
		return fail(o, SQL_HANDLE_DBC, o->connection,
		    "cannot be connected", err);
	word = streaming_word(o);
	if (word) {
		disconnect(o);
		append_word(&o->words, slice_str(word));
		if (o->words.failed || !try_connect(o))
			return fail(o, SQL_HANDLE_DBC, o->connection,
			    "cannot be connected", err);
	}
	return SW_OK;
}

/* --- names in statements ------------------------------------------------ */

static void find_quotes(struct odbc *o)
{
	SQLCHAR quote[8] = "";
	SQLSMALLINT len = 0;

	o->open = o->close = 0;
	if (!SQL_SUCCEEDED(SQLGetInfo(o->connection,
	    SQL_IDENTIFIER_QUOTE_CHAR, quote, (SQLSMALLINT)sizeof(quote),
	    &len)) || quote[0] == ' ' || quote[0] == '\0')
		return;
	o->open = (char)quote[0];
	o->close = o->open == '[' ? ']' : o->open;
}

/* false: it cannot be said without quotes, and there are none. */
static bool append_name(struct odbc *o, struct buffer *b, struct slice name)
{
	size_t i;

	for (i = 0; i < name.len && o->open == 0; i++)
		if (!ascii_is_alnum(name.p[i]) && name.p[i] != '_')
			return false;
	if (name.len == 0)
		return false;
	if (o->open)
		buffer_append_char(b, o->open);
	for (i = 0; i < name.len; i++) {
		if (name.p[i] == 0)
			return false;
		buffer_append_char(b, (char)name.p[i]);
		if (o->close && name.p[i] == (uint8_t)o->close)
			buffer_append_char(b, o->close);
	}
	if (o->close)
		buffer_append_char(b, o->close);
	return true;
}

/* schema.table, each quoted by itself. */
static bool append_table(struct odbc *o, struct buffer *b)
{
	struct slice rest = buffer_slice(&o->table);
	bool first = true;

	while (rest.len > 0 || first) {
		const uint8_t *dot = rest.len ? memchr(rest.p, '.',
		    rest.len) : NULL;
		size_t n = dot ? (size_t)(dot - rest.p) : rest.len;

		if (!first)
			buffer_append_char(b, '.');
		if (!append_name(o, b, slice_head(rest, n)))
			return false;
		rest = slice_from(rest, n + (dot != NULL));
		first = false;
	}
	return !b->failed && !b->full;
}

/* --- the table ---------------------------------------------------------- */

static bool execute(struct odbc *o)
{
	return terminate(&o->query) && SQL_SUCCEEDED(SQLExecDirect(
	    o->statement, o->query.p, SQL_NTS));
}

/* A statement that returns no rows, but says which columns there are. */
static bool ask_columns(struct odbc *o)
{
	buffer_clear(&o->query);
	buffer_append_str(&o->query, "SELECT * FROM ");
	if (!append_table(o, &o->query))
		return false;
	buffer_append_str(&o->query, " WHERE 1=0");
	return !o->query.failed && execute(o);
}

/* The table of this name but for case, if there is only one. */
static bool find_table(struct odbc *o)
{
	char schema[256] = "", name[256] = "", found[514] = "";
	struct slice wanted = buffer_slice(&o->table);
	SQLLEN schema_len = 0, name_len = 0;
	size_t count = 0;

	if (!SQL_SUCCEEDED(SQLTables(o->statement, NULL, 0, NULL, 0, NULL, 0,
	    NULL, 0)))
		return false;
	SQLBindCol(o->statement, 2, SQL_C_CHAR, schema, sizeof(schema),
	    &schema_len);
	SQLBindCol(o->statement, 3, SQL_C_CHAR, name, sizeof(name),
	    &name_len);
	while (SQL_SUCCEEDED(SQLFetch(o->statement))) {
		char full[514];

		snprintf(full, sizeof(full), "%s%s%s", schema_len > 0 ?
		    schema : "", schema_len > 0 ? "." : "", name);
		if (!slice_eq_nocase(wanted, slice_str(name)) &&
		    !slice_eq_nocase(wanted, slice_str(full)))
			continue;
		memcpy(found, full, sizeof(found));
		count++;
	}
	SQLFreeStmt(o->statement, SQL_CLOSE);
	SQLFreeStmt(o->statement, SQL_UNBIND);
	if (count != 1)
		return false;
	buffer_clear(&o->table);
	return buffer_append_str(&o->table, found);
}

/* Does it number the rows? */
static bool is_number(struct odbc *o, SQLUSMALLINT i, struct slice name)
{
	SQLLEN unique = SQL_FALSE;

	SQLColAttribute(o->statement, i, SQL_DESC_AUTO_UNIQUE_VALUE, NULL, 0,
	    NULL, &unique);
	return unique == SQL_TRUE || slice_eq_nocase(name, slice_str("id"));
}

/* The names as the database writes them. */
struct names {
	char of[LOG_ODBC_COLUMN_COUNT][256];
};

static enum sw_status describe(struct odbc *o, struct names *names,
    struct sw_err *err)
{
	SQLSMALLINT count = 0, i;

	if (!SQL_SUCCEEDED(SQLNumResultCols(o->statement, &count)))
		return fail_statement(o, "cannot be described", err);
	for (i = 1; i <= count; i++) {
		SQLSMALLINT len = 0, type, digits, nullable;
		SQLULEN size;
		SQLCHAR name[256] = "";
		struct slice text;
		enum log_odbc_column c;

		if (!SQL_SUCCEEDED(SQLDescribeCol(o->statement,
		    (SQLUSMALLINT)i, name, (SQLSMALLINT)sizeof(name), &len,
		    &type, &size, &digits, &nullable)))
			return fail_statement(o, "cannot be described", err);
		text = slice_str((const char *)name);
		c = log_odbc_column_of(text);
		if (c == LOG_ODBC_COLUMN_COUNT) {
			if (is_number(o, (SQLUSMALLINT)i, text))
				memcpy(o->number_by, name, sizeof(name));
		} else if (!(o->known & 1u << c)) {
			o->known |= 1u << c;
			memcpy(names->of[c], name, sizeof(name));
		}
	}
	SQLFreeStmt(o->statement, SQL_CLOSE);
	if (!(o->known & 1u << LOG_ODBC_CLIENT) ||
	    !(o->known & 1u << LOG_ODBC_METHOD))
		return base_error_set(err, SW_EFORMAT, "%.*s: the table has "
		    "not the columns of an IIS log (ClientHost, operation)",
		    (int)o->name.len, (const char *)o->name.p);
	return SW_OK;
}

static bool make_query(struct odbc *o, const struct names *names)
{
	struct buffer *b = &o->query;
	unsigned i, n = 0;

	buffer_clear(b);
	buffer_append_str(b, "SELECT ");
	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++) {
		if (!(o->known & 1u << i))
			continue;
		if (n++)
			buffer_append_str(b, ", ");
		if (!append_name(o, b, slice_str(names->of[i])))
			return false;
	}
	buffer_append_str(b, " FROM ");
	if (!append_table(o, b))
		return false;
	if (o->known & 1u << LOG_ODBC_TIME) {
		buffer_append_str(b, " ORDER BY ");
		append_name(o, b, slice_str(names->of[LOG_ODBC_TIME]));
		if (o->number_by[0]) {
			buffer_append_str(b, ", ");
			append_name(o, b, slice_str(o->number_by));
		}
	}
	return !b->failed && !b->full;
}

static enum sw_status bind(struct odbc *o, struct sw_err *err)
{
	SQLUSMALLINT n = 0;
	unsigned i;

	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++) {
		struct column *c = &o->columns[i];

		if (!(o->known & 1u << i))
			continue;
		c->size = i == LOG_ODBC_QUERY ? QUERY_MAX : VALUE_MAX;
		c->text = malloc((size_t)c->size);
		if (!c->text)
			return base_error_set(err, SW_ENOMEM,
			    "out of memory");
		if (!SQL_SUCCEEDED(SQLBindCol(o->statement, ++n, SQL_C_CHAR,
		    c->text, c->size, &c->len)))
			return fail_statement(o, "cannot be read", err);
	}
	return SW_OK;
}

static void free_statement(struct odbc *o)
{
	if (!o->statement)
		return;
	SQLFreeStmt(o->statement, SQL_CLOSE);
	SQLFreeStmt(o->statement, SQL_UNBIND);
	SQLFreeHandle(SQL_HANDLE_STMT, o->statement);
	o->statement = NULL;
}

/* A fresh one for each question. */
static enum sw_status make_statement(struct odbc *o, struct sw_err *err)
{
	free_statement(o);
	if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, o->connection,
	    &o->statement)))
		return fail(o, SQL_HANDLE_DBC, o->connection,
		    "cannot be asked", err);
	SQLSetStmtAttr(o->statement, SQL_ATTR_CURSOR_TYPE,
	    (SQLPOINTER)(uintptr_t)SQL_CURSOR_FORWARD_ONLY, 0);
	SQLSetStmtAttr(o->statement, SQL_ATTR_CONCURRENCY,
	    (SQLPOINTER)(uintptr_t)SQL_CONCUR_READ_ONLY, 0);
	return SW_OK;
}

static enum sw_status ask(struct odbc *o, struct sw_err *err)
{
	struct names names = { { "" } };
	enum sw_status status = make_statement(o, err);

	if (status != SW_OK)
		return status;
	find_quotes(o);
	if (!ask_columns(o)) {
		fail_statement(o, "the table cannot be read", err);
		if (make_statement(o, NULL) != SW_OK || !find_table(o) ||
		    make_statement(o, NULL) != SW_OK || !ask_columns(o))
			return SW_EREAD;
	}
	status = describe(o, &names, err);
	if (status != SW_OK)
		return status;
	if (!make_query(o, &names))
		return base_error_set(err, SW_EREAD, "%.*s: a name cannot be "
		    "quoted", (int)o->name.len, (const char *)o->name.p);
	status = make_statement(o, err);
	if (status == SW_OK)
		status = bind(o, err);
	if (status == SW_OK && !execute(o))
		status = fail_statement(o, "the table cannot be read", err);
	return status;
}

/* --- rows as separated values ------------------------------------------- */

static void append_head(struct odbc *o)
{
	unsigned i, n = 0;

	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++) {
		if (!(o->known & 1u << i))
			continue;
		if (n++)
			buffer_append_char(&o->line, ',');
		buffer_append_str(&o->line, log_odbc_columns[i]);
	}
	buffer_append_char(&o->line, '\n');
}

/* Always quoted; an end of line within is a blank. */
static void append_value(struct buffer *b, struct slice s)
{
	size_t i;

	buffer_append_char(b, '"');
	for (i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c == '"')
			buffer_append_char(b, '"');
		buffer_append_char(b, c == '\n' || c == '\r' ? ' ' :
		    (char)c);
	}
	buffer_append_char(b, '"');
}

static struct slice value_of(const struct column *c)
{
	SQLLEN most = c->size - 1;

	if (c->len == SQL_NULL_DATA)
		return slice_make("", 0);
	if (c->len < 0 || c->len > most)
		return slice_make(c->text, strnlen(c->text, (size_t)most));
	return slice_make(c->text, (size_t)c->len);
}

static void append_row(struct odbc *o)
{
	unsigned i, n = 0;

	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++) {
		if (!(o->known & 1u << i))
			continue;
		if (n++)
			buffer_append_char(&o->line, ',');
		append_value(&o->line, value_of(&o->columns[i]));
	}
	buffer_append_char(&o->line, '\n');
}

static enum sw_status fetch(struct odbc *o, struct sw_err *err)
{
	SQLRETURN got = SQLFetch(o->statement);

	buffer_clear(&o->line);
	o->line_off = 0;
	if (got == SQL_NO_DATA) {
		o->over = true;
		return SW_OK;
	}
	if (!SQL_SUCCEEDED(got)) {
		o->over = true;
		return fail_statement(o, "reading stopped", err);
	}
	append_row(o);
	return o->line.failed ? base_error_set(err, SW_ENOMEM,
	    "out of memory") : SW_OK;
}

static enum sw_status read_rows(void *ctx, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	struct odbc *o = ctx;
	enum sw_status status = SW_OK;

	*got_r = 0;
	while (len > 0 && status == SW_OK) {
		struct slice rest = slice_head(slice_from(
		    buffer_slice(&o->line), o->line_off), len);

		if (rest.len == 0) {
			if (o->over)
				break;
			status = fetch(o, err);
			continue;
		}
		memcpy(buf, rest.p, rest.len);
		o->line_off += rest.len;
		buf += rest.len;
		len -= rest.len;
		*got_r += rest.len;
	}
	return status;
}

static void free_odbc(void *ctx)
{
	struct odbc *o = ctx;
	unsigned i;

	if (!o)
		return;
	free_statement(o);
	disconnect(o);
	if (o->connection)
		SQLFreeHandle(SQL_HANDLE_DBC, o->connection);
	if (o->environment)
		SQLFreeHandle(SQL_HANDLE_ENV, o->environment);
	for (i = 0; i < LOG_ODBC_COLUMN_COUNT; i++)
		free(o->columns[i].text);
	buffer_fini(&o->words);
	buffer_fini(&o->name);
	buffer_fini(&o->table);
	buffer_fini(&o->secret);
	buffer_fini(&o->query);
	buffer_fini(&o->line);
	free(o);
}

static struct odbc *new_odbc(void)
{
	struct odbc *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	buffer_init(&o->words, NAME_MAX_LEN);
	buffer_init(&o->name, NAME_MAX_LEN);
	buffer_init(&o->table, TEXT_MAX);
	buffer_init(&o->secret, TEXT_MAX);
	buffer_init(&o->query, 1 << 16);
	buffer_init(&o->line, 3 * LIMIT_LINE);
	return o;
}

enum sw_status log_odbc_open(const char *name, const char *tmpdir,
    struct source **s_r, struct sw_err *err)
{
	struct odbc *o = new_odbc();
	struct source_maker maker = { o, read_rows, free_odbc };
	enum sw_status status;

	*s_r = NULL;
	if (!o)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	status = parse_name(o, name, err);
	if (status == SW_OK)
		status = connect_database(o, err);
	if (status == SW_OK)
		status = ask(o, err);
	if (status != SW_OK) {
		free_odbc(o);
		return status;
	}
	append_head(o);
	buffer_append_char(&o->name, '\0');
	if (o->line.failed || o->name.failed) {
		free_odbc(o);
		return base_error_set(err, SW_ENOMEM, "out of memory");
	}
	o->name.len--; /* what errors tell */
	return source_open_made(&maker, (const char *)o->name.p, tmpdir, s_r,
	    err);
}

#endif
