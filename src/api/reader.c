/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reader.c - files to the sessions that are asked for */

#include <stdio.h>
#include <stdlib.h>

#include "api/reader.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/secret.h"
#include "emit/mbox.h"
#include "pipeline/input.h"

/* Of opening an input. */
struct open_error {
	struct sw_err err;
	bool whole; /* not of one file of several in a directory */
};

struct sw_reader {
	struct options_copy options;
	struct sw_account account;
	struct inputs *inputs;
	struct live *live;      /* of inputs; NULL: files */
	struct sw_account sum;  /* with an interface: what was last told */
	struct emit_eml *eml;
	struct emit_mbox *mbox;
	struct keeper *keeper;
	struct kept *kept; /* of what is selected; or NULL */
	struct tee *tee;
	struct spill *spill;
	bool spilled;
	struct open_error *errors; /* told one by one */
	size_t error_count, error_capacity, error_next;
	size_t failed;
	const struct account_entry *warning; /* the last one told */
	char *warning_text;
	unsigned steps;
	uint64_t observed; /* sessions of which an event was told */
};

static void on_event(void *ctx, struct sw_session *s,
    const struct sw_event *e)
{
	struct sw_reader *r = ctx;

	if (s->number == 0)
		s->number = ++r->observed;
	r->options.o.observer.event(r->options.o.observer.ctx, s, e);
}

static void on_step(void *ctx)
{
	struct sw_reader *r = ctx;
	const struct sw_observer *o = &r->options.o.observer;
	uint64_t done, total;

	if (o->step)
		o->step(o->ctx);
	if (!o->progress || r->steps++ % 16 != 0)
		return;
	inputs_progress(r->inputs, &done, &total);
	o->progress(o->ctx, done, total);
}

static bool wants_bodies(const struct sw_observer *o)
{
	return o->body_open != NULL;
}

/* The operations on message octets that the options ask for: each shard has
 * a lane of the writers, logs have one of a shard, which is done by then; an
 * observer has all. */
static enum sw_status body_operations(struct sw_reader *r,
    struct wire_options *w, struct sw_err *err)
{
	const struct sw_options *o = &r->options.o;
	enum sw_status status;
	unsigned i;

	if (o->eml_dir) {
		status = emit_eml_new(o->eml_dir, &r->eml, err);
		if (status != SW_OK)
			return status;
		w->session.body_ops = emit_eml_ops(r->eml, 0);
		for (i = 0; i < SHARD_COUNT; i++)
			w->body_ops[i] = emit_eml_ops(r->eml, i);
	}
	if (o->mbox) {
		status = emit_mbox_new(o->mbox, r->live != NULL, o->tmpdir,
		    r->eml, &r->mbox, err);
		if (status != SW_OK)
			return status;
		w->session.body_ops = emit_mbox_ops(r->mbox, 0);
		for (i = 0; i < SHARD_COUNT; i++)
			w->body_ops[i] = emit_mbox_ops(r->mbox, i);
	}
	if (!wants_bodies(&o->observer))
		return SW_OK;
	if (tee_new(&o->observer, w->session.body_ops, &r->tee) != SW_OK)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	w->session.body_ops = tee_ops(r->tee);
	for (i = 0; i < SHARD_COUNT; i++)
		w->body_ops[i] = tee_ops(r->tee);
	return SW_OK;
}

static enum sw_status keep_frames(struct sw_reader *r,
    struct wire_options *w, struct sw_err *err)
{
	const struct sw_options *o = &r->options.o;
	struct keeper_options k = { o->frames, o->rotate_size,
		(int64_t)o->rotate_s * NS_PER_S, o->keep, r->live != NULL };
	enum sw_status status = SW_OK;

	if (o->frames)
		status = keeper_new(&k, &r->keeper, err);
	/* Of an interface there is no end at which all is known. */
	if (status == SW_OK && r->keeper && !r->live &&
	    filter_selects(&o->filter))
		status = kept_new(r->keeper, w->secret, o->tmpdir, &r->kept,
		    err);
	w->keeper = r->keeper;
	w->kept = r->kept;
	return status;
}

