/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wrapper.c - frames that the capturing system put into a header of its own
 *
 * NFLOG of Linux's firewall, PKTAP of macOS, and what Message Analyzer took of
 * the Windows Filtering Platform.
 */
#include "net/net.h"

#include "net/walk.h"

/* --- NFLOG ---------------------------------------------------------------- */

struct attribute {
	uint16_t type;
	uint16_t len; /* with its own 4 octets, without padding */
};

/*
 * Length and type, in the byte order of the host that captured.  No type is
 * above 255 and none is 0, so the type tells which one that is.
 */
static struct attribute read_attribute(struct cursor *c)
{
	struct slice head = cursor_take(c, 4);
	struct cursor le = cursor_make(head), be = le;
	struct attribute a = { .len = cursor_le16(&le) };

	a.type = cursor_le16(&le);
	if ((a.type & 0xff) == 0) {
		a.len = cursor_be16(&be);
		a.type = cursor_be16(&be);
	}
	return a;
}

/*
 * https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html: family, version 0,
 * resource, then attributes, the payload among them: a packet without link
 * layer.  The family may be that of a bridge, so the packet tells its own.
 */
enum net_result net_link_nflog(struct walk *w, struct packet *p)
{
	enum { HEADER = 4, PAYLOAD = 9 };
	struct cursor c = cursor_make(p->octets);
	struct attribute a;

	cursor_skip(&c, 1);
	if (cursor_u8(&c) != 0)
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	cursor_skip(&c, 2);
	for (;;) {
		a = read_attribute(&c);
		if (c.bad)
			return net_drop_short(w, p);
		if (a.len < HEADER)
			return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
		if (a.type == PAYLOAD)
			break;
		cursor_skip(&c, ((size_t)a.len + 3) / 4 * 4 - HEADER);
	}
	packet_skip(p, (size_t)(c.p - p->octets.p));
	if (a.len - HEADER < (int)p->wire_len)
		packet_end(p, (size_t)a.len - HEADER);
	return net_ip(w, p);
}

/* --- PKTAP ---------------------------------------------------------------- */

/*
 * Little-endian, as the machines that write it: length of the header, kind
 * of what follows (1: a packet), its link type, interface, process, ...
 */
enum net_result net_link_pktap(struct walk *w, struct packet *p)
{
	enum { PACKET = 1 };
	struct cursor c = cursor_make(p->octets);
	uint32_t len = cursor_le32(&c);
	uint32_t kind = cursor_le32(&c);
	uint32_t link_type = cursor_le32(&c);

	if (c.bad)
		return net_drop_short(w, p);
	if (len < 12)
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	if (!packet_skip(p, len))
		return net_drop_short(w, p);
	if (kind != PACKET)
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	if (!net_deeper(w))
		return net_drop(w, ACCOUNT_LIMIT_OTHER);
	return net_link_enter(w, p, net_link_find(link_type), link_type);
}

/* --- Windows Filtering Platform ------------------------------------------- */

/*
 * As Message Analyzer writes it: source, destination, protocol, from version 2
 * on the flow's number, a length of the payload (little-endian), and then the
 * TCP header, without an IP header.
 */
static enum net_result decode_wfp(struct walk *w, struct packet *p,
    size_t address_len, size_t flow_len)
{
	struct cursor c = cursor_make(p->octets);
	struct slice src = cursor_take(&c, address_len);
	struct slice dst = cursor_take(&c, address_len);
	uint8_t protocol = cursor_u8(&c);

	cursor_skip(&c, flow_len + 2);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 2 * address_len + flow_len + 3);
	return net_ip_payload(w, p, src, dst, protocol);
}

enum net_result net_link_wfp4(struct walk *w, struct packet *p)
{
	return decode_wfp(w, p, 4, 0);
}

enum net_result net_link_wfp6(struct walk *w, struct packet *p)
{
	return decode_wfp(w, p, 16, 0);
}

enum net_result net_link_wfp4_flow(struct walk *w, struct packet *p)
{
	return decode_wfp(w, p, 4, 8);
}

enum net_result net_link_wfp6_flow(struct walk *w, struct packet *p)
{
	return decode_wfp(w, p, 16, 8);
}
