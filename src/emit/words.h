/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words.h - small things that all texts for people say in the same way
 *
 * Octets of strangers are escaped.  Nothing here reports failure: a buffer
 * that failed or is full stays so, and whoever began the output looks at it
 * once, at the end.
 */
#ifndef EMIT_WORDS_H
#define EMIT_WORDS_H

#include <smtpwire/transcript.h>

#include "base/buffer.h"
#include "base/slice.h"

/* "?" where it is not known. */
void words_bytes(struct buffer *b, struct sw_bytes v);
/* What a host said, or a log: escaped, and so is what would look like our own
 * words, such as "[message 1: ...]" as a line, flags in braces. */
void words_said(struct buffer *b, struct slice s);
/* "1 octet", "2 octets" */
void words_count(struct buffer *b, uint64_t n, const char *what);
/* "192.0.2.25:25", "[2001:db8::25]:25", "?" */
void words_endpoint(struct buffer *b, const struct sw_endpoint *e);
/* A session's id: 16 hex digits. */
void words_id(struct buffer *b, uint64_t id);

/* How its connection began.  An attempt got nowhere: "connected" and "no
 * answer" would tell of a server that keeps silent. */
const char *words_connect(const struct sw_session *s);

#endif
