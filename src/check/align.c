/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * align.c - the events of two sessions side by side
 *
 * Theory of operation.  A capture tells pipelined commands in the order in
 * which they were sent, a log in that in which they were worked on; so the
 * events of each side are first put in one order: each command, behind it its
 * reply, the content, the verdict.  Then commands, replies and content are
 * aligned as sequences, by costs that know SMTP: a RCPT goes with the RCPT of
 * the same address rather than with another one, a reply with a reply even if
 * the codes differ.  The connection's beginning and end and TLS go together
 * where they stand between the same events.  Notes and gaps have rows of their
 * own.
 *
 * What is equal at both ends is paired at once.  The rest is aligned in
 * windows: within one the best alignment is found (Needleman and Wunsch), of
 * which the first half is kept before the window moves on; so time and memory
 * are linear in the number of events.
 */
#include "check/check.h"

#include <stdlib.h>

#include "base/error.h"
#include "transcript/replies.h"

/* Events of a side that are looked at together. */
#define WINDOW 512
/* Notes, gaps and the like behind which a partner is looked for. */
#define OTHERS_MAX 256

/* What leaving an event alone costs, and what a pair is worth. */
enum {
	COST_ALONE = -2,
	WORTH_NEVER = -1000,
	WORTH_OTHER_VERB = -3, /* better than both alone */
	WORTH_OTHER_REPLY = 0,
	WORTH_SAME_VERB = 4,
	WORTH_SAME_CLASS = 2,
	WORTH_SAME_CODE = 5,
	WORTH_SAME_TEXT = 1, /* beside that of the code */
	WORTH_SAME_QUESTION = 1, /* ... and what both answer */
	WORTH_SAME_ARGUMENT = 4, /* beside that of the verb */
	WORTH_OTHER_PATH = -4,   /* of MAIL and RCPT, beside it */
	WORTH_DATA = 6,
	WORTH_SAME_MESSAGE = 1000, /* beside that of data */
	WORTH_OTHER_MESSAGE = -6, /* ... still better than both alone */
};

/* An event's place in the common order. */
struct place {
	uint32_t of;    /* n of the command that it belongs to, or its own */
	uint8_t step;   /* command, reply, content, verdict */
	bool dialogue;
	uint32_t index; /* in the session's events */
};

struct list {
	const struct sw_session *s;
	struct place *places; /* all events, in the common order */
	uint32_t *dialogue;   /* indices of events that are aligned */
	const struct sw_event **answered; /* by each of them; NULL: nothing */
	size_t count, dialogue_count;
};

struct rows {
	struct sw_aligned *rows;
	size_t count;
};

/* --- the common order ----------------------------------------------------- */

static const struct sw_event *first_reply(const struct sw_session *s)
{
	size_t i;

	for (i = 0; i < s->event_count; i++)
		if (s->events[i].kind == SW_EVENT_REPLY)
			return &s->events[i];
	return NULL;
}

static void place_reply(const struct sw_session *s, const struct sw_event *e,
    const struct sw_event *first, struct place *p)
{
	const struct sw_event *to = replies_answered(s, e);

	if (!to) {
		/* The greeting stands first, even if the client did not wait
		 * for it: the server's log knows no other order. */
		if (e->u.reply.to == 0 && e == first) {
			p->of = s->events[0].kind == SW_EVENT_CONNECT ?
			    s->events[0].n : 0;
			p->step = 1;
		}
		return;
	}
	p->of = to->n;
	p->step = 1;
	if (to->kind != SW_EVENT_DATA)
		return;
	p->step = 3;
	if (to->u.data.of)
		p->of = to->u.data.of;
}

/* first: the first reply of all. */
static struct place place_of(const struct sw_session *s, size_t i,
    const struct sw_event *first)
{
	const struct sw_event *e = &s->events[i];
	struct place p = { .of = e->n, .index = (uint32_t)i };

	p.dialogue = e->kind == SW_EVENT_COMMAND ||
	    e->kind == SW_EVENT_REPLY || e->kind == SW_EVENT_DATA;
	if (e->kind == SW_EVENT_REPLY)
		place_reply(s, e, first, &p);
	if (e->kind == SW_EVENT_DATA) {
		p.step = 2;
		if (e->u.data.of)
			p.of = e->u.data.of;
	}
	return p;
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->of != y->of)
		return x->of < y->of ? -1 : 1;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool make_list(struct list *l, const struct sw_session *s,
    struct arena *arena)
{
	const struct sw_event *first = first_reply(s);
	size_t i;

