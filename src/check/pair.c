/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pair.c - two sessions that were matched, compared */
#include "check/check.h"

enum sw_status pair_compare(const struct pair_options *options,
    const struct match *match, const struct sw_session *left,
    const struct sw_session *right, struct arena *arena,
    struct sw_pair *p_r)
{
	const struct matching *m = options->matching;
	struct verdict_options o = { .ignore = options->ignore,
		.only = options->only, .nat = { m->nat[0], m->nat[1] },
		.timed = m->clock_count > 0, .slack_ns = m->slack_ns,
		.offset_ns = match_offset(m, right->start) };
	struct sw_aligned *rows;
	enum sw_status status;
	size_t count;

	memset(p_r, 0, sizeof(*p_r));
	arena_reset(arena);
	status = align_events(left, right, arena, &rows, &count);
	if (status == SW_OK)
		status = verdict_compare(left, right, rows, count, &o, arena,
		    p_r);
	if (status != SW_OK)
		return status;
	p_r->rows = rows;
	p_r->row_count = count;
	p_r->left = left;
	p_r->right = right;
	p_r->left_id = left->id;
	p_r->right_id = right->id;
	p_r->paired_by = match->paired_by;
	p_r->confidence = (double)match->confidence;
	return SW_OK;
}
