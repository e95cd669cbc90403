/* SPDX-License-Identifier: GPL-2.0-or-later */
/* address.h - the text of an address */
#ifndef PIPELINE_ADDRESS_H
#define PIPELINE_ADDRESS_H

#include "net/segment.h"

/* Octets that the longest one takes: eight groups, or six and an address of
 * IPv4 behind them, and a NUL. */
enum { ADDRESS_TEXT = 46 };

/* "192.0.2.1"; IPv6 as inet_ntop has it (RFC 5952, but that what looks like
 * an address of IPv4 behind zeros is told as one), which takes ten times as
 * long.  Valid as long as text is. */
struct slice pipeline_address(const struct endpoint *e,
    uint8_t text[ADDRESS_TEXT]);
/* "192.0.2.1:25", "[2001:db8::1]:25". */
void pipeline_address_port(const struct endpoint *e, char *text, size_t size);

#endif
