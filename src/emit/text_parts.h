/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text_parts.h - what the files of text.c share: lines of a session */
#ifndef EMIT_TEXT_PARTS_H
#define EMIT_TEXT_PARTS_H

#include <smtpwire/transcript.h>

#include "base/buffer.h"

#define RESET "\x1b[0m"
#define BOLD "\x1b[1m"
#define DIM "\x1b[2m"
#define RED "\x1b[31m"
#define YELLOW "\x1b[33m"
#define CYAN "\x1b[36m"

/* What a session is told with. */
struct teller {
	struct buffer *b;
	const struct sw_session *s;
	bool no_times, color;
	int64_t base; /* what event times are relative to; SW_NO_TIME */
	int digits;   /* fraction digits of event times */
	bool explain;
	uint64_t number; /* in front of each line; 0: none */
};

static inline void put(const struct teller *t, const char *text)
{
	(void)buffer_append_str(t->b, text);
}

static inline void put_u64(const struct teller *t, uint64_t v)
{
	(void)buffer_append_u64(t->b, v);
}

static inline void begin_color(const struct teller *t, const char *color)
{
	if (t->color && color)
		put(t, color);
}

static inline void end_color(const struct teller *t, const char *color)
{
	if (t->color && color)
		put(t, RESET);
}

/* --- text_line.c --------------------------------------------------------- */

/* ns as seconds with that many fraction digits, cut, to w; returns its length
 * (at most 24). */
size_t text_seconds(char *w, int64_t ns, int digits);
/* What the session's times are relative to: its start, or else its first
 * time; SW_NO_TIME. */
int64_t text_choose_base(const struct sw_session *s);
/* Digits for all times of the session, whose base is known: those of the
 * resolution, or as many as leave the longest in its columns. */
int text_choose_digits(const struct teller *t);
/* A line's columns of time and its mark (one to three characters); what
 * follows is of that colour (NULL: none) up to its end. */
void text_begin_line(const struct teller *t, int64_t time, const char *mark,
    const char *color);
/* The set of 1u << sw_flag, and LF. */
void text_end_line(const struct teller *t, uint32_t flags,
    const char *color);
/* A line of the dialogue, escaped, and cut between characters where it is very
 * long. */
void text_put_line(const struct teller *t, struct sw_bytes v);

/* --- text_event.c -------------------------------------------------------- */

/* The lines of an event. */
void text_event(const struct teller *t, const struct sw_event *e);

#endif
