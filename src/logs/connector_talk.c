/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connector_talk.c - what a row of an Exchange connector says */
#include "logs/connector.h"
#include "logs/text.h"
#include "logs/when.h"

/*
 * Numbers are missing in front of this row.  In AUTH they are those of the
 * client's lines.  Else, if a command follows one that awaits its reply, it
 * is most probably the reply that is missing.
 */
uint32_t connector_skip_missing(struct log_session *s,
    const struct connector_values *v, bool command)
{
	struct connector_remark *m = connector_extra(s);
	int64_t sequence = connector_number(v->of[CONNECTOR_SEQUENCE]);
	bool missing = m->sequence != SW_UNKNOWN &&
	    sequence > m->sequence + 1;

	if (sequence != SW_UNKNOWN)
		m->sequence = sequence;
	if (!missing || s->auth_open)
		return 0;
	if (command)
		log_talk_flush(s);
	if (command && log_session_outstanding(s) == 1)
		log_session_unanswered(s);
	return SW_BIT(SW_FLAG_AFTER_GAP);
}

/* Find a number in front of this text: "11511 bytes in". */
static int64_t number_before(struct slice text, const char *what)
{
	size_t end = slice_find_nocase(text, slice_str(what)), n;

	if (end == text.len)
		return SW_UNKNOWN;
	n = end;
	while (n > 0 && ascii_is_digit(text.p[n - 1]))
		n--;
	return connector_number(slice_from(slice_head(text, end), n));
}

/* The "<id>" with which the text begins. */
static struct slice leading_id(struct slice text)
{
	const uint8_t *end = text.len > 2 && text.p[0] == '<' ?
	    memchr(text.p, '>', text.len) : NULL;

	return slice_head(text, end ? (size_t)(end - text.p) + 1 : 0);
}

static void tell_message_id(struct log_session *s, struct slice id)
{
	if (id.len > 0)
		log_session_message_id(s, id);
}

/* Of the verdict: "250 2.6.0 <id> [InternalId=1, ...] 11511 bytes in". */
static void tell_verdict(struct log_session *s, struct slice text)
{
	struct slice rest = slice_from(text, 4);

	if (slice_find_nocase(text, slice_str("[InternalId=")) == text.len)
		return;
	while (rest.len > 0 && rest.p[0] != '<' && (rest.p[0] == '.' ||
	    rest.p[0] == ' ' || ascii_is_digit(rest.p[0])))
		rest = slice_from(rest, 1);
	tell_message_id(s, leading_id(rest));
}

/* "<authentication response>": the log's own mask. */
static bool is_placeholder(struct slice text)
{
	return text.len > 2 && text.p[0] == '<' &&
	    text.p[text.len - 1] == '>' &&
	    log_contains(text, "authentication");
}

/* Words behind "Hello [address]", all capitals: lines of EHLO, joined by one
 * blank where a copy has lost the second. */
static bool has_keywords(struct slice text)
{
	size_t at = slice_find_nocase(text, slice_str("] ")), n = 0;
	struct slice rest = slice_from(text, at + 2);

	while (n < rest.len && (rest.p[n] == '-' || ascii_is_digit(rest.p[n])
	    || (rest.p[n] >= 'A' && rest.p[n] <= 'Z')))
		n++;
	return n > 2 && (n == rest.len || rest.p[n] == ' ');
}

/* Does this one row tell all lines of the reply to EHLO? */
static bool is_joined(const struct log_session *s, struct slice text)
{
	struct log_reply_line l = log_parse_reply_line(text);

	if (s->last_verb != VERB_EHLO || log_session_outstanding(s) != 1 ||
	    l.code != 250 || l.more || (s->reply && l.text.len == 0))
		return false;
	return (l.text.len > 0 && l.text.p[0] == ' ') ||
	    has_keywords(l.text);
}

/* "250", two blanks, the lines: as one line, without the second blank. */
static void say_joined(struct connector *x, struct log_session *s,
    struct log_said *said)
{
	struct slice rest = slice_from(said->text, 3);

	log_take_blanks(&rest);
	buffer_clear(&x->text);
	buffer_append_slice(&x->text, slice_head(said->text, 3));
	buffer_append_char(&x->text, ' ');
	buffer_append_slice(&x->text, rest);
	said->text = buffer_slice(&x->text);
	said->flags |= SW_BIT(SW_FLAG_JOINED);
	session_get(s->b)->records &= ~SW_BIT(SW_RECORDS_REPLY_LINES);
	log_say_server(s, said);
}

static void say_server(struct connector *x, struct log_session *s,
    struct log_said *said)
{
	struct log_reply_line l;
	struct connector_remark *m = connector_extra(s);
	bool verdict = log_content_due(s);

