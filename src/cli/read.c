/* SPDX-License-Identifier: GPL-2.0-or-later */
/* read.c - the command `read`: captures and logs as transcripts */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/confine.h"
#include "cli/reading.h"

/* --- signals -------------------------------------------------------------- */

/* An eventfd that SIGINT and SIGTERM make readable. */
static int stop_fd;

static void on_stop(int number)
{
	const uint64_t one = 1;
	int error = errno;
	ssize_t n = write(stop_fd, &one, sizeof(one));

	(void)number;
	(void)n; /* it has room for many more */
	errno = error;
}

/* Who stops what writes into a pipe stops this, too (Ctrl-C), and wants to be
 * told what came.  A second signal does what it always does; one that was
 * ignored from the start (nohup) stays so. */
static void stop_by_signals(struct cli_args *a)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	struct sigaction stop, before;

	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_fd <= 0)
		return;
	a->lib.stop_fd = stop_fd;
	memset(&stop, 0, sizeof(stop));
	stop.sa_handler = on_stop;
	stop.sa_flags = (int)SA_RESETHAND | SA_RESTART;
	sigemptyset(&stop.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sigaction(numbers[i], NULL, &before) == 0 &&
		    before.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &stop, NULL);
}

/* --- the run -------------------------------------------------------------- */

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

/* Open the output, then the inputs: an output that cannot be made is told
 * before hours of reading. */
static bool open_all(struct reading *r)
{
	struct cli_args *a = &r->args;
	struct sw_err err = {.status = SW_ENOMEM, .text = "out of memory"};
	int error = output_open(&r->out, a->output);
	bool piped = false;

	if (error != 0) {
		terminal_say("smtpwire: %s: cannot write: %s", a->output ?
		    a->output : "standard output", strerror(error));
		reading_fail(r, CLI_OUTPUT);
		return false;
	}
	a->print.color = output_wants_colour(&r->out);
	for (size_t i = 0; i < a->name_count; i++)
		piped = piped || is_pipe(a->names[i]);
	r->prompt = piped || r->out.is_terminal;
	if (piped)
		stop_by_signals(a);
	reading_observe(r);
	a->lib.tmpdir = cli_tmpdir();
	a->print.tmpdir = a->lib.tmpdir;
	a->print.names = a->names;
	a->print.name_count = a->name_count;
	if (a->lib.threads == 0)
		a->lib.threads = cli_processors();
	confine_files(a, a->names, a->name_count);
	if (sw_printer_new(&a->print, output_write, &r->out, &r->printer) !=
		SW_OK ||
	    sw_reader_open(&a->lib, a->names, a->name_count, &r->reader,
		&err) != SW_OK) {
		reading_error(r, &err);
		return false;
	}
	return true;
}

static void run(struct reading *r)
{
	progress_init(&r->progress, r->args.progress, r->args.quiet);
	if (open_all(r)) {
		reading_sessions(r);
		reading_finish(r);
		reading_account(r);
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
	heap_init(&r.heap);
	r.out.fd = -1;
	status = cli_options_parse(CLI_READ, argc, argv, &r.args);
	if (status == CLI_OK)
		status = cli_options_followed(&r.args, "read");
	if (status == CLI_OK && r.args.name_count == 0) {
		terminal_say("smtpwire read: no file is named (\"-\" is "
		    "standard input)");
		terminal_say("Try 'smtpwire read --help'.");
		status = CLI_USAGE;
	}
	if (status == CLI_OK)
		status = cli_options_apart(&r.args, "read");
	if (status == CLI_OK) {
		run(&r);
		status = r.status;
	} else if (status == CLI_HELP) {
		status = cli_flush();
	}
	cli_options_fini(&r.args);
	return status;
}
