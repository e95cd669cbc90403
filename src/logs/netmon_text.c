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
 * 4.2.2, instead of a verb an explanation; names and texts are gone, save for
 * the path of MAIL and RCPT, which some versions tell.  What is left is a verb,
 * a code, and the octets of the frame, which are those of the line with its
 * end.
 *
 * Network Monitor 3 copies the columns of its list, with TABs between them,
 * whichever columns they are:
 *
 *   SMTP:Rsp 220  2.0.0 SMTP server ready, 29 bytes	{TCP:139, IPv4:138}
 *   SMTP:Cmd STARTTLS, start TLS	{TCP:139, IPv4:138}
 *
 * Copies of the first form in articles are folded at blanks, and what follows
 * stands in lines of its own.  Each entry of SMTP ends with its octets, a
 * summary with three columns behind those; so a line without them is held,
 * and lines in which no entry begins are put behind it if that makes it whole.
 * Else each is taken for what it is.
 *
 * A session is that of one {TCP:n}, else of two addresses, else of the
 * file; a second greeting begins another one.  Times are seconds since the
 * capture began, which a note says.
 */
#include "logs/families.h"
#include "logs/netmon_text_rows.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

struct extra {
	bool greeted;
	int64_t content;    /* octets of content so far */
};

/* How many more lines a folded one may go on over, and how long those are
 * that can have been folded: of SMTP, and others. */
#define FOLD_MORE 3u
#define FOLD_MIN 30u
#define FOLD_MIN_OTHER 45u
#define FOLD_MAX 90u

struct text_log {
	struct log_sessions sessions;
	bool summary_told;  /* the tree below it tells the same once more */
	struct buffer key;  /* of the newest summary */
	struct buffer argument; /* of the command in hand */
	struct log_line held;   /* may be folded ... */
	struct buffer text;     /* ... its text, with what was added to it */
	size_t ends[1 + FOLD_MORE]; /* where each part of that ends */
	size_t parts;           /* 0: none is held */
	unsigned others;        /* lines that the one before, which tells
	                           nothing of SMTP, may go on over */
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)(void *)s->extra;
}

/* --- sessions ----------------------------------------------------------- */

#define RECORDS_ALWAYS (SW_BIT(SW_RECORDS_GREETING) | \
	SW_BIT(SW_RECORDS_COMMAND) | SW_BIT(SW_RECORDS_REPLY_CODE) | \
	SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES))

static void set_endpoints(struct log_session *s, const struct netmon_line *f)
{
	struct sw_session *out = session_get(s->b);
	struct slice client = f->kind == NETMON_TEXT_REPLY ? f->to : f->from;
	struct slice server = f->kind == NETMON_TEXT_REPLY ? f->from : f->to;

	if (f->kind == NETMON_TEXT_DATA)
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
    const struct log_line *line, const struct netmon_line *f, struct slice key,
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
static struct slice make_key(struct text_log *t, const struct netmon_line *f)
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

static bool is_greeting(const struct netmon_line *f)
{
	int32_t code = f->copied ? log_parse_reply_line(f->text).code :
	    netmon_text_code(f->text);

	return f->kind == NETMON_TEXT_REPLY && code == 220;
}

static enum sw_status find_session(struct text_log *t,
    const struct log_line *line, const struct netmon_line *f,
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
    const struct log_line *line, const struct netmon_line *f)
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
	if (log_line_is_cut(line))
		c.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	log_session_command(s, &c);
}

/* "Mail from <a@example.org>": the argument as far as it is told. */
static void take_path(struct text_log *t, struct log_session *s,
    const struct netmon_line *f, struct command_in *c)
{
	struct slice path = netmon_text_path(f->text);
	const char *keyword = c->known == VERB_MAIL ? "FROM:" : "TO:";

	if (path.len == 0 || (c->known != VERB_MAIL && c->known != VERB_RCPT))
		return;
	buffer_clear(&t->argument);
	buffer_append_str(&t->argument, keyword);
	buffer_append_slice(&t->argument, path);
	c->argument = buffer_slice(&t->argument);
	c->argument_known = true;
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_ARGUMENT);
	/* Parameters, or a blank behind the colon. */
	if (f->octets > (int64_t)(sizeof("RCPT ") - 1 + c->argument.len + 2))
		c->flags = SW_BIT(SW_FLAG_TRUNCATED);
}