/* In any thread: reads what does not change. */
static bool on_gate(void *ctx, const struct sw_session *s)
{
	const struct sw_reader *r = ctx;

	return filter_passes(&r->options.o.filter, s);
}

static enum sw_status open_inputs(struct sw_reader *r, struct sw_err *err)
{
	const struct sw_options *o = &r->options.o;
	struct wire_options w = { 0 };
	enum sw_status status;

	w.ports = o->ports;
	w.port_count = o->port_count;
	w.any_port = o->any_port;
	w.bpf = r->live ? NULL : o->bpf; /* else the kernel's */
	w.ignore_vlan = o->ignore_vlan;
	w.strict_vlan = o->strict_vlan;
	w.verify_checksums = o->verify_checksums;
	w.attempts = o->attempts;
	w.nids = o->engine == SW_ENGINE_NIDS;
	w.memory = o->memory;
	w.secret = base_secret();
	/* An observer is called in the caller's thread, and frames of an
	 * interface are handed on as they come. */
	w.threads = o->observer.event || wants_bodies(&o->observer) ||
	    r->live ? 1 : o->threads;
	w.gate.keep = on_gate;
	w.gate.ctx = r;
	w.gate.by_time = filter_asks_time(&o->filter);
	w.session.show_secrets = o->show_secrets;
	w.session.hash = !o->no_hash;
	if (o->observer.event) {
		w.session.event = on_event;
		w.session.event_ctx = r;
	}
	status = body_operations(r, &w, err);
	if (status == SW_OK)
		status = keep_frames(r, &w, err);
	if (status == SW_OK)
		status = inputs_new(&w, o->tmpdir, &r->account.a, &r->inputs,
		    err);
	if (status == SW_OK && o->sort_start)
		status = spill_new(o->tmpdir, &r->spill, err);
	if (status == SW_OK && (o->observer.progress ||
	    o->observer.step))
		inputs_on_step(r->inputs, on_step, r);
	if (status == SW_OK)
		inputs_stop_by(r->inputs, o->stop_fd);
	return status;
}

/* An input that cannot be read is told by sw_reader_next. */
static enum sw_status keep_error(struct sw_reader *r,
    const struct sw_err *err, bool whole)
{
	void *errors = r->errors;

	if (!base_grow(&errors, r->error_count, &r->error_capacity,
	    sizeof(*r->errors)))
		return SW_ENOMEM;
	r->errors = errors;
	r->errors[r->error_count].err = *err;
	r->errors[r->error_count++].whole = whole;
	return SW_OK;
}

static void warn(struct sw_reader *r, const char *text)
{
	account_note(&r->account.a, ACCOUNT_LIST_WARNINGS, slice_str(text),
	    1);
}

/* One of a directory.  What is no capture and no log may lie there as well:
 * that is told, and no error. */
static enum sw_status add_entry(struct sw_reader *r,
    const struct folder_entry *e, const struct input_how *how, size_t *added,
    struct sw_err *err)
{
	enum sw_status status = SW_EFORMAT;
	size_t before = inputs_count(r->inputs);

	if (e->is_file)
		status = inputs_add(r->inputs, e->path, how, false, err);
	else
		base_error_set(err, SW_EFORMAT, "%s: is no file, not read",
		    e->path);
	*added += inputs_count(r->inputs) - before;
	if (status == SW_EFORMAT) {
		warn(r, err->text);
		status = SW_OK;
	}
	return status == SW_EREAD ? keep_error(r, err, false) : status;
}

static enum sw_status add_folder(struct sw_reader *r, const char *name,
    const struct input_how *how, struct sw_err *err)
{
	struct folder f;
	enum sw_status status = folder_list(name, &f, err);
	size_t added = 0;

	for (size_t i = 0; i < f.count && status == SW_OK; i++)
		status = add_entry(r, &f.entries[i], how, &added, err);
	folder_fini(&f);
	if (status == SW_OK && added == 0)
		status = base_error_set(err, SW_EFORMAT, "%s: a directory "
		    "without a capture or a log", name);
	return status;
}

