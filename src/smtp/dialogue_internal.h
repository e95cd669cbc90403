/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue_internal.h - what the files of the dialogue share: dialogue.c
 * (deliveries, the end), start.c (who is who, and is it SMTP), client.c (the
 * client's octets), commands.c (its lines), content.c (content, and what is
 * held until it is known to be that), chunk.c (BDAT's,
 * likewise), guess.c (no SYN), server.c (replies),
 * outstanding.c (what they answer), consequences.c (what they do), late.c
 * (what waits for client octets), tls_phase.c (TLS)
 */
#ifndef SMTP_DIALOGUE_INTERNAL_H
#define SMTP_DIALOGUE_INTERNAL_H

#include "base/limits.h"
#include "smtp/body.h"
#include "smtp/dialogue.h"
#include "smtp/line.h"
#include "smtp/tls.h"
#include "transcript/secrets.h"

/* RFC 5321 4.5.3.1.4: command line, CRLF included. */
enum { COMMAND_LINE_MAX = 512 };
/* RFC 4954 4: a line of an AUTH exchange. */
enum { AUTH_LINE_MAX = 12288 };

/* What awaits a reply. */
enum awaiting {
	AWAIT_COMMAND,
	AWAIT_AUTH_STEP, /* a client's line of an AUTH exchange */
	AWAIT_CONTENT    /* the verdict after the dot; n is the data event */
};

struct outstanding {
	uint64_t size;  /* of BDAT, XEXCH50 */
	uint64_t acked; /* of a command: as that of its line */
	size_t replies_left;
	uint32_t n;
	uint32_t index; /* of the recipient whose verdict is next */
	uint8_t verb;   /* enum verb */
	uint8_t kind;   /* enum awaiting */
	bool last;      /* BDAT LAST */
	bool counted : 1;   /* size is readable */
	bool uncertain : 1; /* its reply may lie in a gap */
	bool behind_gap : 1; /* the next reply may be that to a command in
	                       one */
	bool per_rcpt : 1;  /* LMTP, PRDR: replies_left verdicts */
	bool prdr : 1;      /* ... and one more for the message */
	bool rcpts_lost : 1; /* a gap may hold RCPTs of its message */
	bool asked : 1;     /* ... and 353, which comes first, is due */
	bool doubted : 1;   /* ... some in a gap: whose the others are is not
	                       known */
	bool pipelined : 1; /* so was the command itself */
	bool early : 1;     /* its reply came before its end: another may
	                       come */
	bool second : 1;    /* content of a mail whose MAIL is not in the
	                       record */
	bool acked_known : 1;
	bool lingers : 1;   /* LMTP: nobody knows how many replies are still
	                       to come */
};

/* A piece of what is held. */
struct piece {
	size_t end; /* octets of the held buffer up to here */
	struct delivery o; /* its octets lie in the held buffer */
};

struct held {
	struct buffer octets;
	struct piece *pieces;
	size_t capacity;
	size_t from;        /* octets given back already */
	size_t count, next; /* pieces, and those of them given back already */
};
static inline size_t smtp_held_len(const struct held *h)
{
	return h->octets.len - h->from;
}
static inline bool smtp_held_any(const struct held *h)
{
	return h->next < h->count;
}

/* What was found in lines that may be commands. */
struct guessed {
	size_t line;      /* where the last one begins */
	uint32_t letters; /* its first octets, known to be of base64 */
	bool answer;      /* the line before may be one of AUTH */
};

/* A delivery, gap or close before it is known what the stream is. */
enum start_kind { START_OCTETS, START_GAP, START_CLOSE };
struct start_item {
	enum start_kind kind;
	struct delivery o; /* octets: heap copy */
	uint8_t *copy;
	uint64_t len;             /* gap */
	bool rst;
};

/* A reply (or a close) that waits until the client octets before it are
 * told. */
struct late_reply {
	bool is_close;
	int dir;              /* of a close */
	bool rst;
	struct origin origin;
	struct reply_in in;
	struct slice *lines;  /* heap, with the texts behind them */
	size_t len;           /* of the texts */
	uint64_t mark;        /* client offset that came before it */
};

