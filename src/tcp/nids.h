/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nids.h - inside of the engine that uses libnids
 *
 * nids.c          the engine's operations; the theory of operation
 * nids_library.c  libnids itself: all that is called of it, and its state
 */
#ifndef TCP_NIDS_H
#define TCP_NIDS_H

#include "tcp/native.h"

/* The octets of a stream are counted in an int.  What is beyond is not
 * followed; no segment reaches it from here. */
#define TCP_NIDS_STREAM_MAX (UINT64_C(0x7fffffff) - (1u << 20))

/* --- nids_library.c ----------------------------------------------------- */

/* Take libnids for this engine.  SW_EUSAGE: it is taken, or cannot be
 * loaded; SW_ENOMEM. */
enum sw_status tcp_nids_take(void) SW_MUST_USE;
/* Give it back; all its streams are gone. */
void tcp_nids_give_back(void);
/* Memory ran out inside of libnids: it is not called any more. */
bool tcp_nids_is_broken(void);

enum tcp_nids_answer {
	TCP_NIDS_GOES_ON,
	TCP_NIDS_CLOSED, /* both FINs, acknowledged: the stream is gone */
	TCP_NIDS_RESET   /* so it is by this RST */
};
/* Give the segment to libnids, which hands up before this returns. */
enum tcp_nids_answer tcp_nids_offer(struct arrival *a);

/* The stream with the ports and addresses of f: is there none of another
 * flow?  Claim a new one for f.  Has it come to a direction's FIN?  Free
 * it, if it is f's. */
bool tcp_nids_is_own(const struct flow *f);
void tcp_nids_claim(struct flow *f);
bool tcp_nids_is_fin(const struct flow *f, int dir);
void tcp_nids_release(const struct flow *f);

/* --- nids.c: what libnids hands up of the segment that was offered ------- */

void tcp_nids_established(struct arrival *a);
/* Octets of a's direction from sequence number seq on. */
void tcp_nids_octets(struct arrival *a, uint32_t seq, struct slice octets);
/* text: static.  lost: octets that waited were thrown away. */
void tcp_nids_warned(struct arrival *a, const char *text, bool lost);

#endif
