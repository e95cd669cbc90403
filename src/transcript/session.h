/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.h - building a session: events, and the mail transactions that
 * follow from them
 *
 * Theory of operation.  A source (the dialogue of a wire, or a log family)
 * adds events in their order and tells which reply answers which command;
 * from that the builder keeps messages, recipients, verdicts, names, auth
 * and protocol, by the same rules for every source.
 *
 *   command:  n = session_command(b, ...)           appends the event
 *   reply:    n = session_reply(b, ...)             appends the event
 *             session_answer(b, command, code ...)  tells its consequences
 *   content:  session_data_begin, _octets, _gap, session_data_end
 *
 * session_answer must be called once for each command, in the order of the
 * commands; a command whose reply is lost or never came is answered with
 * code SW_UNKNOWN (session_finish does it for those that are left).
 * Messages hang on answers, so MAIL that is refused begins none for the
 * RCPTs behind it.
 *
 * Memory: everything lies in the builder's arena; session_finish returns a
 * view that is valid until session_builder_free.
 */
#ifndef TRANSCRIPT_SESSION_H
#define TRANSCRIPT_SESSION_H

#include <smtpwire/error.h>
#include <smtpwire/transcript.h>

#include "base/arena.h"
#include "base/account.h"
#include "base/origin.h"
#include "transcript/message.h"
#include "transcript/verbs.h"

struct session_builder;

/* Builders of small sessions that are over, to be used again with their
 * memory, which is still in the cache; of one thread. */
struct session_spares {
	struct session_builder *list;
	size_t count;
	size_t octets, most; /* that they and sessions made from them hold,
	                        and may hold */
};
enum { SESSION_SPARES_MAX = 16 };
void session_spares_fini(struct session_spares *s);

struct session_options {
	/* Of memory that the session may take, no more than
	 * LIMIT_SESSION_OCTETS; 0: that. */
	size_t octets;
	bool show_secrets;
	bool hash; /* SHA-256 of every message */
	const struct body_ops *body_ops; /* NULL: none */
	struct account *account;         /* borrowed */
	/* Called when an event is complete, or NULL. */
	void (*event)(void *ctx, struct sw_session *s,
	    const struct sw_event *e);
	void *event_ctx;
	struct session_spares *spares; /* outlives the builder; NULL: none */
};

enum sw_status session_builder_new(const struct session_options *options,
    struct session_builder **b_r) SW_MUST_USE;
void session_builder_free(struct session_builder **b);
/* It will be no spare: once settled, it may be freed in any thread. */
void session_builder_part(struct session_builder *b);
/* Is it small enough to become a spare? */
bool session_is_small(const struct session_builder *b);

/* The session as it stands: set its plain fields (id, source, clock, start,
 * end, endpoints, tcp, records ...) directly; lists are the builder's. */
struct sw_session *session_get(struct session_builder *b);
/* Octets held in memory for this session, roughly; constant time. */
size_t session_memory(const struct session_builder *b);
/* Events come soon: ask for the memory that they need; step 1, some time
 * later: of what was asked for in step 0. */
void session_fetch(const struct session_builder *b, unsigned step);
/* Memory that lives as long as the builder. */
struct arena *session_arena(struct session_builder *b);
/* A copy of text in the session; null stays null. */
struct sw_bytes session_text(struct session_builder *b, struct slice s);
/* Are secrets told? */
bool session_shows_secrets(const struct session_builder *b);
/* Did memory run out in any call before?  Sticky; every other call is safe
 * and without effect then. */
bool session_failed(const struct session_builder *b);
/* Memory ran out in a room that feeds the session: it cannot be told. */
void session_fail(struct session_builder *b);

/* Where and when an event was. */
struct event_span {
	uint64_t at_first, at_last;
	int64_t time, end; /* SW_NO_TIME */
};

/* Each adds an event and returns its n (also when limits left it out, then
 * it is counted in omitted), 0 only when memory ran out. */
uint32_t session_connect(struct session_builder *b, enum sw_role by,
    struct event_span span);
uint32_t session_close(struct session_builder *b, enum sw_role by,
    enum sw_close_how how, struct event_span span);
uint32_t session_gap(struct session_builder *b, enum sw_role by,
    int64_t size, struct event_span span);
uint32_t session_tls(struct session_builder *b, const struct sw_tls *tls,
    struct event_span span);
/* Turns of TLS, copied into the session's memory; NULL: none, or memory ran
 * out. */
