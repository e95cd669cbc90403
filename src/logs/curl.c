/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * curl.c - what curl -v prints of a connection to a mail server
 *
 *   * Connected to mx.example.com (192.0.2.25) port 25 (#0)
 *   < 220 mx.example.com ESMTP ready
 *   > EHLO client.example.org
 *   } [28 bytes data]
 *
 * "<" and ">" lines keep their CR.  Of content only the octets of each
 * upload are told, which lack the CR LF that curl adds to a text without it:
 * they are told as they are, never as a size.  The last dot and QUIT are
 * sent but not printed.  --trace-time puts the time of day in front.
 *
 * Where curl shows its progress, too, that is written over and over behind a
 * CR, and what is printed next follows it on the same line:
 *
 *   \r 0  0  0  0  0  0  0  0 --:--:--  0:00:02 --:--:--  0< 250 ok
 */
#include "logs/curl.h"
#include "logs/families.h"
#include "logs/text.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "< ", TRACE_SERVER, 0, true },
	{ "> ", TRACE_CLIENT, 0, true },
	{ "* ", TRACE_REMARK, 0, true },
	{ "} [", TRACE_REMARK, 0, false },
	{ "{ [", TRACE_KNOWN, 0, false },
	{ "curl: (", TRACE_REMARK, 0, false },
	{ "  % Total", TRACE_KNOWN, 0, false },
	{ "                                 Dload", TRACE_KNOWN, 0, false },
};

/* The twelve columns of the progress, the last of them a rate. */
static bool take_meter(struct slice *rest)
{
	struct slice s = *rest;
	size_t column, n;

	(void)log_take_octet(&s, '\r');
	for (column = 0; column < 12; column++) {
		log_take_blanks(&s);
		for (n = 0; n < s.len && (ascii_is_digit(s.p[n]) ||
		    (s.p[n] && strchr(column < 11 ? "kMGTP.:-" : "kMGTP.",
		    s.p[n]))); n++)
			continue;
		if (n == 0)
			return false;
		s = slice_from(s, n);
	}
	*rest = s;
	return true;
}

static struct slice behind_meter(struct slice line)
{
	while (take_meter(&line))
		continue;
	return line;
}

/* "mx.example.com (192.0.2.25) port 25 (#0)" */
static void take_connected(struct trace *t, const struct log_line *line,
    struct slice s)
{
	struct slice ip, rest = s;
	int port = SW_UNKNOWN;

	log_take_until(&rest, '(');
	ip = log_take_until(&rest, ')');
	if (!log_take_text(&rest, " port ") ||
	    !log_take_number(&rest, 1, 5, &port))
		port = SW_UNKNOWN;
	trace_peer(t, ip, port);
	trace_connected(t, line);
}

/* "TLSv1.3 / TLS_AES_256_GCM_SHA384 / X25519 / RSASSA-PSS" */
static void take_cipher(struct trace *t, const struct log_line *line,
    struct slice s)
{
	struct slice version = log_take_until(&s, ' '), cipher;

	if (log_take_text(&s, "/ "))
		cipher = log_take_until(&s, ' ');
	else
		cipher = slice_make(NULL, 0);
	trace_tls(t, line, version, cipher);
}

/* What follows "} [": "28 bytes data]" */
static bool is_count(struct slice s)
{
	int n;

	return log_take_number(&s, 1, 9, &n) &&
	    log_take_text(&s, " bytes data]");
}

void curl_take_remark(struct trace *t, const struct log_line *line,
    struct slice text)
{
	struct slice s = text;

	if (log_take_text(&s, "Connected to ")) {
		take_connected(t, line, s);
	} else if (log_take_text(&s, "SSL connection using ")) {
		take_cipher(t, line, s);
	} else if (log_take_text(&s, "Closing connection") ||
	    log_take_text(&s, "closing connection")) {
		trace_closed(t, line, SW_NOBODY);
	} else if (!log_take_text(&s, "Connection #")) {
		trace_note(t, line, text);
	}
}

static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	if (mark->prefix[0] == 'c') {
		trace_note(t, line, line->text);
	} else if (is_count(text)) {
		if (t->current && log_content_due(t->current))
			trace_note(t, line, slice_make(text.p, text.len - 1));
	} else {
		curl_take_remark(t, line, text);
	}
	return true;
}

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS,
	.strip = behind_meter,
	.stamps = true,
	.remark = remark,
};

/* It is a log of SMTP only if a verb of it was said. */
static bool probe(struct slice head)
{
	return trace_probe(&format, head);
}

const struct log_format log_curl = {
	.name = "curl",
	.title = "curl -v, with and without --trace-time",
	.times = "none, or local times of day, 1 us",
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_TIMES),
	.table = &format,
	.state_size = sizeof(struct trace),
	.probe = probe,
	.open = trace_open,
	.line = trace_line,
	.gone = trace_gone,
	.end = trace_end,
	.close = trace_close,
};
