/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netmon_text.c - what Network Monitor prints or copies as text
 *
 * Theory of operation.  Two forms, both one line a frame.  Network Monitor 1
 * and 2 print summaries, and the trees of protocols below each of them:
 *
 *   Frame  Time    Src MAC Addr  Dst MAC Addr  Protocol  Description
 *   7      74.962  LOCAL         00608C0A0B0C  SMTP      Cmd: Hello, host
 *	identifier, 28 bytes  CLIENT1  192.0.2.25  IP
 *   SMTP: Rsp: Requested mail action okay, completed, 69 bytes
 *   SMTP: Data - continued from frame 16, 480 bytes
 *
 * These lose much: instead of a reply's code stands the phrase of RFC 821
 * 4.2.2, instead of a verb an explanation; names, addresses and texts are
 * gone.  What is left is a verb, a code, and the octets of the frame, which
 * are those of the line with its end.
 *
 * Network Monitor 3 copies the columns of its list, with TABs between them,
 * whichever columns they are:
 *
 *   SMTP:Rsp 220  2.0.0 SMTP server ready, 29 bytes	{TCP:139, IPv4:138}
 *   SMTP:Cmd STARTTLS, start TLS	{TCP:139, IPv4:138}
 *
 * A session is that of one {TCP:n}, else of two addresses, else of the
 * file; a second greeting begins another one.  Times are seconds since the
 * capture began, which a note says.
 */
#include "logs/families.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

enum kind { KIND_COMMAND, KIND_REPLY, KIND_DATA };

/* What one line tells of SMTP. */
struct frame {
	enum kind kind;
	bool copied;        /* the form of Network Monitor 3 */
	bool summary;       /* in front of it stands the frame's number */
	struct slice text;  /* behind Cmd, Rsp or Data */
	int64_t octets;     /* SW_UNKNOWN */
	int64_t time;       /* since the capture began, SW_NO_TIME */
	struct slice key;   /* "{TCP:139" without the brace; p NULL: none */
	struct slice from, to; /* addresses; p NULL: none */
};

struct extra {
	bool greeted;
	int64_t content;    /* octets of content so far */
};

struct text_log {
	struct log_sessions sessions;
	bool summary_told;  /* the tree below it tells the same once more */
	struct buffer key;  /* of the newest summary */
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)(void *)s->extra;
}

/* --- phrases ------------------------------------------------------------ */

/* RFC 821 4.2.2; the longer ones first where one begins another. */
static const struct {
	const char *words;
	int32_t code;
} replies[] = {
	{ "System status", 211 },
	{ "Help message", 214 },
	{ "Service ready", 220 },
	{ "Service closing transmission channel", 221 },
	{ "Requested mail action okay", 250 },
	{ "User not local; will forward", 251 },
	{ "Start mail input", 354 },
	{ "Service not available", 421 },
	{ "Requested mail action not taken: mailbox unavailable", 450 },
	{ "Requested action aborted", 451 },
	{ "Requested action not taken: insufficient", 452 },
	{ "Syntax error, command", 500 },
	{ "Syntax error in parameters", 501 },
	{ "Command not implemented", 502 },
	{ "Bad sequence of commands", 503 },
	{ "Command parameter not implemented", 504 },
	{ "Requested action not taken: mailbox unavailable", 550 },
	{ "User not local; please try", 551 },
	{ "Requested mail action aborted", 552 },
	{ "Requested action not taken: mailbox name", 553 },
	{ "Transaction failed", 554 },
};

static const struct {
	const char *words, *verb;
} commands[] = {
	{ "Hello", "HELO" },
	{ "Extended hello", "EHLO" },
	{ "Mail", "MAIL" },
	{ "Recipient", "RCPT" },
	{ "Data", "DATA" },
	{ "Reset", "RSET" },
	{ "Verify", "VRFY" },
	{ "Expand", "EXPN" },
	{ "Help", "HELP" },
	{ "No operation", "NOOP" },
	{ "Quit", "QUIT" },
	{ "Turn", "TURN" },
};

static int32_t code_of(struct slice phrase)
{
	size_t i;

	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		if (slice_has_prefix_nocase(phrase,
		    slice_str(replies[i].words)))
			return replies[i].code;
	return SW_UNKNOWN;
}

