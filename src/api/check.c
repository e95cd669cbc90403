/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - two records of the same traffic held against each other
 *
 * Theory of operation.  sw_check_open reads both sides, pairs their sessions
 * and compares every pair once, to know the totals; of each pair it keeps the
 * verdict.  sw_check_next compares those again that do not agree, and tells
 * them with both sessions.  Threads share out the sides, then the pairs; what
 * comes out is the same for any number of them.
 */
#include <stdio.h>
#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "api/reader.h"
#include "base/clock.h"
#include "base/error.h"
#include "check/check.h"
#include "pipeline/crew.h"

/* The pair has findings, whatever its verdict. */
#define FOUND 0x80

/* Pairs that a thread compares at a time. */
#define SHARE 512

/* What is told of the inputs, in order. */
struct told {
	char **texts;
	size_t count, capacity;
};

/* One side, as one thread reads it. */
struct reading {
	const char *const *names;
	size_t name_count;
	const struct sw_input_options *inputs; /* NULL; the caller's */
	struct side *side;
	struct told errors, warnings;
	size_t failed;
	struct sw_account account;
	enum sw_status status;
	struct sw_err err;
};

/* What one thread needs to compare: both sessions, and what is found. */
struct bench {
	struct arena arenas[2], arena;
	struct sw_session sessions[2];
	struct buffer buffers[2]; /* what the sessions were read from */
};

/* What came of some of the pairs. */
struct share {
	uint64_t verdicts[SW_VERDICT_COUNT], findings[SW_FOUND_COUNT];
	enum sw_status status;
	struct sw_err err;
};

struct sw_check {
	struct sw_check_options options; /* strings are the caller's */
	struct reading sides[2];
	struct matching matching;
	uint8_t *verdicts; /* of each pair; FOUND is added to it */
	struct share *shares;
	char **names[2];
	size_t error_next, warning_next;
	struct bench bench;
	size_t next;
	struct sw_note notes[3];
	struct sw_report report;
};

void sw_check_options_init(struct sw_check_options *o)
{
	memset(o, 0, sizeof(*o));
	sw_options_init(&o->reader);
}

size_t sw_check_failed(const struct sw_check *c)
{
	return c->sides[SW_LEFT].failed + c->sides[SW_RIGHT].failed;
}

static const char *next_told(const struct told *left,
    const struct told *right, size_t *next)
{
	size_t i = *next;

	if (i == left->count + right->count)
		return NULL;
	(*next)++;
	return i < left->count ? left->texts[i] :
	    right->texts[i - left->count];
}

const char *sw_check_error(struct sw_check *c)
{
	return next_told(&c->sides[SW_LEFT].errors,
	    &c->sides[SW_RIGHT].errors, &c->error_next);
}

const char *sw_check_warning(struct sw_check *c)
{
	return next_told(&c->sides[SW_LEFT].warnings,
	    &c->sides[SW_RIGHT].warnings, &c->warning_next);
}

const struct sw_report *sw_check_report(const struct sw_check *c)
{
	return &c->report;
}

const struct sw_account *sw_check_account(const struct sw_check *c,
    enum sw_side side)
{
	return side < SW_NO_SIDE ? &c->sides[side].account : NULL;
}

/* --- reading -------------------------------------------------------------- */

static enum sw_status keep(struct told *t, const char *text)
{
	void *texts = t->texts;

	if (!base_grow(&texts, t->count, &t->capacity, sizeof(*t->texts)))
		return SW_ENOMEM;
	t->texts = texts;
	t->texts[t->count] = strdup(text);
	return t->texts[t->count++] ? SW_OK : SW_ENOMEM;
}

static enum sw_status keep_warnings(struct reading *d, struct sw_reader *r)
{
	enum sw_status status = SW_OK;
	const char *text;

	while (status == SW_OK && (text = sw_reader_warning(r)) != NULL)
		status = keep(&d->warnings, text);
	if (status != SW_OK)
		return base_error_set(&d->err, status, "out of memory");
	return SW_OK;
}

/* SW_OK: go on; one input cannot be read, others may. */
static enum sw_status take_error(struct reading *d, int got)
{
	if (got == SW_EREAD || got == SW_EFORMAT)
		return keep(&d->errors, d->err.text);
	return (enum sw_status)got;
}

static enum sw_status read_sessions(struct reading *d, struct sw_reader *r)
{
	const struct sw_session *s;
	enum sw_status status = SW_OK;
	int got;

	while (status == SW_OK &&
	    (got = sw_reader_next(r, &s, &d->err)) != 0) {
		if (got > 0)
			status = side_add(d->side, s, &d->err);
		else
			status = take_error(d, got);
	}
	if (status == SW_OK)
		status = side_sort(d->side, &d->err);
	return status;
}

