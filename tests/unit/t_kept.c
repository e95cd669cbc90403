/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_kept.c - the frames of those sessions that are told */
#include "capture_case.h"
#include "pipeline/kept.h"

#include <string.h>

/* Longer than what is read back at once. */
#define LONG_FRAME (600u << 10)

static const struct endpoint hosts[2] = {
	{ .family = 4, .port = 1025, .ip = { 192, 0, 2, 1 } },
	{ .family = 4, .port = 25, .ip = { 192, 0, 2, 2 } },
};

struct run {
	char path[32];
	struct keeper *keeper;
	struct kept *kept;
	uint8_t *octets;
};

static void begin(struct run *r)
{
	static const char path[] = "/tmp/t_kept-XXXXXX";
	struct keeper_options o = { .path = r->path };
	int fd;

	memcpy(r->path, path, sizeof(path));
	fd = mkstemp(r->path);
	assert_true(fd >= 0);
	close(fd);
	r->octets = calloc(1, LONG_FRAME);
	assert_non_null(r->octets);
	assert_int_equal(keeper_new(&o, &r->keeper, NULL), SW_OK);
	assert_int_equal(kept_new(r->keeper, 1, NULL, &r->kept, NULL), SW_OK);
}

static uint64_t key_of(const struct run *r, unsigned client)
{
	struct endpoint c = hosts[0];

	c.port = (uint16_t)(c.port + client);
	assert_int_equal(kept_key(r->kept, &c, &hosts[1]),
	    kept_key(r->kept, &hosts[1], &c));
	return kept_key(r->kept, &c, &hosts[1]);
}

static const struct slice no_comment;

/* Frame `at`, known again by its length. */
static void add(struct run *r, uint64_t key, uint64_t at, size_t len)
{
	struct frame f = { .link_type = 101, .wire_len = (uint32_t)len };

	f.octets = slice_make(r->octets, len);
	assert_int_equal(kept_add_frame(r->kept, &f, no_comment, key, at,
	    (int64_t)at * 1000, NULL), SW_OK);
}

static void tell_session(struct run *r, uint64_t key, uint64_t first,
    uint64_t last)
{
	assert_int_equal(kept_add_session(r->kept, key, first, last), SW_OK);
}

/* The lengths of the frames that were written. */
static void finish(struct run *r, const char *want)
{
	struct account account;
	struct capture *c;
	struct source *s;
	struct frame f;
	char text[200];
	size_t len = 0;

	assert_int_equal(kept_write(r->kept, NULL), SW_OK);
	kept_free(&r->kept);
	assert_int_equal(keeper_finish(r->keeper, true, NULL), SW_OK);
	keeper_free(&r->keeper);
	account_init(&account);
	assert_int_equal(source_open(r->path, NULL, &s, NULL), SW_OK);
	assert_int_equal(capture_open(s, &account, &c, NULL), SW_OK);
	text[0] = '\0';
	while (capture_next(c, &f, NULL) > 0 && len < sizeof(text))
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%zu ", f.octets.len);
	assert_string_equal(text, want);
	capture_free(&c);
	source_free(&s);
	account_fini(&account);
	unlink(r->path);
	free(r->octets);
}

/* Sessions of the same ports: one behind the other, and one that lasts longer
 * than another which began later. */
static void test_sessions(void **state)
{
	struct run r;

	(void)state;
	begin(&r);
	for (uint64_t at = 1; at <= 12; at++)
		add(&r, key_of(&r, 0), at, (size_t)at);
	add(&r, key_of(&r, 1), 13, 13);
	add(&r, KEPT_ANY, 14, 14);
	tell_session(&r, key_of(&r, 0), 10, 11);
	tell_session(&r, key_of(&r, 0), 4, 5);
	tell_session(&r, key_of(&r, 0), 2, 8);
	finish(&r, "2 3 4 5 6 7 8 10 11 14 ");
}

static void test_long_frames(void **state)
{
	static const size_t lens[] = { 7, LONG_FRAME, 0, 262143, 262144, 9 };
	struct run r;

	(void)state;
	begin(&r);
	for (size_t i = 0; i < 6; i++)
		add(&r, key_of(&r, 0), i, lens[i]);
	tell_session(&r, key_of(&r, 0), 0, 9);
	finish(&r, "7 614400 0 262143 262144 9 ");
}

static void test_nothing(void **state)
{
	struct run r;

	(void)state;
	begin(&r);
	add(&r, key_of(&r, 0), 1, 10);
	finish(&r, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_long_frames),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
