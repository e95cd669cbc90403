/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_turns.c - a log's dialogue against the turns of TLS on the wire
 *
 * Theory of operation.  TLS hides what was said, not who sent records, when,
 * and how much.  Of the log those replies are taken for which a client has to
 * wait before it says anything more (RFC 2920, section 3.1: EHLO, DATA, AUTH;
 * and the verdict on content): each stands for a turn of the client and one of
 * the server behind it, in this order.  They are laid into the turns of the
 * wire as early as they fit.  One that does not fit was not said there; a
 * reply at whose time the server sent nothing was said at another; content
 * that is larger than what the client sent from its place on is not what was
 * sent.  Pipelining and records that are no part of the dialogue (tickets,
 * alerts, lines of AUTH that a log leaves out) only make more turns of the
 * wire than of the log, or fewer of those that nobody waited for.  So nothing
 * is told wrongly, but not everything that differs is found.
 */
#include "check/compare.h"

#include "base/clock.h"
#include "transcript/replies.h"

/* The least by which encryption makes a record larger: the tag of CCM_8 (RFC
 * 6655, section 3). */
#define RECORD_OVERHEAD 8

/* The wire's turns, and how far the log's were laid into them. */
struct laying {
	enum sw_side side;       /* the log's */
	const struct sw_tls_turn *turns;
	size_t count, at;
	uint64_t client_octets;  /* in the turns from `at` on */
	bool loose;  /* what is told next may have been sent with the content */
	bool timed;
	uint64_t content;        /* octets of it, from here on */
};

static const struct sw_event *tls_event(const struct sw_session *s)
{
	size_t i;

	for (i = 0; i < s->event_count; i++)
		if (s->events[i].kind == SW_EVENT_TLS)
			return &s->events[i];
	return NULL;
}

static void skip_turn(struct laying *l)
{
	if (l->turns[l->at].by == SW_CLIENT)
		l->client_octets -= l->turns[l->at].octets;
	l->at++;
}

/* RFC 8446, section 5.2: behind ServerHello the handshake looks like data.
 * The server's part comes first; the client's is surely all of a turn that is
 * one record, since its Finished shares none with data. */
static void skip_handshake(struct laying *l, struct sw_bytes version)
{
	if (!slice_eq_nocase(compare_slice(version), slice_str("TLSv1.3")) ||
	    l->count == 0 || l->turns[0].by != SW_SERVER)
		return;
	skip_turn(l);
	if (l->at < l->count && l->turns[l->at].records == 1)
		skip_turn(l);
}

/* What is left of a turn for what was said. */
static uint64_t room(const struct sw_tls_turn *t)
{
	return t->octets / RECORD_OVERHEAD < t->records ? 0 :
	    t->octets - t->records * RECORD_OVERHEAD;
}

/* The next turn of a role in which so many octets may have been said, which
 * is used up; false: there is none. */
static bool take_turn(struct laying *l, enum sw_role by, uint64_t octets)
{
	while (l->at < l->count) {
		const struct sw_tls_turn *t = &l->turns[l->at];

		skip_turn(l);
		if (t->by == by && room(t) >= octets)
			return true;
	}
	return false;
}

static bool is_awaited_verb(struct slice verb, int32_t code)
{
	if (slice_eq_nocase(verb, slice_str("DATA")))
		return code / 100 == 3;
	return slice_eq_nocase(verb, slice_str("EHLO")) ||
	    slice_eq_nocase(verb, slice_str("HELO")) ||
	    slice_eq_nocase(verb, slice_str("LHLO")) ||
	    slice_eq_nocase(verb, slice_str("AUTH"));
}

/* Does a client wait for this reply before it goes on?  To content it may
 * have sent more behind it. */
static bool is_awaited(const struct sw_event *e, const struct sw_event *to)
{
	if (!to || compare_flag(to, SW_FLAG_PIPELINED) ||
	    e->u.reply.code == 421)
		return false;
	if (to->kind == SW_EVENT_DATA)
		return true;
	return to->kind == SW_EVENT_COMMAND && is_awaited_verb(
	    compare_slice(to->u.command.verb), e->u.reply.code);
}

static struct about about_row(const struct judge *j, const struct laying *l,
    size_t row, enum sw_finding_kind kind)
{
	struct about a = { .kind = kind, .side = compare_other(l->side),
		.row = row + 1 };

	a.left = compare_event(j, SW_LEFT, row);
	a.right = compare_event(j, SW_RIGHT, row);
	/* What the wire has in this row is not what this is about. */
	*(l->side == SW_LEFT ? &a.right : &a.left) = NULL;
	return a;
}

