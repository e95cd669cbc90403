/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * odbc.h - a table of a database as a source of rows
 */
#ifndef LOGS_ODBC_H
#define LOGS_ODBC_H

#include "base/source.h"

/* The columns of the table, in the order of logtemp.sql (iis_odbc.c). */
enum log_odbc_column {
	LOG_ODBC_CLIENT,
	LOG_ODBC_USER,
	LOG_ODBC_TIME,
	LOG_ODBC_SERVICE,
	LOG_ODBC_MACHINE,
	LOG_ODBC_SERVER,
	LOG_ODBC_TAKEN,
	LOG_ODBC_RECEIVED,
	LOG_ODBC_SENT,
	LOG_ODBC_STATUS,
	LOG_ODBC_WIN32,
	LOG_ODBC_METHOD,
	LOG_ODBC_TARGET,
	LOG_ODBC_QUERY,
	LOG_ODBC_COLUMN_COUNT
};
extern const char *const log_odbc_columns[LOG_ODBC_COLUMN_COUNT];
/* LOG_ODBC_COLUMN_COUNT: none of them. */
enum log_odbc_column log_odbc_column_of(struct slice name);

/* What the name of a table begins with. */
#define LOG_ODBC_PREFIX "odbc:"
/* "odbc:DSN=maillogs;TABLE=InternetLog": no file of that name is meant. */
bool log_odbc_is_name(const char *name);

/*
 * Connect and ask for the rows, in the order of their time.  name: "odbc:",
 * a connection string, and TABLE (default InternetLog) among its words.  The
 * source gives a head that names columns and the rows as separated values;
 * its name has neither user nor password, nor have errors.  SW_EREAD.
 */
enum sw_status log_odbc_open(const char *name, const char *tmpdir,
    struct source **s_r, struct sw_err *err) SW_MUST_USE;

#endif
