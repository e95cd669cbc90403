/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * window.h - two records that grow side by side: pairs as they come
 *
 * Sessions of both sides are added when they are over.  Those that are the
 * same are paired and forgotten; what stays alone for too long is told.
 * SW_LEFT is the log.  Times are of any clock that goes on.
 */
#ifndef CHECK_WINDOW_H
#define CHECK_WINDOW_H

#include "check/check.h"

struct window;

struct window_options {
	int64_t settle_ns; /* a pair that little speaks for waits so long for
	                      a better one */
	int64_t grace_ns;  /* a session that is alone so long is told */
	int64_t max_offset_ns; /* of the clocks, 0: any */
	uint32_t ignore, only; /* as of verdict_options */
	void *ctx;
	/* Two sessions are the same; valid during the call.  late: those of
	 * them that were told as alone, 1u << side. */
	enum sw_status (*pair)(void *ctx, const struct sw_pair *p,
	    unsigned late);
	/* It is on this side alone, and that is not to be expected. */
	enum sw_status (*alone)(void *ctx, enum sw_side side,
	    const struct sw_session *s);
};

/* Totals. */
struct window_counts {
	uint64_t sessions[2];
	uint64_t given_up[2]; /* at a limit */
	uint64_t early[2];    /* alone, and began before this did */
	uint64_t other[2];    /* alone, of a kind or a server that the other
	                         side does not record */
	uint64_t waiting[2];  /* now: neither paired nor told */
};

/* options is copied; NULL: no memory. */
struct window *window_new(const struct window_options *options);
void window_free(struct window **w);
/* early: it may have begun before the other side was looked at. */
enum sw_status window_add(struct window *w, enum sw_side side,
    const struct sw_session *s, bool early, int64_t now_ns) SW_MUST_USE;
/* Tell what is certain by now.  last: no more comes, so that pairs wait for
 * no better ones.  behind: a side is known to have more, so that nothing is
 * told as alone. */
enum sw_status window_step(struct window *w, int64_t now_ns, bool last,
    bool behind) SW_MUST_USE;
/* Is one of this side's alone for so long that it will be told? */
bool window_has_overdue(const struct window *w, enum sw_side side,
    int64_t now_ns);
void window_counts(const struct window *w, struct window_counts *c_r);
/* The clocks as estimated last; valid until the next step. */
const struct matching *window_matching(const struct window *w);

#endif
