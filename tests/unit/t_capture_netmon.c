/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_capture_netmon.c - the Network Monitor reader: versions, tables, damage */
#include "capture_case.h"

#include <signal.h>

/* 2004-02-20 11:10:03.120 */
#define START_NS INT64_C(1077275403120000000)
/* The same as 100 ns since 1601. */
#define START_FILETIME (UINT64_C(116444736000000000) + \
	(uint64_t)START_NS / 100)

struct capture_file {
	struct file f;
	unsigned version; /* 11, 20 ... 23 */
	uint32_t offsets[16];
	unsigned count;
};

static struct capture_file begin_file(unsigned version, size_t header_len,
    unsigned mac_type)
{
	static const uint16_t start[] = { 2004, 2, 5, 20, 11, 10, 3, 120 };
	struct capture_file c = { file_make(false), version, { 0 }, 0 };
	size_t i;

	put(&c.f, version < 20 ? "RTSS" : "GMBU", 4);
	put_u8(&c.f, version % 10);
	put_u8(&c.f, version / 10);
	put_u16(&c.f, mac_type);
	for (i = 0; i < 8; i++)
		put_u16(&c.f, start[i]);
	while (file_len(&c.f) < header_len)
		put_u8(&c.f, 0);
	return c;
}

/* Time in ms (1.x) or us. */
static void put_frame_head(struct capture_file *c, int64_t time, uint32_t len,
    uint32_t wire)
{
	c->offsets[c->count++] = (uint32_t)file_len(&c->f);
	put_u(&c->f, (uint64_t)time, c->version < 20 ? 4 : 8);
	put_u(&c->f, wire, c->version < 20 ? 2 : 4);
	put_u(&c->f, len, c->version < 20 ? 2 : 4);
}

static void put_trailer(struct capture_file *c, unsigned media,
    uint64_t filetime)
{
	if (c->version >= 21)
		put_u16(&c->f, media);
	if (c->version >= 22)
		put_u32(&c->f, 0xffffffff);
	if (c->version >= 23) {
		put_u64(&c->f, filetime);
		put_u8(&c->f, 0xff);
	}
}

static void put_frame(struct capture_file *c, int64_t time, uint32_t len,
    uint32_t wire, unsigned media)
{
	put_frame_head(c, time, len, wire);
	put_data(&c->f, len);
	put_trailer(c, media, START_FILETIME + (uint64_t)time * 10 + 7);
}

static void put_table(struct capture_file *c)
{
	unsigned i;

	patch_u32(&c->f, 24, (uint32_t)file_len(&c->f));
	patch_u32(&c->f, 28, 4 * c->count);
	for (i = 0; i < c->count; i++)
		put_u32(&c->f, c->offsets[i]);
}

/* Three frames of Ethernet. */
static struct capture_file plain(unsigned version, size_t header_len)
{
	struct capture_file c = begin_file(version, header_len, 1);

	put_frame(&c, 0, 60, 60, 1);
	put_frame(&c, 20, 100, 1514, 1);
	put_frame(&c, 30, 70, 70, 1);
	put_table(&c);
	return c;
}

#define PLAIN_1 "netmon1\n" \
	"1 1077275403120000000 1000000 lt=1 60/60\n" \
	"2 1077275403140000000 1000000 lt=1 100/1514 snapped\n" \
	"3 1077275403150000000 1000000 lt=1 70/70\n"
#define PLAIN_2 "netmon2\n" \
	"1 1077275403120000000 1000 lt=1 60/60\n" \
	"2 1077275403120020000 1000 lt=1 100/1514 snapped\n" \
	"3 1077275403120030000 1000 lt=1 70/70\n"
#define PLAIN_23 "netmon2\n" \
	"1 1077275403120000700 100 lt=1 60/60\n" \
	"2 1077275403120020700 100 lt=1 100/1514 snapped\n" \
	"3 1077275403120030700 100 lt=1 70/70\n"

