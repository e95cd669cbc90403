/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.c - a session as text for people
 *
 *	session 1  203.0.113.7:49152 -> 192.0.2.25:25  2004-02-20 ...
 *	  dump.pcap, frames 12-87
 *	  0.000000 *  connected
 *	  0.031204 S  220 mx.example.org ESMTP
 *
 * Ten columns of time, a mark, two blanks, the text, flags in braces.  Marks: C
 * and S the client and the server, ? one of them, * the connection, --- a gap,
 * = what a reply means, ! a note.  All that comes from the record passes
 * escape_text.
 */
#include "emit/emit.h"

#include "base/clock.h"
#include "emit/text_parts.h"
#include "emit/words.h"

/* Files named in the head of a session that spans several. */
enum { SHOWN_PARTS = 8 };
/* Fraction digits of the times of a session that is still open, which leave
 * room for hours. */
enum { OPEN_DIGITS = 4 };

/* --- head --------------------------------------------------------------- */

/* "frame 12", "frames 12-87" */
static void put_range(const struct teller *t, uint64_t first, uint64_t last)
{
	const char *unit = sw_unit_name(t->s->source.unit);

	put(t, unit ? unit : "entry");
	if (last > first)
		put(t, "s");
	put(t, " ");
	put_u64(t, first);
	if (last > first) {
		put(t, "-");
		put_u64(t, last);
	}
}

/* Start and duration; milliseconds are enough for the latter. */
static void put_when(const struct teller *t)
{
	const struct sw_session *s = t->s;
	int digits = clock_digits(s->clock.resolution_ns);
	int64_t ns;
	char text[32];

	if (t->no_times || s->start == SW_NO_TIME)
		return;
	put(t, "  ");
	(void)clock_append(t->b, &s->clock, s->start, ' ');
	ns = s->end == SW_NO_TIME ? SW_NO_TIME : clock_add(s->end, -s->start);
	if (ns == SW_NO_TIME)
		return;
	put(t, "  ");
	(void)buffer_append(t->b, text,
	    text_seconds(text, ns, digits < 3 ? digits : 3));
	put(t, " s");
}

/* "1 message, accepted"; "3 messages, 2 accepted, 1 rejected" */
static void put_outcomes(const struct teller *t)
{
	const struct sw_session *s = t->s;
	uint64_t counts[SW_OUTCOME_COUNT] = { 0 };
	size_t i;

	if (s->message_count == 0) {
		put(t, "no message");
		return;
	}
	words_count(t->b, s->message_count, "message");
	for (i = 0; i < s->message_count; i++)
		if ((size_t)s->messages[i].outcome < SW_OUTCOME_COUNT)
			counts[s->messages[i].outcome]++;
	for (i = 0; i < SW_OUTCOME_COUNT; i++) {
		if (counts[i] == 0)
			continue;
		put(t, ", ");
		if (counts[i] != s->message_count) {
			put_u64(t, counts[i]);
			put(t, " ");
		}
		put(t, sw_outcome_name((enum sw_outcome)i));
	}
}

static void tell_head(const struct teller *t, uint64_t number)
{
	begin_color(t, BOLD);
	put(t, "session ");
	put_u64(t, number);
	put(t, "  ");
	words_endpoint(t->b, &t->s->client);
	put(t, " -> ");
	words_endpoint(t->b, &t->s->server);
	put_when(t);
	put(t, "  ");
	put_outcomes(t);
	end_color(t, BOLD);
	put(t, "\n");
}

static void put_file(const struct teller *t, struct sw_bytes name,
    uint64_t first, uint64_t last)
{
	words_bytes(t->b, name);
	if (first == 0)
		return;
	put(t, ", ");
	put_range(t, first, last);
}

/* Where the session was found: nothing that a diff should see. */
static void tell_files(const struct teller *t)
{
	const struct sw_source *s = &t->s->source;
	size_t i;

	if (t->no_times || (!s->name.data && s->part_count == 0))
		return;
	put(t, "  ");
	if (s->part_count == 0)
		put_file(t, s->name, s->first, s->last);
	for (i = 0; i < s->part_count && i < SHOWN_PARTS; i++) {
		if (i > 0)
			put(t, "; ");
		put_file(t, s->parts[i].name, s->parts[i].first,
		    s->parts[i].last);
	}
	if (i < s->part_count) {
		put(t, "; ");
		words_count(t->b, s->part_count - i, "more file");
	}
	put(t, "\n");
}

/* --- tail --------------------------------------------------------------- */

/* How the session ended, when no event says so. */
static void tell_ending(const struct teller *t)
{
	static const char *const texts[SW_ENDING_COUNT] = {
		[SW_ENDING_IDLE] = "nothing more for 900 s",
		[SW_ENDING_REUSED] = "the same ports begin a new connection",
		[SW_ENDING_LIMIT] = "not followed further: a limit",
		[SW_ENDING_NO_ANSWER] = "no answer from the server",
		[SW_ENDING_REFUSED] = "refused by the server",
		[SW_ENDING_INPUT_ENDED] = "the record ends here",
	};
	const struct sw_session *s = t->s;

	if ((size_t)s->ending >= SW_ENDING_COUNT || !texts[s->ending])
		return;
	if (s->event_count > 0 &&
	    s->events[s->event_count - 1].kind == SW_EVENT_CLOSE)
		return;
	text_begin_line(t, SW_NO_TIME, "*", DIM);
	put(t, texts[s->ending]);
	text_end_line(t, 0, DIM);
}

