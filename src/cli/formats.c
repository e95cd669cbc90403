/* SPDX-License-Identifier: GPL-2.0-or-later */
/* formats.c - the command `formats`: what can be read */

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/terminal.h"

#define WIDTH 78

/* Names of the set, as many on a line as fit. */
static void print_records(uint32_t records)
{
	int column = printf("      records");

	for (int i = 0; i < SW_RECORDS_COUNT; i++) {
		const char *name = sw_record_name((enum sw_record)i);

		if (!(records & SW_BIT(i)))
			continue;
		if (column + 1 + (int)strlen(name) > WIDTH)
			column = printf("\n             ") - 1;
		column += printf(" %s", name);
	}
	putchar('\n');
}

static void print_formats(enum sw_source_kind kind)
{
	struct sw_format f;

	for (size_t i = 0; sw_format_get(i, &f); i++) {
		if (f.kind != kind)
			continue;
		printf("  %-20s%s\n", f.name, f.title);
		if (kind != SW_SOURCE_LOG)
			continue;
		print_records(f.records);
		printf("      times   %s\n", f.times ? f.times : "none");
	}
}

int cli_formats(int argc, char **argv)
{
	struct cli_args a;
	int status = cli_options_parse(CLI_FORMATS, argc, argv, &a);

	if (status == CLI_OK && a.name_count > 0) {
		terminal_say("smtpwire formats: takes no arguments");
		status = CLI_USAGE;
	} else if (status == CLI_OK) {
		printf("Captures (what passed, all of it):\n");
		print_formats(SW_SOURCE_WIRE);
		printf("\nLogs (at best; each session tells what its record "
		    "shows, see smtpwire(1)):\n");
		print_formats(SW_SOURCE_LOG);
		printf("\nTranscripts that -f jsonl wrote are read back.\n");
		printf("\nEach also compressed with gzip, xz, zstd, bzip2 or "
		    "lz4, or in a zip, tar or\n7z archive.\n");
		status = cli_flush();
	} else if (status == CLI_HELP) {
		status = cli_flush();
	}
	cli_options_fini(&a);
	return status;
}
