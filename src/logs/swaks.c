/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * swaks.c - what swaks prints
 *
 * A hint of three characters and a blank stands in front of each line:
 *
 *   === Connected to 192.0.2.25.
 *   <-  250-mx.example.com Hello
 *    -> MAIL FROM:<alice@example.org>
 *   <** 550 5.1.1 no such user
 *    ~> RCPT TO:<bob@example.com>
 *
 * "~" is within TLS, "*" unexpected or refused.  "  >" and "<  " are the
 * octets of the line beside them once more, in hex.  Lines of content keep
 * the CR that they had on the wire, with dots doubled; all others end in a
 * bare LF.  -n puts "12 lines sent" in the place of the content.
 */
#include "logs/families.h"
#include "logs/text.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "<-  ", TRACE_SERVER, 0, true },
	{ " -> ", TRACE_CLIENT, 0, true },
	{ "<~  ", TRACE_SERVER, 0, true },
	{ " ~> ", TRACE_CLIENT, 0, true },
	{ "<** ", TRACE_SERVER, 0, true },
	{ "**> ", TRACE_CLIENT, 0, true },
	{ "<~* ", TRACE_SERVER, 0, true },
	{ "*~> ", TRACE_CLIENT, 0, true },
	{ "=== ", TRACE_REMARK, 0, true },
	{ "*** ", TRACE_REMARK, 0, true },
	{ "  > ", TRACE_KNOWN, 0, true },
	{ "<   ", TRACE_KNOWN, 0, true },
};

/* "192.0.2.25:25..." or "192.0.2.25." without the dots at its end */
static struct slice without_dots(struct slice s)
{
	while (s.len > 0 && s.p[s.len - 1] == '.')
		s.len--;
	return s;
}

/* "TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256" */
static void take_cipher(struct trace *t, const struct log_line *line,
    struct slice s)
{
	struct slice version = log_take_until(&s, ':');
	struct slice cipher = log_take_until(&s, ':');

	trace_tls(t, line, version, cipher);
}

static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	struct slice s = text, ip;
	int32_t port;

	(void)mark;
	if (log_take_text(&s, "Trying ")) {
		log_split_endpoint(without_dots(s), &ip, &port);
		trace_peer(t, ip, port);
	} else if (log_take_text(&s, "Connected to ")) {
		trace_connected(t, line);
	} else if (log_take_text(&s, "Connection closed with remote host")) {
		trace_closed(t, line, SW_NOBODY);
	} else if (log_take_text(&s, "Remote host closed connection")) {
		trace_closed(t, line, SW_SERVER);
	} else if (log_take_text(&s, "TLS started ")) {
		log_take_text(&s, "with cipher ");
		take_cipher(t, line, s);
	} else if (!log_take_text(&s, "response in ")) {
		trace_note(t, line, text);
	}
	return true;
}

/* "12 lines sent" */
static bool is_placeholder(struct slice text)
{
	size_t n = 0;

	while (n < text.len && ascii_is_digit(text.p[n]))
		n++;
	return n > 0 && slice_eq(slice_from(text, n),
	    slice_str(" lines sent"));
}

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_CLOSE),
	.content = true,
	.stuffed = true,
	.crlf = true,
	.placeholder = is_placeholder,
	.remark = remark,
};

static bool probe(struct slice head)
{
	return trace_probe(&format, head);
}

const struct log_format log_swaks = {
	.name = "swaks",
	.title = "swaks, what it prints",
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_CLOSE),
	.table = &format,
	.state_size = sizeof(struct trace),
	.probe = probe,
	.open = trace_open,
	.line = trace_line,
	.gone = trace_gone,
	.end = trace_end,
	.close = trace_close,
};
