/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_lacking.c - what one side lacks
 *
 * Could the other side have recorded it?  Not if it lacks the ability
 * (records), if its record begins later or ends earlier, if TLS hides it, or
 * if the log leaves lines of AUTH out.  A gap in a capture explains it, which
 * is told.  What remains is a finding.
 */
#include "check/compare.h"

#include "transcript/replies.h"

/* So many events behind a command its reply is looked for. */
#define EVENTS_AHEAD 1024

/* Does the side's record begin behind this row, or end before it? */
static bool is_outside(const struct judge *j, enum sw_side side, size_t row)
{
	const struct sw_session *s = j->s[side];
	const struct sw_event *e = compare_event(j, compare_other(side), row);

	/* Without a SYN nobody knows where a direction began; a greeting stands
	 * before all. */
	if (j->no_start[side] && ((e->by <= SW_SERVER &&
	    row < j->first_said[side][e->by]) || (e->kind == SW_EVENT_REPLY &&
	    e->u.reply.to == 0 && e->u.reply.code == 220 &&
	    row == j->first_said[compare_other(side)][SW_SERVER])))
		return true;
	if (row < j->first_row[side])
		return j->first_row[side] == j->row_count;
	return row > j->last_row[side] && (s->ending == SW_ENDING_INPUT_ENDED ||
	    s->ending == SW_ENDING_LIMIT || s->ending == SW_ENDING_IDLE);
}

static bool is_quit(const struct sw_event *e)
{
	if (e->kind == SW_EVENT_REPLY)
		return e->u.reply.code == 221;
	return e->kind == SW_EVENT_COMMAND &&
	    slice_eq_nocase(compare_slice(e->u.command.verb),
	    slice_str("QUIT"));
}

/* A line of AUTH that many logs leave out, and its challenge. */
static bool is_auth(const struct sw_event *e)
{
	if (e->kind == SW_EVENT_REPLY)
		return e->u.reply.code == 334;
	return e->kind == SW_EVENT_COMMAND && !e->u.command.verb.data &&
	    compare_flag(e, SW_FLAG_MASKED);
}

/* Could the side have recorded such an event at all? */
static bool is_able(const struct judge *j, enum sw_side side,
    const struct sw_event *e)
{
	const struct sw_session *s = j->s[side];

	if (s->source.kind == SW_SOURCE_LOG && is_auth(e))
		return false;
	if (e->kind == SW_EVENT_COMMAND)
		return compare_records(s, SW_RECORDS_COMMAND);
	if (e->kind != SW_EVENT_REPLY)
		return false; /* content is told by its message */
	if (!compare_records(s, SW_RECORDS_REPLY_CODE))
		return false;
	if (e->u.reply.to == 0)
		return compare_records(s, SW_RECORDS_GREETING);
	return e->u.reply.code < 300 || e->u.reply.code > 399 ||
	    compare_records(s, SW_RECORDS_INTERMEDIATE_REPLIES);
}

static bool is_hidden(const struct judge *j, enum sw_side side, size_t row)
{
	return j->hidden == side && row >= j->hidden_from;
}

/* Is the session known from its server's log alone? */
static bool is_server_log(const struct sw_session *s)
{
	return s->source.kind == SW_SOURCE_LOG &&
	    s->recorder == SW_RECORDER_SERVER;
}

/*
 * Nothing shows that the server ever read this command: neither it nor any
 * later one was answered.  It was sent behind the server's last reply, or
 * behind its close, so the server's log cannot have it.
 */
static bool is_never_read(const struct judge *j, enum sw_side side,
    const struct sw_event *e)
{
	return e->kind == SW_EVENT_COMMAND && is_server_log(j->s[side]) &&
	    e->n > j->last_answered[compare_other(side)];
}

