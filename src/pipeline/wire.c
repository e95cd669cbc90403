/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.c - the dispatcher: frames of all captures to the shards
 *
 * Theory of operation.  Captures are taken in the order of their first
 * frames; one that begins more than 2 s before the last frame of those before
 * it starts another traffic (RULES: Several files), and all connections end
 * there.  Whenever the capture's time has gone on by a second, all shards get
 * a tick at that frame.
 *
 * Frames are decoded here and gathered in a batch.  With one thread it runs
 * when it is full, and when the next frame would need another block of input
 * or would have to be waited for, so that frames never outlive their block
 * and a pipe's sessions are told as they end.  With several, a batch is a
 * whole stretch of input (STRETCH_BLOCKS blocks, which it holds): its segments
 * are sorted by shard, and shards are the tasks that a crew shares out while
 * the next stretch is read and what the one before finished is told.  Only
 * one batch runs at a time, and all of the crew rests when traffic, parts or
 * shards are touched from here.
 *
 * What shards finish in a stretch is put in order of (frame at which the end
 * became certain, first frame): the same however the shards are served.  It is
 * freed when the next stretch but one begins in its shard: then it has been
 * told, and what a shard has of spare memory, which counts for the limit on
 * memory, depends on the input alone.
 */
#include "pipeline/wire.h"

#include <stdlib.h>

#include "base/clock.h"
#include "capture/capture.h"
#include "net/net.h"
#include "pipeline/crew.h"
#include "pipeline/shard.h"
#include "tcp/flow.h"

/* How far a file may begin before the one before it ends. */
#define TRAFFIC_OVERLAP_NS (INT64_C(2) * NS_PER_S)
enum {
	BATCH = 256, /* segments, with one thread */
	FETCH_AHEAD = 4, /* segments */
	STRETCH_BLOCKS = 4,
	STRETCH_SEGMENTS = 16384,
	SHARD_ICMP = SHARD_COUNT /* added to the shard: an ICMP error */
};

struct input {
	char *name;
	char *tmpdir;
	struct source *source; /* NULL: to be opened again */
	struct capture *capture;
	struct account warnings; /* of the first look, not to be told twice */
	int64_t first_ns;
	size_t order;          /* as given */
	uint64_t size;
};

/* A tick, to be given before a segment of a batch. */
struct mark {
	size_t before;
	struct origin at;
};

/* Segments that were decoded and not yet fed; with several threads those of a
 * stretch, and what else shards must see in its place. */
struct batch {
	struct segment *segments;
	uint8_t *shards;          /* of each; SHARD_ICMP: segments[].seq is
	                             an index into icmps */
	uint32_t *order;          /* with several threads: by shard */
	size_t count, capacity;
	size_t start[SHARD_COUNT + 1]; /* of each shard in order */
	struct mark *marks;
	size_t mark_count, mark_capacity;
	struct icmp_error *icmps;
	size_t icmp_count, icmp_capacity;
	struct source_block *blocks[STRETCH_BLOCKS];
	size_t block_count;
	uint64_t stretch;
};

struct wire {
	struct wire_options options;
	struct account *account;
	struct port_set ports;
	struct net *net;
	struct net_filter *filter;
	struct shard shards[SHARD_COUNT];
	struct traffic traffic;

	struct input *inputs;
	size_t input_count, input_capacity, input_next;
	bool sorted, ended;
	struct input *current;
	uint64_t done_octets;

	int64_t now_ns, next_tick_ns, last_ns;
	uint64_t frames; /* of this traffic */
	struct origin last;

	uint64_t part_frames; /* of the part that is read */

	struct batch batches[2];
	struct batch *filling; /* one of them */
	struct batch *running; /* the other, or NULL */
	struct crew *crew;     /* NULL: one thread, or nothing has run */
	uint8_t tasks[SHARD_COUNT]; /* shards that the running batch feeds */
	enum sw_status failed[SHARD_COUNT];
	uint64_t stretch;
	size_t stretch_blocks, stretch_segments; /* so far */