/* How input number i is to be read. */
static struct input_how how_of(const struct sw_options *o, size_t i)
{
	struct input_how all = { o->format, o->tz_known, o->tz_offset_s,
		(unsigned)o->date_order };
	const struct sw_input_options *one = o->inputs ? &o->inputs[i] : NULL;

	if (!one)
		return all;
	return (struct input_how){ one->format, one->tz_known,
		one->tz_offset_s, (unsigned)one->date_order };
}

static enum sw_status add_inputs(struct sw_reader *r,
    const struct sw_options *o, const char *const *names, size_t count,
    struct sw_err *err)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct sw_err one = { 0 };
		struct input_how how = how_of(o, i);
		size_t before = inputs_count(r->inputs);
		enum sw_status status = folder_is(names[i]) ?
		    add_folder(r, names[i], &how, &one) :
		    inputs_add(r->inputs, names[i], &how, count == 1, &one);

		if (status == SW_EREAD || status == SW_EFORMAT)
			status = keep_error(r, &one,
			    inputs_count(r->inputs) == before);
		if (status != SW_OK)
			return base_error_set(err, status, "%s",
			    one.text[0] ? one.text : "out of memory");
	}
	return SW_OK;
}

static enum sw_status reader_new(const struct sw_options *o,
    struct sw_reader **r_r, struct sw_err *err)
{
	struct sw_reader *r = calloc(1, sizeof(*r));

	*r_r = r;
	if (r && options_copy(&r->options, o) == SW_OK) {
		account_init(&r->account.a);
		account_init(&r->sum.a);
		return SW_OK;
	}
	sw_reader_free(r_r);
	return base_error_set(err, SW_ENOMEM, "out of memory");
}

static enum sw_status add_live(struct sw_reader *r, struct sw_live **live,
    struct sw_err *err)
{
	struct live_ops ops;
	struct live *l = api_live_take(live, &ops);
	struct capture *c;
	const char *name = live_name(l);
	enum sw_status status = live_capture(&l, &ops, &r->account.a, &c,
	    err);

	if (status == SW_OK && inputs_add_live(r->inputs, &c, name) != SW_OK)
		status = base_error_set(err, SW_ENOMEM, "out of memory");
	capture_free(&c);
	return status;
}

enum sw_status sw_reader_open_live(const struct sw_options *o,
    struct sw_live **live, struct sw_reader **r_r, struct sw_err *err)
{
	struct sw_reader *r;
	enum sw_status status = reader_new(o, &r, err);

	*r_r = NULL;
	if (status == SW_OK && o->sort_start)
		status = base_error_set(err, SW_EUSAGE,
		    "sessions of an interface cannot be sorted");
	if (status == SW_OK) {
		r->live = api_live_get(*live);
		status = open_inputs(r, err);
	}
	if (status == SW_OK)
		status = add_live(r, live, err);
	sw_live_free(live);
	if (status != SW_OK) {
		sw_reader_free(&r);
		return status;
	}
	*r_r = r;
	return SW_OK;
}

void sw_reader_rotate(struct sw_reader *r)
{
	struct sw_err err;

	if (r->keeper)
		keeper_rotate(r->keeper);
	if (r->mbox && emit_mbox_reopen(r->mbox, &err) != SW_OK)
		warn(r, err.text);
}

void sw_reader_stop(struct sw_reader *r)
{
	if (r->live)
		live_stop(r->live);
}

enum sw_status sw_reader_open(const struct sw_options *o,
    const char *const *names, size_t count, struct sw_reader **r_r,
    struct sw_err *err)
{
	struct sw_reader *r;
	enum sw_status status;

	*r_r = NULL;
	status = reader_new(o, &r, err);
	if (status != SW_OK)
		return status;
	status = open_inputs(r, err);
	if (status == SW_OK)
		status = add_inputs(r, o, names, count, err);
	if (status != SW_OK) {
		sw_reader_free(&r);
		return status;
	}
	*r_r = r;
	return SW_OK;
}