/* OpenSMTPD does not trace a line that it refuses for being pipelined. */
static bool is_untraced(const struct judge *j, enum sw_side side,
    const struct sw_event *e)
{
	const struct sw_session *s = j->s[compare_other(side)];
	size_t i;

	if (e->kind != SW_EVENT_COMMAND ||
	    !slice_has_prefix_nocase(compare_slice(j->s[side]->source.format),
	    slice_str("opensmtpd")))
		return false;
	for (i = e->n; i < s->event_count && i - e->n < EVENTS_AHEAD; i++) {
		const struct sw_event *r = &s->events[i];

		if (r->kind != SW_EVENT_REPLY || r->u.reply.to != e->n ||
		    r->u.reply.line_count == 0)
			continue;
		return slice_find_nocase(compare_slice(r->u.reply.lines[0]),
		    slice_str("Pipelining not supported")) <
		    r->u.reply.lines[0].len;
	}
	return false;
}

static bool is_client_gone(const struct sw_session *s)
{
	return s->ending == SW_ENDING_CLIENT_CLOSE ||
	    s->ending == SW_ENDING_CLIENT_RESET;
}

/* A finding that explains another: the capture lacks octets here. */
static void explain_gap(struct judge *j, size_t row, enum sw_side side)
{
	struct about a = { .kind = SW_FOUND_CAPTURE_GAP, .side = side,
		.row = row + 1 };

	a.left = compare_event(j, SW_LEFT, row);
	a.right = compare_event(j, SW_RIGHT, row);
	j->undecided |= SW_BIT(SW_UNDECIDED_GAP);
	check_find(j, &a, "One side has this and the other's capture lacks "
	    "octets of the session: the gap explains the difference, which "
	    "cannot be decided.  Capture without drops (a larger -B, a filter, "
	    "a full snapshot length).");
}

bool compare_is_behind_gap(const struct judge *j, enum sw_side has,
    const struct sw_event *e)
{
	bool gap = j->gap_event[has] != 0;

	if (!e || (!gap && (!j->no_start[has] || e->n > j->in_step[has])))
		return false;
	/* What a reply answers may lie in front of the record, or in a gap
	 * that shows later. */
	return (gap && e->n > j->gap_event[has]) ||
	    (e->kind == SW_EVENT_REPLY && e->u.reply.to == 0 &&
	    e->u.reply.code != 220);
}

void compare_explain_gap(struct judge *j, size_t row, enum sw_side has)
{
	struct about a = { .kind = SW_FOUND_CAPTURE_GAP, .side = has,
		.row = row + 1 };

	a.left = compare_event(j, SW_LEFT, row);
	a.right = compare_event(j, SW_RIGHT, row);
	j->undecided |= SW_BIT(SW_UNDECIDED_GAP);
	check_find(j, &a, "The sides differ here, behind octets that the "
	    "capture lacks: content may look like commands there, and replies "
	    "belong to others, so that this cannot be decided.  Capture "
	    "without drops (a larger -B, a filter, a full snapshot length).");
}

static bool is_final_dot(const struct judge *j, const struct sw_event *e,
    enum sw_side side)
{
	const struct sw_event *to = replies_answered(j->s[side], e);

	return to && to->kind == SW_EVENT_DATA;
}

bool compare_is_wanted_reply(const struct judge *j, enum sw_side has,
    const struct sw_event *e, enum sw_side side)
{
	int32_t code = e->u.reply.code;

	if (code / 100 == 2 && is_final_dot(j, e, has))
		return true; /* the message will come twice */
	/* Nobody waits for what a server says when it hangs up, nor does a
	 * client that has gone for anything. */
	return code != 421 && code != 221 && !is_client_gone(j->s[side]) &&
	    !is_client_gone(j->s[has]);
}

/* A capture has it, unacknowledged, and the other one does not. */
static void lost_between(struct judge *j, const struct about *a, bool twice)
{
	bool log = j->s[a->side]->source.kind == SW_SOURCE_LOG;

	check_find(j, a, "This reply passed the one point, was never "
	    "acknowledged, and %s.%s  Look at what stands there: a firewall "
	    "that forgets a connection on which nothing is said for a while "
	    "drops what comes later without a word.",
	    log ? "the other side's log does not have it: it was lost behind "
	    "that point" : "did not come to the other: it was lost between "
	    "them", twice ? "  The server has the message, the client does "
	    "not know it and sends it again, so it comes twice (RFC 1047)." :
	    "");
}

