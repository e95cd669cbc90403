/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mpls.c - MPLS: a stack of labels, IP or an Ethernet pseudowire below it
 *
 * A label says nothing of what it is put before: the first four bits there
 * do (RFC 4928 3).  Labels are no part of the tunnel tag: a path goes one
 * way, so the two directions of a connection bear different ones.
 */
#include "net/net.h"

#include "net/walk.h"

/* Does an Ethernet header at off announce what we know? */
static bool is_ethernet(struct slice octets, size_t off)
{
	struct cursor c = cursor_make(slice_from(octets, off + 12));

	return net_is_ethertype(cursor_be16(&c)) && !c.bad;
}

/*
 * RFC 4448 4.6: a control word, whose first 16 bits are 0, is optional, and
 * addresses may begin with zeros as well.
 */
static enum net_result decode_pseudowire(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint16_t zero = cursor_be16(&c);

	if (p->octets.len < 18)
		return net_drop_short(w, p);
	if (zero == 0 && is_ethernet(p->octets, 4))
		packet_skip(p, 4);
	return net_link_ethernet(w, p);
}

static enum net_result decode_payload(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint8_t first = cursor_u8(&c);

	if (c.bad)
		return net_drop_short(w, p);
	switch (first >> 4) {
	case 4:
		return net_ip4(w, p);
	case 6:
		return net_ip6(w, p);
	case 1: /* associated channel (RFC 5586): no traffic of users */
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	default:
		return decode_pseudowire(w, p);
	}
}

/* RFC 3032 2.1: label (20 bits), class (3), bottom of the stack (1), TTL. */
enum net_result net_mpls(struct walk *w, struct packet *p)
{
	enum { BOTTOM = 0x100 };
	struct cursor c = cursor_make(p->octets);
	uint32_t entry;

	do
		entry = cursor_be32(&c);
	while (!c.bad && (entry & BOTTOM) == 0);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, (size_t)(c.p - p->octets.p));
	return decode_payload(w, p);
}
