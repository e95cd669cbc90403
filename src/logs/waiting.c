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

/* The oldest that waits for the id; NULL: none does. */
static struct log_waiting_line *find(struct log_waiting *w, uint64_t id,
    int64_t now)
{
	size_t i;

	for (i = 0; i < LOG_WAITING_COUNT; i++) {
		struct log_waiting_line *l =
		    &w->of[(w->next + i) % LOG_WAITING_COUNT];

		if (l->used && l->id == id && is_near(l->time, now))
			return l;
	}
	return NULL;
}

static struct log_line held_line(const struct log_waiting_line *l)
{
	struct log_line line = { .number = l->number, .base = l->base };

	line.text = slice_make(l->line, l->len);
	return line;
}

enum sw_status log_waiting_begin(struct log_waiting *w,
    struct log_sessions *t, uint64_t id, struct slice key,
    const struct log_line *line, int64_t time, struct log_session **s_r)
{
	const struct log_waiting_line *l = find(w, id, time);
	struct log_line first = l ? held_line(l) : *line;
	enum sw_status status = log_sessions_begin(t, key, &first,
	    l && l->time < time ? l->time : time, s_r);

	if (status == SW_OK)
		log_sessions_touch(t, *s_r, line->number, time);
	return status;
}

bool log_waiting_take(struct log_waiting *w, uint64_t id, int64_t now,
    struct log_waited *waited_r)
{
	struct log_waiting_line *l = find(w, id, now);

	if (!l)
		return false;
	l->used = false;
	waited_r->line = held_line(l);
	waited_r->text = slice_from(waited_r->line.text, l->text);
	waited_r->time = l->time;
	return true;
}