/* Messages of a session that is told. */
static enum sw_status mail_session(struct sw_reader *r,
    const struct sw_session *s, struct sw_err *err)
{
	unsigned incomplete;
	enum sw_status status = emit_mbox_session(r->mbox, s, &incomplete,
	    err);
	char text[128];

	if (incomplete > 0) {
		snprintf(text, sizeof(text), "session %016llx: incomplete "
		    "messages left out of the mailbox: %u (see --eml)",
		    (unsigned long long)s->id, incomplete);
		warn(r, text);
	}
	return status;
}

/* All is told.  What could not be read does not empty a mailbox. */
static enum sw_status finish_mailbox(struct sw_reader *r, struct sw_err *err)
{
	return emit_mbox_finish(r->mbox, r->failed == 0, err);
}

/* Those of the sessions that were selected are written now. */
static enum sw_status finish_frames(struct sw_reader *r, struct sw_err *err)
{
	enum sw_status status = r->kept ? kept_write(r->kept, err) : SW_OK;

	return status != SW_OK ? status :
	    keeper_finish(r->keeper, r->failed == 0, err);
}

static int next_as_they_end(struct sw_reader *r, const struct sw_session **s,
    struct sw_err *err)
{
	enum sw_status status = SW_OK;
	int got;

	if (r->error_next < r->error_count) {
		const struct open_error *e = &r->errors[r->error_next++];

		r->failed += e->whole;
		return (int)base_error_at(err, e->err.status, e->err.offset,
		    "%s", e->err.text);
	}
	got = inputs_next(r->inputs, s, err);
	if (got == SW_EFORMAT)
		r->failed++;
	if (got == SW_ENOMEM)
		base_error_set(err, SW_ENOMEM, "out of memory");
	if (r->keeper && got == 0)
		status = finish_frames(r, err);
	return status == SW_OK ? got : (int)status;
}

static int next_sorted(struct sw_reader *r, const struct sw_session **s,
    struct sw_err *err)
{
	int got;

	while (!r->spilled) {
		got = next_as_they_end(r, s, err);
		if (got > 0)
			got = (int)spill_add(r->spill, *s, err);
		else if (got == 0)
			r->spilled = true;
		if (r->spilled)
			got = (int)spill_sort(r->spill, err);
		*s = NULL;
		if (got < 0)
			return got;
	}
	return spill_next(r->spill, s, err);
}

int sw_reader_next(struct sw_reader *r, const struct sw_session **s,
    struct sw_err *err)
{
	enum sw_status status = SW_OK;
	int got;

	*s = NULL;
	got = r->spill ? next_sorted(r, s, err) : next_as_they_end(r, s, err);
	/* In the order in which sessions are told. */
	if (r->mbox && got > 0 && *s)
		status = mail_session(r, *s, err);
	else if (r->mbox && got == 0)
		status = finish_mailbox(r, err);
	return status == SW_OK ? got : (int)status;
}

size_t sw_reader_failed(const struct sw_reader *r)
{
	return r->failed;
}

const struct sw_account *sw_reader_account(struct sw_reader *r)
{
	if (!r->live)
		return &r->account;
	account_fini(&r->sum.a);
	account_init(&r->sum.a);
	inputs_account(r->inputs, &r->sum.a);
	return &r->sum;
}

const char *sw_reader_warning(struct sw_reader *r)
{
	const struct account_entry *e = r->warning ? r->warning->next :
	    r->account.a.lists[ACCOUNT_LIST_WARNINGS];
	char *text;

	if (!e)
		return NULL;
	text = malloc(e->len + 1);
	if (!text)
		return NULL;
	memcpy(text, e->text, e->len);
	text[e->len] = '\0';
	free(r->warning_text);
	r->warning_text = text;
	r->warning = e;
	return text;
}

void sw_reader_free(struct sw_reader **rp)
{
	struct sw_reader *r = *rp;

	if (!r)
		return;
	*rp = NULL;
	inputs_free(&r->inputs);
	emit_mbox_free(&r->mbox);
	emit_eml_free(&r->eml);
	kept_free(&r->kept);
	keeper_free(&r->keeper);
	tee_free(&r->tee);
	spill_free(&r->spill);
	options_copy_fini(&r->options);
	account_fini(&r->account.a);
	account_fini(&r->sum.a);
	free(r->errors);
	free(r->warning_text);
	free(r);
}
