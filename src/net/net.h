/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.h - frames to TCP segments: link types, tunnels, IP, fragments
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/account.h"
#include "base/error.h"
#include "capture/capture.h"
#include "net/segment.h"

struct net;
struct net_filter;

struct net_options {
	bool verify_checksums; /* drop segments whose checksums are wrong,
	                          count them */
	bool ignore_vlan;      /* vlan_tag is always 0 */
	uint64_t secret;       /* random: keys the table of fragments, so that
	                          no sender can choose its collisions */
};

enum sw_status net_new(const struct net_options *options,
    struct account *account, struct net **n_r) SW_MUST_USE;
void net_free(struct net **n);

enum net_result {
	NET_NOTHING, /* counted in the account */
	NET_SEGMENT,
	NET_ICMP,
	NET_NOMEM
};

/*
 * Decode one frame, of which seg_r->origin was set; it becomes icmp_r's, too.
 * Slices of the segment point into the frame's octets (or seg_r->owned).
 * Fragments are kept (copied) and the datagram comes with the frame that
 * completes it.
 */
enum net_result net_decode(struct net *n, const struct frame *frame,
    struct segment *seg_r, struct icmp_error *icmp_r);
/* At the end: count the datagrams that were never completed. */
void net_finish(struct net *n);

/* Name of a link type for people ("EN10MB", or "147"); static or in
 * buf. */
const char *net_link_type_name(uint32_t link_type, char *buf, size_t size);

/* BPF as in tcpdump (libpcap).  SW_EUSAGE with libpcap's words for an
 * expression that does not compile. */
enum sw_status net_filter_new(const char *expression,
    struct net_filter **f_r, struct sw_err *err) SW_MUST_USE;
/* Compiled once for each link type met.  An expression that does not compile
 * for a link type matches nothing there and is told once in the account's
 * warnings. */
bool net_filter_match(struct net_filter *f, const struct frame *frame,
    struct account *account);
/* It did not match for want of memory. */
bool net_filter_failed(const struct net_filter *f);
void net_filter_free(struct net_filter **f);

#endif
