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
	size_t columns;     /* words behind the text of a summary */
	bool typed;         /* ... three, the last of them "IP..." */
};
/* false: the line tells nothing of SMTP. */
bool netmon_text_parse(struct slice line, struct netmon_line *f);

/* "7      74.962  LOCAL ...": the columns of a summary. */
bool netmon_text_parse_summary(struct slice line, int64_t *time_r);
/* Is it some other line that Network Monitor writes? */
bool netmon_text_is_other(struct slice line);

/*
 * Printed lines that some copy has folded at a blank.  Does an entry begin
 * with this line: a summary, a protocol of the tree, a head, a dump of octets?
 */
bool netmon_text_begins(struct slice line);
/* What such a line still lacks. */
enum netmon_text_lack {
	NETMON_TEXT_WHOLE,   /* nothing, or it tells nothing of SMTP */
	NETMON_TEXT_FRAME,   /* its protocol is SMTP, and there it ends */
	NETMON_TEXT_OCTETS,  /* ", 28 bytes" */
	NETMON_TEXT_COLUMNS, /* the addresses of a summary */
};
enum netmon_text_lack netmon_text_lacks(struct slice line);
/* Does it tell what follows "SMTP" in a summary: "Rsp: ...", "Cmd: ..."? */
bool netmon_text_is_rest(struct slice line);

/* The code of a reply that is told by its phrase; SW_UNKNOWN. */
int32_t netmon_text_code(struct slice phrase);
/* The verb of a command that is explained; empty: not known. */
struct slice netmon_text_verb(struct slice phrase);
/* The path that the explanation ends with: "<a@example.org>"; empty: none. */
struct slice netmon_text_path(struct slice phrase);

#endif
