/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.c - one table of options: parsing and help come from it
 *
 * A row sets one member of struct cli_args.  The manual smtpwire(1) is
 * checked against the help that is printed from the same rows.
 */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/terminal.h"
#include "cli/values.h"

struct row;

/* Returns NULL, or why the value is not right. */
typedef const char *(*setter)(const struct row *row, struct cli_args *a,
    const char *value);

struct row {
	const char *name;     /* long name, NULL: none */
	const char *argument; /* how help calls it, NULL: takes none */
	const char *help;     /* "\n" begins the next line */
	setter set;
	size_t member; /* offset of what set_flag, set_string set */
	unsigned commands;
	char letter; /* 0: none */
};

/* The headings of help. */
struct group {
	const char *title;
	const struct row *rows;
	size_t count;
};

/* --- setters ------------------------------------------------------------ */

static const char *set_flag(const struct row *row, struct cli_args *a,
    const char *value)
{
	bool *member = (bool *)(void *)((char *)a + row->member);

	(void)value;
	*member = true;
	return NULL;
}

static const char *set_string(const struct row *row, struct cli_args *a,
    const char *value)
{
	const char **member =
	    (const char **)(void *)((char *)a + row->member);

	*member = value;
	return NULL;
}

static const char *set_time(const struct row *row, struct cli_args *a,
    const char *value)
{
	struct cli_time *member =
	    (struct cli_time *)(void *)((char *)a + row->member);

	if (cli_value_time(value, member))
		return NULL;
	return "not a time such as 2004-02-20, \"2004-02-20 11:10:03\", "
	       "2004-02-20T11:10:03Z, or seconds since 1970";
}

static const char *set_form(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	if (strcmp(value, "text") == 0)
		a->print.form = SW_FORM_TEXT;
	else if (strcmp(value, "jsonl") == 0)
		a->print.form = SW_FORM_JSONL;
	else if (strcmp(value, "html") == 0)
		a->print.form = SW_FORM_HTML;
	else
		return "must be text, jsonl or html";
	return NULL;
}

static const char *set_report_form(const struct row *row,
    struct cli_args *a, const char *value)
{
	(void)row;
	a->json = strcmp(value, "json") == 0;
	a->html = strcmp(value, "html") == 0;
	if (!a->json && !a->html && strcmp(value, "text") != 0)
		return "must be text, json or html";
	return NULL;
}

/* "KIND,KIND" */
static const char *set_kinds(const struct row *row, struct cli_args *a,
    const char *value)
{
	uint32_t *member = (uint32_t *)(void *)((char *)a + row->member);

	while (*value) {
		size_t len = strcspn(value, ",");
		int i;

		for (i = 0; i < SW_FOUND_COUNT; i++) {
			const char *name =
			    sw_finding_name((enum sw_finding_kind)i);

			if (strlen(name) == len &&
			    memcmp(name, value, len) == 0)
				break;
		}
		if (i == SW_FOUND_COUNT)
			return "not a kind of finding";
		*member |= SW_BIT(i);
		value += len + (value[len] == ',');
	}
	return NULL;
}

static const char *set_max_offset(const struct row *row,
    struct cli_args *a, const char *value)
{
	unsigned seconds;

	(void)row;
	if (!cli_value_count(value, 1000000000, &seconds))
		return "must be a number of seconds";
	a->max_offset_ns = (int64_t)seconds * 1000000000;
	return NULL;
}

/* How a file is read that is named now. */
static struct sw_input_options now_given(const struct cli_args *a)
{
	return (struct sw_input_options){ a->lib.format, a->lib.tz_known,
		a->lib.tz_offset_s, a->lib.date_order };
}

static const char *set_log(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	if (a->log_count == CLI_LOGS_MAX)
		return "too many logs";
	if (*value == '\0' || strcmp(value, "-") == 0)
		return "must be the name of a file";
	a->log_inputs[a->log_count] = now_given(a);
	a->logs[a->log_count++] = value;
	a->last = NULL;
	return NULL;
}

static const char *set_grace(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	return cli_value_count(value, 1000000, &a->grace_s) ? NULL :
	    "must be a number of seconds";
}

