/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log_dump.h - for the tests of logs: read one in pieces of any size, and
 * tell what came of it in a few words a line
 */
#ifndef LOG_DUMP_H
#define LOG_DUMP_H

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "logs/sessions.h"

static void dump_text(struct buffer *b, const char *name, struct sw_bytes s)
{
	if (!s.data)
		return;
	buffer_append_char(b, ' ');
	buffer_append_str(b, name);
	buffer_append_char(b, '=');
	buffer_append(b, s.data, s.len);
}

static void dump_number(struct buffer *b, const char *name, int64_t v)
{
	if (v == SW_UNKNOWN)
		return;
	buffer_append_char(b, ' ');
	buffer_append_str(b, name);
	buffer_append_char(b, '=');
	buffer_append_i64(b, v);
}

static void dump_time(struct buffer *b, const struct sw_clock *clock,
    int64_t t)
{
	buffer_append_char(b, ' ');
	if (t == SW_NO_TIME)
		buffer_append_char(b, '-');
	else
		clock_append(b, clock, t, 'T');
}

static void dump_event(struct buffer *b, const struct sw_clock *clock,
    const struct sw_event *e)
{
	unsigned i;
	size_t k;

	buffer_append_str(b, "  ");
	buffer_append_u64(b, e->n);
	dump_time(b, clock, e->time);
	buffer_append_char(b, ' ');
	buffer_append_str(b, e->by == SW_NOBODY ? "-" : sw_role_name(e->by));
	buffer_append_char(b, ' ');
	buffer_append_str(b, sw_event_kind_name(e->kind));
	dump_number(b, "at", (int64_t)e->at_first);
	switch (e->kind) {
	case SW_EVENT_COMMAND:
		dump_text(b, "verb", e->u.command.verb);
		dump_text(b, "argument", e->u.command.argument);
		dump_text(b, "line", e->u.command.line);
		dump_number(b, "octets", e->u.command.octets);
		break;
	case SW_EVENT_REPLY:
		dump_number(b, "code", e->u.reply.code);
		dump_number(b, "to", e->u.reply.to);
		for (k = 0; k < e->u.reply.line_count; k++)
			dump_text(b, "text", e->u.reply.lines[k]);
		dump_text(b, "enhanced", e->u.reply.enhanced);
		dump_number(b, "octets", e->u.reply.octets);
		break;
	case SW_EVENT_DATA:
		dump_time(b, clock, e->end);
		dump_number(b, "of", e->u.data.of);
		dump_number(b, "message", e->u.data.message);
		dump_number(b, "size", e->u.data.size);
		dump_number(b, "missing", e->u.data.missing);
		dump_number(b, "octets", e->u.data.octets);
		if (e->u.data.gaps_known)
			buffer_append_str(b, " gaps");
		break;
	case SW_EVENT_NOTE:
		dump_text(b, "text", e->u.note.text);
		break;
	case SW_EVENT_CONNECT:
	case SW_EVENT_TLS:
	case SW_EVENT_GAP:
	case SW_EVENT_CLOSE:
	case SW_EVENT_KIND_COUNT:
		break;
	}
	for (i = 0; i < SW_FLAG_COUNT; i++)
		if (e->flags & SW_BIT(i)) {
			buffer_append_char(b, ' ');
			buffer_append_str(b, sw_flag_name((enum sw_flag)i));
		}
	buffer_append_char(b, '\n');
}

static void dump_message(struct buffer *b, const struct sw_message *m)
{
	size_t i;

	buffer_append_str(b, "  message ");
	buffer_append_str(b, sw_outcome_name(m->outcome));
	dump_number(b, "code", m->code);
	dump_number(b, "size", m->size);
	dump_text(b, "from", m->from);
	dump_text(b, "id", m->message_id);
	dump_text(b, "queue-id", m->queue_id);
	for (i = 0; i < m->recipient_count; i++) {
		dump_text(b, "to", m->recipients[i].to);
		buffer_append_char(b, ' ');
		buffer_append_str(b, sw_recipient_status_name(
		    m->recipients[i].status));
	}
	buffer_append_char(b, '\n');
}

