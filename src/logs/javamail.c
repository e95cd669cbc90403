/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * javamail.c - the debug output of JavaMail (Jakarta Mail)
 *
 *   DEBUG SMTP: trying to connect to host "mx.example.com", port 25, ...
 *   220 mx.example.com ESMTP
 *   DEBUG SMTP: connected to host "mx.example.com", port: 25
 *   EHLO client.example.org
 *   250-mx.example.com
 *   250 HELP
 *
 * Lines of the dialogue have no mark: what begins with three digits is the
 * server's, all else the client's, and behind an accepted DATA all is
 * content up to the last dot.  Lines of AUTH are left out by JavaMail.
 */
#include "logs/families.h"
#include "logs/text.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "DEBUG SMTP: ", TRACE_REMARK, 0, false },
	{ "DEBUG ", TRACE_KNOWN, 0, false },
	{ "DEBUG: ", TRACE_KNOWN, 0, false },
	{ "", TRACE_REMARK, 0, false },
};

static bool say(struct trace *t, const struct log_line *line,
    struct slice text)
{
	bool content = t->current && log_content_due(t->current);
	bool server = !content && (log_parse_reply_line(text).code !=
	    SW_UNKNOWN || (t->current && log_reply_open(t->current)));

	if (!content && text.len == 0)
		return true;
	/* Whatever the program itself says before the greeting. */
	if (!t->current && !server)
		return false;
	trace_say(t, line, server, text, 0);
	return true;
}

/* "\"mx.example.com\", port 25, isSSL false" */
static void take_connect(struct trace *t, const struct log_line *line,
    struct slice text)
{
	struct slice host, rest = text;
	int port = SW_UNKNOWN;

	log_take_octet(&rest, '"');
	host = log_take_until(&rest, '"');
	if (!log_take_text(&rest, ", port ") ||
	    !log_take_number(&rest, 1, 5, &port))
		port = SW_UNKNOWN; /* -1: the usual one */
	trace_peer(t, host, port);
	trace_connected(t, line);
}

static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	if (mark->prefix[0] == '\0')
		return say(t, line, text);
	if (log_take_text(&text, "trying to connect to host "))
		take_connect(t, line, text);
	else if (t->current && !log_take_text(&text, "Found extension"))
		trace_note(t, line, text);
	return true;
}

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE),
	.content = true,
	.stuffed = true,
	.remark = remark,
};

/* Nothing but its own remarks tells it from any text. */
static bool probe(struct slice head)
{
	size_t remarks = 0, replies = 0;

	while (head.len > 0) {
		struct slice line = log_head_line(&head);

		remarks += slice_has_prefix_nocase(line,
		    slice_str("DEBUG SMTP: "));
		replies += log_parse_reply_line(line).code >= 200;
	}
	return remarks > 0 && replies > 0;
}

const struct log_format log_javamail = {
	.name = "javamail",
	.title = "JavaMail (Jakarta Mail), mail.debug",
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE),
	.table = &format,
	.state_size = sizeof(struct trace),
	.probe = probe,
	.open = trace_open,
	.line = trace_line,
	.gone = trace_gone,
	.end = trace_end,
	.close = trace_close,
};
