/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ip.c - IPv4, IPv6 and its extension headers
 *
 * What an IP protocol number announces is one row of `protocols`.
 */
#include "net/net.h"

#include <stdlib.h>

#include "net/walk.h"

static enum net_result decode_protocol(struct walk *w, struct packet *p,
    uint8_t protocol);

/* --- extension headers -------------------------------------------------- */

/* Next header, length in units of 8 without the first, ... (RFC 8200 4.2) */
static enum net_result decode_options(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint8_t next = cursor_u8(&c);
	size_t len = 8 * (cursor_u8(&c) + (size_t)1);

	if (c.bad || !packet_skip(p, len))
		return net_drop_short(w, p);
	return decode_protocol(w, p, next);
}

/*
 * While segments are left the destination is a hop on the way.  The last one
 * is the flow's, and the one in the checksum (RFC 8200 8.1): the last of the
 * list in type 0 (RFC 2460), the only one in type 2 (RFC 6275), the first in
 * type 4 (RFC 8754).
 */
static enum net_result decode_routing(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	struct slice last;
	uint8_t next = cursor_u8(&c);
	size_t len = 8 * (cursor_u8(&c) + (size_t)1);
	uint8_t type = cursor_u8(&c);
	uint8_t left = cursor_u8(&c);

	if (c.bad || len > p->octets.len)
		return net_drop_short(w, p);
	if (left > 0 && len >= 24 && (type == 0 || type == 2 || type == 4)) {
		cursor_skip(&c, type == 0 ? len - 20 : 4);
		last = cursor_take(&c, sizeof(w->dst.ip));
		if (last.len == sizeof(w->dst.ip))
			memcpy(w->dst.ip, last.p, last.len);
	}
	packet_skip(p, len);
	return decode_protocol(w, p, next);
}

/* Authentication (RFC 4302): length in units of 4, less 2. */
static enum net_result decode_ah(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint8_t next = cursor_u8(&c);
	size_t len = 4 * (cursor_u8(&c) + (size_t)2);

	if (c.bad || !packet_skip(p, len))
		return net_drop_short(w, p);
	return decode_protocol(w, p, next);
}

/* --- fragments ---------------------------------------------------------- */

static void fill_key(const struct walk *w, struct fragment_key *key)
{
	memcpy(key->src, w->src.ip, sizeof(key->src));
	memcpy(key->dst, w->dst.ip, sizeof(key->dst));
	key->vlan_tag = w->vlan_tag;
	key->tunnel_tag = w->tunnel_tag;
	key->family = w->src.family;
}

/* The walk goes on in the reassembled datagram. */
static enum net_result enter_datagram(struct walk *w, struct packet *p,
    const struct reassembled *whole)
{
	free(w->owned);
	w->owned = whole->octets;
	w->anomalies |= whole->anomalies;
	p->octets = slice_make(whole->octets, whole->len);
	p->wire_len = whole->wire_len;
	return decode_protocol(w, p, whole->protocol);
}

/* A fragment that begins at off; f bears id and protocol. */
static enum net_result decode_fragment(struct walk *w, struct packet *p,
    struct fragment *f)
{
	struct reassembled whole;

	if (w->quoted && f->off == 0)
		return decode_protocol(w, p, f->protocol);
	if (w->quoted)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	if (w->length_unknown)
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	fill_key(w, &f->key);
	f->octets = p->octets;
	f->wire_len = p->wire_len;
	f->ts_ns = w->frame->ts_ns;
	f->anomalies = w->anomalies;
	account_add(w->net->account, ACCOUNT_FRAGMENTS, 1);
	switch (net_fragments_add(&w->net->fragments, f, &whole)) {
	case FRAGMENTS_HELD:
		return NET_NOTHING;
	case FRAGMENTS_BAD:
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	case FRAGMENTS_NOMEM:
		return NET_NOMEM;
	case FRAGMENTS_COMPLETE:
		break;
	}
	return enter_datagram(w, p, &whole);
}

/* RFC 8200 4.5; a fragment that is all of it ("atomic") is none (RFC
 * 6946). */
static enum net_result decode_fragment6(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	struct fragment f;
	uint16_t off_more;

	memset(&f, 0, sizeof(f));
	f.protocol = cursor_u8(&c);
	cursor_skip(&c, 1);
	off_more = cursor_be16(&c);
	f.key.id = cursor_be32(&c);
	if (c.bad)
		return net_drop_short(w, p);
	packet_skip(p, 8);
	f.off = off_more & 0xfff8;
	f.more = (off_more & 1) != 0;
	if (f.off == 0 && !f.more)
		return decode_protocol(w, p, f.protocol);
	return decode_fragment(w, p, &f);
}

/* --- protocols ---------------------------------------------------------- */

static const struct {
	uint8_t protocol;
	bool only6; /* an extension header of IPv6 */
	net_step *step;
} protocols[] = {
	{ 6, false, net_segment_tcp },
	{ 17, false, net_tunnel_udp },
	{ 1, false, net_segment_icmp },
	{ 58, true, net_segment_icmp6 },
	{ 4, false, net_tunnel_ip4 },
	{ 41, false, net_tunnel_ip6 },
	{ 47, false, net_tunnel_gre },
	{ 137, false, net_mpls }, /* RFC 4023 */
	{ 51, false, decode_ah },
	{ 44, true, decode_fragment6 },
	{ 0, true, decode_options },   /* hop-by-hop */
	{ 60, true, decode_options },  /* destination */
	{ 43, true, decode_routing },
	{ 135, true, decode_options }, /* mobility, RFC 6275 6.1 */
	{ 139, true, decode_options }, /* HIP, RFC 7401 */
	{ 140, true, decode_options }, /* Shim6, RFC 5533 */
};

