/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_capture_pcap.c - the pcap reader: variants, odd records, damage */
#include "capture_case.h"

#define US 0xa1b2c3d4u
#define NS 0xa1b23c4du
#define MODIFIED 0xa1b2cd34u

static void put_header(struct file *f, uint32_t magic, unsigned major,
    unsigned minor, uint32_t snaplen, uint32_t link)
{
	put_u32(f, magic);
	put_u16(f, major);
	put_u16(f, minor);
	put_u64(f, 0);
	put_u32(f, snaplen);
	put_u32(f, link);
}

static void put_record(struct file *f, uint32_t s, uint32_t fraction,
    uint32_t len, uint32_t wire)
{
	put_u32(f, s);
	put_u32(f, fraction);
	put_u32(f, len);
	put_u32(f, wire);
	put_data(f, len);
}

/* A usual file of three records. */
static struct file plain(bool big)
{
	struct file f = file_make(big);

	put_header(&f, US, 2, 4, 65535, 1);
	put_record(&f, 1000, 1, 60, 60);
	put_record(&f, 1000, 999999, 100, 1514);
	put_record(&f, 1001, 0, 70, 70);
	return f;
}

#define PLAIN "pcap\n" \
	"1 1000000001000 1000 lt=1 60/60\n" \
	"2 1000999999000 1000 lt=1 100/1514 snapped\n" \
	"3 1001000000000 1000 lt=1 70/70\n"

static void test_plain(void **state)
{
	struct file f = plain(false);

	(void)state;
	check_file(&f, PLAIN);
	f = plain(true);
	check_file(&f, PLAIN);
}

static void test_nanoseconds(void **state)
{
	int big;

	(void)state;
	for (big = 0; big < 2; big++) {
		struct file f = file_make(big);

		put_header(&f, NS, 2, 4, 65535, 101);
		put_record(&f, 1000, 999999999, 60, 60);
		put_record(&f, 0xffffffff, 1, 60, 60);
		check_file(&f, "pcap\n"
		    "1 1000999999999 1 lt=101 60/60\n"
		    "2 4294967295000000001 1 lt=101 60/60\n");
	}
}

/* Lengths stood the other way round before 2.3, and in DG/UX's 543.0. */
static void test_swapped_lengths(void **state)
{
	static const unsigned versions[][2] = { { 2, 2 }, { 2, 3 },
		{ 543, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct file f = file_make(false);

		put_header(&f, US, versions[i][0], versions[i][1], 65535, 1);
		put_u32(&f, 1);
		put_u32(&f, 2);
		put_u32(&f, 1514);
		put_u32(&f, 60);
		put_data(&f, 60);
		put_record(&f, 1, 3, 60, 60);
		check_file(&f, "pcap\n"
		    "1 1000002000 1000 lt=1 60/1514 snapped\n"
		    "2 1000003000 1000 lt=1 60/60\n");
	}
}

static void test_link_type(void **state)
{
	struct file f = file_make(false);

	(void)state;
	/* A frame check sequence of 4 octets is told in the upper bits. */
	put_header(&f, US, 2, 4, 65535, 0x24000001u);
	put_record(&f, 1, 2, 64, 64);
	check_file(&f, "pcap\n1 1000002000 1000 lt=1 64/64\n");
	f = file_make(false);
	/* AIX: RFC 1573's number of Ethernet. */
	put_header(&f, US, 2, 2, 65535, 6);
	put_record(&f, 1, 2, 64, 64);
	check_file(&f, "pcap\n1 1000002000 1000 lt=1 64/64\n");
	f = file_make(false);
	put_header(&f, US, 2, 4, 65535, 999);
	put_record(&f, 1, 2, 64, 64);
	check_file(&f, "pcap\n1 1000002000 1000 lt=999 64/64\n");
}

static void put_long_record(struct file *f, uint32_t us, uint32_t len,
    unsigned extra)
{
	put_u32(f, 1000);
	put_u32(f, us);
	put_u32(f, len);
	put_u32(f, len);
	while (extra-- > 0)
		put_u8(f, 0x55);
	put_data(f, len);
}

/* Patched versions of libpcap 0.4 with longer record headers. */
static void test_odd_headers(void **state)
{
	static const struct {
		uint32_t magic;
		unsigned extra;
	} cases[] = {
		{ MODIFIED, 8 }, { MODIFIED, 12 }, { MODIFIED, 0 },
		{ US, 8 }, { US, 4 },
	};
	size_t i;
	int big;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]) * 2; i++) {
		struct file f;

		big = i & 1;
		f = file_make(big);
		put_header(&f, cases[i / 2].magic, 2, 4, 1514, 1);
		put_long_record(&f, 1, 60, cases[i / 2].extra);
		put_long_record(&f, 2, 100, cases[i / 2].extra);
		put_long_record(&f, 3, 61, cases[i / 2].extra);
		check_from(FROM_MEMORY, buffer_slice(&f.octets), "pcap\n"
		    "1 1000000001000 1000 lt=1 60/60\n"
		    "2 1000000002000 1000 lt=1 100/100\n"
		    "3 1000000003000 1000 lt=1 61/61\n");
		check_from(FROM_FILE, buffer_slice(&f.octets), "pcap\n"
		    "1 1000000001000 1000 lt=1 60/60\n"
		    "2 1000000002000 1000 lt=1 100/100\n"
		    "3 1000000003000 1000 lt=1 61/61\n");
		buffer_fini(&f.octets);
	}
}

