/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net_smtp.c - the debug output of Perl's Net::SMTP
 *
 *   Net::SMTP>>> Net::Cmd(3.14)
 *   Net::SMTP=GLOB(0x55d0c8a3e2a0)<<< 220 mx.example.com ESMTP
 *   Net::SMTP=GLOB(0x55d0c8a3e2a0)>>> EHLO client.example.org
 *
 * ">>>" is what the client sends.  The class becomes Net::SMTP::_SSL within
 * TLS.  Commands keep their CR, lines of content have none and show their
 * dots as they were before they were doubled; the last dot is shown.  The
 * list of modules at the start is no dialogue.
 */
#include "logs/families.h"
#include "logs/probe.h"
#include "logs/text.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "Net::SMTP=GLOB(", TRACE_REMARK, 0, false },
	{ "Net::SMTP::_SSL=GLOB(", TRACE_REMARK, 0, false },
	{ "Net::SMTP::SSL=GLOB(", TRACE_REMARK, 0, false },
	{ "Net::SMTP", TRACE_KNOWN, 0, false },
};

/* "0x55d0c8a3e2a0)<<< 220 mx": false if it is none. */
static bool split(struct slice s, bool *server_r, struct slice *text_r)
{
	log_take_until(&s, ')');
	*server_r = log_take_text(&s, "<<<");
	if (!*server_r && !log_take_text(&s, ">>>"))
		return false;
	log_take_octet(&s, ' ');
	*text_r = s;
	return true;
}

static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	struct slice said;
	bool server;

	(void)mark;
	if (!split(text, &server, &said))
		return false;
	trace_say(t, line, server, said, 0);
	return true;
}

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE),
	.content = true,
	.dot_ends = true,
	.remark = remark,
};

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 3 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head), text;
		bool server;

		if (slice_has_prefix_nocase(line, slice_str("Net::SMTP")) &&
		    log_contains(line, "=GLOB(") &&
		    split(line, &server, &text))
			log_tally_row(&t, server &&
			    log_parse_reply_line(text).code != SW_UNKNOWN);
		else if (line.len > 0)
			log_tally_other(&t);
	}
	return log_tally_judge(&t, NULL);
}

const struct log_format log_net_smtp = {
	.name = "net-smtp",
	.title = "Perl's Net::SMTP, Debug => 1",
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
