/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * origin.h - where octets came from
 *
 * Goes with every stretch of octets from the capture or log to the event
 * that it becomes.
 */
#ifndef BASE_ORIGIN_H
#define BASE_ORIGIN_H

#include <stdint.h>

struct origin {
	uint64_t at;   /* frame, line or row, from 1, counted over all parts */
	int64_t ts_ns; /* see struct sw_clock; SW_NO_TIME */
	uint32_t part; /* index of the file in its traffic, from 0 */
};

#endif
