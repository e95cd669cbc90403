/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_net_wrapped.c - 802.11, MPLS, tunnels, NFLOG, PKTAP, old links */
#include "net_cases.h"

#include "base/limits.h"

static void add_snap(struct build *b)
{
	bool six = b->space[b->at] >> 4 == 6;

	add_octets(b, six ? "\xaa\xaa\x03\0\0\0\x86\xdd" :
	    "\xaa\xaa\x03\0\0\0\x08\0", 8);
}

/* --- 802.11 --------------------------------------------------------------- */

/* Control as in the standard: the first octet is the lower one. */
enum { DATA = 0x0008, QOS_DATA = 0x0088, TO_DS = 0x0100, RELAYED = 0x0300,
    MORE_FRAGMENTS = 0x0400, PROTECTED = 0x4000, HT_CONTROL = 0x8000 };

static uint8_t *add_80211(struct build *b, uint16_t control, size_t more)
{
	uint8_t *h = build_add(b, 24 + more);

	h[0] = (uint8_t)control;
	h[1] = (uint8_t)(control >> 8);
	h[22] = 0xa0; /* sequence number, no fragment */
	h[23] = 0x12;
	return h;
}
static void wifi(struct build *b)
{
	add_segment4(b);
	add_snap(b);
	add_80211(b, DATA | TO_DS, 0);
}
static void wifi_qos(struct build *b)
{
	add_segment6(b);
	add_snap(b);
	add_80211(b, QOS_DATA, 2);
}
static void wifi_relayed(struct build *b)
{
	add_segment4(b);
	add_snap(b);
	add_80211(b, QOS_DATA | RELAYED | HT_CONTROL, 12);
}
/* Decrypted, but the bit is still there. */
static void wifi_decrypted(struct build *b)
{
	add_segment4(b);
	add_snap(b);
	add_80211(b, DATA | PROTECTED, 0);
}
static void wifi_aggregate(struct build *b)
{
	size_t len;

	add_segment4(b);
	add_snap(b);
	len = build_len(b);
	put16(build_add(b, 14) + 12, len);
	add_80211(b, QOS_DATA, 2)[24] = 0x80;
}
static void radiotap(struct build *b)
{
	wifi(b);
	add_octets(b, "\0\0\x08\0\0\0\0\0", 8);
}
/* Time stamp, aligned to 8 behind two words of what is present, flags that
 * tell of padding behind the 26 octets of the header. */
static void radiotap_padded(struct build *b)
{
	uint8_t *h;

	add_segment4(b);
	add_snap(b);
	build_add(b, 2);
	add_80211(b, QOS_DATA, 2);
	h = build_add(b, 28);
	h[2] = 28;
	h[4] = 0x03;
	h[7] = 0x80;
	h[24] = 0x20;
}

/* --- MPLS, Geneve --------------------------------------------------------- */

