/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * false_driver.h - for the fuzzer of databases: a driver manager of ODBC that
 * does what a script says, in place of unixODBC
 *
 * It holds who calls it against what it is made for: statements that only ask,
 * names in them that are quoted, and all given back.
 */
#ifndef FALSE_DRIVER_H
#define FALSE_DRIVER_H

#include <sql.h>
#include <sqlext.h>

#include "base/cursor.h"
#include "fuzz/memory_file.h"
#include "logs/odbc.h"

#define SECRET "sEcret7"

enum how {
	NO_CASE = 1,         /* the table is found by no other name but its own,
				which is the first of the tables */
	STOPS = 2,           /* the rows end with an error */
	UNIQUE = 4,          /* all columns number the rows */
	WITH_INFO = 8,       /* what succeeds has something to say */
	PASSWORD_BEHIND = 16,
	NO_WORDS = 32        /* of errors */
};

enum text {
	LONGEST = 249, /* that has its length in one octet */
	TEXT_USUAL,    /* of a column: the name with that number (1) */
	TEXT_LONG,     /* so many times (2) an octet */
	TEXT_NO_TOTAL, /* the rest of the script, whose length is not known */
	TEXT_ABSURD,   /* an octet, and a length that is none */
	TEXT_EMPTY,
	TEXT_NULL
};

enum { COLUMNS = 40, TABLES = 20, TEXT_ROOM = 70000 };

struct text_value {
	char *p;
	size_t len;
	SQLLEN told; /* its length, as the driver has it */
};

struct binding {
	char *p;
	SQLLEN size, *len;
};

/* Of one run. */
static struct {
	struct cursor script;
	uint8_t name, quote, fails, how;
	struct text_value schemas[TABLES], tables[TABLES], columns[COLUMNS];
	SQLUSMALLINT table_count, column_count;
	char words[2000];       /* that the driver was given */
	struct binding bound[COLUMNS + 1];
	SQLUSMALLINT asked;     /* columns of the statement */
	SQLUSMALLINT next_table;
	bool tells_tables;
	unsigned calls, statements;
	int handles;            /* that are not given back */
	int connected;
	uint64_t rows;
	bool failed;            /* while rows were fetched */
	bool refused;           /* it was not opened */
	bool open;              /* rows can be fetched */
} driver;

/* --- the script ----------------------------------------------------------- */

static struct text_value take_text(struct cursor *c)
{
	struct text_value v = { NULL, 0, 0 };
	uint8_t kind = cursor_u8(c), octet = 0;
	struct slice s = { NULL, 0 };

	if (kind <= LONGEST) {
		s = cursor_take(c, kind);
	} else if (kind == TEXT_USUAL) {
		s = slice_str(log_odbc_columns[cursor_u8(c) %
		    LOG_ODBC_COLUMN_COUNT]);
	} else if (kind == TEXT_NO_TOTAL) {
		s = cursor_rest(c);
	} else if (kind == TEXT_LONG || kind == TEXT_ABSURD) {
		v.len = kind == TEXT_LONG ? cursor_be16(c) : 1;
		octet = cursor_u8(c);
	}
	v.len += s.len;
	v.p = malloc(v.len + 1);
	require(v.p);
	memset(v.p, octet, v.len);
	if (s.len > 0)
		memcpy(v.p, s.p, s.len);
	v.p[v.len] = '\0';
	v.told = kind == TEXT_NULL ? SQL_NULL_DATA : kind == TEXT_NO_TOTAL ?
	    SQL_NO_TOTAL : kind == TEXT_ABSURD ? INT32_MAX : (SQLLEN)v.len;
	return v;
}

static void driver_init(struct slice script)
{
	struct cursor *c = &driver.script;
	SQLUSMALLINT i;

	memset(&driver, 0, sizeof(driver));
	*c = cursor_make(script);
	driver.name = cursor_u8(c);
	driver.quote = cursor_u8(c);
	driver.fails = cursor_u8(c);
	driver.how = cursor_u8(c);
	driver.table_count = cursor_u8(c) % TABLES;
	for (i = 0; i < driver.table_count; i++) {
		driver.schemas[i] = take_text(c);
		driver.tables[i] = take_text(c);
	}
	driver.column_count = cursor_u8(c) % COLUMNS;
	for (i = 0; i < driver.column_count; i++)
		driver.columns[i] = take_text(c);
}

static void driver_fini(void)
{
	SQLUSMALLINT i;

	require(driver.handles == 0 && driver.connected == 0);
	for (i = 0; i < driver.table_count; i++) {
		free(driver.schemas[i].p);
		free(driver.tables[i].p);
	}
	for (i = 0; i < driver.column_count; i++)
		free(driver.columns[i].p);
}