static void tell_message_files(const struct teller *t)
{
	size_t i;

	for (i = 0; i < t->s->message_count; i++) {
		const struct sw_message *m = &t->s->messages[i];

		if (!m->file.data)
			continue;
		text_begin_line(t, SW_NO_TIME, "*", DIM);
		put(t, "message ");
		put_u64(t, m->n);
		put(t, " is in ");
		words_bytes(t->b, m->file);
		text_end_line(t, 0, DIM);
	}
}

static void tell_note(const struct teller *t, const struct sw_note *n)
{
	const char *name = sw_note_name(n->code);
	const char *color = n->severity == SW_PROBLEM ? RED :
	    n->severity == SW_WARNING ? YELLOW : NULL;

	text_begin_line(t, SW_NO_TIME, "!", color);
	put(t, name ? name : "note");
	if (n->text.len > 0) {
		put(t, ": ");
		text_put_line(t, n->text);
	}
	if (n->at_first != 0 && !t->no_times) {
		put(t, " (");
		put_range(t, n->at_first, n->at_last);
		put(t, ")");
	}
	text_end_line(t, 0, color);
}

static void tell_omitted(const struct teller *t)
{
	const struct sw_omitted *o = &t->s->omitted;
	const uint64_t counts[] = { o->events, o->recipients, o->notes,
		o->messages };
	static const char *const what[] = { "event", "recipient", "note",
		"message" };
	const char *before = "left out by limits: ";
	size_t i;

	if (o->events == 0 && o->recipients == 0 && o->notes == 0 &&
	    o->messages == 0)
		return;
	text_begin_line(t, SW_NO_TIME, "!", YELLOW);
	for (i = 0; i < 4; i++) {
		if (counts[i] == 0)
			continue;
		put(t, before);
		words_count(t->b, counts[i], what[i]);
		before = ", ";
	}
	text_end_line(t, 0, YELLOW);
}

static void tell_tail(const struct teller *t)
{
	size_t i;

	tell_ending(t);
	tell_message_files(t);
	tell_omitted(t);
	for (i = 0; i < t->s->note_count; i++)
		tell_note(t, &t->s->notes[i]);
}

static struct teller teller_make(struct buffer *out,
    const struct sw_session *s, const struct emit_options *options)
{
	struct teller t = {
		out, s, options->no_times, options->color, SW_NO_TIME, 0,
		options->explain, 0,
	};

	t.base = text_choose_base(s);
	return t;
}

/* false: it does not fit, and is as it was. */
static bool end_text(struct buffer *out, size_t start)
{
	if (!out->failed && !out->full)
		return true;
	out->len = start;
	return false;
}

bool emit_text(struct buffer *out, const struct sw_session *s,
    uint64_t number, const struct emit_options *options)
{
	struct teller t = teller_make(out, s, options);
	size_t start = out->len, i;

	if (out->failed || out->full)
		return false;
	t.digits = text_choose_digits(&t);
	tell_head(&t, number);
	tell_files(&t);
	for (i = 0; i < s->event_count; i++)
		text_event(&t, &s->events[i]);
	tell_tail(&t);
	put(&t, "\n");
	return end_text(out, start);
}

/* --- while a session is open ---------------------------------------------- */

/* The same for all lines: those that come are not known yet. */
static void begin_open(struct teller *t)
{
	int digits = clock_digits(t->s->clock.resolution_ns);

	t->digits = digits < OPEN_DIGITS ? digits : OPEN_DIGITS;
	t->number = t->s->number;
}

static void tell_who(const struct teller *t)
{
	text_begin_line(t, SW_NO_TIME, "*", BOLD);
	words_endpoint(t->b, &t->s->client);
	put(t, " -> ");
	words_endpoint(t->b, &t->s->server);
	if (!t->no_times && t->s->start != SW_NO_TIME) {
		put(t, "  ");
		(void)clock_append(t->b, &t->s->clock, t->s->start, ' ');
	}
	text_end_line(t, 0, BOLD);
}

bool emit_text_event(struct buffer *out, const struct sw_session *s,
    const struct sw_event *e, bool first, const struct emit_options *options)
{
	struct teller t = teller_make(out, s, options);
	size_t start = out->len;

	if (out->failed || out->full)
		return false;
	begin_open(&t);
	if (first)
		tell_who(&t);
	text_event(&t, e);
	return end_text(out, start);
}

bool emit_text_end(struct buffer *out, const struct sw_session *s,
    const struct emit_options *options)
{
	struct teller t = teller_make(out, s, options);
	const char *ending = sw_ending_name(s->ending);
	size_t start = out->len;

	if (out->failed || out->full)
		return false;
	begin_open(&t);
	tell_tail(&t);
	text_begin_line(&t, s->end, "*", BOLD);
	put(&t, "over: ");
	put(&t, ending ? ending : "?");
	put(&t, ", ");
	put_outcomes(&t);
	text_end_line(&t, 0, BOLD);
	return end_text(out, start);
}