/* A side without sessions is told, and stands in its account; one that could
 * not be read is told as an error. */
static enum sw_status warn_empty(struct reading *d, enum sw_side side)
{
	enum sw_status status = SW_ENOMEM;
	struct buffer b;
	size_t sessions;

	(void)side_digests(d->side, &sessions);
	if (sessions > 0 || d->failed == d->name_count)
		return SW_OK;
	buffer_init(&b, SIZE_MAX / 2);
	about_empty(&b, side, d->names, d->name_count);
	account_note_buffer(&d->account.a, ACCOUNT_LIST_WARNINGS, &b);
	if (buffer_append(&b, "", 1))
		status = keep(&d->warnings, (const char *)b.p);
	buffer_fini(&b);
	return status;
}

static enum sw_status read_side(const struct sw_options *o,
    struct reading *d, enum sw_side side)
{
	struct sw_options ours = *o;
	struct sw_reader *r;
	enum sw_status status = side_new(o->tmpdir, &d->side, &d->err);

	ours.inputs = d->inputs;
	if (status == SW_OK)
		status = sw_reader_open(&ours, d->names, d->name_count, &r,
		    &d->err);
	if (status != SW_OK)
		return status;
	status = read_sessions(d, r);
	d->failed = sw_reader_failed(r);
	account_merge(&d->account.a, &sw_reader_account(r)->a);
	if (status == SW_OK)
		status = keep_warnings(d, r);
	sw_reader_free(&r);
	if (status == SW_OK && warn_empty(d, side) != SW_OK)
		status = base_error_set(&d->err, SW_ENOMEM, "out of memory");
	return status;
}

/* A task: one side. */
static void run_reading(void *ctx, unsigned task)
{
	struct sw_check *c = ctx;
	struct reading *d = &c->sides[task];

	d->status = read_side(&c->options.reader, d, (enum sw_side)task);
}

/* Tasks shared out among the threads that may be used. */
static enum sw_status share_out(struct sw_check *c,
    void (*run)(void *ctx, unsigned task), size_t tasks, struct sw_err *err)
{
	size_t threads = c->options.reader.threads;
	struct crew *crew;

	if (threads > tasks)
		threads = tasks;
	if (tasks > UINT32_MAX || crew_new(threads > 1 ?
	    (unsigned)threads - 1 : 0, run, c, &crew) != SW_OK)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	crew_start(crew, (unsigned)tasks);
	crew_join(crew);
	crew_free(&crew);
	return SW_OK;
}

/* What reading has freed goes back to the system before matching takes as
 * much again. */
static void give_back(void)
{
#if defined(__GLIBC__)
	malloc_trim(0);
#endif
}

static enum sw_status read_sides(struct sw_check *c, struct sw_err *err)
{
	unsigned threads = c->options.reader.threads;
	enum sw_status status;
	size_t i;

	/* libnids serves one side after the other. */
	if (c->options.reader.engine == SW_ENGINE_NIDS)
		c->options.reader.threads = 1;
	status = share_out(c, run_reading, 2, err);
	c->options.reader.threads = threads;

	for (i = 0; i < 2 && status == SW_OK; i++) {
		status = c->sides[i].status;
		if (status != SW_OK && err)
			*err = c->sides[i].err;
	}
	give_back();
	return status;
}

/* --- comparing ------------------------------------------------------------ */

static void bench_init(struct bench *b)
{
	arena_init(&b->arenas[0]);
	arena_init(&b->arenas[1]);
	arena_init(&b->arena);
	buffer_init(&b->buffers[0], SIZE_MAX / 2);
	buffer_init(&b->buffers[1], SIZE_MAX / 2);
}

static void bench_fini(struct bench *b)
{
	arena_fini(&b->arenas[0]);
	arena_fini(&b->arenas[1]);
	arena_fini(&b->arena);
	buffer_fini(&b->buffers[0]);
	buffer_fini(&b->buffers[1]);
}

static const struct digest *digest_of(const struct sw_check *c, size_t side,
    uint32_t index)
{
	size_t count;

	return &side_digests(c->sides[side].side, &count)[index];
}

static enum sw_status fetch(const struct sw_check *c, struct bench *b,
    size_t side, uint32_t index, struct sw_err *err)
{
	return side_session(c->sides[side].side, digest_of(c, side, index),
	    &b->arenas[side], &b->buffers[side], &b->sessions[side], err);
}

