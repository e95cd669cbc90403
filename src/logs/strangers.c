/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strangers.c - logs that are recognized and are not those of SMTP
 *
 * Theory of operation.  Servers that write the logs read here write such of
 * other protocols too, in the same formats and the same folders.  Each row
 * below names one and looks for what only it holds; it is asked before the
 * families, so it must be certain.
 *
 *   NNTP    rows of NNTPSVC1 in any of the formats of IIS; where the rows
 *	name their service, several may share a log or a table, which is
 *	then left to the family that reads those of SMTP
 *   POP3, IMAP4 of Exchange 2007 and later: #Log-type says so
 *   ... of Exchange 5.5: the first line names the service, or the lines are
 *	those of its dialogue behind a date and an arrow
 *
 * Others are logs of mail that people take for protocol logs, and that tell
 * of messages alone.  They are asked when no family takes a log, so that a
 * syslog of several programs is still that of the one that can be read.
 */
#include "logs/strangers.h"

#include "logs/iis_rows.h"
#include "logs/text.h"
#include "logs/when.h"

static bool is_news(struct slice head)
{
	return iis_w3c_is_news(head) ||
	    (iis_native_has_rows(head, "NNTPSVC") &&
	    !iis_native_has_rows(head, "SMTPSVC")) ||
	    (iis_ncsa_has_rows(head, "NNTP") &&
	    !iis_ncsa_has_rows(head, "SMTP")) ||
	    (iis_odbc_has_rows(head, "NNTPSVC") &&
	    !iis_odbc_has_rows(head, "SMTPSVC"));
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

/* "5/13/00 2:36:27 PM : A connection was accepted from C." */
static bool is_dated(struct slice line)
{
	return line.len > 0 && ascii_is_digit(line.p[0]) &&
	    log_contains(slice_head(line, 40), " : ");
}

/* Lines of both sides, more than of any other protocol; or a first line that
 * names it in front of dated ones, of which those of the lower levels tell
 * connections alone. */
static bool has_dialogue(struct slice head, const char *name,
    bool (*is_line)(struct slice text, bool sent))
{
	size_t all = 0, dated = 0, sent_count = 0, received = 0;
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
		dated += is_dated(line);
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
	if (named && dated > 0)
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

/* --- logs without a dialogue -------------------------------------------- */

/* "1xUtiP-000011-1V", with 11 and 4 in the middle and at the end since Exim
 * 4.97. */
static bool is_exim_id(struct slice word)
{
	static const size_t lengths[][2] = { { 6, 2 }, { 11, 4 } };
	size_t i, k;

	for (i = 0; i < 2; i++) {
		size_t second = 7 + lengths[i][0];

		if (word.len != second + 1 + lengths[i][1] ||
		    word.p[6] != '-' || word.p[second] != '-')
			continue;
		for (k = 0; k < word.len; k++)
			if (!ascii_is_alnum(word.p[k]) && k != 6 &&
			    k != second)
				return false;
		return true;
	}
	return false;
}

/* "2026-11-21 22:37:49.469 +0000 [7] 1xUtiP-000011-1V <= alice@..." */
static bool is_exim_line(struct slice line)
{
	static const char *const kinds[] = { "<= ", "=> ", "-> ", "** ",
		"== ", "Completed" };
	bool zoned;
	int32_t offset;
	int64_t time;
	int digits;

	if (!log_take_iso_time(&line, &time, &zoned, &offset, &digits))
		return false;
	log_take_blanks(&line);
	if (log_take_octet(&line, '+') || log_take_octet(&line, '-'))
		(void)log_take_until(&line, ' ');
	if (log_take_octet(&line, '['))
		(void)log_take_until(&line, ' ');
	if (log_starts(line, "SMTP connection from "))
		return true;
	return is_exim_id(log_take_word(&line)) && begins(line, kinds,
	    sizeof(kinds) / sizeof(kinds[0]));
}

/* "dovecot: lmtp(74): Connect from ...", in syslog and in a file of its
 * own. */
static bool is_dovecot_line(struct slice line)
{
	return log_contains(line, " dovecot: ") ||
	    ((log_contains(line, " lmtp(") || log_contains(line, "-login: ") ||
	    log_contains(line, " imap(") || log_contains(line, " pop3(")) &&
	    (log_contains(line, ": Info: ") ||
	    log_contains(line, ": Debug: ") ||
	    log_contains(line, ": Warning: ")));
}

/* "sendmail[7]: 3ALMeT: from=<a@example.org>, size=302, ..." */
static bool is_sendmail_line(struct slice line)
{
	return (log_contains(line, " sendmail[") ||
	    log_contains(line, " sm-mta[")) &&
	    ((log_contains(line, ": from=") && log_contains(line, ", size=")) ||
	    (log_contains(line, ": to=") && log_contains(line, ", stat=")));
}

/* "#Log-type: Message Tracking Log", and that of Exchange 2000. */
static bool is_exchange_line(struct slice line)
{
	return (log_take_text(&line, "#Log-type: ") &&
	    !log_contains(line, "SMTP")) ||
	    log_starts(line, "# Message Tracking Log File");
}

/* Of IIS, but of its web server and the like. */
static bool is_iis_line(struct slice line)
{
	return log_starts(line, "#Software: Microsoft Internet Information S");
}

static const struct {
	const char *what;
	bool (*is_line)(struct slice line);
} silent[] = {
	{ "Exim's main log, which holds no SMTP dialogue (that is what "
	    "exim -d prints)", is_exim_line },
	{ "a log of Dovecot, which holds no SMTP dialogue",
	    is_dovecot_line },
	{ "sendmail's mail log, which holds no SMTP dialogue at this LogLevel "
	    "(see smtpwire(1))", is_sendmail_line },
	{ "a log of Exchange other than the protocol logs of its connectors",
	    is_exchange_line },
	{ "a log of IIS that holds no rows of its SMTP service",
	    is_iis_line },
};

const char *log_silent_find(struct slice head)
{
	size_t i;

	while (head.len > 0) {
		struct slice line = log_head_line(&head);

		for (i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
			if (silent[i].is_line(line))
				return silent[i].what;
	}
	return NULL;
}