enum client_state {
	CLIENT_COMMAND,
	CLIENT_BEHIND_GAP,  /* where commands are due, octets were lost: the
	                       next lines show what follows */
	CLIENT_AFTER_DATA,  /* DATA sent, not answered */
	CLIENT_AFTER_DATA_2XX, /* answered 2xx: content if no verb follows */
	CLIENT_AFTER_BDAT,  /* BDAT sent, not answered: chunk and what
	                       follows are held */
	CLIENT_REFUSED_BDAT,/* refused before any octet of the chunk came */
	CLIENT_BODY,
	CLIENT_CHUNK,       /* counted octets: BDAT, XEXCH50 */
	CLIENT_GUESS,       /* no SYN: content until proved otherwise */
	CLIENT_AFTER_STARTTLS, /* not answered: if the reply is not in the
	                       record, TLS shows what it was */
	CLIENT_TLS          /* STARTTLS answered 220: TLS or not? */
};

enum phase { PHASE_START, PHASE_SMTP, PHASE_TLS, PHASE_IGNORE };

/* A reply that is being put together. */
struct reply_parts {
	bool open;
	int32_t code;
	bool differ;          /* codes of its lines differ */
	struct buffer text;
	size_t *ends;         /* heap: of each line in text */
	size_t count, capacity;
	uint64_t omitted;     /* lines beyond the limit */
	uint64_t octets;
	uint32_t flags;
	struct origin first, last;
	uint64_t end_offset;  /* in the server's stream */
};

/* An event near the end, to tell whether it was acknowledged. */
struct recent {
	uint64_t n : 15; /* 0: it is not kept */
	uint64_t dir : 1;
	uint64_t end_offset : 48; /* RECENT_END_MAX: or beyond */
};
#define RECENT_END_MAX ((UINT64_C(1) << 48) - 1)
_Static_assert(LIMIT_EVENTS < 1 << 15, "an event's n has room");
enum { RECENT = 32 };

/* The part of a dialogue that is TLS. */
struct tls_part {
	struct tls_observer observer;
	struct held clear[2];      /* by role: what may be a line in clear */
	struct origin first, last;
	uint32_t n;                /* of its event */
	bool by_starttls;
};

/* The first octets of a direction, while the dialogue is unproved. */
struct shown {
	size_t len;
	int dir;
	uint8_t octets[80];
};

struct dialogue {
	/* What each delivery needs stands together: of a thousand dialogues
	 * each one's memory has to be fetched anew. */
	struct session_builder *b;
	enum phase phase;
	enum client_state client;
	int client_dir;       /* at the start */
	uint32_t seen_mask;   /* directions that delivered octets */
	bool turned;          /* roles are swapped since TURN */
	bool unproved;        /* no SYN and no SMTP line seen yet */
	bool memory;          /* ran out */
	bool resized;         /* what size told holds no longer */
	bool flushing;        /* what is late is being told */
	bool data_open;       /* a data event is open */
	bool content_after_gap;
	bool client_known;    /* its direction was ever seen */
	uint32_t late_count;  /* waiting, behind late_first that were told */
	uint32_t late_first;
	uint64_t client_offset; /* consumed by the parser */
	uint64_t client_seen; /* delivered */
	uint64_t client_acked; /* with the last of these */
	uint64_t client_seen_at_gap; /* when the server's last gap came */
	uint64_t pending_gap; /* in content, not yet applied */
	struct body body;
	struct origin data_last_origin;

