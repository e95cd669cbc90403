/* SPDX-License-Identifier: GPL-2.0-or-later */
/* formats.c - the list of what can be read */

#include <smtpwire/smtpwire.h>

#include "logs/logs.h"

/* Captures record all that passes; only the names differ.  "netmon1" and
 * "netmon2" are one reader, so this list is not the registry's. */
static const struct {
	const char *name, *title;
} captures[] = {
	{"pcap", "tcpdump, libpcap, Wireshark"},
	{"pcapng", "Wireshark, dumpcap"},
	{"netmon1", "Microsoft Network Monitor 1.x"},
	{"netmon2", "Microsoft Network Monitor 2.x and 3.x"},
	{"snoop", "snoop of Solaris"},
	{"erf", "capture cards of Endace"},
};
#define CAPTURES (sizeof(captures) / sizeof(captures[0]))

bool sw_format_get(size_t i, struct sw_format *f_r)
{
	if (i < CAPTURES) {
		f_r->name = captures[i].name;
		f_r->title = captures[i].title;
		f_r->kind = SW_SOURCE_WIRE;
		f_r->records = SW_RECORDS_ALL;
		f_r->times = "UTC, 1 us or finer";
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