static void test_odd_times(void **state)
{
	struct file f = file_make(false);
	int i;

	(void)state;
	/* Nanoseconds under the wrong magic. */
	put_header(&f, US, 2, 4, 65535, 1);
	for (i = 0; i < 6; i++)
		put_record(&f, 1000, 123456789, 60, 60);
	put_record(&f, 1001, 999, 60, 60);
	check_file(&f, "pcap\n"
	    "1 1000123456789 1 lt=1 60/60\n"
	    "2 1000123456789 1 lt=1 60/60\n"
	    "3 1000123456789 1 lt=1 60/60\n"
	    "4 1000123456789 1 lt=1 60/60\n"
	    "5 1000123456789 1 lt=1 60/60\n"
	    "6 1000123456789 1 lt=1 60/60\n"
	    "7 1001000000999 1 lt=1 60/60\n"
	    "W microseconds of a million and more, taken as nanoseconds "
	    "where most are such, at offset 24\n");
	f = file_make(false);
	/* A carry that was forgotten. */
	put_header(&f, US, 2, 4, 65535, 1);
	put_record(&f, 1000, 1000005, 60, 60);
	put_record(&f, 1001, 7, 60, 60);
	check_file(&f, "pcap\n"
	    "1 1001000005000 1000 lt=1 60/60\n"
	    "2 1001000007000 1000 lt=1 60/60\n"
	    "W microseconds of a million and more, taken as nanoseconds "
	    "where most are such, at offset 24\n");
}

/* Records that no snap length allows, and that exist. */
static void test_odd_records(void **state)
{
	static const uint32_t snaplens[] = { 50, 0, 0xffffffff, 0x7fffffff };
	size_t i;
	struct file f;

	(void)state;
	for (i = 0; i < 4; i++) {
		f = file_make(false);
		put_header(&f, US, 2, 4, snaplens[i], 1);
		put_record(&f, 1, 1, 100, 100);
		put_record(&f, 1, 2, 90, 90);
		put_record(&f, 1, 3, 100, 100);
		check_file(&f, "pcap\n"
		    "1 1000001000 1000 lt=1 100/100\n"
		    "2 1000002000 1000 lt=1 90/90\n"
		    "3 1000003000 1000 lt=1 100/100\n");
	}
	f = file_make(false);
	/* More captured than there was on the wire; nothing captured. */
	put_header(&f, US, 2, 4, 65535, 1);
	put_record(&f, 1, 1, 100, 90);
	put_record(&f, 1, 2, 0, 90);
	put_record(&f, 1, 3, 0, 0);
	put_record(&f, 1, 4, 60, 60);
	check_file(&f, "pcap\n"
	    "1 1000001000 1000 lt=1 100/100\n"
	    "2 1000002000 1000 lt=1 0/90 snapped\n"
	    "3 1000003000 1000 lt=1 0/0\n"
	    "4 1000004000 1000 lt=1 60/60\n");
	f = file_make(false);
	/* Longer than libpcap allows, longer than a block. */
	put_header(&f, US, 2, 4, 4 << 20, 1);
	put_record(&f, 1, 1, 262145, 262145);
	put_record(&f, 1, 2, 3000000, 3000000);
	put_record(&f, 1, 3, 60, 60);
	check_file(&f, "pcap\n"
	    "1 1000001000 1000 lt=1 262145/262145\n"
	    "2 1000002000 1000 lt=1 3000000/3000000\n"
	    "3 1000003000 1000 lt=1 60/60\n");
}

