/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h - the model to octets and back
 *
 * Binary: for spilling (check, --sort start): exact, every field, fast.
 * JSONL: transcripts that others wrote (jansson).
 */
#ifndef TRANSCRIPT_STORE_H
#define TRANSCRIPT_STORE_H

#include <smtpwire/error.h>
#include <smtpwire/transcript.h>

#include "base/arena.h"
#include "base/buffer.h"

/* Append s in binary form (with its length in front, so that records can be
 * walked).  false: memory. */
bool store_write(struct buffer *out, const struct sw_session *s);
/* Length of the record at the start of octets, 0 if it is not whole. */
size_t store_record_len(struct slice octets);
/* Read one record; everything in arena, strings copied.  SW_EFORMAT for a
 * record that is not one; never reads beyond it. */
enum sw_status store_read(struct slice record, struct arena *arena,
    struct sw_session *s_r, struct sw_err *err) SW_MUST_USE;
/* The same, but that strings are not copied: the session is valid as long as
 * the record's octets are, too. */
enum sw_status store_borrow(struct slice record, struct arena *arena,
    struct sw_session *s_r, struct sw_err *err) SW_MUST_USE;

/* Read one line of JSONL as written by emit_jsonl (also in normal form:
 * what is left out is not known).  Unknown fields are ignored.  line: for
 * messages.  SW_EFORMAT with a sentence that names the field. */
enum sw_status store_read_json(struct slice json, uint64_t line,
    struct arena *arena, struct sw_session *s_r, struct sw_err *err)
    SW_MUST_USE;

#endif
