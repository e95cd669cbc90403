/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_live.c - which frames the kernel is asked for */
#include "net_live.h"

static bool passes(const struct live_options *o, const struct build *b,
    bool tagged)
{
	char *expression = live_expression(o, tagged);
	uint32_t link_type = tagged ? ETHERNET : RAW;
	struct frame frame = { .number = 1, .link_type = link_type,
	    .wire_len = (uint32_t)build_len(b) };
	struct net_filter *f;
	struct account account;
	struct sw_err err;
	bool is;

	account_init(&account);
	assert_non_null(expression);
	assert_int_equal(net_filter_new(expression, &f, &err), SW_OK);
	frame.octets = slice_make(b->space + b->at, build_len(b));
	is = net_filter_match(f, &frame, &account);
	assert_null(account.lists[ACCOUNT_LIST_WARNINGS]);
	net_filter_free(&f);
	account_fini(&account);
	free(expression);
	return is;
}

/* Port 25, at least one of the two. */
static void inner4(struct build *b)
{
	build_init(b);
	add_segment4(b);
}

static void inner6(struct build *b)
{
	build_init(b);
	add_segment6(b);
}

static void udp_to(struct build *b, uint16_t port)
{
	uint8_t *h;

	build_init(b);
	h = build_add(b, 8);
	put16(h, 4000);
	put16(h + 2, port);
	put16(h + 4, 8);
	add_ip4(b, 0, 17);
}

/* They stay open, and are read anew each time. */
static void test_counters(void **state)
{
	struct live_counters c;
	uint64_t dropped = 1;

	(void)state;
	live_counters_open(&c, "any");
	assert_false(live_counters_read(&c, &dropped));
	live_counters_close(&c);
	live_counters_open(&c, "lo");
	if (c.fds[0] < 0)
		skip(); /* no /sys */
	assert_true(live_counters_read(&c, &dropped));
	assert_int_equal(dropped, 0);
	assert_true(live_counters_read(&c, &dropped));
	live_counters_close(&c);
	assert_false(live_counters_read(&c, &dropped));
}

static void test_ports(void **state)
{
	static const uint16_t smtp[] = { 25, 465 }, range[] = { 1, 2, 24, 25,
		26 }, other[] = { 24, 26, 587 };
	struct live_options o = { .ports = smtp, .port_count = 2 };
	struct build b;

	(void)state;
	inner4(&b);
	assert_true(passes(&o, &b, false));
	o.ports = range;
	o.port_count = 5;
	assert_true(passes(&o, &b, false));
	o.ports = other;
	o.port_count = 3;
	assert_false(passes(&o, &b, false));
	inner6(&b);
	assert_false(passes(&o, &b, false));
	o.any_port = true;
	assert_true(passes(&o, &b, false));
	udp_to(&b, 53);
	assert_false(passes(&o, &b, false));
	o.ports = smtp;
	o.port_count = 2;
	o.any_port = false;
	b.back = true;
	inner6(&b);
	assert_true(passes(&o, &b, false));
}

/* A filter finds no port in these; net does. */
static void test_not_seen_through(void **state)
{
	static const uint16_t ports[] = { 2525 };
	static const uint8_t next4[] = { 4, 41, 47, 51, 1 };
	static const uint8_t next6[] = { 0, 43, 44, 51, 60, 135, 139, 140, 4,
		41, 47, 58 };
	struct live_options o = { .ports = ports, .port_count = 1 };
	struct build b;

	(void)state;
	for (size_t i = 0; i < sizeof(next4); i++) {
		build_init(&b);
		add_octets(&b, "01234567", 8);
		add_ip4(&b, 0, next4[i]);
		assert_true(passes(&o, &b, false));
	}
	for (size_t i = 0; i < sizeof(next6); i++) {
		build_init(&b);
		add_octets(&b, "01234567", 8);
		add_ip6(&b, 0, next6[i]);
		assert_true(passes(&o, &b, false));
	}
	udp_to(&b, 4789);
	assert_true(passes(&o, &b, false));
	udp_to(&b, 6081);
	assert_true(passes(&o, &b, false));
	inner4(&b);
	assert_false(passes(&o, &b, false));
	put16(b.space + b.at + 6, 0x2000); /* more fragments */
	assert_true(passes(&o, &b, false));
	put16(b.space + b.at + 6, 0x00b9); /* the last one */
	assert_true(passes(&o, &b, false));
}