static const char *set_context(const struct row *row, struct cli_args *a,
    const char *value)
{
	unsigned n = 0;

	(void)row;
	if (strcmp(value, "0") != 0 && !cli_value_count(value, 1000000, &n))
		return "must be a number of rows";
	a->context = n;
	return NULL;
}

static const char out_of_memory[] = "out of memory";

static const char *set_ports(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	free(a->ports);
	a->ports = NULL;
	errno = 0;
	if (!cli_value_ports(value, &a->ports, &a->lib.port_count))
		return errno == ENOMEM ? out_of_memory :
		    "not a list of ports such as 25,587 or 2000-2010";
	a->lib.ports = a->ports;
	return NULL;
}

static const char *set_log_format(const struct row *row,
    struct cli_args *a, const char *value)
{
	(void)row;
	a->lib.format = value;
	return NULL;
}

static const char *set_zone(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	if (!cli_value_zone(value, &a->lib.tz_offset_s))
		return "must be UTC or an offset such as +02:00; names of "
		       "zones are not known";
	a->lib.tz_known = true;
	return NULL;
}

static const char *set_date_order(const struct row *row, struct cli_args *a,
    const char *value)
{
	static const char *const names[] = {
		[SW_DATE_ORDER_MDY] = "mdy",
		[SW_DATE_ORDER_DMY] = "dmy",
		[SW_DATE_ORDER_YMD] = "ymd",
	};
	int i;

	(void)row;
	for (i = SW_DATE_ORDER_MDY; i < SW_DATE_ORDER_COUNT; i++)
		if (strcmp(value, names[i]) == 0) {
			a->lib.date_order = (enum sw_date_order)i;
			return NULL;
		}
	return "must be mdy, dmy or ymd";
}

static const char *set_engine(const struct row *row, struct cli_args *a,
    const char *value)
{
	int i;

	(void)row;
	for (i = 0; i < SW_ENGINE_COUNT; i++)
		if (strcmp(value, sw_engine_name((enum sw_engine)i)) == 0) {
			a->lib.engine = (enum sw_engine)i;
			return NULL;
		}
	return "must be native or nids";
}

static const char *set_vlan(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	a->lib.ignore_vlan = strcmp(value, "ignore") == 0;
	a->lib.strict_vlan = strcmp(value, "strict") == 0;
	if (!a->lib.ignore_vlan && !a->lib.strict_vlan)
		return "must be ignore or strict";
	return NULL;
}

static const char *set_memory(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	if (!cli_value_size(value, &a->lib.memory))
		return "not a size such as 64M";
	return NULL;
}

static const char *set_threads(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	if (!cli_value_count(value, 1024, &a->lib.threads))
		return "not a number from 1 to 1024";
	return NULL;
}

static const char *set_id(const struct row *row, struct cli_args *a,
    const char *value)
{
	const char *digits = *value == '=' ? value + 1 : value;

	(void)row;
	if (*digits == '\0' ||
	    digits[strspn(digits, "0123456789abcdefABCDEF")] != '\0')
		return "an id is made of hex digits";
	a->lib.filter.id = value;
	return NULL;
}

static const char *set_sort(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	if (strcmp(value, "start") != 0)
		return "must be start";
	a->lib.sort_start = true;
	return NULL;
}

static const char *set_progress(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	(void)value;
	a->progress = CLI_PROGRESS_ON;
	return NULL;
}

static const char *set_frames(const struct row *row, struct cli_args *a,
    const char *value)
{
	unsigned n;

	(void)row;
	if (!cli_value_count(value, UINT_MAX, &n))
		return "must be a number of frames";
	a->live.count = n;
	return NULL;
}

static const char *set_rotate_size(const struct row *row,
    struct cli_args *a, const char *value)
{
	(void)row;
	return cli_value_size(value, &a->lib.rotate_size) &&
	    a->lib.rotate_size > 0 ? NULL : "not a size such as 64M";
}

static const char *set_rotate_time(const struct row *row,
    struct cli_args *a, const char *value)
{
	(void)row;
	return cli_value_duration(value, &a->lib.rotate_s) ? NULL :
	    "not a time such as 60, 5m, 1h, 1d";
}

