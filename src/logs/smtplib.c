/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtplib.c - the debug output of Python's smtplib
 *
 *   connect: to ('192.0.2.25', 25) None
 *   reply: b'220 mx.example.org ESMTP\r\n'
 *   reply: retcode (220); Msg: b'mx.example.org ESMTP'
 *   send: 'ehlo client.example.net\r\n'
 *   data: (354, b'Enter message')
 *
 * What was sent and received stands there as Python's repr() writes it: in
 * one quote or the other, with backslash escapes.  Each reply comes twice,
 * line by line and then as a whole ("retcode"), which is left out.  The
 * content is one "send" with its dots doubled and the last dot.  Level 2
 * puts the time of day in front of each line; the greeting is missing if the
 * level was set after the connection was made.
 */
#include <stdlib.h>

#include "base/error.h"
#include "logs/families.h"
#include "logs/probe.h"
#include "logs/text.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "reply: retcode (", TRACE_KNOWN, 0, false },
	{ "reply: ", TRACE_REMARK, 0, false },
	{ "send: ", TRACE_REMARK, 0, false },
	{ "connect: ", TRACE_REMARK, 0, false },
	{ "data: (", TRACE_KNOWN, 0, false },
	{ "SMTP", TRACE_REMARK, 0, false }, /* an exception */
};

static int hex_digit(uint8_t c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "x1b" behind a backslash: how many octets it takes, 0: none. */
static size_t take_hex(struct slice s, uint8_t *c_r)
{
	int high, low;

	if (s.len < 3 || s.p[0] != 'x')
		return 0;
	high = hex_digit(s.p[1]);
	low = hex_digit(s.p[2]);
	if (high < 0 || low < 0)
		return 0;
	*c_r = (uint8_t)(high * 16 + low);
	return 3;
}

/* What stands behind a backslash; how many octets of it. */
static size_t take_escape(struct slice s, uint8_t *c_r)
{
	size_t n = take_hex(s, c_r);

	if (n > 0 || s.len == 0)
		return n;
	switch (s.p[0]) {
	case 'r':
		*c_r = '\r';
		return 1;
	case 'n':
		*c_r = '\n';
		return 1;
	case 't':
		*c_r = '\t';
		return 1;
	case '\\':
	case '\'':
	case '"':
		*c_r = s.p[0];
		return 1;
	default:
		return 0;
	}
}

/*
 * Append what repr() wrote: 'text', "text", b'octets'.  false: it is none.
 * *whole_r: its closing quote is there (a line may be cut).
 */
static bool unquote(struct slice s, struct buffer *out, bool *whole_r)
{
	uint8_t quote, c;
	size_t i = 1, n;

	if (s.len > 0 && (s.p[0] == 'b' || s.p[0] == 'u'))
		s = slice_from(s, 1);
	if (s.len == 0 || (s.p[0] != '\'' && s.p[0] != '"'))
		return false;
	quote = s.p[0];
	while (i < s.len && s.p[i] != quote) {
		c = s.p[i++];
		n = c == '\\' ? take_escape(slice_from(s, i), &c) : 0;
		i += n;
		buffer_append_char(out, (char)c);
	}
	*whole_r = i < s.len;
	return true;
}

/* The first line of *rest, with its end; *crlf_r: it is CR LF. */
static struct slice take_octet_line(struct slice *rest, bool *crlf_r)
{
	const uint8_t *lf = memchr(rest->p, '\n', rest->len);
	struct slice line = slice_head(*rest, lf ?
	    (size_t)(lf - rest->p) : rest->len);

	*rest = slice_from(*rest, line.len + (lf != NULL));
	*crlf_r = lf && line.len > 0 && line.p[line.len - 1] == '\r';
	if (*crlf_r)
		line.len--;
	return line;
}

/* What one side said, as octets. */
static void say_lines(struct trace *t, const struct log_line *line,
    bool server, struct slice octets, bool whole)
{
	while (octets.len > 0) {
		struct log_line one = *line;
		const uint8_t *end = octets.p + octets.len;
		bool crlf;
		struct slice text = take_octet_line(&octets, &crlf);

		one.crlf = crlf;
		one.truncated = !whole && text.p + text.len == end;
		one.unterminated = one.truncated && line->unterminated;
		trace_say(t, &one, server, text, 0);
	}
}

/* "to ('192.0.2.25', 25) None" */
static void take_connect(struct trace *t, const struct log_line *line,
    struct slice s)
{
	struct slice ip;
	int port = SW_UNKNOWN;

	if (!log_take_text(&s, "to ('"))
		return; /* the greeting once more */
	ip = log_take_until(&s, '\'');
	if (!log_take_text(&s, ", ") || !log_take_number(&s, 1, 5, &port))
		port = SW_UNKNOWN;
	trace_peer(t, ip, port);
	trace_connected(t, line);
}

static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	bool whole, known;
	struct buffer b;

	if (mark->prefix[0] == 'c') {
		take_connect(t, line, text);
		return true;
	}
	if (mark->prefix[0] == 'S') {
		trace_note(t, line, line->text);
		return true;
	}
	buffer_init(&b, LIMIT_LINE);
	known = unquote(text, &b, &whole);
	if (known)
		say_lines(t, line, mark->prefix[0] == 'r', buffer_slice(&b),
		    whole && !line->truncated);
	if (b.failed && t->status == SW_OK)
		t->status = SW_ENOMEM;
	buffer_fini(&b);
	return known;
}

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE),
	.stamps = true,
	.content = true,
	.stuffed = true,
	.crlf = true,
	.remark = remark,
};

/* Lines of both sides in quotes, a verb or a code in one of them. */
enum tells { TELLS_NOTHING, TELLS_SENT, TELLS_REPLY };

static bool is_dialogue(const struct log_count *rows)
{
	return rows->of[TELLS_SENT] > 0 && rows->of[TELLS_REPLY] > 0;
}

/* 'send: ' and a string, 'reply: ' and one that begins with a code. */
static enum tells tells_what(struct slice line)
{
	if (log_take_text(&line, "send: "))
		return line.len > 0 && (line.p[0] == '\'' ||
		    line.p[0] == '"' || line.p[0] == 'b') ? TELLS_SENT :
		    TELLS_NOTHING;
	if (log_take_text(&line, "reply: retcode (") ||
	    log_take_text(&line, "reply: b'") ||
	    log_take_text(&line, "reply: '"))
		return line.len > 0 && ascii_is_digit(line.p[0]) ?
		    TELLS_REPLY : TELLS_NOTHING;
	return TELLS_NOTHING;
}

static bool probe(struct slice head)
{
	struct log_tally t = { .share = 3 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		enum tells tells;
		int64_t ns;

		if (log_take_time(&line, &ns, NULL))
			log_take_octet(&line, ' ');
		tells = tells_what(line);
		if (tells != TELLS_NOTHING)
			log_tally_row(&t, tells);
		else if (line.len > 0)
			log_tally_other(&t);
	}
	return log_tally_judge(&t, is_dialogue);
}

const struct log_format log_smtplib = {
	.name = "smtplib",
	.title = "Python's smtplib, set_debuglevel(1) and (2)",
	.times = "none, or local times of day, 1 us",
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
