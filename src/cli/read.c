/* SPDX-License-Identifier: GPL-2.0-or-later */
/* read.c - the command `read`: captures and logs as transcripts */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/terminal.h"

/* One run. */
struct reading {
	struct cli_args args;
	struct output out;
	struct progress progress;
	struct sw_reader *reader;
	struct sw_printer *printer;
	bool prompt; /* sessions are written as they end, not in blocks */
	int status;  /* enum cli_exit */
	bool quiet_end; /* nobody reads the output any more */
};

/* Does anyone wait at the other end?  Then sessions are not kept back. */
static bool is_pipe(const char *name)
{
	struct stat st;

	if (strcmp(name, "-") == 0) {
		if (fstat(STDIN_FILENO, &st) != 0)
			return false;
	} else if (stat(name, &st) != 0) {
		return false;
	}
	return !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static void fail(struct reading *r, int status)
{
	/* The first failure of output beats inputs that were not read. */
	if (r->status < status)
		r->status = status;
}

static void tell_error(struct reading *r, const struct sw_err *err)
{
	progress_clear(&r->progress);
	fail(r, terminal_tell(err));
}

/* An output failed with an errno value.  A reader that went away (head, a
 * pager) is no failure. */
static void tell_output(struct reading *r, const char *name, int error)
{
	if (error == EPIPE) {
		r->quiet_end = true;
		return;
	}
	progress_clear(&r->progress);
	terminal_say("smtpwire: %s: cannot write: %s", name,
	    strerror(error));
	fail(r, CLI_OUTPUT);
}

static void tell_warnings(struct reading *r)
{
	const char *text;

	while ((text = sw_reader_warning(r->reader)) != NULL) {
		if (r->args.quiet)
			continue;
		progress_clear(&r->progress);
		terminal_say("smtpwire: warning: %s", text);
	}
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
		tell_output(r, r->out.name, error);
	else
		tell_error(r, status == SW_EWRITE ?
		    sw_printer_error(r->printer) : &err);
}

/* False: the output is at its end. */
static bool print_session(struct reading *r, const struct sw_session *s)
{
	int error = 0;
	enum sw_status status;

	status = sw_printer_session(r->printer, s, &error);
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

static void read_sessions(struct reading *r)
{
	const struct sw_session *s;
	struct sw_err err;

	for (;;) {
		int n = sw_reader_next(r->reader, &s, &err);

		tell_warnings(r);
		if (n == 0)
			break;
		if (n > 0 && !print_session(r, s))
			break;
		if (n >= 0)
			continue;
		tell_error(r, &err);
		if (n != SW_EREAD && n != SW_EFORMAT)
			break;
	}
}

/* What -o named gets its name, unless the run broke or nothing at all could
 * be read. */
static void finish_output(struct reading *r)
{
	enum sw_status status;
	int error;

	if (r->status == CLI_OUTPUT || r->quiet_end)
		return;
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
		tell_output(r, r->out.name, error);
}

static void write_account_file(struct reading *r,
    const struct sw_account *account)
{
	struct output file;
	int error = output_open(&file, r->args.account);

	if (error == 0) {
		if (sw_account_write(account, true, output_write, &file) !=
			SW_OK && file.error == 0)
			file.error = ENOMEM;
		error = file.error != 0 ? file.error : output_finish(&file);
		output_fini(&file);
	}
	if (error != 0)
		tell_output(r, r->args.account, error);
}

static void tell_account(struct reading *r)
{
	const struct sw_account *account = sw_reader_account(r->reader);

	progress_clear(&r->progress);
	if (r->quiet_end)
		return;
	if (!r->args.quiet && r->status != CLI_USAGE)
		(void)!sw_account_write(account, false, terminal_write, NULL);
	if (r->args.account != NULL)
		write_account_file(r, account);
}

/* Where nothing is hashed or written the time goes into reading and telling,
 * which one thread does: others would only carry octets from cache to
 * cache. */
static unsigned useful_threads(const struct cli_args *a)
{
	return a->lib.no_hash && !a->lib.eml_dir ? 1 : cli_processors();
}

/* Open the output, then the inputs: an output that cannot be made is told
 * before hours of reading. */
static bool open_all(struct reading *r)
{
	struct cli_args *a = &r->args;
	struct sw_err err = {.status = SW_ENOMEM, .text = "out of memory"};
	int error = output_open(&r->out, a->output);

	if (error != 0) {
		terminal_say("smtpwire: %s: cannot write: %s", a->output ?
		    a->output : "standard output", strerror(error));
		fail(r, CLI_OUTPUT);
		return false;
	}
	a->print.color = output_wants_colour(&r->out);
	r->prompt = r->out.is_terminal;
	for (size_t i = 0; i < a->name_count; i++)
		r->prompt = r->prompt || is_pipe(a->names[i]);
	if (r->progress.on) {
		a->lib.observer.ctx = &r->progress;
		a->lib.observer.progress = progress_update;
	}
	a->lib.tmpdir = getenv("TMPDIR");
	a->print.tmpdir = a->lib.tmpdir;
	a->print.names = a->names;
	a->print.name_count = a->name_count;
	if (a->lib.threads == 0)
		a->lib.threads = useful_threads(a);
	if (sw_printer_new(&a->print, output_write, &r->out, &r->printer) !=
		SW_OK ||
	    sw_reader_open(&a->lib, a->names, a->name_count, &r->reader,
		&err) != SW_OK) {
		tell_error(r, &err);
		return false;
	}
	return true;
}

static void run(struct reading *r)
{
	progress_init(&r->progress, r->args.progress, r->args.quiet);
	if (open_all(r)) {
		read_sessions(r);
		finish_output(r);
		tell_account(r);
	}
	sw_reader_free(&r->reader);
	sw_printer_free(&r->printer);
	output_fini(&r->out);
}

int cli_read(int argc, char **argv)
{
	struct reading r;
	int status;

	memset(&r, 0, sizeof(r));
	r.out.fd = -1;
	status = cli_options_parse(CLI_READ, argc, argv, &r.args);
	if (status == CLI_OK && r.args.name_count == 0) {
		terminal_say("smtpwire read: no file is named (\"-\" is "
		    "standard input)");
		terminal_say("Try 'smtpwire read --help'.");
		status = CLI_USAGE;
	}
	if (status == CLI_OK) {
		run(&r);
		status = r.status;
	} else if (status == CLI_HELP) {
		status = cli_flush();
	}
	cli_options_fini(&r.args);
	return status;
}
