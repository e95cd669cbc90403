/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * saved.h - transcripts that were saved as JSON Lines, read back
 */
#ifndef PIPELINE_SAVED_H
#define PIPELINE_SAVED_H

#include "base/account.h"
#include "base/source.h"
#include "transcript/session.h"

struct saved;

/* Does the source hold transcripts?  Consumes nothing of it. */
enum sw_status saved_probe(struct source *s, bool *is_r, struct sw_err *err)
    SW_MUST_USE;
/* s, options and account outlive it. */
enum sw_status saved_open(struct source *s,
    const struct session_options *options, struct account *account,
    struct saved **v_r, struct sw_err *err) SW_MUST_USE;
/* 1: a session, finished, the caller's; 0: the end; < 0: enum sw_status.  A
 * line that is no transcript is told as a warning and left out. */
int saved_next(struct saved *v, struct session_builder **b_r,
    struct sw_err *err) SW_MUST_USE;
void saved_free(struct saved **v);

#endif