	/* And what each command and reply needs, between the end of `held` and
	 * the beginning of `client_line`. */
	struct held held;
	size_t size;          /* octets in memory, but for `held` */
	bool in_command;      /* the client's line ends a reply: no turning */
	bool gap_seen[2];
	bool looked;          /* `look` was ever used */
	bool replaying;       /* what was held is being parsed */
	bool held_again;      /* ... the rest of it stands elsewhere now */
	bool any_reply;       /* a reply was told */
	bool no_more_replies; /* nothing will decide on held octets */
	bool greeting_due;    /* from the SYN on: first reply */
	bool client_after_gap, server_after_gap;
	bool client_mid_line; /* behind a gap: not at the start of a line */
	bool server_mid_line;
	bool stray;           /* a line without a code, and no reply since */
	bool fragment_awaits; /* the lost line's beginning awaits a reply */
	bool any_command;
	bool last_command_acked_known;
	bool pipelines;            /* the client sends ahead */
	bool commands_lost;        /* in a gap, and no reply since */
	bool rcpts_lost;           /* perhaps, behind the newest MAIL */
	bool rcpt_missed;          /* the newest gap may hold one, with BDAT */
	bool starttls_noted;
	bool uses_chunks;          /* the client: BDAT was seen later than DATA
	                              and 354 */
	int32_t early_code;        /* of the reply that broke in on content,
	                              0: none did */
	bool chunk_missed;         /* a whole one may be lost, and its reply
	                              to come next */
	bool last_chunk_seen;      /* of this message: no chunk follows */
	bool in_chunks;            /* BDAT came last, not LAST: no envelope
	                              follows */
	bool auth_expected;        /* next client line is an answer */
	bool after_auth;           /* an AUTH was seen */
	bool auth_open;            /* an exchange is going on */
	bool user_early;           /* its first answer came before 334 */
	bool server_unfinished;    /* server_line or reply, which lie further
	                              on, may hold the beginning of a reply */
	uint32_t starttls_n;       /* the newest STARTTLS, 0 */
	uint32_t early_n;          /* command before the greeting, 0 */
	uint32_t queue_capacity;   /* a power of 2 */
	uint32_t queue_first, queue_count, queue_uncertain;
	uint32_t queue_before_gap; /* entries in front of lost commands */
	uint64_t queue_beyond;     /* older ones, beyond the limit: the next
	                              replies are theirs */
	uint32_t recent_count;
	struct outstanding *queue; /* ring */
	struct chunk *chunk;       /* heap; the first piece of held is its
	                              place.  NULL: there is none */
	uint64_t reply_end;        /* server offset: end of latest reply */
	uint64_t lost_until;       /* ... of its latest gap */
	uint64_t reply_acked;      /* client offset that its latest line
	                              acknowledges; UINT64_MAX: none */
	uint64_t last_command_acked;
	struct line_reader client_line, server_line;
	struct reply_parts reply;

	struct dialogue *next_spare;
	struct dialogue_start start;
	enum dialogue_kind kind;
	uint64_t early_at;
	uint32_t recent_lost[2];   /* of recent_count were told when octets of
	                              this direction were lost last */

	struct start_item *items;
	size_t item_count, item_capacity;
	size_t start_octets[2];

	/* Content in progress. */
	uint32_t data_n, data_of;
	uint32_t data_flags;
	enum sw_method data_method;
	bool data_start_seen;
	bool data_last;
	bool bare_lf_end;
	uint64_t chunk_left;
	struct origin gap_origin;

	struct held look;      /* of a line that decides on a state */
	/* GUESS: lines that may be commands. */
	struct held guess;
	struct guessed guessed;
	struct late_reply *late;
	size_t late_capacity;
	size_t late_octets;

	/* AUTH */
	struct secrets *secrets;   /* that a reply may quote */
	struct buffer unechoed;    /* a reply's lines without them */
	size_t mechanism_len;
	unsigned auth_step;

	struct tls_part *tls;      /* heap; NULL: there was none */

	bool close_told;
	int close_dir;
	bool close_rst;
	struct origin last[2];     /* while at the start or unproved */
	struct shown *shown;       /* heap, or NULL */

	/* Large, and valid as another field says: what is left of a dialogue
	 * before, as long as that is zero. */
	uint8_t mechanism[32];
	struct recent recent[RECENT];
};

/* --- dialogue.c ----------------------------------------------------------- */
static inline enum sw_role dialogue_role(const struct dialogue *d, int dir)
{
	return (dir == d->client_dir) != d->turned ? SW_CLIENT : SW_SERVER;
}
static inline int dialogue_dir(const struct dialogue *d, enum sw_role role)
{
	return (role == SW_CLIENT) != d->turned ? d->client_dir :
	    1 - d->client_dir;
}
/* `at` is a range of frames, though a late frame may hold the first octet. */
static inline struct event_span dialogue_span(struct origin first,
    struct origin last)
{
	struct event_span span = { first.at, last.at, first.ts_ns,
		last.ts_ns };

