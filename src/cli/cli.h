/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli.h - what all commands share: exit status, messages, options */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <smtpwire/report.h>

enum cli_exit {
	CLI_OK = 0,
	CLI_DIFFERS = 1, /* check found differences, as diff does */
	CLI_USAGE = 2,  /* wrong usage */
	CLI_INPUT = 3,  /* an input could not be read at all */
	CLI_OUTPUT = 4, /* output could not be written, or no memory */
	CLI_HELP = -1   /* help was printed: nothing is left to do */
};

/* The set of commands that an option belongs to. */
enum cli_command { CLI_READ = 1, CLI_FORMATS = 2, CLI_EXPLAIN = 4,
	CLI_CHECK = 8, CLI_LIVE = 16 };

enum cli_progress { CLI_PROGRESS_AUTO, CLI_PROGRESS_ON, CLI_PROGRESS_OFF };

/* A time as it was given: without a zone it is meant in that of --tz. */
struct cli_time {
	bool given, zoned;
	int64_t ns;
};

/* Logs that live follows. */
#define CLI_LOGS_MAX 64

/* The command line of one command.  Strings are borrowed from argv. */
struct cli_args {
	struct sw_options lib;
	struct sw_print_options print;
	const char *output;  /* -o, NULL: standard output */
	struct sw_live_options live;
	const char *user; /* as whom live goes on; NULL: nobody */
	bool list; /* interfaces */
	bool follow;
	const char *logs[CLI_LOGS_MAX]; /* --check of live */
	struct sw_input_options log_inputs[CLI_LOGS_MAX]; /* as inputs */
	size_t log_count;
	unsigned grace_s; /* 0: not given */
	const char *account; /* --account, NULL: none */
	const char *on_stdout; /* the option beside -o that was given "-" */
	struct cli_time since, until;
	uint32_t ignore, only; /* of check: sets of 1u << sw_finding_kind */
	int64_t max_offset_ns; /* 0: any */
	size_t context;
	bool json, html; /* of check */
	enum cli_progress progress;
	bool quiet;
	bool help, version;
	uint16_t *ports; /* heap, what lib.ports points to */
	const char **names; /* heap; operands, in their order */
	struct sw_input_options *inputs; /* heap; how each is read, by the
	                                    options in front of it */
	size_t name_count;
	const char *last; /* --tz and the like behind the last operand, which
	                     nothing follows; NULL: none */
};

/* --- options.c, options_help.c, options_places.c -------------------------- */

/*
 * Parse argv (argv[0]: the command's name) by the rows of the table that
 * belong to command.  CLI_OK; CLI_USAGE, which was told on standard error;
 * CLI_HELP.
 */
int cli_options_parse(enum cli_command command, int argc, char **argv,
    struct cli_args *a_r);
void cli_options_fini(struct cli_args *a);
/* Does a file follow each option that concerns only those that follow?
 * CLI_OK; CLI_USAGE, which was told. */
int cli_options_followed(const struct cli_args *a, const char *command);
/* Has each output a name, of a file of its own that is no input, and is
 * standard input one input at most?  CLI_OK; CLI_USAGE, which was told. */
int cli_options_apart(const struct cli_args *a, const char *command);
/* Are only some sessions asked for? */
bool cli_options_select(const struct cli_args *a);
/* The options of a command as lines of help. */
void cli_options_help(enum cli_command command);

/* --- main.c ------------------------------------------------------------- */

/* Help of one command on standard output. */
void cli_help(enum cli_command command);
/* What this is, and which engines it has. */
void cli_version(void);
/* Processors that this process may use. */
unsigned cli_processors(void);
/* Where temporary files are made; NULL: the environment does not say. */
const char *cli_tmpdir(void);
/* Write what stdio holds; CLI_OK or CLI_OUTPUT, which was told. */
int cli_flush(void);

/* --- commands ----------------------------------------------------------- */

int cli_read(int argc, char **argv);
int cli_live(int argc, char **argv);
int cli_formats(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_check(int argc, char **argv);

#endif
