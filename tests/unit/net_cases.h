/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_cases.h - encapsulations: each whole, cut, damaged, live */
#ifndef NET_CASES_H
#define NET_CASES_H

#include "net_live.h"

enum { VLAN = 1, TUNNEL = 2 };
struct net_case {
	const char *name;
	uint32_t link_type;
	void (*build)(struct build *b); /* around add_segment4 or 6 */
	uint8_t family;
	int tags; /* which the segment must have */
};
/* The state of the tests below. */
struct net_case_list {
	const struct net_case *cases;
	size_t count;
};

/* Each case by itself, with a decoder that has seen those before it. */
static inline void each_case(void **state, void (*check)(struct run *r,
    const struct net_case *c, struct build *b))
{
	const struct net_case_list *list = *state;
	static struct build b;
	struct run r;

	run_init(&r, (struct net_options){ .secret = 1 });
	for (size_t i = 0; i < list->count; i++) {
		build_init(&b);
		list->cases[i].build(&b);
		check(&r, &list->cases[i], &b);
	}
	run_fini(&r);
}

/* --- whole --------------------------------------------------------------- */

static inline void check_endpoint(const struct endpoint *e,
    uint8_t family, uint8_t host, uint16_t port)
{
	uint8_t ip[16] = { 192, 0, 2, host };

	if (family == 6)
		address6(ip, 0, host);
	assert_int_equal(e->family, family);
	assert_int_equal(e->port, port);
	assert_memory_equal(e->ip, ip, 16);
}

static inline void check_segment(const struct segment *s,
    uint8_t family, bool back)
{
	check_endpoint(&s->src, family, back ? 2 : 1, back ? 25 : 40000);
	check_endpoint(&s->dst, family, back ? 1 : 2, back ? 40000 : 25);
	assert_int_equal(s->seq, 0x01020304);
	assert_int_equal(s->ack, 0x0a0b0c0d);
	assert_int_equal(s->window, 512);
	assert_int_equal(s->payload_len, strlen(PAYLOAD));
	assert_int_equal(s->payload.len, strlen(PAYLOAD));
	assert_memory_equal(s->payload.p, PAYLOAD, strlen(PAYLOAD));
	assert_int_equal(s->anomalies, 0);
	assert_int_equal(s->resolution_ns, 1000);
	assert_int_equal(s->header_len, 20);
	assert_null(s->owned);
}

static inline void test_whole(void **state)
{
	const struct net_case_list *list = *state;
	static struct build b;
	uint32_t vlan, tunnel;
	struct run r;

	for (const struct net_case *c = list->cases;
	    c < list->cases + list->count; c++) {
		print_message("%s\n", c->name);
		run_init(&r, (struct net_options){ .secret = 1 });
		build_init(&b);
		c->build(&b);
		assert_int_equal(run_build(&r, c->link_type, &b),
		    NET_SEGMENT);
		check_segment(&r.seg, c->family, false);
		vlan = r.seg.vlan_tag;
		tunnel = r.seg.tunnel_tag;
		assert_int_equal(vlan != 0, (c->tags & VLAN) != 0);
		assert_int_equal(tunnel != 0, (c->tags & TUNNEL) != 0);
		build_init(&b);
		b.back = true;
		c->build(&b);
		assert_int_equal(run_build(&r, c->link_type, &b),
		    NET_SEGMENT);
		check_segment(&r.seg, c->family, true);
		assert_int_equal(r.seg.vlan_tag, vlan);
		assert_int_equal(r.seg.tunnel_tag, tunnel);
		assert_int_equal(run_counted(&r), 0);
		run_fini(&r);
	}
}

/* --- cut ----------------------------------------------------------------- */