static void lost_reply(struct judge *j, size_t row, enum sw_side side,
    struct about *a)
{
	enum sw_side has = compare_other(side);
	const struct sw_event *e = compare_event(j, has, row);
	bool claims = j->s[has]->recorder == SW_RECORDER_SERVER &&
	    j->s[side]->recorder != SW_RECORDER_SERVER;
	bool twice = is_final_dot(j, e, has) && e->u.reply.code / 100 == 2;

	if (!claims && !compare_flag(e, SW_FLAG_UNACKED)) {
		check_find(j, a, "Only one side has this reply: it was added "
		    "or swallowed between the two points, or one record is "
		    "not complete.");
		return;
	}
	a->kind = SW_FOUND_REPLY_NEVER_ARRIVED;
	if (!claims)
		lost_between(j, a, twice);
	else if (twice)
		check_find(j, a, "The server logged that it took the message, "
		    "but %s does not have that reply: the client takes the "
		    "message for undelivered and sends it again, so it comes "
		    "twice (RFC 1047).  Look at the path from server to "
		    "client, and at how long the server took.",
		    compare_name(j, side));
	else
		check_find(j, a, "The server logged this reply, but %s does "
		    "not have it: it never reached this point.  Look at the "
		    "path from server to client.", compare_name(j, side));
}

/* The log tells a reply behind all that the other side has of the dialogue,
 * which nobody waited for any more. */
static bool is_late_reply(const struct judge *j, size_t row,
    enum sw_side side, const struct sw_event *e)
{
	return e->kind == SW_EVENT_REPLY && j->closed[side] &&
	    j->last_line[side] <= row &&
	    !compare_is_wanted_reply(j, compare_other(side), e, side);
}

static bool is_verb(const struct sw_event *e, const char *name)
{
	return e && e->kind == SW_EVENT_COMMAND &&
	    slice_eq_nocase(compare_slice(e->u.command.verb),
	    slice_str(name));
}

/* The row behind the transaction that begins with this MAIL; 0: the side has
 * some of it, or it came to nothing. */
static size_t lost_transaction(const struct judge *j, size_t row,
    enum sw_side side)
{
	bool any = false;
	size_t i;

	for (i = row + 1; i < j->row_count; i++) {
		const struct sw_event *e = compare_event(j,
		    compare_other(side), i);

		if (!e || e->kind != SW_EVENT_COMMAND)
			continue;
		if (!is_verb(e, "RCPT") && !is_verb(e, "DATA") &&
		    !is_verb(e, "BDAT"))
			break;
		if (compare_event(j, side, i))
			return 0;
		any = true;
	}
	return any ? i : 0;
}

/* The row near this one in which only `side` has the same command;
 * row_count: there is none. */
static size_t moved_to(const struct judge *j, size_t row, enum sw_side side)
{
	const struct sw_event *e = compare_event(j, compare_other(side), row);
	size_t i = row > ROWS_BACK ? row - ROWS_BACK : 0;

	for (; i < j->row_count && i < row + ROWS_BACK; i++) {
		const struct sw_event *o = compare_event(j, side, i);

		if (!compare_event(j, compare_other(side), i) &&
		    compare_same_commands(j, side == SW_LEFT ? o : e,
		    side == SW_LEFT ? e : o))
			return i;
	}
	return j->row_count;
}

/* Both have it, at another place; told once, at the first. */
static bool is_moved(struct judge *j, size_t row, enum sw_side side,
    struct about *a)
{
	size_t i = moved_to(j, row, side);

	if (i == j->row_count)
		return false;
	j->rows[row].found = true;
	if (i < row)
		return true;
	a->kind = SW_FOUND_ORDER_CHANGED;
	a->side = SW_NO_SIDE;
	*(side == SW_LEFT ? &a->left : &a->right) = compare_event(j, side, i);
	a->left_text = compare_command_text(j, &a->left->u.command);
	a->right_text = compare_command_text(j, &a->right->u.command);
	check_find(j, a, "Both sides have this command, but at another place "
	    "among the others: one record tells them out of order, or "
	    "something between the two points holds commands back.");
	return true;
}

