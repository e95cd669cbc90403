/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_capture_sniffer.c - the reader of files of the Sniffer of DOS: records,
 * networks, units of time, compression, damage */
#include "capture_case.h"

enum { DAY = 20 << 9 | 2 << 5 | 29 }; /* 2000-02-29, 951782400 s */

struct shape {
	uint16_t version, day;
	uint8_t network, format, unit;
};

static const struct shape usual = { 4, DAY, 1, 1, 5 };

static size_t put_record(struct file *f, uint16_t type, uint16_t len)
{
	size_t at = file_len(f);

	put_u16(f, type);
	put_u16(f, len);
	put_u16(f, 0);
	return at;
}

static struct file begin(const struct shape *s)
{
	struct file f = file_make(false);

	put(&f, "TRSNIFF data    \x1a", 17);
	put_record(&f, 1, 18);
	put_u16(&f, s->version);
	put_u16(&f, 0);
	put_u16(&f, 0x7000); /* the time of the day does not count */
	put_u16(&f, s->day);
	put_u8(&f, 4);
	put_u8(&f, s->network);
	put_u8(&f, s->format);
	put_u8(&f, s->unit);
	put_u16(&f, 0);
	put_u32(&f, 0);
	return f;
}

/* Its place in the file. */
static size_t put_frame(struct file *f, uint64_t units, uint8_t day,
    uint16_t wire, uint16_t len, uint16_t padding)
{
	size_t at = put_record(f, 4, (uint16_t)(14 + len + padding));

	put_u(f, units, 5);
	put_u8(f, day);
	put_u16(f, len);
	put_u16(f, 0);
	put_u16(f, wire);
	put_u16(f, 0);
	put_data(f, len);
	put_u(f, 0, padding);
	return at;
}

static void test_frames(void **state)
{
	struct file f = begin(&usual);

	(void)state;
	put_record(&f, 6, 8); /* what nobody needs */
	put_u64(&f, 0);
	put_frame(&f, 1500000, 0, 0, 61, 0);
	put_frame(&f, UINT64_C(0x100000000), 0, 1500, 64, 3);
	put_record(&f, 17, 0);
	put_frame(&f, 1, 2, 100, 100, 0);
	put_frame(&f, 1, 2, 50, 100, 0); /* less than is there */
	put_record(&f, 3, 0);
	put_frame(&f, 1, 2, 0, 100, 0); /* behind the end */
	check_file(&f, "sniffer\n"
	    "1 951782401500000000 1000 lt=1 61/61\n"
	    "2 951786694967296000 1000 lt=1 64/1500 snapped\n"
	    "3 951955200000001000 1000 lt=1 100/100\n"
	    "4 951955200000001000 1000 lt=1 100/100\n");
}

/* A frame with a longer header, and records that version 2 has as text. */
static void test_types(void **state)
{
	struct shape s = usual;
	struct file f = begin(&s);

	(void)state;
	put_record(&f, 12, 34 + 20);
	put_u(&f, 0, 6);
	put_u16(&f, 20);
	for (unsigned i = 0; i < 26; i++)
		put_u8(&f, 0);
	put_data(&f, 20);
	put_record(&f, 8, 0);
	check_file(&f, "sniffer\n1 951782400000000000 1000 lt=1 20/20\n"
	    "frames=1\nlink-type=1\nL Sniffer: network type 1\n");
	s.version = 2;
	f = begin(&s);
	put_record(&f, 8, 5);
	put(&f, "words", 5);
	check_file(&f, "sniffer\n");
}

static void test_networks(void **state)
{
	static const unsigned networks[][2] = { { 0, 6 }, { 1, 1 }, { 9, 10 } };
	char expected[80];
	struct shape s = usual;
	struct file f;

	(void)state;
	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++) {
		s.network = (uint8_t)networks[i][0];
		f = begin(&s);
		put_frame(&f, 0, 0, 0, 20, 0);
		snprintf(expected, sizeof(expected), "sniffer\n"
		    "1 951782400000000000 1000 lt=%u 20/20\n",
		    networks[i][1]);
		check_file(&f, expected);
	}
	s.network = 7;
	f = begin(&s);
	put_frame(&f, 0, 0, 0, 20, 0);
	check_file(&f, "sniffer\nframes=1\nlink-type=1\n"
	    "L Sniffer: network type 7\n");
}

