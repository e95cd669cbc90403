/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_net_link.c - every encapsulation, whole, cut and damaged */
#include "net_cases.h"

#include "base/limits.h"

/* --- the encapsulations -------------------------------------------------- */

static void ethernet4(struct build *b)
{
	add_segment4(b);
	add_ethernet(b, 0x0800);
}
static void ethernet6(struct build *b)
{
	add_segment6(b);
	add_ethernet(b, 0x86dd);
}
static void ethernet_mistaken(struct build *b)
{
	add_segment6(b);
	add_ethernet(b, 0x0800);
}
static void ethernet_snap(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\xaa\xaa\x03\0\0\0\x08\0", 8);
	add_ethernet(b, (uint16_t)build_len(b));
}
static void ethernet_llc(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\x06\x06\x03", 3);
	add_ethernet(b, (uint16_t)build_len(b));
}
static void vlan_8100(struct build *b)
{
	add_segment4(b);
	/* The priority may differ between the directions. */
	add_vlan(b, b->back ? 0x2007 : 0x0007, 0x0800);
	add_ethernet(b, 0x8100);
}
static void vlan_snap(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\xaa\xaa\x03\0\0\xf8\x08\0", 8);
	add_vlan(b, 7, (uint16_t)build_len(b));
	add_ethernet(b, 0x8100);
}
static void vlan_priority(struct build *b)
{
	add_segment4(b);
	add_vlan(b, 0xe000, 0x0800);
	add_ethernet(b, 0x8100);
}
static void vlan_qinq(struct build *b)
{
	add_segment6(b);
	add_vlan(b, 7, 0x86dd);
	add_vlan(b, 9, 0x8100);
	add_ethernet(b, 0x88a8);
}
static void vlan_old(struct build *b)
{
	add_segment4(b);
	add_vlan(b, 1, 0x0800);
	add_vlan(b, 2, 0x9300);
	add_vlan(b, 3, 0x9200);
	add_ethernet(b, 0x9100);
}
static void add_sll(struct build *b, uint16_t hardware, uint16_t protocol)
{
	uint8_t *h = build_add(b, 16);

	put16(h + 2, hardware);
	put16(h + 14, protocol);
}
static void sll(struct build *b)
{
	add_segment4(b);
	add_sll(b, 1, 0x0800);
}
static void sll_vlan(struct build *b)
{
	add_segment6(b);
	add_vlan(b, 5, 0x86dd);
	add_sll(b, 1, 0x8100);
}
static void sll_llc(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\xaa\xaa\x03\0\0\0\x08\0", 8);
	add_sll(b, 1, 4);
}
static void sll2(struct build *b)
{
	uint8_t *h;

	add_segment6(b);
	h = build_add(b, 20);
	put16(h, 0x86dd);
	put16(h + 8, 1);
}
static void null_le(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\x02\0\0\0", 4);
}
static void null_be(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\0\0\0\x02", 4);
}
static void null6_darwin(struct build *b)
{
	add_segment6(b);
	add_octets(b, "\x1e\0\0\0", 4);
}
static void loop6_freebsd(struct build *b)
{
	add_segment6(b);
	add_octets(b, "\0\0\0\x1c", 4);
}
static void ppp_plain(struct build *b)
{
	add_segment4(b);
	add16(b, 0x0021);
}
static void ppp_hdlc(struct build *b)
{
	add_segment6(b);
	add16(b, 0x0057);
	add16(b, 0xff03);
}
static void ppp_compressed(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\x21", 1);
}
static void ppp_pppd(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\x01\x03\x00\x21", 4);
	b->space[b->at] = b->back;
}
static void ppp_dir(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\x01\xff\x03\x00\x21", 5);
	b->space[b->at] = b->back;
}
static void chdlc(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\x0f\0\x08\0", 4);
}
static void add_pppoe(struct build *b)
{
	uint8_t *h;
	size_t len;

	add_segment4(b);
	add16(b, 0x0021);
	len = build_len(b);
	h = build_add(b, 6);
	h[0] = 0x11;
	put16(h + 2, 77);
	put16(h + 4, len);
}
static void pppoe(struct build *b)
{
	add_pppoe(b);
	add_ethernet(b, 0x8864);
}
static void add_gre(struct build *b, uint16_t flags, uint16_t protocol)
{
	if (flags & 0x1000)
		put32(build_add(b, 4), 99);
	if (flags & 0x2000)
		put32(build_add(b, 4), 4711);
	if (flags & 0x8000)
		build_add(b, 4);
	add16(b, protocol);
	add16(b, flags);
	add_ip4(b, 9, 47);
}
static void gre4(struct build *b)
{
	add_segment4(b);
	add_gre(b, 0, 0x0800);
}
static void gre_all(struct build *b)
{
	add_segment6(b);
	add_gre(b, 0xb000, 0x86dd);
}
static void gre_ethernet(struct build *b)
{
	ethernet4(b);
	add_gre(b, 0x2000, 0x6558);
}
static void gre_ppp(struct build *b)
{
	ppp_hdlc(b);
	add_gre(b, 0, 0x880b);
}
static void gre_wccp(struct build *b)
{
	add_segment4(b);
	build_add(b, 4);
	add_gre(b, 0, 0x883e);
}
static void erspan1(struct build *b)
{
	ethernet4(b);
	add_gre(b, 0, 0x88be);
}
static void erspan2(struct build *b)
{
	uint8_t *h;

	ethernet4(b);
	h = build_add(b, 8);
	h[0] = 0x10;
	h[3] = 5;
	add_gre(b, 0x1000, 0x88be);
}
static void erspan3(struct build *b)
{
	uint8_t *h;

	ethernet4(b);
	h = build_add(b, 12);
	h[0] = 0x20;
	h[3] = 5;
	add_gre(b, 0x1000, 0x22eb);
}
static void erspan3_ip(struct build *b)
{
	uint8_t *h;

	add_segment6(b);
	h = build_add(b, 20);
	h[0] = 0x20;
	h[3] = 5;
	put16(h + 10, 2 << 10 | 1);
	add_gre(b, 0x1000, 0x22eb);
}
static void ip4_in_ip4(struct build *b)
{
	add_segment4(b);
	add_ip4(b, 9, 4);
}
static void ip6_in_ip4(struct build *b)
{
	add_segment6(b);
	add_ip4(b, 9, 41);
}
static void ip4_in_ip6(struct build *b)
{
	add_segment4(b);
	add_ip6(b, 9, 4);
}
static void ip6_in_ip6(struct build *b)
{
	add_segment6(b);
	add_ip6(b, 9, 41);
}
static void add_vxlan(struct build *b, uint16_t port)
{
	uint8_t *h;
	size_t len;

	h = build_add(b, 8);
	h[0] = 0x08;
	h[6] = 42;
	len = build_len(b) + 8;
	h = build_add(b, 8);
	put16(h, b->back ? 50001 : 50000);
	put16(h + 2, port);
	put16(h + 4, len);
	add_ip4(b, 9, 17);
}
static void vxlan(struct build *b)
{
	ethernet4(b);
	add_vxlan(b, 4789);
	add_ethernet(b, 0x0800);
}
static void vxlan_linux(struct build *b)
{
	vlan_qinq(b);
	add_vxlan(b, 8472);
	add_ethernet(b, 0x0800);
}
static void ip4_options(struct build *b)
{
	uint8_t head[20], *h;

	add_segment4(b);
	memcpy(head, b->space + b->at, 20);
	b->at += 20;
	memset(build_add(b, 40), 1, 40);
	h = build_add(b, 20);
	memcpy(h, head, 20);
	h[0] = 0x4f;
	put16(h + 2, build_len(b));
}
static void ip6_extensions(struct build *b)
{
	add_octets(b, PAYLOAD, strlen(PAYLOAD));
	add_tcp(b, TCP_ACK, NULL, 0);
	/* AH of 24 octets, mobility of 8, atomic fragment, routing used up
	 * of 24, destination of 16, hop-by-hop of 8 */
	build_add(b, 24);
	b->space[b->at] = 6;
	b->space[b->at + 1] = 4;
	add_octets(b, "\x33\0\0\0\0\0\0\0", 8);
	add_octets(b, "\x87\0\0\0\0\0\0\x05", 8);
	build_add(b, 24);
	memcpy(b->space + b->at, "\x2c\x02\0\0", 4);
	build_add(b, 16);
	memcpy(b->space + b->at, "\x2b\x01\x01\x0c", 4);
	add_octets(b, "\x3c\0\x01\x04\0\0\0\0", 8);
	add_ip6(b, 0, 0);
}
static void ip4_ah(struct build *b)
{
	add_octets(b, PAYLOAD, strlen(PAYLOAD));
	add_tcp(b, TCP_ACK, NULL, 0);
	build_add(b, 24);
	b->space[b->at] = 6;
	b->space[b->at + 1] = 4;
	add_ip4(b, 0, 51);
}
/* The destination in the header is a hop, the last one is in the list. */
static void ip6_source_route(struct build *b)
{
	uint8_t *h;

	add_octets(b, PAYLOAD, strlen(PAYLOAD));
	add_tcp(b, TCP_ACK, NULL, 0);
	h = build_add(b, 40);
	h[0] = 6;
	h[1] = 4;
	h[3] = 1;
	address6(h + 8, 3, 3);
	address6(h + 24, 0, b->back ? 1 : 2);
	add_ip6(b, 0, 43);
	address6(b->space + b->at + 24, 3, 4);
}
/* Segment routing has the last one first. */
static void ip6_segment_route(struct build *b)
{
	ip6_source_route(b);
	b->space[b->at + 42] = 4;
	address6(b->space + b->at + 48, 0, b->back ? 1 : 2);
	address6(b->space + b->at + 64, 3, 3);
}

