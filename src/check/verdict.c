/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.c - do two records of one session agree?
 *
 * Theory of operation.  Row by row the events that stand side by side are
 * compared, and those that stand alone are looked at: could the other side
 * have recorded this one?  It could not if it lacks the ability (records), if
 * its record begins later or ends earlier, if TLS hides it, or if the log
 * leaves lines of AUTH out.  A gap in a capture explains it, which is told.
 * What remains is a finding.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "check/compare.h"
#include "transcript/observe.h"

/* Findings of one pair. */
#define FINDINGS_MAX 1000
/* How far in front of a reply its command is looked for: mostly it stands
 * right there. */
#define ROWS_BACK 64

static enum sw_side other(enum sw_side side)
{
	return side == SW_LEFT ? SW_RIGHT : SW_LEFT;
}

/* --- findings ------------------------------------------------------------- */

/* Kinds that do not say that the records disagree. */
static bool disagrees(enum sw_finding_kind kind)
{
	switch (kind) {
	case SW_FOUND_CAPTURE_GAP:
	case SW_FOUND_TIMEOUT_CLIENT:
	case SW_FOUND_TIMEOUT_SERVER:
	case SW_FOUND_MTU_BLACK_HOLE:
	case SW_FOUND_SMUGGLING:
	case SW_FOUND_COMMANDS_AFTER_STARTTLS:
	case SW_FOUND_EARLY_TALKER:
		return false;
	default:
		return true;
	}
}

static bool is_wanted(const struct judge *j, enum sw_finding_kind kind)
{
	return (!j->options->only || j->options->only >> kind & 1) &&
	    !(j->options->ignore >> kind & 1);
}

static void place(uint64_t at[2], const struct sw_event *e)
{
	at[0] = e ? e->at_first : 0;
	at[1] = e ? e->at_last : 0;
}

static struct sw_finding *new_finding(struct judge *j)
{
	void *findings = j->findings;

	if (!base_grow(&findings, j->count, &j->capacity,
	    sizeof(*j->findings))) {
		j->memory = true;
		return NULL;
	}
	j->findings = findings;
	return &j->findings[j->count++];
}

void check_find(struct judge *j, const struct about *a, const char *format,
    ...)
{
	struct sw_finding *f;
	char text[1024];
	va_list list;
	int n;

	if (!is_wanted(j, a->kind))
		return;
	j->differs |= disagrees(a->kind);
	if (a->row > 0)
		j->rows[a->row - 1].found = true;
	if (j->count >= FINDINGS_MAX || !(f = new_finding(j)))
		return;
	memset(f, 0, sizeof(*f));
	f->kind = a->kind;
	f->side = a->side;
	f->left_event = a->left ? a->left->n : 0;
	f->right_event = a->right ? a->right->n : 0;
	place(f->left_at, a->left);
	place(f->right_at, a->right);
	f->message = a->message;
	f->recipient = a->recipient;
	f->left_text = a->left_text;
	f->right_text = a->right_text;
	va_start(list, format);
	n = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (n < 0 || (size_t)n >= sizeof(text))
		n = (int)strlen(text);
	f->explanation = arena_copy(j->arena, slice_make(text, (size_t)n));
	if (!f->explanation.data)
		j->memory = true;
}

const char *compare_name(const struct judge *j, enum sw_side side)
{
	switch (j->s[side]->recorder) {
	case SW_RECORDER_SERVER:
		return "the server's log";
	case SW_RECORDER_CLIENT:
		return "the client's log";
	case SW_RECORDER_WIRE:
	case SW_RECORDER_COUNT:
		break;
	}
	return "the wire";
}

bool compare_is_iis(const struct sw_session *s)
{
	return slice_has_prefix_nocase(compare_slice(s->source.format),
	    slice_str("iis"));
}

/* --- texts ---------------------------------------------------------------- */

struct reading {
	struct slice s;
	size_t at;
	bool plus; /* '+' may be a blank */
};

