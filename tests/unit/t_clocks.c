/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_clocks.c - offset and drift of two clocks, from samples */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "check/check.h"

#define S NS_PER_S
#define HOUR (3600 * S)
#define START INT64_C(1077275403000000000)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define MAX 400

/* One sample every 20 s. */
static struct clock_sample sample(size_t i, int64_t offset, int64_t slack)
{
	struct clock_sample s = { START + (int64_t)i * 20 * S, offset,
		slack };

	return s;
}

static size_t estimate(struct clock_sample *s, size_t n, int64_t max,
    struct sw_clock_piece **pieces_r)
{
	size_t count = 99;

	assert_int_equal(clocks_estimate(s, n, max, pieces_r, &count),
	    SW_OK);
	return count;
}

static void assert_near(int64_t got, int64_t want, int64_t within)
{
	assert_in_range(got - want + within, 0, (uint64_t)(2 * within));
}

/* Offsets of a piece at its ends. */
static int64_t at_end(const struct sw_clock_piece *p)
{
	return p->offset_ns + (int64_t)(p->drift * (double)(p->to - p->from));
}

static void no_samples(void **state)
{
	struct sw_clock_piece *p = NULL;
	struct clock_sample one = sample(0, 5 * S, 0);

	(void)state;
	assert_int_equal(estimate(&one, 0, 0, &p), 0);
	free(p);
	assert_int_equal(estimate(&one, 1, 0, &p), 1);
	assert_int_equal(p->offset_ns, 5 * S);
	assert_int_equal(p->pairs, 1);
	free(p);
}

static void constant_offset(void **state)
{
	static const int64_t offsets[] = { 0, 1, -S, 90 * S, 2 * HOUR,
		-11 * HOUR, 400 * 24 * HOUR };
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	size_t i, k;

	(void)state;
	for (k = 0; k < LENGTH(offsets); k++) {
		for (i = 0; i < 100; i++)
			s[i] = sample(i, offsets[k], 0);
		assert_int_equal(estimate(s, 100, 0, &p), 1);
		assert_int_equal(p->offset_ns, offsets[k]);
		assert_int_equal(p->spread_ns, 0);
		assert_int_equal(p->pairs, 100);
		assert_true(p->from == START && p->to == s[99].right);
		free(p);
	}
}

/* Any order of samples tells the same. */
static void order_of_samples(void **state)
{
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	size_t i;

	(void)state;
	for (i = 0; i < 101; i++)
		s[i] = sample(i * 37 % 101, 3 * HOUR, 0);
	assert_int_equal(estimate(s, 101, 0, &p), 1);
	assert_int_equal(p->offset_ns, 3 * HOUR);
	assert_true(p->from == START && p->to == START + 2000 * S);
	free(p);
}

/* Summer time begins, or ends, between two samples. */
static void summer_time(void **state)
{
	static const int64_t steps[] = { HOUR, -HOUR };
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	size_t i, k;

	(void)state;
	for (k = 0; k < LENGTH(steps); k++) {
		for (i = 0; i < 200; i++)
			s[i] = sample(i, HOUR + (i < 120 ? 0 : steps[k]), 0);
		assert_int_equal(estimate(s, 200, 0, &p), 2);
		assert_int_equal(p[0].offset_ns, HOUR);
		assert_int_equal(p[1].offset_ns, HOUR + steps[k]);
		/* The median follows within its reach. */
		assert_near(p[1].from, s[120].right, 6 * 20 * S);
		free(p);
	}
}

static void drift(void **state)
{
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	size_t i;

	(void)state;
	/* 10 ms in 20 s: 500 ppm */
	for (i = 0; i < 300; i++)
		s[i] = sample(i, 7 * S + (int64_t)i * 10000000, 1000);
	assert_int_equal(estimate(s, 300, 0, &p), 1);
	assert_near(p->offset_ns, 7 * S, S / 100);
	assert_near((int64_t)(p->drift * 1e9), 500000, 5000);
	assert_near(at_end(p), 7 * S + 2990000000, S / 50);
	free(p);
}

/* No drift is made of noise. */
static void noise(void **state)
{
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	uint32_t r = 1;
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++) {
		r = r * 1664525 + 1013904223;
		s[i] = sample(i, (int64_t)(r >> 16) * 10000, 1000);
	}
	assert_int_equal(estimate(s, 300, 0, &p), 1);
	assert_true(p->drift >= 0 && p->drift <= 0);
	assert_near(p->offset_ns, 327680000, S / 10);
	free(p);
}

/* Nor of frames that took longer from one point to the other than others. */
static void transit(void **state)
{
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	size_t i;

	(void)state;
	for (i = 0; i < 50; i++)
		s[i] = sample(i, i < 25 ? 1200000 : 200000, 1000);
	assert_int_equal(estimate(s, 50, 0, &p), 1);
	assert_true(p->drift >= 0 && p->drift <= 0);
	free(p);
}

