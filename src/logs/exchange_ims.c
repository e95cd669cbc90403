/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exchange_ims.c - SMTP protocol logs of the Internet Mail Connector and
 * Service of Exchange 4.0, 5.0 and 5.5
 *
 * Theory of operation.  An entry begins with date, time and a colon, in the
 * short forms of the server's locale; what follows without them belongs to
 * it still.  "<<<" was received by this host, ">>>" sent by it, whichever
 * role it had.  At the highest level "<<< IO: |" tells the octets as they
 * were read, in front of the line that was parsed out of them.
 *
 *   5/13/00 2:36:27 PM : A connection was accepted from SERVER1.
 *   5/13/00 2:36:27 PM : <<< IO: |EHLO  client.example.org
 *   5/13/00 2:36:27 PM : <<< EHLO client.example.org
 *   5/13/00 2:36:27 PM : >>> 250-mx.example.com Hello [192.0.2.10]
 *   250 AUTH=LOGIN
 *
 *   5/13/00 2:36:30 PM : A connection to 192.0.2.25 was established.
 *
 * Entries name no session.  There are two pools, connections made to this
 * host and by it: a received reply is one of the second, a received command
 * one of the first.  Within a pool the grammar of SMTP decides: a command
 * suits a session that awaits one and has come so far, a reply one whose
 * newest command awaits it, best the one whose address it repeats.  Where
 * two suit alike both bear the note ambiguous-interleaving.
 *
 * An IO line is evidence, never a second command: its octets are held until
 * the parsed line comes, which then tells them.  One that no parsed line
 * follows is a command all the same (inferred).  Between a 354 and the
 * verdict IO lines, or plain received ones, are the message.  Whether an
 * entry holds the line end of what it tells is seen from the entries before:
 * those that do are followed by an empty line.
 *
 * The order of day and month is worked out of the dates; the first
 * LIMIT_LOG_PROBE octets of lines are held back as long as they leave it
 * open, then an order is assumed and noted.
 *
 * NNTP, POP3 and IMAP4 logs of the same server have this form too: their
 * lines are counted and left out.
 *
 * Exchange 4.0 cuts entries at 1024 octets: flag truncated, of content a
 * gap behind what is told.
 *
 * Not handled: designators of half days other than AM and PM.
 */
#include "logs/families.h"
#include "logs/ims.h"

/* Verbs of NNTP (RFC 977, RFC 2980) that SMTP does not have. */
static bool is_news(struct slice text)
{
	static const char *const verbs[] = { "ARTICLE", "AUTHINFO", "BODY",
		"CHECK", "GROUP", "HEAD", "IHAVE", "LIST", "MODE",
		"NEWGROUPS", "NEWNEWS", "POST", "STAT", "TAKETHIS", "XHDR",
		"XOVER" };
	struct slice word = log_take_word(&text);
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (slice_eq_nocase(word, slice_str(verbs[i])))
			return true;
	return false;
}

/* A reply of POP3 or IMAP4, whose logs have this form too. */
static bool is_mailbox_reply(struct slice text)
{
	static const char *const words[] = { "+OK", "-ERR", "* OK", "* BYE",
		"* BAD", "* NO", "* PREAUTH" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_has_prefix_nocase(text, slice_str(words[i])))
			return true;
	return false;
}

/* Sessions that have said nothing of SMTP so far were of that protocol. */
static void drop_mailbox(struct ims *m)
{
	static const uint32_t smtp = SW_BIT(VERB_HELO) | SW_BIT(VERB_EHLO) |
	    SW_BIT(VERB_MAIL) | SW_BIT(VERB_RCPT);
	struct log_session *s, *next;

	for (s = ims_pool_of(m, IMS_POOL_IN); s; s = next) {
		next = s->same_next;
		if ((s->seen & smtp) || s->last_code != SW_UNKNOWN)
			continue;
		m->other_lines += session_get(s->b)->event_count;
		log_sessions_drop(&m->sessions, s);
	}
	ims_drop_io(m, 0, m->io_count);
	ims_forget_pools(m);
	m->other = true;
	m->other_lines++;
	m->entry = IMS_ENTRY_OTHER;
}

