/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_net.c - octets as frames
 *
 * Input: flags (1: verify checksums, 2: ignore VLANs, 4: the number is the
 * link type itself), 0, number of the link type (2 octets), then records:
 * length (2 octets; the highest bit: it was cut by the snap length), octets.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "net/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t link_types[] = { 1, 101, 113, 276, 0, 108, 9, 50, 51,
	104, 166, 204, 228, 229, 12, 14, 105, 127, 219, 239, 258, 6, 10,
	100 };

static void require(bool is)
{
	if (!is)
		abort();
}

/* Touch all that the segment points to. */
static void use_segment(struct segment *s)
{
	volatile uint8_t sum = 0;

	require(s->payload.len <= s->payload_len);
	require(s->payload_len <= 2u << 20);
	require(s->src.family == s->dst.family);
	require(s->src.family == 4 || s->src.family == 6);
	require(s->header_len == 0 || (s->header_len >= 20 &&
	    s->payload.len == s->payload_len));
	for (size_t i = 0; i < s->payload.len; i++)
		sum = (uint8_t)(sum + s->payload.p[i]);
	(void)net_checksum_is_bad(s);
	free(s->owned);
}

static void require_equal(struct slice a, struct slice b)
{
	require(a.len == b.len && (a.len == 0 || a.p == b.p));
}

/* The general way must find the same in a usual frame. */
static void compare(struct net *n, const struct frame *frame,
    const struct segment *a)
{
	struct segment b = { .origin = a->origin };
	struct icmp_error icmp;

	require(net_decode_any(n, frame, &b, &icmp) == NET_SEGMENT);
	require(a->origin.at == b.origin.at);
	require(a->origin.ts_ns == b.origin.ts_ns);
	require(a->origin.part == b.origin.part);
	require(a->resolution_ns == b.resolution_ns);
	require(memcmp(a->src.ip, b.src.ip, sizeof(b.src.ip)) == 0);
	require(memcmp(a->dst.ip, b.dst.ip, sizeof(b.dst.ip)) == 0);
	require(a->src.port == b.src.port && a->dst.port == b.dst.port);
	require(a->src.family == b.src.family);
	require(a->dst.family == b.dst.family);
	require(a->vlan_tag == b.vlan_tag && a->tunnel_tag == b.tunnel_tag);
	require(a->anomalies == b.anomalies);
	require(a->seq == b.seq && a->ack == b.ack);
	require(a->window == b.window && a->flags == b.flags);
	require(a->window_scale == b.window_scale && a->mss == b.mss);
	require(a->payload_len == b.payload_len);
	require_equal(a->payload, b.payload);
	require(a->header_len == b.header_len);
	require(a->owned == NULL && b.owned == NULL);
}

static uint64_t count_all(const struct account *a)
{
	uint64_t n = 0;

	for (size_t i = 0; i < ACCOUNT_COUNTER_COUNT; i++)
		n += a->counters[i];
	return n;
}

static void decode(struct net *n, struct account *account,
    const struct frame *frame)
{
	uint64_t before = count_all(account);
	struct segment seg = {
		.origin = { frame->number, frame->ts_ns, 0 }
	};
	struct icmp_error icmp;

	if (frame->link_type == LINK_ETHERNET &&
	    !n->options.verify_checksums &&
	    net_usual(n, frame, &seg))
		compare(n, frame, &seg);
	switch (net_decode(n, frame, &seg, &icmp)) {
	case NET_SEGMENT:
		use_segment(&seg);
		break;
	case NET_ICMP:
		require(icmp.src.family == icmp.dst.family);
		break;
	case NET_NOTHING:
		require(count_all(account) > before);
		break;
	case NET_NOMEM:
		break;
	}
}

/* In a block of its own size, so that over-reads are seen. */
static void decode_record(struct net *n, struct account *account,
    struct frame *frame, struct slice octets, bool cut)
{
	uint8_t *block = malloc(octets.len > 0 ? octets.len : 1);

	if (block == NULL)
		return;
	if (octets.len > 0)
		memcpy(block, octets.p, octets.len);
	frame->number++;
	frame->ts_ns += 1000000;
	frame->octets = slice_make(block, octets.len);
	frame->wire_len = (uint32_t)octets.len + (cut ? 1000 : 0);
	decode(n, account, frame);
	free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_make(slice_make(data, size));
	uint32_t selector = cursor_be32(&c);
	struct net_options options = {
		.verify_checksums = (selector >> 24 & 1) != 0,
		.ignore_vlan = (selector >> 24 & 2) != 0
	};
	struct frame frame = { .resolution_ns = 1000 };
	struct account account;
	struct net *n;

	frame.link_type = selector & 0xffff;
	if ((selector >> 24 & 4) == 0)
		frame.link_type = link_types[frame.link_type %
		    (sizeof(link_types) / sizeof(*link_types))];
	account_init(&account);
	if (net_new(&options, &account, &n) == SW_OK) {
		while (cursor_left(&c) > 2) {
			uint16_t len = cursor_be16(&c);
			size_t left = cursor_left(&c);
			size_t want = len & 0x7fff;

			decode_record(n, &account, &frame, cursor_take(&c,
			    want < left ? want : left), (len & 0x8000) != 0);
		}
		net_finish(n);
		net_free(&n);
	}
	account_fini(&account);
	return 0;
}
