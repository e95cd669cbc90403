/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session_keys.h - the keys of the open sessions of one log
 *
 * For sessions.c.  Keys have a place each by their hash; those whose place is
 * taken are spread over many trees, which are balanced, so that no choice of
 * keys makes a look-up slow.
 */
#ifndef LOGS_SESSION_KEYS_H
#define LOGS_SESSION_KEYS_H

#include "logs/sessions.h"

/* A key and the open sessions that bear it. */
struct log_key {
	struct slice name;                /* in octets */
	size_t count;
	struct log_session *first, *last; /* by age */
	uint8_t octets[];
};

/* NULL: no open session bears it. */
struct log_key *log_keys_find(const struct log_sessions *t,
    struct slice name);
/* One that log_keys_find did not find, without sessions; NULL: no memory.
 * The table owns it. */
struct log_key *log_keys_make(struct log_sessions *t, struct slice name);
/* Free it if no session bears it any more. */
void log_keys_drop(struct log_sessions *t, struct log_key *k);

#endif