static void test_cut(void **state)
{
	struct file f = plain(false);

	(void)state;
	f.octets.len -= 30;
	check_file(&f, "pcap\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "2 1000999999000 1000 lt=1 100/1514 snapped\n"
	    "3 1001000000000 1000 lt=1 40/70 snapped cut\n"
	    "W the file ends within a record (40 of 70 octets) at offset "
	    "216\n");
	/* Within a frame that carries an old capture. */
	f = plain(false);
	put_u32(&f, 1001);
	put_u32(&f, 1);
	put_u32(&f, 400);
	put_u32(&f, 400);
	put_data(&f, 20);
	put_record(&f, 1000000000, 0, 60, 60);
	put_record(&f, 1000000000, 1, 60, 60);
	check_file(&f, PLAIN
	    "4 1001000001000 1000 lt=1 172/400 snapped cut OTHER\n"
	    "W the file ends within a record (172 of 400 octets) at offset "
	    "302\n");
	f = plain(false);
	f.octets.len -= 71;
	check_file(&f, "pcap\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "2 1000999999000 1000 lt=1 100/1514 snapped\n"
	    "bad=1\n"
	    "W the file ends within a record's header at offset 216\n");
	f = plain(false);
	f.octets.len = 24;
	check_file(&f, "pcap\n");
	f = plain(true);
	f.octets.len = 23;
	check_file(&f, "refused: a pcap file cut in its header, after 23 "
	    "octets\n");
	f = plain(true);
	f.octets.len = 4;
	check_file(&f, "refused: a pcap file cut in its header, after 4 "
	    "octets\n");
	f = plain(true);
	f.octets.len = 3;
	check_file(&f, "refused: not a capture of a known format\n");
	f = file_make(true);
	check_file(&f, "refused: is empty\n");
	f = file_make(true);
	put_header(&f, US, 1, 1, 65535, 1);
	check_file(&f, "refused: a pcap file with a damaged header or of an "
	    "unknown version\n");
}

/* Offset of the second record of plain(). */
#define SECOND (24 + 16 + 60)

static void test_damage(void **state)
{
	static const uint32_t lengths[] = { 0xffffffff, 0x7fffffff,
		17u << 20 };
	struct file f;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		char expected[400];

		f = plain(i == 1);
		patch_u32(&f, SECOND + 8, lengths[i]);
		snprintf(expected, sizeof(expected), "pcap\n"
		    "1 1000000001000 1000 lt=1 60/60\n"
		    "3 1001000000000 1000 lt=1 70/70\n"
		    "bad=1\n"
		    "W damaged record (length %lu), 116 octets skipped at "
		    "offset 100\n", (unsigned long)lengths[i]);
		check_file(&f, expected);
	}
	/* Within what is believed, but there are records behind. */
	f = plain(false);
	put_record(&f, 1001, 5, 60, 60);
	patch_u32(&f, SECOND + 8, 1000);
	check_file(&f, "pcap\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "3 1001000000000 1000 lt=1 70/70\n"
	    "4 1001000005000 1000 lt=1 60/60\n"
	    "bad=1\n"
	    "W damaged record (length 1000), 116 octets skipped at offset "
	    "100\n");
	/* Nothing behind it. */
	f = plain(false);
	patch_u32(&f, SECOND + 16 + 100 + 8, 0xffffffff);
	check_file(&f, "pcap\n"
	    "1 1000000001000 1000 lt=1 60/60\n"
	    "2 1000999999000 1000 lt=1 100/1514 snapped\n"
	    "bad=1\n"
	    "W damaged record (length 4294967295), nothing readable in the "
	    "86 octets at offset 216\n");
}

