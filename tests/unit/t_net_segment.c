/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_net_segment.c - IP lengths, TCP headers, checksums, ICMP errors */
#include "net_frames.h"

static const struct net_options plain = { .secret = 1 };

/* Decode once; r stays open for the segment's sake. */
static enum net_result decode(struct run *r, const struct build *b,
    size_t captured)
{
	run_init(r, plain);
	return run_octets(r, 101, b->space + b->at, captured, build_len(b));
}

static void check_drop(const struct build *b, size_t captured,
    enum account_counter c)
{
	struct run r;

	assert_int_equal(decode(&r, b, captured), NET_NOTHING);
	assert_counted(&r, c, 1);
	assert_int_equal(run_counted(&r), 1);
	run_fini(&r);
}

/* --- TCP ----------------------------------------------------------------- */

static void test_flags(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	build_init(&b);
	add_tcp(&b, 0xff, NULL, 0);
	put16(b.space + b.at + 18, 1); /* urgent pointer: not looked at */
	add_ip4(&b, 0, 6);
	b.space[b.at + 20 + 12] |= 0x0f; /* reserved bits */
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_SEGMENT);
	assert_int_equal(r.seg.flags, TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH |
	    TCP_ACK | TCP_URG);
	assert_int_equal(r.seg.payload_len, 0);
	assert_int_equal(r.seg.payload.len, 0);
	assert_int_equal(r.seg.origin.at, 1);
	run_fini(&r);
}

static void check_options(uint8_t flags, const char *options, size_t len,
    uint16_t mss, uint8_t scale)
{
	static struct build b;
	struct run r;

	build_init(&b);
	add_octets(&b, "x", 1);
	add_tcp(&b, flags, options, len);
	add_ip4(&b, 0, 6);
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_SEGMENT);
	assert_int_equal(r.seg.mss, mss);
	assert_int_equal(r.seg.window_scale, scale);
	assert_int_equal(r.seg.payload.len, 1);
	assert_int_equal(*r.seg.payload.p, 'x');
	run_fini(&r);
}
#define OPTIONS(flags, text, mss, scale) \
	check_options(flags, text, sizeof(text) - 1, mss, scale)

static void test_options(void **state)
{
	(void)state;
	OPTIONS(TCP_SYN, "\x02\x04\x05\xb4\x01\x03\x03\x07", 1460, 7);
	OPTIONS(TCP_SYN | TCP_ACK, "\x01\x03\x03\x00\x02\x04\x05\xdc",
	    1500, 0);
	/* Linux: MSS, SACK, time stamps, nop, scale */
	OPTIONS(TCP_SYN, "\x02\x04\x05\xb4\x04\x02\x08\x0a\1\2\3\4\0\0\0\0"
	    "\x01\x03\x03\x0a", 1460, 10);
	/* Only a SYN has them. */
	OPTIONS(TCP_ACK, "\x02\x04\x05\xb4\x01\x03\x03\x07", 0, 255);
	OPTIONS(TCP_SYN, "", 0, 255);
	/* RFC 7323: over 14 is 14 */
	OPTIONS(TCP_SYN, "\x03\x03\xc8\x00", 0, 14);
	OPTIONS(TCP_SYN, "\x03\x03\xff\x00", 0, 14);
	/* The end, and damage: wrong length, zero length, beyond the end */
	OPTIONS(TCP_SYN, "\x00\x04\x05\xb4\x02\x04\x05\xb4", 0, 255);
	OPTIONS(TCP_SYN, "\x02\x03\x05\x01\x03\x03\x02\x01", 0, 2);
	OPTIONS(TCP_SYN, "\x05\x00\x02\x04\x05\xb4\x00\x00", 0, 255);
	OPTIONS(TCP_SYN, "\x05\x01\x02\x04\x05\xb4\x00\x00", 0, 255);
	OPTIONS(TCP_SYN, "\x03\x03\x02\x01\x01\x01\x02\x04", 0, 2);
	OPTIONS(TCP_SYN, "\x01\x01\x01\x02", 0, 255);
}