	if (last.at < first.at) {
		span.at_first = last.at;
		span.at_last = first.at;
	}
	return span;
}
/* Is the line's end lost, behind the limit or in a gap? */
static inline bool dialogue_is_cut(const struct line *l)
{
	return l->cut || (l->flags & SW_BIT(SW_FLAG_TRUNCATED));
}
static inline uint32_t dialogue_flags(const struct dialogue *d,
    uint32_t flags)
{
	return d->turned ? flags | SW_BIT(SW_FLAG_TURNED) : flags;
}
void dialogue_tell_close(struct dialogue *d, int dir, bool rst,
    struct origin origin);
static inline void dialogue_remember(struct dialogue *d, uint32_t n, int dir,
    uint64_t end_offset)
{
	struct recent *r = &d->recent[d->recent_count++ % RECENT];

	r->n = n <= LIMIT_EVENTS ? n & 0x7fff : 0;
	r->dir = dir != 0;
	r->end_offset = end_offset < RECENT_END_MAX ?
	    end_offset & RECENT_END_MAX : RECENT_END_MAX;
}
/* A reply of several lines begins: memory for it, if there is some. */
void dialogue_take_room(struct dialogue *d);
/* It is told: most sessions have one such, so that its memory serves that of
 * another. */
void dialogue_leave_room(struct dialogue *d);
/* Deliver to the phase that is on; start.c replays through it. */
void dialogue_dispatch(struct dialogue *d, const struct delivery *o);
void dialogue_dispatch_gap(struct dialogue *d, int dir, uint64_t len,
    struct origin origin);
void dialogue_dispatch_close(struct dialogue *d, int dir, bool rst,
    struct origin origin);

/* Make room for n octets at once; no memory: adding fails. */
void smtp_held_expect(struct held *h, size_t n);
bool smtp_held_add(struct held *h, struct slice octets,
    const struct delivery *o);
/* Nothing is held any more; memory for much is given back. */
void smtp_held_clear(struct held *h);
void smtp_held_fini(struct held *h);

/* --- start.c -------------------------------------------------------------- */
/* false: memory. */
bool start_add(struct dialogue *d, const struct start_item *item);
/* Octets come while it is not known what the stream is. */
void start_take(struct dialogue *d, const struct delivery *o);
/* Decide what the stream is if that can be done; at the end: it must. */
void start_decide(struct dialogue *d, bool at_end);
/* Is it surely no SMTP?  Forget what was told and say so. */
void start_not_smtp(struct dialogue *d, struct origin first,
    struct origin last, int dir, struct slice octets);
bool start_is_reply(struct slice line);
bool start_is_command(struct slice line);

/* --- client.c ------------------------------------------------------------- */
/* true: they were nothing but content, which goes on. */
bool client_octets(struct dialogue *d, const struct delivery *o);
void client_gap(struct dialogue *d, uint64_t len, struct origin origin);
/* The client's direction closed or the record ended; cut: in mid-stream. */
void client_end(struct dialogue *d, bool cut, struct origin origin);
/* The server speaks: decide what hung on it.  Before its octets are read. */
void client_decide(struct dialogue *d, struct origin origin);
static inline void client_server_speaks(struct dialogue *d,
    struct origin origin)
{
	if (d->looked || d->client == CLIENT_GUESS ||
	    d->client == CLIENT_BODY || d->client == CLIENT_CHUNK)
		client_decide(d, origin);
}
/* One step in the state that is on; returns how many octets were used. */
size_t client_step(struct dialogue *d, struct slice octets,
    const struct delivery *p);
/* Would octets be held now, until a reply decides? */
bool client_holds(const struct dialogue *d, bool other_seen);
/* Take octets in the state that is on. */
void client_feed(struct dialogue *d, struct slice octets,
    const struct delivery *p);