static const struct {
	unsigned version;
	size_t header_len;
	const char *expected;
} versions[] = {
	{ 10, 128, PLAIN_1 }, { 11, 128, PLAIN_1 }, { 20, 128, PLAIN_2 },
	{ 21, 128, PLAIN_2 }, { 22, 72, PLAIN_2 }, { 22, 128, PLAIN_2 },
	{ 23, 128, PLAIN_23 },
	{ 23, 72, PLAIN_23 },
};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static void test_plain(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < VERSIONS; i++) {
		struct capture_file c = plain(versions[i].version,
		    versions[i].header_len);

		check_file(&c.f, versions[i].expected);
	}
}

static struct sw_clock get_clock(struct file *f)
{
	struct account account;
	struct sw_clock clock;
	struct source *s;
	struct capture *c;

	account_init(&account);
	assert_int_equal(source_open_memory(buffer_slice(&f->octets), "m",
	    &s, NULL), SW_OK);
	assert_int_equal(capture_open(s, &account, &c, NULL), SW_OK);
	capture_describe(c, &clock);
	capture_free(&c);
	source_free(&s);
	account_fini(&account);
	buffer_fini(&f->octets);
	return clock;
}

static void test_clock(void **state)
{
	struct capture_file c = plain(11, 128);
	struct sw_clock clock = get_clock(&c.f);

	(void)state;
	assert_int_equal(clock.zone, SW_ZONE_LOCAL);
	assert_int_equal(clock.resolution_ns, 1000000);
	c = plain(22, 72);
	clock = get_clock(&c.f);
	assert_int_equal(clock.zone, SW_ZONE_LOCAL);
	assert_int_equal(clock.resolution_ns, 1000);
	assert_int_equal(clock.date, SW_DATE_GIVEN);
	c = plain(23, 72);
	clock = get_clock(&c.f);
	assert_int_equal(clock.zone, SW_ZONE_UTC);
	assert_int_equal(clock.resolution_ns, 100);
	/* No date: the times are relative. */
	c = plain(20, 128);
	c.f.octets.p[10] = 13;
	clock = get_clock(&c.f);
	assert_int_equal(clock.date, SW_DATE_NONE);
	/* 2.3 without a time in UTC anywhere. */
	c = begin_file(23, 72, 1);
	put_frame_head(&c, 5, 60, 60);
	put_data(&c.f, 60);
	put_trailer(&c, 1, 0);
	put_table(&c);
	clock = get_clock(&c.f);
	assert_int_equal(clock.zone, SW_ZONE_LOCAL);
}

static void test_times(void **state)
{
	struct capture_file c = begin_file(20, 128, 1);

	(void)state;
	/* Before the nominal start; beyond what can be told. */
	put_frame(&c, -291345, 60, 60, 1);
	put_frame(&c, INT64_MAX, 60, 60, 1);
	put_table(&c);
	check_file(&c.f, "netmon2\n"
	    "1 1077275402828655000 1000 lt=1 60/60\n"
	    "2 - 1000 lt=1 60/60\n");
	c = begin_file(11, 128, 1);
	put_frame(&c, 0xffffffff, 60, 60, 1); /* unsigned */
	put_table(&c);
	check_file(&c.f, "netmon1\n"
	    "1 1081570370415000000 1000000 lt=1 60/60\n");
	/* A start that is no date: relative to it, from its time of day. */
	c = plain(20, 128);
	c.f.octets.p[10] = 13;
	check_file(&c.f, "netmon2\n"
	    "1 40203120000000 1000 lt=1 60/60\n"
	    "2 40203120020000 1000 lt=1 100/1514 snapped\n"
	    "3 40203120030000 1000 lt=1 70/70\n"
	    "W the start of the capture is no date; its times are relative, "
	    "at offset 8\n");
	/* A millisecond that is none does no harm. */
	c = plain(20, 128);
	c.f.octets.p[23] = 99;
	check_file(&c.f, "netmon2\n"
	    "1 1077275403000000000 1000 lt=1 60/60\n"
	    "2 1077275403000020000 1000 lt=1 100/1514 snapped\n"
	    "3 1077275403000030000 1000 lt=1 70/70\n");
}

/* In 2.3 the header is local; extended information or a frame tells UTC, for
 * frames that do not. */
