/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session_internal.h - what the files of the builder share; nobody else
 * includes it
 *
 * session.c (the builder), events.c, commands.c, reply.c, notes.c (what is
 * told), transaction.c (what commands and replies make of messages),
 * envelope.c (the argument of MAIL and RCPT), content.c (data), outcome.c
 * (verdicts)
 */
#ifndef TRANSCRIPT_SESSION_INTERNAL_H
#define TRANSCRIPT_SESSION_INTERNAL_H

#include "transcript/session.h"

#include "base/limits.h"

/* A command that was not answered yet. */
struct pending {
	struct sw_bytes argument; /* in the arena, or on the heap */
	uint32_t n;
	uint8_t verb;             /* enum verb */
	bool on_heap;             /* the argument is to be freed */
	bool turned;              /* sent after TURN */
};

/*
 * A MAIL or RCPT that content overtook: its consequences were drawn before
 * its reply, which fills them in when it comes.
 */
struct tentative {
	uint32_t n;
	enum verb verb;
	size_t message;   /* index + 1, 0: none */
	size_t recipient; /* index + 1 */
};

/* Beside each struct sw_message. */
struct transaction {
	size_t recipient_capacity;
	uint64_t rcpt_total, rcpt_accepted, rcpt_deferred, rcpt_rejected;
	int32_t rcpt_code;         /* of the last refusal */
	struct sw_bytes rcpt_text;
	int32_t mail_code;         /* of a refused MAIL, else SW_UNKNOWN */
	struct sw_bytes mail_text;
	uint32_t data_n;           /* the newest DATA or BDAT, 0 */
	int32_t data_code;         /* of a refused DATA or BDAT */
	struct sw_bytes data_text;
	int32_t chunk_code;        /* of the reply to a chunk whose BDAT is
	                              lost, if none follows */
	struct sw_bytes chunk_text;
	bool last_refused;         /* the last chunk was */
	bool mail_refused;         /* a further MAIL was, behind it */
	bool chunk_seen;           /* some of its octets were, and no other
	                              chunk may be lost */
	uint64_t final_accepted, final_deferred, final_rejected;
	size_t final_next;         /* recipient to look at next */
	uint64_t final_count;      /* verdicts per recipient so far */
	bool prdr;
	bool ended;                /* no more commands belong to it */
	bool aborted;              /* RSET, HELO or EHLO came first */
	bool verdict;              /* message.code is set */
	bool early_verdict;        /* ... before the content's end */
	void *body;                /* of the body operations, until settle */
	bool content_done;         /* message_tell was called */
	uint32_t chunks;           /* data events so far */
	bool chunk_lost;           /* a gap may hold a chunk before them */
	bool content_lost;         /* a gap may hold the content's end */
};

/* Content that came before it is known what it belongs to. */
struct early {
	struct message content;
	size_t held; /* part of the builder's */
};

/*
 * What each event needs stands at the beginning, in few lines of the cache.
 * What stays for the next session of a spare
 * builder stands before and behind what begins anew.  What the session may
 * keep must not depend on that: a list's capacity begins anew as well and
 * grows as that of a new builder, the memory is there already.
 */
struct session_builder {
	struct arena arena;
	size_t held; /* octets of all lists, with those of content */
	struct sw_event *events;
	size_t event_capacity;
	struct pending *pending; /* ring; capacity is a power of 2 */
	size_t pending_capacity;
	size_t event_room, pending_room; /* that there is memory for */
	size_t lent; /* octets, of those of the spares */
	struct session_builder *next_spare;

	/* From here on all is zero at the beginning of a session. */
	size_t event_count; /* s, which is far away, is told by session_get */
	size_t event_most;  /* no more of them are kept */
	uint32_t next_n;
	bool failed;
	bool helo_accepted;
	bool greeted;
	bool closed;          /* a close event was told */
	bool quit_sent, quit_answered;
	bool auth_told;       /* the newest exchange is in the list */
	bool replies_unseen;
	bool messages_left_out; /* it was noted */
	bool left_out;        /* what comes belongs to such a message */
	bool start_seen; /* of the record */
	uint32_t mail_n, gap_n; /* the newest MAIL, gap of the client's */
	bool finished;
	bool adopted; /* the session's lists are none of the builder's */
	size_t pending_first, pending_count;
	size_t pending_octets; /* of their heap */
	size_t tentative_count;
	size_t current; /* index + 1 of the open message, 0: none */
	size_t shared_octets; /* of texts that events have, too */
	size_t recipient_octets; /* of all messages' lists, on the heap */
	struct session_options options;