static void test_data_offset(void **state)
{
	static struct build b;
	struct run r;
	uint8_t *off;

	(void)state;
	build_init(&b);
	add_octets(&b, "12345678", 8);
	add_tcp(&b, TCP_ACK, NULL, 0);
	add_ip4(&b, 0, 6);
	off = b.space + b.at + 20 + 12;
	for (unsigned n = 0; n < 16; n++) {
		*off = (uint8_t)(n << 4);
		if (n < 5 || n > 7) {
			check_drop(&b, build_len(&b),
			    ACCOUNT_FRAMES_MALFORMED);
			continue;
		}
		assert_int_equal(decode(&r, &b, build_len(&b)), NET_SEGMENT);
		assert_int_equal(r.seg.payload.len, 28 - 4 * n);
		run_fini(&r);
	}
}

/* The options are cut off, the payload with them: still a segment. */
static void test_snapped_options(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	build_init(&b);
	add_octets(&b, "12345678", 8);
	add_tcp(&b, TCP_SYN, "\x02\x04\x05\xb4\x01\x03\x03\x07", 8);
	add_ip4(&b, 0, 6);
	check_drop(&b, 39, ACCOUNT_FRAMES_SNAPPED_HEADER);
	assert_int_equal(decode(&r, &b, 44), NET_SEGMENT);
	assert_int_equal(r.seg.mss, 1460);
	assert_int_equal(r.seg.window_scale, 255);
	assert_int_equal(r.seg.payload.len, 0);
	assert_int_equal(r.seg.payload_len, 8);
	assert_int_equal(r.seg.anomalies, ANOMALY_BIT(ANOMALY_SNAPPED));
	assert_int_equal(r.seg.header_len, 0);
	assert_false(net_checksum_is_bad(&r.seg));
	assert_counted(&r, ACCOUNT_FRAMES_SNAPPED, 1);
	run_fini(&r);
}

/* --- lengths ------------------------------------------------------------- */

static void make4(struct build *b, size_t payload)
{
	build_init(b);
	memset(build_add(b, payload), 'x', payload);
	add_tcp(b, TCP_ACK, NULL, 0);
	add_ip4(b, 0, 6);
}
static void make6(struct build *b, size_t payload)
{
	build_init(b);
	memset(build_add(b, payload), 'x', payload);
	add_tcp(b, TCP_ACK, NULL, 0);
	add_ip6(b, 0, 6);
}

static void test_padding(void **state)
{
	static struct build b;
	struct run r;
	uint8_t frame[100];

	(void)state;
	memset(frame, 0xee, sizeof(frame));
	make4(&b, 3);
	memcpy(frame, b.space + b.at, 43);
	run_init(&r, plain);
	assert_int_equal(run_octets(&r, 101, frame, 46, 46), NET_SEGMENT);
	assert_int_equal(r.seg.payload.len, 3);
	assert_int_equal(r.seg.payload_len, 3);
	assert_int_equal(r.seg.header_len, 20);
	make6(&b, 0);
	memcpy(frame, b.space + b.at, 60);
	assert_int_equal(run_octets(&r, 101, frame, 100, 100), NET_SEGMENT);
	assert_int_equal(r.seg.payload.len, 0);
	/* Only padding was cut: nothing is missing. */
	assert_int_equal(run_octets(&r, 101, frame, 60, 100), NET_SEGMENT);
	assert_int_equal(r.seg.anomalies, 0);
	assert_int_equal(r.seg.header_len, 20);
	assert_int_equal(run_counted(&r), 0);
	run_fini(&r);
}

/* IP says more than the frame holds. */
static void test_ip_longer(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	make4(&b, 3);
	put16(b.space + b.at + 2, 1500);
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_SEGMENT);
	assert_int_equal(r.seg.payload.len, 3);
	assert_int_equal(r.seg.payload_len, 1460);
	assert_int_equal(r.seg.anomalies, ANOMALY_BIT(ANOMALY_SNAPPED));
	run_fini(&r);
	make6(&b, 3);
	put16(b.space + b.at + 4, 65535);
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_SEGMENT);
	assert_int_equal(r.seg.payload_len, 65515);
	assert_int_equal(r.seg.payload.len, 3);
	run_fini(&r);
}

