/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_net_fragments.c - fragments in every order, overlapping, too many */
#include "net_frames.h"

#include "base/limits.h"

#define SECOND INT64_C(1000000000)

static const struct net_options plain = { .secret = 1 };

/* A TCP segment of 20 + LEN octets, of which fragments are made. */
enum { LEN = 100, WHOLE = 20 + LEN };
static uint8_t whole[WHOLE];

static int make_whole(void **state)
{
	static struct build b;
	uint8_t *payload;

	(void)state;
	build_init(&b);
	payload = build_add(&b, LEN);
	for (size_t i = 0; i < LEN; i++)
		payload[i] = (uint8_t)(i + 1);
	add_tcp(&b, TCP_ACK, NULL, 0);
	add_ip4(&b, 0, 6);
	set_checksum(&b, 0, 20);
	memcpy(whole, b.space + b.at + 20, WHOLE);
	return 0;
}

/* One fragment of octets of whole, or of fill if that is not 0. */
struct piece {
	size_t off, len;
	bool more;
	uint8_t fill;
	uint16_t id;
};

static void make_piece(struct build *b, uint8_t family, struct piece piece)
{
	uint8_t *p, *h;

	build_init(b);
	p = build_add(b, piece.len);
	memset(p, piece.fill, piece.len);
	if (piece.fill == 0)
		memcpy(p, whole + piece.off, piece.len);
	if (family == 6) {
		h = build_add(b, 8);
		h[0] = 6;
		put16(h + 2, piece.off | piece.more);
		put16(h + 6, piece.id);
		add_ip6(b, 0, 44);
	} else {
		add_ip4(b, 0, 6);
		h = b->space + b->at;
		put16(h + 4, piece.id);
		put16(h + 6, piece.off / 8 | (piece.more ? 0x2000u : 0));
	}
}

static enum net_result add_piece(struct run *r, uint8_t family,
    struct piece piece)
{
	static struct build b;

	make_piece(&b, family, piece);
	return run_build(r, 101, &b);
}

static void check_whole(struct run *r)
{
	assert_int_equal(r->seg.payload_len, LEN);
	assert_int_equal(r->seg.payload.len, LEN);
	assert_memory_equal(r->seg.payload.p, whole + 20, LEN);
	assert_non_null(r->seg.owned);
	assert_int_equal(r->seg.dst.port, 25);
	assert_int_equal(r->seg.header_len, 20);
	free(r->seg.owned);
	r->seg.owned = NULL;
}

/* --- orders -------------------------------------------------------------- */

static const struct piece pieces[4] = {
	{ 0, 8, true, 0, 1 }, /* not even all of the TCP header */
	{ 8, 48, true, 0, 1 },
	{ 56, 32, true, 0, 1 },
	{ 88, 32, false, 0, 1 },
};

/* The n-th order of 4. */
static void order(unsigned n, size_t at_r[4])
{
	size_t left[4] = { 0, 1, 2, 3 };

	for (unsigned i = 4; i > 0; i--) {
		unsigned k = n % i;

		n /= i;
		at_r[4 - i] = left[k];
		memmove(&left[k], &left[k + 1],
		    (3 - k) * sizeof(left[0]));
	}
}

static void check_order(uint8_t family, unsigned n, bool twice)
{
	enum net_result result = NET_NOTHING;
	size_t at[4];
	struct run r;

	order(n, at);
	run_init(&r, plain);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(result, NET_NOTHING);
		result = add_piece(&r, family, pieces[at[i]]);
		if (twice && i < 3)
			assert_int_equal(add_piece(&r, family, pieces[at[i]]),
			    NET_NOTHING);
	}
	assert_int_equal(result, NET_SEGMENT);
	/* Made for the IPv4 addresses. */
	assert_int_equal(net_checksum_is_bad(&r.seg), family == 6);
	assert_int_equal(r.seg.anomalies, 0);
	check_whole(&r);
	/* A copy behind the completion begins nothing new. */
	if (twice)
		assert_int_equal(add_piece(&r, family, pieces[at[3]]),
		    NET_NOTHING);
	net_finish(r.net);
	assert_counted(&r, ACCOUNT_FRAGMENTS, twice ? 8 : 4);
	assert_counted(&r, ACCOUNT_FRAMES_DUPLICATE, twice ? 4 : 0);
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, 0);
	assert_counted(&r, ACCOUNT_FRAGMENTS_OVERLAP, 0);
	run_fini(&r);
}

