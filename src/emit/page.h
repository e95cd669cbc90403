/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h - sessions or pairs as one HTML page that needs nothing else
 *
 * Theory of operation.  What the page shows comes in two kinds.  A row of its
 * table is a few strings and numbers of each session or pair; rows are kept
 * as arrays, one a column, ROWS_A_BLOCK at a time.  A transcript is the
 * session's JSON form (of a pair: both, how they align, what was found), a
 * line of a chunk.  Blocks and chunks are deflated as soon as they are full
 * and put aside in an unlinked file, so that memory holds one of each; at the
 * end the page is put together: its text, what it is about, the rows, the
 * program, then the transcripts, each in base64, which no browser takes for
 * anything but text.
 *
 * A page holds PAGE_OCTETS at most.  Transcripts of what matters (a pair that
 * differs, a session that failed) come first; those of the others are told
 * as long as the page stays below PAGE_USUAL_OCTETS.  What was left out is
 * counted, and the page says so.
 */
#ifndef EMIT_PAGE_H
#define EMIT_PAGE_H

#include <smtpwire/report.h>

#include "base/buffer.h"
#include "emit/emit.h"

enum {
	PAGE_OCTETS = 40000000,
	PAGE_USUAL_OCTETS = 20000000
};

struct page;

/* tmpdir as scratch_new; of the options `normal` and `color` mean nothing
 * here.  SW_EWRITE, SW_ENOMEM. */
enum sw_status page_new(const char *tmpdir, const struct emit_options *o,
    struct page **p_r, struct sw_err *err) SW_MUST_USE;

/* Add a session of `read`, a pair of `check` with both its sessions, a
 * session that one side alone has.  Nothing is kept of what they point to.
 * SW_EWRITE tells of the temporary file. */
enum sw_status page_session(struct page *p, const struct sw_session *s,
    bool failed, struct sw_err *err) SW_MUST_USE;
enum sw_status page_pair(struct page *p, const struct sw_pair *pair,
    struct sw_err *err) SW_MUST_USE;
enum sw_status page_only(struct page *p, const struct sw_session *s,
    enum sw_side side, enum sw_only_reason reason, struct sw_err *err)
    SW_MUST_USE;

/*
 * Write the page.  about: one JSON object that the page's program knows what
 * to do with.  SW_EWRITE: *errno_r is what write returned, or 0 and err tells
 * of the temporary file.
 */
enum sw_status page_finish(struct page *p, struct slice about,
    sw_write_fn write, void *ctx, int *errno_r, struct sw_err *err)
    SW_MUST_USE;

void page_free(struct page **p);

#endif
