/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strangers.h - logs that are recognized and are not those of SMTP
 */
#ifndef LOGS_STRANGERS_H
#define LOGS_STRANGERS_H

#include "base/slice.h"

/* What this head of a log is, for people ("a protocol log of the Exchange
 * POP3 service"); NULL: none of these.  head: as for the probe of a
 * struct log_format. */
const char *log_stranger_find(struct slice head);

#endif
