/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire_files.c - several captures as traffic
 *
 * Captures are taken in the order of their first frames; one that begins more
 * than TRAFFIC_OVERLAP_NS before the last frame of those before it starts
 * another traffic (RULES: Several files), and all connections end there.
 * With several threads the next capture is opened and read while shards still
 * get what was last of the one before.
 */
#include "pipeline/wire_internal.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/clock.h"

/* How far a file may begin before the one before it ends. */
#define TRAFFIC_OVERLAP_NS (INT64_C(2) * NS_PER_S)

static void input_close(struct wire_input *in)
{
	capture_free(&in->capture);
	source_free(&in->source);
}

static int compare_inputs(const void *a, const void *b)
{
	const struct wire_input *x = a, *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The clock of a capture that is open; one of local times with its zone. */
static struct sw_clock clock_of(const struct wire_input *in,
    const char **format_r)
{
	struct sw_clock c;

	*format_r = capture_describe(in->capture, &c);
	if (c.zone == SW_ZONE_LOCAL && in->tz_known) {
		c.zone = SW_ZONE_OFFSET;
		c.offset_s = in->tz_offset_s;
	}
	return c;
}

/* How far its times are ahead of UTC. */
static int64_t ahead_ns(const struct wire_input *in,
    const struct sw_clock *clock)
{
	return clock->zone == SW_ZONE_OFFSET ?
	    (int64_t)in->tz_offset_s * NS_PER_S : 0;
}

/* Time of the first frame, for the order; SW_NO_TIME: none.  A file that can
 * be opened again is read a second time, everything else keeps its frame. */
static enum sw_status look_at_first(struct wire_input *in, bool reopen,
    struct account *account, struct sw_err *err)
{
	struct frame frame;
	struct sw_clock clock;
	const char *format;
	enum sw_status status;
	int got;

	if (!reopen) {
		in->first_ns = INT64_MIN;
		return SW_OK;
	}
	status = capture_open(in->source, &in->warnings, &in->capture, err);
	if (status != SW_OK)
		return status;
	got = capture_next(in->capture, &frame, err);
	in->first_ns = INT64_MAX;
	if (got > 0) {
		clock = clock_of(in, &format);
		in->first_ns = clock_add(frame.ts_ns, -ahead_ns(in, &clock));
	}
	in->size = source_size(in->source);
	(void)account;
	input_close(in);
	return got < 0 ? (enum sw_status)got : SW_OK;
}

void wire_input_fini(struct wire_input *in)
{
	input_close(in);
	account_fini(&in->warnings);
	source_place_fini(&in->place);
}

enum sw_status wire_add(struct wire *w, struct source **sp, bool reopen,
    bool tz_known, int32_t tz_offset_s,
    struct sw_err *err)
{
	void *inputs = w->inputs;
	struct wire_input *in;
	enum sw_status status;

	if (!base_grow(&inputs, w->input_count, &w->input_capacity,
	    sizeof(*w->inputs)))
		return SW_ENOMEM;
	w->inputs = inputs;
	in = &w->inputs[w->input_count];
	memset(in, 0, sizeof(*in));
	account_init(&in->warnings);
	in->source = *sp;
	*sp = NULL;
	in->order = w->input_count;
	in->tz_known = tz_known;
	in->tz_offset_s = tz_offset_s;
	status = source_place_init(&in->place, in->source);
	if (status == SW_OK)
		status = look_at_first(in, reopen, w->account, err);
	if (status != SW_OK) {
		wire_input_fini(in);
		return status;
	}
	w->input_count++;
	return SW_OK;
}

enum sw_status wire_add_live(struct wire *w, struct capture **c,
    const char *name)
{
	void *inputs = w->inputs;
	struct wire_input *in;

	if (!base_grow(&inputs, w->input_count, &w->input_capacity,
	    sizeof(*w->inputs)))
		return SW_ENOMEM;
	w->inputs = inputs;
	in = &w->inputs[w->input_count];
	memset(in, 0, sizeof(*in));
	account_init(&in->warnings);
	in->place.name = strdup(name);
	if (!in->place.name)
		return SW_ENOMEM;
	in->first_ns = INT64_MIN;
	in->order = w->input_count++;
	in->capture = *c;
	*c = NULL;
	return SW_OK;
}

/* Have sessions that are open so much that it must not be taken twice?  What
 * they make of it at their end is in this thread's memory, which the C library
 * keeps apart from that of others, where they held it. */
static bool is_trimmed(const struct wire *w)
{
	uint64_t held = 0;
	size_t i;

	for (i = 0; i < SHARD_COUNT; i++)
		held += w->shards[i].held;
	return wire_is_threaded(w) && held > wire_memory(w) / 8;
}

enum sw_status wire_end_traffic(struct wire *w)
{
	enum sw_status status = SW_OK;
	bool trims = is_trimmed(w);
	size_t i;

	w->last.ts_ns = w->now_ns;
	w->traffic.ended = true;
	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++) {
		shard_begin(&w->shards[i], w->stretch);
		status = w->shards[i].tcp->finish(w->shards[i].engine,
		    w->last);
		if (trims)
			malloc_trim(0);
	}
	if (status == SW_OK)
		status = wire_collect(w, w->stretch);
	wire_next_stretch(w);
	for (i = 0; i < w->traffic.count; i++)
		free(w->traffic.parts[i].name);
	w->traffic.order += w->frames;
	w->traffic.count = 0;
	remarks_clear(w->traffic.remarks);
	w->traffic.ended = false;
	w->frames = 0;
	w->now_ns = w->last_ns = INT64_MIN;
	w->next_tick_ns = INT64_MIN;
	return status;
}

