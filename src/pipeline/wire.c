/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.c - the dispatcher: frames of all captures to the shards
 *
 * Theory of operation.  Captures are read one after the other (wire_files.c).
 * Whenever the capture's time has gone on by a second, all shards get a tick
 * at that frame.
 *
 * Frames are decoded in wire_frames.c.  With one thread each goes to its shard
 * at once.  With several, a batch is a whole stretch of input (STRETCH_BLOCKS
 * blocks, which it holds): its segments are sorted by shard, and shards are
 * the tasks that a crew shares out while the next stretch is read and what the
 * one before finished is collected and told.  Only one batch runs at a time,
 * and all of the crew rests when traffic, parts or shards are touched from
 * here, but for the lists of what the stretch before it finished.
 *
 * What shards finish in a stretch is put in order of (frame at which the end
 * became certain, first frame): the same however the shards are served.  It is
 * freed when it was told, but for a few small sessions: these when the next
 * stretch but one begins in their shard, so that what it has of spare memory,
 * which counts for the limit on memory, depends on the input alone.  If what a
 * batch finished takes much, it is told before the next batch runs.
 */
#include "pipeline/wire_internal.h"

#include <stdlib.h>

enum { STRETCH_SEGMENTS = 16384 };

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

static void sort_ready(struct wire *w, size_t from)
{
	if (w->ready_count - from > 1)
		qsort(w->ready + from, w->ready_count - from,
		    sizeof(*w->ready), compare_finished);
}

enum sw_status wire_collect(struct wire *w, uint64_t stretch)
{
	size_t i, from = w->ready_count;
	uint64_t held = 0;

	for (i = 0; i < SHARD_COUNT; i++) {
		struct shard *s = &w->shards[i];

		held += s->held;
		if (s->memory)
			return SW_ENOMEM;
		if (s->stretch == stretch && !take_from_list(w,
		    &s->finished[stretch & 1]))
			return SW_ENOMEM;
	}
	w->looks_ahead = held >= AHEAD_HELD;
	sort_ready(w, from);
	return SW_OK;
}

int wire_take(struct wire *w, struct wire_finished *f_r, struct sw_err *err)
{
	const struct finished *f;

	if (w->ready_next == w->ready_count)
		return 0;
	f = w->ready[w->ready_next++];
	f_r->session = session_get(f->builder);
	f_r->certain = f->certain;
	f_r->first = f->first;
	if (w->options.kept && kept_add_session(w->options.kept, f->key,
	    f->first, f->last) != SW_OK)
		return SW_ENOMEM;
	if (f->status == SW_OK)
		return 1;
	if (err && f->error)
		*err = *f->error;
	return (int)f->status;
}

/* --- with several --------------------------------------------------------- */

/* A shard's share of the running batch; in any thread. */
static void run_task(void *ctx, unsigned task)
{
	struct wire *w = ctx;
	unsigned i = w->tasks[task];

	w->failed[i] = batch_run(w->running, &w->shards[i], i);
}

/* The crew rests.  *ran_r: what is done, to be collected; NULL: nothing ran, or
 * it failed. */
static enum sw_status rest(struct wire *w, struct batch **ran_r)
{
	struct batch *b = w->running;
	enum sw_status status = SW_OK;
	size_t i;

	*ran_r = NULL;
	if (!b)
		return SW_OK;
	crew_join(w->crew);
	w->running = NULL;
	for (i = 0; i < SHARD_COUNT; i++)
		if (w->failed[i] != SW_OK)
			status = w->failed[i];
	if (status == SW_OK) {
		*ran_r = b;
	} else {
		batch_drop(b);
		batch_empty(b);
	}
	return status;
}

/* What the shards of a batch finished; it is empty then.  Of the shards only
 * those lists are touched that the next batch leaves alone: it may run. */
static enum sw_status collect_batch(struct wire *w, struct batch *b)
{
	enum sw_status status = SW_OK;
	size_t from = w->ready_count;
	unsigned i;

	if (!b)
		return SW_OK;
	for (i = 0; i < SHARD_COUNT && status == SW_OK; i++)
		if (batch_concerns(b, i) && !take_from_list(w,
		    &w->shards[i].finished[b->stretch & 1]))
			status = SW_ENOMEM;
	batch_empty(b);
	sort_ready(w, from);
	return status;
}

