/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk.h - inside net: one frame's way through its headers
 *
 * Theory of operation.  net_decode() makes a walk and a packet (what is left
 * of the frame) and calls the function of the link type.  Each function
 * reads one header, removes it from the packet and ends with the call of the
 * next one, found in the table of EtherTypes or of IP protocols, until one
 * of them drops the frame and counts it, keeps a fragment, or fills in the
 * segment.  net_deeper() in both tables bounds the nesting.
 *
 * A packet knows how many octets it had on the wire and which of them were
 * captured.  The first comes from the frame and is then corrected by each
 * length field, so that padding is cut off and what the snap length took
 * away shows as octets.len < wire_len, whatever tunnels are around it.
 *
 * Inside an ICMP error (`quoted`) the same functions read the header that it
 * quotes; what ends in a segment elsewhere is an icmp_error there.
 */
#ifndef NET_WALK_H
#define NET_WALK_H

#include "base/cursor.h"
#include "base/limits.h"
#include "net/fragments.h"
#include "net/net.h"

/* Octets of a datagram whose length field is 0 because the network card was
 * to cut it up.  Linux makes at most 8 * 65535 of them; more is not
 * believed: the frame is malformed. */
#define LIMIT_OFFLOAD (1u << 20)

struct packet {
	struct slice octets; /* captured */
	size_t wire_len;     /* on the wire; >= octets.len */
};

struct net_link;

struct net {
	struct net_options options;
	struct account *account;
	const struct net_link *link; /* row of link_type; NULL: unknown */
	uint32_t link_type;          /* of the last frame */
	struct fragments fragments;
};

struct walk {
	struct net *net;
	const struct frame *frame;
	struct segment *seg_r;
	struct icmp_error *icmp_r;
	struct endpoint src, dst; /* of the innermost IP header so far */
	uint32_t vlan_tag, tunnel_tag;
	uint32_t anomalies;
	unsigned depth;
	bool quoted;     /* inside an ICMP error */
	uint8_t icmp_type, icmp_code; /* of that error */
	uint32_t icmp_mtu;
	bool length_unknown; /* innermost IP length is 0: offloaded */
	uint8_t *owned;  /* reassembled datagram in which the packet lies */
};

typedef enum net_result net_step(struct walk *w, struct packet *p);

/* A row of the registry of link types in link.c. */
struct net_link {
	uint32_t link_type;
	const char *name;
	net_step *step;
};
/* NULL: unknown. */
const struct net_link *net_link_find(uint32_t link_type);

/* Remove n captured octets; false (nothing done) when there are fewer. */
static inline bool packet_skip(struct packet *p, size_t n)
{
	if (n > p->octets.len)
		return false;
	p->octets = slice_from(p->octets, n);
	p->wire_len -= n;
	return true;
}
/* The packet ends after n octets; what follows is padding. */
static inline void packet_end(struct packet *p, size_t n)
{
	p->wire_len = n;
	p->octets = slice_head(p->octets, n);
}

/* Count the frame under c and be done with it. */
enum net_result net_drop(struct walk *w, enum account_counter c);
/* A header goes beyond what is there: cut by the snap length, or malformed
 * when all that was on the wire was captured. */
enum net_result net_drop_short(struct walk *w, const struct packet *p);
/* One more header; false: there are too many, drop as LIMIT_OTHER. */
static inline bool net_deeper(struct walk *w)
{
	return ++w->depth <= LIMIT_NESTING;
}

/* Add octets to a tag, which stays 0 only if it was never added to. */
uint32_t net_tag_add(uint32_t tag, const void *p, size_t len);

/* usual.c: a frame of LINK_ETHERNET, where no checksums are asked for.
 * false: not usual, nothing in s is of use. */
enum { LINK_ETHERNET = 1 };
bool net_usual(const struct net *n, const struct frame *frame,
    struct segment *s);
/* net_decode() without that. */
enum net_result net_decode_any(struct net *n, const struct frame *frame,
    struct segment *seg_r, struct icmp_error *icmp_r);

/* net.c: what the frame of a link type holds.  link: its row; NULL: none, the
 * frame is counted under its name. */
enum net_result net_link_enter(struct walk *w, struct packet *p,
    const struct net_link *link, uint32_t link_type);

/* link.c */
enum net_result net_link_ethernet(struct walk *w, struct packet *p);
enum net_result net_link_ppp(struct walk *w, struct packet *p);
enum net_result net_link_llc(struct walk *w, struct packet *p);
/* What an EtherType announces. */
enum net_result net_ethertype(struct walk *w, struct packet *p,
    uint16_t type);
/* Is it in the table? */
bool net_is_ethertype(uint16_t type);

/* wireless.c */
enum net_result net_link_80211(struct walk *w, struct packet *p);
enum net_result net_link_radiotap(struct walk *w, struct packet *p);

/* wrapper.c */
enum net_result net_link_nflog(struct walk *w, struct packet *p);
enum net_result net_link_pktap(struct walk *w, struct packet *p);
enum net_result net_link_wfp4(struct walk *w, struct packet *p);
enum net_result net_link_wfp6(struct walk *w, struct packet *p);
enum net_result net_link_wfp4_flow(struct walk *w, struct packet *p);
enum net_result net_link_wfp6_flow(struct walk *w, struct packet *p);

/* mpls.c */
enum net_result net_mpls(struct walk *w, struct packet *p);

/* ip.c */
enum net_result net_ip4(struct walk *w, struct packet *p);
enum net_result net_ip6(struct walk *w, struct packet *p);
/* One or the other by the version in the first octet. */
enum net_result net_ip(struct walk *w, struct packet *p);

/* What the header of IP announces, of which the addresses alone are left. */
enum net_result net_ip_payload(struct walk *w, struct packet *p,
    struct slice src, struct slice dst, uint8_t protocol);

/* tunnel.c: the headers between two IP headers */
enum net_result net_tunnel_ip4(struct walk *w, struct packet *p);
enum net_result net_tunnel_ip6(struct walk *w, struct packet *p);
enum net_result net_tunnel_gre(struct walk *w, struct packet *p);
enum net_result net_tunnel_udp(struct walk *w, struct packet *p);
/* PPPoE lies in Ethernet, but names a tunnel all the same. */
enum net_result net_tunnel_pppoe(struct walk *w, struct packet *p);

/* segment.c */
enum net_result net_segment_tcp(struct walk *w, struct packet *p);
enum net_result net_segment_icmp(struct walk *w, struct packet *p);
enum net_result net_segment_icmp6(struct walk *w, struct packet *p);
/* Ones' complement sum of octets (RFC 1071), folded, not complemented. */
uint16_t net_sum(struct slice octets, uint32_t sum);

/* filter.c: libpcap's name of a link type; NULL if it has none. */
const char *net_filter_link_name(uint32_t link_type);

#endif