static const struct net_case cases[] = {
	{ "ethernet4", 1, ethernet4, 4, 0 },
	{ "ethernet6", 1, ethernet6, 6, 0 },
	{ "ethernet_mistaken", 1, ethernet_mistaken, 6, 0 },
	{ "ethernet_snap", 1, ethernet_snap, 4, 0 },
	{ "ethernet_llc", 1, ethernet_llc, 4, 0 },
	{ "vlan_8100", 1, vlan_8100, 4, VLAN },
	{ "vlan_snap", 1, vlan_snap, 4, VLAN },
	{ "vlan_priority", 1, vlan_priority, 4, 0 },
	{ "vlan_qinq", 1, vlan_qinq, 6, VLAN },
	{ "vlan_old", 1, vlan_old, 4, VLAN },
	{ "sll", 113, sll, 4, 0 },
	{ "sll_vlan", 113, sll_vlan, 6, VLAN },
	{ "sll_llc", 113, sll_llc, 4, 0 },
	{ "sll2", 276, sll2, 6, 0 },
	{ "null_le", 0, null_le, 4, 0 },
	{ "null_be", 0, null_be, 4, 0 },
	{ "null6_darwin", 0, null6_darwin, 6, 0 },
	{ "loop", 108, null_be, 4, 0 },
	{ "loop6_freebsd", 108, loop6_freebsd, 6, 0 },
	{ "raw4", 101, add_segment4, 4, 0 },
	{ "raw6", 101, add_segment6, 6, 0 },
	{ "raw_12", 12, add_segment4, 4, 0 },
	{ "raw_14", 14, add_segment6, 6, 0 },
	{ "ipv4", 228, add_segment4, 4, 0 },
	{ "ipv6", 229, add_segment6, 6, 0 },
	{ "ppp_plain", 9, ppp_plain, 4, 0 },
	{ "ppp_hdlc", 9, ppp_hdlc, 6, 0 },
	{ "ppp_compressed", 9, ppp_compressed, 4, 0 },
	{ "ppp_serial", 50, ppp_hdlc, 6, 0 },
	{ "ppp_serial_plain", 50, ppp_plain, 4, 0 },
	{ "ppp_serial_cisco", 50, chdlc, 4, 0 },
	{ "ppp_pppd", 166, ppp_pppd, 4, 0 },
	{ "ppp_with_dir", 204, ppp_dir, 4, 0 },
	{ "ppp_with_dir_plain", 204, ppp_pppd, 4, 0 },
	{ "chdlc", 104, chdlc, 4, 0 },
	{ "pppoe", 1, pppoe, 4, TUNNEL },
	{ "ppp_ether", 51, add_pppoe, 4, TUNNEL },
	{ "gre4", 101, gre4, 4, TUNNEL },
	{ "gre_all", 101, gre_all, 6, TUNNEL },
	{ "gre_ethernet", 101, gre_ethernet, 4, TUNNEL },
	{ "gre_ppp", 101, gre_ppp, 6, TUNNEL },
	{ "gre_wccp", 101, gre_wccp, 4, TUNNEL },
	{ "erspan1", 101, erspan1, 4, TUNNEL },
	{ "erspan2", 101, erspan2, 4, TUNNEL },
	{ "erspan3", 101, erspan3, 4, TUNNEL },
	{ "erspan3_ip", 101, erspan3_ip, 6, TUNNEL },
	{ "ip4_in_ip4", 101, ip4_in_ip4, 4, TUNNEL },
	{ "ip6_in_ip4", 101, ip6_in_ip4, 6, TUNNEL },
	{ "ip4_in_ip6", 101, ip4_in_ip6, 4, TUNNEL },
	{ "ip6_in_ip6", 101, ip6_in_ip6, 6, TUNNEL },
	{ "vxlan", 1, vxlan, 4, TUNNEL },
	{ "vxlan_linux", 1, vxlan_linux, 6, TUNNEL | VLAN },
	{ "ip4_options", 101, ip4_options, 4, 0 },
	{ "ip6_extensions", 101, ip6_extensions, 6, 0 },
	{ "ip4_ah", 101, ip4_ah, 4, 0 },
	{ "ip6_source_route", 101, ip6_source_route, 6, 0 },
	{ "ip6_segment_route", 101, ip6_segment_route, 6, 0 },
};
#define CASE_COUNT (sizeof(cases) / sizeof(*cases))
static struct net_case_list list = { cases, CASE_COUNT };

