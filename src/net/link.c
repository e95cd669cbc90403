/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.c - link layers: from the frame's first octet to the IP header
 *
 * A link type is one row of `links` and one function; what an EtherType
 * announces is one row of `ethertypes`.
 */
#include "net/net.h"

#include "net/walk.h"

/* --- Ethernet and what lies in it --------------------------------------- */

/* IEEE 802.2, and SNAP (RFC 1042) in it. */
enum net_result net_link_llc(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t saps = cursor_be16(&c);
	uint8_t control = cursor_u8(&c);
	uint32_t oui;
	uint16_t type;

	if (c.bad)
		return net_drop_short(w, p);
	if (saps == 0x0606 && control == 0x03) {
		packet_skip(p, 3);
		return net_ip(w, p);
	}
	if (saps != 0xaaaa || control != 0x03)
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	oui = (uint32_t)cursor_u8(&c) << 16;
	oui |= cursor_be16(&c);
	type = cursor_be16(&c);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 8);
	/* 00-00-F8: 802.1H bridge tunnels, with EtherTypes just the same. */
	if (oui != 0x000000 && oui != 0x0000f8)
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	return net_ethertype(w, p, type);
}

/* A type field that may be the length of an 802.3 frame. */
static enum net_result decode_type_or_length(struct walk *w,
    struct packet *p, uint16_t type)
{
	if (type >= 0x0600)
		return net_ethertype(w, p, type);
	if (type > 1500)
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	if (type < p->wire_len)
		packet_end(p, type);
	return net_link_llc(w, p);
}

enum net_result net_link_ethernet(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(slice_from(p->octets, 12));
	uint16_t type = cursor_be16(&c);

	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 14);
	return decode_type_or_length(w, p, type);
}

/* 802.1Q and its predecessors.  A priority tag (VID 0) is no VLAN. */
static enum net_result decode_vlan(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t tci = cursor_be16(&c);
	uint16_t type = cursor_be16(&c);
	uint8_t vid[2] = { (uint8_t)(tci >> 8 & 0x0f), (uint8_t)tci };

	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 4);
	if ((tci & 0x0fff) != 0 && !w->net->options.ignore_vlan)
		w->vlan_tag = net_tag_add(w->vlan_tag, vid, sizeof(vid));
	return decode_type_or_length(w, p, type);
}

static const struct {
	uint16_t type;
	net_step *step;
} ethertypes[] = {
	{ 0x0800, net_ip4 },
	{ 0x86dd, net_ip6 },
	{ 0x8100, decode_vlan }, /* 802.1Q */
	{ 0x88a8, decode_vlan }, /* 802.1ad */
	{ 0x9100, decode_vlan }, /* QinQ before there was a standard */
	{ 0x9200, decode_vlan },
	{ 0x9300, decode_vlan },
	{ 0x8847, net_mpls },
	{ 0x8848, net_mpls }, /* multicast once, RFC 5332 */
	{ 0x8864, net_tunnel_pppoe },
	{ 0x880b, net_link_ppp },
	{ 0x6558, net_link_ethernet }, /* transparent Ethernet bridging */
	{ 0x8870, net_link_llc },      /* LLC in jumbo frames */
};
#define ETHERTYPES (sizeof(ethertypes) / sizeof(*ethertypes))

static net_step *find_ethertype(uint16_t type)
{
	for (size_t i = 0; i < ETHERTYPES; i++)
		if (ethertypes[i].type == type)
			return ethertypes[i].step;
	return NULL;
}

bool net_is_ethertype(uint16_t type)
{
	return find_ethertype(type) != NULL;
}

enum net_result net_ethertype(struct walk *w, struct packet *p,
    uint16_t type)
{
	net_step *step = find_ethertype(type);

	if (!net_deeper(w))
		return net_drop(w, ACCOUNT_LIMIT_OTHER);
	return step ? step(w, p) : net_drop(w, ACCOUNT_FRAMES_NOT_IP);
}

/* --- PPP and HDLC ------------------------------------------------------- */

/*
 * RFC 1661 and 1662: address and control (FF 03) may be left out, and the
 * first octet of a protocol below 256 too: it is the only one that is odd.
 */
enum net_result net_link_ppp(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint32_t protocol = cursor_u8(&c);

	if (protocol == 0xff) {
		cursor_skip(&c, 1);
		protocol = cursor_u8(&c);
	}
	if ((protocol & 1) == 0)
		protocol = protocol << 8 | cursor_u8(&c);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, (size_t)(c.p - p->octets.p));
	if (protocol == 0x0021)
		return net_ip4(w, p);
	if (protocol == 0x0057)
		return net_ip6(w, p);
	if (protocol == 0x0281) /* RFC 3032 4.1 */
		return net_ethertype(w, p, 0x8847);
	return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
}

/* Cisco HDLC: address, control 0, EtherType. */
static enum net_result decode_chdlc(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t type;

	cursor_skip(&c, 2);
	type = cursor_be16(&c);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 4);
	return net_ethertype(w, p, type);
}

/* PPP in HDLC framing, or Cisco HDLC: told apart by the address octet. */
static enum net_result decode_ppp_hdlc(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint8_t address = cursor_u8(&c);

	if (address == 0x0f || address == 0x8f)
		return decode_chdlc(w, p);
	return net_link_ppp(w, p);
}

/*
 * An octet that tells the direction, then PPP.  LINKTYPE_PPP_PPPD writes it
 * over the address octet, so that the control octet is left.
 */
static enum net_result decode_ppp_dir(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint8_t control;

	cursor_skip(&c, 1);
	control = cursor_u8(&c);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, control == 0x03 ? 2 : 1);
	return net_link_ppp(w, p);
}

