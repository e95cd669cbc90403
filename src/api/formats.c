/* SPDX-License-Identifier: GPL-2.0-or-later */
/* formats.c - the list of what can be read */

#include <smtpwire/smtpwire.h>

#include "logs/logs.h"

/* Captures record all that passes; only the names differ.  "netmon1" and
 * "netmon2" are one reader, so this list is not the registry's. */
static const struct {
	const char *name, *title, *times;
} captures[] = {
	{"pcap", "tcpdump, libpcap, Wireshark", "UTC, 1 us or finer"},
	{"pcapng", "Wireshark, dumpcap", "UTC, mostly 1 us or finer"},
	{"netmon1", "Microsoft Network Monitor 1.x", "local, 1 ms"},
	{"netmon2", "Microsoft Network Monitor 2.x and 3.x",
	 "local, from 2.3 on UTC, 1 us or finer"},
	{"snoop", "snoop of Solaris", "UTC, 1 us"},
	{"netxray", "NetXRay, Sniffer of Windows", "UTC, 1 ms or finer"},
	{"sniffer", "Sniffer of DOS, not compressed", "local, 15 us or finer"},
	{"erf", "capture cards of Endace", "UTC, finer than 1 us"},
};
#define CAPTURES (sizeof(captures) / sizeof(captures[0]))

bool sw_format_get(size_t i, struct sw_format *f_r)
{
	if (i < CAPTURES) {
		f_r->name = captures[i].name;
		f_r->title = captures[i].title;
		f_r->kind = SW_SOURCE_WIRE;
		f_r->records = SW_RECORDS_ALL;
		f_r->times = captures[i].times;
		return true;
	}
	/* The registry ends with NULL: walk, never jump beyond it. */
	i -= CAPTURES;
	for (size_t k = 0; log_formats[k] != NULL; k++) {
		if (k != i)
			continue;
		f_r->name = log_formats[k]->name;
		f_r->title = log_formats[k]->title;
		f_r->kind = SW_SOURCE_LOG;
		f_r->records = log_formats[k]->records;
		f_r->times = log_formats[k]->times;
		return true;
	}
	return false;
}
