/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_capture_snoop.c - the reader of snoop's files: records, drops, damage */
#include "capture_case.h"

static struct file begin(uint32_t version, uint32_t type)
{
	struct file f = file_make(true);

	put(&f, "snoop\0\0", 8);
	put_u32(&f, version);
	put_u32(&f, type);
	return f;
}

/* Its place in the file. */
static size_t put_record(struct file *f, uint32_t wire, uint32_t len,
    uint32_t dropped, uint32_t s)
{
	size_t at = file_len(f), padding = (8 - len % 8) % 8;

	put_u32(f, wire);
	put_u32(f, len);
	put_u32(f, 24 + len + padding);
	put_u32(f, dropped);
	put_u32(f, s);
	put_u32(f, 250000);
	put_data(f, len);
	put_u(f, 0, (unsigned)padding);
	return at;
}

static void test_frames(void **state)
{
	struct file f = begin(2, 4);

	(void)state;
	put_record(&f, 61, 61, 0, 1000);
	put_record(&f, 1500, 64, 0, 1001);
	put_record(&f, 100, 100, 3, 1002);
	put_record(&f, 100, 100, 3, 1003);
	put_record(&f, 0, 0, 4, 1003);
	check_file(&f, "snoop\n"
	    "1 1000250000000 1000 lt=1 61/61\n"
	    "2 1001250000000 1000 lt=1 64/1500 snapped\n"
	    "3 1002250000000 1000 lt=1 100/100 dropped\n"
	    "4 1003250000000 1000 lt=1 100/100\n"
	    "5 1003250000000 1000 lt=1 0/0 dropped\n"
	    "dropped=4\n");
}

static void test_link_types(void **state)
{
	static const uint32_t types[][2] = { { 0, 1 }, { 2, 6 }, { 4, 1 },
		{ 8, 10 } };
	char expected[80];
	struct file f;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		f = begin(2, types[i][0]);
		put_record(&f, 20, 20, 0, 1);
		snprintf(expected, sizeof(expected), "snoop\n1 1250000000 "
		    "1000 lt=%" PRIu32 " 20/20\n", types[i][1]);
		check_file(&f, expected);
	}
	f = begin(2, 9);
	put_record(&f, 20, 20, 0, 1);
	put_record(&f, 20, 20, 0, 1);
	check_file(&f, "snoop\nframes=2\nlink-type=2\n"
	    "L snoop: link type 9\n");
}

static void test_header(void **state)
{
	struct file f = begin(2, 4);

	(void)state;
	check_file(&f, "snoop\n");
	f = begin(3, 4);
	put_record(&f, 20, 20, 0, 1);
	check_file(&f, "refused: a snoop file with a damaged header or of an "
	    "unknown version\n");
	f = begin(2, 4);
	f.octets.len = 14;
	check_file(&f, "refused: a snoop file cut in its header, after 14 "
	    "octets\n");
	f = file_make(true);
	put(&f, "snoopers are about, and more of them\n", 37);
	check_file(&f, "refused: not a capture of a known format\n");
}

static void test_cut(void **state)
{
	struct file f = begin(2, 4);

	(void)state;
	put_record(&f, 61, 61, 0, 1000);
	put_record(&f, 61, 61, 0, 1001);
	check_cuts(&f);
	f.octets.len -= 3; /* padding */
	check_from(FROM_MEMORY, buffer_slice(&f.octets), "snoop\n"
	    "1 1000250000000 1000 lt=1 61/61\n"
	    "2 1001250000000 1000 lt=1 61/61\n");
	f.octets.len -= 10;
	check_from(FROM_MEMORY, buffer_slice(&f.octets), "snoop\n"
	    "1 1000250000000 1000 lt=1 61/61\n"
	    "2 1001250000000 1000 lt=1 51/61 snapped cut\n"
	    "W the file ends within a record (75 of 85 octets) at offset "
	    "104\n");
	f.octets.len = 104 + 23;
	check_file(&f, "snoop\n"
	    "1 1000250000000 1000 lt=1 61/61\n"
	    "bad=1\n"
	    "W the file ends within a record's header at offset 104\n");
}

/* A record whose lengths disagree: the next one is found. */
static void test_damage(void **state)
{
	struct file f = begin(2, 4);
	size_t at;

	(void)state;
	put_record(&f, 60, 60, 0, 1000);
	at = put_record(&f, 60, 60, 0, 1001);
	put_record(&f, 60, 60, 0, 1002);
	put_record(&f, 60, 60, 0, 1003);
	patch_u32(&f, at + 4, 0x7fffffff);
	check_file(&f, "snoop\n"
	    "1 1000250000000 1000 lt=1 60/60\n"
	    "3 1002250000000 1000 lt=1 60/60\n"
	    "4 1003250000000 1000 lt=1 60/60\n"
	    "bad=1\n"
	    "W damaged record, 88 octets skipped at offset 104\n");
	f = begin(2, 4);
	put_record(&f, 60, 60, 0, 1000);
	put_record(&f, 61, 61, 0, 1000);
	check_damage(&f);
	buffer_fini(&f.octets);
}

/* In what is skipped stands what could be a record, and nothing that could be
 * one follows it. */
static void test_no_record(void **state)
{
	struct file f = begin(2, 4);
	size_t at;

	(void)state;
	at = put_record(&f, 60, 60, 0, 1000);
	put_record(&f, 60, 60, 0, 1001);
	patch_u32(&f, at + 4, 0x7fffffff);
	patch_u32(&f, at + 32, 8);
	patch_u32(&f, at + 36, 8);
	patch_u32(&f, at + 40, 32);
	patch_u32(&f, at + 48, 1000);
	patch_u32(&f, at + 52, 0);
	check_file(&f, "snoop\n"
	    "2 1001250000000 1000 lt=1 60/60\n"
	    "bad=1\n"
	    "W damaged record, 88 octets skipped at offset 16\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_link_types),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
