/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * held.h - the first lines of a log, held until it is known how to read them
 */
#ifndef LOGS_HELD_H
#define LOGS_HELD_H

#include "logs/lines.h"

struct log_held_line;

struct log_held {
	struct buffer text;
	struct log_held_line *lines;
	size_t count, capacity;
};

void log_held_init(struct log_held *h);
void log_held_fini(struct log_held *h);

/* A copy of the line. */
enum sw_status log_held_add(struct log_held *h, const struct log_line *line)
    SW_MUST_USE;
/* As much as a probe sees is held: no more. */
bool log_held_is_full(const struct log_held *h);
/* The line of number i, from 0; its text is valid until the next add or
 * fini. */
struct log_line log_held_at(const struct log_held *h, size_t i);

#endif
