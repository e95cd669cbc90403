/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - two records of the same traffic: which sessions are the same, and
 * where they disagree
 *
 * Theory of operation.  Each side is read once: its sessions go in binary
 * form to an unlinked file, and memory keeps a digest of each (side.c).
 * From digests that share rare tokens the offset of the clocks is found
 * (clocks.c); with it and the tokens sessions are paired, globally best
 * (match.c).  Then pair by pair both sessions are read back, their events
 * aligned (align.c) and compared in what both sides can record (verdict.c).
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <smtpwire/report.h>

#include "base/arena.h"
#include "base/buffer.h"

/* --- side.c --------------------------------------------------------------- */

/* What a token was made of; in the order of how much it proves. */
enum token_kind {
	TOKEN_MESSAGE_ID, /* the Message-ID of a message */
	TOKEN_QUEUE_ID,   /* the receiver's */
	TOKEN_ENDPOINTS,  /* both addresses and both ports */
	TOKEN_CLIENT,     /* the client's address and port */
	TOKEN_ENVELOPE,   /* from and all recipients of a message */
	TOKEN_HELO,       /* the client's name */
	TOKEN_ADDRESS,    /* the client's address */
	TOKEN_SERVER,     /* the server's address */
	TOKEN_GREETING,   /* the first line of the server's greeting */
	TOKEN_SEEN_AS,    /* the client's address in the reply to its EHLO */
	TOKEN_SHAPE,      /* the verbs of what is in clear, and what they were
	                     answered with */
	TOKEN_KIND_COUNT
};

/* Tokens of one session; further ones are left out. */
#define DIGEST_TOKENS 16

/* A token: a hash of kind and text, ASCII case ignored, in whose last four
 * bits stands the kind. */
static inline enum token_kind token_kind(uint64_t token)
{
	return (enum token_kind)(token & 15);
}
_Static_assert(TOKEN_KIND_COUNT <= 16, "a kind fits into four bits");

/* What memory holds of a session.  With what matching needs beside it that is
 * less than 512 octets. */
struct digest {
	uint64_t id;
	uint64_t offset; /* of its record in the side's file */
	uint32_t length; /* of that */
	uint32_t file;   /* which of the side's files */
	uint64_t first;  /* its first frame or line there */
	int64_t start, end; /* ns; SW_NO_TIME.  Local times stay local */
	int64_t resolution_ns; /* of its times, 0: none */
	bool dated;      /* its times have a date */
	bool attempts;   /* nothing was said in it */
	bool silent;     /* nothing was said by the server, nor in TLS */
	bool mute;       /* its record tells of a connection alone */
	bool server_log; /* from the log of a server */
	bool server_v6;  /* the server's address is one of IPv6 */
	bool opaque;     /* TLS hides the dialogue, or what follows of it */
	uint8_t token_count;
	uint16_t kinds; /* of the tokens: 1u << kind */
	uint64_t tokens[DIGEST_TOKENS]; /* see check_add_token() */
};

/* What tokens of a digest are in descending order of: the kind first. */
static inline uint64_t token_rank(uint64_t token)
{
	return token << 60 | token >> 4;
}
/* One more at its place, so that two digests are compared in one pass; false:
 * there is no room. */
bool check_add_token(struct digest *d, uint64_t token);

struct side;
enum sw_status side_new(const char *tmpdir, struct side **s_r,
    struct sw_err *err) SW_MUST_USE;
void side_free(struct side **s);
enum sw_status side_add(struct side *s, const struct sw_session *session,
    struct sw_err *err) SW_MUST_USE;
/* Once all are added: put them in order, those of a capture by time, those of
 * a log as they begin in it. */
enum sw_status side_sort(struct side *s, struct sw_err *err) SW_MUST_USE;
const struct digest *side_digests(const struct side *s, size_t *count_r);
/* "wire", "log", "mixed" */
const char *side_kind(const struct side *s);
/* The session of a digest; in arena, which is reset before, and in buffer:
 * valid until either is used again.  Any thread may ask once the side is
 * sorted. */
