/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_wire.c - several captures: what is read while the one before is run, and
 * which of them a session lies in */
#include "capture_case.h"
#include "pipeline/wire_internal.h"

/* In the order of their times, of a session each, which ends in them.  The
 * second lasts for seconds. */
static const char *const files[] = {
	"pcaps/exim-large.pcap", "pcaps/relay-opensmtpd-sendmail.pcap"
};

struct run {
	struct account account;
	struct wire *w;
};

static void begin(struct run *r, unsigned threads)
{
	static const uint16_t ports[] = { 25 };
	struct wire_options o = { .ports = ports, .port_count = 1,
		.threads = threads, .secret = 1 };
	struct sw_err err;

	account_init(&r->account);
	assert_int_equal(wire_new(&o, &r->account, &r->w, &err), SW_OK);
}

static void finish(struct run *r)
{
	wire_free(&r->w);
	account_fini(&r->account);
}

static void add(struct run *r, const char *name)
{
	struct source *s;
	struct sw_err err;

	assert_int_equal(source_open(name, NULL, &s, &err), SW_OK);
	assert_int_equal(wire_add(r->w, &s, true, false, 0, &err), SW_OK);
	source_free(&s);
}

static void step(struct run *r, int want)
{
	struct sw_err err;

	assert_int_equal(wire_step(r->w, &err), want);
}

/* The next session is the one of this file; NULL: there is none now. */
static void take(struct run *r, const char *name)
{
	struct wire_finished f;
	struct sw_err err;
	const struct sw_source *from;

	assert_int_equal(wire_take(r->w, &f, &err), name != NULL);
	if (!name)
		return;
	from = &f.session->source;
	assert_int_equal(from->part_count, 1);
	assert_true(slice_eq(slice_make(from->parts[0].name.data,
	    from->parts[0].name.len), slice_str(name)));
	assert_int_equal(from->first, from->parts[0].base + 1);
	assert_int_equal(from->parts[0].first, 1);
	assert_int_equal(from->parts[0].last, from->last -
	    from->parts[0].base);
	assert_true(f.session->event_count > 5);
}

/* A file is opened and read while the one before is run, and its sessions are
 * told when the next one is read. */
static void test_ahead(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 2);
	add(&r, files[1]);
	add(&r, files[0]);
	step(&r, 1);
	assert_null(r.w->current);
	assert_non_null(r.w->running);
	take(&r, NULL);
	step(&r, 1);
	assert_non_null(r.w->running);
	take(&r, files[0]);
	take(&r, NULL);
	step(&r, 0);
	assert_null(r.w->running);
	take(&r, files[1]);
	take(&r, NULL);
	step(&r, 0);
	finish(&r);
}

/* Another traffic begins when all of the one before is told. */
static void test_another_traffic(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 2);
	add(&r, files[1]);
	add(&r, files[1]);
	step(&r, 1);
	assert_non_null(r.w->running);
	take(&r, NULL);
	step(&r, 1);
	assert_null(r.w->running);
	assert_int_equal(r.w->part_frames, 0);
	assert_int_equal(r.w->traffic.count, 1);
	take(&r, files[1]);
	take(&r, NULL);
	step(&r, 1);
	assert_non_null(r.w->running);
	take(&r, NULL);
	step(&r, 0);
	take(&r, files[1]);
	take(&r, NULL);
	finish(&r);
}

/* With one thread nothing runs beside it. */
static void test_alone(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 1);
	add(&r, files[0]);
	add(&r, files[1]);
	do {
		step(&r, 1);
		assert_null(r.w->running);
	} while (r.w->ready_count == 0);
	take(&r, files[0]);
	while (wire_step(r.w, NULL) > 0) {
		assert_null(r.w->running);
		take(&r, NULL);
	}
	take(&r, files[1]);
	take(&r, NULL);
	finish(&r);
}

/* One that cannot be opened, as is seen only then, is told behind the sessions
 * before it. */