/* What was filled runs from now on; the other is filled next. */
static enum sw_status start(struct wire *w)
{
	struct batch *b = w->filling;
	unsigned count = 0, i;

	w->due = false;
	if (!w->crew && crew_new(w->options.threads - 1, run_task, w,
	    &w->crew) != SW_OK)
		return SW_ENOMEM;
	for (i = 0; i < SHARD_COUNT; i++) {
		w->failed[i] = SW_OK;
		if (batch_concerns(b, i))
			w->tasks[count++] = (uint8_t)i;
	}
	w->running = b;
	w->filling = &w->batches[b == w->batches];
	crew_start(w->crew, count);
	return SW_OK;
}

enum sw_status wire_join(struct wire *w)
{
	struct batch *ran;
	enum sw_status status = w->due ? start(w) : SW_OK;

	if (status == SW_OK)
		status = rest(w, &ran);
	return status == SW_OK ? collect_batch(w, ran) : status;
}

/* Does what a batch finished, and will be freed when it is told, take much? */
static bool is_much(const struct wire *w, const struct batch *ran)
{
	uint64_t octets = 0;
	size_t i;

	for (i = 0; ran && i < SHARD_COUNT; i++)
		octets += w->shards[i].finished[ran->stretch & 1].octets;
	return octets > wire_memory(w) / 16;
}

/* What was filled runs, behind what ran. */
static enum sw_status run_batch(struct wire *w)
{
	enum sw_status status;
	struct batch *ran;

	w->filling->stretch = w->stretch;
	batch_sort(w->filling); /* while the one before it runs */
	status = rest(w, &ran);
	if (status != SW_OK)
		return status;
	if (is_much(w, ran))
		w->due = true;
	else
		status = start(w);
	return status == SW_OK ? collect_batch(w, ran) : status;
}

/* --- with any number ------------------------------------------------------ */

/* The stretch goes on with what is told at once; with several threads it is
 * over: it is run, behind the one before it. */
static enum sw_status run_filled(struct wire *w)
{
	return wire_is_threaded(w) ? run_batch(w) :
	    wire_collect(w, w->stretch);
}

/* All that was read is done. */
static enum sw_status run_all(struct wire *w)
{
	enum sw_status status = run_filled(w);

	if (status == SW_OK && wire_is_threaded(w))
		status = wire_join(w);
	return status;
}

void wire_next_stretch(struct wire *w)
{
	w->stretch++;
	w->stretch_blocks = w->stretch_segments = 0;
}

/* At the end of a block: the same with any number of threads. */
static bool is_stretch_over(const struct wire *w)
{
	return w->stretch_blocks >= STRETCH_BLOCKS ||
	    w->stretch_segments >= STRETCH_SEGMENTS ||
	    capture_is_stream(w->current->capture);
}

/* --- the wire ------------------------------------------------------------- */

static enum sw_status init_parts(struct wire *w, struct sw_err *err)
{
	struct net_options net = { 0 };
	enum sw_status status = SW_OK;
	const char *lacks;
	size_t i;

	for (i = 0; i < w->options.port_count; i++)
		port_set_add(&w->ports, w->options.ports[i]);
	if (w->options.nids)
		w->options.threads = 1;
	if (w->options.threads > SHARD_COUNT)
		w->options.threads = SHARD_COUNT;
	w->shard_mask = w->options.nids ? 0 : SHARD_COUNT - 1;
	w->filling = &w->batches[0];
	if (wire_is_threaded(w) && (!batch_init(&w->batches[0]) ||
	    !batch_init(&w->batches[1])))
		return SW_ENOMEM;
	net.verify_checksums = w->options.verify_checksums;
	net.ignore_vlan = w->options.ignore_vlan;
	net.secret = w->options.secret;
	if (w->options.nids && (lacks = tcp_nids_lacks()) != NULL)
		status = base_error_set(err, SW_EUSAGE, "the engine nids: %s",
		    lacks);
	if (status == SW_OK)
		status = remarks_new(w->options.secret, w->account,
		    &w->traffic.remarks);
	if (status == SW_OK)
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
	ahead_fini(&w->ahead);
	batch_fini(&w->batches[0]);
	batch_fini(&w->batches[1]);
	for (i = 0; i < SHARD_COUNT; i++)
		shard_fini(&w->shards[i]);
	for (i = 0; i < w->input_count; i++)
		wire_input_fini(&w->inputs[i]);
	for (i = 0; i < w->traffic.count; i++)
		free(w->traffic.parts[i].name);
	free(w->traffic.parts);
	remarks_free(&w->traffic.remarks);
	free(w->inputs);
	free(w->ready);
	net_filter_free(&w->filter);
	net_free(&w->net);
	free(w);
}