	l->s = s;
	l->count = s->event_count;
	l->places = arena_calloc(arena, l->count + 1, sizeof(*l->places));
	l->dialogue = arena_calloc(arena, l->count + 1,
	    sizeof(*l->dialogue));
	l->answered = arena_calloc(arena, l->count + 1,
	    sizeof(*l->answered));
	if (!l->places || !l->dialogue || !l->answered)
		return false;
	for (i = 0; i < l->count; i++)
		l->places[i] = place_of(s, i, first);
	if (l->count > 1)
		qsort(l->places, l->count, sizeof(*l->places),
		    compare_places);
	for (i = 0; i < l->count; i++)
		if (l->places[i].dialogue) {
			l->answered[l->dialogue_count] = replies_answered(s,
			    &s->events[l->places[i].index]);
			l->dialogue[l->dialogue_count++] =
			    l->places[i].index;
		}
	return true;
}

/* --- what a pair is worth ------------------------------------------------- */

static struct slice slice_of(struct sw_bytes b)
{
	return slice_make(b.data, b.len);
}

struct slice align_path(struct sw_bytes argument)
{
	struct slice s = slice_of(argument);
	const uint8_t *open = s.len ? memchr(s.p, '<', s.len) : NULL;
	const uint8_t *close = s.len ? memchr(s.p, '>', s.len) : NULL;

	if (open && close && close > open)
		return slice_make(open + 1, (size_t)(close - open) - 1);
	close = s.len ? memchr(s.p, ' ', s.len) : NULL;
	return close ? slice_head(s, (size_t)(close - s.p)) : s;
}

static struct slice verb_of(const struct sw_command *c)
{
	return slice_of(c->verb.data ? c->verb : c->line);
}

static bool begins_other(const struct sw_event *cut,
    const struct sw_event *whole)
{
	return cut->flags & SW_BIT(SW_FLAG_TRUNCATED) &&
	    cut->u.command.argument.len == 0 &&
	    slice_has_prefix_nocase(verb_of(&whole->u.command),
	    verb_of(&cut->u.command));
}

bool align_is_cut_verb(const struct sw_event *a, const struct sw_event *b)
{
	return begins_other(a, b) || begins_other(b, a);
}

static bool is_verb(struct sw_bytes verb, const char *name)
{
	return slice_eq_nocase(slice_of(verb), slice_str(name));
}

static int worth_command(const struct sw_event *a, const struct sw_event *b)
{
	const struct sw_command *x = &a->u.command, *y = &b->u.command;
	bool path;

	/* Lines of AUTH are masked, or are not told. */
	if (!x->verb.data && !y->verb.data)
		return WORTH_SAME_VERB;
	if (!slice_eq_nocase(slice_of(x->verb), slice_of(y->verb)))
		return align_is_cut_verb(a, b) ? WORTH_SAME_VERB :
		    WORTH_OTHER_VERB;
	if (!x->argument.data || !y->argument.data)
		return WORTH_SAME_VERB;
	path = is_verb(x->verb, "MAIL") || is_verb(x->verb, "RCPT");
	if (path && !slice_eq_nocase(align_path(x->argument),
	    align_path(y->argument)))
		return WORTH_SAME_VERB + WORTH_OTHER_PATH;
	return path || slice_eq_nocase(slice_of(x->argument),
	    slice_of(y->argument)) ? WORTH_SAME_VERB + WORTH_SAME_ARGUMENT :
	    WORTH_SAME_VERB;
}

static bool same_text(const struct sw_reply *x, const struct sw_reply *y)
{
	return x->line_count > 0 && y->line_count > 0 &&
	    slice_eq(slice_of(x->lines[0]), slice_of(y->lines[0]));
}

