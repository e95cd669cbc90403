/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_internal.h - the binary record of a session, which store_write.c
 * writes and store_read.c reads; nobody else includes it
 *
 * Theory of operation.  A record is
 *
 *	magic "SWT" and a version octet | length of the record, 8 octets
 *	little endian, these twelve included | fields in the order of
 *	transcript.h
 *
 * Numbers without sign are written in groups of seven bits, lowest first,
 * the eighth bit: more follows.  Those with sign are first folded so that
 * small ones stay small (0, -1, 1, -2 become 0, 1, 2, 3).  Octets stand
 * behind their length plus one, 0 for null; lists behind their count.
 *
 * A record is written and read by the same program (spill files), but what
 * is read may be damaged: every value passes the cursor, enums are checked
 * against their count, and a count is believed only as far as the octets
 * left could hold that many elements, so memory stays in proportion to the
 * record.
 */
#ifndef TRANSCRIPT_STORE_INTERNAL_H
#define TRANSCRIPT_STORE_INTERNAL_H

#include <stdint.h>

/* What a record begins with; its last octet is the version. */
static const uint8_t STORE_MAGIC[4] = { 'S', 'W', 'T', 2 };
/* Octets in front of the fields. */
enum { STORE_HEAD = 12 };

#endif