static const char *set_keep(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	return cli_value_count(value, 100000, &a->lib.keep) ? NULL :
	    "must be a number from 1 to 100000";
}

static const char *set_buffer(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	return cli_value_size(value, &a->live.buffer) &&
	    a->live.buffer > 0 ? NULL : "not a size such as 64M";
}

static const char *set_no_progress(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	(void)value;
	a->progress = CLI_PROGRESS_OFF;
	return NULL;
}

/* --- the table ---------------------------------------------------------- */

#define AT(m) offsetof(struct cli_args, m)
#define EVERY (CLI_READ | CLI_LIVE | CLI_CHECK | CLI_FORMATS | CLI_EXPLAIN)
#define RECORDS (CLI_READ | CLI_CHECK)
#define WIRES (CLI_READ | CLI_LIVE | CLI_CHECK)

static const struct row rows_live[] = {
	{"interface", "NAME", "capture on this one; any: on all",
	    set_string, AT(live.interface), CLI_LIVE, 'i'},
	{"list-interfaces", NULL, "list the interfaces, and end",
	    set_flag, AT(list), CLI_LIVE, 'D'},
	{"count", "N", "end after N frames",
	    set_frames, 0, CLI_LIVE, 'c'},
	{"user", "NAME", "go on as this user, if started by root (nobody)",
	    set_string, AT(user), CLI_LIVE, 0},
	{"check", "LOG", "hold the sessions against this log as it grows, and\n"
	    "tell the differences only; may be given again",
	    set_log, 0, CLI_LIVE, 0},
	{"grace", "SECONDS", "a session that only one side has is told when it "
	    "is\nso old (60)",
	    set_grace, 0, CLI_LIVE, 0},
	{"buffer", "SIZE", "of the kernel, for frames not yet read (32M)",
	    set_buffer, 0, CLI_LIVE, 0},
};

static const struct row rows_output[] = {
	{NULL, "FORM", "text (default); jsonl: one object a session;\n"
	    "html: one page to look at in a browser",
	    set_form, 0, CLI_READ, 'f'},
	{NULL, "FORM", "text (default) or jsonl: one object a session",
	    set_form, 0, CLI_LIVE, 'f'},
	{NULL, "FORM", "text (default), json, or html: one page to look at\n"
	    "in a browser",
	    set_report_form, 0, CLI_CHECK, 'f'},
	{"output", "FILE", "write to FILE, which appears when it is complete",
	    set_string, AT(output), RECORDS, 'o'},
	{"output", "FILE", "append to FILE; SIGHUP opens it anew",
	    set_string, AT(output), CLI_LIVE, 'o'},
	{NULL, "FILE", "keep the frames of the ports as pcapng in FILE, or\n"
	    "those of the sessions that are selected",
	    set_string, AT(lib.frames), CLI_READ, 'w'},
	{NULL, "FILE", "keep the frames of the ports as pcapng in FILE",
	    set_string, AT(lib.frames), CLI_LIVE, 'w'},
	{"rotate-size", "SIZE", "rename it when it is so large ...",
	    set_rotate_size, 0, CLI_READ | CLI_LIVE, 0},
	{"rotate-time", "TIME", "... or so old (such as 60, 5m, 1h, 1d)",
	    set_rotate_time, 0, CLI_READ | CLI_LIVE, 0},
	{"keep", "N", "of those that were renamed; remove older ones",
	    set_keep, 0, CLI_READ | CLI_LIVE, 0},
	{"eml", "DIR", "write each message to a file in DIR",
	    set_string, AT(lib.eml_dir), CLI_READ | CLI_LIVE, 0},
	{"mbox", "FILE", "write each whole message to FILE (mboxrd), which\n"
	    "appears when it is complete",
	    set_string, AT(lib.mbox), CLI_READ, 0},
	{"mbox", "FILE", "append each whole message to FILE (mboxrd); SIGHUP\n"
	    "opens it anew",
	    set_string, AT(lib.mbox), CLI_LIVE, 0},
	{"account", "FILE", "write the account as JSON to FILE",
	    set_string, AT(account), CLI_READ | CLI_LIVE, 0},
};