/* --- the others --------------------------------------------------------- */

/*
 * BSD loopback: the address family of the capturing host, in its byte order
 * (LINKTYPE_NULL) or in that of the network (LINKTYPE_LOOP).  AF_INET is 2
 * everywhere, AF_INET6 is not.
 */
static enum net_result decode_null(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint32_t family = cursor_le32(&c);

	if (c.bad)
		return net_drop_short(w, p);
	if ((family & 0xffff) == 0)
		family = family >> 24 | (family >> 8 & 0xff00);
	packet_skip(p, 4);
	switch (family) {
	case 2:
		return net_ip4(w, p);
	case 10: /* Linux */
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD, Npcap */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return net_ip6(w, p);
	default:
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	}
}

/*
 * The protocol of a Linux "cooked" header: an EtherType, but 1 and 4 are
 * Novell's raw 802.3 and 802.2, and for some hardware types it is something
 * else altogether.
 */
static enum net_result decode_cooked(struct walk *w, struct packet *p,
    uint16_t hardware, uint16_t protocol)
{
	switch (hardware) {
	case 801: /* ARPHRD_IEEE80211 */
		return net_link_80211(w, p);
	case 803: /* ARPHRD_IEEE80211_RADIOTAP */
		return net_link_radiotap(w, p);
	case 802: /* ARPHRD_IEEE80211_PRISM */
	case 824: /* ARPHRD_NETLINK */
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	default:
		break;
	}
	if (protocol == 0x0004)
		return net_link_llc(w, p);
	return net_ethertype(w, p, protocol);
}

/* Packet type, ARPHRD type, address length, address (8), protocol. */
static enum net_result decode_sll(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t hardware, protocol;

	cursor_skip(&c, 2);
	hardware = cursor_be16(&c);
	cursor_skip(&c, 10);
	protocol = cursor_be16(&c);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 16);
	return decode_cooked(w, p, hardware, protocol);
}

/* Protocol, reserved, interface (4), ARPHRD type, packet type (1), address
 * length (1), address (8). */
static enum net_result decode_sll2(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t hardware, protocol;

	protocol = cursor_be16(&c);
	cursor_skip(&c, 6);
	hardware = cursor_be16(&c);
	cursor_skip(&c, 10);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 20);
	return decode_cooked(w, p, hardware, protocol);
}

/*
 * IEEE 802.5: access control, frame control, two addresses; the first bit of
 * the source's announces a route, in whose first octet its length is (the
 * lower 5 bits).
 */
static enum net_result decode_token_ring(struct walk *w, struct packet *p)
{
	enum { LLC = 0x40, HEADER = 14 };
	struct cursor c = cursor_make(p->octets);
	uint8_t control, source, route;

	cursor_skip(&c, 1);
	control = cursor_u8(&c);
	cursor_skip(&c, 6);
	source = cursor_u8(&c);
	cursor_skip(&c, 5);
	route = (source & 0x80) != 0 ? cursor_u8(&c) & 0x1f : 0;
	if (c.bad || !packet_skip(p, HEADER + (size_t)route))
		return net_drop_short(w, p);
	if ((control & 0xc0) != LLC)
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	return net_link_llc(w, p);
}

/* ISO 9314: frame control, two addresses. */
static enum net_result decode_fddi(struct walk *w, struct packet *p)
{
	enum { LLC = 0x50, HEADER = 13 };
	struct cursor c = cursor_make(p->octets);
	uint8_t control = cursor_u8(&c);

	if (c.bad || !packet_skip(p, HEADER))
		return net_drop_short(w, p);
	if ((control & 0xf0) != LLC)
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	return net_link_llc(w, p);
}

/* https://www.tcpdump.org/linktypes.html; names as libpcap's. */
static const struct net_link links[] = {
	{ LINK_ETHERNET, "EN10MB", net_link_ethernet },
	{ 0, "NULL", decode_null },
	{ 6, "IEEE802", decode_token_ring },
	{ 9, "PPP", net_link_ppp },
	{ 10, "FDDI", decode_fddi },
	{ 12, "RAW", net_ip }, /* 12 and 14: DLT_RAW, written as it is */
	{ 14, "RAW", net_ip },
	{ 50, "PPP_SERIAL", decode_ppp_hdlc },
	{ 51, "PPP_ETHER", net_tunnel_pppoe },
	{ 100, "ATM_RFC1483", net_link_llc },
	{ 101, "RAW", net_ip },
	{ 104, "C_HDLC", decode_chdlc },
	{ 105, "IEEE802_11", net_link_80211 },
	{ 108, "LOOP", decode_null },
	{ 113, "LINUX_SLL", decode_sll },
	{ 127, "IEEE802_11_RADIO", net_link_radiotap },
	{ 166, "PPP_PPPD", decode_ppp_dir },
	{ 204, "PPP_WITH_DIR", decode_ppp_dir },
	{ 219, "MPLS", net_mpls },
	{ 228, "IPV4", net_ip4 },
	{ 229, "IPV6", net_ip6 },
	{ 239, "NFLOG", net_link_nflog },
	{ 258, "PKTAP", net_link_pktap },
	{ 276, "LINUX_SLL2", decode_sll2 },
	/* Network Monitor's media types, for which there is no LINKTYPE. */
	{ 0xe083, "WFP_V4", net_link_wfp4 },
	{ 0xe084, "WFP_V6", net_link_wfp6 },
	{ 0xe085, "WFP2_V4", net_link_wfp4_flow },
	{ 0xe086, "WFP2_V6", net_link_wfp6_flow },
};

const struct net_link *net_link_find(uint32_t link_type)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (links[i].link_type == link_type)
			return &links[i];
	return NULL;
}
