/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ims_talk.c - what is said in sessions of the Internet Mail Service */
#include "logs/ims.h"

/* The event begins with its IO line. */
static void begin_earlier(struct log_session *s, uint32_t n,
    const struct ims_io *io)
{
	struct sw_event *e = n ? session_event(s->b, n) : NULL;

	if (s->first > io->number)
		s->first = io->number;
	if (s->start_time > io->time)
		s->start_time = io->time;
	if (!e || io->number > e->at_first)
		return;
	e->at_first = io->number;
	e->time = io->time;
}

/* One side speaks; its IO line, if there is one, tells the octets. */
static uint32_t say(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text, bool client)
{
	struct log_said said = log_said(line, m->time, text);
	size_t first = 0;
	size_t count = m->io_count ? ims_find_io(m, text, &first) : 0;
	struct ims_io io = { 0 };
	uint32_t n;

	if (ims_is_cut(line, text))
		said.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	if (count > 0)
		io = m->io[first];
	if (count == 1) {
		said.text = ims_io_text(m, &m->io[first]);
		said.octets = (int64_t)said.text.len + 2;
	}
	n = client ? log_say_client(s, &said) : log_say_server(s, &said);
	if (count > 0) {
		begin_earlier(s, n, &io);
		ims_drop_io(m, first, count);
	}
	return n;
}

enum sw_status ims_say_command(struct ims *m, enum ims_pool p,
    const struct ims_spoken *k, const struct log_line *line)
{
	struct log_session *s;
	enum sw_status status = ims_session_of_command(m, p, k, line, &s);

	if (status != SW_OK)
		return status;
	log_sessions_touch(&m->sessions, s, line->number, m->time);
	say(m, s, line, k->text, true);
	if (k->verb == VERB_MAIL || k->verb == VERB_RCPT)
		ims_keep_address(s, k->text);
	else
		ims_extra_of(s)->address_len = 0;
	ims_extra_of(s)->content_by_io = false;
	m->entry = IMS_ENTRY_COMMAND;
	m->speaker = s;
	return SW_OK;
}

enum sw_status ims_say_reply_line(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text)
{
	struct log_reply_line l = log_parse_reply_line(text);

	log_sessions_touch(&m->sessions, s, line->number, m->time);
	say(m, s, line, text, false);
	if (l.code == 220 && !ims_extra_of(s)->greeted && s->seen == 0)
		session_get(s->b)->records |= SW_BIT(SW_RECORDS_GREETING);
	ims_extra_of(s)->greeted = true;
	m->entry = IMS_ENTRY_REPLY;
	m->speaker = s;
	m->more = l.more || (l.code == SW_UNKNOWN && m->more);
	if (!log_session_over(s))
		return SW_OK;
	m->entry = IMS_ENTRY_NONE;
	ims_forget_pools(m);
	return log_sessions_end(&m->sessions, s, SW_ENDING_QUIT);
}

enum sw_status ims_say_reply(struct ims *m, enum ims_pool p,
    const struct ims_spoken *k, const struct log_line *line)
{
	struct log_session *s;
	enum sw_status status = SW_OK;

	/* It answers a command that only an IO line tells. */
	if (p == IMS_POOL_IN && m->io_count > 0 && !ims_awaits_reply(m,
	    ims_pool_of(m, IMS_POOL_IN)))
		status = ims_tell_inferred(m, 1);
	if (status == SW_OK)
		status = ims_session_of_reply(m, p, k, line, &s);
	if (status != SW_OK)
		return status;
	if (log_content_due(s))
		ims_flush_part(m, s, line);
	m->more = false;
	return ims_say_reply_line(m, s, line, k->text);
}

bool ims_say_more(struct ims *m, const struct log_line *line, struct slice text)
{
	struct ims_spoken k = ims_spoken(text);

	if (!session_verb_is_known(k.verb))
		return false;
	log_sessions_touch(&m->sessions, m->speaker, line->number, m->time);
	say(m, m->speaker, line, text, true);
	if (k.verb == VERB_MAIL || k.verb == VERB_RCPT)
		ims_keep_address(m->speaker, text);
	return true;
}

/* A verb that is known, or the line that AUTH awaits; not half of a reply,
 * nor what else stands behind an IO line. */
static bool could_be_command(struct ims *m, const struct ims_spoken *k)
{
	struct log_session *s;

	if (session_verb_is_known(k->verb))
		return true;
	for (s = ims_pool_of(m, IMS_POOL_IN); s; s = s->same_next)
		if (s->auth_line_next && ims_is_auth_line(k->text))
			return true;
	return false;
}

enum sw_status ims_tell_inferred(struct ims *m, size_t count)
{
	enum sw_status status = SW_OK;
	int64_t now = m->time;

	while (count-- > 0 && m->io_count > 0 && status == SW_OK) {
		struct ims_io io = m->io[0];
		struct ims_spoken k = ims_spoken(ims_io_text(m, &io));
		struct log_line line = { .text = k.text,
			.unterminated = io.unterminated,
			.number = io.number, .base = m->sessions.file_count ?
			m->sessions.files[m->sessions.file_count - 1].base :
			0 };
		struct log_said said = log_said(&line, io.time, k.text);
		struct log_session *s;

		if (!could_be_command(m, &k)) {
			account_add(m->sessions.account,
			    ACCOUNT_LINES_NOT_UNDERSTOOD, 1);
			ims_drop_io(m, 0, 1);
			continue;
		}
		m->time = io.time;
		status = ims_session_of_command(m, IMS_POOL_IN, &k, &line, &s);
		if (status != SW_OK)
			break;
		if (!io.unterminated)
			said.octets = (int64_t)k.text.len + 2;
		said.flags = SW_BIT(SW_FLAG_INFERRED);
		if (s->last < io.number)
			log_sessions_touch(&m->sessions, s, io.number,
			    io.time);
		log_say_client(s, &said);
		ims_drop_io(m, 0, 1);
	}
	m->time = now;
	return status;
}