static void check_damaged(unsigned threads)
{
	static const char octets[10] = "\xd4\xc3\xb2\xa1\2";
	struct source *s;
	struct sw_err err;
	struct run r;
	int got;

	begin(&r, threads);
	assert_int_equal(source_open(files[0], NULL, &s, &err), SW_OK);
	assert_int_equal(wire_add(r.w, &s, false, false, 0, &err), SW_OK);
	assert_int_equal(source_open_memory(slice_make(octets, sizeof(octets)),
	    "damaged", &s, &err), SW_OK);
	assert_int_equal(wire_add(r.w, &s, false, false, 0, &err), SW_OK);
	do
		step(&r, 1);
	while (r.w->ready_count == 0);
	take(&r, files[0]);
	take(&r, NULL);
	while ((got = wire_step(r.w, &err)) == 1)
		take(&r, NULL);
	assert_int_equal(got, SW_EFORMAT);
	assert_non_null(strstr(err.text, "damaged"));
	step(&r, 0);
	take(&r, NULL);
	finish(&r);
}

static void test_damaged(void **state)
{
	(void)state;
	check_damaged(1);
	check_damaged(2);
}

/* It is freed while something runs. */
static void test_given_up(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 3);
	add(&r, files[0]);
	add(&r, files[1]);
	step(&r, 1);
	assert_non_null(r.w->running);
	finish(&r);
}

/* --- the files of a session ---------------------------------------------- */

static void put_segment(struct file *f, unsigned from, unsigned to,
    uint32_t seq, uint32_t ack, uint16_t flags)
{
	static const uint8_t ip[] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0 };

	f->big = false;
	put_u32(f, 1000);
	put_u32(f, 0);
	put_u32(f, 40);
	put_u32(f, 40);
	f->big = true;
	put(f, ip, sizeof(ip));
	put_u32(f, from == 25 ? 0xc0000219 : 0xc0000201);
	put_u32(f, to == 25 ? 0xc0000219 : 0xc0000201);
	put_u16(f, from);
	put_u16(f, to);
	put_u32(f, seq);
	put_u32(f, ack);
	put_u16(f, 0x5000 | flags);
	put_u16(f, 1000);
	put_u32(f, 0);
}

static struct file put_header(void)
{
	struct file f = file_make(false);

	put_u32(&f, 0xa1b2c3d4);
	put_u16(&f, 2);
	put_u16(&f, 4);
	put_u64(&f, 0);
	put_u32(&f, 65535);
	put_u32(&f, 101); /* LINKTYPE_RAW */
	return f;
}

/* Of four files a session has the last frame of the second and all of the
 * third. */
static void make_files(struct file f[4])
{
	for (int i = 0; i < 4; i++)
		f[i] = put_header();
	put_segment(&f[0], 2000, 25, 1, 0, TCP_SYN);
	put_segment(&f[1], 2000, 25, 1, 0, TCP_SYN);
	put_segment(&f[1], 2001, 25, 1, 0, TCP_SYN);
	put_segment(&f[2], 25, 2001, 1, 2, TCP_SYN | TCP_ACK);
	put_segment(&f[2], 2001, 25, 2, 2, TCP_ACK);
	put_segment(&f[3], 2000, 25, 1, 0, TCP_SYN);
}

static void check_parts(unsigned threads)
{
	static const char *const names[4] = { "a", "b", "c", "d" };
	const struct sw_source *from;
	struct wire_finished told;
	struct file f[4];
	struct run r;

	make_files(f);
	begin(&r, threads);
	for (int i = 0; i < 4; i++) {
		struct source *s;

		assert_int_equal(source_open_memory(
		    buffer_slice(&f[i].octets), names[i], &s, NULL), SW_OK);
		assert_int_equal(wire_add(r.w, &s, false, false, 0, NULL),
		    SW_OK);
	}
	while (wire_step(r.w, NULL) > 0)
		take(&r, NULL);
	assert_int_equal(wire_take(r.w, &told, NULL), 1);
	from = &told.session->source;
	assert_int_equal(from->first, 3);
	assert_int_equal(from->last, 5);
	assert_int_equal(from->part_count, 2);
	for (uint64_t i = 0; i < 2; i++) {
		assert_int_equal(from->parts[i].name.data[0], 'b' + i);
		assert_int_equal(from->parts[i].base, 1 + 2 * i);
		assert_int_equal(from->parts[i].first, 2 - i);
		assert_int_equal(from->parts[i].last, 2);
	}
	take(&r, NULL);
	finish(&r);
	for (int i = 0; i < 4; i++)
		buffer_fini(&f[i].octets);
}

static void test_parts(void **state)
{
	(void)state;
	check_parts(1);
	check_parts(2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_another_traffic),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