/* The verb that a phrase explains, or that it begins with. */
static struct slice verb_of(struct slice phrase)
{
	size_t i, len;
	enum verb verb = session_verb(phrase, &len);

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (slice_has_prefix_nocase(phrase,
		    slice_str(commands[i].words)))
			return slice_str(commands[i].verb);
	return session_verb_is_known(verb) ?
	    slice_head(phrase, len) : slice_make(NULL, 0);
}

/* --- the form of lines -------------------------------------------------- */

/* ", 28 bytes" in text: what is in front of it, and what behind it. */
static bool split_octets(struct slice text, struct slice *head_r,
    int64_t *octets_r, struct slice *tail_r)
{
	size_t off = 0;

	while (off < text.len) {
		size_t at = slice_find_nocase(slice_from(text, off),
		    slice_str(" bytes")) + off, n = at;
		uint64_t value;

		if (at >= text.len)
			return false;
		while (n > 0 && ascii_is_digit(text.p[n - 1]))
			n--;
		off = at + 6;
		if (n < 2 || text.p[n - 1] != ' ' || text.p[n - 2] != ',' ||
		    !slice_to_u64(slice_make(text.p + n, at - n), &value) ||
		    value > INT32_MAX)
			continue;
		*octets_r = (int64_t)value;
		*head_r = slice_head(text, n - 2);
		*tail_r = slice_from(text, at + 6);
		return true;
	}
	return false;
}

static bool take_kind(struct slice *rest, struct frame *f)
{
	struct slice s = *rest;

	if (log_take_text(&s, "Cmd"))
		f->kind = KIND_COMMAND;
	else if (log_take_text(&s, "Rsp"))
		f->kind = KIND_REPLY;
	else if (log_take_text(&s, "Data"))
		f->kind = KIND_DATA;
	else
		return false;
	if (s.len > 0 && ascii_is_alnum(s.p[0]))
		return false;
	log_take_octet(&s, ':');
	log_take_blanks(&s);
	if (s.len > 0 && s.p[0] == '=')
		return false; /* a field of the tree */
	*rest = s;
	return true;
}

/* "SMTP: Cmd: ...", "SMTP:Cmd ...", "SMTP      Cmd: ...": where, and what
 * follows "Cmd". */
static bool find_frame(struct slice line, struct frame *f, size_t *at_r,
    struct slice *rest_r)
{
	size_t off = 0;

	while (off < line.len) {
		size_t at = slice_find_nocase(slice_from(line, off),
		    slice_str("SMTP")) + off;
		struct slice rest = slice_from(line, at + 4);
		bool colon;

		if (at >= line.len)
			return false;
		off = at + 4;
		colon = log_take_octet(&rest, ':');
		if (log_take_blanks(&rest) == 0 && !colon)
			continue;
		if ((at > 0 && ascii_is_alnum(line.p[at - 1])) ||
		    !take_kind(&rest, f))
			continue;
		*at_r = at;
		*rest_r = rest;
		return true;
	}
	return false;
}

/* "74.962": seconds, of any number of digits. */
static bool take_seconds(struct slice *rest, int64_t *ns_r)
{
	struct slice s = *rest, word = log_take_word(&s), digits;
	int64_t ns = 0, unit = NS_PER_S;
	uint64_t seconds;
	const uint8_t *dot = word.len ? memchr(word.p, '.', word.len) : NULL;

	if (!dot)
		return false;
	digits = slice_from(word, (size_t)(dot - word.p) + 1);
	if (digits.len == 0 || !slice_to_u64(slice_head(word,
	    (size_t)(dot - word.p)), &seconds) || seconds > INT32_MAX)
		return false;
	for (; digits.len > 0; digits = slice_from(digits, 1)) {
		if (!ascii_is_digit(digits.p[0]))
			return false;
		unit /= 10;
		ns += (digits.p[0] - '0') * unit;
	}
	*ns_r = clock_make((int64_t)seconds, ns);
	*rest = s;
	return true;
}

/* "7      74.962  LOCAL ...": the columns of a summary. */
static bool parse_summary(struct slice line, int64_t *time_r)
{
	int ignored;

	log_take_blanks(&line);
	if (!log_take_number(&line, 1, 9, &ignored) ||
	    !log_take_blanks(&line))
		return false;
	return take_seconds(&line, time_r);
}

