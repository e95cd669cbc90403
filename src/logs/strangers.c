/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strangers.c - logs that are recognized and are not those of SMTP
 *
 * Theory of operation.  Servers that write the logs read here write such of
 * other protocols too, in the same formats and the same folders.  Each row
 * below names one and looks for what only it holds; it is asked before the
 * families, so it must be certain.
 *
 *   NNTP    rows of NNTPSVC1 in any of the formats of IIS
 *   POP3, IMAP4 of Exchange 2007 and later: #Log-type says so
 *   ... of Exchange 5.5: the first line names the service, or the lines are
 *	those of its dialogue behind a date and an arrow
 */
#include "logs/strangers.h"

#include "logs/iis_rows.h"
#include "logs/text.h"
#include "logs/when.h"

static bool is_news(struct slice head)
{
	return iis_w3c_is_news(head) ||
	    iis_native_has_rows(head, "NNTPSVC") ||
	    iis_ncsa_has_rows(head, "NNTP") ||
	    iis_odbc_has_rows(head, "NNTPSVC");
}

/* "#Log-type: POP3 Log" */
static bool has_type(struct slice head, const char *name)
{
	while (head.len > 0 && head.p[0] == '#') {
		struct slice line = log_head_line(&head);

		if (log_take_text(&line, "#Log-type:"))
			return log_contains(line, name) &&
			    !log_contains(line, "SMTP");
	}
	return false;
}

/* What stands behind "date time : <<< "; false: it is no such line. */
static bool take_arrow(struct slice *line, bool *sent_r)
{
	size_t n;

	if (line->len == 0 || !ascii_is_digit(line->p[0]))
		return false;
	for (n = 0; n + 6 <= line->len && n < 40; n++) {
		struct slice rest = slice_from(*line, n);

		if (!log_take_text(&rest, " : "))
			continue;
		*sent_r = log_take_text(&rest, ">>> ");
		if (!*sent_r && !log_take_text(&rest, "<<< "))
			return false;
		*line = rest;
		return true;
	}
	return false;
}

static bool begins(struct slice s, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (slice_has_prefix_nocase(s, slice_str(words[i])))
			return true;
	return false;
}

static bool is_pop(struct slice text, bool sent)
{
	static const char *const replies[] = { "+OK", "-ERR" };
	static const char *const commands[] = { "USER ", "PASS ", "STAT",
		"LIST", "RETR ", "DELE ", "UIDL", "TOP ", "APOP " };

	return sent ? begins(text, replies, 2) : begins(text, commands,
	    sizeof(commands) / sizeof(commands[0]));
}

/* "* OK ready", "A001 LOGIN ..." */
static bool is_imap(struct slice text, bool sent)
{
	static const char *const replies[] = { "* OK", "* PREAUTH", "* BYE",
		"* CAPABILITY", "* LIST", "* FLAGS" };
	static const char *const commands[] = { "LOGIN ", "SELECT ",
		"CAPABILITY", "FETCH ", "UID ", "LIST ", "LOGOUT",
		"AUTHENTICATE ", "EXAMINE ", "STATUS ", "NAMESPACE" };
	struct slice tag;

	if (sent)
		return begins(text, replies, sizeof(replies) /
		    sizeof(replies[0]));
	tag = log_take_word(&text);
	return tag.len > 0 && tag.len < 16 && begins(text, commands,
	    sizeof(commands) / sizeof(commands[0]));
}

/* Lines of both sides, more than of any other protocol; or a first line that
 * names it. */
static bool has_dialogue(struct slice head, const char *name,
    bool (*is_line)(struct slice text, bool sent))
{
	size_t all = 0, sent_count = 0, received = 0;
	bool named = false, first = true;

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		bool sent = false;

		/* a head, not a line that is dated already */
		if (first)
			named = line.len > 0 && ascii_is_alpha(line.p[0]) &&
			    log_contains(line, name) &&
			    !log_contains(line, "SMTP");
		first = false;
		if (!take_arrow(&line, &sent))
			continue;
		if (log_parse_reply_line(line).code != SW_UNKNOWN)
			return false;
		all++;
		if (is_line(line, sent) && sent)
			sent_count++;
		else if (is_line(line, sent))
			received++;
	}
	if (named && all > 0)
		return true;
	return sent_count > 0 && received > 0 &&
	    (sent_count + received) * 4 >= all;
}

static bool is_exchange_pop(struct slice head)
{
	return has_type(head, "POP3") || has_dialogue(head, "POP3", is_pop);
}

static bool is_exchange_imap(struct slice head)
{
	return has_type(head, "IMAP4") ||
	    has_dialogue(head, "IMAP4", is_imap);
}

static const struct {
	const char *what;
	bool (*probe)(struct slice head);
} strangers[] = {
	{ "a log of the NNTP virtual server of IIS", is_news },
	{ "a protocol log of the Exchange POP3 service", is_exchange_pop },
	{ "a protocol log of the Exchange IMAP4 service", is_exchange_imap },
};

const char *log_stranger_find(struct slice head)
{
	size_t i;

	for (i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		if (strangers[i].probe(head))
			return strangers[i].what;
	return NULL;
}
