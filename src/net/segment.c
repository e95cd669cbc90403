/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * segment.c - TCP headers, ICMP errors about them, checksums
 */
#include "net/segment.h"

#include "net/walk.h"

/* --- checksums ---------------------------------------------------------- */

static uint16_t fold(uint64_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t net_sum(struct slice octets, uint32_t sum)
{
	struct cursor c = cursor_make(octets);
	uint64_t all = sum;

	while (cursor_left(&c) >= 4)
		all += cursor_be32(&c);
	if (cursor_left(&c) >= 2)
		all += cursor_be16(&c);
	if (cursor_left(&c) > 0)
		all += (uint32_t)cursor_u8(&c) << 8;
	return fold(all);
}

bool net_checksum_is_bad(const struct segment *seg)
{
	uint32_t sum = 6; /* the protocol */
	size_t len = seg->header_len + seg->payload.len;

	if (seg->header_len == 0)
		return false;
	/* Pseudo-header (RFC 9293 3.1, RFC 8200 8.1); what an IPv4 address
	 * leaves of the array is zero. */
	sum += (uint32_t)(len >> 16) + (uint32_t)(len & 0xffff);
	sum = net_sum(slice_make(seg->src.ip, sizeof(seg->src.ip)), sum);
	sum = net_sum(slice_make(seg->dst.ip, sizeof(seg->dst.ip)), sum);
	return net_sum(slice_make(seg->payload.p - seg->header_len, len),
	    sum) != 0xffff;
}

/* --- TCP ---------------------------------------------------------------- */

enum { TCP_HEADER = 20, NO_SCALE = 255, SCALE_MAX = 14 };

/* RFC 7323 2.3: more is taken as 14. */
static uint8_t read_scale(struct cursor *value)
{
	uint8_t scale = cursor_u8(value);

	return scale > SCALE_MAX ? SCALE_MAX : scale;
}

/* RFC 9293 3.1, RFC 7323 2.2; read up to the first that is damaged. */
static void read_syn_options(struct segment *s, struct slice options)
{
	struct cursor c = cursor_make(options);

	while (cursor_left(&c) > 0) {
		uint8_t kind = cursor_u8(&c), len;
		struct cursor value;

		if (kind == 0)
			return;
		if (kind == 1)
			continue;
		len = cursor_u8(&c);
		if (len < 2)
			return;
		value = cursor_make(cursor_take(&c, (size_t)len - 2));
		if (c.bad)
			return;
		if (kind == 2 && len == 4)
			s->mss = cursor_be16(&value);
		if (kind == 3 && len == 3)
			s->window_scale = read_scale(&value);
	}
}

static void read_options(struct segment *s, struct slice options)
{
	s->mss = 0;
	s->window_scale = NO_SCALE;
	if ((s->flags & TCP_SYN) != 0)
		read_syn_options(s, options);
}

/* All that does not come from the TCP header. */
static void fill_segment(const struct walk *w, struct segment *s)
{
	s->resolution_ns = w->frame->resolution_ns;
	s->src = w->src;
	s->dst = w->dst;
	s->vlan_tag = w->vlan_tag;
	s->tunnel_tag = w->tunnel_tag;
	s->anomalies = w->anomalies;
	s->owned = w->owned;
}

/* The options and what follows; header_len is within the wire length, but
 * may be beyond what was captured. */
static void fill_payload(const struct packet *p, struct segment *s,
    size_t header_len)
{
	struct slice header = slice_head(p->octets, header_len);

	read_options(s, slice_from(header, TCP_HEADER));
	s->payload = slice_from(p->octets, header_len);
	s->payload_len = (uint32_t)(p->wire_len - header_len);
	s->header_len = p->octets.len == p->wire_len ?
	    (uint8_t)header_len : 0;
}

/* The snap length cut no frame in which the file ends. */
static void note_snapped(struct walk *w, struct segment *s)
{
	if (s->payload.len == s->payload_len ||
	    (s->anomalies & ANOMALY_BIT(ANOMALY_TRUNCATED_INPUT)))
		return;
	s->anomalies |= ANOMALY_BIT(ANOMALY_SNAPPED);
	account_add(w->net->account, ACCOUNT_FRAMES_SNAPPED, 1);
}

static enum net_result decode_quoted(struct walk *w, struct packet *p)
{
	struct cursor c = cursor_make(p->octets);
	struct icmp_error *e = w->icmp_r;

	w->src.port = cursor_be16(&c);
	w->dst.port = cursor_be16(&c);
	if (c.bad)
		return net_drop_short(w, p);
	e->origin = w->seg_r->origin;
	e->src = w->src;
	e->dst = w->dst;
	e->vlan_tag = w->vlan_tag;
	e->tunnel_tag = w->tunnel_tag;
	e->type = w->icmp_type;
	e->code = w->icmp_code;
	e->mtu = w->icmp_mtu;
	return NET_ICMP;
}

enum net_result net_segment_tcp(struct walk *w, struct packet *p)
{
	struct cursor all = cursor_make(p->octets);
	uint8_t header[TCP_HEADER];
	struct cursor c = cursor_copy(&all, header, sizeof(header));
	struct segment *s = w->seg_r;
	size_t header_len;

	if (w->quoted)
		return decode_quoted(w, p);
	w->src.port = cursor_be16(&c);
	w->dst.port = cursor_be16(&c);
	s->seq = cursor_be32(&c);
	s->ack = cursor_be32(&c);
	header_len = (size_t)(cursor_u8(&c) >> 4) * 4;
	s->flags = cursor_u8(&c) & 0x3f;
	s->window = cursor_be16(&c);
	if (all.bad)
		return net_drop_short(w, p);
	if (header_len < TCP_HEADER || header_len > p->wire_len)
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	fill_segment(w, s);
	fill_payload(p, s, header_len);
	if (w->length_unknown) /* there is no pseudo-header */
		s->header_len = 0;
	if (w->net->options.verify_checksums && net_checksum_is_bad(s))
		return net_drop(w, ACCOUNT_FRAMES_BAD_CHECKSUM);
	note_snapped(w, s);
	return NET_SEGMENT;
}

/* --- ICMP --------------------------------------------------------------- */

/* Go on in the datagram that an error quotes; 8 octets are before it. */
static enum net_result enter_quoted(struct walk *w, struct packet *p,
    net_step *ip)
{
	packet_skip(p, 8);
	w->quoted = true;
	return ip(w, p);
}

/* RFC 792, RFC 1191 4 */
enum net_result net_segment_icmp(struct walk *w, struct packet *p)
{
	enum { UNREACHABLE = 3, FRAGMENTATION_NEEDED = 4, TIME_EXCEEDED = 11,
	    PARAMETER = 12 };
	struct cursor c = cursor_make(p->octets);
	uint16_t mtu;

	w->icmp_type = cursor_u8(&c);
	w->icmp_code = cursor_u8(&c);
	cursor_skip(&c, 4);
	mtu = cursor_be16(&c);
	if (c.bad || w->quoted || (w->icmp_type != UNREACHABLE &&
	    w->icmp_type != TIME_EXCEEDED && w->icmp_type != PARAMETER))
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	if (w->icmp_type == UNREACHABLE &&
	    w->icmp_code == FRAGMENTATION_NEEDED)
		w->icmp_mtu = mtu;
	return enter_quoted(w, p, net_ip4);
}

/* RFC 4443: types 1 to 4 are the errors. */
enum net_result net_segment_icmp6(struct walk *w, struct packet *p)
{
	enum { UNREACHABLE = 1, TOO_BIG = 2, PARAMETER = 4 };
	struct cursor c = cursor_make(p->octets);
	uint32_t mtu;

	w->icmp_type = cursor_u8(&c);
	w->icmp_code = cursor_u8(&c);
	cursor_skip(&c, 2);
	mtu = cursor_be32(&c);
	if (c.bad || w->quoted || w->icmp_type < UNREACHABLE ||
	    w->icmp_type > PARAMETER)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	if (w->icmp_type == TOO_BIG)
		w->icmp_mtu = mtu;
	return enter_quoted(w, p, net_ip6);
}
