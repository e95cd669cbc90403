/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.c - the command `live`: an interface as transcripts
 *
 * Theory of operation.  Signals are blocked and read from a descriptor, at
 * which the library ends its waiting for frames, so that they are served
 * between two frames and never in the middle of something.
 *
 * The interface is opened with the rights that this takes, and they are given
 * up: what is written is made by the user as whom the process goes on.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/confine.h"
#include "cli/reading.h"
#include "cli/rights.h"

/* --- signals -------------------------------------------------------------- */

static const int served[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

/* A descriptor that tells of them, -1 with errno. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		sigaddset(&set, served[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* What was captured is told; who does not want to wait asks again. */
static void stop(struct reading *r)
{
	sigset_t set;

	sw_reader_stop(r->reader);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void reopen(struct reading *r)
{
	int error = output_reopen(&r->out);

	sw_reader_rotate(r->reader);
	if (error != 0)
		reading_output_error(r, r->out.name, error);
}

static void on_signals(void *ctx)
{
	struct reading *r = ctx;
	struct signalfd_siginfo s;

	while (read(r->args.live.wake_fd, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGUSR1)
			reading_tell_account(r);
		else if (s.ssi_signo == SIGHUP)
			reopen(r);
		else
			stop(r);
	}
}

static void on_dropped(void *ctx, uint64_t kernel, uint64_t interface)
{
	const struct reading *r = ctx;

	if (r->args.quiet)
		return;
	if (kernel > 0)
		terminal_say("smtpwire: warning: %s: the kernel dropped %llu "
		    "frames, as its buffer was full (see --buffer)",
		    r->args.live.interface, (unsigned long long)kernel);
	if (interface > 0)
		terminal_say("smtpwire: warning: %s: the interface dropped "
		    "%llu frames", r->args.live.interface,
		    (unsigned long long)interface);
}

/* --- the run -------------------------------------------------------------- */

static bool open_interface(struct reading *r, struct sw_live **live)
{
	struct sw_live_options *o = &r->args.live;
	struct sw_err err;
	bool denied;

	o->ctx = r;
	o->wake = on_signals;
	o->dropped = on_dropped;
	o->wake_fd = open_signals();
	if (o->wake_fd < 0) {
		terminal_say("smtpwire: signals: %s", strerror(errno));
		reading_fail(r, CLI_INPUT);
		return false;
	}
	if (sw_live_open(&r->args.lib, o, live, &denied, &err) == SW_OK)
		return true;
	reading_error(r, &err);
	if (denied)
		rights_explain();
	return false;
}

/* Nothing of what is captured is seen by a process that may do more than its
 * work. */
static bool give_up_rights(struct reading *r)
{
	char why[300];

	if (rights_give_up(r->args.user, why, sizeof(why)))
		return true;
	terminal_say("smtpwire: %s", why);
	reading_fail(r, CLI_USAGE);
	return false;
}

static void confine(const struct cli_args *a)
{
	struct confinement c;

	confine_init(&c);
	for (size_t i = 0; i < a->log_count; i++)
		confine_add_growing(&c, a->logs[i]);
	confine_add_output(&c, a->output);
	confine_add_output(&c, a->account);
	confine_add_output(&c, a->lib.frames);
	confine_add_output(&c, a->lib.mbox);
	confine_add_folder(&c, a->lib.eml_dir);
	/* libnids is loaded when the reader is opened. */
	if (a->lib.engine != SW_ENGINE_NATIVE)
		confine_add_libraries(&c);
	if (confine_is_closed(&c))
		sw_load_libraries();
	confine_enter(&c);
}

/* Who this process is now may not be who has the folder. */
static void explain_refusal(const struct reading *r, int error)
{
	if (error == EACCES || error == EPERM)
		rights_explain_folder(r->args.user);
}

/* Can the logs be read?  One that is not there may come. */
static bool try_logs(struct reading *r)
{
	for (size_t i = 0; i < r->args.log_count; i++) {
		const char *name = r->args.logs[i];

		if (access(name, R_OK) == 0 || errno == ENOENT)
			continue;
		terminal_say("smtpwire: %s: cannot read: %s", name,
		    strerror(errno));
		reading_fail(r, CLI_INPUT);
		rights_explain_log(r->args.user);
		return false;
	}
	return true;
}

/* Before the interface is opened: what the logs tell from then on is
 * compared. */
static bool open_watch(struct reading *r)
{
	const struct cli_args *a = &r->args;
	const struct output out = { .is_terminal = a->output == NULL &&
		isatty(STDOUT_FILENO) };
	struct sw_watch_options o;
	struct sw_err err;

	if (a->log_count == 0)
		return true;
	sw_watch_options_init(&o);
	o.reader = a->lib;
	o.logs = a->logs;
	o.log_count = a->log_count;
	o.reader.inputs = a->log_inputs;
	o.wire = a->live.interface;
	if (a->grace_s > 0)
		o.grace_s = a->grace_s;
	o.ignore = a->ignore;
	o.only = a->only;
	o.max_offset_ns = a->max_offset_ns;
	o.report.json = a->print.form == SW_FORM_JSONL;
	o.report.color = output_wants_colour(&out);
	o.report.no_times = a->print.no_times;
	o.report.context = a->context;
	o.write = output_write;
	o.ctx = &r->out;
	if (sw_watch_open(&o, &r->watch, &err) == SW_OK)
		return true;
	reading_error(r, &err);
	return false;
}

/* Can the folders of messages, account and frames be written? */
static bool try_folders(struct reading *r)
{
	const char *const paths[] = {r->args.lib.eml_dir, r->args.account,
		r->args.lib.frames, r->args.lib.mbox};

	for (int i = 0; i < 4; i++) {
		int error = output_try(paths[i], i == 0);

		if (error == 0)
			continue;
		reading_output_error(r, paths[i], error);
		explain_refusal(r, error);
		return false;
	}
	return true;
}

static bool open_output(struct reading *r)
{
	struct cli_args *a = &r->args;
	int error = output_open_growing(&r->out, a->output);

	if (error != 0) {
		reading_output_error(r, a->output ? a->output :
		    "standard output", error);
		explain_refusal(r, error);
		return false;
	}
	a->print.color = output_wants_colour(&r->out);
	r->prompt = true;
	return true;
}

static bool open_reader(struct reading *r, struct sw_live **live)
{
	struct sw_err err = {.status = SW_ENOMEM, .text = "out of memory"};

	reading_observe(r);
	if (r->args.follow)
		r->args.lib.observer.event = reading_event;
	confine(&r->args);
	if (sw_printer_new(&r->args.print, output_write, &r->out,
		&r->printer) == SW_OK &&
	    sw_reader_open_live(&r->args.lib, live, &r->reader, &err) ==
		SW_OK)
		return true;
	reading_error(r, &err);
	return false;
}

static void run(struct reading *r)
{
	struct sw_live *live = NULL;

	if (open_watch(r) && open_interface(r, &live) && give_up_rights(r) &&
	    open_output(r) && try_folders(r) && try_logs(r) &&
	    open_reader(r, &live)) {
		if (!r->args.quiet)
			terminal_say("smtpwire: capturing on %s",
			    r->args.live.interface);
		reading_sessions(r);
		reading_finish(r);
		reading_account(r);
	}
	sw_live_free(&live);
	sw_reader_free(&r->reader);
	sw_printer_free(&r->printer);
	sw_watch_free(&r->watch);
	output_fini(&r->out);
	if (r->args.live.wake_fd >= 0)
		close(r->args.live.wake_fd);
}

/* --- interfaces ----------------------------------------------------------- */

static void list_one(void *ctx, const struct sw_interface *i)
{
	(void)ctx;
	printf("%-16s %s", i->name, i->up ? "up" : "down");
	for (size_t k = 0; k < i->address_count; k++)
		printf(" %s", i->addresses[k]);
	if (i->description != NULL)
		printf(" (%s)", i->description);
	printf("\n");
}

static int list(void)
{
	struct sw_err err;

	if (sw_interfaces(list_one, NULL, &err) != SW_OK) {
		terminal_say("smtpwire: %s", err.text);
		return CLI_INPUT;
	}
	return cli_flush();
}

/* Is an option given that says how logs are read and compared? */
static bool is_of_check(const struct cli_args *a)
{
	return a->grace_s > 0 || a->lib.format != NULL || a->lib.tz_known ||
	    a->lib.date_order != SW_DATE_ORDER_AUTO || a->ignore || a->only ||
	    a->max_offset_ns != 0;
}

static int check_usage(const struct cli_args *a)
{
	const char *what = NULL;

	if (a->name_count > 0)
		what = "reads no files (see smtpwire read)";
	else if (a->live.interface == NULL && !a->list)
		what = "no interface is named (-i; -D lists them)";
	else if (a->print.form == SW_FORM_HTML)
		what = "a page has an end: write jsonl, and read that as html";
	else if (a->follow && cli_options_select(a))
		what = "--follow tells sessions before it is known whether "
		    "they pass a filter";
	else if (a->log_count > 0 && (a->follow || cli_options_select(a)))
		what = "--check compares all sessions, when they are over";
	else if (a->log_count > 0 && (a->print.normal || a->print.explain))
		what = "--normal and --explain are of transcripts, and "
		    "--check tells differences";
	else if (a->log_count == 0 && is_of_check(a))
		what = "an option of --check, and no log is named";
	else if (a->log_count > 0 && a->last != NULL)
		what = "--format, --tz and --date-order are of the logs that "
		    "follow, and none does";
	else if (a->lib.frames != NULL && cli_options_select(a))
		what = "-w keeps frames before it is known which sessions "
		    "they belong to (read -w selects, from what was kept)";
	if (what == NULL)
		return CLI_OK;
	terminal_say("smtpwire live: %s", what);
	terminal_say("Try 'smtpwire live --help'.");
	return CLI_USAGE;
}

int cli_live(int argc, char **argv)
{
	struct reading r;
	int status;

	memset(&r, 0, sizeof(r));
	heap_init(&r.heap);
	r.out.fd = -1;
	status = cli_options_parse(CLI_LIVE, argc, argv, &r.args);
	if (status == CLI_OK)
		status = check_usage(&r.args);
	if (status == CLI_OK)
		status = cli_options_apart(&r.args, "live");
	if (status == CLI_OK && r.args.list) {
		status = list();
	} else if (status == CLI_OK) {
		run(&r);
		status = r.status;
	} else if (status == CLI_HELP) {
		status = cli_flush();
	}
	cli_options_fini(&r.args);
	return status;
}
