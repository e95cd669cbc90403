/* SPDX-License-Identifier: GPL-2.0-or-later */
/* saved.c - transcripts that were saved as JSON Lines, read back */
#include "pipeline/saved.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "transcript/store.h"

struct saved {
	struct source *source;
	const struct session_options *options;
	struct account *account;
	struct buffer part; /* of a line that goes on in the next block */
	size_t taken;       /* octets of the source that are used up */
	uint64_t line;
	bool overlong;      /* the line that is read is beyond the limit */
	bool any, refused;  /* of the lines: one was read, one was not */
};

enum sw_status saved_probe(struct source *s, bool *is_r, struct sw_err *err)
{
	static const char begin[] = "{\"transcript\":";
	struct slice head;
	enum sw_status status = source_peek(s, sizeof(begin) - 1, &head,
	    err);

	*is_r = status == SW_OK && slice_has_prefix_nocase(head,
	    slice_str(begin));
	return status;
}

enum sw_status saved_open(struct source *s,
    const struct session_options *options, struct account *account,
    struct saved **v_r, struct sw_err *err)
{
	struct saved *v = calloc(1, sizeof(*v));

	*v_r = v;
	if (!v)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	v->source = s;
	v->options = options;
	v->account = account;
	buffer_init(&v->part, LIMIT_SAVED_LINE);
	return SW_OK;
}

void saved_free(struct saved **vp)
{
	struct saved *v = *vp;

	if (!v)
		return;
	*vp = NULL;
	buffer_fini(&v->part);
	free(v);
}

/* why begins with the line. */
static void warn(struct saved *v, const char *why)
{
	struct buffer b;

	buffer_init(&b, 8192);
	buffer_append_slice(&b, slice_head(slice_str(source_name(v->source)),
	    4096));
	buffer_append_str(&b, ": ");
	buffer_append_slice(&b, slice_head(slice_str(why), 1024));
	account_note_buffer(v->account, ACCOUNT_LIST_WARNINGS, &b);
	buffer_fini(&b);
}

/* What was counted when it was read first. */
static void count_messages(struct saved *v, const struct sw_session *s)
{
	bool has_body = (s->records & 1u << SW_RECORDS_BODY) != 0;
	uint64_t gaps = 0;

	for (size_t i = 0; i < s->message_count; i++)
		gaps += has_body && s->messages[i].size != SW_UNKNOWN &&
		    s->messages[i].missing != 0;
	account_add(v->account, ACCOUNT_MESSAGES, s->message_count +
	    s->omitted.messages);
	account_add(v->account, ACCOUNT_MESSAGES_INCOMPLETE, gaps);
}

/* 1: *b_r; 0: the line holds none. */
static int take_line(struct saved *v, struct slice line,
    struct session_builder **b_r, struct sw_err *err)
{
	struct session_builder *b;
	struct sw_err why;
	enum sw_status status;

	if (slice_trim(line).len == 0)
		return 0;
	if (session_builder_new(v->options, &b) != SW_OK)
		return (int)base_error_set(err, SW_ENOMEM, "out of memory");
	session_adopt(b);
	status = store_read_json(line, v->line, session_arena(b),
	    session_get(b), &why);
	if (status == SW_OK) {
		v->any = true;
		count_messages(v, session_get(b));
		*b_r = b;
		return 1;
	}
	v->refused = true;
	memset(session_get(b), 0, sizeof(*session_get(b)));
	session_builder_free(&b);
	if (status == SW_ENOMEM)
		return (int)base_error_set(err, SW_ENOMEM, "out of memory");
	account_add(v->account, ACCOUNT_LINES_NOT_UNDERSTOOD, 1);
	warn(v, why.text);
	return 0;
}

/* Add to the line that is read. */
static void gather(struct saved *v, struct slice s)
{
	if (!buffer_append_slice(&v->part, s))
		v->overlong = true;
}

/* The line is complete. */
static int finish_line(struct saved *v, struct session_builder **b_r,
    struct sw_err *err)
{
	char why[64];
	int got = 0;

	v->line++;
	account_add(v->account, ACCOUNT_LINES, 1);
	if (v->part.failed)
		return (int)base_error_set(err, SW_ENOMEM, "out of memory");
	if (v->overlong) {
		account_add(v->account, ACCOUNT_LINES_NOT_UNDERSTOOD, 1);
		v->refused = true;
		snprintf(why, sizeof(why), "line %llu: a transcript that is "
		    "too long", (unsigned long long)v->line);
		warn(v, why);
	} else {
		got = take_line(v, buffer_slice(&v->part), b_r, err);
	}
	buffer_clear(&v->part);
	v->overlong = false;
	return got;
}

/* What holds lines, but not one that is a transcript, was not read. */
static int finish(struct saved *v, struct sw_err *err)
{
	if (v->any || !v->refused)
		return 0;
	v->refused = false; /* told once */
	return (int)base_error_set(err, SW_EFORMAT, "%s: none of its lines "
	    "is a transcript", source_name(v->source));
}

int saved_next(struct saved *v, struct session_builder **b_r,
    struct sw_err *err)
{
	for (;;) {
		struct slice s;
		const uint8_t *lf;
		enum sw_status status = source_skip(v->source, v->taken, err);
		int got;

		v->taken = 0;
		if (status == SW_OK)
			status = source_peek(v->source, 1, &s, err);
		if (status != SW_OK)
			return (int)status;
		lf = s.len ? memchr(s.p, '\n', s.len) : NULL;
		gather(v, slice_head(s, lf ? (size_t)(lf - s.p) : s.len));
		v->taken = lf ? (size_t)(lf - s.p) + 1 : s.len;
		if (!lf && s.len > 0)
			continue;
		if (!lf && v->part.len == 0 && !v->overlong)
			return finish(v, err);
		got = finish_line(v, b_r, err);
		if (got != 0)
			return got;
	}
}
