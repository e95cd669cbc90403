/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_capture_netxray.c - the reader of NetXRay's files and those of the Sniffer
 * of Windows: versions, units of time, files that went round, damage */
#include "capture_case.h"

struct shape {
	const char *version; /* NULL: of the older magic */
	uint32_t frames, first, end;
	uint8_t network, plus, unit, pod;
	uint64_t ticks;
	uint32_t per_s;
};

static struct file begin(const struct shape *s)
{
	struct file f = file_make(false);

	put(&f, s->version ? "XCP\0" : "VL\0\0", 4);
	put(&f, s->version ? s->version : "\0\0\0\0\0\0\0", 8);
	put_u32(&f, 1000);
	put_u32(&f, s->frames);
	put_u32(&f, 0);
	put_u32(&f, s->first ? s->first : 128);
	put_u32(&f, s->end);
	put_u(&f, 0, 8);
	put_u32(&f, 0);
	put_u8(&f, s->network);
	put_u8(&f, s->plus);
	put_u16(&f, 0);
	put_u32(&f, s->unit);
	put_u64(&f, s->ticks);
	put_u(&f, 0, 8);
	put_u64(&f, 0);
	put_u32(&f, s->per_s);
	put_u32(&f, 0);
	put_u8(&f, s->pod);
	while (file_len(&f) < 128)
		put_u8(&f, 0);
	return f;
}

/* Its place in the file.  flags: of version 2. */
static size_t put_record(struct file *f, unsigned major, uint64_t ticks,
    uint32_t wire, uint32_t len, uint16_t flags)
{
	static const unsigned rest[] = { 6, 16, 28 };
	size_t at = file_len(f);

	put_u64(f, ticks);
	put_u16(f, wire);
	if (major > 0)
		put_u16(f, len);
	put_u16(f, 0);
	put_u16(f, flags);
	for (unsigned i = 4; i < rest[major]; i++)
		put_u8(f, 0);
	put_data(f, len);
	return at;
}

static void test_versions(void **state)
{
	static const struct {
		const char *version;
		unsigned major;
		const char *expected;
	} cases[] = {
		{ NULL, 0, "netxray\n1 1005000000000 1000000 lt=1 61/61\n"
		    "2 999998000000 1000000 lt=1 64/64\n" },
		{ "001.000", 1, "netxray\n"
		    "1 1005000000000 1000000 lt=1 61/61\n"
		    "2 999998000000 1000000 lt=1 64/1500 snapped\n" },
		{ "001.100", 1, "netxray\n"
		    "1 1000005000000 1000 lt=1 61/61\n"
		    "2 999999998000 1000 lt=1 64/1500 snapped\n" },
		{ "002.001", 2, "netxray\n"
		    "1 1000005000000 1000 lt=1 61/61\n"
		    "2 999999998000 1000 lt=1 64/1500 snapped\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shape s = { .version = cases[i].version, .frames = 2,
			.ticks = 70000 };
		struct file f = begin(&s);

		put_record(&f, cases[i].major, 75000, 61, 61, 0);
		put_record(&f, cases[i].major, 69998,
		    cases[i].major ? 1500 : 64, 64, 0);
		check_file(&f, cases[i].expected);
	}
}

/* One second of each. */
static void test_units(void **state)
{
	static const struct {
		const char *version;
		uint8_t pod, unit;
		uint32_t told, per_s;
		bool from_0; /* the start's ticks do not count */
	} cases[] = {
		{ "002.001", 0, 0, 5, 1000000, false },
		{ "002.001", 0, 1, 5, 1193000, false },
		{ "002.001", 0, 2, 3579545, 3579545, false },
		{ "002.001", 2, 0, 5, 1000000000, false },
		{ "002.001", 2, 2, 5, 31250000, false },
		{ "002.002", 2, 2, 5, 31250000, true },
		{ "002.003", 3, 2, 5, 1250000, true },
		{ "002.003", 5, 0, 5, 1000000, true },
		{ "002.002", 6, 2, 5, 20000000, true },
	};
	char expected[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shape s = { .version = cases[i].version, .frames = 1,
			.pod = cases[i].pod, .unit = cases[i].unit,
			.per_s = cases[i].told, .ticks = 12345 };
		struct file f = begin(&s);

		put_record(&f, 2, cases[i].per_s +
		    (cases[i].from_0 ? 0 : UINT64_C(12345)), 20, 20, 0);
		snprintf(expected, sizeof(expected),
		    "netxray\n1 1001000000000 %" PRIu32 " lt=1 20/20\n",
		    1000000000 / cases[i].per_s);
		check_file(&f, expected);
	}
}