static enum sw_status compare(const struct sw_check *c, struct bench *b,
    size_t i, struct sw_pair *p_r, struct sw_err *err)
{
	const struct match *m = &c->matching.pairs[i];
	const struct pair_options o = { .matching = &c->matching,
		.ignore = c->options.ignore, .only = c->options.only };
	enum sw_status status;

	memset(p_r, 0, sizeof(*p_r));
	status = fetch(c, b, SW_LEFT, m->left, err);
	if (status == SW_OK)
		status = fetch(c, b, SW_RIGHT, m->right, err);
	if (status != SW_OK)
		return status;
	status = pair_compare(&o, m, &b->sessions[0], &b->sessions[1],
	    &b->arena, p_r);
	return status == SW_OK ? SW_OK : base_error_set(err, status,
	    "out of memory");
}

/* A task: some of the pairs once, for the totals. */
static void run_share(void *ctx, unsigned task)
{
	struct sw_check *c = ctx;
	struct share *h = &c->shares[task];
	size_t i = (size_t)task * SHARE, end = i + SHARE, k;
	struct bench b;

	if (end > c->matching.pair_count)
		end = c->matching.pair_count;
	bench_init(&b);
	for (; i < end && h->status == SW_OK; i++) {
		struct sw_pair p;

		h->status = compare(c, &b, i, &p, &h->err);
		if (h->status != SW_OK)
			break;
		c->verdicts[i] = (uint8_t)((unsigned)p.verdict |
		    (p.finding_count > 0 ? FOUND : 0u));
		h->verdicts[p.verdict]++;
		for (k = 0; k < p.finding_count; k++)
			h->findings[p.findings[k].kind]++;
	}
	bench_fini(&b);
}

static void add_share(struct sw_report *r, const struct share *h)
{
	size_t i;

	for (i = 0; i < SW_VERDICT_COUNT; i++)
		r->verdicts[i] += h->verdicts[i];
	for (i = 0; i < SW_FOUND_COUNT; i++)
		r->findings[i] += h->findings[i];
}

/* All pairs once. */
static enum sw_status judge(struct sw_check *c, struct sw_err *err)
{
	size_t count = (c->matching.pair_count + SHARE - 1) / SHARE, i;
	enum sw_status status;

	c->verdicts = calloc(c->matching.pair_count + 1, 1);
	c->shares = calloc(count + 1, sizeof(*c->shares));
	if (!c->verdicts || !c->shares)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	status = share_out(c, run_share, count, err);
	for (i = 0; i < count && status == SW_OK; i++) {
		status = c->shares[i].status;
		if (status != SW_OK && err)
			*err = c->shares[i].err;
		add_share(&c->report, &c->shares[i]);
	}
	free(c->shares);
	c->shares = NULL;
	return status;
}

int sw_check_next(struct sw_check *c, struct sw_pair *p_r,
    struct sw_err *err)
{
	const struct match *m;
	enum sw_status status = SW_OK;

	if (c->next == c->matching.pair_count)
		return 0;
	m = &c->matching.pairs[c->next];
	memset(p_r, 0, sizeof(*p_r));
	/* Of the first time, which the totals needed, only the verdict was
	 * kept: all rows of all pairs would not fit into memory. */
	if (c->verdicts[c->next] != SW_AGREES || c->options.whole)
		status = compare(c, &c->bench, c->next, p_r, err);
	if (status != SW_OK)
		return (int)status;
	p_r->verdict = (enum sw_verdict)(c->verdicts[c->next++] & ~FOUND);
	/* of one that was not compared again, too */
	p_r->left_id = digest_of(c, SW_LEFT, m->left)->id;
	p_r->right_id = digest_of(c, SW_RIGHT, m->right)->id;
	p_r->paired_by = m->paired_by;
	p_r->confidence = (double)m->confidence;
	return 1;
}

enum sw_status sw_check_only(struct sw_check *c, enum sw_side side,
    size_t i, const struct sw_session **s_r, struct sw_err *err)
{
	*s_r = &c->bench.sessions[side];
	return fetch(c, &c->bench, side, c->matching.only_index[side][i],
	    err);
}

/* --- the report ----------------------------------------------------------- */

static void add_note(struct sw_check *c, enum sw_note_code code,
    const char *text)
{
	struct sw_note *n = &c->notes[c->report.note_count++];

	n->code = code;
	n->severity = SW_INFO;
	n->text.data = (const uint8_t *)text;
	n->text.len = strlen(text);
}

/* Is a pair of a session that tells no dialogue? */
static bool has_mute_pair(const struct sw_check *c)
{
	const struct matching *m = &c->matching;
	const struct digest *d[2];
	size_t i, count;

	for (i = 0; i < 2; i++)
		d[i] = side_digests(c->sides[i].side, &count);
	for (i = 0; i < m->pair_count; i++)
		if (d[SW_LEFT][m->pairs[i].left].mute ||
		    d[SW_RIGHT][m->pairs[i].right].mute)
			return true;
	return false;
}