enum sw_status side_session(const struct side *s, const struct digest *d,
    struct arena *arena, struct buffer *buffer,
    struct sw_session *session_r, struct sw_err *err) SW_MUST_USE;
/* Digest of a session, but for where it lies. */
void check_digest(const struct sw_session *s, struct digest *d_r);

/* --- match.c, clocks.c ---------------------------------------------------- */

struct match {
	uint32_t left, right; /* indices of digests */
	uint32_t paired_by;
	float confidence;
};

struct matching {
	struct match *pairs;  /* in order of left */
	size_t pair_count;
	struct sw_clock_piece *clock;
	size_t clock_count;
	int64_t slack_ns;     /* what times of both sides may differ by */
	bool nat[2];          /* the client's, the server's addresses differ
	                         throughout */
	struct sw_only *only[2];
	uint32_t *only_index[2]; /* of digests */
	size_t only_count[2];
};

/* max_offset_ns 0: any.  n log n. */
enum sw_status match_sides(const struct digest *left, size_t left_count,
    const struct digest *right, size_t right_count, int64_t max_offset_ns,
    struct matching *m_r) SW_MUST_USE;
void match_fini(struct matching *m);
/* ns to add to a time of the right side; 0 without a clock. */
int64_t match_offset(const struct matching *m, int64_t right_time);

/* Evidence of one pair for the clocks. */
struct clock_sample {
	int64_t right, offset; /* ns: left - right */
	int64_t slack;         /* how exact it can be */
};
/* Offsets of the right side's clock, robust against wrong samples; pieces_r
 * malloced.  0 pieces: it cannot be told. */
enum sw_status clocks_estimate(struct clock_sample *samples, size_t count,
    int64_t max_offset_ns, struct sw_clock_piece **pieces_r,
    size_t *count_r) SW_MUST_USE;

/* --- align.c -------------------------------------------------------------- */

/* All events of both sessions in their order, each once; in arena. */
enum sw_status align_events(const struct sw_session *left,
    const struct sw_session *right, struct arena *arena,
    struct sw_aligned **rows_r, size_t *count_r) SW_MUST_USE;

/* The path of "FROM:<a@b> SIZE=1", or all up to a blank. */
struct slice align_path(struct sw_bytes argument);

/* The message of a content event of s; NULL: none. */
static inline const struct sw_message *align_message(
    const struct sw_session *s, const struct sw_event *e)
{
	uint32_t n = e && e->kind == SW_EVENT_DATA ? e->u.data.message : 0;

	return n > 0 && n <= s->message_count ? &s->messages[n - 1] : NULL;
}

/* Of two commands, was one cut in its verb, which is the beginning of the
 * other's? */
bool align_is_cut_verb(const struct sw_event *a, const struct sw_event *b);

/* --- verdict.c ------------------------------------------------------------ */

struct verdict_options {
	uint32_t ignore, only;
	bool nat[2];
	/* Both sides' times can be held against each other: what is to be
	 * added to the right side's, and what they may differ by. */
	bool timed;
	int64_t offset_ns, slack_ns;
};
/* Compare two sessions that are the same one: verdict and findings of *p_r,
 * which lie in arena, and `found` of the rows. */
enum sw_status verdict_compare(const struct sw_session *left,
    const struct sw_session *right, struct sw_aligned *rows,
    size_t row_count, const struct verdict_options *o, struct arena *arena,
    struct sw_pair *p_r) SW_MUST_USE;

/* --- pair.c --------------------------------------------------------------- */

struct pair_options {
	const struct matching *matching; /* of which the pair is one */
	uint32_t ignore, only;           /* SW_BIT(enum sw_finding_kind) */
};
/* Align and compare the sessions of a pair.  All of *p_r but the sessions lies
 * in arena, which is reset.  SW_ENOMEM. */
enum sw_status pair_compare(const struct pair_options *options,
    const struct match *match, const struct sw_session *left,
    const struct sw_session *right, struct arena *arena,
    struct sw_pair *p_r) SW_MUST_USE;

#endif
