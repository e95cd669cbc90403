/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * anomaly.h - what lower rooms notice about input
 *
 * capture and net hang anomalies on the frame (a set of bits), tcp adds its
 * own and delivers them in sequence, the pipeline makes them notes of the
 * session.
 */
#ifndef BASE_ANOMALY_H
#define BASE_ANOMALY_H

#include <stdint.h>

enum anomaly {
	ANOMALY_SNAPPED,         /* fewer octets captured than on the wire */
	ANOMALY_BAD_CHECKSUM,    /* TCP or IP checksum wrong where it decides */
	ANOMALY_FRAGMENT_OVERLAP,/* overlapping fragments */
	ANOMALY_OVERLAP_DIFFERS, /* a second copy with other octets */
	ANOMALY_FRAMES_DROPPED,  /* the capturing side says it lost frames */
	ANOMALY_VLAN_ASYMMETRIC, /* the two directions bear other tags */
	ANOMALY_LIMIT,           /* a limit left something out */
	ANOMALY_PORTS_REUSED,    /* the same ports began again */
	ANOMALY_NO_START,        /* the connection's start was not seen */
	ANOMALY_DIRECTION_MISSING, /* one direction was never seen */
	ANOMALY_TRUNCATED_INPUT, /* the input ends in the middle of a record */
	ANOMALY_COUNT
};
#define ANOMALY_BIT(x) (UINT32_C(1) << (x))

#endif