	struct sw_session s;
	struct sw_encryption encryption;

	/* Content in progress; what each of its segments needs stands before
	 * and in `content`. */
	size_t content_owner;   /* index + 1 of its message */
	uint64_t data_lost;
	size_t gap_count;
	uint32_t data_n;        /* of the data event in progress */
	uint32_t data_cut;      /* ... of the newest whose end was not seen */
	bool in_data;
	bool data_lost_unknown, data_start_seen;
	bool content_open;      /* `content` is in progress */
	size_t content_message; /* index + 1, 0: content of no message */
	uint64_t data_size;

	/* Memory that stays. */
	struct message content; /* in progress */
	size_t content_held;    /* part of held */
	struct early *early;    /* heap; NULL: there was none */
	struct sw_message *messages;
	struct transaction *transactions;
	size_t message_capacity; /* of both */
	size_t message_room, transaction_room;
	struct sw_note *notes;
	size_t note_capacity;
	struct sw_auth *auth;
	size_t auth_capacity;
	struct tentative *tentative;
	size_t tentative_capacity;
	struct sw_gap *gaps; /* of content without a message */
	size_t gap_capacity;
};

_Static_assert(VERB_COUNT <= UINT8_MAX, "a verb is one octet");

/* Make room for one more in a list; false: no memory, the builder failed. */
static inline bool session_grow(struct session_builder *b, void **items,
    size_t count, size_t *capacity, size_t size)
{
	size_t old = *capacity;

	if (count < old)
		return true;
	if (!base_double(items, capacity, size)) {
		b->failed = true;
		return false;
	}
	b->held += (*capacity - old) * size;
	return true;
}

/* Memory for so many in a list that spares keep; false: there is none, the
 * builder failed. */
static inline bool session_make_room(struct session_builder *b, void **items,
    size_t wanted, size_t *room, size_t size)
{
	void *p;

	if (wanted <= *room)
		return true;
	p = base_realloc_array(*items, wanted, size);
	if (!p) {
		b->failed = true;
		return false;
	}
	*items = p;
	*room = wanted;
	return true;
}

/* The capacity of a list that is full: twice as much while it is short, then
 * half as much again. */
static inline size_t session_more(size_t capacity, size_t few, size_t most)
{
	size_t wanted = capacity == 0 ? few : capacity < 64 ? capacity * 2 :
	    capacity + capacity / 2;

	return wanted < most ? wanted : most;
}

/* May the session take so many octets more?  Texts that share their memory
 * take it where they are told. */
static inline bool session_has_room(const struct session_builder *b,
    size_t octets)
{
	size_t wanted = session_memory(b) + octets;

	return wanted <= b->options.octets &&
	    wanted + b->shared_octets <= LIMIT_SESSION_OCTETS;
}

/* Is nothing more to be kept?  Events end earlier, so that there is room for
 * messages. */
static inline bool session_is_full(const struct session_builder *b)
{
	return !session_has_room(b, 0);
}

/* Octets that double a list of so many items, if it is full. */
static inline size_t session_growth(size_t count, size_t capacity,
    size_t size)
{
	return count < capacity ? 0 : capacity * size;
}

/* --- session.c ------------------------------------------------------------ */

/* A copy of s in the arena, in capitals; null stays null. */
struct sw_bytes session_upper(struct session_builder *b, struct slice s);

/* --- events.c ------------------------------------------------------------- */

/* Room for a kept event; NULL when limits leave it out (counted) or memory
 * ran out. */
struct sw_event *session_new_event(struct session_builder *b,
    enum sw_event_kind kind, enum sw_role by, const struct event_span *span,
    uint32_t flags, uint32_t *n_r);
/* Tell the observer of a complete event; NULL: none was kept. */
void session_event_done(struct session_builder *b, const struct sw_event *e);

/* May a gap behind this MAIL, and before the next one or RSET, hold the end of
 * its content? */
bool session_end_may_be_lost(struct session_builder *b, uint32_t mail);

/* --- commands.c ----------------------------------------------------------- */

/* Answer the commands before this one as unknown, to be filled in later:
 * content came before their replies. */