static void test_ip_shorter(void **state)
{
	static struct build b;

	(void)state;
	make4(&b, 3);
	put16(b.space + b.at + 2, 19);
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_MALFORMED);
	put16(b.space + b.at + 2, 20);
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_MALFORMED);
	put16(b.space + b.at + 2, 39);
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_MALFORMED);
	make4(&b, 3);
	b.space[b.at] = 0x44;
	b.space[b.at + 28] = 0x50; /* would be a data offset then */
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_MALFORMED);
	b.space[b.at] = 0x4f;
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_MALFORMED);
	put16(b.space + b.at + 2, 24);
	check_drop(&b, 22, ACCOUNT_FRAMES_MALFORMED);
	make6(&b, 3);
	put16(b.space + b.at + 4, 19);
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_MALFORMED);
}

/* Segmentation offload: a length of 0, the frame is the datagram. */
static void test_offloaded(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	make4(&b, 66000);
	put16(b.space + b.at + 2, 0);
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_SEGMENT);
	assert_int_equal(r.seg.payload.len, 66000);
	assert_int_equal(r.seg.payload_len, 66000);
	assert_int_equal(r.seg.anomalies, 0);
	assert_int_equal(r.seg.header_len, 0);
	run_fini(&r);
	assert_int_equal(decode(&r, &b, 100), NET_SEGMENT);
	assert_int_equal(r.seg.payload.len, 60);
	assert_int_equal(r.seg.payload_len, 66000);
	run_fini(&r);
	make6(&b, 66000);
	put16(b.space + b.at + 4, 0);
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_SEGMENT);
	assert_int_equal(r.seg.payload.len, 66000);
	run_fini(&r);
	/* A frame that claims to be longer than any card takes. */
	make4(&b, 3);
	put16(b.space + b.at + 2, 0);
	run_init(&r, plain);
	assert_int_equal(run_octets(&r, 101, b.space + b.at, 43, UINT32_MAX),
	    NET_NOTHING);
	assert_counted(&r, ACCOUNT_FRAMES_MALFORMED, 1);
	run_fini(&r);
}

static void test_extension_beyond(void **state)
{
	static struct build b;

	(void)state;
	build_init(&b);
	add_tcp(&b, TCP_ACK, NULL, 0);
	add_octets(&b, "\x06\x02\x01\x04\0\0\0\0", 8);
	add_ip6(&b, 0, 60);
	/* 24 octets of options, 4 of TCP left */
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_MALFORMED);
	b.space[b.at + 41] = 255;
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_MALFORMED);
	check_drop(&b, build_len(&b) - 1, ACCOUNT_FRAMES_SNAPPED_HEADER);
}

/* Frame anomalies go on to the segment. */
static void test_frame_anomalies(void **state)
{
	static struct build b;
	struct run r;
	struct frame frame = { .number = 5, .link_type = 101,
	    .anomalies = ANOMALY_BIT(ANOMALY_FRAMES_DROPPED) |
	    ANOMALY_BIT(ANOMALY_SNAPPED) };

	(void)state;
	make4(&b, 3);
	frame.octets = slice_make(b.space + b.at, build_len(&b));
	frame.wire_len = 10; /* less than captured: not believed */
	run_init(&r, plain);
	r.seg.origin = (struct origin){ 5, 0, 3 };
	assert_int_equal(net_decode(r.net, &frame, &r.seg, &r.icmp),
	    NET_SEGMENT);
	assert_int_equal(r.seg.anomalies,
	    ANOMALY_BIT(ANOMALY_FRAMES_DROPPED));
	assert_int_equal(r.seg.origin.part, 3);
	assert_int_equal(r.seg.payload.len, 3);
	put16(b.space + b.at + 2, 0);
	assert_int_equal(net_decode(r.net, &frame, &r.seg, &r.icmp),
	    NET_SEGMENT);
	assert_int_equal(r.seg.payload_len, 3);
	run_fini(&r);
}

/* --- checksums ----------------------------------------------------------- */