/* A million of each, and the most that there can be. */
static void test_units(void **state)
{
	static const struct {
		uint8_t unit;
		int resolution;
		const char *first, *last;
	} cases[] = {
		{ 0, 15000, "951782415000000000", "968275074416625000" },
		{ 1, 838, "951782400838096000", "952703896297191716" },
		{ 3, 500, "951782400500000000", "952332155813887500" },
		{ 6, 100, "951782400100000000", "951892351162777500" },
	};
	char expected[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shape s = usual;
		struct file f;

		s.unit = cases[i].unit;
		f = begin(&s);
		put_frame(&f, 1000000, 0, 0, 20, 0);
		put_frame(&f, UINT64_C(0xffffffffff), 0, 0, 20, 0);
		snprintf(expected, sizeof(expected), "sniffer\n"
		    "1 %s %d lt=1 20/20\n2 %s %d lt=1 20/20\n",
		    cases[i].first, cases[i].resolution, cases[i].last,
		    cases[i].resolution);
		check_file(&f, expected);
	}
}

static void test_no_time(void **state)
{
	struct shape s = usual;
	struct file f;

	(void)state;
	s.unit = 7;
	f = begin(&s);
	put_frame(&f, 7, 0, 0, 20, 0);
	check_file(&f, "sniffer\n1 - 1 lt=1 20/20\nW an unknown unit of "
	    "time, frames have none, at offset 34\n");
	s = usual;
	s.day = 20 << 9 | 13 << 5 | 1;
	f = begin(&s);
	put_frame(&f, 7, 0, 0, 20, 0);
	check_file(&f, "sniffer\n1 7000 1000 lt=1 20/20\nW the day of the "
	    "capture is none; its times are relative, at offset 29\n");
}

static void test_header(void **state)
{
	struct shape s = usual;
	struct file f = begin(&s);

	(void)state;
	check_file(&f, "sniffer\n");
	f = begin(&s);
	f.octets.len--;
	check_file(&f, "refused: a sniffer file cut in its header, after 40 "
	    "octets\n");
	f = begin(&s);
	f.octets.p[17] = 4;
	check_file(&f, "refused: a sniffer file with a damaged header or of "
	    "an unknown version\n");
	s.format = 2;
	f = begin(&s);
	put_frame(&f, 0, 0, 0, 20, 0);
	check_file(&f, "refused: a compressed sniffer file, which is not "
	    "read; editcap, of Wireshark, makes a pcapng file of it\n");
	f = file_make(false);
	put(&f, "TRSNIFF data    of a line of words\n", 36);
	check_file(&f, "refused: not a capture of a known format\n");
}

static void test_cut(void **state)
{
	struct file f = begin(&usual);

	(void)state;
	put_frame(&f, 0, 0, 0, 61, 0);
	put_frame(&f, 1, 0, 0, 61, 3);
	put_record(&f, 3, 0);
	check_cuts(&f);
	f.octets.len -= 6 + 2; /* padding */
	check_from(FROM_MEMORY, buffer_slice(&f.octets), "sniffer\n"
	    "1 951782400000000000 1000 lt=1 61/61\n"
	    "2 951782400000001000 1000 lt=1 61/61\n");
	f.octets.len -= 11;
	check_file(&f, "sniffer\n"
	    "1 951782400000000000 1000 lt=1 61/61\n"
	    "2 951782400000001000 1000 lt=1 51/61 snapped cut\n"
	    "W the file ends within a record (71 of 81 octets) at offset "
	    "122\n");
}

/* A frame longer than its record: the next one is found. */
static void test_damage(void **state)
{
	struct file f = begin(&usual);
	size_t at;

	(void)state;
	put_frame(&f, 0, 0, 0, 60, 0);
	at = put_frame(&f, 1, 0, 0, 60, 0);
	put_frame(&f, 2, 0, 0, 60, 0);
	put_frame(&f, 3, 0, 0, 60, 0);
	put_record(&f, 3, 0);
	patch_u32(&f, at + 12, 61);
	check_file(&f, "sniffer\n"
	    "1 951782400000000000 1000 lt=1 60/60\n"
	    "3 951782400000002000 1000 lt=1 60/60\n"
	    "4 951782400000003000 1000 lt=1 60/60\n"
	    "bad=1\n"
	    "W damaged record, 80 octets skipped at offset 121\n");
	f = begin(&usual);
	put_frame(&f, 0, 0, 0, 60, 0);
	put_frame(&f, 1, 0, 0, 61, 0);
	put_record(&f, 3, 0);
	check_damage(&f);
	buffer_fini(&f.octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
