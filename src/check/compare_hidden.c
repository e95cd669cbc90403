/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_hidden.c - what a capture shows of a dialogue that TLS hides
 *
 * Theory of operation.  The server's log tells the dialogue, the capture only
 * records of TLS.  Yet two things show that the last reply was not received:
 * octets of the server at the end that the client never acknowledged, if they
 * are more than an alert (RFC 8446, section 6: that TLS is closed); and a
 * reply that was logged when the connection had ended on the wire.  Only what
 * the client waited for counts: a verdict, or any reply but a good-bye.  If
 * these show nothing, the turns of both sides do (compare_turns.c).  What is
 * found is told, but the dialogue itself stays undecided.
 */
#include "check/compare.h"

#include "base/clock.h"

/* A record of TLS 1.2 with an alert: 5 octets of head, 2 of the alert, and at
 * most 48 of an initialization vector, a digest and padding. */
#define ALERT_MAX 55

/* The last reply of the log among what is hidden; NULL: there is none. */
static const struct sw_event *last_reply(const struct judge *j,
    enum sw_side side, size_t *row_r)
{
	size_t i;

	for (i = j->row_count; i > j->hidden_from; i--) {
		const struct sw_event *e = compare_event(j, side, i - 1);

		if (!e || (e->kind != SW_EVENT_REPLY &&
		    e->kind != SW_EVENT_COMMAND))
			continue;
		*row_r = i;
		return e->kind == SW_EVENT_REPLY ? e : NULL;
	}
	return NULL;
}

static bool is_whole(const struct sw_session *s)
{
	return s->ending != SW_ENDING_INPUT_ENDED &&
	    s->ending != SW_ENDING_LIMIT && s->ending != SW_ENDING_IDLE;
}

/* A time of a side by the clock of the left. */
static int64_t at_left(const struct judge *j, enum sw_side side, int64_t t)
{
	return side == SW_RIGHT ? clock_shift(t, j->options->offset_ns) : t;
}

/* Was it logged when the wire had seen the last of the connection? */
static bool is_behind(const struct judge *j, const struct sw_event *e)
{
	const struct sw_session *wire = j->s[j->hidden];
	const struct sw_session *log = j->s[compare_other(j->hidden)];

	if (!j->options->timed || e->time == SW_NO_TIME ||
	    wire->end == SW_NO_TIME || wire->clock.date != SW_DATE_GIVEN ||
	    log->clock.date != SW_DATE_GIVEN)
		return false;
	return clock_apart(at_left(j, compare_other(j->hidden), e->time),
	    at_left(j, j->hidden, wire->end)) >
	    clock_shift(j->options->slack_ns, log->clock.resolution_ns);
}

/* The server's last reply in the log, if the client did not receive it. */
static void compare_last(struct judge *j)
{
	const struct sw_session *wire = j->s[j->hidden];
	const struct sw_session *log = j->s[compare_other(j->hidden)];
	bool unacked;
	struct about a = { .kind = SW_FOUND_REPLY_NEVER_ARRIVED,
		.side = j->hidden };
	const struct sw_event *e;

	if (log->recorder != SW_RECORDER_SERVER ||
	    !(e = last_reply(j, compare_other(j->hidden), &a.row)))
		return;
	unacked = wire->tcp && wire->tcp->server.unacked > ALERT_MAX;
	if ((!unacked && !is_behind(j, e)) || !compare_is_wanted_reply(j,
	    compare_other(j->hidden), e, j->hidden))
		return;
	a.left = compare_event(j, SW_LEFT, a.row - 1);
	a.right = compare_event(j, SW_RIGHT, a.row - 1);
	*(j->hidden == SW_LEFT ? &a.right_text : &a.left_text) =
	    compare_reply_text(j, &e->u.reply);
	check_find(j, &a, "TLS hides the dialogue, but this was the server's "
	    "last reply, and %s: the client did not receive it.  If it ended "
	    "a message, the client sends that again, so it comes twice (RFC "
	    "1047).  Look at the path from server to client, and at how long "
	    "the server took.", unacked ? "the last octets that the server "
	    "sent were never acknowledged" : "the connection had ended on the "
	    "wire when it was logged");
}

void compare_hidden(struct judge *j)
{
	const struct sw_session *wire;
	bool differs = j->differs;
	size_t count = j->count;

	if (j->hidden == SW_NO_SIDE)
		return;
	wire = j->s[j->hidden];
	if (wire->source.kind != SW_SOURCE_WIRE || !is_whole(wire) ||
	    j->gaps[j->hidden])
		return;
	compare_last(j);
	if (j->count == count)
		compare_turns(j);
	j->differs = differs;
}