static void tell_reply(struct judge *j, const struct laying *l, size_t row,
    enum sw_finding_kind kind, const char *text)
{
	struct about a = about_row(j, l, row, kind);
	const struct sw_event *e = compare_event(j, l->side, row);

	*(l->side == SW_LEFT ? &a.left_text : &a.right_text) =
	    compare_reply_text(j, &e->u.reply);
	check_find(j, &a, "TLS hides the dialogue, but %s", text);
}

/* --- times ---------------------------------------------------------------- */

/* A time of the log by the clock of the wire. */
static int64_t at_wire(const struct judge *j, const struct laying *l,
    int64_t t)
{
	return l->side == SW_RIGHT ? clock_shift(t, j->options->offset_ns) :
	    clock_shift(t, -j->options->offset_ns);
}

static int64_t tolerance(const struct judge *j, const struct laying *l)
{
	return clock_shift(j->options->slack_ns,
	    j->s[l->side]->clock.resolution_ns);
}

static bool is_near(const struct judge *j, const struct laying *l,
    int64_t log, int64_t wire)
{
	int64_t apart = clock_apart(at_wire(j, l, log), wire);

	return (apart < 0 ? -apart : apart) <= tolerance(j, l);
}

/* Do the times of what both have in clear fit?  Else the log's times are not
 * those at which things were said. */
static bool are_times_good(const struct judge *j, const struct laying *l)
{
	const struct sw_session *log = j->s[l->side];
	const struct sw_session *wire = j->s[j->hidden];
	size_t i;

	if (!j->options->timed || log->clock.date == SW_DATE_NONE ||
	    wire->clock.date == SW_DATE_NONE || log->start == SW_NO_TIME ||
	    wire->start == SW_NO_TIME || log->clock.resolution_ns == 0 ||
	    log->clock.resolution_ns > NS_PER_S ||
	    !is_near(j, l, log->start, wire->start))
		return false;
	for (i = 0; i < j->hidden_from; i++) {
		const struct sw_event *a = compare_event(j, l->side, i);
		const struct sw_event *b = compare_event(j, j->hidden, i);

		if (a && b && a->time != SW_NO_TIME && b->time != SW_NO_TIME &&
		    !is_near(j, l, a->time, b->time))
			return false;
	}
	return true;
}

/* Did the server send anything at about this time? */
static bool is_sent_at(const struct judge *j, const struct laying *l,
    int64_t time)
{
	int64_t t = at_wire(j, l, time), slack = tolerance(j, l);
	size_t i;

	for (i = 0; i < l->count; i++)
		if (l->turns[i].by == SW_SERVER &&
		    clock_shift(l->turns[i].time, -slack) <= t &&
		    clock_shift(l->turns[i].end, slack) >= t)
			return true;
	return false;
}

static void compare_time(struct judge *j, struct laying *l, size_t row,
    const struct sw_event *e)
{
	if (!l->timed || e->time == SW_NO_TIME || is_sent_at(j, l, e->time))
		return;
	l->timed = false; /* told once */
	tell_reply(j, l, row, SW_FOUND_ORDER_CHANGED, "when the log has this "
	    "reply the server sent nothing: it went out at another time, or "
	    "the clocks do not run evenly.  Look at what the server waited "
	    "for between writing its log and writing to the network.");
}

/* --- sizes ---------------------------------------------------------------- */

/* Octets of content that a log tells; 0: it does not. */
static uint64_t content_of(const struct sw_session *s,
    const struct sw_event *e)
{
	if (!e || e->kind != SW_EVENT_DATA || e->u.data.size <= 0 ||
	    (!compare_records(s, SW_RECORDS_BODY) &&
	    !compare_records(s, SW_RECORDS_BODY_SIZE)))
		return 0;
	return (uint64_t)e->u.data.size;
}

/* The last content that does not fit, together with all behind it, is the one
 * that is too large; row + 1. */
static void compare_content(struct laying *l, uint64_t size, size_t row,
    size_t *too_large)
{
	if (size > 0 && l->content > l->client_octets)
		*too_large = row + 1;
	l->content -= size;
}