/*
 * Octets too many between two records, so that the next header is read before
 * its place.  One octet before it lengths of 64 are 64 * 256, which leads to
 * the like of it 205 records on.
 */
static void test_inserted(void **state)
{
	static const unsigned lengths[] = { 64 << 8, 0x400001e2,
		0x01e2425f };

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		unsigned extra = 2 * k + 1;
		struct file f = file_make(false);
		struct buffer expected;

		buffer_init(&expected, SIZE_MAX);
		tell(&expected, "pcap\n");
		put_header(&f, US, 2, 4, 262144, 1);
		for (unsigned i = 0; i < 1000; i++) {
			put_record(&f, 1600000000, 123456 + i, 64, 64);
			for (unsigned n = 0; i == 1 && n < extra; n++)
				put_u8(&f, 'x');
			tell(&expected, "%u 1600000000%u000 1000 lt=1 64/64\n",
			    i + 1 + (i > 1), 123456 + i);
		}
		tell(&expected, "bad=1\nW damaged record (length %u), %u "
		    "octets skipped at offset 184\n", lengths[k], extra);
		buffer_append_char(&expected, '\0');
		check_file(&f, (const char *)expected.p);
		buffer_fini(&expected);
	}
}

/* A file system that lost the end of a file leaves zeros. */
static void test_zeros(void **state)
{
	struct file f = plain(false);
	size_t i;

	(void)state;
	for (i = 0; i < 5000; i++)
		put_u8(&f, 0);
	check_file(&f, PLAIN
	    "bad=1\n"
	    "W damaged record (length 0), nothing readable in the 5000 "
	    "octets at offset 302\n");
}

/* Records on both sides of the border of a block, and much damage. */
static void test_long(void **state)
{
	struct file f = file_make(false);
	struct buffer expected;
	uint32_t i;

	(void)state;
	buffer_init(&expected, SIZE_MAX);
	tell(&expected, "pcap\n");
	put_header(&f, US, 2, 4, 65535, 1);
	for (i = 0; i < 4000; i++) {
		put_record(&f, 1000, i, 40 + i * 7 % 1400, 1500);
		tell(&expected, "%" PRIu32 " %" PRIu64
		    " 1000 lt=1 %" PRIu32 "/1500 snapped\n", i + 1,
		    UINT64_C(1000000000000) + i * 1000, 40 + i * 7 % 1400);
	}
	buffer_append_char(&expected, '\0');
	check_file(&f, (const char *)expected.p);
	buffer_fini(&expected);
}

/* Headers that look right at every place: the search stays linear. */
static void test_hostile_search(void **state)
{
	struct file f = plain(false);
	struct buffer b;
	uint32_t i;

	(void)state;
	put_record(&f, 1001, 0, 4, 70);
	patch_u32(&f, file_len(&f) - 12, 0xfffffff0);
	for (i = 0; i < 1u << 20; i++)
		put_u32(&f, 1001);
	buffer_init(&b, SIZE_MAX);
	read_memory(&b, buffer_slice(&f.octets));
	buffer_fini(&b);
	buffer_fini(&f.octets);
}

static void test_any_damage(void **state)
{
	struct file f = plain(false);

	(void)state;
	check_cuts(&f);
	check_damage(&f);
	buffer_fini(&f.octets);
}

