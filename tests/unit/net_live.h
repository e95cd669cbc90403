/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_live.h - would the kernel have handed up a frame that net decodes */
#ifndef NET_LIVE_H
#define NET_LIVE_H

#include "net_frames.h"

#include "capture/live.h"

/* What is asked for on interfaces of a link type, of port 25. */
struct kernel {
	uint32_t link_type;
	struct net_filter *filter; /* NULL: libpcap has none for it */
	struct account account;
};

static inline bool kernel_passes(struct kernel *k, const struct build *b)
{
	struct frame frame = { .number = 1, .link_type = k->link_type,
	    .wire_len = (uint32_t)build_len(b) };

	frame.octets = slice_make(b->space + b->at, build_len(b));
	return net_filter_match(k->filter, &frame, &k->account);
}
static inline void kernel_fini(struct kernel *k)
{
	net_filter_free(&k->filter);
	account_fini(&k->account);
}
static inline void kernel_try(struct kernel *k, uint32_t link_type,
    bool tagged)
{
	static const uint16_t smtp[] = { 25 };
	struct live_options o = { .ports = smtp, .port_count = 1 };
	char *expression = live_expression(&o, tagged);
	static struct build b;
	struct sw_err err;

	k->link_type = link_type;
	account_init(&k->account);
	assert_non_null(expression);
	assert_int_equal(net_filter_new(expression, &k->filter, &err), SW_OK);
	free(expression);
	build_init(&b);
	(void)kernel_passes(k, &b);
	if (k->account.list_len[ACCOUNT_LIST_WARNINGS] > 0)
		kernel_fini(k);
}
/* As when an interface is opened: first with tags. */
static inline void kernel_init(struct kernel *k, uint32_t link_type)
{
	kernel_try(k, link_type, true);
	if (!k->filter)
		kernel_try(k, link_type, false);
}

/* --- each encapsulation --------------------------------------------------- */

enum { ETHERNET = 1, RAW = 101, SLL = 113, SLL2 = 276 };

/* Off with the link layer, if it is one of these. */
static inline bool take_link(uint32_t link_type, struct build *b,
    uint16_t *hardware_r, uint16_t *protocol_r)
{
	static const uint8_t lengths[] = { [ETHERNET] = 14, [RAW] = 0,
	    [SLL] = 16 };
	const uint8_t *h = b->space + b->at;

	*hardware_r = 1;
	if (link_type == RAW)
		*protocol_r = h[0] >> 4 == 6 ? 0x86dd : 0x0800;
	else if (link_type == ETHERNET)
		*protocol_r = (uint16_t)(h[12] << 8 | h[13]);
	else if (link_type == SLL)
		*protocol_r = (uint16_t)(h[14] << 8 | h[15]);
	else
		return false;
	if (link_type == SLL)
		*hardware_r = (uint16_t)(h[2] << 8 | h[3]);
	else if (*protocol_r < 0x0600)
		*protocol_r = 4; /* ETH_P_802_2 */
	b->at += lengths[link_type];
	return true;
}
static inline bool put_link(uint32_t link_type, struct build *b,
    uint16_t hardware, uint16_t protocol)
{
	uint8_t *h;

	if (link_type == ETHERNET) {
		add_ethernet(b, protocol);
		return hardware == 1 && protocol != 4;
	}
	h = build_add(b, link_type == SLL ? 16 : 20);
	put16(h + (link_type == SLL ? 2 : 8), hardware);
	put16(h + (link_type == SLL ? 14 : 0), protocol);
	return true;
}

static inline void check_handed_up(struct run *r, uint32_t link_type,
    const struct build *b)
{
	struct kernel k;

	assert_int_equal(run_build(r, link_type, b), NET_SEGMENT);
	kernel_init(&k, link_type);
	if (k.filter)
		assert_true(kernel_passes(&k, b));
	else
		/* libpcap filters Ethernet, raw IP, 802.11, cooked ... */
		assert_true(link_type == 219 || link_type == 239 ||
		    link_type == 258 || link_type >= 0xe000);
	kernel_fini(&k);
}

/* The frame of a case as it is, and on other interfaces. */
static inline void check_live(struct run *r, uint32_t link_type,
    struct build *b)
{
	static const uint32_t types[] = { ETHERNET, SLL, SLL2 };
	uint16_t hardware, protocol;
	size_t at;

	check_handed_up(r, link_type, b);
	if (!take_link(link_type, b, &hardware, &protocol))
		return;
	at = b->at;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (put_link(types[i], b, hardware, protocol))
			check_handed_up(r, types[i], b);
		b->at = at;
	}
}

#endif
