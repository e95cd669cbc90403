/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strangers.h - logs that are recognized and are not those of SMTP, or hold
 * no dialogue
 */
#ifndef LOGS_STRANGERS_H
#define LOGS_STRANGERS_H

#include "base/slice.h"

/* What this head of a log is, for people ("a protocol log of the Exchange
 * POP3 service"); NULL: none of these.  head: as for the probe of a
 * struct log_format. */
const char *log_stranger_find(struct slice head);

/* The same of a head that no family takes: a log of mail, or of its servers,
 * that holds no dialogue ("Exim's main log (its dialogue: exim -d)"). */
const char *log_silent_find(struct slice head);

#endif
