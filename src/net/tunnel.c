/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tunnel.c - tunnels: IP in IP, GRE, PPTP, ERSPAN, VXLAN, Geneve, PPPoE
 *
 * Equal endpoints inside two tunnels are two flows, so each tunnel adds its
 * kind, its ends and its key to the tunnel tag, the ends in sorted order so
 * that both directions have the same tag.
 */
#include "net/net.h"

#include "net/walk.h"

/* Fixed for ever: they go into the tag and so into session ids. */
enum tunnel_kind {
	TUNNEL_IP = 1,
	TUNNEL_GRE = 2,
	TUNNEL_ERSPAN = 3,
	TUNNEL_VXLAN = 4,
	TUNNEL_PPPOE = 5,
	TUNNEL_GENEVE = 6,
	TUNNEL_PPTP = 7
};

static void add_tunnel(struct walk *w, enum tunnel_kind kind, uint32_t key)
{
	const uint8_t *a = w->src.ip, *b = w->dst.ip;
	uint8_t octets[6 + 2 * sizeof(w->src.ip)] = {
		(uint8_t)kind, w->src.family,
		(uint8_t)(key >> 24), (uint8_t)(key >> 16),
		(uint8_t)(key >> 8), (uint8_t)key
	};

	if (memcmp(a, b, sizeof(w->src.ip)) > 0) {
		a = w->dst.ip;
		b = w->src.ip;
	}
	memcpy(octets + 6, a, sizeof(w->src.ip));
	memcpy(octets + 6 + sizeof(w->src.ip), b, sizeof(w->src.ip));
	w->tunnel_tag = net_tag_add(w->tunnel_tag, octets, sizeof(octets));
}

/* RFC 2003, RFC 2473 */
enum net_result net_tunnel_ip4(struct walk *w, struct packet *p)
{
	add_tunnel(w, TUNNEL_IP, 0);
	return net_ip4(w, p);
}

/* RFC 4213, RFC 2473 */
enum net_result net_tunnel_ip6(struct walk *w, struct packet *p)
{
	add_tunnel(w, TUNNEL_IP, 0);
	return net_ip6(w, p);
}

/*
 * ERSPAN II: version (4 bits), VLAN (12), COS etc. (6), session (10), index
 * (32), then Ethernet.
 */
static enum net_result decode_erspan2(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t session;

	cursor_skip(&c, 2);
	session = cursor_be16(&c) & 0x03ff;
	if (c.bad || !packet_skip(p, 8))
		return net_drop_short(w, p);
	add_tunnel(w, TUNNEL_ERSPAN, session);
	return net_link_ethernet(w, p);
}

/*
 * ERSPAN III: as II up to the session, time stamp (32), security group (16),
 * then P (1), frame type (5), hardware (6), direction (1), granularity (2)
 * and O (1), which announces 8 octets more.
 */
static enum net_result decode_erspan3(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t session, flags;

	cursor_skip(&c, 2);
	session = cursor_be16(&c) & 0x03ff;
	cursor_skip(&c, 6);
	flags = cursor_be16(&c);
	if (c.bad || !packet_skip(p, (flags & 1) != 0 ? 20 : 12))
		return net_drop_short(w, p);
	add_tunnel(w, TUNNEL_ERSPAN, session);
	switch (flags >> 10 & 0x1f) {
	case 0:
		return net_link_ethernet(w, p);
	case 2:
		return net_ip(w, p);
	default:
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	}
}

/* WCCP: IPv4, in version 2 behind 4 octets that no IP header begins with. */
static enum net_result decode_wccp(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);

	if (cursor_u8(&c) >> 4 != 4)
		packet_skip(p, 4);
	return net_ip4(w, p);
}

static enum net_result decode_gre_protocol(struct walk *w, struct packet *p,
    uint16_t protocol, bool has_sequence)
{
	switch (protocol) {
	case 0x88be:
		/* ERSPAN I has no header and no sequence number. */
		return has_sequence ? decode_erspan2(w, p) :
		    net_link_ethernet(w, p);
	case 0x22eb:
		return decode_erspan3(w, p);
	case 0x883e:
		return decode_wccp(w, p);
	default:
		return net_ethertype(w, p, protocol);
	}
}

/*
 * The enhanced GRE of PPTP (RFC 2637 4.1): flags, protocol, length of what
 * is in it (16), call id (16), and if the flags say so a sequence number and
 * an acknowledgment; without a sequence number there is nothing but that.
 * Each side names the other's call: the ids differ in the two directions and
 * are not of the tag.
 */
static enum net_result decode_pptp(struct walk *w, struct packet *p)
{
	enum { SEQUENCE = 0x1000, ACK = 0x0080 };
	struct cursor c = cursor_make(p->octets);
	uint16_t flags = cursor_be16(&c);
	uint16_t protocol = cursor_be16(&c);
	uint16_t len = cursor_be16(&c);

