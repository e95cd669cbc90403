/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * follow.h - a log that grows
 *
 * The file of a name is read as far as it has come, again and again.  When it
 * is renamed and another one made, or cut, the log goes on in what the name
 * stands for then.  It need not be there at first.
 */
#ifndef LOGS_FOLLOW_H
#define LOGS_FOLLOW_H

#include "logs/logs.h"

struct log_follow;

/* What is there now is old.  format NULL: by content.  account outlives it;
 * name, options and sink are copied.  NULL: no memory. */
struct log_follow *log_follow_new(const char *name,
    const struct log_format *format, const struct log_options *options,
    struct account *account, const struct log_sink *sink);
void log_follow_free(struct log_follow **f);

/* Read on, a few MiB at most.  now_ns: any clock that goes on.  1: there was
 * something; 0: nothing new; < 0: SW_ENOMEM, SW_EREAD and SW_EFORMAT, of which
 * each is told once and the next call tries again. */
int log_follow_step(struct log_follow *f, int64_t now_ns,
    struct sw_err *err) SW_MUST_USE;
/* Did the line stand there at first? */
bool log_follow_is_old(const struct log_follow *f, uint64_t line);
/* Is it read as far as it has come, for now?  No while another file that has
 * its name is not yet read. */
bool log_follow_is_up(const struct log_follow *f);
/* As log_end_silent. */
enum sw_status log_follow_end_silent(struct log_follow *f, int64_t over_ns,
    int64_t open_ns) SW_MUST_USE;
/* At the end: does it hold something, but not what shows its format?
 * SW_EFORMAT, once as in log_follow_step; 0: no. */
int log_follow_unknown(struct log_follow *f, struct sw_err *err) SW_MUST_USE;
/* Nothing more is read: hand out what is open. */
enum sw_status log_follow_end(struct log_follow *f) SW_MUST_USE;

#endif