	struct finished **ready; /* in order, from ready_next on */
	size_t ready_count, ready_capacity, ready_next;
	int pending; /* what wire_step returns when all is taken, or 0 */
	struct sw_err pending_err;
};

/* --- what is finished ----------------------------------------------------- */

static int compare_finished(const void *a, const void *b)
{
	const struct finished *x = *(struct finished *const *)a;
	const struct finished *y = *(struct finished *const *)b;

	if (x->certain != y->certain)
		return x->certain < y->certain ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return 0;
}

static bool take_from_list(struct wire *w, struct finished_list *list)
{
	while (list->taken < list->count) {
		void *ready = w->ready;

		if (!base_grow(&ready, w->ready_count, &w->ready_capacity,
		    sizeof(*w->ready)))
			return false;
		w->ready = ready;
		w->ready[w->ready_count++] = &list->items[list->taken++];
	}
	return true;
}

/* Everything that shards finished in the stretch up to now, in order. */
static enum sw_status collect(struct wire *w, uint64_t stretch)
{
	size_t i, from = w->ready_count;

	for (i = 0; i < SHARD_COUNT; i++) {
		struct shard *s = &w->shards[i];

		if (s->memory)
			return SW_ENOMEM;
		if (s->stretch == stretch && !take_from_list(w,
		    &s->finished[stretch & 1]))
			return SW_ENOMEM;
	}
	if (w->ready_count - from > 1)
		qsort(w->ready + from, w->ready_count - from,
		    sizeof(*w->ready), compare_finished);
	return SW_OK;
}

int wire_take(struct wire *w, struct wire_finished *f_r, struct sw_err *err)
{
	const struct finished *f;

	if (w->ready_next == w->ready_count) {
		w->ready_next = w->ready_count = 0;
		return 0;
	}
	f = w->ready[w->ready_next++];
	f_r->session = session_get(f->builder);
	f_r->certain = f->certain;
	f_r->first = f->first;
	if (f->status == SW_OK)
		return 1;
	if (err && f->error)
		*err = *f->error;
	return (int)f->status;
}

/* --- batches -------------------------------------------------------------- */

static bool is_threaded(const struct wire *w)
{
	return w->options.threads > 1;
}

/* Room for one segment more. */
static bool batch_grow(struct wire *w, struct batch *b)
{
	size_t capacity = !is_threaded(w) ? BATCH :
	    b->capacity ? b->capacity * 2 : 2 * BATCH;
	void *p;

	if (b->count < b->capacity)
		return true;
	p = base_realloc_array(b->segments, capacity,
	    sizeof(*b->segments));
	if (!p)
		return false;
	b->segments = p;
	p = base_realloc_array(b->shards, capacity, sizeof(*b->shards));
	if (!p)
		return false;
	b->shards = p;
	if (is_threaded(w)) {
		p = base_realloc_array(b->order, capacity,
		    sizeof(*b->order));
		if (!p)
			return false;
		b->order = p;
	}
	b->capacity = capacity;
	return true;
}

static void batch_empty(struct batch *b)
{
	while (b->block_count > 0)
		source_block_release(&b->blocks[--b->block_count]);
	b->count = b->mark_count = b->icmp_count = 0;
}

static void batch_fini(struct batch *b)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		free(b->segments[i].owned);
	batch_empty(b);
	free(b->segments);
	free(b->shards);
	free(b->order);
	free(b->marks);
	free(b->icmps);
}

static enum sw_status feed(struct shard *s, struct segment *seg)
{
	enum sw_status status = tcp_native_ops.feed(s->engine, seg);

	shard_keep_share(s, seg->origin);
	free(seg->owned);
	seg->owned = NULL;
	return status;
}

static enum sw_status tick_shard(struct shard *s, struct origin at)
{
	enum sw_status status = tcp_native_ops.tick(s->engine, at);

	shard_keep_share(s, at);
	return status;
}

/* --- with one thread ------------------------------------------------------ */

/* A thousand connections take turns: until its next segment each has left
 * the processor's cache. */
static inline void fetch_flow(struct wire *w, const struct batch *b, size_t i)
{
	tcp_native_ops.fetch(w->shards[b->shards[i]].engine, &b->segments[i]);
}