/* The conversation of Network Monitor 3: "TCP:139". */
static struct slice find_conversation(struct slice line)
{
	size_t at = slice_find_nocase(line, slice_str("{TCP:"));
	struct slice s = slice_from(line, at + 1);
	size_t n = 0;

	if (at == line.len)
		return slice_make(NULL, 0);
	while (n < s.len && s.p[n] != ',' && s.p[n] != '}')
		n++;
	return slice_head(s, n);
}

/* The columns behind a printed description: "CLIENT1  192.0.2.25  IP". */
static void parse_addresses(struct slice tail, struct frame *f)
{
	struct slice words[3];
	size_t n = 0;

	while (n < 3) {
		log_take_blanks(&tail);
		if (tail.len == 0)
			break;
		words[n++] = log_take_word(&tail);
	}
	if (n < 2)
		return;
	f->from = words[0];
	f->to = words[1];
}

/* Of the copied columns the two that are addresses are source and
 * destination; one of the shape of seconds is the time. */
static void parse_columns(struct slice line, struct frame *f)
{
	while (line.len > 0) {
		struct slice cell = slice_trim(log_take_until(&line, '\t'));
		struct slice rest = cell;

		if (log_is_ipv4(cell) && !f->from.p)
			f->from = cell;
		else if (log_is_ipv4(cell) && !f->to.p)
			f->to = cell;
		else if (f->time == SW_NO_TIME &&
		    (!take_seconds(&rest, &f->time) || rest.len > 0))
			f->time = SW_NO_TIME;
	}
}

static bool parse_frame(struct slice line, struct frame *f)
{
	struct slice rest, tail = slice_make(NULL, 0);
	size_t at;

	memset(f, 0, sizeof(*f));
	f->octets = SW_UNKNOWN;
	f->time = SW_NO_TIME;
	if (!find_frame(line, f, &at, &rest))
		return false;
	f->copied = line.p[at + 4] == ':' && line.len > at + 5 &&
	    line.p[at + 5] != ' ';
	f->key = find_conversation(line);
	f->text = rest;
	if (f->copied || f->key.p) {
		f->copied = true;
		parse_columns(line, f);
		f->text = log_take_until(&rest, '\t');
	} else {
		f->summary = parse_summary(slice_head(line, at), &f->time);
	}
	split_octets(f->text, &f->text, &f->octets, &tail);
	if (f->summary)
		parse_addresses(tail, f);
	f->text = slice_trim(f->text);
	return true;
}

/* --- sessions ----------------------------------------------------------- */

#define RECORDS_ALWAYS (SW_BIT(SW_RECORDS_GREETING) | \
	SW_BIT(SW_RECORDS_COMMAND) | SW_BIT(SW_RECORDS_REPLY_CODE) | \
	SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES))

static void set_endpoints(struct log_session *s, const struct frame *f)
{
	struct sw_session *out = session_get(s->b);
	struct slice client = f->kind == KIND_REPLY ? f->to : f->from;
	struct slice server = f->kind == KIND_REPLY ? f->from : f->to;

	if (f->kind == KIND_DATA)
		return;
	if (!out->client.ip.data && client.p && log_is_ipv4(client)) {
		out->client.ip = session_text(s->b, client);
		out->records |= SW_BIT(SW_RECORDS_CLIENT_ADDRESS);
	}
	if (!out->server.ip.data && server.p && log_is_ipv4(server)) {
		out->server.ip = session_text(s->b, server);
		out->records |= SW_BIT(SW_RECORDS_SERVER_ADDRESS);
	}
}

static enum sw_status begin_session(struct text_log *t,
    const struct log_line *line, const struct frame *f, struct slice key,
    struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&t->sessions, key, line,
	    f->time, s_r);
	struct sw_session *out;

	if (status != SW_OK)
		return status;
	log_session_recorder(*s_r, SW_RECORDER_WIRE);
	out = session_get((*s_r)->b);
	out->records = RECORDS_ALWAYS;
	if (f->copied)
		out->records |= SW_BIT(SW_RECORDS_REPLY_TEXT);
	out->clock.zone = SW_ZONE_NONE;
	out->clock.date = SW_DATE_NONE;
	if (f->time == SW_NO_TIME)
		return SW_OK;
	out->clock.zone = SW_ZONE_LOCAL;
	out->clock.resolution_ns = NS_PER_S / 1000;
	out->records |= SW_BIT(SW_RECORDS_TIMES);
	session_note((*s_r)->b, SW_NOTE_DATE_ASSUMED, 0, line->number,
	    line->number, "Times are those since the capture began, not "
	    "those of a day.");
	return SW_OK;
}

