/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reading.c - what `read` and `live` do with the sessions that come */
#include "cli/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void reading_fail(struct reading *r, int status)
{
	/* The first failure of output beats inputs that were not read. */
	if (r->status < status)
		r->status = status;
}

void reading_error(struct reading *r, const struct sw_err *err)
{
	progress_clear(&r->progress);
	reading_fail(r, terminal_tell(err));
}

/* An output failed with an errno value.  A reader that went away (head, a
 * pager) is no failure. */
void reading_output_error(struct reading *r, const char *name, int error)
{
	if (error == EPIPE) {
		r->quiet_end = true;
		return;
	}
	progress_clear(&r->progress);
	terminal_say("smtpwire: %s: cannot write: %s", name,
	    strerror(error));
	reading_fail(r, CLI_OUTPUT);
}

static void tell_warning(struct reading *r, const char *text)
{
	if (r->args.quiet)
		return;
	progress_clear(&r->progress);
	terminal_say("smtpwire: warning: %s", text);
}

static void tell_warnings(struct reading *r)
{
	const char *text;

	while ((text = sw_reader_warning(r->reader)) != NULL)
		tell_warning(r, text);
	while (r->watch != NULL &&
	    (text = sw_watch_warning(r->watch)) != NULL)
		tell_warning(r, text);
}

static int flush(struct reading *r)
{
	if (r->out.is_terminal)
		progress_clear(&r->progress);
	return output_flush(&r->out);
}

/* The printer failed. */
static void tell_printer(struct reading *r, enum sw_status status, int error)
{
	struct sw_err err = {.status = SW_ENOMEM, .text = "out of memory"};

	if (status == SW_EWRITE && error != 0)
		reading_output_error(r, r->out.name, error);
	else
		reading_error(r, status == SW_EWRITE ?
		    sw_printer_error(r->printer) : &err);
}

/* What the printer said; false: the output is at its end. */
static bool is_printed(struct reading *r, enum sw_status status, int error)
{
	if (status == SW_OK && r->prompt) {
		error = flush(r);
		if (error != 0)
			status = SW_EWRITE;
	}
	if (status == SW_OK)
		return true;
	tell_printer(r, status, error);
	return false;
}

/* What the watch said. */
static bool is_watched(struct reading *r, enum sw_status status,
    const struct sw_err *err)
{
	int error = status == SW_EWRITE ? sw_watch_errno(r->watch) : 0;

	if (status == SW_OK)
		error = flush(r);
	if (error != 0)
		reading_output_error(r, r->out.name, error);
	else if (status != SW_OK)
		reading_error(r, err);
	return status == SW_OK && error == 0;
}

static void on_step(void *ctx)
{
	struct reading *r = ctx;
	enum sw_status status;
	struct sw_err err;

	heap_step(&r->heap);
	if (r->watch == NULL || r->broken)
		return;
	status = sw_watch_step(r->watch, &err);
	tell_warnings(r);
	r->broken = !is_watched(r, status, &err);
	if (r->broken)
		sw_reader_stop(r->reader);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct reading *r = ctx;

	progress_update(&r->progress, done, total);
}

void reading_observe(struct reading *r)
{
	struct sw_observer *o = &r->args.lib.observer;

	o->ctx = r;
	o->step = on_step;
	if (r->progress.on)
		o->progress = on_progress;
}

/* The rest of what the watch has, and its status. */
static void finish_watch(struct reading *r)
{
	const struct sw_report *report = sw_watch_report(r->watch);
	struct sw_err err;
	enum sw_status status = sw_watch_finish(r->watch, &err);

	tell_warnings(r);
	(void)is_watched(r, status, &err);
	if (report->verdicts[SW_DIFFERS] > 0 || report->unexplained > 0)
		reading_fail(r, CLI_DIFFERS);
}

static bool print_session(struct reading *r, const struct sw_session *s)
{
	enum sw_status status;
	struct sw_err err;
	int error = 0;

	if (r->watch != NULL) {
		status = sw_watch_session(r->watch, s, &err);
		return is_watched(r, status, &err);
	}
	status = r->args.follow ? sw_printer_end(r->printer, s, &error) :
	    sw_printer_session(r->printer, s, &error);
	return is_printed(r, status, error);
}

void reading_event(void *ctx, const struct sw_session *s,
    const struct sw_event *e)
{
	struct reading *r = ctx;
	int error = 0;
	enum sw_status status;

	if (r->broken)
		return;
	status = sw_printer_event(r->printer, s, e, &error);
	r->broken = !is_printed(r, status, error);
	if (r->broken)
		sw_reader_stop(r->reader);
}

void reading_sessions(struct reading *r)
{
	const struct sw_session *s;
	struct sw_err err;

	for (;;) {
		int n = sw_reader_next(r->reader, &s, &err);

		tell_warnings(r);
		if (n == 0)
			break;
		if (r->broken || (n > 0 && !print_session(r, s)))
			break;
		if (n >= 0)
			continue;
		reading_error(r, &err);
		if (n != SW_EREAD && n != SW_EFORMAT)
			break;
	}
}

/* What -o named gets its name, unless the run broke or nothing at all could
 * be read. */
void reading_finish(struct reading *r)
{
	enum sw_status status;
	int error;

	if (r->status == CLI_OUTPUT || r->quiet_end)
		return;
	if (r->watch != NULL)
		finish_watch(r);
	if (sw_reader_failed(r->reader) == r->args.name_count &&
	    r->out.target != NULL)
		return;
	if (r->out.is_terminal)
		progress_clear(&r->progress);
	status = sw_printer_finish(r->printer, sw_reader_account(r->reader),
	    &error);
	if (status != SW_OK) {
		tell_printer(r, status, error);
		return;
	}
	error = output_finish(&r->out);
	if (error != 0)
		reading_output_error(r, r->out.name, error);
}

static void write_account_file(struct reading *r)
{
	const struct sw_account *account = sw_reader_account(r->reader);
	struct output file;
	int error = output_open(&file, r->args.account);

	if (error == 0) {
		enum sw_status status = r->watch != NULL ?
		    sw_watch_account_write(r->watch, account, output_write,
			&file) :
		    sw_account_write(account, true, output_write, &file);

		if (status != SW_OK && file.error == 0)
			file.error = ENOMEM;
		error = file.error != 0 ? file.error : output_finish(&file);
		output_fini(&file);
	}
	if (error != 0)
		reading_output_error(r, r->args.account, error);
}

void reading_tell_account(struct reading *r)
{
	(void)!sw_account_write(sw_reader_account(r->reader), false,
	    terminal_write, NULL);
	if (r->watch == NULL)
		return;
	terminal_say("of the logs:");
	(void)!sw_account_write(sw_watch_account(r->watch), false,
	    terminal_write, NULL);
}

void reading_account(struct reading *r)
{
	progress_clear(&r->progress);
	if (r->quiet_end)
		return;
	if (!r->args.quiet && r->status != CLI_USAGE)
		reading_tell_account(r);
	if (r->args.account != NULL)
		write_account_file(r);
}
