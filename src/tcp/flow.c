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

unsigned tcp_shard_of(const struct endpoint *a, const struct endpoint *b)
{
	/* Fixed, so that the output never depends on a secret. */
	static const uint64_t key[2] = { UINT64_C(0x9e3779b97f4a7c15),
		UINT64_C(0xbf58476d1ce4e5b9) };

	return (unsigned)(tcp_hash_endpoints(key, a, b) % SHARD_COUNT);
}
