/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - the command `check`: two records held against each other */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/confine.h"
#include "cli/output.h"
#include "cli/terminal.h"

/* One run. */
struct checking {
	struct cli_args args;
	const char *const *left, *const *right;
	size_t left_count, right_count;
	struct output out;
	struct sw_check *check;
	int status;
};

static void fail(struct checking *c, int status)
{
	if (c->status < status)
		c->status = status;
}

static void tell_error(struct checking *c, const struct sw_err *err)
{
	fail(c, terminal_tell(err));
}

static void tell_output(struct checking *c, int error)
{
	if (error == EPIPE)
		return; /* nobody reads it any more */
	terminal_say("smtpwire: %s: cannot write: %s", c->out.name,
	    strerror(error));
	fail(c, CLI_OUTPUT);
}

/* What could not be read, and warnings. */
static void tell_inputs(struct checking *c)
{
	const char *text;

	while ((text = sw_check_error(c->check)) != NULL)
		terminal_say("smtpwire: %s", text);
	if (sw_check_failed(c->check) > 0)
		fail(c, CLI_INPUT);
	while ((text = sw_check_warning(c->check)) != NULL)
		if (!c->args.quiet)
			terminal_say("smtpwire: warning: %s", text);
}

/* Was something of both sides read?  Else all sessions of the one would be
 * said to be missing on the other. */
static bool has_sides(const struct sw_report *r)
{
	static const char *const sides[] = {"left", "right"};
	size_t i, empty = 0;

	for (i = 0; i < 2; i++) {
		if (r->side[i].failed < r->side[i].file_count)
			continue;
		terminal_say("smtpwire: nothing of the %s side could be "
		    "read, so nothing is compared", sides[i]);
		empty++;
	}
	return empty == 0;
}

static void tell_accounts(const struct checking *c)
{
	static const char *const sides[] = {"left", "right"};
	size_t i;

	for (i = 0; i < 2 && !c->args.quiet; i++) {
		terminal_say("of the %s side:", sides[i]);
		(void)!sw_account_write(sw_check_account(c->check,
		    (enum sw_side)i), false, terminal_write, NULL);
	}
}

/* True: all of the report was written. */
static bool write_report(struct checking *c)
{
	struct sw_report_options o = { .json = c->args.json,
		.color = output_wants_colour(&c->out),
		.no_times = c->args.print.no_times,
		.context = c->args.context,
		.html = c->args.html, .tmpdir = c->args.lib.tmpdir };
	struct sw_err err = {.status = SW_ENOMEM, .text = "out of memory"};
	int error = 0;

	switch (sw_report_write(c->check, &o, output_write, &c->out, &error,
	    &err)) {
	case SW_OK:
		error = output_finish(&c->out);
		if (error == 0)
			return true;
		tell_output(c, error);
		return false;
	case SW_EWRITE:
		if (error != 0) {
			tell_output(c, error);
			return false;
		}
		tell_error(c, &err);
		return false;
	case SW_ENOMEM:
	case SW_EREAD:
	case SW_EFORMAT:
	case SW_EUSAGE:
		tell_error(c, &err);
		return false;
	}
	return false;
}

static void run(struct checking *c)
{
	struct sw_err err = {.status = SW_ENOMEM, .text = "out of memory"};
	struct sw_check_options o;
	const struct sw_report *r;
	int error = output_open(&c->out, c->args.output);

	if (error != 0) {
		terminal_say("smtpwire: %s: cannot write: %s", c->args.output ?
		    c->args.output : "standard output", strerror(error));
		fail(c, CLI_OUTPUT);
		return;
	}
	c->args.lib.tmpdir = cli_tmpdir();
	if (c->args.lib.threads == 0)
		c->args.lib.threads = cli_processors();
	sw_check_options_init(&o);
	o.reader = c->args.lib;
	o.ignore = c->args.ignore;
	o.only = c->args.only;
	o.max_offset_ns = c->args.max_offset_ns;
	o.whole = c->args.html;
	confine_files(&c->args, c->args.names, c->args.name_count);
	if (sw_check_open(&o, c->left, c->left_count, c->right,
	    c->right_count, &c->check, &err) != SW_OK) {
		tell_error(c, &err);
		return;
	}
	tell_inputs(c);
	r = sw_check_report(c->check);
	if (!has_sides(r) || !write_report(c))
		return;
	tell_accounts(c);
	/* 3 beats 1: what was not read may differ too. */
	if (c->status == CLI_OK &&
	    (r->verdicts[SW_DIFFERS] > 0 || r->unexplained > 0))
		c->status = CLI_DIFFERS;
}

/* --- the two sides -------------------------------------------------------- */

static int refuse(const char *why)
{
	terminal_say("smtpwire check: %s", why);
	terminal_say("Try 'smtpwire check --help'.");
	return CLI_USAGE;
}

/* Take "--vs" out of argv; its place, 0: it is not there, -1: twice. */
static int take_vs(int *argc, char **argv)
{
	int at = 0;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if (strcmp(argv[i], "--vs") != 0)
			continue;
		if (at > 0)
			return -1;
		at = i;
	}
	if (at == 0)
		return 0;
	(*argc)--;
	for (int i = at; i < *argc; i++)
		argv[i] = argv[i + 1];
	argv[*argc] = NULL;
	return at;
}

/* How many operands stand in front of argv[at]. */
static int count_left(int at, char **argv, size_t *count_r)
{
	struct cli_args a;
	char *behind = argv[at];
	int status;

	argv[at] = NULL;
	status = cli_options_parse(CLI_CHECK, at, argv, &a);
	*count_r = a.name_count;
	argv[at] = behind;
	cli_options_fini(&a);
	return status;
}

static int split(struct checking *c, bool vs, size_t left)
{
	if (!vs && c->args.name_count != 2)
		return refuse("two files are compared, or LEFT... --vs "
			      "RIGHT...");
	if (!vs)
		left = 1;
	if (left == 0 || left >= c->args.name_count)
		return refuse("a side without files");
	c->left = c->args.names;
	c->left_count = left;
	c->right = c->args.names + left;
	c->right_count = c->args.name_count - left;
	return CLI_OK;
}

int cli_check(int argc, char **argv)
{
	struct checking c;
	size_t left = 0;
	int status = CLI_OK, at = take_vs(&argc, argv);

	memset(&c, 0, sizeof(c));
	c.out.fd = -1;
	if (at > 0)
		status = count_left(at, argv, &left);
	if (at < 0)
		status = refuse("--vs stands between the two sides, once");
	if (status == CLI_OK)
		status = cli_options_parse(CLI_CHECK, argc, argv, &c.args);
	else
		sw_options_init(&c.args.lib);
	if (status == CLI_OK)
		status = cli_options_followed(&c.args, "check");
	if (status == CLI_OK)
		status = split(&c, at > 0, left);
	if (status == CLI_OK)
		status = cli_options_apart(&c.args, "check");
	if (status == CLI_OK) {
		run(&c);
		status = c.status;
	} else if (status == CLI_HELP) {
		status = cli_flush();
	}
	sw_check_free(&c.check);
	output_fini(&c.out);
	cli_options_fini(&c.args);
	return status;
}
