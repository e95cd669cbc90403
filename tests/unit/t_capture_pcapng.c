/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_capture_pcapng.c - the pcapng reader: sections, interfaces, damage */
#include "capture_case.h"

/* A block of a type around the octets put since start. */
struct block {
	size_t start;
};

static struct block begin_block(struct file *f, uint32_t type)
{
	struct block b = { file_len(f) };

	put_u32(f, type);
	put_u32(f, 0);
	return b;
}

static void end_block(struct file *f, struct block b)
{
	uint32_t len;

	while ((file_len(f) - b.start) % 4 != 0)
		put_u8(f, 0);
	len = (uint32_t)(file_len(f) - b.start + 4);
	put_u32(f, len);
	patch_u32(f, b.start + 4, len);
}

static void put_option(struct file *f, unsigned code, uint64_t value,
    unsigned len)
{
	put_u16(f, code);
	put_u16(f, len);
	put_u(f, value, len);
	while (len++ % 4 != 0)
		put_u8(f, 0);
}

static void put_section_version(struct file *f, unsigned major,
    unsigned minor)
{
	struct block b = begin_block(f, 0x0a0d0d0a);

	put_u32(f, 0x1a2b3c4d);
	put_u16(f, major);
	put_u16(f, minor);
	put_u64(f, UINT64_MAX);
	end_block(f, b);
}

static void put_section(struct file *f)
{
	put_section_version(f, 1, 0);
}

/* tsresol < 0: the option is left out; offset 0 likewise. */
static void put_interface(struct file *f, unsigned link, uint32_t snaplen,
    int tsresol, int64_t offset)
{
	struct block b = begin_block(f, 1);

	put_u16(f, link);
	put_u16(f, 0);
	put_u32(f, snaplen);
	if (tsresol >= 0)
		put_option(f, 9, (uint64_t)tsresol, 1);
	if (offset != 0)
		put_option(f, 14, (uint64_t)offset, 8);
	put_option(f, 0, 0, 0);
	end_block(f, b);
}

static struct block begin_packet(struct file *f, uint32_t interface,
    uint64_t units, uint32_t len, uint32_t wire)
{
	struct block b = begin_block(f, 6);

	put_u32(f, interface);
	put_u32(f, units >> 32);
	put_u32(f, units & UINT32_MAX);
	put_u32(f, len);
	put_u32(f, wire);
	put_data(f, len);
	while (len++ % 4 != 0)
		put_u8(f, 0);
	return b;
}

static void put_packet(struct file *f, uint32_t interface, uint64_t units,
    uint32_t len, uint32_t wire)
{
	end_block(f, begin_packet(f, interface, units, len, wire));
}

static struct file plain(bool big)
{
	struct file f = file_make(big);

	put_section(&f);
	put_interface(&f, 1, 65535, -1, 0);
	put_packet(&f, 0, 1000000001, 60, 60);
	put_packet(&f, 0, 1000000002, 61, 1514);
	put_packet(&f, 0, 1000000003, 62, 62);
	return f;
}

#define PLAIN "pcapng\n" \
	"1 1000000001000 1000 lt=1 60/60\n" \
	"2 1000000002000 1000 lt=1 61/1514 snapped\n" \
	"3 1000000003000 1000 lt=1 62/62\n"
/* Offsets of the packets' blocks, and of the end, in plain(). */
#define FIRST (28 + 24)
#define SECOND (FIRST + 32 + 60)
#define THIRD (SECOND + 32 + 64)
#define END (THIRD + 32 + 64)

static void test_plain(void **state)
{
	struct file f = plain(false);

	(void)state;
	assert_int_equal(file_len(&f), END);
	check_file(&f, PLAIN);
	f = plain(true);
	check_file(&f, PLAIN);
}

