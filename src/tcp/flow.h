/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow.h - what the flows of every engine have in common */
#ifndef TCP_FLOW_H
#define TCP_FLOW_H

#include "tcp/engine.h"

/* An engine's own flow begins with this; class is the engine's. */
struct tcp_flow_class {
	void (*facts)(const struct tcp_flow *flow, struct tcp_facts *facts_r);
};

struct tcp_flow {
	const struct tcp_flow_class *class;
	struct tcp_flow_info info;
};

#endif
