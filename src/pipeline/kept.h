/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept.h - the frames of those sessions that are told
 *
 * Which sessions these are is known when they have ended.  Frames are put
 * aside until then, all is written at the end.
 */
#ifndef PIPELINE_KEPT_H
#define PIPELINE_KEPT_H

#include "capture/keeper.h"
#include "net/segment.h"

struct kept;

/* keeper is borrowed; secret keys what connections are known by; tmpdir NULL:
 * /tmp.  SW_EWRITE, SW_ENOMEM. */
enum sw_status kept_new(struct keeper *keeper, uint64_t secret,
    const char *tmpdir, struct kept **k_r, struct sw_err *err) SW_MUST_USE;
void kept_free(struct kept **k);

/* What frames of a connection, in either direction, have in common; never
 * KEPT_ANY.  In any thread. */
#define KEPT_ANY UINT64_C(0)
uint64_t kept_key(const struct kept *k, const struct endpoint *a,
    const struct endpoint *b);
/* The frame `at`, with its comment (empty: none), of the connection of this
 * key, KEPT_ANY: to be written in any case.  SW_EWRITE. */
enum sw_status kept_add_frame(struct kept *k, const struct frame *frame,
    struct slice comment, uint64_t key, uint64_t at, int64_t ts_ns,
    struct sw_err *err) SW_MUST_USE;
/* A session is told, which has the frames from first to last of its
 * connection.  SW_ENOMEM. */
enum sw_status kept_add_session(struct kept *k, uint64_t key, uint64_t first,
    uint64_t last) SW_MUST_USE;
/* All is read: write the frames of these sessions.  Once.  SW_EWRITE,
 * SW_ENOMEM. */
enum sw_status kept_write(struct kept *k, struct sw_err *err) SW_MUST_USE;

#endif