/* What the log tells of the connection, whoever sent the frame. */
static struct slice make_key(struct text_log *t, const struct frame *f)
{
	bool order;

	if (f->key.p)
		return f->key;
	if (!f->from.p || !f->to.p)
		return buffer_slice(&t->key);
	order = f->from.len < f->to.len || (f->from.len == f->to.len &&
	    memcmp(f->from.p, f->to.p, f->to.len) < 0);
	buffer_clear(&t->key);
	buffer_append_slice(&t->key, order ? f->from : f->to);
	buffer_append_char(&t->key, ' ');
	buffer_append_slice(&t->key, order ? f->to : f->from);
	return buffer_slice(&t->key);
}

static bool is_greeting(const struct frame *f)
{
	int32_t code = f->copied ? log_parse_reply_line(f->text).code :
	    code_of(f->text);

	return f->kind == KIND_REPLY && code == 220;
}

static enum sw_status find_session(struct text_log *t,
    const struct log_line *line, const struct frame *f,
    struct log_session **s_r)
{
	struct slice key = make_key(t, f);
	enum sw_status status = log_sessions_expire(&t->sessions, f->time);
	struct log_session *s = log_sessions_find(&t->sessions, key);

	if (status == SW_OK && s && is_greeting(f) &&
	    extra_of(s)->greeted && s->last_verb != VERB_STARTTLS) {
		status = log_sessions_end(&t->sessions, s,
		    SW_ENDING_INPUT_ENDED);
		s = NULL;
	}
	*s_r = s;
	if (status == SW_OK && !s)
		status = begin_session(t, line, f, key, s_r);
	return status;
}

/* --- what is said ------------------------------------------------------- */

/* "MAIL FROM:<a@example.org>, explanation": the line, as far as it is the
 * whole one. */
static void say_copied_command(struct log_session *s,
    const struct log_line *line, const struct frame *f)
{
	struct log_said said = log_said(line, f->time, f->text);
	size_t comma = slice_find_nocase(f->text, slice_str(", ")), len;
	struct command_in c = { .by = SW_CLIENT, .octets = f->octets };

	if (f->octets != (int64_t)f->text.len + 2)
		said.text = slice_head(f->text, comma);
	c.known = session_verb(said.text, &len);
	if (len < said.text.len || (f->octets == SW_UNKNOWN ? c.known ==
	    VERB_NONE : f->octets == (int64_t)said.text.len + 2)) {
		session_get(s->b)->records |= SW_BIT(SW_RECORDS_ARGUMENT);
		said.octets = f->octets;
		log_say_client(s, &said);
		return;
	}
	c.verb = slice_head(said.text, len);
	c.span = log_span(line, f->time);
	log_session_command(s, &c);
}

static void say_command(struct log_session *s, const struct log_line *line,
    const struct frame *f)
{
	struct command_in c = { .by = SW_CLIENT, .octets = f->octets };
	size_t len;

	if (f->copied) {
		say_copied_command(s, line, f);
		return;
	}
	c.verb = verb_of(f->text);
	c.known = session_verb(c.verb, &len);
	c.span = log_span(line, f->time);
	log_session_command(s, &c);
}

/* The content so far, in front of what answers it. */
static void tell_content(struct log_session *s, const struct log_line *line,
    const struct frame *f)
{
	struct log_said said = log_said(line, f->time, f->text);
	struct extra *x = extra_of(s);

	if (x->content > 0 && log_content_due(s))
		log_content_passed(s, &said, SW_UNKNOWN, x->content);
	x->content = 0;
}

