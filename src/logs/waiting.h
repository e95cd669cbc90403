/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waiting.h - lines of a log that tell of a session before it begins
 *
 * What a server writes of an outgoing connection before there is one (look-ups
 * in the DNS, the message, the attempt) waits here, by the session's id, for
 * the line that begins it.  A ring: newer lines push out the oldest ones.
 */
#ifndef LOGS_WAITING_H
#define LOGS_WAITING_H

#include "base/clock.h"
#include "logs/sessions.h"

#define LOG_WAITING_COUNT 64
#define LOG_WAITING_LINE 512 /* octets kept of each */
#define LOG_WAITING_NS (INT64_C(600) * NS_PER_S) /* how long one waits */

struct log_waiting_line {
	bool used;
	uint64_t id;
	uint64_t number, base; /* as of struct log_line */
	int64_t time;
	size_t len, text;      /* of line; where its text begins */
	uint8_t line[LOG_WAITING_LINE];
};

struct log_waiting {
	struct log_waiting_line of[LOG_WAITING_COUNT];
	size_t next; /* the oldest: to be written over */
};

/* A line that waited, as it was held; valid until the next hold. */
struct log_waited {
	struct log_line line;
	struct slice text;     /* a part of line */
	int64_t time;
};

/* text is a part of line. */
void log_waiting_hold(struct log_waiting *w, uint64_t id,
    const struct log_line *line, struct slice text, int64_t time);
/*
 * Begin a session of this key with the line, or with the first of those that
 * wait for its id, if any does; it starts with the earlier of both.  Other
 * arguments and what is returned are those of log_sessions_begin.
 */
enum sw_status log_waiting_begin(struct log_waiting *w,
    struct log_sessions *t, uint64_t id, struct slice key,
    const struct log_line *line, int64_t time, struct log_session **s_r)
    SW_MUST_USE;
/* Take the oldest line that waits for this id at this time; false: none
 * does. */
bool log_waiting_take(struct log_waiting *w, uint64_t id, int64_t now,
    struct log_waited *waited_r);

#endif
