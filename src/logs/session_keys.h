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

#include "base/cursor.h"
#include "base/hash.h"
#include "logs/sessions.h"

/* A key and the open sessions that bear it. */
struct log_key {
	struct slice name;                /* in octets */
	size_t count;
	struct log_session *first, *last; /* by age */
	struct log_key *next_spare;
	uint8_t octets[];
};

/* By the octets of a key that differ most. */
static inline uint64_t log_keys_hash(struct slice name)
{
	uint64_t first = name.len, last = 0;

	if (name.len >= sizeof(last)) {
		first ^= octets_le64(name.p);
		last = octets_le64(name.p + name.len - sizeof(last));
	} else if (name.len > 0) {
		memcpy(&last, name.p, name.len);
	}
	return hash_mix(first ^ UINT64_C(0x9e3779b97f4a7c15),
	    last ^ UINT64_C(0xe7037ed1a0b428db));
}

/* Soon this one will be looked for: its place is fetched into the cache.
 * Inlined in any case: gcc leaves out calls of what does no more. */
static inline __attribute__((always_inline)) void log_keys_fetch(
    const struct log_sessions *t, struct slice name)
{
	if (t->places)
		__builtin_prefetch(&t->places[log_keys_hash(name) %
		    LOG_KEY_PLACES]);
}

/* NULL: no open session bears it. */
struct log_key *log_keys_find(const struct log_sessions *t,
    struct slice name);
/* One that log_keys_find did not find, without sessions; NULL: no memory.
 * The table owns it. */
struct log_key *log_keys_make(struct log_sessions *t, struct slice name);
/* Free it if no session bears it any more. */
void log_keys_drop(struct log_sessions *t, struct log_key *k);
/* Frees the table, which has no keys left. */
void log_keys_fini(struct log_sessions *t);

#endif