static enum sw_status run_batch(struct wire *w)
{
	struct batch *b = w->filling;
	enum sw_status status = SW_OK;
	size_t i;

	for (i = 0; i < b->count && status == SW_OK; i++) {
		struct shard *s = &w->shards[b->shards[i]];

		if (i + FETCH_AHEAD < b->count)
			fetch_flow(w, b, i + FETCH_AHEAD);
		shard_begin(s, w->stretch);
		status = feed(s, &b->segments[i]);
	}
	for (; i < b->count; i++)
		free(b->segments[i].owned);
	b->count = 0;
	return status;
}

static enum sw_status tick_all(struct wire *w, struct origin at)
{
	enum sw_status status = run_batch(w);
	size_t i;

	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++) {
		shard_begin(&w->shards[i], w->stretch);
		status = tick_shard(&w->shards[i], at);
	}
	return status;
}

static enum sw_status run_icmp(struct wire *w, const struct icmp_error *icmp)
{
	enum sw_status status = run_batch(w);
	struct shard *s = &w->shards[tcp_shard_of(&icmp->src, &icmp->dst)];

	if (status != SW_OK)
		return status;
	shard_begin(s, w->stretch);
	return tcp_native_ops.icmp(s->engine, icmp);
}

/* --- with several --------------------------------------------------------- */

static enum sw_status add_mark(struct batch *b, struct origin at)
{
	void *marks = b->marks;

	if (!base_grow(&marks, b->mark_count, &b->mark_capacity,
	    sizeof(*b->marks)))
		return SW_ENOMEM;
	b->marks = marks;
	b->marks[b->mark_count].before = b->count;
	b->marks[b->mark_count++].at = at;
	return SW_OK;
}

/* There is room for a segment, whose place it takes. */
static enum sw_status add_icmp(struct batch *b, const struct icmp_error *icmp)
{
	void *icmps = b->icmps;

	if (!base_grow(&icmps, b->icmp_count, &b->icmp_capacity,
	    sizeof(*b->icmps)))
		return SW_ENOMEM;
	b->icmps = icmps;
	b->segments[b->count].owned = NULL;
	b->segments[b->count].seq = (uint32_t)b->icmp_count;
	b->shards[b->count++] = (uint8_t)(SHARD_ICMP +
	    tcp_shard_of(&icmp->src, &icmp->dst));
	b->icmps[b->icmp_count++] = *icmp;
	return SW_OK;
}

static void sort_by_shard(struct batch *b)
{
	size_t at[SHARD_COUNT], i;

	memset(b->start, 0, sizeof(b->start));
	for (i = 0; i < b->count; i++)
		b->start[b->shards[i] % SHARD_COUNT + 1]++;
	for (i = 0; i < SHARD_COUNT; i++) {
		b->start[i + 1] += b->start[i];
		at[i] = b->start[i];
	}
	for (i = 0; i < b->count; i++)
		b->order[at[b->shards[i] % SHARD_COUNT]++] = (uint32_t)i;
}

/* One of a batch; what is left after a failure is freed with it. */
static enum sw_status run_one(struct batch *b, struct shard *s, size_t i)
{
	if (b->shards[i] < SHARD_ICMP)
		return feed(s, &b->segments[i]);
	return tcp_native_ops.icmp(s->engine,
	    &b->icmps[b->segments[i].seq]);
}

/* A shard's share of the running batch; in any thread. */
static enum sw_status run_share(struct batch *b, struct shard *s,
    const uint32_t *from, const uint32_t *end)
{
	enum sw_status status = SW_OK;
	size_t mark = 0;

	shard_begin(s, b->stretch);
	for (; status == SW_OK; from++) {
		size_t i = from < end ? *from : b->count;

		for (; mark < b->mark_count && b->marks[mark].before <= i &&
		    status == SW_OK; mark++)
			status = tick_shard(s, b->marks[mark].at);
		if (from == end || status != SW_OK)
			break;
		status = run_one(b, s, i);
	}
	return status;
}

