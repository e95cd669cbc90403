/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_json.c - what `check` found, as one JSON object */
#include "emit/report.h"

#include "base/clock.h"
#include "emit/json.h"

static void put(struct buffer *b, const char *text)
{
	buffer_append_str(b, text);
}

/* ns as seconds, with as many digits as it needs. */
static void put_seconds(struct buffer *b, int64_t ns)
{
	uint64_t v = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, rest;
	unsigned digits = 9;
	uint8_t text[9];

	if (ns < 0)
		put(b, "-");
	buffer_append_u64(b, v / 1000000000u);
	rest = v % 1000000000u;
	if (rest == 0)
		return;
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	buffer_put_digits(text, rest, digits);
	put(b, ".");
	buffer_append(b, text, digits);
}

static void put_time(struct buffer *b, int64_t t)
{
	static const struct sw_clock utc = { .zone = SW_ZONE_LOCAL,
		.resolution_ns = 1000000, .date = SW_DATE_GIVEN };

	if (t == SW_NO_TIME) {
		put(b, "null");
		return;
	}
	put(b, "\"");
	clock_append(b, &utc, t, 'T');
	put(b, "\"");
}

static void put_side(struct buffer *b, const struct sw_side_summary *s)
{
	size_t i;

	put(b, "{\"files\":[");
	for (i = 0; i < s->file_count; i++) {
		if (i > 0)
			put(b, ",");
		(void)escape_json(b, slice_str(s->files[i]));
	}
	put(b, "],\"kind\":");
	json_name(b, s->kind);
	put(b, ",\"sessions\":");
	buffer_append_u64(b, s->sessions);
	put(b, "}");
}

/* A number that is a part of one: up to nine digits behind the point. */
static void put_fraction(struct buffer *b, double v)
{
	put_seconds(b, (int64_t)(v * 1e9));
}

static void put_clock(struct buffer *b, const struct sw_clock_piece *c)
{
	put(b, "{\"from\":");
	put_time(b, c->from);
	put(b, ",\"to\":");
	put_time(b, c->to);
	put(b, ",\"offset\":");
	put_seconds(b, c->offset_ns);
	put(b, ",\"drift\":");
	put_fraction(b, c->drift);
	put(b, ",\"pairs\":");
	buffer_append_u64(b, c->pairs);
	put(b, ",\"spread\":");
	put_seconds(b, c->spread_ns);
	put(b, "}");
}

static void put_note(struct buffer *b, const struct sw_note *n)
{
	put(b, "{\"code\":");
	json_name(b, sw_note_name(n->code));
	put(b, ",\"severity\":");
	json_name(b, sw_severity_name(n->severity));
	put(b, ",\"text\":");
	json_bytes(b, n->text);
	put(b, ",\"event\":null,\"at\":null}");
}

bool report_json_about(struct buffer *b, const struct sw_report *r)
{
	size_t i;

	put(b, "\"left\":");
	put_side(b, &r->side[SW_LEFT]);
	put(b, ",\"right\":");
	put_side(b, &r->side[SW_RIGHT]);
	put(b, ",\"clock\":[");
	for (i = 0; i < r->clock_count; i++) {
		if (i > 0)
			put(b, ",");
		put_clock(b, &r->clock[i]);
	}
	put(b, "],\"notes\":[");
	for (i = 0; i < r->note_count; i++) {
		if (i > 0)
			put(b, ",");
		put_note(b, &r->notes[i]);
	}
	put(b, "]");
	return !b->failed && !b->full;
}

bool report_json_begin(struct buffer *b, const struct sw_report *r)
{
	put(b, "{\"check\":1,");
	if (!report_json_about(b, r))
		return false;
	put(b, ",\"pairs\":[");
	return !b->failed && !b->full;
}

static void put_at(struct buffer *b, const uint64_t at[2])
{
	if (at[0] == 0) {
		put(b, "null");
		return;
	}
	put(b, "[");
	buffer_append_u64(b, at[0]);
	put(b, ",");
	buffer_append_u64(b, at[1]);
	put(b, "]");
}

