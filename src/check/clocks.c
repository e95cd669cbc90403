/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clocks.c - how far the clocks of the two sides are apart
 *
 * Theory of operation.  A sample is a pair of sessions that most probably
 * are the same, and the difference of their times.  In the order of time a
 * running median of the differences shows what the clocks did, whatever a few
 * wrong samples say.  Where the median jumps (a clock was set, summer time
 * began) a new piece begins; within a piece a line is laid through the
 * samples by the median of slopes (Theil and Sen).
 */
#include "check/check.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"

/* Samples on either side of one that its median looks at. */
#define REACH 5
/* A change of the median that is no drift. */
#define JUMP (60 * NS_PER_S)
/* Fewer samples are no piece of their own. */
#define PIECE_MIN 3
/* Fewer samples tell no drift. */
#define DRIFT_MIN 10
/* What frames need from one point to the other, more or less: no drift. */
#define TRANSIT (NS_PER_S / 100)
/* Slopes that are looked at. */
#define SLOPES 512
/* No line goes beyond that: samples lie within it (matcher.h). */
#define OFFSET_MAX (INT64_C(1) << 61)
/* No spread is wider: nine years, of which sums are made. */
#define SPREAD_MAX (INT64_C(1) << 58)

static int compare_samples(const void *a, const void *b)
{
	const struct clock_sample *x = a, *y = b;

	if (x->right != y->right)
		return x->right < y->right ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int compare_i64(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int compare_double(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int64_t magnitude(int64_t v)
{
	return v < 0 ? -v : v;
}

static int64_t median(int64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_i64);
	return values[count / 2];
}

/* The median of the offsets around sample i. */
static int64_t local_median(const struct clock_sample *s, size_t count,
    size_t i)
{
	int64_t values[2 * REACH + 1] = { 0 };
	size_t from = i > REACH ? i - REACH : 0, n = 0;

	for (; from < count && from <= i + REACH; from++) {
		size_t k = n++;

		for (; k > 0 && values[k - 1] > s[from].offset; k--)
			values[k] = values[k - 1];
		values[k] = s[from].offset;
	}
	return values[n / 2];
}

/* Those that are allowed, in order of time. */
static size_t prepare(struct clock_sample *s, size_t count,
    int64_t max_offset_ns)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		if (max_offset_ns == 0 ||
		    magnitude(s[i].offset) <= max_offset_ns)
			s[n++] = s[i];
	if (n > 1)
		qsort(s, n, sizeof(*s), compare_samples);
	return n;
}

/* --- one piece ------------------------------------------------------------ */

static double slope_of(const struct clock_sample *s, size_t count,
    double *slopes)
{
	size_t half = count / 2, step = half / SLOPES + 1, i, n = 0;

	for (i = 0; i + half < count && n < SLOPES; i += step) {
		int64_t apart = s[i + half].right - s[i].right;

		if (apart > 0)
			slopes[n++] = (double)(s[i + half].offset -
			    s[i].offset) / (double)apart;
	}
	if (n == 0)
		return 0;
	qsort(slopes, n, sizeof(*slopes), compare_double);
	return slopes[n / 2];
}

static int64_t limit(int64_t v, int64_t max)
{
	return v > max ? max : v < -max ? -max : v;
}

/* What a clock gains; of times that were made up it may be any number. */
static int64_t gain(double drift, int64_t ns)
{
	double v = drift * (double)ns;

	if (v >= (double)OFFSET_MAX)
		return OFFSET_MAX;
	return v <= -(double)OFFSET_MAX ? -OFFSET_MAX : (int64_t)v;
}

static int64_t at_line(const struct sw_clock_piece *p, int64_t right)
{
	return limit(p->offset_ns + gain(p->drift, right - p->from),
	    OFFSET_MAX);
}

/* How far samples are apart in time of which slopes are taken: most of them
 * may lie in a small part of the piece. */
static int64_t slope_span(const struct clock_sample *s, size_t count,
    int64_t *values)
{
	size_t half = count / 2, i, n = 0;

	for (i = 0; i + half < count; i++)
		values[n++] = s[i + half].right - s[i].right;
	return median(values, n);
}

/* The line's height and how far the samples lie from it. */
static void fit_line(struct sw_clock_piece *p, const struct clock_sample *s,
    size_t count, int64_t *values)
{
	size_t i;

	p->offset_ns = 0;
	for (i = 0; i < count; i++)
		values[i] = s[i].offset - at_line(p, s[i].right);
	p->offset_ns = median(values, count);
	for (i = 0; i < count; i++)
		values[i] = magnitude(s[i].offset - at_line(p, s[i].right));
	p->spread_ns = limit(median(values, count), SPREAD_MAX);
}

static int64_t slack_of(const struct clock_sample *s, size_t count,
    int64_t *values)
{
	size_t i;

	for (i = 0; i < count; i++)
		values[i] = s[i].slack;
	return median(values, count);
}

static void fit(struct sw_clock_piece *p, const struct clock_sample *s,
    size_t count, int64_t *values, double *slopes)
{
	int64_t slack = slack_of(s, count, values), gained;
	size_t i;

	memset(p, 0, sizeof(*p));
	p->from = s[0].right;
	p->to = s[count - 1].right;
	if (count >= DRIFT_MIN)
		p->drift = slope_of(s, count, slopes);
	fit_line(p, s, count, values);
	/* What is gained over a slope must be more than chance. */
	if (p->drift < 0 || p->drift > 0) {
		gained = gain(p->drift, slope_span(s, count, values));
		if (magnitude(gained) < p->spread_ns + slack + TRANSIT / 2) {
			p->drift = 0;
			fit_line(p, s, count, values);
		}
	}
	for (i = 0; i < count; i++)
		p->pairs += (i == 0 || s[i].right != s[i - 1].right) &&
		    magnitude(s[i].offset - at_line(p, s[i].right)) <=
		    4 * p->spread_ns + slack;
}

/* --- pieces --------------------------------------------------------------- */

/* Where the piece that begins at i ends. */
static size_t piece_end(const struct clock_sample *s, size_t count, size_t i)
{
	int64_t before = local_median(s, count, i);

	for (i++; i < count; i++) {
		int64_t now = local_median(s, count, i);

		if (magnitude(now - before) > JUMP + 4 * s[i].slack)
			return i;
		before = now;
	}
	return count;
}

enum sw_status clocks_estimate(struct clock_sample *samples, size_t count,
    int64_t max_offset_ns, struct sw_clock_piece **pieces_r,
    size_t *count_r)
{
	size_t n = prepare(samples, count, max_offset_ns), i, end, capacity;
	int64_t *values = calloc(n + 1, sizeof(*values));
	double *slopes = calloc(SLOPES, sizeof(*slopes));
	enum sw_status status = values && slopes ? SW_OK : SW_ENOMEM;

	*pieces_r = NULL;
	*count_r = 0;
	capacity = 0;
	for (i = 0; i < n && status == SW_OK; i = end) {
		void *pieces = *pieces_r;

		end = piece_end(samples, n, i);
		if (end - i < PIECE_MIN && n >= PIECE_MIN)
			continue; /* samples that are wrong */
		if (!base_grow(&pieces, *count_r, &capacity,
		    sizeof(**pieces_r))) {
			status = SW_ENOMEM;
			break;
		}
		*pieces_r = pieces;
		fit(&(*pieces_r)[(*count_r)++], samples + i, end - i, values,
		    slopes);
	}
	free(values);
	free(slopes);
	return status;
}

int64_t match_offset(const struct matching *m, int64_t right_time)
{
	const struct sw_clock_piece *p;
	size_t low = 0, high = m->clock_count;

	if (m->clock_count == 0)
		return 0;
	if (right_time == SW_NO_TIME)
		return m->clock[0].offset_ns;
	/* The last piece that begins at or before it. */
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;

		if (m->clock[middle].from <= right_time)
			low = middle;
		else
			high = middle;
	}
	p = &m->clock[low];
	/* Between two pieces: that which is nearer. */
	if (right_time > p->to && low + 1 < m->clock_count &&
	    m->clock[low + 1].from - right_time < right_time - p->to)
		p++;
	return at_line(p, right_time < p->from ? p->from :
	    right_time > p->to ? p->to : right_time);
}