static int worth_reply(const struct sw_event *a, const struct sw_event *b)
{
	int32_t x = a->u.reply.code, y = b->u.reply.code;

	/* A greeting, and a record that begins behind it. */
	if ((x == 220) != (y == 220) && x > 0 && x < 400 && y > 0 && y < 400 &&
	    (x == 220 ? a : b)->u.reply.to == 0)
		return WORTH_NEVER;
	if (x == y || x == SW_UNKNOWN || y == SW_UNKNOWN)
		return WORTH_SAME_CODE + (same_text(&a->u.reply,
		    &b->u.reply) ? WORTH_SAME_TEXT : 0);
	return x / 100 == y / 100 ? WORTH_SAME_CLASS : WORTH_OTHER_REPLY;
}

static int worth(const struct sw_event *a, const struct sw_event *b)
{
	if (a->kind != b->kind || a->by != b->by)
		return WORTH_NEVER;
	if (a->kind == SW_EVENT_COMMAND)
		return worth_command(a, b);
	if (a->kind == SW_EVENT_REPLY)
		return worth_reply(a, b);
	return WORTH_DATA;
}

/* How well do both fit as what was asked?  Of replies alike this tells which
 * they are. */
static int worth_question(const struct sw_event *a, const struct sw_event *b)
{
	int w;

	if (!a || !b || a->kind != b->kind)
		return 0;
	if (a->kind != SW_EVENT_COMMAND)
		return WORTH_SAME_QUESTION;
	w = worth_command(a, b);
	if (w < WORTH_SAME_VERB)
		return 0;
	return w > WORTH_SAME_VERB ? 2 * WORTH_SAME_QUESTION :
	    WORTH_SAME_QUESTION;
}

/* --- alignment ------------------------------------------------------------ */

struct pairing {
	const struct list *left, *right;
	uint32_t *partner; /* of each dialogue event of the left: place in the
	                      right's list + 1; 0: none */
	size_t stride;     /* of the two tables: at most WINDOW + 1 */
	int32_t *score;
	uint8_t *move;
};

enum { MOVE_BOTH, MOVE_LEFT, MOVE_RIGHT };

static const struct sw_event *event_at(const struct list *l, size_t i)
{
	return &l->s->events[l->dialogue[i]];
}

/* What the Message-IDs say (RFC 5322 3.6.4): of two contents with the same
 * envelope they tell which is which. */
static int worth_message(const struct pairing *p, const struct sw_event *a,
    const struct sw_event *b)
{
	const struct sw_message *x = align_message(p->left->s, a);
	const struct sw_message *y = align_message(p->right->s, b);

	if (!x || !y || !x->message_id.data || !y->message_id.data)
		return 0;
	return slice_eq(slice_of(x->message_id), slice_of(y->message_id)) ?
	    WORTH_SAME_MESSAGE : WORTH_OTHER_MESSAGE;
}

static int worth_at(const struct pairing *p, size_t i, size_t k)
{
	const struct sw_event *a = event_at(p->left, i);
	const struct sw_event *b = event_at(p->right, k);

	return worth(a, b) + worth_message(p, a, b) +
	    worth_question(p->left->answered[i], p->right->answered[k]);
}

/* As good as it can be: no other partner would be better. */
static bool is_sure(const struct pairing *p, size_t i, size_t k)
{
	const struct sw_event *a = event_at(p->left, i);
	const struct sw_event *b = event_at(p->right, k);
	const struct sw_event *x = p->left->answered[i];
	const struct sw_event *y = p->right->answered[k];
	int w = worth(a, b);

	if (a->kind != b->kind || a->kind != SW_EVENT_REPLY) /* data is worth */
		return w + worth_message(p, a, b) >= WORTH_SAME_VERB; /* more */
	if (x && y && worth_question(x, y) == 0)
		return false;
	return w >= WORTH_SAME_CODE + WORTH_SAME_TEXT ||
	    (w == WORTH_SAME_CODE && (a->u.reply.line_count == 0 ||
	    b->u.reply.line_count == 0));
}

static size_t cell(const struct pairing *p, size_t i, size_t k)
{
	return i * p->stride + k;
}

