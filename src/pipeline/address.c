/* SPDX-License-Identifier: GPL-2.0-or-later */
/* address.c - the text of an address */
#include "pipeline/address.h"

#include <stdio.h>

#include "base/buffer.h"

enum { GROUPS = 8 };

static uint8_t *put_octet(uint8_t *w, unsigned v)
{
	if (v >= 100) {
		*w++ = (uint8_t)('0' + v / 100);
		v %= 100;
	} else if (v < 10) {
		*w++ = (uint8_t)('0' + v);
		return w;
	}
	memcpy(w, buffer_pairs + v * 2, 2);
	return w + 2;
}

static uint8_t *put_ip4(uint8_t *w, const uint8_t ip[4])
{
	w = put_octet(w, ip[0]);
	*w++ = '.';
	w = put_octet(w, ip[1]);
	*w++ = '.';
	w = put_octet(w, ip[2]);
	*w++ = '.';
	return put_octet(w, ip[3]);
}

static unsigned group(const uint8_t ip[16], size_t i)
{
	return (unsigned)ip[i * 2] << 8 | ip[i * 2 + 1];
}

/* In hexadecimal, without zeros in front. */
static uint8_t *put_group(uint8_t *w, unsigned v)
{
	static const char digits[] = "0123456789abcdef";

	if (v >= 0x1000)
		*w++ = (uint8_t)digits[v >> 12];
	if (v >= 0x100)
		*w++ = (uint8_t)digits[v >> 8 & 15];
	if (v >= 0x10)
		*w++ = (uint8_t)digits[v >> 4 & 15];
	*w++ = (uint8_t)digits[v & 15];
	return w;
}

/* The first of the longest runs of groups that are zero, two at least, which
 * is left out: its length, 0: there is none. */
static size_t find_run(const uint8_t ip[16], size_t *from_r)
{
	size_t i, n = 0, most = 1;

	*from_r = GROUPS;
	for (i = 0; i < GROUPS; i++) {
		n = group(ip, i) == 0 ? n + 1 : 0;
		if (n > most) {
			most = n;
			*from_r = i + 1 - n;
		}
	}
	return most > 1 ? most : 0;
}

static uint8_t *put_ip6(uint8_t *w, const uint8_t ip[16])
{
	size_t from, run = find_run(ip, &from), i = 0;
	/* "::192.0.2.1", "::ffff:192.0.2.1" */
	bool ends_in_ip4 = from == 0 && (run == 6 ||
	    (run == 5 && group(ip, 5) == 0xffff));
	size_t end = ends_in_ip4 ? 6 : GROUPS;

	while (i < end) {
		if (i == from) {
			*w++ = ':';
			i += run;
			if (i == GROUPS)
				*w++ = ':';
			continue;
		}
		if (i > 0)
			*w++ = ':';
		w = put_group(w, group(ip, i++));
	}
	if (!ends_in_ip4)
		return w;
	*w++ = ':';
	return put_ip4(w, ip + 12);
}

struct slice pipeline_address(const struct endpoint *e,
    uint8_t text[ADDRESS_TEXT])
{
	uint8_t *end = e->family == 4 ? put_ip4(text, e->ip) :
	    put_ip6(text, e->ip);

	return slice_make(text, (size_t)(end - text));
}

void pipeline_address_port(const struct endpoint *e, char *text, size_t size)
{
	uint8_t room[ADDRESS_TEXT];
	struct slice ip = pipeline_address(e, room);

	snprintf(text, size, e->family == 4 ? "%.*s:%u" : "[%.*s]:%u",
	    (int)ip.len, (const char *)ip.p, e->port);
}
