/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auth.h - who logs in: user and password out of an AUTH exchange */
#ifndef TRANSCRIPT_AUTH_H
#define TRANSCRIPT_AUTH_H

#include "base/buffer.h"

/*
 * The user that a client's answer names, for the mechanisms whose answers
 * show it (RFC 4616 PLAIN, LOGIN, RFC 2195 CRAM-MD5, RFC 5802 SCRAM,
 * RFC 2831 DIGEST-MD5, RFC 7628 OAUTHBEARER, XOAUTH2, RFC 4422 EXTERNAL,
 * [MS-NLMP] NTLM).  step counts the client's answers from 0 (an initial
 * response is 0).  Appends the name to out; false: this answer shows none, as
 * any that has not exactly its mechanism's shape: what looks like the name
 * may be the password.  out may have a part of one then.
 */
bool auth_user(struct slice mechanism, unsigned step, struct slice answer,
    struct buffer *out);

/*
 * What an answer bears that nobody may be told: the password, the token or
 * what is made of them; of a mechanism that is not known all of it.  Copies
 * up to `most` octets of it, decoded, and returns how many; 0: none, or not
 * base64.  step as above.
 */
size_t auth_secret(struct slice mechanism, unsigned step,
    struct slice answer, uint8_t *octets, size_t most);

/* Does LOGIN's 334 ask for the user's name, in whichever words, in base64 or
 * not?  The empty one asks for what is due.  The first answer to another is
 * that of step 1. */
bool auth_asks_user(struct slice prompt);
bool auth_is_login(struct slice mechanism);
/* Is it one of LOGIN's usual prompts, or empty?  Other challenges are
 * secret. */
bool auth_is_prompt(struct slice text);

/* Can the word behind AUTH be a mechanism's name?  It may be a response whose
 * mechanism was left out. */
bool auth_is_mechanism(struct slice word);

/* Does a line that is no command bear what AUTH bears: behind a blank
 * (servers take it), without one ("AUTH=PLAIN"), with the verb overwritten by
 * a middlebox or misspelt ("XXXX PLAIN AGEAYg==")? */
bool auth_in_line(struct slice line);

/* Base64 letters alone, at least one? */
bool auth_is_base64(struct slice line);

#endif
