/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scratch.h - octets put aside in a file that nobody else sees
 *
 * The file is unlinked as soon as it is made, so it is gone with the process
 * whatever happens.
 */
#ifndef BASE_SCRATCH_H
#define BASE_SCRATCH_H

#include <smtpwire/error.h>

#include "base/buffer.h"

struct scratch;

/* tmpdir NULL: /tmp.  SW_EWRITE: no file can be made there. */
enum sw_status scratch_new(const char *tmpdir, struct scratch **s_r,
    struct sw_err *err) SW_MUST_USE;
/* Append; *offset_r is where.  SW_EWRITE. */
enum sw_status scratch_append(struct scratch *s, struct slice octets,
    uint64_t *offset_r, struct sw_err *err) SW_MUST_USE;
/* Nothing more is appended for now: from here on several threads may read. */
enum sw_status scratch_finish(struct scratch *s, struct sw_err *err)
    SW_MUST_USE;
/* Read len octets from offset into out, which is cleared before.  What was
 * appended must be finished. */
enum sw_status scratch_read(const struct scratch *s, uint64_t offset,
    size_t len, struct buffer *out, struct sw_err *err) SW_MUST_USE;
void scratch_free(struct scratch **s);

#endif
