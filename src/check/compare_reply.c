/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_reply.c - two records of one reply
 *
 * Compared is what both sides hold: the code; the first line, or all lines;
 * of a text that was cut its beginning; of lines that stand in one entry the
 * words; of rows that hold only a code the number of octets.
 */
#include "check/compare.h"

#include <stdlib.h>

#include "base/clock.h"
#include "transcript/observe.h"

static struct about about_row(const struct judge *j, size_t row,
    enum sw_finding_kind kind, enum sw_side side)
{
	struct about a = { .kind = kind, .side = side, .row = row + 1 };

	a.left = compare_event(j, SW_LEFT, row);
	a.right = compare_event(j, SW_RIGHT, row);
	return a;
}

static struct about about_replies(struct judge *j, size_t row,
    enum sw_finding_kind kind, enum sw_side side)
{
	struct about a = about_row(j, row, kind, side);

	a.left_text = compare_reply_text(j, &a.left->u.reply);
	a.right_text = compare_reply_text(j, &a.right->u.reply);
	return a;
}

/* --- middleboxes ---------------------------------------------------------- */

static bool is_masked(const struct sw_reply *r)
{
	return r->line_count > 0 && observe_is_starred(r->lines[0]);
}

static bool take_greeting(struct judge *j, size_t row,
    const struct sw_reply *l, const struct sw_reply *r)
{
	enum sw_side side;
	struct about a;

	if (is_masked(l) == is_masked(r))
		return false;
	side = is_masked(l) ? SW_LEFT : SW_RIGHT;
	a = about_replies(j, row, SW_FOUND_GREETING_MASKED, side);
	check_find(j, &a, "The greeting is plain on one side and made "
	    "unreadable with asterisks on the other: a firewall that inspects "
	    "SMTP (Cisco PIX or ASA \"fixup\", \"inspect esmtp\") stands "
	    "between the two points.  Switch that inspection off.");
	return true;
}

/* --- texts ---------------------------------------------------------------- */

/* Words of all lines, as one run of octets without blanks and hyphens. */
static bool next_octet(const struct sw_reply *r, size_t *line, size_t *at,
    uint8_t *c_r)
{
	for (; *line < r->line_count; (*line)++, *at = 0)
		for (; *at < r->lines[*line].len; (*at)++) {
			uint8_t c = r->lines[*line].data[*at];

			if (c == ' ' || c == '\t')
				continue;
			(*at)++;
			*c_r = c;
			return true;
		}
	return false;
}

/* Joined lines: where one ended is lost, so blanks do not count. */
static bool same_tokens(const struct sw_reply *l, const struct sw_reply *r)
{
	size_t line[2] = { 0, 0 }, at[2] = { 0, 0 };

	for (;;) {
		uint8_t a = 0, b = 0;
		bool more_a = next_octet(l, &line[0], &at[0], &a);
		bool more_b = next_octet(r, &line[1], &at[1], &b);

		if (more_a != more_b || (more_a && a != b))
			return false;
		if (!more_a)
			return true;
	}
}

static bool same_lines(const struct judge *j, const struct sw_reply *l,
    const struct sw_reply *r, uint32_t flags, bool first_only)
{
	size_t i, n = l->line_count < r->line_count ? l->line_count :
	    r->line_count;

	if (first_only && n > 1)
		n = 1;
	else if (!first_only && l->line_count != r->line_count &&
	    !(flags & SW_BIT(SW_FLAG_TRUNCATED)))
		return false;
	for (i = 0; i < n; i++)
		if (!compare_texts(j, l->lines[i], r->lines[i], flags))
			return false;
	return true;
}

static bool texts_known(const struct judge *j, const struct sw_event *l,
    const struct sw_event *r)
{
	uint32_t flags = l->flags | r->flags;

	/* What was cut in its code has no text. */
	if (flags & SW_BIT(SW_FLAG_TRUNCATED) &&
	    (l->u.reply.code == SW_UNKNOWN || r->u.reply.code == SW_UNKNOWN))
		return false;
	return compare_records(j->s[0], SW_RECORDS_REPLY_TEXT) &&
	    compare_records(j->s[1], SW_RECORDS_REPLY_TEXT) &&
	    !(flags & SW_BIT(SW_FLAG_CODE_ONLY)) &&
	    !(flags & SW_BIT(SW_FLAG_MASKED)) &&
	    l->u.reply.line_count > 0 && r->u.reply.line_count > 0 &&
	    l->u.reply.code != 334;
}

static void take_texts(struct judge *j, size_t row, const struct sw_event *l,
    const struct sw_event *r)
{
	uint32_t flags = l->flags | r->flags;
	bool joined = flags & SW_BIT(SW_FLAG_JOINED);
	bool first = flags & SW_BIT(SW_FLAG_FIRST_LINE_ONLY) ||
	    !compare_records(j->s[0], SW_RECORDS_REPLY_LINES) ||
	    !compare_records(j->s[1], SW_RECORDS_REPLY_LINES);
	const struct sw_reply *a = &l->u.reply, *b = &r->u.reply;
	struct about found;

	if (same_lines(j, a, b, flags, first) ||
	    (joined && same_tokens(a, b)) ||
	    compare_answers_exchanged(j, row))
		return;
	if ((!first || joined) && a->code == 250 &&
	    compare_extensions(j, row, l, r))
		return;
	if (take_greeting(j, row, a, b))
		return;
	found = about_replies(j, row, SW_FOUND_REPLY_TEXT_CHANGED,
	    SW_NO_SIDE);
	check_find(j, &found, "The same code, but other words: the reply was "
	    "rewritten between the two points, or the two records are not of "
	    "the same session.");
}

