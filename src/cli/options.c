/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.c - a command line parsed by the table of options
 *
 * getopt_long gets the rows of options_table.c that belong to the command.
 * Operands are taken in their place among the options, since some options
 * concern only the files that follow them.
 */
#include "cli/options_internal.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/terminal.h"

#define ROWS_MAX 64
/* All their names with what is told between them. */
#define NAMES_SIZE (24 * ROWS_MAX)

/* The table as getopt_long wants it. */
struct getopt_form {
	struct option longs[ROWS_MAX + 1];
	char shorts[2 * ROWS_MAX + 3];
	const struct row *rows[ROWS_MAX];
	int count;
};

/* getopt returns this plus the row's number for long options. */
#define LONG_BASE 256
/* ... and this for what is no option, as the form asks for. */
#define OPERAND 1

static void form_add(struct getopt_form *f, const struct row *row, char **s)
{
	if (row->name != NULL) {
		struct option *o = f->longs;

		while (o->name != NULL)
			o++;
		o->name = row->name;
		o->has_arg = row->argument != NULL;
		o->val = LONG_BASE + f->count;
	}
	if (row->letter != 0) {
		*(*s)++ = row->letter;
		if (row->argument != NULL)
			*(*s)++ = ':';
	}
	f->rows[f->count++] = row;
}

static void form_init(struct getopt_form *f, enum cli_command command)
{
	char *s = f->shorts;

	memset(f, 0, sizeof(*f));
	*s++ = '-'; /* operands in their place among the options */
	*s++ = ':'; /* a missing argument is told apart */
	for (size_t g = 0; g < OPTION_GROUPS; g++) {
		for (size_t i = 0; i < cli_options_groups[g].count; i++) {
			const struct row *row =
			    &cli_options_groups[g].rows[i];

			if (row->commands & command)
				form_add(f, row, &s);
		}
	}
}

static const struct row *form_find(const struct getopt_form *f, int c)
{
	if (c >= LONG_BASE)
		return f->rows[c - LONG_BASE];
	for (int i = 0; i < f->count; i++)
		if (f->rows[i]->letter == c)
			return f->rows[i];
	return NULL;
}

static int bad_usage(const char *command)
{
	terminal_say("Try 'smtpwire %s --help'.", command);
	return CLI_USAGE;
}

/* The long options that begin as the one given does, with commas between
 * them; "" if there are none. */
static void list_candidates(const struct getopt_form *f, const char *given,
    char *text, size_t size)
{
	size_t len = strcspn(given, "="), used = 0;

	text[0] = '\0';
	if (strncmp(given, "--", 2) != 0)
		return;
	for (const struct option *o = f->longs; o->name != NULL; o++)
		if (strncmp(o->name, given + 2, len - 2) == 0 && used < size)
			used += (size_t)snprintf(text + used, size - used,
			    "%s--%s", used > 0 ? ", " : "", o->name);
}

/* No option, or the beginning of several. */
static void tell_unknown(const struct getopt_form *f, const char *command,
    const char *given)
{
	char names[NAMES_SIZE];

	list_candidates(f, given, names, sizeof(names));
	if (names[0] != '\0')
		terminal_say("smtpwire %s: %s: ambiguous, it begins %s",
		    command, given, names);
	else
		terminal_say("smtpwire %s: %s: no such option", command,
		    given);
}

/* getopt met something that is not in the table. */
static int bad_option(const struct getopt_form *f, int c, char **argv)
{
	const char *given = argv[optind - 1];

	if (c == ':')
		terminal_say("smtpwire %s: %s: an argument is missing",
		    argv[0], given);
	else if (optopt > 0 && optopt < LONG_BASE)
		terminal_say("smtpwire %s: -%c: no such option", argv[0],
		    optopt);
	else if (optopt >= LONG_BASE)
		terminal_say("smtpwire %s: %s: takes no argument", argv[0],
		    given);
	else
		tell_unknown(f, argv[0], given);
	return bad_usage(argv[0]);
}

static void tell_kinds(void)
{
	for (int i = 0; i < SW_FOUND_COUNT; i++)
		terminal_say("%s%s",
		    i == 0 ? "The kinds are: " : "               ",
		    sw_finding_name((enum sw_finding_kind)i));
	terminal_say("smtpwire-transcript(5) tells what they mean.");
}

static int bad_value(const char *command, const struct row *row,
    const char *why)
{
	if (why == cli_options_no_memory) {
		terminal_say("smtpwire: %s", why);
		return CLI_OUTPUT;
	}
	if (row->name != NULL)
		terminal_say("smtpwire %s: --%s %s: %s", command, row->name,
		    optarg, why);
	else
		terminal_say("smtpwire %s: -%c %s: %s", command, row->letter,
		    optarg, why);
	if (cli_options_is_of_kinds(row))
		tell_kinds();
	return bad_usage(command);
}

