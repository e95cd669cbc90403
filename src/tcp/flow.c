/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow.c - what sinks ask of a flow */

#include "tcp/flow.h"

const struct tcp_flow_info *tcp_flow_info_get(const struct tcp_flow *flow)
{
	return &flow->info;
}

void tcp_flow_facts_get(const struct tcp_flow *flow,
    struct tcp_facts *facts_r)
{
	flow->class->facts(flow, facts_r);
}
