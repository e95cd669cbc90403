/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eml_settle.c - a message whose session is over: kept under a name, or not
 *
 * Names are made of id and number alone, never of mail.
 *
 *   <id>-<n>.eml             the octets of a whole message
 *   <id>-<n>.incomplete.eml  those that the record has of another one, with
 *   <id>-<n>.gaps.json       beside it, which says what is lacking and where
 *
 * What could not be written before is told here, if the message was to be
 * kept.
 */
#include "emit/eml_internal.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "emit/json.h"

static bool is_whole(const struct body *b, const struct sw_message *m)
{
	return m->missing == 0 && b->gap_count == 0 && b->gaps_omitted == 0;
}

static void final_name(char *name, uint64_t id, uint32_t n,
    const char *suffix)
{
	(void)snprintf(name, NAME_SIZE, "%016llx-%lu%s",
	    (unsigned long long)id, (unsigned long)n, suffix);
}

static bool gaps_text(struct buffer *out, const struct body *b,
    const struct sw_session *s, const struct sw_message *m)
{
	char id[17];
	size_t i;

	(void)snprintf(id, sizeof(id), "%016llx", (unsigned long long)s->id);
	JSON_LITERAL(out, "{\"session\":");
	json_name(out, id);
	JSON_LITERAL(out, ",\"message\":");
	json_u64(out, m->n);
	JSON_LITERAL(out, ",\"size\":");
	json_u64(out, b->size);
	JSON_LITERAL(out, ",\"missing\":");
	json_known(out, m->missing);
	JSON_LITERAL(out, ",\"gaps\":[");
	for (i = 0; i < b->gap_count; i++) {
		if (i > 0)
			JSON_LITERAL(out, ",");
		JSON_LITERAL(out, "[");
		json_u64(out, b->gaps[i].offset);
		JSON_LITERAL(out, ",");
		json_known(out, b->gaps[i].length);
		JSON_LITERAL(out, "]");
	}
	JSON_LITERAL(out, "],\"gaps_omitted\":");
	json_u64(out, b->gaps_omitted);
	JSON_LITERAL(out, "}\n");
	return !out->failed && !out->full;
}

/* Octets under a final name, whatever was there. */
static int write_small(struct emit_eml *e, const char *name,
    struct slice octets)
{
	char part[NAME_SIZE];
	int fd, error = emit_eml_create_part(e, part, &fd);

	if (error != 0)
		return error;
	error = emit_eml_write_all(fd, octets);
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0)
		error = emit_eml_name_part(e, part, name);
	if (error != 0)
		(void)unlinkat(e->fd, part, 0);
	return error;
}

static int write_gaps(const struct body *b, const struct sw_session *s,
    const struct sw_message *m, const char *name)
{
	struct buffer text;
	int error = ENOMEM;

	buffer_init(&text, (LIMIT_GAPS + 10) * 64);
	if (gaps_text(&text, b, s, m))
		error = write_small(b->lane->owner, name, buffer_slice(&text));
	buffer_fini(&text);
	return error;
}

/* Under its final name, the gaps first: an incomplete message never stands
 * there without them.  name: the name it gets. */
static int file_body(struct body *b, const struct sw_session *s,
    const struct sw_message *m, char *name)
{
	char gaps[NAME_SIZE];
	bool whole = is_whole(b, m);
	int error = b->error;

	final_name(name, s->id, m->n, whole ? ".eml" : ".incomplete.eml");
	final_name(gaps, s->id, m->n, ".gaps.json");
	if (error == 0 && !whole)
		error = write_gaps(b, s, m, gaps);
	if (error != 0)
		return error;
	error = emit_eml_body_name(b, name);
	if (error != 0 && !whole)
		(void)unlinkat(b->lane->owner->fd, gaps, 0);
	return error;
}

static enum sw_status tell_name(const struct emit_eml *e, const char *name,
    struct sw_message *m, struct arena *arena, struct sw_err *err)
{
	struct buffer path;

	buffer_init(&path, strlen(e->dir) + NAME_SIZE + 1);
	if (buffer_append_str(&path, e->dir) &&
	    (path.p[path.len - 1] == '/' || buffer_append_char(&path, '/')) &&
	    buffer_append_str(&path, name))
		m->file = arena_copy(arena, buffer_slice(&path));
	buffer_fini(&path);
	if (m->file.data)
		return SW_OK;
	return base_error_set(err, SW_ENOMEM, "out of memory");
}

static enum sw_status cannot_write(struct sw_err *err, const char *dir,
    const char *name, int error)
{
	char why[128];

	if (strerror_r(error, why, sizeof(why)) != 0)
		(void)snprintf(why, sizeof(why), "error %d", error);
	return base_error_set(err, error == ENOMEM ? SW_ENOMEM : SW_EWRITE,
	    "cannot write %s/%s: %s", dir, name, why);
}

enum sw_status emit_eml_settle(void *ctx, void *body,
    const struct sw_session *s, struct sw_message *m, bool keep,
    struct arena *arena, struct sw_err *err)
{
	struct lane *l = ctx;
	const struct emit_eml *e = l->owner;
	struct body *b = body;
	enum sw_status status = SW_OK;
	char name[NAME_SIZE];
	int error;

	if (keep) {
		error = file_body(b, s, m, name);
		status = error == 0 ? tell_name(e, name, m, arena, err) :
		    cannot_write(err, e->dir, name, error);
	}
	if (b != &l->none)
		emit_eml_body_free(b);
	return status;
}