/* The next octet that counts; runs of blanks are one, those at the end and
 * behind a colon none.  0: the end. */
static uint8_t next(struct reading *r)
{
	bool blank = false;

	while (r->at < r->s.len) {
		uint8_t c = r->s.p[r->at];

		if (r->plus && c == '+')
			c = ' ';
		if (c != ' ' && c != '\t') {
			if (blank && (r->at < 2 || r->s.p[r->at - 2] != ':'))
				return ' ';
			r->at++;
			return c ? c : 1;
		}
		blank = r->at > 0;
		r->at++;
	}
	return 0;
}

/* Where a text was cut in its middle: " ... ". */
static size_t find_cut(struct slice s)
{
	return slice_find_nocase(s, slice_str(" ... "));
}

static bool same_beginning(struct slice x, struct slice y, bool plus,
    bool cut)
{
	struct reading a = { x, 0, plus }, b = { y, 0, plus };

	for (;;) {
		uint8_t c = next(&a), d = next(&b);

		if (c == 0 && d == 0)
			return true;
		if (c == 0 || d == 0)
			return cut;
		/* what could not be printed, or is not UTF-8 */
		if (c != d && c != '?' && d != '?' && c < 0x80 && d < 0x80)
			return false;
	}
}

/* A text whose middle is left out has the other's beginning and end. */
static bool fits_cut(struct slice cut, struct slice whole, size_t at)
{
	struct slice head = slice_head(cut, at);
	struct slice tail = slice_from(cut, at + 5);

	return whole.len >= head.len + tail.len &&
	    slice_eq(head, slice_head(whole, head.len)) &&
	    slice_eq(tail, slice_from(whole, whole.len - tail.len));
}

/* Servers that keep lines as strings of C log them up to a NUL. */
static struct slice up_to_nul(struct slice s)
{
	const uint8_t *nul = s.len ? memchr(s.p, 0, s.len) : NULL;

	return nul ? slice_head(s, (size_t)(nul - s.p)) : s;
}

bool compare_texts(const struct judge *j, struct sw_bytes left,
    struct sw_bytes right, uint32_t flags)
{
	struct slice x = compare_slice(left), y = compare_slice(right);
	bool plus = compare_is_iis(j->s[0]) || compare_is_iis(j->s[1]);
	bool cut = flags & SW_BIT(SW_FLAG_TRUNCATED);
	bool left_log = j->s[0]->source.kind == SW_SOURCE_LOG;
	bool right_log = j->s[1]->source.kind == SW_SOURCE_LOG;

	if (slice_eq(x, y) || same_beginning(x, y, plus, cut))
		return true;
	if ((left_log && same_beginning(x, up_to_nul(y), plus, cut)) ||
	    (right_log && same_beginning(up_to_nul(x), y, plus, cut)))
		return true;
	return cut && ((find_cut(x) < x.len &&
	    fits_cut(x, y, find_cut(x))) ||
	    (find_cut(y) < y.len && fits_cut(y, x, find_cut(y))));
}

struct sw_bytes compare_reply_text(struct judge *j, const struct sw_reply *r)
{
	struct sw_bytes text;
	struct buffer b;
	size_t i;

	buffer_init(&b, 4096);
	if (r->code != SW_UNKNOWN)
		buffer_append_i64(&b, r->code);
	for (i = 0; i < r->line_count; i++) {
		if (b.len > 0)
			buffer_append_str(&b, i > 0 ? "\n" : " ");
		buffer_append_slice(&b, slice_head(compare_slice(
		    r->lines[i]), 1000));
	}
	text = arena_copy(j->arena, buffer_slice(&b));
	if (!text.data || b.failed)
		j->memory = true;
	buffer_fini(&b);
	return text;
}

/* --- commands ------------------------------------------------------------- */

static const struct sw_event *event_of(const struct judge *j,
    enum sw_side side, size_t row)
{
	uint32_t i = side == SW_LEFT ? j->rows[row].left :
	    j->rows[row].right;

