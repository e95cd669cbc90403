/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postfix_notice.c - the mail that Postfix sends to its postmaster when a
 * session went wrong (notify_classes)
 *
 *   Subject: Postfix SMTP server: errors from client.example.org[192.0.2.10]
 *
 *   Transcript of session follows.
 *
 *    Out: 220 mx.example.com ESMTP Postfix
 *    In:  EHLO client.example.org
 *    Out: 550 5.1.1 <bob@example.com>: Recipient address rejected: User
 *        unknown in local recipient table
 *
 *   Session aborted, reason: lost connection
 *
 *   For other details, see the local mail logfile
 *
 * "Out" was sent by Postfix, as server or as client; lines are wrapped at
 * blanks, and go on behind four.  Several mails may follow each other, as in
 * a mailbox.  What else stands in them is passed over; a copy may have lost
 * the blank in front.  Content is never told, nor are times.
 */
#include "logs/families.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

struct notice {
	struct log_sessions sessions;
	struct log_session *current; /* NULL: none is open */
	bool inside;         /* of a transcript */
	bool over;           /* a blank line stood behind its dialogue */
	bool held;           /* an entry awaits its further lines */
	bool sent;           /* ... by Postfix */
	struct buffer entry;
	struct log_line line; /* where it begins, without its text */
	/* What the subject said. */
	bool subject;
	enum sw_recorder recorder;
	struct buffer ip;
};

static bool take_mark(struct slice *text, bool *sent_r)
{
	struct slice s = *text;

	(void)log_take_octet(&s, ' ');
	*sent_r = log_take_text(&s, "Out: ");
	if (!*sent_r && !log_take_text(&s, "In: "))
		return false;
	if (!*sent_r)
		(void)log_take_octet(&s, ' ');
	*text = s;
	return true;
}

static bool is_title(struct slice text)
{
	return slice_eq(text, slice_str("Transcript of session follows."));
}

/* "Postfix SMTP server: errors from client.example.org[192.0.2.10]" */
static void take_subject(struct notice *n, struct slice s)
{
	n->subject = log_take_text(&s, "Postfix SMTP server: errors from ");
	n->recorder = SW_RECORDER_SERVER;
	if (!n->subject) {
		n->subject = log_take_text(&s,
		    "Postfix SMTP client: errors from ");
		n->recorder = SW_RECORDER_CLIENT;
	}
	buffer_clear(&n->ip);
	if (!n->subject)
		return;
	(void)log_take_until(&s, '['); /* its name in the DNS, or "unknown" */
	buffer_append_slice(&n->ip, log_take_until(&s, ']'));
}

static enum sw_status begin(struct notice *n)
{
	enum sw_status status = log_sessions_begin(&n->sessions,
	    slice_str(""), &n->line, SW_NO_TIME, &n->current);
	struct sw_endpoint *peer;
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	BASE_KNOWN(n->current);
	out = session_get(n->current->b);
	out->records = LOG_RECORDS_TALK;
	out->clock.zone = SW_ZONE_NONE;
	out->clock.date = SW_DATE_NONE;
	if (!n->subject)
		return SW_OK;
	log_session_recorder(n->current, n->recorder);
	peer = n->recorder == SW_RECORDER_SERVER ? &out->client :
	    &out->server;
	if (n->ip.len > 0)
		peer->ip = session_text(n->current->b, buffer_slice(&n->ip));
	if (n->ip.len > 0)
		out->records |= n->recorder == SW_RECORDER_SERVER ?
		    SW_BIT(SW_RECORDS_CLIENT_ADDRESS) :
		    SW_BIT(SW_RECORDS_SERVER_ADDRESS);
	return SW_OK;
}

/* Tell the entry that is held. */
static enum sw_status flush(struct notice *n)
{
	struct log_said said = log_said(&n->line, SW_NO_TIME,
	    buffer_slice(&n->entry));
	enum sw_status status = SW_OK;

	if (!n->held)
		return SW_OK;
	n->held = false;
	if (n->entry.failed)
		return SW_ENOMEM;
	if (!n->current)
		status = begin(n);
	if (status != SW_OK)
		return status;
	log_sessions_touch(&n->sessions, n->current, n->line.number,
	    SW_NO_TIME);
	if (log_role(n->current, n->sent, said.text) == SW_SERVER)
		log_say_server(n->current, &said);
	else
		log_say_client(n->current, &said);
	return SW_OK;
}

