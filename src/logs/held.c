/* SPDX-License-Identifier: GPL-2.0-or-later */
/* held.c - the first lines of a log, held until it is known how to read
 * them */
#include "logs/held.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"

struct log_held_line {
	struct log_line line;
	size_t from; /* where its text begins */
};

void log_held_init(struct log_held *h)
{
	memset(h, 0, sizeof(*h));
	buffer_init(&h->text, LIMIT_LOG_PROBE + LIMIT_LINE);
}

void log_held_fini(struct log_held *h)
{
	buffer_fini(&h->text);
	free(h->lines);
	h->lines = NULL;
	h->count = h->capacity = 0;
}

bool log_held_is_full(const struct log_held *h)
{
	/* Empty lines count too. */
	return h->text.len + h->count >= LIMIT_LOG_PROBE;
}

enum sw_status log_held_add(struct log_held *h, const struct log_line *line)
{
	void *lines = h->lines;

	if (!base_grow(&lines, h->count, &h->capacity, sizeof(*h->lines)))
		return SW_ENOMEM;
	h->lines = lines;
	h->lines[h->count].line = *line;
	h->lines[h->count].from = h->text.len;
	if (!buffer_append_slice(&h->text, line->text))
		return SW_ENOMEM;
	h->count++;
	return SW_OK;
}

struct log_line log_held_at(const struct log_held *h, size_t i)
{
	struct log_line line = h->lines[i].line;

	line.text = slice_head(slice_from(buffer_slice(&h->text),
	    h->lines[i].from), line.text.len);
	return line;
}
