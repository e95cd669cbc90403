/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ims_content.c - messages in logs of the Internet Mail Service */
#include "logs/ims.h"

/* Octets of an entry of Exchange 4.0 (Q159290). */
#define CUT_AT 1024

bool ims_is_cut(const struct log_line *line, struct slice text)
{
	return line->unterminated || text.len == CUT_AT ||
	    line->text.len == CUT_AT;
}

static void tell_content(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text)
{
	struct log_said said = log_said(line, m->time, text);

	if (s->content.no_message)
		return; /* XEXCH50: its octets are no lines */
	if (ims_is_cut(line, text))
		said.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE);
	log_content_line(s, &said, true, true);
}

void ims_flush_part(struct ims *m, struct log_session *s,
    const struct log_line *line)
{
	if (m->part_open && m->part.len > 0 && log_content_due(s))
		tell_content(m, s, line, buffer_slice(&m->part));
	m->part_open = false;
	buffer_clear(&m->part);
}

/*
 * A line of an entry that tells content.  Where entries hold their line ends
 * the last line of each may go on in the next: it is told when its end is
 * seen.
 */
static void take_content(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text, bool first)
{
	bool keeps = m->by_io ? m->io_keeps_end : m->keeps_end;

	m->entry = IMS_ENTRY_CONTENT;
	m->speaker = s;
	log_sessions_touch(&m->sessions, s, line->number, m->time);
	if (!keeps) {
		tell_content(m, s, line, text);
		return;
	}
	if (!first && m->part_open) {
		tell_content(m, s, line, buffer_slice(&m->part));
		buffer_clear(&m->part);
	}
	m->part_open = true;
	if (!buffer_append_slice(&m->part, text)) { /* no line is so long */
		ims_flush_part(m, s, line);
		tell_content(m, s, line, text);
	}
}

static void content_by_io(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text, bool first)
{
	if (first)
		ims_mark_ambiguous_content(m, line);
	ims_extra_of(s)->content_by_io = true;
	m->by_io = true;
	buffer_clear(&m->last_io);
	buffer_append_slice(&m->last_io, text);
	take_content(m, s, line, text, first);
}

void ims_settle_io(struct ims *m)
{
	struct log_session *s = ims_content_of(m);
	int64_t now = m->time;
	size_t i;

	m->io_undecided = false;
	for (i = 0; s && i < m->io_count && log_content_due(s); i++) {
		struct slice text = ims_io_text(m, &m->io[i]);
		struct log_line line = { .text = text,
			.number = m->io[i].number,
			.unterminated = m->io[i].unterminated };

		m->time = m->io[i].time;
		content_by_io(m, s, &line, text, i == 0);
	}
	m->time = now;
	ims_drop_io(m, 0, i);
}

void ims_take_io(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct log_session *s = ims_content_of(m);
	struct ims_spoken k;

	if (!s) {
		ims_push_io(m, line, text);
		m->entry = IMS_ENTRY_IO;
		return;
	}
	k = ims_spoken(text);
	if (ims_other_could_speak(m, &k) || (k.reply.code != SW_UNKNOWN &&
	    ims_awaits_reply(m, ims_pool_of(m, IMS_POOL_OUT)))) {
		ims_push_io(m, line, text);
		m->entry = IMS_ENTRY_IO;
		m->io_undecided = true;
		return;
	}
	content_by_io(m, s, line, text, true);
}

void ims_more_content(struct ims *m, const struct log_line *line,
    struct slice text)
{
	bool due = log_content_due(m->speaker);

	if (due && m->by_io)
		content_by_io(m, m->speaker, line, text, false);
	else if (due)
		take_content(m, m->speaker, line, text, false);
	else if (m->by_io && text.len > 0)
		ims_push_io(m, line, text);
}

bool ims_take_bare_content(struct ims *m, struct log_session *s,
    const struct ims_spoken *k, const struct log_line *line)
{
	bool verb = session_verb_is_known(k->verb);

	if (slice_eq(buffer_slice(&m->last_io), k->text) &&
	    ims_extra_of(s)->content_by_io)
		return true;
	if (ims_other_could_speak(m, k))
		return false;
	/* A lower level tells neither content nor dot, and the verdict is
	 * missing. */
	if (ims_score_command(s, k) > 0)
		return false;
	if (ims_extra_of(s)->content_by_io)
		return !verb;
	m->by_io = false;
	ims_mark_ambiguous_content(m, line);
	take_content(m, s, line, k->text, true);
	return true;
}

bool ims_is_dot_again(struct ims *m, struct slice text)
{
	struct log_session *s;

	if (text.len != 1 || text.p[0] != '.')
		return false;
	for (s = ims_pool_of(m, IMS_POOL_IN); s; s = s->same_next)
		if (s->content.of && s->content.data)
			return true;
	return false;
}
