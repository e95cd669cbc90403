/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auth.h - who logs in: the user's name out of an AUTH exchange */
#ifndef TRANSCRIPT_AUTH_H
#define TRANSCRIPT_AUTH_H

#include "base/buffer.h"

/*
 * The user that a client's answer names, for the mechanisms whose answers
 * show it (RFC 4616 PLAIN, LOGIN, RFC 2195 CRAM-MD5, RFC 5802 SCRAM,
 * RFC 2831 DIGEST-MD5, RFC 7628 OAUTHBEARER, XOAUTH2, RFC 4422 EXTERNAL,
 * [MS-NLMP] NTLM).  step counts the client's answers from 0 (an initial
 * response is 0).  Appends the name to out; false: this answer shows none.
 * Passwords are never copied out.
 */
bool auth_user(struct slice mechanism, unsigned step, struct slice answer,
    struct buffer *out);

/* Base64 letters alone, at least one? */
bool auth_is_base64(struct slice line);

#endif
