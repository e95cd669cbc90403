/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.c - the dispatcher: frames of all captures to the shards
 *
 * Theory of operation.  Captures are taken in the order of their first
 * frames; one that begins more than 2 s before the last frame of those before
 * it starts another traffic (RULES: Several files), and all connections end
 * there.  Frames are decoded here and gathered in a batch, which runs when
 * the next frame would need another block of input or would have to be waited
 * for, so that frames never outlive their block and a pipe's sessions are
 * told as they end.  Whenever the capture's time has gone on by a second, all
 * shards get a tick at that frame.
 *
 * What shards finish is put in order of (frame at which the end became
 * certain, first frame): the same however the shards are served.
 */
#include "pipeline/wire.h"

#include <stdlib.h>

#include "base/clock.h"
#include "capture/capture.h"
#include "net/net.h"
#include "pipeline/shard.h"

/* How far a file may begin before the one before it ends. */
#define TRAFFIC_OVERLAP_NS (INT64_C(2) * NS_PER_S)
enum { BATCH = 256 };

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

	struct segment *batch;
	uint8_t *batch_shard;
	size_t batch_count;

	struct wire_finished *ready; /* in order, from ready_next on */
	size_t ready_count, ready_capacity, ready_next;
};

/* --- what is finished ----------------------------------------------------- */

static int compare_finished(const void *a, const void *b)
{
	const struct wire_finished *x = a, *y = b;

	if (x->certain != y->certain)
		return x->certain < y->certain ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return 0;
}

static bool take_from_shard(struct wire *w, struct shard *s)
{
	size_t i;

	for (i = 0; i < s->finished_count; i++) {
		void *ready = w->ready;

		if (!base_grow(&ready, w->ready_count, &w->ready_capacity,
		    sizeof(*w->ready)))
			return false;
		w->ready = ready;
		w->ready[w->ready_count++] = s->finished[i];
		s->finished[i].builder = NULL;
	}
	s->finished_count = 0;
	return true;
}

/* Everything that shards finished up to now, in order. */
static enum sw_status collect(struct wire *w)
{
	size_t i, from;

	if (w->ready_next == w->ready_count)
		w->ready_next = w->ready_count = 0;
	from = w->ready_count;
	for (i = 0; i < SHARD_COUNT; i++) {
		if (w->shards[i].memory ||
		    !take_from_shard(w, &w->shards[i]))
			return SW_ENOMEM;
	}
	if (w->ready_count - from > 1)
		qsort(w->ready + from, w->ready_count - from,
		    sizeof(*w->ready), compare_finished);
	return SW_OK;
}

bool wire_take(struct wire *w, struct wire_finished *f_r)
{
	if (w->ready_next == w->ready_count)
		return false;
	*f_r = w->ready[w->ready_next];
	w->ready[w->ready_next++].builder = NULL;
	return true;
}

/* --- batches and ticks ---------------------------------------------------- */

static enum sw_status run_batch(struct wire *w)
{
	enum sw_status status = SW_OK;
	size_t i;

	for (i = 0; i < w->batch_count; i++) {
		struct segment *seg = &w->batch[i];
		struct shard *s = &w->shards[w->batch_shard[i]];

		if (status == SW_OK) {
			status = tcp_native_ops.feed(s->engine, seg);
			shard_keep_share(s, seg->origin);
		}
		free(seg->owned);
	}
	w->batch_count = 0;
	return status;
}

static enum sw_status tick(struct wire *w, struct origin at)
{
	enum sw_status status = run_batch(w);
	size_t i;

	at.ts_ns = w->now_ns;
	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++) {
		status = tcp_native_ops.tick(w->shards[i].engine, at);
		shard_keep_share(&w->shards[i], at);
	}
	w->next_tick_ns = clock_add(w->now_ns, NS_PER_S);
	return status;
}

static enum sw_status run_icmp(struct wire *w, const struct icmp_error *icmp)
{
	enum sw_status status = run_batch(w);

	if (status != SW_OK)
		return status;
	return tcp_native_ops.icmp(
	    w->shards[tcp_shard_of(&icmp->src, &icmp->dst)].engine, icmp);
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
	if (!w->options.any_port && !port_set_has(&w->ports, seg->src.port) &&
	    !port_set_has(&w->ports, seg->dst.port)) {
		account_add(w->account, ACCOUNT_FRAMES_OTHER_PORT, 1);
		free(seg->owned);
		return SW_OK;
	}
	w->batch_shard[w->batch_count] =
	    (uint8_t)tcp_shard_of(&seg->src, &seg->dst);
	w->batch_count++;
	return w->batch_count == BATCH ? run_batch(w) : SW_OK;
}

