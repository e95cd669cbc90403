/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syslog.h - what stands before the message in a line of syslog */
#ifndef LOGS_SYSLOG_H
#define LOGS_SYSLOG_H

#include "logs/when.h"

/* What the lines of one file have in common. */
struct log_syslog {
	const struct log_options *options; /* borrowed */
	struct log_years years;
};
void log_syslog_begin(struct log_syslog *y, const struct log_options *options,
    const char *file_name);

/*
 * "Jan  1 19:49:43 mx postfix/smtpd[30751]: connect from ..." (RFC 3164, or
 * the month as other languages have it), "2026-01-01T19:49:43.123456+01:00
 * mx ..." (RFC 3339), or one of these without the host, or none of them
 * before the tag.  All slices lie in the line.
 */
struct log_syslog_line {
	int64_t time;          /* SW_NO_TIME: none */
	struct sw_clock clock; /* of such times */
	struct slice tag;      /* "postfix/smtpd" */
	struct slice pid;      /* "30751", may be empty */
	struct slice key;      /* from the host to the pid's bracket */
	struct slice message;
};
/* false: no such line. */
bool log_syslog_take(struct log_syslog *y, struct slice line,
    struct log_syslog_line *l_r);

#endif