static void test_orders(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 24; n++) {
		check_order(4, n, false);
		check_order(6, n, false);
		check_order(4, n, true);
		check_order(6, n, true);
	}
}

/* As small as can be, in both directions and shuffled. */
static void test_tiny(void **state)
{
	(void)state;
	for (size_t step = 1; step < 15; step += 2) {
		enum net_result result = NET_NOTHING;
		struct run r;

		run_init(&r, plain);
		for (size_t i = 0; i < 15; i++) {
			struct piece piece = { i * step % 15 * 8, 8, true, 0,
			    1 };

			if (step % 3 == 0 || step % 5 == 0)
				piece.off = (14 - i) * 8;
			piece.more = piece.off < 112;
			assert_int_equal(result, NET_NOTHING);
			result = add_piece(&r, 4, piece);
		}
		assert_int_equal(result, NET_SEGMENT);
		check_whole(&r);
		run_fini(&r);
	}
}

/* Two datagrams at once, told apart by id. */
static void test_ids(void **state)
{
	struct piece first = { 0, 56, true, 0, 1 };
	struct piece last = { 56, WHOLE - 56, false, 0, 1 };
	struct run r;

	(void)state;
	run_init(&r, plain);
	for (int i = 0; i < 2; i++) {
		first.id = (uint16_t)(1 + i);
		assert_int_equal(add_piece(&r, 6, first), NET_NOTHING);
		assert_int_equal(add_piece(&r, 4, first), NET_NOTHING);
	}
	for (int i = 0; i < 2; i++) {
		last.id = (uint16_t)(2 - i);
		assert_int_equal(add_piece(&r, 4, last), NET_SEGMENT);
		check_whole(&r);
		assert_int_equal(add_piece(&r, 6, last), NET_SEGMENT);
		check_whole(&r);
	}
	run_fini(&r);
}

/* Equal but for VLAN: not mixed, unless VLANs are ignored. */
static void test_vlans(void **state)
{
	static struct build b;
	struct net_options options = plain;
	struct run r;

	(void)state;
	for (int ignore = 0; ignore < 2; ignore++) {
		options.ignore_vlan = ignore == 1;
		run_init(&r, options);
		make_piece(&b, 4, (struct piece){ 0, 56, true, 0, 1 });
		add_vlan(&b, 7, 0x0800);
		add_ethernet(&b, 0x8100);
		assert_int_equal(run_build(&r, 1, &b), NET_NOTHING);
		make_piece(&b, 4, (struct piece){ 56, WHOLE - 56, false, 0,
		    1 });
		add_vlan(&b, 8, 0x0800);
		add_ethernet(&b, 0x8100);
		assert_int_equal(run_build(&r, 1, &b),
		    ignore ? NET_SEGMENT : NET_NOTHING);
		if (ignore)
			check_whole(&r);
		run_fini(&r);
	}
}

