/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sessions.h - the open sessions of one log, and the dialogue in each
 *
 * Theory of operation.  A family makes of each line an event of one of its
 * open sessions.  Sessions are found by a key: whatever the log tells of a
 * connection (an id; or only an address, then several may bear the same
 * key, and log_session_fit says which of them the grammar of SMTP suits).
 * The dialogue's consequences (which command a reply answers, the content
 * behind a 354, AUTH lines that are secret) are the same for all families
 * and stand here.
 *
 * Sessions go to the sink when their end is certain: when the family says
 * so, when no line came for LIMIT_LOG_IDLE_NS, at a limit, and at the end of
 * the log in the order of their first lines.
 */
#ifndef LOGS_SESSIONS_H
#define LOGS_SESSIONS_H

#include "base/limits.h"
#include "logs/lines.h"
#include "logs/logs.h"
#include "transcript/secrets.h"

/* Records of a dialogue that is told line by line. */
#define LOG_RECORDS_TALK (SW_BIT(SW_RECORDS_GREETING) | \
	SW_BIT(SW_RECORDS_COMMAND) | SW_BIT(SW_RECORDS_ARGUMENT) | \
	SW_BIT(SW_RECORDS_REPLY_CODE) | SW_BIT(SW_RECORDS_REPLY_TEXT) | \
	SW_BIT(SW_RECORDS_REPLY_LINES) | \
	SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES))

/* How far the dialogue of a session has come. */
enum log_phase {
	LOG_PHASE_START, /* HELO was not yet accepted */
	LOG_PHASE_READY, /* ... and nothing after it */
	LOG_PHASE_MAIL,  /* a MAIL was accepted */
	LOG_PHASE_RCPT,  /* ... and a RCPT */
	LOG_PHASE_DONE,  /* a message got its verdict */
	LOG_PHASE_QUIT,
	LOG_PHASE_COUNT
};

struct log_key;
struct log_reply_parts; /* talk.c */

/* Content that was agreed on and whose verdict is due. */
struct log_content {
	uint32_t of;            /* n of the DATA, BDAT or XEXCH50; 0: none */
	uint32_t data;          /* n of its data event once that is told */
	bool bdat;              /* LAST was accepted for the first of many */
	bool no_message;        /* XEXCH50 */
	bool open;              /* its octets are being told (talk.c) */
	bool lost;              /* ... but not all of them */
	bool lmtp, prdr;        /* a verdict for each accepted recipient */
	size_t verdicts_left;   /* of those; 0: none came yet */
	long index;             /* of the next of them */
	int64_t size;           /* SW_UNKNOWN */
	uint32_t flags;
	struct event_span last; /* of its newest octets */
};

/* A session's last line in one file and its first in a later one. */
struct log_turn {
	struct log_turn *next;
	uint64_t last, first;
};

struct log_session {
	struct session_builder *b;
	uint64_t first, last;   /* lines */
	int64_t start_time, last_time; /* of them; SW_NO_TIME */
	int64_t heard_ns;       /* now_ns at its last line */
	enum log_phase phase;
	uint32_t seen;          /* verbs that were sent: 1u << enum verb */
	enum verb last_verb;    /* the newest command's */
	bool hello_refused;     /* the newest HELO or EHLO was */
	bool secure_next;       /* STARTTLS was accepted, EHLO comes anew */
	bool ambiguous;         /* the note was made */
	bool start_seen;        /* the family saw it begin */
	int32_t last_code;      /* of the newest reply, SW_UNKNOWN */
	/* private */
	struct log_turn *first_turn, *last_turn; /* in b's arena */
	size_t turn_count;
	size_t held;            /* octets, as counted in the log's */
	size_t beside;          /* ... part of it: all but the builder */
	bool resized;           /* what beside tells holds no longer */
	struct log_key *key;
	struct log_session *same_next, *same_prev; /* of the key, by age */
	struct log_session *older, *newer;         /* by the last line */
	struct log_session *before, *after;        /* by the first line */
	struct log_session *waits_next, *waits_prev; /* log_sessions_linger */
	bool waits;
	struct log_outstanding *outstanding;       /* ring */
	size_t outstanding_capacity, outstanding_first, outstanding_count;
	struct log_content content;  /* of the newest DATA or BDAT */
	struct log_reply_parts *reply;  /* of talk.c; NULL: none */
	struct log_reply_parts *spare_reply; /* of a session before */
	bool recorder_known;
	bool auth_open;         /* an AUTH exchange goes on */
	bool auth_line_next;    /* ... and the client's line is due */
	bool auth_seen;         /* ... was begun once */
	unsigned auth_step;     /* the client's lines of it so far */
	bool no_user_next;      /* ... as LOGIN's prompt says */
	struct secrets *secrets; /* that a reply may quote */
	max_align_t extra[];    /* the family's */
};

/* Where a key is looked for first. */
struct log_place {
	struct log_key *key; /* NULL: none */
	size_t others;       /* that belong here and are in the trees */
};