static bool none_open(struct ims *m)
{
	return !ims_pool_of(m, IMS_POOL_IN) && !ims_pool_of(m, IMS_POOL_OUT);
}

static enum sw_status take_received(struct ims *m,
    const struct log_line *line, struct slice text)
{
	struct ims_spoken k = ims_spoken(text);
	struct log_session *content = ims_content_of(m);
	struct log_session *out = ims_pool_of(m, IMS_POOL_OUT);
	bool reply = k.reply.code != SW_UNKNOWN;

	if (reply && (!content || ims_awaits_reply(m, out)))
		return ims_say_reply(m, IMS_POOL_OUT, &k, line);
	if (content && ims_take_bare_content(m, content, &k, line))
		return SW_OK;
	if (ims_is_dot_again(m, text))
		return SW_OK;
	if (reply)
		return ims_say_reply(m, IMS_POOL_OUT, &k, line);
	if (k.verb == VERB_NONE && !ims_pool_of(m, IMS_POOL_IN) &&
	    ims_awaits_reply(m, out))
		return ims_say_reply(m, IMS_POOL_OUT, &k, line);
	return ims_say_command(m, IMS_POOL_IN, &k, line);
}

static enum sw_status take_sent(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct ims_spoken k = ims_spoken(text);
	bool reply = k.reply.code != SW_UNKNOWN;

	if (!reply && is_mailbox_reply(text)) {
		drop_mailbox(m);
		return SW_OK;
	}
	/* A reply without a code. */
	if (!reply && !ims_pool_of(m, IMS_POOL_OUT) && k.verb == VERB_NONE &&
	    ims_awaits_reply(m, ims_pool_of(m, IMS_POOL_IN)))
		reply = true;
	return reply ? ims_say_reply(m, IMS_POOL_IN, &k, line) :
	    ims_say_command(m, IMS_POOL_OUT, &k, line);
}

/* "<<< MAIL From:<a@example.org>" */
static enum sw_status take_arrow(struct ims *m, const struct log_line *line,
    struct slice text)
{
	bool sent = text.p[0] == '>';

	text = slice_from(text, 3);
	log_take_octet(&text, ' ');
	if (!sent && log_take_text(&text, "IO:")) {
		log_take_blanks(&text);
		log_take_octet(&text, '|');
		ims_take_io(m, line, text);
		return SW_OK;
	}
	if (m->other && (none_open(m) || is_news(text))) {
		m->entry = IMS_ENTRY_OTHER;
		m->other_lines++;
		return SW_OK;
	}
	return sent ? take_sent(m, line, text) :
	    take_received(m, line, text);
}

/* "451 ... Message subject: ....  Rescheduling delivery for later." */
static void take_deferral(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct log_session *s, *best = NULL;

	for (s = ims_pool_of(m, IMS_POOL_OUT); s; s = s->same_next)
		if (!best || s->last > best->last)
			best = s;
	if (!best) { /* its session is over, or of another file */
		log_not_understood(&m->sessions, line);
		return;
	}
	log_sessions_touch(&m->sessions, best, line->number, m->time);
	log_say_note(best, line, m->time, text);
}