static void fill_cell(struct pairing *p, size_t i, size_t k, int w)
{
	int32_t both = p->score[cell(p, i - 1, k - 1)] + w;
	int32_t left = p->score[cell(p, i - 1, k)] + COST_ALONE;
	int32_t right = p->score[cell(p, i, k - 1)] + COST_ALONE;
	uint8_t move = MOVE_BOTH;

	if (left > both) {
		both = left;
		move = MOVE_LEFT;
	}
	if (right > both) {
		both = right;
		move = MOVE_RIGHT;
	}
	p->score[cell(p, i, k)] = both;
	p->move[cell(p, i, k)] = move;
}

/* Best alignments of all beginnings of a window of n and m events. */
static void fill(struct pairing *p, size_t from, size_t at, size_t n,
    size_t m)
{
	size_t i, k;

	for (i = 0; i <= n; i++) {
		p->score[cell(p, i, 0)] = (int32_t)i * COST_ALONE;
		p->move[cell(p, i, 0)] = MOVE_LEFT;
	}
	for (k = 0; k <= m; k++) {
		p->score[cell(p, 0, k)] = (int32_t)k * COST_ALONE;
		p->move[cell(p, 0, k)] = MOVE_RIGHT;
	}
	for (i = 1; i <= n; i++)
		for (k = 1; k <= m; k++)
			fill_cell(p, i, k, worth_at(p, from + i - 1,
			    at + k - 1));
}

/* Where the best alignment leaves the window: at its corner, or, if there is
 * more behind it, wherever one side is used up. */
static void find_exit(const struct pairing *p, size_t *n, size_t *m,
    bool last)
{
	size_t best_n = *n, best_m = *m, i;
	int32_t best = p->score[cell(p, *n, *m)];

	for (i = 0; !last && i <= *n; i++)
		if (p->score[cell(p, i, *m)] > best) {
			best = p->score[cell(p, i, *m)];
			best_n = i;
			best_m = *m;
		}
	for (i = 0; !last && i <= *m; i++)
		if (p->score[cell(p, *n, i)] > best) {
			best = p->score[cell(p, *n, i)];
			best_n = *n;
			best_m = i;
		}
	*n = best_n;
	*m = best_m;
}

/* Note the pairs on the way back from (n, m), from the first cell on that
 * lies within keep; what is behind it is left for the next window.  *n_r,
 * *m_r: that cell. */
