/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_check.c - two small sets of sessions held against each other
 *
 * Input: an octet of options, then the left side, a line "--vs", the right
 * side: transcripts as JSON Lines, or a log, or a capture.  Bits 0 and 1 of
 * the options: the form of the report; 2: two threads; 3: clocks at most 10 s
 * apart; 4: the right side is the left one again; 5: both sides are
 * exchanged; 6: some findings are ignored; 7: whole.
 *
 * Each session is in one pair or alone on its side, rows tell each event
 * once, findings refer to what is there, the report adds up; and
 * a session that is held against itself does not differ.
 */
#define _GNU_SOURCE /* memfd_create, memmem */

#include <string.h>

#include <smtpwire/report.h>

#include "fuzz/memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char separator[] = "--vs\n";

struct totals {
	uint64_t verdicts[SW_VERDICT_COUNT];
	uint64_t findings[SW_FOUND_COUNT];
};

/* Each event once; the order is one of questions and answers. */
static void check_side(const struct sw_pair *p, bool right, size_t events)
{
	bool *seen = calloc(events + 1, sizeof(*seen));
	size_t count = 0;

	require(seen != NULL);
	for (size_t i = 0; i < p->row_count; i++) {
		uint32_t n = right ? p->rows[i].right : p->rows[i].left;

		require(n <= events && !seen[n]);
		seen[n] = n > 0;
		count += n > 0;
	}
	require(count == events);
	free(seen);
}

static void check_rows(const struct sw_pair *p)
{
	for (size_t i = 0; i < p->row_count; i++)
		require(p->rows[i].left > 0 || p->rows[i].right > 0);
	check_side(p, false, p->left->event_count);
	check_side(p, true, p->right->event_count);
}

static void check_findings(const struct sw_pair *p)
{
	for (size_t i = 0; i < p->finding_count; i++) {
		const struct sw_finding *f = &p->findings[i];

		require(f->kind < SW_FOUND_COUNT);
		require(sw_finding_name(f->kind) != NULL);
		require(f->left_event <= p->left->event_count);
		require(f->right_event <= p->right->event_count);
		require(f->explanation.len > 0);
		require(f->left_at[0] <= f->left_at[1]);
		require(f->right_at[0] <= f->right_at[1]);
	}
}

static void check_pair(const struct sw_pair *p, struct totals *t)
{
	require(p->verdict < SW_VERDICT_COUNT);
	require(p->confidence >= 0 && p->confidence <= 1);
	require(p->undecided_by < SW_BIT(SW_UNDECIDED_COUNT));
	t->verdicts[p->verdict]++;
	if (!p->left || !p->right) {
		require(p->verdict == SW_AGREES);
		return;
	}
	require(p->left->id == p->left_id);
	require(p->right->id == p->right_id);
	check_rows(p);
	check_findings(p);
	for (size_t i = 0; i < p->finding_count; i++)
		t->findings[p->findings[i].kind]++;
}

static void check_only(struct sw_check *c, const struct sw_report *r)
{
	const struct sw_session *s;
	uint64_t unexplained = 0;
	struct sw_err err;

	for (int side = 0; side < 2; side++) {
		require(r->pairs + r->only_count[side] ==
		    r->side[side].sessions);
		for (size_t i = 0; i < r->only_count[side]; i++) {
			require(sw_check_only(c, (enum sw_side)side, i, &s,
			    &err) == SW_OK);
			require(s->id == r->only[side][i].id);
			unexplained += r->only[side][i].reason ==
			    SW_UNEXPLAINED;
		}
	}
	require(unexplained == r->unexplained);
}

static void check_all(struct sw_check *c, bool whole, bool itself)
{
	const struct sw_report *r = sw_check_report(c);
	struct totals t = { { 0 }, { 0 } };
	uint64_t pairs = 0;
	struct sw_pair p;
	struct sw_err err;
	int got;

	while ((got = sw_check_next(c, &p, &err)) == 1) {
		check_pair(&p, &t);
		/* Of several alike any may have been paired. */
		if (itself && r->side[0].sessions == 1)
			require(p.verdict != SW_DIFFERS);
		pairs++;
	}
	require(got == 0 && pairs == r->pairs);
	require(memcmp(t.verdicts, r->verdicts, sizeof(t.verdicts)) == 0);
	if (whole)
		require(memcmp(t.findings, r->findings,
		    sizeof(t.findings)) == 0);
	check_only(c, r);
}

static void report(struct sw_check *c, uint8_t how)
{
	struct sw_report_options o = { .json = (how & 3) == 1,
		.html = (how & 3) == 2, .no_times = how & 8, .context = 3 };
	struct sw_err err;
	uint64_t told = 0;
	int error;

	require(sw_report_write(c, &o, o.html ? take_page : take_harmless,
	    &told, &error, &err) == SW_OK);
	require(told > 0);
	while (sw_check_warning(c))
		;
}

static void run(const char *left, const char *right, uint8_t how)
{
	struct sw_check_options o;
	struct sw_check *c;
	struct sw_err err;

	sw_check_options_init(&o);
	o.reader.threads = how & 4 ? 2 : 1;
	o.max_offset_ns = how & 8 ? INT64_C(10000000000) : 0;
	o.ignore = how & 64 ? SW_BIT(SW_FOUND_REPLY_TEXT_CHANGED) : 0;
	o.whole = how & 128 || (how & 3) == 2;
	require(sw_check_open(&o, &left, 1, &right, 1, &c, &err) == SW_OK);
	if ((how & 3) == 3)
		check_all(c, o.whole, left == right);
	else
		report(c, how);
	sw_check_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t len = sizeof(separator) - 1;
	struct memory_file left, right;
	const uint8_t *at, *end = data + size;

	if (size < 1)
		return 0;
	at = memmem(data + 1, size - 1, separator, len);
	memory_file_init(&left, data + 1,
	    (size_t)((at ? at : end) - (data + 1)));
	at = at ? at + len : end;
	memory_file_init(&right, at, (size_t)(end - at));
	if (data[0] & 16)
		run(left.name, left.name, data[0]);
	else if (data[0] & 32)
		run(right.name, left.name, data[0]);
	else
		run(left.name, right.name, data[0]);
	memory_file_fini(&left);
	memory_file_fini(&right);
	return 0;
}
