/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire_frames.c - each frame of a capture: decoded, kept, and its segment
 * given to its shard, or to the batch that is filled
 */
#include "pipeline/wire_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "tcp/flow.h"

/* Frames that are asked for at once: few enough that they stay in the cache. */
enum { FRAMES = 32 };
/* Octets told of a comment: a note has no room for more. */
#define COMMENT_MAX 400u

static inline unsigned shard_of(const struct wire *w,
    const struct endpoint *src, const struct endpoint *dst)
{
	return tcp_shard_of(src, dst) & w->shard_mask;
}

/* --- with one thread ------------------------------------------------------ */

static inline enum sw_status feed(struct wire *w, struct shard *s,
    struct segment *seg)
{
	shard_begin(s, w->stretch);
	return shard_feed(s, seg);
}

/* Feed those that wait. */
static enum sw_status feed_rest(struct wire *w)
{
	return ahead_finish(&w->ahead, w->shards, w->stretch);
}

static enum sw_status tick_all(struct wire *w, struct origin at)
{
	enum sw_status status = feed_rest(w);
	size_t i;

	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++) {
		shard_begin(&w->shards[i], w->stretch);
		status = shard_tick(&w->shards[i], at);
	}
	return status;
}

static enum sw_status feed_icmp(struct wire *w, const struct icmp_error *icmp)
{
	struct shard *s = &w->shards[shard_of(w, &icmp->src, &icmp->dst)];
	enum sw_status status = feed_rest(w);

	if (status != SW_OK)
		return status;
	shard_begin(s, w->stretch);
	return s->tcp->icmp(s->engine, icmp);
}

/* --- with any number ------------------------------------------------------ */

static enum sw_status tick(struct wire *w, struct origin at)
{
	at.ts_ns = w->now_ns;
	w->next_tick_ns = clock_add(w->now_ns, NS_PER_S);
	return wire_is_threaded(w) ? batch_add_tick(w->filling, at) :
	    tick_all(w, at);
}

/* --- frames --------------------------------------------------------------- */

/* A server's port is most often the lower one, whose place in the set is in
 * the cache; that of any client's is not. */
static bool is_wanted(const struct wire *w, const struct endpoint *src,
    const struct endpoint *dst)
{
	bool lower = src->port < dst->port;

	return w->options.any_port ||
	    port_set_has(&w->ports, lower ? src->port : dst->port) ||
	    port_set_has(&w->ports, lower ? dst->port : src->port);
}

/* Keep a frame if it is one of a connection of interest, or a piece of a
 * datagram, of which only the last one tells what it is. */
__attribute__((noinline))
static enum sw_status keep(struct wire *w, const struct frame *frame,
    enum net_result what, const struct segment *seg,
    const struct icmp_error *icmp, bool fragment)
{
	const struct endpoint *a = NULL, *b = NULL;
	struct frame_remarks r;

	if (what == NET_SEGMENT) {
		a = &seg->src;
		b = &seg->dst;
	} else if (what == NET_ICMP) {
		a = &icmp->src;
		b = &icmp->dst;
	}
	if (!fragment && (!a || !is_wanted(w, a, b)))
		return SW_OK;
	(void)capture_remarks(w->current->capture, &r);
	if (!w->options.kept)
		return keeper_add(w->options.keeper, frame, r.comment,
		    seg->origin.ts_ns, &w->pending_err);
	return kept_add_frame(w->options.kept, frame, r.comment, fragment ?
	    KEPT_ANY :
	    kept_key(w->options.kept, a, b), seg->origin.at +
	    w->traffic.order, seg->origin.ts_ns, &w->pending_err);
}

