/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_capture_erf.c - the reader of Endace's records: types, headers that
 * follow, losses, damage */
#include "capture_case.h"

struct shape {
	uint8_t type, flags;
	unsigned extensions; /* headers that follow */
	unsigned prefix;     /* octets before the frame */
	uint32_t len, padding;
	uint16_t lost, wire;
	uint32_t s, fraction;
};

/* Its place in the file. */
static size_t put_record(struct file *f, const struct shape *r)
{
	size_t at = file_len(f);

	f->big = false;
	put_u32(f, r->fraction);
	put_u32(f, r->s);
	f->big = true;
	put_u8(f, r->type | (r->extensions ? 0x80 : 0));
	put_u8(f, r->flags);
	put_u16(f, 16 + r->extensions * 8 + r->prefix + r->len + r->padding);
	put_u16(f, r->lost);
	put_u16(f, r->wire);
	for (unsigned i = 1; i <= r->extensions; i++) {
		put_u8(f, i < r->extensions ? 0x83 : 3);
		put_u(f, 0, 7);
	}
	put_u(f, 0, r->prefix);
	put_data(f, r->len);
	put_u(f, 0, r->padding);
	return at;
}

static size_t put_ethernet(struct file *f, uint32_t s, uint32_t len,
    uint16_t wire)
{
	const struct shape r = { .type = 2, .flags = 4, .prefix = 2,
		.len = len, .wire = wire, .s = s, .fraction = 1u << 30 };

	return put_record(f, &r);
}

static void test_frames(void **state)
{
	struct file f = file_make(true);
	struct shape r = { .type = 2, .flags = 4 | 1, .prefix = 2, .len = 61,
		.wire = 65, .s = 1000, .fraction = 1u << 30 };

	(void)state;
	put_record(&f, &r); /* an FCS that is counted and not there */
	r.wire = 61;
	r.padding = 5;
	put_record(&f, &r);
	r.wire = 1500;
	r.padding = 0;
	r.extensions = 3;
	put_record(&f, &r);
	r.extensions = 0;
	r.lost = 7;
	r.fraction = 4294967; /* 1 ms, rounded down */
	put_record(&f, &r);
	check_file(&f, "erf\n"
	    "1 1000250000000 1 lt=1 61/61 if=1\n"
	    "2 1000250000000 1 lt=1 61/61 if=1\n"
	    "3 1000250000000 1 lt=1 61/1500 if=1 snapped\n"
	    "4 1000001000000 1 lt=1 61/1500 if=1 snapped dropped\n"
	    "dropped=7\n");
}

static void test_types(void **state)
{
	static const struct shape shapes[] = {
		{ .type = 27, .len = 40, .s = 1 }, /* metadata */
		{ .type = 22, .len = 20, .wire = 20, .s = 1 },
		{ .type = 23, .len = 40, .wire = 40, .s = 1, .extensions = 1 },
		/* of a colour, not lost */
		{ .type = 11, .prefix = 2, .len = 20, .wire = 20, .lost = 9,
		    .s = 1 },
		{ .type = 16, .prefix = 2, .len = 20, .wire = 20, .s = 1 },
		{ .type = 20, .prefix = 2, .len = 20, .wire = 20, .s = 1 },
		{ .type = 48, .len = 16, .s = 1 }, /* padding */
		{ .type = 1, .len = 20, .wire = 20, .s = 1 },
	};
	struct file f = file_make(true);

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		put_record(&f, &shapes[i]);
	check_file(&f, "erf\n"
	    "1 1000000000 1 lt=101 20/20\n"
	    "2 1000000000 1 lt=101 40/40\n"
	    "3 1000000000 1 lt=1 20/20\n"
	    "4 1000000000 1 lt=1 20/20\n"
	    "5 1000000000 1 lt=1 20/20\n"
	    "frames=1\nlink-type=1\nL ERF: type 1\n");
}

static void test_cut(void **state)
{
	struct file f = file_make(true);

	(void)state;
	put_ethernet(&f, 1, 60, 60);
	put_ethernet(&f, 2, 60, 60);
	f.octets.len -= 20;
	check_file(&f, "erf\n1 1250000000 1 lt=1 60/60\n"
	    "2 2250000000 1 lt=1 40/60 snapped cut\n"
	    "W the file ends within a record (58 of 78 octets) at offset "
	    "78\n");
}

static void test_damage(void **state)
{
	struct file f = file_make(true);
	size_t at;

	(void)state;
	put_ethernet(&f, 1, 60, 60);
	put_ethernet(&f, 2, 60, 60);
	at = put_ethernet(&f, 3, 60, 60);
	put_ethernet(&f, 4, 60, 60);
	patch_u32(&f, at + 8, 0xff000000); /* no such type */
	check_file(&f, "erf\n1 1250000000 1 lt=1 60/60\n"
	    "2 2250000000 1 lt=1 60/60\n4 4250000000 1 lt=1 60/60\n"
	    "bad=1\nW damaged record, 78 octets skipped "
	    "at offset 156\n");
}

static void test_any_damage(void **state)
{
	struct file f = file_make(true);

	(void)state;
	for (uint32_t i = 1; i < 4; i++)
		put_ethernet(&f, i, 30, 60);
	check_cuts(&f);
	check_damage(&f);
	buffer_fini(&f.octets);
}

/* What is no such file. */
static void test_probe(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} changes[] = {
		{ 8, 0x30040000 | 78 },   /* padding first: any text */
		{ 8, 0x02140000 | 78 },   /* an error first */
		{ 8, 0x02040000 | 17 },   /* shorter than its headers */
		{ 8, 0x02040000 | 77 },   /* no record behind it */
		{ 12, 0 },                /* nothing on the wire */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct file f = file_make(true);
		const struct capture_format *format;
		struct source *s = NULL;
		struct sw_err err;

		put_ethernet(&f, 1, 60, 60);
		put_ethernet(&f, 2, 60, 60);
		patch_u32(&f, changes[i].at, changes[i].value);
		assert_int_equal(source_open_memory(buffer_slice(&f.octets),
		    "memory", &s, &err), SW_OK);
		assert_int_equal(capture_probe(s, &format, &err), SW_OK);
		assert_null(format);
		source_free(&s);
		buffer_fini(&f.octets);
	}
}

/* Octets that could begin a record, and are too few to. */
static void test_short(void **state)
{
	static const uint8_t zeros[15];
	const struct capture_format *format;
	struct source *s = NULL;
	struct sw_err err;

	(void)state;
	for (size_t len = 1; len <= sizeof(zeros); len++) {
		assert_int_equal(source_open_memory(slice_make(zeros, len),
		    "memory", &s, &err), SW_OK);
		assert_int_equal(capture_probe(s, &format, &err), SW_OK);
		assert_null(format);
		source_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_any_damage),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