/* --- what is not decoded ------------------------------------------------- */

static void test_not_ip(void **state)
{
	static struct build b;

	(void)state;
	build_init(&b);
	build_add(&b, 28);
	add_ethernet(&b, 0x0806);
	check_dropped(1, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	add_octets(&b, "\x42\x42\x03\0\0\0\0\0", 8); /* spanning tree */
	add_ethernet(&b, 8);
	check_dropped(1, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	add_octets(&b, "\xaa\xaa\x03\0\0\x0c\x20\0\0", 9); /* CDP */
	add_ethernet(&b, 9);
	check_dropped(1, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	add_octets(&b, "\xff\x03\xc0\x21\x01\x01\0\x04", 8); /* LCP */
	check_dropped(9, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	add_octets(&b, "\0\0\0\x10", 4); /* AF_APPLETALK */
	check_dropped(0, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	add_segment4(&b);
	add_sll(&b, 824, 0x0800); /* netlink */
	check_dropped(113, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	add_segment4(&b);
	b.space[b.at] = 0x55;
	check_dropped(101, &b, ACCOUNT_FRAMES_NOT_IP);
	check_dropped(228, &b, ACCOUNT_FRAMES_MALFORMED);
}

static void test_not_tcp(void **state)
{
	static const uint8_t protocols[] = { 2, 17, 50, 89, 132, 255 };
	static struct build b;

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		build_init(&b);
		build_add(&b, 30);
		add_ip4(&b, 0, protocols[i]);
		check_dropped(101, &b, ACCOUNT_FRAMES_NOT_TCP);
		build_init(&b);
		build_add(&b, 30);
		add_ip6(&b, 0, protocols[i]);
		check_dropped(101, &b, ACCOUNT_FRAMES_NOT_TCP);
	}
	/* An extension header has no place in IPv4. */
	build_init(&b);
	add_tcp(&b, TCP_ACK, NULL, 0);
	add_octets(&b, "\x06\0\x01\x04\0\0\0\0", 8);
	add_ip4(&b, 0, 0);
	check_dropped(101, &b, ACCOUNT_FRAMES_NOT_TCP);
}

/* The lengths between the headers end what is inside. */
static void test_lengths_between(void **state)
{
	static struct build b;
	uint8_t *udp;

	(void)state;
	build_init(&b);
	ethernet_snap(&b);
	put16(b.space + b.at + 12, 7);
	check_dropped(1, &b, ACCOUNT_FRAMES_MALFORMED);
	build_init(&b);
	pppoe(&b);
	put16(b.space + b.at + 18, 10);
	check_dropped(1, &b, ACCOUNT_FRAMES_MALFORMED);
	build_init(&b);
	vxlan(&b);
	udp = b.space + b.at + 34;
	put16(udp + 4, 29);
	check_dropped(1, &b, ACCOUNT_FRAMES_MALFORMED);
	put16(udp + 4, 7);
	check_dropped(1, &b, ACCOUNT_FRAMES_MALFORMED);
	/* Without the flag there is no VNI, and no VXLAN. */
	put16(udp + 4, build_len(&b) - 34);
	udp[8] = 0;
	check_dropped(1, &b, ACCOUNT_FRAMES_NOT_TCP);
}

static void test_nesting(void **state)
{
	static struct build b;
	struct run r;
	int tags;

	(void)state;
	run_init(&r, (struct net_options){ .secret = 1 });
	for (tags = 0; tags < 1000; tags++) {
		build_init(&b);
		add_segment4(&b);
		for (int i = 0; i < tags; i++)
			add_vlan(&b, 1, i == 0 ? 0x0800 : 0x8100);
		add_ethernet(&b, tags ? 0x8100 : 0x0800);
		if (run_build(&r, 1, &b) != NET_SEGMENT)
			break;
	}
	/* EtherTypes of the tags and of IP, and TCP. */
	assert_int_equal(tags, LIMIT_NESTING - 1);
	assert_counted(&r, ACCOUNT_LIMIT_OTHER, 1);
	run_fini(&r);
}

static void test_unknown_link_type(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	run_init(&r, (struct net_options){ .secret = 1 });
	build_init(&b);
	add_segment4(&b);
	assert_int_equal(run_build(&r, 189, &b), NET_NOTHING);
	assert_int_equal(run_build(&r, 65000, &b), NET_NOTHING);
	assert_int_equal(run_build(&r, 101, &b), NET_SEGMENT);
	assert_int_equal(run_build(&r, 189, &b), NET_NOTHING);
	assert_counted(&r, ACCOUNT_FRAMES_LINK_TYPE, 3);
	assert_int_equal(r.account.list_len[ACCOUNT_LIST_LINK_TYPES], 2);
	assert_int_equal(r.account.lists[ACCOUNT_LIST_LINK_TYPES]->count, 2);
	run_fini(&r);
}

static void test_names(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(net_link_type_name(1, buf, 16), "EN10MB");
	assert_string_equal(net_link_type_name(101, buf, 16), "RAW");
	assert_string_equal(net_link_type_name(105, buf, 16), "IEEE802_11");
	assert_string_equal(net_link_type_name(65000, buf, 16), "65000");
	assert_string_equal(net_link_type_name(UINT32_MAX, buf, 16),
	    "4294967295");
}

/* --- tags ---------------------------------------------------------------- */

static void tags_of(void (*make)(struct build *), uint32_t link_type,
    struct net_options options, uint32_t *vlan_r, uint32_t *tunnel_r)
{
	static struct build b;
	struct run r;

	run_init(&r, options);
	build_init(&b);
	make(&b);
	assert_int_equal(run_build(&r, link_type, &b), NET_SEGMENT);
	*vlan_r = r.seg.vlan_tag;
	*tunnel_r = r.seg.tunnel_tag;
	run_fini(&r);
}

static void swapped_qinq(struct build *b)
{
	add_segment6(b);
	add_vlan(b, 9, 0x86dd);
	add_vlan(b, 7, 0x8100);
	add_ethernet(b, 0x88a8);
}

static void test_tags(void **state)
{
	struct net_options options = { .secret = 1 };
	uint32_t vlan[3], tunnel[CASE_COUNT], none;

	(void)state;
	tags_of(vlan_8100, 1, options, &vlan[0], &none);
	tags_of(vlan_qinq, 1, options, &vlan[1], &none);
	tags_of(swapped_qinq, 1, options, &vlan[2], &none);
	assert_int_not_equal(vlan[0], vlan[1]);
	assert_int_not_equal(vlan[1], vlan[2]);
	/* The same in every run and on every machine: part of session ids. */
	assert_int_equal(vlan[0], 0x4c445f5b);
	for (size_t i = 0; i < CASE_COUNT; i++)
		tags_of(cases[i].build, cases[i].link_type, options, &none,
		    &tunnel[i]);
	for (size_t i = 0; i < CASE_COUNT; i++)
		if (cases[i].build == vxlan)
			assert_int_equal(tunnel[i], 0xd36344b1);
	options.ignore_vlan = true;
	tags_of(vlan_qinq, 1, options, &vlan[0], &none);
	assert_int_equal(vlan[0], 0);
}

static void other_key(struct build *b)
{
	add_segment6(b);
	add_gre(b, 0xb000, 0x86dd);
	b->space[b->at + 20 + 11]++;
}
static void other_vni(struct build *b)
{
	vxlan(b);
	b->space[b->at + 14 + 20 + 8 + 6]++;
}
static void other_outer(struct build *b)
{
	ip4_in_ip4(b);
	b->space[b->at + 15]++;
}

static void test_tunnel_keys(void **state)
{
	struct net_options options = { .secret = 1 };
	uint32_t a, b, none;

	(void)state;
	tags_of(gre_all, 101, options, &none, &a);
	tags_of(other_key, 101, options, &none, &b);
	assert_int_not_equal(a, b);
	tags_of(vxlan, 1, options, &none, &a);
	tags_of(other_vni, 1, options, &none, &b);
	assert_int_not_equal(a, b);
	tags_of(ip4_in_ip4, 101, options, &none, &a);
	tags_of(other_outer, 101, options, &none, &b);
	assert_int_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_CASE_TESTS(&list),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_not_tcp),
		cmocka_unit_test(test_lengths_between),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_unknown_link_type),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_tunnel_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