/* "[192.0.2.10]." without what is around the name. */
static struct slice bare_name(struct slice s)
{
	s = slice_trim(s);
	while (s.len > 0 && s.p[s.len - 1] == '.')
		s.len--;
	if (s.len >= 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		s = slice_make(s.p + 1, s.len - 2);
	return s;
}

/* Neither arrow: connections, deliveries. */
static enum sw_status take_event(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct slice rest = text;
	size_t n;

	if (log_take_text(&rest, "A connection was accepted from "))
		return ims_open_in(m, line, text, bare_name(rest));
	if (log_take_text(&rest, "A connection to ")) {
		n = slice_find_nocase(rest, slice_str(" was established"));
		return ims_open_out(m, line, text, bare_name(slice_head(rest,
		    n)));
	}
	if (log_take_text(&rest, "Connection to [") &&
	    log_contains(rest, "] established")) {
		m->other = true;
		m->other_lines++;
		m->entry = IMS_ENTRY_OTHER;
		return SW_OK;
	}
	if (log_contains(text, "Message subject:") ||
	    log_contains(text, "Rescheduling delivery"))
		take_deferral(m, line, text);
	else
		log_not_understood(&m->sessions, line);
	return SW_OK;
}

/* Another entry begins: what the one before was like. */
static void end_entry(struct ims *m)
{
	if (m->entry == IMS_ENTRY_IO)
		m->io_keeps_end = m->blank;
	else if (m->entry == IMS_ENTRY_COMMAND || m->entry == IMS_ENTRY_REPLY)
		m->keeps_end = m->blank;
	m->entry = IMS_ENTRY_NONE;
	m->blank = false;
}

static bool is_arrow(struct slice text)
{
	return text.len >= 3 && (text.p[0] == '<' || text.p[0] == '>') &&
	    text.p[1] == text.p[0] && text.p[2] == text.p[0];
}

/* Is this the parsed line of the IO entry that could be content? */
static bool settles(const struct ims *m, struct slice text)
{
	size_t first;

	text = slice_from(text, 3);
	log_take_octet(&text, ' ');
	return ims_find_io(m, text, &first) > 0;
}

static enum sw_status take_entry(struct ims *m, const struct log_line *line,
    struct slice text)
{
	end_entry(m);
	if (m->io_undecided) {
		if (is_arrow(text) && text.p[0] == '<' && settles(m, text))
			m->io_undecided = false;
		else
			ims_settle_io(m);
		m->entry = IMS_ENTRY_NONE;
	}
	return is_arrow(text) ? take_arrow(m, line, text) :
	    take_event(m, line, text);
}

/* The entries of a line: more than one where line ends were lost. */
static enum sw_status take_entries(struct ims *m, const struct log_line *line,
    struct slice text)
{
	for (;;) {
		bool content = is_arrow(text) && text.p[0] == '<' &&
		    ims_content_of(m);
		size_t next = content ? text.len : ims_find_next_entry(text);
		struct slice piece = slice_head(text, next);
		enum sw_status status = ims_expire(m);

		if (next < text.len && piece.len > 0 &&
		    piece.p[piece.len - 1] == ' ')
			piece.len--;
		if (status == SW_OK)
			status = take_entry(m, line, piece);
		if (status != SW_OK || next == text.len)
			return status;
		text = slice_from(text, next);
		next = ims_take_prefix(m, text);
		if (next == 0)
			return SW_OK;
		text = slice_from(text, next);
	}
}

/* A line without date and time. */
static enum sw_status take_rest(struct ims *m, const struct log_line *line)
{
	struct slice text = line->text;

	m->blank = text.len == 0;
	switch (m->entry) {
	case IMS_ENTRY_CONTENT:
		ims_more_content(m, line, text);
		return SW_OK;
	case IMS_ENTRY_IO:
		if (text.len > 0)
			ims_push_io(m, line, text);
		return SW_OK;
	case IMS_ENTRY_OTHER:
		m->other_lines++;
		return SW_OK;
	case IMS_ENTRY_REPLY:
		if (text.len > 0 && (m->more ||
		    log_parse_reply_line(text).code != SW_UNKNOWN))
			return ims_say_reply_line(m, m->speaker, line, text);
		break;
	case IMS_ENTRY_COMMAND:
		if (ims_say_more(m, line, text))
			return SW_OK;
		break;
	case IMS_ENTRY_NONE:
		break;
	}
	if (text.len > 0)
		log_not_understood(&m->sessions, line);
	return SW_OK;
}

static enum sw_status take_whole(struct ims *m, const struct log_line *line)
{
	struct slice text = line->text;
	size_t next = ims_take_prefix(m, text);

	if (next > 0)
		return take_entries(m, line, slice_from(text, next));
	/* What was broken in copying may hold whole entries behind. */
	next = m->entry == IMS_ENTRY_CONTENT ? text.len :
	    ims_find_next_entry(text);
	if (next == text.len)
		return take_rest(m, line);
	log_not_understood(&m->sessions, line);
	text = slice_from(text, next);
	next = ims_take_prefix(m, text);
	return next > 0 ? take_entries(m, line, slice_from(text, next)) :
	    SW_OK;
}

static enum sw_status read_line(struct ims *m, const struct log_line *line)
{
	enum sw_status status = take_whole(m, line);

