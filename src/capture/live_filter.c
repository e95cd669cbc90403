/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live_filter.c - what the kernel is to hand up of an interface
 *
 * The kernel's filter is there to spare work, and must not leave out anything
 * of a session: a port can be found in it where TCP follows the IP header at
 * once.  Fragments behind the first, extension headers, tunnels and the ICMP
 * errors about a session pass as a whole; what is not wanted of them is left
 * out by net, which decodes them.
 */
#include "capture/live.h"

#include "base/buffer.h"

/* IPv4 fragments; what IPv6 has between its header and TCP; ICMP errors; IP
 * in IP, GRE, AH, MPLS; VXLAN, Geneve, MPLS. */
static const char not_seen_through[] =
    " or (ip[6:2] & 0x3fff != 0)"
    " or (ip6 and (ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51"
    " or ip6[6] = 60 or ip6[6] = 135 or ip6[6] = 139 or ip6[6] = 140))"
    " or proto 1 or icmp6"
    " or proto 4 or proto 41 or proto 47 or ip proto 51 or proto 137"
    " or udp port 4789 or udp port 8472 or udp port 6081 or udp port 6635";

/* Neighbours become a range: an expression of 65536 terms would not
 * compile. */
static void put_ports(struct buffer *b, const struct live_options *o)
{
	for (size_t i = 0; i < o->port_count; i++) {
		size_t first = i;

		while (i + 1 < o->port_count &&
		    o->ports[i + 1] == o->ports[i] + 1)
			i++;
		(void)buffer_append_str(b, first > 0 ? " or " : "");
		(void)buffer_append_str(b, "tcp portrange ");
		(void)buffer_append_u64(b, o->ports[first]);
		(void)buffer_append_str(b, "-");
		(void)buffer_append_u64(b, o->ports[i]);
	}
}

static void put_wanted(struct buffer *b, const struct live_options *o)
{
	if (o->any_port)
		(void)buffer_append_str(b, "tcp");
	else
		put_ports(b, o);
	(void)buffer_append_str(b, not_seen_through);
}

/*
 * What is no IP passes whatever it is: PPPoE, MPLS, more tags, IP behind LLC.
 * Tags too where libpcap knows no `vlan`.  That shifts all that stands behind
 * it, so that it comes last, and the caller's own expression first.
 */
char *live_expression(const struct live_options *options, bool tagged)
{
	struct buffer b;
	char *text = NULL;

	buffer_init(&b, SIZE_MAX / 2);
	if (options->bpf && *options->bpf) {
		(void)buffer_append_str(&b, "(");
		(void)buffer_append_str(&b, options->bpf);
		(void)buffer_append_str(&b, ") and ");
	}
	(void)buffer_append_str(&b, "(");
	put_wanted(&b, options);
	if (tagged) {
		(void)buffer_append_str(&b, " or not (ip or ip6 or arp or "
		    "ether proto 0x8100) or (vlan and (");
		put_wanted(&b, options);
		(void)buffer_append_str(&b, " or not (ip or ip6))))");
	} else {
		(void)buffer_append_str(&b, " or not (ip or ip6))");
	}
	if (!b.failed)
		text = strndup((const char *)b.p, b.len);
	buffer_fini(&b);
	return text;
}