static void run_task(void *ctx, unsigned task)
{
	struct wire *w = ctx;
	struct batch *b = w->running;
	size_t i = w->tasks[task];

	w->failed[i] = run_share(b, &w->shards[i], b->order + b->start[i],
	    b->order + b->start[i + 1]);
}

/* Nothing runs when this returns. */
static enum sw_status join(struct wire *w)
{
	struct batch *b = w->running;
	enum sw_status status = SW_OK;
	size_t i;

	if (!b)
		return SW_OK;
	crew_join(w->crew);
	w->running = NULL;
	for (i = 0; i < SHARD_COUNT; i++)
		if (w->failed[i] != SW_OK)
			status = w->failed[i];
	for (i = 0; i < b->count && status != SW_OK; i++)
		free(b->segments[i].owned);
	batch_empty(b);
	return status == SW_OK ? collect(w, b->stretch) : status;
}

/* What was filled runs from now on; the other is filled next. */
static enum sw_status start(struct wire *w)
{
	struct batch *b = w->filling;
	unsigned count = 0;
	size_t i;

	if (!w->crew && crew_new(w->options.threads - 1, run_task, w,
	    &w->crew) != SW_OK)
		return SW_ENOMEM;
	b->stretch = w->stretch;
	sort_by_shard(b);
	for (i = 0; i < SHARD_COUNT; i++) {
		w->failed[i] = SW_OK;
		if (b->start[i + 1] > b->start[i] || b->mark_count > 0)
			w->tasks[count++] = (uint8_t)i;
	}
	w->running = b;
	w->filling = &w->batches[b == w->batches];
	crew_start(w->crew, count);
	return SW_OK;
}

/* --- with any number ------------------------------------------------------ */

/* The stretch goes on with what is told at once; with several threads it is
 * over: it is run, behind the one before it. */
static enum sw_status run_filled(struct wire *w)
{
	enum sw_status status;

	if (!is_threaded(w)) {
		status = run_batch(w);
		return status == SW_OK ? collect(w, w->stretch) : status;
	}
	status = join(w);
	return status == SW_OK ? start(w) : status;
}

/* All that was read is done. */
static enum sw_status run_all(struct wire *w)
{
	enum sw_status status = run_filled(w);

	if (status == SW_OK && is_threaded(w))
		status = join(w);
	return status;
}

static void next_stretch(struct wire *w)
{
	w->stretch++;
	w->stretch_blocks = w->stretch_segments = 0;
}

/* At the end of a block: the same with any number of threads. */
static bool is_stretch_over(const struct wire *w)
{
	return w->stretch_blocks >= STRETCH_BLOCKS ||
	    w->stretch_segments >= STRETCH_SEGMENTS ||
	    source_is_stream(w->current->source);
}

static enum sw_status tick(struct wire *w, struct origin at)
{
	at.ts_ns = w->now_ns;
	w->next_tick_ns = clock_add(w->now_ns, NS_PER_S);
	return is_threaded(w) ? add_mark(w->filling, at) : tick_all(w, at);
}

/* --- frames --------------------------------------------------------------- */

static int64_t to_utc(const struct wire *w, int64_t ts_ns)
{
	const struct traffic_part *p =
	    &w->traffic.parts[w->traffic.count - 1];

	if (p->clock.zone != SW_ZONE_OFFSET || ts_ns == SW_NO_TIME)
		return ts_ns;
	return clock_add(ts_ns, -(int64_t)w->options.tz_offset_s * NS_PER_S);
}

static enum sw_status take_segment(struct wire *w, struct segment *seg)
{
	struct batch *b = w->filling;
	unsigned shard;

	if (!w->options.any_port && !port_set_has(&w->ports, seg->src.port) &&
	    !port_set_has(&w->ports, seg->dst.port)) {
		account_add(w->account, ACCOUNT_FRAMES_OTHER_PORT, 1);
		free(seg->owned);
		return SW_OK;
	}
	shard = tcp_shard_of(&seg->src, &seg->dst);
	b->shards[b->count] = (uint8_t)shard;
	seg->hashed = false;
	if (!is_threaded(w))
		tcp_native_ops.locate(w->shards[shard].engine, seg);
	b->count++;
	w->stretch_segments++;
	if (b->count < b->capacity)
		return SW_OK;
	if (!is_threaded(w))
		return run_batch(w);
	return batch_grow(w, b) ? SW_OK : SW_ENOMEM;
}