	return status == SW_OK && m->io_text.failed ? SW_ENOMEM : status;
}

/* --- lines held until the order of dates is known ----------------------- */

static enum sw_status release(struct ims *m)
{
	enum sw_status status = SW_OK;
	size_t i;

	if (!m->holding)
		return SW_OK;
	m->holding = false;
	m->replaying = true; /* they have voted */
	for (i = 0; i < m->held.count && status == SW_OK; i++) {
		struct log_line line = log_held_at(&m->held, i);

		if (m->order == LOG_DATE_AUTO && line.text.len > 0 &&
		    ascii_is_digit(line.text.p[0])) {
			m->order = ims_likely_order(line.text);
			m->assumed = true;
		}
		status = read_line(m, &line);
	}
	m->replaying = false;
	log_held_fini(&m->held);
	return status;
}

/* Not inlined: only the first lines come here. */
static __attribute__((noinline)) enum sw_status hold(struct ims *m,
    const struct log_line *line)
{
	struct slice text = line->text;
	struct log_numeric_date d;
	int64_t ns;
	enum sw_status status = log_held_add(&m->held, line);

	if (status != SW_OK)
		return status;
	if (ims_parse_prefix(&text, &d, &ns))
		ims_vote(m, &d);
	if (m->order != LOG_DATE_AUTO || log_held_is_full(&m->held))
		return release(m);
	return SW_OK;
}

/* --- the family --------------------------------------------------------- */

static bool probe(struct slice head)
{
	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct log_numeric_date d;
		int64_t ns;

		if (ims_parse_prefix(&line, &d, &ns) && ims_begins_entry(line))
			return true;
	}
	return false;
}

static void close_log(void *state)
{
	struct ims *m = state;

	log_held_fini(&m->held);
	buffer_fini(&m->io_text);
	buffer_fini(&m->part);
	buffer_fini(&m->last_io);
}

static enum sw_status open_log(void *state)
{
	struct ims *m = state;

	m->time = m->expired = SW_NO_TIME;
	m->order = m->sessions.options->date_order;
	m->holding = m->order == LOG_DATE_AUTO;
	log_held_init(&m->held);
	buffer_init(&m->io_text, IMS_IO_OCTETS + LIMIT_LINE);
	buffer_init(&m->part, LIMIT_LINE);
	buffer_init(&m->last_io, LIMIT_LINE);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct ims *m = state;
	enum sw_status status;

	status = m->holding ? hold(m, line) : read_line(m, line);
	if (m->io_text.failed || m->part.failed || m->last_io.failed)
		return SW_ENOMEM;
	return status;
}

/* What was still to be decided at the end of a file. */
static enum sw_status end_file(void *state)
{
	struct ims *m = state;
	enum sw_status status = release(m);

	end_entry(m);
	if (m->io_undecided)
		ims_settle_io(m);
	m->entry = IMS_ENTRY_NONE;
	if (status == SW_OK)
		status = ims_tell_inferred(m, m->io_count);
	ims_forget_pools(m);
	log_left_out(&m->sessions, m->other_lines);
	m->other_lines = 0;
	if (m->contradicted)
		log_order_contradicted(&m->sessions);
	m->contradicted = false;
	return status;
}

/* Lines that go on with what it said are of no session. */
static void forget(void *state, const struct log_session *s)
{
	struct ims *m = state;

	ims_forget_pools(m);
	if (m->speaker != s)
		return;
	m->speaker = NULL;
	if (m->entry == IMS_ENTRY_CONTENT) {
		m->part_open = false;
		buffer_clear(&m->part);
	}
	if (m->entry == IMS_ENTRY_COMMAND || m->entry == IMS_ENTRY_REPLY ||
	    m->entry == IMS_ENTRY_CONTENT)
		m->entry = IMS_ENTRY_NONE;
}

const struct log_format log_exchange_ims = {
	.name = "exchange-ims",
	.title = "Exchange 4.0 to 5.5, Internet Mail Connector or Service",
	.times = "local, 1 s",
	.records = IMS_RECORDS | SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_GREETING) | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE),
	.state_size = sizeof(struct ims),
	.session_size = sizeof(struct ims_extra),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.file_end = end_file,
	.gone = forget,
	.close = close_log,
};