/* Labels differ between the directions. */
static void add_labels(struct build *b, int n)
{
	for (int i = 0; i < n; i++)
		put32(build_add(b, 4), (uint32_t)(100 + i +
		    50 * b->back) << 12 | (i == 0 ? 0x100 : 0) | 64);
}
static void mpls(struct build *b)
{
	add_segment4(b);
	add_labels(b, 1);
	add_ethernet(b, 0x8847);
}
static void mpls_stack(struct build *b)
{
	add_segment6(b);
	add_labels(b, 3);
	add_ethernet(b, 0x8848);
}
static void mpls_alone(struct build *b)
{
	add_segment4(b);
	add_labels(b, 2);
}
static void mpls_pseudowire(struct build *b)
{
	add_segment4(b);
	add_ethernet(b, 0x0800);
	add_labels(b, 1);
	add_ethernet(b, 0x8847);
}
static void mpls_pseudowire_control(struct build *b)
{
	add_segment6(b);
	add_vlan(b, 7, 0x86dd);
	add_ethernet(b, 0x8100);
	b->space[b->at] = 0x60;
	add_octets(b, "\0\0\x12\x34", 4);
	add_labels(b, 1);
	add_ethernet(b, 0x8847);
}
static void mpls_ppp(struct build *b)
{
	add_segment4(b);
	add_labels(b, 1);
	add16(b, 0x0281);
}
static void mpls_ip(struct build *b)
{
	add_segment4(b);
	add_labels(b, 1);
	add_ip4(b, 9, 137);
}
static void mpls_gre(struct build *b)
{
	add_segment4(b);
	add_labels(b, 1);
	add_octets(b, "\0\0\x88\x47", 4);
	add_ip4(b, 9, 47);
}
/* RFC 2637 4.1.  The ids of the call differ in the two directions. */
static void add_pptp(struct build *b, bool ack)
{
	size_t len = build_len(b);

	if (ack)
		put32(build_add(b, 4), 98);
	put32(build_add(b, 4), 99);
	add16(b, b->back ? 7 : 6);
	add16(b, len);
	add16(b, 0x880b);
	add16(b, ack ? 0x3081 : 0x3001);
}
static void pptp(struct build *b)
{
	add_segment4(b);
	add_octets(b, "\xff\x03\x00\x21", 4);
	add_pptp(b, true);
	add_ip4(b, 9, 47);
}
/* Protocol in one octet; no acknowledgment. */
static void pptp_short(struct build *b)
{
	add_segment6(b);
	add_octets(b, "\x57", 1);
	add_pptp(b, false);
	add_ip4(b, 9, 47);
}
static void add_udp(struct build *b, uint16_t port)
{
	size_t len = build_len(b) + 8;
	uint8_t *h = build_add(b, 8);

	put16(h, b->back ? 50001 : 50000);
	put16(h + 2, port);
	put16(h + 4, len);
	add_ip4(b, 9, 17);
}
static void mpls_udp(struct build *b)
{
	add_segment4(b);
	add_labels(b, 1);
	add_udp(b, 6635);
}
static void geneve(struct build *b)
{
	uint8_t *h;

	add_segment4(b);
	add_ethernet(b, 0x0800);
	h = build_add(b, 8);
	put16(h + 2, 0x6558);
	h[6] = 42;
	add_udp(b, 6081);
}
static void geneve_options(struct build *b)
{
	uint8_t *h;

	add_segment6(b);
	h = build_add(b, 8 + 12);
	h[0] = 3;
	h[1] = 0x40; /* critical options: not for who only reads along */
	put16(h + 2, 0x86dd);
	h[6] = 42;
	add_udp(b, 6081);
}

/* --- NFLOG, PKTAP, others ------------------------------------------------- */

