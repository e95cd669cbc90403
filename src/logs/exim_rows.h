/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exim_rows.h - what stands in the lines that Exim prints
 *
 * For exim.c, which makes sessions of it.  Slices that are returned are parts
 * of the line.
 */
#ifndef LOGS_EXIM_ROWS_H
#define LOGS_EXIM_ROWS_H

#include "base/slice.h"

enum exim_mark {
	EXIM_SERVER_SENT,
	EXIM_SERVER_RECEIVED,
	EXIM_CLIENT_SENT,
	EXIM_CLIENT_RECEIVED,
	EXIM_CLOSED_BY_US,
	EXIM_CLOSED_BY_THEM,
	EXIM_NO_MARK,
};
/* "SMTP>> text", "  SMTP|> text", "  SMTP(close)>>": what is said stays in
 * *text; is it a client's? */
enum exim_mark exim_take_mark(struct slice *text, bool *client_r);

/* "[192.0.2.10]:41954" as text and in its parts. */
struct exim_address {
	struct slice text;
	struct slice ip;
	int32_t port; /* SW_UNKNOWN */
};
/* One, or one without a port, at the start of *rest. */
bool exim_take_address(struct slice *rest, struct exim_address *a_r);
/* The one behind these words. */
bool exim_find_address(struct slice text, const char *behind,
    struct exim_address *a_r);

/* Does a line of the log help the reader of a session? */
bool exim_is_note(struct slice text);

#endif
