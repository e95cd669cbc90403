/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_text.c - what `check` found, for people: both transcripts side by
 * side in 100 columns
 */
#include "emit/report.h"

#include "base/clock.h"
#include "base/escape.h"
#include "emit/words.h"

/* A row: mark, blank, left, " | ", right. */
#define SIDE_WIDTH 47
/* Octets of a text that are looked at for a cell. */
#define CELL_OCTETS 400

#define RESET "\x1b[0m"
#define RED "\x1b[31m"
#define YELLOW "\x1b[33m"
#define DIM "\x1b[2m"
#define BOLD "\x1b[1m"

static void put(struct buffer *b, const char *text)
{
	buffer_append_str(b, text);
}

static void color(struct buffer *b, const struct report_options *o,
    const char *code)
{
	if (o->color)
		put(b, code);
}

/* --- cells ---------------------------------------------------------------- */

/* Columns that UTF-8 text takes, roughly: one a character. */
static size_t columns(struct slice s)
{
	size_t n = 0, i;

	for (i = 0; i < s.len; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

/* As much of s as width columns show. */
static struct slice cut(struct slice s, size_t width)
{
	size_t n = 0, i;

	for (i = 0; i < s.len; i++) {
		if ((s.p[i] & 0xc0) == 0x80)
			continue;
		if (n == width)
			break;
		n++;
	}
	return slice_head(s, i);
}

/* A cell of exactly SIDE_WIDTH columns, or no wider at a line's end. */
static void put_cell(struct buffer *b, struct slice text, bool pad)
{
	size_t n = columns(text);

	if (n > SIDE_WIDTH) {
		buffer_append_slice(b, cut(text, SIDE_WIDTH - 3));
		put(b, "...");
		n = SIDE_WIDTH;
	} else {
		buffer_append_slice(b, text);
	}
	for (; pad && n < SIDE_WIDTH; n++)
		put(b, " ");
}

static void put_bounded(struct buffer *b, struct sw_bytes s)
{
	if (s.len > CELL_OCTETS)
		s.len = CELL_OCTETS;
	if (s.data)
		words_said(b, slice_make(s.data, s.len));
	else
		words_bytes(b, s);
}

static void put_command(struct buffer *b, const struct sw_command *c)
{
	if (c->line.data) {
		put_bounded(b, c->line);
		return;
	}
	put_bounded(b, c->verb);
	if (c->argument.data && c->argument.len > 0) {
		put(b, " ");
		put_bounded(b, c->argument);
	}
}

static void put_code(struct buffer *b, int32_t code)
{
	uint8_t text[3];

	if (code < 0) {
		put(b, "---");
		return;
	}
	buffer_put_digits(text, (uint64_t)code, 3);
	buffer_append(b, text, sizeof(text));
}

static void put_reply(struct buffer *b, const struct sw_reply *r)
{
	put_code(b, r->code);
	if (r->line_count > 0 && r->lines[0].len > 0) {
		put(b, " ");
		put_bounded(b, r->lines[0]);
	}
	if (r->line_count > 1) {
		put(b, " (");
		words_count(b, r->line_count, "line");
		put(b, ")");
	}
}

static void put_data(struct buffer *b, const struct sw_data *d)
{
	put(b, "[message ");
	buffer_append_u64(b, d->message);
	put(b, ": ");
	if (d->size < 0)
		put(b, "size not known");
	else
		words_count(b, (uint64_t)d->size, "octet");
	if (d->missing > 0) {
		put(b, ", ");
		buffer_append_u64(b, (uint64_t)d->missing);
		put(b, " missing");
	}
	put(b, "]");
}

static void put_close(struct buffer *b, const struct sw_event *e)
{
	put(b, e->u.close.how == SW_CLOSE_RST ? "reset" : "closed");
	if (e->by != SW_NOBODY) {
		put(b, " by the ");
		put(b, sw_role_name(e->by));
	}
}

/* What the event was, in a few words; octets of strangers escaped. */
static void put_what(struct buffer *b, const struct sw_session *s,
    const struct sw_event *e)
{
	switch (e->kind) {
	case SW_EVENT_CONNECT:
		put(b, words_connect(s));
		return;
	case SW_EVENT_COMMAND:
		put_command(b, &e->u.command);
		return;
	case SW_EVENT_REPLY:
		put_reply(b, &e->u.reply);
		return;
	case SW_EVENT_DATA:
		put_data(b, &e->u.data);
		return;
	case SW_EVENT_TLS:
		put(b, "[TLS]");
		return;
	case SW_EVENT_GAP:
		put(b, "--- octets are missing");
		return;
	case SW_EVENT_CLOSE:
		put_close(b, e);
		return;
	case SW_EVENT_NOTE:
		put_bounded(b, e->u.note.text);
		return;
	case SW_EVENT_KIND_COUNT:
		return;
	}
}

static const char *mark_of(const struct sw_event *e)
{
	if (e->kind == SW_EVENT_NOTE)
		return " ! ";
	if (e->kind == SW_EVENT_CONNECT || e->kind == SW_EVENT_CLOSE ||
	    e->kind == SW_EVENT_TLS)
		return " * ";
	return e->by == SW_CLIENT ? " C " : e->by == SW_SERVER ? " S " :
	    " * ";
}

/* "123 C EHLO client.example.org": the frame or line, who, what. */
static void put_event(struct buffer *cell, const struct sw_session *s,
    const struct sw_event *e)
{
	size_t digits = buffer_digits(e->at_first);

	buffer_clear(cell);
	for (; digits < 6; digits++)
		put(cell, " ");
	buffer_append_u64(cell, e->at_first);
	put(cell, mark_of(e));
	put_what(cell, s, e);
}

/* --- rows ----------------------------------------------------------------- */

static char row_mark(const struct sw_aligned *r)
{
	if (!r->found)
		return ' ';
	return !r->right ? '<' : !r->left ? '>' : '!';
}

static void put_row(struct buffer *b, struct buffer *cell,
    const struct sw_pair *p, const struct sw_aligned *r,
    const struct report_options *o)
{
	struct slice nothing = { NULL, 0 };

	color(b, o, r->found ? RED : "");
	buffer_append_char(b, row_mark(r));
	put(b, " ");
	if (r->left)
		put_event(cell, p->left, &p->left->events[r->left - 1]);
	put_cell(b, r->left ? buffer_slice(cell) : nothing, true);
	put(b, " |");
	if (r->right) {
		put_event(cell, p->right,
		    &p->right->events[r->right - 1]);
		put(b, " ");
		put_cell(b, buffer_slice(cell), false);
	}
	color(b, o, r->found ? RESET : "");
	put(b, "\n");
}

/* Is row i near one that has a finding? */
static bool is_near(const struct sw_pair *p, size_t i, size_t context)
{
	size_t from = i > context ? i - context : 0, k;

	for (k = from; k < p->row_count && k <= i + context; k++)
		if (p->rows[k].found)
			return true;
	return false;
}

static void put_rows(struct buffer *b, const struct sw_pair *p,
    const struct report_options *o)
{
	bool skipped = false;
	struct buffer cell;
	size_t i;

	buffer_init(&cell, 1 << 16);
	for (i = 0; i < p->row_count; i++) {
		if (!is_near(p, i, o->context)) {
			skipped = true;
			continue;
		}
		if (skipped)
			put(b, "  ...\n");
		skipped = false;
		put_row(b, &cell, p, &p->rows[i], o);
	}
	if (skipped)
		put(b, "  ...\n");
	b->failed |= cell.failed;
	buffer_fini(&cell);
}

/* --- heads ---------------------------------------------------------------- */

/* Where a session stands and who spoke. */
static void put_session(struct buffer *b, const char *side,
    const struct sw_session *s, const struct report_options *o)
{
	const struct sw_part *part = s->source.part_count ?
	    &s->source.parts[0] : NULL;

	put(b, "  ");
	put(b, side);
	words_endpoint(b, &s->client);
	put(b, " -> ");
	words_endpoint(b, &s->server);
	if (!o->no_times && s->start != SW_NO_TIME) {
		put(b, "  ");
		clock_append(b, &s->clock, s->start, ' ');
	}
	put(b, "\n         ");
	words_bytes(b, part ? part->name : s->source.name);
	put(b, ", ");
	put(b, sw_unit_name(s->source.unit));
	put(b, "s ");
	buffer_append_u64(b, part ? part->first : s->source.first);
	put(b, "-");
	buffer_append_u64(b, part ? part->last : s->source.last);
	put(b, ", id ");
	words_id(b, s->id);
	put(b, "\n");
}

static void put_paired_by(struct buffer *b, const struct sw_pair *p)
{
	const char *before = "  paired by ";
	int i;

	for (i = 0; i < SW_BY_COUNT; i++) {
		if (!(p->paired_by & SW_BIT(i)))
			continue;
		put(b, before);
		put(b, sw_paired_by_name((enum sw_paired_by)i));
		before = ", ";
	}
	put(b, " (confidence 0.");
	if (p->confidence >= 0.995) {
		b->len -= b->len >= 2 ? 2 : 0;
		put(b, "1)");
	} else {
		int hundredths = (int)(p->confidence * 100 + 0.5);
		char digits[3] = { (char)('0' + hundredths / 10),
			(char)('0' + hundredths % 10), '\0' };

		put(b, digits);
		put(b, ")");
	}
	put(b, "\n");
}

/* --- findings ------------------------------------------------------------- */

static void put_quote(struct buffer *b, const char *side, struct sw_bytes s)
{
	if (!s.data)
		return;
	put(b, "\n      ");
	put(b, side);
	put(b, ": ");
	put_bounded(b, s);
}

/* The next word, and how many blanks stand in front of it. */
static struct slice take_word(struct slice *rest, size_t *blanks_r)
{
	struct slice word;
	size_t n = 0;

	while (n < rest->len && rest->p[n] == ' ')
		n++;
	*blanks_r = n;
	*rest = slice_from(*rest, n);
	for (n = 0; n < rest->len && rest->p[n] != ' '; n++)
		;
	word = slice_head(*rest, n);
	*rest = slice_from(*rest, n);
	return word;
}

/* Words of the explanation, broken at 96 columns. */
static void put_wrapped(struct buffer *b, struct sw_bytes text)
{
	struct slice rest = slice_make(text.data, text.len);
	size_t column = 0, blanks;

	for (;;) {
		struct slice word = take_word(&rest, &blanks);
		size_t n = columns(word);

		if (word.len == 0)
			break;
		if (column == 0 || column + blanks + n > 90) {
			put(b, "\n      ");
			column = 0;
		} else {
			column += blanks;
			while (blanks-- > 0)
				put(b, " ");
		}
		(void)escape_text(b, word);
		column += n;
	}
}

static void put_finding(struct buffer *b, const struct sw_finding *f,
    const struct report_options *o)
{
	put(b, "  ");
	color(b, o, BOLD);
	put(b, sw_finding_name(f->kind));
	color(b, o, RESET);
	if (f->side != SW_NO_SIDE) {
		put(b, " (");
		put(b, sw_side_name(f->side));
		put(b, ")");
	}
	if (f->recipient.data) {
		put(b, " <");
		words_bytes(b, f->recipient);
		put(b, ">");
	}
	put_quote(b, "left ", f->left_text);
	put_quote(b, "right", f->right_text);
	put_wrapped(b, f->explanation);
	put(b, "\n");
}

static void put_undecided(struct buffer *b, const struct sw_pair *p)
{
	static const char *const why[SW_UNDECIDED_COUNT] = {
		[SW_UNDECIDED_TLS] = "TLS hides the dialogue of one side; "
		    "what both have in clear was compared.",
		[SW_UNDECIDED_GAP] = "A capture lacks octets where the sides "
		    "differ; the rest was compared.",
		[SW_UNDECIDED_OUTSIDE] = "A capture has a part of this "
		    "session only, which was compared.",
		[SW_UNDECIDED_CONTENT] = "A capture lacks octets of a "
		    "message; its content was not compared.",
		[SW_UNDECIDED_ENDED] = "A capture ends right behind a reply: "
		    "whether that arrived is not known.",
	};
	int i;

	for (i = 0; i < SW_UNDECIDED_COUNT; i++)
		if (p->verdict == SW_UNDECIDABLE &&
		    (p->undecided_by & SW_BIT(i)) != 0) {
			put(b, "  ");
			put(b, why[i]);
			put(b, "\n");
		}
}

bool report_text_pair(struct buffer *b, const struct sw_pair *p,
    const struct report_options *o)
{
	size_t i;

	if (!p->left || !p->right)
		return true;
	color(b, o, BOLD);
	put(b, p->verdict == SW_DIFFERS ? "difference " :
	    p->verdict == SW_UNDECIDABLE ? "undecidable " : "remark ");
	buffer_append_u64(b, o->number);
	color(b, o, RESET);
	put_paired_by(b, p);
	put_session(b, "left:  ", p->left, o);
	put_session(b, "right: ", p->right, o);
	put_rows(b, p, o);
	put_undecided(b, p);
	for (i = 0; i < p->finding_count; i++)
		put_finding(b, &p->findings[i], o);
	put(b, "\n");
	return !b->failed && !b->full;
}

bool report_text_only(struct buffer *b, const struct sw_session *s,
    enum sw_side side, enum sw_only_reason reason,
    const struct report_options *o)
{
	static const char *const why[SW_ONLY_REASON_COUNT] = {
		[SW_OUTSIDE_OTHER_TIME] =
		    "outside the time that the other side covers",
		[SW_OTHER_CANNOT_RECORD] =
		    "of a kind that the other side cannot record",
		[SW_UNEXPLAINED] = "unexplained",
	};

	color(b, o, reason == SW_UNEXPLAINED ? YELLOW : DIM);
	put(b, sw_side_name(side));
	put(b, " only: ");
	if (o->grace_s > 0 && reason == SW_UNEXPLAINED) {
		put(b, "the other side has not told it within ");
		buffer_append_u64(b, o->grace_s);
		put(b, " s");
	} else {
		put(b, why[reason]);
	}
	color(b, o, RESET);
	put(b, "\n");
	put_session(b, side == SW_LEFT ? "left:  " : "right: ", s, o);
	put(b, "\n");
	return !b->failed && !b->full;
}

/* --- the summary ---------------------------------------------------------- */

static void put_side(struct buffer *b, const char *name,
    const struct sw_side_summary *s)
{
	put(b, name);
	words_count(b, s->sessions, "session");
	put(b, " (");
	put(b, s->kind);
	put(b, ")");
	if (s->file_count > 0) {
		put(b, " of ");
		(void)escape_text(b, slice_str(s->files[0]));
	}
	if (s->file_count > 1) {
		put(b, " and ");
		words_count(b, s->file_count - 1, "more file");
	}
	put(b, "\n");
}

/* "+3600.25 s" */
static void put_offset(struct buffer *b, int64_t ns)
{
	uint64_t v = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint8_t text[3];

	put(b, ns < 0 ? "-" : "+");
	buffer_append_u64(b, v / 1000000000u);
	buffer_put_digits(text, v / 1000000u % 1000u, 3);
	put(b, ".");
	buffer_append(b, text, sizeof(text));
	put(b, " s");
}

static void put_clock(struct buffer *b, const struct sw_clock_piece *c)
{
	static const struct sw_clock local = { .zone = SW_ZONE_LOCAL,
		.resolution_ns = 1000000000, .date = SW_DATE_GIVEN };

	put(b, "clock: ");
	put_offset(b, c->offset_ns);
	put(b, " makes the left's time of the right's, by ");
	words_count(b, c->pairs, "pair");
	if (c->drift > 1e-7 || c->drift < -1e-7) {
		put(b, ", drifting by ");
		put_offset(b, (int64_t)(c->drift * 86400e9));
		put(b, " a day");
	}
	put(b, ", from ");
	clock_append(b, &local, c->from, ' ');
	put(b, " to ");
	clock_append(b, &local, c->to, ' ');
	put(b, "\n");
}

static void put_verdicts(struct buffer *b, const struct sw_report *r)
{
	words_count(b, r->pairs, "pair");
	put(b, ": ");
	buffer_append_u64(b, r->verdicts[SW_AGREES]);
	put(b, " agree, ");
	buffer_append_u64(b, r->verdicts[SW_DIFFERS]);
	put(b, " differ, ");
	buffer_append_u64(b, r->verdicts[SW_UNDECIDABLE]);
	put(b, " cannot be decided\n");
	if (r->only_count[SW_LEFT] + r->only_count[SW_RIGHT] == 0)
		return;
	put(b, "on one side only: ");
	buffer_append_u64(b, r->only_count[SW_LEFT]);
	put(b, " left, ");
	buffer_append_u64(b, r->only_count[SW_RIGHT]);
	put(b, " right; ");
	buffer_append_u64(b, r->unexplained);
	put(b, " of them unexplained\n");
}

bool report_text_summary(struct buffer *b, const struct sw_report *r,
    const struct report_options *o)
{
	const char *before = "findings: ";
	size_t i;

	put_side(b, "left:  ", &r->side[SW_LEFT]);
	put_side(b, "right: ", &r->side[SW_RIGHT]);
	for (i = 0; i < r->clock_count && !o->no_times; i++)
		put_clock(b, &r->clock[i]);
	put_verdicts(b, r);
	for (i = 0; i < SW_FOUND_COUNT; i++) {
		if (r->findings[i] == 0)
			continue;
		put(b, before);
		put(b, sw_finding_name((enum sw_finding_kind)i));
		put(b, " ");
		buffer_append_u64(b, r->findings[i]);
		before = ", ";
	}
	if (before[0] == ',')
		put(b, "\n");
	for (i = 0; i < r->note_count; i++) {
		put(b, "! ");
		words_bytes(b, r->notes[i].text);
		put(b, "\n");
	}
	put(b, "\n");
	return !b->failed && !b->full;
}