/* A fragmented tunnel, in which there is a fragmented datagram. */
static void test_tunnel(void **state)
{
	static struct build b, outer;
	enum net_result result = NET_NOTHING;
	struct run r;

	(void)state;
	run_init(&r, plain);
	for (int i = 0; i < 4; i++) {
		make_piece(&b, 6, i < 2 ?
		    (struct piece){ 0, 56, true, 0, 1 } :
		    (struct piece){ 56, WHOLE - 56, false, 0, 1 });
		build_init(&outer);
		add_octets(&outer, b.space + b.at + i % 2 * 48,
		    i % 2 ? build_len(&b) - 48 : 48);
		add_ip4(&outer, 9, 41);
		put16(outer.space + outer.at + 4, (size_t)(i / 2));
		put16(outer.space + outer.at + 6, i % 2 ? 6 : 0x2000);
		assert_int_equal(result, NET_NOTHING);
		result = run_build(&r, 101, &outer);
	}
	assert_int_equal(result, NET_SEGMENT);
	assert_int_not_equal(r.seg.tunnel_tag, 0);
	check_whole(&r);
	assert_counted(&r, ACCOUNT_FRAGMENTS, 6);
	run_fini(&r);
}

/* A datagram that turns out to be no TCP leaks nothing. */
static void test_useless(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	run_init(&r, plain);
	for (int i = 0; i < 2; i++) {
		build_init(&b);
		build_add(&b, 16);
		add_ip4(&b, 0, 17);
		put16(b.space + b.at + 6, i ? 2 : 0x2000);
		assert_int_equal(run_build(&r, 101, &b), NET_NOTHING);
	}
	assert_counted(&r, ACCOUNT_FRAGMENTS, 2);
	assert_counted(&r, ACCOUNT_FRAMES_NOT_TCP, 1);
	/* Not worth keeping at all. */
	b.space[b.at + 9] = 50;
	assert_int_equal(run_build(&r, 101, &b), NET_NOTHING);
	assert_counted(&r, ACCOUNT_FRAGMENTS, 2);
	assert_counted(&r, ACCOUNT_FRAMES_NOT_TCP, 2);
	run_fini(&r);
}

/* --- overlaps ------------------------------------------------------------ */

/* IPv4: the first octets win. */
static void test_overlap4(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, plain);
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0, 1 });
	add_piece(&r, 4, (struct piece){ 96, WHOLE - 96, false, 0, 1 });
	assert_int_equal(add_piece(&r, 4,
	    (struct piece){ 24, 64, true, 0xee, 1 }), NET_NOTHING);
	assert_int_equal(add_piece(&r, 4,
	    (struct piece){ 80, 24, true, 0, 1 }), NET_SEGMENT);
	assert_int_equal(r.seg.anomalies,
	    ANOMALY_BIT(ANOMALY_FRAGMENT_OVERLAP));
	assert_counted(&r, ACCOUNT_FRAGMENTS_OVERLAP, 2);
	assert_memory_equal(r.seg.payload.p, whole + 20, 36);
	for (size_t i = 56; i < 88; i++)
		assert_int_equal(r.seg.payload.p[i - 20], 0xee);
	assert_memory_equal(r.seg.payload.p + 68, whole + 88, WHOLE - 88);
	assert_true(net_checksum_is_bad(&r.seg));
	free(r.seg.owned);
	run_fini(&r);
}

/* The whole of an old one with other octets is an overlap too. */
static void test_overlap_differs(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, plain);
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0, 1 });
	add_piece(&r, 4, (struct piece){ 48, 8, true, 0xee, 1 });
	assert_counted(&r, ACCOUNT_FRAGMENTS_OVERLAP, 1);
	assert_int_equal(add_piece(&r, 4,
	    (struct piece){ 56, WHOLE - 56, false, 0, 1 }), NET_SEGMENT);
	assert_int_equal(r.seg.anomalies,
	    ANOMALY_BIT(ANOMALY_FRAGMENT_OVERLAP));
	check_whole(&r);
	run_fini(&r);
}

/* IPv6: RFC 5722, nothing more comes of the datagram. */
static void test_overlap6(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, plain);
	add_piece(&r, 6, (struct piece){ 0, 56, true, 0, 1 });
	add_piece(&r, 6, (struct piece){ 48, 16, true, 0, 1 });
	assert_counted(&r, ACCOUNT_FRAGMENTS_OVERLAP, 1);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(add_piece(&r, 6, pieces[i]), NET_NOTHING);
	assert_counted(&r, ACCOUNT_FRAGMENTS_OVERLAP, 1);
	net_finish(r.net);
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, 1);
	run_fini(&r);
}