static void say_command(struct text_log *t, struct log_session *s,
    const struct log_line *line, const struct netmon_line *f)
{
	struct command_in c = { .by = SW_CLIENT, .octets = f->octets };
	size_t len;

	if (f->copied) {
		say_copied_command(s, line, f);
		return;
	}
	c.verb = netmon_text_verb(f->text);
	c.known = session_verb(c.verb, &len);
	c.span = log_span(line, f->time);
	take_path(t, s, f, &c);
	if (log_line_is_cut(line))
		c.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	log_session_command(s, &c);
}

/* The content so far, in front of what answers it. */
static void tell_content(struct log_session *s, const struct log_line *line,
    const struct netmon_line *f)
{
	struct log_said said = log_said(line, f->time, f->text);
	struct extra *x = extra_of(s);

	if (x->content > 0 && log_content_due(s))
		log_content_passed(s, &said, SW_UNKNOWN, x->content);
	x->content = 0;
}

static void say_reply(struct log_session *s, const struct log_line *line,
    const struct netmon_line *f)
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
		r.code = netmon_text_code(f->text);
		r.line_count = r.code == SW_UNKNOWN;
		r.flags = SW_BIT(SW_FLAG_CODE_ONLY);
		if (r.code == SW_UNKNOWN)
			r.flags = 0;
	}
	if (log_line_is_cut(line))
		r.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	extra_of(s)->greeted = true;
	log_session_reply(s, &r);
}

static enum sw_status take_frame(struct text_log *t,
    const struct log_line *line, const struct netmon_line *f)
{
	struct log_session *s;
	enum sw_status status = find_session(t, line, f, &s);

	if (status != SW_OK)
		return status;
	log_sessions_touch(&t->sessions, s, line->number, f->time);
	set_endpoints(s, f);
	switch (f->kind) {
	case NETMON_TEXT_COMMAND:
		say_command(t, s, line, f);
		break;
	case NETMON_TEXT_REPLY:
		say_reply(s, line, f);
		break;
	case NETMON_TEXT_DATA:
		if (log_content_due(s) && f->octets != SW_UNKNOWN)
			extra_of(s)->content += f->octets;
		break;
	}
	return log_session_over(s) ? log_sessions_end(&t->sessions, s,
	    SW_ENDING_QUIT) : SW_OK;
}

/* --- lines -------------------------------------------------------------- */

static enum sw_status take_whole(struct text_log *t,
    const struct log_line *line)
{
	struct netmon_line f;
	int64_t ignored;

	if (!netmon_text_parse(line->text, &f)) {
		if (netmon_text_parse_summary(line->text, &ignored))
			t->summary_told = false;
		if (!netmon_text_is_other(line->text))
			log_not_understood(&t->sessions, line);
		return SW_OK;
	}
	if (!f.summary && !f.copied && t->summary_told)
		return SW_OK; /* the tree of the summary */
	t->summary_told = f.summary;
	return take_frame(t, line, &f);
}

static struct slice held_part(const struct text_log *t, size_t i)
{
	struct slice text = slice_head(buffer_slice(&t->text), t->ends[i]);

	return i == 0 ? text : slice_from(text, t->ends[i - 1] + 1);
}

/* What is held, as one line if that is whole, else as those that it was. */
static enum sw_status release(struct text_log *t)
{
	struct log_line line = t->held;
	enum netmon_text_lack lack;
	size_t i, parts = t->parts;
	enum sw_status status = SW_OK;

	if (parts == 0)
		return SW_OK;
	t->parts = 0;
	lack = netmon_text_lacks(buffer_slice(&t->text));
	line.text = buffer_slice(&t->text);
	if (lack == NETMON_TEXT_WHOLE || lack == NETMON_TEXT_COLUMNS)
		return take_whole(t, &line);
	for (i = 0; i < parts && status == SW_OK; i++) {
		line.text = held_part(t, i);
		line.number = t->held.number + i;
		status = take_whole(t, &line);
	}
	return status;
}

