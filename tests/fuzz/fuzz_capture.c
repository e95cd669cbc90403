/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_capture.c - octets as a capture file of any format */
#include <stdint.h>
#include <stdlib.h>

#include "base/anomaly.h"
#include "capture/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is)
{
	if (!is)
		abort();
}

static void use_frame(const struct frame *f)
{
	bool snapped = f->anomalies & ANOMALY_BIT(ANOMALY_SNAPPED);
	volatile uint8_t sum = 0;

	require(f->octets.len <= f->wire_len);
	require(snapped == (f->octets.len < f->wire_len));
	require(f->resolution_ns > 0);
	for (size_t i = 0; i < f->octets.len; i++)
		sum = (uint8_t)(sum + f->octets.p[i]);
}

static void read_capture(struct capture *c, size_t size)
{
	struct sw_clock clock;
	struct frame f, before = { 0 };
	uint64_t octets = 0;
	int r;

	while ((r = capture_next(c, &f, NULL)) == 1) {
		require(f.number > before.number);
		before = f;
		use_frame(&f);
		octets += f.octets.len;
		/* A table may name octets again, but not for ever. */
		require(octets <= 4 * (uint64_t)size);
		(void)capture_would_block(c);
	}
	require(r == 0 || r == SW_ENOMEM);
	require(capture_describe(c, &clock) != NULL);
	require(clock.resolution_ns > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account account;
	struct source *s;
	struct capture *c;

	account_init(&account);
	if (source_open_memory(slice_make(data, size), "input", &s, NULL) ==
	    SW_OK) {
		if (capture_open(s, &account, &c, NULL) == SW_OK) {
			read_capture(c, size);
			capture_free(&c);
		}
		source_free(&s);
	}
	account_fini(&account);
	return 0;
}
