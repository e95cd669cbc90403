/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connector.h - the parts of exchange_connector.c, whose head tells the format
 *
 * Rows and their values (connector_rows.c), and what one says of its session
 * (connector_talk.c).
 */
#ifndef LOGS_CONNECTOR_H
#define LOGS_CONNECTOR_H

#include "logs/talk.h"

enum connector_column {
	CONNECTOR_TIME,
	CONNECTOR_CONNECTOR,
	CONNECTOR_SESSION,
	CONNECTOR_SEQUENCE,
	CONNECTOR_LOCAL,
	CONNECTOR_REMOTE,
	CONNECTOR_EVENT,
	CONNECTOR_DATA,
	CONNECTOR_CONTEXT,
	CONNECTOR_OTHER, /* not known, or the second of a name */
	CONNECTOR_COUNT
};

/* What #Fields said. */
struct connector_fields {
	size_t count;
	uint8_t column[LIMIT_LOG_COLUMNS];
	uint32_t known;
};

/* The values of one row; p NULL: no such column, or the row ends before. */
struct connector_values {
	struct slice of[CONNECTOR_COUNT];
};

/* Reads rows. */
struct connector_rows {
	struct connector_fields fields;
	int64_t day_ns;         /* start of the day ... */
	uint8_t day_text[10];   /* ... that stood in the row before */
	struct buffer unquoted[3];
};

struct connector {
	struct log_sessions sessions;
	struct connector_rows rows;
	bool type_known;
	enum sw_recorder type;  /* Receive: server, Send: client */
	struct buffer key, text;
};

/* Beside each session. */
struct connector_remark {
	bool connected;       /* '+' was there */
	bool talked;          /* a line of the dialogue was */
	bool endpoints_told, records_told;
	int64_t sequence;     /* of the newest row, SW_UNKNOWN */
	uint64_t newest;      /* what that row said, hashed */
	struct sw_bytes id;   /* of the message that is to be sent */
};

static inline struct connector_remark *connector_extra(struct log_session *s)
{
	return (struct connector_remark *)(void *)s->extra;
}

/* --- connector_rows.c --------------------------------------------------- */

void connector_rows_init(struct connector_rows *r);
void connector_rows_fini(struct connector_rows *r);
/* Rows from now on have these columns: of #Fields, or those that are usual. */
void connector_parse_fields(struct connector_fields *f, struct slice names);
/*
 * The values of a line, valid until the next one or as long as the line; its
 * time in ns since 1970, SW_NO_TIME: no such column.  false: no row.  Out of
 * memory: a buffer of unquoted failed.
 */
bool connector_parse_row(struct connector_rows *r, struct slice line,
    struct connector_values *v, int64_t *time_r);
/* Is this a row of the usual columns? */
bool connector_is_usual_row(struct slice line);
/* SW_UNKNOWN: it is none. */
int64_t connector_number(struct slice s);

/* --- connector_talk.c --------------------------------------------------- */

/*
 * A row of the session, which may be over with it: a line of the dialogue, a
 * remark (with which a connection may have come to nothing), the end.
 */
void connector_say(struct connector *x, struct log_session *s, bool sent,
    struct log_said *said, const struct connector_values *v);
enum sw_status connector_take_remark(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, const struct connector_values *v)
    SW_MUST_USE;
enum sw_status connector_take_close(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, struct slice context)
    SW_MUST_USE;
/* Takes note of the row's number; flags for an event behind missing ones. */
uint32_t connector_skip_missing(struct log_session *s,
    const struct connector_values *v, bool command);

#endif
