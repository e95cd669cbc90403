/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * talk.h - the lines of both sides as events, for families whose lines are
 * those of the dialogue
 *
 * Theory of operation.  Most logs tell lines of the client and lines of the
 * server, each with a mark of who spoke; what a family finds out is whose
 * line it is and in which session.  All else is the same for them and stands
 * here: the lines of one reply become one event, what follows an accepted
 * DATA is content, the final dot ends it, a session whose QUIT was answered
 * is over.
 *
 *   client:   log_say_client(s, said)        a command, an AUTH line, or -
 *                                            while log_content_due - content
 *   server:   log_say_server(s, said)        one line of a reply
 *             log_say_reply(s, said, ...)    an entry that tells all its
 *                                            lines
 *   content:  log_content_line, _octets, _end when the log records it,
 *             log_content_size when it tells how much there was
 */
#ifndef LOGS_TALK_H
#define LOGS_TALK_H

#include "logs/sessions.h"

/* What one entry of a log says that one side said.  Borrowed for the call. */
struct log_said {
	const struct log_line *line; /* where it stands */
	int64_t time;         /* SW_NO_TIME */
	struct slice text;    /* without its end */
	uint32_t flags;       /* sw_flag bits that the family knows of */
	int64_t octets;       /* as the log tells them; SW_UNKNOWN */
};

/* The usual: a text and nothing else known of it. */
static inline struct log_said log_said(const struct log_line *line,
    int64_t time, struct slice text)
{
	struct log_said said = { line, time, text, 0, SW_UNKNOWN };

	return said;
}

/*
 * Whose line is it, in a log whose marks tell what the logging program sent
 * and received?  The first line of a session decides which role the program
 * has, unless log_session_recorder said so: who begins with three digits is
 * the server.
 */
enum sw_role log_role(struct log_session *s, bool sent, struct slice text);
/* The program that wrote the log is the client or the server here. */
void log_session_recorder(struct log_session *s, enum sw_recorder recorder);

/* Does a line of a dialogue tell that it is SMTP, not POP3 or IMAP: a verb
 * that those lack, or a reply's code? */
bool log_is_smtp(struct slice said);

/* A command or a line of AUTH.  Returns its n, 0: no memory. */
uint32_t log_say_client(struct log_session *s, const struct log_said *said);
/* One line of a reply.  The event is made when the reply's last line was
 * told; its n then, else 0. */
uint32_t log_say_server(struct log_session *s, const struct log_said *said);
/*
 * An entry that tells count lines of one reply ("250-a", "250-b", "250 c");
 * as many replies are made as the lines' codes and hyphens tell, each with
 * the flag joined if there is more than one line.
 */
void log_say_reply(struct log_session *s, const struct log_said *said,
    const struct slice *lines, size_t count);

/* Is a reply in the midst of its lines? */
bool log_reply_open(const struct log_session *s);

/* An entry without commands or replies, as a `note` event. */
void log_say_note(struct log_session *s, const struct log_line *line,
    int64_t time, struct slice text);

/* A DATA was accepted and its verdict is not known: what the client says is
 * content. */
static inline bool log_content_due(const struct log_session *s)
{
	return s->content.of != 0 && (s->content.open ||
	    s->content.data == 0);
}
/*
 * A line of content; stuffed: as on the wire, with dots doubled, so that
 * "." alone ends the content (true is returned then).  crlf: CR LF ended the
 * line on the wire, not a bare LF.  Behind a line that the log has cut
 * (SW_FLAG_TRUNCATED), or in which it ends, there is a gap; in the latter case
 * instead of its end.
 */
bool log_content_line(struct log_session *s, const struct log_said *said,
    bool stuffed, bool crlf);
/* Octets of content as the receiver stores them. */
void log_content_octets(struct log_session *s, const struct log_said *said,
    struct slice octets);
/* Octets of content, not known which. */
void log_content_lost(struct log_session *s, const struct log_said *said);
/* The content is over; wire: its octets on the wire, the terminator
 * included (SW_UNKNOWN). */
void log_content_end(struct log_session *s, const struct log_said *said,
    int64_t wire);
/* The log tells that the content has passed: its size as the receiver stores
 * it, its octets on the wire (SW_UNKNOWN). */
void log_content_passed(struct log_session *s, const struct log_said *said,
    int64_t size, int64_t wire);
/* The log tells how many octets the content of the newest DATA had as the
 * receiver stores it, but not which. */
void log_content_size(struct log_session *s, int64_t size);

/* The log says that the connection was made, by whom (SW_NOBODY). */
void log_session_connect(struct log_session *s, const struct log_line *line,
    int64_t time, enum sw_role by);
/*
 * The log says that the connection is over: a `close` event, and the session
 * goes to the sink.  by: who closed it; SW_NOBODY when the log does not tell:
 * then it was the server if its last reply says so (RFC 5321 3.8: 421, 221),
 * else the client.
 */
enum sw_status log_session_close(struct log_sessions *t,
    struct log_session *s, const struct log_line *line, int64_t time,
    enum sw_role by) SW_MUST_USE;
/* For logs without such lines: QUIT was answered, nothing can follow. */
bool log_session_over(const struct log_session *s);

/* Give out what is held of a reply without a last line.  log_sessions_end
 * does it too. */
void log_talk_flush(struct log_session *s);

#endif