static void test_start_utc(void **state)
{
	struct capture_file c = begin_file(23, 72, 1);
	size_t at;

	(void)state;
	put_frame_head(&c, 1000, 60, 60);
	put_data(&c.f, 60);
	put_trailer(&c, 1, 0);
	put_frame(&c, 2000, 60, 60, 1);
	put_table(&c);
	at = file_len(&c.f);
	put_u16(&c.f, 1);
	put_u64(&c.f, START_FILETIME - UINT64_C(36000000000)); /* 1 h less */
	put_u8(&c.f, 0);
	patch_u32(&c.f, 56, (uint32_t)at);
	patch_u32(&c.f, 60, 11);
	check_from(FROM_FILE, buffer_slice(&c.f.octets), "netmon2\n"
	    "1 1077271803121000000 1000 lt=1 60/60\n"
	    "2 1077275403122000700 100 lt=1 60/60\n");
	buffer_fini(&c.f.octets);
	c = begin_file(23, 72, 1);
	put_frame(&c, 2000, 60, 60, 1);
	put_frame_head(&c, 3000, 60, 60);
	put_data(&c.f, 60);
	put_trailer(&c, 1, UINT64_C(1) << 60); /* the year 5254 */
	put_table(&c);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403122000700 100 lt=1 60/60\n"
	    "2 1077275403123000700 1000 lt=1 60/60\n");
}

static void put_bytes_frame(struct capture_file *c, unsigned media,
    const void *p, uint32_t len)
{
	put_frame_head(c, 0, len, len);
	put(&c->f, p, len);
	put_trailer(c, media, 0);
}

static void test_media(void **state)
{
	static const uint8_t ip[20] = { 0x45 };
	static const uint8_t ppp[18] = " SEND\1 SEND\1\0\x21\xa0\xa1\xa2\xa3";
	static const uint8_t wifi[40] = { 2, 32, 0, [32] = 0xa0, 0xa1, 0xa2,
		0xa3, 0xa4, 0xa5, 0xa6, 0xa7 };
	struct capture_file c = begin_file(21, 128, 4);

	(void)state;
	put_frame(&c, 0, 60, 60, 0xe071); /* Linux cooked, from a pcap */
	put_bytes_frame(&c, 9, ip, 20);
	put_bytes_frame(&c, 7, "????", 4); /* no IP */
	put_frame(&c, 0, 60, 60, 0);
	put_bytes_frame(&c, 1, ppp, 18);
	put_bytes_frame(&c, 6, wifi, 40);
	put_frame(&c, 0, 60, 60, 4);
	put_frame(&c, 0, 60, 60, 0xffe0);
	put_frame(&c, 0, 60, 60, 0xffe0);
	put_frame(&c, 0, 60, 60, 0xfffc);
	put_frame(&c, 0, 60, 60, 0xe083);
	put_frame(&c, 0, 60, 60, 0xe087);
	put_frame(&c, 0, 60, 60, 0x1234);
	put_frame(&c, 0, 0, 60, 1);
	put_frame(&c, 0, 60, 60, 0xe080);
	put_table(&c);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=113 60/60\n"
	    "2 1077275403120000000 1000 lt=101 20/20 OTHER\n"
	    "4 1077275403120000000 1000 lt=1 60/60\n"
	    "5 1077275403120000000 1000 lt=9 6/6 OTHER\n"
	    "6 1077275403120000000 1000 lt=105 8/8\n"
	    "7 1077275403120000000 1000 lt=100 60/60\n"
	    "11 1077275403120000000 1000 lt=57475 60/60\n"
	    "15 1077275403120000000 1000 lt=105 60/60\n"
	    "frames=7\nnot-ip=5\nlink-type=2\n"
	    "L Network Monitor: tunnel\n"
	    "L Network Monitor: event\n"
	    "L Network Monitor: reassembled payload\n"
	    "L Network Monitor: WFP authorization v4\n"
	    "L Network Monitor: media type 0x1234\n"
	    "L Network Monitor: empty frame\n");
	/* The file's type, with 16 octets of its own before ATM's. */
	c = begin_file(20, 128, 4);
	put_frame_head(&c, 0, 76, 76);
	put_data(&c.f, 16);
	put_data(&c.f, 60);
	put_table(&c);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=100 60/60\n");
}

