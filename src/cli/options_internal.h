/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options_internal.h - what the files of options.c share */
#ifndef CLI_OPTIONS_INTERNAL_H
#define CLI_OPTIONS_INTERNAL_H

#include <stddef.h>

#include "cli/cli.h"

struct row;

/* Returns NULL, or why the value is not right. */
typedef const char *(*setter)(const struct row *row, struct cli_args *a,
    const char *value);

struct row {
	const char *name;     /* long name, NULL: none */
	const char *argument; /* how help calls it, NULL: takes none */
	const char *help;     /* "\n" begins the next line */
	setter set;
	size_t member; /* of struct cli_args, for set_flag and the like */
	unsigned commands;
	char letter; /* 0: none */
};

/* The headings of help. */
struct group {
	const char *title;
	const struct row *rows;
	size_t count;
};

/* --- options_table.c ----------------------------------------------------- */

/* All options, in the order of help. */
#define OPTION_GROUPS 7
extern const struct group cli_options_groups[OPTION_GROUPS];
/* Why a setter failed when memory ran out: to be compared by its address. */
extern const char cli_options_no_memory[];
/* How a file is read that is named now. */
struct sw_input_options cli_options_now(const struct cli_args *a);
/* Does it concern only the operands that follow? */
bool cli_options_is_of_input(const struct row *row);
/* Is its value a list of kinds of findings? */
bool cli_options_is_of_kinds(const struct row *row);

#endif
