/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.h - capture files of any format as frames
 *
 * A format is one row of the registry in capture.c and one file.  Adding a
 * format changes no other file.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include <smtpwire/transcript.h>

#include "base/account.h"
#include "base/source.h"

/* One frame.  octets are valid until the next capture_next, longer while the
 * block is held (capture_hold). */
struct frame {
	uint64_t number;       /* in its file, from 1; as the format counts:
	                          records in order, NetMon's table index; 0:
	                          no frame but a pause, see live.h */
	int64_t ts_ns;         /* ns since 1970; local time if the capture's
	                          clock says so; SW_NO_TIME */
	int64_t resolution_ns; /* of this frame's time stamp */
	uint32_t link_type;    /* LINKTYPE_ value as written in files */
	uint32_t interface;    /* of pcapng, else 0 */
	uint32_t wire_len;     /* octets on the wire; >= octets.len */
	uint32_t anomalies;    /* bits, base/anomaly.h; SNAPPED is set here
	                          when octets.len < wire_len */
	struct slice octets;
};

/* Frames that the reader knows to be no packets, or for whose kind there is
 * no LINKTYPE, are not handed out but counted (ACCOUNT_FRAMES and
 * ACCOUNT_FRAMES_NOT_IP or ACCOUNT_FRAMES_LINK_TYPE). */

struct capture;

/* What a capture says of a frame beside its octets: texts in UTF-8, empty
 * where there is none, valid until the next capture_next. */
struct frame_remarks {
	struct slice comment; /* of whoever looked at it before */
	struct slice process; /* that sent or received it */
};

/* What a probe says of the first octets. */
enum capture_probe {
	CAPTURE_NOT_MINE,
	CAPTURE_MINE,
	CAPTURE_BROKEN /* surely of this format, but cannot be read */
};

/*
 * One format.  `state` is the format's own: state_len octets that begin with a
 * struct capture_input (format.h), which is set, all else zero.
 * Damage is never an error: it is counted in the account
 * (ACCOUNT_FRAMES_BAD_RECORD) and told in ACCOUNT_LIST_WARNINGS with file
 * name and offset; reading goes on behind it where the format allows.
 */
struct capture_format {
	const char *name; /* family: "pcap", "pcapng", "netmon", "snoop",
	                     "netxray", "sniffer", "erf" */
	bool no_magic; /* what is shorter than header_len is not of it */
	size_t header_len; /* of a file without frames; 0: 24 or more */
	/* head: the first octets, up to 4096; at first perhaps as few as 4,
	 * then at least 24 if the file has them. */
	enum capture_probe (*probe)(struct slice head);
	size_t state_len;
	/* Read the file's header; when this fails, state is closed. */
	enum sw_status (*begin)(void *state, struct sw_err *err);
	/* 1: a frame; 0: end; < 0: enum sw_status (read error, no memory). */
	int (*next)(void *state, struct frame *frame_r, struct sw_err *err);
	/* Frames that the next calls of next would hand out, as many as are
	 * known to lie in what was read, up to max: how many.  NULL: never
	 * any.  Not of a format that has remarks, which are of one frame. */
	size_t (*more)(void *state, struct frame *frames_r, size_t max);
	/* Might next have to wait, or read a new block?  false is a promise
	 * that it will not: batches point into the block. */
	bool (*would_block)(const void *state);
	/* Exact name for the transcript: "pcap", "pcapng", "netmon1",
	 * "netmon2"; zone and date of the times. */
	const char *(*describe)(const void *state, struct sw_clock *clock_r);
	/* Of the last frame; false: none.  NULL: never any. */
	bool (*remarks)(const void *state, struct frame_remarks *r_r);
	/* Free the state and what it holds; NULL: it holds nothing. */
	void (*close)(void **state);
};

/* The registry, ended by NULL. */
extern const struct capture_format *const capture_formats[];

/* Is this a capture?  Consumes nothing.  *format_r: the format or NULL. */
enum sw_status capture_probe(struct source *s,
    const struct capture_format **format_r, struct sw_err *err) SW_MUST_USE;

/*
 * Read s as a capture.  SW_EFORMAT with a sentence naming the file when it
 * is none or broken in its header.  s is borrowed and must outlive the
 * capture; so must account.
 */
enum sw_status capture_open(struct source *s, struct account *account,
    struct capture **c_r, struct sw_err *err) SW_MUST_USE;
/* 1: a frame, to be counted by the caller; 0: end; < 0: enum sw_status. */
int capture_next(struct capture *c, struct frame *frame_r,
    struct sw_err *err) SW_MUST_USE;
/* The same for several at once, up to max, which is one or more: how many.  All
 * lie in one block, and are numbered on from the first.  The remarks are of the
 * last one, and a pause comes alone. */
int capture_take(struct capture *c, struct frame *frames_r, int max,
    struct sw_err *err) SW_MUST_USE;
/* The block in which the last frame lies, a counted reference; NULL if the
 * frame's octets live as long as the capture. */
struct source_block *capture_hold(struct capture *c);
/* Would the next capture_next have to wait or read a new block?  If not, it
 * leaves the octets of the frames before it where they are. */
bool capture_would_block(struct capture *c);
/* Can reading wait for another program, or for what passes an interface? */
bool capture_is_stream(const struct capture *c);
const char *capture_describe(const struct capture *c,
    struct sw_clock *clock_r);
/* Is there anything to be asked of capture_remarks? */
bool capture_has_remarks(const struct capture *c);
/* Of the last frame; false: none, *r_r is empty. */
bool capture_remarks(const struct capture *c, struct frame_remarks *r_r);
void capture_free(struct capture **c);

#endif
