/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odbc.c - a table of a database, while memory runs out or the driver fails
 *
 * The table is one of SQLite, made through the same driver.  Each allocation
 * of the library fails, and each call of the driver manager: then the reader
 * must say so, without the password, or tell all the same.
 */
#include <stdio.h>

#ifndef SW_ODBC

int main(void)
{
	printf("ok 1 - odbc # SKIP built without unixODBC\n");
	return 0;
}

#else

#include <glob.h>

#include <sql.h>
#include <sqlext.h>

#include "fault/failing.h"

#define SECRET "sEcret7"

/* --- calls that fail ------------------------------------------------------ */

static bool calls_fail;   /* and not allocations; both are counted alike */
static bool minds_case;   /* no table is found but by its very name */

static bool call_fails(const void *place)
{
	bool fails;

	if (!calls_fail)
		return false;
	spared = false;
	fails = fails_at(place);
	spared = true;
	return fails;
}

#define WRAP(name, parameters, arguments) \
	SQLRETURN __real_##name parameters; \
	SQLRETURN __wrap_##name parameters; \
	SQLRETURN __wrap_##name parameters \
	{ \
		return call_fails(__builtin_return_address(0)) ? SQL_ERROR : \
		    __real_##name arguments; \
	}

WRAP(SQLAllocHandle, (SQLSMALLINT kind, SQLHANDLE of, SQLHANDLE *r),
    (kind, of, r))
WRAP(SQLSetEnvAttr, (SQLHENV e, SQLINTEGER a, SQLPOINTER v, SQLINTEGER n),
    (e, a, v, n))
WRAP(SQLSetConnectAttr, (SQLHDBC c, SQLINTEGER a, SQLPOINTER v,
    SQLINTEGER n), (c, a, v, n))
WRAP(SQLSetStmtAttr, (SQLHSTMT s, SQLINTEGER a, SQLPOINTER v, SQLINTEGER n),
    (s, a, v, n))
WRAP(SQLDriverConnect, (SQLHDBC c, SQLHWND w, SQLCHAR *in, SQLSMALLINT len,
    SQLCHAR *out, SQLSMALLINT size, SQLSMALLINT *len_r, SQLUSMALLINT how),
    (c, w, in, len, out, size, len_r, how))
WRAP(SQLGetInfo, (SQLHDBC c, SQLUSMALLINT what, SQLPOINTER p,
    SQLSMALLINT size, SQLSMALLINT *len_r), (c, what, p, size, len_r))
WRAP(SQLGetDiagRec, (SQLSMALLINT kind, SQLHANDLE h, SQLSMALLINT n,
    SQLCHAR *state, SQLINTEGER *native, SQLCHAR *p, SQLSMALLINT size,
    SQLSMALLINT *len_r), (kind, h, n, state, native, p, size, len_r))
WRAP(SQLTables, (SQLHSTMT s, SQLCHAR *a, SQLSMALLINT an, SQLCHAR *b,
    SQLSMALLINT bn, SQLCHAR *c, SQLSMALLINT cn, SQLCHAR *d, SQLSMALLINT dn),
    (s, a, an, b, bn, c, cn, d, dn))
WRAP(SQLNumResultCols, (SQLHSTMT s, SQLSMALLINT *count_r), (s, count_r))
WRAP(SQLDescribeCol, (SQLHSTMT s, SQLUSMALLINT i, SQLCHAR *p,
    SQLSMALLINT size, SQLSMALLINT *len_r, SQLSMALLINT *type, SQLULEN *most,
    SQLSMALLINT *digits, SQLSMALLINT *null),
    (s, i, p, size, len_r, type, most, digits, null))
WRAP(SQLColAttribute, (SQLHSTMT s, SQLUSMALLINT i, SQLUSMALLINT what,
    SQLPOINTER p, SQLSMALLINT size, SQLSMALLINT *len_r, SQLLEN *number),
    (s, i, what, p, size, len_r, number))
WRAP(SQLBindCol, (SQLHSTMT s, SQLUSMALLINT i, SQLSMALLINT type,
    SQLPOINTER p, SQLLEN size, SQLLEN *len), (s, i, type, p, size, len))
WRAP(SQLFetch, (SQLHSTMT s), (s))

SQLRETURN __real_SQLExecDirect(SQLHSTMT s, SQLCHAR *text, SQLINTEGER len);
SQLRETURN __wrap_SQLExecDirect(SQLHSTMT s, SQLCHAR *text, SQLINTEGER len);
SQLRETURN __wrap_SQLExecDirect(SQLHSTMT s, SQLCHAR *text, SQLINTEGER len)
{
	bool fails = call_fails(__builtin_return_address(0));

	return fails || (minds_case && strstr((char *)text, "internet log")) ?
	    SQL_ERROR : __real_SQLExecDirect(s, text, len);
}

/* --- the table ------------------------------------------------------------ */

static char driver[400], database[sizeof(inputs) + 40];

static bool find_driver(void)
{
	static const char *const paths[] = {
		"/usr/lib/*/odbc/libsqlite3odbc.so",
		"/usr/lib64/libsqlite3odbc.so",
		"/usr/lib/odbc/libsqlite3odbc.so",
	};
	glob_t g;

	for (size_t i = 0; i < 3 && !*driver; i++)
		if (glob(paths[i], 0, NULL, &g) == 0) {
			snprintf(driver, sizeof(driver), "%s", g.gl_pathv[0]);
			globfree(&g);
		}
	return *driver;
}