/* What came of a frame agrees with itself and was counted once. */
static inline void check_outcome(struct run *r, enum net_result result)
{
	const struct segment *s = &r->seg;

	if (r->account.counters[ACCOUNT_FRAGMENTS] > 0)
		return;
	switch (result) {
	case NET_NOTHING:
	case NET_ICMP:
		assert_int_equal(run_counted(r), result == NET_NOTHING);
		return;
	case NET_SEGMENT:
		assert_true(s->payload.len <= s->payload_len);
		assert_int_equal(s->payload.len < s->payload_len,
		    s->anomalies == ANOMALY_BIT(ANOMALY_SNAPPED));
		assert_counted(r, ACCOUNT_FRAMES_SNAPPED,
		    s->payload.len < s->payload_len);
		assert_int_equal(s->header_len, s->payload.len <
		    s->payload_len ? 0 : 20);
		return;
	case NET_NOMEM:
		fail();
	}
}

/* Cut by the snap length: all of it is told as such. */
static inline void check_snapped(struct run *r, const struct net_case *c,
    struct build *b)
{
	for (size_t n = 0; n < build_len(b); n++) {
		enum net_result result = run_octets(r, c->link_type,
		    b->space + b->at, n, build_len(b));

		check_outcome(r, result);
		assert_counted(r, ACCOUNT_FRAMES_MALFORMED, 0);
		if (n + strlen(PAYLOAD) < build_len(b)) {
			assert_int_equal(result, NET_NOTHING);
		} else {
			assert_int_equal(result, NET_SEGMENT);
			assert_int_equal(r->seg.payload.len + build_len(b) -
			    n, strlen(PAYLOAD));
			assert_memory_equal(r->seg.payload.p, PAYLOAD,
			    r->seg.payload.len);
		}
		run_clear(r);
	}
}

static inline void test_snapped(void **state)
{
	each_case(state, check_snapped);
}

/* As short on the wire. */
static inline void check_short(struct run *r, const struct net_case *c,
    struct build *b)
{
	for (size_t n = 0; n < build_len(b); n++) {
		check_outcome(r, run_octets(r, c->link_type,
		    b->space + b->at, n, n));
		run_clear(r);
	}
}

static inline void test_short(void **state)
{
	each_case(state, check_short);
}

/* Each octet of each frame changed. */
static inline void check_damaged(struct run *r, const struct net_case *c,
    struct build *b)
{
	static const uint8_t flips[] = { 0xff, 0x01, 0x80, 0x10, 0x04 };

	for (size_t n = 0; n < build_len(b) * sizeof(flips); n++) {
		uint8_t *at = &b->space[b->at + n / sizeof(flips)];

		*at ^= flips[n % sizeof(flips)];
		check_outcome(r, run_build(r, c->link_type, b));
		*at ^= flips[n % sizeof(flips)];
		run_clear(r);
	}
}

static inline void test_damaged(void **state)
{
	each_case(state, check_damaged);
}

/* --- live ---------------------------------------------------------------- */

static inline void check_case_live(struct run *r, const struct net_case *c,
    struct build *b)
{
	print_message("%s\n", c->name);
	check_live(r, c->link_type, b);
}

/* The kernel's filter leaves none out. */
static inline void test_live(void **state)
{
	each_case(state, check_case_live);
}

/* The tests of a list's cases, for main. */
#define NET_CASE_TESTS(list) \
	cmocka_unit_test_prestate(test_whole, list), \
	cmocka_unit_test_prestate(test_snapped, list), \
	cmocka_unit_test_prestate(test_short, list), \
	cmocka_unit_test_prestate(test_damaged, list), \
	cmocka_unit_test_prestate(test_live, list)

/* --- what is not decoded -------------------------------------------------- */

static inline void check_dropped(uint32_t link_type, const struct build *b,
    enum account_counter c)
{
	struct run r;

	run_init(&r, (struct net_options){ .secret = 1 });
	assert_int_equal(run_build(&r, link_type, b), NET_NOTHING);
	assert_counted(&r, c, 1);
	assert_int_equal(run_counted(&r), 1);
	run_fini(&r);
}

#endif
