/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postfix_rows.h - what stands in the lines of Postfix's syslog
 *
 * For postfix.c, which makes sessions of it.  Slices that are returned are
 * parts of the message.
 */
#ifndef LOGS_POSTFIX_ROWS_H
#define LOGS_POSTFIX_ROWS_H

#include <smtpwire/transcript.h>

#include "base/slice.h"

/* Which of Postfix's programs wrote a line; client: smtp and lmtp. */
enum postfix_process {
	POSTFIX_NONE,
	POSTFIX_SMTPD,
	POSTFIX_CLIENT,
	POSTFIX_POSTSCREEN,
};

/* "postfix/smtpd", "postfix/submission/smtpd", "postfix-out/smtp". */
enum postfix_process postfix_program(struct slice tag);

/* "name[192.0.2.1]" or "name[192.0.2.1]:25". */
struct postfix_peer {
	struct slice text; /* all of it */
	struct slice ip;
	int32_t port;      /* SW_UNKNOWN */
};

/* One at the start of *rest, which is moved behind it. */
bool postfix_take_peer(struct slice *rest, struct postfix_peer *p_r);

/* "> peer: text" or "< peer: text" */
struct postfix_talk {
	bool sent;
	struct postfix_peer peer;
	struct slice text;
};
bool postfix_parse_talk(struct slice message, struct postfix_talk *t_r);

/* "Anonymous TLS connection established from c.example[192.0.2.1]: TLSv1.3
 * with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) ..." */
bool postfix_parse_tls(struct slice message, struct postfix_peer *peer_r,
    struct slice *version_r, struct slice *cipher_r);
/* "4C4DB46: to=<b@example.com>, relay=mx.example[192.0.2.25]:25, ..." */
bool postfix_relay(struct slice message, struct postfix_peer *peer_r);
/* Does such a line say that the connection is over, which no line of its own
 * tells?  By whom. */
bool postfix_gave_up(struct slice message, enum sw_role *by_r);
/* The first "[192.0.2.10]:35372" in a line of postscreen. */
bool postfix_find_peer(struct slice message, struct postfix_peer *peer_r);

/* Does smtpd, or postscreen, say something of a session that helps its
 * reader? */
bool postfix_is_smtpd_note(struct slice message);
bool postfix_is_postscreen_note(struct slice message);
/* Lines that quote what the client sent: that is told anyhow, and may be
 * secret.  They are told up to the client's address. */
struct slice postfix_without_quote(struct slice message);

#endif