static const struct row rows_filter[] = {
	{"failed", NULL, "sessions in which something failed",
	    set_flag, AT(lib.filter.failed), CLI_READ | CLI_LIVE, 0},
	{"from", "TEXT", "sender of the envelope",
	    set_string, AT(lib.filter.from), CLI_READ | CLI_LIVE, 0},
	{"rcpt", "TEXT", "recipient of the envelope",
	    set_string, AT(lib.filter.rcpt), CLI_READ | CLI_LIVE, 0},
	{"host", "TEXT", "address or name of either host",
	    set_string, AT(lib.filter.host), CLI_READ | CLI_LIVE, 0},
	{"subject", "TEXT", "subject of a message",
	    set_string, AT(lib.filter.subject), CLI_READ | CLI_LIVE, 0},
	{"message-id", "TEXT", "Message-ID of a message",
	    set_string, AT(lib.filter.message_id), CLI_READ | CLI_LIVE, 0},
	{"queue-id", "TEXT", "id that the receiving server gave a message",
	    set_string, AT(lib.filter.queue_id), CLI_READ | CLI_LIVE, 0},
	{"id", "HEX", "id of the session",
	    set_id, 0, CLI_READ | CLI_LIVE, 0},
	{"since", "TIME", "sessions that end at TIME or later",
	    set_time, AT(since), CLI_READ, 0},
	{"until", "TIME", "sessions that begin at TIME or before",
	    set_time, AT(until), CLI_READ, 0},
};

static const struct row rows_input[] = {
	{"ports", "LIST", "ports of servers (default 25,465,587,2525)",
	    set_ports, 0, WIRES, 0},
	{"any-port", NULL, "find SMTP by content on every port",
	    set_flag, AT(lib.any_port), WIRES, 0},
	{"filter", "EXPR", "only these frames; EXPR as for tcpdump",
	    set_string, AT(lib.bpf), WIRES, 0},
	{"format", "NAME", "of the logs that follow (see smtpwire formats)",
	    set_log_format, 0, WIRES, 0},
	{"tz", "ZONE", "zone of local times in the files that follow: UTC\n"
	    "or +02:00",
	    set_zone, 0, WIRES, 0},
	{"date-order", "ORDER", "of dates such as 5/6/00 in the logs that "
	    "follow: mdy,\ndmy, ymd; worked out if not given",
	    set_date_order, 0, WIRES, 0},
	{"engine", "NAME", "what puts TCP streams together: native, or nids:\n"
	    "libnids, which follows less",
	    set_engine, 0, WIRES, 0},
	{"vlan", "HOW", "ignore: one network whatever the tag;\n"
	    "strict: never join two tags",
	    set_vlan, 0, WIRES, 0},
	{"verify-checksums", NULL, "leave out segments with wrong checksums",
	    set_flag, AT(lib.verify_checksums), WIRES, 0},
	{"memory", "SIZE", "for open connections, such as 64M",
	    set_memory, 0, WIRES, 0},
	{"threads", "N", "that work at once (default: one a processor)",
	    set_threads, 0, RECORDS, 0},
};

static const struct row rows_told[] = {
	{"show-secrets", NULL, "show passwords, which are masked else",
	    set_flag, AT(lib.show_secrets), WIRES, 0},
	{"no-hash", NULL, "no SHA-256 of messages",
	    set_flag, AT(lib.no_hash), CLI_READ | CLI_LIVE, 0},
	{"no-times", NULL, "no times, frames and durations",
	    set_flag, AT(print.no_times), WIRES, 0},
	{"explain", NULL, "tell what each reply means",
	    set_flag, AT(print.explain), CLI_READ | CLI_LIVE, 0},
	{"follow", NULL, "tell each line as it happens, with its session's\n"
	    "number",
	    set_flag, AT(follow), CLI_LIVE, 0},
	{"normal", NULL, "without what differs between records of the same",
	    set_flag, AT(print.normal), CLI_READ | CLI_LIVE, 0},
	{"sort", "start", "order sessions by their start, not their end",
	    set_sort, 0, CLI_READ, 0},
	{"attempts", NULL, "tell connections that were never answered too",
	    set_flag, AT(lib.attempts), CLI_READ | CLI_LIVE, 0},
};