	return i ? &j->s[side]->events[i - 1] : NULL;
}

static struct sw_bytes command_text(struct judge *j,
    const struct sw_command *c)
{
	struct sw_bytes text;
	struct buffer b;

	if (c->line.data)
		return c->line;
	buffer_init(&b, 4096);
	buffer_append_slice(&b, slice_head(compare_slice(c->verb), 1000));
	if (c->argument.len > 0) {
		buffer_append_str(&b, " ");
		buffer_append_slice(&b, slice_head(compare_slice(
		    c->argument), 2000));
	}
	text = arena_copy(j->arena, buffer_slice(&b));
	if (!text.data || b.failed)
		j->memory = true;
	buffer_fini(&b);
	return text;
}

static bool same_verbs(struct sw_bytes x, struct sw_bytes y)
{
	return slice_eq_nocase(compare_slice(x), compare_slice(y));
}

static bool same_commands(const struct judge *j, const struct sw_event *l,
    const struct sw_event *r)
{
	return l && r && l->kind == SW_EVENT_COMMAND &&
	    r->kind == SW_EVENT_COMMAND && l->u.command.verb.data &&
	    same_verbs(l->u.command.verb, r->u.command.verb) &&
	    compare_texts(j, l->u.command.argument, r->u.command.argument, 0);
}

/* Do two rows hold the same two commands, but crosswise?  Told once. */
static bool is_exchanged(struct judge *j, size_t row, struct about *a)
{
	size_t i = row > ROWS_BACK ? row - ROWS_BACK : 0;

	while (i < j->row_count && i < row + ROWS_BACK && (i == row ||
	    !same_commands(j, event_of(j, SW_LEFT, i), a->right) ||
	    !same_commands(j, a->left, event_of(j, SW_RIGHT, i))))
		i++;
	if (i == j->row_count || i == row + ROWS_BACK)
		return false;
	j->rows[row].found = true;
	if (i < row)
		return true;
	a->kind = SW_FOUND_ORDER_CHANGED;
	check_find(j, a, "Both sides have these commands, but in another "
	    "order: one record tells them out of order, or something between "
	    "the two points holds commands back.");
	return true;
}

static void change_command(struct judge *j, size_t row,
    const struct sw_event *l, const struct sw_event *r)
{
	bool left = observe_is_crossed(l->u.command.verb);
	bool right = observe_is_crossed(r->u.command.verb);
	struct about a = { .kind = SW_FOUND_COMMAND_CHANGED,
		.side = SW_NO_SIDE, .left = l, .right = r, .row = row + 1 };

	a.left_text = command_text(j, &l->u.command);
	a.right_text = command_text(j, &r->u.command);
	if (is_exchanged(j, row, &a))
		return;
	if (left != right) {
		a.kind = SW_FOUND_VERB_MASKED;
		a.side = left ? SW_LEFT : SW_RIGHT;
		check_find(j, &a, "A verb is crossed out with X on one side: "
		    "a firewall that inspects SMTP (Cisco PIX or ASA "
		    "\"fixup\", \"inspect esmtp\") does not let the client "
		    "use this extension.  Switch that inspection off.");
		return;
	}
	check_find(j, &a, "The command is not the same on both sides: it was "
	    "rewritten between the two points, or one record is wrong.");
}

static void compare_commands(struct judge *j, size_t row)
{
	const struct sw_event *l = event_of(j, SW_LEFT, row);
	const struct sw_event *r = event_of(j, SW_RIGHT, row);
	const struct sw_command *x = &l->u.command, *y = &r->u.command;
	uint32_t flags = l->flags | r->flags;

	if (flags & SW_BIT(SW_FLAG_MASKED)) {
		if (x->verb.data && y->verb.data &&
		    !same_verbs(x->verb, y->verb))
			change_command(j, row, l, r);
		return; /* secrets are not compared */
	}
	if (!same_verbs(x->verb, y->verb)) {
		change_command(j, row, l, r);
		return;
	}
	if (x->verb.data && (!x->argument.data || !y->argument.data ||
	    !compare_records(j->s[0], SW_RECORDS_ARGUMENT) ||
	    !compare_records(j->s[1], SW_RECORDS_ARGUMENT)))
		return;
	if (x->verb.data ? !compare_texts(j, x->argument, y->argument,
	    flags) : !compare_texts(j, x->line, y->line, flags))
		change_command(j, row, l, r);
}

