/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.c - a session as text for people
 *
 *	session 1  203.0.113.7:49152 -> 192.0.2.25:25  2004-02-20 ...
 *	  dump.pcap, frames 12-87
 *	  0.000000 *  connected
 *	  0.031204 S  220 mx.example.org ESMTP
 *
 * Ten columns of time, a mark (C, S, * connection, ! note), two blanks, the
 * text, flags in braces.  All that comes from the record passes escape_text.
 */
#include "emit/emit.h"

#include "base/clock.h"
#include "base/escape.h"
#include "emit/words.h"
#include "transcript/replies.h"

/* Octets of one line of the dialogue that are shown; how many more there are
 * is said.  RFC 5321 4.5.3.1 allows 512 and 1000. */
enum { SHOWN_OCTETS = 2000 };
/* Files named in the head of a session that spans several. */
enum { SHOWN_PARTS = 8 };
enum { TIME_WIDTH = 10 };
/* Fraction digits of the times of a session that is still open, which leave
 * room for hours. */
enum { OPEN_DIGITS = 4 };

#define RESET "\x1b[0m"
#define BOLD "\x1b[1m"
#define DIM "\x1b[2m"
#define RED "\x1b[31m"
#define YELLOW "\x1b[33m"
#define CYAN "\x1b[36m"

struct teller {
	struct buffer *b;
	const struct sw_session *s;
	bool no_times, color;
	int64_t base; /* what event times are relative to; SW_NO_TIME */
	int digits;   /* fraction digits of event times */
	bool explain;
	uint64_t number; /* in front of each line; 0: none */
};

/* --- small things ------------------------------------------------------- */

static void put(const struct teller *t, const char *text)
{
	(void)buffer_append_str(t->b, text);
}

static void put_u64(const struct teller *t, uint64_t v)
{
	(void)buffer_append_u64(t->b, v);
}

static void begin_color(const struct teller *t, const char *color)
{
	if (t->color && color)
		put(t, color);
}

static void end_color(const struct teller *t, const char *color)
{
	if (t->color && color)
		put(t, RESET);
}

static void put_octets(const struct teller *t, int64_t n)
{
	if (n < 0)
		put(t, "an unknown number of octets");
	else
		words_count(t->b, (uint64_t)n, "octet");
}

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

/* A line of the dialogue, cut between characters where it is very long. */
static void put_line(const struct teller *t, struct sw_bytes v)
{
	size_t shown = v.len;

	if (shown > SHOWN_OCTETS) {
		shown = SHOWN_OCTETS;
		while (shown > SHOWN_OCTETS - 4 &&
		    (v.data[shown] & 0xc0) == 0x80)
			shown--;
	}
	(void)escape_text(t->b, slice_make(v.data, shown));
	if (shown < v.len) {
		put(t, " [and ");
		words_count(t->b, v.len - shown, "more octet");
		put(t, "]");
	}
}

/* --- times -------------------------------------------------------------- */

/* ns as seconds with that many fraction digits, cut; returns its length
 * (at most 24). */
static size_t seconds_text(char *w, int64_t ns, int digits)
{
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	uint64_t unit = (uint64_t)NS_PER_S / 10;
	uint64_t whole = v / (uint64_t)NS_PER_S;
	char reversed[20];
	size_t len = 0, i = 0;

	if (ns < 0)
		w[len++] = '-';
	do {
		reversed[i++] = (char)('0' + whole % 10);
		whole /= 10;
	} while (whole > 0);
	while (i > 0)
		w[len++] = reversed[--i];
	if (digits > 0)
		w[len++] = '.';
	for (; digits > 0; digits--) {
		w[len++] = (char)('0' + v / unit % 10);
		unit /= 10;
	}
	return len;
}

static int64_t relative(const struct teller *t, int64_t time)
{
	if (t->base == SW_NO_TIME || time == SW_NO_TIME)
		return SW_NO_TIME;
	return clock_add(time, -t->base);
}

/*
 * Digits for all times of the session: those of the resolution, or as many
 * as leave the longest in its columns.
 */
static int choose_digits(const struct teller *t)
{
	int digits = clock_digits(t->s->clock.resolution_ns), room;
	size_t i, widest = 1;
	char text[32];

	for (i = 0; i < t->s->event_count; i++) {
		int64_t ns = relative(t, t->s->events[i].time);
		size_t len = ns == SW_NO_TIME ? 0 : seconds_text(text, ns, 0);

		if (len > widest)
			widest = len;
	}
	room = widest + 1 < TIME_WIDTH ? TIME_WIDTH - 1 - (int)widest : 0;
	return digits < room ? digits : room;
}