static void put_finding(struct buffer *b, const struct sw_finding *f)
{
	put(b, "{\"kind\":");
	json_name(b, sw_finding_name(f->kind));
	put(b, ",\"side\":");
	json_name(b, sw_side_name(f->side));
	put(b, ",\"left_event\":");
	json_ref(b, f->left_event);
	put(b, ",\"right_event\":");
	json_ref(b, f->right_event);
	put(b, ",\"left_at\":");
	put_at(b, f->left_at);
	put(b, ",\"right_at\":");
	put_at(b, f->right_at);
	put(b, ",\"message\":");
	json_ref(b, f->message);
	put(b, ",\"recipient\":");
	json_bytes(b, f->recipient);
	put(b, ",\"left_text\":");
	json_bytes(b, f->left_text);
	put(b, ",\"right_text\":");
	json_bytes(b, f->right_text);
	put(b, ",\"explanation\":");
	json_bytes(b, f->explanation);
	put(b, "}");
}

static const char *paired_by_name(int i)
{
	return sw_paired_by_name((enum sw_paired_by)i);
}

static const char *undecided_name(int i)
{
	return sw_undecided_name((enum sw_undecided)i);
}

/* The names of the bits of a set. */
static void put_set(struct buffer *b, uint32_t set, int count,
    const char *(*name)(int i))
{
	const char *before = "";
	int i;

	put(b, "[");
	for (i = 0; i < count; i++) {
		if (!(set & SW_BIT(i)))
			continue;
		put(b, before);
		json_name(b, name(i));
		before = ",";
	}
	put(b, "]");
}

bool report_json_pair_object(struct buffer *b, const struct sw_pair *p)
{
	size_t i;

	put(b, "{\"left\":");
	json_id(b, p->left_id);
	put(b, ",\"right\":");
	json_id(b, p->right_id);
	put(b, ",\"paired_by\":");
	put_set(b, p->paired_by, SW_BY_COUNT, paired_by_name);
	put(b, ",\"confidence\":");
	put_fraction(b, (double)(int)(p->confidence * 1000 + 0.5) / 1000);
	put(b, ",\"verdict\":");
	json_name(b, sw_verdict_name(p->verdict));
	put(b, ",\"findings\":[");
	for (i = 0; i < p->finding_count; i++) {
		if (i > 0)
			put(b, ",");
		put_finding(b, &p->findings[i]);
	}
	put(b, "],\"undecided_by\":");
	put_set(b, p->undecided_by, SW_UNDECIDED_COUNT, undecided_name);
	put(b, "}");
	return !b->failed && !b->full;
}

bool report_json_pair(struct buffer *b, const struct sw_pair *p, bool first)
{
	put(b, first ? "\n" : ",\n");
	return report_json_pair_object(b, p);
}

static void put_only(struct buffer *b, const struct sw_report *r,
    enum sw_side side)
{
	size_t i;

	put(b, "[");
	for (i = 0; i < r->only_count[side]; i++) {
		const struct sw_only *o = &r->only[side][i];

		put(b, i > 0 ? ",\n{\"id\":" : "\n{\"id\":");
		json_id(b, o->id);
		put(b, ",\"reason\":");
		json_name(b, sw_only_reason_name(o->reason));
		put(b, "}");
	}
	put(b, "]");
}

static void put_counts(struct buffer *b, const struct sw_report *r)
{
	const char *before = "";
	int i;

	for (i = 0; i < SW_FOUND_COUNT; i++) {
		if (r->findings[i] == 0)
			continue;
		put(b, before);
		json_name(b, sw_finding_name((enum sw_finding_kind)i));
		put(b, ":");
		buffer_append_u64(b, r->findings[i]);
		before = ",";
	}
}

bool report_json_summary(struct buffer *b, const struct sw_report *r)
{
	int i;

	put(b, "\"summary\":{\"pairs\":");
	buffer_append_u64(b, r->pairs);
	for (i = 0; i < SW_VERDICT_COUNT; i++) {
		put(b, ",\"");
		put(b, sw_verdict_name((enum sw_verdict)i));
		put(b, "\":");
		buffer_append_u64(b, r->verdicts[i]);
	}
	put(b, ",\"left_only\":");
	buffer_append_u64(b, r->only_count[SW_LEFT]);
	put(b, ",\"right_only\":");
	buffer_append_u64(b, r->only_count[SW_RIGHT]);
	put(b, ",\"findings\":{");
	put_counts(b, r);
	put(b, "}}");
	return !b->failed && !b->full;
}

bool report_json_end(struct buffer *b, const struct sw_report *r)
{
	put(b, "],\"left_only\":");
	put_only(b, r, SW_LEFT);
	put(b, ",\"right_only\":");
	put_only(b, r, SW_RIGHT);
	put(b, ",\n");
	if (!report_json_summary(b, r))
		return false;
	put(b, "}\n");
	return !b->failed && !b->full;
}