static void check_sums(struct build *b, size_t ip_len)
{
	struct net_options verify = { .secret = 1, .verify_checksums = true };
	uint8_t *sum = b->space + b->at + ip_len + 16;
	struct run r;

	set_checksum(b, 0, ip_len);
	run_init(&r, verify);
	assert_int_equal(run_build(&r, 101, b), NET_SEGMENT);
	assert_false(net_checksum_is_bad(&r.seg));
	for (int bit = 0; bit < 16; bit++) {
		sum[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(run_build(&r, 101, b), NET_NOTHING);
		sum[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_counted(&r, ACCOUNT_FRAMES_BAD_CHECKSUM, 16);
	put16(sum, 0);
	assert_int_equal(run_build(&r, 101, b), NET_NOTHING);
	/* Cut by the snap length: cannot be verified, is kept. */
	assert_int_equal(run_octets(&r, 101, b->space + b->at, ip_len + 20,
	    build_len(b)), NET_SEGMENT);
	run_fini(&r);
	/* Without the option it is kept, and can be asked for. */
	run_init(&r, plain);
	assert_int_equal(run_build(&r, 101, b), NET_SEGMENT);
	assert_true(net_checksum_is_bad(&r.seg));
	run_fini(&r);
}

static void test_checksums(void **state)
{
	static struct build b;

	(void)state;
	for (size_t n = 1; n < 12; n++) {
		make4(&b, n);
		check_sums(&b, 20);
		make6(&b, n);
		check_sums(&b, 40);
	}
	make4(&b, 65000);
	check_sums(&b, 20);
	make6(&b, 65000);
	check_sums(&b, 40);
}

static void test_ip_checksum(void **state)
{
	struct net_options verify = { .secret = 1, .verify_checksums = true };
	static struct build b;
	struct run r;

	(void)state;
	make4(&b, 5);
	set_checksum(&b, 0, 20);
	b.space[b.at + 8]++;
	run_init(&r, verify);
	assert_int_equal(run_build(&r, 101, &b), NET_NOTHING);
	assert_counted(&r, ACCOUNT_FRAMES_BAD_CHECKSUM, 1);
	run_fini(&r);
	run_init(&r, plain);
	assert_int_equal(run_build(&r, 101, &b), NET_SEGMENT);
	run_fini(&r);
}

/* --- ICMP ---------------------------------------------------------------- */

/* An error of the host in between, quoting `quoted` octets of a segment. */
static void make_icmp4(struct build *b, uint8_t type, uint8_t code,
    size_t quoted, bool eight_only)
{
	static struct build inner;
	uint8_t *h;

	make4(&inner, 50);
	build_init(b);
	if (eight_only)
		quoted = 28;
	add_octets(b, inner.space + inner.at, quoted);
	h = build_add(b, 8);
	h[0] = type;
	h[1] = code;
	put16(h + 6, 1280);
	add_ip4(b, 7, 1);
}

static void check_icmp(const struct icmp_error *e, uint8_t family,
    uint8_t type, uint8_t code, uint32_t mtu)
{
	assert_int_equal(e->type, type);
	assert_int_equal(e->code, code);
	assert_int_equal(e->mtu, mtu);
	assert_int_equal(e->src.family, family);
	assert_int_equal(e->src.port, 40000);
	assert_int_equal(e->dst.port, 25);
	assert_int_equal(e->src.ip[family == 4 ? 3 : 15], 1);
	assert_int_equal(e->dst.ip[family == 4 ? 3 : 15], 2);
	assert_int_equal(e->origin.at, 1);
	assert_int_equal(e->vlan_tag, 0);
	assert_int_equal(e->tunnel_tag, 0);
}

static void test_icmp4(void **state)
{
	static const struct {
		uint8_t type, code;
		uint32_t mtu;
	} errors[] = {
		{ 3, 1, 0 }, { 3, 3, 0 }, { 3, 4, 1280 }, { 11, 0, 0 },
		{ 12, 0, 0 }
	};
	static struct build b;
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		make_icmp4(&b, errors[i].type, errors[i].code, 0, true);
		assert_int_equal(decode(&r, &b, build_len(&b)), NET_ICMP);
		check_icmp(&r.icmp, 4, errors[i].type, errors[i].code,
		    errors[i].mtu);
		assert_int_equal(run_counted(&r), 0);
		run_fini(&r);
	}
	for (uint8_t type = 0; type < 20; type++) {
		make_icmp4(&b, type, 0, 90, false);
		if (type != 3 && type != 11 && type != 12)
			check_drop(&b, build_len(&b), ACCOUNT_FRAMES_NOT_TCP);
	}
}

/* Quoted less than the ports, or something else than TCP. */
static void test_icmp_useless(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	for (size_t n = 0; n <= 90; n++) {
		make_icmp4(&b, 3, 1, n, false);
		if (n < 24) {
			check_drop(&b, build_len(&b), ACCOUNT_FRAMES_NOT_TCP);
			continue;
		}
		assert_int_equal(decode(&r, &b, build_len(&b)), NET_ICMP);
		run_fini(&r);
	}
	for (int protocol = 0; protocol < 256; protocol++) {
		make_icmp4(&b, 3, 1, 40, false);
		b.space[b.at + 28 + 9] = (uint8_t)protocol;
		run_init(&r, plain);
		assert_int_equal(run_build(&r, 101, &b) == NET_ICMP,
		    protocol == 6);
		run_fini(&r);
	}
}

/* A first fragment has the ports, a later one has not; neither is kept. */
static void test_icmp_fragment(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	make_icmp4(&b, 11, 1, 60, false);
	put16(b.space + b.at + 28 + 6, 0x2000);
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_ICMP);
	run_fini(&r);
	put16(b.space + b.at + 28 + 6, 0x2001);
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_NOT_TCP);
}

