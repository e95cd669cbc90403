/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live_counters.c - frames that an interface itself has dropped
 *
 * The same counters as those of libpcap, which opens their files each time.
 * Here they stay open: a process that is confined may open nothing.
 */
#include "capture/live.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/slice.h"

static const char *const names[] = { "rx_missed_errors", "rx_fifo_errors" };
_Static_assert(sizeof(names) / sizeof(names[0]) == LIVE_COUNTERS,
    "a name for each");

void live_counters_open(struct live_counters *c, const char *interface)
{
	char path[160];
	int i, len;

	for (i = 0; i < LIVE_COUNTERS; i++) {
		len = snprintf(path, sizeof(path),
		    "/sys/class/net/%s/statistics/%s", interface, names[i]);
		c->fds[i] = len < 0 || (size_t)len >= sizeof(path) ? -1 :
		    open(path, O_RDONLY | O_CLOEXEC);
	}
}

void live_counters_close(struct live_counters *c)
{
	int i;

	for (i = 0; i < LIVE_COUNTERS; i++) {
		if (c->fds[i] >= 0)
			(void)close(c->fds[i]);
		c->fds[i] = -1;
	}
}

bool live_counters_read(const struct live_counters *c, uint64_t *dropped_r)
{
	char text[32];
	int i;

	*dropped_r = 0;
	for (i = 0; i < LIVE_COUNTERS; i++) {
		ssize_t n = pread(c->fds[i], text, sizeof(text), 0);
		uint64_t value;

		if (n <= 1 || !slice_to_u64(slice_make(text, (size_t)n - 1),
		    &value))
			return false;
		*dropped_r += value;
	}
	return true;
}
