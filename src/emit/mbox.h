/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mbox.h - messages to one file, in the order of their sessions
 *
 * Body operations gather what is to be kept; it is written when its session is
 * told.  The .eml writer, if there is one, gets the same octets.
 */
#ifndef EMIT_MBOX_H
#define EMIT_MBOX_H

#include "emit/emit.h"

struct emit_mbox;

/*
 * A mailbox of that name (copied), 0600 if it is made.  growing: it is
 * appended to at once; else it appears under its name with emit_mbox_finish.
 * tmpdir (NULL: /tmp) is for bodies of mailboxes that are no files.  eml
 * (may be NULL) gets all that the mailbox does; it is borrowed as long.
 * SW_EWRITE, SW_ENOMEM.
 */
enum sw_status emit_mbox_new(const char *path, bool growing,
    const char *tmpdir, struct emit_eml *eml, struct emit_mbox **e_r,
    struct sw_err *err) SW_MUST_USE;
/* Of a lane, as those of struct emit_eml. */
const struct body_ops *emit_mbox_ops(struct emit_mbox *e, unsigned lane);
/* Write the messages of a session whose bodies were settled and kept.
 * *incomplete_r: so many were left out, as octets are missing.  SW_EWRITE: the
 * one that failed is not there in part. */
enum sw_status emit_mbox_session(struct emit_mbox *e,
    const struct sw_session *s, unsigned *incomplete_r, struct sw_err *err)
    SW_MUST_USE;
/* Of one that grows: open its name anew.  An error: the old one stays. */
enum sw_status emit_mbox_reopen(struct emit_mbox *e, struct sw_err *err)
    SW_MUST_USE;
/* All is written.  even_empty: put it under its name also without a
 * message. */
enum sw_status emit_mbox_finish(struct emit_mbox *e, bool even_empty,
    struct sw_err *err) SW_MUST_USE;
/* What was not finished vanishes. */
void emit_mbox_free(struct emit_mbox **e);

#endif
