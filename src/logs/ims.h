/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ims.h - the parts of exchange_ims.c, whose head tells the format
 *
 * Dates and prefixes (ims_dates.c), sessions told apart (ims_sessions.c),
 * octets of IO (ims_io.c), content (ims_content.c), what is said
 * (ims_talk.c): each uses only those before it.
 */
#ifndef LOGS_IMS_H
#define LOGS_IMS_H

#include "logs/held.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

/* Whose connections: made to this host, or by it. */
enum ims_pool { IMS_POOL_IN, IMS_POOL_OUT, IMS_POOL_COUNT };

/* What lines without a date would go on with. */
enum ims_entry {
	IMS_ENTRY_NONE,
	IMS_ENTRY_COMMAND,
	IMS_ENTRY_REPLY,
	IMS_ENTRY_IO,
	IMS_ENTRY_CONTENT,
	IMS_ENTRY_OTHER
};

/* Octets of what waits in io_text, and lines of it. */
#define IMS_IO_LINES 32
#define IMS_IO_OCTETS 16384

/* What is kept of each session. */
struct ims_extra {
	enum ims_pool pool;
	bool greeted;       /* a reply was told */
	bool content_by_io; /* its content is that of IO lines */
	uint8_t name_len, address_len;
	uint8_t name[64];     /* as the connection's line tells it */
	uint8_t address[120]; /* of the newest MAIL or RCPT */
};

/* One line of IO octets that no parsed line was found for yet. */
struct ims_io {
	uint64_t number;
	int64_t time;
	size_t from, len; /* in io_text */
	bool unterminated; /* the log ends in it */
};

struct ims {
	struct log_sessions sessions;

	/* dates */
	struct log_date_votes votes;
	struct log_numeric_date newest_date;
	enum log_date_order order;  /* in force; AUTO: whatever fits */
	bool assumed;               /* ... and was not worked out */
	bool contradicted;          /* dates are not of the order given */
	bool holding, replaying;
	struct log_held held;

	/* the newest prefix: most lines bear the one of the line before */
	uint8_t prefix[48];
	size_t prefix_len;
	int64_t time;
	int64_t expired;            /* time at which sessions were ended */

	/* the entry that may go on */
	enum ims_entry entry;
	struct log_session *speaker; /* with COMMAND, REPLY and CONTENT */
	bool more;         /* its reply has more lines */
	bool blank;        /* its newest line was empty */
	bool by_io;        /* with CONTENT */
	bool io_keeps_end; /* IO entries hold their line end */
	bool keeps_end;    /* ... and so do the others */

	struct ims_io io[IMS_IO_LINES];
	size_t io_count;
	struct buffer io_text;
	bool io_undecided; /* the newest IO entry is content or a command */

	/* The pools, for most lines change nothing about them. */
	struct log_session *pool[IMS_POOL_COUNT];
	bool pool_known[IMS_POOL_COUNT];

	struct buffer part;    /* a line of content that may go on */
	bool part_open;
	struct buffer last_io; /* newest line of content told by IO */

	bool other;            /* a connection that is not SMTP was told */
	uint64_t other_lines;
};

/* What is to be told apart. */
struct ims_spoken {
	struct slice text;
	enum verb verb;     /* of a command */
	size_t verb_len;
	struct log_reply_line reply;
	/* What its words tell, for choose(). */
	bool mail, rcpt, hello;
	struct slice address;
};

static inline struct ims_extra *ims_extra_of(struct log_session *s)
{
	return (struct ims_extra *)(void *)s->extra;
}

static inline bool ims_is_waiting(const struct log_session *s)
{
	return s->outstanding_count > 0 || s->content.of != 0;
}

static inline struct ims_spoken ims_spoken(struct slice text)
{
	struct ims_spoken k = { .text = text };

	k.verb = session_verb(text, &k.verb_len);
	k.reply = log_parse_reply_line(text);
	return k;
}

/* What every session of such a log records. */
#define IMS_RECORDS (SW_BIT(SW_RECORDS_COMMAND) | \
	SW_BIT(SW_RECORDS_ARGUMENT) | SW_BIT(SW_RECORDS_REPLY_CODE) | \
	SW_BIT(SW_RECORDS_REPLY_TEXT) | SW_BIT(SW_RECORDS_REPLY_LINES) | \
	SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES) | SW_BIT(SW_RECORDS_TIMES))

/* --- ims_dates.c -------------------------------------------------------- */

/* "5/13/00 2:36:27 PM : ", dropped from *rest. */
bool ims_parse_prefix(struct slice *rest, struct log_numeric_date *d_r,
    int64_t *ns_r);
/* One vote for each new date, as long as nothing is certain. */
void ims_vote(struct ims *m, const struct log_numeric_date *d);
/* Octets of the prefix that the line begins with, 0: none; its time in
 * m->time. */
