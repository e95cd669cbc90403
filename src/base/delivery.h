/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * delivery.h - octets of one direction of a connection, as they are handed
 * from layer to layer
 *
 * One struct for all layers: it is written once for each segment and then
 * only read where it lies.
 */
#ifndef BASE_DELIVERY_H
#define BASE_DELIVERY_H

#include "base/origin.h"
#include "base/slice.h"

struct delivery {
	int dir;
	struct slice octets;  /* valid during the call */
	struct origin origin; /* frame that brought them first */
	uint64_t offset; /* in the direction's stream: 0 is the first octet
	                    after the SYN, or the first seen without one */
	uint64_t acked;  /* how far the segment acknowledges the other
	                    direction's stream (an offset there) */
	bool acked_known;
	bool other_seen; /* was the other direction ever seen? */
};

#endif
