/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mailkit.c - the protocol log of MailKit (ProtocolLogger)
 *
 *   Connected to smtp://mx.example.com:587/?starttls=when-available
 *   S: 220 mx.example.com ESMTP
 *   C: EHLO client.example.org
 *   S: 250-mx.example.com
 *   250 AUTH PLAIN
 *   C: AUTH PLAIN ********
 *
 * "C" and "S" are roles.  A mark stands only where one side begins to speak
 * or a buffer begins; lines without one go on with what stands before them.
 * Octets are as on the wire, content included, with dots doubled; secrets
 * are masked by MailKit itself.  LogTimestamps puts date and time in UTC in
 * front of each mark:
 *
 *   2026-11-21T10:00:00Z C: EHLO client.example.org
 */
#include "logs/families.h"
#include "logs/text.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "S: ", TRACE_SERVER, 0, true },
	{ "C: ", TRACE_CLIENT, 0, true },
	{ "Connected to smtp", TRACE_REMARK, 0, false },
	{ "Connected to ", TRACE_KNOWN, 0, false },
};

/* "s://mx.example.com:587/?starttls=..." */
static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	struct slice host, ip;
	int32_t port;

	(void)mark;
	log_take_octet(&text, 's');
	if (!log_take_text(&text, "://"))
		return false;
	host = log_take_until(&text, '/');
	log_split_endpoint(host, &ip, &port);
	trace_peer(t, ip, port);
	trace_connected(t, line);
	return true;
}

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE),
	.dated = true,
	.content = true,
	.stuffed = true,
	.crlf = true,
	.bare_more = true,
	.remark = remark,
};

static void skip_stamp(struct slice *line)
{
	struct slice s = *line;
	int32_t offset;
	int64_t time;
	bool zoned;

	if (log_take_iso_time(&s, &time, &zoned, &offset, NULL) && zoned &&
	    log_take_octet(&s, ' '))
		*line = s;
}

/* The lines of one buffer have one mark: only the marked ones count. */
static bool probe(struct slice head)
{
	size_t greeted = 0, said = 0;
	bool connected = false;

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		size_t len;
		enum verb verb;

		skip_stamp(&line);
		connected |= slice_has_prefix_nocase(line,
		    slice_str("Connected to smtp"));
		if (log_take_text(&line, "S: "))
			greeted += log_parse_reply_line(line).code >= 200;
		else if (log_take_text(&line, "C: ")) {
			verb = session_verb(line, &len);
			said += session_verb_is_known(verb);
		}
	}
	return greeted > 0 && said > 0 && (connected || greeted + said > 2);
}

const struct log_format log_mailkit = {
	.name = "mailkit",
	.title = "MailKit, ProtocolLogger",
	.times = "none, or UTC, 1 s or finer",
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_TIMES),
	.table = &format,
	.state_size = sizeof(struct trace),
	.probe = probe,
	.open = trace_open,
	.line = trace_line,
	.gone = trace_gone,
	.end = trace_end,
	.close = trace_close,
};
