/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session_source.c - where a log's session stands: its id, files, lines */
#include "logs/session_source.h"

#include <stdlib.h>

#include "base/arena.h"
#include "logs/text.h"

/* From format, text and number of the first line (TRANSCRIPT: id). */
static uint64_t make_id(const struct log_sessions *t,
    const struct log_line *line)
{
	return log_hash_number(log_hash(t->hash, line->text),
	    line->number - line->base);
}

void log_source_begin(struct log_sessions *t, struct log_session *s,
    const struct log_line *line)
{
	struct sw_session *out = session_get(s->b);

	out->id = make_id(t, line);
	out->source.kind = SW_SOURCE_LOG;
	out->source.unit = t->unit;
	out->source.name = session_text(s->b, slice_str(t->file_name));
	out->source.format = session_text(s->b, slice_str(t->format->name));
	out->protocol = SW_PROTOCOL_SMTP;
}

void log_source_turn(struct log_session *s, uint64_t number)
{
	struct log_turn *turn = arena_calloc(session_arena(s->b), 1,
	    sizeof(*turn));

	if (!turn) {
		session_fail(s->b);
		return;
	}
	turn->last = s->last;
	turn->first = number;
	if (s->last_turn)
		s->last_turn->next = turn;
	else
		s->first_turn = turn;
	s->last_turn = turn;
	s->turn_count++;
}

/* One file that holds the lines from first to last of the session; file: the
 * newest that can be it, and then is. */
static void describe_part(const struct log_sessions *t, struct log_session *s,
    struct sw_part *part, uint64_t first, uint64_t last, size_t *file)
{
	const struct sw_session *out = session_get(s->b);

	while (*file + 1 < t->file_count && t->files[*file + 1].base < first)
		++*file;
	part->name = out->source.name;
	part->format = out->source.format;
	if (*file < t->file_count) {
		part->name = session_text(s->b,
		    slice_str(t->files[*file].name));
		part->base = t->files[*file].base;
	}
	part->first = first - part->base;
	part->last = last - part->base;
}

void log_source_end(const struct log_sessions *t,
    struct log_session *s)
{
	struct sw_session *out = session_get(s->b);
	struct sw_part *parts = arena_calloc(session_arena(s->b),
	    s->turn_count + 1, sizeof(*parts));
	const struct log_turn *turn;
	uint64_t first = s->first;
	size_t n = 0, file = 0;

	if (!parts) {
		session_fail(s->b);
		return;
	}
	for (turn = s->first_turn; turn; turn = turn->next) {
		describe_part(t, s, &parts[n++], first, turn->last, &file);
		first = turn->first;
	}
	describe_part(t, s, &parts[n++], first, s->last, &file);
	out->source.name = parts[0].name;
	out->source.parts = parts;
	out->source.part_count = n;
}

enum sw_status log_source_add_file(struct log_sessions *t, const char *name,
    uint64_t base)
{
	void *files = t->files;
	char *copy;

	if (!base_grow(&files, t->file_count, &t->file_capacity,
	    sizeof(*t->files)))
		return SW_ENOMEM;
	t->files = files;
	copy = strdup(name); /* sessions outlive the file they began in */
	if (!copy)
		return SW_ENOMEM;
	t->files[t->file_count].name = copy;
	t->files[t->file_count++].base = base;
	return SW_OK;
}