/* What the capture says of the frame beside its octets. */
__attribute__((noinline))
static void take_remarks(struct wire *w, const struct segment *seg)
{
	struct frame_remarks r;

	if (!capture_remarks(w->current->capture, &r))
		return;
	r.comment = slice_head(r.comment, COMMENT_MAX);
	remarks_add(w->traffic.remarks, &seg->src, &seg->dst,
	    seg->origin.at, (seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN,
	    &r);
}

/* The segment waits among others, which is where the next is decoded. */
__attribute__((noinline))
static enum sw_status add_waiting(struct wire *w, unsigned shard)
{
	return wire_is_threaded(w) ? batch_add(w->filling, shard) :
	    ahead_feed(&w->ahead, w->shards, shard, w->stretch);
}

static inline bool is_chosen(const struct wire *w)
{
	return w->filter || w->options.keeper;
}

static inline bool waits(const struct wire *w)
{
	return wire_is_threaded(w) || w->looks_ahead;
}

static inline struct segment *next_place(struct wire *w)
{
	return wire_is_threaded(w) ?
	    &w->filling->segments[w->filling->count] :
	    ahead_place(&w->ahead);
}

static inline enum sw_status take_segment(struct wire *w,
    struct segment *seg, bool wait)
{
	unsigned shard;

	if (!is_wanted(w, &seg->src, &seg->dst)) {
		account_add(w->account, ACCOUNT_FRAMES_OTHER_PORT, 1);
		free(seg->owned);
		seg->owned = NULL;
		return SW_OK;
	}
	if (w->part_remarks)
		take_remarks(w, seg);
	shard = shard_of(w, &seg->src, &seg->dst);
	w->stretch_segments++;
	return wait ? add_waiting(w, shard) :
	    feed(w, &w->shards[shard], seg);
}

static enum sw_status take_icmp(struct wire *w, const struct icmp_error *icmp)
{
	return wire_is_threaded(w) ? batch_add_icmp(w->filling, icmp) :
	    feed_icmp(w, icmp);
}

/* Frames were lost: it may have been those of any session that is open. */
static void note_drops(struct wire *w)
{
	size_t i;

	for (i = 0; i < SHARD_COUNT; i++)
		shard_note_all(&w->shards[i], ANOMALY_FRAMES_DROPPED,
		    w->last);
}

/* Of an interface: time goes on without frames.  There is one thread. */
static enum sw_status take_pause(struct wire *w, const struct frame *pause)
{
	enum sw_status status = feed_rest(w);

	if (status != SW_OK)
		return status;
	if (pause->anomalies & ANOMALY_BIT(ANOMALY_FRAMES_DROPPED))
		note_drops(w);
	if (pause->ts_ns == SW_NO_TIME || pause->ts_ns <= w->now_ns)
		return SW_OK;
	w->now_ns = pause->ts_ns;
	return w->now_ns >= w->next_tick_ns ? tick(w, w->last) : SW_OK;
}

/* Where a frame stands in the traffic and in time. */
static inline struct origin origin_of(const struct wire *w,
    const struct frame *frame, uint32_t part)
{
	struct origin o;

	o.at = w->part_base + frame->number;
	o.ts_ns = w->part_ahead_ns == 0 ? frame->ts_ns :
	    clock_add(frame->ts_ns, -w->part_ahead_ns);
	o.part = part;
	return o;
}

static enum sw_status take_other(struct wire *w, enum net_result what,
    const struct icmp_error *icmp)
{
	switch (what) {
	case NET_NOTHING:
	case NET_SEGMENT:
		return SW_OK;
	case NET_ICMP:
		return take_icmp(w, icmp);
	case NET_NOMEM:
		break;
	}
	return SW_ENOMEM;
}

/* 1: a frame passes the filter; 0: it is left out; < 0: enum sw_status. */
__attribute__((noinline))
static int filter(struct wire *w, const struct frame *frame)
{
	if (net_filter_match(w->filter, frame, w->account))
		return 1;
	if (net_filter_failed(w->filter))
		return SW_ENOMEM;
	account_add(w->account, ACCOUNT_FRAMES_FILTERED, 1);
	return 0;
}

/* seg: the place of its segment, of which the origin is set; wait, chosen: as
 * waits() and is_chosen() tell. */
static inline enum sw_status take_frame(struct wire *w,
    const struct frame *frame, struct segment *seg, bool wait, bool chosen)
{
	enum sw_status status = SW_OK;
	struct icmp_error icmp;
	enum net_result what;
	uint64_t fragments = 0;

	if (chosen && w->filter) {
		int passes = filter(w, frame);

		if (passes <= 0)
			return (enum sw_status)passes;
	}
	if (chosen)
		fragments = w->account->counters[ACCOUNT_FRAGMENTS];
	what = net_decode(w->net, frame, seg, &icmp);
	if (chosen && w->options.keeper)
		status = keep(w, frame, what, seg, &icmp, fragments <
		    w->account->counters[ACCOUNT_FRAGMENTS]);
	if (what != NET_SEGMENT)
		return status == SW_OK ? take_other(w, what, &icmp) : status;
	if (status == SW_OK)
		return take_segment(w, seg, wait);
	free(seg->owned);
	return status;
}

/* Capture time has come to that of a frame. */
static inline enum sw_status take_time(struct wire *w,
    const struct origin *at)
{
	if (at->ts_ns <= w->now_ns) /* as SW_NO_TIME is */
		return SW_OK;
	w->now_ns = at->ts_ns;
	return w->now_ns >= w->next_tick_ns ? tick(w, *at) : SW_OK;
}

/* Frames of one block, numbered on from the first. */
static enum sw_status take_frames(struct wire *w, const struct frame *frames,
    size_t count)
{
	const struct frame *f = frames, *end = frames + count;
	const uint32_t part = (uint32_t)(w->traffic.count - 1);
	const bool wait = waits(w), chosen = is_chosen(w);
	struct segment *seg = next_place(w);
	enum sw_status status;

	for (;;) {
		seg->origin = origin_of(w, f, part);
		status = take_time(w, &seg->origin);
		if (status == SW_OK)
			status = take_frame(w, f, seg, wait, chosen);
		if (status != SW_OK || f + 1 == end)
			break;
		f++;
		if (wait)
			seg = next_place(w);
	}
	account_add(w->account, ACCOUNT_FRAMES, (uint64_t)(f + 1 - frames));
	w->last = origin_of(w, f, part);
	if (f->number > w->part_frames)
		w->part_frames = f->number;
	return status;
}

static int take_block(struct wire *w, struct sw_err *err)
{
	struct frame frames[FRAMES];
	int got;

	do {
		enum sw_status status;

		got = capture_take(w->current->capture, frames, FRAMES, err);
		if (got <= 0)
			return got;
		status = frames[0].number == 0 ? take_pause(w, &frames[0]) :
		    take_frames(w, frames, (size_t)got);
		if (status != SW_OK)
			return (int)status;
	} while (!capture_would_block(w->current->capture));
	return 1;
}

int wire_run_block(struct wire *w, struct sw_err *err)
{
	int got = take_block(w, err);
	enum sw_status status = feed_rest(w); /* they lie in the block */

	/* A capture that breaks off may go on as if it had ended: not with
	 * those that were not fed. */
	return status == SW_OK ? got : (int)status;
}
