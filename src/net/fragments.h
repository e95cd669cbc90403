/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fragments.h - inside net: IP fragments to datagrams
 */
#ifndef NET_FRAGMENTS_H
#define NET_FRAGMENTS_H

#include "base/account.h"
#include "base/anomaly.h"
#include "base/limits.h"

struct datagram; /* opaque */

#define FRAGMENT_BUCKETS 4096
/* Completed datagrams that are remembered. */
#define FRAGMENT_DONE 64

struct fragments {
	struct datagram *buckets[FRAGMENT_BUCKETS];
	struct datagram *oldest, *newest;
	size_t count;    /* datagrams */
	size_t octets;   /* allocated, all together */
	uint64_t secret; /* of the hash */
	struct account *account;
	struct {
		uint64_t hash;
		int64_t ts_ns;
		bool used;
	} done[FRAGMENT_DONE];
	size_t done_next;
};

/* One fragment, headers removed. */
struct fragment {
	/* What it belongs to; compared octet by octet, so cleared first. */
	struct fragment_key {
		uint8_t src[16], dst[16];
		uint32_t id;
		uint32_t vlan_tag, tunnel_tag;
		uint8_t family;
		uint8_t protocol; /* IPv6: 0, the first fragment's decides */
	} key;
	uint8_t protocol;    /* next header */
	uint32_t off;        /* octets, a multiple of 8 */
	bool more;           /* the last has none */
	struct slice octets; /* captured */
	size_t wire_len;
	int64_t ts_ns;       /* capture time, SW_NO_TIME */
	uint32_t anomalies;  /* of its frame */
};

/* A complete one. */
struct reassembled {
	uint8_t *octets;    /* malloc'ed, the receiver's */
	size_t len;         /* octets there */
	size_t wire_len;    /* octets that were sent */
	uint8_t protocol;
	uint32_t anomalies; /* of all its frames */
};

enum fragments_result {
	FRAGMENTS_HELD,     /* not complete yet; or dropped and counted */
	FRAGMENTS_COMPLETE, /* whole_r was filled in */
	FRAGMENTS_BAD,      /* contradicts itself or the others: dropped */
	FRAGMENTS_NOMEM
};

void net_fragments_init(struct fragments *f, uint64_t secret,
    struct account *account);
enum fragments_result net_fragments_add(struct fragments *f,
    const struct fragment *fragment, struct reassembled *whole_r);
/* Give up all that is unfinished, and count it. */
void net_fragments_finish(struct fragments *f);

#endif
