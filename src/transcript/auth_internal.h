/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auth_internal.h - what the files of auth share */
#ifndef TRANSCRIPT_AUTH_INTERNAL_H
#define TRANSCRIPT_AUTH_INTERNAL_H

#include "transcript/auth.h"

/* RFC 4954 4.5: base64 of an exchange's line; longer ones are not looked
 * at. */
enum { AUTH_ANSWER_MAX = 12288,
	AUTH_DECODED_MAX = AUTH_ANSWER_MAX / 4 * 3 + 3 };

/* Decode base64, padded or not, into out (AUTH_DECODED_MAX octets); false: it
 * is none. */
bool auth_decode(struct slice answer, uint8_t *out, size_t *len_r);

#endif
