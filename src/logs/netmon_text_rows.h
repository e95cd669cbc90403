/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netmon_text_rows.h - the lines that Network Monitor prints or copies
 *
 * For netmon_text.c, which makes sessions of them.  Slices that are returned
 * are parts of the line, or constants.
 */
#ifndef LOGS_NETMON_TEXT_ROWS_H
#define LOGS_NETMON_TEXT_ROWS_H

#include "base/slice.h"

enum netmon_text_kind {
	NETMON_TEXT_COMMAND,
	NETMON_TEXT_REPLY,
	NETMON_TEXT_DATA,
};

/* What one line tells of SMTP. */
struct netmon_line {
	enum netmon_text_kind kind;
	bool copied;        /* the form of Network Monitor 3 */
	bool summary;       /* in front of it stands the frame's number */
	struct slice text;  /* behind Cmd, Rsp or Data */
	int64_t octets;     /* SW_UNKNOWN */
	int64_t time;       /* since the capture began, SW_NO_TIME */
	struct slice key;   /* "{TCP:139" without the brace; p NULL: none */
	struct slice from, to; /* addresses; p NULL: none */
};
/* false: the line tells nothing of SMTP. */
bool netmon_text_parse(struct slice line, struct netmon_line *f);

/* "7      74.962  LOCAL ...": the columns of a summary. */
bool netmon_text_parse_summary(struct slice line, int64_t *time_r);
/* Is it some other line that Network Monitor writes? */
bool netmon_text_is_other(struct slice line);

/* The code of a reply that is told by its phrase; SW_UNKNOWN. */
int32_t netmon_text_code(struct slice phrase);
/* The verb of a command that is explained; empty: not known. */
struct slice netmon_text_verb(struct slice phrase);

#endif
