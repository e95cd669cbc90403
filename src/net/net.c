/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.c - frames to TCP segments: the entry, and what all steps share
 *
 * Theory of operation: walk.h.
 */
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/walk.h"

enum sw_status net_new(const struct net_options *options,
    struct account *account, struct net **n_r)
{
	struct net *n = calloc(1, sizeof(*n));

	*n_r = n;
	if (!n)
		return SW_ENOMEM;
	n->options = *options;
	n->account = account;
	n->link = net_link_find(n->link_type);
	net_fragments_init(&n->fragments, options->secret, account);
	return SW_OK;
}

void net_free(struct net **n)
{
	if (!*n)
		return;
	net_fragments_finish(&(*n)->fragments);
	free(*n);
	*n = NULL;
}

void net_finish(struct net *n)
{
	net_fragments_finish(&n->fragments);
}

enum net_result net_drop(struct walk *w, enum account_counter c)
{
	account_add(w->net->account, c, 1);
	return NET_NOTHING;
}

enum net_result net_drop_short(struct walk *w, const struct packet *p)
{
	/* An ICMP error quotes as much as it likes. */
	if (w->quoted)
		return net_drop(w, ACCOUNT_FRAMES_NOT_TCP);
	if (p->octets.len < p->wire_len)
		return net_drop(w, ACCOUNT_FRAMES_SNAPPED_HEADER);
	return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
}

/* FNV-1a, then stirred so that the low bits serve as well. */
uint32_t net_tag_add(uint32_t tag, const void *p, size_t len)
{
	const uint8_t *octets = p;
	uint32_t h = tag ^ UINT32_C(2166136261);

	for (size_t i = 0; i < len; i++)
		h = (h ^ octets[i]) * UINT32_C(16777619);
	h = (h ^ h >> 16) * UINT32_C(0x85ebca6b);
	h ^= h >> 13;
	return h ? h : 1;
}

static enum net_result drop_link_type(struct walk *w, uint32_t link_type)
{
	char buf[16];
	const char *name = net_link_type_name(link_type, buf, sizeof(buf));

	account_note(w->net->account, ACCOUNT_LIST_LINK_TYPES,
	    slice_str(name), 1);
	return net_drop(w, ACCOUNT_FRAMES_LINK_TYPE);
}

enum net_result net_link_enter(struct walk *w, struct packet *p,
    const struct net_link *link, uint32_t link_type)
{
	return link ? link->step(w, p) : drop_link_type(w, link_type);
}

__attribute__((noinline))
enum net_result net_decode_any(struct net *n, const struct frame *frame,
    struct segment *seg_r, struct icmp_error *icmp_r)
{
	struct walk w = {
		.net = n,
		.frame = frame,
		.seg_r = seg_r,
		.icmp_r = icmp_r,
		/* Whether octets of the segment are missing is found out. */
		.anomalies = frame->anomalies &
		    ~ANOMALY_BIT(ANOMALY_SNAPPED)
	};
	struct packet p = { frame->octets, frame->wire_len };
	enum net_result result;

	if (p.wire_len < p.octets.len)
		p.wire_len = p.octets.len;
	if (frame->link_type != n->link_type) {
		n->link_type = frame->link_type;
		n->link = net_link_find(frame->link_type);
	}
	result = net_link_enter(&w, &p, n->link, n->link_type);
	if (w.owned && result != NET_SEGMENT)
		free(w.owned);
	return result;
}

enum net_result net_decode(struct net *n, const struct frame *frame,
    struct segment *seg_r, struct icmp_error *icmp_r)
{
	if (frame->link_type == LINK_ETHERNET &&
	    !n->options.verify_checksums &&
	    net_usual(n, frame, seg_r))
		return NET_SEGMENT;
	return net_decode_any(n, frame, seg_r, icmp_r);
}

const char *net_link_type_name(uint32_t link_type, char *buf, size_t size)
{
	const struct net_link *link = net_link_find(link_type);
	const char *name = link ? link->name :
	    net_filter_link_name(link_type);

	if (name)
		return name;
	snprintf(buf, size, "%lu", (unsigned long)link_type);
	return buf;
}