/* A source with a resolution of 1 s: its times are up to 1 s early. */
static void seconds(void **state)
{
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	size_t i;

	(void)state;
	for (i = 0; i < 200; i++)
		s[i] = sample(i, 2 * HOUR - (int64_t)(i * 7919 % 1000) *
		    1000000, S);
	assert_int_equal(estimate(s, 200, 0, &p), 1);
	assert_near(p->offset_ns, 2 * HOUR - S / 2, S / 10);
	assert_int_equal(p->pairs, 200);
	free(p);
}

/* Nor of seconds' fractions in a minute, with a few samples far off: what is
 * gained until those is not what the fractions differ by. */
static void burst(void **state)
{
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	size_t i;

	(void)state;
	for (i = 0; i < 42; i++) {
		s[i] = sample(i < 2 ? i : 150, -(int64_t)i * 20000000, S);
		if (i >= 2)
			s[i].right += (int64_t)i * 2 * S;
	}
	assert_int_equal(estimate(s, 42, 0, &p), 1);
	assert_true(p->drift >= 0 && p->drift <= 0);
	assert_near(p->offset_ns, -S / 2, S / 2);
	assert_int_equal(p->pairs, 42);
	free(p);
}

/* Every fourth sample is of two sessions that are not the same. */
static void wrong_samples(void **state)
{
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	uint32_t r = 7;
	size_t i;

	(void)state;
	for (i = 0; i < 200; i++) {
		r = r * 1664525 + 1013904223;
		s[i] = sample(i, i % 4 == 1 ? ((int64_t)(r >> 8) - (1 << 23))
		    * 10000000 : -5 * HOUR, S);
	}
	assert_int_equal(estimate(s, 200, 0, &p), 1);
	assert_int_equal(p->offset_ns, -5 * HOUR);
	assert_in_range(p->pairs, 150, 152);
	free(p);
}

static void limited(void **state)
{
	struct clock_sample s[MAX];
	struct sw_clock_piece *p;
	size_t i;

	(void)state;
	for (i = 0; i < 60; i++)
		s[i] = sample(i, i % 3 ? 2 * HOUR : 5 * S, 0);
	assert_int_equal(estimate(s, 60, HOUR, &p), 1);
	assert_int_equal(p->offset_ns, 5 * S);
	assert_int_equal(p->pairs, 20);
	free(p);
	for (i = 0; i < 60; i++)
		s[i] = sample(i, 2 * HOUR, 0);
	assert_int_equal(estimate(s, 60, HOUR, &p), 0);
	free(p);
}

/* Times that somebody made up: what a clock would gain on the way to the last
 * is beyond all numbers. */
static void made_up(void **state)
{
	struct clock_sample s[21];
	struct sw_clock_piece *p;
	struct matching m = { .clock_count = 1 };
	size_t i;

	(void)state;
	for (i = 0; i < 21; i++) {
		s[i].right = START + (int64_t)i;
		s[i].offset = (int64_t)i * 50 * S;
		s[i].slack = 0;
	}
	s[20].right = START + INT64_C(90) * 365 * 24 * HOUR;
	assert_int_equal(estimate(s, 21, 0, &p), 1);
	m.clock = p;
	assert_in_range(match_offset(&m, s[20].right), 0,
	    (uint64_t)INT64_C(1) << 61);
	free(p);
}

/* Two samples a hundred years apart: sums of the spread can be made. */
static void wide(void **state)
{
	struct clock_sample s[2] = { sample(0, -(INT64_C(1) << 60), 0),
		sample(1, INT64_C(1) << 60, 0) };
	struct sw_clock_piece *p;

	(void)state;
	assert_int_equal(estimate(s, 2, 0, &p), 1);
	assert_in_range(p->spread_ns, 0, INT64_MAX / 8);
	free(p);
}

/* What the pieces say for a time: within, before, between and behind. */
static void offset_at(void **state)
{
	struct sw_clock_piece p[2] = {
		{ .from = START, .to = START + 100 * S, .offset_ns = S,
		    .drift = 0.01 },
		{ .from = START + 300 * S, .to = START + 400 * S,
		    .offset_ns = HOUR },
	};
	struct matching m = { .clock = p, .clock_count = 2 };

	(void)state;
	assert_int_equal(match_offset(&m, START), S);
	assert_near(match_offset(&m, START + 50 * S), S + S / 2, 10);
	assert_int_equal(match_offset(&m, START - HOUR), S);
	assert_near(match_offset(&m, START + 150 * S), 2 * S, 10);
	assert_int_equal(match_offset(&m, START + 280 * S), HOUR);
	assert_int_equal(match_offset(&m, START + HOUR), HOUR);
	assert_int_equal(match_offset(&m, SW_NO_TIME), S);
	m.clock_count = 0;
	assert_int_equal(match_offset(&m, START), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_samples),
		cmocka_unit_test(constant_offset),
		cmocka_unit_test(order_of_samples),
		cmocka_unit_test(summer_time),
		cmocka_unit_test(drift),
		cmocka_unit_test(noise),
		cmocka_unit_test(transit),
		cmocka_unit_test(seconds),
		cmocka_unit_test(burst),
		cmocka_unit_test(wrong_samples),
		cmocka_unit_test(limited),
		cmocka_unit_test(made_up),
		cmocka_unit_test(wide),
		cmocka_unit_test(offset_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
