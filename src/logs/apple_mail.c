/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apple_mail.c - the connection log of Apple's Mail
 *
 *   WROTE Nov 21 10:00:00.143 [kCFStreamSocketSecurityLevelNegotiatedSSL] \
 *	-- host:mx.example.com -- port:587 -- socket:0x6000 -- thread:0x6001
 *   EHLO client.example.org
 *
 * A head line, then what was written or read, until the next head.  Mail is
 * the client.  Heads have no year.  Blocks of other protocols stand between;
 * only those of one socket in whose first block a reply of SMTP was read are
 * told.
 */
#include "logs/families.h"
#include "logs/text.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "WROTE ", TRACE_REMARK, 0, false },
	{ "READ ", TRACE_REMARK, 0, false },
	{ "INITIATING CONNECTION ", TRACE_KNOWN, 0, false },
	{ "CONNECTED ", TRACE_KNOWN, 0, false },
	{ "", TRACE_REMARK, 0, false },
};

/* What stands behind "name:" in a head. */
static struct slice value_of(struct slice head, const char *name)
{
	struct slice s = slice_from(head, slice_find_nocase(head,
	    slice_str(name)) + strlen(name));

	return log_take_until(&s, ' ');
}

static bool is_head(struct slice s)
{
	int month, day;
	int64_t ns;

	return log_take_month(&s, &month) && log_take_blanks(&s) > 0 &&
	    log_take_number(&s, 1, 2, &day) && log_take_blanks(&s) > 0 &&
	    log_take_time(&s, &ns, NULL) &&
	    slice_find_nocase(s, slice_str("-- host:")) < s.len;
}

static void take_head(struct trace *t, struct slice head, bool read)
{
	uint64_t port, socket = log_hash(LOG_HASH_START,
	    value_of(head, "socket:"));

	t->side = read ? TRACE_SERVER : TRACE_CLIENT;
	if (t->current && t->key == socket)
		return;
	t->key = socket;
	trace_peer(t, slice_make(NULL, 0), SW_UNKNOWN);
	if (slice_to_u64(value_of(head, "port:"), &port) && port < 65536)
		t->peer_port = (int32_t)port;
	t->fresh = true;
}

static bool say(struct trace *t, const struct log_line *line,
    struct slice text)
{
	bool server = t->side == TRACE_SERVER;
	bool content = t->current && !t->fresh &&
	    log_content_due(t->current);

	if (t->side == TRACE_NONE)
		return false;
	if (text.len == 0 && !(content && !server))
		return true; /* between two blocks */
	if (t->fresh) {
		if (!server || log_parse_reply_line(text).code != 220)
			return true; /* of another protocol */
		trace_connected(t, line);
		t->fresh = false;
	}
	if (t->current)
		trace_say(t, line, server, text, 0);
	return true;
}

static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	if (mark->prefix[0] && is_head(text)) {
		take_head(t, text, mark->prefix[0] == 'R');
		return true;
	}
	return say(t, line, line->text);
}

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS,
	.content = true,
	.stuffed = true,
	.remark = remark,
};

/* A head of each kind, and a greeting of SMTP behind one. */
static bool probe(struct slice head)
{
	bool wrote = false, read = false, greeting = false;

	while (head.len > 0) {
		struct slice line = log_head_line(&head);

		greeting |= read && log_parse_reply_line(line).code == 220;
		if (log_take_text(&line, "WROTE "))
			wrote |= is_head(line);
		else if (log_take_text(&line, "READ "))
			read |= is_head(line);
	}
	return wrote && read && greeting;
}

const struct log_format log_apple_mail = {
	.name = "apple-mail",
	.title = "Apple Mail, log of connections",
	.records = TRACE_RECORDS,
	.table = &format,
	.state_size = sizeof(struct trace),
	.probe = probe,
	.open = trace_open,
	.line = trace_line,
	.end = trace_end,
	.close = trace_close,
};