void wire_account(const struct wire *w, struct account *sum)
{
	size_t i;

	account_merge(sum, w->account);
	for (i = 0; i < SHARD_COUNT && !w->ended; i++)
		account_merge(sum, &w->shards[i].account);
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
	status = wire_join(w);
	if (status == SW_OK)
		status = wire_end_traffic(w);
	for (i = 0; i < SHARD_COUNT; i++) {
		account_merge(w->account, &w->shards[i].account);
		account_fini(&w->shards[i].account);
	}
	return status == SW_OK ? 0 : (int)status;
}

/* With several threads: blocks until the stretch is over. */
static int fill_stretch(struct wire *w, struct sw_err *err)
{
	struct batch *b = w->filling;
	int got;

	do {
		got = wire_run_block(w, err);
		b->blocks[b->block_count++] = capture_hold(
		    w->current->capture);
		w->stretch_blocks++;
	} while (got > 0 && !is_stretch_over(w));
	return got;
}

/* An input that breaks off is told as far as it goes, with a warning; one of
 * which nothing could be read is an error, and so is an interface that is
 * gone. */
static bool as_far_as_it_goes(struct wire *w, const struct sw_err *err)
{
	if (w->traffic.count == 0 || w->part_frames == 0 ||
	    !w->current->source)
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

/* The next capture; 0: there is none. */
static int open_next(struct wire *w)
{
	int got = wire_next_input(w, &w->pending_err);
	enum sw_status status = got < 0 ? wire_join(w) : SW_OK;

	return status == SW_OK ? put_off(w, got) : (int)status;
}

/* What was kept is in the file when its sessions are told. */
static int keep_up(struct wire *w, int got, struct sw_err *err)
{
	enum sw_status status = keeper_flush(w->options.keeper, err);

	return status == SW_OK ? got : (int)status;
}

/* Read a block or a stretch of the current capture, and run it. */
static int read_on(struct wire *w)
{
	struct sw_err *err = &w->pending_err;
	enum sw_status status = w->due ? start(w) : SW_OK;
	int got;

	if (status != SW_OK)
		return (int)status;
	if (wire_is_threaded(w)) {
		got = fill_stretch(w, err);
	} else {
		got = wire_run_block(w, err);
		w->stretch_blocks++;
	}
	if (got == SW_EREAD && as_far_as_it_goes(w, err))
		got = 0;
	if (got >= 0 && w->options.keeper && (got == 0 ||
	    capture_is_stream(w->current->capture)))
		got = keep_up(w, got, err);
	if (got < 0 || capture_is_stream(w->current->capture))
		status = run_all(w);
	else
		status = run_filled(w);
	if (status != SW_OK)
		return (int)status;
	if (got <= 0 || is_stretch_over(w))
		wire_next_stretch(w);
	if (got <= 0)
		wire_close_input(w);
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

/* All that was ready is told. */
static void free_told(struct wire *w)
{
	size_t i;

	for (i = 0; i < w->ready_count; i++)
		shard_told(w->ready[i]);
	w->ready_next = w->ready_count = 0;
}

int wire_step(struct wire *w, struct sw_err *err)
{
	int got = take_pending(w, err);

	free_told(w);
	if (got != 0)
		return got;
	if (!w->current) {
		got = open_next(w);
		if (got == 0)
			return end(w);
	}
	/* What is ready is of two stretches, if another traffic began: to be
	 * told before a third. */
	if (got >= 0 && w->current && w->ready_count == 0)
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
