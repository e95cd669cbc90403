/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue.h - octets of two directions to the events of one session
 *
 * The dialogue knows directions, offsets and acknowledgments, but no packets.
 * Octets come in causal order (RULES: Delivery).
 */
#ifndef SMTP_DIALOGUE_H
#define SMTP_DIALOGUE_H

#include "base/buffer.h"
#include "base/delivery.h"
#include "transcript/session.h"

struct dialogue;

/* Dialogues that are over, to be used again, and memory in which a reply was
 * put together; of one thread. */
struct dialogue_spares {
	struct dialogue *list;
	size_t count;
	struct buffer reply_text;
	size_t *reply_ends;
	size_t reply_capacity; /* of reply_ends */
};
void dialogue_spares_fini(struct dialogue_spares *s);

struct dialogue_start {
	bool opener_known;  /* direction 0 is that of the host that opened
	                       the connection: the client, as a rule */
	int server_dir;     /* by the port: direction of the server's octets;
	                       -1: the ports do not tell */
	struct dialogue_spares *spares; /* outlives the dialogue; NULL:
	                                   none */
	bool answer_lost;   /* where the octets of the host that was called
	                       begin is not in the record */
};

enum dialogue_kind {
	DIALOGUE_EMPTY,   /* no octets */
	DIALOGUE_SMTP,
	DIALOGUE_TLS,     /* from the first octet */
	DIALOGUE_NOT_SMTP
};

struct dialogue_end {
	struct origin origin;
	bool input_ended;     /* the record ends here, the connection not */
	bool acked_known[2];  /* of each direction's octets */
	uint64_t acked[2];    /* how far the peer acknowledged them */
	bool seen[2];
	enum sw_ending ending;/* if nobody closed */
};

/* b is borrowed and must outlive the dialogue. */
enum sw_status dialogue_new(struct session_builder *b,
    const struct dialogue_start *start, struct dialogue **d_r) SW_MUST_USE;
void dialogue_free(struct dialogue **d);

/* The SYN of the host that was called was captured behind what opened the
 * connection: answer_lost is no longer so. */
void dialogue_answer_found(struct dialogue *d);
/* false: dialogue and session need as much memory as before. */
bool dialogue_feed(struct dialogue *d, const struct delivery *o);
/* Octets come soon: ask for the memory that they need; step 1, some time
 * later: of what was asked for in step 0. */
void dialogue_fetch(const struct dialogue *d, unsigned step);
/* The next len octets of a direction are lost. */
void dialogue_gap(struct dialogue *d, int dir, uint64_t len,
    struct origin origin);
void dialogue_close(struct dialogue *d, int dir, bool rst,
    struct origin origin);
/* The connection, or its record, is over: everything open is told. */
void dialogue_finish(struct dialogue *d, const struct dialogue_end *end);

enum dialogue_kind dialogue_kind(const struct dialogue *d);
/* Direction of the client's octets (at the start, before any TURN). */
int dialogue_client_dir(const struct dialogue *d);
/* Octets held in memory for this dialogue, roughly. */
size_t dialogue_memory(struct dialogue *d);

#endif
