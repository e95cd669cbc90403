/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odbc.c - a table of a database as a source of rows, through unixODBC
 *
 * Theory of operation.  The words of the name but TABLE go to the driver
 * manager as they are (odbc_name.c).  The connection is opened for reading
 * only, and the table is asked for its columns and rows (odbc_query.c).
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

bool log_odbc_is_name(const char *name)
{
	return slice_has_prefix_nocase(slice_str(name),
	    slice_str(LOG_ODBC_PREFIX));
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

#include "logs/odbc_internal.h"

/* Octets of a name, of a message. */
#define NAME_MAX_LEN 8192
#define TEXT_MAX 512

/* --- errors ------------------------------------------------------------- */

enum sw_status odbc_fail(struct odbc *o, SQLSMALLINT kind,
    SQLHANDLE handle, const char *what, struct sw_err *err)
{
	SQLCHAR state[6] = "", text[TEXT_MAX] = "";
	SQLINTEGER native = 0;
	SQLSMALLINT len = 0;
	struct buffer b;

	if (odbc_lacks_memory(o))
		return base_error_set(err, SW_ENOMEM, "out of memory");
	buffer_init(&b, 4 * TEXT_MAX);
	SQLGetDiagRec(kind, handle, 1, state, &native, text,
	    (SQLSMALLINT)sizeof(text), &len);
	odbc_name_hide(&b, slice_str((const char *)text),
	    buffer_slice(&o->secret));
	base_error_set(err, SW_EREAD, "%.*s: %s%s%.*s", (int)o->name.len,
	    (const char *)o->name.p, what, b.len > 0 ? ": " : "", (int)b.len,
	    b.p ? (const char *)b.p : "");
	buffer_fini(&b);
	return SW_EREAD;
}

enum sw_status odbc_fail_statement(struct odbc *o, const char *what,
    struct sw_err *err)
{
	return odbc_fail(o, SQL_HANDLE_STMT, o->statement, what, err);
}

/* --- the connection ----------------------------------------------------- */

bool odbc_terminate(struct buffer *b)
{
	if (!buffer_append_char(b, '\0'))
		return false;
	b->len--;
	return true;
}

static bool try_connect(struct odbc *o)
{
	if (!odbc_terminate(&o->words))
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
		return odbc_fail(o, SQL_HANDLE_DBC, o->connection,
		    "cannot be connected", err);
	word = streaming_word(o);
	if (word) {
		disconnect(o);
		odbc_name_append(&o->words, slice_str(word));
		if (o->words.failed || !try_connect(o))
			return odbc_fail(o, SQL_HANDLE_DBC, o->connection,
			    "cannot be connected", err);
	}
	return SW_OK;
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
		return odbc_fail_statement(o, "reading stopped", err);
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
	odbc_query_free(o);
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
	buffer_init(&o->line, ODBC_ROW_MAX);
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
	status = odbc_name_parse(o, name, err);
	if (status == SW_OK)
		status = connect_database(o, err);
	if (status == SW_OK)
		status = odbc_query_ask(o, err);
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