static enum sw_status add_part(struct wire *w, const struct wire_input *in)
{
	struct traffic_part *p = &w->traffic.parts[w->traffic.count];

	memset(p, 0, sizeof(*p));
	p->name = strdup(in->place.name);
	if (!p->name)
		return SW_ENOMEM;
	p->base = w->frames;
	p->count = TRAFFIC_PART_OPEN;
	w->part_frames = 0;
	p->clock = clock_of(in, &p->format);
	w->part_base = p->base;
	w->part_remarks = capture_has_remarks(in->capture);
	w->part_ahead_ns = ahead_ns(in, &p->clock);
	w->traffic.count++;
	return SW_OK;
}

/* What runs is told first, and so is what ends now. */
static enum sw_status begin_traffic(struct wire *w)
{
	enum sw_status status = wire_join(w);

	return status == SW_OK ? wire_end_traffic(w) : status;
}

/* Does it begin before those before it ended? */
static bool is_another_traffic(const struct wire *w,
    const struct wire_input *in)
{
	return w->traffic.count > 0 && in->first_ns != SW_NO_TIME &&
	    w->now_ns != INT64_MIN &&
	    in->first_ns < clock_add(w->now_ns, -TRAFFIC_OVERLAP_NS);
}

static enum sw_status open_input(struct wire *w, struct wire_input *in,
    struct sw_err *err)
{
	enum sw_status status = SW_OK;

	if (!in->source && !in->capture)
		status = source_open_place(&in->place, &in->source, err);
	if (status == SW_OK && !in->capture)
		status = capture_open(in->source, w->account, &in->capture,
		    err);
	if (status != SW_OK)
		return status;
	if (is_another_traffic(w, in))
		status = begin_traffic(w);
	return status == SW_OK ? add_part(w, in) : status;
}

void wire_close_input(struct wire *w)
{
	struct traffic_part *p;

	w->done_octets += w->current->size;
	input_close(w->current);
	w->current = NULL;
	if (w->traffic.count == 0)
		return;
	p = &w->traffic.parts[w->traffic.count - 1];
	p->count = w->part_frames;
	w->frames = p->base + p->count;
}

/* In order, and room for the parts of the traffic, which stay where they
 * are: shards look at them. */
static enum sw_status sort_inputs(struct wire *w, struct sw_err *err)
{
	if (w->input_count > 1)
		qsort(w->inputs, w->input_count, sizeof(*w->inputs),
		    compare_inputs);
	w->sorted = true;
	w->traffic.parts = calloc(w->input_count + 1,
	    sizeof(*w->traffic.parts));
	return w->traffic.parts ? SW_OK :
	    base_error_set(err, SW_ENOMEM, "out of memory");
}

int wire_next_input(struct wire *w, struct sw_err *err)
{
	enum sw_status status;

	if (!w->sorted) {
		status = sort_inputs(w, err);
		if (status != SW_OK)
			return (int)status;
	}
	if (w->input_next == w->input_count)
		return 0;
	w->current = &w->inputs[w->input_next++];
	status = open_input(w, w->current, err);
	if (status != SW_OK) {
		input_close(w->current);
		w->current = NULL;
		return (int)status;
	}
	return 1;
}