/* A file of a log that goes on over several. */
struct log_file {
	const char *name; /* ours */
	uint64_t base;    /* lines of the files before it */
};

/* Places of keys: of the few that most logs have open at once nearly each
 * has one for itself; those without one go to trees, few to each. */
#define LOG_KEY_PLACES 1024
#define LOG_KEY_TREES 16384
/* Sessions that are over and whose memory is kept: as many as are open at
 * once in most logs. */
#define LOG_SPARE_SESSIONS 64

struct log_sessions {
	const struct log_options *options; /* borrowed, with account */
	struct account *account;
	const struct log_sink *sink;
	const struct log_format *format;
	uint64_t hash;                     /* of its name, for ids */
	const char *file_name;             /* borrowed */
	struct log_file *files;            /* so far, the newest last */
	size_t file_count, file_capacity;
	int64_t newest_time;               /* of any line, SW_NO_TIME */
	int64_t now_ns;                    /* of log_feed, else 0 */
	bool file_begun;                   /* no line of the newest yet */
	enum sw_unit unit;                 /* line, unless changed */
	struct log_place *places;          /* of log_key */
	void **roots;                      /* tsearch trees of others */
	struct log_key *spare_keys;        /* by next_spare */
	size_t spare_key_count;
	struct log_session *spares;        /* by same_next */
	size_t spare_count;
	size_t count;
	size_t held;                       /* octets of the open ones */
	bool newest_grows;                 /* what newest holds of the line in
	                                      hand is not counted yet */
	struct log_session *oldest, *newest;
	struct log_session *first_begun, *last_begun;
	struct log_session *first_waiting, *last_waiting;
	size_t waiting;
};

/*
 * The state of a family (struct log_format) for a log whose first file has
 * this name; t is its head.  options, file_name, account and sink outlive it.
 */
enum sw_status log_state_new(const struct log_format *format,
    const struct log_options *options, const char *file_name,
    struct account *account, const struct log_sink *sink,
    struct log_sessions **t_r) SW_MUST_USE;
/*
 * The file is over, and the next lines are those of another one, whose name
 * outlives the state; base: the number of the last line before.  Sessions go
 * on in it, unless its times turn out to lie before what was read: then it is
 * another log.
 */
enum sw_status log_state_next_file(struct log_sessions *t,
    const char *file_name, uint64_t base) SW_MUST_USE;
/* The log is over: hands out what is open. */
enum sw_status log_state_end(struct log_sessions *t) SW_MUST_USE;
/* Drops what is open. */
void log_state_free(struct log_sessions **t);

/* The open sessions of a key, oldest first, then by ->same_next; NULL:
 * none. */
struct log_session *log_sessions_find(const struct log_sessions *t,
    struct slice key);

/*
 * A session begins with this line: source, id and start are set.  The
 * oldest one gives way at a limit.
 */
enum sw_status log_sessions_begin(struct log_sessions *t, struct slice key,
    const struct log_line *line, int64_t time, struct log_session **s_r)
    SW_MUST_USE;
/* The session goes on with this line (call it before adding events). */
void log_sessions_touch(struct log_sessions *t, struct log_session *s,
    uint64_t number, int64_t time);
/* Its end is certain: to the sink.  s is gone. */
enum sw_status log_sessions_end(struct log_sessions *t,
    struct log_session *s, enum sw_ending ending) SW_MUST_USE;
/* Another one takes its place: it ends as at the end of the log. */
enum sw_status log_sessions_end_before(struct log_sessions *t,
    struct log_session *s) SW_MUST_USE;
/* It turned out to be none: forget it.  s is gone. */
void log_sessions_drop(struct log_sessions *t, struct log_session *s);
/* It turns out that no connection came of it: counted in the account, told
 * (without what was told so far) only if attempts are asked for.  s is
 * gone. */
enum sw_status log_sessions_attempt(struct log_sessions *t,
    struct log_session *s, const struct log_line *line, int64_t time,
    bool refused) SW_MUST_USE;
/*
 * For logs that may tell of the close, or of a delivery, behind the answer
 * to QUIT: s is over if log_session_over says so, but waits for such lines.
 * It ends when LIMIT_LOG_LINGER others wait behind it.  To be called behind
 * each line of a session; s may be gone.
 */
enum sw_status log_sessions_linger(struct log_sessions *t,
    struct log_session *s) SW_MUST_USE;
/* The time of the next line is now: end those without a line since now -
 * LIMIT_LOG_IDLE_NS, and what cannot go on in a new file.  To be called before
 * a session is looked up for the line. */
enum sw_status log_sessions_expire_some(struct log_sessions *t, int64_t now)
    SW_MUST_USE;
static inline enum sw_status log_sessions_expire(struct log_sessions *t,
    int64_t now)
{
	const struct log_session *s = t->oldest;

	if (now == SW_NO_TIME)
		return SW_OK;
	if (now == t->newest_time && !t->file_begun && (!s ||
	    s->last_time == SW_NO_TIME ||
	    now - LIMIT_LOG_IDLE_NS <= s->last_time))
		return SW_OK; /* as at the line before */
	return log_sessions_expire_some(t, now);
}
/* A line was taken: the oldest ones end at LIMIT_LOG_OCTETS.  Only sessions
 * that it touched, or that begin with it, have grown. */