/* --- what one side lacks -------------------------------------------------- */

static bool has_note(const struct sw_session *s, enum sw_note_code code)
{
	size_t i;

	for (i = 0; i < s->note_count; i++)
		if (s->notes[i].code == code)
			return true;
	return false;
}

/* Octets are missing from this record. */
bool compare_has_gaps(const struct sw_session *s)
{
	size_t i;

	if (has_note(s, SW_NOTE_GAP) || has_note(s, SW_NOTE_FRAMES_DROPPED) ||
	    has_note(s, SW_NOTE_DIRECTION_MISSING) ||
	    has_note(s, SW_NOTE_SNAPPED))
		return true;
	for (i = 0; i < s->event_count; i++)
		if (s->events[i].kind == SW_EVENT_GAP)
			return true;
	return false;
}

/* Rows of the dialogue of a side: the first and the last. */
static void dialogue_rows(const struct judge *j, enum sw_side side,
    size_t *first_r, size_t *last_r)
{
	size_t i;

	*first_r = j->row_count;
	*last_r = 0;
	for (i = 0; i < j->row_count; i++) {
		const struct sw_event *e = event_of(j, side, i);

		if (!e || (e->kind != SW_EVENT_COMMAND &&
		    e->kind != SW_EVENT_REPLY && e->kind != SW_EVENT_DATA))
			continue;
		if (*first_r == j->row_count)
			*first_r = i;
		*last_r = i;
	}
}

