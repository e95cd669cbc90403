/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connection.h - what is told of a connection beside its dialogue */
#ifndef PIPELINE_CONNECTION_H
#define PIPELINE_CONNECTION_H

#include "pipeline/shard.h"

/* What is known from its first frame on, for who is told each event: start,
 * clock, endpoints. */
void connection_begin(const struct shard *s, struct session_builder *b,
    const struct tcp_flow *flow, int client_dir);
/* Fill id, source, clock, start, end, endpoints, tcp and records of the
 * session from its connection, of which the facts are known; client_dir:
 * direction of the client. */
void connection_tell(struct shard *s, struct session_builder *b,
    struct tcp_flow *flow, const struct tcp_facts *facts, int client_dir);

#endif
