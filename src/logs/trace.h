/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - what clients print of their own dialogue
 *
 * Theory of operation.  Programs that send mail print each line with a mark
 * in front that tells who said it; one connection follows the other, so no
 * session has an id.  A family is a table of marks, and what it makes of the
 * program's own remarks.
 *
 * A session begins with a remark that the connection is made, or with the
 * first line of a dialogue when none is open; it ends with such a remark, at
 * the next beginning, or when QUIT was answered.  A greeting (220 without a
 * command that it could answer) begins one as well.
 */
#ifndef LOGS_TRACE_H
#define LOGS_TRACE_H

#include "logs/talk.h"
#include "logs/when.h"

enum trace_kind {
	TRACE_CLIENT,
	TRACE_SERVER,
	TRACE_REMARK, /* given to the family's remark() */
	TRACE_NOTE,   /* told as it is */
	TRACE_KNOWN,  /* says nothing that is told */
	TRACE_NONE    /* no mark of the table: not understood */
};

struct trace_mark {
	const char *prefix; /* with the blank behind it */
	enum trace_kind kind;
	uint32_t flags;     /* of the event */
	bool bare;          /* blanks at its end may be missing: a line that
	                       some copy trimmed */
};

/* What every such program prints. */
#define TRACE_RECORDS (SW_BIT(SW_RECORDS_SERVER_ADDRESS) | \
	SW_BIT(SW_RECORDS_SERVER_PORT) | LOG_RECORDS_TALK)

struct trace;

/* What a family's row (struct log_format) has as its table. */
struct trace_format {
	const struct trace_mark *marks; /* the first that fits counts */
	size_t mark_count;
	enum sw_recorder recorder;
	uint32_t records;
	/* The line without what stands in front of stamp and mark; NULL:
	 * nothing does. */
	struct slice (*strip)(struct slice line);
	bool stamps;     /* "HH:MM:SS.uuuuuu " may stand in front */
	bool dated;      /* ... or "YYYY-MM-DDTHH:MM:SSZ " does */
	bool content;    /* lines of content are printed */
	bool stuffed;    /* ... with dots doubled, and the last dot */
	bool crlf;       /* ... and with or without a CR as on the wire; else
	                    each line ended in CR LF there */
	bool dot_ends;   /* ... with dots as they are, and the last dot */
	/* A line that stands in the place of the content; NULL: none does. */
	bool (*placeholder)(struct slice text);
	bool bare_more;  /* a line without a mark goes on with the reply or the
	                    content before it */
	/* A remark behind its mark; false: not understood.  May be NULL. */
	bool (*remark)(struct trace *t, const struct log_line *line,
	    const struct trace_mark *mark, struct slice text);
};

struct trace {
	struct log_sessions sessions;
	const struct trace_format *format;
	struct log_session *current; /* NULL: none is open */
	struct log_days days;
	bool stamped;   /* the current session's lines bear times */
	bool begun;     /* ... and it has events */
	bool crs;       /* ... and content with CRs */
	bool replaced;  /* content has another line in its place */
	int64_t time;   /* of the line in hand, SW_NO_TIME */
	int digits;     /* of its fraction */
	/* For families whose lines bear no mark. */
	enum trace_kind side; /* who speaks from here on */
	uint64_t key;         /* of the connection */
	bool fresh;           /* nothing of it was told yet */
	/* What remarks said of a connection to come. */
	struct buffer peer;
	int32_t peer_port;
	enum sw_status status;
};

/* For a family's row, whose state is a struct trace. */
enum sw_status trace_open(void *state);
enum sw_status trace_line(void *state, const struct log_line *line);
void trace_gone(void *state, const struct log_session *s);
enum sw_status trace_end(void *state);
void trace_close(void *state);

/* Does the head hold two lines with marks of the dialogue whose texts suit
 * them (three digits behind the server's, a verb behind the client's), one
 * of them the server's, and are more than a third of its lines marked
 * (probe.h)? */
bool trace_probe(const struct trace_format *format, struct slice head);

/* --- for remarks -------------------------------------------------------- */

/* The server's address and port for the next connection, or the current one
 * if it has no events; empty and SW_UNKNOWN: not told. */
void trace_peer(struct trace *t, struct slice ip, int32_t port);
/* The connection is made. */
void trace_connected(struct trace *t, const struct log_line *line);
/* ... and over; by: who closed it. */
void trace_closed(struct trace *t, const struct log_line *line,
    enum sw_role by);
/* TLS began; empty slices: not told. */
void trace_tls(struct trace *t, const struct log_line *line,
    struct slice version, struct slice cipher);
/* Told in the current session, if there is one. */
void trace_note(struct trace *t, const struct log_line *line,
    struct slice text);
/* What a side said: as a mark of it. */
void trace_say(struct trace *t, const struct log_line *line, bool server,
    struct slice text, uint32_t flags);

#endif