static enum sw_status take_frame(struct wire *w, const struct frame *frame)
{
	struct traffic_part *part = &w->traffic.parts[w->traffic.count - 1];
	struct segment *seg = &w->batch[w->batch_count];
	struct icmp_error icmp;
	struct origin origin;

	origin.at = part->base + frame->number;
	origin.ts_ns = to_utc(w, frame->ts_ns);
	origin.part = (uint32_t)(w->traffic.count - 1);
	if (frame->number > part->count)
		part->count = frame->number;
	account_add(w->account, ACCOUNT_FRAMES, 1);
	w->last = origin;
	if (origin.ts_ns != SW_NO_TIME && origin.ts_ns > w->now_ns) {
		w->now_ns = origin.ts_ns;
		if (w->now_ns >= w->next_tick_ns) {
			enum sw_status status = tick(w, origin);

			if (status != SW_OK)
				return status;
			seg = &w->batch[0];
		}
	}
	if (w->filter && !net_filter_match(w->filter, frame, w->account)) {
		account_add(w->account, ACCOUNT_FRAMES_FILTERED, 1);
		return SW_OK;
	}
	switch (net_decode(w->net, frame, origin, seg, &icmp)) {
	case NET_NOTHING:
		return SW_OK;
	case NET_SEGMENT:
		return take_segment(w, seg);
	case NET_ICMP:
		return run_icmp(w, &icmp);
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

/* All connections end; the next capture is another traffic. */
static enum sw_status end_traffic(struct wire *w)
{
	enum sw_status status = run_batch(w);
	size_t i;

	w->last.ts_ns = w->now_ns;
	w->traffic.ended = true;
	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++)
		status = tcp_native_ops.finish(w->shards[i].engine, w->last);
	if (status == SW_OK)
		status = collect(w);
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

static void close_current(struct wire *w)
{
	struct traffic_part *p;

	w->done_octets += w->current->size;
	input_close(w->current);
	w->current = NULL;
	if (w->traffic.count == 0)
		return;
	p = &w->traffic.parts[w->traffic.count - 1];
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
	w->batch = malloc((BATCH + 1) * sizeof(*w->batch));
	w->batch_shard = malloc(BATCH + 1);
	if (!w->batch || !w->batch_shard)
		return SW_ENOMEM;
	net.verify_checksums = w->options.verify_checksums;
	net.ignore_vlan = w->options.ignore_vlan;
	net.secret = w->options.secret;
	status = net_new(&net, w->account, &w->net);
	if (status == SW_OK && w->options.bpf)
		status = net_filter_new(w->options.bpf, &w->filter, err);
	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++)
		status = shard_init(&w->shards[i], &w->options, &w->ports,
		    &w->traffic);
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
	for (i = 0; i < w->batch_count; i++)
		free(w->batch[i].owned);
	/* Before their shards, which keep spare ones. */
	for (i = w->ready_next; i < w->ready_count; i++)
		session_builder_free(&w->ready[i].builder);
	for (i = 0; i < SHARD_COUNT; i++)
		shard_fini(&w->shards[i]);
	for (i = 0; i < w->input_count; i++)
		input_fini(&w->inputs[i]);
	for (i = 0; i < w->traffic.count; i++)
		free(w->traffic.parts[i].name);
	free(w->traffic.parts);
	free(w->inputs);
	free(w->ready);
	free(w->batch);
	free(w->batch_shard);
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

/* An input that breaks off is told as far as it goes, with a warning; one of
 * which nothing could be read is an error. */
static bool as_far_as_it_goes(struct wire *w, const struct sw_err *err)
{
	if (w->traffic.count == 0 ||
	    w->traffic.parts[w->traffic.count - 1].count == 0)
		return false;
	account_note(w->account, ACCOUNT_LIST_WARNINGS,
	    slice_str(err ? err->text : "an input broke off"), 1);
	return true;
}

int wire_step(struct wire *w, struct sw_err *err)
{
	enum sw_status status;
	int got;

	if (!w->current) {
		got = next_input(w, err);
		if (got == 0)
			return end(w);
		if (got < 0)
			return got;
	}
	got = run_block(w, err);
	if (got == SW_EREAD && as_far_as_it_goes(w, err))
		got = 0;
	status = run_batch(w);
	if (status == SW_OK)
		status = collect(w);
	if (got <= 0)
		close_current(w);
	if (status != SW_OK)
		return (int)status;
	return got < 0 ? got : 1;
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