size_t ims_new_prefix(struct ims *m, struct slice line);
static inline size_t ims_take_prefix(struct ims *m, struct slice line)
{
	if (line.len == 0 || !ascii_is_digit(line.p[0]))
		return 0;
	if (m->prefix_len > 0 && line.len >= m->prefix_len &&
	    memcmp(line.p, m->prefix, m->prefix_len) == 0)
		return m->prefix_len;
	return ims_new_prefix(m, line);
}
/* What the colon of a prefix is followed by. */
bool ims_begins_entry(struct slice text);
/* An entry that was not ended (Q159290) has the next one in its line:
 * where, text.len: nowhere. */
size_t ims_find_next_entry(struct slice text);
/* What the separators and zeros of a date speak for, where nothing else
 * does: only the United States write 5/6/00. */
enum log_date_order ims_likely_order(struct slice text);

/* --- ims_sessions.c ----------------------------------------------------- */

/* The sessions of a pool, NULL: none are open. */
struct log_session *ims_find_pool(struct ims *m, enum ims_pool p);
static inline struct log_session *ims_pool_of(struct ims *m, enum ims_pool p)
{
	return m->pool_known[p] ? m->pool[p] : ims_find_pool(m, p);
}
/* Sessions came or went. */
void ims_forget_pools(struct ims *m);
/* Ends those that were silent for too long at m->time. */
enum sw_status ims_expire(struct ims *m) SW_MUST_USE;
/* A connection was made to this host, or by it; name: the other's. */
enum sw_status ims_open_in(struct ims *m, const struct log_line *line,
    struct slice text, struct slice name) SW_MUST_USE;
enum sw_status ims_open_out(struct ims *m, const struct log_line *line,
    struct slice text, struct slice name) SW_MUST_USE;
/* The address of a MAIL or RCPT, for the reply that repeats it. */
void ims_keep_address(struct log_session *s, struct slice text);
/* May it be a line of AUTH? */
bool ims_is_auth_line(struct slice s);
/* How well does this command suit the session?  0: not at all. */
int ims_score_command(struct log_session *s, const struct ims_spoken *k);
/* The session of a command or a reply; a new one where no other can be. */
enum sw_status ims_session_of_command(struct ims *m, enum ims_pool p,
    const struct ims_spoken *k, const struct log_line *line,
    struct log_session **s_r) SW_MUST_USE;
enum sw_status ims_session_of_reply(struct ims *m, enum ims_pool p,
    const struct ims_spoken *k, const struct log_line *line,
    struct log_session **s_r) SW_MUST_USE;
/* Does one of these, of a pool, await a reply? */
bool ims_awaits_reply(const struct ims *m, struct log_session *pool);
/* The session whose content is due: the one that told some last. */
struct log_session *ims_content_of(struct ims *m);
/* Where that could be another as well, all bear the note. */
void ims_mark_ambiguous_content(struct ims *m, const struct log_line *line);
/* Could a session that is not in the midst of content have sent this? */
bool ims_other_could_speak(struct ims *m, const struct ims_spoken *k);

/* --- ims_io.c ----------------------------------------------------------- */

/* A line of octets waits for its parsed line; what waits for too long is
 * dropped. */
void ims_push_io(struct ims *m, const struct log_line *line, struct slice text);
void ims_drop_io(struct ims *m, size_t from, size_t count);
/* Its octets, until the next push or drop. */
struct slice ims_io_text(const struct ims *m, const struct ims_io *l);
/* The IO lines of a parsed line: how many (0: none), and the first. */
size_t ims_find_io(const struct ims *m, struct slice parsed, size_t *first_r);

/* --- ims_content.c ------------------------------------------------------ */

/* At the limit, or by the end of the log? */
bool ims_is_cut(const struct log_line *line, struct slice text);
/* The line of content that might have gone on does not. */
void ims_flush_part(struct ims *m, struct log_session *s,
    const struct log_line *line);
/* The newest IO entry was not that of a command: it is content. */
void ims_settle_io(struct ims *m);
/* An IO entry. */
void ims_take_io(struct ims *m, const struct log_line *line, struct slice text);
/* More of an entry that tells content: behind the dot it is a command. */
void ims_more_content(struct ims *m, const struct log_line *line,
    struct slice text);
/* A received line, parsed, while content is due: true if it is part of it
 * or tells it a second time. */
bool ims_take_bare_content(struct ims *m, struct log_session *s,
    const struct ims_spoken *k, const struct log_line *line);
/* The dot of content whose end was told already? */
bool ims_is_dot_again(struct ims *m, struct slice text);

/* --- ims_talk.c --------------------------------------------------------- */

enum sw_status ims_say_command(struct ims *m, enum ims_pool p,
    const struct ims_spoken *k, const struct log_line *line) SW_MUST_USE;
enum sw_status ims_say_reply(struct ims *m, enum ims_pool p,
    const struct ims_spoken *k, const struct log_line *line) SW_MUST_USE;
/* One more line of a session's reply, which may be over with it. */
enum sw_status ims_say_reply_line(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text) SW_MUST_USE;
/* One more line of a session's command, if it is one; else false. */
bool ims_say_more(struct ims *m, const struct log_line *line,
    struct slice text);
/* The first IO lines had no parsed line behind them: they are commands. */
enum sw_status ims_tell_inferred(struct ims *m, size_t count) SW_MUST_USE;

#endif
