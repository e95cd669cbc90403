/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue_auth.h - AUTH in the session of a log, and who quotes it
 *
 * For dialogue.c.  What is masked: TRANSCRIPT, Secrets.
 */
#ifndef LOGS_DIALOGUE_AUTH_H
#define LOGS_DIALOGUE_AUTH_H

#include "logs/sessions.h"

/* Is it a secret although it looks like a command?  It may be another
 * session's where the log does not tell them apart. */
bool log_auth_looks_secret(const struct log_session *s,
    const struct command_in *c, enum verb verb);
/* Does one that no server understands repeat what AUTH bore? */
bool log_auth_is_repeated(const struct log_session *s,
    const struct command_in *c, enum verb verb);
/* AUTH, command n. */
void log_auth_begin(struct log_session *s, uint32_t n, struct slice argument);
/* The initial response of AUTH (RFC 4954 4), empty: none. */
struct slice log_auth_response(struct slice argument);
/* What the client says in AUTH, or astray: it may name the user, and replies
 * may quote it. */
void log_auth_take(struct log_session *s, struct slice secret);

/* The texts of r as they may be told: any reply may quote.  New ones are the
 * session's. */
void log_auth_mask_echo(struct log_session *s, struct reply_in *r);
/* Does 334 ask for something else than LOGIN's user ("Password:")? */
bool log_auth_asks_no_user(const struct reply_in *r);

#endif
