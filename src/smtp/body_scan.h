/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body_scan.h - content looked at, 64 octets at a time; for body.c alone
 */
#ifndef SMTP_BODY_SCAN_H
#define SMTP_BODY_SCAN_H

#include "smtp/body.h"

/* RFC 5321 4.5.3.1.6: text line, CRLF included. */
enum { BODY_LINE_MAX = 1000 };

/*
 * Text up to the next dot at the start of a line, or all if b is counted;
 * returns its length, with its line ends and flags noted in b.
 */
size_t body_scan(struct body *b, struct slice s);

#endif