void session_answer_early(struct session_builder *b, uint32_t before);
/* Answer all that are left as unknown. */
void session_answer_rest(struct session_builder *b);
/* Forget the commands that await an answer. */
void session_drop_pending(struct session_builder *b);

/* --- reply.c -------------------------------------------------------------- */

/* Texts joined by LF, in the arena; null if the session is full. */
struct sw_bytes session_join(struct session_builder *b,
    const struct slice *lines, size_t count);

static inline bool session_is_positive(int32_t code)
{
	return code >= 200 && code < 300;
}

static inline bool session_is_refusal(int32_t code)
{
	return code >= 400 && code < 600;
}

/* What such a reply makes of a recipient. */
static inline enum sw_status_of_recipient session_status_of(int32_t code)
{
	if (session_is_positive(code))
		return SW_RCPT_ACCEPTED;
	if (code >= 400 && code < 500)
		return SW_RCPT_DEFERRED;
	if (code >= 500 && code < 600)
		return SW_RCPT_REJECTED;
	return SW_RCPT_UNKNOWN;
}

/* --- envelope.c ----------------------------------------------------------- */

/* The path, without its outer brackets, in "FROM:<path> parameters" (keyword
 * FROM) or "TO:...", and the parameters; both parts of argument. */
struct slice envelope_path(struct slice argument, struct slice keyword,
    struct slice *rest_r);
/* ESMTP parameters, in the arena: the first of equals counts, LIMIT_PARAMS at
 * most.  stays: rest lies in the arena, so that its parts need no copy. */
const struct sw_param *envelope_params(struct session_builder *b, bool stays,
    struct slice rest, size_t *count_r);
bool envelope_has_param(const struct sw_param *params, size_t count,
    struct slice key);
/* A text of an argument: a part of it if it stays, else a copy. */
struct sw_bytes envelope_part(struct session_builder *b, bool stays,
    struct slice s);

/* --- transaction.c -------------------------------------------------------- */

/* What the reply to this command makes of messages; code SW_UNKNOWN: none
 * is known. */
void transaction_answer(struct session_builder *b, const struct pending *p,
    int32_t code, const struct slice *lines, size_t line_count);
/* The open message, opened if there is none (content without a MAIL). */
struct sw_message *transaction_current(struct session_builder *b, bool open);
/* What stands beside the open message; NULL: none is open. */
static inline struct transaction *transaction_state(struct session_builder *b)
{
	return b->current ? &b->transactions[b->current - 1] : NULL;
}
/* No more commands belong to the open message.  Not aborted: it has its
 * verdict, or what becomes of it is not known (TLS). */
void transaction_end(struct session_builder *b, bool aborted);
/* The list of a message's recipients, which is the builder's. */
static inline struct sw_recipient *transaction_recipients(
    const struct sw_message *m)
{
	return (struct sw_recipient *)(uintptr_t)m->recipients;
}
/* DATA or BDAT was refused; keep_first: unless one before was. */
void transaction_refuse_content(struct session_builder *b,
    struct transaction *t, bool keep_first, int32_t code,
    const struct slice *lines, size_t count);
/* A command was answered early: what will be filled in. */
void transaction_remember(struct session_builder *b, const struct pending *p);
/* Was this command answered early?  Then fill in. */
bool transaction_late_answer(struct session_builder *b, uint32_t command,
    int32_t code, const struct slice *lines, size_t count);
/* Free the lists of recipients that are on the heap. */
void transaction_free(struct session_builder *b);

/* --- outcome.c ------------------------------------------------------------ */

/* The reply that decides on a message, and the queue id in it. */
void transaction_set_verdict(struct session_builder *b, struct sw_message *m,
    struct transaction *t, int32_t code, const struct slice *lines,
    size_t count);
/* No chunk follows the one whose BDAT is lost: the reply to it is the verdict.
 * surely: what follows shows that. */
void transaction_settle_chunk(struct session_builder *b, struct sw_message *m,
    struct transaction *t, bool surely);
/* Work out outcome, code and text of all messages. */
void transaction_finish(struct session_builder *b);

/* --- queue_id.c ----------------------------------------------------------- */

/* The receiver's id for the message in the text of an accepting reply of the
 * common servers; p NULL: none. */
struct slice session_queue_id(struct slice text);

#endif