/* Of a call that may fail. */
static SQLRETURN answer(void)
{
	if (driver.fails > 0 && ++driver.calls == driver.fails)
		return SQL_ERROR;
	return driver.how & WITH_INFO ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

/* As drivers copy texts: a NUL always, and what there is room for. */
static void copy_text(const struct text_value *v, void *to, SQLLEN size)
{
	size_t n = (size_t)size - 1;

	require(size > 0);
	if (v->len < n)
		n = v->len;
	memcpy(to, v->p, n);
	((char *)to)[n] = '\0';
}

/* --- handles -------------------------------------------------------------- */

SQLRETURN __wrap_SQLAllocHandle(SQLSMALLINT kind, SQLHANDLE of, SQLHANDLE *r);
SQLRETURN __wrap_SQLAllocHandle(SQLSMALLINT kind, SQLHANDLE of, SQLHANDLE *r)
{
	SQLRETURN got = answer();

	require((kind == SQL_HANDLE_ENV) == (of == NULL));
	*r = NULL;
	if (!SQL_SUCCEEDED(got))
		return got;
	*r = malloc(1);
	require(*r);
	driver.handles++;
	return got;
}

SQLRETURN __wrap_SQLFreeHandle(SQLSMALLINT kind, SQLHANDLE h);
SQLRETURN __wrap_SQLFreeHandle(SQLSMALLINT kind, SQLHANDLE h)
{
	require(h && (kind != SQL_HANDLE_DBC || driver.connected == 0));
	driver.handles--;
	free(h);
	return SQL_SUCCESS;
}

SQLRETURN __wrap_SQLSetEnvAttr(SQLHENV e, SQLINTEGER a, SQLPOINTER v,
    SQLINTEGER n);
SQLRETURN __wrap_SQLSetEnvAttr(SQLHENV e, SQLINTEGER a, SQLPOINTER v,
    SQLINTEGER n)
{
	require(e && a == SQL_ATTR_ODBC_VERSION && v && n == 0);
	return answer();
}

SQLRETURN __wrap_SQLSetConnectAttr(SQLHDBC c, SQLINTEGER a, SQLPOINTER v,
    SQLINTEGER n);
SQLRETURN __wrap_SQLSetConnectAttr(SQLHDBC c, SQLINTEGER a, SQLPOINTER v,
    SQLINTEGER n)
{
	require(c && v && n == 0);
	require(a == SQL_ATTR_ACCESS_MODE || a == SQL_ATTR_LOGIN_TIMEOUT);
	return answer();
}

SQLRETURN __wrap_SQLSetStmtAttr(SQLHSTMT s, SQLINTEGER a, SQLPOINTER v,
    SQLINTEGER n);
SQLRETURN __wrap_SQLSetStmtAttr(SQLHSTMT s, SQLINTEGER a, SQLPOINTER v,
    SQLINTEGER n)
{
	(void)a;
	(void)v;
	require(s && n == 0);
	return answer();
}

SQLRETURN __wrap_SQLDriverConnect(SQLHDBC c, SQLHWND w, SQLCHAR *in,
    SQLSMALLINT len, SQLCHAR *out, SQLSMALLINT size, SQLSMALLINT *len_r,
    SQLUSMALLINT how);
SQLRETURN __wrap_SQLDriverConnect(SQLHDBC c, SQLHWND w, SQLCHAR *in,
    SQLSMALLINT len, SQLCHAR *out, SQLSMALLINT size, SQLSMALLINT *len_r,
    SQLUSMALLINT how)
{
	SQLRETURN got = answer();

	require(c && !w && in && len == SQL_NTS && !out && size == 0 &&
	    !len_r && how == SQL_DRIVER_NOPROMPT && driver.connected == 0);
	snprintf(driver.words, sizeof(driver.words), "%s", (char *)in);
	driver.connected = SQL_SUCCEEDED(got);
	return got;
}

SQLRETURN __wrap_SQLDisconnect(SQLHDBC c);
SQLRETURN __wrap_SQLDisconnect(SQLHDBC c)
{
	require(c && driver.connected == 1);
	driver.connected = 0;
	return SQL_SUCCESS;
}

/* --- what it says of itself ----------------------------------------------- */

SQLRETURN __wrap_SQLGetInfo(SQLHDBC c, SQLUSMALLINT what, SQLPOINTER p,
    SQLSMALLINT size, SQLSMALLINT *len_r);
SQLRETURN __wrap_SQLGetInfo(SQLHDBC c, SQLUSMALLINT what, SQLPOINTER p,
    SQLSMALLINT size, SQLSMALLINT *len_r)
{
	static const char *const names[] = { "libtdsodbc.so",
		"psqlodbcw.so", "libsqlite3odbc.so", "libmyodbc8w.so",
		"libmaodbc.so", "" };
	static const char *const quotes[] = { "\"", "`", "[", " ", "" };
	const char *text = what == SQL_DRIVER_NAME ?
	    names[driver.name % (sizeof(names) / sizeof(names[0]))] :
	    quotes[driver.quote % (sizeof(quotes) / sizeof(quotes[0]))];

	require(c && driver.connected && len_r);
	require(what == SQL_DRIVER_NAME || what == SQL_IDENTIFIER_QUOTE_CHAR);
	*len_r = (SQLSMALLINT)strlen(text);
	snprintf(p, (size_t)size, "%s", text);
	return answer();
}

/* It quotes what it was given. */
SQLRETURN __wrap_SQLGetDiagRec(SQLSMALLINT kind, SQLHANDLE h, SQLSMALLINT n,
    SQLCHAR *state, SQLINTEGER *native, SQLCHAR *p, SQLSMALLINT size,
    SQLSMALLINT *len_r);
SQLRETURN __wrap_SQLGetDiagRec(SQLSMALLINT kind, SQLHANDLE h, SQLSMALLINT n,
    SQLCHAR *state, SQLINTEGER *native, SQLCHAR *p, SQLSMALLINT size,
    SQLSMALLINT *len_r)
{
	(void)kind;
	require(n == 1 && size > 0);
	if (driver.how & NO_WORDS || !h)
		return SQL_NO_DATA;
	snprintf((char *)state, 6, "HY000");
	*native = 1;
	*len_r = (SQLSMALLINT)strlen(driver.words);
	snprintf((char *)p, (size_t)size, "%s", driver.words);
	return SQL_SUCCESS;
}

/* --- tables and columns --------------------------------------------------- */

SQLRETURN __wrap_SQLTables(SQLHSTMT s, SQLCHAR *a, SQLSMALLINT an, SQLCHAR *b,
    SQLSMALLINT bn, SQLCHAR *c, SQLSMALLINT cn, SQLCHAR *d, SQLSMALLINT dn);
SQLRETURN __wrap_SQLTables(SQLHSTMT s, SQLCHAR *a, SQLSMALLINT an, SQLCHAR *b,
    SQLSMALLINT bn, SQLCHAR *c, SQLSMALLINT cn, SQLCHAR *d, SQLSMALLINT dn)
{
	SQLRETURN got = answer();

	require(s && !a && !b && !c && !d && an + bn + cn + dn == 0);
	driver.tells_tables = SQL_SUCCEEDED(got);
	return got;
}

SQLRETURN __wrap_SQLNumResultCols(SQLHSTMT s, SQLSMALLINT *count_r);
SQLRETURN __wrap_SQLNumResultCols(SQLHSTMT s, SQLSMALLINT *count_r)
{
	require(s && driver.open);
	*count_r = (SQLSMALLINT)driver.column_count;
	return answer();
}

SQLRETURN __wrap_SQLDescribeCol(SQLHSTMT s, SQLUSMALLINT i, SQLCHAR *p,
    SQLSMALLINT size, SQLSMALLINT *len_r, SQLSMALLINT *type, SQLULEN *most,
    SQLSMALLINT *digits, SQLSMALLINT *null);
SQLRETURN __wrap_SQLDescribeCol(SQLHSTMT s, SQLUSMALLINT i, SQLCHAR *p,
    SQLSMALLINT size, SQLSMALLINT *len_r, SQLSMALLINT *type, SQLULEN *most,
    SQLSMALLINT *digits, SQLSMALLINT *null)
{
	SQLRETURN got = answer();

	require(s && i >= 1 && i <= driver.column_count);
	if (!SQL_SUCCEEDED(got))
		return got;
	copy_text(&driver.columns[i - 1], p, size);
	*len_r = (SQLSMALLINT)driver.columns[i - 1].len;
	*type = SQL_VARCHAR;
	*most = 255;
	*digits = *null = 0;
	return got;
}

SQLRETURN __wrap_SQLColAttribute(SQLHSTMT s, SQLUSMALLINT i,
    SQLUSMALLINT what, SQLPOINTER p, SQLSMALLINT size, SQLSMALLINT *len_r,
    SQLLEN *number);
SQLRETURN __wrap_SQLColAttribute(SQLHSTMT s, SQLUSMALLINT i,
    SQLUSMALLINT what, SQLPOINTER p, SQLSMALLINT size, SQLSMALLINT *len_r,
    SQLLEN *number)
{
	SQLRETURN got = answer();

	require(s && i >= 1 && i <= driver.column_count);
	require(what == SQL_DESC_AUTO_UNIQUE_VALUE && !p && size == 0 &&
	    !len_r);
	if (SQL_SUCCEEDED(got))
		*number = driver.how & UNIQUE ? SQL_TRUE : SQL_FALSE;
	return got;
}

/* --- statements ----------------------------------------------------------- */

/* The quote that ends a name; two of them are one within. */
static const char *end_of_name(const char *text, char close)
{
	while (*text != close || text[1] == close) {
		require(*text);
		text += *text == close ? 2 : 1;
	}
	return text;
}

/* What stands between quotes is left out: the rest may only ask.  Returns how
 * many columns it asks for. */
static SQLUSMALLINT check_statement(const char *text)
{
	static const char quotes[] = { '"', '`', '[', 0, 0 };
	char open = quotes[driver.quote % sizeof(quotes)], plain[1000] = "";
	SQLUSMALLINT columns = 1;
	size_t n = 0;

	for (; *text; text++) {
		if (open && *text == open) {
			text = end_of_name(text + 1, open == '[' ? ']' : open);
			continue;
		}
		require(ascii_is_alnum((uint8_t)*text) ||
		    strchr(" _,.*=", *text));
		if (n < sizeof(plain) - 1)
			plain[n++] = *text;
	}
	plain[n] = '\0';
	require(strncmp(plain, "SELECT ", 7) == 0);
	require(strstr(plain, " FROM "));
	for (const char *p = plain; p < strstr(plain, " FROM "); p++)
		if (*p == ',')
			columns++;
	return columns;
}

SQLRETURN __wrap_SQLExecDirect(SQLHSTMT s, SQLCHAR *text, SQLINTEGER len);
SQLRETURN __wrap_SQLExecDirect(SQLHSTMT s, SQLCHAR *text, SQLINTEGER len)
{
	SQLRETURN got = answer();

	require(s && len == SQL_NTS && driver.connected);
	driver.asked = check_statement((const char *)text);
	if (driver.statements++ == 0 && driver.how & NO_CASE)
		got = SQL_ERROR;
	driver.open = SQL_SUCCEEDED(got);
	return got;
}

SQLRETURN __wrap_SQLFreeStmt(SQLHSTMT s, SQLUSMALLINT what);
SQLRETURN __wrap_SQLFreeStmt(SQLHSTMT s, SQLUSMALLINT what)
{
	require(s && (what == SQL_CLOSE || what == SQL_UNBIND));
	if (what == SQL_UNBIND)
		memset(driver.bound, 0, sizeof(driver.bound));
	driver.open = driver.tells_tables = false;
	return SQL_SUCCESS;
}

SQLRETURN __wrap_SQLBindCol(SQLHSTMT s, SQLUSMALLINT i, SQLSMALLINT type,
    SQLPOINTER p, SQLLEN size, SQLLEN *len);
SQLRETURN __wrap_SQLBindCol(SQLHSTMT s, SQLUSMALLINT i, SQLSMALLINT type,
    SQLPOINTER p, SQLLEN size, SQLLEN *len)
{
	SQLRETURN got = answer();

	require(s && i >= 1 && i <= COLUMNS && type == SQL_C_CHAR && p &&
	    size > 0 && len);
	if (SQL_SUCCEEDED(got))
		driver.bound[i] = (struct binding){ p, size, len };
	return got;
}

/* --- rows ----------------------------------------------------------------- */

/* What is no text is left as it is, as drivers do. */
static void give(SQLUSMALLINT i, const struct text_value *v)
{
	const struct binding *b = &driver.bound[i];

	if (!b->p)
		return;
	if (v->told != SQL_NULL_DATA)
		copy_text(v, b->p, b->size);
	*b->len = v->told;
}

static SQLRETURN fetch_table(void)
{
	SQLRETURN got = answer();

	if (driver.next_table == driver.table_count)
		return SQL_NO_DATA;
	give(2, &driver.schemas[driver.next_table]);
	give(3, &driver.tables[driver.next_table++]);
	return got;
}

SQLRETURN __wrap_SQLFetch(SQLHSTMT s);
SQLRETURN __wrap_SQLFetch(SQLHSTMT s)
{
	SQLRETURN got;
	SQLUSMALLINT i;

	require(s && !driver.failed);
	if (driver.tells_tables)
		return fetch_table();
	require(driver.open);
	got = cursor_left(&driver.script) > 0 ? answer() :
	    driver.how & STOPS ? SQL_ERROR : SQL_NO_DATA;
	driver.failed = got == SQL_ERROR;
	if (!SQL_SUCCEEDED(got))
		return got;
	for (i = 1; i <= driver.asked; i++) {
		struct text_value v = take_text(&driver.script);

		require(driver.bound[i].p);
		give(i, &v);
		free(v.p);
	}
	driver.rows++;
	return got;
}

#endif