static void lost_command(struct judge *j, size_t row, enum sw_side side,
    struct about *a)
{
	const struct sw_event *e = compare_event(j, compare_other(side), row);
	const char *name = compare_name(j, compare_other(side));
	size_t end = is_verb(e, "MAIL") ? lost_transaction(j, row, side) : 0;

	if (is_moved(j, row, side, a))
		return;
	*(side == SW_LEFT ? &a->right_text : &a->left_text) =
	    compare_command_text(j, &e->u.command);
	if (end > 0) {
		a->kind = SW_FOUND_MESSAGE_MISSING;
		j->told_until[side] = end;
		check_find(j, a, "Only %s has this transaction: the message "
		    "was swallowed or added between the two points, or one "
		    "record is not complete.", name);
		return;
	}
	if (is_verb(e, "RCPT") && e->u.command.argument.data) {
		struct slice path = align_path(e->u.command.argument);

		a->kind = SW_FOUND_RECIPIENT_MISSING;
		a->recipient.data = path.p;
		a->recipient.len = path.len;
		check_find(j, a, "Only %s has this recipient: it was dropped "
		    "or added between the two points, or one record is not "
		    "complete.", name);
		return;
	}
	a->kind = SW_FOUND_COMMAND_MISSING;
	check_find(j, a, "Only %s has this command: it was added or "
	    "swallowed between the two points, or one record is not "
	    "complete.", name);
}

/* A reply whose command is missing on the same side is told with it. */
static bool is_told(const struct judge *j, size_t row, enum sw_side side,
    const struct sw_event *e)
{
	size_t i = row, looked = 0;

	if (e->kind != SW_EVENT_REPLY || e->u.reply.to == 0)
		return false;
	for (; i > 0 && looked < ROWS_BACK; i--, looked++) {
		const struct sw_event *c = compare_event(j,
		    compare_other(side), i - 1);

		if (c && c->n == e->u.reply.to &&
		    c->kind == SW_EVENT_COMMAND)
			return !compare_event(j, side, i - 1);
	}
	return false;
}

void compare_lacking(struct judge *j, size_t row, enum sw_side side)
{
	const struct sw_event *e = compare_event(j, compare_other(side), row);
	struct about a = { .side = side, .row = row + 1 };

	if (compare_flag(e, SW_FLAG_INFERRED) || !is_able(j, side, e) ||
	    is_hidden(j, side, row))
		return;
	if (is_outside(j, side, row)) {
		if (j->s[side]->source.kind == SW_SOURCE_WIRE)
			j->undecided |= SW_BIT(SW_UNDECIDED_OUTSIDE);
		return;
	}
	if (is_quit(e) && (compare_has_note(j->s[0], SW_NOTE_SYNTHETIC_QUIT) ||
	    compare_has_note(j->s[1], SW_NOTE_SYNTHETIC_QUIT)))
		return;
	if (row < j->told_until[side] || is_told(j, row, side, e) ||
	    is_never_read(j, side, e) || is_untraced(j, side, e) ||
	    is_late_reply(j, row, side, e))
		return;
	if (compare_has_note(j->s[side], SW_NOTE_SMUGGLING) &&
	    row > j->content_row) {
		/* What the one takes for content are commands to the other:
		 * the finding that bears the note's name tells it. */
		j->differs = true;
		return;
	}
	if (j->gaps[side]) {
		explain_gap(j, row, side);
		return;
	}
	if (compare_is_behind_gap(j, compare_other(side), e)) {
		compare_explain_gap(j, row, compare_other(side));
		return;
	}
	a.left = compare_event(j, SW_LEFT, row);
	a.right = compare_event(j, SW_RIGHT, row);
	if (e->kind == SW_EVENT_REPLY) {
		struct sw_bytes text = compare_reply_text(j, &e->u.reply);

		a.kind = SW_FOUND_REPLY_MISSING;
		*(side == SW_LEFT ? &a.right_text : &a.left_text) = text;
		lost_reply(j, row, side, &a);
		return;
	}
	lost_command(j, row, side, &a);
}
