/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain.c - the command `explain`: what a reply means */

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/terminal.h"

/* What stands on the command line. */
struct question {
	bool has_code;
	int code; /* else one of which nothing is known but its class */
	const char *enhanced, *at;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_code(const char *s, int *code_r)
{
	if (!is_digit(s[0]) || !is_digit(s[1]) || !is_digit(s[2]) || s[3])
		return false;
	*code_r = (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
	return true;
}

/* "5.1.1": RFC 3463 2 */
static bool is_enhanced(const char *s)
{
	for (int part = 0; part < 3; part++) {
		size_t digits = strspn(s, "0123456789");

		if (digits < 1 || digits > (part == 0 ? 1 : 3))
			return false;
		s += digits;
		if (*s++ != (part < 2 ? '.' : '\0'))
			return false;
	}
	return true;
}

static bool is_place(const char *s)
{
	struct sw_explanation e;

	sw_explain(250, NULL, s, &e);
	return e.fit != SW_FIT_UNKNOWN;
}

static int refuse(const char *what, const char *why)
{
	terminal_say("smtpwire explain: %s: %s", what, why);
	terminal_say("Try 'smtpwire explain --help'.");
	return CLI_USAGE;
}

/* What it is, in whatever order; false: none of these, or the second one. */
static bool take_word(struct question *q, const char *s)
{
	if (!q->has_code && take_code(s, &q->code))
		return q->has_code = true;
	if (!q->enhanced && is_enhanced(s))
		q->enhanced = s;
	else if (!q->at && is_place(s))
		q->at = s;
	else
		return false;
	return true;
}

static int parse(const struct cli_args *a, struct question *q)
{
	memset(q, 0, sizeof(*q));
	for (size_t i = 0; i < a->name_count; i++)
		if (!take_word(q, a->names[i]))
			return refuse(a->names[i], "neither a reply code of "
			    "three digits, nor an enhanced code such as "
			    "5.1.1, nor a command; or one too many");
	if (!q->has_code && !q->enhanced)
		return refuse("CODE", "is missing");
	if (q->has_code)
		return CLI_OK;
	if (!strchr("245", q->enhanced[0]))
		return refuse(q->enhanced, "no enhanced code begins so: 2, 4 "
		    "or 5 does");
	q->code = (q->enhanced[0] - '0') * 100 + 99;
	return CLI_OK;
}

static void print_row(const char *left, const char *text)
{
	printf("  %-9s %s\n", left, text);
}

static void print(const struct question *q)
{
	struct sw_explanation e;
	char code[12] = "";

	sw_explain(q->code, q->enhanced, q->at, &e);
	if (q->has_code)
		snprintf(code, sizeof(code), "%03d", q->code);
	printf("%s%s%s%s%s: %s\n", code, q->has_code && q->enhanced ? " " : "",
	    q->enhanced ? q->enhanced : "", q->at ? " to " : "",
	    q->at ? q->at : "", sw_reply_class_name(e.reply_class));
	if (q->has_code)
		print_row(code, e.meaning);
	if (e.enhanced)
		print_row(q->enhanced, e.enhanced);
	if (e.subject)
		print_row("about", e.subject);
	if (e.contradiction)
		print_row("doubtful", "the enhanced code is of another class "
		    "than the reply: servers act by the reply");
	if (q->has_code && q->at)
		print_row("expected", sw_fit_name(e.fit));
	if (e.consequence)
		print_row("so", e.consequence);
	print_row("retry", sw_retry_name(e.retry));
}

/* What VERB may be, as many on a line as fit. */
static void print_places(void)
{
	const char *name;
	int column = printf("\nCommands:") - 1;

	for (size_t i = 0; (name = sw_explain_place(i)) != NULL; i++) {
		if (column + 1 + (int)strlen(name) > 78)
			column = printf("\n         ") - 1;
		column += printf(" %s", name);
	}
	putchar('\n');
}

int cli_explain(int argc, char **argv)
{
	struct cli_args a;
	struct question q;
	int status = cli_options_parse(CLI_EXPLAIN, argc, argv, &a);

	if (status == CLI_OK) {
		status = parse(&a, &q);
		if (status == CLI_OK) {
			print(&q);
			status = cli_flush();
		}
	} else if (status == CLI_HELP) {
		if (a.help)
			print_places();
		status = cli_flush();
	}
	cli_options_fini(&a);
	return status;
}
