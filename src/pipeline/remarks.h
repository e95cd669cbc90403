/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remarks.h - what captures say of frames beside their octets, by connection
 *
 * Comments that someone wrote to a frame, and the process that sent or
 * received it.  The dispatcher adds them as frames pass; shards tell those of
 * a connection when its session ends.
 */
#ifndef PIPELINE_REMARKS_H
#define PIPELINE_REMARKS_H

#include "base/account.h"
#include "capture/capture.h"
#include "net/segment.h"
#include "transcript/session.h"

struct remarks;

/* What a table of endpoints is keyed by, h: the secret, or the hash of the
 * endpoint before. */
static inline uint64_t remarks_hash(uint64_t h, const struct endpoint *e)
{
	for (size_t i = 0; i < sizeof(e->ip); i++)
		h = (h ^ e->ip[i]) * UINT64_C(0x100000001b3);
	h = (h ^ e->port) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* secret keys the table; account is borrowed. */
enum sw_status remarks_new(uint64_t secret, struct account *account,
    struct remarks **r_r) SW_MUST_USE;
void remarks_free(struct remarks **r);
/* Another traffic begins, with frames from 1. */
void remarks_clear(struct remarks *r);

/* Of the frame `at`, between two endpoints.  A process is kept when it is not
 * the connection's last one; begins: a connection begins with this frame.
 * Memory failing, or LIMIT_REMARKS, is counted. */
void remarks_add(struct remarks *r, const struct endpoint *a,
    const struct endpoint *b, uint64_t at, bool begins,
    const struct frame_remarks *what);
/* As notes of a session between these, of the frames first to last.  In any
 * thread. */
void remarks_tell(struct remarks *r, const struct endpoint *a,
    const struct endpoint *z, uint64_t first, uint64_t last,
    struct session_builder *b);

#endif