static void dump_head(struct buffer *b, const struct sw_session *s)
{
	uint8_t id[8];
	unsigned i;

	for (i = 0; i < 8; i++)
		id[i] = (uint8_t)(s->id >> (56 - 8 * i));
	buffer_append_str(b, "session ");
	buffer_append_hex(b, id, sizeof(id));
	dump_number(b, "first", (int64_t)s->source.first);
	dump_number(b, "last", (int64_t)s->source.last);
	buffer_append_char(b, ' ');
	buffer_append_str(b, sw_recorder_name(s->recorder));
	buffer_append_char(b, ' ');
	buffer_append_str(b, sw_ending_name(s->ending));
	dump_time(b, &s->clock, s->start);
	dump_time(b, &s->clock, s->end);
	buffer_append_char(b, ' ');
	buffer_append_str(b, sw_date_kind_name(s->clock.date));
	buffer_append_str(b, "\n ");
	dump_text(b, "client", s->client.ip);
	dump_text(b, "name", s->client.name);
	dump_text(b, "server", s->server.ip);
	dump_number(b, "port", s->server.port);
	dump_text(b, "name", s->server.name);
	for (i = 0; i < s->auth_count; i++) {
		dump_text(b, "auth", s->auth[i].mechanism);
		dump_text(b, "user", s->auth[i].user);
		dump_number(b, "code", s->auth[i].code);
	}
	if (s->encryption) {
		buffer_append_str(b, s->encryption->decrypted ?
		    " encrypted, told in clear" : " encrypted");
		dump_text(b, "version", s->encryption->version);
		dump_text(b, "cipher", s->encryption->cipher);
	}
	buffer_append_str(b, "\n  records");
	for (i = 0; i < SW_RECORDS_COUNT; i++)
		if (s->records & SW_BIT(i)) {
			buffer_append_char(b, ' ');
			buffer_append_str(b,
			    sw_record_name((enum sw_record)i));
		}
	buffer_append_char(b, '\n');
}

/* The sink: ctx is the buffer. */
static enum sw_status dump_session(void *ctx, struct session_builder *builder)
{
	struct buffer *b = ctx;
	const struct sw_session *s = session_finish(builder);
	size_t i;

	dump_head(b, s);
	for (i = 0; i < s->event_count; i++)
		dump_event(b, &s->clock, &s->events[i]);
	for (i = 0; i < s->message_count; i++)
		dump_message(b, &s->messages[i]);
	for (i = 0; i < s->note_count; i++) {
		buffer_append_str(b, "  note ");
		buffer_append_str(b, sw_note_name(s->notes[i].code));
		dump_number(b, "at", (int64_t)s->notes[i].at_first);
		buffer_append_char(b, '\n');
	}
	session_builder_free(&builder);
	return SW_OK;
}

static void dump_account(struct buffer *b, const struct account *a)
{
	const struct account_entry *e;
	unsigned i;

	dump_number(b, "lines", (int64_t)a->counters[ACCOUNT_LINES]);
	dump_number(b, "not understood",
	    (int64_t)a->counters[ACCOUNT_LINES_NOT_UNDERSTOOD]);
	buffer_append_char(b, '\n');
	for (i = 0; i < ACCOUNT_LIST_COUNT; i++)
		for (e = a->lists[i]; e; e = e->next) {
			buffer_append_str(b, "  ");
			buffer_append(b, e->text, e->len);
			buffer_append_char(b, '\n');
		}
}

/*
 * Read text as a log of this format in pieces of n octets, each in a block
 * of its own, and append what came of it.  SW_OK if nothing failed.
 */
static enum sw_status dump_log_as(const struct log_format *format,
    const struct log_options *options, const char *name, struct slice text,
    size_t n, struct buffer *out)
{
	struct log_sink sink = { out, dump_session };
	struct account account;
	struct log_lines lines;
	struct log_line line;
	struct log_sessions *state;
	enum sw_status status;
	int more = 0;

	account_init(&account);
	log_lines_init(&lines);
	status = log_state_new(format, options, name, &account, &sink,
	    &state);
	while (text.len > 0 && status == SW_OK) {
		struct slice part = slice_head(text, n);
		uint8_t *copy = malloc(part.len);

		if (!copy)
			abort();
		memcpy(copy, part.p, part.len);
		text = slice_from(text, part.len);
		log_lines_feed(&lines, slice_make(copy, part.len));
		while (status == SW_OK &&
		    (more = log_lines_next(&lines, &line)) > 0) {
			account_add(&account, ACCOUNT_LINES, 1);
			status = format->line(state, &line);
		}
		free(copy);
	}
	if (status == SW_OK && (more = log_lines_end(&lines, &line)) > 0) {
		account_add(&account, ACCOUNT_LINES, 1);
		status = format->line(state, &line);
	}
	if (status == SW_OK)
		status = log_state_end(state);
	dump_account(out, &account);
	log_state_free(&state);
	log_lines_fini(&lines);
	account_fini(&account);
	return more < 0 ? SW_ENOMEM : status;
}

/* The same without options. */
static inline enum sw_status dump_log(const struct log_format *format,
    const char *name, struct slice text, size_t n, struct buffer *out)
{
	struct log_options options;

	memset(&options, 0, sizeof(options));
	return dump_log_as(format, &options, name, text, n, out);
}

#endif