/* A time without a zone is meant in the zone of the first file, else in
 * UTC. */
static int64_t resolve_time(const struct cli_args *a,
    const struct cli_time *t)
{
	if (!t->given)
		return SW_NO_TIME;
	if (t->zoned || a->name_count == 0 || !a->inputs[0].tz_known)
		return t->ns;
	return t->ns - (int64_t)a->inputs[0].tz_offset_s * 1000000000;
}

/* The options so far say how it is read. */
static void add_operand(struct cli_args *a, const char *name)
{
	a->inputs[a->name_count] = cli_options_now(a);
	a->names[a->name_count++] = name;
	a->last = NULL;
}

static int parse_rows(struct getopt_form *f, int argc, char **argv,
    struct cli_args *a)
{
	int c;

	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((c = getopt_long(argc, argv, f->shorts, f->longs, NULL)) !=
	    -1) {
		const struct row *row;
		const char *why;

		if (c == OPERAND) {
			add_operand(a, optarg);
			continue;
		}
		if (c == '?' || c == ':')
			return bad_option(f, c, argv);
		row = form_find(f, c);
		why = row->set(row, a, optarg);
		if (why != NULL)
			return bad_value(argv[0], row, why);
		if (cli_options_is_of_input(row))
			a->last = row->name;
	}
	for (; optind < argc; optind++) /* behind "--" */
		add_operand(a, argv[optind]);
	return CLI_OK;
}

static int make_room(struct cli_args *a, int argc)
{
	a->names = calloc((size_t)argc + 1, sizeof(*a->names));
	a->inputs = calloc((size_t)argc + 1, sizeof(*a->inputs));
	if (a->names != NULL && a->inputs != NULL)
		return CLI_OK;
	terminal_say("smtpwire: %s", cli_options_no_memory);
	return CLI_OUTPUT;
}

/* The option that says what becomes of files of -w, if there are none;
 * NULL: none was given. */
static const char *lost_rotation(const struct cli_args *a)
{
	if (a->lib.frames != NULL)
		return NULL;
	if (a->lib.rotate_size > 0)
		return "--rotate-size";
	if (a->lib.rotate_s > 0)
		return "--rotate-time";
	return a->lib.keep > 0 ? "--keep" : NULL;
}

int cli_options_parse(enum cli_command command, int argc, char **argv,
    struct cli_args *a_r)
{
	struct getopt_form form;
	const char *lost;
	int status;

	memset(a_r, 0, sizeof(*a_r));
	sw_options_init(&a_r->lib);
	sw_live_options_init(&a_r->live);
	a_r->context = 3;
	form_init(&form, command);
	status = make_room(a_r, argc);
	if (status == CLI_OK)
		status = parse_rows(&form, argc, argv, a_r);
	if (status != CLI_OK)
		return status;
	a_r->lib.inputs = a_r->inputs;
	a_r->lib.filter.since = resolve_time(a_r, &a_r->since);
	a_r->lib.filter.until = resolve_time(a_r, &a_r->until);
	if (a_r->help) {
		cli_help(command);
		return CLI_HELP;
	}
	if (a_r->version) {
		cli_version();
		return CLI_HELP;
	}
	if (a_r->on_stdout != NULL && (a_r->output == NULL ||
	    strcmp(a_r->output, "-") == 0)) {
		terminal_say("smtpwire %s: %s -: the sessions are told there; "
			     "-o FILE puts them elsewhere", argv[0],
		    a_r->on_stdout);
		return bad_usage(argv[0]);
	}
	lost = lost_rotation(a_r);
	if (lost != NULL) {
		terminal_say("smtpwire %s: %s: it concerns the file of -w, "
			     "and there is none", argv[0], lost);
		return bad_usage(argv[0]);
	}
	return CLI_OK;
}

int cli_options_followed(const struct cli_args *a, const char *command)
{
	if (a->last == NULL || a->name_count == 0)
		return CLI_OK;
	terminal_say("smtpwire %s: --%s: it concerns the files that follow "
		     "it, and none does", command, a->last);
	return bad_usage(command);
}

bool cli_options_select(const struct cli_args *a)
{
	const struct sw_filter *f = &a->lib.filter;

	return f->failed || f->from || f->rcpt || f->host || f->subject ||
	    f->message_id || f->queue_id || f->id || a->since.given ||
	    a->until.given;
}

void cli_options_fini(struct cli_args *a)
{
	free(a->ports);
	a->ports = NULL;
	free(a->names);
	a->names = NULL;
	free(a->inputs);
	a->inputs = NULL;
}