static void test_no_unit(void **state)
{
	const struct shape shapes[] = {
		{ .version = "002.001", .pod = 7 },
		{ .version = "002.001", .unit = 2 }, /* of 0 ticks */
		{ .version = "002.001", .pod = 5, .unit = 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct file f = begin(&shapes[i]);

		put_record(&f, 2, 7, 20, 20, 0);
		check_file(&f, "netxray\n1 - 1 lt=1 20/20\nW an unknown unit "
		    "of time, frames have none, at offset 48\n");
	}
}

static void test_networks(void **state)
{
	static const struct {
		const char *version;
		uint8_t network, plus;
		const char *expected;
	} cases[] = {
		{ "002.001", 1, 2, "1 1000000000000 1000 lt=1 20/20\n" },
		{ "001.100", 1, 0, "1 1000000000000 1000 lt=6 20/20\n" },
		{ "002.001", 2, 0, "1 1000000000000 1000 lt=10 20/20\n" },
		{ "001.100", 3, 0, "1 1000000000000 1000 lt=1 20/20\n" },
		{ "002.001", 3, 0, "frames=1\nlink-type=1\n"
		    "L NetXRay: network type 4\n" },
		{ "001.100", 200, 0, "frames=1\nlink-type=1\n"
		    "L NetXRay: network type 201\n" },
	};
	char expected[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shape s = { .version = cases[i].version, .frames = 1,
			.network = cases[i].network, .plus = cases[i].plus };
		struct file f = begin(&s);

		put_record(&f, cases[i].version[2] == '1' ? 1 : 2, 0, 20, 20,
		    0);
		snprintf(expected, sizeof(expected), "netxray\n%s",
		    cases[i].expected);
		check_file(&f, expected);
	}
}

/* Four octets behind a frame are none of it. */
static void test_junk(void **state)
{
	struct shape s = { .version = "002.001", .frames = 3 };
	struct file f = begin(&s);

	(void)state;
	put_record(&f, 2, 0, 64, 64, 0xffff);
	put_record(&f, 2, 1, 64, 64, 0x00ff);
	put_record(&f, 2, 2, 3, 3, 0xffff);
	check_file(&f, "netxray\n"
	    "1 1000000000000 1000 lt=1 60/60\n"
	    "2 1000000001000 1000 lt=1 64/64\n"
	    "3 1000000002000 1000 lt=1 3/3\n");
}

static void test_header(void **state)
{
	struct shape s = { .version = "002.001" };
	struct file f = begin(&s);

	(void)state;
	check_file(&f, "netxray\n");
	f = begin(&s);
	f.octets.len = 127;
	check_file(&f, "refused: a netxray file cut in its header, after 127 "
	    "octets\n");
	s.version = "002.009";
	f = begin(&s);
	check_file(&f, "refused: a netxray file with a damaged header or of "
	    "an unknown version\n");
}

/* Frames lie elsewhere than behind the header, something else behind them. */
static void test_place(void **state)
{
	struct shape s = { .version = "001.100", .frames = 1, .first = 140,
		.end = 140 + 28 + 20 };
	struct file f = begin(&s);

	(void)state;
	put_u(&f, 0, 8);
	put_u32(&f, 0);
	put_record(&f, 1, 0, 20, 20, 0);
	put_record(&f, 1, 1, 20, 20, 0);
	check_file(&f, "netxray\n1 1000000000000 1000 lt=1 20/20\n");
	s.first = 0;
	s.end = 128 + 28 + 15;
	f = begin(&s);
	put_record(&f, 1, 0, 20, 20, 0);
	put_record(&f, 1, 1, 20, 20, 0);
	check_file(&f, "netxray\n1 1000000000000 1000 lt=1 15/20 snapped "
	    "cut\nW the file ends within a record (43 of 48 octets) at "
	    "offset 128\n");
}

/* The last frame lies before the first one. */
static void test_wrapped(void **state)
{
	struct shape s = { .version = "001.100", .frames = 4,
		.first = 128 + 3 * 48, .end = 128 + 2 * 48 };
	struct file f = begin(&s);

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		put_record(&f, 1, (i + 2) % 5, 20, 20, 0);
	check_file(&f, "netxray\n"
	    "1 1000000000000 1000 lt=1 20/20\n"
	    "2 1000000001000 1000 lt=1 20/20\n"
	    "3 1000000002000 1000 lt=1 20/20\n"
	    "4 1000000003000 1000 lt=1 20/20\n");
	f = begin(&s);
	for (unsigned i = 0; i < 5; i++)
		put_record(&f, 1, i, 20, 20, 0);
	check_cuts(&f);
	check_damage(&f);
	buffer_fini(&f.octets);
}

/* A pipe that cannot be spooled is read as it comes. */
static void test_wrapped_no_room(void **state)
{
	struct shape s = { .version = "001.100", .frames = 2,
		.first = 128 + 48, .end = 128 + 48 - 1 };
	struct file f = begin(&s);
	struct buffer b;

	(void)state;
	put_record(&f, 1, 1, 20, 20, 0);
	put_record(&f, 1, 0, 20, 20, 0);
	buffer_init(&b, SIZE_MAX);
	read_pipe(&b, buffer_slice(&f.octets), "/nowhere");
	assert_true(buffer_append_char(&b, '\0'));
	assert_non_null(strstr((const char *)b.p,
	    "frames are read from the start"));
	assert_non_null(strstr((const char *)b.p,
	    "1 1000000001000 1000 lt=1 20/20\n"
	    "2 1000000000000 1000 lt=1 20/20\n"));
	buffer_fini(&b);
	buffer_fini(&f.octets);
}

static void test_cut(void **state)
{
	struct shape s = { .version = "001.100", .frames = 2 };
	struct file f = begin(&s);

	(void)state;
	put_record(&f, 1, 0, 61, 61, 0);
	put_record(&f, 1, 1, 61, 61, 0);
	check_cuts(&f);
	f.octets.len -= 10;
	check_from(FROM_MEMORY, buffer_slice(&f.octets), "netxray\n"
	    "1 1000000000000 1000 lt=1 61/61\n"
	    "2 1000000001000 1000 lt=1 51/61 snapped cut\n"
	    "W the file ends within a record (79 of 89 octets) at offset "
	    "217\n");
	f.octets.len = 217 + 27;
	check_from(FROM_MEMORY, buffer_slice(&f.octets), "netxray\n"
	    "1 1000000000000 1000 lt=1 61/61\n"
	    "bad=1\n"
	    "W the file ends within a record's header at offset 217\n"
	    "W the end after 1 of 2 frames that the file should have, at "
	    "offset 244\n");
	f.octets.len = 217;
	check_file(&f, "netxray\n"
	    "1 1000000000000 1000 lt=1 61/61\n"
	    "W the end after 1 of 2 frames that the file should have, at "
	    "offset 217\n");
}

/* More was captured than was there: the next one is found. */
static void test_damage(void **state)
{
	struct shape s = { .version = "002.000", .frames = 4 };
	struct file f = begin(&s);
	size_t at;

	(void)state;
	put_record(&f, 2, 0, 60, 60, 0);
	at = put_record(&f, 2, 1, 60, 60, 0);
	put_record(&f, 2, 2, 60, 60, 0);
	put_record(&f, 2, 3, 60, 60, 0);
	patch_u32(&f, at + 8, 0x70000060);
	check_file(&f, "netxray\n"
	    "1 1000000000000 1000 lt=1 60/60\n"
	    "3 1000000002000 1000 lt=1 60/60\n"
	    "4 1000000003000 1000 lt=1 60/60\n"
	    "bad=1\n"
	    "W damaged record, 100 octets skipped at offset 228\n");
	/* All ones, as of a disk that was never written. */
	s.frames = 3;
	f = begin(&s);
	put_record(&f, 2, 0, 60, 60, 0);
	put_u(&f, UINT64_MAX, 8);
	put_u32(&f, UINT32_MAX);
	put_u(&f, 0, 8);
	put_record(&f, 2, 2, 60, 60, 0);
	check_file(&f, "netxray\n"
	    "1 1000000000000 1000 lt=1 60/60\n"
	    "3 1000000002000 1000 lt=1 60/60\n"
	    "bad=1\n"
	    "W damaged record, 20 octets skipped at offset 228\n");
	s.frames = 2;
	f = begin(&s);
	put_record(&f, 2, 0, 60, 60, 0);
	put_record(&f, 2, 1, 61, 61, 0);
	check_damage(&f);
	buffer_fini(&f.octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_no_unit),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_wrapped_no_room),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