static void tell_content(struct judge *j, const struct laying *l, size_t row)
{
	struct about a = about_row(j, l, row, SW_FOUND_MESSAGE_SIZE_CHANGED);
	const struct sw_event *e = compare_event(j, l->side, row);

	a.message = e->u.data.message;
	check_find(j, &a, "TLS hides the dialogue, but the log's content of "
	    "%lld octets is more than all that the client sent from there on: "
	    "another message was stored than was sent.  Look at what rewrites "
	    "mail on the server before it writes its log.",
	    (long long)e->u.data.size);
}

/* --- all of it ------------------------------------------------------------ */

/* Does the log go on with a command?  Then its client did not leave. */
static bool goes_on(const struct judge *j, const struct laying *l, size_t row)
{
	size_t i;

	for (i = row + 1; i < j->row_count; i++) {
		const struct sw_event *e = compare_event(j, l->side, i);

		if (e && e->kind == SW_EVENT_COMMAND)
			return true;
	}
	return false;
}

static void tell_missing(struct judge *j, const struct laying *l, size_t row)
{
	const struct sw_event *e = compare_event(j, l->side, row);

	if (!goes_on(j, l, row) &&
	    !compare_is_wanted_reply(j, l->side, e, j->hidden))
		return;
	if (j->s[l->side]->recorder == SW_RECORDER_SERVER)
		tell_reply(j, l, row, SW_FOUND_REPLY_NEVER_ARRIVED, "client "
		    "and server took fewer turns on the wire than the log has "
		    "of them up to this reply, for which both had to wait: it "
		    "never passed this point.  Look at the path from server "
		    "to client, and whether the log's lines are of one "
		    "connection.");
	else
		tell_reply(j, l, row, SW_FOUND_REPLY_MISSING, "client and "
		    "server took fewer turns on the wire than the log has of "
		    "them up to this reply, for which both had to wait: it "
		    "did not come this way, or the log's lines are not of one "
		    "connection.");
}

/* A reply takes at least so many octets: code, separator and end, and what
 * the log has of the text. */
static uint64_t least_octets(const struct sw_event *e)
{
	uint64_t octets = 6;
	size_t i;

	if (compare_flag(e, SW_FLAG_MASKED))
		return octets;
	for (i = 0; i < e->u.reply.line_count; i++)
		octets += e->u.reply.lines[i].len + (i > 0 ? 6 : 0);
	return octets;
}

/* A reply of the log finds its turns; false: there are none left. */
static bool lay_reply(struct judge *j, struct laying *l, size_t row,
    const struct sw_event *e)
{
	const struct sw_event *to = replies_answered(j->s[l->side], e);

	if (!is_awaited(e, to))
		return true;
	compare_time(j, l, row, e);
	/* A command behind content may have shared its turn, and its reply
	 * that of the verdict. */
	if (l->loose) {
		l->loose = to->kind == SW_EVENT_DATA;
		return true;
	}
	l->loose = to->kind == SW_EVENT_DATA;
	if (take_turn(l, SW_CLIENT, 1) &&
	    take_turn(l, SW_SERVER, least_octets(e)))
		return true;
	tell_missing(j, l, row);
	return false;
}

static void lay(struct judge *j, struct laying *l)
{
	const struct sw_session *log = j->s[l->side];
	size_t i, too_large = 0;
	bool fits = true;

	for (i = j->hidden_from; i < j->row_count; i++)
		l->content += content_of(log, compare_event(j, l->side, i));
	for (i = j->hidden_from; i < j->row_count; i++) {
		const struct sw_event *e = compare_event(j, l->side, i);

		if (!e)
			continue;
		compare_content(l, content_of(log, e), i, &too_large);
		if (fits && e->kind == SW_EVENT_REPLY)
			fits = lay_reply(j, l, i, e);
	}
	if (fits && too_large > 0)
		tell_content(j, l, too_large - 1);
}

void compare_turns(struct judge *j)
{
	const struct sw_event *tls = tls_event(j->s[j->hidden]);
	struct laying l = { .side = compare_other(j->hidden) };
	size_t i;

	if (!tls || !tls->u.tls.turns_known ||
	    j->s[l.side]->source.kind != SW_SOURCE_LOG)
		return;
	l.turns = tls->u.tls.turns;
	l.count = tls->u.tls.turn_count;
	for (i = 0; i < l.count; i++)
		if (l.turns[i].by == SW_CLIENT)
			l.client_octets += l.turns[i].octets;
	l.timed = are_times_good(j, &l);
	skip_handshake(&l, tls->u.tls.version);
	lay(j, &l);
}
