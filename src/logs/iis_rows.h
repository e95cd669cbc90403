/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iis_rows.h - the rows of the SMTP service of IIS, in whatever format they
 * were kept
 *
 * Theory of operation.  The service (NT 4 to Exchange 2003 and IIS 6) writes
 * the same rows to its W3C, CSV, NCSA and ODBC logs:
 *
 *   inbound   one row a command, written when its reply is known: verb,
 *             argument, the reply's code, octets both ways.  No greeting, no
 *             354, no texts.  DATA is one row at the end of the message:
 *             verdict, size, Message-ID.  QUIT has status 240 and is also
 *             written when the client merely went away
 *   outbound  the user is OutboundConnectionCommand, one row a command, or
 *             OutboundConnectionResponse, one row a reply: its first line
 *
 * Rows name no session.  Inbound sessions are those of one client address
 * and one user (the HELO argument), outbound ones those of one server
 * address; which of several a row belongs to is told by the grammar of SMTP
 * (log_session_fit) and by the durations that some rows hold.  Where that
 * leaves two equal, the older one is taken and both bear the note
 * ambiguous-interleaving.
 */
#ifndef LOGS_IIS_ROWS_H
#define LOGS_IIS_ROWS_H

#include "logs/sessions.h"

/* What a row may hold. */
enum iis_column {
	IIS_TIME,
	IIS_CLIENT,  /* c-ip */
	IIS_USER,    /* cs-username */
	IIS_SERVER,  /* s-ip */
	IIS_PORT,    /* s-port */
	IIS_METHOD,  /* cs-method */
	IIS_QUERY,   /* cs-uri-query */
	IIS_STATUS,  /* sc-status */
	IIS_WIN32,   /* sc-win32-status */
	IIS_SENT,    /* sc-bytes */
	IIS_RECEIVED,/* cs-bytes */
	IIS_TAKEN,   /* time-taken */
	IIS_COLUMN_COUNT
};

struct iis_row {
	const struct log_line *line;
	uint32_t columns; /* the format holds them: 1u << enum iis_column */
	struct sw_clock clock;
	bool date_assumed;
	int64_t time;     /* SW_NO_TIME */
	/* Empty: "-"; blanks decoded. */
	struct slice client, user, server, method, query;
	enum verb verb;      /* the method begins with; verb_len octets */
	size_t verb_len;
	bool query_blank;    /* the query began with the separating blank,
	                        which is no longer in it */
	bool query_doubtful; /* what is a blank in it and what a plus was
	                        concluded */
	bool query_bare;     /* the format never tells that blank */
	uint32_t flags;      /* sw_flag bits for what the query tells */
	uint32_t cut;        /* the column in which the log ends, as columns: a
	                        number in it may lack digits */
	/* SW_UNKNOWN: "-" or no such column. */
	int32_t status, port;
	int64_t win32, sent, received, taken_ms;
};

/* What rows of these columns are able to record. */
struct iis_records {
	bool made;
	uint32_t columns, records;
};

/* Private, beside each session: a family's session_size. */
struct iis_session {
	struct sw_bytes user; /* of the last row that named one */
	bool outbound;
	int64_t opened;       /* when the connection was, SW_NO_TIME */
	int64_t sent, received; /* of the row before, SW_UNKNOWN */
};

/* What a family's state begins with. */
struct iis_rows {
	struct log_sessions sessions;
	struct iis_records records[2]; /* inbound, outbound */
	int64_t name_len;    /* octets of the server's own name, 0: unknown */
	struct buffer text;
	struct buffer user, method, query; /* of the newest row, decoded */
};

/* What every format of theirs can record at best. */
#define IIS_RECORDS (SW_BIT(SW_RECORDS_CLIENT_ADDRESS) | \
	SW_BIT(SW_RECORDS_SERVER_ADDRESS) | SW_BIT(SW_RECORDS_GREETING) | \
	SW_BIT(SW_RECORDS_COMMAND) | SW_BIT(SW_RECORDS_ARGUMENT) | \
	SW_BIT(SW_RECORDS_REPLY_CODE) | SW_BIT(SW_RECORDS_REPLY_TEXT) | \
	SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES) | SW_BIT(SW_RECORDS_TIMES))

/* What stands behind sessions. */
void iis_rows_init(struct iis_rows *r);
void iis_rows_fini(struct iis_rows *r);

/* One row, whose verb is found out here.  Everything in it is borrowed for
 * the call. */
enum sw_status iis_rows_take(struct iis_rows *r, struct iis_row *row)
    SW_MUST_USE;

/* Is this user that of outbound rows? */
bool iis_user_is_outbound(struct slice user);

/*
 * W3C and NCSA write a blank as "+" and leave "+" as it is.  Append what raw
 * most probably was; true if something had to be concluded.
 */
bool iis_unplus(struct slice raw, struct buffer *out);

/* A value: "-" is empty. */
static inline struct slice iis_parse_text(struct slice s)
{
	BASE_KNOWN(s.p || s.len == 0);
	return s.len == 1 && s.p[0] == '-' ? slice_head(s, 0) : s;
}
/* User, method and query of a row of a format with pluses, all of them in
 * line; valid until the next call, or as long as the line. */
void iis_decode_row(struct iis_rows *r, struct slice line,
    struct slice user, struct slice method, struct slice query,
    struct iis_row *row);
bool iis_parse_long_number(struct slice s, int64_t *value_r);
/* "-" is SW_UNKNOWN; false: neither that nor a number. */
static inline bool iis_parse_number(struct slice s, int64_t *value_r)
{
	int64_t value = 0;
	size_t i;

	*value_r = SW_UNKNOWN;
	if (s.len == 0 || (s.len == 1 && s.p[0] == '-'))
		return true;
	if (s.len > 18) /* may be too large */
		return iis_parse_long_number(s, value_r);
	for (i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)s.p[i] - '0';

		if (digit > 9)
			return false;
		value = value * 10 + (int64_t)digit;
	}
	*value_r = value;
	return true;
}

/* The values of a row of a format in which a blank is a blank. */
struct iis_plain {
	struct slice client, user, server, taken, received, sent, status;
	struct slice win32, method, target, query;
};
/* All of the row but line, columns and time.  false: a number is none. */
bool iis_parse_plain(const struct iis_plain *p, struct iis_row *row);

/* A time as it was told last: many rows have that of the row before. */
struct iis_when {
	int64_t time;
	size_t len; /* octets; 0: none */
	uint8_t text[40];
};
static inline bool iis_when_is(const struct iis_when *w, struct slice text)
{
	return text.len > 0 && text.len == w->len &&
	    memcmp(text.p, w->text, text.len) == 0;
}
void iis_when_keep(struct iis_when *w, struct slice text, int64_t time);

/* Are a quarter of the lines of a log's head, at least one, rows as is_row
 * says of this service or protocol? */
bool iis_has_rows(struct slice head, bool (*is_row)(struct slice line,
    const char *name), const char *name);
/* Are a quarter of the lines, at least one, rows of this service ("SMTPSVC",
 * "NNTPSVC"), of this protocol ("SMTP", "NNTP")? */
bool iis_native_has_rows(struct slice head, const char *service);
bool iis_ncsa_has_rows(struct slice head, const char *protocol);
/* Is it a W3C log of the service for news? */
bool iis_w3c_is_news(struct slice head);
bool iis_odbc_has_rows(struct slice head, const char *service);

#endif
