/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * secrets.h - what a session's AUTH exchanges bear, and texts without it
 *
 * Theory of operation.  A line that is masked (TRANSCRIPT, Secrets) may be
 * told all the same by who quotes it: a server that refuses it, with the
 * letters' case changed, cut short, or decoded.  So the beginnings of the
 * newest secrets are kept, each as it was sent and the password in it
 * decoded, and looked for in such texts.  What was not kept or not seen (an
 * older one, the middle of a long line, octets in a gap) is known by its
 * letters where a text can be expected to quote: "loose".
 *
 * Replies are searched whatever their codes.  Cause to quote has a refusal,
 * and 235, which lets the client in.
 *
 * Limits: SECRETS_KEPT; secrets and passwords of fewer than SECRET_LEAST
 * octets are not looked for, since they would be found in any text.
 */
#ifndef TRANSCRIPT_SECRETS_H
#define TRANSCRIPT_SECRETS_H

#include "base/buffer.h"
#include "base/error.h"

enum { SECRETS_KEPT = 32, SECRET_LEAST = 4 };

/* A session's; NULL: none was met yet. */
struct secrets;

void secrets_free(struct secrets **s);
/* Octets of memory held. */
size_t secrets_memory(const struct secrets *s);
/*
 * A client's line, or the part of it that is masked; mechanism (empty: not
 * known) and step as for auth_user.  false: no memory.
 */
bool secrets_add(struct secrets **s, struct slice mechanism, unsigned step,
    struct slice sent) SW_MUST_USE;
/* A line that stands in no known exchange: its last word, as behind "AUTH
 * PLAIN". */
bool secrets_add_stray(struct secrets **s, struct slice line) SW_MUST_USE;
/* Where a secret is quoted in text, from which on it must not be told;
 * text.len: nowhere. */
size_t secrets_find(const struct secrets *s, struct slice text, bool loose);
/*
 * The same in a line of a reply with that code.  Where there is no cause to
 * quote, a short secret that is a word ("hello") stands by chance, and its mask
 * would tell it; so would a prompt's.
 */
size_t secrets_find_in_reply(const struct secrets *s, int32_t code,
    struct slice line, bool loose);
/* The same at the end of a text that is cut, of a secret that goes on in what
 * is lost. */
size_t secrets_find_begun(const struct secrets *s, struct slice text);

/* Append a text without words that may be lines of AUTH. */
void secrets_quote(struct buffer *b, struct slice text);
/* The same of a line of unknown shape, up to a word that announces a secret
 * ("AUTH", "PASS"). */
void secrets_quote_line(struct buffer *b, struct slice line);

#endif