static void nflog(struct build *b)
{
	size_t len;

	add_segment4(b);
	len = build_len(b) + 4;
	add_octets(b, (uint8_t[]){ (uint8_t)len, (uint8_t)(len >> 8), 9, 0 },
	    4);
	/* packet header; prefix "a", padded */
	add_octets(b, "\x06\0\x0a\0a\0\0\0", 8);
	add_octets(b, "\x08\0\x01\0\x08\0\x02\0", 8);
	add_octets(b, "\x02\0\0\x05", 4);
}
static void nflog_big(struct build *b)
{
	add_segment6(b);
	build_add(b, 4);
	put16(b->space + b->at, build_len(b));
	b->space[b->at + 3] = 9;
	add_octets(b, "\0\x06\0\x0a" "a\0\0\0", 8);
	add_octets(b, "\0\x08\0\x01\x86\xdd\x02\0", 8);
	add_octets(b, "\x0a\0\0\x05", 4);
}
static uint8_t *add_pktap(struct build *b, uint8_t link_type)
{
	uint8_t *h = build_add(b, 108);

	h[0] = 108;
	h[4] = 1;
	h[8] = link_type;
	memcpy(h + 12, "en0", 3);
	return h;
}
static void pktap(struct build *b)
{
	add_segment4(b);
	add_ethernet(b, 0x0800);
	add_pktap(b, 1);
}
static void pktap_loopback(struct build *b)
{
	add_segment6(b);
	add_octets(b, "\x1e\0\0\0", 4);
	add_pktap(b, 0);
}
static void pktap_wifi(struct build *b)
{
	radiotap(b);
	add_pktap(b, 127);
}
/* In place of an IP header of which nothing but that is known. */
static void add_wfp(struct build *b, bool six, size_t flow_len)
{
	size_t len = six ? 16 : 4, at = six ? 8 : 12;
	uint8_t ip[40], *h;

	memcpy(ip, b->space + b->at, six ? 40 : 20);
	b->at += six ? 40 : 20;
	h = build_add(b, 2 * len + 3 + flow_len);
	memcpy(h, ip + at, 2 * len);
	h[2 * len] = 6;
}
static void wfp4(struct build *b)
{
	add_segment4(b);
	add_wfp(b, false, 0);
}
static void wfp6(struct build *b)
{
	add_segment6(b);
	add_wfp(b, true, 0);
}
static void wfp4_flow(struct build *b)
{
	add_segment4(b);
	add_wfp(b, false, 8);
}
static void wfp6_flow(struct build *b)
{
	add_segment6(b);
	add_wfp(b, true, 8);
}
static void token_ring(struct build *b)
{
	uint8_t *h;

	add_segment4(b);
	add_snap(b);
	h = build_add(b, 14);
	h[0] = 0x10;
	h[1] = 0x40;
}
static void token_ring_route(struct build *b)
{
	uint8_t *h;

	add_segment4(b);
	add_snap(b);
	h = build_add(b, 20);
	h[1] = 0x40;
	h[8] = 0x80;
	h[14] = 0xc6;
}
static void fddi(struct build *b)
{
	add_segment6(b);
	add_snap(b);
	build_add(b, 13)[0] = 0x54;
}
static void atm(struct build *b)
{
	add_segment4(b);
	add_snap(b);
}
static void add_sll(struct build *b, uint16_t hardware)
{
	put16(build_add(b, 16) + 2, hardware);
}
static void sll_wifi(struct build *b)
{
	wifi(b);
	add_sll(b, 801);
}
static void sll_radiotap(struct build *b)
{
	radiotap(b);
	add_sll(b, 803);
}

static const struct net_case cases[] = {
	{ "wifi", 105, wifi, 4, 0 },
	{ "wifi_qos", 105, wifi_qos, 6, 0 },
	{ "wifi_relayed", 105, wifi_relayed, 4, 0 },
	{ "wifi_decrypted", 105, wifi_decrypted, 4, 0 },
	{ "wifi_aggregate", 105, wifi_aggregate, 4, 0 },
	{ "radiotap", 127, radiotap, 4, 0 },
	{ "radiotap_padded", 127, radiotap_padded, 4, 0 },
	{ "mpls", 1, mpls, 4, 0 },
	{ "mpls_stack", 1, mpls_stack, 6, 0 },
	{ "mpls_alone", 219, mpls_alone, 4, 0 },
	{ "mpls_pseudowire", 1, mpls_pseudowire, 4, 0 },
	{ "mpls_pseudowire_control", 1, mpls_pseudowire_control, 6, VLAN },
	{ "mpls_ppp", 9, mpls_ppp, 4, 0 },
	{ "mpls_ip", 101, mpls_ip, 4, 0 },
	{ "mpls_gre", 101, mpls_gre, 4, TUNNEL },
	{ "mpls_udp", 101, mpls_udp, 4, 0 },
	{ "pptp", 101, pptp, 4, TUNNEL },
	{ "pptp_short", 101, pptp_short, 6, TUNNEL },
	{ "geneve", 101, geneve, 4, TUNNEL },
	{ "geneve_options", 101, geneve_options, 6, TUNNEL },
	{ "nflog", 239, nflog, 4, 0 },
	{ "nflog_big", 239, nflog_big, 6, 0 },
	{ "pktap", 258, pktap, 4, 0 },
	{ "pktap_loopback", 258, pktap_loopback, 6, 0 },
	{ "pktap_wifi", 258, pktap_wifi, 4, 0 },
	{ "wfp4", 0xe083, wfp4, 4, 0 },
	{ "wfp6", 0xe084, wfp6, 6, 0 },
	{ "wfp4_flow", 0xe085, wfp4_flow, 4, 0 },
	{ "wfp6_flow", 0xe086, wfp6_flow, 6, 0 },
	{ "token_ring", 6, token_ring, 4, 0 },
	{ "token_ring_route", 6, token_ring_route, 4, 0 },
	{ "fddi", 10, fddi, 6, 0 },
	{ "atm", 100, atm, 4, 0 },
	{ "sll_wifi", 113, sll_wifi, 4, 0 },
	{ "sll_radiotap", 113, sll_radiotap, 4, 0 },
};
static struct net_case_list list = { cases,
	sizeof(cases) / sizeof(*cases) };