/* --- octets --------------------------------------------------------------- */

/* The octets of the 354 in front of a verdict on the other side. */
static int64_t intermediate_octets(const struct sw_session *s,
    const struct sw_event *verdict)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->n >= verdict->n)
			break;
		if (e->kind == SW_EVENT_REPLY && e->u.reply.code == 354)
			n = e->u.reply.octets;
	}
	return n;
}

/* A row of a log that holds a code and a number of octets. */
static void take_octets(struct judge *j, size_t row,
    const struct sw_event *l, const struct sw_event *r)
{
	bool left = compare_flag(l, SW_FLAG_CODE_ONLY);
	const struct sw_event *log = left ? l : r, *wire = left ? r : l;
	const struct sw_session *s = j->s[left ? SW_RIGHT : SW_LEFT];
	int64_t sum = wire->u.reply.octets;
	struct about a;

	if (left == compare_flag(r, SW_FLAG_CODE_ONLY) ||
	    log->u.reply.octets == SW_UNKNOWN || sum == SW_UNKNOWN ||
	    compare_flag(log, SW_FLAG_INFERRED))
		return;
	if (compare_flag(log, SW_FLAG_JOINED))
		sum += intermediate_octets(s, wire);
	if (sum == log->u.reply.octets)
		return;
	a = about_replies(j, row, SW_FOUND_REPLY_TEXT_CHANGED, SW_NO_SIDE);
	check_find(j, &a, "The log counted %lld octets of this reply, on the "
	    "other side it has %lld: another text was sent than arrived.",
	    (long long)log->u.reply.octets, (long long)sum);
}

/* --- all of it ------------------------------------------------------------ */

static void take_code(struct judge *j, size_t row, const struct sw_event *l,
    const struct sw_event *r)
{
	struct about a = about_replies(j, row, SW_FOUND_REPLY_CODE_CHANGED,
	    SW_NO_SIDE);
	int32_t x = l->u.reply.code, y = r->u.reply.code;

	check_find(j, &a, "%s has %d, %s %d: %s", compare_name(j, SW_LEFT),
	    (int)x, compare_name(j, SW_RIGHT), (int)y, x / 100 == y / 100 ?
	    "the outcome is the same, but the reply was rewritten on the "
	    "way, or another reply was logged than sent." :
	    "client and server take this command to have ended differently.  "
	    "Look for a proxy or filter between them that answers by "
	    "itself.");
}

/* Less than this behind a reply a capture may just have ended: a server sends
 * again what is not acknowledged for longer (RFC 6298, section 2). */
#define SENT_AGAIN (NS_PER_S / 5)

static bool just_ended(const struct sw_session *s, const struct sw_event *e)
{
	return s->ending == SW_ENDING_INPUT_ENDED && s->end != SW_NO_TIME &&
	    e->time != SW_NO_TIME &&
	    clock_apart(s->end, e->time) < SENT_AGAIN;
}

/* The server's log has it, and nobody took it off the wire. */
static void take_unacked(struct judge *j, size_t row,
    const struct sw_event *l, const struct sw_event *r)
{
	bool left = compare_flag(l, SW_FLAG_UNACKED);
	bool right = compare_flag(r, SW_FLAG_UNACKED);
	const struct sw_event *e = left ? l : r;
	struct about a;

	if (left == right || !compare_is_wanted_reply(j,
	    left ? SW_LEFT : SW_RIGHT, e, left ? SW_LEFT : SW_RIGHT))
		return;
	if (just_ended(j->s[left ? SW_LEFT : SW_RIGHT], e)) {
		j->undecided |= SW_BIT(SW_UNDECIDED_ENDED);
		return;
	}
	/* The other capture has the acknowledgment. */
	if (j->s[left ? SW_RIGHT : SW_LEFT]->source.kind == SW_SOURCE_WIRE)
		return;
	a = about_replies(j, row, SW_FOUND_REPLY_NEVER_ARRIVED,
	    left ? SW_LEFT : SW_RIGHT);
	check_find(j, &a, "The server sent this reply, but the client never "
	    "acknowledged it%s", e->u.reply.code >= 200 &&
	    e->u.reply.code < 300 && e->u.reply.to && l->u.reply.to &&
	    j->s[SW_LEFT]->message_count > 0 ?
	    ": if it ended a message, the server has the message and the "
	    "client will send it again, so it comes twice (RFC 1047).  Look "
	    "at the path from server to client, and at how long the server "
	    "took." : ": the client gave up before, or the path from server "
	    "to client is broken.");
}

void compare_replies(struct judge *j, size_t row)
{
	const struct sw_event *l = compare_event(j, SW_LEFT, row);
	const struct sw_event *r = compare_event(j, SW_RIGHT, row);
	int32_t x = l->u.reply.code, y = r->u.reply.code;

	take_unacked(j, row, l, r);
	if (x != SW_UNKNOWN && y != SW_UNKNOWN && x != y) {
		if (!compare_answers_exchanged(j, row))
			take_code(j, row, l, r);
		return;
	}
	if (texts_known(j, l, r))
		take_texts(j, row, l, r);
	else
		take_octets(j, row, l, r);
}