static void make_icmp6(struct build *b, uint8_t type, uint8_t code)
{
	uint8_t *h;

	make6(b, 50);
	h = build_add(b, 8);
	h[0] = type;
	h[1] = code;
	put32(h + 4, 1280);
	add_ip6(b, 7, 58);
}

static void test_icmp6(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	for (uint8_t type = 0; type < 10; type++) {
		make_icmp6(&b, type, 3);
		if (type < 1 || type > 4) {
			check_drop(&b, build_len(&b), ACCOUNT_FRAMES_NOT_TCP);
			continue;
		}
		assert_int_equal(decode(&r, &b, build_len(&b)), NET_ICMP);
		check_icmp(&r.icmp, 6, type, 3, type == 2 ? 1280 : 0);
		run_fini(&r);
	}
	/* ICMPv6 has no place in IPv4. */
	make6(&b, 50);
	memcpy(build_add(&b, 8), "\1\0\0\0\0\0\0\0", 8);
	add_ip4(&b, 7, 58);
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_NOT_TCP);
}

/* An error about the outside of a tunnel is one about what is inside. */
static void test_icmp_tunnel(void **state)
{
	static struct build b;
	struct run r;
	uint32_t tag;
	uint8_t *h;

	(void)state;
	make4(&b, 50);
	add_ip4(&b, 9, 4);
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_SEGMENT);
	tag = r.seg.tunnel_tag;
	run_fini(&r);
	h = build_add(&b, 8);
	h[0] = 3;
	add_ip4(&b, 7, 1);
	assert_int_equal(decode(&r, &b, build_len(&b)), NET_ICMP);
	assert_int_equal(r.icmp.tunnel_tag, tag);
	assert_int_not_equal(tag, 0);
	run_fini(&r);
}

/* Routers alter what they quote: no checksum of it counts. */
static void test_icmp_checksum(void **state)
{
	struct net_options verify = { .secret = 1, .verify_checksums = true };
	static struct build b;
	struct run r;

	(void)state;
	make_icmp4(&b, 3, 1, 40, false);
	b.space[b.at + 28 + 8] = 0;
	run_init(&r, verify);
	assert_int_equal(run_build(&r, 101, &b), NET_ICMP);
	run_fini(&r);
}

/* An error about an error does not exist. */
static void test_icmp_nested(void **state)
{
	static struct build b;
	uint8_t *h;

	(void)state;
	make_icmp4(&b, 3, 1, 40, false);
	h = build_add(&b, 8);
	h[0] = 3;
	add_ip4(&b, 7, 1);
	check_drop(&b, build_len(&b), ACCOUNT_FRAMES_NOT_TCP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_data_offset),
		cmocka_unit_test(test_snapped_options),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_ip_longer),
		cmocka_unit_test(test_ip_shorter),
		cmocka_unit_test(test_offloaded),
		cmocka_unit_test(test_extension_beyond),
		cmocka_unit_test(test_frame_anomalies),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_ip_checksum),
		cmocka_unit_test(test_icmp4),
		cmocka_unit_test(test_icmp_useless),
		cmocka_unit_test(test_icmp_fragment),
		cmocka_unit_test(test_icmp6),
		cmocka_unit_test(test_icmp_tunnel),
		cmocka_unit_test(test_icmp_checksum),
		cmocka_unit_test(test_icmp_nested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
