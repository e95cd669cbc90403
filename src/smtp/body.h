/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body.h - the content behind DATA: where it ends, dots un-stuffed
 */
#ifndef SMTP_BODY_H
#define SMTP_BODY_H

#include "base/slice.h"

enum body_state {
	BODY_TEXT,        /* anywhere but in the states below */
	BODY_DOT,         /* a dot at the start of a line */
	BODY_DOT_CR,      /* the same and a CR */
	BODY_CANDIDATE,   /* a dot line bounded by a bare LF: it is the end
	                     if the server replies next */
	BODY_ENDED
};

/* What a server that ends lines at CR, or drops NUL, has before it. */
enum body_trap {
	TRAP_TEXT,
	TRAP_CR,         /* behind a CR */
	TRAP_START,      /* behind LF, or at the start of it all */
	TRAP_START_ODD,  /* the same and NULs */
	TRAP_DOT,        /* a dot behind that */
	TRAP_DOT_ODD,    /* a dot behind CR, or with NULs beside it */
	TRAP_DOT_CR      /* TRAP_DOT and a CR */
};

struct body {
	enum body_state state;
	enum body_trap trap;
	uint8_t prev, prev2;  /* the last two octets before */
	bool at_start;        /* no octet yet */
	bool had_crlf;
	bool dot_after_lf;    /* the dot's line began behind a bare LF */
	bool dot_cr;          /* of a candidate: CR LF, not LF, behind it */
	bool counted;         /* BDAT: no dots, no end */
	uint32_t flags;       /* sw_flag bits: bare-lf bare-cr nul 8bit
	                         overlong */
	uint64_t since_lf;    /* octets of the line so far */
	uint64_t wire;        /* octets on the wire so far */
	bool smuggled;        /* a dot line that other servers may take for
	                         the end was content */
};

/* Where content goes. */
struct body_sink {
	void (*octets)(void *ctx, struct slice octets);
	void *ctx;
};

/* at_start: the next octet is the content's first. */
void body_init(struct body *b, bool at_start, bool counted);
/*
 * Take octets; content goes to sink.  Returns how many were used: all, unless
 * the end was reached (state BODY_ENDED).  State BODY_CANDIDATE is left only
 * by body_settle or by more octets, which make the candidate content.
 */
size_t body_feed(struct body *b, struct slice octets,
    const struct body_sink *sink);
/* The server spoke next (ended) or anything else happened: decide a
 * candidate; also gives back what was held of an unfinished dot line. */
void body_settle(struct body *b, bool ended, const struct body_sink *sink);
/* Octets were lost: the next one is not at the start of a line. */
void body_gap(struct body *b);

#endif