/* --- contradictions ------------------------------------------------------ */

static void check_bad(uint8_t family, struct piece first, struct piece bad)
{
	struct run r;

	run_init(&r, plain);
	add_piece(&r, family, first);
	assert_counted(&r, ACCOUNT_FRAMES_MALFORMED, 0);
	assert_int_equal(add_piece(&r, family, bad), NET_NOTHING);
	assert_counted(&r, ACCOUNT_FRAMES_MALFORMED, 1);
	assert_counted(&r, ACCOUNT_FRAGMENTS, 2);
	run_fini(&r);
}

static void test_contradictions(void **state)
{
	const struct piece first = { 0, 56, true, 0, 1 };
	const struct piece last = { 56, 60, false, 0, 1 };

	(void)state;
	for (uint8_t family = 4; family <= 6; family += 2) {
		/* Two ends, an end before the end, octets beyond it */
		check_bad(family, last,
		    (struct piece){ 56, 59, false, 0, 1 });
		check_bad(family, last,
		    (struct piece){ 56, 61, false, 0, 1 });
		check_bad(family, first,
		    (struct piece){ 8, 40, false, 0, 1 });
		check_bad(family, last,
		    (struct piece){ 112, 8, true, 0, 1 });
		/* Nothing at all */
		check_bad(family, first, (struct piece){ 56, 0, true, 0, 1 });
		check_bad(family, first,
		    (struct piece){ 56, 0, false, 0, 1 });
		/* Beyond what a datagram can be */
		check_bad(family, first,
		    (struct piece){ 65528, 8, false, 1, 1 });
	}
	/* Less than the unit */
	check_bad(4, first, (struct piece){ 56, 7, true, 0, 1 });
	check_bad(6, first, (struct piece){ 56, 7, true, 0, 1 });
	check_bad(6, first, (struct piece){ 56, 15, true, 0, 1 });
}

/* IPv4: what is over the unit is cut off. */
static void test_uneven(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, plain);
	add_piece(&r, 4, (struct piece){ 0, 61, true, 0, 1 });
	assert_int_equal(add_piece(&r, 4,
	    (struct piece){ 56, WHOLE - 56, false, 0, 1 }), NET_SEGMENT);
	assert_counted(&r, ACCOUNT_FRAGMENTS_OVERLAP, 0);
	check_whole(&r);
	run_fini(&r);
}

/* The longest there can be. */
static void test_longest(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, plain);
	for (size_t off = 0; off < 65528; off += 8)
		assert_int_equal(add_piece(&r, 4, (struct piece){ off, 8,
		    true, 0x55, 1 }), NET_NOTHING);
	assert_int_equal(add_piece(&r, 4,
	    (struct piece){ 65528, 7, false, 0x55, 1 }), NET_SEGMENT);
	/* 0x55: a header of 20 octets */
	assert_int_equal(r.seg.payload_len, 65515);
	free(r.seg.owned);
	run_fini(&r);
}

/* A length of 0 fits no fragment. */
static void test_offloaded(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	run_init(&r, plain);
	make_piece(&b, 4, pieces[0]);
	put16(b.space + b.at + 2, 0);
	assert_int_equal(run_build(&r, 101, &b), NET_NOTHING);
	make_piece(&b, 6, pieces[0]);
	put16(b.space + b.at + 4, 0);
	assert_int_equal(run_build(&r, 101, &b), NET_NOTHING);
	assert_counted(&r, ACCOUNT_FRAMES_MALFORMED, 2);
	run_fini(&r);
}

/* --- snapped ------------------------------------------------------------- */