/* The session's start, or else its first time. */
static int64_t choose_base(const struct sw_session *s)
{
	size_t i;

	if (s->start != SW_NO_TIME)
		return s->start;
	for (i = 0; i < s->event_count; i++)
		if (s->events[i].time != SW_NO_TIME)
			return s->events[i].time;
	return SW_NO_TIME;
}

/* The session's, where lines of several are mixed. */
static void put_number(const struct teller *t)
{
	if (t->number == 0)
		return;
	put(t, "[");
	put_u64(t, t->number);
	put(t, "] ");
}

/* The columns before the mark. */
static void put_time(const struct teller *t, int64_t time)
{
	char text[TIME_WIDTH + 32];
	int64_t ns = relative(t, time);
	size_t len = 0, i;

	put_number(t);
	if (t->no_times) {
		put(t, "  ");
		return;
	}
	if (ns != SW_NO_TIME)
		len = seconds_text(text, ns, t->digits);
	for (i = len; i < TIME_WIDTH; i++)
		(void)buffer_append_char(t->b, ' ');
	(void)buffer_append(t->b, text, len);
	(void)buffer_append_char(t->b, ' ');
}

/* --- lines -------------------------------------------------------------- */

static void begin_line(const struct teller *t, int64_t time,
    const char *mark, const char *color)
{
	put_time(t, time);
	begin_color(t, color);
	put(t, mark);
	put(t, "  ");
}

static void put_flags(const struct teller *t, uint32_t set)
{
	const char *before = "  {";
	unsigned i;

	for (i = 0; i < SW_FLAG_COUNT; i++) {
		if (!(set & SW_BIT(i)))
			continue;
		put(t, before);
		put(t, sw_flag_name((enum sw_flag)i));
		before = ", ";
	}
	if (before[0] == ',')
		put(t, "}");
}

static void end_line(const struct teller *t, uint32_t flags,
    const char *color)
{
	end_color(t, color);
	put_flags(t, flags);
	put(t, "\n");
}

static const char *mark_of(enum sw_role by)
{
	return by == SW_CLIENT ? "C" : by == SW_SERVER ? "S" : "?";
}

/* "the client", "the server" */
static void put_role(const struct teller *t, enum sw_role by)
{
	const char *name = sw_role_name(by);

	put(t, "the ");
	put(t, name ? name : "connection");
}

/* --- events ------------------------------------------------------------- */

static void tell_command(const struct teller *t, const struct sw_event *e)
{
	const struct sw_command *c = &e->u.command;

	begin_line(t, e->time, mark_of(e->by), CYAN);
	if (c->line.data) {
		put_line(t, c->line);
	} else if (c->verb.data) {
		put_line(t, c->verb);
		if (c->argument.len > 0) {
			put(t, " ");
			put_line(t, c->argument);
		}
	} else {
		put(t, "(a line that is not recorded)");
	}
	end_line(t, e->flags, CYAN);
}

static void put_code(const struct teller *t, int32_t code)
{
	char text[3];

	if (code < 0)
		return;
	text[0] = (char)('0' + code / 100 % 10);
	text[1] = (char)('0' + code / 10 % 10);
	text[2] = (char)('0' + code % 10);
	(void)buffer_append(t->b, text, sizeof(text));
}

static void put_reply_line(const struct teller *t, const struct sw_reply *r,
    size_t i)
{
	bool last = i + 1 == r->line_count;

	put_code(t, r->code);
	if (r->code >= 0 && (!last || r->lines[i].len > 0))
		put(t, last ? " " : "-");
	put_line(t, r->lines[i]);
}

/* What the reply means, for --explain. */
static void tell_explanation(const struct teller *t,
    const struct sw_event *e)
{
	const struct sw_reply *r = &e->u.reply;
	struct sw_explanation x;

	if (!t->explain || r->code < 0)
		return;
	replies_explain(r->code, slice_make(r->enhanced.data,
	    r->enhanced.len), replies_place(t->s, e), &x);
	begin_line(t, SW_NO_TIME, "=", NULL);
	(void)replies_append(t->b, &x);
	end_line(t, 0, NULL);
}