static void test_tags(void **state)
{
	static const uint16_t smtp[] = { 25 }, other[] = { 26 };
	struct live_options o = { .ports = smtp, .port_count = 1 };
	struct build b;

	(void)state;
	for (int tags = 0; tags < 3; tags++) {
		inner4(&b);
		for (int i = 0; i < tags; i++)
			add_vlan(&b, (uint16_t)(7 + i), i ? 0x8100 : 0x0800);
		add_ethernet(&b, tags ? 0x8100 : 0x0800);
		o.ports = smtp;
		assert_true(passes(&o, &b, true));
		o.ports = other;
		/* two tags: not looked into */
		assert_int_equal(passes(&o, &b, true), tags == 2);
	}
	inner4(&b);
	add_octets(&b, "\x11\0\0\1\0\x30\0\x21", 8);
	add_ethernet(&b, 0x8864);
	assert_true(passes(&o, &b, true));
	inner4(&b);
	add_octets(&b, "\0\0\x11\x40", 4);
	add_ethernet(&b, 0x8847);
	assert_true(passes(&o, &b, true));
}

/* --- what net looks into -------------------------------------------------- */

/* If net stops at a frame, is it for want of octets alone? */
static bool looked_into(struct run *r, uint32_t link_type,
    const struct build *b, enum account_counter otherwise)
{
	bool is = run_build(r, link_type, b) != NET_NOTHING ||
	    r->account.counters[otherwise] == 0;

	run_clear(r);
	return is;
}

static void check_types(struct run *r, uint32_t link_type)
{
	static struct build b;
	struct kernel k;
	int count = 0;

	kernel_init(&k, link_type);
	for (uint32_t type = 0x0600; type <= 0xffff; type++) {
		build_init(&b);
		(void)put_link(link_type, &b, 1, (uint16_t)type);
		if (type == 0x0800 || type == 0x86dd || !looked_into(r,
		    link_type, &b, ACCOUNT_FRAMES_NOT_IP))
			continue;
		count++;
		build_init(&b);
		build_add(&b, 4); /* a tag that announces nothing known */
		(void)put_link(link_type, &b, 1, (uint16_t)type);
		assert_true(kernel_passes(&k, &b));
	}
	assert_true(count > 10);
	kernel_fini(&k);
}

static void check_protocols(struct run *r, struct kernel *k,
    void (*add_ip)(struct build *b, uint8_t net, uint8_t protocol))
{
	static struct build b;
	int count = 0;

	for (int i = 0; i < 3 * 256; i++) {
		int protocol = i / 3;

		build_init(&b);
		if (i % 3 > 0) { /* an ICMP error, of either version */
			(i % 3 == 1 ? add_segment4 : add_segment6)(&b);
			build_add(&b, 8)[0] = 3;
		}
		add_ip(&b, 0, (uint8_t)protocol);
		if (protocol == 6 || protocol == 17 || !looked_into(r, RAW,
		    &b, ACCOUNT_FRAMES_NOT_TCP))
			continue;
		count++;
		assert_true(kernel_passes(k, &b));
	}
	assert_true(count > 5);
}

static void check_ports(struct run *r, struct kernel *k,
    void (*add_ip)(struct build *b, uint8_t net, uint8_t protocol))
{
	static struct build b;
	int count = 0;

	for (uint32_t port = 0; port <= 0xffff; port++) {
		build_init(&b);
		put16(build_add(&b, 8) + 2, port);
		put16(b.space + b.at + 4, 8);
		add_ip(&b, 0, 17);
		if (!looked_into(r, RAW, &b, ACCOUNT_FRAMES_NOT_TCP))
			continue;
		count++;
		assert_true(kernel_passes(k, &b));
	}
	assert_true(count > 3);
}

/* Whatever net knows passes; a list of it here could lack the same. */
static void test_all_known(void **state)
{
	struct kernel k;
	struct run r;

	(void)state;
	run_init(&r, (struct net_options){ .secret = 1 });
	check_types(&r, ETHERNET);
	check_types(&r, SLL);
	check_types(&r, SLL2);
	kernel_init(&k, RAW);
	check_protocols(&r, &k, add_ip4);
	check_protocols(&r, &k, add_ip6);
	check_ports(&r, &k, add_ip4);
	check_ports(&r, &k, add_ip6);
	kernel_fini(&k);
	run_fini(&r);
}

static void test_own_filter(void **state)
{
	static const uint16_t smtp[] = { 25 };
	struct live_options o = { .ports = smtp, .port_count = 1 };
	struct build b;

	(void)state;
	inner4(&b);
	o.bpf = "host 192.0.2.1 or host 192.0.2.9";
	assert_true(passes(&o, &b, false));
	o.bpf = "host 192.0.2.9";
	assert_false(passes(&o, &b, false));
	o.bpf = "ip6 or port 26";
	assert_false(passes(&o, &b, false));
	inner6(&b);
	assert_true(passes(&o, &b, false));
	o.bpf = "";
	assert_true(passes(&o, &b, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_not_seen_through),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_all_known),
		cmocka_unit_test(test_own_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