static const struct row rows_check[] = {
	{"ignore", "KINDS", "findings that do not count, such as\n"
	    "reply-text-changed,order-changed",
	    set_kinds, AT(ignore), CLI_CHECK | CLI_LIVE, 0},
	{"only", "KINDS", "no other findings count",
	    set_kinds, AT(only), CLI_CHECK | CLI_LIVE, 0},
	{"max-offset", "SECONDS", "the clocks are at most so far apart",
	    set_max_offset, 0, CLI_CHECK | CLI_LIVE, 0},
	{"context", "N", "rows told around one that differs (3)",
	    set_context, 0, CLI_CHECK | CLI_LIVE, 0},
};

static const struct row rows_run[] = {
	{"quiet", NULL, "no account, no warnings, no progress",
	    set_flag, AT(quiet), WIRES, 'q'},
	{"progress", NULL, "show progress, even if this is no terminal",
	    set_progress, 0, CLI_READ, 0},
	{"no-progress", NULL, "never show progress",
	    set_no_progress, 0, CLI_READ, 0},
	{"help", NULL, "this",
	    set_flag, AT(help), EVERY, 'h'},
	{"version", NULL, "the version",
	    set_flag, AT(version), EVERY, 'V'},
};

#define GROUP(title, rows) {title, rows, sizeof(rows) / sizeof((rows)[0])}

static const struct group groups[] = {
	GROUP("What is captured", rows_live),
	GROUP("Output", rows_output),
	GROUP("Only these sessions (TEXT: part of it, =TEXT: all of it)",
	    rows_filter),
	GROUP("How it is read", rows_input),
	GROUP("What is told", rows_told),
	GROUP("What is compared", rows_check),
	GROUP("Run", rows_run),
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))
#define ROWS_MAX 64

/* --- parsing ------------------------------------------------------------ */

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
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t i = 0; i < groups[g].count; i++)
			if (groups[g].rows[i].commands & command)
				form_add(f, &groups[g].rows[i], &s);
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

/* getopt met something that is not in the table. */
static int bad_option(int c, char **argv)
{
	const char *given = argv[optind - 1];

	if (c == ':')
		terminal_say("smtpwire %s: %s: an argument is missing",
		    argv[0], given);
	else if (optopt > 0 && optopt < LONG_BASE)
		terminal_say("smtpwire %s: -%c: no such option", argv[0],
		    optopt);
	else
		terminal_say("smtpwire %s: %s: %s", argv[0], given,
		    optopt >= LONG_BASE ? "takes no argument" :
					  "no such option");
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
	if (why == out_of_memory) {
		terminal_say("smtpwire: %s", why);
		return CLI_OUTPUT;
	}
	if (row->name != NULL)
		terminal_say("smtpwire %s: --%s %s: %s", command, row->name,
		    optarg, why);
	else
		terminal_say("smtpwire %s: -%c %s: %s", command, row->letter,
		    optarg, why);
	if (row->set == set_kinds)
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
	a->inputs[a->name_count] = now_given(a);
	a->names[a->name_count++] = name;
	a->last = NULL;
}

/* Does it concern only the operands that follow? */
static bool is_of_input(const struct row *row)
{
	return row->set == set_log_format || row->set == set_zone ||
	    row->set == set_date_order;
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
			return bad_option(c, argv);
		row = form_find(f, c);
		why = row->set(row, a, optarg);
		if (why != NULL)
			return bad_value(argv[0], row, why);
		if (is_of_input(row))
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
	terminal_say("smtpwire: %s", out_of_memory);
	return CLI_OUTPUT;
}

int cli_options_parse(enum cli_command command, int argc, char **argv,
    struct cli_args *a_r)
{
	struct getopt_form form;
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

/* --- help --------------------------------------------------------------- */

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
	for (size_t g = 0; g < GROUPS; g++) {
		bool titled = false;

		for (size_t i = 0; i < groups[g].count; i++) {
			const struct row *row = &groups[g].rows[i];

			if (!(row->commands & command))
				continue;
			if (!titled)
				printf("\n%s:\n", groups[g].title);
			titled = true;
			help_row(row);
		}
	}
}