/* What libpcap refuses: interfaces that differ. */
static void test_interfaces(void **state)
{
	struct file f = file_make(false);

	(void)state;
	put_section(&f);
	put_interface(&f, 1, 65535, 9, 0);
	put_interface(&f, 101, 96, 6, 0);
	put_interface(&f, 113, 0, 3, 1000);
	put_interface(&f, 276, 50, 0, 0);
	put_packet(&f, 0, 1, 60, 60);
	put_packet(&f, 1, 1, 96, 1500);
	put_packet(&f, 2, 1, 60, 60);
	put_packet(&f, 3, 1, 60, 60); /* longer than the snap length */
	put_interface(&f, 12, 0, 7, -1);
	put_packet(&f, 4, 10000005, 60, 60);
	put_packet(&f, 5, 1, 60, 60); /* none such */
	put_packet(&f, 0, 2, 60, 50); /* more than was on the wire */
	check_file(&f, "pcapng\n"
	    "1 1 1 lt=1 60/60\n"
	    "2 1000 1000 lt=101 96/1500 if=1 snapped\n"
	    "3 1000001000000 1000000 lt=113 60/60 if=2\n"
	    "4 1000000000 1000000000 lt=276 60/60 if=3\n"
	    "5 500 100 lt=12 60/60 if=4\n"
	    "7 2 1 lt=1 60/60\n"
	    "bad=1\n"
	    "W a packet of an interface that is not described at offset "
	    "708\n");
}