static void add_part(struct text_log *t, struct slice text)
{
	if (t->parts > 0)
		buffer_append_char(&t->text, ' ');
	buffer_append_slice(&t->text, text);
	t->ends[t->parts++] = t->text.len;
}

static bool can_be_folded(struct slice text, size_t min)
{
	return text.len >= min && text.len <= FOLD_MAX;
}

/* Does the line go on with what is held?  It is added then. */
static bool unfold(struct text_log *t, const struct log_line *line)
{
	struct slice text = line->text;
	enum netmon_text_lack lack;
	size_t len = t->text.len;

	if (t->parts == 0 || t->parts > FOLD_MORE || text.len > FOLD_MAX ||
	    netmon_text_begins(text))
		return false;
	lack = netmon_text_lacks(buffer_slice(&t->text));
	if (lack == NETMON_TEXT_WHOLE ||
	    (lack == NETMON_TEXT_FRAME && !netmon_text_is_rest(text)))
		return false;
	add_part(t, slice_trim(text));
	if (lack != NETMON_TEXT_COLUMNS ||
	    netmon_text_lacks(buffer_slice(&t->text)) == NETMON_TEXT_WHOLE) {
		t->held.unterminated = line->unterminated;
		return true;
	}
	t->parts--; /* no columns */
	t->text.len = len;
	return false;
}

/* A line that tells nothing of SMTP may be folded, too. */
static bool is_rest_of_other(struct text_log *t, struct slice text)
{
	struct netmon_line ignored;
	bool smtp = netmon_text_parse(text, &ignored);

	if (smtp || netmon_text_begins(text)) {
		t->others = !smtp && can_be_folded(text, FOLD_MIN_OTHER) ?
		    FOLD_MORE : 0;
		return false;
	}
	if (t->others == 0 || text.len > FOLD_MAX)
		return false;
	t->others--;
	return true;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct text_log *t = state;
	enum sw_status status;

	if (unfold(t, line))
		return t->text.failed ? SW_ENOMEM : SW_OK;
	status = release(t);
	if (status != SW_OK || is_rest_of_other(t, line->text))
		return status;
	if (can_be_folded(line->text, FOLD_MIN) &&
	    netmon_text_lacks(line->text) != NETMON_TEXT_WHOLE) {
		t->held = *line;
		buffer_clear(&t->text);
		add_part(t, line->text);
	} else {
		status = take_whole(t, line);
	}
	if (t->key.failed || t->text.failed || t->argument.failed)
		return SW_ENOMEM;
	return status;
}

static enum sw_status end_file(void *state)
{
	return release(state);
}

/* --- the family --------------------------------------------------------- */

/* A summary whose octets stand in the next line. */
static bool is_folded(struct slice line, const struct netmon_line *f)
{
	return f->summary && can_be_folded(line, FOLD_MIN) &&
	    (netmon_text_code(f->text) != SW_UNKNOWN ||
	    netmon_text_verb(f->text).len > 0);
}

/* One line that tells SMTP as only Network Monitor does. */
static bool probe(struct slice head)
{
	while (head.len > 0) {
		struct slice line = log_head_line(&head);
		struct netmon_line f;

		if (!netmon_text_parse(line, &f))
			continue;
		if (f.copied ? f.key.p && f.kind != NETMON_TEXT_DATA :
		    f.octets != SW_UNKNOWN || is_folded(line, &f))
			return true;
	}
	return false;
}

static void close_log(void *state)
{
	struct text_log *t = state;

	buffer_fini(&t->key);
	buffer_fini(&t->argument);
	buffer_fini(&t->text);
}

static enum sw_status open_log(void *state)
{
	struct text_log *t = state;

	buffer_init(&t->key, 2 * LIMIT_LINE);
	buffer_init(&t->argument, 2 * LIMIT_LINE);
	buffer_init(&t->text, 2 * LIMIT_LINE);
	return SW_OK;
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
	.file_end = end_file,
	.close = close_log,
};