const struct sw_tls_turn *session_tls_turns(struct session_builder *b,
    const struct sw_tls_turn *turns, size_t count);
uint32_t session_note_event(struct session_builder *b, enum sw_role by,
    struct slice text, struct event_span span);

/* A command as its source tells it. */
struct command_in {
	enum sw_role by;
	struct slice line;    /* without its end; p NULL: not recorded */
	struct slice verb;    /* as recorded, when there is no line */
	struct slice argument;/* when there is no line */
	bool argument_known;  /* false: null */
	bool masked;          /* a secret: told as *** unless secrets are
	                         shown */
	int64_t octets;
	uint32_t flags;
	struct event_span span;
	enum verb known;      /* with no line, or if verb_known: the verb */
	bool verb_known;      /* session_verb was asked already, of line or
	                         of verb ... */
	size_t verb_len;      /* ... and said this */
};
uint32_t session_command(struct session_builder *b,
    const struct command_in *c);

struct reply_in {
	enum sw_role by;
	int32_t code;              /* SW_UNKNOWN */
	const struct slice *lines; /* texts after code and separator */
	size_t line_count;
	uint32_t to;               /* n, 0 */
	int64_t octets;
	uint32_t flags;
	bool is_challenge;         /* 334: text is secret */
	struct event_span span;
};
uint32_t session_reply(struct session_builder *b, const struct reply_in *r);

/* A command and the reply to it at once, as session_command, session_reply and
 * session_answer make of them; r->to is set.  Returns the command's n. */
uint32_t session_exchange(struct session_builder *b,
    const struct command_in *c, struct reply_in *r);

/* Change an event that was added (NULL if limits left it out); for flags
 * that become certain later (unacked, after-gap) and ends of spans. */
struct sw_event *session_event(struct session_builder *b, uint32_t n);

/*
 * Consequences of the reply to a command (n as session_command returned
 * it).  lines are the reply's texts; code SW_UNKNOWN: no reply known.
 * A 354 to DATA (or 2xx, 3xx followed by content) is answered here too;
 * the verdict after the content goes to session_verdict.
 */
void session_answer(struct session_builder *b, uint32_t command,
    int32_t code, const struct slice *lines, size_t line_count);

/*
 * Content begins, for the DATA or BDAT command `of` (0: not seen): opens a
 * message if none is.  start_seen: its first octet is the first.  Returns
 * the n of the data event (added at the end by session_data_end, but its
 * place in the order is here).
 */
struct data_in {
	uint32_t of;
	enum sw_method method;   /* SW_METHOD_NONE: content of no message
	                            (XEXCH50, a refused chunk) */
	bool start_seen;
	uint32_t flags;
	struct event_span span;
};
uint32_t session_data_begin(struct session_builder *b,
    const struct data_in *d);
/* wire: octets as on the wire for these (stuffing and line ends). */
void session_data_octets(struct session_builder *b, struct slice octets);
/* A line, with a gap of unknown length behind it if it was cut, and its end
 * (CR LF or LF). */
void session_data_line(struct session_builder *b, struct slice line, bool cut,
    bool crlf);
/* May such octets need memory?  Those of a header do. */
bool session_keeps_content(const struct session_builder *b);
void session_data_gap(struct session_builder *b, int64_t len);
/* The verdict on the content of event n is not to be had; 0: on a chunk, or on
 * what is no message's. */
void session_verdict_unseen(struct session_builder *b, uint32_t n);
/* The content of the newest MAIL lies in a gap, whole, and its verdict was
 * given: what comes is another message's. */
void session_content_unseen(struct session_builder *b);
/* Is the content that was begun last another than that of the message that is
 * open, which was complete before?  Then its verdict is another's, too. */
bool session_data_is_second(const struct session_builder *b);
/*
 * Octets that are content, though it is not known yet whether of a message:
 * they are counted and digested as they come, in memory that does not grow
 * with them.  Begin one such content (false: not now, since the caller wants
 * octets of bodies, or other content goes on); its octets; and, right behind
 * session_data_begin, make it the beginning of that event's content.
 */
bool session_early_begin(struct session_builder *b);
void session_early_octets(struct session_builder *b, struct slice octets);
void session_early_take(struct session_builder *b);
/*
 * The content of this event is over.  complete: its end was seen.  last: the
 * message's content is over with it (the final dot, BDAT LAST).  wire:
 * octets on the wire, stuffing, ends and terminator included (SW_UNKNOWN).
 * flags are added; span gives the end (at_last, end).
 */