#define TABLE "\"Internet Log\""
#define ROW "INSERT INTO " TABLE " VALUES ("
/* Columns in another order than usual, and some more; a name to be quoted. */
static const char *const statements[] = {
	"CREATE TABLE other (a int)",
	"CREATE TABLE " TABLE " (id integer, parameters varchar(255), "
	    "ClientHost varchar(255), username varchar(255), LogTime "
	    "timestamp, service varchar(255), bytesrecvd int, bytessent int, "
	    "servicestatus int, win32status int, operation varchar(255))",
	ROW "1, 'c.example.org', '192.0.2.10', 'c.example.org', "
	    "'2009-04-23 09:47:02', 'SMTPSVC1', 24, 39, 250, 0, 'HELO')",
	ROW "2, 'FROM:<\"a\nb\"@example.org>', '192.0.2.10', 'c.example.org', "
	    "'2009-04-23 09:47:02', 'SMTPSVC1', 29, 42, 250, 0, 'MAIL')",
	ROW "3, 'TO:<b@example.net>', '192.0.2.10', 'c.example.org', "
	    "'2009-04-23 09:47:03', 'SMTPSVC1', 23, 27, 250, 0, 'RCPT')",
	ROW "4, '<m@example.org>', '192.0.2.10', 'c.example.org', "
	    "'2009-04-23 09:47:04', 'SMTPSVC1', 1399, 100, 250, 0, 'DATA')",
	ROW "5, NULL, '192.0.2.10', 'c.example.org', "
	    "'2009-04-23 09:47:06', 'SMTPSVC1', 4, 63, 240, 4000, 'QUIT')",
};

static bool make_table(void)
{
	char words[sizeof(driver) + sizeof(database) + 40];
	SQLHENV e = NULL;
	SQLHDBC c = NULL;
	SQLHSTMT s = NULL;
	bool made;

	snprintf(database, sizeof(database), "%s", made_name("log.db"));
	snprintf(words, sizeof(words), "DRIVER=%s;Database=%s", driver,
	    database);
	made = SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, NULL, &e)) &&
	    SQL_SUCCEEDED(SQLSetEnvAttr(e, SQL_ATTR_ODBC_VERSION,
	    (SQLPOINTER)(intptr_t)SQL_OV_ODBC3, 0)) &&
	    SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, e, &c)) &&
	    SQL_SUCCEEDED(SQLDriverConnect(c, NULL, (SQLCHAR *)words, SQL_NTS,
	    NULL, 0, NULL, SQL_DRIVER_NOPROMPT)) &&
	    SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, c, &s));
	for (size_t i = 0; made && i < sizeof(statements) /
	    sizeof(*statements); i++) {
		char text[500];

		snprintf(text, sizeof(text), "%s", statements[i]);
		made = SQL_SUCCEEDED(SQLExecDirect(s, (SQLCHAR *)text,
		    SQL_NTS));
	}
	SQLFreeHandle(SQL_HANDLE_STMT, s);
	SQLDisconnect(c);
	SQLFreeHandle(SQL_HANDLE_DBC, c);
	SQLFreeHandle(SQL_HANDLE_ENV, e);
	return made;
}

/* --- a run ---------------------------------------------------------------- */

struct run {
	const char *name, *table;
	bool calls; /* fail, and not allocations */
};

static const struct run runs[] = {
	{ "odbc", "Internet Log", false },
	{ "odbc, another case", "internet log", false },
	{ "odbc, calls", "Internet Log", true },
	{ "odbc, another case, calls", "internet log", true },
};

static int tell(struct sw_reader *r, struct output *out, struct sw_err *err)
{
	const struct sw_print_options print = { .form = SW_FORM_JSONL };
	struct sw_printer *p = NULL;
	const struct sw_session *s;
	int got = sw_printer_new(&print, keep, out, &p), number;

	while (got >= 0 && (got = sw_reader_next(r, &s, err)) > 0)
		got = sw_printer_session(p, s, &number);
	if (got == SW_OK)
		got = sw_printer_finish(p, NULL, &number);
	sw_printer_free(&p);
	return got;
}

/* What could not be read, and what the driver says of it? */
static bool is_said(const struct sw_err *err)
{
	return err->status == SW_EREAD && strncmp(err->text, "odbc:", 5) == 0 &&
	    !strstr(err->text, SECRET);
}

static int odbc_once(const void *of, struct output *out)
{
	char name[sizeof(driver) + sizeof(database) + 100];
	const char *names[] = { name };
	const struct run *run = of;
	struct sw_reader *r = NULL;
	struct sw_options o;
	struct sw_err err;
	int got;

	snprintf(name, sizeof(name), "odbc:DRIVER=%s;Database=%s;PWD=" SECRET
	    ";TABLE=%s", driver, database, run->table);
	minds_case = true;
	calls_fail = spared = run->calls;
	sw_options_init(&o);
	o.tmpdir = temporary;
	got = sw_reader_open(&o, names, 1, &r, &err);
	if (got == SW_OK)
		got = tell(r, out, &err);
	/* What the driver refuses is told like this, and not as memory. */
	if (run->calls && got != SW_OK)
		got = got == SW_EREAD && is_said(&err) ? SW_ENOMEM : SW_EREAD;
	calls_fail = spared = minds_case = false;
	sw_reader_free(&r);
	return got;
}

int main(void)
{
	int number = 0, failed = 0;

	if (!make_folders())
		return 1;
	if (!find_driver()) {
		printf("ok 1 - odbc # SKIP no driver (libsqliteodbc)\n");
	} else if (!make_table()) {
		printf("not ok 1 - odbc: no table can be made\n");
		failed = 1;
	} else {
		for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
			struct failing f = { runs[i].name, odbc_once,
				&runs[i], false, 0 };

			failed += !fail_each(&f, ++number);
		}
	}
	remove_folders();
	return failed ? 1 : 0;
}

#endif
