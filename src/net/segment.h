/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * segment.h - a TCP segment of the innermost addresses of a frame
 */
#ifndef NET_SEGMENT_H
#define NET_SEGMENT_H

#include <smtpwire/transcript.h>

#include "base/anomaly.h"
#include "base/origin.h"
#include "base/slice.h"

/* An address and port; IPv4 in the first four octets, the rest zero. */
struct endpoint {
	uint8_t ip[16];
	uint16_t port;
	uint8_t family; /* 4 or 6 */
};

enum { /* RFC 9293 3.1 */
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20
};

struct segment {
	struct origin origin;
	int64_t resolution_ns; /* of origin.ts_ns */
	struct endpoint src, dst;
	/*
	 * What tells apart flows with equal endpoints, the same in both
	 * directions: a hash of the VLAN ids (0: no tag) and a hash of the
	 * tunnels (kind, outer addresses sorted, key; 0: none).  Fixed
	 * hashes, the same in every run.
	 */
	uint32_t vlan_tag;
	uint32_t anomalies; /* of the frame, base/anomaly.h */
	/* Not beside the other tag: read together with one load, two that
	 * were just written would have to reach the cache first. */
	uint32_t tunnel_tag;
	uint32_t seq, ack;
	uint32_t window;    /* as in the header, not scaled */
	uint16_t mss;         /* option of a SYN; 0: none */
	uint8_t window_scale; /* option of a SYN; 255: none */
	/* Octets of the header, which is before the payload as captured, for
	 * net_checksum_is_bad(); 0: not captured as a whole, or of unknown
	 * length, so that it cannot be verified. */
	uint8_t header_len;
	uint8_t flags;        /* TCP_FIN ... */
	uint32_t payload_len; /* octets on the wire */
	struct slice payload; /* those captured: the first payload.len */
	/* Heap memory in which payload lies (a reassembled datagram), to be
	 * freed by the consumer with free(); else NULL. */
	uint8_t *owned;
};

/* An ICMP or ICMPv6 error about a TCP segment, for its flow. */
struct icmp_error {
	struct origin origin;
	struct endpoint src, dst; /* of the segment that it is about */
	uint32_t vlan_tag, tunnel_tag;
	uint8_t type, code;
	uint32_t mtu; /* of "fragmentation needed" or "packet too big" */
};

/* Is the TCP checksum of a segment wrong?  A zero checksum field
 * or a partial one (offload leaves the pseudo-header sum) counts as wrong;
 * false when it cannot be verified (cut by the snap length, or an IP length
 * of 0). */
bool net_checksum_is_bad(const struct segment *seg);

#endif