/* Does the side's record begin behind this row, or end before it? */
static bool is_outside(const struct judge *j, enum sw_side side, size_t row)
{
	const struct sw_session *s = j->s[side];
	size_t first, last;

	dialogue_rows(j, side, &first, &last);
	if (row < first)
		return has_note(s, SW_NOTE_NO_START) || first ==
		    j->row_count;
	return row > last && (s->ending == SW_ENDING_INPUT_ENDED ||
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
	    e->n > j->last_answered[other(side)];
}

/* OpenSMTPD does not trace a line that it refuses for being pipelined. */
static bool is_untraced(const struct judge *j, enum sw_side side,
    const struct sw_event *e)
{
	const struct sw_session *s = j->s[other(side)];
	size_t i;

	if (e->kind != SW_EVENT_COMMAND ||
	    !slice_has_prefix_nocase(compare_slice(j->s[side]->source.format),
	    slice_str("opensmtpd")))
		return false;
	for (i = e->n; i < s->event_count; i++) {
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

/* Did the connection end before its peer could read anything more? */
static bool is_closed(const struct sw_session *s)
{
	size_t i;

	for (i = s->event_count; i > 0; i--)
		if (s->events[i - 1].kind == SW_EVENT_CLOSE)
			return true;
	return s->ending == SW_ENDING_QUIT;
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

	a.left = event_of(j, SW_LEFT, row);
	a.right = event_of(j, SW_RIGHT, row);
	j->undecided = true;
	check_find(j, &a, "One side has this and the other's capture lacks "
	    "octets of the session: the gap explains the difference, which "
	    "cannot be decided.  Capture without drops (a larger -B, a filter, "
	    "a full snapshot length).");
}

static bool is_final_dot(const struct judge *j, const struct sw_event *e,
    enum sw_side side)
{
	const struct sw_session *s = j->s[side];
	size_t i;

	for (i = 0; i < s->event_count; i++)
		if (s->events[i].n == e->u.reply.to)
			return s->events[i].kind == SW_EVENT_DATA;
	return false;
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

static void lost_reply(struct judge *j, size_t row, enum sw_side side,
    struct about *a)
{
	const struct sw_event *e = event_of(j, other(side), row);
	bool claims = j->s[other(side)]->recorder == SW_RECORDER_SERVER &&
	    j->s[side]->recorder != SW_RECORDER_SERVER;

	if (!claims) {
		check_find(j, a, "Only one side has this reply: it was added "
		    "or swallowed between the two points, or one record is "
		    "not complete.");
		return;
	}
	a->kind = SW_FOUND_REPLY_NEVER_ARRIVED;
	if (is_final_dot(j, e, other(side)) && e->u.reply.code / 100 == 2)
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
	size_t i;

	if (e->kind != SW_EVENT_REPLY || !is_closed(j->s[side]) ||
	    compare_is_wanted_reply(j, other(side), e, side))
		return false;
	for (i = row + 1; i < j->row_count; i++) {
		e = event_of(j, side, i);
		if (e && (e->kind == SW_EVENT_COMMAND ||
		    e->kind == SW_EVENT_REPLY))
			return false;
	}
	return true;
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
		const struct sw_event *e = event_of(j, other(side), i);

		if (!e || e->kind != SW_EVENT_COMMAND)
			continue;
		if (!is_verb(e, "RCPT") && !is_verb(e, "DATA") &&
		    !is_verb(e, "BDAT"))
			break;
		if (event_of(j, side, i))
			return 0;
		any = true;
	}
	return any ? i : 0;
}

/* The row near this one in which only `side` has the same command;
 * row_count: there is none. */
static size_t moved_to(const struct judge *j, size_t row, enum sw_side side)
{
	const struct sw_event *e = event_of(j, other(side), row);
	size_t i = row > ROWS_BACK ? row - ROWS_BACK : 0;

	for (; i < j->row_count && i < row + ROWS_BACK; i++) {
		const struct sw_event *o = event_of(j, side, i);

		if (!event_of(j, other(side), i) && same_commands(j,
		    side == SW_LEFT ? o : e, side == SW_LEFT ? e : o))
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
	*(side == SW_LEFT ? &a->left : &a->right) = event_of(j, side, i);
	a->left_text = command_text(j, &a->left->u.command);
	a->right_text = command_text(j, &a->right->u.command);
	check_find(j, a, "Both sides have this command, but at another place "
	    "among the others: one record tells them out of order, or "
	    "something between the two points holds commands back.");
	return true;
}

static void lost_command(struct judge *j, size_t row, enum sw_side side,
    struct about *a)
{
	const struct sw_event *e = event_of(j, other(side), row);
	const char *name = compare_name(j, other(side));
	size_t end = is_verb(e, "MAIL") ? lost_transaction(j, row, side) : 0;

	if (is_moved(j, row, side, a))
		return;
	*(side == SW_LEFT ? &a->right_text : &a->left_text) =
	    command_text(j, &e->u.command);
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
		const struct sw_event *c = event_of(j, other(side), i - 1);

		if (c && c->n == e->u.reply.to &&
		    c->kind == SW_EVENT_COMMAND)
			return !event_of(j, side, i - 1);
	}
	return false;
}

/* Only the other side has this row. */
static void lack(struct judge *j, size_t row, enum sw_side side)
{
	const struct sw_event *e = event_of(j, other(side), row);
	struct about a = { .side = side, .row = row + 1 };

	if (compare_flag(e, SW_FLAG_INFERRED) || !is_able(j, side, e) ||
	    is_hidden(j, side, row))
		return;
	if (is_outside(j, side, row)) {
		j->undecided |= j->s[side]->source.kind == SW_SOURCE_WIRE;
		return;
	}
	if (is_quit(e) && (has_note(j->s[0], SW_NOTE_SYNTHETIC_QUIT) ||
	    has_note(j->s[1], SW_NOTE_SYNTHETIC_QUIT)))
		return;
	if (row < j->told_until[side] || is_told(j, row, side, e) ||
	    is_never_read(j, side, e) || is_untraced(j, side, e) ||
	    is_late_reply(j, row, side, e))
		return;
	if (has_note(j->s[side], SW_NOTE_SMUGGLING) &&
	    row > j->content_row) {
		/* What the one takes for content are commands to the other:
		 * the finding that bears the note's name tells it. */
		j->differs = true;
		return;
	}
	if (compare_has_gaps(j->s[side])) {
		explain_gap(j, row, side);
		return;
	}
	a.left = event_of(j, SW_LEFT, row);
	a.right = event_of(j, SW_RIGHT, row);
	if (e->kind == SW_EVENT_REPLY) {
		struct sw_bytes text = compare_reply_text(j, &e->u.reply);

		a.kind = SW_FOUND_REPLY_MISSING;
		*(side == SW_LEFT ? &a.right_text : &a.left_text) = text;
		lost_reply(j, row, side, &a);
		return;
	}
	lost_command(j, row, side, &a);
}

/* --- TLS ------------------------------------------------------------------ */

static const struct sw_event *opaque_from(const struct sw_session *s)
{
	size_t i;

	if (!s->encryption || s->encryption->decrypted)
		return NULL;
	for (i = 0; i < s->event_count; i++)
		if (s->events[i].kind == SW_EVENT_TLS)
			return &s->events[i];
	return NULL;
}

/* From which row on is one side's dialogue hidden by TLS? */
static void find_hidden(struct judge *j)
{
	int side;

	j->hidden = SW_NO_SIDE;
	j->hidden_from = j->row_count;
	for (side = 0; side < 2; side++) {
		const struct sw_event *tls = opaque_from(j->s[side]);
		size_t i;

		if (!tls)
			continue;
		j->undecided = true;
		j->hidden = (enum sw_side)side;
		/* Behind the last event in front of it. */
		j->hidden_from = 0;
		for (i = 0; i < j->row_count; i++) {
			const struct sw_event *e = event_of(j,
			    (enum sw_side)side, i);

			if (e && e->n < tls->n &&
			    (e->kind == SW_EVENT_COMMAND ||
			    e->kind == SW_EVENT_REPLY))
				j->hidden_from = i + 1;
		}
	}
}

/* --- what notes of one side say ------------------------------------------- */

static const struct {
	enum sw_note_code note;
	enum sw_finding_kind kind;
} from_notes[] = {
	{ SW_NOTE_TIMEOUT_CLIENT, SW_FOUND_TIMEOUT_CLIENT },
	{ SW_NOTE_TIMEOUT_SERVER, SW_FOUND_TIMEOUT_SERVER },
	{ SW_NOTE_MTU_BLACK_HOLE, SW_FOUND_MTU_BLACK_HOLE },
	{ SW_NOTE_SMUGGLING, SW_FOUND_SMUGGLING },
	{ SW_NOTE_COMMANDS_AFTER_STARTTLS,
	    SW_FOUND_COMMANDS_AFTER_STARTTLS },
	{ SW_NOTE_EARLY_TALKER, SW_FOUND_EARLY_TALKER },
};

static void take_note(struct judge *j, enum sw_side side,
    const struct sw_note *n, enum sw_finding_kind kind)
{
	struct about a = { .kind = kind, .side = side };
	size_t i;

	/* What both show is told once. */
	if (has_note(j->s[other(side)], n->code)) {
		if (side == SW_RIGHT)
			return;
		a.side = SW_NO_SIDE;
	}
	for (i = 0; i < j->row_count; i++) {
		const struct sw_event *e = event_of(j, side, i);

		if (n->event && e && e->n == n->event) {
			a.left = event_of(j, SW_LEFT, i);
			a.right = event_of(j, SW_RIGHT, i);
			a.row = i + 1;
		}
	}
	check_find(j, &a, "%.*s", (int)(n->text.len < 900 ? n->text.len :
	    900), (const char *)n->text.data);
}

static void take_notes(struct judge *j)
{
	size_t side, i, k;

	for (side = 0; side < 2; side++)
		for (i = 0; i < j->s[side]->note_count; i++)
			for (k = 0; k < sizeof(from_notes) /
			    sizeof(from_notes[0]); k++)
				if (j->s[side]->notes[i].code ==
				    from_notes[k].note)
					take_note(j, (enum sw_side)side,
					    &j->s[side]->notes[i],
					    from_notes[k].kind);
}

/* --- all of it ------------------------------------------------------------ */

static void compare_addresses(struct judge *j)
{
	struct about a = { .kind = SW_FOUND_ADDRESS_CHANGED,
		.side = SW_NO_SIDE };

	a.left_text = j->s[SW_LEFT]->client.ip;
	a.right_text = j->s[SW_RIGHT]->client.ip;
	if (j->options->nat[0] || !a.left_text.data || !a.right_text.data ||
	    slice_eq_nocase(compare_slice(a.left_text),
	    compare_slice(a.right_text)))
		return;
	check_find(j, &a, "The client has another address on either side, "
	    "though others have not: a proxy stands between the two points, "
	    "or these are not the same session.");
}

/* The newest event to which something was answered. */
static uint32_t last_answered(const struct sw_session *s)
{
	uint32_t last = 0;
	size_t i;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		/* A 421 may be said without regard to any command. */
		if (e->kind == SW_EVENT_REPLY && e->u.reply.to > last &&
		    e->u.reply.code != 421)
			last = e->u.reply.to;
	}
	return last;
}

/* The first row with content of either side. */
static size_t first_content(const struct judge *j)
{
	size_t i;

	for (i = 0; i < j->row_count; i++) {
		const struct sw_event *l = event_of(j, SW_LEFT, i);
		const struct sw_event *r = event_of(j, SW_RIGHT, i);

		if ((l && l->kind == SW_EVENT_DATA) ||
		    (r && r->kind == SW_EVENT_DATA))
			return i;
	}
	return j->row_count;
}

static void compare_row(struct judge *j, size_t row)
{
	const struct sw_event *l = event_of(j, SW_LEFT, row);
	const struct sw_event *r = event_of(j, SW_RIGHT, row);

	if (l && r && l->kind == SW_EVENT_COMMAND)
		compare_commands(j, row);
	else if (l && r && l->kind == SW_EVENT_REPLY)
		compare_replies(j, row);
	else if (l && !r)
		lack(j, row, SW_RIGHT);
	else if (r && !l)
		lack(j, row, SW_LEFT);
}

enum sw_status verdict_compare(const struct sw_session *left,
    const struct sw_session *right, struct sw_aligned *rows,
    size_t row_count, const struct verdict_options *o, struct arena *arena,
    struct sw_pair *p_r)
{
	struct judge j = { .s = { left, right }, .options = o,
		.arena = arena, .rows = rows, .row_count = row_count };
	struct sw_finding *kept;
	size_t i;

	find_hidden(&j);
	j.last_answered[SW_LEFT] = last_answered(left);
	j.last_answered[SW_RIGHT] = last_answered(right);
	j.content_row = first_content(&j);
	for (i = 0; i < row_count; i++)
		compare_row(&j, i);
	compare_messages(&j);
	compare_addresses(&j);
	take_notes(&j);
	kept = arena_calloc(arena, j.count + 1, sizeof(*kept));
	if (kept && j.count > 0)
		memcpy(kept, j.findings, j.count * sizeof(*kept));
	free(j.findings);
	if (!kept || j.memory)
		return SW_ENOMEM;
	p_r->findings = kept;
	p_r->finding_count = j.count;
	p_r->verdict = j.differs ? SW_DIFFERS : j.undecided ?
	    SW_UNDECIDABLE : SW_AGREES;
	return SW_OK;
}
