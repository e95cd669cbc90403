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

static inline void set_endpoint(struct endpoint *e, const uint8_t *ip,
    uint8_t family, uint16_t port)
{
	if (family == 4) {
		/* In whole words, as it will be read at once. */
		uint64_t words[2] = { 0, 0 };

		memcpy(words, ip, 4);
		memcpy(e->ip, words, sizeof(e->ip));
	} else {
		memcpy(e->ip, ip, 16);
	}
	e->port = port;
	e->family = family;
}

/* tcp: the segment with its header; TCP_LEN octets of it are there. */
static inline bool take_tcp(struct segment *s, struct slice tcp)
{
	const uint8_t *p = tcp.p;
	size_t header_len = (size_t)(p[12] >> 4) * 4;

	s->flags = p[13] & 0x3f;
	if (header_len < TCP_LEN || header_len > tcp.len ||
	    (s->flags & TCP_SYN) != 0)
		return false;
	s->seq = octets_be32(p + 4);
	s->ack = octets_be32(p + 8);
	s->window = octets_be16(p + 14);
	s->window_scale = 255;
	s->mss = 0;
	s->payload = slice_make(p + header_len, tcp.len - header_len);
	s->payload_len = (uint32_t)s->payload.len;
	s->tcp = tcp;
	s->verifiable = true;
	s->owned = NULL;
	return true;
}

/* RFC 791 3.1; IP4_LEN + TCP_LEN octets are there. */
static inline bool take_ip4(struct segment *s, struct slice ip)
{
	const uint8_t *p = ip.p, *tcp = p + IP4_LEN;
	size_t total = octets_be16(p + 2);

	if (p[0] != 0x45 || (octets_be16(p + 6) & 0x3fff) != 0 ||
	    p[9] != PROTOCOL_TCP || total > ip.len ||
	    total < IP4_LEN + TCP_LEN ||
	    !take_tcp(s, slice_make(tcp, total - IP4_LEN)))
		return false;
	set_endpoint(&s->src, p + 12, 4, octets_be16(tcp));
	set_endpoint(&s->dst, p + 16, 4, octets_be16(tcp + 2));
	return true;
}

/* RFC 8200 3; IP4_LEN + TCP_LEN octets are there. */
static inline bool take_ip6(struct segment *s, struct slice ip)
{
	const uint8_t *p = ip.p, *tcp = p + IP6_LEN;
	size_t len = octets_be16(p + 4);

	if (p[0] >> 4 != 6 || p[6] != PROTOCOL_TCP || len < TCP_LEN ||
	    IP6_LEN + len > ip.len || !take_tcp(s, slice_make(tcp, len)))
		return false;
	set_endpoint(&s->src, p + 8, 6, octets_be16(tcp));
	set_endpoint(&s->dst, p + 24, 6, octets_be16(tcp + 2));
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
    struct origin origin, struct segment *s)
{
	struct slice ip = frame->octets;
	const uint8_t *p = ip.p;
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
	if (type == 0x0800 ? !take_ip4(s, ip) :
	    type != 0x86dd || !take_ip6(s, ip))
		return false;
	s->origin = origin;
	s->resolution_ns = frame->resolution_ns;
	s->tunnel_tag = 0;
	s->anomalies = frame->anomalies & ~ANOMALY_BIT(ANOMALY_SNAPPED);
	return true;
}