/* The first line of octets, without its end; all if they hold none. */
struct slice client_first_line(struct slice octets);
/* Is this the beginning, without LF, of what may become a command? */
bool client_may_be_command(struct slice s);

/* --- chunk.c -------------------------------------------------------------- */
/* Octets behind an unanswered BDAT: take those of its chunk, if they need not
 * be held for that; returns how many were used. */
size_t chunk_take(struct dialogue *d, struct slice octets,
    const struct delivery *p);
/* What was taken of it, 0 without one. */
uint64_t chunk_octets(const struct dialogue *d);
size_t chunk_memory(const struct dialogue *d);
/* The BDAT that it belongs to. */
const struct outstanding *chunk_of(const struct dialogue *d);
/* It is known what it is: tell it, in the state that is set now, CHUNK. */
void chunk_tell(struct dialogue *d);
/* Forget it. */
void chunk_drop(struct dialogue *d);

/* --- content.c ------------------------------------------------------------ */
/* Begin content behind an answered DATA, BDAT or XEXCH50. */
void content_expect(struct dialogue *d, uint32_t of, enum sw_method method,
    uint32_t flags, bool start_seen, bool counted);
void content_expect_body(struct dialogue *d, uint32_t of, uint32_t flags,
    bool start_seen);
void content_expect_chunk(struct dialogue *d, const struct outstanding *o,
    enum sw_method method, uint32_t flags);
/* Content of the body or chunk that is on; returns how many octets of it. */
size_t content_take_body(struct dialogue *d, struct slice octets,
    const struct delivery *p);
size_t content_take_chunk(struct dialogue *d, struct slice octets,
    const struct delivery *p);
/* The usual delivery: within content that is open; returns how many octets
 * of it, 0 if it is none. */
size_t content_take_run(struct dialogue *d, const struct delivery *o);
/* The data event: begin it at its first octet, end it. */
void content_open(struct dialogue *d, struct origin origin);
void content_close(struct dialogue *d, bool complete);
/* A reply to the content is awaited. */
void content_await_verdict(struct dialogue *d);
/* The true end of content was seen; its verdict is awaited. */
void content_ended(struct dialogue *d);
/* All octets of the chunk are there (or lost). */
void content_chunk_ended(struct dialogue *d);
/* A gap in content was not its end: tell it. */
void content_apply_gap(struct dialogue *d);
/* The content ends here though its end was not seen. */
void content_break(struct dialogue *d, struct origin origin,
    bool gap_took_end);
struct body_sink content_sink(struct dialogue *d);
/* The reply will not decide: what follows DATA or BDAT is content. */
void content_choose(struct dialogue *d, bool ahead);
/* The same, and parse what is held. */
void content_take_held(struct dialogue *d);
/* Parse what was held, in the state that is set now. */
void content_replay(struct dialogue *d);
void content_give_back(struct dialogue *d, struct held *from);

/* --- guess.c -------------------------------------------------------------- */
/* Octets of a client whose start was not seen; returns how many were used. */
size_t guess_take(struct dialogue *d, struct slice octets,
    const struct delivery *p);
/* Octets behind a gap in content, likewise; and whether what is kept of them
 * shows, when the server speaks, that the gap took the content's end. */
size_t guess_lost_end(struct dialogue *d, struct slice octets,
    const struct delivery *p);
bool guess_end_is_lost(const struct dialogue *d);
/* What was kept as possible commands: its first run octets are content
 * (all: SIZE_MAX), or all are commands. */
void guess_is_content(struct dialogue *d, size_t run);
void guess_is_commands(struct dialogue *d, struct origin origin);
/* The server speaks: decide what hangs on it. */
void guess_settle(struct dialogue *d, struct origin origin);
/* This reply answers a command alone: what is still kept are commands. */
void guess_answered(struct dialogue *d, int32_t code);
/* May octets behind a gap be those of a chunk whose BDAT is lost? */
static inline bool guess_knows_chunks(const struct dialogue *d)
{
	return d->uses_chunks && !d->auth_open && !d->auth_expected;
}

