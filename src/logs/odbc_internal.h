/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odbc_internal.h - what odbc.c (connection and rows), odbc_name.c and
 * odbc_query.c share; nobody else includes it
 */
#ifndef LOGS_ODBC_INTERNAL_H
#define LOGS_ODBC_INTERNAL_H

#include <sql.h>
#include <sqlext.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "logs/odbc.h"

enum {
	/* Octets kept of one value: parameters may be text of any length. */
	ODBC_VALUE_MAX = 1024,
	ODBC_QUERY_MAX = LIMIT_LINE,
	/* Of a row, with quotes and a comma; quotes in values are doubled. */
	ODBC_ROW_MAX = LOG_ODBC_COLUMN_COUNT * (2 * ODBC_VALUE_MAX + 3) +
	    2 * ODBC_QUERY_MAX
};

/* A column that is asked for. */
struct column {
	char *text;
	SQLLEN size, len;
};

/* A table that is open. */
struct odbc {
	SQLHENV environment;
	SQLHDBC connection;
	SQLHSTMT statement;
	bool connected;
	struct buffer words;  /* for the driver manager */
	struct buffer name;   /* to be told */
	struct buffer table;
	struct buffer secret; /* the password; several: a NUL between them */
	struct buffer query;
	char open, close;     /* of quoted names; 0: they cannot be */
	uint32_t known;       /* columns that are there */
	char number_by[256];  /* a column that numbers the rows */
	struct column columns[LOG_ODBC_COLUMN_COUNT];
	struct buffer line;   /* made and not yet read ... */
	size_t line_off;      /* ... from here on */
	bool over;
};

/* --- odbc.c --------------------------------------------------------------- */

/* Did it run out while a word, a name or a question was put together? */
static inline bool odbc_lacks_memory(const struct odbc *o)
{
	return o->words.failed || o->table.failed || o->query.failed;
}
/* SW_EREAD: what failed, and what the driver says of it without the
 * password.  SW_ENOMEM: that did not fail, but memory ran out. */
enum sw_status odbc_fail(struct odbc *o, SQLSMALLINT kind, SQLHANDLE handle,
    const char *what, struct sw_err *err);
enum sw_status odbc_fail_statement(struct odbc *o, const char *what,
    struct sw_err *err);
/* A NUL behind the text, which does not count: drivers look for it although
 * they are told the length.  false: no room. */
bool odbc_terminate(struct buffer *b);

/* --- odbc_name.c ---------------------------------------------------------- */

/* The words of a name that begins with LOG_ODBC_PREFIX, into words, name,
 * table and secret.  SW_EREAD: it is too long; SW_ENOMEM. */
enum sw_status odbc_name_parse(struct odbc *o, const char *name,
    struct sw_err *err) SW_MUST_USE;
/* One more word, with a semicolon in front of it if it is not the first. */
void odbc_name_append(struct buffer *b, struct slice word);
/* Append text without the secrets, whatever the driver quotes. */
void odbc_name_hide(struct buffer *b, struct slice text,
    struct slice secrets);

/* --- odbc_query.c --------------------------------------------------------- */

/* Ask for the rows: o->known, o->columns and o->statement, from which they
 * can be fetched.  SW_EREAD, SW_EFORMAT (not the columns of such a log),
 * SW_ENOMEM. */
enum sw_status odbc_query_ask(struct odbc *o, struct sw_err *err)
    SW_MUST_USE;
/* The statement is over, if there is one. */
void odbc_query_free(struct odbc *o);

#endif