enum sw_status log_sessions_keep_limit(struct log_sessions *t) SW_MUST_USE;
static inline enum sw_status log_sessions_line_done(struct log_sessions *t)
{
	return t->newest_grows ? log_sessions_keep_limit(t) : SW_OK;
}
/* As log_end_silent. */
enum sw_status log_sessions_end_silent(struct log_sessions *t,
    int64_t over_ns, int64_t open_ns) SW_MUST_USE;
/* All end as if the log were over. */
enum sw_status log_sessions_end_all(struct log_sessions *t) SW_MUST_USE;

/* A line that no rule understood: counted, the first few quoted; a warning
 * if the log is cut in it. */
void log_not_understood(struct log_sessions *t, const struct log_line *line);

/* A warning that so many lines of other protocols, if any, are not told. */
void log_left_out(struct log_sessions *t, uint64_t lines);
/* A warning that dates of the file are not of the order the user gave. */
void log_order_contradicted(struct log_sessions *t);

/* --- the dialogue ------------------------------------------------------- */

/* Where and when the events of one line are. */
static inline struct event_span log_span(const struct log_line *line,
    int64_t time)
{
	struct event_span span = { line->number, line->number, time, time };

	return span;
}

/* One of the client's of which nothing else is known yet.  Member by member,
 * since large structures are cleared slowly. */
static inline void log_command_begin(struct command_in *c,
    struct event_span span)
{
	c->by = SW_CLIENT;
	c->line = c->verb = c->argument = slice_make(NULL, 0);
	c->argument_known = c->masked = c->verb_known = false;
	c->octets = SW_UNKNOWN;
	c->flags = 0;
	c->span = span;
	c->known = VERB_NONE;
}

/* A command; secrets are found out here.  Returns its n, 0: no memory. */
uint32_t log_session_command(struct log_session *s,
    const struct command_in *c);

/*
 * A reply: answers the oldest command without one, or the one of its kind if
 * replies before it are missing; behind an accepted DATA it is the verdict,
 * and a chunk of BDAT has passed when its reply is positive: then a `data`
 * event (inferred) stands in front.  to and is_challenge of r are set here.
 * Returns its n.
 */
uint32_t log_session_reply(struct log_session *s, struct reply_in *r);

/* A command and the reply to it, told by one line; as the two above. */
void log_session_exchange(struct log_session *s, const struct command_in *c,
    struct reply_in *r);

/* The log does not tell the replies to the commands so far: the dialogue
 * goes on as if they had been accepted. */
void log_session_unanswered(struct log_session *s);

/*
 * Command, content and verdict of one DATA told by a single line at its end:
 * c is the DATA command, r the verdict, size that of the content
 * (SW_UNKNOWN).
 */
void log_session_whole_data(struct log_session *s,
    const struct command_in *c, struct reply_in *r, int64_t size);

/* The next command is told and no verdict was: none is in this log, and the
 * next reply is that command's. */
void log_session_unjudged(struct log_session *s);

/* The Message-ID of the newest message, as the log tells it. */
void log_session_message_id(struct log_session *s, struct slice id);

/* The id that the receiver gave the newest message, as the log tells it; one
 * that a reply told stays. */
void log_session_queue_id(struct log_session *s, struct slice id);

/* Commands that await their reply. */
size_t log_session_outstanding(const struct log_session *s);

/*
 * How well a command that was answered by code (SW_UNKNOWN: not known)
 * suits what the session has said so far: 0 not at all, up to 3.
 */
int log_session_fit(const struct log_session *s, enum verb verb,
    int32_t code);

/*
 * The log says that TLS was set up, with these (empty: it does not say).  A
 * log goes on in clear: what follows was decrypted by who wrote it.
 */
void log_session_tls(struct log_session *s, const struct log_line *line,
    int64_t time, struct slice version, struct slice cipher);

/* The notes no-start (the first lines of the session are not in this log: what
 * looks like a secret is taken for one) and date-assumed. */
void log_session_no_start(struct log_session *s,
    const struct log_line *line);
void log_session_date_assumed(struct log_session *s,
    const struct log_line *line);
/* Its first line: that of its start, or no-start. */
static inline void log_session_first(struct log_session *s,
    const struct log_line *line, bool start)
{
	if (start)
		s->start_seen = true;
	else
		log_session_no_start(s, line);
}

/* Private: frees what talk.c holds of a session, or keeps it for the next one
 * in the same memory, in spare_reply. */
void log_talk_free(struct log_session *s);
void log_talk_spare(struct log_session *s);
/* Octets of memory that it holds. */
size_t log_talk_memory(const struct log_session *s);

/* These two could both have sent the same line. */
void log_session_ambiguous(struct log_session *s,
    const struct log_line *line);

#endif