/* A pipe is not waited for longer than the frame needs. */
static void test_no_wait(void **state)
{
	struct file f = plain(false);
	struct account account;
	struct source *s;
	struct capture *c;
	struct frame frame;
	char path[32];
	int fds[2];

	(void)state;
	account_init(&account);
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(write(fds[1], f.octets.p, SECOND), SECOND);
	assert_int_equal(source_open(path, NULL, &s, NULL), SW_OK);
	assert_int_equal(capture_open(s, &account, &c, NULL), SW_OK);
	assert_int_equal(capture_next(c, &frame, NULL), 1);
	assert_int_equal(frame.number, 1);
	assert_true(capture_would_block(c));
	assert_int_equal(write(fds[1], f.octets.p + SECOND,
	    file_len(&f) - SECOND), file_len(&f) - SECOND);
	assert_int_equal(capture_next(c, &frame, NULL), 1);
	assert_false(capture_would_block(c));
	assert_int_equal(capture_next(c, &frame, NULL), 1);
	assert_int_equal(frame.number, 3);
	close(fds[1]);
	assert_int_equal(capture_next(c, &frame, NULL), 0);
	capture_free(&c);
	source_free(&s);
	close(fds[0]);
	account_fini(&account);
	buffer_fini(&f.octets);
}

/* Of all that lies in a block as many frames are had at once as are asked for,
 * up to one whose time is odd; from there on each is judged by itself. */
static void test_several(void **state)
{
	static const uint32_t fractions[] = { 1, 2, 3, 4, 5, 1500000, 7, 8 };
	static const int takes[] = { 3, 2, 1, 1, 1, 0 };
	struct file f = file_make(false);
	struct account account;
	struct frame frames[3];
	uint64_t number = 0;
	struct source *s;
	struct capture *c;
	size_t i;
	int k;

	(void)state;
	account_init(&account);
	put_header(&f, US, 2, 4, 262144, 1);
	for (i = 0; i < 8; i++)
		put_record(&f, 1, fractions[i], 60, i == 1 ? 70 : 60);
	assert_int_equal(source_open_memory(buffer_slice(&f.octets), "input",
	    &s, NULL), SW_OK);
	assert_int_equal(capture_open(s, &account, &c, NULL), SW_OK);
	for (i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
		assert_int_equal(capture_take(c, frames, 3, NULL), takes[i]);
		for (k = 0; k < takes[i]; k++) {
			int64_t us = fractions[number++];

			assert_int_equal(frames[k].number, number);
			assert_int_equal(frames[k].ts_ns, 1000000000 +
			    us * 1000);
			assert_int_equal(frames[k].wire_len,
			    number == 2 ? 70 : 60);
			assert_int_equal(frames[k].anomalies, number == 2 ?
			    ANOMALY_BIT(ANOMALY_SNAPPED) : 0);
			assert_true(is_data(frames[k].octets));
		}
	}
	assert_int_equal(number, 8);
	capture_free(&c);
	source_free(&s);
	account_fini(&account);
	buffer_fini(&f.octets);
}

/* Frames stay where they are while their block is held. */
static void test_hold(void **state)
{
	struct file f = file_make(false);
	struct source_block *held[40];
	struct slice first[40];
	struct account account;
	struct source *s;
	struct capture *c;
	struct frame frame;
	char path[32];
	size_t i;
	int fd = temporary_file(path);

	(void)state;
	account_init(&account);
	put_header(&f, US, 2, 4, 262144, 1);
	for (i = 0; i < 40; i++)
		put_record(&f, 1, 1, 200000, 200000);
	assert_int_equal(write(fd, f.octets.p, file_len(&f)), file_len(&f));
	close(fd);
	assert_int_equal(source_open(path, NULL, &s, NULL), SW_OK);
	unlink(path);
	assert_int_equal(capture_open(s, &account, &c, NULL), SW_OK);
	for (i = 0; i < 40; i++) {
		assert_int_equal(capture_next(c, &frame, NULL), 1);
		first[i] = frame.octets;
		held[i] = capture_hold(c);
		assert_non_null(held[i]);
	}
	capture_free(&c);
	source_free(&s);
	for (i = 0; i < 40; i++) {
		assert_true(is_data(first[i]));
		source_block_release(&held[i]);
		assert_null(held[i]);
	}
	account_fini(&account);
	buffer_fini(&f.octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_nanoseconds),
		cmocka_unit_test(test_swapped_lengths),
		cmocka_unit_test(test_link_type),
		cmocka_unit_test(test_odd_headers),
		cmocka_unit_test(test_odd_times),
		cmocka_unit_test(test_odd_records),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_inserted),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_hostile_search),
		cmocka_unit_test(test_any_damage),
		cmocka_unit_test(test_no_wait),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
