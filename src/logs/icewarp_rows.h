/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * icewarp_rows.h - what stands in the lines of IceWarp's logs
 *
 * For icewarp.c, which makes sessions of it.  Slices that are returned are
 * parts of the line.
 */
#ifndef LOGS_ICEWARP_ROWS_H
#define LOGS_ICEWARP_ROWS_H

#include "base/clock.h"
#include "base/slice.h"

#define ICEWARP_ADDRESS_MAX 64  /* octets of the first column */

/* One line, taken apart. */
struct icewarp_row {
	struct slice who;    /* the first column */
	bool is_address;     /* ... and not SYSTEM or the like */
	uint32_t id;
	bool dated;          /* of 2004: with date and zone */
	int64_t time;        /* dated: in UTC; else ns since midnight */
	int32_t offset_s;
	struct slice text;
};
bool icewarp_parse_row(struct slice line, struct icewarp_row *row);

/* ">>> 220 ..." or "<<< QUIT": what was said; by this host? */
bool icewarp_take_arrow(struct slice *text, bool *sent_r);
/* "Client session" in front. */
bool icewarp_take_client(struct slice *text);
/* "2809 bytes (overall data transfer speed=31415926 B/s)" */
bool icewarp_parse_bytes(struct slice said, int64_t *wire_r);

/* What stands in a summary behind the two addresses:
 * "*** <a@example.org> <b@example.com> 1 2804 00:00:01 OK ABC12345" */
struct icewarp_summary {
	int64_t size;
	bool ok;
	struct slice id; /* empty: none */
};
bool icewarp_parse_summary(struct slice text, struct icewarp_summary *m_r);

/* sYYYYMMDD-nn.log; the id of a server may stand behind the letter. */
bool icewarp_name_day(const char *file_name, struct civil *day_r);

/* What a line speaks for: the services of IceWarp write the same lines about
 * POP3, IMAP and FTP. */
enum icewarp_evidence {
	EVIDENCE_NONE,
	EVIDENCE_SMTP,
	EVIDENCE_CODE,
	EVIDENCE_OTHER,
};
enum icewarp_evidence icewarp_evidence_of(struct slice text);

#endif