static void say_reply(struct log_session *s, const struct log_line *line,
    const struct frame *f)
{
	struct log_reply_line l = log_parse_reply_line(f->text);
	struct reply_in r = { .by = SW_SERVER, .octets = f->octets,
		.span = log_span(line, f->time), .lines = &l.text };

	tell_content(s, line, f);
	if (f->copied && l.code != SW_UNKNOWN) {
		log_take_blanks(&l.text); /* two behind the code */
		r.code = l.code;
		r.line_count = 1;
		if (l.more || f->octets != (int64_t)l.text.len + 6)
			r.flags = SW_BIT(SW_FLAG_FIRST_LINE_ONLY);
	} else {
		r.code = code_of(f->text);
		r.line_count = r.code == SW_UNKNOWN;
		r.flags = SW_BIT(SW_FLAG_CODE_ONLY);
		if (r.code == SW_UNKNOWN)
			r.flags = 0;
	}
	extra_of(s)->greeted = true;
	log_session_reply(s, &r);
}

static enum sw_status take_frame(struct text_log *t,
    const struct log_line *line, const struct frame *f)
{
	struct log_session *s;
	enum sw_status status = find_session(t, line, f, &s);

	if (status != SW_OK)
		return status;
	log_sessions_touch(&t->sessions, s, line->number, f->time);
	set_endpoints(s, f);
	switch (f->kind) {
	case KIND_COMMAND:
		say_command(s, line, f);
		break;
	case KIND_REPLY:
		say_reply(s, line, f);
		break;
	case KIND_DATA:
		if (log_content_due(s) && f->octets != SW_UNKNOWN)
			extra_of(s)->content += f->octets;
		break;
	}
	return log_session_over(s) ? log_sessions_end(&t->sessions, s,
	    SW_ENDING_QUIT) : SW_OK;
}

/* --- other lines -------------------------------------------------------- */

static bool is_head(struct slice line)
{
	return slice_has_prefix_nocase(slice_trim(line),
	    slice_str("Frame")) &&
	    slice_find_nocase(line, slice_str("Time")) < line.len;
}

/* "+ TCP: ...", "      SMTP: Data = ...": protocols of the tree. */
static bool is_tree(struct slice line)
{
	size_t n = 0;

	while (line.len > 0 && (line.p[0] == '+' || line.p[0] == '-' ||
	    line.p[0] == ' ' || line.p[0] == '\t'))
		line = slice_from(line, 1);
	while (n < line.len && (ascii_is_alnum(line.p[n]) ||
	    line.p[n] == '_'))
		n++;
	return n > 0 && n < line.len && line.p[n] == ':';
}

static bool is_other(struct slice line)
{
	int64_t ignored;

	return slice_trim(line).len == 0 || is_head(line) ||
	    parse_summary(line, &ignored) || is_tree(line) ||
	    memchr(line.p, '\t', line.len);
}

/* --- the family --------------------------------------------------------- */

/* One line that tells SMTP as only Network Monitor does. */
static bool probe(struct slice head)
{
	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct frame f;

		if (!parse_frame(line, &f))
			continue;
		if (f.copied ? f.key.p && f.kind != KIND_DATA :
		    f.octets != SW_UNKNOWN)
			return true;
	}
	return false;
}

static void close_log(void *state)
{
	struct text_log *t = state;

	buffer_fini(&t->key);
}

static enum sw_status open_log(void *state)
{
	struct text_log *t = state;

	buffer_init(&t->key, 2 * LIMIT_LINE);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct text_log *t = state;
	struct frame f;
	int64_t ignored;

	if (!parse_frame(line->text, &f)) {
		if (parse_summary(line->text, &ignored))
			t->summary_told = false;
		if (!is_other(line->text))
			log_not_understood(&t->sessions, line);
		return SW_OK;
	}
	if (!f.summary && !f.copied && t->summary_told)
		return SW_OK; /* the tree of the summary */
	t->summary_told = f.summary;
	if (t->key.failed)
		return SW_ENOMEM;
	return take_frame(t, line, &f);
}

const struct log_format log_netmon_text = {
	.name = "netmon-text",
	.title = "Network Monitor, frames printed or copied as text",
	.times = "since the capture began, 1 ms",
	.records = RECORDS_ALWAYS | SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) | SW_BIT(SW_RECORDS_ARGUMENT) |
	    SW_BIT(SW_RECORDS_REPLY_TEXT) | SW_BIT(SW_RECORDS_TIMES),
	.state_size = sizeof(struct text_log),
	.session_size = sizeof(struct extra),
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.close = close_log,
};