/* --- what is not decoded -------------------------------------------------- */

static void test_wifi_dropped(void **state)
{
	static const uint8_t others[] = { 0x80, 0xb4, 0x48, 0xc8, 0x09 };
	static struct build b;

	(void)state;
	/* Beacon, RTS, no data twice, another version. */
	for (size_t i = 0; i < sizeof(others); i++) {
		build_init(&b);
		wifi(&b);
		b.space[b.at] = others[i];
		check_dropped(105, &b, ACCOUNT_FRAMES_NOT_IP);
	}
	build_init(&b);
	wifi(&b);
	b.space[b.at + 22] |= 1;
	check_dropped(105, &b, ACCOUNT_FRAMES_LINK_TYPE);
	build_init(&b);
	wifi(&b);
	b.space[b.at + 1] |= MORE_FRAGMENTS >> 8;
	check_dropped(105, &b, ACCOUNT_FRAMES_LINK_TYPE);
	build_init(&b);
	wifi_decrypted(&b);
	b.space[b.at + 24] = 0x55;
	check_dropped(105, &b, ACCOUNT_FRAMES_LINK_TYPE);
	/* A check sequence that is wrong; another version, no header. */
	build_init(&b);
	radiotap_padded(&b);
	b.space[b.at + 24] |= 0x40;
	check_dropped(127, &b, ACCOUNT_FRAMES_MALFORMED);
	b.space[b.at + 24] = 0x20;
	b.space[b.at] = 1;
	check_dropped(127, &b, ACCOUNT_FRAMES_MALFORMED);
	b.space[b.at] = 0;
	b.space[b.at + 2] = 7;
	check_dropped(127, &b, ACCOUNT_FRAMES_MALFORMED);
}

static void test_pptp_dropped(void **state)
{
	static struct build b;

	(void)state;
	/* Nothing but an acknowledgment. */
	build_init(&b);
	add_octets(&b, "\x20\x81\x88\x0b\0\0\0\x06\0\0\0\x63", 12);
	add_ip4(&b, 9, 47);
	check_dropped(101, &b, ACCOUNT_FRAMES_NOT_TCP);
	/* Another protocol, another version; LCP. */
	build_init(&b);
	pptp(&b);
	b.space[b.at + 22] = 0x08;
	check_dropped(101, &b, ACCOUNT_FRAMES_NOT_TCP);
	build_init(&b);
	pptp(&b);
	b.space[b.at + 21] = 0x82;
	check_dropped(101, &b, ACCOUNT_FRAMES_NOT_TCP);
	build_init(&b);
	add_octets(&b, "\xff\x03\xc0\x21\x01\x01\0\x04", 8);
	add_pptp(&b, false);
	add_ip4(&b, 9, 47);
	check_dropped(101, &b, ACCOUNT_FRAMES_NOT_IP);
}

/* What the payload's length does not hold is none of it. */
static void test_pptp_padded(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	run_init(&r, (struct net_options){ .secret = 1 });
	build_init(&b);
	pptp(&b);
	put16(b.space + b.at + 24, build_len(&b) - 20 - 16 - 2);
	assert_int_equal(run_build(&r, 101, &b), NET_SEGMENT);
	assert_int_equal(r.seg.payload.len, strlen(PAYLOAD) - 2);
	run_fini(&r);
}