	cursor_skip(&c, 2);
	if ((flags & SEQUENCE) != 0)
		cursor_skip(&c, 4);
	if ((flags & ACK) != 0)
		cursor_skip(&c, 4);
	if (c.bad)
		return net_drop_short(w, p);
	if ((flags & SEQUENCE) == 0 || protocol != 0x880b)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	packet_skip(p, (size_t)(c.p - p->octets.p));
	if (len < p->wire_len)
		packet_end(p, len);
	add_tunnel(w, TUNNEL_PPTP, 0);
	return net_ethertype(w, p, protocol);
}

/* RFC 2784, RFC 2890; version 1 is PPTP's.  Not RFC 1701's routing. */
enum net_result net_tunnel_gre(struct walk *w, struct packet *p)
{
	enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000,
	    SEQUENCE = 0x1000, VERSION = 0x0007 };
	struct cursor c = cursor_make(p->octets);
	uint16_t flags = cursor_be16(&c);
	uint16_t protocol = cursor_be16(&c);
	uint32_t key = 0;

	if ((flags & VERSION) == 1)
		return decode_pptp(w, p);
	if ((flags & (ROUTING | VERSION)) != 0)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	if ((flags & CHECKSUM) != 0)
		cursor_skip(&c, 4);
	if ((flags & KEY) != 0)
		key = cursor_be32(&c);
	if ((flags & SEQUENCE) != 0)
		cursor_skip(&c, 4);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, (size_t)(c.p - p->octets.p));
	add_tunnel(w, TUNNEL_GRE, key);
	return decode_gre_protocol(w, p, protocol, (flags & SEQUENCE) != 0);
}

/* RFC 7348: flags, reserved (3), VNI (3), reserved. */
static enum net_result decode_vxlan(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint8_t flags = cursor_u8(&c);
	uint32_t vni;

	cursor_skip(&c, 3);
	vni = cursor_be32(&c) >> 8;
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 8);
	if ((flags & 0x08) == 0)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	add_tunnel(w, TUNNEL_VXLAN, vni);
	return net_link_ethernet(w, p);
}

/*
 * RFC 8926 3.4: version (2 bits), length of the options in units of 4 (6),
 * control (1), critical (1), reserved (6), EtherType, VNI (24), reserved.
 * What is marked as control is between the tunnel's ends.
 */
static enum net_result decode_geneve(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint8_t version_len = cursor_u8(&c);
	uint8_t flags = cursor_u8(&c);
	uint16_t type = cursor_be16(&c);
	uint32_t vni = cursor_be32(&c) >> 8;

	if (c.bad)
		return net_drop_short(w, p);
	if (version_len >> 6 != 0 || (flags & 0x80) != 0)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	if (!packet_skip(p, 8 + 4 * (size_t)(version_len & 0x3f)))
		return net_drop_short(w, p);
	add_tunnel(w, TUNNEL_GENEVE, vni);
	return net_ethertype(w, p, type);
}

/* UDP is only looked at for tunnels. */
static const struct {
	uint16_t port; /* of the destination */
	net_step *step;
} udp_ports[] = {
	{ 4789, decode_vxlan },
	{ 8472, decode_vxlan }, /* Linux, before there was IANA's */
	{ 6081, decode_geneve },
	{ 6635, net_mpls },     /* RFC 7510 */
};

static net_step *find_udp_port(uint16_t port)
{
	for (size_t i = 0; i < sizeof(udp_ports) / sizeof(*udp_ports); i++)
		if (udp_ports[i].port == port)
			return udp_ports[i].step;
	return NULL;
}

enum net_result net_tunnel_udp(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	net_step *step;
	uint16_t len;

	cursor_skip(&c, 2);
	step = find_udp_port(cursor_be16(&c));
	len = cursor_be16(&c);
	cursor_skip(&c, 2);
	if (c.bad || !step)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	if (len < 8)
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	if (len < p->wire_len)
		packet_end(p, len);
	packet_skip(p, 8);
	return step(w, p);
}

/* RFC 2516 4: version and type 1, code 0 in a session, session, length. */
enum net_result net_tunnel_pppoe(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t version_code = cursor_be16(&c);
	uint16_t session = cursor_be16(&c);
	uint16_t len = cursor_be16(&c);

	if (c.bad)
		return net_drop_short(w, p);
	if (version_code != 0x1100)
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	packet_skip(p, 6);
	if (len < p->wire_len)
		packet_end(p, len);
	add_tunnel(w, TUNNEL_PPPOE, session);
	return net_link_ppp(w, p);
}
