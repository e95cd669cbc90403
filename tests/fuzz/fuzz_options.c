/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_options.c - command lines, and the strings that options take
 *
 * Input: an octet that names the command, then words, each ended by LF.  What
 * is refused is told in words, what is taken lies in its bounds; the names
 * among the words are also looked at as names of databases, and sessions
 * are held against the filters.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/reader.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "logs/odbc.h"
#ifdef SW_ODBC
#include "logs/odbc_internal.h"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 40

static bool told;

static void require(bool is)
{
	if (!is)
		abort();
}

/* In place of the command's own, so that nothing is written. */
void terminal_say(const char *format, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, format);
	require(vsnprintf(text, sizeof(text), format, ap) > 0);
	va_end(ap);
	told = true;
}

void cli_help(enum cli_command command)
{
	(void)command;
}

void cli_version(void)
{
}

static void check_args(const struct cli_args *a, size_t words)
{
	const struct sw_options *o = &a->lib;

	require(a->name_count <= words && a->log_count <= CLI_LOGS_MAX);
	for (size_t i = 0; i < a->name_count; i++) {
		require(a->names[i] != NULL);
		require(a->inputs[i].date_order < SW_DATE_ORDER_COUNT);
		require(abs(a->inputs[i].tz_offset_s) < 86400);
	}
	for (size_t i = 1; i < o->port_count; i++)
		require(o->ports[i - 1] < o->ports[i]);
	require(o->threads <= 1024 && o->keep <= 100000);
	require(o->engine < SW_ENGINE_COUNT);
	require(a->ignore < SW_BIT(SW_FOUND_COUNT));
	require(a->only < SW_BIT(SW_FOUND_COUNT));
	(void)cli_options_select(a);
}

/* A name that is told has neither the password nor more than it had. */
static void check_database(const char *name)
{
#ifdef SW_ODBC
	struct buffer *all[4];
	struct odbc o;

	if (!log_odbc_is_name(name))
		return;
	memset(&o, 0, sizeof(o));
	all[0] = &o.words;
	all[1] = &o.name;
	all[2] = &o.table;
	all[3] = &o.secret;
	for (int i = 0; i < 4; i++)
		buffer_init(all[i], 1024);
	if (odbc_name_parse(&o, name, NULL) == SW_OK) {
		require(o.table.len > 0);
		require(o.words.len <= strlen(name));
	}
	for (int i = 0; i < 4; i++)
		buffer_fini(all[i]);
#else
	(void)log_odbc_is_name(name);
#endif
}

/* A session whose texts are words of the input. */
static void filter(const struct sw_filter *f, char **words, int count)
{
	struct sw_recipient to;
	struct sw_message m;
	struct sw_session s;
	struct sw_bytes text = { 0 };

	text.data = (const uint8_t *)words[count - 1];
	text.len = strlen(words[count - 1]);
	memset(&s, 0, sizeof(s));
	memset(&m, 0, sizeof(m));
	memset(&to, 0, sizeof(to));
	m.from = m.subject = m.message_id = to.to = text;
	m.recipients = &to;
	m.recipient_count = 1;
	s.client.ip = s.server.name = text;
	s.messages = &m;
	s.message_count = 1;
	s.id = text.len;
	(void)filter_passes(f, &s);
}

static void use(const struct cli_args *a, char **words, int count)
{
	struct options_copy copy;
	struct sw_explanation e;

	check_args(a, (size_t)count);
	for (size_t i = 0; i < a->name_count; i++) {
		check_database(a->names[i]);
		sw_explain(550, a->names[i], a->names[0], &e);
		require(e.fit < SW_FIT_COUNT && e.retry < SW_RETRY_COUNT);
	}
	require(options_copy(&copy, &a->lib) == SW_OK);
	filter(&copy.o.filter, words, count);
	options_copy_fini(&copy);
}

static void run(enum cli_command command, char **words, int count)
{
	struct cli_args a;
	int status;

	told = false;
	status = cli_options_parse(command, count, words, &a);
	require(status == CLI_OK || status == CLI_HELP ||
	    (status == CLI_USAGE && told));
	if (status == CLI_OK) {
		use(&a, words, count);
		(void)cli_options_followed(&a, words[0]);
	}
	cli_options_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum cli_command commands[] = { CLI_READ, CLI_LIVE,
		CLI_CHECK, CLI_FORMATS, CLI_EXPLAIN };
	static char name[] = "read";
	char *text, *words[WORDS_MAX + 2] = { name };
	int count = 1;

	if (size < 1)
		return 0;
	text = malloc(size);
	require(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	for (char *p = text; *p && count <= WORDS_MAX; ) {
		size_t len = strcspn(p, "\n");
		bool more = p[len] == '\n';

		words[count++] = p;
		p[len] = '\0';
		p += len + more;
	}
	words[count] = NULL;
	run(commands[data[0] % 5], words, count);
	free(text);
	return 0;
}