	if (is_joined(s, said->text)) {
		say_joined(x, s, said);
		return;
	}
	l = log_parse_reply_line(said->text);
	if (l.code == 334 && is_placeholder(l.text))
		said->flags |= SW_BIT(SW_FLAG_MASKED);
	if (l.code == 250)
		verdict |= s->last_verb == VERB_BDAT;
	if (verdict && l.code == 250)
		log_content_size(s, number_before(said->text, " bytes in"));
	log_say_server(s, said);
	if (m->id.data && s->phase != LOG_PHASE_START &&
	    s->phase != LOG_PHASE_READY) {
		tell_message_id(s, slice_make(m->id.data, m->id.len));
		m->id.data = NULL;
	}
	if (verdict && l.code == 250)
		tell_verdict(s, said->text);
}

void connector_say(struct connector *x, struct log_session *s, bool sent,
    struct log_said *said, const struct connector_values *v)
{
	enum sw_role by = log_role(s, sent, said->text);

	connector_extra(s)->talked = true;
	said->flags |= connector_skip_missing(s, v, by == SW_CLIENT);
	if (by == SW_SERVER) {
		say_server(x, s, said);
		return;
	}
	if (is_placeholder(said->text))
		said->flags |= SW_BIT(SW_FLAG_MASKED);
	log_say_client(s, said);
}

/* "TLS protocol SP_PROT_TLS1_2_SERVER negotiation succeeded ..." */
static void tell_tls(struct log_session *s, struct slice text)
{
	static const struct {
		const char *name, *version;
	} names[] = {
		{ "SSL3", "SSLv3" },
		{ "TLS1_0", "TLSv1" },
		{ "TLS1_1", "TLSv1.1" },
		{ "TLS1_2", "TLSv1.2" },
		{ "TLS1_3", "TLSv1.3" },
		{ "TLS1", "TLSv1" },
	};
	size_t i;

	if (!log_take_text(&text, "TLS protocol SP_PROT_") ||
	    !session_get(s->b)->encryption)
		return;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (log_take_text(&text, names[i].name)) {
			session_encryption(s->b)->version = session_text(
			    s->b, slice_str(names[i].version));
			return;
		}
}

/* "sending message with RecordId 7 and InternetMessageId <id>" */
static void keep_message_id(struct log_session *s, struct slice text)
{
	struct slice name = slice_str("InternetMessageId ");
	size_t at;
	struct slice id;

	if (!slice_has_prefix_nocase(text, slice_str("sending message")))
		return;
	at = slice_find_nocase(text, name);
	if (at == text.len)
		return;
	id = leading_id(slice_from(text, at + name.len));
	if (id.len > 0)
		connector_extra(s)->id = session_text(s->b, id);
}

static bool is_failure(struct slice text)
{
	return log_contains(text, "Failed to connect");
}

enum sw_status connector_take_remark(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, const struct connector_values *v)
{
	struct slice data = v->of[CONNECTOR_DATA];
	struct slice context = v->of[CONNECTOR_CONTEXT];

	buffer_clear(&x->text);
	buffer_append_slice(&x->text, context);
	if (context.len > 0 && data.len > 0)
		buffer_append_str(&x->text, ": ");
	buffer_append_slice(&x->text, data);
	connector_skip_missing(s, v, false);
	if (!connector_extra(s)->connected && !connector_extra(s)->talked &&
	    is_failure(buffer_slice(&x->text)))
		/* WSAECONNREFUSED */
		return log_sessions_attempt(&x->sessions, s, line, time,
		    slice_find_nocase(buffer_slice(&x->text),
		    slice_str("10061")) < x->text.len);
	tell_tls(s, context);
	keep_message_id(s, buffer_slice(&x->text));
	log_say_note(s, line, time, buffer_slice(&x->text));
	return SW_OK;
}

/* The log says that it was broken off. */
static enum sw_status take_reset(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, enum sw_role by)
{
	enum sw_ending ending = by == SW_SERVER ? SW_ENDING_SERVER_RESET :
	    SW_ENDING_CLIENT_RESET;

	log_talk_flush(s);
	session_close(s->b, by, SW_CLOSE_RST, log_span(line, time));
	if (session_has_quit(s->b, by == SW_SERVER))
		ending = SW_ENDING_QUIT;
	return log_sessions_end(&x->sessions, s, ending);
}

enum sw_status connector_take_close(struct connector *x, struct log_session *s,
    const struct log_line *line, int64_t time, struct slice context)
{
	bool server = session_get(s->b)->recorder == SW_RECORDER_SERVER;
	enum sw_role own = server ? SW_SERVER : SW_CLIENT;
	enum sw_role peer = server ? SW_CLIENT : SW_SERVER;
	enum sw_role by = SW_NOBODY;

	if (slice_has_prefix_nocase(context, slice_str("Local")))
		by = own;
	else if (slice_has_prefix_nocase(context, slice_str("Remote")))
		by = peer;
	else if (context.len > 0)
		log_say_note(s, line, time, context);
	if (log_contains(context, "ConnectionReset"))
		return take_reset(x, s, line, time, by);
	return log_session_close(&x->sessions, s, line, time, by);
}