/* --- tables -------------------------------------------------------------- */

static void test_table_first(void **state)
{
	struct capture_file c = begin_file(22, 128, 1);

	(void)state;
	patch_u32(&c.f, 24, 128);
	patch_u32(&c.f, 28, 12);
	put_u64(&c.f, 0);
	put_u32(&c.f, 0);
	put_frame(&c, 0, 60, 60, 1);
	put_data(&c.f, 1000); /* a hole */
	put_frame(&c, 20, 100, 1514, 1);
	put_frame(&c, 30, 70, 70, 1);
	/* In another order than they lie. */
	patch_u32(&c.f, 128, c.offsets[2]);
	patch_u32(&c.f, 132, c.offsets[1]);
	patch_u32(&c.f, 136, c.offsets[0]);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120030000 1000 lt=1 70/70\n"
	    "2 1077275403120020000 1000 lt=1 100/1514 snapped\n"
	    "3 1077275403120000000 1000 lt=1 60/60\n");
}

/* Some writers leave out the trailer, or part of it. */
static void test_short_trailer(void **state)
{
	struct capture_file c = begin_file(23, 72, 1);

	(void)state;
	put_frame_head(&c, 0, 60, 60);
	put_data(&c.f, 60);
	put_frame_head(&c, 10, 60, 60);
	put_data(&c.f, 60);
	put_u8(&c.f, 0);
	put_frame_head(&c, 20, 60, 60);
	put_data(&c.f, 60);
	put_u16(&c.f, 0xe071);
	put_frame_head(&c, 30, 60, 60);
	put_data(&c.f, 60);
	put_u16(&c.f, 0xe071);
	put_u32(&c.f, 0xffffffff);
	put_table(&c);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=1 60/60\n"
	    "2 1077275403120010000 1000 lt=1 60/60\n"
	    "3 1077275403120020000 1000 lt=113 60/60\n"
	    "4 1077275403120030000 1000 lt=113 60/60\n");
}

static void test_bad_entries(void **state)
{
	struct capture_file c = plain(20, 128);
	uint32_t table = (uint32_t)file_len(&c.f) - 12;

	(void)state;
	patch_u32(&c.f, table + 4, 0xfffffff0);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=1 60/60\n"
	    "3 1077275403120030000 1000 lt=1 70/70\n"
	    "bad=1\n"
	    "W frame 2: a frame beyond the end at offset 4294967280\n");
	c = plain(20, 128);
	patch_u32(&c.f, table, 5);
	check_file(&c.f, "netmon2\n"
	    "2 1077275403120020000 1000 lt=1 100/1514 snapped\n"
	    "3 1077275403120030000 1000 lt=1 70/70\n"
	    "bad=1\n"
	    "W 1 entries at the start of the frame table name no frame, at "
	    "offset 406\n");
	c = plain(20, 128);
	/* A length that no frame has. */
	patch_u32(&c.f, c.offsets[1] + 12, 0xffffffff);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=1 60/60\n"
	    "3 1077275403120030000 1000 lt=1 70/70\n"
	    "bad=1\n"
	    "W frame 2: a frame of an impossible length at offset 204\n");
	c = plain(20, 128);
	/* More stored than there was on the wire: as stored. */
	patch_u32(&c.f, c.offsets[1] + 8, 50);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=1 60/60\n"
	    "2 1077275403120020000 1000 lt=1 100/100\n"
	    "3 1077275403120030000 1000 lt=1 70/70\n");
	/* A length on the wire that no frame has: what is stored counts. */
	c = plain(20, 128);
	patch_u32(&c.f, c.offsets[1] + 8, 0xffffffff);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=1 60/60\n"
	    "2 1077275403120020000 1000 lt=1 100/4294967295 snapped\n"
	    "3 1077275403120030000 1000 lt=1 70/70\n");
	/* The table rules: one frame twice is two. */
	c = plain(20, 128);
	patch_u32(&c.f, table + 4, c.offsets[0]);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=1 60/60\n"
	    "2 1077275403120000000 1000 lt=1 60/60\n"
	    "3 1077275403120030000 1000 lt=1 70/70\n"
	    "W frame 2: lies in the one before it at offset 128\n");
	/* Also if another stands between them; in another order they are not
	 * the same. */
	c = plain(22, 128);
	c.offsets[c.count++] = c.offsets[0];
	put_table(&c);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=1 60/60\n"
	    "2 1077275403120020000 1000 lt=1 100/1514 snapped\n"
	    "3 1077275403120030000 1000 lt=1 70/70\n"
	    "4 1077275403120000000 1000 lt=1 60/60\n"
	    "W frame 4: the frame table names more octets than there are, "
	    "some of them twice, at offset 128\n");
	c = plain(22, 72);
	c.offsets[3] = c.offsets[0];
	memmove(c.offsets, c.offsets + 1, 3 * sizeof(c.offsets[0]));
	put_table(&c);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120020000 1000 lt=1 100/1514 snapped\n"
	    "2 1077275403120030000 1000 lt=1 70/70\n"
	    "3 1077275403120000000 1000 lt=1 60/60\n");
	/* Into the table itself, whose octets make no length. */
	c = plain(20, 128);
	patch_u32(&c.f, table + 8, table - 4);
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000000 1000 lt=1 60/60\n"
	    "2 1077275403120020000 1000 lt=1 100/1514 snapped\n"
	    "bad=1\n"
	    "W frame 3: a frame beyond the end at offset 402\n");
}

