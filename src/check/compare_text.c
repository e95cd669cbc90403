/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare_text.c - texts as two records tell them */
#include "check/compare.h"

struct reading {
	struct slice s;
	size_t at;
	bool plus; /* '+' may be a blank */
};

/* The next octet that counts; runs of blanks are one, those at the end and
 * behind a colon none.  0: the end. */
static uint8_t next(struct reading *r)
{
	bool blank = false;

	while (r->at < r->s.len) {
		uint8_t c = r->s.p[r->at];

		if (r->plus && c == '+')
			c = ' ';
		if (c != ' ' && c != '\t') {
			if (blank && (r->at < 2 || r->s.p[r->at - 2] != ':'))
				return ' ';
			r->at++;
			return c ? c : 1;
		}
		blank = r->at > 0;
		r->at++;
	}
	return 0;
}

/* Where a text was cut in its middle: " ... ". */
static size_t find_cut(struct slice s)
{
	return slice_find_nocase(s, slice_str(" ... "));
}

static bool same_beginning(struct slice x, struct slice y, bool plus,
    bool cut)
{
	struct reading a = { x, 0, plus }, b = { y, 0, plus };

	for (;;) {
		uint8_t c = next(&a), d = next(&b);

		if (c == 0 && d == 0)
			return true;
		if (c == 0 || d == 0)
			return cut;
		/* what could not be printed, or is not UTF-8 */
		if (c != d && c != '?' && d != '?' && c < 0x80 && d < 0x80)
			return false;
	}
}

/* A text whose middle is left out has the other's beginning and end. */
static bool fits_cut(struct slice cut, struct slice whole, size_t at)
{
	struct slice head = slice_head(cut, at);
	struct slice tail = slice_from(cut, at + 5);

	return whole.len >= head.len + tail.len &&
	    slice_eq(head, slice_head(whole, head.len)) &&
	    slice_eq(tail, slice_from(whole, whole.len - tail.len));
}

/* Servers that keep lines as strings of C log them up to a NUL. */
static struct slice up_to_nul(struct slice s)
{
	const uint8_t *nul = s.len ? memchr(s.p, 0, s.len) : NULL;

	return nul ? slice_head(s, (size_t)(nul - s.p)) : s;
}

bool compare_texts(const struct judge *j, struct sw_bytes left,
    struct sw_bytes right, uint32_t flags)
{
	struct slice x = compare_slice(left), y = compare_slice(right);
	bool plus = compare_is_iis(j->s[0]) || compare_is_iis(j->s[1]);
	bool cut = flags & SW_BIT(SW_FLAG_TRUNCATED);
	bool left_log = j->s[0]->source.kind == SW_SOURCE_LOG;
	bool right_log = j->s[1]->source.kind == SW_SOURCE_LOG;

	if (slice_eq(x, y) || same_beginning(x, y, plus, cut))
		return true;
	if ((left_log && same_beginning(x, up_to_nul(y), plus, cut)) ||
	    (right_log && same_beginning(up_to_nul(x), y, plus, cut)))
		return true;
	return cut && ((find_cut(x) < x.len &&
	    fits_cut(x, y, find_cut(x))) ||
	    (find_cut(y) < y.len && fits_cut(y, x, find_cut(y))));
}

struct sw_bytes compare_reply_text(struct judge *j, const struct sw_reply *r)
{
	struct sw_bytes text;
	struct buffer b;
	size_t i;

	buffer_init(&b, 4096);
	if (r->code != SW_UNKNOWN)
		buffer_append_i64(&b, r->code);
	for (i = 0; i < r->line_count; i++) {
		if (b.len > 0)
			buffer_append_str(&b, i > 0 ? "\n" : " ");
		buffer_append_slice(&b, slice_head(compare_slice(
		    r->lines[i]), 1000));
	}
	text = arena_copy(j->arena, buffer_slice(&b));
	if (!text.data || b.failed)
		j->memory = true;
	buffer_fini(&b);
	return text;
}