static void test_snapped(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	run_init(&r, plain);
	make_piece(&b, 4, (struct piece){ 0, 56, true, 0, 1 });
	/* 40 octets of IP's payload: TCP's header and 20 of its payload */
	assert_int_equal(run_octets(&r, 101, b.space + b.at, 60,
	    build_len(&b)), NET_NOTHING);
	assert_int_equal(add_piece(&r, 4,
	    (struct piece){ 56, WHOLE - 56, false, 0, 1 }), NET_SEGMENT);
	assert_int_equal(r.seg.payload_len, LEN);
	assert_int_equal(r.seg.payload.len, 20);
	assert_memory_equal(r.seg.payload.p, whole + 20, 20);
	assert_int_equal(r.seg.anomalies, ANOMALY_BIT(ANOMALY_SNAPPED));
	assert_counted(&r, ACCOUNT_FRAMES_SNAPPED, 1);
	assert_int_equal(r.seg.header_len, 0);
	free(r.seg.owned);
	run_fini(&r);
}

/* --- limits -------------------------------------------------------------- */

static void test_expiry(void **state)
{
	const struct piece last = { 56, WHOLE - 56, false, 0, 1 };
	struct run r;

	(void)state;
	run_init(&r, plain);
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0xee, 1 });
	r.ts_ns += LIMIT_FRAGMENT_NS;
	add_piece(&r, 4, (struct piece){ 0, 8, true, 0xee, 2 });
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, 0);
	/* The same id, a nanosecond too late: another datagram. */
	r.ts_ns++;
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0, 1 });
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, 1);
	assert_int_equal(add_piece(&r, 4, last), NET_SEGMENT);
	check_whole(&r);
	/* Time that goes back as far is another time too. */
	r.ts_ns -= 2 * LIMIT_FRAGMENT_NS;
	add_piece(&r, 4, last);
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, 2);
	net_finish(r.net);
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, 3);
	run_fini(&r);
}

static void test_times(void **state)
{
	static const int64_t times[] = { SW_NO_TIME, INT64_MAX, 0,
	    SW_NO_TIME + 1, SW_NO_TIME };
	struct run r;

	(void)state;
	run_init(&r, plain);
	for (size_t i = 0; i < 5; i++) {
		r.ts_ns = times[i];
		assert_int_equal(add_piece(&r, 4,
		    (struct piece){ 0, 56, true, 0, (uint16_t)i }),
		    NET_NOTHING);
	}
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, 0);
	r.ts_ns = SW_NO_TIME;
	assert_int_equal(add_piece(&r, 4,
	    (struct piece){ 56, WHOLE - 56, false, 0, 4 }), NET_SEGMENT);
	check_whole(&r);
	run_fini(&r);
}

/* One behind the oldest is too old, which is not: times went back. */
static void test_times_mixed(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, plain);
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0, 1 });
	r.ts_ns -= 50 * SECOND;
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0xee, 2 });
	r.ts_ns += 70 * SECOND;
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0, 2 });
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, 1);
	assert_int_equal(add_piece(&r, 4, (struct piece){ 56, WHOLE - 56,
	    false, 0, 2 }), NET_SEGMENT);
	check_whole(&r);
	run_fini(&r);
}

/* An id that comes again later is no copy. */
static void test_id_again(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, plain);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(add_piece(&r, 4,
		    (struct piece){ 0, 56, true, 0, 1 }), NET_NOTHING);
		assert_int_equal(add_piece(&r, 4, (struct piece){ 56,
		    WHOLE - 56, false, 0, 1 }), NET_SEGMENT);
		check_whole(&r);
		r.ts_ns += 2 * SECOND;
	}
	assert_counted(&r, ACCOUNT_FRAMES_DUPLICATE, 0);
	run_fini(&r);
}

