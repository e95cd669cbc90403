/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.c - do two records of one session agree?
 *
 * Theory of operation.  Row by row the events that stand side by side are
 * compared (compare_command.c, compare_reply.c), and those that stand alone
 * are looked at (compare_lacking.c); then the messages, the addresses, and
 * what the notes of one side say.  What differs is a finding.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "check/compare.h"

/* Findings of one pair. */
#define FINDINGS_MAX 1000

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

/* The number of the STARTTLS in front of it; of TLS from the start its own. */
static uint32_t starttls_of(const struct sw_session *s,
    const struct sw_event *tls)
{
	uint32_t n = tls->n;
	size_t i;

	for (i = 0; i < s->event_count && s->events[i].n < tls->n; i++)
		if (s->events[i].kind == SW_EVENT_COMMAND && slice_eq_nocase(
		    compare_slice(s->events[i].u.command.verb),
		    slice_str("STARTTLS")))
			n = s->events[i].n;
	return n;
}

/* Commands behind STARTTLS, and what they were answered with, are told in
 * clear on one side only. */
static bool is_clear(const struct sw_event *e, uint32_t starttls)
{
	if (e->kind == SW_EVENT_COMMAND)
		return e->n <= starttls;
	return e->kind == SW_EVENT_REPLY && e->u.reply.to <= starttls;
}