static net_step *find_protocol(uint8_t protocol, uint8_t family)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].only6 && family != 6 ? NULL :
			    protocols[i].step;
	return NULL;
}

static enum net_result decode_protocol(struct walk *w, struct packet *p,
    uint8_t protocol)
{
	net_step *step = find_protocol(protocol, w->src.family);

	if (!step)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	if (!net_deeper(w))
		return net_drop(w, ACCOUNT_LIMIT_OTHER);
	return step(w, p);
}

/* --- the two headers ---------------------------------------------------- */

static inline void set_address(struct endpoint *e, struct slice ip,
    uint8_t family)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->ip, ip.p, ip.len);
	e->family = family;
}

enum net_result net_ip_payload(struct walk *w, struct packet *p,
    struct slice src, struct slice dst, uint8_t protocol)
{
	uint8_t family = src.len == 16 ? 6 : 4;

	set_address(&w->src, src, family);
	set_address(&w->dst, dst, family);
	return decode_protocol(w, p, protocol);
}

/*
 * The datagram is total octets long, its header included: what follows is
 * padding.  If the frame is shorter the rest was not captured.  A total of 0
 * was to be filled in by the network card: all of the frame then.
 */
static bool set_length(struct walk *w, struct packet *p, size_t total,
    size_t header_len)
{
	w->length_unknown = total == 0;
	if (total > 0)
		packet_end(p, total);
	else if (p->wire_len > LIMIT_OFFLOAD)
		return false;
	return p->wire_len >= header_len;
}

/* The bits of the IPv4 field that make a fragment: more, offset. */
static enum net_result decode_fragment4(struct walk *w, struct packet *p,
    uint8_t protocol, uint16_t id, uint16_t off_more)
{
	struct fragment f;

	/* Any fragment tells that it is not worth keeping. */
	if (!find_protocol(protocol, 4))
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	memset(&f, 0, sizeof(f));
	f.key.id = id;
	f.key.protocol = protocol;
	f.protocol = protocol;
	f.off = (off_more & UINT32_C(0x1fff)) * 8;
	f.more = (off_more & 0x2000) != 0;
	return decode_fragment(w, p, &f);
}

static bool sum_is_bad(const struct walk *w, struct slice header)
{
	return w->net->options.verify_checksums && !w->quoted &&
	    net_sum(header, 0) != 0xffff;
}

/* RFC 791 3.1 */
enum net_result net_ip4(struct walk *w, struct packet *p)
{
	struct cursor all = cursor_make(p->octets);
	uint8_t header[20];
	struct cursor c = cursor_copy(&all, header, sizeof(header));
	struct slice src, dst;
	uint8_t version_len = cursor_u8(&c), protocol;
	size_t header_len = (size_t)(version_len & 0x0f) * 4;
	uint16_t total, id, off_more;

	cursor_skip(&c, 1);
	total = cursor_be16(&c);
	id = cursor_be16(&c);
	off_more = cursor_be16(&c);
	cursor_skip(&c, 1);
	protocol = cursor_u8(&c);
	cursor_skip(&c, 2);
	src = cursor_take(&c, 4);
	dst = cursor_take(&c, 4);
	if (all.bad)
		return net_drop_short(w, p);
	/* Rewritten captures have IPv6 behind IPv4's EtherType. */
	if (version_len >> 4 == 6)
		return net_ip6(w, p);
	if (version_len >> 4 != 4 || header_len < 20 ||
	    !set_length(w, p, total, header_len))
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	if (header_len > p->octets.len)
		return net_drop_short(w, p);
	if (sum_is_bad(w, slice_head(p->octets, header_len)))
		return net_drop(w, ACCOUNT_FRAMES_BAD_CHECKSUM);
	packet_skip(p, header_len);
	set_address(&w->src, src, 4);
	set_address(&w->dst, dst, 4);
	if ((off_more & 0x3fff) != 0)
		return decode_fragment4(w, p, protocol, id, off_more);
	return decode_protocol(w, p, protocol);
}

/* RFC 8200 3 */
enum net_result net_ip6(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	struct slice src, dst;
	uint8_t version = cursor_u8(&c) >> 4, next;
	size_t payload_len;

	cursor_skip(&c, 3);
	payload_len = cursor_be16(&c);
	next = cursor_u8(&c);
	cursor_skip(&c, 1);
	src = cursor_take(&c, 16);
	dst = cursor_take(&c, 16);
	if (c.bad)
		return net_drop_short(w, p);
	/* Also a jumbogram (RFC 2675), whose length is in an option: it is
	 * too long to be padded. */
	if (version != 6 ||
	    !set_length(w, p, payload_len ? payload_len + 40 : 0, 40))
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	packet_skip(p, 40);
	set_address(&w->src, src, 6);
	set_address(&w->dst, dst, 6);
	return decode_protocol(w, p, next);
}

enum net_result net_ip(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	uint8_t version = cursor_u8(&c) >> 4;

	if (c.bad)
		return net_drop_short(w, p);
	if (version == 4)
		return net_ip4(w, p);
	if (version == 6)
		return net_ip6(w, p);
	return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
}
