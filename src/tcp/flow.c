/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow.c - what sinks ask of a flow, and the shard of a connection */

#include "tcp/flow.h"

#include "base/limits.h"

const struct tcp_flow_info *tcp_flow_info_get(const struct tcp_flow *flow)
{
	return &flow->info;
}

void tcp_flow_facts_get(const struct tcp_flow *flow,
    struct tcp_facts *facts_r)
{
	flow->class->facts(flow, facts_r);
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0x9e3779b97f4a7c15);
	x ^= x >> 29;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	return x ^ x >> 32;
}

static uint64_t hash_endpoint(const struct endpoint *p)
{
	uint64_t w[2];

	memcpy(w, p->ip, sizeof w);
	w[0] = mix(w[0] + p->port);
	return mix(w[0] + w[1] + p->family);
}

unsigned tcp_shard_of(const struct endpoint *a, const struct endpoint *b)
{
	/* A sum: the same from both sides. */
	return (unsigned)(mix(hash_endpoint(a) + hash_endpoint(b)) %
	    SHARD_COUNT);
}