/* From which row on is one side's dialogue hidden by TLS? */
static void find_hidden(struct judge *j)
{
	int side;

	j->hidden = SW_NO_SIDE;
	j->hidden_from = j->row_count;
	for (side = 0; side < 2; side++) {
		const struct sw_event *tls = opaque_from(j->s[side]);
		uint32_t starttls;
		size_t i;

		if (!tls)
			continue;
		starttls = starttls_of(j->s[side], tls);
		j->undecided |= SW_BIT(SW_UNDECIDED_TLS);
		j->hidden = (enum sw_side)side;
		/* Behind the last event in front of it. */
		j->hidden_from = 0;
		for (i = 0; i < j->row_count; i++) {
			const struct sw_event *e = compare_event(j,
			    (enum sw_side)side, i);

			if (e && e->n < tls->n && is_clear(e, starttls))
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

	/* None of these says that the records disagree: what would not be
	 * told need not be looked for. */
	if (j->count >= FINDINGS_MAX || !is_wanted(j, kind))
		return;
	/* What both show is told once. */
	if (compare_has_note(j->s[compare_other(side)], n->code)) {
		if (side == SW_RIGHT)
			return;
		a.side = SW_NO_SIDE;
	}
	for (i = 0; i < j->row_count; i++) {
		const struct sw_event *e = compare_event(j, side, i);

		if (n->event && e && e->n == n->event) {
			a.left = compare_event(j, SW_LEFT, i);
			a.right = compare_event(j, SW_RIGHT, i);
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

bool compare_has_note(const struct sw_session *s, enum sw_note_code code)
{
	size_t i;

	for (i = 0; i < s->note_count; i++)
		if (s->notes[i].code == code)
			return true;
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

/* Octets are missing from this record. */
static bool has_gaps(const struct sw_session *s)
{
	size_t i;

	if (compare_has_note(s, SW_NOTE_GAP) ||
	    compare_has_note(s, SW_NOTE_FRAMES_DROPPED) ||
	    compare_has_note(s, SW_NOTE_DIRECTION_MISSING) ||
	    compare_has_note(s, SW_NOTE_SNAPPED))
		return true;
	for (i = 0; i < s->event_count; i++)
		if (s->events[i].kind == SW_EVENT_GAP)
			return true;
	return false;
}

static uint32_t first_gap(const struct sw_session *s)
{
	size_t i;

	for (i = 0; i < s->event_count; i++)
		if (s->events[i].kind == SW_EVENT_GAP)
			return s->events[i].n;
	return 0;
}

/* The reply to a command that the client sent when it had one before: what was
 * sent in front of the record is answered then.  UINT32_MAX: there is none. */
static uint32_t first_in_step(const struct sw_session *s)
{
	uint32_t command = 0;
	bool replied = false;
	size_t i;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind == SW_EVENT_REPLY) {
			if (command && e->u.reply.to == command)
				return e->n;
			replied = true;
		} else if (e->kind == SW_EVENT_COMMAND && replied &&
		    !compare_flag(e, SW_FLAG_PIPELINED)) {
			command = e->n;
		}
	}
	return UINT32_MAX;
}

/* Rows of the dialogue of a side: the first and the last. */
static void find_dialogue(struct judge *j, enum sw_side side)
{
	size_t i;

	j->first_row[side] = j->row_count;
	j->first_said[side][0] = j->first_said[side][1] = j->row_count;
	for (i = 0; i < j->row_count; i++) {
		const struct sw_event *e = compare_event(j, side, i);

		if (!e || (e->kind != SW_EVENT_COMMAND &&
		    e->kind != SW_EVENT_REPLY && e->kind != SW_EVENT_DATA))
			continue;
		if (j->first_row[side] == j->row_count)
			j->first_row[side] = i;
		j->last_row[side] = i;
		if (e->kind != SW_EVENT_DATA)
			j->last_line[side] = i;
		if (e->by <= SW_SERVER && i < j->first_said[side][e->by])
			j->first_said[side][e->by] = i;
	}
}

/* The first row with content of either side. */
static size_t first_content(const struct judge *j)
{
	size_t i;

	for (i = 0; i < j->row_count; i++) {
		const struct sw_event *l = compare_event(j, SW_LEFT, i);
		const struct sw_event *r = compare_event(j, SW_RIGHT, i);

		if ((l && l->kind == SW_EVENT_DATA) ||
		    (r && r->kind == SW_EVENT_DATA))
			return i;
	}
	return j->row_count;
}

/* May a gap have brought together what does not belong together? */
static bool is_doubtful(const struct judge *j, size_t count, size_t row)
{
	const struct sw_event *l = compare_event(j, SW_LEFT, row);
	const struct sw_event *r = compare_event(j, SW_RIGHT, row);
	enum sw_finding_kind kind;

	if (j->count == count)
		return false;
	kind = j->findings[count].kind;
	return kind == SW_FOUND_REPLY_CODE_CHANGED ||
	    kind == SW_FOUND_REPLY_TEXT_CHANGED ||
	    kind == SW_FOUND_EXTENSION_REMOVED ||
	    kind == SW_FOUND_STARTTLS_STRIPPED ||
	    kind == SW_FOUND_ORDER_CHANGED ||
	    (kind == SW_FOUND_COMMAND_CHANGED && ((j->gap_event[SW_LEFT] &&
	    j->gap_event[SW_RIGHT]) || !slice_eq_nocase(
	    compare_slice(l->u.command.verb),
	    compare_slice(r->u.command.verb)) || /* or another mail's */
	    slice_eq_nocase(compare_slice(l->u.command.verb),
	    slice_str("BDAT"))));
}

/* Both lack octets, and one of them the beginning. */
static bool lacks_start(const struct judge *j)
{
	return (j->no_start[SW_LEFT] && j->gaps[SW_RIGHT]) ||
	    (j->no_start[SW_RIGHT] && j->gaps[SW_LEFT]);
}

/* Two events side by side; what a gap may explain is told as that. */
static void compare_both(struct judge *j, size_t row)
{
	const struct sw_event *l = compare_event(j, SW_LEFT, row);
	bool left = compare_is_behind_gap(j, SW_LEFT, l), differs = j->differs;
	size_t count = j->count;

	if (l->kind == SW_EVENT_COMMAND)
		compare_commands(j, row);
	else if (l->kind == SW_EVENT_REPLY)
		compare_replies(j, row);
	if (!is_doubtful(j, count, row) || (!left && !lacks_start(j) &&
	    !compare_is_behind_gap(j, SW_RIGHT, compare_event(j, SW_RIGHT,
	    row))))
		return;
	j->count = count;
	j->differs = differs;
	compare_explain_gap(j, row, left ? SW_LEFT : SW_RIGHT);
}

static void compare_row(struct judge *j, size_t row)
{
	const struct sw_event *l = compare_event(j, SW_LEFT, row);
	const struct sw_event *r = compare_event(j, SW_RIGHT, row);

	/* One side tells there what is inside of TLS, the other what is
	 * not. */
	if (l && r && j->hidden != SW_NO_SIDE && row >= j->hidden_from)
		return;
	if (l && r)
		compare_both(j, row);
	else if (l && !r)
		compare_lacking(j, row, SW_RIGHT);
	else if (r && !l)
		compare_lacking(j, row, SW_LEFT);
}

/* What rows and sessions are asked for again and again. */
static void prepare(struct judge *j)
{
	int side;

	find_hidden(j);
	for (side = 0; side < 2; side++) {
		j->last_answered[side] = last_answered(j->s[side]);
		j->closed[side] = is_closed(j->s[side]);
		j->gaps[side] = has_gaps(j->s[side]);
		j->gap_event[side] = first_gap(j->s[side]);
		j->no_start[side] = compare_has_note(j->s[side],
		    SW_NOTE_NO_START);
		j->in_step[side] = first_in_step(j->s[side]);
		find_dialogue(j, (enum sw_side)side);
	}
	j->content_row = first_content(j);
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

	prepare(&j);
	for (i = 0; i < row_count; i++)
		compare_row(&j, i);
	compare_messages(&j);
	compare_addresses(&j);
	compare_hidden(&j);
	take_notes(&j);
	kept = arena_calloc(arena, j.count + 1, sizeof(*kept));
	if (kept && j.count > 0)
		memcpy(kept, j.findings, j.count * sizeof(*kept));
	free(j.findings);
	if (!kept || j.memory)
		return SW_ENOMEM;
	p_r->findings = kept;
	p_r->finding_count = j.count;
	p_r->undecided_by = j.undecided;
	p_r->verdict = j.differs ? SW_DIFFERS : j.undecided ?
	    SW_UNDECIDABLE : SW_AGREES;
	return SW_OK;
}
