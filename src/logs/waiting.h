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
#include "logs/lines.h"

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

/* text is a part of line. */
void log_waiting_hold(struct log_waiting *w, uint64_t id,
    const struct log_line *line, struct slice text, int64_t time);
/*
 * The lines that wait for this id, oldest first: begin with *at 0.  NULL:
 * that was the last.  Clear `used` of one that was taken.
 */
struct log_waiting_line *log_waiting_find(struct log_waiting *w, uint64_t id,
    int64_t now, size_t *at);

/* As it was held. */
struct log_line log_waiting_line(const struct log_waiting_line *l);
struct slice log_waiting_text(const struct log_waiting_line *l);

#endif