/* The first frame of several is read, the others are told. */
static void test_aggregate(void **state)
{
	static struct build b;
	struct run r;

	(void)state;
	run_init(&r, (struct net_options){ .secret = 1 });
	build_init(&b);
	build_add(&b, 22 + 2);
	add_segment4(&b);
	add_snap(&b);
	put16(build_add(&b, 14) + 12, 8 + 20 + 20 + strlen(PAYLOAD));
	add_80211(&b, QOS_DATA, 2)[24] = 0x80;
	/* IP's length was made with what follows it. */
	put16(b.space + b.at + 26 + 14 + 8 + 2, 40 + strlen(PAYLOAD));
	assert_int_equal(run_build(&r, 105, &b), NET_SEGMENT);
	assert_int_equal(r.seg.payload.len, strlen(PAYLOAD));
	assert_int_equal(r.account.list_len[ACCOUNT_LIST_WARNINGS], 1);
	assert_int_equal(run_counted(&r), 0);
	run_fini(&r);
}

static void test_others_dropped(void **state)
{
	static struct build b;

	(void)state;
	build_init(&b);
	geneve(&b);
	b.space[b.at + 28 + 1] = 0x80; /* control */
	check_dropped(101, &b, ACCOUNT_FRAMES_NOT_TCP);
	b.space[b.at + 28 + 1] = 0;
	b.space[b.at + 28] = 0x40; /* version 1 */
	check_dropped(101, &b, ACCOUNT_FRAMES_NOT_TCP);
	build_init(&b);
	mpls_alone(&b);
	b.space[b.at + 8] = 0x10; /* associated channel */
	check_dropped(219, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	nflog(&b);
	b.space[b.at + 4] = 3; /* an attribute shorter than its header */
	check_dropped(239, &b, ACCOUNT_FRAMES_MALFORMED);
	build_init(&b);
	pktap(&b);
	b.space[b.at + 4] = 2; /* no packet */
	check_dropped(258, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	pktap(&b);
	b.space[b.at + 8] = 189;
	check_dropped(258, &b, ACCOUNT_FRAMES_LINK_TYPE);
	build_init(&b);
	token_ring(&b);
	b.space[b.at + 1] = 0; /* of the ring itself */
	check_dropped(6, &b, ACCOUNT_FRAMES_NOT_IP);
	build_init(&b);
	fddi(&b);
	b.space[b.at] = 0x41;
	check_dropped(10, &b, ACCOUNT_FRAMES_NOT_IP);
}

/* A header that announces itself must not be followed for ever. */
static void test_nesting(void **state)
{
	static struct build b;

	(void)state;
	build_init(&b);
	add_segment4(&b);
	for (int i = 0; i <= LIMIT_NESTING; i++) {
		uint8_t *h = add_pktap(&b, 2);

		h[8] = i == 0 ? 101 : 2;
		h[9] = i == 0 ? 0 : 1; /* 258 */
	}
	check_dropped(258, &b, ACCOUNT_LIMIT_OTHER);
}

static uint32_t tunnel_of(void (*make)(struct build *), size_t change)
{
	static struct build b;
	struct run r;
	uint32_t tag;

	run_init(&r, (struct net_options){ .secret = 1 });
	build_init(&b);
	make(&b);
	b.space[b.at + change] ^= 1;
	assert_int_equal(run_build(&r, 101, &b), NET_SEGMENT);
	tag = r.seg.tunnel_tag;
	run_fini(&r);
	return tag;
}

static void test_vni(void **state)
{
	(void)state;
	assert_int_equal(tunnel_of(geneve, 8), tunnel_of(geneve, 1));
	assert_int_not_equal(tunnel_of(geneve, 8), tunnel_of(geneve, 34));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_CASE_TESTS(&list),
		cmocka_unit_test(test_wifi_dropped),
		cmocka_unit_test(test_pptp_dropped),
		cmocka_unit_test(test_pptp_padded),
		cmocka_unit_test(test_aggregate),
		cmocka_unit_test(test_others_dropped),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_vni),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