void session_data_end(struct session_builder *b, bool complete, bool last,
    int64_t wire, uint32_t flags, struct event_span span);
/* Is n the newest content whose end was not seen? */
bool session_is_cut(const struct session_builder *b, uint32_t n);
/* Content of a log: size known, octets not. */
uint32_t session_data_logged(struct session_builder *b,
    const struct data_in *d, int64_t size, int64_t missing);

/* The open message's content is over without further octets (BDAT 0 LAST). */
void session_content_finish(struct session_builder *b, bool complete);
/* The same where no chunk came before, and none can have been missed: the
 * message is of no octets (RFC 3030 2).  Nothing if a chunk came or was
 * refused. */
void session_content_empty(struct session_builder *b);

/* The verdict after content (after the dot, or of BDAT LAST through
 * session_answer).  index: which recipient of LMTP or PRDR it is for, from
 * 0 among the accepted ones; -1: the message as a whole. */
void session_verdict(struct session_builder *b, int32_t code,
    const struct slice *lines, size_t line_count, long index);

/* The same before the content's end, as a whole: another may follow. */
void session_early_verdict(struct session_builder *b, int32_t code,
    const struct slice *lines, size_t line_count);

/* No other follows. */
void session_early_is_last(struct session_builder *b);

/* Does this reply accept a message, and name the id that it has there? */
bool session_names_message(int32_t code, const struct slice *lines,
    size_t line_count);

/* The reply to a chunk whose BDAT is lost, so that nobody knows whether it was
 * the last one: it was if no BDAT follows in its message.  surely: no further
 * one is lost; else only a reply that names the message is a verdict. */
void session_chunk_answer(struct session_builder *b, bool surely, int32_t code,
    const struct slice *lines, size_t line_count);

/* A reply that no known command awaits.  first: since a gap, so that it may be
 * that to a chunk of which nothing was seen; else it may be to anything. */
void session_missed_chunk(struct session_builder *b, bool first, int32_t code,
    const struct slice *lines, size_t line_count);

/* State that the dialogue needs. */
bool session_is_lmtp(const struct session_builder *b);
/* Accepted recipients of the newest message. */
size_t session_accepted(const struct session_builder *b);
/* Has it recipients of whom it is not known whether they were accepted? */
bool session_recipients_unsure(const struct session_builder *b);
/* Was PRDR asked for in the newest MAIL? */
bool session_wants_prdr(const struct session_builder *b);

/* Add a note; text made as printf makes it.  Severity is the code's own. */
void session_note(struct session_builder *b, enum sw_note_code code,
    uint32_t event, uint64_t at_first, uint64_t at_last,
    const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Add the note that a line of so many octets was cut to LIMIT_LINE. */
void session_note_cut(struct session_builder *b, uint32_t event,
    uint64_t at_first, uint64_t at_last, uint64_t octets);

/*
 * AUTH: an exchange begins with this command (mechanism p NULL: not known);
 * what becomes known of it later concerns the newest one: the user as
 * decoded, and the code of the final reply.
 */
void session_auth(struct session_builder *b, uint32_t command,
    struct slice mechanism);
void session_auth_user(struct session_builder *b, struct slice user);
void session_auth_code(struct session_builder *b, int32_t code);

/* The encryption object; made at the first call, then to be changed
 * directly. */
struct sw_encryption *session_encryption(struct session_builder *b);

/* The server's replies are beyond this record (its direction was never seen,
 * or a gap swallowed them): a missing verdict is then `unknown`, never
 * `aborted`. */
void session_replies_unseen(struct session_builder *b);

/* Was QUIT answered, or was it sent and the server closed? */
bool session_has_quit(const struct session_builder *b, bool server_closed);

/* The session is told from elsewhere: whoever calls this fills session_get()
 * with what lies in session_arena() and calls nothing else that builds. */
void session_adopt(struct session_builder *b);

/* What was told turned out to be no SMTP: forget events, messages, auth. */
void session_forget(struct session_builder *b);

/* Close what is open (messages, unanswered commands) and publish.  The
 * result is the builder's. */
const struct sw_session *session_finish(struct session_builder *b);
/* After the filters: settle bodies (keep or remove); no body is left. */
enum sw_status session_settle(struct session_builder *b, bool keep,
    struct sw_err *err) SW_MUST_USE;

#endif
