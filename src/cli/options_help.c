/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options_help.c - the options of a command as lines of help */
#include "cli/options_internal.h"

#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 26

static void help_row(const struct row *row)
{
	char left[64];
	const char *text = row->help, *end;
	int len;

	len = snprintf(left, sizeof(left), "  %c%c%s%s%s%s%s",
	    row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
	    row->letter && row->name ? ", " : "  ", row->name ? "--" : "",
	    row->name ? row->name : "", row->argument ? " " : "",
	    row->argument ? row->argument : "");
	if (row->name == NULL)
		len = snprintf(left, sizeof(left), "  -%c %s", row->letter,
		    row->argument ? row->argument : "");
	while ((end = strchr(text, '\n')) != NULL) {
		printf("%-*s%.*s\n", HELP_COLUMN, left, (int)(end - text),
		    text);
		left[0] = '\0';
		text = end + 1;
		len = 0;
	}
	if (len >= HELP_COLUMN)
		printf("%s\n%*s%s\n", left, HELP_COLUMN, "", text);
	else
		printf("%-*s%s\n", HELP_COLUMN, left, text);
}

void cli_options_help(enum cli_command command)
{
	for (size_t g = 0; g < OPTION_GROUPS; g++) {
		const struct group *group = &cli_options_groups[g];
		bool titled = false;

		for (size_t i = 0; i < group->count; i++) {
			const struct row *row = &group->rows[i];

			if (!(row->commands & command))
				continue;
			if (!titled)
				printf("\n%s:\n", group->title);
			titled = true;
			help_row(row);
		}
	}
}
