/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logs.h - protocol logs as sessions
 *
 * A family is one row of the registry in logs.c and one file with its field
 * table.  What all have in common stands in lines.c (lines, encodings) and
 * sessions.c (open sessions by key, their order).
 */
#ifndef LOGS_LOGS_H
#define LOGS_LOGS_H

#include "base/account.h"
#include "base/source.h"
#include "transcript/session.h"

/* How a date of three bare numbers is to be read. */
enum log_date_order {
	LOG_DATE_AUTO, /* worked out of the file */
	LOG_DATE_MDY,
	LOG_DATE_DMY,
	LOG_DATE_YMD,
	LOG_DATE_ORDER_COUNT
};

struct log_options {
	struct session_options session;
	int32_t tz_offset_s;  /* of --tz, for formats with local times */
	bool tz_known;
	enum log_date_order date_order; /* of --date-order */
	int64_t modified_s;   /* of the file, since 1970; 0: not known;
	                         log_open sets what the source knows */
	bool attempts; /* tell also those without a connection */
};

/* A family's parser hands finished sessions to this. */
struct log_sink {
	void *ctx;
	/* Takes over the builder, on which session_finish was not yet
	 * called. */
	enum sw_status (*session)(void *ctx, struct session_builder *b);
};

struct log_line;    /* lines.h */
struct log_session; /* sessions.h */

/* Of the functions, all but probe and line may be NULL. */
struct log_format {
	const char *name;    /* "iis-w3c" */
	const char *title;   /* for people */
	const char *times;   /* zone and resolution, for people; NULL: none */
	uint32_t records;    /* what it is able to record at best */
	const void *table;   /* for what several families share (trace.h) */
	size_t state_size;   /* of its state: a struct that begins with a
	                        struct log_sessions; the rest is cleared */
	size_t session_size; /* of what it keeps beside each session */
	bool goes_on;        /* files given one behind the other are one log;
	                        else each stands alone */
	/* head: the first octets (up to LIMIT_LOG_PROBE, or _FAR) of the
	 * file, without a mark of byte order, UTF-16 as UTF-8; its last line
	 * may be cut. */
	bool (*probe)(struct slice head);
	enum sw_status (*open)(void *state); /* of a log */
	/* A file of it begins, the first or a further one. */
	void (*file)(void *state);
	/* Its next line. */
	enum sw_status (*line)(void *state, const struct log_line *line);
	/* It is over: what was held of it is to be told. */
	enum sw_status (*file_end)(void *state);
	/* An open session is over, whoever ended it: no pointer to it may be
	 * kept.  A log that grows ends them between any two lines. */
	void (*gone)(void *state, const struct log_session *s);
	/* The log is over: sessions that need more than their end, which
	 * comes behind this, are to be ended. */
	enum sw_status (*end)(void *state);
	/* Frees what open took, even if that failed half-way. */
	void (*close)(void *state);
};

/* All families, ended by NULL. */
extern const struct log_format *const log_formats[];

/* By its name; NULL: none. */
const struct log_format *log_format_by_name(const char *name);

/* NULL: no known log; SW_EFORMAT: a known one that is not of SMTP
 * (strangers.h).  Consumes nothing of s. */
enum sw_status log_probe(struct source *s, const struct log_format **f_r,
    struct sw_err *err) SW_MUST_USE;

struct log_reader;
/* format NULL: by content.  s and account outlive the reader; options and
 * sink are copied. */
enum sw_status log_open(struct source *s, const struct log_format *format,
    const struct log_options *options, struct account *account,
    const struct log_sink *sink, struct log_reader **l_r,
    struct sw_err *err) SW_MUST_USE;
/* Read on until at least one session was handed to the sink or the end: 1
 * more may come, 0 the end of the source, < 0 enum sw_status. */
int log_step(struct log_reader *l, struct sw_err *err) SW_MUST_USE;
/* Can another file of this format be read on as the same log? */
bool log_goes_on(const struct log_reader *l,
    const struct log_format *format);
/* ... whose source s is, which outlives the reader or the next file.
 * log_step returned 0. */
enum sw_status log_continue(struct log_reader *l, struct source *s)
    SW_MUST_USE;
/* No further file comes: hand out the sessions that are still open. */
enum sw_status log_end(struct log_reader *l) SW_MUST_USE;
void log_free(struct log_reader **l);

/*
 * For a log that grows: instead of log_step its octets are handed over as they
 * come, cut anywhere; all whole lines are read.  now_ns is any clock that goes
 * on, modified_s when the file was changed, as in the options.
 */
enum sw_status log_feed(struct log_reader *l, struct slice octets,
    int64_t now_ns, int64_t modified_s) SW_MUST_USE;
/* The file is over, as when log_step returns 0. */
enum sw_status log_feed_end(struct log_reader *l) SW_MUST_USE;
/* Lines so far, over all files. */
uint64_t log_line_count(const struct log_reader *l);
/* Hand out the sessions without a line since over_ns (by the clock of
 * log_feed) whose QUIT was answered, and all without one since open_ns. */
enum sw_status log_end_silent(struct log_reader *l, int64_t over_ns,
    int64_t open_ns) SW_MUST_USE;

#endif