static void tell_reply(const struct teller *t, const struct sw_event *e)
{
	const struct sw_reply *r = &e->u.reply;
	const char *mark = mark_of(e->by);
	const char *color = r->code >= 500 ? RED :
	    r->code >= 400 ? YELLOW : NULL;
	size_t i;

	begin_line(t, e->time, mark, color);
	if (r->line_count == 0 && r->code < 0)
		put(t, "(a reply that is not recorded)");
	else if (r->line_count == 0)
		put_code(t, r->code);
	for (i = 0; i < r->line_count; i++) {
		if (i > 0) {
			end_line(t, 0, color);
			begin_line(t, SW_NO_TIME, mark, color);
		}
		put_reply_line(t, r, i);
	}
	end_line(t, e->flags, color);
	tell_explanation(t, e);
}

/* What the record lacks of content. */
static void put_missing(const struct teller *t, const struct sw_data *d)
{
	if (!d->gaps_known || d->missing == 0)
		return;
	if (d->missing < 0 && d->gap_count < 2) {
		bool begins = d->gap_count == 1 && d->gaps[0].offset == 0 &&
		    d->size != 0;

		put(t, begins ? ", its beginning is missing" :
		    ", its end is missing");
		return;
	}
	put(t, ", ");
	if (d->missing < 0)
		put(t, "an unknown number");
	else
		put_u64(t, (uint64_t)d->missing);
	put(t, " missing");
	if (d->gap_count == 0)
		return;
	if (d->gap_count > 1) {
		put(t, " in ");
		put_u64(t, d->gap_count);
		put(t, " places, the first");
	}
	put(t, " at ");
	put_u64(t, d->gaps[0].offset);
}

static void tell_data(const struct teller *t, const struct sw_event *e)
{
	const struct sw_data *d = &e->u.data;

	begin_line(t, e->time, mark_of(e->by), CYAN);
	if (d->message != 0) {
		put(t, "[message ");
		put_u64(t, d->message);
	} else {
		put(t, "[content of no message");
	}
	put(t, ": ");
	if (d->size < 0)
		put(t, "size not known");
	else
		put_octets(t, d->size);
	if (d->sha256.known) {
		put(t, ", sha256 ");
		(void)buffer_append_hex(t->b, d->sha256.octets, 8);
	}
	put_missing(t, d);
	put(t, "]");
	end_line(t, e->flags, CYAN);
}

/* "TLSv1.3" is told as "TLS 1.3". */
static void put_tls_version(const struct teller *t, struct sw_bytes v)
{
	struct slice s = slice_make(v.data, v.len);

	if (!v.data) {
		put(t, "octets that are not SMTP");
		return;
	}
	if (s.len > 4 && memcmp(s.p, "TLSv", 4) == 0) {
		put(t, "TLS ");
		s = slice_from(s, 4);
	}
	(void)escape_text(t->b, s);
}

static void tell_tls(const struct teller *t, const struct sw_event *e)
{
	const struct sw_tls *tls = &e->u.tls;

	begin_line(t, e->time, "*", DIM);
	put_tls_version(t, tls->version);
	if (tls->cipher.data) {
		put(t, ", ");
		words_bytes(t->b, tls->cipher);
	}
	if (tls->sni.data) {
		put(t, ", server name ");
		words_bytes(t->b, tls->sni);
	}
	put(t, ": ");
	put_octets(t, tls->octets.client);
	put(t, " from the client, ");
	put_octets(t, tls->octets.server);
	put(t, " from the server");
	end_line(t, e->flags, DIM);
}

static void tell_gap(const struct teller *t, const struct sw_event *e)
{
	begin_line(t, e->time, "---", YELLOW);
	put_octets(t, e->u.gap.size);
	put(t, " of ");
	put_role(t, e->by);
	put(t, e->u.gap.size == 1 ? "'s is missing" : "'s are missing");
	end_line(t, e->flags, YELLOW);
}

static void tell_close(const struct teller *t, const struct sw_event *e)
{
	begin_line(t, e->time, "*", DIM);
	if (t->s->ending == SW_ENDING_NO_ANSWER) {
		put(t, "no answer from the server");
	} else {
		put(t, t->s->ending == SW_ENDING_REFUSED ? "refused" :
		    e->u.close.how == SW_CLOSE_RST ? "reset" : "closed");
		if (e->by != SW_NOBODY) {
			put(t, " by ");
			put_role(t, e->by);
		}
	}
	end_line(t, e->flags, DIM);
}