/* A table that names one frame for ever: what is read is limited. */
static void test_bomb(void **state)
{
	struct capture_file c = begin_file(20, 128, 1);
	struct buffer b;
	uint32_t i;

	(void)state;
	put_frame(&c, 0, 60000, 60000, 1);
	patch_u32(&c.f, 24, (uint32_t)file_len(&c.f));
	patch_u32(&c.f, 28, 40000);
	for (i = 0; i < 10000; i++)
		put_u32(&c.f, 128);
	buffer_init(&b, SIZE_MAX);
	read_memory(&b, buffer_slice(&c.f.octets));
	buffer_append_char(&b, '\0');
	assert_non_null(strstr((const char *)b.p, "\nbad=1\nW frame 2: lies "
	    "in the one before it at offset 128\n"));
	assert_non_null(strstr((const char *)b.p, "\nW a frame table that "
	    "names the same octets again and again, left at offset "
	    "60144\n"));
	assert_non_null(strstr((const char *)b.p, "\n6 "));
	assert_null(strstr((const char *)b.p, "\n8 "));
	buffer_fini(&b);
	buffer_fini(&c.f.octets);
}

static void test_empty(void **state)
{
	struct capture_file c = begin_file(20, 128, 1);

	(void)state;
	put_table(&c);
	check_file(&c.f, "netmon2\n");
	c = begin_file(23, 72, 1);
	put_table(&c);
	check_file(&c.f, "netmon2\n");
	c = begin_file(20, 30, 1);
	check_file(&c.f, "refused: a netmon file cut in its header, after "
	    "30 octets\n");
	c = begin_file(30, 128, 1);
	check_file(&c.f, "refused: a netmon file with a damaged header or "
	    "of an unknown version\n");
}

/* --- a lost table -------------------------------------------------------- */

static void test_lost_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < VERSIONS; i++) {
		struct capture_file c = plain(versions[i].version,
		    versions[i].header_len);
		char expected[400];

		/* A download that broke off. */
		c.f.octets.len -= 12;
		snprintf(expected, sizeof(expected),
		    "%sW the frame table is missing at offset %zu\n",
		    versions[i].expected, file_len(&c.f));
		check_file(&c.f, expected);
		/* A capture that was never closed. */
		c = plain(versions[i].version, versions[i].header_len);
		c.f.octets.len -= 12;
		patch_u32(&c.f, 24, 0);
		patch_u32(&c.f, 28, 0);
		check_file(&c.f, versions[i].expected);
		/* Only its end is lost. */
		c = plain(versions[i].version, versions[i].header_len);
		c.f.octets.len -= 5;
		snprintf(expected, sizeof(expected),
		    "%sW the frame table is cut at offset %zu\n",
		    versions[i].expected, file_len(&c.f) - 7);
		check_file(&c.f, expected);
	}
}

