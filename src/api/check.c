/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - two records of the same traffic held against each other
 *
 * Theory of operation.  sw_check_open reads both sides, pairs their sessions
 * and compares every pair once, to know the totals; of each pair it keeps the
 * verdict.  sw_check_next compares those again that do not agree, and tells
 * them with both sessions.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/reader.h"
#include "base/error.h"
#include "check/check.h"

/* The pair has findings, whatever its verdict. */
#define FOUND 0x80

struct sw_check {
	struct sw_check_options options; /* strings are the caller's */
	struct side *sides[2];
	struct matching matching;
	uint8_t *verdicts; /* of each pair; FOUND is added to it */
	char **names[2];
	char **warnings;
	size_t warning_count, warning_capacity, warning_next;
	size_t failed;
	struct arena arenas[2], arena; /* sessions; what is found */
	struct sw_session sessions[2];
	size_t next;
	struct sw_note notes[2];
	struct sw_report report;
	struct sw_account accounts[2];
};

void sw_check_options_init(struct sw_check_options *o)
{
	memset(o, 0, sizeof(*o));
	sw_options_init(&o->reader);
}

size_t sw_check_failed(const struct sw_check *c)
{
	return c->failed;
}

const char *sw_check_warning(struct sw_check *c)
{
	return c->warning_next < c->warning_count ?
	    c->warnings[c->warning_next++] : NULL;
}

const struct sw_report *sw_check_report(const struct sw_check *c)
{
	return &c->report;
}

const struct sw_account *sw_check_account(const struct sw_check *c,
    enum sw_side side)
{
	return side < SW_NO_SIDE ? &c->accounts[side] : NULL;
}

/* --- reading -------------------------------------------------------------- */

static enum sw_status keep_warning(struct sw_check *c, const char *text)
{
	void *warnings = c->warnings;

	if (!base_grow(&warnings, c->warning_count, &c->warning_capacity,
	    sizeof(*c->warnings)))
		return SW_ENOMEM;
	c->warnings = warnings;
	c->warnings[c->warning_count] = strdup(text);
	return c->warnings[c->warning_count++] ? SW_OK : SW_ENOMEM;
}

static enum sw_status keep_warnings(struct sw_check *c, struct sw_reader *r)
{
	enum sw_status status = SW_OK;
	const char *text;

	while (status == SW_OK && (text = sw_reader_warning(r)) != NULL)
		status = keep_warning(c, text);
	return status;
}

/* SW_OK: go on; what one input lacks is a warning. */
static enum sw_status take_error(struct sw_check *c, int got,
    const struct sw_err *err)
{
	if (got == SW_EREAD || got == SW_EFORMAT)
		return keep_warning(c, err->text);
	return (enum sw_status)got;
}

static enum sw_status read_sessions(struct sw_check *c, struct side *side,
    struct sw_reader *r, struct sw_err *err)
{
	const struct sw_session *s;
	enum sw_status status = SW_OK;
	int got;

	while (status == SW_OK && (got = sw_reader_next(r, &s, err)) != 0) {
		if (got > 0)
			status = side_add(side, s, err);
		else
			status = take_error(c, got, err);
	}
	return status;
}

static enum sw_status read_side(struct sw_check *c, int i,
    const char *const *names, size_t count, struct sw_err *err)
{
	struct sw_reader *r;
	enum sw_status status = side_new(c->options.reader.tmpdir,
	    &c->sides[i], err);

	if (status == SW_OK)
		status = sw_reader_open(&c->options.reader, names, count, &r,
		    err);
	if (status != SW_OK)
		return status;
	status = read_sessions(c, c->sides[i], r, err);
	side_sort(c->sides[i]);
	c->failed += sw_reader_failed(r);
	account_merge(&c->accounts[i].a, &sw_reader_account(r)->a);
	if (status == SW_OK && keep_warnings(c, r) != SW_OK)
		status = base_error_set(err, SW_ENOMEM, "out of memory");
	sw_reader_free(&r);
	return status;
}

/* --- comparing ------------------------------------------------------------ */

static enum sw_status compare(struct sw_check *c, size_t i,
    struct sw_pair *p_r, struct sw_err *err)
{
	const struct match *m = &c->matching.pairs[i];
	const uint32_t index[2] = { m->left, m->right };
	struct verdict_options o = { .ignore = c->options.ignore,
		.only = c->options.only };
	struct sw_aligned *rows;
	enum sw_status status = SW_OK;
	size_t count, side;

	memset(p_r, 0, sizeof(*p_r));
	for (side = 0; side < 2 && status == SW_OK; side++)
		status = side_session(c->sides[side],
		    &side_digests(c->sides[side], &count)[index[side]],
		    &c->arenas[side], &c->sessions[side], err);
	if (status != SW_OK)
		return status;
	memcpy(o.nat, c->matching.nat, sizeof(o.nat));
	arena_reset(&c->arena);
	status = align_events(&c->sessions[0], &c->sessions[1], &c->arena,
	    &rows, &count);
	if (status == SW_OK)
		status = verdict_compare(&c->sessions[0], &c->sessions[1],
		    rows, count, &o, &c->arena, p_r);
	if (status != SW_OK)
		return base_error_set(err, status, "out of memory");
	p_r->rows = rows;
	p_r->row_count = count;
	p_r->left = &c->sessions[0];
	p_r->right = &c->sessions[1];
	return SW_OK;
}

