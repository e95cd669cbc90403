/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options_places.c - outputs that would be written over each other or an input
 *
 * A regular file is one whatever it is called; one that is not there yet is
 * its folder and its name in it.  What is no regular file, and standard output
 * by any name, may be that of several.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/terminal.h"

enum { OUTPUTS_MAX = 5 };

/* Where a file is, or will be. */
struct place {
	const char *option, *name;
	bool exists, has_folder;
	struct stat st;   /* of the file, if it exists, or of its folder */
	const char *last; /* its name in the folder */
	size_t last_len;
};

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void find_folder(struct place *p)
{
	size_t len = strlen(p->name), from;
	char *folder;

	while (len > 1 && p->name[len - 1] == '/')
		len--;
	for (from = len; from > 0 && p->name[from - 1] != '/'; from--)
		;
	p->last = p->name + from;
	p->last_len = len - from;
	folder = from > 0 ? strndup(p->name, from) : strdup(".");
	p->has_folder = folder != NULL && stat(folder, &p->st) == 0;
	free(folder);
}

static struct place find(const char *option, const char *name)
{
	struct place p = {.option = option, .name = name};

	if (strcmp(name, "-") == 0)
		p.exists = fstat(STDIN_FILENO, &p.st) == 0;
	else
		p.exists = stat(name, &p.st) == 0;
	if (!p.exists)
		find_folder(&p);
	return p;
}

static bool is_standard_output(const struct place *p)
{
	struct stat st;

	return fstat(STDOUT_FILENO, &st) == 0 && is_same_file(&p->st, &st);
}

static bool is_same_place(const struct place *a, const struct place *b)
{
	if (a->exists != b->exists)
		return false;
	if (a->exists)
		return S_ISREG(a->st.st_mode) && is_same_file(&a->st, &b->st) &&
		    !is_standard_output(a);
	return a->has_folder && b->has_folder && is_same_file(&a->st, &b->st) &&
	    a->last_len == b->last_len &&
	    memcmp(a->last, b->last, a->last_len) == 0;
}

static int bad_usage(const char *command)
{
	terminal_say("Try 'smtpwire %s --help'.", command);
	return CLI_USAGE;
}

/* What a variable that is not set leaves of -o "$x". */
static int refuse_empty(const struct place *places, size_t count,
    const char *command)
{
	for (size_t i = 0; i < count; i++) {
		if (places[i].name[0] != '\0')
			continue;
		terminal_say("smtpwire %s: %s: the name is empty", command,
		    places[i].option);
		return bad_usage(command);
	}
	return CLI_OK;
}

/* How many; "-" is standard output. */
static size_t find_outputs(const struct cli_args *a, struct place *places)
{
	const struct {
		const char *option, *name;
	} outputs[OUTPUTS_MAX] = {
		{"-o", a->output},
		{"-w", a->lib.frames},
		{"--eml", a->lib.eml_dir},
		{"--mbox", a->lib.mbox},
		{"--account", a->account},
	};
	size_t count = 0;

	for (size_t i = 0; i < OUTPUTS_MAX; i++)
		if (outputs[i].name != NULL &&
		    strcmp(outputs[i].name, "-") != 0)
			places[count++] = find(outputs[i].option,
			    outputs[i].name);
	return count;
}

static int compare_outputs(const struct place *places, size_t count,
    const char *command)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct place *a = &places[k], *b = &places[i];

			if (!is_same_place(a, b))
				continue;
			terminal_say("smtpwire %s: %s %s, %s %s: they are one "
				     "file", command, a->option, a->name,
			    b->option, b->name);
			return bad_usage(command);
		}
	}
	return CLI_OK;
}

static int compare_inputs(const struct place *places, size_t count,
    const char *const *names, size_t name_count, const char *command)
{
	for (size_t n = 0; n < name_count && count > 0; n++) {
		struct place input = find(NULL, names[n]);

		for (size_t i = 0; i < count; i++) {
			if (!is_same_place(&input, &places[i]))
				continue;
			terminal_say("smtpwire %s: %s %s: it is the input %s",
			    command, places[i].option, places[i].name,
			    names[n]);
			return bad_usage(command);
		}
	}
	return CLI_OK;
}

/* The second one would get nothing, or each some of it. */
static int refuse_stdin_twice(const struct cli_args *a, const char *command)
{
	size_t count = 0;

	for (size_t i = 0; i < a->name_count; i++)
		count += strcmp(a->names[i], "-") == 0;
	if (count < 2)
		return CLI_OK;
	terminal_say("smtpwire %s: standard input can be read once only",
	    command);
	return bad_usage(command);
}

int cli_options_apart(const struct cli_args *a, const char *command)
{
	struct place places[OUTPUTS_MAX];
	size_t count = find_outputs(a, places);
	int status = refuse_empty(places, count, command);

	if (status == CLI_OK)
		status = refuse_stdin_twice(a, command);
	if (status == CLI_OK)
		status = compare_outputs(places, count, command);
	if (status == CLI_OK)
		status = compare_inputs(places, count, a->names,
		    a->name_count, command);
	if (status == CLI_OK)
		status = compare_inputs(places, count, a->logs, a->log_count,
		    command);
	return status;
}
