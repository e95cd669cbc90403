/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net_frames.h - frames made by hand, from the inside out
 *
 * A build grows to the front: payload, TCP, IP, whatever is around it.
 */
#ifndef NET_FRAMES_H
#define NET_FRAMES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/net.h"

struct build {
	uint8_t space[80000];
	size_t at; /* the frame is from here to the end */
	bool back; /* the other direction: addresses and ports swapped */
};

static inline void build_init(struct build *b)
{
	b->at = sizeof(b->space);
	b->back = false;
}
static inline size_t build_len(const struct build *b)
{
	return sizeof(b->space) - b->at;
}
static inline uint8_t *build_add(struct build *b, size_t n)
{
	assert_true(n <= b->at);
	b->at -= n;
	memset(b->space + b->at, 0, n);
	return b->space + b->at;
}
static inline void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}
static inline void add_octets(struct build *b, const void *p, size_t n)
{
	if (n > 0)
		memcpy(build_add(b, n), p, n);
}
static inline void add16(struct build *b, size_t v)
{
	put16(build_add(b, 2), v);
}

static inline uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Octets behind the IP header may be cut off by the caller; TCP without
 * checksum. */
static inline void add_tcp(struct build *b, uint8_t flags,
    const void *options, size_t options_len)
{
	uint8_t *t;

	add_octets(b, options, options_len);
	t = build_add(b, 20);
	put16(t, b->back ? 25 : 40000);
	put16(t + 2, b->back ? 40000 : 25);
	put32(t + 4, 0x01020304);
	put32(t + 8, 0x0a0b0c0d);
	t[12] = (uint8_t)((20 + options_len) / 4 << 4);
	t[13] = flags;
	put16(t + 14, 512);
}

/* Inner addresses are 192.0.2.1 and .2, 2001:db8::1 and ::2; outer ones
 * (`net` not 0) lie in other networks. */
static inline void add_ip4(struct build *b, uint8_t net, uint8_t protocol)
{
	size_t total = build_len(b) + 20;
	uint8_t *h = build_add(b, 20);

	h[0] = 0x45;
	put16(h + 2, total);
	put16(h + 4, 0x1234);
	put16(h + 6, 0x4000); /* may not be fragmented, as usual */
	h[8] = 64;
	h[9] = protocol;
	put32(h + 12, 0xc0000201 + ((uint32_t)net << 8) + b->back);
	put32(h + 16, 0xc0000202 + ((uint32_t)net << 8) - b->back);
	put16(h + 10, ~sum16(h, 20, 0) & 0xffff);
}
static inline void address6(uint8_t *p, uint8_t net, uint8_t host)
{
	memset(p, 0, 16);
	put32(p, 0x20010db8);
	p[7] = net;
	p[15] = host;
}
static inline void add_ip6(struct build *b, uint8_t net, uint8_t next)
{
	size_t len = build_len(b);
	uint8_t *h = build_add(b, 40);

	h[0] = 0x60;
	put16(h + 4, len);
	h[6] = next;
	h[7] = 64;
	address6(h + 8, net, b->back ? 2 : 1);
	address6(h + 24, net, b->back ? 1 : 2);
}
static inline void add_ethernet(struct build *b, uint16_t type)
{
	uint8_t *h = build_add(b, 14);

	memcpy(h, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	put16(h + 12, type);
}
static inline void add_vlan(struct build *b, uint16_t tci, uint16_t type)
{
	uint8_t *h = build_add(b, 4);

	put16(h, tci);
	put16(h + 2, type);
}

/* The usual inside: "EHLO x\r\n" from port 40000 to 25. */
#define PAYLOAD "EHLO x\r\n"
static inline void add_segment4(struct build *b)
{
	add_octets(b, PAYLOAD, strlen(PAYLOAD));
	add_tcp(b, TCP_ACK | TCP_PSH, NULL, 0);
	add_ip4(b, 0, 6);
}
static inline void add_segment6(struct build *b)
{
	add_octets(b, PAYLOAD, strlen(PAYLOAD));
	add_tcp(b, TCP_ACK | TCP_PSH, NULL, 0);
	add_ip6(b, 0, 6);
}
/* Write the right TCP checksum; at the offsets of IP and TCP header. */
static inline void set_checksum(struct build *b, size_t ip, size_t tcp)
{
	uint8_t *f = b->space + b->at;
	size_t len = build_len(b) - tcp;
	bool six = f[ip] >> 4 == 6;
	uint32_t sum = sum16(f + ip + (six ? 8 : 12), six ? 32 : 8,
	    (uint32_t)len + 6);

	put16(f + tcp + 16, 0);
	put16(f + tcp + 16, ~sum16(f + tcp, len, sum) & 0xffff);
}

/* --- decoding ------------------------------------------------------------ */

struct run {
	struct net *net;
	struct account account;
	struct segment seg;
	struct icmp_error icmp;
	uint8_t *block; /* the last frame, in a block of exactly its size */
	uint64_t frames;
	int64_t ts_ns;  /* of the next frame */
};

static inline void run_init(struct run *r, struct net_options options)
{
	memset(r, 0, sizeof(*r));
	account_init(&r->account);
	r->ts_ns = INT64_C(1700000000000000000);
	assert_int_equal(net_new(&options, &r->account, &r->net), SW_OK);
}
static inline void run_fini(struct run *r)
{
	net_free(&r->net);
	account_fini(&r->account);
	free(r->block);
}
static inline enum net_result run_octets(struct run *r, uint32_t link_type,
    const uint8_t *p, size_t len, size_t wire_len)
{
	struct frame frame = {
		.number = ++r->frames,
		.ts_ns = r->ts_ns,
		.resolution_ns = 1000,
		.link_type = link_type,
		.wire_len = (uint32_t)wire_len
	};

	free(r->block);
	r->block = malloc(len);
	if (len > 0)
		memcpy(r->block, p, len);
	frame.octets = slice_make(r->block, len);
	if (len < wire_len)
		frame.anomalies = ANOMALY_BIT(ANOMALY_SNAPPED);
	r->seg.origin = (struct origin){ r->frames, r->ts_ns, 0 };
	return net_decode(r->net, &frame, &r->seg, &r->icmp);
}
static inline enum net_result run_build(struct run *r, uint32_t link_type,
    const struct build *b)
{
	return run_octets(r, link_type, b->space + b->at, build_len(b),
	    build_len(b));
}
/* Sum of all counters: what a call counted. */
static inline uint64_t run_counted(const struct run *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < ACCOUNT_COUNTER_COUNT; i++)
		n += r->account.counters[i];
	return n;
}
static inline void run_clear(struct run *r)
{
	account_fini(&r->account);
	account_init(&r->account);
}
#define assert_counted(r, counter, n) \
	assert_int_equal((r)->account.counters[counter], n)

#endif