static void test_limit_datagrams(void **state)
{
	struct run r;
	enum { MORE = 100 };

	(void)state;
	run_init(&r, plain);
	for (size_t i = 0; i < LIMIT_FRAGMENT_DATAGRAMS + MORE; i++)
		add_piece(&r, 4, (struct piece){ 0, 56, true, 0,
		    (uint16_t)i });
	assert_counted(&r, ACCOUNT_FRAGMENTS_LIMIT, MORE);
	/* The oldest went, the others are there. */
	assert_int_equal(add_piece(&r, 4, (struct piece){ 56, WHOLE - 56,
	    false, 0, MORE }), NET_SEGMENT);
	check_whole(&r);
	assert_int_equal(add_piece(&r, 4, (struct piece){ 56, WHOLE - 56,
	    false, 0, 0 }), NET_NOTHING);
	net_finish(r.net);
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE,
	    LIMIT_FRAGMENT_DATAGRAMS);
	run_fini(&r);
}

static void test_limit_octets(void **state)
{
	struct run r;
	const uint64_t n = 1000;

	(void)state;
	run_init(&r, plain);
	for (uint64_t i = 0; i < n; i++)
		add_piece(&r, 4, (struct piece){ 60000, 8, true, 0x55,
		    (uint16_t)i });
	/* At most so many of 60 KB. */
	assert_true(r.account.counters[ACCOUNT_FRAGMENTS_LIMIT] >=
	    n - LIMIT_FRAGMENT_OCTETS / 60000);
	assert_true(r.account.counters[ACCOUNT_FRAGMENTS_LIMIT] < n - 100);
	run_fini(&r);
}

/* The oldest one grows: the one behind it goes. */
static void test_limit_growth(void **state)
{
	const uint16_t n = LIMIT_FRAGMENT_OCTETS / 61200;
	struct run r;

	(void)state;
	run_init(&r, plain);
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0, 0 });
	for (uint16_t i = 1; i <= n; i++)
		add_piece(&r, 4, (struct piece){ 60000, 8, true, 0x55, i });
	assert_counted(&r, ACCOUNT_FRAGMENTS_LIMIT, 0);
	add_piece(&r, 4, (struct piece){ 64000, 8, true, 0x55, 0 });
	assert_counted(&r, ACCOUNT_FRAGMENTS_LIMIT, 1);
	add_piece(&r, 4, (struct piece){ 0, 56, true, 0, 0 });
	assert_counted(&r, ACCOUNT_FRAMES_DUPLICATE, 1);
	net_finish(r.net);
	assert_counted(&r, ACCOUNT_FRAGMENTS_INCOMPLETE, n);
	run_fini(&r);
}

/* --- other kinds --------------------------------------------------------- */

/* The next header is that of the first fragment (RFC 8200 4.5). */
static void test_next_header(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	run_init(&r, plain);
	make_piece(&b, 6, (struct piece){ 56, WHOLE - 56, false, 0, 1 });
	b.space[b.at + 40] = 17;
	assert_int_equal(run_build(&r, 101, &b), NET_NOTHING);
	assert_int_equal(add_piece(&r, 6, (struct piece){ 0, 56, true, 0,
	    1 }), NET_SEGMENT);
	check_whole(&r);
	/* In IPv4 the protocol is part of what tells datagrams apart. */
	make_piece(&b, 4, (struct piece){ 56, WHOLE - 56, false, 0, 1 });
	b.space[b.at + 9] = 17;
	assert_int_equal(run_build(&r, 101, &b), NET_NOTHING);
	assert_int_equal(add_piece(&r, 4, (struct piece){ 0, 56, true, 0,
	    1 }), NET_NOTHING);
	run_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_tiny),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_useless),
		cmocka_unit_test(test_overlap4),
		cmocka_unit_test(test_overlap_differs),
		cmocka_unit_test(test_overlap6),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_uneven),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_offloaded),
		cmocka_unit_test(test_snapped),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_times_mixed),
		cmocka_unit_test(test_id_again),
		cmocka_unit_test(test_limit_datagrams),
		cmocka_unit_test(test_limit_octets),
		cmocka_unit_test(test_limit_growth),
		cmocka_unit_test(test_next_header),
	};

	return cmocka_run_group_tests(tests, make_whole, NULL);
}
