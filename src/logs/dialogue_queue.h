/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue_queue.h - the commands of a log's session that await a reply
 *
 * For dialogue.c.  A ring in the session; a command that does not fit pushes
 * out the oldest one, which was never answered, as it seems.
 */
#ifndef LOGS_DIALOGUE_QUEUE_H
#define LOGS_DIALOGUE_QUEUE_H

#include "logs/sessions.h"

struct log_outstanding {
	uint32_t n;
	enum verb verb;
	bool counted;  /* BDAT, XEXCH50: size could be read */
	bool last;     /* BDAT */
	uint64_t size;
};

static inline bool log_is_auth(enum verb verb)
{
	return verb == VERB_AUTH || verb == VERB_XEXPS;
}

/* What stands in front of the first blank or tab. */
static inline struct slice log_first_word(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != '\t')
		n++;
	return slice_head(s, n);
}

/* The command of this number, behind the others; false: no memory (the
 * session has failed). */
bool log_queue_push(struct log_session *s, uint32_t n, enum verb verb,
    struct slice argument);
/* Take the oldest one; there must be one. */
struct log_outstanding log_queue_pop(struct log_session *s);
/* The one that i others are in front of; valid until the next push. */
const struct log_outstanding *log_queue_at(const struct log_session *s,
    size_t i);
/* The oldest one that this code answers and few others; their count: none. */
size_t log_queue_find(const struct log_session *s, int32_t code);
/* Drop what stands in front of that: the replies are not in the log. */
void log_queue_step(struct log_session *s, int32_t code);

#endif