static void trace(struct pairing *p, size_t from, size_t at, size_t n,
    size_t m, size_t keep, size_t *n_r, size_t *m_r)
{
	bool kept = false;

	while (n > 0 || m > 0) {
		uint8_t move = p->move[cell(p, n, m)];

		if (!kept && n <= keep && m <= keep) {
			*n_r = n;
			*m_r = m;
			kept = true;
		}
		if (kept && move == MOVE_BOTH)
			p->partner[from + n - 1] = (uint32_t)(at + m);
		n -= move != MOVE_RIGHT;
		m -= move != MOVE_LEFT;
	}
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The events from (i, k) up to (n, m). */
static void align_windows(struct pairing *p, size_t i, size_t k, size_t n,
    size_t m)
{
	while (i < n && k < m) {
		size_t wide = smaller(n - i, WINDOW);
		size_t high = smaller(m - k, WINDOW);
		bool last = wide == n - i && high == m - k;
		size_t done_n = wide, done_m = high;

		fill(p, i, k, wide, high);
		find_exit(p, &wide, &high, last);
		trace(p, i, k, wide, high, last ? WINDOW : WINDOW / 2,
		    &done_n, &done_m);
		i += done_n;
		k += done_m;
	}
}

static bool align_lists(struct pairing *p)
{
	size_t n = p->left->dialogue_count, m = p->right->dialogue_count;
	size_t i = 0, cells;

	while (i < n && i < m &&
	    is_sure(p, i, i)) {
		p->partner[i] = (uint32_t)i + 1;
		i++;
	}
	while (n > i && m > i && is_sure(p, n - 1, m - 1)) {
		p->partner[n - 1] = (uint32_t)m;
		n--;
		m--;
	}
	if (i == n || i == m)
		return true;
	p->stride = smaller(m - i, WINDOW) + 1;
	cells = (smaller(n - i, WINDOW) + 1) * p->stride;
	p->score = calloc(cells, sizeof(*p->score));
	p->move = calloc(cells, sizeof(*p->move));
	if (p->score && p->move)
		align_windows(p, i, i, n, m);
	return p->score && p->move;
}

/* --- rows ----------------------------------------------------------------- */

static void add_row(struct rows *r, uint32_t left, uint32_t right)
{
	r->rows[r->count].left = left;
	r->rows[r->count].right = right;
	r->rows[r->count++].found = false;
}

/* Where the lists stand while rows are made. */
struct merge {
	const struct list *left, *right;
	size_t i, k;   /* places */
	size_t di, dk; /* dialogue events passed */
};

/* Events of the right up to its dialogue event number `until`. */
static void take_right(struct merge *m, struct rows *r, size_t until)
{
	while (m->k < m->right->count && m->dk < until) {
		const struct place *p = &m->right->places[m->k++];

		m->dk += p->dialogue;
		add_row(r, 0, p->index + 1);
	}
}

/* Events of the right that are no dialogue, as far as they go. */
static void take_right_others(struct merge *m, struct rows *r)
{
	while (m->k < m->right->count && !m->right->places[m->k].dialogue)
		add_row(r, 0, m->right->places[m->k++].index + 1);
}

static const struct sw_event *event_of(const struct list *l, size_t place)
{
	return &l->s->events[l->places[place].index];
}

/* The event of the left that is no dialogue, and the right's of the same kind
 * if it comes before the next one of its dialogue. */
static void take_other(struct merge *m, struct rows *r)
{
	enum sw_event_kind kind = event_of(m->left, m->i)->kind;
	uint32_t left = m->left->places[m->i].index + 1;
	size_t k = m->k;

	if (kind == SW_EVENT_NOTE || kind == SW_EVENT_GAP) {
		add_row(r, left, 0);
		return;
	}
	while (k < m->right->count && k - m->k < OTHERS_MAX &&
	    !m->right->places[k].dialogue &&
	    event_of(m->right, k)->kind != kind)
		k++;
	if (k == m->right->count || m->right->places[k].dialogue ||
	    event_of(m->right, k)->kind != kind) {
		add_row(r, left, 0);
		return;
	}
	while (m->k < k)
		add_row(r, 0, m->right->places[m->k++].index + 1);
	add_row(r, left, m->right->places[m->k++].index + 1);
}

static void make_rows(struct merge *m, const uint32_t *partner,
    struct rows *r)
{
	for (m->i = 0; m->i < m->left->count; m->i++) {
		const struct place *p = &m->left->places[m->i];

		if (!p->dialogue) {
			take_other(m, r);
			continue;
		}
		if (partner[m->di]) {
			take_right(m, r, partner[m->di] - 1);
			take_right_others(m, r);
			add_row(r, p->index + 1,
			    m->right->places[m->k++].index + 1);
			m->dk++;
		} else {
			add_row(r, p->index + 1, 0);
		}
		m->di++;
	}
	take_right(m, r, SIZE_MAX);
	take_right_others(m, r);
}

enum sw_status align_events(const struct sw_session *left,
    const struct sw_session *right, struct arena *arena,
    struct sw_aligned **rows_r, size_t *count_r)
{
	struct list lists[2] = { { .count = 0 }, { .count = 0 } };
	struct merge m = { .left = &lists[0], .right = &lists[1] };
	struct pairing p = { .left = &lists[0], .right = &lists[1] };
	struct rows r = { NULL, 0 };
	bool ok = make_list(&lists[0], left, arena) &&
	    make_list(&lists[1], right, arena);

	*rows_r = NULL;
	*count_r = 0;
	if (!ok)
		return SW_ENOMEM;
	p.partner = arena_calloc(arena, lists[0].dialogue_count + 1,
	    sizeof(*p.partner));
	r.rows = arena_calloc(arena, lists[0].count + lists[1].count + 1,
	    sizeof(*r.rows));
	ok = p.partner && r.rows && align_lists(&p);
	free(p.score);
	free(p.move);
	if (!ok)
		return SW_ENOMEM;
	make_rows(&m, p.partner, &r);
	*rows_r = r.rows;
	*count_r = r.count;
	return SW_OK;
}