static enum sw_status take_icmp(struct wire *w, const struct icmp_error *icmp)
{
	struct batch *b = w->filling;
	enum sw_status status;

	if (!is_threaded(w))
		return run_icmp(w, icmp);
	status = add_icmp(b, icmp);
	return status == SW_OK && !batch_grow(w, b) ? SW_ENOMEM : status;
}

static enum sw_status take_frame(struct wire *w, const struct frame *frame)
{
	struct traffic_part *part = &w->traffic.parts[w->traffic.count - 1];
	struct icmp_error icmp;
	struct segment *seg;
	struct origin origin;

	origin.at = part->base + frame->number;
	origin.ts_ns = to_utc(w, frame->ts_ns);
	origin.part = (uint32_t)(w->traffic.count - 1);
	if (frame->number > w->part_frames)
		w->part_frames = frame->number;
	account_add(w->account, ACCOUNT_FRAMES, 1);
	w->last = origin;
	if (origin.ts_ns != SW_NO_TIME && origin.ts_ns > w->now_ns) {
		w->now_ns = origin.ts_ns;
		if (w->now_ns >= w->next_tick_ns) {
			enum sw_status status = tick(w, origin);

			if (status != SW_OK)
				return status;
		}
	}
	if (w->filter && !net_filter_match(w->filter, frame, w->account)) {
		account_add(w->account, ACCOUNT_FRAMES_FILTERED, 1);
		return SW_OK;
	}
	seg = &w->filling->segments[w->filling->count];
	switch (net_decode(w->net, frame, origin, seg, &icmp)) {
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

/* --- captures ------------------------------------------------------------- */

static void input_close(struct input *in)
{
	capture_free(&in->capture);
	source_free(&in->source);
}

static int compare_inputs(const void *a, const void *b)
{
	const struct input *x = a, *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Time of the first frame, for the order; SW_NO_TIME: none.  A file that can
 * be opened again is read a second time, everything else keeps its frame. */
static enum sw_status look_at_first(struct input *in, bool reopen,
    struct account *account, struct sw_err *err)
{
	struct frame frame;
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
	in->first_ns = got > 0 ? frame.ts_ns : INT64_MAX;
	in->size = source_size(in->source);
	(void)account;
	input_close(in);
	return got < 0 ? (enum sw_status)got : SW_OK;
}

static void input_fini(struct input *in)
{
	input_close(in);
	account_fini(&in->warnings);
	free(in->name);
	free(in->tmpdir);
}

enum sw_status wire_add(struct wire *w, struct source **sp, bool reopen,
    const char *tmpdir, struct sw_err *err)
{
	void *inputs = w->inputs;
	struct input *in;
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
	in->name = strdup(source_name(in->source));
	in->tmpdir = tmpdir ? strdup(tmpdir) : NULL;
	status = in->name && (!tmpdir || in->tmpdir) ?
	    look_at_first(in, reopen, w->account, err) : SW_ENOMEM;
	if (status != SW_OK) {
		input_fini(in);
		return status;
	}
	w->input_count++;
	return SW_OK;
}

/* All connections end; the next capture is another traffic.  Nothing runs and
 * nothing is left to run. */
static enum sw_status end_traffic(struct wire *w)
{
	enum sw_status status = SW_OK;
	size_t i;

	w->last.ts_ns = w->now_ns;
	w->traffic.ended = true;
	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++) {
		shard_begin(&w->shards[i], w->stretch);
		status = tcp_native_ops.finish(w->shards[i].engine, w->last);
	}
	if (status == SW_OK)
		status = collect(w, w->stretch);
	next_stretch(w);
	for (i = 0; i < w->traffic.count; i++)
		free(w->traffic.parts[i].name);
	w->traffic.order += w->frames;
	w->traffic.count = 0;
	w->traffic.ended = false;
	w->frames = 0;
	w->now_ns = w->last_ns = INT64_MIN;
	w->next_tick_ns = INT64_MIN;
	return status;
}

static enum sw_status add_part(struct wire *w, const struct input *in)
{
	void *parts = w->traffic.parts;
	struct traffic_part *p;

	if (!base_grow(&parts, w->traffic.count, &w->traffic.capacity,
	    sizeof(*w->traffic.parts)))
		return SW_ENOMEM;
	w->traffic.parts = parts;
	p = &w->traffic.parts[w->traffic.count];
	memset(p, 0, sizeof(*p));
	p->name = strdup(in->name);
	if (!p->name)
		return SW_ENOMEM;
	p->base = w->frames;
	p->count = TRAFFIC_PART_OPEN;
	w->part_frames = 0;
	p->format = capture_describe(in->capture, &p->clock);
	if (p->clock.zone == SW_ZONE_LOCAL && w->options.tz_known) {
		p->clock.zone = SW_ZONE_OFFSET;
		p->clock.offset_s = w->options.tz_offset_s;
	}
	w->traffic.count++;
	return SW_OK;
}

static enum sw_status open_input(struct wire *w, struct input *in,
    struct sw_err *err)
{
	enum sw_status status = SW_OK;

	if (!in->source)
		status = source_open(in->name, in->tmpdir, &in->source, err);
	if (status == SW_OK)
		status = capture_open(in->source, w->account, &in->capture,
		    err);
	if (status != SW_OK)
		return status;
	if (w->traffic.count > 0 && in->first_ns != SW_NO_TIME &&
	    w->now_ns != INT64_MIN &&
	    in->first_ns < clock_add(w->now_ns, -TRAFFIC_OVERLAP_NS))
		status = end_traffic(w);
	return status == SW_OK ? add_part(w, in) : status;
}

/* Nothing runs. */
static void close_current(struct wire *w)
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

/* 1: a capture is open; 0: there is none left. */
static int next_input(struct wire *w, struct sw_err *err)
{
	enum sw_status status;

	if (!w->sorted && w->input_count > 1)
		qsort(w->inputs, w->input_count, sizeof(*w->inputs),
		    compare_inputs);
	w->sorted = true;
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

/* --- the wire ------------------------------------------------------------- */

static enum sw_status init_parts(struct wire *w, struct sw_err *err)
{
	struct net_options net = { 0 };
	enum sw_status status;
	size_t i;

	for (i = 0; i < w->options.port_count; i++) {
		uint16_t p = w->options.ports[i];

		w->ports.bits[p >> 3] |= (uint8_t)(1u << (p & 7));
	}
	if (w->options.threads > SHARD_COUNT)
		w->options.threads = SHARD_COUNT;
	w->filling = &w->batches[0];
	if (!batch_grow(w, &w->batches[0]) ||
	    (is_threaded(w) && !batch_grow(w, &w->batches[1])))
		return SW_ENOMEM;
	net.verify_checksums = w->options.verify_checksums;
	net.ignore_vlan = w->options.ignore_vlan;
	net.secret = w->options.secret;
	status = net_new(&net, w->account, &w->net);
	if (status == SW_OK && w->options.bpf)
		status = net_filter_new(w->options.bpf, &w->filter, err);
	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++)
		status = shard_init(&w->shards[i], (unsigned)i, &w->options,
		    &w->ports, &w->traffic);
	return status;
}

enum sw_status wire_new(const struct wire_options *options,
    struct account *account, struct wire **w_r, struct sw_err *err)
{
	struct wire *w = calloc(1, sizeof(*w));
	enum sw_status status;

	*w_r = NULL;
	if (!w)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	w->options = *options;
	w->account = account;
	w->now_ns = w->last_ns = w->next_tick_ns = INT64_MIN;
	status = init_parts(w, err);
	if (status != SW_OK) {
		if (status == SW_ENOMEM)
			base_error_set(err, status, "out of memory");
		wire_free(&w);
		return status;
	}
	*w_r = w;
	return SW_OK;
}

void wire_free(struct wire **wp)
{
	struct wire *w = *wp;
	size_t i;

	if (!w)
		return;
	*wp = NULL;
	crew_free(&w->crew); /* what runs is done first */
	batch_fini(&w->batches[0]);
	batch_fini(&w->batches[1]);
	for (i = 0; i < SHARD_COUNT; i++)
		shard_fini(&w->shards[i]);
	for (i = 0; i < w->input_count; i++)
		input_fini(&w->inputs[i]);
	for (i = 0; i < w->traffic.count; i++)
		free(w->traffic.parts[i].name);
	free(w->traffic.parts);
	free(w->inputs);
	free(w->ready);
	net_filter_free(&w->filter);
	net_free(&w->net);
	free(w);
}

/* The end of all captures. */
static int end(struct wire *w)
{
	enum sw_status status;
	size_t i;

	if (w->ended)
		return 0;
	w->ended = true;
	net_finish(w->net);
	status = end_traffic(w);
	for (i = 0; i < SHARD_COUNT; i++) {
		account_merge(w->account, &w->shards[i].account);
		account_fini(&w->shards[i].account);
	}
	return status == SW_OK ? 0 : (int)status;
}

/* Frames until the block ends; 1: more, 0: the capture's end. */
static int run_block(struct wire *w, struct sw_err *err)
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

/* With several threads: blocks until the stretch is over. */
static int fill_stretch(struct wire *w, struct sw_err *err)
{
	struct batch *b = w->filling;
	int got;

	do {
		got = run_block(w, err);
		b->blocks[b->block_count++] = capture_hold(
		    w->current->capture);
		w->stretch_blocks++;
	} while (got > 0 && !is_stretch_over(w));
	return got;
}

/* An input that breaks off is told as far as it goes, with a warning; one of
 * which nothing could be read is an error. */
static bool as_far_as_it_goes(struct wire *w, const struct sw_err *err)
{
	if (w->traffic.count == 0 || w->part_frames == 0)
		return false;
	account_note(w->account, ACCOUNT_LIST_WARNINGS,
	    slice_str(err->text), 1);
	return true;
}

/* A failure that concerns one capture is told behind the sessions before
 * it. */
static int put_off(struct wire *w, int got)
{
	if (got != SW_EREAD && got != SW_EFORMAT)
		return got;
	w->pending = got;
	return 1;
}

/* Read a block or a stretch of the current capture, and run it. */
static int read_on(struct wire *w)
{
	struct sw_err *err = &w->pending_err;
	enum sw_status status;
	int got;

	if (is_threaded(w)) {
		got = fill_stretch(w, err);
	} else {
		got = run_block(w, err);
		w->stretch_blocks++;
	}
	if (got == SW_EREAD && as_far_as_it_goes(w, err))
		got = 0;
	if (got <= 0 || source_is_stream(w->current->source))
		status = run_all(w);
	else
		status = run_filled(w);
	if (status != SW_OK)
		return (int)status;
	if (got <= 0 || is_stretch_over(w))
		next_stretch(w);
	if (got <= 0)
		close_current(w);
	return put_off(w, got);
}

/* What was put off, if anything. */
static int take_pending(struct wire *w, struct sw_err *err)
{
	int got = w->pending;

	w->pending = 0;
	if (got != 0 && err)
		*err = w->pending_err;
	return got;
}

int wire_step(struct wire *w, struct sw_err *err)
{
	int got = take_pending(w, err);

	w->ready_next = w->ready_count = 0;
	if (got != 0)
		return got;
	if (!w->current) {
		got = next_input(w, err);
		if (got == 0)
			return end(w);
		if (got < 0)
			return got;
	}
	got = read_on(w);
	if (got < 0 && err)
		*err = w->pending_err;
	return got == 0 ? 1 : got;
}

void wire_progress(const struct wire *w, uint64_t *done_r,
    uint64_t *total_r)
{
	uint64_t size = 0, total = 0;
	size_t i;

	*done_r = w->done_octets;
	if (w->current && w->current->source)
		*done_r += source_position(w->current->source, &size);
	for (i = 0; i < w->input_count; i++)
		total += w->inputs[i].size;
	*total_r = total ? total : size;
}
