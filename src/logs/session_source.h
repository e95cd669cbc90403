/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session_source.h - where a log's session stands: its id, files, lines
 *
 * For sessions.c.  Lines are numbered on over the files of a log, and a
 * session may go on from one to the next.
 */
#ifndef LOGS_SESSION_SOURCE_H
#define LOGS_SESSION_SOURCE_H

#include "logs/sessions.h"

/* Id and source of a session that begins with this line. */
void log_source_begin(struct log_sessions *t, struct log_session *s,
    const struct log_line *line);
/* The session goes on in another file, with the line of this number. */
void log_source_turn(struct log_session *s, uint64_t number);
/* The files that hold lines of the session, and which; out of memory it has
 * no parts. */
void log_source_end(const struct log_sessions *t, struct log_session *s);
/* One more file whose lines follow the first base ones. */
enum sw_status log_source_add_file(struct log_sessions *t, const char *name,
    uint64_t base) SW_MUST_USE;

#endif