/* One without sessions is what was read of it. */
static const char *kind_of(const struct reading *d, size_t sessions)
{
	const uint64_t *counters = d->account.a.counters;

	if (sessions == 0 && counters[ACCOUNT_LINES] > 0 &&
	    counters[ACCOUNT_FRAMES] == 0)
		return "log";
	return side_kind(d->side);
}

static void describe(struct sw_check *c)
{
	struct sw_report *r = &c->report;
	const struct matching *m = &c->matching;
	size_t side, i;

	for (side = 0; side < 2; side++) {
		side_digests(c->sides[side].side, &i);
		r->side[side].sessions = i;
		r->side[side].kind = kind_of(&c->sides[side], i);
		r->side[side].failed = c->sides[side].failed;
		r->only[side] = m->only[side];
		r->only_count[side] = m->only_count[side];
		for (i = 0; i < m->only_count[side]; i++)
			r->unexplained += m->only[side][i].reason ==
			    SW_UNEXPLAINED;
	}
	r->clock = m->clock;
	r->clock_count = m->clock_count;
	r->pairs = m->pair_count;
	r->notes = c->notes;
	if (m->nat[0])
		add_note(c, SW_NOTE_ADDRESSES_TRANSLATED, "The clients' "
		    "addresses differ between the sides throughout: a "
		    "translator of addresses or a proxy stands between "
		    "them.");
	if (m->nat[1])
		add_note(c, SW_NOTE_ADDRESSES_TRANSLATED, "The servers' "
		    "addresses differ between the sides throughout: a "
		    "translator of addresses or a proxy stands between "
		    "them.");
	if (has_mute_pair(c))
		add_note(c, SW_NOTE_NO_DIALOGUE, "Some sessions of a log tell "
		    "of a connection but not what was said, as Postfix "
		    "without -v does: of them only who connected, and when, "
		    "was held against the other side.");
}

static enum sw_status copy_names(struct sw_check *c, int i,
    const char *const *names, size_t count)
{
	size_t k;

	c->names[i] = calloc(count + 1, sizeof(char *));
	if (!c->names[i])
		return SW_ENOMEM;
	for (k = 0; k < count; k++)
		if (!(c->names[i][k] = strdup(names[k])))
			return SW_ENOMEM;
	c->report.side[i].files = (const char *const *)c->names[i];
	c->report.side[i].file_count = count;
	c->sides[i].names = c->report.side[i].files;
	c->sides[i].name_count = count;
	return SW_OK;
}

static enum sw_status match(struct sw_check *c, struct sw_err *err)
{
	const struct digest *digests[2];
	size_t count[2];
	enum sw_status status;

	digests[0] = side_digests(c->sides[0].side, &count[0]);
	digests[1] = side_digests(c->sides[1].side, &count[1]);
	status = match_sides(digests[0], count[0], digests[1], count[1],
	    c->options.max_offset_ns, &c->matching);
	if (status != SW_OK)
		return base_error_set(err, status, "out of memory");
	describe(c);
	return judge(c, err);
}

enum sw_status sw_check_open(const struct sw_check_options *o,
    const char *const *left, size_t left_count, const char *const *right,
    size_t right_count, struct sw_check **c_r, struct sw_err *err)
{
	struct sw_check *c = calloc(1, sizeof(*c));
	enum sw_status status;

	*c_r = NULL;
	if (!c)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	c->options = *o;
	c->sides[0].inputs = o->reader.inputs;
	c->sides[1].inputs = o->reader.inputs ?
	    o->reader.inputs + left_count : NULL;
	account_init(&c->sides[0].account.a);
	account_init(&c->sides[1].account.a);
	bench_init(&c->bench);
	if (copy_names(c, 0, left, left_count) != SW_OK ||
	    copy_names(c, 1, right, right_count) != SW_OK)
		status = base_error_set(err, SW_ENOMEM, "out of memory");
	else
		status = read_sides(c, err);
	if (status == SW_OK)
		status = match(c, err);
	if (status != SW_OK)
		sw_check_free(&c);
	*c_r = c;
	return status;
}

static void told_fini(struct told *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->texts[i]);
	free(t->texts);
}

static void reading_fini(struct reading *d)
{
	side_free(&d->side);
	account_fini(&d->account.a);
	told_fini(&d->errors);
	told_fini(&d->warnings);
}

void sw_check_free(struct sw_check **cp)
{
	struct sw_check *c = *cp;
	size_t i, k;

	if (!c)
		return;
	*cp = NULL;
	for (i = 0; i < 2; i++) {
		reading_fini(&c->sides[i]);
		for (k = 0; c->names[i] && c->names[i][k]; k++)
			free(c->names[i][k]);
		free(c->names[i]);
	}
	free(c->verdicts);
	free(c->shares);
	match_fini(&c->matching);
	bench_fini(&c->bench);
	free(c);
}
