/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the commands, from one table */
#define _GNU_SOURCE /* sched_getaffinity */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/terminal.h"

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;
	int (*run)(int argc, char **argv);
	enum cli_command id;
};

static const struct command commands[] = {
	{"read", "[options] FILE...", "tell what they hold",
	    "FILEs are captures, logs, and transcripts as JSON Lines, told "
	    "apart by content;\n\"-\" is standard input, a directory the "
	    "files in it,\n\"odbc:DSN=...;TABLE=...\" a log in a database.",
	    cli_read, CLI_READ},
	{"live", "[options] -i INTERFACE", "tell what passes it",
	    "Sessions are told as they end, until the capture is ended with "
	    "Ctrl-C.  SIGUSR1\nprints the account, SIGHUP opens the output "
	    "anew.", cli_live, CLI_LIVE},
	{"check", "[options] LEFT... --vs RIGHT...",
	    "tell where they disagree",
	    "LEFT and RIGHT are captures, logs, or transcripts as JSON Lines: "
	    "two records of\nthe same traffic.  Two files need no --vs.  "
	    "Exit status 1: they disagree.", cli_check, CLI_CHECK},
	{"formats", "", "list what can be read",
	    "The formats of captures and logs, and what each log records.",
	    cli_formats, CLI_FORMATS},
	{"explain", "[CODE] [ENHANCED] [VERB]", "tell what a reply means",
	    "CODE is that of the reply, ENHANCED its enhanced status code "
	    "(RFC 3463), VERB\nthe command that it answers, \"greeting\", or "
	    "\".\" for the end of the content.\n"
	    "CODE may be left out where ENHANCED is given.  Any order will do.",
	    cli_explain, CLI_EXPLAIN},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *to)
{
	fprintf(to, "usage: smtpwire COMMAND [options] ...\n\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &commands[i];
		int len = fprintf(to, "  smtpwire %s %s", c->name,
		    c->arguments);

		fprintf(to, "%*s%s\n", len < 52 ? 52 - len : 1, "",
		    c->summary);
	}
	fprintf(to, "\n'smtpwire COMMAND --help' lists its options; the "
	    "manual is smtpwire(1).\n");
}

void cli_help(enum cli_command command)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].id == command)
			printf("usage: smtpwire %s%s%s\n%s\n",
			    commands[i].name,
			    *commands[i].arguments ? " " : "",
			    commands[i].arguments, commands[i].help);
	cli_options_help(command);
}

void cli_version(void)
{
	printf("smtpwire %s\n", sw_version());
	for (int i = 0; i < SW_ENGINE_COUNT; i++) {
		const char *lacks = sw_engine_lacks((enum sw_engine)i);

		printf("engine %s%s%s%s\n", sw_engine_name((enum sw_engine)i),
		    lacks ? " (" : "", lacks ? lacks : "",
		    lacks ? ")" : "");
	}
}

unsigned cli_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

const char *cli_tmpdir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : NULL;
}

int cli_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CLI_OK;
	if (errno == EPIPE)
		return CLI_OK;
	terminal_say("smtpwire: standard output: cannot write: %s",
	    strerror(errno));
	return CLI_OUTPUT;
}

/* A descriptor 0 to 2 that the caller closed would be given to the first
 * file that is opened, and messages written into it.  What stands in its
 * place can be neither read nor written. */
static void hold_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			(void)!open("/dev/null", fd == 0 ? O_WRONLY :
			    O_RDONLY);
}

static int run_command(int argc, char **argv)
{
	struct stat st;

	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(argc, argv);
	terminal_say("smtpwire: %s: no such command", argv[0]);
	if (stat(argv[0], &st) == 0) {
		terminal_say("It is a file: 'smtpwire read %s' tells what it "
		    "holds.", argv[0]);
		return CLI_USAGE;
	}
	print_usage(stderr);
	return CLI_USAGE;
}

/* Of all, or of the command that is named. */
static int help(int argc, char **argv)
{
	char option[] = "--help";
	char *of_one[] = {argc > 2 ? argv[2] : NULL, option, NULL};

	if (of_one[0] != NULL)
		return run_command(2, of_one);
	print_usage(stdout);
	return cli_flush();
}

int main(int argc, char **argv)
{
	static char errors[8192];
	const char *first = argc > 1 ? argv[1] : "";

	hold_standard_descriptors();
	/* Whole messages: others may write to the same place. */
	(void)setvbuf(stderr, errors, _IOFBF, sizeof(errors));
	/* A closed pipe is an error of write, and ends the run quietly; so is
	 * a limit on the size of files, which is told as a full disk is. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (strcmp(first, "-h") == 0 || strcmp(first, "--help") == 0 ||
	    strcmp(first, "help") == 0)
		return help(argc, argv);
	if (strcmp(first, "-V") == 0 || strcmp(first, "--version") == 0) {
		cli_version();
		return cli_flush();
	}
	if (argc < 2) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	return run_command(argc - 1, argv + 1);
}
