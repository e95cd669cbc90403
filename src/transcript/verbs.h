/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs.h - which verb a line begins with, and BDAT's argument */
#ifndef TRANSCRIPT_VERBS_H
#define TRANSCRIPT_VERBS_H

#include <smtpwire/transcript.h>

#include "base/slice.h"

/* Verbs that have consequences; the names stand in verbs.c's table. */
enum verb {
	VERB_NONE, /* no verb at all */
	VERB_UNKNOWN,
	VERB_HELO,
	VERB_EHLO,
	VERB_LHLO,
	VERB_MAIL,
	VERB_RCPT,
	VERB_DATA,
	VERB_BDAT,
	VERB_RSET,
	VERB_VRFY,
	VERB_EXPN,
	VERB_HELP,
	VERB_NOOP,
	VERB_QUIT,
	VERB_AUTH,
	VERB_STARTTLS,
	VERB_XANONYMOUSTLS,
	VERB_ETRN,
	VERB_TURN,
	VERB_ATRN,
	VERB_SEND,
	VERB_SOML,
	VERB_SAML,
	VERB_XCLIENT,
	VERB_XFORWARD,
	VERB_XEXCH50,
	VERB_XEXPS,
	VERB_XLINK2STATE,
	VERB_BURL,
	VERB_COUNT
};

/* The verb of a line (leading letters, digits, hyphens if a blank, tab,
 * colon or the end follows), ASCII case ignored; *len_r its length (0 with
 * VERB_NONE). */
enum verb session_verb(struct slice line, size_t *len_r);
/* Is it one that has consequences? */
static inline bool session_verb_is_known(enum verb verb)
{
	return verb != VERB_NONE && verb != VERB_UNKNOWN;
}

/* BDAT's argument (RFC 3030): chunk size and LAST.  false: no size that can
 * be read, or over 2^63 - 1, or anything but LAST behind it. */
bool session_bdat_parse(struct slice argument, uint64_t *size_r,
    bool *last_r);

/* The name, in capitals and static, of a verb that is known and len octets
 * long, so that no copy is needed. */
struct sw_bytes session_verb_name(enum verb verb, size_t len);
/* Is s, ASCII case ignored, the name of this verb, which is known? */
bool session_is_verb_name(struct slice s, enum verb verb);

#endif
