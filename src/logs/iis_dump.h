/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iis_dump.h - a dump of the table that the SMTP service of IIS writes
 */
#ifndef LOGS_IIS_DUMP_H
#define LOGS_IIS_DUMP_H

#include "base/buffer.h"
#include "base/limits.h"
#include "logs/odbc.h"

/* Which column each value of a row is; LOG_ODBC_COLUMN_COUNT: none. */
struct iis_dump_columns {
	size_t count;
	uint8_t of[LIMIT_LOG_COLUMNS];
	uint32_t known;      /* set of columns */
};

/* The values of a row; of those whose column is none the last one. */
struct iis_dump_values {
	struct slice of[LOG_ODBC_COLUMN_COUNT + 1];
};

/* How the dump is written. */
struct iis_dump {
	struct iis_dump_columns columns;
	uint8_t separator;   /* 0: not known, or statements */
	bool statements;     /* an INSERT was seen */
	bool in_head;        /* its names or VALUES may follow */
	bool in_values;      /* rows of a statement may follow */
	struct buffer text;  /* of values with quotes in them */
};

void iis_dump_init(struct iis_dump *d);
void iis_dump_fini(struct iis_dump *d);

/* The columns are those of logtemp.sql; separator: between values. */
void iis_dump_usual(struct iis_dump *d, uint8_t separator);
/* Is the line a head that names columns?  Then they are these. */
bool iis_dump_head(struct iis_dump *d, struct slice line, uint8_t separator);
/* Are there columns enough to make sessions of? */
bool iis_dump_is_useful(const struct iis_dump_columns *c);

/* The values of a line of separated ones, valid until the next call or as
 * long as the line; false: too few, or a quote has no end. */
bool iis_dump_split(struct iis_dump *d, struct slice line,
    struct iis_dump_values *v);

/* What stands in front of the rows of an INSERT statement is dropped from
 * *rest, and its columns are taken; the statement may have begun in a line
 * before.  false: the line is no part of one, or damaged. */
bool iis_dump_statement(struct iis_dump *d, struct slice *rest);
/* Does the line begin with that word? */
bool iis_dump_says_insert(struct slice line);
/* "(...)" with what separates it from the next one is dropped from *rest.
 * 1: a row, whose values are valid as above; 0: there is none; -1: it is
 * damaged. */
int iis_dump_tuple(struct iis_dump *d, struct slice *rest,
    struct iis_dump_values *v);

#endif
