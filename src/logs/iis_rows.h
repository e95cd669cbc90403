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
};

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
	return s.len == 1 && s.p[0] == '-' ? slice_head(s, 0) : s;
}
/* The same with pluses; b: memory if there are any, until the next call. */
struct slice iis_decode(struct buffer *b, struct slice raw,
    bool *doubtful_r);
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

/* Are a quarter of the lines, at least one, rows of this service ("SMTPSVC",
 * "NNTPSVC"), of this protocol ("SMTP", "NNTP")? */
bool iis_native_has_rows(struct slice head, const char *service);
bool iis_ncsa_has_rows(struct slice head, const char *protocol);
/* Is it a W3C log of the service for news? */
bool iis_w3c_is_news(struct slice head);
bool iis_odbc_has_rows(struct slice head, const char *service);

#endif
