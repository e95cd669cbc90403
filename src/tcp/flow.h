/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow.h - what the flows of every engine have in common, and the shard of a
 * connection */
#ifndef TCP_FLOW_H
#define TCP_FLOW_H

#include "base/hash.h"
#include "base/limits.h"
#include "tcp/engine.h"

/* An engine's own flow begins with this; class is the engine's. */
struct tcp_flow_class {
	void (*facts)(const struct tcp_flow *flow, struct tcp_facts *facts_r);
};

struct tcp_flow {
	const struct tcp_flow_class *class;
	struct tcp_flow_info info;
};

/* An endpoint as one word; IPv6 addresses by a hash of them. */
static inline uint64_t tcp_endpoint_word(const uint64_t key[2],
    const struct endpoint *e)
{
	uint64_t ip[2];
	uint32_t ip4;

	if (e->family == 4) {
		memcpy(&ip4, e->ip, sizeof(ip4));
		return (uint64_t)e->port << 32 | ip4;
	}
	memcpy(ip, e->ip, sizeof(ip));
	return ((uint64_t)e->port << 32 | (uint64_t)e->family << 48) ^
	    hash_mix(ip[0] ^ key[0], ip[1] ^ key[1]);
}

/* A hash of two endpoints, the same from both sides: the lower word comes
 * first.  key[1] is odd. */
static inline uint64_t tcp_hash_endpoints(const uint64_t key[2],
    const struct endpoint *a, const struct endpoint *b)
{
	uint64_t x = tcp_endpoint_word(key, a);
	uint64_t y = tcp_endpoint_word(key, b);
	uint64_t low = x < y ? x : y, high = x < y ? y : x;

	return hash_mix(low ^ key[0], high ^ key[1]);
}

/* The shard of a connection: a fixed hash of both innermost endpoints, the
 * same in both directions and in every run, so that the output never depends
 * on a secret; 0 to SHARD_COUNT - 1.  It only spreads. */
static inline unsigned tcp_shard_of(const struct endpoint *a,
    const struct endpoint *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a->ip, sizeof(x));
	memcpy(y, b->ip, sizeof(y));
	return (unsigned)(hash_mix(x[0] ^ y[0] ^ UINT64_C(0x9e3779b97f4a7c15) ^
	    (uint64_t)(a->port ^ b->port) << 32,
	    x[1] ^ y[1] ^ UINT64_C(0xbf58476d1ce4e5b9)) % SHARD_COUNT);
}

#endif