/* All pairs once, for the totals. */
static enum sw_status judge(struct sw_check *c, struct sw_err *err)
{
	enum sw_status status = SW_OK;
	size_t i, k;

	c->verdicts = calloc(c->matching.pair_count + 1, 1);
	if (!c->verdicts)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	for (i = 0; i < c->matching.pair_count && status == SW_OK; i++) {
		struct sw_pair p;

		status = compare(c, i, &p, err);
		if (status != SW_OK)
			break;
		c->verdicts[i] = (uint8_t)((unsigned)p.verdict |
		    (p.finding_count > 0 ? FOUND : 0u));
		c->report.verdicts[p.verdict]++;
		for (k = 0; k < p.finding_count; k++)
			c->report.findings[p.findings[k].kind]++;
	}
	return status;
}

int sw_check_next(struct sw_check *c, struct sw_pair *p_r,
    struct sw_err *err)
{
	const struct match *m;
	enum sw_status status = SW_OK;
	size_t count;

	if (c->next == c->matching.pair_count)
		return 0;
	m = &c->matching.pairs[c->next];
	memset(p_r, 0, sizeof(*p_r));
	if (c->verdicts[c->next] != SW_AGREES || c->options.whole)
		status = compare(c, c->next, p_r, err);
	if (status != SW_OK)
		return (int)status;
	p_r->verdict = (enum sw_verdict)(c->verdicts[c->next++] & ~FOUND);
	p_r->left_id = side_digests(c->sides[0], &count)[m->left].id;
	p_r->right_id = side_digests(c->sides[1], &count)[m->right].id;
	p_r->paired_by = m->paired_by;
	p_r->confidence = (double)m->confidence;
	return 1;
}

enum sw_status sw_check_only(struct sw_check *c, enum sw_side side,
    size_t i, const struct sw_session **s_r, struct sw_err *err)
{
	size_t count;
	enum sw_status status = side_session(c->sides[side],
	    &side_digests(c->sides[side], &count)
	    [c->matching.only_index[side][i]], &c->arenas[side],
	    &c->sessions[side], err);

	*s_r = &c->sessions[side];
	return status;
}

/* --- the report ----------------------------------------------------------- */

static void add_note(struct sw_check *c, const char *text)
{
	struct sw_note *n = &c->notes[c->report.note_count++];

	n->code = SW_NOTE_ADDRESSES_TRANSLATED;
	n->severity = SW_INFO;
	n->text.data = (const uint8_t *)text;
	n->text.len = strlen(text);
}

static void describe(struct sw_check *c)
{
	struct sw_report *r = &c->report;
	const struct matching *m = &c->matching;
	size_t side, i;

	for (side = 0; side < 2; side++) {
		r->side[side].kind = side_kind(c->sides[side]);
		side_digests(c->sides[side], &i);
		r->side[side].sessions = i;
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
		add_note(c, "The clients' addresses differ between the sides "
		    "throughout: a translator of addresses or a proxy stands "
		    "between them.");
	if (m->nat[1])
		add_note(c, "The servers' addresses differ between the sides "
		    "throughout: a translator of addresses or a proxy stands "
		    "between them.");
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
	return SW_OK;
}

static enum sw_status match(struct sw_check *c, struct sw_err *err)
{
	const struct digest *digests[2];
	size_t count[2];
	enum sw_status status;

	digests[0] = side_digests(c->sides[0], &count[0]);
	digests[1] = side_digests(c->sides[1], &count[1]);
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
	c->options.reader = o->reader;
	account_init(&c->accounts[0].a);
	account_init(&c->accounts[1].a);
	arena_init(&c->arenas[0]);
	arena_init(&c->arenas[1]);
	arena_init(&c->arena);
	if (copy_names(c, 0, left, left_count) != SW_OK ||
	    copy_names(c, 1, right, right_count) != SW_OK)
		status = base_error_set(err, SW_ENOMEM, "out of memory");
	else
		status = read_side(c, 0, left, left_count, err);
	if (status == SW_OK)
		status = read_side(c, 1, right, right_count, err);
	if (status == SW_OK)
		status = match(c, err);
	if (status != SW_OK)
		sw_check_free(&c);
	*c_r = c;
	return status;
}

void sw_check_free(struct sw_check **cp)
{
	struct sw_check *c = *cp;
	size_t i, k;

	if (!c)
		return;
	*cp = NULL;
	for (i = 0; i < 2; i++) {
		side_free(&c->sides[i]);
		arena_fini(&c->arenas[i]);
		account_fini(&c->accounts[i].a);
		for (k = 0; c->names[i] && c->names[i][k]; k++)
			free(c->names[i][k]);
		free(c->names[i]);
	}
	for (i = 0; i < c->warning_count; i++)
		free(c->warnings[i]);
	free(c->warnings);
	free(c->verdicts);
	match_fini(&c->matching);
	arena_fini(&c->arena);
	free(c);
}
