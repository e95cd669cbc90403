/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replies.h - what replies mean, at the command that they answer
 *
 * Sources: RFC 5321 sections 3.8, 4.2 and 4.3.2, and those of the extensions
 * (RFC 1845, 1985, 2645, 3030, 3207, 4954, 7504); for older clients the
 * tables of Microsoft's article 155455; RFC 3463 and IANA's registry of
 * enhanced status codes.
 */
#ifndef TRANSCRIPT_REPLIES_H
#define TRANSCRIPT_REPLIES_H

#include <smtpwire/smtpwire.h>

#include "base/buffer.h"

/* As sw_explain, whose fields it fills.  at: a verb in any case, "greeting",
 * "." (the end of content); empty: not known. */
void replies_explain(int32_t code, struct slice enhanced, struct slice at,
    struct sw_explanation *e_r);

/* "permanent, a retry is of no use: no such mailbox ...": one line for
 * people. */
bool replies_append(struct buffer *b, const struct sw_explanation *e);

/* The event that e answers; NULL: e is no reply, answers nothing, or that was
 * left out. */
const struct sw_event *replies_answered(const struct sw_session *s,
    const struct sw_event *e);

/* What a reply of a session answered, as replies_explain takes it; static or
 * the session's. */
struct slice replies_place(const struct sw_session *s,
    const struct sw_event *reply);

#endif