static void tell_connect(const struct teller *t, const struct sw_event *e)
{
	begin_line(t, e->time, "*", DIM);
	put(t, "connected");
	if (e->by == SW_SERVER)
		put(t, " by the server");
	end_line(t, e->flags, DIM);
}

static void tell_note_event(const struct teller *t,
    const struct sw_event *e)
{
	const char *name = sw_role_name(e->by);

	begin_line(t, e->time, "!", NULL);
	if (name) {
		put(t, name);
		put(t, ": ");
	}
	put_line(t, e->u.note.text);
	end_line(t, e->flags, NULL);
}

static void tell_event(const struct teller *t, const struct sw_event *e)
{
	switch (e->kind) {
	case SW_EVENT_CONNECT:
		tell_connect(t, e);
		return;
	case SW_EVENT_COMMAND:
		tell_command(t, e);
		return;
	case SW_EVENT_REPLY:
		tell_reply(t, e);
		return;
	case SW_EVENT_DATA:
		tell_data(t, e);
		return;
	case SW_EVENT_TLS:
		tell_tls(t, e);
		return;
	case SW_EVENT_GAP:
		tell_gap(t, e);
		return;
	case SW_EVENT_CLOSE:
		tell_close(t, e);
		return;
	case SW_EVENT_NOTE:
		tell_note_event(t, e);
		return;
	case SW_EVENT_KIND_COUNT:
		return;
	}
}

/* --- head --------------------------------------------------------------- */

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
	    seconds_text(text, ns, digits < 3 ? digits : 3));
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
	begin_line(t, SW_NO_TIME, "*", DIM);
	put(t, texts[s->ending]);
	end_line(t, 0, DIM);
}

static void tell_message_files(const struct teller *t)
{
	size_t i;

	for (i = 0; i < t->s->message_count; i++) {
		const struct sw_message *m = &t->s->messages[i];

		if (!m->file.data)
			continue;
		begin_line(t, SW_NO_TIME, "*", DIM);
		put(t, "message ");
		put_u64(t, m->n);
		put(t, " is in ");
		words_bytes(t->b, m->file);
		end_line(t, 0, DIM);
	}
}

static void tell_note(const struct teller *t, const struct sw_note *n)
{
	const char *name = sw_note_name(n->code);
	const char *color = n->severity == SW_PROBLEM ? RED :
	    n->severity == SW_WARNING ? YELLOW : NULL;

	begin_line(t, SW_NO_TIME, "!", color);
	put(t, name ? name : "note");
	if (n->text.len > 0) {
		put(t, ": ");
		put_line(t, n->text);
	}
	if (n->at_first != 0 && !t->no_times) {
		put(t, " (");
		put_range(t, n->at_first, n->at_last);
		put(t, ")");
	}
	end_line(t, 0, color);
}

static void tell_omitted(const struct teller *t)
{
	const struct sw_omitted *o = &t->s->omitted;
	const uint64_t counts[] = { o->events, o->recipients, o->notes };
	static const char *const what[] = { "event", "recipient", "note" };
	const char *before = "left out by limits: ";
	size_t i;

	if (o->events == 0 && o->recipients == 0 && o->notes == 0)
		return;
	begin_line(t, SW_NO_TIME, "!", YELLOW);
	for (i = 0; i < 3; i++) {
		if (counts[i] == 0)
			continue;
		put(t, before);
		words_count(t->b, counts[i], what[i]);
		before = ", ";
	}
	end_line(t, 0, YELLOW);
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

	t.base = choose_base(s);
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
	t.digits = choose_digits(&t);
	tell_head(&t, number);
	tell_files(&t);
	for (i = 0; i < s->event_count; i++)
		tell_event(&t, &s->events[i]);
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
	begin_line(t, SW_NO_TIME, "*", BOLD);
	words_endpoint(t->b, &t->s->client);
	put(t, " -> ");
	words_endpoint(t->b, &t->s->server);
	if (!t->no_times && t->s->start != SW_NO_TIME) {
		put(t, "  ");
		(void)clock_append(t->b, &t->s->clock, t->s->start, ' ');
	}
	end_line(t, 0, BOLD);
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
	tell_event(&t, e);
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
	begin_line(&t, s->end, "*", BOLD);
	put(&t, "over: ");
	put(&t, ending ? ending : "?");
	put(&t, ", ");
	put_outcomes(&t);
	end_line(&t, 0, BOLD);
	return end_text(out, start);
}
