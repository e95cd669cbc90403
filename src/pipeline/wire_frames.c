/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire_frames.c - each frame of a capture: decoded, kept, and its segment
 * given to its shard, or to the batch that is filled
 */
#include "pipeline/wire_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "tcp/flow.h"

/* libnids is there once: the first shard has it. */
static inline unsigned shard_of(const struct wire *w,
    const struct endpoint *src, const struct endpoint *dst)
{
	return w->options.nids ? 0 : tcp_shard_of(src, dst);
}

/* --- with one thread ------------------------------------------------------ */

static inline enum sw_status feed(struct wire *w, unsigned shard,
    struct segment *seg)
{
	struct shard *s = &w->shards[shard];

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
static enum sw_status keep(struct wire *w, const struct frame *frame,
    enum net_result what, const struct segment *seg,
    const struct icmp_error *icmp, bool fragment)
{
	const struct endpoint *a = NULL, *b = NULL;

	if (what == NET_SEGMENT) {
		a = &seg->src;
		b = &seg->dst;
	} else if (what == NET_ICMP) {
		a = &icmp->src;
		b = &icmp->dst;
	}
	if (!fragment && (!a || !is_wanted(w, a, b)))
		return SW_OK;
	if (!w->options.kept)
		return keeper_add(w->options.keeper, frame, w->last.ts_ns,
		    &w->pending_err);
	return kept_add_frame(w->options.kept, frame, fragment ? KEPT_ANY :
	    kept_key(w->options.kept, a, b), w->last.at + w->traffic.order,
	    w->last.ts_ns, &w->pending_err);
}

/* What the capture says of the frame beside its octets. */
__attribute__((noinline))
static void take_remarks(struct wire *w, const struct segment *seg)
{
	struct frame_remarks r;

	if (capture_remarks(w->current->capture, &r))
		remarks_add(w->traffic.remarks, &seg->src, &seg->dst,
		    seg->origin.at, (seg->flags & (TCP_SYN | TCP_ACK)) ==
		    TCP_SYN, &r);
}

static inline enum sw_status take_segment(struct wire *w,
    struct segment *seg)
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
	if (wire_is_threaded(w))
		return batch_add(w->filling, shard);
	if (w->looks_ahead)
		return ahead_feed(&w->ahead, w->shards, shard, w->stretch);
	return feed(w, shard, seg);
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

/* Where the frame stands in the traffic and in time. */
static inline struct origin origin_of(const struct wire *w,
    const struct frame *frame)
{
	struct origin o;

	o.at = w->part_base + frame->number;
	o.ts_ns = w->part_ahead_ns == 0 ? frame->ts_ns :
	    clock_add(frame->ts_ns, -w->part_ahead_ns);
	o.part = (uint32_t)(w->traffic.count - 1);
	return o;
}

static inline enum sw_status take_frame(struct wire *w,
    const struct frame *frame)
{
	enum sw_status status = SW_OK;
	struct icmp_error icmp;
	struct segment *seg;
	struct origin origin;
	enum net_result what;
	uint64_t fragments;

	if (frame->number == 0)
		return take_pause(w, frame);
	origin = origin_of(w, frame);
	if (frame->number > w->part_frames)
		w->part_frames = frame->number;
	account_add(w->account, ACCOUNT_FRAMES, 1);
	w->last = origin;
	if (origin.ts_ns != SW_NO_TIME && origin.ts_ns > w->now_ns) {
		w->now_ns = origin.ts_ns;
		if (w->now_ns >= w->next_tick_ns)
			status = tick(w, origin);
		if (status != SW_OK)
			return status;
	}
	if (w->filter && !net_filter_match(w->filter, frame, w->account)) {
		if (net_filter_failed(w->filter))
			return SW_ENOMEM;
		account_add(w->account, ACCOUNT_FRAMES_FILTERED, 1);
		return SW_OK;
	}
	seg = wire_is_threaded(w) ? &w->filling->segments[w->filling->count] :
	    ahead_place(&w->ahead);
	fragments = w->account->counters[ACCOUNT_FRAGMENTS];
	what = net_decode(w->net, frame, origin, seg, &icmp);
	if (w->options.keeper)
		status = keep(w, frame, what, seg, &icmp, fragments <
		    w->account->counters[ACCOUNT_FRAGMENTS]);
	if (status != SW_OK) {
		if (what == NET_SEGMENT)
			free(seg->owned);
		return status;
	}
	switch (what) {
	case NET_NOTHING:
		return SW_OK;
	case NET_SEGMENT:
		return take_segment(w, seg);
	case NET_ICMP:
		return take_icmp(w, &icmp);
	case NET_NOMEM:
		break;
	}
	return SW_ENOMEM;
}

static int take_block(struct wire *w, struct sw_err *err)
{
	struct frame frame;
	int got;

	do {
		enum sw_status status;

		got = capture_next(w->current->capture, &frame, err);
		if (got <= 0)
			return got;
		status = take_frame(w, &frame);
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