static void test_times(void **state)
{
	static const struct {
		int tsresol;
		uint64_t units;
		const char *ns;
	} cases[] = {
		{ 10, 15, "1 1" },
		{ 19, UINT64_MAX, "1844674407 1" },
		{ 27, UINT64_MAX, "18 1" },
		{ 28, UINT64_MAX, "1 1" },
		{ 127, UINT64_MAX - 1, "0 1" },
		{ 0x80, 5, "5000000000 1000000000" },
		{ 0x80 + 10, 1024 + 512, "1500000000 976562" },
		{ 0x80 + 32, (UINT64_C(7) << 32) + (1u << 30),
		  "7250000000 1" },
		{ 0x80 + 63, UINT64_C(3) << 62, "1500000000 1" },
		{ 0x80 + 64, UINT64_C(1) << 63, "500000000 1" },
		{ 0x80 + 65, UINT64_C(1) << 63, "250000000 1" },
		{ 0xff, UINT64_MAX, "0 1" },
		{ 0x80, UINT64_MAX, "- 1000000000" },
		{ 9, INT64_MAX, "9223372036854775807 1" },
		{ 6, UINT64_MAX, "-1000 1000" }, /* signed, by mistake */
		{ 6, UINT64_C(1) << 62, "- 1000" },
		{ 0, UINT64_C(1) << 34, "- 1000000000" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file f = file_make(i & 1);
		char expected[100];

		put_section(&f);
		put_interface(&f, 1, 0, cases[i].tsresol, 0);
		put_packet(&f, 0, cases[i].units, 60, 60);
		snprintf(expected, sizeof(expected),
		    "pcapng\n1 %s lt=1 60/60\n", cases[i].ns);
		check_from(FROM_MEMORY, buffer_slice(&f.octets), expected);
		buffer_fini(&f.octets);
	}
}

/* An offset that no time can bear. */
static void test_offset_out_of_range(void **state)
{
	struct file f = file_make(true);

	(void)state;
	put_section(&f);
	put_interface(&f, 1, 0, 6, INT64_MAX);
	put_packet(&f, 0, 1, 60, 60);
	check_file(&f, "pcapng\n1 - 1000 lt=1 60/60\n");
}

/* Sections of either byte order, each with interfaces of its own. */
static void test_sections(void **state)
{
	struct file f = plain(false);

	(void)state;
	f.big = true;
	put_section(&f);
	put_interface(&f, 101, 0, 9, 0);
	put_packet(&f, 0, 7, 60, 60);
	f.big = false;
	put_section_version(&f, 1, 2);
	put_packet(&f, 0, 8, 60, 60); /* of no interface of this section */
	put_section_version(&f, 2, 0);
	put_interface(&f, 1, 0, 9, 0);
	put_packet(&f, 0, 9, 60, 60);
	put_section(&f);
	put_interface(&f, 1, 0, 9, 0);
	put_packet(&f, 0, 10, 60, 60);
	check_file(&f, PLAIN
	    "4 7 1 lt=101 60/60\n"
	    "6 10 1 lt=1 60/60\n"
	    "bad=2\n"
	    "W a packet of an interface that is not described at offset "
	    "516\n"
	    "W a section of the unknown version 2.0, skipped, at offset "
	    "608\n");
}

static void test_packet_blocks(void **state)
{
	struct file f = file_make(false);
	struct block b;

	(void)state;
	put_section(&f);
	put_interface(&f, 1, 50, -1, 0);
	b = begin_block(&f, 3); /* simple, cut at the snap length */
	put_u32(&f, 80);
	put_data(&f, 50);
	end_block(&f, b);
	b = begin_block(&f, 3);
	put_u32(&f, 45);
	put_data(&f, 45);
	end_block(&f, b);
	b = begin_block(&f, 2); /* obsolete */
	put_u16(&f, 0);
	put_u16(&f, 3); /* lost before it */
	put_u64(&f, UINT64_C(5) << 32);
	put_u32(&f, 45);
	put_u32(&f, 60);
	put_data(&f, 45);
	end_block(&f, b);
	check_file(&f, "pcapng\n"
	    "1 - 1000 lt=1 50/80 snapped\n"
	    "2 - 1000 lt=1 45/45\n"
	    "3 5000 1000 lt=1 45/60 snapped dropped\n"
	    "dropped=3\n");
}

static void put_statistics(struct file *f, uint64_t if_drops,
    uint64_t os_drops)
{
	struct block b = begin_block(f, 5);

	put_u32(f, 0);
	put_u64(f, 0);
	put_option(f, 4, 1000, 8); /* received */
	put_option(f, 5, if_drops, 8);
	put_option(f, 7, os_drops, 8);
	end_block(f, b);
}

static void test_drops(void **state)
{
	struct file f = plain(false);
	struct block b = begin_packet(&f, 0, 4000000, 60, 60);

	(void)state;
	put_option(&f, 2, 1, 4); /* flags */
	put_option(&f, 4, 5, 8);
	put_option(&f, 0, 0, 0);
	end_block(&f, b);
	/* Totals: 5 of the 7 are known already. */
	put_statistics(&f, 7, 0);
	put_packet(&f, 0, 5000000, 60, 60);
	put_statistics(&f, 7, 10);
	put_statistics(&f, 6, 10);
	put_packet(&f, 0, 6000000, 60, 60);
	put_packet(&f, 0, 7000000, 60, 60);
	put_statistics(&f, UINT64_MAX, 10);
	check_file(&f, PLAIN
	    "4 4000000000 1000 lt=1 60/60 dropped\n"
	    "5 5000000000 1000 lt=1 60/60 dropped\n"
	    "6 6000000000 1000 lt=1 60/60 dropped\n"
	    "7 7000000000 1000 lt=1 60/60\n"
	    "dropped=17\n");
}

/* What is no packet, before, between and behind. */
static void test_other_blocks(void **state)
{
	static const uint32_t types[] = { 4, 9, 10, 0xbad, 0x40000bad, 77,
		0x80000001u };
	struct file f = file_make(true);
	size_t i;

	(void)state;
	put_section(&f);
	for (i = 0; i < 7; i++) {
		struct block b = begin_block(&f, types[i]);

		put_data(&f, i * 5);
		end_block(&f, b);
	}
	put_interface(&f, 1, 0, 6, 0);
	for (i = 0; i < 7; i++) {
		struct block b = begin_block(&f, types[i]);

		put_data(&f, i * 400000); /* up to 2.4 MB */
		end_block(&f, b);
		put_packet(&f, 0, i, 60, 60);
	}
	check_file(&f, "pcapng\n"
	    "1 0 1000 lt=1 60/60\n2 1000 1000 lt=1 60/60\n"
	    "3 2000 1000 lt=1 60/60\n4 3000 1000 lt=1 60/60\n"
	    "5 4000 1000 lt=1 60/60\n6 5000 1000 lt=1 60/60\n"
	    "7 6000 1000 lt=1 60/60\n");
}

/* Longer than is looked into: skipped unseen. */
static void test_long_block(void **state)
{
	struct file f = plain(false);
	struct block b = begin_block(&f, 0xbad);

	(void)state;
	assert_true(buffer_reserve(&f.octets, 18 << 20));
	memset(f.octets.p + f.octets.len, 0, 18 << 20);
	f.octets.len += 18 << 20;
	end_block(&f, b);
	put_packet(&f, 0, 5, 60, 60);
	check_from(FROM_FILE, buffer_slice(&f.octets), PLAIN
	    "4 5000 1000 lt=1 60/60\n");
	check_from(FROM_PIPE, buffer_slice(&f.octets), PLAIN
	    "4 5000 1000 lt=1 60/60\n");
	/* Cut: the pipe cannot know it before. */
	f.octets.len = END + (17 << 20) + 100;
	check_from(FROM_PIPE, buffer_slice(&f.octets), PLAIN
	    "bad=1\n"
	    "W the file ends within a block at offset 336\n");
	buffer_fini(&f.octets);
}

static void test_cut(void **state)
{
	struct file f = plain(false);

	(void)state;
	f.octets.len -= 30;
	check_file(&f, "pcapng\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "2 1000000002000 1000 lt=1 61/1514 snapped\n"
	    "3 1000000003000 1000 lt=1 38/62 snapped cut\n"
	    "W the file ends within a packet block at offset 240\n");
	f = plain(false);
	f.octets.len = THIRD + 20;
	check_file(&f, "pcapng\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "2 1000000002000 1000 lt=1 61/1514 snapped\n"
	    "bad=1\n"
	    "W the file ends within a block: a packet block without its "
	    "header at offset 240\n");
	f = plain(false);
	f.octets.len = THIRD + 7;
	check_file(&f, "pcapng\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "2 1000000002000 1000 lt=1 61/1514 snapped\n"
	    "bad=1\n"
	    "W the file ends within a block at offset 240\n");
	f = plain(false);
	f.octets.len = 28;
	check_file(&f, "pcapng\n");
	f = plain(false);
	f.octets.len = 20;
	check_file(&f, "refused: a pcapng file cut in its header, after 20 "
	    "octets\n");
	f = file_make(false);
	put_section_version(&f, 2, 0);
	check_file(&f, "refused: a pcapng file with a damaged header or of "
	    "an unknown version\n");
}

/* A block that makes no sense is skipped by its length. */
static void test_damaged_body(void **state)
{
	struct file f = plain(true);

	(void)state;
	patch_u32(&f, SECOND + 20, 1000);
	check_file(&f, "pcapng\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "3 1000000003000 1000 lt=1 62/62\n"
	    "bad=1\n"
	    "W a packet longer than its block at offset 144\n");
	f = plain(true);
	patch_u32(&f, SECOND + 8, 1);
	check_file(&f, "pcapng\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "3 1000000003000 1000 lt=1 62/62\n"
	    "bad=1\n"
	    "W a packet of an interface that is not described at offset "
	    "144\n");
}

/* A length that makes no sense: the next block is searched. */
static void test_damaged_length(void **state)
{
	static const uint32_t lengths[] = { 0, 8, 0xffffffff, 0x7ffffffc,
		0x01000000, 16, 97, 200 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct file f = plain(i & 1);

		patch_u32(&f, SECOND + 4, lengths[i]);
		check_file(&f, "pcapng\n"
		    "1 1000000001000 1000 lt=1 60/60\n"
		    "2 1000000003000 1000 lt=1 62/62\n"
		    "bad=1\n"
		    "W damaged block, 96 octets skipped at offset 144\n");
	}
}

/* In what is skipped stands what begins as a block and is none: as it ends
 * behind the file, or has another length at its end. */
static void test_no_block(void **state)
{
	static const uint32_t lengths[] = { 4096, 32 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct file f = plain(false);

		patch_u32(&f, SECOND + 4, 0);
		patch_u32(&f, SECOND + 40, 6);
		patch_u32(&f, SECOND + 44, lengths[i]);
		check_file(&f, "pcapng\n"
		    "1 1000000001000 1000 lt=1 60/60\n"
		    "2 1000000003000 1000 lt=1 62/62\n"
		    "bad=1\n"
		    "W damaged block, 96 octets skipped at offset 144\n");
	}
}

static void test_trailing_length(void **state)
{
	struct file f = plain(false);

	(void)state;
	patch_u32(&f, THIRD - 4, 95);
	patch_u32(&f, END - 4, 4);
	check_file(&f, PLAIN
	    "W the two lengths of a block differ at offset 144\n"
	    "W the two lengths of a block differ at offset 240\n");
	/* Padding that the writer did not count. */
	f = plain(false);
	patch_u32(&f, SECOND + 4, 93);
	patch_u32(&f, THIRD - 4, 93);
	check_file(&f, PLAIN);
}

static void test_lost_octets(void **state)
{
	struct file f = plain(false);

	(void)state;
	/* One octet of the second packet is gone. */
	memmove(f.octets.p + SECOND + 40, f.octets.p + SECOND + 41,
	    END - SECOND - 41);
	f.octets.len--;
	check_file(&f, "pcapng\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "2 1000000003000 1000 lt=1 62/62\n"
	    "bad=1\n"
	    "W damaged block, 95 octets skipped at offset 144\n");
}

static void test_any_damage(void **state)
{
	struct file f = plain(false);

	(void)state;
	put_statistics(&f, 1, 2);
	check_cuts(&f);
	check_damage(&f);
	buffer_fini(&f.octets);
}

/* More interfaces than are kept. */
static void test_many_interfaces(void **state)
{
	struct file f = file_make(false);
	uint32_t i;

	(void)state;
	put_section(&f);
	for (i = 0; i < 65537; i++)
		put_interface(&f, 1, 0, -1, 0);
	put_packet(&f, 65535, 1, 60, 60);
	check_from(FROM_MEMORY, buffer_slice(&f.octets), "pcapng\n"
	    "1 1000 1000 lt=1 60/60 if=65535\nlimit=1\n");
	buffer_fini(&f.octets);
}

static void test_resolution(void **state)
{
	struct file f = file_make(false);
	struct account account;
	struct sw_clock clock;
	struct source *s;
	struct capture *c;

	(void)state;
	account_init(&account);
	put_section(&f);
	put_interface(&f, 1, 0, 6, 0);
	put_interface(&f, 1, 0, 9, 0);
	assert_int_equal(source_open_memory(buffer_slice(&f.octets), "m", &s,
	    NULL), SW_OK);
	assert_int_equal(capture_open(s, &account, &c, NULL), SW_OK);
	assert_string_equal(capture_describe(c, &clock), "pcapng");
	assert_int_equal(clock.resolution_ns, 1);
	assert_int_equal(clock.zone, SW_ZONE_UTC);
	capture_free(&c);
	source_free(&s);
	account_fini(&account);
	buffer_fini(&f.octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_offset_out_of_range),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_packet_blocks),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_other_blocks),
		cmocka_unit_test(test_long_block),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damaged_body),
		cmocka_unit_test(test_damaged_length),
		cmocka_unit_test(test_no_block),
		cmocka_unit_test(test_trailing_length),
		cmocka_unit_test(test_lost_octets),
		cmocka_unit_test(test_any_damage),
		cmocka_unit_test(test_many_interfaces),
		cmocka_unit_test(test_resolution),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
