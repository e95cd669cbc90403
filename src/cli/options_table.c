/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options_table.c - the options of all commands, and what each sets
 *
 * A row sets one member of struct cli_args; a new option is a row, and a
 * setter if none of those here serves.  Parsing (options.c) and help
 * (options_help.c) come from these rows, and from help comes what shells
 * complete (completion.sh); the manual smtpwire(1) is checked against it.
 */
#include "cli/options_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/values.h"

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

/* "-" is standard output, as for -o, and cannot be that of both. */
static const char *set_file(const struct row *row, struct cli_args *a,
    const char *value)
{
	if (strcmp(value, "-") != 0)
		return set_string(row, a, value);
	a->on_stdout = row->name != NULL ? "--mbox" : "-w";
	return set_string(row, a, "/dev/stdout");
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
		return "must be a whole number of seconds from 1 on";
	a->max_offset_ns = (int64_t)seconds * 1000000000;
	return NULL;
}

struct sw_input_options cli_options_now(const struct cli_args *a)
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
	a->log_inputs[a->log_count] = cli_options_now(a);
	a->logs[a->log_count++] = value;
	a->last = NULL;
	return NULL;
}

static const char *set_grace(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	return cli_value_count(value, 1000000, &a->grace_s) ? NULL :
	    "must be a whole number of seconds from 1 on";
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

const char cli_options_no_memory[] = "out of memory";

static const char *set_ports(const struct row *row, struct cli_args *a,
    const char *value)
{
	(void)row;
	free(a->ports);
	a->ports = NULL;
	errno = 0;
	if (!cli_value_ports(value, &a->ports, &a->lib.port_count))
		return errno == ENOMEM ? cli_options_no_memory :
		    "not a list of ports such as 25,587 or 2000-2010";
	a->lib.ports = a->ports;
	return NULL;
}

static const char *set_log_format(const struct row *row,
    struct cli_args *a, const char *value)
{
	static const char *const forms[] = {"text", "json", "jsonl", "html"};

	(void)row;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(value, forms[i]) == 0)
			return "no format of a log; the form of the output is "
			       "-f";
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
		return "must be a whole number of frames from 1 on";
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
	    set_file, AT(lib.frames), CLI_READ, 'w'},
	{NULL, "FILE", "keep the frames of the ports as pcapng in FILE",
	    set_file, AT(lib.frames), CLI_LIVE, 'w'},
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
	    set_file, AT(lib.mbox), CLI_READ, 0},
	{"mbox", "FILE", "append each whole message to FILE (mboxrd); SIGHUP\n"
	    "opens it anew",
	    set_file, AT(lib.mbox), CLI_LIVE, 0},
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

const struct group cli_options_groups[] = {
	GROUP("What is captured", rows_live),
	GROUP("Output", rows_output),
	GROUP("Only these sessions (TEXT: part of it, =TEXT: all of it)",
	    rows_filter),
	GROUP("How it is read", rows_input),
	GROUP("What is told", rows_told),
	GROUP("What is compared", rows_check),
	GROUP("Run", rows_run),
};

/* --- what parsing asks of a row ------------------------------------------ */

bool cli_options_is_of_input(const struct row *row)
{
	return row->set == set_log_format || row->set == set_zone ||
	    row->set == set_date_order;
}

bool cli_options_is_of_kinds(const struct row *row)
{
	return row->set == set_kinds;
}
