/* SPDX-License-Identifier: GPL-2.0-or-later */
/* waiting.c - lines of a log that tell of a session before it begins */
#include "logs/waiting.h"

void log_waiting_hold(struct log_waiting *w, uint64_t id,
    const struct log_line *line, struct slice text, int64_t time)
{
	struct log_waiting_line *l = &w->of[w->next];
	struct slice kept = slice_head(line->text, LOG_WAITING_LINE);

	w->next = (w->next + 1) % LOG_WAITING_COUNT;
	l->used = true;
	l->id = id;
	l->number = line->number;
	l->base = line->base;
	l->time = time;
	l->len = kept.len;
	l->text = text.len ? (size_t)(text.p - line->text.p) : kept.len;
	if (l->text > kept.len)
		l->text = kept.len;
	if (kept.len > 0)
		memcpy(l->line, kept.p, kept.len);
}

/* Times may run backwards a little. */
static bool is_near(int64_t a, int64_t b)
{
	if (a == SW_NO_TIME || b == SW_NO_TIME)
		return a == b;
	return a < b ? b - a <= LOG_WAITING_NS : a - b <= LOG_WAITING_NS;
}

struct log_waiting_line *log_waiting_find(struct log_waiting *w, uint64_t id,
    int64_t now, size_t *at)
{
	while (*at < LOG_WAITING_COUNT) {
		struct log_waiting_line *l =
		    &w->of[(w->next + *at) % LOG_WAITING_COUNT];

		++*at;
		if (l->used && l->id == id && is_near(l->time, now))
			return l;
	}
	return NULL;
}

struct log_line log_waiting_line(const struct log_waiting_line *l)
{
	struct log_line line = { .number = l->number, .base = l->base };

	line.text = slice_make(l->line, l->len);
	return line;
}

struct slice log_waiting_text(const struct log_waiting_line *l)
{
	return slice_from(slice_make(l->line, l->len), l->text);
}
