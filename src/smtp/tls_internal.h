/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tls_internal.h - what tls.c and tls_handshake.c share; nobody else
 * includes it */
#ifndef SMTP_TLS_INTERNAL_H
#define SMTP_TLS_INTERNAL_H

#include "smtp/tls.h"

/* RFC 5246 7.4, of a client. */
enum { HANDSHAKE_CLIENT_HELLO = 1 };

#define VERSION_SSLV2 0x0002
#define VERSION_TLS13 0x0304

/* The next octets of a side's handshake records, that is not done. */
void tls_handshake_take(struct tls_observer *o, enum sw_role by,
    struct slice octets);
/* Nothing more can be learnt from this side's messages. */
void tls_handshake_end(struct tls_side *s);

#endif
