/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * msmtp.c - what msmtp -d prints
 *
 *   host = 192.0.2.25
 *   <-- 220 mx.example.org ESMTP
 *   --> EHLO client.example.net
 *
 * The settings come first, one a line; then the dialogue, content included,
 * with dots doubled, and each line with the CR that it had.
 */
#include "logs/families.h"
#include "logs/text.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "<-- ", TRACE_SERVER, 0, true },
	{ "--> ", TRACE_CLIENT, 0, true },
	{ "", TRACE_REMARK, 0, false },
};

/* "host = 192.0.2.25": the name of a setting, and its value */
static bool split_setting(struct slice text, struct slice *value_r)
{
	size_t at = slice_find_nocase(text, slice_str(" = "));

	if (at == 0 || at == text.len || at > 40)
		return false;
	*value_r = slice_from(text, at + 3);
	return true;
}

static void take_setting(struct trace *t, struct slice text,
    struct slice value)
{
	uint64_t port;

	if (log_take_text(&text, "host = "))
		trace_peer(t, value, t->peer_port);
	else if (log_take_text(&text, "port = ") &&
	    slice_to_u64(value, &port) && port < 65536)
		t->peer_port = (int32_t)port;
}

static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	struct slice value;

	(void)mark;
	if (split_setting(text, &value))
		take_setting(t, text, value);
	else if (slice_has_prefix_nocase(text, slice_str("msmtp: ")))
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
	.crlf = true,
	.remark = remark,
};

static bool probe(struct slice head)
{
	return trace_probe(&format, head);
}

const struct log_format log_msmtp = {
	.name = "msmtp",
	.title = "msmtp -d",
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
