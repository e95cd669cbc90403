/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usual.c - the short way of the usual frame
 *
 * Nearly every frame of a capture is Ethernet, perhaps with one VLAN tag,
 * then IP without options, extensions or fragments, then TCP that is no SYN,
 * and was captured whole.  Its fields are read where they lie, after one
 * look at the length of each fixed header.  What is in any way different is
 * left to the general way (walk.h), which finds the same in a usual frame.
 */
#include "net/walk.h"

enum {
	ETHERNET_LEN = 14,
	VLAN_LEN = 4,
	IP4_LEN = 20,
	IP6_LEN = 40,
	TCP_LEN = 20,
	PROTOCOL_TCP = 6
};

static inline void set_ip4(struct endpoint *e, const uint8_t *ip)
{
	/* In whole words, as it will be read at once. */
	uint64_t words[2] = { 0, 0 };

	memcpy(words, ip, 4);
	memcpy(e->ip, words, sizeof(e->ip));
	e->family = 4;
}

static inline void set_ip6(struct endpoint *e, const uint8_t *ip)
{
	memcpy(e->ip, ip, 16);
	e->family = 6;
}

/* The TCP segment behind an IP header: its fixed header, which is there, and
 * how much follows that. */
struct tcp {
	const uint8_t *p;
	size_t rest;
};

/* RFC 791 3.1; IP4_LEN + TCP_LEN octets are there. */
static inline bool take_ip4(struct segment *s, struct slice ip,
    struct tcp *tcp_r)
{
	const size_t least = IP4_LEN + TCP_LEN;
	const uint8_t *p = ip.p;

	tcp_r->p = p + IP4_LEN;
	tcp_r->rest = (size_t)octets_be16(p + 2) - least;
	/* No fragment (offset and MF are 0), and behind the TTL the protocol;
	 * a total length that is too small leaves more than there is. */
	if (p[0] != 0x45 || (octets_be32(p + 6) & 0x3fff00ff) !=
	    PROTOCOL_TCP || tcp_r->rest > ip.len - least)
		return false;
	set_ip4(&s->src, p + 12);
	set_ip4(&s->dst, p + 16);
	return true;
}

/* RFC 8200 3; IP4_LEN + TCP_LEN octets are there. */
static inline bool take_ip6(struct segment *s, struct slice ip,
    struct tcp *tcp_r)
{
	const size_t least = IP6_LEN + TCP_LEN;
	const uint8_t *p = ip.p;

	tcp_r->p = p + IP6_LEN;
	tcp_r->rest = (size_t)octets_be16(p + 4) - TCP_LEN;
	if (p[0] >> 4 != 6 || p[6] != PROTOCOL_TCP || ip.len < least ||
	    tcp_r->rest > ip.len - least)
		return false;
	set_ip6(&s->src, p + 8);
	set_ip6(&s->dst, p + 24);
	return true;
}

/* RFC 9293 3.1 */
static inline bool take_tcp(struct segment *s, struct tcp tcp)
{
	const uint8_t *p = tcp.p;
	size_t header_len = (p[12] >> 2) & 0x3c;
	size_t options_len = header_len - TCP_LEN;

	s->flags = p[13] & 0x3f;
	/* A header that is too short has options beyond all lengths. */
	if (options_len > tcp.rest || (s->flags & TCP_SYN) != 0)
		return false;
	s->src.port = octets_be16(p);
	s->dst.port = octets_be16(p + 2);
	s->seq = octets_be32(p + 4);
	s->ack = octets_be32(p + 8);
	s->window = octets_be16(p + 14);
	s->window_scale = 255;
	s->mss = 0;
	s->header_len = (uint8_t)header_len;
	s->payload = slice_make(p + header_len, tcp.rest - options_len);
	s->payload_len = (uint32_t)s->payload.len;
	s->owned = NULL;
	return true;
}

/* 802.1Q: VID 0 is no VLAN. */
static inline uint32_t vlan_tag(const struct net *n, const uint8_t *tci)
{
	uint8_t vid[2] = { tci[0] & 0x0f, tci[1] };

	if ((vid[0] | vid[1]) == 0 || n->options.ignore_vlan)
		return 0;
	return net_tag_add(0, vid, sizeof(vid));
}

bool net_usual(const struct net *n, const struct frame *frame,
    struct segment *s)
{
	struct slice ip = frame->octets;
	const uint8_t *p = ip.p;
	struct tcp tcp;
	uint16_t type;

	if (ip.len < ETHERNET_LEN + IP4_LEN + TCP_LEN)
		return false;
	type = octets_be16(p + 12);
	ip = slice_from(ip, ETHERNET_LEN);
	s->vlan_tag = 0;
	if (type == 0x8100) {
		if (ip.len < VLAN_LEN + IP4_LEN + TCP_LEN)
			return false;
		s->vlan_tag = vlan_tag(n, p + ETHERNET_LEN);
		type = octets_be16(p + ETHERNET_LEN + 2);
		ip = slice_from(ip, VLAN_LEN);
	}
	if (type == 0x0800 ? !take_ip4(s, ip, &tcp) :
	    type != 0x86dd || !take_ip6(s, ip, &tcp))
		return false;
	if (!take_tcp(s, tcp))
		return false;
	s->resolution_ns = frame->resolution_ns;
	s->tunnel_tag = 0;
	s->anomalies = frame->anomalies & ~ANOMALY_BIT(ANOMALY_SNAPPED);
	return true;
}
