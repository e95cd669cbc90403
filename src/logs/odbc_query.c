/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odbc_query.c - which columns a table has, and the question for its rows
 *
 * Theory of operation.  Two statements are sent, both SELECT: one that
 * returns no rows and shows which columns the table has (in any order and
 * case), and one that names those that are of use.  Names of the table and of
 * columns are quoted as the database says, quotes in them doubled, so that no
 * name can be anything else.  A table that is not found as it was written is
 * looked for without regard to case.
 */
#include "logs/odbc.h"

#ifdef SW_ODBC

#include "logs/odbc_internal.h"

#include <stdio.h>
#include <stdlib.h>

static enum sw_status no_memory(struct sw_err *err)
{
	return base_error_set(err, SW_ENOMEM, "out of memory");
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
	return odbc_terminate(&o->query) && SQL_SUCCEEDED(SQLExecDirect(
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
		return odbc_fail_statement(o, "cannot be described", err);
	for (i = 1; i <= count; i++) {
		SQLSMALLINT len = 0, type, digits, nullable;
		SQLULEN size;
		SQLCHAR name[256] = "";
		struct slice text;
		enum log_odbc_column c;

		if (!SQL_SUCCEEDED(SQLDescribeCol(o->statement,
		    (SQLUSMALLINT)i, name, (SQLSMALLINT)sizeof(name), &len,
		    &type, &size, &digits, &nullable)))
			return odbc_fail_statement(o, "cannot be described",
			    err);
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
		c->size = i == LOG_ODBC_QUERY ? ODBC_QUERY_MAX :
		    ODBC_VALUE_MAX;
		c->text = malloc((size_t)c->size);
		if (!c->text)
			return no_memory(err);
		if (!SQL_SUCCEEDED(SQLBindCol(o->statement, ++n, SQL_C_CHAR,
		    c->text, c->size, &c->len)))
			return odbc_fail_statement(o, "cannot be read", err);
	}
	return SW_OK;
}

void odbc_query_free(struct odbc *o)
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
	odbc_query_free(o);
	if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, o->connection,
	    &o->statement)))
		return odbc_fail(o, SQL_HANDLE_DBC, o->connection,
		    "cannot be asked", err);
	SQLSetStmtAttr(o->statement, SQL_ATTR_CURSOR_TYPE,
	    (SQLPOINTER)(uintptr_t)SQL_CURSOR_FORWARD_ONLY, 0);
	SQLSetStmtAttr(o->statement, SQL_ATTR_CONCURRENCY,
	    (SQLPOINTER)(uintptr_t)SQL_CONCUR_READ_ONLY, 0);
	return SW_OK;
}

enum sw_status odbc_query_ask(struct odbc *o, struct sw_err *err)
{
	struct names names = { { "" } };
	enum sw_status status = make_statement(o, err);

	if (status != SW_OK)
		return status;
	find_quotes(o);
	if (!ask_columns(o)) {
		status = odbc_fail_statement(o, "the table cannot be read",
		    err);
		if (make_statement(o, NULL) != SW_OK || !find_table(o) ||
		    make_statement(o, NULL) != SW_OK || !ask_columns(o))
			return odbc_lacks_memory(o) ? no_memory(err) : status;
	}
	status = describe(o, &names, err);
	if (status != SW_OK)
		return status;
	if (!make_query(o, &names))
		return odbc_lacks_memory(o) ? no_memory(err) :
		    base_error_set(err, SW_EREAD, "%.*s: a name cannot be "
		    "quoted", (int)o->name.len, (const char *)o->name.p);
	status = make_statement(o, err);
	if (status == SW_OK)
		status = bind(o, err);
	if (status == SW_OK && !execute(o))
		status = odbc_fail_statement(o, "the table cannot be read",
		    err);
	return status;
}

#endif
