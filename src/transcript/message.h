/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - the octets of a message: counted, hashed, header kept,
 * passed on
 *
 * Content comes from smtp and from logs, un-stuffed, in slices that are
 * valid during the call only; nothing of a body is kept in memory but the
 * header, up to LIMIT_HEADER, until it is whole.
 */
#ifndef TRANSCRIPT_MESSAGE_H
#define TRANSCRIPT_MESSAGE_H

#include <smtpwire/error.h>
#include <smtpwire/transcript.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * Operations on the octets of messages, given by the caller.  One body is
 * opened for each message that has content; bodies of several sessions are
 * open at the same time.
 */
struct body_ops {
	void *ctx;
	/* Content of message n (from 1) begins.  Returns a handle; NULL if
	 * it is not wanted (then no other call follows). */
	void *(*open)(void *ctx, uint32_t n);
	/* The next octets, un-stuffed; valid during the call. */
	void (*octets)(void *ctx, void *body, struct slice octets);
	/* len octets (SW_UNKNOWN: an unknown number) are lost here; offset in
	 * the content, lost octets counted. */
	void (*gap)(void *ctx, void *body, uint64_t offset, int64_t len);
	/* The content is over: descriptors may be given back. */
	void (*close)(void *ctx, void *body);
	/*
	 * The session is over and its fate known; frees the body.  keep:
	 * file it under its final name, made of the session's id, a counter
	 * among equal ids is part of the id, and the message's number; and
	 * put that name into m->file (octets from arena).  Else remove it.
	 * An error is one of writing: SW_EWRITE.
	 */
	enum sw_status (*settle)(void *ctx, void *body,
	    const struct sw_session *s, struct sw_message *m, bool keep,
	    struct arena *arena, struct sw_err *err);
};

struct message_hash; /* SHA-256 in progress (libcrypto) */

/* The content of one message in progress. */
struct message {
	/* What the usual octets, behind the header, need comes first. */
	uint64_t size;              /* octets present */
	size_t gap_count;
	const struct body_ops *ops; /* NULL: nothing passed on */
	void *body;                 /* ops' handle, kept until settle */
	struct message_hash *hash;  /* NULL: none was needed yet */
	bool hashed;                /* all octets so far, with hash */
	bool header_done;           /* the empty line was seen */
	bool started;               /* its start was seen */
	bool ended;                 /* its end was seen */
	bool open;                  /* octets may still come */
	bool body_opened;
	bool lost_unknown;          /* a gap of unknown length */
	uint8_t tail;               /* state of the search for the header's
	                               end */
	uint64_t lost;              /* octets of gaps with a known length */
	/* Header, up to LIMIT_HEADER: kept until its end, if that is not in
	 * the same octets as its start. */
	uint8_t *header;            /* heap */
	size_t header_len, header_capacity;
	uint64_t header_size;       /* octets up to and with the empty line */
	struct sw_gap *gaps;        /* heap */
	size_t gap_capacity;
};

/* Begin; n is the message's number for ops.  *m is zero at first, later what
 * another message left, whose memory serves this one. */
enum sw_status message_init(struct message *m, const struct body_ops *ops,
    uint32_t n, bool hash) SW_MUST_USE;
/* The header fields of out are filled when the header is whole, in memory of
 * arena; without out the header is kept for message_tell_header. */
enum sw_status message_octets(struct message *m, struct slice octets,
    struct sw_message *out, struct arena *arena);
/* Fill them of a header that is kept and whole. */
enum sw_status message_tell_header(struct message *m, struct sw_message *out,
    struct arena *arena);
/* As message_octets, of a line and its end, CR LF or LF, if they are simply
 * hashed: true; false: nothing was done. */
bool message_line(struct message *m, struct slice line, bool crlf);
enum sw_status message_gap(struct message *m, int64_t len);
/* An unknown number of octets is lost before all that there is: no header, no
 * digest. */
enum sw_status message_lose_start(struct message *m);
/* The content is over; complete: its true end was seen. */
void message_end(struct message *m, bool complete);
/*
 * Fill size, sha256, missing, header_size and the fields of a header that was
 * cut in out, in memory of arena.  May be called once, after message_end.
 */
enum sw_status message_tell(struct message *m, struct sw_message *out,
    struct arena *arena);
/* Forget the message, keep its memory. */
void message_reset(struct message *m);
/* ... and without lists. */
void message_empty(struct message *m);
/* Frees all but body (which settle frees). */
void message_fini(struct message *m);

/* Find the header fields that a transcript tells in a header (raw octets,
 * CRLF or LF): first occurrence, unfolded, decoded by RFC 2047. */
enum sw_status header_fields(struct slice header, struct sw_message *out,
    struct arena *arena);
/* What is loaded else when it is first called for: GMime, the usual
 * converters.  Not to be called by two threads at once. */
void header_load(void);

#endif