/* --- commands.c ----------------------------------------------------------- */
/* Take octets up to the end of the first line in them, and tell that line if
 * it is whole; returns how many were used. */
size_t commands_take_lines(struct dialogue *d, struct slice octets,
    const struct delivery *p);
/* Tell a line.  other_seen: the server's octets are in the record. */
void commands_take(struct dialogue *d, const struct line *l,
    bool other_seen);
/* A gap: which step of an AUTH exchange comes next is not known. */
void commands_forget_auth_step(struct dialogue *d);
/* A gap of the server's was told behind commands that the client sent when it
 * had those octets: what can only be answered in the gap is answered there. */
void commands_settle_gap(struct dialogue *d);

/* --- server.c ------------------------------------------------------------- */
void server_octets(struct dialogue *d, const struct delivery *o);
void server_gap(struct dialogue *d, uint64_t len, struct origin origin);
/* The server's direction closed or the record ended; cut: in mid-stream. */
void server_end(struct dialogue *d, bool cut);
/* A reply in progress ends here without its last line. */
void server_unterminated(struct dialogue *d, bool note);
/* The client acknowledged a line that has no end: it is one. */
void server_partial(struct dialogue *d);

/* --- outstanding.c -------------------------------------------------------- */
/* The entry i behind the oldest, which is there. */
static inline struct outstanding *smtp_queue_at(struct dialogue *d, size_t i)
{
	return &d->queue[(d->queue_first + i) & (d->queue_capacity - 1)];
}
/* A new entry, cleared; valid until the next push.  Beyond LIMIT_OUTSTANDING
 * the oldest makes room for it.  NULL: memory. */
struct outstanding *smtp_queue_push(struct dialogue *d);
/* The oldest entry was answered. */
void smtp_queue_pop(struct dialogue *d);
/* The newest entry may have been sent before the client had all that is lost
 * of the server's: its reply may lie there. */
void smtp_queue_doubt_newest(struct dialogue *d);
/* Drop the first count entries as not answered. */
void smtp_queue_drop(struct dialogue *d, size_t count);
/* Is this the reply to an entry that had to make room?  Asked once for each
 * reply, before smtp_queue_find(). */
bool smtp_queue_takes_beyond(struct dialogue *d);
/* The entry that this reply answers, the oldest after what cannot
 * be answered any more was dropped; NULL: none. */
struct outstanding *smtp_queue_find(struct dialogue *d,
    const struct reply_in *in);

/* --- consequences.c ------------------------------------------------------- */
/* What the reply does that answers o, the oldest entry of the queue; o is
 * not valid after. */
void consequences_of(struct dialogue *d, struct outstanding *o,
    const struct reply_in *in);
/* What a reply does that nothing asked for. */
void consequences_unprompted(struct dialogue *d, const struct reply_in *in);

/* --- late.c --------------------------------------------------------------- */
/* Tell a reply, or keep it (a copy) while client octets that came before are
 * not told. */
void late_tell_reply(struct dialogue *d, const struct reply_in *in);
/* Are client octets or replies waiting?  Then a close waits behind them. */
bool late_keep_close(struct dialogue *d, int dir, bool rst,
    struct origin origin);
/* Tell what waited for client octets up to d->client_offset. */
void late_flush_any(struct dialogue *d);
static inline void late_flush(struct dialogue *d)
{
	if (d->late_count > 0)
		late_flush_any(d);
}
/* Free what waits, not the list of it. */
void late_fini(struct dialogue *d);

/* --- tls_phase.c ---------------------------------------------------------- */
/* TLS begins here, after STARTTLS or at once. */
void dialogue_tls_begin(struct dialogue *d, bool starttls,
    struct origin origin);
/* The client's, held before it was known that they are TLS. */
void dialogue_tls_give(struct dialogue *d, struct held *from);
/* Octets in PHASE_TLS. */
void dialogue_tls_octets(struct dialogue *d, const struct delivery *o);
/* The record ends in PHASE_TLS. */
void dialogue_tls_end(struct dialogue *d);
/* Free what TLS took. */
void dialogue_tls_fini(struct dialogue *d);

#endif