static void test_overwritten_table(void **state)
{
	struct capture_file c = plain(20, 128);

	(void)state;
	memset(c.f.octets.p + file_len(&c.f) - 12, 0xff, 12);
	check_file(&c.f, PLAIN_2
	    "bad=1\n"
	    "W a frame table that names no frame: read in sequence, at "
	    "offset 406\n");
	/* One of three offsets meets a frame, by chance. */
	c = plain(20, 128);
	memset(c.f.octets.p + file_len(&c.f) - 12, 0xff, 12);
	patch_u32(&c.f, (uint32_t)file_len(&c.f) - 8, c.offsets[1]);
	check_file(&c.f, PLAIN_2
	    "bad=1\n"
	    "W a frame table that names hardly a frame: read in sequence, at "
	    "offset 406\n");
	/* A length beyond the file, and something else behind the table. */
	c = plain(20, 128);
	put_data(&c.f, 400);
	patch_u32(&c.f, 28, 0x7fffffff);
	check_file(&c.f, PLAIN_2
	    "W the length of the frame table is no multiple of 4 at offset "
	    "28\n"
	    "W the frame table is cut at offset 406\n");
	/* Whose end is beyond what 32 bits count. */
	c = plain(20, 128);
	patch_u32(&c.f, 28, 0xfffffffc);
	check_file(&c.f, PLAIN_2
	    "W the frame table is cut at offset 406\n");
	c = plain(20, 128);
	patch_u32(&c.f, 24, 0xfffffff0);
	check_file(&c.f, PLAIN_2
	    "bad=1\nW the frame table is missing at offset 4294967280\n"
	    "W no frame can be read any more at offset 406\n");
}

static void test_cut(void **state)
{
	struct capture_file c = plain(23, 72);

	(void)state;
	c.f.octets.len = c.offsets[2] + 16 + 40;
	check_file(&c.f, "netmon2\n"
	    "1 1077275403120000700 100 lt=1 60/60\n"
	    "2 1077275403120020700 100 lt=1 100/1514 snapped\n"
	    "3 1077275403120030700 1000 lt=1 40/70 snapped cut\n"
	    "W the frame table is missing at offset 395\n"
	    "W the file ends within a frame at offset 294\n");
	c = plain(11, 128);
	c.f.octets.len = c.offsets[1] + 5;
	check_file(&c.f, "netmon1\n"
	    "1 1077275403120000000 1000000 lt=1 60/60\n"
	    "bad=1\n"
	    "W the frame table is missing at offset 382\n"
	    "W no frame can be read any more at offset 196\n");
}

/* No place for a copy of the pipe: its frames are read in sequence. */
static void test_no_spool(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < VERSIONS; i++) {
		struct capture_file c = plain(versions[i].version,
		    versions[i].header_len);
		char expected[600];
		struct buffer b;
		const char *head;

		snprintf(expected, sizeof(expected), "%sW /dev/fd/",
		    versions[i].expected);
		buffer_init(&b, SIZE_MAX);
		read_pipe(&b, buffer_slice(&c.f.octets), "/no/such/folder");
		buffer_append_char(&b, '\0');
		head = strstr((const char *)b.p, ": no temporary copy can be "
		    "made in /no/such/folder; frames are read in sequence at "
		    "offset 0\n");
		assert_non_null(head);
		assert_memory_equal(b.p, expected, strlen(expected));
		buffer_fini(&b);
		buffer_fini(&c.f.octets);
	}
}

static void test_any_damage(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < VERSIONS; i += 2) {
		struct capture_file c = plain(versions[i].version,
		    versions[i].header_len);

		check_cuts(&c.f);
		check_damage(&c.f);
		buffer_fini(&c.f.octets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_start_utc),
		cmocka_unit_test(test_media),
		cmocka_unit_test(test_table_first),
		cmocka_unit_test(test_short_trailer),
		cmocka_unit_test(test_bad_entries),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_lost_table),
		cmocka_unit_test(test_overwritten_table),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_spool),
		cmocka_unit_test(test_any_damage),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