/* No further line is of this transcript. */
static enum sw_status end_transcript(struct notice *n)
{
	enum sw_status status = flush(n);
	struct log_session *s = n->current;

	n->inside = n->over = false;
	n->current = NULL;
	if (status != SW_OK || !s)
		return status;
	return log_sessions_end(&n->sessions, s, log_session_over(s) ?
	    SW_ENDING_QUIT : SW_ENDING_INPUT_ENDED);
}

/* "Session aborted, reason: lost connection": of a server it is the client
 * that went away, unless a time-out or an error of its own ended it. */
static enum sw_status abort_session(struct notice *n,
    const struct log_line *line, struct slice reason)
{
	struct log_session *s = n->current;
	bool lost = slice_eq(reason, slice_str("lost connection"));
	bool server;

	if (!s)
		return SW_OK;
	server = session_get(s->b)->recorder == SW_RECORDER_SERVER;
	log_sessions_touch(&n->sessions, s, line->number, SW_NO_TIME);
	log_say_note(s, line, SW_NO_TIME, line->text);
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_CLOSE);
	n->current = NULL;
	return log_session_close(&n->sessions, s, line, SW_NO_TIME,
	    lost == server ? SW_CLIENT : SW_SERVER);
}

static void hold(struct notice *n, const struct log_line *line,
    struct slice text, bool sent)
{
	buffer_clear(&n->entry);
	buffer_append_slice(&n->entry, text);
	n->line = *line;
	n->line.text = slice_make(NULL, 0);
	n->held = true;
	n->sent = sent;
}

/* Wrapped lines are joined by the blank that they were cut at. */
static void hold_more(struct notice *n, const struct log_line *line,
    struct slice text)
{
	if (!buffer_append_char(&n->entry, ' ') ||
	    !buffer_append_slice(&n->entry, text))
		n->line.truncated = true;
	n->line.truncated |= log_line_is_cut(line);
}

static enum sw_status take_inside(struct notice *n,
    const struct log_line *line)
{
	struct slice text = line->text, more = text;
	enum sw_status status;
	bool sent;

	if (n->held && log_take_text(&more, "    ")) {
		hold_more(n, line, more);
		return SW_OK;
	}
	status = flush(n);
	if (status != SW_OK)
		return status;
	if (take_mark(&text, &sent)) {
		n->over = false;
		hold(n, line, text, sent);
	} else if (text.len == 0) {
		n->over = n->current != NULL;
	} else if (log_take_text(&text, "Session aborted, reason: ")) {
		return abort_session(n, line, text);
	} else if (n->over || !n->current) {
		return end_transcript(n); /* the mail's last words */
	} else {
		log_not_understood(&n->sessions, line);
	}
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct notice *n = state;
	struct slice text = line->text;
	enum sw_status status;

	if (is_title(text)) {
		status = end_transcript(n);
		n->inside = true;
		return status;
	}
	if (n->inside)
		return take_inside(n, line);
	if (log_take_text(&text, "Subject: "))
		take_subject(n, text);
	return n->ip.failed ? SW_ENOMEM : SW_OK;
}

static enum sw_status take_end(void *state)
{
	return end_transcript(state);
}

static enum sw_status open_notice(void *state)
{
	struct notice *n = state;

	buffer_init(&n->entry, LIMIT_LINE);
	buffer_init(&n->ip, LIMIT_LINE);
	return SW_OK;
}

static void close_notice(void *state)
{
	struct notice *n = state;

	buffer_fini(&n->entry);
	buffer_fini(&n->ip);
}

static void forget(void *state, const struct log_session *s)
{
	struct notice *n = state;

	if (n->current == s)
		n->current = NULL;
}

/* The title, and behind it two lines of a dialogue. */
static bool probe(struct slice head)
{
	bool title = false, sent;
	size_t marks = 0;

	while (head.len > 0 && marks < 2) {
		struct slice line = log_head_line(&head);

		title = title || is_title(line);
		marks += title && take_mark(&line, &sent) &&
		    (log_parse_reply_line(line).code >= 200 ||
		    log_is_smtp(line));
	}
	return marks >= 2;
}

const struct log_format log_postfix_notice = {
	.name = "postfix-notice",
	.title = "Postfix, a notice to the postmaster",
	.records = LOG_RECORDS_TALK | SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) | SW_BIT(SW_RECORDS_CLOSE),
	.state_size = sizeof(struct notice),
	.probe = probe,
	.open = open_notice,
	.line = take_line,
	.gone = forget,
	.end = take_end,
	.close = close_notice,
};
